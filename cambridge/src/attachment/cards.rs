//! Card readers and card punches.

use std::path::Path;

use devices::{
    media::{
        LineEnd, MediaError,
        deck::{Card, CardSink, Deck, DeckFile, Format, LongLines, Reading},
    },
    unit_record::{
        punch::{Punch, PunchKind},
        reader::{Reader, ReaderKind},
    },
};
use s370_arch::ebcdic::CodePage;

use super::{Built, open_for_adding};
use crate::configuration::device::Options;

/// The code page that the options ask for.
pub(super) fn page(options: &Options) -> CodePage {
    options.word("code").and_then(CodePage::named).unwrap_or_default()
}

/// What ends a line of text.
pub(super) fn line_end(options: &Options) -> LineEnd {
    if options.word("line-end") == Some("crlf") { LineEnd::CrLf } else { LineEnd::Lf }
}

pub(super) fn build_reader(name: &str, options: &Options) -> Result<Built, String> {
    let kind = if name == "2540R" { ReaderKind::R2540 } else { ReaderKind::R3505 };
    let mut reader = Reader::new(kind);
    let notes = load(&mut reader, options)?;
    Ok(Built { device: Box::new(reader), notes })
}

/// Puts decks behind those that are in the hopper.
pub(super) fn load(reader: &mut Reader, options: &Options) -> Result<Vec<String>, String> {
    let reading = Reading {
        format: options.word("format").and_then(Format::named),
        page: page(options),
        long_lines: if options.word("long-lines") == Some("cut") { LongLines::Cut } else { LongLines::Refuse },
    };
    let decks = options.files("decks").iter().map(|file| read(file, &reading)).collect::<Result<Vec<_>, _>>()?;
    if let Some(on) = options.flag("eof") {
        reader.end_of_file(on);
    }
    decks.into_iter().for_each(|deck| reader.load(deck));
    Ok(Vec::new())
}

fn read(file: &Path, reading: &Reading) -> Result<Deck, String> {
    /// A million cards in column binary.
    const LONGEST: u64 = 160_000_000;
    let name = file.display().to_string();
    let host = |error: std::io::Error| format!("{name}: {error}");
    let length = std::fs::metadata(file).map_err(host)?.len();
    if length > LONGEST {
        return Err(format!("{name}: {length} bytes are too many for a deck"));
    }
    let bytes = std::fs::read(file).map_err(host)?;
    Deck::read(&name, &bytes, reading).map_err(|error| error.to_string())
}

pub(super) fn empty_hopper(reader: &mut Reader) {
    reader.empty_hopper();
}

pub(super) fn set_reader_ready(reader: &mut Reader, ready: bool) {
    if ready { reader.press_start() } else { reader.press_stop() }
}

pub(super) fn describe_reader(reader: &Reader) -> String {
    let read: u64 = reader.stacked().iter().sum();
    format!(": {} cards in the hopper, {read} read", reader.cards())
}

/// Where cards go when no file takes them: nowhere. The punch is not ready then.
struct NoStacker;

impl CardSink for NoStacker {
    fn take(&mut self, _: &Card, _: u8) -> Result<(), MediaError> {
        Err(MediaError::ReadOnly { file: "no file takes the cards".to_owned() })
    }
}

pub(super) fn build_punch(name: &str, options: &Options) -> Result<Built, String> {
    let kind = if name == "2540P" { PunchKind::P2540 } else { PunchKind::P3525 };
    let mut punch = Punch::new(kind, Box::new(NoStacker));
    let notes = empty_stackers(&mut punch, Some(options))?;
    Ok(Built { device: Box::new(punch), notes })
}

/// Lets the cards go into another file from now on, or into none.
pub(super) fn empty_stackers(punch: &mut Punch, options: Option<&Options>) -> Result<Vec<String>, String> {
    let options = options.filter(|options| options.file("output").is_some());
    match options.and_then(|options| Some((options, options.file("output")?))) {
        Some((options, file)) => {
            let format = options.word("format").and_then(Format::named).unwrap_or(Format::Ebcdic);
            // The old file is closed first: the new one may be the same.
            punch.empty_stackers(Box::new(NoStacker));
            let sink = DeckFile::new(open_for_adding(file)?, format, page(options));
            let sink = sink.map_err(|error| error.to_string())?.ending_lines(line_end(options));
            punch.empty_stackers(Box::new(sink));
            punch.press_start();
        }
        None => {
            punch.empty_stackers(Box::new(NoStacker));
            punch.press_stop();
        }
    }
    Ok(Vec::new())
}

pub(super) fn set_punch_ready(punch: &mut Punch, ready: bool) {
    if ready { punch.press_start() } else { punch.press_stop() }
}

pub(super) fn describe_punch(punch: &Punch) -> String {
    format!(": {} cards punched", punch.punched())
}
