//! An image that is being made: beside its place and under another name, until it is whole.

use std::{
    fs,
    path::{Path, PathBuf},
};

use devices::media::Medium;

use super::DiskError;
use crate::{
    files::{HostFile, Purpose},
    outputs::FileError,
};

/// A file that vanishes unless [`Target::keep`] puts it into its place.
#[derive(Debug)]
pub(super) struct Target {
    temporary: PathBuf,
    place: PathBuf,
}

impl Target {
    /// A file for this place, where there must be none unless `replace`.
    pub fn new(place: &Path, replace: bool) -> Result<Target, DiskError> {
        if !replace && fs::symlink_metadata(place).is_ok() {
            return Err(DiskError::Image(format!("{}: exists (--replace replaces it)", place.display())));
        }
        if fs::metadata(place).is_ok_and(|existing| !existing.is_file()) {
            return Err(DiskError::Image(format!("{}: is not a file that can be replaced", place.display())));
        }
        // Whoever has the old image open goes on with it, but should not be surprised.
        if fs::metadata(place).is_ok() {
            drop(HostFile::open(place, Purpose::Write)?);
        }
        let place = fs::canonicalize(place).unwrap_or_else(|_| place.to_owned());
        let name = place.file_name().unwrap_or_default().to_string_lossy();
        let temporary = place.with_file_name(format!(".{name}.{}", std::process::id()));
        Ok(Target { temporary, place })
    }

    /// The file, empty.
    pub fn create(&self) -> Result<Box<dyn Medium>, DiskError> {
        Ok(Box::new(HostFile::open(&self.temporary, Purpose::Create)?))
    }

    /// The file again, to be written or read.
    pub fn open(&self, purpose: Purpose) -> Result<Box<dyn Medium>, DiskError> {
        Ok(Box::new(HostFile::open(&self.temporary, purpose)?))
    }

    /// Puts the file into its place. It is on the disk before it has its name.
    pub fn keep(self) -> Result<(), DiskError> {
        let synced = fs::File::open(&self.temporary).and_then(|file| file.sync_all());
        let kept = synced.and_then(|()| fs::rename(&self.temporary, &self.place));
        Ok(kept.map_err(FileError::of(&self.place))?)
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        // It may be in its place already, or never have been made.
        let _ = fs::remove_file(&self.temporary);
    }
}
