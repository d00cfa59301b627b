//! The instructions of conditional assembly: declarations, SETx, branches, MNOTE.

use std::rc::Rc;

use crate::assembler::Assembler;
use crate::conditional::Evaluator;
use crate::diagnostic::{Fault, Parsed, Severity};
use crate::generator::Flow;
use crate::operation::Conditional;
use crate::statement::Statement;
use crate::variable::{SetKind, SetSymbol, SetValue, Slot, split};

impl Assembler<'_> {
    pub fn conditional(&mut self, conditional: Conditional, statement: &Statement) -> Parsed<Flow> {
        let operand = statement.operand.as_str();
        match conditional {
            Conditional::Anop | Conditional::Macro => Ok(Flow::Next),
            Conditional::Mexit | Conditional::Mend if self.frames.is_empty() => {
                Err(Fault::error(0, format!("{} stands outside of a macro", statement.operation)))
            }
            Conditional::Mexit | Conditional::Mend => Ok(Flow::Exit),
            Conditional::Actr => {
                let mut evaluator = Evaluator::new(self, operand, 0);
                let count = evaluator.arithmetic()?;
                evaluator.finish()?;
                self.frame_mut().branches = i64::from(count);
                Ok(Flow::Next)
            }
            Conditional::Ago => self.ago(operand),
            Conditional::Aif => self.aif(operand),
            Conditional::Mnote => self.note(operand),
            Conditional::Global(kind) => self.declare(operand, kind, true),
            Conditional::Local(kind) => self.declare(operand, kind, false),
            Conditional::Set(kind) => self.set(statement, kind),
        }
    }

    fn sequence_symbol(text: &str, at: usize) -> Parsed<(Rc<str>, usize)> {
        let rest = &text[at..];
        let end = rest.find([',', ' ']).map_or(text.len(), |n| at + n);
        if rest.len() < 2 || !rest.starts_with('.') {
            return Err(Fault::error(at, "expected a sequence symbol"));
        }
        Ok((Rc::from(&text[at..end]), end))
    }

    /// AGO, also with a number that selects one of several symbols.
    fn ago(&self, operand: &str) -> Parsed<Flow> {
        if !operand.starts_with('(') {
            let (name, end) = Self::sequence_symbol(operand, 0)?;
            return if end == operand.len() {
                Ok(Flow::Branch(name))
            } else {
                Err(Fault::error(end, "AGO without a number has one operand"))
            };
        }
        let mut evaluator = Evaluator::new(self, operand, 1);
        let selected = evaluator.arithmetic()?;
        evaluator.expect(b')', "after the number")?;
        let mut at = evaluator.at;
        let mut count = 1;
        loop {
            let (name, end) = Self::sequence_symbol(operand, at)?;
            if count == selected {
                return Ok(Flow::Branch(name));
            }
            if end >= operand.len() {
                return Ok(Flow::Next);
            }
            at = end + 1;
            count += 1;
        }
    }

    fn aif(&self, operand: &str) -> Parsed<Flow> {
        let mut at = 0;
        loop {
            let mut evaluator = Evaluator::new(self, operand, at);
            if evaluator.peek() != Some(b'(') {
                return Err(evaluator.unexpected("a logical expression in parentheses"));
            }
            evaluator.at += 1;
            let holds = evaluator.logical()?;
            while evaluator.eat(b' ') {}
            evaluator.expect(b')', "after the logical expression")?;
            let (name, end) = Self::sequence_symbol(operand, evaluator.at)?;
            if holds {
                return Ok(Flow::Branch(name));
            }
            if end >= operand.len() {
                return Ok(Flow::Next);
            }
            at = end + 1;
        }
    }

    /// The message that MNOTE asks for. Without severity it is a comment; a comma alone stands for severity 1.
    fn note(&self, operand: &str) -> Parsed<Flow> {
        let (severity, at) = match operand.as_bytes().first() {
            Some(b'*') if operand.starts_with("*,") => (None, 2),
            Some(b',') => (Some(1), 1),
            Some(b'\'') => (None, 0),
            _ => {
                let mut evaluator = Evaluator::new(self, operand, 0);
                let severity = evaluator.arithmetic()?;
                evaluator.expect(b',', "and the message")?;
                (Some(severity), evaluator.at)
            }
        };
        let severity = severity.map(u8::try_from).transpose();
        let severity = severity.map_err(|_| Fault::error(0, "the severity must be from 0 to 255"))?;
        let mut evaluator = Evaluator::new(self, operand, at);
        let message = evaluator.string()?.replace("&&", "&");
        evaluator.finish()?;
        Ok(Flow::Note(severity.map(Severity), message))
    }

    pub fn list_note(
        &mut self,
        mut statement: Statement,
        faults: Vec<Fault>,
        severity: Option<Severity>,
        message: String,
    ) {
        statement.comment = true;
        statement.name = match severity {
            Some(severity) => format!("{},{message}", severity.0),
            None => format!("*,{message}"),
        };
        let index = self.list(statement, faults);
        if let Some(severity) = severity {
            self.report(index, Fault { at: 0, severity, message });
        }
    }

    fn declare(&mut self, operand: &str, kind: SetKind, global: bool) -> Parsed<Flow> {
        let mut at = 0;
        for part in split(operand) {
            let start = at;
            at += part.len() + 1;
            let wrong = |message: String| Fault::error(start, message);
            let (name, dimension) = match part.split_once('(') {
                Some((name, rest)) => {
                    let number = rest.strip_suffix(')').and_then(|n| n.parse::<u32>().ok());
                    let valid = number.filter(|n| (1..=32767).contains(n));
                    let message = || wrong("the dimension must be a number from 1 to 32767".into());
                    (name, Some(valid.ok_or_else(message)?))
                }
                None => (part, None),
            };
            let name = name.strip_prefix('&').unwrap_or(name);
            let bytes = name.as_bytes();
            let valid = bytes.first().is_some_and(|&c| crate::statement::is_symbol_start(c))
                && bytes.iter().all(|&c| crate::statement::is_symbol_char(c));
            if !valid {
                return Err(wrong(format!("{part} is not a variable symbol")));
            }
            let name: Rc<str> = Rc::from(name);
            let frame = self.frame();
            let parameter = frame.definition.as_ref().is_some_and(|definition| {
                definition.label.as_ref() == Some(&name) || definition.parameters.iter().any(|p| p.name == name)
            });
            if parameter || frame.variables.iter().any(|(other, _)| *other == name) {
                return Err(wrong(format!("the variable symbol &{name} is already declared")));
            }
            let slot = if global {
                Slot::Global(self.globals.declare(&name, kind, dimension).map_err(wrong)?)
            } else {
                Slot::Local(SetSymbol::new(kind, dimension))
            };
            self.frame_mut().variables.push((name, slot));
        }
        Ok(Flow::Next)
    }

    /// SETA, SETB, SETC.
    fn set(&mut self, statement: &Statement, kind: SetKind) -> Parsed<Flow> {
        let (name, subscript) = self.set_target(&statement.name)?;
        let mut evaluator = Evaluator::new(self, &statement.operand, 0);
        let value = match kind {
            SetKind::Arithmetic => SetValue::Number(evaluator.arithmetic()?),
            SetKind::Binary => SetValue::Bit(evaluator.logical()?),
            SetKind::Character => SetValue::Text(evaluator.character()?),
        };
        evaluator.finish()?;
        let frame = self.frames.last_mut().unwrap_or(&mut self.open_code);
        let slot = frame.variables.iter_mut().find(|(other, _)| *other == name);
        let symbol = match slot {
            Some((_, Slot::Local(symbol))) => symbol,
            Some((_, Slot::Global(n))) => &mut self.globals.table[*n],
            None => return Err(Fault::name(format!("the SET symbol &{name} is not declared"))),
        };
        if symbol.kind != kind {
            let text = format!("&{name} is a SET{} symbol", symbol.kind.letter());
            return Err(Fault::error(0, text));
        }
        symbol.set(subscript, value).map_err(|message| Fault::error(0, format!("&{name}: {message}")))?;
        Ok(Flow::Next)
    }

    /// Name and subscript of the SET symbol in a name field.
    fn set_target(&self, text: &str) -> Parsed<(Rc<str>, Option<i32>)> {
        let wrong = || Fault::name("expected a SET symbol in the name field");
        let rest = text.strip_prefix('&').ok_or_else(wrong)?;
        match rest.split_once('(') {
            None => Ok((Rc::from(rest), None)),
            Some((name, _)) => {
                let mut evaluator = Evaluator::new(self, text, name.len() + 2);
                let subscript = evaluator.arithmetic()?;
                evaluator.expect(b')', "after the subscript")?;
                evaluator.finish()?;
                Ok((Rc::from(name), Some(subscript)))
            }
        }
    }
}
