//! How CP reaches the storage of a virtual machine for what the virtual machine asked for: by its real addresses.

use std::sync::Arc;

use s370_arch::{
    interruption::ProgramCode,
    storage_key::{BLOCK, may_fetch, may_store},
};
use s370_cpu::{
    bus::Bus,
    interruption::{Detail, Interruption, ProgramInterruption},
    state::RunState,
    storage::AbsoluteStorage,
};

use super::VirtualMachine;
use crate::{
    post::Post,
    real::{GuestStorage, PAGE},
    vmcf::Vmcf,
};

/// What is to be done at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// It is read.
    Fetch,
    /// It is changed.
    Store,
}

/// Why storage cannot be accessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is not there.
    Addressing,
    /// The key does not match.
    Protection,
}

impl Fault {
    /// The program interruption that it leads to.
    pub fn code(self) -> ProgramCode {
        match self {
            Fault::Addressing => ProgramCode::ADDRESSING,
            Fault::Protection => ProgramCode::PROTECTION,
        }
    }
}

/// Splits a run of bytes at the ends of pieces of storage of a size: offset in the run, address, length.
fn pieces(at: u32, length: usize, size: u32) -> impl Iterator<Item = (usize, u32, usize)> {
    let mut done = 0;
    std::iter::from_fn(move || {
        let at = at.wrapping_add(done as u32);
        let piece = ((size - at % size) as usize).min(length - done);
        let offset = done;
        done += piece;
        (piece > 0).then_some((offset, at, piece))
    })
}

impl<B: Bus<GuestStorage>> VirtualMachine<B> {
    /// Whether all of a run of bytes can be accessed with a key (0-15). Nothing is there above 16 MiB, and a run does not
    /// go on at location 0. No bytes can be accessed anywhere.
    ///
    /// # Errors
    /// It cannot.
    pub(crate) fn check(&self, at: u32, length: usize, access: Access, key: u8) -> Result<(), Fault> {
        if length > 0 && at as usize + length > self.storage.size() as usize {
            return Err(Fault::Addressing);
        }
        if length == 0 || key == 0 {
            return Ok(());
        }
        let allowed = |storage_key| match access {
            Access::Fetch => may_fetch(key, storage_key),
            Access::Store => may_store(key, storage_key),
        };
        for (_, at, _) in pieces(at, length, BLOCK) {
            if !allowed(self.storage.key(self.state.absolute(at))) {
                return Err(Fault::Protection);
            }
        }
        Ok(())
    }

    /// Fetches bytes from a real address.
    ///
    /// # Errors
    /// They are not all there.
    pub(crate) fn fetch(&self, at: u32, length: usize) -> Result<Vec<u8>, Fault> {
        self.check(at, length, Access::Fetch, 0)?;
        let mut bytes = vec![0; length];
        for (offset, at, length) in pieces(at, length, PAGE) {
            let at = self.state.absolute(at);
            self.mark(at, length, Access::Fetch);
            self.storage.read(at, &mut bytes[offset..offset + length]);
        }
        Ok(bytes)
    }

    /// Fetches so many bytes as an array.
    ///
    /// # Errors
    /// They are not all there.
    pub(crate) fn fetch_array<const N: usize>(&self, at: u32) -> Result<[u8; N], Fault> {
        let bytes = self.fetch(at, N)?;
        bytes.first_chunk().copied().ok_or(Fault::Addressing)
    }

    /// Stores bytes at a real address.
    ///
    /// # Errors
    /// There is not storage for all of them; nothing is stored.
    pub(crate) fn store(&self, at: u32, bytes: &[u8]) -> Result<(), Fault> {
        self.check(at, bytes.len(), Access::Store, 0)?;
        for (offset, at, length) in pieces(at, bytes.len(), PAGE) {
            let at = self.state.absolute(at);
            self.mark(at, length, Access::Store);
            self.storage.store(at, &bytes[offset..offset + length]);
        }
        Ok(())
    }

    /// Reference and change, in the keys of a run of bytes within a page.
    fn mark(&self, at: u32, length: usize, access: Access) {
        for (_, at, _) in pieces(at, length, BLOCK) {
            match access {
                Access::Fetch => self.storage.record_reference(at),
                Access::Store => self.storage.record_change(at),
            }
        }
    }

    /// Pages from one real address to another, both at the beginning of a page, become zeros.
    ///
    /// # Errors
    /// They are not all there; nothing has changed.
    pub(crate) fn release_pages(&self, first: u32, last: u32) -> Result<(), Fault> {
        let length = last.checked_sub(first).ok_or(Fault::Addressing)? as usize + PAGE as usize;
        self.check(first, length, Access::Store, 0)?;
        for page in (first..=last).step_by(PAGE as usize) {
            let number = self.state.absolute(page) / PAGE;
            self.storage.release_pages(number, number).map_err(|_| Fault::Addressing)?;
        }
        Ok(())
    }

    /// The virtual machine has a program interruption, for an instruction of this length (in halfwords) that its PSW points
    /// past.
    pub(crate) fn interrupt_program(&mut self, code: ProgramCode, ilc: u8) {
        let program = ProgramInterruption { code: Some(code), ilc, detail: Detail::None, per: None };
        self.take(&Interruption::Program(program));
    }

    /// The PSW goes back over an instruction of this length (in halfwords), which is to be executed again.
    pub(crate) fn repeat_instruction(&mut self, ilc: u8) {
        let back = u32::from(ilc) * 2;
        self.state.psw.address = self.state.psw.address.wrapping_sub(back) & 0x00FF_FFFF;
    }

    /// Brings the next message into the buffer that the virtual machine has for it. False if there is none.
    pub(super) fn bring_message(&mut self) -> bool {
        let Some((vmcf, post)) = &self.messages else { return false };
        let Some(delivery) = vmcf.deliver(self.owner) else { return false };
        delivery.others.iter().for_each(|other| post.announce(*other));
        self.state.external.message = delivery.more;
        // The buffer was checked when it was named; storage may have become smaller since, which also reset the machine.
        self.store(delivery.buffer, &delivery.bytes).is_ok()
    }

    /// Says where messages for the virtual machine come from, and where others are told of what becomes of theirs.
    pub fn receive_messages(&mut self, vmcf: Arc<Vmcf>, post: Arc<Post>) {
        self.messages = Some((vmcf, post));
    }

    /// Whether its processor has stopped for good, so that only a reset helps.
    #[must_use]
    pub fn is_check_stopped(&self) -> bool {
        self.state.run_state == RunState::CheckStop
    }
}
