//! Statements and the bytes, or the messages, that must come of them.

use std::path::Path;

use asm370::{Assembly, NoLibrary, Options, Source, assemble, link};

/// Assembles one statement at 18 among the symbols that the corpus names. A statement without name begins in column 10.
fn assembled(statement: &str) -> Assembly {
    let text = format!(
        "P        CSECT
         USING P,12
         USING DSCT,5
A        DC    F'0'
B        DC    CL10' '
C        DC    PL5'0'
E1       EQU   B+1,7,C'X'
T        DS    0D
{statement}
TEND     DS    0C
LATE     EQU   T+100
DSCT     DSECT
F1       DS    F
F2       DS    CL20
OTHER    CSECT
FAR      DS    F
         END
"
    );
    assemble(&Source::new("corpus", text), &Options { listing: false, ..Options::default() }, &NoLibrary)
}

/// The cases of a file: what is expected, and the statement.
fn cases(name: &str) -> Vec<(String, String)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(name);
    let text = std::fs::read_to_string(path).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.split_once("  ").map(|(a, b)| (a.to_string(), b.to_string())).unwrap()).collect()
}

/// The bytes between T and TEND.
fn bytes(statement: &str) -> Result<String, String> {
    let assembly = assembled(statement);
    let Some(object) = assembly.object else { return Err(assembly.diagnostics[0].message.clone()) };
    let mut text: Vec<u8> = vec![0; 0x18];
    let section = object.item(1).unwrap();
    text.resize(section.length as usize, 0);
    let image = link(&[object], 0).map_err(|errors| errors[0].to_string())?;
    Ok(image.bytes[0x18..text.len()].iter().map(|byte| format!("{byte:02X}")).collect())
}

fn check(name: &str, count: usize, statement: impl Fn(&str) -> String) {
    let cases = cases(name);
    let mut wrong = Vec::new();
    for (expected, text) in &cases {
        let expected = if expected == "-" { "" } else { expected };
        let got = bytes(&statement(text));
        if got.as_deref() != Ok(expected) {
            wrong.push(format!("{text}: expected {expected}, got {got:?}"));
        }
    }
    assert!(wrong.is_empty(), "{name}:\n{}", wrong.join("\n"));
    assert!(cases.len() >= count, "{name} has only {} cases", cases.len());
}

#[test]
fn machine_instructions() {
    check("machine.txt", 100, |text| format!("         {text}"));
}

#[test]
fn constants() {
    check("constants.txt", 90, |text| format!("         {text}"));
}

#[test]
fn expressions() {
    check("expressions.txt", 30, |text| format!("         DC    A({text})"));
}

#[test]
fn errors() {
    let cases = cases("errors.txt");
    let mut wrong = Vec::new();
    for (expected, text) in &cases {
        let named =
            text.starts_with(|c: char| c.is_ascii_digit()) || text.starts_with("A   ") || text.starts_with("TOO");
        let statement = if named { text.clone() } else { format!("         {text}") };
        let assembly = assembled(&statement);
        let found = assembly.diagnostics.iter().any(|d| d.line == 9 && d.message.contains(expected.as_str()));
        if !found {
            let messages: Vec<String> =
                assembly.diagnostics.iter().map(|d| format!("{}: {}", d.line, d.message)).collect();
            wrong.push(format!("{text}: expected {expected:?}, got {messages:?}"));
        }
        if assembly.severity.0 >= 8 {
            assert!(assembly.object.is_none(), "{text}: an assembly with errors must leave no object");
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(cases.len() >= 60);
}
