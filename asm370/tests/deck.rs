//! Object decks.

use asm370::{NoLibrary, Object, Options, Source, assemble, link};

fn object(text: &str) -> Object {
    let assembly = assemble(&Source::new("test", text), &Options::default(), &NoLibrary);
    assert!(assembly.diagnostics.is_empty(), "{}", assembly.diagnostics[0]);
    assembly.object.unwrap()
}

const PROGRAM: &str = "\
MAIN     CSECT
         USING MAIN,12
         ENTRY HERE,THERE
         EXTRN FAR
         L     15,=V(SUB)
HERE     DC    A(HERE,MAIN,FAR,FAR-2),Y(HERE),AL3(FAR)
         DC    A(-MAIN,FAR-FAR)
BIG      DC    200X'AB'
THERE    DS    0H
OTHER    CSECT
         DC    A(HERE),20A(OTHER,MAIN)
SHARE    COM
         DS    CL100
         END   HERE
";

#[test]
fn a_deck_is_read_back_as_the_same_object() {
    let object = object(PROGRAM);
    let deck = object.to_deck("TST");
    assert_eq!(deck.len() % 80, 0);
    let back = Object::from_deck(&deck).unwrap();
    assert_eq!(back.len(), 1);
    let back = &back[0];
    assert_eq!(back.esd, object.esd);
    assert_eq!(back.rld, object.rld);
    assert_eq!(back.entry, object.entry);
    assert_eq!(back.identification, object.identification);
    // The text is in pieces of one card: what was written is the same.
    let sub =
        self::object("SUB      CSECT\nFAR      DS    0D\n         ENTRY FAR\n         DC    D'1'\n         END\n");
    let one = link(&[object, sub.clone()], 0x500).unwrap();
    let two = link(&[back.clone(), sub], 0x500).unwrap();
    assert_eq!(one, two);
}

#[test]
fn cards_have_the_columns_of_the_manual() {
    let program = "TEST     CSECT\n         DC    F'1234'\n         DC    A(TEST)\n         END   TEST\n";
    let cards = object(program).to_cards("");
    let hex: Vec<String> = cards.iter().map(|card| card.iter().map(|b| format!("{b:02X}")).collect()).collect();
    assert_eq!(cards.len(), 4);
    assert_eq!(hex[0][..16], *"02C5E2C440404040");
    assert_eq!(hex[0][16..64], *"4040 0010 4040 0001 E3C5E2E340404040 00 000000 40 000008".replace(' ', "").as_str());
    assert_eq!(hex[0][144..], *"F0F0F0F0F0F0F0F1");
    assert_eq!(hex[1][..48], *"02E3E7E3 40000000 4040 0008 4040 0001 000004D2 00000000".replace(' ', "").as_str());
    assert_eq!(hex[2][..48], *"02D9D3C4 40404040 4040 0008 4040 4040 0001 0001 0C 000004".replace(' ', "").as_str());
    assert_eq!(hex[3][..32], *"02C5D5C4 40000000 40404040 4040 0001".replace(' ', "").as_str());
}

#[test]
fn several_decks_in_one_file() {
    let mut deck = object("A        CSECT\n         DC    V(B)\n         END\n").to_deck("");
    deck.extend(object("B        CSECT\n         DC    A(*)\n         END\n").to_deck(""));
    let objects = Object::from_deck(&deck).unwrap();
    assert_eq!(objects.len(), 2);
    let image = link(&objects, 0x100).unwrap();
    assert_eq!(image.bytes[..12], [0, 0, 1, 8, 0, 0, 0, 0, 0, 0, 1, 8]);
}

#[test]
fn damaged_decks_are_refused_with_the_card() {
    let deck = object(PROGRAM).to_deck("");
    let error = |deck: &[u8]| Object::from_deck(deck).unwrap_err().to_string();
    assert_eq!(error(&deck[..deck.len() - 80]), format!("card {}: the deck has no END card", deck.len() / 80));
    assert_eq!(error(&deck[..100]), "card 2: the deck ends within a card");
    let mut bad = deck.clone();
    bad[11] = 0xFF;
    assert_eq!(error(&bad), "card 1: the count 255 exceeds columns 17 to 72");
    bad[1] = 0;
    assert!(error(&bad).starts_with("card 1: "));
}

#[test]
fn what_links_badly_is_said() {
    let objects = [object("A        CSECT\n         DC    V(NONE)\n         END\n")];
    let errors = link(&objects, 0).unwrap_err();
    assert_eq!(errors[0].to_string(), "object 1: the external symbol NONE is not defined in any object");
    assert!(link(&[], 0).is_err());
}

#[test]
fn what_is_defined_twice_is_listed() {
    let first = object("A        CSECT\n         ENTRY E\nE        DC    X'01'\n         END\n");
    let second = object("B        CSECT\n         ENTRY E\nE        DC    X'02'\n         END\n");
    let image = link(&[first.clone(), second, first], 0).unwrap();
    let said: Vec<_> =
        image.duplicates.iter().map(|one| (one.name.as_str(), one.object, one.first, one.section)).collect();
    assert_eq!(said, [("A", 2, 0, true), ("E", 1, 0, false)]);
    assert_eq!(image.bytes, [1, 0, 0, 0, 0, 0, 0, 0, 2]);
    let map = "NAME      ADDRESS  LENGTH  OBJECT\nA         000000   000001  one\n  E       000000\nB         000008   000001  two\n";
    assert_eq!(image.map_text(&["one", "two", "three"]), map);
}
