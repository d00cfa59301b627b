//! Virtual machines with a program each, for a system of one or several processors.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use asm370::{NoLibrary, Options, Source, assemble, link};
use cp::{
    dispatch::Place,
    real::Owner,
    system::System,
    user::{Mode, User, padded},
    vm::{Definition, Stop, Timer},
};
use s370_cpu::{state::Model, storage::AbsoluteStorage};

/// Where a program's PSW points when all is well at its end.
pub const SUCCESS: u32 = 0x00C0DE;

/// A user whose machine has a program from location 0, with a restart PSW.
#[derive(Clone)]
pub struct Member {
    /// The user.
    pub user: Arc<Mutex<User>>,
    /// Whose machine it is.
    pub owner: Owner,
}

/// A core image from assembler source that begins at 0.
///
/// # Panics
/// The source is wrong.
#[must_use]
pub fn image(source: &str) -> Vec<u8> {
    let assembly = assemble(&Source::new("program", source), &Options::default(), &NoLibrary);
    let messages: Vec<String> = assembly.diagnostics.iter().map(ToString::to_string).collect();
    assert!(messages.is_empty(), "{messages:#?}");
    link(&[assembly.object.expect("an object")], 0).expect("a program that can be linked").bytes
}

impl Member {
    /// Logs a user on, whose machine will begin with the program as soon as it is ready.
    ///
    /// # Panics
    /// There cannot be such a machine.
    #[must_use]
    pub fn new(system: &System, image: &[u8], storage: u32, timer: Timer) -> Member {
        let definition = Definition { user: padded("CREW"), storage, model: Model::default(), timer };
        let user = system.log_on("CREW", "G", &definition, 0x009).expect("a user");
        let owner = {
            let mut user = lock(&user);
            user.machine.storage.store(0, image);
            user.machine.restart();
            user.mode = Mode::Running;
            user.machine.owner
        };
        Member { user, owner }
    }

    /// The user.
    pub fn lock(&self) -> MutexGuard<'_, User> {
        lock(&self.user)
    }

    /// Whether the scheduler has nothing more to do with the machine, which therefore waits or is stopped.
    #[must_use]
    pub fn is_idle(&self, system: &System) -> bool {
        system.scheduler().status(self.owner).is_none_or(|status| status.place == Place::Idle)
    }

    /// What is wrong with how the program ended; nothing if it says that all is well.
    #[must_use]
    pub fn complaint(&self) -> Option<String> {
        let user = self.lock();
        let state = &user.machine.state;
        let is_success = user.last_stop == Some(Stop::DisabledWait) && state.psw.address == SUCCESS;
        (!is_success).then(|| format!("{:?} {:X?} {:?}", user.last_stop, state, user.machine.counts))
    }

    /// Instructions it has executed.
    #[must_use]
    pub fn instructions(&self) -> u64 {
        self.lock().machine.instructions()
    }
}

fn lock(user: &Arc<Mutex<User>>) -> MutexGuard<'_, User> {
    user.lock().unwrap_or_else(PoisonError::into_inner)
}
