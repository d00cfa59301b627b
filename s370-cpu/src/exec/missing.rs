//! Rows whose implementation has not arrived yet. This file goes when it has.
use super::{Interpreter, Outcome};
use s370_arch::{format::Instruction, interruption::ProgramCode};
macro_rules! missing { ($($m:ident)*) => { impl Interpreter<'_> { $(pub(super) fn $m(&mut self, _: Instruction) -> Outcome { Err(ProgramCode::OPERATION.into()) })* } } }
missing! { lpdr lndr ltdr lcdr hdr ldxr mxr mxdr ldr cdr adr sdr mdr ddr awr swr lper lner lter lcer her ledr axr sxr ler cer aer ser mder der aur sur cvd cvb std mxd ld cd ad sd md dd aw sw ste le ce ae se mde de au su ed edmk srp mvo pack unpk zap cp ap sp mp dp }
