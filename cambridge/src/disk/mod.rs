//! `cambridge disk`: images of disk packs, made, looked at, converted and checked.

mod check;
mod convert;
mod create;
pub mod files;
mod info;
mod ls;
mod split;
mod target;

use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use clap::{Args, Subcommand};
use devices::media::MediaError;
use thiserror::Error;

use crate::{
    files::OpenError,
    outputs::{FileError, say},
};

/// What `cambridge disk` does, in a line.
pub const ABOUT: &str = "Make, list, convert and check images of disk packs";

/// What `cambridge disk --help` begins with.
pub const LONG_ABOUT: &str = "\
Make, list, convert and check images of disk packs.

A pack of tracks (3330, 3350, ...) is kept as a plain CKD image, in one file or several, or as a compressed CCKD image, \
which has only as many bytes as the tracks take. A pack of 512-byte blocks (3310, 3370) is kept as a plain FBA image, \
which is the blocks and nothing else, or as a compressed one. They are the images of Hercules, in both directions.

A shadow file holds only what differs from the image that it is a shadow of, which stays as it is. Wherever an IMAGE is \
named, its shadow files may follow it, the oldest first. Of a plain image in several files (name_1.ckd, name_2.ckd, \
...) the first is enough.";

/// Examples and exit status, for the end of `cambridge disk --help`.
pub const EXAMPLES: &str = "\
Examples:
  cambridge disk create work.cckd --model 3350 --label WORK01 --compress zlib
  cambridge disk info dliba1.cckd
  cambridge disk ls dliba1.cckd --extents
  cambridge disk create today.shadow --shadow-of dliba1.cckd
  cambridge disk ls dliba1.cckd today.shadow
  cambridge disk convert dliba1.cckd today.shadow -o merged.ckd
  cambridge disk check dliba1.cckd --repair

Exit status: 0; 4 when an image was damaged and is repaired, or a directory has entries that make no sense; 8 when an \
image is damaged; 16 when a file cannot be read or written or is not an image; 2 when an option is wrong.";

/// The options of `cambridge disk`.
#[derive(Debug, Args)]
pub struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    #[command(about = create::ABOUT, long_about = create::LONG_ABOUT, after_help = create::EXAMPLES)]
    Create(create::Options),
    #[command(about = info::ABOUT, long_about = info::LONG_ABOUT, after_help = info::EXAMPLES)]
    Info(info::Options),
    #[command(about = ls::ABOUT, long_about = ls::LONG_ABOUT, after_help = ls::EXAMPLES)]
    Ls(ls::Options),
    #[command(about = convert::ABOUT, long_about = convert::LONG_ABOUT, after_help = convert::EXAMPLES)]
    Convert(convert::Options),
    #[command(about = check::ABOUT, long_about = check::LONG_ABOUT, after_help = check::EXAMPLES)]
    Check(check::Options),
}

/// Why a command could not do what it should.
#[derive(Debug, Error)]
pub enum DiskError {
    /// A file cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// An image is not what it says it is, or the host refuses.
    #[error(transparent)]
    Media(#[from] MediaError),
    /// A file cannot be written, put into its place or removed.
    #[error(transparent)]
    File(#[from] FileError),
    /// Something else about an image.
    #[error("{0}")]
    Image(String),
    /// Options that do not go together.
    #[error("{0}")]
    Options(String),
}

/// How a command ended that did what it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Good,
    /// Something made no sense, or was repaired.
    Warning,
    /// An image is damaged.
    Damaged,
}

/// Writes to standard output; that nobody listens any more is no reason to fail.
fn show(text: &str) {
    let _ = io::stdout().lock().write_all(text.as_bytes());
}

/// The files of an image.
#[derive(Debug, Args)]
struct ImageFiles {
    /// The image, and its shadow files, the oldest first
    #[arg(required = true, value_name = "IMAGE")]
    files: Vec<PathBuf>,
}

impl Options {
    /// Does what is asked for. The exit status is as [`EXAMPLES`] says.
    #[must_use]
    pub fn execute(&self) -> ExitCode {
        let (name, result) = match &self.command {
            Command::Create(options) => ("create", options.run()),
            Command::Info(options) => ("info", options.run()),
            Command::Ls(options) => ("ls", options.run()),
            Command::Convert(options) => ("convert", options.run()),
            Command::Check(options) => ("check", options.run()),
        };
        match result {
            Ok(Outcome::Good) => ExitCode::SUCCESS,
            Ok(Outcome::Warning) => ExitCode::from(4),
            Ok(Outcome::Damaged) => ExitCode::from(8),
            Err(error) => {
                say(&format!("cambridge disk {name}: {error}\n"));
                ExitCode::from(if matches!(error, DiskError::Options(_)) { 2 } else { 16 })
            }
        }
    }
}
