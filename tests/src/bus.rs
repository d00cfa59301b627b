//! What lies around the processor of a vector: a bus with fixed answers that remembers what it was asked.

use s370_arch::isa::Op;
use s370_cpu::{
    bus::{Bus, IoOperation, IoRequest, Signal, SignalAnswer},
    storage::Storage,
};

/// A bus with fixed answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FakeBus {
    /// Condition code of every I/O instruction.
    pub io_answer: u8,
    /// Answer to every order of SIGNAL PROCESSOR.
    pub signal_answer: SignalAnswer,
    /// I/O address of an interruption that is pending.
    pub pending: Option<u16>,
    /// What was asked: `SIO:0190`, `SIGP:05:0001`.
    pub asked: Vec<String>,
}

impl Default for FakeBus {
    fn default() -> Self {
        FakeBus { io_answer: 3, signal_answer: SignalAnswer::NotOperational, pending: None, asked: Vec::new() }
    }
}

fn op_of(operation: IoOperation) -> Op {
    match operation {
        IoOperation::StartIo => Op::SIO,
        IoOperation::StartIoFast => Op::SIOF,
        IoOperation::TestIo => Op::TIO,
        IoOperation::ClearIo => Op::CLRIO,
        IoOperation::HaltIo => Op::HIO,
        IoOperation::HaltDevice => Op::HDV,
        IoOperation::TestChannel => Op::TCH,
        IoOperation::StoreChannelId => Op::STIDC,
        IoOperation::ConnectChannelSet => Op::CONCS,
        IoOperation::DisconnectChannelSet => Op::DISCS,
    }
}

impl Bus for FakeBus {
    fn io(&mut self, request: &IoRequest, _: &Storage) -> u8 {
        self.asked.push(format!("{}:{:04X}", op_of(request.operation).row().mnemonic, request.address));
        self.io_answer
    }

    fn accept_io(&mut self, channels: u32, _: u32, _: &Storage) -> Option<u16> {
        let address = self.pending?;
        if channels & 1 << (31 - (address >> 8)) == 0 {
            return None;
        }
        self.pending.take()
    }

    fn attention(&self) -> bool {
        self.pending.is_some()
    }

    fn next_event(&self) -> u64 {
        u64::MAX
    }

    fn advance(&mut self, _: u64, _: &Storage) {}

    fn signal(&mut self, signal: Signal) -> SignalAnswer {
        self.asked.push(format!("SIGP:{:02X}:{:04X}", signal.order, signal.to));
        self.signal_answer
    }
}
