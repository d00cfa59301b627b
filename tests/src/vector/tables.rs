//! Segment and page tables for the vectors with translation: the first 128K of virtual storage is real storage at the
//! same addresses, until items say otherwise.

use super::picture::{Picture, hex};

/// Bytes of virtual storage that are mapped, and of real storage that there must be.
const MAPPED: u32 = 128 * 1024;
/// Where the tables of the primary and of the secondary space are.
const TABLES: [u32; 2] = [0x1_8000, 0x1_C000];
/// From the segment table to its page tables, and from one page table to the next.
const PAGE_TABLES: u32 = 0x100;
const PAGE_TABLE_SPAN: u32 = 0x800;

/// One of the four formats of translation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Bits 8-12 of control register 0, at their place.
    pub control: u32,
    /// Bytes of a page.
    pub page: u32,
    /// Bytes of a segment.
    pub segment: u32,
}

impl Layout {
    /// 2K and 4K pages in 64K and 1M segments.
    pub const ALL: [Layout; 4] = [
        Layout { control: 0x0040_0000, page: 2048, segment: 1 << 16 },
        Layout { control: 0x0080_0000, page: 4096, segment: 1 << 16 },
        Layout { control: 0x0050_0000, page: 2048, segment: 1 << 20 },
        Layout { control: 0x0090_0000, page: 4096, segment: 1 << 20 },
    ];

    /// The layout that is written `4K/64K`.
    ///
    /// # Errors
    /// There is none.
    pub fn from_name(name: &str) -> Result<Layout, String> {
        let names = ["2K/64K", "4K/64K", "2K/1M", "4K/1M"];
        let found = names.iter().position(|known| *known == name);
        Ok(Layout::ALL[found.ok_or_else(|| format!("{name} is none of {names:?}"))?])
    }

    /// The bit that makes a page-table entry invalid.
    #[must_use]
    pub fn invalid_page(self) -> u16 {
        if self.page == 4096 { 8 } else { 4 }
    }

    fn segment_entry_at(self, space: usize, address: u32) -> usize {
        (TABLES[space] + address / self.segment * 4) as usize
    }

    fn page_table_at(self, space: usize, address: u32) -> u32 {
        TABLES[space] + PAGE_TABLES + address / self.segment * PAGE_TABLE_SPAN
    }

    fn page_entry_at(self, space: usize, address: u32) -> usize {
        (self.page_table_at(space, address) + address % self.segment / self.page * 2) as usize
    }

    /// Lays out the tables of one space (0: control register 1, 1: control register 7).
    ///
    /// # Errors
    /// They do not fit.
    pub fn build(self, picture: &mut Picture, space: usize) -> Result<(), String> {
        if picture.storage.len() < MAPPED as usize {
            picture.resize(MAPPED as usize);
        }
        picture.state.cr[0] = picture.state.cr[0] & !0x00F8_0000 | self.control;
        picture.state.cr[if space == 0 { 1 } else { 7 }] = TABLES[space];
        for segment in 0..16 {
            picture.put(TABLES[space] as usize + segment * 4, &1u32.to_be_bytes())?;
        }
        for start in (0..MAPPED).step_by(self.segment as usize) {
            let table = self.page_table_at(space, start);
            picture.put(self.segment_entry_at(space, start), &(15 << 28 | table).to_be_bytes())?;
            for page in (0..self.segment).step_by(self.page as usize) {
                let address = start + page;
                let entry = if address < MAPPED { (address >> 8) as u16 } else { self.invalid_page() };
                picture.put(self.page_entry_at(space, address), &entry.to_be_bytes())?;
            }
        }
        Ok(())
    }

    /// `page=V>R`, where R is an address, `invalid` or `bad` (a bit that must be zero is one). With 2K pages both
    /// halves of the 4K at V change.
    ///
    /// # Errors
    /// The item is not understood.
    pub fn set_page(self, picture: &mut Picture, space: usize, value: &str) -> Result<(), String> {
        let (at, to) = value.split_once('>').ok_or("page=V>R")?;
        let at = hex(at)? as u32;
        for part in (0..4096).step_by(self.page as usize) {
            let entry = match to {
                "invalid" => self.invalid_page(),
                "bad" => ((at + part) >> 8) as u16 | 2,
                address => ((hex(address)? as u32 + part) >> 8) as u16,
            };
            picture.put(self.page_entry_at(space, at + part), &entry.to_be_bytes())?;
        }
        Ok(())
    }

    /// Real addresses of the page-table entry for an address and of its page table, as [`Layout::build`] laid them out.
    #[must_use]
    pub fn page_entry(self, space: usize, address: u32) -> (u32, u32) {
        (self.page_entry_at(space, address) as u32, self.page_table_at(space, address))
    }

    /// Maps one page to a frame, or to none. Both must lie where [`Layout::build`] laid out tables.
    pub fn map_page(self, picture: &mut Picture, space: usize, page: u32, frame: Option<u32>) {
        let entry = frame.map_or(self.invalid_page(), |frame| (frame >> 8) as u16);
        let at = self.page_entry_at(space, page);
        picture.storage[at..at + 2].copy_from_slice(&entry.to_be_bytes());
    }

    /// `segment=V>what`, where what is `invalid`, `bad`, `protected`, `common`, `short` (the shortest page table) or
    /// the address of a page table.
    ///
    /// # Errors
    /// The item is not understood.
    pub fn set_segment(self, picture: &mut Picture, space: usize, value: &str) -> Result<(), String> {
        let (at, what) = value.split_once('>').ok_or("segment=V>what")?;
        let place = self.segment_entry_at(space, hex(at)? as u32);
        let bytes = picture.storage.get(place..place + 4).and_then(|bytes| bytes.try_into().ok()).ok_or("where?")?;
        let entry = u32::from_be_bytes(bytes);
        let entry = match what {
            "invalid" => entry | 1,
            "bad" => entry | 0x0100_0000,
            "protected" => entry | 4,
            "common" => entry | 2,
            "short" => entry & 0x0FFF_FFFF,
            table => 15 << 28 | hex(table)? as u32,
        };
        picture.put(place, &entry.to_be_bytes())
    }
}
