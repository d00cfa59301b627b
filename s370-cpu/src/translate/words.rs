//! The definitions of simple instructions executed on machine words, against the slow interpreter: what the translator writes down
//! is what the manual says.

use std::sync::Arc;

use s370_arch::{format::Instruction, interruption::ProgramCode};

use super::{
    algebra::{Algebra, Choice, Condition, Done, Function, Leave, Next, Operation, Order},
    semantics::{execute, next_address},
};
use crate::{
    bus::NoDevices,
    exec::{ADDRESS, Interpreter},
    fast::{
        bytes,
        code::LazyCode,
        slot::{Code, Slot},
    },
    state::{CpuState, Model},
    storage::{
        Storage,
        window::{Spot, Window, lookup},
    },
    translate::entry,
};

/// A machine on whose words definitions are executed, with DAT and protection off.
struct Words {
    state: CpuState,
    condition: LazyCode,
    storage: Arc<Storage>,
    window: Window,
    /// Something has been changed.
    has_changed: bool,
}

impl Words {
    fn new(state: CpuState, storage: Arc<Storage>) -> Words {
        let mut window = Window::new(Arc::clone(&storage));
        (0..storage.size() / 2048).for_each(|block| window.enter(block * 2048, block * 2048, false));
        Words { condition: LazyCode::of(state.psw.cc), state, storage, window, has_changed: false }
    }

    fn place(&self, at: u32, length: u32) -> Done<Spot> {
        assert!(at <= ADDRESS);
        if at >= self.storage.size() || at % 2048 + length > 2048 {
            return Err(Leave);
        }
        Ok(lookup(self.window.entries(), at).spot(at))
    }

    fn change(&mut self) {
        self.has_changed = true;
    }
}

macro_rules! operate {
    ($operation:expr, $a:expr, $b:expr, $signed:ty) => {{
        let (a, b) = ($a, $b);
        match $operation {
            Operation::Add => a.wrapping_add(b),
            Operation::Subtract => a.wrapping_sub(b),
            Operation::Multiply => a.wrapping_mul(b),
            Operation::And => a & b,
            Operation::Or => a | b,
            Operation::Xor => a ^ b,
            Operation::ShiftLeft => a << b,
            Operation::ShiftRight => a >> b,
            Operation::ShiftRightSigned => ((a as $signed) >> b) as _,
        }
    }};
}

macro_rules! relate {
    ($order:expr, $a:expr, $b:expr, $signed:ty) => {{
        let (a, b) = ($a, $b);
        match $order {
            Order::Equal => a == b,
            Order::NotEqual => a != b,
            Order::Less => (a as $signed) < (b as $signed),
            Order::LessOrEqual => (a as $signed) <= (b as $signed),
            Order::Greater => (a as $signed) > (b as $signed),
            Order::GreaterOrEqual => (a as $signed) >= (b as $signed),
            Order::Below => a < b,
            Order::BelowOrEqual => a <= b,
            Order::Above => a > b,
            Order::AboveOrEqual => a >= b,
        }
    }};
}

impl Algebra for Words {
    type Word = u32;
    type Long = u64;
    type Truth = bool;
    type Place = Spot;

    fn word(&mut self, value: u32) -> u32 {
        value
    }
    fn long(&mut self, value: u64) -> u64 {
        value
    }
    fn gr(&mut self, n: u8) -> u32 {
        self.state.gr[usize::from(n)]
    }
    fn set_gr(&mut self, n: u8, value: u32) {
        self.change();
        self.state.gr[usize::from(n)] = value;
    }
    fn fpr(&mut self, n: u8) -> u64 {
        self.state.fpr[usize::from(n)]
    }
    fn set_fpr(&mut self, n: u8, value: u64) {
        self.change();
        self.state.fpr[usize::from(n)] = value;
    }
    fn condition(&mut self) -> Condition<u32, u64> {
        Condition::Lazy(self.condition.0 as u64)
    }
    fn set_condition(&mut self, condition: Condition<u32, u64>) {
        self.change();
        // Each form must select what its lazy form does.
        let lazy = self.lazy(condition);
        for mask in 0..16 {
            let selected = match self.selects(condition, mask) {
                Choice::Never => false,
                Choice::Always => true,
                Choice::If(truth) => truth,
            };
            assert_eq!(selected, LazyCode(lazy as i64).selects(mask), "{condition:X?} with mask {mask:X}");
        }
        self.condition = LazyCode(lazy as i64);
    }
    fn program_mask(&self) -> u8 {
        self.state.psw.program_mask
    }
    fn combine(&mut self, operation: Operation, a: u32, b: u32) -> u32 {
        operate!(operation, a, b, i32)
    }
    fn combine_long(&mut self, operation: Operation, a: u64, b: u64) -> u64 {
        operate!(operation, a, b, i64)
    }
    fn compare(&mut self, order: Order, a: u32, b: u32) -> bool {
        relate!(order, a, b, i32)
    }
    fn compare_long(&mut self, order: Order, a: u64, b: u64) -> bool {
        relate!(order, a, b, i64)
    }
    fn select(&mut self, truth: bool, a: u32, b: u32) -> u32 {
        if truth { a } else { b }
    }
    fn select_long(&mut self, truth: bool, a: u64, b: u64) -> u64 {
        if truth { a } else { b }
    }
    fn signed(&mut self, value: u32) -> u64 {
        i64::from(value as i32) as u64
    }
    fn unsigned(&mut self, value: u32) -> u64 {
        value.into()
    }
    fn low(&mut self, value: u64) -> u32 {
        value as u32
    }
    fn divide(&mut self, dividend: u64, divisor: u64) -> (u64, u64) {
        let (dividend, divisor) = (dividend as i64, divisor as i64);
        ((dividend / divisor) as u64, (dividend % divisor) as u64)
    }
    fn zeros(&mut self, value: u64) -> u64 {
        value.leading_zeros().into()
    }
    fn multiply_high(&mut self, a: u64, b: u64) -> u64 {
        ((u128::from(a) * u128::from(b)) >> 64) as u64
    }
    fn address(&mut self, value: u32) -> u32 {
        value & ADDRESS
    }
    fn leave_if(&mut self, truth: bool) -> Done {
        if truth { Err(Leave) } else { Ok(()) }
    }
    fn fetchable(&mut self, at: u32, length: u32) -> Done<Spot> {
        self.place(at, length)
    }
    fn storable(&mut self, at: u32, length: u32) -> Done<Spot> {
        self.place(at, length)
    }
    fn get(&mut self, place: Spot, offset: u32, length: u32) -> u32 {
        let place = place.right(offset);
        match length {
            1 => place.u8().into(),
            2 => place.u16().into(),
            _ => place.u32(),
        }
    }
    fn get_long(&mut self, place: Spot, offset: u32) -> u64 {
        place.right(offset).u64()
    }
    fn put(&mut self, place: Spot, offset: u32, length: u32, value: u32) {
        self.change();
        let place = place.right(offset);
        match length {
            1 => place.put_u8(value as u8),
            2 => place.put_u16(value as u16),
            _ => place.put_u32(value),
        }
    }
    fn put_long(&mut self, place: Spot, offset: u32, value: u64) {
        self.change();
        place.right(offset).put_u64(value);
    }
    fn distance(&mut self, to: Spot, from: Spot) -> u64 {
        to.distance_from(from) as u64
    }
    fn copy(&mut self, to: Spot, from: Spot, length: u32) {
        self.change();
        bytes::copy(to, from, length);
    }
    fn compare_runs(&mut self, a: Spot, b: Spot, length: u32) -> u64 {
        bytes::compare(a, b, length) as u64
    }
    fn either(
        &mut self,
        truth: bool,
        _: bool,
        then: impl FnOnce(&mut Self) -> Done<(u64, u64)>,
        otherwise: impl FnOnce(&mut Self) -> Done<(u64, u64)>,
    ) -> Done<(u64, u64)> {
        if truth { then(self) } else { otherwise(self) }
    }
    fn function(&mut self, function: Function, a: u64, b: u64) -> Done<(u64, u64)> {
        entry::call_float(function, a, b, self.state.psw.program_mask).ok_or(Leave)
    }
}

/// Numbers that look random.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 ^ self.0 >> 29).wrapping_mul(0xBF58_476D_1CE4_E5B9) ^ self.0 >> 32
    }

    /// A word that is often near a limit or an address in storage.
    fn word(&mut self) -> u32 {
        let any = self.next();
        match any >> 60 {
            0 => 0,
            1 => u32::MAX,
            2 => i32::MIN as u32,
            3 => i32::MAX as u32,
            4..=10 => (any as u32 & 0x3FFF) | (any >> 20) as u32 & 0xFF00_0000,
            11 => any as u32 & 63,
            _ => any as u32,
        }
    }

    /// A floating-point number that is often normalized, and near others.
    fn float(&mut self) -> u64 {
        let any = self.next();
        match any >> 61 {
            0 => any & !(0xFF << 56) | 0x41 << 56,
            1 => any & 0x8000_0000_0000_0000 | 0x4110_0000 << 32,
            2 => 0,
            _ => any & 0x83FF_FFFF_FFFF_FFFF | 0x3C10_0000 << 32,
        }
    }
}

const AT: u32 = 0x2008;
const SIZE: u64 = 0x4000;

fn machine(numbers: &mut Numbers, instruction: &Instruction) -> (CpuState, Arc<Storage>) {
    let storage = Storage::new(SIZE).expect("a size that can be had");
    for at in (0..SIZE as u32).step_by(8) {
        storage.put_u64(at, if numbers.next() & 1 == 0 { numbers.float() } else { numbers.next() });
    }
    storage.store(AT, instruction.bytes());
    let mut state = CpuState::new(Model::default());
    state.psw.address = AT;
    state.psw.cc = numbers.next() as u8 & 3;
    state.psw.program_mask = numbers.next() as u8 & 15;
    state.gr = std::array::from_fn(|_| numbers.word());
    state.fpr = std::array::from_fn(|_| numbers.float());
    (state, Arc::new(storage))
}

/// What a definition does, if it does not leave, is what the slow interpreter does. Says whether it did not leave.
fn agrees(numbers: &mut Numbers, instruction: Instruction) -> bool {
    let (state, storage) = machine(numbers, &instruction);
    let slot = Slot::decode(instruction);
    let before = storage_bytes(&storage);
    let mut words = Words::new(state.clone(), Arc::clone(&storage));
    let next = execute(&mut words, &slot, next_address(&slot, AT));
    let after = storage_bytes(&storage);
    let Ok(next) = next else {
        assert!(!words.has_changed && before == after, "{instruction:X?} has changed something before it left");
        return false;
    };
    // Changing its own operation code is for the marks to notice.
    storage.store(0, &before);
    let mut wanted = state;
    let mut bus = NoDevices;
    let outcome = Interpreter::new(&mut wanted, &*storage, &mut bus).step();
    assert_eq!(
        outcome.err(),
        None,
        "{instruction:X?} does not leave before an exception ({:?})",
        ProgramCode::OPERATION
    );
    let mut got = words.state;
    got.psw.cc = words.condition.code();
    got.psw.address = match next {
        Next::Sequential => next_address(&slot, AT),
        Next::Branch(Choice::Always, target) | Next::Branch(Choice::If(true), target) => target,
        Next::Branch(..) => next_address(&slot, AT),
    };
    assert_eq!(got, wanted, "{instruction:X?}");
    assert!(after == storage_bytes(&storage), "{instruction:X?}: storage");
    true
}

fn storage_bytes(storage: &Storage) -> Vec<u8> {
    let mut bytes = vec![0; SIZE as usize];
    storage.read(0, &mut bytes);
    bytes
}

#[test]
fn definitions_agree_with_the_slow_interpreter() {
    let mut numbers = Numbers(1);
    let mut defined = 0;
    for first in 0..=u8::MAX {
        let (mut tried, mut done) = (0, 0);
        for _ in 0..400 {
            let mut bytes: [u8; 6] = std::array::from_fn(|_| numbers.next() as u8);
            bytes[0] = first;
            if matches!(first, 0x20..=0x3F | 0x60..=0x7F) {
                // Most registers are none for floating point.
                bytes[1] &= if first < 0x40 { 0x66 } else { 0x6F };
            }
            let instruction = Instruction(bytes);
            if matches!(Slot::decode(instruction).code, Code::Slow | Code::Ex) {
                continue;
            }
            tried += 1;
            done += u32::from(agrees(&mut numbers, instruction));
        }
        if done != 0 {
            defined += 1;
            println!("{first:02X}: {done} of {tried}");
        }
    }
    assert!(defined > 100, "only {defined} operation codes have definitions");
}
