//! What instructions, interruptions and channels need of storage: the real one, or a virtual machine's, which a control
//! program keeps wherever it likes.

use s370_arch::storage_key::{CHANGE, REFERENCE};

use super::Storage;

/// Storage with keys, by absolute address.
///
/// Every address that is given is [available](AbsoluteStorage::is_available), with all bytes that are meant; it is for the
/// caller to check that. Stores are noticed by processors that hold the place in decoded form, and the change of a key by those that
/// remember what it allowed. All of it is through `&self`: other processors and channels may have the same storage.
pub trait AbsoluteStorage {
    /// Size in bytes: 2048 to 64 MiB.
    fn size(&self) -> u32;

    /// Whether there is a byte at this address: below the size, or in something that was attached above it.
    #[inline(always)]
    fn is_available(&self, at: u32) -> bool {
        at < self.size()
    }

    /// Fetches bytes.
    fn read(&self, at: u32, into: &mut [u8]);

    /// Stores bytes.
    fn store(&self, at: u32, from: &[u8]);

    /// The fullword at `at`, a multiple of 4, is replaced by `new` if it is `old`, as one access to other processors. What
    /// it was.
    fn compare_and_swap_u32(&self, at: u32, old: u32, new: u32) -> u32;

    /// As [`AbsoluteStorage::compare_and_swap_u32`], a doubleword.
    fn compare_and_swap_u64(&self, at: u32, old: u64, new: u64) -> u64;

    /// Sets the byte at `at` to X'FF', as one access to other processors. What it was.
    fn test_and_set(&self, at: u32) -> u8;

    /// The storage key of the 2K-byte block at `at`.
    fn key(&self, at: u32) -> u8;

    /// Sets the storage key of the block at `at`.
    fn set_key(&self, at: u32, key: u8);

    /// Has every processor that shares this storage empty its TLB, as INVALIDATE PAGE TABLE ENTRY does.
    fn purge_tlbs(&self);

    /// Records a fetch from the block at `at` in its key.
    fn record_reference(&self, at: u32) {
        if self.key(at) & REFERENCE == 0 {
            self.set_key(at, self.key(at) | REFERENCE);
        }
    }

    /// Records a store into the block at `at` in its key.
    fn record_change(&self, at: u32) {
        if self.key(at) & (REFERENCE | CHANGE) != REFERENCE | CHANGE {
            self.set_key(at, self.key(at) | REFERENCE | CHANGE);
        }
    }

    /// The byte at `at`.
    fn u8(&self, at: u32) -> u8 {
        let mut bytes = [0];
        self.read(at, &mut bytes);
        bytes[0]
    }

    /// The halfword at `at`, of any alignment.
    fn u16(&self, at: u32) -> u16 {
        let mut bytes = [0; 2];
        self.read(at, &mut bytes);
        u16::from_be_bytes(bytes)
    }

    /// The fullword at `at`, of any alignment.
    fn u32(&self, at: u32) -> u32 {
        let mut bytes = [0; 4];
        self.read(at, &mut bytes);
        u32::from_be_bytes(bytes)
    }

    /// The doubleword at `at`, of any alignment.
    fn u64(&self, at: u32) -> u64 {
        let mut bytes = [0; 8];
        self.read(at, &mut bytes);
        u64::from_be_bytes(bytes)
    }

    /// Stores a byte.
    fn store_u8(&self, at: u32, value: u8) {
        self.store(at, &[value]);
    }

    /// Stores a halfword.
    fn store_u16(&self, at: u32, value: u16) {
        self.store(at, &value.to_be_bytes());
    }

    /// Stores a fullword.
    fn store_u32(&self, at: u32, value: u32) {
        self.store(at, &value.to_be_bytes());
    }

    /// Stores a doubleword.
    fn store_u64(&self, at: u32, value: u64) {
        self.store(at, &value.to_be_bytes());
    }
}

macro_rules! as_storage_does {
    ($($method:ident($($argument:ident: $type:ty),*) $(-> $result:ty)?;)*) => {
        impl AbsoluteStorage for Storage {
            $(
                #[inline(always)]
                fn $method(&self, $($argument: $type),*) $(-> $result)? {
                    Storage::$method(self, $($argument),*)
                }
            )*
        }
    };
}

as_storage_does! {
    size() -> u32;
    read(at: u32, into: &mut [u8]);
    store(at: u32, from: &[u8]);
    compare_and_swap_u32(at: u32, old: u32, new: u32) -> u32;
    compare_and_swap_u64(at: u32, old: u64, new: u64) -> u64;
    test_and_set(at: u32) -> u8;
    key(at: u32) -> u8;
    set_key(at: u32, key: u8);
    purge_tlbs();
    record_reference(at: u32);
    record_change(at: u32);
    u8(at: u32) -> u8;
    u16(at: u32) -> u16;
    u32(at: u32) -> u32;
    u64(at: u32) -> u64;
    store_u8(at: u32, value: u8);
    store_u16(at: u32, value: u16);
    store_u32(at: u32, value: u32);
    store_u64(at: u32, value: u64);
}
