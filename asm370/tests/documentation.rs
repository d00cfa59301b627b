//! The programs in `docs/asm370.md` assemble without a message.

use std::path::Path;

use asm370::{Options, Source, StructuredMacros, assemble};

#[test]
fn documented_programs_assemble() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/asm370.md");
    let text = std::fs::read_to_string(path).unwrap();
    let programs: Vec<&str> =
        text.split("```asm\n").skip(1).map(|rest| rest.split("```").next().unwrap_or_default()).collect();
    assert!(programs.len() >= 4);
    for program in programs {
        let assembly = assemble(&Source::new("docs/asm370.md", program), &Options::default(), &StructuredMacros);
        let messages: String = assembly.diagnostics.iter().map(|d| format!("{d}\n")).collect();
        assert!(messages.is_empty(), "{messages}{program}");
    }
}

#[test]
fn every_public_macro_is_documented() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/asm370.md");
    let text = std::fs::read_to_string(path).unwrap();
    for name in StructuredMacros::names().filter(|name| !name.starts_with('#')) {
        assert!(text.contains(&format!("`{name}")) || text.contains(&format!(" {name} ")), "{name} is not documented");
    }
}
