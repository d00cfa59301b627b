//! A facility that is not installed: each of its instructions is an operation exception, on every engine, in both states.

use std::sync::Arc;

use s370_arch::{
    interruption::Class,
    isa::{Row, TABLE},
    psw::Psw,
};
use s370_cpu::{
    bus::NoDevices,
    machine::{Machine, Stop},
    processor::Engine,
    state::{CpuState, Model},
    storage::Storage,
};

/// Where the instruction is, and where the program new PSW waits.
const START: u32 = 0x1000;
const HANDLER: u32 = 0x2000;

/// The interruption code after one instruction; `None` when there was none. `silent` lets the engine take interruptions
/// by itself, and then the code is that of the program old PSW in storage.
fn code_after(row: &Row, engine: Engine, problem: bool, silent: bool) -> Option<u16> {
    let storage = Storage::new(16 << 10).expect("a size that can be had");
    let halfword = if row.is_two_level() { row.code } else { row.code << 8 };
    storage.store_u16(START, halfword);
    storage.store_u64(Class::Program.new_psw(), Psw { address: HANDLER, ..Psw::default() }.emit(0, 0));
    // The loop fills its tables only for blocks that have been referred to.
    for block in 0..8 {
        storage.set_key(block * 2048, 6);
    }
    let model = Model::default().with(row.facility, false);
    let mut machine = Machine::new(CpuState::new(model), Arc::new(storage));
    machine.processor.engine = engine;
    machine.log.capacity = usize::from(!silent);
    machine.processor.state.psw = Psw { address: START, problem, ..Psw::default() };
    assert_eq!(machine.run(&mut NoDevices, 1), (1, Stop::Count), "{}", row.mnemonic);
    let old = machine.processor.storage.u64(Class::Program.old_psw());
    (machine.processor.state.psw.address == HANDLER).then_some((old >> 32) as u16)
}

#[test]
fn instructions_of_a_facility_that_is_not_installed_are_operation_exceptions() {
    for row in TABLE {
        for engine in [Engine::Slow, Engine::Fast] {
            for (problem, silent) in [(false, false), (false, true), (true, false), (true, true)] {
                let code = code_after(row, engine, problem, silent);
                assert_eq!(code, Some(1), "{} on {engine:?}, problem state {problem}", row.mnemonic);
            }
        }
    }
}
