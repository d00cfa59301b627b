//! Orders and characters of the 3270 data stream (GA23-0059, "Orders"), outbound and inbound.

use s370_arch::display::{Addressing, Attribute, order};

use super::StreamError;

/// Types of extended attributes ("Attribute Type").
pub mod kind {
    /// All character attributes.
    pub const ALL: u8 = 0x00;
    /// Highlighting.
    pub const HIGHLIGHTING: u8 = 0x41;
    /// Foreground colour.
    pub const FOREGROUND: u8 = 0x42;
    /// Character set.
    pub const CHARACTER_SET: u8 = 0x43;
    /// Background colour.
    pub const BACKGROUND: u8 = 0x45;
    /// The 3270 field attribute.
    pub const FIELD: u8 = 0xC0;
}

/// Pairs of an attribute type and a value: an even number of bytes, at most 255 pairs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pairs<'a>(&'a [u8]);

impl<'a> Pairs<'a> {
    /// A view of these bytes; `None` if they are not whole pairs, or more than 255.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Option<Pairs<'a>> {
        (bytes.len().is_multiple_of(2) && bytes.len() <= 510).then_some(Pairs(bytes))
    }

    /// Types and values.
    pub fn iter(self) -> impl Iterator<Item = (u8, u8)> + 'a {
        self.0.chunks_exact(2).map(|pair| (pair[0], pair[1]))
    }
}

/// A character that RA repeats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Character {
    /// Of the basic character set.
    Basic(u8),
    /// Of the alternate one, after GE.
    GraphicEscape(u8),
}

/// An order, or characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order<'a> {
    /// Characters and format control characters, as many as stand together.
    Text(&'a [u8]),
    /// GE: a character of the alternate character set.
    GraphicEscape(u8),
    /// SF.
    StartField(Attribute),
    /// SFE.
    StartFieldExtended(Pairs<'a>),
    /// SBA.
    SetBufferAddress(u16),
    /// SA.
    SetAttribute {
        /// The attribute type.
        kind: u8,
        /// The value.
        value: u8,
    },
    /// MF.
    ModifyField(Pairs<'a>),
    /// IC.
    InsertCursor,
    /// PT.
    ProgramTab,
    /// RA.
    RepeatToAddress {
        /// The address after the last.
        stop: u16,
        /// The character.
        character: Character,
    },
    /// EUA, and the address after the last.
    EraseUnprotectedToAddress(u16),
}

/// Whether this code stands for itself: a graphic character or a format control character.
#[must_use]
pub fn is_character(code: u8) -> bool {
    const FORMAT_CONTROLS: [u8; 10] = [0x00, 0x0C, 0x0D, 0x0E, 0x0F, 0x15, 0x19, 0x1C, 0x1E, 0x3F];
    code >= 0x40 || FORMAT_CONTROLS.contains(&code)
}

/// The orders of a data stream, one after the other; an error is the last item.
#[derive(Clone, Debug)]
pub struct Orders<'a> {
    data: &'a [u8],
    at: usize,
    addressing: Addressing,
}

impl<'a> Orders<'a> {
    /// The orders in these bytes.
    #[must_use]
    pub fn new(data: &'a [u8], addressing: Addressing) -> Orders<'a> {
        Orders { data, at: 0, addressing }
    }

    /// Where the next order begins.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.at
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], StreamError> {
        let taken = self.data.get(self.at..).and_then(|rest| rest.get(..count));
        self.at += count;
        taken.ok_or(StreamError::Truncated(self.data.len()))
    }

    fn byte(&mut self) -> Result<u8, StreamError> {
        self.take(1).map(|bytes| bytes[0])
    }

    fn address(&mut self) -> Result<u16, StreamError> {
        let at = self.at;
        let bytes = self.take(2)?;
        self.addressing.parse([bytes[0], bytes[1]]).ok_or(StreamError::Address(at))
    }

    fn pairs(&mut self) -> Result<Pairs<'a>, StreamError> {
        let count = usize::from(self.byte()?);
        self.take(2 * count).map(Pairs)
    }

    fn repeated(&mut self) -> Result<Character, StreamError> {
        let at = self.at;
        match self.byte()? {
            order::GE => Ok(Character::GraphicEscape(self.byte()?)),
            code if is_character(code) => Ok(Character::Basic(code)),
            _ => Err(StreamError::Code(at)),
        }
    }

    fn read(&mut self, code: u8) -> Result<Order<'a>, StreamError> {
        let at = self.at;
        if is_character(code) {
            let rest = &self.data[at..];
            let count = rest.iter().position(|&code| !is_character(code)).unwrap_or(rest.len());
            return self.take(count).map(Order::Text);
        }
        self.at += 1;
        Ok(match code {
            order::GE => Order::GraphicEscape(self.byte()?),
            order::SF => Order::StartField(Attribute::parse(self.byte()?)),
            order::SFE => Order::StartFieldExtended(self.pairs()?),
            order::SBA => Order::SetBufferAddress(self.address()?),
            order::SA => Order::SetAttribute { kind: self.byte()?, value: self.byte()? },
            order::MF => Order::ModifyField(self.pairs()?),
            order::IC => Order::InsertCursor,
            order::PT => Order::ProgramTab,
            order::RA => Order::RepeatToAddress { stop: self.address()?, character: self.repeated()? },
            order::EUA => Order::EraseUnprotectedToAddress(self.address()?),
            _ => return Err(StreamError::Code(at)),
        })
    }
}

impl<'a> Iterator for Orders<'a> {
    type Item = Result<Order<'a>, StreamError>;

    fn next(&mut self) -> Option<Self::Item> {
        let &code = self.data.get(self.at)?;
        let read = self.read(code);
        if read.is_err() {
            self.at = self.data.len();
        }
        Some(read)
    }
}

impl Order<'_> {
    /// Appends the bytes.
    pub fn emit(&self, addressing: Addressing, out: &mut Vec<u8>) {
        let address = |code, address, out: &mut Vec<u8>| {
            out.push(code);
            out.extend(addressing.emit(address));
        };
        let pairs = |code, pairs: Pairs, out: &mut Vec<u8>| {
            // At most 255 pairs: the count fits.
            out.extend([code, (pairs.0.len() / 2) as u8]);
            out.extend(pairs.0);
        };
        match *self {
            Order::Text(text) => out.extend(text),
            Order::GraphicEscape(code) => out.extend([order::GE, code]),
            Order::StartField(attribute) => out.extend([order::SF, attribute.emit()]),
            Order::StartFieldExtended(list) => pairs(order::SFE, list, out),
            Order::SetBufferAddress(to) => address(order::SBA, to, out),
            Order::SetAttribute { kind, value } => out.extend([order::SA, kind, value]),
            Order::ModifyField(list) => pairs(order::MF, list, out),
            Order::InsertCursor => out.push(order::IC),
            Order::ProgramTab => out.push(order::PT),
            Order::RepeatToAddress { stop, character } => {
                address(order::RA, stop, out);
                match character {
                    Character::Basic(code) => out.push(code),
                    Character::GraphicEscape(code) => out.extend([order::GE, code]),
                }
            }
            Order::EraseUnprotectedToAddress(stop) => address(order::EUA, stop, out),
        }
    }
}

/// The bytes of these orders.
#[must_use]
pub fn emit_all(orders: &[Order], addressing: Addressing) -> Vec<u8> {
    let mut out = Vec::new();
    orders.iter().for_each(|order| order.emit(addressing, &mut out));
    out
}

#[cfg(test)]
mod tests {
    use proptest::{prelude::*, test_runner::RngSeed};

    use super::*;

    const ADDRESSING: Addressing = Addressing::TwelveOrFourteen;

    fn parsed(data: &[u8]) -> Vec<Result<Order<'_>, StreamError>> {
        Orders::new(data, ADDRESSING).collect()
    }

    #[test]
    fn orders_by_hand() {
        let cases: [(&[u8], Order); 12] = [
            (b"\xC8\xC9\x00\x15", Order::Text(b"\xC8\xC9\x00\x15")),
            (b"\x08\xAD", Order::GraphicEscape(0xAD)),
            (b"\x1D\xF0", Order::StartField(Attribute::PROTECTED | Attribute::NUMERIC)),
            (b"\x29\x02\xC0\xF0\x42\xF2", Order::StartFieldExtended(Pairs(b"\xC0\xF0\x42\xF2"))),
            (b"\x11\x5D\x6B", Order::SetBufferAddress(1899)),
            (b"\x28\x42\xF2", Order::SetAttribute { kind: kind::FOREGROUND, value: 0xF2 }),
            (b"\x2C\x01\x41\xF4", Order::ModifyField(Pairs(b"\x41\xF4"))),
            (b"\x13", Order::InsertCursor),
            (b"\x05", Order::ProgramTab),
            (b"\x3C\xC1\x50\x40", Order::RepeatToAddress { stop: 80, character: Character::Basic(0x40) }),
            (b"\x3C\xC1\x50\x08\xAD", Order::RepeatToAddress { stop: 80, character: Character::GraphicEscape(0xAD) }),
            (b"\x12\xC1\x50", Order::EraseUnprotectedToAddress(80)),
        ];
        let mut all = Vec::new();
        for (bytes, order) in cases {
            assert_eq!(parsed(bytes), [Ok(order)]);
            assert_eq!(emit_all(&[order], ADDRESSING), bytes);
            all.extend(bytes);
        }
        assert_eq!(parsed(&all), cases.map(|(_, order)| Ok(order)));
    }

    #[test]
    fn what_is_wrong_and_where() {
        assert_eq!(parsed(b"\xC1\x11\x5D").last(), Some(&Err(StreamError::Truncated(3))));
        assert_eq!(parsed(b"\xC1\x11\x80\x40\xC2"), [Ok(Order::Text(b"\xC1")), Err(StreamError::Address(2))]);
        assert_eq!(parsed(b"\x29\x02\xC0\xF0"), [Err(StreamError::Truncated(4))]);
        assert_eq!(parsed(b"\xC1\x04"), [Ok(Order::Text(b"\xC1")), Err(StreamError::Code(1))]);
    }

    fn address() -> impl Strategy<Value = u16> {
        0u16..1 << 14
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            rng_seed: RngSeed::Fixed(0x3273), failure_persistence: None, ..ProptestConfig::default()
        })]

        #[test]
        fn what_is_emitted_is_parsed(
            text in prop::collection::vec(0x40u8.., 1..9),
            pairs in prop::collection::vec(any::<u8>(), 0..9),
            codes: [u8; 6],
            addresses in [address(), address(), address(), address()],
        ) {
            let pairs = Pairs::new(&pairs[..pairs.len() / 2 * 2]).expect("whole pairs");
            let [ge, field, kind, value, escaped, repeated] = codes;
            let repeated = if is_character(repeated) { repeated } else { 0 };
            let orders = [
                Order::Text(&text),
                Order::GraphicEscape(ge),
                Order::StartField(Attribute::parse(field)),
                Order::SetBufferAddress(addresses[0]),
                Order::StartFieldExtended(pairs),
                Order::SetAttribute { kind, value },
                Order::ModifyField(pairs),
                Order::InsertCursor,
                Order::RepeatToAddress { stop: addresses[1], character: Character::Basic(repeated) },
                Order::RepeatToAddress { stop: addresses[2], character: Character::GraphicEscape(escaped) },
                Order::ProgramTab,
                Order::EraseUnprotectedToAddress(addresses[3]),
            ];
            for addressing in [Addressing::TwelveOrFourteen, Addressing::Sixteen] {
                let bytes = emit_all(&orders, addressing);
                let parsed: Result<Vec<_>, _> = Orders::new(&bytes, addressing).collect();
                prop_assert_eq!(parsed.as_deref(), Ok(&orders[..]));
            }
        }

        #[test]
        fn any_bytes_end(data in prop::collection::vec(prop_oneof![0u8..0x40, any::<u8>()], 0..80)) {
            let parsed = parsed(&data);
            prop_assert!(parsed.len() <= data.len());
            prop_assert!(parsed.iter().rev().skip(1).all(Result::is_ok), "an error is the last item");
            let good: Vec<_> = parsed.into_iter().flatten().collect();
            let bytes = emit_all(&good, ADDRESSING);
            prop_assert_eq!(Orders::new(&bytes, ADDRESSING).collect::<Result<Vec<_>, _>>(), Ok(good));
        }
    }
}
