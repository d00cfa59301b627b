//! All that a processor asks of the world outside it.

use crate::storage::Storage;

/// The instructions that address a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the instructions'")]
pub enum IoOperation {
    StartIo,
    StartIoFast,
    TestIo,
    ClearIo,
    HaltIo,
    HaltDevice,
    TestChannel,
    StoreChannelId,
    ConnectChannelSet,
    DisconnectChannelSet,
}

/// What a channel needs to know of the processor that addresses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IoRequest {
    /// The instruction.
    pub operation: IoOperation,
    /// Bits 16-31 of the operand address: channel and device.
    pub address: u16,
    /// CPU address.
    pub cpu_address: u16,
    /// The CPU's prefix: where its CAW, CSW and channel ID are.
    pub prefix: u32,
    /// Control register 0 (bit 0: block multiplexing).
    pub cr0: u32,
    /// The time, as in [`CpuState::time`](crate::state::CpuState::time).
    pub now: u64,
}

/// An order to another CPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signal {
    /// Sender.
    pub from: u16,
    /// CPU addressed.
    pub to: u16,
    /// Order code.
    pub order: u8,
}

/// What DIAGNOSE specifies (GA22-7000-10, chapter 10): its meaning is the machine's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Diagnose {
    /// The R1 field.
    pub r1: usize,
    /// The R3 field.
    pub r3: usize,
    /// D2(B2), 24 bits: by convention of control programs the function code.
    pub code: u32,
    /// Instruction-length code in halfwords, for an interruption: that of DIAGNOSE or of its EXECUTE.
    pub ilc: u8,
}

/// The answer to SIGNAL PROCESSOR.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignalAnswer {
    /// Condition code 0.
    Accepted,
    /// Condition code 1, and this status is stored.
    Status(u32),
    /// Condition code 2.
    Busy,
    /// Condition code 3.
    NotOperational,
}

/// What lies around a processor: channels, other processors.
pub trait Bus<S = Storage> {
    /// Executes an I/O instruction; the channel stores CSW and channel ID itself. The result is the condition code.
    fn io(&mut self, request: &IoRequest, storage: &S) -> u8;

    /// Whether a channel asks for an interruption on one of these channels (bit 31 − n: channel n). It stores the CSW
    /// at absolute address `prefix` + 64, clears the condition, and gives the I/O address.
    fn accept_io(&mut self, channels: u32, prefix: u32, storage: &S) -> Option<u16>;

    /// Whether [`Bus::accept_io`] could give anything, masks aside. Must be cheap.
    fn attention(&self) -> bool;

    /// Whether [`Bus::accept_io`] could give anything for these channels. A bus that cannot tell says yes when it could for
    /// some channel.
    fn asks_for(&self, channels: u32) -> bool {
        channels != 0 && self.attention()
    }

    /// The time at which something will next happen by itself, or `u64::MAX`.
    fn next_event(&self) -> u64;

    /// Lets everything happen that is due at this time.
    fn advance(&mut self, now: u64, storage: &S);

    /// I/O system reset of the channels that belong to the processor; there may be none.
    fn reset_channels(&mut self) {}

    /// DIAGNOSE was executed, in the supervisor state; the PSW's address is that of the next instruction. On a machine whose
    /// DIAGNOSE does nothing, nothing happens.
    fn diagnose(&mut self, _: Diagnose) {}

    /// Delivers an order to another processor, as with [`CpuState::receive_order`](crate::state::CpuState::receive_order).
    fn signal(&mut self, signal: Signal) -> SignalAnswer;
}

/// A processor with nothing around it: no channel is operational, and no other CPU.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoDevices;

impl<S> Bus<S> for NoDevices {
    fn io(&mut self, _: &IoRequest, _: &S) -> u8 {
        3
    }

    fn accept_io(&mut self, _: u32, _: u32, _: &S) -> Option<u16> {
        None
    }

    fn attention(&self) -> bool {
        false
    }

    fn next_event(&self) -> u64 {
        u64::MAX
    }

    fn advance(&mut self, _: u64, _: &S) {}

    fn signal(&mut self, _: Signal) -> SignalAnswer {
        SignalAnswer::NotOperational
    }
}
