use proptest::{prelude::*, test_runner::RngSeed};
use s370_arch::{channel::UnitStatus, ebcdic::from_text};

use super::*;
use crate::{
    media::{
        listing::text::{Encoding, TextListing},
        shared::SharedFile,
    },
    unit_record::testing::{Outcome, chained, sense, single},
};

const ENDED: UnitStatus = UnitStatus::ENDED;
const CHECK: UnitStatus = UnitStatus::UNIT_CHECK;
const EXCEPTION: UnitStatus = UnitStatus::UNIT_EXCEPTION;
const KINDS: [PrinterKind; 3] = [PrinterKind::P1403, PrinterKind::P3203, PrinterKind::P3211];

fn new(kind: PrinterKind) -> (Printer, SharedFile) {
    let file = SharedFile::default();
    let sink = TextListing::new(Box::new(file.clone()), Encoding::default()).expect("a file");
    (Printer::new(kind, Box::new(sink)), file)
}

fn text(file: &SharedFile) -> String {
    String::from_utf8(file.bytes()).expect("UTF-8")
}

fn print(printer: &mut Printer, code: u8, line: &str) -> Outcome {
    single(printer, code, &from_text(line))
}

fn sense_0(printer: &mut Printer) -> u8 {
    let length = printer.kind.sense_length();
    let bytes = sense(printer, length);
    assert!(bytes[1..].iter().all(|&byte| byte == 0));
    bytes[0]
}

/// Loads a forms control buffer; a 3203 and a 3211 only.
fn load_form(printer: &mut Printer, image: &[u8]) -> Outcome {
    single(printer, 0x63, image)
}

#[test]
fn a_line_is_printed_then_the_form_moves() {
    for kind in KINDS {
        let (mut printer, file) = new(kind);
        for (code, line) in [(0x01, "ONE"), (0x09, "   _"), (0x11, "TWO"), (0x19, "SIX"), (0x89, "END"), (0x09, "TOP")]
        {
            let outcome = print(&mut printer, code, line);
            assert_eq!((outcome.status, outcome.later), (UnitStatus::CHANNEL_END, UnitStatus::DEVICE_END));
            assert!(!outcome.incorrect_length && !outcome.initial);
        }
        assert_eq!(text(&file), "ONE\r   _\nTWO\n\nSIX\n\n\nEND\n\x0CTOP\n");
        assert_eq!(printer.line(), 2);
    }
}

#[test]
fn immediate_movements_have_channel_end_as_initial_status() {
    for kind in [PrinterKind::P1403, PrinterKind::P3211] {
        let (mut printer, file) = new(kind);
        for code in [0x0B, 0x13, 0x1B, 0x8B] {
            let outcome = single(&mut printer, code, &[0]);
            assert_eq!((outcome.initial, outcome.status), (true, UnitStatus::CHANNEL_END));
            assert_eq!((outcome.later, outcome.incorrect_length), (UnitStatus::DEVICE_END, false));
        }
        assert_eq!(text(&file), "\n\n\n\n\n\n\x0C");
    }
    let (mut slow, _) = new(PrinterKind::P3203);
    let outcome = single(&mut slow, 0x0B, &[0]);
    assert_eq!((outcome.initial, outcome.all(), outcome.incorrect_length), (false, ENDED, true));
    assert_eq!(single(&mut slow, 0x03, &[0]).all(), ENDED);
}

#[test]
fn skips_go_to_their_channel() {
    for channel in 1..=12u8 {
        for (code, immediate) in [(0x81 + 8 * channel, false), (0x83 + 8 * channel, true)] {
            let (mut printer, _) = new(PrinterKind::P1403);
            let outcome = single(&mut printer, code, &[0x40]);
            assert_eq!((outcome.initial, outcome.all()), (immediate, ENDED));
            let lines = [1, 7, 13, 19, 25, 31, 37, 43, 63, 49, 55, 61];
            assert_eq!(printer.line(), lines[usize::from(channel) - 1]);
        }
    }
}

#[test]
fn channels_9_and_12_are_signalled_when_spaced_to() {
    let (mut printer, _) = new(PrinterKind::P1403);
    assert_eq!(single(&mut printer, 0xE3, &[0]).all(), ENDED, "a skip to channel 12");
    assert_eq!(single(&mut printer, 0x8B, &[0]).all(), ENDED, "a skip past channel 9");
    for _ in 1..60 {
        assert_eq!(print(&mut printer, 0x09, "LINE").all(), ENDED);
    }
    let twelve = print(&mut printer, 0x09, "LINE 60");
    assert_eq!((twelve.status, twelve.later), (UnitStatus::CHANNEL_END, UnitStatus::DEVICE_END | EXCEPTION));
    assert_eq!(printer.line(), 61);
    let nine = single(&mut printer, 0x1B, &[0]);
    assert_eq!((nine.initial, nine.later), (true, UnitStatus::DEVICE_END | CHECK));
    assert_eq!(sense_0(&mut printer), 0x01);
    assert_eq!(printer.line(), 64);
}

#[test]
fn a_line_with_channel_9_and_12_gives_both() {
    let (mut printer, file) = new(PrinterKind::P3211);
    printer.change_form(Form::new(10, &[(1, 1), (9, 3), (12, 3)]).expect("a form"));
    assert_eq!(print(&mut printer, 0x19, "LINE").all(), ENDED | CHECK | EXCEPTION);
    assert_eq!(text(&file), "LINE\n\n\n", "the line was printed");
    assert_eq!(sense_0(&mut printer), 0x01);
}

#[test]
fn a_1403_without_the_channel_runs_away_for_a_page() {
    let (mut printer, file) = new(PrinterKind::P1403);
    printer.change_form(Form::new(66, &[(1, 1)]).expect("a form"));
    print(&mut printer, 0x09, "ONE");
    assert_eq!(print(&mut printer, 0x91, "TWO").all(), ENDED);
    assert_eq!(text(&file), "ONE\nTWO\n\x0C\n");
    assert_eq!(print(&mut printer, 0x09, "NO").status, CHECK);
    assert_eq!(sense_0(&mut printer), 0x40);
    assert_eq!(printer.take_messages(), ["forms ran out: the carriage tape has no channel 2"]);
    printer.press_start();
    assert_eq!(printer.take_unsolicited(), UnitStatus::DEVICE_END);
    assert_eq!(print(&mut printer, 0x09, "YES").all(), ENDED);
}

#[test]
fn a_forms_control_buffer_without_the_channel_is_a_data_check() {
    for kind in [PrinterKind::P3203, PrinterKind::P3211] {
        let (mut printer, file) = new(kind);
        assert_eq!(load_form(&mut printer, &[0x01, 0, 0, 0x10]).all(), ENDED);
        assert_eq!(print(&mut printer, 0x91, "ONE").all(), ENDED | CHECK);
        assert_eq!(sense_0(&mut printer), 0x08);
        single(&mut printer, 0x73, &[0]);
        assert_eq!(print(&mut printer, 0x91, "TWO").all(), ENDED);
        assert_eq!(text(&file), "ONE\nTWO\n");
    }
}

#[test]
fn a_forms_control_buffer_is_loaded_and_read() {
    let (mut printer, _) = new(PrinterKind::P3211);
    print(&mut printer, 0x09, "LINE");
    let image = [0x11, 0, 0, 0x09, 0, 0x1C];
    let outcome = load_form(&mut printer, &[&image[..], &[0; 300]].concat());
    assert_eq!((outcome.all(), outcome.incorrect_length), (ENDED, false));
    assert_eq!((printer.line(), printer.form().lines(), printer.form().eight_lines_an_inch()), (1, 6, true));
    assert_eq!(single(&mut printer, 0x12, &[0; 6]).status, CHECK, "not without a diagnostic gate");
    assert_eq!(sense_0(&mut printer), 0x80);
    chained(&mut printer, 0x07, &[0], false);
    assert_eq!(chained(&mut printer, 0x12, &[0; 6], true).data, image);
    let (mut other, _) = new(PrinterKind::P3203);
    let outcome = load_form(&mut other, &[0x01, 0x10, 0, 0]);
    assert_eq!((outcome.all(), outcome.incorrect_length), (ENDED, true), "a 3203 stops taking bytes");
}

#[test]
fn a_wrong_image_is_a_load_check() {
    let long = [0; 200];
    for kind in [PrinterKind::P3203, PrinterKind::P3211] {
        for image in [&[][..], &[0x01, 0x00], &[0x01, 0x0D, 0x10], &long] {
            let (mut printer, _) = new(kind);
            assert_eq!(load_form(&mut printer, image).all(), UnitStatus::FAILED);
            assert_eq!(sense_0(&mut printer), 0x02);
            assert_eq!(printer.form(), &Form::standard(), "the form before stays");
        }
    }
    let (mut printer, _) = new(PrinterKind::P1403);
    assert_eq!(load_form(&mut printer, &[0x01, 0x10]).status, CHECK);
    assert_eq!(sense_0(&mut printer), 0x80);
}

#[test]
fn the_index_shifts_lines() {
    let (mut printer, file) = new(PrinterKind::P3211);
    load_form(&mut printer, &[0x83, 0x01, 0x10]);
    print(&mut printer, 0x01, "RIGHT");
    load_form(&mut printer, &[0xC3, 0x01, 0x10]);
    print(&mut printer, 0x01, "123LEFT");
    load_form(&mut printer, &[0x9F, 0x01, 0x10]);
    let full: String = ('A'..='Z').cycle().take(132).collect();
    print(&mut printer, 0x01, &full);
    let shifted = " ".repeat(31) + &full[..101];
    assert_eq!(text(&file), format!("   RIGHT\rLEFT\r{shifted}"));
}

#[test]
fn a_line_has_132_positions_or_150() {
    for (kind, wide, width) in [(0, false, 132), (0, true, 132), (2, false, 132), (2, true, 150)] {
        let (mut printer, file) = new(KINDS[kind]);
        if wide {
            printer.widen();
        }
        let outcome = print(&mut printer, 0x09, &"A".repeat(160));
        assert_eq!((outcome.residue, outcome.incorrect_length), (160 - width, true));
        assert_eq!(text(&file).trim_end().len(), width);
    }
}

#[test]
fn a_character_set_says_what_can_be_printed() {
    for (kind, size) in KINDS.into_iter().zip([240, 304, 512]) {
        let (mut printer, file) = new(kind);
        let mut train = vec![0; size];
        train[..3].copy_from_slice(&from_text("ABC"));
        chained(&mut printer, 0xEB, &[0], false);
        let load = chained(&mut printer, 0xFB, &train, true);
        assert_eq!((load.all(), load.incorrect_length), (ENDED, false), "{kind:?}");
        printer.end_of_chain();
        assert_eq!(print(&mut printer, 0x09, "A C").all(), ENDED);
        let check = print(&mut printer, 0x09, "AXaC");
        assert_eq!((check.status, check.later), (UnitStatus::CHANNEL_END, UnitStatus::DEVICE_END | CHECK));
        assert_eq!(sense_0(&mut printer), 0x08);
        single(&mut printer, 0x73, &[0]);
        assert_eq!(print(&mut printer, 0x09, "XA").all(), ENDED, "data check is blocked");
        single(&mut printer, 0x7B, &[0]);
        assert_eq!(print(&mut printer, 0x09, "XB").all(), ENDED | CHECK);
        assert_eq!(text(&file), "A C\nA  C\n A\n B\n");
    }
}

#[test]
fn small_letters_are_folded() {
    let (mut first, file) = new(PrinterKind::P1403);
    chained(&mut first, 0xEB, &[0], false);
    chained(&mut first, 0xF3, &from_text(&"ABC".repeat(80)), true);
    print(&mut first, 0x09, "abc");
    assert_eq!(text(&file), "ABC\n");
    let (mut second, file) = new(PrinterKind::P3211);
    for (code, line) in [(0x43, "abc"), (0x23, "abc")] {
        single(&mut second, code, &[0]);
        print(&mut second, 0x09, line);
    }
    assert_eq!(text(&file), "ABC\nabc\n");
}

#[test]
fn a_1403_needs_the_gate_load_directly_before() {
    let (mut printer, _) = new(PrinterKind::P1403);
    assert_eq!(single(&mut printer, 0xFB, &[0; 240]).status, CHECK);
    assert_eq!(sense_0(&mut printer), 0x80);
    single(&mut printer, 0xEB, &[0]);
    assert_eq!(single(&mut printer, 0xFB, &[0; 240]).status, CHECK, "another chain");
    chained(&mut printer, 0xEB, &[0], false);
    chained(&mut printer, 0x03, &[0], true);
    assert_eq!(chained(&mut printer, 0xFB, &[0; 240], true).status, CHECK);
    chained(&mut printer, 0xEB, &[0], false);
    let short = chained(&mut printer, 0xFB, &[0; 100], true);
    assert_eq!((short.all(), short.incorrect_length), (ENDED, true));
}

#[test]
fn diagnostic_commands() {
    let (mut printer, file) = new(PrinterKind::P3211);
    assert_eq!(single(&mut printer, 0x05, &from_text("BUFFER")).all(), ENDED);
    let line = single(&mut printer, 0x02, &[0; 132]);
    assert_eq!((&line.data[..7], line.incorrect_length), (&from_text("BUFFER ")[..], false));
    assert_eq!(text(&file), "", "nothing is printed");
    for code in [0x06, 0x0A, 0x12] {
        assert_eq!(single(&mut printer, code, &[0; 1]).status, CHECK);
        assert_eq!(sense_0(&mut printer), 0x80);
    }
    single(&mut printer, 0x1B, &[0]);
    chained(&mut printer, 0x07, &[0], false);
    assert_eq!(chained(&mut printer, 0x06, &[0], true).data, [5u8.reverse_bits()]);
    assert_eq!(chained(&mut printer, 0x0A, &[0xFF; 512], true).data, [0; 512]);
    printer.end_of_chain();
    assert_eq!(single(&mut printer, 0x06, &[0]).status, CHECK, "the gate closes with the chain");
}

#[test]
fn a_1403_moves_the_form_after_a_diagnostic_write() {
    let (mut printer, file) = new(PrinterKind::P1403);
    assert_eq!(single(&mut printer, 0x0D, &from_text("A")).all(), ENDED);
    assert_eq!(single(&mut printer, 0x8D, &from_text("A")).all(), ENDED);
    assert_eq!(text(&file), "\n\x0C");
}

#[test]
fn a_stopped_printer_requires_intervention() {
    for kind in KINDS {
        let (mut printer, file) = new(kind);
        printer.press_stop();
        for code in [0x09, 0x0B, 0x03, 0x02, 0x73] {
            let outcome = print(&mut printer, code, "LINE");
            assert_eq!((outcome.initial, outcome.status), (true, CHECK), "{code:02X}");
            assert_eq!(sense_0(&mut printer), 0x40);
        }
        printer.press_start();
        assert_eq!(printer.take_unsolicited(), UnitStatus::DEVICE_END);
        print(&mut printer, 0x09, "LINE");
        assert_eq!(text(&file), "LINE\n");
    }
}

#[test]
fn a_line_that_the_host_refuses_is_an_equipment_check() {
    let (mut printer, file) = new(PrinterKind::P1403);
    file.refuse(true);
    assert_eq!(print(&mut printer, 0x09, "LOST").all(), UnitStatus::FAILED);
    assert_eq!(sense_0(&mut printer), 0x10);
    assert_eq!(print(&mut printer, 0x09, "LOST").status, CHECK);
    assert_eq!(sense_0(&mut printer), 0x40);
    assert_eq!(printer.take_messages().len(), 1);
    file.refuse(false);
    printer.press_start();
    assert_eq!(print(&mut printer, 0x09, "KEPT").all(), ENDED);
    assert_eq!(text(&file), "KEPT\n");
}

#[test]
fn a_raised_cover_is_told_to_the_operator() {
    for (kind, messages) in [(PrinterKind::P3203, 0), (PrinterKind::P3211, 1)] {
        let (mut printer, _) = new(kind);
        assert_eq!(single(&mut printer, 0x6B, &[0]).all(), ENDED);
        assert_eq!(printer.take_messages().len(), messages);
    }
}

#[test]
fn a_listing_that_is_taken_off_is_followed_by_another() {
    let (mut printer, first) = new(PrinterKind::P1403);
    print(&mut printer, 0x09, "FIRST");
    let second = SharedFile::default();
    let sink = TextListing::new(Box::new(second.clone()), Encoding::default()).expect("a file");
    drop(printer.take_off(Box::new(sink)));
    print(&mut printer, 0x09, "SECOND");
    assert_eq!((text(&first), text(&second)), ("FIRST\n".to_owned(), "SECOND\n".to_owned()));
    assert_eq!(printer.line(), 3);
}

/// A command that a program might give, its data and what happens besides.
fn steps() -> impl Strategy<Value = Vec<(u8, Vec<u8>, u8)>> {
    let known = prop::sample::select(vec![
        0x01u8, 0x09, 0x11, 0x19, 0x0B, 0x1B, 0x89, 0x8B, 0xE1, 0xC9, 0x63, 0x63, 0xEB, 0xFB, 0xF3, 0x07, 0x06, 0x0A,
        0x12, 0x02, 0x05, 0x73, 0x7B, 0x43, 0x23,
    ]);
    let code = prop_oneof![known, any::<u8>()];
    prop::collection::vec((code, prop::collection::vec(any::<u8>(), 0..200), 0..20u8), 0..100)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 200, rng_seed: RngSeed::Fixed(0x1403), failure_persistence: None, ..ProptestConfig::default()
    })]

    /// Whatever a program does: a unit check has a reason, the form is at one of its lines, and what was told is in the
    /// file before the command has ended.
    #[test]
    fn no_program_confuses_a_printer(kind in 0..3usize, steps in steps()) {
        let (mut printer, file) = new(KINDS[kind]);
        for (code, data, event) in steps {
            match event {
                0 => printer.press_stop(),
                1 => { printer.reset(); }
                2 => { printer.halt(); }
                _ => printer.press_start(),
            }
            file.refuse(event == 3);
            let before = file.bytes().len();
            let outcome = chained(&mut printer, code, &data, event & 1 == 0);
            if event & 1 == 0 {
                printer.end_of_chain();
            }
            let wrote = code & 7 == 1 && data.first() == Some(&0xC1) && outcome.all() == ENDED;
            prop_assert!(!wrote || file.bytes().len() > before || printer.characters.blocked || printer.form().index() != 0);
            prop_assert!((1..=printer.form().lines()).contains(&printer.line()));
            if outcome.all().contains(CHECK) {
                prop_assert_ne!(sense_0(&mut printer), 0);
            }
        }
    }
}
