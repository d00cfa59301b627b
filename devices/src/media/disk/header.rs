//! The headers of images in the formats that the community uses: a device header of 512 bytes, and behind it, in
//! compressed images, another of the same length. Numbers in them are little-endian, whatever the host is.

use crate::dasd::geometry::Shape;

/// Bytes of a header.
pub const HEADER: usize = 512;
/// Where the level-1 table of a compressed image begins.
pub const LEVEL1: u64 = 2 * HEADER as u64;
/// Units (tracks or groups of blocks) that a level-2 table has entries for.
pub const LEVEL2: u32 = 256;
/// Where the options byte of a compressed image is.
pub const OPTIONS: u64 = HEADER as u64 + 3;

/// Options byte: numbers in the file are big-endian.
pub const BIG_ENDIAN: u8 = 0x02;
/// Options byte: opened for writing since it was last checked.
pub const WRITTEN: u8 = 0x40;
/// Options byte: opened for writing, and not closed yet.
pub const OPENED: u8 = 0x80;

/// What the image is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Tracks with count, key and data.
    Ckd,
    /// Blocks of 512 bytes.
    Fba,
}

/// How the image holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// One track after another.
    Plain,
    /// Compressed, with tables.
    Compressed,
    /// As compressed, but only what differs from the file beneath.
    Shadow,
    /// Compressed with 64-bit offsets, which this program does not read.
    Wide,
}

const NAMES: [(&[u8; 8], Family, Form); 10] = [
    (b"CKD_P370", Family::Ckd, Form::Plain),
    (b"CKD_C370", Family::Ckd, Form::Compressed),
    (b"CKD_S370", Family::Ckd, Form::Shadow),
    (b"CKD_C064", Family::Ckd, Form::Wide),
    (b"CKD_S064", Family::Ckd, Form::Wide),
    (b"FBA_P370", Family::Fba, Form::Plain),
    (b"FBA_C370", Family::Fba, Form::Compressed),
    (b"FBA_S370", Family::Fba, Form::Shadow),
    (b"FBA_C064", Family::Fba, Form::Wide),
    (b"FBA_S064", Family::Fba, Form::Wide),
];

/// Four bytes, least significant first. What lies beyond the end is zero.
pub(super) fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from(half(bytes, at)) | u32::from(half(bytes, at + 2)) << 16
}

/// Two bytes, least significant first.
pub(super) fn half(bytes: &[u8], at: usize) -> u16 {
    let byte = |at| bytes.get(at).copied().unwrap_or(0);
    u16::from_le_bytes([byte(at), byte(at + 1)])
}

/// The first header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceHeader {
    /// Tracks or blocks.
    pub family: Family,
    /// Plain or compressed.
    pub form: Form,
    /// Tracks a cylinder; of compressed blocks, their number.
    pub heads: u32,
    /// Bytes that a track takes; of compressed blocks, 512.
    pub track_size: u32,
    /// Low byte of the device type.
    pub device: u8,
    /// 0 for the only file, else 1 for the first of several, 2, …
    pub sequence: u8,
    /// The highest cylinder in this file of several, or 0 in the last.
    pub highest_cylinder: u16,
    /// The volume's serial number in ASCII, or zeros.
    pub serial: [u8; 12],
}

impl DeviceHeader {
    /// What it says of the tracks, if it is of tracks.
    #[must_use]
    pub const fn shape(&self) -> Shape {
        Shape { image_id: self.device, heads: self.heads, track_size: self.track_size }
    }

    /// Reads it; `None` if these 512 bytes do not begin with the name of a format.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<DeviceHeader> {
        let name = bytes.get(..8)?;
        let (_, family, form) = NAMES.iter().find(|(known, ..)| known.as_slice() == name)?;
        let mut serial = [0; 12];
        serial.copy_from_slice(bytes.get(20..32)?);
        Some(DeviceHeader {
            family: *family,
            form: *form,
            heads: word(bytes, 8),
            track_size: word(bytes, 12),
            device: *bytes.get(16)?,
            sequence: *bytes.get(17)?,
            highest_cylinder: half(bytes, 18),
            serial,
        })
    }

    /// As it stands in a file.
    #[must_use]
    pub fn emit(&self) -> [u8; HEADER] {
        let mut bytes = [0; HEADER];
        let name = NAMES.iter().find(|(_, family, form)| (*family, *form) == (self.family, self.form));
        if let Some((name, ..)) = name {
            bytes[..8].copy_from_slice(*name);
        }
        bytes[8..12].copy_from_slice(&self.heads.to_le_bytes());
        bytes[12..16].copy_from_slice(&self.track_size.to_le_bytes());
        bytes[16] = self.device;
        bytes[17] = self.sequence;
        bytes[18..20].copy_from_slice(&self.highest_cylinder.to_le_bytes());
        bytes[20..32].copy_from_slice(&self.serial);
        bytes
    }
}

/// The second header, of compressed images.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompressedHeader {
    /// Version, release and modification level: 0, 3, 1.
    pub version: [u8; 3],
    /// See [`OPENED`] and its neighbours.
    pub options: u8,
    /// Entries of the level-1 table.
    pub level1: u32,
    /// Entries of a level-2 table: 256.
    pub level2: u32,
    /// Length of the file in bytes, a table of free space at its end aside.
    pub size: u32,
    /// Bytes that are not free.
    pub used: u32,
    /// Where the list of free space begins; 0 if there is none.
    pub free: u32,
    /// Bytes that are free.
    pub free_total: u32,
    /// Bytes of the largest free piece.
    pub free_largest: u32,
    /// Free pieces.
    pub free_number: u32,
    /// Bytes that entries have beyond what they need.
    pub free_embedded: u32,
    /// Cylinders, or blocks.
    pub extent: u32,
    /// What tracks look like that are not in the file: see [`super::track::null`].
    pub null_format: u8,
    /// How tracks are compressed: 0, 1, 2.
    pub algorithm: u8,
    /// The algorithm's parameter; −1 for its default.
    pub parameter: i16,
}

impl CompressedHeader {
    /// Reads it; any 512 bytes will do.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> CompressedHeader {
        let byte = |at: usize| bytes.get(at).copied().unwrap_or(0);
        CompressedHeader {
            version: [byte(0), byte(1), byte(2)],
            options: byte(3),
            level1: word(bytes, 4),
            level2: word(bytes, 8),
            size: word(bytes, 12),
            used: word(bytes, 16),
            free: word(bytes, 20),
            free_total: word(bytes, 24),
            free_largest: word(bytes, 28),
            free_number: word(bytes, 32),
            free_embedded: word(bytes, 36),
            extent: word(bytes, 40),
            null_format: byte(44),
            algorithm: byte(45),
            parameter: half(bytes, 46).cast_signed(),
        }
    }

    /// As it stands in a file.
    #[must_use]
    pub fn emit(&self) -> [u8; HEADER] {
        let mut bytes = [0; HEADER];
        bytes[..3].copy_from_slice(&self.version);
        bytes[3] = self.options;
        let words = [
            self.level1,
            self.level2,
            self.size,
            self.used,
            self.free,
            self.free_total,
            self.free_largest,
            self.free_number,
            self.free_embedded,
            self.extent,
        ];
        for (at, word) in bytes[4..44].chunks_exact_mut(4).zip(words) {
            at.copy_from_slice(&word.to_le_bytes());
        }
        bytes[44] = self.null_format;
        bytes[45] = self.algorithm;
        bytes[46..48].copy_from_slice(&self.parameter.to_le_bytes());
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_what_it_was_written_as() {
        let header = DeviceHeader {
            family: Family::Ckd,
            form: Form::Shadow,
            heads: 19,
            track_size: 13_312,
            device: 0x30,
            sequence: 1,
            highest_cylinder: 402,
            serial: *b"DLIBA1\0\0\0\0\0\0",
        };
        let bytes = header.emit();
        assert_eq!(&bytes[..20], b"CKD_S370\x13\0\0\0\0\x34\0\0\x30\x01\x92\x01");
        assert_eq!(DeviceHeader::parse(&bytes), Some(header));
        assert_eq!(DeviceHeader::parse(&bytes[1..]), None);
        assert_eq!(DeviceHeader::parse(b"CKD_P370"), None);
    }

    #[test]
    fn the_second_header_has_its_fields_where_they_belong() {
        let mut bytes = [0; HEADER];
        for (n, byte) in bytes[..48].iter_mut().enumerate() {
            *byte = n as u8;
        }
        let header = CompressedHeader::parse(&bytes);
        assert_eq!((header.options, header.level1, header.extent), (3, 0x0706_0504, 0x2B2A_2928));
        assert_eq!((header.null_format, header.algorithm, header.parameter), (44, 45, 0x2F2E));
        assert_eq!(header.emit(), bytes);
    }
}
