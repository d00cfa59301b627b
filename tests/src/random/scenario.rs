//! A random machine: everything from one seed.

use s370_arch::psw::Psw;

use super::{
    RandomBus, Rng,
    program::{CODE_SPAN, CONTROL_SETS, Mix, PAGE_COUNT, PAGES, PREFIXES, PSW_COUNT, PSWS, endless_loop, instruction},
};
use crate::vector::{Layout, Picture};

/// What sort of machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Problem-state instructions, BC mode or EC mode without translation, nothing pending.
    Plain,
    /// The same with translation.
    Translated,
    /// Everything: privileged instructions, mode changes, timers, I/O interruptions, PER.
    Everything,
}

/// First byte of real storage that holds translation tables; from there to the end.
const TABLES: usize = 0x1_8000;
/// Bytes of storage.
const SIZE: u32 = 0x2_0000;
/// Pages of code, and the prefixes.
const CODE: [u32; 3] = [0x1000, 0x2000, 0x9000];
/// Where the code is that most new PSWs lead to.
const HANDLER: u32 = 0xC00;
const PREFIX: [u32; 4] = [0, 0x5000, 0x6000, 0];

/// A machine at the start.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// The seed it was made from.
    pub seed: u64,
    /// Processor, storage, keys.
    pub picture: Picture,
    /// What lies around it.
    pub bus: RandomBus,
    /// Its translation format.
    pub layout: Layout,
}

impl Scenario {
    /// The scenario of a kind that a seed stands for.
    #[must_use]
    pub fn new(kind: Kind, seed: u64) -> Scenario {
        let mut rng = Rng::new(seed);
        let mut picture = Picture::new();
        picture.resize(SIZE as usize);
        let layout = rng.pick(&Layout::ALL);
        let everything = kind == Kind::Everything;
        fill_data(&mut rng, &mut picture);
        fill_code(&mut rng, &mut picture, everything, layout);
        fill_registers(&mut rng, &mut picture);
        let modes = Modes { layout, everything, translated: kind == Kind::Translated };
        build_tables(&mut rng, &mut picture, layout);
        set_control(&mut rng, &mut picture, modes);
        fill_low_storage(&mut rng, &mut picture, modes);
        set_keys(&mut rng, &mut picture);
        let bus = set_time(&mut rng, &mut picture, everything);
        Scenario { seed, picture, bus, layout }
    }

    /// Whether storage and control registers still hold the translation tables that they did, so that what a
    /// translation-lookaside buffer keeps cannot matter. Bits that mark a page invalid do not count: IPTE sets them.
    #[must_use]
    pub fn tables_stand(&self, storage: &[u8], cr: &[u32; 16]) -> bool {
        let invalid = self.layout.invalid_page() as u8;
        let same_table =
            self.picture.storage[TABLES..].iter().zip(&storage[TABLES..]).all(|(a, b)| (a ^ b) & !invalid == 0);
        let start = &self.picture.state.cr;
        let spaces = [start[1], start[7]];
        same_table && (cr[0] ^ start[0]) & 0x00F8_0000 == 0 && spaces.contains(&cr[1]) && spaces.contains(&cr[7])
    }
}

#[derive(Clone, Copy)]
struct Modes {
    layout: Layout,
    everything: bool,
    translated: bool,
}

fn put(picture: &mut Picture, at: u32, bytes: &[u8]) {
    // Every address here is inside storage by construction.
    let at = at as usize;
    picture.storage[at..at + bytes.len()].copy_from_slice(bytes);
}

/// Data: zeros, decimal numbers, text, floating-point numbers, anything.
fn fill_data(rng: &mut Rng, picture: &mut Picture) {
    for block in (0..SIZE).step_by(256) {
        let kind = rng.below(6);
        for at in (block..block + 256).step_by(8) {
            let value = match kind {
                0 => 0,
                1 | 2 => decimal(rng),
                3 => rng.u64() & 0x0F0F_0F0F_0F0F_0F0F | 0xF0F0_F0F0_F0F0_F0F0,
                4 => rng.float(),
                _ => u64::from(rng.word()) << 32 | u64::from(rng.word()),
            };
            put(picture, at, &value.to_be_bytes());
        }
    }
}

fn decimal(rng: &mut Rng) -> u64 {
    let digits = 1 + rng.below(15);
    let number = (0..digits).fold(0, |number, _| number << 4 | u64::from(rng.below(10)));
    number << 4 | rng.pick(&[0xC, 0xD, 0xF, 0xC, 0xD, 0xA, 0xB, 0xE_u64])
}

fn fill_code(rng: &mut Rng, picture: &mut Picture, privileged: bool, layout: Layout) {
    let mix = Mix { privileged, garbage: rng.pick(&[0, 1, 5]), invalid_page: layout.invalid_page() as u8 };
    let loops = rng.pick(&[0, 30, 100]);
    for page in CODE {
        let mut at = 0;
        while at < CODE_SPAN - 120 {
            let bytes = if rng.chance(loops) { endless_loop(rng, mix, at) } else { instruction(rng, mix, at) };
            put(picture, page + at, &bytes);
            at += bytes.len() as u32;
        }
    }
}

fn fill_registers(rng: &mut Rng, picture: &mut Picture) {
    for n in 0..8 {
        picture.state.gr[n] = match rng.below(4) {
            0 => 0x3000 + rng.below(0x5000),
            1 => rng.below(600),
            _ => rng.word(),
        };
    }
    let boundary = |rng: &mut Rng| {
        let block = rng.pick(&[0x3800, 0x4000, 0x4800, 0x7000, 0x8000, 0xA000, 0x1_0000, 0x1_7800, 0x100_0000, 0x800]);
        block - rng.below(40)
    };
    let code = rng.pick(&CODE);
    let high = if rng.chance(20) { rng.u32() & 0xFF00_0000 } else { 0 };
    let pointers = [
        0x800 * rng.below(SIZE / 0x800),
        rng.below(12),
        rng.below(300),
        code + (rng.below(CODE_SPAN) & !1),
        code,
        boundary(rng),
        boundary(rng),
        0x100 * (0x30 + rng.below(0x50)),
    ];
    for (register, value) in picture.state.gr[8..].iter_mut().zip(pointers) {
        *register = value | high;
    }
    // The code's address must stay even when it is used as it is.
    for register in &mut picture.state.fpr {
        *register = rng.float();
    }
}

fn set_control(rng: &mut Rng, picture: &mut Picture, modes: Modes) {
    let cr = &mut picture.state.cr;
    if modes.everything {
        // Interruption masks; SSM suppression, low-address protection, secondary space, extraction now and then.
        for (bit, percent) in [(1, 10), (3, 20), (4, 50), (5, 50), (16, 50), (20, 50), (21, 50), (24, 50), (25, 50)] {
            let mask = 1 << (31 - bit);
            cr[0] = cr[0] & !mask | if rng.chance(percent) { mask } else { 0 };
        }
        cr[2] = rng.pick(&[u32::MAX, 0, 0x8000_0000]);
        cr[3] = rng.u32();
        cr[8] = rng.u32();
        cr[9] = rng.pick(&[0, 0x8000_0000, 0x4000_0000, 0x2000_0000, 0x1000_00FF, 0xF000_FFFF]);
        cr[10] = 0x1000 + rng.below(0x1000);
        cr[11] = cr[10] + rng.below(0x100);
    }
    picture.state.psw = random_psw(rng, modes, CODE[0]);
    picture.state.psw.wait = false;
    picture.state.prefix = if modes.everything { rng.pick(&PREFIX) } else { 0 };
}

fn random_psw(rng: &mut Rng, modes: Modes, code: u32) -> Psw {
    let ec = modes.translated || rng.chance(60);
    let mut system_mask = if modes.everything { rng.pick(&[0, 1, 2, 3, 3]) } else { 0 };
    if ec && (modes.translated || modes.everything && rng.chance(60)) {
        system_mask |= 0x04;
    }
    if ec && modes.everything && rng.chance(10) {
        system_mask |= 0x40;
    }
    Psw {
        system_mask,
        key: rng.pick(&[0, 0, 0, 1, 1, 2]),
        ec,
        wait: modes.everything && rng.chance(2),
        problem: rng.chance(if modes.everything { 30 } else { 80 }),
        secondary: ec && modes.everything && rng.chance(5),
        cc: rng.below(4) as u8,
        program_mask: rng.pick(&[0, 0, 15, rng.clone().below(16) as u8]),
        address: code + (rng.below(CODE_SPAN) & !1),
        ..Psw::default()
    }
}

/// New PSWs at zero and at the prefixes; PSWs, control registers and prefixes for LPSW, LCTL and SPX.
fn fill_low_storage(rng: &mut Rng, picture: &mut Picture, modes: Modes) {
    let mut cr = [picture.state.cr, picture.state.cr];
    (cr[1][1], cr[1][7]) = (cr[1][7], cr[1][1]);
    cr[1][0] ^= rng.pick(&[0, 0x0000_0800, 0x0800_0000, 0x1000_0000]);
    cr[1][9] = rng.pick(&[0, 0xF000_FFFF]);
    for page in [0, PREFIX[1], PREFIX[2]] {
        fill_handler(rng, picture, page);
        for place in [0, 88, 96, 104, 112, 120] {
            let code = rng.pick(&CODE);
            let mut psw = random_psw(rng, modes, code);
            psw.wait = rng.chance(2);
            if rng.chance(85) {
                (psw.key, psw.address) = (0, HANDLER);
            }
            put(picture, page + place, &psw.emit(0, 0).to_be_bytes());
        }
        put(picture, page + 80, &rng.pick(&[0, 0x100, 0x7FFF_FFFF, u32::MAX]).to_be_bytes());
        for n in 0..PSW_COUNT {
            let code = rng.pick(&CODE);
            let word =
                random_psw(rng, modes, code).emit(0, 0) | if rng.chance(5) { 1 << (63 - rng.below(40)) } else { 0 };
            put(picture, page + PSWS + 8 * n, &word.to_be_bytes());
        }
        for (set, registers) in cr.iter().enumerate() {
            for (n, value) in registers.iter().enumerate() {
                put(picture, page + CONTROL_SETS + 64 * set as u32 + 4 * n as u32, &value.to_be_bytes());
            }
        }
        for n in 0..PAGE_COUNT {
            let address = 0x3000 + rng.below(0x1_5000 / modes.layout.page) * modes.layout.page;
            let (entry, table) = modes.layout.page_entry(rng.below(2) as usize, address);
            for (word, value) in [entry, table, address].into_iter().enumerate() {
                put(picture, page + PAGES + 12 * n + 4 * word as u32, &value.to_be_bytes());
            }
        }
        for (n, prefix) in PREFIX.iter().enumerate() {
            put(picture, page + PREFIXES + 4 * n as u32, &prefix.to_be_bytes());
        }
    }
}

/// What most new PSWs lead to: the registers get back what the conventions want, and the program goes on at another
/// place in the code each time.
fn fill_handler(rng: &mut Rng, picture: &mut Picture, page: u32) {
    let handler = ["LM 8,15,1472(0)", "L 1,1520", "LA 1,86(0,1)", "N 1,1524", "ST 1,1520", "BC 15,0(1,12)"];
    let mut at = page + HANDLER;
    for text in handler {
        let bytes = crate::assemble::assemble(text).map(|instruction| instruction.bytes().to_vec()).unwrap_or_default();
        put(picture, at, &bytes);
        at += bytes.len() as u32;
    }
    for (n, register) in picture.state.gr.into_iter().skip(8).enumerate() {
        put(picture, page + 1472 + 4 * n as u32, &register.to_be_bytes());
    }
    put(picture, page + 1520, &(rng.below(CODE_SPAN) & !1).to_be_bytes());
    put(picture, page + 1524, &0x0000_0FFE_u32.to_be_bytes());
}

/// Both spaces: mostly as real storage, some pages elsewhere, some nowhere, the tables out of reach.
fn build_tables(rng: &mut Rng, picture: &mut Picture, layout: Layout) {
    for space in [0, 1] {
        // The tables lie inside storage by construction.
        let built = layout.build(picture, space);
        debug_assert!(built.is_ok());
        for _ in 0..rng.below(12) {
            let page = 0x3000 + rng.below(0x1_5000 / layout.page) * layout.page;
            let frame = rng.below(TABLES as u32 / layout.page) * layout.page;
            layout.map_page(picture, space, page, Some(frame));
        }
        for _ in 0..rng.below(4) {
            let page = 0x3000 + rng.below(0x1_5000 / layout.page) * layout.page;
            layout.map_page(picture, space, page, None);
        }
        for page in (TABLES as u32..SIZE).step_by(layout.page as usize) {
            layout.map_page(picture, space, page, None);
        }
        if rng.chance(10) && layout.segment == 1 << 16 {
            let _ = layout.set_segment(picture, space, "10000>protected");
        }
    }
}

fn set_keys(rng: &mut Rng, picture: &mut Picture) {
    let plain = rng.chance(30);
    for key in &mut picture.keys {
        *key = if plain { 0x16 } else { rng.pick(&[0x10, 0x10, 0x10, 0x16, 0x00, 0x18, 0x1E, 0x20, 0x28, 0x08]) };
    }
}

/// Clocks about to do something, and devices that ask for interruptions.
fn set_time(rng: &mut Rng, picture: &mut Picture, everything: bool) -> RandomBus {
    let mut bus = RandomBus::default();
    if !everything {
        return bus;
    }
    let microsecond = s370_cpu::state::MICROSECOND;
    let state = &mut picture.state;
    state.time = rng.u64() >> 20;
    if rng.chance(40) {
        // The interval timer's next step is near.
        let step = microsecond * 10_000 / 3;
        state.time = state.time / step * step + step - microsecond * u64::from(rng.below(100));
    }
    state.interval_timer_ticks = (u128::from(state.time) * 3 / u128::from(microsecond * 10_000)) as u64;
    state.set_tod(0x8000_0000_0000_0000);
    if rng.chance(50) {
        state.clock_comparator = state.tod() + microsecond * u64::from(rng.below(60));
    }
    if rng.chance(50) {
        state.set_cpu_timer(microsecond * u64::from(rng.below(60)));
    }
    for _ in 0..rng.below(4) {
        let time = state.time + microsecond * u64::from(rng.below(80)) + u64::from(rng.below(4096));
        bus.events.push((time, rng.pick(&[0x000C, 0x0190, 0x0601, 0x0A00])));
    }
    bus.events.sort_unstable_by_key(|(time, _)| std::cmp::Reverse(*time));
    if rng.chance(20) {
        state.external.signals = 0x40;
    }
    bus
}
