//! Tracks and images that are not what they should be.

use super::*;
use crate::{dasd::ckd::track::DEFECTIVE, device::Device};

/// Makes a track defective, with its data on another.
fn relocate(bench: &Bench, to: (u16, u16)) {
    let mut contents = bench.pack.contents();
    let heads = contents.model.heads as usize;
    let (from, into) = (heads + 2, usize::from(to.0) * heads + usize::from(to.1));
    contents.tracks[into] = contents.tracks[from].clone();
    // The alternate's home address is its own, and is flagged as that of an alternate.
    contents.tracks[into][0] = 0x01;
    contents.tracks[into][1..5].copy_from_slice(&count(to.0, to.1, 0, 0, 0)[..4]);
    contents.tracks[from][0] = DEFECTIVE;
    contents.tracks[from][5..9].copy_from_slice(&count(to.0, to.1, 0, 0, 0)[..4]);
    contents.tracks[from][21..29].fill(0xFF);
}

#[test]
fn later_control_units_go_on_to_the_alternate_track() {
    for name in ["3330", "3340", "3350", "3380"] {
        let mut bench = bench(name);
        relocate(&bench, (2, 1));
        bench.find_id(2).give(0x05, &pattern(77, 100));
        assert_eq!(bench.pack.records(2, 1)[2], keyed(2, b"KEY2", pattern(77, 100)), "{name}");
        // What follows a defective track is the next head of its own cylinder.
        bench.seek(1, 2).find(0xA9, b"NEXT");
        assert_eq!(bench.drive.address(), (1, 3), "{name}");
        // Home address and R0 are those of the defective track.
        assert_eq!(bench.seek(1, 2).take(0x1A, 5)[0], DEFECTIVE, "{name}");
        assert_eq!(bench.take(0x16, 16)[..4], [0, 2, 0, 1], "{name}");
        bench.seek(1, 2).give(0x1F, &[0x18]);
        assert_eq!(bench.fail(0x06, &[0; 80]), (0x02, 0), "{name}: the mask forbids it");
    }
}

#[test]
fn early_control_units_leave_defective_tracks_to_the_program() {
    for name in ["2311", "2314"] {
        let mut bench = bench(name);
        relocate(&bench, (2, 1));
        assert_eq!(bench.fail(0x06, &[0; 80]), (0x02, 0), "{name}");
        assert_eq!(bench.seek(1, 2).take(0x16, 16)[..4], [0, 2, 0, 1], "{name}");
        assert_eq!(bench.seek(2, 1).find(0x31, &[0, 1, 0, 2, 2]).take(0x06, 100), pattern(2, 100), "{name}");
    }
}

#[test]
fn a_defective_track_without_an_alternate_is_a_track_condition_check() {
    for to in [(3, 0), (0, 30), (0xFFFF, 0xFFFF)] {
        let mut bench = bench("3350");
        relocate(&bench, (2, 1));
        bench.pack.contents().tracks[32][5..9].copy_from_slice(&count(to.0, to.1, 0, 0, 0)[..4]);
        assert_eq!(bench.fail(0x06, &[0; 80]), (0x02, 0), "{to:?}");
    }
}

#[test]
fn records_that_lead_out_of_the_track_are_no_records() {
    for (name, expected) in [("2314", (0x08, 0x80)), ("3350", (0, 0x40))] {
        let mut bench = bench(name);
        let heads = bench.pack.contents().model.heads as usize;
        // R2 says that its data is as long as data can be.
        bench.pack.contents().tracks[heads + 2][5 + 16 + 88 + 6..][..2].fill(0xFF);
        assert_eq!(bench.find_id(1).take(0x06, 80), pattern(1, 80), "{name}: what is before it can be read");
        assert_eq!(bench.fail(0x06, &[0; 100]), expected, "{name}");
        let message = "test pack: cylinder 1 head 2: record 2 runs over the end of the track";
        assert_eq!(bench.drive.take_messages(), [message], "{name}");
        // Formatting heals it.
        bench.seek(1, 2).find_id(1).give(0x1D, &[&count(1, 2, 2, 0, 3)[..], &[1, 2, 3]].concat());
        assert_eq!(bench.pack.records(1, 2)[2..], [plain(2, vec![1, 2, 3])], "{name}");
    }
}

#[test]
fn a_track_that_cannot_be_read_is_a_data_check() {
    for (name, sense) in [("2314", vec![0x08, 0, 0, 0xC0, 0x80, 0]), ("3350", vec![0x08, 0x80, 0, 0, 0x80, 1, 2, 0x40])]
    {
        let mut bench = bench(name);
        let track = bench.pack.contents().model.heads + 2;
        bench.pack.contents().broken.push(track);
        for _ in 0..3 {
            assert_eq!(bench.seek(1, 2).command(0x06, vec![0; 80]).status, UnitStatus::FAILED);
        }
        assert_eq!(bench.sense()[..sense.len()], sense, "{name}");
        let message = format!("cylinder 1 head 2: test pack: offset {track}: no track here");
        assert_eq!(bench.drive.take_messages(), [message], "{name}: once");
        assert_eq!(bench.seek(1, 3).find_id(1).take(0x06, 50), pattern(3, 50), "{name}: others can");
    }
}

#[test]
fn a_write_that_fails_is_an_equipment_check_and_is_not_remembered() {
    for (name, expected) in [("2311", (0x10, 0)), ("3350", (0x10, 0x80))] {
        let mut bench = bench(name);
        let track = bench.pack.contents().model.heads + 2;
        bench.find_id(1);
        bench.pack.contents().broken.push(track);
        bench.give(0x05, &[9; 80]);
        assert_eq!(bench.drive.end_of_chain(), UnitStatus::UNIT_CHECK, "{name}: with the chain's last status");
        assert_eq!(bench.sense01(), expected, "{name}");
        assert_eq!(bench.drive.take_messages().len(), 1);
        bench.pack.contents().broken.clear();
        assert_eq!(bench.seek(1, 2).find_id(1).take(0x06, 80), pattern(1, 80), "{name}: as it is on the pack");
    }
}

#[test]
fn a_write_that_fails_too_late_for_its_own_status_is_told_by_the_next() {
    let mut bench = bench("3330");
    bench.keeps = false;
    let heads = bench.pack.contents().model.heads;
    bench.find_id(1).give(0x05, &[9; 80]);
    bench.pack.contents().broken.push(heads + 2);
    // Seek head: the same chain goes on on another track.
    bench.give(0x1B, &[0, 0, 0, 1, 0, 3]).give(0x23, &[0]);
    assert_eq!(bench.fail(0x1A, &[0; 5]), (0x10, 0x80), "the other track takes the place of the one not written");
    bench.pack.contents().broken.clear();
    assert_eq!(bench.seek(1, 2).find_id(1).take(0x06, 80), pattern(1, 80), "as it is on the pack");
}

#[test]
fn a_track_without_records_has_no_record_to_find() {
    for name in TYPES {
        let mut bench = bench(name);
        bench.give(0x1F, &[0xC0]).give(0x19, &[0, 0, 1, 0, 2]);
        for code in [0x31, 0x29, 0x06, 0x12, 0x16] {
            assert_eq!(bench.seek(1, 2).fail(code, &[0; 5]), (0, 0x08), "{name} {code:02X}");
        }
        // R0 alone is found by its identifier, and passed over by all else.
        bench.seek(0, 0).find_id(0).seek(0, 0);
        for code in [0x29, 0x06, 0x12] {
            assert_eq!(bench.seek(0, 0).fail(code, &[0; 5]), (0, 0x08), "{name} {code:02X}");
        }
    }
}
