//! Decks and listings on the command line: `cambridge deck`, `cambridge listing`.

use std::{
    fs,
    path::PathBuf,
    process::{Command, Output, Stdio},
};

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_cambridge")).args(arguments).stdin(Stdio::null()).output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).unwrap()
}

/// A file of this test's own; empty contents: none yet.
fn file(name: &str, contents: &[u8]) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("paper-{name}"));
    let _ = fs::remove_file(&path);
    if !contents.is_empty() {
        fs::write(&path, contents).unwrap();
    }
    path
}

#[test]
fn decks_are_converted_there_and_back() {
    let (job, data) = (file("job.jcl", b"//A JOB\n[]\n"), file("data.txt", b"\tDATA\r\n"));
    let (deck, back) = (file("job.deck", b""), file("back.txt", b""));
    let (job, data) = (job.to_str().unwrap(), data.to_str().unwrap());
    let (deck, back) = (deck.to_str().unwrap(), back.to_str().unwrap());
    let output = run(&["deck", "convert", job, data, "--to", "ebcdic", "--code", "1047", "-o", deck]);
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""));
    let cards = fs::read(deck).unwrap();
    assert_eq!(cards.len(), 240);
    assert_eq!(cards[80..83], [0xAD, 0xBD, 0x40]);
    let output = run(&["deck", "convert", deck, "--to", "text", "--code", "1047", "-o", back]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(fs::read(back).unwrap(), b"//A JOB\n[]\n        DATA\n");
    let output = run(&["deck", "info", "--cards", deck, job]);
    let expected = format!(
        "{deck}: ebcdic, 3 cards\n      1  //A JOB\n      2  ..\n      3          DATA\n\
         {job}: text, 2 cards\n      1  //A JOB\n      2  []\n"
    );
    // Where 1047 has brackets, 037 has letters that are on no U.S. keyboard.
    assert_eq!(text(&output.stdout), expected);
}

#[test]
fn a_wrong_deck_leaves_no_output() {
    let (wrong, out) = (file("wrong.txt", "OK\nA€\n".as_bytes()), file("wrong.deck", b"of yesterday"));
    let (wrong, out) = (wrong.to_str().unwrap(), out.to_str().unwrap());
    let output = run(&["deck", "convert", wrong, "--to", "ebcdic", "-o", out]);
    assert_eq!(output.status.code(), Some(8));
    assert!(text(&output.stderr).contains("line 2, column 2: '€' has no card code"), "{}", text(&output.stderr));
    assert!(!PathBuf::from(out).exists());
    assert_eq!(run(&["deck", "info", "/no/such/deck"]).status.code(), Some(16));
    assert_eq!(run(&["deck", "convert", wrong, "--to", "text", "-o", wrong]).status.code(), Some(2));
    assert_eq!(run(&["deck", "convert", wrong, "--to", "paper", "-o", out]).status.code(), Some(2));
    assert!(PathBuf::from(wrong).exists());
}

#[test]
fn a_listing_becomes_a_pdf() {
    let (listing, pdf) = (file("printer.txt", b"\x0CONE\r___\n\x0CTWO\n"), file("printer.pdf", b""));
    let (listing, pdf) = (listing.to_str().unwrap(), pdf.to_str().unwrap());
    let output = run(&["listing", "pdf", listing, "-o", pdf, "--bars", "--dense", "--lines", "88"]);
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""));
    let bytes = String::from_utf8_lossy(&fs::read(pdf).unwrap()).into_owned();
    assert!(bytes.starts_with("%PDF-") && bytes.contains("/Count 2") && bytes.contains("(paper-printer.txt)"));
    assert_eq!(run(&["listing", "pdf", listing, "-o", listing]).status.code(), Some(2));
    assert_eq!(run(&["listing", "pdf", listing, "-o", pdf, "--lines", "0"]).status.code(), Some(2));
    assert_eq!(run(&["listing", "pdf", "/no/such/listing", "-o", pdf]).status.code(), Some(16));
    assert!(!PathBuf::from(pdf).exists());
}
