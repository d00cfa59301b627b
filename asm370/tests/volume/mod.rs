//! Reads members of partitioned data sets from a compressed image of a count-key-data volume.
//!
//! Just enough of the formats for a volume whose data sets are in one extent: a 3330 (19 tracks a cylinder), tracks stored as
//! they are or compressed by zlib.

mod inflate;

use std::collections::{BTreeMap, HashMap};

/// Tracks in a cylinder of a 3330.
const HEADS: usize = 19;

/// A record's key and data.
type Record = (Vec<u8>, Vec<u8>);

/// A volume's records by track and record number.
pub struct Volume {
    records: BTreeMap<(usize, u8), Record>,
}

fn word(data: &[u8], at: usize) -> usize {
    u32::from_le_bytes(data[at..at + 4].try_into().unwrap()) as usize
}

fn half(data: &[u8], at: usize) -> usize {
    usize::from(u16::from_be_bytes([data[at], data[at + 1]]))
}

impl Volume {
    /// Reads a compressed image.
    pub fn read(image: &[u8]) -> Volume {
        assert_eq!(&image[..8], b"CKD_C370");
        let mut records = BTreeMap::new();
        for table in 0..word(image, 516) {
            let second = word(image, 1024 + 4 * table);
            if matches!(second, 0 | 0xFFFF_FFFF) {
                continue;
            }
            for n in 0..256 {
                let entry = &image[second + 8 * n..][..8];
                let (at, length) = (word(entry, 0), usize::from(u16::from_le_bytes([entry[4], entry[5]])));
                if !matches!(at, 0 | 0xFFFF_FFFF) {
                    let stored = &image[at..at + length];
                    let track = match stored[0] & 3 {
                        0 => stored[5..].to_vec(),
                        1 => inflate::inflate(&stored[5..]).unwrap(),
                        other => panic!("a track is compressed by method {other}"),
                    };
                    add_track(table * 256 + n, &track, &mut records);
                }
            }
        }
        Volume { records }
    }

    /// The first track of a data set, from its entry in the table of contents.
    fn first_track(&self, name: &str) -> usize {
        let key = s370_arch::ebcdic::from_text(&format!("{name:<44}"));
        let (_, entry) = self.records.values().find(|(k, data)| *k == key && data.len() == 96).unwrap();
        half(entry, 63) * HEADS + half(entry, 65)
    }

    /// The members of a library, each a string of 80-column records.
    pub fn members(&self, name: &str) -> HashMap<String, Vec<u8>> {
        let first = self.first_track(name);
        let mut members = HashMap::new();
        for (_, (key, block)) in self.records.range((first, 1)..) {
            // The directory ends with the entry of the highest name.
            let used = half(block, 0);
            let mut at = 2;
            while at < used && !key.is_empty() {
                if block[at..at + 8] == [0xFF; 8] {
                    return members;
                }
                let name = s370_arch::ebcdic::to_text(&block[at..at + 8]).trim_end().to_string();
                let data = self.member(first + half(block, at + 8), block[at + 10]);
                members.insert(name, data);
                at += 12 + 2 * usize::from(block[at + 11] & 31);
            }
        }
        members
    }

    /// The records of a member up to the end of its file.
    fn member(&self, track: usize, record: u8) -> Vec<u8> {
        let records = self.records.range((track, record)..).filter(|(place, _)| place.1 != 0);
        records.map(|(_, (_, data))| data).take_while(|data| !data.is_empty()).flatten().copied().collect()
    }
}

/// Cuts a track into records.
fn add_track(number: usize, track: &[u8], records: &mut BTreeMap<(usize, u8), Record>) {
    let mut at = 0;
    while at + 8 <= track.len() && track[at..at + 8] != [0xFF; 8] {
        let (key, data) = (usize::from(track[at + 5]), half(track, at + 6));
        let start = at + 8;
        let record = (track[start..start + key].to_vec(), track[start + key..start + key + data].to_vec());
        records.insert((number, track[at + 4]), record);
        at = start + key + data;
    }
}
