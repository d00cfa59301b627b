//! Control units and the commands that each knows (component descriptions of the 2841, 2314, 2835, 3830 and 3880).

use crate::dasd::geometry::Model;

/// A kind of control unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ControlUnit {
    /// 2841, with 2311s.
    U2841,
    /// The control unit of the 2314.
    U2314,
    /// 2835, with 2305s.
    U2835,
    /// 3830, with 3330s, 3340s and 3350s.
    U3830,
    /// 3880, with 3375s and 3380s.
    U3880,
}

impl ControlUnit {
    /// The control unit that such a device is attached to.
    pub(super) fn of(model: &Model) -> ControlUnit {
        match model.device {
            0x2311 => ControlUnit::U2841,
            0x2314 => ControlUnit::U2314,
            0x2305 => ControlUnit::U2835,
            0x3375 | 0x3380 => ControlUnit::U3880,
            _ => ControlUnit::U3830,
        }
    }

    /// Whether it is one of the control units of the System/360, whose sense data is short and of another layout, and
    /// which know no sectors.
    pub(super) fn is_early(self) -> bool {
        self <= ControlUnit::U2314
    }

    /// Bytes of sense data.
    pub(super) fn sense_length(self) -> usize {
        if self.is_early() { 6 } else { 24 }
    }

    /// Bits of a file mask that must be zero.
    pub(super) fn reserved_in_mask(self) -> u8 {
        if self.is_early() { 0x27 } else { 0x20 }
    }
}

/// What a search compares for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relation {
    /// The field on the track equals the argument.
    Equal,
    /// It is higher.
    High,
    /// It is equal or higher.
    EqualOrHigh,
}

/// The part of a record with which a transfer begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Area {
    /// Count, key and data.
    Count,
    /// Key and data.
    Key,
    /// Data.
    Data,
}

/// How a record is formatted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// As the data says.
    Normal,
    /// As the data says, as a segment of an overflow record that goes on on the next track.
    Segment,
    /// Not at all: the rest of the track is erased.
    Erase,
}

/// A command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Nothing,
    Restore,
    Recalibrate,
    Seek,
    SeekCylinder,
    SeekHead,
    SetFileMask,
    SpaceCount,
    SetSector,
    ReadSector,
    SearchHomeAddress,
    SearchId(Relation),
    SearchKey(Relation),
    ReadHomeAddress,
    ReadRecordZero,
    ReadCount,
    Read(Area),
    ReadMultiple,
    ReadIpl,
    WriteHomeAddress,
    WriteRecordZero,
    Write(Format),
    UpdateKeyAndData,
    UpdateData,
    Sense,
    Reserve,
    UnconditionalReserve,
    Release,
    ReadBufferedLog,
    SenseId,
    ReadDeviceCharacteristics,
}

impl Operation {
    /// The operation of a command code and whether it is the multitrack form; `None` if this control unit does not know
    /// the command. The file-scan feature and diagnostic commands are not installed.
    pub(super) fn of(code: u8, unit: ControlUnit) -> Option<(Operation, bool)> {
        use Operation as O;
        let operation = match code & 0x7F {
            0x39 => O::SearchHomeAddress,
            0x31 => O::SearchId(Relation::Equal),
            0x51 => O::SearchId(Relation::High),
            0x71 => O::SearchId(Relation::EqualOrHigh),
            0x29 => O::SearchKey(Relation::Equal),
            0x49 => O::SearchKey(Relation::High),
            0x69 => O::SearchKey(Relation::EqualOrHigh),
            0x1A => O::ReadHomeAddress,
            0x16 => O::ReadRecordZero,
            0x12 => O::ReadCount,
            0x06 => O::Read(Area::Data),
            0x0E => O::Read(Area::Key),
            0x1E => O::Read(Area::Count),
            _ => return Operation::of_single_track(code, unit).map(|operation| (operation, false)),
        };
        Some((operation, code & 0x80 != 0))
    }

    fn of_single_track(code: u8, unit: ControlUnit) -> Option<Operation> {
        use Operation as O;
        let early = unit.is_early();
        let only = |condition: bool, operation: Operation| condition.then_some(operation);
        match code {
            0x03 => Some(O::Nothing),
            0x04 => Some(O::Sense),
            0x07 => Some(O::Seek),
            0x0B => Some(O::SeekCylinder),
            0x1B => Some(O::SeekHead),
            0x13 => Some(O::Recalibrate),
            0x17 => Some(O::Restore),
            0x1F => Some(O::SetFileMask),
            0x0F => only(unit != ControlUnit::U2841, O::SpaceCount),
            0x23 => only(!early, O::SetSector),
            0x22 => only(!early, O::ReadSector),
            0x02 => Some(O::ReadIpl),
            0x5E => only(unit == ControlUnit::U3880, O::ReadMultiple),
            0x19 => Some(O::WriteHomeAddress),
            0x15 => Some(O::WriteRecordZero),
            0x1D => Some(O::Write(Format::Normal)),
            0x01 => only(unit != ControlUnit::U3880, O::Write(Format::Segment)),
            0x11 => Some(O::Write(Format::Erase)),
            0x05 => Some(O::UpdateData),
            0x0D => Some(O::UpdateKeyAndData),
            0xB4 => only(unit != ControlUnit::U2841, O::Reserve),
            0x94 => only(unit != ControlUnit::U2841, O::Release),
            0x14 => only(unit == ControlUnit::U3880, O::UnconditionalReserve),
            0xA4 => only(!early, O::ReadBufferedLog),
            0xE4 => only(unit == ControlUnit::U3880, O::SenseId),
            0x64 => only(unit == ControlUnit::U3880, O::ReadDeviceCharacteristics),
            _ => None,
        }
    }

    /// Whether the sense data of an earlier command outlasts it.
    pub(super) fn keeps_sense(self) -> bool {
        use Operation as O;
        matches!(self, O::Sense | O::Reserve | O::UnconditionalReserve | O::Release | O::Nothing)
    }

    /// Whether it writes on the pack.
    pub(super) fn is_write(self) -> bool {
        use Operation as O;
        matches!(self, O::WriteHomeAddress | O::WriteRecordZero | O::Write(_) | O::UpdateKeyAndData | O::UpdateData)
    }
}

/// A file mask: what a chain may do ("Set File Mask").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct FileMask(pub(super) u8);

impl FileMask {
    /// Whether this write is permitted: bits 0 and 1.
    pub(super) fn permits_write(self, operation: Operation) -> bool {
        let permitted = self.0 >> 6;
        match operation {
            Operation::WriteHomeAddress | Operation::WriteRecordZero => permitted == 0b11,
            Operation::Write(_) => matches!(permitted, 0b00 | 0b11),
            _ => permitted != 0b01,
        }
    }

    /// Whether this seek is permitted: bits 3 and 4.
    pub(super) fn permits_seek(self, operation: Operation) -> bool {
        let permitted = self.0 >> 3 & 3;
        match operation {
            Operation::SeekHead => permitted != 0b11,
            Operation::SeekCylinder => permitted <= 0b01,
            _ => permitted == 0b00,
        }
    }

    /// Whether multitrack operations and overflow records may go on to the next head, and defective tracks to their
    /// alternates.
    pub(super) fn permits_head_switching(self) -> bool {
        self.0 & 0x18 != 0x18
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [ControlUnit; 5] =
        [ControlUnit::U2841, ControlUnit::U2314, ControlUnit::U2835, ControlUnit::U3830, ControlUnit::U3880];

    fn units_with(code: u8) -> Vec<ControlUnit> {
        ALL.into_iter().filter(|&unit| Operation::of(code, unit).is_some()).collect()
    }

    #[test]
    fn commands_that_all_have() {
        let codes = [
            0x02, 0x03, 0x04, 0x05, 0x07, 0x0B, 0x0D, 0x11, 0x13, 0x15, 0x17, 0x19, 0x1B, 0x1D, 0x1F, 0x06, 0x0E, 0x12,
            0x16, 0x1A, 0x1E, 0x29, 0x31, 0x39, 0x49, 0x51, 0x69, 0x71,
        ];
        for code in codes {
            assert_eq!(units_with(code), ALL, "{code:02X}");
        }
    }

    #[test]
    fn commands_that_some_have() {
        use ControlUnit::{U2314, U2835, U3830, U3880};
        assert_eq!(units_with(0x0F), [U2314, U2835, U3830, U3880], "space count");
        assert_eq!(units_with(0x23), [U2835, U3830, U3880], "set sector");
        assert_eq!(units_with(0xA4), [U2835, U3830, U3880], "read and reset buffered log");
        assert_eq!(units_with(0x01), [ControlUnit::U2841, U2314, U2835, U3830], "write special");
        assert_eq!(units_with(0x5E), [U3880], "read multiple");
        assert_eq!(units_with(0xE4), [U3880], "sense ID");
        assert_eq!(units_with(0x14), [U3880], "unconditional reserve");
    }

    #[test]
    fn commands_that_none_has() {
        // Tape's mode sets, define extent and locate record of later control units, file scan, multitrack writes.
        for code in [0xC3, 0x63, 0x47, 0x9D, 0xDE, 0x2D, 0x25, 0x85, 0x9D, 0x82, 0x0C] {
            assert_eq!(units_with(code), [], "{code:02X}");
        }
    }

    #[test]
    fn the_high_order_bit_of_reads_and_searches_is_multitrack() {
        for code in [0x06, 0x0E, 0x12, 0x16, 0x1A, 0x1E, 0x29, 0x31, 0x39, 0x49, 0x51, 0x69, 0x71] {
            let (operation, multitrack) = Operation::of(code, ControlUnit::U3830).expect("a command");
            assert!(!multitrack);
            assert_eq!(Operation::of(code | 0x80, ControlUnit::U3830), Some((operation, true)), "{code:02X}");
        }
    }

    #[test]
    fn masks_permit_writes() {
        use Operation as O;
        let writes = [O::WriteHomeAddress, O::Write(Format::Normal), O::Write(Format::Erase), O::UpdateData];
        let permitted = |mask| writes.map(|write| FileMask(mask).permits_write(write));
        assert_eq!(permitted(0x00), [false, true, true, true]);
        assert_eq!(permitted(0x40), [false; 4]);
        assert_eq!(permitted(0x80), [false, false, false, true]);
        assert_eq!(permitted(0xC0), [true; 4]);
    }

    #[test]
    fn masks_permit_seeks() {
        use Operation as O;
        let permitted = |mask| [O::Seek, O::SeekCylinder, O::SeekHead].map(|seek| FileMask(mask).permits_seek(seek));
        assert_eq!(permitted(0x00), [true; 3]);
        assert_eq!(permitted(0x08), [false, true, true]);
        assert_eq!(permitted(0x10), [false, false, true]);
        assert_eq!(permitted(0x18), [false; 3]);
        assert_eq!(
            [0x00, 0x08, 0x10, 0x18].map(|mask| FileMask(mask).permits_head_switching()),
            [true, true, true, false]
        );
    }
}
