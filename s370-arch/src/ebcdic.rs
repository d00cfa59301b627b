//! EBCDIC: code page 037 (CCSID 37), the U.S. one, and what code page 1047 has otherwise.
//!
//! Both pages hold the characters of ISO 8859-1 (Latin-1), each exactly once, so that translation loses nothing either
//! way. Control characters are paired as in IBM's CCSID tables: new line X'15' with NEL U+0085, line feed X'25' with
//! U+000A. Whether a host line ends in one or the other is for the caller to say.

/// Code page 037 in Latin-1, in the order of the EBCDIC codes.
#[rustfmt::skip] // sixteen codes a line, as code pages are drawn
static LATIN1: [u8; 256] = [
    0x00, 0x01, 0x02, 0x03, 0x9C, 0x09, 0x86, 0x7F, 0x97, 0x8D, 0x8E, 0x0B, 0x0C, 0x0D, 0x0E, 0x0F, // 00
    0x10, 0x11, 0x12, 0x13, 0x9D, 0x85, 0x08, 0x87, 0x18, 0x19, 0x92, 0x8F, 0x1C, 0x1D, 0x1E, 0x1F, // 10
    0x80, 0x81, 0x82, 0x83, 0x84, 0x0A, 0x17, 0x1B, 0x88, 0x89, 0x8A, 0x8B, 0x8C, 0x05, 0x06, 0x07, // 20
    0x90, 0x91, 0x16, 0x93, 0x94, 0x95, 0x96, 0x04, 0x98, 0x99, 0x9A, 0x9B, 0x14, 0x15, 0x9E, 0x1A, // 30
    0x20, 0xA0, 0xE2, 0xE4, 0xE0, 0xE1, 0xE3, 0xE5, 0xE7, 0xF1, 0xA2, 0x2E, 0x3C, 0x28, 0x2B, 0x7C, // 40
    0x26, 0xE9, 0xEA, 0xEB, 0xE8, 0xED, 0xEE, 0xEF, 0xEC, 0xDF, 0x21, 0x24, 0x2A, 0x29, 0x3B, 0xAC, // 50
    0x2D, 0x2F, 0xC2, 0xC4, 0xC0, 0xC1, 0xC3, 0xC5, 0xC7, 0xD1, 0xA6, 0x2C, 0x25, 0x5F, 0x3E, 0x3F, // 60
    0xF8, 0xC9, 0xCA, 0xCB, 0xC8, 0xCD, 0xCE, 0xCF, 0xCC, 0x60, 0x3A, 0x23, 0x40, 0x27, 0x3D, 0x22, // 70
    0xD8, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0xAB, 0xBB, 0xF0, 0xFD, 0xFE, 0xB1, // 80
    0xB0, 0x6A, 0x6B, 0x6C, 0x6D, 0x6E, 0x6F, 0x70, 0x71, 0x72, 0xAA, 0xBA, 0xE6, 0xB8, 0xC6, 0xA4, // 90
    0xB5, 0x7E, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7A, 0xA1, 0xBF, 0xD0, 0xDD, 0xDE, 0xAE, // A0
    0x5E, 0xA3, 0xA5, 0xB7, 0xA9, 0xA7, 0xB6, 0xBC, 0xBD, 0xBE, 0x5B, 0x5D, 0xAF, 0xA8, 0xB4, 0xD7, // B0
    0x7B, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0xAD, 0xF4, 0xF6, 0xF2, 0xF3, 0xF5, // C0
    0x7D, 0x4A, 0x4B, 0x4C, 0x4D, 0x4E, 0x4F, 0x50, 0x51, 0x52, 0xB9, 0xFB, 0xFC, 0xF9, 0xFA, 0xFF, // D0
    0x5C, 0xF7, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59, 0x5A, 0xB2, 0xD4, 0xD6, 0xD2, 0xD3, 0xD5, // E0
    0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0xB3, 0xDB, 0xDC, 0xD9, 0xDA, 0x9F, // F0
];

/// Code page 037 in the order of the Latin-1 codes.
static EBCDIC: [u8; 256] = inverse(&LATIN1);

/// The pairs of codes whose characters are exchanged between code pages 037 and 1047: not sign and circumflex,
/// Y acute and opening bracket, closing bracket and diaeresis.
const EXCHANGED_IN_1047: [(u8, u8); 3] = [(0x5F, 0xB0), (0xAD, 0xBA), (0xBB, 0xBD)];

const fn inverse(table: &[u8; 256]) -> [u8; 256] {
    let mut result = [0; 256];
    let mut code = 0;
    while code < 256 {
        result[table[code] as usize] = code as u8;
        code += 1;
    }
    result
}

/// The Latin-1 code (ASCII below X'80') of a character in code page 037.
#[must_use]
pub fn to_ascii(ebcdic: u8) -> u8 {
    LATIN1[usize::from(ebcdic)]
}

/// The code in code page 037 of a Latin-1 (or ASCII) character.
#[must_use]
pub fn to_ebcdic(latin1: u8) -> u8 {
    EBCDIC[usize::from(latin1)]
}

/// The character with this code in code page 037.
#[must_use]
pub fn to_char(ebcdic: u8) -> char {
    char::from(to_ascii(ebcdic))
}

/// The code of a character in code page 037, or `None` if it is not in Latin-1.
#[must_use]
pub fn from_char(character: char) -> Option<u8> {
    u8::try_from(character).ok().map(to_ebcdic)
}

/// The text that these codes of code page 037 stand for.
#[must_use]
pub fn to_text(ebcdic: &[u8]) -> String {
    ebcdic.iter().map(|&byte| to_char(byte)).collect()
}

/// A text in code page 037; a character that is not in Latin-1 becomes the substitute character X'3F'.
#[must_use]
pub fn from_text(text: &str) -> Vec<u8> {
    const SUBSTITUTE: u8 = 0x3F;
    text.chars().map(|character| from_char(character).unwrap_or(SUBSTITUTE)).collect()
}

/// The character for this code in a storage display: itself if it is on a U.S. keyboard, otherwise a period.
///
/// The rest of Latin-1 is left out because data that is not text would print as accented letters.
#[must_use]
pub fn printable(ebcdic: u8) -> char {
    match to_char(ebcdic) {
        graphic @ (' '..='~' | '¢' | '¦' | '¬') => graphic,
        _ => '.',
    }
}

/// The code in code page 1047 of the character that has this code in code page 037; and the other way round, since
/// the two differ by exchanges only.
#[must_use]
pub fn exchange_037_1047(code: u8) -> u8 {
    for (one, other) in EXCHANGED_IN_1047 {
        if code == one {
            return other;
        }
        if code == other {
            return one;
        }
    }
    code
}

/// A code page that host text is translated with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CodePage {
    /// 037, the U.S. page of the System/370's own software.
    #[default]
    Page037,
    /// 1047, with brackets where C compilers look for them.
    Page1047,
}

impl CodePage {
    /// The page with this number, as users write it.
    #[must_use]
    pub fn named(name: &str) -> Option<CodePage> {
        match name.trim_start_matches('0') {
            "37" => Some(CodePage::Page037),
            "1047" => Some(CodePage::Page1047),
            _ => None,
        }
    }

    /// The character with this code.
    #[must_use]
    pub fn decode(self, code: u8) -> char {
        to_char(self.exchange(code))
    }

    /// The code of a character, or `None` if it is not in Latin-1.
    #[must_use]
    pub fn encode(self, character: char) -> Option<u8> {
        from_char(character).map(|code| self.exchange(code))
    }

    fn exchange(self, code: u8) -> u8 {
        match self {
            CodePage::Page037 => code,
            CodePage::Page1047 => exchange_037_1047(code),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_page_is_chosen_by_its_number() {
        let encode = |page: Option<CodePage>| page.and_then(|page| page.encode('['));
        assert_eq!(encode(CodePage::named("037")), Some(0xBA));
        assert_eq!(encode(CodePage::named("37")), Some(0xBA));
        assert_eq!(encode(CodePage::named("1047")), Some(0xAD));
        assert_eq!(CodePage::named("500"), None);
        assert_eq!(CodePage::Page1047.decode(0xAD), '[');
        assert_eq!(CodePage::Page1047.encode('€'), None);
    }

    #[test]
    fn every_code_comes_back() {
        for code in 0..=255u8 {
            assert_eq!(to_ebcdic(to_ascii(code)), code);
            assert_eq!(to_ascii(to_ebcdic(code)), code);
            assert_eq!(from_char(to_char(code)), Some(code));
            assert_eq!(exchange_037_1047(exchange_037_1047(code)), code);
        }
    }

    #[test]
    fn letters_digits_and_specials_of_code_page_037() {
        assert_eq!(from_text("IJRSZ az09"), [0xC9, 0xD1, 0xD9, 0xE2, 0xE9, 0x40, 0x81, 0xA9, 0xF0, 0xF9]);
        assert_eq!(
            from_text("$#@,.<(+|&!*);-/%_>?:'=\"{}\\~`"),
            [
                0x5B, 0x7B, 0x7C, 0x6B, 0x4B, 0x4C, 0x4D, 0x4E, 0x4F, 0x50, 0x5A, 0x5C, 0x5D, 0x5E, 0x60, 0x61, 0x6C,
                0x6D, 0x6E, 0x6F, 0x7A, 0x7D, 0x7E, 0x7F, 0xC0, 0xD0, 0xE0, 0xA1, 0x79,
            ]
        );
        assert_eq!(from_text("¬¢^[]¦£"), [0x5F, 0x4A, 0xB0, 0xBA, 0xBB, 0x6A, 0xB1]);
        assert_eq!(from_text("\u{85}\n\r\t\0\u{7}"), [0x15, 0x25, 0x0D, 0x05, 0x00, 0x2F]);
        assert_eq!(to_text(&[0xC3, 0xD4, 0xE2]), "CMS");
    }

    #[test]
    fn code_page_1047_has_the_brackets_elsewhere() {
        let to_1047 = |character| from_char(character).map(exchange_037_1047);
        assert_eq!(
            "[]^¬Ý¨".chars().map(to_1047).collect::<Option<Vec<u8>>>(),
            Some(vec![0xAD, 0xBD, 0x5F, 0xB0, 0xBA, 0xBB])
        );
        assert_eq!((0..=255u8).filter(|&code| exchange_037_1047(code) != code).count(), 6);
    }

    #[test]
    fn characters_outside_latin_1_are_substituted() {
        assert_eq!(from_char('€'), None);
        assert_eq!(from_text("a€"), [0x81, 0x3F]);
    }

    #[test]
    fn only_characters_of_a_us_keyboard_are_printable() {
        assert_eq!([0x40, 0xC1, 0x5F, 0x4A].map(printable), [' ', 'A', '¬', '¢']);
        assert_eq!([0x00, 0x15, 0x41, 0x42, 0xCA, 0xFF].map(printable), ['.'; 6]);
        assert_eq!((0..=255u8).filter(|&code| printable(code) != '.').count(), 95 + 3 - 1);
    }
}
