//! The keyboard (GA23-0059, "Keyboard Operations"; GA27-2890 for a 3278's keys).

use s370_arch::display::{Attribute, aid};

use super::{Cell, EMPTY, Extended, Position, Screen};

/// Keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// A character, in EBCDIC from X'40' on.
    Character(u8),
    /// To the next unprotected field.
    Tab,
    /// To the beginning of this unprotected field, or of the one before.
    BackTab,
    /// To the first unprotected field that begins on a row below.
    NewLine,
    /// To the first unprotected field.
    Home,
    /// Cursor left.
    Left,
    /// Cursor right.
    Right,
    /// Cursor up.
    Up,
    /// Cursor down.
    Down,
    /// Cursor left, and deletes what is there.
    Backspace,
    /// Deletes the character at the cursor.
    Delete,
    /// Erases to the end of the field.
    EraseEndOfField,
    /// Erases all unprotected fields.
    EraseInput,
    /// Characters push others to the right, until RESET.
    Insert,
    /// Ends insert mode, and unlocks a keyboard that an operator's error locked.
    Reset,
    /// DUP: its character, and a tab.
    Duplicate,
    /// FIELD MARK.
    FieldMark,
    /// ENTER.
    Enter,
    /// CLEAR.
    Clear,
    /// Program access key 1-3.
    ProgramAccess(u8),
    /// Program function key 1-24.
    ProgramFunction(u8),
}

/// Why the keyboard is locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inhibited {
    /// A key was sent, and the program has not restored the keyboard.
    System,
    /// The field is protected.
    Protected,
    /// The field takes digits only.
    Numeric,
    /// There is no room to insert.
    Overflow,
}

const DUPLICATE: u8 = 0x1C;
const FIELD_MARK: u8 = 0x1E;

impl Screen {
    /// A key is pressed. Keys with an attention identifier give the inbound record. A locked keyboard takes RESET only.
    pub fn press(&mut self, key: Key) -> Option<Vec<u8>> {
        if key == Key::Reset {
            self.is_inserting = false;
            if self.inhibited != Some(Inhibited::System) {
                self.inhibited = None;
            }
            return None;
        }
        if self.inhibited.is_some() {
            return None;
        }
        if let Some(code) = identifier(key) {
            return Some(self.attend(key, code));
        }
        match self.edit(key) {
            Ok(()) => {}
            Err(inhibited) => self.inhibited = Some(inhibited),
        }
        None
    }

    /// A key with an attention identifier.
    fn attend(&mut self, key: Key, code: u8) -> Vec<u8> {
        if key == Key::Clear {
            self.buffer.fill(EMPTY);
            self.cursor = 0;
        }
        self.aid = code;
        self.inhibited = Some(Inhibited::System);
        self.is_inserting = false;
        self.read_modified(false)
    }

    fn edit(&mut self, key: Key) -> Result<(), Inhibited> {
        let (row, column) = self.cursor();
        let (rows, columns) = (self.size.rows, self.size.columns);
        match key {
            Key::Character(code) if code >= 0x40 => return self.type_character(code),
            Key::Duplicate => {
                self.type_character(DUPLICATE)?;
                self.cursor = self.next_unprotected(self.before(self.cursor));
            }
            Key::FieldMark => return self.type_character(FIELD_MARK),
            Key::Tab => self.cursor = self.next_unprotected(self.cursor),
            Key::BackTab => self.back_tab(),
            Key::NewLine => self.new_line(),
            Key::Home => self.cursor = self.next_unprotected(self.last()),
            Key::Left => self.cursor = self.before(self.cursor),
            Key::Right => self.cursor = self.after(self.cursor),
            Key::Up => self.cursor = (row + rows - 1) % rows * columns + column,
            Key::Down => self.cursor = (row + 1) % rows * columns + column,
            Key::Backspace => {
                let before = self.before(self.cursor);
                self.check_unprotected(before)?;
                self.cursor = before;
                return self.delete();
            }
            Key::Delete => return self.delete(),
            Key::EraseEndOfField => {
                self.check_unprotected(self.cursor)?;
                self.rest_of_field().for_each(|address| *self.at_mut(address) = EMPTY);
                self.set_modified(self.cursor, true);
            }
            Key::EraseInput => self.erase_unprotected_fields(),
            Key::Insert => self.is_inserting = true,
            // Not a character, and keys that do not come here.
            Key::Character(_) | Key::Reset | Key::Enter | Key::Clear => {}
            Key::ProgramAccess(_) | Key::ProgramFunction(_) => {}
        }
        Ok(())
    }

    /// Whether something may be keyed in there.
    fn check_unprotected(&self, address: u16) -> Result<(), Inhibited> {
        let is_field = self.at(address).cell.attribute().is_some();
        if is_field || self.attribute_of(address).contains(Attribute::PROTECTED) {
            return Err(Inhibited::Protected);
        }
        Ok(())
    }

    /// The addresses from the cursor to the end of its field; to the end of the screen if there are no fields.
    fn rest_of_field(&self) -> std::vec::IntoIter<u16> {
        let is_formatted = self.is_formatted();
        let end = if is_formatted { self.cursor } else { 0 };
        let addresses = self.between(self.cursor, end);
        let rest: Vec<_> = addresses.take_while(|&address| self.at(address).cell.attribute().is_none()).collect();
        rest.into_iter()
    }

    fn type_character(&mut self, code: u8) -> Result<(), Inhibited> {
        self.check_unprotected(self.cursor)?;
        // The period, the minus sign and DUP count as digits.
        let is_numeric = matches!(code, 0xF0..=0xF9 | 0x4B | 0x60 | DUPLICATE);
        if self.attribute_of(self.cursor).contains(Attribute::NUMERIC) && !is_numeric {
            return Err(Inhibited::Numeric);
        }
        if self.is_inserting && !self.at(self.cursor).cell.is_null() {
            self.make_room()?;
        }
        *self.at_mut(self.cursor) = Position { cell: Cell::basic(code), extended: Extended::default() };
        self.set_modified(self.cursor, true);
        self.advance();
        Ok(())
    }

    /// Moves what stands from the cursor to the first null of the field one position on.
    fn make_room(&mut self) -> Result<(), Inhibited> {
        let rest: Vec<_> = self.rest_of_field().collect();
        let null = rest.iter().position(|&address| self.at(address).cell.is_null()).ok_or(Inhibited::Overflow)?;
        for pair in rest[..=null].windows(2).rev() {
            *self.at_mut(pair[1]) = self.at(pair[0]);
        }
        Ok(())
    }

    /// To the next position; from the end of a field past the attribute (and past that of a field without positions), and
    /// past a field that is to be skipped.
    fn advance(&mut self) {
        for _ in 0..=self.last() {
            self.cursor = self.after(self.cursor);
            let Some(attribute) = self.at(self.cursor).cell.attribute() else { return };
            if attribute.contains(Attribute::PROTECTED | Attribute::NUMERIC) {
                self.cursor = self.next_unprotected(self.cursor);
                return;
            }
        }
    }

    /// Deletes the character at the cursor: the rest of the field moves up.
    fn delete(&mut self) -> Result<(), Inhibited> {
        self.check_unprotected(self.cursor)?;
        let rest: Vec<_> = self.rest_of_field().collect();
        for pair in rest.windows(2) {
            *self.at_mut(pair[0]) = self.at(pair[1]);
        }
        if let Some(&last) = rest.last() {
            *self.at_mut(last) = EMPTY;
        }
        self.set_modified(self.cursor, true);
        Ok(())
    }

    /// To the beginning of the nearest unprotected field before the cursor, or to 0.
    fn back_tab(&mut self) {
        let mut address = self.cursor;
        for _ in 0..=self.last() {
            address = self.before(address);
            let attribute = self.at(self.before(address)).cell.attribute();
            if attribute.is_some_and(|attribute| !attribute.contains(Attribute::PROTECTED))
                && self.at(address).cell.attribute().is_none()
            {
                self.cursor = address;
                return;
            }
        }
        self.cursor = 0;
    }

    fn new_line(&mut self) {
        let below = (self.cursor().0 + 1) % self.size.rows * self.size.columns;
        self.cursor = match self.check_unprotected(below) {
            Ok(()) => below,
            Err(_) => self.next_unprotected(self.before(below)),
        };
    }
}

/// The attention identifier of a key; none if it has none, or there is no such key.
fn identifier(key: Key) -> Option<u8> {
    let nth = |keys: &[u8], number: u8| usize::from(number).checked_sub(1).and_then(|at| keys.get(at).copied());
    match key {
        Key::Enter => Some(aid::ENTER),
        Key::Clear => Some(aid::CLEAR),
        Key::ProgramAccess(number) => nth(&aid::PA, number),
        Key::ProgramFunction(number) => nth(&aid::PF, number),
        _ => None,
    }
}
