//! Query replies (GA23-0059, "Query Reply"): what a display says of itself, in inbound structured fields.

use super::{StreamError, structured::Cut};
use crate::tn3270::terminal::Size;

/// The identifier of the structured field.
const QUERY_REPLY: u8 = 0x81;

/// Codes of query replies.
pub mod code {
    /// Summary.
    pub const SUMMARY: u8 = 0x80;
    /// Usable Area.
    pub const USABLE_AREA: u8 = 0x81;
    /// Color.
    pub const COLOUR: u8 = 0x86;
    /// Highlighting.
    pub const HIGHLIGHTING: u8 = 0x87;
    /// Reply Modes.
    pub const REPLY_MODES: u8 = 0x88;
    /// Implicit Partitions.
    pub const IMPLICIT_PARTITION: u8 = 0xA6;
    /// Null: nothing of what was asked for.
    pub const NULL: u8 = 0xFF;
}

/// A query reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QueryReply {
    /// The codes of all replies that there are.
    Summary(Vec<u8>),
    /// The size of the screen and of its buffer.
    UsableArea {
        /// Rows and columns.
        size: Size,
        /// Positions of the buffer; 0 if there is no limit but the size.
        buffer: u16,
    },
    /// Colours: identifiers, and the colours that they are shown in.
    Colour(Vec<(u8, u8)>),
    /// Highlighting: values, and what they are shown as.
    Highlighting(Vec<(u8, u8)>),
    /// Reply modes.
    ReplyModes(Vec<u8>),
    /// The two screen sizes.
    ImplicitPartition {
        /// That of Erase/Write.
        default: Size,
        /// That of Erase/Write Alternate.
        alternate: Size,
    },
    /// Null.
    Null,
    /// Another.
    Unknown {
        /// Its code.
        code: u8,
        /// What follows.
        data: Vec<u8>,
    },
}

fn word(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at + 2).map(|bytes| u16::from_be_bytes([bytes[0], bytes[1]]))
}

/// Width and height, in this order.
fn size(bytes: &[u8], at: usize) -> Option<Size> {
    Some(Size { columns: word(bytes, at)?, rows: word(bytes, at + 2)? })
}

fn pairs(bytes: &[u8]) -> Vec<(u8, u8)> {
    bytes.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect()
}

impl QueryReply {
    /// Its code.
    #[must_use]
    pub fn code(&self) -> u8 {
        match self {
            QueryReply::Summary(_) => code::SUMMARY,
            QueryReply::UsableArea { .. } => code::USABLE_AREA,
            QueryReply::Colour(_) => code::COLOUR,
            QueryReply::Highlighting(_) => code::HIGHLIGHTING,
            QueryReply::ReplyModes(_) => code::REPLY_MODES,
            QueryReply::ImplicitPartition { .. } => code::IMPLICIT_PARTITION,
            QueryReply::Null => code::NULL,
            QueryReply::Unknown { code, .. } => *code,
        }
    }

    /// Reads what follows identifier and code. What does not have the form of a known reply is an unknown one.
    fn parse(reply: u8, data: &[u8]) -> QueryReply {
        let known = match (reply, data) {
            (code::SUMMARY, _) => Some(QueryReply::Summary(data.to_vec())),
            // Two bytes of flags; units, six resolutions and a cell size stand before the buffer size.
            (code::USABLE_AREA, _) => {
                size(data, 2).map(|size| QueryReply::UsableArea { size, buffer: word(data, 17).unwrap_or(0) })
            }
            (code::COLOUR, [_, count, list @ ..]) if list.len() >= 2 * usize::from(*count) => {
                Some(QueryReply::Colour(pairs(&list[..2 * usize::from(*count)])))
            }
            (code::HIGHLIGHTING, [count, list @ ..]) if list.len() >= 2 * usize::from(*count) => {
                Some(QueryReply::Highlighting(pairs(&list[..2 * usize::from(*count)])))
            }
            (code::REPLY_MODES, _) => Some(QueryReply::ReplyModes(data.to_vec())),
            (code::IMPLICIT_PARTITION, [_, _, 0x0B, 0x01, _, sizes @ ..]) => size(sizes, 0)
                .zip(size(sizes, 4))
                .map(|(default, alternate)| QueryReply::ImplicitPartition { default, alternate }),
            (code::NULL, []) => Some(QueryReply::Null),
            _ => None,
        };
        known.unwrap_or_else(|| QueryReply::Unknown { code: reply, data: data.to_vec() })
    }

    /// Appends the structured field. Lists of more than 255 pairs are cut.
    pub fn emit(&self, out: &mut Vec<u8>) {
        let begin = out.len();
        out.extend([0, 0, QUERY_REPLY, self.code()]);
        let list = |pairs: &[(u8, u8)], out: &mut Vec<u8>| {
            let pairs = &pairs[..pairs.len().min(255)];
            out.push(pairs.len() as u8);
            out.extend(pairs.iter().flat_map(|&(value, action)| [value, action]));
        };
        let dimensions = |size: Size, out: &mut Vec<u8>| {
            out.extend(size.columns.to_be_bytes());
            out.extend(size.rows.to_be_bytes());
        };
        match self {
            QueryReply::Summary(bytes) | QueryReply::ReplyModes(bytes) => out.extend(bytes),
            QueryReply::UsableArea { size, buffer } => {
                const TWELVE_OR_FOURTEEN_BITS: u8 = 0x01;
                /// Millimetres; a distance between points of 11/48 and 2/12; cells of 9 by 12 points.
                const GRAIN: [u8; 11] = [0x01, 0, 11, 0, 48, 0, 2, 0, 12, 9, 12];
                out.extend([TWELVE_OR_FOURTEEN_BITS, 0]);
                dimensions(*size, out);
                out.extend(GRAIN);
                out.extend(buffer.to_be_bytes());
            }
            QueryReply::Colour(colours) => {
                out.push(0);
                list(colours, out);
            }
            QueryReply::Highlighting(values) => list(values, out),
            QueryReply::ImplicitPartition { default, alternate } => {
                out.extend([0, 0, 0x0B, 0x01, 0]);
                dimensions(*default, out);
                dimensions(*alternate, out);
            }
            QueryReply::Null => {}
            QueryReply::Unknown { data, .. } => out.extend(data),
        }
        let length = u16::try_from(out.len() - begin).unwrap_or(0);
        out[begin..begin + 2].copy_from_slice(&length.to_be_bytes());
    }

    /// Reads the replies that follow the attention identifier; structured fields of other kinds are left out.
    pub fn parse_all(data: &[u8]) -> Result<Vec<QueryReply>, StreamError> {
        let mut replies = Vec::new();
        for field in Cut::new(data) {
            if let (_, [QUERY_REPLY, code, data @ ..]) = field? {
                replies.push(QueryReply::parse(*code, data));
            }
        }
        Ok(replies)
    }
}

#[cfg(test)]
mod tests {
    use proptest::{prelude::*, test_runner::RngSeed};

    use super::*;

    const MODEL_5: Size = Size { rows: 27, columns: 132 };

    #[test]
    fn replies_by_hand() {
        let cases: [(&[u8], QueryReply); 7] = [
            (b"\0\x06\x81\x80\x80\x81", QueryReply::Summary(vec![0x80, 0x81])),
            (
                b"\0\x17\x81\x81\x01\0\0\x84\0\x1B\x01\0\x0B\0\x30\0\x02\0\x0C\x09\x0C\x0D\xEC",
                QueryReply::UsableArea { size: MODEL_5, buffer: 3564 },
            ),
            (b"\0\x0A\x81\x86\0\x02\0\xF4\xF1\xF1", QueryReply::Colour(vec![(0, 0xF4), (0xF1, 0xF1)])),
            (b"\0\x09\x81\x87\x02\0\xF0\xF2\xF2", QueryReply::Highlighting(vec![(0, 0xF0), (0xF2, 0xF2)])),
            (b"\0\x07\x81\x88\0\x01\x02", QueryReply::ReplyModes(vec![0, 1, 2])),
            (
                b"\0\x11\x81\xA6\0\0\x0B\x01\0\0\x50\0\x18\0\x84\0\x1B",
                QueryReply::ImplicitPartition { default: Size::DEFAULT, alternate: MODEL_5 },
            ),
            (b"\0\x04\x81\xFF", QueryReply::Null),
        ];
        let mut all = Vec::new();
        for (bytes, reply) in &cases {
            let mut out = Vec::new();
            reply.emit(&mut out);
            assert_eq!(&out, bytes, "{out:02X?}");
            all.extend(*bytes);
        }
        assert_eq!(QueryReply::parse_all(&all), Ok(cases.map(|(_, reply)| reply).to_vec()));
    }

    #[test]
    fn what_has_another_form_is_unknown() {
        let unknown = |code, data: &[u8]| Ok(vec![QueryReply::Unknown { code, data: data.to_vec() }]);
        assert_eq!(QueryReply::parse_all(b"\0\x06\x81\x86\0\x02"), unknown(0x86, b"\0\x02"));
        assert_eq!(QueryReply::parse_all(b"\0\x05\x81\x81\x01"), unknown(0x81, b"\x01"));
        assert_eq!(QueryReply::parse_all(b"\0\x05\x81\x95\x01"), unknown(0x95, b"\x01"));
        assert_eq!(QueryReply::parse_all(b"\0\x05\x81"), Err(StreamError::Truncated(0)));
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            rng_seed: RngSeed::Fixed(0x3274), failure_persistence: None, ..ProptestConfig::default()
        })]

        #[test]
        fn what_is_emitted_is_parsed(data in prop::collection::vec(prop_oneof![
            Just(0x81u8), 0u8..30, any::<u8>(),
        ], 0..60)) {
            if let Ok(replies) = QueryReply::parse_all(&data) {
                let mut bytes = Vec::new();
                replies.iter().for_each(|reply| reply.emit(&mut bytes));
                prop_assert_eq!(QueryReply::parse_all(&bytes), Ok(replies));
            }
        }
    }
}
