//! What DISPLAY and ALTER are about: registers, the PSW, storage, keys.

use s370_cpu::{dat, machine::Machine};

use super::words::{CommandError, Words};
use crate::hex;

/// Bytes that one command shows at most.
pub const MOST_BYTES: u32 = 64 << 10;

/// Which registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegisterSet {
    /// General.
    General,
    /// Control.
    Control,
    /// Floating-point: 0, 2, 4 and 6.
    FloatingPoint,
}

/// How storage is addressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Space {
    /// Without prefixing.
    Absolute,
    /// With prefixing.
    Real,
    /// Translated with control register 1, whether the PSW asks for translation or not.
    Virtual,
}

impl Space {
    /// In words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Space::Absolute => "absolute",
            Space::Real => "real",
            Space::Virtual => "virtual",
        }
    }

    /// The absolute address of a byte.
    ///
    /// # Errors
    /// There is none: it is not translated, or lies outside of storage.
    pub fn resolve(self, machine: &Machine, address: u32) -> Result<u32, CommandError> {
        let (state, storage) = (&machine.processor.state, &machine.processor.storage);
        let absolute = match self {
            Space::Absolute => address,
            Space::Real => state.absolute(address),
            Space::Virtual => match dat::translate(state, &**storage, state.cr[1], address) {
                Ok(translation) => state.absolute(translation.real),
                Err(failure) => {
                    let name = failure.code().name().unwrap_or("translation");
                    return Err(CommandError::new(format!("virtual address {address:06X}: {name} exception")));
                }
            },
        };
        if absolute < storage.size() {
            return Ok(absolute);
        }
        let (name, last) = (self.name(), storage.size() - 1);
        Err(CommandError::new(format!("{name} address {address:06X} is outside of storage, which ends at {last:06X}")))
    }
}

/// An operand of DISPLAY or ALTER.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operand {
    /// Registers: the first and the last.
    Registers(RegisterSet, usize, usize),
    /// The current PSW.
    Psw,
    /// The prefix register.
    Prefix,
    /// Bytes: where, the first, and how many; `None` if only the first was given.
    Storage(Space, u32, Option<u32>),
    /// Keys of the blocks from this real address on: the first byte, and how many.
    Keys(u32, Option<u32>),
}

impl Operand {
    /// Reads an operand: `G`, `G5`, `G0-3`, `X`, `Y`, `PSW`, `PREFIX`, `K1000`, `1000`, `V1000.20`, `R1000-1FFF`, `ABS 1000`. There may be a space
    /// after the letters.
    ///
    /// # Errors
    /// It is none of these.
    pub fn parse(words: &mut Words<'_>) -> Result<Operand, CommandError> {
        let word = words.expect("what is meant: a register, PSW or an address")?;
        // Letters that are no hexadecimal digits tell what it is; only ABS, CR and FPR begin with some.
        let upper = word.to_ascii_uppercase();
        let prefix = ["PREFIX", "PSW", "FPR", "ABS", "GR", "CR", "G", "X", "Y", "K", "R", "V"]
            .iter()
            .find(|prefix| upper.starts_with(**prefix));
        let Some(prefix) = prefix else { return storage(Space::Real, &upper) };
        let attached = upper[prefix.len()..].to_owned();
        match *prefix {
            "PSW" | "PREFIX" if !attached.is_empty() => Err(unknown(&word)),
            "PSW" => Ok(Operand::Psw),
            "PREFIX" => Ok(Operand::Prefix),
            "G" | "GR" => registers(RegisterSet::General, attached, words),
            "X" | "CR" => registers(RegisterSet::Control, attached, words),
            "Y" | "FPR" => registers(RegisterSet::FloatingPoint, attached, words),
            other => {
                let range = if attached.is_empty() { words.expect("an address")? } else { attached };
                match other {
                    "K" => parse_range(&range).map(|(first, count)| Operand::Keys(first, count)),
                    "V" => storage(Space::Virtual, &range),
                    "ABS" => storage(Space::Absolute, &range),
                    _ => storage(Space::Real, &range),
                }
            }
        }
    }
}

fn unknown(word: &str) -> CommandError {
    CommandError::new(format!(
        "{word:?} is neither a register (G, X, Y, with a number), PSW, PREFIX, a key (K and an address) nor an address (alone, or \
         after R, V or ABS)"
    ))
}

fn storage(space: Space, range: &str) -> Result<Operand, CommandError> {
    parse_range(range).map(|(first, count)| Operand::Storage(space, first, count))
}

/// Registers' numbers, decimal: none for all, `5`, `0-3`. A space may come before them.
fn registers(set: RegisterSet, attached: String, words: &mut Words<'_>) -> Result<Operand, CommandError> {
    let last = if set == RegisterSet::FloatingPoint { 6 } else { 15 };
    let is_number = words.rest().starts_with(|c: char| c.is_ascii_digit());
    let text = if attached.is_empty() && is_number { words.expect("a number")? } else { attached };
    if text.is_empty() {
        return Ok(Operand::Registers(set, 0, last));
    }
    let number = |text: &str| {
        let number = text.parse::<usize>().ok().filter(|number| *number <= last);
        let number = number.filter(|number| set != RegisterSet::FloatingPoint || number.is_multiple_of(2));
        let existing = if set == RegisterSet::FloatingPoint { "0, 2, 4 and 6" } else { "0 to 15" };
        number
            .ok_or_else(|| CommandError::new(format!("{text:?} is not the number of a register: they are {existing}")))
    };
    let (first, last) = match text.split_once('-') {
        Some((first, last)) => (number(first)?, number(last)?),
        None => (number(&text)?, number(&text)?),
    };
    if last < first {
        return Err(CommandError::new(format!("{text}: the last register comes before the first")));
    }
    Ok(Operand::Registers(set, first, last))
}

/// An address, `FIRST-LAST` or `FIRST.LENGTH`, in hexadecimal.
fn parse_range(text: &str) -> Result<(u32, Option<u32>), CommandError> {
    let address = |text: &str| {
        let number = hex::parse_number(text).ok().and_then(|number| u32::try_from(number).ok());
        number.filter(|number| *number < 1 << 26).ok_or_else(|| unknown(text))
    };
    let (first, count) = if let Some((first, last)) = text.split_once('-') {
        let (first, last) = (address(first)?, address(last)?);
        if last < first {
            return Err(CommandError::new(format!("{text}: the last address is less than the first")));
        }
        (first, Some(last - first + 1))
    } else if let Some((first, count)) = text.split_once('.') {
        (address(first)?, Some(address(count)?.max(1)))
    } else {
        (address(text)?, None)
    };
    Ok((first, count))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Operand, String> {
        let mut words = Words::new(text);
        let operand = Operand::parse(&mut words).map_err(|error| error.what)?;
        words.end().map_err(|error| error.what)?;
        Ok(operand)
    }

    #[test]
    fn operands() {
        use Operand::{Keys, Prefix, Psw, Registers, Storage};
        use RegisterSet::{Control, FloatingPoint, General};
        let cases = [
            ("g", Registers(General, 0, 15)),
            ("G5", Registers(General, 5, 5)),
            ("gr 14-15", Registers(General, 14, 15)),
            ("X0", Registers(Control, 0, 0)),
            ("cr", Registers(Control, 0, 15)),
            ("y 2", Registers(FloatingPoint, 2, 2)),
            ("fpr", Registers(FloatingPoint, 0, 6)),
            ("psw", Psw),
            ("prefix", Prefix),
            ("1000", Storage(Space::Real, 0x1000, None)),
            ("f", Storage(Space::Real, 0xF, None)),
            ("abc", Storage(Space::Real, 0xABC, None)),
            ("abs 1000.20", Storage(Space::Absolute, 0x1000, Some(0x20))),
            ("V1000-1fff", Storage(Space::Virtual, 0x1000, Some(0x1000))),
            ("r0", Storage(Space::Real, 0, None)),
            ("k 800", Keys(0x800, None)),
        ];
        for (text, operand) in cases {
            assert_eq!(parse(text), Ok(operand), "{text}");
        }
    }

    #[test]
    fn wrong_operands() {
        let is_not = "is not the number of a register: they are";
        assert_eq!(parse("g16"), Err(format!("\"16\" {is_not} 0 to 15")));
        assert_eq!(parse("y3"), Err(format!("\"3\" {is_not} 0, 2, 4 and 6")));
        assert_eq!(parse("g3-1"), Err("3-1: the last register comes before the first".to_owned()));
        assert_eq!(parse("20-10"), Err("20-10: the last address is less than the first".to_owned()));
        for wrong in ["", "zz", "psw5", "v", "4000000", "1000.", "-5"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
