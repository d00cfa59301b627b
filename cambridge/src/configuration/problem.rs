//! What is wrong with a configuration or a script, and where.

use std::fmt;

/// A place in a text that somebody wrote.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file, or what else the text came from.
    pub file: String,
    /// Line, from 1; 0 when it is about the file as a whole.
    pub line: usize,
    /// Column in characters, from 1; 0 when it is about the line as a whole.
    pub column: usize,
}

impl Place {
    /// A line.
    #[must_use]
    pub fn line(file: &str, line: usize) -> Place {
        Place { file: file.to_owned(), line, column: 0 }
    }

    /// The place of a byte offset in a text.
    #[must_use]
    pub fn at(file: &str, text: &str, offset: usize) -> Place {
        let before = text.get(..offset).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        Place {
            file: file.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line != 0 {
            write!(f, ":{}", self.line)?;
        }
        if self.column != 0 {
            write!(f, ":{}", self.column)?;
        }
        Ok(())
    }
}

/// Something wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Where.
    pub place: Place,
    /// What.
    pub what: String,
}

impl Problem {
    /// This, here.
    pub fn new(place: &Place, what: impl Into<String>) -> Problem {
        Problem { place: place.clone(), what: what.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.place.file.is_empty() {
            write!(f, "{}: ", self.place)?;
        }
        f.write_str(&self.what)
    }
}

/// All that is wrong, in the order of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl Problems {
    /// `value`, or the problems if there are any.
    ///
    /// # Errors
    /// The problems.
    pub fn unless<T>(mut problems: Vec<Problem>, value: T) -> Result<T, Problems> {
        problems.sort();
        if problems.is_empty() { Ok(value) } else { Err(Problems(problems)) }
    }
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Problems {
        Problems(vec![problem])
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, problem) in self.0.iter().enumerate() {
            let line_end = if n == 0 { "" } else { "\n" };
            write!(f, "{line_end}{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// The one of `known` that was probably meant by `word`, in words that can follow a message; empty if none is near.
#[must_use]
pub fn suggestion<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let word = word.to_lowercase();
    let nearest = known.into_iter().map(|known| (distance(&word, &known.to_lowercase()), known)).min();
    match nearest {
        Some((distance, known)) if distance <= 1 + word.len() / 4 => format!("; did you mean {known:?}?"),
        _ => String::new(),
    }
}

/// How many characters are to be changed, left out, inserted or exchanged with their neighbour to make one of the other.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(64).collect(), b.chars().take(64).collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let changed = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = changed.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_characters() {
        let text = "ab\nc\u{e9}d\ne";
        assert_eq!(Place::at("f", text, 0).to_string(), "f:1:1");
        assert_eq!(Place::at("f", text, text.find('d').expect("d")).to_string(), "f:2:3");
        assert_eq!(Place::at("f", text, text.len()).to_string(), "f:3:2");
        assert_eq!(Place::line("f", 7).to_string(), "f:7");
    }

    #[test]
    fn suggestions_are_near() {
        let known = ["storage", "processor", "listen"];
        assert_eq!(suggestion("storag", known), "; did you mean \"storage\"?");
        assert_eq!(suggestion("STROAGE", known), "; did you mean \"storage\"?");
        assert_eq!(suggestion("procesors", known), "; did you mean \"processor\"?");
        assert_eq!(suggestion("disk", known), "");
        assert_eq!(suggestion("", []), "");
    }
}
