//! A pack that several drives hold, and parts of packs: what minidisks are made of.

use std::{
    ops::Range,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use thiserror::Error;

use super::{CkdPack, geometry::Model};
use crate::media::MediaError;

/// A pack of which there can be several handles. What is written through one is seen through all.
pub struct SharedPack {
    shared: Arc<Mutex<Shared>>,
    /// Writes through this handle.
    writes: u64,
    model: &'static Model,
    cylinders: u32,
    name: String,
}

struct Shared {
    pack: Box<dyn CkdPack>,
    /// Writes through all handles.
    writes: u64,
}

impl SharedPack {
    /// The first handle of a pack.
    #[must_use]
    pub fn new(pack: Box<dyn CkdPack>) -> SharedPack {
        let (model, cylinders, name) = (pack.model(), pack.cylinders(), pack.name().to_owned());
        SharedPack { shared: Arc::new(Mutex::new(Shared { pack, writes: 0 })), writes: 0, model, cylinders, name }
    }

    /// Another handle.
    #[must_use]
    pub fn share(&self) -> SharedPack {
        let (shared, name) = (Arc::clone(&self.shared), self.name.clone());
        SharedPack { shared, writes: 0, model: self.model, cylinders: self.cylinders, name }
    }

    /// A thread that died while it held the pack has left it as the pack itself leaves it between any two calls.
    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CkdPack for SharedPack {
    fn model(&self) -> &'static Model {
        self.model
    }

    fn cylinders(&self) -> u32 {
        self.cylinders
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn read_track(&mut self, track: u32, into: &mut Vec<u8>) -> Result<(), MediaError> {
        self.lock().pack.read_track(track, into)
    }

    fn write_track(&mut self, track: u32, image: &[u8], changed: Range<usize>) -> Result<(), MediaError> {
        let mut shared = self.lock();
        // A write that fails may have changed something too.
        shared.writes += 1;
        let written = shared.pack.write_track(track, image, changed);
        drop(shared);
        self.writes += 1;
        written
    }

    fn is_read_only(&self) -> bool {
        self.lock().pack.is_read_only()
    }

    fn changes(&self) -> u64 {
        let shared = self.lock();
        shared.pack.changes().wrapping_add(shared.writes).wrapping_sub(self.writes)
    }
}

/// Some cylinders of a pack, as a pack of their own: cylinder 0 is the first of them.
///
/// The cylinder numbers in home addresses are those of the minidisk, as CP makes them for a guest that reads one; so are
/// those of R0, unless it names another track. Other records have the numbers that the guest wrote. Defective tracks
/// cannot lead to alternates, which are outside.
pub struct Minidisk {
    pack: Box<dyn CkdPack>,
    first: u32,
    cylinders: u32,
    read_only: bool,
    name: String,
    /// The image as it is on the pack, while a track is written.
    image: Vec<u8>,
}

/// A minidisk was to reach over the end of its pack.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("{pack}: cylinders {first} to {last} are not on the pack, which has {cylinders}")]
pub struct OutsidePack {
    /// The pack's name.
    pub pack: String,
    /// First cylinder that was asked for.
    pub first: u32,
    /// Last cylinder that was asked for.
    pub last: u64,
    /// Cylinders that there are.
    pub cylinders: u32,
}

impl Minidisk {
    /// So many cylinders of a pack, from this one on.
    ///
    /// # Errors
    ///
    /// [`OutsidePack`] if there are none, or not as many.
    pub fn new(pack: Box<dyn CkdPack>, first: u32, cylinders: u32, read_only: bool) -> Result<Minidisk, OutsidePack> {
        let end = u64::from(first) + u64::from(cylinders);
        if cylinders == 0 || end > u64::from(pack.cylinders()) {
            let (pack, cylinders) = (pack.name().to_owned(), pack.cylinders());
            return Err(OutsidePack { pack, first, last: end.saturating_sub(1), cylinders });
        }
        let name = format!("{} from cylinder {first}", pack.name());
        Ok(Minidisk { pack, first, cylinders, read_only, name, image: Vec::new() })
    }

    fn track(&self, track: u32) -> Result<u32, MediaError> {
        let heads = self.pack.model().heads;
        if track / heads < self.cylinders {
            return Ok(self.first * heads + track);
        }
        let what = format!("track {track} is outside the minidisk");
        Err(MediaError::Damaged { file: self.name.clone(), offset: 0, what })
    }
}

/// Offset of the cylinder number in the home address of a track's image, and in its R0.
const CYLINDERS: [usize; 2] = [1, 5];

/// Makes the cylinder number of the home address another one, and that of R0 if it is the same.
fn renumber(image: &mut [u8], number: impl Fn(u16) -> u16) {
    let [home_address, record_zero] = CYLINDERS.map(|at| image.get(at..at + 2).and_then(|half| half.first_chunk()));
    let Some(&old) = home_address else { return };
    let is_same = record_zero == Some(&old);
    let new = number(u16::from_be_bytes(old)).to_be_bytes();
    for at in CYLINDERS.into_iter().take(if is_same { 2 } else { 1 }) {
        image[at..at + 2].copy_from_slice(&new);
    }
}

impl CkdPack for Minidisk {
    fn model(&self) -> &'static Model {
        self.pack.model()
    }

    fn cylinders(&self) -> u32 {
        self.cylinders
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn read_track(&mut self, track: u32, into: &mut Vec<u8>) -> Result<(), MediaError> {
        self.pack.read_track(self.track(track)?, into)?;
        let first = self.first as u16;
        renumber(into, |cylinder| cylinder.wrapping_sub(first));
        Ok(())
    }

    fn write_track(&mut self, track: u32, image: &[u8], changed: Range<usize>) -> Result<(), MediaError> {
        let track = self.track(track)?;
        if self.read_only {
            return Err(MediaError::ReadOnly { file: self.name.clone() });
        }
        let first = self.first as u16;
        self.image.clear();
        self.image.extend_from_slice(image);
        renumber(&mut self.image, |cylinder| cylinder.wrapping_add(first));
        self.pack.write_track(track, &self.image, changed)
    }

    fn is_read_only(&self) -> bool {
        self.read_only || self.pack.is_read_only()
    }

    fn changes(&self) -> u64 {
        self.pack.changes()
    }
}

#[cfg(test)]
mod tests {
    use s370_arch::channel::UnitStatus;

    use super::*;
    use crate::dasd::ckd::harness::{Bench, MemoryPack, count, pattern};

    /// A drive for cylinders 10 to 14 of a pack of 20.
    fn minidisk(pack: &SharedPack, read_only: bool) -> Bench {
        let minidisk = Minidisk::new(Box::new(pack.share()), 10, 5, read_only).expect("cylinders of the pack");
        Bench::with(Box::new(minidisk))
    }

    fn packs() -> (MemoryPack, SharedPack) {
        let pack = MemoryPack::new("3350", 20);
        (pack.clone(), SharedPack::new(Box::new(pack)))
    }

    #[test]
    fn a_minidisk_begins_at_cylinder_0() {
        let (pack, shared) = packs();
        let mut bench = minidisk(&shared, false);
        assert_eq!(bench.seek(3, 4).take(0x1A, 5), [0, 0, 3, 0, 4]);
        assert_eq!(bench.take(0x16, 16)[..8], count(3, 4, 0, 0, 8));
        bench.seek(3, 4).find_id(0).give(0x1D, &[&count(3, 4, 1, 0, 5)[..], &pattern(1, 5)].concat());
        let records = pack.records(13, 4);
        assert_eq!(records[0].0, 13, "R0 has the pack's number on the pack");
        assert_eq!(records[1], (3, 4, 1, vec![], pattern(1, 5)), "other records have the guest's");
        let image = pack.contents().tracks[13 * 30 + 4].clone();
        assert_eq!(image[..5], [0, 0, 13, 0, 4]);
        assert_eq!(bench.seek(3, 4).find_id(1).take(0x06, 5), pattern(1, 5));
    }

    #[test]
    fn home_addresses_written_are_those_of_the_pack() {
        let (pack, shared) = packs();
        let mut bench = minidisk(&shared, false);
        bench.seek(0, 2).give(0x1F, &[0xC0]).give(0x19, &[0, 0, 0, 0, 2]);
        bench.give(0x15, &[&count(0, 2, 0, 0, 8)[..], &[0; 8]].concat());
        assert_eq!(pack.contents().tracks[302][..7], [0, 0, 10, 0, 2, 0, 10]);
        assert_eq!(bench.seek(0, 2).take(0x1A, 5), [0, 0, 0, 0, 2]);
    }

    #[test]
    fn a_minidisk_has_no_more_cylinders_than_its_own() {
        let (_, shared) = packs();
        let mut bench = minidisk(&shared, false);
        bench.seek(4, 29);
        assert!(bench.new_chain().command(0x07, vec![0, 0, 0, 5, 0, 0]).status.contains(UnitStatus::UNIT_CHECK));
        for (first, cylinders) in [(16, 5), (20, 1), (0, 21), (3, 0), (u32::MAX, 2)] {
            let error = Minidisk::new(Box::new(shared.share()), first, cylinders, false).err();
            assert!(error.is_some(), "{first} {cylinders}");
        }
        let error = Minidisk::new(Box::new(shared.share()), 16, 5, false).err().map(|error| error.to_string());
        assert_eq!(error.as_deref(), Some("test pack: cylinders 16 to 20 are not on the pack, which has 20"));
        let mut disk = Minidisk::new(Box::new(shared.share()), 10, 5, false).expect("cylinders of the pack");
        assert!(disk.read_track(150, &mut Vec::new()).is_err());
    }

    #[test]
    fn a_minidisk_may_be_read_only_where_another_is_not() {
        let (_, shared) = packs();
        let (mut reader, mut writer) = (minidisk(&shared, true), minidisk(&shared, false));
        let record = |first| [&count(1, 1, 1, 0, 5)[..], &pattern(first, 5)].concat();
        writer.seek(1, 1).find_id(0).give(0x1D, &record(1));
        assert_eq!(reader.seek(1, 1).find_id(1).take(0x06, 5), pattern(1, 5));
        assert_eq!(reader.seek(1, 1).find_id(1).fail(0x05, &[0; 5]), (0x80, 0x02));
        // What one writes the other sees in its next chain.
        writer.seek(1, 1).find_id(1).give(0x05, &pattern(9, 5));
        assert_eq!(reader.seek(1, 1).find_id(1).take(0x06, 5), pattern(9, 5));
    }

    #[test]
    fn a_handle_hears_of_the_writes_of_others() {
        let (_, mut one) = packs();
        let other = one.share();
        let (mine, theirs) = (one.changes(), other.changes());
        let mut image = Vec::new();
        one.read_track(3, &mut image).expect("a track");
        one.write_track(3, &image, 0..5).expect("a track");
        assert_eq!(one.changes(), mine);
        assert_ne!(other.changes(), theirs);
    }
}
