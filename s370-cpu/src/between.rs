//! One instruction, and what stands between two: time, timers, interruptions that become pending. Written for any storage
//! and bus: the bare processor runs by it, and a control program simulates by it, so that no instruction and no rule
//! about interruptions exists twice.

use s370_arch::{assigned_storage::INTERVAL_TIMER, control_register::cr0, interruption::external};

use crate::{
    bus::Bus,
    exec::Interpreter,
    interruption::{Detail, Interruption, ProgramInterruption},
    processor::Exit,
    state::{CpuState, MICROSECOND, RunState},
    storage::AbsoluteStorage,
};

pub use crate::exec::Effects;

/// A 300th of a second in TOD-clock units, times 3: the interval timer's step (GA22-7000-10, chapter 4).
const TICK_TIMES_3: u64 = MICROSECOND * 10_000;

impl CpuState {
    /// Executes the instruction at the PSW's address, as the slow interpreter does. No time passes. If an interruption
    /// results, it is to be taken, and the PSW is what the old PSW shall be.
    ///
    /// [`CpuState::between_instructions`] must have let the instruction be executed.
    pub fn step<S: AbsoluteStorage>(
        &mut self,
        storage: &S,
        bus: &mut dyn Bus<S>,
    ) -> (Result<(), Interruption>, Effects) {
        let mut interpreter = Interpreter::new(self, storage, bus);
        let outcome = interpreter.step();
        (outcome, interpreter.effects)
    }

    /// What stands between two instructions: a state in which none is executed, or the interruption to be taken first.
    /// Its pending request is gone then, and a channel has stored the CSW.
    pub fn between_instructions<S: AbsoluteStorage>(&mut self, storage: &S, bus: &mut dyn Bus<S>) -> Option<Exit> {
        match self.run_state {
            RunState::Operating | RunState::Stopping { .. } => {}
            RunState::Stopped if self.restart => {
                // Of all that is pending, restart comes first here, and the rest finds the CPU operating.
                self.restart = false;
                self.run_state = RunState::Operating;
                return Some(Exit::Interruption(Interruption::Restart));
            }
            RunState::Stopped => return Some(Exit::Stopped),
            RunState::CheckStop => return Some(Exit::CheckStop),
        }
        if let Some(per) = self.pending_per.take() {
            let (ilc, per) = (per.ilc, Some(per.event));
            let program = ProgramInterruption { code: None, ilc, detail: Detail::None, per };
            return Some(Exit::Interruption(Interruption::Program(program)));
        }
        if self.psw.machine_check && self.machine_check_request() != 0 {
            return Some(Exit::Interruption(self.accept_machine_check()));
        }
        if self.psw.external()
            && let Some(code) = self.external_request()
        {
            return Some(Exit::Interruption(self.accept_external(code)));
        }
        let channels = self.psw.io_channels(self.cr[2]);
        if channels != 0
            && bus.attention()
            && let Some(address) = bus.accept_io(channels, self.prefix, storage)
        {
            return Some(Exit::Interruption(Interruption::Io { address }));
        }
        if self.restart {
            self.restart = false;
            return Some(Exit::Interruption(Interruption::Restart));
        }
        self.finish_stopping(storage);
        if self.run_state == RunState::Stopped {
            return Some(Exit::Stopped);
        }
        self.psw.wait.then_some(Exit::Wait)
    }

    /// Lets the interval timer and the outside world catch up with the time.
    pub fn pass_time<S: AbsoluteStorage>(&mut self, storage: &S, bus: &mut dyn Bus<S>) {
        if bus.next_event() <= self.time {
            bus.advance(self.time, storage);
        }
        if self.model.interval_timer {
            self.count_interval_timer(storage);
        }
    }

    /// Counts the interval timer at location 80 down by the time that has passed.
    fn count_interval_timer(&mut self, storage: &impl AbsoluteStorage) {
        let due = ticks_at(self.time);
        let steps = due.saturating_sub(self.interval_timer_ticks);
        if steps == 0 {
            return;
        }
        self.interval_timer_ticks = due;
        // Bit 23 counts: bits 24-31 stay (chapter 4, "Interval Timer").
        let at = self.absolute(INTERVAL_TIMER);
        let old = i64::from(storage.u32(at) as i32);
        let new = old.wrapping_sub_unsigned(steps << 8);
        storage.store_u32(at, new as u32);
        // From zero or above to below zero; after a whole cycle, once more.
        if old >> 32 != new >> 32 {
            self.external.signals |= external::INTERVAL_TIMER;
        }
    }

    /// Feeds time in: TOD-clock units since power-on. It does not go back. In the stopped and the check-stop state the TOD
    /// clock goes on, but the CPU timer and the interval timer stand still.
    pub fn set_time(&mut self, now: u64) {
        let elapsed = now.saturating_sub(self.time);
        if matches!(self.run_state, RunState::Stopped | RunState::CheckStop) {
            self.stand_still(elapsed);
        } else {
            self.time += elapsed;
        }
    }

    /// Lets time pass in which the CPU timer and the interval timer do not run.
    pub fn stand_still(&mut self, elapsed: u64) {
        let ticks = ticks_at(self.time);
        self.time += elapsed;
        self.cpu_timer_base = self.cpu_timer_base.wrapping_add(elapsed);
        self.interval_timer_ticks += ticks_at(self.time) - ticks;
    }

    /// The interval timer counts from now on: what time has passed is forgotten.
    pub fn restart_interval_timer(&mut self) {
        self.interval_timer_ticks = ticks_at(self.time);
    }

    /// The time at which the timers or the bus will next ask for attention.
    #[must_use]
    pub fn next_event<S>(&self, bus: &dyn Bus<S>) -> u64 {
        let mut next = bus.next_event().min(comparator_event(self)).min(cpu_timer_event(self));
        if self.model.interval_timer {
            next = next.min(tick_time(self.interval_timer_ticks.saturating_add(1)));
        }
        next
    }

    /// When a processor that does nothing (after [`Exit::Wait`]) is to be run again: the time, as in [`CpuState::time`], at
    /// which one of its timers will interrupt it or the bus has something to do, with the masks as they are. It is
    /// [`CpuState::time`] when something is pending already, and `u64::MAX` when only something from outside can end the
    /// wait. Until then nothing is lost by not running it; in virtual time, [`CpuState::set_time`] leads there at once.
    #[must_use]
    pub fn next_event_time<S: AbsoluteStorage>(&self, storage: &S, bus: &dyn Bus<S>) -> u64 {
        if matches!(self.run_state, RunState::Stopped | RunState::CheckStop) {
            return if self.restart && self.run_state == RunState::Stopped { self.time } else { bus.next_event() };
        }
        let external = self.psw.external();
        let pending = external && self.external_request().is_some()
            || bus.asks_for(self.psw.io_channels(self.cr[2]))
            || self.psw.machine_check && self.machine_check_request() != 0
            || self.restart
            || self.pending_per.is_some()
            || self.run_state != RunState::Operating;
        if pending {
            return self.time;
        }
        let mut next = bus.next_event();
        if !external {
            return next;
        }
        if self.cr[0] & cr0::CLOCK_COMPARATOR != 0 {
            next = next.min(comparator_event(self));
        }
        if self.cr[0] & cr0::CPU_TIMER != 0 {
            next = next.min(cpu_timer_event(self));
        }
        if self.cr[0] & cr0::INTERVAL_TIMER != 0 && self.model.interval_timer {
            // The step that takes the timer's bits 0-23 from zero or above to below zero.
            let steps = u64::from(storage.u32(self.absolute(INTERVAL_TIMER)) >> 8) + 1;
            next = next.min(tick_time(self.interval_timer_ticks.saturating_add(steps)));
        }
        next
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
