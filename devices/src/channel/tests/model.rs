//! Random channel programs, against a model that moves one byte at a time and looks everything up for each.

use proptest::{collection::vec, prelude::*};
use s370_arch::channel::CommandKind;

use super::*;

const SIZE: u32 = 0x2000;
const PROTECTION: u8 = 0x10;
const CHECK: u8 = 0x20;
const LENGTH: u8 = 0x40;

/// How the device treats a command: bytes that it moves, or none if it is immediate; its status; and the status of a
/// device end that comes apart.
type Answer = (Option<usize>, u8, Option<u8>);

/// A device that answers so, with data that is different each time; when it has no answers left, it has unit check.
struct Drum {
    answers: VecDeque<Answer>,
    codes: Vec<u8>,
    sent: u8,
    received: Vec<u8>,
}

impl Drum {
    fn data(&mut self, length: usize) -> Vec<u8> {
        std::iter::repeat_with(|| {
            self.sent = self.sent.wrapping_add(1);
            self.sent
        })
        .take(length)
        .collect()
    }

    fn next(&mut self) -> (Option<usize>, Ending) {
        let (length, status, later) = self.answers.pop_front().unwrap_or((None, 0x02, None));
        let later = later.map(|status| (Delay::Microseconds(3), UnitStatus::from_bits_retain(status)));
        (length, Ending { status: UnitStatus::from_bits_retain(status), later })
    }
}

impl Device for Drum {
    fn kind(&self) -> &'static str {
        "DRUM"
    }

    fn start(&mut self, command: Command) -> Initial {
        self.codes.push(command.code);
        if self.answers.front().is_some_and(|(length, ..)| length.is_some()) {
            return Initial::Accepted(Delay::Microseconds(1));
        }
        Initial::Ended(self.next().1)
    }

    fn transfer(&mut self, data: &mut dyn Data, _: u64) -> Progress {
        let (length, ending) = self.next();
        let length = length.unwrap_or(0);
        match self.codes.last().copied().and_then(CommandKind::of) {
            Some(CommandKind::ReadBackward) => {
                let bytes = self.data(length);
                data.store_backward(&bytes);
            }
            Some(kind) if kind.is_input() => {
                let bytes = self.data(length);
                data.store(&bytes);
            }
            _ => {
                let mut bytes = vec![0; length];
                let moved = data.fetch(&mut bytes);
                self.received.extend_from_slice(&bytes[..moved]);
            }
        }
        Progress::Ended(ending)
    }

    fn reset(&mut self) {}
}

/// The model. Its device is a [`Drum`] too, of which it uses the answers and the data.
struct Model {
    memory: Vec<u8>,
    keys: [u8; 4],
    key: u8,
    at: u32,
    ccw: Ccw,
    command: u8,
    left: u16,
    next_data: Option<u32>,
    next_word: u32,
    drum: Drum,
}

impl Model {
    fn may(&self, at: u32, store: bool) -> Result<(), u8> {
        let key = *self.keys.get((at / 2048) as usize).ok_or(CHECK)?;
        if self.key == 0 || self.key == key >> 4 || !store && key & 8 == 0 { Ok(()) } else { Err(PROTECTION) }
    }

    fn fetch<const N: usize>(&self, at: u32) -> Result<[u8; N], u8> {
        let mut bytes = [0; N];
        for (at, byte) in (at..).zip(&mut bytes) {
            self.may(at, false)?;
            *byte = self.memory[at as usize];
        }
        Ok(bytes)
    }

    fn next_ccw(&mut self, data: bool, first: bool) -> Result<(), u8> {
        let mut ccw = self.fetch(self.at).map(Ccw::parse).inspect_err(|_| self.at += 8)?;
        self.at += 8;
        if ccw.command & 15 == 8 {
            if first || ccw.address % 8 != 0 {
                return Err(CHECK);
            }
            let target = ccw.address;
            let fetched = self.fetch(target).map(Ccw::parse);
            // A target that is no storage is the fault of the transfer in channel.
            self.at = if fetched == Err(CHECK) { self.at } else { target + 8 };
            ccw = fetched?;
            if ccw.command & 15 == 8 {
                return Err(CHECK);
            }
        }
        self.accept(ccw, data)
    }

    fn accept(&mut self, ccw: Ccw, data: bool) -> Result<(), u8> {
        let bits = ccw.flags.bits();
        if ccw.count == 0 || bits & 3 != 0 || !data && ccw.command & 15 == 0 || bits & 4 != 0 && ccw.address & 3 != 0 {
            return Err(CHECK);
        }
        self.command = if data { self.command } else { ccw.command };
        (self.ccw, self.left, self.next_word) = (ccw, ccw.count, ccw.address);
        self.next_data = (bits & 4 == 0).then_some(ccw.address);
        // The first IDAW of a command that surely moves data is looked at early.
        if !data && bits & 4 != 0 && self.command & 3 != 3 && !self.skips() {
            self.where_to().map(drop)
        } else {
            Ok(())
        }
    }

    fn skips(&self) -> bool {
        self.ccw.flags.contains(SKIP) && (self.command & 3 == 2 || self.command & 3 == 0)
    }

    /// Where the next byte is.
    fn where_to(&mut self) -> Result<u32, u8> {
        let edge = if self.command & 15 == 12 { 2047 } else { 0 };
        if let Some(at) = self.next_data {
            return Ok(at);
        }
        let at = u32::from_be_bytes(self.fetch(self.next_word)?);
        let is_first = self.next_word == self.ccw.address;
        self.next_word += 4;
        if at >> 24 != 0 || !is_first && at % 2048 != edge {
            return Err(CHECK);
        }
        self.next_data = Some(at);
        Ok(at)
    }

    /// Moves a byte: to storage, or from there.
    fn byte(&mut self, input: Option<u8>) -> Result<(), u8> {
        let backward = self.command & 15 == 12;
        if !self.skips() {
            let at = self.where_to()?;
            self.may(at, input.is_some())?;
            match input {
                Some(byte) => self.memory[at as usize] = byte,
                None => self.drum.received.push(self.memory[at as usize]),
            }
            let following = if backward { at.wrapping_sub(1) } else { at + 1 };
            let crosses = at / 2048 != following / 2048 && self.ccw.flags.contains(IDA);
            self.next_data = (!crosses).then_some(following);
        }
        self.left -= 1;
        if self.left == 0 && self.ccw.flags.contains(CD) { self.next_ccw(true, false) } else { Ok(()) }
    }

    /// Moves what the device wants to move; the channel status that comes of it.
    fn transfer(&mut self, length: usize) -> u8 {
        let is_input = matches!(self.command & 3, 0 | 2);
        let mut data = if is_input { self.drum.data(length) } else { vec![0; length] };
        if self.command & 15 == 12 {
            data.reverse();
        }
        let mut long = false;
        for byte in data {
            if self.left == 0 {
                long = true;
                break;
            }
            if let Err(check) = self.byte(is_input.then_some(byte)) {
                return check;
            }
        }
        let flags = self.ccw.flags;
        let wrong = (long || self.left != 0) && (flags.contains(CD) || !flags.contains(SLI));
        if wrong { LENGTH } else { 0 }
    }

    /// Runs a program; whether START I/O stored the result, and unit status, channel status, address and count.
    fn run(&mut self) -> (bool, u8, u8, u32, u16) {
        if let Err(check) = self.next_ccw(false, true) {
            return (true, 0, check, 0, 0);
        }
        let mut first = true;
        loop {
            self.drum.codes.push(self.command);
            let answer = self.drum.answers.pop_front().unwrap_or((None, 0x02, None));
            let (length, status, later) = answer;
            let check = length.map_or(0, |length| self.transfer(length));
            let usual = |status: u8| status & !0x4C == 0;
            let chains = self.ccw.flags & (CC | CD) == CC && check == 0;
            let goes_on = chains && usual(status) && status & 8 != 0 && (later.is_some() || status & 4 != 0);
            let stored = first && length.is_none() && !goes_on;
            let last = later.unwrap_or(status);
            if !goes_on || !usual(last) {
                let unit = if goes_on { last } else { status };
                return (stored, unit, check, self.at, self.left);
            }
            self.at += if last & 0x40 != 0 { 8 } else { 0 };
            if let Err(check) = self.next_ccw(false, false) {
                return (false, 0, check, self.at, 0);
            }
            first = false;
        }
    }
}

fn ccw() -> impl Strategy<Value = Ccw> {
    let command = prop_oneof![8 => Just(1u8), 8 => Just(2), 4 => Just(0x0C), 4 => Just(4), 3 => Just(7), 1 => Just(0)];
    let address = prop_oneof![
        6 => 0x0FE0u32..0x1020, 3 => 0x1FE0u32..0x2008, 2 => 0u32..0x20, 3 => (0u32..8).prop_map(|n| 0x600 + n * 4),
        1 => 0x400u32..0x440,
    ];
    let flag =
        |flags: CcwFlags, odds: f64| proptest::bool::weighted(odds).prop_map(move |on| if on { flags } else { NONE });
    let flags =
        (flag(CD, 0.3), flag(CC, 0.6), flag(SLI, 0.6), flag(SKIP, 0.1), flag(PCI, 0.1), flag(CcwFlags::RESERVED, 0.02))
            .prop_map(|(a, b, c, d, e, f)| a | b | c | d | e | f);
    let plain = (command, address, flags, prop_oneof![20 => 1u16..40, 1 => Just(0)]).prop_map(
        |(command, address, flags, count)| {
            // Addresses of lists are for lists.
            let flags = if (0x600..0x620).contains(&address) { flags | IDA } else { flags };
            Ccw { command, address, flags, ignored: 0, count }
        },
    );
    let transfer = prop_oneof![20 => (0u32..8).prop_map(|n| 0x400 + n * 8), 1 => Just(0x404), 1 => Just(0x2000)]
        .prop_map(|address| Ccw { command: 0x38, address, ..Ccw::default() });
    prop_oneof![5 => plain, 1 => transfer]
}

fn answer() -> impl Strategy<Value = Answer> {
    let ended = prop_oneof![10 => Just(0x0Cu8), 3 => Just(0x4C), 1 => Just(0x0E), 1 => Just(0x0D)];
    let length = prop_oneof![8 => (0usize..90).prop_map(Some), 1 => Just(None)];
    let together = (length.clone(), ended).prop_map(|(length, status)| (length, status, None));
    let last = prop_oneof![6 => Just(0x04u8), 2 => Just(0x44), 1 => Just(0x06)];
    let apart = (length, last).prop_map(|(length, last)| (length, 0x08, Some(last)));
    prop_oneof![6 => together, 2 => apart, 1 => Just((None, 0x02, None)), 1 => Just((None, 0x10, None))]
}

fn word() -> impl Strategy<Value = u32> {
    prop_oneof![4 => Just(0x1000u32), 4 => Just(0x0FFF), 3 => 0x17F0u32..0x1804, 1 => Just(0x0100_1000), 1 => Just(0x2800)]
}

proptest! {
    #![proptest_config(config(1301, 4000))]
    #[test]
    fn programs_do_what_the_model_does(
        program in vec(ccw(), 8),
        list in vec(word(), 8),
        answers in vec(answer(), 1..8),
        keys in vec(prop_oneof![6 => Just(0x50u8), 1 => Just(0x58), 1 => Just(0x30), 1 => Just(0x38)], 4),
        key in prop_oneof![Just(0u8), Just(5)],
    ) {
        let mut memory: Vec<u8> = (0..SIZE).map(|at| (at * 7 + at / 256) as u8).collect();
        memory[0x400..0x440].copy_from_slice(&program.iter().flat_map(|ccw| ccw.emit()).collect::<Vec<_>>());
        memory[0x600..0x620].copy_from_slice(&list.iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<_>>());
        let storage = Storage::new(u64::from(SIZE)).unwrap();
        storage.store(0, &memory);
        // The program itself can be fetched.
        let keys = [keys[0] & 0xF0, keys[1], keys[2], keys[3]];
        keys.iter().zip((0..).step_by(2048)).for_each(|(key, at)| storage.set_key(at, *key));
        let drum = || Drum { answers: answers.clone().into(), codes: Vec::new(), sent: 0, received: Vec::new() };
        let mut model = Model {
            memory, keys, key, at: 0x400, ccw: Ccw::default(), command: 0, left: 0,
            next_data: None, next_word: 0, drum: drum(),
        };
        let (stored, unit, channel, address, count) = model.run();

        let mut channels = Channels::new();
        channels.attach(DEVICE, Box::new(drum())).unwrap();
        let caw = Caw { key, reserved: 0, address: 0x400 };
        let (result, was_stored) = run(&mut channels, caw, &storage);
        let pci = ChannelStatus::PROGRAM_CONTROLLED;
        prop_assert_eq!((was_stored, result.unit.bits(), (result.channel - pci).bits()), (stored, unit, channel));
        if !stored {
            prop_assert!(result.address == address, "{:X} {:X}", result.address, address);
            prop_assert!(channel & (CHECK | PROTECTION) != 0 || result.count == count, "{}, not {}", result.count, count);
        }
        let drum = channels.device::<Drum>(DEVICE).unwrap();
        prop_assert_eq!(&drum.codes, &model.drum.codes);
        prop_assert_eq!(&drum.received, &model.drum.received);
        let mut after = vec![0; SIZE as usize];
        storage.read(0, &mut after);
        prop_assert!(after[..64] == model.memory[..64] && after[80..] == model.memory[80..]);
    }
}

/// Runs a program on channels whose CAW and CSW are out of the way of what the program does; whether START I/O stored the
/// result.
fn run(channels: &mut Channels, caw: Caw, storage: &Storage) -> (Csw, bool) {
    // The CAW's place belongs to the program's data, too: what was there comes back.
    let before = storage.u32(72);
    storage.store_u32(72, caw.emit());
    let request =
        IoRequest { operation: IoOperation::StartIo, address: DEVICE, cpu_address: 0, prefix: 0, cr0: 0, now: 0 };
    let code = channels.io(&request, storage);
    storage.store_u32(72, before);
    while channels.next_event() != u64::MAX {
        channels.advance(channels.next_event(), storage);
    }
    if code == 0 {
        // Of the conditions, the one that describes the end of the program.
        channels.accept_io(u32::MAX, 0, storage);
    }
    (Csw::parse(storage.u64(64)), code == 1)
}
