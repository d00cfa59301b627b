//! The state of an assembly and the order of its passes.

use std::cell::OnceCell;
use std::collections::HashSet;
use std::rc::Rc;

use crate::deck::Card;
use crate::diagnostic::{Call, Diagnostic, Fault, Severity};
use crate::generator::Input;
use crate::literal::Literals;
use crate::lookahead::Ahead;
use crate::macros::{Chain, Frame};
use crate::object::{Entry, EsdItem, EsdKind, Identification, Object, Rld, Text};
use crate::operation::{Directive, Operations};
use crate::options::Options;
use crate::source::{Files, Provider, Source};
use crate::statement::{Margins, Statement};
use crate::symbol::{Kind, SectionId, Sections, State, SymbolId, Symbols};
use crate::using::UsingTable;
use crate::variable::Globals;

/// What pass 2 has to do for a statement.
#[derive(Clone, Debug)]
pub(crate) enum Role {
    /// Nothing: a comment, or all was done in pass 1.
    Nothing,
    Machine {
        row: &'static s370_arch::isa::Row,
        mask: Option<u8>,
    },
    Directive(Directive),
    /// A literal, laid down by LTORG or END.
    Literal(usize),
}

/// A statement after pass 1.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub statement: Statement,
    /// Number in the listing, from 1.
    pub number: u32,
    pub role: Role,
    pub section: Option<SectionId>,
    /// Address, relative to its section in pass 1, in the object in pass 2.
    pub location: u32,
    /// Bytes skipped in front of it to reach its boundary.
    pub gap: u32,
    /// The macro calls that generated it, innermost first.
    pub chain: Option<Rc<Chain>>,
    /// It had an error; pass 2 leaves it alone.
    pub failed: bool,
    /// Object code, for the listing.
    pub code: Vec<u8>,
    /// Operand addresses, for the listing.
    pub addresses: [Option<u32>; 2],
}

/// An EQU that waits for symbols defined further on.
#[derive(Clone, Debug)]
pub(crate) struct Deferred {
    pub symbol: SymbolId,
    pub line: usize,
}

/// The state of an assembly.
pub(crate) struct Assembler<'a> {
    pub options: &'a Options,
    pub library: &'a dyn Provider,
    pub files: Files,
    pub operations: Operations,
    pub symbols: Symbols,
    pub sections: Sections,
    pub literals: Literals,
    pub lines: Vec<Line>,
    pub diagnostics: Vec<Diagnostic>,
    pub using: UsingTable,
    pub current: Option<SectionId>,
    pub start: u32,
    pub deferred: Vec<Deferred>,
    /// Names in ENTRY statements, with the line.
    pub entries: Vec<(String, usize)>,
    pub ended: bool,
    pub text: Vec<Text>,
    /// Bytes assembled so far.
    pub emitted: usize,
    pub rld: Vec<Rld>,
    pub entry: Option<Entry>,
    /// Cards from PUNCH and REPRO.
    pub punched: Vec<Card>,
    /// Name field of the first named TITLE.
    pub identification: String,
    pub input: Input,
    /// Macro expansions, innermost last.
    pub frames: Vec<Frame>,
    pub open_code: Frame,
    pub globals: Globals,
    /// Operations looked for in the library.
    pub absent: HashSet<String>,
    pub ahead: OnceCell<Ahead>,
    /// What PUSH USING put aside.
    pub pushed: Vec<UsingTable>,
}

impl<'a> Assembler<'a> {
    pub fn new(options: &'a Options, library: &'a dyn Provider) -> Assembler<'a> {
        Assembler {
            options,
            library,
            files: Files::default(),
            operations: Operations::default(),
            symbols: Symbols::default(),
            sections: Sections::default(),
            literals: Literals::default(),
            lines: Vec::new(),
            diagnostics: Vec::new(),
            using: UsingTable::default(),
            current: None,
            start: 0,
            deferred: Vec::new(),
            entries: Vec::new(),
            ended: false,
            text: Vec::new(),
            emitted: 0,
            rld: Vec::new(),
            entry: None,
            punched: Vec::new(),
            identification: String::new(),
            input: Input::new(Margins::standard(options.long_lines)),
            frames: Vec::new(),
            open_code: Frame::default(),
            globals: Globals::default(),
            absent: HashSet::new(),
            ahead: OnceCell::new(),
            pushed: Vec::new(),
        }
    }

    /// Runs the passes over a source.
    pub fn run(&mut self, source: &Source) {
        let file = self.files.add(source);
        self.process(file);
        if !self.ended {
            self.frames.clear();
            let line = self.files.get(file).records.len() as u32;
            let statement = Statement { operation: "END".into(), file, line, ..Statement::default() };
            self.accept(statement, vec![Fault::warning(0, "the source has no END statement; one is assumed")]);
        }
        if self.settle() {
            self.generate();
        }
    }

    /// Between the passes: late EQUs and the places of the sections. Returns whether pass 2 makes sense.
    fn settle(&mut self) -> bool {
        self.resolve_deferred();
        let last = self.lines.len() - 1;
        let severe = |message: &str| Fault { at: 0, severity: Severity::SEVERE, message: message.into() };
        if self.sections.full {
            self.report(last, severe("there are more than 65535 external symbols"));
            return false;
        }
        if !self.sections.place(self.start) {
            self.report(last, severe("the control sections together exceed 16 megabytes"));
            return false;
        }
        let origin = |sections: &Sections, id: Option<SectionId>| id.map_or(0, |id| sections.get(id).origin);
        for symbol in &mut self.symbols.table {
            if let State::Defined { value, section } = &mut symbol.state {
                *value = value.wrapping_add(origin(&self.sections, *section) as i32);
            }
        }
        for literal in &mut self.literals.list {
            literal.location = literal.location.wrapping_add(origin(&self.sections, literal.section) as i32);
        }
        for line in &mut self.lines {
            line.location = line.location.wrapping_add(origin(&self.sections, line.section));
        }
        self.literals.pool = 0;
        true
    }

    /// Notes what is wrong with a line.
    pub fn report(&mut self, line: usize, fault: Fault) {
        let place = &mut self.lines[line];
        place.failed |= fault.severity >= Severity::ERROR;
        let statement = &place.statement;
        let (line, column) = statement.place(fault.at);
        let file = self.files.get(statement.file).name.to_string();
        let mut calls = Vec::new();
        let mut chain = place.chain.as_deref();
        while let Some(call) = chain {
            let file = self.files.get(call.file).name.to_string();
            calls.push(Call { name: call.name.to_string(), file, line: call.line });
            chain = call.outer.as_deref();
        }
        self.diagnostics.push(Diagnostic {
            severity: fault.severity,
            file,
            line,
            column,
            statement: Some(place.number),
            text: statement.image(),
            message: fault.message,
            calls,
        });
    }

    pub fn severity(&self) -> Severity {
        self.diagnostics.iter().map(|d| d.severity).max().unwrap_or_default()
    }

    /// The object as it stands after pass 2.
    pub fn object(&mut self) -> Object {
        let mut esd: Vec<EsdItem> = Vec::new();
        for section in &self.sections.list {
            let kind = match section.kind {
                Kind::Control => EsdKind::Section,
                Kind::Private => EsdKind::Private,
                Kind::Common => EsdKind::Common,
                Kind::External => EsdKind::External,
                Kind::Weak => EsdKind::Weak,
                Kind::Dummy => continue,
            };
            esd.push(EsdItem {
                id: section.esdid,
                name: section.name.to_string(),
                kind,
                address: section.origin,
                length: section.highest,
            });
        }
        esd.extend(self.entry_items());
        Object {
            control: std::mem::take(&mut self.punched),
            esd,
            text: std::mem::take(&mut self.text),
            rld: std::mem::take(&mut self.rld),
            entry: self.entry.take(),
            identification: vec![Identification {
                translator: "ASM370".into(),
                level: "0100".into(),
                date: self.options.julian_date.clone(),
            }],
        }
    }

    /// The dictionary entries that ENTRY asks for.
    fn entry_items(&self) -> Vec<EsdItem> {
        let item = |name: &String| {
            let State::Defined { value, section: Some(section) } = self.symbols.defined(name)?.state else {
                return None;
            };
            let section = self.sections.get(section).esdid;
            let kind = EsdKind::Entry { section };
            Some(EsdItem { id: 0, name: name.clone(), kind, address: value as u32, length: 0 })
        };
        self.entries.iter().filter_map(|(name, _)| item(name)).collect()
    }
}
