//! Expressions of conditional assembly, and the substitution of variable symbols
//! (GC33-4010, "How to Write Conditional Assembly Instructions").

use std::cmp::Ordering;
use std::rc::Rc;

use s370_arch::ebcdic;

use crate::assembler::Assembler;
use crate::diagnostic::{Fault, Parsed};
use crate::expression::self_defining;
use crate::macros::Frame;
use crate::statement::{is_attribute, is_symbol_char, is_symbol_start};
use crate::variable::{SetValue, Slot, entries, entry};

/// Characters a SET symbol or parameter can have.
pub(crate) const TEXT_LIMIT: usize = 255;
/// Parentheses an expression may nest.
const NESTING: u32 = 40;

/// Reads one expression of conditional assembly.
pub(crate) struct Evaluator<'e, 'a> {
    assembler: &'e Assembler<'a>,
    text: &'e str,
    pub at: usize,
    depth: u32,
}

/// A variable symbol found in the text.
enum Found<'f> {
    Set(&'f crate::variable::SetSymbol),
    Parameter(&'f str),
    /// `&SYSLIST`.
    List,
}

impl<'e, 'a> Evaluator<'e, 'a> {
    pub fn new(assembler: &'e Assembler<'a>, text: &'e str, at: usize) -> Evaluator<'e, 'a> {
        Evaluator { assembler, text, at, depth: 0 }
    }

    fn frame(&self) -> &'e Frame {
        self.assembler.frame()
    }

    pub fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    pub fn eat(&mut self, c: u8) -> bool {
        let found = self.peek() == Some(c);
        self.at += usize::from(found);
        found
    }

    pub fn unexpected(&self, expected: &str) -> Fault {
        let found = match self.text[self.at..].chars().next() {
            Some(c) => format!("'{c}'"),
            None => "the end of the operand".into(),
        };
        Fault::error(self.at, format!("expected {expected}, found {found}"))
    }

    pub fn expect(&mut self, c: u8, what: &str) -> Parsed<()> {
        if self.eat(c) { Ok(()) } else { Err(self.unexpected(&format!("'{}' {what}", c as char))) }
    }

    pub fn finish(&self) -> Parsed<()> {
        if self.at >= self.text.len() { Ok(()) } else { Err(self.unexpected("the end of the operand")) }
    }

    fn skip_blanks(&mut self) {
        while self.peek() == Some(b' ') {
            self.at += 1;
        }
    }

    /// Passes a word such as EQ if it is next, blanks in front of it included.
    fn word(&mut self, word: &str) -> bool {
        let start = self.at;
        self.skip_blanks();
        let rest = &self.text.as_bytes()[self.at..];
        if rest.starts_with(word.as_bytes()) && !rest.get(word.len()).is_some_and(|&c| is_symbol_char(c)) {
            self.at += word.len();
            return true;
        }
        self.at = start;
        false
    }

    /// An arithmetic expression.
    pub fn arithmetic(&mut self) -> Parsed<i32> {
        let at = self.at;
        let value = self.sum()?;
        number(&value, at)
    }

    /// A logical expression.
    pub fn logical(&mut self) -> Parsed<bool> {
        let at = self.at;
        let value = self.disjunction()?;
        truth(&value, at)
    }

    /// A character expression.
    pub fn character(&mut self) -> Parsed<Rc<str>> {
        match self.sum()? {
            SetValue::Text(text) => Ok(text),
            other => Ok(other.text()),
        }
    }

    fn disjunction(&mut self) -> Parsed<SetValue> {
        let at = self.at;
        let mut left = self.conjunction()?;
        while self.word("OR") {
            let right_at = self.at;
            let right = self.conjunction()?;
            left = SetValue::Bit(truth(&left, at)? | truth(&right, right_at)?);
        }
        Ok(left)
    }

    fn conjunction(&mut self) -> Parsed<SetValue> {
        let at = self.at;
        let mut left = self.negation()?;
        while self.word("AND") {
            let right_at = self.at;
            let right = self.negation()?;
            left = SetValue::Bit(truth(&left, at)? & truth(&right, right_at)?);
        }
        Ok(left)
    }

    fn negation(&mut self) -> Parsed<SetValue> {
        let mut negative = None;
        while self.word("NOT") {
            negative = Some(!negative.unwrap_or(false));
        }
        self.skip_blanks();
        let at = self.at;
        let value = self.relation()?;
        match negative {
            None => Ok(value),
            Some(negative) => Ok(SetValue::Bit(truth(&value, at)? ^ negative)),
        }
    }

    fn relation(&mut self) -> Parsed<SetValue> {
        const WORDS: [(&str, &[Ordering]); 6] = [
            ("EQ", &[Ordering::Equal]),
            ("NE", &[Ordering::Less, Ordering::Greater]),
            ("LT", &[Ordering::Less]),
            ("GT", &[Ordering::Greater]),
            ("LE", &[Ordering::Less, Ordering::Equal]),
            ("GE", &[Ordering::Greater, Ordering::Equal]),
        ];
        let at = self.at;
        let left = self.sum()?;
        for (word, wanted) in WORDS {
            if self.word(word) {
                self.skip_blanks();
                let right_at = self.at;
                let right = self.sum()?;
                let order = match (&left, &right) {
                    (SetValue::Text(a), SetValue::Text(b)) => compare(a, b),
                    (SetValue::Text(_), _) | (_, SetValue::Text(_)) => {
                        return Err(Fault::error(at, "a character value is compared with an arithmetic one"));
                    }
                    _ => number(&left, at)?.cmp(&number(&right, right_at)?),
                };
                return Ok(SetValue::Bit(wanted.contains(&order)));
            }
        }
        Ok(left)
    }

    fn sum(&mut self) -> Parsed<SetValue> {
        let at = self.at;
        let mut left = self.product()?;
        loop {
            let operator = match self.peek() {
                Some(c @ (b'+' | b'-')) => c,
                _ => return Ok(left),
            };
            self.at += 1;
            let right_at = self.at;
            let right = number(&self.product()?, right_at)?;
            let a = number(&left, at)?;
            let result = if operator == b'+' { a.checked_add(right) } else { a.checked_sub(right) };
            left = SetValue::Number(result.ok_or_else(|| overflow(at))?);
        }
    }

    fn product(&mut self) -> Parsed<SetValue> {
        let at = self.at;
        let mut left = self.signed()?;
        while let Some(operator @ (b'*' | b'/')) = self.peek() {
            self.at += 1;
            let right_at = self.at;
            let right = number(&self.signed()?, right_at)?;
            let a = number(&left, at)?;
            let result = if operator == b'*' { a.checked_mul(right) } else { Some(a.checked_div(right).unwrap_or(0)) };
            left = SetValue::Number(result.ok_or_else(|| overflow(at))?);
        }
        Ok(left)
    }

    fn signed(&mut self) -> Parsed<SetValue> {
        let mut negative = None;
        while let Some(sign @ (b'+' | b'-')) = self.peek() {
            self.at += 1;
            negative = Some(negative.unwrap_or(false) ^ (sign == b'-'));
        }
        let at = self.at;
        let value = self.primary()?;
        match negative {
            None => Ok(value),
            Some(negative) => {
                let n = number(&value, at)?;
                let n = if negative { n.checked_neg() } else { Some(n) };
                Ok(SetValue::Number(n.ok_or_else(|| overflow(at))?))
            }
        }
    }

    fn primary(&mut self) -> Parsed<SetValue> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        match self.peek() {
            Some(b'(') => {
                self.at += 1;
                self.depth += 1;
                if self.depth > NESTING {
                    return Err(Fault::error(start, "too many levels of parentheses"));
                }
                self.skip_blanks();
                let value = self.disjunction()?;
                self.skip_blanks();
                self.expect(b')', "after the expression")?;
                self.depth -= 1;
                if self.peek() == Some(b'\'') {
                    return self.strings(number(&value, start)?, start);
                }
                Ok(value)
            }
            Some(b'\'') => self.strings(1, start),
            Some(b'&') => match self.reference()? {
                SetValue::Text(text) => decimal_text(&text, start).map(SetValue::Number),
                other => Ok(other),
            },
            Some(c) if c.is_ascii_digit() => {
                while self.peek().is_some_and(|c| c.is_ascii_digit()) {
                    self.at += 1;
                }
                decimal_text(&self.text[start..self.at], start).map(SetValue::Number)
            }
            Some(b'T' | b'L' | b'S' | b'I' | b'K' | b'N')
                if bytes.get(start + 1) == Some(&b'\'') && is_attribute(bytes, start + 1) =>
            {
                let value = self.attribute()?;
                match &value {
                    SetValue::Text(text) if self.continues() => self.more_strings(text.to_string()),
                    _ => Ok(value),
                }
            }
            Some(b'X' | b'B' | b'C') if bytes.get(start + 1) == Some(&b'\'') => {
                let (number, end) = self_defining(self.text, start)?;
                self.at = end;
                Ok(SetValue::Number(number))
            }
            Some(c) if is_symbol_start(c) => {
                while self.peek().is_some_and(is_symbol_char) {
                    self.at += 1;
                }
                let name = &self.text[start..self.at];
                Err(Fault::error(start, format!("the symbol {name} has no value in conditional assembly")))
            }
            _ => Err(self.unexpected("a term")),
        }
    }

    /// Whether another string is concatenated.
    fn continues(&self) -> bool {
        matches!(self.peek(), Some(b'.' | b'\''))
    }

    /// Quoted strings with substrings, duplication and concatenation.
    fn strings(&mut self, times: i32, at: usize) -> Parsed<SetValue> {
        let piece = self.string()?;
        let times = usize::try_from(times).map_err(|_| Fault::error(at, "the duplication factor is negative"))?;
        if piece.len().saturating_mul(times) > 4 * TEXT_LIMIT {
            return Err(too_long(at));
        }
        let text = piece.repeat(times);
        self.more_strings(text)
    }

    fn more_strings(&mut self, mut text: String) -> Parsed<SetValue> {
        let at = self.at;
        while self.continues() {
            self.eat(b'.');
            match self.peek() {
                Some(b'\'') => text.push_str(&self.string()?),
                Some(b'T') => self.attribute()?.append_to(&mut text),
                Some(b'(') => {
                    self.at += 1;
                    let times = self.arithmetic()?.max(0) as usize;
                    self.expect(b')', "after the duplication factor")?;
                    let piece = self.string()?;
                    if piece.len().saturating_mul(times) > 4 * TEXT_LIMIT {
                        return Err(too_long(at));
                    }
                    text.push_str(&piece.repeat(times));
                }
                _ => return Err(self.unexpected("a string to be concatenated")),
            }
        }
        if text.chars().count() > TEXT_LIMIT {
            return Err(too_long(at));
        }
        Ok(SetValue::Text(Rc::from(text)))
    }

    /// One quoted string with its substring notation.
    pub fn string(&mut self) -> Parsed<String> {
        let start = self.at;
        self.expect(b'\'', "at the beginning of the string")?;
        let mut text = String::new();
        loop {
            let rest = &self.text[self.at..];
            let plain =
                rest.find(['\'', '&']).ok_or_else(|| Fault::error(start, "the string has no closing apostrophe"))?;
            text.push_str(&rest[..plain]);
            self.at += plain;
            if self.eat(b'\'') {
                if !self.eat(b'\'') {
                    break;
                }
                text.push('\'');
            } else if rest[plain..].starts_with("&&") {
                // A pair stays a pair: it becomes one ampersand in the statement that it ends up in.
                text.push_str("&&");
                self.at += 2;
            } else {
                self.reference()?.append_to(&mut text);
                self.eat(b'.');
            }
            if text.len() > 4 * TEXT_LIMIT {
                return Err(too_long(start));
            }
        }
        if self.peek() == Some(b'(') { self.substring(&text) } else { Ok(text) }
    }

    fn substring(&mut self, text: &str) -> Parsed<String> {
        let at = self.at;
        self.expect(b'(', "of the substring")?;
        let start = self.arithmetic()?;
        self.expect(b',', "and the length of the substring")?;
        let length = self.arithmetic()?;
        self.expect(b')', "after the substring's length")?;
        if length == 0 {
            return Ok(String::new());
        }
        let count = text.chars().count() as i32;
        // IBM's macros look behind the end of an operand and expect to find nothing there.
        if start < 1 || length < 0 {
            return Err(Fault::error(
                at,
                format!("the substring ({start},{length}) is outside of a string of {count} characters"),
            ));
        }
        Ok(text.chars().skip(start as usize - 1).take(length as usize).collect())
    }

    /// The name behind an ampersand.
    fn variable_name(&mut self) -> Parsed<&'e str> {
        let start = self.at;
        self.expect(b'&', "of a variable symbol")?;
        if !self.peek().is_some_and(is_symbol_start) {
            return Err(Fault::error(start, "expected a variable symbol behind the ampersand"));
        }
        while self.peek().is_some_and(is_symbol_char) {
            self.at += 1;
        }
        Ok(&self.text[start + 1..self.at])
    }

    fn find(&self, name: &str, at: usize) -> Parsed<Found<'e>> {
        let frame = self.frame();
        if let Some(definition) = &frame.definition {
            if let Some(n) = definition.parameters.iter().position(|p| *p.name == *name) {
                return Ok(Found::Parameter(&frame.arguments.values[n]));
            }
            if definition.label.as_deref() == Some(name) {
                return Ok(Found::Parameter(&frame.arguments.label));
            }
        }
        if let Some((_, slot)) = frame.variables.iter().find(|(other, _)| **other == *name) {
            return Ok(Found::Set(match slot {
                Slot::Local(symbol) => symbol,
                Slot::Global(n) => &self.assembler.globals.table[*n],
            }));
        }
        let options = self.assembler.options;
        match name {
            "SYSLIST" if frame.definition.is_some() => Ok(Found::List),
            "SYSNDX" if frame.definition.is_some() => Ok(Found::Parameter(&frame.number)),
            "SYSECT" if frame.definition.is_some() => Ok(Found::Parameter(&frame.section)),
            "SYSPARM" => Ok(Found::Parameter(&options.sysparm)),
            "SYSDATE" => Ok(Found::Parameter(&options.date)),
            "SYSTIME" => Ok(Found::Parameter(&options.time)),
            _ => Err(Fault::error(at, format!("the variable symbol &{name} is not declared"))),
        }
    }

    fn subscripts(&mut self) -> Parsed<Vec<i32>> {
        let mut list = Vec::new();
        self.depth += 1;
        if self.depth > NESTING {
            return Err(Fault::error(self.at, "too many levels of subscripts"));
        }
        self.expect(b'(', "of the subscript")?;
        loop {
            list.push(self.arithmetic()?);
            if !self.eat(b',') {
                break;
            }
        }
        self.depth -= 1;
        self.expect(b')', "after the subscript")?;
        Ok(list)
    }

    /// The value of the variable symbol that is next.
    pub fn reference(&mut self) -> Parsed<SetValue> {
        let at = self.at;
        let name = self.variable_name()?;
        let found = self.find(name, at)?;
        let subscripted = self.peek() == Some(b'(');
        match found {
            Found::Set(symbol) => {
                let subscript = match symbol.dimension {
                    Some(_) if subscripted => Some(self.one_subscript(at)?),
                    _ => None,
                };
                symbol.get(subscript).map_err(|message| Fault::error(at, format!("&{name}: {message}")))
            }
            Found::Parameter(text) => {
                let part = if subscripted { entry(text, &self.subscripts()?) } else { text };
                Ok(SetValue::Text(Rc::from(part)))
            }
            Found::List => {
                if !subscripted {
                    return Err(Fault::error(at, "&SYSLIST needs a subscript"));
                }
                let subscripts = self.subscripts()?;
                Ok(SetValue::Text(Rc::from(self.listed(&subscripts))))
            }
        }
    }

    fn one_subscript(&mut self, at: usize) -> Parsed<i32> {
        match self.subscripts()?[..] {
            [n] => Ok(n),
            _ => Err(Fault::error(at, "a SET symbol has one subscript")),
        }
    }

    /// `&SYSLIST(n,...)`.
    fn listed(&self, subscripts: &[i32]) -> &'e str {
        let arguments = &self.frame().arguments;
        let operand: &'e str = match usize::try_from(subscripts[0]) {
            Ok(0) => &arguments.label,
            Ok(n) => arguments.positional.get(n - 1).map_or("", |text| text),
            Err(_) => "",
        };
        entry(operand, &subscripts[1..])
    }

    /// An attribute: a letter, an apostrophe, and what it is asked of.
    fn attribute(&mut self) -> Parsed<SetValue> {
        let at = self.at;
        let letter = self.peek().unwrap_or(b' ');
        self.at += 2;
        if letter == b'N' && self.text[self.at..].starts_with("&SYSLIST") {
            let after = self.at + "&SYSLIST".len();
            if self.text.as_bytes().get(after) != Some(&b'(') {
                self.at = after;
                return Ok(SetValue::Number(self.frame().arguments.positional.len() as i32));
            }
        }
        let text: Rc<str> = if self.peek() == Some(b'&') {
            if letter == b'N' {
                return self.number_attribute(at);
            }
            let value = self.reference()?;
            self.eat(b'.');
            value.text()
        } else {
            let start = self.at;
            while self.peek().is_some_and(is_symbol_char) {
                self.at += 1;
            }
            Rc::from(&self.text[start..self.at])
        };
        if letter == b'K' {
            return Ok(SetValue::Number(text.chars().count() as i32));
        }
        if letter == b'N' {
            return Ok(SetValue::Number(entries(&text) as i32));
        }
        self.symbol_attribute(letter, &text, at)
    }

    fn number_attribute(&mut self, at: usize) -> Parsed<SetValue> {
        let start = self.at;
        let name = self.variable_name()?;
        if let Found::Set(symbol) = self.find(name, at)?
            && let (Some(dimension), false) = (symbol.dimension, self.peek() == Some(b'('))
        {
            return Ok(SetValue::Number(dimension as i32));
        }
        self.at = start;
        let text = self.reference()?.text();
        Ok(SetValue::Number(entries(&text) as i32))
    }

    fn symbol_attribute(&self, letter: u8, text: &str, at: usize) -> Parsed<SetValue> {
        // Of a sublist, the first entry counts.
        let text = entry(text, if text.starts_with('(') { &[1] } else { &[] });
        if letter == b'T' {
            let kind = self.assembler.type_attribute(text);
            return Ok(SetValue::Text(Rc::from((kind as char).to_string())));
        }
        let Some(attributes) = self.assembler.attributes(text) else {
            return Err(Fault::error(
                at,
                format!("{text} has no {}' attribute: it is not a defined symbol", letter as char),
            ));
        };
        Ok(SetValue::Number(match letter {
            b'L' => attributes.length as i32,
            b'S' => i32::from(attributes.scale),
            _ => i32::from(attributes.integer),
        }))
    }
}

fn overflow(at: usize) -> Fault {
    Fault::error(at, "the value exceeds 32 bits")
}

fn too_long(at: usize) -> Fault {
    Fault::error(at, format!("the string is longer than {TEXT_LIMIT} characters"))
}

/// Shorter strings are lower; strings of one length compare by their EBCDIC codes.
fn compare(a: &str, b: &str) -> Ordering {
    let codes = |text: &str| text.chars().map(|c| ebcdic::from_char(c).unwrap_or(0)).collect::<Vec<u8>>();
    let (a, b) = (codes(a), codes(b));
    a.len().cmp(&b.len()).then_with(|| a.cmp(&b))
}

/// The number that a string in an arithmetic expression stands for; an empty one is zero.
fn decimal_text(text: &str, at: usize) -> Parsed<i32> {
    if text.is_empty() {
        return Ok(0);
    }
    let wrong = || Fault::error(at, format!("'{text}' is not a number"));
    if text.as_bytes().get(1) == Some(&b'\'') && matches!(text.as_bytes()[0], b'X' | b'B' | b'C') {
        return self_defining(text, 0)
            .ok()
            .filter(|found| found.1 == text.len())
            .map(|found| found.0)
            .ok_or_else(wrong);
    }
    if !text.bytes().all(|c| c.is_ascii_digit()) {
        return Err(wrong());
    }
    text.parse().map_err(|_| wrong())
}

fn number(value: &SetValue, at: usize) -> Parsed<i32> {
    match value {
        SetValue::Number(n) => Ok(*n),
        SetValue::Bit(b) => Ok(i32::from(*b)),
        SetValue::Text(_) => Err(Fault::error(at, "a character value stands where an arithmetic one is needed")),
    }
}

fn truth(value: &SetValue, at: usize) -> Parsed<bool> {
    match value {
        SetValue::Number(n) => Ok(*n != 0),
        SetValue::Bit(b) => Ok(*b),
        SetValue::Text(_) => Err(Fault::error(at, "a character value stands where a logical one is needed")),
    }
}

/// Longest field that substitution can make.
const FIELD_LIMIT: usize = 16 * 1024;

impl Assembler<'_> {
    /// The text with its variable symbols replaced, or `None` when it has none.
    pub fn substitute(&self, text: &str) -> Parsed<Option<String>> {
        let Some(first) = text.find('&') else { return Ok(None) };
        let mut result = text[..first].to_string();
        let mut evaluator = Evaluator::new(self, text, first);
        loop {
            let rest = &text[evaluator.at..];
            let plain = rest.find('&').unwrap_or(rest.len());
            result.push_str(&rest[..plain]);
            evaluator.at += plain;
            if evaluator.at >= text.len() {
                return Ok(Some(result));
            }
            if rest[plain..].starts_with("&&") {
                result.push_str("&&");
                evaluator.at += 2;
                continue;
            }
            evaluator.reference()?.append_to(&mut result);
            // A period behind a variable symbol only separates it from what follows.
            evaluator.eat(b'.');
            if result.len() > FIELD_LIMIT {
                return Err(Fault::error(first, "the field is too long after substitution"));
            }
        }
    }
}
