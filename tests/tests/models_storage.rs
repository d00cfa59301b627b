//! Storage-to-storage instructions against models that work a byte at a time, with operands that overlap and cross
//! blocks as they like.

use proptest::{prelude::*, test_runner::RngSeed};
use s370_cpu::processor::Engine;
use tests::{
    assemble::assemble,
    check::ENGINES,
    single::{self, Outcome},
    vector::Picture,
};

/// All operands lie here, around a block boundary.
const AREA: usize = 0x5400;

fn configuration(seed: u64) -> ProptestConfig {
    ProptestConfig {
        cases: 1500,
        rng_seed: RngSeed::Fixed(seed),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// Storage as the model sees it.
struct Bytes(Vec<u8>);

impl Bytes {
    fn get(&self, at: usize) -> u8 {
        self.0[at]
    }

    fn set(&mut self, at: usize, value: u8) {
        self.0[at] = value;
    }
}

fn prepared(seed: u64, a: usize, b: usize) -> Picture {
    let mut picture = single::machine();
    let mut rng = tests::random::Rng::new(seed);
    // Few different bytes, so that comparisons and tests of zero have something to find.
    let kinds = rng.pick(&[2, 16, 256]);
    for at in AREA..AREA + 0x1000 {
        picture.storage[at] = rng.below(kinds) as u8;
    }
    (picture.state.gr[2], picture.state.gr[4]) = (a as u32, b as u32);
    picture
}

fn run(picture: &Picture, text: &str, engine: Engine) -> Outcome {
    single::execute(picture, assemble(text).expect("an instruction"), engine)
}

/// Left to right, a byte of each operand at a time. The condition code, where the instruction sets it, tells zero.
fn combine(bytes: &mut Bytes, a: usize, b: usize, length: usize, operation: fn(u8, u8) -> u8) -> u8 {
    let mut any = 0;
    for n in 0..length {
        let result = operation(bytes.get(a + n), bytes.get(b + n));
        any |= result;
        bytes.set(a + n, result);
    }
    u8::from(any != 0)
}

fn translate(bytes: &mut Bytes, a: usize, table: usize, length: usize) {
    for n in 0..length {
        let function = bytes.get(table + usize::from(bytes.get(a + n)));
        bytes.set(a + n, function);
    }
}

/// Address and length of the first and of the second operand.
type TwoLengths = fn(&mut Bytes, usize, usize, usize, usize);

/// Right to left; two operand bytes are fetched for each result byte but the last.
fn pack(bytes: &mut Bytes, a: usize, l1: usize, b: usize, l2: usize) {
    bytes.set(a + l1 - 1, bytes.get(b + l2 - 1).rotate_left(4));
    let mut left = l2 - 1;
    let mut digit = |bytes: &Bytes| {
        left = left.wrapping_sub(1);
        if left < l2 {
            bytes.get(b + left) & 15
        } else {
            left = 0;
            0
        }
    };
    for n in (0..l1 - 1).rev() {
        let low = digit(bytes);
        let high = digit(bytes);
        bytes.set(a + n, high << 4 | low);
    }
}

/// Right to left; an operand byte is fetched once for two result bytes.
fn unpack(bytes: &mut Bytes, a: usize, l1: usize, b: usize, l2: usize) {
    bytes.set(a + l1 - 1, bytes.get(b + l2 - 1).rotate_left(4));
    let (mut to, mut from) = (l1 - 1, l2 - 1);
    while to > 0 {
        let byte = if from > 0 {
            from -= 1;
            bytes.get(b + from)
        } else {
            0
        };
        to -= 1;
        bytes.set(a + to, 0xF0 | byte & 15);
        if to > 0 {
            to -= 1;
            bytes.set(a + to, 0xF0 | byte >> 4);
        }
    }
}

/// Right to left; the left digit of an operand byte is kept for the next result byte.
fn move_with_offset(bytes: &mut Bytes, a: usize, l1: usize, b: usize, l2: usize) {
    let mut carried = bytes.get(a + l1 - 1) & 15;
    let mut from = l2;
    for n in (0..l1).rev() {
        let byte = if from > 0 {
            from -= 1;
            bytes.get(b + from)
        } else {
            0
        };
        bytes.set(a + n, (byte & 15) << 4 | carried);
        carried = byte >> 4;
    }
}

/// Compares both engines with the model: all storage, and the condition code (none: unchanged).
fn check(picture: &Picture, text: &str, bytes: &Bytes, code: Option<u8>) -> Result<(), TestCaseError> {
    for engine in ENGINES {
        let outcome = run(picture, text, engine);
        prop_assert_eq!(outcome.interruption, None);
        let differs = (0..single::SIZE).find(|at| outcome.storage[*at] != bytes.get(*at));
        prop_assert_eq!(differs.map(|at| format!("{at:X}")), None, "{} on {:?}", text, engine);
        prop_assert_eq!(outcome.state.psw.cc, code.unwrap_or(picture.state.psw.cc), "{} on {:?}", text, engine);
    }
    Ok(())
}

proptest! {
    #![proptest_config(configuration(1))]

    #[test]
    fn one_length(seed: u64, kind in 0..7, a in AREA..AREA + 0x900, shift in -300_isize..300, length in 1_usize..=256) {
        let length = if seed % 3 == 0 { length } else { 1 + length % 20 };
        let shift = if seed % 5 == 0 { shift } else { shift % 20 };
        let b = a.saturating_add_signed(shift).max(AREA);
        let picture = prepared(seed, a, b);
        let mut bytes = Bytes(picture.storage.clone());
        let (name, operation): (_, fn(u8, u8) -> u8) = match kind {
            0 => ("MVC", |_, b| b),
            1 => ("MVN", |a, b| a & 0xF0 | b & 0x0F),
            2 => ("MVZ", |a, b| a & 0x0F | b & 0xF0),
            3 => ("NC", |a, b| a & b),
            4 => ("OC", |a, b| a | b),
            5 => ("XC", |a, b| a ^ b),
            _ => ("TR", |a, _| a),
        };
        let code = if kind == 6 {
            translate(&mut bytes, a, b, length);
            None
        } else {
            let code = combine(&mut bytes, a, b, length, operation);
            (3..6).contains(&kind).then_some(code)
        };
        check(&picture, &format!("{name} 0({length},2),0(4)"), &bytes, code)?;
    }

    #[test]
    fn two_lengths(seed: u64, kind in 0..3, a in AREA..AREA + 0x900, shift in -20_isize..20, l1 in 1_usize..=16, l2 in 1_usize..=16) {
        let b = a.saturating_add_signed(shift).max(AREA);
        let picture = prepared(seed, a, b);
        let mut bytes = Bytes(picture.storage.clone());
        let (name, model): (_, TwoLengths) = match kind {
            0 => ("PACK", pack),
            1 => ("UNPK", unpack),
            _ => ("MVO", move_with_offset),
        };
        model(&mut bytes, a, l1, b, l2);
        check(&picture, &format!("{name} 0({l1},2),0({l2},4)"), &bytes, None)?;
    }

    #[test]
    fn move_inverse(seed: u64, a in AREA..AREA + 0x400, gap in 0_usize..300, length in 1_usize..=256) {
        // Where the operands overlap the result is unpredictable.
        let b = a + 2 * length + gap;
        let picture = prepared(seed, a, b);
        let mut bytes = Bytes(picture.storage.clone());
        for n in 0..length {
            bytes.set(a + n, bytes.get(b - n));
        }
        check(&picture, &format!("MVCIN 0({length},2),0(4)"), &bytes, None)?;
    }
}

/// The registers of MOVE LONG and COMPARE LOGICAL LONG.
#[derive(Clone, Copy, Debug)]
struct Long {
    address: [usize; 2],
    length: [usize; 2],
    pad: u8,
}

fn long_machine(seed: u64, long: &Long) -> Picture {
    let mut picture = prepared(seed, 0, 0);
    let high = (seed as u32) << 24;
    picture.state.gr[2..6].copy_from_slice(&[
        long.address[0] as u32 | high,
        long.length[0] as u32 | high,
        long.address[1] as u32 | high,
        long.length[1] as u32 | u32::from(long.pad) << 24,
    ]);
    picture
}

fn check_long(picture: &Picture, text: &str, bytes: &Bytes, long: &Long, code: u8) -> Result<(), TestCaseError> {
    check(picture, text, bytes, Some(code))?;
    let mut gr = picture.state.gr;
    gr[2] = long.address[0] as u32;
    gr[3] = gr[3] & 0xFF00_0000 | long.length[0] as u32;
    gr[4] = long.address[1] as u32;
    gr[5] = gr[5] & 0xFF00_0000 | long.length[1] as u32;
    for engine in ENGINES {
        prop_assert_eq!(run(picture, text, engine).state.gr, gr, "{} on {:?}", text, engine);
    }
    Ok(())
}

fn long_operands() -> impl Strategy<Value = Long> {
    let length = || prop_oneof![0_usize..40, 0_usize..0x900];
    let address = AREA..AREA + 0x700;
    (address, -60_isize..60, any::<bool>(), length(), length(), any::<bool>(), 0_u8..3).prop_map(
        |(a, shift, is_near, l1, l2, is_equal, pad)| {
            let b = if is_near { a.saturating_add_signed(shift) } else { AREA + 0x1000 - 0x900 };
            Long { address: [a, b], length: [l1, if is_equal { l1 } else { l2 }], pad }
        },
    )
}

proptest! {
    #![proptest_config(configuration(2))]

    #[test]
    fn move_long(seed: u64, long in long_operands()) {
        let picture = long_machine(seed, &long);
        let mut bytes = Bytes(picture.storage.clone());
        let Long { address: [a, b], length: [l1, l2], pad } = long;
        // Whether a byte would be used as source after it was a destination.
        let moved = l1.min(l2);
        if a > b && a < b + moved {
            check_long(&picture, "MVCL 2,4", &bytes, &long, 3)?;
            return Ok(());
        }
        for n in 0..l1 {
            let byte = if n < l2 { bytes.get(b + n) } else { pad };
            bytes.set(a + n, byte);
        }
        let end = Long { address: [a + l1, b + moved], length: [0, l2 - moved], pad };
        check_long(&picture, "MVCL 2,4", &bytes, &end, match l1.cmp(&l2) {
            std::cmp::Ordering::Equal => 0,
            std::cmp::Ordering::Less => 1,
            std::cmp::Ordering::Greater => 2,
        })?;
    }

    #[test]
    fn compare_long(seed: u64, long in long_operands()) {
        let mut picture = long_machine(seed, &long);
        let Long { address: [a, b], length: [l1, l2], pad } = long;
        if seed % 2 == 0 && (b + l1 <= a || a + l1 <= b) {
            // Mostly equal.
            picture.storage.copy_within(b..b + l1, a);
        }
        let bytes = Bytes(picture.storage.clone());
        let byte = |from: usize, length: usize, n: usize| if n < length { bytes.get(from + n) } else { pad };
        let unequal = (0..l1.max(l2)).find(|n| byte(a, l1, *n) != byte(b, l2, *n));
        let done = unequal.unwrap_or(l1.max(l2));
        let code = unequal.map_or(0, |n| if byte(a, l1, n) < byte(b, l2, n) { 1 } else { 2 });
        let end = Long {
            address: [a + done.min(l1), b + done.min(l2)],
            length: [l1 - done.min(l1), l2 - done.min(l2)],
            pad,
        };
        check_long(&picture, "CLCL 2,4", &bytes, &end, code)?;
    }
}
