//! What the tests stand on: a machine with a program in halfwords, and a bus that does as it is told.

use std::sync::Arc;

use s370_arch::psw::Psw;
use s370_cpu::{
    bus::{Bus, IoRequest, Signal, SignalAnswer},
    machine::Machine,
    processor::Engine,
    state::{CpuState, Model, RunState},
    storage::Storage,
};

/// Bytes of storage.
pub const SIZE: u32 = 0x4_0000;
/// Both engines; the fast one must give what the slow one gives.
pub const ENGINES: [Engine; 2] = [Engine::Slow, Engine::Fast];
/// A disabled wait at address 0xDEAD: where programs end.
pub const END: u64 = 0x000A_0000_0000_DEAD;

/// A state in which nothing is pending: the clock is set, the comparator never reached, the CPU timer far from zero.
pub fn quiet_state() -> CpuState {
    let mut state = CpuState::new(Model::default());
    state.model.interval_timer = false;
    state.run_state = RunState::Operating;
    state.set_tod(1 << 40);
    state.clock_comparator = u64::MAX;
    state.set_cpu_timer(i64::MAX as u64);
    state
}

/// A machine with this PSW whose storage holds these halfwords.
pub fn machine(engine: Engine, psw: u64, contents: &[(u32, &[u16])]) -> Machine {
    with_state(engine, CpuState { psw: Psw::parse(psw), ..quiet_state() }, contents)
}

/// A machine with this state.
pub fn with_state(engine: Engine, state: CpuState, contents: &[(u32, &[u16])]) -> Machine {
    let storage = Arc::new(Storage::new(SIZE.into()).unwrap());
    for (at, halfwords) in contents {
        load(&storage, *at, halfwords);
    }
    let mut machine = Machine::new(state, storage);
    machine.processor.engine = engine;
    machine
}

/// Stores halfwords.
pub fn load(storage: &Storage, at: u32, halfwords: &[u16]) {
    for (at, halfword) in (at..).step_by(2).zip(halfwords) {
        storage.store_u16(at, *halfword);
    }
}

/// All bytes and keys.
pub fn contents(storage: &Storage) -> (Vec<u8>, Vec<u8>) {
    let mut bytes = vec![0; storage.size() as usize];
    storage.read(0, &mut bytes);
    (bytes, (0..storage.size()).step_by(2048).map(|at| storage.key(at)).collect())
}

/// What the bus does at a time.
#[derive(Clone, Debug)]
pub enum Event {
    /// A device asks for an interruption.
    Attention(u16),
    /// A channel stores.
    Store(u32, Vec<u16>),
}

/// Channels that do what they are told to at set times.
#[derive(Clone, Debug, Default)]
pub struct TestBus {
    /// Times and events, the last to happen first.
    pub events: Vec<(u64, Event)>,
    /// Devices that ask for an interruption.
    pub pending: Vec<u16>,
}

impl Bus for TestBus {
    fn io(&mut self, _: &IoRequest, _: &Storage) -> u8 {
        3
    }

    fn accept_io(&mut self, channels: u32, prefix: u32, storage: &Storage) -> Option<u16> {
        let place = self.pending.iter().position(|address| channels & 1 << (31 - (address >> 8)) != 0)?;
        storage.store_u64(prefix + 64, 0x0000_1234_0C00_0001);
        Some(self.pending.remove(place))
    }

    fn attention(&self) -> bool {
        !self.pending.is_empty()
    }

    fn next_event(&self) -> u64 {
        self.events.last().map_or(u64::MAX, |(time, _)| *time)
    }

    fn advance(&mut self, now: u64, storage: &Storage) {
        while let Some((_, event)) = self.events.pop_if(|(time, _)| *time <= now) {
            match event {
                Event::Attention(address) => self.pending.push(address),
                Event::Store(at, halfwords) => load(storage, at, &halfwords),
            }
        }
    }

    fn signal(&mut self, _: Signal) -> SignalAnswer {
        SignalAnswer::NotOperational
    }
}
