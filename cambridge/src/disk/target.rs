//! An image that is being made: beside its place and under other names, until it is whole.

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

/// Files, nearly always one, that vanish unless [`Target::keep`] puts them into their places.
#[derive(Debug)]
pub(super) struct Target(Vec<TargetFile>);

#[derive(Debug)]
struct TargetFile {
    temporary: PathBuf,
    place: PathBuf,
}

impl Target {
    /// Files for these places, where there must be none unless `replace`.
    pub fn new(places: &[PathBuf], replace: bool) -> Result<Target, DiskError> {
        places.iter().map(|place| TargetFile::new(place, replace)).collect::<Result<_, _>>().map(Target)
    }

    /// The files, empty.
    pub fn create(&self) -> Result<Vec<Box<dyn Medium>>, DiskError> {
        self.open(Purpose::Create)
    }

    /// The files again, to be written or read.
    pub fn open(&self, purpose: Purpose) -> Result<Vec<Box<dyn Medium>>, DiskError> {
        let open = |file: &TargetFile| Ok(Box::new(HostFile::open(&file.temporary, purpose)?) as Box<dyn Medium>);
        self.0.iter().map(open).collect()
    }

    /// Puts the files into their places. They are on the disk before they have their names. Of several the first comes
    /// last: where it is, the others are.
    pub fn keep(self) -> Result<(), DiskError> {
        for file in &self.0 {
            let synced = fs::File::open(&file.temporary).and_then(|open| open.sync_all());
            synced.map_err(FileError::of(&file.place))?;
        }
        if let [first, _, ..] = &self.0[..]
            && fs::symlink_metadata(&first.place).is_ok()
        {
            // Files of an old pack and of the new one would make neither.
            fs::remove_file(&first.place).map_err(FileError::of(&first.place))?;
        }
        for file in self.0.iter().rev() {
            fs::rename(&file.temporary, &file.place).map_err(FileError::of(&file.place))?;
        }
        Ok(())
    }
}

impl TargetFile {
    fn new(place: &Path, replace: bool) -> Result<TargetFile, DiskError> {
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
        Ok(TargetFile { temporary, place })
    }
}

impl Drop for TargetFile {
    fn drop(&mut self) {
        // It may be in its place already, or never have been made.
        let _ = fs::remove_file(&self.temporary);
    }
}
