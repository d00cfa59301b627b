//! What lies around a virtual machine's processor while an instruction is simulated: its channels, and CP.

use devices::channel::Channels;
use s370_cpu::bus::{Bus, Diagnose, IoRequest, Signal, SignalAnswer};

use crate::real::GuestStorage;

/// A virtual machine's channels, and the DIAGNOSE that the instruction was.
pub struct VirtualBus<'a> {
    /// The channels.
    pub channels: &'a mut Channels,
    /// What DIAGNOSE asked for; it is for CP to do.
    pub diagnose: Option<Diagnose>,
    /// An instruction addressed a channel.
    pub io: bool,
}

impl<'a> VirtualBus<'a> {
    /// A bus for one instruction.
    pub fn new(channels: &'a mut Channels) -> VirtualBus<'a> {
        VirtualBus { channels, diagnose: None, io: false }
    }
}

impl Bus<GuestStorage> for VirtualBus<'_> {
    fn io(&mut self, request: &IoRequest, storage: &GuestStorage) -> u8 {
        self.io = true;
        Bus::io(self.channels, request, storage)
    }

    fn accept_io(&mut self, channels: u32, prefix: u32, storage: &GuestStorage) -> Option<u16> {
        Bus::accept_io(self.channels, channels, prefix, storage)
    }

    fn attention(&self) -> bool {
        self.channels.attention()
    }

    fn asks_for(&self, channels: u32) -> bool {
        self.channels.asks_for(channels)
    }

    fn next_event(&self) -> u64 {
        self.channels.next_event()
    }

    fn advance(&mut self, now: u64, storage: &GuestStorage) {
        Bus::advance(self.channels, now, storage);
    }

    fn reset_channels(&mut self) {
        self.channels.reset();
    }

    fn diagnose(&mut self, diagnose: Diagnose) {
        self.diagnose = Some(diagnose);
    }

    /// A virtual machine has one processor.
    fn signal(&mut self, _: Signal) -> SignalAnswer {
        SignalAnswer::NotOperational
    }
}
