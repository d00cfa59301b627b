//! Paging: who loses frames to whom, what processors hear of it, locked pages, the V=R area, and tables that the hardware
//! understands.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use cp::real::{GuestStorage, Located, Missing, NoFrame, Owner, PAGE, RealStorage, StorageError};
use proptest::prelude::*;
use s370_arch::storage_key::{CHANGE, REFERENCE};
use s370_cpu::{
    dat,
    state::{CpuState, Model},
    storage::AbsoluteStorage,
};

fn real(frames: u32) -> Arc<RealStorage> {
    Arc::new(RealStorage::new(u64::from(frames) * u64::from(PAGE)).unwrap())
}

fn guest(real: &Arc<RealStorage>, number: u32, size: u32) -> GuestStorage {
    GuestStorage::new(real.clone(), Owner(number), size).unwrap()
}

#[test]
fn sizes_that_cannot_be_had() {
    /// A virtual machine's storage goes along when another processor takes the virtual machine over.
    fn can_be_sent<T: Send>(_: &T) {}
    let real = real(16);
    for size in [0, 4096, (8 << 10) + 2048, (16 << 20) + 4096, u32::MAX] {
        assert_eq!(GuestStorage::new(real.clone(), Owner(0), size).unwrap_err(), StorageError::Size(size));
    }
    can_be_sent(&guest(&real, 0, 8 << 10));
    assert_eq!(guest(&real, 0, 8 << 10).locate(8 << 10), Err(Missing::Addressing));
    assert_eq!(guest(&real, 0, 16 << 20).locate(1 << 24), Err(Missing::Addressing));
    assert_eq!(guest(&real, 0, 16 << 20).locate(u32::MAX), Err(Missing::Addressing));
}

#[test]
fn nobody_takes_pages_of_one_that_runs() {
    let real = real(20);
    let (a, b) = (guest(&real, 1, 64 << 10), guest(&real, 2, 64 << 10));
    for page in 0..10 {
        a.store_u8(page * PAGE, 1);
    }
    real.begin_running(Owner(1));
    real.begin_running(Owner(2));
    for page in 0..16 {
        b.store_u8(page * PAGE, 2);
    }
    assert_eq!((real.paging(Owner(1)).resident, real.paging(Owner(1)).taken_by_others), (10, 0));
    assert!(real.paging(Owner(2)).taken_by_itself > 0);
    assert_eq!(real.trim(Owner(1), 0), 10);
    real.end_running(Owner(1));
    for page in 0..16 {
        b.store_u8(page * PAGE, 2);
    }
    assert!(real.paging(Owner(1)).taken_by_others > 5);
    assert_eq!(real.paging(Owner(1)).taken_by_others, real.paging(Owner(2)).taken_from_others);
    assert!((0..10).all(|page| a.u8(page * PAGE) == 1));
    // Ending more often than beginning does no harm.
    (0..3).for_each(|_| real.end_running(Owner(2)));
    real.end_running(Owner(77));
    real.begin_running(Owner(2));
    assert_eq!(real.trim(Owner(2), 0), real.paging(Owner(2)).resident);
}

#[test]
fn pages_in_use_stay() {
    let real = real(32);
    let guest = guest(&real, 1, 1 << 20);
    // Ten pages are used all the time, the others once.
    for page in 0..200 {
        (0..10).for_each(|page| guest.record_reference(page * PAGE));
        guest.store_u8((10 + page) * PAGE, 1);
    }
    let reads = real.paging(Owner(1)).reads;
    assert!(reads < 30, "{reads}");
    let before = real.paging(Owner(1)).writes;
    (0..200).for_each(|page| assert_eq!(guest.u8((10 + page) * PAGE), 1));
    let again = real.paging(Owner(1)).writes;
    // The last ones were still there and changed; what was fetched again need not be written again.
    assert!(again - before < 32, "{before} {again}");
}

#[test]
fn a_page_of_zeros_takes_no_slot() {
    let real = real(32);
    let guest = guest(&real, 1, 1 << 20);
    (0..100).for_each(|page| guest.store_u32(page * PAGE, 0));
    guest.store_u32(0x5000, 1);
    assert_eq!(real.trim(Owner(1), 0), 0);
    assert_eq!((real.usage().slots, guest.u32(0x5000)), (1, 1));
    guest.store_u32(0x5000, 0);
    real.trim(Owner(1), 0);
    assert_eq!((real.usage().slots, guest.u32(0x5000)), (0, 0));
}

#[test]
fn the_working_set_is_what_was_referred_to() {
    let real = real(64);
    let guest = guest(&real, 1, 1 << 20);
    (0..20).for_each(|page| guest.store_u32(page * PAGE, 1));
    assert_eq!(real.estimate_working_set(Owner(1)), 20);
    (0..6).for_each(|page| guest.record_reference(page * PAGE));
    assert_eq!(real.estimate_working_set(Owner(1)), 13);
    assert_eq!((real.estimate_working_set(Owner(1)), real.paging(Owner(1)).working_set), (7, 7));
    assert_eq!(guest.key(0), REFERENCE);
    // Those that were not referred to go first.
    guest.record_reference(0x3000);
    assert_eq!(real.trim(Owner(1), 1), 1);
    let reads = real.paging(Owner(1)).reads;
    guest.u8(0x3000);
    assert_eq!(real.paging(Owner(1)).reads, reads);
}

#[test]
fn when_everything_is_locked_there_is_no_frame() {
    let real = real(16);
    let guest = guest(&real, 1, 128 << 10);
    let locked = (0..32).take_while(|page| guest.lock_page(page * PAGE).is_ok()).count() as u32;
    assert!(locked > 8);
    assert_eq!(guest.locate(locked * PAGE), Err(Missing::NoFrame));
    assert_eq!(guest.lock_page(locked * PAGE), Err(Missing::NoFrame));
    assert_eq!(guest.lock_page(128 << 10), Err(Missing::Addressing));
    while real.allocate(64).is_ok() {}
    assert_eq!(real.allocate(64), Err(NoFrame));
    assert_eq!(real.allocate(u32::MAX), Err(NoFrame));
    // Even then nothing that is stored is lost: it goes to the page area.
    let at = locked * PAGE + 0xFFC;
    assert!(at + 8 < 128 << 10 && at / (64 << 10) == 0);
    guest.store(at, &[1, 2, 3, 4, 5, 6]);
    assert_eq!(guest.u64(at) >> 16, 0x0102_0304_0506);
    assert_eq!(guest.compare_and_swap_u32(at, 0x0102_0304, 9), 0x0102_0304);
    assert_eq!(guest.compare_and_swap_u64(at - 4, 9, 0x0123_4567_89AB_CDEF), 9);
    assert_eq!((guest.test_and_set(at), guest.u8(at)), (0x89, 0xFF));
    guest.record_change(at);
    guest.set_key(at + PAGE, 0x70);
    guest.record_reference(at + PAGE);
    assert_eq!((guest.key(at), guest.key(at + PAGE), guest.take_lost()), (REFERENCE | CHANGE, 0x70 | REFERENCE, false));
    // There are no tables for the next segment, and no room for any.
    guest.store(64 << 10, &[1]);
    assert!(guest.take_lost());
    assert!(!guest.take_lost());
    assert!(guest.unlock_page(0) && !guest.unlock_page(0) && !guest.unlock_page(1 << 20));
    // The first frame that can be had is kept for control blocks.
    assert!(guest.locate(at) == Err(Missing::NoFrame) && guest.unlock_page(PAGE));
    guest.locate(at).unwrap();
    assert_eq!(guest.u8(at), 0xFF);
    real.check(&[&guest]).unwrap();
}

#[test]
fn without_room_in_the_page_area_changed_pages_stay() {
    let real = real(16);
    real.limit_page_area(2);
    let guest = guest(&real, 1, 128 << 10);
    let stored = (1..32).take_while(|page| {
        let located = guest.locate_to_store(page * PAGE);
        located.map(|located| real.storage().store_u32(located.real, *page)).is_ok()
    });
    let stored = stored.count() as u32;
    assert!((8..17).contains(&stored), "{stored}");
    guest.store_u32((stored + 2) * PAGE, 1);
    assert!(guest.take_lost());
    assert!((1..=stored).all(|page| guest.u32(page * PAGE) == page));
    guest.release_pages(1, 3).unwrap();
    guest.store_u32((stored + 2) * PAGE, 1);
    assert!(!guest.take_lost());
    real.check(&[&guest]).unwrap();
}

#[test]
fn shadow_entries_go_with_the_page() {
    let real = Arc::new(RealStorage::new(64 << 20).unwrap());
    let guest = guest(&real, 1, 64 << 10);
    let shadow = real.allocate(64).unwrap();
    let high = guest.locate(0x3000).unwrap().real;
    assert!(high >= 16 << 20, "pages are above 16 MiB while there is room");
    let entry = (high >> 8 & 0xFFF0) as u16 | (high >> 23 & 6) as u16;
    real.storage().store_u16(shadow, entry);
    real.note_shadow(high, shadow, 8);
    guest.store_u32(0x3800, 5);
    guest.set_key(0x3800, 0x44);
    let low = guest.locate_low(0x3000).unwrap().real;
    assert!(low < 16 << 20);
    assert_eq!((real.storage().u16(shadow), guest.u32(0x3800), guest.key(0x3800)), (entry | 8, 5, 0x44));
    assert_eq!((guest.locate(0x3000).unwrap().real, guest.locate_low(0x3FFF).unwrap().real), (low, low + 0xFFF));
    // Two halves in a table of 2K-byte pages.
    real.storage().store_u16(shadow, (low >> 8) as u16);
    real.storage().store_u16(shadow + 2, (low >> 8) as u16 | 8);
    real.note_shadow(low, shadow, 4);
    real.note_shadow(low, shadow + 2, 4);
    real.trim(Owner(1), 0);
    assert_eq!(real.storage().u32(shadow) & 0x0004_0004, 0x0004_0004);
    assert_eq!((guest.u32(0x3800), guest.key(0x3800)), (5, 0x44));
    assert!(guest.lock_page(0x7000).unwrap().real < 16 << 20);
    real.note_shadow(u32::MAX, shadow, 8);
    real.check(&[&guest]).unwrap();
}

#[test]
fn the_v_equals_r_area_is_one_virtual_machines() {
    let real = Arc::new(RealStorage::with_v_equals_r(1 << 20, 256 << 10).unwrap());
    let area = GuestStorage::v_equals_r(real.clone(), Owner(1)).unwrap();
    assert_eq!((AbsoluteStorage::size(&area), real.usage().reserved), (256 << 10, 0));
    assert_eq!(GuestStorage::v_equals_r(real.clone(), Owner(2)).unwrap_err(), StorageError::VEqualsR);
    assert!(area.locate(0xFFF).unwrap().real >= 256 << 10);
    let other = guest(&real, 3, 16 << 20);
    for page in 1..64 {
        assert_eq!(area.locate(page * PAGE + 5).unwrap().real, page * PAGE + 5);
        area.store_u32(page * PAGE, page);
    }
    (0..1000).for_each(|page| other.store_u32(page * PAGE, !page));
    assert_eq!((real.trim(Owner(1), 0), area.unlock_page(0x1000)), (64, false));
    assert!((1..64).all(|page| area.u32(page * PAGE) == page));
    area.release_pages(5, 6).unwrap();
    assert_eq!((area.u32(0x5000), area.locate(0x5000).unwrap().real), (0, 0x5000));
    real.check(&[&area, &other]).unwrap();
    drop(area);
    assert_eq!(real.usage().reserved, 63);
    let again = GuestStorage::v_equals_r(real.clone(), Owner(4)).unwrap();
    assert_eq!((again.u32(0x7000), real.usage().reserved), (0, 0));
    for (size, area) in [(1 << 20, 1 << 20), (1 << 20, 5000), (64 << 20, 17 << 20)] {
        assert!(RealStorage::with_v_equals_r(size, area).is_err());
    }
    assert_eq!(
        GuestStorage::v_equals_r(Arc::new(RealStorage::new(1 << 20).unwrap()), Owner(0)).unwrap_err(),
        StorageError::VEqualsR
    );
}

#[test]
fn a_thousand_idle_virtual_machines() {
    let real = Arc::new(RealStorage::new(64 << 20).unwrap());
    let guests: Vec<GuestStorage> = (0..1000).map(|number| guest(&real, number, 1 << 20)).collect();
    // Each has used a hundred pages, and half of them have something in them.
    for (number, guest) in guests.iter().enumerate() {
        for page in 0..100 {
            guest.store_u32(page * 2 * PAGE, if page % 2 == 0 { number as u32 + 1 } else { 0 });
        }
    }
    let usage = real.usage();
    assert!(usage.slots < 50_000 && usage.control < 1700, "{usage:?}");
    for (number, guest) in guests.iter().enumerate().rev() {
        assert_eq!((guest.u32(40 * PAGE), guest.u32(42 * PAGE)), (number as u32 + 1, 0));
    }
    real.check(&guests.iter().collect::<Vec<_>>()).unwrap();
}

#[test]
fn free_storage_grows_together_again() {
    let real = real(64);
    let blocks: Vec<(u32, u32)> =
        (1..200).map(|n| (n * 37 % 1500 + 1, n)).map(|(bytes, _)| (real.allocate(bytes).unwrap(), bytes)).collect();
    let large = real.allocate(3 * PAGE + 100).unwrap();
    assert!(large.is_multiple_of(PAGE) && blocks.iter().all(|(at, _)| at.is_multiple_of(64)));
    let mut sorted = blocks.clone();
    sorted.push((large, 3 * PAGE + 100));
    sorted.sort_unstable();
    assert!(sorted.windows(2).all(|pair| pair[0].0 + pair[0].1 <= pair[1].0), "they overlap");
    blocks.iter().for_each(|&(at, bytes)| real.storage().store(at, &vec![0xFF; bytes as usize]));
    blocks.iter().for_each(|&(at, bytes)| real.release(at, bytes));
    real.release(large, 3 * PAGE + 100);
    assert_eq!(real.usage().free, 63);
    let again = real.allocate(PAGE).unwrap();
    assert!((0..PAGE).all(|n| real.storage().u8(again + n) == 0));
    assert_eq!(real.allocate(62 * PAGE + 1), Err(NoFrame));
}

/// One that finds no frame waits till the other has ended running.
fn locate(real: &RealStorage, guest: &GuestStorage, owner: Owner, at: u32) -> Located {
    for _ in 0..1_000_000 {
        match guest.locate(at) {
            Ok(located) => return located,
            Err(missing) => assert_eq!(missing, Missing::NoFrame),
        }
        real.end_running(owner);
        std::thread::yield_now();
        real.begin_running(owner);
    }
    panic!("no frame for a long time: {:?} {:?}", real.paging(owner), real.usage());
}

#[test]
fn two_processors_page_at_the_same_time() {
    const PAGES: u32 = 60;
    let real = real(48);
    real.define_system(cp::real::NamedSystem {
        name: "SHARED".into(),
        shared: vec![15],
        pages: (240..256)
            .map(|number| cp::real::SavedPage { number, keys: [0; 2], contents: Box::new([number as u8; 4096]) })
            .collect(),
        status: Vec::new(),
    })
    .unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for number in 0..2 {
            let (real, done) = (&real, &done);
            scope.spawn(move || {
                let guest = guest(real, number, 512 << 10);
                let mut random = u64::from(number) + 1;
                let mut model = [0; PAGES as usize];
                guest.load_system("SHARED", true).unwrap();
                for round in 0..3000 {
                    real.begin_running(Owner(number));
                    for _ in 0..20 {
                        random = random.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                        let page = (random >> 33) as u32 % PAGES;
                        // As an instruction does.
                        let located = locate(real, &guest, Owner(number), page * PAGE + 8);
                        assert_eq!(real.storage().u32(located.real), model[page as usize], "page {page}");
                        model[page as usize] = (random >> 20) as u32;
                        real.storage().record_change(located.real);
                        real.storage().store_u32(located.real, model[page as usize]);
                        let shared = locate(real, &guest, Owner(number), 0xF_0000 + page % 16 * PAGE);
                        assert_eq!((real.storage().u8(shared.real), shared.shared), (240 + (page % 16) as u8, true));
                    }
                    real.end_running(Owner(number));
                    if round % 100 == 0 {
                        real.trim(Owner(number), 5);
                        guest.store_u32(0xF_0000, 1);
                        assert_eq!(guest.u32(0xF_0000), 1);
                        guest.load_system("SHARED", true).unwrap();
                    }
                }
                let keys: Vec<u8> = (0..PAGES).map(|page| guest.key(page * PAGE)).collect();
                assert!(keys.iter().all(|&key| key == REFERENCE | CHANGE), "{keys:?}");
                let counts = real.paging(Owner(number));
                assert!(counts.reads > 1000 && counts.taken_by_itself > 100, "{counts:?}");
                assert!(!guest.take_lost());
                done.store(true, Ordering::Relaxed);
            });
        }
    });
    assert!(done.into_inner());
    let usage = real.usage();
    assert_eq!((usage.free, usage.slots), (47, 16));
    real.check(&[]).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 60,
        failure_persistence: None,
        rng_seed: prop::test_runner::RngSeed::Fixed(1973),
        ..ProptestConfig::default()
    })]

    /// The hardware finds through control register 1 what the control program says, also above 16 MiB.
    #[test]
    fn translation_finds_the_same(size in 2..4096_u32, addresses in prop::collection::vec(0..1_u32 << 24, 1..40)) {
        let real = Arc::new(RealStorage::new(64 << 20).unwrap());
        let others: Vec<GuestStorage> = (1..4).map(|number| guest(&real, number, 16 << 20)).collect();
        let guest = guest(&real, 0, size * PAGE);
        let mut model = Model::default();
        model.extended_real_addressing = true;
        let mut state = CpuState::new(model);
        state.cr[0] = 0x0080_0000;
        for (n, &at) in addresses.iter().enumerate() {
            others[n % 3].store_u8(at, 1);
            let translate = || dat::translate(&state, &**real.storage(), guest.designation(), at).ok();
            let was_there = addresses[..n].iter().any(|before| before / PAGE == at / PAGE);
            prop_assert_eq!(translate().is_some(), was_there && at < size * PAGE);
            match guest.locate(at) {
                Ok(located) => prop_assert_eq!(
                    translate().map(|translation| (translation.real, translation.protected)),
                    Some((located.real, false))
                ),
                Err(missing) => prop_assert_eq!((missing, translate(), at >= size * PAGE), (Missing::Addressing, None, true)),
            }
        }
    }
}
