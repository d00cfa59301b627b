//! What tests of these devices need: a channel that is one CCW, and a sink that can be looked into.

use std::sync::{Arc, Mutex};

use s370_arch::channel::UnitStatus;

use crate::device::{Command, Data, Device, Ending, Initial, Progress};

/// The storage and count of one CCW.
#[derive(Debug, Default)]
pub struct Ccw {
    pub bytes: Vec<u8>,
    pub at: usize,
    pub incorrect_length: bool,
}

impl Ccw {
    pub fn new(bytes: &[u8]) -> Ccw {
        Ccw { bytes: bytes.to_vec(), at: 0, incorrect_length: false }
    }

    fn take(&mut self, length: usize) -> (usize, usize) {
        let (from, count) = (self.at, length.min(self.bytes.len() - self.at));
        self.at += count;
        (from, count)
    }
}

impl Data for Ccw {
    fn room(&mut self) -> usize {
        self.bytes.len() - self.at
    }

    fn fetch(&mut self, into: &mut [u8]) -> usize {
        let count = self.fetch_some(into);
        self.incorrect_length |= count < into.len();
        count
    }

    fn fetch_some(&mut self, into: &mut [u8]) -> usize {
        let (from, count) = self.take(into.len());
        into[..count].copy_from_slice(&self.bytes[from..from + count]);
        count
    }

    fn store(&mut self, data: &[u8]) -> usize {
        let (from, count) = self.take(data.len());
        self.bytes[from..from + count].copy_from_slice(&data[..count]);
        self.incorrect_length |= count < data.len();
        count
    }

    fn store_backward(&mut self, _data: &[u8]) -> usize {
        unreachable!("no unit record device reads backward")
    }
}

/// How a command ended.
#[derive(Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Whether it ended with its initial status.
    pub initial: bool,
    pub status: UnitStatus,
    /// Status that comes afterwards.
    pub later: UnitStatus,
    pub data: Vec<u8>,
    /// What is left of the count.
    pub residue: usize,
    pub incorrect_length: bool,
}

impl Outcome {
    /// All status bits, whenever they came.
    pub fn all(&self) -> UnitStatus {
        self.status | self.later
    }
}

/// One command with this storage, outside a chain.
pub fn single(device: &mut dyn Device, code: u8, storage: &[u8]) -> Outcome {
    let outcome = chained(device, code, storage, false);
    device.end_of_chain();
    outcome
}

/// One command within a chain.
pub fn chained(device: &mut dyn Device, code: u8, storage: &[u8], chained: bool) -> Outcome {
    let mut ccw = Ccw::new(storage);
    let (initial, ending) = match device.start(Command { code, chained, now: 0 }) {
        Initial::Ended(ending) => (true, ending),
        Initial::Accepted(_) => loop {
            if let Progress::Ended(ending) = device.transfer(&mut ccw, 0) {
                break (false, ending);
            }
        },
    };
    let Ending { status, later } = ending;
    let later = later.map_or(UnitStatus::empty(), |(_, status)| status);
    let residue = ccw.bytes.len() - ccw.at;
    let incorrect_length = !initial && (ccw.incorrect_length || residue > 0);
    Outcome { initial, status, later, data: ccw.bytes, residue, incorrect_length }
}

/// The sense bytes.
pub fn sense(device: &mut dyn Device, length: usize) -> Vec<u8> {
    let outcome = single(device, 0x04, &vec![0xEE; length]);
    assert_eq!((outcome.status, outcome.incorrect_length), (UnitStatus::ENDED, false));
    outcome.data
}

/// Something shared between a test and what it handed to a device.
#[derive(Debug, Default)]
pub struct Shared<T>(Arc<Mutex<T>>);

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Shared<T> {
        Shared(Arc::clone(&self.0))
    }
}

impl<T> Shared<T> {
    pub fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        f(&mut self.0.lock().expect("one thread"))
    }
}
