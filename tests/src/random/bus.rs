//! What lies around a random machine: it answers by rule, and asks for I/O interruptions at set times.

use s370_cpu::{
    bus::{Bus, IoRequest, Signal, SignalAnswer},
    storage::AbsoluteStorage,
};

/// Where devices store.
const CODE: u32 = 0x1000;

/// A bus whose answers depend on nothing but the questions and the time.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct RandomBus {
    /// Times at which a device asks for an interruption, latest first, with its address.
    pub events: Vec<(u64, u16)>,
    /// Devices that ask now.
    pub pending: Vec<u16>,
    /// How often it was asked anything.
    pub questions: u32,
}

impl<S: AbsoluteStorage> Bus<S> for RandomBus {
    fn io(&mut self, request: &IoRequest, storage: &S) -> u8 {
        self.questions += 1;
        let answer = ((u32::from(request.address) + self.questions) % 4) as u8;
        if answer == 1 {
            storage.store_u32(request.prefix + 68, self.questions);
        }
        answer
    }

    fn accept_io(&mut self, channels: u32, prefix: u32, storage: &S) -> Option<u16> {
        let place = self.pending.iter().position(|address| channels & 1 << (31 - (address >> 8)) != 0)?;
        storage.store_u64(prefix + 64, 0x0000_1234_0C00_0001);
        Some(self.pending.remove(place))
    }

    fn attention(&self) -> bool {
        !self.pending.is_empty()
    }

    fn asks_for(&self, channels: u32) -> bool {
        self.pending.iter().any(|address| channels & 1 << (31 - (address >> 8)) != 0)
    }

    fn next_event(&self) -> u64 {
        self.events.last().map_or(u64::MAX, |(time, _)| *time)
    }

    /// A device that asks for an interruption has stored something, perhaps into code.
    fn advance(&mut self, now: u64, storage: &S) {
        while let Some((time, address)) = self.events.pop_if(|(time, _)| *time <= now) {
            self.pending.push(address);
            storage.store_u16(CODE + (time as u32 & 0xFFE), 0x0700 | (time >> 12) as u16 & 0xFF);
        }
    }

    fn signal(&mut self, signal: Signal) -> SignalAnswer {
        self.questions += 1;
        match (u32::from(signal.order) + self.questions) % 4 {
            0 => SignalAnswer::Accepted,
            1 => SignalAnswer::Status(self.questions),
            2 => SignalAnswer::Busy,
            _ => SignalAnswer::NotOperational,
        }
    }
}
