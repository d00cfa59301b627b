//! Dynamic address translation against a second walk through the tables, written from the manual's chapter 3 in another
//! way: with arithmetic instead of shifts, for random tables in all four formats.

use proptest::{prelude::*, test_runner::RngSeed};
use tests::{
    assemble::assemble,
    check::ENGINES,
    random::Rng,
    single,
    vector::{Layout, Picture},
};

/// Codes of the program interruptions.
const ADDRESSING: u16 = 5;
const SEGMENT: u16 = 0x10;
const PAGE: u16 = 0x11;
const SPECIFICATION: u16 = 0x12;

const SEGMENT_TABLE: u32 = 0x1_8000;
const SIZE: u32 = 0x2_0000;

fn word(picture: &Picture, at: u32) -> Result<u32, u16> {
    let at = at as usize;
    let bytes = picture.storage.get(at..at + 4).ok_or(ADDRESSING)?;
    Ok(u32::from_be_bytes(bytes.try_into().map_err(|_| ADDRESSING)?))
}

fn halfword(picture: &Picture, at: u32) -> Result<u32, u16> {
    let at = at as usize;
    let bytes = picture.storage.get(at..at + 2).ok_or(ADDRESSING)?;
    Ok(u32::from(bytes[0]) * 256 + u32::from(bytes[1]))
}

/// The real address, or the program interruption.
fn walk(picture: &Picture, layout: Layout, address: u32) -> Result<u32, u16> {
    let designation = picture.state.cr[1];
    let (table, sixteens) = (designation / 64 % 0x4_0000 * 64, designation / 0x100_0000 + 1);
    let segment = address / layout.segment;
    if segment >= 16 * sixteens {
        return Err(SEGMENT);
    }
    let entry = word(picture, (table + 4 * segment) % 0x100_0000)?;
    if entry % 2 == 1 {
        return Err(SEGMENT);
    }
    if entry / 0x100_0000 % 16 != 0 {
        return Err(SPECIFICATION);
    }
    let pages = layout.segment / layout.page;
    let page = address % layout.segment / layout.page;
    if page >= pages / 16 * (entry / 0x1000_0000 + 1) {
        return Err(PAGE);
    }
    let page_entry = halfword(picture, (entry % 0x100_0000 / 8 * 8 + 2 * page) % 0x100_0000)?;
    // 4K: twelve bits of the frame's number, the invalid bit, two zeros, a free bit; 2K: thirteen, invalid, one zero, free.
    let frame_unit = layout.page / 256;
    if page_entry % frame_unit >= frame_unit / 2 {
        return Err(PAGE);
    }
    if page_entry % (frame_unit / 2) / 2 != 0 {
        return Err(SPECIFICATION);
    }
    Ok(page_entry / frame_unit * layout.page + address % layout.page)
}

/// Random tables: mostly good entries, some of every bad kind.
fn machine(rng: &mut Rng, layout: Layout) -> Picture {
    let mut picture = single::machine();
    picture.resize(SIZE as usize);
    picture.state.cr[0] = 0xE0 | layout.control;
    picture.state.cr[1] = SEGMENT_TABLE | if rng.chance(30) { rng.below(2) << 24 } else { 0 };
    for segment in 0..32 {
        let table = match rng.below(12) {
            0 => 0xFF_FF00,
            1 => SIZE - 8,
            _ => 0x1_9000 + 8 * rng.below(0x400),
        };
        let length = rng.pick(&[15, 15, 15, 0, rng.clone().below(16)]);
        let odd = rng.pick(&[0, 0, 0, 0, 0, 0, 1, 4, 2, 0x0100_0000, 0x0800_0001, 0x0400_0000]);
        let at = SEGMENT_TABLE as usize + 4 * segment;
        picture.storage[at..at + 4].copy_from_slice(&(length << 28 | table | odd).to_be_bytes());
    }
    for at in (0x1_9000..SIZE as usize).step_by(2) {
        // Frames inside and a little outside of storage, with each of the low bits now and then.
        let frame = (rng.below(SIZE / 0x100 + 0x40) as u16) & if layout.page == 4096 { 0xFFF0 } else { 0xFFF8 };
        let odd = rng.pick(&[0, 0, 0, 0, 0, 1, 2, 4, 8, 6]) & if layout.page == 4096 { 15 } else { 7 };
        picture.storage[at..at + 2].copy_from_slice(&(frame | odd).to_be_bytes());
    }
    picture
}

/// The page at which the instruction stands, mapped onto itself.
fn map_code(picture: &mut Picture) {
    let entry = 0xF001_7000_u32;
    picture.storage[SEGMENT_TABLE as usize..][..4].copy_from_slice(&entry.to_be_bytes());
    for (n, real) in (0..0x2000_u32).step_by(0x800).enumerate() {
        let step = if picture.state.cr[0] & 0x0080_0000 != 0 { 2 } else { 1 };
        if n % step == 0 {
            let at = 0x1_7000 + 2 * (n / step);
            picture.storage[at..at + 2].copy_from_slice(&((real >> 8) as u16).to_be_bytes());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 300, rng_seed: RngSeed::Fixed(4), failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn a_second_walk_comes_to_the_same(seed: u64, format in 0_usize..4) {
        let mut rng = Rng::new(seed);
        let layout = Layout::ALL[format];
        let mut picture = machine(&mut rng, layout);
        map_code(&mut picture);
        picture.state.psw.ec = true;
        picture.state.psw.system_mask = 4;
        for _ in 0..12 {
            let address = match rng.below(4) {
                0 => rng.u32() & 0xFF_FFFF,
                1 => rng.below(2 * layout.segment),
                _ => rng.below(18 * layout.segment) & 0xFF_FFFF,
            };
            let expected = walk(&picture, layout, address);
            let storage = s370_cpu::storage::Storage::new(u64::from(SIZE)).expect("a size that can be had");
            storage.store(0, &picture.storage);
            let got = s370_cpu::dat::translate(&picture.state, &storage, picture.state.cr[1], address);
            prop_assert_eq!(got.map(|translation| translation.real).map_err(|failure| failure.code().0), expected);

            // The same for a byte that an instruction fetches.
            picture.state.gr[2] = address;
            for engine in ENGINES {
                let outcome = single::execute(&picture, assemble("IC 1,0(0,2)").expect("an instruction"), engine);
                let expected = expected.and_then(|real| picture.storage.get(real as usize).copied().ok_or(ADDRESSING));
                let got = outcome.interruption.map_or(Ok(outcome.state.gr[1] as u8), Err);
                // The instruction's own bytes are not in the picture.
                if !(single::AT - 4..single::AT + 4).contains(&walk(&picture, layout, address).unwrap_or(0)) {
                    prop_assert_eq!(got, expected, "{:06X} on {:?}", address, engine);
                }
            }
        }
    }
}
