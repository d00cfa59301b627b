//! The operator without a screen: lines in, lines out.

use std::{
    io::{self, BufRead, IsTerminal, Write},
    sync::mpsc::Sender,
};

use super::model::{Status, Voice};
use crate::bare::run_loop::{Display, Event};

/// Writes what the console types and what answers commands to one output, all else to another.
pub struct Plain<O, M> {
    output: O,
    messages: M,
    /// Something stands on the last line of the output, and it goes on.
    is_open: bool,
}

impl<O: Write, M: Write> Plain<O, M> {
    /// With these outputs.
    pub fn new(output: O, messages: M) -> Plain<O, M> {
        Plain { output, messages, is_open: false }
    }

    fn write(&mut self, voice: Voice, text: &str) -> io::Result<()> {
        match voice {
            Voice::Console | Voice::Typed => {
                self.output.write_all(text.as_bytes())?;
                self.is_open = !text.ends_with('\n');
                return self.output.flush();
            }
            // Whoever types it sees it.
            Voice::Command => return Ok(()),
            _ if text.is_empty() => return Ok(()),
            Voice::Answer | Voice::Message => {}
        }
        if std::mem::take(&mut self.is_open) {
            writeln!(self.output)?;
        }
        self.output.flush()?;
        if voice == Voice::Answer {
            self.output.write_all(text.as_bytes())?;
            self.output.flush()
        } else {
            self.messages.write_all(text.as_bytes())?;
            self.messages.flush()
        }
    }
}

impl<O: Write, M: Write> Display for Plain<O, M> {
    fn text(&mut self, voice: Voice, text: &str) {
        // Nobody is left to be told.
        drop(self.write(voice, text));
    }

    fn status(&mut self, _: &Status) {}
}

/// Sends each line of standard input as an event, from a thread of its own.
pub fn listen(events: Sender<Event>) {
    std::thread::spawn(move || {
        let is_typed = io::stdin().is_terminal();
        for line in io::stdin().lock().lines() {
            let Ok(line) = line else { break };
            if events.send(Event::Line(line)).is_err() {
                return;
            }
        }
        // A person who ends the input wants the end; a pipe that has run dry has said all it had to.
        drop(events.send(if is_typed { Event::Quit } else { Event::EndOfInput }));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_begin_on_lines_of_their_own() {
        let (mut output, mut messages) = (Vec::new(), Vec::new());
        let mut plain = Plain::new(&mut output, &mut messages);
        for (voice, text) in [
            (Voice::Console, "ENTER: "),
            (Voice::Command, "/query\n"),
            (Voice::Answer, "There are no devices.\n"),
            (Voice::Answer, ""),
            (Voice::Console, "BYE"),
            (Voice::Message, "oh\n"),
        ] {
            plain.text(voice, text);
        }
        assert_eq!(String::from_utf8(output), Ok("ENTER: \nThere are no devices.\nBYE\n".to_owned()));
        assert_eq!(messages, b"oh\n");
    }
}
