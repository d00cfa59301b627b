//! `cambridge tape`: what is on a reel, and copies of it.

mod contents;
mod copy;
mod info;
mod list;
mod walk;

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, Subcommand};
use devices::media::{
    MediaError,
    reel::{self, Reel},
};
use thiserror::Error;

use crate::{
    files::{HostFile, OpenError, Purpose},
    outputs::{FileError, say},
};

/// What `cambridge tape` does, in a line.
pub const ABOUT: &str = "Look at tape images and copy them: AWSTAPE, HET, FakeTape";

/// What `cambridge tape --help` begins with.
pub const LONG_ABOUT: &str = "\
Look at tape images and copy them.

A tape is a row of blocks; tape marks divide them into files, two marks at the end are the custom. An image keeps that in \
a host file: AWSTAPE (.aws), HET (.het: AWSTAPE with compressed blocks) or FakeTape (.fkt, read by FLEX-ES). Which of them \
a file is, its contents tell. Nobody else can write an image while it is read.";

/// Examples and exit status, for the end of `cambridge tape --help`.
pub const EXAMPLES: &str = "\
Examples:
  See how much is on a tape:
    cambridge tape info starter.aws
  See the labels, CMS files and decks of each file:
    cambridge tape ls starter.aws
  Compress a tape, or expand it for a program that knows AWSTAPE only:
    cambridge tape copy starter.aws starter.het
    cambridge tape copy starter.het starter.aws

Exit status: 0; 1 when an image cannot be read or written, is damaged or is no tape image; 2 when an option is wrong.";

/// The options of `cambridge tape`.
#[derive(Debug, Args)]
pub struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    #[command(about = info::ABOUT, long_about = info::LONG_ABOUT, after_help = info::EXAMPLES)]
    Info(info::Options),
    #[command(about = list::ABOUT, long_about = list::LONG_ABOUT, after_help = list::EXAMPLES)]
    Ls(list::Options),
    #[command(about = copy::ABOUT, long_about = copy::LONG_ABOUT, after_help = copy::EXAMPLES)]
    Copy(copy::Options),
}

impl Options {
    /// Does what the options ask for.
    #[must_use]
    pub fn execute(&self) -> ExitCode {
        let mut output = io::BufWriter::new(io::stdout().lock());
        let result = match &self.command {
            Command::Info(options) => options.execute(&mut output),
            Command::Ls(options) => options.execute(&mut output),
            Command::Copy(options) => options.execute(&mut output),
        };
        // What was found before an error is shown before it.
        let flushed = output.flush().map_err(TapeError::Output);
        match result.and(flushed) {
            Ok(()) => ExitCode::SUCCESS,
            // Whoever reads it has had enough of it.
            Err(TapeError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
            Err(error) => {
                say(&format!("cambridge tape: {error}\n"));
                ExitCode::FAILURE
            }
        }
    }
}

/// Why a command of `cambridge tape` failed.
#[derive(Debug, Error)]
enum TapeError {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Media(#[from] MediaError),
    #[error(transparent)]
    File(#[from] FileError),
    #[error("{}: exists; --replace writes over it", .0.display())]
    Exists(PathBuf),
    #[error("{}: cannot be copied onto itself", .0.display())]
    Itself(PathBuf),
    #[error("{file}: there is no file {number}: the tape has {files}")]
    NoFile { file: String, number: u64, files: u64 },
    #[error("standard output: {0}")]
    Output(#[from] io::Error),
}

/// Mounts an image for reading.
fn open(path: &Path) -> Result<Box<dyn Reel>, TapeError> {
    let file = HostFile::open(path, Purpose::Read)?;
    Ok(reel::open(Box::new(file), reel::Options::default())?)
}

/// A count and what it counts.
fn counted(count: u64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
