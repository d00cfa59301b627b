//! The state before the instruction of a case.

use s370_arch::isa::Op;
use s370_cpu::bus::SignalAnswer;

use super::{Case, Layout, Picture, picture::hex};
use crate::bus::FakeBus;

/// Where the instruction stands unless the case says where.
const INSTRUCTION: u32 = 0x1008;
/// Where it stands as the target of EXECUTE.
const TARGET: u32 = 0x0A00;
/// Real addresses of the new PSWs, and the ends of their own addresses: each leads to a wait state of its own.
const NEW_PSWS: [(u32, u64); 6] = [(0, 0xE00), (88, 0xE18), (96, 0xE20), (104, 0xE28), (112, 0xE30), (120, 0xE38)];

/// How a case is run. A case is one instruction; these surroundings shall make no difference to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Variant {
    /// EC mode, where the case does not say.
    pub ec: bool,
    /// The condition code before, where the case does not say.
    pub cc: u8,
    /// The tables, where the case says `dat` without naming one.
    pub layout: Layout,
    /// As the target of EXECUTE.
    pub executed: bool,
    /// How many instructions that do nothing stand before it.
    pub before: u32,
}

/// The state before, and what is needed to run it.
#[derive(Clone, Debug)]
pub struct Start {
    /// The machine.
    pub picture: Picture,
    /// What lies around it.
    pub bus: FakeBus,
    /// Address of the instruction (of EXECUTE, when it is executed by one).
    pub address: u32,
    /// Length in bytes of the instruction that stands there.
    pub length: u32,
}

impl Case {
    /// Whether the case names this item (or one that begins with it and `=`) before the instruction.
    #[must_use]
    pub fn starts_with(&self, name: &str) -> bool {
        self.start.iter().any(|item| item == name || item.strip_prefix(name).is_some_and(|rest| rest.starts_with('=')))
    }

    /// Whether the case leaves the mode open.
    #[must_use]
    pub fn any_mode(&self) -> bool {
        !["bc", "ec", "psw", "dat", "dat2"].iter().any(|name| self.starts_with(name))
    }

    /// Whether the case runs with every format of translation.
    #[must_use]
    pub fn any_layout(&self) -> bool {
        self.start.iter().any(|item| item == "dat")
    }

    /// Whether it may be executed by EXECUTE, or have other instructions before it.
    #[must_use]
    pub fn can_be_embedded(&self) -> bool {
        let stays_alone = ["ia", "psw", "prefix", "alone", "c9"].iter().any(|name| self.starts_with(name));
        !stays_alone
    }

    /// Whether its result is the same as the target of EXECUTE.
    #[must_use]
    pub fn can_be_executed(&self) -> bool {
        // These leave the instruction-length code or the next address in a register, or are EXECUTE.
        self.can_be_embedded() && !matches!(self.op(), Some(Op::BAL | Op::BALR | Op::BAS | Op::BASR | Op::EX))
    }

    /// The state before the instruction.
    ///
    /// # Errors
    /// An item is not understood.
    pub fn start(&self, variant: Variant) -> Result<Start, String> {
        let mut start = Start {
            picture: Picture::new(),
            bus: FakeBus::default(),
            address: 0,
            length: u32::from(self.instruction.length()),
        };
        let psw = &mut start.picture.state.psw;
        (psw.address, psw.ec, psw.cc) = (INSTRUCTION, variant.ec, variant.cc);
        let mut layout = variant.layout;
        if let Some(size) = self.start.iter().find_map(|item| item.strip_prefix("size=")) {
            start.picture.resize(hex(size)? as usize);
        }
        for (place, new) in NEW_PSWS {
            start.picture.put(place as usize, &(0x0002_0000_0000_0000 | new).to_be_bytes())?;
        }
        for item in &self.start {
            start.apply(item, &mut layout).map_err(|why| format!("{item}: {why}"))?;
        }
        if start.picture.state.prefix != 0 {
            for (place, new) in NEW_PSWS {
                let at = start.picture.absolute(place);
                start.picture.put(at, &(0x0002_0000_0000_0000 | new).to_be_bytes())?;
            }
        }
        start.place_instruction(self, variant)?;
        Ok(start)
    }
}

impl Start {
    fn apply(&mut self, item: &str, layout: &mut Layout) -> Result<(), String> {
        let (name, value) = item.split_once('=').unwrap_or((item, ""));
        let space = usize::from(name.ends_with('2'));
        match name {
            "size" | "alone" => {}
            "dat" | "dat2" => {
                if !value.is_empty() {
                    *layout = Layout::from_name(value)?;
                }
                layout.build(&mut self.picture, space)?;
                self.picture.state.psw.ec = true;
                self.picture.state.psw.system_mask |= 0x04;
            }
            "page" | "page2" => layout.set_page(&mut self.picture, space, value)?,
            "segment" | "segment2" => layout.set_segment(&mut self.picture, space, value)?,
            "io" => self.bus.io_answer = hex(value)? as u8,
            "pending-io" => self.bus.pending = Some(hex(value)? as u16),
            "sigp" => self.bus.signal_answer = signal_answer(value)?,
            _ if self.picture.apply(item)? => {}
            _ => return Err("unknown item".to_owned()),
        }
        Ok(())
    }

    fn place_instruction(&mut self, case: &Case, variant: Variant) -> Result<(), String> {
        let picture = &mut self.picture;
        self.address = picture.state.psw.address;
        // With translation on, instructions stand where virtual and real addresses are equal.
        let at = picture.absolute(self.address);
        if variant.executed {
            self.length = 4;
            picture.put(at, &[0x44, 0, (TARGET >> 8) as u8, TARGET as u8])?;
            picture.put(TARGET as usize, case.instruction.bytes())?;
        } else if let Some(place) = picture.storage.get_mut(at..at + self.length as usize) {
            place.copy_from_slice(case.instruction.bytes());
        }
        for n in 1..=variant.before {
            picture.put(at - 2 * n as usize, &[0x07, 0x00])?;
        }
        picture.state.psw.address = self.address - 2 * variant.before;
        Ok(())
    }
}

fn signal_answer(value: &str) -> Result<SignalAnswer, String> {
    Ok(match value {
        "accepted" => SignalAnswer::Accepted,
        "busy" => SignalAnswer::Busy,
        "not-operational" => SignalAnswer::NotOperational,
        status => SignalAnswer::Status(hex(status)? as u32),
    })
}
