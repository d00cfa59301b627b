//! The bare machine: a processor, its storage and its channels, and the operator's keys (GA22-7000-10, chapter 4).
//!
//! In virtual time ([`Processor::instruction_time`](s370_cpu::processor::Processor::instruction_time) not zero, as at
//! first) everything follows from what the machine is told and when: a processor that waits finds the clock moved to the
//! next event. With the host's clock ([`BareMachine::use_host_clock`]) the caller feeds the time in. Then quick devices do
//! not wait for it: what they are to do next is done between two runs of instructions, or at once if the processor waits.
//! A program cannot count on a device being slow.

use std::sync::Arc;

use s370_arch::{
    assigned_storage::{IO_ADDRESS, IPL_PSW},
    interruption::external,
    psw::Psw,
    storage_key::BLOCK,
};
use s370_cpu::{
    machine::{Machine, Stop},
    state::{CpuState, Model, RunState},
    storage::{AbsoluteStorage, BadSize, Storage},
};
use thiserror::Error;

use crate::channel::{Channels, LoadError, Timing};

/// With the host's clock: instructions between two looks at devices that are not to be waited for.
const STRIDE: u64 = 10_000;

/// With the host's clock: how many events of such devices may come between two runs of instructions.
const EVENTS_A_STRIDE: u64 = 64;

/// Why [`BareMachine::run`] came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// What the run was allowed to do is done.
    Budget,
    /// The processor waits.
    Waiting {
        /// When something will happen by itself, in TOD-clock units since power-on; none if only something outside can
        /// end the wait. In virtual time it is always none.
        until: Option<u64>,
    },
    /// The processor is stopped.
    Stopped,
    /// The processor is in the check-stop state.
    CheckStop,
}

/// Why initial program loading failed. The processor is stopped then.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum IplError {
    /// The device did not do it.
    #[error("IPL: {0}")]
    Load(#[from] LoadError),
    /// The PSW that was loaded has an invalid format.
    #[error("IPL: the PSW {0:016X} that was loaded from location 0 is invalid")]
    Psw(u64),
}

/// A machine that stands on no other.
pub struct BareMachine {
    /// The processor, which takes its own interruptions.
    pub machine: Machine,
    /// Channels and devices.
    pub channels: Channels,
}

impl BareMachine {
    /// A machine after power-on reset: stopped, all zeros, no device.
    ///
    /// # Errors
    /// Storage of this size, in bytes, cannot be had.
    pub fn new(storage: u64, model: Model) -> Result<BareMachine, BadSize> {
        let mut machine = Machine::new(CpuState::new(model), Arc::new(Storage::new(storage)?));
        machine.processor.state.run_state = RunState::Stopped;
        Ok(BareMachine { machine, channels: Channels::new() })
    }

    /// The processor's state.
    #[must_use]
    pub fn state(&self) -> &CpuState {
        &self.machine.processor.state
    }

    /// Main storage.
    #[must_use]
    pub fn storage(&self) -> &Storage {
        &self.machine.processor.storage
    }

    /// Time no longer passes with instructions: [`BareMachine::set_time`] says what it is.
    pub fn use_host_clock(&mut self) {
        self.machine.processor.instruction_time = 0;
        self.channels.hurry_for_programs();
    }

    /// Feeds the host's time in: TOD-clock units since power-on.
    pub fn set_time(&mut self, now: u64) {
        self.machine.processor.set_time(now);
    }

    /// To be called when something outside was done to a device.
    pub fn touched(&mut self, address: u16) {
        let processor = &self.machine.processor;
        self.channels.touched(address, processor.state.time, &*processor.storage);
    }

    /// Runs the machine. At most `budget` instructions are executed and waits ended, together. Says how many
    /// instructions were executed, and why it came back.
    pub fn run(&mut self, budget: u64) -> (u64, End) {
        let (mut executed, mut left) = (0, budget);
        loop {
            let stride = if self.hurries() { left.min(STRIDE) } else { left };
            let (count, stop) = self.machine.run(&mut self.channels, stride);
            executed += count;
            left -= count;
            match stop {
                Stop::Stopped => return (executed, End::Stopped),
                Stop::CheckStop => return (executed, End::CheckStop),
                _ if left == 0 => return (executed, End::Budget),
                Stop::Count => {
                    self.hurry(EVENTS_A_STRIDE);
                }
                Stop::Wait if self.hurries() && self.channels.next_event() != u64::MAX => {
                    left -= self.hurry(left.min(EVENTS_A_STRIDE));
                }
                Stop::Wait => {
                    left -= 1;
                    if let Some(end) = self.wait() {
                        return (executed, end);
                    }
                }
            }
        }
    }

    /// Whether devices go on before their time has come.
    fn hurries(&self) -> bool {
        self.machine.processor.instruction_time == 0 && self.channels.timing() == Timing::Quick
    }

    /// Lets at most so many events happen before their time, until one interrupts; says how many.
    fn hurry(&mut self, events: u64) -> u64 {
        let processor = &self.machine.processor;
        let allowed = processor.state.psw.io_channels(processor.state.cr[2]);
        for done in 0..events {
            if self.channels.asks_for(allowed) || !self.channels.hurry(processor.state.time, &*processor.storage) {
                return done;
            }
        }
        events
    }

    /// Brings the next event about for a processor that waits; tells if that cannot be done here.
    fn wait(&mut self) -> Option<End> {
        let processor = &mut self.machine.processor;
        let next = processor.next_event_time(&self.channels);
        if next == u64::MAX {
            return Some(End::Waiting { until: None });
        }
        if processor.instruction_time == 0 && next > processor.state.time {
            return Some(End::Waiting { until: Some(next) });
        }
        processor.set_time(next);
        None
    }

    /// The start key.
    pub fn start(&mut self) {
        let state = &mut self.machine.processor.state;
        if state.run_state == RunState::Stopped {
            state.run_state = RunState::Operating;
        }
    }

    /// The stop key. The processor stops at the next [`BareMachine::run`], after the interruptions that are allowed.
    pub fn stop(&mut self) {
        self.machine.processor.state.stop(false);
    }

    /// The start key with the rate switch at instruction step: one instruction, or one wait, and the interruptions before
    /// it; then the processor is stopped.
    pub fn step(&mut self) -> End {
        self.start();
        let (_, end) = self.run(1);
        let state = &mut self.machine.processor.state;
        if state.run_state == RunState::Operating {
            state.run_state = RunState::Stopped;
        }
        end
    }

    /// The restart key: a restart interruption, which starts a stopped processor.
    pub fn restart(&mut self) {
        self.machine.processor.state.restart = true;
    }

    /// The interrupt key: an external interruption.
    pub fn external_key(&mut self) {
        self.machine.processor.state.external.signals |= external::INTERRUPT_KEY;
    }

    /// The store-status key: registers go to their assigned locations. The processor should be stopped.
    pub fn store_status(&mut self) {
        let processor = &self.machine.processor;
        processor.state.store_status(&*processor.storage);
    }

    /// The system-reset key: a program reset (CPU reset and I/O system reset), or a clear reset, which is an initial
    /// program reset that clears storage and registers too.
    pub fn system_reset(&mut self, clear: bool) {
        if clear {
            self.initial_program_reset();
            self.clear();
        } else {
            self.machine.processor.state.cpu_reset();
            self.channels.reset();
        }
        self.machine.processor.purge_tlb();
    }

    fn initial_program_reset(&mut self) {
        self.machine.processor.state.initial_cpu_reset();
        self.channels.reset();
    }

    /// Clears storage, keys and registers.
    fn clear(&mut self) {
        let processor = &mut self.machine.processor;
        processor.state.gr = [0; 16];
        processor.state.fpr = [0; 4];
        let storage = &processor.storage;
        let mut block = [0; BLOCK as usize];
        for at in (0..storage.size()).step_by(BLOCK as usize) {
            storage.read(at, &mut block);
            // What is zero already need not cost the host memory.
            if block.iter().any(|&byte| byte != 0) {
                storage.store(at, &[0; BLOCK as usize]);
            }
            storage.set_key(at, 0);
        }
    }

    /// The load keys, load-normal or load-clear: resets the machine, reads 24 bytes from the device to location 0, runs
    /// the channel program that they begin, stores the device's address, loads the PSW from location 0 and starts the
    /// processor ("Initial Program Loading").
    ///
    /// # Errors
    /// The device did not do it, or the PSW is invalid. The processor is stopped.
    pub fn ipl(&mut self, address: u16, clear: bool) -> Result<(), IplError> {
        self.initial_program_reset();
        if clear {
            self.clear();
        }
        self.machine.processor.purge_tlb();
        let processor = &mut self.machine.processor;
        let loaded = self.channels.load(address, processor.state.time, &*processor.storage).inspect_err(|_| {
            // Nothing goes on after a load that failed.
            self.channels.reset();
        })?;
        if processor.instruction_time != 0 {
            processor.set_time(loaded);
        }
        introduce_psw(&mut processor.state, &*processor.storage, address).inspect_err(|_| self.channels.reset())
    }
}

/// The end of initial program loading: the address of the device is stored, the PSW at location 0 becomes current, and the
/// processor starts ("Initial Program Loading").
///
/// # Errors
/// The PSW is invalid; nothing has changed then.
pub fn introduce_psw<S: AbsoluteStorage>(state: &mut CpuState, storage: &S, address: u16) -> Result<(), IplError> {
    let word = storage.u64(IPL_PSW);
    let psw = Psw::parse(word);
    if !state.accepts(&psw) {
        return Err(IplError::Psw(word));
    }
    if psw.ec {
        storage.store_u8(IO_ADDRESS - 1, 0);
        storage.store_u16(IO_ADDRESS, address);
    } else {
        storage.store_u16(IPL_PSW + 2, address);
    }
    state.psw = psw;
    state.run_state = RunState::Operating;
    Ok(())
}
