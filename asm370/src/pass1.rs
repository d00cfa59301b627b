//! Pass 1: locations, symbols, sections and the contents of literal pools.

use std::rc::Rc;

use crate::assembler::{Assembler, Deferred, Line, Role};
use crate::constant::{Constant, shape};
use crate::diagnostic::{Fault, Parsed};
use crate::ebcdic;
use crate::expression::{Parser, Scope};
use crate::literal::{literal_shape, next_literal};
use crate::operation::{Directive, Operation};
use crate::statement::{Statement, is_symbol_char, is_symbol_start};
use crate::symbol::{Attributes, Kind, SectionId, State};

/// The highest address.
const LIMIT: u64 = 0xFF_FFFF;

impl Assembler<'_> {
    /// Takes a statement into the assembly, after macros and conditional assembly had their say.
    pub fn accept(&mut self, statement: Statement, faults: Vec<Fault>) {
        let index = self.lines.len();
        self.lines.push(Line {
            statement,
            number: index as u32 + 1,
            role: Role::Nothing,
            section: self.current,
            location: self.current.map_or(0, |id| self.sections.get(id).location),
            gap: 0,
            failed: false,
            code: Vec::new(),
            addresses: [None; 2],
        });
        for fault in faults {
            self.report(index, fault);
        }
        let line = &self.lines[index];
        if line.statement.comment || (line.statement.operation.is_empty() && line.statement.name.is_empty()) {
            return;
        }
        if let Err(fault) = self.define(index) {
            self.report(index, fault);
        }
    }

    fn define(&mut self, index: usize) -> Parsed<()> {
        let operation = self.lines[index].statement.operation.clone();
        match self.operations.get(&operation).cloned() {
            Some(Operation::Machine { row, mask }) => {
                self.lines[index].role = Role::Machine { row, mask };
                self.define_machine(index, crate::machine::length(row))
            }
            Some(Operation::Directive(directive)) => {
                self.lines[index].role = Role::Directive(directive);
                self.define_directive(index, directive)
            }
            None if operation.is_empty() => Err(Fault::error(0, "the statement has no operation")),
            None => Err(Fault::error(0, format!("the operation {operation} is not defined"))),
        }
    }

    /// Text of the operand field.
    pub fn operand(&self, index: usize) -> Rc<str> {
        Rc::from(self.lines[index].statement.operand.as_str())
    }

    /// The scope of expressions in a line.
    pub fn scope(&self, index: usize) -> Scope<'_> {
        let line = &self.lines[index];
        let location = self.sections.value(line.location as i32, line.section);
        let mut scope = Scope::new(&self.symbols, &self.sections, location);
        scope.statement = line.number;
        scope
    }

    /// The symbol in the name field, if there is one. A sequence symbol is none.
    fn name(&self, index: usize) -> Parsed<Option<Rc<str>>> {
        let name = &self.lines[index].statement.name;
        let bytes = name.as_bytes();
        match bytes.first() {
            None | Some(b'.') => Ok(None),
            Some(&first) if is_symbol_start(first) && bytes.len() <= 8 && bytes.iter().all(|&c| is_symbol_char(c)) => {
                Ok(Some(Rc::from(name.as_str())))
            }
            Some(_) => Err(Fault::error(0, format!("{name} in the name field is not a valid symbol"))),
        }
    }

    /// Gives the symbol in the name field the line's location.
    fn define_label(&mut self, index: usize, attributes: Attributes) -> Parsed<()> {
        match self.name(index)? {
            Some(name) => {
                let line = &self.lines[index];
                let state = State::Defined { value: line.location as i32, section: line.section };
                self.define_symbol(index, &name, state, attributes)
            }
            None => Ok(()),
        }
    }

    fn define_symbol(&mut self, index: usize, name: &str, state: State, attributes: Attributes) -> Parsed<()> {
        let number = self.lines[index].number;
        let id = self.symbols.intern(name);
        let symbol = self.symbols.get_mut(id);
        if symbol.state != State::Undefined {
            let text = format!("the symbol {name} is already defined in statement {}", symbol.statement);
            return Err(Fault::error(0, text));
        }
        symbol.state = state;
        symbol.length = attributes.length;
        symbol.kind = attributes.kind;
        symbol.scale = attributes.scale;
        symbol.integer = attributes.integer;
        symbol.statement = number;
        if matches!(symbol.state, State::Deferred) {
            self.deferred.push(Deferred { symbol: id, line: index });
        }
        Ok(())
    }

    /// The current section; private code begins where there is none.
    fn section(&mut self) -> SectionId {
        match self.current {
            Some(id) => id,
            None => {
                let id = self.sections.add("", Kind::Private);
                self.current = Some(id);
                id
            }
        }
    }

    /// Brings the location counter to a boundary and notes it in the line.
    fn align(&mut self, index: usize, boundary: u32) -> SectionId {
        let id = self.section();
        let section = self.sections.get_mut(id);
        let old = section.location;
        section.location = old.next_multiple_of(boundary);
        let line = &mut self.lines[index];
        line.section = Some(id);
        line.location = section.location;
        line.gap = section.location - old;
        id
    }

    fn advance(&mut self, bytes: u64) -> Parsed<()> {
        let id = self.section();
        let section = self.sections.get_mut(id);
        let next = u64::from(section.location) + bytes;
        if next > LIMIT {
            return Err(Fault::error(0, "the location counter exceeds FFFFFF"));
        }
        section.location = next as u32;
        section.highest = section.highest.max(section.location);
        Ok(())
    }

    fn define_machine(&mut self, index: usize, length: u32) -> Parsed<()> {
        self.align(index, 2);
        // The space is taken first: errors must not move what follows.
        let advanced = self.advance(u64::from(length));
        self.define_label(index, Attributes::new(b'I', length))?;
        advanced?;
        self.collect_literals(index)
    }

    fn collect_literals(&mut self, index: usize) -> Parsed<()> {
        if !self.lines[index].statement.operand.contains('=') {
            return Ok(());
        }
        let operand = self.operand(index);
        let mut at = 0;
        while let Some(start) = next_literal(&operand, at) {
            let shape = literal_shape(&operand, start)?;
            at = shape.end;
            self.name_externals(&operand, &shape);
            let number = self.lines[index].number;
            let mut literals = std::mem::take(&mut self.literals);
            let added = literals.add(&operand[start..at], number, || {
                let mut scope = self.scope(index);
                let constant = Constant::evaluate(&operand, shape, &mut scope, false)?;
                if constant.duplication == 0 {
                    return Err(Fault::error(start, "the duplication factor of a literal must not be zero"));
                }
                let size = constant.total_bits(&operand).div_ceil(8);
                if size > LIMIT {
                    return Err(Fault::error(start, "the literal is too long"));
                }
                Ok((constant.attributes(&operand).length, size as u32))
            });
            self.literals = literals;
            added?;
        }
        Ok(())
    }

    /// Makes the names in V-type constants external symbols.
    fn name_externals(&mut self, text: &str, shape: &crate::constant::Shape) {
        if shape.kind != b'V' {
            return;
        }
        for name in shape.names(text) {
            if self.sections.find(name, |kind| matches!(kind, Kind::External | Kind::Weak)).is_none() {
                let id = self.sections.add(name, Kind::External);
                self.sections.get_mut(id).implied = true;
            }
        }
    }

    fn define_directive(&mut self, index: usize, directive: Directive) -> Parsed<()> {
        match directive {
            Directive::Start | Directive::Csect => self.define_section(index, directive == Directive::Start),
            Directive::Dsect | Directive::Com => self.define_other_section(index, directive == Directive::Dsect),
            Directive::Dc | Directive::Ds => self.define_data(index, directive == Directive::Ds),
            Directive::Ccw => {
                self.align(index, 8);
                self.define_label(index, Attributes::new(b'W', 8))?;
                self.advance(8)
            }
            Directive::Cnop => self.define_cnop(index),
            Directive::Equ => self.define_equ(index),
            Directive::Org => self.define_org(index),
            Directive::Ltorg => self.define_ltorg(index),
            Directive::End => self.define_end(index),
            Directive::Extrn | Directive::Wxtrn => self.define_external(index, directive == Directive::Wxtrn),
            Directive::Entry => self.define_entry(index),
            Directive::Drop
            | Directive::Eject
            | Directive::Print
            | Directive::Space
            | Directive::Title
            | Directive::Using => Ok(()),
        }
    }

    fn define_section(&mut self, index: usize, start: bool) -> Parsed<()> {
        let name = self.name(index)?;
        let text = name.as_deref().unwrap_or("");
        let kind = if text.is_empty() { Kind::Private } else { Kind::Control };
        if start {
            if self.sections.list.iter().any(|section| section.kind.has_text()) {
                return Err(Fault::error(0, "START must come before any control section"));
            }
            if !self.lines[index].statement.operand.is_empty() {
                let operand = self.operand(index);
                let mut parser = Parser::new(&operand, 0);
                let value = parser.absolute(&mut self.scope(index))?;
                parser.finish()?;
                if !(0..=LIMIT as i32).contains(&value) {
                    return Err(Fault::error(0, "the start address must be from 0 to FFFFFF"));
                }
                // Sections begin on doublewords.
                self.start = (value as u32).next_multiple_of(8);
            }
        }
        self.enter(index, text, kind, b'J')
    }

    fn define_other_section(&mut self, index: usize, dummy: bool) -> Parsed<()> {
        let name = self.name(index)?;
        let kind = if dummy { Kind::Dummy } else { Kind::Common };
        self.enter(index, name.as_deref().unwrap_or(""), kind, b'J')
    }

    /// Begins or resumes a section.
    fn enter(&mut self, index: usize, name: &str, kind: Kind, attribute: u8) -> Parsed<()> {
        let id = match self.sections.find(name, |other| other == kind) {
            Some(id) => id,
            None => {
                if !name.is_empty() && self.symbols.defined(name).is_some() {
                    return Err(Fault::error(0, format!("the symbol {name} is already defined")));
                }
                let id = self.sections.add(name, kind);
                if !name.is_empty() {
                    let state = State::Defined { value: 0, section: Some(id) };
                    self.define_symbol(index, name, state, Attributes::new(attribute, 1))?;
                }
                id
            }
        };
        self.current = Some(id);
        let line = &mut self.lines[index];
        line.section = Some(id);
        line.location = self.sections.get(id).location;
        Ok(())
    }

    fn define_data(&mut self, index: usize, area: bool) -> Parsed<()> {
        let operand = self.operand(index);
        let id = self.section();
        let mut at = 0;
        let mut bits = 0u64;
        let mut labelled = false;
        let mut faults = Ok(());
        loop {
            let shape = match shape(&operand, at) {
                Ok(shape) => shape,
                Err(fault) => {
                    faults = Err(fault);
                    break;
                }
            };
            at = shape.end;
            self.name_externals(&operand, &shape);
            let constant = Constant::evaluate(&operand, shape, &mut self.scope(index), area)?;
            if !constant.in_bits() {
                bits = bits.next_multiple_of(8);
                let boundary = constant.alignment();
                if labelled {
                    let base = u64::from(self.lines[index].location);
                    bits = ((base + bits / 8).next_multiple_of(u64::from(boundary)) - base) * 8;
                } else {
                    self.align(index, boundary);
                }
            }
            if !labelled {
                self.lines[index].section = Some(id);
                self.define_label(index, constant.attributes(&operand))?;
                labelled = true;
            }
            bits += constant.total_bits(&operand);
            match operand.as_bytes().get(at) {
                None => break,
                Some(b',') => at += 1,
                Some(_) => {
                    faults = Err(Fault::error(at, "expected a comma or the end of the operand"));
                    break;
                }
            }
        }
        self.advance(bits.div_ceil(8))?;
        faults
    }

    fn define_cnop(&mut self, index: usize) -> Parsed<()> {
        let operand = self.operand(index);
        let (byte, boundary) = {
            let mut scope = self.scope(index);
            let mut parser = Parser::new(&operand, 0);
            let byte = parser.absolute(&mut scope)?;
            parser.expect(b',', "and the boundary, 4 or 8")?;
            let boundary = parser.absolute(&mut scope)?;
            parser.finish()?;
            (byte, boundary)
        };
        if !matches!((byte, boundary), (0 | 2, 4) | (0 | 2 | 4 | 6, 8)) {
            return Err(Fault::error(0, "expected 0,4 or 2,4 or 0,8 or 2,8 or 4,8 or 6,8"));
        }
        self.align(index, 2);
        self.define_label(index, Attributes::new(b'I', 1))?;
        let location = self.lines[index].location;
        self.advance(u64::from((byte as u32).wrapping_sub(location) & (boundary as u32 - 1)))
    }

    fn define_equ(&mut self, index: usize) -> Parsed<()> {
        let name = self.name(index)?.ok_or_else(|| Fault::error(0, "EQU needs a symbol in the name field"))?;
        self.section_if_located(index);
        match self.equ_value(index) {
            Ok((state, attributes)) => self.define_symbol(index, &name, state, attributes),
            Err(_) => {
                let (length, kind) = self.equ_attributes(index).unwrap_or((None, b'U'));
                self.define_symbol(index, &name, State::Deferred, Attributes::new(kind, length.unwrap_or(1)))
            }
        }
    }

    /// A location counter reference in front of any section begins private code.
    fn section_if_located(&mut self, index: usize) {
        if self.current.is_none() && self.lines[index].statement.operand.starts_with('*') {
            let id = self.section();
            self.lines[index].section = Some(id);
        }
    }

    /// Value and attributes that an EQU gives.
    pub fn equ_value(&self, index: usize) -> Parsed<(State, Attributes)> {
        let operand = &*self.lines[index].statement.operand;
        let mut scope = self.scope(index);
        let term = Parser::new(operand, 0).expression(&mut scope)?;
        let section = match (term.value.is_absolute(), term.value.section()) {
            (true, _) => None,
            (false, Some(section)) => Some(section),
            (false, None) => return Err(Fault::error(0, "the value of EQU must be absolute or simply relocatable")),
        };
        let (length, kind) = self.equ_attributes(index)?;
        let state = State::Defined { value: term.value.number, section };
        Ok((state, Attributes::new(kind, length.unwrap_or(term.length))))
    }

    /// The second and third operand of EQU: length and type.
    fn equ_attributes(&self, index: usize) -> Parsed<(Option<u32>, u8)> {
        let operand = &*self.lines[index].statement.operand;
        let mut scope = self.scope(index);
        let mut parser = Parser::new(operand, top_comma(operand, 0));
        let (mut length, mut kind) = (None, b'U');
        if parser.eat(b',') && parser.peek() != Some(b',') && !parser.is_done() {
            let at = parser.at;
            let value = parser.absolute(&mut scope)?;
            if !(0..=65535).contains(&value) {
                return Err(Fault::error(at, "the length attribute must be from 0 to 65535"));
            }
            length = Some(value as u32);
        }
        if parser.eat(b',') {
            let at = parser.at;
            let value = parser.absolute(&mut scope)?;
            let byte = u8::try_from(value).map_err(|_| Fault::error(at, "the type attribute must be from 0 to 255"))?;
            kind = u8::try_from(u32::from(ebcdic::to_char(byte))).unwrap_or(b'U');
        }
        parser.finish()?;
        Ok((length, kind))
    }

    /// Evaluates EQUs that named later symbols, until no more can be.
    pub fn resolve_deferred(&mut self) {
        loop {
            let waiting = std::mem::take(&mut self.deferred);
            let before = waiting.len();
            for deferred in waiting {
                match self.equ_value(deferred.line) {
                    Ok((state, attributes)) => {
                        let symbol = self.symbols.get_mut(deferred.symbol);
                        symbol.state = state;
                        symbol.length = attributes.length;
                        symbol.kind = attributes.kind;
                    }
                    Err(_) => self.deferred.push(deferred),
                }
            }
            if self.deferred.len() == before {
                break;
            }
        }
        for deferred in std::mem::take(&mut self.deferred) {
            if let Err(fault) = self.equ_value(deferred.line) {
                self.report(deferred.line, fault);
            }
        }
    }

    fn define_org(&mut self, index: usize) -> Parsed<()> {
        let id = self.section();
        self.lines[index].section = Some(id);
        let operand = self.operand(index);
        let target = if operand.is_empty() {
            self.sections.get(id).highest
        } else {
            let mut parser = Parser::new(&operand, 0);
            let value = parser.expression(&mut self.scope(index))?.value;
            parser.finish()?;
            if value.section() != Some(id) {
                return Err(Fault::error(0, "the operand of ORG must be an address in the current section"));
            }
            u32::try_from(value.number).map_err(|_| Fault::error(0, "ORG goes in front of the section's beginning"))?
        };
        self.lines[index].location = target;
        let section = self.sections.get_mut(id);
        section.location = 0;
        let advanced = self.advance(u64::from(target));
        self.define_label(index, Attributes::new(b'U', 1))?;
        advanced
    }

    fn define_ltorg(&mut self, index: usize) -> Parsed<()> {
        self.align(index, 8);
        self.advance(0)?;
        self.define_label(index, Attributes::new(b'U', 1))?;
        self.place_literals(index)
    }

    /// Lays the literals of the present pool down at the location counter.
    fn place_literals(&mut self, index: usize) -> Parsed<()> {
        for n in self.literals.ordered() {
            let id = self.section();
            let location = self.sections.get(id).location;
            let literal = &mut self.literals.list[n];
            literal.section = Some(id);
            literal.location = location as i32;
            let size = literal.size;
            let owner = &self.lines[index].statement;
            let statement =
                Statement { operand: literal.text.clone(), file: owner.file, line: owner.line, ..Statement::default() };
            self.lines.push(Line {
                statement,
                number: self.lines.len() as u32 + 1,
                role: Role::Literal(n),
                section: Some(id),
                location,
                gap: 0,
                failed: false,
                code: Vec::new(),
                addresses: [None; 2],
            });
            self.advance(u64::from(size))?;
        }
        self.literals.pool += 1;
        Ok(())
    }

    fn define_end(&mut self, index: usize) -> Parsed<()> {
        self.ended = true;
        if self.literals.ordered().is_empty() {
            return Ok(());
        }
        // Literals without LTORG go to the end of the first control section.
        if let Some(first) = self.sections.list.iter().position(|section| section.kind.has_text()) {
            self.current = Some(first as SectionId);
        }
        let id = self.section();
        let section = self.sections.get_mut(id);
        section.location = section.highest.next_multiple_of(8);
        self.place_literals(index)
    }

    fn define_external(&mut self, index: usize, weak: bool) -> Parsed<()> {
        let operand = self.operand(index);
        let mut parser = Parser::new(&operand, 0);
        loop {
            let at = parser.at;
            let name = parser.symbol()?.ok_or_else(|| parser.unexpected("a symbol"))?;
            let kind = if weak { Kind::Weak } else { Kind::External };
            let id = match self.sections.find(name, |kind| matches!(kind, Kind::External | Kind::Weak)) {
                Some(id) => id,
                None => self.sections.add(name, kind),
            };
            self.sections.get_mut(id).implied = false;
            let state = State::Defined { value: 0, section: Some(id) };
            let attributes = Attributes::new(if weak { b'$' } else { b'T' }, 1);
            self.define_symbol(index, name, state, attributes).map_err(|fault| fault.shifted(at))?;
            if !parser.eat(b',') {
                return parser.finish();
            }
        }
    }

    fn define_entry(&mut self, index: usize) -> Parsed<()> {
        let operand = self.operand(index);
        let mut parser = Parser::new(&operand, 0);
        loop {
            let name = parser.symbol()?.ok_or_else(|| parser.unexpected("a symbol"))?;
            self.entries.push((name.to_string(), index));
            if !parser.eat(b',') {
                return parser.finish();
            }
        }
    }
}

/// Offset of the first comma from `at` on that is outside of parentheses and strings, or the end.
pub(crate) fn top_comma(text: &str, at: usize) -> usize {
    let bytes = text.as_bytes();
    let (mut depth, mut quoted) = (0, false);
    for now in at..bytes.len() {
        match bytes[now] {
            b'\'' if quoted => quoted = false,
            b'\'' => quoted = !crate::statement::is_attribute(bytes, now),
            b'(' if !quoted => depth += 1,
            b')' if !quoted => depth -= 1,
            b',' if !quoted && depth == 0 => return now,
            _ => {}
        }
    }
    bytes.len()
}
