//! CMS macro libraries: MACLIB files of 80-column records.
//!
//! The first record is a header; members follow, each ended by a record that begins with a slash, two bytes X'FF' and
//! another slash; a directory comes last. VM/370's directory entries have 12 bytes and a halfword record number, later
//! ones 16 bytes and a fullword (DIRSECT and LIBSECT in the CMS data areas).

use std::collections::HashMap;

use s370_arch::ebcdic::to_text;
use thiserror::Error;

use crate::source::{Provider, Source};

/// Length of a record.
const RECORD: usize = 80;
/// What a record between members begins with.
const DELIMITER: [u8; 4] = [0x61, 0xFF, 0xFF, 0x61];
/// "LIB", with which the header begins.
const HEADER: [u8; 3] = [0xD3, 0xC9, 0xC2];
/// The character behind it in the later format.
const LATER: u8 = 0xD7;

/// Why a file is not a macro library.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum MaclibError {
    /// The size is not a multiple of 80.
    #[error("a MACLIB consists of 80-byte records; {0} bytes do not")]
    Size(usize),
    /// The header record is missing.
    #[error("the file does not begin with the header record of a MACLIB")]
    Header,
    /// A record number leads out of the file.
    #[error("{what} is said to be at record {record} of {records}")]
    Record {
        /// What is not there.
        what: String,
        /// The number, from 1.
        record: usize,
        /// Records in the file.
        records: usize,
    },
}

/// A macro library in the format of CMS.
#[derive(Clone, Debug)]
pub struct Maclib {
    data: Vec<u8>,
    /// First record of each member, from 0.
    members: HashMap<String, usize>,
}

fn half(bytes: &[u8]) -> usize {
    usize::from(u16::from_be_bytes([bytes[0], bytes[1]]))
}

fn full(bytes: &[u8]) -> usize {
    half(bytes) << 16 | half(&bytes[2..])
}

impl Maclib {
    /// Reads the directory of a library.
    ///
    /// # Errors
    ///
    /// When the file does not have the structure of a MACLIB.
    pub fn parse(data: &[u8]) -> Result<Maclib, MaclibError> {
        if !data.len().is_multiple_of(RECORD) {
            return Err(MaclibError::Size(data.len()));
        }
        if data.len() < RECORD || data[..3] != HEADER {
            return Err(MaclibError::Header);
        }
        let later = data[3] == LATER;
        let records = data.len() / RECORD;
        let at = if later { full(&data[12..16]) } else { half(&data[6..8]) };
        let missing = |what: &str, record| MaclibError::Record { what: what.to_string(), record, records };
        let start = at.checked_sub(1).map(|n| n * RECORD).filter(|&n| n < data.len());
        let directory = &data[start.ok_or_else(|| missing("the directory", at))?..];
        let size = if later { full(&data[8..12]).min(directory.len()) } else { directory.len() };
        let mut members = HashMap::new();
        for entry in directory[..size].chunks_exact(if later { 16 } else { 12 }) {
            // Deleted members have no name any more.
            let name = to_text(&entry[..8]).trim_end().to_string();
            if name.is_empty() || entry[0] == 0 {
                continue;
            }
            let record = if later { full(&entry[12..16]) } else { half(&entry[8..10]) };
            if record == 0 || record > records {
                return Err(missing(&format!("member {name}"), record));
            }
            members.insert(name, record - 1);
        }
        Ok(Maclib { data: data.to_vec(), members })
    }

    /// The members' names, sorted.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.members.keys().map(String::as_str).collect();
        names.sort_unstable();
        names
    }
}

impl Provider for Maclib {
    fn member(&self, name: &str) -> Option<Source> {
        let &first = self.members.get(name)?;
        let records = self.data[first * RECORD..].chunks_exact(RECORD);
        let mut text = String::new();
        for record in records.take_while(|record| record[..4] != DELIMITER) {
            text.push_str(to_text(record).trim_end());
            text.push('\n');
        }
        Some(Source::new(name, text))
    }
}

#[cfg(test)]
mod tests {
    use s370_arch::ebcdic::from_text;

    use super::*;

    /// A library of two members, with directory entries of 12 or 16 bytes.
    fn library(later: bool) -> Vec<u8> {
        let mut data = vec![0x40; RECORD];
        let mut entries = Vec::new();
        for (name, lines) in
            [("ONE", &["         MACRO", "         ONE", "         MEND"][..]), ("TWO", &["X   EQU 1"][..])]
        {
            let record = (data.len() / RECORD + 1) as u16;
            entries.extend(from_text(&format!("{name:<8}")));
            entries.extend(if later { [0, 0] } else { record.to_be_bytes() });
            entries.extend([0, 0x80]);
            if later {
                entries.extend(u32::from(record).to_be_bytes());
            }
            for line in lines {
                data.extend(from_text(&format!("{line:<80}")));
            }
            let end = data.len();
            data.resize(end + RECORD, 0x40);
            data[end..end + 4].copy_from_slice(&DELIMITER);
        }
        let directory = (data.len() / RECORD + 1) as u16;
        data[..6].copy_from_slice(&from_text(if later { "LIBPDS" } else { "LIBSYS" }));
        data[6..8].copy_from_slice(&directory.to_be_bytes());
        if later {
            data[6..8].fill(0);
            data[8..12].copy_from_slice(&(entries.len() as u32).to_be_bytes());
            data[12..16].copy_from_slice(&u32::from(directory).to_be_bytes());
        }
        data.extend(&entries);
        data.resize(data.len().next_multiple_of(RECORD), 0);
        data
    }

    #[test]
    fn both_formats_are_read() {
        for later in [false, true] {
            let library = Maclib::parse(&library(later)).unwrap();
            assert_eq!(library.names(), ["ONE", "TWO"]);
            assert_eq!(library.member("ONE").unwrap().text, "         MACRO\n         ONE\n         MEND\n");
            assert_eq!(library.member("TWO").unwrap().text, "X   EQU 1\n");
            assert!(library.member("THREE").is_none());
        }
    }

    #[test]
    fn other_files_are_refused() {
        assert_eq!(Maclib::parse(&[0; 81]).unwrap_err(), MaclibError::Size(81));
        assert_eq!(Maclib::parse(&[0; 80]).unwrap_err(), MaclibError::Header);
        let mut bad = library(true);
        bad[15] = 99;
        assert!(Maclib::parse(&bad).unwrap_err().to_string().contains("the directory is said to be at record 99"));
    }
}
