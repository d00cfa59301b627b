//! The repository's own source text, for the tests that keep it tidy.

use std::path::{Path, PathBuf};

/// A Rust source file.
#[derive(Clone, Debug)]
pub struct Source {
    /// Path from the repository's root, with `/`.
    pub path: String,
    /// The text.
    pub text: String,
    /// The same with comments, strings and character literals blanked out; line breaks stay.
    pub code: String,
}

/// The repository's root.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// All files of the repository with this extension, but those that builds leave behind.
///
/// # Panics
/// A directory cannot be read.
#[must_use]
pub fn files(extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut directories = vec![root()];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(&directory).expect("a directory of the repository").flatten() {
            let (path, name) = (entry.path(), entry.file_name());
            let name = name.to_string_lossy();
            if path.is_dir() {
                if !name.starts_with('.') && !name.starts_with("target") {
                    directories.push(path);
                }
            } else if path.extension().is_some_and(|this| this == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// All Rust source files.
///
/// # Panics
/// One cannot be read.
#[must_use]
pub fn rust() -> Vec<Source> {
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).expect("a source file");
        let relative = path.strip_prefix(root()).expect("a path below the root");
        let path = relative.to_string_lossy().replace('\\', "/");
        Source { path, code: blank(&text), text }
    };
    files("rs").into_iter().map(read).collect()
}

/// What the scanner is in the middle of.
enum Inside {
    Code,
    LineComment,
    BlockComment,
    Text,
    RawText(usize),
}

/// The text with comments, strings and character literals replaced by blanks.
#[must_use]
pub fn blank(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let mut blanked = String::with_capacity(text.len());
    let mut inside = Inside::Code;
    let mut at = 0;
    while at < characters.len() {
        let rest = &characters[at..];
        let length = match inside {
            Inside::Code => {
                let (next, length, keep) = scan_code(rest);
                inside = next;
                if keep {
                    blanked.push(rest[0]);
                    at += 1;
                    continue;
                }
                length
            }
            Inside::LineComment if rest[0] == '\n' => leave(&mut inside, 1),
            Inside::BlockComment if rest.starts_with(&['*', '/']) => leave(&mut inside, 2),
            Inside::Text if rest[0] == '\\' => 2,
            Inside::Text if rest[0] == '"' => leave(&mut inside, 1),
            Inside::RawText(hashes) if closes_raw(rest, hashes) => leave(&mut inside, 1 + hashes),
            _ => 1,
        };
        for character in rest.iter().take(length) {
            blanked.push(if *character == '\n' { '\n' } else { ' ' });
        }
        at += length;
    }
    blanked
}

fn leave(inside: &mut Inside, length: usize) -> usize {
    *inside = Inside::Code;
    length
}

fn closes_raw(rest: &[char], hashes: usize) -> bool {
    rest[0] == '"' && rest.len() > hashes && rest[1..=hashes].iter().all(|character| *character == '#')
}

/// What begins at this place in code: the state that follows, how much it takes, and whether it is code that stays.
fn scan_code(rest: &[char]) -> (Inside, usize, bool) {
    if rest.starts_with(&['/', '/']) {
        return (Inside::LineComment, 2, false);
    }
    if rest.starts_with(&['/', '*']) {
        return (Inside::BlockComment, 2, false);
    }
    if rest[0] == '"' {
        return (Inside::Text, 1, false);
    }
    if rest[0] == 'r' {
        let hashes = rest[1..].iter().take_while(|character| **character == '#').count();
        if rest.get(1 + hashes) == Some(&'"') {
            return (Inside::RawText(hashes), 2 + hashes, false);
        }
    }
    if rest[0] == '\'' {
        // A character literal ends two characters on, or has a backslash; anything else is a lifetime.
        if rest.get(1) == Some(&'\\') {
            let end = rest.iter().skip(3).position(|character| *character == '\'');
            return (Inside::Code, end.map_or(1, |end| end + 4), false);
        }
        if rest.get(2) == Some(&'\'') {
            return (Inside::Code, 3, false);
        }
    }
    (Inside::Code, 1, true)
}

/// A function in a source file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// Line on which it begins, from 1.
    pub line: usize,
    /// How many lines it has.
    pub length: usize,
}

/// The functions with bodies, by counting braces.
#[must_use]
pub fn functions(code: &str) -> Vec<Function> {
    let mut found = Vec::new();
    let bytes = code.as_bytes();
    for (at, _) in code.match_indices("fn ") {
        let begins_word = at == 0 || !(bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_');
        let name: String =
            code[at + 3..].chars().take_while(|character| character.is_alphanumeric() || *character == '_').collect();
        let signature = code[at..].find(['{', ';']);
        let (true, false, Some(open)) = (begins_word, name.is_empty(), signature) else { continue };
        if bytes[at + open] == b';' {
            continue;
        }
        let mut depth = 0;
        let body = code[at + open..].char_indices().find(|(_, character)| {
            depth += match character {
                '{' => 1,
                '}' => -1,
                _ => 0,
            };
            depth == 0
        });
        let end = body.map_or(code.len(), |(length, _)| at + open + length);
        let line = 1 + code[..at].matches('\n').count();
        let length = 1 + code[at..end].matches('\n').count();
        found.push(Function { name, line, length });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_are_blanked() {
        let text = "a // b \"\n\"c\\\"\" d '\"' e r#\"f\"#g &'h i /* j\n */ k '\\n' l";
        let blanked = blank(text);
        assert_eq!(blanked.split_whitespace().collect::<String>(), "adeg&'hikl");
        assert_eq!(blanked.lines().count(), text.lines().count());
    }

    #[test]
    fn functions_are_measured() {
        let code = blank("trait T {\n    fn a();\n}\nfn b() {\n    if x { y }\n}\npub fn c<'a>() -> u8 { 1 }\n");
        let found: Vec<_> = functions(&code).into_iter().map(|f| (f.name, f.line, f.length)).collect();
        assert_eq!(found, [("b".to_owned(), 4, 3), ("c".to_owned(), 7, 1)]);
    }
}
