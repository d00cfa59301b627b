//! What can go wrong, and the sense bytes that say so (component descriptions, "Sense Information").

use super::operation::ControlUnit;
use crate::dasd::geometry::Model;

/// Why a command ended with unit check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Check {
    /// No such command.
    InvalidCommand,
    /// The command may not follow what went before it in the chain.
    InvalidSequence,
    /// A control command got fewer bytes than it needs.
    ShortCount,
    /// A control command got bytes that mean nothing.
    InvalidArgument,
    /// A seek got an address that the pack does not have.
    SeekAddress,
    /// There is no pack.
    NotReady,
    /// The file mask forbids the write.
    WriteNotPermitted,
    /// The pack cannot be written.
    WriteInhibited,
    /// The file mask forbids the seek or the switch to the next head.
    FileProtected,
    /// A multitrack operation came to the end of the last track of a cylinder.
    EndOfCylinder,
    /// Two index points passed by.
    NoRecordFound,
    /// A record does not fit on the track.
    TrackOverrun,
    /// The records of a track do not end where they say.
    InvalidTrack,
    /// The track is defective, and no alternate track was used.
    TrackCondition,
    /// An overflow record does not go on where it must: why, and what was being done.
    Overflow(OverflowEnd, u8),
    /// The image cannot be read or written.
    Equipment,
    /// The image is damaged here.
    Data,
}

/// Why an overflow record could not go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OverflowEnd {
    /// At the end of the cylinder.
    Cylinder,
    /// The file mask forbids head switching.
    Mask,
}

/// Byte 0: command reject.
const REJECT: u8 = 0x80;
/// Byte 1 of all.
const END_OF_CYLINDER: u8 = 0x20;
const NO_RECORD_FOUND: u8 = 0x08;
const FILE_PROTECTED: u8 = 0x04;
const OVERFLOW_INCOMPLETE: u8 = 0x01;
/// Track overrun of the early control units, invalid track format of the later ones.
const TRACK_OVERRUN: u8 = 0x40;
/// Byte 1 of the early control units.
const IN_COUNT_FIELD: u8 = 0x80;
const INVALID_SEQUENCE: u8 = 0x10;
/// Byte 1 of the later control units.
const PERMANENT_ERROR: u8 = 0x80;
const WRITE_INHIBITED: u8 = 0x02;

impl Check {
    /// Bytes 0 and 1, and byte 7 of the later control units: format and message.
    fn bytes(self, early: bool) -> (u8, u8, u8) {
        let by_age = |is_early: (u8, u8), is_later: (u8, u8, u8)| {
            if early { (is_early.0, is_early.1, 0) } else { is_later }
        };
        let for_all = |byte0, byte1| (byte0, byte1, 0);
        match self {
            Check::InvalidCommand => by_age((REJECT, 0), (REJECT, 0, 0x01)),
            Check::InvalidSequence => by_age((REJECT, INVALID_SEQUENCE), (REJECT, 0, 0x02)),
            Check::ShortCount => by_age((REJECT, 0), (REJECT, 0, 0x03)),
            Check::InvalidArgument => by_age((REJECT, 0), (REJECT, 0, 0x04)),
            // Byte 0 bit 7: seek check.
            Check::SeekAddress => by_age((REJECT | 0x01, 0), (REJECT, 0, 0x04)),
            Check::NotReady => for_all(0x40, 0),
            Check::WriteNotPermitted => by_age((REJECT, FILE_PROTECTED), (REJECT, 0, 0x02)),
            Check::WriteInhibited => by_age((REJECT, FILE_PROTECTED), (REJECT, WRITE_INHIBITED, 0)),
            Check::FileProtected => for_all(0, FILE_PROTECTED),
            Check::EndOfCylinder => for_all(0, END_OF_CYLINDER),
            Check::NoRecordFound => for_all(0, NO_RECORD_FOUND),
            Check::TrackOverrun => for_all(0, TRACK_OVERRUN),
            Check::InvalidTrack => by_age((0x08, IN_COUNT_FIELD), (0, TRACK_OVERRUN, 0)),
            Check::TrackCondition => for_all(0x02, 0),
            Check::Overflow(OverflowEnd::Cylinder, _) => for_all(0, OVERFLOW_INCOMPLETE | END_OF_CYLINDER),
            Check::Overflow(OverflowEnd::Mask, _) => for_all(0, OVERFLOW_INCOMPLETE | FILE_PROTECTED),
            Check::Equipment => by_age((0x10, 0), (0x10, PERMANENT_ERROR, 0x10)),
            Check::Data => by_age((0x08, 0), (0x08, PERMANENT_ERROR, 0x40)),
        }
    }

    /// The command with which an overflow record is to be taken up again.
    fn restart(self) -> u8 {
        if let Check::Overflow(_, command) = self { command } else { 0 }
    }
}

/// Where a drive is, as sense bytes tell.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// Number of the drive at its control unit.
    pub(super) drive: u8,
    /// Cylinder of the access mechanism.
    pub(super) cylinder: u32,
    /// Head that is selected.
    pub(super) head: u32,
}

/// Sense bytes; the early control units give the first six.
pub(super) type Sense = [u8; 24];

/// The sense bytes that tell of a check.
pub(super) fn sense_bytes(check: Check, model: &Model, place: Place) -> Sense {
    let unit = ControlUnit::of(model);
    let (byte0, byte1, byte7) = check.bytes(unit.is_early());
    let mut sense = [0; 24];
    (sense[0], sense[1]) = (byte0, byte1);
    if unit.is_early() {
        // Byte 3: ready and on line, end of cylinder.
        sense[3] = if check == Check::NotReady { 0 } else { 0xC0 } | if byte1 & END_OF_CYLINDER != 0 { 4 } else { 0 };
        sense[4] = if unit == ControlUnit::U2314 { 0x80 >> (place.drive & 7) } else { 0 };
        sense[5] = check.restart();
        return sense;
    }
    sense[3] = check.restart();
    sense[4] = physical_drive(model, place.drive);
    [sense[5], sense[6]] = physical_address(model, place);
    sense[7] = byte7;
    if check == Check::Data {
        let [_, _, cylinder_high, cylinder_low] = place.cylinder.to_be_bytes();
        let [_, _, head_high, head_low] = place.head.to_be_bytes();
        sense[8..12].copy_from_slice(&[cylinder_high, cylinder_low, head_high, head_low]);
    }
    sense
}

/// What READ AND RESET BUFFERED LOG gives: format 6, with all counters zero.
pub(super) fn usage(model: &Model, place: Place) -> Sense {
    let mut sense = [0; 24];
    sense[4] = physical_drive(model, place.drive);
    [sense[5], sense[6]] = physical_address(model, place);
    sense[7] = 0x60;
    sense
}

/// Byte 4 of the later control units.
fn physical_drive(model: &Model, drive: u8) -> u8 {
    let drive = drive & 0x1F;
    match model.device {
        // The complement of the number, then the number.
        0x3330 => (!drive & 7) << 3 | drive & 7,
        // One bit of eight.
        0x3340 | 0x3350 | 0x2305 => 0x80 >> (drive & 7),
        0x3380 => drive & 0x0F,
        _ => drive,
    }
}

/// Bytes 5 and 6 of the later control units: cylinder and head.
fn physical_address(model: &Model, place: Place) -> [u8; 2] {
    let (cylinder, head) = (place.cylinder, place.head as u8);
    let high = (cylinder >> 8) as u8;
    // Bits 1 and 2 are the cylinder's 256 and 512.
    let high_bits = (high & 1) << 6 | (high & 2) << 4;
    let byte6 = match model.device {
        0x3330 | 0x3350 => high_bits | head & 0x1F,
        0x3340 => high_bits | head & 0x0F,
        _ => high << 4 | head & 0x0F,
    };
    [cylinder as u8, byte6]
}

/// What SENSE ID gives: control unit and its model, device and its model.
pub(super) fn sense_id(model: &Model) -> [u8; 7] {
    let [device_high, device_low] = model.device.to_be_bytes();
    [0xFF, 0x38, 0x80, control_unit_model(model), device_high, device_low, device_model(model)]
}

fn control_unit_model(model: &Model) -> u8 {
    if model.device == 0x3380 { 0x03 } else { 0x01 }
}

fn device_model(model: &Model) -> u8 {
    match model.primary {
        1770 => 0x0A,
        2655 => 0x1E,
        _ => 0x02,
    }
}

/// What READ DEVICE CHARACTERISTICS gives.
pub(super) fn device_characteristics(model: &Model) -> [u8; 64] {
    let is_3380 = model.device == 0x3380;
    let [device_high, device_low] = model.device.to_be_bytes();
    let half = |number: u32| (number as u16).to_be_bytes();
    let [_, length_high, length_middle, length_low] = model.track_length.to_be_bytes();
    let mut bytes = [0; 64];
    bytes[..6].copy_from_slice(&[0x38, 0x80, control_unit_model(model), device_high, device_low, device_model(model)]);
    // Class: direct access, count, key and data; then the type.
    bytes[10..12].copy_from_slice(&[0x20, if is_3380 { 0x0E } else { 0x0C }]);
    bytes[12..14].copy_from_slice(&half(model.primary));
    bytes[14..16].copy_from_slice(&half(model.heads));
    bytes[16] = model.sectors as u8;
    bytes[17..20].copy_from_slice(&[length_high, length_middle, length_low]);
    // Home address and R0, then the capacity formula and its factors.
    bytes[20..22].copy_from_slice(&half(model.first_record(0, 8)));
    let (data, key) = if is_3380 { (492, 236) } else { (384, 160) };
    bytes[22..24].copy_from_slice(&[1, 32]);
    bytes[24..26].copy_from_slice(&half(data));
    bytes[26..28].copy_from_slice(&half(key));
    // The first alternate track, as a track number, and how many there are.
    bytes[28..30].copy_from_slice(&half(model.primary * model.heads));
    bytes[30..32].copy_from_slice(&half(model.alternate * model.heads));
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(name: &str) -> &'static Model {
        Model::named(name).expect("a model")
    }

    fn bytes(check: Check, name: &str) -> Sense {
        sense_bytes(check, model(name), Place { drive: 0, cylinder: 0x123, head: 7 })
    }

    #[test]
    fn early_control_units_have_their_bits() {
        for name in ["2311", "2314"] {
            let bytes01 = |check| {
                let sense = bytes(check, name);
                (sense[0], sense[1])
            };
            assert_eq!(bytes01(Check::InvalidSequence), (0x80, 0x10));
            assert_eq!(bytes01(Check::SeekAddress), (0x81, 0));
            assert_eq!(bytes01(Check::WriteNotPermitted), (0x80, 0x04));
            assert_eq!(bytes01(Check::TrackCondition), (0x02, 0));
            assert_eq!(bytes01(Check::TrackOverrun), (0, 0x40));
            assert_eq!(bytes01(Check::InvalidTrack), (0x08, 0x80));
        }
        assert_eq!(bytes(Check::EndOfCylinder, "2314")[..6], [0, 0x20, 0, 0xC4, 0x80, 0]);
        assert_eq!(bytes(Check::Overflow(OverflowEnd::Cylinder, 0x06), "2314")[..6], [0, 0x21, 0, 0xC4, 0x80, 0x06]);
        assert_eq!(bytes(Check::NotReady, "2311")[..6], [0x40, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn later_control_units_have_a_format_and_a_message() {
        let sense = bytes(Check::InvalidSequence, "3330");
        assert_eq!(sense[..8], [0x80, 0, 0, 0, 0x38, 0x23, 0x47, 0x02]);
        assert_eq!(sense[8..], [0; 16]);
        assert_eq!(bytes(Check::InvalidCommand, "3350")[7], 0x01);
        assert_eq!(bytes(Check::ShortCount, "3350")[7], 0x03);
        assert_eq!(bytes(Check::SeekAddress, "3350")[..2], [0x80, 0]);
        assert_eq!(bytes(Check::SeekAddress, "3350")[7], 0x04);
        assert_eq!(bytes(Check::Overflow(OverflowEnd::Mask, 0x05), "3340")[..4], [0, 0x05, 0, 0x05]);
        assert_eq!(bytes(Check::Data, "3350")[..12], [0x08, 0x80, 0, 0, 0x80, 0x23, 0x47, 0x40, 1, 0x23, 0, 7]);
        assert_eq!(bytes(Check::WriteInhibited, "3350")[..2], [0x80, 0x02]);
    }

    #[test]
    fn drives_and_addresses_are_encoded_by_type() {
        let place = Place { drive: 6, cylinder: 0x2A5, head: 11 };
        let bytes4to6 = |name| {
            let sense = sense_bytes(Check::NoRecordFound, model(name), place);
            [sense[4], sense[5], sense[6]]
        };
        assert_eq!(bytes4to6("3330-11"), [0x0E, 0xA5, 0x2B]);
        assert_eq!(bytes4to6("3340-70"), [0x02, 0xA5, 0x2B]);
        assert_eq!(bytes4to6("3380-A"), [0x06, 0xA5, 0x2B]);
        assert_eq!(sense_bytes(Check::NoRecordFound, model("2314"), place)[4], 0x02);
    }

    #[test]
    fn only_later_types_identify_themselves() {
        assert_eq!(sense_id(model("3380-A")), [0xFF, 0x38, 0x80, 0x03, 0x33, 0x80, 0x02]);
        let bytes = device_characteristics(model("3380-K"));
        assert_eq!(bytes[..6], [0x38, 0x80, 0x03, 0x33, 0x80, 0x1E]);
        assert_eq!(bytes[12..22], [0x0A, 0x5F, 0, 15, 222, 0, 0xBB, 0x60, 0x04, 0xE0]);
        assert_eq!(bytes[22..28], [1, 32, 0x01, 0xEC, 0, 0xEC]);
    }
}
