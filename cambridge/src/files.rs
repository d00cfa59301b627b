//! Host files that hold images: the one place that opens them.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io,
    os::unix::fs::FileExt,
    path::Path,
    thread::sleep,
    time::{Duration, Instant},
};

use devices::media::Medium;
use thiserror::Error;

/// How long a lock may stand in the way: a process that is just being started holds those of its parent for a moment.
const PATIENCE: Duration = Duration::from_millis(200);

/// What an image is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Reading only; nobody may be writing.
    Read,
    /// Reading and writing; nobody else may have it open.
    Write,
    /// As `Write`, of a file that must not exist yet.
    Create,
}

/// Why an image could not be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The host refused.
    #[error("{file}: {source}")]
    Host {
        /// The file's name.
        file: String,
        /// What the host said.
        source: io::Error,
    },
    /// Somebody has it.
    #[error("{file}: in use by another process, or by another device of this one")]
    InUse {
        /// The file's name.
        file: String,
    },
}

/// An open host file. A lock of the host's on it says that it is open, and for what.
#[derive(Debug)]
pub struct HostFile {
    file: File,
    name: String,
    read_only: bool,
}

impl HostFile {
    /// Opens an image.
    ///
    /// # Errors
    ///
    /// The host does not find it or does not permit it; another process has it open for writing, or for reading if this
    /// one wants to write.
    pub fn open(path: &Path, purpose: Purpose) -> Result<HostFile, OpenError> {
        let name = path.display().to_string();
        let host = |source| OpenError::Host { file: name.clone(), source };
        let writing = purpose != Purpose::Read;
        let file = OpenOptions::new()
            .read(true)
            .write(writing)
            .create_new(purpose == Purpose::Create)
            .open(path)
            .map_err(host)?;
        let begin = Instant::now();
        loop {
            match if writing { file.try_lock() } else { file.try_lock_shared() } {
                Ok(()) => return Ok(HostFile { file, name, read_only: !writing }),
                Err(TryLockError::WouldBlock) if begin.elapsed() < PATIENCE => sleep(PATIENCE / 10),
                Err(TryLockError::WouldBlock) => return Err(OpenError::InUse { file: name }),
                Err(TryLockError::Error(source)) => return Err(host(source)),
            }
        }
    }
}

impl Medium for HostFile {
    fn name(&self) -> &str {
        &self.name
    }

    fn length(&mut self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    fn read_at(&mut self, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        let mut done = 0;
        while done < into.len() {
            match self.file.read_at(&mut into[done..], offset + done as u64) {
                Ok(0) => break,
                Ok(length) => done += length,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(done)
    }

    fn write_at(&mut self, offset: u64, from: &[u8]) -> io::Result<()> {
        self.file.write_all_at(from, offset)
    }

    fn set_length(&mut self, length: u64) -> io::Result<()> {
        self.file.set_len(length)
    }

    fn is_read_only(&self) -> bool {
        self.read_only
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_cannot_write_one_image() {
        let path = std::env::temp_dir().join(format!("cambridge-files-{}", std::process::id()));
        let mut first = HostFile::open(&path, Purpose::Create).expect("a new file");
        first.write_at(3, b"image").expect("written");
        assert!(matches!(HostFile::open(&path, Purpose::Write), Err(OpenError::InUse { .. })));
        assert!(matches!(HostFile::open(&path, Purpose::Read), Err(OpenError::InUse { .. })));
        assert!(matches!(HostFile::open(&path, Purpose::Create), Err(OpenError::Host { .. })));
        drop(first);
        let mut reader = HostFile::open(&path, Purpose::Read).expect("an existing file");
        let mut bytes = [0xFF; 10];
        assert_eq!(reader.read_at(1, &mut bytes).expect("read"), 7);
        assert_eq!(&bytes[..7], b"\0\0image");
        assert!(reader.write_at(0, b"x").is_err());
        let second = HostFile::open(&path, Purpose::Read).expect("two may read");
        drop((reader, second));
        std::fs::remove_file(&path).expect("removed");
    }
}
