//! The program `cambridge`.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// A System/370 and its control program
#[derive(Debug, Parser)]
#[command(version, about, max_term_width = 100)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    #[command(about = cambridge::probe::ABOUT, long_about = cambridge::probe::LONG_ABOUT, after_help = cambridge::probe::EXAMPLE)]
    Probe(cambridge::probe::Options),
}

fn main() -> ExitCode {
    match CommandLine::parse().command {
        Command::Probe(options) => options.execute(),
    }
}
