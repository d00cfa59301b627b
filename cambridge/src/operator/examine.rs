//! DISPLAY and ALTER (GA22-7000-10, chapter 12, "Manual Operation"): registers, PSW, storage and keys.

use std::fmt::Write as _;

use s370_arch::psw::Psw;
use s370_cpu::machine::Machine;

use super::{
    operands::{MOST_BYTES, Operand, RegisterSet, Space},
    words::{CommandError, Words},
};
use crate::{
    bare::display::{Dump, PswText},
    hex,
};

/// Bytes that are shown when only an address was given.
const LINE: u32 = 16;

/// Obeys DISPLAY: the text that answers it.
///
/// # Errors
/// The operands are wrong, or there is no such storage.
pub fn display(machine: &Machine, words: &mut Words<'_>) -> Result<String, CommandError> {
    let mut text = String::new();
    loop {
        text.push_str(&display_one(machine, Operand::parse(words)?)?);
        if words.rest().is_empty() {
            return Ok(text);
        }
    }
}

fn display_one(machine: &Machine, operand: Operand) -> Result<String, CommandError> {
    let state = &machine.processor.state;
    match operand {
        Operand::Registers(set, first, last) => Ok(match set {
            RegisterSet::General => registers("GR", &state.gr, first, last),
            RegisterSet::Control => registers("CR", &state.cr, first, last),
            RegisterSet::FloatingPoint => {
                (first..=last).step_by(2).map(|n| format!("FPR{n} {:016X}\n", state.fpr[n / 2])).collect()
            }
        }),
        Operand::Psw => Ok(format!("PSW  {}\n", PswText(state.psw))),
        Operand::Prefix => Ok(format!("Prefix {:06X}\n", state.prefix)),
        Operand::Storage(space, first, count) => dump(machine, space, first, count.unwrap_or(LINE)),
        Operand::Keys(first, count) => keys(machine, first, count.unwrap_or(1)),
    }
}

/// Registers, four a line.
fn registers(name: &str, all: &[u32; 16], first: usize, last: usize) -> String {
    let mut text = String::new();
    for (n, four) in all[first..=last].chunks(4).enumerate() {
        let words: String = four.iter().map(|word| format!(" {word:08X}")).collect();
        let _ = writeln!(text, "{name} {:2} {words}", first + 4 * n);
    }
    text
}

/// The bytes from `first` on, as far as there are any; something is wrong with the first if there are none.
fn bytes(machine: &Machine, space: Space, first: u32, count: u32) -> Result<Vec<u8>, CommandError> {
    if count > MOST_BYTES {
        return Err(CommandError::new(format!("{count:X} bytes: at most {MOST_BYTES:X} are shown at once")));
    }
    space.resolve(machine, first)?;
    let addresses = (first..).take(count as usize);
    let byte = |address| Some(machine.processor.storage.u8(space.resolve(machine, address).ok()?));
    Ok(addresses.map_while(byte).collect())
}

fn dump(machine: &Machine, space: Space, first: u32, count: u32) -> Result<String, CommandError> {
    let bytes = bytes(machine, space, first, count)?;
    let mut text = Dump { at: first, bytes: &bytes }.to_string();
    if bytes.len() < count as usize
        && let Err(error) = space.resolve(machine, first + bytes.len() as u32)
    {
        let _ = writeln!(text, "{error}");
    }
    Ok(text)
}

/// The keys of the blocks, those that are alike in one line.
fn keys(machine: &Machine, first: u32, count: u32) -> Result<String, CommandError> {
    let storage = &machine.processor.storage;
    Space::Real.resolve(machine, first)?;
    let block = s370_arch::storage_key::BLOCK;
    let last = first.saturating_add(count - 1).min(storage.size() - 1);
    let key = |address| storage.key(machine.processor.state.absolute(address));
    let mut text = String::new();
    let mut start = first / block * block;
    while start <= last {
        let value = key(start);
        let alike = (start..=last).step_by(block as usize).take_while(|&address| key(address) == value).count() as u32;
        let end = start + alike * block - 1;
        let _ = writeln!(text, "{start:06X}-{end:06X}  key {:X}{}", value >> 4, bits(value));
        start = end + 1;
    }
    Ok(text)
}

/// The bits of a storage key in words.
fn bits(key: u8) -> String {
    let names = [(0x08, ", fetch protected"), (0x04, ", referenced"), (0x02, ", changed")];
    names.iter().filter(|(bit, _)| key & bit != 0).map(|(_, name)| *name).collect()
}

/// Obeys ALTER: the text that answers it shows what is there now.
///
/// # Errors
/// The operands are wrong, or there is no such storage; then nothing has changed.
pub fn alter(machine: &mut Machine, words: &mut Words<'_>) -> Result<String, CommandError> {
    let operand = Operand::parse(words)?;
    match operand {
        Operand::Registers(set, first, last) => {
            if first != last {
                return Err(CommandError::new("one register is altered at a time: give its number"));
            }
            alter_register(machine, set, first, words)?;
        }
        Operand::Psw => {
            let psw = hex::parse_doubleword(&words.rest().replace(' ', ""))?;
            *words = Words::new("");
            if let Err(early) = machine.processor.load_psw(Psw::parse(psw)) {
                machine.take(early);
            }
        }
        Operand::Prefix => {
            let prefix = word(words, "the prefix")?;
            if !prefix.is_multiple_of(4096) || prefix >= machine.processor.storage.size() {
                return Err(CommandError::new(format!("{prefix:X} is not the address of a 4K block of storage")));
            }
            machine.processor.state.prefix = prefix;
        }
        Operand::Storage(space, first, count) => return alter_storage(machine, (space, first, count), words),
        Operand::Keys(first, _) => {
            let key = word(words, "the key")?;
            let key =
                u8::try_from(key).map_err(|_| CommandError::new(format!("{key:X} is not a key of two digits")))?;
            words.end()?;
            let absolute = Space::Real.resolve(machine, first)?;
            machine.processor.storage.set_key(absolute, key & 0xFE);
        }
    }
    words.end()?;
    // The tables that are current now may be other ones.
    machine.processor.drop_caches();
    display_one(machine, operand)
}

fn alter_register(
    machine: &mut Machine,
    set: RegisterSet,
    number: usize,
    words: &mut Words<'_>,
) -> Result<(), CommandError> {
    if set == RegisterSet::FloatingPoint {
        let text = words.rest().replace(' ', "");
        *words = Words::new("");
        machine.processor.state.fpr[number / 2] = hex::parse_doubleword(&text)?;
        return Ok(());
    }
    let value = word(words, "the value")?;
    words.end()?;
    let state = &mut machine.processor.state;
    if set == RegisterSet::General {
        state.gr[number] = value
    } else {
        state.cr[number] = value
    }
    Ok(())
}

/// A fullword in hexadecimal.
fn word(words: &mut Words<'_>, what: &str) -> Result<u32, CommandError> {
    let text = words.expect(what)?;
    let number = hex::parse_number(&text)?;
    u32::try_from(number).map_err(|_| CommandError::new(format!("{text} has more than 32 bits")))
}

fn alter_storage(
    machine: &mut Machine,
    (space, first, count): (Space, u32, Option<u32>),
    words: &mut Words<'_>,
) -> Result<String, CommandError> {
    let mut new = Vec::new();
    hex::parse_bytes(&words.rest().replace(' ', ""), &mut new)?;
    *words = Words::new("");
    if new.is_empty() {
        return Err(CommandError::new("the new contents, in hexadecimal, are missing"));
    }
    // A range is filled with what is given.
    let length = count.unwrap_or(new.len() as u32);
    if length > MOST_BYTES {
        return Err(CommandError::new(format!("{length:X} bytes: at most {MOST_BYTES:X} are altered at once")));
    }
    let addresses: Vec<u32> =
        (first..).take(length as usize).map(|address| space.resolve(machine, address)).collect::<Result<_, _>>()?;
    for (&absolute, &byte) in addresses.iter().zip(new.iter().cycle()) {
        machine.processor.storage.store_u8(absolute, byte);
    }
    machine.processor.drop_caches();
    dump(machine, space, first, length)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use s370_cpu::{
        state::{CpuState, Model},
        storage::Storage,
    };

    use super::*;

    fn machine() -> Machine {
        Machine::new(CpuState::new(Model::default()), Arc::new(Storage::new(0x1_0000).expect("a size")))
    }

    fn shown(machine: &Machine, text: &str) -> String {
        display(machine, &mut Words::new(text)).unwrap_or_else(|error| error.what)
    }

    fn altered(machine: &mut Machine, text: &str) -> String {
        alter(machine, &mut Words::new(text)).unwrap_or_else(|error| error.what)
    }

    #[test]
    fn registers_are_altered_and_shown() {
        let mut machine = machine();
        assert_eq!(altered(&mut machine, "g5 1f"), "GR  5  0000001F\n");
        assert_eq!(machine.processor.state.gr[5], 0x1F);
        assert_eq!(altered(&mut machine, "x 14 c2000000"), "CR 14  C2000000\n");
        assert_eq!(altered(&mut machine, "y2 4110000000000000"), "FPR2 4110000000000000\n");
        assert_eq!(shown(&machine, "g4-6 y2"), "GR  4  00000000 0000001F 00000000\nFPR2 4110000000000000\n");
        assert_eq!(altered(&mut machine, "g 1"), "the value is missing");
        assert_eq!(altered(&mut machine, "g1 100000000"), "100000000 has more than 32 bits");
        assert_eq!(altered(&mut machine, "g 5"), "the value is missing");
        assert_eq!(altered(&mut machine, "g"), "one register is altered at a time: give its number");
    }

    #[test]
    fn storage_is_altered_and_shown() {
        let mut machine = machine();
        assert_eq!(
            altered(&mut machine, "1000 c1c2 c3"),
            "001000  C1C2C3                               *ABC             *\n"
        );
        machine.processor.state.prefix = 0x1000;
        assert_eq!(shown(&machine, "0.2"), "000000  C1C2                                 *AB              *\n");
        assert_eq!(shown(&machine, "abs 0.2"), "000000  0000                                 *..              *\n");
        assert_eq!(
            altered(&mut machine, "abs2000-2004 4142"),
            "002000  41424142 41                          *.....           *\n"
        );
        assert_eq!(
            shown(&machine, "ffff.2"),
            "00FFFF  00                                   *.               *\n\
             real address 010000 is outside of storage, which ends at 00FFFF\n"
        );
        assert_eq!(shown(&machine, "10000"), "real address 010000 is outside of storage, which ends at 00FFFF");
        assert_eq!(
            altered(&mut machine, "ffff 0000"),
            "real address 010000 is outside of storage, which ends at 00FFFF"
        );
        assert_eq!(altered(&mut machine, "1000"), "the new contents, in hexadecimal, are missing");
        assert_eq!(shown(&machine, "0.10001"), "10001 bytes: at most 10000 are shown at once");
    }

    #[test]
    fn virtual_storage_is_translated() {
        let mut machine = machine();
        machine.processor.state.cr[0] = 0x0080_0000;
        machine.processor.state.cr[1] = 0x0000_2000;
        // Segment 0: page table at 3000; page 0 is the frame at 5000, page 1 is invalid. 4K pages, 64K segments.
        for line in ["2000 F0003000", "3000 0050 0008", "5000 c8c5"] {
            altered(&mut machine, line);
        }
        assert_eq!(shown(&machine, "v0.2"), "000000  C8C5                                 *HE              *\n");
        assert_eq!(shown(&machine, "v1000"), "virtual address 001000: page translation exception");
    }

    #[test]
    fn keys_are_altered_and_shown() {
        let mut machine = machine();
        assert_eq!(altered(&mut machine, "k1000 ff"), "001000-0017FF  key F, fetch protected, referenced, changed\n");
        assert_eq!(
            shown(&machine, "k 0.3000"),
            "000000-000FFF  key 0\n001000-0017FF  key F, fetch protected, referenced, changed\n001800-002FFF  key 0\n"
        );
        assert_eq!(altered(&mut machine, "k0 100"), "100 is not a key of two digits");
    }

    #[test]
    fn the_psw() {
        let mut machine = machine();
        let text = altered(&mut machine, "psw 00080000 00001000");
        assert!(text.starts_with("PSW  00080000 00001000  EC mode, supervisor state"), "{text}");
        assert_eq!(altered(&mut machine, "psw 0008"), "\"0008\" is not 16 hexadecimal digits");
        assert_eq!(altered(&mut machine, "prefix 1800"), "1800 is not the address of a 4K block of storage");
        assert_eq!(altered(&mut machine, "prefix 2000"), "Prefix 002000\n");
    }
}
