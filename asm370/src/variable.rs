//! Variable symbols: SET symbols, macro parameters and the sublists they stand for.

use std::collections::HashMap;
use std::rc::Rc;

/// Kind of a SET symbol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum SetKind {
    Arithmetic,
    Binary,
    Character,
}

impl SetKind {
    pub fn letter(self) -> char {
        match self {
            SetKind::Arithmetic => 'A',
            SetKind::Binary => 'B',
            SetKind::Character => 'C',
        }
    }
}

/// A value in conditional assembly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SetValue {
    Number(i32),
    Bit(bool),
    Text(Rc<str>),
}

impl SetValue {
    /// The characters that replace the symbol. A number loses its sign.
    pub fn append_to(&self, text: &mut String) {
        match self {
            SetValue::Number(n) => text.push_str(&n.unsigned_abs().to_string()),
            SetValue::Bit(b) => text.push(if *b { '1' } else { '0' }),
            SetValue::Text(t) => text.push_str(t),
        }
    }

    pub fn text(&self) -> Rc<str> {
        match self {
            SetValue::Text(t) => t.clone(),
            _ => {
                let mut text = String::new();
                self.append_to(&mut text);
                Rc::from(text)
            }
        }
    }
}

/// A SET symbol: one value, or an array that grows as far as it is used.
#[derive(Clone, Debug)]
pub(crate) struct SetSymbol {
    pub kind: SetKind,
    /// Declared dimension of an array.
    pub dimension: Option<u32>,
    values: Vec<SetValue>,
}

impl SetSymbol {
    pub fn new(kind: SetKind, dimension: Option<u32>) -> SetSymbol {
        SetSymbol { kind, dimension, values: Vec::new() }
    }

    fn initial(&self) -> SetValue {
        match self.kind {
            SetKind::Arithmetic => SetValue::Number(0),
            SetKind::Binary => SetValue::Bit(false),
            SetKind::Character => SetValue::Text(Rc::from("")),
        }
    }

    /// The place of an element, or what is wrong with the subscript.
    fn place(&self, subscript: Option<i32>) -> Result<usize, String> {
        match (self.dimension, subscript) {
            (None, None) => Ok(0),
            (None, Some(_)) => Err("the variable symbol has no dimension".into()),
            (Some(_), None) => Err("the variable symbol needs a subscript".into()),
            (Some(limit), Some(n)) if n >= 1 && n as u32 <= limit => Ok(n as usize - 1),
            (Some(limit), Some(n)) => Err(format!("the subscript must be from 1 to {limit}, not {n}")),
        }
    }

    pub fn get(&self, subscript: Option<i32>) -> Result<SetValue, String> {
        let place = self.place(subscript)?;
        Ok(self.values.get(place).cloned().unwrap_or_else(|| self.initial()))
    }

    pub fn set(&mut self, subscript: Option<i32>, value: SetValue) -> Result<(), String> {
        let place = self.place(subscript)?;
        if place >= self.values.len() {
            let initial = self.initial();
            self.values.resize(place + 1, initial);
        }
        self.values[place] = value;
        Ok(())
    }
}

/// Where the SET symbol of a name lives.
#[derive(Clone, Debug)]
pub(crate) enum Slot {
    Local(SetSymbol),
    /// Number in [`Globals`].
    Global(usize),
}

/// The global SET symbols of an assembly.
#[derive(Debug, Default)]
pub(crate) struct Globals {
    index: HashMap<Rc<str>, usize>,
    pub table: Vec<SetSymbol>,
}

impl Globals {
    /// The global symbol of this name, made on its first declaration.
    pub fn declare(&mut self, name: &Rc<str>, kind: SetKind, dimension: Option<u32>) -> Result<usize, String> {
        if let Some(&n) = self.index.get(name) {
            let other = &self.table[n];
            if other.kind != kind || other.dimension.is_some() != dimension.is_some() {
                return Err(format!("the global symbol &{name} was declared differently elsewhere"));
            }
            self.table[n].dimension = other.dimension.max(dimension);
            return Ok(n);
        }
        self.index.insert(name.clone(), self.table.len());
        self.table.push(SetSymbol::new(kind, dimension));
        Ok(self.table.len() - 1)
    }
}

/// Splits at the commas that are outside of parentheses and strings.
pub(crate) fn split(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    loop {
        let end = crate::pass1::top_comma(text, start);
        parts.push(&text[start..end]);
        if end >= text.len() {
            return parts;
        }
        start = end + 1;
    }
}

/// The entries of a sublist, or `None` when the text is not one.
pub(crate) fn sublist(text: &str) -> Option<Vec<&str>> {
    let inner = text.strip_prefix('(')?.strip_suffix(')')?;
    let whole = crate::constant::closing(text, 0) == Ok(text.len() - 1);
    whole.then(|| split(inner))
}

/// The entry that `subscripts` select, level by level. What is not a sublist has itself as its only entry.
pub(crate) fn entry<'t>(text: &'t str, subscripts: &[i32]) -> &'t str {
    let mut text = text;
    for &n in subscripts {
        text = match (sublist(text), usize::try_from(n)) {
            (Some(entries), Ok(n)) if n >= 1 => entries.get(n - 1).copied().unwrap_or(""),
            (None, Ok(1)) => text,
            _ => "",
        };
    }
    text
}

/// Number of entries: the number attribute.
pub(crate) fn entries(text: &str) -> usize {
    if text.is_empty() { 0 } else { sublist(text).map_or(1, |entries| entries.len()) }
}
