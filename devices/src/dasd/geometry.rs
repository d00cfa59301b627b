//! The kinds of packs of count, key and data tracks.

/// A model of a direct-access storage device.
#[derive(Debug, PartialEq, Eq)]
pub struct Model {
    /// As operators write it.
    pub name: &'static str,
    /// Device type: X'3330'.
    pub device: u16,
    /// Low byte of the device type in an image's header.
    pub image_id: u8,
    /// Cylinders for data.
    pub primary: u32,
    /// Cylinders of alternate tracks, after the others.
    pub alternate: u32,
    /// Tracks a cylinder.
    pub heads: u32,
    /// Bytes on a track, as the capacity formula counts.
    pub track_length: u32,
    /// The longest record R1 without a key.
    pub longest: u32,
    /// Sectors a track; 0 without rotational position sensing.
    pub sectors: u32,
}

impl Model {
    /// The model of this name; a name without its model number is the smallest of the type.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Model> {
        MODELS.iter().find(|model| model.name == name).or_else(|| {
            MODELS.iter().find(|model| model.name.split_once('-').is_some_and(|(device, _)| device == name))
        })
    }

    /// The model of an image with this type byte, number of cylinders and heads a cylinder: the smallest of the type that
    /// has as many cylinders, or the largest if none has.
    #[must_use]
    pub fn of_image(image_id: u8, cylinders: u32, heads: u32) -> Option<&'static Model> {
        let mut candidates: Vec<_> =
            MODELS.iter().filter(|model| model.image_id == image_id && model.heads == heads).collect();
        candidates.sort_by_key(|model| model.primary);
        candidates.iter().find(|model| model.primary + model.alternate >= cylinders).or(candidates.last()).copied()
    }

    /// All cylinders.
    #[must_use]
    pub const fn cylinders(&self) -> u32 {
        self.primary + self.alternate
    }

    /// Bytes that a track takes in an image: home address, R0, R1 and the end mark, rounded up to 512.
    #[must_use]
    pub const fn image_track(&self) -> u32 {
        (5 + 16 + 8 + self.longest + 8).next_multiple_of(512)
    }
}

const fn model(
    (name, device, image_id): (&'static str, u16, u8),
    (primary, alternate, heads): (u32, u32, u32),
    (track_length, longest, sectors): (u32, u32, u32),
) -> Model {
    Model { name, device, image_id, primary, alternate, heads, track_length, longest, sectors }
}

/// All models, the smallest of a type first.
#[rustfmt::skip]
pub static MODELS: &[Model] = &[
    //      name      type    id    data alt heads   track longest sectors
    model(("2305-1",  0x2305, 0x05), (48, 0, 8),     (14_568, 14_136, 90)),
    model(("2305-2",  0x2305, 0x05), (96, 0, 8),     (14_858, 14_660, 180)),
    model(("2311",    0x2311, 0x11), (200, 3, 10),   (3_625, 3_625, 0)),
    model(("2314",    0x2314, 0x14), (200, 3, 20),   (7_294, 7_294, 0)),
    model(("3330-1",  0x3330, 0x30), (404, 7, 19),   (13_165, 13_030, 128)),
    model(("3330-11", 0x3330, 0x30), (808, 7, 19),   (13_165, 13_030, 128)),
    model(("3340-35", 0x3340, 0x40), (348, 1, 12),   (8_535, 8_368, 64)),
    model(("3340-70", 0x3340, 0x40), (696, 2, 12),   (8_535, 8_368, 64)),
    model(("3350",    0x3350, 0x50), (555, 5, 30),   (19_254, 19_069, 128)),
    model(("3375",    0x3375, 0x75), (959, 3, 12),   (36_000, 35_616, 196)),
    model(("3380-A",  0x3380, 0x80), (885, 1, 15),   (47_968, 47_476, 222)),
    model(("3380-E",  0x3380, 0x80), (1770, 2, 15),  (47_968, 47_476, 222)),
    model(("3380-K",  0x3380, 0x80), (2655, 3, 15),  (47_968, 47_476, 222)),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn image_tracks_are_as_long_as_other_emulators_make_them() {
        let track = |name| Model::named(name).map(Model::image_track);
        let expected = [("2311", 4096), ("2314", 7680), ("3330", 13_312), ("3340", 8704), ("3350", 19_456)];
        for (name, bytes) in expected.into_iter().chain([("3375", 35_840), ("3380", 47_616)]) {
            assert_eq!(track(name), Some(bytes), "{name}");
        }
    }

    #[test]
    fn images_are_of_the_smallest_model_that_holds_them() {
        let name = |id, cylinders, heads| Model::of_image(id, cylinders, heads).map(|model| model.name);
        assert_eq!(name(0x30, 404, 19), Some("3330-1"));
        assert_eq!(name(0x30, 411, 19), Some("3330-1"));
        assert_eq!(name(0x30, 412, 19), Some("3330-11"));
        assert_eq!(name(0x30, 5000, 19), Some("3330-11"));
        assert_eq!(name(0x30, 404, 20), None);
    }
}
