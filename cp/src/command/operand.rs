//! The operands of a command line: words between blanks, and numbers in them.

use super::Failure;
use crate::message::{self, Message};

/// Characters of a word that CP keeps, for what it shows of one.
pub(super) const LONGEST: usize = 8;

/// The words of a line.
pub struct Operands<'a> {
    rest: &'a str,
}

impl<'a> Operands<'a> {
    /// The words of a line in upper case.
    pub fn new(line: &'a str) -> Operands<'a> {
        Operands { rest: line }
    }

    /// The next word.
    pub fn next(&mut self) -> Option<&'a str> {
        let rest = self.rest.trim_start();
        if rest.is_empty() {
            self.rest = rest;
            return None;
        }
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let (word, rest) = rest.split_at(end);
        self.rest = rest;
        Some(word)
    }

    /// The next word, or this message.
    ///
    /// # Errors
    /// There is none.
    pub fn required(&mut self, message: &'static Message) -> Result<&'a str, Failure> {
        self.next().ok_or_else(|| message.into())
    }

    /// What follows the last word and one blank, as it was typed.
    pub fn rest(&mut self) -> &'a str {
        let rest = self.rest;
        self.rest = "";
        rest.strip_prefix(' ').unwrap_or(rest)
    }

    /// Nothing must follow.
    ///
    /// # Errors
    /// Something does.
    pub fn end(&mut self) -> Result<(), Failure> {
        match self.next() {
            None => Ok(()),
            Some(word) => Err(invalid(word)),
        }
    }
}

/// An operand that the command does not have.
pub fn invalid(word: &str) -> Failure {
    Failure::with(&message::INVALID_OPTION, &[&super::shown(word)])
}

/// Whether a word is a keyword, or an abbreviation of at least so many characters.
pub fn is(word: &str, keyword: &str, shortest: usize) -> bool {
    word.len() >= shortest && keyword.starts_with(word)
}

/// A hexadecimal number of up to so many digits.
pub fn hexadecimal(word: &str, digits: usize) -> Option<u32> {
    let is_number = (1..=digits).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_number { u32::from_str_radix(word, 16).ok() } else { None }
}

/// A decimal number of up to so many digits.
pub fn decimal(word: &str, digits: usize) -> Option<u32> {
    let is_number = (1..=digits).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { word.parse().ok() } else { None }
}

/// A device address: up to three hexadecimal digits, with zeros before them.
///
/// # Errors
/// It is none.
pub fn device(word: &str) -> Result<u16, Failure> {
    let address = hexadecimal(word, 4).and_then(|address| u16::try_from(address).ok());
    address.filter(|address| *address <= 0x0FFF).ok_or_else(|| (&message::VADDR).into())
}

/// ON or OFF.
///
/// # Errors
/// Neither, or nothing.
pub fn switch(word: Option<&str>) -> Result<bool, Failure> {
    match word {
        Some("ON") => Ok(true),
        Some("OFF") => Ok(false),
        _ => Err((&message::OPERAND).into()),
    }
}

/// A storage size: a number and K or M, in bytes.
pub fn size(word: &str) -> Option<u32> {
    let (number, unit) = word.split_at_checked(word.len().checked_sub(1)?)?;
    let shift = match unit {
        "K" => 10,
        "M" => 20,
        _ => return None,
    };
    decimal(number, 7)?.checked_mul(1 << shift)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_what_follows() {
        let mut operands = Operands::new("  SET  PF1   IMMED   Q  T ");
        assert_eq!([operands.next(), operands.next(), operands.next()], [Some("SET"), Some("PF1"), Some("IMMED")]);
        assert_eq!(operands.rest(), "  Q  T ");
        assert_eq!((operands.next(), operands.rest()), (None, ""));
    }

    #[test]
    fn numbers() {
        assert_eq!((hexadecimal("F00", 3), hexadecimal("F000", 3), hexadecimal("", 3)), (Some(0xF00), None, None));
        assert_eq!((hexadecimal("+1", 3), decimal("+1", 3), decimal("012", 3)), (None, None, Some(12)));
        assert_eq!(device("0190").ok(), Some(0x190));
        assert!(device("1000").is_err() && device("19Z").is_err());
        assert_eq!((size("512K"), size("16M"), size("16"), size("K")), (Some(512 << 10), Some(16 << 20), None, None));
        assert_eq!((size("9999999M"), size("É")), (None, None));
    }
}
