//! USING and DROP: which registers hold which addresses.

use crate::symbol::SectionId;
use crate::value::Value;

/// What the base registers are said to contain.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(crate) struct UsingTable {
    /// For each register, the section (`None`: absolute) and the address in it.
    registers: [Option<(Option<SectionId>, i32)>; 16],
}

impl UsingTable {
    pub fn assume(&mut self, register: u8, section: Option<SectionId>, address: i32) {
        self.registers[register as usize & 15] = Some((section, address));
    }

    /// Ends the use of a register; returns whether it was in use.
    pub fn drop(&mut self, register: u8) -> bool {
        self.registers[register as usize & 15].take().is_some()
    }

    pub fn clear(&mut self) {
        self.registers = Default::default();
    }

    /// Registers in use, with section and address.
    pub fn entries(&self) -> impl Iterator<Item = (u8, Option<SectionId>, i32)> + '_ {
        self.registers.iter().enumerate().filter_map(|(n, entry)| entry.map(|(section, at)| (n as u8, section, at)))
    }

    /// Base register and displacement of an address: the smallest displacement, with the highest register among equals.
    pub fn resolve(&self, value: &Value) -> Result<(u8, u16), String> {
        let section = if value.is_absolute() {
            None
        } else {
            Some(value.section().ok_or("the address is complexly relocatable")?)
        };
        let mut best: Option<(u8, i64)> = None;
        if section.is_none() && (0..4096).contains(&value.number) {
            best = Some((0, i64::from(value.number)));
        }
        let mut nearest: Option<i64> = None;
        for (register, of, address) in self.entries() {
            // Register 0 as a base means no base: the machine adds nothing.
            let address = if register == 0 { 0 } else { address };
            let displacement = i64::from(value.number) - i64::from(address);
            if of != section {
                continue;
            }
            if !(0..4096).contains(&displacement) {
                nearest =
                    Some(nearest.map_or(displacement, |n| if displacement.abs() < n.abs() { displacement } else { n }));
            } else if best.is_none_or(|(_, least)| displacement <= least) {
                best = Some((register, displacement));
            }
        }
        match (best, nearest) {
            (Some((register, displacement)), _) => Ok((register, displacement as u16)),
            (None, Some(distance)) => Err(format!(
                "no base register reaches the address: the nearest would need a displacement of {distance}"
            )),
            (None, None) if section.is_none() => {
                Err(format!("the absolute address {} exceeds the displacement limit of 4095", value.number))
            }
            (None, None) => Err("no USING is in effect for the address's section".into()),
        }
    }
}
