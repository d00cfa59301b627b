//! The system: the real machine, the users on it, and the processors that run them.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
    },
};

use devices::{
    channel::AttachError,
    ctca::{Bell, ChannelToChannel, Plug},
};
use s370_arch::channel::ChannelKind;
use s370_cpu::{
    processor::{Engine, Processor},
    state::{CpuState, Model},
    storage::BadSize,
};

use crate::{
    clock::Zone,
    dispatch::{DEFAULT_PRIORITY, Scheduler, Tuning},
    post::Post,
    real::{Owner, RealStorage, StorageError},
    sleepers::Sleepers,
    user::User,
    vm::{Definition, TablePool, VirtualMachine},
    vmcf::Vmcf,
    waking::Rouser,
};

/// All that processors share.
pub struct System {
    /// Real storage.
    pub real: Arc<RealStorage>,
    /// Shadow tables that nobody has.
    pub pool: Arc<TablePool>,
    /// What users are to be told.
    pub post: Arc<Post>,
    /// Messages between virtual machines.
    pub vmcf: Arc<Vmcf>,
    /// Where the system stands.
    pub zone: Zone,
    /// How real processors execute the instructions of machines that are made from now on.
    pub engine: Engine,
    /// What TOD clocks of machines that are made from now on show at time 0; none: they are not set.
    pub tod: Option<u64>,
    users: Mutex<BTreeMap<Owner, LoggedOn>>,
    adapters: Mutex<BTreeMap<(Owner, u16), Plug>>,
    next: AtomicU32,
    scheduler: Mutex<Scheduler>,
    /// Machines that wait for a time.
    pub(crate) sleepers: Sleepers,
    pub(crate) rouser: OnceLock<Rouser>,
    /// Of each processor, whether the turn on it is to end.
    pub(crate) preempted: Box<[AtomicBool]>,
    /// The time when somebody last asked, if it is the host's; zero in deterministic time.
    pub(crate) clock: AtomicU64,
    /// When frames are to be counted again.
    pub(crate) next_count: AtomicU64,
}

/// The virtual channel-to-channel adapters of all users, by owner and address.
pub type Adapters<'a> = MutexGuard<'a, BTreeMap<(Owner, u16), Plug>>;

struct LoggedOn {
    userid: String,
    terminal: Option<String>,
    seat: Arc<Seat>,
}

/// A user, and who wants something of them.
pub(crate) struct Seat {
    pub user: Arc<Mutex<User>>,
    /// Those who wait for the user, or are with them: no turn begins or goes on meanwhile.
    pub visitors: AtomicU32,
    /// The user is logged off.
    pub is_gone: AtomicBool,
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
        Ok(System {
            real,
            pool,
            post: Arc::default(),
            vmcf: Arc::default(),
            zone: Zone::default(),
            engine: Engine::default(),
            tod: None,
            users: Mutex::default(),
            adapters: Mutex::default(),
            next: AtomicU32::new(1),
            scheduler: Mutex::new(Scheduler::new(Tuning::new(processors))),
            sleepers: Sleepers::default(),
            rouser: OnceLock::new(),
            preempted: (0..processors.max(1)).map(|_| AtomicBool::new(false)).collect(),
            clock: AtomicU64::new(0),
            next_count: AtomicU64::new(0),
        })
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

    fn users(&self) -> MutexGuard<'_, BTreeMap<Owner, LoggedOn>> {
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
        let mut machine = VirtualMachine::new(owner, definition, &self.real, &self.pool)?;
        machine.receive_messages(Arc::clone(&self.vmcf), Arc::clone(&self.post));
        machine.engine = self.engine;
        let now = self.clock.load(Ordering::Relaxed);
        if now != 0 {
            machine.instruction_time = 0;
            machine.sleep_until(now);
        }
        self.tod.into_iter().for_each(|tod| machine.state.set_tod(tod.wrapping_add(now)));
        let mut user = User::new(userid, classes, machine, console);
        user.since = now;
        let user = Arc::new(Mutex::new(user));
        self.post.open(owner);
        let seat = Seat { user: Arc::clone(&user), visitors: AtomicU32::new(0), is_gone: AtomicBool::new(false) };
        self.users().insert(owner, LoggedOn { userid: userid.to_owned(), terminal: None, seat: Arc::new(seat) });
        self.schedule(|scheduler| scheduler.enter(owner, DEFAULT_PRIORITY));
        self.next_count.store(0, Ordering::Relaxed);
        Ok(user)
    }

    /// Logs a user off. If their machine runs just now, that turn ends soon, and the machine goes with its last user
    /// ([`System::user`]).
    pub fn log_off(&self, owner: Owner) {
        let seat = self.users().remove(&owner).map(|logged_on| logged_on.seat);
        seat.into_iter().for_each(|seat| seat.is_gone.store(true, Ordering::SeqCst));
        self.schedule(|scheduler| scheduler.leave(owner));
        self.sleepers.remove(owner);
        self.silence(owner);
        self.post.close(owner);
        let mut adapters = self.adapters();
        while let Some((&key, _)) = adapters.range((owner, 0)..=(owner, u16::MAX)).next() {
            if let Some(plug) = adapters.remove(&key) {
                plug.uncouple();
            }
        }
    }

    /// Brings a user what has come for them. To be called before their virtual machine runs, and whenever
    /// [`Post::take_fresh`] names them.
    pub fn attend(&self, user: &mut User) {
        let owner = user.machine.owner;
        let letters = self.post.take(owner);
        letters.lines.iter().for_each(|line| user.say(line));
        letters.touched.iter().for_each(|address| user.machine.touched(*address));
        user.machine.state.external.message |= letters.message;
    }

    /// A virtual machine has nothing more to do with messages: it is reset, or its user is logged off.
    pub fn silence(&self, owner: Owner) {
        self.vmcf.unauthorize(owner).into_iter().for_each(|other| self.post.announce(other));
    }

    /// The virtual channel-to-channel adapters. Nobody couples any while they are held.
    pub fn adapters(&self) -> Adapters<'_> {
        self.adapters.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives a user a channel-to-channel adapter that is not coupled yet. Its channel is a selector channel from then on.
    ///
    /// # Errors
    /// There cannot be a device at this address, or there is one.
    pub fn define_adapter(&self, user: &mut User, address: u16) -> Result<(), AttachError> {
        let side = ChannelToChannel::uncoupled();
        let (plug, owner, post) = (side.plug(), user.machine.owner, Arc::clone(&self.post));
        user.machine.channels.attach(address, Box::new(side))?;
        if address > 0xFF {
            user.machine.channels.set_kind((address >> 8) as u8, ChannelKind::Selector);
        }
        plug.set_bell(Bell::new(move || post.touch(owner, address)));
        self.adapters().insert((owner, address), plug);
        Ok(())
    }

    /// The user with this identification.
    #[must_use]
    pub fn find(&self, userid: &str) -> Option<Owner> {
        self.users().iter().find(|(_, logged_on)| logged_on.userid == userid).map(|(owner, _)| *owner)
    }

    /// The user's identification.
    #[must_use]
    pub fn userid(&self, owner: Owner) -> Option<String> {
        self.users().get(&owner).map(|logged_on| logged_on.userid.clone())
    }

    /// A user's terminal, as `GRAF 0C0` or `LINE 009`; none when they are disconnected.
    #[must_use]
    pub fn terminal(&self, owner: Owner) -> Option<String> {
        self.users().get(&owner)?.terminal.clone()
    }

    /// A user sits down before a terminal, or leaves it.
    pub fn set_terminal(&self, owner: Owner, terminal: Option<String>) {
        if let Some(logged_on) = self.users().get_mut(&owner) {
            logged_on.terminal = terminal;
        }
    }

    /// How many real processors there are.
    #[must_use]
    pub fn processors(&self) -> u16 {
        self.preempted.len() as u16
    }

    /// How many users are logged on.
    #[must_use]
    pub fn user_count(&self) -> usize {
        self.users().len()
    }

    /// The scheduler, for questions; what may make a machine ready is for [`System::schedule`].
    pub fn scheduler(&self) -> MutexGuard<'_, Scheduler> {
        self.scheduler.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn seat(&self, owner: Owner) -> Option<Arc<Seat>> {
        self.users().get(&owner).map(|logged_on| Arc::clone(&logged_on.seat))
    }

    /// A user. They may be running: other threads come to them by [`System::visit`].
    #[must_use]
    pub fn user(&self, owner: Owner) -> Option<Arc<Mutex<User>>> {
        self.users().get(&owner).map(|logged_on| Arc::clone(&logged_on.seat.user))
    }

    /// Everyone who is logged on.
    #[must_use]
    pub fn everyone(&self) -> Vec<Arc<Mutex<User>>> {
        self.users().values().map(|logged_on| Arc::clone(&logged_on.seat.user)).collect()
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

    /// Forgets those who are no longer there, when they are more than the others.
    pub(crate) fn forget_the_gone(&mut self, system: &System) {
        let users = system.users();
        if self.epochs.len() > 2 * users.len() {
            self.epochs.retain(|owner, _| users.contains_key(owner));
        }
    }
}
