//! Listings: what printers leave on paper.
//!
//! A printer tells a [`PrintSink`] what it does, and asks it to [commit](PrintSink::commit) before it tells the guest that
//! a line is printed. The text of [`text`] is the truth that survives the death of the process; a PDF ([`pdf`]) is made from
//! such a text when it is wanted: when a listing is [finished](PrintSink::finish), or much later.

pub mod pdf;
pub mod text;

use crate::media::MediaError;

/// What takes a printer's lines. Positions are relative: the sink need not know the form.
pub trait PrintSink: Send {
    /// Prints EBCDIC codes from the first print position on, at the present line; over what is printed there already.
    fn print(&mut self, line: &[u8]);

    /// Moves the form up by some lines of the same page.
    fn space(&mut self, lines: usize);

    /// Moves the form to line 1 of the next page.
    fn new_page(&mut self);

    /// What was told so far survives the death of the process on return.
    ///
    /// # Errors
    /// The host does not take it; what was told since the last commit is forgotten.
    fn commit(&mut self) -> Result<(), MediaError>;

    /// Somebody is going to look at what was committed: what is made from it afterwards is made now. More may be printed
    /// later.
    ///
    /// # Errors
    /// The host does not take it. What was committed is safe nevertheless.
    fn finish(&mut self) -> Result<(), MediaError> {
        Ok(())
    }
}
