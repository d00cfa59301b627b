//! The processor: its state, and the loop that executes instructions, lets time pass and notices interruptions.

use std::sync::Arc;

use s370_arch::{assigned_storage::INTERVAL_TIMER, control_register::cr0, interruption::external};

use crate::{
    bus::{Bus, SignalAnswer},
    exec::Interpreter,
    fast::{Fast, Leave, Pending, Slice},
    interruption::{Detail, Interruption, ProgramInterruption, early_exception},
    reset::order,
    state::{CpuState, MICROSECOND, RunState},
    storage::Storage,
    translate::{Translator, Tuning},
};

/// A 300th of a second in TOD-clock units, times 3: the interval timer's step (GA22-7000-10, chapter 4).
const TICK_TIMES_3: u64 = MICROSECOND * 10_000;

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
        }
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

    /// An order of SIGNAL PROCESSOR arrives from the CPU `from`; see [`CpuState::receive_order`], which this follows with
    /// the clearing of the TLB that belongs to a reset.
    pub fn receive_order(&mut self, order: u8, from: u16) -> SignalAnswer {
        let answer = self.state.receive_order(order, from, &self.storage);
        if !matches!(order, order::SENSE..=order::RESTART | order::STOP_AND_STORE_STATUS) {
            self.fast.purge();
        }
        answer
    }

    /// Executes at most `budget` instructions. Returns how many were executed (one that was nullified or suppressed
    /// counts), and why it stopped.
    pub fn run(&mut self, bus: &mut dyn Bus, budget: u64) -> (u64, Exit) {
        let mut executed = 0;
        loop {
            self.pass_time(bus);
            if let Some(exit) = self.between_instructions(bus) {
                return (executed, exit);
            }
            if executed == budget {
                return (executed, Exit::Budget);
            }
            let slice = (budget - executed).min(self.instructions_until_event(bus));
            let (count, interruption) = self.run_slice(bus, slice);
            executed += count;
            if let Some(interruption) = interruption {
                self.pass_time(bus);
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
                if leave != Leave::Slow {
                    return (executed, None);
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
        let mut interpreter = Interpreter::new(&mut self.state, &self.storage, bus);
        let outcome = interpreter.step();
        let effects = interpreter.effects;
        self.fast.apply(effects, &self.storage);
        self.state.time = self.state.time.wrapping_add(self.instruction_time);
        (outcome.err(), effects.context || self.state.psw.per() || bus.attention())
    }

    /// What stands between two instructions: a state in which none is executed, or an interruption.
    fn between_instructions(&mut self, bus: &mut dyn Bus) -> Option<Exit> {
        let state = &mut self.state;
        match state.run_state {
            RunState::Operating | RunState::Stopping { .. } => {}
            RunState::Stopped if state.restart => {
                // Of all that is pending, restart comes first here, and the rest finds the CPU operating.
                state.restart = false;
                state.run_state = RunState::Operating;
                return Some(Exit::Interruption(Interruption::Restart));
            }
            RunState::Stopped => return Some(Exit::Stopped),
            RunState::CheckStop => return Some(Exit::CheckStop),
        }
        if let Some(per) = state.pending_per.take() {
            let (ilc, per) = (per.ilc, Some(per.event));
            let program = ProgramInterruption { code: None, ilc, detail: Detail::None, per };
            return Some(Exit::Interruption(Interruption::Program(program)));
        }
        if state.psw.machine_check && state.machine_check_request() != 0 {
            return Some(Exit::Interruption(state.accept_machine_check()));
        }
        if state.psw.external()
            && let Some(code) = state.external_request()
        {
            return Some(Exit::Interruption(state.accept_external(code)));
        }
        let channels = state.psw.io_channels(state.cr[2]);
        if channels != 0
            && bus.attention()
            && let Some(address) = bus.accept_io(channels, state.prefix, &self.storage)
        {
            return Some(Exit::Interruption(Interruption::Io { address }));
        }
        if state.restart {
            state.restart = false;
            return Some(Exit::Interruption(Interruption::Restart));
        }
        state.finish_stopping(&self.storage);
        if state.run_state == RunState::Stopped {
            return Some(Exit::Stopped);
        }
        state.psw.wait.then_some(Exit::Wait)
    }

    /// Makes `psw` current as LOAD PSW does; an invalid format is a program interruption at once.
    ///
    /// # Errors
    /// The early program interruption.
    pub fn load_psw(&mut self, psw: s370_arch::psw::Psw) -> Result<(), Interruption> {
        self.state.psw = psw;
        if self.state.accepts(&psw) { Ok(()) } else { Err(Interruption::Program(early_exception(0))) }
    }

    /// Feeds the host's time in: TOD-clock units since power-on. It does not go back. In the stopped and the check-stop
    /// state the TOD clock goes on, but the CPU timer and the interval timer stand still.
    pub fn set_time(&mut self, now: u64) {
        let state = &mut self.state;
        let elapsed = now.saturating_sub(state.time);
        let ticks = ticks_at(state.time);
        state.time += elapsed;
        if matches!(state.run_state, RunState::Stopped | RunState::CheckStop) {
            state.cpu_timer_base = state.cpu_timer_base.wrapping_add(elapsed);
            state.interval_timer_ticks += ticks_at(state.time) - ticks;
        }
    }

    /// Lets the interval timer and the outside world catch up with the time.
    fn pass_time(&mut self, bus: &mut dyn Bus) {
        if bus.next_event() <= self.state.time {
            bus.advance(self.state.time, &self.storage);
        }
        let state = &mut self.state;
        if !state.model.interval_timer {
            return;
        }
        let due = ticks_at(state.time);
        let steps = due.saturating_sub(state.interval_timer_ticks);
        if steps == 0 {
            return;
        }
        state.interval_timer_ticks = due;
        // Bit 23 counts: bits 24-31 stay (chapter 4, "Interval Timer").
        let at = state.absolute(INTERVAL_TIMER);
        let old = i64::from(self.storage.u32(at) as i32);
        let new = old.wrapping_sub_unsigned(steps << 8);
        self.storage.store_u32(at, new as u32);
        // From zero or above to below zero; after a whole cycle, once more.
        if old >> 32 != new >> 32 {
            state.external.signals |= external::INTERVAL_TIMER;
        }
    }

    /// The time at which the timers or the bus will next ask for attention.
    fn next_event(&self, bus: &dyn Bus) -> u64 {
        let state = &self.state;
        let mut next = bus.next_event().min(comparator_event(state)).min(cpu_timer_event(state));
        if state.model.interval_timer {
            next = next.min(tick_time(state.interval_timer_ticks.saturating_add(1)));
        }
        next
    }

    /// When a processor that does nothing (after [`Exit::Wait`]) is to be run again: the time, as in [`CpuState::time`], at
    /// which one of its timers will interrupt it or the bus has something to do, with the masks as they are. It is
    /// [`CpuState::time`] when something is pending already, and `u64::MAX` when only something from outside can end the
    /// wait. Until then nothing is lost by not running it; in virtual time, [`Processor::set_time`] leads there at once.
    #[must_use]
    pub fn next_event_time(&self, bus: &dyn Bus) -> u64 {
        let state = &self.state;
        if matches!(state.run_state, RunState::Stopped | RunState::CheckStop) {
            return if state.restart && state.run_state == RunState::Stopped { state.time } else { bus.next_event() };
        }
        let external = state.psw.external();
        let pending = external && state.external_request().is_some()
            || bus.asks_for(state.psw.io_channels(state.cr[2]))
            || state.psw.machine_check && state.machine_check_request() != 0
            || state.restart
            || state.pending_per.is_some()
            || state.run_state != RunState::Operating;
        if pending {
            return state.time;
        }
        let mut next = bus.next_event();
        if !external {
            return next;
        }
        if state.cr[0] & cr0::CLOCK_COMPARATOR != 0 {
            next = next.min(comparator_event(state));
        }
        if state.cr[0] & cr0::CPU_TIMER != 0 {
            next = next.min(cpu_timer_event(state));
        }
        if state.cr[0] & cr0::INTERVAL_TIMER != 0 && state.model.interval_timer {
            // The step that takes the timer's bits 0-23 from zero or above to below zero.
            let steps = u64::from(self.storage.u32(state.absolute(INTERVAL_TIMER)) >> 8) + 1;
            next = next.min(tick_time(state.interval_timer_ticks.saturating_add(steps)));
        }
        next
    }

    /// How many instructions can be executed before time brings something about.
    fn instructions_until_event(&self, bus: &dyn Bus) -> u64 {
        /// With the host's clock, this bounds how long an outside event waits.
        const LONGEST: u64 = 10_000;
        if self.instruction_time == 0 {
            return LONGEST;
        }
        let left = self.next_event(bus).saturating_sub(self.state.time);
        left.div_ceil(self.instruction_time).clamp(1, LONGEST)
    }
}

/// Steps of the interval timer up to this time.
fn ticks_at(time: u64) -> u64 {
    // The divisor is greater than 3, so that the result has 64 bits.
    (u128::from(time) * 3 / u128::from(TICK_TIMES_3)) as u64
}

/// The earliest time at which the interval timer has made this many steps.
fn tick_time(ticks: u64) -> u64 {
    u64::try_from((u128::from(ticks) * u128::from(TICK_TIMES_3)).div_ceil(3)).unwrap_or(u64::MAX)
}

/// When the TOD clock will be greater than the clock comparator; never, when it is already or cannot be.
fn comparator_event(state: &CpuState) -> u64 {
    match state.clock_comparator.checked_sub(state.tod()) {
        Some(left) if state.clock_comparator != u64::MAX => state.time.saturating_add(left).saturating_add(1),
        _ => u64::MAX,
    }
}

/// When the CPU timer will be negative; never, when it is already.
fn cpu_timer_event(state: &CpuState) -> u64 {
    let timer = state.cpu_timer();
    if timer as i64 >= 0 { state.time.saturating_add(timer + 1) } else { u64::MAX }
}
