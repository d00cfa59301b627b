//! Code 64: named segments.

use super::{Answer, Call, Outcome, SPECIFICATION};
use crate::systems::{self, NamedSystems, SystemError};

const LOAD_SHARED: u32 = 0x00;
const LOAD_NONSHARED: u32 = 0x04;
const PURGE: u32 = 0x08;
const FIND: u32 = 0x0C;

pub(super) fn named(call: &mut Call<'_, '_>) -> Answer {
    let mut systems = systems::of(call.cp.system);
    with(call, &mut systems)
}

fn with(call: &mut Call<'_, '_>, systems: &mut impl NamedSystems) -> Answer {
    let at = call.aligned(call.x, 8)?;
    let name = call.machine().fetch_array(at)?;
    match call.register(call.y) {
        subcode @ (LOAD_SHARED | LOAD_NONSHARED) => load(call, systems, &name, subcode == LOAD_SHARED),
        PURGE => match systems.purge(call.machine(), &name) {
            Ok(was_loaded) => call.done(u8::from(!was_loaded)),
            Err(error) => fail(call, error),
        },
        FIND => match systems.find(&call.cp.user.machine, &name) {
            Ok(known) => {
                let (x, y) = (call.x, call.y);
                call.set(x, known.extent.start);
                call.set(y, known.extent.end);
                call.done(u8::from(!known.is_loaded))
            }
            Err(error) => fail(call, error),
        },
        _ => Err(SPECIFICATION),
    }
}

/// Condition code 1 says that the segment lies within the storage that the machine has anyway.
fn load(call: &mut Call<'_, '_>, systems: &mut impl NamedSystems, name: &[u8; 8], shared: bool) -> Answer {
    match systems.load(call.machine(), name, shared) {
        Ok(extent) => {
            let inside = extent.start < call.machine().pages() * crate::real::PAGE;
            let (x, y) = (call.x, call.y);
            call.set(x, extent.start);
            call.set(y, extent.end);
            call.done(u8::from(inside))
        }
        Err(error) => fail(call, error),
    }
}

fn fail(call: &mut Call<'_, '_>, error: SystemError) -> Answer {
    let y = call.y;
    call.set(y, error.code());
    call.set_cc(2);
    Ok(Outcome::Done)
}

#[cfg(test)]
mod tests {
    use s370_arch::{ebcdic, interruption::ProgramCode};

    use super::*;
    use crate::{
        command::tests::Bench,
        diagnose::Exception,
        systems::{Extent, Known, Start},
        vm::VirtualMachine,
    };

    /// One system, CMSSEG, and what was done with it.
    struct Double {
        loaded: Option<bool>,
        broken: bool,
    }

    const EXTENT: Extent = Extent { start: 0x00F0_0000, end: 0x00F0_FFFF };

    impl Double {
        fn look(&self, name: &[u8; 8]) -> Result<(), SystemError> {
            match (ebcdic::to_text(name).as_str(), self.broken) {
                ("CMSSEG  ", false) => Ok(()),
                ("CMSSEG  ", true) => Err(SystemError::Paging),
                _ => Err(SystemError::DoesNotExist),
            }
        }
    }

    impl NamedSystems for Double {
        fn find(&mut self, _: &VirtualMachine, name: &[u8; 8]) -> Result<Known, SystemError> {
            self.look(name)?;
            Ok(Known { extent: EXTENT, is_loaded: self.loaded.is_some() })
        }

        fn load(&mut self, _: &mut VirtualMachine, name: &[u8; 8], shared: bool) -> Result<Extent, SystemError> {
            self.look(name)?;
            self.loaded = Some(shared);
            Ok(EXTENT)
        }

        fn purge(&mut self, _: &mut VirtualMachine, name: &[u8; 8]) -> Result<bool, SystemError> {
            self.look(name)?;
            Ok(self.loaded.take().is_some())
        }

        fn ipl(&mut self, _: &mut VirtualMachine, _: &[u8; 8]) -> Result<Start, SystemError> {
            Err(SystemError::DoesNotExist)
        }
    }

    /// Condition code, Rx and Ry.
    fn ask(bench: &mut Bench, double: &mut Double, name: &str, subcode: u32) -> Result<(u8, u32, u32), Exception> {
        bench.store(0x1000, &ebcdic::from_text(&format!("{name:8}")));
        bench.with(|cp| {
            cp.user.machine.state.gr[2] = 0x1000;
            cp.user.machine.state.gr[3] = subcode;
            let mut call = Call { cp, x: 2, y: 3 };
            assert_eq!(with(&mut call, double)?, Outcome::Done);
            let state = &call.machine().state;
            Ok((state.psw.cc, state.gr[2], state.gr[3]))
        })
    }

    #[test]
    fn registers_and_condition_codes() {
        let mut bench = Bench::new(64 << 10);
        let mut double = Double { loaded: None, broken: false };
        let mut ask = |subcode, name: &str| ask(&mut bench, &mut double, name, subcode);
        let (start, end) = (EXTENT.start, EXTENT.end);
        assert_eq!(ask(FIND, "CMSSEG"), Ok((1, start, end)), "known, not loaded");
        assert_eq!(ask(PURGE, "CMSSEG"), Ok((1, 0x1000, PURGE)), "not loaded");
        assert_eq!(ask(LOAD_SHARED, "CMSSEG"), Ok((0, start, end)));
        assert_eq!(ask(FIND, "CMSSEG"), Ok((0, start, end)), "loaded");
        assert_eq!(ask(PURGE, "CMSSEG"), Ok((0, 0x1000, PURGE)));
        for subcode in [LOAD_SHARED, LOAD_NONSHARED, PURGE, FIND] {
            assert_eq!(ask(subcode, "OTHER"), Ok((2, 0x1000, 44)));
        }
        assert_eq!(ask(0x10, "CMSSEG"), Err(Exception(ProgramCode::SPECIFICATION)));
        assert_eq!(ask(LOAD_NONSHARED, "CMSSEG"), Ok((0, start, end)));
        assert_eq!(double.loaded, Some(false));
    }

    #[test]
    fn paging_errors_and_segments_within_storage() {
        let mut bench = Bench::new(16 << 20);
        let mut double = Double { loaded: None, broken: false };
        assert_eq!(ask(&mut bench, &mut double, "CMSSEG", LOAD_SHARED), Ok((1, EXTENT.start, EXTENT.end)));
        double.broken = true;
        assert_eq!(ask(&mut bench, &mut double, "CMSSEG", FIND), Ok((2, 0x1000, 177)));
    }
}
