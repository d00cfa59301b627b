//! The universal character set buffer: which characters are on the train.

use super::PrinterKind;

/// Blank; it never prints and is on no train.
const BLANK: u8 = 0x40;

/// The character set, folding, and whether data checks are blocked.
#[derive(Clone, Debug)]
pub struct CharacterSet {
    /// The buffer as it was loaded; until then the train has every character.
    buffer: Option<Vec<u8>>,
    on_train: [bool; 256],
    /// Codes X'80'-X'BF' print as X'C0'-X'FF': small letters as capitals.
    pub fold: bool,
    /// Characters that are not on the train are blank without a data check.
    pub blocked: bool,
}

impl CharacterSet {
    /// A train with all characters.
    pub fn new() -> CharacterSet {
        CharacterSet { buffer: None, on_train: [true; 256], fold: false, blocked: false }
    }

    /// Bytes of the buffer, and how many of them at its beginning are the train.
    pub const fn size(kind: PrinterKind) -> (usize, usize) {
        match kind {
            PrinterKind::P1403 => (240, 240),
            PrinterKind::P3203 => (304, 240),
            PrinterKind::P3211 => (512, 432),
        }
    }

    /// Loads the buffer.
    pub fn load(&mut self, kind: PrinterKind, buffer: Vec<u8>) {
        self.on_train = [false; 256];
        // The null character is blank, too.
        for code in [0, BLANK].iter().chain(buffer.iter().take(CharacterSet::size(kind).1)) {
            self.on_train[usize::from(*code)] = true;
        }
        self.buffer = Some(buffer);
    }

    /// The buffer.
    pub fn buffer(&self, kind: PrinterKind) -> Vec<u8> {
        self.buffer.clone().unwrap_or_else(|| vec![0; CharacterSet::size(kind).0])
    }

    /// What of a line can be printed, folded; and whether that is all.
    pub fn print(&self, line: &[u8]) -> (Vec<u8>, bool) {
        let mut all = true;
        let printed = line.iter().map(|&code| {
            let code = if self.fold && code & 0xC0 == 0x80 { code | 0x40 } else { code };
            if self.on_train[usize::from(code)] {
                code
            } else {
                all = false;
                BLANK
            }
        });
        (printed.collect(), all)
    }
}
