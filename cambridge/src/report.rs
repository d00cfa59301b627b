//! The state of a machine after a run, as the probe and `cambridge bare --json` return it.

use s370_cpu::{
    machine::{Machine, Stop, TakenInterruption},
    storage::Storage,
    translate::Counters,
};

use crate::hex;

/// Interruptions that a report lists at most.
pub const LISTED_INTERRUPTIONS: usize = 64;

/// Why a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// As many instructions as asked for were executed.
    Count,
    /// A wait-state PSW was loaded.
    Wait,
    /// It should have come to a wait, and did not within as many instructions as it had.
    Limit,
    /// The processor is in the check-stop state.
    CheckStop,
    /// The processor is in the stopped state: it was told to by SIGNAL PROCESSOR.
    Stopped,
}

impl Ending {
    /// What it is called in a result.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Ending::Count => "count",
            Ending::Wait => "wait",
            Ending::Limit => "limit",
            Ending::CheckStop => "checkstop",
            Ending::Stopped => "stopped",
        }
    }

    /// How a run ended for which the processor gave this reason.
    #[must_use]
    pub const fn of(stop: Stop, until_wait: bool) -> Ending {
        match stop {
            Stop::Count if until_wait => Ending::Limit,
            Stop::Count => Ending::Count,
            Stop::Wait => Ending::Wait,
            Stop::Stopped => Ending::Stopped,
            Stop::CheckStop => Ending::CheckStop,
        }
    }
}

/// The state of a machine after a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Why it ended.
    pub ending: Ending,
    /// Instructions executed.
    pub instructions: u64,
    /// The current PSW; in BC mode, interruption code and instruction-length code are zero.
    pub psw: u64,
    /// Condition code.
    pub cc: u8,
    /// General registers.
    pub gr: [u32; 16],
    /// Floating-point registers 0, 2, 4 and 6.
    pub fpr: [u64; 4],
    /// Control registers.
    pub cr: [u32; 16],
    /// The first interruptions that were taken, at most [`LISTED_INTERRUPTIONS`].
    pub interruptions: Vec<TakenInterruption>,
    /// Absolute addresses, and the storage there.
    pub storage: Vec<(u32, Vec<u8>)>,
    /// Absolute addresses, and the keys of their blocks.
    pub keys: Vec<(u32, u8)>,
}

impl Report {
    /// The state of `machine`, with the storage and the keys asked for; the ranges must lie in its storage.
    #[must_use]
    pub fn of(machine: &Machine, ending: Ending, instructions: u64, dump: &[(u32, u32)], keys: &[u32]) -> Report {
        let (state, storage): (_, &Storage) = (&machine.processor.state, &machine.processor.storage);
        let contents = |&(at, length): &(u32, u32)| {
            let mut bytes = vec![0; length as usize];
            storage.read(at, &mut bytes);
            (at, bytes)
        };
        Report {
            ending,
            instructions,
            psw: state.psw.emit(0, 0),
            cc: state.psw.cc,
            gr: state.gr,
            fpr: state.fpr,
            cr: state.cr,
            interruptions: machine.log.taken.iter().take(LISTED_INTERRUPTIONS).copied().collect(),
            storage: dump.iter().map(contents).collect(),
            keys: keys.iter().map(|&at| (at, storage.key(at))).collect(),
        }
    }

    /// Appends the report as a JSON object, without a line end.
    pub fn write_json(&self, id: &str, out: &mut Vec<u8>) {
        out.extend(b"{\"id\":");
        push_string(out, id);
        out.extend(b",\"stop\":\"");
        out.extend(self.ending.name().as_bytes());
        out.extend(b"\",\"instructions\":");
        push_decimal(out, self.instructions);
        out.extend(b",\"psw\":\"");
        hex::push_number(out, self.psw, 16);
        out.extend(b"\",\"cc\":");
        push_decimal(out, u64::from(self.cc));
        push_registers(out, "gr", self.gr.iter().map(|&word| u64::from(word)), 8);
        push_registers(out, "fpr", self.fpr.iter().copied(), 16);
        push_registers(out, "cr", self.cr.iter().map(|&word| u64::from(word)), 8);
        push_list(out, "interruptions", &self.interruptions, push_interruption);
        push_list(out, "storage", &self.storage, |out, (at, bytes)| {
            push_address(out, *at);
            out.extend(b",\"hex\":\"");
            hex::push_bytes(out, bytes);
            out.extend(b"\"}");
        });
        push_list(out, "keys", &self.keys, |out, (at, key)| {
            push_address(out, *at);
            out.extend(b",\"key\":");
            push_decimal(out, u64::from(*key));
            out.push(b'}');
        });
        out.push(b'}');
    }
}

/// Adds what the translator has done, if it has done anything, to an object that is complete.
pub fn push_counters(out: &mut Vec<u8>, counters: &Counters) {
    if counters.regions == 0 || out.pop() != Some(b'}') {
        return;
    }
    let members = [
        ("regions", counters.regions),
        ("instructions", counters.translated),
        ("code_bytes", counters.code_bytes),
        ("compile_ns", counters.compile_nanoseconds),
        ("entries", counters.entries),
        ("executed", counters.executed),
        ("exits_budget", counters.exits_budget),
        ("exits_rare", counters.exits_rare),
        ("exits_outside", counters.exits_outside),
        ("invalidated", counters.invalidated),
        ("retired", counters.retired),
    ];
    out.extend(b",\"translator\":{");
    for (n, (name, value)) in members.into_iter().enumerate() {
        if n != 0 {
            out.push(b',');
        }
        push_string(out, name);
        out.push(b':');
        push_decimal(out, value);
    }
    out.extend(b"}}");
}

/// Appends a JSON string.
pub(crate) fn push_string(out: &mut Vec<u8>, text: &str) {
    let written = serde_json::to_writer(out, text);
    debug_assert!(written.is_ok(), "a string always has a JSON form, and a vector takes it");
}

fn push_decimal(out: &mut Vec<u8>, value: u64) {
    let mut digits = [0; 20];
    let mut first = digits.len();
    let mut rest = value;
    loop {
        first -= 1;
        digits[first] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend(&digits[first..]);
}

fn push_registers(out: &mut Vec<u8>, name: &str, values: impl Iterator<Item = u64>, digits: u32) {
    push_name(out, name);
    for (i, value) in values.enumerate() {
        out.extend(if i == 0 { &b"\""[..] } else { b",\"" });
        hex::push_number(out, value, digits);
        out.push(b'"');
    }
    out.push(b']');
}

fn push_list<T>(out: &mut Vec<u8>, name: &str, items: &[T], push: impl Fn(&mut Vec<u8>, &T)) {
    push_name(out, name);
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        push(out, item);
    }
    out.push(b']');
}

/// Appends the beginning of a member that is a list.
fn push_name(out: &mut Vec<u8>, name: &str) {
    out.extend(b",\"");
    out.extend(name.as_bytes());
    out.extend(b"\":[");
}

/// Appends the beginning of an object about a place in storage.
fn push_address(out: &mut Vec<u8>, at: u32) {
    out.extend(b"{\"at\":\"0x");
    let digits = (8 - at.leading_zeros() / 4).max(1);
    hex::push_number(out, u64::from(at), digits);
    out.push(b'"');
}

fn push_interruption(out: &mut Vec<u8>, taken: &TakenInterruption) {
    let (code, ilc) = taken.interruption.code_and_ilc();
    out.extend(b"{\"class\":\"");
    out.extend(class_name(taken).as_bytes());
    // Upper-case digits, as the manuals and the published vectors write interruption codes.
    out.extend(format!("\",\"code\":\"0x{code:04X}\",\"ilc\":").as_bytes());
    push_decimal(out, u64::from(ilc) * 2);
    out.extend(b",\"old_psw\":\"");
    hex::push_number(out, taken.old_psw, 16);
    out.extend(b"\"}");
}

/// The interruption's class as results name it.
#[must_use]
pub fn class_name(taken: &TakenInterruption) -> &'static str {
    use s370_arch::interruption::Class;
    match taken.interruption.class() {
        Class::Program => "program",
        Class::Svc => "svc",
        Class::External => "external",
        Class::Io => "io",
        Class::MachineCheck => "machine_check",
        Class::Restart => "restart",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimal_numbers() {
        let mut out = Vec::new();
        for value in [0, 7, 10, u64::MAX] {
            push_decimal(&mut out, value);
            out.push(b' ');
        }
        assert_eq!(out, b"0 7 10 18446744073709551615 ");
    }

    #[test]
    fn addresses_have_no_leading_zeros() {
        let mut out = Vec::new();
        for at in [0, 0xF, 0x10, 0xFF_FFFF] {
            push_address(&mut out, at);
        }
        assert_eq!(out, br#"{"at":"0x0"{"at":"0xf"{"at":"0x10"{"at":"0xffffff""#);
    }
}
