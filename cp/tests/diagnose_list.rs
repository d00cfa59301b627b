//! `docs/diagnose.md` is the DIAGNOSE table, as it is now.

use std::path::Path;

use cp::diagnose::{TABLE, markdown};

/// With `UPDATE_DOCS=1` in the environment the file is written instead of compared.
#[test]
fn diagnose_list_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/diagnose.md");
    let list = markdown();
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

#[test]
fn codes_ascend_and_are_multiples_of_four() {
    assert!(TABLE.windows(2).all(|pair| pair[0].code < pair[1].code));
    assert!(TABLE.iter().all(|row| row.code.is_multiple_of(4)));
    // These belong to spooling, directory and accounting, which are not there yet.
    for absent in [0x14, 0x34, 0x3C, 0x4C, 0x84] {
        assert!(cp::diagnose::row(absent).is_none());
    }
}
