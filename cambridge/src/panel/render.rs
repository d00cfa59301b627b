//! The screen as rows of styled text: a function of the model alone.

use s370_arch::psw::Psw;

use super::model::{Activity, Model, Status, Voice};

/// How text looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// As this voice.
    Voice(Voice),
    /// The status line, by what the processor is doing.
    Status(Activity),
    /// What precedes the command line.
    Prompt,
    /// What is being typed.
    Typing,
}

/// A row: pieces of text, from left to right.
pub type Row = Vec<(Style, String)>;

/// All rows, and where the cursor is: column and row, from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// The rows, from the top; as many as the terminal has.
    pub rows: Vec<Row>,
    /// Column and row of the cursor.
    pub cursor: (u16, u16),
}

/// What stands before the command line.
const PROMPT: &str = "> ";

/// Rows that are not paper: the status line and the command line.
const OTHER_ROWS: usize = 2;

/// Draws the model: paper, status line, command line.
#[must_use]
pub fn render(model: &Model) -> Picture {
    let (width, height) = (usize::from(model.width.max(1)), usize::from(model.height.max(1)));
    let mut rows = paper(model, width, height.saturating_sub(OTHER_ROWS));
    if height >= OTHER_ROWS {
        rows.push(vec![(Style::Status(model.status.activity), status_line(&model.status, model.scrolled, width))]);
    }
    let (command, column) = command_line(model, width);
    rows.push(command);
    Picture { rows, cursor: (column as u16, height as u16 - 1) }
}

/// The end of the paper, or what is so many rows before it, in exactly `height` rows. Long lines are folded.
fn paper(model: &Model, width: usize, height: usize) -> Vec<Row> {
    let wanted = height + model.scrolled;
    let mut rows: Vec<Row> = Vec::new();
    for line in model.paper().rev() {
        if rows.len() >= wanted {
            break;
        }
        let characters: Vec<char> = line.text.chars().map(shown).collect();
        let pieces = characters.chunks(width).map(|piece| piece.iter().collect::<String>());
        let mut folded: Vec<Row> = pieces.map(|piece| vec![(Style::Voice(line.voice), piece)]).collect();
        if folded.is_empty() {
            folded.push(Vec::new());
        }
        rows.extend(folded.into_iter().rev());
    }
    let above_end = model.scrolled.min(rows.len().saturating_sub(height));
    let mut shown: Vec<Row> = rows.into_iter().skip(above_end).take(height).collect();
    // Paper grows from the top until the screen is full.
    shown.reverse();
    shown.resize(height, Vec::new());
    shown
}

/// A character that takes one column: others could disturb the terminal.
fn shown(character: char) -> char {
    match character {
        ' '..='~' | '\u{A1}'..='\u{AC}' | '\u{AE}'..='\u{FF}' => character,
        _ => '.',
    }
}

/// The status line. PSW, state, speed, channels and light have room in 80 columns however many channels there are; the
/// rest is shown as far as there is room.
fn status_line(status: &Status, scrolled: usize, width: usize) -> String {
    let psw = Psw::parse(status.psw);
    let mode = if psw.ec { "EC" } else { "BC" };
    let state = if psw.problem { "problem" } else { "supervisor" };
    let lights = status.channels.text();
    let needed = [
        format!(" {:08X} {:08X}", status.psw >> 32, status.psw as u32),
        format!("  {}", status.activity.name()),
        format!("  {} MIPS", figure(status.mips, 1)),
        if lights.is_empty() { lights } else { format!("  CH {lights}") },
        if status.proceed { "  PROCEED".to_owned() } else { String::new() },
    ];
    let mut room = width.saturating_sub(needed.iter().map(String::len).sum());
    let mut if_room = |text: String| {
        let fits = text.len() <= room;
        room -= if fits { text.len() } else { 0 };
        if fits { text } else { String::new() }
    };
    let scrolled = if_room(if scrolled > 0 { "  (scrolled back: Page Down)".to_owned() } else { String::new() });
    let io = if_room(format!("  {} I/O/s", figure(status.io, 0)));
    let mode = if_room(format!(" {mode} {state}"));
    let [psw, activity, mips, lights, light] = needed;
    let line = [psw, mode, activity, mips, io, lights, light, scrolled].concat();
    let mut line: String = line.chars().take(width).collect();
    line.extend(std::iter::repeat_n(' ', width - line.chars().count()));
    line
}

/// A figure that is not negative, in at most five characters: with this many decimal places as long as it is small.
fn figure(value: f64, places: usize) -> String {
    match value {
        ..999.0 => format!("{value:.places$}"),
        ..99_000.0 => format!("{value:.0}"),
        ..9_900_000.0 => format!("{:.0}k", value / 1e3),
        _ => format!("{:.0}M", (value / 1e6).min(9999.0)),
    }
}

/// The command line, moved so that the cursor can be seen, and the cursor's column.
fn command_line(model: &Model, width: usize) -> (Row, usize) {
    let prompt: String = PROMPT.chars().take(width.saturating_sub(1)).collect();
    let room = width - prompt.chars().count();
    let cursor = model.editor.cursor();
    let start = if cursor < room { 0 } else { cursor + 1 - room };
    let text: String = model.editor.text().chars().skip(start).take(room).map(shown).collect();
    let column = prompt.chars().count() + cursor - start;
    (vec![(Style::Prompt, prompt), (Style::Typing, text)], column)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::panel::{
        editor::Key,
        model::{ChannelLights, Event, Voice},
    };

    fn lines(picture: &Picture) -> Vec<String> {
        picture.rows.iter().map(|row| row.iter().map(|(_, text)| text.as_str()).collect()).collect()
    }

    fn model(width: u16, height: u16, paper: &str) -> Model {
        let mut model = Model::new(width, height);
        model.update(Event::Text(Voice::Console, paper.to_owned()));
        model
    }

    #[test]
    fn a_screen() {
        let mut model = model(80, 6, "IEE101A READY\n\nENTER: ");
        model.update(Event::Text(Voice::Answer, "a\u{1b}[0m\n".to_owned()));
        "/stop".chars().for_each(|character| drop(model.update(Event::Key(Key::Character(character)))));
        model.update(Event::Key(Key::Left));
        model.update(Event::Status(Status {
            psw: 0x070A_2500_0000_1000,
            activity: Activity::Waiting,
            mips: 123.456,
            io: 99.6,
            channels: ChannelLights { operational: 0b1_0011, busy: 0b10 },
            proceed: true,
        }));
        let picture = render(&model);
        assert_eq!(
            lines(&picture),
            [
                "IEE101A READY",
                "",
                "ENTER: ",
                "a.[0m",
                " 070A2500 00001000 EC supervisor  wait  123.5 MIPS  100 I/O/s  CH .1.  PROCEED  ",
                "> /stop"
            ]
        );
        assert_eq!(picture.cursor, (6, 5));
        assert_eq!(picture.rows[3][0].0, Style::Voice(Voice::Answer));
        assert_eq!(picture.rows[4][0].0, Style::Status(Activity::Waiting));
    }

    #[test]
    fn the_status_line_has_every_channel_and_fits_80_columns() {
        let status = |operational, busy| Status {
            psw: 0x070A_2500_0000_1000,
            activity: Activity::DisabledWait,
            mips: 1234.5,
            io: 1_234_567.0,
            channels: ChannelLights { operational, busy },
            proceed: true,
        };
        assert_eq!(
            status_line(&status(0xFFFF, 0x8421), 0, 80).trim_end(),
            " 070A2500 00001000  disabled wait  1234 MIPS  CH 0....5....A....F  PROCEED"
        );
        assert_eq!(
            status_line(&status(0x0007, 0x0002), 0, 80).trim_end(),
            " 070A2500 00001000  disabled wait  1234 MIPS  1235k I/O/s  CH .1.  PROCEED"
        );
        assert!(!status_line(&status(0, 0), 0, 80).contains("CH"), "no channels");
        for operational in (0..16).map(|n| 0xFFFF_u16 >> n) {
            for mips in [0.0, 998.96, 999.0, 98_999.9, 1e7, 1e300] {
                let status = Status { mips, io: mips, ..status(operational, operational) };
                let line = status_line(&status, 3, 80);
                assert!(line.len() == 80 && line.contains("  PROCEED"), "{line}");
                assert!(line.contains(&format!("  CH {} ", status.channels.text())), "{line}");
            }
        }
    }

    #[test]
    fn short_paper_begins_at_the_top_and_long_paper_ends_at_the_bottom() {
        assert_eq!(lines(&render(&model(10, 6, "1\n2\n")))[..4], ["1", "2", "", ""]);
        assert_eq!(lines(&render(&model(10, 6, "\n1\n2\n")))[..4], ["", "1", "2", ""]);
        assert_eq!(lines(&render(&model(10, 6, "1\n2\n3\n4\n5\n")))[..4], ["2", "3", "4", "5"]);
    }

    #[test]
    fn long_lines_are_folded() {
        assert_eq!(lines(&render(&model(4, 5, "x\nabcdefghij\n")))[..3], ["abcd", "efgh", "ij"]);
        assert_eq!(lines(&render(&model(4, 6, "abcdefgh")))[..4], ["abcd", "efgh", "", ""]);
    }

    #[test]
    fn pages_back() {
        let mut model = model(40, 6, "1\n2\n3\n4\n5\n6\n7\n8\n");
        model.update(Event::Key(Key::PageUp));
        assert_eq!(lines(&render(&model))[..4], ["2", "3", "4", "5"]);
        model.update(Event::Key(Key::PageUp));
        assert_eq!(lines(&render(&model))[..4], ["1", "2", "3", "4"]);
        model.update(Event::Key(Key::PageDown));
        model.update(Event::Key(Key::PageDown));
        assert_eq!(lines(&render(&model))[..4], ["5", "6", "7", "8"]);
    }

    #[test]
    fn the_cursor_stays_in_sight() {
        let mut model = model(6, 3, "");
        "abcdefg".chars().for_each(|character| drop(model.update(Event::Key(Key::Character(character)))));
        let picture = render(&model);
        assert_eq!((lines(&picture)[2].as_str(), picture.cursor), ("> efg", (5, 2)));
        model.update(Event::Key(Key::Home));
        let picture = render(&model);
        assert_eq!((lines(&picture)[2].as_str(), picture.cursor), ("> abcd", (2, 2)));
    }

    #[test]
    fn every_size_can_be_drawn() {
        for width in 0..40 {
            for height in 0..6 {
                let picture = render(&model(width, height, "hello\nworld, this is long\n"));
                assert_eq!(picture.rows.len(), usize::from(height.max(1)));
                let (column, row) = picture.cursor;
                assert!(column < width.max(1) && row < height.max(1), "{width} by {height}");
            }
        }
    }
}
