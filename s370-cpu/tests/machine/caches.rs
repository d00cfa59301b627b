//! What the processor remembers besides its state: nobody may notice it, nor that it is dropped.

use s370_arch::psw::Psw;
use s370_cpu::{
    bus::NoDevices,
    machine::{Machine, Stop},
    processor::{Engine, Processor},
    state::{CpuState, MICROSECOND, RunState},
    storage::Storage,
};

use super::support::{END, ENGINES, Event, TestBus, contents, load, quiet_state, with_state};

/// A loop that calls, stores into its own code, changes keys and translation, and is interrupted by its timer.
fn busy(engine: Engine) -> Machine {
    let program = [
        0x4133, 0x0001, // LA 3,1(3)
        0x4230, 0x900F, // STC 3,15(9)        the MVI's immediate
        0x0A05, // SVC 5
        0x8000, 0x8100, // SSM 256(8)         translation on
        0x9200, 0x8210, // MVI 528(8),0
        0x5030, 0x8220, // ST 3,544(8)
        0xAC03, 0x8200, // STNSM 512(8),3     translation off
        0x0837, // SSK 3,7
        0xB20D, 0x0000, // PTLB
        0x5850, 0xA220, // L 5,544(10)
        0x1A65, // AR 6,5
        0x47F9, 0x0000, // BC 15,0(9)
    ];
    let mut state = CpuState { psw: Psw::parse(0x0108_0000_0000_1000), ..quiet_state() };
    (state.gr[7], state.gr[8], state.gr[9], state.gr[10]) = (0x3000, 0x3000, 0x1000, 0x5000);
    state.cr[0] = 0x0080_0480;
    state.cr[1] = 0x8000;
    state.set_cpu_timer(50 * MICROSECOND);
    let timer = [0xB208, 0x0300, 0x8200, 0x0018];
    let mut machine = with_state(engine, state, &[(0x1000, &program), (0x2000, &timer), (0x2100, &[0x8200, 0x0020])]);
    machine.log.capacity = 1;
    let storage = &machine.processor.storage;
    storage.store_u32(0x8000, 0xF000_8040);
    for page in 0..16 {
        // Page 3 is exchanged with page 5.
        let frame = if [3, 5].contains(&page) { 8 - page } else { page };
        storage.store_u16(0x8040 + page * 2, (frame as u16) << 4);
    }
    storage.store_u8(0x3100, 0x05);
    storage.store_u8(0x5100, 0x05);
    storage.store_u64(0x300, 77 * MICROSECOND);
    for (at, psw) in [(88, 0x0008_0000_0000_2000), (96, 0x0008_0000_0000_2100), (104, END)] {
        storage.store_u64(at, psw);
    }
    machine
}

/// A machine that has the same state and storage, and no caches.
fn copy(machine: &Machine) -> Machine {
    let (bytes, keys) = contents(&machine.processor.storage);
    let storage = Storage::new(bytes.len() as u64).unwrap();
    storage.store(0, &bytes);
    keys.iter().zip((0..).step_by(2048)).for_each(|(key, at)| storage.set_key(at, *key));
    let mut copy = Machine::new(machine.processor.state.clone(), storage.into());
    copy.processor.engine = machine.processor.engine;
    copy.log.capacity = machine.log.capacity;
    copy
}

fn assert_same(one: &Machine, other: &Machine, what: &str) {
    assert_eq!(one.processor.state, other.processor.state, "{what}");
    assert!(contents(&one.processor.storage) == contents(&other.processor.storage), "{what}");
}

#[test]
fn the_program_does_what_it_is_meant_to() {
    let mut machine = busy(Engine::Slow);
    assert_eq!(machine.run(&mut NoDevices, 5000), (5000, Stop::Count));
    assert!(machine.processor.state.gr[6] > 1000);
    assert!(machine.processor.storage.u32(0x5220) > 100);
}

#[test]
fn caches_can_be_dropped_after_any_instruction() {
    let mut slow = busy(Engine::Slow);
    let mut dropping = busy(Engine::Fast);
    let mut keeping = busy(Engine::Fast);
    for n in 0..600_u64 {
        slow.run(&mut NoDevices, 1);
        keeping.run(&mut NoDevices, 1);
        dropping.run(&mut NoDevices, 1);
        if n % 3 != 0 {
            dropping.processor.drop_caches();
        }
        assert_same(&slow, &dropping, &format!("dropping, {n}"));
        assert_same(&slow, &keeping, &format!("keeping, {n}"));
    }
    let mut native = busy(Engine::Fast);
    native.log.capacity = 0;
    native.run(&mut NoDevices, 600);
    assert_same(&slow, &native, "at one go");
}

#[test]
fn a_copy_goes_on_as_the_original_and_apart_from_it() {
    for engine in ENGINES {
        let mut original = busy(engine);
        original.run(&mut NoDevices, 333);
        let mut copy = copy(&original);
        for n in 0..300 {
            assert_same(&original, &copy, &format!("{n}"));
            original.run(&mut NoDevices, 3);
            copy.run(&mut NoDevices, 3);
        }
    }
}

#[test]
fn a_state_that_was_saved_is_resumed_as_it_was() {
    for run_state in [RunState::Operating, RunState::Stopped, RunState::CheckStop] {
        let machine = busy(Engine::Fast);
        let state = CpuState { run_state, ..machine.processor.state.clone() };
        let processor = Processor::resume(state.clone(), machine.processor.storage.clone());
        assert_eq!(processor.state, state);
    }
}

#[test]
fn a_channel_may_load_code_over_code() {
    // BCT 3,1000 until a channel makes it LR 5,6 and a wait, at the end of the hundredth microsecond.
    for engine in ENGINES {
        for prepared in [false, true] {
            let state = CpuState { psw: Psw::parse(0x0008_0000_0000_1000), ..quiet_state() };
            let mut machine = with_state(engine, state, &[(0x1000, &[0x4639, 0x0000])]);
            (machine.processor.state.gr[9], machine.processor.state.gr[6]) = (0x1000, 7);
            machine.processor.storage.store_u64(0x200, END);
            let new = vec![0x1856, 0x8200, 0x0200];
            let mut bus = TestBus::default();
            if prepared {
                // Whoever runs the machine loads, between two runs.
                assert_eq!(machine.run(&mut bus, 100), (100, Stop::Count));
                load(&machine.processor.storage, 0x1000, &new);
                assert_eq!(machine.run(&mut bus, 100), (2, Stop::Wait));
            } else {
                bus.events.push((100 * MICROSECOND, Event::Store(0x1000, new)));
                assert_eq!(machine.run(&mut bus, 10_000), (102, Stop::Wait));
            }
            assert_eq!(machine.processor.state.gr[5], 7);
        }
    }
}

#[test]
fn a_key_that_is_changed_from_outside_counts_at_once() {
    for engine in ENGINES {
        let mut state = CpuState { psw: Psw::parse(0x0018_0000_0000_1000), ..quiet_state() };
        (state.gr[9], state.gr[8]) = (0x1000, 0x3000);
        let mut machine = with_state(engine, state, &[(0x1000, &[0x5850, 0x8000, 0x5050, 0x8004, 0x47F9, 0x0000])]);
        let storage = machine.processor.storage.clone();
        storage.store_u64(104, END);
        [0x1000, 0x3000].into_iter().for_each(|at| storage.set_key(at, 0x10));
        machine.run(&mut NoDevices, 30);
        assert_eq!(storage.key(0x3000), 0x16);
        storage.set_key(0x3000, 0x10);
        machine.run(&mut NoDevices, 1);
        assert_eq!(storage.key(0x3000), 0x14);
        machine.run(&mut NoDevices, 2);
        assert_eq!(storage.key(0x3000), 0x16);
        storage.set_key(0x3000, 0x26);
        assert_eq!(machine.run(&mut NoDevices, 30), (2, Stop::Wait));
        assert_eq!(storage.u64(40), 0x0018_0000_0000_1008);
    }
}
