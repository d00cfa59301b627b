//! The stand-alone programs of `programs/media` do what they are measured for, on the bare machine and in a virtual one: each comes to its final wait with code
//! 00C0DE, and what it has written is on the media.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use cambridge::files::{HostFile, Purpose};
use cp::{
    real::Owner,
    system::System,
    vm::{Definition, Stop, Timer, VirtualMachine},
};
use devices::{
    dasd::ckd::CkdDrive,
    device::Device,
    machine::{BareMachine, End},
    media::{
        Buffer, Medium,
        deck::{Deck, Reading},
        disk::{self, Image, track},
        listing::text::{Encoding, TextListing},
        reel,
    },
    tape::{Kind, TapeUnit},
    unit_record::{
        printer::{Printer, PrinterKind},
        reader::{Reader, ReaderKind},
    },
};
use s370_arch::psw::Psw;
use s370_cpu::{
    state::{Model, RunState},
    storage::AbsoluteStorage,
};

/// Address of the final wait.
const SUCCESS: u32 = 0x00C0DE;

fn file(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("media-programs-{name}"));
    let _ = fs::remove_file(&path);
    path
}

fn cambridge(arguments: &[&str]) {
    let output = Command::new(env!("CARGO_BIN_EXE_cambridge")).args(arguments).output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

fn open(path: &Path, purpose: Purpose) -> Box<dyn Medium> {
    Box::new(HostFile::open(path, purpose).unwrap())
}

/// The machine that a program runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum On {
    Bare,
    Virtual,
}

const BOTH: [On; 2] = [On::Bare, On::Virtual];

/// Runs a program from its restart to its final wait, with these words from location 200 on and these devices. Gives the
/// words from there on.
fn run(on: On, name: &str, words: &[u32], devices: Vec<(u16, Box<dyn Device>)>) -> Vec<u32> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("programs/media").join(format!("{name}.asm"));
    let core = file(&format!("{name}-{on:?}.core"));
    cambridge(&["asm", source.to_str().unwrap(), "--core", core.to_str().unwrap(), "--origin", "0"]);
    let mut image = fs::read(core).unwrap();
    for (n, word) in words.iter().enumerate() {
        image[0x200 + 4 * n..0x204 + 4 * n].copy_from_slice(&word.to_be_bytes());
    }
    match on {
        On::Bare => run_bare(name, &image, devices),
        On::Virtual => run_virtually(name, &image, devices),
    }
}

fn run_bare(name: &str, image: &[u8], devices: Vec<(u16, Box<dyn Device>)>) -> Vec<u32> {
    let mut machine = BareMachine::new(1 << 20, Model::default()).unwrap();
    for (address, device) in devices {
        machine.channels.attach(address, device).unwrap();
    }
    machine.system_reset(true);
    machine.storage().store(0, image);
    machine.machine.processor.state.psw = Psw::parse(machine.storage().u64(0));
    machine.start();
    let (_, end) = machine.run(10_000_000);
    assert_eq!(end, End::Waiting { until: None }, "{name}");
    let psw = machine.state().psw;
    assert_eq!(psw.address, SUCCESS, "{name}: CSW {:016X}", machine.storage().u64(64));
    (0..8).map(|n| machine.storage().u32(0x200 + 4 * n)).collect()
}

fn run_virtually(name: &str, image: &[u8], devices: Vec<(u16, Box<dyn Device>)>) -> Vec<u32> {
    let system = System::new(4 << 20, 1).unwrap();
    let mut here = system.processor(0);
    let definition = Definition { user: [0x40; 8], storage: 1 << 20, model: Model::default(), timer: Timer::Real };
    let mut machine = VirtualMachine::new(Owner(1), &definition, &system.real, &system.pool).unwrap();
    for (address, device) in devices {
        machine.channels.attach(address, device).unwrap();
    }
    machine.system_clear(&mut here.processor);
    machine.storage.store(0, image);
    machine.state.psw = Psw::parse(machine.storage.u64(0));
    machine.state.run_state = RunState::Operating;
    let stop = loop {
        match machine.run(&mut here.processor, 10_000_000) {
            Stop::Wait { until } if until != u64::MAX => machine.sleep_until(until),
            stop => break stop,
        }
    };
    assert_eq!(stop, Stop::DisabledWait, "{name}");
    assert_eq!(machine.state.psw.address, SUCCESS, "{name}: CSW {:016X}", machine.storage.u64(64));
    (0..8).map(|n| machine.storage.u32(0x200 + 4 * n)).collect()
}

#[test]
fn cards_are_listed() {
    BOTH.into_iter().for_each(list_cards);
}

fn list_cards(on: On) {
    let listing = file(&format!("listing-{on:?}"));
    let text: String = (1..=70).map(|number| format!("CARD {number}\n")).collect();
    let mut reader = Reader::new(ReaderKind::R3505);
    reader.load(Deck::read("cards", text.as_bytes(), &Reading::default()).unwrap());
    reader.end_of_file(true);
    let sink = TextListing::new(open(&listing, Purpose::Create), Encoding::default()).unwrap();
    let printer = Printer::new(PrinterKind::P1403, Box::new(sink));
    let words = run(on, "cardprt", &[0x00C, 0x00E], vec![(0x00C, Box::new(reader)), (0x00E, Box::new(printer))]);
    assert_eq!(words[2], 70);
    let printed = fs::read_to_string(listing).unwrap();
    let pages: Vec<&str> = printed.split('\u{C}').collect();
    assert_eq!(printed.replace('\u{C}', ""), text);
    assert_eq!(pages.last().unwrap().lines().count(), 10, "60 lines to a page");
}

#[test]
fn a_pack_is_written_and_read() {
    BOTH.into_iter().for_each(write_and_read_a_pack);
}

fn write_and_read_a_pack(on: On) {
    let image = file(&format!("pack-{on:?}.ckd"));
    cambridge(&["disk", "create", image.to_str().unwrap(), "--model", "3330", "--cylinders", "2"]);
    let Image::Ckd(pack) = disk::open(vec![open(&image, Purpose::Write)]).unwrap().image else { panic!("tracks") };
    run(on, "diskio", &[2, 800, 14, 2, 19, 0x150, 1], vec![(0x150, Box::new(CkdDrive::new(pack)))]);
    let Image::Ckd(mut pack) = disk::open(vec![open(&image, Purpose::Read)]).unwrap().image else { panic!("tracks") };
    let mut last = Vec::new();
    pack.read_track(37, &mut last).unwrap();
    let records: Vec<_> = track::records(&last).skip(1).map(|record| record.data.to_vec()).collect();
    assert_eq!((records.len(), &records[13][..6]), (14, &[0, 1, 0, 18, 0xE7, 0xE7][..]));
}

#[test]
fn a_reel_is_written_and_read() {
    BOTH.into_iter().for_each(write_and_read_a_reel);
}

fn write_and_read_a_reel(on: On) {
    let mut unit = TapeUnit::new(Kind::named("3420").unwrap());
    unit.mount(reel::open(Box::new(Buffer::default()), reel::Options::default()).unwrap());
    let words = run(on, "tapeio", &[3, 1000, 40, 0x180], vec![(0x180, Box::new(unit))]);
    assert_eq!(words[0], 0, "all rounds were run");
}
