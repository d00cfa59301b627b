//! Direct-access storage: what a drive asks of the pack in it.

pub mod capacity;
pub mod ckd;
pub mod fba;
pub mod geometry;
pub mod shared;

use std::ops::Range;

use crate::media::MediaError;

/// A pack of count, key and data tracks. Tracks are numbered cylinder × heads + head.
///
/// A track's image is the home address (5 bytes: flag, cylinder, head), then the records from R0 on: count (8 bytes:
/// cylinder, head, record, key length, data length), key, data; then eight bytes of X'FF'. What follows is undefined.
pub trait CkdPack: Send {
    /// The kind of pack.
    fn model(&self) -> &'static geometry::Model;

    /// Takes the pack to be of this model from now on, if what it is leaves that open.
    fn regard_as(&mut self, _model: &'static geometry::Model) {}

    /// Cylinders that there are, alternates included; images may be cut short or have more than the model.
    fn cylinders(&self) -> u32;

    /// The pack's name, for messages.
    fn name(&self) -> &str;

    /// Reads a track's image; `into` is replaced, and is [`geometry::Model::image_track`] bytes long afterwards.
    fn read_track(&mut self, track: u32, into: &mut Vec<u8>) -> Result<(), MediaError>;

    /// Writes a track's image, of which only these bytes have changed. It survives the death of the process on return.
    fn write_track(&mut self, track: u32, image: &[u8], changed: Range<usize>) -> Result<(), MediaError>;

    /// Brings what can wait into its final form: compresses, writes lists of free space. Dropping the pack does it too, but
    /// cannot tell of errors.
    ///
    /// # Errors
    ///
    /// The host refuses. Nothing that was written is lost.
    fn settle(&mut self) -> Result<(), MediaError> {
        Ok(())
    }

    /// Whether it may be written.
    fn is_read_only(&self) -> bool;

    /// A number that differs from what it was if someone else may have written since: of packs that have one holder, it
    /// never does. Drives keep tracks for as long as it stays the same.
    fn changes(&self) -> u64 {
        0
    }
}

/// A pack of fixed blocks of 512 bytes.
pub trait BlockPack: Send {
    /// Blocks that there are.
    fn blocks(&self) -> u32;

    /// The pack's name, for messages.
    fn name(&self) -> &str;

    /// Reads whole blocks; the length of `into` is a multiple of 512.
    fn read_blocks(&mut self, first: u32, into: &mut [u8]) -> Result<(), MediaError>;

    /// Writes whole blocks. They survive the death of the process on return.
    fn write_blocks(&mut self, first: u32, from: &[u8]) -> Result<(), MediaError>;

    /// Brings what can wait into its final form: compresses, writes lists of free space. Dropping the pack does it too, but
    /// cannot tell of errors.
    ///
    /// # Errors
    ///
    /// The host refuses. Nothing that was written is lost.
    fn settle(&mut self) -> Result<(), MediaError> {
        Ok(())
    }

    /// Whether it may be written.
    fn is_read_only(&self) -> bool;
}
