//! The time-of-day clock, the clock comparator and the CPU timer (GA22-7000-10, chapter 4, "Timing"; the instructions are
//! in chapters 7 and 10).

use s370_arch::format::Instruction;

use super::{Access, Interpreter, Outcome, Trap, aligned};
use crate::state::{ClockState, CpuState};
use crate::storage::AbsoluteStorage;

/// How far the values STORE CLOCK gave may run ahead of the clock, as they do when it is stored more often than it is
/// stepped: 2^32 units are 1.05 seconds.
const LEAD: u64 = 1 << 32;

impl CpuState {
    /// The clock's value for a program to see: every call gives a greater one, unless the clock was set in between.
    pub fn unique_tod(&mut self) -> u64 {
        let now = self.tod();
        // The difference, not the order, so that the clock may pass from all ones to zero.
        let is_behind = self.tod_last.wrapping_sub(now) < LEAD;
        self.tod_last = if is_behind { self.tod_last.wrapping_add(1) } else { now };
        self.tod_last
    }
}

impl<S: AbsoluteStorage> Interpreter<'_, S> {
    /// A doubleword operand that must be on its boundary.
    fn fetch_doubleword(&mut self, i: Instruction) -> Result<u64, Trap> {
        let at = self.address1(i);
        aligned(at, 8)?;
        self.fetch_u64(at)
    }

    fn store_doubleword(&mut self, i: Instruction, value: u64) -> Outcome {
        let at = self.address1(i);
        aligned(at, 8)?;
        self.store(at, &value.to_be_bytes())
    }

    /// STORE CLOCK; the operand need not be on a boundary.
    pub(super) fn stck(&mut self, i: Instruction) -> Outcome {
        let operand = self.resolve(self.address1(i), 8, Access::Store)?;
        operand.write(self.storage, &self.state.unique_tod().to_be_bytes());
        self.set_cc(match self.state.tod_state {
            ClockState::Set => 0,
            ClockState::NotSet => 1,
        });
        Ok(())
    }

    /// SET CLOCK. Clocks are not synchronized with those of other CPUs, so the clock leaves the stopped state at once.
    pub(super) fn sck(&mut self, i: Instruction) -> Outcome {
        let value = self.fetch_doubleword(i)?;
        let enabled = self.state.model.tod_switch_enabled;
        if enabled {
            self.state.set_tod(value);
            self.effects.context = true;
        }
        self.set_cc(u8::from(!enabled));
        Ok(())
    }

    pub(super) fn sckc(&mut self, i: Instruction) -> Outcome {
        self.state.clock_comparator = self.fetch_doubleword(i)?;
        self.effects.context = true;
        Ok(())
    }

    pub(super) fn stckc(&mut self, i: Instruction) -> Outcome {
        self.store_doubleword(i, self.state.clock_comparator)
    }

    pub(super) fn spt(&mut self, i: Instruction) -> Outcome {
        let value = self.fetch_doubleword(i)?;
        self.state.set_cpu_timer(value);
        self.effects.context = true;
        Ok(())
    }

    pub(super) fn stpt(&mut self, i: Instruction) -> Outcome {
        self.store_doubleword(i, self.state.cpu_timer())
    }
}

#[cfg(test)]
mod tests {
    use s370_arch::interruption::ProgramCode;

    use super::*;
    use crate::{exec::harness::Harness, state::MICROSECOND};

    const STCK: [u16; 2] = [0xB205, 0x0201];
    const SCK: [u16; 2] = [0xB204, 0x0200];

    #[test]
    fn privileged_all_but_stck() {
        for second in [4, 6, 7, 8, 9] {
            assert_eq!(Harness::problem().code(&[0xB200 | second, 0x0201]), ProgramCode::PRIVILEGED);
            assert_eq!(Harness::new().code(&[0xB200 | second, 0x0204]), ProgramCode::SPECIFICATION);
            let mut harness = Harness::new();
            harness.state.gr[4] = 0x1_0000;
            assert_eq!(harness.code(&[0xB200 | second, 0x4000]), ProgramCode::ADDRESSING);
            harness.state.psw.key = 1;
            harness.storage.set_key(0, 0x28);
            assert_eq!(harness.code(&[0xB200 | second, 0x0200]), ProgramCode::PROTECTION);
        }
        assert_eq!(Harness::problem().cc(&STCK), 1);
    }

    #[test]
    fn every_stored_clock_is_greater_than_the_one_before() {
        let mut harness = Harness::new();
        for start in [0, 0x8000_0000_0000_0000, u64::MAX - 1] {
            harness.state.set_tod(start);
            let mut last = None;
            for step in [0, 0, 0, 5, 0, MICROSECOND] {
                harness.state.time += step;
                assert_eq!(harness.cc(&STCK), 0);
                let stored = harness.storage.u64(0x201);
                let ahead = stored.wrapping_sub(harness.state.tod());
                assert!(ahead <= 3, "{ahead}");
                if let Some(last) = last.replace(stored) {
                    assert!(stored.wrapping_sub(last) as i64 > 0, "{stored:X} after {last:X}");
                }
            }
        }
    }

    #[test]
    fn a_clock_that_was_set_back_shows_it() {
        let mut harness = Harness::new();
        harness.state.set_tod(1 << 60);
        harness.cc(&STCK);
        harness.storage.store_u64(0x200, 1 << 50);
        assert_eq!(harness.cc(&SCK), 0);
        assert_eq!(harness.cc(&STCK), 0);
        assert_eq!(harness.storage.u64(0x201), 1 << 50);
    }

    #[test]
    fn the_secure_switch_keeps_the_clock() {
        let mut harness = Harness::new();
        harness.state.model.tod_switch_enabled = false;
        harness.storage.store_u64(0x200, 1 << 50);
        assert_eq!(harness.cc(&SCK), 1);
        assert_eq!((harness.state.tod(), harness.state.tod_state), (0, ClockState::NotSet));
        assert_eq!(harness.cc(&STCK), 1);
    }

    #[test]
    fn nothing_happens_to_the_clock_without_an_operand() {
        let mut harness = Harness::new();
        harness.state.gr[4] = 0xFFFC;
        assert_eq!(harness.code(&[0xB205, 0x4000]), ProgramCode::ADDRESSING);
        assert_eq!(harness.state.tod_last, u64::MAX);
    }

    #[test]
    fn comparator_and_timer_come_back() {
        let mut harness = Harness::new();
        harness.state.time = 77 * MICROSECOND;
        harness.storage.store_u64(0x200, 0x0123_4567_89AB_CDEF);
        for (set, store, elapsed) in [(0xB206, 0xB207, 0), (0xB208, 0xB209, 3 * MICROSECOND)] {
            harness.cc(&[set, 0x0200]);
            assert!(harness.effects.context);
            harness.state.time += elapsed;
            harness.cc(&[store, 0x0300]);
            assert_eq!(harness.storage.u64(0x300), 0x0123_4567_89AB_CDEF - elapsed);
        }
        assert_eq!(harness.state.clock_comparator, 0x0123_4567_89AB_CDEF);
    }
}
