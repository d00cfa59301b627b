//! Printers whose listings are PDFs.
//!
//! What is printed goes, as text, to a file beside the PDF, and is safe there before the guest is told that a line is
//! printed. The PDF is made from that file: when paper is put in, when it is taken out, when the printer is stopped or
//! detached, and when the machine is switched off. A process that dies leaves the text complete and the PDF as it was
//! before, whole; the next one that opens it makes it again.

use std::{
    fs,
    path::{Path, PathBuf},
};

use devices::media::{
    MediaError,
    listing::{
        PrintSink,
        pdf::{Layout, longest_page, render_with},
        text::{Encoding, TextListing},
    },
};

use super::open_for_adding;
use crate::{
    configuration::device::Options,
    outputs::{FileError, Outputs},
    progress::Progress,
};

/// Whether a printer's options ask for a PDF: by its format, or else by the file's name.
pub(super) fn is_asked_for(options: &Options, file: &Path) -> bool {
    match options.word("format") {
        Some(format) => format == "pdf",
        None => file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("pdf")),
    }
}

/// Where the text of a PDF is.
fn text_of(pdf: &Path) -> PathBuf {
    let mut name = pdf.as_os_str().to_owned();
    name.push(".txt");
    name.into()
}

/// A listing that is a PDF.
pub(super) struct PdfListing {
    listing: TextListing,
    text: PathBuf,
    pdf: PathBuf,
    /// Lines of the form that was in the printer at first.
    lines: usize,
    /// There is text that is not in the PDF.
    is_behind: bool,
}

impl PdfListing {
    /// A listing at the end of what is in a PDF already, with forms of so many lines; they are taken to be longer if a page
    /// has more.
    ///
    /// # Errors
    /// The text cannot be opened or the PDF cannot be written; there is a PDF without its text, to which nothing can be
    /// added.
    pub(super) fn open(pdf: &Path, encoding: Encoding, lines: usize) -> Result<PdfListing, String> {
        let text = text_of(pdf);
        if pdf.exists() && !text.exists() {
            return Err(format!(
                "{}: nothing can be added to it, since the text that it was made from, {}, is not there: choose another \
                 name, or move it away",
                pdf.display(),
                text.display()
            ));
        }
        let listing = TextListing::new(open_for_adding(&text)?, encoding).map_err(|error| error.to_string())?;
        let mut listing = PdfListing { listing, text, pdf: pdf.to_owned(), lines, is_behind: true };
        listing.make().map_err(|error| error.to_string())?;
        Ok(listing)
    }

    /// Makes the PDF, if there is anything to be in it that is not.
    fn make(&mut self) -> Result<(), FileError> {
        if !self.is_behind {
            return Ok(());
        }
        let bytes = fs::read(&self.text).map_err(FileError::of(&self.text))?;
        if !bytes.is_empty() {
            let text = String::from_utf8_lossy(&bytes);
            let title = self.pdf.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let lines = self.lines.max(longest_page(&text));
            let layout = Layout { title, lines, ..Layout::default() };
            let mut progress = Progress::new("making the PDF");
            let pdf = render_with(&text, &layout, &mut |done, all| progress.at(done, all));
            drop(progress);
            let pdf = pdf.map_err(FileError::of(&self.pdf))?;
            let mut outputs = Outputs::default();
            outputs.stage(&self.pdf, pdf)?;
            outputs.commit()?;
        }
        self.is_behind = false;
        Ok(())
    }
}

impl PrintSink for PdfListing {
    fn print(&mut self, line: &[u8]) {
        self.listing.print(line);
    }

    fn space(&mut self, lines: usize) {
        self.listing.space(lines);
    }

    fn new_page(&mut self) {
        self.listing.new_page();
    }

    fn commit(&mut self) -> Result<(), MediaError> {
        self.is_behind = true;
        self.listing.commit()
    }

    fn finish(&mut self) -> Result<(), MediaError> {
        let host =
            |FileError { path, source }| MediaError::Host { file: path.display().to_string(), offset: 0, source };
        self.make().map_err(host)
    }
}

impl Drop for PdfListing {
    fn drop(&mut self) {
        // Whoever wanted to hear of trouble has had it finished before; the text is safe.
        drop(self.make());
    }
}
