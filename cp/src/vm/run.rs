//! The loop that runs a virtual machine.
//!
//! The real processor has the virtual machine's registers, its condition code, program mask and key, and a PSW of its own
//! making: extended control, problem state, translation on, nothing enabled. It comes back with an interruption, which is
//! - one that the virtual machine is to have, and gets ("reflected");
//! - a page that is not there, or a shadow entry that is not made: CP sees to it, and the instruction is tried again;
//! - or an instruction that cannot be executed in the problem state, or that found something in its way that may not be
//!   there for the virtual machine: it is simulated, on the virtual state and storage, by the one definition of each
//!   instruction that there is (`s370_cpu`'s slow interpreter). Then every exception, every condition code, PER and EXECUTE
//!   are as on the bare machine.
//!
//! Three things are sensitive and do not trap (DESIGN.md, "Time is a number we own"): STORE CLOCK gives the virtual machine's
//! own clock, whose offset the real processor has meanwhile; location 80 is counted down in the virtual machine's storage
//! whenever the processor comes back, which it does at each step of the timer; MONITOR CALL finds the virtual machine's
//! masks in the real control register 8.

use s370_arch::{
    control_register::cr0,
    interruption::{Ending, ProgramCode},
    psw::{Psw, system_mask},
};
use s370_cpu::{
    bus::{Bus, Diagnose, NoDevices},
    dat::{self, Format},
    interruption::{Detail, Interruption, ProgramInterruption},
    processor::{Exit, Processor},
    state::{CpuState, RunState},
    storage::AbsoluteStorage,
};

use super::{Filled, Timer, VirtualBus, VirtualMachine};
use crate::real::{GuestStorage, NoFrame};

/// Why a virtual machine came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Its time slice is used up.
    Slice,
    /// It waits. At this time, as in [`CpuState::time`], something will happen by itself; `u64::MAX` if only something from
    /// outside can end the wait.
    Wait {
        /// The time.
        until: u64,
    },
    /// It waits for ever: nothing is enabled (DMKDSP450W).
    DisabledWait,
    /// It goes round in program interruptions (DMKDSP453W), or its new PSWs are invalid.
    ProgramLoop,
    /// It executed DIAGNOSE, which is CP's to do; then it may be run again.
    Diagnose(Diagnose),
    /// Its processor is stopped.
    Stopped,
    /// There is no frame that could be taken for it now.
    NoFrame,
    /// Neither real storage nor the page area had room for what it stored: it cannot go on.
    Lost,
}

/// What was done for a virtual machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Instructions that the real processor executed for it.
    pub native: u64,
    /// Instructions that were simulated.
    pub simulated: u64,
    /// Times that the real processor came back.
    pub exits: u64,
    /// Interruptions it has taken.
    pub interruptions: u64,
    /// Translations that were missing.
    pub faults: u64,
    /// What else was done for it that takes a processor's time, in instructions that would take as long.
    pub extra: u64,
}

/// Units of operation of MOVE LONG and COMPARE LOGICAL LONG that take as long as one instruction that is simulated.
const UNITS_AN_INSTRUCTION: u64 = 4;
/// Units of operation (of 2048 bytes at most) in one go: a machine whose storage is 16 MiB can keep a processor busy for long
/// with one instruction, longer if its pages have to be brought in.
const MOST_UNITS: u32 = 512;
/// What bringing in a page takes, and making an entry of a shadow table: in instructions.
const PAGE_TAKES: u64 = 4;
const ENTRY_TAKES: u64 = 1;

impl<B: Bus<GuestStorage>> VirtualMachine<B> {
    /// Instructions it has executed, simulated ones too.
    #[must_use]
    pub fn instructions(&self) -> u64 {
        self.counts.native + self.counts.simulated
    }

    /// What it has cost, in instructions: those it has executed, and [`Counts::extra`].
    #[must_use]
    pub fn work(&self) -> u64 {
        self.instructions() + self.counts.extra
    }

    /// A number that changes whenever the virtual machine's real tables may differ from what processors remember of them.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Has a processor that was not with this virtual machine when [`VirtualMachine::epoch`] changed forget its tables.
    pub fn purge(&self, processor: &mut Processor) {
        let own = self.storage.designation();
        processor.purge_tables(|designation| designation == own || self.shadows.has(designation));
    }

    /// Runs it: executes at most so many of its instructions, and takes the interruptions that come with them. It comes back
    /// earlier if these take longer than most do.
    pub fn run(&mut self, processor: &mut Processor, budget: u64) -> Stop {
        // Meanwhile nobody else takes its pages.
        self.real.begin_running(self.owner);
        let stop = self.run_here(processor, budget);
        self.real.end_running(self.owner);
        if self.storage.take_lost() { Stop::Lost } else { stop }
    }

    fn run_here(&mut self, processor: &mut Processor, budget: u64) -> Stop {
        /// A new PSW may let in the next interruption without end.
        const IN_A_ROW: u32 = 100;
        /// With the host's clock, at which somebody is to look often enough: what each exit counts as. About as many
        /// instructions could be executed meanwhile.
        const EXIT_TAKES: u64 = 256;
        let toll = if self.instruction_time == 0 { EXIT_TAKES } else { 0 };
        let mut left = budget;
        let mut in_a_row = 0;
        loop {
            let mut bus = VirtualBus::new(&mut self.channels);
            self.state.pass_time(&self.storage, &mut bus);
            match self.state.between_instructions(&self.storage, &mut bus) {
                None => {}
                Some(Exit::Interruption(interruption)) => {
                    self.take(&interruption);
                    in_a_row += 1;
                    if in_a_row == IN_A_ROW {
                        return Stop::Slice;
                    }
                    continue;
                }
                Some(Exit::Wait) => return self.waiting(),
                Some(Exit::Stopped) => return Stop::Stopped,
                Some(Exit::CheckStop | Exit::Budget) => return Stop::ProgramLoop,
            }
            if left == 0 {
                return Stop::Slice;
            }
            in_a_row = 0;
            let before = self.work();
            let turn = self.turn(processor, left);
            self.counts.extra += self.storage.take_brought_in() * PAGE_TAKES;
            if let Some(stop) = turn {
                self.state.pass_time(&self.storage, &mut VirtualBus::new(&mut self.channels));
                return stop;
            }
            left = left.saturating_sub(self.work() - before + toll);
        }
    }

    /// Gives the processor to it once, and deals with what it comes back with.
    fn turn(&mut self, processor: &mut Processor, budget: u64) -> Option<Stop> {
        if self.state.psw.secondary {
            // Instructions come from one space and operands from another: simulated one by one.
            return self.simulate(processor);
        }
        if self.storage.take_remapped() {
            // Segments are shared or no longer shared: what may be stored into is another matter now.
            self.shadows.purge();
            self.epoch += 1;
            self.purge(processor);
        }
        let selected = match self.shadows.select(&self.state, &self.storage) {
            Ok(Some(selected)) => selected,
            // No address can be translated: the instruction cannot even be fetched.
            Ok(None) => return self.simulate(processor),
            Err(NoFrame) => return Some(Stop::NoFrame),
        };
        if selected.is_new {
            self.epoch += 1;
            processor.purge_tables(|designation| designation == selected.designation);
        }
        let until = self.until_event(budget);
        self.enter(processor, selected.format, selected.designation);
        let (executed, exit) = processor.run(&mut NoDevices, until);
        self.leave(processor);
        self.counts.extra += processor.units() / UNITS_AN_INSTRUCTION;
        self.counts.native += executed;
        self.string.executed(executed);
        self.counts.exits += 1;
        match exit {
            Exit::Interruption(Interruption::Svc { code, ilc }) => {
                self.take(&Interruption::Svc { code, ilc });
                None
            }
            Exit::Interruption(Interruption::Program(program)) => self.program(processor, &program),
            Exit::Budget => None,
            // Nothing else can happen to a processor in the problem state for which nothing is enabled.
            _ => None,
        }
    }

    /// Instructions until time brings something about, or the budget is used up.
    fn until_event(&mut self, budget: u64) -> u64 {
        /// With the host's clock: how long something outside may have to wait.
        const LONGEST: u64 = 10_000;
        if self.instruction_time == 0 {
            return budget.min(LONGEST);
        }
        let next = self.state.next_event(&VirtualBus::new(&mut self.channels));
        let left = next.saturating_sub(self.state.time);
        // The usual case, and a division takes its time.
        if left >= budget.saturating_mul(self.instruction_time) {
            return budget;
        }
        left.div_ceil(self.instruction_time).max(1)
    }

    /// Makes the real processor the virtual machine's.
    fn enter(&mut self, processor: &mut Processor, format: u32, designation: u32) {
        self.blocks.keep_psw(&self.state);
        if !self.registers_kept {
            self.blocks.keep_control_registers(&self.state);
            self.registers_kept = true;
        }
        let virtual_state = &self.state;
        let real = &mut processor.state;
        let psw = virtual_state.psw;
        let per = if psw.per() { system_mask::PER } else { 0 };
        real.psw = Psw {
            system_mask: system_mask::TRANSLATION | per,
            key: psw.key,
            ec: true,
            problem: true,
            cc: psw.cc,
            program_mask: psw.program_mask,
            address: psw.address,
            ..Psw::default()
        };
        real.gr = virtual_state.gr;
        real.fpr = virtual_state.fpr;
        real.cr[0] = format | virtual_state.cr[0] & cr0::LOW_ADDRESS_PROTECTION;
        real.cr[1] = designation;
        real.cr[8] = virtual_state.cr[8];
        real.cr[9..12].copy_from_slice(&virtual_state.cr[9..12]);
        real.time = virtual_state.time;
        real.tod_offset = virtual_state.tod_offset;
        real.tod_state = virtual_state.tod_state;
        real.tod_last = virtual_state.tod_last;
        real.run_state = RunState::Operating;
        processor.most_units = u64::from(MOST_UNITS);
        processor.instruction_time = self.instruction_time;
        processor.engine = self.engine;
    }

    /// Takes the virtual machine's state back.
    fn leave(&mut self, processor: &mut Processor) {
        let real = &mut processor.state;
        let state = &mut self.state;
        state.gr = real.gr;
        state.fpr = real.fpr;
        state.psw.address = real.psw.address;
        state.psw.cc = real.psw.cc;
        state.psw.program_mask = real.psw.program_mask;
        state.time = real.time;
        state.tod_last = real.tod_last;
        // After SUPERVISOR CALL, the virtual machine's.
        state.pending_per = real.pending_per.take();
    }

    /// The real processor had a program interruption.
    fn program(&mut self, processor: &mut Processor, program: &ProgramInterruption) -> Option<Stop> {
        match (program.code, program.detail) {
            (Some(ProgramCode::SEGMENT_TRANSLATION | ProgramCode::PAGE_TRANSLATION), Detail::Translation(address)) => {
                self.counts.faults += 1;
                self.counts.extra += ENTRY_TAKES;
                match self.shadows.fill(&self.state, &self.storage, address) {
                    Filled::Done => {
                        self.again(program);
                        if self.is_interruptible() { self.simulate(processor) } else { None }
                    }
                    Filled::NoFrame => {
                        self.again(program);
                        Some(Stop::NoFrame)
                    }
                    Filled::Guest => {
                        self.again(program);
                        self.simulate(processor)
                    }
                }
            }
            // Whether the virtual machine would have met these, and how, its own state and storage decide.
            (
                Some(
                    ProgramCode::PRIVILEGED
                    | ProgramCode::SPECIAL_OPERATION
                    | ProgramCode::PROTECTION
                    | ProgramCode::ADDRESSING
                    | ProgramCode::TRANSLATION_SPECIFICATION,
                ),
                _,
            ) => {
                self.again(program);
                self.simulate(processor)
            }
            _ => {
                self.take(&Interruption::Program(*program));
                self.loops()
            }
        }
    }

    /// Goes back to the instruction that was interrupted. It was nullified or suppressed, or ended before it changed
    /// anything but what it will change again.
    fn again(&mut self, program: &ProgramInterruption) {
        let nullified = program.code.is_some_and(|code| code.ending() == Ending::Nullification);
        if !nullified {
            let back = u32::from(program.ilc) * 2;
            self.state.psw.address = self.state.psw.address.wrapping_sub(back) & 0x00FF_FFFF;
        }
        // Execution was counted once; the instruction will be executed again.
        self.counts.native = self.counts.native.saturating_sub(1);
        self.string.retract();
        self.state.time = self.state.time.wrapping_sub(self.instruction_time);
        self.state.pending_per = None;
    }

    /// Whether the instruction at the virtual PSW's address is, or may lead to, MOVE LONG or COMPARE LONG. These may have come some way when
    /// a page was missing, and may be about to move something over themselves: the bare machine, for which no page is
    /// missing, would not fetch them again. So they are not begun again, but simulated to their end.
    fn is_interruptible(&self) -> bool {
        self.byte_at(self.state.psw.address).is_some_and(|opcode| matches!(opcode, 0x0E | 0x0F | 0x44))
    }

    /// The byte at a logical address in the primary space or in real storage.
    fn byte_at(&self, address: u32) -> Option<u8> {
        let real = match self.state.psw.translation() {
            false => address,
            true => dat::translate(&self.state, &self.storage, self.state.cr[1], address).ok()?.real,
        };
        let absolute = self.state.absolute(real);
        self.storage.is_addressable(absolute).then(|| self.storage.u8(absolute))
    }

    fn instruction_bytes(&self, address: u32) -> Option<[u8; 4]> {
        let mut bytes = [0; 4];
        for (at, byte) in (address..).zip(&mut bytes) {
            *byte = self.byte_at(at & 0x00FF_FFFF)?;
        }
        Some(bytes)
    }

    fn loops(&self) -> Option<Stop> {
        (self.state.run_state == RunState::CheckStop).then_some(Stop::ProgramLoop)
    }

    /// Simulates the instruction at the virtual PSW's address.
    fn simulate(&mut self, processor: &mut Processor) -> Option<Stop> {
        let (registers, prefix) = (self.state.cr, self.state.prefix);
        let instruction = self.state.psw.address;
        let mut bus = VirtualBus::new(&mut self.channels).with_units(MOST_UNITS);
        let (outcome, effects) = self.state.step(&self.storage, &mut bus);
        let (diagnose, was_cut) = (bus.diagnose, bus.has_cut());
        self.counts.extra += u64::from(effects.units) / UNITS_AN_INSTRUCTION;
        // One that has to end early goes on later, and counts when it is through.
        if !was_cut {
            self.counts.simulated += 1;
            self.string.executed(1);
            self.state.time = self.state.time.wrapping_add(self.instruction_time);
        }
        self.registers_kept &= registers == self.state.cr;
        let invalidated = self.storage.take_purge();
        if effects.purge || prefix != self.state.prefix {
            self.purge_shadows(processor);
        } else if invalidated {
            self.invalidate_shadow(processor, instruction);
        }
        if let Err(interruption) = outcome {
            self.take(&interruption);
            return self.loops();
        }
        diagnose.map(Stop::Diagnose)
    }

    /// The virtual machine has purged its TLB, or set a prefix.
    fn purge_shadows(&mut self, processor: &mut Processor) {
        if self.shadows.purge() {
            self.forget_shadows(processor);
        }
    }

    /// The virtual machine has executed INVALIDATE PAGE TABLE ENTRY at this address: the shadow entries that were made from
    /// that entry go, the others stay.
    fn invalidate_shadow(&mut self, processor: &mut Processor, instruction: u32) {
        /// The operation code.
        const IPTE: [u8; 2] = [0xB2, 0x21];
        let format = Format::of(self.state.cr[0]);
        let bytes = self.instruction_bytes(instruction);
        match (bytes, format) {
            (Some([first, second, _, registers]), Some(format)) if [first, second] == IPTE => {
                let register = |number: u8| self.state.gr[usize::from(number & 15)];
                let page = (register(registers) & ((1 << format.segment_shift) - 1)) >> format.page_shift;
                let entry = (register(registers >> 4) & 0x00FF_FFF8).wrapping_add(page * 2) & 0x00FF_FFFF;
                self.shadows.invalidate(entry);
                self.forget_shadows(processor);
            }
            // It was the target of EXECUTE, or has moved: all of them, which is always right.
            _ => self.purge_shadows(processor),
        }
    }

    /// Has processors forget what they know of the shadow tables.
    fn forget_shadows(&mut self, processor: &mut Processor) {
        self.epoch += 1;
        let shadows = &self.shadows;
        processor.purge_tables(|designation| shadows.has(designation));
    }

    /// The virtual machine is in the wait state.
    fn waiting(&mut self) -> Stop {
        let state = &self.state;
        let channels = state.psw.io_channels(state.cr[2]);
        if !state.psw.external() && channels == 0 {
            return Stop::DisabledWait;
        }
        Stop::Wait { until: self.wakes_at() }
    }

    /// The time at which something will end a wait by itself; `u64::MAX` if only something from outside can.
    pub fn wakes_at(&mut self) -> u64 {
        let bus = VirtualBus::new(&mut self.channels);
        if self.timer == Timer::Real {
            return self.state.next_event_time(&self.storage, &bus);
        }
        // The CPU timer and the interval timer stand still, unless they have run down already.
        let mut asleep = self.state.clone();
        asleep.model.interval_timer = false;
        if (asleep.cpu_timer() as i64) >= 0 {
            asleep.cr[0] &= !cr0::CPU_TIMER;
        }
        asleep.next_event_time(&self.storage, &bus)
    }

    /// Lets time pass in which it does not run: to this time, as in [`CpuState::time`].
    pub fn sleep_until(&mut self, now: u64) {
        let waits = self.state.psw.wait && self.state.run_state == RunState::Operating;
        if waits && self.timer == Timer::Real {
            self.state.set_time(now);
        } else {
            self.state.stand_still(now.saturating_sub(self.state.time));
        }
    }

    /// Lets time pass in which it ran, when time comes from outside.
    pub fn ran_until(&mut self, now: u64) {
        self.state.set_time(now);
    }
}

impl VirtualMachine {
    /// To be called when something outside was done to a device.
    pub fn touched(&mut self, address: u16) {
        self.channels.touched(address, self.state.time, &self.storage);
    }

    /// Lets the next thing that a device is going to do happen now, if an interruption is not pending for it already; false
    /// if there is nothing. For time that comes from outside, in which nobody wants to wait for devices.
    pub fn hurry(&mut self) -> bool {
        let allowed = self.state.psw.io_channels(self.state.cr[2]);
        !self.channels.asks_for(allowed) && self.channels.hurry(self.state.time, &self.storage)
    }
}

/// A view of a virtual machine's state that is not to be changed.
impl<B> AsRef<CpuState> for VirtualMachine<B> {
    fn as_ref(&self) -> &CpuState {
        &self.state
    }
}
