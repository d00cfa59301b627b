//! Resets, the stop function, store status, and the orders of SIGNAL PROCESSOR at the CPU that gets them
//! (GA22-7000-10, chapter 4).

use s370_arch::{assigned_storage as at, control_register, psw::Psw};

use crate::{
    bus::SignalAnswer,
    state::{CpuState, ExternalRequests, RunState},
    storage::AbsoluteStorage,
};

/// Order codes of SIGNAL PROCESSOR ("Signal-Processor Orders").
pub mod order {
    /// Present the status.
    pub const SENSE: u8 = 0x01;
    /// External interruption, one pending at a time.
    pub const EXTERNAL_CALL: u8 = 0x02;
    /// External interruption, one pending for each sender.
    pub const EMERGENCY_SIGNAL: u8 = 0x03;
    /// Leave the stopped state.
    pub const START: u8 = 0x04;
    /// Enter the stopped state.
    pub const STOP: u8 = 0x05;
    /// Restart interruption.
    pub const RESTART: u8 = 0x06;
    /// Initial CPU reset and reset of the CPU's channels.
    pub const INITIAL_PROGRAM_RESET: u8 = 0x07;
    /// CPU reset and reset of the CPU's channels.
    pub const PROGRAM_RESET: u8 = 0x08;
    /// Stop, then store the status.
    pub const STOP_AND_STORE_STATUS: u8 = 0x09;
    /// Initial CPU reset.
    pub const INITIAL_CPU_RESET: u8 = 0x0B;
    /// CPU reset.
    pub const CPU_RESET: u8 = 0x0C;
}

/// Status bits that SIGNAL PROCESSOR stores ("Status Bits").
pub mod status {
    /// An external call is pending.
    pub const EXTERNAL_CALL_PENDING: u32 = 0x80;
    /// The CPU is stopped.
    pub const STOPPED: u32 = 0x40;
    /// The CPU is in the check-stop state.
    pub const CHECK_STOP: u32 = 0x10;
    /// The order code is not assigned, or the order is not provided.
    pub const INVALID_ORDER: u32 = 0x02;
}

impl CpuState {
    /// CPU reset: pending conditions and the check-stop state are cleared. A TLB is to be purged.
    pub fn cpu_reset(&mut self) {
        self.external = ExternalRequests::default();
        self.machine_checks = 0;
        self.restart = false;
        self.pending_per = None;
        self.run_state = RunState::Stopped;
    }

    /// Initial CPU reset: CPU reset, and PSW, CPU timer, clock comparator, prefix and control registers get their
    /// initial values.
    pub fn initial_cpu_reset(&mut self) {
        self.cpu_reset();
        self.psw = Psw::default();
        self.cpu_timer_base = self.time;
        self.clock_comparator = 0;
        self.prefix = 0;
        self.cr = control_register::INITIAL;
    }

    /// The stop function. The stopped state is entered between two instructions, when the interruptions that are allowed
    /// have been taken; then, with `store_status`, the status is stored.
    pub fn stop(&mut self, store_status: bool) {
        if self.run_state == RunState::Operating {
            self.run_state = RunState::Stopping { store_status };
        }
    }

    /// Enters the stopped state if the stop function has been asked for.
    pub(crate) fn finish_stopping(&mut self, storage: &impl AbsoluteStorage) {
        let RunState::Stopping { store_status } = self.run_state else { return };
        self.run_state = RunState::Stopped;
        if store_status {
            self.store_status(storage);
        }
    }

    /// Store status: the registers, at their assigned absolute locations. The model-dependent word is left as it is.
    pub fn store_status(&self, storage: &impl AbsoluteStorage) {
        storage.store_u64(at::PSW_SAVE_AREA, self.psw.emit(0, 0));
        storage.store_u32(at::PREFIX_SAVE_AREA, self.prefix);
        self.store_registers(storage, 0);
    }

    /// Fills the save areas that store status and machine-check interruptions have in common, in the first page or in that
    /// at the prefix.
    pub(crate) fn store_registers(&self, storage: &impl AbsoluteStorage, page: u32) {
        storage.store_u64(page + at::CPU_TIMER_SAVE_AREA, self.cpu_timer());
        storage.store_u64(page + at::CLOCK_COMPARATOR_SAVE_AREA, self.clock_comparator);
        for (at, register) in (page + at::FLOATING_POINT_SAVE_AREA..).step_by(8).zip(self.fpr) {
            storage.store_u64(at, register);
        }
        for (at, register) in (page + at::GENERAL_REGISTER_SAVE_AREA..).step_by(4).zip(self.gr) {
            storage.store_u32(at, register);
        }
        for (at, register) in (page + at::CONTROL_REGISTER_SAVE_AREA..).step_by(4).zip(self.cr) {
            storage.store_u32(at, register);
        }
    }

    /// An order of SIGNAL PROCESSOR arrives from the CPU `from` (0-63), which may be this one.
    ///
    /// For the two program resets, whoever delivers the order also resets the channels of this CPU. After an order is
    /// accepted, nothing that was derived from the state before it (a TLB, say) may be used.
    pub fn receive_order(&mut self, order: u8, from: u16, storage: &impl AbsoluteStorage) -> SignalAnswer {
        match order {
            order::INITIAL_PROGRAM_RESET | order::INITIAL_CPU_RESET => self.initial_cpu_reset(),
            order::PROGRAM_RESET | order::CPU_RESET => self.cpu_reset(),
            order::SENSE..=order::RESTART | order::STOP_AND_STORE_STATUS => return self.obey(order, from, storage),
            _ => return SignalAnswer::Status(status::INVALID_ORDER),
        }
        SignalAnswer::Accepted
    }

    /// The orders that are no resets, which have to wait while an earlier one is being executed.
    fn obey(&mut self, order: u8, from: u16, storage: &impl AbsoluteStorage) -> SignalAnswer {
        match self.run_state {
            // Sense tells of the check stop and all else; the other orders, of what precludes them.
            RunState::CheckStop if order != order::SENSE => return SignalAnswer::Status(status::CHECK_STOP),
            RunState::Stopping { .. } => return SignalAnswer::Busy,
            RunState::Operating | RunState::Stopped if self.restart => return SignalAnswer::Busy,
            _ => {}
        }
        match order {
            order::SENSE => return self.sense(),
            order::EXTERNAL_CALL if self.external.external_call.is_some() => {
                return SignalAnswer::Status(status::EXTERNAL_CALL_PENDING);
            }
            order::EXTERNAL_CALL => self.external.external_call = Some(from),
            order::EMERGENCY_SIGNAL => self.external.emergency_signal |= 1 << (from % 64),
            order::START if self.run_state == RunState::Stopped => self.run_state = RunState::Operating,
            order::STOP => self.stop(false),
            order::RESTART => self.restart = true,
            order::STOP_AND_STORE_STATUS if self.run_state == RunState::Stopped => self.store_status(storage),
            order::STOP_AND_STORE_STATUS => self.stop(true),
            _ => {}
        }
        SignalAnswer::Accepted
    }

    fn sense(&self) -> SignalAnswer {
        let mut bits = match self.run_state {
            RunState::Stopped => status::STOPPED,
            RunState::CheckStop => status::CHECK_STOP,
            RunState::Operating | RunState::Stopping { .. } => 0,
        };
        if self.external.external_call.is_some() {
            bits |= status::EXTERNAL_CALL_PENDING;
        }
        if bits == 0 { SignalAnswer::Accepted } else { SignalAnswer::Status(bits) }
    }
}
