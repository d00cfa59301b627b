//! The device types that there are, and the options of each: the one list of both, for configuration files, operator commands and
//! help.

use devices::{
    dasd::{fba, geometry},
    tape::kind::KINDS as TAPE_UNITS,
};

use super::problem::suggestion;

/// What devices of a kind have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// A console typewriter.
    Typewriter,
    /// A display station.
    Display,
    /// A card reader.
    Reader,
    /// A card punch.
    Punch,
    /// A printer.
    Printer,
    /// A magnetic tape unit.
    Tape,
    /// A disk drive with count, key and data tracks.
    Disk,
    /// A disk drive with fixed blocks.
    BlockDisk,
    /// A channel-to-channel adapter.
    Adapter,
}

impl Class {
    /// In words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Class::Typewriter => "console",
            Class::Display => "display",
            Class::Reader => "card reader",
            Class::Punch => "card punch",
            Class::Printer => "printer",
            Class::Tape => "tape unit",
            Class::Disk => "disk drive",
            Class::BlockDisk => "fixed-block disk drive",
            Class::Adapter => "channel-to-channel adapter",
        }
    }
}

/// A type of device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// As operators write it.
    pub name: &'static str,
    /// What it is.
    pub class: Class,
}

const fn kind(name: &'static str, class: Class) -> Kind {
    Kind { name, class }
}

/// The types that are in no list of models of their own.
const KINDS: &[Kind] = &[
    kind("1052", Class::Typewriter),
    kind("3210", Class::Typewriter),
    kind("3215", Class::Typewriter),
    kind("3277", Class::Display),
    kind("3278", Class::Display),
    kind("2540R", Class::Reader),
    kind("3505", Class::Reader),
    kind("2540P", Class::Punch),
    kind("3525", Class::Punch),
    kind("1403", Class::Printer),
    kind("3203", Class::Printer),
    kind("3211", Class::Printer),
    kind("CTCA", Class::Adapter),
];

/// All device types.
pub fn kinds() -> impl Iterator<Item = Kind> {
    let disks = geometry::MODELS.iter().map(|model| kind(model.name, Class::Disk));
    let tapes = TAPE_UNITS.iter().flat_map(|unit| std::iter::once(&unit.name).chain(unit.also));
    let block_disks = fba::MODELS.iter().map(|model| kind(model.name, Class::BlockDisk));
    KINDS.iter().copied().chain(block_disks).chain(tapes.map(|name| kind(name, Class::Tape))).chain(disks)
}

impl Kind {
    /// The type with this name, in capital or small letters.
    ///
    /// # Errors
    /// There is none; what may have been meant.
    pub fn named(name: &str) -> Result<Kind, String> {
        let capital = name.to_ascii_uppercase();
        if let Some(known) = kinds().find(|kind| kind.name == capital) {
            return Ok(known);
        }
        if let Some(model) = geometry::Model::named(&capital) {
            return Ok(kind(model.name, Class::Disk));
        }
        // As with packs of tracks: the smallest of its type.
        let is_of_type = |model: &&fba::Model| model.name.split_once('-').is_some_and(|(device, _)| device == capital);
        if let Some(model) = fba::MODELS.iter().find(is_of_type) {
            return Ok(kind(model.name, Class::BlockDisk));
        }
        Err(format!("{name:?} is not a device type{}", suggestion(name, kinds().map(|kind| kind.name))))
    }
}

/// What an option's value looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A host file.
    File,
    /// One or several host files.
    Files,
    /// On or off.
    Flag,
    /// One of these words.
    Word(&'static [&'static str]),
    /// The address of a device.
    Address,
    /// Letters and digits.
    Name,
    /// A carriage tape.
    Carriage,
}

impl Form {
    /// In words.
    #[must_use]
    pub fn description(self) -> String {
        match self {
            Form::File => "the name of a file".to_owned(),
            Form::Files => "the name of a file, or a list of them".to_owned(),
            Form::Flag => "true or false".to_owned(),
            Form::Word(words) => match words.split_last() {
                Some((last, [first @ .., before])) => {
                    let first: String = first.iter().map(|word| format!("{word:?}, ")).collect();
                    format!("{first}{before:?} or {last:?}")
                }
                Some((last, [])) => format!("{last:?}"),
                None => String::new(),
            },
            Form::Address => "a device address of three hexadecimal digits".to_owned(),
            Form::Name => "a name of up to eight letters and digits".to_owned(),
            Form::Carriage => "lines and stops, such as 66:1@1,12@60".to_owned(),
        }
    }
}

/// An option of devices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OptionKind {
    /// Its name.
    pub name: &'static str,
    /// The classes that have it.
    pub classes: &'static [Class],
    /// What it looks like.
    pub form: Form,
    /// Whether it is about what is in the device, so that MOUNT takes it too.
    pub of_medium: bool,
    /// What it does.
    pub help: &'static str,
}

const fn option(
    name: &'static str,
    classes: &'static [Class],
    form: Form,
    of_medium: bool,
    help: &'static str,
) -> OptionKind {
    OptionKind { name, classes, form, of_medium, help }
}

/// How decks are written in files.
pub const DECK_FORMATS: &[&str] = &["auto", "text", "ebcdic", "binary"];
/// How punched cards are written to files.
pub const PUNCH_FORMATS: &[&str] = &["ebcdic", "text", "binary"];
/// How printed lines are written to files.
pub const PRINT_FORMATS: &[&str] = &["text", "ascii", "pdf"];
/// Character codes.
pub const CODES: &[&str] = &["037", "1047"];
/// What ends a line.
pub const LINE_ENDS: &[&str] = &["lf", "crlf"];
/// What becomes of the columns after the 80th of a line of text.
pub const LONG_LINES: &[&str] = &["refuse", "cut"];

/// All options of devices.
#[rustfmt::skip]
pub const OPTIONS: &[OptionKind] = &[
    option("file",      &[Class::Tape, Class::Disk, Class::BlockDisk], Form::Files, true,
           "what is on the drive: a reel, or a pack (a CKD pack may be in several files)"),
    option("shadows",   &[Class::Disk, Class::BlockDisk], Form::Files, true,
           "shadow files of a compressed pack, the oldest first; only the last is written"),
    option("read-only", &[Class::Disk, Class::BlockDisk], Form::Flag, true,
           "whether writing is inhibited"),
    option("write",     &[Class::Tape], Form::Flag, true,
           "whether the write ring is in the reel; without it the file is not changed"),
    option("decks",     &[Class::Reader], Form::Files, true,
           "decks in the hopper, the first to be read first"),
    option("format",    &[Class::Reader], Form::Word(DECK_FORMATS), true,
           "how decks are written: ebcdic 80 and binary 160 bytes a card, text a line a card; auto (the default) looks"),
    option("long-lines", &[Class::Reader], Form::Word(LONG_LINES), true,
           "what becomes of lines of text that are longer than a card; they are refused by default"),
    option("eof",       &[Class::Reader], Form::Flag, true,
           "whether the END OF FILE key is on: then the last card is followed by unit exception"),
    option("output",    &[Class::Punch, Class::Printer], Form::File, true,
           "where the cards or lines go; they are added to what is there"),
    option("format",    &[Class::Punch], Form::Word(PUNCH_FORMATS), true,
           "how cards are written: ebcdic (the default) 80 and binary 160 bytes a card, text a line a card"),
    option("format",    &[Class::Printer], Form::Word(PRINT_FORMATS), true,
           "how lines are written: text is UTF-8, ascii has question marks for other characters, pdf a page for each form; \
            by default pdf if the file's name ends with .pdf, otherwise text"),
    option("code",      &[Class::Reader, Class::Punch, Class::Printer], Form::Word(CODES), true,
           "the character code in the machine; 037 by default"),
    option("line-end",  &[Class::Punch, Class::Printer], Form::Word(LINE_ENDS), true,
           "what ends a line of text in the file; lf by default"),
    option("carriage",  &[Class::Printer], Form::Carriage, true,
           "the form's lines and the stops on its carriage tape, channel@line: 66:1@1,12@60,9@63"),
    option("lu",        &[Class::Typewriter, Class::Display], Form::Name, false,
           "the logical unit by which a terminal asks for this station"),
    option("other",     &[Class::Adapter], Form::Address, false,
           "the device address of the adapter's other side"),
];

/// The options of a class.
pub fn options_of(class: Class) -> impl Iterator<Item = &'static OptionKind> {
    OPTIONS.iter().filter(move |option| option.classes.contains(&class))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_by_name() {
        assert_eq!(Kind::named("2540r"), Ok(kind("2540R", Class::Reader)));
        assert_eq!(Kind::named("3330"), Ok(kind("3330-1", Class::Disk)));
        assert_eq!(Kind::named("3330-11"), Ok(kind("3330-11", Class::Disk)));
        assert_eq!(Kind::named("3370"), Ok(kind("3370-1", Class::BlockDisk)));
        assert_eq!(Kind::named("3215x"), Err("\"3215x\" is not a device type; did you mean \"3215\"?".to_owned()));
    }

    #[test]
    fn a_name_means_one_thing() {
        let names: Vec<_> = kinds().map(|kind| kind.name).collect();
        let mut sorted = names.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(sorted.len(), names.len());
        for class in kinds().map(|kind| kind.class) {
            let mut options: Vec<_> = options_of(class).map(|option| option.name).collect();
            let all = options.len();
            options.sort_unstable();
            options.dedup();
            assert_eq!(options.len(), all, "{class:?}");
        }
    }

    #[test]
    fn words_in_words() {
        assert_eq!(Form::Word(PUNCH_FORMATS).description(), "\"ebcdic\", \"text\" or \"binary\"");
        assert_eq!(Form::Word(CODES).description(), "\"037\" or \"1047\"");
    }
}
