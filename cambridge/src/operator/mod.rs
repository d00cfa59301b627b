//! The operator: commands, and what they do to the machine.

mod control;
mod examine;
mod media;
mod operands;
mod query;
pub mod table;
pub mod words;

use self::{
    table::Command,
    words::{CommandError, Words},
};
use crate::{bare::system::System, panel::model::Activity};

/// Obeys a command line: the text that answers it, of complete lines.
///
/// # Errors
/// What is wrong with the command, or why it was not obeyed.
pub fn obey(system: &mut System, line: &str) -> Result<String, CommandError> {
    let mut words = Words::new(line);
    let Some(command) = table::find(&mut words)? else { return Ok(String::new()) };
    obey_command(system, command, words)
}

fn obey_command(system: &mut System, command: &Command, mut words: Words<'_>) -> Result<String, CommandError> {
    (command.obey)(system, &mut words)
        .and_then(|answer| words.end().map(|()| answer))
        .map_err(|error| CommandError::new(format!("{}: {}", command.name, error.what)))
}

/// What precedes a command where other lines are for the console.
pub const PREFIX: char = '/';

/// What a line is that the operator types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// A command.
    Command(&'a str),
    /// A line for the console.
    Console(&'a str),
}

impl<'a> Line<'a> {
    /// What a line is: a command if it begins with [`PREFIX`] or if there is no console; with two of them, a line for the
    /// console that begins with one.
    #[must_use]
    pub fn of(line: &'a str, has_console: bool) -> Line<'a> {
        match line.strip_prefix(PREFIX) {
            Some(rest) if has_console && rest.starts_with(PREFIX) => Line::Console(rest),
            Some(rest) => Line::Command(rest),
            None if has_console => Line::Console(line),
            None => Line::Command(line),
        }
    }
}

/// What to tell an operator who typed this on the console of a machine that does not run, and probably meant a command.
#[must_use]
pub fn hint(system: &System, line: &str) -> Option<String> {
    let activity = system.activity();
    let is_dead = matches!(activity, Activity::Stopped | Activity::DisabledWait | Activity::CheckStop);
    let first = line.split_whitespace().next()?;
    (is_dead && table::named(first).is_ok()).then(|| {
        format!("This was typed on the console of a machine in the state {:?}. A command begins with {PREFIX}: {PREFIX}{line}\n", activity.name())
    })
}

#[cfg(test)]
mod tests;
