//! Seeks, masks, sense, states of the drive.

use super::*;
use crate::{
    dasd::ckd::{CkdDrive, harness::MemoryPack},
    device::{Command, Delay, Device, Ending, Initial},
};

#[test]
fn a_seek_ends_twice_if_the_arm_moves() {
    let mut bench = Bench::new("3330", 411);
    let done = bench.command(0x07, vec![0, 0, 0, 0, 0, 5]);
    assert_eq!((done.status, done.later), (UnitStatus::ENDED, None), "a head is selected at once");
    let done = bench.command(0x07, vec![0, 0, 0, 137, 0, 5]);
    assert_eq!(done.later, Some((Delay::Microseconds(30_000), UnitStatus::DEVICE_END)));
    assert_eq!(bench.drive.address(), (137, 5));
    assert_eq!(bench.command(0x0B, vec![0, 0, 0, 137, 0, 6]).later, None);
    assert_eq!(bench.drive.address(), (137, 6));
    bench.give(0x1B, &[9, 9, 9, 9, 0, 7]);
    assert_eq!(bench.drive.address(), (137, 7), "seek head ignores the cylinder");
    let recalibrate = bench.command(0x13, vec![0]);
    assert_eq!(recalibrate.later, Some((Delay::Microseconds(30_000), UnitStatus::DEVICE_END)));
    assert_eq!(bench.drive.address(), (0, 0));
    assert_eq!(bench.command(0x17, vec![0]).status, UnitStatus::ENDED, "restore does nothing");
}

#[test]
fn seeks_to_what_is_not_there_are_rejected() {
    for (name, expected, message) in [("2311", (0x81, 0), 0), ("2314", (0x81, 0), 0), ("3350", (0x80, 0), 4)] {
        let mut bench = Bench::new(name, 3);
        let heads = bench.drive.pack().map_or(0, |pack| pack.model().heads) as u8;
        for argument in [[1, 0, 0, 0, 0, 0], [0, 0, 0, 3, 0, 0], [0, 0, 0, 0, 0, heads], [0, 0, 0, 0, 1, 0]] {
            assert!(bench.command(0x07, argument.to_vec()).status.contains(UnitStatus::UNIT_CHECK), "{argument:?}");
            let sense = bench.sense();
            assert_eq!((sense[0], sense[1]), expected, "{name} {argument:?}");
            if sense.len() == 24 {
                assert_eq!(sense[7], message, "{name} {argument:?}");
            }
        }
        assert_eq!(bench.fail(0x1B, &[0, 0, 0, 0, 0, heads]), expected);
        assert_eq!(bench.fail(0x07, &[0; 5]), expected, "{name}: five bytes");
        assert_eq!(bench.drive.address(), (0, 0), "nothing has moved");
    }
    let mut bench = Bench::new("3350", 3);
    bench.command(0x07, vec![0; 5]);
    assert_eq!(bench.sense()[7], 3, "fewer bytes than needed");
}

#[test]
fn masks_restrict_seeks() {
    let seeks = |mask: u8| {
        [0x07, 0x0B, 0x1B, 0x13].map(|code| {
            let mut bench = Bench::new("3350", 3);
            bench.give(0x1F, &[mask]);
            let done = bench.command(code, vec![0; 6]);
            if done.status.contains(UnitStatus::UNIT_CHECK) {
                assert_eq!(bench.sense01(), (0, 0x04), "file protected");
                return false;
            }
            true
        })
    };
    assert_eq!(seeks(0x00), [true; 4]);
    assert_eq!(seeks(0x08), [false, true, true, false]);
    assert_eq!(seeks(0x10), [false, false, true, false]);
    assert_eq!(seeks(0x18), [false; 4]);
}

#[test]
fn a_mask_lasts_for_one_chain_and_is_set_once() {
    let mut bench = Bench::new("3330", 3);
    bench.give(0x1F, &[0x18]);
    assert_eq!(bench.fail(0x1F, &[0]).0, 0x80);
    bench.give(0x1F, &[0x18]).new_chain().give(0x07, &[0; 6]);
    assert_eq!(bench.fail(0x1F, &[0x20]), (0x80, 0), "bit 2 must be zero");
    assert_eq!(bench.new_chain().give(0x1F, &[0x01]).new_chain().fail(0x1F, &[]), (0x80, 0));
    assert_eq!(Bench::new("2314", 3).fail(0x1F, &[0x01]), (0x80, 0), "bits 5 to 7 too, on early control units");
}

#[test]
fn a_no_operation_ends_at_once_and_an_unknown_command_is_rejected_at_once() {
    let mut drive = CkdDrive::new(Box::new(MemoryPack::new("3350", 1)));
    let start = |drive: &mut CkdDrive, code| drive.start(Command { code, chained: false, now: 0 });
    assert_eq!(start(&mut drive, 0x03), Initial::Ended(Ending::now(UnitStatus::ENDED)));
    assert_eq!(start(&mut drive, 0x47), Initial::Ended(Ending::now(UnitStatus::UNIT_CHECK)));
    let mut bench = Bench::new("3350", 1);
    assert_eq!(bench.fail(0xDE, &[0]), (0x80, 0));
}

#[test]
fn sense_data_is_given_once() {
    let mut bench = Bench::new("3350", 3);
    bench.command(0xDE, vec![0]);
    // Sense data outlasts a no-operation, and nothing else.
    bench.command(0x03, vec![]);
    assert_eq!(bench.sense()[..8], [0x80, 0, 0, 0, 0x80, 0, 0, 1]);
    assert_eq!(bench.sense(), [0; 24]);
    bench.command(0xDE, vec![0]);
    bench.give(0x07, &[0; 6]);
    assert_eq!(bench.sense(), [0; 24]);
    assert_eq!(Bench::new("2314", 3).sense(), [0; 6]);
}

#[test]
fn drives_tell_their_number_and_where_the_arm_is() {
    let mut bench = Bench::new("3330-11", 600);
    bench.drive.set_number(3);
    bench.seek(0x222, 11);
    bench.command(0xDE, vec![0]);
    assert_eq!(bench.sense()[4..7], [0x23, 0x22, 0x2B]);
}

#[test]
fn reservations_begin_a_chain_and_give_sense_data() {
    for (name, length) in [("2314", 6), ("3330", 24), ("3380", 24)] {
        let mut bench = Bench::new(name, 3);
        assert_eq!(bench.take(0xB4, 24).len(), length, "{name}");
        assert_eq!(bench.new_chain().take(0x94, 24).len(), length, "{name}");
        assert_eq!(bench.new_chain().give(0x03, &[]).fail(0xB4, &[0; 24]).0, 0x80, "{name}: first in the chain");
    }
    assert_eq!(Bench::new("3380", 3).take(0x14, 24).len(), 24);
    assert_eq!(Bench::new("3330", 3).fail(0x14, &[0; 24]).0, 0x80);
}

#[test]
fn later_types_tell_what_they_are() {
    let mut bench = Bench::new("3380", 3);
    assert_eq!(bench.take(0xE4, 7), [0xFF, 0x38, 0x80, 3, 0x33, 0x80, 2]);
    assert_eq!(bench.take(0x64, 64)[12..16], [0x03, 0x75, 0, 15]);
    assert_eq!(Bench::new("3350", 3).fail(0xE4, &[0; 7]), (0x80, 0));
    let log = Bench::new("3350", 3).take(0xA4, 24);
    assert_eq!((log.len(), log[7]), (24, 0x60));
}

#[test]
fn a_drive_without_a_pack_is_not_ready() {
    for name in TYPES {
        let mut bench = bench(name);
        assert_eq!(bench.drive.take_unsolicited(), UnitStatus::empty());
        let pack = bench.drive.unmount().expect("the pack");
        for code in [0x07, 0x03, 0x06, 0x31, 0xFF] {
            let done = bench.new_chain().command(code, vec![0; 6]);
            assert_eq!(done.status, UnitStatus::UNIT_CHECK, "{name} {code:02X}: initial status");
            assert_eq!(bench.sense01(), (0x40, 0), "{name} {code:02X}");
        }
        assert_eq!(bench.drive.take_unsolicited(), UnitStatus::empty());
        bench.drive.mount(pack).expect("a drive of this type");
        assert_eq!(bench.drive.take_unsolicited(), UnitStatus::DEVICE_END);
        assert_eq!(bench.drive.take_unsolicited(), UnitStatus::empty());
        assert_eq!(bench.seek(1, 2).find_id(1).take(0x06, 80), pattern(1, 80), "{name}");
    }
}

#[test]
fn packs_fit_into_drives_of_their_type() {
    let mut drive = CkdDrive::new(Box::new(MemoryPack::new("3330-1", 1)));
    let error = drive.mount(Box::new(MemoryPack::new("3350", 1))).expect_err("another type");
    assert_eq!(error.to_string(), "test pack: a pack of a 3350 does not fit into a 3330-1");
    assert!(drive.pack().is_some_and(|pack| pack.model().name == "3330-1"));
    drive.mount(Box::new(MemoryPack::new("3330-11", 1))).expect("another model");
    assert_eq!(drive.kind(), "3330-11");
}

#[test]
fn a_halt_ends_the_command_and_a_reset_forgets_everything() {
    let mut bench = bench("3350");
    let start = |drive: &mut CkdDrive| drive.start(Command { code: 0x06, chained: true, now: 0 });
    assert!(matches!(start(&mut bench.drive), Initial::Accepted(_)));
    assert_eq!(bench.drive.halt(), Ending::now(UnitStatus::ENDED));
    bench.command(0xDE, vec![0]);
    bench.drive.reset();
    assert_eq!(bench.sense(), [0; 24]);
    assert_eq!(bench.drive.address(), (1, 2), "the arm stays where it is");
}

#[test]
fn what_passes_under_the_head_takes_time() {
    let mut bench = Bench::new("3330", 3);
    bench.pack.put(1, 2, &[plain(1, pattern(1, 4096)), plain(2, pattern(2, 4096))]);
    bench.seek(1, 2);
    let mut delay = |code, bytes: &[u8]| {
        let before = bench.now;
        bench.command(code, bytes.to_vec());
        (bench.now - before) >> 12
    };
    // Up to the index point: less than a rotation.
    assert!(delay(0x31, &[0, 1, 0, 2, 9]) < 16_667);
    assert_eq!(delay(0x31, &[0, 1, 0, 2, 9]), 300, "from R0 to R1");
    assert_eq!(delay(0x06, &[0; 4096]), 5185, "4096 bytes at 1.27 microseconds");
    assert_eq!(delay(0x31, &[0, 1, 0, 2, 9]), 170, "a gap");
    assert_eq!(delay(0x31, &[0, 1, 0, 2, 9]), 16_667 - 5657, "from R2 to the index point");
}
