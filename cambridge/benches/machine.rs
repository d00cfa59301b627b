//! `cargo bench -p cambridge --bench machine`: what a machine costs before it executes anything, and what a probe case
//! costs altogether. SPECIFICATION.md promises at most a millisecond and at least 50,000 cases a second.

use std::{hint::black_box, sync::Arc};

use cambridge::probe::Probe;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use s370_cpu::{
    bus::NoDevices,
    machine::Machine,
    processor::Engine,
    state::{CpuState, Model},
    storage::Storage,
};

const CASE: &str = r#"{"id":"AR","psw":"0000000000001000","gr":{"1":5,"2":"0x10"},"storage":[{"at":"0x1000","hex":"1A12"}],"dump":[{"at":0,"length":256}]}"#;

fn creation(criterion: &mut Criterion) {
    let create = || {
        let storage = Storage::new(16 << 20).unwrap_or_else(|error| panic!("{error}"));
        Machine::new(CpuState::new(Model::default()), Arc::new(storage))
    };
    let mut group = criterion.benchmark_group("machine with 16 MiB");
    group.bench_function("created and dropped", |bencher| bencher.iter(create));
    // The host gives memory when it is first used, in large pages perhaps.
    group.bench_function("created, one instruction, dropped", |bencher| {
        bencher.iter(|| black_box(create().run(&mut NoDevices, 1)));
    });
    group.finish();
}

fn probe(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("probe case");
    group.throughput(Throughput::Elements(1));
    for (name, engine) in [("fast", Engine::Fast), ("slow", Engine::Slow)] {
        let mut probe = Probe::new(engine);
        let mut answer = Vec::new();
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                answer.clear();
                assert!(probe.answer(CASE.as_bytes(), &mut answer));
                black_box(answer.len())
            });
        });
    }
    group.finish();
}

criterion_group!(benches, creation, probe);
criterion_main!(benches);
