//! The value of an expression: a number, and the sections it moves with.

use crate::symbol::SectionId;

/// A number and its relocation terms: how often each section's address is added.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(crate) struct Value {
    pub number: i32,
    /// Sections with their non-zero multiplicities, in order of first appearance.
    pub terms: Vec<(SectionId, i32)>,
}

impl Value {
    pub const fn absolute(number: i32) -> Value {
        Value { number, terms: Vec::new() }
    }

    pub fn relocatable(number: i32, section: SectionId) -> Value {
        Value { number, terms: vec![(section, 1)] }
    }

    pub fn is_absolute(&self) -> bool {
        self.terms.is_empty()
    }

    /// The section of a simply relocatable value.
    pub fn section(&self) -> Option<SectionId> {
        match self.terms[..] {
            [(section, 1)] => Some(section),
            _ => None,
        }
    }

    /// Sum, or difference with `sign` -1; `None` when the number overflows 32 bits.
    pub fn add(mut self, other: &Value, sign: i32) -> Option<Value> {
        self.number =
            if sign < 0 { self.number.checked_sub(other.number)? } else { self.number.checked_add(other.number)? };
        for &(section, times) in &other.terms {
            match self.terms.iter_mut().find(|term| term.0 == section) {
                Some(term) => term.1 += sign * times,
                None => self.terms.push((section, sign * times)),
            }
        }
        self.terms.retain(|term| term.1 != 0);
        Some(self)
    }
}
