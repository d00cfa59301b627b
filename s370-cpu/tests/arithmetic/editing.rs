use s370_arch::interruption::{ProgramCode as Code, per};
use s370_arch::storage_key::CHANGE;

use crate::machine::{Before, MISSING_PAGE, STORAGE};

/// The machine with a pattern at 2000 and a source at 3000.
fn machine(opcode: &str, pattern: &str, source: &str) -> Before {
    let length = pattern.len() / 2 - 1;
    Before::new(&format!("{opcode}{length:02X}50006000"))
        .gr(5, 0x2000)
        .gr(6, 0x3000)
        .put(0x2000, pattern)
        .put(0x3000, source)
}

#[test]
fn patterns_are_replaced() {
    for (pattern, source, result, cc) in [
        ("4020206B2020214B202040C3D9", "0257426C", "4040F26BF5F7F44BF2F6404040", 2),
        ("4020206B2020214B202040C3D9", "0000026D", "404040404040404BF2F640C3D9", 1),
        ("402020202220", "123C4C", "40F1F2F340F4", 2),
        ("5C2020", "000C", "5C5C5C", 0),
        ("C1C2", "", "C1C1", 0),
    ] {
        let after = machine("DE", pattern, source).gr(1, 0xFFFF_FFFF).run();
        assert_eq!((after.storage(0x2000, pattern.len() / 2).as_str(), after.state.psw.cc), (result, cc), "{pattern}");
        assert_eq!((after.code, after.state.gr[1]), (None, 0xFFFF_FFFF));
    }
}

#[test]
fn edit_and_mark_inserts_24_bits_of_address() {
    // Significant by a digit; by the significance starter, which leaves the register; in two fields, the last counts.
    for (pattern, source, register) in [
        ("4020202020", "0012 3C", 0xAB00_2003),
        ("4021202020", "0012 3C", 0xABCD_EF01),
        ("402020224020", "12 3C", 0xAB00_2005),
        ("402020", "000C", 0xABCD_EF01),
    ] {
        let after = machine("DF", pattern, source).gr(1, 0xABCD_EF01).run();
        assert_eq!((after.state.gr[1], after.code), (register, None), "{pattern}");
    }
    let marked = machine("DF", "402020", "123C").recorded().run();
    assert_eq!(marked.per.unwrap().code, per::REGISTER | per::STORE);
    let unmarked = machine("DF", "402020", "000C").recorded().run();
    assert_eq!(unmarked.per.unwrap().code, per::STORE);
}

#[test]
fn an_invalid_left_digit_changes_nothing() {
    for opcode in ["DE", "DF"] {
        let case = || machine(opcode, "4020202020", "12A4").gr(1, 77);
        let after = case().run();
        after.assert_unchanged(Code::DATA);
        assert_eq!(after.storage.key(0x2000) & CHANGE, 0);
        assert_eq!(case().recorded().run().per, None);
        // The same codes are no exception on the right.
        assert_eq!(machine(opcode, "4020202020", "1234").run().code, None);
        assert_eq!(machine(opcode, "40202020", "1A3A").run().code, None);
    }
}

#[test]
fn only_source_bytes_that_are_used_are_referred_to() {
    // Three digits, the second byte ends in a sign: two bytes.
    let at = |address: u32| machine("DE", "40202020", "").gr(6, address);
    let last = |address: u32| at(address).put(address, "123C");
    assert_eq!(last(STORAGE - 2).run().storage(0x2000, 4), "40F1F2F3");
    // Page 3 is in the frame of page 2.
    let paged = |address: u32| last(address - 0x1000).gr(6, address).gr(5, 0x3000).paged().run();
    assert_eq!(paged(MISSING_PAGE - 2).storage(0x2000, 4), "40F1F2F3");
    // One byte less is too few, and what has been edited by then is forgotten.
    at(STORAGE - 1).run().assert_unchanged(Code::ADDRESSING);
    paged(MISSING_PAGE - 1).assert_unchanged(Code::PAGE_TRANSLATION);
    at(0x37FF).key(1).storage_key(0x2000, 0x10).storage_key(0x3800, 0x28).run().assert_unchanged(Code::PROTECTION);
    // No digits, no source.
    assert_eq!(machine("DE", "40C1", "").gr(6, STORAGE).run().code, None);
}

#[test]
fn all_of_the_pattern_must_be_accessible() {
    let at = |address| machine("DE", "40C1C2", "").gr(5, address);
    at(STORAGE - 2).run().assert_unchanged(Code::ADDRESSING);
    at(MISSING_PAGE - 2).paged().run().assert_unchanged(Code::PAGE_TRANSLATION);
    let fetched = at(0x27FE).key(1).storage_key(0x2000, 0x10).storage_key(0x2800, 0x20).run();
    fetched.assert_unchanged(Code::PROTECTION);
}
