//! What becomes of the state: the picture after the instruction, with the interruptions that follow taken.
//!
//! How an interruption is taken is written here once more, from the manual's chapter 6 and its table of assigned
//! storage locations, so that the processor is compared with something.

use s370_arch::{
    interruption::{Class, ProgramCode},
    isa::Exception,
    psw::Psw,
};
use s370_cpu::machine::Stop;

use super::{Case, Picture, Start, picture::hex};

/// An interruption that a case expects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpectedInterruption {
    /// Its class.
    pub class: Class,
    /// Its code, without PER.
    pub code: u16,
    /// Instruction-length code.
    pub ilc: u8,
    /// The word at 144.
    pub translation: Option<u32>,
    /// Monitor class and code.
    pub monitor: Option<(u8, u32)>,
    /// PER code and address.
    pub per: Option<(u8, u32)>,
    /// CPU address of an external interruption.
    pub cpu_address: Option<u16>,
    /// For an access exception: whether a fetch or a store met it, where the case says so.
    pub access: Option<Exception>,
}

/// What a case expects.
#[derive(Clone, Debug)]
pub struct Expectation {
    /// The machine afterwards.
    pub picture: Picture,
    /// The interruptions taken, in order.
    pub interruptions: Vec<ExpectedInterruption>,
    /// What the bus was asked.
    pub asked: Vec<String>,
    /// Why the machine stopped.
    pub stop: Stop,
}

impl Case {
    /// The interruptions in the result of this case, for an instruction with this length.
    ///
    /// # Errors
    /// An item is not understood.
    pub fn interruptions(&self, length: u32) -> Result<Vec<ExpectedInterruption>, String> {
        let mut list: Vec<ExpectedInterruption> = Vec::new();
        for item in &self.result {
            if let Some(text) = item.strip_prefix('!') {
                list.push(interruption(text, (length / 2) as u8).map_err(|why| format!("{item}: {why}"))?);
            } else if let Some(last) = list.last_mut() {
                refine(last, item).map_err(|why| format!("{item}: {why}"))?;
            }
        }
        Ok(list)
    }

    /// The picture after the instruction.
    ///
    /// # Errors
    /// An item is not understood.
    pub fn expectation(&self, start: &Start) -> Result<Expectation, String> {
        let mut picture = start.picture.clone();
        picture.blocks_named.clear();
        picture.keys_named.clear();
        picture.state.psw.address = start.address;
        let interruptions = self.interruptions(start.length)?;
        if !interruptions.iter().any(is_nullifying) {
            picture.state.psw.address = (start.address + start.length) & 0xFF_FFFF;
        }
        let mut expectation = Expectation { picture, interruptions, asked: Vec::new(), stop: Stop::Count };
        for item in &self.result {
            expectation.apply(item).map_err(|why| format!("{item}: {why}"))?;
        }
        for interruption in expectation.interruptions.clone() {
            take(&mut expectation.picture, &interruption)?;
            expectation.stop = Stop::Wait;
        }
        Ok(expectation)
    }
}

impl Expectation {
    fn apply(&mut self, item: &str) -> Result<(), String> {
        let (name, value) = item.split_once('=').unwrap_or((item, ""));
        match name {
            "asked" => self.asked.push(value.to_owned()),
            "stop" => {
                self.stop = match value {
                    "wait" => Stop::Wait,
                    "stopped" => Stop::Stopped,
                    "checkstop" => Stop::CheckStop,
                    _ => return Err("wait, stopped or checkstop".to_owned()),
                }
            }
            _ if item.starts_with('!') || is_refinement(name) => {}
            _ if self.picture.apply(item)? => {}
            _ => return Err("unknown item".to_owned()),
        }
        Ok(())
    }
}

/// `protection`, `protection(store)`, `0017`, `svc:05`, `external:1004`, `io:0190`, `restart`, `per`.
fn interruption(text: &str, ilc: u8) -> Result<ExpectedInterruption, String> {
    let (text, access) = match text.split_once('(') {
        Some((text, "fetch)")) => (text, Some(Exception::Fetch)),
        Some((text, "store)")) => (text, Some(Exception::Store)),
        Some(_) => return Err("(fetch) or (store)".to_owned()),
        None => (text, None),
    };
    let (name, value) = text.split_once(':').unwrap_or((text, "0"));
    let (class, ilc) = match name {
        "svc" => (Class::Svc, ilc),
        "external" => (Class::External, 0),
        "io" => (Class::Io, 0),
        "restart" => (Class::Restart, 0),
        _ => (Class::Program, ilc),
    };
    let code = match (class, name) {
        (Class::Program, "per") => 0,
        (Class::Program, name) => program_code(name)?,
        _ => hex(value)? as u16,
    };
    let (translation, monitor, per, cpu_address) = (None, None, None, None);
    Ok(ExpectedInterruption { class, code, ilc, translation, monitor, per, cpu_address, access })
}

fn program_code(name: &str) -> Result<u16, String> {
    let named = (1..0x80)
        .find(|code| ProgramCode(*code).name().is_some_and(|known| known.replace(' ', "-").eq_ignore_ascii_case(name)));
    match named {
        Some(code) => Ok(code),
        None => Ok(hex(name).map_err(|_| format!("no interruption {name}"))? as u16),
    }
}

fn is_refinement(name: &str) -> bool {
    ["ilc", "at144", "monitor", "per", "from"].contains(&name)
}

fn refine(last: &mut ExpectedInterruption, item: &str) -> Result<(), String> {
    let (name, value) = item.split_once('=').unwrap_or((item, ""));
    let pair = || value.split_once(':').ok_or("two values with a colon");
    match name {
        "ilc" => last.ilc = hex(value)? as u8,
        "at144" => last.translation = Some(hex(value)? as u32),
        "monitor" => last.monitor = Some((hex(pair()?.0)? as u8, hex(pair()?.1)? as u32)),
        "per" => last.per = Some((hex(pair()?.0)? as u8, hex(pair()?.1)? as u32)),
        "from" => last.cpu_address = Some(hex(value)? as u16),
        _ => {}
    }
    Ok(())
}

/// Segment and page translation, and the translations and authorities of the dual-address-space facility.
fn is_nullifying(interruption: &ExpectedInterruption) -> bool {
    interruption.class == Class::Program && matches!(interruption.code, 0x10 | 0x11 | 0x20..=0x25)
}

/// Takes an interruption: old PSW and codes stored, new PSW loaded.
fn take(picture: &mut Picture, interruption: &ExpectedInterruption) -> Result<(), String> {
    let psw = picture.state.psw;
    let code = interruption.code | if interruption.per.is_some() { 0x80 } else { 0 };
    let (old, new, word) = match interruption.class {
        Class::Restart => (8, 0, None),
        Class::External => (24, 88, Some(132)),
        Class::Svc => (32, 96, Some(136)),
        Class::Program => (40, 104, Some(140)),
        Class::MachineCheck => (48, 112, None),
        Class::Io => (56, 120, Some(184)),
    };
    let mut store = |real: u32, bytes: &[u8]| {
        let at = picture.absolute(real);
        picture.put(at, bytes)
    };
    store(old, &psw.emit(code, interruption.ilc).to_be_bytes())?;
    match (psw.ec, word, interruption.class) {
        (true, Some(at), Class::Svc | Class::Program) => {
            store(at, &[0, interruption.ilc << 1, (code >> 8) as u8, code as u8])?;
        }
        (true, Some(at), Class::External) => {
            let [high, low] = interruption.cpu_address.unwrap_or(0).to_be_bytes();
            store(at, &[high, low, (code >> 8) as u8, code as u8])?;
        }
        (false, Some(at), Class::External) => {
            if let Some(cpu) = interruption.cpu_address {
                store(at, &cpu.to_be_bytes())?;
            }
        }
        (true, Some(at), Class::Io) => store(at + 1, &[0, (code >> 8) as u8, code as u8])?,
        _ => {}
    }
    if let Some(word) = interruption.translation {
        store(144, &word.to_be_bytes())?;
    }
    if let Some((class, code)) = interruption.monitor {
        store(148, &[0, class])?;
        store(156, &code.to_be_bytes())?;
    }
    if let Some((code, address)) = interruption.per {
        store(150, &[code, 0])?;
        store(152, &address.to_be_bytes())?;
    }
    let at = picture.absolute(new);
    let bytes = picture.storage[at..at + 8].try_into().map_err(|_| "no new PSW")?;
    picture.state.psw = Psw::parse(u64::from_be_bytes(bytes));
    Ok(())
}
