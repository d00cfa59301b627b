//! Rows whose implementation has not arrived yet. This file goes when it has.
use super::{Interpreter, Outcome};
use s370_arch::{format::Instruction, interruption::ProgramCode};
macro_rules! missing { ($($m:ident)*) => { impl Interpreter<'_> { $(pub(super) fn $m(&mut self, _: Instruction) -> Outcome { Err(ProgramCode::OPERATION.into()) })* } } }
missing! { sio siof tio clrio hio hdv tch sigp lra concs discs stidc ptlb spx stpx stap pc sac ipte ivsk iac ssar epar esar pt mvck mvcp mvcs lasp tprot free fret lckpg ulkpg dnccw fccws scnvu disp1 trbrg trlok vist vipt dfccw disp0 scnru ccwgn uxccw disp2 stevl lcspg freex fretx prfma }
