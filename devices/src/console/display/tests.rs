//! Channel programs against a display, with a terminal played by hand.

use proptest::{prelude::*, test_runner::RngSeed};
use s370_arch::ebcdic::from_text;

use super::*;
use crate::area::Area;

const WRITE: u8 = 0x01;
const ERASE_WRITE: u8 = 0x05;
const READ_BUFFER: u8 = 0x02;
const READ_MODIFIED: u8 = 0x06;
const SENSE: u8 = 0x04;

/// An inbound record: ENTER, cursor 80, and a field.
const ENTER_RECORD: &[u8] = b"\x7D\xC1\x50\x11\xC1\x50\xC1\xC2";

fn connected(model: Model) -> Display {
    let mut display = Display::new(model);
    display.connect(Terminal { alternate: Some(3564), is_extended: true });
    assert_eq!(display.take_unsolicited(), UnitStatus::DEVICE_END);
    assert_eq!(display.take_unsolicited(), UnitStatus::empty());
    display
}

fn start(display: &mut Display, code: u8) -> Initial {
    display.start(Command { code, chained: false, now: 0 })
}

fn chain(display: &mut Display, code: u8) -> Initial {
    display.start(Command { code, chained: true, now: 0 })
}

/// Runs the write that was started, with a terminal that answers so; gives what the terminal got, and the status.
fn run_write(display: &mut Display, data: &[u8], outcome: Outcome) -> (Vec<u8>, Option<UnitStatus>) {
    let mut area = Area::of(data);
    assert_eq!(area.run(display), None, "it waits for the terminal");
    let outbound = display.take_outbound().expect("a record");
    assert_eq!(display.take_outbound(), None);
    display.written(outbound.number.expect("a write"), outcome);
    (outbound.record, area.run(display))
}

fn write(display: &mut Display, code: u8, data: &[u8]) -> Vec<u8> {
    assert_eq!(start(display, code), Initial::Accepted(Delay::Microseconds(0)));
    let (record, status) = run_write(display, data, Outcome::Done);
    assert_eq!(status, Some(UnitStatus::ENDED));
    record
}

/// Runs a read that the terminal need not be asked for.
fn read(display: &mut Display, code: u8) -> Vec<u8> {
    assert_eq!(start(display, code), Initial::Accepted(Delay::Microseconds(0)));
    let mut area = Area::empty(4000);
    assert_eq!(area.run(display), Some(UnitStatus::ENDED));
    area.read().to_vec()
}

/// Runs the read that was started, with this answer of the terminal; gives what the terminal got, and the data.
fn ask(display: &mut Display, initial: Initial, answer: &[u8]) -> (Vec<u8>, Vec<u8>) {
    assert_eq!(initial, Initial::Accepted(Delay::Outside));
    assert!(!display.is_ready());
    let outbound = display.take_outbound().expect("a record");
    assert_eq!(outbound.number, None);
    display.inbound(answer);
    assert!(display.is_ready());
    let mut area = Area::empty(4000);
    assert_eq!(area.run(display), Some(UnitStatus::ENDED));
    (outbound.record, area.read().to_vec())
}

fn sense(display: &mut Display) -> u8 {
    read(display, SENSE)[0]
}

#[test]
fn a_write_ends_when_the_terminal_has_it() {
    let mut display = connected(Model::M3278);
    let data = [&b"\xC3\x11\x5D\x7F"[..], &from_text("HELLO")].concat();
    assert_eq!(write(&mut display, ERASE_WRITE, &data), [&b"\xF5"[..], &data].concat());
    assert_eq!(write(&mut display, 0x0D, b"\xC3"), b"\x7E\xC3");
    assert_eq!(write(&mut display, 0x11, b"\0\x05\x01\xFF\x02"), b"\xF3\0\x05\x01\xFF\x02");
}

#[test]
fn a_long_write_comes_in_pieces() {
    let mut display = connected(Model::M3278);
    let data = [&b"\xC3"[..], &[0x40; 60_000]].concat();
    assert_eq!(write(&mut display, ERASE_WRITE, &data).len(), 60_002);
    start(&mut display, ERASE_WRITE);
    let mut area = Area::of(&vec![0x40; RECORD_LIMIT + 1]);
    assert_eq!(area.run(&mut display), Some(UnitStatus::FAILED));
    assert_eq!((display.take_outbound(), sense(&mut display)), (None, 0x01));
}

#[test]
fn a_key_is_attention_and_read_modified_gives_what_it_brought() {
    let mut display = connected(Model::M3278);
    display.inbound(ENTER_RECORD);
    assert_eq!(display.take_unsolicited(), UnitStatus::ATTENTION);
    assert_eq!(display.take_unsolicited(), UnitStatus::empty());
    assert_eq!(read(&mut display, READ_MODIFIED), ENTER_RECORD);
    assert_eq!(read(&mut display, READ_MODIFIED), ENTER_RECORD, "the identifier is kept");
    write(&mut display, WRITE, b"\xC2");
    let initial = start(&mut display, READ_MODIFIED);
    assert_eq!(ask(&mut display, initial, b"\x60\x40\x40").1, b"\x60\x40\x40", "the keyboard was restored");
}

#[test]
fn a_write_that_does_not_restore_the_keyboard_keeps_the_identifier() {
    let mut display = connected(Model::M3278);
    display.inbound(ENTER_RECORD);
    write(&mut display, WRITE, b"\xC0\x11\xC1\x50\xC3");
    let initial = start(&mut display, READ_MODIFIED);
    let (asked, given) = ask(&mut display, initial, b"\x60\x40\x40");
    assert_eq!(asked, b"\xF6", "the screen may have changed: the terminal is asked");
    assert_eq!(given, b"\x7D\x40\x40");
}

#[test]
fn reads_ask_the_terminal() {
    let mut display = connected(Model::M3278);
    for (code, command) in [(READ_BUFFER, 0xF2), (READ_MODIFIED, 0xF6), (0x0E, 0x6E)] {
        let initial = start(&mut display, code);
        let (asked, given) = ask(&mut display, initial, b"\x60\x40\x40\xC1");
        assert_eq!((asked, given), (vec![command], b"\x60\x40\x40\xC1".to_vec()));
    }
    assert_eq!(display.take_unsolicited(), UnitStatus::empty(), "an answer is no attention");
}

#[test]
fn a_key_that_crosses_a_read_is_attention() {
    let mut display = connected(Model::M3278);
    start(&mut display, READ_BUFFER);
    display.inbound(ENTER_RECORD);
    assert!(!display.is_ready(), "this was the key");
    display.inbound(b"\x7D\x40\x40\xC3");
    let mut area = Area::empty(100);
    assert_eq!(area.run(&mut display), Some(UnitStatus::ENDED));
    assert_eq!(area.read(), b"\x7D\x40\x40\xC3");
    assert_eq!(display.take_unsolicited(), UnitStatus::ATTENTION);
    assert_eq!(read(&mut display, READ_MODIFIED), ENTER_RECORD);
}

#[test]
fn a_key_that_crosses_a_write_is_not_lost() {
    let mut display = connected(Model::M3278);
    start(&mut display, WRITE);
    let mut area = Area::of(b"\xC2\xC1");
    area.run(&mut display);
    display.inbound(ENTER_RECORD);
    let number = display.take_outbound().and_then(|outbound| outbound.number).expect("a write");
    display.written(number, Outcome::Done);
    assert_eq!(area.run(&mut display), Some(UnitStatus::ENDED));
    assert_eq!(display.take_unsolicited(), UnitStatus::ATTENTION);
    assert_eq!(read(&mut display, READ_MODIFIED), ENTER_RECORD);
}

#[test]
fn chained_commands_go_on_at_the_buffer_address() {
    let mut display = connected(Model::M3278);
    assert_eq!(write(&mut display, ERASE_WRITE, b"\xC3\x11\xC1\x50\xC1"), b"\xF5\xC3\x11\xC1\x50\xC1");
    assert_eq!(chain(&mut display, WRITE), Initial::Accepted(Delay::Microseconds(0)));
    let (record, _) = run_write(&mut display, b"\xC0\xC2", Outcome::Done);
    assert_eq!(record, b"\xF1\xC0\x11\xC1\xD1\xC2", "at 81");
    let initial = chain(&mut display, READ_BUFFER);
    let answer = [&b"\x60\x40\x40"[..], &[0; 82], b"\xC5"].concat();
    assert_eq!(ask(&mut display, initial, &answer).1, b"\x60\x40\x40\xC5", "from 82");
    write(&mut display, ERASE_WRITE, b"\xC3\xC1");
    display.end_of_chain();
    assert_eq!(write(&mut display, WRITE, b"\xC0\xC2"), b"\xF1\xC0\xC2", "a new chain begins at the cursor");
    write(&mut display, ERASE_WRITE, b"\xC3\xC1");
    chain(&mut display, 0x03);
    chain(&mut display, WRITE);
    assert_eq!(run_write(&mut display, b"\xC0\xC2", Outcome::Done).0, b"\xF1\xC0\xC2", "no-operation forgets");
}

#[test]
fn select_and_erase_all_unprotected_end_twice() {
    let mut display = connected(Model::M3277);
    for code in [0x0B, 0x1B, 0x2B, 0x3B, 0x4B] {
        let Initial::Ended(ending) = start(&mut display, code) else { panic!("an immediate command") };
        assert_eq!(ending.status, UnitStatus::CHANNEL_END);
        assert!(matches!(ending.later, Some((Delay::Microseconds(_), UnitStatus::DEVICE_END))));
    }
    display.inbound(ENTER_RECORD);
    let later = Some((Delay::Outside, UnitStatus::DEVICE_END));
    assert_eq!(start(&mut display, 0x0F), Initial::Ended(Ending { status: UnitStatus::CHANNEL_END, later }));
    assert!(!display.is_ready());
    let outbound = display.take_outbound().expect("a record");
    assert_eq!(outbound.record, b"\x6F");
    display.written(outbound.number.expect("a write"), Outcome::Done);
    assert!(display.is_ready());
    assert_eq!(display.take_unsolicited(), UnitStatus::empty(), "the key is forgotten");
}

#[test]
fn select_from_position_keeps_the_position() {
    let mut display = connected(Model::M3277);
    for (select, begins) in [(0x3B, 1), (0x1B, 0)] {
        write(&mut display, ERASE_WRITE, b"\xC3\xC1");
        chain(&mut display, select);
        let initial = chain(&mut display, READ_BUFFER);
        let given = ask(&mut display, initial, b"\x60\x40\x40\xC1\xC2").1;
        assert_eq!(given, [b"\x60\x40\x40", &b"\xC1\xC2"[begins..]].concat());
    }
}

#[test]
fn not_ready_without_a_terminal() {
    let mut display = Display::new(Model::M3277);
    for code in [WRITE, READ_MODIFIED, 0x0F, 0x0B, 0x03] {
        assert_eq!(start(&mut display, code), Initial::Ended(Ending::now(UnitStatus::UNIT_CHECK)));
        assert_eq!(sense(&mut display), 0x40);
    }
    display.inbound(ENTER_RECORD);
    assert_eq!(display.take_unsolicited(), UnitStatus::empty());
}

#[test]
fn a_terminal_that_goes_ends_what_waits_for_it() {
    for code in [WRITE, READ_BUFFER] {
        let mut display = connected(Model::M3278);
        start(&mut display, code);
        let mut area = if code == WRITE { Area::of(b"\xC3\xC1") } else { Area::empty(10) };
        assert_eq!(area.run(&mut display), None);
        display.disconnect();
        assert_eq!(area.run(&mut display), Some(UnitStatus::FAILED));
        assert_eq!((display.take_outbound(), sense(&mut display)), (None, 0x40));
    }
    let mut display = connected(Model::M3278);
    start(&mut display, 0x0F);
    display.disconnect();
    assert!(display.is_ready());
}

#[test]
fn commands_that_a_display_does_not_have() {
    let mut display = connected(Model::M3277);
    for code in [0x0D, 0x11, 0x0E, 0x09, 0xE4] {
        assert_eq!(start(&mut display, code), Initial::Ended(Ending::now(UnitStatus::UNIT_CHECK)), "{code:02X}");
        assert_eq!(sense(&mut display), 0x80);
    }
    let mut display = Display::new(Model::M3278);
    display.connect(Terminal { alternate: Some(1920), is_extended: false });
    assert_eq!(start(&mut display, 0x11), Initial::Ended(Ending::now(UnitStatus::FAILED)));
    assert_eq!(sense(&mut display), 0x01);
}

#[test]
fn an_invalid_buffer_address_is_an_operation_check() {
    let mut display = connected(Model::M3278);
    start(&mut display, ERASE_WRITE);
    let (record, status) = run_write(&mut display, b"\xC3\xC1\x11\x5E\x40\xC2", Outcome::Done);
    assert_eq!(
        (&record[..], status),
        (&b"\xF5\xC3\xC1"[..], Some(UnitStatus::FAILED)),
        "what stands before is written"
    );
    assert_eq!(sense(&mut display), 0x01);
    assert_eq!(write(&mut display, 0x0D, b"\xC3\x11\x5E\x40\xC2"), b"\x7E\xC3\x11\x5E\x40\xC2", "model 5 has it");
    start(&mut display, WRITE);
    assert_eq!(run_write(&mut display, b"\xC3\xC1", Outcome::OperationCheck).1, Some(UnitStatus::FAILED));
    assert_eq!(sense(&mut display), 0x01, "the terminal may find more");
}

#[test]
fn the_answer_to_a_halted_read_is_left_out() {
    let mut display = connected(Model::M3278);
    start(&mut display, READ_BUFFER);
    assert!(display.take_outbound().is_some());
    assert_eq!(display.halt(), Ending::now(UnitStatus::ENDED));
    display.inbound(b"\x60\x40\x40\xC1");
    assert_eq!(display.take_unsolicited(), UnitStatus::empty());
    let initial = start(&mut display, READ_BUFFER);
    assert_eq!(ask(&mut display, initial, b"\x60\x40\x40\xC2").1, b"\x60\x40\x40\xC2");
    start(&mut display, READ_BUFFER);
    display.halt();
    assert_eq!(display.take_outbound(), None, "it was not sent");
    start(&mut display, WRITE);
    let mut area = Area::of(b"\xC3");
    area.run(&mut display);
    let number = display.take_outbound().and_then(|outbound| outbound.number).expect("a write");
    display.halt();
    display.written(number, Outcome::OperationCheck);
    assert_eq!(write(&mut display, WRITE, b"\xC3"), b"\xF1\xC3");
}

#[test]
fn system_request_asks_for_the_data_when_they_are_read() {
    let mut display = connected(Model::M3277);
    display.strike(aid::SYSTEM_REQUEST);
    assert_eq!(display.take_unsolicited(), UnitStatus::ATTENTION);
    let initial = start(&mut display, READ_MODIFIED);
    assert_eq!(ask(&mut display, initial, b"\x60\x40\x40").1, b"\xF0\x40\x40");
}

#[test]
fn reset_forgets_key_command_and_sense() {
    let mut display = connected(Model::M3277);
    start(&mut display, 0x0D);
    display.inbound(ENTER_RECORD);
    display.reset();
    assert_eq!(display.take_unsolicited(), UnitStatus::empty());
    assert_eq!(sense(&mut display), 0);
}

proptest! {
    #![proptest_config(ProptestConfig {
        rng_seed: RngSeed::Fixed(0x327A), failure_persistence: None, ..ProptestConfig::default()
    })]

    /// Whatever programs and terminals do, in whatever order: no panic, and every command ends in the end.
    #[test]
    fn any_course_of_events_ends(
        steps in prop::collection::vec((any::<u8>(), 0u8..8, prop::collection::vec(any::<u8>(), 0..12)), 0..60),
    ) {
        let mut display = connected(Model::M3278);
        let mut area: Option<Area> = None;
        let mut numbers = Vec::new();
        for (code, step, bytes) in steps {
            match step {
                0 => display.inbound(&bytes),
                1 => display.connect(Terminal { alternate: None, is_extended: true }),
                2 => display.disconnect(),
                3 => { display.halt(); area = None; }
                4 => numbers.extend(display.take_outbound().and_then(|outbound| outbound.number)),
                5 => numbers.drain(..).for_each(|number| display.written(number, Outcome::Done)),
                _ => {}
            }
            if let Some(running) = &mut area {
                if display.is_ready() && running.run(&mut display).is_some() {
                    area = None;
                }
            } else if display.is_ready()
                && code & 0x0F != 0
                && let Initial::Accepted(_) = display.start(Command { code, chained: code & 0x40 != 0, now: 0 })
            {
                area = Some(if code & 1 == 1 { Area::of(&bytes) } else { Area::empty(40) });
            }
        }
        display.disconnect();
        if let Some(mut running) = area {
            prop_assert!(running.run(&mut display).is_some());
        }
    }
}
