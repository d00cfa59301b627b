//! Disk drives: with count, key and data tracks, and with fixed blocks.

use std::path::Path;

use devices::{
    dasd::{
        BlockPack, CkdPack,
        ckd::CkdDrive,
        fba::{FixedBlockDrive, MODELS as BLOCK_MODELS},
        geometry::Model,
    },
    media::{
        Medium,
        disk::{self, Compression, Image},
    },
};

use super::{Built, open_for_reading, open_for_writing};
use crate::{
    configuration::device::{Address, Options},
    disk::files::complete,
    files::{HostFile, Purpose},
};

pub(super) fn build(address: Address, name: &str, options: &Options) -> Result<Built, String> {
    let model = Model::named(name).ok_or_else(|| format!("{name} is not a disk drive"))?;
    let mut drive = CkdDrive::empty(model);
    drive.set_number(address.0 as u8 & 7);
    let notes = if options.files("file").is_empty() { Vec::new() } else { mount(&mut drive, options)? };
    Ok(Built { device: Box::new(drive), notes })
}

/// Puts a pack in, in place of what is there.
pub(super) fn mount(drive: &mut CkdDrive, options: &Options) -> Result<Vec<String>, String> {
    let mut notes = Vec::new();
    // The old files are closed first: the new ones may be the same.
    drop(drive.unmount());
    let media = open(options, &mut notes)?;
    let opened = disk::open(media).map_err(|error| error.to_string())?;
    notes.extend(opened.notes);
    let pack: Box<dyn CkdPack> = match opened.image {
        Image::Ckd(pack) => pack,
        Image::Block(pack) => return Err(format!("{}: a pack of fixed blocks does not fit", pack.name())),
    };
    drive.mount(pack).map_err(|error| error.to_string())?;
    Ok(notes)
}

/// Opens the files of a pack, those that are beneath others for reading only. Of a pack in several files the first is
/// enough. A shadow file that does not exist is made.
pub(super) fn open(options: &Options, notes: &mut Vec<String>) -> Result<Vec<Box<dyn Medium>>, String> {
    let (files, shadows) = (options.files("file"), options.files("shadows"));
    if files.is_empty() {
        return Err("a pack needs a file".to_owned());
    }
    let read_only = options.flag("read-only") == Some(true);
    let base_is_written = shadows.is_empty() && !read_only;
    let files = complete(files).map_err(|error| error.to_string())?;
    let all: Vec<&Path> = files.iter().chain(shadows).map(AsRef::as_ref).collect();
    let mut media: Vec<Box<dyn Medium>> = Vec::new();
    for (n, &path) in all.iter().enumerate() {
        let is_last = n + 1 == all.len();
        if is_last && !shadows.is_empty() && !read_only && !path.exists() {
            make_shadow(&all[..n], path)?;
            notes.push(format!("{}: a new shadow file", path.display()));
        }
        // A pack in several files is written in all of them.
        let is_written = !read_only && (is_last || base_is_written);
        media.push(Box::new(if is_written { open_for_writing(path, notes)? } else { open_for_reading(path)? }));
    }
    Ok(media)
}

fn make_shadow(beneath: &[&Path], path: &Path) -> Result<(), String> {
    let mut media: Vec<Box<dyn Medium>> = Vec::new();
    for path in beneath {
        media.push(Box::new(open_for_reading(path)?));
    }
    let new = HostFile::open(path, Purpose::Create).map_err(|error| error.to_string())?;
    disk::create_shadow(media, Box::new(new), Compression::Zlib).map_err(|error| error.to_string())
}

pub(super) fn unmount(drive: &mut CkdDrive) {
    drop(drive.unmount());
}

pub(super) fn describe(drive: &CkdDrive) -> String {
    match drive.pack() {
        None => ": no pack".to_owned(),
        Some(pack) => {
            let read_only = if pack.is_read_only() { ", read-only" } else { "" };
            let (cylinder, head) = drive.address();
            format!(": {}{read_only}, at cylinder {cylinder} head {head}", pack.name())
        }
    }
}

pub(super) fn build_of_blocks(name: &str, options: &Options) -> Result<Built, String> {
    let model = BLOCK_MODELS.iter().find(|model| model.name == name);
    let mut drive = FixedBlockDrive::new(model.ok_or_else(|| format!("{name} is not a disk drive"))?);
    let notes = if options.files("file").is_empty() { Vec::new() } else { mount_blocks(&mut drive, options)? };
    Ok(Built { device: Box::new(drive), notes })
}

/// Puts a pack of blocks in, in place of what is there.
pub(super) fn mount_blocks(drive: &mut FixedBlockDrive, options: &Options) -> Result<Vec<String>, String> {
    let mut notes = Vec::new();
    // The old files are closed first: the new ones may be the same.
    drop(drive.unmount());
    let media = open(options, &mut notes)?;
    let opened = disk::open(media).map_err(|error| error.to_string())?;
    notes.extend(opened.notes);
    let pack: Box<dyn BlockPack> = match opened.image {
        Image::Block(pack) => pack,
        Image::Ckd(pack) => return Err(format!("{}: a pack of tracks does not fit", pack.name())),
    };
    drop(drive.mount(pack));
    Ok(notes)
}

pub(super) fn unmount_blocks(drive: &mut FixedBlockDrive) {
    drop(drive.unmount());
}

pub(super) fn describe_blocks(drive: &FixedBlockDrive) -> String {
    match drive.pack() {
        None => ": no pack".to_owned(),
        Some(pack) => {
            let read_only = if pack.is_read_only() { ", read-only" } else { "" };
            format!(": {}{read_only}, {} blocks", pack.name(), pack.blocks())
        }
    }
}
