//! `cambridge asm` and `cambridge link` as their user runs them: files, messages, exit status.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use asm370::Object;
use s370_arch::ebcdic::from_text;
use serde_json::Value;

const MAIN: &str = "\
MAIN     CSECT
         BALR  12,0
         USING *,12
         LA    1,20
         L     15,=V(DOUBLE)
         BALR  14,15
         ST    1,RESULT
         LPSW  WAIT
         DS    0D
WAIT     DC    X'00020000',A(X'C0DE')
RESULT   DC    F'0'
         ENTRY RESULT
         LTORG
         END   MAIN
";

const SUBS: &str = "\
SUBS     CSECT
         ENTRY DOUBLE
DOUBLE   AR    1,1
         A     1,TWO-DOUBLE(,15)
         BR    14
TWO      DC    F'2'
         END
";

const WRONG: &str = "\
P        CSECT
         USING P,12
         MACRO
         BAD   &X
         LR    1,&X
         MEND
         BAD   99
         XYZZY 1
         END
";

/// A directory of a test's own, empty.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Place {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("asm-{name}"));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Place(path)
    }

    /// Writes a file.
    fn put(&self, name: &str, contents: impl AsRef<[u8]>) {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, contents).unwrap();
    }

    fn get(&self, name: &str) -> Vec<u8> {
        fs::read(self.0.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// All files, sorted: nothing must be left behind that was not asked for.
    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cambridge"));
        command.args(line.split_whitespace()).current_dir(&self.0).stdin(Stdio::null());
        command
    }

    /// Runs the program: status, standard output, standard error.
    fn run(&self, line: &str) -> (i32, String, String) {
        told(self.command(line).output().unwrap())
    }

    fn run_with_input(&self, line: &str, input: &[u8]) -> (i32, String, String) {
        let mut command = self.command(line);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        told(child.wait_with_output().unwrap())
    }

    /// Runs the command that a summary proposes; the machine's fullword at `at` and its PSW.
    fn run_as_told(&self, summary: &str, at: &str) -> (String, String) {
        let command = summary.split_once("to run it: cambridge ").unwrap_or_else(|| panic!("{summary}")).1.trim();
        let (status, output, said) = self.run(&format!("{command} --json --limit 1000 --until wait --dump {at}:4"));
        assert_eq!((status, said.as_str()), (0, ""), "{output}");
        let result: Value = serde_json::from_str(&output).unwrap();
        (result["storage"][0]["hex"].as_str().unwrap().to_owned(), result["psw"].as_str().unwrap().to_owned())
    }
}

fn told(output: Output) -> (i32, String, String) {
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// A MACLIB of CMS with one member, whose records are `lines`.
fn maclib(member: &str, lines: &[&str]) -> Vec<u8> {
    let mut text = vec!["LIBSYS".to_owned()];
    text.extend(lines.iter().map(|line| (*line).to_owned()));
    let mut data: Vec<u8> = text.iter().flat_map(|line| from_text(&format!("{line:<80}"))).collect();
    data[6..8].copy_from_slice(&(lines.len() as u16 + 3).to_be_bytes());
    let mut end = vec![0x40; 80];
    end[..4].copy_from_slice(&[0x61, 0xFF, 0xFF, 0x61]);
    data.extend(end);
    data.extend(from_text(&format!("{member:<8}")));
    data.extend([0, 2, 0, 0]);
    data.resize(data.len().next_multiple_of(80), 0);
    data
}

#[test]
fn a_deck_is_what_the_library_makes() {
    let place = Place::new("deck");
    place.put("subs.asm", SUBS);
    let (status, output, said) = place.run("asm subs.asm -o subs.deck --date 1978-06-01");
    assert_eq!((status, output.as_str()), (0, ""));
    assert_eq!(said, "subs.asm: 7 statements, nothing to complain about; highest severity 0\n");
    let objects = Object::from_deck(&place.get("subs.deck")).unwrap();
    assert_eq!(objects.len(), 1);
    assert_eq!(objects[0].identification[0].date, "78152");
    assert_eq!(objects[0].to_deck(""), place.get("subs.deck"));
    assert_eq!(place.names(), ["subs.asm", "subs.deck"]);
    // The same with other words, and nothing said.
    assert_eq!(place.run("asm -q subs.asm --object twice.deck --date 1978-06-01"), (0, String::new(), String::new()));
    assert_eq!(place.get("twice.deck"), place.get("subs.deck"));
}

#[test]
fn without_outputs_the_source_is_checked() {
    let place = Place::new("check");
    place.put("subs.asm", SUBS);
    assert_eq!(place.run("asm subs.asm").0, 0);
    assert_eq!(place.names(), ["subs.asm"]);
}

#[test]
fn two_decks_link_and_run() {
    let place = Place::new("link");
    place.put("main.asm", MAIN);
    place.put("subs.asm", SUBS);
    assert_eq!(place.run("asm -q main.asm -o main.deck").0, 0);
    assert_eq!(place.run("asm -q subs.asm -o subs.deck").0, 0);
    let (status, map, said) = place.run("link main.deck subs.deck -o program.core --map -");
    assert_eq!(status, 0, "{said}");
    assert_eq!(
        map,
        "NAME      ADDRESS  LENGTH  OBJECT\nMAIN      001000   00002C  main.deck\n  RESULT  001020\nSUBS      001030   \
         00000C  subs.deck\n  DOUBLE  001030\n\nENTRY     001000\n"
    );
    assert!(said.starts_with("program.core: 3C bytes from 001000 on, entry 001000\n"), "{said}");
    let ended = ("0000002a".to_owned(), "000200000000c0de".to_owned());
    assert_eq!(place.run_as_told(&said, "1020"), ended);
    // The entry of the other section; location 0 with a PSW; another origin.
    let (status, _, said) = place.run("link main.deck subs.deck --core low.core --origin 110000 --psw --map low.map");
    assert_eq!(status, 0, "{said}");
    assert_eq!(place.run_as_told(&said, "110020"), ended);
    assert_eq!(place.get("low.core")[0x68..0x70], 0x0002_0000_0000_0068_u64.to_be_bytes());
    // Both assemblies and the linking in one step; decks behind each other.
    let (status, _, said) = place.run("asm main.asm subs.asm -o both.deck --core both.core --map both.map");
    assert_eq!(status, 0, "{said}");
    assert_eq!(place.get("both.core"), place.get("program.core"));
    assert!(String::from_utf8(place.get("both.map")).unwrap().contains("SUBS      001030   00000C  subs.asm\n"));
    assert_eq!(place.run("link -q both.deck -o again.core --entry double").0, 0);
    assert_eq!(place.get("again.core"), place.get("program.core"));
    let deck = place.get("both.deck");
    let (status, _, said) = place.run_with_input("link - -o input.core --entry DOUBLE", &deck);
    assert!(status == 0 && said.contains("entry 001030\n"), "{said}");
}

#[test]
fn what_does_not_link_is_named() {
    let place = Place::new("unlinked");
    place.put("main.asm", MAIN);
    place.put("subs.asm", SUBS);
    assert_eq!(place.run("asm -q main.asm -o main.deck").0, 0);
    assert_eq!(place.run("asm -q subs.asm -o subs.deck").0, 0);
    place.put("old.core", "an earlier one");
    let (status, _, said) = place.run("link main.deck -o old.core --map old.map");
    assert_eq!(
        (status, said.as_str()),
        (
            8,
            "main.deck: error (8): the external symbol DOUBLE is not defined in any object\n\
             cambridge link: old.core of an earlier run is removed\n"
        )
    );
    let (status, _, said) = place.run("link subs.deck subs.deck -o a.core");
    assert_eq!(status, 4);
    let duplicate =
        "subs.deck: warning (4): the control section SUBS is left out: subs.deck has defined that name before\n";
    assert!(said.starts_with(duplicate), "{said}");
    place.put("punch.asm", format!("         PUNCH ' ENTRY DOUBLE'\n         PUNCH '* A COMMENT'\n{SUBS}"));
    let (status, _, said) = place.run("asm -q punch.asm --core a.core");
    assert_eq!((status, said.as_str()), (4, "punch.asm: warning (4): this card is passed over:  ENTRY DOUBLE\n"));
    let (status, _, said) = place.run("link subs.deck -o b.core --entry NOWHERE");
    assert_eq!(status, 8);
    assert_eq!(
        said,
        "--entry: error (8): NOWHERE is not a control section or entry of the program; these are: SUBS, DOUBLE\n"
    );
    let (status, _, said) = place.run("link subs.deck -o b.core --psw --origin 0");
    assert_eq!(status, 8);
    assert!(said.contains("the origin 0 is within the assigned storage locations 0-1FF"), "{said}");
    let (status, _, said) = place.run("link subs.asm -o b.core");
    assert_eq!(status, 16);
    assert!(said.starts_with("cambridge link: subs.asm: card "), "{said}");
    let (status, _, said) = place.run("link empty.deck -o b.core");
    assert!(status == 16 && said.starts_with("cambridge link: empty.deck: "), "{said}");
    // Linking fails after assembling: no deck either.
    let (status, _, said) = place.run("asm main.asm -o main.deck --core c.core");
    assert_eq!(status, 8);
    assert!(said.contains("main.asm: error (8): the external symbol DOUBLE"), "{said}");
    assert!(said.ends_with("cambridge asm: main.deck of an earlier run is removed\n"), "{said}");
    assert_eq!(place.names(), ["a.core", "main.asm", "punch.asm", "subs.asm", "subs.deck"]);
}

#[test]
fn errors_leave_a_listing_but_no_deck() {
    let place = Place::new("errors");
    place.put("wrong.asm", WRONG);
    place.put("wrong.deck", "of yesterday");
    let (status, _, said) = place.run("asm wrong.asm -o wrong.deck --core wrong.core --listing wrong.lst");
    assert_eq!(status, 8);
    let lines: Vec<&str> = said.lines().collect();
    assert!(lines[0].starts_with("wrong.asm:5:"), "{said}");
    assert!(lines[0].contains(" error (8): "), "{said}");
    assert!(lines[1].contains("LR    1,99"), "{said}");
    assert_eq!(lines[2], "    in macro BAD called at wrong.asm:7");
    assert!(lines[3].starts_with("wrong.asm:8:10: error (8): "), "{said}");
    assert!(lines[4].contains("XYZZY 1"), "{said}");
    assert_eq!(lines[5], "wrong.asm: 10 statements, 2 errors; highest severity 8");
    assert_eq!(lines[6], "cambridge asm: wrong.deck of an earlier run is removed");
    assert_eq!(lines.len(), 7, "{said}");
    assert_eq!(place.names(), ["wrong.asm", "wrong.lst"]);
    let listing = String::from_utf8(place.get("wrong.lst")).unwrap();
    assert!(listing.contains("ASSEMBLER DIAGNOSTICS"), "{listing}");
    // One bad assembly of two spoils the run.
    place.put("subs.asm", SUBS);
    let (status, _, said) = place.run("asm subs.asm wrong.asm -o wrong.deck");
    assert!(status == 8 && said.contains("subs.asm: 7 statements, nothing"), "{said}");
    assert!(!place.names().contains(&"wrong.deck".to_owned()));
}

#[test]
fn exit_status_is_the_highest_severity() {
    let place = Place::new("status");
    let status = |text: &str, options: &str| {
        place.put("x.asm", text);
        let (status, _, said) = place.run(&format!("asm x.asm -o x.deck {options}"));
        let deck = place.names().contains(&"x.deck".to_owned());
        assert_eq!(deck, status < 8, "{said}");
        (status, said)
    };
    assert_eq!(status(SUBS, "").0, 0);
    let (warned, said) = status("A        CSECT\n         BR    14\n", "");
    assert_eq!(warned, 4);
    assert!(said.starts_with("x.asm:2:") && said.contains(": warning (4): the source has no END"), "{said}");
    assert!(said.contains("x.asm: 3 statements, 1 warning; highest severity 4\n"), "{said}");
    assert_eq!(status(WRONG, "").0, 8);
    let note = |severity: u8| {
        format!(
            "         MACRO\n         M\n         MNOTE {severity},'SAID'\n         MEND\nA        CSECT\n         M\n         END\n"
        )
    };
    assert_eq!(status(&note(2), "").0, 2);
    assert_eq!(status(&note(12), "").0, 12);
    let runaway = "         MACRO\n         M\n         M\n         MEND\nA        CSECT\n         M\n         END\n";
    let (severe, said) = status(runaway, "--nesting-limit 5");
    assert!(severe >= 8, "{said}");
}

#[test]
fn libraries_are_searched_in_order() {
    let place = Place::new("maclib");
    place.put("macros/answer.mac", "         MACRO\n         ANSWER\n         DC    F'42'\n         MEND\n");
    place.put("macros/EQUATES", "R5       EQU   5\n");
    place.put("macros/README.md", "not a member");
    let member = ["         MACRO", "         ANSWER", "         DC    F'7'", "         MEND"];
    place.put("other.maclib", maclib("ANSWER", &member));
    place.put("x.asm", "A        CSECT\n         COPY  EQUATES\n         ANSWER\n         LR    R5,R5\n         END\n");
    let bytes = |line: &str| {
        let (status, _, said) = place.run(&format!("asm -q x.asm --core x.core {line}"));
        assert_eq!(status, 0, "{said}");
        place.get("x.core")
    };
    assert_eq!(bytes("--maclib macros --maclib other.maclib"), [0, 0, 0, 42, 0x18, 0x55]);
    assert_eq!(bytes("-m other.maclib -m macros"), [0, 0, 0, 7, 0x18, 0x55]);
    // What is beside the source comes last, and only files with an extension of members.
    place.put("answer.mac", "         MACRO\n         ANSWER\n         DC    F'9'\n         MEND\n");
    place.put("EQUATES", "R5       EQU   6\n");
    assert_eq!(bytes("--maclib macros"), [0, 0, 0, 42, 0x18, 0x55]);
    assert_eq!(place.run("asm -q x.asm").0, 8, "EQUATES has no extension");
    place.put("EQUATES.copy", "R5       EQU   7\n");
    assert_eq!(bytes(""), [0, 0, 0, 9, 0x18, 0x77]);
    place.put(
        "bad.maclib",
        maclib("ANSWER", &["         MACRO", "         ANSWER", "         LR    99,1", "         MEND"]),
    );
    let (status, _, said) = place.run("asm x.asm -m bad.maclib -m macros");
    assert_eq!(status, 8);
    assert!(said.starts_with("bad.maclib(ANSWER):3:"), "{said}");
    assert!(said.contains("in macro ANSWER called at x.asm:3"), "{said}");
    for (library, why) in [("none", "none: "), ("x.asm", "x.asm: "), ("macros/README.md", "macros/README.md: ")] {
        let (status, _, said) = place.run(&format!("asm x.asm -m {library}"));
        assert_eq!(status, 16);
        assert!(said.starts_with(&format!("cambridge asm: {why}")), "{said}");
    }
    place.put("macros/Answer", "");
    let (status, _, said) = place.run("asm x.asm -m macros");
    assert_eq!(status, 16);
    assert_eq!(said, "cambridge asm: macros/Answer and macros/answer.mac are both the member ANSWER\n");
    place.put("odd/ANSWER", b" \xFF\n");
    let (status, _, said) = place.run("asm x.asm -m odd -o x.deck");
    assert_eq!(status, 16);
    assert!(said.starts_with("cambridge asm: odd/ANSWER: line 1 is not UTF-8"), "{said}");
    assert!(!place.names().contains(&"x.deck".to_owned()));
}

#[test]
fn structured_macros_are_there_unless_left_out() {
    let place = Place::new("structured");
    place.put("b.asm", "A        CSECT\n         USING A,15\n         IF    (LTR,1,1,Z)\n         SR    2,2\n         ENDIF\n         END\n");
    assert_eq!(place.run("asm -q b.asm"), (0, String::new(), String::new()));
    let (status, _, said) = place.run("asm b.asm --no-structured");
    assert_eq!(status, 8);
    assert!(said.starts_with("b.asm:3:10: error (8): "), "{said}");
}

#[test]
fn options_reach_the_assembler() {
    let place = Place::new("options");
    place.put("x.asm", "a        csect\n         dc    c'&SYSPARM&SYSDATE&SYSTIME'\n         end\n");
    let (status, listing, said) =
        place.run("asm -q x.asm --fold-case --sysparm ABC --date 1972-12-31T23:05 --listing - --core x.core");
    assert_eq!(status, 0, "{said}");
    assert_eq!(place.get("x.core"), from_text("ABC12/31/7223.05"));
    assert!(listing.contains("ASM370 23.05 12/31/72"), "{listing}");
    assert_eq!(place.run("asm -q x.asm").0, 8, "lower-case letters are taken only when asked for");
    place.put("long.asm", format!("A        CSECT\n         DC    C'{}'\n         END\n", "X".repeat(90)));
    assert_eq!(place.run("asm -q long.asm --long-lines --core long.core").0, 0);
    assert_eq!(place.get("long.core").len(), 90);
    assert_eq!(place.run("asm -q long.asm").0, 8);
    let pages = |length: &str| {
        place.run(&format!("asm -q long.asm --long-lines -l - --page-length {length}")).1.matches('\u{c}').count()
    };
    assert!(pages("10") >= pages("55"));
    for (option, why) in [
        ("--date 1972-02-30", "is no date"),
        ("--page-length 5", "5 is not in 10.."),
        ("--origin 0", "--core <CORE>"),
        ("--core x --origin 1000000", "is beyond FFFFFF"),
        ("--core x --entry A-B", "is not a symbol"),
        ("-o x.asm", "x.asm is read and would be written over"),
        ("-o a --core ./a", ""),
    ] {
        let (status, _, said) = place.run(&format!("asm x.asm --fold-case {option}"));
        assert!(said.contains(why), "{option}: {said}");
        assert_eq!(status, if why.is_empty() { 0 } else { 2 }, "{option}: {said}");
    }
    assert!(place.get("x.asm").starts_with(b"a "));
}

#[test]
fn standard_input_and_card_images() {
    let place = Place::new("input");
    let (status, _, said) = place.run_with_input("asm - -o x.deck --date 1978-06-01", SUBS.as_bytes());
    assert_eq!((status, said.as_str()), (0, "<stdin>: 7 statements, nothing to complain about; highest severity 0\n"));
    let cards: Vec<u8> = SUBS.lines().flat_map(|line| from_text(&format!("{line:<80}"))).collect();
    place.put("cards", cards);
    assert_eq!(place.run("asm -q cards -o y.deck --date 1978-06-01").0, 0);
    assert_eq!(place.get("x.deck"), place.get("y.deck"));
    let (status, _, said) = place.run("asm - -");
    assert!(status == 2 && said.contains("standard input (-) can be read only once"), "{said}");
    place.put("odd.asm", b" BR 14\n\xFF\n");
    let (status, _, said) = place.run("asm odd.asm");
    assert!(status == 16 && said.starts_with("cambridge asm: odd.asm: line 2 is not UTF-8"), "{said}");
}

#[test]
fn files_that_are_not_there_or_cannot_be_written() {
    let place = Place::new("files");
    place.put("x.asm", SUBS);
    place.put("old.deck", "of yesterday");
    let (status, _, said) = place.run("asm x.asm missing.asm -o old.deck");
    assert_eq!(status, 16);
    assert!(said.contains("cambridge asm: missing.asm: "), "{said}");
    assert!(said.ends_with("cambridge asm: old.deck of an earlier run is removed\n"), "{said}");
    // The second output has no place; the first does not appear.
    let (status, _, said) = place.run("asm x.asm -o x.deck --core nowhere/x.core --listing x.lst");
    assert_eq!(status, 16);
    assert!(said.contains("cambridge asm: nowhere/x.core: "), "{said}");
    let (status, _, said) = place.run("asm -q x.asm -o .");
    assert_eq!(status, 16);
    assert!(said.starts_with("cambridge asm: .: "), "{said}");
    assert_eq!(place.names(), ["x.asm"]);
}

#[cfg(unix)]
#[test]
fn devices_and_links_stay_what_they_are() {
    let place = Place::new("devices");
    place.put("x.asm", SUBS);
    assert_eq!(place.run("asm -q x.asm -o /dev/null").0, 0);
    assert!(!fs::metadata("/dev/null").unwrap().is_file());
    place.put("real.deck", "");
    std::os::unix::fs::symlink("real.deck", place.0.join("link.deck")).unwrap();
    assert_eq!(place.run("asm -q x.asm -o link.deck").0, 0);
    assert!(fs::symlink_metadata(place.0.join("link.deck")).unwrap().is_symlink());
    assert!(!place.get("real.deck").is_empty());
}

#[test]
fn help_teaches() {
    let place = Place::new("help");
    for command in ["asm", "link"] {
        let (status, help, said) = place.run(&format!("{command} --help"));
        assert_eq!((status, said.as_str()), (0, ""));
        assert!(help.contains("Examples:\n") && help.contains("Exit status:"), "{help}");
    }
}

/// What `docs/asm370.md` shows of a session is what happens.
#[test]
fn the_documented_session() {
    let document = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/asm370.md")).unwrap();
    let (_, section) = document.split_once("## The commands").unwrap();
    let block = |kind: &str| section.split_once(&format!("```{kind}\n")).unwrap().1.split_once("```").unwrap().0;
    let place = Place::new("session");
    place.put("hello.asm", block("asm"));
    let mut happened = String::new();
    let mut shown = Vec::new();
    for line in block("text").lines() {
        match line.strip_prefix("$ cambridge ") {
            Some(command) => {
                let (status, output, said) = place.run(command);
                assert_eq!(status, 0, "{command}: {said}");
                happened += &(output + &said);
            }
            None => shown.push(line),
        }
    }
    assert!(shown.len() > 8);
    for line in shown.iter().filter(|line| **line != "...") {
        assert!(happened.lines().any(|other| other == *line), "{line:?} is not in:\n{happened}");
    }
}
