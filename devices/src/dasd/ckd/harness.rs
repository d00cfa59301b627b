//! A pack in host storage and a small channel, for the tests of the drive.

use std::{
    ops::Range,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use s370_arch::channel::UnitStatus;

use super::CkdDrive;
use crate::{
    area::Area,
    dasd::{CkdPack, geometry::Model},
    device::{Command, Data, Delay, Device, Ending, Initial, Progress},
    media::MediaError,
};

/// What is in a pack that tests can look into.
pub(in crate::dasd) struct Contents {
    pub(in crate::dasd) model: &'static Model,
    pub(in crate::dasd) tracks: Vec<Vec<u8>>,
    pub(in crate::dasd) read_only: bool,
    /// Tracks that cannot be read or written.
    pub(in crate::dasd) broken: Vec<u32>,
    /// Reads and writes so far.
    pub(in crate::dasd) reads: usize,
    pub(in crate::dasd) writes: usize,
    pub(in crate::dasd) changes: u64,
}

/// A pack in host storage.
#[derive(Clone)]
pub(in crate::dasd) struct MemoryPack(Arc<Mutex<Contents>>, &'static Model);

/// A record as tests write it: count (cylinder, head, record), key, data.
pub(in crate::dasd) type Plain = (u16, u16, u8, Vec<u8>, Vec<u8>);

impl MemoryPack {
    /// A pack of this model with so many cylinders, each track with a home address and an R0.
    pub(in crate::dasd) fn new(name: &str, cylinders: u32) -> MemoryPack {
        let model = Model::named(name).expect("a model");
        let tracks = (0..cylinders * model.heads).map(|number| {
            let mut image = Vec::new();
            append_home_address(&mut image, number / model.heads, number % model.heads);
            let (cylinder, head) = ((number / model.heads) as u16, (number % model.heads) as u16);
            append(&mut image, &(cylinder, head, 0, vec![], vec![0; 8]));
            finish(image, model)
        });
        let tracks = tracks.collect();
        let contents =
            Contents { model, tracks, read_only: false, broken: Vec::new(), reads: 0, writes: 0, changes: 0 };
        MemoryPack(Arc::new(Mutex::new(contents)), model)
    }

    pub(in crate::dasd) fn contents(&self) -> MutexGuard<'_, Contents> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts records on a track, behind its R0.
    pub(in crate::dasd) fn put(&self, cylinder: u32, head: u32, records: &[Plain]) {
        let mut contents = self.contents();
        let model = contents.model;
        let mut image = Vec::new();
        append_home_address(&mut image, cylinder, head);
        append(&mut image, &(cylinder as u16, head as u16, 0, vec![], vec![0; 8]));
        records.iter().for_each(|record| append(&mut image, record));
        contents.tracks[(cylinder * model.heads + head) as usize] = finish(image, model);
    }

    /// The records of a track, R0 first.
    pub(in crate::dasd) fn records(&self, cylinder: u32, head: u32) -> Vec<Plain> {
        let contents = self.contents();
        let image = &contents.tracks[(cylinder * contents.model.heads + head) as usize];
        let mut records = Vec::new();
        let mut at = 5;
        while image[at..at + 8] != [0xFF; 8] {
            let half = |at: usize| u16::from_be_bytes([image[at], image[at + 1]]);
            let key = at + 8 + usize::from(image[at + 5]);
            let data = key + usize::from(half(at + 6));
            records.push((
                half(at),
                half(at + 2),
                image[at + 4],
                image[at + 8..key].to_vec(),
                image[key..data].to_vec(),
            ));
            at = data;
        }
        records
    }
}

fn append_home_address(image: &mut Vec<u8>, cylinder: u32, head: u32) {
    image.push(0);
    image.extend((cylinder as u16).to_be_bytes());
    image.extend((head as u16).to_be_bytes());
}

fn append(image: &mut Vec<u8>, (cylinder, head, number, key, data): &Plain) {
    image.extend(cylinder.to_be_bytes());
    image.extend(head.to_be_bytes());
    image.extend([*number, key.len() as u8]);
    image.extend((data.len() as u16).to_be_bytes());
    image.extend(key);
    image.extend(data);
}

/// What is behind the end mark is undefined: here, something that looks like records.
fn finish(mut image: Vec<u8>, model: &Model) -> Vec<u8> {
    image.extend([0xFF; 8]);
    image.resize(model.image_track() as usize, 0x11);
    image
}

impl CkdPack for MemoryPack {
    fn model(&self) -> &'static Model {
        self.1
    }

    fn cylinders(&self) -> u32 {
        self.contents().tracks.len() as u32 / self.1.heads
    }

    fn name(&self) -> &str {
        "test pack"
    }

    fn read_track(&mut self, track: u32, into: &mut Vec<u8>) -> Result<(), MediaError> {
        let mut contents = self.contents();
        contents.reads += 1;
        if contents.broken.contains(&track) {
            let (file, what) = ("test pack".to_owned(), "no track here".to_owned());
            return Err(MediaError::Damaged { file, offset: u64::from(track), what });
        }
        into.clone_from(&contents.tracks[track as usize]);
        Ok(())
    }

    fn write_track(&mut self, track: u32, image: &[u8], changed: Range<usize>) -> Result<(), MediaError> {
        let mut contents = self.contents();
        contents.writes += 1;
        assert!(!contents.read_only, "a write to a pack that is read-only");
        if contents.broken.contains(&track) {
            let source = std::io::ErrorKind::StorageFull.into();
            return Err(MediaError::Host { file: "test pack".to_owned(), offset: u64::from(track), source });
        }
        let ours = &mut contents.tracks[track as usize];
        ours[changed.clone()].copy_from_slice(&image[changed]);
        assert!(ours == image, "more has changed than the drive said");
        Ok(())
    }

    fn is_read_only(&self) -> bool {
        self.contents().read_only
    }

    fn changes(&self) -> u64 {
        self.contents().changes
    }
}

/// How a command ended.
#[derive(Debug)]
pub(in crate::dasd) struct Done {
    /// All status, that which came later too.
    pub(in crate::dasd) status: UnitStatus,
    /// What came after channel end, and when.
    pub(in crate::dasd) later: Option<(Delay, UnitStatus)>,
    /// What moved.
    pub(in crate::dasd) bytes: Vec<u8>,
    /// The count was too small, or more than was needed.
    pub(in crate::dasd) is_incorrect: bool,
}

/// A drive, and the chain that goes on on it.
pub(in crate::dasd) struct Bench {
    pub(in crate::dasd) drive: CkdDrive,
    pub(in crate::dasd) pack: MemoryPack,
    is_chained: bool,
    pub(in crate::dasd) now: u64,
    /// What is written goes to the pack at once, as if each command told the program how far it has come.
    pub(in crate::dasd) keeps: bool,
}

impl Bench {
    pub(in crate::dasd) fn new(name: &str, cylinders: u32) -> Bench {
        let pack = MemoryPack::new(name, cylinders);
        Bench { pack: pack.clone(), ..Bench::with(Box::new(pack)) }
    }

    /// A drive with this pack; the bench's own is empty.
    pub(in crate::dasd) fn with(pack: Box<dyn CkdPack>) -> Bench {
        let own = MemoryPack::new(pack.model().name, 0);
        Bench { drive: CkdDrive::new(pack), pack: own, is_chained: false, now: 0, keeps: true }
    }

    /// The next command begins a chain.
    pub(in crate::dasd) fn new_chain(&mut self) -> &mut Bench {
        self.drive.end_of_chain();
        self.is_chained = false;
        self
    }

    /// A command with this data, or room for as many bytes.
    pub(in crate::dasd) fn command(&mut self, code: u8, bytes: Vec<u8>) -> Done {
        let initial = self.drive.start(Command { code, chained: self.is_chained, now: self.now });
        self.is_chained = true;
        let mut area = Area::of(&bytes);
        let (ending, has_moved) = match initial {
            Initial::Ended(ending) => (ending, false),
            Initial::Accepted(Delay::Outside) => panic!("a disk waits for nobody"),
            Initial::Accepted(Delay::Microseconds(microseconds)) => {
                self.now += u64::from(microseconds) << 12;
                match self.drive.transfer(&mut area, self.now) {
                    Progress::Ended(ending) => (ending, true),
                    Progress::Wait(_) => panic!("a disk moves all data at once"),
                }
            }
        };
        self.finish(ending, &mut area, has_moved)
    }

    fn finish(&mut self, ending: Ending, area: &mut Area, has_moved: bool) -> Done {
        if self.keeps {
            self.drive.keep_writes();
        }
        let mut status = ending.status;
        if let Some((Delay::Microseconds(microseconds), later)) = ending.later {
            self.now += u64::from(microseconds) << 12;
            status |= later;
        }
        let stops = UnitStatus::UNIT_CHECK | UnitStatus::UNIT_EXCEPTION;
        if status.intersects(stops) {
            self.new_chain();
        }
        let is_incorrect = has_moved && (area.is_long || area.room() > 0);
        Done { status, later: ending.later, bytes: area.read().to_vec(), is_incorrect }
    }

    /// A control command or a write with this data, which must end well.
    pub(in crate::dasd) fn give(&mut self, code: u8, bytes: &[u8]) -> &mut Bench {
        let done = self.command(code, bytes.to_vec());
        assert_eq!(done.status, UnitStatus::ENDED, "{code:02X} {:02X?}", self.sense());
        self
    }

    /// A read with room for so many bytes, which must end well.
    pub(in crate::dasd) fn take(&mut self, code: u8, length: usize) -> Vec<u8> {
        let done = self.command(code, vec![0; length]);
        assert_eq!(done.status, UnitStatus::ENDED, "{code:02X} {:02X?}", self.sense());
        done.bytes
    }

    /// Seek, in a new chain.
    pub(in crate::dasd) fn seek(&mut self, cylinder: u16, head: u16) -> &mut Bench {
        let [c0, c1] = cylinder.to_be_bytes();
        let [h0, h1] = head.to_be_bytes();
        self.new_chain().give(0x07, &[0, 0, c0, c1, h0, h1])
    }

    /// A search and a TIC back to it: goes on until the search is satisfied or ends badly.
    pub(in crate::dasd) fn search(&mut self, code: u8, argument: &[u8]) -> Done {
        for _ in 0..10_000 {
            let done = self.command(code, argument.to_vec());
            if done.status != UnitStatus::ENDED {
                return done;
            }
        }
        panic!("a search without end");
    }

    /// As [`Bench::search`], and it must be satisfied.
    pub(in crate::dasd) fn find(&mut self, code: u8, argument: &[u8]) -> &mut Bench {
        let done = self.search(code, argument);
        let found = UnitStatus::ENDED | UnitStatus::STATUS_MODIFIER;
        assert_eq!(done.status, found, "{code:02X} {argument:02X?} {:02X?}", self.sense());
        self
    }

    /// Searches for a record's identifier on the track that was sought.
    pub(in crate::dasd) fn find_id(&mut self, number: u8) -> &mut Bench {
        let (cylinder, head) = self.drive.address();
        let [_, _, c0, c1] = cylinder.to_be_bytes();
        let [_, _, h0, h1] = head.to_be_bytes();
        self.find(0x31, &[c0, c1, h0, h1, number])
    }

    /// A command that must end with unit check: bytes 0 and 1 of the sense data.
    pub(in crate::dasd) fn fail(&mut self, code: u8, bytes: &[u8]) -> (u8, u8) {
        let done = self.command(code, bytes.to_vec());
        assert!(done.status.contains(UnitStatus::UNIT_CHECK), "{code:02X} {:?}", done.status);
        self.sense01()
    }

    /// Sense data, by the command.
    pub(in crate::dasd) fn sense(&mut self) -> Vec<u8> {
        self.new_chain();
        let done = self.command(0x04, vec![0; 24]);
        self.new_chain();
        done.bytes
    }

    pub(in crate::dasd) fn sense01(&mut self) -> (u8, u8) {
        let sense = self.sense();
        (sense[0], sense[1])
    }
}

/// A count area.
pub(in crate::dasd) fn count(cylinder: u16, head: u16, number: u8, key: u8, data: u16) -> [u8; 8] {
    let ([c0, c1], [h0, h1], [d0, d1]) = (cylinder.to_be_bytes(), head.to_be_bytes(), data.to_be_bytes());
    [c0, c1, h0, h1, number, key, d0, d1]
}

/// Bytes that begin with this one and count up.
pub(in crate::dasd) fn pattern(first: u8, length: usize) -> Vec<u8> {
    (0..length).map(|n| first.wrapping_add(n as u8)).collect()
}
