//! Files that a command leaves behind: all of them, each whole, or none.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use thiserror::Error;

/// A file that cannot be read, written or removed.
#[derive(Debug, Error)]
#[error("{}: {source}", path.display())]
pub struct FileError {
    /// Which.
    pub path: PathBuf,
    /// Why.
    pub source: io::Error,
}

impl FileError {
    /// For `map_err`.
    pub fn of(path: &Path) -> impl FnOnce(io::Error) -> FileError {
        move |source| FileError { path: path.to_owned(), source }
    }
}

/// Whether a file's name stands for standard input or output.
#[must_use]
pub fn is_standard(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// The contents of a file, or of standard input.
///
/// # Errors
/// It cannot be read.
pub fn read(path: &Path) -> Result<Vec<u8>, FileError> {
    if !is_standard(path) {
        return fs::read(path).map_err(FileError::of(path));
    }
    let mut bytes = Vec::new();
    io::Read::read_to_end(&mut io::stdin().lock(), &mut bytes).map_err(FileError::of(path))?;
    Ok(bytes)
}

/// A file that waits for [`Outputs::commit`].
#[derive(Debug)]
enum Staged {
    /// It is written beside the place where it belongs.
    Beside { temporary: PathBuf, target: PathBuf },
    /// What it belongs to cannot be replaced: standard output, a device, a pipe.
    Kept { bytes: Vec<u8>, target: PathBuf },
}

/// Files that are to be left behind. Those that were not committed vanish with the value.
#[derive(Debug, Default)]
pub struct Outputs(Vec<Staged>);

impl Outputs {
    /// Writes a file that stays out of sight until [`Outputs::commit`].
    ///
    /// # Errors
    /// It cannot be written.
    pub fn stage(&mut self, target: &Path, bytes: Vec<u8>) -> Result<(), FileError> {
        let existing = fs::metadata(target).ok().filter(|_| !is_standard(target));
        if is_standard(target) || existing.as_ref().is_some_and(|existing| !existing.is_file()) {
            self.0.push(Staged::Kept { bytes, target: target.to_owned() });
            return Ok(());
        }
        // A symbolic link stays one.
        let target = fs::canonicalize(target).unwrap_or_else(|_| target.to_owned());
        let name = target.file_name().unwrap_or_default().to_string_lossy();
        let temporary = target.with_file_name(format!(".{name}.{}-{}", std::process::id(), self.0.len()));
        let written = fs::write(&temporary, &bytes).map_err(FileError::of(&target));
        self.0.push(Staged::Beside { temporary, target });
        written
    }

    /// Puts all files in their places.
    ///
    /// # Errors
    /// The first that cannot be put there; those after it are not.
    pub fn commit(mut self) -> Result<(), FileError> {
        for staged in &self.0 {
            match staged {
                Staged::Beside { temporary, target } => {
                    fs::rename(temporary, target).map_err(FileError::of(target))?;
                }
                Staged::Kept { bytes, target } if is_standard(target) => {
                    let mut output = io::stdout().lock();
                    match output.write_all(bytes).and_then(|()| output.flush()) {
                        // Whoever reads it has had enough of it.
                        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
                        written => written.map_err(FileError::of(target))?,
                    }
                }
                Staged::Kept { bytes, target } => {
                    fs::OpenOptions::new()
                        .write(true)
                        .open(target)
                        .and_then(|mut file| file.write_all(bytes))
                        .map_err(FileError::of(target))?;
                }
            }
        }
        self.0.clear();
        Ok(())
    }
}

impl Drop for Outputs {
    fn drop(&mut self) {
        for staged in &self.0 {
            if let Staged::Beside { temporary, .. } = staged {
                // It may be in its place already, or never have been written.
                let _ = fs::remove_file(temporary);
            }
        }
    }
}

/// Removes a file that an earlier run left, so that nobody takes it for the result of this one. Tells whether there was
/// one; what is not a regular file stays.
///
/// # Errors
/// It is there and cannot be removed.
fn remove_stale(path: &Path) -> Result<bool, FileError> {
    if is_standard(path) || !fs::metadata(path).is_ok_and(|existing| existing.is_file()) {
        return Ok(false);
    }
    fs::remove_file(path).map_err(FileError::of(path))?;
    Ok(true)
}

/// Removes what an earlier run of a command left of its outputs, after a run that leaves none, and says so.
pub fn remove_outputs(command: &str, paths: &[&Path], quiet: bool) {
    for path in paths {
        match remove_stale(path) {
            Ok(true) if !quiet => {
                say(&format!("cambridge {command}: {} of an earlier run is removed\n", path.display()));
            }
            Ok(_) => {}
            Err(error) => say(&format!("cambridge {command}: what an earlier run left cannot be removed: {error}\n")),
        }
    }
}

/// Complains about a file that is named twice when one of the names is an output's.
///
/// # Errors
/// Which.
pub fn check_distinct(inputs: &[PathBuf], outputs: &[&Path]) -> Result<(), String> {
    let identity = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    for (n, output) in outputs.iter().enumerate() {
        if outputs[..n].iter().any(|other| identity(other) == identity(output)) {
            return Err(format!("{} is the place of two outputs", output.display()));
        }
        if !is_standard(output) && inputs.iter().any(|input| identity(input) == identity(output)) {
            return Err(format!("{} is read and would be written over", output.display()));
        }
    }
    if inputs.iter().filter(|input| is_standard(input)).count() > 1 {
        return Err("standard input (-) can be read only once".to_owned());
    }
    Ok(())
}

/// Writes to standard error; that nobody listens is no reason to fail.
pub fn say(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("cambridge-outputs-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        path
    }

    fn names(directory: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn files_appear_together_or_not_at_all() {
        let directory = directory("together");
        let mut outputs = Outputs::default();
        outputs.stage(&directory.join("a"), b"A".to_vec()).unwrap();
        assert!(!directory.join("a").exists());
        let missing = outputs.stage(&directory.join("no/b"), b"B".to_vec()).unwrap_err();
        assert!(missing.to_string().contains("no/b: "), "{missing}");
        drop(outputs);
        assert!(names(&directory).is_empty());
        let mut outputs = Outputs::default();
        outputs.stage(&directory.join("a"), b"A".to_vec()).unwrap();
        outputs.stage(&directory.join("b"), b"B".to_vec()).unwrap();
        outputs.commit().unwrap();
        assert_eq!(names(&directory), ["a", "b"]);
        assert_eq!(fs::read(directory.join("b")).unwrap(), b"B");
        assert!(remove_stale(&directory.join("a")).unwrap());
        assert!(!remove_stale(&directory.join("a")).unwrap());
        assert!(!remove_stale(&directory).unwrap());
        fs::remove_dir_all(&directory).unwrap();
    }

    #[test]
    fn clashes_are_named() {
        let path = |text: &str| PathBuf::from(text);
        let (a, b, standard) = (path("a.asm"), path("b.deck"), path("-"));
        assert_eq!(check_distinct(&[a.clone(), standard.clone()], &[&b, &standard]), Ok(()));
        let error = |inputs: &[PathBuf], outputs: &[&Path]| check_distinct(inputs, outputs).unwrap_err();
        assert_eq!(error(std::slice::from_ref(&a), &[&a]), "a.asm is read and would be written over");
        assert_eq!(error(&[a], &[&standard, &b, &standard]), "- is the place of two outputs");
        assert_eq!(error(&[standard.clone(), standard], &[]), "standard input (-) can be read only once");
    }
}
