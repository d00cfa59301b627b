//! A medium with its length remembered, and with errors that name file and offset.

use std::fmt;

use crate::media::{MediaError, Medium};

/// One host file of an image.
pub(super) struct ImageFile {
    medium: Box<dyn Medium>,
    length: u64,
}

impl fmt::Debug for ImageFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ImageFile").field("name", &self.name()).field("length", &self.length).finish()
    }
}

impl ImageFile {
    /// Takes a medium; its length is asked for here and only here.
    pub fn new(mut medium: Box<dyn Medium>) -> Result<ImageFile, MediaError> {
        match medium.length() {
            Ok(length) => Ok(ImageFile { medium, length }),
            Err(source) => Err(MediaError::Host { file: medium.name().to_owned(), offset: 0, source }),
        }
    }

    pub fn name(&self) -> &str {
        self.medium.name()
    }

    pub fn length(&self) -> u64 {
        self.length
    }

    pub fn is_read_only(&self) -> bool {
        self.medium.is_read_only()
    }

    /// That the image is not what it says it is, here.
    pub fn damaged(&self, offset: u64, what: impl Into<String>) -> MediaError {
        MediaError::Damaged { file: self.name().to_owned(), offset, what: what.into() }
    }

    /// Reads all of `into`; an image that ends before is damaged.
    pub fn read(&mut self, offset: u64, into: &mut [u8]) -> Result<(), MediaError> {
        match self.medium.read_at(offset, into) {
            Ok(length) if length == into.len() => Ok(()),
            Ok(length) => {
                let what = format!("the file ends here, {} bytes too early", into.len() - length);
                Err(self.damaged(offset + length as u64, what))
            }
            Err(source) => Err(MediaError::Host { file: self.name().to_owned(), offset, source }),
        }
    }

    /// Writes all bytes.
    pub fn write(&mut self, offset: u64, from: &[u8]) -> Result<(), MediaError> {
        if self.is_read_only() {
            return Err(MediaError::ReadOnly { file: self.name().to_owned() });
        }
        if let Err(source) = self.medium.write_at(offset, from) {
            return Err(MediaError::Host { file: self.name().to_owned(), offset, source });
        }
        self.length = self.length.max(offset + from.len() as u64);
        Ok(())
    }

    /// Cuts the file off, or extends it with zeros.
    pub fn set_length(&mut self, length: u64) -> Result<(), MediaError> {
        if let Err(source) = self.medium.set_length(length) {
            return Err(MediaError::Host { file: self.name().to_owned(), offset: length, source });
        }
        self.length = length;
        Ok(())
    }
}
