//! Decks of cards, and the files that people keep them in: [`Format`].
//!
//! A file is recognized by what is in it ([`Format::of`]):
//!
//! 1. It is text if it is UTF-8 and has no control character but tab, line feed and carriage return. The exception is a
//!    file of whole 80-byte cards without a line end in which X'40' occurs and X'20' does not: blank cards and cards of
//!    special characters in EBCDIC look like that.
//! 2. Otherwise it is column binary if it consists of 160-byte cards and bits 0 and 1 of all bytes are zero.
//! 3. Otherwise it is EBCDIC if it consists of 80-byte cards.
//! 4. Otherwise nobody knows.

mod card;
mod sink;
mod text;

use s370_arch::ebcdic::CodePage;
use thiserror::Error;

pub use card::{COLUMNS, Card};
pub use sink::{CardSink, DeckFile};

/// Cards that a deck may have: five hundred boxes. More is an error, so that no file can fill the host's storage.
pub const MOST_CARDS: usize = 1_000_000;

/// How cards are kept in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// 80 bytes a card: the EBCDIC codes of its columns.
    Ebcdic,
    /// 160 bytes a card: its holes, as [`Card::binary`] has them.
    Binary,
    /// A line of UTF-8 (so, of ASCII) a card, ended by LF or CR and LF. Blanks at the end do not matter; tabs stand
    /// for blanks up to the next column of 9, 17, 25, …
    Text,
}

/// What becomes of the columns after the 80th of a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LongLines {
    /// If they are not blank, the deck is in error.
    #[default]
    Refuse,
    /// They are cut off.
    Cut,
}

/// How a file is to be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// Its format; by its contents if `None`.
    pub format: Option<Format>,
    /// The code page of text.
    pub page: CodePage,
    /// What to do with long lines of text.
    pub long_lines: LongLines,
}

/// What is wrong with a deck.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DeckError {
    /// A line is longer than a card.
    #[error("{file}: line {line} has {columns} columns; a card has 80")]
    LongLine {
        /// The file's name.
        file: String,
        /// Line, from 1.
        line: usize,
        /// How long it is, blanks at its end not counted.
        columns: usize,
    },
    /// A character is not in the code page.
    #[error("{file}: line {line}, column {column}: {character:?} has no card code")]
    Character {
        /// The file's name.
        file: String,
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// The character.
        character: char,
    },
    /// The file is to be text, but is not UTF-8.
    #[error("{file}: line {line}, offset {offset}: not UTF-8")]
    NotUtf8 {
        /// The file's name.
        file: String,
        /// Line, from 1.
        line: usize,
        /// Offset of the first byte that is wrong.
        offset: usize,
    },
    /// The file does not consist of whole cards.
    #[error(
        "{file}: {length} bytes are not a whole number of cards of {size} bytes; offset {offset} begins a part of one"
    )]
    PartOfCard {
        /// The file's name.
        file: String,
        /// Its length.
        length: usize,
        /// Bytes a card.
        size: usize,
        /// Where the last card begins.
        offset: usize,
    },
    /// The file has no format that a deck may have.
    #[error("{file}: neither text (offset {offset} is none) nor cards of 80 bytes (the length is {length})")]
    Unknown {
        /// The file's name.
        file: String,
        /// Where it stops being text.
        offset: usize,
        /// Its length.
        length: usize,
    },
    /// There are too many cards.
    #[error("{file}: more than {MOST_CARDS} cards")]
    TooMany {
        /// The file's name.
        file: String,
    },
    /// A column of a card cannot be written in the format asked for.
    #[error("{file}: card {card}, column {column}: {what}")]
    Column {
        /// The deck's name.
        file: String,
        /// Card, from 1.
        card: usize,
        /// Column, from 1.
        column: usize,
        /// Why.
        what: String,
    },
}

impl Format {
    /// The format with this name: `ebcdic`, `binary`, `text`.
    #[must_use]
    pub fn named(name: &str) -> Option<Format> {
        [Format::Ebcdic, Format::Binary, Format::Text].into_iter().find(|format| format.name() == name)
    }

    /// What users call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Format::Ebcdic => "ebcdic",
            Format::Binary => "binary",
            Format::Text => "text",
        }
    }

    /// The format of a file with this name and contents, by the rule above.
    ///
    /// # Errors
    /// [`DeckError::Unknown`].
    pub fn of(file: &str, bytes: &[u8]) -> Result<Format, DeckError> {
        let whole = |size| bytes.len().is_multiple_of(size);
        let no_text = match text::first_other(bytes) {
            None if whole(COLUMNS) && looks_like_specials(bytes) => return Ok(Format::Ebcdic),
            None => return Ok(Format::Text),
            Some(offset) => offset,
        };
        if whole(2 * COLUMNS) && bytes.iter().all(|byte| byte & 0xC0 == 0) {
            Ok(Format::Binary)
        } else if whole(COLUMNS) {
            Ok(Format::Ebcdic)
        } else {
            Err(DeckError::Unknown { file: file.to_owned(), offset: no_text, length: bytes.len() })
        }
    }
}

fn looks_like_specials(bytes: &[u8]) -> bool {
    bytes.contains(&0x40) && !bytes.iter().any(|byte| matches!(byte, b' ' | b'\n' | b'\r'))
}

/// A deck of cards.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deck {
    /// What to call it in messages: its file's name.
    pub name: String,
    /// The cards, the first first.
    pub cards: Vec<Card>,
}

impl Deck {
    /// The deck that is in a file.
    ///
    /// # Errors
    /// The file is not what it should be; the error says where.
    pub fn read(file: &str, bytes: &[u8], how: &Reading) -> Result<Deck, DeckError> {
        let format = match how.format {
            Some(format) => format,
            None => Format::of(file, bytes)?,
        };
        let cards = match format {
            Format::Text => text::read(file, bytes, how)?,
            Format::Ebcdic => whole_cards(file, bytes, COLUMNS)?.map(Card::from_codes).collect(),
            Format::Binary => whole_cards(file, bytes, 2 * COLUMNS)?.map(Card::from_binary).collect(),
        };
        Ok(Deck { name: file.to_owned(), cards })
    }

    /// The deck as a file.
    ///
    /// # Errors
    /// [`DeckError::Column`]: a column has no EBCDIC code, or, in text, its code has no graphic character.
    pub fn write(&self, format: Format, page: CodePage) -> Result<Vec<u8>, DeckError> {
        let mut bytes = Vec::with_capacity(self.cards.len() * COLUMNS);
        for (n, card) in self.cards.iter().enumerate() {
            let wrong = |column, what| DeckError::Column { file: self.name.clone(), card: n + 1, column, what };
            if format == Format::Binary {
                bytes.extend(card.binary());
                continue;
            }
            let codes = card.codes().map_err(|column| wrong(column, "its holes are no EBCDIC code".to_owned()))?;
            if format == Format::Ebcdic {
                bytes.extend(codes);
            } else {
                let no_character = |(column, code)| wrong(column, format!("X'{code:02X}' has no graphic character"));
                text::write_card(&codes, page, &mut bytes).map_err(no_character)?;
            }
        }
        Ok(bytes)
    }
}

fn whole_cards<'a>(file: &str, bytes: &'a [u8], size: usize) -> Result<std::slice::ChunksExact<'a, u8>, DeckError> {
    let cards = bytes.chunks_exact(size);
    let rest = cards.remainder().len();
    if rest > 0 {
        let (length, offset) = (bytes.len(), bytes.len() - rest);
        return Err(DeckError::PartOfCard { file: file.to_owned(), length, size, offset });
    }
    if cards.len() > MOST_CARDS {
        return Err(DeckError::TooMany { file: file.to_owned() });
    }
    Ok(cards)
}

#[cfg(test)]
mod tests;
