//! Decks and listings that came with historical software, from `../shared` or `$CAMBRIDGE_SHARED`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use devices::{
    area::Area,
    device::{Command, Device, Initial, Progress},
    media::{
        deck::{Deck, Format, Reading},
        listing::pdf::{Layout, render},
    },
    unit_record::reader::{Reader, ReaderKind},
};
use s370_arch::{
    channel::UnitStatus,
    ebcdic::{CodePage, to_text},
};

/// A file of the shared images, or `None` after saying that it is not there.
fn shared(name: &str) -> Option<Vec<u8>> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let shared = std::env::var_os("CAMBRIDGE_SHARED").map_or_else(|| repository.join("../shared"), PathBuf::from);
    let path = shared.join("images").join(name);
    let bytes = fs::read(&path).ok();
    if bytes.is_none() {
        println!("SKIPPED: there is no {}", path.display());
    }
    bytes
}

/// All cards of a deck, as a program reads them until unit exception.
fn read_all(deck: Deck) -> Vec<Vec<u8>> {
    let mut reader = Reader::new(ReaderKind::R3505);
    reader.end_of_file(true);
    reader.load(deck);
    let mut cards = Vec::new();
    loop {
        let initial = reader.start(Command { code: 0x02, chained: false, now: 0 });
        assert!(matches!(initial, Initial::Accepted(_)), "{initial:?}");
        let mut card = Area::empty(80);
        match reader.transfer(&mut card, 0) {
            Progress::Ended(ending) if ending.status.contains(UnitStatus::UNIT_EXCEPTION) => return cards,
            Progress::Ended(ending) if ending.status == UnitStatus::CHANNEL_END => cards.push(card.read().to_vec()),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn stand_alone_decks_are_ebcdic() {
    for (name, cards) in [("hello.deck", 14), ("echo.deck", 21), ("card-to-console.ipl", 16)] {
        let Some(bytes) = shared(&format!("decks/{name}")) else { continue };
        assert_eq!(Format::of(name, &bytes), Ok(Format::Ebcdic), "{name}");
        let deck = Deck::read(name, &bytes, &Reading::default()).expect("a deck");
        assert_eq!(deck.write(Format::Ebcdic, CodePage::default()), Ok(bytes.clone()), "{name}");
        let read = read_all(deck);
        assert_eq!((read.len(), read.concat()), (cards, bytes), "{name}");
    }
}

#[test]
fn job_decks_are_text() {
    for (name, first) in [
        ("assemble-link-go.jcl", "//ASMT     JOB 1,TEST,"),
        ("listvtoc.jcl", "//HELLO    JOB 1,TEST,"),
        ("dasdi.deck", "  JOB"),
        // Two cards' bytes, as it happens.
        ("restore.deck", "  JOB"),
    ] {
        let Some(bytes) = shared(&format!("osvs1/{name}")) else { continue };
        assert_eq!(Format::of(name, &bytes), Ok(Format::Text), "{name}");
        let deck = Deck::read(name, &bytes, &Reading::default()).expect("a deck");
        let read: Vec<String> = read_all(deck).iter().map(|card| to_text(card).trim_end().to_owned()).collect();
        let lines: Vec<String> =
            String::from_utf8_lossy(&bytes).lines().map(|line| line.trim_end().to_owned()).collect();
        assert!(read[0].starts_with(first), "{name}");
        assert_eq!(read, lines, "{name}");
    }
}

#[test]
fn a_listing_of_a_job_has_a_page_for_each_form() {
    let Some(bytes) = shared("osvs1/assemble-link-go.printer.txt") else { return };
    let text = String::from_utf8_lossy(&bytes);
    let pdf = render(&text, &Layout::default()).expect("host storage");
    let forms: usize = text.split('\u{C}').map(|form| form.trim_end_matches('\n').lines().count().div_ceil(66)).sum();
    assert!(forms >= 6);
    assert!(String::from_utf8_lossy(&pdf).contains(&format!("/Count {forms}\n")), "{forms}");
}
