//! The shared single-instruction vectors: cases in the format of `cambridge probe`, with results from elsewhere.
//! Their README says what is compared.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    io::Read,
    path::{Path, PathBuf},
    sync::Arc,
};

use s370_arch::{interruption::Class, psw::Psw, storage_key::BLOCK};
use s370_cpu::{
    bus::NoDevices,
    machine::{Machine, TakenInterruption},
    processor::Engine,
    state::{CpuState, Model},
    storage::Storage,
};
use serde::{Deserialize, Deserializer, de::Error};

use crate::assemble::bytes_from_hex;

/// A number, written as such or in hexadecimal in a string.
fn number(value: &serde_json::Value) -> Result<u64, String> {
    if let Some(number) = value.as_u64() {
        return Ok(number);
    }
    let text = value.as_str().ok_or_else(|| format!("{value} is not a number"))?;
    u64::from_str_radix(text.trim_start_matches("0x"), 16).map_err(|_| format!("{text} is not hexadecimal"))
}

/// A number in a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Number(u64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        number(&value).map(Number).map_err(D::Error::custom)
    }
}

/// Hexadecimal digits without prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Bytes(Vec<u8>);

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        bytes_from_hex(&String::deserialize(deserializer)?).map(Bytes).map_err(D::Error::custom)
    }
}

#[derive(Clone, Debug, Deserialize)]
struct Place {
    at: Number,
    hex: Bytes,
    #[serde(default)]
    mask: Option<Bytes>,
}

#[derive(Clone, Debug, Deserialize)]
struct Key {
    at: Number,
    key: Number,
    #[serde(default)]
    mask: Option<Number>,
}

/// A case.
#[derive(Clone, Debug, Deserialize)]
pub struct Case {
    /// Its name.
    pub id: String,
    storage_size: Number,
    storage: Vec<Place>,
    #[serde(default)]
    keys: Vec<Key>,
    gr: Vec<Number>,
    fpr: BTreeMap<usize, Bits>,
    #[serde(default)]
    cr: BTreeMap<usize, Number>,
    psw: Bits,
}

/// A number in hexadecimal digits, always.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Bits(u64);

impl<'de> Deserialize<'de> for Bits {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        u64::from_str_radix(text.trim_start_matches("0x"), 16).map(Bits).map_err(D::Error::custom)
    }
}

#[derive(Clone, Debug, Deserialize)]
struct ExpectedInterruption {
    class: Class,
    code: Bits,
    ilc: Option<u8>,
    old_cc: Option<u8>,
    old_ia: Option<Bits>,
    old_pm: Option<u8>,
}

#[derive(Clone, Debug, Deserialize)]
struct Masked {
    hex: Bits,
    value: Bits,
}

/// What is expected of a case.
#[derive(Clone, Debug, Deserialize)]
pub struct Expectation {
    /// The case.
    pub id: String,
    /// Its mnemonic.
    pub mn: String,
    #[serde(default)]
    gr: BTreeMap<usize, Bits>,
    #[serde(default)]
    fpr: BTreeMap<usize, Bits>,
    #[serde(default)]
    fpr_short: BTreeMap<usize, Bits>,
    #[serde(default)]
    cr: BTreeMap<usize, Bits>,
    cc: Option<u8>,
    ia: Option<Bits>,
    pswmask: Option<Masked>,
    #[serde(default)]
    storage: Vec<Place>,
    #[serde(default)]
    keys: Vec<Key>,
    interruption: Option<ExpectedInterruption>,
    nint: Option<usize>,
    #[serde(default)]
    any_interruptions: bool,
}

/// The directory of the shared vectors: `$CAMBRIDGE_SHARED/vectors`, or `../shared/vectors` beside the repository.
/// `None` where there is none.
#[must_use]
pub fn directory() -> Option<PathBuf> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let shared = std::env::var_os("CAMBRIDGE_SHARED").map_or_else(|| repository.join("../shared"), PathBuf::from);
    let directory = shared.join("vectors");
    directory.join("singles.cases.jsonl.xz").is_file().then_some(directory)
}

/// All cases with what is expected of them.
///
/// # Errors
/// A file cannot be read or is not as its README says.
pub fn load(directory: &Path) -> Result<Vec<(Case, Expectation)>, String> {
    let cases: Vec<Case> = read(&directory.join("singles.cases.jsonl.xz"))?;
    let expectations: Vec<Expectation> = read(&directory.join("singles.expect.jsonl.xz"))?;
    let mut expected: BTreeMap<_, _> = expectations.into_iter().map(|one| (one.id.clone(), one)).collect();
    let pairs = cases.into_iter().map(|case| {
        let expectation = expected.remove(&case.id).ok_or_else(|| format!("no expectation for {}", case.id))?;
        Ok((case, expectation))
    });
    pairs.collect()
}

fn read<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<Vec<T>, String> {
    let fail = |why: &dyn std::fmt::Display| format!("{}: {why}", path.display());
    let file = std::fs::File::open(path).map_err(|error| fail(&error))?;
    let mut text = String::new();
    lzma_rust2::XzReader::new(file, true).read_to_string(&mut text).map_err(|error| fail(&error))?;
    text.lines().map(|line| serde_json::from_str(line).map_err(|error| fail(&error))).collect()
}

/// Runs a case on an engine, and describes how the end differs from what is expected; empty when it does not.
///
/// # Errors
/// The case cannot be run.
pub fn differences(case: &Case, expected: &Expectation, engine: Engine) -> Result<String, String> {
    let storage = Arc::new(Storage::new(case.storage_size.0).map_err(|error| error.to_string())?);
    for place in &case.storage {
        storage.store(place.at.0 as u32, &place.hex.0);
    }
    for key in &case.keys {
        storage.set_key(key.at.0 as u32, key.key.0 as u8);
    }
    let mut machine = Machine::new(initial_state(case), Arc::clone(&storage));
    machine.processor.engine = engine;
    machine.log.capacity = 64;
    machine.run(&mut NoDevices, 1);
    let mut report = String::new();
    compare_state(&mut report, expected, &machine.processor.state);
    compare_storage(&mut report, expected, &storage);
    compare_interruptions(&mut report, expected, &machine.log.taken);
    Ok(report)
}

fn initial_state(case: &Case) -> CpuState {
    let mut state = CpuState::new(Model::default());
    for (register, value) in state.gr.iter_mut().zip(&case.gr) {
        *register = value.0 as u32;
    }
    for (n, value) in &case.fpr {
        state.fpr[n / 2] = value.0;
    }
    for (n, value) in &case.cr {
        state.cr[*n] = value.0 as u32;
    }
    state.psw = Psw::parse(case.psw.0);
    state
}

fn difference<T: PartialEq + std::fmt::UpperHex>(report: &mut String, what: &str, expected: T, got: T) {
    if expected != got {
        let _ = writeln!(report, "  {what}: expected {expected:X}, got {got:X}");
    }
}

fn compare_state(report: &mut String, expected: &Expectation, state: &CpuState) {
    for (n, value) in &expected.gr {
        difference(report, &format!("general register {n}"), value.0, u64::from(state.gr[*n]));
    }
    for (n, value) in &expected.cr {
        difference(report, &format!("control register {n}"), value.0, u64::from(state.cr[*n]));
    }
    for (n, value) in &expected.fpr {
        difference(report, &format!("floating-point register {n}"), value.0, state.fpr[n / 2]);
    }
    for (n, value) in &expected.fpr_short {
        difference(report, &format!("floating-point register {n}"), value.0, state.fpr[n / 2] >> 32);
    }
    if let Some(cc) = expected.cc {
        difference(report, "condition code", cc, state.psw.cc);
    }
    if let Some(address) = expected.ia {
        difference(report, "instruction address", address.0, u64::from(state.psw.address));
    }
    if let Some(masked) = &expected.pswmask {
        let mask = masked.hex.0;
        difference(report, "PSW", masked.value.0 & mask, state.psw.emit(0, 0) & mask);
    }
}

fn compare_storage(report: &mut String, expected: &Expectation, storage: &Storage) {
    for place in &expected.storage {
        for (n, want) in place.hex.0.iter().enumerate() {
            let at = place.at.0 as u32 + n as u32;
            let mask = place.mask.as_ref().and_then(|mask| mask.0.get(n)).copied().unwrap_or(0xFF);
            difference(report, &format!("storage at {at:06X}"), want & mask, storage.u8(at) & mask);
        }
    }
    for key in &expected.keys {
        let at = key.at.0 as u32;
        let mask = key.mask.map_or(0xFE, |mask| mask.0 as u8);
        let what = format!("key of the block at {:X}", at / BLOCK * BLOCK);
        difference(report, &what, key.key.0 as u8 & mask, storage.key(at) & mask);
    }
}

fn compare_interruptions(report: &mut String, expected: &Expectation, taken: &[TakenInterruption]) {
    if expected.any_interruptions {
        return;
    }
    if let Some(count) = expected.nint {
        difference(report, "number of interruptions", count, taken.len());
    }
    let (want, got) = match (&expected.interruption, taken.first()) {
        (None, None) => return,
        (Some(want), Some(got)) => (want, got),
        (want, got) => {
            let _ = writeln!(report, "  interruption: expected {want:?}, got {got:?}");
            return;
        }
    };
    let (code, ilc) = got.interruption.code_and_ilc();
    if want.class != got.interruption.class() {
        let _ = writeln!(report, "  class of interruption: expected {:?}, got {got:?}", want.class);
    }
    difference(report, "interruption code", want.code.0, u64::from(code));
    let old = Psw::parse(got.old_psw);
    let optional = [
        ("instruction length", want.ilc.map(u64::from), u64::from(ilc) * 2),
        ("old condition code", want.old_cc.map(u64::from), u64::from(old.cc)),
        ("old program mask", want.old_pm.map(u64::from), u64::from(old.program_mask)),
        ("old instruction address", want.old_ia.map(|bits| bits.0), u64::from(old.address)),
    ];
    for (what, want, got) in optional {
        difference(report, what, want.unwrap_or(got), got);
    }
}
