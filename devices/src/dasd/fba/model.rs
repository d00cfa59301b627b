//! The models of drives of fixed blocks.

/// A model of drive.
#[derive(Debug, PartialEq, Eq)]
pub struct Model {
    /// As operators write it.
    pub name: &'static str,
    /// Device type.
    pub device: u16,
    /// Type of its control unit.
    pub(super) control_unit: u16,
    /// Model number in the sense ID.
    pub(super) model: u8,
    /// Type in the device characteristics.
    pub(super) unit: u8,
    /// Blocks.
    pub blocks: u32,
    /// Blocks that pass in a turn.
    pub cyclical: u16,
    /// Blocks that are reached without moving the arm.
    pub access: u16,
    /// Microseconds of a turn.
    turn: u32,
    /// Microseconds of the shortest and of the longest motion of the arm.
    seek: (u32, u32),
}

/// The models that there are.
pub const MODELS: &[Model] = &[
    Model {
        name: "3310",
        device: 0x3310,
        control_unit: 0x4331,
        model: 0x01,
        unit: 0x01,
        blocks: 125_664,
        cyclical: 32,
        access: 352,
        turn: 19_100,
        seek: (9_000, 46_000),
    },
    Model {
        name: "3370-1",
        device: 0x3370,
        control_unit: 0x3880,
        model: 0x00,
        unit: 0x02,
        blocks: 558_000,
        cyclical: 62,
        access: 744,
        turn: 20_200,
        seek: (5_000, 40_000),
    },
    Model {
        name: "3370-2",
        device: 0x3370,
        control_unit: 0x3880,
        model: 0x04,
        unit: 0x05,
        blocks: 712_752,
        cyclical: 62,
        access: 744,
        turn: 20_200,
        seek: (5_000, 40_000),
    },
];

impl Model {
    /// The model of this name; a name without its model number is the smallest of the type.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Model> {
        let is_type = |model: &&Model| model.name.split_once('-').is_some_and(|(device, _)| device == name);
        MODELS.iter().find(|model| model.name == name).or_else(|| MODELS.iter().find(is_type))
    }

    /// Microseconds until this block passes after that one.
    pub(super) fn access_time(&self, from: u32, to: u32) -> u32 {
        let (from, to) = (from / u32::from(self.access), to / u32::from(self.access));
        let positions = self.blocks / u32::from(self.access);
        let (shortest, longest) = self.seek;
        let arm = match from.abs_diff(to) {
            0 => 0,
            distance => shortest + (u64::from(longest - shortest) * u64::from(distance) / u64::from(positions)) as u32,
        };
        arm + self.turn / 2
    }
}
