//! As much of the 3270 data stream (GA23-0059) as a control unit needs that leaves the buffer to the terminal: where a write
//! ends, and where a read that does not begin at the buffer's beginning begins.

use s370_arch::display::{Addressing, Command, Wcc, order};

/// The current buffer address; `None` if only the terminal knows it.
pub(super) type Position = Option<u16>;

const ADDRESSING: Addressing = Addressing::TwelveOrFourteen;

/// The orders of a write, walked through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Walk {
    /// The current buffer address after them.
    pub position: Position,
    /// How many bytes are good; fewer than there are if an order lacks bytes or has an invalid address.
    pub good: usize,
}

/// Walks through the orders and data of a write, which are after the write control character. `size` is the number of
/// positions, if known.
pub(super) fn walk(data: &[u8], mut position: Position, size: Option<u16>) -> Walk {
    let advance = |position: Position| {
        position.map(|position| if size == Some(position + 1) { 0 } else { (position + 1) & 0x3FFF })
    };
    let mut at = 0;
    while let Some(&code) = data.get(at) {
        let Some(order) = length(&data[at..]).and_then(|length| data.get(at..at + length)) else { break };
        match (code, order) {
            (order::SBA | order::EUA | order::RA, &[_, high, low, ..]) => {
                match ADDRESSING.parse([high, low]).filter(|&address| size.is_none_or(|size| address < size)) {
                    Some(address) => position = Some(address),
                    None => break,
                }
            }
            (order::IC | order::SA, _) => {}
            // It goes to a field whose place only the terminal knows.
            (order::PT, _) => position = None,
            _ => position = advance(position),
        }
        at += order.len();
    }
    Walk { position, good: at }
}

/// The length of the order or the character at the beginning; `None` if it lacks bytes.
fn length(data: &[u8]) -> Option<usize> {
    Some(match data.first()? {
        &order::SBA | &order::EUA | &order::SA => 3,
        &order::RA if data.get(3) == Some(&order::GE) => 5,
        &order::RA => 4,
        &order::SF | &order::GE => 2,
        &order::SFE | &order::MF => 2 + 2 * usize::from(*data.get(1)?),
        _ => 1,
    })
}

/// The order that sets the buffer address to this position.
pub(super) fn set_buffer_address(position: u16) -> [u8; 3] {
    let [high, low] = ADDRESSING.emit(position);
    [order::SBA, high, low]
}

/// Bytes before the data of an inbound stream: attention identifier and cursor address.
const INBOUND_HEADER: usize = 3;

/// The answer to Read Buffer, beginning at a position.
pub(super) fn buffer_from(record: &[u8], position: u16) -> Vec<u8> {
    let (header, data) = record.split_at(record.len().min(INBOUND_HEADER));
    let mut at = 0;
    let mut passed = 0;
    while passed < position && at < data.len() {
        // A set attribute order takes no position.
        passed += u16::from(data[at] != order::SA);
        at += length(&data[at..]).unwrap_or(1);
    }
    [header, data.get(at..).unwrap_or_default()].concat()
}

/// The answer to Read Modified, of the fields whose attributes are at a position or after it.
pub(super) fn modified_from(record: &[u8], position: u16) -> Vec<u8> {
    let (header, data) = record.split_at(record.len().min(INBOUND_HEADER));
    let is_before = |at: usize| match data.get(at + 1..at + 3) {
        // The address is that of the first character, which stands after the attribute.
        Some(&[high, low]) => ADDRESSING.parse([high, low]).is_some_and(|address| (1..=position).contains(&address)),
        _ => false,
    };
    let mut at = 0;
    let mut is_passed = false;
    while at < data.len() {
        if data[at] == order::SBA {
            is_passed = !is_before(at);
        }
        // An unformatted buffer has no addresses: all of it is given.
        if is_passed || at == 0 && data[0] != order::SBA {
            break;
        }
        at += length(&data[at..]).unwrap_or(1);
    }
    [header, data.get(at..).unwrap_or_default()].concat()
}

/// Whether a Write Structured Field makes the terminal forget the attention identifier: it holds a write that restores the
/// keyboard or erases, Erase/Reset, or a Read Partition.
pub(super) fn structured_fields_reset(mut data: &[u8]) -> bool {
    const READ_PARTITION: u8 = 0x01;
    const ERASE_RESET: u8 = 0x03;
    const OUTBOUND: u8 = 0x40;
    while let &[high, low, id, ref rest @ ..] = data {
        let does = match (id, rest) {
            (READ_PARTITION | ERASE_RESET, _) => true,
            (OUTBOUND, &[_, command, wcc, ..]) => match Command::of_stream(command) {
                Some(Command::Write) => Wcc::from_bits_truncate(wcc).contains(Wcc::RESTORE_KEYBOARD),
                Some(command) => command.is_write() || command == Command::EraseAllUnprotected,
                None => false,
            },
            (OUTBOUND, &[_, command]) => Command::of_stream(command) == Some(Command::EraseAllUnprotected),
            _ => false,
        };
        let length = usize::from(u16::from_be_bytes([high, low]));
        if does {
            return true;
        }
        // Length zero is the rest of the transmission.
        if length < 3 || length > data.len() {
            return false;
        }
        data = &data[length..];
    }
    false
}

#[cfg(test)]
mod tests {
    use proptest::{prelude::*, test_runner::RngSeed};

    use super::*;

    #[test]
    fn where_a_write_ends() {
        let end = |data: &[u8], from| walk(data, from, Some(1920)).position;
        assert_eq!(end(b"\x11\x5D\x6B\xC1\xC2", None), Some(1901));
        assert_eq!(end(b"\x1D\xF0\xC1\x13", Some(80)), Some(82), "the attribute takes a position, the cursor none");
        assert_eq!(end(b"\x29\x02\xC0\xF0\x42\xF2\x28\x42\xF1\xC1", Some(0)), Some(2));
        assert_eq!(end(b"\x3C\xC1\x50\x40", Some(0)), Some(80));
        assert_eq!(end(b"\x3C\xC1\x50\x08\x40\x40", Some(0)), Some(81), "a graphic escape is repeated");
        assert_eq!(end(b"\x12\xC1\x50", Some(0)), Some(80));
        assert_eq!(end(b"\x05", Some(0)), None, "program tab");
        assert_eq!(end(b"\xC1", Some(1919)), Some(0), "it wraps");
        assert_eq!(end(b"\xC1", None), None);
    }

    #[test]
    fn what_is_wrong_with_a_write() {
        let good = |data: &[u8]| walk(data, Some(0), Some(1920)).good;
        assert_eq!(good(b"\xC1\x11\x5D\x7F"), 4, "1919");
        assert_eq!(good(b"\xC1\x11\x5E\x40"), 1, "1920");
        assert_eq!(good(b"\xC1\x11\x80\x00"), 1);
        assert_eq!(good(b"\xC1\x11\x5D"), 1);
        assert_eq!(good(b"\xC1\x29\x02\xC0\xF0\x42"), 1);
        assert_eq!(walk(b"\x11\x3F\xFF", None, None).good, 3, "a size that is not known has all addresses");
    }

    #[test]
    fn reads_from_a_position() {
        let buffer = b"\x7D\x40\x40\x1D\xF0AB\x28\x42\xF1C\x08\x11D";
        assert_eq!(buffer_from(buffer, 0), buffer);
        assert_eq!(buffer_from(buffer, 1), b"\x7D\x40\x40AB\x28\x42\xF1C\x08\x11D");
        assert_eq!(buffer_from(buffer, 4), b"\x7D\x40\x40\x08\x11D");
        assert_eq!(buffer_from(buffer, 100), b"\x7D\x40\x40");
        let modified = b"\x7D\x40\x40\x11\x40\xC5AB\x11\xC1\x50CD";
        assert_eq!(modified_from(modified, 0), modified);
        assert_eq!(modified_from(modified, 4), modified, "the attribute is at 4");
        assert_eq!(modified_from(modified, 5), b"\x7D\x40\x40\x11\xC1\x50CD");
        assert_eq!(modified_from(modified, 80), b"\x7D\x40\x40");
        assert_eq!(modified_from(b"\x7D\x40\x40ABC", 80), b"\x7D\x40\x40ABC", "not formatted");
        assert_eq!(modified_from(b"\x6D", 80), b"\x6D", "short read");
    }

    #[test]
    fn structured_fields_that_restore() {
        assert!(structured_fields_reset(b"\0\x05\x01\xFF\x02"), "query");
        assert!(structured_fields_reset(b"\0\x04\x03\x80"), "erase/reset");
        assert!(structured_fields_reset(b"\0\x05\x09\0\0\0\x00\x40\0\xF1\xC2"), "write with restore");
        assert!(!structured_fields_reset(b"\0\x06\x40\0\xF1\xC0"));
        assert!(!structured_fields_reset(b"\0\x05\x09\0\0"), "set reply mode");
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            rng_seed: RngSeed::Fixed(0x3279), failure_persistence: None, ..ProptestConfig::default()
        })]

        #[test]
        fn any_bytes_are_survived(
            data in prop::collection::vec(prop_oneof![Just(0x11u8), Just(0x29), Just(0x3C), 0u8..0x40, any::<u8>()], 0..60),
            position in 0u16..16384,
        ) {
            prop_assert!(walk(&data, Some(position), Some(1920)).good <= data.len());
            walk(&data, Some(position), None);
            buffer_from(&data, position);
            modified_from(&data, position);
            structured_fields_reset(&data);
        }
    }
}
