//! The stream of statements: sources, COPY members, macro definitions and expansions, conditional assembly.

use std::collections::HashMap;
use std::rc::Rc;

use crate::assembler::Assembler;
use crate::conditional::Evaluator;
use crate::diagnostic::{Fault, Parsed, Severity};
use crate::macros::{Arguments, Chain, Frame, Macro};
use crate::operation::{Conditional, Directive, Operation};
use crate::source::{FileId, Source};
use crate::statement::{Margins, Reader, Statement};
use crate::symbol::Kind;
use crate::variable::{SetSymbol, SetValue, Slot, split};

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
    calls: u32,
    /// Statements read so far.
    count: u32,
}

impl Input {
    pub fn new(margins: Margins) -> Input {
        Input { open: Vec::new(), margins, sequence: HashMap::new(), checked: None, calls: 0, count: 0 }
    }
}

/// What comes after a statement of conditional assembly.
enum Flow {
    Next,
    /// Go on at this sequence symbol.
    Branch(Rc<str>),
    /// Leave the macro.
    Exit,
    /// A message, with its severity unless it is a mere comment.
    Note(Option<Severity>, String),
}

/// A statement with what its records had wrong.
type Raw = (Statement, Vec<Fault>);

/// What is wrong with a macro definition, statement by statement.
type Problems = Vec<(Statement, Fault)>;

impl Assembler<'_> {
    /// The innermost expansion, or open code.
    pub fn frame(&self) -> &Frame {
        self.frames.last().unwrap_or(&self.open_code)
    }

    fn frame_mut(&mut self) -> &mut Frame {
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
            if self.input.count > self.options.statement_limit {
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
    fn read(&mut self) -> Option<Raw> {
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
    fn list(&mut self, statement: Statement, faults: Vec<Fault>) -> usize {
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
        if let Some(place) = self.input.sequence.get(name) {
            self.input.open = place.clone();
            return true;
        }
        let mut ahead = self.input.open.clone();
        let mut depth = 0;
        while let Some(reader) = ahead.last_mut() {
            let line = reader.line;
            let Some((statement, _)) = reader.next(&self.files, self.input.margins, self.options.fold_case) else {
                ahead.pop();
                continue;
            };
            if statement.comment {
                continue;
            }
            match statement.operation.as_str() {
                "MACRO" => depth += 1,
                "MEND" => depth -= 1,
                _ => {}
            }
            if depth <= 0 && statement.name == **name {
                reader.line = line;
                self.input.open = ahead;
                return true;
            }
        }
        false
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

    fn substitute_head(&self, statement: &mut Statement) -> Parsed<()> {
        if let Some(name) = self.substitute(&statement.name)? {
            statement.name = name.trim_end().to_string();
        }
        if let Some(operation) = self.substitute(&statement.operation)? {
            statement.operation = operation.trim_end().to_string();
        }
        Ok(())
    }

    /// COPY, ICTL, ISEQ and REPRO: statements about the source itself.
    fn control(&mut self, directive: Directive, index: usize) -> Parsed<()> {
        let operand = self.operand(index);
        match directive {
            Directive::Copy => {
                if !self.frames.is_empty() {
                    return Err(Fault::error(0, "COPY cannot be generated by a macro"));
                }
                let reader = self.copy_member(&operand, self.input.open.len())?;
                self.input.open.push(reader);
                Ok(())
            }
            Directive::Ictl => self.set_margins(index, &operand),
            Directive::Iseq => self.set_sequence_check(&operand),
            _ => self.reproduce(),
        }
    }

    /// A reader of the member that COPY names.
    fn copy_member(&mut self, operand: &str, depth: usize) -> Parsed<Reader> {
        let name = operand.split(' ').next().unwrap_or("");
        if depth > self.options.nesting_limit as usize {
            return Err(Fault::error(0, "COPY members nest too deeply"));
        }
        let member = self.library.member(name);
        let member = member.ok_or_else(|| Fault::error(0, format!("the library has no member {name}")))?;
        Ok(Reader::new(self.files.add(&member)))
    }

    fn set_margins(&mut self, index: usize, operand: &str) -> Parsed<()> {
        if self.lines[..index].iter().any(|line| !line.statement.comment) {
            return Err(Fault::error(0, "ICTL must be the first statement"));
        }
        let mut columns = Vec::new();
        for part in split(operand) {
            columns.push(
                part.parse::<usize>().map_err(|_| Fault::error(0, "expected ICTL begin,end,continue in columns"))?,
            );
        }
        let margins = match columns[..] {
            [begin] => (begin, 71, None),
            [begin, end] => (begin, end, None),
            [begin, end, resume] => (begin, end, Some(resume)),
            _ => return Err(Fault::error(0, "ICTL has one to three operands")),
        };
        let (begin, end, resume) = margins;
        let valid = (1..=40).contains(&begin) && (41..=80).contains(&end) && begin + 5 <= end;
        let valid = valid && resume.is_none_or(|n| n > begin && n <= 40);
        if !valid {
            return Err(Fault::error(
                0,
                "the columns are out of range: begin 1-40, end 41-80, continue between them up to 40",
            ));
        }
        // Without a column for the mark there is no continuation.
        self.input.margins = Margins { begin, end, resume: resume.filter(|_| end < 80), free: self.input.margins.free };
        Ok(())
    }

    fn set_sequence_check(&mut self, operand: &str) -> Parsed<()> {
        if operand.is_empty() {
            self.input.checked = None;
            return Ok(());
        }
        let wrong = || Fault::error(0, "expected ISEQ left,right in columns outside of the statement field");
        let (left, right) = operand.split_once(',').ok_or_else(wrong)?;
        let left: usize = left.parse().map_err(|_| wrong())?;
        let right: usize = right.parse().map_err(|_| wrong())?;
        let margins = self.input.margins;
        if left < 1 || right < left || right > 80 || (right >= margins.begin && left <= margins.end) {
            return Err(wrong());
        }
        self.input.checked = Some((left, right, String::new()));
        Ok(())
    }

    /// REPRO: the next record goes to the deck as it is.
    fn reproduce(&mut self) -> Parsed<()> {
        let missing = || Fault::error(0, "REPRO needs a record behind it");
        let reader = self.input.open.last_mut().filter(|_| self.frames.is_empty()).ok_or_else(missing)?;
        let record = self.files.record(reader.file, reader.line).ok_or_else(missing)?;
        reader.line += 1;
        let card = punched(record)?;
        self.punched.push(card);
        Ok(())
    }

    fn synonym(&mut self, index: usize) -> Parsed<()> {
        let statement = &self.lines[index].statement;
        let name = statement.name.clone();
        let operand = statement.operand.clone();
        if name.is_empty() {
            return Err(Fault::name("OPSYN needs an operation code in the name field"));
        }
        if operand.is_empty() {
            self.operations.remove(&name);
            return Ok(());
        }
        let definition = self.macro_definition(&operand).map(Operation::Macro);
        let operation = definition.or_else(|| self.operations.get(&operand));
        let operation = operation.ok_or_else(|| Fault::error(0, format!("the operation {operand} is not defined")))?;
        self.operations.set(&name, operation);
        Ok(())
    }

    /// The macro that an operation names; the library is searched when nothing else has the name.
    fn macro_definition(&mut self, operation: &str) -> Option<Rc<Macro>> {
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
        let mut readers = vec![Reader::new(self.files.add(member))];
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
            let margins =
                if readers.len() > 1 { Margins::standard(self.input.margins.free) } else { self.input.margins };
            if let Some(next) = readers.last_mut()?.next(&self.files, margins, self.options.fold_case) {
                return Some(next);
            }
            readers.pop();
        }
    }

    /// MACRO: the definition up to MEND.
    fn define_macro(&mut self, header: Statement, faults: Vec<Fault>) {
        if !self.frames.is_empty() {
            let problems = self.inner_definition();
            self.list_problems(problems);
            return;
        }
        let (file, line) = (header.file, header.line + header.records);
        self.list(header, faults);
        let mut readers = std::mem::take(&mut self.input.open);
        let problems = self.definition(&mut readers);
        self.input.open = readers;
        self.list_definition(Reader { file, line });
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
    fn call(&mut self, definition: Rc<Macro>, mut statement: Statement, raw: &str, mut faults: Vec<Fault>) {
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

    fn conditional(&mut self, conditional: Conditional, statement: &Statement) -> Parsed<Flow> {
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

    fn list_note(&mut self, mut statement: Statement, faults: Vec<Fault>, severity: Option<Severity>, message: String) {
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

    fn declare(&mut self, operand: &str, kind: crate::variable::SetKind, global: bool) -> Parsed<Flow> {
        let mut at = 0;
        for part in split(operand) {
            let start = at;
            at += part.len() + 1;
            let wrong = |message: String| Fault::error(start, message);
            let (name, dimension) = match part.split_once('(') {
                Some((name, rest)) => {
                    let number = rest.strip_suffix(')').and_then(|n| n.parse::<u32>().ok());
                    let valid = number.filter(|n| (1..=65535).contains(n));
                    let message = || wrong("the dimension must be a number from 1 to 65535".into());
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
    fn set(&mut self, statement: &Statement, kind: crate::variable::SetKind) -> Parsed<Flow> {
        use crate::variable::SetKind;
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

/// A record as a card.
pub(crate) fn punched(record: &str) -> Parsed<crate::deck::Card> {
    let mut card = [0x40; 80];
    if record.chars().count() > 80 {
        return Err(Fault::error(0, "the record is longer than a card"));
    }
    for (place, c) in card.iter_mut().zip(record.chars()) {
        *place = crate::expression::code(c, 0)?;
    }
    Ok(card)
}
