//! Frames and free storage.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use s370_cpu::storage::{BadSize, Storage};
use thiserror::Error;

use super::PAGE;

/// Real storage is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("real storage is exhausted")]
pub struct NoFrame;

/// The real machine's storage, and who has what of it.
#[derive(Debug)]
pub struct RealStorage {
    storage: Arc<Storage>,
    frames: Mutex<Frames>,
}

#[derive(Debug)]
struct Frames {
    /// Frames that nobody has, the next to be given last.
    free: Vec<u32>,
    /// Free storage: pieces that nobody has, by address, in bytes.
    pieces: std::collections::BTreeMap<u32, u32>,
}

impl RealStorage {
    /// Storage of this size in bytes, all free but the first frame, where the processors' assigned locations are.
    ///
    /// # Errors
    /// There can be no storage of this size.
    pub fn new(size: u64) -> Result<RealStorage, BadSize> {
        let storage = Arc::new(Storage::new(size)?);
        let free = (1..storage.size() / PAGE).rev().map(|frame| frame * PAGE).collect();
        Ok(RealStorage { storage, frames: Mutex::new(Frames { free, pieces: Default::default() }) })
    }

    /// The storage itself.
    #[must_use]
    pub fn storage(&self) -> &Arc<Storage> {
        &self.storage
    }

    fn frames(&self) -> MutexGuard<'_, Frames> {
        self.frames.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A frame of zeros with a key of zero: its address.
    ///
    /// # Errors
    /// There is none left.
    pub(super) fn take_frame(&self) -> Result<u32, NoFrame> {
        let frame = self.frames().free.pop().ok_or(NoFrame)?;
        self.storage.store(frame, &[0; PAGE as usize]);
        for block in [frame, frame + PAGE / 2] {
            self.storage.set_key(block, 0);
        }
        Ok(frame)
    }

    /// Free storage for a control block: the real address of so many bytes, zeros, on a boundary of 64 bytes.
    ///
    /// # Errors
    /// Real storage is exhausted.
    pub fn allocate(&self, bytes: u32) -> Result<u32, NoFrame> {
        let bytes = bytes.next_multiple_of(64);
        let mut frames = self.frames();
        let found = frames.pieces.iter().find(|(_, length)| **length >= bytes).map(|(at, length)| (*at, *length));
        let (at, length) = match found {
            Some(piece) => piece,
            None => {
                drop(frames);
                let at = self.take_frame()?;
                frames = self.frames();
                frames.pieces.insert(at, PAGE);
                (at, PAGE)
            }
        };
        frames.pieces.remove(&at);
        if length > bytes {
            frames.pieces.insert(at + bytes, length - bytes);
        }
        Ok(at)
    }

    /// Takes note of a shadow page-table entry, at this real address, that maps a frame.
    pub fn note_shadow(&self, _frame: u32, _entry: u32, _invalid: u16) {}

    /// Gives free storage back.
    pub fn release(&self, at: u32, bytes: u32) {
        let bytes = bytes.next_multiple_of(64);
        self.storage.store(at, &vec![0; bytes as usize]);
        self.frames().pieces.insert(at, bytes);
    }
}
