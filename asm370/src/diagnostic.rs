//! What the assembler has to say about a statement.

use std::fmt;

/// How bad a diagnostic is; the number is the traditional completion code (0, 4, 8, 12, 16).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Severity(pub u8);

impl Severity {
    /// Said for information (`MNOTE *` and the like).
    pub const NOTE: Severity = Severity(0);
    /// The result is probably what was meant.
    pub const WARNING: Severity = Severity(4);
    /// The statement was not assembled as written; no object is produced.
    pub const ERROR: Severity = Severity(8);
    /// The assembly as a whole is in doubt.
    pub const SEVERE: Severity = Severity(12);
}

impl fmt::Display for Severity {
    /// A word as compilers have it, and the code: `error (8)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self.0 {
            0 => "note",
            1..=7 => "warning",
            8..=11 => "error",
            _ => "severe error",
        };
        write!(f, "{word} ({})", self.0)
    }
}

/// One level of a macro call chain: the macro, and where it was called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Name of the macro.
    pub name: String,
    /// Source that holds the call.
    pub file: String,
    /// Line of the call in `file`, from 1.
    pub line: u32,
}

/// A message about one statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// Name of the source that holds the statement.
    pub file: String,
    /// Line in `file`, from 1; 0 when the message is about the whole assembly.
    pub line: u32,
    /// Column in that line, from 1; 0 when the whole line is meant.
    pub column: u32,
    /// Number of the statement in the listing, when it has one.
    pub statement: Option<u32>,
    /// The statement as it was assembled.
    pub text: String,
    /// What is wrong, and what was expected.
    pub message: String,
    /// The macro calls that led to the statement, innermost first.
    pub calls: Vec<Call>,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.file)?;
        for place in [self.line, self.column].into_iter().take_while(|place| *place != 0) {
            write!(f, "{place}:")?;
        }
        write!(f, " {}: {}", self.severity, self.message)?;
        if !self.text.is_empty() {
            write!(f, "\n    {}", self.text)?;
        }
        for call in &self.calls {
            write!(f, "\n    in macro {} called at {}:{}", call.name, call.file, call.line)?;
        }
        Ok(())
    }
}

/// In place of an offset: the name field.
pub(crate) const NAME: usize = usize::MAX;
/// In place of an offset: the operation.
pub(crate) const OPERATION: usize = usize::MAX - 1;
/// From here on, in place of an offset: a record of the statement, in units of [`RECORD_UNIT`], and a column in it.
pub(crate) const RECORD: usize = 1 << (usize::BITS - 2);
/// More than a record has columns.
pub(crate) const RECORD_UNIT: usize = 1 << 10;

/// A complaint about a place in an operand, before it is known whose operand it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Offset in the operand field, in bytes, or [`NAME`], [`OPERATION`] or [`RECORD`] and more.
    pub at: usize,
    pub severity: Severity,
    pub message: String,
}

impl Fault {
    pub fn error(at: usize, message: impl Into<String>) -> Fault {
        Fault { at, severity: Severity::ERROR, message: message.into() }
    }

    pub fn warning(at: usize, message: impl Into<String>) -> Fault {
        Fault { at, severity: Severity::WARNING, message: message.into() }
    }

    /// A complaint about the name field.
    pub fn name(message: impl Into<String>) -> Fault {
        Fault::error(NAME, message)
    }

    /// A complaint about the operation.
    pub fn operation(message: impl Into<String>) -> Fault {
        Fault::error(OPERATION, message)
    }

    /// A complaint about a column (from 1) of a record (from 0) of the statement, whatever field is there.
    pub fn record(record: usize, column: usize, message: impl Into<String>) -> Fault {
        Fault::error(RECORD + record * RECORD_UNIT + column.min(RECORD_UNIT - 1), message)
    }

    /// The same complaint about an operand that begins at `offset`.
    pub fn shifted(mut self, offset: usize) -> Fault {
        self.at = self.at.saturating_add(offset);
        self
    }
}

pub(crate) type Parsed<T> = Result<T, Fault>;
