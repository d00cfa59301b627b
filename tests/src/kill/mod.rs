//! Killing a process that writes to a medium, at random moments, and looking at what it left.
//!
//! A [`Subject`] is a medium of some format. The process `media_writer` opens it and does step after step, each a function of
//! a seed and the step's number alone; after each it acknowledges the step through a pipe. [`hunt`] starts that process,
//! kills it by SIGKILL, and has the subject verify that every acknowledged step is in the medium. The next
//! process goes on where that one ended.
//!
//! A new kind of medium is a file here with its `Subject`, and a line in [`subjects`].

mod disk;

use std::{
    io::{self, Read, Write},
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use crate::random::Rng;

/// A medium that is written to by a process that is killed.
pub trait Subject {
    /// Its name, on `media_writer`'s command line too.
    fn name(&self) -> &'static str;

    /// Makes an empty medium in this directory.
    ///
    /// # Errors
    /// What is wrong.
    fn create(&self, directory: &Path) -> Result<(), String>;

    /// Opens the medium for writing, and gives what does a step of this seed.
    ///
    /// # Errors
    /// What is wrong.
    fn writer(&self, directory: &Path, seed: u64) -> Result<Step, String>;

    /// Looks whether the medium is sound and has all steps that are `done`. The step after them may have been begun: what
    /// it left, if anything, the subject keeps in mind for the next time.
    ///
    /// # Errors
    /// What is wrong.
    fn verify(&mut self, directory: &Path, seed: u64, done: u64) -> Result<(), String>;
}

/// Does the step with this number.
pub type Step = Box<dyn FnMut(u64) -> Result<(), String>>;

/// All kinds of media.
#[must_use]
pub fn subjects() -> Vec<Box<dyn Subject>> {
    disk::subjects()
}

/// What `media_writer` does: steps from `first` on, until it is killed. Each is acknowledged by eight bytes on standard
/// output.
///
/// # Errors
/// What went wrong.
pub fn write(name: &str, directory: &Path, seed: u64, first: u64) -> Result<(), String> {
    let subject = subjects().into_iter().find(|subject| subject.name() == name);
    let mut step = subject.ok_or_else(|| format!("there is no subject {name}"))?.writer(directory, seed)?;
    let mut acknowledgments = io::stdout().lock();
    for number in first.. {
        step(number)?;
        let told = acknowledgments.write_all(&number.to_le_bytes()).and_then(|()| acknowledgments.flush());
        told.map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// What a hunt did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hunted {
    /// Processes that were killed.
    pub kills: u32,
    /// Steps that were acknowledged.
    pub steps: u64,
}

/// Steps that a process does at most before it is killed.
const MOST_STEPS: u32 = 150;

/// Starts the program `writer` on an empty medium in this empty directory, and kills it, so many times.
///
/// # Errors
/// What was lost, with the seed and the kill that lost it.
pub fn hunt(
    subject: &mut dyn Subject,
    writer: &Path,
    directory: &Path,
    seed: u64,
    kills: u32,
) -> Result<Hunted, String> {
    subject.create(directory)?;
    let mut rng = Rng::new(seed);
    let mut hunted = Hunted::default();
    let mut first = 1;
    for kill in 0..kills {
        // Some die before they could do anything.
        let steps = if rng.chance(10) { 0 } else { 1 + rng.below(MOST_STEPS) };
        let pause = Duration::from_micros(rng.below(if steps == 0 { 5000 } else { 300 }).into());
        let context = |error: String| format!("{}, seed {seed}, kill {kill}: {error}", subject.name());
        let done = kill_one(subject.name(), writer, directory, (seed, first), (steps, pause)).map_err(context)?;
        let acknowledged = done.unwrap_or(first - 1);
        hunted.steps += acknowledged + 1 - first;
        hunted.kills += 1;
        let name = subject.name();
        let verified = subject.verify(directory, seed, acknowledged);
        verified.map_err(|error| format!("{name}, seed {seed}, kill {kill} after step {acknowledged}: {error}"))?;
        // The step that was under way is not done again: its number is spent.
        first = acknowledged + 2;
    }
    Ok(hunted)
}

/// Lets a process live for so many steps and a moment, and gives the last step that it acknowledged.
fn kill_one(
    name: &str,
    writer: &Path,
    directory: &Path,
    (seed, first): (u64, u64),
    (steps, pause): (u32, Duration),
) -> Result<Option<u64>, String> {
    let text = |error: io::Error| format!("{}: {error}", writer.display());
    let mut child = Command::new(writer)
        .args([name, &directory.display().to_string(), &seed.to_string(), &first.to_string()])
        .stdout(Stdio::piped())
        .spawn()
        .map_err(text)?;
    let Some(mut pipe) = child.stdout.take() else { return Err("no pipe".to_owned()) };
    let mut last = None;
    let mut bytes = [0; 8];
    for _ in 0..steps {
        if pipe.read_exact(&mut bytes).is_err() {
            let status = child.wait().map_err(text)?;
            return Err(format!("the writer ended by itself: {status}"));
        }
        last = Some(u64::from_le_bytes(bytes));
    }
    std::thread::sleep(pause);
    child.kill().map_err(text)?;
    child.wait().map_err(text)?;
    while pipe.read_exact(&mut bytes).is_ok() {
        last = Some(u64::from_le_bytes(bytes));
    }
    Ok(last)
}
