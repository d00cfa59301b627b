//! Images of disk packs as media that are written to by a process that is killed.

use std::path::{Path, PathBuf};

use cambridge::{
    disk::files::media,
    files::{HostFile, Purpose},
};
use devices::{
    dasd::{BlockPack, CkdPack, geometry::Model},
    media::{
        Medium,
        disk::{Compression, Image, Packing, check, create_blocks, create_shadow, create_tracks, open, track},
    },
};

use super::{Step, Subject};
use crate::random::Rng;

/// More tracks than a level-2 table has entries.
const CYLINDERS: u32 = 30;
/// Not a whole number of groups.
const BLOCKS: u32 = 3700;
const BLOCK: usize = 512;
/// Every so many steps the image is compressed and compacted as when a drive is idle.
const SETTLING: u64 = 61;

/// All of them.
pub(super) fn subjects() -> Vec<Box<dyn Subject>> {
    let zlib = Some(Compression::Zlib);
    let tracks = [
        ("ckd", None, 0),
        ("cckd-none", Some(Compression::None), 0),
        ("cckd-zlib", zlib, 0),
        ("cckd-bzip2", Some(Compression::Bzip2), 0),
        ("ckd-shadow", None, 1),
        ("cckd-shadows", zlib, 2),
    ];
    let blocks = [("fba", None, 0), ("cfba", zlib, 0), ("fba-shadow", None, 1)];
    let tracks = tracks.map(|(name, packing, shadows)| Files { name, packing, shadows }).map(Tracks::boxed);
    let blocks = blocks.map(|(name, packing, shadows)| Files { name, packing, shadows }).map(Blocks::boxed);
    tracks.into_iter().chain(blocks).collect()
}

/// The files of an image.
#[derive(Clone, Copy, Debug)]
struct Files {
    name: &'static str,
    packing: Packing,
    shadows: u32,
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

impl Files {
    fn paths(&self, directory: &Path) -> Vec<PathBuf> {
        let shadows = (1..=self.shadows).map(|n| directory.join(format!("{}.shadow{n}", self.name)));
        std::iter::once(directory.join(format!("{}.image", self.name))).chain(shadows).collect()
    }

    /// Makes the shadow files of a base that is there.
    fn create_shadows(&self, directory: &Path) -> Result<(), String> {
        let paths = self.paths(directory);
        for n in 1..paths.len() {
            let beneath = media(&paths[..n], Purpose::Read).map_err(text)?;
            create_shadow(beneath, create(&paths[n])?, Compression::Zlib).map_err(text)?;
        }
        Ok(())
    }

    fn open(&self, directory: &Path) -> Result<Image, String> {
        Ok(open(media(&self.paths(directory), Purpose::Write).map_err(text)?).map_err(text)?.image)
    }

    /// Nothing may be wrong but that nobody closed the image; and nothing at all once it was opened.
    fn check(&self, directory: &Path) -> Result<(), String> {
        for closed in [false, true] {
            let files = media(&self.paths(directory), Purpose::Read).map_err(text)?;
            let mut findings = check(files, false, &mut |_, _| {}).map_err(text)?.findings;
            findings.retain(|finding| closed || !finding.contains("was not closed"));
            if !findings.is_empty() {
                return Err(format!("closed {closed}: {}", findings.join("; ")));
            }
            drop(self.open(directory)?);
        }
        Ok(())
    }

    /// Whether a write that was under way may be done in part.
    fn tears(&self) -> bool {
        self.packing.is_none() && self.shadows == 0
    }
}

fn create(path: &Path) -> Result<Box<dyn Medium>, String> {
    Ok(Box::new(HostFile::open(path, Purpose::Create).map_err(text)?))
}

/// The random numbers of a step.
fn numbers(seed: u64, step: u64) -> Rng {
    Rng::new(seed.wrapping_mul(1_000_003) ^ step)
}

/// Whether bytes are what they were or what they should become, or, if a write may be torn, each is one of them.
fn is_between(now: &[u8], old: &[u8], new: &[u8], tears: bool) -> bool {
    let mixed = || now.iter().zip(old.iter().zip(new)).all(|(now, (old, new))| now == old || now == new);
    now == old || now == new || tears && now.len() == old.len() && mixed()
}

/// A pack of tracks.
struct Tracks {
    files: Files,
    /// What each track holds, and the step up to which that is so.
    held: Vec<Vec<u8>>,
    at: u64,
}

impl Tracks {
    fn boxed(files: Files) -> Box<dyn Subject> {
        Box::new(Tracks { files, held: Vec::new(), at: 0 })
    }

    fn model() -> Result<&'static Model, String> {
        Model::named("2311").ok_or_else(|| "there is no 2311".to_owned())
    }

    fn pack(&self, directory: &Path) -> Result<Box<dyn CkdPack>, String> {
        match self.files.open(directory)? {
            Image::Ckd(pack) => Ok(pack),
            Image::Block(_) => Err("blocks".to_owned()),
        }
    }
}

/// The track that a step writes: its number, and its image up to the end mark.
fn track_of(seed: u64, step: u64) -> (u32, Vec<u8>) {
    let mut rng = numbers(seed, step);
    let number = if rng.chance(80) { rng.below(24) } else { rng.below(CYLINDERS * 10) };
    let place = ((number / 10) as u16, (number % 10) as u16);
    let mut image = track::home_address(place.0, place.1).to_vec();
    track::push(&mut image, (place.0, place.1, 0), &[], &[0; 8]);
    for record in 1..=rng.below(5) as u8 {
        let noisy = rng.chance(30);
        let data: Vec<u8> = (0..rng.below(700)).map(|n| if noisy { rng.u32() as u8 } else { (n / 9) as u8 }).collect();
        track::push(&mut image, (place.0, place.1, record), &[0xC1; 3][..rng.below(4) as usize], &data);
    }
    image.extend(track::END);
    (number, image)
}

impl Subject for Tracks {
    fn name(&self) -> &'static str {
        self.files.name
    }

    fn create(&self, directory: &Path) -> Result<(), String> {
        let base = create(&self.files.paths(directory)[0])?;
        create_tracks(base, Tracks::model()?, CYLINDERS, self.files.packing).map_err(text)?;
        self.files.create_shadows(directory)
    }

    fn writer(&self, directory: &Path, seed: u64) -> Result<Step, String> {
        let mut pack = self.pack(directory)?;
        Ok(Box::new(move |step| {
            let (number, image) = track_of(seed, step);
            pack.write_track(number, &image, 0..image.len()).map_err(text)?;
            if step.is_multiple_of(SETTLING) { pack.settle().map_err(text) } else { Ok(()) }
        }))
    }

    fn verify(&mut self, directory: &Path, seed: u64, done: u64) -> Result<(), String> {
        self.files.check(directory)?;
        let size = Tracks::model()?.image_track() as usize;
        if self.held.is_empty() {
            for number in 0..CYLINDERS * 10 {
                let mut image = Vec::new();
                let _ = track::null(0, (number / 10) as u16, (number % 10) as u16, &mut image);
                image.resize(size, 0);
                self.held.push(image);
            }
        }
        let plain = self.files.tears();
        let write = |held: &mut Vec<u8>, image: &[u8]| {
            held[..image.len()].copy_from_slice(image);
            if !plain {
                held[image.len()..].fill(0);
            }
        };
        for step in self.at + 1..=done {
            let (number, image) = track_of(seed, step);
            write(&mut self.held[number as usize], &image);
        }
        self.at = done + 1;
        let (under_way, image) = track_of(seed, done + 1);
        let mut pack = self.pack(directory)?;
        let mut now = Vec::new();
        for (number, held) in (0..).zip(&mut self.held) {
            pack.read_track(number, &mut now).map_err(text)?;
            let mut new = held.clone();
            if number == under_way {
                write(&mut new, &image);
            }
            if !is_between(&now, held, &new, plain) {
                let what = if number == under_way { "what was under way tore" } else { "what was complete is lost" };
                return Err(format!("track {number}: {what}"));
            }
            held.clone_from(&now);
        }
        Ok(())
    }
}

/// A pack of blocks.
struct Blocks {
    files: Files,
    held: Vec<u8>,
    at: u64,
}

impl Blocks {
    fn boxed(files: Files) -> Box<dyn Subject> {
        Box::new(Blocks { files, held: vec![0; BLOCKS as usize * BLOCK], at: 0 })
    }

    fn pack(&self, directory: &Path) -> Result<Box<dyn BlockPack>, String> {
        match self.files.open(directory)? {
            Image::Block(pack) => Ok(pack),
            Image::Ckd(_) => Err("tracks".to_owned()),
        }
    }
}

/// The blocks that a step writes: the first's number, and their bytes.
fn blocks_of(seed: u64, step: u64) -> (u32, Vec<u8>) {
    let mut rng = numbers(seed, step);
    let (range, most) = (rng.pick(&[400, 400, 400, BLOCKS]), rng.pick(&[8, 8, 8, 300]));
    let first = rng.below(range);
    let count = (1 + rng.below(most)).min(BLOCKS - first);
    let noise = rng.u32();
    let bytes = (0..count * BLOCK as u32).map(|n| (n / 5).wrapping_mul(noise).rotate_left(7) as u8).collect();
    (first, bytes)
}

impl Subject for Blocks {
    fn name(&self) -> &'static str {
        self.files.name
    }

    fn create(&self, directory: &Path) -> Result<(), String> {
        create_blocks(create(&self.files.paths(directory)[0])?, BLOCKS, self.files.packing).map_err(text)?;
        self.files.create_shadows(directory)
    }

    fn writer(&self, directory: &Path, seed: u64) -> Result<Step, String> {
        let mut pack = self.pack(directory)?;
        Ok(Box::new(move |step| {
            let (first, bytes) = blocks_of(seed, step);
            pack.write_blocks(first, &bytes).map_err(text)?;
            if step.is_multiple_of(SETTLING) { pack.settle().map_err(text) } else { Ok(()) }
        }))
    }

    fn verify(&mut self, directory: &Path, seed: u64, done: u64) -> Result<(), String> {
        self.files.check(directory)?;
        let write = |held: &mut [u8], (first, bytes): (u32, Vec<u8>)| {
            held[first as usize * BLOCK..][..bytes.len()].copy_from_slice(&bytes);
        };
        for step in self.at + 1..=done {
            write(&mut self.held, blocks_of(seed, step));
        }
        self.at = done + 1;
        let mut new = self.held.clone();
        write(&mut new, blocks_of(seed, done + 1));
        let mut now = vec![0; self.held.len()];
        self.pack(directory)?.read_blocks(0, &mut now).map_err(text)?;
        // A write of blocks in several groups may be done in some of them, or, in a plain image, in part of a block.
        let piece = if self.files.tears() { 1 } else { BLOCK };
        let pieces = now.chunks(piece).zip(self.held.chunks(piece).zip(new.chunks(piece)));
        for (at, (now, (old, new))) in pieces.enumerate() {
            if !is_between(now, old, new, false) {
                return Err(format!("block {} is neither what it was nor what it should become", at * piece / BLOCK));
            }
        }
        self.held = now;
        Ok(())
    }
}
