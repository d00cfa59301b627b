//! Storage keys (GA22-7000-10, chapter 3, "Storage Key" and "Key-Controlled Protection").

/// Bytes of storage that have one key.
pub const BLOCK: u32 = 2048;
/// The access-control bits.
pub const ACCESS: u8 = 0xF0;
/// Fetch protection.
pub const FETCH_PROTECTION: u8 = 0x08;
/// Reference.
pub const REFERENCE: u8 = 0x04;
/// Change.
pub const CHANGE: u8 = 0x02;
/// All bits that a key has.
pub const ALL: u8 = 0xFE;

/// Whether a reference with this access key (0-15) may store into a block with this storage key.
#[must_use]
pub const fn may_store(access_key: u8, storage_key: u8) -> bool {
    access_key == 0 || access_key == storage_key >> 4
}

/// Whether a reference with this access key (0-15) may fetch from a block with this storage key.
#[must_use]
pub const fn may_fetch(access_key: u8, storage_key: u8) -> bool {
    storage_key & FETCH_PROTECTION == 0 || may_store(access_key, storage_key)
}
