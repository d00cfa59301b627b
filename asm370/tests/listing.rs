//! Golden listings. `ASM370_BLESS=1` writes them anew.

use std::path::Path;

use asm370::{Members, Options, Source, assemble};

fn check(name: &str) {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/listings");
    let text = std::fs::read_to_string(directory.join(format!("{name}.asm"))).unwrap();
    let mut library = Members::new();
    library.insert("REGS", "R0       EQU   0\nR12      EQU   12                 BASE\n");
    let options = Options { page_length: 50, ..Options::default() };
    let listing = assemble(&Source::new(format!("{name}.asm"), text), &options, &library).listing;
    let golden = directory.join(format!("{name}.lst"));
    if std::env::var_os("ASM370_BLESS").is_some() {
        std::fs::write(&golden, &listing).unwrap();
    }
    assert_eq!(listing, std::fs::read_to_string(&golden).unwrap(), "{name}: ASM370_BLESS=1 accepts the change");
}

#[test]
fn every_part_of_a_listing() {
    check("parts");
}

#[test]
fn errors_in_place_and_collected() {
    check("errors");
}
