//! Real System/370 sources: IBM's sample programs and macros on the OS/VS1 starter volume among the shared images.
//!
//! The volume is looked for in `$CAMBRIDGE_SHARED/images/osvs1`, or in `../shared` beside the repository; without it the
//! tests say that they were skipped.

mod volume;

use std::path::{Path, PathBuf};

use asm370::{Members, Object, Options, Source, assemble, link};
use s370_arch::ebcdic::to_text;
use volume::Volume;

fn starter() -> Option<Volume> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    let directory = std::env::var_os("CAMBRIDGE_SHARED").map_or_else(beside, PathBuf::from);
    let image = std::fs::read(directory.join("images/osvs1/dliba1.150.cckd")).ok();
    if image.is_none() {
        println!("SKIPPED: no OS/VS1 volume; set CAMBRIDGE_SHARED to the directory that holds `images/`");
    }
    image.map(|image| Volume::read(&image))
}

/// Card images as lines.
fn lines(member: &[u8]) -> Vec<String> {
    member.chunks(80).map(|card| to_text(card).trim_end().to_string()).collect()
}

/// The assembler programs within a job stream, or the member itself when it is no job.
fn programs(lines: &[String]) -> Vec<String> {
    let job = lines.iter().take(3).any(|line| line.starts_with("//"));
    let mut programs = vec![String::new()];
    let mut reading = !job;
    for line in lines {
        if line.starts_with("//") || line.starts_with("/*") || line.starts_with("./") {
            reading = line.starts_with("./") || line.contains("SYSIN ") && line.contains(" DD ");
            programs.push(String::new());
        } else if let (true, Some(last)) = (reading, programs.last_mut()) {
            last.push_str(line);
            last.push('\n');
        }
    }
    programs.retain(|program| program.contains(" CSECT"));
    programs
}

/// Every sample program whose macros are on the volume.
#[test]
fn ibms_samples_assemble_without_a_message() {
    const SAMPLES: [&str; 9] =
        ["IFOSAMP", "MSSCVXIT", "PRDMPXIT", "SMFE15", "SMFE35", "SMFEXITS", "SMFFRMT", "TESTEXIT", "USERLABL"];
    let Some(volume) = starter() else { return };
    let mut library = Members::new();
    for (name, member) in volume.members("SYS1.MACLIB") {
        library.insert(name, lines(&member).join("\n"));
    }
    let samples = volume.members("SYS1.SAMPLIB");
    let (mut count, mut statements) = (0, 0);
    for name in SAMPLES {
        for program in programs(&lines(&samples[name])) {
            let assembly = assemble(&Source::new(name, program), &Options::default(), &library);
            let messages: String = assembly.diagnostics.iter().map(|d| format!("{d}\n")).collect();
            assert!(messages.is_empty(), "{messages}");
            assert!(assembly.object.is_some());
            count += 1;
            statements += assembly.statements;
        }
    }
    assert_eq!(count, 13);
    assert!(statements > 5_000, "{statements} statements");
}

/// The initial program loader, as IBM's assembler punched it: read, and punched again card for card.
#[test]
fn ibms_deck_is_punched_again_as_it_was() {
    let Some(volume) = starter() else { return };
    let deck = &volume.members("SYS1.SAMPLIB")["IEAIPL00"];
    let objects = Object::from_deck(deck).unwrap();
    assert_eq!(objects.len(), 1);
    assert_eq!(objects[0].esd[0].name, "IEAIPL");
    let cards = objects[0].to_cards("");
    assert_eq!(cards.len(), deck.len() / 80);
    for (ours, theirs) in cards.iter().zip(deck.chunks(80)) {
        assert_eq!(ours[..72], theirs[..72]);
    }
    assert_eq!(link(&objects, 0).unwrap().bytes.len(), 3968);
}
