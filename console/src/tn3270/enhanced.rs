//! The messages of TN3270E (RFC 2355): subnegotiations (section 7) and the header of data messages (section 8.1).

use bitflags::bitflags;

const ASSOCIATE: u8 = 0;
const CONNECT: u8 = 1;
const DEVICE_TYPE: u8 = 2;
const FUNCTIONS: u8 = 3;
const IS: u8 = 4;
const REASON: u8 = 5;
const REJECT: u8 = 6;
const REQUEST: u8 = 7;
const SEND: u8 = 8;

/// Characters of a device type or a device name that are taken; longer ones make a message that is none.
pub const NAME_LIMIT: usize = 64;

bitflags! {
    /// Functions that a client and a server agree upon (section 7.2.2).
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct Functions: u8 {
        /// The server sends the image of an SNA BIND.
        const BIND_IMAGE = 1 << 0;
        /// The client is a printer of 3270 data stream.
        const DATA_STREAM_CONTROL = 1 << 1;
        /// Data messages can be answered.
        const RESPONSES = 1 << 2;
        /// The client is a printer of SNA character string.
        const SCS_CONTROL = 1 << 3;
        /// The SYS REQ key.
        const SYSTEM_REQUEST = 1 << 4;
        /// Contention resolution.
        const CONTENTION = 1 << 5;
        /// SNA sense codes in responses.
        const SNA_SENSE = 1 << 6;
    }
}

impl Functions {
    /// Reads a list of functions; unknown ones are left out, which refuses them.
    fn parse(list: &[u8]) -> Functions {
        let known = list.iter().filter(|&&function| function < 8);
        known.fold(Functions::empty(), |functions, &function| functions | Functions::from_bits_truncate(1 << function))
    }

    fn emit(self) -> impl Iterator<Item = u8> {
        (0..8).filter(move |function| self.bits() >> function & 1 != 0)
    }
}

/// Why a device type request is rejected (section 7.1.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Reason {
    /// The partner of an ASSOCIATE is not connected.
    ConnectedPartner = 0,
    /// The device is in use.
    DeviceInUse = 1,
    /// ASSOCIATE with something that is not a display.
    InvalidAssociate = 2,
    /// No device has this name.
    InvalidName = 3,
    /// No such device type is served.
    InvalidDeviceType = 4,
    /// The named device is not of this type.
    TypeNameError = 5,
    /// Anything else.
    UnknownError = 6,
    /// The request is not served.
    UnsupportedRequest = 7,
}

impl Reason {
    fn of(code: u8) -> Reason {
        match code {
            0 => Reason::ConnectedPartner,
            1 => Reason::DeviceInUse,
            2 => Reason::InvalidAssociate,
            3 => Reason::InvalidName,
            4 => Reason::InvalidDeviceType,
            5 => Reason::TypeNameError,
            7 => Reason::UnsupportedRequest,
            _ => Reason::UnknownError,
        }
    }
}

/// What a client asks for besides a type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resource {
    /// Any device.
    Any,
    /// The device of this name.
    Connect(String),
    /// The printer that belongs to the display of this name.
    Associate(String),
}

/// A subnegotiation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// The server asks for a device type.
    SendDeviceType,
    /// The client asks for a device.
    DeviceTypeRequest {
        /// Its type.
        device_type: String,
        /// Which.
        resource: Resource,
    },
    /// The server gives it one.
    DeviceTypeIs {
        /// The type, as the client had it.
        device_type: String,
        /// The device's name.
        name: String,
    },
    /// The server gives it none.
    DeviceTypeReject(Reason),
    /// Either proposes functions.
    FunctionsRequest(Functions),
    /// Either agrees to what the other proposed.
    FunctionsIs(Functions),
}

/// A name: printable ASCII without blanks.
fn name(bytes: &[u8]) -> Option<String> {
    let is_name = !bytes.is_empty() && bytes.len() <= NAME_LIMIT && bytes.iter().all(u8::is_ascii_graphic);
    is_name.then(|| bytes.iter().map(|&byte| char::from(byte)).collect())
}

impl Message {
    /// Reads what stands between the option and IAC SE; `None` if it is no message.
    #[must_use]
    pub fn parse(data: &[u8]) -> Option<Message> {
        Some(match data {
            [SEND, DEVICE_TYPE] => Message::SendDeviceType,
            [DEVICE_TYPE, REQUEST, rest @ ..] => {
                let (device_type, resource) = Message::parse_device(rest)?;
                Message::DeviceTypeRequest { device_type, resource }
            }
            [DEVICE_TYPE, IS, rest @ ..] => match Message::parse_device(rest)? {
                (device_type, Resource::Connect(name)) => Message::DeviceTypeIs { device_type, name },
                _ => return None,
            },
            &[DEVICE_TYPE, REJECT, REASON, reason] => Message::DeviceTypeReject(Reason::of(reason)),
            [FUNCTIONS, REQUEST, list @ ..] => Message::FunctionsRequest(Functions::parse(list)),
            [FUNCTIONS, IS, list @ ..] => Message::FunctionsIs(Functions::parse(list)),
            _ => return None,
        })
    }

    /// A device type, and what follows it.
    fn parse_device(bytes: &[u8]) -> Option<(String, Resource)> {
        let end = bytes.iter().position(|&byte| byte == CONNECT || byte == ASSOCIATE);
        let (device_type, rest) = bytes.split_at(end.unwrap_or(bytes.len()));
        let resource = match rest {
            [] => Resource::Any,
            [CONNECT, device @ ..] => Resource::Connect(name(device)?),
            [_, device @ ..] => Resource::Associate(name(device)?),
        };
        Some((name(device_type)?, resource))
    }

    /// What stands between the option and IAC SE.
    #[must_use]
    pub fn emit(&self) -> Vec<u8> {
        match self {
            Message::SendDeviceType => vec![SEND, DEVICE_TYPE],
            Message::DeviceTypeRequest { device_type, resource } => {
                let mut data = [&[DEVICE_TYPE, REQUEST], device_type.as_bytes()].concat();
                let (verb, name) = match resource {
                    Resource::Any => return data,
                    Resource::Connect(name) => (CONNECT, name),
                    Resource::Associate(name) => (ASSOCIATE, name),
                };
                data.push(verb);
                data.extend(name.bytes());
                data
            }
            Message::DeviceTypeIs { device_type, name } => {
                [&[DEVICE_TYPE, IS], device_type.as_bytes(), &[CONNECT], name.as_bytes()].concat()
            }
            Message::DeviceTypeReject(reason) => vec![DEVICE_TYPE, REJECT, REASON, *reason as u8],
            Message::FunctionsRequest(functions) => [FUNCTIONS, REQUEST].into_iter().chain(functions.emit()).collect(),
            Message::FunctionsIs(functions) => [FUNCTIONS, IS].into_iter().chain(functions.emit()).collect(),
        }
    }
}

/// What a data message holds (section 8.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataType {
    /// 3270 data stream.
    Data3270,
    /// SNA character string.
    Scs,
    /// An answer to a data message.
    Response,
    /// A BIND image.
    BindImage,
    /// An UNBIND.
    Unbind,
    /// Data of the network virtual terminal.
    Nvt,
    /// A request (printers).
    Request,
    /// Data for the system services control point (after SYS REQ).
    SscpLu,
    /// End of a print job.
    PrintEndOfJob,
}

impl DataType {
    const ALL: [DataType; 9] = [
        DataType::Data3270,
        DataType::Scs,
        DataType::Response,
        DataType::BindImage,
        DataType::Unbind,
        DataType::Nvt,
        DataType::Request,
        DataType::SscpLu,
        DataType::PrintEndOfJob,
    ];
}

/// Whether an answer is wanted (section 8.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// None.
    Nothing,
    /// Only if there is an error.
    Errors,
    /// Always.
    Always,
}

/// The header of a data message (section 8.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// What it holds.
    pub data_type: DataType,
    /// The request flag.
    pub request: u8,
    /// The response flag: [`Wanted`] by number in data; in a response 0 is positive and 1 negative.
    pub response: u8,
    /// The number of the message.
    pub sequence: u16,
}

impl Header {
    /// Its length in bytes.
    pub const LENGTH: usize = 5;

    /// A header for 3270 data.
    #[must_use]
    pub fn for_data(wanted: Wanted, sequence: u16) -> Header {
        Header { data_type: DataType::Data3270, request: 0, response: wanted as u8, sequence }
    }

    /// Takes the header from a record; `None` if there is no header, or of a type that does not exist.
    #[must_use]
    pub fn parse(record: &[u8]) -> Option<(Header, &[u8])> {
        let (&[data_type, request, response, high, low], data) = record.split_first_chunk::<5>()?;
        let data_type = *DataType::ALL.get(usize::from(data_type))?;
        Some((Header { data_type, request, response, sequence: u16::from_be_bytes([high, low]) }, data))
    }

    /// The five bytes.
    #[must_use]
    pub fn emit(self) -> [u8; Header::LENGTH] {
        let [high, low] = self.sequence.to_be_bytes();
        [self.data_type as u8, self.request, self.response, high, low]
    }
}

/// How a client's display did with a data message (section 8.1.4: what a response holds).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Done: device end.
    DeviceEnd,
    /// Command reject.
    CommandReject,
    /// Intervention required.
    InterventionRequired,
    /// Operation check.
    OperationCheck,
    /// The component is disconnected.
    Disconnected,
}

impl Outcome {
    /// Reads a response's flag and data.
    #[must_use]
    pub fn of(header: Header, data: &[u8]) -> Outcome {
        match (header.response, data.first()) {
            (0, _) => Outcome::DeviceEnd,
            (_, Some(1)) => Outcome::InterventionRequired,
            (_, Some(2)) => Outcome::OperationCheck,
            (_, Some(3)) => Outcome::Disconnected,
            _ => Outcome::CommandReject,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::{prelude::*, test_runner::RngSeed};

    use super::*;

    #[test]
    fn messages_by_hand() {
        let request = |resource| Message::DeviceTypeRequest { device_type: "IBM-3278-2-E".into(), resource };
        let cases: [(&[u8], Message); 7] = [
            (b"\x08\x02", Message::SendDeviceType),
            (b"\x02\x07IBM-3278-2-E", request(Resource::Any)),
            (b"\x02\x07IBM-3278-2-E\x01L0009", request(Resource::Connect("L0009".into()))),
            (b"\x02\x07IBM-3278-2-E\x00L0009", request(Resource::Associate("L0009".into()))),
            (
                b"\x02\x04IBM-3278-2-E\x010C0",
                Message::DeviceTypeIs { device_type: "IBM-3278-2-E".into(), name: "0C0".into() },
            ),
            (b"\x02\x06\x05\x01", Message::DeviceTypeReject(Reason::DeviceInUse)),
            (b"\x03\x07\x02\x04", Message::FunctionsRequest(Functions::RESPONSES | Functions::SYSTEM_REQUEST)),
        ];
        for (bytes, message) in cases {
            assert_eq!(Message::parse(bytes), Some(message.clone()));
            assert_eq!(message.emit(), bytes);
        }
        assert_eq!(Message::parse(b"\x03\x04"), Some(Message::FunctionsIs(Functions::empty())));
    }

    #[test]
    fn unknown_functions_are_left_out() {
        let parsed = Message::parse(b"\x03\x07\x00\x07\x02\xFF\x80");
        assert_eq!(parsed, Some(Message::FunctionsRequest(Functions::BIND_IMAGE | Functions::RESPONSES)));
    }

    #[test]
    fn what_is_no_message() {
        for bytes in [&b""[..], b"\x08", b"\x02\x07", b"\x02\x07A\x01", b"\x02\x07A B", b"\x02\x04TYPE", b"\x09\x02"] {
            assert_eq!(Message::parse(bytes), None, "{bytes:?}");
        }
        assert_eq!(Message::parse(&[&b"\x02\x07"[..], &[b'A'; NAME_LIMIT + 1]].concat()), None);
    }

    #[test]
    fn headers() {
        let header = Header::for_data(Wanted::Always, 0x0102);
        assert_eq!(header.emit(), [0, 0, 2, 1, 2]);
        assert_eq!(Header::parse(b"\0\0\x02\x01\x02\xF5"), Some((header, &b"\xF5"[..])));
        let (response, data) = Header::parse(b"\x02\0\x01\0\x07\x02").expect("a header");
        assert_eq!((response.data_type, response.sequence), (DataType::Response, 7));
        assert_eq!(Outcome::of(response, data), Outcome::OperationCheck);
        assert_eq!(Header::parse(b"\x09\0\0\0\0"), None);
        assert_eq!(Header::parse(b"\0\0\0\0"), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            rng_seed: RngSeed::Fixed(0x3277), failure_persistence: None, ..ProptestConfig::default()
        })]

        #[test]
        fn what_is_parsed_is_emitted_and_read_again(data in prop::collection::vec(prop_oneof![0u8..10, any::<u8>()], 0..40)) {
            if let Some(message) = Message::parse(&data) {
                prop_assert_eq!(Message::parse(&message.emit()), Some(message));
            }
            if let Some((header, rest)) = Header::parse(&data) {
                prop_assert_eq!([&header.emit()[..], rest].concat(), data);
            }
        }
    }
}
