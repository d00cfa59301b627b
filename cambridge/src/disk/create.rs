//! `cambridge disk create`: an empty pack.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use devices::{
    dasd::geometry::{MODELS, Model},
    media::{
        Medium,
        disk::{
            Compression, Image, Packing, create_blocks, create_shadow, open,
            volume::{
                self,
                initialize::{InitializeError, Place, initialize},
            },
        },
    },
};
use s370_arch::ebcdic::from_text;

use super::{
    DiskError, Outcome,
    files::media,
    split::{self, Plan, Split},
    target::Target,
};
use crate::files::Purpose;

pub const ABOUT: &str = "Make an image of an empty pack, or a shadow file";

pub const LONG_ABOUT: &str = "\
Make an image of an empty pack, or a shadow file.

A pack of tracks is initialized: each track has its home address, record 0 and an end-of-file record, as the disk \
initialization programs leave them. With --label there is a volume label too, without a volume table of contents: OS and \
DOS initialize a pack themselves (IBCDASDI, IEHDASDR, INTDK) before they use it, CP and CMS format theirs. With --volser \
there is a label with an empty volume table of contents, as IBCDASDI leaves it: OS can use the pack at once. Alternate \
cylinders are there unless --cylinders says otherwise.

Models of tracks: 2305-1, 2305-2, 2311, 2314, 3330-1, 3330-11, 3340-35, 3340-70, 3350, 3375, 3380-A, 3380-E, 3380-K. \
Models of blocks: 3310, 3370-1, 3370-2. A name without its number is the smallest of its type.";

pub const EXAMPLES: &str = "\
Examples:
  A 3330 for IBCDASDI, compressed:
    cambridge disk create dliba2.cckd --model 3330 --compress zlib
  A 3350 that OS can use, its table of contents on 30 tracks from cylinder 277 on:
    cambridge disk create work01.ckd --model 3350 --volser WORK01 --vtoc 8310,30
  A large pack, in as many files as keep each below 2 GiB (sys_1.ckd, sys_2.ckd, ...):
    cambridge disk create sys.ckd --model 3380-K --split 2G
  A minidisk of ten cylinders:
    cambridge disk create work.ckd --model 3350 --cylinders 10 --label WORK01
  A shadow file, so that a pack stays as it is:
    cambridge disk create today.shadow --shadow-of dliba1.cckd
  A 3370, and a smaller pack of blocks:
    cambridge disk create data.fba --model 3370
    cambridge disk create small.fba --blocks 20000 --compress bzip2";

/// How an image is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Compress {
    /// A plain image
    None,
    /// A compressed image: quick
    Zlib,
    /// A compressed image: smaller, slower
    Bzip2,
}

impl Compress {
    pub const fn packing(self) -> Packing {
        match self {
            Compress::None => None,
            Compress::Zlib => Some(Compression::Zlib),
            Compress::Bzip2 => Some(Compression::Bzip2),
        }
    }
}

/// The options of `cambridge disk create`.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The image to be made
    #[arg(value_name = "IMAGE")]
    image: PathBuf,
    /// Model of the device
    #[arg(long, value_name = "NAME", value_parser = parse_kind, required_unless_present_any = ["blocks", "shadow_of"])]
    model: Option<Kind>,
    /// Cylinders, instead of as many as the model has with its alternates
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=65536), requires = "model")]
    cylinders: Option<u32>,
    /// Make a pack of so many 512-byte blocks
    #[arg(long, value_name = "N", conflicts_with_all = ["model", "cylinders", "label"],
        value_parser = clap::value_parser!(u32).range(1..))]
    blocks: Option<u32>,
    /// Volume serial number for a label: up to six characters
    #[arg(long, value_name = "SERIAL", value_parser = parse_serial)]
    label: Option<Serial>,
    /// Volume serial number for a label with a volume table of contents: up to six characters
    #[arg(long, value_name = "SERIAL", value_parser = parse_serial, requires = "model", conflicts_with = "label")]
    volser: Option<Serial>,
    /// Where the table of contents is: first track, counted from the pack's beginning, and tracks (decimal); the rest of the
    /// first cylinder otherwise
    #[arg(long, value_name = "TRACK,TRACKS", value_parser = parse_place, requires = "volser")]
    vtoc: Option<Place>,
    /// Make a shadow file of this image, and of its own shadow files if it has some
    #[arg(long, value_name = "IMAGE", num_args = 1.., conflicts_with_all = ["model", "cylinders", "blocks", "label", "volser"])]
    shadow_of: Vec<PathBuf>,
    /// How to keep tracks or blocks: a plain image otherwise, and zlib in a shadow file
    #[arg(long, value_enum, value_name = "HOW")]
    compress: Option<Compress>,
    /// Keep a plain pack of tracks in several files, each with whole cylinders and shorter than this (a number, or one with
    /// K, M or G behind it, up to 2G): NAME_1.EXT, NAME_2.EXT and so on, as Hercules has them
    #[arg(long, value_name = "LENGTH", value_parser = split::parse, conflicts_with_all = ["blocks", "shadow_of"])]
    split: Option<Split>,
    /// Replace an existing file
    #[arg(long)]
    replace: bool,
}

/// What a model's name stands for.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Tracks(&'static Model),
    Blocks(u32),
}

/// Blocks of the models that have them (GA26-1657 for the 3370).
const BLOCK_MODELS: [(&str, u32); 4] = [("3310", 125_664), ("3370", 558_000), ("3370-1", 558_000), ("3370-2", 712_752)];

fn parse_kind(text: &str) -> Result<Kind, String> {
    let name = text.to_ascii_uppercase();
    let blocks = BLOCK_MODELS.iter().find(|(known, _)| *known == name).map(|(_, blocks)| Kind::Blocks(*blocks));
    blocks.or_else(|| Model::named(&name).map(Kind::Tracks)).ok_or_else(|| {
        let tracks = MODELS.iter().map(|model| model.name);
        let known: Vec<_> = tracks.chain(BLOCK_MODELS.iter().map(|(name, _)| *name)).collect();
        format!("there is no model {text}; there are {}", known.join(", "))
    })
}

/// A volume serial number in EBCDIC.
#[derive(Clone, Copy, Debug)]
struct Serial([u8; 6]);

fn parse_serial(text: &str) -> Result<Serial, String> {
    let valid = |c: char| c.is_ascii_alphanumeric() || matches!(c, '$' | '#' | '@' | '-');
    if text.is_empty() || text.len() > 6 || !text.chars().all(valid) {
        return Err("a serial number is one to six letters, digits, $, #, @ or hyphens".to_owned());
    }
    let mut serial = [0x40; 6];
    let ebcdic = from_text(&text.to_ascii_uppercase());
    serial.iter_mut().zip(ebcdic).for_each(|(to, from)| *to = from);
    Ok(Serial(serial))
}

fn parse_place(text: &str) -> Result<Place, String> {
    let numbers = text.split_once(',').and_then(|(first, tracks)| Some((first.parse().ok()?, tracks.parse().ok()?)));
    let (first, tracks) =
        numbers.ok_or("a place is the number of a track, a comma, and how many tracks, such as 1,18")?;
    Ok(Place { first, tracks })
}

impl Options {
    pub fn run(&self) -> Result<Outcome, DiskError> {
        let packing = self.compress.and_then(Compress::packing);
        if let (Some(Kind::Tracks(model)), true) = (self.model, self.shadow_of.is_empty()) {
            let cylinders = self.cylinders.unwrap_or(model.cylinders());
            let plan = Plan::new(&self.image, self.split, model, cylinders)?;
            let target = Target::new(&plan.places, self.replace)?;
            plan.create(&target, model, cylinders, packing)?;
            self.write_label(&target)?;
            return target.keep().map(|()| Outcome::Good);
        }
        let target = Target::new(std::slice::from_ref(&self.image), self.replace)?;
        for medium in target.create()? {
            self.create_one(medium, packing)?;
        }
        target.keep().map(|()| Outcome::Good)
    }

    /// Makes what is always in one file: a shadow file, or a pack of blocks.
    fn create_one(&self, medium: Box<dyn Medium>, packing: Packing) -> Result<(), DiskError> {
        if !self.shadow_of.is_empty() {
            let compression = match self.compress {
                Some(Compress::None) => Compression::None,
                Some(Compress::Bzip2) => Compression::Bzip2,
                Some(Compress::Zlib) | None => Compression::Zlib,
            };
            return Ok(create_shadow(media(&self.shadow_of, Purpose::Read)?, medium, compression)?);
        }
        let has_tracks = self.cylinders.is_some() || self.label.or(self.volser).is_some() || self.split.is_some();
        match (self.model, self.blocks) {
            (Some(Kind::Blocks(_)), _) if has_tracks => Err(DiskError::Options(
                "a pack of blocks has neither cylinders nor a label on a track, and is in one file".to_owned(),
            )),
            (Some(Kind::Blocks(blocks)), _) | (None, Some(blocks)) => Ok(create_blocks(medium, blocks, packing)?),
            (Some(Kind::Tracks(_)) | None, _) => Err(DiskError::Options("a model is needed".to_owned())),
        }
    }

    /// Writes label and table of contents, as far as they are asked for.
    fn write_label(&self, target: &Target) -> Result<(), DiskError> {
        let Some(Serial(serial)) = self.label.or(self.volser) else { return Ok(()) };
        if let Image::Ckd(mut pack) = open(target.open(Purpose::Write)?)?.image {
            if self.volser.is_some() {
                let place = self.vtoc.unwrap_or(Place::usual(pack.model()));
                initialize(&mut *pack, serial, place).map_err(|error| match error {
                    InitializeError::Media(error) => DiskError::Media(error),
                    error @ InitializeError::Place { .. } => DiskError::Options(error.to_string()),
                })?;
            } else {
                volume::write_label(&mut *pack, serial)?;
            }
            pack.settle()?;
        }
        Ok(())
    }
}
