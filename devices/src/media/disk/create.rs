//! Empty images.

use std::ops::Range;

use super::{
    codec::Compression,
    file::ImageFile,
    header::{CompressedHeader, DeviceHeader, Family, Form, HEADER, LEVEL1, LEVEL2},
    open_unchecked,
    plain::BLOCK,
    store::GROUP_BLOCKS,
    tables::BENEATH,
    track,
};
use crate::{
    dasd::geometry::Model,
    media::{MediaError, Medium},
};

/// How an image is to hold its tracks or blocks: plain, or compressed somehow.
pub type Packing = Option<Compression>;

/// zlib's and bzip2's own idea of how hard to try.
const DEFAULT_PARAMETER: i16 = -1;

/// Makes an image of a pack whose tracks have home address, R0 and an end of file as R1, as the disk initialization programs
/// leave them. The medium must be empty.
///
/// # Errors
///
/// The host refuses, or the pack would be too large for the format.
pub fn create_tracks(
    medium: Box<dyn Medium>,
    model: &Model,
    cylinders: u32,
    packing: Packing,
) -> Result<(), MediaError> {
    let mut file = ImageFile::new(medium)?;
    if !(1..=1 << 16).contains(&cylinders) {
        return Err(file.damaged(0, format!("a pack has 1 to 65536 cylinders, not {cylinders}")));
    }
    match packing {
        Some(compression) => {
            let device = header_of_tracks(model, Form::Compressed);
            write_headers(&mut file, &device, (cylinders, cylinders * model.heads), compression, false)
        }
        None => write_tracks(&mut file, &header_of_tracks(model, Form::Plain), 0..cylinders),
    }
}

/// Makes a plain image as [`create_tracks`] does, in several files: `each` cylinders in each of them but the last, which has
/// the rest. The media must be empty.
///
/// # Errors
///
/// The host refuses, the pack would be too large for the format, or it does not take just so many files.
pub fn create_tracks_in_files(
    media: Vec<Box<dyn Medium>>,
    model: &Model,
    cylinders: u32,
    each: u32,
) -> Result<(), MediaError> {
    let files = media.len();
    let mut first = 0;
    for (n, medium) in (1_usize..).zip(media) {
        let mut file = ImageFile::new(medium)?;
        let end = if n == files { cylinders } else { first + each.min(cylinders - first) };
        // Headers have eight bits for a file's number, and sixteen for a cylinder's.
        if files > 255 || end > 1 << 16 || end <= first || end - first > each {
            let what = format!("{cylinders} cylinders, {each} to a file, do not make {files} files");
            return Err(file.damaged(0, what));
        }
        let mut device = header_of_tracks(model, Form::Plain);
        if files > 1 {
            device.sequence = n as u8;
            device.highest_cylinder = if n == files { 0 } else { (end - 1) as u16 };
        }
        write_tracks(&mut file, &device, first..end)?;
        first = end;
    }
    if first == cylinders { Ok(()) } else { Err(super::nothing()) }
}

fn header_of_tracks(model: &Model, form: Form) -> DeviceHeader {
    DeviceHeader {
        family: Family::Ckd,
        form,
        heads: model.heads,
        track_size: model.image_track(),
        device: model.image_id,
        sequence: 0,
        highest_cylinder: 0,
        serial: [0; 12],
    }
}

/// Writes a plain file with empty tracks of these cylinders.
fn write_tracks(file: &mut ImageFile, device: &DeviceHeader, cylinders: Range<u32>) -> Result<(), MediaError> {
    file.write(0, &device.emit())?;
    let mut image = Vec::new();
    let mut offset = HEADER as u64;
    for number in cylinders.start * device.heads..cylinders.end * device.heads {
        let (cylinder, head) = (number / device.heads, number % device.heads);
        if track::null(0, cylinder as u16, head as u16, &mut image).is_some() {
            file.write(offset, &image)?;
        }
        offset += u64::from(device.track_size);
    }
    file.set_length(offset)
}

/// Makes an image of a pack of blocks of zeros. The medium must be empty.
///
/// # Errors
///
/// The host refuses.
pub fn create_blocks(medium: Box<dyn Medium>, blocks: u32, packing: Packing) -> Result<(), MediaError> {
    let mut file = ImageFile::new(medium)?;
    if blocks == 0 {
        return Err(file.damaged(0, "a pack has at least one block"));
    }
    let Some(compression) = packing else { return file.set_length(u64::from(blocks) * BLOCK as u64) };
    let device = DeviceHeader {
        family: Family::Fba,
        form: Form::Compressed,
        heads: blocks,
        track_size: BLOCK as u32,
        device: block_device(blocks),
        sequence: 0,
        highest_cylinder: 0,
        serial: [0; 12],
    };
    write_headers(&mut file, &device, (blocks, blocks.div_ceil(GROUP_BLOCKS)), compression, false)
}

/// Low byte of the type of the smallest device that has so many blocks, for the header.
pub(super) fn block_device(blocks: u32) -> u8 {
    const BLOCKS_3310: u32 = 125_664;
    if blocks <= BLOCKS_3310 { 0x10 } else { 0x70 }
}

/// Makes an empty shadow file of an image, whose files are as [`super::open`] takes them. The medium must be empty.
///
/// # Errors
///
/// The image cannot be opened, or the host refuses.
pub fn create_shadow(
    of: Vec<Box<dyn Medium>>,
    medium: Box<dyn Medium>,
    compression: Compression,
) -> Result<(), MediaError> {
    let base = open_unchecked(of)?.device_header();
    let mut file = ImageFile::new(medium)?;
    let (device, extent) = base;
    let units = match device.family {
        Family::Ckd => extent * device.heads,
        Family::Fba => extent.div_ceil(GROUP_BLOCKS),
    };
    let device = DeviceHeader { form: Form::Shadow, sequence: 0, highest_cylinder: 0, ..device };
    write_headers(&mut file, &device, (extent, units), compression, true)
}

fn write_headers(
    file: &mut ImageFile,
    device: &DeviceHeader,
    (extent, units): (u32, u32),
    compression: Compression,
    shadow: bool,
) -> Result<(), MediaError> {
    let level1 = units.div_ceil(LEVEL2);
    let size = LEVEL1 as u32 + 4 * level1;
    let header = CompressedHeader {
        version: [0, 3, 1],
        options: 0,
        level1,
        level2: LEVEL2,
        size,
        used: size,
        free: 0,
        free_total: 0,
        free_largest: 0,
        free_number: 0,
        free_embedded: 0,
        extent,
        null_format: 0,
        algorithm: compression as u8,
        parameter: DEFAULT_PARAMETER,
    };
    let slot: u32 = if shadow { BENEATH } else { 0 };
    let mut bytes = device.emit().to_vec();
    bytes.extend(header.emit());
    bytes.extend(slot.to_le_bytes().repeat(level1 as usize));
    file.write(0, &bytes)
}
