//! What is on a pack: its label, and the directories that operating systems keep on it.
//!
//! Everything here is read from tracks that a guest, or anybody else, wrote. What makes no sense is left out and told.

pub mod cms;
pub mod initialize;
pub mod vtoc;

use s370_arch::ebcdic::to_char;

use super::track::{self, push};
use crate::{dasd::CkdPack, media::MediaError};

/// Record number of the volume label, on the first track.
pub const LABEL_RECORD: u8 = 3;
/// VOL1 in EBCDIC.
pub const VOL1: [u8; 4] = [0xE5, 0xD6, 0xD3, 0xF1];
/// Bytes of a volume label.
pub const LABEL_LENGTH: usize = 80;

/// Bytes of the key and of the data of a data set control block.
const KEY: usize = 44;
const DATA: usize = 96;
/// Format identifiers of data set control blocks, in EBCDIC.
const FORMAT_1: u8 = 0xF1;
const FORMAT_3: u8 = 0xF3;
const FORMAT_4: u8 = 0xF4;
const FORMAT_5: u8 = 0xF5;

/// A standard volume label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Serial number.
    pub serial: String,
    /// Cylinder, head and record of the first record of the volume table of contents, if there is one.
    pub vtoc: Option<(u16, u16, u8)>,
    /// Name of the owner.
    pub owner: String,
}

/// EBCDIC as text, without blanks at the end; what cannot be shown is a full stop.
#[must_use]
pub fn text(ebcdic: &[u8]) -> String {
    let shown = |byte: &u8| Some(to_char(*byte)).filter(|c| !c.is_control()).unwrap_or('.');
    let text: String = ebcdic.iter().map(shown).collect();
    text.trim_end_matches([' ', '\u{A0}']).to_owned()
}

/// A big-endian halfword; zero where the bytes end.
pub(super) fn half(bytes: &[u8], at: usize) -> u16 {
    let byte = |at: usize| bytes.get(at).copied().unwrap_or(0);
    u16::from_be_bytes([byte(at), byte(at + 1)])
}

/// The pack's standard volume label; `None` if it has none.
///
/// # Errors
///
/// The first track cannot be read.
pub fn label(pack: &mut dyn CkdPack) -> Result<Option<Label>, MediaError> {
    let mut image = Vec::new();
    pack.read_track(0, &mut image)?;
    let found = track::records(&image).find(|record| record.number == LABEL_RECORD && record.data.starts_with(&VOL1));
    Ok(found.filter(|record| record.data.len() >= LABEL_LENGTH).map(|record| {
        let place = (half(record.data, 11), half(record.data, 13), record.data[15]);
        Label {
            serial: text(&record.data[4..10]),
            vtoc: Some(place).filter(|(cylinder, head, record)| (*cylinder, *head, *record) != (0, 0, 0)),
            owner: text(&record.data[41..51]),
        }
    }))
}

/// Writes the first track of an initialized pack: two records for IPL, of which the first loads a PSW that waits with
/// code X'0F' as its address (the pack has nothing to be loaded), and the volume label, without a volume table of contents.
///
/// # Errors
///
/// The pack cannot be written.
pub fn write_label(pack: &mut dyn CkdPack, serial: [u8; 6]) -> Result<(), MediaError> {
    write_first_track(pack, serial, None)
}

/// As [`write_label`], with the address of the volume table of contents if there is one.
fn write_first_track(pack: &mut dyn CkdPack, serial: [u8; 6], vtoc: Option<(u16, u16, u8)>) -> Result<(), MediaError> {
    const BLANK: u8 = 0x40;
    /// IPL1 and IPL2 in EBCDIC.
    const KEYS: [[u8; 4]; 2] = [[0xC9, 0xD7, 0xD3, 0xF1], [0xC9, 0xD7, 0xD3, 0xF2]];
    const WAIT: [u8; 8] = [0, 2, 0, 0, 0, 0, 0, 0x0F];
    /// The label's security byte where data sets have protection of their own: 0 in EBCDIC.
    const UNPROTECTED: u8 = 0xF0;
    let mut image = Vec::new();
    pack.read_track(0, &mut image)?;
    image.clear();
    image.extend(track::home_address(0, 0));
    push(&mut image, (0, 0, 0), &[], &[0; 8]);
    let mut first = [0; 24];
    first[..8].copy_from_slice(&WAIT);
    push(&mut image, (0, 0, 1), &KEYS[0], &first);
    push(&mut image, (0, 0, 2), &KEYS[1], &[0; 144]);
    let mut label = [BLANK; LABEL_LENGTH];
    label[..4].copy_from_slice(&VOL1);
    label[4..10].copy_from_slice(&serial);
    label[10..16].fill(0);
    if let Some((cylinder, head, record)) = vtoc {
        label[10] = UNPROTECTED;
        label[11..15].copy_from_slice(&track::home_address(cylinder, head)[1..]);
        label[15] = record;
    }
    push(&mut image, (0, 0, LABEL_RECORD), &VOL1, &label);
    image.extend(track::END);
    let used = image.len();
    image.resize(pack.model().image_track() as usize, 0);
    pack.write_track(0, &image, 0..used)
}
