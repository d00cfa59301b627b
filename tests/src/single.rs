//! One instruction on a small machine, for comparison with models.

use std::sync::Arc;

use s370_arch::{format::Instruction, storage_key::BLOCK};
use s370_cpu::{bus::NoDevices, machine::Machine, processor::Engine, state::CpuState, storage::Storage};

use crate::vector::Picture;

/// Bytes of storage, unless the picture is resized.
pub const SIZE: usize = 0x8000;
/// Where the instruction stands.
pub const AT: u32 = 0x1008;

/// The machine before an instruction: a picture whose PSW's address is [`AT`], without translation.
///
/// # Panics
/// Never: the places are inside storage.
#[must_use]
pub fn machine() -> Picture {
    let mut picture = Picture::new();
    picture.resize(SIZE);
    picture.state.psw.address = AT;
    picture.put(104, &0x0002_0000_0000_0E28_u64.to_be_bytes()).expect("low storage");
    picture
}

/// What became of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The processor; after an interruption, with the old PSW put back.
    pub state: CpuState,
    /// Storage, but for what taking an interruption stored.
    pub storage: Vec<u8>,
    /// The program interruption.
    pub interruption: Option<u16>,
}

/// Executes an instruction after two that do nothing, so that the fast engine is at work.
///
/// # Panics
/// The picture is none of [`machine`]'s.
#[must_use]
pub fn execute(picture: &Picture, instruction: Instruction, engine: Engine) -> Outcome {
    let storage = Storage::new(picture.storage.len() as u64).expect("a size that can be had");
    storage.store(0, &picture.storage);
    for (block, key) in picture.keys.iter().enumerate() {
        storage.set_key(block as u32 * BLOCK, *key);
    }
    storage.store(AT - 4, &[0x07, 0, 0x07, 0]);
    storage.store(AT, instruction.bytes());
    let storage = Arc::new(storage);
    let mut machine = Machine::new(picture.state.clone(), Arc::clone(&storage));
    machine.processor.engine = engine;
    machine.processor.instruction_time = 0;
    machine.processor.state.psw.address = AT - 4;
    machine.log.capacity = 1;
    machine.run(&mut NoDevices, 3);
    let taken = machine.log.taken.first().copied();
    let mut state = machine.processor.state;
    let mut bytes = vec![0; picture.storage.len()];
    storage.read(0, &mut bytes);
    bytes[AT as usize - 4..AT as usize + 6].copy_from_slice(&picture.storage[AT as usize - 4..AT as usize + 6]);
    if let Some(taken) = taken {
        state.psw = s370_arch::psw::Psw::parse(taken.old_psw);
        bytes[40..48].copy_from_slice(&picture.storage[40..48]);
        bytes[140..152].copy_from_slice(&picture.storage[140..152]);
    }
    Outcome { state, storage: bytes, interruption: taken.map(|taken| taken.interruption.code_and_ilc().0) }
}
