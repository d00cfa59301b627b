//! What SIGINT and SIGTERM do to a machine: it is switched off in order, and what it has written is settled.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A folder of this test's own, which is empty.
fn folder(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("signals-{name}"));
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    path
}

fn cambridge(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cambridge"));
    command.args(arguments).current_dir(folder).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Gives a process that this test has started a signal.
fn signal(child: &Child, name: &str) {
    let status = Command::new("kill").args(["-s", name, &child.id().to_string()]).status().unwrap();
    assert!(status.success(), "kill: {status}");
}

/// Waits for the end; the exit status.
#[track_caller]
fn end(child: &mut Child) -> Option<i32> {
    let begin = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        if begin.elapsed() > PATIENCE {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("it does not end");
        }
        sleep(Duration::from_millis(5));
    }
}

/// Whether the image's header says that it is open for writing.
fn is_open(image: &Path) -> bool {
    fs::read(image).unwrap()[512 + 3] & 0x80 != 0
}

/// A printer with a PDF and a compressed pack.
const MACHINE: &str = "\
    [device.00E]\ntype = \"1403\"\noutput = \"list.pdf\"\n\
    [device.150]\ntype = \"3330\"\nfile = \"pack.cckd\"\n";

/// What the operator types: a program prints LINE, writes record 0 of cylinder 5, head 1, and waits.
const PROGRAM: [&str; 10] = [
    // Write and space.
    "alter 400 09000500 20000004",
    "alter 500 D3C9D5C5",
    // Seek; set file mask; search home address; TIC; write R0.
    "alter 600 07000700 40000006 1F000710 40000001 39000702 40000004 08000610 00000000 15000720 00000010",
    "alter 700 00000005 00010000",
    "alter 710 C0",
    "alter 720 00050001 00000008 C1C2C3C4 C5C6C7C8",
    // TIO takes the device end of the pack's mounting. For the printer and the pack: CAW, SIO, TIO until it is available.
    "alter 800 9D000150 D2030048 08409C00 000E9D00 000E4770 080ED203 00480844 9C000150 9D000150 47700820 82000848",
    "alter 840 00000400 00000600 000A0000 0000C0DE",
    "alter psw 0008000000000800",
    "start",
];

/// The machine when its program has ended.
fn started(folder: &Path, arguments: &[&str]) -> Child {
    fs::write(folder.join("machine.toml"), MACHINE).unwrap();
    let made = cambridge(folder, &["disk", "create", "pack.cckd", "--model", "3330", "--compress", "zlib"]).status();
    assert!(made.unwrap().success());
    let mut child = cambridge(folder, &[&["bare", "--config", "machine.toml"], arguments].concat()).spawn().unwrap();
    let mut operator = child.stdin.take().unwrap();
    for command in PROGRAM {
        writeln!(operator, "/{command}").unwrap();
    }
    let mut messages = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("disabled, with code 00C0DE") {
        line.clear();
        assert_ne!(messages.read_line(&mut line).unwrap(), 0, "the program has not come to its end");
    }
    child.stderr = Some(messages.into_inner());
    child.stdin = Some(operator);
    child
}

#[test]
fn a_signal_switches_the_machine_off_in_order() {
    for (name, status) in [("INT", 130), ("TERM", 143)] {
        let folder = folder(name);
        let (image, pdf) = (folder.join("pack.cckd"), folder.join("list.pdf"));
        let mut child = started(&folder, &["--plain"]);
        assert!(is_open(&image) && !pdf.exists(), "what there is to be done is not done yet");
        signal(&child, name);
        assert_eq!(end(&mut child), Some(status));
        let mut said = String::new();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert_eq!(said, format!("SIG{name}: the machine is switched off.\n"));
        assert!(!is_open(&image), "the image is not closed");
        assert_eq!(fs::read_to_string(folder.join("list.pdf.txt")).unwrap(), "LINE\n");
        assert!(fs::read(pdf).unwrap().starts_with(b"%PDF-"));
        let checked = cambridge(&folder, &["disk", "check", "pack.cckd"]).output().unwrap();
        assert_eq!(checked.status.code(), Some(0), "{checked:?}");
        let info = cambridge(&folder, &["disk", "info", "pack.cckd"]).output().unwrap();
        let info = String::from_utf8_lossy(&info.stdout).into_owned();
        assert!(info.contains("use      1 tracks"), "{info}");
    }
}

#[test]
fn an_unattended_run_ends_so_too() {
    let folder = folder("script");
    fs::write(folder.join("machine.toml"), "[device.00E]\ntype = \"1403\"\noutput = \"list.pdf\"\n").unwrap();
    fs::write(folder.join("list.pdf.txt"), "BEFORE\n").unwrap();
    fs::write(folder.join("script"), "say ready\npause 10m\n").unwrap();
    let mut child = cambridge(&folder, &["bare", "--config", "machine.toml", "--script", "script"]).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    signal(&child, "TERM");
    assert_eq!(end(&mut child), Some(143));
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let folder = folder("second");
    fs::write(folder.join("machine.toml"), "").unwrap();
    let mut child = cambridge(&folder, &["bare", "--config", "machine.toml", "--plain"]).spawn().unwrap();
    // The machine stands still when nobody reads what it says: it cannot be switched off in order.
    let mut operator = child.stdin.take().unwrap();
    operator.write_all("/help\n".repeat(500).as_bytes()).unwrap();
    let mut answers = child.stdout.take().unwrap();
    answers.read_exact(&mut [0; 100]).unwrap();
    sleep(Duration::from_millis(500));
    signal(&child, "TERM");
    sleep(Duration::from_millis(500));
    assert!(
        child.try_wait().unwrap().is_none(),
        "the first signal has ended it, though it is in the middle of something"
    );
    signal(&child, "INT");
    assert_eq!(end(&mut child), Some(130));
}
