//! Object decks: the ESD, TXT, RLD and END card images that IBM's linkers and loaders read
//! (GC33-4010, Appendix; GY33-8041).

use s370_arch::ebcdic::{from_char, to_text};
use thiserror::Error;

use crate::constant::AddressKind;
use crate::object::{Entry, EsdItem, EsdKind, Identification, Object, Rld, Text};

/// A card image of 80 EBCDIC columns.
pub type Card = [u8; 80];

const BLANK: u8 = 0x40;
/// What column 1 of an object card contains.
const MARK: u8 = 0x02;
/// Bytes in columns 17-72 of TXT and RLD cards.
const DATA: usize = 56;

/// Why card images are not an object deck.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("card {card}: {reason}")]
pub struct DeckError {
    /// Number of the card, from 1.
    pub card: usize,
    /// What is wrong with it.
    pub reason: String,
}

/// Writes cards one by one.
struct Puncher<'a> {
    identification: &'a str,
    cards: Vec<Card>,
}

impl Puncher<'_> {
    /// Adds a card with this kind, count and number in columns 2-4, 11-12 and 15-16, and returns it.
    fn card(&mut self, kind: &str, count: Option<usize>, id: Option<u16>) -> &mut Card {
        let mut card = [BLANK; 80];
        card[0] = MARK;
        put_text(&mut card[1..4], kind);
        if let Some(count) = count {
            card[10..12].copy_from_slice(&(count as u16).to_be_bytes());
        }
        if let Some(id) = id {
            card[14..16].copy_from_slice(&id.to_be_bytes());
        }
        let width = 8 - self.identification.chars().count().min(8);
        let number = format!("{:0width$}", self.cards.len() + 1);
        let tail = &number[number.len() - width..];
        put_text(&mut card[72..80], &format!("{}{tail}", self.identification));
        self.cards.push(card);
        let last = self.cards.len() - 1;
        &mut self.cards[last]
    }
}

fn put_text(field: &mut [u8], text: &str) {
    field.fill(BLANK);
    for (byte, c) in field.iter_mut().zip(text.chars()) {
        *byte = from_char(c).unwrap_or(BLANK);
    }
}

fn put_address(field: &mut [u8], address: u32) {
    field.copy_from_slice(&address.to_be_bytes()[1..]);
}

impl Object {
    /// The object as card images. `identification` (up to eight characters, from the first named TITLE statement)
    /// begins columns 73-80; the card's number fills the rest.
    #[must_use]
    pub fn to_cards(&self, identification: &str) -> Vec<Card> {
        let mut puncher = Puncher { identification, cards: self.control.clone() };
        for items in self.esd.chunks(3) {
            punch_esd(&mut puncher, items);
        }
        for text in &self.text {
            for (n, bytes) in text.bytes.chunks(DATA).enumerate() {
                let card = puncher.card("TXT", Some(bytes.len()), Some(text.section));
                put_address(&mut card[5..8], text.address + (n * DATA) as u32);
                card[16..16 + bytes.len()].copy_from_slice(bytes);
            }
        }
        punch_rld(&mut puncher, &self.rld);
        punch_end(&mut puncher, self);
        puncher.cards
    }

    /// The deck as one string of bytes, 80 to a card.
    #[must_use]
    pub fn to_deck(&self, identification: &str) -> Vec<u8> {
        self.to_cards(identification).concat()
    }

    /// Reads the objects of one or more decks behind each other.
    ///
    /// # Errors
    ///
    /// When a card is cut off, has no meaning in an object deck, or contradicts itself, or when an END card is missing.
    pub fn from_deck(deck: &[u8]) -> Result<Vec<Object>, DeckError> {
        let mut objects = Vec::new();
        let mut object = Object::default();
        let mut open = false;
        let (cards, rest) = deck.as_chunks::<80>();
        for (n, card) in cards.iter().enumerate() {
            open = true;
            let done = read_card(card, &mut object).map_err(|reason| DeckError { card: n + 1, reason })?;
            if done {
                objects.push(std::mem::take(&mut object));
                open = false;
            }
        }
        let error = |reason: &str| Err(DeckError { card: cards.len() + 1, reason: reason.into() });
        if !rest.is_empty() {
            return error("the deck ends within a card");
        }
        if open && !object.esd.is_empty() {
            return error("the deck has no END card");
        }
        Ok(objects)
    }
}

fn punch_esd(puncher: &mut Puncher<'_>, items: &[EsdItem]) {
    let id = items.iter().find(|item| item.id != 0).map(|item| item.id);
    let card = puncher.card("ESD", Some(items.len() * 16), id);
    for (item, field) in items.iter().zip(card[16..64].chunks_mut(16)) {
        put_text(&mut field[0..8], &item.name);
        let (kind, tail) = match item.kind {
            EsdKind::Section => (0x00, Some(item.length)),
            EsdKind::Entry { section } => (0x01, Some(u32::from(section))),
            EsdKind::External => (0x02, None),
            EsdKind::Private => (0x04, Some(item.length)),
            EsdKind::Common => (0x05, Some(item.length)),
            EsdKind::Weak => (0x0A, None),
        };
        field[8] = kind;
        put_address(&mut field[9..12], item.address);
        if let Some(tail) = tail {
            put_address(&mut field[13..16], tail);
        }
    }
}

/// The flag byte of a relocation: type, length less one, sign.
pub(crate) fn flag(rld: &Rld) -> u8 {
    let kind = if rld.kind == AddressKind::Branch { 0x10 } else { 0 };
    kind | (rld.length - 1) << 2 | u8::from(rld.negative) << 1
}

fn punch_rld(puncher: &mut Puncher<'_>, list: &[Rld]) {
    let mut data: Vec<u8> = Vec::with_capacity(DATA);
    // Where the flag byte of the entry before stands, and its two numbers.
    let mut before: Option<(usize, (u16, u16))> = None;
    let mut done = |data: &mut Vec<u8>| {
        let card = puncher.card("RLD", Some(data.len()), None);
        card[16..16 + data.len()].copy_from_slice(data);
        data.clear();
    };
    for rld in list {
        let pair = (rld.relocation, rld.position);
        let same = before.is_some_and(|(_, other)| other == pair);
        if data.len() + if same { 4 } else { 8 } > DATA {
            done(&mut data);
            before = None;
        }
        match before {
            // Bit 7 says that the next entry leaves its numbers out.
            Some((at, other)) if other == pair => data[at] |= 1,
            _ => {
                data.extend(rld.relocation.to_be_bytes());
                data.extend(rld.position.to_be_bytes());
            }
        }
        before = Some((data.len(), pair));
        data.push(flag(rld));
        data.extend(&rld.address.to_be_bytes()[1..]);
    }
    if !data.is_empty() {
        done(&mut data);
    }
}

fn punch_end(puncher: &mut Puncher<'_>, object: &Object) {
    let section = match object.entry {
        Some(Entry::Address { section, .. }) => Some(section),
        _ => None,
    };
    let card = puncher.card("END", None, section);
    match &object.entry {
        Some(Entry::Address { address, .. }) => put_address(&mut card[5..8], *address),
        Some(Entry::Symbol(name)) => put_text(&mut card[16..24], name),
        None => {}
    }
    let identification = &object.identification[..object.identification.len().min(2)];
    if !identification.is_empty() {
        put_text(&mut card[32..33], &identification.len().to_string());
    }
    for (item, field) in identification.iter().zip(card[33..71].chunks_mut(19)) {
        put_text(&mut field[0..10], &item.translator);
        put_text(&mut field[10..14], &item.level);
        put_text(&mut field[14..19], &item.date);
    }
}

fn half(bytes: &[u8]) -> u16 {
    u16::from_be_bytes([bytes[0], bytes[1]])
}

fn address(bytes: &[u8]) -> u32 {
    u32::from_be_bytes([0, bytes[0], bytes[1], bytes[2]])
}

fn text(field: &[u8]) -> String {
    to_text(field).trim_end().to_string()
}

/// Takes a card into the object; returns whether it was the last.
fn read_card(card: &Card, object: &mut Object) -> Result<bool, String> {
    if card[0] != MARK {
        object.control.push(*card);
        return Ok(false);
    }
    let count = usize::from(half(&card[10..12]));
    let data = || card[16..72].get(..count).ok_or(format!("the count {count} exceeds columns 17 to 72"));
    match &*text(&card[1..4]) {
        "ESD" => read_esd(data()?, half(&card[14..16]), object)?,
        "TXT" => object.text.push(Text {
            section: half(&card[14..16]),
            address: address(&card[5..8]),
            bytes: data()?.to_vec(),
        }),
        "RLD" => read_rld(data()?, object)?,
        "END" => {
            read_end(card, object);
            return Ok(true);
        }
        other => return Err(format!("{other:?} is not an object card (ESD, TXT, RLD or END)")),
    }
    Ok(false)
}

fn read_esd(data: &[u8], first: u16, object: &mut Object) -> Result<(), String> {
    let mut id = first;
    let (items, rest) = data.as_chunks::<16>();
    if !rest.is_empty() {
        return Err("the count of an ESD card must be a multiple of 16".into());
    }
    for item in items {
        let length = address(&item[13..16]);
        let (kind, length) = match item[8] {
            0x00 => (EsdKind::Section, length),
            0x01 => (EsdKind::Entry { section: half(&item[14..16]) }, 0),
            0x02 => (EsdKind::External, 0),
            0x04 => (EsdKind::Private, length),
            0x05 => (EsdKind::Common, length),
            0x0A => (EsdKind::Weak, 0),
            other => return Err(format!("{other:02X} is not a known type of external symbol")),
        };
        let entry = matches!(kind, EsdKind::Entry { .. });
        let number = if entry { 0 } else { id };
        id = id.wrapping_add(u16::from(!entry));
        object.esd.push(EsdItem { id: number, name: text(&item[0..8]), kind, address: address(&item[9..12]), length });
    }
    Ok(())
}

fn read_rld(data: &[u8], object: &mut Object) -> Result<(), String> {
    let mut rest = data;
    let mut numbers = (0, 0);
    let mut same = false;
    while !rest.is_empty() {
        if !same {
            let (head, tail) = rest.split_at_checked(4).ok_or("an RLD entry is cut off")?;
            numbers = (half(head), half(&head[2..]));
            rest = tail;
        }
        let (entry, tail) = rest.split_at_checked(4).ok_or("an RLD entry is cut off")?;
        rest = tail;
        let flag = entry[0];
        same = flag & 1 != 0;
        let kind = match flag >> 4 {
            0 => AddressKind::Local,
            1 => AddressKind::Branch,
            other => return Err(format!("{other:X} is not a known type of relocation")),
        };
        object.rld.push(Rld {
            relocation: numbers.0,
            position: numbers.1,
            kind,
            length: (flag >> 2 & 3) + 1,
            negative: flag & 2 != 0,
            address: address(&entry[1..4]),
        });
    }
    Ok(())
}

fn read_end(card: &Card, object: &mut Object) {
    let name = text(&card[16..24]);
    if !name.is_empty() {
        object.entry = Some(Entry::Symbol(name));
    } else if card[5..8] != [BLANK; 3] {
        let address = address(&card[5..8]);
        object.entry = Some(Entry::Address { section: half(&card[14..16]), address });
    }
    let count = match &*text(&card[32..33]) {
        "1" => 1,
        "2" => 2,
        _ => 0,
    };
    for field in card[33..71].chunks(19).take(count) {
        object.identification.push(Identification {
            translator: text(&field[0..10]),
            level: text(&field[10..14]),
            date: text(&field[14..19]),
        });
    }
}
