//! The processor's architected state: a plain value that can be copied, compared and saved.

use s370_arch::{control_register, interruption::external, isa::Facility, psw::Psw};
use serde::{Deserialize, Serialize};

use crate::interruption::PendingPer;

/// TOD-clock units in a microsecond: bit 51 of the clock (GA22-7000-10, chapter 4, "Time-of-Day Clock").
pub const MICROSECOND: u64 = 1 << 12;

/// What kind of processor it is: fixed while it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Model {
    /// Version code, serial number and model number as STORE CPU ID gives them, with a zero MCEL length:
    /// `VV SSSSSS MMMM 0000`.
    pub cpu_id: u64,
    /// Bit n is set when the facility with that number is installed.
    facilities: u32,
    /// Each 4K-byte block has one key, and ISK, SSK and RRB depend on control register 0 bit 7 (the storage-key
    /// 4K-byte-block facility). Otherwise each 2K-byte block has its own.
    pub single_key_4k: bool,
    /// Bits 13 and 14 of a page-table entry for 4K pages are two more bits of the frame address.
    pub extended_real_addressing: bool,
    /// Whether the interval timer at location 80 runs.
    pub interval_timer: bool,
    /// Whether the TOD-clock switch lets SET CLOCK work.
    pub tod_switch_enabled: bool,
}

impl Default for Model {
    /// Everything but the CP assist instructions; a 3033's model number, the version code of a virtual machine's host.
    fn default() -> Self {
        Model {
            cpu_id: 0x0000_0370_3033_0000,
            facilities: !(1 << Facility::EcpsVm as u32),
            single_key_4k: false,
            extended_real_addressing: false,
            interval_timer: true,
            tod_switch_enabled: true,
        }
    }
}

impl Model {
    /// Whether a facility is installed.
    #[inline]
    #[must_use]
    pub const fn has(&self, facility: Facility) -> bool {
        self.facilities >> facility as u32 & 1 != 0
    }

    /// Whether every facility but the CP assist instructions is installed.
    #[inline]
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.facilities | 1 << Facility::EcpsVm as u32 == u32::MAX
    }

    /// The same model with or without a facility.
    #[must_use]
    pub const fn with(mut self, facility: Facility, installed: bool) -> Self {
        let bit = 1 << facility as u32;
        self.facilities = if installed { self.facilities | bit } else { self.facilities & !bit };
        self
    }
}

/// Whether the processor executes (GA22-7000-10, chapter 4, "Stopped, Operating, Load, and Check-Stop States"). The wait
/// state is a bit of the PSW.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum RunState {
    /// Executes instructions or waits.
    #[default]
    Operating,
    /// Will be stopped when the interruptions that are allowed have been taken.
    Stopping {
        /// The status is to be stored then.
        store_status: bool,
    },
    /// Stopped by the operator or by SIGNAL PROCESSOR.
    Stopped,
    /// Left only by a reset.
    CheckStop,
}

/// State of the TOD clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum ClockState {
    /// Runs with a value that was set.
    #[default]
    Set,
    /// Runs, but was never set.
    NotSet,
}

/// Requests for external interruptions that stay pending until taken or reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ExternalRequests {
    /// Interval timer, interrupt key and external signals, as in the low byte of the interruption code.
    pub signals: u16,
    /// CPUs (bit n: CPU address n) that sent a malfunction alert.
    pub malfunction_alert: u64,
    /// CPUs that sent an emergency signal.
    pub emergency_signal: u64,
    /// CPU that sent an external call.
    pub external_call: Option<u16>,
    /// A service signal and its parameter.
    pub service_signal: Option<u32>,
    /// A message of a control program, which has the mask bit 31 of control register 0. On a real machine it is never set.
    #[serde(default)]
    pub message: bool,
}

/// The state of one processor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CpuState {
    /// What it is.
    pub model: Model,
    /// The current PSW.
    pub psw: Psw,
    /// General registers.
    pub gr: [u32; 16],
    /// Floating-point registers 0, 2, 4 and 6.
    pub fpr: [u64; 4],
    /// Control registers.
    pub cr: [u32; 16],
    /// Prefix: a multiple of 4096.
    pub prefix: u32,
    /// CPU address in the configuration.
    pub cpu_address: u16,
    /// Operating, stopped or check-stop.
    pub run_state: RunState,
    /// Time that has passed for this processor, in TOD-clock units since power-on.
    pub time: u64,
    /// TOD-clock value less [`CpuState::time`].
    pub tod_offset: u64,
    /// Whether the TOD clock was set.
    pub tod_state: ClockState,
    /// The last value that STORE CLOCK gave, so that the next is greater; just below the clock if it gave none yet.
    pub tod_last: u64,
    /// Clock comparator.
    pub clock_comparator: u64,
    /// CPU timer plus [`CpuState::time`]: the timer's value is this less the time.
    pub cpu_timer_base: u64,
    /// 1/300ths of a second of [`CpuState::time`] that the interval timer has counted.
    pub interval_timer_ticks: u64,
    /// Pending external interruptions.
    pub external: ExternalRequests,
    /// Pending machine-check conditions; see [`machine_check`](crate::machine_check).
    pub machine_checks: u64,
    /// A restart was requested.
    pub restart: bool,
    /// A PER event that waits for the SVC interruption that came with it.
    pub pending_per: Option<PendingPer>,
}

impl CpuState {
    /// A processor after power-on reset (GA22-7000-10, chapter 4, "Resets").
    #[must_use]
    pub fn new(model: Model) -> CpuState {
        let mut state = CpuState {
            model,
            psw: Psw::default(),
            gr: [0; 16],
            fpr: [0; 4],
            cr: [0; 16],
            prefix: 0,
            cpu_address: 0,
            run_state: RunState::Operating,
            time: 0,
            tod_offset: 0,
            tod_state: ClockState::NotSet,
            tod_last: u64::MAX,
            clock_comparator: 0,
            cpu_timer_base: 0,
            interval_timer_ticks: 0,
            external: ExternalRequests::default(),
            machine_checks: 0,
            restart: false,
            pending_per: None,
        };
        state.initial_cpu_reset();
        state
    }

    /// The CPU timer.
    #[inline]
    #[must_use]
    pub fn cpu_timer(&self) -> u64 {
        self.cpu_timer_base.wrapping_sub(self.time)
    }

    /// Sets the CPU timer.
    pub fn set_cpu_timer(&mut self, value: u64) {
        self.cpu_timer_base = value.wrapping_add(self.time);
    }

    /// The TOD clock.
    #[inline]
    #[must_use]
    pub fn tod(&self) -> u64 {
        self.tod_offset.wrapping_add(self.time)
    }

    /// Sets the TOD clock.
    pub fn set_tod(&mut self, value: u64) {
        self.tod_offset = value.wrapping_sub(self.time);
        self.tod_state = ClockState::Set;
        self.tod_last = value.wrapping_sub(1);
    }

    /// Real address to absolute address: prefixing (GA22-7000-10, chapter 3, "Prefixing").
    #[inline]
    #[must_use]
    pub const fn absolute(&self, real: u32) -> u32 {
        apply_prefix(self.prefix, real)
    }

    /// The external-interruption code of a request that control register 0 allows, the first in order of priority; the
    /// PSW's mask is not looked at.
    #[must_use]
    pub fn external_request(&self) -> Option<u16> {
        let allowed = |bit: u32| self.cr[0] & (1 << (31 - bit)) != 0;
        let requests = &self.external;
        let signals = requests.signals
            & (if allowed(24) { external::INTERVAL_TIMER } else { 0 }
                | if allowed(25) { external::INTERRUPT_KEY } else { 0 }
                | if allowed(26) { external::SIGNALS } else { 0 });
        let in_order = [
            (signals != 0, signals),
            (requests.malfunction_alert != 0 && allowed(16), external::MALFUNCTION_ALERT),
            (requests.emergency_signal != 0 && allowed(17), external::EMERGENCY_SIGNAL),
            (requests.external_call.is_some() && allowed(18), external::EXTERNAL_CALL),
            (allowed(20) && self.clock_comparator < self.tod(), external::CLOCK_COMPARATOR),
            (allowed(21) && (self.cpu_timer() as i64) < 0, external::CPU_TIMER),
            (requests.service_signal.is_some() && allowed(22), external::SERVICE_SIGNAL),
            (requests.message && allowed(31), external::MESSAGE),
        ];
        in_order.into_iter().find(|(pending, _)| *pending).map(|(_, code)| code)
    }
}

/// The control registers after initial CPU reset.
#[must_use]
pub const fn initial_control_registers() -> [u32; 16] {
    control_register::INITIAL
}

/// Exchanges the first 4096 bytes and those at the prefix.
#[inline]
#[must_use]
pub const fn apply_prefix(prefix: u32, real: u32) -> u32 {
    let page = real & !0xFFF;
    if page == 0 || page == prefix { real ^ prefix } else { real }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixing_exchanges_two_pages() {
        for (real, absolute) in [(0x50, 0x5050), (0x5050, 0x50), (0x4FFF, 0x4FFF), (0x6000, 0x6000)] {
            assert_eq!(apply_prefix(0x5000, real), absolute);
            assert_eq!(apply_prefix(0, real), real);
        }
    }

    #[test]
    fn external_requests_come_in_order_of_priority() {
        let mut state = CpuState::new(Model::default());
        state.cr[0] = u32::MAX;
        state.set_tod(1 << 40);
        state.clock_comparator = u64::MAX;
        state.set_cpu_timer(u64::MAX);
        assert_eq!(state.external_request(), Some(0x1005));
        state.clock_comparator = 0;
        assert_eq!(state.external_request(), Some(0x1004));
        state.external.external_call = Some(3);
        assert_eq!(state.external_request(), Some(0x1202));
        state.external.signals = 0xC0;
        assert_eq!(state.external_request(), Some(0x00C0));
        state.cr[0] = !0x80;
        assert_eq!(state.external_request(), Some(0x0040));
        state.external = ExternalRequests { message: true, ..ExternalRequests::default() };
        state.cr[0] = 1;
        assert_eq!(state.external_request(), Some(0x4001));
        state.cr[0] = !1;
        state.clock_comparator = u64::MAX;
        state.set_cpu_timer(0);
        assert_eq!(state.external_request(), None);
    }
}
