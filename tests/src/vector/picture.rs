//! A picture of the machine, as it is before an instruction or shall be after it, and the items that change it.

use std::collections::{BTreeMap, BTreeSet};

use s370_arch::{ebcdic, isa::Facility, psw::Psw, storage_key::BLOCK};
use s370_cpu::state::{ClockState, CpuState, Model};

use crate::assemble::{assemble, bytes_from_hex};

/// What every byte of storage holds that no item names.
const BACKGROUND: u8 = 0xEE;
/// Default size of storage.
const SIZE: usize = 64 * 1024;

/// State and storage, and which of it is to be looked at.
#[derive(Clone, Debug)]
pub struct Picture {
    /// The processor.
    pub state: CpuState,
    /// Absolute storage.
    pub storage: Vec<u8>,
    /// The keys of its 2K blocks.
    pub keys: Vec<u8>,
    /// Bits of the general registers that are looked at.
    pub gr_mask: [u32; 16],
    /// Bits of the floating-point registers that are looked at.
    pub fpr_mask: [u64; 4],
    /// Whether the condition code is looked at.
    pub cc_matters: bool,
    /// Bits that are looked at, of the bytes of which not all are.
    pub storage_mask: BTreeMap<usize, u8>,
    /// Blocks in which an item named some bytes.
    pub blocks_named: BTreeSet<usize>,
    /// Blocks of which an item named the key.
    pub keys_named: BTreeSet<usize>,
    /// Blocks in which the reference and change bits may be anything.
    pub keys_open: BTreeSet<usize>,
}

impl Picture {
    /// A machine after reset, with recognizable values everywhere.
    #[must_use]
    pub fn new() -> Picture {
        let mut state = CpuState::new(Model::default());
        state.cpu_reset();
        state.run_state = s370_cpu::state::RunState::Operating;
        for (n, register) in state.gr.iter_mut().enumerate().skip(1) {
            *register = 0x1111_1111 * n as u32;
        }
        state.gr[0] = 0x0123_4567;
        state.fpr = [0x0123_4567_89AB_CDEF, 0x2222_2222_2222_2222, 0x4444_4444_4444_4444, 0x6666_6666_6666_6666];
        state.set_tod(0x8000_0000_0000_0000);
        state.clock_comparator = u64::MAX;
        state.set_cpu_timer(0x7FFF_FFFF_FFFF_F000);
        let mut picture = Picture {
            state,
            storage: Vec::new(),
            keys: Vec::new(),
            gr_mask: [u32::MAX; 16],
            fpr_mask: [u64::MAX; 4],
            cc_matters: true,
            storage_mask: BTreeMap::new(),
            blocks_named: BTreeSet::new(),
            keys_named: BTreeSet::new(),
            keys_open: BTreeSet::new(),
        };
        picture.resize(SIZE);
        picture
    }

    /// Gives storage another size.
    pub fn resize(&mut self, size: usize) {
        self.storage.resize(size, BACKGROUND);
        self.keys.resize(size / BLOCK as usize, 0);
    }

    /// Puts bytes at an absolute address.
    ///
    /// # Errors
    /// There is no storage there.
    pub fn put(&mut self, at: usize, bytes: &[u8]) -> Result<(), String> {
        let place = self.storage.get_mut(at..at + bytes.len()).ok_or_else(|| format!("no storage at {at:X}"))?;
        place.copy_from_slice(bytes);
        Ok(())
    }

    /// Absolute address of a real one.
    #[must_use]
    pub fn absolute(&self, real: u32) -> usize {
        let prefix = self.state.prefix;
        (if real < 4096 || real & !4095 == prefix { real ^ prefix } else { real }) as usize
    }

    /// Applies one item; `false` when it is none of those that can stand before and after the instruction.
    ///
    /// # Errors
    /// Its value is not understood.
    pub fn apply(&mut self, item: &str) -> Result<bool, String> {
        let (name, value) = item.split_once('=').unwrap_or((item, ""));
        if let Some(at) = name.strip_prefix("key@") {
            let block = hex(at)? as usize / BLOCK as usize;
            if value == "?" {
                self.keys_open.insert(block);
                return Ok(true);
            }
            *self.keys.get_mut(block).ok_or("no such block")? = hex(value)? as u8;
            self.keys_named.insert(block);
            return Ok(true);
        }
        if let Some(at) = name.strip_prefix('@') {
            self.set_storage(hex(at)? as usize, value)?;
            return Ok(true);
        }
        if let Some((bank, n)) = register(name) {
            self.set_register(bank, n, value)?;
            return Ok(true);
        }
        Ok(self.apply_psw(name, value)? || self.apply_state(name, value)?)
    }

    fn set_register(&mut self, bank: char, n: usize, value: &str) -> Result<(), String> {
        match bank {
            'r' => {
                let (word, mask) = number(value, 8)?;
                let place = self.state.gr.get_mut(n).ok_or("no such register")?;
                (*place, self.gr_mask[n]) = (word as u32, mask as u32);
            }
            'f' => {
                let (word, mask) = number(value, if value.len() == 8 { 8 } else { 16 })?;
                let place = self.state.fpr.get_mut(n / 2).filter(|_| n.is_multiple_of(2)).ok_or("no such register")?;
                if value.len() == 8 {
                    *place = *place & 0xFFFF_FFFF | word << 32;
                    self.fpr_mask[n / 2] = 0xFFFF_FFFF | mask << 32;
                } else {
                    (*place, self.fpr_mask[n / 2]) = (word, mask);
                }
            }
            _ => *self.state.cr.get_mut(n).ok_or("no such register")? = hex(value)? as u32,
        }
        Ok(())
    }

    /// Storage: digit pairs (`??` for a byte that is not looked at), `'text'`, `(instruction)`, with `*n` to repeat.
    fn set_storage(&mut self, at: usize, value: &str) -> Result<(), String> {
        let (content, count) = match value.rsplit_once('*') {
            Some((content, count)) => (content, count.parse().map_err(|_| format!("repeat {count} times?"))?),
            None => (value, 1),
        };
        let mut unknown = Vec::new();
        let bytes = if let Some(text) = content.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
            ebcdic::from_text(text)
        } else if let Some(text) = content.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
            assemble(text)?.bytes().to_vec()
        } else {
            unknown = content.bytes().enumerate().filter(|(_, digit)| *digit == b'?').map(|(n, _)| n).collect();
            bytes_from_hex(&content.replace('?', "0"))?
        };
        for repetition in 0..count {
            let at = at + repetition * bytes.len();
            self.put(at, &bytes)?;
            for digit in &unknown {
                let mask = if digit % 2 == 0 { 0x0F } else { 0xF0 };
                *self.storage_mask.entry(at + digit / 2).or_insert(0xFF) &= mask;
            }
        }
        let blocks = at / BLOCK as usize..(at + bytes.len() * count).div_ceil(BLOCK as usize);
        if unknown.is_empty() {
            self.blocks_named.extend(blocks);
        } else {
            self.keys_open.extend(blocks);
        }
        Ok(())
    }

    fn apply_psw(&mut self, name: &str, value: &str) -> Result<bool, String> {
        let psw = &mut self.state.psw;
        match name {
            "psw" => *psw = Psw::parse(hex(value)?),
            "bc" => psw.ec = false,
            "ec" => psw.ec = true,
            "problem" => psw.problem = true,
            "supervisor" => psw.problem = false,
            "secondary" => psw.secondary = true,
            "primary" => psw.secondary = false,
            "cc" if value == "?" => self.cc_matters = false,
            "cc" => psw.cc = hex(value)? as u8 & 3,
            "pm" => psw.program_mask = hex(value)? as u8 & 15,
            "pk" => psw.key = hex(value)? as u8 & 15,
            "sys" => psw.system_mask = hex(value)? as u8,
            "ia" => psw.address = hex(value)? as u32,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn apply_state(&mut self, name: &str, value: &str) -> Result<bool, String> {
        let state = &mut self.state;
        match name {
            "prefix" => state.prefix = hex(value)? as u32,
            "cpu" => state.cpu_address = hex(value)? as u16,
            "tod" => state.set_tod(hex(value)?),
            "tod-not-set" => state.tod_state = ClockState::NotSet,
            "comparator" => state.clock_comparator = hex(value)?,
            "timer" => state.set_cpu_timer(hex(value)?),
            "cpuid" => state.model.cpu_id = hex(value)?,
            "signals" => state.external.signals = hex(value)? as u16,
            "tod-secure" => state.model.tod_switch_enabled = false,
            "single-key-4k" => state.model.single_key_4k = true,
            "extended-real" => state.model.extended_real_addressing = true,
            "with" => state.model = state.model.with(facility(value)?, true),
            "without" => state.model = state.model.with(facility(value)?, false),
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl Default for Picture {
    fn default() -> Self {
        Picture::new()
    }
}

/// `r5`, `f0`, `c14`.
fn register(name: &str) -> Option<(char, usize)> {
    let bank = name.chars().next().filter(|bank| "rfc".contains(*bank))?;
    Some((bank, name[1..].parse().ok()?))
}

/// Hexadecimal digits.
pub(super) fn hex(text: &str) -> Result<u64, String> {
    u64::from_str_radix(text, 16).map_err(|_| format!("{text:?} is not a hexadecimal number"))
}

/// A register's contents and the bits that matter: decimal with a sign, or hexadecimal digits with `?` for those that
/// do not matter.
fn number(text: &str, digits: usize) -> Result<(u64, u64), String> {
    let all = u64::MAX >> (64 - 4 * digits);
    if text.starts_with(['+', '-']) {
        let value: i64 = text.parse().map_err(|_| format!("{text} is not a number"))?;
        return Ok((value as u64 & all, all));
    }
    if text == "?" {
        return Ok((0, 0));
    }
    if text.len() > digits {
        return Err(format!("{text} has more than {digits} digits"));
    }
    let mut mask = all;
    for (n, _) in text.bytes().rev().enumerate().filter(|(_, digit)| *digit == b'?') {
        mask &= !(15 << (4 * n));
    }
    Ok((hex(&text.replace('?', "0"))?, mask))
}

fn facility(name: &str) -> Result<Facility, String> {
    s370_arch::isa::TABLE
        .iter()
        .map(|row| row.facility)
        .find(|facility| format!("{facility:?}") == name)
        .ok_or_else(|| format!("no facility {name}"))
}
