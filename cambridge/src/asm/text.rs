//! Source text in the host's files: lines of UTF-8, or EBCDIC card images as they come from a real system.

use s370_arch::ebcdic::to_text;

/// Length of a card image.
const CARD: usize = 80;

/// The text of a file: lines of UTF-8, or 80-byte EBCDIC card images.
///
/// # Errors
/// It is neither.
pub(super) fn decode(bytes: Vec<u8>) -> Result<String, String> {
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let bytes = error.into_bytes();
            // A line end is no character of a card.
            if bytes.len().is_multiple_of(CARD) && !bytes.contains(&b'\n') {
                return Ok(bytes.chunks(CARD).map(|card| to_text(card).trim_end().to_owned() + "\n").collect());
            }
            let line = 1 + bytes[..at].iter().filter(|byte| **byte == b'\n').count();
            Err(format!("line {line} is not UTF-8, and the file does not consist of 80-byte EBCDIC card images"))
        }
    }
}

#[cfg(test)]
mod tests {
    use s370_arch::ebcdic::from_text;

    use super::*;

    #[test]
    fn lines_and_cards() {
        assert_eq!(decode(b" BR 14\n".to_vec()).as_deref(), Ok(" BR 14\n"));
        let cards = [format!("{:<80}", "A        BR    14"), format!("{:<72}00000020", "         END")].concat();
        let text = format!("A        BR    14\n{:<72}00000020\n", "         END");
        assert_eq!(decode(from_text(&cards)), Ok(text));
        let wrong = "line 2 is not UTF-8, and the file does not consist of 80-byte EBCDIC card images";
        assert_eq!(decode(b" BR 14\n\xC1".to_vec()), Err(wrong.to_owned()));
    }
}
