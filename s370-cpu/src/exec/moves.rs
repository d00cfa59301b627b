//! Storage-to-storage instructions: moves, logic, comparison, translation, MOVE LONG and COMPARE LOGICAL LONG
//! (GA22-7000-10, chapter 7).
//!
//! Overlapping operands are processed as the manual says: one byte at a time, left to right, each result stored before
//! the next byte is fetched.

use s370_arch::{format::Instruction, storage_key::BLOCK};

use super::{ADDRESS, Access, Interpreter, Operand, Outcome, Trap, even, logical::compare_code};
use crate::storage::AbsoluteStorage;

impl<S: AbsoluteStorage> Interpreter<'_, S> {
    /// The operands of an SS instruction with one length: the first to be stored into, the second fetched.
    pub(super) fn storage_operands(&mut self, i: Instruction) -> Result<(Operand, Operand), Trap> {
        let length = u32::from(i.i()) + 1;
        let second = self.resolve(self.address2(i), length, Access::Fetch)?;
        let first = self.resolve(self.address1(i), length, Access::Store)?;
        Ok((first, second))
    }

    fn combine(&mut self, i: Instruction, operation: fn(u8, u8) -> u8) -> Result<u8, Trap> {
        let (first, second) = self.storage_operands(i)?;
        let mut any = 0;
        if !first.overlaps(&second) {
            let (mut a, mut b) = ([0; 256], [0; 256]);
            let (a, b) = (&mut a[..first.length() as usize], &mut b[..first.length() as usize]);
            first.read(self.storage, a);
            second.read(self.storage, b);
            for (a, &b) in a.iter_mut().zip(b.iter()) {
                *a = operation(*a, b);
                any |= *a;
            }
            first.write(self.storage, a);
            return Ok(any);
        }
        for n in 0..first.length() {
            let result = operation(first.u8(self.storage, n), second.u8(self.storage, n));
            first.set_u8(self.storage, n, result);
            any |= result;
        }
        Ok(any)
    }

    pub(super) fn mvc(&mut self, i: Instruction) -> Outcome {
        self.combine(i, |_, b| b).map(drop)
    }

    pub(super) fn mvn(&mut self, i: Instruction) -> Outcome {
        self.combine(i, |a, b| a & 0xF0 | b & 0x0F).map(drop)
    }

    pub(super) fn mvz(&mut self, i: Instruction) -> Outcome {
        self.combine(i, |a, b| a & 0x0F | b & 0xF0).map(drop)
    }

    pub(super) fn nc(&mut self, i: Instruction) -> Outcome {
        let any = self.combine(i, |a, b| a & b)?;
        self.set_cc(u8::from(any != 0));
        Ok(())
    }

    pub(super) fn oc(&mut self, i: Instruction) -> Outcome {
        let any = self.combine(i, |a, b| a | b)?;
        self.set_cc(u8::from(any != 0));
        Ok(())
    }

    pub(super) fn xc(&mut self, i: Instruction) -> Outcome {
        let any = self.combine(i, |a, b| a ^ b)?;
        self.set_cc(u8::from(any != 0));
        Ok(())
    }

    /// MOVE INVERSE: the second operand's address is that of its rightmost byte.
    pub(super) fn mvcin(&mut self, i: Instruction) -> Outcome {
        let length = u32::from(i.i()) + 1;
        let leftmost = self.address2(i).wrapping_sub(length - 1) & ADDRESS;
        let second = self.resolve(leftmost, length, Access::Fetch)?;
        let first = self.resolve(self.address1(i), length, Access::Store)?;
        for n in 0..length {
            first.set_u8(self.storage, n, second.u8(self.storage, length - 1 - n));
        }
        Ok(())
    }

    pub(super) fn clc(&mut self, i: Instruction) -> Outcome {
        let length = u32::from(i.i()) + 1;
        let first = self.resolve(self.address1(i), length, Access::Fetch)?;
        let second = self.resolve(self.address2(i), length, Access::Fetch)?;
        let (mut a, mut b) = ([0; 256], [0; 256]);
        first.read(self.storage, &mut a[..length as usize]);
        second.read(self.storage, &mut b[..length as usize]);
        self.set_cc(compare_code(&a[..length as usize], &b[..length as usize]));
        Ok(())
    }

    pub(super) fn tr(&mut self, i: Instruction) -> Outcome {
        let first = self.resolve(self.address1(i), u32::from(i.i()) + 1, Access::Store)?;
        let table = self.address2(i);
        // Only table entries that are used may cause access exceptions, and all must be known to be accessible before
        // anything is stored; with a table in one block the first entry tells for all.
        let entries = self.table_entries(table, &first)?;
        for (n, entry) in entries[..first.length() as usize].iter().enumerate() {
            first.set_u8(self.storage, n as u32, self.storage.u8(*entry));
        }
        Ok(())
    }

    /// Absolute addresses of the bytes that the argument bytes select in a translation table. Where the table overlaps
    /// the operand, function bytes must be fetched in turn; an argument byte is changed by nothing but its own turn.
    fn table_entries(&mut self, table: u32, arguments: &Operand) -> Result<[u32; 256], Trap> {
        let mut entries = [0; 256];
        for n in 0..arguments.length() {
            let at = table.wrapping_add(u32::from(arguments.u8(self.storage, n))) & ADDRESS;
            entries[n as usize] = self.resolve(at, 1, Access::Fetch)?.at(0);
        }
        Ok(entries)
    }

    pub(super) fn trt(&mut self, i: Instruction) -> Outcome {
        let at = self.address1(i);
        let length = u32::from(i.i()) + 1;
        let table = self.address2(i);
        for n in 0..length {
            let argument = self.fetch_u8(at.wrapping_add(n) & ADDRESS)?;
            let function = self.fetch_u8(table.wrapping_add(u32::from(argument)) & ADDRESS)?;
            if function != 0 {
                self.set_gr(1, self.gr(1) & !ADDRESS | at.wrapping_add(n) & ADDRESS);
                self.set_gr(2, self.gr(2) & !0xFF | u32::from(function));
                self.set_cc(if n + 1 == length { 2 } else { 1 });
                return Ok(());
            }
        }
        self.set_cc(0);
        Ok(())
    }

    /// Whether an interruptible instruction is to let an interruption in before its next unit of operation.
    fn is_interrupted(&self) -> bool {
        self.bus.asks_for(self.state.psw.io_channels(self.state.cr[2]))
    }

    /// Ends a unit of operation that is not the last: the instruction will be executed again.
    fn interrupted(&mut self) -> Outcome {
        self.state.psw.address = self.instruction_address;
        Ok(())
    }

    /// MOVE LONG. A unit of operation ends where either operand crosses a 2K boundary.
    pub(super) fn mvcl(&mut self, i: Instruction) -> Outcome {
        let (r1, r2) = (i.r1(), i.r2());
        even(r1)?;
        even(r2)?;
        let (length1, length2) = (self.gr(r1 + 1) & ADDRESS, self.gr(r2 + 1) & ADDRESS);
        let cc = compare_code(&length1, &length2);
        if destructive_overlap(self.gr(r1) & ADDRESS, length1, self.gr(r2) & ADDRESS, length2) {
            // The operands are not even referred to.
            self.normalize_address(r1);
            self.normalize_address(r2);
            self.set_cc(3);
            return Ok(());
        }
        loop {
            let (to, left) = (self.gr(r1) & ADDRESS, self.gr(r1 + 1) & ADDRESS);
            let (from, from_left) = (self.gr(r2) & ADDRESS, self.gr(r2 + 1) & ADDRESS);
            if left == 0 {
                break;
            }
            let mut unit = left.min(BLOCK - to % BLOCK);
            if from_left != 0 {
                unit = unit.min(from_left).min(BLOCK - from % BLOCK);
                self.move_unit(to, from, unit)?;
            } else {
                let pad = [(self.gr(r2 + 1) >> 24) as u8; BLOCK as usize];
                self.resolve(to, unit, Access::Store)?.write(self.storage, &pad[..unit as usize]);
            }
            self.advance(r1, unit);
            if r2 != r1 {
                self.advance(r2, unit.min(from_left));
            }
            self.complete_unit();
            if left > unit && self.is_interrupted() {
                return self.interrupted();
            }
        }
        self.normalize_address(r1);
        self.normalize_address(r2);
        self.set_cc(cc);
        Ok(())
    }

    fn move_unit(&mut self, to: u32, from: u32, unit: u32) -> Outcome {
        let source = self.resolve(from, unit, Access::Fetch)?;
        let target = self.resolve(to, unit, Access::Store)?;
        let mut bytes = [0; BLOCK as usize];
        let bytes = &mut bytes[..unit as usize];
        source.read(self.storage, bytes);
        target.write(self.storage, bytes);
        Ok(())
    }

    /// Moves the operand that register pair `r` describes on by `count` bytes.
    fn advance(&mut self, r: usize, count: u32) {
        self.set_gr(r, self.gr(r).wrapping_add(count) & ADDRESS);
        let length = self.gr(r + 1);
        self.set_gr(r + 1, length & !ADDRESS | ((length & ADDRESS) - count));
    }

    /// MVCL and CLCL leave zeros in bits 0-7 of the address registers, even where nothing is processed.
    fn normalize_address(&mut self, r: usize) {
        self.set_gr(r, self.gr(r) & ADDRESS);
    }

    /// COMPARE LOGICAL LONG, in units as MOVE LONG.
    pub(super) fn clcl(&mut self, i: Instruction) -> Outcome {
        let (r1, r2) = (i.r1(), i.r2());
        even(r1)?;
        even(r2)?;
        let pad = (self.gr(r2 + 1) >> 24) as u8;
        loop {
            let left = [self.gr(r1 + 1) & ADDRESS, self.gr(r2 + 1) & ADDRESS];
            if left == [0, 0] {
                self.set_cc(0);
                break;
            }
            let mut unit = BLOCK;
            for (r, left) in [r1, r2].into_iter().zip(left) {
                if left != 0 {
                    unit = unit.min(left).min(BLOCK - (self.gr(r) & ADDRESS) % BLOCK);
                }
            }
            let (mut a, mut b) = ([pad; BLOCK as usize], [pad; BLOCK as usize]);
            self.fetch_unit(r1, left[0], &mut a[..unit as usize])?;
            self.fetch_unit(r2, left[1], &mut b[..unit as usize])?;
            let (a, b) = (&a[..unit as usize], &b[..unit as usize]);
            let equal = if a == b { unit } else { a.iter().zip(b).take_while(|(a, b)| a == b).count() as u32 };
            self.advance(r1, equal.min(left[0]));
            if r2 != r1 {
                self.advance(r2, equal.min(left[1]));
            }
            if equal < unit {
                self.set_cc(compare_code(&a[equal as usize], &b[equal as usize]));
                break;
            }
            self.complete_unit();
            if left.iter().any(|&left| left > unit) && self.is_interrupted() {
                return self.interrupted();
            }
        }
        self.normalize_address(r1);
        self.normalize_address(r2);
        Ok(())
    }

    fn fetch_unit(&mut self, r: usize, left: u32, into: &mut [u8]) -> Outcome {
        if left != 0 {
            self.resolve(self.gr(r) & ADDRESS, into.len() as u32, Access::Fetch)?.read(self.storage, into);
        }
        Ok(())
    }
}

/// Whether MOVE LONG would use a byte as source after it was used as destination. Operands wrap at 16M.
fn destructive_overlap(to: u32, length1: u32, from: u32, length2: u32) -> bool {
    let moved = length1.min(length2);
    let distance = to.wrapping_sub(from) & ADDRESS;
    distance != 0 && distance < moved
}
