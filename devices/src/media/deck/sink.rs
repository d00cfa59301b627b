//! Where punched cards go.

use s370_arch::ebcdic::CodePage;

use super::{COLUMNS, Card, Format, text};
use crate::media::{LineEnd, MediaError, Medium};

/// What takes the cards from a punch.
pub trait CardSink: Send {
    /// Takes a card; `stacker` is 1 to 3. It survives the death of the process on return.
    ///
    /// # Errors
    /// The card was not taken.
    fn take(&mut self, card: &Card, stacker: u8) -> Result<(), MediaError>;
}

/// A file to whose end cards are added, whatever stacker they come from.
pub struct DeckFile {
    medium: Box<dyn Medium>,
    end: u64,
    format: Format,
    page: CodePage,
    line_end: LineEnd,
}

impl DeckFile {
    /// A file of this format, with what is in it already. As text, a column without a graphic character is a question
    /// mark: object decks want EBCDIC.
    ///
    /// # Errors
    /// The host refuses; the file is read-only; it is not text and does not end with a whole card.
    pub fn new(mut medium: Box<dyn Medium>, format: Format, page: CodePage) -> Result<DeckFile, MediaError> {
        let file = medium.name().to_owned();
        if medium.is_read_only() {
            return Err(MediaError::ReadOnly { file });
        }
        let end = medium.length().map_err(|source| MediaError::Host { file: file.clone(), offset: 0, source })?;
        let size = match format {
            Format::Ebcdic => COLUMNS as u64,
            Format::Binary => 2 * COLUMNS as u64,
            Format::Text => 1,
        };
        if end % size != 0 {
            let what = format!("cards of {size} bytes cannot follow: the file ends within one");
            return Err(MediaError::Damaged { file, offset: end - end % size, what });
        }
        Ok(DeckFile { medium, end, format, page, line_end: LineEnd::default() })
    }

    /// The same with another end of lines, which matters to text only.
    #[must_use]
    pub fn ending_lines(self, line_end: LineEnd) -> DeckFile {
        DeckFile { line_end, ..self }
    }
}

impl CardSink for DeckFile {
    fn take(&mut self, card: &Card, _stacker: u8) -> Result<(), MediaError> {
        let mut bytes = Vec::with_capacity(2 * COLUMNS);
        match self.format {
            Format::Ebcdic => bytes.extend(card.lossy_codes()),
            Format::Binary => bytes.extend(card.binary()),
            Format::Text => text::push_line(&card.lossy_codes(), self.page, self.line_end, &mut bytes),
        }
        self.medium.write_at(self.end, &bytes).map_err(|source| MediaError::Host {
            file: self.medium.name().to_owned(),
            offset: self.end,
            source,
        })?;
        self.end += bytes.len() as u64;
        Ok(())
    }
}
