//! The interval timer, the clock comparator, the CPU timer and the TOD clock (GA22-7000-10, chapter 4).

use proptest::{prelude::*, test_runner::RngSeed};
use s370_arch::psw::Psw;
use s370_cpu::{
    bus::{Bus, NoDevices},
    machine::{Machine, Stop},
    processor::{Engine, Exit},
    state::{CpuState, MICROSECOND, RunState},
};

use super::support::{END, ENGINES, Event, TestBus, contents, machine, quiet_state, with_state};

/// BC mode, external interruptions allowed.
const PSW: u64 = 0x0100_0000_0000_1000;

/// A machine in a loop of one instruction.
fn looping(engine: Engine, prepare: impl Fn(&mut CpuState)) -> Machine {
    let mut state = CpuState { psw: Psw::parse(PSW), ..quiet_state() };
    state.gr[1] = 0x1000;
    prepare(&mut state);
    let machine = with_state(engine, state, &[(0x1000, &[0x47F1, 0x0000])]);
    machine.processor.storage.store_u64(88, END);
    machine
}

/// Runs in strides until the machine waits: how many instructions that took.
fn until_wait(machine: &mut Machine, stride: u64) -> u64 {
    let mut executed = 0;
    loop {
        let (count, stop) = machine.run(&mut NoDevices, stride);
        executed += count;
        match stop {
            Stop::Count => assert!(executed < 100_000),
            other => {
                assert_eq!(other, Stop::Wait);
                return executed;
            }
        }
    }
}

#[test]
fn interruptions_come_after_exactly_so_many_instructions() {
    type Prepare = fn(&mut CpuState);
    let cases: [(u64, u16, Prepare); 7] = [
        (1, 0x1005, |state| state.set_cpu_timer(0)),
        (1, 0x1005, |state| state.set_cpu_timer(MICROSECOND - 1)),
        (101, 0x1005, |state| state.set_cpu_timer(100 * MICROSECOND)),
        (20_001, 0x1005, |state| state.set_cpu_timer(20_000 * MICROSECOND)),
        (1, 0x1004, |state| state.clock_comparator = state.tod()),
        (501, 0x1004, |state| state.clock_comparator = state.tod() + 500 * MICROSECOND),
        (0, 0x1004, |state| state.clock_comparator = state.tod() - 1),
    ];
    for engine in ENGINES {
        for (count, code, prepare) in cases {
            for stride in [1, 7, 1000, u64::MAX] {
                let mut machine = looping(engine, |state| {
                    state.cr[0] = 0x0C00;
                    prepare(state);
                });
                assert_eq!(until_wait(&mut machine, stride), count, "{code:X} {engine:?} {stride}");
                assert_eq!(machine.processor.storage.u16(26), code);
            }
        }
    }
}

#[test]
fn the_interval_timer_counts_300ths_of_a_second() {
    // Its value; instructions until the interruption; its value then. 10,000 microseconds are three steps.
    for (value, count, after) in
        [(0x0000_0012, 3334, 0xFFFF_FF12), (0x0000_0100, 6667, 0xFFFF_FF00), (0x0000_02FF, 10_000, 0xFFFF_FFFF_u32)]
    {
        for engine in ENGINES {
            for (stride, prefix) in [(u64::MAX, 0), (999, 0x8000)] {
                let mut machine = looping(engine, |state| {
                    state.cr[0] = 0x80;
                    state.model.interval_timer = true;
                    state.prefix = prefix;
                });
                machine.processor.storage.store_u64(prefix + 88, END);
                machine.processor.storage.store_u32(prefix + 80, value);
                let (keys, at) = (machine.processor.storage.key(prefix + 80), prefix + 80);
                assert_eq!(until_wait(&mut machine, stride), count, "{value:X}");
                let storage = &machine.processor.storage;
                assert_eq!((storage.u32(at), storage.u16(prefix + 26)), (after, 0x80));
                assert_eq!(storage.key(at), keys);
            }
        }
    }
}

#[test]
fn only_a_step_to_below_zero_asks_for_an_interruption() {
    let timer = |state: &mut CpuState| (state.model.interval_timer, state.cr[0]) = (true, 0);
    let mut machine = looping(Engine::Fast, timer);
    let storage = machine.processor.storage.clone();
    // Not a negative value that was stored, ...
    storage.store_u32(80, 0xFFFF_FF00);
    machine.run(&mut NoDevices, 20_000);
    assert_eq!((storage.u32(80), machine.processor.state.external.signals), (0xFFFF_F900, 0));
    // ... but a step; and then it stays.
    storage.store_u32(80, 0);
    machine.run(&mut NoDevices, 4000);
    assert_eq!(machine.processor.state.external.signals, 0x80);
    storage.store_u32(80, 0x7FFF_FFFF);
    machine.processor.state.cr[0] = 0x80;
    assert_eq!(machine.run(&mut NoDevices, 100), (0, Stop::Wait));
    assert_eq!(machine.processor.state.external.signals, 0);
    // After a long time without being run, it has gone round.
    for (value, steps, expected, signals) in
        [(0x8000_0000_u32, 0x10_0000, 0x7000_0000, 0), (0x8000_0000, 0xC0_0000, 0xC000_0000, 0x80)]
    {
        let mut machine = looping(Engine::Fast, timer);
        let storage = machine.processor.storage.clone();
        storage.store_u32(80, value);
        machine.processor.set_time(steps * 10_000 * MICROSECOND / 3 + 1);
        machine.run(&mut NoDevices, 0);
        assert_eq!((storage.u32(80), machine.processor.state.external.signals), (expected, signals));
    }
}

#[test]
fn a_wait_ends_when_the_processor_said_it_would() {
    type Prepare = fn(&mut CpuState);
    // What is set, in microseconds from now, and when that ends the wait.
    let cases: [(Prepare, Option<u64>); 9] = [
        (|state| (state.cr[0] = 0x400, state.set_cpu_timer(5 * MICROSECOND)).0, Some(5 * MICROSECOND + 1)),
        (|state| (state.cr[0] = 0x800, state.clock_comparator = state.tod() + 77).0, Some(78)),
        (|state| (state.cr[0] = 0x800, state.clock_comparator = state.tod() - 1).0, Some(0)),
        (|state| (state.cr[0] = 0x800, state.set_cpu_timer(5)).0, None),
        (|state| (state.cr[0] = 0xC00, state.psw.system_mask = 0).0, None),
        (|state| (state.cr[0] = 0x080, state.model.interval_timer = true).0, Some(10_000 * MICROSECOND)),
        (|state| state.cr[0] = 0x080, None),
        (|state| state.restart = true, Some(0)),
        (|state| state.run_state = RunState::Stopped, None),
    ];
    for (prepare, expected) in cases {
        let mut state = CpuState { psw: Psw::parse(PSW | 1 << 49), ..quiet_state() };
        prepare(&mut state);
        let mut machine = with_state(Engine::Fast, state.clone(), &[]);
        machine.processor.state.run_state = state.run_state;
        machine.processor.storage.store_u32(80, 0x2AA);
        for end in [0, 88] {
            machine.processor.storage.store_u64(end, END);
        }
        let now = state.time;
        let next = machine.processor.next_event_time(&NoDevices);
        assert_eq!((next != u64::MAX).then(|| next - now), expected);
        let Some(left) = expected else { continue };
        if left > 0 {
            assert_eq!(machine.run(&mut NoDevices, 1), (0, Stop::Wait));
            machine.processor.set_time(next - 1);
            assert_eq!(machine.processor.run(&mut NoDevices, 1), (0, Exit::Wait));
            machine.processor.set_time(next);
        }
        let (_, exit) = machine.processor.run(&mut NoDevices, 1);
        assert!(matches!(exit, Exit::Interruption(_)), "{exit:?}");
    }
}

#[test]
fn the_bus_ends_a_wait_too() {
    let mut machine = machine(Engine::Fast, PSW | 1 << 49 | 0x80 << 56, &[]);
    let mut bus = TestBus { events: vec![(500, Event::Attention(0x0C))], ..TestBus::default() };
    assert_eq!(machine.processor.next_event_time(&bus), 500);
    machine.processor.set_time(500);
    bus.advance(500, &machine.processor.storage);
    assert_eq!(machine.processor.next_event_time(&bus), 500);
    assert!(matches!(machine.processor.run(&mut bus, 1), (0, Exit::Interruption(_))));
}

#[test]
fn in_the_stopped_state_only_the_clock_goes_on() {
    let mut machine = looping(Engine::Fast, |state| {
        state.model.interval_timer = true;
        state.set_cpu_timer(1000);
    });
    machine.processor.storage.store_u32(80, 0x1000);
    let tod = machine.processor.state.tod();
    for run_state in [RunState::Stopped, RunState::CheckStop, RunState::Operating] {
        machine.processor.state.run_state = run_state;
        let now = machine.processor.state.time;
        machine.processor.set_time(now + 10_000 * MICROSECOND);
        machine.run(&mut NoDevices, 0);
    }
    let state = &machine.processor.state;
    assert_eq!(state.tod() - tod, 30_000 * MICROSECOND);
    assert_eq!(state.cpu_timer() as i64, 1000 - 10_000 * MICROSECOND as i64);
    assert_eq!(machine.processor.storage.u32(80), 0x0D00);
}

#[test]
fn with_the_host_clock_time_passes_only_when_it_is_fed_in() {
    for engine in ENGINES {
        // STCK 3000, STCK 3008, and so for ever: every value greater than the last.
        let code = [0xB205, 0x2000, 0xB205, 0x2008, 0x47F1, 0x0000];
        let mut machine = machine(engine, PSW, &[(0x1000, &code)]);
        (machine.processor.state.gr[1], machine.processor.state.gr[2]) = (0x1000, 0x3000);
        machine.processor.storage.store_u64(88, END);
        machine.processor.instruction_time = 0;
        machine.processor.state.cr[0] = 0x400;
        machine.processor.state.set_cpu_timer(1000);
        machine.run(&mut NoDevices, 2);
        let first = machine.processor.storage.u64(0x3000);
        assert_eq!(machine.processor.storage.u64(0x3008), first + 1);
        assert_eq!(machine.run(&mut NoDevices, 25_000), (25_000, Stop::Count));
        assert!(machine.processor.storage.u64(0x3008) > first + 1);
        assert_eq!(machine.processor.state.time, 0);
        machine.processor.set_time(1001);
        assert_eq!(machine.run(&mut NoDevices, 1), (0, Stop::Wait));
    }
}

/// Instructions that have to do with time. Register 2 holds 3000, where doublewords of many magnitudes stand.
fn timed() -> impl Strategy<Value = Vec<u16>> {
    prop_oneof![
        3 => Just(vec![0x1A34]),
        1 => (0..8_u16).prop_map(|n| vec![0xB208, 0x2000 + 8 * n]),
        1 => (0..8_u16).prop_map(|n| vec![0x5840, 0x2000 + 8 * n]),
        1 => Just(vec![0xB205, 0x2100]),
        1 => Just(vec![0xB209, 0x2108]),
        1 => Just(vec![0xB207, 0x2110]),
        // Clock comparator: the clock just stored, plus something.
        1 => (0..6_u16).prop_map(|n| {
            vec![0xB205, 0x2118, 0x5850, 0x211C, 0x5E50, 0x2044 + 8 * n, 0x5050, 0x211C, 0xB206, 0x2118]
        }),
        2 => prop_oneof![Just(0xAC00), Just(0xAD01)].prop_map(|stnsm| vec![stnsm, 0x2120]),
        1 => (0..3_u16).prop_map(|n| vec![0xB700, 0x2128 + 4 * n]),
        1 => Just(vec![0xD203, 0x0050, 0x2044]),
        1 => Just(vec![0x5860, 0x0050]),
        1 => Just(vec![0x0A01]),
        // A store into the loop's own code: the immediate of the MVI before its end.
        1 => Just(vec![0x4230, 0xA001]),
    ]
}

fn timed_machine(engine: Engine, native: bool, code: &[Vec<u16>], capacity: usize) -> Machine {
    let mut program: Vec<u16> = vec![];
    code.iter().for_each(|instruction| program.extend(instruction));
    // MVI 3150,n; BC 15 to the beginning.
    let mvi = 0x1000 + 2 * program.len() as u32;
    program.extend([0x9200, 0x2150, 0x47F9, 0x0000]);
    let mut state = CpuState { psw: Psw::parse(0x0108_0000_0000_1000), ..quiet_state() };
    state.model.interval_timer = true;
    state.cr[0] = 0x0C80;
    (state.gr[2], state.gr[4], state.gr[9], state.gr[10]) = (0x3000, 1, 0x1000, mvi);
    // The handler counts, sets both timers far away, and goes back. Whoever is called goes back at once.
    let handler = [0x4177, 0x0001, 0xB208, 0x2140, 0xB206, 0x2148, 0x8200, 0x0018];
    let mut machine = with_state(
        engine,
        state,
        &[(0x1000, &program), (0x2000, &handler), (0x2100, &[0x4188, 0x0001, 0x8200, 0x0020])],
    );
    machine.processor.native = native;
    machine.log.capacity = capacity;
    let storage = &machine.processor.storage;
    for n in 0..8 {
        storage.store_u64(0x3000 + 8 * n, MICROSECOND * [0, 1, 3, 10, 100, 3000, 20_000, 1 << 40][n as usize]);
        storage.store_u64(0x3040 + 8 * n, MICROSECOND * [0, 2, 20, 50, 333, 1000, 0, 0][n as usize]);
    }
    for (at, word) in [(0x3128, 0x0C80), (0x312C, 0x0480), (0x3130, 0x0800)] {
        storage.store_u32(at, word);
    }
    for (at, word) in [(0x3140, 1 << 60), (0x3148, u64::MAX), (88, 0x0008_0000_0000_2000), (96, 0x0008_0000_0000_2100)]
    {
        storage.store_u64(at, word);
    }
    machine
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 200,
        rng_seed: RngSeed::Fixed(0x370),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn how_a_run_is_divided_does_not_matter(
        code in prop::collection::vec(timed(), 1..12),
        strides in prop::collection::vec(1..400_u64, 1..6),
        engine in prop::sample::select(&ENGINES[..]),
        native: bool,
    ) {
        const COUNT: u64 = 12_000;
        let mut whole = timed_machine(Engine::Slow, false, &code, 1);
        prop_assert_eq!(whole.run(&mut NoDevices, COUNT), (COUNT, Stop::Count));
        let mut divided = timed_machine(engine, native, &code, usize::from(!native));
        let mut executed = 0;
        for stride in strides.iter().cycle() {
            let (count, stop) = divided.run(&mut NoDevices, (*stride).min(COUNT - executed));
            prop_assert_eq!(stop, Stop::Count);
            executed += count;
            if executed == COUNT {
                break;
            }
        }
        prop_assert_eq!(&whole.processor.state, &divided.processor.state);
        prop_assert!(contents(&whole.processor.storage) == contents(&divided.processor.storage));
    }
}
