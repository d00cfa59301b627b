use proptest::{prelude::*, test_runner::RngSeed};
use s370_arch::{
    channel::UnitStatus,
    ebcdic::{CodePage, from_text},
};

use super::*;
use crate::{
    media::{
        MediaError,
        deck::{DeckFile, Format},
        shared::SharedFile,
    },
    unit_record::testing::{Shared, sense, single},
};

#[derive(Clone, Default)]
struct Stackers(Shared<Vec<(Card, u8)>>);

impl CardSink for Stackers {
    fn take(&mut self, card: &Card, stacker: u8) -> Result<(), MediaError> {
        self.0.with(|cards| cards.push((*card, stacker)));
        Ok(())
    }
}

fn punch() -> (Punch, Stackers) {
    let stackers = Stackers::default();
    (Punch::new(PunchKind::P2540, Box::new(stackers.clone())), stackers)
}

#[test]
fn a_card_is_punched_and_stacked() {
    let (mut punch, stackers) = punch();
    for (code, stacker) in [(0x01, 1), (0x41, 2), (0x81, 3)] {
        let outcome = single(&mut punch, code, &[0xC1; 80]);
        assert_eq!((outcome.status, outcome.later), (UnitStatus::CHANNEL_END, UnitStatus::DEVICE_END));
        assert!(!outcome.incorrect_length);
        assert_eq!(stackers.0.with(|cards| cards.pop()), Some((Card::from_codes(&[0xC1; 80]), stacker)));
    }
    assert_eq!(punch.punched(), 3);
}

#[test]
fn a_short_card_is_blank_at_its_end_and_a_long_one_an_incorrect_length() {
    let (mut punch, stackers) = punch();
    assert!(!single(&mut punch, 0x01, &from_text("AB")).incorrect_length);
    assert_eq!(stackers.0.with(|cards| cards[0].0), Card::from_codes(&from_text("AB")));
    let long = single(&mut punch, 0x01, &[0xC1; 100]);
    assert_eq!((long.residue, long.incorrect_length), (20, true));
    assert_eq!(stackers.0.with(|cards| cards[1].0), Card::from_codes(&[0xC1; 80]));
}

#[test]
fn column_binary_has_two_bytes_a_column() {
    let (mut punch, stackers) = punch();
    for code in [0x21, 0x61, 0xA1] {
        assert!(!single(&mut punch, code, &[0xFF; 160]).incorrect_length);
    }
    let cards = stackers.0.with(std::mem::take);
    assert_eq!(cards.iter().map(|(_, stacker)| *stacker).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(cards[0].0.binary(), [0x3F; 160]);
}

#[test]
fn invalid_commands_are_rejected() {
    for kind in [PunchKind::P2540, PunchKind::P3525] {
        let stackers = Stackers::default();
        let mut punch = Punch::new(kind, Box::new(stackers.clone()));
        let valid = [0x01, 0x41, 0x81, 0x21, 0x61, 0xA1, 0x03, 0x04];
        for code in (0..=255u8).filter(|code| !valid.contains(code)) {
            let outcome = single(&mut punch, code, &[0; 80]);
            assert_eq!((outcome.initial, outcome.status), (true, UnitStatus::UNIT_CHECK), "{code:02X}");
            assert_eq!(sense(&mut punch, if kind == PunchKind::P2540 { 1 } else { 2 })[0], 0x80);
        }
        assert!(stackers.0.with(|cards| cards.is_empty()));
    }
}

#[test]
fn a_stopped_punch_requires_intervention() {
    let (mut punch, _) = punch();
    punch.press_stop();
    assert_eq!(single(&mut punch, 0x01, &[0; 80]).status, UnitStatus::UNIT_CHECK);
    assert_eq!(sense(&mut punch, 1), [0x40]);
    punch.press_start();
    assert_eq!(punch.take_unsolicited(), UnitStatus::DEVICE_END);
    assert_eq!(single(&mut punch, 0x01, &[0; 80]).all(), UnitStatus::ENDED);
}

#[test]
fn a_card_that_the_host_refuses_is_an_equipment_check() {
    let file = SharedFile::default();
    let sink = DeckFile::new(Box::new(file.clone()), Format::Ebcdic, CodePage::default()).expect("a file");
    let mut punch = Punch::new(PunchKind::P2540, Box::new(sink));
    assert_eq!(single(&mut punch, 0x01, &[0xC1; 80]).all(), UnitStatus::ENDED);
    file.refuse(true);
    assert_eq!(single(&mut punch, 0x01, &[0xC2; 80]).all(), UnitStatus::FAILED);
    assert_eq!(sense(&mut punch, 1), [0x10]);
    assert_eq!(single(&mut punch, 0x01, &[0xC2; 80]).status, UnitStatus::UNIT_CHECK);
    assert_eq!(sense(&mut punch, 1), [0x40]);
    let messages = punch.take_messages();
    assert!(messages.len() == 1 && messages[0].starts_with("shared: offset 80: "), "{messages:?}");
    file.refuse(false);
    punch.press_start();
    assert_eq!(single(&mut punch, 0x01, &[0xC2; 80]).all(), UnitStatus::ENDED);
    assert_eq!(file.bytes(), [[0xC1; 80], [0xC2; 80]].concat());
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 300, rng_seed: RngSeed::Fixed(0x3525), failure_persistence: None, ..ProptestConfig::default()
    })]

    /// Every card that the guest was told is punched is in the file, and no other.
    #[test]
    fn the_file_has_what_was_told(steps in prop::collection::vec((any::<u8>(), 0..200usize, any::<bool>()), 0..60)) {
        let file = SharedFile::default();
        let sink = DeckFile::new(Box::new(file.clone()), Format::Binary, CodePage::default()).expect("a file");
        let mut punch = Punch::new(PunchKind::P3525, Box::new(sink));
        let mut told = 0;
        for (code, length, refuse) in steps {
            file.refuse(refuse);
            let outcome = single(&mut punch, code & 0xE3, &vec![code; length]);
            told += usize::from(outcome.all() == UnitStatus::ENDED && code & 3 == 1);
            punch.press_start();
            prop_assert_eq!(file.bytes().len(), told * 160);
        }
    }
}
