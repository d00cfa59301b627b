//! Packs in compressed images: tracks, and blocks in groups of 120.

use std::ops::Range;

use super::{
    plain::{BLOCK, PlainBlocks, PlainTracks, block_range},
    store::{Found, GROUP, GROUP_BLOCKS, Store},
    tables::UNIT_HEADER,
    track,
};
use crate::{
    dasd::{BlockPack, CkdPack, geometry::Model},
    media::MediaError,
};

/// A pack of tracks.
#[derive(Debug)]
pub(super) struct CompressedTracks {
    pub store: Store,
    /// Beneath all compressed files, if the base is plain.
    pub base: Option<PlainTracks>,
    pub model: &'static Model,
    pub cylinders: u32,
}

impl CompressedTracks {
    fn no_such_track(&mut self, track: u32) -> MediaError {
        let file = &self.store.last().file;
        file.damaged(file.length(), format!("there is no track {track}"))
    }

    fn has(&self, track: u32) -> bool {
        track / self.model.heads < self.cylinders
    }
}

impl CkdPack for CompressedTracks {
    fn model(&self) -> &'static Model {
        self.model
    }

    fn regard_as(&mut self, model: &'static Model) {
        if model.may_have(self.store.layers[0].device.shape(), self.cylinders) {
            self.model = model;
        }
        if let Some(base) = &mut self.base {
            base.regard_as(model);
        }
    }

    fn cylinders(&self) -> u32 {
        self.cylinders
    }

    fn name(&self) -> &str {
        self.store.layers[self.store.layers.len() - 1].file.name()
    }

    fn read_track(&mut self, track: u32, into: &mut Vec<u8>) -> Result<(), MediaError> {
        if !self.has(track) {
            return Err(self.no_such_track(track));
        }
        match self.store.read(track, into)? {
            Found::Whole => {}
            Found::Beneath if self.base.is_some() => {
                return self.base.as_mut().map_or(Ok(()), |base| base.read_track(track, into));
            }
            found => {
                let format = if let Found::Null(format) = found { format } else { 0 };
                let (cylinder, head) = (track / self.model.heads, track % self.model.heads);
                if track::null(format, cylinder as u16, head as u16, into).is_none() {
                    let offset = self.store.last().tables.entry_offset(track);
                    let what = format!("track {track} is a null track of the unknown format {format}");
                    return Err(self.store.last().file.damaged(offset, what));
                }
            }
        }
        into.resize(self.model.image_track() as usize, 0);
        Ok(())
    }

    fn write_track(&mut self, track: u32, image: &[u8], _changed: Range<usize>) -> Result<(), MediaError> {
        if !self.has(track) {
            return Err(self.no_such_track(track));
        }
        let longest = self.store.shape.longest();
        let used = track::used(image).unwrap_or(image.len());
        let expected = self.store.shape.unit_header(track);
        let (Some(whole), true) = (image.get(..used), (UNIT_HEADER..=longest).contains(&used)) else {
            let what = format!("track {track} has room for {longest} bytes, not for {used}");
            return Err(self.store.last().file.damaged(0, what));
        };
        if whole[..UNIT_HEADER] != expected {
            let what = "a compressed image cannot hold a home address that is not the track's, or has flags";
            return Err(self.store.last().file.damaged(0, format!("track {track}: {what}")));
        }
        match null_format(whole) {
            Some(format) => self.store.write_null(track, format),
            None => self.store.write(track, whole),
        }
    }

    fn settle(&mut self) -> Result<(), MediaError> {
        self.store.settle()
    }

    fn is_read_only(&self) -> bool {
        self.store.writer.is_none()
    }
}

/// The format of null tracks that this whole track has. That of twelve records is only for devices that we do not have.
fn null_format(whole: &[u8]) -> Option<u8> {
    let &[_, cylinder_high, cylinder_low, head_high, head_low, ..] = whole else { return None };
    let (cylinder, head) =
        (u16::from_be_bytes([cylinder_high, cylinder_low]), u16::from_be_bytes([head_high, head_low]));
    let mut null = Vec::new();
    (0..2).find(|format| track::null(*format, cylinder, head, &mut null).is_some() && null == whole)
}

/// A pack of blocks.
#[derive(Debug)]
pub(super) struct CompressedBlocks {
    pub store: Store,
    /// Beneath all compressed files, if the base is plain.
    pub base: Option<PlainBlocks>,
    pub blocks: u32,
    /// A group with its header.
    pub group: Vec<u8>,
}

impl CompressedBlocks {
    /// Reads a group to `self.group`, as long as groups are.
    fn read_group(&mut self, group: u32) -> Result<(), MediaError> {
        let mut bytes = std::mem::take(&mut self.group);
        let found = self.store.read(group, &mut bytes);
        if matches!(found, Ok(Found::Null(_) | Found::Beneath)) {
            bytes.clear();
        }
        bytes.resize(UNIT_HEADER + GROUP, 0);
        bytes[..UNIT_HEADER].copy_from_slice(&self.store.shape.unit_header(group));
        let read = match (found, &mut self.base) {
            (Ok(Found::Beneath), Some(base)) => {
                let first = group * GROUP_BLOCKS;
                let blocks = (self.blocks.min(base.blocks()) - first).min(GROUP_BLOCKS) as usize;
                base.read_blocks(first, &mut bytes[UNIT_HEADER..UNIT_HEADER + blocks * BLOCK])
            }
            (found, _) => found.map(drop),
        };
        self.group = bytes;
        read
    }

    /// The groups that these blocks are in: the group, where the blocks begin and end in it.
    fn groups(
        &self,
        first: u32,
        bytes: usize,
    ) -> Result<impl Iterator<Item = (u32, Range<usize>)> + use<>, MediaError> {
        let last = &self.store.layers[self.store.layers.len() - 1].file;
        let blocks = block_range(self.blocks, first, bytes).map_err(|what| last.damaged(0, what))?;
        let size = u64::from(GROUP_BLOCKS);
        let groups = blocks.start / size..blocks.end.div_ceil(size);
        Ok(groups.map(move |group| {
            let start = blocks.start.max(group * size) - group * size;
            let end = blocks.end.min((group + 1) * size) - group * size;
            (group as u32, UNIT_HEADER + start as usize * BLOCK..UNIT_HEADER + end as usize * BLOCK)
        }))
    }
}

impl BlockPack for CompressedBlocks {
    fn blocks(&self) -> u32 {
        self.blocks
    }

    fn name(&self) -> &str {
        self.store.layers[self.store.layers.len() - 1].file.name()
    }

    fn read_blocks(&mut self, first: u32, into: &mut [u8]) -> Result<(), MediaError> {
        let mut rest = into;
        for (group, range) in self.groups(first, rest.len())? {
            self.read_group(group)?;
            let (here, after) = rest.split_at_mut(range.len());
            here.copy_from_slice(&self.group[range]);
            rest = after;
        }
        Ok(())
    }

    fn write_blocks(&mut self, first: u32, from: &[u8]) -> Result<(), MediaError> {
        let mut rest = from;
        for (group, range) in self.groups(first, rest.len())? {
            if range.len() == GROUP {
                self.group.clear();
                self.group.extend(self.store.shape.unit_header(group));
                self.group.resize(UNIT_HEADER + GROUP, 0);
            } else {
                self.read_group(group)?;
            }
            let (here, after) = rest.split_at(range.len());
            self.group[range].copy_from_slice(here);
            self.store.write(group, &self.group)?;
            rest = after;
        }
        Ok(())
    }

    fn settle(&mut self) -> Result<(), MediaError> {
        self.store.settle()
    }

    fn is_read_only(&self) -> bool {
        self.store.writer.is_none()
    }
}
