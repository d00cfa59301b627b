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
    dispatch::TurnEnd,
    real::Owner,
    system::{Cp, RealProcessor, Seat, System},
    user::{Mode, Sleep, User},
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

/// About how often the clock is looked at while a virtual machine runs, when time is the host's: in units of the TOD clock.
/// So long at most is a machine in the way of somebody more urgent, and of whoever wants its user.
pub const LOOK: u64 = 200 * MICROSECOND;
/// Instructions between two looks at the clock.
const STRIDES: std::ops::RangeInclusive<u64> = 1_000..=2_000_000;
/// After so long a machine that had to wait for another processor tries again, when time is the host's.
const RETRY: u64 = 200 * MICROSECOND;
/// Devices that are not to be waited for may do so many things between two runs of instructions.
const EVENTS_A_STRIDE: u32 = 64;

impl System {
    /// Has a real processor do the next thing that there is to do.
    pub fn work(&self, here: &mut RealProcessor, meter: &dyn Meter) -> Work {
        let now = meter.now();
        if !meter.is_deterministic() {
            self.clock.store(now, Ordering::Relaxed);
        }
        self.wake_sleepers(now);
        self.distribute(now);
        self.count_frames(now);
        let turn = self.schedule(|scheduler| {
            scheduler.tick(now);
            self.begin_turn(here.number);
            scheduler.pick(here.number, now)
        });
        let Some(turn) = turn else { return Work::Idle { until: self.next_event() } };
        let (end, now_after) = match self.seat(turn.owner) {
            Some(seat) => self.give_turn(here, meter, &seat, (now, turn.slice)),
            None => {
                self.schedule(|scheduler| scheduler.leave(turn.owner));
                (TurnEnd::Stopped, now)
            }
        };
        let place = self.schedule(|scheduler| {
            scheduler.ran(turn.owner, now_after.saturating_sub(now), end, now_after);
            scheduler.status(turn.owner).map(|status| status.place)
        });
        self.trim_if_dropped(turn.owner, place);
        if end == TurnEnd::PageWait {
            self.try_again(turn.owner, meter, now_after);
        }
        self.distribute(now_after);
        Work::Done
    }

    /// One turn of a user's machine: how it ended, and when.
    fn give_turn(
        &self,
        here: &mut RealProcessor,
        meter: &dyn Meter,
        seat: &Seat,
        (begin, slice): (u64, u64),
    ) -> (TurnEnd, u64) {
        if seat.visitors.load(Ordering::SeqCst) > 0 {
            // The last of them says that the machine is ready.
            return (TurnEnd::IoWait, begin);
        }
        let mut user = lock(&seat.user);
        here.welcome(&user.machine);
        self.attend(&mut user);
        let deterministic = meter.is_deterministic();
        let mut turn = TurnOf { system: self, here: &mut *here, meter, seat, deterministic, begin, now: begin, slice };
        let end = turn.give(&mut user);
        let now = turn.now;
        user.listen();
        here.farewell(&user.machine);
        let owner = user.machine.owner;
        self.estimate(owner, &mut user.since_estimate, now.saturating_sub(begin), end);
        drop(user);
        if seat.is_gone.load(Ordering::SeqCst) {
            // It may have gone to sleep since it was logged off.
            self.sleepers.remove(owner);
            here.forget_the_gone(self);
        }
        (end, now)
    }

    /// A machine found something that others have who run just now: a frame, another user.
    fn try_again(&self, owner: Owner, meter: &dyn Meter, now: u64) {
        if meter.is_deterministic() {
            // There is one processor, and nobody runs but this machine.
            self.ready(owner, crate::dispatch::Wake::Page, now);
        } else {
            self.sleepers.put(owner, now + RETRY);
        }
    }
}

/// A user whose lock nobody left in disorder: a panic of another thread is a defect of its own.
pub(crate) fn lock(user: &Arc<Mutex<User>>) -> MutexGuard<'_, User> {
    user.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a turn on a real processor needs at hand.
struct TurnOf<'a> {
    system: &'a System,
    here: &'a mut RealProcessor,
    meter: &'a dyn Meter,
    seat: &'a Seat,
    deterministic: bool,
    /// When it began.
    begin: u64,
    /// When the clock was last looked at.
    now: u64,
    slice: u64,
}

impl TurnOf<'_> {
    /// Runs the machine to the end of its turn.
    fn give(&mut self, user: &mut User) -> TurnEnd {
        user.machine.instruction_time = if self.deterministic { MICROSECOND } else { 0 };
        if !self.deterministic {
            user.machine.sleep_until(self.now);
            // A program that polls a device by TEST I/O would poll to the end of its stride, in which no time passes.
            user.machine.channels.hurry_for_programs();
        }
        if let Some(end) = self.may_not_run(user) {
            return end;
        }
        loop {
            let used = self.now.saturating_sub(self.begin);
            if used >= self.slice {
                return TurnEnd::SliceUsed;
            }
            let budget = if self.deterministic { ((self.slice - used) / MICROSECOND).max(1) } else { user.stride };
            let before = cost(user);
            let stop = user.machine.run(&mut self.here.processor, budget);
            // A machine that does nothing but wait and be interrupted must come to the end of its slice too.
            self.meter.executed(cost(user).saturating_sub(before).max(1));
            self.look_at_the_clock(user, stop == Stop::Slice);
            if let Some(end) = self.deal_with(user, stop).or_else(|| self.is_interrupted()) {
                return end;
            }
        }
    }

    /// Time has passed in which the machine ran: to the end of its stride, or not.
    fn look_at_the_clock(&mut self, user: &mut User, to_the_end: bool) {
        let before = std::mem::replace(&mut self.now, self.meter.now());
        if self.deterministic {
            return;
        }
        user.machine.ran_until(self.now);
        let took = self.now.saturating_sub(before);
        user.metered.0 = user.metered.0.saturating_add(took);
        if to_the_end {
            // Halfway to what would have been right: one stride says little, as the host may have done something else.
            let right = u128::from(user.stride) * u128::from(LOOK) / u128::from(took.max(1));
            let right = u64::try_from(right).unwrap_or(u64::MAX).clamp(user.stride / 4, user.stride * 4);
            user.stride = user.stride.midpoint(right).clamp(*STRIDES.start(), *STRIDES.end());
        }
    }

    /// Looks after everybody else; says whether this turn has to end for them.
    fn is_interrupted(&self) -> Option<TurnEnd> {
        self.system.wake_sleepers(self.now);
        self.system.distribute(self.now);
        if self.seat.is_gone.load(Ordering::Relaxed) {
            return Some(TurnEnd::Stopped);
        }
        if self.seat.visitors.load(Ordering::Relaxed) > 0 {
            return Some(TurnEnd::IoWait);
        }
        self.system.is_preempted(self.here.number).then_some(TurnEnd::Preempted)
    }

    /// What keeps the machine from running, if something does.
    fn may_not_run(&mut self, user: &mut User) -> Option<TurnEnd> {
        if user.mode == Mode::CpRead && !user.settings.run {
            return Some(TurnEnd::Stopped);
        }
        match user.sleep? {
            Sleep::Attention => return Some(TurnEnd::Stopped),
            Sleep::Until(time) if self.deterministic => user.machine.sleep_until(time),
            Sleep::Until(time) if time > self.now => {
                self.system.sleepers.put(user.machine.owner, time);
                return Some(TurnEnd::Stopped);
            }
            Sleep::Until(_) => {}
        }
        user.sleep = None;
        None
    }

    /// CP does what the machine asked for.
    fn diagnose(&mut self, user: &mut User, request: s370_cpu::bus::Diagnose) -> Option<TurnEnd> {
        let owner = user.machine.owner;
        let mut cp = Cp { system: self.system, user: &mut *user, processor: &mut self.here.processor };
        let outcome = crate::diagnose::execute(&mut cp, request);
        if !self.deterministic {
            let before = std::mem::replace(&mut self.now, self.meter.now());
            user.metered.1 = user.metered.1.saturating_add(self.now.saturating_sub(before));
            user.machine.sleep_until(self.now);
        }
        if outcome == Outcome::Again {
            // Another user was needed who runs just now.
            self.system.try_again(owner, self.meter, self.now);
            return Some(TurnEnd::IoWait);
        }
        self.may_not_run(user)
    }

    /// Deals with what a machine came back with. None if it goes on.
    fn deal_with(&mut self, user: &mut User, stop: Stop) -> Option<TurnEnd> {
        let quick = !self.deterministic && user.machine.channels.timing() == Timing::Quick;
        match stop {
            Stop::Slice => {
                if quick {
                    (0..EVENTS_A_STRIDE).take_while(|_| user.machine.hurry()).count();
                }
                None
            }
            Stop::Diagnose(request) => self.diagnose(user, request),
            Stop::Wait { .. } if quick && user.machine.hurry() => None,
            Stop::Wait { until } if self.deterministic && until != u64::MAX => {
                user.machine.sleep_until(until);
                None
            }
            Stop::Wait { until } if until <= self.now => {
                // The clock has gone on since.
                None
            }
            Stop::Wait { until } => {
                let owner = user.machine.owner;
                if until == u64::MAX {
                    self.system.sleepers.remove(owner);
                } else {
                    self.system.sleepers.put(owner, until);
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
