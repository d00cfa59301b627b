//! `cargo bench -p devices --bench channel`: what channels themselves cost, against a device that costs nothing.
//!
//! `search` is the loop by which every operating system finds records: search, transfer in channel to it, search, …; a
//! command is one search. `read` is a seek, a search that is equal at once and a read of 13,030 bytes (a track of a 3330);
//! with `indirect`, through a list of seven addresses.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use devices::{
    channel::Channels,
    device::{Command, Data, Delay, Device, Ending, Initial, Progress},
};
use s370_arch::channel::{Ccw, CcwFlags, UnitStatus};
use s370_cpu::{
    bus::{Bus, IoOperation, IoRequest},
    storage::Storage,
};

const ADDRESS: u16 = 0x190;
const TRACK: u16 = 13_030;
const PROGRAM: u32 = 0x400;
const LIST: u32 = 0x500;
const DATA: u32 = 0x1100;

/// Finds the record at the last of so many searches.
struct Disk {
    searches: u32,
    left: u32,
    command: u8,
    track: Vec<u8>,
}

impl Device for Disk {
    fn kind(&self) -> &'static str {
        "DISK"
    }

    fn start(&mut self, command: Command) -> Initial {
        self.command = command.code;
        Initial::Accepted(Delay::Microseconds(1))
    }

    fn transfer(&mut self, data: &mut dyn Data, _: u64) -> Progress {
        let mut argument = [0; 6];
        let mut status = UnitStatus::ENDED;
        match self.command {
            0x07 => {
                data.fetch(&mut argument);
                self.left = self.searches;
            }
            0x31 => {
                data.fetch_some(&mut argument[..5]);
                self.left = self.left.saturating_sub(1);
                if self.left == 0 {
                    status |= UnitStatus::STATUS_MODIFIER;
                }
            }
            _ => {
                data.store(&self.track);
            }
        }
        Progress::Ended(Ending::now(status))
    }

    fn reset(&mut self) {}
}

fn channels(searches: u32) -> (Channels, Storage) {
    let mut channels = Channels::new();
    let disk = Disk { searches, left: 0, command: 0, track: vec![0x5A; usize::from(TRACK)] };
    channels.attach(ADDRESS, Box::new(disk)).unwrap_or_else(|error| panic!("{error}"));
    let storage = Storage::new(1 << 20).unwrap_or_else(|error| panic!("{error}"));
    let chain = CcwFlags::CHAIN_COMMAND;
    let ccws = [
        (0x07, 0x300, chain, 6),
        (0x31, 0x302, chain, 5),
        (0x08, PROGRAM + 8, CcwFlags::empty(), 1),
        (0x06, DATA, CcwFlags::SUPPRESS_LENGTH, TRACK),
    ];
    for (at, (command, address, flags, count)) in (PROGRAM..).step_by(8).zip(ccws) {
        storage.store(at, &Ccw { command, address, flags, ignored: 0, count }.emit());
    }
    storage.store_u32(72, PROGRAM);
    (channels, storage)
}

/// Runs the program once and takes its interruption.
fn run(channels: &mut Channels, storage: &Storage) {
    let request = IoRequest {
        operation: IoOperation::StartIo,
        address: ADDRESS,
        cpu_address: 0,
        prefix: 0,
        cr0: 0x8000_0000,
        now: 0,
    };
    assert_eq!(channels.io(&request, storage), 0);
    while channels.next_event() != u64::MAX {
        channels.advance(channels.next_event(), storage);
    }
    assert_eq!(channels.accept_io(u32::MAX, 0, storage), Some(ADDRESS));
    assert_eq!(storage.u32(68) >> 16, 0x0C00);
}

fn chains(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("channel");
    let (mut long, storage) = channels(1000);
    group.throughput(Throughput::Elements(1000));
    group.bench_function("search", |bencher| bencher.iter(|| run(&mut long, &storage)));
    group.throughput(Throughput::Bytes(u64::from(TRACK)));
    let (mut short, storage) = channels(1);
    group.bench_function("read", |bencher| bencher.iter(|| run(&mut short, &storage)));
    let flags = CcwFlags::SUPPRESS_LENGTH | CcwFlags::INDIRECT;
    storage.store(PROGRAM + 24, &Ccw { command: 0x06, address: LIST, flags, ignored: 0, count: TRACK }.emit());
    storage.store_u32(LIST, DATA);
    for n in 1..8 {
        storage.store_u32(LIST + 4 * n, 0x1_0000 - 0x800 * n);
    }
    group.bench_function("read indirect", |bencher| bencher.iter(|| run(&mut short, &storage)));
    group.finish();
}

criterion_group!(benches, chains);
criterion_main!(benches);
