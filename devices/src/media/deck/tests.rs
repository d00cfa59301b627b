use proptest::{prelude::*, test_runner::RngSeed};
use s370_arch::ebcdic::{from_text, to_text};

use super::*;
use crate::media::{LineEnd, shared::SharedFile};

fn read(bytes: &[u8]) -> Result<Deck, DeckError> {
    Deck::read("deck", bytes, &Reading::default())
}

fn texts(deck: &Deck) -> Vec<String> {
    let text = |card: &Card| to_text(&card.codes().expect("codes")).trim_end().to_owned();
    deck.cards.iter().map(text).collect()
}

#[test]
fn lines_are_cards() {
    let deck = read("//A JOB\r\n\r\n  B\tC\n¬ \u{A6}".as_bytes()).expect("a deck");
    assert_eq!(texts(&deck), ["//A JOB", "", "  B     C", "¬ ¦"]);
    assert_eq!(read(b"").map(|deck| deck.cards.len()), Ok(0));
    assert_eq!(read("\u{FEFF}A\n".as_bytes()).map(|deck| texts(&deck)), Ok(vec!["A".to_owned()]));
}

#[test]
fn tabs_stop_every_eight_columns() {
    for (line, columns) in [("\tA", 9), ("1234567\tA", 9), ("12345678\tA", 17), ("\t\tA", 17)] {
        let deck = read(line.as_bytes()).expect("a deck");
        assert_eq!(texts(&deck)[0].len(), columns, "{line:?}");
    }
    let long = "\t".repeat(10) + "A";
    let error = read(long.as_bytes()).expect_err("column 81");
    assert_eq!(error, DeckError::LongLine { file: "deck".to_owned(), line: 1, columns: 81 });
}

#[test]
fn a_line_has_eighty_columns() {
    let fits = "A".repeat(80) + "   \n";
    assert!(read(fits.as_bytes()).is_ok(), "blanks do not count");
    let long = "SHORT\n".to_owned() + &"A".repeat(90) + "\n";
    assert_eq!(
        read(long.as_bytes()).expect_err("ten columns too many").to_string(),
        "deck: line 2 has 90 columns; a card has 80"
    );
    let cut = Reading { long_lines: LongLines::Cut, ..Reading::default() };
    let deck = Deck::read("deck", long.as_bytes(), &cut).expect("cut off");
    assert_eq!(texts(&deck)[1], "A".repeat(80));
}

#[test]
fn characters_without_a_code_are_errors() {
    let text = Reading { format: Some(Format::Text), ..Reading::default() };
    let message = |bytes: &[u8]| Deck::read("deck", bytes, &text).expect_err("no deck").to_string();
    assert_eq!(message("ABC\nA€\n".as_bytes()), "deck: line 2, column 2: '€' has no card code");
    assert_eq!(message(b"A\n\tB\x0C\n"), "deck: line 2, column 10: '\\u{c}' has no card code");
    assert_eq!(message(b"AB\nC\xE9D\n"), "deck: line 2, offset 4: not UTF-8");
    assert_eq!(message(b"A\rB\n"), "deck: line 1, column 2: '\\r' has no card code");
}

#[test]
fn code_page_1047_is_a_choice() {
    let page = |page| Reading { page, ..Reading::default() };
    let codes = |how| Deck::read("deck", b"[^]", &how).map(|deck| deck.cards[0].lossy_codes()[..3].to_vec());
    assert_eq!(codes(page(CodePage::Page037)), Ok(vec![0xBA, 0xB0, 0xBB]));
    assert_eq!(codes(page(CodePage::Page1047)), Ok(vec![0xAD, 0x5F, 0xBD]));
}

#[test]
fn formats_are_recognized() {
    let format = |bytes: &[u8]| Format::of("deck", bytes);
    assert_eq!(format(b""), Ok(Format::Text));
    assert_eq!(format(&[b'A'; 160]), Ok(Format::Text));
    let mut lines = [b' '; 160];
    lines[159] = b'\n';
    assert_eq!(format(&lines), Ok(Format::Text), "a text may have a multiple of eighty bytes");
    assert_eq!(format(&[0x40; 80]), Ok(Format::Ebcdic), "a blank card");
    assert_eq!(format(&[0x40; 81]), Ok(Format::Text));
    assert_eq!(format(&from_text(&"CARD".repeat(40))), Ok(Format::Ebcdic));
    assert_eq!(format(&[0; 160]), Ok(Format::Binary));
    assert_eq!(format(&[0; 80]), Ok(Format::Ebcdic));
    assert_eq!(
        format(b"text\x01").expect_err("a control character").to_string(),
        "deck: neither text (offset 4 is none) nor cards of 80 bytes (the length is 5)"
    );
}

#[test]
fn whole_cards_are_needed() {
    let how = |format| Reading { format: Some(format), ..Reading::default() };
    let error = Deck::read("deck", &[0xC1; 170], &how(Format::Ebcdic)).expect_err("ten bytes too many");
    assert_eq!(
        error.to_string(),
        "deck: 170 bytes are not a whole number of cards of 80 bytes; offset 160 begins a part of one"
    );
    assert!(Deck::read("deck", &[0xC1; 80], &how(Format::Binary)).is_err());
}

#[test]
fn a_file_cannot_fill_the_hosts_storage() {
    let lines = vec![b'\n'; MOST_CARDS + 1];
    assert_eq!(read(&lines), Err(DeckError::TooMany { file: "deck".to_owned() }));
    assert_eq!(read(&lines[1..]).map(|deck| deck.cards.len()), Ok(MOST_CARDS));
}

#[test]
fn what_a_format_cannot_hold_is_an_error() {
    let laced = Deck { name: "deck".to_owned(), cards: vec![Card::BLANK, Card::from_binary(&[0x3F; 160])] };
    let message = |deck: &Deck, format| deck.write(format, CodePage::default()).map_err(|error| error.to_string());
    let holes = Err("deck: card 2, column 1: its holes are no EBCDIC code".to_owned());
    assert_eq!(message(&laced, Format::Ebcdic), holes);
    assert_eq!(message(&laced, Format::Text), holes);
    assert_eq!(message(&laced, Format::Binary).map(|bytes| bytes.len()), Ok(320));
    let object = Deck { name: "deck".to_owned(), cards: vec![Card::from_codes(&[0xC1, 0x02])] };
    assert_eq!(message(&object, Format::Ebcdic).map(|bytes| bytes.len()), Ok(80));
    assert_eq!(
        message(&object, Format::Text),
        Err("deck: card 1, column 2: X'02' has no graphic character".to_owned())
    );
}

#[test]
fn a_punched_file_goes_on_where_it_was() {
    for (format, before, after) in [
        (Format::Text, &b"ONE\n"[..], b"ONE\nA?\n".to_vec()),
        (Format::Ebcdic, &[0xC1; 80], [&[0xC1; 80][..], &[0xC1, 0x02], &[0x40; 78]].concat()),
        (Format::Binary, b"", Card::from_codes(&[0xC1, 0x02]).binary().to_vec()),
    ] {
        let file = SharedFile::holding(before);
        let mut sink = DeckFile::new(Box::new(file.clone()), format, CodePage::default()).expect("a file");
        sink.take(&Card::from_codes(&[0xC1, 0x02]), 1).expect("written");
        assert_eq!(file.bytes(), after, "{format:?}");
    }
    let file = SharedFile::default();
    let sink = DeckFile::new(Box::new(file.clone()), Format::Text, CodePage::Page1047).expect("a file");
    sink.ending_lines(LineEnd::CrLf).take(&Card::from_codes(&[0xAD]), 1).expect("written");
    assert_eq!(file.bytes(), b"[\r\n");
    let torn = DeckFile::new(Box::new(SharedFile::holding(&[0; 90])), Format::Ebcdic, CodePage::default());
    assert_eq!(
        torn.err().map(|error| error.to_string()),
        Some("shared: offset 80: cards of 80 bytes cannot follow: the file ends within one".to_owned())
    );
}

fn cards<T: Strategy<Value = u8>>(code: impl Fn() -> T) -> impl Strategy<Value = Vec<Vec<u8>>> {
    prop::collection::vec(prop::collection::vec(code(), 80), 0..20)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 300, rng_seed: RngSeed::Fixed(0x80), failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn any_deck_comes_back_from_its_own_format(codes in cards(any::<u8>), holes in cards(any::<u8>)) {
        let how = |format| Reading { format: Some(format), ..Reading::default() };
        let bytes = codes.concat();
        let deck = Deck::read("deck", &bytes, &how(Format::Ebcdic)).expect("whole cards");
        prop_assert_eq!(deck.write(Format::Ebcdic, CodePage::Page037), Ok(bytes));
        let binary: Vec<u8> = holes.concat().iter().map(|byte| byte & 0x3F).collect();
        let binary = &binary[..binary.len() / 160 * 160];
        let deck = Deck::read("deck", binary, &how(Format::Binary)).expect("whole cards");
        prop_assert_eq!(deck.write(Format::Binary, CodePage::Page037), Ok(binary.to_vec()));
    }

    #[test]
    fn graphic_decks_come_back_from_text(
        codes in cards(|| (0x40..=0xFEu8).prop_filter("graphic", |&code| !CodePage::Page037.decode(code).is_control())),
        other in any::<bool>()
    ) {
        let page = if other { CodePage::Page1047 } else { CodePage::Page037 };
        let deck = Deck { name: "deck".to_owned(), cards: codes.iter().map(|codes| Card::from_codes(codes)).collect() };
        let text = deck.write(Format::Text, page).expect("graphic characters");
        let how = Reading { page, format: Some(Format::Text), ..Reading::default() };
        prop_assert_eq!(Deck::read("deck", &text, &how), Ok(deck.clone()));
        // A text is recognized as one whatever is in it, but for eighty bytes without a line end.
        prop_assert_eq!(Format::of("deck", &text), Ok(Format::Text));
    }

    #[test]
    fn any_bytes_are_a_deck_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..400), format in 0..4usize) {
        let format = [None, Some(Format::Ebcdic), Some(Format::Binary), Some(Format::Text)][format];
        let how = Reading { format, ..Reading::default() };
        if let Ok(deck) = Deck::read("deck", &bytes, &how) {
            prop_assert!(deck.cards.len() <= bytes.len());
        }
    }
}
