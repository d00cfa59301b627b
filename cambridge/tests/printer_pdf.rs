//! Printers whose listings are PDFs: what is there after an orderly end, and after none.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

/// A folder of this test's own, which is empty.
fn folder(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("printer-pdf-{name}"));
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    path
}

fn cambridge(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cambridge"));
    command.args(arguments).current_dir(folder).stdin(Stdio::null());
    command
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    cambridge(folder, arguments).output().unwrap()
}

/// The operator's commands that have a program print a line (of letters) and space once, until its final wait.
fn print(line: &str) -> Vec<String> {
    let codes: String =
        line.bytes().map(|letter| format!("{:02X}", s370_arch::ebcdic::from_char(letter.into()).unwrap())).collect();
    // SIO 00E; TIO 00E until it is available; LPSW.
    let program = "9C00000E 9D00000E 47700804 82000810 000A0000 0000C0DE";
    [
        format!("alter 500 {codes}"),
        format!("alter 400 09000500 2000{:04X}", line.len()),
        "alter 48 00000400".to_owned(),
        format!("alter 800 {program}"),
        "alter psw 0008000000000800".to_owned(),
        "start".to_owned(),
    ]
    .to_vec()
}

/// Prints these lines in an unattended run, which ends in good order.
fn print_all(folder: &Path, configuration: &str, lines: &[&str]) -> Output {
    let mut script = vec!["timeout 10s".to_owned()];
    for line in lines {
        script.extend(print(line));
        script.push("wait disabled".to_owned());
    }
    script.push("exit 0".to_owned());
    fs::write(folder.join("script"), script.join("\n") + "\n").unwrap();
    run(folder, &["bare", "--config", configuration, "--script", "script"])
}

/// What `cambridge listing` makes of the text beside a PDF.
fn made_from_text(folder: &Path, name: &str) -> Vec<u8> {
    let (text, title) = (format!("{name}.txt"), name.split('.').next().unwrap());
    let output = run(folder, &["listing", "pdf", &text, "-o", "made", "--title", title]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    fs::read(folder.join("made")).unwrap()
}

const PRINTER: &str = "[device.00E]\ntype = \"1403\"\noutput = \"list.pdf\"\n";

#[test]
fn an_orderly_end_leaves_the_pdf_of_everything() {
    let folder = folder("orderly");
    fs::write(folder.join("machine.toml"), PRINTER).unwrap();
    for (lines, text) in [(&["FIRST", "SECOND"][..], "FIRST\nSECOND\n"), (&["THIRD"], "FIRST\nSECOND\nTHIRD\n")] {
        let output = print_all(&folder, "machine.toml", lines);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        assert_eq!(fs::read_to_string(folder.join("list.pdf.txt")).unwrap(), text);
        let pdf = fs::read(folder.join("list.pdf")).unwrap();
        assert!(pdf.starts_with(b"%PDF-") && pdf == made_from_text(&folder, "list.pdf"));
    }
}

#[test]
fn the_format_says_pdf_or_says_otherwise() {
    let folder = folder("format");
    for (option, output, is_pdf) in
        [("format = \"pdf\"", "list", true), ("format = \"text\"", "text.pdf", false), ("", "LIST.PDF", true)]
    {
        let configuration = format!("[device.00E]\ntype = \"3211\"\noutput = \"{output}\"\n{option}\n");
        fs::write(folder.join("machine.toml"), configuration).unwrap();
        let done = print_all(&folder, "machine.toml", &["LINE"]);
        assert_eq!(done.status.code(), Some(0), "{done:?}");
        assert_eq!(fs::read(folder.join(output)).unwrap().starts_with(b"%PDF-"), is_pdf, "{output}");
        assert_eq!(folder.join(format!("{output}.txt")).exists(), is_pdf, "{output}");
    }
    fs::write(folder.join("hercules.cnf"), "000E 1403 printed.pdf\n").unwrap();
    assert_eq!(print_all(&folder, "hercules.cnf", &["LINE"]).status.code(), Some(0));
    assert_eq!(fs::read(folder.join("printed.pdf")).unwrap(), made_from_text(&folder, "printed.pdf"));
}

#[test]
fn a_long_form_is_a_long_page() {
    let folder = folder("long");
    fs::write(folder.join("list.pdf.txt"), "LINE\n".repeat(88)).unwrap();
    fs::write(folder.join("machine.toml"), PRINTER).unwrap();
    assert_eq!(print_all(&folder, "machine.toml", &[]).status.code(), Some(0));
    let pdf = fs::read(folder.join("list.pdf")).unwrap();
    let pdf = String::from_utf8_lossy(&pdf);
    assert!(pdf.contains("/Count 1\n") && pdf.contains(" 1056]"), "88 lines, six to an inch of 72 points");
}

#[test]
fn a_pdf_without_its_text_is_left_alone() {
    let folder = folder("foreign");
    fs::write(folder.join("list.pdf"), "somebody's").unwrap();
    fs::write(folder.join("machine.toml"), PRINTER).unwrap();
    let output = print_all(&folder, "machine.toml", &["LINE"]);
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(
        error.contains("list.pdf: nothing can be added to it") && error.contains("list.pdf.txt, is not there"),
        "{error}"
    );
    assert_eq!(fs::read(folder.join("list.pdf")).unwrap(), b"somebody's");
}

#[test]
fn what_was_printed_survives_the_death_of_the_process() {
    let folder = folder("killed");
    fs::write(folder.join("machine.toml"), PRINTER).unwrap();
    assert_eq!(print_all(&folder, "machine.toml", &["BEFORE"]).status.code(), Some(0));
    let before = fs::read(folder.join("list.pdf")).unwrap();
    let mut child = cambridge(&folder, &["bare", "--config", "machine.toml", "--plain"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut operator = child.stdin.take().unwrap();
    for command in print("DURING") {
        writeln!(operator, "/{command}").unwrap();
    }
    let mut messages = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    assert!(messages.any(|line| line.contains("disabled, with code 00C0DE")), "it was not printed");
    // SIGKILL.
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(fs::read_to_string(folder.join("list.pdf.txt")).unwrap(), "BEFORE\nDURING\n");
    assert_eq!(fs::read(folder.join("list.pdf")).unwrap(), before, "whole, as it was");
    assert_eq!(print_all(&folder, "machine.toml", &[]).status.code(), Some(0));
    let after = fs::read(folder.join("list.pdf")).unwrap();
    assert!(after != before && after == made_from_text(&folder, "list.pdf"));
}

#[test]
fn the_operator_sees_it_when_the_printer_is_stopped() {
    let folder = folder("stopped");
    fs::write(folder.join("machine.toml"), PRINTER).unwrap();
    let script =
        [print("LINE"), vec!["wait disabled".to_owned(), "not ready 00e".to_owned(), "stay".to_owned()]].concat();
    fs::write(folder.join("script"), script.join("\n") + "\n").unwrap();
    let mut child = cambridge(&folder, &["bare", "--config", "machine.toml", "--script", "script"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut answers = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    assert!(answers.any(|line| line.starts_with("00E 1403    printer: line 2")));
    let seen = fs::read(folder.join("list.pdf")).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(seen, made_from_text(&folder, "list.pdf"));
}
