//! Codes 18 and 20 with a disk that CMS has formatted: 800-byte records, on a 3330.

use std::ops::Range;

use ::devices::{
    dasd::{CkdPack, ckd::CkdDrive, geometry::Model},
    media::MediaError,
};
use s370_cpu::storage::AbsoluteStorage;

use super::*;
use crate::command::tests::Bench;

const CYLINDERS: u32 = 2;
const RECORDS: u8 = 14;
const RECORD: usize = 800;
const SIZE: u32 = 64 << 10;
const DISK: u32 = 0x191;
const PROGRAM: u32 = 0x1000;
const SEEK: u32 = 0x1100;
const DATA: u32 = 0x2000;

/// A pack in the test's memory.
struct Pack {
    model: &'static Model,
    tracks: Vec<Vec<u8>>,
    read_only: bool,
}

impl Pack {
    fn new(read_only: bool) -> Pack {
        let model = Model::named("3330").expect("a model");
        let tracks = (0..CYLINDERS * model.heads).map(|track| Pack::track(model, track)).collect();
        Pack { model, tracks, read_only }
    }

    /// Each record is full of its number.
    fn track(model: &Model, track: u32) -> Vec<u8> {
        let cylinder = ((track / model.heads) as u16).to_be_bytes();
        let head = ((track % model.heads) as u16).to_be_bytes();
        let address = [cylinder, head].concat();
        let mut image = [&[0][..], &address, &address, &[0, 0, 0, 8], &[0; 8]].concat();
        for record in 1..=RECORDS {
            image.extend([&address[..], &[record, 0], &(RECORD as u16).to_be_bytes(), &[record; RECORD]].concat());
        }
        image.extend([0xFF; 8]);
        image.resize(model.image_track() as usize, 0);
        image
    }
}

impl CkdPack for Pack {
    fn model(&self) -> &'static Model {
        self.model
    }

    fn cylinders(&self) -> u32 {
        CYLINDERS
    }

    fn name(&self) -> &str {
        "pack"
    }

    fn read_track(&mut self, track: u32, into: &mut Vec<u8>) -> Result<(), MediaError> {
        into.clone_from(&self.tracks[track as usize]);
        Ok(())
    }

    fn write_track(&mut self, track: u32, image: &[u8], _: Range<usize>) -> Result<(), MediaError> {
        self.tracks[track as usize] = image.to_vec();
        Ok(())
    }

    fn is_read_only(&self) -> bool {
        self.read_only
    }
}

fn bench(read_only: bool) -> Bench {
    let mut bench = Bench::new(SIZE);
    bench.with(|cp| {
        let drive = CkdDrive::new(Box::new(Pack::new(read_only)));
        cp.user.machine.channels.attach(DISK as u16, Box::new(drive)).expect("a free address");
        cp.user.machine.storage.store_u64(0x68, 0x4000);
    });
    bench
}

/// The program that CMS uses for a record at cylinder 0, head 1.
fn program(bench: &mut Bench, command: u8, record: u8) {
    bench.store(SEEK, &[0, 0, 0, 0, 0, 1, record]);
    let ccw = |command: u8, address: u32, flags: u8, count: u16| {
        let [_, a, b, c] = address.to_be_bytes();
        let [high, low] = count.to_be_bytes();
        [command, a, b, c, flags, 0, high, low]
    };
    let ccws = [
        ccw(0x07, SEEK, 0x40, 6),
        ccw(0x23, SEEK + 16, 0x40, 1),
        ccw(0x31, SEEK + 2, 0x40, 5),
        ccw(0x08, PROGRAM + 16, 0, 0),
        ccw(command, DATA, 0x20, RECORD as u16),
    ];
    bench.store(PROGRAM, &ccws.concat());
}

/// Condition code and register 15.
fn start(bench: &mut Bench, code: u32, at: u32, blocks: u32) -> (u8, u32) {
    bench.with(|cp| {
        let state = &mut cp.user.machine.state;
        (state.gr[2], state.gr[4], state.gr[15]) = (DISK, at, blocks);
        assert_eq!(execute(cp, Diagnose { r1: 2, r3: 4, code, ilc: 2 }), Outcome::Done);
        let machine = &mut cp.user.machine;
        assert!(!machine.channels.attention(), "there is no interruption");
        assert_eq!(machine.state.psw.address, 0, "nor an exception");
        (machine.state.psw.cc, machine.state.gr[15])
    })
}

fn change(bench: &mut Bench, at: u32, byte: u8) {
    bench.store(at, &[byte]);
}

#[test]
fn blocks_are_read_and_written() {
    for code in [0x18, 0x20] {
        let mut bench = bench(false);
        program(&mut bench, 0x06, 3);
        assert_eq!(start(&mut bench, code, PROGRAM, 1), (0, 0));
        assert_eq!(bench.with(|cp| cp.user.machine.fetch(DATA, RECORD)), Ok(vec![3; RECORD]));
        program(&mut bench, 0x05, 3);
        bench.store(DATA, &[0xAA; RECORD]);
        assert_eq!(start(&mut bench, code, PROGRAM, 1), (0, 0));
        program(&mut bench, 0x06, 3);
        bench.store(DATA, &[0; RECORD]);
        assert_eq!(start(&mut bench, code, PROGRAM, 1), (0, 0));
        assert_eq!(bench.with(|cp| cp.user.machine.fetch(DATA, RECORD)), Ok(vec![0xAA; RECORD]));
    }
}

#[test]
fn code_18_looks_at_the_program_first() {
    let mut bench = bench(false);
    // Where a byte is changed, to what, and what comes of it.
    let wrong = [
        (PROGRAM + 1, 0x01, (2, 6)),
        (PROGRAM + 17, 0x01, (2, 6)),
        (PROGRAM + 32, 0x01, (2, 7)),
        (PROGRAM + 32, 0x86, (2, 7)),
        (PROGRAM + 16, 0x92, (2, 7)),
        (PROGRAM + 38, 0x08, (2, 9)),
        (PROGRAM + 33, 0x01, (2, 10)),
        (SEEK + 3, CYLINDERS as u8, (1, 4)),
        (SEEK + 2, 0x01, (1, 4)),
    ];
    for (at, byte, expected) in wrong {
        program(&mut bench, 0x06, 3);
        change(&mut bench, at, byte);
        assert_eq!(start(&mut bench, 0x18, PROGRAM, 1), expected, "{at:X}");
    }
    program(&mut bench, 0x06, 3);
    bench.store(PROGRAM + 38, &[0, 0]);
    assert_eq!(start(&mut bench, 0x18, PROGRAM, 1), (2, 8));
    program(&mut bench, 0x06, 3);
    for blocks in [0, 2, 16, u32::MAX] {
        assert_eq!(start(&mut bench, 0x18, PROGRAM, blocks), (2, 11));
    }
    assert_eq!(start(&mut bench, 0x18, PROGRAM + 4, 1), (2, 5));
    assert_eq!(start(&mut bench, 0x18, SIZE, 1), (2, 10));
    // A seek to another head has the cylinder of the first.
    bench.store(PROGRAM + 8, &[0x1B, 0, 0x12, 0, 0x40, 0, 0, 6]);
    bench.store(0x1200, &[0, 0, 0, 1, 0, 1]);
    assert_eq!(start(&mut bench, 0x18, PROGRAM, 1), (2, 12));
}

#[test]
fn a_disk_that_may_not_be_written() {
    let mut bench = bench(true);
    program(&mut bench, 0x05, 3);
    assert_eq!(start(&mut bench, 0x18, PROGRAM, 1), (1, 3));
    let (cc, code) = start(&mut bench, 0x20, PROGRAM, 1);
    assert_eq!((cc, code), (3, 13));
    assert_ne!(bench.with(|cp| cp.user.machine.state.gr[4]) & 0xFFFF, 0, "sense bytes");
    bench.with(|cp| {
        cp.user.machine.state.gr[2] = DISK;
        let _ = execute(cp, Diagnose { r1: 2, r3: 4, code: 0x24, ilc: 2 });
        assert_eq!(cp.user.machine.state.gr[4], 0x0410_0080);
    });
}

#[test]
fn errors_of_the_device() {
    let mut bench = bench(false);
    // There is no such record: the search goes round.
    program(&mut bench, 0x06, 99);
    assert_eq!(start(&mut bench, 0x18, PROGRAM, 1), (3, 13));
    let csw = bench.with(|cp| cp.user.machine.storage.u64(0x40));
    assert_eq!(csw >> 24 & 0x02, 0x02, "unit check in the CSW {csw:016X}");
    program(&mut bench, 0x06, 99);
    assert_eq!(start(&mut bench, 0x20, PROGRAM, 1), (3, 13));
    assert_eq!(bench.with(|cp| cp.user.machine.state.gr[4]) & 0xFFFF, 0x0008, "no record found");
    // A length that is too short.
    program(&mut bench, 0x06, 3);
    bench.store(PROGRAM + 36, &[0, 0, 0, 10]);
    assert_eq!(start(&mut bench, 0x20, PROGRAM, 1), (2, 3));
    // A program without end.
    bench.store(PROGRAM, &[0x03, 0, 0, 0, 0x40, 0, 0, 1, 0x08, 0, 0x10, 0, 0, 0, 0, 0]);
    assert_eq!(start(&mut bench, 0x20, PROGRAM, 1), (3, 13));
    assert_eq!(start(&mut bench, 0x18, PROGRAM, 1), (3, 13));
    assert_eq!(start(&mut bench, 0x20, SIZE, 1), (3, 13));
}

#[test]
fn a_device_with_an_interruption_pending_is_busy() {
    let mut bench = bench(false);
    program(&mut bench, 0x06, 3);
    for code in [0x18, 0x20] {
        let answer = bench.with(|cp| {
            cp.user.machine.channels.present(DISK as u16, s370_arch::channel::UnitStatus::DEVICE_END);
            let state = &mut cp.user.machine.state;
            (state.gr[2], state.gr[4], state.gr[15]) = (DISK, PROGRAM, 1);
            let _ = execute(cp, Diagnose { r1: 2, r3: 4, code, ilc: 2 });
            (cp.user.machine.state.psw.cc, cp.user.machine.state.gr[15])
        });
        assert_eq!(answer, (1, 5));
    }
}

#[test]
fn keys_protect_storage_from_code_20() {
    let mut bench = bench(false);
    program(&mut bench, 0x06, 3);
    bench.with(|cp| cp.user.machine.storage.set_key(DATA, 0xF0));
    assert_eq!(start(&mut bench, 0x20, 0xE000_0000 | PROGRAM, 1), (3, 13));
    assert_eq!(start(&mut bench, 0x20, 0xF000_0000 | PROGRAM, 1), (0, 0));
}
