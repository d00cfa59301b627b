//! Against IBM's Assembler (XF): the OS/VS1 job whose printer and punch files are among the shared images, with the macro
//! library of the volume that it ran on.
//!
//! The files are looked for in `$CAMBRIDGE_SHARED/images`, or in `../shared/images` beside the repository; without them
//! the tests say that they were skipped.

mod volume;

use std::path::{Path, PathBuf};

use asm370::{Assembly, Members, Options, Source, assemble};
use s370_arch::ebcdic::{to_char, to_text};
use volume::Volume;

/// A file of the job.
fn file(name: &str) -> Option<Vec<u8>> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    let directory = std::env::var_os("CAMBRIDGE_SHARED").map_or_else(beside, PathBuf::from);
    let file = std::fs::read(directory.join("images/osvs1").join(name)).ok();
    if file.is_none() {
        println!("SKIPPED: no {name}; set CAMBRIDGE_SHARED to the directory that holds `images/`");
    }
    file
}

fn shared(name: &str) -> Option<String> {
    file(name).map(|text| String::from_utf8_lossy(&text).into_owned())
}

/// Assembles the job's program as it was when the printer file was made: the answer lay one byte further right.
fn job() -> Option<Assembly> {
    let job = shared("assemble-link-go.jcl")?;
    let lines = job.lines().skip_while(|line| !line.starts_with("//SYSIN")).skip(1);
    let program: String = lines.take_while(|line| !line.starts_with("/*")).map(|line| format!("{line}\n")).collect();
    let mut library = Members::new();
    for (name, member) in Volume::read(&file("dliba1.150.cckd")?).members("SYS1.MACLIB") {
        let lines: Vec<String> = member.chunks(80).map(|card| to_text(card).trim_end().to_string()).collect();
        library.insert(name, lines.join("\n"));
    }
    let assembly = assemble(&Source::new("job", program.replace("MSG+16", "MSG+17")), &Options::default(), &library);
    assert_eq!(assembly.severity.0, 0, "{:?}", assembly.diagnostics);
    Some(assembly)
}

/// A line without sequence numbers, blanks counted as one.
fn words(line: &str) -> String {
    let mut words: Vec<&str> = line.split_whitespace().collect();
    if words
        .last()
        .is_some_and(|word| word.len() == 8 && word.ends_with("003") && word.bytes().all(|c| c.is_ascii_digit()))
    {
        words.pop();
    }
    words.join(" ")
}

#[test]
fn the_listing_has_ibms_lines() {
    let (Some(printed), Some(assembly)) = (shared("assemble-link-go.printer.txt"), job()) else { return };
    let ours: Vec<String> = assembly.listing.lines().map(words).collect();
    let lines: Vec<&str> = printed.lines().skip_while(|line| !line.contains("EXTERNAL SYMBOL DICTIONARY")).collect();
    let mut compared = 0;
    for line in lines.iter().take_while(|line| !line.contains("NO STATEMENTS FLAGGED")) {
        // Headings differ: another assembler's name, other dates. IBM printed the next heading behind some lines.
        let heading = ["EXTERNAL SYMBOL", "SYMBOL  ", "LOC  OBJECT", "ASM 0201"].iter().any(|text| line.contains(text));
        let line = line.split("               CROSS-REFERENCE").next().unwrap_or_default();
        let line = words(line.split("                     PAGE").next().unwrap_or_default());
        let line = line.split(" ASSEMBLER DIAGNOSTICS").next().unwrap_or_default();
        if heading || line.is_empty() {
            continue;
        }
        assert!(ours.contains(&line.to_string()), "IBM has {line:?}\n{}", assembly.listing);
        compared += 1;
    }
    // One external symbol, 23 statements, four symbols in the cross-reference.
    assert_eq!(compared, 28);
}

#[test]
fn the_deck_has_ibms_cards() {
    let (Some(punched), Some(assembly)) = (shared("assemble-link-go.punch.txt"), job()) else { return };
    let Some(mut object) = assembly.object else { panic!("the job has no errors") };
    // Its own name is what an assembler may put on the END card.
    let identification = &mut object.identification[0];
    (identification.translator, identification.level, identification.date) =
        ("5741SC103".into(), "0201".into(), "98324".into());
    // In the punch file, what is not printable is blank.
    let printed = |&byte: &u8| Some(to_char(byte)).filter(|c| matches!(c, ' '..='~')).unwrap_or(' ');
    let ours: Vec<String> = object.to_cards("").iter().map(|card| card.iter().map(printed).collect()).collect();
    let ibm: Vec<&str> = punched.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(ours, ibm);
}
