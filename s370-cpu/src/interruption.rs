//! Interruptions: what they are, and how the processor takes one (GA22-7000-10, chapter 6).

use s370_arch::{
    interruption::{Class, PER_EVENT, ProgramCode, external},
    isa::Facility,
    psw::Psw,
};
use serde::{Deserialize, Serialize};

use crate::{
    state::CpuState,
    storage::{AbsoluteStorage, Stores, Through},
};

/// A program event that was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PerEvent {
    /// The events, as at real location 150.
    pub code: u8,
    /// The instruction's address, or EXECUTE's.
    pub address: u32,
}

/// A PER event whose interruption follows that of the SUPERVISOR CALL it came with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingPer {
    /// The event.
    pub event: PerEvent,
    /// Instruction-length code of the SUPERVISOR CALL, or of its EXECUTE, in halfwords.
    pub ilc: u8,
}

/// What a program interruption stores besides its code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Detail {
    /// Nothing.
    #[default]
    None,
    /// The translation-exception address, at 144; bit 0: the secondary space.
    Translation(u32),
    /// At 144: the ASN or PC number that could not be translated; for a space-switch event the old primary ASN, and in
    /// bit 0 the old space-switch-event control.
    Number(u32),
    /// Monitor class (at 148) and monitor code (at 156).
    Monitor {
        /// Class, 0-15.
        class: u8,
        /// Code: 24 bits.
        code: u32,
    },
}

/// A program interruption.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgramInterruption {
    /// The cause; none when a PER event stands alone.
    pub code: Option<ProgramCode>,
    /// Instruction-length code, in halfwords.
    pub ilc: u8,
    /// What else is stored.
    pub detail: Detail,
    /// The PER event that came with it.
    pub per: Option<PerEvent>,
}

impl ProgramInterruption {
    /// The code as stored: with the PER bit.
    #[must_use]
    pub fn stored_code(&self) -> u16 {
        self.code.map_or(0, |code| code.0) | if self.per.is_some() { PER_EVENT } else { 0 }
    }
}

/// An interruption that is to be taken. [`CpuState::psw`] is already what the old PSW shall be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Interruption {
    /// Program.
    Program(ProgramInterruption),
    /// Supervisor call.
    Svc {
        /// The number.
        code: u8,
        /// Instruction-length code, in halfwords (2 when executed by EXECUTE).
        ilc: u8,
    },
    /// External.
    External {
        /// The code.
        code: u16,
        /// The CPU address, where the class of code has one.
        cpu_address: Option<u16>,
        /// The parameter of a service signal.
        parameter: Option<u32>,
    },
    /// Input/output; the channel has stored the CSW.
    Io {
        /// I/O address.
        address: u16,
    },
    /// Machine check.
    MachineCheck {
        /// The machine-check-interruption code, stored at 232.
        code: u64,
    },
    /// Restart.
    Restart,
}

impl Interruption {
    /// Its class.
    #[must_use]
    pub fn class(&self) -> Class {
        match self {
            Interruption::Program(_) => Class::Program,
            Interruption::Svc { .. } => Class::Svc,
            Interruption::External { .. } => Class::External,
            Interruption::Io { .. } => Class::Io,
            Interruption::MachineCheck { .. } => Class::MachineCheck,
            Interruption::Restart => Class::Restart,
        }
    }

    /// The interruption code as stored, and the instruction-length code in halfwords.
    #[must_use]
    pub fn code_and_ilc(&self) -> (u16, u8) {
        match *self {
            Interruption::Program(ref program) => (program.stored_code(), program.ilc),
            Interruption::Svc { code, ilc } => (u16::from(code), ilc),
            Interruption::External { code, .. } => (code, 0),
            Interruption::Io { address } => (address, 0),
            Interruption::MachineCheck { .. } | Interruption::Restart => (0, 0),
        }
    }
}

/// The interruption that follows when a PSW with an invalid format has become current.
#[must_use]
pub fn early_exception(ilc: u8) -> ProgramInterruption {
    ProgramInterruption { code: Some(ProgramCode::SPECIFICATION), ilc, detail: Detail::None, per: None }
}

impl CpuState {
    /// Whether the format of this PSW is valid for this model, so that no early specification exception follows its
    /// becoming current. Without the translation facility there is no EC mode either.
    #[must_use]
    pub fn accepts(&self, psw: &Psw) -> bool {
        let translation = self.model.has(Facility::Translation);
        (translation || !psw.ec) && psw.is_format_valid(self.model.has(Facility::DualAddressSpace))
    }

    /// Takes an interruption: stores the old PSW and the codes, loads the new PSW.
    ///
    /// # Errors
    /// The early program interruption to be taken next: the new PSW's format is invalid. A PER event that waited for this
    /// interruption is part of it.
    pub fn take<S: AbsoluteStorage>(
        &mut self,
        storage: &S,
        interruption: &Interruption,
    ) -> Result<(), ProgramInterruption> {
        let class = interruption.class();
        let (code, ilc) = interruption.code_and_ilc();
        let at = |real: u32| self.absolute(real);
        store_old_psw(&self.psw, &Through(storage), at(0), class, code, ilc);
        match *interruption {
            Interruption::Program(ref program) => store_program_detail(self, storage, program),
            Interruption::External { cpu_address, parameter, .. } => {
                if let Some(address) = cpu_address {
                    storage.store_u16(at(132), address);
                } else if self.psw.ec {
                    storage.store_u16(at(132), 0);
                }
                if self.psw.ec {
                    storage.store_u16(at(134), code);
                }
                if let Some(parameter) = parameter {
                    storage.store_u32(at(128), parameter);
                }
            }
            Interruption::Io { .. } if self.psw.ec => {
                storage.store_u8(at(185), 0);
                storage.store_u16(at(186), code);
            }
            Interruption::MachineCheck { code } => self.store_machine_check(storage, code),
            Interruption::Svc { .. } | Interruption::Io { .. } | Interruption::Restart => {}
        }
        self.psw = Psw::parse(storage.u64(at(class.new_psw())));
        if self.accepts(&self.psw) {
            return Ok(());
        }
        Err(ProgramInterruption { per: self.pending_per.take().map(|pending| pending.event), ..early_exception(0) })
    }

    /// Removes the pending request that [`CpuState::external_request`] named, and makes the interruption of it. The
    /// clock comparator and the CPU timer stay pending as long as their condition holds.
    pub fn accept_external(&mut self, code: u16) -> Interruption {
        let requests = &mut self.external;
        let lowest = |set: &mut u64| {
            let cpu = set.trailing_zeros() as u16;
            *set &= set.wrapping_sub(1);
            Some(cpu)
        };
        let (mut cpu_address, mut parameter) = (None, None);
        match code {
            external::MALFUNCTION_ALERT => cpu_address = lowest(&mut requests.malfunction_alert),
            external::EMERGENCY_SIGNAL => cpu_address = lowest(&mut requests.emergency_signal),
            external::EXTERNAL_CALL => cpu_address = requests.external_call.take(),
            external::SERVICE_SIGNAL => parameter = requests.service_signal.take(),
            external::MESSAGE => requests.message = false,
            external::CLOCK_COMPARATOR | external::CPU_TIMER => {}
            signals => requests.signals &= !signals,
        }
        Interruption::External { code, cpu_address, parameter }
    }
}

/// Stores the old PSW and, in EC mode, the code and ILC of a program or supervisor-call interruption. `low` is the
/// absolute address of real location 0.
#[inline(always)]
pub(crate) fn store_old_psw(psw: &Psw, storage: &impl Stores, low: u32, class: Class, code: u16, ilc: u8) {
    storage.doubleword(low + class.old_psw(), psw.emit(code, ilc));
    let identification = u32::from(ilc) << 17 | u32::from(code);
    match class {
        Class::Program if psw.ec => storage.word(low + 140, identification),
        Class::Svc if psw.ec => storage.word(low + 136, identification),
        _ => {}
    }
}

fn store_program_detail(state: &CpuState, storage: &impl AbsoluteStorage, program: &ProgramInterruption) {
    let at = |real: u32| state.absolute(real);
    match program.detail {
        Detail::None => {}
        Detail::Translation(word) | Detail::Number(word) => storage.store_u32(at(144), word),
        Detail::Monitor { class, code } => {
            storage.store_u16(at(148), u16::from(class));
            storage.store_u32(at(156), code & 0xFF_FFFF);
        }
    }
    if let Some(per) = program.per {
        storage.store_u16(at(150), u16::from(per.code) << 8);
        storage.store_u32(at(152), per.address & 0xFF_FFFF);
    }
}
