//! AND, OR, EXCLUSIVE OR, logical comparison, bytes under a mask, TEST AND SET (GA22-7000-10, chapter 7).

use s370_arch::format::Instruction;

use super::{Access, Interpreter, Outcome, Trap};
use crate::storage::AbsoluteStorage;

/// Condition code of a logical comparison: 0 equal, 1 first operand low, 2 first operand high.
pub(super) fn compare_code<T: Ord + ?Sized>(a: &T, b: &T) -> u8 {
    match a.cmp(b) {
        std::cmp::Ordering::Equal => 0,
        std::cmp::Ordering::Less => 1,
        std::cmp::Ordering::Greater => 2,
    }
}

/// The bytes of a register that a mask selects, as shifts from the right, leftmost first.
fn selected(mask: usize) -> impl Iterator<Item = u32> {
    [24, 16, 8, 0].into_iter().enumerate().filter(move |(n, _)| mask & 8 >> n != 0).map(|(_, shift)| shift)
}

impl<S: AbsoluteStorage> Interpreter<'_, S> {
    fn logical_register(&mut self, i: Instruction, operation: fn(u32, u32) -> u32) -> Outcome {
        self.logical_result(i.r1(), operation(self.gr(i.r1()), self.gr(i.r2())))
    }

    fn logical_storage(&mut self, i: Instruction, operation: fn(u32, u32) -> u32) -> Outcome {
        let at = self.address_rx(i);
        let operand = self.fetch_u32(at)?;
        self.logical_result(i.r1(), operation(self.gr(i.r1()), operand))
    }

    fn logical_result(&mut self, r1: usize, result: u32) -> Outcome {
        self.set_gr(r1, result);
        self.set_cc(u8::from(result != 0));
        Ok(())
    }

    fn logical_immediate(&mut self, i: Instruction, operation: fn(u8, u8) -> u8) -> Outcome {
        let operand = self.resolve(self.address1(i), 1, Access::Store)?;
        let result = operation(operand.u8(self.storage, 0), i.i());
        operand.set_u8(self.storage, 0, result);
        self.set_cc(u8::from(result != 0));
        Ok(())
    }

    pub(super) fn nr(&mut self, i: Instruction) -> Outcome {
        self.logical_register(i, |a, b| a & b)
    }

    pub(super) fn or(&mut self, i: Instruction) -> Outcome {
        self.logical_register(i, |a, b| a | b)
    }

    pub(super) fn xr(&mut self, i: Instruction) -> Outcome {
        self.logical_register(i, |a, b| a ^ b)
    }

    pub(super) fn n(&mut self, i: Instruction) -> Outcome {
        self.logical_storage(i, |a, b| a & b)
    }

    pub(super) fn o(&mut self, i: Instruction) -> Outcome {
        self.logical_storage(i, |a, b| a | b)
    }

    pub(super) fn x(&mut self, i: Instruction) -> Outcome {
        self.logical_storage(i, |a, b| a ^ b)
    }

    pub(super) fn ni(&mut self, i: Instruction) -> Outcome {
        self.logical_immediate(i, |a, b| a & b)
    }

    pub(super) fn oi(&mut self, i: Instruction) -> Outcome {
        self.logical_immediate(i, |a, b| a | b)
    }

    pub(super) fn xi(&mut self, i: Instruction) -> Outcome {
        self.logical_immediate(i, |a, b| a ^ b)
    }

    pub(super) fn clr(&mut self, i: Instruction) -> Outcome {
        self.set_cc(compare_code(&self.gr(i.r1()), &self.gr(i.r2())));
        Ok(())
    }

    pub(super) fn cl(&mut self, i: Instruction) -> Outcome {
        let at = self.address_rx(i);
        let operand = self.fetch_u32(at)?;
        self.set_cc(compare_code(&self.gr(i.r1()), &operand));
        Ok(())
    }

    pub(super) fn cli(&mut self, i: Instruction) -> Outcome {
        let operand = self.fetch_u8(self.address1(i))?;
        self.set_cc(compare_code(&operand, &i.i()));
        Ok(())
    }

    pub(super) fn mvi(&mut self, i: Instruction) -> Outcome {
        self.store(self.address1(i), &[i.i()])
    }

    pub(super) fn tm(&mut self, i: Instruction) -> Outcome {
        let tested = self.fetch_u8(self.address1(i))? & i.i();
        self.set_cc(match tested {
            0 => 0,
            all if all == i.i() => 3,
            _ => 1,
        });
        Ok(())
    }

    pub(super) fn ts(&mut self, i: Instruction) -> Outcome {
        let operand = self.resolve(self.address1(i), 1, Access::Store)?;
        self.set_cc(self.storage.test_and_set(operand.at(0)) >> 7);
        Ok(())
    }

    pub(super) fn ic(&mut self, i: Instruction) -> Outcome {
        let at = self.address_rx(i);
        let byte = self.fetch_u8(at)?;
        self.set_gr(i.r1(), self.gr(i.r1()) & !0xFF | u32::from(byte));
        Ok(())
    }

    pub(super) fn stc(&mut self, i: Instruction) -> Outcome {
        let at = self.address_rx(i);
        self.store(at, &[self.gr(i.r1()) as u8])
    }

    /// The bytes in storage that correspond to the ones of a mask. With a mask of zero one byte is still referred to,
    /// as access exceptions are recognized for it.
    fn masked_bytes(&mut self, i: Instruction) -> Result<([u8; 4], usize), Trap> {
        let count = i.r2().count_ones() as usize;
        let mut bytes = [0; 4];
        let length = count.max(1);
        self.resolve(self.address1(i), length as u32, Access::Fetch)?.read(self.storage, &mut bytes[..length]);
        Ok((bytes, count))
    }

    pub(super) fn icm(&mut self, i: Instruction) -> Outcome {
        let (bytes, count) = self.masked_bytes(i)?;
        let mut value = self.gr(i.r1());
        for (byte, shift) in bytes.into_iter().zip(selected(i.r2())) {
            value = value & !(0xFF << shift) | u32::from(byte) << shift;
        }
        self.set_gr(i.r1(), value);
        let inserted = &bytes[..count];
        self.set_cc(match inserted.first() {
            _ if inserted.iter().all(|&byte| byte == 0) => 0,
            Some(0x80..) => 1,
            _ => 2,
        });
        Ok(())
    }

    pub(super) fn stcm(&mut self, i: Instruction) -> Outcome {
        let value = self.gr(i.r1());
        let mut bytes = [0; 4];
        let mut count = 0;
        for (place, shift) in bytes.iter_mut().zip(selected(i.r2())) {
            *place = (value >> shift) as u8;
            count += 1;
        }
        if count == 0 {
            return Ok(());
        }
        self.store(self.address1(i), &bytes[..count])
    }

    pub(super) fn clm(&mut self, i: Instruction) -> Outcome {
        let (bytes, count) = self.masked_bytes(i)?;
        let value = self.gr(i.r1());
        let mut register = [0; 4];
        for (place, shift) in register.iter_mut().zip(selected(i.r2())) {
            *place = (value >> shift) as u8;
        }
        self.set_cc(compare_code(&register[..count], &bytes[..count]));
        Ok(())
    }
}
