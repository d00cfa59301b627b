//! Reads.

use super::*;
use crate::dasd::ckd::track::OVERFLOW;

#[test]
fn the_areas_of_a_record_can_be_read_from_any_on() {
    for name in TYPES {
        let mut bench = bench(name);
        let (id, key, data) = (count(1, 2, 2, 4, 100).to_vec(), b"KEY2".to_vec(), pattern(2, 100));
        assert_eq!(bench.find_id(2).take(0x06, 100), data, "{name}");
        assert_eq!(bench.seek(1, 2).find_id(2).take(0x0E, 104), [key.clone(), data.clone()].concat());
        assert_eq!(bench.seek(1, 2).find_id(1).take(0x1E, 112), [id, key, data].concat());
    }
}

#[test]
fn reads_take_the_next_record_and_pass_over_r0() {
    let mut bench = bench("2314");
    assert_eq!(bench.take(0x06, 80), pattern(1, 80));
    assert_eq!(bench.take(0x06, 100), pattern(2, 100));
    bench.seek(1, 2).find(0x39, &[0, 1, 0, 2]);
    assert_eq!(bench.take(0x12, 8), count(1, 2, 1, 0, 80));
    // Read count has passed the count area: data of the same record.
    assert_eq!(bench.take(0x06, 80), pattern(1, 80));
    assert_eq!(bench.take(0x12, 8), count(1, 2, 2, 4, 100));
    assert_eq!(bench.take(0x12, 8), count(1, 2, 3, 0, 0));
    assert_eq!(bench.take(0x12, 8), count(1, 2, 1, 0, 80), "after the index point");
}

#[test]
fn counts_shorter_and_longer_than_the_record_are_incorrect() {
    let mut bench = bench("3330");
    let done = bench.find_id(1).command(0x06, vec![0; 79]);
    assert_eq!((done.bytes, done.is_incorrect), (pattern(1, 79), true));
    let done = bench.seek(1, 2).find_id(1).command(0x06, vec![0; 81]);
    assert_eq!((done.bytes, done.is_incorrect), (pattern(1, 80), true));
    let done = bench.seek(1, 2).find_id(1).command(0x06, vec![0; 80]);
    assert_eq!((done.status, done.is_incorrect), (UnitStatus::ENDED, false));
}

#[test]
fn a_record_without_data_is_an_end_of_file() {
    for name in TYPES {
        for code in [0x06, 0x0E] {
            let mut bench = bench(name);
            let done = bench.find_id(3).command(code, vec![0; 10]);
            assert_eq!((done.status, done.bytes), (END_OF_FILE, vec![]), "{name} {code:02X}");
        }
        let mut bench = bench(name);
        let done = bench.find_id(2).command(0x1E, vec![0; 8]);
        assert_eq!((done.status, done.bytes), (END_OF_FILE, count(1, 2, 3, 0, 0).to_vec()), "{name}");
    }
}

#[test]
fn home_address_and_r0_are_read_after_the_index_point() {
    for name in TYPES {
        let mut bench = bench(name);
        assert_eq!(bench.take(0x1A, 5), [0, 0, 1, 0, 2], "{name}");
        assert_eq!(bench.take(0x16, 16), [count(1, 2, 0, 0, 8).to_vec(), vec![0; 8]].concat(), "{name}");
        assert_eq!(bench.take(0x9A, 5), [0, 0, 1, 0, 3], "{name}: multitrack, that of the next track");
        assert_eq!(bench.seek(1, 2).take(0x96, 16)[..4], [0, 1, 0, 3], "{name}");
    }
}

#[test]
fn r0_has_passed_when_it_has_been_read() {
    let mut bench = bench("3350");
    bench.take(0x16, 16);
    assert_eq!(bench.command(0x31, vec![0, 1, 0, 2, 1]).status, FOUND, "R1 comes next");
}

#[test]
fn ipl_reads_the_first_record_of_the_pack() {
    for name in TYPES {
        let mut bench = bench(name);
        bench.pack.put(0, 0, &[(0, 0, 1, vec![], pattern(9, 24))]);
        assert_eq!(bench.new_chain().take(0x02, 24), pattern(9, 24), "{name}");
        assert_eq!(bench.drive.address(), (0, 0));
        assert_eq!(bench.seek(1, 2).give(0x1F, &[0]).fail(0x02, &[0; 24]).0, 0x80, "not after set file mask");
    }
}

#[test]
fn read_multiple_takes_the_rest_of_the_track() {
    let mut bench = bench("3380");
    let records = [
        [count(1, 2, 1, 0, 80).to_vec(), pattern(1, 80)].concat(),
        [count(1, 2, 2, 4, 100).to_vec(), b"KEY2".to_vec(), pattern(2, 100)].concat(),
        count(1, 2, 3, 0, 0).to_vec(),
    ];
    let all = records.concat();
    assert_eq!(bench.take(0x5E, all.len()), all);
    assert_eq!(bench.seek(1, 2).find_id(1).take(0x5E, 200), records[1..].concat());
    assert_eq!(bench.seek(1, 2).command(0x5E, vec![0; 10]).bytes, all[..10]);
}

#[test]
fn space_count_passes_over_a_count_area() {
    let mut bench = bench("2314");
    bench.give(0x0F, &[0, 0, 80]);
    assert_eq!(bench.take(0x06, 80), pattern(1, 80));
    bench.give(0x0F, &[4, 0, 100]);
    assert_eq!(bench.take(0x0E, 104)[..4], *b"KEY2");
    assert_eq!(super::bench("2311").fail(0x0F, &[0; 3]).0, 0x80);
}

#[test]
fn a_no_operation_lets_the_record_pass() {
    let mut bench = bench("3330");
    bench.find_id(1).give(0x03, &[]);
    assert_eq!(bench.take(0x06, 100), pattern(2, 100));
}

/// A drive with a record of three segments at cylinder 1, heads 2 to 4.
fn overflow_bench(name: &str) -> Bench {
    let mut bench = Bench::new(name, 3);
    let cylinder = u16::from(OVERFLOW) << 8 | 1;
    bench.pack.put(1, 2, &[plain(1, pattern(1, 10)), (cylinder, 2, 2, b"KEY".to_vec(), pattern(2, 200))]);
    bench.pack.put(1, 3, &[(cylinder, 3, 1, b"K".to_vec(), pattern(3, 300))]);
    bench.pack.put(1, 4, &[(1, 4, 1, vec![], pattern(4, 40)), (1, 4, 2, vec![], pattern(5, 50))]);
    bench.seek(1, 2);
    bench
}

#[test]
fn an_overflow_record_goes_on_on_the_next_tracks() {
    for name in ["2311", "2314", "3330", "3350"] {
        let mut bench = overflow_bench(name);
        let data = [pattern(2, 200), pattern(3, 300), pattern(4, 40)].concat();
        assert_eq!(bench.find_id(2).take(0x06, 540), data, "{name}");
        assert_eq!(bench.drive.address(), (1, 4));
        assert_eq!(bench.take(0x12, 8), count(1, 4, 2, 0, 50), "{name}: orientation is after the last segment");
        let all = [count(1, 2, 2, 3, 200).to_vec(), b"KEY".to_vec(), data].concat();
        assert_eq!(bench.seek(1, 2).find_id(1).take(0x1E, 551), all, "{name}: the flag is not in the count area");
    }
}

#[test]
fn an_overflow_record_that_cannot_go_on_is_incomplete() {
    for (name, restart) in [("2314", 5), ("3350", 3)] {
        let mut bench = overflow_bench(name);
        bench.give(0x1F, &[0x18]).find_id(2);
        assert!(bench.command(0x06, vec![0; 540]).status.contains(UnitStatus::UNIT_CHECK));
        let sense = bench.sense();
        assert_eq!((sense[0], sense[1], sense[restart]), (0, 0x05, 0x06), "{name}: file protected");
        let last = bench.drive.pack().map_or(0, |pack| pack.model().heads) as u16 - 1;
        bench.pack.put(1, u32::from(last), &[(0x8001, last, 1, vec![], pattern(1, 10))]);
        bench.seek(1, last).find_id(1);
        assert!(bench.command(0x06, vec![0; 20]).status.contains(UnitStatus::UNIT_CHECK));
        let sense = bench.sense();
        assert_eq!((sense[0], sense[1], sense[restart]), (0, 0x21, 0x06), "{name}: end of cylinder");
    }
}

#[test]
fn tracks_are_read_from_the_pack_once() {
    let mut bench = bench("3350");
    let reads = |bench: &Bench| bench.pack.contents().reads;
    bench.find_id(2).take(0x06, 100);
    let first = reads(&bench);
    for head in [3, 2, 3, 2] {
        bench.seek(1, head).find_id(1);
    }
    assert_eq!(reads(&bench), first + 1, "head 3");
    // Someone else has written.
    bench.pack.put(1, 2, &[plain(1, pattern(7, 7))]);
    bench.pack.contents().changes += 1;
    assert_eq!(bench.seek(1, 2).find_id(1).take(0x06, 7), pattern(7, 7));
}
