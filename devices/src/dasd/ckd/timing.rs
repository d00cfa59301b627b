//! How long arms and disks take: in microseconds.

use crate::dasd::geometry::Model;

/// Units of the TOD clock a microsecond.
const TOD_SHIFT: u32 = 12;

/// What moves in a drive.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mechanism {
    /// A rotation.
    rotation: u32,
    /// A seek to the next cylinder, over a third of the cylinders, and over all.
    seek: [u32; 3],
    cylinders: u32,
    track_length: u32,
}

impl Mechanism {
    /// The figures of the component descriptions.
    pub(super) fn of(model: &Model) -> Mechanism {
        let (rotation, seek) = match model.device {
            0x2305 => (10_000, [0, 0, 0]),
            0x2311 => (25_000, [25_000, 75_000, 135_000]),
            0x2314 => (25_000, [25_000, 60_000, 130_000]),
            0x3330 => (16_667, [10_000, 30_000, 55_000]),
            0x3340 => (20_240, [10_000, 25_000, 50_000]),
            0x3350 => (16_667, [10_000, 25_000, 50_000]),
            0x3375 => (20_240, [4_000, 19_000, 38_000]),
            _ => (16_667, [3_000, 16_000, 30_000]),
        };
        Mechanism { rotation, seek, cylinders: model.cylinders(), track_length: model.track_length }
    }

    /// How long the arm takes over this many cylinders.
    pub(super) fn seek(&self, distance: u32) -> u32 {
        let [next, average, most] = self.seek;
        let third = (self.cylinders / 3).max(2);
        let between = |from: u32, to: u32, part: u32, whole: u32| from + (to - from) * part.min(whole) / whole.max(1);
        match distance {
            0 => 0,
            distance if distance <= third => between(next, average, distance - 1, third - 1),
            distance => between(average, most, distance - third, self.cylinders - 1 - third),
        }
    }

    /// How long this many bytes of a track take to pass.
    pub(super) fn pass(&self, bytes: u32) -> u32 {
        (u64::from(bytes) * u64::from(self.rotation) / u64::from(self.track_length)) as u32
    }

    /// How far it is from one place on a track on to another.
    pub(super) fn distance(&self, from: u32, to: u32) -> u32 {
        let length = self.track_length;
        (to % length + length - from % length) % length
    }

    /// What place of a track is under the heads at this time.
    pub(super) fn place(&self, now: u64) -> u32 {
        let angle = (now >> TOD_SHIFT) % u64::from(self.rotation);
        (angle * u64::from(self.track_length) / u64::from(self.rotation)) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mechanism(name: &str) -> Mechanism {
        Mechanism::of(Model::named(name).expect("a model"))
    }

    #[test]
    fn longer_seeks_take_longer_up_to_the_longest() {
        let arm = mechanism("3330");
        assert_eq!(arm.seek(0), 0);
        assert_eq!(arm.seek(1), 10_000);
        assert_eq!(arm.seek(411 / 3), 30_000);
        assert_eq!(arm.seek(410), 55_000);
        assert!((1..411).map(|distance| arm.seek(distance)).is_sorted());
        assert_eq!(mechanism("2305-2").seek(40), 0, "heads that do not move");
        assert_eq!(arm.seek(100_000), 55_000, "an image with more cylinders than the model");
    }

    #[test]
    fn places_turn_past_the_heads() {
        let disk = mechanism("3330");
        let now = |microseconds: u64| microseconds << TOD_SHIFT;
        assert_eq!(disk.place(now(0)), 0);
        assert_eq!(disk.place(now(16_667 * 1_000_000)), 0);
        assert_eq!(disk.place(now(16_667 + 8_333)), 6582);
        assert_eq!(disk.distance(13_000, 165), 330);
        assert_eq!(disk.distance(165, 13_000), 12_835);
        assert_eq!(disk.pass(13_165), 16_667);
    }
}
