//! Outbound structured fields (GA23-0059, "Structured Fields").

use s370_arch::display::Command;

use super::StreamError;

const READ_PARTITION: u8 = 0x01;
const ERASE_RESET: u8 = 0x03;
const SET_REPLY_MODE: u8 = 0x09;
const OUTBOUND_3270: u8 = 0x40;

const QUERY: u8 = 0x02;
const QUERY_LIST: u8 = 0x03;

/// The partition of a query.
pub const NO_PARTITION: u8 = 0xFF;

/// How much a display tells of attributes when it is read ("Set Reply Mode").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum ReplyMode {
    /// Field attributes only.
    #[default]
    Field = 0,
    /// Extended field attributes.
    ExtendedField = 1,
    /// Attributes of characters too.
    Character = 2,
}

/// Which replies a Query List wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Listed {
    /// Those of the list.
    List = 0x00,
    /// Those of the list and what is equivalent.
    Equivalent = 0x40,
    /// All.
    All = 0x80,
}

/// A structured field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field<'a> {
    /// Read Partition: Query.
    Query,
    /// Read Partition: Query List.
    QueryList {
        /// Which.
        listed: Listed,
        /// Codes of query replies.
        codes: &'a [u8],
    },
    /// Read Partition: a read command.
    Read {
        /// The partition.
        partition: u8,
        /// Read Buffer, Read Modified or Read Modified All.
        command: Command,
    },
    /// Erase/Reset.
    EraseReset {
        /// To the alternate screen size.
        is_alternate: bool,
    },
    /// Set Reply Mode.
    SetReplyMode {
        /// The partition.
        partition: u8,
        /// The mode.
        mode: ReplyMode,
        /// Attribute types that the character mode tells of.
        kinds: &'a [u8],
    },
    /// Outbound 3270DS: a write in a structured field.
    Outbound {
        /// The partition.
        partition: u8,
        /// A record, for [`super::Outbound`].
        record: &'a [u8],
    },
    /// Another.
    Unknown {
        /// Its identifier.
        id: u8,
        /// What follows.
        data: &'a [u8],
    },
}

impl<'a> Field<'a> {
    /// Reads what follows the length; `offset` is where that is.
    fn parse(field: &'a [u8], offset: usize) -> Result<Field<'a>, StreamError> {
        Ok(match *field {
            [READ_PARTITION, NO_PARTITION, QUERY] => Field::Query,
            [READ_PARTITION, NO_PARTITION, QUERY_LIST, listed, ref codes @ ..] => {
                let listed = match listed {
                    0x00 => Listed::List,
                    0x40 => Listed::Equivalent,
                    0x80 => Listed::All,
                    _ => return Err(StreamError::Field(offset)),
                };
                Field::QueryList { listed, codes }
            }
            [READ_PARTITION, partition, code] => match Command::of_stream(code) {
                Some(command @ (Command::ReadBuffer | Command::ReadModified | Command::ReadModifiedAll)) => {
                    Field::Read { partition, command }
                }
                _ => return Err(StreamError::Field(offset)),
            },
            [ERASE_RESET, flags] => Field::EraseReset { is_alternate: flags & 0x80 != 0 },
            [SET_REPLY_MODE, partition, mode, ref kinds @ ..] => {
                let mode = match mode {
                    0 => ReplyMode::Field,
                    1 => ReplyMode::ExtendedField,
                    2 => ReplyMode::Character,
                    _ => return Err(StreamError::Field(offset)),
                };
                Field::SetReplyMode { partition, mode, kinds }
            }
            [OUTBOUND_3270, partition, ref record @ ..] => Field::Outbound { partition, record },
            [READ_PARTITION | ERASE_RESET | SET_REPLY_MODE | OUTBOUND_3270, ..] => {
                return Err(StreamError::Field(offset));
            }
            [id, ref data @ ..] => Field::Unknown { id, data },
            [] => return Err(StreamError::Truncated(offset)),
        })
    }

    /// Appends length and field. A field that is too long for a length has length zero, and must be the last.
    pub fn emit(&self, out: &mut Vec<u8>) {
        let begin = out.len();
        out.extend([0, 0]);
        match *self {
            Field::Query => out.extend([READ_PARTITION, NO_PARTITION, QUERY]),
            Field::QueryList { listed, codes } => {
                out.extend([READ_PARTITION, NO_PARTITION, QUERY_LIST, listed as u8]);
                out.extend(codes);
            }
            Field::Read { partition, command } => out.extend([READ_PARTITION, partition, command.stream_code()]),
            Field::EraseReset { is_alternate } => out.extend([ERASE_RESET, u8::from(is_alternate) << 7]),
            Field::SetReplyMode { partition, mode, kinds } => {
                out.extend([SET_REPLY_MODE, partition, mode as u8]);
                out.extend(kinds);
            }
            Field::Outbound { partition, record } => {
                out.extend([OUTBOUND_3270, partition]);
                out.extend(record);
            }
            Field::Unknown { id, data } => {
                out.push(id);
                out.extend(data);
            }
        }
        let length = u16::try_from(out.len() - begin).unwrap_or(0);
        out[begin..begin + 2].copy_from_slice(&length.to_be_bytes());
    }
}

/// Cuts bytes into structured fields: what follows each length, and where it begins. An error is the last item.
#[derive(Clone, Debug)]
pub struct Cut<'a> {
    data: &'a [u8],
    at: usize,
}

impl<'a> Cut<'a> {
    /// The structured fields in these bytes.
    #[must_use]
    pub fn new(data: &'a [u8]) -> Cut<'a> {
        Cut { data, at: 0 }
    }
}

impl<'a> Iterator for Cut<'a> {
    type Item = Result<(usize, &'a [u8]), StreamError>;

    fn next(&mut self) -> Option<Self::Item> {
        let begin = self.at;
        let rest = self.data.get(begin..).filter(|rest| !rest.is_empty())?;
        self.at = self.data.len();
        let &[high, low, ..] = rest else { return Some(Err(StreamError::Truncated(begin))) };
        let length = match usize::from(u16::from_be_bytes([high, low])) {
            // The last field may leave its length out.
            0 => rest.len(),
            length => length,
        };
        if length < 3 || length > rest.len() {
            return Some(Err(StreamError::Truncated(begin)));
        }
        self.at = begin + length;
        Some(Ok((begin + 2, &rest[2..length])))
    }
}

/// The structured fields of a Write Structured Field; an error is the last item.
#[derive(Clone, Debug)]
pub struct Fields<'a> {
    cut: Cut<'a>,
    has_failed: bool,
}

impl<'a> Fields<'a> {
    /// The fields in what follows the command.
    #[must_use]
    pub fn new(data: &'a [u8]) -> Fields<'a> {
        Fields { cut: Cut::new(data), has_failed: false }
    }
}

impl<'a> Iterator for Fields<'a> {
    /// A field, and where what follows its length begins.
    type Item = Result<(usize, Field<'a>), StreamError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.has_failed {
            return None;
        }
        let field = self.cut.next()?.and_then(|(at, field)| Ok((at, Field::parse(field, at)?)));
        self.has_failed = field.is_err();
        Some(field)
    }
}

#[cfg(test)]
mod tests {
    use proptest::{prelude::*, test_runner::RngSeed};

    use super::*;

    #[test]
    fn fields_by_hand() {
        let cases: [(&[u8], Field); 8] = [
            (b"\0\x05\x01\xFF\x02", Field::Query),
            (b"\0\x06\x01\xFF\x03\x80", Field::QueryList { listed: Listed::All, codes: b"" }),
            (b"\0\x08\x01\xFF\x03\x00\x81\x86", Field::QueryList { listed: Listed::List, codes: b"\x81\x86" }),
            (b"\0\x05\x01\0\xF2", Field::Read { partition: 0, command: Command::ReadBuffer }),
            (b"\0\x04\x03\x80", Field::EraseReset { is_alternate: true }),
            (
                b"\0\x07\x09\0\x02\x41\x42",
                Field::SetReplyMode { partition: 0, mode: ReplyMode::Character, kinds: b"\x41\x42" },
            ),
            (b"\0\x07\x40\0\xF1\xC2\xC8", Field::Outbound { partition: 0, record: b"\xF1\xC2\xC8" }),
            (b"\0\x04\xD0\x12", Field::Unknown { id: 0xD0, data: b"\x12" }),
        ];
        let mut all = Vec::new();
        for (bytes, field) in cases {
            assert_eq!(Fields::new(bytes).collect::<Vec<_>>(), [Ok((2, field))]);
            let mut out = Vec::new();
            field.emit(&mut out);
            assert_eq!(out, bytes);
            all.extend(bytes);
        }
        let fields: Result<Vec<_>, _> = Fields::new(&all).map(|field| field.map(|(_, field)| field)).collect();
        assert_eq!(fields, Ok(cases.map(|(_, field)| field).to_vec()));
    }

    #[test]
    fn the_last_length_may_be_zero() {
        assert_eq!(Fields::new(b"\0\0\x01\xFF\x02").collect::<Vec<_>>(), [Ok((2, Field::Query))]);
    }

    #[test]
    fn what_is_wrong_and_where() {
        let last = |data: &'static [u8]| Fields::new(data).last();
        assert_eq!(last(b"\0\x05\x01\xFF\x02\0"), Some(Err(StreamError::Truncated(5))));
        assert_eq!(last(b"\0\x02"), Some(Err(StreamError::Truncated(0))));
        assert_eq!(last(b"\0\x06\x01\xFF\x02"), Some(Err(StreamError::Truncated(0))));
        assert_eq!(last(b"\0\x05\x01\xFF\x05"), Some(Err(StreamError::Field(2))));
        assert_eq!(last(b"\0\x05\x09\0\x03"), Some(Err(StreamError::Field(2))));
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            rng_seed: RngSeed::Fixed(0x3275), failure_persistence: None, ..ProptestConfig::default()
        })]

        #[test]
        fn what_is_emitted_is_parsed(data in prop::collection::vec(prop_oneof![0u8..10, any::<u8>()], 0..60)) {
            let fields: Vec<_> = Fields::new(&data).flatten().map(|(_, field)| field).collect();
            let mut bytes = Vec::new();
            fields.iter().for_each(|field| field.emit(&mut bytes));
            let again: Vec<_> = Fields::new(&bytes).flatten().map(|(_, field)| field).collect();
            prop_assert_eq!(again, fields);
        }
    }
}
