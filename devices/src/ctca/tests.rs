//! The table of GA22-6983, row by row, and data between two programs.

use s370_arch::channel::UnitStatus;

use super::*;
use crate::{
    area::Area,
    testing::{chained, command},
};

const CONTROL: u8 = 0x07;
const READ: u8 = 0x02;
const READ_BACKWARD: u8 = 0x0C;
const WRITE: u8 = 0x01;
const WRITE_END_OF_FILE: u8 = 0x81;
const PREPARE: u8 = 0xE3;
const SENSE: u8 = 0x04;
const SENSE_COMMAND: u8 = 0x14;
const NO_OPERATION: u8 = 0x03;
const SET_EXTENDED: u8 = 0xC3;
const SET_BASIC: u8 = 0x43;

const ENDED: UnitStatus = UnitStatus::ENDED;
const FAILED: UnitStatus = UnitStatus::FAILED;

/// What a side's command comes to at first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum First {
    /// Ended with this status.
    Ended(UnitStatus),
    /// Channel end, and device end when the other side acts.
    ChannelEnd,
    /// Nothing until the other side acts.
    Waits,
    /// Goes on by itself.
    Goes,
}

fn begin(side: &mut ChannelToChannel, code: u8) -> First {
    match side.start(command(code)) {
        Initial::Ended(Ending { status, later: None }) => First::Ended(status),
        Initial::Ended(ending) => {
            assert_eq!(ending.status, UnitStatus::CHANNEL_END);
            assert_eq!(ending.later, Some((Delay::Outside, UnitStatus::DEVICE_END)));
            First::ChannelEnd
        }
        Initial::Accepted(Delay::Outside) => First::Waits,
        Initial::Accepted(Delay::Microseconds(_)) => First::Goes,
    }
}

/// What a side has outstanding, in the order of the table's columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Other {
    Prepare,
    Control,
    Read,
    Write,
    Available,
    NotReady,
}

const OTHERS: [Other; 6] =
    [Other::Prepare, Other::Control, Other::Read, Other::Write, Other::Available, Other::NotReady];

/// Two sides in extended mode, the second in this state.
fn sides(other: Other) -> (ChannelToChannel, ChannelToChannel) {
    let (mut x, mut y) = pair();
    assert_eq!(begin(&mut x, SET_EXTENDED), First::Ended(ENDED));
    assert_eq!(begin(&mut y, SET_EXTENDED), First::Ended(ENDED));
    match other {
        Other::Prepare => assert_eq!(begin(&mut y, PREPARE), First::ChannelEnd),
        Other::Control => assert_eq!(begin(&mut y, CONTROL), First::ChannelEnd),
        Other::Read => assert_eq!(begin(&mut y, READ), First::Waits),
        Other::Write => assert_eq!(begin(&mut y, WRITE), First::Waits),
        Other::Available => {}
        Other::NotReady => y.set_operational(false),
    }
    let attention = if matches!(other, Other::Control | Other::Read | Other::Write) {
        UnitStatus::ATTENTION
    } else {
        UnitStatus::empty()
    };
    assert_eq!(x.take_unsolicited(), attention);
    (x, y)
}

/// Checks a row: for each column what the command comes to, whether it gives the other side attention, and whether it
/// lets the other side's command go on.
fn row(code: u8, columns: [(First, bool, bool); 6]) {
    for (other, (first, attention, goes_on)) in OTHERS.into_iter().zip(columns) {
        let (mut x, mut y) = sides(other);
        assert_eq!(begin(&mut x, code), first, "{code:02X} {other:?}");
        let expected = if attention { UnitStatus::ATTENTION } else { UnitStatus::empty() };
        assert_eq!(y.take_unsolicited(), expected, "{code:02X} {other:?}");
        let was_ready = matches!(other, Other::Available | Other::NotReady);
        assert_eq!(y.is_ready(), was_ready || goes_on, "{code:02X} {other:?}");
        if matches!(first, First::Waits | First::ChannelEnd) && !goes_on {
            assert!(!x.is_ready(), "{code:02X} {other:?}");
        }
        // Having ended, it may begin again.
        if first == First::Ended(UnitStatus::UNIT_CHECK) {
            assert_eq!(sense(&mut x), 0x40);
            y.set_operational(true);
            assert_ne!(begin(&mut x, code), first);
        }
    }
}

const BUSY: (First, bool, bool) = (First::Ended(BUSY_ATTENTION), false, false);
const NOT_READY: (First, bool, bool) = (First::Ended(UnitStatus::UNIT_CHECK), false, false);
const AT_ONCE: (First, bool, bool) = (First::Ended(ENDED), false, false);

fn sense(side: &mut ChannelToChannel) -> u8 {
    assert_eq!(begin(side, SENSE), First::Goes);
    let mut area = Area::empty(1);
    assert_eq!(side.transfer(&mut area, 0), Progress::Ended(Ending::now(ENDED)));
    assert_eq!(area.moved, 1);
    area.bytes[0]
}

#[test]
fn control() {
    let prepared = (First::ChannelEnd, false, true);
    let waits = (First::ChannelEnd, true, false);
    row(CONTROL, [prepared, BUSY, BUSY, BUSY, waits, NOT_READY]);
}

#[test]
fn read_and_read_backward() {
    for code in [READ, READ_BACKWARD] {
        let prepared = (First::Waits, false, true);
        let waits = (First::Waits, true, false);
        // The reading side goes first; the writing one waits for its turn.
        let transfer = (First::Goes, false, false);
        row(code, [prepared, BUSY, BUSY, transfer, waits, NOT_READY]);
    }
}

#[test]
fn write() {
    let prepared = (First::Waits, false, true);
    let waits = (First::Waits, true, false);
    let transfer = (First::Waits, false, true);
    row(WRITE, [prepared, BUSY, transfer, BUSY, waits, NOT_READY]);
}

#[test]
fn write_end_of_file() {
    let lets_end = (First::Ended(ENDED), false, true);
    row(WRITE_END_OF_FILE, [lets_end, BUSY, lets_end, BUSY, AT_ONCE, NOT_READY]);
    // The other side's read ends with unit exception.
    let (mut x, mut y) = sides(Other::Read);
    assert_eq!(begin(&mut x, WRITE_END_OF_FILE), First::Ended(ENDED));
    let mut area = Area::empty(10);
    assert_eq!(y.transfer(&mut area, 0), Progress::Ended(Ending::now(END_OF_FILE)));
    // If it is not reading yet, its next read does, once.
    assert_eq!(begin(&mut x, WRITE_END_OF_FILE), First::Ended(ENDED));
    assert_eq!(begin(&mut y, READ), First::Goes);
    assert_eq!(y.transfer(&mut area, 0), Progress::Ended(Ending::now(END_OF_FILE)));
    assert_eq!(area.moved, 0);
    assert_eq!(begin(&mut y, READ), First::Waits);
}

#[test]
fn prepare() {
    let waits = (First::ChannelEnd, false, false);
    let both_end = (First::Ended(ENDED), false, true);
    row(PREPARE, [both_end, AT_ONCE, AT_ONCE, AT_ONCE, waits, NOT_READY]);
}

#[test]
fn no_operation() {
    row(NO_OPERATION, [AT_ONCE, BUSY, BUSY, BUSY, AT_ONCE, NOT_READY]);
}

#[test]
fn sense_command_byte() {
    let codes = [PREPARE, CONTROL, READ, WRITE, 0];
    for (other, code) in OTHERS.into_iter().zip(codes) {
        let (mut x, mut y) = sides(other);
        assert_eq!(begin(&mut x, SENSE_COMMAND), First::Goes);
        let mut area = Area::empty(1);
        assert_eq!(x.transfer(&mut area, 0), Progress::Ended(Ending::now(ENDED)));
        assert_eq!(area.bytes, [code]);
        // A control is answered by that, nothing else is.
        assert_eq!(y.is_ready(), matches!(other, Other::Control | Other::Available), "{other:?}");
        assert_eq!(y.take_unsolicited(), UnitStatus::empty());
    }
    let (mut x, _y) = sides(Other::NotReady);
    assert_eq!(begin(&mut x, SENSE_COMMAND), First::Ended(UnitStatus::UNIT_CHECK));
}

#[test]
fn sense_is_always_answered() {
    for other in OTHERS {
        let (mut x, _y) = sides(other);
        assert_eq!(sense(&mut x), if other == Other::NotReady { 0x40 } else { 0 });
    }
}

/// Runs a read on one side against a write on the other, whichever began, each with its area.
fn transfer(reader: &mut ChannelToChannel, writer: &mut ChannelToChannel, into: &mut Area, from: &mut Area) {
    let mut ended = [false; 2];
    for _ in 0..100 {
        for (number, (side, area)) in [(&mut *reader, &mut *into), (&mut *writer, &mut *from)].into_iter().enumerate() {
            if !ended[number] && side.is_ready() {
                match side.transfer(area, 0) {
                    Progress::Ended(ending) => {
                        assert_eq!(ending, Ending::now(ENDED));
                        ended[number] = true;
                    }
                    Progress::Wait(delay) => assert_eq!(delay, Delay::Outside),
                }
            }
        }
        if ended == [true, true] {
            return;
        }
    }
    panic!("one of them waits for ever");
}

#[test]
fn data_moves_until_the_smaller_count() {
    for (reading, writing) in [(5, 5), (3, 5), (5, 3), (1, 1), (65_535, 65_535)] {
        for reader_first in [true, false] {
            let (mut x, mut y) = pair();
            let data: Vec<u8> = (0..writing).map(|n: usize| (n % 251) as u8).collect();
            let (mut into, mut from) = (Area::empty(reading), Area::of(&data));
            if reader_first {
                assert_eq!(begin(&mut x, READ), First::Waits);
                assert_eq!(begin(&mut y, WRITE), First::Waits);
                assert!(x.is_ready());
            } else {
                assert_eq!(begin(&mut y, WRITE), First::Waits);
                assert_eq!(begin(&mut x, READ), First::Goes);
            }
            transfer(&mut x, &mut y, &mut into, &mut from);
            let count = reading.min(writing);
            assert_eq!(into.read(), &data[..count]);
            // What remains on one side is for its channel to find.
            assert_eq!((into.moved, from.moved, into.is_long, from.is_long), (count, count, false, false));
            // Both are free.
            assert_eq!(begin(&mut x, NO_OPERATION), First::Ended(ENDED));
            assert_eq!(begin(&mut y, NO_OPERATION), First::Ended(ENDED));
        }
    }
}

#[test]
fn reading_backward_fills_storage_from_its_end() {
    let (mut x, mut y) = pair();
    let (mut into, mut from) = (Area::empty(5), Area::of(b"abc"));
    assert_eq!(begin(&mut y, WRITE), First::Waits);
    assert_eq!(begin(&mut x, READ_BACKWARD), First::Goes);
    transfer(&mut x, &mut y, &mut into, &mut from);
    assert_eq!(into.bytes, b"\xEE\xEEcba");
}

/// The usual conversation: control, attention, sense command byte, device end, write, read.
#[test]
fn two_programs_talk() {
    let (mut x, mut y) = pair();
    assert_eq!(begin(&mut x, CONTROL), First::ChannelEnd);
    assert!(!x.is_ready());
    assert_eq!(y.take_unsolicited(), UnitStatus::ATTENTION);
    assert_eq!(y.take_unsolicited(), UnitStatus::empty());
    assert_eq!(begin(&mut y, SENSE_COMMAND), First::Goes);
    let mut area = Area::empty(1);
    y.transfer(&mut area, 0);
    assert_eq!(area.bytes, [CONTROL]);
    assert!(x.is_ready());
    // X's chain goes on with the write, Y's program with a read.
    assert!(matches!(x.start(chained(WRITE)), Initial::Accepted(Delay::Outside)));
    assert_eq!(begin(&mut y, READ), First::Goes);
    let (mut into, mut from) = (Area::empty(100), Area::of(b"HELLO"));
    transfer(&mut y, &mut x, &mut into, &mut from);
    assert_eq!(into.read(), b"HELLO");
}

#[test]
fn a_reset_or_a_halt_ends_what_the_other_side_does() {
    type End = fn(&mut ChannelToChannel);
    let halt = |side: &mut ChannelToChannel| assert_eq!(side.halt(), Ending::now(ENDED));
    let ends: [End; 3] = [Device::reset, halt, |side| side.set_operational(false)];
    for end in ends {
        for other in [Other::Read, Other::Write] {
            let (mut x, mut y) = sides(other);
            end(&mut x);
            assert!(y.is_ready());
            assert_eq!(y.transfer(&mut Area::empty(4), 0), Progress::Ended(Ending::now(FAILED)));
            assert_eq!(sense(&mut y), 0x40);
        }
        for other in [Other::Prepare, Other::Control] {
            let (mut x, mut y) = sides(other);
            end(&mut x);
            assert!(y.is_ready());
            assert_eq!(sense(&mut y), 0x40);
        }
    }
    // In the middle of the data.
    let (mut x, mut y) = pair();
    begin(&mut x, WRITE);
    begin(&mut y, READ);
    assert_eq!(y.transfer(&mut Area::empty(4), 0), Progress::Wait(Delay::Outside));
    x.reset();
    assert_eq!(y.transfer(&mut Area::empty(4), 0), Progress::Ended(Ending::now(FAILED)));
    // The side that was reset is as new.
    assert_eq!(x.take_unsolicited(), UnitStatus::empty());
    assert_eq!(begin(&mut x, PREPARE), First::Ended(UnitStatus::UNIT_CHECK));
    assert_eq!(sense(&mut x), 0x80);
}

#[test]
fn basic_mode_has_fewer_commands() {
    let (mut x, mut y) = pair();
    for code in [PREPARE, SET_BASIC, 0x63, 0xCB] {
        assert_eq!(begin(&mut x, code), First::Ended(UnitStatus::UNIT_CHECK), "{code:02X}");
        assert_eq!(sense(&mut x), 0x80);
    }
    // A write with a modifier bit is a write.
    assert_eq!(begin(&mut x, WRITE_END_OF_FILE), First::Waits);
    assert_eq!(begin(&mut y, READ), First::Goes);
    let (mut into, mut from) = (Area::empty(1), Area::of(b"x"));
    transfer(&mut y, &mut x, &mut into, &mut from);
    assert_eq!(into.read(), b"x");
    assert_eq!(begin(&mut x, SET_EXTENDED), First::Ended(ENDED));
    assert_eq!(begin(&mut x, PREPARE), First::ChannelEnd);
    x.halt();
    assert_eq!(begin(&mut x, SET_BASIC), First::Ended(ENDED));
    assert_eq!(begin(&mut x, PREPARE), First::Ended(UnitStatus::UNIT_CHECK));
}
