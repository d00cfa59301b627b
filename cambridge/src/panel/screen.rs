//! The operator's screen: a thread that draws, and one that reads keys.

use std::{
    io::{self, Stdout, Write},
    sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, sync_channel},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use crossterm::{
    cursor::{Hide, MoveTo, Show},
    event::{Event as TerminalEvent, KeyCode, KeyEvent, KeyEventKind, KeyModifiers},
    queue,
    style::{Attribute, Color, Print, ResetColor, SetAttribute, SetForegroundColor},
    terminal::{Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode, size},
};

use super::{
    editor::Key,
    model::{Activity, Event, Model, Status, Voice, Wish},
    render::{Picture, Row, Style, render},
};
use crate::bare::run_loop::{Display, Event as Outside};

/// No more than so often is the screen drawn.
const FRAME: Duration = Duration::from_millis(16);

/// What may wait to be drawn. When there is more, the machine waits for the screen.
const OUTSTANDING: usize = 1024;

/// The screen. The terminal is as it was before when this is dropped, and when the program panics.
pub struct Screen {
    events: SyncSender<Drawing>,
    drawer: Option<JoinHandle<()>>,
}

/// What the drawing thread is told.
enum Drawing {
    Event(Event),
    Redraw,
    End,
}

impl Screen {
    /// Takes the terminal. What the operator does becomes events.
    ///
    /// # Errors
    /// The terminal refuses.
    pub fn start(outside: Sender<Outside>) -> io::Result<Screen> {
        let (width, height) = size()?;
        enable_raw_mode()?;
        restore_when_panicking();
        let mut output = io::stdout();
        queue!(output, EnterAlternateScreen, Clear(ClearType::All))?;
        output.flush()?;
        let (events, drawings) = sync_channel(OUTSTANDING);
        let keys = events.clone();
        std::thread::spawn(move || read_keys(&keys));
        let model = Model::new(width, height);
        let drawer = std::thread::spawn(move || draw_all(model, &drawings, &outside, output));
        Ok(Screen { events, drawer: Some(drawer) })
    }

    fn tell(&self, event: Event) {
        // When the drawing thread is gone, the end is near.
        drop(self.events.send(Drawing::Event(event)));
    }
}

impl Display for Screen {
    fn text(&mut self, voice: Voice, text: &str) {
        self.tell(Event::Text(voice, text.to_owned()));
    }

    fn status(&mut self, status: &Status) {
        self.tell(Event::Status(status.clone()));
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        drop(self.events.send(Drawing::End));
        if let Some(drawer) = self.drawer.take() {
            drop(drawer.join());
        }
        restore();
    }
}

fn restore() {
    let mut output = io::stdout();
    drop(queue!(output, Show, ResetColor, SetAttribute(Attribute::Reset), LeaveAlternateScreen));
    drop(output.flush());
    drop(disable_raw_mode());
}

fn restore_when_panicking() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |information| {
        restore();
        before(information);
    }));
}

fn read_keys(events: &SyncSender<Drawing>) {
    while let Ok(event) = crossterm::event::read() {
        let drawing = match event {
            TerminalEvent::Key(key) if key.kind != KeyEventKind::Release => match key_of(key) {
                Some(Key::Redraw) => Drawing::Redraw,
                Some(key) => Drawing::Event(Event::Key(key)),
                None => continue,
            },
            TerminalEvent::Resize(width, height) => Drawing::Event(Event::Resize(width, height)),
            _ => continue,
        };
        if events.send(drawing).is_err() {
            return;
        }
    }
}

/// What a key of the terminal means.
fn key_of(key: KeyEvent) -> Option<Key> {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    Some(match key.code {
        KeyCode::Char(letter) if control => match letter.to_ascii_lowercase() {
            'a' => Key::Home,
            'b' => Key::Left,
            'c' => Key::Interrupt,
            'd' => Key::EndOfInput,
            'e' => Key::End,
            'f' => Key::Right,
            'h' => Key::Backspace,
            'k' => Key::DeleteToEnd,
            'l' => Key::Redraw,
            'n' => Key::Down,
            'p' => Key::Up,
            'u' => Key::DeleteToStart,
            'w' => Key::DeleteWord,
            _ => return None,
        },
        KeyCode::Char(_) if key.modifiers.contains(KeyModifiers::ALT) => return None,
        KeyCode::Char(letter) => Key::Character(letter),
        KeyCode::Enter => Key::Enter,
        KeyCode::Backspace => Key::Backspace,
        KeyCode::Delete => Key::Delete,
        KeyCode::Left => Key::Left,
        KeyCode::Right => Key::Right,
        KeyCode::Home => Key::Home,
        KeyCode::End => Key::End,
        KeyCode::Up => Key::Up,
        KeyCode::Down => Key::Down,
        KeyCode::PageUp => Key::PageUp,
        KeyCode::PageDown => Key::PageDown,
        KeyCode::F(2) => Key::Request,
        KeyCode::F(3) => Key::Cancel,
        _ => return None,
    })
}

fn draw_all(mut model: Model, drawings: &Receiver<Drawing>, outside: &Sender<Outside>, mut output: Stdout) {
    let mut shown: Option<Picture> = None;
    let mut last = Instant::now();
    loop {
        let picture = render(&model);
        if shown.as_ref() != Some(&picture) {
            if draw(&mut output, &picture, shown.as_ref()).is_err() {
                drop(outside.send(Outside::Quit));
                return;
            }
            shown = Some(picture);
            last = Instant::now();
        }
        // The first thing is waited for; what comes soon after is drawn together with it.
        let Ok(first) = drawings.recv() else { return };
        let mut next = Some(first);
        while let Some(drawing) = next {
            match drawing {
                Drawing::Event(event) => {
                    if matches!(event, Event::Resize(..)) {
                        shown = None;
                    }
                    if let Some(wish) = model.update(event)
                        && outside.send(outside_of(wish)).is_err()
                    {
                        return;
                    }
                }
                Drawing::Redraw => shown = None,
                Drawing::End => return,
            }
            next = match drawings.recv_timeout(FRAME.saturating_sub(last.elapsed())) {
                Ok(drawing) => Some(drawing),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return,
            };
        }
    }
}

fn outside_of(wish: Wish) -> Outside {
    match wish {
        Wish::Line(line) => Outside::Line(line),
        Wish::Request => Outside::Request,
        Wish::Cancel => Outside::Cancel,
        Wish::Quit => Outside::Quit,
    }
}

/// Draws the rows that differ from what is shown; all of them if nothing is.
fn draw(output: &mut impl Write, picture: &Picture, shown: Option<&Picture>) -> io::Result<()> {
    queue!(output, Hide)?;
    if shown.is_none() {
        queue!(output, Clear(ClearType::All))?;
    }
    for (n, row) in picture.rows.iter().enumerate() {
        let before = shown.and_then(|shown| shown.rows.get(n));
        if before != Some(row) {
            draw_row(output, n as u16, row)?;
        }
    }
    let (column, row) = picture.cursor;
    queue!(output, MoveTo(column, row), Show)?;
    output.flush()
}

fn draw_row(output: &mut impl Write, n: u16, row: &Row) -> io::Result<()> {
    queue!(output, MoveTo(0, n))?;
    for (style, text) in row {
        match style {
            Style::Voice(Voice::Console | Voice::Typed) | Style::Typing => {}
            Style::Voice(Voice::Command) => queue!(output, SetAttribute(Attribute::Bold))?,
            Style::Voice(Voice::Answer) => queue!(output, SetForegroundColor(Color::Cyan))?,
            Style::Voice(Voice::Message) => queue!(output, SetForegroundColor(Color::Yellow))?,
            Style::Prompt => queue!(output, SetAttribute(Attribute::Dim))?,
            Style::Status(activity) => {
                queue!(output, SetAttribute(Attribute::Reverse), SetForegroundColor(color(*activity)))?;
            }
        }
        queue!(output, Print(text), SetAttribute(Attribute::Reset), ResetColor)?;
    }
    queue!(output, Clear(ClearType::UntilNewLine))
}

fn color(activity: Activity) -> Color {
    match activity {
        Activity::Running => Color::Green,
        Activity::Waiting => Color::White,
        Activity::Stopped => Color::Yellow,
        Activity::DisabledWait | Activity::CheckStop => Color::Red,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_of(picture: &Picture, shown: Option<&Picture>) -> String {
        let mut output = Vec::new();
        draw(&mut output, picture, shown).expect("a vector takes everything");
        String::from_utf8(output).expect("text")
    }

    #[test]
    fn only_what_changed_is_drawn() {
        let row = |text: &str| vec![(Style::Voice(Voice::Console), text.to_owned())];
        let first = Picture { rows: vec![row("one"), row("two")], cursor: (0, 1) };
        let second = Picture { rows: vec![row("one"), row("three")], cursor: (2, 1) };
        let whole = text_of(&first, None);
        assert!(whole.contains("one") && whole.contains("two"), "{whole:?}");
        let change = text_of(&second, Some(&first));
        assert!(!change.contains("one") && change.contains("\u{1b}[2;1Hthree"), "{change:?}");
        assert!(change.ends_with("\u{1b}[2;3H\u{1b}[?25h"), "{change:?}");
    }

    #[test]
    fn keys_of_the_terminal() {
        let key = |code, modifiers| key_of(KeyEvent::new(code, modifiers));
        assert_eq!(key(KeyCode::Char('A'), KeyModifiers::SHIFT), Some(Key::Character('A')));
        assert_eq!(key(KeyCode::Char('w'), KeyModifiers::CONTROL), Some(Key::DeleteWord));
        assert_eq!(key(KeyCode::F(2), KeyModifiers::NONE), Some(Key::Request));
        assert_eq!(key(KeyCode::Char('x'), KeyModifiers::ALT), None);
    }
}
