//! The directory of a CMS disk with blocks of 800 bytes, as VM/370 has it (*VM/370 System Logic and Problem Determination
//! Guide*, SY20-0887): a label in block 3, the master file directory in block 4, and blocks of file status tables.

use super::{half, text};
use crate::{
    dasd::CkdPack,
    media::{MediaError, disk::track},
};

/// Bytes of a block.
const BLOCK: usize = 800;
/// Bytes of a file status table.
const STATUS_TABLE: usize = 40;
/// CMS= in EBCDIC: the label's first bytes.
const LABEL: [u8; 4] = [0xC3, 0xD4, 0xE2, 0x7E];
/// CMS1: the label of disks with larger blocks, of later systems.
const LATER_LABEL: [u8; 4] = [0xC3, 0xD4, 0xE2, 0xF1];
/// Where the label of later systems says how long blocks are.
const LATER_BLOCK: usize = 12;
/// Blocks of a disk have 16-bit numbers; more directory blocks than fit in the first part of the directory there are not.
const POINTERS: usize = 364 / 2;
const END: u16 = 0xFFFF;
const END_WITH_MAP: u16 = 0xFFFD;

/// A file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: String,
    /// Its mode, letter and number.
    pub mode: String,
    /// F or V.
    pub format: char,
    /// The longest record.
    pub record: u32,
    /// Records.
    pub records: u16,
    /// Blocks of data.
    pub blocks: u16,
    /// When it was written: year (two digits, as EBCDIC has them), month, day, hour, minute in decimal digits.
    pub written: (String, [u8; 4]),
}

/// A directory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directory {
    /// The disk's label.
    pub label: String,
    /// Cylinders.
    pub cylinders: u16,
    /// Blocks that there are.
    pub total: u32,
    /// Blocks that are in use.
    pub used: u32,
    /// In the directory's order.
    pub files: Vec<File>,
    /// What makes no sense.
    pub complaints: Vec<String>,
}

/// What a pack is to CMS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Disk {
    /// Not formatted by CMS.
    None,
    /// Formatted with blocks of 800 bytes.
    Blocks800(Directory),
    /// Formatted with larger blocks: label, and bytes of a block.
    Later(String, u32),
}

/// Reads the directory of a CMS disk.
///
/// # Errors
///
/// A track cannot be read.
pub fn read(pack: &mut dyn CkdPack) -> Result<Disk, MediaError> {
    let mut image = Vec::new();
    pack.read_track(0, &mut image)?;
    let Some(label) = track::records(&image).find(|record| record.number == 3).map(|record| record.data.to_vec())
    else {
        return Ok(Disk::None);
    };
    if label.starts_with(&LATER_LABEL) && label.len() >= 80 {
        let block = u32::from(half(&label, LATER_BLOCK)) << 16 | u32::from(half(&label, LATER_BLOCK + 2));
        return Ok(Disk::Later(text(&label[4..10]), block));
    }
    if !label.starts_with(&LABEL) || label.len() < 10 {
        return Ok(Disk::None);
    }
    let mut directory = Directory { label: text(&label[4..10]), ..Directory::default() };
    let mut blocks = Blocks { pack, held: None };
    let Some(master) = blocks.read(4)? else {
        directory.complaints.push("there is no master file directory in block 4".to_owned());
        return Ok(Disk::Blocks800(directory));
    };
    let word = |at| u32::from(half(&master, at)) << 16 | u32::from(half(&master, at + 2));
    directory.total = word(364);
    directory.used = word(368);
    directory.cylinders = half(&master, 382);
    for at in 0..POINTERS {
        match half(&master, 2 * at) {
            0 | END | END_WITH_MAP => break,
            number => match blocks.read(number)? {
                Some(block) => directory.files.extend(block.chunks_exact(STATUS_TABLE).filter_map(file)),
                None => directory.complaints.push(format!("there is no block {number}, where files should be listed")),
            },
        }
    }
    Ok(Disk::Blocks800(directory))
}

fn file(table: &[u8]) -> Option<File> {
    if table[..16].iter().all(|byte| *byte == 0) {
        return None;
    }
    let two_digits = |byte: u8| 10 * (byte >> 4) + (byte & 15);
    let mut when = [0; 4];
    when.copy_from_slice(&table[16..20]);
    Some(File {
        name: text(&table[..8]),
        kind: text(&table[8..16]),
        mode: text(&table[24..26]),
        format: text(&table[30..31]).chars().next().unwrap_or(' '),
        record: u32::from(half(table, 32)) << 16 | u32::from(half(table, 34)),
        records: half(table, 26),
        blocks: half(table, 36),
        written: (text(&table[38..40]), when.map(two_digits)),
    })
}

/// Blocks of 800 bytes on tracks.
struct Blocks<'a> {
    pack: &'a mut dyn CkdPack,
    held: Option<(u32, Vec<u8>)>,
}

/// Device type of the 2314, where a block in fifteen lies on two tracks.
const TYPE_2314: u16 = 0x2314;

impl Blocks<'_> {
    /// A block; `None` if there is none with this number.
    fn read(&mut self, number: u16) -> Result<Option<Vec<u8>>, MediaError> {
        let Some(index) = u32::from(number).checked_sub(1) else { return Ok(None) };
        let mut block = Vec::new();
        if self.pack.model().device == TYPE_2314 {
            let (pair, within) = (index / 15, index % 15);
            if within < 8 {
                self.record(2 * pair, within + 1, &mut block)?;
            }
            if within >= 7 {
                self.record(2 * pair + 1, within + 1, &mut block)?;
            }
        } else {
            let on_a_track = self.records_on_first_track()?.max(1);
            self.record(index / on_a_track, index % on_a_track + 1, &mut block)?;
        }
        Ok(Some(block).filter(|block| block.len() >= BLOCK))
    }

    fn records_on_first_track(&mut self) -> Result<u32, MediaError> {
        let image = self.track(0)?;
        Ok(track::records(image).filter(|record| record.number != 0 && record.data.len() == BLOCK).count() as u32)
    }

    /// Appends the data of a record, if it is there.
    fn record(&mut self, number: u32, record: u32, into: &mut Vec<u8>) -> Result<(), MediaError> {
        if number < self.pack.cylinders() * self.pack.model().heads {
            let found = track::records(self.track(number)?).find(|found| u32::from(found.number) == record);
            into.extend(found.map(|found| found.data).unwrap_or_default());
        }
        Ok(())
    }

    fn track(&mut self, number: u32) -> Result<&[u8], MediaError> {
        let (held, mut image) = self.held.take().unwrap_or((u32::MAX, Vec::new()));
        if held != number {
            self.pack.read_track(number, &mut image)?;
        }
        Ok(&self.held.insert((number, image)).1)
    }
}
