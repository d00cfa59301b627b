//! Reels of magnetic tape: AWSTAPE, HET and FakeTape images.
//!
//! A reel is a row of blocks and tape marks and a place between two of them. What is written replaces all that follows,
//! as on tape. A block is in the file whole when [`Reel::write_block`] returns. What a dead process left of a block after
//! the last whole one is not on the tape: the reel says so ([`Reel::take_messages`]), and the next write replaces it.

mod header;
mod image;
mod packing;
#[cfg(test)]
mod tests;
mod window;

use std::{fmt, str::FromStr};

pub use packing::Packing;

use self::{header::Coding, image::ImageReel, window::Window};
use super::{MediaError, Medium};

/// The longest block, in bytes.
pub const LONGEST_BLOCK: usize = 2 << 20;

/// Which way the tape moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Away from the load point.
    Forward,
    /// Towards the load point.
    Backward,
}

/// What came by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passed {
    /// A block.
    Block,
    /// A tape mark.
    TapeMark,
    /// Nothing: the tape is at the load point, and was to move backward.
    LoadPoint,
    /// Nothing: nothing is recorded beyond this place.
    Unrecorded,
}

/// A mounted reel.
pub trait Reel: Send {
    /// Its name, for messages.
    fn name(&self) -> &str;

    /// How it is kept.
    fn format(&self) -> Format;

    /// Whether it has no write ring.
    fn is_protected(&self) -> bool;

    /// Blocks and tape marks between the load point and this place.
    fn position(&self) -> u64;

    /// Bytes of the image between the load point and this place.
    fn offset(&self) -> u64;

    /// Whether the tape is at the load point.
    fn is_at_load_point(&self) -> bool;

    /// Puts the end-of-tape mark (the reflective one) this many bytes of the image behind the load point; none is an
    /// endless tape.
    fn set_end_mark(&mut self, offset: Option<u64>);

    /// Whether the tape is past its end-of-tape mark.
    fn is_past_end_mark(&self) -> bool;

    /// Reads a block, in the order of writing whatever the direction. `into` is replaced; it is empty if no block came by.
    ///
    /// # Errors
    /// The image is damaged there, or the host refused; the tape has not moved.
    fn read(&mut self, direction: Direction, into: &mut Vec<u8>) -> Result<Passed, MediaError>;

    /// Moves past one block or tape mark.
    ///
    /// # Errors
    /// As [`Reel::read`].
    fn space(&mut self, direction: Direction) -> Result<Passed, MediaError>;

    /// Writes a block of at least one byte.
    ///
    /// # Errors
    /// There is no write ring, the block is longer than the format allows, or the host refused. Nothing follows this
    /// place then.
    fn write_block(&mut self, block: &[u8]) -> Result<(), MediaError>;

    /// Writes a tape mark.
    ///
    /// # Errors
    /// As [`Reel::write_block`].
    fn write_tape_mark(&mut self) -> Result<(), MediaError>;

    /// Erases what follows. Images have no gaps: the tape stays where it is.
    ///
    /// # Errors
    /// As [`Reel::write_block`].
    fn erase(&mut self) -> Result<(), MediaError>;

    /// Goes to the load point.
    fn rewind(&mut self);

    /// Goes to the place that has this many blocks and tape marks before it, or as far as anything is recorded.
    ///
    /// # Errors
    /// As [`Reel::read`].
    fn locate(&mut self, position: u64) -> Result<(), MediaError> {
        if position < self.position() / 2 {
            self.rewind();
        }
        while self.position() > position {
            self.space(Direction::Backward)?;
        }
        while self.position() < position && self.space(Direction::Forward)? != Passed::Unrecorded {}
        Ok(())
    }

    /// What the operator should know. Taking it clears it.
    fn take_messages(&mut self) -> Vec<String>;
}

/// How a reel is kept in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// AWSTAPE: a binary header before each block.
    Aws,
    /// Hercules Emulated Tape: AWSTAPE with compressed blocks.
    Het,
    /// FakeTape of Fundamental Software: a header of hexadecimal digits before each block.
    FakeTape,
}

impl Format {
    /// The format that a file's name stands for: HET for `.het`, FakeTape for `.fkt` and `.faketape`, otherwise AWSTAPE.
    #[must_use]
    pub fn of_name(name: &str) -> Format {
        match name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase()).as_deref() {
            Some("het") => Format::Het,
            Some("fkt" | "faketape") => Format::FakeTape,
            _ => Format::Aws,
        }
    }

    const fn coding(self) -> Coding {
        match self {
            Format::Aws | Format::Het => Coding::Binary,
            Format::FakeTape => Coding::Digits,
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Format::Aws => "AWSTAPE",
            Format::Het => "HET",
            Format::FakeTape => "FakeTape",
        })
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Format, String> {
        match text.to_ascii_lowercase().as_str() {
            "aws" | "awstape" => Ok(Format::Aws),
            "het" => Ok(Format::Het),
            "faketape" | "fkt" | "flex" => Ok(Format::FakeTape),
            _ => Err(format!("{text}: not aws, het or faketape")),
        }
    }
}

/// How a reel is to be opened.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Take out the write ring, even if the file could be written.
    pub protect: bool,
    /// The format; otherwise what the contents say, or for an empty file its name.
    pub format: Option<Format>,
    /// How to compress what is written to a HET file; zlib unless it says otherwise.
    pub packing: Option<Packing>,
}

/// Mounts an image at its load point. An empty file is a tape with nothing recorded on it.
///
/// # Errors
/// The file cannot be read, or does not begin like a tape image.
pub fn open(medium: Box<dyn Medium>, options: Options) -> Result<Box<dyn Reel>, MediaError> {
    let mut window = Window::new(medium)?;
    let format = match options.format {
        Some(format) => format,
        None => recognize(&mut window)?,
    };
    let packing = match format {
        Format::Het => options.packing.unwrap_or(Packing::Zlib),
        Format::Aws | Format::FakeTape => Packing::Plain,
    };
    let mut reel = ImageReel::new(window, format, packing, options.protect);
    // An image of something else is refused here, not when a guest reads.
    reel.space(Direction::Forward)?;
    reel.rewind();
    Ok(Box::new(reel))
}

/// Chunks that are looked at to tell HET from AWSTAPE: labels may be too short to compress.
const CHUNKS_LOOKED_AT: usize = 100;

fn recognize(window: &mut Window) -> Result<Format, MediaError> {
    if window.length() == 0 {
        return Ok(Format::of_name(window.name()));
    }
    let length = Coding::Digits.length();
    if Coding::Digits.parse(window.at(0, length, Direction::Forward)?).is_ok() {
        return Ok(Format::FakeTape);
    }
    let named = Format::of_name(window.name());
    if named == Format::Het {
        return Ok(Format::Het);
    }
    let mut offset = 0;
    for _ in 0..CHUNKS_LOOKED_AT {
        let length = Coding::Binary.length();
        let Ok(header) = Coding::Binary.parse(window.at(offset, length, Direction::Forward)?) else { break };
        if header.packing != Packing::Plain {
            return Ok(Format::Het);
        }
        offset += length as u64 + u64::from(header.length);
    }
    Ok(Format::Aws)
}
