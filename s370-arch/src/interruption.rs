//! Interruption classes and codes (GA22-7000-10, chapter 6).

use serde::{Deserialize, Serialize};

use crate::isa::Exception;

/// The six classes of interruption.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Restart key or SIGNAL PROCESSOR restart.
    Restart,
    /// External.
    External,
    /// Supervisor call.
    Svc,
    /// Program.
    Program,
    /// Machine check.
    MachineCheck,
    /// Input/output.
    Io,
}

impl Class {
    /// Real address where the old PSW is stored.
    #[must_use]
    pub const fn old_psw(self) -> u32 {
        match self {
            Class::Restart => 8,
            Class::External => 24,
            Class::Svc => 32,
            Class::Program => 40,
            Class::MachineCheck => 48,
            Class::Io => 56,
        }
    }

    /// Real address of the new PSW.
    #[must_use]
    pub const fn new_psw(self) -> u32 {
        match self {
            Class::Restart => 0,
            Class::External => 88,
            Class::Svc => 96,
            Class::Program => 104,
            Class::MachineCheck => 112,
            Class::Io => 120,
        }
    }
}

/// A program-interruption code, without the PER bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ProgramCode(pub u16);

/// Bit of the program-interruption code that says "PER event", alone or with another cause.
pub const PER_EVENT: u16 = 0x80;

/// What becomes of the instruction (chapter 5, "Types of Instruction Ending").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The old PSW points at the instruction, which has had no effect.
    Nullification,
    /// The old PSW points past the instruction, which has had no effect.
    Suppression,
    /// The old PSW points past the instruction; the results are unpredictable.
    Termination,
    /// The old PSW points past the instruction, which has been executed.
    Completion,
}

macro_rules! program_codes {
    ($($code:literal $constant:ident $exception:ident $ending:ident $name:literal)*) => {
        impl ProgramCode {
            $(#[doc = $name] pub const $constant: ProgramCode = ProgramCode($code);)*

            /// The name of the interruption, or `None` for a code that is not assigned.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self.0 { $($code => Some($name),)* _ => None }
            }

            /// How the instruction ends. Several codes can end in two ways, according to the instruction; this is the
            /// one that decides where the old PSW points.
            #[must_use]
            pub const fn ending(self) -> Ending {
                match self.0 { $($code => Ending::$ending,)* _ => Ending::Suppression }
            }

            /// The column of the instruction table in which this code stands. Access exceptions are there as the
            /// operand's access, so they have none.
            #[must_use]
            pub const fn exception(self) -> Option<Exception> {
                program_codes!(@match self.0; $($code $exception)*)
            }
        }
    };
    (@match $value:expr; $($code:literal $exception:ident)*) => {
        match $value { $($code => program_codes!(@some $exception),)* _ => None }
    };
    (@some Access) => { None };
    (@some Operation) => { None };
    (@some $exception:ident) => { Some(Exception::$exception) };
}

program_codes! {
    0x01 OPERATION            Operation                   Suppression   "operation"
    0x02 PRIVILEGED           Privileged                  Suppression   "privileged operation"
    0x03 EXECUTE              Execute                     Suppression   "execute"
    0x04 PROTECTION           Access                      Termination   "protection"
    0x05 ADDRESSING           Addressing                  Termination   "addressing"
    0x06 SPECIFICATION        Specification               Suppression   "specification"
    0x07 DATA                 Data                        Termination   "data"
    0x08 FIXED_OVERFLOW       FixedOverflow               Completion    "fixed-point overflow"
    0x09 FIXED_DIVIDE         FixedDivide                 Suppression   "fixed-point divide"
    0x0A DECIMAL_OVERFLOW     DecimalOverflow             Completion    "decimal overflow"
    0x0B DECIMAL_DIVIDE       DecimalDivide               Suppression   "decimal divide"
    0x0C EXPONENT_OVERFLOW    ExponentOverflow            Completion    "exponent overflow"
    0x0D EXPONENT_UNDERFLOW   ExponentUnderflow           Completion    "exponent underflow"
    0x0E SIGNIFICANCE         Significance                Completion    "significance"
    0x0F FLOATING_POINT_DIVIDE FloatingPointDivide        Suppression   "floating-point divide"
    0x10 SEGMENT_TRANSLATION  Access                      Nullification "segment translation"
    0x11 PAGE_TRANSLATION     Access                      Nullification "page translation"
    0x12 TRANSLATION_SPECIFICATION TranslationSpecification Suppression "translation specification"
    0x13 SPECIAL_OPERATION    SpecialOperation            Suppression   "special operation"
    0x17 ASN_TRANSLATION_SPECIFICATION AsnTranslationSpecification Suppression "ASN-translation specification"
    0x1C SPACE_SWITCH         SpaceSwitch                 Completion    "space-switch event"
    0x1F PC_TRANSLATION_SPECIFICATION PcTranslationSpecification Suppression "PC-translation specification"
    0x20 AFX_TRANSLATION      AfxTranslation              Nullification "AFX translation"
    0x21 ASX_TRANSLATION      AsxTranslation              Nullification "ASX translation"
    0x22 LX_TRANSLATION       LxTranslation               Nullification "LX translation"
    0x23 EX_TRANSLATION       ExTranslation               Nullification "EX translation"
    0x24 PRIMARY_AUTHORITY    PrimaryAuthority            Nullification "primary authority"
    0x25 SECONDARY_AUTHORITY  SecondaryAuthority          Nullification "secondary authority"
    0x40 MONITOR_EVENT        MonitorEvent                Completion    "monitor event"
}

/// External-interruption codes.
pub mod external {
    /// Interval timer (may come together with the key and the signals in one code).
    pub const INTERVAL_TIMER: u16 = 0x0080;
    /// Interrupt key.
    pub const INTERRUPT_KEY: u16 = 0x0040;
    /// External signals 2-7, as bits 26-31 of the code.
    pub const SIGNALS: u16 = 0x003F;
    /// Malfunction alert; the CPU address is stored too.
    pub const MALFUNCTION_ALERT: u16 = 0x1200;
    /// Emergency signal; the CPU address is stored too.
    pub const EMERGENCY_SIGNAL: u16 = 0x1201;
    /// External call; the CPU address is stored too.
    pub const EXTERNAL_CALL: u16 = 0x1202;
    /// TOD-clock sync check.
    pub const TOD_CLOCK_SYNC_CHECK: u16 = 0x1003;
    /// Clock comparator.
    pub const CLOCK_COMPARATOR: u16 = 0x1004;
    /// CPU timer.
    pub const CPU_TIMER: u16 = 0x1005;
    /// Service signal.
    pub const SERVICE_SIGNAL: u16 = 0x2401;
    /// A message of the control program: only virtual machines have it (VM/370 System Programmer's Guide, GC20-1807,
    /// "External Interrupt Code X'4001'").
    pub const MESSAGE: u16 = 0x4001;
}

/// PER event bits as stored in the byte at real location 150, and as they stand in the leftmost byte of control
/// register 9.
pub mod per {
    /// Successful branching.
    pub const BRANCH: u8 = 0x80;
    /// Instruction fetching.
    pub const FETCH: u8 = 0x40;
    /// Storage alteration.
    pub const STORE: u8 = 0x20;
    /// General-register alteration.
    pub const REGISTER: u8 = 0x10;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_know_their_row_and_ending() {
        assert_eq!(ProgramCode::FIXED_DIVIDE.exception(), Some(Exception::FixedDivide));
        assert_eq!(ProgramCode::PAGE_TRANSLATION.ending(), Ending::Nullification);
        assert_eq!(ProgramCode::PROTECTION.exception(), None);
        assert_eq!(ProgramCode(0x99).name(), None);
    }
}
