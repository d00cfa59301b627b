//! Compression of blocks in HET files.

use std::io::{self, Read, Write};

use bzip2::{read::BzDecoder, write::BzEncoder};
use flate2::{read::ZlibDecoder, write::ZlibEncoder};

/// How a block is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// Not at all.
    Plain,
    /// By zlib.
    Zlib,
    /// By bzip2.
    Bzip2,
    /// By zlib, and marked as Bus-Tech's controllers do.
    BusTech,
}

/// zlib's middle way between speed and size, as HET files usually have it.
const LEVEL: u32 = 4;

impl Packing {
    /// The compressed block; none if that would not be shorter.
    pub(super) fn pack(self, block: &[u8]) -> Option<Vec<u8>> {
        let room = Vec::with_capacity(block.len() / 2);
        let packed = match self {
            Packing::Plain => return None,
            Packing::Zlib | Packing::BusTech => {
                let mut encoder = ZlibEncoder::new(room, flate2::Compression::new(LEVEL));
                encoder.write_all(block).and_then(|()| encoder.finish())
            }
            Packing::Bzip2 => {
                let mut encoder = BzEncoder::new(room, bzip2::Compression::new(LEVEL));
                encoder.write_all(block).and_then(|()| encoder.finish())
            }
        };
        packed.ok().filter(|packed| packed.len() < block.len())
    }

    /// Puts the block that was compressed so into `into`. Of one that is longer than `limit` it puts there no more than
    /// a byte more than that.
    pub(super) fn unpack(self, packed: &[u8], limit: usize, into: &mut Vec<u8>) -> io::Result<()> {
        into.clear();
        let most = limit as u64 + 1;
        match self {
            Packing::Plain => into.extend_from_slice(&packed[..packed.len().min(limit + 1)]),
            Packing::Zlib | Packing::BusTech => drop(ZlibDecoder::new(packed).take(most).read_to_end(into)?),
            Packing::Bzip2 => drop(BzDecoder::new(packed).take(most).read_to_end(into)?),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_come_back_and_bombs_do_not_go_off() {
        let block = vec![0x40; 50_000];
        for packing in [Packing::Zlib, Packing::Bzip2, Packing::BusTech] {
            let packed = packing.pack(&block).unwrap();
            assert!(packed.len() < 1000);
            let mut unpacked = vec![1];
            packing.unpack(&packed, 50_000, &mut unpacked).unwrap();
            assert_eq!(unpacked, block);
            packing.unpack(&packed, 1000, &mut unpacked).unwrap();
            assert_eq!(unpacked.len(), 1001);
            assert!(unpacked.capacity() < 200_000);
            assert!(packing.unpack(&packed[..packed.len() - 5], 50_000, &mut unpacked).is_err());
            assert!(packing.unpack(b"nonsense", 50_000, &mut unpacked).is_err());
            assert_eq!(packing.pack(b"too short"), None);
        }
        assert_eq!(Packing::Plain.pack(&block), None);
    }
}
