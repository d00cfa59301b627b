//! The command line: editing, and the lines before.

/// A key, as far as the command line knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// A character.
    Character(char),
    /// The line is complete.
    Enter,
    /// Deletes the character before the cursor.
    Backspace,
    /// Deletes the character under the cursor.
    Delete,
    /// Deletes the word before the cursor.
    DeleteWord,
    /// Deletes everything before the cursor.
    DeleteToStart,
    /// Deletes everything from the cursor on.
    DeleteToEnd,
    /// One character to the left.
    Left,
    /// One character to the right.
    Right,
    /// To the beginning.
    Home,
    /// To the end.
    End,
    /// The line before.
    Up,
    /// The line after.
    Down,
    /// Half a screen back.
    PageUp,
    /// Half a screen forward.
    PageDown,
    /// The console's REQUEST key.
    Request,
    /// The console's CANCEL key.
    Cancel,
    /// Everything is to be drawn again.
    Redraw,
    /// Interrupt: asks to end.
    Interrupt,
    /// End of input on an empty line: asks to end.
    EndOfInput,
}

/// Lines that are remembered.
const HISTORY: usize = 200;

/// Characters that a line may have.
pub const LONGEST: usize = 1024;

/// The line that is being typed.
#[derive(Clone, Debug, Default)]
pub struct Editor {
    text: Vec<char>,
    cursor: usize,
    history: Vec<String>,
    /// Where in the history this line is from; its length when it is new.
    position: usize,
    /// The new line, while one from the history is shown.
    new: Vec<char>,
}

impl Editor {
    /// The line.
    #[must_use]
    pub fn text(&self) -> String {
        self.text.iter().collect()
    }

    /// Characters before the cursor.
    #[must_use]
    pub fn cursor(&self) -> usize {
        self.cursor
    }

    /// Whether nothing is typed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Obeys a key. The line is given when it is complete.
    pub fn key(&mut self, key: Key) -> Option<String> {
        match key {
            Key::Character(character) if self.text.len() < LONGEST && !character.is_control() => {
                self.text.insert(self.cursor, character);
                self.cursor += 1;
            }
            Key::Enter => return Some(self.enter()),
            Key::Backspace if self.cursor > 0 => {
                self.cursor -= 1;
                self.text.remove(self.cursor);
            }
            Key::Delete if self.cursor < self.text.len() => {
                self.text.remove(self.cursor);
            }
            Key::DeleteWord => {
                let is_space = |at: usize| self.text[at].is_whitespace();
                let end = (0..self.cursor).rev().find(|&at| !is_space(at)).unwrap_or(0);
                let start = (0..end).rev().find(|&at| is_space(at)).map_or(0, |space| space + 1);
                self.text.drain(start..self.cursor);
                self.cursor = start;
            }
            Key::DeleteToStart => {
                self.text.drain(..self.cursor);
                self.cursor = 0;
            }
            Key::DeleteToEnd => self.text.truncate(self.cursor),
            Key::Left => self.cursor = self.cursor.saturating_sub(1),
            Key::Right => self.cursor = (self.cursor + 1).min(self.text.len()),
            Key::Home => self.cursor = 0,
            Key::End => self.cursor = self.text.len(),
            Key::Up if self.position > 0 => self.recall(self.position - 1),
            Key::Down if self.position < self.history.len() => self.recall(self.position + 1),
            _ => {}
        }
        None
    }

    fn enter(&mut self) -> String {
        let line: String = self.text.drain(..).collect();
        self.cursor = 0;
        if !line.is_empty() && self.history.last() != Some(&line) {
            self.history.push(line.clone());
            if self.history.len() > HISTORY {
                self.history.remove(0);
            }
        }
        self.position = self.history.len();
        line
    }

    fn recall(&mut self, position: usize) {
        if self.position == self.history.len() {
            self.new = std::mem::take(&mut self.text);
        }
        self.position = position;
        self.text = match self.history.get(position) {
            Some(line) => line.chars().collect(),
            None => std::mem::take(&mut self.new),
        };
        self.cursor = self.text.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(editor: &mut Editor, text: &str) {
        text.chars().for_each(|character| assert_eq!(editor.key(Key::Character(character)), None));
    }

    fn keys(editor: &mut Editor, keys: &[Key]) {
        keys.iter().for_each(|&key| assert_eq!(editor.key(key), None));
    }

    #[test]
    fn editing() {
        let mut editor = Editor::default();
        typed(&mut editor, "ipl 151");
        keys(&mut editor, &[Key::Backspace, Key::Character('0'), Key::Home, Key::Delete, Key::Character('I')]);
        assert_eq!((editor.text(), editor.cursor()), ("Ipl 150".to_owned(), 1));
        keys(&mut editor, &[Key::Left, Key::Left, Key::Right, Key::DeleteToEnd]);
        assert_eq!(editor.text(), "I");
        keys(&mut editor, &[Key::End, Key::DeleteToStart, Key::Backspace, Key::Delete]);
        typed(&mut editor, "one two  ");
        keys(&mut editor, &[Key::DeleteWord]);
        assert_eq!((editor.text(), editor.cursor()), ("one ".to_owned(), 4));
        keys(&mut editor, &[Key::DeleteWord, Key::DeleteWord]);
        assert!(editor.is_empty());
        typed(&mut editor, &"x".repeat(LONGEST + 5));
        assert_eq!(editor.text().len(), LONGEST);
    }

    #[test]
    fn history() {
        let mut editor = Editor::default();
        for line in ["first", "second", "second", ""] {
            typed(&mut editor, line);
            assert_eq!(editor.key(Key::Enter), Some(line.to_owned()));
        }
        typed(&mut editor, "new");
        keys(&mut editor, &[Key::Up]);
        assert_eq!(editor.text(), "second");
        keys(&mut editor, &[Key::Up, Key::Up]);
        assert_eq!(editor.text(), "first");
        keys(&mut editor, &[Key::Down, Key::Down, Key::Down]);
        assert_eq!((editor.text(), editor.cursor()), ("new".to_owned(), 3));
    }
}
