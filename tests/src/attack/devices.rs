//! Devices of attackers: a console, cards and paper that nobody keeps, minidisks of a pack in host storage, adapters, a
//! display.

use std::{
    ops::Range,
    sync::{Arc, Mutex, PoisonError},
};

use cp::vm::VirtualMachine;
use devices::{
    console::{
        display::{Display, Model as DisplayModel},
        typewriter::{Model, Typewriter, Unattended},
    },
    ctca::ChannelToChannel,
    dasd::{
        CkdPack,
        ckd::CkdDrive,
        geometry,
        shared::{Minidisk, SharedPack},
    },
    device::Device,
    media::{
        MediaError,
        deck::{Card, CardSink, Deck, Reading},
        listing::PrintSink,
    },
    unit_record::{
        printer::{Printer, PrinterKind},
        punch::{Punch, PunchKind},
        reader::{Reader, ReaderKind},
    },
};

/// Cylinders of an attacker's minidisk.
pub const CYLINDERS: u32 = 2;
/// The cylinder at which the first minidisk begins; what is below belongs to nobody.
pub const FIRST: u32 = 2;

/// A pack in host storage that can be looked into.
#[derive(Clone)]
pub struct Pack {
    tracks: Arc<Mutex<Vec<Vec<u8>>>>,
    model: &'static geometry::Model,
}

impl Pack {
    /// A 3330 for so many minidisks, with a record on each track; those of nobody have this in it.
    ///
    /// # Panics
    /// There is no 3330: a defect of the table of models.
    #[must_use]
    pub fn new(minidisks: u32, data: &[u8]) -> Pack {
        let model = geometry::Model::named("3330").expect("a model");
        let end = FIRST + minidisks * CYLINDERS;
        let zeros = vec![0; data.len()];
        let tracks = (0..(end + 2) * model.heads).map(|number| {
            let is_mine = (FIRST..end).contains(&(number / model.heads));
            track(model, number, if is_mine { &zeros } else { data })
        });
        Pack { tracks: Arc::new(Mutex::new(tracks.collect())), model }
    }

    /// The tracks that belong to none of so many minidisks.
    #[must_use]
    pub fn others(&self, minidisks: u32) -> Vec<Vec<u8>> {
        let tracks = self.tracks.lock().unwrap_or_else(PoisonError::into_inner);
        let mine = FIRST * self.model.heads..(FIRST + minidisks * CYLINDERS) * self.model.heads;
        (0..).zip(tracks.iter()).filter(|(number, _)| !mine.contains(number)).map(|(_, track)| track.clone()).collect()
    }
}

/// A home address, R0, and R1 with these data.
fn track(model: &geometry::Model, number: u32, data: &[u8]) -> Vec<u8> {
    let address = (((number / model.heads) << 16) | (number % model.heads)).to_be_bytes();
    let mut image = vec![0];
    image.extend(address);
    for (record, data) in [(0, [0; 8].as_slice()), (1, data)] {
        image.extend(address);
        image.extend([record, 0]);
        image.extend((data.len() as u16).to_be_bytes());
        image.extend(data);
    }
    image.extend([0xFF; 8]);
    image.resize(model.image_track() as usize, 0);
    image
}

impl CkdPack for Pack {
    fn model(&self) -> &'static geometry::Model {
        self.model
    }

    fn cylinders(&self) -> u32 {
        self.tracks.lock().unwrap_or_else(PoisonError::into_inner).len() as u32 / self.model.heads
    }

    fn name(&self) -> &str {
        "pack"
    }

    fn read_track(&mut self, track: u32, into: &mut Vec<u8>) -> Result<(), MediaError> {
        into.clone_from(&self.tracks.lock().unwrap_or_else(PoisonError::into_inner)[track as usize]);
        Ok(())
    }

    fn write_track(&mut self, track: u32, image: &[u8], _: Range<usize>) -> Result<(), MediaError> {
        self.tracks.lock().unwrap_or_else(PoisonError::into_inner)[track as usize].copy_from_slice(image);
        Ok(())
    }

    fn is_read_only(&self) -> bool {
        false
    }
}

/// Takes everything, keeps nothing.
struct Nowhere;

impl PrintSink for Nowhere {
    fn print(&mut self, _: &[u8]) {}

    fn space(&mut self, _: usize) {}

    fn new_page(&mut self) {}

    fn commit(&mut self) -> Result<(), MediaError> {
        Ok(())
    }
}

impl CardSink for Nowhere {
    fn take(&mut self, _: &Card, _: u8) -> Result<(), MediaError> {
        Ok(())
    }
}

/// Gives a machine the devices of the attacker with this number.
///
/// # Panics
/// Something is attached already, or the pack is too small.
pub fn attach(machine: &mut VirtualMachine, pack: &SharedPack, number: u32) {
    let minidisk =
        Minidisk::new(Box::new(pack.share()), FIRST + number * CYLINDERS, CYLINDERS, false).expect("a minidisk");
    let beginning = Minidisk::new(Box::new(pack.share()), FIRST + number * CYLINDERS, 1, true).expect("a minidisk");
    let mut typewriter = Typewriter::new(Model::M3215, Unattended::Ready);
    typewriter.connect();
    let mut reader = Reader::new(ReaderKind::R2540);
    reader.load(Deck::read("cards", &vec![0xC1; 80 * 50], &Reading::default()).expect("a deck"));
    let mut punch = Punch::new(PunchKind::P3525, Box::new(Nowhere));
    punch.press_start();
    let devices: [(u16, Box<dyn Device>); 8] = [
        (0x009, Box::new(typewriter)),
        (0x00C, Box::new(reader)),
        (0x00D, Box::new(punch)),
        (0x00E, Box::new(Printer::new(PrinterKind::P1403, Box::new(Nowhere)))),
        (0x190, Box::new(CkdDrive::new(Box::new(minidisk)))),
        (0x191, Box::new(CkdDrive::new(Box::new(beginning)))),
        (0x0C0, Box::new(Display::new(DisplayModel::M3278))),
        (0x500, Box::new(ChannelToChannel::uncoupled())),
    ];
    for (address, device) in devices {
        machine.channels.attach(address, device).expect("a free address");
    }
}
