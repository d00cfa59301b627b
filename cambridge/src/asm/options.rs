//! The options of `cambridge asm`.

use std::path::PathBuf;

use clap::{Args, builder::RangedU64ValueParser};

use super::stamp::Stamp;
use crate::link::ImageOptions;

/// What `cambridge asm` does, in a line.
pub const ABOUT: &str = "Assemble System/370 source to object decks, core images and listings";

/// What `cambridge asm --help` begins with.
pub const LONG_ABOUT: &str = "\
Assemble System/370 source to object decks, core images and listings.

The language is that of IBM's Assembler (XF): columns 1 to 71, continuation by column 72, macros and conditional \
assembly. The macros for structured programming (IF, DO, SELECT, ENTER, EXIT, CALL ...) are there unless they are left \
out. docs/asm370.md is the tour.

Each FILE is an assembly of its own, as a job with several steps would have it. The decks stand behind each other in one \
file, the listings too, and a core image is linked from all of them. A FILE holds lines of UTF-8, or 80-byte EBCDIC card \
images; `-` is standard input.

Nothing is written but what is asked for: without -o, --core and --listing, the sources are only checked. Messages go to \
standard error with file, line and column.";

/// Examples and exit status, for the end of `cambridge asm --help`.
pub const EXAMPLES: &str = "\
Examples:
  See what is wrong with a program, or that nothing is:
    cambridge asm hello.asm
  Make an object deck, and print the listing:
    cambridge asm hello.asm -o hello.deck --listing -
  Make a core image that begins at X'1000' and run it on the bare machine:
    cambridge asm hello.asm --core hello.core --psw
    cambridge bare --load hello.core@0
  Use macros of an installation's own before those of a MACLIB:
    cambridge asm payroll.asm --maclib macros/ --maclib osmacro.maclib -o payroll.deck
  Have the same listing and deck every time:
    cambridge asm hello.asm -o hello.deck --listing hello.lst --date 1978-06-01T12:00

Exit status: the highest severity of the messages: 0; 4 for warnings, after which there are decks all the same; 8 for \
errors and 12 for severe errors; a macro's MNOTE may have a number of its own. 16 when a file cannot be read or written, \
2 when an option is wrong. From 8 on there is neither deck nor core image, and one that an earlier run left under that \
name is removed; the listing is written.";

/// The options of `cambridge asm`.
#[derive(Debug, Args)]
pub struct Options {
    /// Sources, each an assembly of its own; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,
    /// Write the object decks here; `-` is standard output
    #[arg(short = 'o', long, visible_alias = "object", value_name = "DECK")]
    pub(super) deck: Option<PathBuf>,
    /// Write the listings here; `-` is standard output
    #[arg(short, long, value_name = "FILE")]
    pub(super) listing: Option<PathBuf>,
    /// Link the objects, and write the core image here
    #[arg(long, value_name = "CORE")]
    pub(super) core: Option<PathBuf>,
    #[command(flatten)]
    pub(super) image: ImageOptions,
    /// Seek macros and COPY members here: a directory of files named like the members (with or without .mac, .macro,
    /// .copy; capitals or not), or a CMS MACLIB file (repeatable; the first that has a member counts). Files
    /// with these extensions beside the source come after them
    #[arg(short, long, value_name = "DIR|FILE")]
    pub(super) maclib: Vec<PathBuf>,
    /// Leave out the macros for structured programming, which are otherwise sought last
    #[arg(long)]
    pub(super) no_structured: bool,
    /// The value of &SYSPARM
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub(super) sysparm: String,
    /// Take lower-case letters outside of quotes for capitals
    #[arg(long)]
    pub(super) fold_case: bool,
    /// Lines of any length without sequence columns; a backslash at the end continues a statement
    #[arg(long)]
    pub(super) long_lines: bool,
    /// Date and time of listing, deck, &SYSDATE and &SYSTIME: YYYY-MM-DD[THH:MM]; otherwise the clock's, in UTC
    #[arg(long, value_name = "DATE", value_parser = Stamp::parse)]
    pub(super) date: Option<Stamp>,
    /// Lines of a listing page
    #[arg(long, value_name = "N", default_value = "55", value_parser = RangedU64ValueParser::<u32>::new().range(10..))]
    pub(super) page_length: u32,
    /// Branches of conditional assembly in each macro call and in open code, until an ACTR says otherwise
    #[arg(long, value_name = "N", default_value = "4096")]
    pub(super) branch_limit: u32,
    /// How deeply macro calls and COPY members nest at most
    #[arg(long, value_name = "N", default_value = "100", value_parser = RangedU64ValueParser::<u32>::new().range(1..=1000))]
    pub(super) nesting_limit: u32,
    /// Statements that an assembly has at most, generated ones included
    #[arg(long, value_name = "N", default_value = "1000000")]
    pub(super) statement_limit: u32,
    /// Write only messages to standard error, no summaries
    #[arg(short, long)]
    pub(super) quiet: bool,
}

impl Options {
    /// What the assembler is asked for.
    pub(super) fn assembler(&self) -> asm370::Options {
        let stamp = self.date.unwrap_or_else(Stamp::now);
        asm370::Options {
            fold_case: self.fold_case,
            long_lines: self.long_lines,
            sysparm: self.sysparm.clone(),
            date: stamp.date(),
            time: stamp.time(),
            julian_date: stamp.julian(),
            branch_limit: self.branch_limit,
            nesting_limit: self.nesting_limit,
            statement_limit: self.statement_limit,
            listing: self.listing.is_some(),
            page_length: self.page_length,
        }
    }
}
