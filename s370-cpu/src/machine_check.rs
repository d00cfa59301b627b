//! Machine-check conditions that software can wait for and mask: the repressible ones (GA22-7000-10, chapter 11).
//!
//! Our hardware has no malfunctions. Who runs the processor may report some: a warning that power is about to be lost, or
//! damage to something outside.

use s370_arch::assigned_storage as at;

use crate::{interruption::Interruption, state::CpuState, storage::AbsoluteStorage};

/// Subclass bits of the machine-check-interruption code, at their places in the doubleword.
pub mod subclass {
    /// A malfunction was corrected (bit 2).
    pub const SYSTEM_RECOVERY: u64 = 1 << (63 - 2);
    /// Damage to the interval timer (bit 3).
    pub const INTERVAL_TIMER_DAMAGE: u64 = 1 << (63 - 3);
    /// Damage to the TOD clock, the CPU timer or the clock comparator (bit 4).
    pub const TIMING_FACILITY_DAMAGE: u64 = 1 << (63 - 4);
    /// Damage outside the CPU (bit 5).
    pub const EXTERNAL_DAMAGE: u64 = 1 << (63 - 5);
    /// The machine has become slower (bit 7).
    pub const DEGRADATION: u64 = 1 << (63 - 7);
    /// Damage is imminent, such as loss of power (bit 8).
    pub const WARNING: u64 = 1 << (63 - 8);
    /// All of these.
    pub const REPRESSIBLE: u64 =
        SYSTEM_RECOVERY | INTERVAL_TIMER_DAMAGE | TIMING_FACILITY_DAMAGE | EXTERNAL_DAMAGE | DEGRADATION | WARNING;
}

/// Subclass-mask bits of control register 14 (bits 4-7), and what each allows.
const MASKS: [(u32, u64); 4] = [
    (1 << (31 - 4), subclass::SYSTEM_RECOVERY),
    (1 << (31 - 5), subclass::DEGRADATION),
    (1 << (31 - 6), subclass::INTERVAL_TIMER_DAMAGE | subclass::TIMING_FACILITY_DAMAGE | subclass::EXTERNAL_DAMAGE),
    (1 << (31 - 7), subclass::WARNING),
];

/// Validity bits: the old PSW (20-23), the floating-point, general and control registers (27-29), storage (31), the CPU
/// timer and the clock comparator (46, 47) are what they should be.
const VALID: u64 = 0x0000_0F1D_0003_0000;

impl CpuState {
    /// Makes repressible machine-check conditions pending: bits of [`subclass`]; others are ignored.
    pub fn request_machine_check(&mut self, conditions: u64) {
        self.machine_checks |= conditions & subclass::REPRESSIBLE;
    }

    /// The pending conditions that control register 14 allows; the PSW's mask is not looked at.
    #[must_use]
    pub fn machine_check_request(&self) -> u64 {
        let allowed = MASKS.into_iter().filter(|(mask, _)| self.cr[14] & mask != 0);
        self.machine_checks & allowed.fold(0, |all, (_, conditions)| all | conditions)
    }

    /// Removes the conditions that [`CpuState::machine_check_request`] gave, and makes the interruption of them.
    pub(crate) fn accept_machine_check(&mut self) -> Interruption {
        let conditions = self.machine_check_request();
        self.machine_checks &= !conditions;
        Interruption::MachineCheck { code: conditions | VALID }
    }

    /// What a machine-check interruption stores besides the PSW, at real locations.
    pub(crate) fn store_machine_check(&self, storage: &impl AbsoluteStorage, code: u64) {
        storage.store_u64(self.absolute(at::MACHINE_CHECK_CODE), code);
        self.store_registers(storage, self.absolute(0));
    }
}
