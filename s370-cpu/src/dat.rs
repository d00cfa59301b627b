//! Dynamic address translation: the walk through segment and page tables
//! (GA22-7000-10, chapter 3, "Dynamic Address Translation").

use s370_arch::interruption::ProgramCode;

use crate::{state::CpuState, storage::AbsoluteStorage};

/// How control register 0 divides a virtual address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    /// The segment index stands above this many bits: 16 or 20.
    pub segment_shift: u32,
    /// The page index stands above this many bits: 11 or 12.
    pub page_shift: u32,
}

impl Format {
    /// The format that bits 8-12 of control register 0 select, or `None` where they are not valid.
    #[must_use]
    pub const fn of(cr0: u32) -> Option<Format> {
        let page_shift = match cr0 >> 22 & 3 {
            1 => 11,
            2 => 12,
            _ => return None,
        };
        let segment_shift = match cr0 >> 19 & 7 {
            0 => 16,
            2 => 20,
            _ => return None,
        };
        Some(Format { segment_shift, page_shift })
    }

    /// The invalid bit of a page-table entry.
    #[must_use]
    pub const fn page_invalid(self) -> u16 {
        if self.page_shift == 12 { 8 } else { 4 }
    }
}

/// Why an address could not be translated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The format in control register 0 or in a table entry is not valid.
    Specification,
    /// A table entry lies outside storage.
    Addressing,
    /// The segment-table entry, at this real address, is invalid.
    SegmentInvalid(u32),
    /// The segment lies beyond the segment table's length; where its entry would be.
    SegmentLength(u32),
    /// The page-table entry, at this real address, is invalid.
    PageInvalid(u32),
    /// The page lies beyond the page table's length; where its entry would be.
    PageLength(u32),
}

impl Failure {
    /// The program interruption for a reference that is not LRA's or TPROT's.
    #[must_use]
    pub const fn code(self) -> ProgramCode {
        match self {
            Failure::Specification => ProgramCode::TRANSLATION_SPECIFICATION,
            Failure::Addressing => ProgramCode::ADDRESSING,
            Failure::SegmentInvalid(_) | Failure::SegmentLength(_) => ProgramCode::SEGMENT_TRANSLATION,
            Failure::PageInvalid(_) | Failure::PageLength(_) => ProgramCode::PAGE_TRANSLATION,
        }
    }
}

/// A translated address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Translation {
    /// The real address.
    pub real: u32,
    /// The segment is protected against stores (extended facility).
    pub protected: bool,
    /// The real address of the page-table entry that was used.
    pub entry: u32,
}

/// Segment-table entry bits.
mod segment {
    pub const UNASSIGNED: u32 = 0x0F00_0000;
    pub const PAGE_TABLE: u32 = 0x00FF_FFF8;
    pub const PROTECTED: u32 = 4;
    pub const COMMON: u32 = 2;
    pub const INVALID: u32 = 1;
}

/// Translates the virtual address `address` (24 bits) through the segment table that `designation` (the contents of
/// control register 1 or 7) names.
///
/// # Errors
/// See [`Failure`].
pub fn translate(
    state: &CpuState,
    storage: &impl AbsoluteStorage,
    designation: u32,
    address: u32,
) -> Result<Translation, Failure> {
    let Some(format) = Format::of(state.cr[0]) else { return Err(Failure::Specification) };
    let address = address & 0x00FF_FFFF;

    let index = address >> format.segment_shift;
    let entry_at = (designation & 0x00FF_FFC0).wrapping_add(index * 4) & 0x00FF_FFFF;
    if index >> 4 > designation >> 24 {
        return Err(Failure::SegmentLength(entry_at));
    }
    let entry = storage.u32(available(state, storage, entry_at)?);
    if entry & segment::INVALID != 0 {
        return Err(Failure::SegmentInvalid(entry_at));
    }
    let extended = state.model.has(s370_arch::isa::Facility::Extended);
    let unassigned = segment::UNASSIGNED | if extended { 0 } else { segment::PROTECTED | segment::COMMON };
    if entry & unassigned != 0 {
        return Err(Failure::Specification);
    }

    let page = (address & ((1 << format.segment_shift) - 1)) >> format.page_shift;
    let page_at = (entry & segment::PAGE_TABLE).wrapping_add(page * 2) & 0x00FF_FFFF;
    // The length is in sixteenths of the longest page table, less one: the high four bits of the page index.
    if page >> (format.segment_shift - format.page_shift - 4) > entry >> 28 {
        return Err(Failure::PageLength(page_at));
    }
    let page_entry = storage.u16(available(state, storage, page_at)?);
    if page_entry & format.page_invalid() != 0 {
        return Err(Failure::PageInvalid(page_at));
    }
    let frame = frame_address(state, format, page_entry).ok_or(Failure::Specification)?;
    let real = frame | address & ((1 << format.page_shift) - 1);
    Ok(Translation { real, protected: entry & segment::PROTECTED != 0, entry: page_at })
}

/// The frame a page-table entry names, or `None` where unassigned bits are ones.
fn frame_address(state: &CpuState, format: Format, entry: u16) -> Option<u32> {
    let entry = u32::from(entry);
    if format.page_shift == 11 {
        return (entry & 2 == 0).then_some((entry & 0xFFF8) << 8);
    }
    if state.model.extended_real_addressing {
        return Some((entry & 6) << 23 | (entry & 0xFFF0) << 8);
    }
    (entry & 6 == 0).then_some((entry & 0xFFF0) << 8)
}

fn available(state: &CpuState, storage: &impl AbsoluteStorage, real: u32) -> Result<u32, Failure> {
    let absolute = state.absolute(real);
    if storage.is_available(absolute) { Ok(absolute) } else { Err(Failure::Addressing) }
}
