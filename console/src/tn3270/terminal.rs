//! What terminals call themselves (RFC 1091; RFC 2355, 7.1): `IBM-3278-2-E` and the like.

use std::fmt::{self, Display, Formatter};

/// Rows and columns of a screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Rows.
    pub rows: u16,
    /// Columns.
    pub columns: u16,
}

impl Size {
    /// Model 2, and what ERASE/WRITE selects on every model.
    pub const DEFAULT: Size = Size { rows: 24, columns: 80 };

    /// Positions of the buffer.
    #[must_use]
    pub const fn positions(self) -> u16 {
        self.rows * self.columns
    }
}

/// The screens that displays have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Model {
    /// 24 rows of 80 columns.
    Two,
    /// 32 rows of 80 columns.
    Three,
    /// 43 rows of 80 columns.
    Four,
    /// 27 rows of 132 columns.
    Five,
    /// Only the reply to a Query tells.
    Dynamic,
}

impl Model {
    /// The size that ERASE/WRITE ALTERNATE selects; none if only a Query can tell.
    #[must_use]
    pub const fn alternate(self) -> Option<Size> {
        match self {
            Model::Two => Some(Size::DEFAULT),
            Model::Three => Some(Size { rows: 32, columns: 80 }),
            Model::Four => Some(Size { rows: 43, columns: 80 }),
            Model::Five => Some(Size { rows: 27, columns: 132 }),
            Model::Dynamic => None,
        }
    }
}

/// The type of a display.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TerminalType {
    /// Its screen.
    pub model: Model,
    /// It is a 3279: it has colours.
    pub has_colour: bool,
    /// `-E`: it understands structured fields and extended attributes.
    pub is_extended: bool,
}

impl TerminalType {
    /// Reads a terminal type, in upper or lower case; `None` if it is not a 3270 display's.
    #[must_use]
    pub fn parse(name: &str) -> Option<TerminalType> {
        let name = name.to_ascii_uppercase();
        if name == "IBM-DYNAMIC" {
            return Some(TerminalType { model: Model::Dynamic, has_colour: true, is_extended: true });
        }
        let (kind, rest) = name.strip_prefix("IBM-327")?.split_once('-')?;
        let has_colour = match kind {
            "8" | "7" => false,
            "9" => true,
            _ => return None,
        };
        let (number, is_extended) = match rest.strip_suffix("-E") {
            Some(number) => (number, true),
            None => (rest, false),
        };
        let model = match number {
            "2" => Model::Two,
            "3" => Model::Three,
            "4" => Model::Four,
            "5" => Model::Five,
            _ => return None,
        };
        Some(TerminalType { model, has_colour, is_extended })
    }
}

impl Display for TerminalType {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let number = match self.model {
            Model::Two => 2,
            Model::Three => 3,
            Model::Four => 4,
            Model::Five => 5,
            Model::Dynamic => return write!(f, "IBM-DYNAMIC"),
        };
        let kind = if self.has_colour { 9 } else { 8 };
        write!(f, "IBM-327{kind}-{number}{}", if self.is_extended { "-E" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_terminals() {
        for kind in ["8", "9"] {
            for (number, positions) in [("2", 1920), ("3", 2560), ("4", 3440), ("5", 3564)] {
                for suffix in ["", "-E"] {
                    let name = format!("IBM-327{kind}-{number}{suffix}");
                    let terminal = TerminalType::parse(&name).expect("a display");
                    assert_eq!(terminal.to_string(), name);
                    assert_eq!(terminal.model.alternate().map(Size::positions), Some(positions));
                    assert_eq!(TerminalType::parse(&name.to_lowercase()), Some(terminal));
                }
            }
        }
        let dynamic = TerminalType::parse("IBM-DYNAMIC").expect("a display");
        assert_eq!((dynamic.to_string().as_str(), dynamic.model.alternate()), ("IBM-DYNAMIC", None));
    }

    #[test]
    fn other_terminals() {
        for name in ["", "XTERM-256COLOR", "IBM-3287-1", "IBM-3278", "IBM-3278-6", "IBM-3278-2-EE", "IBM-3151"] {
            assert_eq!(TerminalType::parse(name), None, "{name}");
        }
    }
}
