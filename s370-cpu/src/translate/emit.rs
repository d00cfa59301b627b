//! The algebra whose values are names in Cranelift's intermediate language: executing an instruction's definition over it
//! writes down what is to be done at run time.
//!
//! Whatever is rare leaves the region through an *exit*, a block of its own off the straight line, which puts the guest's
//! registers as they are before the instruction (or after a branch) back where they came from.

use cranelift_codegen::ir::{
    AbiParam, Block, InstBuilder, MemFlagsData, SigRef, Signature, Type, Value, condcodes::IntCC, types,
};
use cranelift_frontend::{FunctionBuilder, Variable};

use super::{
    algebra::{Algebra, Condition, Done, Function, Operation, Order},
    entry::{self, Frame},
    semantics::pieces,
    survey::{Known, Registers, fold},
};
use crate::{
    exec::ADDRESS,
    storage::window::{HAS_CODE, INVALID},
};

/// Bytes of a block.
const BLOCK: u32 = 2048;
/// Longest run that is moved in pieces of a register's width.
const LONGEST_MOVE: u32 = 32;
/// Longest run whose marks of code one load of eight bytes always covers.
const LONGEST_MARKED: u32 = 96;

/// What the code relies on about its surroundings: host addresses that do not change while it may be executed.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings {
    /// Of storage.
    pub storage: usize,
    /// Of the marks of decoded halfwords, a bit each.
    pub marks: usize,
}

/// A word at run time, and its rightmost 24 bits where they are known.
#[derive(Clone, Copy, Debug)]
pub struct Word {
    value: Value,
    known: Option<u32>,
    /// Of an address: the value from which it was made by leaving out the leftmost 8 bits.
    whole: Option<Value>,
}

/// The guest's registers at some point: names of their values, where they are not those of the beginning of the block.
#[derive(Clone, Debug)]
pub struct Picture {
    gr: [Option<Value>; 16],
    fpr: [Option<Value>; 4],
    condition: Condition<Value, Value>,
    /// Registers that are not what they were on entry to the region.
    dirty: Registers,
}

/// An exit that is still to be written.
pub struct Exit {
    block: Block,
    picture: Picture,
    /// What is left of the budget there.
    left: Value,
    /// Instructions to be added to that.
    unused: u32,
    /// Where to go on: a constant or a value.
    to: Result<u32, Value>,
    reason: u32,
}

/// Names of the guest's registers through the region.
pub struct Variables {
    /// General registers.
    pub gr: [Variable; 16],
    /// Floating-point registers.
    pub fpr: [Variable; 4],
    /// The condition code in its lazy form.
    pub condition: Variable,
    /// What is left of the budget.
    pub left: Variable,
}

/// Why a region was left; also the order of the counters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Reason {
    /// The next block does not fit into what is left of the budget.
    Budget,
    /// An instruction that is rare, or rare in this form.
    Rare,
    /// The flow of control leads out.
    Outside,
}

/// How many reasons there are.
pub const REASONS: usize = 3;

/// Writes a region's code.
pub struct Emit<'a, 'b> {
    /// Where instructions go.
    pub builder: &'a mut FunctionBuilder<'b>,
    /// Names of registers.
    pub variables: &'a Variables,
    /// The registers as they are now.
    pub picture: Picture,
    /// What is known of them.
    pub known: Known,
    /// The frame with the guest's registers.
    pub frame: Value,
    /// The table for fetching.
    pub fetch: Value,
    /// The table for storing.
    pub store: Value,
    /// What will be left of the budget when the block is done.
    pub left: Value,
    /// Instructions of this block not executed yet, this one included.
    pub unused: u32,
    /// Address of this instruction.
    pub at: u32,
    /// Host addresses.
    pub surroundings: Surroundings,
    /// See [`Algebra::program_mask`].
    pub program_mask: u8,
    /// Exits to be written.
    pub exits: Vec<Exit>,
    /// The exit before this instruction, once there is one.
    exit: Option<Block>,
    /// The registers before this instruction.
    before: Picture,
}

fn order_code(order: Order) -> IntCC {
    match order {
        Order::Equal => IntCC::Equal,
        Order::NotEqual => IntCC::NotEqual,
        Order::Less => IntCC::SignedLessThan,
        Order::LessOrEqual => IntCC::SignedLessThanOrEqual,
        Order::Greater => IntCC::SignedGreaterThan,
        Order::GreaterOrEqual => IntCC::SignedGreaterThanOrEqual,
        Order::Below => IntCC::UnsignedLessThan,
        Order::BelowOrEqual => IntCC::UnsignedLessThanOrEqual,
        Order::Above => IntCC::UnsignedGreaterThan,
        Order::AboveOrEqual => IntCC::UnsignedGreaterThanOrEqual,
    }
}

/// Accesses that cannot trap, of any alignment.
pub fn plain() -> MemFlagsData {
    MemFlagsData::new().with_notrap()
}

/// Of what does not change while a region is executed.
fn constant() -> MemFlagsData {
    plain().with_aligned().with_readonly().with_can_move()
}

impl Picture {
    /// At the beginning of a block.
    pub fn new(condition: Value, dirty: Registers) -> Picture {
        Picture { gr: [None; 16], fpr: [None; 4], condition: Condition::Lazy(condition), dirty }
    }
}

/// What a block begins with.
pub struct Beginning {
    /// The frame with the guest's registers.
    pub frame: Value,
    /// The table for fetching.
    pub fetch: Value,
    /// The table for storing.
    pub store: Value,
    /// What will be left of the budget when the block is done.
    pub left: Value,
    /// Instructions of the block.
    pub instructions: u32,
    /// The registers.
    pub picture: Picture,
    /// What is known of them.
    pub known: Known,
}

impl<'a, 'b> Emit<'a, 'b> {
    /// Ready for the first instruction of a block.
    pub fn new(
        builder: &'a mut FunctionBuilder<'b>,
        variables: &'a Variables,
        surroundings: Surroundings,
        program_mask: u8,
        beginning: Beginning,
    ) -> Emit<'a, 'b> {
        Emit {
            builder,
            variables,
            before: beginning.picture.clone(),
            picture: beginning.picture,
            known: beginning.known,
            frame: beginning.frame,
            fetch: beginning.fetch,
            store: beginning.store,
            left: beginning.left,
            unused: beginning.instructions,
            at: 0,
            surroundings,
            program_mask,
            exits: Vec::new(),
            exit: None,
        }
    }

    /// An instruction begins.
    pub fn begin(&mut self, at: u32) {
        (self.at, self.exit) = (at, None);
        self.before = self.picture.clone();
    }

    /// An instruction has ended.
    pub fn end(&mut self) {
        if let Some(block) = self.exit.take() {
            let picture = self.before.clone();
            let (left, unused) = (self.left, self.unused);
            self.exits.push(Exit { block, picture, left, unused, to: Ok(self.at), reason: Reason::Rare as u32 });
        }
        self.unused -= 1;
    }

    /// An exit with the registers as they are now, to a constant address or one in a value.
    pub fn exit_to(&mut self, to: Result<u32, Value>, reason: Reason) -> Block {
        let block = self.builder.create_block();
        let (picture, left, unused) = (self.picture.clone(), self.left, self.unused);
        self.exits.push(Exit { block, picture, left, unused, to, reason: reason as u32 });
        block
    }

    /// Gives the variables the values that the registers have now; and puts these back, if the region does that at the end
    /// of each block.
    pub fn settle(&mut self, puts_back: bool) {
        for n in 0..16 {
            if let Some(value) = self.picture.gr[usize::from(n)] {
                self.builder.def_var(self.variables.gr[usize::from(n)], value);
                if puts_back {
                    self.keep(value, Frame::general(n));
                }
            }
        }
        for n in 0..4 {
            if let Some(value) = self.picture.fpr[usize::from(n)] {
                self.builder.def_var(self.variables.fpr[usize::from(n)], value);
                if puts_back {
                    self.keep(value, Frame::floating(n));
                }
            }
        }
        if puts_back {
            self.picture.dirty = self.picture.dirty.in_both(Registers::CONDITION);
        }
        let lazy = self.lazy(self.condition_words());
        self.builder.def_var(self.variables.condition, lazy);
        self.picture.condition = Condition::Lazy(lazy);
    }

    fn condition_words(&self) -> Condition<Word, Value> {
        match self.picture.condition {
            Condition::Constant(code) => Condition::Constant(code),
            Condition::Signed(word) => Condition::Signed(unknown(word)),
            Condition::Logical(word) => Condition::Logical(unknown(word)),
            Condition::Compare(a, b) => Condition::Compare(unknown(a), unknown(b)),
            Condition::CompareLogical(a, b) => Condition::CompareLogical(unknown(a), unknown(b)),
            Condition::CompareLogicalLong(a, b) => Condition::CompareLogicalLong(a, b),
            Condition::Lazy(lazy) => Condition::Lazy(lazy),
        }
    }

    /// Writes the exits.
    pub fn write_exits(&mut self) {
        for exit in std::mem::take(&mut self.exits) {
            self.builder.set_cold_block(exit.block);
            self.builder.seal_block(exit.block);
            self.builder.switch_to_block(exit.block);
            let dirty = exit.picture.dirty;
            self.picture = exit.picture;
            for n in 0..16 {
                if dirty.has(Registers::general(n)) {
                    let value = self.gr(n).value;
                    self.keep(value, Frame::general(n));
                }
            }
            for n in 0..4 {
                if dirty.has(Registers::floating(n)) {
                    let value = self.fpr(n);
                    self.keep(value, Frame::floating(n));
                }
            }
            if dirty.has(Registers::CONDITION) {
                let lazy = self.lazy(self.condition_words());
                self.keep(lazy, Frame::CONDITION);
            }
            let unused = self.long(exit.unused.into());
            let left = self.builder.ins().iadd(exit.left, unused);
            self.keep(left, Frame::LEFT);
            let reason = u64::from(exit.reason) << 32;
            let answer = match exit.to {
                Ok(at) => self.long(reason | u64::from(at)),
                Err(value) => {
                    let (at, reason) = (self.builder.ins().uextend(types::I64, value), self.long(reason));
                    self.builder.ins().bor(at, reason)
                }
            };
            self.builder.ins().return_(&[answer]);
        }
    }

    fn keep(&mut self, value: Value, offset: i32) {
        self.builder.ins().store(plain().with_aligned(), value, self.frame, offset);
    }

    /// Goes on in a new block, unless something is so: then in `away`.
    pub fn unless(&mut self, truth: Value, away: Block) {
        let on = self.builder.create_block();
        self.builder.ins().brif(truth, away, &[], on, &[]);
        self.builder.seal_block(on);
        self.builder.switch_to_block(on);
    }

    fn leaving(&mut self) -> Block {
        match self.exit {
            Some(block) => block,
            None => *self.exit.insert(self.builder.create_block()),
        }
    }

    /// The entry of a table for an address.
    pub fn entry(&mut self, table: Value, at: Word) -> Value {
        if let Some(at) = at.known {
            return self.builder.ins().load(types::I64, constant(), table, (at / BLOCK * 8) as i32);
        }
        // The bits that are no part of the address are left out of the number of the block as well.
        let eighth = self.builder.ins().ushr_imm_u(at.whole.unwrap_or(at.value), 8);
        let offset = self.builder.ins().band_imm_u(eighth, 0xFFF8);
        let offset = self.builder.ins().uextend(types::I64, offset);
        let place = self.builder.ins().iadd(table, offset);
        self.builder.ins().load(types::I64, constant(), place, 0)
    }

    /// Whether a run of bytes goes beyond the end of its block: known, or to be found out.
    fn crosses(&mut self, at: Word, length: u32) -> Result<bool, Value> {
        if let Some(at) = at.known {
            return Ok(at % BLOCK + length > BLOCK);
        }
        let offset = self.builder.ins().band_imm_u(at.value, i64::from(BLOCK - 1));
        Err(self.builder.ins().icmp_imm_u(IntCC::UnsignedGreaterThan, offset, i64::from(BLOCK - length)))
    }

    fn leave_if_crosses(&mut self, at: Word, length: u32) -> Done {
        if length == 1 {
            return Ok(());
        }
        match self.crosses(at, length) {
            Ok(false) => Ok(()),
            Ok(true) => {
                let always = self.builder.ins().iconst(types::I8, 1);
                self.leave_if(always)
            }
            Err(crosses) => self.leave_if(crosses),
        }
    }

    /// The test that an access usually passes: the flags of the entry are zero and the operand is on its boundary. Goes on
    /// in the first block if it does not, which is then current; the second one is where things come together again.
    fn usual(&mut self, entry: Value, flags: i64, at: Word, length: u32) -> Block {
        let is_natural = matches!(length, 1 | 2 | 4 | 8);
        let mut unusual = self.builder.ins().band_imm_u(entry, flags);
        match at.known {
            Some(known) if !is_natural || !known.is_multiple_of(length) => {
                // Looked at in any case.
                if known % BLOCK + length > BLOCK {
                    unusual = self.builder.ins().iconst(types::I64, 1);
                }
            }
            Some(_) => {}
            None if length == 1 => {}
            None if is_natural => {
                let wide = self.builder.ins().uextend(types::I64, at.whole.unwrap_or(at.value));
                let odd = self.builder.ins().band_imm_u(wide, i64::from(length) - 1);
                unusual = self.builder.ins().bor(unusual, odd);
            }
            None => {
                let end = self.builder.ins().band_imm_u(at.whole.unwrap_or(at.value), i64::from(BLOCK - 1));
                let beyond = self.builder.ins().icmp_imm_u(IntCC::UnsignedGreaterThan, end, i64::from(BLOCK - length));
                let beyond = self.builder.ins().uextend(types::I64, beyond);
                unusual = self.builder.ins().bor(unusual, beyond);
            }
        }
        let (rare, on) = (self.builder.create_block(), self.builder.create_block());
        self.builder.ins().brif(unusual, rare, &[], on, &[]);
        self.builder.seal_block(rare);
        self.builder.set_cold_block(rare);
        self.builder.switch_to_block(rare);
        on
    }

    fn come_together(&mut self, on: Block) {
        self.builder.ins().jump(on, &[]);
        self.builder.seal_block(on);
        self.builder.switch_to_block(on);
    }

    /// Leaves if a halfword of the run at a host address is marked as decoded.
    fn leave_if_marked(&mut self, place: Value, length: u32) -> Done {
        let base = self.long(self.surroundings.storage as u64);
        let absolute = self.builder.ins().isub(place, base);
        // Two bytes a bit: the byte of marks, and the bit in it. Eight bytes from there on are enough for the run.
        let byte = self.builder.ins().ushr_imm_u(absolute, 4);
        let marks = self.long(self.surroundings.marks as u64);
        let byte = self.builder.ins().iadd(marks, byte);
        let word = self.builder.ins().load(types::I64, plain(), byte, 0);
        let halfword = self.builder.ins().ushr_imm_u(absolute, 1);
        let bit = self.builder.ins().band_imm_u(halfword, 7);
        let marked = self.builder.ins().ushr(word, bit);
        let covered = if length % 2 == 1 {
            self.long((1 << length.div_ceil(2)) - 1)
        } else {
            // An operand at an odd address touches one more.
            let odd = self.builder.ins().band_imm_u(absolute, 1);
            let more = self.builder.ins().ishl_imm_u(odd, i64::from(length / 2));
            let even = self.long((1 << (length / 2)) - 1);
            self.builder.ins().bor(more, even)
        };
        let hit = self.builder.ins().band(marked, covered);
        let hit = self.builder.ins().icmp_imm_u(IntCC::NotEqual, hit, 0);
        self.leave_if(hit)
    }

    fn signature(&mut self, parameters: &[Type], results: &[Type]) -> SigRef {
        let mut signature = Signature::new(self.builder.func.signature.call_conv);
        signature.params.extend(parameters.iter().map(|parameter| AbiParam::new(*parameter)));
        signature.returns.extend(results.iter().map(|result| AbiParam::new(*result)));
        self.builder.import_signature(signature)
    }

    fn call(&mut self, function: usize, arguments: &[Value], results: &[Type]) -> Vec<Value> {
        let types: Vec<Type> = arguments.iter().map(|argument| self.builder.func.dfg.value_type(*argument)).collect();
        let signature = self.signature(&types, results);
        let function = self.long(function as u64);
        let call = self.builder.ins().call_indirect(signature, function, arguments);
        self.builder.inst_results(call).to_vec()
    }

    /// Loads a big-endian value.
    fn load(&mut self, place: Value, offset: u32, size: u32) -> Value {
        let offset = offset as i32;
        match size {
            1 => self.builder.ins().uload8(types::I32, plain(), place, offset),
            2 => {
                let half = self.builder.ins().load(types::I16, plain(), place, offset);
                let half = self.builder.ins().bswap(half);
                self.builder.ins().uextend(types::I32, half)
            }
            4 => {
                let word = self.builder.ins().load(types::I32, plain(), place, offset);
                self.builder.ins().bswap(word)
            }
            _ => {
                let long = self.builder.ins().load(types::I64, plain(), place, offset);
                self.builder.ins().bswap(long)
            }
        }
    }
}

impl Word {
    /// Its name.
    pub fn value(self) -> Value {
        self.value
    }

    /// Its rightmost 24 bits, where they are known.
    pub fn known(self) -> Option<u32> {
        self.known
    }
}

fn unknown(value: Value) -> Word {
    Word { value, known: None, whole: None }
}

impl Algebra for Emit<'_, '_> {
    type Word = Word;
    type Long = Value;
    type Truth = Value;
    type Place = Value;

    fn word(&mut self, value: u32) -> Word {
        let known = Some(value & ADDRESS);
        Word { value: self.builder.ins().iconst(types::I32, i64::from(value)), known, whole: None }
    }

    fn long(&mut self, value: u64) -> Value {
        self.builder.ins().iconst(types::I64, value as i64)
    }

    fn gr(&mut self, n: u8) -> Word {
        let n = usize::from(n);
        let value = match self.picture.gr[n] {
            Some(value) => value,
            None => self.builder.use_var(self.variables.gr[n]),
        };
        Word { value, known: self.known[n], whole: None }
    }

    fn set_gr(&mut self, n: u8, word: Word) {
        self.picture.dirty = self.picture.dirty.and(Registers::general(n));
        self.picture.gr[usize::from(n)] = Some(word.value);
        self.known[usize::from(n)] = word.known;
    }

    fn fpr(&mut self, n: u8) -> Value {
        let n = usize::from(n);
        match self.picture.fpr[n] {
            Some(value) => value,
            None => self.builder.use_var(self.variables.fpr[n]),
        }
    }

    fn set_fpr(&mut self, n: u8, value: Value) {
        self.picture.dirty = self.picture.dirty.and(Registers::floating(n));
        self.picture.fpr[usize::from(n)] = Some(value);
    }

    fn condition(&mut self) -> Condition<Word, Value> {
        self.condition_words()
    }

    fn set_condition(&mut self, condition: Condition<Word, Value>) {
        self.picture.dirty = self.picture.dirty.and(Registers::CONDITION);
        self.picture.condition = match condition {
            Condition::Constant(code) => Condition::Constant(code),
            Condition::Signed(word) => Condition::Signed(word.value),
            Condition::Logical(word) => Condition::Logical(word.value),
            Condition::Compare(a, b) => Condition::Compare(a.value, b.value),
            Condition::CompareLogical(a, b) => Condition::CompareLogical(a.value, b.value),
            Condition::CompareLogicalLong(a, b) => Condition::CompareLogicalLong(a, b),
            Condition::Lazy(lazy) => Condition::Lazy(lazy),
        };
    }

    fn program_mask(&self) -> u8 {
        self.program_mask
    }

    fn combine(&mut self, operation: Operation, a: Word, b: Word) -> Word {
        let known = fold(operation, a.known, b.known);
        Word { value: self.combine_long(operation, a.value, b.value), known, whole: None }
    }

    fn combine_long(&mut self, operation: Operation, a: Value, b: Value) -> Value {
        let ins = self.builder.ins();
        match operation {
            Operation::Add => ins.iadd(a, b),
            Operation::Subtract => ins.isub(a, b),
            Operation::Multiply => ins.imul(a, b),
            Operation::And => ins.band(a, b),
            Operation::Or => ins.bor(a, b),
            Operation::Xor => ins.bxor(a, b),
            Operation::ShiftLeft => ins.ishl(a, b),
            Operation::ShiftRight => ins.ushr(a, b),
            Operation::ShiftRightSigned => ins.sshr(a, b),
        }
    }

    fn compare(&mut self, order: Order, a: Word, b: Word) -> Value {
        self.builder.ins().icmp(order_code(order), a.value, b.value)
    }

    fn compare_long(&mut self, order: Order, a: Value, b: Value) -> Value {
        self.builder.ins().icmp(order_code(order), a, b)
    }

    fn select(&mut self, truth: Value, a: Word, b: Word) -> Word {
        let known = a.known.filter(|_| a.known == b.known);
        Word { value: self.builder.ins().select(truth, a.value, b.value), known, whole: None }
    }

    fn select_long(&mut self, truth: Value, a: Value, b: Value) -> Value {
        self.builder.ins().select(truth, a, b)
    }

    fn signed(&mut self, value: Word) -> Value {
        self.builder.ins().sextend(types::I64, value.value)
    }

    fn unsigned(&mut self, value: Word) -> Value {
        self.builder.ins().uextend(types::I64, value.value)
    }

    fn low(&mut self, value: Value) -> Word {
        unknown(self.builder.ins().ireduce(types::I32, value))
    }

    fn divide(&mut self, dividend: Value, divisor: Value) -> (Value, Value) {
        let quotient = self.builder.ins().sdiv(dividend, divisor);
        let product = self.builder.ins().imul(quotient, divisor);
        (quotient, self.builder.ins().isub(dividend, product))
    }

    fn zeros(&mut self, value: Value) -> Value {
        self.builder.ins().clz(value)
    }

    fn multiply_high(&mut self, a: Value, b: Value) -> Value {
        self.builder.ins().umulhi(a, b)
    }

    fn address(&mut self, word: Word) -> Word {
        match word.known {
            Some(known) => self.word(known),
            None => {
                let value = self.builder.ins().band_imm_u(word.value, i64::from(ADDRESS));
                Word { value, known: None, whole: Some(word.value) }
            }
        }
    }

    fn leave_if(&mut self, truth: Value) -> Done {
        let away = self.leaving();
        self.unless(truth, away);
        Ok(())
    }

    fn fetchable(&mut self, at: Word, length: u32) -> Done<Value> {
        let entry = self.entry(self.fetch, at);
        let on = self.usual(entry, INVALID as i64, at, length);
        let invalid = self.builder.ins().band_imm_u(entry, INVALID as i64);
        self.leave_if(invalid)?;
        self.leave_if_crosses(at, length)?;
        self.come_together(on);
        let offset = self.unsigned(at);
        Ok(self.builder.ins().iadd(entry, offset))
    }

    fn storable(&mut self, at: Word, length: u32) -> Done<Value> {
        let entry = self.entry(self.store, at);
        let offset = self.unsigned(at);
        let plain = self.builder.ins().band_imm_s(entry, !(HAS_CODE as i64));
        let place = self.builder.ins().iadd(plain, offset);
        let on = self.usual(entry, (INVALID | HAS_CODE) as i64, at, length);
        let invalid = self.builder.ins().band_imm_u(entry, INVALID as i64);
        self.leave_if(invalid)?;
        self.leave_if_crosses(at, length)?;
        let has_code = self.builder.ins().band_imm_u(entry, HAS_CODE as i64);
        if length > LONGEST_MARKED {
            self.leave_if(has_code)?;
        } else {
            let looked = self.builder.create_block();
            self.builder.ins().brif(has_code, looked, &[], on, &[]);
            self.builder.seal_block(looked);
            self.builder.switch_to_block(looked);
            self.leave_if_marked(place, length)?;
        }
        self.come_together(on);
        Ok(place)
    }

    fn get(&mut self, place: Value, offset: u32, length: u32) -> Word {
        unknown(self.load(place, offset, length))
    }

    fn get_long(&mut self, place: Value, offset: u32) -> Value {
        self.load(place, offset, 8)
    }

    fn put(&mut self, place: Value, offset: u32, length: u32, value: Word) {
        let offset = offset as i32;
        match length {
            1 => {
                self.builder.ins().istore8(plain(), value.value, place, offset);
            }
            2 => {
                let half = self.builder.ins().ireduce(types::I16, value.value);
                let half = self.builder.ins().bswap(half);
                self.builder.ins().store(plain(), half, place, offset);
            }
            _ => {
                let word = self.builder.ins().bswap(value.value);
                self.builder.ins().store(plain(), word, place, offset);
            }
        }
    }

    fn put_long(&mut self, place: Value, offset: u32, value: Value) {
        let long = self.builder.ins().bswap(value);
        self.builder.ins().store(plain(), long, place, offset as i32);
    }

    fn distance(&mut self, to: Value, from: Value) -> Value {
        self.builder.ins().isub(to, from)
    }

    fn copy(&mut self, to: Value, from: Value, length: u32) {
        if length > LONGEST_MOVE {
            let length = self.long(length.into());
            self.call(entry::copy_function(), &[to, from, length], &[]);
            return;
        }
        // To be moved a byte at a time if the destination begins inside the source.
        let (bytewise, at_once, on) =
            (self.builder.create_block(), self.builder.create_block(), self.builder.create_block());
        if length > 1 {
            let distance = self.builder.ins().isub(to, from);
            let before = self.builder.ins().iadd_imm_s(distance, -1);
            let overlaps = self.builder.ins().icmp_imm_u(IntCC::UnsignedLessThan, before, i64::from(length) - 1);
            self.builder.ins().brif(overlaps, bytewise, &[], at_once, &[]);
            self.builder.seal_block(bytewise);
            self.builder.seal_block(at_once);
            self.builder.set_cold_block(bytewise);
            self.builder.switch_to_block(bytewise);
            let count = self.long(length.into());
            self.call(entry::copy_function(), &[to, from, count], &[]);
            self.builder.ins().jump(on, &[]);
            self.builder.switch_to_block(at_once);
        }
        let kind = |size| match size {
            8 => types::I64,
            4 => types::I32,
            2 => types::I16,
            _ => types::I8,
        };
        let moved: Vec<(u32, Value)> = pieces(length)
            .map(|(offset, size)| (offset, self.builder.ins().load(kind(size), plain(), from, offset as i32)))
            .collect();
        for (offset, value) in moved {
            self.builder.ins().store(plain(), value, to, offset as i32);
        }
        if length > 1 {
            self.come_together(on);
        }
    }

    fn compare_runs(&mut self, a: Value, b: Value, length: u32) -> Value {
        let length = self.long(length.into());
        self.call(entry::compare_function(), &[a, b, length], &[types::I64])[0]
    }

    fn either(
        &mut self,
        truth: Value,
        is_usual: bool,
        then: impl FnOnce(&mut Self) -> Done<(Value, Value)>,
        otherwise: impl FnOnce(&mut Self) -> Done<(Value, Value)>,
    ) -> Done<(Value, Value)> {
        let [first, second, on] = [(); 3].map(|()| self.builder.create_block());
        self.builder.ins().brif(truth, first, &[], second, &[]);
        self.builder.seal_block(first);
        self.builder.seal_block(second);
        if is_usual {
            self.builder.set_cold_block(second);
        }
        self.builder.switch_to_block(first);
        let (a, b) = then(self)?;
        self.builder.ins().jump(on, &[a.into(), b.into()]);
        self.builder.switch_to_block(second);
        let (a, b) = otherwise(self)?;
        self.builder.ins().jump(on, &[a.into(), b.into()]);
        self.builder.seal_block(on);
        self.builder.switch_to_block(on);
        let a = self.builder.append_block_param(on, types::I64);
        let b = self.builder.append_block_param(on, types::I64);
        Ok((a, b))
    }

    fn function(&mut self, function: Function, a: Value, b: Value) -> Done<(Value, Value)> {
        let mask = self.long(self.program_mask.into());
        let results = self.call(entry::float_function(function), &[a, b, mask], &[types::I64, types::I64]);
        let exception = self.builder.ins().icmp_imm_s(IntCC::Equal, results[1], i64::MIN);
        self.leave_if(exception)?;
        Ok((results[0], results[1]))
    }
}
