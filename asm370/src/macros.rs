//! Macro definitions and calls.

use std::collections::HashMap;
use std::rc::Rc;

use crate::diagnostic::{Fault, Parsed};
use crate::source::FileId;
use crate::statement::{Statement, is_symbol_char, is_symbol_start};
use crate::variable::{Slot, split};

/// A symbolic parameter of a prototype.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Parameter {
    /// Without the ampersand.
    pub name: Rc<str>,
    /// The standard value of a keyword parameter; `None` for a positional one.
    pub keyword: Option<Rc<str>>,
}

/// A macro definition.
#[derive(Debug)]
pub(crate) struct Macro {
    pub name: Rc<str>,
    /// Parameter in the name field of the prototype.
    pub label: Option<Rc<str>>,
    pub parameters: Vec<Parameter>,
    pub body: Vec<Statement>,
    /// Body statements by sequence symbol.
    pub sequence: HashMap<Rc<str>, usize>,
}

fn parameter_name(text: &str) -> Option<Rc<str>> {
    let name = text.strip_prefix('&')?.as_bytes();
    let valid = name.first().is_some_and(|&c| is_symbol_start(c)) && name.iter().all(|&c| is_symbol_char(c));
    (valid && name.len() <= 8).then(|| Rc::from(&text[1..]))
}

impl Macro {
    /// A definition from its prototype and the statements up to MEND.
    pub fn new(prototype: &Statement, body: Vec<Statement>) -> Parsed<Macro> {
        let mut label = None;
        if !prototype.name.is_empty() && !prototype.name.starts_with('.') {
            let wrong = || Fault::error(0, "the name field of the prototype must be empty or a symbolic parameter");
            label = Some(parameter_name(&prototype.name).ok_or_else(wrong)?);
        }
        let mut parameters: Vec<Parameter> = Vec::new();
        let mut at = 0;
        for part in split(&prototype.operand) {
            let start = at;
            at += part.len() + 1;
            if part.is_empty() {
                continue;
            }
            let (name, keyword) = match part.split_once('=') {
                Some((name, value)) => (name, Some(Rc::from(value))),
                None => (part, None),
            };
            let wrong = || Fault::error(start, format!("{name} is not a symbolic parameter"));
            let name = parameter_name(name).ok_or_else(wrong)?;
            if label.as_ref() == Some(&name) || parameters.iter().any(|other| other.name == name) {
                return Err(Fault::error(start, format!("the symbolic parameter &{name} appears twice")));
            }
            parameters.push(Parameter { name, keyword });
        }
        let mut sequence = HashMap::new();
        for (n, statement) in body.iter().enumerate() {
            if statement.name.starts_with('.') && !statement.comment {
                sequence.entry(Rc::from(statement.name.as_str())).or_insert(n);
            }
        }
        let name = Rc::from(prototype.operation.as_str());
        Ok(Macro { name, label, parameters, body, sequence })
    }
}

/// The values a macro call gives to the parameters.
#[derive(Clone, Debug, Default)]
pub(crate) struct Arguments {
    /// The name field of the call.
    pub label: Rc<str>,
    /// One for each parameter.
    pub values: Vec<Rc<str>>,
    /// All positional operands.
    pub positional: Vec<Rc<str>>,
}

impl Arguments {
    /// Matches operands with parameters. `Err` names an operand number and what is wrong with it; the others count.
    pub fn matched(definition: &Macro, label: Rc<str>, operands: Vec<Rc<str>>) -> (Arguments, Vec<(usize, String)>) {
        let mut wrong = Vec::new();
        let mut values: Vec<Rc<str>> =
            definition.parameters.iter().map(|p| p.keyword.clone().unwrap_or_else(|| Rc::from(""))).collect();
        let mut given = vec![false; values.len()];
        let mut positional = Vec::new();
        for (n, operand) in operands.into_iter().enumerate() {
            let Some((keyword, value)) = keyword(&operand) else {
                positional.push(operand);
                continue;
            };
            let place = definition.parameters.iter().position(|p| p.keyword.is_some() && *p.name == *keyword);
            match place {
                None => wrong.push((n, format!("{} has no keyword parameter {keyword}", definition.name))),
                Some(place) if given[place] => wrong.push((n, format!("the keyword {keyword} appears twice"))),
                Some(place) => {
                    given[place] = true;
                    values[place] = Rc::from(value);
                }
            }
        }
        let places = definition.parameters.iter().enumerate().filter(|(_, p)| p.keyword.is_none());
        for ((place, _), value) in places.zip(&positional) {
            values[place] = value.clone();
        }
        (Arguments { label, values, positional }, wrong)
    }
}

/// `KEYWORD=value`.
fn keyword(operand: &str) -> Option<(&str, &str)> {
    let (name, value) = operand.split_once('=')?;
    let bytes = name.as_bytes();
    let valid = bytes.first().is_some_and(|&c| is_symbol_start(c)) && bytes.iter().all(|&c| is_symbol_char(c));
    valid.then_some((name, value))
}

/// A macro call in a chain of calls.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Chain {
    pub name: Rc<str>,
    pub file: FileId,
    pub line: u32,
    pub outer: Option<Rc<Chain>>,
}

/// The state of a macro's expansion; the outermost one is that of open code.
#[derive(Debug, Default)]
pub(crate) struct Frame {
    /// `None` for open code.
    pub definition: Option<Rc<Macro>>,
    /// The next statement of the body.
    pub next: usize,
    pub arguments: Arguments,
    pub variables: Vec<(Rc<str>, Slot)>,
    /// Branches that ACTR still allows.
    pub branches: i64,
    /// `&SYSNDX`.
    pub number: Rc<str>,
    /// `&SYSECT`.
    pub section: Rc<str>,
    pub chain: Option<Rc<Chain>>,
}
