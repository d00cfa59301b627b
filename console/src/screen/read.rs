//! What a display sends: the buffer, what was modified, and what it is (GA23-0059, "Inbound 3270 Data Stream").

use s370_arch::display::{Attribute, Command, aid};

use super::{ADDRESSING, Cell, Extended, Screen};
use crate::{
    stream::{
        order::{Order, Pairs, kind},
        query::{QueryReply, code},
        structured::{Listed, ReplyMode},
    },
    tn3270::terminal::Size,
};

impl Extended {
    /// Types and values, of which the default is zero.
    fn pairs(self) -> [(u8, u8); 4] {
        [
            (kind::HIGHLIGHTING, self.highlighting),
            (kind::FOREGROUND, self.foreground),
            (kind::CHARACTER_SET, self.character_set),
            (kind::BACKGROUND, self.background),
        ]
    }
}

impl Screen {
    /// The answer to a read command.
    pub(super) fn read(&self, command: Command) -> Vec<u8> {
        match command {
            Command::ReadBuffer => self.read_buffer(),
            Command::ReadModifiedAll => self.read_modified(true),
            _ => self.read_modified(false),
        }
    }

    /// Attention identifier and cursor address.
    fn header(&self) -> Vec<u8> {
        let [high, low] = ADDRESSING.emit(self.cursor);
        vec![self.aid, high, low]
    }

    fn read_buffer(&self) -> Vec<u8> {
        let mut out = self.header();
        let mut shown = Extended::default();
        for address in 0..=self.last() {
            let position = self.at(address);
            match position.cell {
                Cell::Field(attribute) => self.emit_field(attribute, position.extended, &mut out),
                Cell::Character { code, is_escaped } => {
                    self.emit_attributes(&mut shown, position.extended, &mut out);
                    emit_character(code, is_escaped, &mut out);
                }
            }
        }
        out
    }

    /// A field's beginning, as the reply mode wants it.
    fn emit_field(&self, attribute: Attribute, extended: Extended, out: &mut Vec<u8>) {
        if self.reply_mode == ReplyMode::Field {
            return Order::StartField(attribute).emit(ADDRESSING, out);
        }
        let set = extended.pairs().into_iter().filter(|&(_, value)| value != 0);
        let list: Vec<u8> =
            [(kind::FIELD, attribute.emit())].into_iter().chain(set).flat_map(|(kind, value)| [kind, value]).collect();
        if let Some(pairs) = Pairs::new(&list) {
            Order::StartFieldExtended(pairs).emit(ADDRESSING, out);
        }
    }

    /// In the character reply mode: what changes from one character's attributes to the next one's.
    fn emit_attributes(&self, shown: &mut Extended, extended: Extended, out: &mut Vec<u8>) {
        if self.reply_mode != ReplyMode::Character {
            return;
        }
        for ((kind, old), (_, value)) in shown.pairs().into_iter().zip(extended.pairs()) {
            if old != value && self.reply_kinds.contains(&kind) {
                Order::SetAttribute { kind, value }.emit(ADDRESSING, out);
            }
        }
        *shown = extended;
    }

    /// Read Modified, or Read Modified All, which sends the fields after every key.
    pub(super) fn read_modified(&self, is_all: bool) -> Vec<u8> {
        if aid::is_short(self.aid) && !is_all {
            return vec![self.aid];
        }
        let mut out = self.header();
        let mut shown = Extended::default();
        if !self.is_formatted() {
            (0..=self.last()).for_each(|address| self.emit_data(address, &mut shown, &mut out));
            return out;
        }
        for field in 0..=self.last() {
            let Some(attribute) = self.at(field).cell.attribute() else { continue };
            if !attribute.contains(Attribute::MODIFIED) {
                continue;
            }
            let begin = self.after(field);
            Order::SetBufferAddress(begin).emit(ADDRESSING, &mut out);
            let mut address = begin;
            while self.at(address).cell.attribute().is_none() {
                self.emit_data(address, &mut shown, &mut out);
                address = self.after(address);
            }
        }
        out
    }

    /// A character, unless it is null.
    fn emit_data(&self, address: u16, shown: &mut Extended, out: &mut Vec<u8>) {
        let position = self.at(address);
        if let Cell::Character { code, is_escaped } = position.cell
            && !position.cell.is_null()
        {
            self.emit_attributes(shown, position.extended, out);
            emit_character(code, is_escaped, out);
        }
    }

    /// The answer to a Query, or to a Query List.
    pub(super) fn query(&self, list: Option<(Listed, &[u8])>) -> Vec<u8> {
        let is_wanted = |code: u8| match list {
            Some((Listed::List | Listed::Equivalent, codes)) => codes.contains(&code),
            Some((Listed::All, _)) | None => true,
        };
        let mut replies: Vec<_> = self.replies().into_iter().filter(|reply| is_wanted(reply.code())).collect();
        if replies.is_empty() {
            replies.push(QueryReply::Null);
        }
        let mut out = vec![aid::STRUCTURED_FIELD];
        replies.iter().for_each(|reply| reply.emit(&mut out));
        out
    }

    fn replies(&self) -> Vec<QueryReply> {
        let mut codes = vec![code::SUMMARY, code::USABLE_AREA];
        let mut replies = vec![QueryReply::UsableArea { size: self.alternate, buffer: self.alternate.positions() }];
        if self.terminal.has_colour {
            codes.push(code::COLOUR);
            let colours = (0xF1..=0xF7).map(|colour| (colour, colour));
            replies.push(QueryReply::Colour([(0, 0xF4)].into_iter().chain(colours).collect()));
        }
        codes.extend([code::HIGHLIGHTING, code::REPLY_MODES, code::IMPLICIT_PARTITION]);
        replies.push(QueryReply::Highlighting(vec![(0, 0xF0), (0xF1, 0xF1), (0xF2, 0xF2), (0xF4, 0xF4), (0xF8, 0xF8)]));
        replies.push(QueryReply::ReplyModes(vec![0, 1, 2]));
        replies.push(QueryReply::ImplicitPartition { default: Size::DEFAULT, alternate: self.alternate });
        replies.insert(0, QueryReply::Summary(codes));
        replies
    }
}

fn emit_character(code: u8, is_escaped: bool, out: &mut Vec<u8>) {
    let order = [code];
    if is_escaped {
        Order::GraphicEscape(code).emit(ADDRESSING, out);
    } else {
        Order::Text(&order).emit(ADDRESSING, out);
    }
}
