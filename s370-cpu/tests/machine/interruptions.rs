//! Interruptions (GA22-7000-10, chapter 6): which, in what order, and what they leave in storage.

use s370_arch::psw::Psw;
use s370_cpu::{
    bus::NoDevices,
    machine::{Machine, Stop},
    processor::Engine,
    state::{CpuState, RunState},
};

use super::support::{END, ENGINES, TestBus, machine, quiet_state, with_state};

/// A doubleword as halfwords.
fn halfwords(doubleword: u64) -> [u16; 4] {
    std::array::from_fn(|n| (doubleword >> (48 - 16 * n)) as u16)
}

fn set_new_psw(machine: &Machine, at: u32, psw: u64) {
    machine.processor.storage.store_u64(at, psw);
}

fn stored(machine: &Machine, at: u32) -> u64 {
    machine.processor.storage.u64(at)
}

#[test]
fn what_is_taken_last_runs_first() {
    for engine in ENGINES {
        let mut machine = machine(engine, 0xFF00_0000_0000_4000, &[(0x3000, &[0x47F0, 0x0000])]);
        set_new_psw(&machine, 88, 0xFE00_0000_0000_1000);
        set_new_psw(&machine, 120, 0x0000_0000_0000_2000);
        set_new_psw(&machine, 0, 0x0000_0000_0000_3000);
        let state = &mut machine.processor.state;
        (state.cr[0], state.external.signals, state.restart) = (0xE0, 0x40, true);
        let mut bus = TestBus { pending: vec![0x190], ..TestBus::default() };
        assert_eq!(machine.run(&mut bus, 0), (0, Stop::Count));
        assert_eq!(machine.processor.state.psw.address, 0x3000);
        assert_eq!(stored(&machine, 24), 0xFF00_0040_0000_4000);
        assert_eq!(stored(&machine, 56), 0xFE00_0190_0000_1000);
        assert_eq!(stored(&machine, 8), 0x0000_0000_0000_2000);
    }
}

#[test]
fn a_new_psw_masks_what_comes_after_it() {
    for engine in ENGINES {
        let mut machine = machine(engine, 0xFF00_0000_0000_4000, &[]);
        set_new_psw(&machine, 88, 0x0000_0000_0000_1000);
        set_new_psw(&machine, 0, 0x0100_0000_0000_3000);
        let state = &mut machine.processor.state;
        // Two external conditions: the second becomes possible again by the restart's new PSW.
        (state.cr[0], state.external.signals, state.external.external_call) = (0xFFFF, 0x40, Some(5));
        state.restart = true;
        let mut bus = TestBus { pending: vec![0x190], ..TestBus::default() };
        machine.run(&mut bus, 0);
        assert_eq!(stored(&machine, 8), 0x0000_0000_0000_1000);
        assert_eq!(stored(&machine, 24), 0x0100_1202_0000_3000);
        assert_eq!((machine.processor.storage.u16(132), bus.pending.len()), (5, 1));
    }
}

#[test]
fn external_conditions_by_priority_one_at_a_time() {
    for (psw, ec) in [(0x0100_0000_0000_1000, false), (0x0108_0000_0000_1000, true)] {
        let mut machine = machine(Engine::Fast, psw, &[]);
        set_new_psw(&machine, 88, psw);
        machine.processor.storage.store_u16(132, 0xFFFF);
        let state = &mut machine.processor.state;
        state.cr[0] = 0x0000_EEE0;
        let external = &mut state.external;
        (external.signals, external.malfunction_alert, external.emergency_signal) = (0xFF, 0x10, 0x202);
        (external.external_call, external.service_signal) = (Some(3), Some(0x1234_5678));
        (state.clock_comparator, state.cpu_timer_base) = (0, 1 << 63);
        let expected: [(u16, u16); 8] =
            [(0x00FF, 0), (0x1200, 4), (0x1201, 1), (0x1201, 9), (0x1202, 3), (0x1004, 0), (0x1005, 0), (0x2401, 0)];
        let mut before = 0xFFFF;
        for (code, cpu) in expected {
            let (_, exit) = machine.processor.run(&mut NoDevices, 0);
            let s370_cpu::processor::Exit::Interruption(interruption) = exit else { panic!("{code:X}: {exit:?}") };
            assert_eq!(interruption.code_and_ilc().0, code);
            machine.take(interruption);
            let storage = &machine.processor.storage;
            let has_address = code >> 8 == 0x12;
            // Without a CPU address, zeros in EC mode, no change in BC mode.
            let address = if has_address || ec { cpu } else { before };
            assert_eq!(storage.u16(132), address, "{code:X}");
            before = address;
            assert_eq!(if ec { storage.u16(134) } else { storage.u16(26) }, code);
            match code {
                0x1004 => machine.processor.state.clock_comparator = u64::MAX,
                0x1005 => machine.processor.state.set_cpu_timer(1 << 40),
                _ => {}
            }
        }
        assert_eq!(machine.processor.storage.u32(128), 0x1234_5678);
        assert_eq!(machine.processor.state.external_request(), None);
    }
}

#[test]
fn each_subclass_has_its_mask() {
    type Set = fn(&mut CpuState);
    let conditions: [(u32, Set); 10] = [
        (0x8000, |state| state.external.malfunction_alert = 1),
        (0x4000, |state| state.external.emergency_signal = 1),
        (0x2000, |state| state.external.external_call = Some(0)),
        (0x0800, |state| state.clock_comparator = 0),
        (0x0400, |state| state.set_cpu_timer(u64::MAX)),
        (0x0200, |state| state.external.service_signal = Some(0)),
        (0x0080, |state| state.external.signals = 0x80),
        (0x0040, |state| state.external.signals = 0x40),
        (0x0020, |state| state.external.signals = 0x20),
        (0x0020, |state| state.external.signals = 0x01),
    ];
    for (mask, set) in conditions {
        let mut state = quiet_state();
        state.cr[0] = mask;
        assert_eq!(state.external_request(), None);
        set(&mut state);
        assert!(state.external_request().is_some(), "{mask:X}");
        state.cr[0] = !mask;
        assert_eq!(state.external_request(), None, "{mask:X}");
    }
}

#[test]
fn io_is_masked_by_channel() {
    // System mask, EC mode, control register 2, channel: allowed?
    for (mask, ec, cr2, channel, allowed) in [
        (0x80, 0, 0, 0, true),
        (0x04, 0, 0, 5, true),
        (0x7F, 0, u32::MAX, 0, false),
        (0x02, 0, 0x0200_0000, 6, true),
        (0xFE, 0, 0xFDFF_FFFF, 6, false),
        (0xFC, 0, u32::MAX, 6, false),
        (0x02, 8, 0x8000_0000, 0, true),
        (0x02, 8, 0x7FFF_FFFF, 0, false),
        (0x01, 8, u32::MAX, 0, false),
    ] {
        let psw = mask << 56 | ec << 48 | 0x4000;
        let mut machine = machine(Engine::Fast, psw, &[]);
        machine.processor.state.cr[2] = cr2;
        set_new_psw(&machine, 120, END);
        let mut bus = TestBus { pending: vec![channel << 8 | 0x0C], ..TestBus::default() };
        machine.run(&mut bus, 0);
        assert_eq!(bus.pending.is_empty(), allowed, "{mask:X} {channel}");
    }
}

#[test]
fn codes_and_old_psws_in_both_modes() {
    // A supervisor call, by EXECUTE and by itself; an operation exception; addresses 136-143 in EC mode.
    let svc: &[u16] = &[0x0A12];
    let executed: &[u16] = &[0x4400, 0x0F00];
    for (program, ilc, length) in [(svc, 1_u64, 2_u64), (executed, 2, 4)] {
        for engine in ENGINES {
            for native in [false, true] {
                for (psw, old, identification) in [
                    (0x0000_0000_3500_1000, 0x0000_0012_3500_1000 + (ilc << 30) + length, 0),
                    (0x0008_3500_0000_1000, 0x0008_3500_0000_1000 + length, (ilc as u32) << 17 | 0x12),
                ] {
                    let mut machine = machine(engine, psw, &[(0x1000, program), (0xF00, &[0x0A12])]);
                    set_new_psw(&machine, 96, END);
                    machine.log.capacity = usize::from(!native);
                    assert_eq!(machine.run(&mut NoDevices, 9), (1, Stop::Wait));
                    assert_eq!(stored(&machine, 32), old);
                    assert_eq!(machine.processor.storage.u32(136), identification);
                }
            }
        }
    }
    for engine in ENGINES {
        for (psw, old, identification) in [
            (0x0001_0000_0000_1000, 0x0001_0002_8000_1004, 0),
            (0x0009_0000_0000_1000, 0x0009_0000_0000_1004, 0x0004_0002),
        ] {
            let mut machine = machine(engine, psw, &[(0x1000, &[0x9C00, 0x0190])]);
            set_new_psw(&machine, 104, END);
            assert_eq!(machine.run(&mut NoDevices, 9), (1, Stop::Wait));
            assert_eq!(stored(&machine, 40), old);
            assert_eq!(machine.processor.storage.u32(140), identification);
        }
    }
    let mut machine = machine(Engine::Fast, 0x0208_0000_0000_1000, &[]);
    set_new_psw(&machine, 120, END);
    machine.processor.storage.store_u32(184, u32::MAX);
    machine.run(&mut TestBus { pending: vec![0x1F0], ..TestBus::default() }, 1);
    assert_eq!(stored(&machine, 56), 0x0208_0000_0000_1000);
    assert_eq!(machine.processor.storage.u32(184), 0xFF00_01F0);
}

#[test]
fn everything_goes_to_the_prefix_area() {
    for engine in ENGINES {
        let mut machine = machine(engine, 0x0008_0000_0000_1000, &[(0x1000, &[0x0A77])]);
        machine.processor.state.prefix = 0x8000;
        set_new_psw(&machine, 0x8000 + 96, END);
        assert_eq!(machine.run(&mut NoDevices, 9), (1, Stop::Wait));
        assert_eq!(stored(&machine, 0x8000 + 32), 0x0008_0000_0000_1002);
        assert_eq!((machine.processor.storage.u32(0x8000 + 136), stored(&machine, 32)), (0x0002_0077, 0));
    }
}

#[test]
fn an_invalid_psw_interrupts_before_anything_else() {
    // The loaded PSW waits and allows external interruptions, one of which is pending.
    for engine in ENGINES {
        let bad = 0x010A_0000_0100_1000;
        let mut machine = machine(engine, 0x0008_0000_0000_1000, &[(0x1000, &[0x8200, 0x0200])]);
        set_new_psw(&machine, 0x200, bad);
        set_new_psw(&machine, 104, END);
        machine.processor.state.external.signals = 0x40;
        assert_eq!(machine.run(&mut NoDevices, 9), (1, Stop::Wait));
        assert_eq!((stored(&machine, 40), machine.processor.storage.u32(140)), (bad, 6));
        assert_eq!(machine.processor.state.external.signals, 0x40);
    }
}

#[test]
fn an_odd_address_interrupts_after_everything_else() {
    for engine in ENGINES {
        for (wait, external) in [(true, false), (false, false), (false, true)] {
            let psw = 0x0008_0000_0000_2001 | u64::from(wait) << 49 | u64::from(external) << 56;
            let mut machine = machine(engine, 0x0008_0000_0000_1000, &[(0x1000, &[0x8200, 0x0200])]);
            set_new_psw(&machine, 0x200, psw);
            set_new_psw(&machine, 104, END);
            set_new_psw(&machine, 88, 0x000A_0000_0000_0BAD);
            machine.processor.state.external.signals = 0x40;
            let (executed, stop) = machine.run(&mut NoDevices, 9);
            assert_eq!(stop, Stop::Wait);
            let address = machine.processor.state.psw.address;
            match (wait, external) {
                (true, _) => assert_eq!((executed, address), (1, 0x2001)),
                (_, true) => assert_eq!((executed, address, stored(&machine, 24)), (1, 0xBAD, psw)),
                (_, false) => {
                    let ilc = u64::from(machine.processor.storage.u32(140) >> 17);
                    assert_eq!((executed, address, stored(&machine, 40)), (2, 0xDEAD, psw + 2 * ilc));
                }
            }
        }
    }
}

#[test]
fn a_string_of_interruptions_is_found_however_the_run_is_divided() {
    // The program new PSW: invalid; valid, and its instruction is invalid; the same in the problem state.
    let strings: [(u64, &[u16]); 4] = [
        (0x0008_0000_0100_2000, &[0x0000]),
        (0x0008_0000_0000_2000, &[0x0000]),
        (0x0009_0000_0000_2000, &[0x8200, 0x0200]),
        (0x0000_0000_0000_2001, &[0x0000]),
    ];
    for (psw, handler) in strings {
        for engine in ENGINES {
            for capacity in [0, 10] {
                let ends: Vec<_> = [1, 2, 1000]
                    .into_iter()
                    .map(|stride| {
                        let program: &[u16] = &[0x1812, 0x0000];
                        let mut machine = machine(engine, 0x1000, &[(0x1000, program), (0x2000, handler)]);
                        machine.log.capacity = capacity;
                        set_new_psw(&machine, 104, psw);
                        let mut executed = 0;
                        let mut stop = Stop::Count;
                        while stop == Stop::Count && executed < 100 {
                            let (count, why) = machine.run(&mut NoDevices, stride);
                            (executed, stop) = (executed + count, why);
                        }
                        (executed, stop, machine.processor.state)
                    })
                    .collect();
                assert_eq!(ends[0].1, Stop::CheckStop, "{psw:X} {engine:?} {capacity}");
                assert!(ends[0] == ends[1] && ends[0] == ends[2], "{psw:X} {engine:?} {capacity}");
            }
        }
    }
}

#[test]
fn what_is_allowed_is_taken_before_the_cpu_stops() {
    for (signals, address) in [(0x40, 0x3000), (0, 0x4000)] {
        let mut machine = machine(Engine::Fast, 0x0102_0000_0000_4000, &[]);
        set_new_psw(&machine, 88, 0x3000);
        machine.processor.state.external.signals = signals;
        machine.processor.state.stop(false);
        assert_eq!(machine.run(&mut NoDevices, 9), (0, Stop::Stopped));
        assert_eq!(machine.processor.state.psw.address, address);
    }
}

#[test]
fn restart_starts_a_stopped_cpu_and_finds_the_rest_pending() {
    let mut machine = machine(Engine::Fast, 0xFF00_0000_0000_4000, &[(0x3000, &[0x47F0, 0x0000])]);
    set_new_psw(&machine, 0, 0x0100_0000_0000_3000);
    set_new_psw(&machine, 88, END);
    let state = &mut machine.processor.state;
    (state.run_state, state.restart, state.external.signals) = (RunState::Stopped, true, 0x40);
    assert_eq!(machine.run(&mut NoDevices, 9), (0, Stop::Wait));
    assert_eq!(stored(&machine, 8), 0xFF00_0000_0000_4000);
    assert_eq!(stored(&machine, 24), 0x0100_0040_0000_3000);
}

#[test]
fn masks_opened_by_an_instruction_let_in_what_waits_after_it() {
    // STOSM, SSM, LCTL of control register 0 and LPSW; then a load that must not be executed.
    let programs: [&[u16]; 4] = [&[0xAD01, 0x0300], &[0x8000, 0x0310], &[0xB700, 0x0314], &[0x8200, 0x0320]];
    for engine in ENGINES {
        for (n, program) in programs.iter().enumerate() {
            let mut code = program.to_vec();
            code.extend([0x4110, 0x0001]);
            let mut state = CpuState { psw: Psw::parse(0x0008_0000_0000_1000), ..quiet_state() };
            state.external.signals = 0x40;
            if n == 2 {
                state.cr[0] = 0;
                state.psw.system_mask = 1;
            }
            let loaded = halfwords(0x0108_0000_0000_1004);
            let mut machine =
                with_state(engine, state, &[(0x1000, &code), (0x310, &[0x0100, 0, 0, 0x0040]), (0x320, &loaded)]);
            set_new_psw(&machine, 88, END);
            assert_eq!(machine.run(&mut NoDevices, 9), (1, Stop::Wait), "{n}");
            assert_eq!(stored(&machine, 24), 0x0108_0000_0000_1004);
            assert_eq!(machine.processor.state.gr[1], 0);
        }
    }
}
