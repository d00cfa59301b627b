//! The bare machine: one processor that takes its own interruptions, as the manual says.

use std::sync::Arc;

use s370_arch::{
    interruption::{Ending, ProgramCode},
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
}

/// The first few interruptions that were taken.
#[derive(Clone, Debug, Default)]
pub struct InterruptionLog {
    /// In the order they were taken.
    pub taken: Vec<TakenInterruption>,
    /// How many to keep.
    pub capacity: usize,
}

impl Machine {
    /// A machine with this storage, after power-on reset, in the operating state.
    #[must_use]
    pub fn new(state: CpuState, storage: Arc<Storage>) -> Machine {
        Machine { processor: Processor::new(state, storage), log: InterruptionLog::default() }
    }

    /// Executes at most `budget` instructions; says how many were, and why it stopped.
    pub fn run(&mut self, bus: &mut dyn Bus, budget: u64) -> (u64, Stop) {
        let mut executed = 0;
        self.processor.native = self.log.capacity == 0;
        let mut last: Option<(Interruption, Psw)> = None;
        loop {
            let (count, exit) = self.processor.run(bus, budget - executed);
            executed += count;
            match exit {
                Exit::Budget => return (executed, Stop::Count),
                Exit::Wait => return (executed, Stop::Wait),
                Exit::Stopped => return (executed, Stop::Stopped),
                Exit::CheckStop => return (executed, Stop::CheckStop),
                Exit::Interruption(interruption) => {
                    self.take(interruption);
                    let now = (interruption, self.processor.state.psw);
                    if count == 1 && last == Some(now) && is_endless(&now) {
                        self.processor.state.run_state = RunState::CheckStop;
                    }
                    last = Some(now);
                }
            }
        }
    }

    /// Takes an interruption, and those that follow from its new PSW.
    pub fn take(&mut self, interruption: Interruption) {
        let state = &mut self.processor.state;
        let mut next = Some(interruption);
        for _ in 0..2 {
            let Some(interruption) = next else { return };
            if self.log.taken.len() < self.log.capacity {
                let (code, ilc) = interruption.code_and_ilc();
                self.log.taken.push(TakenInterruption { interruption, old_psw: state.psw.emit(code, ilc) });
            }
            next = state.take(&self.processor.storage, &interruption).err().map(Interruption::Program);
        }
        if next.is_some() {
            // The program new PSW is itself invalid: on the real machine a string of interruptions that only a reset
            // ends (chapter 6, "Point of Interruption").
            state.run_state = RunState::CheckStop;
        }
    }
}

/// Whether an interruption whose new PSW leads to the same interruption again can only go on for ever: its cause has
/// changed nothing, and nothing else can interrupt.
fn is_endless((interruption, psw): &(Interruption, Psw)) -> bool {
    let Interruption::Program(program) = interruption else { return false };
    let unchanged = program.code.is_some_and(|code| {
        matches!(code.ending(), Ending::Suppression | Ending::Nullification)
            || matches!(code, ProgramCode::PROTECTION | ProgramCode::ADDRESSING)
    });
    unchanged && !psw.external() && psw.io_channels(u32::MAX) == 0
}
