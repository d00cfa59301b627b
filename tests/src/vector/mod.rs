//! Vectors: cases of one instruction in text. `tests/vectors/README.md` describes the format.

mod expectation;
mod picture;
mod start;
mod tables;

use std::{fmt, path::Path};

use s370_arch::{format::Instruction, isa::Op};

pub use self::{
    expectation::{Expectation, ExpectedInterruption},
    picture::Picture,
    start::{Start, Variant},
    tables::Layout,
};
use crate::assemble::{assemble, from_hex, split};

/// One case: an instruction, the state before it, and what becomes of the state.
#[derive(Clone, Debug)]
pub struct Case {
    /// Name of its file, and number of its line.
    pub place: String,
    /// What it shows, where the file says so.
    pub title: String,
    /// The instruction as written.
    pub text: String,
    /// The instruction.
    pub instruction: Instruction,
    /// Whether the file gave the instruction in hexadecimal too.
    pub has_hex: bool,
    /// The items of the start.
    pub start: Vec<String>,
    /// The items of the result.
    pub result: Vec<String>,
}

impl Case {
    /// The row of the instruction table that it is for; none for an operation code that is not assigned.
    #[must_use]
    pub fn op(&self) -> Option<Op> {
        Op::decode(self.instruction.first_halfword())
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.text)?;
        if self.title.is_empty() { Ok(()) } else { write!(f, " ({})", self.title) }
    }
}

/// All cases of all `.vec` files in a directory, in the order of their names.
///
/// # Errors
/// A file cannot be read, or a line not be understood: where, and why.
pub fn read_directory(directory: &Path) -> Result<Vec<Case>, String> {
    let listing = std::fs::read_dir(directory).map_err(|error| format!("{}: {error}", directory.display()))?;
    let mut paths: Vec<_> = listing.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "vec"));
    paths.sort();
    let mut cases = Vec::new();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).map_err(|error| format!("{name}: {error}"))?;
        cases.extend(parse(&name, &text)?);
    }
    Ok(cases)
}

/// What the lines of a file have in common.
#[derive(Default)]
struct Common {
    start: Vec<String>,
    each: Vec<(Vec<String>, Vec<String>)>,
    /// The line before was an instruction without start and result.
    in_list: bool,
    title: String,
}

/// The cases of one file.
///
/// # Errors
/// A line is not understood: which, and why.
pub fn parse(file: &str, text: &str) -> Result<Vec<Case>, String> {
    let mut cases = Vec::new();
    let mut common = Common::default();
    for (line_number, line) in logical_lines(text) {
        let place = format!("{file}:{line_number}");
        let case = parse_line(&mut common, &line).map_err(|why| format!("{place}: {why}"))?;
        cases.extend(case.into_iter().map(|case| Case { place: place.clone(), ..case }));
    }
    Ok(cases)
}

/// Lines without comments; a line that begins with a blank continues the one before.
fn logical_lines(text: &str) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if line.trim().is_empty() || line.starts_with('*') {
            continue;
        }
        match lines.last_mut() {
            Some((_, before)) if line.starts_with(' ') => before.push_str(line),
            _ => lines.push((index + 1, line.to_owned())),
        }
    }
    lines
}

fn parse_line(common: &mut Common, line: &str) -> Result<Vec<Case>, String> {
    let fields = split(line, '|');
    let (word, rest) = fields[0].split_once(char::is_whitespace).unwrap_or((fields[0], ""));
    match (word, fields.as_slice()) {
        ("start", [_]) => {
            common.start = items(rest);
            common.each.clear();
        }
        ("each", [_, start, result]) => {
            if std::mem::take(&mut common.in_list) {
                common.each.clear();
            }
            common.each.push((items(start), items(result)));
        }
        ("title", [_]) => common.title = rest.trim().to_owned(),
        (_, [instruction, rest @ ..]) => return cases_of(common, instruction, rest),
        _ => return Err("not understood".to_owned()),
    }
    Ok(Vec::new())
}

fn cases_of(common: &mut Common, instruction: &str, fields: &[&str]) -> Result<Vec<Case>, String> {
    let (text, hex) = match instruction.rsplit_once('=') {
        Some((text, hex)) => (text.trim(), Some(hex.trim())),
        None => (instruction, None),
    };
    let assembled = assemble(text)?;
    if let Some(hex) = hex
        && from_hex(hex)? != assembled
    {
        return Err(format!("{text} is {:02X?}, not {hex}", assembled.bytes()));
    }
    let endings = match fields {
        [start, result] => vec![(items(start), items(result))],
        [] if !common.each.is_empty() => {
            common.in_list = true;
            common.each.clone()
        }
        _ => return Err("a case is: instruction | start | result".to_owned()),
    };
    let title = std::mem::take(&mut common.title);
    let case = |(own, result): (Vec<String>, Vec<String>)| Case {
        place: String::new(),
        title: title.clone(),
        text: text.to_owned(),
        instruction: assembled,
        has_hex: hex.is_some(),
        start: common.start.iter().cloned().chain(own).collect(),
        result,
    };
    Ok(endings.into_iter().map(case).collect())
}

/// Items are separated by blanks; those in quotes and parentheses do not count.
fn items(text: &str) -> Vec<String> {
    split(text, ' ').into_iter().filter(|item| !item.is_empty()).map(str::to_owned).collect()
}
