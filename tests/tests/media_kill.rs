//! Every write that a guest was told is complete survives `kill -9` of the process, for every format of media.
//!
//! A few dozen kills are in the suite. Thousands:
//!
//!     MEDIA_KILLS=1000 cargo test -p tests --test media_kill -- --nocapture
//!
//! are a thousand for each format; `MEDIA_SEED` begins elsewhere.

use std::{fs, path::Path};

use tests::kill::{Hunted, Subject, hunt, subjects};

fn number(variable: &str, otherwise: u64) -> u64 {
    match std::env::var(variable) {
        Ok(value) => value.parse().unwrap_or_else(|_| panic!("{variable} is not a number: {value}")),
        Err(_) => otherwise,
    }
}

fn hunt_in_a_directory(subject: &mut dyn Subject, seed: u64, kills: u32) -> Hunted {
    let directory = std::env::temp_dir().join(format!("media-kill-{}-{}", subject.name(), std::process::id()));
    fs::create_dir_all(&directory).expect("a directory");
    let writer = Path::new(env!("CARGO_BIN_EXE_media_writer"));
    // The directory of a failure stays, to be looked at.
    let hunted = hunt(subject, writer, &directory, seed, kills).unwrap_or_else(|error| panic!("{error}"));
    fs::remove_dir_all(&directory).expect("removed");
    hunted
}

/// Both in one thread: a process that another thread starts would for a moment hold the locks of our files.
#[test]
fn acknowledged_writes_survive_sigkill_and_a_loss_is_noticed() {
    a_loss_is_noticed();
    let (kills, seed) = (number("MEDIA_KILLS", 6) as u32, number("MEDIA_SEED", 0x370));
    for mut subject in subjects() {
        let hunted = hunt_in_a_directory(&mut *subject, seed, kills);
        println!("{}: {} kills, {} acknowledged writes, none lost", subject.name(), hunted.kills, hunted.steps);
        assert_eq!(hunted.kills, kills);
        assert!(hunted.steps > u64::from(kills) * 10, "only {} steps: does the writer write?", hunted.steps);
    }
}

/// A medium that loses what it was told to keep.
struct Forgetful;

impl Subject for Forgetful {
    fn name(&self) -> &'static str {
        "ckd"
    }

    fn create(&self, directory: &Path) -> Result<(), String> {
        subjects()[0].create(directory)
    }

    fn writer(&self, _: &Path, _: u64) -> Result<tests::kill::Step, String> {
        Err("not asked for".to_owned())
    }

    fn verify(&mut self, directory: &Path, seed: u64, done: u64) -> Result<(), String> {
        let image = directory.join("ckd.image");
        fs::remove_file(&image).expect("removed");
        self.create(directory)?;
        subjects()[0].verify(directory, seed, done)
    }
}

fn a_loss_is_noticed() {
    let directory = std::env::temp_dir().join(format!("media-kill-forgetful-{}", std::process::id()));
    fs::create_dir_all(&directory).expect("a directory");
    let writer = Path::new(env!("CARGO_BIN_EXE_media_writer"));
    let error = hunt(&mut Forgetful, writer, &directory, 1, 5).expect_err("a loss");
    assert!(error.contains("what was complete is lost"), "{error}");
    fs::remove_dir_all(&directory).expect("removed");
}
