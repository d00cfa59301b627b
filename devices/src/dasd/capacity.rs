//! How much a track holds, and where on it records lie: the formulas of the component descriptions.
//!
//! Space is counted in bytes of the track, gaps included, as the formulas do ([`Model::track_length`]). A record's place is
//! counted in the same bytes from the index point; sector numbers follow from it.

use super::geometry::Model;

/// How the space of a record is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Formula {
    /// Key and data and an overhead; a key has an overhead of its own.
    Bytes { overhead: u32, key: u32 },
    /// As before, but key and data are stretched by a tolerance for the speed of rotation, as a fraction, and the last
    /// record of a track takes neither overhead nor tolerance.
    Stretched { overhead: u32, key: u32, numerator: u32, denominator: u32 },
    /// Data and key each have an overhead and begin at a cell of [`CELL`] bytes.
    Cells { data: u32, key: u32 },
}

/// Bytes of a cell.
const CELL: u32 = 32;

/// The layout of a kind of track.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Layout {
    formula: Formula,
    /// Bytes from the index point to R1, behind an R0 with no key and eight bytes of data.
    first: u32,
    /// Sectors that this many bytes are: what the sector formula multiplies and divides by.
    sectors: (u32, u32),
}

const fn bytes(overhead: u32, key: u32, first: u32, sectors: (u32, u32)) -> Layout {
    Layout { formula: Formula::Bytes { overhead, key }, first, sectors }
}

const fn stretched(overhead: u32, key: u32, (numerator, denominator): (u32, u32)) -> Layout {
    let formula = Formula::Stretched { overhead, key, numerator, denominator };
    // These have no sectors. The place of R1 matters to the rotational delay only.
    Layout { formula, first: overhead + 8, sectors: (0, 1) }
}

const fn cells(data: u32, key: u32, first: u32, sectors: u32, cells_a_sector: u32) -> Layout {
    Layout {
        formula: Formula::Cells { data, key },
        first: first * CELL,
        sectors: (sectors, sectors * cells_a_sector * CELL),
    }
}

/// The data length of the usual R0, which has no key.
const USUAL_R0: u32 = 8;

impl Model {
    const fn layout(&self) -> Layout {
        match (self.device, self.track_length) {
            (0x2305, 14_568) => bytes(432, 202, 234, (87, 14_568)),
            (0x2305, _) => bytes(198, 91, 118, (177, 14_858)),
            (0x2311, _) => stretched(61, 20, (537, 512)),
            (0x2314, _) => stretched(101, 45, (2137, 2048)),
            (0x3330, _) => bytes(135, 56, 237, (124, 13_165)),
            (0x3340, _) => bytes(167, 75, 293, (61, 8535)),
            (0x3350, _) => bytes(185, 82, 389, (123, 19_254)),
            (0x3375, _) => cells(384, 160, 36, 196, 6),
            _ => cells(492, 236, 39, 222, 7),
        }
    }

    /// Bytes of the track that a record takes if another follows it.
    #[must_use]
    pub fn record_space(&self, key: u8, data: u16) -> u32 {
        let (key, data) = (u32::from(key), u32::from(data));
        let if_keyed = |overhead| if key > 0 { overhead } else { 0 };
        match self.layout().formula {
            Formula::Bytes { overhead, key: keyed } => key + data + overhead + if_keyed(keyed),
            Formula::Stretched { overhead, key: keyed, numerator, denominator } => {
                (key + data) * numerator / denominator + overhead + if_keyed(keyed)
            }
            Formula::Cells { data: overhead, key: keyed } => {
                (data + overhead).next_multiple_of(CELL) + if_keyed((key + keyed).next_multiple_of(CELL))
            }
        }
    }

    /// Bytes of the track that a record takes if it is the last one.
    #[must_use]
    pub fn last_record_space(&self, key: u8, data: u16) -> u32 {
        match self.layout().formula {
            Formula::Stretched { key: keyed, .. } => u32::from(key) + u32::from(data) + if key > 0 { keyed } else { 0 },
            Formula::Bytes { .. } | Formula::Cells { .. } => self.record_space(key, data),
        }
    }

    /// What a volume table of contents says of the space that records take (DS4DEVI to DS4DEVTL of a format-4 control block):
    /// overhead of a record with a key, and of the last one on a track, or both bytes for all records if one does not hold
    /// it; what is to be subtracted for a record without a key; flags; tolerance for key and data in 512ths. Systems that
    /// use devices with cells have formulas of their own: there are flags only.
    #[must_use]
    pub fn device_constants(&self) -> [u8; 6] {
        /// The tolerance counts, as it does for all; there is one overhead, of two bytes; lengths are in cells.
        const TOLERANCE: u8 = 0x01;
        const TWO_BYTES: u8 = 0x08;
        const CELLS: u8 = 0x30;
        const UNIT: u32 = 512;
        let (overheads, keyed, flags, tolerance) = match self.layout().formula {
            Formula::Cells { .. } => return [0, 0, 0, CELLS, 0, 0],
            Formula::Bytes { overhead, key } => match u8::try_from(overhead + key) {
                Ok(all) => ([all, all], key, TOLERANCE, UNIT),
                Err(_) => (((overhead + key) as u16).to_be_bytes(), key, TOLERANCE | TWO_BYTES, UNIT),
            },
            Formula::Stretched { overhead, key, numerator, denominator } => {
                ([(overhead + key) as u8, key as u8], key, TOLERANCE, numerator * UNIT / denominator)
            }
        };
        let [first, last] = overheads;
        let [high, low] = (tolerance as u16).to_be_bytes();
        [first, last, keyed as u8, flags, high, low]
    }

    /// How many records of these lengths a track holds after the usual R0.
    #[must_use]
    pub fn records_per_track(&self, key: u8, data: u16) -> u32 {
        let last = self.last_record_space(key, data);
        let others = |room: u32| room / self.record_space(key, data);
        self.track_length.checked_sub(last).map_or(0, |room| 1 + others(room))
    }

    /// Where R1 begins behind an R0 of these lengths.
    #[must_use]
    pub fn first_record(&self, key: u8, data: u16) -> u32 {
        (self.layout().first + self.record_space(key, data)).saturating_sub(self.record_space(0, USUAL_R0 as u16))
    }

    /// Whether a record of these lengths that begins here ends before the index point.
    #[must_use]
    pub fn fits(&self, start: u32, key: u8, data: u16) -> bool {
        start.saturating_sub(self.layout().first) + self.last_record_space(key, data) <= self.track_length
    }

    /// The sector in which a record begins that begins here; the last one if that would be behind the index point.
    #[must_use]
    pub fn sector_of(&self, start: u32) -> u8 {
        let (sectors, length) = self.layout().sectors;
        let sector = u64::from(start) * u64::from(sectors) / u64::from(length);
        sector.min(u64::from(self.sectors.saturating_sub(1))) as u8
    }

    /// Where a sector begins; 0 on a device that has none.
    #[must_use]
    pub fn sector_start(&self, sector: u8) -> u32 {
        let (sectors, length) = self.layout().sectors;
        (u32::from(sector) * length).checked_div(sectors).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(name: &str) -> &'static Model {
        Model::named(name).expect("a model")
    }

    #[test]
    fn the_longest_record_fills_a_track() {
        for model in crate::dasd::geometry::MODELS {
            let longest = u16::try_from(model.longest).expect("a length");
            assert_eq!(model.last_record_space(0, longest), model.track_length, "{}", model.name);
            assert_eq!(model.records_per_track(0, longest), 1, "{}", model.name);
            assert_eq!(model.records_per_track(0, longest + 1), 0, "{}", model.name);
            let start = model.first_record(0, 8);
            assert!(model.fits(start, 0, longest), "{}", model.name);
            assert!(!model.fits(start, 0, longest + 1), "{}", model.name);
        }
    }

    #[test]
    fn blocks_of_cms_and_cp_per_track() {
        let blocks = |name, length| model(name).records_per_track(0, length);
        assert_eq!(["3350", "3330", "3340", "2314", "2311"].map(|name| blocks(name, 800)), [19, 14, 8, 7, 4]);
        assert_eq!(["3350", "3330", "3340", "3380", "2314"].map(|name| blocks(name, 4096)), [4, 3, 2, 10, 1]);
        assert_eq!(["2305-1", "2305-2", "3375"].map(|name| blocks(name, 4096)), [3, 3, 8]);
    }

    #[test]
    fn keyed_records_take_more() {
        // The directory of a partitioned data set: key 8, data 256; labels in a VTOC: key 44, data 96.
        let records = |name, key, data| model(name).records_per_track(key, data);
        assert_eq!(["2311", "2314", "3330", "3340", "3350"].map(|name| records(name, 8, 256)), [10, 17, 28, 16, 36]);
        assert_eq!(["2311", "2314", "3330", "3340", "3350"].map(|name| records(name, 44, 96)), [16, 25, 39, 22, 47]);
        assert_eq!(["3375", "3380"].map(|name| records(name, 44, 96)), [51, 53]);
    }

    #[test]
    fn records_are_found_in_the_sectors_that_systems_compute() {
        // Second record of 4096 bytes on a 3330.
        let first = model("3330").first_record(0, 8);
        assert_eq!(first, 237);
        assert_eq!(model("3330").sector_of(first + model("3330").record_space(0, 4096)), 42);
        // Records of 4096 bytes on a 3380 begin 143 cells apart from cell 39 on; seven cells are a sector.
        let start = |n| model("3380").first_record(0, 8) + n * model("3380").record_space(0, 4096);
        assert_eq!((0..4).map(|n| model("3380").sector_of(start(n))).collect::<Vec<_>>(), [5, 26, 46, 67]);
        assert_eq!(model("2314").sector_of(5000), 0);
    }

    #[test]
    fn a_sector_holds_the_beginning_of_one_record_at_most() {
        for model in crate::dasd::geometry::MODELS.iter().filter(|model| model.sectors > 0) {
            let mut start = model.first_record(0, 8);
            let mut before = 0;
            while model.fits(start, 0, 0) {
                let sector = model.sector_of(start);
                assert!(sector > before && u32::from(sector) < model.sectors, "{} {start}", model.name);
                assert!(model.sector_start(sector) <= start, "{} {start}", model.name);
                before = sector;
                start += model.record_space(0, 0);
            }
        }
    }

    #[test]
    fn an_unusual_r0_takes_room_from_the_others() {
        let model = model("3350");
        assert_eq!(model.first_record(0, 8), 389);
        assert_eq!(model.first_record(4, 100), 389 + 4 + 92 + 82);
        assert!(!model.fits(model.first_record(4, 100), 0, 19_069));
    }
}
