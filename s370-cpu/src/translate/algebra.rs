//! What the definitions of simple instructions are written in: operations on values that are machine words to one engine
//! and names of future machine words to another.

/// This instruction is not for whoever executes these definitions: nothing has been changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leave;

/// How a part of an instruction ends.
pub type Done<T = ()> = Result<T, Leave>;

/// An operation on two values of the same width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// The sum, without carry.
    Add,
    /// The difference, without borrow.
    Subtract,
    /// The right half of the product.
    Multiply,
    /// AND.
    And,
    /// OR.
    Or,
    /// EXCLUSIVE OR.
    Xor,
    /// Shift to the left; the amount is less than the width.
    ShiftLeft,
    /// Shift to the right, zeros in front; the amount is less than the width.
    ShiftRight,
    /// Shift to the right, signs in front; the amount is less than the width.
    ShiftRightSigned,
}

/// A comparison. "Less" is signed, "below" is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Order {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Below,
    BelowOrEqual,
    Above,
    AboveOrEqual,
}

/// Where a condition code comes from. The lazy form is that of [`LazyCode`](crate::fast::code::LazyCode).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition<Word, Long> {
    /// A condition code that is known.
    Constant(u8),
    /// Of a signed result without overflow.
    Signed(Word),
    /// 0 when zero, else 1.
    Logical(Word),
    /// Of a signed comparison.
    Compare(Word, Word),
    /// Of a comparison without sign.
    CompareLogical(Word, Word),
    /// The same of doublewords.
    CompareLogicalLong(Long, Long),
    /// In its lazy form.
    Lazy(Long),
}

/// Whether a branch is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice<Truth> {
    /// Not at all.
    Never,
    /// In any case.
    Always,
    /// If that is so.
    If(Truth),
}

/// Where to go on after an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next<Word, Truth> {
    /// With the instruction behind it.
    Sequential,
    /// At this address (24 bits), if the branch is taken.
    Branch(Choice<Truth>, Word),
}

/// Functions on floating-point operands that are too long to be spelled out in operations. Each takes two images (short
/// ones are right-aligned) and gives an image and its condition code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Function {
    AddShort,
    AddLong,
    SubtractShort,
    SubtractLong,
    MultiplyShort,
    MultiplyLong,
    DivideShort,
    DivideLong,
    HalveShort,
    HalveLong,
    CompareShort,
    CompareLong,
}

/// Values and what can be done with them.
pub trait Algebra {
    /// A value of 32 bits.
    type Word: Copy;
    /// A value of 64 bits.
    type Long: Copy;
    /// Something that is so or not.
    type Truth: Copy;
    /// A place in storage that may be accessed.
    type Place: Copy;

    /// A constant.
    fn word(&mut self, value: u32) -> Self::Word;
    /// A constant.
    fn long(&mut self, value: u64) -> Self::Long;
    /// General register `n`, 0-15.
    fn gr(&mut self, n: u8) -> Self::Word;
    /// Changes general register `n`.
    fn set_gr(&mut self, n: u8, value: Self::Word);
    /// Floating-point register `2 * n`.
    fn fpr(&mut self, n: u8) -> Self::Long;
    /// Changes floating-point register `2 * n`.
    fn set_fpr(&mut self, n: u8, value: Self::Long);
    /// The condition code.
    fn condition(&mut self) -> Condition<Self::Word, Self::Long>;
    /// Changes the condition code.
    fn set_condition(&mut self, condition: Condition<Self::Word, Self::Long>);
    /// The program mask.
    fn program_mask(&self) -> u8;

    /// An operation on words.
    fn combine(&mut self, operation: Operation, a: Self::Word, b: Self::Word) -> Self::Word;
    /// An operation on doublewords.
    fn combine_long(&mut self, operation: Operation, a: Self::Long, b: Self::Long) -> Self::Long;
    /// A comparison of words.
    fn compare(&mut self, order: Order, a: Self::Word, b: Self::Word) -> Self::Truth;
    /// A comparison of doublewords.
    fn compare_long(&mut self, order: Order, a: Self::Long, b: Self::Long) -> Self::Truth;
    /// The first value if something is so, else the second.
    fn select(&mut self, truth: Self::Truth, a: Self::Word, b: Self::Word) -> Self::Word;
    /// The first value if something is so, else the second.
    fn select_long(&mut self, truth: Self::Truth, a: Self::Long, b: Self::Long) -> Self::Long;
    /// With signs in front.
    fn signed(&mut self, value: Self::Word) -> Self::Long;
    /// With zeros in front.
    fn unsigned(&mut self, value: Self::Word) -> Self::Long;
    /// The right half.
    fn low(&mut self, value: Self::Long) -> Self::Word;
    /// Quotient and remainder of a signed division that has them.
    fn divide(&mut self, dividend: Self::Long, divisor: Self::Long) -> (Self::Long, Self::Long);
    /// Leading zeros of a doubleword, 64 if it is zero.
    fn zeros(&mut self, value: Self::Long) -> Self::Long;
    /// The left half of the product without sign.
    fn multiply_high(&mut self, a: Self::Long, b: Self::Long) -> Self::Long;
    /// The address (24 bits) in a value.
    fn address(&mut self, value: Self::Word) -> Self::Word;

    /// Leaves before the instruction if something is so.
    fn leave_if(&mut self, truth: Self::Truth) -> Done;
    /// The place of an operand to be fetched: a run of bytes inside a block. A length of 2, 4 or 8 is mostly aligned.
    fn fetchable(&mut self, at: Self::Word, length: u32) -> Done<Self::Place>;
    /// The place of an operand to be stored: a run of bytes inside a block, none of which is decoded.
    fn storable(&mut self, at: Self::Word, length: u32) -> Done<Self::Place>;
    /// 1, 2 or 4 bytes from `offset` on, zeros in front. Up to 8 bytes behind the operand may be looked at.
    fn get(&mut self, place: Self::Place, offset: u32, length: u32) -> Self::Word;
    /// 8 bytes from `offset` on.
    fn get_long(&mut self, place: Self::Place, offset: u32) -> Self::Long;
    /// Stores the rightmost 1, 2 or 4 bytes.
    fn put(&mut self, place: Self::Place, offset: u32, length: u32, value: Self::Word);
    /// Stores 8 bytes.
    fn put_long(&mut self, place: Self::Place, offset: u32, value: Self::Long);
    /// How far right of `from` the place `to` is, modulo 2^64.
    fn distance(&mut self, to: Self::Place, from: Self::Place) -> Self::Long;
    /// Moves bytes as MOVE (MVC) does.
    fn copy(&mut self, to: Self::Place, from: Self::Place, length: u32);
    /// Compares bytes without sign: the lazy condition code.
    fn compare_runs(&mut self, a: Self::Place, b: Self::Place, length: u32) -> Self::Long;
    /// What is done if something is so, or, rarely or not, if not. Neither part may change registers.
    fn either(
        &mut self,
        truth: Self::Truth,
        is_usual: bool,
        then: impl FnOnce(&mut Self) -> Done<(Self::Long, Self::Long)>,
        otherwise: impl FnOnce(&mut Self) -> Done<(Self::Long, Self::Long)>,
    ) -> Done<(Self::Long, Self::Long)>;
    /// A floating-point function: the image, and a lazy condition code. Leaves where there is an exception.
    fn function(&mut self, function: Function, a: Self::Long, b: Self::Long) -> Done<(Self::Long, Self::Long)>;

    /// The condition code in its lazy form.
    fn lazy(&mut self, condition: Condition<Self::Word, Self::Long>) -> Self::Long {
        match condition {
            Condition::Constant(code) => self.long(crate::fast::code::LazyCode::of(code).0 as u64),
            Condition::Signed(word) => self.signed(word),
            Condition::Logical(word) => {
                let (zero, word) = (self.long(0), self.unsigned(word));
                self.combine_long(Operation::Subtract, zero, word)
            }
            Condition::Compare(a, b) => {
                let (a, b) = (self.signed(a), self.signed(b));
                self.combine_long(Operation::Subtract, a, b)
            }
            Condition::CompareLogical(a, b) => {
                let (a, b) = (self.unsigned(a), self.unsigned(b));
                self.combine_long(Operation::Subtract, a, b)
            }
            Condition::CompareLogicalLong(a, b) => {
                let (below, above) = (self.compare_long(Order::Below, a, b), self.compare_long(Order::Above, a, b));
                let (low, high, zero) = (self.long(u64::MAX), self.long(1), self.long(0));
                let rest = self.select_long(above, high, zero);
                self.select_long(below, low, rest)
            }
            Condition::Lazy(lazy) => lazy,
        }
    }

    /// Whether a branch with this mask (0-15) is taken.
    fn selects(&mut self, condition: Condition<Self::Word, Self::Long>, mask: u8) -> Choice<Self::Truth> {
        if mask == 0 || mask == 15 {
            return if mask == 0 { Choice::Never } else { Choice::Always };
        }
        match condition {
            Condition::Constant(code) => {
                if mask & 8 >> code != 0 {
                    Choice::Always
                } else {
                    Choice::Never
                }
            }
            Condition::Signed(word) => {
                let zero = self.word(0);
                self.selects(Condition::Compare(word, zero), mask)
            }
            Condition::Logical(word) => {
                let zero = self.word(0);
                match mask & 12 {
                    0 => Choice::Never,
                    12 => Choice::Always,
                    8 => Choice::If(self.compare(Order::Equal, word, zero)),
                    _ => Choice::If(self.compare(Order::NotEqual, word, zero)),
                }
            }
            Condition::Compare(a, b) => relation(mask, true).map(|order| self.compare(order, a, b)),
            Condition::CompareLogical(a, b) => relation(mask, false).map(|order| self.compare(order, a, b)),
            Condition::CompareLogicalLong(a, b) => relation(mask, false).map(|order| self.compare_long(order, a, b)),
            Condition::Lazy(lazy) => Choice::If(self.lazy_selects(lazy, mask)),
        }
    }

    /// [`Algebra::selects`] of a lazy condition code and a mask of 1-14.
    fn lazy_selects(&mut self, lazy: Self::Long, mask: u8) -> Self::Truth {
        let (zero, three) = (self.long(0), self.long(i64::MAX as u64));
        match mask {
            8 => self.compare_long(Order::Equal, lazy, zero),
            7 => self.compare_long(Order::NotEqual, lazy, zero),
            4 => self.compare_long(Order::Less, lazy, zero),
            11 => self.compare_long(Order::GreaterOrEqual, lazy, zero),
            3 => self.compare_long(Order::Greater, lazy, zero),
            12 => self.compare_long(Order::LessOrEqual, lazy, zero),
            1 => self.compare_long(Order::Equal, lazy, three),
            14 => self.compare_long(Order::NotEqual, lazy, three),
            // Without sign, negative numbers come behind the greatest one.
            10 => self.compare_long(Order::Below, lazy, three),
            5 => self.compare_long(Order::AboveOrEqual, lazy, three),
            2 | 13 => {
                let (one, last) = (self.long(1), self.long(i64::MAX as u64 - 1));
                let less = self.combine_long(Operation::Subtract, lazy, one);
                self.compare_long(if mask == 2 { Order::Below } else { Order::AboveOrEqual }, less, last)
            }
            _ => {
                let (equal, ones) =
                    (self.compare_long(Order::Equal, lazy, zero), self.compare_long(Order::Equal, lazy, three));
                let (yes, no) = (self.word(1), self.word(0));
                let rest = self.select(ones, yes, no);
                let any = self.select(equal, yes, rest);
                self.compare(if mask == 9 { Order::NotEqual } else { Order::Equal }, any, no)
            }
        }
    }
}

impl<Truth> Choice<Truth> {
    fn map<Other>(self, with: impl FnOnce(Truth) -> Other) -> Choice<Other> {
        match self {
            Choice::Never => Choice::Never,
            Choice::Always => Choice::Always,
            Choice::If(truth) => Choice::If(with(truth)),
        }
    }
}

/// The relation of two operands that a mask selects.
fn relation(mask: u8, is_signed: bool) -> Choice<Order> {
    let either = |signed, unsigned| Choice::If(if is_signed { signed } else { unsigned });
    match mask & 14 {
        0 => Choice::Never,
        14 => Choice::Always,
        8 => Choice::If(Order::Equal),
        6 => Choice::If(Order::NotEqual),
        4 => either(Order::Less, Order::Below),
        2 => either(Order::Greater, Order::Above),
        12 => either(Order::LessOrEqual, Order::BelowOrEqual),
        _ => either(Order::GreaterOrEqual, Order::AboveOrEqual),
    }
}
