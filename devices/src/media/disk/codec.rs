//! What turns a track into fewer bytes, and back. Expanding stops at the length that a track can have.

use std::fmt;

use bzip2::{Action, Compress as BzCompress, Compression as BzLevel, Decompress as BzDecompress, Status as BzStatus};
use flate2::{Compress, Compression as Level, Decompress, FlushCompress, FlushDecompress, Status};

/// How a track or a group of blocks is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Compression {
    /// Not at all.
    None = 0,
    /// By zlib's deflate.
    #[default]
    Zlib = 1,
    /// By bzip2.
    Bzip2 = 2,
}

impl Compression {
    /// The algorithm with this number in a header.
    #[must_use]
    pub const fn of(number: u8) -> Option<Compression> {
        match number {
            0 => Some(Compression::None),
            1 => Some(Compression::Zlib),
            2 => Some(Compression::Bzip2),
            _ => None,
        }
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Compression::None => "none",
            Compression::Zlib => "zlib",
            Compression::Bzip2 => "bzip2",
        })
    }
}

/// The machinery, kept because setting it up costs more than a track.
pub(super) struct Codec {
    inflate: Decompress,
    deflate: Option<(u32, Compress)>,
}

impl fmt::Debug for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Codec").finish_non_exhaustive()
    }
}

/// zlib's level where the image does not ask for one.
const DEFAULT_LEVEL: u32 = 4;
/// bzip2's unit of work is 100 000 bytes: more than any track.
const BZIP2_LEVEL: u32 = 1;
/// bzip2's default work factor.
const BZIP2_WORK: u32 = 0;

impl Codec {
    pub fn new() -> Codec {
        Codec { inflate: Decompress::new(true), deflate: None }
    }

    /// Expands `from` behind what `into` has already, to at most `limit` bytes altogether.
    pub fn expand(
        &mut self,
        how: Compression,
        from: &[u8],
        into: &mut Vec<u8>,
        limit: usize,
    ) -> Result<(), &'static str> {
        const LONGER: &str = "it is longer than a track can be";
        let start = into.len();
        if how == Compression::None {
            into.extend_from_slice(from);
            return if into.len() <= limit { Ok(()) } else { Err(LONGER) };
        }
        into.resize(limit.max(start), 0);
        let (ended, length) = match how {
            Compression::Bzip2 => {
                let mut expand = BzDecompress::new(false);
                let status = expand.decompress(from, &mut into[start..]);
                let status = status.map_err(|_| "it is not in the format of bzip2")?;
                (status == BzStatus::StreamEnd, expand.total_out())
            }
            _ => {
                self.inflate.reset(true);
                let status = self.inflate.decompress(from, &mut into[start..], FlushDecompress::Finish);
                let status = status.map_err(|_| "it is not in the format of zlib")?;
                (status == Status::StreamEnd, self.inflate.total_out())
            }
        };
        into.truncate(start + length as usize);
        match ended {
            true => Ok(()),
            false if into.len() == limit => Err(LONGER),
            false => Err("its compressed form ends too early"),
        }
    }

    /// Compresses `from` behind what `into` has already. Says whether it became shorter; if not, `into` is as before.
    pub fn compress(&mut self, how: Compression, parameter: i16, from: &[u8], into: &mut Vec<u8>) -> bool {
        let start = into.len();
        // An output that is not shorter is not wanted: nothing longer need be held.
        into.resize(start + from.len(), 0);
        let length = match how {
            Compression::None => None,
            Compression::Zlib => self.deflate(parameter, from, &mut into[start..]),
            Compression::Bzip2 => {
                let level = u32::try_from(parameter).ok().filter(|level| (1..=9).contains(level));
                let mut compress = BzCompress::new(BzLevel::new(level.unwrap_or(BZIP2_LEVEL)), BZIP2_WORK);
                match compress.compress(from, &mut into[start..], Action::Finish) {
                    Ok(BzStatus::StreamEnd) => Some(compress.total_out()),
                    _ => None,
                }
            }
        };
        into.truncate(start + length.unwrap_or(0) as usize);
        length.is_some()
    }

    fn deflate(&mut self, parameter: i16, from: &[u8], into: &mut [u8]) -> Option<u64> {
        let level = u32::try_from(parameter).ok().filter(|level| (1..=9).contains(level)).unwrap_or(DEFAULT_LEVEL);
        let (of, compress) = self.deflate.get_or_insert_with(|| (level, Compress::new(Level::new(level), true)));
        if *of != level {
            (*of, *compress) = (level, Compress::new(Level::new(level), true));
        }
        compress.reset();
        match compress.compress(from, into, FlushCompress::Finish) {
            Ok(Status::StreamEnd) => Some(compress.total_out()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Compression; 3] = [Compression::None, Compression::Zlib, Compression::Bzip2];

    fn text() -> Vec<u8> {
        (0..13_000_u32).map(|n| (n / 80 + n % 7) as u8).collect()
    }

    #[test]
    fn what_was_compressed_expands_to_what_it_was() {
        let mut codec = Codec::new();
        for how in [Compression::Zlib, Compression::Bzip2] {
            for parameter in [-1, 1, 9, 77] {
                let mut packed = b"head".to_vec();
                assert!(codec.compress(how, parameter, &text(), &mut packed), "{how}");
                assert!(packed.len() < 13_000 / 4, "{how}: {}", packed.len());
                let mut expanded = b"start".to_vec();
                codec.expand(how, &packed[4..], &mut expanded, 13_312).expect("expanded");
                assert_eq!((&expanded[..5], &expanded[5..]), (&b"start"[..], &text()[..]), "{how}");
            }
        }
    }

    #[test]
    fn what_does_not_become_shorter_is_left_alone() {
        let noise: Vec<u8> =
            (0..400_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).rotate_left(n % 32).to_be_bytes()).collect();
        for how in ALL {
            let mut into = b"head".to_vec();
            assert!(!Codec::new().compress(how, -1, &noise[..64], &mut into), "{how}");
            assert_eq!(into, b"head");
        }
    }

    #[test]
    fn a_bomb_stops_at_the_length_of_a_track() {
        let mut codec = Codec::new();
        for how in ALL {
            let mut packed = Vec::new();
            if !codec.compress(how, 9, &vec![0; 10_000_000], &mut packed) {
                packed = vec![0; 20_000];
            }
            let mut into = vec![0; 5];
            let error = codec.expand(how, &packed, &mut into, 13_312).expect_err("too long");
            assert_eq!(error, "it is longer than a track can be", "{how}");
            assert!(into.capacity() < 40_000, "{how}: {}", into.capacity());
        }
    }

    #[test]
    fn rubbish_and_torn_streams_are_told() {
        let mut codec = Codec::new();
        for (how, name) in [(Compression::Zlib, "zlib"), (Compression::Bzip2, "bzip2")] {
            let error = codec.expand(how, b"not at all compressed", &mut Vec::new(), 4096).expect_err("rubbish");
            assert_eq!(error, format!("it is not in the format of {name}"));
            let mut packed = Vec::new();
            assert!(codec.compress(how, -1, &text(), &mut packed));
            let torn = &packed[..packed.len() / 2];
            let error = codec.expand(how, torn, &mut Vec::new(), 20_000).expect_err("torn");
            assert_eq!(error, "its compressed form ends too early");
        }
    }
}
