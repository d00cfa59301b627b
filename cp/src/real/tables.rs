//! The tables of a segment as they lie in real storage, where microcode assists find them: the page table with CP's
//! header (PAGTABLE) and, right behind it, the swap table (SWPTABLE) (VM/370 Data Areas and Control Block Logic,
//! SY20-0884, "PAGTABLE" and "SWPTABLE").
//!
//! | offset | field | |
//! |---|---|---|
//! | -16 | PAGSTMP | time stamp (zero here) |
//! | -12, -10 | PAGACT, PAGTOT | segment-table entries that name this table |
//! | -8 | PAGSHR | SHRTABLE of a shared segment |
//! | -4 | PAGSWP | the swap table |
//! | 0 | PAGCORE | 16 page-table entries, which the hardware sees |
//! | 32 | SWPVM, SWPPAG | VMBLOK, and the page table again |
//! | 40 | | 16 entries of 8 bytes: SWPFLAG, SWPVPAGE, SWPKEY1, SWPKEY2, SWPCYL, SWPDPAGE, SWPCODE |

use s370_arch::storage_key::{ACCESS, CHANGE, FETCH_PROTECTION, REFERENCE};
use s370_cpu::storage::Storage;

/// Bytes of both tables.
pub const LENGTH: u32 = SWAP_TABLE + 8 + 16 * 8 + PAGCORE;
/// Offset of the first entry in what is allocated; a segment-table entry points there. The other offsets count from it.
pub const PAGCORE: u32 = 16;
const SWAP_TABLE: u32 = 32;

/// A page-table entry's invalid bit, 4K-byte pages.
pub const PAGE_INVALID: u16 = 8;
/// A segment-table entry's invalid bit.
pub const SEGMENT_INVALID: u32 = 1;
/// A segment-table entry's bit against stores (extended facility).
pub const SEGMENT_PROTECTED: u32 = 4;
/// Page-table origin in a segment-table entry.
pub const PAGE_TABLE: u32 = 0x00FF_FFF8;
/// A segment-table entry for 16 pages, without an origin.
pub const SEGMENT_ENTRY: u32 = 0xF000_0000;

/// SWPFLAG: the page is shared.
const SHARED: u8 = 0x10;
/// SWPFLAG: SWPREF1 and SWPCHG1; those of the second half are two bits further right.
const SAVED_REFERENCE: u8 = 0x08;
const SAVED_CHANGE: u8 = 0x04;

/// SWPCODE of a page that has a slot in the page area.
const IN_PAGE_AREA: u8 = 1;

/// The page-table entry for a frame: bits 13 and 14 are two more bits of its address.
pub fn entry(frame: u32) -> u16 {
    (frame >> 8 & 0xFFF0) as u16 | (frame >> 23 & 6) as u16
}

/// The frame of a page-table entry.
#[inline(always)]
pub fn frame(entry: u16) -> u32 {
    u32::from(entry & 0xFFF0) << 8 | u32::from(entry & 6) << 23
}

/// Fills in tables that are all zeros: no page is resident, none has a slot. `at` is what was allocated; the result is
/// the page table.
pub fn lay_out(storage: &Storage, at: u32, vmblok: u32, shared_by: Option<u32>) -> u32 {
    let table = at + PAGCORE;
    storage.store_u16(table - 12, 1);
    storage.store_u16(table - 10, 1);
    storage.store_u32(table - 8, shared_by.unwrap_or(0));
    storage.store_u32(table - 4, table + SWAP_TABLE);
    storage.store_u32(table + SWAP_TABLE, vmblok);
    storage.store_u32(table + SWAP_TABLE + 4, table);
    for page in 0..16 {
        let place = Place::new(table, page);
        storage.store_u16(place.page, PAGE_INVALID);
        storage.store_u8(place.swap, if shared_by.is_some() { SHARED } else { 0 });
        storage.store_u8(place.swap + 1, page as u8);
    }
    table
}

/// Puts the address of the VMBLOK into a swap table.
pub fn set_vmblok(storage: &Storage, table: u32, vmblok: u32) {
    storage.store_u32(table + SWAP_TABLE, vmblok);
}

/// How many segment-table entries name a page table: PAGACT and PAGTOT.
pub fn set_users(storage: &Storage, table: u32, users: u16) {
    storage.store_u16(table - 12, users);
    storage.store_u16(table - 10, users);
}

/// So many segment-table entries more name a page table.
pub fn add_users(storage: &Storage, table: u32, more: i16) {
    set_users(storage, table, storage.u16(table - 10).saturating_add_signed(more));
}

/// The page-table entry and the swap-table entry of one page: their real addresses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    pub page: u32,
    pub swap: u32,
}

impl Place {
    /// Those of a page (0-15) of the segment with this page table.
    #[inline(always)]
    pub fn new(table: u32, page: u32) -> Place {
        Place { page: table + page * 2, swap: table + SWAP_TABLE + 8 + page * 8 }
    }

    /// The frame that the page is in.
    #[inline(always)]
    pub fn frame(self, storage: &Storage) -> Option<u32> {
        let entry = storage.u16(self.page);
        (entry & PAGE_INVALID == 0).then(|| frame(entry))
    }

    /// The reference and change bits that were saved of one half (0 or 1), as they stand in a key.
    #[inline(always)]
    pub fn saved(self, storage: &Storage, half: u32) -> u8 {
        let flags = storage.u8(self.swap) << (2 * half);
        (if flags & SAVED_REFERENCE != 0 { REFERENCE } else { 0 })
            | (if flags & SAVED_CHANGE != 0 { CHANGE } else { 0 })
    }

    /// Adds the reference and change bits of a key to those saved of one half.
    pub fn save(self, storage: &Storage, half: u32, key: u8) {
        storage.store_u8(self.swap, storage.u8(self.swap) | saved_bits(key) >> (2 * half));
    }

    /// Forgets the reference and change bits saved of one half.
    pub fn forget_saved(self, storage: &Storage, half: u32) {
        let bits = (SAVED_REFERENCE | SAVED_CHANGE) >> (2 * half);
        let flags = storage.u8(self.swap);
        if flags & bits != 0 {
            storage.store_u8(self.swap, flags & !bits);
        }
    }

    /// SWPKEY1 or SWPKEY2: access control and fetch protection.
    pub fn key(self, storage: &Storage, half: u32) -> u8 {
        storage.u8(self.swap + 2 + half)
    }

    /// Sets SWPKEY1 or SWPKEY2.
    pub fn set_key(self, storage: &Storage, half: u32, key: u8) {
        storage.store_u8(self.swap + 2 + half, key & (ACCESS | FETCH_PROTECTION));
    }

    /// The slot of the page area that has the page's contents: SWPCYL, SWPDPAGE, SWPCODE.
    pub fn slot(self, storage: &Storage) -> Option<u32> {
        let word = storage.u32(self.swap + 4);
        (word as u8 == IN_PAGE_AREA).then_some(word >> 8)
    }

    /// Names the slot.
    pub fn set_slot(self, storage: &Storage, slot: Option<u32>) {
        storage.store_u32(self.swap + 4, slot.map_or(0, |slot| slot << 8 | u32::from(IN_PAGE_AREA)));
    }
}

fn saved_bits(key: u8) -> u8 {
    (if key & REFERENCE != 0 { SAVED_REFERENCE } else { 0 }) | (if key & CHANGE != 0 { SAVED_CHANGE } else { 0 })
}
