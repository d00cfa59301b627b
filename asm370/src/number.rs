//! Exact conversion of decimal numbers to fixed-point, hexadecimal floating-point and decimal form.

use std::cmp::Ordering;

/// An unsigned integer of any size; limbs of 32 bits, least significant first, without leading zeros.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
struct Natural(Vec<u32>);

impl Natural {
    fn from_u32(n: u32) -> Natural {
        Natural(vec![n]).trimmed()
    }

    fn trimmed(mut self) -> Natural {
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
        self
    }

    fn is_zero(&self) -> bool {
        self.0.is_empty()
    }

    /// `self * factor + addend`.
    fn times_plus(mut self, factor: u32, addend: u32) -> Natural {
        let mut carry = u64::from(addend);
        for limb in &mut self.0 {
            let sum = u64::from(*limb) * u64::from(factor) + carry;
            *limb = sum as u32;
            carry = sum >> 32;
        }
        self.0.push(carry as u32);
        self.trimmed()
    }

    fn power_of_ten(exponent: u32) -> Natural {
        (0..exponent).fold(Natural::from_u32(1), |n, _| n.times_plus(10, 0))
    }

    fn bits(&self) -> i32 {
        self.0.last().map_or(0, |top| self.0.len() as i32 * 32 - top.leading_zeros() as i32)
    }

    fn shifted(&self, by: u32) -> Natural {
        if self.is_zero() {
            return Natural::default();
        }
        let mut limbs = vec![0; by as usize / 32];
        let bit = by % 32;
        let mut carry = 0;
        for &limb in &self.0 {
            let wide = u64::from(limb) << bit | carry;
            limbs.push(wide as u32);
            carry = wide >> 32;
        }
        limbs.push(carry as u32);
        Natural(limbs).trimmed()
    }

    fn compare(&self, other: &Natural) -> Ordering {
        self.0.len().cmp(&other.0.len()).then_with(|| self.0.iter().rev().cmp(other.0.iter().rev()))
    }

    fn plus(&self, other: &Natural) -> Natural {
        let mut limbs = Vec::with_capacity(self.0.len().max(other.0.len()) + 1);
        let mut carry = 0u64;
        for n in 0..self.0.len().max(other.0.len()) {
            let limb = |of: &Natural| u64::from(of.0.get(n).copied().unwrap_or(0));
            let sum = limb(self) + limb(other) + carry;
            limbs.push(sum as u32);
            carry = sum >> 32;
        }
        limbs.push(carry as u32);
        Natural(limbs).trimmed()
    }

    /// `self - other`, which must not be negative.
    fn minus(&self, other: &Natural) -> Natural {
        let mut borrow = 0i64;
        let limbs = self.0.iter().enumerate().map(|(n, &limb)| {
            let difference = i64::from(limb) - i64::from(other.0.get(n).copied().unwrap_or(0)) - borrow;
            borrow = i64::from(difference < 0);
            difference as u32
        });
        Natural(limbs.collect()).trimmed()
    }

    /// The integer part of `self / divisor` by long division.
    fn quotient(&self, divisor: &Natural) -> Natural {
        let steps = (self.bits() - divisor.bits()).max(-1) + 1;
        let mut rest = self.clone();
        let mut quotient = Natural(vec![0; steps as usize / 32 + 1]);
        for step in (0..steps).rev() {
            let part = divisor.shifted(step as u32);
            if rest.compare(&part) != Ordering::Less {
                rest = rest.minus(&part);
                quotient.0[step as usize / 32] |= 1 << (step % 32);
            }
        }
        quotient.trimmed()
    }

    fn to_u128(&self) -> Option<u128> {
        if self.0.len() > 4 {
            return None;
        }
        Some(self.0.iter().rev().fold(0, |n, &limb| n << 32 | u128::from(limb)))
    }
}

/// A decimal number as written: sign, digits, scale by a power of ten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Decimal {
    pub negative: bool,
    /// The digits, without sign and point.
    pub digits: String,
    /// Digits behind the point.
    pub fraction: u32,
    /// The number written behind `E`.
    pub exponent: i32,
}

/// The largest power of ten worth considering: far beyond the range of any constant type.
const EXPONENT_LIMIT: i32 = 200;

impl Decimal {
    /// Reads `[+-]digits[.digits][E[+-]digits]`.
    pub fn parse(text: &str) -> Result<Decimal, String> {
        let wrong = || format!("{text:?} is not a decimal number");
        let (negative, rest) = match text.as_bytes().first() {
            Some(b'-') => (true, &text[1..]),
            Some(b'+') => (false, &text[1..]),
            _ => (false, text),
        };
        let (mantissa, exponent) = match rest.split_once('E') {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().map_err(|_| wrong())?),
            None => (rest, 0),
        };
        let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = format!("{whole}{part}");
        if digits.is_empty() || !digits.bytes().all(|c| c.is_ascii_digit()) {
            return Err(wrong());
        }
        if exponent.abs() > EXPONENT_LIMIT || digits.len() > 1000 {
            return Err(format!("{text:?} is outside the range of any constant"));
        }
        Ok(Decimal { negative, digits, fraction: part.len() as u32, exponent })
    }

    /// Numerator and denominator of the magnitude times 10 to the power `exponent`.
    fn ratio(&self, exponent: i32) -> (Natural, Natural) {
        let numerator =
            self.digits.bytes().fold(Natural::default(), |n, digit| n.times_plus(10, u32::from(digit - b'0')));
        let power = self.exponent + exponent - self.fraction as i32;
        let ten = Natural::power_of_ten(power.unsigned_abs());
        if power < 0 {
            (numerator, ten)
        } else {
            let product = ten.0.iter().enumerate().fold(Natural::default(), |sum, (n, &limb)| {
                sum.plus(&numerator.clone().times_plus(limb, 0).shifted(n as u32 * 32))
            });
            (product, Natural::from_u32(1))
        }
    }

    /// The number times 10^`exponent` times 2^`scale`, rounded to the nearest integer (halves away from zero), as a
    /// two's-complement field of `bits` bits. `None` when it does not fit.
    pub fn fixed(&self, exponent: i32, scale: i32, bits: u32) -> Option<u64> {
        let (numerator, denominator) = self.ratio(exponent);
        let magnitude = rounded(&numerator, &denominator, scale).to_u128()?;
        let limit = 1u128 << (bits - 1);
        if self.negative {
            (magnitude <= limit).then(|| (magnitude as u64).wrapping_neg() & mask(bits))
        } else {
            (magnitude < limit).then_some(magnitude as u64)
        }
    }

    /// The number times 10^`exponent` as hexadecimal floating point in `bits` bits: correctly rounded, halves away
    /// from zero, and shifted right by `scale` hexadecimal digits. `None` when the characteristic does not fit.
    ///
    /// With more than 64 bits the result has the two halves of the extended format.
    pub fn floating(&self, exponent: i32, scale: u32, bits: u32) -> Option<u128> {
        let (numerator, denominator) = self.ratio(exponent);
        if numerator.is_zero() {
            return Some(0);
        }
        let fraction_bits = (bits - if bits > 64 { 16 } else { 8 }) as i32;
        let mut power = (numerator.bits() - denominator.bits() - 1).div_euclid(4) - 1;
        while !less_than_power_of_16(&numerator, &denominator, power) {
            power += 1;
        }
        let wanted = fraction_bits - 4 * scale as i32;
        let mut fraction = rounded(&numerator, &denominator, wanted - 4 * power).to_u128()?;
        if scale == 0 && wanted < 128 && fraction >> wanted != 0 {
            fraction >>= 4;
            power += 1;
        }
        let characteristic = u128::try_from(power + scale as i32 + 64).ok().filter(|&c| c < 128)?;
        let sign = u128::from(self.negative);
        if bits <= 64 {
            return Some(sign << (bits - 1) | characteristic << (bits - 8) | fraction);
        }
        let low_bits = bits - 64;
        let high = sign << 63 | characteristic << 56 | fraction >> (low_bits - 8);
        let low_characteristic = (characteristic + 128 - 14) & 127;
        let low_fraction = fraction & ((1 << (low_bits - 8)) - 1);
        Some(high << low_bits | sign << (low_bits - 1) | low_characteristic << (low_bits - 8) | low_fraction)
    }
}

/// A field of ones.
fn mask(bits: u32) -> u64 {
    if bits >= 64 { u64::MAX } else { (1 << bits) - 1 }
}

/// `numerator * 2^scale / denominator`, rounded to the nearest integer, halves up.
fn rounded(numerator: &Natural, denominator: &Natural, scale: i32) -> Natural {
    let (up, down) = (scale.max(0) as u32, (-scale).max(0) as u32);
    let twice = numerator.shifted(up + 1);
    let denominator = denominator.shifted(down);
    twice.plus(&denominator).quotient(&denominator.shifted(1))
}

/// Whether `numerator / denominator < 16^power`.
fn less_than_power_of_16(numerator: &Natural, denominator: &Natural, power: i32) -> bool {
    let (up, down) = ((-4 * power).max(0) as u32, (4 * power).max(0) as u32);
    numerator.shifted(up).compare(&denominator.shifted(down)) == Ordering::Less
}

/// Packed decimal digits with their sign, `bytes` long or as long as needed.
pub(crate) fn packed(decimal: &Decimal, bytes: Option<u32>) -> Vec<u8> {
    let mut nibbles: Vec<u8> = decimal.digits.bytes().map(|c| c - b'0').collect();
    nibbles.push(if decimal.negative { 13 } else { 12 });
    let wanted = bytes.map_or(nibbles.len().next_multiple_of(2), |n| n as usize * 2);
    let nibbles = fitted(&nibbles, wanted, 0);
    nibbles.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

/// Zoned decimal digits with their sign, `bytes` long or as long as needed.
pub(crate) fn zoned(decimal: &Decimal, bytes: Option<u32>) -> Vec<u8> {
    let mut zones: Vec<u8> = decimal.digits.bytes().map(|c| c - b'0' + 0xF0).collect();
    if let Some(last) = zones.last_mut() {
        *last = *last & 15 | if decimal.negative { 0xD0 } else { 0xC0 };
    }
    let wanted = bytes.map_or(zones.len(), |n| n as usize);
    fitted(&zones, wanted, 0xF0)
}

/// The rightmost `wanted` elements, padded on the left.
fn fitted(elements: &[u8], wanted: usize, pad: u8) -> Vec<u8> {
    let mut result = vec![pad; wanted.saturating_sub(elements.len())];
    result.extend_from_slice(&elements[elements.len().saturating_sub(wanted)..]);
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hfp(text: &str, bits: u32) -> u128 {
        Decimal::parse(text).unwrap().floating(0, 0, bits).unwrap()
    }

    #[test]
    fn short_and_long_floating_point() {
        assert_eq!(hfp("1", 32), 0x4110_0000);
        assert_eq!(hfp("-1", 32), 0xC110_0000);
        assert_eq!(hfp("0.1", 32), 0x4019_999A);
        assert_eq!(hfp("0.1", 64), 0x4019_9999_9999_999A);
        assert_eq!(hfp("3.1415926535897932", 64), 0x4132_43F6_A888_5A30);
        assert_eq!(hfp("1E75", 32) >> 24, 0x7F);
        assert_eq!(hfp("7.2370051E75", 32), 0x7FFF_FFFF, "the largest short number");
        assert_eq!(hfp("5.397605346934028E-79", 64), 0x0010_0000_0000_0000, "the smallest normalized number");
        assert_eq!(hfp("16777215.75", 32), 0x4710_0000, "rounding carries into the next hexadecimal digit");
    }

    #[test]
    fn extended_floating_point_has_two_halves() {
        assert_eq!(hfp("1", 128), 0x4110_0000_0000_0000_3300_0000_0000_0000);
        assert_eq!(hfp("0.1", 128), 0x4019_9999_9999_9999_3299_9999_9999_999A);
        assert_eq!(hfp("-0.1", 128), 0xC019_9999_9999_9999_B299_9999_9999_999A);
    }

    #[test]
    fn scaled_floating_point_is_unnormalized() {
        assert_eq!(Decimal::parse("46.415").unwrap().floating(0, 2, 32), Some(0x4400_2E6A));
    }

    #[test]
    fn fixed_point_rounds_and_scales() {
        let fixed = |text: &str, exponent, scale, bits| Decimal::parse(text).unwrap().fixed(exponent, scale, bits);
        assert_eq!(fixed("4096", 0, 0, 32), Some(4096));
        assert_eq!(fixed("-1", 0, 0, 32), Some(0xFFFF_FFFF));
        assert_eq!(fixed("3.50", 0, 0, 32), Some(4));
        assert_eq!(fixed("-2.5", 0, 0, 16), Some(0xFFFD));
        assert_eq!(fixed("25.46", 0, 6, 16), Some(1629));
        assert_eq!(fixed("1", 3, 0, 16), Some(1000));
        assert_eq!(fixed("32768", 0, 0, 16), None);
        assert_eq!(fixed("-32768", 0, 0, 16), Some(0x8000));
        assert_eq!(fixed("-9223372036854775808", 0, 0, 64), Some(1 << 63));
    }

    #[test]
    fn decimal_fields() {
        let number = |text: &str| Decimal::parse(text).unwrap();
        assert_eq!(packed(&number("+1.25"), None), [0x12, 0x5C]);
        assert_eq!(packed(&number("-543"), Some(3)), [0x00, 0x54, 0x3D]);
        assert_eq!(packed(&number("12345"), Some(2)), [0x34, 0x5C]);
        assert_eq!(zoned(&number("-543"), Some(4)), [0xF0, 0xF5, 0xF4, 0xD3]);
    }

    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: 2000, rng_seed: RngSeed::Fixed(0x375), failure_persistence: None, ..ProptestConfig::default()
        })]

        /// A long floating-point constant is as near to the decimal number as the format allows.
        #[test]
        fn floating_point_is_rounded_once(digits in 1..1_000_000_000u32, places in 0..10u32) {
            let text = format!("{digits}E-{places}");
            let bits = hfp(&text, 64);
            let power = (bits >> 56) as i32 - 64;
            let fraction = bits & ((1 << 56) - 1);
            prop_assert!(fraction >> 52 != 0, "normalized");
            // |fraction * 16^(power-14) - digits / 10^places| is at most half of 16^(power-14).
            let ten = 10u128.pow(places);
            let exact = u128::from(digits) << (4 * (14 - power));
            prop_assert!((fraction * ten).abs_diff(exact) * 2 <= ten);
        }

        /// Fixed-point constants likewise.
        #[test]
        fn fixed_point_is_rounded_once(digits in 0..1_000_000_000u32, places in 0..10u32, scale in 0..20i32, negative: bool) {
            let text = format!("{}{digits}E-{places}", if negative { "-" } else { "" });
            let field = Decimal::parse(&text).unwrap().fixed(0, scale, 64).unwrap() as i64;
            let ten = 10u128.pow(places);
            let exact = u128::from(digits) << scale;
            prop_assert!((u128::from(field.unsigned_abs()) * ten).abs_diff(exact) * 2 <= ten);
            prop_assert!(field == 0 || (field < 0) == negative);
        }
    }
}
