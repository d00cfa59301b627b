//! The listing: external symbols, source and object code, relocations, cross-reference, diagnostics.

use std::collections::HashMap;
use std::fmt::Write;

use crate::assembler::{Assembler, Line, Role};
use crate::diagnostic::{Diagnostic, Severity};
use crate::object::{Entry, EsdKind, Object};
use crate::operation::Directive;
use crate::symbol::State;

/// Width of a heading, so that page numbers stand in one column.
const WIDTH: usize = 112;

/// Writes pages.
struct Pages {
    text: String,
    /// Lines a page has.
    length: u32,
    /// Lines of this page so far.
    used: u32,
    number: u32,
    title: String,
    columns: &'static str,
    stamp: String,
}

impl Pages {
    /// Ends the page; the next line begins another.
    fn eject(&mut self) {
        self.used = self.length;
    }

    /// Begins a part of the listing.
    fn part(&mut self, title: &str, columns: &'static str) {
        self.title = title.to_string();
        self.columns = columns;
        self.eject();
    }

    fn line(&mut self, line: &str) {
        if self.used >= self.length {
            self.heading();
        }
        self.text.push_str(line.trim_end());
        self.text.push('\n');
        self.used += 1;
    }

    fn heading(&mut self) {
        if self.number > 0 {
            self.text.push('\u{c}');
        }
        self.number += 1;
        let title: String = self.title.chars().take(100).collect();
        // Writing to a string cannot fail.
        let _ = writeln!(self.text, "{title:<WIDTH$}PAGE {:4}", self.number);
        let _ = writeln!(self.text, "{:<97}{}", self.columns, self.stamp);
        self.text.push('\n');
        self.used = 3;
    }
}

/// What PRINT says.
#[derive(Clone, Copy)]
struct Print {
    on: bool,
    generated: bool,
    data: bool,
}

impl Print {
    /// Takes the operands of PRINT.
    fn set(&mut self, operand: &str) {
        for word in operand.split(',') {
            match word {
                "ON" => self.on = true,
                "OFF" => self.on = false,
                "GEN" => self.generated = true,
                "NOGEN" => self.generated = false,
                "DATA" => self.data = true,
                "NODATA" => self.data = false,
                _ => {}
            }
        }
    }
}

/// The listing of a finished assembly.
pub(crate) fn listing(assembler: &Assembler<'_>, object: &Object) -> String {
    let options = assembler.options;
    let mut pages = Pages {
        text: String::new(),
        length: options.page_length.max(10),
        used: 0,
        number: 0,
        title: String::new(),
        columns: "",
        stamp: format!("ASM370 {} {}", options.time, options.date),
    };
    external_symbols(object, &mut pages);
    source(assembler, object, &mut pages);
    relocations(object, &mut pages);
    cross_reference(assembler, &mut pages);
    diagnostics(assembler, &mut pages);
    pages.text
}

fn external_symbols(object: &Object, pages: &mut Pages) {
    pages.part("EXTERNAL SYMBOL DICTIONARY", "SYMBOL   TYPE  ID   ADDR  LENGTH LDID");
    for item in &object.esd {
        let sized = |kind: &str| format!("{kind}  {:04X} {:06X} {:06X}", item.id, item.address, item.length);
        let rest = match item.kind {
            EsdKind::Section => sized("SD"),
            EsdKind::Private => sized("PC"),
            EsdKind::Common => sized("CM"),
            EsdKind::Entry { section } => format!("LD       {:06X}        {section:04X}", item.address),
            EsdKind::External => format!("ER  {:04X}", item.id),
            EsdKind::Weak => format!("WX  {:04X}", item.id),
        };
        pages.line(&format!("{:<9} {rest}", item.name));
    }
}

fn source(assembler: &Assembler<'_>, object: &Object, pages: &mut Pages) {
    pages.part("", "  LOC  OBJECT CODE    ADDR1 ADDR2  STMT   SOURCE STATEMENT");
    let mut by_statement: HashMap<u32, Vec<&Diagnostic>> = HashMap::new();
    for diagnostic in &assembler.diagnostics {
        by_statement.entry(diagnostic.statement.unwrap_or(0)).or_default().push(diagnostic);
    }
    let mut print = Print { on: true, generated: true, data: false };
    let mut pushed = Vec::new();
    for line in &assembler.lines {
        let messages = by_statement.get(&line.number).map_or(&[][..], |list| list);
        let shown =
            print.on && (line.chain.is_none() || print.generated || line.statement.comment && !messages.is_empty());
        let layout = layout(line, &mut print, &mut pushed, pages);
        if !layout && (shown || !messages.is_empty()) {
            statement(assembler, object, line, print.data, pages);
        }
        for message in messages {
            if !(line.statement.comment && line.statement.name.ends_with(&message.message)) {
                pages.line(&format!("*** SEVERITY {} *** {}", message.severity.0, message.message));
            }
        }
    }
}

/// Follows the statements about the listing; returns whether the statement itself is left out.
fn layout(line: &Line, print: &mut Print, pushed: &mut Vec<Print>, pages: &mut Pages) -> bool {
    let Role::Directive(directive) = line.role else { return false };
    let operand = line.statement.operand.as_str();
    let names_print = || operand.split(',').any(|word| word == "PRINT");
    match directive {
        Directive::Print => print.set(operand),
        Directive::Push if names_print() => pushed.push(*print),
        Directive::Pop if names_print() => *print = pushed.pop().unwrap_or(*print),
        Directive::Eject => {
            pages.eject();
            return true;
        }
        Directive::Space => {
            for _ in 0..operand.parse().unwrap_or(1u32).min(pages.length.saturating_sub(pages.used)) {
                pages.line("");
            }
            return true;
        }
        Directive::Title if !line.failed => {
            pages.title = crate::expression::quoted(operand, 0).map_or_else(|_| String::new(), |(title, _)| title);
            pages.eject();
            return true;
        }
        _ => {}
    }
    false
}

/// Whether the location of a line is worth printing.
fn located(line: &Line) -> bool {
    match line.role {
        Role::Machine { .. } | Role::Literal(_) => true,
        Role::Directive(directive) => matches!(
            directive,
            Directive::Dc
                | Directive::Ds
                | Directive::Ccw
                | Directive::Cnop
                | Directive::Com
                | Directive::Csect
                | Directive::Dsect
                | Directive::Ltorg
                | Directive::Org
                | Directive::Start
        ),
        Role::Nothing => false,
    }
}

/// The columns in front of the source statement.
fn left(line: &Line, object: &Object) -> String {
    let location = match (&line.role, &object.entry) {
        (Role::Directive(Directive::End), Some(Entry::Address { address, .. })) => format!("{address:06X}"),
        _ if located(line) && line.section.is_some() => format!("{:06X}", line.location),
        _ => String::new(),
    };
    let mut code = String::new();
    for (n, byte) in line.code.iter().take(8).enumerate() {
        if n > 0 && n % 2 == 0 && matches!(line.role, Role::Machine { .. }) {
            code.push(' ');
        }
        let _ = write!(code, "{byte:02X}");
    }
    let address = |n: usize| line.addresses[n].map_or(String::new(), |address| format!("{:05X}", address & 0xFF_FFFF));
    let generated = if line.chain.is_some() || matches!(line.role, Role::Literal(_)) { '+' } else { ' ' };
    let text = format!("{location:<6} {code:<14} {:<5} {:<5} {:>5}{generated}", address(0), address(1), line.number);
    // Eight bytes of data reach into the address columns, which data does not use.
    if code.len() > 14 { format!("{location:<6} {code:<16}{:>16}{generated}", line.number) } else { text }
}

fn statement(assembler: &Assembler<'_>, object: &Object, line: &Line, data: bool, pages: &mut Pages) {
    let left = left(line, object);
    let source = &line.statement;
    if line.chain.is_none() && source.records > 0 {
        for n in 0..source.records {
            let record = assembler.files.record(source.file, source.line + n).unwrap_or("");
            let front = if n == 0 { left.as_str() } else { "" };
            pages.line(&format!("{front:<40}{record}"));
        }
    } else {
        pages.line(&format!("{left}{}", source.image()));
    }
    if data && !matches!(line.role, Role::Machine { .. }) {
        for (n, bytes) in line.code.chunks(8).enumerate().skip(1) {
            let code: String = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
            pages.line(&format!("{:06X} {code}", line.location + 8 * n as u32));
        }
    }
}

fn relocations(object: &Object, pages: &mut Pages) {
    if object.rld.is_empty() {
        return;
    }
    pages.part("RELOCATION DICTIONARY", "POS.ID   REL.ID   FLAGS   ADDRESS");
    for rld in &object.rld {
        let flags = crate::deck::flag(rld);
        pages
            .line(&format!("  {:04X}     {:04X}     {flags:02X}    {:06X}", rld.position, rld.relocation, rld.address));
    }
}

fn cross_reference(assembler: &Assembler<'_>, pages: &mut Pages) {
    let mut rows: Vec<(&str, String, Vec<u32>)> = Vec::new();
    for symbol in assembler.symbols.table.iter().filter(|symbol| !symbol.references.is_empty()) {
        let middle = match symbol.state {
            State::Defined { value, .. } => format!("{:05} {value:08X} {:05}", symbol.length, symbol.statement),
            _ => "   *** UNDEFINED ***".to_string(),
        };
        rows.push((&symbol.name, middle, symbol.references.clone()));
    }
    for literal in &assembler.literals.list {
        let defined = assembler.lines.get(literal.line).map_or(0, |line| line.number);
        let middle = format!("{:05} {:08X} {defined:05}", literal.length, literal.location);
        rows.push((&literal.text, middle, literal.references.clone()));
    }
    if rows.is_empty() {
        return;
    }
    pages.part("CROSS-REFERENCE", "SYMBOL    LEN   VALUE   DEFN    REFERENCES");
    rows.sort_by_key(|row| ebcdic_key(row.0));
    for (name, middle, mut references) in rows {
        references.sort_unstable();
        references.dedup();
        for (n, chunk) in references.chunks(12).enumerate() {
            let list: String = chunk.iter().map(|number| format!(" {number:05}")).collect();
            match n {
                0 if name.chars().count() > 8 => {
                    pages.line(name);
                    pages.line(&format!("{:<8} {middle} {list}", ""));
                }
                0 => pages.line(&format!("{name:<8} {middle} {list}")),
                _ => pages.line(&format!("{:<30}{list}", "")),
            }
        }
    }
}

/// Symbols are sorted as EBCDIC sorts them: letters before digits.
fn ebcdic_key(name: &str) -> Vec<u8> {
    s370_arch::ebcdic::from_text(name)
}

fn diagnostics(assembler: &Assembler<'_>, pages: &mut Pages) {
    pages.part("ASSEMBLER DIAGNOSTICS AND STATISTICS", "");
    let flagged: Vec<&Diagnostic> = assembler.diagnostics.iter().filter(|d| d.severity > Severity::NOTE).collect();
    if flagged.is_empty() {
        pages.line("NO STATEMENTS FLAGGED IN THIS ASSEMBLY");
    } else {
        pages.line(" STMT SEV  MESSAGE");
        let mut sorted = flagged.clone();
        sorted.sort_by_key(|diagnostic| diagnostic.statement);
        for diagnostic in sorted {
            let number = diagnostic.statement.unwrap_or(0);
            pages.line(&format!("{number:5} {:3}  {}", diagnostic.severity.0, diagnostic.message));
            let place = format!("{}:{}:{}", diagnostic.file, diagnostic.line, diagnostic.column);
            pages.line(&format!("           at {place}"));
            for call in &diagnostic.calls {
                pages.line(&format!("           in macro {} called at {}:{}", call.name, call.file, call.line));
            }
        }
        pages.line(&format!("MESSAGES IN THIS ASSEMBLY  {}", flagged.len()));
    }
    pages.line(&format!("HIGHEST SEVERITY WAS {:4}", assembler.severity().0));
    pages.line(&format!("STATEMENTS PROCESSED {:4}", assembler.lines.len()));
}
