//! What an outbound record does to the buffer (GA23-0059, "Commands" and "Orders").

use s370_arch::display::{Attribute, Command, Wcc, aid};

use super::{ADDRESSING, Cell, EMPTY, Extended, Position, Screen};
use crate::stream::{
    Outbound, StreamError,
    order::{Character, Order, Orders, Pairs, kind},
    structured::{Field, Fields, ReplyMode},
};

/// What a write remembers from order to order.
#[derive(Clone, Copy, Default)]
struct Write {
    /// Attributes of the characters that come (SA).
    extended: Extended,
    /// A character came last: PT then erases to the end of the field.
    was_text: bool,
}

/// Sets an extended attribute; whether its type is one.
fn set_extended(extended: &mut Extended, kind: u8, value: u8) -> bool {
    match kind {
        kind::ALL => *extended = Extended::default(),
        kind::HIGHLIGHTING => extended.highlighting = value,
        kind::FOREGROUND => extended.foreground = value,
        kind::BACKGROUND => extended.background = value,
        kind::CHARACTER_SET => extended.character_set = value,
        _ => return false,
    }
    true
}

impl Screen {
    /// Executes an outbound record. If it reads or queries, the answer. What stands before an error is executed.
    pub fn apply(&mut self, record: &[u8]) -> Result<Option<Vec<u8>>, StreamError> {
        match Outbound::parse(record)? {
            Outbound::Write { command, wcc, orders } => {
                self.write(command, wcc, orders).map_err(|error| error.after(2))?;
                Ok(None)
            }
            Outbound::EraseAllUnprotected => {
                self.erase_all_unprotected();
                Ok(None)
            }
            Outbound::Read(command) => Ok(Some(self.read(command))),
            Outbound::StructuredFields(_) if !self.terminal.is_extended => Err(StreamError::Command(0)),
            Outbound::StructuredFields(data) => self.structured_fields(data).map_err(|error| error.after(1)),
        }
    }

    fn structured_fields(&mut self, data: &[u8]) -> Result<Option<Vec<u8>>, StreamError> {
        let mut answer = None;
        for field in Fields::new(data) {
            let (at, field) = field?;
            match field {
                Field::Query => answer = Some(self.query(None)),
                Field::QueryList { listed, codes } => answer = Some(self.query(Some((listed, codes)))),
                Field::Read { partition: 0, command } => answer = Some(self.read(command)),
                Field::EraseReset { is_alternate } => {
                    self.erase(is_alternate);
                    self.restore();
                    self.reply_mode = ReplyMode::Field;
                }
                Field::SetReplyMode { partition: 0, mode, kinds } => {
                    self.reply_mode = mode;
                    self.reply_kinds = kinds.to_vec();
                }
                Field::Outbound { partition: 0, record } => match Outbound::parse(record) {
                    Ok(Outbound::Write { command, wcc, orders }) => {
                        self.write(command, wcc, orders).map_err(|error| error.after(at + 4))?;
                    }
                    Ok(Outbound::EraseAllUnprotected) => self.erase_all_unprotected(),
                    _ => return Err(StreamError::Field(at)),
                },
                _ => return Err(StreamError::Field(at)),
            }
        }
        Ok(answer)
    }

    /// Empties the buffer and selects a screen size.
    fn erase(&mut self, is_alternate: bool) {
        self.size = if is_alternate { self.alternate } else { crate::tn3270::terminal::Size::DEFAULT };
        self.buffer = vec![EMPTY; usize::from(self.size.positions())];
        self.cursor = 0;
        self.address = 0;
        self.aid = aid::NONE;
    }

    /// Unlocks the keyboard.
    fn restore(&mut self) {
        self.inhibited = None;
        self.is_inserting = false;
        self.aid = aid::NONE;
    }

    fn write(&mut self, command: Command, wcc: Option<Wcc>, orders: &[u8]) -> Result<(), StreamError> {
        let wcc = wcc.unwrap_or_default();
        if command == Command::Write {
            self.address = self.cursor;
        } else {
            self.erase(command == Command::EraseWriteAlternate);
            if wcc.contains(Wcc::RESET) {
                self.reply_mode = ReplyMode::Field;
            }
        }
        if wcc.contains(Wcc::RESET_MODIFIED) {
            for position in &mut self.buffer {
                if let Cell::Field(attribute) = &mut position.cell {
                    attribute.remove(Attribute::MODIFIED);
                }
            }
        }
        let done = self.execute(orders);
        self.has_alarm |= wcc.contains(Wcc::ALARM);
        if wcc.contains(Wcc::RESTORE_KEYBOARD) {
            self.restore();
        }
        done
    }

    fn execute(&mut self, data: &[u8]) -> Result<(), StreamError> {
        let mut write = Write::default();
        let mut orders = Orders::new(data, ADDRESSING);
        loop {
            let at = orders.offset();
            let Some(order) = orders.next() else { return Ok(()) };
            let order = order?;
            self.order(&mut write, order, at)?;
            write.was_text = match order {
                Order::Text(_) | Order::GraphicEscape(_) => true,
                // A tab that has wrapped goes on erasing.
                Order::ProgramTab => write.was_text && self.address == 0,
                Order::SetAttribute { .. } => write.was_text,
                _ => false,
            };
        }
    }

    fn order(&mut self, write: &mut Write, order: Order, at: usize) -> Result<(), StreamError> {
        match order {
            Order::Text(text) => text.iter().for_each(|&code| self.put(Cell::basic(code), write.extended)),
            Order::GraphicEscape(code) => {
                self.put(Cell::Character { code, is_escaped: true }, write.extended);
            }
            Order::StartField(attribute) => self.put(Cell::Field(attribute), Extended::default()),
            Order::StartFieldExtended(pairs) => self.start_field(pairs),
            Order::SetBufferAddress(address) => self.address = self.inside(address, at + 1)?,
            Order::SetAttribute { kind, value } => {
                set_extended(&mut write.extended, kind, value);
            }
            Order::ModifyField(pairs) => self.modify_field(pairs, at)?,
            Order::InsertCursor => self.cursor = self.address,
            Order::ProgramTab => self.program_tab(write.was_text),
            Order::RepeatToAddress { stop, character } => {
                let stop = self.inside(stop, at + 1)?;
                let cell = match character {
                    Character::Basic(code) => Cell::basic(code),
                    Character::GraphicEscape(code) => Cell::Character { code, is_escaped: true },
                };
                for address in self.between(self.address, stop) {
                    *self.at_mut(address) = Position { cell, extended: write.extended };
                }
                self.address = stop;
            }
            Order::EraseUnprotectedToAddress(stop) => {
                let stop = self.inside(stop, at + 1)?;
                self.erase_unprotected(self.address, stop);
                self.address = stop;
            }
        }
        Ok(())
    }

    /// The address, if the buffer has it.
    fn inside(&self, address: u16, at: usize) -> Result<u16, StreamError> {
        if address <= self.last() { Ok(address) } else { Err(StreamError::Address(at)) }
    }

    fn put(&mut self, cell: Cell, extended: Extended) {
        *self.at_mut(self.address) = Position { cell, extended };
        self.address = self.after(self.address);
    }

    fn start_field(&mut self, pairs: Pairs) {
        let mut attribute = Attribute::empty();
        let mut extended = Extended::default();
        for (kind, value) in pairs.iter() {
            if kind == kind::FIELD {
                attribute = Attribute::parse(value);
            } else {
                set_extended(&mut extended, kind, value);
            }
        }
        self.put(Cell::Field(attribute), extended);
    }

    fn modify_field(&mut self, pairs: Pairs, at: usize) -> Result<(), StreamError> {
        let Position { cell: Cell::Field(mut attribute), mut extended } = self.at(self.address) else {
            return Err(StreamError::Order(at));
        };
        for (kind, value) in pairs.iter() {
            if kind == kind::FIELD {
                attribute = Attribute::parse(value);
            } else {
                set_extended(&mut extended, kind, value);
            }
        }
        self.put(Cell::Field(attribute), extended);
        Ok(())
    }

    /// PT: to the first position of the next unprotected field, or to 0 if there is none up to the end. After characters the
    /// rest of the field that they are in is erased.
    fn program_tab(&mut self, erases: bool) {
        if erases {
            let mut address = self.address;
            while self.at(address).cell.attribute().is_none() {
                *self.at_mut(address) = EMPTY;
                address = self.after(address);
                if address == 0 {
                    break;
                }
            }
        }
        let is_unprotected = |position: &Position| {
            position.cell.attribute().is_some_and(|attribute| !attribute.contains(Attribute::PROTECTED))
        };
        let begin = usize::from(self.address);
        let found = self.buffer[begin..].iter().position(is_unprotected);
        // An attribute at the last position belongs to a field that begins at 0.
        self.address = found.map_or(0, |found| self.after((begin + found) as u16));
    }

    /// Erases what is not protected from one address to before another.
    fn erase_unprotected(&mut self, begin: u16, end: u16) {
        let mut attribute = self.attribute_of(begin);
        for address in self.between(begin, end) {
            match self.at(address).cell {
                Cell::Field(next) => attribute = next,
                Cell::Character { .. } if !attribute.contains(Attribute::PROTECTED) => *self.at_mut(address) = EMPTY,
                Cell::Character { .. } => {}
            }
        }
    }

    /// Erase All Unprotected, which the ERASE INPUT key does too.
    pub(super) fn erase_unprotected_fields(&mut self) {
        self.erase_unprotected(0, 0);
        for position in &mut self.buffer {
            if let Cell::Field(attribute) = &mut position.cell
                && !attribute.contains(Attribute::PROTECTED)
            {
                attribute.remove(Attribute::MODIFIED);
            }
        }
        self.cursor = self.next_unprotected(self.last());
    }

    fn erase_all_unprotected(&mut self) {
        self.erase_unprotected_fields();
        self.restore();
    }
}
