//! Machine instructions: operands to bytes, by the formats of the instruction table.

use s370_arch::format::{self, Operand, Operands};
use s370_arch::isa::{Facility, Op, Row};

use crate::diagnostic::{Fault, Parsed};
use crate::expression::{Parser, Scope, Term};
use crate::using::UsingTable;

/// Extended branch mnemonics and their masks; with R behind the condition they are BCR.
const BRANCHES: [(&str, u8); 16] = [
    ("B", 15),
    ("NOP", 0),
    ("BO", 1),
    ("BH", 2),
    ("BP", 2),
    ("BL", 4),
    ("BM", 4),
    ("BNE", 7),
    ("BNZ", 7),
    ("BE", 8),
    ("BZ", 8),
    ("BNL", 11),
    ("BNM", 11),
    ("BNH", 13),
    ("BNP", 13),
    ("BNO", 14),
];

/// Extended mnemonics as (mnemonic, operation, mask).
pub(crate) fn extended_mnemonics() -> impl Iterator<Item = (String, Op, u8)> {
    BRANCHES.iter().flat_map(|&(name, mask)| [(name.to_string(), Op::BC, mask), (format!("{name}R"), Op::BCR, mask)])
}

/// An assembled instruction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Encoded {
    pub bytes: [u8; 6],
    pub length: u8,
    /// Addresses of the storage operands, for the listing.
    pub addresses: [Option<u32>; 2],
}

/// Length of an instruction in bytes.
pub(crate) fn length(row: &Row) -> u32 {
    u32::from(s370_arch::isa::instruction_length(row.first_byte()))
}

/// A storage operand as written.
struct Address {
    at: usize,
    term: Term,
    /// What stands in parentheses in front of the comma, or alone.
    first: Option<(i32, usize)>,
    /// What stands in parentheses behind a comma.
    second: Option<(i32, usize)>,
    comma: bool,
}

/// An address as the instruction holds it, and as the listing shows it.
type Place = (format::Address, u32);

/// Reads the operands of one instruction.
struct Reader<'t, 's, 'u> {
    parser: Parser<'t>,
    scope: &'s mut Scope<'u>,
    using: &'s UsingTable,
}

/// Assembles the operands of `row`. `mask` is that of an extended mnemonic.
pub(crate) fn encode(
    row: &Row,
    mask: Option<u8>,
    text: &str,
    scope: &mut Scope<'_>,
    using: &UsingTable,
) -> Parsed<Encoded> {
    let mut reader = Reader { parser: Parser::new(text, 0), scope, using };
    let mut fields = Operands { r1: mask.unwrap_or(0), ..Operands::default() };
    let mut addresses = [None; 2];
    let written = row.format.operands().iter().filter(|&&operand| operand != Operand::Mask1 || mask.is_none());
    for (n, &operand) in written.enumerate() {
        if n > 0 {
            reader.comma()?;
        }
        reader.operand(row, operand, &mut fields, &mut addresses)?;
    }
    if !row.format.operands().is_empty() {
        reader.parser.finish()?;
    }
    Ok(Encoded { bytes: fields.emit(row.op).0, length: length(row) as u8, addresses })
}

impl Reader<'_, '_, '_> {
    /// Reads one operand into the fields it is made of.
    fn operand(
        &mut self,
        row: &Row,
        operand: Operand,
        fields: &mut Operands,
        addresses: &mut [Option<u32>; 2],
    ) -> Parsed<()> {
        let (rule1, rule2) = register_rules(row);
        let place = match operand {
            Operand::Register1 => {
                fields.r1 = self.register(rule1)?;
                return Ok(());
            }
            Operand::Register2 => {
                fields.r2 = self.register(rule2)?;
                return Ok(());
            }
            Operand::Mask1 => {
                fields.r1 = self.number("a mask", 15)? as u8;
                return Ok(());
            }
            Operand::Mask2 => {
                fields.r2 = self.number("a mask", 15)? as u8;
                return Ok(());
            }
            Operand::Immediate => {
                fields.immediate = self.number("an immediate operand", 255)? as u8;
                return Ok(());
            }
            Operand::Digit => {
                fields.r2 = self.number("the rounding digit", 15)? as u8;
                return Ok(());
            }
            Operand::Storage1 | Operand::Storage2 => self.base_only()?,
            Operand::Indexed => {
                let address = self.address()?;
                fields.r2 = register_number(address.first)?;
                self.outer(&address)?
            }
            Operand::LengthRegister => {
                let address = self.address()?;
                let missing = || Fault::error(address.at, "expected D1(R1,B1): the length is in a register");
                fields.r1 = register_number(Some(address.first.ok_or_else(missing)?))?;
                self.outer(&address)?
            }
            Operand::Length => {
                let (length, place) = self.with_length(256)?;
                fields.immediate = length;
                place
            }
            Operand::Length1 => {
                let (length, place) = self.with_length(16)?;
                fields.r1 = length;
                place
            }
            Operand::Length2 => {
                let (length, place) = self.with_length(16)?;
                fields.r2 = length;
                place
            }
        };
        let second = matches!(operand, Operand::Storage2 | Operand::Length2);
        let field = if second { &mut fields.address2 } else { &mut fields.address1 };
        *field = place.0;
        addresses[usize::from(second)] = Some(place.1);
        Ok(())
    }

    fn comma(&mut self) -> Parsed<()> {
        self.parser.expect(b',', "and another operand")
    }

    fn number(&mut self, what: &str, limit: i32) -> Parsed<i32> {
        let at = self.parser.at;
        let value = self.parser.absolute(self.scope)?;
        if (0..=limit).contains(&value) {
            Ok(value)
        } else {
            Err(Fault::error(at, format!("{what} must be from 0 to {limit}, not {value}")))
        }
    }

    /// A register that has to follow `rule`.
    fn register(&mut self, rule: RegisterRule) -> Parsed<u8> {
        let at = self.parser.at;
        let register = self.number("a register", 15)? as u8;
        match rule {
            RegisterRule::Even if !register.is_multiple_of(2) => {
                Err(Fault::error(at, format!("the register must be even, not {register}")))
            }
            RegisterRule::Floating if !matches!(register, 0 | 2 | 4 | 6) => {
                Err(Fault::error(at, format!("the floating-point register must be 0, 2, 4 or 6, not {register}")))
            }
            RegisterRule::Extended if !matches!(register, 0 | 4) => {
                Err(Fault::error(at, format!("the floating-point register pair must be 0 or 4, not {register}")))
            }
            _ => Ok(register),
        }
    }

    /// A storage operand with whatever stands in parentheses behind it.
    fn address(&mut self) -> Parsed<Address> {
        let at = self.parser.at;
        let term = self.parser.expression(self.scope)?;
        let mut address = Address { at, term, first: None, second: None, comma: false };
        if !self.parser.eat(b'(') {
            return Ok(address);
        }
        if self.parser.peek() != Some(b',') {
            let at = self.parser.at;
            address.first = Some((self.parser.absolute(self.scope)?, at));
        }
        if self.parser.eat(b',') {
            address.comma = true;
            let at = self.parser.at;
            if self.parser.peek() != Some(b')') {
                address.second = Some((self.parser.absolute(self.scope)?, at));
            }
        }
        self.parser.expect(b')', "at the end of the address")?;
        Ok(address)
    }

    /// `D(B)` or an address by itself.
    fn base_only(&mut self) -> Parsed<Place> {
        let address = self.address()?;
        if address.comma {
            return Err(Fault::error(address.at, "the operand has neither index nor length: expected D(B)"));
        }
        if address.first.is_some() { self.explicit(&address, address.first) } else { self.implied(&address) }
    }

    /// `D(L,B)`, `S(L)` or `S`; the length is returned as the instruction has it, less one.
    fn with_length(&mut self, limit: i32) -> Parsed<(u8, Place)> {
        let address = self.address()?;
        let (length, at) = address.first.unwrap_or((address.term.length as i32, address.at));
        if !(0..=limit).contains(&length) {
            return Err(Fault::error(at, format!("the length must be from 1 to {limit}, not {length}")));
        }
        let place = self.outer(&address)?;
        Ok(((length - 1).max(0) as u8, place))
    }

    /// The address in front of parentheses with an index, a length or a register in them.
    fn outer(&self, address: &Address) -> Parsed<Place> {
        if address.comma { self.explicit(address, address.second) } else { self.implied(address) }
    }

    fn explicit(&self, address: &Address, base: Option<(i32, usize)>) -> Parsed<Place> {
        let base = base.ok_or_else(|| Fault::error(address.at, "expected a base register behind the comma"))?;
        let value = &address.term.value;
        if !value.is_absolute() {
            return Err(Fault::error(
                address.at,
                "the displacement in front of an explicit base register must be absolute",
            ));
        }
        if !(0..4096).contains(&value.number) {
            let text = format!("the displacement must be from 0 to 4095, not {}", value.number);
            return Err(Fault::error(address.at, text));
        }
        let displacement = value.number as u16;
        let base = register_number(Some(base))?;
        Ok((format::Address { base, displacement }, u32::from(displacement)))
    }

    fn implied(&self, address: &Address) -> Parsed<Place> {
        let value = &address.term.value;
        let resolved = self.using.resolve(value);
        let (base, displacement) = resolved.map_err(|message| Fault::error(address.at, message))?;
        Ok((format::Address { base, displacement }, value.number as u32 & 0xFF_FFFF))
    }
}

fn register_number(value: Option<(i32, usize)>) -> Parsed<u8> {
    match value {
        None => Ok(0),
        Some((n, _)) if (0..16).contains(&n) => Ok(n as u8),
        Some((n, at)) => Err(Fault::error(at, format!("a register must be from 0 to 15, not {n}"))),
    }
}

/// Which registers an instruction takes without a specification exception.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RegisterRule {
    Any,
    Even,
    Floating,
    Extended,
}

/// The rules for the first and second register operand.
fn register_rules(row: &Row) -> (RegisterRule, RegisterRule) {
    use RegisterRule::{Any, Even, Extended, Floating};
    match row.op {
        Op::MR | Op::DR | Op::M | Op::D | Op::SRDL | Op::SLDL | Op::SRDA | Op::SLDA => (Even, Any),
        Op::MVCL | Op::CLCL | Op::CDS => (Even, Even),
        Op::AXR | Op::SXR | Op::MXR => (Extended, Extended),
        Op::MXDR | Op::MXD => (Extended, Floating),
        Op::LRDR => (Floating, Extended),
        _ => match row.facility {
            Facility::FloatingPoint | Facility::ExtendedFloatingPoint => (Floating, Floating),
            _ => (Any, Any),
        },
    }
}
