//! The one list of the operator's commands.

use super::{
    control, examine, media, query,
    words::{CommandError, Words, is_abbreviation},
};
use crate::{bare::system::System, configuration::problem::suggestion};

/// A command.
pub struct Command {
    /// Its name.
    pub name: &'static str,
    /// The shortest abbreviation has so many letters.
    pub least: usize,
    /// Its operands.
    pub operands: &'static str,
    /// What it does, in a line.
    pub help: &'static str,
    /// Does it.
    pub obey: fn(&mut System, &mut Words<'_>) -> Result<String, CommandError>,
}

const fn command(
    (name, least): (&'static str, usize),
    operands: &'static str,
    help: &'static str,
    obey: fn(&mut System, &mut Words<'_>) -> Result<String, CommandError>,
) -> Command {
    Command { name, least, operands, help, obey }
}

/// All commands, in the order of the alphabet.
#[rustfmt::skip]
pub static COMMANDS: &[Command] = &[
    command(("ADDRESS", 2), "STOP addr | STOP OFF",
            "Stop before the instruction at this address; or no longer", control::address_stop),
    command(("ALTER", 2), "what value",
            "Change a register, the PSW, storage or a key; `what` is as for DISPLAY", |system, words| {
                system.pass_time();
                examine::alter(&mut system.bare.machine, words)
            }),
    command(("ATTACH", 3), "addr type [option=value ...]",
            "Attach a device; HELP ATTACH lists types and options", media::attach),
    command(("ATTENTION", 4), "",
            "The console's REQUEST key", control::attention),
    command(("CANCEL", 2), "",
            "The console's CANCEL key", control::cancel),
    command(("CLOCK", 2), "ENABLED | SECURE",
            "The TOD-clock switch: whether SET CLOCK works", control::clock_switch),
    command(("CONSOLE", 2), "addr",
            "Sit down at this console: what it types comes here, and lines go to it", control::console),
    command(("DETACH", 3), "addr [FORCE]",
            "Take a device away; FORCE does it while a program uses it", media::detach),
    command(("DISPLAY", 1), "what ...",
            "Show registers (G, X, Y; with a number: G5, G0-3), PSW, PREFIX, storage (1000, V1000.20, R1000-1FFF, ABS 0), keys (K1000)",
            |system, words| {
                system.pass_time();
                examine::display(&system.bare.machine, words)
            }),
    command(("EXTERNAL", 2), "",
            "The interrupt key: an external interruption", control::external),
    command(("HELP", 1), "[command]",
            "What commands there are, or what one does", query::help),
    command(("IPL", 1), "addr [CLEAR]",
            "Initial program loading from a device; CLEAR clears storage before", control::ipl),
    command(("MOUNT", 1), "addr file ... [option=value ...]",
            "Put decks, a reel, a pack or paper into a device; HELP MOUNT lists options", media::mount),
    command(("NOT", 3), "READY addr",
            "The STOP key of a reader, punch or printer; takes a reel or pack off line", media::not_ready),
    command(("QUERY", 1), "[addr | CHANNELS | DEVICES | STATUS | VERSION]",
            "What there is, and what it is doing", query::query),
    command(("QUIT", 4), "",
            "Switch the machine off", control::quit),
    command(("READY", 3), "addr",
            "The START key of a device", media::ready),
    command(("RESET", 3), "[CLEAR]",
            "System reset; CLEAR clears storage and registers, too", control::reset),
    command(("RESTART", 4), "",
            "The restart key: a restart interruption", control::restart),
    command(("START", 3), "",
            "The start key: leave the stopped state", control::start),
    command(("STEP", 3), "[n]",
            "Execute one instruction, or n of them (decimal), and show each", control::step),
    command(("STOP", 3), "",
            "The stop key: enter the stopped state", control::stop),
    command(("STORE", 4), "STATUS",
            "The store-status key: registers go to their assigned locations", control::store_status),
    command(("TIMER", 2), "ON | OFF",
            "The interval-timer switch", control::timer_switch),
    command(("TRACE", 2), "file | OFF",
            "Write every instruction to a file; or no longer", control::trace),
    command(("UNMOUNT", 2), "addr",
            "Take decks, reel, pack or paper out of a device", media::unmount),
];

/// The command that a line begins with, whose name is taken; none if the line is empty.
///
/// # Errors
/// There is no such command; perhaps another was meant.
pub fn find(words: &mut Words<'_>) -> Result<Option<&'static Command>, CommandError> {
    let Some(word) = words.word()? else { return Ok(None) };
    named(&word).map(Some)
}

/// The command of this name or abbreviation.
///
/// # Errors
/// There is none; perhaps another was meant.
pub fn named(word: &str) -> Result<&'static Command, CommandError> {
    let found = COMMANDS.iter().find(|command| is_abbreviation(word, command.name, command.least));
    found.ok_or_else(|| {
        let near = suggestion(word, COMMANDS.iter().map(|command| command.name));
        let hint = if near.is_empty() { "; HELP lists the commands" } else { &near };
        CommandError::new(format!("{word:?} is not a command{hint}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_abbreviation_means_one_command() {
        for command in COMMANDS {
            for length in command.least..=command.name.len() {
                let meant =
                    COMMANDS.iter().filter(|other| is_abbreviation(&command.name[..length], other.name, other.least));
                assert_eq!(meant.count(), 1, "{}", &command.name[..length]);
            }
        }
        assert!(COMMANDS.is_sorted_by_key(|command| command.name));
    }

    #[test]
    fn unknown_commands() {
        let complaint = |word| named(word).err().map(|error| error.what);
        assert_eq!(complaint("mont"), Some("\"mont\" is not a command; did you mean \"MOUNT\"?".to_owned()));
        assert_eq!(complaint("st"), Some("\"st\" is not a command; HELP lists the commands".to_owned()));
        assert_eq!(named("i").expect("a command").name, "IPL");
    }
}
