//! What an image is, in figures.

use std::ops::Range;

use super::{
    Pack,
    codec::Compression,
    header::{DeviceHeader, Family, Form, OPENED},
    open_unchecked,
    plain::BLOCK,
    space::Space,
    store::{GROUP_BLOCKS, Store},
    tables::Place,
};
use crate::{
    dasd::{BlockPack, CkdPack, geometry::Model},
    media::{MediaError, Medium},
};

/// What a compressed file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contents {
    /// How it compresses.
    pub compression: Compression,
    /// Tracks or groups of blocks that are in the file.
    pub stored: u32,
    /// Those of them that are compressed.
    pub compressed: u32,
    /// Those that are not, but look as a null format says.
    pub null: u32,
    /// Those that are in the file beneath.
    pub beneath: u32,
    /// Free bytes in the file.
    pub free: u64,
    /// Whether who wrote to it last did not close it.
    pub unfinished: bool,
}

/// A file of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its name.
    pub name: String,
    /// Plain, compressed or a shadow.
    pub form: Form,
    /// Length in bytes.
    pub length: u64,
    /// Of one of the files that a plain image of tracks is in: the cylinders that it has.
    pub cylinders: Option<Range<u32>>,
    /// Of compressed files.
    pub contents: Option<Contents>,
}

/// What an image is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// The model, of tracks.
    pub model: Option<&'static Model>,
    /// Cylinders, or blocks.
    pub extent: u32,
    /// Its files.
    pub parts: Vec<Part>,
}

/// Describes an image, whose files are as [`super::open`] takes them. Nothing is written, whatever its state is.
///
/// # Errors
///
/// A medium cannot be read; an image is not what it says it is; files do not belong together.
pub fn inspect(media: Vec<Box<dyn Medium>>) -> Result<Description, MediaError> {
    let mut pack = open_unchecked(media)?;
    let (model, extent) = match &pack {
        Pack::PlainTracks(pack) => (Some(pack.model()), pack.cylinders()),
        Pack::Tracks(pack) => (Some(pack.model()), pack.cylinders()),
        Pack::PlainBlocks(pack) => (None, pack.blocks()),
        Pack::Blocks(pack) => (None, pack.blocks()),
    };
    let (plain, store) = match &mut pack {
        Pack::PlainTracks(pack) => (pack.files(), None),
        Pack::Tracks(pack) => (pack.base.as_ref().map(|base| base.files()).unwrap_or_default(), Some(&mut pack.store)),
        Pack::PlainBlocks(pack) => (vec![pack.file()], None),
        Pack::Blocks(pack) => (pack.base.iter().map(|base| base.file()).collect(), Some(&mut pack.store)),
    };
    let part_of = |(name, length, cylinders)| Part { name, form: Form::Plain, length, cylinders, contents: None };
    let mut parts: Vec<Part> = plain.into_iter().map(part_of).collect();
    if let Some(store) = store {
        let units = model.map_or(extent.div_ceil(GROUP_BLOCKS), |model| extent * model.heads);
        for layer in 0..store.layers.len() {
            parts.push(part(store, layer, units)?);
        }
    }
    Ok(Description { model, extent, parts })
}

fn part(store: &mut Store, layer: usize, units: u32) -> Result<Part, MediaError> {
    let layer = &mut store.layers[layer];
    let space = Space::around(&layer.tables.extents(layer.header.level1));
    let mut contents = Contents {
        compression: Compression::of(layer.header.algorithm).unwrap_or_default(),
        stored: 0,
        compressed: 0,
        null: 0,
        beneath: 0,
        free: space.total(),
        unfinished: layer.header.options & OPENED != 0,
    };
    for unit in 0..units {
        match layer.tables.place(unit) {
            Ok(Place::Stored { offset, .. }) => {
                let mut how = [0];
                contents.stored += 1;
                if offset < layer.file.length() {
                    layer.file.read(offset, &mut how)?;
                }
                contents.compressed += u32::from(how != [0]);
            }
            Ok(Place::Null(_)) | Err(_) => contents.null += 1,
            Ok(Place::Beneath) => contents.beneath += 1,
        }
    }
    let (name, length) = (layer.file.name().to_owned(), layer.file.length());
    Ok(Part { name, form: layer.device.form, length, cylinders: None, contents: Some(contents) })
}

impl Pack {
    /// The header that a shadow file's is made from, and cylinders or blocks.
    pub(super) fn device_header(&self) -> (DeviceHeader, u32) {
        match self {
            Pack::PlainTracks(pack) => (pack.header.clone(), pack.cylinders()),
            Pack::Tracks(pack) => (pack.store.layers[0].device.clone(), pack.cylinders()),
            Pack::Blocks(pack) => (pack.store.layers[0].device.clone(), pack.blocks()),
            Pack::PlainBlocks(pack) => {
                let header = DeviceHeader {
                    family: Family::Fba,
                    form: Form::Plain,
                    heads: pack.blocks(),
                    track_size: BLOCK as u32,
                    device: super::create::block_device(pack.blocks()),
                    sequence: 0,
                    highest_cylinder: 0,
                    serial: [0; 12],
                };
                (header, pack.blocks())
            }
        }
    }
}
