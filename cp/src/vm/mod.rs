//! A virtual machine: a System/370 whose processor is lent to it.
//!
//! Its architected state is a [`CpuState`] like the real one's, its storage a [`GuestStorage`], its channels are those of the
//! bare machine. [`run`] alternates between two ways of executing its instructions. Most of the time the real processor
//! executes them, in the problem state, under tables that lead nowhere but into its own frames; what cannot be executed so
//! is simulated: by the same definitions of the instructions, applied to the virtual state and storage.

mod access;
mod blocks;
mod bus;
mod keys;
mod load;
mod run;
mod shadow;

use std::sync::Arc;

use devices::channel::Channels;
use s370_arch::interruption::external;
use s370_cpu::{
    bus::Bus,
    interruption::Interruption,
    machine::StringOfInterruptions,
    processor::Engine,
    state::{CpuState, Model},
};

pub(crate) use self::access::{Access, Fault};
pub use self::{
    blocks::{ControlBlocks, ecblok, micblok, vmblok},
    bus::VirtualBus,
    run::{Counts, Stop},
    shadow::{Filled, SPACES, Selected, Shadows, TablePool},
};
use crate::{
    post::Post,
    real::{GuestStorage, Owner, RealStorage, StorageError},
    vmcf::Vmcf,
};

/// How the timers of a virtual machine run: SET TIMER.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Timer {
    /// The interval timer does not run; the CPU timer runs while the virtual machine does.
    Off,
    /// They run while the virtual machine does.
    #[default]
    On,
    /// They run in the wait state too.
    Real,
}

/// What a virtual machine is made from.
#[derive(Clone, Debug)]
pub struct Definition {
    /// The user's identification, in EBCDIC, padded with blanks.
    pub user: [u8; 8],
    /// Storage in bytes: 8K to 16M.
    pub storage: u32,
    /// The processor's model; its version code and the like.
    pub model: Model,
    /// How timers run.
    pub timer: Timer,
}

/// A virtual machine. Its channels are [`Channels`], but in tests of instructions alone.
pub struct VirtualMachine<B = Channels> {
    /// Which one it is.
    pub owner: Owner,
    /// The state of its processor.
    pub state: CpuState,
    /// Its storage.
    pub storage: GuestStorage,
    /// Its channels and devices.
    pub channels: B,
    /// How its timers run.
    timer: Timer,
    /// What was done for it.
    pub counts: Counts,
    /// Units of the TOD clock that pass with each instruction; zero when the host's clock is fed in.
    pub instruction_time: u64,
    /// How the real processor executes its instructions.
    pub engine: Engine,
    real: Arc<RealStorage>,
    shadows: Shadows,
    blocks: ControlBlocks,
    /// Control registers are in the ECBLOK as they are in the state.
    registers_kept: bool,
    /// Changes whenever real tables may differ from what processors remember of them.
    epoch: u64,
    string: StringOfInterruptions,
    /// Where messages for it come from; none if it has to do without.
    messages: Option<(Arc<Vmcf>, Arc<Post>)>,
}

impl VirtualMachine {
    /// A virtual machine after power-on reset, stopped, without devices.
    ///
    /// # Errors
    /// Its size cannot be, or real storage is exhausted.
    pub fn new(
        owner: Owner,
        definition: &Definition,
        real: &Arc<RealStorage>,
        pool: &Arc<TablePool>,
    ) -> Result<VirtualMachine, StorageError> {
        VirtualMachine::with(owner, definition, real, pool, Channels::new())
    }

    /// The virtual machine whose storage is the V=R area: its absolute addresses are real ones, but in the first page, and
    /// none of its pages is ever paged out. Its size is that of the area, whatever the definition says.
    ///
    /// # Errors
    /// There is no such area, or a virtual machine has it.
    pub fn v_equals_r(
        owner: Owner,
        definition: &Definition,
        real: &Arc<RealStorage>,
        pool: &Arc<TablePool>,
    ) -> Result<VirtualMachine, StorageError> {
        let storage = GuestStorage::v_equals_r(Arc::clone(real), owner)?;
        VirtualMachine::of(storage, owner, definition, (real, pool), Channels::new())
    }
}

impl<B: Bus<GuestStorage>> VirtualMachine<B> {
    /// A virtual machine after power-on reset, stopped, with these channels.
    ///
    /// # Errors
    /// Its size cannot be, or real storage is exhausted.
    pub fn with(
        owner: Owner,
        definition: &Definition,
        real: &Arc<RealStorage>,
        pool: &Arc<TablePool>,
        channels: B,
    ) -> Result<VirtualMachine<B>, StorageError> {
        let storage = GuestStorage::new(Arc::clone(real), owner, definition.storage)?;
        VirtualMachine::of(storage, owner, definition, (real, pool), channels)
    }

    fn of(
        storage: GuestStorage,
        owner: Owner,
        definition: &Definition,
        (real, pool): (&Arc<RealStorage>, &Arc<TablePool>),
        channels: B,
    ) -> Result<VirtualMachine<B>, StorageError> {
        let blocks = ControlBlocks::new(real, definition.user, storage.size(), storage.designation())?;
        storage.set_vmblok(blocks.vmblok);
        let mut state = CpuState::new(definition.model);
        state.run_state = s370_cpu::state::RunState::Stopped;
        let mut machine = VirtualMachine {
            owner,
            state,
            storage,
            channels,
            timer: definition.timer,
            counts: Counts::default(),
            instruction_time: s370_cpu::state::MICROSECOND,
            engine: Engine::default(),
            real: Arc::clone(real),
            shadows: Shadows::new(Arc::clone(real), Arc::clone(pool)),
            blocks,
            registers_kept: false,
            epoch: 0,
            string: StringOfInterruptions::default(),
            messages: None,
        };
        machine.set_timer(definition.timer);
        Ok(machine)
    }

    /// The control blocks in real storage.
    #[must_use]
    pub fn blocks(&self) -> &ControlBlocks {
        &self.blocks
    }

    /// How its timers run.
    #[must_use]
    pub fn timer(&self) -> Timer {
        self.timer
    }

    /// Says how its timers are to run.
    pub fn set_timer(&mut self, timer: Timer) {
        self.timer = timer;
        let runs = timer != Timer::Off;
        if runs && !self.state.model.interval_timer {
            // It goes on from now: what has passed meanwhile is not counted.
            self.state.restart_interval_timer();
        }
        self.state.model.interval_timer = runs;
    }

    /// Takes an interruption as the virtual machine's processor does.
    fn take(&mut self, interruption: &Interruption) {
        if matches!(interruption, Interruption::External { code: external::MESSAGE, .. }) && !self.bring_message() {
            // It was withdrawn meanwhile.
            return;
        }
        self.counts.interruptions += 1;
        // Interruptions may follow each other without an instruction between them.
        self.counts.extra += 1;
        let early = self.state.take(&self.storage, interruption).err().map(Interruption::Program);
        let invalid = early.is_some_and(|early| self.state.take(&self.storage, &early).is_err());
        // A program new PSW that is itself invalid leads to itself.
        if invalid || self.string.goes_on(*interruption, self.state.psw, true) {
            self.state.run_state = s370_cpu::state::RunState::CheckStop;
        }
    }
}
