//! The process that writes to a medium until it is killed: `media_writer SUBJECT DIRECTORY SEED FIRST-STEP`. Only
//! `tests/tests/media_kill.rs` starts it.

use std::{path::Path, process::ExitCode};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [subject, directory, seed, first] = &arguments[..] else {
        eprintln!("usage: media_writer SUBJECT DIRECTORY SEED FIRST-STEP");
        return ExitCode::from(2);
    };
    let (Ok(seed), Ok(first)) = (seed.parse(), first.parse()) else {
        eprintln!("media_writer: seed and first step are numbers");
        return ExitCode::from(2);
    };
    match tests::kill::write(subject, Path::new(directory), seed, first) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("media_writer: {error}");
            ExitCode::FAILURE
        }
    }
}
