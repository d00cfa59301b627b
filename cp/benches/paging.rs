//! `cargo bench -p cp --bench paging`: what a page costs, in real storage of 64 MiB.
//!
//! `locate` is asking where a resident page is; `read` and `key` are what a simulated instruction does there. `first touch`
//! is a frame of zeros; `page in` is a page from the page area while frames are free. `steal clean` and `steal changed` are
//! page faults when none is: a page that need not be written makes room, or one that must, and its place is taken by one
//! from the page area. Each has another page each time, 32 MiB of them, as far from the host's caches as real ones.

use std::{hint::black_box, sync::Arc};

use cp::real::{GuestStorage, Owner, PAGE, RealStorage};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use s370_cpu::storage::AbsoluteStorage;

const MIB: u32 = 1 << 20;
/// Pages of 8 MiB.
const PAGES: u32 = 2048;

fn real(size: u32) -> Arc<RealStorage> {
    Arc::new(RealStorage::new(size.into()).expect("a size"))
}

fn guest(real: &Arc<RealStorage>, number: u32, size: u32) -> GuestStorage {
    GuestStorage::new(real.clone(), Owner(number), size).expect("free storage")
}

fn fill(guest: &GuestStorage, pages: u32) {
    (0..pages).for_each(|page| guest.store(page * PAGE, &[page as u8 | 1; PAGE as usize]));
}

fn resident(bench: &mut Criterion) {
    let real = real(64 * MIB);
    let guest = guest(&real, 1, 8 * MIB);
    fill(&guest, PAGES);
    real.begin_running(Owner(1));
    let mut at = 0;
    let mut next = move || {
        at = (at + 37 * PAGE + 8) % (8 * MIB);
        at
    };
    bench.bench_function("locate", |b| b.iter(|| guest.locate(black_box(next()))));
    bench.bench_function("read", |b| b.iter(|| guest.u32(black_box(next()))));
    bench.bench_function("store", |b| b.iter(|| guest.store_u32(black_box(next()), 1)));
    bench.bench_function("key", |b| b.iter(|| guest.key(black_box(next()))));
    bench.bench_function("record change", |b| b.iter(|| guest.record_change(black_box(next()))));
    real.end_running(Owner(1));
    bench.bench_function("read of one that does not run", |b| b.iter(|| guest.u32(black_box(next()))));
    bench.bench_function("begin and end running", |b| {
        b.iter(|| {
            real.begin_running(Owner(1));
            real.end_running(Owner(1));
        });
    });
    let shadow = real.allocate(4096).expect("free storage");
    let mut n = 0;
    bench.bench_function("note shadow", |b| {
        b.iter(|| {
            n = (n + 2) % 4096;
            real.note_shadow(0x5000, shadow + n, 8);
        });
    });
}

fn faults(bench: &mut Criterion) {
    let real = real(64 * MIB);
    let guest = guest(&real, 1, 16 * MIB);
    let mut page = 0;
    bench.bench_function("first touch", |b| {
        b.iter_batched(
            || {
                page = (page + 1) % (16 * MIB / PAGE);
                guest.release_pages(page, page).expect("a page");
                page
            },
            |page| guest.locate(page * PAGE),
            BatchSize::PerIteration,
        );
    });
    fill(&guest, 16 * MIB / PAGE);
    let mut page = 16 * MIB / PAGE;
    bench.bench_function("page in", |b| {
        b.iter_batched(
            || {
                page += 1;
                if page >= 16 * MIB / PAGE {
                    real.trim(Owner(1), 0);
                    page = 0;
                }
                page
            },
            |page| guest.locate(page * PAGE),
            BatchSize::PerIteration,
        );
    });
}

fn steals(bench: &mut Criterion) {
    // 40 MiB of pages in 16 MiB.
    let real = real(16 * MIB);
    let guests: Vec<GuestStorage> = (0..5).map(|number| guest(&real, number, 8 * MIB)).collect();
    guests.iter().for_each(|guest| fill(guest, PAGES));
    for (name, change) in [("steal clean", false), ("steal changed", true)] {
        let mut n = 0;
        bench.bench_function(name, |b| {
            b.iter(|| {
                n = (n + 1) % (5 * PAGES);
                let (guest, at) = (&guests[(n / PAGES) as usize], n % PAGES * PAGE);
                if change { guest.locate_to_store(at) } else { guest.locate(at) }
            });
        });
    }
    let counts = real.paging(Owner(0));
    println!("{counts:?}");
}

criterion_group!(benches, resident, faults, steals);
criterion_main!(benches);
