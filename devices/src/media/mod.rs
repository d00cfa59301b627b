//! Media: what the community keeps packs, reels and decks in.

pub mod deck;
pub mod disk;
pub mod listing;
pub mod reel;
#[cfg(test)]
pub(crate) mod shared;

use std::io;

use thiserror::Error;

/// A host file, or something like one, that holds an image. What [`Medium::write_at`] was told to write survives the death
/// of the process.
pub trait Medium: Send {
    /// Its name, for messages.
    fn name(&self) -> &str;

    /// Length in bytes.
    fn length(&mut self) -> io::Result<u64>;

    /// Reads as many bytes as there are from this offset, at most the length of `into`; says how many.
    fn read_at(&mut self, offset: u64, into: &mut [u8]) -> io::Result<usize>;

    /// Writes all bytes at this offset; the file grows if it must.
    fn write_at(&mut self, offset: u64, from: &[u8]) -> io::Result<()>;

    /// Cuts the file off, or extends it with zeros.
    fn set_length(&mut self, length: u64) -> io::Result<()>;

    /// Whether writing is impossible or forbidden.
    fn is_read_only(&self) -> bool;
}

/// What ends a line of text in a host file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LineEnd {
    /// Line feed.
    #[default]
    Lf,
    /// Carriage return and line feed.
    CrLf,
}

impl LineEnd {
    /// Its bytes.
    #[must_use]
    pub const fn bytes(self) -> &'static [u8] {
        match self {
            LineEnd::Lf => b"\n",
            LineEnd::CrLf => b"\r\n",
        }
    }
}

/// Trouble with a medium.
#[derive(Debug, Error)]
pub enum MediaError {
    /// The host refused.
    #[error("{file}: offset {offset}: {source}")]
    Host {
        /// The file's name.
        file: String,
        /// Where.
        offset: u64,
        /// What the host said.
        source: io::Error,
    },
    /// The image is not what it says it is.
    #[error("{file}: offset {offset}: {what}")]
    Damaged {
        /// The file's name.
        file: String,
        /// Where.
        offset: u64,
        /// What is wrong there.
        what: String,
    },
    /// The medium cannot be written.
    #[error("{file}: read-only")]
    ReadOnly {
        /// The file's name.
        file: String,
    },
}

/// A medium in host storage: for tests, and for what is made on the fly.
#[derive(Clone, Debug, Default)]
pub struct Buffer {
    /// Its name.
    pub name: String,
    /// Its contents.
    pub bytes: Vec<u8>,
    /// Whether writing is forbidden.
    pub read_only: bool,
}

impl Medium for Buffer {
    fn name(&self) -> &str {
        &self.name
    }

    fn length(&mut self) -> io::Result<u64> {
        Ok(self.bytes.len() as u64)
    }

    fn read_at(&mut self, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        let offset = usize::try_from(offset).map_or(self.bytes.len(), |offset| offset.min(self.bytes.len()));
        let from = &self.bytes[offset..];
        let length = from.len().min(into.len());
        into[..length].copy_from_slice(&from[..length]);
        Ok(length)
    }

    fn write_at(&mut self, offset: u64, from: &[u8]) -> io::Result<()> {
        if self.read_only {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        let offset = usize::try_from(offset).map_err(|_| io::ErrorKind::FileTooLarge)?;
        let end = offset.checked_add(from.len()).ok_or(io::ErrorKind::FileTooLarge)?;
        if self.bytes.len() < end {
            self.bytes.resize(end, 0);
        }
        self.bytes[offset..end].copy_from_slice(from);
        Ok(())
    }

    fn set_length(&mut self, length: u64) -> io::Result<()> {
        self.bytes.resize(usize::try_from(length).map_err(|_| io::ErrorKind::FileTooLarge)?, 0);
        Ok(())
    }

    fn is_read_only(&self) -> bool {
        self.read_only
    }
}
