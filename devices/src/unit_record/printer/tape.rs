//! Carriage tapes as text: what people write to say how long a form is and where its channels are.
//!
//! ```text
//! * Lines that begin with an asterisk are comments.
//! lines 66
//! per inch 6
//! channel 1 on 1
//! channel 9 on 63
//! channel 12 on 31 61
//! ```
//!
//! Lines may come in any order. Without `lines` a form has 66, without `per inch` six an inch.

use thiserror::Error;

use super::form::{Form, FormError};

/// What is wrong with a carriage tape.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TapeError {
    /// A line cannot be understood.
    #[error("{file}: line {line}: {text:?} is none of \"lines 66\", \"per inch 6\" (or 8), \"channel 1 on 1\"")]
    Line {
        /// The file's name.
        file: String,
        /// Line, from 1.
        line: usize,
        /// What is there.
        text: String,
    },
    /// The form cannot be.
    #[error("{file}: {error}")]
    Form {
        /// The file's name.
        file: String,
        /// Why.
        error: FormError,
    },
}

/// What the lines of a tape say.
struct Tape {
    lines: usize,
    dense: bool,
    stops: Vec<(u8, usize)>,
}

impl Tape {
    fn understand(&mut self, words: &[&str]) -> Option<()> {
        match words {
            [] => {}
            ["lines", lines] => self.lines = lines.parse().ok()?,
            ["per", "inch", "6"] => self.dense = false,
            ["per", "inch", "8"] => self.dense = true,
            ["channel", channel, "on", lines @ ..] if !lines.is_empty() => {
                let channel = channel.parse().ok()?;
                for line in lines {
                    self.stops.push((channel, line.parse().ok()?));
                }
            }
            _ => return None,
        }
        Some(())
    }
}

/// The form of a carriage tape in a file with this name.
///
/// # Errors
/// A line cannot be understood, or the form cannot be.
pub fn parse(file: &str, text: &str) -> Result<Form, TapeError> {
    let mut tape = Tape { lines: 66, dense: false, stops: Vec::new() };
    for (n, line) in text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with('*')) {
        let words: Vec<&str> = line.split_whitespace().collect();
        tape.understand(&words).ok_or_else(|| TapeError::Line {
            file: file.to_owned(),
            line: n + 1,
            text: line.trim().chars().take(80).collect(),
        })?;
    }
    let form = Form::new(tape.lines, &tape.stops).map_err(|error| TapeError::Form { file: file.to_owned(), error })?;
    Ok(if tape.dense { form.dense() } else { form })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tape_is_read() {
        let text = "* wide\nchannel 1 on 1\n\n  lines 88\nper inch 8\nchannel 12 on 40 80\n";
        let form = parse("tape", text).expect("a form");
        assert_eq!(form, Form::new(88, &[(1, 1), (12, 40), (12, 80)]).expect("a form").dense());
        assert_eq!(parse("tape", "").map(|form| form.lines()), Ok(66));
    }

    #[test]
    fn mistakes_have_a_place() {
        let message = |text: &str| parse("tape", text).expect_err("a mistake").to_string();
        let what = "is none of \"lines 66\", \"per inch 6\" (or 8), \"channel 1 on 1\"";
        for wrong in
            ["lines", "lines -1", "per inch 7", "channel 1", "channel 1 on", "channel x on 1", "channel 1 on 1 y"]
        {
            assert_eq!(message(&format!("lines 66\n{wrong}\n")), format!("tape: line 2: {wrong:?} {what}"));
        }
        assert_eq!(message("channel 13 on 1"), "tape: channel 13: there are channels 1 to 12");
        assert_eq!(message("channel 1 on 67"), "tape: channel 1 on line 67: the form has 66 lines");
        assert_eq!(message("lines 1000"), "tape: a form of 1000 lines: it must have 2 to 180");
    }
}
