//! Saved and shared systems.

use std::sync::Arc;

use cp::real::{GuestStorage, Missing, NamedSystem, Owner, PAGE, RealStorage, SEGMENT, SavedPage, SystemError};
use s370_arch::storage_key::{CHANGE, REFERENCE};
use s370_cpu::storage::AbsoluteStorage;

const MIB: u32 = 1 << 20;

fn real(frames: u32) -> Arc<RealStorage> {
    Arc::new(RealStorage::new(u64::from(frames * PAGE)).unwrap())
}

fn guest(real: &Arc<RealStorage>, number: u32, size: u32) -> GuestStorage {
    GuestStorage::new(real.clone(), Owner(number), size).unwrap()
}

fn page(number: u32, byte: u8, key: u8) -> SavedPage {
    let contents = Box::new(std::array::from_fn(|n| byte.wrapping_add(n as u8)));
    SavedPage { number, keys: [key, key ^ 0x10], contents }
}

/// Two pages below, a shared segment with three pages and one of zeros, at this segment.
fn system(name: &str, segment: u32) -> NamedSystem {
    let first = segment * 16;
    let zeros = SavedPage { number: first + 9, keys: [0x50; 2], contents: Box::new([0; PAGE as usize]) };
    NamedSystem {
        name: name.into(),
        shared: vec![segment],
        pages: vec![page(2, 1, 0xE0), page(5, 2, 0), page(first, 3, 0xF0), page(first + 1, 4, 0xF8), zeros],
        status: vec![1, 2, 3],
    }
}

fn check(real: &RealStorage, guests: &[&GuestStorage]) {
    if let Err(wrong) = real.check(guests) {
        panic!("{wrong}");
    }
}

#[test]
fn users_share_frames_and_see_the_same() {
    let real = real(64);
    real.define_system(system("CMS", 1)).unwrap();
    let (a, b) = (guest(&real, 1, MIB), guest(&real, 2, MIB));
    for guest in [&a, &b] {
        guest.store_u32(0x1_0000, 99);
        let extent = guest.load_system("CMS", true).unwrap();
        assert_eq!((extent.first, extent.last, extent.status.len()), (0x2000, 0x1_FFFF, 3));
        assert!(guest.take_remapped());
        assert_eq!((guest.u8(0x1_0000), guest.u8(0x1_1001), guest.u8(0x1_9000), guest.u8(0x5002)), (3, 5, 0, 4));
        assert_eq!(
            [0x1_0000, 0x1_0800, 0x1_1000, 0x2000, 0x1_9800, 0x1_A000].map(|at| guest.key(at)),
            [0xF0, 0xE0, 0xF8, 0xE0, 0x50, 0]
        );
    }
    let (one, two) = (a.locate(0x1_0123).unwrap(), b.locate(0x1_0123).unwrap());
    assert_eq!((one, one.shared), (two, true));
    assert_ne!(a.locate(0x5000).unwrap().real, b.locate(0x5000).unwrap().real);
    check(&real, &[&a, &b]);
    // As the control blocks say.
    let storage = real.storage();
    let entry = storage.u32(a.designation() & 0xFF_FFC0 | 4);
    assert_eq!((entry, entry & 7), (storage.u32(b.designation() & 0xFF_FFC0 | 4), 4));
    let table = entry & 0xFF_FFF8;
    assert_eq!((storage.u16(table - 12), storage.u16(table - 10)), (2, 2));
    let shrtable = storage.u32(table - 8);
    let mut name = [0; 8];
    storage.read(shrtable + 8, &mut name);
    assert_eq!(s370_arch::ebcdic::to_text(&name), "CMS     ");
    assert_eq!((storage.u16(shrtable + 0x12), storage.u32(shrtable + 0x14), storage.u8(shrtable + 0x18)), (2, 1, 1));
    assert_eq!(storage.u32(shrtable + 0x1C), entry);
    drop((a, b));
    assert!(real.remove_system("CMS") && !real.remove_system("CMS"));
    let usage = real.usage();
    assert_eq!((usage.free, usage.slots), (usage.frames - 1, 0));
}

#[test]
fn who_changes_a_shared_page_has_pages_of_its_own() {
    let real = real(64);
    real.define_system(system("SYS", 1)).unwrap();
    let (a, b) = (guest(&real, 1, MIB), guest(&real, 2, MIB));
    for guest in [&a, &b] {
        guest.load_system("SYS", true).unwrap();
        guest.locate(0x1_0000).unwrap();
        guest.take_remapped();
    }
    b.record_reference(0x1_1000);
    // A shadow entry of one who shares is made invalid: it may be the one's who no longer does.
    let shared = b.locate(0x1_0000).unwrap().real;
    let shadow = real.allocate(64).unwrap();
    real.storage().store_u16(shadow, (shared >> 8) as u16);
    real.note_shadow(shared, shadow, 8);
    a.store(0x1_0FFF, &[0xAA, 0xBB]);
    assert_eq!(real.storage().u16(shadow), (shared >> 8) as u16 | 8);
    assert!(a.take_remapped() && !b.take_remapped());
    assert!(!a.is_shared(1) && b.is_shared(1));
    assert_eq!((a.u16(0x1_0FFF), b.u16(0x1_0FFF), a.u8(0x1_1002), a.u8(0x1_0000)), (0xAABB, 0x0204, 6, 3));
    assert_eq!((a.key(0x1_1000), b.key(0x1_1000)), (0xF8 | REFERENCE, 0xF8 | REFERENCE));
    check(&real, &[&a, &b]);
    // A key that is the same is no change, and reference bits are everybody's.
    b.set_key(0x1_0000, 0xF0 | CHANGE);
    assert!(b.is_shared(1));
    b.set_key(0x1_0000, 0x30);
    assert!(!b.is_shared(1));
    assert_eq!((a.key(0x1_0000), b.key(0x1_0000), b.u8(0x1_0000)), (0xF0, 0x30, 3));
    check(&real, &[&a, &b]);
    assert_eq!(real.find_system("SYS").unwrap().users, 0);
    let c = guest(&real, 3, MIB);
    c.load_system("SYS", true).unwrap();
    c.record_change(0x1_9000);
    assert!(!c.is_shared(1) && c.unshare(1) == Ok(false) && c.unshare(256) == Ok(false));
    assert_eq!((c.key(0x1_9000), c.u8(0x1_0002)), (0x56, 5));
    check(&real, &[&a, &b, &c]);
}

#[test]
fn segments_above_the_size_come_and_go() {
    let real = real(64);
    real.define_system(system("CMSSEG", 0xF0)).unwrap();
    for shared in [true, false] {
        let guest = guest(&real, 1, 512 << 10);
        assert_eq!((guest.locate(0xF0_0000), guest.is_addressable(0xF0_0000)), (Err(Missing::Addressing), false));
        guest.load_system("CMSSEG", shared).unwrap();
        assert_eq!(guest.u8(0xF0_1001), 5);
        assert!(guest.is_addressable(0xF0_FFFF) && !guest.is_addressable(0xF1_0000) && !guest.is_addressable(1 << 24));
        assert_eq!(AbsoluteStorage::size(&guest), 512 << 10);
        assert_eq!(guest.locate(0xF0_F000).unwrap().shared, shared);
        assert_eq!(guest.loaded_system("CMSSEG").map(|loaded| loaded.1), Some(usize::from(shared)));
        guest.store_u8(0xF0_1001, 77);
        assert_eq!((guest.u8(0xF0_1001), guest.is_shared(0xF0)), (77, false));
        check(&real, &[&guest]);
        assert!(guest.purge_system("CMSSEG") && !guest.purge_system("CMSSEG"));
        assert_eq!((guest.locate(0xF0_0000), guest.u8(0x2000)), (Err(Missing::Addressing), 0));
        guest.load_system("CMSSEG", shared).unwrap();
        assert_eq!((guest.u8(0xF0_1001), guest.u8(0x2000)), (5, 1));
        check(&real, &[&guest]);
    }
    let usage = real.usage();
    assert_eq!((usage.pages, usage.control, usage.slots), (0, 0, 4));
}

#[test]
fn a_system_that_is_saved_again_is_new_for_new_users() {
    let real = real(64);
    let old = guest(&real, 1, MIB);
    old.store_u32(0x3_0004, 1111);
    old.set_key(0x3_0800, 0x4E);
    old.store_u32(0x4000, 7);
    assert_eq!(old.save_system("SYS", &[0x100..=0x100], &[3], vec![]), Err(SystemError::Addressing(0x100)));
    assert_eq!(old.save_system("SYSTEMNAME", &[4..=4], &[3], vec![]), Err(SystemError::Name("SYSTEMNAME".into())));
    assert_eq!(old.save_system("SYS", &[4..=4, 3..=5], &[3], vec![]), Err(SystemError::Page(4)));
    old.save_system("SYS", &[0x30..=0x3F, 4..=5], &[3], vec![9]).unwrap();
    old.load_system("SYS", true).unwrap();
    old.store_u32(0x4000, 8);
    let copy = real.copy_system("SYS").unwrap();
    assert_eq!((copy.pages.len(), copy.pages[2].keys), (18, [0, 0x48]));
    let other = guest(&real, 2, MIB);
    other.store_u32(0x3_0004, 2222);
    other.save_system("SYS", &[0x30..=0x30], &[3], vec![]).unwrap();
    other.load_system("SYS", true).unwrap();
    assert_eq!((old.u32(0x3_0004), other.u32(0x3_0004), old.u32(0x4000)), (1111, 2222, 8));
    assert_eq!((real.trim(Owner(1), 0), real.trim(Owner(2), 0)), (0, 0));
    assert_eq!((old.u32(0x3_0004), other.u32(0x3_0004), old.u32(0x4000)), (1111, 2222, 8));
    check(&real, &[&old, &other]);
    drop(old);
    assert_eq!(other.load_system("NONE", true), Err(SystemError::Unknown("NONE".into())));
    real.define_system(NamedSystem { name: "COPY".into(), ..copy.clone() }).unwrap();
    assert_eq!(real.copy_system("COPY").map(|copy| copy.pages), Some(copy.pages));
    assert_eq!(real.systems(), ["COPY", "SYS"]);
    other.load_system("COPY", false).unwrap();
    assert_eq!((other.u32(0x3_0004), other.key(0x3_0800)), (1111, 0x48));
    // What is changed gets a slot of its own.
    other.store_u32(0x3_0004, 3333);
    real.trim(Owner(2), 0);
    assert_eq!(other.u32(0x3_0004), 3333);
    let third = guest(&real, 3, MIB);
    third.load_system("COPY", true).unwrap();
    assert_eq!(third.u32(0x3_0004), 1111);
    drop(third);
    check(&real, &[&other]);
}

#[test]
fn shared_pages_are_paged_too() {
    let real = real(24);
    real.define_system(system("SYS", 0xF0)).unwrap();
    let guests: Vec<GuestStorage> = (0..3).map(|n| guest(&real, n, 256 << 10)).collect();
    for guest in &guests {
        guest.load_system("SYS", true).unwrap();
    }
    for round in 0..20 {
        for (n, guest) in guests.iter().enumerate() {
            real.begin_running(Owner(n as u32));
            for page in 6..30 {
                guest.store_u32(page * PAGE, page + round);
                assert_eq!((guest.u8(0xF0_0000), guest.u8(0xF0_1000)), (3, 4));
                assert!(guest.is_shared(0xF0));
            }
            real.end_running(Owner(n as u32));
        }
        check(&real, &guests.iter().collect::<Vec<_>>());
    }
    for (n, guest) in guests.iter().enumerate() {
        assert!((6..30).all(|page| guest.u32(page * PAGE) == page + 19));
        assert!(real.paging(Owner(n as u32)).writes > 100);
    }
    assert!(guests[0].key(0xF0_0000) & !REFERENCE == 0xF0);
}

#[test]
fn several_systems_are_loaded_if_they_have_no_page_in_common() {
    let real = real(64);
    // Pages 2 and 5 and segment F8; segment F0, between them; segment F0 and page 5; page 7, above everything.
    real.define_system(system("CMS", 0xF8)).unwrap();
    let [low, .., shared] = [page(2, 1, 0), page(5, 2, 0), page(0xF01, 7, 0)];
    for (name, pages) in [("SEG", vec![shared.clone()]), ("OTHER", vec![page(5, 9, 0), shared]), ("LOW", vec![low])] {
        real.define_system(NamedSystem { name: name.into(), shared: vec![], pages, status: vec![] }).unwrap();
    }
    let guest = guest(&real, 1, MIB);
    guest.load_system("CMS", true).unwrap();
    guest.load_system("SEG", true).unwrap();
    assert_eq!((guest.u8(0x2000), guest.u8(0xF8_1000), guest.u8(0xF0_1000), guest.u8(0x5000)), (1, 4, 7, 2));
    guest.load_system("OTHER", true).unwrap();
    assert_eq!(
        (guest.u8(0x2000), guest.is_addressable(0xF8_1000), guest.u8(0xF0_1000), guest.u8(0x5000)),
        (0, false, 7, 9)
    );
    assert!(guest.loaded_system("CMS").is_none() && guest.loaded_system("SEG").is_none());
    check(&real, &[&guest]);
    guest.load_system("LOW", true).unwrap();
    guest.purge_systems();
    assert_eq!((guest.u8(0x2000), guest.u8(0x5000), guest.is_addressable(0xF0_1000)), (0, 0, false));
    check(&real, &[&guest]);
}

#[test]
fn systems_that_cannot_be() {
    let real = real(64);
    for (system, error) in [
        (NamedSystem { shared: vec![256], ..system("A", 1) }, SystemError::Segment(256)),
        (NamedSystem { pages: vec![], ..system("A", 1) }, SystemError::Empty),
        (NamedSystem { pages: vec![page(4096, 0, 0)], ..system("A", 1) }, SystemError::Page(4096)),
        (NamedSystem { pages: vec![page(7, 0, 0), page(7, 0, 0)], ..system("A", 1) }, SystemError::Page(7)),
        (system("", 1), SystemError::Name(String::new())),
    ] {
        assert_eq!(real.define_system(system), Err(error));
    }
    real.limit_page_area(3);
    assert_eq!(real.define_system(system("A", 1)), Err(SystemError::PageArea));
    assert_eq!((real.usage().slots, real.find_system("A")), (0, None));
    real.limit_page_area(4);
    real.define_system(system("A", 1)).unwrap();
    assert_eq!(real.usage().slots, 4);
    // Loading what there is no room for leaves the virtual machine as it was, but for what the system took the place of.
    let guest = guest(&real, 1, MIB);
    let mut taken = Vec::new();
    while let Ok(at) = real.allocate(PAGE) {
        taken.push(at);
    }
    while let Ok(at) = real.allocate(64) {
        taken.push(at);
    }
    for shared in [true, false] {
        assert!(matches!(guest.load_system("A", shared), Err(SystemError::NoFrame(_))));
        assert_eq!(guest.loaded_system("A"), None);
        check(&real, &[&guest]);
    }
    assert!(taken.len() > 60 && SEGMENT == 0x1_0000);
}
