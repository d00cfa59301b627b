//! A case as it is read: the typed JSON, and the checks that need more than one value.

use std::{borrow::Cow, fmt};

use s370_cpu::processor::Engine;
use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, Visitor},
};
use thiserror::Error;

use super::field::{
    ControlRegisters, Doubleword, EngineName, FloatingPointRegisters, GeneralRegisters, Integer, Object,
};
use crate::hex;

/// Main storage of a case that does not say how much: 1 MiB.
pub const DEFAULT_STORAGE_SIZE: u32 = 1 << 20;
/// The most main storage a case can have: all that 24 bits address.
pub const LARGEST_STORAGE: u32 = 16 << 20;
/// The TOD clock of a case that does not set it: January 1, 1980, 0 a.m.
pub const DEFAULT_TOD: u64 = s370_arch::tod::UNIX_EPOCH + (10 * 365 + 2) * s370_arch::tod::DAY;
/// The most storage that a case's dumps return together, so that a line cannot ask for more than a host has.
pub const LARGEST_DUMP: u64 = 64 << 20;

/// Why a case cannot be run.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CaseError {
    /// It is not the JSON it should be.
    #[error("column {column}: {message}")]
    Json {
        /// Where in the line, in bytes from 1.
        column: usize,
        /// What.
        message: String,
    },
    /// A value is out of range, or does not fit another.
    #[error("{place}: {message}")]
    Value {
        /// The key, and which element of a list.
        place: String,
        /// What.
        message: String,
    },
}

impl CaseError {
    fn value(place: impl fmt::Display, message: impl Into<String>) -> CaseError {
        CaseError::Value { place: place.to_string(), message: message.into() }
    }
}

impl From<serde_json::Error> for CaseError {
    fn from(error: serde_json::Error) -> CaseError {
        let text = error.to_string();
        let place = format!(" at line {} column {}", error.line(), error.column());
        let message = text.strip_suffix(&place).unwrap_or(&text).to_owned();
        CaseError::Json { column: error.column(), message }
    }
}

/// The JSON object of a line.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(default = "default_storage_size")]
    storage_size: Integer,
    #[serde(default, borrow)]
    storage: Vec<Object<Piece<'a>>>,
    #[serde(default)]
    keys: Vec<Object<KeyOfBlock>>,
    #[serde(default)]
    gr: GeneralRegisters,
    #[serde(default)]
    fpr: FloatingPointRegisters,
    #[serde(default)]
    cr: ControlRegisters,
    psw: Doubleword,
    #[serde(default = "default_tod")]
    tod: Doubleword,
    #[serde(default)]
    run: Object<RunLimits>,
    #[serde(default)]
    dump: Vec<Object<Range>>,
    #[serde(default, deserialize_with = "present")]
    engine: Option<EngineName>,
}

fn default_storage_size() -> Integer {
    Integer(u64::from(DEFAULT_STORAGE_SIZE))
}

fn default_tod() -> Doubleword {
    Doubleword(DEFAULT_TOD)
}

/// A value that may be absent but not `null`.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(input: D) -> Result<Option<T>, D::Error> {
    T::deserialize(input).map(Some)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Piece<'a> {
    at: Integer,
    #[serde(borrow)]
    hex: Cow<'a, str>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyOfBlock {
    at: Integer,
    key: Integer,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Range {
    at: Integer,
    length: Integer,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RunLimits {
    #[serde(default, deserialize_with = "present")]
    instructions: Option<Integer>,
    #[serde(default, deserialize_with = "present")]
    until: Option<Until>,
    #[serde(default, deserialize_with = "present")]
    limit: Option<Integer>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Until {
    Wait,
}

/// How long a case runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// At most this many instructions.
    pub instructions: u64,
    /// Whether the end of the instructions is a limit that should not be reached: it is until a wait.
    pub until_wait: bool,
}

/// A checked case: everything in it can be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case<'a> {
    /// Its name, for whoever reads the result.
    pub id: Cow<'a, str>,
    /// Bytes of main storage.
    pub storage_size: u32,
    /// Absolute storage to set: the address, and the end of the bytes in [`Case::bytes`]; each begins where the one
    /// before it ends.
    pub storage: Vec<(u32, usize)>,
    /// The bytes to set, one range after the other.
    pub bytes: Vec<u8>,
    /// Storage keys to set: an absolute address in the block, and the key.
    pub keys: Vec<(u32, u8)>,
    /// General registers.
    pub gr: [u32; 16],
    /// Floating-point registers 0, 2, 4 and 6.
    pub fpr: [u64; 4],
    /// Control registers.
    pub cr: [u32; 16],
    /// The current PSW.
    pub psw: u64,
    /// The TOD clock.
    pub tod: u64,
    /// How long to run.
    pub run: Run,
    /// Storage to return: absolute address and length.
    pub dump: Vec<(u32, u32)>,
    /// The engine, if the case names one.
    pub engine: Option<Engine>,
}

impl<'a> Case<'a> {
    /// Reads and checks a line.
    ///
    /// # Errors
    /// What is wrong, and where.
    pub fn parse(line: &'a [u8]) -> Result<Case<'a>, CaseError> {
        let Object(line) = serde_json::from_slice::<Object<Line<'a>>>(line)?;
        let size = storage_size(line.storage_size)?;
        let (storage, bytes) = storage(&line.storage, size)?;
        Ok(Case {
            id: line.id,
            storage_size: size,
            storage,
            bytes,
            keys: keys(&line.keys, size)?,
            gr: line.gr.0,
            fpr: line.fpr.0,
            cr: line.cr.0,
            psw: line.psw.0,
            tod: line.tod.0,
            run: run(&line.run.0)?,
            dump: dump(&line.dump, size)?,
            engine: line.engine.map(|EngineName(engine)| engine),
        })
    }
}

fn storage_size(Integer(size): Integer) -> Result<u32, CaseError> {
    let bytes = u32::try_from(size).ok().filter(|size| (1..=LARGEST_STORAGE).contains(size) && size % 2048 == 0);
    bytes.ok_or_else(|| {
        CaseError::value("storage_size", format!("{size} is not a multiple of 2048 from 2048 to {LARGEST_STORAGE}"))
    })
}

/// The address of a range, if all of it is in storage.
fn in_storage(place: impl fmt::Display, Integer(at): Integer, length: u64, size: u32) -> Result<u32, CaseError> {
    let end = at.checked_add(length);
    match u32::try_from(at) {
        Ok(at) if at < size && end.is_some_and(|end| end <= u64::from(size)) => Ok(at),
        _ => Err(CaseError::value(
            place,
            format!("{length} bytes at {at:#x} are not all in the {size:#x} bytes of main storage"),
        )),
    }
}

/// Ranges of storage as in [`Case::storage`], and their bytes.
type Contents = (Vec<(u32, usize)>, Vec<u8>);

fn storage(pieces: &[Object<Piece<'_>>], size: u32) -> Result<Contents, CaseError> {
    let mut ranges = Vec::with_capacity(pieces.len());
    let mut bytes = Vec::new();
    for (i, Object(piece)) in pieces.iter().enumerate() {
        let start = bytes.len();
        hex::parse_bytes(&piece.hex, &mut bytes)
            .map_err(|message| CaseError::value(format_args!("storage[{i}].hex"), message))?;
        let length = (bytes.len() - start) as u64;
        let at = in_storage(format_args!("storage[{i}]"), piece.at, length, size)?;
        ranges.push((at, bytes.len()));
    }
    Ok((ranges, bytes))
}

fn keys(keys: &[Object<KeyOfBlock>], size: u32) -> Result<Vec<(u32, u8)>, CaseError> {
    let check = |(i, Object(KeyOfBlock { at, key })): (usize, &Object<KeyOfBlock>)| {
        let at = in_storage(format_args!("keys[{i}].at"), *at, 1, size)?;
        let key = u8::try_from(key.0)
            .map_err(|_| CaseError::value(format_args!("keys[{i}].key"), format!("{:#x} is not one byte", key.0)))?;
        Ok((at, key))
    };
    keys.iter().enumerate().map(check).collect()
}

fn dump(ranges: &[Object<Range>], size: u32) -> Result<Vec<(u32, u32)>, CaseError> {
    let mut total = 0;
    let check = |(i, Object(Range { at, length })): (usize, &Object<Range>)| {
        let at = in_storage(format_args!("dump[{i}]"), *at, length.0, size)?;
        total += length.0;
        if total > LARGEST_DUMP {
            return Err(CaseError::value(
                format_args!("dump[{i}]"),
                format!("{total} bytes with those before it: a case returns {LARGEST_DUMP} at most"),
            ));
        }
        Ok((at, length.0 as u32))
    };
    ranges.iter().enumerate().map(check).collect()
}

fn run(limits: &RunLimits) -> Result<Run, CaseError> {
    match *limits {
        RunLimits { instructions: None, until: None, limit: None } => Ok(Run { instructions: 1, until_wait: false }),
        RunLimits { instructions: Some(Integer(instructions)), until: None, limit: None } => {
            Ok(Run { instructions, until_wait: false })
        }
        RunLimits { instructions: None, until: Some(Until::Wait), limit: Some(Integer(instructions)) } => {
            Ok(Run { instructions, until_wait: true })
        }
        _ => Err(CaseError::value("run", "neither {\"instructions\": N} nor {\"until\": \"wait\", \"limit\": N}")),
    }
}

/// The `id` of a line that is not a case, if it has one that can be read before the line stops being JSON.
pub(super) fn find_id(line: &[u8]) -> Option<String> {
    struct Finder<'a>(&'a mut Option<String>);
    impl<'de> Visitor<'de> for Finder<'_> {
        type Value = ();

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
            while let Some(key) = map.next_key::<Cow<'de, str>>()? {
                if key == "id" && self.0.is_none() {
                    *self.0 = Some(map.next_value()?);
                } else {
                    map.next_value::<IgnoredAny>()?;
                }
            }
            Ok(())
        }
    }
    let mut id = None;
    // What is wrong with the rest of the line has been reported already.
    let _ = serde_json::Deserializer::from_slice(line).deserialize_map(Finder(&mut id));
    id
}
