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
    #[command(about = cambridge::asm::ABOUT, long_about = cambridge::asm::LONG_ABOUT, after_help = cambridge::asm::EXAMPLES)]
    Asm(Box<cambridge::asm::Options>),
    #[command(about = cambridge::link::ABOUT, long_about = cambridge::link::LONG_ABOUT, after_help = cambridge::link::EXAMPLES)]
    Link(Box<cambridge::link::Options>),
    #[command(about = cambridge::bare::ABOUT, long_about = cambridge::bare::LONG_ABOUT, after_help = cambridge::bare::EXAMPLES)]
    Bare(Box<cambridge::bare::Options>),
    #[command(about = cambridge::classify::ABOUT, long_about = cambridge::classify::LONG_ABOUT, after_help = cambridge::classify::EXAMPLES)]
    Classify(cambridge::classify::Options),
    #[command(about = cambridge::deck::ABOUT, long_about = cambridge::deck::LONG_ABOUT, after_help = cambridge::deck::EXAMPLES)]
    Deck(Box<cambridge::deck::Options>),
    #[command(about = cambridge::listing::ABOUT, long_about = cambridge::listing::LONG_ABOUT, after_help = cambridge::listing::EXAMPLES)]
    Listing(Box<cambridge::listing::Options>),
    #[command(about = cambridge::disk::ABOUT, long_about = cambridge::disk::LONG_ABOUT, after_help = cambridge::disk::EXAMPLES)]
    Disk(Box<cambridge::disk::Options>),
    #[command(about = cambridge::probe::ABOUT, long_about = cambridge::probe::LONG_ABOUT, after_help = cambridge::probe::EXAMPLE)]
    Probe(cambridge::probe::Options),
    #[command(about = cambridge::tape::ABOUT, long_about = cambridge::tape::LONG_ABOUT, after_help = cambridge::tape::EXAMPLES)]
    Tape(cambridge::tape::Options),
}

fn main() -> ExitCode {
    match CommandLine::parse().command {
        Command::Asm(options) => options.execute(),
        Command::Link(options) => options.execute(),
        Command::Bare(options) => options.execute(),
        Command::Classify(options) => options.execute(),
        Command::Deck(options) => options.execute(),
        Command::Listing(options) => options.execute(),
        Command::Disk(options) => options.execute(),
        Command::Probe(options) => options.execute(),
        Command::Tape(options) => options.execute(),
    }
}
