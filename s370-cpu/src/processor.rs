//! The processor: its state, and the loop that executes instructions, lets time pass and notices interruptions.

use std::sync::Arc;

use s370_arch::interruption::{Class, ProgramCode};

use crate::{
    bus::{Bus, SignalAnswer},
    fast::{Fast, Leave, Pending, Slice},
    interruption::{Detail, Interruption, ProgramInterruption, early_exception},
    reset::order,
    state::{CpuState, MICROSECOND, RunState},
    storage::Storage,
    translate::{Translator, Tuning},
};

/// Which engine executes instructions. Results do not depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Engine {
    /// The slow interpreter alone: the oracle.
    Slow,
    /// Decoded instructions; the slow interpreter for what is rare.
    Fast,
    /// The same, and hot regions as host code, where the host allows it.
    #[default]
    Translator,
}

/// Why [`Processor::run`] came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// As many instructions as asked for have been executed.
    Budget,
    /// The PSW says wait, and nothing that could end the wait is pending.
    Wait,
    /// This interruption is to be taken; [`CpuState::psw`] is what the old PSW shall be.
    Interruption(Interruption),
    /// The processor is stopped.
    Stopped,
    /// The processor is in the check-stop state.
    CheckStop,
}

/// One processor. Everything but `state` can be dropped between any two instructions.
pub struct Processor {
    /// The architected state.
    pub state: CpuState,
    /// Main storage.
    pub storage: Arc<Storage>,
    /// The engine in use.
    pub engine: Engine,
    /// TOD-clock units that pass with each instruction: a microsecond in virtual time, zero when the host's clock is fed
    /// in by [`Processor::set_time`].
    pub instruction_time: u64,
    /// Interruptions that instructions cause are taken inside the fast engine's loop where nothing could tell. Whoever
    /// wants to see each of them ([`Exit::Interruption`]) leaves this off.
    pub native: bool,
    /// After so many units of operation of MOVE LONG and COMPARE LOGICAL LONG, [`Processor::run`] comes back, whatever is left
    /// of its budget: an instruction may take as long as ten thousand others.
    pub most_units: u64,
    /// Units of operation since [`Processor::run`] was called.
    units: u64,
    fast: Fast,
}

impl Processor {
    /// A processor with this state, put into the operating state.
    #[must_use]
    pub fn new(state: CpuState, storage: Arc<Storage>) -> Processor {
        Processor::resume(CpuState { run_state: RunState::Operating, ..state }, storage)
    }

    /// A processor with just this state: one that was saved, say.
    #[must_use]
    pub fn resume(state: CpuState, storage: Arc<Storage>) -> Processor {
        Processor {
            fast: Fast::new(Arc::clone(&storage)),
            state,
            storage,
            engine: Engine::default(),
            instruction_time: MICROSECOND,
            native: false,
            most_units: u64::MAX,
            units: 0,
        }
    }

    /// Units of operation of MOVE LONG and COMPARE LOGICAL LONG that the last [`Processor::run`] completed.
    #[must_use]
    pub fn units(&self) -> u64 {
        self.units
    }

    /// Forgets everything that can be had again from state and storage. A program cannot tell, but for table entries
    /// that it changed without PURGE TLB.
    pub fn drop_caches(&mut self) {
        self.fast.clear(&self.storage);
    }

    /// What the translator has done.
    #[must_use]
    pub fn translator(&self) -> &Translator {
        &self.fast.translator
    }

    /// The translator itself, whose settings may be changed at any time.
    pub fn translator_mut(&mut self) -> &mut Translator {
        &mut self.fast.translator
    }

    /// Says when translation is thought to pay.
    pub fn tune(&mut self, tuning: Tuning) {
        self.fast.translator.tuning = tuning;
    }

    /// Forgets what came from translation tables, as PURGE TLB does: for whoever changes tables from outside.
    pub fn purge_tlb(&mut self) {
        self.fast.purge();
    }

    /// As [`Processor::purge_tlb`], for the tables that these segment-table designations (contents of control register 1)
    /// lead to; at a cost in proportion to what was used of them.
    pub fn purge_tables(&mut self, is_meant: impl Fn(u32) -> bool) {
        self.fast.purge_tables(is_meant);
    }

    /// An order of SIGNAL PROCESSOR arrives from the CPU `from`; see [`CpuState::receive_order`], which this follows with
    /// the clearing of the TLB that belongs to a reset.
    pub fn receive_order(&mut self, order: u8, from: u16) -> SignalAnswer {
        let answer = self.state.receive_order(order, from, &*self.storage);
        if !matches!(order, order::SENSE..=order::RESTART | order::STOP_AND_STORE_STATUS) {
            self.fast.purge();
        }
        answer
    }

    /// Executes at most `budget` instructions. Returns how many were executed (one that was nullified or suppressed
    /// counts), and why it stopped.
    pub fn run(&mut self, bus: &mut dyn Bus, budget: u64) -> (u64, Exit) {
        let mut executed = 0;
        self.units = 0;
        loop {
            self.state.pass_time(&*self.storage, bus);
            if let Some(exit) = self.state.between_instructions(&*self.storage, bus) {
                return (executed, exit);
            }
            if executed == budget || self.units >= self.most_units {
                return (executed, Exit::Budget);
            }
            let slice = (budget - executed).min(self.instructions_until_event(bus));
            let (count, interruption) = self.run_slice(bus, slice);
            executed += count;
            if let Some(interruption) = interruption {
                self.state.pass_time(&*self.storage, bus);
                return (executed, Exit::Interruption(interruption));
            }
        }
    }

    /// Executes instructions until one asks for a look at the outside world, or `budget` are done.
    fn run_slice(&mut self, bus: &mut dyn Bus, budget: u64) -> (u64, Option<Interruption>) {
        let mut executed = 0;
        let pending = self.pending(bus);
        while executed < budget {
            if self.engine != Engine::Slow {
                let slice = Slice {
                    budget: budget - executed,
                    native: self.native,
                    pending,
                    instruction_time: self.instruction_time,
                    translate: self.engine == Engine::Translator,
                };
                let (count, leave) = self.fast.run(&mut self.state, &self.storage, slice);
                executed += count;
                self.state.time = self.state.time.wrapping_add(count * self.instruction_time);
                match leave {
                    Leave::Slow => {}
                    Leave::Interruption { class: Class::Svc, code, ilc } => {
                        return (executed, Some(Interruption::Svc { code: code as u8, ilc }));
                    }
                    Leave::Interruption { code, ilc, .. } => {
                        let code = Some(ProgramCode(code));
                        let program = ProgramInterruption { code, ilc, detail: Detail::None, per: None };
                        return (executed, Some(Interruption::Program(program)));
                    }
                    _ => return (executed, None),
                }
            }
            let (interruption, look) = self.step_slowly(bus);
            executed += 1;
            if look || interruption.is_some() {
                return (executed, interruption);
            }
        }
        (executed, None)
    }

    /// What a change of masks could let in.
    fn pending(&self, bus: &dyn Bus) -> Pending {
        let state = &self.state;
        Pending {
            external: state.external_request().is_some(),
            io: bus.attention(),
            other: state.restart
                || state.machine_checks != 0
                || state.pending_per.is_some()
                || state.run_state != RunState::Operating,
        }
    }

    /// Executes one instruction. The second result says that masks, timers or modes may have changed.
    fn step_slowly(&mut self, bus: &mut dyn Bus) -> (Option<Interruption>, bool) {
        let (outcome, effects) = self.state.step(&*self.storage, bus);
        self.fast.apply(effects, &self.storage);
        self.state.time = self.state.time.wrapping_add(self.instruction_time);
        self.units += u64::from(effects.units);
        let look = effects.context || self.state.psw.per() || bus.attention() || self.units >= self.most_units;
        (outcome.err(), look)
    }

    /// Makes `psw` current as LOAD PSW does; an invalid format is a program interruption at once.
    ///
    /// # Errors
    /// The early program interruption.
    pub fn load_psw(&mut self, psw: s370_arch::psw::Psw) -> Result<(), Interruption> {
        self.state.psw = psw;
        if self.state.accepts(&psw) { Ok(()) } else { Err(Interruption::Program(early_exception(0))) }
    }

    /// Feeds the host's time in; see [`CpuState::set_time`].
    pub fn set_time(&mut self, now: u64) {
        self.state.set_time(now);
    }

    /// When a processor that does nothing is to be run again; see [`CpuState::next_event_time`].
    #[must_use]
    pub fn next_event_time(&self, bus: &dyn Bus) -> u64 {
        self.state.next_event_time(&*self.storage, bus)
    }

    /// How many instructions can be executed before time brings something about.
    fn instructions_until_event(&self, bus: &dyn Bus) -> u64 {
        /// With the host's clock, this bounds how long an outside event waits.
        const LONGEST: u64 = 10_000;
        if self.instruction_time == 0 {
            return LONGEST;
        }
        let left = self.state.next_event(bus).saturating_sub(self.state.time);
        // What is longer is cut in any case, and a division takes its time.
        if left >= LONGEST * self.instruction_time { LONGEST } else { left.div_ceil(self.instruction_time).max(1) }
    }
}
