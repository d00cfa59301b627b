//! `cambridge deck`: what is in decks of cards, and decks in another format.

use std::{
    fmt::Write,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, Subcommand};
use devices::media::deck::{Card, Deck, Format, LongLines, Reading};
use s370_arch::ebcdic::{CodePage, from_char, printable};

use crate::outputs::{Outputs, check_distinct, read, remove_outputs, say};

/// What `cambridge deck` does, in a line.
pub const ABOUT: &str = "Show decks of cards, and convert them between EBCDIC and text";

/// What `cambridge deck --help` begins with.
pub const LONG_ABOUT: &str = "\
Show decks of cards, and convert them between EBCDIC and text.

A deck is a file of 80-byte EBCDIC cards (ebcdic), of 160-byte cards in column binary (binary), or of lines of ASCII or \
UTF-8 text, a line a card (text). Which one is seen from its contents: text if there are only characters, tabs and line \
ends; else column binary if no byte uses its two high bits; else EBCDIC.";

/// Examples and exit status, for the end of `cambridge deck --help`.
pub const EXAMPLES: &str = "\
Examples:
  See what is in a deck:
    cambridge deck info --cards hello.deck
  Put a job and its data together for a card reader:
    cambridge deck convert job.jcl data.txt --to ebcdic -o job.deck

Exit status: 0; 8 when a deck is in error, 16 when a file cannot be read or written, 2 when an option is wrong. After an \
error there is no output, and one that an earlier run left is removed.";

/// Exit status when a deck is in error.
const DECK_ERROR: u8 = 8;
/// Exit status when a file cannot be read or written.
const FILE_TROUBLE: u8 = 16;
/// Exit status when options contradict each other.
const WRONG_OPTION: u8 = 2;

/// How decks are read.
#[derive(Debug, Args)]
struct Input {
    /// Decks; `-` is standard input
    #[arg(required = true, value_name = "DECK")]
    decks: Vec<PathBuf>,
    /// Their format: ebcdic, binary or text; otherwise it is seen from the contents
    #[arg(long, value_name = "FORMAT", value_parser = parse_format)]
    from: Option<Format>,
    /// Code page of text: 037 or 1047
    #[arg(long, value_name = "PAGE", default_value = "037", value_parser = parse_page)]
    code: CodePage,
    /// Cut off what is on lines of text after the 80th column; otherwise it is an error
    #[arg(long)]
    cut: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Say what is in decks
    Info {
        #[command(flatten)]
        input: Input,
        /// Show the cards; columns without a character of a U.S. keyboard are periods
        #[arg(long)]
        cards: bool,
    },
    /// Write decks, one after another, in another format
    Convert {
        #[command(flatten)]
        input: Input,
        /// The format: ebcdic, binary or text
        #[arg(long, value_name = "FORMAT", value_parser = parse_format)]
        to: Format,
        /// Write the deck here; `-` is standard output
        #[arg(short = 'o', long, value_name = "FILE")]
        output: PathBuf,
    },
}

/// The options of `cambridge deck`.
#[derive(Debug, Args)]
pub struct Options {
    #[command(subcommand)]
    command: Command,
}

fn parse_format(text: &str) -> Result<Format, String> {
    Format::named(text).ok_or_else(|| "formats are ebcdic, binary and text".to_owned())
}

fn parse_page(text: &str) -> Result<CodePage, String> {
    CodePage::named(text).ok_or_else(|| "code pages are 037 and 1047".to_owned())
}

/// What went wrong: the exit status and a message.
type Trouble = (u8, String);

impl Input {
    /// The decks, and the format of each.
    fn read(&self) -> Result<Vec<(Deck, Format)>, Trouble> {
        let long_lines = if self.cut { LongLines::Cut } else { LongLines::Refuse };
        let mut decks = Vec::with_capacity(self.decks.len());
        for path in &self.decks {
            let bytes = read(path).map_err(|error| (FILE_TROUBLE, error.to_string()))?;
            let name = path.display().to_string();
            let wrong = |error: devices::media::deck::DeckError| (DECK_ERROR, error.to_string());
            let format = match self.from {
                Some(format) => format,
                None => Format::of(&name, &bytes).map_err(wrong)?,
            };
            let how = Reading { format: Some(format), page: self.code, long_lines };
            decks.push((Deck::read(&name, &bytes, &how).map_err(wrong)?, format));
        }
        Ok(decks)
    }
}

impl Options {
    /// Does what is asked for. The exit status is as [`EXAMPLES`] says.
    #[must_use]
    pub fn execute(&self) -> ExitCode {
        let done = match &self.command {
            Command::Info { input, cards } => info(input, *cards),
            Command::Convert { input, to, output } => check_distinct(&input.decks, &[output])
                .map_err(|clash| (WRONG_OPTION, clash))
                .and_then(|()| convert(input, *to, output).inspect_err(|_| remove_outputs("deck", &[output], false))),
        };
        match done {
            Ok(()) => ExitCode::SUCCESS,
            Err((status, why)) => {
                say(&format!("cambridge deck: {why}\n"));
                ExitCode::from(status)
            }
        }
    }
}

fn write(path: &Path, bytes: Vec<u8>) -> Result<(), Trouble> {
    let mut outputs = Outputs::default();
    outputs.stage(path, bytes).and_then(|()| outputs.commit()).map_err(|error| (FILE_TROUBLE, error.to_string()))
}

fn info(input: &Input, cards: bool) -> Result<(), Trouble> {
    let mut text = String::new();
    for (deck, format) in input.read()? {
        let count = deck.cards.len();
        let plural = if count == 1 { "card" } else { "cards" };
        // A string takes whatever is written to it.
        let _ = writeln!(text, "{}: {}, {count} {plural}", deck.name, format.name());
        if cards {
            for (n, card) in (1..).zip(&deck.cards) {
                let _ = writeln!(text, "{n:>7}  {}", shown(card, input.code));
            }
        }
    }
    write(Path::new("-"), text.into_bytes())
}

/// A card's characters.
fn shown(card: &Card, page: CodePage) -> String {
    let character = |&code: &u8| from_char(page.decode(code)).map_or('.', printable);
    let text: String = card.lossy_codes().iter().map(character).collect();
    text.trim_end().to_owned()
}

fn convert(input: &Input, to: Format, output: &Path) -> Result<(), Trouble> {
    let mut bytes = Vec::new();
    for (deck, _) in input.read()? {
        bytes.extend(deck.write(to, input.code).map_err(|error| (DECK_ERROR, error.to_string()))?);
    }
    write(output, bytes)
}
