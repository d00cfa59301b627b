//! Named systems: saved systems that can be IPLed by name, and discontiguous saved segments (VM/370 System Programmer's
//! Guide, GC20-1807, "Saved Systems" and DIAGNOSE code X'64').
//!
//! [`NamedSystems`] is what commands and DIAGNOSE need of them, and [`of`] is the one place where a virtual machine's are
//! found. As long as nothing can be saved in this system, there are none: [`Unsaved`].

use s370_arch::psw::Psw;

use crate::vm::VirtualMachine;

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

/// A system in which nothing was saved.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unsaved;

impl NamedSystems for Unsaved {
    fn find(&mut self, _: &VirtualMachine, _: &[u8; 8]) -> Result<Known, SystemError> {
        Err(SystemError::DoesNotExist)
    }

    fn load(&mut self, _: &mut VirtualMachine, _: &[u8; 8], _: bool) -> Result<Extent, SystemError> {
        Err(SystemError::DoesNotExist)
    }

    fn purge(&mut self, _: &mut VirtualMachine, _: &[u8; 8]) -> Result<bool, SystemError> {
        Err(SystemError::DoesNotExist)
    }

    fn ipl(&mut self, _: &mut VirtualMachine, _: &[u8; 8]) -> Result<Start, SystemError> {
        Err(SystemError::DoesNotExist)
    }
}

/// The named systems of a system. This is the place where `cp::real`'s are to be connected.
#[must_use]
pub fn of(_: &crate::system::System) -> impl NamedSystems + use<> {
    Unsaved
}
