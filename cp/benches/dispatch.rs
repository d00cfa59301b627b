//! `cargo bench -p cp --bench dispatch`: what it costs to choose who runs next.
//!
//! `compute` is a pick and a report of a machine that uses up its slice, with so many that are ready; `wait` is the same of one
//! that waits for a device and is woken, with the call that wakes it. Both with a call of `rouse`, as the control program makes.

use cp::{
    dispatch::{MICROSECOND, MILLISECOND, Scheduler, Tuning, TurnEnd, Wake},
    real::Owner,
};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};

const START: u64 = 0x8F00_0000_0000_0000;

fn busy(machines: u32) -> Scheduler {
    let mut scheduler = Scheduler::new(Tuning::new(1));
    scheduler.frames(100_000);
    for owner in (0..machines).map(Owner) {
        scheduler.enter(owner, 64);
        scheduler.ready(owner, Wake::Other, START);
    }
    scheduler
}

fn dispatch(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("dispatch");
    for machines in [1_u32, 10, 100, 1000] {
        group.bench_function(BenchmarkId::new("compute", machines), |bencher| {
            let (mut scheduler, mut now) = (busy(machines), START);
            bencher.iter(|| {
                let turn = scheduler.pick(0, now).expect("somebody is ready");
                now += turn.slice;
                scheduler.ran(turn.owner, turn.slice, TurnEnd::SliceUsed, now);
                scheduler.rouse()
            });
        });
        group.bench_function(BenchmarkId::new("wait", machines), |bencher| {
            let (mut scheduler, mut now) = (busy(machines), START);
            bencher.iter(|| {
                let turn = scheduler.pick(0, now).expect("somebody is ready");
                now += 100 * MICROSECOND;
                scheduler.ran(turn.owner, 100 * MICROSECOND, TurnEnd::IoWait, now);
                scheduler.ready(turn.owner, Wake::Io, now);
                scheduler.rouse()
            });
        });
    }
    group.bench_function("ready, terminal, 100", |bencher| {
        let (mut scheduler, mut now) = (busy(100), START);
        scheduler.enter(Owner(1000), 64);
        bencher.iter(|| {
            now += MILLISECOND;
            scheduler.ready(Owner(1000), Wake::Terminal, now);
            let turn = scheduler.pick(0, now).expect("the interactive one");
            scheduler.ran(turn.owner, 10 * MICROSECOND, TurnEnd::Wait, now);
        });
    });
    group.finish();
}

criterion_group!(benches, dispatch);
criterion_main!(benches);
