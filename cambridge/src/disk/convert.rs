//! `cambridge disk convert`: an image in another form.

use std::path::PathBuf;

use clap::Args;
use devices::{
    dasd::{BlockPack, CkdPack},
    media::disk::{Image, create_blocks, open, track},
};

use super::{
    DiskError, ImageFiles, Outcome,
    create::Compress,
    files::media,
    split::{self, Plan, Split},
    target::Target,
};
use crate::{files::Purpose, outputs::say, progress::Progress};

pub const ABOUT: &str = "Copy an image to one of another form";

pub const LONG_ABOUT: &str = "\
Copy an image to one of another form: plain to compressed, compressed to plain, zlib to bzip2, several files to one, an \
image and its shadow files to one image without them, and, with --split, one file to several. Tracks stay tracks, and \
blocks stay blocks. The copy is read again and compared before it gets its name; until then it is beside its place under \
another.

A compressed copy of a compressed image has no free space in it: this is also the way to shrink one.";

pub const EXAMPLES: &str = "\
Examples:
  cambridge disk convert dliba1.cckd -o dliba1.ckd
  cambridge disk convert dliba1.ckd -o dliba1.cckd --compress zlib
  cambridge disk convert dliba1.cckd today.shadow -o merged.cckd --compress zlib
  cambridge disk convert pack_1.ckd -o pack.ckd
  cambridge disk convert pack.cckd -o pack.ckd --split 2G    (to pack_1.ckd, pack_2.ckd, ...)";

/// Blocks that are copied at a time.
const PIECE: u32 = 120;

/// The options of `cambridge disk convert`.
#[derive(Debug, Args)]
pub(super) struct Options {
    #[command(flatten)]
    image: ImageFiles,
    /// The copy to be made
    #[arg(short, long, value_name = "IMAGE")]
    output: PathBuf,
    /// How to keep tracks or blocks
    #[arg(long, value_enum, value_name = "HOW", default_value = "none")]
    compress: Compress,
    /// Keep a plain copy of tracks in several files, each with whole cylinders and shorter than this (a number, or one with
    /// K, M or G behind it, up to 2G): NAME_1.EXT, NAME_2.EXT and so on, as Hercules has them
    #[arg(long, value_name = "LENGTH", value_parser = split::parse)]
    split: Option<Split>,
    /// Replace an existing file
    #[arg(long)]
    replace: bool,
}

impl Options {
    pub fn run(&self) -> Result<Outcome, DiskError> {
        let source = open(media(&self.image.files, Purpose::Read)?)?;
        for note in &source.notes {
            say(&format!("cambridge disk convert: {note}\n"));
        }
        let target = match source.image {
            Image::Ckd(source) => self.convert_tracks(source)?,
            Image::Block(_) if self.split.is_some() => {
                return Err(DiskError::Options("--split: a pack of blocks is in one file".to_owned()));
            }
            Image::Block(source) => self.convert_blocks(source)?,
        };
        target.keep().map(|()| Outcome::Good)
    }

    fn convert_tracks(&self, mut source: Box<dyn CkdPack>) -> Result<Target, DiskError> {
        let (model, cylinders) = (source.model(), source.cylinders());
        let plan = Plan::new(&self.output, self.split, model, cylinders)?;
        let target = Target::new(&plan.places, self.replace)?;
        plan.create(&target, model, cylinders, self.compress.packing())?;
        if let Image::Ckd(mut copy) = open(target.open(Purpose::Write)?)?.image {
            copy_tracks(&mut *source, &mut *copy)?;
        }
        if let Image::Ckd(mut copy) = open(target.open(Purpose::Read)?)?.image {
            compare_tracks(&mut *source, &mut *copy)?;
        }
        Ok(target)
    }

    fn convert_blocks(&self, mut source: Box<dyn BlockPack>) -> Result<Target, DiskError> {
        let target = Target::new(std::slice::from_ref(&self.output), self.replace)?;
        for medium in target.create()? {
            create_blocks(medium, source.blocks(), self.compress.packing())?;
        }
        if let Image::Block(mut copy) = open(target.open(Purpose::Write)?)?.image {
            copy_blocks(&mut *source, &mut *copy)?;
        }
        if let Image::Block(mut copy) = open(target.open(Purpose::Read)?)?.image {
            compare_blocks(&mut *source, &mut *copy)?;
        }
        Ok(target)
    }
}

fn copy_tracks(source: &mut dyn CkdPack, copy: &mut dyn CkdPack) -> Result<(), DiskError> {
    let mut progress = Progress::new("copying");
    let tracks = source.cylinders() * source.model().heads;
    let mut image = Vec::new();
    for number in 0..tracks {
        progress.at(number.into(), tracks.into());
        source.read_track(number, &mut image)?;
        let used = track::used(&image).unwrap_or(image.len());
        copy.write_track(number, &image, 0..used)?;
    }
    Ok(copy.settle()?)
}

fn compare_tracks(source: &mut dyn CkdPack, copy: &mut dyn CkdPack) -> Result<(), DiskError> {
    let mut progress = Progress::new("comparing");
    let tracks = source.cylinders() * source.model().heads;
    let (mut image, mut copied) = (Vec::new(), Vec::new());
    for number in 0..tracks {
        progress.at(number.into(), tracks.into());
        source.read_track(number, &mut image)?;
        copy.read_track(number, &mut copied)?;
        let used = track::used(&image).unwrap_or(image.len());
        if copied.get(..used) != image.get(..used) {
            return Err(DiskError::Image(format!("{}: track {number} is not what was written", copy.name())));
        }
    }
    Ok(())
}

fn copy_blocks(source: &mut dyn BlockPack, copy: &mut dyn BlockPack) -> Result<(), DiskError> {
    let mut progress = Progress::new("copying");
    let blocks = source.blocks();
    for first in (0..blocks).step_by(PIECE as usize) {
        progress.at(first.into(), blocks.into());
        let mut bytes = vec![0; PIECE.min(blocks - first) as usize * 512];
        source.read_blocks(first, &mut bytes)?;
        // What is zero is zero in a new image.
        if bytes.iter().any(|byte| *byte != 0) {
            copy.write_blocks(first, &bytes)?;
        }
    }
    Ok(copy.settle()?)
}

fn compare_blocks(source: &mut dyn BlockPack, copy: &mut dyn BlockPack) -> Result<(), DiskError> {
    let mut progress = Progress::new("comparing");
    let blocks = source.blocks();
    for first in (0..blocks).step_by(PIECE as usize) {
        progress.at(first.into(), blocks.into());
        let length = PIECE.min(blocks - first) as usize * 512;
        let (mut bytes, mut copied) = (vec![0; length], vec![0; length]);
        source.read_blocks(first, &mut bytes)?;
        copy.read_blocks(first, &mut copied)?;
        if bytes != copied {
            return Err(DiskError::Image(format!("{}: blocks from {first} on are not what was written", copy.name())));
        }
    }
    Ok(())
}
