//! The real machine's storage: frames of 4096 bytes, free storage for control blocks, the page area, and the storage of
//! virtual machines made of them.

mod access;
mod area;
mod check;
mod core_table;
mod frames;
mod guest;
mod pieces;
mod shadows;
mod sharing;
mod spaces;
mod systems;
mod tables;

pub use self::{
    frames::{NoFrame, RealStorage, Usage},
    guest::{GuestStorage, Located, Missing, StorageError},
    spaces::Counts,
    systems::{NamedSystem, SavedPage, SystemError, SystemExtent},
};

/// Bytes in a page and in a frame.
pub const PAGE: u32 = 4096;
/// Bytes in a segment of the tables that the control program keeps for a virtual machine.
pub const SEGMENT: u32 = 64 << 10;

/// The number of a virtual machine, from 0. It is not used again while the system runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Owner(pub u32);
