//! Operands of DC and DS and literals: their syntax and their bytes (GC33-4010, "Defining Data").

use crate::diagnostic::{Fault, Parsed};
use crate::expression::{Parser, Scope, code, quoted};
use crate::number::{Decimal, packed, zoned};
use crate::symbol::{Attributes, SectionId};
use crate::using::UsingTable;
use crate::value::Value;

/// A stretch of the operand field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub start: usize,
    pub end: usize,
}

/// A modifier: where its value stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Modifier {
    /// The number or the expression, sign included.
    at: usize,
}

/// The syntax of one operand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    duplication: Option<usize>,
    /// The type, a capital letter.
    pub kind: u8,
    /// Where the operand begins.
    pub start: usize,
    length: Option<Modifier>,
    bits: bool,
    scale: Option<Modifier>,
    exponent: Option<Modifier>,
    /// The nominal values.
    values: Vec<Span>,
    /// Offset behind the operand.
    pub end: usize,
}

/// Cuts one operand, beginning at `at`, without evaluating it.
pub(crate) fn shape(text: &str, at: usize) -> Parsed<Shape> {
    let mut at_now = at;
    let bytes = text.as_bytes();
    let duplication = number_or_parenthesis(text, &mut at_now, false)?;
    let kind = match bytes.get(at_now) {
        Some(&kind) if b"CXBFHEDLPZAYSV".contains(&kind) => kind,
        Some(&kind) if kind.is_ascii_alphabetic() => {
            return Err(Fault::error(at_now, format!("{} is not a type of constant", kind as char)));
        }
        _ => return Err(Fault::error(at_now, "expected the type of a constant (C X B F H E D L P Z A Y S V)")),
    };
    at_now += 1;
    let mut shape = Shape {
        duplication,
        kind,
        start: at,
        length: None,
        bits: false,
        scale: None,
        exponent: None,
        values: Vec::new(),
        end: 0,
    };
    modifiers(text, &mut at_now, &mut shape)?;
    match bytes.get(at_now) {
        Some(b'\'') if !is_address(kind) => at_now = quoted_values(text, at_now, &mut shape)?,
        Some(b'(') if is_address(kind) => at_now = address_values(text, at_now, &mut shape)?,
        None | Some(b',' | b'(' | b')' | b'+' | b'-' | b'*' | b'/') => {}
        Some(_) if is_address(kind) => return Err(Fault::error(at_now, "expected the constant in parentheses")),
        Some(_) => return Err(Fault::error(at_now, "expected the constant in apostrophes")),
    }
    shape.end = at_now;
    Ok(shape)
}

impl Shape {
    /// The nominal values as text.
    pub fn names<'t>(&self, text: &'t str) -> impl Iterator<Item = &'t str> {
        self.values.iter().map(|span| &text[span.start..span.end])
    }
}

fn is_address(kind: u8) -> bool {
    matches!(kind, b'A' | b'Y' | b'S' | b'V')
}

/// Passes digits or a parenthesised expression; returns where they begin.
fn number_or_parenthesis(text: &str, at: &mut usize, signed: bool) -> Parsed<Option<usize>> {
    let bytes = text.as_bytes();
    let start = *at;
    if signed && matches!(bytes.get(*at), Some(b'+' | b'-')) {
        *at += 1;
    }
    if bytes.get(*at) == Some(&b'(') {
        *at = closing(text, *at)? + 1;
        return Ok(Some(start));
    }
    let digits = *at;
    while bytes.get(*at).is_some_and(u8::is_ascii_digit) {
        *at += 1;
    }
    Ok((*at > digits).then_some(start))
}

fn modifiers(text: &str, at: &mut usize, shape: &mut Shape) -> Parsed<()> {
    loop {
        let letter = text.as_bytes().get(*at).copied();
        let slot = match letter {
            Some(b'L') if shape.length.is_none() => &mut shape.length,
            Some(b'S') if shape.scale.is_none() => &mut shape.scale,
            Some(b'E') if shape.exponent.is_none() => &mut shape.exponent,
            _ => return Ok(()),
        };
        *at += 1;
        if letter == Some(b'L') && text.as_bytes().get(*at) == Some(&b'.') {
            shape.bits = true;
            *at += 1;
        }
        let found = number_or_parenthesis(text, at, letter != Some(b'L'))?;
        let missing =
            || Fault::error(*at, format!("expected a number after the modifier {}", letter.unwrap_or(b' ') as char));
        *slot = Some(Modifier { at: found.ok_or_else(missing)? });
    }
}

/// The offset of the parenthesis that closes the one at `at`.
pub(crate) fn closing(text: &str, at: usize) -> Parsed<usize> {
    let bytes = text.as_bytes();
    let (mut depth, mut now) = (0, at);
    while now < bytes.len() {
        match bytes[now] {
            b'(' => depth += 1,
            b')' => depth -= 1,
            b'\'' if !crate::statement::is_attribute(bytes, now) => now = quoted(text, now)?.1 - 1,
            _ => {}
        }
        if depth == 0 {
            return Ok(now);
        }
        now += 1;
    }
    Err(Fault::error(at, "the parenthesis is not closed"))
}

fn quoted_values(text: &str, at: usize, shape: &mut Shape) -> Parsed<usize> {
    let end = quoted(text, at)?.1;
    let mut start = at + 1;
    if shape.kind != b'C' {
        for (n, _) in text[at + 1..end - 1].match_indices(',') {
            shape.values.push(Span { start, end: at + 1 + n });
            start = at + 1 + n + 1;
        }
    }
    shape.values.push(Span { start, end: end - 1 });
    Ok(end)
}

fn address_values(text: &str, at: usize, shape: &mut Shape) -> Parsed<usize> {
    let end = closing(text, at)?;
    let bytes = text.as_bytes();
    let (mut start, mut now) = (at + 1, at + 1);
    while now < end {
        match bytes[now] {
            b'(' => now = closing(text, now)?,
            b'\'' if !crate::statement::is_attribute(bytes, now) => now = quoted(text, now)?.1 - 1,
            b',' => {
                shape.values.push(Span { start, end: now });
                start = now + 1;
            }
            _ => {}
        }
        now += 1;
    }
    shape.values.push(Span { start, end });
    Ok(end + 1)
}

/// One operand with its numbers evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Constant {
    pub shape: Shape,
    pub duplication: u32,
    /// Length of one constant in bits, where it was given explicitly.
    explicit: Option<u32>,
    scale: i32,
    exponent: i32,
}

/// Implied length in bytes of one constant of a type, where it does not depend on the value.
fn implied_length(kind: u8) -> u32 {
    match kind {
        b'F' | b'E' | b'A' | b'V' => 4,
        b'H' | b'Y' | b'S' => 2,
        b'D' => 8,
        b'L' => 16,
        _ => 1,
    }
}

/// The largest length in bytes that may be given to a type.
fn longest(kind: u8) -> u32 {
    match kind {
        b'X' | b'B' => 256,
        b'P' | b'Z' | b'L' => 16,
        b'A' | b'V' => 4,
        b'Y' | b'S' => 2,
        b'C' => 65535,
        _ => 8,
    }
}

/// The largest length of a DS operand: C and X areas may be large.
fn longest_area(kind: u8) -> u32 {
    if matches!(kind, b'C' | b'X') { 65535 } else { longest(kind) }
}

impl Constant {
    /// Evaluates duplication and modifiers. `area` is true for DS.
    pub fn evaluate(text: &str, shape: Shape, scope: &mut Scope<'_>, area: bool) -> Parsed<Constant> {
        let duplication = match shape.duplication {
            Some(at) => number(text, at, scope)?,
            None => 1,
        };
        let at = shape.duplication.unwrap_or(shape.start);
        let duplication = u32::try_from(duplication).ok().filter(|&n| n <= 0xFF_FFFF);
        let duplication =
            duplication.ok_or_else(|| Fault::error(at, "the duplication factor must be from 0 to 16777215"))?;
        let explicit = match shape.length {
            Some(modifier) => Some(explicit_length(text, &shape, modifier.at, scope, area)?),
            None => None,
        };
        let scale = shape.scale.map_or(Ok(0), |m| number(text, m.at, scope))?;
        let exponent = shape.exponent.map_or(Ok(0), |m| number(text, m.at, scope))?;
        let scales =
            if matches!(shape.kind, b'F' | b'H') { -187..=346 } else { 0..=if shape.kind == b'L' { 28 } else { 14 } };
        let scalable = b"FHEDL".contains(&shape.kind);
        for (modifier, valid, what, value) in [
            (shape.scale, scalable && scales.contains(&scale), "a scale", scale),
            (shape.exponent, scalable && exponent.abs() <= 85, "an exponent", exponent),
        ] {
            if let Some(modifier) = modifier.filter(|_| !valid) {
                let text = format!("{what} of {value} is not valid for type {}", shape.kind as char);
                return Err(Fault::error(modifier.at, text));
            }
        }
        if shape.values.is_empty() && !area {
            return Err(Fault::error(shape.end, "expected a nominal value"));
        }
        Ok(Constant { shape, duplication, explicit, scale, exponent })
    }

    /// Boundary of the operand: 1, 2, 4 or 8.
    pub fn alignment(&self) -> u32 {
        match self.shape.kind {
            _ if self.explicit.is_some() => 1,
            b'F' | b'E' | b'A' | b'V' => 4,
            b'H' | b'Y' | b'S' => 2,
            b'D' | b'L' => 8,
            _ => 1,
        }
    }

    /// Whether the length was given in bits.
    pub fn in_bits(&self) -> bool {
        self.shape.bits
    }

    /// Length in bits of one nominal value.
    fn value_bits(&self, text: &str, span: Span) -> u32 {
        if let Some(bits) = self.explicit {
            return bits;
        }
        let nominal = &text[span.start..span.end];
        let digits = nominal.bytes().filter(u8::is_ascii_digit).count() as u32;
        let bytes = match self.shape.kind {
            b'C' => characters(nominal).count() as u32,
            b'X' => (nominal.len() as u32).div_ceil(2),
            b'B' => (nominal.len() as u32).div_ceil(8),
            b'P' => digits / 2 + 1,
            b'Z' => digits,
            kind => implied_length(kind),
        };
        bytes.max(1) * 8
    }

    /// Length in bits of the operand without its duplication factor.
    fn unit_bits(&self, text: &str) -> u64 {
        if self.shape.values.is_empty() {
            return u64::from(self.explicit.unwrap_or(implied_length(self.shape.kind) * 8));
        }
        self.shape.values.iter().map(|&span| u64::from(self.value_bits(text, span))).sum()
    }

    /// Length in bits of the whole operand.
    pub fn total_bits(&self, text: &str) -> u64 {
        self.unit_bits(text).saturating_mul(u64::from(self.duplication))
    }

    /// Attributes a symbol that names the operand gets.
    pub fn attributes(&self, text: &str) -> Attributes {
        let bits = match self.shape.values.first() {
            Some(&span) => self.value_bits(text, span),
            None => self.explicit.unwrap_or(implied_length(self.shape.kind) * 8),
        };
        let length = bits.div_ceil(8);
        let explicit = self.explicit.is_some();
        let kind = match self.shape.kind {
            b'F' | b'H' if explicit => b'G',
            b'E' | b'D' | b'L' if explicit => b'K',
            b'A' | b'Y' | b'S' | b'V' if explicit => b'R',
            kind => kind,
        };
        let first = self.shape.values.first().map_or("", |span| &text[span.start..span.end]);
        let digits = first.bytes().filter(u8::is_ascii_digit).count() as i32;
        let fraction = first.split_once('.').map_or(0, |parts| parts.1.len() as i32);
        let (scale, integer) = match self.shape.kind {
            b'F' | b'H' => (self.scale, 8 * length as i32 - self.scale - 1),
            b'E' | b'D' => (self.scale, 2 * (length as i32 - 1) - self.scale),
            b'L' => (self.scale, 2 * (length as i32 - 2) - self.scale),
            b'P' if first.is_empty() => (0, 2 * length as i32 - 1),
            b'Z' if first.is_empty() => (0, length as i32),
            b'P' | b'Z' => (fraction, digits - fraction),
            _ => (0, 0),
        };
        Attributes { length, kind, scale: scale as i16, integer: integer as i16 }
    }
}

/// Evaluates the number or parenthesised expression at `at`.
fn number(text: &str, at: usize, scope: &mut Scope<'_>) -> Parsed<i32> {
    let bytes = text.as_bytes();
    let signed = usize::from(matches!(bytes[at], b'+' | b'-'));
    let mut parser = Parser::new(text, at + signed);
    let value = if bytes[at + signed] == b'(' {
        parser.at += 1;
        parser.absolute(scope)?
    } else {
        let digits: String = text[at + signed..].chars().take_while(char::is_ascii_digit).collect();
        digits.parse().map_err(|_| Fault::error(at, "the number is too large"))?
    };
    Ok(if bytes[at] == b'-' { value.wrapping_neg() } else { value })
}

fn explicit_length(text: &str, shape: &Shape, at: usize, scope: &mut Scope<'_>, area: bool) -> Parsed<u32> {
    let limit = if area { longest_area(shape.kind) } else { longest(shape.kind) };
    let value = number(text, at, scope)?;
    let (bits, limit, unit) =
        if shape.bits { (i64::from(value), limit * 8, "bits") } else { (i64::from(value) * 8, limit, "bytes") };
    let most = i64::from(if shape.bits { limit } else { limit * 8 });
    let zero_ok = area && bits == 0;
    if (bits < 1 || bits > most) && !zero_ok {
        let kind = shape.kind as char;
        return Err(Fault::error(
            at,
            format!("the length of type {kind} must be from 1 to {limit} {unit}, not {value}"),
        ));
    }
    Ok(bits as u32)
}

/// The characters of a nominal value, doubled apostrophes and ampersands made single.
fn characters(nominal: &str) -> impl Iterator<Item = char> + '_ {
    let mut chars = nominal.chars().peekable();
    std::iter::from_fn(move || {
        let c = chars.next()?;
        if matches!(c, '\'' | '&') {
            chars.next_if_eq(&c);
        }
        Some(c)
    })
}

/// Kind of an address that the linker completes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AddressKind {
    /// A- and Y-type: an address in the program.
    Local,
    /// V-type: the address of another program's entry, to branch to.
    Branch,
}

/// A field of assembled bytes that moves with a section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Relocation {
    /// Offset in the assembled bytes.
    pub offset: u32,
    pub section: SectionId,
    pub negative: bool,
    pub length: u8,
    pub kind: AddressKind,
}

/// Bytes in the making, with bit-length constants packed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Assembled {
    pub bytes: Vec<u8>,
    /// Bits used of the last byte; 0 when it is full.
    bit: u32,
    pub relocations: Vec<Relocation>,
}

impl Assembled {
    /// Goes to a byte boundary.
    pub fn close_byte(&mut self) {
        self.bit = 0;
    }

    fn push_bits(&mut self, value: u128, bits: u32) {
        for n in (0..bits).rev() {
            if self.bit == 0 {
                self.bytes.push(0);
            }
            if let Some(last) = self.bytes.last_mut() {
                *last |= ((value >> n & 1) as u8) << (7 - self.bit);
            }
            self.bit = (self.bit + 1) % 8;
        }
    }

    fn push_bytes(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Notes that the field at `offset` has the relocation terms of `value`.
    pub fn add_address(&mut self, offset: u32, length: u8, value: &Value) {
        for &(section, times) in &value.terms {
            for _ in 0..times.unsigned_abs() {
                let kind = AddressKind::Local;
                self.relocations.push(Relocation { offset, section, negative: times < 0, length, kind });
            }
        }
    }

    pub fn align(&mut self, base: u32, boundary: u32) {
        while !(base + self.bytes.len() as u32).is_multiple_of(boundary) {
            self.bytes.push(0);
        }
    }
}

/// What assembling a constant needs to know besides its expressions' scope.
pub(crate) struct Setting<'a> {
    pub using: &'a UsingTable,
    /// Address of the first byte of the statement.
    pub base: u32,
    /// The location counter reference stands for the place of the constant, not for that of an instruction.
    pub moving: bool,
    /// Section ids of external symbols that V-type constants name.
    pub externals: &'a dyn Fn(&str) -> Option<SectionId>,
}

impl Constant {
    /// Appends the operand's bytes.
    pub fn assemble(
        &self,
        text: &str,
        scope: &mut Scope<'_>,
        setting: &Setting<'_>,
        out: &mut Assembled,
    ) -> Parsed<()> {
        if !self.in_bits() {
            out.close_byte();
            out.align(setting.base, self.alignment());
        }
        let varies = is_address(self.shape.kind) || self.in_bits();
        let rounds = if varies { self.duplication } else { self.duplication.min(1) };
        let start = out.bytes.len();
        for _ in 0..rounds {
            for &span in &self.shape.values {
                self.assemble_value(text, span, scope, setting, out)?;
            }
        }
        if !varies && self.duplication > 1 {
            let unit = out.bytes[start..].to_vec();
            for _ in 1..self.duplication {
                out.push_bytes(&unit);
            }
        }
        Ok(())
    }

    fn assemble_value(
        &self,
        text: &str,
        span: Span,
        scope: &mut Scope<'_>,
        setting: &Setting<'_>,
        out: &mut Assembled,
    ) -> Parsed<()> {
        let nominal = &text[span.start..span.end];
        let bits = self.value_bits(text, span);
        match self.shape.kind {
            b'C' => push_characters(nominal, span.start, bits, self.in_bits(), out),
            b'X' => push_digits(nominal, span.start, bits, self.in_bits(), 4, out),
            b'B' => push_digits(nominal, span.start, bits, self.in_bits(), 1, out),
            b'P' | b'Z' => {
                let decimal = decimal(nominal, span.start)?;
                if nominal.contains('E') {
                    return Err(Fault::error(span.start, "a decimal constant has no exponent"));
                }
                let field = if self.shape.kind == b'P' { packed } else { zoned };
                let bytes = field(&decimal, Some(bits.div_ceil(8)));
                push_field(&bytes, bits, self.in_bits(), out);
                Ok(())
            }
            b'F' | b'H' => {
                let value = decimal(nominal, span.start)?.fixed(self.exponent, self.scale, bits);
                let value =
                    value.ok_or_else(|| Fault::error(span.start, format!("{nominal} does not fit in {bits} bits")))?;
                out.push_bits(u128::from(value), bits);
                Ok(())
            }
            b'E' | b'D' | b'L' => {
                if bits < 12 || (64 < bits && bits < 80) {
                    return Err(Fault::error(span.start, format!("a floating-point constant cannot have {bits} bits")));
                }
                let value = decimal(nominal, span.start)?.floating(self.exponent, self.scale as u32, bits);
                let range = || Fault::error(span.start, format!("{nominal} is outside the floating-point range"));
                out.push_bits(value.ok_or_else(range)?, bits);
                Ok(())
            }
            b'S' => self.assemble_base_displacement(text, span, scope, setting, out),
            _ => self.assemble_address(text, span, bits, scope, setting, out),
        }
    }

    fn assemble_address(
        &self,
        text: &str,
        span: Span,
        bits: u32,
        scope: &mut Scope<'_>,
        setting: &Setting<'_>,
        out: &mut Assembled,
    ) -> Parsed<()> {
        let value = if self.shape.kind == b'V' {
            let name = &text[span.start..span.end];
            let section = (setting.externals)(name);
            let section = section.ok_or_else(|| Fault::error(span.start, format!("{name} is not a symbol")))?;
            Value::relocatable(0, section)
        } else {
            if setting.moving {
                scope.location.number = (setting.base + out.bytes.len() as u32) as i32;
            }
            let mut parser = Parser::new(&text[..span.end], span.start);
            let term = parser.expression(scope)?;
            parser.finish()?;
            term.value
        };
        let offset = out.bytes.len() as u32;
        let length = (bits / 8) as u8;
        if !value.is_absolute() {
            let shortest = if self.shape.kind == b'Y' { 2 } else { 3 };
            if self.in_bits() || bits / 8 < shortest {
                let text = format!("a relocatable address needs a length of {shortest} bytes or more");
                return Err(Fault::error(span.start, text));
            }
        } else if bits < 32 {
            let number = i64::from(value.number);
            if number >= 1 << bits || number < -(1 << bits) {
                return Err(Fault::error(span.start, format!("the value {number} does not fit in {bits} bits")));
            }
        }
        let kind = if self.shape.kind == b'V' { AddressKind::Branch } else { AddressKind::Local };
        for &(section, times) in &value.terms {
            for _ in 0..times.unsigned_abs() {
                out.relocations.push(Relocation { offset, section, negative: times < 0, length, kind });
            }
        }
        out.push_bits(value.number as u32 as u128 & ((1 << bits) - 1), bits);
        Ok(())
    }

    fn assemble_base_displacement(
        &self,
        text: &str,
        span: Span,
        scope: &mut Scope<'_>,
        setting: &Setting<'_>,
        out: &mut Assembled,
    ) -> Parsed<()> {
        let mut parser = Parser::new(&text[..span.end], span.start);
        if setting.moving {
            scope.location.number = (setting.base + out.bytes.len() as u32) as i32;
        }
        let term = parser.expression(scope)?;
        let (base, displacement) = if parser.eat(b'(') {
            let base = parser.absolute(scope)?;
            parser.expect(b')', "after the base register")?;
            if !term.value.is_absolute() || !(0..4096).contains(&term.value.number) || !(0..16).contains(&base) {
                return Err(Fault::error(
                    span.start,
                    "expected a displacement from 0 to 4095 and a register from 0 to 15",
                ));
            }
            (base as u8, term.value.number as u16)
        } else {
            setting.using.resolve(&term.value).map_err(|message| Fault::error(span.start, message))?
        };
        parser.finish()?;
        if self.explicit.is_some_and(|bits| bits != 16) {
            return Err(Fault::error(span.start, "an S-type constant has a length of 2"));
        }
        out.push_bytes(&(u16::from(base) << 12 | displacement).to_be_bytes());
        Ok(())
    }
}

fn decimal(nominal: &str, at: usize) -> Parsed<Decimal> {
    Decimal::parse(nominal).map_err(|message| Fault::error(at, message))
}

/// Appends bytes of which the rightmost `bits` bits are wanted.
fn push_field(bytes: &[u8], bits: u32, in_bits: bool, out: &mut Assembled) {
    if in_bits {
        let value = bytes.iter().fold(0u128, |n, &byte| n << 8 | u128::from(byte));
        out.push_bits(value, bits);
    } else {
        out.push_bytes(bytes);
    }
}

/// Characters: cut and padded on the right.
fn push_characters(nominal: &str, at: usize, bits: u32, in_bits: bool, out: &mut Assembled) -> Parsed<()> {
    let wanted = bits.div_ceil(8) as usize;
    let mut bytes = Vec::with_capacity(wanted);
    for c in characters(nominal) {
        bytes.push(code(c, at)?);
    }
    bytes.resize(wanted, 0x40);
    if !in_bits {
        out.push_bytes(&bytes);
        return Ok(());
    }
    let mut left = bits;
    for byte in bytes {
        let part = left.min(8);
        out.push_bits(u128::from(byte >> (8 - part)), part);
        left -= part;
    }
    Ok(())
}

/// Hexadecimal or binary digits: cut and padded on the left.
fn push_digits(nominal: &str, at: usize, bits: u32, in_bits: bool, width: u32, out: &mut Assembled) -> Parsed<()> {
    let wrong = |c: char| Fault::error(at, format!("{c:?} is not a valid digit"));
    let mut digits = Vec::with_capacity(nominal.len());
    for c in nominal.chars() {
        digits.push(c.to_digit(1 << width).filter(|_| !c.is_ascii_lowercase()).ok_or_else(|| wrong(c))?);
    }
    if digits.is_empty() {
        return Err(Fault::error(at, "expected digits"));
    }
    let bit = |from_right: u32| {
        let digit = digits.len().checked_sub(1 + (from_right / width) as usize);
        digit.map_or(0, |n| digits[n] >> (from_right % width) & 1)
    };
    if in_bits {
        for n in (0..bits).rev() {
            out.push_bits(u128::from(bit(n)), 1);
        }
        return Ok(());
    }
    for byte in (0..bits / 8).rev() {
        let value = (0..8).rev().fold(0, |value, n| value << 1 | bit(byte * 8 + n));
        out.bytes.push(value as u8);
    }
    Ok(())
}
