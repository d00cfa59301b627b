//! DISPLAY: storage, keys, registers, PSW, CAW and CSW.

use s370_arch::{assigned_storage, ebcdic, storage_key::BLOCK};
use s370_cpu::storage::AbsoluteStorage;

use super::{
    Answer, Failure, Reply,
    operand::{Operands, decimal, hexadecimal, invalid, is},
};
use crate::{message, system::Cp, vm::VirtualMachine};

/// Lines that one command gives.
///
/// Deviation: a display of all storage would be ended by attention; here it ends by itself.
const MOST_LINES: usize = 4096;

/// What an operand without a letter means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Storage in words.
    Storage,
    /// Storage with its translation.
    Translated,
    Keys,
    General,
    FloatingPoint,
    Control,
}

impl Kind {
    fn of(letter: char) -> Option<Kind> {
        match letter {
            'L' => Some(Kind::Storage),
            'T' => Some(Kind::Translated),
            'K' => Some(Kind::Keys),
            'G' => Some(Kind::General),
            'Y' => Some(Kind::FloatingPoint),
            'X' => Some(Kind::Control),
            _ => None,
        }
    }

    fn is_register(self) -> bool {
        matches!(self, Kind::General | Kind::FloatingPoint | Kind::Control)
    }
}

pub(super) fn display(cp: &mut Cp<'_>, operands: &mut Operands<'_>) -> Answer {
    let machine = &cp.user.machine;
    let mut lines = Vec::new();
    let mut kind = Kind::Storage;
    let mut word = operands.required(&message::OPERAND)?;
    loop {
        if let Err(failure) = operand(machine, word, &mut kind, &mut lines) {
            return Err(Failure { before: lines, ..failure });
        }
        match operands.next() {
            Some(next) if lines.len() < MOST_LINES => word = next,
            _ => break,
        }
    }
    lines.truncate(MOST_LINES);
    Ok(Reply::lines(lines))
}

fn operand(machine: &VirtualMachine, word: &str, kind: &mut Kind, lines: &mut Vec<String>) -> Result<(), Failure> {
    if is(word, "PSW", 1) {
        lines.push(two_words("PSW", machine.state.psw.emit(0, 0)));
        return Ok(());
    }
    let low = |at: u32| machine.state.absolute(at);
    match word {
        "CAW" => {
            lines.push(format!("CAW = {:08X}", machine.storage.u32(low(assigned_storage::CAW))));
            return Ok(());
        }
        "CSW" => {
            lines.push(two_words("CSW", machine.storage.u64(low(assigned_storage::CSW))));
            return Ok(());
        }
        _ => {}
    }
    let rest = match word.chars().next().and_then(Kind::of) {
        Some(new) => {
            *kind = new;
            &word[1..]
        }
        None => word,
    };
    let all = rest.is_empty();
    if kind.is_register() {
        let (first, last) = range(rest, 15, all, &|text| decimal(text, 2).filter(|number| *number < 16))
            .map_err(|_| Failure::with(&message::INVALID_REGISTER, &[&super::shown(word)]))?;
        registers(machine, *kind, first, last, lines)
    } else {
        let size = machine.storage.size();
        let (first, last) = range(rest, size - 1, all, &|text| hexadecimal(text, 6)).map_err(|_| {
            if rest.starts_with(|c: char| c.is_ascii_hexdigit() || ".:-".contains(c)) {
                (&message::HEXLOC).into()
            } else {
                invalid(word)
            }
        })?;
        if first >= size || last >= size || last < first {
            return Err(Failure::with(&message::INVALID_RANGE, &[&super::shown(rest)]));
        }
        match kind {
            Kind::Translated => translated(machine, first, last, lines),
            Kind::Keys => keys(machine, first, last, lines),
            _ => words(machine, first, last, lines),
        }
        Ok(())
    }
}

/// Something else than a range.
struct NoRange;

/// First and last of `a`, `a-b`, `a:b`, `a-END`, `a.count`, `a.END`, or what is missing of these; all if there is nothing.
fn range(text: &str, end: u32, all: bool, number: &dyn Fn(&str) -> Option<u32>) -> Result<(u32, u32), NoRange> {
    if all {
        return Ok((0, end));
    }
    let Some(at) = text.find(['-', ':', '.']) else {
        let only = number(text).ok_or(NoRange)?;
        return Ok((only, only));
    };
    let (first, rest) = text.split_at(at);
    let first = if first.is_empty() { 0 } else { number(first).ok_or(NoRange)? };
    let (separator, last) = rest.split_at(1);
    let last = match last {
        "" | "END" => end,
        _ if separator == "." => {
            // A count is of bytes, or of registers.
            let count = hexadecimal(last, 6).filter(|count| *count > 0).ok_or(NoRange)?;
            first.saturating_add(count - 1).min(end.max(first))
        }
        _ => number(last).ok_or(NoRange)?,
    };
    Ok((first, last))
}

fn two_words(name: &str, value: u64) -> String {
    format!("{name} = {:08X}  {:08X}", value >> 32, value & 0xFFFF_FFFF)
}

fn registers(
    machine: &VirtualMachine,
    kind: Kind,
    first: u32,
    last: u32,
    lines: &mut Vec<String>,
) -> Result<(), Failure> {
    if last < first {
        return Err(Failure::with(&message::INVALID_RANGE, &[&format!("{first}-{last}")]));
    }
    let (name, values) = match kind {
        Kind::FloatingPoint => {
            let wanted = (first..=last).filter(|number| number % 2 == 0 && *number <= 6);
            let before = lines.len();
            lines.extend(wanted.map(|number| floating_point(number, machine.state.fpr[number as usize / 2])));
            return if lines.len() > before {
                Ok(())
            } else {
                Err(Failure::with(&message::INVALID_REGISTER, &[&first.to_string()]))
            };
        }
        Kind::Control => ("ECR", &machine.state.cr),
        _ => ("GPR", &machine.state.gr),
    };
    // A machine without extended control has control register 0 alone.
    let most = if kind == Kind::Control && !machine.has_extended_control() { 0 } else { 15 };
    if first > most {
        return Err(Failure::with(&message::INVALID_REGISTER, &[&first.to_string()]));
    }
    for from in (first..=last.min(most)).step_by(4) {
        let to = last.min(most).min(from + 3);
        let shown: Vec<String> =
            values[from as usize..=to as usize].iter().map(|value| format!("{value:08X}")).collect();
        lines.push(format!("{name} {from} = {}", shown.join(" ")));
    }
    Ok(())
}

/// A floating-point register, with its value in decimal: 17 digits, as exactly as 53 bits give them.
fn floating_point(number: u32, value: u64) -> String {
    let fraction = (value & 0x00FF_FFFF_FFFF_FFFF) as f64;
    let exponent = (value >> 56 & 0x7F) as i32 - 64 - 14;
    let magnitude = fraction * 16f64.powi(exponent);
    let sign = if value >> 63 != 0 { '-' } else { ' ' };
    let text = format!("{magnitude:.16e}");
    let (digits, power) = text.split_once('e').unwrap_or((&text, "0"));
    let digits: String = digits.chars().filter(char::is_ascii_digit).collect();
    let power = if magnitude == 0.0 { 0 } else { power.parse::<i32>().unwrap_or(0) + 1 };
    let power_sign = if power < 0 { '-' } else { ' ' };
    format!("FPR {number} = {value:016X} {sign}.{digits}  E{power_sign}{:02}", power.abs())
}

/// Four words of storage and, at the beginning of a block, its key.
fn line(machine: &VirtualMachine, at: u32, count: u32) -> String {
    let mut text = format!("{at:06X}");
    for word in (at..).step_by(4).take(count as usize) {
        text.push_str(&format!(" {:08X}", machine.storage.u32(machine.state.absolute(word))));
    }
    if at.is_multiple_of(BLOCK) {
        text.push_str(&format!(" {:02X}", machine.storage.key(machine.state.absolute(at))));
    }
    text
}

fn words(machine: &VirtualMachine, first: u32, last: u32, lines: &mut Vec<String>) {
    let (first, last) = (first & !3, last & !3);
    for at in (first..=last).step_by(16).take(MOST_LINES) {
        lines.push(line(machine, at, ((last - at) / 4 + 1).min(4)));
    }
}

fn translated(machine: &VirtualMachine, first: u32, last: u32, lines: &mut Vec<String>) {
    for at in (first & !15..=last).step_by(16).take(MOST_LINES) {
        let mut bytes = [0; 16];
        machine.storage.read(machine.state.absolute(at), &mut bytes);
        let text: String = bytes.iter().map(|&byte| ebcdic::printable(byte)).collect();
        // The column of the key is there in each line.
        lines.push(format!("{:<45} *{text}*", line(machine, at, 4)));
    }
}

fn keys(machine: &VirtualMachine, first: u32, last: u32, lines: &mut Vec<String>) {
    let key = |at: u32| machine.storage.key(machine.state.absolute(at));
    let mut start = first & !(BLOCK - 1);
    for at in (start..=last).step_by(BLOCK as usize) {
        let next = at + BLOCK;
        if next > last || key(next) != key(at) {
            lines.push(format!("{start:06X} TO {:06X}   KEY = {:02X}", next - 1, key(at)));
            start = next;
        }
    }
}
