//! Tape units as their component description shows them.

use s370_arch::channel::UnitStatus;

use super::*;
use crate::{
    area::Area,
    device::{Device, Initial},
    media::{
        Buffer,
        reel::{self, Format, Reel},
    },
    testing::{chained, command, run},
};

const WRITE: u8 = 0x01;
const READ: u8 = 0x02;
const NO_OPERATION: u8 = 0x03;
const SENSE: u8 = 0x04;
const REWIND: u8 = 0x07;
const READ_BACKWARD: u8 = 0x0C;
const REWIND_UNLOAD: u8 = 0x0F;
const ERASE_GAP: u8 = 0x17;
const WRITE_TAPE_MARK: u8 = 0x1F;
const BACKSPACE_BLOCK: u8 = 0x27;
const BACKSPACE_FILE: u8 = 0x2F;
const FORWARD_SPACE_BLOCK: u8 = 0x37;
const FORWARD_SPACE_FILE: u8 = 0x3F;
const SECURITY_ERASE: u8 = 0x97;

const DE: UnitStatus = UnitStatus::DEVICE_END;
const ENDED: UnitStatus = UnitStatus::ENDED;
const FAILED: UnitStatus = UnitStatus::FAILED;
const UC: UnitStatus = UnitStatus::UNIT_CHECK;
const UX: UnitStatus = UnitStatus::UNIT_EXCEPTION;
const CUE: UnitStatus = UnitStatus::CONTROL_UNIT_END;

fn reel_of(read_only: bool) -> Box<dyn Reel> {
    let buffer = Buffer { name: "reel.aws".to_owned(), bytes: Vec::new(), read_only };
    reel::open(Box::new(buffer), reel::Options::default()).unwrap()
}

fn unit(kind: &str) -> TapeUnit {
    let mut unit = TapeUnit::new(Kind::named(kind).unwrap());
    assert!(unit.mount(reel_of(false)).is_none());
    assert_eq!(unit.take_unsolicited(), DE);
    unit
}

/// A unit at the load point of a tape: AAAA, BBBBBB, tape mark, C, tape mark, tape mark.
fn recorded() -> TapeUnit {
    let mut unit = unit("3420");
    for block in [&b"AAAA"[..], b"BBBBBB", b"", b"C", b"", b""] {
        match block {
            b"" => motion(&mut unit, WRITE_TAPE_MARK, DE),
            _ => assert_eq!(write(&mut unit, block), ENDED),
        }
    }
    motion(&mut unit, REWIND, DE);
    unit
}

fn write(unit: &mut TapeUnit, block: &[u8]) -> UnitStatus {
    let outcome = run(unit, command(WRITE), &mut Area::of(block));
    assert_eq!(outcome.later, None);
    outcome.status
}

fn read(unit: &mut TapeUnit, count: usize) -> (UnitStatus, Area) {
    let mut area = Area::empty(count);
    let outcome = run(unit, command(READ), &mut area);
    assert_eq!(outcome.later, None);
    (outcome.status, area)
}

/// A control command that moves the tape: channel end at once, and this later.
fn motion(unit: &mut TapeUnit, code: u8, expected: UnitStatus) {
    let outcome = run(unit, command(code), &mut Area::default());
    assert!(outcome.at_once);
    assert_eq!((outcome.status, outcome.later), (UnitStatus::CHANNEL_END, Some(expected)), "{code:02X}");
}

fn sense(unit: &mut TapeUnit) -> Vec<u8> {
    let mut area = Area::empty(32);
    let outcome = run(unit, command(SENSE), &mut area);
    assert_eq!((outcome.status, outcome.later), (ENDED, None));
    area.read().to_vec()
}

/// What an initial status that refuses a command leaves in sense bytes 0 and 1.
fn refused(unit: &mut TapeUnit, code: u8) -> [u8; 2] {
    let Initial::Ended(ending) = unit.start(command(code)) else { panic!("{code:02X} is accepted") };
    assert_eq!((ending.status, ending.later), (UC, None), "{code:02X}");
    sense(unit)[..2].try_into().unwrap()
}

#[test]
fn blocks_are_read_in_both_directions() {
    let mut unit = recorded();
    let (status, area) = read(&mut unit, 4);
    assert_eq!((status, area.read(), area.is_long), (ENDED, &b"AAAA"[..], false));
    // Longer than the area: it gets the beginning, and the channel finds incorrect length.
    let (status, area) = read(&mut unit, 5);
    assert_eq!((status, area.read(), area.is_long), (ENDED, &b"BBBBB"[..], true));
    // Backward, storage is filled from its end.
    let mut area = Area::empty(8);
    assert_eq!(run(&mut unit, command(READ_BACKWARD), &mut area).status, ENDED);
    assert_eq!(area.bytes, b"\xEE\xEEBBBBBB");
    assert_eq!(sense(&mut unit)[3] & 0x02, 0x02);
    let mut area = Area::empty(3);
    assert_eq!(run(&mut unit, command(READ_BACKWARD), &mut area).status, ENDED);
    assert_eq!((&area.bytes[..], area.is_long), (&b"AAA"[..], true));
    // At the load point: unit check, and byte 0 has nothing to say.
    let mut area = Area::empty(3);
    assert_eq!(run(&mut unit, command(READ_BACKWARD), &mut area).status, FAILED);
    assert_eq!((area.moved, &sense(&mut unit)[..2]), (0, &[0x00, 0x48][..]));
    let (status, area) = read(&mut unit, 100);
    assert_eq!((status, area.read()), (ENDED, &b"AAAA"[..]));
    assert_eq!(sense(&mut unit)[3] & 0x02, 0);
}

#[test]
fn a_tape_mark_is_a_unit_exception() {
    let mut unit = recorded();
    motion(&mut unit, FORWARD_SPACE_BLOCK, DE);
    motion(&mut unit, FORWARD_SPACE_BLOCK, DE);
    let (status, area) = read(&mut unit, 100);
    assert_eq!((status, area.moved), (ENDED | UX, 0));
    let (status, area) = read(&mut unit, 100);
    assert_eq!((status, area.read()), (ENDED, &b"C"[..]));
    motion(&mut unit, FORWARD_SPACE_BLOCK, DE | CUE | UX);
    motion(&mut unit, BACKSPACE_BLOCK, DE | CUE | UX);
    motion(&mut unit, BACKSPACE_BLOCK, DE);
    let mut area = Area::empty(100);
    assert_eq!(run(&mut unit, command(READ_BACKWARD), &mut area).status, ENDED | UX);
    assert_eq!(area.moved, 0);
    assert_eq!(read(&mut unit, 100).0, ENDED | UX);
}

#[test]
fn files_are_spaced_over() {
    let mut unit = recorded();
    // Forward: the tape stops after the mark; backward: before it.
    motion(&mut unit, FORWARD_SPACE_FILE, DE);
    assert_eq!(read(&mut unit, 100).1.read(), b"C");
    motion(&mut unit, BACKSPACE_FILE, DE);
    assert_eq!(read(&mut unit, 100).0, ENDED | UX);
    motion(&mut unit, BACKSPACE_FILE, DE);
    motion(&mut unit, BACKSPACE_BLOCK, DE);
    assert_eq!(read(&mut unit, 100).1.read(), b"BBBBBB");
    // Without a mark before it, the load point stops it.
    motion(&mut unit, BACKSPACE_FILE, DE | CUE | UC);
    assert_eq!(sense(&mut unit)[..2], [0x00, 0x48]);
    motion(&mut unit, BACKSPACE_BLOCK, DE | CUE | UC);
    assert_eq!(sense(&mut unit)[..2], [0x00, 0x48]);
    for _ in 0..3 {
        motion(&mut unit, FORWARD_SPACE_FILE, DE);
    }
    // Nothing is recorded there.
    motion(&mut unit, FORWARD_SPACE_FILE, DE | CUE | UC);
    assert_eq!(sense(&mut unit)[..2], [0x08, 0x40]);
    motion(&mut unit, FORWARD_SPACE_BLOCK, DE | CUE | UC);
    let (status, area) = read(&mut unit, 100);
    assert_eq!((status, area.moved, sense(&mut unit)[0]), (FAILED, 0, 0x08));
}

#[test]
fn writing_in_the_middle_is_the_new_end() {
    let mut unit = recorded();
    motion(&mut unit, FORWARD_SPACE_BLOCK, DE);
    assert_eq!(write(&mut unit, b"new"), ENDED);
    assert_eq!(sense(&mut unit)[1], 0x44);
    motion(&mut unit, FORWARD_SPACE_BLOCK, DE | CUE | UC);
    motion(&mut unit, REWIND, DE);
    assert_eq!(sense(&mut unit)[1], 0x48);
    assert_eq!(read(&mut unit, 100).1.read(), b"AAAA");
    assert_eq!(read(&mut unit, 100).1.read(), b"new");
    motion(&mut unit, BACKSPACE_BLOCK, DE);
    motion(&mut unit, ERASE_GAP, DE);
    assert_eq!(read(&mut unit, 100).0, FAILED);
}

#[test]
fn a_write_without_data_writes_nothing() {
    let mut unit = recorded();
    assert_eq!(write(&mut unit, b""), FAILED);
    assert_eq!(sense(&mut unit)[0], 0x02);
    assert_eq!(read(&mut unit, 100).1.read(), b"AAAA");
}

#[test]
fn a_file_protected_tape_is_not_written() {
    let mut unit = unit("3420");
    unit.mount(reel_of(true));
    for code in [WRITE, WRITE_TAPE_MARK, ERASE_GAP, SECURITY_ERASE] {
        // Command reject; ready, load point, file protect.
        assert_eq!(refused(&mut unit, code), [0x80, 0x4A], "{code:02X}");
    }
    assert_eq!(run(&mut unit, command(NO_OPERATION), &mut Area::default()).status, ENDED);
}

#[test]
fn a_unit_without_tape_is_not_ready() {
    let mut unit = TapeUnit::new(Kind::named("3420").unwrap());
    for code in [READ, WRITE, REWIND, NO_OPERATION, 0xC3] {
        assert_eq!(refused(&mut unit, code), [0x40, 0x20], "{code:02X}");
    }
    assert_eq!(unit.take_unsolicited(), UnitStatus::empty());
    unit.mount(reel_of(false));
    assert_eq!(unit.take_unsolicited(), DE);
    assert_eq!(unit.take_unsolicited(), UnitStatus::empty());
    assert_eq!(sense(&mut unit)[..2], [0x00, 0x48]);
    assert!(unit.unmount().is_some());
    assert_eq!(refused(&mut unit, READ), [0x40, 0x20]);
    assert!(unit.unmount().is_none());
}

#[test]
fn unloading_ends_with_intervention_required() {
    let mut unit = recorded();
    assert_eq!(read(&mut unit, 100).0, ENDED);
    motion(&mut unit, REWIND_UNLOAD, DE | CUE | UC);
    assert_eq!(sense(&mut unit)[..2], [0x40, 0x20]);
    assert!(!unit.is_ready() && unit.reel().is_some());
    assert_eq!(refused(&mut unit, READ), [0x40, 0x20]);
    unit.load();
    assert_eq!(unit.take_unsolicited(), DE);
    assert_eq!(read(&mut unit, 100).1.read(), b"AAAA");
    // Pressing the button of a loaded tape does nothing.
    unit.load();
    assert_eq!(unit.take_unsolicited(), UnitStatus::empty());
    assert_eq!(read(&mut unit, 100).1.read(), b"BBBBBB");
}

#[test]
fn rewinding_takes_its_time() {
    let mut unit = unit("3420");
    for _ in 0..100 {
        assert_eq!(write(&mut unit, &[0; 10_000]), ENDED);
    }
    let rewind = run(&mut unit, command(REWIND), &mut Area::default());
    assert_eq!((rewind.status, rewind.later), (UnitStatus::CHANNEL_END, Some(DE)));
    // A million bytes: 160 inches of data, as much of gaps, 640 inches a second.
    assert!((490_000..510_000).contains(&rewind.time), "{}", rewind.time);
    let again = run(&mut unit, command(REWIND), &mut Area::default());
    assert_eq!((again.later, again.time), (Some(DE), 0));
    let mut area = Area::empty(10_000);
    assert_eq!(run(&mut unit, command(READ), &mut area).time, 8000 + 1500);
    assert_eq!(run(&mut unit, command(WRITE), &mut Area::of(&[0; 1000])).time, 800 + 1500);
}

#[test]
fn writing_past_the_end_mark_is_a_unit_exception() {
    let mut unit = unit("3420");
    let mut reel = unit.unmount().unwrap();
    reel.set_end_mark(Some(100));
    unit.mount(reel);
    assert_eq!(write(&mut unit, &[1; 80]), ENDED);
    assert_eq!(sense(&mut unit)[4], 0);
    // It is written all the same.
    assert_eq!(write(&mut unit, &[2; 80]), ENDED | UX);
    assert_eq!(sense(&mut unit)[4], 0x20);
    motion(&mut unit, WRITE_TAPE_MARK, DE | CUE | UX);
    motion(&mut unit, ERASE_GAP, DE | CUE | UX);
    // Nothing is said of it in reading.
    motion(&mut unit, BACKSPACE_BLOCK, DE | CUE | UX);
    motion(&mut unit, BACKSPACE_BLOCK, DE);
    assert_eq!(sense(&mut unit)[4], 0);
    assert_eq!(read(&mut unit, 80).1.read(), [2; 80]);
}

#[test]
fn a_security_erase_follows_an_erase_gap_in_its_chain() {
    let mut unit = recorded();
    assert_eq!(refused(&mut unit, SECURITY_ERASE)[0], 0x80);
    motion(&mut unit, FORWARD_SPACE_BLOCK, DE);
    motion(&mut unit, ERASE_GAP, DE);
    unit.end_of_chain();
    assert_eq!(refused(&mut unit, SECURITY_ERASE)[0], 0x80);
    motion(&mut unit, ERASE_GAP, DE);
    let outcome = run(&mut unit, chained(SECURITY_ERASE), &mut Area::default());
    assert_eq!((outcome.status, outcome.later), (UnitStatus::CHANNEL_END, Some(DE)));
    assert_eq!(sense(&mut unit)[7], 0x08);
    motion(&mut unit, BACKSPACE_BLOCK, DE);
    assert_eq!(read(&mut unit, 100).1.read(), b"AAAA");
    assert_eq!(read(&mut unit, 100).0, FAILED);
}

#[test]
fn modes_take_effect_from_the_load_point() {
    let mut unit = unit("3420");
    assert_eq!((sense(&mut unit)[3], sense(&mut unit)[6] & 0x10), (0x00, 0x10));
    let mode = |unit: &mut TapeUnit, code| {
        let outcome = run(unit, command(code), &mut Area::default());
        assert!(outcome.at_once);
        assert_eq!((outcome.status, outcome.later), (ENDED, None), "{code:02X}");
    };
    assert_eq!(write(&mut unit, b"x"), ENDED);
    mode(&mut unit, 0xC3);
    assert_eq!(write(&mut unit, b"y"), ENDED);
    assert_eq!(sense(&mut unit)[3], 0x00);
    motion(&mut unit, REWIND, DE);
    assert_eq!(write(&mut unit, b"x"), ENDED);
    assert_eq!((sense(&mut unit)[3], sense(&mut unit)[6] & 0x10), (0x04, 0x00));
    // 800 is none of its densities, and it has no 7-track heads.
    for code in
        [0xCB, 0x13, 0x33, 0x3B, 0x23, 0x2B, 0x53, 0x73, 0x7B, 0x63, 0x6B, 0x93, 0xB3, 0xBB, 0xA3, 0xAB, 0x0B, 0x4B]
    {
        mode(&mut unit, code);
    }
    motion(&mut unit, REWIND, DE);
    assert_eq!(write(&mut unit, b"x"), ENDED);
    assert_eq!(sense(&mut unit)[3], 0x04);
    mode(&mut unit, 0xD3);
    motion(&mut unit, REWIND, DE);
    motion(&mut unit, WRITE_TAPE_MARK, DE);
    assert_eq!(sense(&mut unit)[3], 0x00);
}

#[test]
fn an_older_unit_has_fewer_commands_and_sense_bytes() {
    let mut unit = unit("2401");
    assert_eq!(unit.kind(), "2400");
    assert_eq!(sense(&mut unit), [0x00, 0x48, 0x00, 0x04, 0x00, 0x00]);
    for code in [0x8B, 0x97, 0x4B, 0xD3, 0x13] {
        assert_eq!(refused(&mut unit, code)[0], 0x80, "{code:02X}");
    }
    assert_eq!(sense(&mut TapeUnit::new(Kind::named("3410").unwrap())).len(), 9);
    assert_eq!(sense(&mut TapeUnit::new(Kind::named("3420").unwrap())).len(), 24);
}

#[test]
fn commands_that_are_none_are_rejected() {
    let mut unit = unit("3420");
    let known = [
        0x01, 0x02, 0x03, 0x04, 0x07, 0x0B, 0x0C, 0x0F, 0x13, 0x17, 0x1B, 0x1F, 0x23, 0x27, 0x2B, 0x2F, 0x33, 0x37,
        0x3B, 0x3F, 0x4B, 0x53, 0x63, 0x6B, 0x73, 0x7B, 0x8B, 0x93, 0x97, 0xA3, 0xAB, 0xB3, 0xBB, 0xC3, 0xCB, 0xD3,
    ];
    for code in (0..=0xFFu8).filter(|code| ![0, 8].contains(&(code & 0x0F)) && !known.contains(code)) {
        assert_eq!(refused(&mut unit, code)[0], 0x80, "{code:02X}");
    }
}

#[test]
fn sense_data_goes_with_the_next_command() {
    let mut unit = unit("3420");
    let rejected = |unit: &mut TapeUnit| {
        let Initial::Ended(ending) = unit.start(command(0xE4)) else { panic!("accepted") };
        assert_eq!(ending.status, UC);
    };
    rejected(&mut unit);
    assert_eq!(run(&mut unit, command(NO_OPERATION), &mut Area::default()).status, ENDED);
    assert_eq!(sense(&mut unit)[0], 0x80);
    assert_eq!(sense(&mut unit)[0], 0x00);
    rejected(&mut unit);
    motion(&mut unit, REWIND, DE);
    assert_eq!(sense(&mut unit)[0], 0x00);
    rejected(&mut unit);
    unit.reset();
    assert_eq!(sense(&mut unit)[0], 0x00);
    // A short sense: as many bytes as there is room for.
    let mut area = Area::empty(2);
    assert_eq!(run(&mut unit, command(SENSE), &mut area).status, ENDED);
    assert_eq!(area.moved, 2);
}

#[test]
fn data_of_diagnostic_commands_is_taken() {
    let mut unit = recorded();
    let mut area = Area::of(b"loop");
    assert_eq!(run(&mut unit, command(0x8B), &mut area).status, ENDED);
    assert_eq!((area.moved, area.is_long), (4, false));
    let mut area = Area::of(b"\x03");
    assert_eq!(run(&mut unit, command(0x1B), &mut area).status, ENDED);
    assert_eq!((area.moved, area.is_long), (1, false));
    assert_eq!(read(&mut unit, 100).1.read(), b"AAAA");
}

#[test]
fn trouble_with_the_image_is_told_to_both_sides() {
    let damaged =
        Buffer { name: "bad.aws".to_owned(), bytes: b"\x01\0\0\0\xA0\0a\x01\0\0\0\x20\0b".to_vec(), read_only: false };
    let mut unit = unit("3420");
    unit.mount(reel::open(Box::new(damaged), reel::Options::default()).unwrap());
    assert_eq!(read(&mut unit, 10).1.read(), b"a");
    assert_eq!((read(&mut unit, 10).0, sense(&mut unit)[0]), (FAILED, 0x08));
    assert_eq!(unit.take_messages(), ["bad.aws: offset 7: a block without its beginning"]);
    // A block that a FakeTape header cannot describe.
    let options = reel::Options { format: Some(Format::FakeTape), ..reel::Options::default() };
    unit.mount(reel::open(Box::new(Buffer::default()), options).unwrap());
    assert_eq!((write(&mut unit, &[0; 70_000]), sense(&mut unit)[0]), (FAILED, 0x10));
    assert_eq!(unit.take_messages().len(), 1);
    // A block that no image holds.
    assert_eq!((write(&mut unit, &vec![0; (2 << 20) + 1]), sense(&mut unit)[0]), (FAILED, 0x10));
    assert_eq!(unit.take_messages().len(), 1);
    // A torn end.
    let torn = Buffer { bytes: b"\x01\0\0\0\xA0\0a\x01\0\0\0".to_vec(), ..Buffer::default() };
    unit.mount(reel::open(Box::new(torn), reel::Options::default()).unwrap());
    assert_eq!(read(&mut unit, 10).0, ENDED);
    assert_eq!(read(&mut unit, 10).0, FAILED);
    assert_eq!(unit.take_messages().len(), 1);
}

#[test]
fn what_is_halted_or_dismounted_ends() {
    let mut unit = recorded();
    assert!(matches!(unit.start(command(READ)), Initial::Accepted(_)));
    assert_eq!(unit.halt().status, ENDED);
    // The tape has moved.
    assert_eq!(read(&mut unit, 100).1.read(), b"BBBBBB");
    assert!(matches!(unit.start(command(WRITE)), Initial::Accepted(_)));
    unit.unmount();
    let mut area = Area::of(b"lost");
    unit.transfer(&mut area, 0);
    assert!(matches!(unit.transfer(&mut area, 0), crate::device::Progress::Ended(ending) if ending.status == FAILED));
    let sense = sense(&mut unit);
    assert_eq!((sense[0], sense[4]), (0x40, 0x40));
}
