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

/// What the header of an image says of its tracks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Low byte of the device type.
    pub image_id: u8,
    /// Tracks a cylinder.
    pub heads: u32,
    /// Bytes that a track takes in the image.
    pub track_size: u32,
}

impl Shape {
    /// The models that such an image may be of.
    fn models(self) -> impl Iterator<Item = &'static Model> {
        let of_type = move |model: &&Model| model.image_id == self.image_id && model.heads == self.heads;
        let is_as_long = move |model: &Model| model.image_track() == self.track_size;
        let says_it = MODELS.iter().filter(of_type).any(is_as_long);
        MODELS.iter().filter(of_type).filter(move |model| !says_it || is_as_long(model))
    }
}

impl Model {
    /// The model of this name; a name without its model number is the smallest of the type.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Model> {
        MODELS.iter().find(|model| model.name == name).or_else(|| {
            MODELS.iter().find(|model| model.name.split_once('-').is_some_and(|(device, _)| device == name))
        })
    }

    /// The model of an image with this header and number of cylinders. Models of a type whose tracks are not equally long
    /// are told apart by the length of the image's tracks, if it is that of one of them; otherwise it is the smallest that
    /// has as many cylinders, or the largest if none has. [`Model::may_have`] says what is left open.
    #[must_use]
    pub fn of_image(shape: Shape, cylinders: u32) -> Option<&'static Model> {
        let mut candidates: Vec<_> = shape.models().collect();
        candidates.sort_by_key(|model| model.primary);
        candidates.iter().find(|model| model.cylinders() >= cylinders).or(candidates.last()).copied()
    }

    /// Whether an image with this header and number of cylinders may be of this model although [`Model::of_image`] says
    /// another: the pack would have room in it, and is not just as large as any model.
    #[must_use]
    pub fn may_have(&self, shape: Shape, cylinders: u32) -> bool {
        let mut models = shape.models();
        let is_exact = shape.models().any(|model| [model.primary, model.cylinders()].contains(&cylinders));
        !is_exact && cylinders <= self.cylinders() && models.any(|model| model == self)
    }

    /// Alternate tracks of a pack with so many cylinders. Of a 2305 only the first track behind those for data is one: its
    /// other spare tracks have no address, but are wired in by the customer engineer in place of defective ones (GC20-1734,
    /// "The 2305 Fixed Head Storage Module"; IBCDASDI counts one).
    #[must_use]
    pub fn alternate_tracks(&self, cylinders: u32) -> u32 {
        let beyond = cylinders.saturating_sub(self.primary);
        if self.device == 0x2305 { beyond.min(1) } else { beyond * self.heads }
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
    model(("2305-1",  0x2305, 0x05), (48, 1, 8),     (14_568, 14_136, 90)),
    model(("2305-2",  0x2305, 0x05), (96, 1, 8),     (14_858, 14_660, 180)),
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
        let name = |image_id, cylinders, heads| {
            Model::of_image(Shape { image_id, heads, track_size: 13_312 }, cylinders).map(|model| model.name)
        };
        assert_eq!(name(0x30, 404, 19), Some("3330-1"));
        assert_eq!(name(0x30, 411, 19), Some("3330-1"));
        assert_eq!(name(0x30, 412, 19), Some("3330-11"));
        assert_eq!(name(0x30, 5000, 19), Some("3330-11"));
        assert_eq!(name(0x30, 404, 20), None);
    }

    #[test]
    fn images_of_a_2305_say_their_model_by_the_length_of_tracks() {
        let shape = |track_size| Shape { image_id: 0x05, heads: 8, track_size };
        let name = |track_size, cylinders| Model::of_image(shape(track_size), cylinders).map(|model| model.name);
        for cylinders in [1, 48, 49, 96, 97, 200] {
            assert_eq!(name(14_336, cylinders), Some("2305-1"), "{cylinders}");
            assert_eq!(name(14_848, cylinders), Some("2305-2"), "{cylinders}");
        }
        // Somebody else's length says nothing.
        assert_eq!(name(15_000, 49), Some("2305-1"));
        assert_eq!(name(15_000, 50), Some("2305-2"));
    }

    #[test]
    fn what_an_image_leaves_open() {
        let may = |name, track_size, cylinders| {
            let model = Model::named(name).expect("a model");
            model.may_have(Shape { image_id: model.image_id, heads: model.heads, track_size }, cylinders)
        };
        assert!(may("3330-11", 13_312, 20) && may("3330-1", 13_312, 20));
        assert!(!may("3330-11", 13_312, 404) && !may("3330-11", 13_312, 411), "a whole 3330-1");
        assert!(!may("3330-1", 13_312, 500), "too large");
        assert!(may("2305-2", 15_000, 20) && may("2305-1", 15_000, 20));
        assert!(may("2305-2", 14_848, 20) && !may("2305-1", 14_848, 20) && !may("2305-2", 14_336, 20));
    }

    #[test]
    fn a_2305_has_one_alternate_track() {
        let alternates = |name, cylinders| Model::named(name).map(|model| model.alternate_tracks(cylinders));
        assert_eq!([48, 49].map(|cylinders| alternates("2305-1", cylinders)), [Some(0), Some(1)]);
        assert_eq!([96, 97].map(|cylinders| alternates("2305-2", cylinders)), [Some(0), Some(1)]);
        assert_eq!([404, 411].map(|cylinders| alternates("3330-1", cylinders)), [Some(0), Some(133)]);
    }
}
