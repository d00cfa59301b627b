//! The tables that the unit tests of this facility use.

use s370_arch::control_register::{cr0, cr14};

use crate::exec::harness::Harness;

/// The address spaces of [`harness`], by their numbers.
pub(super) mod asn {
    /// The primary and the secondary space at first: virtual addresses are real ones.
    pub const OWN: u16 = 1;
    /// Virtual page 5 is at 6000, and page 6 at 5000; its programs have authorization index 6.
    pub const OTHER: u16 = 2;
    /// Its second-table entry is invalid.
    pub const INVALID: u16 = 3;
    /// Its second-table entry has an unassigned bit.
    pub const BAD: u16 = 4;
    /// As OWN, with the space-switch event.
    pub const EVENT: u16 = 5;
    /// Its authority table is outside of storage.
    pub const NO_AUTHORITY_TABLE: u16 = 6;
    /// Gives nobody any authority.
    pub const CLOSED: u16 = 7;
    /// Gives only primary authority.
    pub const ONLY_PRIMARY: u16 = 8;
    /// Its authority table is too short.
    pub const SHORT: u16 = 9;
    /// Its first-table entry is invalid.
    pub const NO_TABLE: u16 = 64;
    /// Its first-table entry has an unassigned bit.
    pub const BAD_TABLE: u16 = 128;
    /// Its second table is outside of storage.
    pub const LOST_TABLE: u16 = 192;
}

/// The segment table of the space OWN.
pub(super) const OWN_SEGMENTS: u32 = 0x8000;
/// The segment table of the space OTHER.
pub(super) const OTHER_SEGMENTS: u32 = 0x8040;
/// The linkage table of all spaces.
pub(super) const LINKAGE: u32 = 0x8000_C000;
/// Authorization index of OWN's programs.
pub(super) const INDEX: u32 = 0x45;

/// Supervisor state, primary-space mode, everything allowed, in the space OWN.
pub(super) fn harness() -> Harness {
    let mut harness = Harness::new();
    let state = &mut harness.state;
    state.psw.system_mask = 4;
    state.cr[0] |= cr0::PAGE_SIZE_4K | cr0::SECONDARY_SPACE | cr0::EXTRACTION_AUTHORITY;
    state.cr[1] = OWN_SEGMENTS;
    state.cr[3] = 0x00F0_0000 | u32::from(asn::OWN);
    state.cr[4] = INDEX << 16 | u32::from(asn::OWN);
    state.cr[5] = LINKAGE;
    state.cr[7] = OWN_SEGMENTS;
    // The first table is in the last page.
    state.cr[14] = cr14::ASN_TRANSLATION | 0xF;
    spaces(&harness);
    asns(&harness);
    harness
}

fn spaces(harness: &Harness) {
    let storage = &harness.storage;
    storage.store_u32(OWN_SEGMENTS, 0xF000_8080);
    storage.store_u32(OTHER_SEGMENTS, 0xF000_80C0);
    for page in 0..16 {
        let other = match page {
            5 => 6,
            6 => 5,
            page => page,
        };
        storage.store_u16(0x8080 + page * 2, (page as u16) << 4);
        storage.store_u16(0x80C0 + page * 2, (other as u16) << 4);
    }
}

fn asns(harness: &Harness) {
    let storage = &harness.storage;
    for (at, entry) in (0xF000..).step_by(4).zip([0x0000_A000, 0x8000_A000, 0x0000_A001, 0x0001_0000]) {
        storage.store_u32(at, entry);
    }
    // Authority tables: at B000 all authority for indexes 44-47, at B020 none, at B040 only primary authority.
    storage.store_u8(0xB011, 0xFF);
    storage.store_u8(0xB051, 0xAA);
    let length = 4 << 4;
    for (number, entry) in [
        (asn::OWN, [0xB000, 0x0045_0000 | length, OWN_SEGMENTS, LINKAGE]),
        (asn::OTHER, [0xB000, 0x0046_0000 | length, OTHER_SEGMENTS, LINKAGE | 0x7F]),
        (asn::INVALID, [0x8000_B000, 0, 0, 0]),
        (asn::BAD, [0xB000, 0, 0, 0x0100_0000]),
        (asn::EVENT, [0xB000, 0x0045_0000 | length, OWN_SEGMENTS | 1, LINKAGE]),
        (asn::NO_AUTHORITY_TABLE, [0x1_0000, length, OWN_SEGMENTS, LINKAGE]),
        (asn::CLOSED, [0xB020, length, OWN_SEGMENTS, LINKAGE]),
        (asn::ONLY_PRIMARY, [0xB040, length, OWN_SEGMENTS, LINKAGE]),
        (asn::SHORT, [0xB000, length - 0x10, OWN_SEGMENTS, LINKAGE]),
    ] {
        for (at, word) in (0xA000 + u32::from(number) * 16..).step_by(4).zip(entry) {
            storage.store_u32(at, word);
        }
    }
}
