//! Reading macro definitions, and beginning expansions.

use std::rc::Rc;

use crate::assembler::Assembler;
use crate::diagnostic::{Fault, Severity};
use crate::generator::Raw;
use crate::macros::{Arguments, Chain, Frame, Macro};
use crate::operation::Operation;
use crate::source::Source;
use crate::statement::{Reader, Statement};
use crate::symbol::Kind;
use crate::variable::split;

/// What is wrong with a macro definition, statement by statement.
type Problems = Vec<(Statement, Fault)>;

impl Assembler<'_> {
    /// The macro that an operation names; the library is searched when nothing else has the name.
    pub fn macro_definition(&mut self, operation: &str) -> Option<Rc<Macro>> {
        match self.operations.get(operation) {
            Some(Operation::Macro(definition)) => return Some(definition),
            Some(_) => return None,
            None if operation.is_empty() || operation.len() > 8 || !self.absent.insert(operation.to_string()) => {
                return None;
            }
            None => {}
        }
        let member = self.library.member(operation)?;
        self.define_from_library(operation, &member);
        match self.operations.get(operation) {
            Some(Operation::Macro(definition)) => Some(definition),
            _ => None,
        }
    }

    /// Reads the definitions in a library member.
    fn define_from_library(&mut self, name: &str, member: &Source) {
        let mut readers = vec![Reader::of_member(self.files.add(member))];
        while let Some((statement, _)) = self.next_of(&mut readers) {
            if statement.comment {
                continue;
            }
            if statement.operation != "MACRO" {
                let text = format!("the library member {name} does not begin with MACRO");
                self.list(statement, vec![Fault::error(0, text)]);
                return;
            }
            let problems = self.definition(&mut readers);
            self.list_problems(problems);
            if self.operations.get(name).is_some() {
                return;
            }
        }
    }

    fn list_problems(&mut self, problems: Problems) {
        for (statement, fault) in problems {
            self.list(statement, vec![fault]);
        }
    }

    /// The next statement from a stack of readers; COPY is followed by the caller.
    fn next_of(&self, readers: &mut Vec<Reader>) -> Option<Raw> {
        loop {
            let next = readers.last_mut()?.next(&self.files, self.input.margins, self.options.fold_case);
            if next.is_some() {
                return next;
            }
            readers.pop();
        }
    }

    /// MACRO: the definition up to MEND.
    pub fn define_macro(&mut self, header: Statement, faults: Vec<Fault>) {
        if !self.frames.is_empty() {
            let problems = self.inner_definition();
            self.list_problems(problems);
            return;
        }
        let open = self.input.open.last().cloned();
        self.list(header, faults);
        let mut readers = std::mem::take(&mut self.input.open);
        let problems = self.definition(&mut readers);
        self.input.open = readers;
        if let Some(open) = open {
            self.list_definition(open);
        }
        self.list_problems(problems);
    }

    /// Lists the records of a definition in open code.
    fn list_definition(&mut self, mut reader: Reader) {
        let end = self.input.open.last().filter(|open| open.file == reader.file).map_or(0, |open| open.line);
        while reader.line < end {
            let Some((statement, _)) = reader.next(&self.files, self.input.margins, self.options.fold_case) else {
                break;
            };
            self.push_line(statement);
        }
    }

    /// Reads prototype and body from `readers` and puts the macro into effect, unless something is wrong with it.
    fn definition(&mut self, readers: &mut Vec<Reader>) -> Problems {
        let mut problems = Problems::new();
        let prototype = loop {
            match self.next_of(readers) {
                Some((statement, _)) if statement.comment => {}
                Some((statement, faults)) => {
                    problems.extend(faults.into_iter().map(|fault| (statement.clone(), fault)));
                    break statement;
                }
                None => {
                    return vec![(Statement::default(), Fault::error(0, "MACRO is the last statement of its source"))];
                }
            }
        };
        let level = readers.len();
        let mut body = Vec::new();
        let mut depth = 0;
        loop {
            let next = self.next_of(readers).filter(|_| readers.len() >= level);
            let Some((statement, faults)) = next else {
                problems.push((prototype, Fault::error(0, "the macro definition has no MEND")));
                return problems;
            };
            problems.extend(faults.into_iter().map(|fault| (statement.clone(), fault)));
            if statement.operation == "COPY" && !statement.comment {
                match self.copy_member(&statement.operand, readers.len()) {
                    Ok(reader) => readers.push(reader),
                    Err(fault) => problems.push((statement, fault)),
                }
            } else if body_statement(&mut body, &mut depth, statement) {
                break;
            }
        }
        if problems.is_empty() { self.finish_definition(prototype, body) } else { problems }
    }

    fn finish_definition(&mut self, prototype: Statement, body: Vec<Statement>) -> Problems {
        match Macro::new(&prototype, body) {
            Ok(definition) => {
                let name = definition.name.to_string();
                self.operations.set(&name, Operation::Macro(Rc::new(definition)));
                Problems::new()
            }
            Err(fault) => vec![(prototype, fault)],
        }
    }

    /// A definition within an expansion.
    fn inner_definition(&mut self) -> Problems {
        let lost = || vec![(Statement::default(), Fault::error(0, "the inner macro definition has no MEND"))];
        let Some((mut prototype, _)) = self.read() else { return lost() };
        if let Err(fault) = self.substitute_head(&mut prototype) {
            return vec![(prototype, fault)];
        }
        let mut body = Vec::new();
        let mut depth = 0;
        loop {
            let Some((statement, _)) = self.read() else { return lost() };
            if body_statement(&mut body, &mut depth, statement) {
                return self.finish_definition(prototype, body);
            }
        }
    }

    /// Begins the expansion of a macro.
    pub fn call(&mut self, definition: Rc<Macro>, mut statement: Statement, raw: &str, mut faults: Vec<Fault>) {
        let mut operands = Vec::new();
        let mut at = 0;
        if !raw.is_empty() {
            // Operands are separated before substitution: a comma in a value does not separate.
            for part in split(raw) {
                match self.substitute(part) {
                    Ok(value) => operands.push(value.map_or_else(|| Rc::from(part), Rc::from)),
                    Err(fault) => faults.push(fault.shifted(at)),
                }
                at += part.len() + 1;
            }
        }
        if !faults.iter().any(|fault| fault.severity >= Severity::ERROR) && raw.contains('&') {
            statement.operand = operands.join(",");
        }
        let label: Rc<str> =
            if statement.name.starts_with('.') { Rc::from("") } else { Rc::from(statement.name.as_str()) };
        let (arguments, wrong) = Arguments::matched(&definition, label, operands);
        faults.extend(wrong.into_iter().map(|(_, message)| Fault::error(0, message)));
        let depth = self.frames.len();
        let chain = Chain {
            name: definition.name.clone(),
            file: statement.file,
            line: statement.line,
            outer: self.frame().chain.clone(),
        };
        if depth >= self.options.nesting_limit as usize {
            faults.push(Fault::error(0, format!("macro calls nest more than {depth} deep")));
        }
        // Inner calls are not listed unless they are wrong.
        let failed = faults.iter().any(|fault| fault.severity >= Severity::ERROR);
        if depth == 0 || !faults.is_empty() {
            self.list(statement, faults);
        }
        if failed {
            return;
        }
        self.input.calls += 1;
        let section = self.current.map(|id| self.sections.get(id));
        let section =
            section.filter(|s| !matches!(s.kind, Kind::External | Kind::Weak)).map_or(Rc::from(""), |s| s.name.clone());
        self.frames.push(Frame {
            definition: Some(definition),
            next: 0,
            arguments,
            variables: Vec::new(),
            branches: i64::from(self.options.branch_limit),
            number: Rc::from(format!("{:04}", self.input.calls)),
            section,
            chain: Some(Rc::new(chain)),
        });
    }
}

/// Takes a statement into a macro's body; returns whether it was its MEND.
fn body_statement(body: &mut Vec<Statement>, depth: &mut i32, statement: Statement) -> bool {
    if statement.comment {
        if !statement.name.starts_with('.') {
            body.push(statement);
        }
        return false;
    }
    let end = statement.operation == "MEND" && *depth == 0;
    match statement.operation.as_str() {
        "MACRO" => *depth += 1,
        "MEND" => *depth -= 1,
        _ => {}
    }
    // A sequence symbol on MEND is a place to go to.
    body.push(statement);
    end
}
