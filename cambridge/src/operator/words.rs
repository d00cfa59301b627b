//! The words of a command.

use thiserror::Error;

/// Why a command was not obeyed.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{what}")]
pub struct CommandError {
    /// What is wrong, and where.
    pub what: String,
}

impl CommandError {
    /// For this reason.
    pub fn new(what: impl Into<String>) -> CommandError {
        CommandError { what: what.into() }
    }
}

impl From<String> for CommandError {
    fn from(what: String) -> CommandError {
        CommandError { what }
    }
}

/// The rest of a command line, taken word by word.
#[derive(Clone, Debug)]
pub struct Words<'a> {
    rest: &'a str,
}

impl<'a> Words<'a> {
    /// The words of a line.
    #[must_use]
    pub fn new(line: &'a str) -> Words<'a> {
        Words { rest: line.trim() }
    }

    /// What was not taken yet.
    #[must_use]
    pub fn rest(&self) -> &'a str {
        self.rest
    }

    /// The next word, with what stands in quotation marks in it taken as it is; none at the end.
    ///
    /// # Errors
    /// A quotation mark without its partner.
    pub fn word(&mut self) -> Result<Option<String>, CommandError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let mut word = String::new();
        let mut is_quoted = false;
        let mut end = self.rest.len();
        for (at, character) in self.rest.char_indices() {
            match character {
                '"' => is_quoted = !is_quoted,
                _ if character.is_whitespace() && !is_quoted => {
                    end = at;
                    break;
                }
                _ => word.push(character),
            }
        }
        if is_quoted {
            return Err(CommandError::new(format!("no closing quotation mark: {}", self.rest)));
        }
        self.rest = self.rest[end..].trim_start();
        Ok(Some(word))
    }

    /// The next word, which must be there.
    ///
    /// # Errors
    /// It is not: `what` is missing.
    pub fn expect(&mut self, what: &str) -> Result<String, CommandError> {
        self.word()?.ok_or_else(|| CommandError::new(format!("{what} is missing")))
    }

    /// Whether the next word is this one or an abbreviation of at least `least` letters; then it is taken.
    pub fn take(&mut self, word: &str, least: usize) -> bool {
        let length = self.rest.find(char::is_whitespace).unwrap_or(self.rest.len());
        let is_it = is_abbreviation(&self.rest[..length], word, least);
        if is_it {
            self.rest = self.rest[length..].trim_start();
        }
        is_it
    }

    /// Nothing more is there.
    ///
    /// # Errors
    /// Something is.
    pub fn end(&self) -> Result<(), CommandError> {
        if self.rest.is_empty() { Ok(()) } else { Err(CommandError::new(format!("{:?} is too much", self.rest))) }
    }
}

/// Whether `typed` stands for `word`: its first letters, at least `least` of them, large or small.
#[must_use]
pub fn is_abbreviation(typed: &str, word: &str, least: usize) -> bool {
    (least..=word.len()).contains(&typed.len())
        && typed.is_char_boundary(typed.len())
        && word.get(..typed.len()).is_some_and(|start| start.eq_ignore_ascii_case(typed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_quotation_marks() {
        let mut words = Words::new("  mount 00c \"my deck\" file=\"a b\"c ");
        let mut all = Vec::new();
        while let Some(word) = words.word().expect("words") {
            all.push(word);
        }
        assert_eq!(all, ["mount", "00c", "my deck", "file=a bc"]);
        assert_eq!(Words::new("\"a").word(), Err(CommandError::new("no closing quotation mark: \"a")));
        assert_eq!(Words::new("").expect("an address"), Err(CommandError::new("an address is missing")));
    }

    #[test]
    fn abbreviations() {
        assert!(is_abbreviation("cl", "CLEAR", 1) && is_abbreviation("clear", "CLEAR", 1));
        for wrong in ["", "clearx", "clr", "cl\u{e9}"] {
            assert!(!is_abbreviation(wrong, "CLEAR", 1), "{wrong}");
        }
        let mut words = Words::new("clear 5");
        assert!(words.take("CLEAR", 2) && !words.take("CLEAR", 2));
        assert_eq!(words.end(), Err(CommandError::new("\"5\" is too much")));
    }
}
