//! Pass 2: object code and relocations.

use crate::assembler::{Assembler, Role};
use crate::constant::{Assembled, Constant, Setting, shape};
use crate::diagnostic::{Fault, Parsed};
use crate::expression::{Parser, References};
use crate::machine::encode;
use crate::object::{Entry, Rld, Text};
use crate::operation::Directive;
use crate::symbol::{Kind, SectionId, State, SymbolId};

/// Bytes one assembly may define: four times the storage there is, since ORG can go back.
const TEXT_LIMIT: usize = 1 << 26;

impl Assembler<'_> {
    /// Assembles all lines.
    pub fn generate(&mut self) {
        for index in 0..self.lines.len() {
            if let Role::Directive(Directive::Ltorg | Directive::End) = self.lines[index].role {
                self.check_end(index);
            }
            if self.lines[index].failed {
                self.generate_failed(index);
            } else if let Err(fault) = self.generate_line(index) {
                self.report(index, fault);
                self.generate_failed(index);
            }
        }
        self.check_entries();
    }

    fn generate_line(&mut self, index: usize) -> Parsed<()> {
        match self.lines[index].role {
            Role::Nothing => Ok(()),
            Role::Machine { row, mask } => {
                let operand = self.operand(index);
                let mut scope = self.scope(index);
                scope.literals = Some(&self.literals);
                scope.length = crate::machine::length(row);
                let result = encode(row, mask, &operand, &mut scope, &self.using);
                let references = std::mem::take(&mut scope.references);
                self.refer(index, &references);
                let encoded = result?;
                self.lines[index].addresses = encoded.addresses;
                self.emit(index, &encoded.bytes[..usize::from(encoded.length)], true);
                Ok(())
            }
            Role::Literal(n) => {
                let text = self.literals.list[n].text.clone();
                let first = self.literals.list[n].references.first().copied();
                // A location counter reference in a literal means the instruction that uses it.
                let user = first.map_or(index, |number| number as usize - 1);
                self.generate_data(index, user, &text, 1, false)
            }
            Role::Directive(directive) => self.generate_directive(index, directive),
        }
    }

    /// An instruction in error becomes zeros.
    fn generate_failed(&mut self, index: usize) {
        if let Role::Machine { row, .. } = self.lines[index].role {
            let zeros = [0; 6];
            self.emit(index, &zeros[..crate::machine::length(row) as usize], true);
        }
    }

    fn generate_directive(&mut self, index: usize, directive: Directive) -> Parsed<()> {
        match directive {
            Directive::Dc => {
                let operand = self.operand(index);
                self.generate_data(index, index, &operand, 0, true)
            }
            Directive::Ccw => self.generate_ccw(index),
            Directive::Cnop => self.generate_cnop(index),
            Directive::Using => self.generate_using(index),
            Directive::Drop => self.generate_drop(index),
            Directive::Ltorg => {
                self.literals.pool += 1;
                Ok(())
            }
            Directive::End => self.generate_end(index),
            Directive::Equ => self.generate_equ(index),
            Directive::Push => {
                if self.names_using(index) {
                    self.pushed.push(self.using.clone());
                }
                Ok(())
            }
            Directive::Pop if self.names_using(index) => {
                let empty = || Fault::error(0, "POP USING without a PUSH USING before it");
                self.using = self.pushed.pop().ok_or_else(empty)?;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Notes references to symbols for the cross-reference.
    pub fn refer(&mut self, index: usize, references: &References) {
        let number = self.lines[index].number;
        let undefined: Vec<SymbolId> = references.undefined.iter().map(|name| self.symbols.intern(name)).collect();
        for &id in references.defined.iter().chain(&undefined) {
            let references = &mut self.symbols.get_mut(id).references;
            if references.last() != Some(&number) {
                references.push(number);
            }
        }
    }

    /// Adds bytes to the object at the line's location.
    fn emit(&mut self, index: usize, bytes: &[u8], fill: bool) {
        let line = &mut self.lines[index];
        line.code = bytes.to_vec();
        let Some(section) = line.section.map(|id| self.sections.get(id)).filter(|s| s.kind.has_text()) else { return };
        let gap = if fill { line.gap } else { 0 };
        let address = line.location - gap;
        if bytes.is_empty() && gap == 0 {
            return;
        }
        let esdid = section.esdid;
        let last = self.text.last_mut().filter(|t| t.section == esdid && t.address + t.bytes.len() as u32 == address);
        let text = match last {
            Some(text) => text,
            None => {
                self.text.push(Text { section: esdid, address, bytes: Vec::new() });
                let end = self.text.len() - 1;
                &mut self.text[end]
            }
        };
        text.bytes.resize(text.bytes.len() + gap as usize, 0);
        text.bytes.extend_from_slice(bytes);
    }

    /// Assembles the constants in `text` from `at` on. Location counter references mean the line `user`.
    fn generate_data(&mut self, index: usize, user: usize, text: &str, at: usize, moving: bool) -> Parsed<()> {
        if self.emitted > TEXT_LIMIT {
            return Err(Fault::error(0, "the text of the assembly exceeds 64 megabytes"));
        }
        let mut out = Assembled::default();
        let mut scope = self.scope(user);
        let externals = |name: &str| -> Option<SectionId> {
            self.sections.find(name, |kind| matches!(kind, Kind::External | Kind::Weak))
        };
        let base = self.lines[index].location;
        let setting = Setting { using: &self.using, base, moving, externals: &externals };
        let mut at = at;
        let mut result = Ok(());
        loop {
            let operand = shape(text, at)?;
            at = operand.end + 1;
            let done = operand.end >= text.len();
            let constant = Constant::evaluate(text, operand, &mut scope, false)?;
            result = result.and(constant.assemble(text, &mut scope, &setting, &mut out));
            if done || result.is_err() {
                break;
            }
        }
        let references = std::mem::take(&mut scope.references);
        self.refer(index, &references);
        result?;
        self.emitted += out.bytes.len();
        self.relocate(index, &out);
        self.emit(index, &out.bytes, true);
        Ok(())
    }

    /// Adds the relocations of assembled bytes to the dictionary.
    fn relocate(&mut self, index: usize, out: &Assembled) {
        let line = &self.lines[index];
        let Some(position) = line.section.map(|id| self.sections.get(id)).filter(|s| s.kind.has_text()) else { return };
        for relocation in &out.relocations {
            let target = self.sections.get(relocation.section);
            if target.kind == Kind::Dummy {
                continue;
            }
            self.rld.push(Rld {
                relocation: target.esdid,
                position: position.esdid,
                kind: relocation.kind,
                length: relocation.length,
                negative: relocation.negative,
                address: line.location + relocation.offset,
            });
        }
    }

    fn generate_ccw(&mut self, index: usize) -> Parsed<()> {
        let operand = self.operand(index);
        let mut scope = self.scope(index);
        let mut parser = Parser::new(&operand, 0);
        let mut field = |parser: &mut Parser<'_>, limit: i32, what: &str| -> Parsed<i32> {
            let at = parser.at;
            let value = parser.absolute(&mut scope)?;
            if (0..=limit).contains(&value) {
                return Ok(value);
            }
            Err(Fault::error(at, format!("the {what} must be from 0 to {limit}, not {value}")))
        };
        let command = field(&mut parser, 255, "command code")?;
        parser.expect(b',', "and the data address")?;
        let mut address_scope = self.scope(index);
        let address = parser.expression(&mut address_scope)?.value;
        parser.expect(b',', "and the flags")?;
        let flags = field(&mut parser, 255, "flag byte")?;
        parser.expect(b',', "and the count")?;
        let count = field(&mut parser, 65535, "count")?;
        parser.finish()?;
        if flags & 7 != 0 {
            return Err(Fault::error(0, "bits 37 to 39 of a CCW must be zero"));
        }
        let mut references = std::mem::take(&mut scope.references);
        references.append(&mut address_scope.references);
        self.refer(index, &references);
        let mut out = Assembled::default();
        out.add_address(1, 3, &address);
        let [_, a1, a2, a3] = address.number.to_be_bytes();
        let [c0, c1] = (count as u16).to_be_bytes();
        self.relocate(index, &out);
        self.emit(index, &[command as u8, a1, a2, a3, flags as u8, 0, c0, c1], true);
        Ok(())
    }

    fn generate_cnop(&mut self, index: usize) -> Parsed<()> {
        let operand = self.operand(index);
        let location = self.lines[index].location;
        let mut scope = self.scope(index);
        let mut parser = Parser::new(&operand, 0);
        let byte = parser.absolute(&mut scope)? as u32;
        parser.expect(b',', "and the boundary, 4 or 8")?;
        let boundary = parser.absolute(&mut scope)? as u32;
        let length = byte.wrapping_sub(location) & (boundary - 1);
        let code: Vec<u8> = [0x07, 0x00].into_iter().cycle().take(length as usize).collect();
        self.emit(index, &code, true);
        Ok(())
    }

    fn generate_using(&mut self, index: usize) -> Parsed<()> {
        let operand = self.operand(index);
        let mut scope = self.scope(index);
        let mut parser = Parser::new(&operand, 0);
        let value = parser.expression(&mut scope)?.value;
        if !value.is_absolute() && value.section().is_none() {
            return Err(Fault::error(0, "the base address is complexly relocatable"));
        }
        let mut registers = Vec::new();
        parser.expect(b',', "and a base register")?;
        loop {
            let at = parser.at;
            let register = parser.absolute(&mut scope)?;
            if !(0..16).contains(&register) {
                return Err(Fault::error(at, format!("a register must be from 0 to 15, not {register}")));
            }
            registers.push(register as u8);
            if !parser.eat(b',') {
                break;
            }
        }
        parser.finish()?;
        let references = std::mem::take(&mut scope.references);
        self.refer(index, &references);
        for (n, register) in registers.into_iter().enumerate() {
            self.using.assume(register, value.section(), value.number.wrapping_add(4096 * n as i32));
        }
        self.lines[index].addresses[1] = Some(value.number as u32);
        Ok(())
    }

    fn generate_drop(&mut self, index: usize) -> Parsed<()> {
        if self.lines[index].statement.has_no_operands() {
            self.using.clear();
            return Ok(());
        }
        let operand = self.operand(index);
        let mut parser = Parser::new(&operand, 0);
        loop {
            let at = parser.at;
            let register = parser.absolute(&mut self.scope(index))?;
            let dropped = u8::try_from(register).ok().filter(|&r| r < 16).map(|r| self.using.drop(r));
            match dropped {
                None => return Err(Fault::error(at, format!("a register must be from 0 to 15, not {register}"))),
                Some(false) => self.report(index, Fault::warning(at, format!("register {register} is not in use"))),
                Some(true) => {}
            }
            if !parser.eat(b',') {
                return parser.finish();
            }
        }
    }

    /// Whether USING is among the operands of PUSH or POP.
    fn names_using(&self, index: usize) -> bool {
        self.lines[index].statement.operand.split(',').any(|word| word == "USING")
    }

    fn generate_equ(&mut self, index: usize) -> Parsed<()> {
        let name = self.lines[index].statement.name.clone();
        let operand = self.operand(index);
        let mut scope = self.scope(index);
        Parser::new(&operand, 0).expression(&mut scope)?;
        let references = std::mem::take(&mut scope.references);
        self.refer(index, &references);
        if let Some(State::Defined { value, .. }) = self.symbols.defined(&name).map(|symbol| symbol.state.clone()) {
            self.lines[index].addresses[1] = Some(value as u32);
        }
        Ok(())
    }

    fn generate_end(&mut self, index: usize) -> Parsed<()> {
        self.literals.pool += 1;
        if self.lines[index].statement.has_no_operands() {
            return Ok(());
        }
        let operand = self.operand(index);
        let mut scope = self.scope(index);
        let mut parser = Parser::new(&operand, 0);
        let value = parser.expression(&mut scope)?.value;
        parser.finish()?;
        let references = std::mem::take(&mut scope.references);
        self.refer(index, &references);
        let section = value.section().map(|id| self.sections.get(id));
        self.entry = match section {
            Some(section) if section.kind.has_text() => {
                Some(Entry::Address { section: section.esdid, address: value.number as u32 })
            }
            Some(section) if matches!(section.kind, Kind::External | Kind::Weak) && value.number == 0 => {
                Some(Entry::Symbol(section.name.to_string()))
            }
            _ => return Err(Fault::error(0, "the operand of END must be an address in a control section")),
        };
        Ok(())
    }

    /// LTORG and END go on even when their own operand is wrong: the next pool begins.
    fn check_end(&mut self, index: usize) {
        if self.lines[index].failed {
            self.literals.pool += 1;
        }
    }

    fn check_entries(&mut self) {
        for (name, index) in self.entries.clone() {
            let id = self.symbols.intern(&name);
            self.refer(index, &References { defined: vec![id], undefined: Vec::new() });
            let fine = match self.symbols.get(id).state {
                State::Defined { section: Some(section), .. } => {
                    let kind = self.sections.get(section).kind;
                    kind.has_text() || kind == Kind::Common
                }
                _ => false,
            };
            if !fine {
                let text = format!("the entry {name} is not defined in a control section");
                self.report(index, Fault::error(0, text));
            }
        }
    }
}
