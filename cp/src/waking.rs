//! How virtual machines come to have something to do, and processors to know of it.
//!
//! Whoever makes a machine ready says so by [`System::ready`], [`System::touch`] or [`System::visit`], at whatever time and
//! on whatever thread. The scheduler then says which processors should look for work: one that sleeps is woken by whoever
//! owns its thread ([`System::set_rouser`]); one that runs somebody less urgent finds a flag at its next look at the clock.
//!
//! Times are watched by whoever is awake. A processor that runs looks for sleepers that are due at each look at the clock,
//! and one that has nothing to do is told until when ([`Work::Idle`](crate::dispatcher::Work)): a machine that goes to
//! sleep does so on a processor that afterwards does one or the other. So nothing is forgotten, and nobody polls.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::{
    dispatch::{Rouse, Scheduler, Wake},
    dispatcher::lock,
    real::Owner,
    system::System,
    user::User,
};

/// What wakes processors. It is called by any thread, also by one that is a processor.
pub type Rouser = Box<dyn Fn(Rouse) + Send + Sync>;

impl System {
    /// Installs what wakes processors; it can be done once. Without it nobody is woken: then who calls
    /// [`System::work`] has to do so again after whatever he did himself.
    ///
    /// # Errors
    /// It is installed: it is given back.
    pub fn set_rouser(&self, rouser: Rouser) -> Result<(), Rouser> {
        self.rouser.set(rouser)
    }

    /// Tells the scheduler something, and then the processors which it names.
    pub fn schedule<R>(&self, act: impl FnOnce(&mut Scheduler) -> R) -> R {
        let mut idle = Vec::new();
        let result = {
            let mut scheduler = self.scheduler();
            let result = act(&mut scheduler);
            while let Some(rouse) = scheduler.rouse() {
                match rouse {
                    // With the lock held: so it is meant for the turn that goes on now, and not for a later one.
                    Rouse::Preempt(number) => self.preempt(number),
                    Rouse::Idle(_) => {}
                }
                idle.push(rouse);
            }
            result
        };
        if let Some(rouser) = self.rouser.get() {
            idle.into_iter().for_each(rouser);
        }
        result
    }

    /// Has the turn on a processor end soon.
    pub(crate) fn preempt(&self, number: u16) {
        if let Some(flag) = self.preempted.get(usize::from(number)) {
            flag.store(true, Ordering::Release);
        }
    }

    /// A turn is about to begin on a processor: what was meant for the last one is over. To be called with the scheduler
    /// locked, as [`System::preempt`] is.
    pub(crate) fn begin_turn(&self, number: u16) {
        if let Some(flag) = self.preempted.get(usize::from(number)) {
            flag.store(false, Ordering::Release);
        }
    }

    /// Whether the turn on a processor is to end.
    pub(crate) fn is_preempted(&self, number: u16) -> bool {
        self.preempted.get(usize::from(number)).is_some_and(|flag| flag.load(Ordering::Acquire))
    }

    /// Has all turns end soon, as when processors are to stop.
    pub fn end_turns(&self) {
        (0..self.preempted.len()).for_each(|number| self.preempt(number as u16));
    }

    /// Tells the scheduler that a virtual machine has something to do. A machine that finds nothing to do after all goes
    /// back to its wait: to call this once too often does no harm.
    pub fn ready(&self, owner: Owner, why: Wake, now: u64) {
        self.schedule(|scheduler| scheduler.ready(owner, why, now));
    }

    /// Something was done to a device of a virtual machine from outside: it looks at it, whether it runs now or not.
    pub fn touch(&self, owner: Owner, address: u16, why: Wake, now: u64) {
        self.post.touch(owner, address);
        self.ready(owner, why, now);
        self.distribute(now);
    }

    /// Does something with a user, between two stretches of what their virtual machine executes, which then goes on or, if
    /// it waits, looks whether it has something to do. A machine that runs is interrupted for it.
    /// None if nobody has this number.
    ///
    /// For threads that are not processors: who locks a user otherwise may have to wait as long as the machine does not,
    /// as processors come back at once.
    pub fn visit<R>(&self, owner: Owner, why: Wake, act: impl FnOnce(&mut User) -> R) -> Option<R> {
        let seat = self.seat(owner)?;
        let visit = Visit { system: self, owner, why };
        seat.visitors.fetch_add(1, Ordering::SeqCst);
        let left = Left(&seat.visitors);
        let result = act(&mut lock(&seat.user));
        drop(left);
        drop(visit);
        Some(result)
    }

    /// Wakes those for whom something has come.
    pub fn distribute(&self, now: u64) {
        if self.post.has_fresh() {
            self.post.take_fresh().into_iter().for_each(|owner| self.ready(owner, Wake::Other, now));
        }
    }

    /// Those whose time has come have something to do.
    pub(crate) fn wake_sleepers(&self, now: u64) {
        self.sleepers.take_due(now).into_iter().for_each(|owner| self.ready(owner, Wake::Timer, now));
    }

    /// When something will happen by itself.
    pub(crate) fn next_event(&self) -> Option<u64> {
        [self.sleepers.first(), self.scheduler().next_event()].into_iter().flatten().min()
    }
}

/// One visitor fewer, whatever happened.
struct Left<'a>(&'a AtomicU32);

impl Drop for Left<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// The machine that was visited is ready again when this goes.
struct Visit<'a> {
    system: &'a System,
    owner: Owner,
    why: Wake,
}

impl Drop for Visit<'_> {
    fn drop(&mut self) {
        // The scheduler's own clock will do.
        self.system.ready(self.owner, self.why, 0);
        self.system.distribute(0);
    }
}
