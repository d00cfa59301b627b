//! A small generator of random numbers (SplitMix64): the same seed gives the same numbers, always.

/// A source of random numbers.
#[derive(Clone, Debug)]
pub struct Rng(u64);

impl Rng {
    /// A source that starts from this seed.
    #[must_use]
    pub fn new(seed: u64) -> Rng {
        Rng(seed.wrapping_mul(0x2545_F491_4F6C_DD1D) ^ 0x9E37_79B9_7F4A_7C15)
    }

    /// 64 random bits.
    pub fn u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// 32 random bits.
    pub fn u32(&mut self) -> u32 {
        (self.u64() >> 32) as u32
    }

    /// A number below `bound`, which is not zero.
    pub fn below(&mut self, bound: u32) -> u32 {
        ((u64::from(self.u32()) * u64::from(bound)) >> 32) as u32
    }

    /// True in so many cases of a hundred.
    pub fn chance(&mut self, percent: u32) -> bool {
        self.below(100) < percent
    }

    /// One of a list that is not empty.
    pub fn pick<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len() as u32) as usize]
    }

    /// A word of the kind at which arithmetic goes wrong.
    pub fn word(&mut self) -> u32 {
        match self.below(8) {
            0 => self.pick(&[0, 1, 2, u32::MAX, 0x7FFF_FFFF, 0x8000_0000, 0x8000_0001, 0xFFFF_0000, 0x0000_8000]),
            1 => self.below(300),
            2 => self.below(300).wrapping_neg(),
            3 => 1 << self.below(32),
            4 => (1_u32 << self.below(32)).wrapping_sub(1),
            _ => self.u32(),
        }
    }

    /// A floating-point number of the kind at which arithmetic goes wrong.
    pub fn float(&mut self) -> u64 {
        let characteristic = match self.below(4) {
            0 => self.below(128),
            1 => self.pick(&[0, 1, 126, 127]),
            _ => 60 + self.below(10),
        };
        let fraction = match self.below(5) {
            0 => 0,
            1 => self.u64() >> 8 >> (4 * self.below(15)),
            2 => 0x00FF_FFFF_FFFF_FFFF << (4 * self.below(14)),
            _ => self.u64(),
        };
        u64::from(self.below(2)) << 63 | u64::from(characteristic) << 56 | fraction & 0x00FF_FFFF_FFFF_FFFF
    }
}
