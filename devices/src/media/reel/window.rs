//! The part of an image that is held in host storage, so that a small block does not cost a call of the host.

use super::{
    super::{MediaError, Medium},
    Direction,
};

/// Bytes that are read at once.
const SIZE: usize = 256 << 10;

pub(super) struct Window {
    medium: Box<dyn Medium>,
    /// Length of the file. Nobody else changes it.
    length: u64,
    /// The bytes of the file from `start` on.
    bytes: Vec<u8>,
    start: u64,
}

impl Window {
    pub(super) fn new(mut medium: Box<dyn Medium>) -> Result<Window, MediaError> {
        let length = medium.length().map_err(|source| host(medium.name(), 0, source))?;
        Ok(Window { medium, length, bytes: Vec::new(), start: 0 })
    }

    pub(super) fn name(&self) -> &str {
        self.medium.name()
    }

    pub(super) fn length(&self) -> u64 {
        self.length
    }

    pub(super) fn is_read_only(&self) -> bool {
        self.medium.is_read_only()
    }

    /// The bytes at this offset: at most so many, fewer at the end of the file. The direction tells what will be asked for
    /// next. `length` is that of a chunk, less than [`SIZE`].
    pub(super) fn at(&mut self, offset: u64, length: usize, direction: Direction) -> Result<&[u8], MediaError> {
        let end = offset.saturating_add(length as u64).min(self.length);
        let offset = offset.min(end);
        if offset < self.start || end > self.start + self.bytes.len() as u64 {
            self.fill(offset, end, direction)?;
        }
        let from = (offset - self.start) as usize;
        let to = ((end - self.start) as usize).min(self.bytes.len());
        Ok(&self.bytes[from.min(to)..to])
    }

    fn fill(&mut self, offset: u64, end: u64, direction: Direction) -> Result<(), MediaError> {
        let start = match direction {
            Direction::Forward => offset,
            Direction::Backward => end.saturating_sub(SIZE as u64).min(offset),
        };
        let length = (self.length - start).min(SIZE as u64) as usize;
        self.bytes.resize(length, 0);
        self.start = start;
        let read = self.medium.read_at(start, &mut self.bytes);
        // After an error nothing is in the window.
        self.bytes.truncate(*read.as_ref().unwrap_or(&0));
        read.map(drop).map_err(|source| host(self.medium.name(), start, source))
    }

    /// Lets the file end at this offset with these bytes. If the process dies, it has a first part of them, and nothing
    /// behind that; if the host refuses, none.
    pub(super) fn end_with(&mut self, offset: u64, bytes: &[u8]) -> Result<(), MediaError> {
        self.cut(offset)?;
        if bytes.is_empty() {
            return Ok(());
        }
        if let Err(source) = self.medium.write_at(offset, bytes) {
            // What was written of it is no whole block. If it cannot be cut off, reading will find it out.
            let _ = self.medium.set_length(offset);
            return Err(host(self.medium.name(), offset, source));
        }
        self.length = offset + bytes.len() as u64;
        Ok(())
    }

    fn cut(&mut self, offset: u64) -> Result<(), MediaError> {
        if offset != self.length {
            self.medium.set_length(offset).map_err(|source| host(self.medium.name(), offset, source))?;
            self.length = offset;
        }
        self.bytes.truncate(offset.saturating_sub(self.start) as usize);
        Ok(())
    }
}

fn host(file: &str, offset: u64, source: std::io::Error) -> MediaError {
    MediaError::Host { file: file.to_owned(), offset, source }
}
