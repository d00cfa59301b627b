//! SIGNAL PROCESSOR, the prefix and the CPU address (GA22-7000-10, chapter 10; chapter 4, "CPU Signaling and Response").

use s370_arch::{assigned_storage::PREFIX_AREA, format::Instruction, interruption::ProgramCode};

use super::{Interpreter, Outcome, aligned};
use crate::storage::AbsoluteStorage;
use crate::{
    bus::{Signal, SignalAnswer},
    reset::order,
};

/// Bits 8-19 of the operand of SET PREFIX.
const PREFIX: u32 = 0x00FF_F000;

impl<S: AbsoluteStorage> Interpreter<'_, S> {
    /// SIGNAL PROCESSOR: R3 has the CPU address, the operand address the order; R1 gets the status.
    pub(super) fn sigp(&mut self, i: Instruction) -> Outcome {
        let (order, to) = (self.address1(i) as u8, self.gr(i.r2()) as u16);
        let from = self.state.cpu_address;
        let answer = if to == from { self.signal_self(order) } else { self.bus.signal(Signal { from, to, order }) };
        let cc = match answer {
            SignalAnswer::Accepted => 0,
            SignalAnswer::Status(status) => {
                self.set_gr(i.r1(), status);
                1
            }
            SignalAnswer::Busy => 2,
            SignalAnswer::NotOperational => 3,
        };
        self.set_cc(cc);
        self.effects.context = true;
        Ok(())
    }

    fn signal_self(&mut self, order: u8) -> SignalAnswer {
        let answer = self.state.receive_order(order, self.state.cpu_address, self.storage);
        if answer == SignalAnswer::Accepted && matches!(order, order::INITIAL_PROGRAM_RESET | order::PROGRAM_RESET) {
            self.bus.reset_channels();
        }
        // Among the orders are resets, which empty the TLB.
        self.effects.purge = true;
        answer
    }

    pub(super) fn spx(&mut self, i: Instruction) -> Outcome {
        let at = self.address1(i);
        aligned(at, 4)?;
        let prefix = self.fetch_u32(at)? & PREFIX;
        if prefix + PREFIX_AREA > self.storage.size() {
            return Err(ProgramCode::ADDRESSING.into());
        }
        self.state.prefix = prefix;
        self.effects.purge = true;
        self.effects.context = true;
        Ok(())
    }

    pub(super) fn stpx(&mut self, i: Instruction) -> Outcome {
        let at = self.address1(i);
        aligned(at, 4)?;
        self.store(at, &self.state.prefix.to_be_bytes())
    }

    pub(super) fn stap(&mut self, i: Instruction) -> Outcome {
        let at = self.address1(i);
        aligned(at, 2)?;
        self.store(at, &self.state.cpu_address.to_be_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        bus::{Bus, IoRequest, NoDevices},
        exec::harness::{Harness, START},
        interruption::Interruption,
        machine::{Machine, Stop},
        processor::{Exit, Processor},
        state::{CpuState, Model, RunState},
        storage::Storage,
    };
    use s370_arch::psw::Psw;
    use std::sync::Arc;

    /// SIGP 1,3 with the order in general register 2.
    const SIGP: [u16; 2] = [0xAE13, 0x2000];
    const SPX: [u16; 2] = [0xB210, 0x2000];
    const STPX: [u16; 2] = [0xB211, 0x2000];
    const STAP: [u16; 2] = [0xB212, 0x2000];

    /// The line to one other CPU, address 1.
    struct Line<'a> {
        other: &'a mut CpuState,
        storage: &'a Storage,
        channel_resets: u32,
    }

    impl Bus for Line<'_> {
        fn io(&mut self, _: &IoRequest, _: &Storage) -> u8 {
            3
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
        fn reset_channels(&mut self) {
            self.channel_resets += 1;
        }
        fn signal(&mut self, signal: Signal) -> SignalAnswer {
            if signal.to == self.other.cpu_address {
                self.other.receive_order(signal.order, signal.from, self.storage)
            } else {
                SignalAnswer::NotOperational
            }
        }
    }

    /// Two CPUs with one storage; the first has an instruction to execute.
    struct Pair {
        first: Harness,
        second: CpuState,
        storage: Arc<Storage>,
    }

    impl Pair {
        fn new(run_state: RunState) -> Pair {
            let mut second = CpuState::new(Model::default());
            second.cpu_address = 1;
            second.run_state = run_state;
            second.prefix = 0x2000;
            Pair { first: Harness::new(), second, storage: Arc::new(Storage::new(0x1_0000).unwrap()) }
        }

        /// Condition code and status that the first CPU gets for an order to the second.
        fn order(&mut self, order: u8) -> (u8, u32) {
            self.first.state.gr[1] = 0x5555_5555;
            self.first.state.gr[2] = 0xFFFF_FF00 | u32::from(order);
            self.first.state.gr[3] = 0xABCD_0001;
            let mut line = Line { other: &mut self.second, storage: &self.storage, channel_resets: 0 };
            self.first.step_with(&mut line, &SIGP).unwrap();
            (self.first.state.psw.cc, self.first.state.gr[1])
        }

        /// Why the second CPU's run ends.
        fn run_second(&mut self) -> Exit {
            let mut processor = Processor::new(self.second.clone(), Arc::clone(&self.storage));
            processor.state.run_state = self.second.run_state;
            let (_, exit) = processor.run(&mut NoDevices, 1);
            self.second = processor.state;
            exit
        }
    }

    const UNCHANGED: u32 = 0x5555_5555;

    #[test]
    fn privileged_aligned_and_accessible() {
        for instruction in [SIGP, SPX, STPX, STAP] {
            assert_eq!(Harness::problem().code(&instruction), ProgramCode::PRIVILEGED);
        }
        for (instruction, odd) in [(SPX, 2), (STPX, 2), (STAP, 1)] {
            let mut harness = Harness::new();
            harness.state.gr[2] = 0x4000 + odd;
            assert_eq!(harness.code(&instruction), ProgramCode::SPECIFICATION);
            harness.state.gr[2] = 0x4000;
            harness.storage.set_key(0x4000, 0x28);
            harness.state.psw.key = 1;
            assert_eq!(harness.code(&instruction), ProgramCode::PROTECTION);
            harness.state.gr[2] = 0x1_0000;
            assert_eq!(harness.code(&instruction), ProgramCode::ADDRESSING);
        }
    }

    #[test]
    fn prefix_and_cpu_address() {
        let mut harness = Harness::new();
        harness.state.cpu_address = 0x0102;
        harness.state.gr[2] = 0x4000;
        harness.storage.store_u32(0x4000, 0xFF00_5FFF);
        harness.cc(&SPX);
        assert_eq!(harness.state.prefix, 0x5000);
        assert!(harness.effects.context && harness.effects.purge);
        harness.cc(&STPX);
        assert_eq!(harness.storage.u32(0x4000), 0x5000);
        harness.state.gr[2] = 0x4006;
        harness.cc(&STAP);
        assert_eq!(harness.storage.u32(0x4004), 0x0102);
        harness.state.gr[2] = 0x4000;
        harness.storage.store_u32(0x4000, 0x0001_0000);
        assert_eq!(harness.code(&SPX), ProgramCode::ADDRESSING);
        assert_eq!(harness.state.prefix, 0x5000);
    }

    #[test]
    fn orders_and_states() {
        let operating = RunState::Operating;
        let stopping = |store_status| RunState::Stopping { store_status };
        for (before, order, expected, after) in [
            (operating, order::SENSE, (0, UNCHANGED), operating),
            (RunState::Stopped, order::SENSE, (1, 0x40), RunState::Stopped),
            (RunState::CheckStop, order::SENSE, (1, 0x10), RunState::CheckStop),
            (stopping(false), order::SENSE, (2, UNCHANGED), stopping(false)),
            (operating, order::EXTERNAL_CALL, (0, UNCHANGED), operating),
            (RunState::CheckStop, order::EXTERNAL_CALL, (1, 0x10), RunState::CheckStop),
            (RunState::Stopped, order::EMERGENCY_SIGNAL, (0, UNCHANGED), RunState::Stopped),
            (RunState::Stopped, order::START, (0, UNCHANGED), operating),
            (operating, order::START, (0, UNCHANGED), operating),
            (RunState::CheckStop, order::START, (1, 0x10), RunState::CheckStop),
            (operating, order::STOP, (0, UNCHANGED), stopping(false)),
            (RunState::Stopped, order::STOP, (0, UNCHANGED), RunState::Stopped),
            (stopping(true), order::STOP, (2, UNCHANGED), stopping(true)),
            (operating, order::STOP_AND_STORE_STATUS, (0, UNCHANGED), stopping(true)),
            (RunState::Stopped, order::STOP_AND_STORE_STATUS, (0, UNCHANGED), RunState::Stopped),
            (RunState::CheckStop, order::INITIAL_PROGRAM_RESET, (0, UNCHANGED), RunState::Stopped),
            (operating, order::PROGRAM_RESET, (0, UNCHANGED), RunState::Stopped),
            (stopping(true), order::CPU_RESET, (0, UNCHANGED), RunState::Stopped),
            (operating, order::INITIAL_CPU_RESET, (0, UNCHANGED), RunState::Stopped),
            (operating, 0x00, (1, 0x02), operating),
            (operating, 0x0A, (1, 0x02), operating),
            (RunState::CheckStop, 0x0D, (1, 0x02), RunState::CheckStop),
            (stopping(false), 0xFF, (1, 0x02), stopping(false)),
        ] {
            let mut pair = Pair::new(before);
            assert_eq!(pair.order(order), expected, "{order:X} to {before:?}");
            assert_eq!(pair.second.run_state, after, "{order:X} to {before:?}");
        }
    }

    #[test]
    fn signals_interrupt_the_other_cpu() {
        let mut pair = Pair::new(RunState::Operating);
        pair.second.psw.system_mask = 1;
        pair.second.cr[0] = 0x6000;
        pair.first.state.cpu_address = 5;
        assert_eq!(pair.order(order::EXTERNAL_CALL), (0, UNCHANGED));
        assert_eq!(pair.order(order::EXTERNAL_CALL), (1, 0x80));
        assert_eq!(pair.order(order::SENSE), (1, 0x80));
        assert_eq!(pair.order(order::EMERGENCY_SIGNAL), (0, UNCHANGED));
        assert_eq!(pair.order(order::EMERGENCY_SIGNAL), (0, UNCHANGED));
        let mut codes = Vec::new();
        while let Exit::Interruption(interruption) = pair.run_second() {
            pair.second.take(&*pair.storage, &interruption).unwrap();
            pair.second.psw.system_mask = 1;
            codes.push((interruption.code_and_ilc().0, pair.storage.u16(0x2000 + 132)));
            if codes.len() == 2 {
                break;
            }
        }
        assert_eq!(codes, [(0x1201, 5), (0x1202, 5)]);
        assert_eq!(pair.order(order::SENSE), (0, UNCHANGED));
    }

    #[test]
    fn stop_lets_interruptions_in_first() {
        let mut pair = Pair::new(RunState::Operating);
        pair.second.psw = Psw { system_mask: 1, address: 0x3000, ..Psw::default() };
        pair.second.gr[15] = 0x1234_5678;
        pair.second.cr[0] = 0x2000;
        pair.storage.store_u64(0x2058, 0x0000_0000_0000_4000);
        pair.order(order::EXTERNAL_CALL);
        pair.order(order::STOP_AND_STORE_STATUS);
        let mut machine = Machine::new(pair.second, Arc::clone(&pair.storage));
        machine.processor.state.run_state = RunState::Stopping { store_status: true };
        assert_eq!(machine.run(&mut NoDevices, 9), (0, Stop::Stopped));
        assert_eq!(pair.storage.u64(256), 0x4000);
        assert_eq!(pair.storage.u32(264), 0x2000);
        assert_eq!(pair.storage.u32(384 + 60), 0x1234_5678);
        assert_eq!(pair.storage.u32(448), 0x2000);
    }

    #[test]
    fn restart_starts_a_stopped_cpu() {
        let mut pair = Pair::new(RunState::Stopped);
        pair.second.psw.system_mask = 1;
        pair.second.cr[0] = 0x2000;
        pair.order(order::EXTERNAL_CALL);
        assert_eq!(pair.order(order::RESTART), (0, UNCHANGED));
        assert_eq!(pair.order(order::STOP), (2, UNCHANGED));
        assert_eq!(pair.run_second(), Exit::Interruption(Interruption::Restart));
        assert_eq!((pair.second.run_state, pair.second.restart), (RunState::Operating, false));
    }

    #[test]
    fn resets_keep_and_clear_what_they_should() {
        for (order, initial) in [
            (order::CPU_RESET, false),
            (order::PROGRAM_RESET, false),
            (order::INITIAL_CPU_RESET, true),
            (order::INITIAL_PROGRAM_RESET, true),
        ] {
            let mut pair = Pair::new(RunState::Operating);
            pair.second.psw = Psw::parse(0x0008_0000_0000_3000);
            pair.second.gr = [7; 16];
            pair.second.cr = [9; 16];
            pair.second.clock_comparator = 5;
            pair.order(order::EMERGENCY_SIGNAL);
            pair.order(order);
            let second = &pair.second;
            assert_eq!((second.gr, second.external.emergency_signal), ([7; 16], 0));
            let kept = (second.psw.emit(0, 0), second.prefix, second.clock_comparator, second.cr[5]);
            assert_eq!(kept, if initial { (0, 0, 0, 0) } else { (0x0008_0000_0000_3000, 0x2000, 5, 9) });
        }
    }

    #[test]
    fn nobody_at_the_other_addresses() {
        let mut pair = Pair::new(RunState::Operating);
        pair.first.state.gr[3] = 2;
        pair.first.state.gr[2] = 1;
        let mut line = Line { other: &mut pair.second, storage: &pair.storage, channel_resets: 0 };
        pair.first.step_with(&mut line, &SIGP).unwrap();
        assert_eq!(pair.first.state.psw.cc, 3);
    }

    #[test]
    fn a_cpu_signals_itself() {
        for (order, cc, run_state, resets) in [
            (order::SENSE, 0, RunState::Operating, 0),
            (order::EXTERNAL_CALL, 0, RunState::Operating, 0),
            (order::STOP, 0, RunState::Stopping { store_status: false }, 0),
            (order::PROGRAM_RESET, 0, RunState::Stopped, 1),
            (order::CPU_RESET, 0, RunState::Stopped, 0),
            (0x0A, 1, RunState::Operating, 0),
        ] {
            let mut pair = Pair::new(RunState::Operating);
            pair.first.state.psw.cc = 3;
            pair.first.state.gr[2] = u32::from(order);
            let mut line = Line { other: &mut pair.second, storage: &pair.storage, channel_resets: 0 };
            pair.first.step_with(&mut line, &SIGP).unwrap();
            assert_eq!(line.channel_resets, resets, "{order:X}");
            let state = &pair.first.state;
            assert_eq!((state.psw.cc, state.run_state, state.psw.address), (cc, run_state, START + 4), "{order:X}");
            assert!(pair.first.effects.context);
        }
    }
}
