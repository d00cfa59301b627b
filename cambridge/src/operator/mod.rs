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
use crate::bare::system::System;

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

#[cfg(test)]
mod tests;
