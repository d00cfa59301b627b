//! The bare machine: one processor that takes its own interruptions, as the manual says.

use std::sync::Arc;

use s370_arch::{
    interruption::{Ending, ProgramCode, external},
    psw::Psw,
};

use crate::{
    bus::Bus,
    interruption::Interruption,
    processor::{Exit, Processor},
    state::{CpuState, RunState},
    storage::Storage,
};

/// Why [`Machine::run`] stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// As many instructions as asked for have been executed.
    Count,
    /// A wait-state PSW was loaded.
    Wait,
    /// The processor is stopped.
    Stopped,
    /// The processor is in the check-stop state.
    CheckStop,
}

/// An interruption that was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TakenInterruption {
    /// What it was.
    pub interruption: Interruption,
    /// The old PSW as stored.
    pub old_psw: u64,
}

/// A machine that stands on no other.
pub struct Machine {
    /// Its processor.
    pub processor: Processor,
    /// The interruptions taken, the first of them, for whoever wants to know.
    pub log: InterruptionLog,
    string: StringOfInterruptions,
}

/// Recognizes a string of interruptions without end, which only a reset ends on the real machine (GA22-7000-10, chapter 6,
/// "Point of Interruption").
#[derive(Clone, Copy, Debug, Default)]
pub struct StringOfInterruptions {
    /// The last interruption and what it led to.
    last: Option<(Interruption, Psw)>,
    /// Instructions executed since.
    instructions: u64,
}

impl StringOfInterruptions {
    /// Instructions were executed.
    #[inline]
    pub fn executed(&mut self, instructions: u64) {
        self.instructions += instructions;
    }

    /// The last instruction that counted was not executed after all.
    pub fn retract(&mut self) {
        self.instructions = self.instructions.saturating_sub(1);
    }

    /// An interruption was taken and led to this PSW. Says whether that can only go on for ever: `alone` tells that no other
    /// processor and no channel can change what the program goes round in.
    pub fn goes_on(&mut self, interruption: Interruption, psw: Psw, alone: bool) -> bool {
        let now = (interruption, psw);
        let alone = self.instructions == 0 || alone;
        let endless = self.last == Some(now) && alone && is_endless(&now, self.instructions);
        (self.last, self.instructions) = (Some(now), 0);
        endless
    }
}

/// The first few interruptions that were taken.
#[derive(Clone, Debug, Default)]
pub struct InterruptionLog {
    /// In the order they were taken.
    pub taken: Vec<TakenInterruption>,
    /// How many to keep.
    pub capacity: usize,
    /// How many were taken in all.
    pub total: u64,
}

impl Machine {
    /// A machine with this storage, after power-on reset, in the operating state.
    #[must_use]
    pub fn new(state: CpuState, storage: Arc<Storage>) -> Machine {
        Machine::with(Processor::new(state, storage))
    }

    /// A machine with this processor, and all that it remembers.
    #[must_use]
    pub fn with(processor: Processor) -> Machine {
        Machine { processor, log: InterruptionLog::default(), string: StringOfInterruptions::default() }
    }

    /// Executes at most `budget` instructions; says how many were, and why it stopped.
    pub fn run(&mut self, bus: &mut dyn Bus, budget: u64) -> (u64, Stop) {
        self.run_in_strides(bus, budget, u64::MAX, &mut |_, _| {})
    }

    /// As [`Machine::run`], and shows the machine to `watch` after every instruction and every interruption, with the
    /// number of instructions (0 or 1) that were executed since it last saw it.
    pub fn run_watched(
        &mut self,
        bus: &mut dyn Bus,
        budget: u64,
        watch: &mut dyn FnMut(&mut Machine, u64),
    ) -> (u64, Stop) {
        self.run_in_strides(bus, budget, 1, watch)
    }

    fn run_in_strides(
        &mut self,
        bus: &mut dyn Bus,
        budget: u64,
        stride: u64,
        watch: &mut dyn FnMut(&mut Machine, u64),
    ) -> (u64, Stop) {
        let mut executed = 0;
        // A watcher is to see each interruption.
        self.processor.native = self.log.capacity == 0 && stride == u64::MAX;
        loop {
            let (count, exit) = self.processor.run(bus, stride.min(budget - executed));
            executed += count;
            self.string.executed(count);
            let stop = match exit {
                Exit::Budget => (executed == budget).then_some(Stop::Count),
                Exit::Wait => Some(Stop::Wait),
                Exit::Stopped => Some(Stop::Stopped),
                Exit::CheckStop => Some(Stop::CheckStop),
                Exit::Interruption(interruption) => {
                    self.take(interruption);
                    let alone = !self.processor.storage.is_shared();
                    if self.string.goes_on(interruption, self.processor.state.psw, alone) {
                        self.processor.state.run_state = RunState::CheckStop;
                    }
                    None
                }
            };
            watch(self, count);
            if let Some(stop) = stop {
                return (executed, stop);
            }
        }
    }

    /// Takes an interruption, and those that follow from its new PSW.
    pub fn take(&mut self, interruption: Interruption) {
        let state = &mut self.processor.state;
        let mut next = Some(interruption);
        for _ in 0..2 {
            let Some(interruption) = next else { return };
            self.log.total += 1;
            if self.log.taken.len() < self.log.capacity {
                let (code, ilc) = interruption.code_and_ilc();
                self.log.taken.push(TakenInterruption { interruption, old_psw: state.psw.emit(code, ilc) });
            }
            next = state.take(&*self.processor.storage, &interruption).err().map(Interruption::Program);
        }
        if next.is_some() {
            // The program new PSW is itself invalid: on the real machine a string of interruptions that only a reset
            // ends (chapter 6, "Point of Interruption").
            state.run_state = RunState::CheckStop;
        }
    }
}

/// Whether an interruption whose new PSW led to the same interruption again, after as many instructions, can only go on
/// for ever: its cause has changed nothing, and nothing else can interrupt.
fn is_endless((interruption, psw): &(Interruption, Psw), instructions: u64) -> bool {
    match interruption {
        Interruption::Program(program) => {
            let unchanged = program.code.is_some_and(|code| {
                (matches!(code.ending(), Ending::Suppression | Ending::Nullification)
                    && code != ProgramCode::FIXED_DIVIDE)
                    || matches!(code, ProgramCode::PROTECTION | ProgramCode::ADDRESSING)
            });
            instructions == 1 && unchanged && !psw.external() && psw.io_channels(u32::MAX) == 0
        }
        // These stay pending, and the new PSW does not mask them: no instruction will ever be executed.
        Interruption::External { code, .. } => {
            instructions == 0 && matches!(*code, external::CLOCK_COMPARATOR | external::CPU_TIMER)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{bus::NoDevices, state::Model};

    fn machine(contents: &[(u32, u64)]) -> Machine {
        let storage = Storage::new(8192).unwrap();
        for &(at, doubleword) in contents {
            storage.store_u64(at, doubleword);
        }
        let mut machine = Machine::new(CpuState::new(Model::default()), Arc::new(storage));
        machine.log.capacity = 100;
        machine
    }

    #[test]
    fn a_timer_that_its_own_new_psw_does_not_mask_ends_in_the_check_stop_state() {
        let mut machine = machine(&[(88, 0x0100_0000_0000_0200)]);
        machine.processor.state.cr[0] = 0x0000_0800;
        machine.processor.state.psw = Psw::parse(0x0100_0000_0000_0100);
        machine.processor.state.set_tod(1);
        assert_eq!(machine.run(&mut NoDevices, 10), (0, Stop::CheckStop));
        assert_eq!(machine.log.taken.len(), 2);
    }

    #[test]
    fn a_program_interruption_loop_ends_in_the_check_stop_state_watched_or_not() {
        // The handler's first instruction is as invalid as the one that led there.
        let loop_at = [(104, 0x0000_0000_0000_0200)];
        let mut alone = machine(&loop_at);
        alone.processor.state.psw = Psw::parse(0x100);
        let mut watched = machine(&loop_at);
        watched.processor.state.psw = Psw::parse(0x100);
        let mut seen = 0;
        let stop = watched.run_watched(&mut NoDevices, 1000, &mut |_, count| seen += count);
        assert_eq!(stop, alone.run(&mut NoDevices, 1000));
        assert_eq!(stop, (seen, Stop::CheckStop));
        assert_eq!(watched.processor.state, alone.processor.state);
        assert_eq!(watched.log.taken, alone.log.taken);
    }

    #[test]
    fn watching_sees_every_instruction() {
        // BCTR 1,0 and BC 7,X'100': four times around.
        let mut machine = machine(&[(0x100, 0x0610_4770_0100_0000)]);
        machine.processor.state.psw = Psw::parse(0x0000_0000_1000_0100);
        let mut addresses = Vec::new();
        let ran = machine.run_watched(&mut NoDevices, 5, &mut |machine, count| {
            addresses.push((count, machine.processor.state.psw.address));
        });
        assert_eq!(ran, (5, Stop::Count));
        assert_eq!(addresses, [(1, 0x102), (1, 0x100), (1, 0x102), (1, 0x100), (1, 0x102)]);
        assert_eq!(machine.processor.state.gr[1], 3u32.wrapping_neg());
    }
}
