//! Input/output instructions (GA22-7000-10, chapter 12; CONNECT and DISCONNECT CHANNEL SET, chapter 10). Channels are the
//! bus's: here the request is made and its condition code set.

use s370_arch::format::Instruction;

use super::{Interpreter, Outcome};
use crate::bus::{IoOperation, IoRequest};
use crate::storage::AbsoluteStorage;

impl<S: AbsoluteStorage> Interpreter<'_, S> {
    fn io(&mut self, operation: IoOperation, address: u32) -> Outcome {
        let state = &self.state;
        let request = IoRequest {
            operation,
            address: address as u16,
            cpu_address: state.cpu_address,
            prefix: state.prefix,
            cr0: state.cr[0],
            now: state.time,
        };
        let cc = self.bus.io(&request, self.storage);
        self.set_cc(cc & 3);
        // An interruption may have become pending, or the time of the next event may have changed.
        self.effects.context = true;
        Ok(())
    }

    pub(super) fn sio(&mut self, i: Instruction) -> Outcome {
        self.io(IoOperation::StartIo, self.address1(i))
    }

    pub(super) fn siof(&mut self, i: Instruction) -> Outcome {
        self.io(IoOperation::StartIoFast, self.address1(i))
    }

    pub(super) fn tio(&mut self, i: Instruction) -> Outcome {
        self.io(IoOperation::TestIo, self.address1(i))
    }

    pub(super) fn clrio(&mut self, i: Instruction) -> Outcome {
        self.io(IoOperation::ClearIo, self.address1(i))
    }

    pub(super) fn hio(&mut self, i: Instruction) -> Outcome {
        self.io(IoOperation::HaltIo, self.address1(i))
    }

    pub(super) fn hdv(&mut self, i: Instruction) -> Outcome {
        self.io(IoOperation::HaltDevice, self.address1(i))
    }

    pub(super) fn tch(&mut self, i: Instruction) -> Outcome {
        self.io(IoOperation::TestChannel, self.address1(i))
    }

    pub(super) fn stidc(&mut self, i: Instruction) -> Outcome {
        self.io(IoOperation::StoreChannelId, self.address1(i))
    }

    pub(super) fn concs(&mut self, i: Instruction) -> Outcome {
        self.io(IoOperation::ConnectChannelSet, self.address1(i))
    }

    pub(super) fn discs(&mut self, _: Instruction) -> Outcome {
        self.io(IoOperation::DisconnectChannelSet, 0)
    }
}

#[cfg(test)]
mod tests {
    use s370_arch::interruption::ProgramCode;

    use super::*;
    use crate::{
        bus::{Bus, Signal, SignalAnswer},
        exec::harness::Harness,
        storage::Storage,
    };

    /// Remembers the request, stores a CSW and answers with a condition code.
    struct Channel {
        request: Option<IoRequest>,
        cc: u8,
    }

    impl Bus for Channel {
        fn io(&mut self, request: &IoRequest, storage: &Storage) -> u8 {
            self.request = Some(*request);
            storage.store_u32(request.prefix + 68, 0x0C00_0000);
            self.cc
        }
        fn accept_io(&mut self, _: u32, _: u32, _: &Storage) -> Option<u16> {
            None
        }
        fn attention(&self) -> bool {
            false
        }
        fn next_event(&self) -> u64 {
            u64::MAX
        }
        fn advance(&mut self, _: u64, _: &Storage) {}
        fn signal(&mut self, _: Signal) -> SignalAnswer {
            SignalAnswer::NotOperational
        }
    }

    const INSTRUCTIONS: [(u16, IoOperation); 10] = [
        (0x9C00, IoOperation::StartIo),
        (0x9C01, IoOperation::StartIoFast),
        (0x9D00, IoOperation::TestIo),
        (0x9D01, IoOperation::ClearIo),
        (0x9E00, IoOperation::HaltIo),
        (0x9E01, IoOperation::HaltDevice),
        (0x9F00, IoOperation::TestChannel),
        (0xB203, IoOperation::StoreChannelId),
        (0xB200, IoOperation::ConnectChannelSet),
        (0xB201, IoOperation::DisconnectChannelSet),
    ];

    #[test]
    fn the_bus_gets_the_request() {
        for (code, operation) in INSTRUCTIONS {
            for cc in 0..4 {
                let mut harness = Harness::new();
                harness.state.gr[4] = 0xAB12_0190;
                harness.state.prefix = 0x2000;
                harness.state.cpu_address = 3;
                harness.state.time = 99;
                harness.state.cr[0] = 0x8000_00E0;
                let mut bus = Channel { request: None, cc };
                harness.step_with(&mut bus, &[code, 0x4005]).unwrap();
                let address = if operation == IoOperation::DisconnectChannelSet { 0 } else { 0x195 };
                let expected =
                    IoRequest { operation, address, cpu_address: 3, prefix: 0x2000, cr0: 0x8000_00E0, now: 99 };
                assert_eq!(bus.request, Some(expected));
                assert_eq!(harness.state.psw.cc, cc);
                assert_eq!(harness.storage.u32(0x2044), 0x0C00_0000);
                assert!(harness.effects.context);
            }
        }
    }

    #[test]
    fn privileged_and_without_channels_not_operational() {
        for (code, _) in INSTRUCTIONS {
            assert_eq!(Harness::problem().code(&[code, 0x0009]), ProgramCode::PRIVILEGED);
            assert_eq!(Harness::new().cc(&[code, 0x0009]), 3);
        }
    }
}
