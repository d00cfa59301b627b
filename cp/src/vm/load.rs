//! Initial program loading and resets of a virtual machine (GA22-7000-10, chapter 4, "Resets", "Initial Program Loading").

use devices::machine::{IplError, introduce_psw};
use s370_arch::storage_key::BLOCK;
use s370_cpu::{processor::Processor, state::RunState, storage::AbsoluteStorage};

use super::VirtualMachine;
use crate::real::{PAGE, SEGMENT};

impl VirtualMachine {
    /// SYSTEM RESET: processor and channels.
    pub fn system_reset(&mut self, processor: &mut Processor) {
        self.state.cpu_reset();
        self.after_reset(processor);
    }

    /// SYSTEM CLEAR: resets, and clears storage, keys and registers.
    pub fn system_clear(&mut self, processor: &mut Processor) {
        self.state.initial_cpu_reset();
        self.state.gr = [0; 16];
        self.state.fpr = [0; 4];
        // Nothing is brought in to be cleared; what is shared is not released, and becomes the machine's own.
        let cleared = self.storage.release_pages(0, self.storage.size() / PAGE - 1);
        debug_assert!(cleared.is_ok(), "all of it is there");
        for at in (0..self.storage.size()).step_by(BLOCK as usize) {
            if self.storage.is_shared(at / SEGMENT) {
                self.storage.store(at, &[0; BLOCK as usize]);
            }
            self.storage.set_key(at, 0);
        }
        self.after_reset(processor);
    }

    fn after_reset(&mut self, processor: &mut Processor) {
        self.channels.reset();
        self.state.run_state = RunState::Stopped;
        self.registers_kept = false;
        self.string = s370_cpu::machine::StringOfInterruptions::default();
        self.shadows.purge();
        self.epoch += 1;
        self.purge(processor);
    }

    /// IPL of a device. Its processor runs then.
    ///
    /// # Errors
    /// The device did not do it, or the PSW is invalid; the virtual machine is stopped.
    pub fn ipl(&mut self, processor: &mut Processor, address: u16, clear: bool) -> Result<(), IplError> {
        if clear {
            self.system_clear(processor);
        } else {
            self.state.initial_cpu_reset();
            self.after_reset(processor);
        }
        let loaded = self.channels.load(address, self.state.time, &self.storage).inspect_err(|_| {
            self.channels.reset();
        })?;
        if self.instruction_time != 0 {
            self.sleep_until(loaded);
        }
        introduce_psw(&mut self.state, &self.storage, address).inspect_err(|_| self.channels.reset())
    }
}
