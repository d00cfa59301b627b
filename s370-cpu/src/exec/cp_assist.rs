//! The CP assist instructions, E600-E616 (GA22-7072).
//!
//! They are microcode for one control program, loaded with it: what they do is no business of the processor's. On a
//! machine that has the facility but has not loaded it, they cause an operation exception, which the control program's
//! own code for the function then goes on from. Whoever runs the processor may take that exception as the order to
//! execute the assist.

use s370_arch::{format::Instruction, interruption::ProgramCode};

use super::{Interpreter, Outcome};
use crate::storage::AbsoluteStorage;

macro_rules! not_loaded {
    ($($method:ident)*) => {
        impl<S: AbsoluteStorage> Interpreter<'_, S> {
            $(
                pub(super) fn $method(&mut self, _: Instruction) -> Outcome {
                    Err(ProgramCode::OPERATION.into())
                }
            )*
        }
    };
}

not_loaded! {
    free fret lckpg ulkpg dnccw fccws scnvu disp1 trbrg trlok vist vipt dfccw disp0 scnru ccwgn uxccw disp2 stevl lcspg
    freex fretx prfma
}

#[cfg(test)]
mod tests {
    use s370_arch::isa::Facility;

    use super::*;
    use crate::{exec::harness::Harness, state::Model};

    #[test]
    fn every_one_is_an_operation_exception_in_the_supervisor_state() {
        for installed in [false, true] {
            for code in 0xE600..=0xE616 {
                let mut harness = Harness::with(Model::default().with(Facility::EcpsVm, installed));
                let instruction = [code, 0x0200, 0x0300];
                assert_eq!(harness.interruption(&instruction).ilc, 3);
                assert_eq!(harness.code(&instruction), ProgramCode::OPERATION, "{code:X}");
                harness.state.psw.problem = true;
                let expected = if installed { ProgramCode::PRIVILEGED } else { ProgramCode::OPERATION };
                assert_eq!(harness.code(&instruction), expected, "{code:X}");
            }
        }
    }
}
