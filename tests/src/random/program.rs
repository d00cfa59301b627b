//! Random instructions whose operands mostly make sense.
//!
//! Conventions of the programs, so that they do not spend their time in program interruptions: registers 12-15 are
//! addresses (12: the code's first byte, 13 and 14: near block boundaries, 15: decimal numbers of eight bytes), 11 is an
//! address in the code, 9 and 10 hold small numbers, 8 an address that is a multiple of 2048; results mostly go to
//! the others.

use s370_arch::{
    format::{Address, Format, Operands},
    isa::{Facility, Op, Privilege, Row, TABLE},
};

use super::Rng;

/// Bytes of code from its first byte.
pub const CODE_SPAN: u32 = 0x0FF0;
/// Real addresses where scenarios prepare PSWs, control registers, prefixes.
pub const PSWS: u32 = 0x400;
/// How many PSWs there are.
pub const PSW_COUNT: u32 = 16;
/// Two sets of sixteen control registers.
pub const CONTROL_SETS: u32 = 0x500;
/// Four prefixes.
pub const PREFIXES: u32 = 0x580;
/// Pages for IPTE: three words each, the address of the page-table entry, that of the page table, the virtual address.
pub const PAGES: u32 = 0x600;
/// How many pages.
pub const PAGE_COUNT: u32 = 8;

const DESTINATIONS: [u8; 8] = [0, 1, 2, 3, 4, 5, 6, 7];
const POINTERS: [u8; 5] = [11, 12, 13, 14, 15];

/// What kinds of instruction a program has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mix {
    /// Privileged and semiprivileged instructions too.
    pub privileged: bool,
    /// In a hundred instructions, how many are no instruction at all.
    pub garbage: u32,
    /// The bit that makes a page-table entry invalid.
    pub invalid_page: u8,
}

/// The bytes of one random instruction that is to stand `at` bytes from the code's first byte.
pub fn instruction(rng: &mut Rng, mix: Mix, at: u32) -> Vec<u8> {
    if rng.chance(mix.garbage) {
        return garbage(rng);
    }
    if mix.privileged && rng.chance(4) {
        return idiom(rng, mix);
    }
    let op = operation(rng, mix);
    let mut operands = operands(rng, op.row(), at);
    adjust(rng, op, &mut operands, at);
    operands.emit(op).bytes().to_vec()
}

/// Several instructions: storage is referred to, what a processor remembers of it is made wrong, it is referred to again.
fn idiom(rng: &mut Rng, mix: Mix) -> Vec<u8> {
    let page = PAGES + 12 * rng.below(PAGE_COUNT);
    let refer = |rng: &mut Rng, base: u8| match rng.below(4) {
        0 => format!("ST 1,8(0,{base})"),
        1 => format!("MVC 0(9,{base}),4(12)"),
        2 => format!("OI 5({base}),X'01'"),
        _ => format!("L 1,8(0,{base})"),
    };
    let texts = match rng.below(4) {
        // A page becomes invalid.
        0 => vec![format!("LM 5,7,{page}(0)"), refer(rng, 7), "IPTE 6,7".to_owned(), refer(rng, 7)],
        // A page becomes valid, where translation is off.
        1 => vec![format!("LM 5,7,{page}(0)"), format!("NI 1(5),{}", !mix.invalid_page), refer(rng, 7)],
        // A key changes.
        2 => {
            let key = rng.pick(&["LA 1,16(0,0)", "LA 1,24(0,0)", "LA 1,0(0,0)", "LA 1,30(0,0)"]);
            let set = rng.pick(&["SSK 1,8", "SSKE 1,8", "RRB 0(8)", "RRBE 0,8"]);
            vec![refer(rng, 8), key.to_owned(), set.to_owned(), refer(rng, 8)]
        }
        // The other space.
        _ => {
            let control = CONTROL_SETS + 64 * rng.below(2) + 4;
            vec![refer(rng, 13), format!("LCTL 1,1,{control}(0)"), refer(rng, 13)]
        }
    };
    let assembled = texts.iter().filter_map(|text| crate::assemble::assemble(text).ok());
    assembled.flat_map(|instruction| instruction.bytes().to_vec()).collect()
}

/// A loop without end: some instructions, one or two of which change bytes of the others, and a branch back.
pub fn endless_loop(rng: &mut Rng, mix: Mix, at: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    for _ in 0..2 + rng.below(12) {
        bytes.extend(instruction(rng, mix, at + bytes.len() as u32));
    }
    for _ in 0..1 + rng.below(2) {
        let place = at + rng.below(bytes.len() as u32);
        // Mostly the low bits of a displacement or a register number.
        let bits = rng.pick(&[0x01, 0x01, 0x02, 0x04, 0x08, 0x10, 0x11, 0x40]);
        let operands = Operands {
            immediate: bits,
            address1: Address { base: 12, displacement: place as u16 },
            ..Operands::default()
        };
        bytes.extend(operands.emit(rng.pick(&[Op::XI, Op::XI, Op::OI, Op::MVI])).bytes());
    }
    let back = Operands { r1: 15, address1: Address { base: 12, displacement: at as u16 }, ..Operands::default() };
    bytes.extend(back.emit(Op::BC).bytes());
    bytes
}

fn garbage(rng: &mut Rng) -> Vec<u8> {
    let bytes = rng.u64().to_be_bytes();
    let length = usize::from(s370_arch::isa::instruction_length(bytes[0]));
    bytes[..length].to_vec()
}

fn operation(rng: &mut Rng, mix: Mix) -> Op {
    const FREQUENT: [Op; 30] = [
        Op::L,
        Op::ST,
        Op::LR,
        Op::LA,
        Op::A,
        Op::AR,
        Op::SR,
        Op::S,
        Op::C,
        Op::CR,
        Op::LH,
        Op::STH,
        Op::IC,
        Op::STC,
        Op::MVI,
        Op::CLI,
        Op::TM,
        Op::MVC,
        Op::CLC,
        Op::LTR,
        Op::N,
        Op::O,
        Op::X,
        Op::SLL,
        Op::SRL,
        Op::OI,
        Op::NI,
        Op::LM,
        Op::STM,
        Op::ICM,
    ];
    const BRANCHES: [Op; 12] =
        [Op::BC, Op::BC, Op::BC, Op::BC, Op::BCR, Op::BCT, Op::BCTR, Op::BAL, Op::BALR, Op::BXLE, Op::BXH, Op::BAS];
    match rng.below(20) {
        0..=5 => rng.pick(&FREQUENT),
        6..=8 => rng.pick(&BRANCHES),
        9 => Op::EX,
        10..=12 if mix.privileged => any_row(rng, |row| row.privilege != Privilege::Problem).op,
        _ => any_row(rng, |row| row.privilege == Privilege::Problem).op,
    }
}

fn any_row(rng: &mut Rng, wanted: fn(&Row) -> bool) -> &'static Row {
    loop {
        let row = &TABLE[rng.below(TABLE.len() as u32) as usize];
        if row.facility != Facility::EcpsVm && wanted(row) {
            return row;
        }
    }
}

fn destination(rng: &mut Rng) -> u8 {
    match rng.below(40) {
        0..=34 => rng.pick(&DESTINATIONS),
        35..=38 => 9 + rng.below(2) as u8,
        _ => rng.below(16) as u8,
    }
}

fn address(rng: &mut Rng) -> Address {
    match rng.below(20) {
        0 => Address { base: rng.below(16) as u8, displacement: rng.below(4096) as u16 },
        1 => Address { base: 0, displacement: rng.below(4096) as u16 },
        2..=3 => Address { base: 9, displacement: rng.below(4096) as u16 },
        4..=8 => Address { base: rng.pick(&POINTERS), displacement: rng.below(512) as u16 },
        9..=13 => Address { base: rng.pick(&POINTERS), displacement: 8 * rng.below(64) as u16 },
        _ => Address { base: rng.pick(&POINTERS), displacement: rng.below(24) as u16 },
    }
}

/// An address in the code, even; mostly near `at`.
fn code_address(rng: &mut Rng, at: u32) -> Address {
    let near = at.wrapping_add(2 * rng.below(64)).wrapping_sub(64);
    let place = if rng.chance(60) && near < CODE_SPAN { near } else { rng.below(CODE_SPAN) };
    Address { base: 12, displacement: (place & !1) as u16 }
}

fn operands(rng: &mut Rng, row: &Row, at: u32) -> Operands {
    let mut operands = Operands {
        r1: destination(rng),
        r2: rng.below(16) as u8,
        immediate: rng.pick(&[0, 1, 3, 7, 15, 31, 63, 255, 0x80, 0x40, 0xF0, 0x0F, 0xFF, 0x5C]),
        address1: address(rng),
        address2: address(rng),
    };
    match row.format {
        // No index, or a small one.
        Format::Rx => operands.r2 = rng.pick(&[0, 0, 0, 0, 0, 9, 10, 1]),
        Format::Rs if rng.chance(80) => operands.r2 = rng.pick(&DESTINATIONS),
        Format::Ss2 => {
            operands.r1 = rng.pick(&[0, 1, 3, 7, 7, 8, 15]);
            operands.r2 = rng.pick(&[0, 1, 3, 7, 7, 8, 15]);
        }
        _ => {}
    }
    if row.chapter == "9" {
        operands.r1 = rng.pick(&[0, 4, 0, 4, 0, 4, 2, 6, 2, 6, 0, 4, 0, 4, 1]);
        if row.format == Format::Rr {
            operands.r2 = rng.pick(&[0, 2, 4, 6, 0, 4, 0, 4, 0, 4, 0, 4, 7]);
        }
    }
    if row.chapter == "8" && rng.chance(85) {
        decimal_operands(rng, &mut operands);
    }
    let stores = row.exceptions.contains(&s370_arch::isa::Exception::Store);
    if stores && rng.chance(12) {
        operands.address1 = code_address(rng, at);
        operands.address1.displacement |= rng.below(2) as u16;
    }
    operands
}

/// Operands that end where decimal numbers end.
fn decimal_operands(rng: &mut Rng, operands: &mut Operands) {
    operands.r1 = rng.below(8) as u8;
    operands.r2 = rng.below(8) as u8;
    let mut ending = |length: u8| Address { base: 15, displacement: 8 * rng.below(30) as u16 + 7 - u16::from(length) };
    operands.address1 = ending(operands.r1);
    operands.address2 = ending(operands.r2);
}

/// What particular instructions want.
fn adjust(rng: &mut Rng, op: Op, operands: &mut Operands, at: u32) {
    let even_pair = |rng: &mut Rng| rng.pick(&[0, 2, 4, 6, 0, 2, 4, 6, 5]);
    match op {
        Op::BC | Op::BCT | Op::BAL | Op::BAS | Op::BXLE | Op::BXH | Op::EX => {
            operands.address1 = code_address(rng, at);
            if matches!(op, Op::BCT) {
                operands.r1 = rng.pick(&[9, 10, 1]);
            }
            if !matches!(op, Op::BXLE | Op::BXH) {
                operands.r2 = rng.pick(&[0, 0, 0, 0, 0, 0, 0, 10]);
            }
        }
        Op::BCR | Op::BALR | Op::BASR | Op::BCTR => operands.r2 = rng.pick(&[0, 11, 11, 12, 1, 2]),
        Op::MVCL | Op::CLCL => {
            operands.r1 = even_pair(rng);
            operands.r2 = rng.pick(&[0, 2, 4, 6, 12, 14]);
        }
        Op::MR | Op::DR | Op::M | Op::D | Op::SLDA | Op::SRDA | Op::SLDL | Op::SRDL | Op::CDS => {
            operands.r1 = even_pair(rng);
        }
        Op::LM if rng.chance(85) => (operands.r1, operands.r2) = (rng.below(4) as u8, 4 + rng.below(4) as u8),
        Op::LPSW if rng.chance(80) => {
            operands.address1 = Address { base: 0, displacement: (PSWS + 8 * rng.below(PSW_COUNT)) as u16 };
        }
        Op::LCTL => {
            operands.r1 = rng.pick(&[0, 1, 2, 7, 8, 9, 10, 11, 13]);
            operands.r2 = operands.r1;
            let set = CONTROL_SETS + 64 * rng.below(2) + 4 * u32::from(operands.r1);
            operands.address1 = Address { base: 0, displacement: set as u16 };
        }
        Op::SPX if rng.chance(80) => {
            operands.address1 = Address { base: 0, displacement: (PREFIXES + 4 * rng.below(4)) as u16 };
        }
        Op::SSK | Op::ISK | Op::SSKE | Op::ISKE if rng.chance(80) => operands.r2 = 8,
        Op::STNSM | Op::STOSM => operands.immediate = rng.pick(&[0xFB, 0xFC, 0xFF, 0x00, 0x04, 0x03, 0x01, 0x02, 0x07]),
        Op::SIO | Op::TIO | Op::HIO | Op::TCH | Op::STIDC => operands.address1.base = 9,
        _ => {}
    }
}
