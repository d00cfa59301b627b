//! Plain images of tracks in several files, as Hercules keeps those that would be too long for one.

use std::{
    num::NonZeroU32,
    path::{Path, PathBuf},
};

use devices::{
    dasd::geometry::Model,
    media::disk::{HEADER, Packing, create_tracks, create_tracks_in_files},
};

use super::{
    DiskError,
    files::{MOST_FILES, character, first_of_several, sibling},
    target::Target,
};

/// The length that every file of an image is to stay below, in bytes: at most 2 GiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Split(u64);

/// Offsets in files of the convention have 31 bits.
const MOST_BYTES: u64 = 1 << 31;

/// Reads a length: a number, or one with K, M or G behind it.
pub(super) fn parse(text: &str) -> Result<Split, String> {
    let (digits, unit) = match text.char_indices().last() {
        Some((at, 'k' | 'K')) => (&text[..at], 1 << 10),
        Some((at, 'm' | 'M')) => (&text[..at], 1 << 20),
        Some((at, 'g' | 'G')) => (&text[..at], 1 << 30),
        _ => (text, 1),
    };
    let bytes = digits.parse::<u64>().ok().and_then(|number| number.checked_mul(unit));
    match bytes {
        Some(bytes) if (1..=MOST_BYTES).contains(&bytes) => Ok(Split(bytes)),
        Some(_) => Err("files of a pack are shorter than 2G".to_owned()),
        None => Err("a length is a number of bytes, with K, M or G behind it if that is meant, such as 2G".to_owned()),
    }
}

/// Where the tracks of a new image go.
#[derive(Debug)]
pub(super) struct Plan {
    /// The files.
    pub places: Vec<PathBuf>,
    /// Cylinders in each file but the last; none: all in one.
    each: Option<NonZeroU32>,
}

impl Plan {
    /// One file.
    pub fn whole(place: &Path) -> Plan {
        Plan { places: vec![place.to_owned()], each: None }
    }

    /// As many files as a pack needs for each of them to stay below the length; one with the name as it is if that is
    /// enough.
    pub fn new(place: &Path, split: Option<Split>, model: &Model, cylinders: u32) -> Result<Plan, DiskError> {
        let Some(Split(length)) = split else { return Ok(Plan::whole(place)) };
        let cylinder = u64::from(model.heads) * u64::from(model.image_track());
        let each = (length - 1).saturating_sub(HEADER as u64) / cylinder;
        let Some(each) = NonZeroU32::new(u32::try_from(each).unwrap_or(u32::MAX)) else {
            let what = format!("--split: a cylinder of a {} takes {cylinder} bytes of a file", model.name);
            return Err(DiskError::Options(what));
        };
        let files = cylinders.div_ceil(each.get());
        if files <= 1 {
            return Ok(Plan::whole(place));
        }
        if files > MOST_FILES.into() {
            let what = format!("--split: {files} files, and a pack can have {MOST_FILES}");
            return Err(DiskError::Options(what));
        }
        let first = first_of_several(place);
        let places = (1..=files as u8).filter_map(character).map(|character| sibling(&first, character));
        Ok(Plan { places: places.collect(), each: Some(each) })
    }

    /// Makes the image, empty.
    pub fn create(&self, target: &Target, model: &Model, cylinders: u32, packing: Packing) -> Result<(), DiskError> {
        match (self.each, packing) {
            (Some(each), None) => create_tracks_in_files(target.create()?, model, cylinders, each.get())?,
            (Some(_), Some(_)) => {
                return Err(DiskError::Options("--split: a compressed image is in one file".to_owned()));
            }
            (None, _) => {
                for medium in target.create()? {
                    create_tracks(medium, model, cylinders, packing)?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths() {
        for (text, bytes) in [("2G", 1 << 31), ("2g", 1 << 31), ("700M", 700 << 20), ("640k", 640 << 10), ("77", 77)] {
            assert_eq!(parse(text), Ok(Split(bytes)), "{text}");
        }
        for text in ["", "G", "0", "-1", "3G", "2147483649", "1.5G", "2T", "18446744073709551615G"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn files_are_below_the_length_and_have_whole_cylinders() {
        let model = Model::named("2311").expect("a model");
        let plan = |bytes, cylinders| Plan::new(Path::new("d/pack.ckd"), Some(Split(bytes)), model, cylinders);
        // A cylinder takes ten tracks of 4096 bytes.
        let three = 512 + 3 * 40_960;
        for (bytes, names) in [
            (three + 1, &["d/pack_1.ckd", "d/pack_2.ckd", "d/pack_3.ckd"][..]),
            (three, &["d/pack_1.ckd", "d/pack_2.ckd", "d/pack_3.ckd", "d/pack_4.ckd"]),
            (512 + 7 * 40_960, &["d/pack_1.ckd", "d/pack_2.ckd"]),
            (512 + 7 * 40_960 + 1, &["d/pack.ckd"]),
        ] {
            let places = plan(bytes, 7).expect("a plan").places;
            assert_eq!(places, names.iter().map(PathBuf::from).collect::<Vec<_>>(), "{bytes}");
        }
        assert!(plan(40_960 + 512, 7).is_err(), "no cylinder fits");
        assert_eq!(plan(40_960 + 513, 35).expect("a plan").places.len(), 35);
        assert!(plan(40_960 + 513, 36).is_err());
    }
}
