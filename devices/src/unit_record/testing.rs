//! What tests of these devices need: commands with the storage of one CCW, and a sink that can be looked into.

use std::sync::{Arc, Mutex};

use s370_arch::channel::UnitStatus;

use crate::{
    area::Area,
    device::{Command, Data, Device, Ending, Initial, Progress},
};

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
    let mut area = Area::of(storage);
    let (initial, ending) = match device.start(Command { code, chained, now: 0 }) {
        Initial::Ended(ending) => (true, ending),
        Initial::Accepted(_) => loop {
            if let Progress::Ended(ending) = device.transfer(&mut area, 0) {
                break (false, ending);
            }
        },
    };
    let Ending { status, later } = ending;
    let later = later.map_or(UnitStatus::empty(), |(_, status)| status);
    let residue = area.room();
    let incorrect_length = !initial && (area.is_long || residue > 0);
    Outcome { initial, status, later, data: area.bytes, residue, incorrect_length }
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
