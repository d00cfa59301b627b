//! Arithmetic on all binary-coded digits of a word at once.
//!
//! A word holds one digit in each four bits. Nothing here loops over digits, and nothing here knows of signs, lengths or
//! exceptions except [`packed_faults`] and [`is_minus`], which look at a whole packed field.

/// The leftmost bit of each four.
const LEFTMOST_BITS: u64 = 0x8888_8888_8888_8888;

/// What one unit of a chunk counts in the next: a word of 16 digits is two chunks of eight.
pub(super) const CHUNK: u64 = 100_000_000;

/// What one unit of a 64-bit word of digits counts in the next.
pub(super) const WORD: u64 = CHUNK * CHUNK;

/// The leftmost bit of each four that hold 10 or more: 8 is set and so is 4 or 2.
#[inline]
const fn above_nine(word: u64) -> u64 {
    word & (word << 1 | word << 2) & LEFTMOST_BITS
}

/// Zero when the rightmost four bits of the field are a valid sign and all others are valid digits.
#[inline]
pub(super) const fn packed_faults(field: u128) -> u64 {
    packed_faults_64(field as u64) | above_nine((field >> 64) as u64)
}

/// [`packed_faults`] for a field of at most 8 bytes.
#[inline]
pub(super) const fn packed_faults_64(field: u64) -> u64 {
    // The sign codes are just the codes that no digit has, so the one test finds both.
    above_nine(field) ^ 8
}

/// Whether the sign code of a field is B or D.
#[inline]
pub(super) const fn is_minus(field: u64) -> bool {
    (1_u32 << 0xB | 1 << 0xD) >> (field & 0xF) & 1 != 0
}

/// Defines addition and subtraction of the digits of words of one width.
macro_rules! digit_arithmetic {
    ($word:ty, $combine:ident, $sixes:literal, $carries:literal) => {
        /// The digits of `larger` plus or less those of `smaller`; the leftmost digit of each is zero.
        #[inline]
        pub(super) const fn $combine(larger: $word, smaller: $word, subtract: bool) -> $word {
            // In binary, each four bits have to carry at ten. To add, six more is put in for that; to subtract, the
            // complement is added, and a digit that borrows is six too high. Either way six has to go again where no
            // carry came out, and no branch depends on the signs. Addends exclusive-or sum is the carry into each bit.
            let complement = (subtract as $word).wrapping_neg();
            let biased = larger + ($sixes & !complement);
            let addend = smaller ^ complement;
            let total = biased.wrapping_add(addend).wrapping_add(subtract as $word);
            let no_carry = !(biased ^ addend ^ total) & $carries;
            total - (no_carry >> 2 | no_carry >> 3)
        }
    };
}

digit_arithmetic!(u64, combine_64, 0x0666_6666_6666_6666, 0x1111_1111_1111_1110);
digit_arithmetic!(
    u128,
    combine_128,
    0x0666_6666_6666_6666_6666_6666_6666_6666,
    0x1111_1111_1111_1111_1111_1111_1111_1110
);

/// The binary values of the left and the right eight digits of a word.
#[inline]
pub(super) const fn to_chunks(digits: u64) -> (u64, u64) {
    // Neighbours are merged: digits into values below 100 in each byte, those into values below 10,000 in each halfword,
    // those into the two values. Where the left one counts 16 (256, 65,536), it should count 10 (100, 10,000).
    let bytes = digits - 6 * (digits >> 4 & 0x0F0F_0F0F_0F0F_0F0F);
    let halfwords = bytes - (256 - 100) * (bytes >> 8 & 0x00FF_00FF_00FF_00FF);
    let words = halfwords - (65_536 - 10_000) * (halfwords >> 16 & 0x0000_FFFF_0000_FFFF);
    (words >> 32, words & 0xFFFF_FFFF)
}

/// The binary value of the 16 digits of a word.
#[inline]
pub(super) const fn to_binary(digits: u64) -> u64 {
    let (left, right) = to_chunks(digits);
    left * CHUNK + right
}

/// The 16 digits of two values below [`CHUNK`]; the inverse of [`to_chunks`].
#[inline]
pub(super) const fn from_chunks(left: u64, right: u64) -> u64 {
    let words = left << 32 | right;
    let ten_thousands = ((left / 10_000) << 32) | (right / 10_000);
    from_halfwords(words + (65_536 - 10_000) * ten_thousands)
}

/// The 16 digits of a value below [`WORD`].
#[inline]
pub(super) const fn from_binary(value: u64) -> u64 {
    // The three divisions do not wait for each other. Each unit of a quotient that counted 10,000 of what is right of it
    // moves to the next halfword, where it counts 65,536.
    let (ones, twos, threes) = (value / 10_000, value / CHUNK, value / (CHUNK * 10_000));
    from_halfwords(value + (65_536 - 10_000) * (ones + (twos << 16) + (threes << 32)))
}

/// The 16 digits of values below 10,000 in each halfword.
#[inline]
const fn from_halfwords(halfwords: u64) -> u64 {
    // The merging of `to_chunks` backwards. A product needs more room than the part it is taken of has, so even and odd
    // parts are divided apart, by multiplication: x × 5,243 ÷ 2^19 is x ÷ 100 up to 43,698, and x × 103 ÷ 2^10 is x ÷ 10
    // up to 178.
    let even = halfwords & 0x0000_FFFF_0000_FFFF;
    let odd = halfwords >> 16 & 0x0000_FFFF_0000_FFFF;
    let even = ((even * 5_243) >> 19) & 0x0000_007F_0000_007F;
    let odd = ((odd * 5_243) >> 19) & 0x0000_007F_0000_007F;
    let bytes = halfwords + (256 - 100) * (odd << 16 | even);
    let even = bytes & 0x00FF_00FF_00FF_00FF;
    let odd = bytes >> 8 & 0x00FF_00FF_00FF_00FF;
    let even = ((even * 103) >> 10) & 0x000F_000F_000F_000F;
    let odd = ((odd * 103) >> 10) & 0x000F_000F_000F_000F;
    bytes + 6 * (odd << 8 | even)
}
