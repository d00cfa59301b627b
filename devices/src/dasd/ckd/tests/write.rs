//! Writes.

use super::*;
use crate::{dasd::ckd::harness::MemoryPack, device::Device};

/// Count, key and data as a write wants them.
fn whole(record: &Plain) -> Vec<u8> {
    let (cylinder, head, number, key, data) = record;
    let count = count(*cylinder, *head, *number, key.len() as u8, data.len() as u16);
    [count.to_vec(), key.clone(), data.clone()].concat()
}

/// R0 as a pack has it at first.
fn record_zero() -> Plain {
    plain(0, vec![0; 8])
}

#[test]
fn data_is_updated_after_a_search_for_the_record() {
    for name in TYPES {
        let mut bench = bench(name);
        bench.find_id(2).give(0x05, &pattern(50, 100));
        assert_eq!(bench.pack.records(1, 2)[2], keyed(2, b"KEY2", pattern(50, 100)), "{name}");
        bench.seek(1, 2).find(0x29, b"KEY2").give(0x05, &pattern(60, 100));
        assert_eq!(bench.pack.records(1, 2)[2], keyed(2, b"KEY2", pattern(60, 100)), "{name}");
        bench.seek(1, 2).find_id(2).give(0x0D, &[b"KEY5".to_vec(), pattern(70, 100)].concat());
        assert_eq!(bench.pack.records(1, 2)[2], keyed(2, b"KEY5", pattern(70, 100)), "{name}");
        assert_eq!(bench.pack.records(1, 2).len(), 4, "{name}: nothing else has changed");
    }
}

#[test]
fn what_a_short_update_leaves_is_zeros() {
    let mut bench = bench("3350");
    let done = bench.find_id(1).command(0x05, vec![7; 10]);
    assert_eq!((done.status, done.is_incorrect), (UnitStatus::ENDED, true));
    assert_eq!(bench.pack.records(1, 2)[1], plain(1, [vec![7; 10], vec![0; 70]].concat()));
    let done = bench.seek(1, 2).find_id(1).command(0x05, vec![8; 90]);
    assert_eq!((done.bytes.len(), done.is_incorrect), (80, true), "no more than the record holds");
}

#[test]
fn a_transfer_that_never_begins_changes_nothing() {
    let mut bench = bench("3350");
    let before = bench.pack.records(1, 2);
    bench.find_id(1).command(0x05, vec![]);
    bench.seek(1, 2).find_id(0).command(0x1D, vec![]);
    bench.seek(1, 2).find(0x39, &[0, 1, 0, 2]).give(0x1F, &[0xC0]);
    bench.seek(1, 2).give(0x1F, &[0xC0]).command(0x19, vec![]);
    assert_eq!(bench.pack.records(1, 2), before);
    assert_eq!(bench.pack.contents().writes, 0);
}

#[test]
fn an_update_of_an_end_of_file_moves_nothing() {
    for name in TYPES {
        let mut bench = bench(name);
        let done = bench.find_id(3).command(0x05, vec![1; 10]);
        assert_eq!((done.status, done.bytes), (END_OF_FILE, vec![]), "{name}");
    }
}

#[test]
fn updates_must_follow_a_satisfied_search_for_equal() {
    for (name, expected) in [("2311", (0x80, 0x10)), ("2314", (0x80, 0x10)), ("3330", (0x80, 0)), ("3380", (0x80, 0))] {
        let rejected = |prepare: &dyn Fn(&mut Bench), code: u8| {
            let mut bench = bench(name);
            prepare(&mut bench);
            assert_eq!(bench.fail(code, &[0; 100]), expected, "{name} {code:02X}");
            assert_eq!(bench.pack.contents().writes, 0);
        };
        for code in [0x05, 0x0D, 0x1D, 0x11] {
            rejected(&|_| {}, code);
            rejected(
                &|bench| {
                    bench.command(0x31, vec![0, 1, 0, 2, 2]);
                },
                code,
            );
            rejected(
                &|bench| {
                    bench.find(0x71, &[0, 1, 0, 2, 1]);
                },
                code,
            );
            rejected(
                &|bench| {
                    bench.find(0x69, b"KEY1");
                },
                code,
            );
            rejected(
                &|bench| {
                    bench.take(0x12, 8);
                },
                code,
            );
            rejected(
                &|bench| {
                    bench.find_id(2).give(0x03, &[]);
                },
                code,
            );
            rejected(
                &|bench| {
                    bench.find_id(1).take(0x1E, 112);
                },
                code,
            );
            rejected(
                &|bench| {
                    bench.find_id(1).new_chain();
                },
                code,
            );
        }
        // Data read after the search leaves room for formatting writes only.
        rejected(
            &|bench| {
                bench.find_id(2).take(0x06, 100);
            },
            0x05,
        );
        rejected(
            &|bench| {
                bench.find(0x29, b"KEY2").take(0x06, 100);
            },
            0x05,
        );
        rejected(
            &|bench| {
                bench.find_id(1).take(0x06, 80);
                bench.take(0x06, 100);
            },
            0x1D,
        );
        // A key does not permit key and data.
        rejected(
            &|bench| {
                bench.find(0x29, b"KEY2");
            },
            0x0D,
        );
    }
}

#[test]
fn records_are_formatted_after_the_one_that_was_found() {
    for name in TYPES {
        let mut bench = bench(name);
        let records = [keyed(4, b"K4", pattern(4, 33)), plain(5, vec![]), keyed(200, b"KKK", pattern(9, 5))];
        bench.find_id(1);
        for record in &records {
            bench.give(0x1D, &whole(record));
        }
        let first = [record_zero(), plain(1, pattern(1, 80))];
        assert_eq!(bench.pack.records(1, 2), [&first[..], &records].concat(), "{name}: the old ones are erased");
        assert_eq!(bench.seek(1, 2).find_id(200).take(0x0E, 8), [b"KKK".to_vec(), pattern(9, 5)].concat());
        bench.seek(1, 2).find_id(0).give(0x1D, &whole(&records[0]));
        assert_eq!(bench.pack.records(1, 2), [record_zero(), records[0].clone()], "{name}");
    }
}

#[test]
fn formatting_writes_may_follow_a_key_or_an_update() {
    let formatted = |prepare: &dyn Fn(&mut Bench)| {
        let mut bench = bench("3330");
        prepare(&mut bench);
        bench.give(0x1D, &whole(&plain(9, vec![9; 9])));
        let numbers: Vec<u8> = bench.pack.records(1, 2).iter().map(|record| record.2).collect();
        assert_eq!(numbers, [0, 1, 2, 9]);
    };
    formatted(&|bench| {
        bench.find(0x29, b"KEY2");
    });
    formatted(&|bench| {
        bench.find_id(2).take(0x06, 100);
    });
    formatted(&|bench| {
        bench.find_id(2).take(0x0E, 104);
    });
    formatted(&|bench| {
        bench.find_id(2).give(0x05, &[1; 100]);
    });
    formatted(&|bench| {
        bench.find_id(2).give(0x0D, &[1; 104]);
    });
}

#[test]
fn read_sector_does_not_come_between_a_search_and_a_write() {
    let mut bench = bench("3350");
    assert_eq!(bench.find_id(1).take(0x22, 1), [2]);
    bench.give(0x05, &[4; 80]);
    assert_eq!(bench.pack.records(1, 2)[1], plain(1, vec![4; 80]));
}

#[test]
fn what_a_short_formatting_write_leaves_is_zeros() {
    let mut bench = bench("2314");
    bench.find_id(0);
    bench.command(0x1D, [count(1, 2, 1, 2, 10).to_vec(), vec![0xAA; 5]].concat());
    bench.command(0x1D, vec![0, 1, 0, 2, 2]);
    let data = [vec![0xAA; 3], vec![0; 7]].concat();
    assert_eq!(bench.pack.records(1, 2)[1..], [keyed(1, &[0xAA; 2], data), plain(2, vec![])]);
}

#[test]
fn a_record_that_does_not_fit_is_not_written() {
    for (name, longest) in [("2311", 3625), ("2314", 7294), ("3330", 13_030), ("3350", 19_069), ("3380", 47_476)] {
        let mut bench = bench(name);
        let before = bench.pack.records(1, 2);
        bench.find_id(0);
        let done = bench.command(0x1D, whole(&plain(1, vec![1; longest + 1])));
        assert_eq!(done.status, UnitStatus::FAILED, "{name}");
        assert_eq!(bench.sense01(), (0, 0x40), "{name}");
        assert_eq!(bench.pack.records(1, 2), before, "{name}");
        bench.seek(1, 2).find_id(0).give(0x1D, &whole(&plain(1, vec![1; longest])));
        assert_eq!(bench.fail(0x1D, &whole(&plain(2, vec![]))), (0, 0x40), "{name}: the track is full");
        assert_eq!(bench.seek(1, 2).find_id(1).take(0x06, longest), vec![1; longest], "{name}");
    }
}

#[test]
fn a_track_is_filled_up_to_its_capacity() {
    for (name, records) in [("2314", 7), ("3330", 14), ("3340", 8), ("3350", 19), ("3375", 30), ("3380", 36)] {
        let mut bench = bench(name);
        bench.find_id(0);
        let written = (1..=100).take_while(|&n| {
            let done = bench.command(0x1D, whole(&plain(n, vec![n; 800])));
            done.status == UnitStatus::ENDED
        });
        assert_eq!(written.count(), records, "{name}");
        assert_eq!(bench.pack.records(1, 2).len(), records + 1, "{name}");
    }
}

#[test]
fn erase_ends_the_track_behind_the_record() {
    for name in TYPES {
        let mut bench = bench(name);
        let done = bench.find_id(1).command(0x11, whole(&plain(9, vec![0; 1000])));
        assert_eq!((done.status, done.is_incorrect), (UnitStatus::ENDED, false), "{name}");
        assert_eq!(bench.pack.records(1, 2), [record_zero(), plain(1, pattern(1, 80))], "{name}");
        bench.seek(1, 2).find_id(1).command(0x11, count(1, 2, 9, 0, 1).to_vec());
        bench.give(0x1D, &whole(&plain(7, vec![7])));
        assert_eq!(bench.pack.records(1, 2)[2], plain(7, vec![7]), "{name}: a record may follow");
    }
}

#[test]
fn home_address_and_r0_are_written_if_the_mask_permits() {
    for name in TYPES {
        let mut bench = bench(name);
        let r0 = plain(0, pattern(0xE0, 8));
        bench.give(0x1F, &[0xC0]).give(0x19, &[0x00, 0, 1, 0, 2]);
        assert_eq!(bench.pack.records(1, 2), [], "{name}");
        bench.give(0x15, &whole(&r0)).give(0x1D, &whole(&plain(1, vec![1])));
        assert_eq!(bench.pack.records(1, 2), [r0.clone(), plain(1, vec![1])], "{name}");
        // R0 alone, after a search for the home address.
        let r0 = plain(0, vec![3; 8]);
        bench.seek(1, 2).give(0x1F, &[0xC0]).find(0x39, &[0, 1, 0, 2]).give(0x15, &whole(&r0));
        assert_eq!(bench.pack.records(1, 2), [r0], "{name}");
        assert_eq!(bench.seek(1, 2).give(0x1F, &[0xC0]).fail(0x15, &[0; 16]).0, 0x80, "{name}: invalid sequence");
    }
}

#[test]
fn bytes_for_skips_precede_a_home_address() {
    for (name, skips) in [("3340", 2), ("3350", 6)] {
        let mut bench = bench(name);
        bench.give(0x1F, &[0xC0]);
        let done = bench.command(0x19, [vec![0xEE; skips], vec![0x01, 0, 9, 0, 8]].concat());
        assert_eq!((done.status, done.is_incorrect), (UnitStatus::ENDED, false), "{name}");
        assert_eq!(bench.seek(1, 2).take(0x1A, 5), [0x01, 0, 9, 0, 8], "{name}");
    }
}

#[test]
fn masks_restrict_writes() {
    let writes = |name: &str, mask: u8, refused: (u8, u8)| {
        [0x19, 0x15, 0x1D, 0x11, 0x05].map(|code| {
            let mut bench = bench(name);
            bench.give(0x1F, &[mask]);
            if code == 0x15 {
                bench.find(0x39, &[0, 1, 0, 2]);
            } else {
                bench.find_id(1);
            }
            let done = bench.command(code, count(1, 2, 1, 0, 0).to_vec());
            if done.status.contains(UnitStatus::UNIT_CHECK) {
                assert_eq!(bench.sense01(), refused, "{name} {code:02X}");
                assert_eq!(bench.pack.contents().writes, 0);
                return false;
            }
            true
        })
    };
    for (name, refused) in [("2311", (0x80, 0x04)), ("3350", (0x80, 0))] {
        assert_eq!(writes(name, 0x00, refused), [false, false, true, true, true], "{name}");
        assert_eq!(writes(name, 0x40, refused), [false; 5], "{name}");
        assert_eq!(writes(name, 0x80, refused), [false, false, false, false, true], "{name}");
        assert_eq!(writes(name, 0xC0, refused), [true; 5], "{name}");
    }
}

#[test]
fn a_pack_that_is_read_only_is_not_written() {
    for (name, expected) in [("2314", (0x80, 0x04)), ("3350", (0x80, 0x02))] {
        let mut bench = bench(name);
        bench.pack.contents().read_only = true;
        assert_eq!(bench.find_id(1).fail(0x05, &[0; 80]), expected, "{name}");
        assert_eq!(bench.seek(1, 2).give(0x1F, &[0xC0]).fail(0x19, &[0; 5]), expected, "{name}");
        assert_eq!(bench.seek(1, 2).find_id(1).take(0x06, 80), pattern(1, 80), "{name}");
    }
}

#[test]
fn segments_of_an_overflow_record_are_written_and_updated() {
    for name in ["2311", "2314", "3330", "3350"] {
        let mut bench = bench(name);
        bench.find_id(3).give(0x01, &whole(&keyed(4, b"K", vec![1; 30])));
        bench.seek(1, 3).find(0x31, &[0, 1, 0, 3, 0]).give(0x1D, &whole(&(1, 3, 5, b"K".to_vec(), vec![2; 20])));
        assert_eq!(bench.seek(1, 2).find_id(4).take(0x06, 50), [[1; 30].to_vec(), [2; 20].to_vec()].concat(), "{name}");
        bench.seek(1, 2).find_id(4).give(0x05, &pattern(0, 50));
        assert_eq!(bench.pack.records(1, 3)[1], (1, 3, 5, b"K".to_vec(), pattern(30, 20)), "{name}");
        // A short update leaves zeros in the later segments too.
        bench.seek(1, 2).find_id(4).command(0x05, vec![9; 3]);
        assert_eq!(bench.pack.records(1, 3)[1].4, vec![0; 20], "{name}");
        let mut bench = super::bench(name);
        bench.find_id(3).give(0x01, &whole(&plain(4, vec![1; 30])));
        assert!(
            bench
                .seek(1, 2)
                .give(0x1F, &[0x18])
                .find_id(4)
                .command(0x05, vec![5; 50])
                .status
                .contains(UnitStatus::UNIT_CHECK)
        );
        let sense = bench.sense();
        assert_eq!((sense[1], sense[if sense.len() == 6 { 5 } else { 3 }]), (0x05, 0x05), "{name}");
    }
    assert_eq!(bench("3380").find_id(3).fail(0x01, &[0; 8]).0, 0x80);
}

#[test]
fn every_write_is_on_the_pack_before_its_chain_ends() {
    let mut bench = bench("3330");
    bench.keeps = false;
    for n in 1..=5 {
        bench.seek(1, 2).find_id(1).give(0x05, &[n; 80]);
        assert_eq!(bench.drive.end_of_chain(), UnitStatus::empty());
        assert_eq!(bench.pack.contents().writes, usize::from(n));
        assert_eq!(bench.pack.records(1, 2)[1].4, [n; 80]);
    }
}

#[test]
fn every_write_is_on_the_pack_before_the_program_can_know_of_it() {
    type End = fn(&mut Bench);
    let ends: [End; 5] = [
        |bench| bench.drive.keep_writes(),
        |bench| assert_eq!(bench.drive.halt().status, UnitStatus::ENDED),
        |bench| bench.drive.reset(),
        |bench| assert!(bench.drive.unmount().is_some()),
        |bench| bench.drive.mount(Box::new(MemoryPack::new("3330", 20))).expect("a pack of the same type"),
    ];
    for (n, end) in (1..).zip(ends) {
        let mut bench = bench("3330");
        bench.keeps = false;
        bench.find_id(1).give(0x05, &[n; 80]);
        assert_eq!(bench.pack.contents().writes, 0);
        end(&mut bench);
        // HALT I/O is followed by the end of the chain.
        bench.drive.end_of_chain();
        assert_eq!(bench.pack.records(1, 2)[1].4, [n; 80]);
    }
}

#[test]
fn a_chain_that_formats_a_track_writes_it_once() {
    let mut bench = bench("3330");
    bench.keeps = false;
    bench.find_id(0);
    for n in 1..=10 {
        bench.give(0x1D, &[&count(1, 2, n, 0, 80)[..], &[n; 80]].concat());
    }
    bench.give(0x1B, &[0, 0, 0, 1, 0, 3]).find_id(0);
    bench.give(0x1D, &[&count(1, 3, 1, 0, 80)[..], &[99; 80]].concat());
    assert_eq!(bench.pack.contents().writes, 1, "the first track, when the second was written to");
    bench.new_chain();
    assert_eq!(bench.pack.contents().writes, 2);
    assert_eq!(bench.pack.records(1, 2).len(), 11);
    assert_eq!(bench.pack.records(1, 3)[1].4, [99; 80]);
}
