//! What stands before each chunk of a block.

use super::Packing;

/// How a header is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    /// AWSTAPE and HET: two lengths with the low byte first, two bytes of flags.
    Binary,
    /// FakeTape: previous length, length, and the exclusive or of both, four hexadecimal digits each.
    Digits,
}

/// A header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// Bytes that follow; 0 for a tape mark.
    pub(super) length: u16,
    /// The same of the chunk before.
    pub(super) previous: u16,
    pub(super) kind: Kind,
    /// How the whole block is compressed.
    pub(super) packing: Packing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    TapeMark,
    /// A piece of a block.
    Piece {
        first: bool,
        last: bool,
    },
}

const FIRST: u8 = 0x80;
const TAPE_MARK: u8 = 0x40;
const LAST: u8 = 0x20;
const METHOD: u8 = 0x03;
const ZLIB: u8 = 0x01;
const BZIP2: u8 = 0x02;
/// In the second byte of flags.
const BUS_TECH: u8 = 0x80;

impl Coding {
    /// Bytes of a header.
    pub(super) const fn length(self) -> usize {
        match self {
            Coding::Binary => 6,
            Coding::Digits => 12,
        }
    }

    /// Reads a header; says what is wrong with it.
    pub(super) fn parse(self, bytes: &[u8]) -> Result<Header, String> {
        let header = match self {
            Coding::Binary => parse_binary(bytes.try_into().map_err(|_| "no whole header")?)?,
            Coding::Digits => parse_digits(bytes.try_into().map_err(|_| "no whole header")?)?,
        };
        match (header.kind, header.length) {
            (Kind::TapeMark, 0) | (Kind::Piece { .. }, 1..) => Ok(header),
            (Kind::TapeMark, length) => Err(format!("a tape mark of {length} bytes")),
            (Kind::Piece { .. }, 0) => Err("a block of no bytes".to_owned()),
        }
    }

    pub(super) fn emit(self, header: Header, into: &mut Vec<u8>) {
        match self {
            Coding::Binary => {
                let (first, last) = match header.kind {
                    Kind::TapeMark => (TAPE_MARK, 0),
                    Kind::Piece { first, last } => (if first { FIRST } else { 0 }, if last { LAST } else { 0 }),
                };
                let (method, other) = match header.packing {
                    Packing::Plain => (0, 0),
                    Packing::Zlib => (ZLIB, 0),
                    Packing::Bzip2 => (BZIP2, 0),
                    Packing::BusTech => (0, BUS_TECH),
                };
                into.extend(header.length.to_le_bytes());
                into.extend(header.previous.to_le_bytes());
                into.extend([first | last | method, other]);
            }
            Coding::Digits => {
                let check = header.previous ^ header.length;
                into.extend(format!("{:04X}{:04X}{check:04X}", header.previous, header.length).bytes());
            }
        }
    }
}

fn parse_binary([l0, l1, p0, p1, flags, other]: [u8; 6]) -> Result<Header, String> {
    let kind = match flags & (FIRST | TAPE_MARK | LAST) {
        TAPE_MARK => Kind::TapeMark,
        pieces if pieces & TAPE_MARK == 0 => Kind::Piece { first: pieces & FIRST != 0, last: pieces & LAST != 0 },
        _ => return Err(format!("flags {flags:02X} are those of a tape mark and of a block")),
    };
    let packing = match (flags & METHOD, other & BUS_TECH) {
        (0, 0) => Packing::Plain,
        (ZLIB, 0) => Packing::Zlib,
        (BZIP2, 0) => Packing::Bzip2,
        (0, BUS_TECH) => Packing::BusTech,
        _ => return Err(format!("flags {flags:02X} {other:02X} name no kind of compression")),
    };
    if flags & !(FIRST | TAPE_MARK | LAST | METHOD) != 0 || other & !BUS_TECH != 0 {
        return Err(format!("flags {flags:02X} {other:02X} are unknown"));
    }
    Ok(Header { length: u16::from_le_bytes([l0, l1]), previous: u16::from_le_bytes([p0, p1]), kind, packing })
}

fn parse_digits(digits: [u8; 12]) -> Result<Header, String> {
    let number = |from: usize| {
        digits[from..from + 4].iter().try_fold(0u16, |sum, &digit| {
            let value = char::from(digit).to_digit(16)?;
            Some(sum << 4 | value as u16)
        })
    };
    let (Some(previous), Some(length), Some(check)) = (number(0), number(4), number(8)) else {
        return Err("a header that is not of hexadecimal digits".to_owned());
    };
    if previous ^ length != check {
        return Err(format!("{check:04X} does not check the lengths {previous:04X} and {length:04X}"));
    }
    let kind = if length == 0 { Kind::TapeMark } else { Kind::Piece { first: true, last: true } };
    Ok(Header { length, previous, kind, packing: Packing::Plain })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_by_hand() {
        let parse = |bytes: &[u8]| Coding::Binary.parse(bytes);
        let whole = Kind::Piece { first: true, last: true };
        let header = Header { length: 0x4D, previous: 0, kind: whole, packing: Packing::Plain };
        assert_eq!(parse(&[0x4D, 0, 0, 0, 0xA0, 0]), Ok(header));
        let mark = Header { length: 0, previous: 0x4D, kind: Kind::TapeMark, packing: Packing::Plain };
        assert_eq!(parse(&[0, 0, 0x4D, 0, 0x40, 0]), Ok(mark));
        let first = Kind::Piece { first: true, last: false };
        let header = Header { length: 0xFFFF, previous: 0x0102, kind: first, packing: Packing::Zlib };
        assert_eq!(parse(&[0xFF, 0xFF, 2, 1, 0x81, 0]), Ok(header));
        let header = Header { length: 1, previous: 0, kind: whole, packing: Packing::BusTech };
        assert_eq!(parse(&[1, 0, 0, 0, 0xA0, 0x80]), Ok(header));
        assert_eq!(parse(&[1, 0, 0, 0, 0x40, 0]).unwrap_err(), "a tape mark of 1 bytes");
        assert_eq!(parse(&[0, 0, 0, 0, 0xA0, 0]).unwrap_err(), "a block of no bytes");
        assert!(parse(&[1, 0, 0, 0, 0xC0, 0]).is_err());
        assert!(parse(&[1, 0, 0, 0, 0xA3, 0]).is_err());
        assert!(parse(&[1, 0, 0, 0, 0xA1, 0x80]).is_err());
        assert!(parse(&[1, 0, 0, 0, 0xA4, 0]).is_err());
        assert!(parse(&[1, 0, 0, 0, 0xA0]).is_err());
        let header = Header { length: 80, previous: 0x1000, kind: whole, packing: Packing::Plain };
        assert_eq!(Coding::Digits.parse(b"100000501050"), Ok(header));
        let mark = Header { length: 0, previous: 80, kind: Kind::TapeMark, packing: Packing::Plain };
        assert_eq!(Coding::Digits.parse(b"005000000050"), Ok(mark));
        assert!(Coding::Digits.parse(b"005000000051").is_err());
        assert!(Coding::Digits.parse(b"0050 0000050").is_err());
    }

    #[test]
    fn what_is_emitted_is_what_was_parsed() {
        let pieces = [(true, true), (true, false), (false, true), (false, false)];
        for packing in [Packing::Plain, Packing::Zlib, Packing::Bzip2, Packing::BusTech] {
            for (first, last) in pieces {
                let header = Header { length: 0x1234, previous: 0x00FF, kind: Kind::Piece { first, last }, packing };
                let mut bytes = Vec::new();
                Coding::Binary.emit(header, &mut bytes);
                assert_eq!(Coding::Binary.parse(&bytes), Ok(header));
            }
        }
        let header = Coding::Digits.parse(b"100000501050").unwrap();
        let mut bytes = Vec::new();
        Coding::Digits.emit(header, &mut bytes);
        assert_eq!(bytes, b"100000501050");
    }
}
