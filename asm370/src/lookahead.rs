//! Attributes of ordinary symbols for conditional assembly, found ahead of their definition if need be.

use std::collections::HashMap;

use crate::assembler::Assembler;
use crate::constant::{Constant, shape};
use crate::expression::{Scope, self_defining};
use crate::operation::{Directive, Operation};
use crate::source::Files;
use crate::statement::{Reader, Statement, is_symbol_char, is_symbol_start};
use crate::symbol::Attributes;
use crate::value::Value;

/// Statements further on in open code, by the symbol in their name field.
#[derive(Debug, Default)]
pub(crate) struct Ahead(HashMap<String, Statement>);

impl Ahead {
    /// Notes the names that a statement defines.
    fn note(&mut self, statement: Statement) {
        if matches!(statement.operation.as_str(), "EXTRN" | "WXTRN") {
            for name in statement.operand.split(',') {
                self.0.entry(name.to_string()).or_insert_with(|| statement.clone());
            }
        } else if !statement.name.is_empty() && !statement.name.starts_with(['.', '&']) {
            self.0.entry(statement.name.clone()).or_insert(statement);
        }
    }
}

impl Assembler<'_> {
    /// The type attribute of a macro operand.
    pub fn type_attribute(&self, text: &str) -> u8 {
        let bytes = text.as_bytes();
        match bytes.first() {
            None => b'O',
            Some(c) if c.is_ascii_digit() => {
                if bytes.iter().all(u8::is_ascii_digit) {
                    b'N'
                } else {
                    b'U'
                }
            }
            Some(b'X' | b'B' | b'C') if bytes.get(1) == Some(&b'\'') => {
                let number = self_defining(text, 0).is_ok_and(|(_, end)| end == text.len());
                if number { b'N' } else { b'U' }
            }
            Some(_) => self.attributes(text).map_or(b'U', |attributes| attributes.kind),
        }
    }

    /// The attributes of a symbol, defined so far or later in open code.
    pub fn attributes(&self, name: &str) -> Option<Attributes> {
        let bytes = name.as_bytes();
        if bytes.len() > 8
            || !bytes.first().is_some_and(|&c| is_symbol_start(c))
            || !bytes.iter().all(|&c| is_symbol_char(c))
        {
            return None;
        }
        if let Some(symbol) = self.symbols.defined(name) {
            return Some(Attributes {
                length: symbol.length,
                kind: symbol.kind,
                scale: symbol.scale,
                integer: symbol.integer,
            });
        }
        let ahead = self.ahead.get_or_init(|| self.look_ahead());
        ahead.0.get(name).map(|statement| self.prospective(statement))
    }

    /// Reads on to the end of open code, COPY members included, noting names.
    fn look_ahead(&self) -> Ahead {
        let mut ahead = Ahead::default();
        let mut copied = Files::default();
        // Readers of the sources of the assembly, and of members that only this scan has read.
        let mut readers: Vec<(bool, Reader)> = self.input.open.iter().map(|reader| (false, reader.clone())).collect();
        let mut depth = 0;
        while let Some((own, reader)) = readers.last_mut() {
            let files = if *own { &copied } else { &self.files };
            let Some((statement, _)) = reader.next(files, self.input.margins, self.options.fold_case) else {
                readers.pop();
                continue;
            };
            match statement.operation.as_str() {
                _ if statement.comment => {}
                "MACRO" => depth += 1,
                "MEND" => depth -= 1,
                "COPY" if depth <= 0 && readers.len() <= self.options.nesting_limit as usize => {
                    if let Some(member) = self.library.member(&statement.operand) {
                        readers.push((true, Reader::of_member(copied.add(&member))));
                    }
                }
                _ if depth <= 0 => ahead.note(statement),
                _ => {}
            }
        }
        ahead
    }

    /// The attributes that a statement will give to its name, as far as they can be told beforehand.
    fn prospective(&self, statement: &Statement) -> Attributes {
        match self.operations.get(&statement.operation) {
            Some(Operation::Machine { row, .. }) => Attributes::new(b'I', crate::machine::length(row)),
            Some(Operation::Macro(_)) => Attributes::new(b'M', 1),
            Some(Operation::Directive(directive)) => match directive {
                Directive::Dc | Directive::Ds => self.prospective_data(statement),
                Directive::Ccw => Attributes::new(b'W', 8),
                Directive::Csect | Directive::Dsect | Directive::Start | Directive::Com => Attributes::new(b'J', 1),
                Directive::Cnop => Attributes::new(b'I', 1),
                Directive::Extrn => Attributes::new(b'T', 1),
                Directive::Wxtrn => Attributes::new(b'$', 1),
                _ => Attributes::new(b'U', 1),
            },
            None if self.library.member(&statement.operation).is_some() => Attributes::new(b'M', 1),
            _ => Attributes::new(b'U', 1),
        }
    }

    fn prospective_data(&self, statement: &Statement) -> Attributes {
        let operand = &statement.operand;
        let mut scope = Scope::new(&self.symbols, &self.sections, Value::default());
        let constant = shape(operand, 0).and_then(|shape| Constant::evaluate(operand, shape, &mut scope, true));
        match constant {
            Ok(constant) => constant.attributes(operand),
            Err(_) => Attributes::new(b'U', 1),
        }
    }
}
