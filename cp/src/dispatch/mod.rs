//! Who runs next, on which real processor and for how long: the scheduler (DMKSCH) and the choice of the dispatcher (DMKDSP).
//! Policy and data only: no thread, no clock, no storage. The owner of the one [`Scheduler`] tells it what happens and when.
//!
//! The shape is that of VM/370 (System Logic and Problem Determination Guide, Volume 1, SY20-0886, "Dispatching and
//! Scheduling"; System Programmer's Guide, GC20-1807, "Using Processor Resources"):
//!
//! - A virtual machine that has something to do is *eligible* or *in queue*. In queue are those whose projected working sets
//!   fit together into the frames for paging; the others wait in the eligible list, in the order of their deadlines.
//! - *Queue 1* is for interactive machines: terminal input brings a machine there, for a short in-queue time slice. *Queue 2*
//!   is for all others, with a slice eight times as long. At the end of the in-queue slice a machine is dropped from the
//!   queue, its working set is projected anew, and others get their chance.
//! - From those in queue that are not waiting, a processor takes first a machine whose favored percentage is not yet met, then
//!   one of queue 1, then one of queue 2, and lets it run for a dispatching time slice, much shorter than the in-queue one.
//!
//! Deviation: where VM/370 sorts the dispatch list by the ratio of processor to wait time, a machine here has a *service tag*:
//! the processor time that it has had, times its priority. The least tag runs first; a machine that waited is not ahead of the
//! others by more than a slice, one that had a processor that nobody wanted is not behind by more than a few. That puts
//! machines that often wait in front, as VM/370's ratio does, gives equal machines equal shares whatever they do, and starves
//! nobody. Shares are in proportion to 1 / priority, as in VM/SP's fair-share scheduler (SC19-6203, "User Priority").
//!
//! The cost of every operation is in proportion to the logarithm of the number of machines, or to the number of processors
//! and of favored machines, of which there are few. The same calls give the same answers: nothing is random, and nothing
//! depends on the order of a hash table.

mod admission;
mod lists;
mod load;
mod scheduler;
mod task;
mod thrash;
mod transitions;
mod tuning;

pub use self::{
    load::Load,
    scheduler::{NoProcessor, Rouse, Scheduler, Turn},
    task::{Activity, DEFAULT_PRIORITY, Favored, Place, Queue, QueueStatus, TurnEnd, Usage, Wake},
    tuning::{MICROSECOND, MILLISECOND, SECOND, Tuning},
};
