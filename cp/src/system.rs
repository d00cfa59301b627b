//! The system: the real machine, the users on it, and the processors that run them.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

use s370_cpu::{
    processor::Processor,
    state::{CpuState, Model},
    storage::BadSize,
};

use crate::{
    dispatch::{DEFAULT_PRIORITY, Scheduler, Tuning},
    real::{Owner, RealStorage, StorageError},
    user::User,
    vm::{Definition, TablePool, VirtualMachine},
};

/// All that processors share.
pub struct System {
    /// Real storage.
    pub real: Arc<RealStorage>,
    /// Shadow tables that nobody has.
    pub pool: Arc<TablePool>,
    users: Mutex<BTreeMap<Owner, Arc<Mutex<User>>>>,
    next: AtomicU32,
    scheduler: Mutex<Scheduler>,
    /// Machines that wait for a time, the earliest first.
    sleepers: Mutex<BinaryHeap<Reverse<(u64, Owner)>>>,
}

/// One real processor, on a thread of its own.
pub struct RealProcessor {
    /// Its number, from 0.
    pub number: u16,
    /// The processor.
    pub processor: Processor,
    /// Of each virtual machine, the epoch of its tables when it was last here.
    epochs: BTreeMap<Owner, u64>,
}

/// What a system, a user and a processor are together while CP works for the user: for commands and DIAGNOSE.
pub struct Cp<'a> {
    /// The system.
    pub system: &'a System,
    /// The user.
    pub user: &'a mut User,
    /// The processor that CP runs on.
    pub processor: &'a mut Processor,
}

impl System {
    /// A system with so many bytes of real storage and so many processors, and nobody logged on.
    ///
    /// # Errors
    /// Storage of this size cannot be had.
    pub fn new(storage: u64, processors: u16) -> Result<System, BadSize> {
        let real = Arc::new(RealStorage::new(storage)?);
        let pool = Arc::new(TablePool::new(Arc::clone(&real)));
        let scheduler = Mutex::new(Scheduler::new(Tuning::new(processors)));
        let (users, sleepers) = (Mutex::default(), Mutex::default());
        Ok(System { real, pool, users, next: AtomicU32::new(1), scheduler, sleepers })
    }

    /// A real processor.
    #[must_use]
    pub fn processor(&self, number: u16) -> RealProcessor {
        let mut model = Model::default();
        model.interval_timer = false;
        model.extended_real_addressing = true;
        let mut state = CpuState::new(model);
        state.cpu_address = number;
        let processor = Processor::new(state, Arc::clone(self.real.storage()));
        RealProcessor { number, processor, epochs: BTreeMap::new() }
    }

    fn users(&self) -> MutexGuard<'_, BTreeMap<Owner, Arc<Mutex<User>>>> {
        self.users.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Logs a user on: makes the virtual machine.
    ///
    /// # Errors
    /// There cannot be such a machine, or real storage is exhausted.
    pub fn log_on(
        &self,
        userid: &str,
        classes: &str,
        definition: &Definition,
        console: u16,
    ) -> Result<Arc<Mutex<User>>, StorageError> {
        let owner = Owner(self.next.fetch_add(1, Ordering::Relaxed));
        let machine = VirtualMachine::new(owner, definition, &self.real, &self.pool)?;
        let user = Arc::new(Mutex::new(User::new(userid, classes, machine, console)));
        self.users().insert(owner, Arc::clone(&user));
        self.scheduler().enter(owner, DEFAULT_PRIORITY);
        Ok(user)
    }

    /// Logs a user off.
    pub fn log_off(&self, owner: Owner) {
        self.users().remove(&owner);
        self.scheduler().leave(owner);
    }

    /// The user with this machine.
    #[must_use]
    pub fn user(&self, owner: Owner) -> Option<Arc<Mutex<User>>> {
        self.users().get(&owner).cloned()
    }

    /// The scheduler.
    pub fn scheduler(&self) -> MutexGuard<'_, Scheduler> {
        self.scheduler.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn sleepers(&self) -> MutexGuard<'_, BinaryHeap<Reverse<(u64, Owner)>>> {
        self.sleepers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everyone who is logged on.
    #[must_use]
    pub fn everyone(&self) -> Vec<Arc<Mutex<User>>> {
        self.users().values().cloned().collect()
    }
}

impl RealProcessor {
    /// To be called before a virtual machine runs here: forgets what has changed of its tables while it ran elsewhere.
    pub fn welcome(&mut self, machine: &VirtualMachine) {
        let epoch = machine.epoch();
        if self.epochs.insert(machine.owner, epoch) != Some(epoch) {
            machine.purge(&mut self.processor);
        }
    }

    /// To be called after it ran.
    pub fn farewell(&mut self, machine: &VirtualMachine) {
        self.epochs.insert(machine.owner, machine.epoch());
    }
}
