//! One instruction from text, as the assembler writes it, for vectors that a reader shall understand.
//!
//! Operands are those of the instruction's format; numbers are decimal, `X'1F'` or `C'A'`. There are no symbols.

use s370_arch::{
    ebcdic,
    format::{Address, Instruction, Operand, Operands},
    isa::Op,
};

/// The instruction that `text` writes. `DC X'...'` gives any bytes.
///
/// # Errors
/// What is wrong with the text.
pub fn assemble(text: &str) -> Result<Instruction, String> {
    let text = text.trim();
    let (mnemonic, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    if mnemonic == "DC" {
        let hex = rest.trim().strip_prefix("X'").and_then(|rest| rest.strip_suffix('\''));
        return from_hex(hex.ok_or_else(|| format!("DC needs X'...', not {rest}"))?);
    }
    let op = Op::from_mnemonic(mnemonic).ok_or_else(|| format!("unknown mnemonic {mnemonic}"))?;
    let expected = op.row().format.operands();
    let written = if rest.trim().is_empty() { Vec::new() } else { split(rest.trim(), ',') };
    if written.len() != expected.len() {
        return Err(format!("{mnemonic} has {} operands, not {}", expected.len(), written.len()));
    }
    let mut fields = Operands::default();
    for (operand, text) in expected.iter().zip(written) {
        fill_in(&mut fields, *operand, text).map_err(|why| format!("{mnemonic}: {text}: {why}"))?;
    }
    Ok(fields.emit(op))
}

/// An instruction from its hexadecimal digits.
///
/// # Errors
/// They are not the digits of 2, 4 or 6 bytes.
pub fn from_hex(hex: &str) -> Result<Instruction, String> {
    let bytes = bytes_from_hex(hex)?;
    let mut instruction = [0; 6];
    instruction.get_mut(..bytes.len()).ok_or("more than 6 bytes")?.copy_from_slice(&bytes);
    let instruction = Instruction(instruction);
    if instruction.bytes() == bytes {
        Ok(instruction)
    } else {
        Err(format!("{hex} is not as long as its first two bits say"))
    }
}

/// The bytes that pairs of hexadecimal digits stand for.
///
/// # Errors
/// There are other characters, or an odd number of digits.
pub fn bytes_from_hex(hex: &str) -> Result<Vec<u8>, String> {
    if !hex.len().is_multiple_of(2) || !hex.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Err(format!("{hex} is not pairs of hexadecimal digits"));
    }
    Ok((0..hex.len()).step_by(2).filter_map(|at| u8::from_str_radix(&hex[at..at + 2], 16).ok()).collect())
}

/// Splits at a separator that stands outside parentheses and quotes.
pub(crate) fn split(text: &str, separator: char) -> Vec<&str> {
    let (mut parts, mut from, mut depth, mut quoted) = (Vec::new(), 0, 0, false);
    for (at, character) in text.char_indices() {
        match character {
            '\'' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth -= 1,
            other if other == separator && depth == 0 && !quoted => {
                parts.push(text[from..at].trim());
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(text[from..].trim());
    parts
}

fn fill_in(fields: &mut Operands, operand: Operand, text: &str) -> Result<(), String> {
    match operand {
        Operand::Register1 | Operand::Mask1 => fields.r1 = number(text, 15)? as u8,
        Operand::Register2 | Operand::Mask2 | Operand::Digit => fields.r2 = number(text, 15)? as u8,
        Operand::Immediate => fields.immediate = number(text, 255)? as u8,
        Operand::Storage1 => fields.address1 = address(text)?,
        Operand::Storage2 => fields.address2 = address(text)?,
        Operand::Indexed => (fields.r2, fields.address1) = qualified(text, 0, 15)?,
        Operand::LengthRegister => (fields.r1, fields.address1) = qualified(text, 0, 15)?,
        Operand::Length => (fields.immediate, fields.address1) = qualified(text, 1, 256)?,
        Operand::Length1 => (fields.r1, fields.address1) = qualified(text, 1, 16)?,
        Operand::Length2 => (fields.r2, fields.address2) = qualified(text, 1, 16)?,
    }
    Ok(())
}

fn number(text: &str, largest: u32) -> Result<u32, String> {
    let inside = |prefix: &str| text.strip_prefix(prefix).and_then(|rest| rest.strip_suffix('\''));
    let value = if let Some(hex) = inside("X'") {
        u32::from_str_radix(hex, 16).map_err(|_| "bad X'...'")?
    } else if let Some(character) = inside("C'") {
        u32::from(*ebcdic::from_text(character).first().ok_or("empty C''")?)
    } else {
        text.parse().map_err(|_| format!("{text} is not a number"))?
    };
    if value <= largest { Ok(value) } else { Err(format!("{value} is above {largest}")) }
}

/// `D(B)` or `D`.
fn address(text: &str) -> Result<Address, String> {
    let (displacement, base) = parts(text)?;
    let base = if base.is_empty() { 0 } else { number(base, 15)? };
    Ok(Address { base: base as u8, displacement: number(displacement, 4095)? as u16 })
}

/// `D(Q,B)` or `D(Q)`, where Q is a register or a length; the instruction holds Q less `bias`.
fn qualified(text: &str, bias: u32, largest: u32) -> Result<(u8, Address), String> {
    let (displacement, inside) = parts(text)?;
    let (qualifier, base) = inside.split_once(',').unwrap_or((inside, "0"));
    let qualifier = if qualifier.is_empty() { bias } else { number(qualifier, largest)? };
    let qualifier = qualifier.checked_sub(bias).ok_or("a length of zero")?;
    let displacement = number(displacement, 4095)? as u16;
    Ok((qualifier as u8, Address { base: number(base, 15)? as u8, displacement }))
}

fn parts(text: &str) -> Result<(&str, &str), String> {
    match text.split_once('(') {
        None => Ok((text, "")),
        Some((displacement, rest)) => {
            Ok((displacement, rest.strip_suffix(')').ok_or_else(|| format!("no closing parenthesis in {text}"))?))
        }
    }
}

#[cfg(test)]
mod tests {
    use s370_arch::disassemble::disassemble;

    use super::*;

    #[test]
    fn what_the_disassembler_writes_is_understood() {
        for hex in ["0ACA", "1A5F", "0430", "07FE", "B2210034", "5853C008", "BF57C000", "B20D0000", "D2FF10002004"] {
            let instruction = from_hex(hex).unwrap();
            assert_eq!(assemble(&disassemble(instruction)), Ok(instruction));
        }
        assert_eq!(assemble("MVI 0(1),C'A'"), from_hex("92C11000"));
        assert_eq!(assemble("DC X'0001'"), from_hex("0001"));
    }

    #[test]
    fn bad_text_is_refused() {
        for text in ["XYZ 1", "AR 1", "AR 1,16", "L 1,4096(2)", "MVC 0(0,1),0(2)", "L 1,0(2", "DC X'00010203'"] {
            assert!(assemble(text).is_err(), "{text}");
        }
    }
}
