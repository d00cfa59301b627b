//! What CP costs a virtual machine: instructions that are simulated, interruptions that are reflected, shadow tables. Each
//! figure is the time of a thousand turns of a loop of that instruction and BRANCH ON COUNT: microseconds to be read as
//! nanoseconds a turn.

use std::{hint::black_box, sync::Arc, time::Duration};

use cp::{
    real::{Owner, RealStorage},
    vm::{Definition, Stop, TablePool, Timer, VirtualMachine},
};
use criterion::{Criterion, criterion_group, criterion_main};
use s370_arch::psw::Psw;
use s370_cpu::{
    processor::{Engine, Processor},
    state::{CpuState, Model, RunState},
    storage::AbsoluteStorage,
};

/// Turns of the loop.
const TURNS: u32 = 1000;
/// Where the loop is.
const LOOP: u32 = 0x1000;

struct Bench {
    processor: Processor,
    machine: VirtualMachine,
}

impl Bench {
    /// A machine with a loop of these halfwords; the PSW is this one, with the address of the loop.
    fn new(code: &[u16], psw: u64) -> Bench {
        let real = Arc::new(RealStorage::new(16 << 20).expect("storage"));
        let pool = Arc::new(TablePool::new(Arc::clone(&real)));
        let definition = Definition { user: [0x40; 8], storage: 1 << 20, model: Model::default(), timer: Timer::Off };
        let mut machine = VirtualMachine::new(Owner(1), &definition, &real, &pool).expect("a machine");
        machine.engine = Engine::Fast;
        let mut model = Model::default();
        model.interval_timer = false;
        model.extended_real_addressing = true;
        let processor = Processor::new(CpuState::new(model), Arc::clone(real.storage()));
        // BCT 15,LOOP; then a wait.
        let branch = [0x46F0, 0xC000, 0x8200, 0xC800];
        for (at, halfword) in (LOOP..).step_by(2).zip(code.iter().chain(&branch)) {
            machine.storage.store_u16(at, *halfword);
        }
        machine.storage.store_u64(LOOP + 0x800, 0x0002_0000_0000_0000);
        machine.state.gr[12] = LOOP;
        machine.state.psw = Psw::parse(psw | u64::from(LOOP));
        machine.state.run_state = RunState::Operating;
        Bench { processor, machine }
    }

    fn run(&mut self) {
        self.machine.state.gr[15] = TURNS;
        self.machine.state.psw.address = LOOP;
        self.machine.state.psw.wait = false;
        loop {
            match self.machine.run(&mut self.processor, u64::MAX) {
                Stop::Slice | Stop::Diagnose(_) => {}
                stop => {
                    assert_eq!(stop, Stop::DisabledWait);
                    break;
                }
            }
        }
        black_box(&self.machine.state.gr);
    }
}

/// Sets doublewords in storage.
fn with(mut bench: Bench, contents: &[(u32, u64)]) -> Bench {
    for (at, value) in contents {
        bench.machine.storage.store_u64(*at, *value);
    }
    bench.machine.state.gr[1] = 0x2000;
    bench
}

const BC: u64 = 0;
const EC: u64 = 0x0008_0000_0000_0000;

fn simulated(c: &mut Criterion) {
    let mut group = c.benchmark_group("simulated");
    let cases: [(&str, Bench); 9] = [
        ("empty loop", Bench::new(&[], BC)),
        ("SSM", with(Bench::new(&[0x8000, 0x1000], BC), &[])),
        ("LPSW", with(Bench::new(&[0x8200, 0x1000], BC), &[(0x2000, BC | u64::from(LOOP + 4))])),
        ("LPSW EC", with(Bench::new(&[0x8200, 0x1000], EC), &[(0x2000, EC | u64::from(LOOP + 4))])),
        ("STNSM", with(Bench::new(&[0xACFF, 0x1000], EC), &[])),
        ("SSK", with(Bench::new(&[0x0811], BC), &[])),
        ("STIDP", with(Bench::new(&[0xB202, 0x1000], BC), &[])),
        ("SVC and back", with(Bench::new(&[0x0A01], BC), &[(0x60, BC | 0x3000), (0x3000, 0x8200_0020_0000_0000)])),
        ("DIAGNOSE", Bench::new(&[0x8300, 0x0060], BC)),
    ];
    for (name, mut bench) in cases {
        group.bench_function(name, |b| b.iter(|| bench.run()));
    }
    group.finish();
}

/// A machine with translation on: its own tables map 64 pages of segment 1 to its storage at 64K, 4K-byte pages.
fn translated(code: &[u16]) -> Bench {
    let mut bench = with(Bench::new(code, EC | 0x0400_0000_0000_0000), &[]);
    let storage = &bench.machine.storage;
    let (segments, pages) = (0x8000, 0x8100);
    for segment in 0..2 {
        storage.store_u32(segments + segment * 4, 0xF000_0000 | pages + segment * 0x100);
        for page in 0..16 {
            storage.store_u16(pages + segment * 0x100 + page * 2, ((segment * 16 + page) << 4) as u16);
        }
    }
    bench.machine.state.cr[0] = 0x0080_0000;
    bench.machine.state.cr[1] = segments;
    bench
}

fn shadow(c: &mut Criterion) {
    let mut group = c.benchmark_group("shadow");
    // PTLB, then a reference to one page besides that of the loop: two entries to make.
    group.bench_function("PTLB, two entries", |b| {
        let mut bench = translated(&[0xB20D, 0x0000, 0x5820, 0x1000]);
        b.iter(|| bench.run());
    });
    group.bench_function("no PTLB", |b| {
        let mut bench = translated(&[0x5820, 0x1000]);
        b.iter(|| bench.run());
    });
    group.bench_function("PTLB, ten entries", |b| {
        let mut code = vec![0xB20D, 0x0000, 0x1821];
        for _ in 0..9 {
            // L 3,0(2); AH 2,=H'4096'.
            code.extend([0x5830, 0x2000, 0x4A20, 0xC7F0]);
        }
        let mut bench = translated(&code);
        bench.machine.storage.store_u16(LOOP + 0x7F0, 4096);
        b.iter(|| bench.run());
    });
    group.bench_function("other address space and back", |b| {
        // LCTL 1,1,0(1); LCTL 1,1,4(1): two spaces, each remembered.
        let mut bench = translated(&[0xB711, 0x1000, 0xB711, 0x1004]);
        bench.machine.storage.store_u64(0x2000, 0x0000_8000_0000_8080);
        for at in (0..16).step_by(4) {
            let entry = bench.machine.storage.u32(0x8000 + at);
            bench.machine.storage.store_u32(0x8080 + at, entry);
        }
        b.iter(|| bench.run());
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    targets = simulated, shadow
}
criterion_main!(benches);
