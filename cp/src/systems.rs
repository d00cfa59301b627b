//! Named systems: saved systems that can be IPLed by name, and discontiguous saved segments (VM/370 System Programmer's
//! Guide, GC20-1807, "Saved Systems" and DIAGNOSE code X'64').
//!
//! [`NamedSystems`] is what commands and DIAGNOSE need of them, and [`of`] is the one place where a virtual machine's are
//! found: those of [`RealStorage`].

use s370_arch::{ebcdic, psw::Psw};

use crate::{
    real::{self, RealStorage, SystemExtent},
    vm::VirtualMachine,
};

/// The storage of a named system, within a virtual machine's address space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Its first byte.
    pub start: u32,
    /// Its last byte.
    pub end: u32,
}

/// What is known of a system that exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// Where it belongs.
    pub extent: Extent,
    /// It is loaded in this virtual machine.
    pub is_loaded: bool,
}

/// Why something cannot be done with a named system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SystemError {
    /// There is no system of this name.
    DoesNotExist,
    /// Its pages could not be read.
    Paging,
}

impl SystemError {
    /// The return code of DIAGNOSE X'64'.
    #[must_use]
    pub fn code(self) -> u32 {
        match self {
            SystemError::DoesNotExist => 44,
            SystemError::Paging => 177,
        }
    }
}

/// How a saved system starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    /// The PSW.
    pub psw: Psw,
    /// General registers.
    pub registers: [u32; 16],
}

/// The named systems, for one virtual machine.
pub trait NamedSystems {
    /// Looks for a system. A name is eight characters in EBCDIC.
    ///
    /// # Errors
    /// There is none.
    fn find(&mut self, machine: &VirtualMachine, name: &[u8; 8]) -> Result<Known, SystemError>;

    /// Loads a system, shared or as a copy of the virtual machine's own, after purging whatever it overlays.
    ///
    /// # Errors
    /// There is none, or it could not be loaded.
    fn load(&mut self, machine: &mut VirtualMachine, name: &[u8; 8], shared: bool) -> Result<Extent, SystemError>;

    /// Takes a system away. False if it is not loaded.
    ///
    /// # Errors
    /// There is none.
    fn purge(&mut self, machine: &mut VirtualMachine, name: &[u8; 8]) -> Result<bool, SystemError>;

    /// Loads a saved system into a virtual machine that has been reset, with floating-point and control registers.
    ///
    /// # Errors
    /// There is none, or it could not be loaded.
    fn ipl(&mut self, machine: &mut VirtualMachine, name: &[u8; 8]) -> Result<Start, SystemError>;
}

/// The named systems of real storage.
pub struct Saved<'a> {
    real: &'a RealStorage,
}

/// What [`Start`] and the registers that a saved system begins with are in a
/// [status](crate::real::NamedSystem::status): PSW, general, floating-point and control registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// The PSW.
    pub psw: u64,
    /// General registers.
    pub gr: [u32; 16],
    /// Floating-point registers.
    pub fpr: [u64; 4],
    /// Control registers.
    pub cr: [u32; 16],
}

impl Status {
    /// Bytes that it takes.
    const LENGTH: usize = 8 + 64 + 32 + 64;

    /// The status as it is saved: big-endian.
    #[must_use]
    pub fn emit(&self) -> Vec<u8> {
        let mut bytes = self.psw.to_be_bytes().to_vec();
        self.gr.iter().for_each(|register| bytes.extend(register.to_be_bytes()));
        self.fpr.iter().for_each(|register| bytes.extend(register.to_be_bytes()));
        self.cr.iter().for_each(|register| bytes.extend(register.to_be_bytes()));
        bytes
    }

    /// Takes a saved status apart; none if it is not as long as one.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Status> {
        if bytes.len() != Status::LENGTH {
            return None;
        }
        let word = |at: usize| bytes[at..at + 4].iter().fold(0, |word, &byte| word << 8 | u32::from(byte));
        let doubleword = |at: usize| u64::from(word(at)) << 32 | u64::from(word(at + 4));
        Some(Status {
            psw: doubleword(0),
            gr: std::array::from_fn(|n| word(8 + 4 * n)),
            fpr: std::array::from_fn(|n| doubleword(72 + 8 * n)),
            cr: std::array::from_fn(|n| word(104 + 4 * n)),
        })
    }
}

/// A name in EBCDIC as text, without blanks.
fn text(name: &[u8; 8]) -> String {
    ebcdic::to_text(name).trim_end().to_owned()
}

impl From<&SystemExtent> for Extent {
    fn from(extent: &SystemExtent) -> Extent {
        Extent { start: extent.first, end: extent.last }
    }
}

impl From<real::SystemError> for SystemError {
    fn from(error: real::SystemError) -> SystemError {
        match error {
            real::SystemError::PageArea | real::SystemError::NoFrame(_) => SystemError::Paging,
            _ => SystemError::DoesNotExist,
        }
    }
}

impl NamedSystems for Saved<'_> {
    fn find(&mut self, machine: &VirtualMachine, name: &[u8; 8]) -> Result<Known, SystemError> {
        let extent = self.real.find_system(&text(name)).ok_or(SystemError::DoesNotExist)?;
        let is_loaded = machine.storage.loaded_system(&text(name)).is_some();
        Ok(Known { extent: Extent::from(&extent), is_loaded })
    }

    fn load(&mut self, machine: &mut VirtualMachine, name: &[u8; 8], shared: bool) -> Result<Extent, SystemError> {
        Ok(Extent::from(&machine.storage.load_system(&text(name), shared)?))
    }

    fn purge(&mut self, machine: &mut VirtualMachine, name: &[u8; 8]) -> Result<bool, SystemError> {
        self.real.find_system(&text(name)).ok_or(SystemError::DoesNotExist)?;
        Ok(machine.storage.purge_system(&text(name)))
    }

    fn ipl(&mut self, machine: &mut VirtualMachine, name: &[u8; 8]) -> Result<Start, SystemError> {
        let extent = machine.storage.load_system(&text(name), true)?;
        let status = Status::parse(&extent.status).ok_or(SystemError::DoesNotExist)?;
        machine.state.fpr = status.fpr;
        for (number, value) in status.cr.into_iter().enumerate() {
            machine.set_control_register(number, value);
        }
        Ok(Start { psw: Psw::parse(status.psw), registers: status.gr })
    }
}

/// The named systems of a system.
#[must_use]
pub fn of(system: &crate::system::System) -> Saved<'_> {
    Saved { real: &system.real }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_comes_back() {
        let status = Status {
            psw: 0x0102_0304_0506_0708,
            gr: std::array::from_fn(|n| n as u32 * 3),
            fpr: [1, 2, 3, u64::MAX],
            cr: std::array::from_fn(|n| !(n as u32)),
        };
        assert_eq!(Status::parse(&status.emit()), Some(status));
        assert_eq!(Status::parse(&status.emit()[1..]), None);
    }
}
