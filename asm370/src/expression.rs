//! Ordinary expressions and self-defining terms (GC33-4010, "Expressions").

use s370_arch::ebcdic;

use crate::diagnostic::{Fault, Parsed};
use crate::literal::Literals;
use crate::statement::{is_attribute, is_symbol_char, is_symbol_start};
use crate::symbol::{Sections, State, SymbolId, Symbols};
use crate::value::Value;

/// What an expression can refer to.
pub(crate) struct Scope<'a> {
    pub symbols: &'a Symbols,
    pub sections: &'a Sections,
    /// The literals of this pool, where literals are allowed.
    pub literals: Option<&'a Literals>,
    /// Value of the location counter reference `*`.
    pub location: Value,
    /// Number of the statement the expression stands in.
    pub statement: u32,
    /// Length attribute of `*`: that of the instruction.
    pub length: u32,
    /// It is pass 1: symbols that are defined further on are not known yet.
    pub early: bool,
    /// Symbols that were referred to.
    pub references: References,
}

/// The symbols in an expression.
#[derive(Clone, Debug, Default)]
pub(crate) struct References {
    pub defined: Vec<SymbolId>,
    pub undefined: Vec<String>,
}

impl References {
    /// Adds those of another expression.
    pub fn append(&mut self, other: &mut References) {
        self.defined.append(&mut other.defined);
        self.undefined.append(&mut other.undefined);
    }
}

impl<'a> Scope<'a> {
    pub fn new(symbols: &'a Symbols, sections: &'a Sections, location: Value) -> Scope<'a> {
        Scope {
            symbols,
            sections,
            literals: None,
            location,
            statement: 0,
            length: 1,
            early: false,
            references: References::default(),
        }
    }
}

/// A value with the length attribute of the expression's first term.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Term {
    pub value: Value,
    pub length: u32,
    /// The expression was a literal.
    pub literal: bool,
}

impl Term {
    fn absolute(number: i32) -> Term {
        Term { value: Value::absolute(number), length: 1, literal: false }
    }
}

/// Parentheses an expression may nest.
const NESTING: u32 = 60;

/// A place in an operand field, from which expressions are read.
pub(crate) struct Parser<'t> {
    text: &'t str,
    pub at: usize,
    depth: u32,
}

impl<'t> Parser<'t> {
    pub fn new(text: &'t str, at: usize) -> Parser<'t> {
        Parser { text, at, depth: 0 }
    }

    pub fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Passes `c` if it is next.
    pub fn eat(&mut self, c: u8) -> bool {
        let found = self.peek() == Some(c);
        self.at += usize::from(found);
        found
    }

    /// Passes `c`, or says that it was expected.
    pub fn expect(&mut self, c: u8, what: &str) -> Parsed<()> {
        if self.eat(c) { Ok(()) } else { Err(self.unexpected(&format!("'{}' {what}", c as char))) }
    }

    /// A complaint about the next character.
    pub fn unexpected(&self, expected: &str) -> Fault {
        let found = match self.text[self.at..].chars().next() {
            Some(c) => format!("'{c}'"),
            None => "the end of the operand".into(),
        };
        Fault::error(self.at, format!("expected {expected}, found {found}"))
    }

    pub fn is_done(&self) -> bool {
        self.at >= self.text.len()
    }

    /// Says what stands behind the last operand.
    pub fn finish(&self) -> Parsed<()> {
        if self.is_done() { Ok(()) } else { Err(self.unexpected("the end of the operand")) }
    }

    /// A symbol, if one is next.
    pub fn symbol(&mut self) -> Parsed<Option<&'t str>> {
        let bytes = self.text.as_bytes();
        if !self.peek().is_some_and(is_symbol_start) {
            return Ok(None);
        }
        let start = self.at;
        while self.at < bytes.len() && is_symbol_char(bytes[self.at]) {
            self.at += 1;
        }
        let name = &self.text[start..self.at];
        if name.len() > 8 {
            return Err(Fault::error(start, format!("the symbol {name} is longer than 8 characters")));
        }
        Ok(Some(name))
    }

    /// An expression.
    pub fn expression(&mut self, scope: &mut Scope<'_>) -> Parsed<Term> {
        let start = self.at;
        let mut left = self.product(scope)?;
        loop {
            let sign = match self.peek() {
                Some(b'+') => 1,
                Some(b'-') => -1,
                _ => return Ok(left),
            };
            self.at += 1;
            let right = self.product(scope)?;
            left.value = left.value.add(&right.value, sign).ok_or_else(|| overflow(start))?;
            left.literal = false;
        }
    }

    /// An expression without relocation terms.
    pub fn absolute(&mut self, scope: &mut Scope<'_>) -> Parsed<i32> {
        let start = self.at;
        let term = self.expression(scope)?;
        if term.value.is_absolute() {
            Ok(term.value.number)
        } else {
            Err(Fault::error(start, "the expression is relocatable where an absolute one is needed"))
        }
    }

    fn product(&mut self, scope: &mut Scope<'_>) -> Parsed<Term> {
        let start = self.at;
        let mut left = self.signed(scope)?;
        while let Some(operator @ (b'*' | b'/')) = self.peek() {
            self.at += 1;
            let right = self.signed(scope)?;
            if !left.value.is_absolute() || !right.value.is_absolute() {
                return Err(Fault::error(start, "a relocatable term cannot be multiplied or divided"));
            }
            let (a, b) = (left.value.number, right.value.number);
            // Division by zero is defined: the quotient is zero.
            let number = if operator == b'*' { a.checked_mul(b) } else { Some(a.checked_div(b).unwrap_or(0)) };
            left.value.number = number.ok_or_else(|| overflow(start))?;
            left.literal = false;
        }
        Ok(left)
    }

    fn signed(&mut self, scope: &mut Scope<'_>) -> Parsed<Term> {
        let start = self.at;
        let mut negative = false;
        while let Some(sign @ (b'+' | b'-')) = self.peek() {
            self.at += 1;
            negative ^= sign == b'-';
        }
        let term = self.term(scope)?;
        if !negative {
            return Ok(term);
        }
        let value = Value::default().add(&term.value, -1).ok_or_else(|| overflow(start))?;
        Ok(Term { value, length: term.length, literal: false })
    }

    fn term(&mut self, scope: &mut Scope<'_>) -> Parsed<Term> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        match self.peek() {
            Some(b'(') => {
                self.at += 1;
                self.depth += 1;
                if self.depth > NESTING {
                    return Err(Fault::error(start, "too many levels of parentheses"));
                }
                let term = self.expression(scope)?;
                self.depth -= 1;
                self.expect(b')', "after the expression")?;
                Ok(term)
            }
            Some(b'*') => {
                self.at += 1;
                Ok(Term { value: scope.location.clone(), length: scope.length, literal: false })
            }
            Some(b'=') => self.literal(scope),
            Some(c) if c.is_ascii_digit() => self.decimal().map(Term::absolute),
            Some(b'L') if bytes.get(start + 1) == Some(&b'\'') && is_attribute(bytes, start + 1) => {
                self.at += 2;
                self.length_attribute(scope)
            }
            Some(b'X' | b'B' | b'C') if bytes.get(start + 1) == Some(&b'\'') => {
                let (number, end) = self_defining(self.text, start)?;
                self.at = end;
                Ok(Term::absolute(number))
            }
            _ => match self.symbol()? {
                Some(name) => lookup(scope, name, start),
                None => Err(self.unexpected("a term")),
            },
        }
    }

    fn decimal(&mut self) -> Parsed<i32> {
        let start = self.at;
        while self.peek().is_some_and(|c| c.is_ascii_digit()) {
            self.at += 1;
        }
        self.text[start..self.at].parse().map_err(|_| Fault::error(start, "the decimal term exceeds 2147483647"))
    }

    fn length_attribute(&mut self, scope: &mut Scope<'_>) -> Parsed<Term> {
        let start = self.at;
        if self.eat(b'*') {
            return Ok(Term::absolute(scope.length as i32));
        }
        if self.peek() == Some(b'=') {
            return self.literal(scope).map(|term| Term::absolute(term.length as i32));
        }
        let Some(name) = self.symbol()? else { return Err(self.unexpected("a symbol after L'")) };
        let Some(id) = scope.symbols.find(name) else { return Err(undefined(scope, start, name)) };
        let symbol = scope.symbols.get(id);
        if symbol.state == State::Undefined {
            return Err(undefined(scope, start, name));
        }
        scope.references.defined.push(id);
        Ok(Term::absolute(symbol.length as i32))
    }

    fn literal(&mut self, scope: &mut Scope<'_>) -> Parsed<Term> {
        let start = self.at;
        let end = crate::literal::extent(self.text, start)?;
        self.at = end;
        let Some(literals) = scope.literals else {
            return Err(Fault::error(start, "a literal is not allowed here"));
        };
        let text = &self.text[start..end];
        let found = literals.find(text, scope.statement);
        let literal = found.ok_or_else(|| Fault::error(start, format!("the literal {text} is not usable")))?;
        let value = scope.sections.value(literal.location, literal.section);
        Ok(Term { value, length: literal.length, literal: true })
    }
}

fn overflow(at: usize) -> Fault {
    Fault::error(at, "the value of the expression exceeds 32 bits")
}

fn undefined(scope: &Scope<'_>, at: usize, name: &str) -> Fault {
    let early = if scope.early { " in front of this statement, where it must be" } else { "" };
    Fault::error(at, format!("the symbol {name} is not defined{early}"))
}

fn lookup(scope: &mut Scope<'_>, name: &str, at: usize) -> Parsed<Term> {
    let id = scope.symbols.find(name);
    let Some((id, symbol)) = id.map(|id| (id, scope.symbols.get(id))).filter(|(_, s)| s.state != State::Undefined)
    else {
        scope.references.undefined.push(name.to_string());
        return Err(undefined(scope, at, name));
    };
    match symbol.state {
        State::Defined { value, section } => {
            scope.references.defined.push(id);
            Ok(Term { value: scope.sections.value(value, section), length: symbol.length, literal: false })
        }
        _ => Err(Fault::error(at, format!("the symbol {name} is not previously defined"))),
    }
}

/// The characters of a quoted string that opens at `at`, with doubled apostrophes (and ampersands) made single, and
/// the offset behind it.
pub(crate) fn quoted(text: &str, at: usize) -> Parsed<(String, usize)> {
    let mut string = String::new();
    let mut chars = text[at + 1..].char_indices().peekable();
    while let Some((n, c)) = chars.next() {
        match c {
            '\'' if chars.next_if(|next| next.1 == '\'').is_none() => return Ok((string, at + 1 + n + 1)),
            '&' => {
                // A single ampersand is let through: variable symbols are gone by now.
                chars.next_if(|next| next.1 == '&');
            }
            _ => {}
        }
        string.push(c);
    }
    Err(Fault::error(at, "the string has no closing apostrophe"))
}

/// The value of `X'..'`, `B'..'` or `C'..'` at `at`, and the offset behind it.
pub(crate) fn self_defining(text: &str, at: usize) -> Parsed<(i32, usize)> {
    let (digits, end) = quoted(text, at + 1)?;
    let (base, limit, what) = match text.as_bytes()[at] {
        b'X' => (16, 8, "hexadecimal term"),
        b'B' => (2, 32, "binary term"),
        _ => return character_term(&digits, at).map(|number| (number, end)),
    };
    if digits.is_empty() || digits.len() > limit {
        return Err(Fault::error(at, format!("a {what} has 1 to {limit} digits")));
    }
    let signless = digits.bytes().all(|c| c.is_ascii_alphanumeric() && !c.is_ascii_lowercase());
    let number = u32::from_str_radix(&digits, base).ok().filter(|_| signless);
    let number = number.ok_or_else(|| Fault::error(at, format!("{digits} is not a valid {what}")))?;
    Ok((number as i32, end))
}

fn character_term(characters: &str, at: usize) -> Parsed<i32> {
    let count = characters.chars().count();
    if count == 0 || count > 4 {
        return Err(Fault::error(at, "a character term has 1 to 4 characters"));
    }
    let mut number = 0u32;
    for c in characters.chars() {
        number = number << 8 | u32::from(code(c, at)?);
    }
    Ok(number as i32)
}

/// The EBCDIC byte of a source character.
pub(crate) fn code(c: char, at: usize) -> Parsed<u8> {
    ebcdic::from_char(c).ok_or_else(|| Fault::error(at, format!("the character {c:?} is not in code page 037")))
}
