//! `docs/instructions.md` is the instruction table, as it is now.

use std::path::Path;

use s370_arch::listing::instruction_list_markdown;

/// With `UPDATE_DOCS=1` in the environment the file is written instead of compared.
#[test]
fn instruction_list_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/instructions.md");
    let list = instruction_list_markdown();
    if std::env::var_os("UPDATE_DOCS").is_some_and(|value| value == "1") {
        std::fs::write(&path, list).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        return;
    }
    let file = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    for (number, (in_file, in_table)) in file.lines().zip(list.lines()).enumerate() {
        assert_eq!(in_file, in_table, "line {}; UPDATE_DOCS=1 writes the file anew", number + 1);
    }
    assert!(file == list, "the file is shorter or longer; UPDATE_DOCS=1 writes it anew");
}
