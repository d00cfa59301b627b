//! The condition code while the loop runs: one signed number that most instructions have at hand as their result.

/// Condition code 0 is zero, 1 a negative number, 3 the greatest number, 2 any other positive one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LazyCode(pub i64);

/// What stands for condition code 3.
pub const THREE: LazyCode = LazyCode(i64::MAX);

impl LazyCode {
    /// A condition code 0-3.
    #[inline(always)]
    pub const fn of(cc: u8) -> LazyCode {
        const VALUES: &[i64; 4] = &[0, -1, 1, i64::MAX];
        LazyCode(VALUES[(cc & 3) as usize])
    }

    /// Of a signed result without overflow.
    #[inline(always)]
    pub const fn signed(result: u32) -> LazyCode {
        LazyCode(result as i32 as i64)
    }

    /// 0 when zero, else 1: of the result of a logical operation.
    #[inline(always)]
    pub const fn logical(result: u32) -> LazyCode {
        LazyCode(-(result as i64))
    }

    /// Of a comparison without sign.
    #[inline(always)]
    pub const fn compare(a: u32, b: u32) -> LazyCode {
        LazyCode(a as i64 - b as i64)
    }

    /// The condition code.
    #[inline(always)]
    pub const fn code(self) -> u8 {
        match self.0 {
            0 => 0,
            ..0 => 1,
            i64::MAX => 3,
            _ => 2,
        }
    }

    /// Whether a branch with this mask is taken.
    #[inline(always)]
    pub const fn selects(self, mask: u8) -> bool {
        mask & 8 >> self.code() != 0
    }

    /// Whether the code is 2.
    #[inline(always)]
    pub const fn is_two(self) -> bool {
        self.0 > 0 && self.0 != i64::MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_come_back() {
        for cc in 0..4 {
            let code = LazyCode::of(cc);
            assert_eq!(code.code(), cc);
            assert_eq!(code.is_two(), cc == 2);
            assert!(code.selects(8 >> cc) && !code.selects(15 ^ 8 >> cc));
        }
        assert_eq!(LazyCode::signed(0x8000_0000).code(), 1);
        assert_eq!(LazyCode::compare(1, u32::MAX).code(), 1);
        assert_eq!(LazyCode::logical(u32::MAX).code(), 1);
    }
}
