//! Program-event recording (GA22-7000-10, chapter 4).

use s370_arch::psw::Psw;
use s370_cpu::{
    bus::NoDevices,
    machine::{Machine, Stop},
    processor::Engine,
    state::CpuState,
};

use super::support::{END, ENGINES, TestBus, quiet_state, with_state};

/// EC mode with PER, at 1000.
const PSW: u64 = 0x4008_0000_0000_1000;
const BRANCH: u32 = 0x8000_0000;
const FETCH: u32 = 0x4000_0000;
const STORE: u32 = 0x2000_0000;
const REGISTER: u32 = 0x1000_0000;

/// A state for these cases: general register n holds n times 1000, the range is that of control registers 10 and 11.
fn state(psw: u64, events: u32, range: (u32, u32)) -> CpuState {
    let mut state = CpuState { psw: Psw::parse(psw), ..quiet_state() };
    state.gr = std::array::from_fn(|n| 0x1000 * n as u32);
    (state.cr[9], state.cr[10], state.cr[11]) = (events, range.0, range.1);
    state
}

/// What a program interruption left: its code, its ILC, the old PSW's address, PER code and PER address.
fn left_by_program(machine: &Machine) -> (u16, u32, u32, u8, u32) {
    let storage = &machine.processor.storage;
    let (identification, old) = (storage.u32(140), storage.u64(40));
    (identification as u16, identification >> 17, old as u32 & 0xFF_FFFF, storage.u8(150), storage.u32(152))
}

/// Runs until the first program interruption. The program is followed by what is no instruction.
fn run(engine: Engine, state: CpuState, program: &[u16], setup: impl Fn(&mut Machine)) -> Machine {
    let mut machine = with_state(engine, state, &[(0x1000, program)]);
    machine.processor.storage.store_u64(104, END);
    setup(&mut machine);
    let (_, stop) = machine.run(&mut NoDevices, 100);
    assert_eq!(stop, Stop::Wait);
    machine
}

/// Nothing was recorded: the program has come to its end.
const NOTHING: (u16, u8) = (1, 0);

/// Events asked for, range; program; what is stored as the interruption code and the PER code.
type Case = (u32, (u32, u32), &'static [u16], (u16, u8));

#[test]
fn events() {
    let all = (0, 0xFF_FFFF);
    let cases: &[Case] = &[
        (BRANCH, (9, 8), &[0x47F0, 0x2000], (0x80, 0x80)),
        (BRANCH, (9, 8), &[0x4700, 0x2000], NOTHING),
        (BRANCH, (5, 5), &[0x07F2], (0x80, 0x80)),
        (BRANCH, all, &[0x07F0], NOTHING),
        (BRANCH, all, &[0x0510], NOTHING),
        (BRANCH, (5, 5), &[0x47F0, 0x1000], (0x80, 0x80)),
        (FETCH, (0x1003, 0x1003), &[0x4110, 0x0000], (0x80, 0x40)),
        (FETCH, (0x1006, 0x2000), &[0x4110, 0x0000], NOTHING),
        (FETCH, (0x1003, 0x0FFF), &[0x4110, 0x0000], (0x80, 0x40)),
        (FETCH, (0x1006, 0x0FFF), &[0x4110, 0x0000], NOTHING),
        (FETCH, (0xFF_FFFF, 0x1000), &[0x1812], (0x80, 0x40)),
        (FETCH, (0xFF00_1000, 0xFF00_1000), &[0x1812], (0x80, 0x40)),
        (STORE, (0x3003, 0x3003), &[0x5010, 0x3000], (0x80, 0x20)),
        (STORE, (0x3004, 0x2FFF), &[0x5010, 0x3000], NOTHING),
        (STORE, all, &[0x5810, 0x3000], NOTHING),
        (STORE, all, &[0xBE10, 0x3000], NOTHING),
        (STORE, (0x3001, 0x3001), &[0xBE16, 0x3000], (0x80, 0x20)),
        (STORE, all, &[0xBA12, 0x3000], NOTHING),
        (STORE, all, &[0xBA02, 0x3000], (0x80, 0x20)),
        (STORE, all, &[0x9300, 0x3000], (0x80, 0x20)),
        (STORE, all, &[0x0813], NOTHING),
        (STORE, all, &[0xD200, 0x3000, 0x3000], (0x80, 0x20)),
        (REGISTER | 0x4000, (9, 8), &[0x1812], (0x80, 0x10)),
        (REGISTER | 0xBFFF, all, &[0x1812], NOTHING),
        (REGISTER | 0x0001, all, &[0x18F2], (0x80, 0x10)),
        (REGISTER | 0x8000, all, &[0x1800], (0x80, 0x10)),
        (REGISTER | 0x8000, all, &[0x1912], NOTHING),
        (REGISTER, all, &[0x1812], NOTHING),
        (REGISTER | 0x2000, all, &[0xBA12, 0x3000], NOTHING),
        (REGISTER | 0x4000, all, &[0xBA12, 0x3000], (0x80, 0x10)),
        (REGISTER | 0x4000, all, &[0xBA02, 0x3000], NOTHING),
        (BRANCH | REGISTER | 0x4000, all, &[0x4610, 0x2000], (0x80, 0x90)),
        (BRANCH | FETCH | REGISTER | 0x4000, all, &[0x4510, 0x2000], (0x80, 0xD0)),
        (0xFFFF, all, &[0x4510, 0x1004], NOTHING),
        // LCTL takes away what was asked for, and asks for what was not: it counts what was asked for when it began.
        (FETCH, (0x1000, 0x1003), &[0xB799, 0x0300], (0x80, 0x40)),
        (0, (0x1000, 0x1003), &[0xB799, 0x0304], NOTHING),
    ];
    for engine in ENGINES {
        for &(events, range, program, (code, per)) in cases {
            let machine = run(engine, state(PSW, events, range), program, |machine| {
                machine.processor.storage.store_u32(0x304, FETCH);
            });
            let left = left_by_program(&machine);
            assert_eq!((left.0, left.3), (code, per), "{events:X} {range:X?} {program:04X?}");
            if per != 0 {
                assert_eq!((left.1, left.4), (program.len() as u32, 0x1000), "{program:04X?}");
            }
        }
    }
}

#[test]
fn the_old_psw_points_at_what_comes_next() {
    for engine in ENGINES {
        for (program, address) in [([0x47F0, 0x2000], 0x2000), ([0x47F0, 0x1000], 0x1000), ([0x4700, 0], 0x1004)] {
            let machine = run(engine, state(PSW, BRANCH | FETCH, (0, 0xFF_FFFF)), &program, |_| {});
            assert_eq!(left_by_program(&machine).2, address);
        }
    }
}

#[test]
fn execute_stands_for_its_target() {
    for engine in ENGINES {
        for (range, per) in [((0x1000, 0x1003), true), ((0x2000, 0x2001), true), ((0x2002, 0x2008), false)] {
            let machine = run(engine, state(PSW, FETCH, range), &[0x4400, 0x2000], |machine| {
                machine.processor.storage.store_u16(0x2000, 0x1812);
            });
            if per {
                assert_eq!(left_by_program(&machine), (0x80, 2, 0x1004, 0x40, 0x1000));
            } else {
                assert_eq!(left_by_program(&machine).0, 1);
            }
        }
    }
}

#[test]
fn with_other_program_interruptions() {
    // An instruction that is suppressed shows that it was fetched; one that is completed shows all.
    for (psw, events, program, expected) in [
        (PSW | 1 << 48, FETCH | REGISTER | 0xFFFF, [0x0912, 0], (0x82, 1, 0x1002, 0x40, 0x1000)),
        (PSW, REGISTER | FETCH | 0x4000, [0x0912, 0], (0x80, 1, 0x1002, 0x50, 0x1000)),
        (PSW | 8 << 40, REGISTER | FETCH | 0x4000, [0x5A10, 0x0300], (0x88, 2, 0x1004, 0x50, 0x1000)),
        (PSW, STORE | FETCH, [0x5010, 0xF000], (0x80, 2, 0x1004, 0x60, 0x1000)),
        (PSW | 5 << 52, STORE | FETCH, [0x5010, 0xF000], (0x84, 2, 0x1004, 0x40, 0x1000)),
    ] {
        for engine in ENGINES {
            let mut state = state(psw, events, (0, 0xFF_FFFF));
            state.gr[1] = 0x7FFF_FFF0;
            let machine = run(engine, state, &program, |machine| {
                let storage = &machine.processor.storage;
                storage.store_u32(0x300, 0x7FFF_FFFF);
                (0..8).for_each(|block| storage.set_key(block * 0x800, 0x50));
            });
            assert_eq!(left_by_program(&machine), expected, "{program:04X?}");
        }
    }
}

#[test]
fn the_event_of_a_supervisor_call_comes_after_it() {
    for engine in ENGINES {
        for (program, ilc) in [(vec![0x0A05], 1), (vec![0x4400, 0x2000], 2)] {
            let state = state(PSW, FETCH, (0x1000, 0x1001));
            let machine = run(engine, state, &program, |machine| {
                machine.processor.storage.store_u16(0x2000, 0x0A05);
                machine.processor.storage.store_u64(96, 0x0008_0000_0000_4000);
            });
            assert_eq!(machine.processor.storage.u64(32), PSW + 2 * u64::from(ilc));
            assert_eq!(left_by_program(&machine), (0x80, ilc, 0x4000, 0x40, 0x1000));
        }
        // The new PSW is invalid: one interruption tells of both, with ILC 0.
        let machine = run(engine, state(PSW, FETCH, (0, 0x1001)), &[0x0A05], |machine| {
            machine.processor.storage.store_u64(96, 0x8008_0000_0000_4000);
        });
        assert_eq!(left_by_program(&machine), (0x86, 0, 0x4000, 0x40, 0x1000));
        assert_eq!(machine.processor.state.pending_per, None);
    }
}

#[test]
fn load_psw_ends_and_begins_recording() {
    let loaded = |psw: u64, mask: u64| {
        let machine = run(Engine::Fast, state(psw, FETCH, (0x1000, 0x1003)), &[0x8200, 0x0200], |machine| {
            machine.processor.storage.store_u64(0x200, mask);
        });
        (machine.processor.storage.u64(40), left_by_program(&machine))
    };
    // To the wait state, and to BC mode, where the code is part of the PSW.
    assert_eq!(loaded(PSW, END).1, (0x80, 2, 0xDEAD, 0x40, 0x1000));
    let (old, left) = loaded(PSW, 0x0002_0000_0000_2000);
    assert_eq!((old, left.3, left.4), (0x0002_0080_8000_2000, 0x40, 0x1000));
    assert_eq!(loaded(PSW, 0x0008_0000_0001_2000 | 1 << 32).1, (0x86, 0, 0x01_2000, 0x40, 0x1000));
    // Recording begins with the next instruction, which is outside.
    assert_eq!(loaded(PSW & !(0x40 << 56), 0x4008_0000_0000_2000).1.0, 1);
}

/// Virtual pages of 4K, segments of 64K, at 8000: an identity, but for page 5000, which is invalid.
fn translated(state: &mut CpuState) -> impl Fn(&mut Machine) + use<> {
    state.psw.system_mask |= 4;
    state.cr[0] = 0x0080_0000;
    state.cr[1] = 0x8000;
    |machine| {
        let storage = &machine.processor.storage;
        storage.store_u32(0x8000, 0xF000_8040);
        for page in 0..16 {
            storage.store_u16(0x8040 + page * 2, (page as u16) << 4 | if page == 5 { 8 } else { 0 });
        }
    }
}

#[test]
fn a_nullified_store_is_none() {
    for engine in ENGINES {
        let mut state = state(PSW, FETCH | STORE | REGISTER | 0xFFFF, (0, 0xFF_FFFF));
        let tables = translated(&mut state);
        let machine = run(engine, state, &[0x5010, 0x5000], tables);
        assert_eq!(left_by_program(&machine), (0x91, 2, 0x1000, 0x40, 0x1000));
        assert_eq!(machine.processor.storage.u32(144), 0x5000);
    }
}

#[test]
fn units_of_operation_that_were_completed_count_even_if_the_next_is_nullified() {
    for engine in ENGINES {
        for (start, per) in [(0x4FF0, 0x70), (0x5000, 0x40)] {
            let mut state = state(PSW, FETCH | STORE | REGISTER | 0x0800, (0, 0xFF_FFFF));
            let tables = translated(&mut state);
            (state.gr[4], state.gr[5], state.gr[6], state.gr[7]) = (start, 0x100, 0x3000, 0x100);
            let machine = run(engine, state, &[0x0E46], tables);
            assert_eq!(left_by_program(&machine), (0x91, 1, 0x1000, per, 0x1000));
            assert_eq!(machine.processor.state.gr[4], 0x5000);
        }
    }
}

#[test]
fn an_interrupted_move_long_points_at_itself() {
    for engine in ENGINES {
        let mut state = state(PSW | 2 << 56, REGISTER | 0x0400, (0, 0));
        state.cr[2] = 0x4000_0000;
        (state.gr[4], state.gr[5], state.gr[6], state.gr[7]) = (0x4000, 0x1000, 0x6000, 0x1000);
        let mut machine = with_state(engine, state, &[(0x1000, &[0x0E46])]);
        machine.processor.storage.store_u64(104, END);
        // Something waits, though not on the channel that is allowed: the instruction is interrupted all the same.
        let mut bus = TestBus { pending: vec![0x20C], ..TestBus::default() };
        assert_eq!(machine.run(&mut bus, 100).1, Stop::Wait);
        assert_eq!(left_by_program(&machine), (0x80, 1, 0x1000, 0x10, 0x1000));
        assert_eq!((machine.processor.state.gr[4], machine.processor.state.gr[5]), (0x4800, 0x800));
    }
}
