//! `cambridge tape ls`.

use std::{collections::BTreeMap, io::Write, path::PathBuf};

use clap::Args;

use super::{
    TapeError,
    contents::Contents,
    counted, open,
    walk::{Item, walk},
};

pub(super) const ABOUT: &str = "List the files of a tape: blocks, labels, CMS files, decks";

pub(super) const LONG_ABOUT: &str = "\
List the files of a tape, with what is recognized in them:

  standard labels (VOL1, HDR1, HDR2, EOF1 ...), with data set names and dates;
  CMS files written by TAPE DUMP or VMFPLC2, with name, format, records and date;
  object decks, with the names of their control sections;
  other card images, with the first that can be read;
  anything else by the lengths of its blocks, and its first bytes if they are text.

Files are numbered from 1, as `cambridge tape copy --files` takes them. A file without blocks lies between two tape \
marks.";

pub(super) const EXAMPLES: &str = "\
Examples:
  See what is on a tape:
    cambridge tape ls vmsup.het
  See each block's number and length:
    cambridge tape ls --blocks vmsup.het";

#[derive(Debug, Args)]
pub(super) struct Options {
    /// Tape image
    #[arg(value_name = "IMAGE")]
    image: PathBuf,
    /// Show the number and length of each block; numbers count blocks and tape marks from 0
    #[arg(short, long)]
    blocks: bool,
}

/// A file, as far as it was read.
#[derive(Default)]
struct File {
    blocks: u64,
    bytes: u64,
    lengths: BTreeMap<usize, u64>,
    contents: Contents,
    /// A line for each block, if that is wanted.
    each: Vec<String>,
}

/// Lengths of which a file's line gives the number.
const LENGTHS_SHOWN: usize = 4;

impl File {
    fn add(&mut self, block: &[u8]) {
        self.blocks += 1;
        self.bytes += block.len() as u64;
        *self.lengths.entry(block.len()).or_default() += 1;
        self.contents.add(block);
    }

    fn sizes(&self) -> String {
        let (Some((shortest, _)), Some((longest, _))) = (self.lengths.first_key_value(), self.lengths.last_key_value())
        else {
            return "empty".to_owned();
        };
        let blocks = counted(self.blocks, "block");
        if shortest == longest {
            return format!("{blocks} of {longest} bytes");
        }
        let mut common: Vec<_> = self.lengths.iter().map(|(length, count)| (count, length)).collect();
        common.sort_by(|a, b| b.cmp(a));
        let shown: Vec<_> =
            common.iter().take(LENGTHS_SHOWN).map(|(count, length)| format!("{count} of {length}")).collect();
        let others = if common.len() > LENGTHS_SHOWN { ", ..." } else { "" };
        format!("{blocks} of {shortest} to {longest} bytes ({}{others}), {} in all", shown.join(", "), self.bytes)
    }

    fn show(self, number: u64, output: &mut dyn Write) -> Result<(), TapeError> {
        writeln!(output, "File {number}: {}", self.sizes())?;
        for line in self.each.into_iter().chain(self.contents.lines()) {
            writeln!(output, "  {line}")?;
        }
        Ok(())
    }
}

impl Options {
    pub(super) fn execute(&self, output: &mut dyn Write) -> Result<(), TapeError> {
        let mut reel = open(&self.image)?;
        writeln!(output, "{}: {}", self.image.display(), reel.format())?;
        let mut file = File::default();
        let (mut number, mut position) = (1, 0u64);
        let mut show = |file: &mut File, number| std::mem::take(file).show(number, output);
        let result = walk(&self.image, &mut *reel, |item| {
            match item {
                Item::Block(block) => {
                    file.add(block);
                    if self.blocks {
                        file.each.push(format!("block {position}: {}", counted(block.len() as u64, "byte")));
                    }
                }
                Item::TapeMark => {
                    show(&mut file, number)?;
                    number += 1;
                }
            }
            position += 1;
            Ok(())
        });
        // What there was before the damage is worth seeing.
        if file.blocks > 0 {
            show(&mut file, number)?;
        }
        result
    }
}
