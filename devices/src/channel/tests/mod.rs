//! Tests of the channels: a device that does what it is told, and a bench to run channel programs on.

mod chaining;
mod checks;
mod endings;
mod halting;
mod indirect;
mod instructions;
mod interruptions;
mod loading;
mod model;
mod random;
mod synchronous;

use std::collections::VecDeque;

use proptest::{prelude::ProptestConfig, test_runner::RngSeed};

use s370_arch::channel::{Caw, Ccw, CcwFlags, ChannelKind, ChannelStatus, Csw, UnitStatus};
use s370_cpu::{
    bus::{Bus, IoOperation, IoRequest},
    storage::Storage,
};

use super::Channels;
use crate::device::{Command, Data, Delay, Device, Ending, Initial, Progress};

/// What a command moves.
#[derive(Clone, Debug)]
pub(super) enum Move {
    /// Nothing.
    Nothing,
    /// These bytes to storage.
    Store(Vec<u8>),
    /// These bytes to storage, the last first.
    StoreBackward(Vec<u8>),
    /// So many bytes from storage.
    Fetch(usize),
    /// At most so many.
    FetchSome(usize),
}

/// How a command is answered.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    /// The delay before data moves; none for an immediate command or a refusal.
    pub delay: Option<Delay>,
    pub data: Move,
    pub ending: Ending,
}

impl Reply {
    pub fn moving(data: Move) -> Reply {
        Reply { delay: Some(Delay::Microseconds(100)), data, ending: Ending::now(UnitStatus::ENDED) }
    }

    pub fn immediate(status: UnitStatus) -> Reply {
        Reply { delay: None, data: Move::Nothing, ending: Ending::now(status) }
    }

    pub fn ending(self, ending: Ending) -> Reply {
        Reply { ending, ..self }
    }

    pub fn outside(self) -> Reply {
        Reply { delay: Some(Delay::Outside), ..self }
    }
}

/// A device that answers as its script says, and remembers what it was asked.
pub(super) struct Scripted {
    pub script: VecDeque<Reply>,
    /// Codes of commands, and whether they were chained.
    pub commands: Vec<(u8, bool)>,
    /// What was fetched from storage.
    pub received: Vec<u8>,
    /// What the last command moved.
    pub moved: usize,
    pub unsolicited: UnitStatus,
    pub ready: bool,
    pub chains_ended: usize,
    pub halted: usize,
    pub resets: usize,
    pub coupled: bool,
    current: Option<Reply>,
}

impl Scripted {
    pub fn new(script: impl IntoIterator<Item = Reply>) -> Box<Scripted> {
        Box::new(Scripted {
            script: script.into_iter().collect(),
            commands: Vec::new(),
            received: Vec::new(),
            moved: 0,
            unsolicited: UnitStatus::empty(),
            ready: false,
            chains_ended: 0,
            halted: 0,
            resets: 0,
            coupled: false,
            current: None,
        })
    }
}

impl Device for Scripted {
    fn kind(&self) -> &'static str {
        "SCRIPT"
    }

    fn start(&mut self, command: Command) -> Initial {
        assert!(self.current.is_none(), "a command while another is outstanding");
        self.commands.push((command.code, command.chained));
        let reply = self.script.pop_front().unwrap_or_else(|| Reply::immediate(UnitStatus::ENDED));
        let Some(delay) = reply.delay else { return Initial::Ended(reply.ending) };
        self.current = Some(reply);
        Initial::Accepted(delay)
    }

    fn transfer(&mut self, data: &mut dyn Data, _: u64) -> Progress {
        let reply = self.current.take().expect("a command to transfer for");
        self.moved = match reply.data {
            Move::Nothing => 0,
            Move::Store(bytes) => data.store(&bytes),
            Move::StoreBackward(bytes) => data.store_backward(&bytes),
            Move::Fetch(length) => {
                let mut bytes = vec![0; length];
                let moved = data.fetch(&mut bytes);
                self.received.extend_from_slice(&bytes[..moved]);
                moved
            }
            Move::FetchSome(length) => {
                let mut bytes = vec![0; length];
                let moved = data.fetch_some(&mut bytes);
                self.received.extend_from_slice(&bytes[..moved]);
                moved
            }
        };
        Progress::Ended(reply.ending)
    }

    fn is_ready(&self) -> bool {
        self.ready
    }

    fn take_unsolicited(&mut self) -> UnitStatus {
        std::mem::replace(&mut self.unsolicited, UnitStatus::empty())
    }

    fn is_coupled(&self) -> bool {
        self.coupled
    }

    fn end_of_chain(&mut self) -> UnitStatus {
        self.chains_ended += 1;
        UnitStatus::empty()
    }

    fn halt(&mut self) -> Ending {
        self.halted += 1;
        self.current = None;
        Ending::now(UnitStatus::ENDED)
    }

    fn reset(&mut self) {
        self.resets += 1;
        self.current = None;
        self.unsolicited = UnitStatus::empty();
    }
}

pub(super) const READ: u8 = 0x02;
pub(super) const WRITE: u8 = 0x01;
pub(super) const BACKWARD: u8 = 0x0C;
pub(super) const CONTROL: u8 = 0x07;
pub(super) const TRANSFER: u8 = 0x08;
pub(super) const CD: CcwFlags = CcwFlags::CHAIN_DATA;
pub(super) const CC: CcwFlags = CcwFlags::CHAIN_COMMAND;
pub(super) const SLI: CcwFlags = CcwFlags::SUPPRESS_LENGTH;
pub(super) const SKIP: CcwFlags = CcwFlags::SKIP;
pub(super) const PCI: CcwFlags = CcwFlags::PROGRAM_CONTROLLED;
pub(super) const IDA: CcwFlags = CcwFlags::INDIRECT;
pub(super) const NONE: CcwFlags = CcwFlags::empty();

/// The device that programs run against.
pub(super) const DEVICE: u16 = 0x0190;
/// Where channel programs are.
pub(super) const PROGRAM: u32 = 0x0400;
/// Where data is: a block boundary is at 0x1000.
pub(super) const DATA: u32 = 0x0F00;
/// Control register 0 with block multiplexing.
const MULTIPLEXING: u32 = 0x8000_0000;

/// Channels with a scripted device each at 190 (block multiplexer), 0E (byte multiplexer) and 280 (selector).
pub(super) struct Bench {
    pub channels: Channels,
    pub storage: Storage,
    pub now: u64,
    pub cr0: u32,
}

impl Bench {
    pub fn new(script: impl IntoIterator<Item = Reply>) -> Bench {
        let mut channels = Channels::new();
        assert!(channels.set_kind(2, ChannelKind::Selector));
        channels.attach(DEVICE, Scripted::new(script)).unwrap();
        channels.attach(0x00E, Scripted::new([])).unwrap();
        channels.attach(0x280, Scripted::new([])).unwrap();
        channels.attach(0x281, Scripted::new([])).unwrap();
        let storage = Storage::new(16 * 1024).unwrap();
        let mut bench = Bench { channels, storage, now: 0, cr0: MULTIPLEXING };
        bench.caw(0, PROGRAM);
        bench
    }

    /// A bench with this channel program.
    pub fn with(script: impl IntoIterator<Item = Reply>, program: &[(u8, u32, CcwFlags, u16)]) -> Bench {
        let bench = Bench::new(script);
        for (at, &ccw) in (PROGRAM..).step_by(8).zip(program) {
            bench.ccw(at, ccw);
        }
        bench
    }

    pub fn ccw(&self, at: u32, (command, address, flags, count): (u8, u32, CcwFlags, u16)) {
        self.storage.store(at, &Ccw { command, address, flags, ignored: 0x5A, count }.emit());
    }

    pub fn caw(&mut self, key: u8, address: u32) {
        self.storage.store_u32(72, Caw { key, reserved: 0, address }.emit());
    }

    pub fn script(&mut self, address: u16) -> &mut Scripted {
        self.channels.device(address).unwrap()
    }

    pub fn io(&mut self, operation: IoOperation, address: u16) -> u8 {
        let request = IoRequest { operation, address, cpu_address: 0, prefix: 0, cr0: self.cr0, now: self.now };
        // What is not stored stays as it is.
        self.storage.store_u64(64, 0xDEAD_BEEF_FFFF_CAFE);
        self.channels.io(&request, &self.storage)
    }

    pub fn sio(&mut self) -> u8 {
        self.io(IoOperation::StartIo, DEVICE)
    }

    /// The CSW; all of it must have been stored.
    pub fn csw(&self) -> Csw {
        let word = self.storage.u64(64);
        assert_ne!(word >> 32, 0xDEAD_BEEF, "only the status was stored");
        Csw::parse(word)
    }

    /// Unit and channel status; nothing else must have been stored.
    pub fn status(&self) -> (UnitStatus, ChannelStatus) {
        let word = self.storage.u64(64);
        assert_eq!(word & 0xFFFF_FFFF_0000_FFFF, 0xDEAD_BEEF_0000_CAFE, "more than the status was stored");
        let csw = Csw::parse(word);
        (csw.unit, csw.channel)
    }

    /// Whether nothing was stored at all.
    pub fn is_csw_untouched(&self) -> bool {
        self.storage.u64(64) == 0xDEAD_BEEF_FFFF_CAFE
    }

    /// Lets everything happen that is going to happen.
    pub fn settle(&mut self) {
        for _ in 0..10_000 {
            let next = self.channels.next_event();
            if next == u64::MAX {
                return;
            }
            self.now = next;
            self.channels.advance(next, &self.storage);
        }
        panic!("it does not settle");
    }

    /// Lets the next event happen.
    pub fn one_event(&mut self) {
        self.now = self.channels.next_event();
        assert_ne!(self.now, u64::MAX, "nothing happens");
        self.channels.advance(self.now, &self.storage);
    }

    pub fn interruption(&mut self) -> Option<(u16, Csw)> {
        let address = self.channels.accept_io(u32::MAX, 0, &self.storage)?;
        Some((address, Csw::parse(self.storage.u64(64))))
    }

    /// Starts the program, which must go on with condition code 0, and gives the CSW of its only interruption.
    pub fn run(&mut self) -> Csw {
        assert_eq!(self.sio(), 0);
        assert!(self.is_csw_untouched());
        self.settle();
        let (address, csw) = self.interruption().expect("an interruption");
        assert_eq!(address, DEVICE);
        assert_eq!(self.interruption(), None);
        csw
    }

    pub fn bytes(&self, at: u32, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        self.storage.read(at, &mut bytes);
        bytes
    }
}

/// Bytes 1, 2, 3, …
pub(super) fn counting(length: usize) -> Vec<u8> {
    (1..=length).map(|n| n as u8).collect()
}

/// A CSW with key 0.
pub(super) fn csw(address: u32, unit: UnitStatus, channel: ChannelStatus, count: u16) -> Csw {
    Csw { address, unit, channel, count, ..Csw::default() }
}

/// Property tests find the same every time.
fn config(seed: u64, cases: u32) -> ProptestConfig {
    ProptestConfig { cases, rng_seed: RngSeed::Fixed(seed), failure_persistence: None, ..ProptestConfig::default() }
}
