//! A typewriter's output as text.

use devices::console::typewriter::Output;
use s370_arch::ebcdic;

use crate::panel::model::Voice;

/// New line.
const NEW_LINE: u8 = 0x15;
/// Line feed: also a new line here, as the carrier's column is not kept.
const LINE_FEED: u8 = 0x25;
/// Carriage return, which old software writes before or instead of a new line.
const CARRIAGE_RETURN: u8 = 0x0D;

/// What was typed, as far as it matters to what follows.
#[derive(Clone, Debug, Default)]
pub struct Paper {
    /// Something stands on the line where the carrier is.
    is_started: bool,
    /// The carrier went back to its beginning.
    is_returned: bool,
}

impl Paper {
    /// The text that this output adds to the paper, and who typed it: lines end with a line feed. What moves nothing (the
    /// alarm, the lights) is left out.
    pub fn text(&mut self, output: &[Output]) -> Vec<(Voice, String)> {
        let mut pieces: Vec<(Voice, String)> = Vec::new();
        for output in output {
            let voice = if matches!(output, Output::Read(_)) { Voice::Typed } else { Voice::Console };
            if pieces.last().is_none_or(|(last, _)| *last != voice) {
                pieces.push((voice, String::new()));
            }
            let Some((_, text)) = pieces.last_mut() else { continue };
            match output {
                Output::Typed(codes) => self.type_codes(codes, text),
                Output::CarrierReturn => self.new_line(text),
                Output::Read(codes) => {
                    self.type_codes(codes, text);
                    self.new_line(text);
                }
                Output::Lock => {
                    if self.is_started {
                        self.new_line(text);
                    }
                }
                Output::Proceed | Output::Alarm => {}
            }
        }
        pieces.retain(|(_, text)| !text.is_empty());
        pieces
    }

    fn type_codes(&mut self, codes: &[u8], text: &mut String) {
        for &code in codes {
            match code {
                NEW_LINE | LINE_FEED => self.new_line(text),
                CARRIAGE_RETURN => self.is_returned = self.is_started,
                _ => {
                    let character = ebcdic::to_char(code);
                    // Other controls do not print.
                    if !character.is_control() {
                        // What would be typed over the line is typed below it.
                        if self.is_returned {
                            self.new_line(text);
                        }
                        text.push(character);
                        self.is_started = true;
                    }
                }
            }
        }
    }

    fn new_line(&mut self, text: &mut String) {
        text.push('\n');
        (self.is_started, self.is_returned) = (false, false);
    }
}

#[cfg(test)]
mod tests {
    use s370_arch::ebcdic::from_text;

    use super::*;

    fn console(text: &str) -> (Voice, String) {
        (Voice::Console, text.to_owned())
    }

    #[test]
    fn a_dialogue() {
        let mut paper = Paper::default();
        let text = paper.text(&[
            Output::Typed(from_text("ENTER: ")),
            Output::Proceed,
            Output::Read(from_text("HELLO")),
            Output::Alarm,
            Output::Typed([from_text("A"), vec![NEW_LINE, 0x00], from_text("B")].concat()),
            Output::CarrierReturn,
        ]);
        assert_eq!(text, [console("ENTER: "), (Voice::Typed, "HELLO\n".to_owned()), console("A\nB\n")]);
        assert_eq!(paper.text(&[Output::Typed(from_text("?")), Output::Proceed, Output::Lock]), [console("?\n")]);
        assert_eq!(paper.text(&[Output::Alarm]), []);
    }

    #[test]
    fn carriage_returns() {
        let mut paper = Paper::default();
        let mut text = |codes: &[u8]| paper.text(&[Output::Typed(codes.to_vec())]);
        assert_eq!(text(&[0xC1, CARRIAGE_RETURN, NEW_LINE]), [console("A\n")]);
        assert_eq!(text(&[CARRIAGE_RETURN, 0xC1, CARRIAGE_RETURN, 0xC2]), [console("A\nB")]);
    }
}
