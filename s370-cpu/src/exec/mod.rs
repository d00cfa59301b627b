//! The slow interpreter: complete and obvious, one instruction at a time from storage. It is the oracle for the other
//! engines and the one place where program interruptions arise.
//!
//! One method an instruction, named as in the table, in a file a subject. [`Interpreter::execute`] is made from the
//! table, so a row without a method does not compile.

mod access;
mod branch;
mod convert;
mod cp_assist;
mod decimal;
mod dual_address_space;
mod edit;
mod fixed;
mod floating;
#[cfg(test)]
mod harness;
mod io;
mod keys;
mod logical;
mod moves;
mod multiprocessing;
mod shift;
mod system;
mod timers;
mod translation;

use s370_arch::{
    format::Instruction,
    interruption::{Ending, ProgramCode, per},
    isa::{Op, Privilege},
};

pub(crate) use self::access::{Access, Operand, Space, check};
use crate::{
    bus::Bus,
    interruption::{Detail, Interruption, PendingPer, PerEvent, ProgramInterruption},
    state::CpuState,
    storage::{AbsoluteStorage, Storage},
};

/// 24-bit addresses.
pub(crate) const ADDRESS: u32 = 0x00FF_FFFF;

/// Why an instruction did not simply complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trap {
    /// A program interruption; the code decides where the old PSW points.
    Program(ProgramCode, Detail),
    /// The instruction was completed, and its PSW has an invalid format; the ILC in halfwords.
    EarlyPsw(u8),
    /// A supervisor call.
    Svc(u8),
}

impl From<ProgramCode> for Trap {
    fn from(code: ProgramCode) -> Trap {
        Trap::Program(code, Detail::None)
    }
}

/// How every instruction ends.
pub(crate) type Outcome = Result<(), Trap>;

/// What an instruction did that matters to caches of translations, and to whoever looks for interruptions. (Of keys and
/// code, storage itself tells.)
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Effects {
    /// The TLB is to be purged.
    pub purge: bool,
    /// PSW mode, masks or key, a control register, the prefix, a timer or a pending request may have changed.
    pub context: bool,
    /// Units of operation that an interruptible instruction has completed.
    pub units: u32,
}

/// What PER is to be told about the instruction.
#[derive(Clone, Copy, Debug, Default)]
struct PerRecord {
    branch: bool,
    store: bool,
    fetch: bool,
    registers: u16,
    /// Of `store` and `registers`, what belongs to earlier units of operation of an interruptible instruction.
    earlier_units: (bool, u16),
}

/// One processor at work on one instruction.
pub(crate) struct Interpreter<'a, S: AbsoluteStorage = Storage> {
    pub state: &'a mut CpuState,
    pub storage: &'a S,
    pub bus: &'a mut dyn Bus<S>,
    pub effects: Effects,
    /// Address of the instruction, or of EXECUTE.
    instruction_address: u32,
    /// Instruction-length code in halfwords.
    ilc: u8,
    /// PER is on for this instruction.
    per_on: bool,
    /// Control register 9 when the instruction began.
    per_control: u32,
    per: PerRecord,
}

impl<'a, S: AbsoluteStorage> Interpreter<'a, S> {
    pub fn new(state: &'a mut CpuState, storage: &'a S, bus: &'a mut dyn Bus<S>) -> Self {
        let (instruction_address, per_on, per_control) = (state.psw.address, state.psw.per(), state.cr[9]);
        Interpreter {
            state,
            storage,
            bus,
            effects: Effects::default(),
            instruction_address,
            ilc: 0,
            per_on,
            per_control,
            per: PerRecord::default(),
        }
    }

    /// Executes the instruction at the PSW's address.
    ///
    /// # Errors
    /// The interruption that is to be taken; the PSW is what the old PSW shall be.
    pub fn step(&mut self) -> Result<(), Interruption> {
        let outcome = match self.fetch(self.state.psw.address) {
            Ok(instruction) => {
                self.ilc = instruction.length() / 2;
                self.state.psw.address = self.state.psw.address.wrapping_add(u32::from(instruction.length())) & ADDRESS;
                self.dispatch(instruction)
            }
            // The manual leaves ILC unpredictable here, and says that the address is advanced by it.
            Err(trap) => {
                self.ilc = 1;
                self.state.psw.address = self.state.psw.address.wrapping_add(2) & ADDRESS;
                Err(trap)
            }
        };
        let nullified = matches!(outcome, Err(Trap::Program(code, _)) if code.ending() == Ending::Nullification);
        if nullified {
            self.state.psw.address = self.instruction_address;
        }
        let event = if self.per_on { self.per_event(outcome.err()) } else { None };
        self.conclude(outcome, event)
    }

    fn conclude(&mut self, outcome: Outcome, per: Option<PerEvent>) -> Result<(), Interruption> {
        let program = |code, ilc, detail| Err(Interruption::Program(ProgramInterruption { code, ilc, detail, per }));
        match outcome {
            Ok(()) if per.is_some() => program(None, self.ilc, Detail::None),
            Ok(()) => Ok(()),
            Err(Trap::Svc(code)) => {
                self.state.pending_per = per.map(|event| PendingPer { event, ilc: self.ilc });
                Err(Interruption::Svc { code, ilc: self.ilc })
            }
            Err(Trap::EarlyPsw(ilc)) => program(Some(ProgramCode::SPECIFICATION), ilc, Detail::None),
            Err(Trap::Program(code, detail)) => program(Some(code), self.ilc, detail),
        }
    }

    /// The program event of this instruction, if there is one (GA22-7000-10, chapter 4, "Program-Event Recording").
    fn per_event(&self, trap: Option<Trap>) -> Option<PerEvent> {
        let ending = match trap {
            // CONVERT TO BINARY has loaded its register; the divisions are suppressed before they change one.
            Some(Trap::Program(ProgramCode::FIXED_DIVIDE, _)) => Ending::Completion,
            Some(Trap::Program(code, _)) => code.ending(),
            _ => Ending::Completion,
        };
        let undone = matches!(ending, Ending::Nullification | Ending::Suppression);
        let mut code = 0;
        if self.per.fetch {
            code |= per::FETCH;
        }
        if self.per.branch && !undone {
            code |= per::BRANCH;
        }
        let (store, registers) = if undone { self.per.earlier_units } else { (self.per.store, self.per.registers) };
        if store {
            code |= per::STORE;
        }
        if u32::from(registers.reverse_bits()) & self.per_control & 0xFFFF != 0 {
            code |= per::REGISTER;
        }
        code &= (self.per_control >> 24) as u8;
        (code != 0).then_some(PerEvent { code, address: self.instruction_address })
    }

    /// A unit of operation of an interruptible instruction has been completed: its events stand, whatever comes.
    fn complete_unit(&mut self) {
        self.per.earlier_units = (self.per.store, self.per.registers);
        self.effects.units += 1;
    }

    /// Whether PER's address range includes any of `length` bytes at `at`.
    fn per_range(&self, at: u32, length: u32) -> bool {
        let (start, end) = (self.state.cr[10] & ADDRESS, self.state.cr[11] & ADDRESS);
        let at = at & ADDRESS;
        let is_inside = if start <= end { (start..=end).contains(&at) } else { at >= start || at <= end };
        // Whatever begins outside meets the range at its beginning.
        length != 0 && (is_inside || start.wrapping_sub(at) & ADDRESS < length)
    }

    /// Fetches the instruction at `at`.
    fn fetch(&mut self, at: u32) -> Result<Instruction, Trap> {
        if at & 1 != 0 {
            return Err(ProgramCode::SPECIFICATION.into());
        }
        let first = self.resolve_instruction(at, 2)?;
        let length = u32::from(s370_arch::isa::instruction_length(self.storage.u8(first.at(0))));
        let mut bytes = [0; 6];
        self.resolve_instruction(at, length)?.read(self.storage, &mut bytes[..length as usize]);
        if self.per_on && self.per_range(at, length) {
            self.per.fetch = true;
        }
        Ok(Instruction(bytes))
    }

    fn dispatch(&mut self, instruction: Instruction) -> Outcome {
        let Some(op) = Op::decode(instruction.first_halfword()) else { return Err(ProgramCode::OPERATION.into()) };
        let row = op.row();
        if !self.state.model.has(row.facility) {
            return Err(ProgramCode::OPERATION.into());
        }
        if row.privilege == Privilege::Privileged && self.state.psw.problem {
            return Err(ProgramCode::PRIVILEGED.into());
        }
        if row.privilege != Privilege::Problem {
            self.effects.context = true;
        }
        self.execute(op, instruction)
    }

    /// EXECUTE: the instruction at `at`, with bits 8-15 ORed with `or`.
    fn execute_target(&mut self, at: u32, or: u8) -> Outcome {
        let mut target = self.fetch(at)?;
        if target.0[0] == 0x44 {
            return Err(ProgramCode::EXECUTE.into());
        }
        target.0[1] |= or;
        self.dispatch(target)
    }

    /// General register `r` as a base or index: register 0 stands for zero.
    fn base(&self, r: usize) -> u32 {
        if r == 0 { 0 } else { self.state.gr[r] }
    }

    /// D1(B1) or D2(B2) of RS, SI, S, and the first operand of SS.
    fn address1(&self, i: Instruction) -> u32 {
        self.base(i.base1()).wrapping_add(i.displacement1()) & ADDRESS
    }

    /// The second operand of SS and SSE.
    fn address2(&self, i: Instruction) -> u32 {
        self.base(i.base2()).wrapping_add(i.displacement2()) & ADDRESS
    }

    /// D2(X2,B2) of RX.
    fn address_rx(&self, i: Instruction) -> u32 {
        self.base(i.r2()).wrapping_add(self.base(i.base1())).wrapping_add(i.displacement1()) & ADDRESS
    }

    fn gr(&self, r: usize) -> u32 {
        self.state.gr[r]
    }

    fn set_gr(&mut self, r: usize, value: u32) {
        self.state.gr[r] = value;
        self.per.registers |= 1 << r;
    }

    /// The even-odd pair that begins with register `r`.
    fn gr_pair(&self, r: usize) -> u64 {
        u64::from(self.gr(r)) << 32 | u64::from(self.gr(r + 1))
    }

    fn set_gr_pair(&mut self, r: usize, value: u64) {
        self.set_gr(r, (value >> 32) as u32);
        self.set_gr(r + 1, value as u32);
    }

    fn set_cc(&mut self, cc: u8) {
        self.state.psw.cc = cc;
    }

    /// Whether a bit of the program mask is one.
    fn enabled(&self, mask: u8) -> bool {
        self.state.psw.program_mask & mask != 0
    }
}

/// Specification exception unless `condition`.
fn specify(condition: bool) -> Outcome {
    if condition { Ok(()) } else { Err(ProgramCode::SPECIFICATION.into()) }
}

/// Specification exception unless `r` is even.
fn even(r: usize) -> Outcome {
    specify(r.is_multiple_of(2))
}

/// Specification exception unless `address` is a multiple of `boundary`.
fn aligned(address: u32, boundary: u32) -> Outcome {
    specify(address.is_multiple_of(boundary))
}

macro_rules! dispatcher {
    ($(($code:literal $mnemonic:ident $method:ident $format:ident $privilege:ident $facility:ident $sensitivity:ident
        $rule:ident [$($cc:literal),*] [$($exception:ident),*] $name:literal $chapter:literal))*) => {
        impl<S: AbsoluteStorage> Interpreter<'_, S> {
            /// Executes one instruction that may be executed.
            fn execute(&mut self, op: Op, i: Instruction) -> Outcome {
                match op {
                    $(Op::$mnemonic => self.$method(i),)*
                }
            }
        }
    };
}
s370_arch::for_each_instruction!(dispatcher);
