//! Statements and their fields: columns, continuation, name, operation, operands, remarks
//! (GC33-4010, "Coding Conventions").

use crate::diagnostic::{Fault, NAME, OPERATION, Parsed, RECORD, RECORD_UNIT};
use crate::source::{FileId, Files};

/// Where the statement stands in a record, set by ICTL. Columns count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Margins {
    pub begin: usize,
    pub end: usize,
    /// Where continuation records resume; `None` when there is no continuation.
    pub resume: Option<usize>,
    /// Records of any length (an option, not the language).
    pub free: bool,
}

impl Margins {
    pub const fn standard(free: bool) -> Margins {
        Margins { begin: 1, end: 71, resume: Some(16), free }
    }
}

/// A statement cut into its fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Statement {
    /// The name field; of a comment statement, the whole text.
    pub name: String,
    pub operation: String,
    pub operand: String,
    pub remarks: String,
    /// `*` in the begin column.
    pub comment: bool,
    pub file: FileId,
    /// Line of the first record, from 1.
    pub line: u32,
    /// Number of records.
    pub records: u32,
    pub name_column: u32,
    pub operation_column: u32,
    /// Column of the remarks in the record, for the listing of generated statements.
    pub remarks_column: u32,
    /// Where pieces of the operand field come from: offset in it, record number within the statement, column.
    pub pieces: Vec<(u32, u32, u32)>,
}

impl Statement {
    /// Line and column of a byte of the operand field, of the name ([`NAME`]) or the operation ([`OPERATION`]).
    pub fn place(&self, at: usize) -> (u32, u32) {
        if at == NAME {
            return (self.line, self.name_column);
        }
        if at == OPERATION {
            return (self.line, self.operation_column);
        }
        if at >= RECORD {
            let at = at - RECORD;
            return (self.line + (at / RECORD_UNIT) as u32, (at % RECORD_UNIT) as u32);
        }
        let piece = self.pieces.iter().rev().find(|piece| piece.0 as usize <= at);
        match piece {
            Some(&(offset, record, column)) => (self.line + record, column + at as u32 - offset),
            None => (self.line, self.operation_column),
        }
    }

    /// Whether there are no operands; a comma alone keeps remarks from being taken for one.
    pub fn has_no_operands(&self) -> bool {
        matches!(self.operand.as_str(), "" | ",")
    }

    /// Takes an operand field that substitution made: what stands behind a blank in it becomes remarks.
    pub fn regenerate(&mut self, operand: String) {
        let blanks = blanks_in_parentheses(&self.operation);
        let mut scan =
            Scan { text: String::with_capacity(operand.len()), quoted: false, depth: 0, fold: false, blanks };
        let used = scan.take(&operand);
        if used < operand.len() {
            self.remarks = format!("{} {}", operand[used..].trim_start(), self.remarks).trim_end().to_string();
        }
        self.operand = scan.text;
        // Columns of the model say nothing about generated text.
        self.pieces.truncate(1);
    }

    /// The statement in the standard columns, for messages and listings of generated text.
    pub fn image(&self) -> String {
        if self.comment {
            return self.name.clone();
        }
        let mut text = format!("{:<8} {:<5} {}", self.name, self.operation, self.operand);
        if !self.remarks.is_empty() {
            let width = (self.remarks_column as usize).saturating_sub(2);
            text = format!("{text:<width$} {}", self.remarks);
        }
        text.truncate(text.trim_end().len());
        text
    }
}

/// Byte offset of a column (from 1) in a record.
fn offset(record: &str, column: usize) -> usize {
    if record.is_ascii() {
        (column - 1).min(record.len())
    } else {
        record.char_indices().nth(column - 1).map_or(record.len(), |(at, _)| at)
    }
}

/// The columns `from..=to` of a record.
fn columns(record: &str, from: usize, to: usize) -> &str {
    &record[offset(record, from)..offset(record, to + 1)]
}

/// Reads statements from one source, record by record.
#[derive(Clone, Debug)]
pub(crate) struct Reader {
    pub file: FileId,
    /// Line to be read next, from 1.
    pub line: u32,
    /// A library member: ICTL does not move its columns.
    pub member: bool,
}

/// A record's part of a statement: the text and the column of its first character.
struct Part<'a> {
    text: &'a str,
    column: usize,
}

impl Reader {
    /// A reader of the source itself.
    pub fn new(file: FileId) -> Reader {
        Reader { file, line: 1, member: false }
    }

    /// A reader of a library member.
    pub fn of_member(file: FileId) -> Reader {
        Reader { file, line: 1, member: true }
    }

    /// The next statement, and what is wrong with its records. `None` at the end of the source.
    pub fn next(&mut self, files: &Files, margins: Margins, fold: bool) -> Option<(Statement, Vec<Fault>)> {
        let margins = if self.member { Margins::standard(margins.free) } else { margins };
        let first = self.line;
        let mut faults = Vec::new();
        let parts = self.parts(files, margins, &mut faults)?;
        let mut statement = fields(&parts, fold).unwrap_or_else(|fault| {
            faults.push(fault);
            Statement::default()
        });
        statement.file = self.file;
        statement.line = first;
        statement.records = self.line - first;
        Some((statement, faults))
    }

    /// Collects the records of one statement.
    fn parts<'a>(&mut self, files: &'a Files, margins: Margins, faults: &mut Vec<Fault>) -> Option<Vec<Part<'a>>> {
        let mut parts = Vec::with_capacity(1);
        loop {
            let Some(record) = files.record(self.file, self.line) else {
                if parts.is_empty() {
                    return None;
                }
                let last = parts.len() - 1;
                faults.push(Fault::record(last, 0, "the source ends where a continuation record was expected"));
                return Some(parts);
            };
            self.line += 1;
            if let Some(at) = record.chars().position(|character| character == '\t') {
                faults.push(Fault::record(
                    parts.len(),
                    at + 1,
                    "a tab character in the record; columns are counted in blanks",
                ));
            }
            let continued = if margins.free {
                free_part(record, &mut parts)
            } else {
                fixed_part(record, margins, &mut parts, faults)
            };
            if !continued {
                return Some(parts);
            }
        }
    }
}

/// Takes a record of any length; returns whether the statement goes on.
fn free_part<'a>(record: &'a str, parts: &mut Vec<Part<'a>>) -> bool {
    let text = record.trim_end();
    let (text, continued) = text.strip_suffix('\\').map_or((text, false), |text| (text, true));
    let column = if parts.is_empty() { 1 } else { 1 + text.len() - text.trim_start().len() };
    parts.push(Part { text: &text[column - 1..], column });
    continued
}

/// Takes a card image; returns whether the statement goes on.
fn fixed_part<'a>(record: &'a str, margins: Margins, parts: &mut Vec<Part<'a>>, faults: &mut Vec<Fault>) -> bool {
    if record.len() > 80 && record.chars().count() > 80 {
        faults.push(Fault::record(parts.len(), 81, "the record is longer than 80 columns"));
    }
    let begin = if parts.is_empty() { margins.begin } else { margins.resume.unwrap_or(margins.begin) };
    if begin > margins.begin && !columns(record, margins.begin, begin - 1).trim().is_empty() {
        let why = format!("a continuation record must be blank in front of column {begin}");
        let cause = format!("the record before it has a character in column {}", margins.end + 1);
        faults.push(Fault::record(parts.len(), margins.begin, format!("{why} ({cause})")));
    }
    parts.push(Part { text: columns(record, begin, margins.end), column: begin });
    let mark = margins.end + 1;
    margins.resume.is_some() && !columns(record, mark, mark).trim().is_empty()
}

/// Operations whose operand may contain blanks within parentheses.
fn blanks_in_parentheses(operation: &str) -> bool {
    matches!(operation, "AIF" | "SETB" | "AIFB")
}

/// Whether the apostrophe at `at` follows an attribute letter instead of opening a string.
pub(crate) fn is_attribute(text: &[u8], at: usize) -> bool {
    let letter = at > 0 && matches!(text[at - 1], b'L' | b'T' | b'S' | b'I' | b'K' | b'N');
    let alone = at < 2 || !is_symbol_char(text[at - 2]);
    let named = text.get(at + 1).is_some_and(|&c| is_symbol_start(c) || matches!(c, b'&' | b'*' | b'='));
    letter && alone && named
}

/// Letters as the language means them: A-Z and $ # @.
pub(crate) const fn is_symbol_start(c: u8) -> bool {
    c.is_ascii_uppercase() || matches!(c, b'$' | b'#' | b'@')
}

pub(crate) const fn is_symbol_char(c: u8) -> bool {
    is_symbol_start(c) || c.is_ascii_digit()
}

/// Cuts the parts of a statement into fields.
fn fields(parts: &[Part<'_>], fold: bool) -> Parsed<Statement> {
    let first = &parts[0];
    let text = first.text;
    let mut statement = Statement::default();
    if text.starts_with('*') || text.starts_with(".*") {
        statement.comment = true;
        statement.name = parts.iter().map(|part| part.text).collect::<String>();
        statement.name.truncate(statement.name.trim_end().len());
        return Ok(statement);
    }
    let word = |from: usize| text[from..].find(' ').map_or(text.len(), |n| from + n);
    let skip = |from: usize| text[from..].find(|c| c != ' ').map_or(text.len(), |n| from + n);
    let name_end = word(0);
    let operation = skip(name_end);
    let operation_end = word(operation);
    let case = |text: &str| if fold { text.to_ascii_uppercase() } else { text.to_string() };
    statement.name = case(&text[..name_end]);
    statement.operation = case(&text[operation..operation_end]);
    statement.name_column = first.column as u32;
    statement.operation_column = (first.column + operation) as u32;
    let start = skip(operation_end);
    if statement.operation.is_empty() && parts.len() > 1 {
        return Err(Fault::error(0, "the operation must be in the first record of a continued statement"));
    }
    let blanks = blanks_in_parentheses(&statement.operation);
    let mut scan = Scan { text: String::new(), quoted: false, depth: 0, fold, blanks };
    let mut operand_done = false;
    for (number, part) in parts.iter().enumerate() {
        let from = if number == 0 { start } else { 0 };
        let rest = &part.text[from..];
        if operand_done {
            join(&mut statement.remarks, rest);
            continue;
        }
        statement.pieces.push((scan.text.len() as u32, number as u32, (part.column + from) as u32));
        let used = scan.take(rest);
        let full = used == rest.len();
        let comma = scan.text.ends_with(',') && !scan.quoted;
        let remarks = rest[used..].trim_start();
        if statement.remarks.is_empty() {
            statement.remarks_column = (part.column + part.text.len() - remarks.len()) as u32;
        }
        join(&mut statement.remarks, remarks);
        operand_done = !(full || comma);
    }
    statement.operand = scan.text;
    Ok(statement)
}

/// Adds a record's part to the remarks.
fn join(remarks: &mut String, part: &str) {
    let part = part.trim();
    if !remarks.is_empty() && !part.is_empty() {
        remarks.push(' ');
    }
    remarks.push_str(part);
}

/// The scan for the end of the operand field.
struct Scan {
    text: String,
    quoted: bool,
    depth: i32,
    fold: bool,
    /// Blanks in parentheses belong to the operand.
    blanks: bool,
}

impl Scan {
    /// Takes what of `part` belongs to the operand and returns its length.
    fn take(&mut self, part: &str) -> usize {
        for (at, c) in part.char_indices() {
            if self.quoted {
                // A doubled apostrophe closes the string and opens it again.
                self.quoted = c != '\'';
                self.text.push(c);
                continue;
            }
            match c {
                ' ' if !(self.blanks && self.depth > 0) => return at,
                '(' => self.depth += 1,
                ')' => self.depth -= 1,
                '\'' => self.quoted = !self.attribute(&part[at + 1..]),
                _ => {}
            }
            self.text.push(if self.fold { c.to_ascii_uppercase() } else { c });
        }
        part.len()
    }

    /// Whether the apostrophe between the text so far and `rest` follows an attribute letter.
    fn attribute(&self, rest: &str) -> bool {
        let text = self.text.as_bytes();
        let tail = &text[text.len().saturating_sub(2)..];
        let next = rest.bytes().next().map(|c| if self.fold { c.to_ascii_uppercase() } else { c });
        let mut window = [b' '; 4];
        window[2 - tail.len()..2].copy_from_slice(tail);
        window[2] = b'\'';
        window[3] = next.unwrap_or(b' ');
        is_attribute(&window, 2)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::*;
    use crate::source::Source;

    fn read(text: &str, fold: bool) -> Vec<(Statement, Vec<Fault>)> {
        let mut files = Files::default();
        let mut reader = Reader::new(files.add(&Source::new("test", text)));
        std::iter::from_fn(|| reader.next(&files, Margins::standard(false), fold)).collect()
    }

    fn one(text: &str) -> Statement {
        let mut all = read(text, false);
        assert_eq!(all.len(), 1);
        let (statement, faults) = all.remove(0);
        assert!(faults.is_empty(), "{faults:?}");
        statement
    }

    #[test]
    fn fields_are_cut_at_blanks_outside_of_strings() {
        let statement = one("NAME     DC    C'A B',L'X  A REMARK'S");
        assert_eq!(
            [&*statement.name, &*statement.operation, &*statement.operand, &*statement.remarks],
            ["NAME", "DC", "C'A B',L'X", "A REMARK'S"]
        );
        assert_eq!(one("  AIF ('A B' EQ 'C') NOT THIS").operand, "('A B' EQ 'C')");
        assert_eq!(one("  AIF (X EQ Y).Z NOT THIS").operand, "(X EQ Y).Z");
        assert_eq!(one(" MVC A(L'B),B REM").operand, "A(L'B),B");
        assert!(one("* COMMENT").comment);
        assert_eq!(one("   ").operation, "");
    }

    #[test]
    fn continued_operands_know_their_places() {
        let text = format!("{:<71}X\n{:<15}{}\n", "         DC    F'1',      REMARK", "", "F'2'      MORE");
        let statement = one(&text);
        assert_eq!(statement.operand, "F'1',F'2'");
        assert_eq!(statement.remarks, "REMARK MORE");
        assert_eq!(statement.place(2), (1, 18));
        assert_eq!(statement.place(5), (2, 16));
        assert_eq!(statement.place(NAME), (1, 1));
        assert_eq!(statement.place(OPERATION), (1, 10));
    }

    #[test]
    fn records_have_their_columns() {
        let faults = |text: &str| read(text, false).remove(0).1.len();
        assert_eq!(faults(&" ".repeat(80)), 0);
        assert_eq!(faults(&" ".repeat(81)), 1);
        assert_eq!(faults(&format!("{:<71}X\nX", " DC 1")), 1, "a continuation record begins with blanks");
        assert_eq!(faults(&format!("{:<71}X", " DC 1")), 1, "and must be there");
        assert_eq!(faults(" DC\t1"), 1);
        let text = format!("{:<71}X\n{:<71}X\nX   \t", " DC    1,", "               2,");
        let (statement, faults) = read(&text, false).remove(0);
        assert_eq!(faults.iter().map(|fault| statement.place(fault.at)).collect::<Vec<_>>(), [(3, 5), (3, 1)]);
    }

    #[test]
    fn lower_case_is_folded_outside_of_strings() {
        let statement = read("x dc c'aB',l'y,a(z) remark", true).remove(0).0;
        assert_eq!(statement.operand, "C'aB',L'Y,A(Z)");
        assert_eq!((&*statement.name, &*statement.operation, &*statement.remarks), ("X", "DC", "remark"));
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            rng_seed: RngSeed::Fixed(0x374), failure_persistence: None, ..ProptestConfig::default()
        })]

        /// What is printed in the standard columns is read as the same statement.
        #[test]
        fn a_printed_statement_is_read_back(
            name in "([A-Z][A-Z0-9]{0,7})?", operation in "[A-Z]{1,5}", operand in "([A-H0-9(),+*=.&]|'[A-Z &]*'){1,3}",
            remarks in "([A-Z]{1,8} ?){0,2}",
        ) {
            let remarks = remarks.trim_end().to_string();
            let statement = Statement { name, operation, operand, remarks, remarks_column: 40, ..Statement::default() };
            let image = statement.image();
            prop_assume!(image.len() < 72 && !statement.operand.ends_with(','));
            let (back, faults) = read(&image, false).remove(0);
            prop_assert_eq!(faults, []);
            prop_assert_eq!(back.image(), image);
            prop_assert_eq!((back.name, back.operation), (statement.name, statement.operation));
            prop_assert_eq!((back.operand, back.remarks), (statement.operand, statement.remarks));
        }
    }
}
