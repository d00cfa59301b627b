//! What users are to be told by others while they run, perhaps on another processor: lines, devices that are to be looked
//! at, messages of the virtual machine communication facility. A user who runs is locked, so that what is for them is left
//! here; [`System::attend`](crate::system::System::attend) brings it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use crate::real::Owner;

/// Lines that are kept for a user who does not fetch them; of more, the oldest are lost.
pub const LINES: usize = 500;

/// What is there for a user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Letters {
    /// Lines that CP says.
    pub lines: Vec<String>,
    /// Devices at which something happened from outside.
    pub touched: BTreeSet<u16>,
    /// There is a message for the virtual machine (external interruption X'4001').
    pub message: bool,
}

/// A place for each user.
#[derive(Debug, Default)]
pub struct Post {
    boxes: Mutex<BTreeMap<Owner, Letters>>,
    fresh: Mutex<BTreeSet<Owner>>,
    /// Somebody is in `fresh`: to be seen without the lock.
    has_fresh: AtomicBool,
}

impl Post {
    /// Begins to take what is for a user.
    pub fn open(&self, owner: Owner) {
        self.boxes().entry(owner).or_default();
    }

    /// Does not take anything more for a user.
    pub fn close(&self, owner: Owner) {
        self.boxes().remove(&owner);
        self.fresh().remove(&owner);
    }

    fn boxes(&self) -> MutexGuard<'_, BTreeMap<Owner, Letters>> {
        self.boxes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fresh(&self) -> MutexGuard<'_, BTreeSet<Owner>> {
        self.fresh.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn leave(&self, owner: Owner, put: impl FnOnce(&mut Letters)) {
        if let Some(letters) = self.boxes().get_mut(&owner) {
            put(letters);
            self.fresh().insert(owner);
            self.has_fresh.store(true, Ordering::Release);
        }
    }

    /// A line for a user.
    pub fn tell(&self, owner: Owner, line: String) {
        self.leave(owner, |letters| {
            if letters.lines.len() == LINES {
                letters.lines.remove(0);
            }
            letters.lines.push(line);
        });
    }

    /// Something happened at a device of a user.
    pub fn touch(&self, owner: Owner, address: u16) {
        self.leave(owner, |letters| {
            letters.touched.insert(address);
        });
    }

    /// There is a message for a user's virtual machine.
    pub fn announce(&self, owner: Owner) {
        self.leave(owner, |letters| letters.message = true);
    }

    /// Takes what is there for a user.
    pub fn take(&self, owner: Owner) -> Letters {
        self.boxes().get_mut(&owner).map(std::mem::take).unwrap_or_default()
    }

    /// Whether [`Post::take_fresh`] has anybody to name.
    #[must_use]
    pub fn has_fresh(&self) -> bool {
        self.has_fresh.load(Ordering::Acquire)
    }

    /// For whom something has come since this was last asked: they may have to be woken.
    pub fn take_fresh(&self) -> BTreeSet<Owner> {
        // Who comes meanwhile sets it again.
        self.has_fresh.store(false, Ordering::Release);
        std::mem::take(&mut self.fresh())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_for_a_user_is_there_once() {
        let post = Post::default();
        let (one, two) = (Owner(1), Owner(2));
        post.tell(one, "NOBODY".to_owned());
        assert!(post.take_fresh().is_empty(), "there was no box");
        post.open(one);
        post.open(two);
        post.tell(one, "HELLO".to_owned());
        post.touch(one, 0x0190);
        post.announce(one);
        assert_eq!(post.take_fresh(), BTreeSet::from([one]));
        let letters = Letters { lines: vec!["HELLO".to_owned()], touched: BTreeSet::from([0x0190]), message: true };
        assert_eq!(post.take(one), letters);
        assert_eq!((post.take(one), post.take(two)), Default::default());
        post.close(one);
        post.announce(one);
        assert!(post.take_fresh().is_empty());
    }

    #[test]
    fn lines_are_bounded() {
        let post = Post::default();
        post.open(Owner(1));
        (0..2 * LINES).for_each(|n| post.tell(Owner(1), n.to_string()));
        let lines = post.take(Owner(1)).lines;
        assert_eq!((lines.len(), lines[0].as_str()), (LINES, "500"));
    }
}
