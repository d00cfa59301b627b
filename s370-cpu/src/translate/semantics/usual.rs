//! The usual cases of sums, products and comparisons of floating-point operands, spelled out; all others are left to functions.
//!
//! As in [`hfp`](crate::hfp), characteristic and fraction stay side by side: a carry out of the fraction counts up the
//! characteristic, and a characteristic that is out of range shows in the place of the sign. Short images are right-aligned.

use crate::translate::algebra::{Algebra, Done, Function, Operation, Order};

/// The parts of an image.
#[derive(Clone, Copy)]
struct Format {
    /// Bits of the fraction.
    fraction: u64,
}

const SHORT: Format = Format { fraction: 24 };
const LONG: Format = Format { fraction: 56 };

impl Format {
    fn sign(self) -> u64 {
        1 << (self.fraction + 7)
    }

    fn characteristic(self) -> u64 {
        0x7F << self.fraction
    }

    fn digits(self) -> u64 {
        (1 << self.fraction) - 1
    }

    fn leading_digit(self) -> u64 {
        0xF << (self.fraction - 4)
    }
}

/// The image of a function's result and its lazy condition code.
pub fn compute<A: Algebra>(a: &mut A, function: Function, x: A::Long, y: A::Long) -> Done<(A::Long, A::Long)> {
    let general = move |a: &mut A| a.function(function, x, y);
    match function {
        Function::AddShort => sum(a, SHORT, x, y, general),
        Function::AddLong => sum(a, LONG, x, y, general),
        Function::SubtractShort | Function::SubtractLong => {
            let format = if function == Function::SubtractShort { SHORT } else { LONG };
            let sign = a.long(format.sign());
            let inverted = a.combine_long(Operation::Xor, y, sign);
            sum(a, format, x, inverted, general)
        }
        Function::MultiplyShort => {
            let (image, is_usual) = product_of_short(a, x, y);
            settle(a, image, is_usual, general)
        }
        Function::MultiplyLong => {
            let (image, is_usual) = product_of_long(a, x, y);
            settle(a, image, is_usual, general)
        }
        Function::HalveShort => {
            let (image, is_usual) = half(a, SHORT, y);
            settle(a, image, is_usual, general)
        }
        Function::HalveLong => {
            let (image, is_usual) = half(a, LONG, y);
            settle(a, image, is_usual, general)
        }
        Function::DivideShort => {
            let is_usual = both_normalized(a, SHORT, x, y);
            let quotient = move |a: &mut A| {
                let (image, in_range) = quotient_of_short(a, x, y);
                settle(a, image, in_range, move |a| a.function(function, x, y))
            };
            a.either(is_usual, true, quotient, general)
        }
        Function::DivideLong | Function::CompareShort | Function::CompareLong => general(a),
    }
}

fn and<A: Algebra>(a: &mut A, x: A::Long, mask: u64) -> A::Long {
    let mask = a.long(mask);
    a.combine_long(Operation::And, x, mask)
}

fn shifted<A: Algebra>(a: &mut A, operation: Operation, x: A::Long, amount: u64) -> A::Long {
    let amount = a.long(amount);
    a.combine_long(operation, x, amount)
}

fn is_zero<A: Algebra>(a: &mut A, x: A::Long) -> A::Truth {
    let zero = a.long(0);
    a.compare_long(Order::Equal, x, zero)
}

fn is_not_zero<A: Algebra>(a: &mut A, x: A::Long) -> A::Truth {
    let zero = a.long(0);
    a.compare_long(Order::NotEqual, x, zero)
}

/// The image if it is the result, else what the general function says.
fn settle<A: Algebra>(
    a: &mut A,
    image: A::Long,
    is_usual: A::Truth,
    general: impl FnOnce(&mut A) -> Done<(A::Long, A::Long)>,
) -> Done<(A::Long, A::Long)> {
    let zero = a.long(0);
    a.either(is_usual, true, |_| Ok((image, zero)), general)
}

/// Whether the leading digits of both fractions are not zero.
fn both_normalized<A: Algebra>(a: &mut A, format: Format, x: A::Long, y: A::Long) -> A::Truth {
    let digit = format.leading_digit();
    let (x, y) = (and(a, x, digit), and(a, y, digit));
    let one = a.long(1);
    let is_low = a.compare_long(Order::Below, x, y);
    let lesser = a.select_long(is_low, x, y);
    a.compare_long(Order::AboveOrEqual, lesser, one)
}

/// The magnitudes of two operands in order, and the sign of the larger one.
struct Ordered<Long> {
    larger: Long,
    smaller: Long,
    sign: Long,
}

fn sum<A: Algebra>(
    a: &mut A,
    format: Format,
    x: A::Long,
    y: A::Long,
    general: impl Fn(&mut A) -> Done<(A::Long, A::Long)> + Copy,
) -> Done<(A::Long, A::Long)> {
    let magnitude = format.sign() - 1;
    let (x_magnitude, y_magnitude) = (and(a, x, magnitude), and(a, y, magnitude));
    let is_first = a.compare_long(Order::AboveOrEqual, x_magnitude, y_magnitude);
    let larger = a.select_long(is_first, x_magnitude, y_magnitude);
    let smaller = a.select_long(is_first, y_magnitude, x_magnitude);
    let signed = a.select_long(is_first, x, y);
    let ordered = Ordered { larger, smaller, sign: and(a, signed, format.sign()) };
    let leading = and(a, larger, format.leading_digit());
    let is_normalized = is_not_zero(a, leading);
    let difference = a.combine_long(Operation::Xor, x, y);
    let difference = and(a, difference, format.sign());
    let like = is_zero(a, difference);
    let aligned = move |a: &mut A| {
        // How many places the smaller fraction is shifted: by more digits than there are leaves zero.
        let (high, low) = (
            shifted(a, Operation::ShiftRight, ordered.larger, format.fraction),
            shifted(a, Operation::ShiftRight, ordered.smaller, format.fraction),
        );
        let digits = a.combine_long(Operation::Subtract, high, low);
        let bits = shifted(a, Operation::ShiftLeft, digits, 2);
        let most = a.long(format.fraction + 7);
        let is_far = a.compare_long(Order::Above, bits, most);
        let places = a.select_long(is_far, most, bits);
        let fraction = and(a, ordered.smaller, format.digits());
        a.either(
            like,
            false,
            |a| like_signs(a, format, &ordered, fraction, places, general),
            |a| unlike_signs(a, format, &ordered, fraction, places, general),
        )
    };
    a.either(is_normalized, true, aligned, general)
}

/// The condition code of a normalized sum: its sign.
fn with_code<A: Algebra>(a: &mut A, format: Format, image: A::Long) -> Done<(A::Long, A::Long)> {
    // Halved, it is not the greatest number; a short image is moved to where the sign is the host's.
    let code = if format.fraction == SHORT.fraction { shifted(a, Operation::ShiftLeft, image, 32) } else { image };
    let code = shifted(a, Operation::ShiftRightSigned, code, 1);
    Ok((image, code))
}

fn like_signs<A: Algebra>(
    a: &mut A,
    format: Format,
    ordered: &Ordered<A::Long>,
    fraction: A::Long,
    places: A::Long,
    general: impl Fn(&mut A) -> Done<(A::Long, A::Long)> + Copy,
) -> Done<(A::Long, A::Long)> {
    let addend = a.combine_long(Operation::ShiftRight, fraction, places);
    let sum = a.combine_long(Operation::Add, ordered.larger, addend);
    let changed = a.combine_long(Operation::Xor, sum, ordered.larger);
    let changed = and(a, changed, format.characteristic() | format.sign());
    let is_plain = is_zero(a, changed);
    let sign = ordered.sign;
    a.either(
        is_plain,
        false,
        |a| {
            let image = a.combine_long(Operation::Or, sum, sign);
            with_code(a, format, image)
        },
        |a| {
            let beyond = and(a, sum, format.sign());
            let in_range = is_zero(a, beyond);
            let carried = move |a: &mut A| {
                let digits = and(a, sum, format.digits());
                let digits = shifted(a, Operation::ShiftRight, digits, 4);
                let one = a.long(1 << (format.fraction - 4));
                let fraction = a.combine_long(Operation::Or, digits, one);
                let characteristic = and(a, sum, format.characteristic());
                let number = a.combine_long(Operation::Or, characteristic, fraction);
                let image = a.combine_long(Operation::Or, number, sign);
                with_code(a, format, image)
            };
            a.either(in_range, true, carried, general)
        },
    )
}

fn unlike_signs<A: Algebra>(
    a: &mut A,
    format: Format,
    ordered: &Ordered<A::Long>,
    fraction: A::Long,
    places: A::Long,
    general: impl Fn(&mut A) -> Done<(A::Long, A::Long)> + Copy,
) -> Done<(A::Long, A::Long)> {
    // The leftmost digits stand leftmost of an image; one guard digit stays.
    let digits = and(a, ordered.larger, format.digits());
    let digits = shifted(a, Operation::ShiftLeft, digits, 8);
    let left = shifted(a, Operation::ShiftLeft, fraction, 8);
    let moved = a.combine_long(Operation::ShiftRight, left, places);
    let subtrahend = and(a, moved, !0xF);
    let difference = a.combine_long(Operation::Subtract, digits, subtrahend);
    let zeros = a.zeros(difference);
    let unused = a.long(64 - (format.fraction + 8));
    let zeros = a.combine_long(Operation::Subtract, zeros, unused);
    let zeros = and(a, zeros, !3);
    let down = shifted(a, Operation::ShiftLeft, zeros, format.fraction - 2);
    let old = and(a, ordered.larger, format.characteristic());
    let characteristic = a.combine_long(Operation::Subtract, old, down);
    let out = and(a, characteristic, format.sign());
    let in_range = is_zero(a, out);
    let sign = ordered.sign;
    let is_some = is_not_zero(a, difference);
    let normalized = move |a: &mut A| {
        let places = and(a, zeros, 63);
        let number = a.combine_long(Operation::ShiftLeft, difference, places);
        let number = shifted(a, Operation::ShiftRight, number, 8);
        let image = a.combine_long(Operation::Or, number, characteristic);
        let image = a.combine_long(Operation::Or, image, sign);
        with_code(a, format, image)
    };
    a.either(is_some, true, move |a| a.either(in_range, true, normalized, general), general)
}

/// The characteristic of a product or quotient, and whether it is in range.
fn ranged<A: Algebra>(a: &mut A, characteristic: A::Long, sign: u64) -> A::Truth {
    let out = and(a, characteristic, sign);
    is_zero(a, out)
}

/// MULTIPLY, short operands and long product.
fn product_of_short<A: Algebra>(a: &mut A, x: A::Long, y: A::Long) -> (A::Long, A::Truth) {
    let (f, g) = (and(a, x, SHORT.digits()), and(a, y, SHORT.digits()));
    let product = a.combine_long(Operation::Multiply, f, g);
    // The leftmost of twelve digits stands leftmost.
    let left = shifted(a, Operation::ShiftLeft, product, 16);
    let zeros = a.zeros(left);
    let zeros = and(a, zeros, 0x3C);
    let (c, d) = (and(a, x, SHORT.characteristic()), and(a, y, SHORT.characteristic()));
    let both = a.combine_long(Operation::Add, c, d);
    let both = shifted(a, Operation::ShiftLeft, both, 32);
    let (lost, bias) = (shifted(a, Operation::ShiftLeft, zeros, 54), a.long(64 << 56));
    let lost = a.combine_long(Operation::Add, lost, bias);
    let characteristic = a.combine_long(Operation::Subtract, both, lost);
    let in_range = ranged(a, characteristic, LONG.sign());
    let number = a.combine_long(Operation::ShiftLeft, left, zeros);
    let number = shifted(a, Operation::ShiftRight, number, 8);
    let signs = a.combine_long(Operation::Xor, x, y);
    let sign = and(a, signs, SHORT.sign());
    let sign = shifted(a, Operation::ShiftLeft, sign, 32);
    let image = a.combine_long(Operation::Or, characteristic, number);
    let image = a.combine_long(Operation::Or, image, sign);
    // A product of zero is zero in any case.
    let zero = a.long(0);
    let is_none = is_zero(a, product);
    let image = a.select_long(is_none, zero, image);
    let (yes, no) = (a.long(1), a.long(0));
    let usual = a.select_long(in_range, yes, no);
    let usual = a.select_long(is_none, yes, usual);
    (image, is_not_zero(a, usual))
}

/// MULTIPLY, long.
fn product_of_long<A: Algebra>(a: &mut A, x: A::Long, y: A::Long) -> (A::Long, A::Truth) {
    let (f, g) = (and(a, x, LONG.digits()), and(a, y, LONG.digits()));
    let (f, g) = (shifted(a, Operation::ShiftLeft, f, 8), shifted(a, Operation::ShiftLeft, g, 4));
    // Fifteen digits of the product.
    let guarded = a.multiply_high(f, g);
    let top = shifted(a, Operation::ShiftRight, guarded, 56);
    let has_zero = is_zero(a, top);
    let (yes, no) = (a.long(1), a.long(0));
    let zeros = a.select_long(has_zero, yes, no);
    let (c, d) = (and(a, x, LONG.characteristic()), and(a, y, LONG.characteristic()));
    let both = a.combine_long(Operation::Add, c, d);
    let (lost, bias) = (shifted(a, Operation::ShiftLeft, zeros, 56), a.long(64 << 56));
    let lost = a.combine_long(Operation::Add, lost, bias);
    let characteristic = a.combine_long(Operation::Subtract, both, lost);
    let in_range = ranged(a, characteristic, LONG.sign());
    let (four, down) = (a.long(4), shifted(a, Operation::ShiftLeft, zeros, 2));
    let places = a.combine_long(Operation::Subtract, four, down);
    let number = a.combine_long(Operation::ShiftRight, guarded, places);
    let signs = a.combine_long(Operation::Xor, x, y);
    let sign = and(a, signs, LONG.sign());
    let image = a.combine_long(Operation::Or, characteristic, number);
    let image = a.combine_long(Operation::Or, image, sign);
    // With two leading zeros or more, digits that are not here would be wanted.
    let top = shifted(a, Operation::ShiftRight, guarded, 52);
    let usual = a.select_long(in_range, top, no);
    (image, is_not_zero(a, usual))
}

/// HALVE. The characteristic must not be zero, from which one could have to be taken.
fn half<A: Algebra>(a: &mut A, format: Format, y: A::Long) -> (A::Long, A::Truth) {
    let (leading, characteristic) = (and(a, y, format.leading_digit()), and(a, y, format.characteristic()));
    let no = a.long(0);
    let has_characteristic = is_not_zero(a, characteristic);
    let usual = a.select_long(has_characteristic, leading, no);
    let is_usual = is_not_zero(a, usual);
    let (rest, fraction) = (and(a, y, format.sign() | format.characteristic()), and(a, y, format.digits()));
    let halved = shifted(a, Operation::ShiftRight, fraction, 1);
    let plain = a.combine_long(Operation::Or, rest, halved);
    // A leading digit of one becomes a zero, and eight or more once it is shifted out.
    let one = a.long(1 << format.fraction);
    let less = a.combine_long(Operation::Subtract, rest, one);
    let left = shifted(a, Operation::ShiftLeft, fraction, 3);
    let moved = a.combine_long(Operation::Or, less, left);
    let top = shifted(a, Operation::ShiftRight, fraction, format.fraction - 3);
    let is_plain = is_not_zero(a, top);
    (a.select_long(is_plain, plain, moved), is_usual)
}

/// DIVIDE, short operands that are normalized.
fn quotient_of_short<A: Algebra>(a: &mut A, x: A::Long, y: A::Long) -> (A::Long, A::Truth) {
    let (numerator, denominator) = (and(a, x, SHORT.digits()), and(a, y, SHORT.digits()));
    // A quotient of one or more has seven digits, the last of which is dropped.
    let (one, zero) = (a.long(1), a.long(0));
    let is_long = a.compare_long(Order::AboveOrEqual, numerator, denominator);
    let integer_digit = a.select_long(is_long, one, zero);
    let left = shifted(a, Operation::ShiftLeft, numerator, 24);
    let (quotient, _) = a.divide(left, denominator);
    let places = shifted(a, Operation::ShiftLeft, integer_digit, 2);
    let fraction = a.combine_long(Operation::ShiftRight, quotient, places);
    let (c, d) = (and(a, x, SHORT.characteristic()), and(a, y, SHORT.characteristic()));
    let difference = a.combine_long(Operation::Subtract, c, d);
    let (up, bias) = (shifted(a, Operation::ShiftLeft, integer_digit, 24), a.long(64 << 24));
    let up = a.combine_long(Operation::Add, up, bias);
    let characteristic = a.combine_long(Operation::Add, difference, up);
    let in_range = ranged(a, characteristic, SHORT.sign());
    let signs = a.combine_long(Operation::Xor, x, y);
    let sign = and(a, signs, SHORT.sign());
    let image = a.combine_long(Operation::Or, characteristic, fraction);
    (a.combine_long(Operation::Or, image, sign), in_range)
}
