//! The 3270 display's codes (GA23-0059, 3270 Data Stream Programmer's Reference): commands, orders, buffer addresses,
//! write control character, field attribute, attention identifiers.
//!
//! Devices and terminals both speak of them; what they make a display do is neither's here.

use bitflags::bitflags;

/// Commands ("Commands"). The channel and the data stream have different codes for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Write.
    Write,
    /// Erase/Write: default screen size.
    EraseWrite,
    /// Erase/Write Alternate: alternate screen size.
    EraseWriteAlternate,
    /// Erase All Unprotected.
    EraseAllUnprotected,
    /// Write Structured Field.
    WriteStructuredField,
    /// Read Buffer.
    ReadBuffer,
    /// Read Modified.
    ReadModified,
    /// Read Modified All.
    ReadModifiedAll,
}

impl Command {
    /// Every command, with its code in a CCW and in a data stream.
    const CODES: [(Command, u8, u8); 8] = [
        (Command::Write, 0x01, 0xF1),
        (Command::EraseWrite, 0x05, 0xF5),
        (Command::EraseWriteAlternate, 0x0D, 0x7E),
        (Command::EraseAllUnprotected, 0x0F, 0x6F),
        (Command::WriteStructuredField, 0x11, 0xF3),
        (Command::ReadBuffer, 0x02, 0xF2),
        (Command::ReadModified, 0x06, 0xF6),
        (Command::ReadModifiedAll, 0x0E, 0x6E),
    ];

    /// The command with this code in a CCW.
    #[must_use]
    pub fn of_ccw(code: u8) -> Option<Command> {
        Command::CODES.iter().find(|(_, ccw, _)| *ccw == code).map(|(command, ..)| *command)
    }

    /// The command with this code at the beginning of an outbound data stream; codes of CCWs are taken too.
    #[must_use]
    pub fn of_stream(code: u8) -> Option<Command> {
        let stream = Command::CODES.iter().find(|(.., stream)| *stream == code);
        stream.map(|(command, ..)| *command).or_else(|| Command::of_ccw(code))
    }

    /// Its code in a data stream.
    #[must_use]
    pub fn stream_code(self) -> u8 {
        Command::CODES.iter().find(|(command, ..)| *command == self).map_or(0, |(.., stream)| *stream)
    }

    /// Whether a write control character and orders follow it.
    #[must_use]
    pub fn is_write(self) -> bool {
        matches!(self, Command::Write | Command::EraseWrite | Command::EraseWriteAlternate)
    }
}

/// Codes of orders ("Orders").
pub mod order {
    /// Program tab.
    pub const PT: u8 = 0x05;
    /// Graphic escape.
    pub const GE: u8 = 0x08;
    /// Set buffer address.
    pub const SBA: u8 = 0x11;
    /// Erase unprotected to address.
    pub const EUA: u8 = 0x12;
    /// Insert cursor.
    pub const IC: u8 = 0x13;
    /// Start field.
    pub const SF: u8 = 0x1D;
    /// Set attribute.
    pub const SA: u8 = 0x28;
    /// Start field extended.
    pub const SFE: u8 = 0x29;
    /// Modify field.
    pub const MF: u8 = 0x2C;
    /// Repeat to address.
    pub const RA: u8 = 0x3C;
}

/// Attention identifiers ("Attention Identification").
pub mod aid {
    /// No key since the keyboard was restored.
    pub const NONE: u8 = 0x60;
    /// Structured fields follow.
    pub const STRUCTURED_FIELD: u8 = 0x88;
    /// ENTER.
    pub const ENTER: u8 = 0x7D;
    /// CLEAR.
    pub const CLEAR: u8 = 0x6D;
    /// TEST REQ or SYS REQ.
    pub const SYSTEM_REQUEST: u8 = 0xF0;
    /// Program access keys 1-3.
    pub const PA: [u8; 3] = [0x6C, 0x6E, 0x6B];
    /// Program function keys 1-24.
    pub const PF: [u8; 24] = [
        0xF1, 0xF2, 0xF3, 0xF4, 0xF5, 0xF6, 0xF7, 0xF8, 0xF9, 0x7A, 0x7B, 0x7C, //
        0xC1, 0xC2, 0xC3, 0xC4, 0xC5, 0xC6, 0xC7, 0xC8, 0xC9, 0x4A, 0x4B, 0x4C,
    ];

    /// Whether Read Modified gives the identifier alone ("Short Read").
    #[must_use]
    pub fn is_short(aid: u8) -> bool {
        aid == CLEAR || PA.contains(&aid)
    }
}

bitflags! {
    /// The write control character ("Write Control Character"). Bits 0 and 1 only make it a graphic character.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct Wcc: u8 {
        /// Reset partition and modes.
        const RESET = 0x40;
        /// Line length of a printer.
        const PRINT_FORMAT = 0x30;
        /// Start print.
        const START_PRINT = 0x08;
        /// Sound the alarm.
        const ALARM = 0x04;
        /// Unlock the keyboard and forget the attention identifier.
        const RESTORE_KEYBOARD = 0x02;
        /// Reset the modified data tags.
        const RESET_MODIFIED = 0x01;
    }
}

bitflags! {
    /// The 3270 field attribute ("Field Attributes"). Bits 0 and 1 only make it a graphic character.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct Attribute: u8 {
        /// Nothing can be keyed in.
        const PROTECTED = 0x20;
        /// Digits only; with [`Attribute::PROTECTED`], the cursor skips the field.
        const NUMERIC = 0x10;
        /// Intensified; alone of the two, and the pen detects it.
        const INTENSIFIED = 0x08;
        /// The pen detects it; with [`Attribute::INTENSIFIED`], it does not show.
        const DETECTABLE = 0x04;
        /// The modified data tag.
        const MODIFIED = 0x01;
    }
}

impl Attribute {
    /// Both display bits: nothing shows, and the pen detects nothing.
    pub const HIDDEN: Attribute = Attribute::INTENSIFIED.union(Attribute::DETECTABLE);

    /// Whether the field does not show.
    #[must_use]
    pub fn is_hidden(self) -> bool {
        self.contains(Attribute::HIDDEN)
    }

    /// Reads the byte after SF, or of type X'C0'.
    #[must_use]
    pub fn parse(byte: u8) -> Attribute {
        Attribute::from_bits_truncate(byte)
    }

    /// The byte, as a graphic character.
    #[must_use]
    pub fn emit(self) -> u8 {
        six_bit(self.bits())
    }
}

/// The graphic character for six bits ("Buffer Addresses": the table of address codes). The two high bits of `value` do
/// not matter.
#[must_use]
pub fn six_bit(value: u8) -> u8 {
    let value = value & 0x3F;
    let is_special = (value & 0x0F == 0 && value < 0x30) || value & 0x0F > 9 || value == 0x21;
    value | if is_special { 0x40 } else { 0xC0 }
}

/// How buffer addresses are written ("Buffer Addresses").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Addressing {
    /// Twelve bits in two graphic characters, or fourteen bits after two zeros; the first byte tells which.
    TwelveOrFourteen,
    /// Sixteen bits.
    Sixteen,
}

impl Addressing {
    /// Reads an address; `None` if its first bits are 10.
    #[must_use]
    pub fn parse(self, bytes: [u8; 2]) -> Option<u16> {
        let [high, low] = bytes.map(u16::from);
        match (self, high >> 6) {
            (Addressing::Sixteen, _) => Some(high << 8 | low),
            (_, 0) => Some((high & 0x3F) << 8 | low),
            (_, 2) => None,
            _ => Some((high & 0x3F) << 6 | low & 0x3F),
        }
    }

    /// Writes an address: in twelve bits if it fits and they are not sixteen. Above 16383 it must be sixteen.
    #[must_use]
    pub fn emit(self, address: u16) -> [u8; 2] {
        match self {
            Addressing::TwelveOrFourteen if address < 1 << 12 => {
                [six_bit((address >> 6) as u8), six_bit(address as u8)]
            }
            _ => address.to_be_bytes(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::{prelude::*, test_runner::RngSeed};

    use super::*;

    #[test]
    fn the_table_of_address_codes() {
        #[rustfmt::skip] // sixteen codes a line, as the manual draws it
        let table = [
            0x40, 0xC1, 0xC2, 0xC3, 0xC4, 0xC5, 0xC6, 0xC7, 0xC8, 0xC9, 0x4A, 0x4B, 0x4C, 0x4D, 0x4E, 0x4F,
            0x50, 0xD1, 0xD2, 0xD3, 0xD4, 0xD5, 0xD6, 0xD7, 0xD8, 0xD9, 0x5A, 0x5B, 0x5C, 0x5D, 0x5E, 0x5F,
            0x60, 0x61, 0xE2, 0xE3, 0xE4, 0xE5, 0xE6, 0xE7, 0xE8, 0xE9, 0x6A, 0x6B, 0x6C, 0x6D, 0x6E, 0x6F,
            0xF0, 0xF1, 0xF2, 0xF3, 0xF4, 0xF5, 0xF6, 0xF7, 0xF8, 0xF9, 0x7A, 0x7B, 0x7C, 0x7D, 0x7E, 0x7F,
        ];
        for value in 0..=255 {
            assert_eq!(six_bit(value), table[usize::from(value & 0x3F)]);
        }
    }

    #[test]
    fn addresses_by_hand() {
        let addressing = Addressing::TwelveOrFourteen;
        assert_eq!(addressing.emit(1899), [0x5D, 0x6B], "row 23, column 59");
        assert_eq!(addressing.emit(1759), [0x5B, 0x5F], "row 21, column 79");
        assert_eq!(addressing.parse([0x5D, 0x6B]), Some(1899));
        assert_eq!(addressing.parse([0xC1, 0x50]), Some(80));
        assert_eq!(addressing.parse([0x07, 0x6B]), Some(1899), "fourteen bits");
        assert_eq!(addressing.parse([0x80, 0x00]), None);
        assert_eq!(Addressing::Sixteen.parse([0x80, 0x01]), Some(0x8001));
    }

    #[test]
    fn commands_have_two_codes() {
        assert_eq!(Command::of_ccw(0x05), Some(Command::EraseWrite));
        assert_eq!(Command::of_stream(0xF5), Some(Command::EraseWrite));
        assert_eq!(Command::of_stream(0x05), Some(Command::EraseWrite));
        assert_eq!(Command::of_ccw(0xF5), None);
        for (command, ccw, stream) in Command::CODES {
            assert_eq!((command.stream_code(), Command::of_ccw(ccw)), (stream, Some(command)));
        }
    }

    #[test]
    fn attributes_by_hand() {
        let byte = |attribute: Attribute| attribute.emit();
        assert_eq!(byte(Attribute::empty()), 0x40);
        assert_eq!(byte(Attribute::MODIFIED), 0xC1);
        assert_eq!(byte(Attribute::HIDDEN | Attribute::MODIFIED), 0x4D);
        assert_eq!(byte(Attribute::PROTECTED | Attribute::INTENSIFIED), 0xE8);
        assert_eq!(byte(Attribute::PROTECTED | Attribute::NUMERIC), 0xF0);
        assert!(Attribute::parse(0x4D).is_hidden());
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            rng_seed: RngSeed::Fixed(0x327C), failure_persistence: None, ..ProptestConfig::default()
        })]

        #[test]
        fn addresses_are_read_as_written(address: u16) {
            let twelve_or_fourteen = Addressing::TwelveOrFourteen;
            prop_assert_eq!(twelve_or_fourteen.parse(twelve_or_fourteen.emit(address & 0x3FFF)), Some(address & 0x3FFF));
            prop_assert_eq!(Addressing::Sixteen.parse(Addressing::Sixteen.emit(address)), Some(address));
        }

        #[test]
        fn attributes_are_read_as_written(byte: u8) {
            let attribute = Attribute::parse(byte);
            prop_assert_eq!(Attribute::parse(attribute.emit()), attribute);
        }
    }
}
