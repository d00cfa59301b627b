//! A compressed image, or a chain of them: units of tracks or groups of blocks, found through tables, each stored in as
//! few bytes as it takes.

use super::{
    codec::{Codec, Compression},
    file::ImageFile,
    header::{BIG_ENDIAN, CompressedHeader, DeviceHeader, HEADER, LEVEL2, OPTIONS},
    tables::{Place, Problem, Tables, UNIT_HEADER},
    track,
    writer::Writer,
};
use crate::media::MediaError;

/// In a unit's first byte: compressed in a hurry. It says nothing about how.
const HURRIED: u8 = 0x80;

/// Blocks of a group.
pub(super) const GROUP_BLOCKS: u32 = 120;
/// Bytes of a group.
pub(super) const GROUP: usize = GROUP_BLOCKS as usize * 512;

/// What the units are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Tracks of a device with so many heads, of which a file has so many bytes at most.
    Tracks { heads: u32, longest: usize },
    /// Groups of [`GROUP_BLOCKS`] blocks.
    Groups,
}

impl Shape {
    /// The five bytes that a unit begins with, of which the first says in the file how it is compressed.
    pub fn unit_header(self, unit: u32) -> [u8; UNIT_HEADER] {
        match self {
            Shape::Tracks { heads, .. } => track::home_address((unit / heads) as u16, (unit % heads) as u16),
            Shape::Groups => {
                let [a, b, c, d] = unit.to_be_bytes();
                [0, a, b, c, d]
            }
        }
    }

    /// The longest unit, with its header.
    pub fn longest(self) -> usize {
        match self {
            Shape::Tracks { longest, .. } => longest,
            Shape::Groups => UNIT_HEADER + GROUP,
        }
    }

    /// What to call a unit in messages.
    pub fn describe(self, unit: u32) -> String {
        match self {
            Shape::Tracks { heads, .. } => format!("track {unit} (cylinder {}, head {})", unit / heads, unit % heads),
            Shape::Groups => {
                let first = u64::from(unit) * u64::from(GROUP_BLOCKS);
                format!("the group of blocks {first} to {}", first + u64::from(GROUP_BLOCKS) - 1)
            }
        }
    }
}

/// A compressed file.
#[derive(Debug)]
pub(super) struct Layer {
    pub file: ImageFile,
    pub device: DeviceHeader,
    pub header: CompressedHeader,
    pub tables: Tables,
}

impl Layer {
    /// Reads the second header, and refuses what cannot be read.
    pub fn read_header(file: &mut ImageFile) -> Result<CompressedHeader, MediaError> {
        let mut bytes = [0; HEADER];
        file.read(HEADER as u64, &mut bytes)?;
        let header = CompressedHeader::parse(&bytes);
        if header.options & BIG_ENDIAN != 0 {
            return Err(file.damaged(OPTIONS, "the image is big-endian; convert it with Hercules' cckdswap"));
        }
        if header.version[0] != 0 {
            let [version, release, level] = header.version;
            let what = format!("compressed images of version {version}.{release}.{level} are unknown");
            return Err(file.damaged(HEADER as u64, what));
        }
        if header.level2 != LEVEL2 {
            let what = format!("level-2 tables of {} entries instead of {LEVEL2}", header.level2);
            return Err(file.damaged(HEADER as u64 + 8, what));
        }
        if header.null_format >= track::NULL_FORMATS {
            let what = format!("null tracks of the unknown format {}", header.null_format);
            return Err(file.damaged(HEADER as u64 + 44, what));
        }
        if Compression::of(header.algorithm).is_none() {
            let what = format!("compression by the unknown algorithm {}", header.algorithm);
            return Err(file.damaged(HEADER as u64 + 45, what));
        }
        Ok(header)
    }

    /// What is wrong with the tables.
    pub fn problems(&self, shape: Shape) -> Vec<Problem> {
        self.tables.problems(self.header.level1, self.file.length(), shape.longest())
    }

    /// Reads a unit that an entry says is stored here: its header with a first byte of zero, and what follows.
    pub fn fetch(
        &mut self,
        (shape, unit): (Shape, u32),
        codec: &mut Codec,
        packed: &mut Vec<u8>,
        into: &mut Vec<u8>,
    ) -> Result<(), MediaError> {
        let place = self.tables.place(unit);
        let Ok(Place::Stored { offset, length }) = place else { return Ok(()) };
        let entry_offset = self.tables.entry_offset(unit);
        let complain = |what: &str| format!("{}: {what}", shape.describe(unit));
        if length < UNIT_HEADER || length > shape.longest() {
            let what = complain(&format!("its entry says that it takes {length} bytes"));
            return Err(self.file.damaged(entry_offset, what));
        }
        if offset + length as u64 > self.file.length() {
            let what = complain(&format!("its entry points beyond the end of the file, to offset {offset}"));
            return Err(self.file.damaged(entry_offset, what));
        }
        packed.resize(length, 0);
        self.file.read(offset, packed)?;
        let (header, rest) = packed.split_at(UNIT_HEADER);
        let expected = shape.unit_header(unit);
        if header[1..] != expected[1..] {
            return Err(self.file.damaged(offset, complain("another unit is stored in its place")));
        }
        let Some(how) = Compression::of(header[0] & !HURRIED) else {
            let what = complain(&format!("it is compressed by the unknown algorithm {}", header[0]));
            return Err(self.file.damaged(offset, what));
        };
        into.clear();
        into.extend(expected);
        let expanded = codec.expand(how, rest, into, shape.longest());
        expanded.map_err(|what| self.file.damaged(offset, complain(what)))
    }
}

/// What [`Store::read`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// The unit.
    Whole,
    /// No unit: it looks as this format says.
    Null(u8),
    /// No compressed file has it; a plain one beneath them may.
    Beneath,
}

/// A chain of compressed files: the base first, then shadow files, of which the last is written to.
#[derive(Debug)]
pub(super) struct Store {
    pub layers: Vec<Layer>,
    pub shape: Shape,
    pub writer: Option<Writer>,
    pub codec: Codec,
    pub packed: Vec<u8>,
}

impl Store {
    /// A chain of files, at least one, that were looked at already. It cannot be written to yet.
    pub fn new(layers: Vec<Layer>, shape: Shape) -> Store {
        Store { layers, shape, writer: None, codec: Codec::new(), packed: Vec::new() }
    }

    /// The file that is written to.
    pub fn last(&mut self) -> &mut Layer {
        let last = self.layers.len() - 1;
        &mut self.layers[last]
    }

    /// Reads a unit: its header with a first byte of zero, and what follows.
    pub fn read(&mut self, unit: u32, into: &mut Vec<u8>) -> Result<Found, MediaError> {
        for layer in self.layers.iter_mut().rev() {
            match layer.tables.place(unit) {
                Ok(Place::Beneath) => {}
                Ok(Place::Null(format)) => return Ok(Found::Null(format.min(u8::MAX.into()) as u8)),
                Ok(Place::Stored { .. }) => {
                    layer.fetch((self.shape, unit), &mut self.codec, &mut self.packed, into)?;
                    return Ok(Found::Whole);
                }
                Err(offset) => {
                    let what = format!("{}: its table is not where it should be", self.shape.describe(unit));
                    return Err(layer.file.damaged(offset, what));
                }
            }
        }
        Ok(Found::Beneath)
    }
}
