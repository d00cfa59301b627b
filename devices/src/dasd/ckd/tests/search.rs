//! Searches, orientation, index points, multitrack operations.

use super::*;

#[test]
fn a_search_is_satisfied_by_the_record_that_it_names() {
    for name in TYPES {
        let mut bench = bench(name);
        let argument = [0, 1, 0, 2, 2];
        // The first record after the index point is R0.
        let statuses: Vec<_> = (0..3).map(|_| bench.command(0x31, argument.to_vec()).status).collect();
        assert_eq!(statuses, [UnitStatus::ENDED, UnitStatus::ENDED, FOUND], "{name}");
        assert_eq!(bench.take(0x06, 100), pattern(2, 100), "{name}");
    }
}

#[test]
fn a_search_goes_around_once_and_then_finds_nothing() {
    for name in TYPES {
        let mut bench = bench(name);
        assert!(bench.search(0x31, &[0, 1, 0, 2, 9]).status.contains(UnitStatus::UNIT_CHECK));
        assert_eq!(bench.sense01(), (0, 0x08), "{name}");
    }
}

#[test]
fn records_before_the_head_are_found_after_the_index_point() {
    let mut bench = bench("3350");
    bench.find_id(2).take(0x06, 100);
    bench.find_id(1);
    assert_eq!(bench.take(0x06, 80), pattern(1, 80));
    // Without a read in between the second index point ends the search.
    bench.find_id(2).find_id(1);
    assert!(bench.search(0x31, &[0, 1, 0, 2, 0]).status.contains(UnitStatus::UNIT_CHECK));
    assert_eq!(bench.sense01(), (0, 0x08));
}

#[test]
fn identifiers_compare_high_and_equal_or_high() {
    let found = |code, argument: &[u8]| {
        let mut bench = bench("2314");
        let status = bench.search(code, argument).status;
        if status != FOUND {
            return None;
        }
        // The record whose identifier satisfied the search is the one that is read.
        let next = bench.take(0x12, 8);
        Some(next[4] - 1)
    };
    assert_eq!(found(0x51, &[0, 1, 0, 2, 0]), Some(1));
    assert_eq!(found(0x51, &[0, 1, 0, 2, 1]), Some(2));
    assert_eq!(found(0x71, &[0, 1, 0, 2, 2]), Some(2));
    assert_eq!(found(0x71, &[0, 1, 0, 1, 200]), Some(0));
    assert_eq!(found(0x51, &[0, 1, 0, 3, 0]), None);
}

#[test]
fn a_short_argument_is_compared_as_far_as_it_goes() {
    let mut bench = bench("3330");
    let done = bench.command(0x31, vec![0, 1, 0]);
    assert_eq!((done.status, done.is_incorrect), (FOUND, true));
    assert_eq!(bench.fail(0x05, &[0; 8]).0, 0x80, "it permits no write");
}

#[test]
fn keys_are_searched_for() {
    for name in TYPES {
        let mut bench = bench(name);
        bench.find(0x29, b"KEY2");
        assert_eq!(bench.take(0x06, 100), pattern(2, 100), "{name}");
        bench.seek(1, 2).find(0x49, b"KEY1").seek(1, 2).find(0x69, b"KEY2").seek(1, 2);
        assert!(bench.search(0x49, b"KEY2").status.contains(UnitStatus::UNIT_CHECK));
        assert_eq!(bench.sense01(), (0, 0x08), "{name}: records without keys are passed over");
    }
}

#[test]
fn the_key_of_the_record_that_passes_is_searched() {
    let mut bench = bench("3350");
    bench.find_id(2);
    assert_eq!(bench.command(0x29, b"KEY2".to_vec()).status, FOUND);
    bench.seek(1, 2).find_id(2);
    assert_eq!(bench.command(0x29, b"KEY1".to_vec()).status, UnitStatus::ENDED);
}

#[test]
fn home_addresses_are_searched_for() {
    let mut bench = bench("2311");
    assert_eq!(bench.command(0x39, vec![0, 1, 0, 3]).status, UnitStatus::ENDED);
    bench.seek(1, 2).find(0x39, &[0, 1, 0, 2]);
    assert_eq!(bench.take(0x16, 16)[..8], count(1, 2, 0, 0, 8));
    // Multitrack, the next head's.
    bench.seek(1, 2).find(0xB9, &[0, 1, 0, 3]);
    assert_eq!(bench.drive.address(), (1, 3));
}

#[test]
fn multitrack_searches_go_on_to_the_end_of_the_cylinder() {
    for name in ["2311", "2314", "3350", "3380"] {
        let mut bench = bench(name);
        bench.find(0xA9, b"NEXT");
        assert_eq!(bench.drive.address(), (1, 3));
        assert_eq!(bench.take(0x06, 50), pattern(3, 50));
        bench.seek(1, 2);
        assert!(bench.search(0xB1, &[0, 2, 0, 0, 1]).status.contains(UnitStatus::UNIT_CHECK));
        assert_eq!(bench.sense01(), (0, 0x20), "{name}: end of cylinder");
    }
}

#[test]
fn multitrack_reads_go_on_too() {
    let mut bench = bench("3350");
    bench.find_id(3);
    assert_eq!(bench.take(0x92, 8), count(1, 3, 1, 4, 50));
    assert_eq!(bench.take(0x8E, 54), [b"NEXT".to_vec(), pattern(3, 50)].concat());
}

#[test]
fn a_file_mask_may_forbid_head_switching() {
    let mut bench = bench("3330");
    bench.give(0x1F, &[0x18]);
    assert!(bench.search(0xA9, b"NEXT").status.contains(UnitStatus::UNIT_CHECK));
    assert_eq!(bench.sense01(), (0, 0x04));
}

#[test]
fn a_sector_brings_its_record_at_once() {
    let mut bench = Bench::new("3350", 3);
    let records: Vec<Plain> = (1..=4).map(|n| (1, 2, n, vec![], pattern(n, 4096))).collect();
    bench.pack.put(1, 2, &records);
    // Sectors as systems compute them.
    for (n, sector) in [(1, 2), (2, 29), (3, 57), (4, 84)] {
        bench.seek(1, 2).give(0x23, &[sector]);
        assert_eq!(bench.command(0x31, vec![0, 1, 0, 2, n]).status, FOUND, "record {n}");
        assert_eq!(bench.take(0x06, 4096), pattern(n, 4096));
        assert_eq!(bench.take(0x22, 1), [sector]);
    }
    // A sector behind the record costs a rotation, no more.
    bench.seek(1, 2).give(0x23, &[100]).find_id(2);
    // A sector of all ones is none.
    bench.seek(1, 2).give(0x23, &[0xFF]).find_id(1);
    assert_eq!(bench.fail(0x23, &[128]), (0x80, 0));
}

#[test]
fn early_control_units_know_no_sectors() {
    let mut bench = bench("2314");
    assert_eq!(bench.fail(0x23, &[0]), (0x80, 0));
    assert_eq!(bench.fail(0x22, &[0]), (0x80, 0));
}
