use proptest::{prelude::*, test_runner::RngSeed};
use s370_arch::{channel::UnitStatus, ebcdic::from_text};

use super::*;
use crate::{
    media::deck::{Format, Reading},
    unit_record::testing::{Outcome, chained, sense, single},
};

const ENDED: UnitStatus = UnitStatus::ENDED;
const CHECK: UnitStatus = UnitStatus::UNIT_CHECK;
const CARD: [u8; 80] = [0; 80];

fn deck(cards: &[&str]) -> Deck {
    let cards = cards.iter().map(|text| Card::from_codes(&from_text(text))).collect();
    Deck { name: "test".to_owned(), cards }
}

fn reader(kind: ReaderKind, cards: &[&str]) -> Reader {
    let mut reader = Reader::new(kind);
    reader.load(deck(cards));
    reader.take_unsolicited();
    reader
}

fn first_three(outcome: &Outcome) -> &[u8] {
    &outcome.data[..3]
}

#[test]
fn a_card_is_read_fed_and_stacked() {
    let mut reader = reader(ReaderKind::R2540, &["ONE", "TWO", "SIX", "TEN"]);
    for (code, text) in [(0x02, "ONE"), (0x42, "TWO"), (0x82, "SIX")] {
        let outcome = single(&mut reader, code, &CARD);
        assert_eq!((outcome.status, outcome.later), (UnitStatus::CHANNEL_END, UnitStatus::DEVICE_END));
        assert!(!outcome.incorrect_length && !outcome.initial);
        assert_eq!(first_three(&outcome), from_text(text));
        assert_eq!(outcome.data[3..], [0x40; 77]);
    }
    assert_eq!(reader.stacked(), [1, 1, 1]);
    assert_eq!(reader.cards(), 1);
}

#[test]
fn a_count_other_than_80_is_an_incorrect_length() {
    let mut reader = reader(ReaderKind::R2540, &["ONE", "TWO", "SIX"]);
    let short = single(&mut reader, 0x02, &[0; 3]);
    assert_eq!((short.residue, short.incorrect_length, short.data), (0, true, from_text("ONE")));
    let long = single(&mut reader, 0x02, &[0; 100]);
    assert_eq!((long.residue, long.incorrect_length), (20, true));
    assert_eq!(first_three(&long), from_text("TWO"), "the rest of the first card is lost");
}

#[test]
fn column_binary_has_two_bytes_a_column() {
    for (code, stacker) in [(0x22, 0), (0x62, 1), (0xA2, 2)] {
        let mut reader = reader(ReaderKind::R2540, &["A"]);
        let outcome = single(&mut reader, code, &[0xFF; 160]);
        assert_eq!(outcome.all(), ENDED);
        assert_eq!(outcome.data[..3], [0x24, 0x00, 0x00]);
        assert!(!outcome.incorrect_length);
        assert_eq!(reader.stacked()[stacker], 1);
    }
}

#[test]
fn a_card_read_without_feed_waits_for_its_feed() {
    let mut reader = reader(ReaderKind::R2540, &["ONE", "TWO"]);
    let outcome = single(&mut reader, 0xC2, &CARD);
    assert_eq!((outcome.status, first_three(&outcome)), (ENDED, &from_text("ONE")[..]));
    assert_eq!(reader.stacked(), [0; 3]);
    for code in [0xC2, 0xE2, 0x02] {
        let again = single(&mut reader, code, &CARD);
        assert_eq!((again.initial, again.status, again.data), (true, CHECK, CARD.to_vec()));
        assert_eq!(sense(&mut reader, 1), [0x02]);
    }
    let feed = single(&mut reader, 0xA3, &[0]);
    assert_eq!((feed.initial, feed.status, feed.later), (true, UnitStatus::CHANNEL_END, UnitStatus::DEVICE_END));
    assert_eq!(reader.stacked(), [0, 0, 1]);
    assert_eq!(first_three(&single(&mut reader, 0x02, &CARD)), from_text("TWO"));
}

#[test]
fn a_feed_without_a_read_is_an_unusual_sequence() {
    let mut reader = reader(ReaderKind::R2540, &["ONE"]);
    for code in [0x23, 0x63, 0xA3] {
        assert_eq!(single(&mut reader, code, &[0]).status, CHECK);
        assert_eq!(sense(&mut reader, 1), [0x02]);
    }
    assert_eq!(reader.cards(), 1);
}

#[test]
fn a_3505_rejects_the_wrong_sequence() {
    let mut reader = reader(ReaderKind::R3505, &["ONE"]);
    assert_eq!(single(&mut reader, 0x23, &[0]).status, CHECK);
    assert_eq!(sense(&mut reader, 2), [0x80, 0]);
}

#[test]
fn an_empty_hopper_requires_intervention() {
    let mut reader = reader(ReaderKind::R3505, &["ONE"]);
    assert_eq!(single(&mut reader, 0x02, &CARD).all(), ENDED);
    for code in [0x02, 0xC2, 0x23, 0x03] {
        let outcome = single(&mut reader, code, &CARD);
        assert_eq!((outcome.initial, outcome.status), (true, CHECK), "{code:02X}");
        assert_eq!(sense(&mut reader, 2), [0x40, 0], "{code:02X}");
    }
    assert_eq!(reader.take_unsolicited(), UnitStatus::empty());
    reader.load(deck(&["TWO"]));
    assert_eq!(reader.take_unsolicited(), UnitStatus::DEVICE_END);
    assert_eq!(reader.take_unsolicited(), UnitStatus::empty());
    reader.load(deck(&["SIX"]));
    assert_eq!(reader.take_unsolicited(), UnitStatus::empty(), "it was ready already");
    assert_eq!(first_three(&single(&mut reader, 0x02, &CARD)), from_text("TWO"));
}

#[test]
fn end_of_file_is_a_unit_exception_once() {
    let mut reader = reader(ReaderKind::R2540, &["ONE"]);
    reader.end_of_file(true);
    assert_eq!(single(&mut reader, 0x02, &CARD).all(), ENDED);
    let end = single(&mut reader, 0x02, &CARD);
    assert_eq!(end.all(), ENDED | UnitStatus::UNIT_EXCEPTION);
    assert_eq!((end.residue, end.data), (80, CARD.to_vec()));
    assert_eq!(single(&mut reader, 0x02, &CARD).status, CHECK);
    assert_eq!(sense(&mut reader, 1), [0x40]);
    // The next deck has an end, too.
    reader.load(deck(&["TWO"]));
    assert_eq!(reader.take_unsolicited(), UnitStatus::DEVICE_END);
    assert_eq!(single(&mut reader, 0x02, &CARD).all(), ENDED);
    assert_eq!(single(&mut reader, 0x02, &CARD).all(), ENDED | UnitStatus::UNIT_EXCEPTION);
}

#[test]
fn the_end_of_file_key_makes_an_empty_reader_ready() {
    let mut reader = reader(ReaderKind::R2540, &["ONE"]);
    single(&mut reader, 0x02, &CARD);
    reader.end_of_file(true);
    assert_eq!(reader.take_unsolicited(), UnitStatus::DEVICE_END);
    reader.end_of_file(false);
    assert_eq!(single(&mut reader, 0x02, &CARD).status, CHECK);
    let mut unused = Reader::new(ReaderKind::R2540);
    unused.end_of_file(true);
    assert_eq!(single(&mut unused, 0x02, &CARD).status, CHECK, "no cards, so no end of them");
}

#[test]
fn stop_and_start() {
    let mut reader = reader(ReaderKind::R2540, &["ONE"]);
    reader.press_stop();
    assert_eq!(single(&mut reader, 0x02, &CARD).status, CHECK);
    assert_eq!(sense(&mut reader, 1), [0x40]);
    reader.load(deck(&["TWO"]));
    assert_eq!(reader.take_unsolicited(), UnitStatus::empty());
    reader.press_start();
    assert_eq!(reader.take_unsolicited(), UnitStatus::DEVICE_END);
    assert_eq!(reader.empty_hopper(), 2);
    assert_eq!(single(&mut reader, 0x02, &CARD).status, CHECK);
}

#[test]
fn an_invalid_card_code_is_a_data_check_in_mode_1_only() {
    let laced = Deck { name: String::new(), cards: vec![Card::from_binary(&[0x3F; 160]); 2] };
    let mut reader = Reader::new(ReaderKind::R2540);
    reader.load(laced);
    let outcome = single(&mut reader, 0x02, &[0xFF; 80]);
    assert_eq!((outcome.all(), outcome.data), (UnitStatus::FAILED, vec![0; 80]));
    assert_eq!(sense(&mut reader, 1), [0x08]);
    let binary = single(&mut reader, 0x22, &[0xFF; 160]);
    assert_eq!((binary.all(), binary.data), (ENDED, vec![0x3F; 160]));
}

#[test]
fn invalid_commands_are_rejected() {
    let valid = [0x02, 0x42, 0x82, 0x22, 0x62, 0xA2, 0xC2, 0xE2, 0x23, 0x63, 0xA3, 0x03, 0x04];
    for kind in [ReaderKind::R2540, ReaderKind::R3505] {
        let mut reader = reader(kind, &["ONE"]);
        for code in (0..=255u8).filter(|code| !valid.contains(code)) {
            let outcome = single(&mut reader, code, &CARD);
            assert_eq!((outcome.initial, outcome.status), (true, CHECK), "{code:02X}");
            let length = kind.sense_length();
            assert_eq!(sense(&mut reader, length)[0], 0x80, "{code:02X}");
        }
        assert_eq!(reader.cards(), 1);
    }
}

#[test]
fn sense_is_kept_over_a_no_operation_and_cleared_by_the_next_command() {
    let mut reader = reader(ReaderKind::R2540, &["ONE", "TWO"]);
    single(&mut reader, 0xFF, &CARD);
    assert_eq!(single(&mut reader, 0x03, &[0]).status, ENDED);
    assert_eq!(sense(&mut reader, 1), [0x80]);
    assert_eq!(sense(&mut reader, 1), [0x00], "sense clears it");
    single(&mut reader, 0xFF, &CARD);
    single(&mut reader, 0x02, &CARD);
    assert_eq!(sense(&mut reader, 1), [0x00]);
    single(&mut reader, 0xFF, &CARD);
    reader.reset();
    assert_eq!(sense(&mut reader, 1), [0x00]);
}

#[test]
fn a_sense_count_that_differs_is_an_incorrect_length() {
    let mut reader = reader(ReaderKind::R2540, &[]);
    let outcome = single(&mut reader, 0x04, &[0xEE; 3]);
    assert_eq!((outcome.data, outcome.residue, outcome.incorrect_length), (vec![0, 0xEE, 0xEE], 2, true));
}

#[test]
fn a_reset_takes_back_device_end() {
    let mut reader = Reader::new(ReaderKind::R2540);
    reader.load(deck(&["ONE"]));
    reader.reset();
    assert_eq!(reader.take_unsolicited(), UnitStatus::empty());
    assert_eq!(single(&mut reader, 0x02, &CARD).all(), ENDED, "it is ready all the same");
}

#[test]
fn a_chain_reads_a_deck() {
    let text = "//JOB\n/*\n";
    let mut reader = Reader::new(ReaderKind::R3505);
    reader.load(Deck::read("job", text.as_bytes(), &Reading::default()).expect("a deck"));
    let first = chained(&mut reader, 0x02, &CARD, false);
    assert_eq!(first.data[..5], from_text("//JOB"));
    assert_eq!(chained(&mut reader, 0x02, &CARD, true).data[..2], from_text("/*"));
    assert_eq!(Format::of("job", text.as_bytes()), Ok(Format::Text));
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 300, rng_seed: RngSeed::Fixed(0x2540), failure_persistence: None, ..ProptestConfig::default()
    })]

    /// Whatever the program and the operator do: every card is either in the hopper or in a stacker, and a unit check
    /// has a reason.
    #[test]
    fn no_card_is_lost(steps in prop::collection::vec((any::<u8>(), 0..200usize, 0..16u8), 0..200)) {
        let mut reader = Reader::new(ReaderKind::R2540);
        let mut loaded = 0;
        for (code, length, event) in steps {
            match event {
                0 => { reader.load(deck(&["A", "B"])); loaded += 2; }
                1 => reader.end_of_file(code & 1 == 0),
                2 => reader.press_stop(),
                3 => reader.press_start(),
                4 => { loaded -= reader.empty_hopper() as u64; }
                5 => reader.reset(),
                6 => { reader.halt(); }
                7 => { prop_assert!(!reader.take_unsolicited().contains(UnitStatus::ATTENTION)); }
                _ => {
                    // Half of the codes are those of the reader.
                    let code = if event & 1 == 0 { code } else { code & 0xE3 | 2 };
                    let outcome = single(&mut reader, code, &vec![0; length]);
                    if outcome.all().contains(CHECK) {
                        prop_assert_ne!(sense(&mut reader, 1)[0], 0);
                    }
                }
            }
            prop_assert_eq!(reader.stacked().iter().sum::<u64>() + reader.cards() as u64, loaded);
        }
    }
}
