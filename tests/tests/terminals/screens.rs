//! Our screen and that of s3270, side by side: random data streams and random keys make the same buffers.
//! `SCREENS=n` runs n rounds instead of a few; `SCREENS_SEED=n` begins there.

use cambridge::listener::Settings;
use console::{
    screen::{Key, Screen},
    stream::order::{Character, Order, Pairs, emit_all, kind},
    tn3270::terminal::TerminalType,
};
use s370_arch::{
    channel::UnitStatus,
    display::{Addressing, Attribute},
};
use tests::random::Rng;

use crate::{
    host::{DISPLAYS, Host},
    s3270::Terminal,
};

const WRITE: u8 = 0x01;
const ERASE_WRITE: u8 = 0x05;
const READ_BUFFER: u8 = 0x02;
const READ_MODIFIED: u8 = 0x06;

const POSITIONS: u32 = 1920;

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

fn address(rng: &mut Rng) -> u16 {
    // Mostly in the first rows, so that things meet.
    let bound = if rng.chance(80) { 240 } else { POSITIONS };
    rng.below(bound) as u16
}

fn text(rng: &mut Rng) -> Vec<u8> {
    const CHARACTERS: &[u8] = &[0xC1, 0xC2, 0xC9, 0x81, 0xF0, 0xF9, 0x40, 0x4B, 0x00];
    (0..=rng.below(12)).map(|_| rng.pick(CHARACTERS)).collect()
}

/// Orders as a program might give them; lists of attributes are in `lists`.
fn orders(rng: &mut Rng) -> Vec<u8> {
    let mut bytes = Vec::new();
    for _ in 0..=rng.below(14) {
        let text = text(rng);
        let list = [kind::FIELD, Attribute::from_bits_truncate(rng.u32() as u8).emit(), kind::FOREGROUND, 0xF2];
        // No program tab: s3270 passes over fields without positions, and may stay where it is.
        let order = match rng.below(11) {
            0..3 => Order::Text(&text),
            3..5 => Order::StartField(Attribute::from_bits_truncate(rng.u32() as u8)),
            5 => Order::StartFieldExtended(Pairs::new(&list).expect("pairs")),
            6..8 => Order::SetBufferAddress(address(rng)),
            8 => Order::InsertCursor,
            9 => Order::RepeatToAddress { stop: address(rng), character: Character::Basic(rng.pick(&[0x5C, 0x00])) },
            _ => Order::EraseUnprotectedToAddress(address(rng)),
        };
        bytes.extend(emit_all(&[order], Addressing::TwelveOrFourteen));
    }
    bytes
}

/// A key, and what s3270 calls it.
fn key(rng: &mut Rng) -> (Key, String) {
    let named = |key, name: &str| (key, name.to_owned());
    match rng.below(20) {
        // Digits, since s3270 does not keep letters out of numeric fields.
        0..8 => {
            let digit = rng.below(10) as u8;
            (Key::Character(0xF0 + digit), format!("Key({digit})"))
        }
        8 => named(Key::Tab, "Tab()"),
        9 => named(Key::BackTab, "BackTab()"),
        10 => named(Key::Home, "Home()"),
        11 => named(Key::Left, "Left()"),
        12 => named(Key::Right, "Right()"),
        13 => named(Key::Up, "Up()"),
        14 => named(Key::Down, "Down()"),
        15 => named(Key::Delete, "Delete()"),
        16 => named(Key::EraseEndOfField, "EraseEOF()"),
        17 => named(Key::NewLine, "Newline()"),
        18 => named(Key::Insert, "Insert()"),
        _ => named(Key::EraseInput, "EraseInput()"),
    }
}

/// Both displays, and what was done to them.
struct Pair {
    host: Host,
    terminal: Terminal,
    screen: Screen,
    story: Vec<String>,
}

impl Pair {
    /// A write to both.
    fn write(&mut self, command: u8, data: &[u8]) {
        self.story.push(format!("{command:02X} {data:02X?}"));
        let status = self.host.write(DISPLAYS[0], command, data);
        assert_eq!(status, UnitStatus::ENDED, "{:#?}", self.story);
        let stream_code = if command == WRITE { 0xF1 } else { 0xF5 };
        let done = self.screen.apply(&[&[stream_code], data].concat());
        assert_eq!(done, Ok(None), "{:#?}", self.story);
    }

    fn press(&mut self, key: Key, name: &str) {
        self.story.push(name.to_owned());
        for (key, name) in [(key, name), (Key::Reset, "Reset()")] {
            // Insert mode ends with RESET: it goes on until something else is pressed.
            if key == Key::Reset && self.screen.is_inserting() && self.screen.inhibited().is_none() {
                continue;
            }
            self.terminal.send(name);
            self.terminal.outcome(&mut self.host);
            self.screen.press(key);
        }
    }

    fn compare(&mut self) {
        let (status, theirs) = self.host.read(DISPLAYS[0], READ_BUFFER);
        let ours = self.screen.apply(&[0xF2]).expect("a good record").expect("an answer");
        let at = theirs.iter().zip(&ours).position(|(theirs, ours)| theirs != ours);
        assert_eq!(status, UnitStatus::ENDED);
        assert!(
            theirs == ours,
            "at {at:?} of {}:\ntheirs {:02X?}\nours   {:02X?}\n{:#?}",
            ours.len(),
            &theirs[..300],
            &ours[..300],
            self.story
        );
    }

    /// ENTER at both: what it sends is the same.
    fn enter(&mut self) {
        self.story.push("Enter".to_owned());
        self.terminal.send("Enter()");
        assert_eq!(self.host.unsolicited(DISPLAYS[0]), UnitStatus::ATTENTION);
        let theirs = self.host.read(DISPLAYS[0], READ_MODIFIED).1;
        self.screen.press(Key::Reset);
        let ours = self.screen.press(Key::Enter).expect("an inbound record");
        assert_eq!(format!("{theirs:02X?}"), format!("{ours:02X?}"), "{:#?}", self.story);
        self.write(WRITE, &[0xC2]);
        self.terminal.outcome(&mut self.host);
    }
}

#[test]
fn our_screen_is_that_of_s3270() {
    let mut host = Host::new(Settings::default());
    let Some(terminal) = Terminal::start(&host, "3279-2-E", "") else { return };
    host.unsolicited(DISPLAYS[0]);
    let screen = Screen::new(TerminalType::parse("IBM-3279-2-E").expect("a terminal type"));
    let mut pair = Pair { host, terminal, screen, story: Vec::new() };
    let seed = number("SCREENS_SEED", 1);
    for round in seed..seed + number("SCREENS", 12) {
        let mut rng = Rng::new(round);
        pair.story = vec![format!("SCREENS_SEED={round}")];
        pair.write(ERASE_WRITE, &[&[0xC3], &orders(&mut rng)[..]].concat());
        pair.compare();
        pair.write(WRITE, &[&[0xC2], &orders(&mut rng)[..]].concat());
        pair.compare();
        // s3270 takes keys only when there is a field for them; and it sends the cursor to a field without positions.
        pair.write(WRITE, &[0xC2, 0x11, 0x40, 0x40, 0x1D, 0x40, 0x13, 0x00]);
        for _ in 0..rng.below(12) {
            let (key, name) = key(&mut rng);
            pair.press(key, &name);
        }
        pair.compare();
        pair.enter();
    }
}
