//! Decoded instructions: what the fast interpreter's loop works on.

use std::cell::Cell;

use s370_arch::{
    format::Instruction,
    isa::{Facility, Op, Privilege, TABLE, instruction_length},
};

use super::cache::Register;

/// What a slot's instruction is to the loop. Everything without a code of its own is [`Code::Slow`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[rustfmt::skip] // a list: one line a group
#[allow(missing_docs, reason = "the names are the mnemonics")]
pub enum Code {
    /// Not decoded yet.
    Undecoded,
    /// Past the last halfword of a block.
    End,
    /// Left to the slow interpreter.
    Slow,
    /// Stored into again and again: decoded each time it is executed.
    Volatile,
    /// An entry of a translated region.
    Region,
    /// After an instruction that was executed in another place than its own: back to where it stands.
    Resume,
    /// A branch that is not taken, and takes 1 or 2 halfwords.
    Nop1, Nop2,
    Lr, Ltr, Lcr, Lpr, Lnr, Ar, Sr, Alr, Slr, Cr, Clr, Nr, Or, Xr, Mr, Dr, Spm,
    Bcr, BcrAlways, Balr, Basr, Bctr, BctrNone,
    L, Lh, La, St, Sth, Stc, Ic, A, Ah, S, Sh, Al, Sl, C, Ch, Cl, N, O, X, M, Mh, D, Cvb, Cvd,
    Bc, BcAlways, BcEqual, BcNotEqual, BcLow, BcNotLow, BcHigh, BcNotHigh, BcOnes, BcNotOnes,
    Bal, Bas, Bct, Bxh, Bxle, Ex,
    Sll, Srl, Sla, Sra, Sldl, Srdl, Slda, Srda,
    Lm, Stm, Icm, Stcm, Clm,
    Tm, Mvi, Ni, Oi, Xi, Cli,
    Mvc, Mvn, Mvz, Nc, Oc, Xc, XcZero, Clc, Tr, Trt,
    Pack, Unpk, Zap, Ap, Sp, Cp, Mp, Dp, Ed, Srp,
    Ler, Ldr, Lter, Ltdr, Lcer, Lcdr, Lper, Lpdr, Lner, Lndr, Her, Hdr,
    Cer, Cdr, Aer, Adr, Ser, Sdr, Aur, Awr, Sur, Swr, Mer, Mdr, Der, Ddr,
    Le, Ld, Ste, Std, Ce, Cd, Ae, Ad, Se, Sd, Au, Aw, Su, Sw, Me, Md, De, Dd,
    Svc, Ssm, Stnsm, Stosm, Lpsw, Stctl, Lctl, Isk, Ssk, Spt, Stpt, Stck, Spka, Ipk, Rrb, Mc,
    /// Privileged instructions without a fast form: an interruption in the problem state, else left alone.
    Privileged2, Privileged4,
    // Pairs: an instruction and the one after it, which still has its own slot and its own [`Slot::plain`] code.
    LtrBc, LrBc, CrBc, ClrBc, ArBc, SrBc, LaBc, LBc, StBc, ABc, SBc, CBc, ChBc, ClBc, NBc, CliBc, TmBc, ClcBc, LaBct,
    ArBct, StBct, StcBct, MviBxle, LaBxle, ArBxle, StBxle, LL, LSt, LLa, LLr, LLtr, LA, LS, LBalr, StL, StLa, StLr,
    StSt, LaLa, LaL, LaSt, LaLr, LrLr, LrL, LrAr, LrSr, LrSrl, LrSll, LrBalr, XrLr, SrlXr, SllAlr, SllAr, ArLr, ArL,
    ArSt, ASt, SSt, MviLa, LmBcrAlways, LmLpsw, StmL,
    LBcrAlways, SllL, LhSll, LeMe, LdMd, MeAer, MdAdr, AerLa, AdrLa, MerAe, MdrAd,
}

/// One decoded instruction. Fields mean what the format says; base and index registers 0 become [`Register::NONE`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[repr(C, align(16))]
pub struct Slot {
    /// Of a branch: the value that its hint's register had. Of SS: the second displacement.
    extra: Cell<u32>,
    /// What to do.
    pub code: Code,
    /// The code of this instruction alone, where `code` is that of a pair; [`Code::Bc`] for all its forms.
    pub plain: Code,
    /// R1, M1 or L1.
    pub r1: Register,
    /// R2, X2, R3, M3 or L2.
    pub r2: Register,
    /// B1, or B2 where it stands in the same place.
    pub b1: Register,
    /// Second base of SS; of a branch, the register of its hint.
    second: Cell<Register>,
    /// Bits 8-15; of LM and STM, the length of the operand.
    pub i: u8,
    /// Length in halfwords.
    pub length: u8,
    /// Displacement that goes with `b1`.
    pub d1: u16,
    /// Of a branch: how far it went, see [`Cursor::step`](super::cache::Cursor::step).
    step: Cell<i16>,
}

const _: () = assert!(size_of::<Slot>() == 16);

/// A hint that never fits: a register that reads as zero, and another value.
const NO_HINT: (Register, u32) = (Register::new(17), 1);

impl Slot {
    /// The second displacement of SS.
    #[inline(always)]
    pub fn d2(&self) -> u32 {
        self.extra.get()
    }

    /// The second base of SS.
    #[inline(always)]
    pub fn b2(&self) -> Register {
        self.second.get()
    }

    /// The register that decided where this branch went last.
    #[inline(always)]
    pub fn hint_register(&self) -> Register {
        self.second.get()
    }

    /// The value that [`Slot::hint_register`] had.
    #[inline(always)]
    pub fn hint_value(&self) -> u32 {
        self.extra.get()
    }

    /// How far the branch went: see [`Cursor::step`](super::cache::Cursor::step).
    #[inline(always)]
    pub fn hint_step(&self) -> i16 {
        self.step.get()
    }

    /// Remembers where this branch went: by which register, with which value, how far.
    #[inline(always)]
    pub fn set_hint(&self, register: Register, value: u32, step: i16) {
        self.second.set(register);
        self.extra.set(value);
        self.step.set(step);
    }

    /// Forgets where this branch went, if it is one.
    pub fn forget_hint(&self) {
        if self.length < 3 {
            self.set_hint(NO_HINT.0, NO_HINT.1, 0);
        }
    }

    /// This instruction without the other one of its pair.
    pub fn alone(&self) -> Slot {
        Slot { code: self.plain, ..self.clone() }
    }

    /// A slot with nothing but a code, of one halfword.
    pub const fn bare(code: Code) -> Slot {
        let none = Register::NONE;
        Slot {
            extra: Cell::new(NO_HINT.1),
            code,
            plain: code,
            r1: none,
            r2: none,
            b1: none,
            d1: 0,
            step: Cell::new(0),
            second: Cell::new(NO_HINT.0),
            i: 0,
            length: 1,
        }
    }

    /// The entry with this number of a translated region, at an instruction of so many halfwords.
    pub fn region(number: u16, halfwords: u8) -> Slot {
        Slot { d1: number, length: halfwords, ..Slot::bare(Code::Region) }
    }

    /// The number of a region's entry.
    pub fn region_number(&self) -> u16 {
        self.d1
    }

    /// Decodes an instruction. It must not cross the end of its block.
    #[inline]
    pub fn decode(i: Instruction) -> Slot {
        let register = |r: usize| if r == 0 { Register::NONE } else { Register::new(r as u8) };
        let (mut code, shape) = FIRST_BYTE[usize::from(i.0[0])];
        if shape & TWO_LEVEL != 0 {
            code = Op::decode(i.first_halfword()).map_or(Code::Slow, code_of);
        }
        let two_addresses = i.length() == 6;
        let mut slot = Slot {
            extra: Cell::new(if two_addresses { i.displacement2() } else { NO_HINT.1 }),
            code,
            plain: code,
            r1: Register::new(i.r1() as u8),
            r2: if shape & INDEX != 0 { register(i.r2()) } else { Register::new(i.r2() as u8) },
            b1: register(i.base1()),
            second: Cell::new(if two_addresses { register(i.base2()) } else { NO_HINT.0 }),
            i: i.i(),
            length: i.length() / 2,
            d1: i.displacement1() as u16,
            step: Cell::new(0),
        };
        if shape & FORMS != 0 {
            slot.specialize(shape);
        }
        slot
    }

    /// Chooses the form of an instruction that its fields allow, and leaves invalid forms to the slow interpreter.
    fn specialize(&mut self, shape: u8) {
        let (r1, r2) = (self.i >> 4, self.i & 15);
        self.code = match self.code {
            Code::Bcr if r1 == 0 || r2 == 0 => Code::Nop1,
            Code::Bcr if r1 == 15 => Code::BcrAlways,
            Code::Bctr if r2 == 0 => Code::BctrNone,
            // The loop works out the target after it has changed R1.
            Code::Balr | Code::Basr | Code::Bctr if r1 == r2 => Code::Slow,
            Code::Bct | Code::Bal | Code::Bas if r1 != 0 && (r1 == r2 || r1 == self.b1.number()) => Code::Slow,
            Code::Bxh | Code::Bxle if r1 == self.b1.number() => Code::Slow,
            Code::Bc => match r1 {
                0 => Code::Nop2,
                15 => Code::BcAlways,
                8 => Code::BcEqual,
                7 => Code::BcNotEqual,
                4 => Code::BcLow,
                11 => Code::BcNotLow,
                2 => Code::BcHigh,
                13 => Code::BcNotHigh,
                1 => Code::BcOnes,
                14 => Code::BcNotOnes,
                _ => Code::Bc,
            },
            Code::Mr | Code::Dr | Code::M | Code::D | Code::Sldl | Code::Srdl | Code::Slda | Code::Srda
                if r1 % 2 == 1 =>
            {
                Code::Slow
            }
            Code::Icm | Code::Stcm | Code::Clm if r2 == 0 => Code::Slow,
            Code::Xc if self.b1 == self.b2() && u32::from(self.d1) == self.d2() => Code::XcZero,
            Code::Mp | Code::Dp if r2 > 7 || r2 >= r1 => Code::Slow,
            code => code,
        };
        if matches!(self.code, Code::Lm | Code::Stm) {
            self.i = ((r2.wrapping_sub(r1) & 15) + 1) * 4;
        }
        if shape & FLOAT != 0 {
            let valid = |r: u8| r.is_multiple_of(2) && r <= 6;
            if !valid(r1) || shape & INDEX == 0 && !valid(r2) {
                self.code = Code::Slow;
            }
            // The four registers stand side by side in the state.
            self.r1 = Register::new(r1 / 2);
            if shape & INDEX == 0 {
                self.r2 = Register::new(r2 / 2);
            }
        }
        self.plain = if is_conditional(self.code) { Code::Bc } else { self.code };
    }
}

/// Bits 12-15 are an index register.
const INDEX: u8 = 1;
/// Registers are floating-point registers.
const FLOAT: u8 = 2;
/// Some fields call for another form than others.
const FORMS: u8 = 4;
/// The operation code fills two bytes.
const TWO_LEVEL: u8 = 8;

/// What is known from the first byte: the code, and how fields are to be understood.
static FIRST_BYTE: [(Code, u8); 256] = first_bytes();

const fn first_bytes() -> [(Code, u8); 256] {
    let mut table = [(Code::Slow, 0); 256];
    let mut n = 0;
    while n < TABLE.len() {
        let row = &TABLE[n];
        let byte = row.first_byte() as usize;
        table[byte] =
            if row.is_two_level() { (Code::Slow, TWO_LEVEL) } else { (code_of(row.op), shape_of(code_of(row.op))) };
        n += 1;
    }
    table
}

const fn shape_of(code: Code) -> u8 {
    let n = code as u8;
    let is_rx = n >= Code::L as u8 && n <= Code::Cvd as u8
        || n >= Code::Bc as u8 && n <= Code::Bct as u8
        || n >= Code::Le as u8 && n <= Code::Dd as u8
        || matches!(code, Code::Ex);
    let is_float = n >= Code::Ler as u8 && n <= Code::Dd as u8;
    let has_forms = is_float
        || matches!(
            code,
            Code::Bcr
                | Code::Bctr
                | Code::Balr
                | Code::Basr
                | Code::Bct
                | Code::Bal
                | Code::Bas
                | Code::Bxh
                | Code::Bxle
                | Code::Bc
                | Code::Mr
                | Code::Dr
                | Code::M
                | Code::D
                | Code::Sldl
                | Code::Srdl
                | Code::Slda
                | Code::Srda
                | Code::Lm
                | Code::Stm
                | Code::Icm
                | Code::Stcm
                | Code::Clm
                | Code::Xc
                | Code::Mp
                | Code::Dp
        );
    (if is_rx { INDEX } else { 0 }) | (if is_float { FLOAT } else { 0 }) | (if has_forms { FORMS } else { 0 })
}

/// Whether it is the code of a pair.
#[inline(always)]
pub fn is_pair(code: Code) -> bool {
    code as u8 >= Code::LtrBc as u8
}

/// Whether it is BRANCH ON CONDITION (RX) in one of its forms.
pub fn is_conditional(code: Code) -> bool {
    (Code::Bc as u8..=Code::BcNotOnes as u8).contains(&(code as u8))
}

/// Whether the instruction may change the flow of control, so that it cannot be executed as EXECUTE's target in the
/// loop.
pub fn is_branch(code: Code) -> bool {
    (Code::Bcr as u8..=Code::BctrNone as u8).contains(&(code as u8))
        || (Code::Bc as u8..=Code::Ex as u8).contains(&(code as u8))
        || (Code::Svc as u8..=Code::Privileged4 as u8).contains(&(code as u8))
        || (code as u8) <= Code::Resume as u8
}

macro_rules! codes {
    ($($op:ident $code:ident),* $(,)?) => {
        /// The loop's code for an operation.
        const fn code_of(op: Op) -> Code {
            match op {
                $(Op::$op => Code::$code,)*
                other if matches!(other.row().privilege, Privilege::Privileged)
                    && !matches!(other.row().facility, Facility::EcpsVm) =>
                {
                    match instruction_length(other.row().first_byte()) {
                        2 => Code::Privileged2,
                        4 => Code::Privileged4,
                        _ => Code::Slow,
                    }
                }
                _ => Code::Slow,
            }
        }
    };
}

codes! {
    LR Lr, LTR Ltr, LCR Lcr, LPR Lpr, LNR Lnr, AR Ar, SR Sr, ALR Alr, SLR Slr, CR Cr, CLR Clr, NR Nr, OR Or, XR Xr,
    MR Mr, DR Dr, SPM Spm, BCR Bcr, BALR Balr, BASR Basr, BCTR Bctr,
    L L, LH Lh, LA La, ST St, STH Sth, STC Stc, IC Ic, A A, AH Ah, S S, SH Sh, AL Al, SL Sl, C C, CH Ch, CL Cl, N N,
    O O, X X, M M, MH Mh, D D, CVB Cvb, CVD Cvd, BC Bc, BAL Bal, BAS Bas, BCT Bct, BXH Bxh, BXLE Bxle, EX Ex,
    SLL Sll, SRL Srl, SLA Sla, SRA Sra, SLDL Sldl, SRDL Srdl, SLDA Slda, SRDA Srda, LM Lm, STM Stm, ICM Icm,
    STCM Stcm, CLM Clm, TM Tm, MVI Mvi, NI Ni, OI Oi, XI Xi, CLI Cli, MVC Mvc, MVN Mvn, MVZ Mvz, NC Nc, OC Oc, XC Xc,
    CLC Clc, TR Tr, TRT Trt, PACK Pack, UNPK Unpk, ZAP Zap, AP Ap, SP Sp, CP Cp, MP Mp, DP Dp, ED Ed, SRP Srp,
    LER Ler, LDR Ldr, LTER Lter, LTDR Ltdr, LCER Lcer, LCDR Lcdr, LPER Lper, LPDR Lpdr, LNER Lner, LNDR Lndr, HER Her,
    HDR Hdr, CER Cer, CDR Cdr, AER Aer, ADR Adr, SER Ser, SDR Sdr, AUR Aur, AWR Awr, SUR Sur, SWR Swr, MER Mer,
    MDR Mdr, DER Der, DDR Ddr, LE Le, LD Ld, STE Ste, STD Std, CE Ce, CD Cd, AE Ae, AD Ad, SE Se, SD Sd, AU Au, AW Aw,
    SU Su, SW Sw, ME Me, MD Md, DE De, DD Dd,
    SVC Svc, SSM Ssm, STNSM Stnsm, STOSM Stosm, LPSW Lpsw, STCTL Stctl, LCTL Lctl, ISK Isk, SSK Ssk, SPT Spt,
    STPT Stpt, STCK Stck, SPKA Spka, IPK Ipk, RRB Rrb, MC Mc,
}

macro_rules! pairs {
    ($($first:ident $second:ident $pair:ident),* $(,)?) => {
        /// The code for two instructions, the second of which follows the first, that are executed at one go.
        pub fn pair_of(first: Code, second: Code) -> Option<Code> {
            let second = if is_conditional(second) { Code::Bc } else { second };
            match (first, second) {
                $((Code::$first, Code::$second) => Some(Code::$pair),)*
                _ => None,
            }
        }
    };
}

pairs! {
    Ltr Bc LtrBc, Lr Bc LrBc, Cr Bc CrBc, Clr Bc ClrBc, Ar Bc ArBc, Sr Bc SrBc, La Bc LaBc, L Bc LBc, St Bc StBc,
    A Bc ABc, S Bc SBc, C Bc CBc, Ch Bc ChBc, Cl Bc ClBc, N Bc NBc, Cli Bc CliBc, Tm Bc TmBc, Clc Bc ClcBc,
    La Bct LaBct, Ar Bct ArBct, St Bct StBct, Stc Bct StcBct, Mvi Bxle MviBxle, La Bxle LaBxle, Ar Bxle ArBxle,
    St Bxle StBxle, L L LL, L St LSt, L La LLa, L Lr LLr, L Ltr LLtr, L A LA, L S LS, L Balr LBalr, St L StL,
    St La StLa, St Lr StLr, St St StSt, La La LaLa, La L LaL, La St LaSt, La Lr LaLr, Lr Lr LrLr, Lr L LrL,
    Lr Ar LrAr, Lr Sr LrSr, Lr Srl LrSrl, Lr Sll LrSll, Lr Balr LrBalr, Xr Lr XrLr, Srl Xr SrlXr, Sll Alr SllAlr,
    Sll Ar SllAr, Ar Lr ArLr, Ar L ArL, Ar St ArSt, A St ASt, S St SSt, Mvi La MviLa, Lm BcrAlways LmBcrAlways,
    Stm L StmL, Lm Lpsw LmLpsw,
    L BcrAlways LBcrAlways, Sll L SllL, Lh Sll LhSll, Le Me LeMe, Ld Md LdMd, Me Aer MeAer, Md Adr MdAdr, Aer La AerLa, Adr La AdrLa, Mer Ae MerAe, Mdr Ad MdrAd,
}
