//! The 3270 data stream (GA23-0059): bytes, a checked view of them, and back.
//!
//! Outbound is what a program sends to a display ([`Outbound`], [`order::Orders`], [`structured::Fields`]); inbound is what
//! the display sends ([`Inbound`], [`query::QueryReply`]). Views borrow the bytes and allocate nothing; `emit` of what was
//! parsed gives bytes that parse to the same.
//!
//! Invariant: parsing takes time in proportion to the bytes, and cannot fail but with a [`StreamError`].

pub mod order;
pub mod query;
pub mod structured;

pub use s370_arch::display::Addressing;
use s370_arch::display::{Command, Wcc, aid, six_bit};

/// What is wrong with a data stream, and how many bytes from its beginning. A display answers it with operation check or
/// command reject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StreamError {
    /// There is no command code, or an unknown one.
    #[error("offset {0}: no known command")]
    Command(usize),
    /// An order or a structured field ends before it should.
    #[error("offset {0}: an order or a structured field lacks bytes")]
    Truncated(usize),
    /// A buffer address has no valid form, or is not in the buffer.
    #[error("offset {0}: an invalid buffer address")]
    Address(usize),
    /// A code below X'40' that is neither an order nor a format control character.
    #[error("offset {0}: neither an order nor a character")]
    Code(usize),
    /// An order that does not fit what stands there: modify field without a field.
    #[error("offset {0}: an order that cannot be executed")]
    Order(usize),
    /// A structured field that is not known, or has a value that is not.
    #[error("offset {0}: a structured field that cannot be executed")]
    Field(usize),
}

impl StreamError {
    /// The same, with the offset counted from so many bytes earlier.
    #[must_use]
    pub fn after(self, bytes: usize) -> StreamError {
        match self {
            StreamError::Command(at) => StreamError::Command(at + bytes),
            StreamError::Truncated(at) => StreamError::Truncated(at + bytes),
            StreamError::Address(at) => StreamError::Address(at + bytes),
            StreamError::Code(at) => StreamError::Code(at + bytes),
            StreamError::Order(at) => StreamError::Order(at + bytes),
            StreamError::Field(at) => StreamError::Field(at + bytes),
        }
    }
}

/// An outbound record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outbound<'a> {
    /// Write, Erase/Write, Erase/Write Alternate.
    Write {
        /// Which of them.
        command: Command,
        /// The write control character; without one (the record ends after the command) nothing else is done either.
        wcc: Option<Wcc>,
        /// Orders and characters, for [`order::Orders`].
        orders: &'a [u8],
    },
    /// Erase All Unprotected.
    EraseAllUnprotected,
    /// Read Buffer, Read Modified, Read Modified All.
    Read(Command),
    /// Write Structured Field, for [`structured::Fields`].
    StructuredFields(&'a [u8]),
}

impl<'a> Outbound<'a> {
    /// Reads a record, whose command may have either code.
    pub fn parse(record: &'a [u8]) -> Result<Outbound<'a>, StreamError> {
        let (&code, rest) = record.split_first().ok_or(StreamError::Command(0))?;
        Ok(match Command::of_stream(code).ok_or(StreamError::Command(0))? {
            command @ (Command::Write | Command::EraseWrite | Command::EraseWriteAlternate) => {
                let (wcc, orders) = match rest.split_first() {
                    Some((&wcc, orders)) => (Some(Wcc::from_bits_truncate(wcc)), orders),
                    None => (None, rest),
                };
                Outbound::Write { command, wcc, orders }
            }
            Command::EraseAllUnprotected => Outbound::EraseAllUnprotected,
            Command::WriteStructuredField => Outbound::StructuredFields(rest),
            read @ (Command::ReadBuffer | Command::ReadModified | Command::ReadModifiedAll) => Outbound::Read(read),
        })
    }

    /// The record, with the data stream's command codes.
    #[must_use]
    pub fn emit(&self) -> Vec<u8> {
        match *self {
            Outbound::Write { command, wcc, orders } => {
                let wcc = wcc.map(wcc_byte);
                std::iter::once(command.stream_code()).chain(wcc).chain(orders.iter().copied()).collect()
            }
            Outbound::EraseAllUnprotected => vec![Command::EraseAllUnprotected.stream_code()],
            Outbound::Read(command) => vec![command.stream_code()],
            Outbound::StructuredFields(fields) => [&[Command::WriteStructuredField.stream_code()], fields].concat(),
        }
    }
}

/// A write control character as a graphic character, if its reset bit allows that.
fn wcc_byte(wcc: Wcc) -> u8 {
    // Bit 1 has a meaning of its own: the table of graphic characters sets it, bit 0 as parity only.
    if wcc.contains(Wcc::RESET) { six_bit(wcc.bits()) } else { wcc.bits() }
}

/// An inbound record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inbound<'a> {
    /// The attention identifier.
    pub aid: u8,
    /// The cursor's address; none in a short read and before structured fields.
    pub cursor: Option<u16>,
    /// Characters and orders, for [`order::Orders`]; structured fields if the identifier says so.
    pub data: &'a [u8],
}

impl<'a> Inbound<'a> {
    /// Reads a record.
    pub fn parse(record: &'a [u8], addressing: Addressing) -> Result<Inbound<'a>, StreamError> {
        match *record {
            [] => Err(StreamError::Truncated(0)),
            [aid] => Ok(Inbound { aid, cursor: None, data: &[] }),
            [aid::STRUCTURED_FIELD, ref data @ ..] => Ok(Inbound { aid: aid::STRUCTURED_FIELD, cursor: None, data }),
            [_, _] => Err(StreamError::Truncated(1)),
            [aid, high, low, ref data @ ..] => {
                let cursor = Some(addressing.parse([high, low]).ok_or(StreamError::Address(1))?);
                Ok(Inbound { aid, cursor, data })
            }
        }
    }

    /// The record.
    #[must_use]
    pub fn emit(&self, addressing: Addressing) -> Vec<u8> {
        let mut record = vec![self.aid];
        record.extend(self.cursor.into_iter().flat_map(|cursor| addressing.emit(cursor)));
        record.extend(self.data);
        record
    }
}

#[cfg(test)]
mod tests {
    use proptest::{prelude::*, test_runner::RngSeed};

    use super::*;

    const ADDRESSING: Addressing = Addressing::TwelveOrFourteen;

    #[test]
    fn outbound_records_by_hand() {
        let wcc = Some(Wcc::RESET | Wcc::RESTORE_KEYBOARD | Wcc::RESET_MODIFIED);
        let write = Outbound::Write { command: Command::EraseWrite, wcc, orders: b"\x13" };
        assert_eq!(Outbound::parse(b"\xF5\xC3\x13"), Ok(write));
        assert_eq!(Outbound::parse(b"\x05\xC3\x13"), Ok(write), "a CCW's code");
        assert_eq!(write.emit(), b"\xF5\xC3\x13");
        assert_eq!(Outbound::parse(b"\x6F"), Ok(Outbound::EraseAllUnprotected));
        assert_eq!(Outbound::parse(b"\xF6"), Ok(Outbound::Read(Command::ReadModified)));
        assert_eq!(Outbound::parse(b"\xF3\0\x05\x01\xFF\x02"), Ok(Outbound::StructuredFields(b"\0\x05\x01\xFF\x02")));
        assert_eq!(Outbound::parse(b""), Err(StreamError::Command(0)));
        assert_eq!(Outbound::parse(b"\x40\xC3"), Err(StreamError::Command(0)));
    }

    #[test]
    fn inbound_records_by_hand() {
        let enter = Inbound { aid: aid::ENTER, cursor: Some(1899), data: b"\x11\x5B\x5F\xC8" };
        assert_eq!(Inbound::parse(b"\x7D\x5D\x6B\x11\x5B\x5F\xC8", ADDRESSING), Ok(enter));
        assert_eq!(enter.emit(ADDRESSING), b"\x7D\x5D\x6B\x11\x5B\x5F\xC8");
        assert_eq!(Inbound::parse(b"\x6D", ADDRESSING), Ok(Inbound { aid: aid::CLEAR, cursor: None, data: b"" }));
        let reply = Inbound { aid: aid::STRUCTURED_FIELD, cursor: None, data: b"\0\x04\x81\xFF" };
        assert_eq!(Inbound::parse(b"\x88\0\x04\x81\xFF", ADDRESSING), Ok(reply));
        assert_eq!(Inbound::parse(b"", ADDRESSING), Err(StreamError::Truncated(0)));
        assert_eq!(Inbound::parse(b"\x7D\x40", ADDRESSING), Err(StreamError::Truncated(1)));
        assert_eq!(Inbound::parse(b"\x7D\x80\x40", ADDRESSING), Err(StreamError::Address(1)));
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            rng_seed: RngSeed::Fixed(0x3272), failure_persistence: None, ..ProptestConfig::default()
        })]

        #[test]
        fn what_is_emitted_is_parsed(record in prop::collection::vec(any::<u8>(), 0..40)) {
            if let Ok(outbound) = Outbound::parse(&record) {
                let emitted = outbound.emit();
                prop_assert_eq!(Outbound::parse(&emitted), Ok(outbound));
            }
            if let Ok(inbound) = Inbound::parse(&record, ADDRESSING) {
                let emitted = inbound.emit(ADDRESSING);
                prop_assert_eq!(Inbound::parse(&emitted, ADDRESSING), Ok(inbound));
            }
        }
    }
}
