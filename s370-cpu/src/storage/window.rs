//! Storage as an engine sees it through a table of what its addresses mean.
//!
//! A table has an entry for each of the 8,192 2K blocks of a 24-bit address space, so it needs no tags. An entry is the
//! host address of the block's bytes less the block's logical address; the low bits, which are zero in both, are flags.
//! One test of the flags covers translation, access key and, together with the address's own low bits, alignment.
//!
//! The invariant that makes this safe: an entry without [`INVALID`] was made by [`Window::enter`] for a block that lies
//! inside the storage that the window keeps alive, and a [`Spot`] is taken only from such an entry, for an address inside
//! the block the entry was looked up for. Accesses end at most 16 bytes outside the block, which storage's padding covers.

use std::sync::Arc;

use s370_arch::storage_key::BLOCK;

use super::{Storage, Unaligned};

/// Flag: the entry says nothing.
pub const INVALID: usize = 1;
/// Flag in a table for stores: the block holds decoded instructions.
pub const HAS_CODE: usize = 4;
/// Entries of a table.
pub const ENTRIES: usize = 1 << 13;

/// What a block's addresses mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry(usize);

impl Entry {
    /// The flags, and nothing else below 2048.
    #[inline(always)]
    pub fn flags(self) -> usize {
        self.0 & (BLOCK as usize - 1)
    }

    /// Where an address of the block is. The entry must not be [`INVALID`].
    #[inline(always)]
    pub fn spot(self, at: u32) -> Spot {
        debug_assert!(self.0 & INVALID == 0);
        Spot((self.0 & !HAS_CODE).wrapping_add(at as usize))
    }

    /// [`Entry::spot`] for an entry whose flags are known to be all zero.
    #[inline(always)]
    pub fn plain_spot(self, at: u32) -> Spot {
        debug_assert!(self.flags() == 0);
        Spot(self.0.wrapping_add(at as usize))
    }
}

/// A place in storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spot(usize);

impl Spot {
    /// The place at a host address.
    ///
    /// # Safety
    /// The address must be that of another [`Spot`].
    #[inline(always)]
    pub unsafe fn at_host(address: usize) -> Spot {
        Spot(address)
    }

    #[inline(always)]
    fn get<T: Copy>(self) -> T {
        // SAFETY: the module's invariant.
        unsafe { (self.0 as *const Unaligned<T>).read_volatile().0 }
    }

    #[inline(always)]
    fn put<T: Copy>(self, value: T) {
        // SAFETY: the module's invariant. (Not volatile: that would take a packed value through the host's stack.)
        unsafe { (self.0 as *mut T).write_unaligned(value) }
    }

    /// The place `bytes` further right.
    #[inline(always)]
    #[must_use]
    pub fn right(self, bytes: u32) -> Spot {
        Spot(self.0 + bytes as usize)
    }

    /// The place `bytes` further left.
    #[inline(always)]
    #[must_use]
    pub fn left(self, bytes: u32) -> Spot {
        Spot(self.0 - bytes as usize)
    }

    /// Bytes from `other` to here, of places in one storage; wraps when here is left of it.
    #[inline(always)]
    pub fn distance_from(self, other: Spot) -> usize {
        self.0.wrapping_sub(other.0)
    }
}

macro_rules! accesses {
    ($($get:ident $put:ident $type:ty)*) => {
        impl Spot {$(
            /// The value at this place.
            #[inline(always)]
            pub fn $get(self) -> $type {
                <$type>::from_be(self.get())
            }

            /// Stores without looking whether the place is decoded as code.
            #[inline(always)]
            pub fn $put(self, value: $type) {
                self.put(value.to_be());
            }
        )*}
    };
}
accesses! { u8 put_u8 u8  u16 put_u16 u16  u32 put_u32 u32  u64 put_u64 u64  u128 put_u128 u128 }

/// A table of what addresses mean.
pub struct Window {
    entries: Box<[Entry; ENTRIES]>,
    storage: Arc<Storage>,
}

impl Window {
    /// A table that says nothing.
    pub fn new(storage: Arc<Storage>) -> Window {
        let entries = vec![Entry(INVALID); ENTRIES].into_boxed_slice();
        Window { entries: entries.try_into().unwrap_or_else(|_| unreachable!("the length is ENTRIES")), storage }
    }

    /// The entries, to be looked up by [`lookup`].
    #[inline(always)]
    pub fn entries(&self) -> &[Entry; ENTRIES] {
        &self.entries
    }

    /// Enters a block, if there is storage at that absolute address.
    pub fn enter(&mut self, logical: u32, absolute: u32, has_code: bool) {
        if absolute < self.storage.size() {
            let block = !(BLOCK - 1);
            let host = self.storage.host_address(absolute & block);
            let flag = if has_code { HAS_CODE } else { 0 };
            self.entries[(logical / BLOCK) as usize % ENTRIES] =
                Entry(host.wrapping_sub((logical & block) as usize) | flag);
        }
    }

    /// Forgets a block, by number.
    pub fn forget(&mut self, block: u16) {
        self.entries[usize::from(block) % ENTRIES] = Entry(INVALID);
    }

    /// Whether nothing is known of a block, by number.
    pub fn is_empty(&self, block: u16) -> bool {
        self.entries[usize::from(block) % ENTRIES].0 & INVALID != 0
    }

    /// Whether a block, by number, is known to be the one at an absolute address.
    pub fn maps(&self, block: u16, absolute: u32) -> bool {
        let entry = self.entries[usize::from(block) % ENTRIES];
        !self.is_empty(block)
            && self.storage.absolute_of(entry.spot(u32::from(block) * BLOCK)) == absolute & !(BLOCK - 1)
    }
}

/// The entry for an address.
#[inline(always)]
pub fn lookup(entries: &[Entry; ENTRIES], at: u32) -> Entry {
    entries[(at / BLOCK) as usize % ENTRIES]
}

impl Storage {
    fn host_address(&self, absolute: u32) -> usize {
        self.bytes.as_ptr() as usize + absolute as usize
    }

    /// The host address of absolute location 0.
    pub fn host_base(&self) -> usize {
        self.host_address(0)
    }

    /// The absolute address of a place.
    #[inline(always)]
    pub fn absolute_of(&self, spot: Spot) -> u32 {
        spot.0.wrapping_sub(self.bytes.as_ptr() as usize) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_lead_to_storage() {
        let storage = Arc::new(Storage::new(16384).unwrap());
        storage.put_u32(0x1804, 0x0123_4567);
        let mut window = Window::new(storage.clone());
        assert_eq!(lookup(window.entries(), 0x5804).flags(), INVALID);
        window.enter(0x5FFF, 0x1800, true);
        let entry = lookup(window.entries(), 0x5804);
        assert_eq!((entry.flags(), entry.spot(0x5804).u32()), (HAS_CODE, 0x0123_4567));
        entry.spot(0x5806).put_u16(0xAAAA);
        assert_eq!(storage.u32(0x1804), 0x0123_AAAA);
        assert_eq!(storage.absolute_of(entry.spot(0x5806)), 0x1806);
        assert!(window.maps(11, 0x1FFF) && !window.maps(11, 0x2000) && !window.maps(10, 0x1800));
        window.forget(11);
        assert!(window.is_empty(11));
        window.enter(0, 16384, false);
        assert!(window.is_empty(0), "there is no storage");
    }
}
