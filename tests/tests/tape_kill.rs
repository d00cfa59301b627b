//! Whatever a tape's writer was told is written outlives it: the writer is killed at random moments, and its tape is
//! compared with the steps that it has acknowledged. `CAMBRIDGE_KILLS=1000` kills so many for each format,
//! `CAMBRIDGE_SEED` begins elsewhere.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use cambridge::files::{HostFile, Purpose};
use devices::media::reel::{self, Format, Reel};
use tests::{
    random::Rng,
    reel::{Tape, steps},
};

fn variable(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn open(image: &Path, format: Format) -> Box<dyn Reel> {
    let file = HostFile::open(image, Purpose::Write).expect("the writer is dead, and its lock with it");
    reel::open(Box::new(file), reel::Options { format: Some(format), ..reel::Options::default() }).expect("a tape")
}

/// Starts a writer, and kills it after so many acknowledgements; says how many there were in the end.
fn kill_writer(image: &Path, format: &str, seed: u64, after: u64) -> u64 {
    let mut writer = Command::new(env!("CARGO_BIN_EXE_tape_writer"))
        .args([image.as_os_str(), format.as_ref(), seed.to_string().as_ref()])
        .stdout(Stdio::piped())
        .spawn()
        .expect("the writer");
    let mut lines = BufReader::new(writer.stdout.take().expect("its output")).lines();
    let mut acknowledged = 0;
    for line in lines.by_ref().take(after as usize) {
        assert_eq!(line.expect("a line"), acknowledged.to_string());
        acknowledged += 1;
    }
    writer.kill().expect("it is alive");
    // What it said before it died counts.
    acknowledged += lines.map_while(Result::ok).count() as u64;
    assert!(!writer.wait().expect("its end").success());
    acknowledged
}

/// What may be on the tape: everything that was acknowledged, and of the next step nothing, its beginning or all.
fn possible(seed: u64, format: Format, acknowledged: u64) -> [Vec<Vec<u8>>; 3] {
    let mut steps = steps(seed, format);
    let mut tape = Tape::default();
    for step in steps.by_ref().take(acknowledged as usize) {
        tape.perform(step);
    }
    let before = tape.blocks.clone();
    let step = steps.next().expect("steps without end");
    let mut after = tape.clone();
    after.perform(step.clone());
    if after.blocks != before {
        tape.begin_writing();
    }
    [before, tape.blocks, after.blocks]
}

fn kill(name: &str) {
    let format: Format = name.parse().expect("a format");
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let (seed, kills) = (variable("CAMBRIDGE_SEED", 0x3420), variable("CAMBRIDGE_KILLS", 12));
    let mut rng = Rng::new(seed);
    let (mut blocks, mut torn) = (0, 0);
    for number in 0..kills {
        let image = directory.join(format!("kill-{}-{number}.{name}", std::process::id()));
        let seed = rng.u64();
        let after = u64::from(rng.below(if number % 3 == 0 { 10 } else { 150 }));
        let acknowledged = kill_writer(&image, name, seed, after);
        // A writer that was killed before it made the file has acknowledged nothing.
        if acknowledged == 0 && !image.exists() {
            continue;
        }
        let mut reel = open(&image, format);
        let found = Tape::read(&mut *reel).expect("a whole tape");
        let possible = possible(seed, format, acknowledged);
        assert!(
            possible.contains(&found),
            "{name}, seed {seed}: after {acknowledged} steps {} blocks, not {:?}; {} is kept",
            found.len(),
            possible.map(|blocks| blocks.len()),
            image.display()
        );
        torn += reel.take_messages().len();
        blocks += acknowledged;
        // One can go on where it ends.
        reel.write_block(b"going on").expect("written");
        drop(reel);
        let again = Tape::read(&mut *open(&image, format)).expect("a whole tape");
        assert_eq!((again.len(), again.last().map(Vec::as_slice)), (found.len() + 1, Some(&b"going on"[..])));
        fs::remove_file(&image).expect("removed");
    }
    println!("{name}: {kills} writers killed, {blocks} acknowledged steps all found, {torn} torn blocks passed over");
}

#[test]
fn awstape_survives() {
    kill("aws");
}

#[test]
fn het_survives() {
    kill("het");
}

#[test]
fn faketape_survives() {
    kill("faketape");
}
