//! A card: eighty columns of twelve rows, and the card code in which EBCDIC is punched (GX20-1703, "Code Translation
//! Table").

/// Columns of a card.
pub const COLUMNS: usize = 80;

const ROW_12: u16 = 0x800;
const ROW_11: u16 = 0x400;
const ROW_0: u16 = 0x200;

/// A digit's row: 0 to 9.
const fn row(digit: u8) -> u16 {
    ROW_0 >> digit
}

/// The zone punches of the graphic quadrants, by the two low bits of the first hexadecimal digit.
const ZONES: [u16; 4] = [ROW_12, ROW_11, ROW_0, 0];
/// The zone punches of codes that share their digit punches with those of [`ZONES`].
const DOUBLE_ZONES: [u16; 4] = [ROW_12 | ROW_0, ROW_12 | ROW_11, ROW_11 | ROW_0, ROW_12 | ROW_11 | ROW_0];

/// The holes of a code. There are 256 combinations of rows 12, 11, 0, 8, 9 and at most one of rows 1-7, and each of them
/// is a code.
const fn holes_of(code: u8) -> u16 {
    let (quadrant, digit) = ((code >> 4 & 3) as usize, code & 0x0F);
    let (zone, double) = (ZONES[quadrant], DOUBLE_ZONES[quadrant]);
    let digits = match digit {
        0 => 0,
        1..=9 => row(digit),
        _ => row(8) | row(digit - 8),
    };
    match (code >> 6, digit) {
        (0, 0) => double | row(9) | row(8) | row(1),
        (0, 9) => zone | row(9) | row(8) | row(1),
        (0, _) => zone | row(9) | digits,
        (1, 0) => [0, ROW_12, ROW_11, ROW_12 | ROW_11 | ROW_0][quadrant],
        (1, 1) if quadrant == 2 => ROW_0 | row(1),
        (1, 0xA) if quadrant == 2 => ROW_12 | ROW_11,
        (1, 1..=8) => double | row(9) | digits,
        (1, 9) => zone | row(8) | row(1),
        (1, _) => zone | digits,
        (2, 0) => double | row(8) | row(1),
        (2, _) => double | digits,
        (_, 0) => [ROW_12 | ROW_0, ROW_11 | ROW_0, ROW_0 | row(8) | row(2), ROW_0][quadrant],
        (_, 1) if quadrant == 2 => ROW_11 | ROW_0 | row(9) | row(1),
        (_, 1..=9) => zone | digits,
        (_, _) => double | row(9) | digits,
    }
}

static HOLES: [u16; 256] = {
    let mut table = [0; 256];
    let mut code = 0;
    while code < 256 {
        table[code] = holes_of(code as u8);
        code += 1;
    }
    table
};

static CODES: [Option<u8>; 4096] = {
    let mut table = [None; 4096];
    let mut code = 0;
    while code < 256 {
        table[holes_of(code as u8) as usize] = Some(code as u8);
        code += 1;
    }
    table
};

/// A card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Card {
    /// The holes of each column: rows 12, 11, 0, 1 … 9 are bits 4-15.
    holes: [u16; COLUMNS],
}

impl Card {
    /// A card without a hole.
    pub const BLANK: Card = Card { holes: [0; COLUMNS] };

    /// A card in data mode 1: a code for each column. What is missing is left blank, what is too much is ignored.
    #[must_use]
    pub fn from_codes(codes: &[u8]) -> Card {
        let mut card = Card::BLANK;
        for (holes, &code) in card.holes.iter_mut().zip(codes) {
            *holes = HOLES[usize::from(code)];
        }
        card
    }

    /// The codes of the columns.
    ///
    /// # Errors
    /// The first column, counted from 1, with more than one hole in rows 1-7.
    pub fn codes(&self) -> Result<[u8; COLUMNS], usize> {
        let codes = self.lossy_codes();
        match self.holes.iter().position(|&holes| CODES[usize::from(holes)].is_none()) {
            Some(column) => Err(column + 1),
            None => Ok(codes),
        }
    }

    /// As [`Card::codes`], with X'00' for columns that have no code.
    #[must_use]
    pub fn lossy_codes(&self) -> [u8; COLUMNS] {
        self.holes.map(|holes| CODES[usize::from(holes)].unwrap_or(0))
    }

    /// A card in data mode 2 (column binary): two bytes a column, rows 12-3 in bits 2-7 of the first, rows 4-9 in those
    /// of the second. Bits 0 and 1 are ignored.
    #[must_use]
    pub fn from_binary(bytes: &[u8]) -> Card {
        let mut card = Card::BLANK;
        for (holes, pair) in card.holes.iter_mut().zip(bytes.chunks(2)) {
            let second = pair.get(1).copied().unwrap_or(0);
            *holes = u16::from(pair[0] & 0x3F) << 6 | u16::from(second & 0x3F);
        }
        card
    }

    /// The card in data mode 2.
    #[must_use]
    pub fn binary(&self) -> [u8; 2 * COLUMNS] {
        let mut bytes = [0; 2 * COLUMNS];
        for (pair, holes) in bytes.chunks_exact_mut(2).zip(self.holes) {
            pair.copy_from_slice(&[(holes >> 6) as u8, (holes & 0x3F) as u8]);
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use s370_arch::ebcdic::from_text;

    use super::*;

    /// Rows from their names: "12-0-9" is T09, with T for row 12 and E for row 11.
    fn rows(text: &str) -> u16 {
        text.chars()
            .map(|name| match name {
                'T' => ROW_12,
                'E' => ROW_11,
                digit => row(digit as u8 - b'0'),
            })
            .sum()
    }

    #[test]
    fn every_combination_with_one_hole_in_rows_1_to_7_is_a_code() {
        let valid = |holes: u16| (holes & 0x1FC).count_ones() <= 1;
        assert_eq!((0..4096u16).filter(|&holes| CODES[usize::from(holes)].is_some()).count(), 256);
        for holes in 0..4096 {
            assert_eq!(CODES[usize::from(holes)].is_some(), valid(holes), "{holes:03X}");
        }
        for code in 0..=255u8 {
            assert_eq!(CODES[usize::from(HOLES[usize::from(code)])], Some(code));
        }
    }

    #[test]
    fn card_codes_of_the_reference_card() {
        let cases = [
            (" &-", &["", "T", "E"][..]),
            ("AIJRSZ", &["T1", "T9", "E1", "E9", "02", "09"]),
            ("0189", &["0", "1", "8", "9"]),
            (".<(+|", &["T83", "T84", "T85", "T86", "T87"]),
            ("!$*);¬", &["E82", "E83", "E84", "E85", "E86", "E87"]),
            ("/,%_>?", &["01", "083", "084", "085", "086", "087"]),
            (":#@'=\"", &["82", "83", "84", "85", "86", "87"]),
            ("¢az`", &["T82", "T01", "E09", "81"]),
        ];
        for (text, holes) in cases {
            let codes = from_text(text);
            assert_eq!(codes.len(), holes.len());
            for (code, holes) in codes.into_iter().zip(holes) {
                assert_eq!(HOLES[usize::from(code)], rows(holes), "{code:02X}");
            }
        }
        let controls = [
            (0x00, "T0981"),
            (0x02, "T92"),
            (0x10, "TE981"),
            (0x15, "E95"),
            (0x20, "E0981"),
            (0x25, "095"),
            (0x30, "TE0981"),
            (0x3F, "987"),
            (0x41, "T091"),
            (0x6A, "TE"),
            (0x70, "TE0"),
            (0x80, "T081"),
            (0xC0, "T0"),
            (0xD0, "E0"),
            (0xE0, "082"),
            (0xE1, "E091"),
            (0xFF, "TE0987"),
        ];
        for (code, holes) in controls {
            assert_eq!(HOLES[code], rows(holes), "{code:02X}");
        }
    }

    #[test]
    fn column_binary_is_two_bytes_a_column() {
        let card = Card::from_codes(&[0xC1, 0x00, 0xF9]);
        assert_eq!(card.binary()[..8], [0x24, 0x00, 0x28 | 0x04, 0x03, 0x00, 0x01, 0x00, 0x00]);
        assert_eq!(Card::from_binary(&card.binary()), card);
        let laced = Card::from_binary(&[0xFF; 160]);
        assert_eq!(laced.binary(), [0x3F; 160]);
        assert_eq!(laced.codes(), Err(1));
        assert_eq!(laced.lossy_codes(), [0; 80]);
    }

    #[test]
    fn a_short_card_is_blank_at_its_end() {
        let codes = Card::from_codes(&from_text("AB")).codes().expect("punched in data mode 1");
        assert_eq!(codes[..3], [0xC1, 0xC2, 0x40]);
        assert_eq!(codes[79], 0x40);
        assert_eq!(Card::from_binary(&[0x20]).codes().map(|codes| codes[0]), Ok(0x50));
    }
}
