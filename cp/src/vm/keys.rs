//! The keys and switches of a virtual machine's console, which its user presses by commands.

use std::sync::Arc;

use s370_arch::{interruption::external, isa::Facility, psw::Psw};
use s370_cpu::{
    interruption::{Interruption, early_exception},
    machine::StringOfInterruptions,
    processor::Processor,
    state::RunState,
};

use super::{Definition, TablePool, VirtualMachine};
use crate::real::{PAGE, RealStorage, StorageError};

impl VirtualMachine {
    /// The start key.
    pub fn start(&mut self) {
        if self.state.run_state == RunState::Stopped {
            self.state.run_state = RunState::Operating;
        }
    }

    /// The restart key.
    pub fn restart(&mut self) {
        self.start();
        self.take(&Interruption::Restart);
    }

    /// Makes a doubleword the PSW. One whose format is invalid leads to a program interruption at once.
    pub fn set_psw(&mut self, psw: Psw) {
        self.state.psw = psw;
        self.string = StringOfInterruptions::default();
        if !self.state.accepts(&psw) {
            self.take(&Interruption::Program(early_exception(0)));
        }
    }

    /// Changes a control register.
    pub fn set_control_register(&mut self, number: usize, value: u32) {
        self.state.cr[number & 15] = value;
        self.registers_kept = false;
    }

    /// Whether it has extended control mode: SET ECMODE.
    #[must_use]
    pub fn has_extended_control(&self) -> bool {
        self.state.model.has(Facility::Translation)
    }

    /// Gives it extended control mode or takes it away. A reset should follow.
    pub fn set_extended_control(&mut self, is_on: bool) {
        self.state.model = self.state.model.with(Facility::Translation, is_on);
    }

    /// Resets it as a command does that is not a key of a real console: it is in the wait state then, with nothing enabled
    /// (PSW 00020000 00000000), and goes on with that when it is begun.
    pub fn reset_to_wait(&mut self, processor: &mut Processor, clear: bool) {
        if clear {
            self.system_clear(processor)
        } else {
            self.system_reset(processor)
        }
        self.state.psw = Psw { wait: true, ..Psw::default() };
        self.start();
    }

    /// The external interruption with this code: 40 is the interrupt key, other codes of one byte are signals.
    pub fn external_interruption(&mut self, code: u8) {
        const KEYS: u16 = external::INTERRUPT_KEY | external::SIGNALS | external::INTERVAL_TIMER;
        self.state.external.signals |= u16::from(code) & KEYS;
    }

    /// Another storage size: everything is zeros then, and the machine is reset.
    ///
    /// # Errors
    /// There cannot be such a machine; nothing has changed.
    pub fn redefine(
        &mut self,
        processor: &mut Processor,
        user: [u8; 8],
        size: u32,
        real: &Arc<RealStorage>,
        pool: &Arc<TablePool>,
    ) -> Result<(), StorageError> {
        let definition = Definition { user, storage: size, model: self.state.model, timer: self.timer };
        let mut new = VirtualMachine::new(self.owner, &definition, real, pool)?;
        self.reset_to_wait(processor, false);
        std::mem::swap(&mut new.storage, &mut self.storage);
        std::mem::swap(&mut new.blocks, &mut self.blocks);
        std::mem::swap(&mut new.shadows, &mut self.shadows);
        self.registers_kept = false;
        self.epoch += 1;
        new.purge(processor);
        self.purge(processor);
        Ok(())
    }

    /// How many pages of it are in real storage.
    #[must_use]
    pub fn resident_pages(&self, real: &RealStorage) -> u32 {
        const INVALID_SEGMENT: u32 = 1;
        const INVALID_PAGE: u16 = 8;
        let storage = real.storage();
        let segments = self.storage.designation() & 0x00FF_FFC0;
        let tables = (0..self.storage.size().div_ceil(64 << 10)).map(|segment| storage.u32(segments + segment * 4));
        let in_table = |table: u32| {
            let table = table & 0x00FF_FFF8;
            (0..16).filter(|page| storage.u16(table + page * 2) & INVALID_PAGE == 0).count() as u32
        };
        tables.filter(|table| table & INVALID_SEGMENT == 0).map(in_table).sum()
    }

    /// Pages that it has.
    #[must_use]
    pub fn pages(&self) -> u32 {
        self.storage.size() / PAGE
    }
}
