//! Virtual machines' storages over too little real storage, against plain arrays: the same contents and the same keys at
//! every step, whatever is paged out, locked, trimmed or released.

use std::sync::Arc;

use cp::real::{GuestStorage, Missing, NamedSystem, Owner, PAGE, RealStorage, SEGMENT, SavedPage};
use proptest::prelude::*;
use s370_arch::storage_key::{ALL, BLOCK, CHANGE, REFERENCE};
use s370_cpu::storage::{AbsoluteStorage, Storage};

const GUESTS: usize = 3;
const SIZE: u32 = 200 << 10;
/// Frames for 150 pages, most of which the tables leave.
const FRAMES: u64 = 40;

#[derive(Clone, Debug)]
enum Step {
    Read { at: u32, length: u32 },
    Store { at: u32, length: u32, value: u8 },
    Swap { at: u32, doubleword: bool, same: bool },
    TestAndSet { at: u32 },
    Word { at: u32, value: u64 },
    Key { at: u32 },
    SetKey { at: u32, key: u8 },
    Record { at: u32, change: bool },
    Hardware { at: u32, value: Option<u8> },
    Release { first: u32, count: u32 },
    Trim { target: u32 },
    Lock { at: u32 },
    Unlock,
    Run { begin: bool },
    Estimate,
    Free,
    Load { shared: bool },
    Purge,
    Save { page: u32 },
    Anew,
}

fn step() -> impl Strategy<Value = Step> {
    // A few pages are hot.
    let at = || prop_oneof![2 => 0..SIZE, 2 => (0..6_u32, 0..PAGE).prop_map(|(page, at)| page * 7 * PAGE + at)];
    prop_oneof![
        6 => (at(), 1..9000_u32).prop_map(|(at, length)| Step::Read { at, length }),
        8 => (at(), 1..9000_u32, any::<u8>()).prop_map(|(at, length, value)| Step::Store { at, length, value }),
        2 => (at(), any::<bool>(), any::<bool>())
            .prop_map(|(at, doubleword, same)| Step::Swap { at: at & !7, doubleword, same }),
        1 => at().prop_map(|at| Step::TestAndSet { at }),
        4 => (at(), any::<u64>()).prop_map(|(at, value)| Step::Word { at, value }),
        4 => at().prop_map(|at| Step::Key { at }),
        4 => (at(), any::<u8>()).prop_map(|(at, key)| Step::SetKey { at, key }),
        4 => (at(), any::<bool>()).prop_map(|(at, change)| Step::Record { at, change }),
        8 => (at(), any::<Option<u8>>()).prop_map(|(at, value)| Step::Hardware { at, value }),
        1 => (0..SIZE / PAGE, 0..8_u32).prop_map(|(first, count)| Step::Release { first, count }),
        1 => (0..20_u32).prop_map(|target| Step::Trim { target }),
        2 => at().prop_map(|at| Step::Lock { at }),
        2 => Just(Step::Unlock),
        2 => any::<bool>().prop_map(|begin| Step::Run { begin }),
        1 => Just(Step::Estimate),
        1 => Just(Step::Free),
        2 => any::<bool>().prop_map(|shared| Step::Load { shared }),
        1 => Just(Step::Purge),
        1 => (0..SIZE / PAGE).prop_map(|page| Step::Save { page }),
        1 => Just(Step::Anew),
    ]
}

/// Pages 2 and 3, and a shared segment of which some pages hold something.
fn system() -> NamedSystem {
    let page = |number: u32| SavedPage {
        number,
        keys: [(number as u8) << 4, (number as u8) << 3],
        contents: Box::new(std::array::from_fn(|n| if number == 18 { 0 } else { (n as u8) ^ number as u8 })),
    };
    let pages = [2, 3, 16, 17, 18, 21].map(page).to_vec();
    NamedSystem { name: "SYS".into(), shared: vec![1], pages, status: Vec::new() }
}

/// Short stores of any alignment.
fn store_words(storage: &impl AbsoluteStorage, at: u32, value: u64) {
    storage.store_u64(at, value);
    storage.store_u32(at + 8, value as u32);
    storage.store_u16(at + 12, value as u16);
    storage.store_u8(at + 14, value as u8);
}

/// Short fetches of any alignment.
fn words(storage: &impl AbsoluteStorage, at: u32) -> (u8, u16, u32, u64) {
    (storage.u8(at + 3), storage.u16(at + 7), storage.u32(at + 1), storage.u64(at + 7))
}

/// A storage, what it ought to hold, and what was done to it.
struct Pair {
    owner: Owner,
    storage: GuestStorage,
    model: Storage,
    locked: Vec<u32>,
    running: bool,
}

impl Pair {
    fn new(real: &Arc<RealStorage>, number: usize) -> Pair {
        let owner = Owner(number as u32);
        let storage = GuestStorage::new(real.clone(), owner, SIZE).unwrap();
        Pair { owner, storage, model: Storage::new(SIZE.into()).unwrap(), locked: Vec::new(), running: false }
    }

    fn do_step(&mut self, real: &Arc<RealStorage>, step: &Step) {
        let (storage, model) = (&self.storage, &self.model);
        match *step {
            Step::Read { at, length } => {
                let length = length.min(SIZE - at) as usize;
                let (mut one, mut other) = (vec![0; length], vec![1; length]);
                storage.read(at, &mut one);
                model.read(at, &mut other);
                assert_eq!(one, other);
            }
            Step::Store { at, length, value } => {
                let bytes: Vec<u8> = (0..length.min(SIZE - at)).map(|n| (n as u8).wrapping_mul(value)).collect();
                storage.store(at, &bytes);
                model.store(at, &bytes);
            }
            Step::Swap { at, doubleword: false, same } => {
                let old = model.u32(at) ^ u32::from(!same);
                assert_eq!(storage.compare_and_swap_u32(at, old, 77), model.compare_and_swap_u32(at, old, 77));
            }
            Step::Swap { at, doubleword: true, same } => {
                let old = model.u64(at) ^ u64::from(!same);
                assert_eq!(storage.compare_and_swap_u64(at, old, 78), model.compare_and_swap_u64(at, old, 78));
            }
            Step::TestAndSet { at } => assert_eq!(storage.test_and_set(at), model.test_and_set(at)),
            Step::Word { at, value } => {
                let at = at.min(SIZE - 15);
                assert_eq!(words(storage, at), words(model, at));
                store_words(storage, at, value);
                store_words(model, at, value);
            }
            Step::Key { at } => self.compare_key(at),
            Step::SetKey { at, key } => {
                storage.set_key(at, key);
                model.set_key(at, key);
            }
            Step::Record { at, change: true } => {
                storage.record_change(at);
                model.record_change(at);
            }
            Step::Record { at, change: false } => {
                storage.record_reference(at);
                model.record_reference(at);
            }
            Step::Hardware { at, value } => self.as_hardware(real, at, value),
            Step::Release { first, count } => {
                let last = (first + count).min(SIZE / PAGE - 1);
                storage.release_pages(first, last).unwrap();
                for page in (first..=last).filter(|page| !storage.is_shared(page / 16)) {
                    model.store(page * PAGE, &[0; PAGE as usize]);
                }
            }
            Step::Trim { target } => {
                let left = real.trim(self.owner, target);
                assert!(self.running || left <= target.max(self.locked.len() as u32));
            }
            Step::Lock { at } => match storage.lock_page(at) {
                Ok(_) => self.locked.push(at),
                Err(missing) => assert_eq!(missing, Missing::NoFrame),
            },
            Step::Unlock => {
                if let Some(at) = self.locked.pop() {
                    assert!(storage.unlock_page(at));
                }
            }
            Step::Run { begin } => {
                match (self.running, begin) {
                    (false, true) => real.begin_running(self.owner),
                    (true, false) => real.end_running(self.owner),
                    _ => {}
                }
                self.running = begin;
            }
            Step::Estimate => assert!(real.estimate_working_set(self.owner) <= SIZE / PAGE),
            Step::Free => {
                if let Ok(at) = real.allocate_for(self.owner, 1000) {
                    real.storage().store(at, &[0xEE; 1000]);
                    real.release(at, 1000);
                }
            }
            Step::Load { shared } => self.load(shared),
            Step::Purge => self.purge(),
            Step::Save { page } => self.save(real, page),
            Step::Anew => *self = Pair { running: self.running, ..Pair::new(real, self.owner.0 as usize) },
        }
    }

    /// What an instruction does that finds a page in real storage by the tables.
    fn as_hardware(&mut self, real: &RealStorage, at: u32, value: Option<u8>) {
        // Pages stay where they are only while the virtual machine runs.
        real.begin_running(self.owner);
        if let Ok(located) = self.storage.locate(at) {
            assert_eq!(located.real % PAGE, at % PAGE);
            let real = real.storage();
            match value {
                // A protection exception.
                Some(_) if located.shared => {}
                Some(value) => {
                    real.record_change(located.real);
                    real.store_u8(located.real, value);
                    self.model.record_change(at);
                    self.model.store_u8(at, value);
                }
                None => {
                    real.record_reference(located.real);
                    self.model.record_reference(at);
                    assert_eq!(real.u8(located.real), self.model.u8(at));
                }
            }
        }
        real.end_running(self.owner);
    }

    /// Where those that run have all frames, and the rest is locked, there may be no room for the tables that it takes to
    /// store something. The storage says so then, and is what it was.
    fn follow_if_lost(&self) {
        if self.storage.take_lost() {
            let mut all = vec![0; SIZE as usize];
            self.storage.read(0, &mut all);
            self.model.store(0, &all);
            (0..SIZE).step_by(BLOCK as usize).for_each(|at| self.model.set_key(at, self.storage.key(at)));
        }
    }

    /// In the segment that may be shared, reference and change are everybody's.
    fn compare_key(&self, at: u32) {
        let mask = if at / SEGMENT == 1 { 0xF8 } else { 0xFF };
        assert_eq!(self.storage.key(at) & mask, self.model.key(at) & mask, "key at {at:X}");
    }

    fn load(&mut self, shared: bool) {
        self.purge();
        self.storage.load_system("SYS", shared).unwrap();
        if shared {
            self.locked.retain(|at| at / SEGMENT != 1);
            self.model.store(SEGMENT, &[0; SEGMENT as usize]);
            (SEGMENT..2 * SEGMENT).step_by(BLOCK as usize).for_each(|at| self.model.set_key(at, 0));
        }
        for SavedPage { number, keys, contents } in system().pages {
            self.model.store(number * PAGE, &*contents);
            self.model.set_key(number * PAGE, keys[0]);
            self.model.set_key(number * PAGE + BLOCK, keys[1]);
        }
    }

    fn save(&self, real: &RealStorage, page: u32) {
        self.storage.save_system("SAVED", &[page..=page], &[], vec![]).unwrap();
        let saved = real.copy_system("SAVED").unwrap().pages.remove(0);
        let mut contents = [0; PAGE as usize];
        self.model.read(page * PAGE, &mut contents);
        let keys = [0, BLOCK].map(|half| self.model.key(page * PAGE + half) & 0xF8);
        assert!(*saved.contents == contents && saved.keys == keys);
        real.remove_system("SAVED");
    }

    fn purge(&mut self) {
        let was_shared = self.storage.is_shared(1);
        if !self.storage.purge_system("SYS") {
            return;
        }
        self.model.store(2 * PAGE, &[0; 2 * PAGE as usize]);
        self.model.store(SEGMENT, &[0; SEGMENT as usize]);
        if was_shared {
            (SEGMENT..2 * SEGMENT).step_by(BLOCK as usize).for_each(|at| self.model.set_key(at, 0));
        }
    }

    fn compare(&self) {
        for at in (0..SIZE).step_by(BLOCK as usize) {
            self.compare_key(at);
            let (mut one, mut other) = ([0; BLOCK as usize], [0; BLOCK as usize]);
            self.storage.read(at, &mut one);
            self.model.read(at, &mut other);
            assert!(one == other, "contents at {at:X}");
        }
        assert!(!self.storage.take_lost());
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 200,
        failure_persistence: None,
        rng_algorithm: prop::test_runner::RngAlgorithm::ChaCha,
        rng_seed: prop::test_runner::RngSeed::Fixed(370),
        ..ProptestConfig::default()
    })]

    #[test]
    fn paged_storage_is_like_plain_storage(steps in prop::collection::vec((0..GUESTS, step()), 1..300)) {
        let real = Arc::new(RealStorage::new(FRAMES * u64::from(PAGE)).unwrap());
        real.define_system(system()).unwrap();
        let mut pairs: Vec<Pair> = (0..GUESTS).map(|number| Pair::new(&real, number)).collect();
        for (guest, step) in &steps {
            pairs[*guest].do_step(&real, step);
            pairs[*guest].follow_if_lost();
            let guests: Vec<&GuestStorage> = pairs.iter().map(|pair| &pair.storage).collect();
            if let Err(wrong) = real.check(&guests) {
                panic!("after {step:?}: {wrong}");
            }
        }
        pairs.iter().for_each(Pair::compare);
        drop(pairs);
        prop_assert_eq!(real.copy_system("SYS"), Some(system()));
        let usage = real.usage();
        prop_assert_eq!((usage.free, usage.slots, usage.pages), (usage.frames - 1, 5, 0));
    }
}

#[test]
fn recorded_bits_are_those_of_plain_storage() {
    let real = Arc::new(RealStorage::new(16 * u64::from(PAGE)).unwrap());
    let guest = GuestStorage::new(real.clone(), Owner(1), 8 << 10).unwrap();
    guest.set_key(0x800, 0x36);
    guest.record_change(0x1000);
    assert_eq!(real.trim(Owner(1), 0), 0);
    assert_eq!((guest.key(0), guest.key(0x800), guest.key(0x1000)), (0, 0x36, REFERENCE | CHANGE));
    guest.set_key(0x800, guest.key(0x800) & !REFERENCE & ALL);
    assert_eq!(guest.key(0x800), 0x32);
    guest.record_reference(0x800);
    assert_eq!(guest.key(0x800), 0x36);
}
