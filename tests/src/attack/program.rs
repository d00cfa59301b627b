//! Hostile programs: System/370 code and what it leads its machine and CP into, from random numbers.
//!
//! The code is made of *stanzas*. Each can begin anywhere: it loads all registers from literals behind itself, does its
//! mischief, and falls into the next; the last leads to the first. New PSWs lead to stanzas too, so that an interruption
//! seldom ends a program. The rest of storage is full of structures for the mischief: blocks of 256 bytes with CCWs,
//! lists of addresses, tables, PSWs, command lines and messages, a kind in every block whose number leaves that remainder.

use s370_arch::{
    ebcdic,
    format::{Address, Operands},
    isa::{Op, Privilege, TABLE},
};

use crate::random::Rng;

/// Bytes of storage that a program fills; every attacker has at least as many.
pub const SPAN: u32 = 0x1_0000;
/// Where code begins and ends.
const CODE: u32 = 0x1000;
const CODE_END: u32 = 0x4000;
/// Bytes of a structure.
const BLOCK: u32 = 256;

/// The first byte of the segment that is shared.
pub const SHARED: u32 = 0x00F0_0000;
/// The addresses of devices that attackers have, and of some that they have not.
pub const DEVICES: [u16; 12] = [0x009, 0x00C, 0x00D, 0x00E, 0x190, 0x191, 0x0C0, 0x500, 0x501, 0x1FF, 0x3FF, 0xFFF];

/// What a block of storage holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Ccws,
    Addresses,
    Segments,
    Pages,
    Psws,
    Command,
    Message,
    Noise,
}

const KINDS: [Kind; 8] =
    [Kind::Ccws, Kind::Addresses, Kind::Segments, Kind::Pages, Kind::Psws, Kind::Command, Kind::Message, Kind::Noise];

/// A program, and how it begins.
pub struct Program {
    /// The first [`SPAN`] bytes of storage.
    pub storage: Vec<u8>,
    /// The PSW.
    pub psw: u64,
    /// Control registers.
    pub cr: [u32; 16],
}

/// Makes programs for a machine of a size.
pub struct Maker<'a> {
    /// Where chance comes from.
    pub rng: &'a mut Rng,
    /// Bytes of the machine's storage.
    pub size: u32,
    /// Where stanzas begin.
    stanzas: Vec<u32>,
}

/// What a stanza does: instructions, and what is to be in some registers.
#[derive(Default)]
struct Mischief {
    code: Vec<u8>,
    registers: Vec<(u8, u32)>,
}

impl Mischief {
    fn with(mut self, register: u8, value: u32) -> Mischief {
        self.registers.push((register, value));
        self
    }

    fn then(mut self, op: Op, operands: Operands) -> Mischief {
        self.code.extend(operands.emit(op).bytes());
        self
    }

    /// An instruction with an address of this base.
    fn at(self, op: Op, r1: u8, r2: u8, base: u8) -> Mischief {
        let address1 = Address { base, displacement: 0 };
        self.then(op, Operands { r1, r2, address1, ..Operands::default() })
    }

    /// An instruction with two registers.
    fn registers(self, op: Op, r1: u8, r2: u8) -> Mischief {
        self.then(op, Operands { r1, r2, ..Operands::default() })
    }
}

impl Maker<'_> {
    /// A maker.
    pub fn new(rng: &mut Rng, size: u32) -> Maker<'_> {
        Maker { rng, size, stanzas: Vec::new() }
    }

    /// A program.
    pub fn program(&mut self) -> Program {
        let mut storage = vec![0; SPAN as usize];
        // Many programs do one thing again and again; others do everything.
        let only = if self.rng.chance(40) { Some(self.rng.below(TRICKS)) } else { None };
        let end = if self.rng.chance(30) { CODE + 400 } else { CODE_END };
        let mut at = CODE;
        while at < end - 400 || self.stanzas.is_empty() {
            self.stanzas.push(at);
            let trick = only.filter(|_| self.rng.chance(80)).unwrap_or_else(|| self.rng.below(TRICKS));
            let stanza = self.stanza(trick);
            put(&mut storage, at, &stanza);
            at += stanza.len() as u32;
        }
        // BALR 12,0; L 15,6(0,12); BCR 15,15; and where that leads.
        put(&mut storage, at, &[0x05, 0xC0, 0x58, 0xF0, 0xC0, 0x06, 0x07, 0xFF, 0, 0, 0x10, 0]);
        for block in (CODE_END..SPAN).step_by(BLOCK as usize) {
            let bytes = self.block(KINDS[(block / BLOCK) as usize % KINDS.len()]);
            put(&mut storage, block, &bytes);
        }
        for new_psw in [0, 88, 96, 104, 112, 120] {
            let psw = self.psw();
            put(&mut storage, new_psw, &psw.to_be_bytes());
        }
        let caw = u32::from(self.rng.pick(&[0_u8, 0, 0, 0x10, 0x03])) << 24 | self.place(Kind::Ccws);
        put(&mut storage, 72, &caw.to_be_bytes());
        let timer = self.rng.pick(&[0, 0x100, 0x1000, u32::MAX, 0x8000_0000, 0x7FFF_FFFF]);
        put(&mut storage, 80, &timer.to_be_bytes());
        let mut cr = [0; 16];
        for (number, register) in cr.iter_mut().enumerate() {
            *register = self.control(number);
        }
        Program { storage, psw: self.psw(), cr }
    }

    /// A block of this kind.
    fn place(&mut self, kind: Kind) -> u32 {
        let number = KINDS.iter().position(|other| *other == kind).unwrap_or(0) as u32;
        let groups = (SPAN - CODE_END) / BLOCK / KINDS.len() as u32;
        CODE_END + (self.rng.below(groups) * KINDS.len() as u32 + number) * BLOCK
    }

    fn any_stanza(&mut self) -> u32 {
        if self.stanzas.is_empty() {
            return CODE;
        }
        self.rng.pick(&self.stanzas)
    }

    /// An address at which something may go wrong.
    fn address(&mut self) -> u32 {
        let near = self.rng.below(16);
        match self.rng.below(12) {
            0 => self.size.wrapping_sub(near),
            1 => 0x0100_0000_u32.wrapping_sub(near),
            2 => self.rng.below(0x200),
            3 => self.rng.below(self.size / 4096) * 4096,
            4 => (self.rng.below(4096) * 4096).wrapping_sub(near),
            5 => SHARED + self.rng.below(0x1_0000),
            6 => self.rng.u32(),
            7 => self.any_stanza() + near,
            8 => self.rng.u32() & 0x00FF_FFFF,
            _ => {
                let kind = self.rng.pick(&KINDS);
                self.place(kind)
            }
        }
    }

    /// Any word: a number, an address, a device.
    fn word(&mut self) -> u32 {
        match self.rng.below(4) {
            0 => self.rng.word(),
            1 => u32::from(self.rng.pick(&DEVICES)),
            _ => self.address(),
        }
    }

    /// A PSW that mostly leads to a stanza.
    fn psw(&mut self) -> u64 {
        if self.rng.chance(8) {
            return self.rng.u64();
        }
        let ec = self.rng.chance(50);
        let mask = if ec {
            let translation = if self.rng.chance(30) { 4 } else { 0 };
            let per = if self.rng.chance(5) { 0x40 } else { 0 };
            self.rng.pick(&[0_u64, 0, 1, 2, 3]) | translation | per
        } else {
            self.rng.pick(&[0, 0, 1, 0xFE, 0xFF])
        };
        let key = u64::from(self.rng.pick(&[0_u8, 0, 0, 1, 15])) << 52;
        let state = u64::from(self.rng.chance(3)) << 49 | u64::from(self.rng.chance(10)) << 48;
        let address = if self.rng.chance(90) { self.any_stanza() } else { self.address() & 0x00FF_FFFF };
        mask << 56 | u64::from(ec) << 51 | key | state | u64::from(address)
    }

    fn control(&mut self, number: usize) -> u32 {
        let wild = self.rng.chance(10);
        match number {
            _ if wild => self.rng.u32(),
            0 => {
                let format = self.rng.pick(&[0x0040_0000, 0x0080_0000, 0x0050_0000, 0x0090_0000, 0, 0x00F8_0000]);
                let masks = self.rng.pick(&[0, 0x0000_0C00, 0x0000_0CE0, 0x0000_00E0]);
                format | masks | if self.rng.chance(10) { 0x1000_0000 } else { 0 }
            }
            1 | 7 => {
                let length = self.rng.pick(&[0, 0, 1, 3, 15, 255]);
                let table = if self.rng.chance(80) { self.place(Kind::Segments) } else { self.address() };
                length << 24 | table & 0x00FF_FFC0
            }
            2 => self.rng.pick(&[0, u32::MAX, 0x8000_0000, 0xC000_0000]),
            9 => self.rng.pick(&[0, 0, 0x4000_0000, 0xF000_FFFF]),
            _ => self.rng.pick(&[0, u32::MAX]),
        }
    }

    fn block(&mut self, kind: Kind) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(BLOCK as usize);
        while bytes.len() < BLOCK as usize {
            match kind {
                Kind::Ccws => bytes.extend(self.ccw()),
                Kind::Addresses => bytes.extend(self.address().to_be_bytes()),
                Kind::Segments => bytes.extend(self.segment().to_be_bytes()),
                Kind::Pages => bytes.extend(self.page().to_be_bytes()),
                Kind::Psws => bytes.extend(self.psw().to_be_bytes()),
                Kind::Command => bytes.extend(self.command()),
                Kind::Message => bytes.extend(self.message()),
                Kind::Noise => bytes.extend(self.rng.u32().to_be_bytes()),
            }
        }
        bytes.truncate(BLOCK as usize);
        bytes
    }

    fn segment(&mut self) -> u32 {
        if self.rng.chance(15) {
            return self.rng.u32();
        }
        let table = if self.rng.chance(80) { self.place(Kind::Pages) } else { self.address() };
        let length = self.rng.pick(&[0xF000_0000, 0xF000_0000, 0x7000_0000, 0]);
        length | table & 0x00FF_FFF8 | u32::from(self.rng.chance(5)) | if self.rng.chance(10) { 4 } else { 0 }
    }

    fn page(&mut self) -> u16 {
        match self.rng.below(8) {
            0 => self.rng.u32() as u16,
            1 => (self.size >> 8) as u16,
            // The same frame for many pages.
            2 => 0x0010,
            _ => (self.rng.below(self.size >> 12) << 4) as u16,
        }
    }

    fn ccw(&mut self) -> [u8; 8] {
        const COMMANDS: [u8; 28] = [
            0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0A, 0x0B, 0x0C, 0x0E, 0x12, 0x13, 0x17, 0x1B, 0x1D,
            0x1E, 0x22, 0x23, 0x31, 0x92, 0x9E, 0xE2, 0xE4, 0x29, 0x2A,
        ];
        if self.rng.chance(5) {
            return self.rng.u64().to_be_bytes();
        }
        let command = self.rng.pick(&COMMANDS);
        let list = self.rng.chance(15);
        let address = if list {
            self.place(Kind::Addresses)
        } else if command == 0x08 || self.rng.chance(30) {
            // A transfer in channel, or data over CCWs.
            self.place(Kind::Ccws) + 8 * self.rng.below(32)
        } else {
            self.address()
        };
        let flags =
            self.rng.pick(&[0_u8, 0x40, 0x40, 0x60, 0x60, 0x80, 0x20, 0x48, 0x50, 0xA0]) | if list { 4 } else { 0 };
        let count = self.rng.pick(&[1_u16, 5, 6, 8, 80, 256, 800, 4096, 0xFFFF, 0]);
        let [_, a, b, c] = address.to_be_bytes();
        let [d, e] = count.to_be_bytes();
        [command, a, b, c, flags, 0, d, e]
    }

    /// A command line, ended by a new line.
    fn command(&mut self) -> Vec<u8> {
        const LINES: [&str; 30] = [
            "QUERY VIRTUAL",
            "QUERY VIRTUAL ALL",
            "QUERY TIME",
            "QUERY SET",
            "DISPLAY 0-FFFFFF",
            "DISPLAY L0.FFFFFF",
            "DISPLAY K0-END",
            "DISPLAY PSW",
            "DISPLAY G0-15",
            "DISPLAY T0.FFFFFFFF",
            "DEFINE STORAGE 16M",
            "DEFINE STORAGE 64K",
            "DEFINE CTCA 501",
            "DEFINE CHANNELS SEL",
            "COUPLE 500 VICTIM 500",
            "COUPLE 500 EVE1 500",
            "DETACH 00E",
            "SYSTEM RESET",
            "SYSTEM CLEAR",
            "SYSTEM RESTART",
            "SET TIMER REAL",
            "SET ECMODE ON",
            "SET RUN ON",
            "IPL SHARED",
            "IPL 190",
            "STORE 0 FFFFFFFF FFFFFFFF",
            "STORE PSW 0 1000",
            "STORE S1000 00FF",
            "EXTERNAL 80",
            "INDICATE USER",
        ];
        let mut line = ebcdic::from_text(self.rng.pick(&LINES));
        match self.rng.below(6) {
            0 => {
                let at = self.rng.below(line.len() as u32) as usize;
                line[at] = self.rng.u32() as u8;
            }
            1 => line.extend(self.rng.u64().to_be_bytes()),
            2 => line = (0..1 + self.rng.below(60)).map(|_| self.rng.u32() as u8).collect(),
            _ => {}
        }
        line.push(0x15);
        line
    }

    /// A parameter list of the virtual machine communication facility.
    fn message(&mut self) -> Vec<u8> {
        let mut bytes = vec![self.rng.pick(&[0_u8, 0x80, 0x40, 0x20, 0xC0]), 0];
        bytes.extend((self.rng.below(13) as u16).to_be_bytes());
        bytes.extend(self.rng.below(3).to_be_bytes());
        let user = self.rng.pick(&["VICTIM", "EVE0", "EVE1", "EVE2", "SIEVE", "NOBODY"]);
        bytes.extend(cp::user::padded(user));
        for _ in 0..2 {
            bytes.extend((self.address() & !7).to_be_bytes());
            bytes.extend(self.rng.pick(&[0_u32, 40, 256, 4096, 0x00FF_FFFF, u32::MAX]).to_be_bytes());
        }
        bytes.extend(self.rng.u64().to_be_bytes());
        bytes
    }
}

/// How many tricks there are.
const TRICKS: u32 = 16;

impl Maker<'_> {
    /// A stanza with a trick.
    fn stanza(&mut self, trick: u32) -> Vec<u8> {
        let mischief = self.trick(trick);
        let mut literals = [0; 15];
        literals.iter_mut().for_each(|literal| *literal = self.word());
        for (register, value) in &mischief.registers {
            // The literals are those of registers 13, 14, 15, 0 to 11.
            literals[(usize::from(*register) + 3) % 16 % 15] = *value;
        }
        let after = 4 + mischief.code.len() as u16 + 4;
        // BALR 12,0; LM 13,11,after(12); …; BC 15,after+60(0,12)
        let mut bytes = vec![0x05, 0xC0, 0x98, 0xDB];
        bytes.extend((0xC000 | after).to_be_bytes());
        bytes.extend(&mischief.code);
        bytes.extend([0x47, 0xF0]);
        bytes.extend((0xC000 | (after + 60)).to_be_bytes());
        literals.iter().for_each(|literal| bytes.extend(literal.to_be_bytes()));
        bytes
    }

    fn trick(&mut self, trick: u32) -> Mischief {
        let none = Mischief::default();
        match trick {
            0 => self.operation(|privilege| privilege != Privilege::Problem),
            1 => self.operation(|_| true),
            2 => self.tables(),
            3 => {
                let psw = self.psw();
                none.with(0, (psw >> 32) as u32).with(1, psw as u32).with(2, 0x300).at(Op::STM, 0, 1, 2).at(
                    Op::LPSW,
                    0,
                    0,
                    2,
                )
            }
            4 | 5 => self.input_output(),
            6 | 7 => self.diagnose(),
            8 => self.keys(),
            9 => self.timers(),
            10 => self.long(),
            11 => {
                // Code that changes itself and others.
                let (to, from) = (self.any_stanza() + self.rng.below(80), self.any_stanza());
                let length = self.rng.below(100) as u8;
                let operands = Operands {
                    immediate: length,
                    address1: Address { base: 1, displacement: 0 },
                    address2: Address { base: 2, displacement: 0 },
                    ..Operands::default()
                };
                let op = self.rng.pick(&[Op::MVC, Op::XC, Op::MVN, Op::TR]);
                none.with(1, to).with(2, from).then(op, operands)
            }
            12 => self.prefix(),
            13 => {
                // The shared segment.
                let (at, value) = (SHARED + self.rng.below(0x1_0000), self.rng.u32());
                let op = self.rng.pick(&[Op::ST, Op::STC, Op::STH, Op::CS, Op::TS, Op::OI, Op::STM, Op::L, Op::SSK]);
                none.with(1, at).with(2, value).with(3, value).at(op, 2, if op == Op::SSK { 1 } else { 0 }, 1)
            }
            14 => self.balloon(),
            _ => self.execute(),
        }
    }

    /// Any instruction of these, with any operands.
    fn operation(&mut self, is_meant: impl Fn(Privilege) -> bool) -> Mischief {
        let rows: Vec<_> = TABLE.iter().filter(|row| is_meant(row.privilege)).collect();
        let row = self.rng.pick(&rows);
        Mischief::default().then(row.op, self.operands())
    }

    fn operands(&mut self) -> Operands {
        let address =
            |rng: &mut Rng| Address { base: rng.below(16) as u8, displacement: rng.pick(&[0, 0, 4, 1, 0xFFF]) };
        let rng = &mut *self.rng;
        Operands {
            r1: rng.below(16) as u8,
            r2: rng.below(16) as u8,
            immediate: rng.u32() as u8,
            address1: address(rng),
            address2: address(rng),
        }
    }

    /// Other translation tables, with and without telling.
    fn tables(&mut self) -> Mischief {
        let (table, format) = (self.control(1), self.control(0));
        let (entry, page, at) = (self.segment(), u32::from(self.page()), self.address());
        let mischief = Mischief::default().with(0, format).with(1, table).with(2, 0x300).with(4, at);
        let mischief = mischief.with(5, self.place(Kind::Pages)).with(6, self.place(Kind::Segments));
        let mischief = mischief.with(7, entry).with(8, page);
        let mischief = match self.rng.below(6) {
            0 | 1 => mischief.at(Op::STM, 0, 1, 2).at(Op::LCTL, 0, 1, 2),
            2 => mischief.at(Op::ST, 7, 0, 6),
            3 => mischief.at(Op::STH, 8, 0, 5),
            4 => mischief.registers(Op::IPTE, 5, 4),
            _ => mischief.at(Op::LRA, 3, 0, 4),
        };
        let mischief = if self.rng.chance(40) { mischief.at(Op::PTLB, 0, 0, 0) } else { mischief };
        let on = Operands { immediate: 4, address1: Address { base: 2, displacement: 8 }, ..Operands::default() };
        let mischief = if self.rng.chance(40) { mischief.then(Op::STOSM, on) } else { mischief };
        mischief.at(self.rng.pick(&[Op::L, Op::ST, Op::MVI, Op::TPROT]), 3, 0, 4)
    }

    fn input_output(&mut self) -> Mischief {
        const OPERATIONS: [Op; 10] =
            [Op::SIO, Op::SIO, Op::SIO, Op::SIOF, Op::TIO, Op::HIO, Op::HDV, Op::CLRIO, Op::TCH, Op::STIDC];
        let device = if self.rng.chance(90) { u32::from(self.rng.pick(&DEVICES)) } else { self.rng.u32() };
        let caw = self.place(Kind::Ccws) + 8 * self.rng.below(20);
        let mischief = Mischief::default().with(1, caw).with(2, device).with(3, 72).at(Op::ST, 1, 0, 3);
        let mischief = mischief.at(self.rng.pick(&OPERATIONS), 0, 0, 2);
        // Enabled for what comes of it, at times.
        let mask = Operands {
            immediate: self.rng.pick(&[0xFF, 0x03, 0x00]),
            address1: Address { base: 3, displacement: 0x300 },
            ..Operands::default()
        };
        if self.rng.chance(30) { mischief.then(Op::STOSM, mask) } else { mischief }
    }

    fn diagnose(&mut self) -> Mischief {
        let rows = cp::diagnose::TABLE;
        let code = if self.rng.chance(90) {
            rows[self.rng.below(rows.len() as u32) as usize].code
        } else {
            self.rng.below(0x200)
        };
        let (x, y) = if self.rng.chance(90) { (2, 4) } else { (self.rng.below(16) as u8, self.rng.below(16) as u8) };
        let lengths = [0, 1, 40, 132, 133, 4096, 8192, 0x00FF_FFFF, u32::MAX];
        let (first, second) = match code {
            0x08 => {
                let length = self.rng.pick(&[5, 20, 60, 132, 133, 0]);
                (self.place(Kind::Command), length | self.rng.pick(&[0, 0, 0x4000_0000, 0x8000_0000]))
            }
            0x10 => (self.address() & !4095, self.address() & !4095),
            0x18 | 0x20 => (u32::from(self.rng.pick(&DEVICES)), self.place(Kind::Ccws)),
            0x28 => (self.place(Kind::Ccws), u32::from(self.rng.pick(&DEVICES))),
            0x24 => (u32::from(self.rng.pick(&DEVICES)), 0),
            0x58 => (self.place(Kind::Ccws), u32::from(self.rng.pick(&DEVICES))),
            0x64 => (0x308, self.rng.pick(&[0, 4, 8, 12, 16])),
            0x68 => (self.place(Kind::Message), 0),
            _ => (self.address() & !7, self.rng.pick(&lengths)),
        };
        let mischief = Mischief::default().with(x, first).with(y, second);
        let mischief = mischief.with((x + 1) % 16, self.address()).with((y + 1) % 16, self.rng.pick(&lengths));
        let blocks = self.rng.below(17);
        let mut mischief = if x != 15 && y != 15 { mischief.with(15, blocks) } else { mischief };
        if code == 0x64 {
            // The name of the system goes to X'308'.
            let name = cp::user::padded(self.rng.pick(&["SHARED", "SHARED", "OTHER"]));
            let word = |at: usize| name[at..at + 4].iter().fold(0, |word, byte| word << 8 | u32::from(*byte));
            mischief = mischief.with(6, word(0)).with(7, word(4)).with(x, 0x308).at(Op::STM, 6, 7, x);
        }
        if code == 0x10 && first > second {
            mischief = mischief.with(x, second).with(y, first);
        }
        let [high, low] = (code as u16).to_be_bytes();
        mischief.code.extend([0x83, x << 4 | y, high, low]);
        mischief
    }

    fn keys(&mut self) -> Mischief {
        let op = self.rng.pick(&[Op::SSK, Op::ISK, Op::SSKE, Op::ISKE, Op::RRB, Op::RRBE, Op::TB, Op::SSK]);
        let (at, key) = (self.address() & !0x7FF, self.rng.u32() & 0xFF);
        let mischief = Mischief::default().with(1, at).with(2, key).with(6, self.rng.pick(&[0x800, 0x1000]));
        let mischief = mischief.with(7, self.rng.pick(&[at, self.size - 1, 0x0100_0000]));
        let start = mischief.code.len();
        let mischief = if op == Op::RRB { mischief.at(op, 0, 0, 1) } else { mischief.registers(op, 2, 1) };
        // On everything: BXLE 1,6 to the instruction.
        let displacement = 4 + start as u16;
        let back = Operands { r1: 1, r2: 6, address1: Address { base: 12, displacement }, ..Operands::default() };
        mischief.then(Op::BXLE, back)
    }

    fn timers(&mut self) -> Mischief {
        let (value, low) = match self.rng.below(5) {
            0 => (0, 0),
            1 => (u32::MAX, u32::MAX),
            2 => (0x7FFF_FFFF, u32::MAX),
            3 => (0, self.rng.below(0x10_0000)),
            _ => (self.rng.u32(), self.rng.u32()),
        };
        let masks = self.rng.pick(&[0x0000_0CE0, 0x0000_0C00, 0x0000_0080, 0]) | 0x0080_0000;
        let mischief = Mischief::default().with(0, value).with(1, low).with(2, 0x310).with(3, masks).with(5, 80);
        let mischief = mischief.at(Op::STM, 0, 1, 2).at(Op::ST, 3, 0, 2);
        let mischief = match self.rng.below(7) {
            0 => mischief.at(Op::STM, 0, 1, 2).at(Op::SPT, 0, 0, 2),
            1 => mischief.at(Op::STM, 0, 1, 2).at(Op::SCKC, 0, 0, 2),
            2 => mischief.at(Op::STM, 0, 1, 2).at(Op::SCK, 0, 0, 2),
            3 => mischief.at(Op::ST, 1, 0, 5),
            4 => mischief.at(Op::STCK, 0, 0, 2).at(Op::STPT, 0, 0, 2),
            5 => mischief.at(Op::STIDP, 0, 0, 2).at(Op::STCKC, 0, 0, 2),
            _ => mischief.at(Op::LCTL, 0, 0, 2),
        };
        let mask = self.rng.pick(&[1, 0x01, 0xFF, 0]);
        let enabled =
            Operands { immediate: mask, address1: Address { base: 2, displacement: 8 }, ..Operands::default() };
        mischief.then(Op::STOSM, enabled)
    }

    /// MOVE LONG and COMPARE LOGICAL LONG over everything.
    fn long(&mut self) -> Mischief {
        let lengths = [0, 1, 0x800, 0x1000, 0x1_0000, 0x0010_0000, 0x00FF_FFFF, self.size, self.size - 0x1_0000];
        let (to, from) = (self.address(), self.address());
        let (length1, length2) = (self.rng.pick(&lengths), self.rng.pick(&lengths));
        let to = if self.rng.chance(40) { SPAN } else { to };
        let mischief = Mischief::default().with(2, to).with(3, length1 & 0x00FF_FFFF).with(4, from);
        let pad = self.rng.u32() & 0xFF00_0000;
        let mischief = mischief.with(5, pad | if self.rng.chance(50) { 0 } else { length2 & 0x00FF_FFFF });
        mischief.registers(self.rng.pick(&[Op::MVCL, Op::MVCL, Op::CLCL]), 2, 4)
    }

    fn prefix(&mut self) -> Mischief {
        let at = match self.rng.below(4) {
            0 => self.rng.u32(),
            1 => self.rng.below(self.size / 4096) * 4096,
            _ => self.rng.pick(&[0, 0x4000, 0x8000, 0x1000]),
        };
        let operation = self.rng.pick(&[Op::SPX, Op::SPX, Op::SPX, Op::STPX, Op::STAP]);
        let order = Operands {
            r1: 4,
            r2: 5,
            address1: Address { base: 0, displacement: self.rng.below(16) as u16 },
            ..Operands::default()
        };
        let mischief =
            Mischief::default().with(1, at).with(2, 0x318).with(4, self.rng.u32()).with(5, self.rng.below(3));
        let mischief = mischief.at(Op::ST, 1, 0, 2).at(operation, 0, 0, 2);
        if self.rng.chance(30) { mischief.then(Op::SIGP, order) } else { mischief }
    }

    /// A store in every page.
    fn balloon(&mut self) -> Mischief {
        let op = self.rng.pick(&[Op::ST, Op::ST, Op::L, Op::IC]);
        let mischief = Mischief::default().with(1, SPAN).with(6, self.rng.pick(&[4096, 2048, 65_536, 4095]));
        let mischief = mischief.with(7, self.size.saturating_sub(8)).at(op, 1 + 2 * u8::from(op != Op::ST), 0, 1);
        let back = Operands { r1: 1, r2: 6, address1: Address { base: 12, displacement: 4 }, ..Operands::default() };
        mischief.then(Op::BXLE, back)
    }

    /// EXECUTE of any instruction, which lies in front of it.
    fn execute(&mut self) -> Mischief {
        let is_privileged = self.rng.chance(50);
        let target = self.operation(|privilege| !is_privileged || privilege != Privilege::Problem).code;
        let length = target.len() as u16;
        let mut mischief = Mischief::default();
        // BC 15 over it: the code begins 4 bytes behind what register 12 has.
        let over =
            Operands { r1: 15, address1: Address { base: 12, displacement: 4 + 4 + length }, ..Operands::default() };
        mischief = mischief.then(Op::BC, over);
        mischief.code.extend(target);
        let execute = Operands {
            r1: self.rng.below(12) as u8,
            address1: Address { base: 12, displacement: if self.rng.chance(90) { 8 } else { 8 + length } },
            ..Operands::default()
        };
        mischief.then(Op::EX, execute)
    }
}

fn put(storage: &mut [u8], at: u32, bytes: &[u8]) {
    let at = at as usize;
    if let Some(place) = storage.get_mut(at..at + bytes.len()) {
        place.copy_from_slice(bytes);
    }
}
