//! What unit tests of instructions stand on: a processor, its storage, and one instruction at a time.

use s370_arch::{interruption::ProgramCode, psw::Psw};

use super::{Effects, Interpreter};
use crate::{
    bus::{Bus, NoDevices},
    interruption::{Detail, Interruption, ProgramInterruption},
    state::{CpuState, Model, RunState},
    storage::Storage,
};

/// Where [`Harness::step`] puts its instruction.
pub(crate) const START: u32 = 0x1000;

/// A processor without surroundings, in the supervisor state of EC mode, translation off, key 0, 64K of storage.
pub(crate) struct Harness {
    pub state: CpuState,
    pub storage: Storage,
    /// What the last instruction said it did.
    pub effects: Effects,
}

impl Harness {
    pub fn new() -> Harness {
        Harness::with(Model::default())
    }

    pub fn with(model: Model) -> Harness {
        let mut state = CpuState::new(model);
        state.run_state = RunState::Operating;
        state.psw = Psw { ec: true, ..Psw::default() };
        Harness { state, storage: Storage::new(0x1_0000).unwrap(), effects: Effects::default() }
    }

    /// In the problem state.
    pub fn problem() -> Harness {
        let mut harness = Harness::new();
        harness.state.psw.problem = true;
        harness
    }

    /// Executes one instruction, given in halfwords.
    pub fn step_with(&mut self, bus: &mut dyn Bus, instruction: &[u16]) -> Result<(), Interruption> {
        for (at, halfword) in (START..).step_by(2).zip(instruction) {
            self.storage.store_u16(at, *halfword);
        }
        self.state.psw.address = START;
        let mut interpreter = Interpreter::new(&mut self.state, &self.storage, bus);
        let outcome = interpreter.step();
        self.effects = interpreter.effects;
        outcome
    }

    pub fn step(&mut self, instruction: &[u16]) -> Result<(), Interruption> {
        self.step_with(&mut NoDevices, instruction)
    }

    /// Executes one instruction that must complete; the condition code.
    pub fn cc(&mut self, instruction: &[u16]) -> u8 {
        assert_eq!(self.step(instruction), Ok(()), "{instruction:04X?}");
        assert_eq!(self.state.psw.address, START + 2 * instruction.len() as u32);
        self.state.psw.cc
    }

    /// Executes one instruction that must cause a program interruption.
    pub fn interruption(&mut self, instruction: &[u16]) -> ProgramInterruption {
        match self.step(instruction) {
            Err(Interruption::Program(program)) => program,
            other => panic!("{instruction:04X?}: {other:?}"),
        }
    }

    /// The code of the program interruption that an instruction must cause.
    pub fn code(&mut self, instruction: &[u16]) -> ProgramCode {
        self.interruption(instruction).code.expect("a program interruption with a code")
    }

    /// Code and detail.
    pub fn detail(&mut self, instruction: &[u16]) -> (ProgramCode, Detail) {
        let program = self.interruption(instruction);
        (program.code.expect("a program interruption with a code"), program.detail)
    }
}
