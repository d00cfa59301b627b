//! A card reader that is as simple as can be, a typewriter, and programs for them.

use devices::{
    device::{Command, Data, Delay, Device, Ending, Initial, Progress},
    machine::BareMachine,
};
use s370_arch::channel::UnitStatus;
use s370_cpu::state::Model;

pub const READER: u16 = 0x00C;
pub const TYPEWRITER: u16 = 0x009;

/// Reads cards; sense tells that there are none left.
pub struct Reader {
    cards: std::vec::IntoIter<Vec<u8>>,
    command: u8,
}

impl Reader {
    pub fn new(cards: Vec<Vec<u8>>) -> Box<Reader> {
        Box::new(Reader { cards: cards.into_iter(), command: 0 })
    }
}

impl Device for Reader {
    fn kind(&self) -> &'static str {
        "READER"
    }

    fn start(&mut self, command: Command) -> Initial {
        self.command = command.code;
        if command.code == 0x02 && self.cards.len() == 0 {
            return Initial::Ended(Ending::now(UnitStatus::UNIT_CHECK));
        }
        Initial::Accepted(Delay::Microseconds(60_000))
    }

    fn transfer(&mut self, data: &mut dyn Data, _: u64) -> Progress {
        match self.cards.next() {
            Some(card) if self.command == 0x02 => data.store(&card),
            _ => data.store(&[0x40]),
        };
        Progress::Ended(Ending::now(UnitStatus::ENDED))
    }

    fn reset(&mut self) {}
}

/// Gives a line when somebody has typed one.
#[derive(Default)]
pub struct Typewriter {
    pub line: Option<Vec<u8>>,
}

impl Device for Typewriter {
    fn kind(&self) -> &'static str {
        "TYPEWRITER"
    }

    fn start(&mut self, _: Command) -> Initial {
        Initial::Accepted(Delay::Outside)
    }

    fn transfer(&mut self, data: &mut dyn Data, _: u64) -> Progress {
        data.store(&self.line.take().unwrap_or_default());
        Progress::Ended(Ending::now(UnitStatus::ENDED))
    }

    fn is_ready(&self) -> bool {
        self.line.is_some()
    }

    fn reset(&mut self) {}
}

/// The bytes that hexadecimal digits say; blanks do not count.
pub fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.chars().filter_map(|digit| digit.to_digit(16)).map(|digit| digit as u8).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

fn card(text: &str) -> Vec<u8> {
    let mut card = hex(text);
    card.resize(80, 0);
    card
}

/// A PSW and CCWs that read the next two cards to 400 and 500.
pub fn first_card(psw: &str) -> Vec<u8> {
    card(&format!("{psw} 02000400 60000050 02000500 20000050"))
}

/// Starts a read of up to 80 bytes to 600 from the device, waits for the interruption, and loads a wait PSW of address
/// BAD. Register 2 counts the interruptions; the clock is stored at 700 when all is done.
pub fn reading_program(device: u16) -> Vec<Vec<u8>> {
    let program = format!(
        "D207 0078 0518  4110 0500  5010 0048  9C00 {device:04X}  8200 0508 \
         00000000 00000000 00000000 4122 0001  B205 0700  8200 0510"
    );
    let constants = "02000600 20000050 FE020000 00000000 00020000 00000BAD 00000000 00000422";
    vec![first_card("00000000 00000400"), card(&program), card(constants)]
}

/// A machine with 64K, a reader with these cards and a typewriter.
pub fn machine(cards: Vec<Vec<u8>>) -> BareMachine {
    let mut machine = BareMachine::new(64 * 1024, Model::default()).unwrap();
    machine.channels.attach(READER, Reader::new(cards)).unwrap();
    machine.channels.attach(TYPEWRITER, Box::<Typewriter>::default()).unwrap();
    machine
}
