//! Operand access: from a logical address to absolute storage, with every check the manual asks for
//! (GA22-7000-10, chapter 3, "Protection"; chapter 5, "Sequence of Storage References").
//!
//! An operand of at most 2048 bytes touches at most two blocks. [`Interpreter::resolve`] translates and checks both
//! before anything is changed; the [`Operand`] it gives can then be read and written freely.

use s370_arch::{
    interruption::ProgramCode,
    storage_key::{BLOCK, may_fetch, may_store},
};

use super::{ADDRESS, Interpreter, Trap};
use crate::{
    dat::{self, Failure},
    interruption::Detail,
    state::CpuState,
    storage::AbsoluteStorage,
};

/// How an operand is referred to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Fetch,
    Store,
}

/// Which addresses an operand's are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Space {
    /// Real: translation is off.
    Real,
    /// Virtual, through control register 1.
    Primary,
    /// Virtual, through control register 7.
    Secondary,
}

/// Storage that has been checked: one or two runs of absolute addresses.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Operand {
    first: u32,
    first_length: u32,
    second: u32,
    length: u32,
}

impl Operand {
    /// Absolute address of byte `i`.
    pub fn at(&self, i: u32) -> u32 {
        if i < self.first_length { self.first + i } else { self.second + (i - self.first_length) }
    }

    /// Whether all of it is one run.
    fn is_whole(&self) -> bool {
        self.length <= self.first_length
    }

    /// The bytes, into a buffer of the operand's length.
    pub fn read(&self, storage: &impl AbsoluteStorage, into: &mut [u8]) {
        if self.is_whole() {
            storage.read(self.first, into);
        } else {
            let (a, b) = into.split_at_mut(self.first_length as usize);
            storage.read(self.first, a);
            storage.read(self.second, b);
        }
    }

    /// Stores bytes, as many as the operand has.
    pub fn write(&self, storage: &impl AbsoluteStorage, from: &[u8]) {
        if self.is_whole() {
            storage.store(self.first, from);
        } else {
            let (a, b) = from.split_at(self.first_length as usize);
            storage.store(self.first, a);
            storage.store(self.second, b);
        }
    }

    pub fn u8(&self, storage: &impl AbsoluteStorage, i: u32) -> u8 {
        storage.u8(self.at(i))
    }

    pub fn set_u8(&self, storage: &impl AbsoluteStorage, i: u32, value: u8) {
        storage.store_u8(self.at(i), value);
    }

    pub fn length(&self) -> u32 {
        self.length
    }

    /// Absolute address of the rightmost byte.
    pub fn rightmost(&self) -> u32 {
        self.at(self.length - 1)
    }

    /// The runs of absolute addresses: first address and length, which may be zero.
    fn runs(&self) -> [(u32, u32); 2] {
        let first_length = self.length.min(self.first_length);
        [(self.first, first_length), (self.second, self.length - first_length)]
    }

    /// Whether a byte of storage belongs to both operands.
    pub fn overlaps(&self, other: &Operand) -> bool {
        let meet = |(a, a_length): (u32, u32), (b, b_length): (u32, u32)| a < b + b_length && b < a + a_length;
        self.runs().into_iter().any(|a| other.runs().into_iter().any(|b| meet(a, b)))
    }

    /// Whether a byte of storage is the operand's, but not its rightmost.
    pub fn has_left_of_rightmost(&self, at: u32) -> bool {
        self.runs().into_iter().any(|(start, length)| (start..start + length).contains(&at)) && at != self.rightmost()
    }
}

/// A field that may be replaced: checked, but not yet recorded as changed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target {
    /// Where it is.
    pub operand: Operand,
    /// Its logical address.
    at: u32,
}

/// Absolute address of one byte that may be referred to in this way with this key, or an access exception.
pub(crate) fn check(
    state: &CpuState,
    storage: &impl AbsoluteStorage,
    at: u32,
    access: Access,
    key: u8,
    space: Space,
) -> Result<u32, Trap> {
    let (real, segment_protected) = to_real(state, storage, at, space)?;
    let absolute = state.absolute(real);
    if !storage.is_available(absolute) {
        return Err(ProgramCode::ADDRESSING.into());
    }
    let storage_key = storage.key(absolute);
    let allowed = match access {
        Access::Fetch => may_fetch(key, storage_key),
        Access::Store => may_store(key, storage_key) && !segment_protected && !low_address_protected(state, at),
    };
    if allowed { Ok(absolute) } else { Err(ProgramCode::PROTECTION.into()) }
}

/// Real address of one byte, and whether its segment is protected.
fn to_real(state: &CpuState, storage: &impl AbsoluteStorage, at: u32, space: Space) -> Result<(u32, bool), Trap> {
    let designation = match space {
        Space::Real => return Ok((at, false)),
        Space::Primary => state.cr[1],
        Space::Secondary => state.cr[7],
    };
    match dat::translate(state, storage, designation, at) {
        Ok(translation) => Ok((translation.real, translation.protected)),
        Err(failure) => {
            let secondary = if space == Space::Secondary { 1 << 31 } else { 0 };
            let detail = match failure {
                Failure::Specification | Failure::Addressing => Detail::None,
                _ => Detail::Translation(at | secondary),
            };
            Err(Trap::Program(failure.code(), detail))
        }
    }
}

/// Low-address protection: the effective addresses 0-511 (GA22-7000-10, chapter 3).
fn low_address_protected(state: &CpuState, at: u32) -> bool {
    at < 512 && state.cr[0] & 1 << 28 != 0
}

impl<S: AbsoluteStorage> Interpreter<'_, S> {
    /// The space that the PSW selects for operands.
    pub(super) fn current_space(&self) -> Space {
        let psw = &self.state.psw;
        match (psw.translation(), psw.secondary) {
            (false, _) => Space::Real,
            (true, false) => Space::Primary,
            (true, true) => Space::Secondary,
        }
    }

    /// [`to_real`] for this processor.
    pub(super) fn to_real(&self, at: u32, space: Space) -> Result<(u32, bool), Trap> {
        to_real(self.state, self.storage, at, space)
    }

    /// [`check`] for this processor.
    pub(super) fn check(&self, at: u32, access: Access, key: u8, space: Space) -> Result<u32, Trap> {
        check(self.state, self.storage, at, access, key, space)
    }

    /// Low-address protection: the effective addresses 0-511 (GA22-7000-10, chapter 3).
    pub(super) fn low_address_protected(&self, at: u32) -> bool {
        low_address_protected(self.state, at)
    }

    /// Checks an operand in a given space with a given access key, records reference and change, and tells PER.
    pub(super) fn resolve_with(
        &mut self,
        at: u32,
        length: u32,
        access: Access,
        key: u8,
        space: Space,
    ) -> Result<Operand, Trap> {
        let operand = self.locate(at, length, access, key, space)?;
        self.record_operand(&operand, access);
        if access == Access::Store {
            self.tell_per_of_store(at, length);
        }
        Ok(operand)
    }

    /// Checks an operand and leaves no trace of it.
    fn locate(&self, at: u32, length: u32, access: Access, key: u8, space: Space) -> Result<Operand, Trap> {
        debug_assert!((1..=BLOCK).contains(&length));
        let first = self.check(at, access, key, space)?;
        let first_length = BLOCK - at % BLOCK;
        let mut operand = Operand { first, first_length, second: 0, length };
        if length > first_length {
            let next = at.wrapping_add(first_length) & ADDRESS;
            operand.second = self.check(next, access, key, space)?;
        }
        // Low-address protection ends inside a block: the last byte before 512 is protected, the first may not be.
        if access == Access::Store && at >= 512 && self.low_address_protected(at.wrapping_add(length - 1) & ADDRESS) {
            return Err(ProgramCode::PROTECTION.into());
        }
        Ok(operand)
    }

    fn tell_per_of_store(&mut self, at: u32, length: u32) {
        if self.per_on && self.per_range(at, length) {
            self.per.store = true;
        }
    }

    fn record_operand(&self, operand: &Operand, access: Access) {
        self.record(operand.first, access);
        if !operand.is_whole() {
            self.record(operand.second, access);
        }
    }

    fn record(&self, absolute: u32, access: Access) {
        match access {
            Access::Fetch => self.storage.record_reference(absolute),
            Access::Store => self.storage.record_change(absolute),
        }
    }

    /// Checks an operand as the PSW says.
    pub(super) fn resolve(&mut self, at: u32, length: u32, access: Access) -> Result<Operand, Trap> {
        self.resolve_with(at, length, access, self.state.psw.key, self.current_space())
    }

    /// Checks a field that is to be replaced if the operation comes that far. Till [`Interpreter::replace`] it counts as
    /// only fetched: an operation that ends in a data exception has changed nothing.
    pub(super) fn resolve_target(&mut self, at: u32, length: u32) -> Result<Target, Trap> {
        let operand = self.locate(at, length, Access::Store, self.state.psw.key, self.current_space())?;
        self.record_operand(&operand, Access::Fetch);
        Ok(Target { operand, at })
    }

    /// Stores into a field, as many bytes as it has.
    pub(super) fn replace(&mut self, target: &Target, bytes: &[u8]) {
        self.record_operand(&target.operand, Access::Store);
        self.tell_per_of_store(target.at, target.operand.length);
        target.operand.write(self.storage, bytes);
    }

    /// Checks an instruction's own bytes. Instructions come from the primary space (in secondary-space mode it is
    /// unpredictable which; ours is the primary).
    pub(super) fn resolve_instruction(&mut self, at: u32, length: u32) -> Result<Operand, Trap> {
        let space = if self.state.psw.translation() { Space::Primary } else { Space::Real };
        self.resolve_with(at, length, Access::Fetch, self.state.psw.key, space)
    }

    pub(super) fn fetch_u8(&mut self, at: u32) -> Result<u8, Trap> {
        let operand = self.resolve(at, 1, Access::Fetch)?;
        Ok(operand.u8(self.storage, 0))
    }

    fn fetch_bytes<const N: usize>(&mut self, at: u32) -> Result<[u8; N], Trap> {
        let mut bytes = [0; N];
        self.resolve(at, N as u32, Access::Fetch)?.read(self.storage, &mut bytes);
        Ok(bytes)
    }

    pub(super) fn fetch_u16(&mut self, at: u32) -> Result<u16, Trap> {
        self.fetch_bytes(at).map(u16::from_be_bytes)
    }

    pub(super) fn fetch_u32(&mut self, at: u32) -> Result<u32, Trap> {
        self.fetch_bytes(at).map(u32::from_be_bytes)
    }

    pub(super) fn fetch_u64(&mut self, at: u32) -> Result<u64, Trap> {
        self.fetch_bytes(at).map(u64::from_be_bytes)
    }

    /// Stores bytes at a logical address.
    pub(super) fn store(&mut self, at: u32, bytes: &[u8]) -> Result<(), Trap> {
        self.resolve(at, bytes.len() as u32, Access::Store)?.write(self.storage, bytes);
        Ok(())
    }
}
