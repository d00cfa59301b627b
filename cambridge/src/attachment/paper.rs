//! Printers.

use devices::{
    media::{
        MediaError,
        listing::{
            PrintSink,
            text::{Encoding, TextListing},
        },
    },
    unit_record::printer::{Printer, PrinterKind},
};

use super::{
    Built,
    cards::{line_end, page},
    open_for_adding,
    pdf::{self, PdfListing},
};
use crate::configuration::device::Options;

/// Where lines go when no file takes them: nowhere. The printer is not ready then.
struct NoPaper;

impl PrintSink for NoPaper {
    fn print(&mut self, _: &[u8]) {}

    fn space(&mut self, _: usize) {}

    fn new_page(&mut self) {}

    fn commit(&mut self) -> Result<(), MediaError> {
        Err(MediaError::ReadOnly { file: "no file takes the lines".to_owned() })
    }
}

pub(super) fn build(name: &str, options: &Options) -> Result<Built, String> {
    let kind = match name {
        "3203" => PrinterKind::P3203,
        "3211" => PrinterKind::P3211,
        _ => PrinterKind::P1403,
    };
    let mut printer = Printer::new(kind, Box::new(NoPaper));
    let notes = change(&mut printer, Some(options))?;
    Ok(Built { device: Box::new(printer), notes })
}

/// Lets the lines go into another file from now on, or into none. Gives what the operator should be told.
pub(super) fn change(printer: &mut Printer, options: Option<&Options>) -> Result<Vec<String>, String> {
    let notes = finish(printer);
    // The old file is closed first: the new one may be the same.
    printer.take_off(Box::new(NoPaper));
    let Some((options, file)) = options.and_then(|options| Some((options, options.file("output")?))) else {
        printer.press_stop();
        return Ok(notes);
    };
    let encoding =
        Encoding { page: page(options), ascii: options.word("format") == Some("ascii"), line_end: line_end(options) };
    let form = options.carriage("carriage");
    let listing: Box<dyn PrintSink> = if pdf::is_asked_for(options, file) {
        Box::new(PdfListing::open(file, encoding, form.unwrap_or(printer.form()).lines())?)
    } else {
        Box::new(TextListing::new(open_for_adding(file)?, encoding).map_err(|error| error.to_string())?)
    };
    printer.take_off(listing);
    if let Some(form) = form {
        printer.change_form(form.clone());
    }
    printer.press_start();
    Ok(notes)
}

/// Has what is made from a printer's lines made. Gives what the operator should be told.
pub(super) fn finish(printer: &mut Printer) -> Vec<String> {
    printer.finish_listing().err().map(|error| error.to_string()).into_iter().collect()
}

/// Presses START or STOP. Whoever stops a printer wants to see what was printed.
pub(super) fn set_ready(printer: &mut Printer, ready: bool) -> Result<(), String> {
    if ready {
        printer.press_start();
        return Ok(());
    }
    printer.press_stop();
    printer.finish_listing().map_err(|error| error.to_string())
}

pub(super) fn describe(printer: &Printer) -> String {
    format!(": line {} of {}", printer.line(), printer.form().lines())
}
