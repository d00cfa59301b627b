//! Machine instructions: operands to bytes, by the formats of the instruction table.

use s370_arch::format::Format;
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

/// Base and displacement as they stand in an instruction.
#[derive(Clone, Copy)]
struct Place {
    base: u8,
    displacement: u16,
    address: u32,
}

impl Place {
    fn bytes(self) -> [u8; 2] {
        (u16::from(self.base) << 12 | self.displacement).to_be_bytes()
    }
}

/// Reads the operands of one instruction.
struct Operands<'t, 's, 'u> {
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
    let mut operands = Operands { parser: Parser::new(text, 0), scope, using };
    let mut encoded = Encoded { length: length(row) as u8, ..Encoded::default() };
    encoded.bytes[0] = row.first_byte();
    if row.is_two_level() {
        encoded.bytes[1] = row.code as u8;
    }
    operands.by_format(row, mask, &mut encoded)?;
    operands.parser.finish()?;
    Ok(encoded)
}

impl Operands<'_, '_, '_> {
    fn by_format(&mut self, row: &Row, mask: Option<u8>, out: &mut Encoded) -> Parsed<()> {
        match row.format {
            Format::S0 => Ok(()),
            Format::I => {
                out.bytes[1] = self.immediate()?;
                Ok(())
            }
            Format::R1 | Format::Rre1 | Format::Rr | Format::Rre | Format::RrM => self.registers(row, mask, out),
            Format::Rx | Format::RxM => self.rx(row, mask, out),
            Format::Rs | Format::RsM | Format::RsS => self.rs(row, out),
            Format::Si | Format::SiS | Format::S => self.storage(row, out),
            Format::Ss | Format::Ss2 | Format::SsI | Format::SsK | Format::Sse => self.storage_storage(row, out),
        }
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

    fn immediate(&mut self) -> Parsed<u8> {
        self.number("an immediate operand", 255).map(|n| n as u8)
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

    fn mask(&mut self, given: Option<u8>) -> Parsed<u8> {
        if let Some(mask) = given {
            return Ok(mask);
        }
        let mask = self.number("a mask", 15)? as u8;
        self.comma()?;
        Ok(mask)
    }

    fn registers(&mut self, row: &Row, mask: Option<u8>, out: &mut Encoded) -> Parsed<()> {
        let (rule1, rule2) = register_rules(row);
        let byte = match row.format {
            Format::RrM => self.mask(mask)? << 4 | self.register(rule2)?,
            Format::R1 | Format::Rre1 => self.register(rule1)? << 4,
            _ => {
                let first = self.register(rule1)?;
                self.comma()?;
                first << 4 | self.register(rule2)?
            }
        };
        out.bytes[if matches!(row.format, Format::Rre | Format::Rre1) { 3 } else { 1 }] = byte;
        Ok(())
    }

    fn rx(&mut self, row: &Row, mask: Option<u8>, out: &mut Encoded) -> Parsed<()> {
        let first = if row.format == Format::RxM {
            self.mask(mask)?
        } else {
            let register = self.register(register_rules(row).0)?;
            self.comma()?;
            register
        };
        let address = self.address()?;
        let index = register_number(address.first)?;
        let place = if address.comma { self.explicit(&address, address.second)? } else { self.implied(&address)? };
        out.bytes[1] = first << 4 | index;
        self.put(place, 0, out);
        Ok(())
    }

    fn rs(&mut self, row: &Row, out: &mut Encoded) -> Parsed<()> {
        let (rule1, rule2) = register_rules(row);
        let first = self.register(rule1)?;
        self.comma()?;
        let second = match row.format {
            Format::Rs => self.register(rule2)?,
            Format::RsM => self.number("a mask", 15)? as u8,
            _ => 0,
        };
        if row.format != Format::RsS {
            self.comma()?;
        }
        out.bytes[1] = first << 4 | second;
        let place = self.base_only()?;
        self.put(place, 0, out);
        Ok(())
    }

    fn storage(&mut self, row: &Row, out: &mut Encoded) -> Parsed<()> {
        let place = self.base_only()?;
        self.put(place, 0, out);
        if row.format == Format::Si {
            self.comma()?;
            out.bytes[1] = self.immediate()?;
        }
        Ok(())
    }

    fn storage_storage(&mut self, row: &Row, out: &mut Encoded) -> Parsed<()> {
        let limit = if row.format == Format::Ss { 256 } else { 16 };
        match row.format {
            Format::Sse => {
                let place = self.base_only()?;
                self.put(place, 0, out);
            }
            Format::SsK => {
                let address = self.address()?;
                let key = address
                    .first
                    .ok_or_else(|| Fault::error(address.at, "expected D1(R1,B1): the length is in a register"))?;
                let place =
                    if address.comma { self.explicit(&address, address.second)? } else { self.implied(&address)? };
                out.bytes[1] = register_number(Some(key))? << 4;
                self.put(place, 0, out);
            }
            _ => {
                let (length, place) = self.with_length(limit)?;
                out.bytes[1] = if row.format == Format::Ss { length } else { length << 4 };
                self.put(place, 0, out);
            }
        }
        self.comma()?;
        if row.format == Format::Ss2 {
            let (length, place) = self.with_length(16)?;
            out.bytes[1] |= length;
            self.put(place, 1, out);
            return Ok(());
        }
        let place = self.base_only()?;
        self.put(place, 1, out);
        match row.format {
            Format::SsI => {
                self.comma()?;
                out.bytes[1] |= self.number("the rounding digit", 9)? as u8;
            }
            Format::SsK => {
                self.comma()?;
                out.bytes[1] |= self.register(RegisterRule::Any)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn put(&mut self, place: Place, number: usize, out: &mut Encoded) {
        let at = 2 + 2 * number;
        out.bytes[at..at + 2].copy_from_slice(&place.bytes());
        out.addresses[number] = Some(place.address);
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
        let place = if address.comma { self.explicit(&address, address.second)? } else { self.implied(&address)? };
        Ok(((length - 1).max(0) as u8, place))
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
        Ok(Place { base: register_number(Some(base))?, displacement, address: u32::from(displacement) })
    }

    fn implied(&self, address: &Address) -> Parsed<Place> {
        let value = &address.term.value;
        let resolved = self.using.resolve(value);
        let (base, displacement) = resolved.map_err(|message| Fault::error(address.at, message))?;
        Ok(Place { base, displacement, address: value.number as u32 & 0xFF_FFFF })
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
