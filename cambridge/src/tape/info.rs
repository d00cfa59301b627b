//! `cambridge tape info`.

use std::{io::Write, path::PathBuf};

use clap::Args;
use devices::media::reel::{Direction, Passed};

use super::{
    TapeError, open,
    walk::{Item, walk},
};

pub(super) const ABOUT: &str = "Show format, files, blocks and bytes of tape images";

pub(super) const LONG_ABOUT: &str = "\
Show format, files, blocks and bytes of tape images.

The whole tape is read, forward and then backward, as a check that every length in it is right.";

pub(super) const EXAMPLES: &str = "\
Example:
  See whether tapes from elsewhere are sound:
    cambridge tape info *.aws *.het";

#[derive(Debug, Args)]
pub(super) struct Options {
    /// Tape images
    #[arg(required = true, value_name = "IMAGE")]
    images: Vec<PathBuf>,
}

#[derive(Default)]
struct Counts {
    marks: u64,
    blocks: u64,
    bytes: u64,
    longest: usize,
    /// Whether blocks follow the last tape mark.
    is_open: bool,
}

impl Options {
    pub(super) fn execute(&self, output: &mut dyn Write) -> Result<(), TapeError> {
        self.images.iter().try_for_each(|path| {
            let mut reel = open(path)?;
            let mut counts = Counts::default();
            walk(path, &mut *reel, |item| {
                match item {
                    Item::Block(block) => {
                        counts.blocks += 1;
                        counts.bytes += block.len() as u64;
                        counts.longest = counts.longest.max(block.len());
                        counts.is_open = true;
                    }
                    Item::TapeMark => {
                        counts.marks += 1;
                        counts.is_open = false;
                    }
                }
                Ok(())
            })?;
            writeln!(output, "{}", path.display())?;
            writeln!(output, "  format          {}", reel.format())?;
            writeln!(output, "  bytes in file   {}", reel.offset())?;
            writeln!(output, "  files           {}", counts.marks + u64::from(counts.is_open))?;
            writeln!(output, "  tape marks      {}", counts.marks)?;
            writeln!(output, "  blocks          {}", counts.blocks)?;
            writeln!(output, "  bytes           {}", counts.bytes)?;
            writeln!(output, "  longest block   {}", counts.longest)?;
            while reel.space(Direction::Backward)? != Passed::LoadPoint {}
            Ok(())
        })
    }
}
