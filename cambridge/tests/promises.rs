//! Promises of SPECIFICATION.md that a test can hold us to without a stopwatch.

use std::{sync::Arc, thread};

use cambridge::programs::{PROGRAMS, Run, find};
use s370_arch::psw::Psw;
use s370_cpu::{
    bus::NoDevices,
    machine::{Machine, Stop},
    processor::Engine,
    state::{CpuState, Model},
    storage::Storage,
};

/// The state a machine is in after a benchmark program that was run in pieces of at most `piece` instructions.
fn end_of(name: &str, piece: u64) -> (CpuState, Vec<u8>) {
    let image = find(name).unwrap().core_image(1).unwrap();
    let storage = Arc::new(Storage::new(16 << 20).unwrap());
    storage.store(0, &image);
    let mut machine = Machine::new(CpuState::new(Model::default()), Arc::clone(&storage));
    machine.processor.state.restart = true;
    while machine.run(&mut NoDevices, piece).1 == Stop::Count {}
    let mut bytes = vec![0; 16 << 20];
    storage.read(0, &mut bytes);
    (machine.processor.state, bytes)
}

#[test]
fn the_same_program_ends_in_the_same_state_however_it_is_sliced() {
    for program in PROGRAMS {
        let whole = end_of(program.name, u64::MAX);
        for piece in [u64::MAX, 9973] {
            assert!(end_of(program.name, piece) == whole, "{} in pieces of {piece}", program.name);
        }
    }
}

#[test]
fn machines_in_one_process_do_not_meet() {
    let image = find("sieve").unwrap().core_image(2).unwrap();
    let alone = Run::new(&image, Engine::Fast).unwrap().finish(u64::MAX);
    assert!(alone.is_success());
    thread::scope(|scope| {
        let together: Vec<_> =
            (0..4).map(|_| scope.spawn(|| Run::new(&image, Engine::Fast).unwrap().finish(u64::MAX))).collect();
        for run in together {
            assert_eq!(run.join().unwrap(), alone);
        }
    });
}

/// Bytes of host memory that this process has held at most at one time.
#[cfg(target_os = "linux")]
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").trim().parse::<u64>().unwrap() << 10
}

/// The worst a guest can do: every halfword of 16 MiB is executed, stored into and executed again, and then some
/// of it in every context there can be. The measurement is done by this test program itself, started anew for this one test.
#[cfg(target_os = "linux")]
#[test]
fn a_machine_of_16_mib_needs_at_most_64_mib_of_the_host() {
    const ASKED: &str = "CAMBRIDGE_MEASURE_MEMORY";
    if std::env::var_os(ASKED).is_none() {
        let arguments = ["--exact", "a_machine_of_16_mib_needs_at_most_64_mib_of_the_host", "--nocapture"];
        let program = std::env::current_exe().unwrap();
        let output = std::process::Command::new(program).args(arguments).env(ASKED, "1").output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        return;
    }
    let before = peak();
    run_and_overwrite_everything();
    let used = peak() - before;
    println!("{used} bytes");
    assert!(used > 16 << 20, "{used} bytes: not even storage was used");
    assert!(used <= 64 << 20, "{used} bytes");
}

fn run_and_overwrite_everything() {
    const SIZE: u32 = 16 << 20;
    let storage = Arc::new(Storage::new(u64::from(SIZE)).unwrap());
    for at in (0..SIZE).step_by(2048) {
        storage.store(at, &[0x18; 2048]);
    }
    let mut machine = Machine::new(CpuState::new(Model::default()), Arc::clone(&storage));
    // It would store into an instruction.
    machine.processor.state.model.interval_timer = false;
    // LR 1,8 in every halfword; the wrap at 16M leads to location 0 again.
    let execute = |machine: &mut Machine, key, count| {
        machine.processor.state.psw = Psw { key, ..Psw::default() };
        assert_eq!(machine.run(&mut NoDevices, count), (count, Stop::Count));
    };
    execute(&mut machine, 0, u64::from(SIZE / 2));
    overwrite(&mut machine, &storage);
    execute(&mut machine, 0, u64::from(SIZE / 2));
    for key in 1..16 {
        execute(&mut machine, key, 4096);
    }
}

/// Executes MVCL from the first halfwords over everything else, all of which is decoded.
fn overwrite(machine: &mut Machine, storage: &Storage) {
    storage.store_u16(0, 0x0E24);
    let state = &mut machine.processor.state;
    (state.gr[2], state.gr[3], state.gr[4], state.gr[5]) = (0x800, 0xFF_F800, 0x800, 0x1800_0000);
    state.psw = Psw::default();
    let mut executed = 0;
    while machine.processor.state.gr[3] & 0xFF_FFFF != 0 {
        executed += machine.run(&mut NoDevices, 1).0;
        assert!(executed < 100_000, "MOVE LONG does not end");
    }
    assert_eq!(storage.u16(0xFF_FFFE), 0x1818);
    storage.store_u16(0, 0x1818);
}
