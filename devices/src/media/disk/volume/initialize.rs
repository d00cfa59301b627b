//! A new volume table of contents, as IBCDASDI leaves it: a control block of format 4 that describes table and pack, one of
//! format 5 that lists free space, and empty ones to the table's end.

use thiserror::Error;

use super::{DATA, FORMAT_4, FORMAT_5, KEY, write_first_track};
use crate::{
    dasd::{CkdPack, geometry::Model},
    media::{MediaError, disk::track},
};

/// Where a volume table of contents is: whole tracks, numbered cylinder × heads + head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its first track, not track 0.
    pub first: u32,
    /// How many there are.
    pub tracks: u32,
}

impl Place {
    /// The rest of the first cylinder.
    #[must_use]
    pub const fn usual(model: &Model) -> Place {
        Place { first: 1, tracks: model.heads - 1 }
    }
}

/// A pack was not initialized.
#[derive(Debug, Error)]
pub enum InitializeError {
    /// The table would not be where it may be.
    #[error(
        "{pack}: a table of contents of {tracks} tracks cannot be at track {first}: tracks 1 to {last} are for data"
    )]
    Place {
        /// The pack's name.
        pack: String,
        /// The first track that was asked for.
        first: u32,
        /// The number of tracks that was asked for.
        tracks: u32,
        /// The last track that is not an alternate.
        last: u32,
    },
    /// The pack cannot be written.
    #[error(transparent)]
    Media(#[from] MediaError),
}

/// Writes the first track of an initialized pack, as [`super::write_label`] does, with a label that tells where the table
/// is, and the table.
///
/// # Errors
///
/// The table is not within the tracks for data, or the pack cannot be written.
pub fn initialize(pack: &mut dyn CkdPack, serial: [u8; 6], place: Place) -> Result<(), InitializeError> {
    let model = pack.model();
    let heads = model.heads;
    let tracks = pack.cylinders().min(model.primary) * heads;
    let Place { first, tracks: wanted } = place;
    let end = first.checked_add(wanted).filter(|&end| first > 0 && wanted > 0 && end <= tracks);
    let Some(end) = end else {
        return Err(InitializeError::Place {
            pack: pack.name().to_owned(),
            first,
            tracks: wanted,
            last: tracks.saturating_sub(1),
        });
    };
    // The label leads to the table only when the table is there.
    for number in (first..end).rev() {
        let special = (number == first).then(|| [format_4(pack, place), format_5(heads, place, tracks)]);
        write_track(pack, number, special)?;
    }
    let [cylinder, head] = halves(first, heads);
    write_first_track(pack, serial, Some((cylinder, head, 1)))?;
    Ok(())
}

/// A control block.
struct Block {
    key: [u8; KEY],
    data: [u8; DATA],
}

/// Control blocks on a track.
fn blocks_per_track(model: &Model) -> u32 {
    model.records_per_track(KEY as u8, DATA as u16)
}

/// Cylinder and head of a track.
const fn halves(number: u32, heads: u32) -> [u16; 2] {
    [(number / heads) as u16, (number % heads) as u16]
}

fn write_track(pack: &mut dyn CkdPack, number: u32, special: Option<[Block; 2]>) -> Result<(), MediaError> {
    let model = pack.model();
    let [cylinder, head] = halves(number, model.heads);
    let mut image = Vec::new();
    pack.read_track(number, &mut image)?;
    image.clear();
    image.extend(track::home_address(cylinder, head));
    track::push(&mut image, (cylinder, head, 0), &[], &[0; 8]);
    let special = special.into_iter().flatten();
    let blocks = special.chain(std::iter::repeat_with(|| Block { key: [0; KEY], data: [0; DATA] }));
    for (record, block) in (1..=blocks_per_track(model) as u8).zip(blocks) {
        track::push(&mut image, (cylinder, head, record), &block.key, &block.data);
    }
    image.extend(track::END);
    let used = image.len();
    image.resize(model.image_track() as usize, 0);
    pack.write_track(number, &image, 0..used)
}

/// Puts halfwords into a control block, at ascending offsets from this one on.
fn put(data: &mut [u8; DATA], at: usize, values: &[u16]) {
    for (place, value) in data[at..].chunks_exact_mut(2).zip(values) {
        place.copy_from_slice(&value.to_be_bytes());
    }
}

/// Offsets in the data of a format-4 control block.
mod at {
    /// Address of the highest control block of format 1.
    pub const HIGHEST: usize = 1;
    /// Control blocks that are free.
    pub const FREE: usize = 6;
    /// The next alternate track, and how many there are.
    pub const ALTERNATES: usize = 8;
    /// Extents of the table.
    pub const EXTENTS: usize = 15;
    /// Alternate tracks that there were at first.
    pub const ALTERNATES_AT_FIRST: usize = 16;
    /// Cylinders, heads, and bytes of a track.
    pub const SIZE: usize = 18;
    /// Overheads of records, flags, tolerance; control blocks and directory blocks of a track.
    pub const CONSTANTS: usize = 24;
    /// The table's extent.
    pub const EXTENT: usize = 61;
}

fn format_4(pack: &dyn CkdPack, Place { first, tracks }: Place) -> Block {
    /// Bytes of a directory block of a partitioned data set, and of its key.
    const DIRECTORY: (u8, u16) = (8, 256);
    let model = pack.model();
    let cylinders = pack.cylinders();
    let alternates = model.alternate_tracks(cylinders) as u16;
    // The cylinder of the 2305's alternate track is none for data, and is not counted.
    let cylinders = if model.device == 0x2305 { cylinders.min(model.primary) } else { cylinders };
    let mut data = [0; DATA];
    data[0] = FORMAT_4;
    let [cylinder, head] = halves(first, model.heads);
    put(&mut data, at::HIGHEST, &[cylinder, head]);
    // The first that is empty, as long as there is none of format 1.
    data[at::HIGHEST + 4] = 3;
    put(&mut data, at::FREE, &[(blocks_per_track(model) * tracks - 2) as u16]);
    if alternates > 0 {
        put(&mut data, at::ALTERNATES, &[model.primary as u16, 0, alternates]);
        put(&mut data, at::ALTERNATES_AT_FIRST, &[alternates]);
    }
    data[at::EXTENTS] = 1;
    put(&mut data, at::SIZE, &[cylinders as u16, model.heads as u16, model.track_length as u16]);
    data[at::CONSTANTS..at::CONSTANTS + 6].copy_from_slice(&model.device_constants());
    let directory = model.records_per_track(DIRECTORY.0, DIRECTORY.1);
    data[at::CONSTANTS + 6] = blocks_per_track(model) as u8;
    data[at::CONSTANTS + 7] = directory as u8;
    data[at::EXTENT] = 1;
    let [low, high] = [first, first + tracks - 1].map(|number| halves(number, model.heads));
    put(&mut data, at::EXTENT + 2, &[low, high].concat());
    Block { key: [0x04; KEY], data }
}

/// Free space before and behind the table: first track, whole cylinders, tracks beside those.
fn format_5(heads: u32, Place { first, tracks }: Place, all: u32) -> Block {
    let mut key = [0; KEY];
    key[..4].fill(0x05);
    let pieces = [(1, first), (first + tracks, all)];
    for (place, (start, end)) in key[4..].chunks_exact_mut(5).zip(pieces.into_iter().filter(|(start, end)| start < end))
    {
        let cylinders = (end / heads).saturating_sub(start.div_ceil(heads));
        let others = end - start - cylinders * heads;
        place[..2].copy_from_slice(&(start as u16).to_be_bytes());
        place[2..4].copy_from_slice(&(cylinders as u16).to_be_bytes());
        place[4] = others as u8;
    }
    let mut data = [0; DATA];
    data[0] = FORMAT_5;
    Block { key, data }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        dasd::geometry::MODELS,
        media::{
            disk::{
                Image, create_tracks, open,
                volume::{label, vtoc},
            },
            shared::SharedFile,
        },
    };

    const SERIAL: [u8; 6] = [0xE5, 0xD6, 0xD3, 0xF0, 0xF0, 0xF1];

    fn pack(model: &Model, cylinders: u32) -> Box<dyn CkdPack> {
        let file = SharedFile::default();
        create_tracks(Box::new(file.clone()), model, cylinders, None).expect("host storage");
        match open(vec![Box::new(file)]).expect("an image").image {
            Image::Ckd(pack) => pack,
            Image::Block(_) => panic!("a pack of tracks was made"),
        }
    }

    #[test]
    fn every_model_gets_a_table_that_can_be_read() {
        for model in MODELS {
            let mut pack = pack(model, 10);
            for place in [Place::usual(model), Place { first: 3, tracks: 2 * model.heads }] {
                initialize(&mut *pack, SERIAL, place).expect("a place for the table");
                let [cylinder, head] = halves(place.first, model.heads);
                let label = label(&mut *pack).expect("a pack").expect("a label");
                assert_eq!((label.serial.as_str(), label.vtoc), ("VOL001", Some((cylinder, head, 1))));
                let table = vtoc::read(&mut *pack, (cylinder, head, 1)).expect("a pack");
                let free = 10 * model.heads - 1 - place.tracks;
                assert_eq!((table.data_sets.len(), table.free_tracks, table.complaints.len()), (0, free, 0));
                let extent = table.extent.expect("the table's own");
                assert_eq!(extent.tracks(model.heads), place.tracks);
                // The image of a small pack may be taken for that of a smaller model.
                let blocks = pack.model().records_per_track(44, 96) * place.tracks;
                assert_eq!(u32::from(table.free_blocks), blocks - 2, "{}", model.name);
            }
        }
    }

    #[test]
    fn what_is_not_for_data_is_not_for_the_table() {
        let mut pack = pack(Model::named("2311").expect("a model"), 5);
        for (first, tracks) in [(0, 5), (1, 0), (45, 6), (u32::MAX, 2)] {
            let error = initialize(&mut *pack, SERIAL, Place { first, tracks }).expect_err("no place for it");
            assert!(error.to_string().ends_with("tracks 1 to 49 are for data"), "{error}");
        }
        assert_eq!(label(&mut *pack).expect("a pack"), None, "nothing was written");
        initialize(&mut *pack, SERIAL, Place { first: 45, tracks: 5 }).expect("the last tracks");
    }
}
