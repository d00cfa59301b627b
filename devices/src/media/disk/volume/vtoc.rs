//! The volume table of contents of OS and DOS: records with a key of 44 bytes and data of 96 bytes, called data set control
//! blocks. Their formats are in *OS/VS1 System Data Areas* and *OS/VS2 Data Areas*.

use std::collections::BTreeMap;

use super::{DATA, FORMAT_1, FORMAT_3, FORMAT_4, FORMAT_5, KEY, half, text};
use crate::{
    dasd::CkdPack,
    media::{MediaError, disk::track},
};

/// A data set of OS has 16 extents on a volume at most: so many control blocks of format 3 are more than enough.
const CHAIN: usize = 32;

/// A run of tracks: both ends belong to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// First cylinder and head.
    pub low: (u16, u16),
    /// Last cylinder and head.
    pub high: (u16, u16),
}

impl Extent {
    fn parse(bytes: &[u8]) -> Option<Extent> {
        let low = (half(bytes, 2), half(bytes, 4));
        let high = (half(bytes, 6), half(bytes, 8));
        (*bytes.first()? != 0).then_some(Extent { low, high })
    }

    /// Tracks in it on a device with so many heads; zero if it makes no sense.
    #[must_use]
    pub fn tracks(&self, heads: u32) -> u32 {
        let number = |(cylinder, head): (u16, u16)| u32::from(cylinder) * heads + u32::from(head);
        (number(self.high) + 1).saturating_sub(number(self.low))
    }
}

/// A data set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataSet {
    /// Its name.
    pub name: String,
    /// Organization: PS, PO, DA, IS, VSAM; with U if it cannot be moved.
    pub organization: String,
    /// Record format.
    pub format: String,
    /// Block length.
    pub block: u16,
    /// Logical record length.
    pub record: u16,
    /// Key length.
    pub key: u8,
    /// Year and day of creation.
    pub created: Option<(u16, u16)>,
    /// The runs of tracks that it has.
    pub extents: Vec<Extent>,
    /// Tracks that it has.
    pub tracks: u32,
    /// Tracks up to the last that was written, where the system keeps account of it.
    pub used: Option<u32>,
}

/// A volume table of contents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vtoc {
    /// In the order of the control blocks.
    pub data_sets: Vec<DataSet>,
    /// Tracks that no data set has, as far as OS keeps account of it; DOS does not.
    pub free_tracks: u32,
    /// Control blocks that are free.
    pub free_blocks: u16,
    /// The table's own tracks.
    pub extent: Option<Extent>,
    /// What makes no sense.
    pub complaints: Vec<String>,
}

/// Where a control block is.
type Address = (u16, u16, u8);

/// Reads the volume table of contents that begins at this address.
///
/// # Errors
///
/// A track cannot be read.
pub fn read(pack: &mut dyn CkdPack, (cylinder, head, record): Address) -> Result<Vtoc, MediaError> {
    let heads = pack.model().heads;
    let tracks = pack.cylinders() * heads;
    let mut vtoc = Vtoc::default();
    let first = u32::from(cylinder) * heads + u32::from(head);
    let mut blocks = BTreeMap::new();
    if first < tracks {
        read_blocks(pack, first, &mut blocks)?;
    }
    let extent = blocks.get(&(cylinder, head, record)).filter(|(_, data)| data[0] == FORMAT_4);
    let Some(extent) = extent.and_then(|(_, data)| Extent::parse(&data[61..71])) else {
        vtoc.complaints.push(format!("there is no format-4 control block at {cylinder}-{head}-{record}"));
        return Ok(vtoc);
    };
    if let Some((_, data)) = blocks.get(&(cylinder, head, record)) {
        vtoc.free_blocks = half(data, 6);
    }
    vtoc.extent = Some(extent);
    let end = (first + extent.tracks(heads)).min(tracks);
    for number in first + 1..end {
        read_blocks(pack, number, &mut blocks)?;
    }
    for (address, (key, data)) in &blocks {
        match data[0] {
            FORMAT_1 => {
                let set = data_set(key, data, &blocks, heads);
                if set.extents.iter().any(|extent| extent.tracks(heads) == 0) {
                    let (cylinder, head, record) = address;
                    let what =
                        format!("{} at {cylinder}-{head}-{record} has an extent that ends before it begins", set.name);
                    vtoc.complaints.push(what);
                }
                vtoc.data_sets.push(set);
            }
            FORMAT_5 => {
                let pieces = key[4..].chunks_exact(5).chain(data[1..91].chunks_exact(5));
                let free = pieces.map(|piece| u32::from(half(piece, 2)) * heads + u32::from(piece[4]));
                vtoc.free_tracks = free.fold(vtoc.free_tracks, u32::saturating_add);
            }
            _ => {}
        }
    }
    Ok(vtoc)
}

type Blocks = BTreeMap<Address, (Vec<u8>, Vec<u8>)>;

fn read_blocks(pack: &mut dyn CkdPack, number: u32, blocks: &mut Blocks) -> Result<(), MediaError> {
    let mut image = Vec::new();
    pack.read_track(number, &mut image)?;
    let place = (number / pack.model().heads, number % pack.model().heads);
    for record in track::records(&image).filter(|record| record.key.len() == KEY && record.data.len() == DATA) {
        let address = (place.0 as u16, place.1 as u16, record.number);
        blocks.insert(address, (record.key.to_vec(), record.data.to_vec()));
    }
    Ok(())
}

fn data_set(key: &[u8], data: &[u8], blocks: &Blocks, heads: u32) -> DataSet {
    let mut extents: Vec<Extent> = data[61..91].chunks_exact(10).filter_map(Extent::parse).collect();
    let mut next = &data[91..96];
    let mut seen = Vec::new();
    loop {
        let address = (half(next, 0), half(next, 2), next[4]);
        let Some((key, data)) = blocks.get(&address).filter(|(_, data)| data[0] == FORMAT_3) else { break };
        if seen.contains(&address) || seen.len() >= CHAIN {
            break;
        }
        seen.push(address);
        let more = key[4..44].chunks_exact(10).chain(data[1..91].chunks_exact(10));
        extents.extend(more.filter_map(Extent::parse));
        next = &data[91..96];
    }
    let organization = half(data, 38);
    let last_track = half(data, 54);
    let tracks = extents.iter().fold(0_u32, |sum, extent| sum.saturating_add(extent.tracks(heads)));
    // A last record of zero means that nothing was written, or that the system does not say.
    let accounts = organization & 0x4200 != 0;
    let used = if data[56] == 0 && last_track == 0 { 0 } else { u32::from(last_track) + 1 };
    DataSet {
        name: text(key),
        organization: organization_name(organization),
        format: format_name(data[40]),
        block: half(data, 42),
        record: half(data, 44),
        key: data[46],
        created: (half(data, 10) != 0).then(|| (1900 + u16::from(data[9]), half(data, 10))),
        extents,
        tracks,
        used: accounts.then_some(used),
    }
}

fn organization_name(bits: u16) -> String {
    let names = [(0x8000, "IS"), (0x4000, "PS"), (0x2000, "DA"), (0x0200, "PO"), (0x0008, "VSAM")];
    let name = names.iter().find(|(bit, _)| bits & bit != 0).map_or("-", |(_, name)| name);
    let unmovable = if bits & 0x0100 != 0 { "U" } else { "" };
    format!("{name}{unmovable}")
}

fn format_name(bits: u8) -> String {
    let mut name = match bits & 0xC0 {
        0xC0 => "U",
        0x80 => "F",
        0x40 => "V",
        _ => return "-".to_owned(),
    }
    .to_owned();
    let letters = [(0x20, 'T'), (0x10, 'B'), (0x08, 'S'), (0x04, 'A'), (0x02, 'M')];
    name.extend(letters.iter().filter(|(bit, _)| bits & bit != 0).map(|(_, letter)| *letter));
    name
}
