//! Sense data of tape units: GA32-0021 for the 3420, the same layout with fewer bytes for the others.

use bitflags::bitflags;

bitflags! {
    /// Byte 0: why there was a unit check.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub(super) struct Fault: u8 {
        const COMMAND_REJECT = 0x80;
        const INTERVENTION_REQUIRED = 0x40;
        const EQUIPMENT_CHECK = 0x10;
        const DATA_CHECK = 0x08;
        const WORD_COUNT_ZERO = 0x02;
    }
}

bitflags! {
    /// Byte 1: the state of the unit. Status A alone is ready, B alone is not ready.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub(super) struct State: u8 {
        const STATUS_A = 0x40;
        const STATUS_B = 0x20;
        const LOAD_POINT = 0x08;
        const WRITE_STATUS = 0x04;
        const FILE_PROTECT = 0x02;
    }
}

/// Byte 3: the unit is set to 1600 bytes an inch.
pub(super) const SET_TO_1600: u8 = 0x04;
/// Byte 3: the last motion was backward.
pub(super) const BACKWARD: u8 = 0x02;
/// Byte 4: the unit ceased to be ready during the operation.
pub(super) const REJECT_TAPE_UNIT: u8 = 0x40;
/// Byte 4 of the 3803 family: the tape is past the end-of-tape mark.
pub(super) const TAPE_INDICATE: u8 = 0x20;
/// Byte 4 of the 3803 family: the tape unit has an error.
pub(super) const TAPE_UNIT_CHECK: u8 = 0x02;
/// Byte 5 of the 3803 family: it is no 2803.
pub(super) const NEW_SUBSYSTEM: u8 = 0xC0;
/// Byte 6: a unit that can write at 1600 bytes an inch is not set to that.
pub(super) const NOT_SET_TO_1600: u8 = 0x10;
/// Byte 7: the reset key stopped the unit, or it was unloaded.
pub(super) const RESET_KEY: u8 = 0x10;
/// Byte 7: the last operation was a data security erase.
pub(super) const SECURITY_ERASE: u8 = 0x08;
