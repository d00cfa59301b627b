//! The real machine at work: its processors as threads, and the host's clock as time.
//!
//! Each thread does what the dispatcher says ([`cp::system::System::work`]). When there is nothing to do it sleeps until
//! something happens by itself, or until it is roused because somebody made a virtual machine ready.

use std::{
    io,
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use cp::{
    dispatch::{Rouse, Wake},
    dispatcher::{Meter, Work},
    real::Owner,
    system::System,
};
use thiserror::Error;

use crate::workshop::Thread;

/// A system cannot be started, or did not stop as it should.
#[derive(Debug, Error)]
pub enum ComplexError {
    /// Somebody else has started it.
    #[error("the system has been started already")]
    Started,
    /// The host has no thread.
    #[error("no thread for a real processor: {0}")]
    Thread(#[from] io::Error),
    /// A thread ended by a panic.
    #[error("real processor {0} has failed")]
    Failed(u16),
}

/// The host's clock: units of the TOD clock since it was made.
#[derive(Clone, Copy, Debug)]
pub struct HostTime(Instant);

impl HostTime {
    /// It is time 1: at 0 a system has no clock yet.
    #[must_use]
    pub fn start() -> HostTime {
        HostTime(Instant::now())
    }

    /// When it is this time.
    fn instant(&self, time: u64) -> Option<Instant> {
        // 4096 units are a microsecond; rounded up, so that nobody is too early.
        let nanoseconds = (u128::from(time) * 125).div_ceil(512);
        self.0.checked_add(Duration::from_nanos(u64::try_from(nanoseconds).ok()?))
    }
}

impl Meter for HostTime {
    fn now(&self) -> u64 {
        u64::try_from(self.0.elapsed().as_nanos() * 512 / 125).unwrap_or(u64::MAX).max(1)
    }

    fn executed(&self, _: u64) {}

    fn is_deterministic(&self) -> bool {
        false
    }
}

/// Where a processor sleeps.
#[derive(Debug, Default)]
struct Bed {
    is_roused: Mutex<bool>,
    alarm: Condvar,
}

impl Bed {
    fn rouse(&self) {
        *self.is_roused.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.alarm.notify_one();
    }

    /// Sleeps until it is roused, or has been since it slept last, or until this moment.
    fn sleep(&self, until: Option<Instant>) {
        let mut is_roused = self.is_roused.lock().unwrap_or_else(PoisonError::into_inner);
        while !*is_roused {
            let Some(until) = until else {
                is_roused = self.alarm.wait(is_roused).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            is_roused = self.alarm.wait_timeout(is_roused, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        *is_roused = false;
    }
}

/// A system's real processors, as threads. They end when this is dropped.
pub struct Complex {
    system: Arc<System>,
    time: HostTime,
    beds: Arc<[Bed]>,
    ends: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Complex {
    /// Starts a thread for each of a system's processors. From now on the system's time is this host time.
    ///
    /// # Errors
    /// The system was started before, or the host has no threads for it; those that were started end.
    pub fn start(system: Arc<System>, time: HostTime) -> Result<Complex, ComplexError> {
        let beds: Arc<[Bed]> = (0..system.processors()).map(|_| Bed::default()).collect();
        let sleepers = Arc::clone(&beds);
        let rouser = move |rouse: Rouse| {
            // Who runs finds a flag.
            if let Rouse::Idle(number) = rouse {
                sleepers[usize::from(number)].rouse();
            }
        };
        system.set_rouser(Box::new(rouser)).map_err(|_| ComplexError::Started)?;
        let mut complex = Complex { system, time, beds, ends: Arc::default(), threads: Vec::new() };
        for number in 0..complex.system.processors() {
            complex.threads.push(complex.processor(number)?);
        }
        Ok(complex)
    }

    fn processor(&self, number: u16) -> io::Result<JoinHandle<()>> {
        let (system, beds, ends) = (Arc::clone(&self.system), Arc::clone(&self.beds), Arc::clone(&self.ends));
        let time = self.time;
        thread::Builder::new().name(format!("processor {number}")).spawn(move || {
            let mut here = system.processor(number);
            here.processor.translator_mut().employ(Box::new(Thread::default()));
            while !ends.load(Ordering::Acquire) {
                if let Work::Idle { until } = system.work(&mut here, &time) {
                    beds[usize::from(number)].sleep(until.and_then(|until| time.instant(until)));
                }
            }
        })
    }

    /// The system.
    #[must_use]
    pub fn system(&self) -> &Arc<System> {
        &self.system
    }

    /// The time now, as the system has it.
    #[must_use]
    pub fn now(&self) -> u64 {
        self.time.now()
    }

    /// A virtual machine has something to do.
    pub fn ready(&self, owner: Owner, why: Wake) {
        self.system.ready(owner, why, self.now());
    }

    /// Stops: turns end, nobody runs any more, the threads are gone.
    ///
    /// # Errors
    /// A thread had failed.
    pub fn stop(mut self) -> Result<(), ComplexError> {
        self.end()
    }

    fn end(&mut self) -> Result<(), ComplexError> {
        self.ends.store(true, Ordering::Release);
        let mut result = Ok(());
        for (number, thread) in (0..).zip(std::mem::take(&mut self.threads)) {
            // A turn that was about to begin forgets what was asked of the one before.
            while !thread.is_finished() {
                self.system.end_turns();
                self.beds.iter().for_each(Bed::rouse);
                thread::sleep(Duration::from_micros(200));
            }
            if thread.join().is_err() {
                result = Err(ComplexError::Failed(number));
            }
        }
        result
    }
}

impl Drop for Complex {
    fn drop(&mut self) {
        // Whoever wants to know has called `stop`.
        drop(self.end());
    }
}
