//! `cambridge classify` as its user runs it.

use std::{
    path::Path,
    process::{Command, Output},
};

use s370_arch::isa::{Privilege, Sensitivity, TABLE};
use serde_json::Value;

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_cambridge")).arg("classify").args(arguments).output().unwrap()
}

/// What it prints, when nothing is wrong.
fn text(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]), "{arguments:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn objects(arguments: &[&str]) -> Vec<Value> {
    let all = [&["--json"], arguments].concat();
    text(&all).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn mnemonics(arguments: &[&str]) -> Vec<String> {
    objects(arguments).iter().filter_map(|object| object["mnemonic"].as_str().map(str::to_owned)).collect()
}

#[test]
fn the_table_has_every_instruction_and_the_numbers() {
    let table = text(&[]);
    let lines: Vec<&str> = table.lines().collect();
    // Headings, the interval timer, an empty line and the numbers.
    assert_eq!(lines.len(), TABLE.len() + 4);
    let starts = |mnemonic: &str| lines.iter().find(|line| line[5..].starts_with(mnemonic)).unwrap().to_string();
    assert_eq!(starts("AR "), "1A   AR       ADD                                   innocuous          problem");
    assert!(starts("LPSW ").ends_with("control            privileged     privileged operation"));
    assert!(starts("SAC ").contains("semiprivileged special operation     changes the address-space control; "));
    assert!(
        starts("STCK ").contains("behavior           problem                              shows the real TOD clock; ")
    );
    assert!(lines.last().unwrap().ends_with("13 semiprivileged and withheld, and 2 do not trap."));
    assert!(lines.iter().all(|line| !line.ends_with(' ')));
}

#[test]
fn filters_select_by_class_and_privilege() {
    let count = |rows: fn(&&s370_arch::isa::Row) -> bool| TABLE.iter().filter(rows).count();
    assert_eq!(mnemonics(&["--class", "innocuous"]).len(), count(|row| row.sensitivity == Sensitivity::Innocuous));
    assert_eq!(mnemonics(&["--class", "sensitive"]).len(), count(|row| row.sensitivity != Sensitivity::Innocuous));
    assert_eq!(mnemonics(&["--class", "both"]).len(), count(|row| row.sensitivity == Sensitivity::Both));
    let either = mnemonics(&["--class", "control,behavior"]);
    assert_eq!(either, mnemonics(&["--class", "sensitive"]));
    let privileged = mnemonics(&["--privilege", "privileged"]);
    assert_eq!(privileged.len(), count(|row| row.privilege == Privilege::Privileged));
    let some = mnemonics(&["--class", "control", "--privilege", "semiprivileged"]);
    assert_eq!(some, ["SPKA", "PC", "SAC", "SSAR", "PT"]);
}

#[test]
fn what_does_not_trap_is_named_with_what_is_done() {
    let found = objects(&["--untrapped"]);
    let names: Vec<&str> = found.iter().map(|object| object["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["MONITOR CALL", "STORE CLOCK", "interval timer"]);
    for object in found {
        assert_eq!(object["trap"], Value::Null);
        assert!(object["remark"].as_str().unwrap().contains("; "));
    }
}

#[test]
fn commas_are_quoted_in_csv() {
    let csv = text(&["--csv", "--class", "both"]);
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines[0], "code,mnemonic,name,class,privilege,trap,remark");
    assert_eq!(lines[1], "08,SSK,SET STORAGE KEY,\"control, behavior\",privileged,privileged operation,");
}

#[test]
fn the_document_is_what_it_prints() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/classify.md");
    assert!(text(&["--markdown"]) == std::fs::read_to_string(path).unwrap(), "docs/classify.md is out of date");
}

#[test]
fn options_that_contradict_each_other_are_refused() {
    for arguments in [&["--json", "--csv"][..], &["--markdown", "--untrapped"], &["--class", "harmless"]] {
        let output = run(arguments);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{arguments:?}");
    }
}
