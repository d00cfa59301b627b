//! Which entries of shadow page tables map a frame, so that they can be made invalid when its page goes.

use s370_cpu::storage::Storage;

use super::{PAGE, tables};

/// Entries that are noted before they are looked through.
const FEW: usize = 16;

/// A shadow page-table entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Shadow {
    /// Real address of the halfword.
    at: u32,
    /// 8 in a table of 4K-byte pages, 4 in one of 2K-byte pages.
    invalid: u16,
}

impl Shadow {
    fn maps(self, storage: &Storage, frame: u32) -> bool {
        let entry = storage.u16(self.at);
        let mapped = if self.invalid == tables::PAGE_INVALID {
            tables::frame(entry)
        } else {
            (u32::from(entry & 0xFFF8) << 8) & !(PAGE - 1)
        };
        entry & self.invalid == 0 && mapped == frame
    }
}

/// The entries that may map one frame.
#[derive(Clone, Debug, Default)]
pub struct Shadows {
    noted: Vec<Shadow>,
    /// How many may be noted before those are sought that are no longer needed.
    limit: usize,
}

impl Shadows {
    /// Notes an entry, which is about to map this frame or does already.
    pub fn note(&mut self, storage: &Storage, frame: u32, at: u32, invalid: u16) {
        let shadow = Shadow { at, invalid };
        if self.noted.last() == Some(&shadow) {
            return;
        }
        if self.noted.len() >= self.limit.max(FEW) {
            self.noted.sort_unstable();
            self.noted.dedup();
            self.noted.retain(|shadow| shadow.maps(storage, frame));
            self.limit = 2 * self.noted.len();
        }
        self.noted.push(shadow);
    }

    /// Makes every entry invalid that maps this frame.
    pub fn invalidate(&mut self, storage: &Storage, frame: u32) {
        for shadow in self.noted.drain(..) {
            if shadow.maps(storage, frame) {
                storage.store_u16(shadow.at, storage.u16(shadow.at) | shadow.invalid);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_maps_the_frame_is_made_invalid() {
        let storage = Storage::new(64 << 20).unwrap();
        let mut shadows = Shadows::default();
        let high = 0x0200_3000;
        for (at, entry, invalid) in
            [(0x100, tables::entry(high), 8), (0x102, tables::entry(0x3000), 8), (0x104, tables::entry(high) | 8, 8)]
        {
            storage.store_u16(at, entry);
            shadows.note(&storage, high, at, invalid);
        }
        shadows.invalidate(&storage, high);
        assert_eq!((storage.u16(0x100), storage.u16(0x102)), (tables::entry(high) | 8, tables::entry(0x3000)));
        // Pages of 2K bytes: both halves of the frame.
        for (at, entry) in [(0x100, 0x0030), (0x102, 0x0038), (0x104, 0x0040)] {
            storage.store_u16(at, entry);
            shadows.note(&storage, 0x3000, at, 4);
        }
        shadows.invalidate(&storage, 0x3000);
        assert_eq!([0x100, 0x102, 0x104].map(|at| storage.u16(at)), [0x0034, 0x003C, 0x0040]);
    }

    #[test]
    fn notes_do_not_pile_up() {
        let storage = Storage::new(1 << 20).unwrap();
        let mut shadows = Shadows::default();
        (0..40).for_each(|n| storage.store_u16(0x1000 + 2 * n, 0x0030));
        for round in 0..1000 {
            let at = 0x1000 + 2 * (round % 40);
            shadows.note(&storage, 0x3000, at, 8);
            shadows.note(&storage, 0x3000, 0x2000 + 2 * round, 8);
        }
        assert!(shadows.noted.len() <= 80, "{}", shadows.noted.len());
        shadows.invalidate(&storage, 0x3000);
        assert!((0..40).all(|n| storage.u16(0x1000 + 2 * n) == 0x0038));
    }
}
