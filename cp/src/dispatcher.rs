//! The dispatcher: what a real processor does (DMKDSP). It asks the scheduler whose turn it is, lends itself to that virtual
//! machine for a slice, and sees to what the machine came back with.
//!
//! Time is the caller's: a [`Meter`] says what it is. With the host's clock virtual machines find that in their clocks; in
//! deterministic time (one real processor) each machine's clock goes on with its own instructions, and a wait takes it at once
//! to whatever ends it, as on the bare machine. So what one does never depends on what others do.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use devices::channel::Timing;
use s370_cpu::state::MICROSECOND;

use crate::{
    diagnose::Outcome,
    dispatch::{TurnEnd, Wake},
    real::Owner,
    system::{Cp, RealProcessor, System},
    user::{Mode, User},
    vm::Stop,
};

/// Where time comes from: TOD-clock units since the system was started.
pub trait Meter {
    /// The time now. It does not go back.
    fn now(&self) -> u64;

    /// Instructions were executed on a real processor.
    fn executed(&self, instructions: u64);

    /// Whether time is that of instructions, and nothing else.
    fn is_deterministic(&self) -> bool;
}

/// Time that is made of instructions: a microsecond each.
#[derive(Debug, Default)]
pub struct InstructionTime(AtomicU64);

impl Meter for InstructionTime {
    fn now(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn executed(&self, instructions: u64) {
        self.0.fetch_add(instructions.saturating_mul(MICROSECOND), Ordering::Relaxed);
    }

    fn is_deterministic(&self) -> bool {
        true
    }
}

/// What a real processor did when it looked for work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// A virtual machine had its turn.
    Done,
    /// There is nothing to do before this time; none if nothing will happen by itself.
    Idle {
        /// The time.
        until: Option<u64>,
    },
}

/// Instructions between two looks at the clock, when time is not counted in instructions.
const STRIDE: u64 = 20_000;
/// Devices that are not to be waited for may do so many things between two runs of instructions.
const EVENTS_A_STRIDE: u32 = 64;

/// What a turn on a real processor needs at hand.
struct TurnOf<'a> {
    system: &'a System,
    here: &'a mut RealProcessor,
    meter: &'a dyn Meter,
    /// When it began.
    begin: u64,
    slice: u64,
}

impl System {
    /// Has a real processor do the next thing that there is to do.
    pub fn work(&self, here: &mut RealProcessor, meter: &dyn Meter) -> Work {
        let now = meter.now();
        self.wake_sleepers(now);
        let turn = {
            let mut scheduler = self.scheduler();
            scheduler.tick(now);
            scheduler.pick(here.number, now)
        };
        let Some(turn) = turn else { return Work::Idle { until: self.next_event() } };
        let Some(user) = self.user(turn.owner) else {
            self.scheduler().leave(turn.owner);
            self.scheduler().ran(turn.owner, 0, TurnEnd::Stopped, now);
            return Work::Done;
        };
        let end = {
            let mut user = lock(&user);
            here.welcome(&user.machine);
            self.attend(&mut user);
            let mut turn = TurnOf { system: self, here: &mut *here, meter, begin: now, slice: turn.slice };
            let end = turn.give(&mut user);
            user.listen();
            here.farewell(&user.machine);
            end
        };
        let now_after = meter.now();
        self.scheduler().ran(turn.owner, now_after.saturating_sub(now), end, now_after);
        if end == TurnEnd::PageWait {
            // Somebody who runs now is going to give frames back.
            self.ready(turn.owner, Wake::Page, now_after);
        }
        self.post.take_fresh().into_iter().for_each(|owner| self.ready(owner, Wake::Other, now_after));
        Work::Done
    }

    /// Tells the scheduler that a virtual machine has something to do.
    pub fn ready(&self, owner: Owner, why: Wake, now: u64) {
        self.scheduler().ready(owner, why, now);
    }

    /// Those whose time has come have something to do.
    fn wake_sleepers(&self, now: u64) {
        let mut due = Vec::new();
        {
            let mut sleepers = self.sleepers();
            due.extend(std::iter::from_fn(|| sleepers.take_due(now)));
        }
        due.into_iter().for_each(|owner| self.ready(owner, Wake::Timer, now));
    }

    /// When something will happen by itself.
    fn next_event(&self) -> Option<u64> {
        let sleeper = self.sleepers().next();
        [sleeper, self.scheduler().next_event()].into_iter().flatten().min()
    }
}

/// A user whose lock nobody left in disorder: a panic of another thread is a defect of its own.
pub(crate) fn lock(user: &Arc<Mutex<User>>) -> MutexGuard<'_, User> {
    user.lock().unwrap_or_else(PoisonError::into_inner)
}

impl TurnOf<'_> {
    /// Runs the machine to the end of its turn.
    fn give(&mut self, user: &mut User) -> TurnEnd {
        if user.mode == Mode::CpRead && !user.settings.run {
            return TurnEnd::Stopped;
        }
        let deterministic = self.meter.is_deterministic();
        user.machine.instruction_time = if deterministic { MICROSECOND } else { 0 };
        if !deterministic {
            user.machine.sleep_until(self.begin);
        }
        loop {
            let used = self.meter.now().saturating_sub(self.begin);
            if used >= self.slice {
                return TurnEnd::SliceUsed;
            }
            let budget = if deterministic { ((self.slice - used) / MICROSECOND).max(1) } else { STRIDE };
            let before = cost(user);
            let stop = user.machine.run(&mut self.here.processor, budget);
            if !deterministic {
                user.machine.ran_until(self.meter.now());
            }
            let end = self.deal_with(user, stop, deterministic);
            // A machine that does nothing but wait and be interrupted must come to the end of its slice too.
            self.meter.executed(cost(user).saturating_sub(before).max(1));
            if let Some(end) = end {
                return end;
            }
        }
    }

    /// Deals with what a machine came back with. None if it goes on.
    fn deal_with(&mut self, user: &mut User, stop: Stop, deterministic: bool) -> Option<TurnEnd> {
        let quick = !deterministic && user.machine.channels.timing() == Timing::Quick;
        match stop {
            Stop::Slice => {
                if quick {
                    (0..EVENTS_A_STRIDE).take_while(|_| user.machine.hurry()).count();
                }
                None
            }
            Stop::Diagnose(request) => {
                let mut cp = Cp { system: self.system, user, processor: &mut self.here.processor };
                let outcome = crate::diagnose::execute(&mut cp, request);
                if outcome == Outcome::Again {
                    return Some(TurnEnd::IoWait);
                }
                (user.mode == Mode::CpRead && !user.settings.run).then_some(TurnEnd::Stopped)
            }
            Stop::Wait { .. } if quick && user.machine.hurry() => None,
            Stop::Wait { until } if deterministic && until != u64::MAX => {
                user.machine.sleep_until(until);
                None
            }
            Stop::Wait { until } => {
                if until != u64::MAX {
                    self.system.sleepers().put(user.machine.owner, until);
                }
                Some(if user.machine.channels.is_idle() { TurnEnd::Wait } else { TurnEnd::IoWait })
            }
            Stop::DisabledWait => {
                let psw = user.machine.state.psw.emit(0, 0);
                Some(stop_with(
                    user,
                    stop,
                    &format!("DMKDSP450W CP ENTERED; DISABLED WAIT PSW '{:08X} {:08X}'", psw >> 32, psw as u32),
                ))
            }
            Stop::ProgramLoop => Some(stop_with(user, stop, "DMKDSP453W CP ENTERED; PROGRAM INTERRUPT LOOP")),
            Stop::Lost => Some(stop_with(user, stop, "DMKPTR410W CP ENTERED; PAGING ERROR: NO ROOM IN THE PAGE AREA")),
            Stop::Stopped => Some(TurnEnd::Stopped),
            Stop::NoFrame => Some(TurnEnd::PageWait),
        }
    }
}

/// What a machine has cost in all, in instructions: its own, what CP did for it, and what its channels did.
fn cost(user: &User) -> u64 {
    /// Bytes that a channel moves while CP simulates an instruction.
    const BYTES: u64 = 2048;
    let channels = user.machine.channels.activity();
    user.machine.work() + channels.map(|(_, done)| done.commands + done.bytes / BYTES).sum::<u64>()
}

/// CP takes the console: the machine cannot go on.
fn stop_with(user: &mut User, stop: Stop, message: &str) -> TurnEnd {
    user.say(message);
    user.mode = Mode::CpRead;
    user.last_stop = Some(stop);
    TurnEnd::Stopped
}
