//! Plain images: tracks one after another behind a header, in one file or several; blocks one after another.

use std::ops::Range;

use super::{
    file::ImageFile,
    header::{DeviceHeader, HEADER},
};
use crate::{
    dasd::{BlockPack, CkdPack, geometry::Model},
    media::MediaError,
};

/// Cylinder numbers have 16 bits.
const MOST_CYLINDERS: u64 = 1 << 16;
/// No track of a System/370 device is longer in an image, and lengths in compressed images have 16 bits.
const LONGEST_TRACK: u32 = 65_000;
/// The shortest track with R0 and an end mark, rounded up.
const SHORTEST_TRACK: u32 = 64;

/// The model that an image with this header and so many cylinders is of.
pub(super) fn model(file: &ImageFile, header: &DeviceHeader, cylinders: u64) -> Result<&'static Model, MediaError> {
    let (heads, size) = (header.heads, header.track_size);
    if !(SHORTEST_TRACK..=LONGEST_TRACK).contains(&size) {
        return Err(file.damaged(12, format!("tracks of {size} bytes")));
    }
    if cylinders > MOST_CYLINDERS {
        return Err(file.damaged(8, format!("{cylinders} cylinders, more than can be addressed")));
    }
    Model::of_image(header.shape(), cylinders as u32).ok_or_else(|| {
        let what = format!("no device of System/370 has a type that ends with {:02X} and {heads} heads", header.device);
        file.damaged(8, what)
    })
}

#[derive(Debug)]
struct Part {
    file: ImageFile,
    first_track: u32,
    tracks: u32,
}

/// A pack in plain files.
#[derive(Debug)]
pub(super) struct PlainTracks {
    parts: Vec<Part>,
    model: &'static Model,
    track_size: u32,
    cylinders: u32,
    pub header: DeviceHeader,
}

impl PlainTracks {
    /// Takes files whose headers were read already, in their order.
    pub fn new(files: Vec<(ImageFile, DeviceHeader)>) -> Result<PlainTracks, MediaError> {
        let several = files.len() > 1;
        let mut parts: Vec<Part> = Vec::new();
        let mut cylinders = 0;
        let mut common: Option<DeviceHeader> = None;
        let count = files.len();
        for (n, (file, header)) in (1..).zip(files) {
            let first = common.get_or_insert_with(|| header.clone());
            if (header.heads, header.track_size, header.device) != (first.heads, first.track_size, first.device) {
                return Err(file.damaged(8, "this file is of another kind of pack than the first"));
            }
            let expected = if several || header.sequence != 0 { n } else { 0 };
            if usize::from(header.sequence) != expected {
                let what = format!("this is file {} of a pack, where file {expected} is needed", header.sequence);
                return Err(file.damaged(17, what));
            }
            model(&file, &header, 0)?;
            let here = cylinders_of(&file, &header)?;
            let first_track = cylinders as u32 * header.heads;
            cylinders += here;
            check_highest(&file, &header, cylinders, n == count)?;
            model(&file, &header, cylinders)?;
            parts.push(Part { file, first_track, tracks: here as u32 * header.heads });
        }
        let (Some(header), Some(first)) = (common, parts.first()) else { return Err(super::nothing()) };
        let model = model(&first.file, &header, cylinders)?;
        Ok(PlainTracks { parts, model, track_size: header.track_size, cylinders: cylinders as u32, header })
    }

    /// Names and lengths of the files, and, if there are several, their cylinders.
    pub fn files(&self) -> Vec<(String, u64, Option<Range<u32>>)> {
        let heads = self.header.heads;
        let cylinders = |part: &Part| part.first_track / heads..(part.first_track + part.tracks) / heads;
        let several = self.parts.len() > 1;
        let file = |part: &Part| (part.file.name().to_owned(), part.file.length(), several.then(|| cylinders(part)));
        self.parts.iter().map(file).collect()
    }

    /// Where a track is.
    pub fn locate(&mut self, track: u32) -> Result<(&mut ImageFile, u64), MediaError> {
        let track_size = u64::from(self.track_size);
        let within = |part: &Part| part.first_track <= track && track - part.first_track < part.tracks;
        match self.parts.iter().position(within) {
            Some(part) => {
                let part = &mut self.parts[part];
                Ok((&mut part.file, HEADER as u64 + u64::from(track - part.first_track) * track_size))
            }
            None => {
                let file = &self.parts[self.parts.len() - 1].file;
                Err(file.damaged(file.length(), format!("there is no track {track}")))
            }
        }
    }
}

/// Whether the header's highest cylinder agrees with how many cylinders there are, this file's included.
fn check_highest(file: &ImageFile, header: &DeviceHeader, cylinders: u64, is_last: bool) -> Result<(), MediaError> {
    let highest = u64::from(header.highest_cylinder);
    let what = match (highest, is_last) {
        (0, true) => return Ok(()),
        (0, false) => "this is the last file of a pack, but it is not the last that was given".to_owned(),
        _ if highest + 1 != cylinders => {
            format!("the highest cylinder should be {highest}, but the file ends with {}", cylinders - 1)
        }
        (_, true) => format!("the pack goes on after cylinder {highest} in another file"),
        (_, false) => return Ok(()),
    };
    Err(file.damaged(18, what))
}

/// Cylinders in a file, which must be whole.
fn cylinders_of(file: &ImageFile, header: &DeviceHeader) -> Result<u64, MediaError> {
    let track = u64::from(header.track_size);
    let bytes = file.length().saturating_sub(HEADER as u64);
    let tracks = bytes / track;
    let heads = u64::from(header.heads);
    if !bytes.is_multiple_of(track) || !tracks.is_multiple_of(heads) {
        let (cylinder, head) = (tracks / heads, tracks % heads);
        return Err(file.damaged(file.length(), format!("the file ends within cylinder {cylinder}, at head {head}")));
    }
    if tracks == 0 {
        return Err(file.damaged(file.length(), "the file ends before the first track"));
    }
    Ok(tracks / heads)
}

impl CkdPack for PlainTracks {
    fn model(&self) -> &'static Model {
        self.model
    }

    fn regard_as(&mut self, model: &'static Model) {
        if model.may_have(self.header.shape(), self.cylinders) {
            self.model = model;
        }
    }

    fn cylinders(&self) -> u32 {
        self.cylinders
    }

    fn name(&self) -> &str {
        self.parts[0].file.name()
    }

    fn read_track(&mut self, track: u32, into: &mut Vec<u8>) -> Result<(), MediaError> {
        let (wanted, there) = (self.model.image_track() as usize, self.track_size as usize);
        let (file, offset) = self.locate(track)?;
        into.clear();
        into.resize(wanted, 0);
        file.read(offset, &mut into[..wanted.min(there)])
    }

    fn write_track(&mut self, track: u32, image: &[u8], changed: Range<usize>) -> Result<(), MediaError> {
        let there = self.track_size as usize;
        let (file, offset) = self.locate(track)?;
        match image.get(changed.clone()) {
            Some(bytes) if changed.end <= there => file.write(offset + changed.start as u64, bytes),
            _ => {
                let what = format!("track {track} has {there} bytes in the image, and cannot hold {}", changed.end);
                Err(file.damaged(offset, what))
            }
        }
    }

    fn is_read_only(&self) -> bool {
        self.parts.iter().any(|part| part.file.is_read_only())
    }
}

/// Bytes of a block.
pub(super) const BLOCK: usize = 512;

/// A pack of blocks in a plain file.
#[derive(Debug)]
pub(super) struct PlainBlocks {
    file: ImageFile,
    blocks: u32,
    /// Where the first is.
    start: u64,
}

impl PlainBlocks {
    /// Takes a file whose blocks begin at this offset.
    pub fn new(file: ImageFile, start: u64) -> Result<PlainBlocks, MediaError> {
        let bytes = file.length().saturating_sub(start);
        let blocks = bytes / BLOCK as u64;
        if !bytes.is_multiple_of(BLOCK as u64) || blocks == 0 {
            return Err(file.damaged(file.length(), "the file ends within a block of 512 bytes"));
        }
        match u32::try_from(blocks) {
            Ok(blocks) => Ok(PlainBlocks { file, blocks, start }),
            Err(_) => Err(file.damaged(file.length(), format!("{blocks} blocks, more than can be addressed"))),
        }
    }
}

impl PlainBlocks {
    /// Name and length of the file.
    pub fn file(&self) -> (String, u64, Option<Range<u32>>) {
        (self.file.name().to_owned(), self.file.length(), None)
    }
}

/// Where whole blocks are, if they are on the pack and whole.
pub(super) fn block_range(blocks: u32, first: u32, bytes: usize) -> Result<Range<u64>, String> {
    let end = u64::from(first) + (bytes / BLOCK) as u64;
    if !bytes.is_multiple_of(BLOCK) || end > u64::from(blocks) {
        return Err(format!("{bytes} bytes from block {first} on are not whole blocks of a pack that has {blocks}"));
    }
    Ok(u64::from(first)..end)
}

impl BlockPack for PlainBlocks {
    fn blocks(&self) -> u32 {
        self.blocks
    }

    fn name(&self) -> &str {
        self.file.name()
    }

    fn read_blocks(&mut self, first: u32, into: &mut [u8]) -> Result<(), MediaError> {
        let offset = self.start + u64::from(first) * BLOCK as u64;
        block_range(self.blocks, first, into.len()).map_err(|what| self.file.damaged(offset, what))?;
        self.file.read(offset, into)
    }

    fn write_blocks(&mut self, first: u32, from: &[u8]) -> Result<(), MediaError> {
        let offset = self.start + u64::from(first) * BLOCK as u64;
        block_range(self.blocks, first, from.len()).map_err(|what| self.file.damaged(offset, what))?;
        self.file.write(offset, from)
    }

    fn is_read_only(&self) -> bool {
        self.file.is_read_only()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        dasd::ckd::CkdDrive,
        media::{
            disk::{Compression, Image, Packing, create_tracks, open},
            shared::SharedFile,
        },
    };

    /// The model that a drive of one model is with an image that was made as of another.
    fn model_in(drive: &str, image: &str, cylinders: u32, packing: Packing) -> &'static str {
        let model = |name| Model::named(name).expect("a model");
        let file = SharedFile::default();
        create_tracks(Box::new(file.clone()), model(image), cylinders, packing).expect("host storage");
        let Image::Ckd(pack) = open(vec![Box::new(file)]).expect("an image").image else { panic!("tracks were made") };
        let mut drive = CkdDrive::empty(model(drive));
        drive.mount(pack).expect("a pack of the same type");
        drive.pack().map_or("none", |pack| pack.model().name)
    }

    #[test]
    fn a_drive_decides_what_the_image_leaves_open() {
        for packing in [None, Some(Compression::Zlib)] {
            for (drive, image, cylinders, expected) in [
                ("3330-1", "3330-11", 20, "3330-1"),
                ("3330-11", "3330-11", 20, "3330-11"),
                ("3330-11", "3330-1", 404, "3330-1"),
                ("3330-1", "3330-11", 808, "3330-11"),
                ("2305-1", "2305-2", 48, "2305-2"),
                ("2305-2", "2305-2", 20, "2305-2"),
                ("2305-2", "2305-1", 20, "2305-1"),
                ("3380-K", "3380-A", 100, "3380-K"),
            ] {
                let what = format!("{cylinders} cylinders of a {image} in a {drive}, {packing:?}");
                assert_eq!(model_in(drive, image, cylinders, packing), expected, "{what}");
            }
        }
    }
}
