//! `docs/instructions.md` and `docs/classify.md` are the instruction table, as it is now.

use std::path::Path;

use s370_arch::{classification::classification_markdown, listing::instruction_list_markdown};

#[test]
fn instruction_list_is_up_to_date() {
    check("instructions.md", &instruction_list_markdown());
}

#[test]
fn classification_is_up_to_date() {
    check("classify.md", &classification_markdown());
}

/// With `UPDATE_DOCS=1` in the environment the file is written instead of compared.
fn check(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(name);
    if std::env::var_os("UPDATE_DOCS").is_some_and(|value| value == "1") {
        std::fs::write(&path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        return;
    }
    let file = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    for (number, (in_file, in_table)) in file.lines().zip(text.lines()).enumerate() {
        assert_eq!(in_file, in_table, "{name} line {}; UPDATE_DOCS=1 writes the file anew", number + 1);
    }
    assert!(file == text, "{name} is shorter or longer; UPDATE_DOCS=1 writes it anew");
}
