//! A 3270 display: its buffer, keyboard and screen (GA23-0059).
//!
//! [`Screen::apply`] executes an outbound record and gives the inbound one, if it asks for one. [`Screen::press`] is a key;
//! keys with an attention identifier give an inbound record. [`Screen::row`] is what a person sees.
//!
//! Invariant: the buffer has as many positions as the current screen size, and cursor and buffer address are inside of it.

mod keyboard;
mod outbound;
mod read;

pub use keyboard::{Inhibited, Key};
use s370_arch::{
    display::{Addressing, Attribute, aid},
    ebcdic,
};

use crate::{
    stream::structured::ReplyMode,
    tn3270::terminal::{Size, TerminalType},
};

/// Extended attributes of a field or a character; zero is the default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extended {
    /// Highlighting.
    pub highlighting: u8,
    /// Foreground colour.
    pub foreground: u8,
    /// Background colour.
    pub background: u8,
    /// Character set.
    pub character_set: u8,
}

/// What is at a position of the buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell {
    /// A character; X'00' is none.
    Character {
        /// Its code.
        code: u8,
        /// It is of the alternate character set (graphic escape).
        is_escaped: bool,
    },
    /// The beginning of a field, which shows as a blank.
    Field(Attribute),
}

impl Cell {
    const NULL: Cell = Cell::Character { code: 0, is_escaped: false };

    /// A character of the basic character set.
    const fn basic(code: u8) -> Cell {
        Cell::Character { code, is_escaped: false }
    }

    fn is_null(self) -> bool {
        self == Cell::NULL
    }

    fn attribute(self) -> Option<Attribute> {
        match self {
            Cell::Field(attribute) => Some(attribute),
            Cell::Character { .. } => None,
        }
    }
}

/// A position of the buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Position {
    cell: Cell,
    extended: Extended,
}

const EMPTY: Position = Position {
    cell: Cell::NULL,
    extended: Extended { highlighting: 0, foreground: 0, background: 0, character_set: 0 },
};

/// Colours of a 3279.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// Blue.
    Blue,
    /// Red.
    Red,
    /// Pink.
    Pink,
    /// Green.
    Green,
    /// Turquoise.
    Turquoise,
    /// Yellow.
    Yellow,
    /// White, or neutral.
    White,
}

/// How a position looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appearance {
    /// The character; a blank for attributes, nulls and what does not show.
    pub character: char,
    /// Its colour.
    pub colour: Colour,
    /// It is intensified.
    pub is_intensified: bool,
    /// It blinks.
    pub is_blinking: bool,
    /// Its colours are reversed.
    pub is_reversed: bool,
    /// It is underscored.
    pub is_underscored: bool,
}

/// A display.
#[derive(Clone, Debug)]
pub struct Screen {
    terminal: TerminalType,
    alternate: Size,
    size: Size,
    buffer: Vec<Position>,
    cursor: u16,
    /// The current buffer address.
    address: u16,
    aid: u8,
    inhibited: Option<Inhibited>,
    is_inserting: bool,
    reply_mode: ReplyMode,
    /// Attribute types that the character reply mode tells of.
    reply_kinds: Vec<u8>,
    has_alarm: bool,
}

/// Addresses of screens up to 16383 positions.
const ADDRESSING: Addressing = Addressing::TwelveOrFourteen;

impl Screen {
    /// A display that was just turned on: an empty screen, the keyboard not locked.
    #[must_use]
    pub fn new(terminal: TerminalType) -> Screen {
        /// For a type that says nothing of its size.
        const LARGE: Size = Size { rows: 62, columns: 160 };
        Screen::with_size(terminal, LARGE)
    }

    /// The same; if the type says nothing of its alternate size, it is this one, but not less than that of model 2, and not
    /// more than 64 rows of 255 columns.
    #[must_use]
    pub fn with_size(terminal: TerminalType, size: Size) -> Screen {
        let alternate = terminal.model.alternate().unwrap_or(Size {
            rows: size.rows.clamp(Size::DEFAULT.rows, 64),
            columns: size.columns.clamp(Size::DEFAULT.columns, 255),
        });
        Screen {
            terminal,
            alternate,
            size: Size::DEFAULT,
            buffer: vec![EMPTY; usize::from(Size::DEFAULT.positions())],
            cursor: 0,
            address: 0,
            aid: aid::NONE,
            inhibited: None,
            is_inserting: false,
            reply_mode: ReplyMode::Field,
            reply_kinds: Vec::new(),
            has_alarm: false,
        }
    }

    /// The current screen size.
    #[must_use]
    pub fn size(&self) -> Size {
        self.size
    }

    /// The cursor's row and column, from 0.
    #[must_use]
    pub fn cursor(&self) -> (u16, u16) {
        (self.cursor / self.size.columns, self.cursor % self.size.columns)
    }

    /// Why the keyboard is locked, if it is.
    #[must_use]
    pub fn inhibited(&self) -> Option<Inhibited> {
        self.inhibited
    }

    /// Whether keys insert.
    #[must_use]
    pub fn is_inserting(&self) -> bool {
        self.is_inserting
    }

    /// Whether the alarm has sounded since this was last asked.
    pub fn take_alarm(&mut self) -> bool {
        std::mem::take(&mut self.has_alarm)
    }

    /// What is at a row and a column, from 0; `None` outside the screen.
    #[must_use]
    pub fn cell(&self, row: u16, column: u16) -> Option<Cell> {
        let is_inside = row < self.size.rows && column < self.size.columns;
        is_inside.then(|| self.at(row * self.size.columns + column).cell)
    }

    /// The text of a row, from 0, as a person sees it; empty outside the screen.
    #[must_use]
    pub fn row(&self, row: u16) -> String {
        self.appearances(row).map(|appearance| appearance.character).collect()
    }

    /// How the positions of a row look; none outside the screen.
    pub fn appearances(&self, row: u16) -> impl Iterator<Item = Appearance> + '_ {
        let columns = if row < self.size.rows { self.size.columns } else { 0 };
        let begin = row.min(self.size.rows) * self.size.columns;
        let mut field = self.field_of(begin.min(self.last()));
        (begin..begin + columns).map(move |address| {
            if self.at(address).cell.attribute().is_some() {
                field = Some(address);
            }
            self.appearance(address, field)
        })
    }

    fn appearance(&self, address: u16, field: Option<u16>) -> Appearance {
        let position = self.at(address);
        let (attribute, of_field) = match field.map(|field| self.at(field)) {
            Some(Position { cell: Cell::Field(attribute), extended }) => (attribute, extended),
            _ => (Attribute::empty(), Extended::default()),
        };
        let character = match position.cell {
            Cell::Character { code, is_escaped: false } if code >= 0x40 && !attribute.is_hidden() => {
                Some(ebcdic::to_char(code)).filter(|character| !character.is_control()).unwrap_or(' ')
            }
            // Of the alternate character set there is no table.
            Cell::Character { is_escaped: true, .. } if !attribute.is_hidden() => '?',
            _ => ' ',
        };
        let own = |own: u8, of_field: u8| if own == 0 { of_field } else { own };
        let highlighting = own(position.extended.highlighting, of_field.highlighting);
        let is_intensified = attribute & Attribute::HIDDEN == Attribute::INTENSIFIED;
        Appearance {
            character,
            colour: colour(own(position.extended.foreground, of_field.foreground), attribute, is_intensified),
            is_intensified: is_intensified || highlighting == 0xF8,
            is_blinking: highlighting == 0xF1,
            is_reversed: highlighting == 0xF2,
            is_underscored: highlighting == 0xF4,
        }
    }

    fn at(&self, address: u16) -> Position {
        self.buffer[usize::from(address)]
    }

    fn at_mut(&mut self, address: u16) -> &mut Position {
        &mut self.buffer[usize::from(address)]
    }

    /// The last address.
    fn last(&self) -> u16 {
        self.size.positions() - 1
    }

    fn after(&self, address: u16) -> u16 {
        if address == self.last() { 0 } else { address + 1 }
    }

    fn before(&self, address: u16) -> u16 {
        if address == 0 { self.last() } else { address - 1 }
    }

    /// The addresses from one to before another, round the end; all of them if they are the same.
    fn between(&self, begin: u16, end: u16) -> impl Iterator<Item = u16> + use<> {
        let positions = self.size.positions();
        let count = if begin < end { end - begin } else { positions - begin + end };
        (0..count).map(move |n| (begin + n) % positions)
    }

    /// The address of the attribute of the field that this address is in, maybe of an attribute itself.
    fn field_of(&self, address: u16) -> Option<u16> {
        let is_field = |at: &usize| self.buffer[*at].cell.attribute().is_some();
        let address = usize::from(address);
        let found =
            (0..=address).rev().find(is_field).or_else(|| (address + 1..self.buffer.len()).rev().find(is_field));
        // The buffer has less than 65536 positions.
        found.map(|at| at as u16)
    }

    /// The attribute of the field that this address is in; an unformatted buffer is one unprotected field.
    fn attribute_of(&self, address: u16) -> Attribute {
        self.field_of(address).and_then(|field| self.at(field).cell.attribute()).unwrap_or_default()
    }

    fn is_formatted(&self) -> bool {
        self.buffer.iter().any(|position| position.cell.attribute().is_some())
    }

    /// Changes the modified data tag of the field that this address is in.
    fn set_modified(&mut self, address: u16, is_modified: bool) {
        if let Some(field) = self.field_of(address)
            && let Cell::Field(attribute) = &mut self.at_mut(field).cell
        {
            attribute.set(Attribute::MODIFIED, is_modified);
        }
    }

    /// The first position of the first unprotected field after an address, itself excepted; 0 if there is none. A field
    /// without positions is none.
    fn next_unprotected(&self, address: u16) -> u16 {
        let next = self.after(address);
        let is_begin = |&at: &u16| {
            let attribute = self.at(self.before(at)).cell.attribute();
            attribute.is_some_and(|attribute| !attribute.contains(Attribute::PROTECTED))
                && self.at(at).cell.attribute().is_none()
        };
        self.between(next, next).find(is_begin).unwrap_or(0)
    }
}

/// The colour of a character: its own, or by its field ("Base Color").
fn colour(foreground: u8, attribute: Attribute, is_intensified: bool) -> Colour {
    match foreground {
        0xF1 => Colour::Blue,
        0xF2 => Colour::Red,
        0xF3 => Colour::Pink,
        0xF4 => Colour::Green,
        0xF5 => Colour::Turquoise,
        0xF6 => Colour::Yellow,
        0xF7 => Colour::White,
        _ => match (attribute.contains(Attribute::PROTECTED), is_intensified) {
            (false, false) => Colour::Green,
            (false, true) => Colour::Red,
            (true, false) => Colour::Blue,
            (true, true) => Colour::White,
        },
    }
}

#[cfg(test)]
mod tests;
