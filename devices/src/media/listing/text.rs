//! A listing as text: a line feed for each line, a form feed for each new page, a carriage return where a line is
//! printed over the one before. Blanks at the end of a line are left out; codes without a graphic character are blanks,
//! as on a train that has no such type.

use s370_arch::ebcdic::CodePage;

use super::PrintSink;
use crate::media::{LineEnd, MediaError, Medium};

/// How a listing is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Encoding {
    /// The code page of the guest's lines.
    pub page: CodePage,
    /// Whether only ASCII may be in the file, instead of UTF-8. The not sign becomes a circumflex, the broken bar a bar,
    /// other characters a question mark.
    pub ascii: bool,
    /// What ends a line.
    pub line_end: LineEnd,
}

impl Encoding {
    fn character(self, code: u8) -> char {
        let character = self.page.decode(code);
        match character {
            _ if character.is_control() => ' ',
            _ if character.is_ascii() || !self.ascii => character,
            '\u{A0}' => ' ',
            '¬' => '^',
            '¦' => '|',
            _ => '?',
        }
    }
}

/// A file to whose end a listing is added.
pub struct TextListing {
    medium: Box<dyn Medium>,
    encoding: Encoding,
    end: u64,
    pending: Vec<u8>,
    /// Something stands on the present line.
    printed: bool,
    /// As `printed`, at the last commit.
    printed_before: bool,
}

impl TextListing {
    /// A listing at the end of what is in the file already.
    ///
    /// # Errors
    /// The host refuses; the file is read-only.
    pub fn new(mut medium: Box<dyn Medium>, encoding: Encoding) -> Result<TextListing, MediaError> {
        let file = medium.name().to_owned();
        if medium.is_read_only() {
            return Err(MediaError::ReadOnly { file });
        }
        let host = |source| MediaError::Host { file, offset: 0, source };
        let last = |medium: &mut dyn Medium| {
            let end = medium.length()?;
            let mut last = [b'\n'];
            medium.read_at(end.saturating_sub(1), &mut last)?;
            Ok((end, last[0]))
        };
        let (end, last) = last(&mut *medium).map_err(host)?;
        let printed = !matches!(last, b'\n' | 0x0C);
        Ok(TextListing { medium, encoding, end, pending: Vec::new(), printed, printed_before: printed })
    }
}

impl PrintSink for TextListing {
    fn print(&mut self, line: &[u8]) {
        let text: String = line.iter().map(|&code| self.encoding.character(code)).collect();
        let text = text.trim_end_matches(' ');
        if text.is_empty() {
            return;
        }
        if self.printed {
            self.pending.push(b'\r');
        }
        self.pending.extend(text.as_bytes());
        self.printed = true;
    }

    fn space(&mut self, lines: usize) {
        for _ in 0..lines {
            self.pending.extend(self.encoding.line_end.bytes());
        }
        self.printed &= lines == 0;
    }

    fn new_page(&mut self) {
        if self.printed {
            self.pending.extend(self.encoding.line_end.bytes());
        }
        self.pending.push(0x0C);
        self.printed = false;
    }

    fn commit(&mut self) -> Result<(), MediaError> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let written = self.medium.write_at(self.end, &self.pending);
        let length = self.pending.len() as u64;
        self.pending.clear();
        if let Err(source) = written {
            self.printed = self.printed_before;
            return Err(MediaError::Host { file: self.medium.name().to_owned(), offset: self.end, source });
        }
        self.end += length;
        self.printed_before = self.printed;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use s370_arch::ebcdic::from_text;

    use super::*;
    use crate::media::shared::SharedFile;

    fn listing(file: &SharedFile, encoding: Encoding) -> TextListing {
        TextListing::new(Box::new(file.clone()), encoding).expect("a file that can be written")
    }

    #[test]
    fn lines_pages_and_overprinting() {
        let file = SharedFile::default();
        let mut sink = listing(&file, Encoding::default());
        sink.new_page();
        sink.print(&from_text("TITLE  "));
        sink.print(&from_text("_____"));
        sink.print(&from_text("   "));
        sink.space(2);
        sink.space(0);
        sink.print(&from_text("LAST"));
        sink.new_page();
        sink.new_page();
        assert_eq!(file.bytes(), b"", "nothing is promised before the commit");
        sink.commit().expect("written");
        assert_eq!(file.bytes(), b"\x0CTITLE\r_____\n\nLAST\n\x0C\x0C");
    }

    #[test]
    fn a_listing_goes_on_where_it_was() {
        for (before, after) in
            [("", "NEXT"), ("ONE\n", "ONE\nNEXT"), ("ONE", "ONE\rNEXT"), ("ONE\n\x0C", "ONE\n\x0CNEXT")]
        {
            let file = SharedFile::holding(before.as_bytes());
            let mut sink = listing(&file, Encoding::default());
            sink.print(&from_text("NEXT"));
            sink.commit().expect("written");
            assert_eq!(String::from_utf8_lossy(&file.bytes()), after);
        }
    }

    #[test]
    fn lines_may_end_in_two_characters() {
        let file = SharedFile::default();
        let mut sink = listing(&file, Encoding { line_end: LineEnd::CrLf, ..Encoding::default() });
        sink.print(&from_text("ONE"));
        sink.space(2);
        sink.print(&from_text("TWO"));
        sink.new_page();
        sink.commit().expect("written");
        assert_eq!(file.bytes(), b"ONE\r\n\r\nTWO\r\n\x0C");
    }

    #[test]
    fn only_graphic_characters_are_printed() {
        let codes = [0xC1, 0x00, 0x15, 0x5F, 0x6A, 0x4A, 0x41, 0xAD, 0x40];
        let print = |encoding| {
            let file = SharedFile::default();
            let mut sink = listing(&file, encoding);
            sink.print(&codes);
            sink.commit().expect("written");
            String::from_utf8(file.bytes()).expect("UTF-8")
        };
        assert_eq!(print(Encoding::default()), "A  ¬¦¢\u{A0}Ý");
        assert_eq!(print(Encoding { ascii: true, ..Encoding::default() }), "A  ^|? ?");
        assert_eq!(print(Encoding { page: CodePage::Page1047, ascii: true, ..Encoding::default() }), "A  ^|? [");
    }

    #[test]
    fn what_the_host_did_not_take_is_forgotten() {
        let file = SharedFile::default();
        let mut sink = listing(&file, Encoding::default());
        sink.print(&from_text("ONE"));
        sink.commit().expect("written");
        file.refuse(true);
        sink.space(1);
        sink.print(&from_text("TWO"));
        let error = sink.commit().expect_err("the host refuses");
        assert!(error.to_string().starts_with("shared: offset 3: "), "{error}");
        file.refuse(false);
        sink.print(&from_text("___"));
        sink.commit().expect("written");
        assert_eq!(file.bytes(), b"ONE\r___");
    }
}
