//! Macro libraries in the host's files: directories of members, and MACLIB files as CMS has them.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use asm370::{Maclib, Provider, Source};

use crate::outputs::{FileError, read};

use super::text::decode;

/// What a member's file may be called besides the member's name alone.
const EXTENSIONS: [&str; 3] = ["mac", "macro", "copy"];

/// A library of macro definitions and COPY members.
pub(super) struct Library {
    name: String,
    contents: Contents,
    /// The first member that was there but could not be read.
    trouble: RefCell<Option<String>>,
}

enum Contents {
    /// Files by the members' names.
    Directory(BTreeMap<String, PathBuf>),
    Maclib(Maclib),
}

impl Library {
    /// The library at `path`: a directory or a MACLIB file.
    ///
    /// # Errors
    /// It cannot be read or is no library.
    pub fn open(path: &Path) -> Result<Library, String> {
        let directory = fs::metadata(path).is_ok_and(|existing| existing.is_dir());
        let contents = if directory {
            Contents::Directory(members(path)?)
        } else {
            let bytes = read(path).map_err(|error| error.to_string())?;
            let maclib = Maclib::parse(&bytes).map_err(|error| {
                format!("{}: {error}; a macro library is a directory of members or a MACLIB file", path.display())
            })?;
            Contents::Maclib(maclib)
        };
        Ok(Library { name: path.display().to_string(), contents, trouble: RefCell::new(None) })
    }

    /// Why a member could not be read, if that has happened.
    pub fn trouble(&self) -> Option<String> {
        self.trouble.borrow().clone()
    }
}

impl Provider for Library {
    fn member(&self, name: &str) -> Option<Source> {
        match &self.contents {
            Contents::Maclib(maclib) => {
                let member = maclib.member(name)?;
                Some(Source::new(format!("{}({name})", self.name), member.text))
            }
            Contents::Directory(members) => read_member(members.get(name)?, &self.trouble),
        }
    }
}

/// The files beside a source, as the last library: members are files with the name in small or capital letters and one of the
/// extensions of members. Other files are not looked at, whatever else is in that directory.
pub(super) struct Beside {
    directory: PathBuf,
    trouble: RefCell<Option<String>>,
}

impl Beside {
    /// What is beside this source.
    pub fn of(source: &Path) -> Beside {
        Beside { directory: source.parent().unwrap_or(Path::new("")).to_owned(), trouble: RefCell::new(None) }
    }

    /// Why a member could not be read, if that has happened.
    pub fn trouble(&self) -> Option<String> {
        self.trouble.borrow().clone()
    }
}

impl Provider for Beside {
    fn member(&self, name: &str) -> Option<Source> {
        if !is_member_name(name) {
            return None;
        }
        let names = [name.to_ascii_lowercase(), name.to_owned()];
        let files = names.iter().flat_map(|name| EXTENSIONS.map(|extension| format!("{name}.{extension}")));
        let path = files.map(|file| self.directory.join(file)).find(|path| path.is_file())?;
        read_member(&path, &self.trouble)
    }
}

/// A member's text; if it cannot be read, that is noted.
fn read_member(path: &Path, trouble: &RefCell<Option<String>>) -> Option<Source> {
    let shown = path.display();
    let text = fs::read(path).map_err(|error| format!("{shown}: {error}"));
    match text.and_then(|bytes| decode(bytes).map_err(|why| format!("{shown}: {why}"))) {
        Ok(text) => Some(Source::new(shown.to_string(), text)),
        Err(why) => {
            trouble.borrow_mut().get_or_insert(why);
            None
        }
    }
}

/// The member's name that a file's name stands for, in capitals.
fn member_name(path: &Path) -> Option<String> {
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase());
    if extension.is_some_and(|extension| !EXTENSIONS.contains(&extension.as_str())) {
        return None;
    }
    let name = path.file_stem()?.to_str()?.to_ascii_uppercase();
    is_member_name(&name).then_some(name)
}

fn is_member_name(name: &str) -> bool {
    let valid = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'$' | b'#' | b'@');
    name.len() <= 8 && name.bytes().all(valid) && name.bytes().next().is_some_and(|first| !first.is_ascii_digit())
}

fn members(directory: &Path) -> Result<BTreeMap<String, PathBuf>, String> {
    let mut members = BTreeMap::new();
    let failed = |error| FileError::of(directory)(error).to_string();
    for entry in fs::read_dir(directory).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let Some(name) = member_name(&path).filter(|_| !path.is_dir()) else { continue };
        if let Some(other) = members.insert(name.clone(), path.clone()) {
            let mut both = [other.display().to_string(), path.display().to_string()];
            both.sort();
            return Err(format!("{} and {} are both the member {name}", both[0], both[1]));
        }
    }
    Ok(members)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_members() {
        for (file, member) in [
            ("lib/WTO", Some("WTO")),
            ("lib/wto.mac", Some("WTO")),
            ("lib/#x.Macro", Some("#X")),
            ("lib/equates.copy", Some("EQUATES")),
            ("lib/hash-cond.mac", None),
            ("lib/toolongname", None),
            ("lib/1st", None),
            ("lib/readme.md", None),
            ("lib/.hidden", None),
        ] {
            assert_eq!(member_name(Path::new(file)).as_deref(), member, "{file}");
        }
    }
}
