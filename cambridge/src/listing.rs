//! `cambridge listing`: PDFs from what printers printed.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, Subcommand};
use devices::media::listing::pdf::{Layout, MOST_LINES, render_with};

use crate::{
    outputs::{FileError, Outputs, check_distinct, is_standard, read, remove_outputs, say},
    progress::Progress,
};

/// What `cambridge listing` does, in a line.
pub const ABOUT: &str = "Make PDFs from printer listings";

/// What `cambridge listing --help` begins with.
pub const LONG_ABOUT: &str = "\
Make PDFs from printer listings.

A printer writes text: form feeds begin pages, carriage returns let lines be printed over another. That text is safe as \
soon as the program was told that a line is printed. A PDF of it can be made at any time.";

/// Examples and exit status, for the end of `cambridge listing --help`.
pub const EXAMPLES: &str = "\
Examples:
  A listing on green-bar paper:
    cambridge listing pdf printer.txt -o printer.pdf --bars

Exit status: 0; 16 when a file cannot be read or written, 2 when an option is wrong.";

/// Exit status when a file cannot be read or written.
const FILE_TROUBLE: u8 = 16;
/// Exit status when options contradict each other.
const WRONG_OPTION: u8 = 2;

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a PDF of a listing, a page for each form
    Pdf(Pdf),
}

#[derive(Debug, Args)]
struct Pdf {
    /// The listing; `-` is standard input
    #[arg(value_name = "LISTING")]
    listing: PathBuf,
    /// Write the PDF here; `-` is standard output
    #[arg(short = 'o', long, value_name = "FILE")]
    output: PathBuf,
    /// Green bars
    #[arg(long)]
    bars: bool,
    /// Lines of a form
    #[arg(long, default_value_t = 66, value_parser = clap::value_parser!(u16).range(1..=MOST_LINES as i64))]
    lines: u16,
    /// Print positions that a page has room for at least
    #[arg(long, default_value_t = 132, value_parser = clap::value_parser!(u16).range(1..=400))]
    columns: u16,
    /// Eight lines an inch, not six
    #[arg(long)]
    dense: bool,
    /// The PDF's title; the listing's name otherwise
    #[arg(long)]
    title: Option<String>,
}

/// The options of `cambridge listing`.
#[derive(Debug, Args)]
pub struct Options {
    #[command(subcommand)]
    command: Command,
}

impl Options {
    /// Does what is asked for. The exit status is as [`EXAMPLES`] says.
    #[must_use]
    pub fn execute(&self) -> ExitCode {
        let Command::Pdf(pdf) = &self.command;
        let trouble = |status, why: String| {
            say(&format!("cambridge listing: {why}\n"));
            ExitCode::from(status)
        };
        if let Err(clash) = check_distinct(std::slice::from_ref(&pdf.listing), &[&pdf.output]) {
            return trouble(WRONG_OPTION, clash);
        }
        match pdf.convert() {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                remove_outputs("listing", &[&pdf.output], false);
                trouble(FILE_TROUBLE, error.to_string())
            }
        }
    }
}

impl Pdf {
    fn convert(&self) -> Result<(), FileError> {
        let bytes = read(&self.listing)?;
        let layout = Layout {
            title: self.title.clone().unwrap_or_else(|| title(&self.listing)),
            columns: usize::from(self.columns),
            lines: usize::from(self.lines),
            eight_lines_an_inch: self.dense,
            bars: self.bars,
        };
        // What is not UTF-8 is shown as such: a listing may have come from elsewhere.
        let text = String::from_utf8_lossy(&bytes);
        let mut progress = Progress::new("making the PDF");
        let pdf = render_with(&text, &layout, &mut |done, all| progress.at(done, all));
        drop(progress);
        let pdf = pdf.map_err(FileError::of(&self.output))?;
        let mut outputs = Outputs::default();
        outputs.stage(&self.output, pdf)?;
        outputs.commit()
    }
}

fn title(listing: &Path) -> String {
    if is_standard(listing) {
        return "Listing".to_owned();
    }
    listing.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
