//! What the System/370 manuals draw: the instruction table, operand formats, the PSW, interruption codes, assigned
//! storage, storage keys, EBCDIC and the time-of-day clock's format. Nothing here behaves; it only parses and emits.
//!
//! The reference is the *IBM System/370 Principles of Operation*, GA22-7000-10, unless another manual is named.

pub mod assigned_storage;
pub mod channel;
pub mod classification;
pub mod control_register;
pub mod disassemble;
pub mod display;
pub mod ebcdic;
pub mod format;
pub mod interruption;
pub mod isa;
pub mod listing;
pub mod psw;
pub mod storage_key;
pub mod tod;
