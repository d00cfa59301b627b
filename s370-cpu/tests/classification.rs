//! Popek and Goldberg's condition, tried: every sensitive instruction traps in the problem state, whatever its operands, when
//! the control registers grant nothing; the exceptions are those that `s370_arch::classification` names.

use std::sync::Arc;

use s370_arch::{
    interruption::Class,
    isa::{Exception, Facility, Op, Row, TABLE},
    psw::{Psw, system_mask},
};
use s370_cpu::{
    bus::NoDevices,
    machine::{Machine, Stop},
    processor::Engine,
    state::{CpuState, Model},
    storage::Storage,
};

const START: u32 = 0x1000;
const EXECUTE: u32 = 0x1100;
const HANDLER: u32 = 0x2000;
const SEGMENT_TABLE: u32 = 0x3000;
const PAGE_TABLE: u32 = 0x3100;
/// 64 KiB of storage, virtual equal to real.
const PAGES: u32 = 16;

/// Operands of all sorts: registers and the six bytes of the instruction beyond the operation code.
struct Operands {
    gr: [u32; 16],
    rest: [u8; 5],
}

/// A simple generator with a fixed seed, enough for operands.
fn operands(seed: u64) -> Operands {
    let mut value = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        value = value.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (value >> 32) as u32
    };
    // Every other set of registers is of addresses that exist and are aligned.
    let mask = if seed.is_multiple_of(2) { 0xFFF8 } else { u32::MAX };
    Operands { gr: std::array::from_fn(|_| next() & mask), rest: std::array::from_fn(|_| next() as u8) }
}

/// A virtual machine's processor as the control program sets it: problem state, EC mode, translation on, and control
/// registers that withhold all authority.
fn state(operands: &Operands, key: u8) -> CpuState {
    let mut state = CpuState::new(Model::default().with(Facility::EcpsVm, true));
    state.cr = [0; 16];
    // 64K segments of 4K pages; no extraction authority, no secondary space.
    state.cr[0] = 0x0080_0000;
    state.cr[1] = SEGMENT_TABLE;
    state.gr = operands.gr;
    state.psw =
        Psw { ec: true, system_mask: system_mask::TRANSLATION, problem: true, key, address: START, ..Psw::default() };
    state
}

/// The program-interruption code of an instruction, or none if it was executed or was an event of another kind.
fn code_of(row: &Row, operands: &Operands, engine: Engine, executed: bool) -> Option<u16> {
    let storage = Storage::new(u64::from(PAGES) * 4096).expect("a size that can be had");
    storage.store_u32(SEGMENT_TABLE, 0xF000_0000 | PAGE_TABLE);
    for page in 0..PAGES {
        storage.store_u16(PAGE_TABLE + 2 * page, (page << 4) as u16);
        storage.set_key(page * 4096, 0x16);
        storage.set_key(page * 4096 + 2048, 0x16);
    }
    let instruction = instruction(row, operands);
    let at = if executed { EXECUTE } else { START };
    for (offset, byte) in (0..).zip(instruction) {
        storage.store_u8(at + offset, byte);
    }
    if executed {
        // EXECUTE 256(0,15), which does not modify its target.
        storage.store_u32(START, 0x4400_F100);
    }
    let new = Psw { ec: true, address: HANDLER, ..Psw::default() };
    storage.store_u64(Class::Program.new_psw(), new.emit(0, 0));
    let mut state = state(operands, 1);
    if executed {
        state.gr[15] = START;
    }
    let mut machine = Machine::new(state, Arc::new(storage));
    machine.processor.engine = engine;
    assert_eq!(machine.run(&mut NoDevices, 1), (1, Stop::Count), "{}", row.mnemonic);
    let trapped = machine.processor.state.psw.address == HANDLER && !machine.processor.state.psw.problem;
    trapped.then(|| machine.processor.storage.u16(0x8E))
}

/// The operation code with operands behind it.
fn instruction(row: &Row, operands: &Operands) -> [u8; 6] {
    let rest = operands.rest;
    let code = row.code.to_be_bytes();
    if row.is_two_level() {
        [code[0], code[1], rest[0], rest[1], rest[2], rest[3]]
    } else {
        [code[1], rest[0], rest[1], rest[2], rest[3], rest[4]]
    }
}

const fn code(exception: Exception) -> u16 {
    match exception {
        Exception::SpecialOperation => 0x13,
        _ => 2,
    }
}

#[test]
fn every_sensitive_instruction_traps_but_those_that_are_named() {
    let mut untrapped: Vec<Op> = Vec::new();
    for row in TABLE.iter().filter(|row| row.is_sensitive()) {
        for engine in [Engine::Slow, Engine::Fast, Engine::Translator] {
            for seed in 0..40 {
                for executed in [false, true] {
                    let found = code_of(row, &operands(seed), engine, executed);
                    match row.handling().trap() {
                        Some(exception) => assert_eq!(
                            found,
                            Some(code(exception)),
                            "{} on {engine:?}, operands {seed}, executed {executed}",
                            row.mnemonic
                        ),
                        None if found.is_none() && !untrapped.contains(&row.op) => untrapped.push(row.op),
                        None => {}
                    }
                }
            }
        }
    }
    assert_eq!(untrapped, [Op::MC, Op::STCK], "the exceptions to the theorem's condition");
}

#[test]
fn innocuous_instructions_are_never_privileged_operations() {
    for row in TABLE.iter().filter(|row| !row.is_sensitive()) {
        for engine in [Engine::Slow, Engine::Fast, Engine::Translator] {
            for seed in 0..40 {
                let found = code_of(row, &operands(seed), engine, false);
                assert!(!matches!(found, Some(2 | 0x13)), "{} on {engine:?}, operands {seed}", row.mnemonic);
            }
        }
    }
}

/// What the theorem needs the control program for: with authority granted, the semiprivileged instructions do not trap.
#[test]
fn semiprivileged_instructions_trap_only_for_want_of_authority() {
    for op in [Op::IPK, Op::SPKA, Op::IAC, Op::EPAR, Op::ESAR, Op::SAC] {
        let row = TABLE.iter().find(|row| row.op == op).unwrap();
        let storage = Storage::new(u64::from(PAGES) * 4096).expect("a size that can be had");
        storage.store_u32(SEGMENT_TABLE, 0xF000_0000 | PAGE_TABLE);
        for page in 0..PAGES {
            storage.store_u16(PAGE_TABLE + 2 * page, (page << 4) as u16);
        }
        storage.store_u16(START, row.code);
        let mut state = state(&Operands { gr: [0; 16], rest: [0; 5] }, 0);
        state.cr[0] |= 0x0C00_0000;
        state.cr[3] = 0xFFFF_0000;
        state.cr[7] = SEGMENT_TABLE;
        let mut machine = Machine::new(state, Arc::new(storage));
        assert_eq!(machine.run(&mut NoDevices, 1), (1, Stop::Count));
        assert_eq!(machine.processor.state.psw.address, START + 4, "{}", row.mnemonic);
    }
}
