//! The program `cambridge`.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// A System/370 and its control program
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    #[command(about = cambridge::bare::ABOUT, long_about = cambridge::bare::LONG_ABOUT, after_help = cambridge::bare::EXAMPLES)]
    Bare(Box<cambridge::bare::Options>),
    #[command(about = cambridge::probe::ABOUT, long_about = cambridge::probe::LONG_ABOUT, after_help = cambridge::probe::EXAMPLE)]
    Probe(cambridge::probe::Options),
}

fn main() -> ExitCode {
    match CommandLine::parse().command {
        Command::Bare(options) => options.execute(),
        Command::Probe(options) => options.execute(),
    }
}
