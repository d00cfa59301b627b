//! Fixed-point instructions against arithmetic with unbounded integers.

use proptest::{prelude::*, test_runner::RngSeed};
use tests::{assemble::assemble, check::ENGINES, single};

/// What the model says: registers 2 and 3, the condition code (none: unchanged), the interruption.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Expected {
    registers: [u32; 2],
    code: Option<u8>,
    interruption: Option<u16>,
}

const OVERFLOW: u16 = 8;
const DIVIDE: u16 = 9;

fn signed(word: u32) -> i128 {
    i128::from(word as i32)
}

fn pair(registers: [u32; 2]) -> u64 {
    u64::from(registers[0]) << 32 | u64::from(registers[1])
}

fn halves(value: i128) -> [u32; 2] {
    [(value >> 32) as u32, value as u32]
}

fn sign(value: i128) -> u8 {
    match value.signum() {
        0 => 0,
        -1 => 1,
        _ => 2,
    }
}

/// A 32-bit result that may overflow.
fn fixed(value: i128, other: u32, mask: bool) -> Expected {
    let fits = i128::from(value as i32) == value;
    Expected {
        registers: [value as u32, other],
        code: Some(if fits { sign(value) } else { 3 }),
        interruption: (!fits && mask).then_some(OVERFLOW),
    }
}

fn plain(registers: [u32; 2], code: Option<u8>) -> Expected {
    Expected { registers, code, interruption: None }
}

fn compared<T: Ord>(a: T, b: T) -> u8 {
    match a.cmp(&b) {
        std::cmp::Ordering::Equal => 0,
        std::cmp::Ordering::Less => 1,
        std::cmp::Ordering::Greater => 2,
    }
}

fn logical_sum(a: u32, addend: u64, other: u32) -> Expected {
    let sum = u64::from(a) + addend;
    plain([sum as u32, other], Some(u8::from(sum as u32 != 0) | u8::from(sum >> 32 != 0) << 1))
}

fn divided(registers: [u32; 2], divisor: i128) -> Expected {
    let dividend = i128::from(pair(registers) as i64);
    let impossible = Expected { registers, code: None, interruption: Some(DIVIDE) };
    if divisor == 0 {
        return impossible;
    }
    let (quotient, remainder) = (dividend / divisor, dividend % divisor);
    if i128::from(quotient as i32) != quotient {
        return impossible;
    }
    plain([remainder as u32, quotient as u32], None)
}

/// A left shift of a signed number of so many bits: the sign stays, what is lost must be like it.
fn shifted_left(value: i128, amount: u32, bits: u32) -> (i128, bool) {
    let exact = value << amount;
    let modulus = 1_i128 << (bits - 1);
    let kept = exact.rem_euclid(modulus) - if value < 0 { modulus } else { 0 };
    (kept, kept != exact)
}

/// The instruction `name 2,5` or `name 2,amount`.
fn model(name: &str, registers: [u32; 2], operand: u32, amount: u32, mask: bool) -> Expected {
    let [a, other] = registers;
    let pair_value = i128::from(pair(registers) as i64);
    match name {
        "AR" => fixed(signed(a) + signed(operand), other, mask),
        "SR" => fixed(signed(a) - signed(operand), other, mask),
        "LCR" => fixed(-signed(operand), other, mask),
        "LPR" => fixed(signed(operand).abs(), other, mask),
        "LNR" => fixed(-signed(operand).abs(), other, mask),
        "LTR" => fixed(signed(operand), other, mask),
        "ALR" => logical_sum(a, u64::from(operand), other),
        "SLR" => logical_sum(a, u64::from(!operand) + 1, other),
        "CR" => plain(registers, Some(compared(signed(a), signed(operand)))),
        "CLR" => plain(registers, Some(compared(a, operand))),
        "MR" => plain(halves(signed(other) * signed(operand)), None),
        "DR" => divided(registers, signed(operand)),
        "SLL" => plain([(u128::from(a) << amount) as u32, other], None),
        "SRL" => plain([(u128::from(a) >> amount) as u32, other], None),
        "SLDL" => plain(halves((u128::from(pair(registers)) << amount) as u64 as i128), None),
        "SRDL" => plain(halves((u128::from(pair(registers)) >> amount) as i128), None),
        "SRA" => fixed(signed(a) >> amount, other, mask),
        "SRDA" => plain(halves(pair_value >> amount), Some(sign(pair_value >> amount))),
        "SLA" => {
            let (value, overflow) = shifted_left(signed(a), amount, 32);
            let code = if overflow { 3 } else { sign(value) };
            let interruption = (overflow && mask).then_some(OVERFLOW);
            Expected { registers: [value as u32, other], code: Some(code), interruption }
        }
        _ => {
            let (value, overflow) = shifted_left(pair_value, amount, 64);
            let code = if overflow { 3 } else { sign(value) };
            let interruption = (overflow && mask).then_some(OVERFLOW);
            Expected { registers: halves(value), code: Some(code), interruption }
        }
    }
}

const REGISTERS: [&str; 12] = ["AR", "SR", "LCR", "LPR", "LNR", "LTR", "ALR", "SLR", "CR", "CLR", "MR", "DR"];
const SHIFTS: [&str; 8] = ["SLL", "SRL", "SLDL", "SRDL", "SRA", "SRDA", "SLA", "SLDA"];

fn word() -> impl Strategy<Value = u32> {
    let edge = prop::sample::select(vec![0, 1, 2, 3, u32::MAX, u32::MAX - 1, 0x7FFF_FFFF, 0x8000_0000, 0x8000_0001]);
    let power = (0_u32..32, -1_i32..=1).prop_map(|(bit, offset)| (1_u32 << bit).wrapping_add_signed(offset));
    prop_oneof![edge, power, 0_u32..1000, any::<u32>(), any::<u32>().prop_map(|word| word >> 16)]
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 4000, rng_seed: RngSeed::Fixed(3), failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn fixed_point(
        which in 0..REGISTERS.len() + SHIFTS.len(),
        registers in [word(), word()],
        operand in word(),
        amount in 0_u32..64,
        mask: bool,
    ) {
        let (name, text) = match REGISTERS.get(which) {
            Some(name) => (*name, format!("{name} 2,5")),
            None => {
                let name = SHIFTS[which - REGISTERS.len()];
                (name, format!("{name} 2,{amount}"))
            }
        };
        let expected = model(name, registers, operand, amount, mask);
        let mut picture = single::machine();
        picture.state.gr[2..4].copy_from_slice(&registers);
        picture.state.gr[5] = operand;
        picture.state.psw.program_mask = if mask { 8 } else { 7 };
        picture.state.psw.cc = (operand % 4) as u8;
        for engine in ENGINES {
            let outcome = single::execute(&picture, assemble(&text).expect("an instruction"), engine);
            let got = Expected {
                registers: [outcome.state.gr[2], outcome.state.gr[3]],
                code: expected.code.map(|_| outcome.state.psw.cc),
                interruption: outcome.interruption,
            };
            prop_assert_eq!(got, expected, "{} on {:?}", text, engine);
            if expected.code.is_none() {
                prop_assert_eq!(outcome.state.psw.cc, picture.state.psw.cc);
            }
        }
    }

    #[test]
    fn conversions_are_inverse(value in word()) {
        let mut picture = single::machine();
        (picture.state.gr[2], picture.state.gr[4]) = (value, 0x5001);
        let digits = format!("{:015}", signed(value).abs());
        let text = format!("{digits}{}", if (value as i32) < 0 { 'D' } else { 'C' });
        let decimal = u64::from_str_radix(&text, 16).expect("sixteen digits").to_be_bytes();
        for engine in ENGINES {
            let outcome = single::execute(&picture, assemble("CVD 2,0(0,4)").expect("an instruction"), engine);
            prop_assert_eq!(&outcome.storage[0x5001..0x5009], &decimal);
            let mut back = picture.clone();
            back.storage.copy_from_slice(&outcome.storage);
            let outcome = single::execute(&back, assemble("CVB 3,0(0,4)").expect("an instruction"), engine);
            prop_assert_eq!(outcome.state.gr[3], value);
        }
    }
}
