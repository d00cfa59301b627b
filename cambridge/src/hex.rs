//! Hexadecimal numbers and byte strings, in and out.

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// What each character is worth as a hexadecimal digit; 255: it is none.
static VALUES: [u8; 256] = values();

const fn values() -> [u8; 256] {
    let mut table = [255; 256];
    let mut value = 0;
    while value < 16 {
        table[DIGITS[value] as usize] = value as u8;
        table[DIGITS[value].to_ascii_uppercase() as usize] = value as u8;
        value += 1;
    }
    table
}

/// A number in hexadecimal, with or without `0x` before it.
///
/// # Errors
/// What is wrong with the text.
pub fn parse_number(text: &str) -> Result<u64, String> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|c| c.is_ascii_hexdigit()) {
        return Err(format!("{} is not a hexadecimal number", quoted(text)));
    }
    u64::from_str_radix(digits, 16).map_err(|_| format!("{} has more than 64 bits", quoted(text)))
}

/// A doubleword of exactly sixteen hexadecimal digits.
///
/// # Errors
/// What is wrong with the text.
pub fn parse_doubleword(text: &str) -> Result<u64, String> {
    if text.len() != 16 || !text.bytes().all(|c| c.is_ascii_hexdigit()) {
        return Err(format!("{} is not 16 hexadecimal digits", quoted(text)));
    }
    u64::from_str_radix(text, 16).map_err(|error| error.to_string())
}

/// Appends the bytes that `text` gives as pairs of hexadecimal digits.
///
/// # Errors
/// What is wrong with the text; `into` may then have grown.
pub fn parse_bytes(text: &str, into: &mut Vec<u8>) -> Result<(), String> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return Err(format!("{} digits: a byte has two", text.len()));
    }
    into.reserve(pairs.len());
    for (i, &[high, low]) in pairs.iter().enumerate() {
        let (high, low) = (VALUES[usize::from(high)], VALUES[usize::from(low)]);
        if high | low > 15 {
            return Err(format!("characters {} and {} are not two hexadecimal digits", 2 * i + 1, 2 * i + 2));
        }
        into.push(high << 4 | low);
    }
    Ok(())
}

/// Appends a number as `digits` lower-case digits.
pub fn push_number(out: &mut Vec<u8>, value: u64, digits: u32) {
    for digit in (0..digits).rev() {
        out.push(DIGITS[(value >> (4 * digit)) as usize & 15]);
    }
}

/// Appends bytes as pairs of lower-case digits.
pub fn push_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    out.reserve(2 * bytes.len());
    for &byte in bytes {
        out.extend([DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
    }
}

/// The text in quotation marks, its middle left out if it is long.
fn quoted(text: &str) -> String {
    const LONGEST: usize = 40;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_with_and_without_prefix() {
        for (text, value) in [("0x1F0", 0x1F0), ("0X1f0", 0x1F0), ("1F0", 0x1F0), ("00000000000000000000a", 10)] {
            assert_eq!(parse_number(text), Ok(value));
        }
        assert_eq!(parse_number("ffffffffffffffff"), Ok(u64::MAX));
        for text in ["", "0x", "+1", "-1", "0x+1", "1_0", "x10", " 1", "1 ", "0x0x1", "é", "10000000000000000"] {
            assert!(parse_number(text).is_err(), "{text:?}");
        }
        assert_eq!(parse_number("zz").unwrap_err(), "\"zz\" is not a hexadecimal number");
        assert!(parse_number(&"é".repeat(100)).unwrap_err().starts_with(&format!("\"{}\"…", "é".repeat(40))));
    }

    #[test]
    fn doublewords_have_sixteen_digits() {
        assert_eq!(parse_doubleword("00080000ffffFFFF"), Ok(0x0008_0000_FFFF_FFFF));
        for text in ["", "0", "0x08000000001000", "000000000000000g", "00000000000000000", "+000000000000000"] {
            assert!(parse_doubleword(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn byte_strings_come_back() {
        let all: Vec<u8> = (0..=255).collect();
        let (mut text, mut bytes) = (Vec::new(), Vec::new());
        push_bytes(&mut text, &all);
        let text = String::from_utf8(text).unwrap();
        parse_bytes(&text, &mut bytes).unwrap();
        parse_bytes(&text.to_uppercase(), &mut bytes).unwrap();
        assert_eq!(bytes, [all.clone(), all].concat());
        assert_eq!(parse_bytes("00 1", &mut bytes).unwrap_err(), "characters 3 and 4 are not two hexadecimal digits");
        assert_eq!(parse_bytes("001", &mut bytes).unwrap_err(), "3 digits: a byte has two");
    }

    #[test]
    fn numbers_are_written_with_leading_zeros() {
        let mut out = Vec::new();
        push_number(&mut out, 0xABC, 6);
        push_number(&mut out, u64::MAX, 16);
        assert_eq!(out, b"000abcffffffffffffffff");
    }
}
