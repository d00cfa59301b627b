//! The program as its user runs it: options, files, output and exit status.

use std::{
    io::{BufRead, BufReader, Write},
    path::PathBuf,
    process::{Command, Output, Stdio},
};

use serde_json::Value;

const CASE: &str =
    r#"{"id":"AR","psw":"0000000000001000","gr":{"1":5,"2":"0x10"},"storage":[{"at":"0x1000","hex":"1A12"}]}"#;

fn cambridge(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cambridge"));
    command.args(arguments).stdin(Stdio::null());
    command
}

fn run(arguments: &[&str]) -> Output {
    cambridge(arguments).output().unwrap()
}

fn run_with_input(arguments: &[&str], input: &str) -> Output {
    let mut child =
        cambridge(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).unwrap()
}

/// A file of this test's own, with these contents.
fn file(name: &str, contents: &[u8]) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("command-line-{name}"));
    std::fs::write(&path, contents).unwrap();
    path
}

/// A program for location 0: a PSW, a program new PSW that waits, and at X'100' a loop that adds 5 to 1 and stores the
/// sum at X'200', before an operation exception.
fn program(name: &str) -> String {
    let mut image = vec![0; 0x110];
    image[..8].copy_from_slice(&0x0000_0000_0000_0100u64.to_be_bytes());
    image[0x68..0x70].copy_from_slice(&0x0002_0000_0000_0ABCu64.to_be_bytes());
    image[0x100..].copy_from_slice(&[
        0x41, 0x10, 0x00, 0x05, 0x1A, 0x21, 0x46, 0x10, 0x01, 0x04, 0x50, 0x20, 0x02, 0x00, 0x00, 0x01,
    ]);
    file(name, &image).to_str().unwrap().to_owned()
}

#[test]
fn probe_answers_files_and_standard_input_in_order() {
    let first = file("first.jsonl", format!("{CASE}\n\n{}", CASE.replace("\"AR\"", "\"second\"")).as_bytes());
    let last = file("last.jsonl", CASE.replace("\"AR\"", "\"last\"").as_bytes());
    let arguments = ["probe", first.to_str().unwrap(), "-", last.to_str().unwrap()];
    let output = run_with_input(&arguments, &CASE.replace("\"AR\"", "\"input\""));
    let ids: Vec<Value> =
        text(&output.stdout).lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].take()).collect();
    assert_eq!(ids, ["AR", "second", "input", "last"]);
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""));
}

#[test]
fn probe_serves_on_after_an_error_and_its_exit_status_tells() {
    let output = run_with_input(&["probe"], &format!("{{\"id\":\"bad\"}}\n{CASE}\n"));
    let lines: Vec<&str> = text(&output.stdout).lines().collect();
    assert_eq!(lines.len(), 2);
    assert!(lines[0].starts_with(r#"{"id":"bad","error":"#), "{}", lines[0]);
    assert!(lines[1].starts_with(r#"{"id":"AR","stop":"count","#), "{}", lines[1]);
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn probe_holds_a_conversation() {
    let mut child = cambridge(&["probe"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut questions = child.stdin.take().unwrap();
    let mut answers = BufReader::new(child.stdout.take().unwrap());
    for turn in 0..3 {
        // The second half of a line is not there yet when the answers to the lines before it are due.
        let case = CASE.replace("\"AR\"", &format!("\"{turn}\""));
        let (begin, end) = CASE.split_at(20);
        questions.write_all(format!("{case}\n{begin}").as_bytes()).unwrap();
        for (id, then) in [(turn.to_string(), format!("{end}\n")), ("AR".to_owned(), String::new())] {
            let mut answer = String::new();
            answers.read_line(&mut answer).unwrap();
            assert!(answer.starts_with(&format!("{{\"id\":\"{id}\",\"stop\"")), "{answer}");
            questions.write_all(then.as_bytes()).unwrap();
        }
    }
    drop(questions);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn probe_engines_and_files_that_do_not_exist() {
    for engine in ["translator", "interpreter", "fast", "slow"] {
        assert_eq!(
            run_with_input(&["probe", "--engine", engine], CASE).stdout,
            run_with_input(&["probe"], CASE).stdout
        );
    }
    let output = run(&["probe", "--engine", "warp"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("'--engine <NAME>': \"warp\" is not an execution engine"));
    let output = run(&["probe", "no such file"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).starts_with("cambridge probe: no such file: "), "{}", text(&output.stderr));
}

#[test]
fn bare_shows_registers_interruptions_and_storage() {
    let load = format!("{}@0", program("shows.bin"));
    let output = run(&["bare", "--load", &load, "--dump", "1F8:10", "--key", "800=F6", "--fpr", "6=4110000000000000"]);
    let shown = text(&output.stdout);
    for line in [
        "The processor waits, disabled, with code 000ABC.\n",
        "PSW    00020000 00000ABC  BC mode, supervisor state, wait, key 0, cc 0, program mask 0\n",
        "GR  0  00000000 00000000 0000000F 00000000\n",
        "FPR    0000000000000000 0000000000000000 0000000000000000 4110000000000000\n",
        "1 interruption:\n  program interruption 0001 (operation), 2 bytes, old PSW 00000001 60000110\n",
        "Key of 000800: F6\n",
        "13 instructions in ",
        "\n0001F8  00000000 00000000 0000000F 00000000  *................*\n",
    ] {
        assert!(shown.contains(line), "{line:?} is not in:\n{shown}");
    }
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""));
}

#[test]
fn bare_json_is_what_the_probe_says() {
    let load = format!("{}@0", program("json.bin"));
    let output = run(&[
        "bare", "--load", &load, "--json", "--dump", "200:4", "--gr", "15=1f0", "--cr", "9=0xFF", "--until", "wait",
    ]);
    let image = std::fs::read(load.strip_suffix("@0").unwrap()).unwrap();
    let hex: String = image.iter().map(|byte| format!("{byte:02x}")).collect();
    let case = serde_json::json!({
        "id": "bare", "psw": "0000000000000100", "storage": [{"at": 0, "hex": hex}], "gr": {"15": "0x1F0"},
        "cr": {"9": 255}, "run": {"until": "wait", "limit": 1000}, "dump": [{"at": "0x200", "length": 4}],
    });
    assert_eq!(text(&output.stdout), cambridge::probe::run_case(&case.to_string()) + "\n");
}

#[test]
fn bare_traces_every_instruction() {
    let load = format!("{}@0", program("trace.bin"));
    let output = run(&["bare", "--load", &load, "--trace", "--json"]);
    let lines: Vec<&str> = text(&output.stderr).lines().collect();
    assert_eq!(lines.len(), 14);
    assert_eq!(lines[0], "000100  41100005      LA    1,5(0,0)           cc 0 GR1=00000005");
    assert_eq!(lines[1], "000104  1A21          AR    2,1                cc 2 GR2=00000005");
    assert_eq!(lines[12], "00010E  0001          DC    X'0001'            cc 2");
    assert_eq!(lines[13], "        program interruption 0001 (operation), 2 bytes, old PSW 00000001 60000110");
    let untraced = run(&["bare", "--load", &load, "--json"]);
    assert_eq!(output.stdout, untraced.stdout);
}

#[test]
fn bare_stops_at_a_limit() {
    let load = format!("{}@0", program("limit.bin"));
    let count = run(&["bare", "--load", &load, "--limit", "3"]);
    assert!(text(&count.stdout).starts_with("All instructions asked for have been executed.\n"));
    assert_eq!(count.status.code(), Some(0));
    let limit = run(&["bare", "--load", &load, "--limit", "3", "--until", "wait"]);
    assert!(text(&limit.stdout).starts_with("The limit was reached before a wait.\n"));
    assert_eq!(limit.status.code(), Some(1));
    let check_stop = run(&["bare", "--load", &load, "--psw", "8008000000000000", "--storage", "2K", "--trace"]);
    assert!(text(&check_stop.stderr).starts_with("        program interruption 0006 (specification), 0 bytes"));
    assert_eq!(check_stop.status.code(), Some(0), "the program new PSW waits");
    let check_stop = run(&["bare", "--psw", "0000000000000800"]);
    assert!(text(&check_stop.stdout).starts_with("The processor is in the check-stop state.\n"));
    assert_eq!(check_stop.status.code(), Some(1));
}

#[test]
fn the_interval_timer_can_be_off() {
    // BC 15,X'100', with the timer's location far from zero.
    let image = file("timer.bin", &[0x47, 0xF0, 0x01, 0x00]);
    let load = format!("{}@100", image.to_str().unwrap());
    let timer = |switch: &[&str]| {
        let fixed =
            ["bare", "--load", &load, "--psw", "0000000000000100", "--limit", "20000", "--json", "--dump", "50:4"];
        let result: Value = serde_json::from_slice(&run(&[&fixed[..], switch].concat()).stdout).unwrap();
        result["storage"][0]["hex"].as_str().unwrap().to_owned()
    };
    // 20,000 microseconds are six 300ths of a second.
    assert_eq!(timer(&[]), "fffffa00");
    assert_eq!(timer(&["--interval-timer", "on"]), "fffffa00");
    assert_eq!(timer(&["--interval-timer", "off"]), "00000000");
}

#[test]
fn bare_names_the_option_that_is_wrong() {
    let image = file("wrong.bin", &[0; 16]);
    let load = |at: &str| format!("{}@{at}", image.to_str().unwrap());
    let cases: [(&[&str], &str); 13] = [
        (&["--gr", "16=0"], "'16=0' for '--gr <N=VAL>': \"16\" is not the number of a register: they are 0 to 15"),
        (&["--gr", "1=1FFFFFFFF"], "'--gr <N=VAL>': the value: \"1FFFFFFFF\" has more than 32 bits"),
        (&["--cr", "1"], "'--cr <N=VAL>': it has no '=': the form is N=VAL"),
        (&["--fpr", "1=0"], "'--fpr <N=VAL>': \"1\" is not the number of a register: they are 0, 2, 4 and 6"),
        (&["--psw", "1000"], "'--psw <HEX>': \"1000\" is not 16 hexadecimal digits"),
        (&["--key", "0=100"], "'--key <ADDR=KEY>': the key: \"100\" has more than 8 bits"),
        (&["--storage", "3000"], "'--storage <SIZE>': \"3000\" is not a multiple of 2K up to 64M"),
        (&["--dump", "100"], "'--dump <ADDR:LEN>': it has no ':': the form is ADDR:LEN"),
        (&["--load", "nothing"], "'--load <FILE@ADDR>': it has no '@': the form is FILE@ADDR"),
        (
            &["--load", &load("FFFF8")],
            "wrong.bin@FFFF8: 16 bytes at 0FFFF8 are not all in the 100000 bytes of main storage",
        ),
        (&["--load", "no such file@0"], "cambridge bare: --load no such file@0: "),
        (&["--dump", "FFFFFFFF:FFFFFFFF"], "--dump FFFFFFFF:FFFFFFFF: 4294967295 bytes at FFFFFFFF"),
        (&["--key", "100000=0"], "--key 100000=00: 1 bytes at 100000"),
    ];
    for (arguments, message) in cases {
        let output = run(&[&["bare"], arguments].concat());
        let said = text(&output.stderr);
        assert!(said.contains(message), "{arguments:?}: {said}");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn help_is_there() {
    for arguments in [&["--help"][..], &["bare", "--help"], &["probe", "--help"], &["help", "bare"]] {
        let output = run(arguments);
        assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""));
        assert!(text(&output.stdout).contains("Usage: cambridge"), "{arguments:?}");
    }
    assert!(text(&run(&["bare", "--help"]).stdout).contains("Examples:\n"));
    assert_eq!(run(&[]).status.code(), Some(2));
}
