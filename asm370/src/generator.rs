//! The stream of statements: sources, COPY members, macro definitions and expansions, conditional assembly.

use std::collections::HashMap;
use std::rc::Rc;

use crate::assembler::Assembler;
use crate::diagnostic::{Fault, Parsed, Severity};
use crate::macros::Frame;
use crate::operation::{Conditional, Directive, Operation};
use crate::source::FileId;
use crate::statement::{Margins, Reader, Statement};

/// Where statements come from.
#[derive(Debug)]
pub(crate) struct Input {
    /// The source and the COPY members within it, innermost last.
    pub open: Vec<Reader>,
    pub margins: Margins,
    /// Sequence symbols of open code that have been passed, with the place behind them.
    sequence: HashMap<Rc<str>, Vec<Reader>>,
    /// Columns checked by ISEQ, and their content in the last record.
    pub checked: Option<(usize, usize, String)>,
    /// Macro calls so far: the next `&SYSNDX`.
    pub calls: u32,
    /// Statements read so far.
    count: u64,
}

impl Input {
    pub fn new(margins: Margins) -> Input {
        Input { open: Vec::new(), margins, sequence: HashMap::new(), checked: None, calls: 0, count: 0 }
    }
}

/// Steps of conditional assembly for each statement that may be listed.
const STEPS: u64 = 32;

/// What comes after a statement of conditional assembly.
pub(crate) enum Flow {
    Next,
    /// Go on at this sequence symbol.
    Branch(Rc<str>),
    /// Leave the macro.
    Exit,
    /// A message, with its severity unless it is a mere comment.
    Note(Option<Severity>, String),
}

/// A statement with what its records had wrong.
pub(crate) type Raw = (Statement, Vec<Fault>);

impl Assembler<'_> {
    /// The innermost expansion, or open code.
    pub fn frame(&self) -> &Frame {
        self.frames.last().unwrap_or(&self.open_code)
    }

    pub fn frame_mut(&mut self) -> &mut Frame {
        self.frames.last_mut().unwrap_or(&mut self.open_code)
    }

    /// Reads and generates statements until END.
    pub fn process(&mut self, file: FileId) {
        self.input.open.push(Reader::new(file));
        self.open_code.branches = i64::from(self.options.branch_limit);
        while !self.ended {
            let Some((statement, faults)) = self.read() else {
                if self.frames.pop().is_none() {
                    return;
                }
                continue;
            };
            self.input.count += 1;
            let limit = self.options.statement_limit;
            if self.lines.len() > limit as usize || self.input.count / STEPS > u64::from(limit) {
                self.abandon(statement, format!("more than {} statements", self.options.statement_limit));
                return;
            }
            self.step(statement, faults);
        }
    }

    /// Ends the assembly early.
    fn abandon(&mut self, statement: Statement, reason: String) {
        let fault =
            Fault { at: 0, severity: Severity::SEVERE, message: format!("{reason}: the assembly is abandoned") };
        self.frames.clear();
        self.list(statement, vec![fault]);
        self.input.open.clear();
    }

    /// The next statement of the innermost expansion, or of open code.
    pub fn read(&mut self) -> Option<Raw> {
        let Some(frame) = self.frames.last_mut() else { return self.read_open() };
        let definition = frame.definition.as_ref()?;
        let statement = definition.body.get(frame.next)?.clone();
        frame.next += 1;
        Some((statement, Vec::new()))
    }

    fn read_open(&mut self) -> Option<Raw> {
        loop {
            let reader = self.input.open.last_mut()?;
            let next = reader.next(&self.files, self.input.margins, self.options.fold_case);
            if let Some((statement, mut faults)) = next {
                if statement.name.starts_with('.') && !statement.comment {
                    let name = Rc::from(statement.name.as_str());
                    if !self.input.sequence.contains_key(&name) {
                        let mut place = self.input.open.clone();
                        if let Some(last) = place.last_mut() {
                            last.line = statement.line;
                        }
                        self.input.sequence.insert(name, place);
                    }
                }
                self.check_sequence(&statement, &mut faults);
                return Some((statement, faults));
            }
            self.input.open.pop();
        }
    }

    /// ISEQ: the records of the source must ascend in the columns given.
    fn check_sequence(&mut self, statement: &Statement, faults: &mut Vec<Fault>) {
        if self.input.open.len() != 1 {
            return;
        }
        let Some((left, right, last)) = &mut self.input.checked else { return };
        for line in statement.line..statement.line + statement.records {
            let record = self.files.record(statement.file, line).unwrap_or("");
            let field: String = record.chars().skip(*left - 1).take(*right + 1 - *left).collect();
            if field.trim().is_empty() {
                continue;
            }
            if !last.is_empty() && field <= *last {
                faults.push(Fault::warning(
                    0,
                    format!("the record is out of sequence: {field:?} does not follow {last:?}"),
                ));
            }
            *last = field;
        }
    }

    /// Takes a statement that is only listed.
    pub fn list(&mut self, statement: Statement, faults: Vec<Fault>) -> usize {
        let index = self.push_line(statement);
        for fault in faults {
            self.report(index, fault);
        }
        index
    }

    /// Deals with one statement.
    fn step(&mut self, statement: Statement, faults: Vec<Fault>) {
        if statement.comment {
            if !statement.name.starts_with('.') || self.frames.is_empty() {
                self.list(statement, faults);
            }
            return;
        }
        match self.operations.get(&statement.operation) {
            Some(Operation::Conditional(conditional)) => {
                self.step_conditional(conditional, statement, faults);
            }
            _ => self.step_model(statement, faults),
        }
    }

    /// A statement of conditional assembly: listed in open code, silent in a macro unless it is wrong.
    fn step_conditional(&mut self, conditional: Conditional, statement: Statement, mut faults: Vec<Fault>) {
        if matches!(conditional, Conditional::Macro) {
            self.define_macro(statement, faults);
            return;
        }
        let flow = match self.conditional(conditional, &statement) {
            Ok(Flow::Note(severity, message)) => {
                self.list_note(statement, faults, severity, message);
                return;
            }
            Ok(flow) => flow,
            Err(fault) => {
                faults.push(fault);
                Flow::Next
            }
        };
        let mut line = None;
        if !faults.is_empty() || self.frames.is_empty() {
            line = Some(self.list(statement.clone(), faults));
        }
        match flow {
            Flow::Next | Flow::Note(..) => {}
            Flow::Exit => {
                self.frames.pop();
            }
            Flow::Branch(name) => self.branch(&name, statement, line),
        }
    }

    /// Goes to a sequence symbol.
    fn branch(&mut self, name: &Rc<str>, statement: Statement, line: Option<usize>) {
        let frame = self.frame_mut();
        frame.branches -= 1;
        let target = frame.definition.as_ref().map(|definition| definition.sequence.get(name).copied());
        if frame.branches < 0 {
            let fault = Fault::error(0, "the ACTR limit of branches is reached; conditional assembly ends here");
            let line = line.unwrap_or_else(|| self.push_line(statement));
            self.report(line, fault);
            if self.frames.pop().is_none() {
                self.input.open.clear();
            }
            return;
        }
        let found = match target {
            Some(Some(n)) => {
                frame.next = n;
                true
            }
            Some(None) => false,
            None => self.branch_open(name),
        };
        if !found {
            let line = line.unwrap_or_else(|| self.push_line(statement));
            self.report(line, Fault::error(0, format!("the sequence symbol {name} is not defined")));
        }
    }

    /// Goes to a sequence symbol of open code, back or ahead.
    fn branch_open(&mut self, name: &Rc<str>) -> bool {
        if !self.input.sequence.contains_key(name) {
            self.look_for(name);
        }
        let found = self.input.sequence.get(name).cloned();
        match found {
            Some(place) => {
                self.input.open = place;
                true
            }
            None => false,
        }
    }

    /// Notes the sequence symbols further on in open code, until `name` is among them.
    fn look_for(&mut self, name: &Rc<str>) {
        let mut ahead = self.input.open.clone();
        let mut depth = 0;
        while let Some(reader) = ahead.last_mut() {
            let line = reader.line;
            let Some((statement, _)) = reader.next(&self.files, self.input.margins, self.options.fold_case) else {
                ahead.pop();
                continue;
            };
            match statement.operation.as_str() {
                _ if statement.comment => continue,
                "MACRO" => depth += 1,
                "MEND" => depth -= 1,
                _ => {}
            }
            if depth <= 0 && statement.name.starts_with('.') {
                let mut place = ahead.clone();
                if let Some(last) = place.last_mut() {
                    last.line = line;
                }
                let found = statement.name == **name;
                self.input.sequence.entry(Rc::from(statement.name)).or_insert(place);
                if found {
                    return;
                }
            }
        }
    }

    /// Replaces variable symbols and hands the statement to whom it concerns.
    fn step_model(&mut self, mut statement: Statement, mut faults: Vec<Fault>) {
        let raw = statement.operand.clone();
        if let Err(fault) = self.substitute_head(&mut statement) {
            faults.push(fault);
            self.list(statement, faults);
            return;
        }
        if !self.frames.is_empty() && statement.name.starts_with('.') {
            statement.name.clear();
        }
        if let Some(definition) = self.macro_definition(&statement.operation) {
            self.call(definition, statement, &raw, faults);
            return;
        }
        match self.substitute(&statement.operand) {
            Ok(None) => {}
            Ok(Some(operand)) => statement.regenerate(operand),
            Err(fault) => {
                faults.push(fault);
                self.list(statement, faults);
                return;
            }
        }
        match self.operations.get(&statement.operation) {
            Some(Operation::Directive(
                directive @ (Directive::Copy | Directive::Ictl | Directive::Iseq | Directive::Repro),
            )) => {
                let index = self.list(statement, faults);
                if let Err(fault) = self.control(directive, index) {
                    self.report(index, fault);
                }
            }
            Some(Operation::Directive(Directive::Opsyn)) => {
                let index = self.list(statement, faults);
                if let Err(fault) = self.synonym(index) {
                    self.report(index, fault);
                }
            }
            _ => self.accept(statement, faults),
        }
    }

    pub fn substitute_head(&self, statement: &mut Statement) -> Parsed<()> {
        if let Some(name) = self.substitute(&statement.name)? {
            statement.name = name.trim_end().to_string();
        }
        if let Some(operation) = self.substitute(&statement.operation)? {
            statement.operation = operation.trim_end().to_string();
        }
        Ok(())
    }
}
