//! What lies around a virtual machine's processor while an instruction is simulated: its channels, and CP.

use std::cell::Cell;

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
    /// Units of operation that an interruptible instruction may still go on for; none if for as long as it likes.
    units: Cell<Option<u32>>,
}

impl<'a, B> VirtualBus<'a, B> {
    /// A bus for one instruction.
    pub fn new(channels: &'a mut B) -> VirtualBus<'a, B> {
        VirtualBus { channels, diagnose: None, io: false, units: Cell::new(None) }
    }

    /// Has an interruptible instruction end after so many units of operation, as if an interruption were to come.
    #[must_use]
    pub fn with_units(mut self, units: u32) -> VirtualBus<'a, B> {
        self.units = Cell::new(Some(units));
        self
    }

    /// Whether an instruction had to end before it was through.
    #[must_use]
    pub fn has_cut(&self) -> bool {
        self.units.get() == Some(0)
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
        // Interruptible instructions ask after each unit.
        if let Some(units) = self.units.get() {
            self.units.set(Some(units.saturating_sub(1)));
        }
        self.has_cut() || self.channels.asks_for(channels)
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
