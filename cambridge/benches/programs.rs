//! `cargo bench -p cambridge`: the benchmark programs, in guest instructions per second.

use std::hint::black_box;

use cambridge::programs::{PROGRAMS, Run};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use s370_cpu::processor::Engine;

fn programs(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("programs");
    for program in PROGRAMS {
        let image = program.core_image(program.rounds).unwrap_or_else(|error| panic!("{error}"));
        let start = || Run::new(&image, Engine::default()).unwrap_or_else(|error| panic!("{error}"));
        let outcome = start().finish(u64::MAX);
        assert!(outcome.is_success(), "{}: {outcome:X?}", program.name);
        group.throughput(Throughput::Elements(outcome.instructions));
        group.bench_function(program.name, |bencher| {
            bencher.iter_batched_ref(start, |run| black_box(run.finish(u64::MAX)), BatchSize::PerIteration);
        });
    }
    group.finish();
}

criterion_group!(benches, programs);
criterion_main!(benches);
