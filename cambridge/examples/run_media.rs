//! Runs a stand-alone program on the media of a directory, and says how long it took, as JSON.
//!
//! The directory has the program's core image `core`, and whatever there is of `pack.ckd` (a disk at 150), `reel.aws`
//! (a 3420 at 180), `cards.txt` (in the 3505 at 00C); `listing.txt` is what the 1403 at 00E printed.

use std::{
    error::Error,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Instant,
};

use cambridge::files::{HostFile, Purpose};
use clap::Parser;
use devices::{
    dasd::ckd::CkdDrive,
    machine::{BareMachine, End},
    media::{
        Medium,
        deck::{Deck, Reading},
        disk::{self, Image},
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
use s370_cpu::state::Model;
use serde_json::json;

/// Run a stand-alone program on the media of a directory
#[derive(Debug, Parser)]
struct Options {
    /// The directory
    directory: PathBuf,
}

fn open(path: &Path, purpose: Purpose) -> Result<Box<dyn Medium>, Box<dyn Error>> {
    Ok(Box::new(HostFile::open(path, purpose)?))
}

fn attach(machine: &mut BareMachine, directory: &Path) -> Result<(), Box<dyn Error>> {
    let (pack, reel, cards) = (directory.join("pack.ckd"), directory.join("reel.aws"), directory.join("cards.txt"));
    if pack.exists() {
        let Image::Ckd(pack) = disk::open(vec![open(&pack, Purpose::Write)?])?.image else {
            return Err("pack.ckd has no tracks".into());
        };
        machine.channels.attach(0x150, Box::new(CkdDrive::new(pack)))?;
    }
    if reel.exists() {
        let mut unit = TapeUnit::new(Kind::named("3420").ok_or("no 3420")?);
        unit.mount(reel::open(open(&reel, Purpose::Write)?, reel::Options::default())?);
        machine.channels.attach(0x180, Box::new(unit))?;
    }
    if cards.exists() {
        let mut reader = Reader::new(ReaderKind::R3505);
        reader.load(Deck::read("cards.txt", &std::fs::read(&cards)?, &Reading::default())?);
        reader.end_of_file(true);
        machine.channels.attach(0x00C, Box::new(reader))?;
    }
    let listing = directory.join("listing.txt");
    let _ = std::fs::remove_file(&listing);
    let sink = TextListing::new(open(&listing, Purpose::Create)?, Encoding::default())?;
    machine.channels.attach(0x00E, Box::new(Printer::new(PrinterKind::P1403, Box::new(sink))))?;
    Ok(())
}

fn run(directory: &Path) -> Result<(), Box<dyn Error>> {
    let core = std::fs::read(directory.join("core"))?;
    let mut machine = BareMachine::new(16 << 20, Model::default())?;
    machine.use_host_clock();
    attach(&mut machine, directory)?;
    // Devices that became ready have said so to nobody.
    machine.system_reset(true);
    machine.storage().store(0, &core);
    let restart = machine.storage().u64(0);
    machine.machine.processor.state.psw = Psw::parse(restart);
    machine.start();
    let begin = Instant::now();
    let mut instructions = 0;
    loop {
        let (count, end) = machine.run(1_000_000);
        instructions += count;
        match end {
            End::Budget => {}
            End::Waiting { until: None } => break,
            end => return Err(format!("the machine stopped: {end:?}").into()),
        }
    }
    let seconds = begin.elapsed().as_secs_f64();
    for (address, message) in machine.channels.take_messages() {
        eprintln!("{address:03X}: {message}");
    }
    let psw = format!("{:016X}", machine.state().psw.emit(0, 0));
    let csw = format!("{:016X}", machine.storage().u64(64));
    println!("{}", json!({ "psw": psw, "csw": csw, "seconds": seconds, "instructions": instructions }));
    Ok(())
}

fn main() -> ExitCode {
    match run(&Options::parse().directory) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("run_media: {error}");
            ExitCode::FAILURE
        }
    }
}
