//! The host files of an image.

use std::path::{Path, PathBuf};

use devices::media::{
    Medium,
    disk::{DeviceHeader, Family, Form, recognize},
};

use super::DiskError;
use crate::files::{HostFile, Purpose};

/// A pack is in so many files at most: their numbers have one character.
pub(super) const MOST_FILES: u8 = 35;

/// Opens the files of an image: those of its base, then its shadow files. Of a plain image in several files the first
/// is enough. With [`Purpose::Write`] the last shadow file is opened for writing, and what is beneath it for reading; if
/// there is none, all are.
///
/// # Errors
///
/// A file cannot be opened or read.
pub fn media(paths: &[PathBuf], purpose: Purpose) -> Result<Vec<Box<dyn Medium>>, DiskError> {
    let files = with_headers(paths)?;
    let shadows = files.iter().any(|(_, header)| header.as_ref().is_some_and(|header| header.form == Form::Shadow));
    let last = files.len().saturating_sub(1);
    let open = |(n, (path, _)): (usize, &(PathBuf, _))| {
        let purpose = if shadows && n != last { Purpose::Read } else { purpose };
        Ok(Box::new(HostFile::open(path, purpose)?) as Box<dyn Medium>)
    };
    files.iter().enumerate().map(open).collect()
}

/// All files of an image, when those of a plain one may be named by the first only.
///
/// # Errors
///
/// A file cannot be opened or read.
pub fn complete(paths: &[PathBuf]) -> Result<Vec<PathBuf>, DiskError> {
    Ok(with_headers(paths)?.into_iter().map(|(path, _)| path).collect())
}

fn with_headers(paths: &[PathBuf]) -> Result<Vec<(PathBuf, Option<DeviceHeader>)>, DiskError> {
    let mut files = Vec::new();
    let mut rest = paths.iter().peekable();
    while let Some(path) = rest.next() {
        let mut path = path.clone();
        let mut header = look(&path)?;
        while let Some((next, number)) = header.as_ref().and_then(goes_on) {
            let given = rest.next_if(
                |path| matches!(look(path), Ok(Some(header)) if is_plain(&header) && header.sequence == number),
            );
            let following = given.cloned().unwrap_or_else(|| sibling(&path, next));
            files.push((std::mem::replace(&mut path, following), header));
            header = look(&path)?;
        }
        files.push((path, header));
    }
    Ok(files)
}

fn is_plain(header: &DeviceHeader) -> bool {
    (header.family, header.form) == (Family::Ckd, Form::Plain)
}

/// The name's character and the number of the file after this one.
fn goes_on(header: &DeviceHeader) -> Option<(char, u8)> {
    let number = header.sequence.checked_add(1).filter(|number| (2..=MOST_FILES).contains(number))?;
    (is_plain(header) && header.highest_cylinder != 0).then_some((character(number)?, number))
}

/// The character in the name of the file with this number.
pub(super) fn character(number: u8) -> Option<char> {
    char::from_digit(number.into(), 36).map(|digit| digit.to_ascii_uppercase())
}

/// The name of the first of several files, for a pack of this name: `_1` before the first full stop, unless the name has an
/// underscore and a character there.
pub(super) fn first_of_several(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let (stem, extension) = name.split_at(name.find('.').unwrap_or(name.len()));
    if stem.chars().rev().nth(1) == Some('_') {
        return path.to_owned();
    }
    path.with_file_name(format!("{stem}_1{extension}"))
}

/// The name of another file of the same pack: the last character before the first full stop differs.
pub(super) fn sibling(path: &Path, character: char) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let (stem, extension) = name.split_at(name.find('.').unwrap_or(name.len()));
    let mut stem: Vec<char> = stem.chars().collect();
    stem.pop();
    stem.push(character);
    path.with_file_name(stem.into_iter().collect::<String>() + extension)
}

fn look(path: &Path) -> Result<Option<DeviceHeader>, DiskError> {
    Ok(recognize(&mut HostFile::open(path, Purpose::Read)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_a_pack_differ_in_the_last_character_before_the_full_stop() {
        let name = |name: &str, character| sibling(Path::new(name), character);
        assert_eq!(name("packs/sys_1.3380.ckd", '2'), Path::new("packs/sys_2.3380.ckd"));
        assert_eq!(name("sys1", 'A'), Path::new("sysA"));
    }

    #[test]
    fn the_first_of_several_files_has_a_one_before_the_full_stop() {
        let name = |name: &str| first_of_several(Path::new(name));
        assert_eq!(name("packs/sys.3380.ckd"), Path::new("packs/sys_1.3380.ckd"));
        assert_eq!(name("packs/sys_1.3380"), Path::new("packs/sys_1.3380"));
        assert_eq!(name("sys"), Path::new("sys_1"));
        assert_eq!(name("é"), Path::new("é_1"));
    }
}
