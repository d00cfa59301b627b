//! For tests of devices: the area in storage that a CCW designates, and commands as a channel gives them.

use s370_arch::channel::UnitStatus;

use crate::device::{Command, Data, Delay, Device, Ending, Initial, Progress};

/// An area of storage.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Area {
    pub(crate) bytes: Vec<u8>,
    /// Bytes that have moved.
    pub(crate) moved: usize,
    /// Whether the device had more, or wanted more, than the area holds.
    pub(crate) is_long: bool,
}

impl Area {
    /// An area to read into.
    pub(crate) fn empty(count: usize) -> Area {
        Area { bytes: vec![0xEE; count], ..Area::default() }
    }

    /// An area to write from.
    pub(crate) fn of(bytes: &[u8]) -> Area {
        Area { bytes: bytes.to_vec(), ..Area::default() }
    }

    /// What was read, if all of it fitted.
    pub(crate) fn read(&self) -> &[u8] {
        &self.bytes[..self.moved]
    }

    fn next(&mut self, wanted: usize) -> usize {
        let length = wanted.min(self.room());
        self.is_long |= length < wanted;
        self.moved += length;
        length
    }
}

impl Data for Area {
    fn room(&mut self) -> usize {
        self.bytes.len() - self.moved
    }

    fn fetch(&mut self, into: &mut [u8]) -> usize {
        let from = self.moved;
        let length = self.next(into.len());
        into[..length].copy_from_slice(&self.bytes[from..from + length]);
        length
    }

    fn fetch_some(&mut self, into: &mut [u8]) -> usize {
        let is_long = self.is_long;
        let length = self.fetch(into);
        self.is_long = is_long;
        length
    }

    fn store(&mut self, from: &[u8]) -> usize {
        let to = self.moved;
        let length = self.next(from.len());
        self.bytes[to..to + length].copy_from_slice(&from[..length]);
        length
    }

    fn store_backward(&mut self, from: &[u8]) -> usize {
        let end = self.bytes.len() - self.moved;
        let length = self.next(from.len());
        self.bytes[end - length..end].copy_from_slice(&from[from.len() - length..]);
        length
    }
}

pub(crate) fn command(code: u8) -> Command {
    Command { code, chained: false, now: 0 }
}

pub(crate) fn chained(code: u8) -> Command {
    Command { code, chained: true, now: 0 }
}

/// How a command went that does not wait for anything outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// Whether it ended with its initial status.
    pub(crate) at_once: bool,
    /// The ending status, and what followed.
    pub(crate) status: UnitStatus,
    pub(crate) later: Option<UnitStatus>,
    /// Microseconds until the last status.
    pub(crate) time: u64,
}

impl Outcome {
    fn new(at_once: bool, time: u64, ending: Ending) -> Outcome {
        let later = ending.later.map(|(delay, status)| (microseconds(delay), status));
        Outcome {
            at_once,
            status: ending.status,
            later: later.map(|(_, status)| status),
            time: time + later.map_or(0, |(time, _)| time),
        }
    }
}

fn microseconds(delay: Delay) -> u64 {
    match delay {
        Delay::Microseconds(time) => time.into(),
        Delay::Outside => panic!("the device waits for something outside"),
    }
}

/// Runs a command to its end.
pub(crate) fn run(device: &mut dyn Device, command: Command, area: &mut Area) -> Outcome {
    let mut time = match device.start(command) {
        Initial::Ended(ending) => return Outcome::new(true, 0, ending),
        Initial::Accepted(delay) => microseconds(delay),
    };
    loop {
        match device.transfer(area, command.now + time) {
            Progress::Ended(ending) => return Outcome::new(false, time, ending),
            Progress::Wait(delay) => time += microseconds(delay),
        }
    }
}
