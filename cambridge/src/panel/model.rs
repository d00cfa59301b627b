//! What the operator's screen shows, as a value: the console's paper, the command line, the status line.

use std::collections::VecDeque;

use super::editor::{Editor, Key};

/// Lines of paper that can be looked at again.
const PAPER: usize = 5000;

/// Who wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Voice {
    /// The machine's console.
    Console,
    /// The operator, typing on the console.
    Typed,
    /// The operator, giving a command.
    Command,
    /// What answers a command.
    Answer,
    /// Something to be noticed.
    Message,
}

/// A line of paper.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaperLine {
    /// Who wrote it.
    pub voice: Voice,
    /// Its text.
    pub text: String,
}

/// What the processor is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Activity {
    /// Executing instructions.
    Running,
    /// In the wait state, enabled for something.
    Waiting,
    /// In the wait state, and nothing is allowed to end it.
    DisabledWait,
    /// In the stopped state.
    #[default]
    Stopped,
    /// In the check-stop state.
    CheckStop,
}

impl Activity {
    /// In words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Activity::Running => "running",
            Activity::Waiting => "wait",
            Activity::DisabledWait => "disabled wait",
            Activity::Stopped => "stopped",
            Activity::CheckStop => "check-stop",
        }
    }
}

/// The channels of the status line; bit n of a mask: channel n.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChannelLights {
    /// Channels that are operational.
    pub operational: u16,
    /// Channels that are working, or have been since the line before.
    pub busy: u16,
}

impl ChannelLights {
    /// A character for each operational channel, by number: its number if it is busy, a point if not.
    #[must_use]
    pub fn text(self) -> String {
        let is_in = |mask: u16, number: u32| mask & 1 << number != 0;
        (0..u16::BITS)
            .filter(|&number| is_in(self.operational, number))
            .map(|number| if is_in(self.busy, number) { format!("{number:X}") } else { ".".to_owned() })
            .collect()
    }
}

/// The status line.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Status {
    /// The current PSW.
    pub psw: u64,
    /// What the processor is doing.
    pub activity: Activity,
    /// Millions of instructions a second, lately.
    pub mips: f64,
    /// Commands that all channels together have sent to devices a second, lately.
    pub io: f64,
    /// What each channel does.
    pub channels: ChannelLights,
    /// Whether the console's PROCEED light is on.
    pub proceed: bool,
}

/// What happens to the screen.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A key.
    Key(Key),
    /// The terminal has this many columns and rows now.
    Resize(u16, u16),
    /// Text on the console's paper, or complete lines of another voice.
    Text(Voice, String),
    /// The machine's status.
    Status(Status),
}

/// What the operator wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// This line was typed.
    Line(String),
    /// The console's REQUEST key.
    Request,
    /// The console's CANCEL key.
    Cancel,
    /// The end.
    Quit,
}

/// The screen's contents.
#[derive(Clone, Debug)]
pub struct Model {
    paper: VecDeque<PaperLine>,
    /// Whether the last line of paper goes on.
    is_open: bool,
    /// Rows that the view is above the end of the paper.
    pub(super) scrolled: usize,
    /// The command line.
    pub editor: Editor,
    /// The status line.
    pub status: Status,
    /// The end was asked for once.
    is_end_asked: bool,
    /// Columns.
    pub width: u16,
    /// Rows.
    pub height: u16,
}

impl Model {
    /// An empty screen of this size.
    #[must_use]
    pub fn new(width: u16, height: u16) -> Model {
        Model {
            paper: VecDeque::new(),
            is_open: false,
            scrolled: 0,
            editor: Editor::default(),
            status: Status::default(),
            is_end_asked: false,
            width,
            height,
        }
    }

    /// The lines of paper, the oldest first.
    pub fn paper(&self) -> impl DoubleEndedIterator<Item = &PaperLine> {
        self.paper.iter()
    }

    /// Lets something happen.
    pub fn update(&mut self, event: Event) -> Option<Wish> {
        match event {
            Event::Key(key) => return self.key(key),
            Event::Resize(width, height) => (self.width, self.height) = (width, height),
            Event::Text(voice, text) => self.append(voice, &text),
            Event::Status(status) => self.status = status,
        }
        None
    }

    fn key(&mut self, key: Key) -> Option<Wish> {
        let half = usize::from(self.height / 2).max(1);
        let was_end_asked = std::mem::take(&mut self.is_end_asked);
        match key {
            Key::PageUp => self.scrolled = (self.scrolled + half).min(self.paper.len()),
            Key::PageDown => self.scrolled = self.scrolled.saturating_sub(half),
            Key::Request => return Some(Wish::Request),
            Key::Cancel => return Some(Wish::Cancel),
            Key::Interrupt if !self.editor.is_empty() => {
                self.editor.key(Key::End);
                self.editor.key(Key::DeleteToStart);
            }
            Key::Interrupt | Key::EndOfInput if self.editor.is_empty() => {
                if was_end_asked {
                    return Some(Wish::Quit);
                }
                self.is_end_asked = true;
                self.append(Voice::Message, "Press it again to switch the machine off.\n");
            }
            _ => {
                let line = self.editor.key(key)?;
                self.scrolled = 0;
                return Some(Wish::Line(line));
            }
        }
        None
    }

    fn append(&mut self, voice: Voice, text: &str) {
        // What the console types goes on where it stopped, unless somebody else wrote in between.
        let is_paper = matches!(voice, Voice::Console | Voice::Typed);
        let goes_on = self.is_open && is_paper;
        for (n, piece) in text.split_inclusive('\n').enumerate() {
            let line = piece.strip_suffix('\n').unwrap_or(piece);
            match self.paper.back_mut() {
                Some(last) if n == 0 && goes_on => last.text.push_str(line),
                _ => self.paper.push_back(PaperLine { voice, text: line.to_owned() }),
            }
        }
        if !text.is_empty() {
            self.is_open = is_paper && !text.ends_with('\n');
        }
        while self.paper.len() > PAPER {
            self.paper.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paper(model: &Model) -> Vec<(Voice, &str)> {
        model.paper().map(|line| (line.voice, line.text.as_str())).collect()
    }

    #[test]
    fn what_the_console_types_goes_on_in_its_line() {
        let mut model = Model::new(80, 24);
        for (voice, text) in [
            (Voice::Console, "ENTER: "),
            (Voice::Typed, "HELLO\n"),
            (Voice::Console, "ENT"),
            (Voice::Console, "ER: "),
            (Voice::Answer, "Stopped.\n"),
            (Voice::Console, "BYE\n"),
        ] {
            assert_eq!(model.update(Event::Text(voice, text.to_owned())), None);
        }
        let expected = [
            (Voice::Console, "ENTER: HELLO"),
            (Voice::Console, "ENTER: "),
            (Voice::Answer, "Stopped."),
            (Voice::Console, "BYE"),
        ];
        assert_eq!(paper(&model), expected);
    }

    #[test]
    fn paper_is_bounded() {
        let mut model = Model::new(80, 24);
        model.update(Event::Text(Voice::Console, "x\n".repeat(PAPER + 10)));
        assert_eq!(model.paper().count(), PAPER);
    }

    #[test]
    fn keys_become_wishes() {
        let mut model = Model::new(80, 24);
        assert_eq!(model.update(Event::Key(Key::Character('r'))), None);
        assert_eq!(model.update(Event::Key(Key::EndOfInput)), None);
        assert_eq!(model.update(Event::Key(Key::Enter)), Some(Wish::Line("r".to_owned())));
        assert_eq!(model.update(Event::Key(Key::Request)), Some(Wish::Request));
    }

    #[test]
    fn the_end_is_asked_for_twice() {
        let mut model = Model::new(80, 24);
        let mut press = |key| model.update(Event::Key(key));
        assert_eq!((press(Key::Character('r')), press(Key::Interrupt)), (None, None));
        assert_eq!((press(Key::Interrupt), press(Key::Character('x')), press(Key::Backspace)), (None, None, None));
        assert_eq!((press(Key::EndOfInput), press(Key::Interrupt)), (None, Some(Wish::Quit)));
        assert_eq!(paper(&model), [(Voice::Message, "Press it again to switch the machine off."); 2]);
    }
}
