//! DIAGNOSE: what a virtual machine asks of CP (VM/370 System Programmer's Guide, GC20-1807-7, "DIAGNOSE Instruction in a
//! Virtual Machine").
//!
//! [`TABLE`] is the one list of the codes; `docs/diagnose.md` is made from it. Addresses in registers are real addresses of
//! the virtual machine.
//!
//! Where the manual says only that operands must be right, wrong ones lead to a specification exception (boundaries, counts,
//! register numbers) or to an addressing exception (storage that is not there), after which nothing has changed. CP does not
//! look at storage keys but where the manual says that it does.

mod console;
mod dynamic;
mod features;
mod io;
#[cfg(test)]
mod io_tests;
mod listing;
mod machine;
mod screen;
mod segments;
#[cfg(test)]
mod tests;
mod vmcf;
#[cfg(test)]
mod vmcf_tests;

use s370_arch::interruption::ProgramCode;
use s370_cpu::bus::Diagnose;

pub use self::listing::markdown;
pub(crate) use self::screen::Screen;
use crate::{
    system::Cp,
    vm::{Fault, VirtualMachine},
};

/// What is to become of the virtual machine after a DIAGNOSE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Outcome {
    /// It goes on, if its user's mode and sleep allow.
    Done,
    /// It has to wait until something happens outside, or until another user is not running; then it executes the
    /// DIAGNOSE again, which its PSW designates.
    Again,
}

/// A program interruption in place of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Exception(ProgramCode);

impl From<Fault> for Exception {
    fn from(fault: Fault) -> Exception {
        Exception(fault.code())
    }
}

/// What a DIAGNOSE takes at least, in instructions.
const TAKES: u64 = 2;

const SPECIFICATION: Exception = Exception(ProgramCode::SPECIFICATION);

type Answer = Result<Outcome, Exception>;

/// A row of the table.
pub struct Row {
    /// The function code.
    pub code: u32,
    /// What it does.
    pub name: &'static str,
    /// Privilege classes of which one is needed; none is needed if there are none.
    pub classes: &'static str,
    /// Condition codes and return codes that it gives.
    pub results: &'static str,
    handler: fn(&mut Call<'_, '_>) -> Answer,
}

macro_rules! table {
    ($($code:literal $name:literal $classes:literal $handler:path, $results:literal)*) => {
        /// The codes, ascending.
        pub static TABLE: &[Row] = &[$(Row {
            code: $code, name: $name, classes: $classes, handler: $handler, results: $results,
        }),*];
    };
}

table! {
    0x00 "Store extended-identification code" "" machine::identify, "Ry: bytes that were asked for and not stored"
    0x04 "Examine real storage" "CE" machine::examine, "–"
    0x08 "Virtual console function" "" console::command,
        "Ry: return code of the command; with a response buffer cc 0: Ry+1 length, cc 1: Ry+1 bytes that did not fit"
    0x0C "Pseudo timer" "" machine::pseudo_timer, "–"
    0x10 "Release pages" "" machine::release_pages, "–"
    0x18 "Standard DASD I/O" "" io::standard, "cc 0: done; cc 1-3: R15 says why not"
    0x20 "General I/O" "" io::general, "cc 0: done; cc 1-3: R15 says why not; cc 3: Ry has sense bytes 0 and 1"
    0x24 "Device type and features" "" features::features,
        "cc 0: Ry virtual, Ry+1 real device; cc 2: no real device; cc 3: no such device"
    0x28 "Channel program modification" "" dynamic::modify, "cc 0: done; cc 1: R15 says why not; cc 2: too late"
    0x54 "Control the function of the PA2 key" "" console::pa2, "–"
    0x58 "3270 virtual console interface" "" screen::interface,
        "cc 0: done; cc 1: I/O error; cc 2: busy; cc 3: no such display"
    0x5C "Error message editing" "" console::edit, "Rx and Ry: what is left of the message"
    0x60 "Virtual machine storage size" "" machine::storage_size, "Rx: bytes"
    0x64 "Named segments" "" segments::named, "cc 0-1: Rx and Ry first and last byte; cc 2: Ry return code"
    0x68 "Virtual machine communication facility" "" vmcf::communicate, "Ry: return code"
}

/// One execution of DIAGNOSE.
struct Call<'a, 'b> {
    cp: &'a mut Cp<'b>,
    /// The Rx field.
    x: usize,
    /// The Ry field.
    y: usize,
}

impl Row {
    /// The section of GC20-1807-7 that describes it.
    #[must_use]
    pub fn section(&self) -> String {
        format!("DIAGNOSE Code X'{:02X}'", self.code)
    }
}

impl Call<'_, '_> {
    fn machine(&mut self) -> &mut VirtualMachine {
        &mut self.cp.user.machine
    }

    fn register(&self, number: usize) -> u32 {
        self.cp.user.machine.state.gr[number & 15]
    }

    fn set(&mut self, number: usize, value: u32) {
        self.machine().state.gr[number & 15] = value;
    }

    /// The register after Ry.
    fn after_y(&self) -> Result<usize, Exception> {
        if self.y == 15 { Err(SPECIFICATION) } else { Ok(self.y + 1) }
    }

    fn set_cc(&mut self, cc: u8) {
        self.machine().state.psw.cc = cc;
    }

    /// Done, with a condition code.
    fn done(&mut self, cc: u8) -> Answer {
        self.set_cc(cc);
        Ok(Outcome::Done)
    }

    /// Done, with a condition code and a completion code in register 15.
    fn complete(&mut self, cc: u8, code: u32) -> Answer {
        self.set(15, code);
        self.done(cc)
    }

    /// The address in a register.
    fn address(&self, number: usize) -> u32 {
        self.register(number) & 0x00FF_FFFF
    }

    /// The address in a register, a multiple of this.
    fn aligned(&self, number: usize, boundary: u32) -> Result<u32, Exception> {
        let address = self.address(number);
        if address.is_multiple_of(boundary) { Ok(address) } else { Err(SPECIFICATION) }
    }
}

/// The row of a code.
#[must_use]
pub fn row(code: u32) -> Option<&'static Row> {
    TABLE.iter().find(|row| row.code == code)
}

/// Does what a virtual machine asks for, which has come back with [`Stop::Diagnose`](crate::vm::Stop::Diagnose): sets its
/// registers, condition code and storage, or gives it a program interruption.
pub fn execute(cp: &mut Cp<'_>, request: Diagnose) -> Outcome {
    cp.user.machine.counts.extra += TAKES;
    let answer = match row(request.code) {
        None => Err(SPECIFICATION),
        Some(row) if !cp.user.has_class(row.classes) => Err(Exception(ProgramCode::PRIVILEGED)),
        Some(row) => (row.handler)(&mut Call { cp: &mut *cp, x: request.r1, y: request.r3 }),
    };
    match answer {
        Ok(Outcome::Done) => {}
        Ok(Outcome::Again) => {
            cp.user.machine.repeat_instruction(request.ilc);
            return Outcome::Again;
        }
        Err(Exception(code)) => cp.user.machine.interrupt_program(code, request.ilc),
    }
    Outcome::Done
}
