//! Rows whose implementation has not arrived yet. This file goes when it has.
use super::{Interpreter, Outcome};
use s370_arch::{format::Instruction, interruption::ProgramCode};
macro_rules! missing { ($($m:ident)*) => { impl Interpreter<'_> { $(pub(super) fn $m(&mut self, _: Instruction) -> Outcome { Err(ProgramCode::OPERATION.into()) })* } } }
missing! { lpdr lndr ltdr lcdr hdr lrdr mxr mxdr ldr cdr adr sdr mdr ddr awr swr lper lner lter lcer her lrer axr sxr ler cer aer ser mer der aur sur cvd cvb std mxd ld cd ad sd md dd aw sw ste le ce ae se me de au su sio siof tio clrio hio hdv tch sigp lra concs discs stidc ptlb spx stpx stap pc sac ipte ivsk iac ssar epar esar pt mvck mvcp mvcs ed edmk lasp tprot free fret lckpg ulkpg dnccw fccws scnvu disp1 trbrg trlok vist vipt dfccw disp0 scnru ccwgn uxccw disp2 stevl lcspg freex fretx prfma srp mvo pack unpk zap cp ap sp mp dp }
