//! Decks as lines of text.

use s370_arch::ebcdic::CodePage;

use super::{COLUMNS, Card, DeckError, LongLines, MOST_CARDS, Reading};
use crate::media::LineEnd;

/// Columns between tab stops.
const TAB: usize = 8;

/// The byte order mark that some editors put at the beginning of a file.
const MARK: &[u8] = "\u{FEFF}".as_bytes();

/// The code of a character that can be punched: a graphic one of Latin-1.
fn encode(character: char, page: CodePage) -> Option<u8> {
    if character.is_control() { None } else { page.encode(character) }
}

/// The offset of the first byte that cannot be in a text; none if there is none.
pub fn first_other(bytes: &[u8]) -> Option<usize> {
    let (text, valid) = match std::str::from_utf8(bytes) {
        Ok(text) => (text, None),
        Err(error) => {
            let valid = error.valid_up_to();
            (std::str::from_utf8(&bytes[..valid]).unwrap_or_default(), Some(valid))
        }
    };
    let other = |character: char| character.is_control() && !matches!(character, '\t' | '\n' | '\r');
    text.find(other).or(valid)
}

/// The cards of a text.
pub fn read(file: &str, bytes: &[u8], how: &Reading) -> Result<Vec<Card>, DeckError> {
    let bytes = bytes.strip_prefix(MARK).unwrap_or(bytes);
    let mut cards = Vec::new();
    let mut offset = 0;
    for (n, line) in bytes.split_inclusive(|&byte| byte == b'\n').enumerate() {
        if cards.len() == MOST_CARDS {
            return Err(DeckError::TooMany { file: file.to_owned() });
        }
        let ended = line.strip_suffix(b"\n").unwrap_or(line);
        let ended = ended.strip_suffix(b"\r").unwrap_or(ended);
        let text = std::str::from_utf8(ended).map_err(|error| DeckError::NotUtf8 {
            file: file.to_owned(),
            line: n + 1,
            offset: offset + error.valid_up_to(),
        })?;
        cards.push(card(file, n + 1, text, how)?);
        offset += line.len();
    }
    Ok(cards)
}

/// The card of a line.
fn card(file: &str, line: usize, text: &str, how: &Reading) -> Result<Card, DeckError> {
    const BLANK: u8 = 0x40;
    let mut codes = [BLANK; COLUMNS];
    // The column that the next character stands in, from 0; and how many there are up to the last that is not blank.
    let (mut column, mut used) = (0usize, 0usize);
    for character in text.chars() {
        if character == '\t' {
            column = (column / TAB + 1) * TAB;
            continue;
        }
        let code = encode(character, how.page).ok_or_else(|| DeckError::Character {
            file: file.to_owned(),
            line,
            column: column + 1,
            character,
        })?;
        if let Some(place) = codes.get_mut(column) {
            *place = code;
        }
        column += 1;
        if code != BLANK {
            used = column;
        }
    }
    if used > COLUMNS && how.long_lines == LongLines::Refuse {
        return Err(DeckError::LongLine { file: file.to_owned(), line, columns: used });
    }
    Ok(Card::from_codes(&codes))
}

/// Appends a card's line, without the blanks at its end. The first column, from 1, whose code is no graphic character,
/// and the code; nothing is appended then.
pub fn write_card(codes: &[u8; COLUMNS], page: CodePage, out: &mut Vec<u8>) -> Result<(), (usize, u8)> {
    if let Some(column) = codes.iter().position(|&code| page.decode(code).is_control()) {
        return Err((column + 1, codes[column]));
    }
    push_line(codes, page, LineEnd::Lf, out);
    Ok(())
}

/// Appends a card's line as [`write_card`] does, with a question mark for codes that have no graphic character.
pub fn push_line(codes: &[u8; COLUMNS], page: CodePage, line_end: LineEnd, out: &mut Vec<u8>) {
    let graphic = |&code: &u8| Some(page.decode(code)).filter(|character| !character.is_control()).unwrap_or('?');
    let line: String = codes.iter().map(graphic).collect();
    out.extend(line.trim_end_matches(' ').as_bytes());
    out.extend(line_end.bytes());
}
