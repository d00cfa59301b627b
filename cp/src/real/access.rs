//! A virtual machine's storage as instructions, interruptions and channels see it.

use s370_arch::storage_key::{ACCESS, ALL, BLOCK, CHANGE, FETCH_PROTECTION, REFERENCE};
use s370_cpu::storage::AbsoluteStorage;

use super::{Located, Missing, PAGE, SEGMENT, guest::GuestStorage, tables::Place};

/// Splits a run of bytes at the ends of pages: offset in the run, address, length.
fn pieces(at: u32, length: usize) -> impl Iterator<Item = (usize, u32, usize)> {
    let mut done = 0;
    std::iter::from_fn(move || {
        let at = at + done as u32;
        let piece = ((PAGE - at % PAGE) as usize).min(length - done);
        let offset = done;
        done += piece;
        (piece > 0).then_some((offset, at, piece))
    })
}

impl GuestStorage {
    /// Where a byte is that the control program is going to store into: [`GuestStorage::locate`], and what has to be done
    /// before. The page is noted as changed, and its segment is no longer shared.
    ///
    /// # Errors
    /// As [`GuestStorage::locate`].
    #[inline]
    pub fn locate_to_store(&self, absolute: u32) -> Result<Located, Missing> {
        let mut located = self.locate(absolute)?;
        if located.shared {
            self.unshare(absolute / SEGMENT)?;
            located = self.locate(absolute)?;
        }
        self.note_change(located);
        Ok(located)
    }

    /// Works on the contents of a page in the page area, from a byte on, because there is no frame for the page. What is
    /// to be stored is lost, and that is noted, if there is no room for it there either.
    #[cold]
    fn in_page_area<R>(&self, absolute: u32, work: impl FnOnce(&mut [u8]) -> R) -> R {
        let mut page = [0; PAGE as usize];
        let from = (absolute % PAGE) as usize;
        let mut core = self.real.core();
        let Ok((place, shared)) = self.make_place(&mut core, absolute) else {
            let result = work(&mut page[from..]);
            self.lost.set(self.lost.get() || page.iter().any(|&byte| byte != 0));
            return result;
        };
        if let Some(slot) = place.slot(&self.storage) {
            page = *core.area.contents(slot);
        }
        let before = page;
        let result = work(&mut page[from..]);
        if page != before && (shared || !core.replace_contents(place, &page)) {
            self.lost.set(true);
        }
        result
    }

    /// Reference or change is recorded of a page that has no frame.
    #[cold]
    fn record_absent(&self, at: u32, bits: u8) {
        let mut core = self.real.core();
        if let Ok((place, _)) = self.make_place(&mut core, at) {
            place.save(&self.storage, GuestStorage::half(at), bits);
        }
    }

    /// The key of one half of a page.
    pub(super) fn key_of(&self, place: Place, half: u32) -> u8 {
        let key = match place.frame(&self.storage) {
            Some(frame) => self.storage.key(frame + half * BLOCK),
            None => place.key(&self.storage, half),
        };
        key | place.saved(&self.storage, half)
    }

    /// Where the half of a page is that an address is in, if the page is resident.
    fn real_block(&self, place: Place, at: u32) -> Option<u32> {
        place.frame(&self.storage).map(|frame| frame | at & BLOCK)
    }
}

/// Whether so many bytes at an address are in one page.
#[inline(always)]
fn is_in_one_page(at: u32, length: u32) -> bool {
    at % PAGE <= PAGE - length
}

/// Fetches and stores of a few bytes that are in a resident page, as nearly all are.
macro_rules! short_accesses {
    ($($get:ident $put:ident $type:ty)*) => {$(
        #[inline]
        fn $get(&self, at: u32) -> $type {
            let _hold = self.hold();
            if is_in_one_page(at, size_of::<$type>() as u32)
                && let Ok(located) = self.locate(at)
            {
                return self.storage.$get(located.real);
            }
            let mut bytes = [0; size_of::<$type>()];
            self.read(at, &mut bytes);
            <$type>::from_be_bytes(bytes)
        }

        #[inline]
        fn $put(&self, at: u32, value: $type) {
            let _hold = self.hold();
            if is_in_one_page(at, size_of::<$type>() as u32)
                && let Ok(located) = self.locate_to_store(at)
            {
                return self.storage.$put(located.real, value);
            }
            self.store(at, &value.to_be_bytes());
        }
    )*};
}

impl AbsoluteStorage for GuestStorage {
    short_accesses! { u8 store_u8 u8  u16 store_u16 u16  u32 store_u32 u32  u64 store_u64 u64 }

    fn size(&self) -> u32 {
        GuestStorage::size(self)
    }

    fn is_available(&self, at: u32) -> bool {
        self.is_addressable(at)
    }

    fn read(&self, at: u32, into: &mut [u8]) {
        let _hold = self.hold();
        for (offset, at, length) in pieces(at, into.len()) {
            let into = &mut into[offset..offset + length];
            match self.locate(at) {
                Ok(located) => self.storage.read(located.real, into),
                Err(_) => self.in_page_area(at, |page| into.copy_from_slice(&page[..length])),
            }
        }
    }

    fn store(&self, at: u32, from: &[u8]) {
        let _hold = self.hold();
        for (offset, at, length) in pieces(at, from.len()) {
            let from = &from[offset..offset + length];
            match self.locate_to_store(at) {
                Ok(located) => self.storage.store(located.real, from),
                Err(_) => self.in_page_area(at, |page| page[..length].copy_from_slice(from)),
            }
        }
    }

    fn compare_and_swap_u32(&self, at: u32, old: u32, new: u32) -> u32 {
        let _hold = self.hold();
        match self.locate_to_store(at) {
            Ok(located) => self.storage.compare_and_swap_u32(located.real, old, new),
            Err(_) => self.in_page_area(at, |page| {
                let word = &mut page[..4];
                let was = word.iter().fold(0, |was, &byte| was << 8 | u32::from(byte));
                if was == old {
                    word.copy_from_slice(&new.to_be_bytes());
                }
                was
            }),
        }
    }

    fn compare_and_swap_u64(&self, at: u32, old: u64, new: u64) -> u64 {
        let _hold = self.hold();
        match self.locate_to_store(at) {
            Ok(located) => self.storage.compare_and_swap_u64(located.real, old, new),
            Err(_) => self.in_page_area(at, |page| {
                let word = &mut page[..8];
                let was = word.iter().fold(0, |was, &byte| was << 8 | u64::from(byte));
                if was == old {
                    word.copy_from_slice(&new.to_be_bytes());
                }
                was
            }),
        }
    }

    fn test_and_set(&self, at: u32) -> u8 {
        let _hold = self.hold();
        match self.locate_to_store(at) {
            Ok(located) => self.storage.test_and_set(located.real),
            Err(_) => self.in_page_area(at, |page| std::mem::replace(&mut page[0], 0xFF)),
        }
    }

    fn key(&self, at: u32) -> u8 {
        let _hold = self.hold();
        self.place(at).map_or(0, |(place, _)| self.key_of(place, GuestStorage::half(at)))
    }

    fn set_key(&self, at: u32, key: u8) {
        let _hold = self.hold();
        let key = key & ALL;
        if self.is_shared(at / SEGMENT) {
            // Reference and change of a shared page belong to all its users.
            let is_other = (self.key(at) ^ key) & (ACCESS | FETCH_PROTECTION) != 0;
            if !is_other || self.unshare(at / SEGMENT).is_err() {
                return self.lost.set(self.lost.get() || is_other);
            }
        }
        let place = match self.place(at) {
            Some((place, _)) => place,
            None if key == 0 => return,
            None => match self.make_place(&mut self.real.core(), at) {
                Ok((place, _)) => place,
                Err(_) => return self.lost.set(true),
            },
        };
        let half = GuestStorage::half(at);
        place.forget_saved(&self.storage, half);
        place.set_key(&self.storage, half, key);
        match self.real_block(place, at) {
            Some(real) => {
                // That the page was changed must not be forgotten with the bit that says it.
                if self.storage.key(real) & CHANGE != 0 && key & CHANGE == 0 {
                    self.note_change(Located { real, shared: false });
                }
                self.storage.set_key(real, key);
            }
            None => place.save(&self.storage, half, key),
        }
    }

    fn purge_tlbs(&self) {
        self.purge.set(true);
    }

    fn record_reference(&self, at: u32) {
        let _hold = self.hold();
        match self.locate(at) {
            Ok(located) => self.storage.record_reference(located.real),
            Err(_) => self.record_absent(at, REFERENCE),
        }
    }

    fn record_change(&self, at: u32) {
        let _hold = self.hold();
        match self.locate_to_store(at) {
            Ok(located) => self.storage.record_change(located.real),
            Err(_) => self.record_absent(at, REFERENCE | CHANGE),
        }
    }
}
