//! `cambridge tape copy`.

use std::{
    fs,
    io::Write,
    ops::RangeInclusive,
    path::{Path, PathBuf},
};

use clap::{Args, ValueEnum};
use devices::media::reel::{self, Format, Packing, Reel};

use super::{
    TapeError, counted, open,
    walk::{Item, walk},
};
use crate::{
    files::{HostFile, Purpose},
    outputs::FileError,
};

pub(super) const ABOUT: &str = "Copy a tape, or some of its files, to an image of the same or another format";

pub(super) const LONG_ABOUT: &str = "\
Copy a tape, or some of its files, to an image of the same or another format.

The format of the copy is what its name says (.het HET, .fkt or .faketape FakeTape, otherwise AWSTAPE) unless --format \
says it. A copy of the whole tape has its tape marks exactly; of selected files each has the tape mark that followed it, \
and one more ends the tape.

The copy appears under its name when it is complete, never before. An incomplete block at the end of the source, left by \
a program that died, is not copied, and a message says so: that is how to make such a tape whole.";

pub(super) const EXAMPLES: &str = "\
Examples:
  Compress a tape as far as it goes:
    cambridge tape copy starter.aws starter.het --method bzip2
  Take the first file and those from the third to the fifth:
    cambridge tape copy starter.aws part.aws --files 1,3-5";

#[derive(Debug, Args)]
pub(super) struct Options {
    /// Tape image to read
    #[arg(value_name = "FROM")]
    from: PathBuf,
    /// Tape image to write
    #[arg(value_name = "TO")]
    to: PathBuf,
    /// Format of the copy: aws, het or faketape
    #[arg(short, long, value_name = "FORMAT", value_parser = str::parse::<Format>)]
    format: Option<Format>,
    /// How to compress a HET copy
    #[arg(short, long, value_name = "METHOD", default_value = "zlib")]
    method: Method,
    /// Copy only these files, counted from 1: numbers and ranges with commas between them, as `ls` shows them
    #[arg(long, value_name = "LIST", value_parser = parse_list)]
    files: Option<Selection>,
    /// Write over an image that exists
    #[arg(long)]
    replace: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Method {
    Zlib,
    Bzip2,
    /// zlib, marked as Bus-Tech's controllers do
    Bustech,
    /// No compression
    None,
}

/// Files that are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Selection(Vec<RangeInclusive<u64>>);

impl Selection {
    fn has(&self, number: u64) -> bool {
        self.0.iter().any(|range| range.contains(&number))
    }

    /// The highest number that was named.
    fn highest(&self) -> u64 {
        self.0.iter().map(|range| *range.end()).filter(|&end| end != u64::MAX).max().unwrap_or(0)
    }
}

fn parse_list(text: &str) -> Result<Selection, String> {
    let number = |text: &str| match text.parse::<u64>() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err(format!("`{text}` is no file number: they begin with 1")),
    };
    let ranges = text.split(',').map(|part| {
        let range = match part.split_once('-') {
            None => number(part).map(|number| number..=number)?,
            Some((first, "")) => number(first)?..=u64::MAX,
            Some((first, last)) => number(first)?..=number(last)?,
        };
        if range.is_empty() { Err(format!("`{part}` has no files")) } else { Ok(range) }
    });
    ranges.collect::<Result<_, _>>().map(Selection)
}

/// A file that vanishes unless it is put in its place.
struct Staged {
    temporary: PathBuf,
    target: PathBuf,
}

impl Staged {
    fn new(target: &Path) -> Staged {
        // A symbolic link stays one.
        let target = fs::canonicalize(target).unwrap_or_else(|_| target.to_owned());
        let name = target.file_name().unwrap_or_default().to_string_lossy();
        let temporary = target.with_file_name(format!(".{name}.{}", std::process::id()));
        Staged { temporary, target }
    }

    fn commit(self) -> Result<(), TapeError> {
        Ok(fs::rename(&self.temporary, &self.target).map_err(FileError::of(&self.target))?)
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        // It may be in its place already, or never have been written.
        let _ = fs::remove_file(&self.temporary);
    }
}

#[derive(Default)]
struct Counts {
    files: u64,
    blocks: u64,
    bytes: u64,
}

impl Options {
    pub(super) fn execute(&self, output: &mut dyn Write) -> Result<(), TapeError> {
        let mut from = open(&self.from)?;
        self.check_target()?;
        let staged = Staged::new(&self.to);
        let mut to = self.create(&staged.temporary)?;
        let counts = self.copy(&mut *from, &mut *to)?;
        staged.commit()?;
        writeln!(
            output,
            "{}: {}, {}, {}, {} of {} in the image",
            self.to.display(),
            counted(counts.files, "file"),
            counted(counts.blocks, "block"),
            counted(counts.bytes, "byte"),
            counted(to.offset(), "byte"),
            to.format(),
        )?;
        Ok(())
    }

    /// What is to be written over is not the source, and nobody has it open.
    fn check_target(&self) -> Result<(), TapeError> {
        if !self.to.exists() {
            return Ok(());
        }
        let identity = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        if identity(&self.from) == identity(&self.to) {
            return Err(TapeError::Itself(self.to.clone()));
        }
        if !self.replace {
            return Err(TapeError::Exists(self.to.clone()));
        }
        HostFile::open(&self.to, Purpose::Write)?;
        Ok(())
    }

    fn create(&self, path: &Path) -> Result<Box<dyn Reel>, TapeError> {
        let file = HostFile::open(path, Purpose::Create)?;
        let format = self.format.unwrap_or_else(|| Format::of_name(&self.to.to_string_lossy()));
        let packing = match self.method {
            Method::Zlib => Packing::Zlib,
            Method::Bzip2 => Packing::Bzip2,
            Method::Bustech => Packing::BusTech,
            Method::None => Packing::Plain,
        };
        let options = reel::Options { protect: false, format: Some(format), packing: Some(packing) };
        Ok(reel::open(Box::new(file), options)?)
    }

    fn copy(&self, from: &mut dyn Reel, to: &mut dyn Reel) -> Result<Counts, TapeError> {
        let mut counts = Counts::default();
        let mut number = 1;
        let mut is_open = false;
        walk(&self.from, from, |item| {
            let is_wanted = self.files.as_ref().is_none_or(|files| files.has(number));
            match item {
                Item::Block(block) => {
                    if is_wanted {
                        to.write_block(block)?;
                        counts.blocks += 1;
                        counts.bytes += block.len() as u64;
                        counts.files += u64::from(!is_open);
                    }
                    is_open = true;
                }
                Item::TapeMark => {
                    if is_wanted {
                        to.write_tape_mark()?;
                        counts.files += u64::from(!is_open);
                    }
                    is_open = false;
                    number += 1;
                }
            }
            Ok(())
        })?;
        if let Some(files) = &self.files {
            let last = if is_open { number } else { number - 1 };
            if files.highest() > last {
                let file = self.from.display().to_string();
                return Err(TapeError::NoFile { file, number: files.highest(), files: last });
            }
            to.write_tape_mark()?;
        }
        Ok(counts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_files() {
        let list = parse_list("1,3-5,8-").unwrap();
        let has: Vec<u64> = (1..=10).filter(|&number| list.has(number)).collect();
        assert_eq!(has, [1, 3, 4, 5, 8, 9, 10]);
        assert_eq!(list.highest(), 5);
        for wrong in ["", "0", "x", "3-2", "1,,2", "-3"] {
            assert!(parse_list(wrong).is_err(), "{wrong}");
        }
    }
}
