//! A medium that a test can look into while a sink has it.

use std::io;

use super::{Buffer, Medium};
use crate::unit_record::testing::Shared;

/// A medium with several owners.
#[derive(Clone, Debug, Default)]
pub struct SharedFile {
    buffer: Shared<Buffer>,
}

impl SharedFile {
    pub fn holding(bytes: &[u8]) -> SharedFile {
        let file = SharedFile::default();
        file.buffer.with(|buffer| buffer.bytes = bytes.to_vec());
        file
    }

    pub fn bytes(&self) -> Vec<u8> {
        self.buffer.with(|buffer| buffer.bytes.clone())
    }

    /// Lets the host refuse to write, as when it has no space left.
    pub fn refuse(&self, refuse: bool) {
        self.buffer.with(|buffer| buffer.read_only = refuse);
    }
}

impl Medium for SharedFile {
    fn name(&self) -> &str {
        "shared"
    }

    fn length(&mut self) -> io::Result<u64> {
        self.buffer.with(Buffer::length)
    }

    fn read_at(&mut self, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        self.buffer.with(|buffer| buffer.read_at(offset, into))
    }

    fn write_at(&mut self, offset: u64, from: &[u8]) -> io::Result<()> {
        self.buffer.with(|buffer| buffer.write_at(offset, from))
    }

    fn set_length(&mut self, length: u64) -> io::Result<()> {
        self.buffer.with(|buffer| buffer.set_length(length))
    }

    fn is_read_only(&self) -> bool {
        self.buffer.with(|buffer| buffer.read_only)
    }
}
