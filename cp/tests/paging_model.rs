//! Virtual machines' storages over too little real storage, against plain arrays: the same contents and the same keys at
//! every step, whatever is paged out, locked, trimmed or released.

use std::sync::Arc;

use cp::real::{GuestStorage, Missing, Owner, PAGE, RealStorage};
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
        1 => Just(Step::Anew),
    ]
}

/// Short fetches and stores of any alignment.
fn words(storage: &GuestStorage, model: &Storage, at: u32, value: u64) {
    fn all(storage: &impl AbsoluteStorage, at: u32, value: u64) -> (u8, u16, u32, u64) {
        storage.store_u64(at, value);
        storage.store_u32(at + 8, value as u32);
        storage.store_u16(at + 12, value as u16);
        storage.store_u8(at + 14, value as u8);
        (storage.u8(at + 3), storage.u16(at + 7), storage.u32(at + 1), storage.u64(at + 7))
    }
    assert_eq!(all(storage, at, value), all(model, at, value));
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
            Step::Word { at, value } => words(storage, model, at.min(SIZE - 15), value),
            Step::Key { at } => assert_eq!(storage.key(at), model.key(at)),
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
                model.store(first * PAGE, &vec![0; ((last - first + 1) * PAGE) as usize]);
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

    fn compare(&self) {
        for at in (0..SIZE).step_by(BLOCK as usize) {
            assert_eq!(self.storage.key(at), self.model.key(at), "key at {at:X}");
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
        cases: 120,
        failure_persistence: None,
        rng_algorithm: prop::test_runner::RngAlgorithm::ChaCha,
        rng_seed: prop::test_runner::RngSeed::Fixed(370),
        ..ProptestConfig::default()
    })]

    #[test]
    fn paged_storage_is_like_plain_storage(steps in prop::collection::vec((0..GUESTS, step()), 1..300)) {
        let real = Arc::new(RealStorage::new(FRAMES * u64::from(PAGE)).unwrap());
        let mut pairs: Vec<Pair> = (0..GUESTS).map(|number| Pair::new(&real, number)).collect();
        for (guest, step) in &steps {
            pairs[*guest].do_step(&real, step);
            let guests: Vec<&GuestStorage> = pairs.iter().map(|pair| &pair.storage).collect();
            if let Err(wrong) = real.check(&guests) {
                panic!("after {step:?}: {wrong}");
            }
        }
        pairs.iter().for_each(Pair::compare);
        drop(pairs);
        let usage = real.usage();
        prop_assert_eq!((usage.free, usage.slots, usage.pages), (usage.frames - 1, 0, 0));
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
