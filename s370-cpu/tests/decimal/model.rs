//! Decimal arithmetic the slow way: codes taken one by one into an `i128`, results written one by one. It shares nothing
//! with the crate but the two types it answers with.

use s370_cpu::decimal::{DataException, DivideException};

/// A number with its sign apart, because zero can be negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number {
    pub magnitude: i128,
    pub negative: bool,
}

impl Number {
    pub fn value(self) -> i128 {
        if self.negative { -self.magnitude } else { self.magnitude }
    }
}

/// The result of an instruction that sets the condition code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Result1 {
    pub bytes: Vec<u8>,
    pub condition_code: u8,
}

/// The four-bit codes of an operand.
fn codes(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().flat_map(|byte| [byte / 16, byte % 16]).collect()
}

/// Reads packed operands; an invalid sign of any comes before an invalid digit of any.
pub fn read<const N: usize>(operands: [&[u8]; N]) -> Result<[Number; N], DataException> {
    if operands.iter().any(|bytes| codes(bytes).last().unwrap() < &10) {
        return Err(DataException::Sign);
    }
    let mut numbers = [Number { magnitude: 0, negative: false }; N];
    for (number, bytes) in numbers.iter_mut().zip(operands) {
        let codes = codes(bytes);
        let (sign, digits) = codes.split_last().unwrap();
        if digits.iter().any(|&digit| digit > 9) {
            return Err(DataException::Digit);
        }
        number.negative = [11, 13].contains(sign);
        number.magnitude = digits.iter().fold(0, |value, &digit| value * 10 + i128::from(digit));
    }
    Ok(numbers)
}

/// The packed operand of a number, and whether digits were lost.
pub fn write(number: Number, length: usize) -> (Vec<u8>, bool) {
    let mut bytes = vec![if number.negative { 13 } else { 12 }];
    let mut rest = number.magnitude;
    for position in 1..2 * length {
        let digit = (rest % 10) as u8;
        rest /= 10;
        if position % 2 == 1 {
            *bytes.last_mut().unwrap() += 16 * digit;
        } else {
            bytes.push(digit);
        }
    }
    bytes.reverse();
    (bytes, rest != 0)
}

/// The result of an algebraic operation: zero is positive unless digits are lost.
fn finish(value: i128, negative_if_overflow: bool, length: usize) -> Result1 {
    let (bytes, overflow) = write(Number { magnitude: value.abs(), negative: value < 0 }, length);
    if overflow {
        let (bytes, _) = write(Number { magnitude: value.abs(), negative: negative_if_overflow }, length);
        return Result1 { bytes, condition_code: 3 };
    }
    Result1 { bytes, condition_code: [1, 0, 2][(value.signum() + 1) as usize] }
}

pub fn zap(operand1: &[u8], operand2: &[u8]) -> Result<Result1, DataException> {
    let [number] = read([operand2])?;
    Ok(finish(number.value(), number.negative, operand1.len()))
}

pub fn ap(operand1: &[u8], operand2: &[u8]) -> Result<Result1, DataException> {
    let [a, b] = read([operand1, operand2])?;
    let sum = a.value() + b.value();
    Ok(finish(sum, sum < 0, operand1.len()))
}

pub fn sp(operand1: &[u8], operand2: &[u8]) -> Result<Result1, DataException> {
    let [a, b] = read([operand1, operand2])?;
    let difference = a.value() - b.value();
    Ok(finish(difference, difference < 0, operand1.len()))
}

pub fn cp(operand1: &[u8], operand2: &[u8]) -> Result<u8, DataException> {
    let [a, b] = read([operand1, operand2])?;
    Ok(match a.value().cmp(&b.value()) {
        std::cmp::Ordering::Equal => 0,
        std::cmp::Ordering::Less => 1,
        std::cmp::Ordering::Greater => 2,
    })
}

pub fn srp(operand1: &[u8], address: u32, rounding: u8) -> Result<Result1, DataException> {
    let [number] = read([operand1])?;
    if rounding > 9 {
        return Err(DataException::Digit);
    }
    let length = operand1.len();
    // The digits as a list, units first, so that a shift is moving the list.
    let mut digits: Vec<u8> = codes(operand1);
    digits.pop();
    digits.reverse();
    let value = |digits: &[u8]| digits.iter().rev().fold(0_i128, |value, &digit| value * 10 + i128::from(digit));
    match address % 64 {
        places @ 0..=31 => {
            let mut shifted = vec![0; places as usize];
            shifted.extend(&digits);
            let lost = shifted.split_off(2 * length - 1).iter().any(|&digit| digit != 0);
            if !lost {
                let signed = if number.negative { -value(&shifted) } else { value(&shifted) };
                return Ok(finish(signed, false, length));
            }
            let (bytes, _) = write(Number { magnitude: value(&shifted), negative: number.negative }, length);
            Ok(Result1 { bytes, condition_code: 3 })
        }
        places => {
            let places = 64 - places as usize;
            digits.resize(64, 0);
            let kept = value(&digits[places..places + 31]) + i128::from(digits[places - 1] + rounding >= 10);
            Ok(finish(if number.negative { -kept } else { kept }, false, length))
        }
    }
}

/// MULTIPLY DECIMAL for lengths that cause no specification exception.
pub fn mp(operand1: &[u8], operand2: &[u8]) -> Result<Vec<u8>, DataException> {
    let [a, b] = read([operand1, operand2])?;
    if operand1[..operand2.len()].iter().any(|&byte| byte != 0) {
        return Err(DataException::LeftmostZeros);
    }
    let product = Number { magnitude: a.magnitude * b.magnitude, negative: a.negative != b.negative };
    let (bytes, overflow) = write(product, operand1.len());
    assert!(!overflow, "the leftmost zeros leave room for every product");
    Ok(bytes)
}

/// DIVIDE DECIMAL for lengths that cause no specification exception.
pub fn dp(operand1: &[u8], operand2: &[u8]) -> Result<Vec<u8>, DivideException> {
    let [a, b] = read([operand1, operand2]).map_err(DivideException::Data)?;
    if b.magnitude == 0 {
        return Err(DivideException::DecimalDivide);
    }
    let quotient = Number { magnitude: a.magnitude / b.magnitude, negative: a.negative != b.negative };
    let remainder = Number { magnitude: a.magnitude % b.magnitude, negative: a.negative };
    let (mut bytes, overflow) = write(quotient, operand1.len() - operand2.len());
    if overflow {
        return Err(DivideException::DecimalDivide);
    }
    bytes.extend(write(remainder, operand2.len()).0);
    Ok(bytes)
}
