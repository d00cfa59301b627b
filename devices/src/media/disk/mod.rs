//! Images of disk packs, in the formats that the community uses.
//!
//! | image | begins with | contents |
//! |---|---|---|
//! | plain tracks | `CKD_P370` | tracks of one length behind a header, in one file or several |
//! | compressed tracks | `CKD_C370` | tracks of as many bytes as they take, found through tables |
//! | shadow of tracks | `CKD_S370` | as compressed, but only what differs from the image beneath it |
//! | plain blocks | nothing (or `FBA_P370`) | blocks of 512 bytes |
//! | compressed blocks | `FBA_C370`, `FBA_S370` | as with tracks, for groups of 120 blocks |
//!
//! [`open`] takes the files of an image, recognises what they are, and gives a pack.

mod check;
mod codec;
mod compressed;
mod create;
mod file;
mod header;
mod inspect;
mod mend;
mod plain;
mod space;
mod store;
mod tables;
pub mod track;
pub mod volume;
mod writer;

use std::fmt;

pub use self::{
    check::{Checked, check},
    codec::Compression,
    create::{Packing, create_blocks, create_shadow, create_tracks, create_tracks_in_files},
    header::{DeviceHeader, Family, Form, HEADER},
    inspect::{Contents, Description, Part, inspect},
    mend::Mended,
};
use self::{
    compressed::{CompressedBlocks, CompressedTracks},
    file::ImageFile,
    header::OPENED,
    plain::{PlainBlocks, PlainTracks},
    store::{GROUP_BLOCKS, Layer, Shape, Store},
    tables::Tables,
};
use crate::{
    dasd::{BlockPack, CkdPack},
    media::{MediaError, Medium},
};

/// A pack.
pub enum Image {
    /// Of tracks.
    Ckd(Box<dyn CkdPack>),
    /// Of blocks.
    Block(Box<dyn BlockPack>),
}

impl fmt::Debug for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Image::Ckd(pack) => write!(f, "Ckd({:?})", pack.name()),
            Image::Block(pack) => write!(f, "Block({:?})", pack.name()),
        }
    }
}

/// A pack that was opened.
#[derive(Debug)]
pub struct Opened {
    /// The pack.
    pub image: Image,
    /// What whoever opened it should be told.
    pub notes: Vec<String>,
}

/// What an image is, before it becomes a `dyn` pack.
#[derive(Debug)]
enum Pack {
    PlainTracks(PlainTracks),
    Tracks(CompressedTracks),
    PlainBlocks(PlainBlocks),
    Blocks(CompressedBlocks),
}

/// Opens the image in these files: those of the base in their order, then its shadow files, each after what is beneath it.
///
/// The last file is written to if its medium permits it; shadow files make what is beneath them read-only. An
/// image whose process died is put in order, with a note, if it may be written.
///
/// # Errors
///
/// A medium cannot be read; an image is not what it says it is; files do not belong together.
pub fn open(media: Vec<Box<dyn Medium>>) -> Result<Opened, MediaError> {
    let mut pack = open_unchecked(media)?;
    let mut notes = Vec::new();
    match &mut pack {
        Pack::Tracks(pack) => prepare(&mut pack.store, &mut notes)?,
        Pack::Blocks(pack) => prepare(&mut pack.store, &mut notes)?,
        Pack::PlainTracks(_) | Pack::PlainBlocks(_) => {}
    }
    let image = match pack {
        Pack::PlainTracks(pack) => Image::Ckd(Box::new(pack)),
        Pack::Tracks(pack) => Image::Ckd(Box::new(pack)),
        Pack::PlainBlocks(pack) => Image::Block(Box::new(pack)),
        Pack::Blocks(pack) => Image::Block(Box::new(pack)),
    };
    Ok(Opened { image, notes })
}

fn nothing() -> MediaError {
    MediaError::Damaged { file: String::new(), offset: 0, what: "an image needs a file".to_owned() }
}

/// The device header of the image that a file holds; `None` for plain blocks, which need none.
///
/// # Errors
///
/// The medium cannot be read.
pub fn recognize(medium: &mut dyn Medium) -> Result<Option<DeviceHeader>, MediaError> {
    let mut bytes = [0; HEADER];
    match medium.read_at(0, &mut bytes) {
        Ok(length) => Ok(DeviceHeader::parse(&bytes[..length])),
        Err(source) => Err(MediaError::Host { file: medium.name().to_owned(), offset: 0, source }),
    }
}

/// Opens an image as far as reading goes: its tables may be wrong.
fn open_unchecked(media: Vec<Box<dyn Medium>>) -> Result<Pack, MediaError> {
    let mut base = Vec::new();
    let mut layers = Vec::new();
    let mut blocks = None;
    for mut medium in media {
        let header = recognize(&mut *medium)?;
        let file = ImageFile::new(medium)?;
        let Some(header) = header else {
            if !base.is_empty() || !layers.is_empty() || blocks.is_some() {
                return Err(file.damaged(0, "this is neither a file of the same pack nor a shadow file"));
            }
            blocks = Some(PlainBlocks::new(file, 0)?);
            continue;
        };
        match header.form {
            Form::Wide => {
                let what = "a compressed image with 64-bit offsets; convert it with Hercules' convto64 or dasdcopy";
                return Err(file.damaged(0, what));
            }
            Form::Plain | Form::Compressed if !layers.is_empty() => {
                return Err(file.damaged(0, "this is not a shadow file, and cannot follow another file"));
            }
            Form::Plain if header.family == Family::Fba => blocks = Some(PlainBlocks::new(file, HEADER as u64)?),
            Form::Plain => base.push((file, header)),
            Form::Compressed if !base.is_empty() || blocks.is_some() => {
                return Err(file.damaged(0, "this is not a shadow file, and cannot follow another file"));
            }
            Form::Shadow if base.is_empty() && blocks.is_none() && layers.is_empty() => {
                return Err(file.damaged(0, "this is a shadow file, and needs the files that it is a shadow of"));
            }
            Form::Compressed | Form::Shadow => layers.push((file, header)),
        }
    }
    let base = if base.is_empty() { None } else { Some(PlainTracks::new(base)?) };
    match (base, blocks, layers.first()) {
        (Some(pack), None, None) => Ok(Pack::PlainTracks(pack)),
        (None, Some(pack), None) => Ok(Pack::PlainBlocks(pack)),
        (base, None, Some((_, header))) if header.family == Family::Ckd => open_tracks(base, layers),
        (None, blocks, Some((_, header))) if header.family == Family::Fba => open_blocks(blocks, layers),
        (_, _, Some((file, _))) => Err(file.damaged(0, "a shadow file of blocks on tracks, or of tracks on blocks")),
        _ => Err(nothing()),
    }
}

fn open_tracks(base: Option<PlainTracks>, files: Vec<(ImageFile, DeviceHeader)>) -> Result<Pack, MediaError> {
    let mut layers: Vec<Layer> = Vec::new();
    let mut common = base.as_ref().map(|base| (base.header.clone(), base.cylinders()));
    for (mut file, device) in files {
        let header = Layer::read_header(&mut file)?;
        let (first, cylinders) = common.get_or_insert_with(|| (device.clone(), header.extent));
        let kind = |device: &DeviceHeader| (device.family, device.heads, device.track_size, device.device);
        if kind(first) != kind(&device) || *cylinders != header.extent {
            return Err(file.damaged(8, "this file is of another kind of pack, or size, than the first"));
        }
        plain::model(&file, &device, header.extent.into())?;
        let units = header.extent * device.heads;
        let tables = Tables::read(&mut file, &header, units, device.form == Form::Shadow)?;
        layers.push(Layer { file, device, header, tables });
    }
    let (Some((device, cylinders)), Some(first)) = (common, layers.first()) else { return Err(nothing()) };
    let model = plain::model(&first.file, &device, cylinders.into())?;
    let shape = Shape::Tracks { heads: device.heads, longest: device.track_size as usize };
    Ok(Pack::Tracks(CompressedTracks { store: Store::new(layers, shape), base, model, cylinders }))
}

fn open_blocks(base: Option<PlainBlocks>, files: Vec<(ImageFile, DeviceHeader)>) -> Result<Pack, MediaError> {
    let mut layers: Vec<Layer> = Vec::new();
    let mut common = base.as_ref().map(BlockPack::blocks);
    for (mut file, device) in files {
        let header = Layer::read_header(&mut file)?;
        let blocks = common.get_or_insert(header.extent);
        if *blocks != header.extent || device.family != Family::Fba {
            return Err(file.damaged(8, "this file is of another kind of pack, or size, than the first"));
        }
        let units = header.extent.div_ceil(GROUP_BLOCKS);
        let tables = Tables::read(&mut file, &header, units, device.form == Form::Shadow)?;
        layers.push(Layer { file, device, header, tables });
    }
    let Some(blocks) = common else { return Err(nothing()) };
    Ok(Pack::Blocks(CompressedBlocks { store: Store::new(layers, Shape::Groups), base, blocks, group: Vec::new() }))
}

/// Makes the last file ready for writing, if it may be written. What who wrote to it last left unfinished is put in order.
fn prepare(store: &mut Store, notes: &mut Vec<String>) -> Result<(), MediaError> {
    let shape = store.shape;
    let last = store.last();
    let unfinished = last.header.options & OPENED != 0;
    let name = last.file.name().to_owned();
    if last.file.is_read_only() {
        if unfinished {
            notes.push(format!("{name}: was not closed by who wrote to it last, and can only be read now"));
        }
        return Ok(());
    }
    let problems = last.problems(shape);
    if unfinished {
        let mended = store.mend(false, &mut |_, _| {})?;
        notes.push(format!("{name}: was not closed by who wrote to it last: {mended}"));
    } else if let Some(first) = problems.first() {
        let more = problems.len() - 1;
        let what = format!("{}, and so do {more} more: check and repair the image", check::describe(first, shape));
        return Err(last.file.damaged(first.offset, what));
    } else {
        store.prepare_writing();
    }
    Ok(())
}
