//! The rules of GA22-7000-10, chapter 9, followed to the letter: fractions are lists of hexadecimal digits, shifted,
//! added, multiplied and divided one digit at a time, as one would on paper. It shares nothing with the crate: masks
//! are plain booleans, exceptions are interruption codes.

/// What an operation delivers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// The short result, the long one, or the high-order part of the extended one.
    pub high: u64,
    /// The low-order part of an extended result, else zero.
    pub low: u64,
    /// The condition code, where one is set.
    pub cc: Option<u8>,
    /// The program-interruption code, where an interruption is to be taken.
    pub code: Option<u16>,
}

/// The lengths of fractions, in digits.
pub const SHORT: usize = 6;
pub const LONG: usize = 14;
pub const EXTENDED: usize = 28;

/// PSW mask bits: exponent underflow, significance.
#[derive(Clone, Copy, Debug)]
pub struct Masks {
    pub underflow: bool,
    pub significance: bool,
}

/// A number taken apart. The characteristic may leave 0-127 on the way to a result.
#[derive(Clone, Debug)]
struct Number {
    negative: bool,
    characteristic: i32,
    digits: Vec<u8>,
}

impl Number {
    fn parse(length: usize, high: u64, low: u64) -> Self {
        let text = match length {
            SHORT => format!("{high:08x}"),
            LONG => format!("{high:016x}"),
            // Sign and characteristic of the low-order part are ignored.
            _ => format!("{high:016x}{}", &format!("{low:016x}")[2..]),
        };
        let nibbles: Vec<u8> = text.chars().map(|c| c.to_digit(16).expect("formatted as hexadecimal") as u8).collect();
        assert_eq!(nibbles.len(), length + 2);
        let first_byte = nibbles[0] * 16 + nibbles[1];
        Self { negative: first_byte >= 128, characteristic: i32::from(first_byte % 128), digits: nibbles[2..].to_vec() }
    }

    fn is_zero(&self) -> bool {
        is_zero(&self.digits)
    }

    /// One digit to the left, as often as the leftmost digit is zero.
    fn normalize(&mut self) {
        assert!(!self.is_zero(), "a zero fraction cannot be normalized");
        while self.digits[0] == 0 {
            self.digits.remove(0);
            self.digits.push(0);
            self.characteristic -= 1;
        }
    }

    fn normalized(mut self) -> Self {
        self.normalize();
        self
    }

    /// The final result: `length` digits; the characteristic is checked.
    fn finish(mut self, length: usize, masks: Masks) -> Seen {
        assert!(!self.is_zero());
        self.digits.resize(length, 0);
        let mut low_characteristic = self.characteristic - 14;
        let mut code = None;
        if self.characteristic > 127 {
            code = Some(0x0C);
            self.characteristic -= 128;
            if low_characteristic > 127 {
                low_characteristic -= 128;
            }
        } else if self.characteristic < 0 {
            if !masks.underflow {
                return Seen::default();
            }
            code = Some(0x0D);
            self.characteristic += 128;
            low_characteristic = self.characteristic - 14;
        }
        if low_characteristic < 0 {
            low_characteristic += 128;
        }
        self.image(low_characteristic, code)
    }

    fn image(&self, low_characteristic: i32, code: Option<u16>) -> Seen {
        let part = |characteristic: i32, digits: &[u8]| {
            assert!((0..128).contains(&characteristic));
            let first = characteristic as u64 + if self.negative { 128 } else { 0 };
            digits.iter().fold(first, |image, digit| image * 16 + u64::from(*digit))
        };
        let (left, right) = self.digits.split_at(self.digits.len().min(LONG));
        let low = if right.is_empty() { 0 } else { part(low_characteristic, right) };
        Seen { high: part(self.characteristic, left), low, cc: None, code }
    }
}

fn is_zero(digits: &[u8]) -> bool {
    digits.iter().all(|digit| *digit == 0)
}

/// Adds two lists of the same length; a carry makes the result one digit longer.
fn add_digits(a: &[u8], b: &[u8]) -> Vec<u8> {
    let mut result = vec![0; a.len()];
    let mut carry = 0;
    for place in (0..a.len()).rev() {
        let digit = a[place] + b[place] + carry;
        result[place] = digit % 16;
        carry = digit / 16;
    }
    if carry != 0 {
        result.insert(0, carry);
    }
    result
}

/// Subtracts `b` from `a`, which is not less, of the same length.
fn subtract_digits(a: &[u8], b: &[u8]) -> Vec<u8> {
    assert!(a >= b);
    let mut result = vec![0; a.len()];
    let mut borrow = 0;
    for place in (0..a.len()).rev() {
        let owed = b[place] + borrow;
        borrow = u8::from(a[place] < owed);
        result[place] = a[place] + 16 * borrow - owed;
    }
    result
}

/// The intermediate sum: a guard digit at the right, perhaps a carry at the left. It also tells whether it is negative,
/// which it is not if all digits are zero.
fn intermediate_sum(mut a: Number, mut b: Number) -> Number {
    a.digits.push(0);
    b.digits.push(0);
    while a.characteristic != b.characteristic {
        let smaller = if a.characteristic < b.characteristic { &mut a } else { &mut b };
        smaller.digits.pop();
        smaller.digits.insert(0, 0);
        smaller.characteristic += 1;
    }
    let (negative, digits) = if a.negative == b.negative {
        (a.negative, add_digits(&a.digits, &b.digits))
    } else if a.digits >= b.digits {
        (a.negative, subtract_digits(&a.digits, &b.digits))
    } else {
        (b.negative, subtract_digits(&b.digits, &a.digits))
    };
    Number { negative: negative && !is_zero(&digits), characteristic: a.characteristic, digits }
}

/// An image: the short or long one, or the high-order and low-order parts.
pub type Image = (u64, u64);

pub fn add(length: usize, normalize: bool, a: Image, b: Image, masks: Masks) -> Seen {
    sum(length, normalize, Number::parse(length, a.0, a.1), Number::parse(length, b.0, b.1), masks)
}

pub fn subtract(length: usize, normalize: bool, a: Image, b: Image, masks: Masks) -> Seen {
    let mut b = Number::parse(length, b.0, b.1);
    b.negative = !b.negative;
    sum(length, normalize, Number::parse(length, a.0, a.1), b, masks)
}

fn sum(length: usize, normalize: bool, a: Number, b: Number, masks: Masks) -> Seen {
    let mut sum = intermediate_sum(a, b);
    let carry = sum.digits.len() > length + 1;
    if carry {
        sum.characteristic += 1;
    }
    if !normalize {
        // The guard digit does not take part in the recognition of a zero result.
        sum.digits.truncate(length);
    }
    if sum.is_zero() {
        return zero_sum(sum, length, masks);
    }
    if normalize && !carry {
        sum.normalize();
    }
    let negative = sum.negative;
    let mut seen = sum.finish(length, masks);
    let true_zero = (seen.high, seen.low, seen.code) == (0, 0, None);
    seen.cc = Some(if true_zero { 0 } else { 2 - u8::from(negative) });
    seen
}

fn zero_sum(mut sum: Number, length: usize, masks: Masks) -> Seen {
    if !masks.significance {
        return Seen { cc: Some(0), ..Seen::default() };
    }
    sum.negative = false;
    sum.digits.truncate(length);
    let low = if sum.characteristic < 14 { sum.characteristic + 114 } else { sum.characteristic - 14 };
    Seen { cc: Some(0), ..sum.image(low, Some(0x0E)) }
}

pub fn compare(length: usize, a: Image, b: Image) -> u8 {
    let mut b = Number::parse(length, b.0, b.1);
    b.negative = !b.negative;
    let difference = intermediate_sum(Number::parse(length, a.0, a.1), b);
    match (difference.is_zero(), difference.negative) {
        (true, _) => 0,
        (false, true) => 1,
        (false, false) => 2,
    }
}

pub fn multiply(length: usize, result_length: usize, a: Image, b: Image, masks: Masks) -> Seen {
    let (a, b) = (Number::parse(length, a.0, a.1), Number::parse(length, b.0, b.1));
    if a.is_zero() || b.is_zero() {
        return Seen::default();
    }
    let (a, b) = (a.normalized(), b.normalized());
    let mut places = vec![0u32; 2 * length];
    for (i, x) in a.digits.iter().enumerate() {
        for (j, y) in b.digits.iter().enumerate() {
            places[i + j + 1] += u32::from(*x) * u32::from(*y);
        }
    }
    for place in (1..places.len()).rev() {
        places[place - 1] += places[place] / 16;
        places[place] %= 16;
    }
    let digits: Vec<u8> = places.iter().map(|digit| u8::try_from(*digit).expect("no carry is left")).collect();
    let characteristic = a.characteristic + b.characteristic - 64;
    let product = Number { negative: a.negative != b.negative, characteristic, digits };
    product.normalized().finish(result_length, masks)
}

pub fn divide(length: usize, a: Image, b: Image, masks: Masks) -> Seen {
    let (dividend, divisor) = (Number::parse(length, a.0, a.1), Number::parse(length, b.0, b.1));
    if divisor.is_zero() {
        return Seen { high: a.0, code: Some(0x0F), ..Seen::default() };
    }
    if dividend.is_zero() {
        return Seen::default();
    }
    let (dividend, divisor) = (dividend.normalized(), divisor.normalized());
    let mut characteristic = dividend.characteristic - divisor.characteristic + 64;
    // Long division: the digit before the radix point and as many after it as the format has.
    let subtrahend: Vec<u8> = [&[0], divisor.digits.as_slice()].concat();
    let mut remainder: Vec<u8> = [&[0], dividend.digits.as_slice()].concat();
    let mut digits = vec![];
    for _ in 0..=length {
        let mut digit = 0;
        while remainder >= subtrahend {
            remainder = subtract_digits(&remainder, &subtrahend);
            digit += 1;
        }
        digits.push(digit);
        assert_eq!(remainder.remove(0), 0);
        remainder.push(0);
    }
    if digits[0] == 0 {
        digits.remove(0);
    } else {
        characteristic += 1;
    }
    assert_ne!(digits[0], 0, "a quotient needs no postnormalization");
    Number { negative: dividend.negative != divisor.negative, characteristic, digits }.finish(length, masks)
}

pub fn halve(length: usize, a: Image, masks: Masks) -> Seen {
    let mut number = Number::parse(length, a.0, a.1);
    if number.is_zero() {
        return Seen::default();
    }
    number.digits.push(0);
    let mut shifted_out = 0;
    for digit in &mut number.digits {
        let next = *digit % 2;
        *digit = *digit / 2 + 8 * shifted_out;
        shifted_out = next;
    }
    number.normalized().finish(length, masks)
}

/// LOAD ROUNDED, to half the digits an extended number has, or to the six of a short one.
pub fn round(length: usize, result_length: usize, a: Image) -> Seen {
    let mut number = Number::parse(length, a.0, a.1);
    let mut one = vec![0; length];
    one[result_length] = 8;
    let sum = add_digits(&number.digits, &one);
    let mut code = None;
    if sum.len() > length {
        number.characteristic += 1;
        if number.characteristic > 127 {
            number.characteristic -= 128;
            code = Some(0x0C);
        }
    }
    number.digits = sum[..result_length].to_vec();
    number.image(0, code)
}
