//! Conversion between the binary, packed and zoned formats, and MOVE WITH OFFSET (GA22-7000-10, chapter 7).

use s370_arch::{format::Instruction, interruption::ProgramCode};

use super::{Access, Interpreter, Operand, Outcome, Trap};
use crate::{decimal, storage::AbsoluteStorage};

impl<S: AbsoluteStorage> Interpreter<'_, S> {
    pub(super) fn cvd(&mut self, i: Instruction) -> Outcome {
        let packed = decimal::cvd(self.gr(i.r1()) as i32);
        self.store(self.address_rx(i), &packed.to_be_bytes())
    }

    pub(super) fn cvb(&mut self, i: Instruction) -> Outcome {
        let packed = self.fetch_u64(self.address_rx(i))?;
        let converted = decimal::cvb(packed)?;
        // A number that is too large is no reason not to complete: what fits of it is loaded.
        self.set_gr(i.r1(), converted.register);
        if converted.overflow { Err(ProgramCode::FIXED_DIVIDE.into()) } else { Ok(()) }
    }

    pub(super) fn pack(&mut self, i: Instruction) -> Outcome {
        self.convert(i, |_, zoned| decimal::pack(zoned), pack_in_turn)
    }

    pub(super) fn unpk(&mut self, i: Instruction) -> Outcome {
        self.convert(i, |_, packed| decimal::unpk(packed), unpack_in_turn)
    }

    pub(super) fn mvo(&mut self, i: Instruction) -> Outcome {
        self.convert(i, decimal::mvo, move_with_offset_in_turn)
    }

    /// An instruction that makes the first operand of the second: `whole` does it, given the first operand's rightmost
    /// byte and the second operand; or `in_turn`, byte by byte, where the operands overlap.
    fn convert(&mut self, i: Instruction, whole: fn(u8, u128) -> u128, in_turn: fn(&S, &Operand, &Operand)) -> Outcome {
        let (length1, length2) = lengths(i);
        let second = self.resolve(self.address2(i), length2, Access::Fetch)?;
        let first = self.resolve(self.address1(i), length1, Access::Store)?;
        if first.overlaps(&second) {
            in_turn(self.storage, &first, &second);
            return Ok(());
        }
        let field = whole(self.storage.u8(first.rightmost()), self.field(&second));
        let mut bytes = [0; 16];
        let bytes = &mut bytes[..length1 as usize];
        decimal::store(field, bytes);
        first.write(self.storage, bytes);
        Ok(())
    }

    /// The field of an operand of at most 16 bytes.
    pub(super) fn field(&self, operand: &Operand) -> u128 {
        let mut bytes = [0; 16];
        let bytes = &mut bytes[..operand.length() as usize];
        operand.read(self.storage, bytes);
        decimal::load(bytes)
    }
}

/// The lengths in bytes of the two operands of an SS instruction that has two.
pub(super) fn lengths(i: Instruction) -> (u32, u32) {
    (i.r1() as u32 + 1, i.r2() as u32 + 1)
}

/// An invalid sign suppresses, an invalid digit terminates the operation; here nothing has been changed in either case.
impl From<decimal::DataException> for Trap {
    fn from(_: decimal::DataException) -> Trap {
        ProgramCode::DATA.into()
    }
}

/// PACK, each byte stored as soon as the one or two bytes that it is made of have been fetched.
fn pack_in_turn(storage: &impl AbsoluteStorage, first: &Operand, second: &Operand) {
    let mut zoned = (0..second.length() - 1).rev();
    let mut digit = || zoned.next().map_or(0, |n| second.u8(storage, n) & 0x0F);
    storage.store_u8(first.rightmost(), storage.u8(second.rightmost()).rotate_left(4));
    for n in (0..first.length() - 1).rev() {
        let right = digit();
        first.set_u8(storage, n, digit() << 4 | right);
    }
}

/// UNPACK, each byte stored as soon as its digit has been fetched. The left digit of a byte comes from the same fetch as
/// the right one.
fn unpack_in_turn(storage: &impl AbsoluteStorage, first: &Operand, second: &Operand) {
    let mut packed = (0..second.length() - 1).rev();
    let mut left_digit = None;
    let mut digit = || {
        left_digit.take().unwrap_or_else(|| {
            let byte = packed.next().map_or(0, |n| second.u8(storage, n));
            left_digit = Some(byte >> 4);
            byte & 0x0F
        })
    };
    storage.store_u8(first.rightmost(), storage.u8(second.rightmost()).rotate_left(4));
    for n in (0..first.length() - 1).rev() {
        first.set_u8(storage, n, 0xF0 | digit());
    }
}

/// MOVE WITH OFFSET, each byte stored as soon as its right half has been fetched; the left half of a byte waits for the
/// next.
fn move_with_offset_in_turn(storage: &impl AbsoluteStorage, first: &Operand, second: &Operand) {
    let mut source = (0..second.length()).rev();
    let mut right = storage.u8(first.rightmost()) & 0x0F;
    for n in (0..first.length()).rev() {
        let byte = source.next().map_or(0, |n| second.u8(storage, n));
        first.set_u8(storage, n, byte << 4 | right);
        right = byte >> 4;
    }
}
