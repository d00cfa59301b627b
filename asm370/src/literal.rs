//! Literals and their pools.

use std::collections::HashMap;

use crate::constant::{Shape, shape};
use crate::diagnostic::Parsed;
use crate::symbol::SectionId;

/// A literal in its pool.
#[derive(Clone, Debug)]
pub(crate) struct Literal {
    /// As written, with the equal sign.
    pub text: String,
    /// Length attribute.
    pub length: u32,
    /// Bytes it fills.
    pub size: u32,
    /// Address, once its pool is placed.
    pub location: i32,
    pub section: Option<SectionId>,
    /// The line that lays it down.
    pub line: usize,
    /// Statements that use it.
    pub references: Vec<u32>,
}

/// All literals of an assembly. A pool ends at LTORG or END.
#[derive(Debug, Default)]
pub(crate) struct Literals {
    pub list: Vec<Literal>,
    index: HashMap<(u32, String), usize>,
    /// The pool that statements add to, or look in.
    pub pool: u32,
    /// Where the present pool's literals begin in the list.
    first: usize,
}

/// What two uses of a literal must have in common to share it.
fn key(text: &str, statement: u32) -> String {
    // A location counter reference means another place in every statement.
    let moving = text.match_indices('*').any(|(at, _)| matches!(text.as_bytes()[at - 1], b'(' | b',' | b'+' | b'-'));
    if moving { format!("{text} {statement}") } else { text.to_string() }
}

impl Literals {
    pub fn find(&self, text: &str, statement: u32) -> Option<&Literal> {
        self.index.get(&(self.pool, key(text, statement))).map(|&n| &self.list[n])
    }

    /// Notes a use; the literal joins the pool unless its like is there.
    pub fn add(&mut self, text: &str, statement: u32, size: impl FnOnce() -> Parsed<(u32, u32)>) -> Parsed<()> {
        let key = (self.pool, key(text, statement));
        if let Some(&n) = self.index.get(&key) {
            self.list[n].references.push(statement);
            return Ok(());
        }
        let (length, size) = size()?;
        self.index.insert(key, self.list.len());
        self.list.push(Literal {
            text: text.to_string(),
            length,
            size,
            location: 0,
            section: None,
            line: 0,
            references: vec![statement],
        });
        Ok(())
    }

    /// Ends the present pool.
    pub fn end_pool(&mut self) {
        self.pool += 1;
        self.first = self.list.len();
    }

    /// The literals of the present pool in the order in which they are laid down: multiples of eight bytes first, then
    /// of four, then of two, so that none needs padding.
    pub fn ordered(&self) -> Vec<usize> {
        let mut pool: Vec<usize> = (self.first..self.list.len()).collect();
        pool.sort_by_key(|&n| 3 - self.list[n].size.trailing_zeros().min(3));
        pool
    }
}

/// The shape of the constant behind the equal sign at `at`.
pub(crate) fn literal_shape(text: &str, at: usize) -> Parsed<Shape> {
    shape(text, at + 1)
}

/// The offset behind the literal whose equal sign is at `at`.
pub(crate) fn extent(text: &str, at: usize) -> Parsed<usize> {
    literal_shape(text, at).map(|shape| shape.end)
}

/// Offset of the first equal sign outside of strings, from `at` on.
pub(crate) fn next_literal(text: &str, at: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut quoted = false;
    for now in at..bytes.len() {
        match bytes[now] {
            b'\'' if quoted => quoted = false,
            b'\'' => quoted = !crate::statement::is_attribute(bytes, now),
            b'=' if !quoted => return Some(now),
            _ => {}
        }
    }
    None
}
