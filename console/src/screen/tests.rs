//! Programs and people at a display.

use ebcdic::from_text;
use proptest::{prelude::*, test_runner::RngSeed};
use s370_arch::display::Command;

use super::*;
use crate::{
    stream::{
        Inbound, StreamError,
        order::{Order, Orders},
        query::QueryReply,
    },
    tn3270::terminal::Model,
};

const MODEL_2: TerminalType = TerminalType { model: Model::Two, has_colour: true, is_extended: true };
const MODEL_5: TerminalType = TerminalType { model: Model::Five, has_colour: true, is_extended: true };

/// An outbound record: text in EBCDIC where it is text.
macro_rules! record {
    ($($piece:expr),* $(,)?) => {{
        let mut record: Vec<u8> = Vec::new();
        $(record.extend_from_slice($piece.as_ref());)*
        record
    }};
}

fn e(text: &str) -> Vec<u8> {
    from_text(text)
}

fn screen(records: &[Vec<u8>]) -> Screen {
    let mut screen = Screen::new(MODEL_2);
    for record in records {
        assert_eq!(screen.apply(record), Ok(None));
    }
    screen
}

/// A protected prompt at 0, an input field of five at 11 up to a skipped field at 17, a numeric field at 21 up to 25.
fn form() -> Screen {
    screen(&[record![
        b"\xF5\xC3\x1D\xE8",
        e("NAME"),
        b"\x11\x40\x4A\x1D\x40\x13\x11\x40\xD1\x1D\xF0",
        e("NO."),
        b"\x1D\x50\x11\x40\xD9\x1D\x60",
    ]])
}

fn type_text(screen: &mut Screen, text: &str) {
    for code in e(text) {
        assert_eq!(screen.press(Key::Character(code)), None);
    }
}

#[test]
fn a_screen_is_written_and_seen() {
    let mut screen = form();
    assert_eq!(screen.row(0).trim_end(), " NAME             NO.");
    assert_eq!(screen.cursor(), (0, 11));
    assert_eq!(screen.size(), Size::DEFAULT);
    type_text(&mut screen, "SMITH");
    assert_eq!(screen.row(0).trim_end(), " NAME      SMITH  NO.");
    assert_eq!((screen.row(24), screen.cell(0, 80)), (String::new(), None));
}

#[test]
fn read_modified_gives_the_fields_that_were_changed() {
    let mut screen = form();
    assert_eq!(screen.apply(b"\xF6"), Ok(Some(b"\x60\x40\x4B".to_vec())));
    type_text(&mut screen, "AB");
    screen.press(Key::Tab);
    type_text(&mut screen, "7");
    let record = screen.press(Key::Enter).expect("an inbound record");
    assert_eq!(record, record![b"\x7D\x40\xD7\x11\x40\x4B", e("AB"), b"\x11\x40\xD6", e("7")]);
    assert_eq!(screen.inhibited(), Some(Inhibited::System));
    assert_eq!(screen.press(Key::Enter), None, "the keyboard is locked");
    assert_eq!(screen.apply(b"\xF6"), Ok(Some(record)), "the identifier is kept");
    assert_eq!(screen.apply(b"\xF1\xC3"), Ok(None));
    assert_eq!(screen.inhibited(), None);
    assert_eq!(screen.apply(b"\xF6"), Ok(Some(b"\x60\x40\xD7".to_vec())), "tags were reset");
}

#[test]
fn keys_that_send_their_identifier_alone() {
    for (key, code) in [(Key::ProgramAccess(1), 0x6C), (Key::ProgramAccess(3), 0x6B), (Key::Clear, 0x6D)] {
        let mut screen = form();
        type_text(&mut screen, "A");
        assert_eq!(screen.press(key), Some(vec![code]));
        assert_eq!(screen.apply(b"\xF6"), Ok(Some(vec![code])));
        let all = screen.apply(b"\x6E").expect("a good record").expect("an answer");
        let rest: &[u8] = if key == Key::Clear { b"" } else { b"\x11\x40\x4B\xC1" };
        assert_eq!((all[0], &all[3..]), (code, rest));
    }
    assert_eq!(form().press(Key::ProgramFunction(13)), Some(vec![0xC1, 0x40, 0x4B]));
    assert_eq!(form().press(Key::ProgramFunction(25)), None);
}

#[test]
fn an_unformatted_screen_is_read_whole() {
    let mut screen = screen(&[record![b"\xF5\xC3"]]);
    type_text(&mut screen, "LOGON");
    screen.press(Key::Right);
    type_text(&mut screen, "X");
    assert_eq!(screen.press(Key::Enter), Some(record![b"\x7D\x40\xC7", e("LOGONX")]), "nulls are left out");
    let buffer = screen.apply(b"\xF2").expect("a good record").expect("an answer");
    assert_eq!(buffer, record![b"\x7D\x40\xC7", e("LOGON"), [0], e("X"), [0; 1913]]);
}

#[test]
fn protected_and_numeric_fields_lock_the_keyboard() {
    let mut screen = form();
    screen.press(Key::Left);
    screen.press(Key::Character(0xC1));
    assert_eq!(screen.inhibited(), Some(Inhibited::Protected), "on an attribute");
    screen.press(Key::Left);
    screen.press(Key::Reset);
    assert_eq!((screen.inhibited(), screen.cursor()), (None, (0, 10)));
    screen.press(Key::Home);
    screen.press(Key::Tab);
    screen.press(Key::Character(0xC1));
    assert_eq!(screen.inhibited(), Some(Inhibited::Numeric));
    screen.press(Key::Reset);
    type_text(&mut screen, "1.-");
    assert_eq!(screen.row(0).trim_end(), " NAME             NO. 1.-");
    assert_eq!(screen.cursor(), (0, 26), "past the attribute of a protected field that is not skipped");
    screen.press(Key::Character(0xC1));
    assert_eq!(screen.inhibited(), Some(Inhibited::Protected));
}

#[test]
fn a_full_field_skips_to_the_next() {
    let mut screen = form();
    type_text(&mut screen, "SMITHS");
    assert_eq!(screen.cursor(), (0, 22), "the field that skips is passed");
    assert_eq!(screen.row(0).trim_end(), " NAME      SMITHS NO.");
}

#[test]
fn insert_delete_and_erase() {
    let mut screen = form();
    type_text(&mut screen, "SMTH");
    screen.press(Key::Home);
    screen.press(Key::Right);
    screen.press(Key::Right);
    screen.press(Key::Insert);
    assert!(screen.is_inserting());
    type_text(&mut screen, "IX");
    assert_eq!(screen.row(0)[11..17], *"SMIXTH");
    screen.press(Key::Character(0xC1));
    assert_eq!(screen.inhibited(), Some(Inhibited::Overflow));
    screen.press(Key::Reset);
    assert!(!screen.is_inserting());
    screen.press(Key::Backspace);
    assert_eq!(screen.row(0)[11..17], *"SMITH ");
    screen.press(Key::Delete);
    assert_eq!(screen.row(0)[11..17], *"SMIH  ");
    screen.press(Key::EraseEndOfField);
    assert_eq!(screen.row(0)[11..17], *"SMI   ");
    screen.press(Key::EraseInput);
    assert_eq!((screen.row(0).trim_end(), screen.cursor()), (" NAME             NO.", (0, 11)));
    assert_eq!(screen.press(Key::Enter), Some(b"\x7D\x40\x4B".to_vec()));
}

#[test]
fn the_cursor_goes_round() {
    let mut screen = form();
    screen.press(Key::BackTab);
    assert_eq!(screen.cursor(), (0, 22));
    screen.press(Key::Right);
    screen.press(Key::BackTab);
    assert_eq!(screen.cursor(), (0, 22));
    screen.press(Key::Tab);
    assert_eq!(screen.cursor(), (0, 11));
    screen.press(Key::Up);
    assert_eq!(screen.cursor(), (23, 11));
    screen.press(Key::Down);
    screen.press(Key::Down);
    assert_eq!(screen.cursor(), (1, 11));
    screen.press(Key::NewLine);
    assert_eq!(screen.cursor(), (0, 11), "what is below is protected");
    let mut screen = Screen::new(MODEL_2);
    screen.press(Key::Left);
    assert_eq!(screen.cursor(), (23, 79));
    screen.press(Key::Tab);
    assert_eq!(screen.cursor(), (0, 0));
    screen.press(Key::NewLine);
    assert_eq!(screen.cursor(), (1, 0));
}

#[test]
fn a_password_does_not_show() {
    let mut screen = screen(&[record![b"\xF5\xC3\x1D\x4C\x13"]]);
    type_text(&mut screen, "SECRET");
    assert_eq!(screen.row(0).trim_end(), "");
    assert_eq!(screen.press(Key::Enter), Some(record![b"\x7D\x40\xC7\x11\x40\xC1", e("SECRET")]));
}

#[test]
fn repeat_erase_and_tab() {
    let mut screen = form();
    // 80 asterisks from row 1 on.
    assert_eq!(screen.apply(b"\xF1\xC3\x11\xC1\x50\x3C\xC2\x60\x5C"), Ok(None));
    assert_eq!((screen.row(1), screen.row(2)), ("*".repeat(80), " ".repeat(80)));
    type_text(&mut screen, "AB");
    screen.press(Key::Tab);
    type_text(&mut screen, "1");
    assert_eq!(screen.apply(b"\xF1\xC0\x11\x40\x40\x12\x40\xD5"), Ok(None));
    assert_eq!(screen.row(0)[..26], *" NAME             NO. 1   ", "only what is unprotected, up to 21");
    assert_eq!(screen.row(1), "*".repeat(80));
    // From 0, tab to 11, X, tab erases the rest of the field and goes to 22, Y.
    type_text(&mut screen, "2");
    assert_eq!(screen.apply(b"\xF1\xC0\x11\x40\x40\x05\xE7\x05\xE8"), Ok(None));
    assert_eq!(screen.row(0)[..26], *" NAME      X      NO. Y2  ");
    assert_eq!(screen.apply(b"\x6F"), Ok(None));
    assert_eq!(screen.row(0).trim_end(), " NAME             NO.");
    assert_eq!(screen.cursor(), (0, 11));
}

#[test]
fn sizes_and_queries() {
    let mut screen = Screen::new(MODEL_5);
    assert_eq!(screen.apply(b"\x7E\xC3\x11\x77\x6B\xC1"), Ok(None));
    assert_eq!(screen.size(), Size { rows: 27, columns: 132 });
    assert_eq!(screen.cell(26, 131), Some(Cell::basic(0xC1)));
    assert_eq!(screen.apply(b"\xF5\xC3\x11\x77\x6B\xC1"), Err(StreamError::Address(3)), "24 by 80 has no 3563");
    let reply = screen.apply(b"\xF3\0\x05\x01\xFF\x02").expect("a good record").expect("an answer");
    let inbound = Inbound::parse(&reply, ADDRESSING).expect("an inbound record");
    let replies = QueryReply::parse_all(inbound.data).expect("query replies");
    let alternate = Size { rows: 27, columns: 132 };
    assert!(replies.contains(&QueryReply::ImplicitPartition { default: Size::DEFAULT, alternate }));
    let QueryReply::Summary(codes) = &replies[0] else { panic!("the summary is first") };
    assert_eq!(*codes, replies.iter().map(QueryReply::code).collect::<Vec<_>>());
    let listed = screen.apply(b"\xF3\0\x07\x01\xFF\x03\0\x95").expect("a good record");
    assert_eq!(listed, Some(b"\x88\0\x04\x81\xFF".to_vec()), "null");
    let mut plain = Screen::new(TerminalType { is_extended: false, ..MODEL_2 });
    assert_eq!(plain.apply(b"\xF3\0\x05\x01\xFF\x02"), Err(StreamError::Command(0)));
}

#[test]
fn colours_and_highlighting() {
    let screen = screen(&[record![
        b"\xF5\xC3\x29\x03\xC0\x60\x42\xF2\x41\xF2",
        e("R"),
        b"\x28\x42\xF4",
        e("G"),
        b"\x28\x00\x00",
        e("R"),
        b"\x1D\x60B\x1D\xC8",
        e("I"),
    ]]);
    let looks: Vec<_> =
        screen.appearances(0).map(|look| (look.colour, look.is_reversed, look.is_intensified)).collect();
    assert_eq!(looks[1..4], [(Colour::Red, true, false), (Colour::Green, true, false), (Colour::Red, true, false)]);
    assert_eq!((looks[5].0, looks[7]), (Colour::Blue, (Colour::Red, false, true)));
}

#[test]
fn reply_modes() {
    let written = b"\xF5\xC3\x29\x02\xC0\x60\x42\xF2\xC1\x28\x42\xF4\xC2";
    let mut screen = screen(&[written.to_vec()]);
    let begin = |screen: &mut Screen| screen.apply(b"\xF2").expect("a good record").expect("an answer")[3..11].to_vec();
    assert_eq!(begin(&mut screen), b"\x1D\x60\xC1\xC2\0\0\0\0");
    assert_eq!(screen.apply(b"\xF3\0\x05\x09\0\x01"), Ok(None));
    assert_eq!(begin(&mut screen), b"\x29\x02\xC0\x60\x42\xF2\xC1\xC2");
    assert_eq!(screen.apply(b"\xF3\0\x06\x09\0\x02\x42"), Ok(None));
    let all = screen.apply(b"\xF2").expect("a good record").expect("an answer");
    assert_eq!(all[3..16], *b"\x29\x02\xC0\x60\x42\xF2\xC1\x28\x42\xF4\xC2\x28\x42");
}

#[test]
fn what_stands_before_an_error_is_executed() {
    let mut screen = form();
    assert_eq!(screen.apply(b"\xF1\xC3\x11\xC1\x50\xC1\x04\xC2"), Err(StreamError::Code(6)));
    assert_eq!(screen.row(1).trim_end(), "A");
    assert_eq!(screen.apply(b"\xF1\xC3\x11\xC1\x50\x2C\x01\xC0\x60"), Err(StreamError::Order(5)));
    assert_eq!(screen.apply(b"\xF1\xC3\x11\x40\x40\x2C\x01\xC0\x4C"), Ok(None), "the prompt is hidden");
    assert_eq!(screen.row(0)[..10].trim_end(), "");
    assert_eq!(screen.apply(b""), Err(StreamError::Command(0)));
}

#[test]
fn the_alarm() {
    let mut screen = screen(&[record![b"\xF1\xC7"]]);
    assert!(screen.take_alarm());
    assert!(!screen.take_alarm());
}

fn keys() -> impl Strategy<Value = Key> {
    prop_oneof![
        8 => (0x40u8..).prop_map(Key::Character),
        6 => prop::sample::select(vec![
            Key::Tab, Key::BackTab, Key::NewLine, Key::Home, Key::Left, Key::Right, Key::Up, Key::Down, Key::Backspace,
            Key::Delete, Key::EraseEndOfField, Key::EraseInput, Key::Insert, Key::Duplicate, Key::FieldMark,
        ]),
        4 => Just(Key::Reset),
        1 => prop::sample::select(vec![
            Key::Enter, Key::Clear, Key::ProgramAccess(1), Key::ProgramFunction(3), Key::ProgramFunction(0),
        ]),
    ]
}

/// Pieces of data streams, so that random ones get somewhere.
fn orders() -> impl Strategy<Value = Vec<u8>> {
    let address = (0u16..1920).prop_map(|address| ADDRESSING.emit(address).to_vec());
    prop_oneof![
        prop::collection::vec(0x40u8.., 1..20),
        any::<u8>().prop_map(|attribute| vec![0x1D, Attribute::parse(attribute).emit()]),
        (prop::sample::select(vec![0x11u8, 0x12]), address.clone()).prop_map(|(code, at)| [vec![code], at].concat()),
        (address, 0x40u8..).prop_map(|(at, code)| [vec![0x3C], at, vec![code]].concat()),
        any::<u8>().prop_map(|value| vec![0x28, 0x42, value]),
        any::<[u8; 2]>().prop_map(|[attribute, value]| vec![
            0x29,
            2,
            0xC0,
            Attribute::parse(attribute).emit(),
            0x42,
            value
        ]),
        Just(vec![0x13]),
        Just(vec![0x05]),
        prop::collection::vec(any::<u8>(), 0..4),
    ]
}

fn records() -> impl Strategy<Value = Vec<u8>> {
    let begin = prop::sample::select(vec![
        &b"\xF1\xC3"[..],
        b"\xF1\xC0",
        b"\xF5\xC3",
        b"\x7E\xC7",
        b"\x6F",
        b"\xF3\0\x06\x09\0\x02\x42\0\0\x40\0\xF1\xC3",
        b"\xF3",
    ]);
    (begin, prop::collection::vec(orders(), 0..12)).prop_map(|(begin, orders)| [begin, &orders.concat()].concat())
}

proptest! {
    #![proptest_config(ProptestConfig {
        rng_seed: RngSeed::Fixed(0x3271), failure_persistence: None, ..ProptestConfig::default()
    })]

    /// Whatever programs and people do, the screen is sound, and what it sends can be read.
    #[test]
    fn anything_is_survived(
        steps in prop::collection::vec((records(), prop::collection::vec(keys(), 0..30)), 1..5),
        is_large: bool,
    ) {
        let mut screen = Screen::new(if is_large { MODEL_5 } else { MODEL_2 });
        for (record, keys) in steps {
            let _ = screen.apply(&record);
            let inbound: Vec<_> = keys.into_iter().filter_map(|key| screen.press(key)).collect();
            for record in inbound.into_iter().chain([screen.read(Command::ReadBuffer)]) {
                let inbound = Inbound::parse(&record, ADDRESSING).expect("an inbound record");
                prop_assert!(Orders::new(inbound.data, ADDRESSING).all(|order| order.is_ok()), "{record:02X?}");
            }
            prop_assert_eq!(screen.buffer.len(), usize::from(screen.size.positions()));
            prop_assert!(screen.cursor <= screen.last() && screen.address <= screen.last());
            (0..screen.size.rows).for_each(|row| assert_eq!(screen.row(row).chars().count(), screen.size.columns.into()));
        }
    }

    /// A buffer that is read and written again is the same.
    #[test]
    fn a_read_buffer_is_a_write(record in records()) {
        let mut screen = Screen::new(MODEL_2);
        let _ = screen.apply(&record);
        screen.reply_mode = ReplyMode::Character;
        screen.reply_kinds = vec![0x41, 0x42, 0x43, 0x45];
        let read = screen.read(Command::ReadBuffer);
        let data = Inbound::parse(&read, ADDRESSING).expect("an inbound record").data;
        let mut again = Screen::new(MODEL_2);
        prop_assert_eq!(again.apply(&[b"\xF5\xC3", data].concat()), Ok(None));
        prop_assert_eq!(again.buffer, screen.buffer);
    }

    /// The fields that Read Modified gives are those that a person has changed, as they are on the screen.
    #[test]
    fn read_modified_agrees_with_the_screen(keys in prop::collection::vec(keys(), 0..60)) {
        let mut screen = form();
        for key in keys {
            let pressed = screen.press(key);
            let modified = pressed.filter(|record| record.len() > 1);
            let Some(record) = modified else { continue };
            let data = Inbound::parse(&record, ADDRESSING).expect("an inbound record").data;
            let mut address = 0;
            for order in Orders::new(data, ADDRESSING) {
                match order.expect("a good order") {
                    Order::SetBufferAddress(to) => {
                        address = to;
                        prop_assert!(screen.attribute_of(to).contains(Attribute::MODIFIED));
                        prop_assert!(!screen.attribute_of(to).contains(Attribute::PROTECTED));
                    }
                    Order::Text(text) => for &code in text {
                        while screen.is_formatted() && screen.at(address).cell.is_null() {
                            address += 1;
                        }
                        if screen.is_formatted() {
                            prop_assert_eq!(screen.at(address).cell, Cell::basic(code));
                            address += 1;
                        }
                    },
                    other => prop_assert!(false, "{:?}", other),
                }
            }
            prop_assert_eq!(screen.apply(b"\xF1\xC2"), Ok(None));
        }
    }
}
