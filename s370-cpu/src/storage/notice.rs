//! How processors that share storage hear of what makes their caches wrong: every processor has a [`Mailbox`], and looks
//! into it before it uses what it remembers.
//!
//! Storage keeps two flags a block. *Watched*: some processor has a table entry for the block, so that a change of its key
//! is news. *Opened*: some processor decodes instructions in the block, so that stores into it must be looked at. Both may
//! be set without need, never missing: a processor sets *watched* before it looks at the key and at *opened*; whoever
//! changes a key or opens a block does that before it looks at *watched*.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError, Weak,
    atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering},
};

use s370_arch::storage_key::{BLOCK, CHANGE, REFERENCE};

use super::Storage;

/// Notices that a mailbox holds before it gives up and says that everything may be wrong.
const CAPACITY: usize = 4096;

/// Flag of a block: some processor has a table entry for it.
const WATCHED: u8 = 1;
/// Flag of a block: some processor has decoded instructions in it.
const OPENED: u8 = 2;

/// What has happened to storage, at an absolute address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Notice {
    /// This halfword, which some processor had decoded, was stored into.
    Stored(u32),
    /// The key of this block has changed such that less is allowed, or more is to be recorded.
    Key(u32),
    /// Instructions in this block are decoded for the first time.
    Opened(u32),
    /// Entries of page tables were made invalid.
    Purge,
    /// More than there was room for.
    Everything,
}

/// Where one processor finds what it has to hear.
#[derive(Debug, Default)]
pub(crate) struct Mailbox {
    any: AtomicBool,
    notices: Mutex<Vec<Notice>>,
}

impl Mailbox {
    fn lock(&self) -> MutexGuard<'_, Vec<Notice>> {
        self.notices.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there is something to take.
    #[inline]
    pub fn has_any(&self) -> bool {
        self.any.load(Ordering::Acquire)
    }

    /// Takes everything out, in the order in which it happened.
    pub fn take(&self) -> Vec<Notice> {
        let mut notices = self.lock();
        self.any.store(false, Ordering::Release);
        std::mem::take(&mut notices)
    }

    fn put(&self, news: &[Notice]) {
        let mut notices = self.lock();
        if notices.len() + news.len() > CAPACITY {
            notices.clear();
            notices.push(Notice::Everything);
        } else {
            notices.extend_from_slice(news);
        }
        self.any.store(true, Ordering::Release);
    }
}

/// The mailboxes of the processors that share a storage.
#[derive(Debug, Default)]
pub(super) struct Listeners {
    mailboxes: Mutex<Vec<Weak<Mailbox>>>,
    count: AtomicUsize,
}

impl Storage {
    /// A mailbox for one more processor.
    pub(crate) fn subscribe(&self) -> Arc<Mailbox> {
        let mailbox = Arc::new(Mailbox::default());
        let mut mailboxes = self.listeners.mailboxes.lock().unwrap_or_else(PoisonError::into_inner);
        mailboxes.retain(|other| other.strong_count() != 0);
        mailboxes.push(Arc::downgrade(&mailbox));
        self.listeners.count.store(mailboxes.len(), Ordering::SeqCst);
        mailbox
    }

    /// Whether more than one processor remembers things about this storage.
    pub(crate) fn is_shared(&self) -> bool {
        self.listeners.count.load(Ordering::SeqCst) > 1
    }

    /// Tells every processor but the owner of `except`.
    pub(crate) fn post(&self, news: &[Notice], except: Option<&Arc<Mailbox>>) {
        let mailboxes = self.listeners.mailboxes.lock().unwrap_or_else(PoisonError::into_inner);
        for mailbox in mailboxes.iter().filter_map(Weak::upgrade) {
            if except.is_none_or(|except| !Arc::ptr_eq(except, &mailbox)) {
                mailbox.put(news);
            }
        }
    }

    fn flags(&self, at: u32) -> Option<&AtomicU8> {
        self.flags.get((at / BLOCK) as usize)
    }

    /// A processor is about to make a table entry for the block at `at`.
    pub(crate) fn watch(&self, at: u32) {
        if let Some(flags) = self.flags(at)
            && flags.load(Ordering::SeqCst) & WATCHED == 0
        {
            flags.fetch_or(WATCHED, Ordering::SeqCst);
        }
    }

    /// Whether some processor may have a table entry for the block at `at`.
    #[inline(always)]
    pub(crate) fn is_watched(&self, at: u32) -> bool {
        self.flags(at).is_some_and(|flags| flags.load(Ordering::SeqCst) & WATCHED != 0)
    }

    /// Clears the flag, as every processor is going to hear that its entries are wrong; says whether it was set.
    fn unwatch(&self, at: u32) -> bool {
        self.is_watched(at)
            && self.flags(at).is_some_and(|flags| flags.fetch_and(!WATCHED, Ordering::SeqCst) & WATCHED != 0)
    }

    /// Whether some processor decodes instructions in the block at `at`.
    pub(crate) fn is_opened(&self, at: u32) -> bool {
        self.flags(at).is_some_and(|flags| flags.load(Ordering::SeqCst) & OPENED != 0)
    }

    /// The processor that owns `mailbox` is about to decode instructions in the block at `at`, and has no table entry for
    /// it that says otherwise.
    pub(crate) fn open(&self, at: u32, mailbox: &Arc<Mailbox>) {
        if self.flags(at).is_some_and(|flags| flags.fetch_or(OPENED, Ordering::SeqCst) & OPENED == 0)
            && self.unwatch(at)
        {
            self.post(&[Notice::Opened(at & !(BLOCK - 1))], Some(mailbox));
        }
    }

    /// The only processor has given up what it decoded in the block at `at`.
    pub(crate) fn close(&self, at: u32) {
        if let Some(flags) = self.flags(at) {
            flags.fetch_and(!OPENED, Ordering::SeqCst);
        }
    }

    /// The block at `at` is going to hold something else, and translation tables no longer lead to it: has every
    /// processor that shares this storage drop its table entries for the block before it executes its next instructions.
    pub fn displace(&self, at: u32) {
        if self.unwatch(at) {
            self.post(&[Notice::Key(at & !(BLOCK - 1))], None);
        }
    }

    /// The key of the block at `at` was `old` and is `new`.
    pub(super) fn note_key(&self, at: u32, old: u8, new: u8) {
        let recorded = REFERENCE | CHANGE;
        let is_news = (old ^ new) & !recorded != 0 || old & !new & recorded != 0;
        if is_news && self.unwatch(at) {
            self.post(&[Notice::Key(at & !(BLOCK - 1))], None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn storage() -> (Storage, Arc<Mailbox>, Arc<Mailbox>) {
        let storage = Storage::new(8192).unwrap();
        let (one, two) = (storage.subscribe(), storage.subscribe());
        (storage, one, two)
    }

    #[test]
    fn everyone_hears_of_a_key_that_somebody_watches() {
        let (storage, one, two) = storage();
        storage.set_key(0x900, 0x16);
        assert!(!one.has_any());
        for (key, is_news) in [(0x16, false), (0x10, true), (0x14, false), (0x1C, true), (0x2C, true)] {
            storage.watch(0x900);
            storage.set_key(0xA00, key);
            let expected = if is_news { vec![Notice::Key(0x800)] } else { vec![] };
            assert_eq!((one.take(), two.take()), (expected.clone(), expected), "{key:X}");
            assert_eq!(storage.is_watched(0x800), !is_news);
        }
        storage.set_key(0x800, 0x30);
        assert!(!one.has_any() && !two.has_any());
    }

    #[test]
    fn the_others_hear_of_a_block_that_is_opened_for_the_first_time() {
        let (storage, one, two) = storage();
        storage.watch(0x800);
        storage.open(0x812, &one);
        assert!(storage.is_opened(0xFFF) && !storage.is_opened(0x1000));
        assert_eq!((one.take(), two.take()), (vec![], vec![Notice::Opened(0x800)]));
        storage.watch(0x800);
        storage.open(0x812, &two);
        assert!(!one.has_any() && !two.has_any());
    }

    #[test]
    fn everyone_hears_of_a_block_that_is_displaced() {
        let (storage, one, two) = storage();
        storage.displace(0x800);
        assert!(!one.has_any(), "nobody has an entry");
        storage.watch(0x900);
        storage.displace(0x800);
        assert_eq!((one.take(), two.take()), (vec![Notice::Key(0x800)], vec![Notice::Key(0x800)]));
    }

    #[test]
    fn who_does_not_look_hears_of_everything_at_last() {
        let (storage, one, _two) = storage();
        for _ in 0..=CAPACITY {
            storage.post(&[Notice::Purge], None);
        }
        assert_eq!(one.take(), [Notice::Everything]);
    }

    #[test]
    fn processors_that_are_gone_do_not_count() {
        let (storage, one, two) = storage();
        assert!(storage.is_shared());
        drop((one, two));
        let _three = storage.subscribe();
        assert!(!storage.is_shared());
    }
}
