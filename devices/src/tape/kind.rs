//! The kinds of tape units, with their control units.

/// How densely a track is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Density {
    /// 800 bytes an inch, non-return-to-zero.
    Nrzi800,
    /// 1600 bytes an inch, phase encoding.
    Pe1600,
    /// 6250 bytes an inch, group-coded recording.
    Gcr6250,
}

impl Density {
    /// Bytes an inch.
    #[must_use]
    pub const fn bytes_an_inch(self) -> u64 {
        match self {
            Density::Nrzi800 => 800,
            Density::Pe1600 => 1600,
            Density::Gcr6250 => 6250,
        }
    }

    /// Thousandths of an inch between two blocks.
    const fn gap(self) -> u64 {
        match self {
            Density::Nrzi800 | Density::Pe1600 => 600,
            Density::Gcr6250 => 300,
        }
    }
}

/// A kind of tape unit.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    /// As operators write it.
    pub name: &'static str,
    /// Other types that it stands for.
    pub also: &'static [&'static str],
    /// Bytes of sense data.
    pub sense: usize,
    /// What it can write; the first is written if no mode set asks for another.
    pub densities: &'static [Density],
    /// Inches a second.
    pub speed: u64,
    /// Inches a second when it rewinds.
    pub rewind_speed: u64,
    /// Whether its control unit is of the 3803 family: data security erase, loop write to read, set diagnose, the
    /// sense bytes of the 3420.
    pub is_new: bool,
    /// Sense byte 6: what the unit is.
    pub(super) model: u8,
}

/// The kinds that there are.
pub const KINDS: &[Kind] = &[
    Kind {
        name: "2400",
        also: &["2401", "2402", "2403", "2404", "2415", "2420"],
        sense: 6,
        densities: &[Density::Pe1600, Density::Nrzi800],
        speed: 112,
        rewind_speed: 480,
        is_new: false,
        model: 0,
    },
    Kind {
        name: "3410",
        also: &["3411"],
        sense: 9,
        densities: &[Density::Pe1600, Density::Nrzi800],
        speed: 50,
        rewind_speed: 144,
        is_new: true,
        model: 0x20,
    },
    Kind {
        name: "3420",
        also: &[],
        sense: 24,
        densities: &[Density::Gcr6250, Density::Pe1600],
        speed: 200,
        rewind_speed: 640,
        is_new: true,
        // Dual density, and a model 8.
        model: 0x20 | 0x08 | 0x03,
    },
];

impl Kind {
    /// The kind of this type.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Kind> {
        KINDS.iter().find(|kind| kind.name == name || kind.also.contains(&name))
    }

    /// Microseconds that these bytes take to pass.
    pub(super) fn data_time(&self, density: Density, bytes: u64) -> u32 {
        microseconds(bytes.saturating_mul(1_000_000) / (density.bytes_an_inch() * self.speed))
    }

    /// Microseconds that the gap before a block takes to pass.
    pub(super) fn gap_time(&self, density: Density) -> u32 {
        microseconds(density.gap() * 1000 / self.speed)
    }

    /// Microseconds to rewind over these bytes; gaps are as long again.
    pub(super) fn rewind_time(&self, density: Density, bytes: u64) -> u32 {
        microseconds(bytes.saturating_mul(2_000_000) / (density.bytes_an_inch() * self.rewind_speed))
    }
}

/// As many microseconds as fit; no reel is longer than a few minutes.
fn microseconds(time: u64) -> u32 {
    u32::try_from(time).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_the_motor() {
        let kind = Kind::named("3420").unwrap();
        // 1250 bytes a millisecond, gaps of 0.3 inches.
        assert_eq!(kind.data_time(Density::Gcr6250, 12_500), 10_000);
        assert_eq!(kind.gap_time(Density::Gcr6250), 1500);
        assert_eq!(kind.gap_time(Density::Pe1600), 3000);
        // Half a reel of 2400 feet is data: 45 seconds.
        assert_eq!(kind.rewind_time(Density::Gcr6250, 14_400 * 6250), 45_000_000);
        assert_eq!(kind.rewind_time(Density::Gcr6250, u64::MAX), u32::MAX);
        assert_eq!(Kind::named("2401").map(|kind| kind.name), Some("2400"));
        assert_eq!(Kind::named("3330"), None);
    }
}
