//! What lies around a virtual machine's processor while an instruction is simulated: its channels, and CP.

use s370_cpu::bus::{Bus, Diagnose, IoRequest, Signal, SignalAnswer};

use crate::real::GuestStorage;

/// A virtual machine's channels, and the DIAGNOSE that the instruction was.
pub struct VirtualBus<'a, B> {
    /// The channels.
    pub channels: &'a mut B,
    /// What DIAGNOSE asked for; it is for CP to do.
    pub diagnose: Option<Diagnose>,
    /// An instruction addressed a channel.
    pub io: bool,
}

impl<'a, B> VirtualBus<'a, B> {
    /// A bus for one instruction.
    pub fn new(channels: &'a mut B) -> VirtualBus<'a, B> {
        VirtualBus { channels, diagnose: None, io: false }
    }
}

impl<B: Bus<GuestStorage>> Bus<GuestStorage> for VirtualBus<'_, B> {
    fn io(&mut self, request: &IoRequest, storage: &GuestStorage) -> u8 {
        self.io = true;
        self.channels.io(request, storage)
    }

    fn accept_io(&mut self, channels: u32, prefix: u32, storage: &GuestStorage) -> Option<u16> {
        self.channels.accept_io(channels, prefix, storage)
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
        self.channels.advance(now, storage);
    }

    fn reset_channels(&mut self) {
        self.channels.reset_channels();
    }

    fn diagnose(&mut self, diagnose: Diagnose) {
        self.diagnose = Some(diagnose);
    }

    fn signal(&mut self, signal: Signal) -> SignalAnswer {
        self.channels.signal(signal)
    }
}
