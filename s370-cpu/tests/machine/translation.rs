//! Dynamic address translation while a program runs (GA22-7000-10, chapter 3): tables that change, formats, prefixing,
//! and what is recorded in the keys. Both engines.

use s370_arch::psw::Psw;
use s370_cpu::{
    bus::NoDevices,
    machine::{Machine, Stop},
    processor::Engine,
    state::CpuState,
};

use super::support::{END, ENGINES, load, quiet_state, with_state};

/// EC mode, translation on, at 1000.
const PSW: u64 = 0x0408_0000_0000_1000;
/// Where the segment table is; the page table of segment 0 follows at 100.
const TABLES: u32 = 0x2_0000;

/// The four formats: control register 0, bytes of a segment and of a page.
const FORMATS: [(u32, u32, u32); 4] = [
    (0x0040_0000, 1 << 16, 2048),
    (0x0080_0000, 1 << 16, 4096),
    (0x0050_0000, 1 << 20, 2048),
    (0x0090_0000, 1 << 20, 4096),
];

struct Space {
    machine: Machine,
    page: u32,
}

impl Space {
    /// Segment 0 maps onto itself as far as it goes, up to 64K; no other segment is there.
    fn new(engine: Engine, (cr0, segment, page): (u32, u32, u32), program: &[u16]) -> Space {
        let mut state = CpuState { psw: Psw::parse(PSW), ..quiet_state() };
        (state.cr[0], state.cr[1]) = (cr0, TABLES);
        (state.gr[9], state.gr[8]) = (0x1000, 0x3000);
        let machine = with_state(engine, state, &[(0x1000, program)]);
        let storage = &machine.processor.storage;
        storage.store_u64(104, END);
        (0..64).for_each(|n| storage.store_u32(TABLES + 4 * n, 1));
        storage.store_u32(TABLES, 0xF000_0000 | (TABLES + 0x100));
        let space = Space { machine, page };
        for n in 0..segment / page {
            space.map(n * page, (n < 0x1_0000 / page).then_some(n * page));
        }
        space
    }

    fn map(&self, at: u32, frame: Option<u32>) {
        let invalid = if self.page == 4096 { 8 } else { 4 };
        let entry = frame.map_or(invalid, |frame| frame >> 8);
        self.machine.processor.storage.store_u16(TABLES + 0x100 + at / self.page * 2, entry as u16);
    }

    fn run(&mut self, count: u64) -> (u64, Stop) {
        self.machine.run(&mut NoDevices, count)
    }

    /// Program-interruption code, translation-exception address, instruction address.
    fn exception(&self) -> (u16, u32, u32) {
        let storage = &self.machine.processor.storage;
        (storage.u16(142), storage.u32(144), storage.u32(44))
    }
}

#[test]
fn a_table_that_changes_counts_after_purge_tlb() {
    // L 5,0(8); STH 4,0(7) (the page-table entry); PTLB; L 6,0(8); BC 15,0(9).
    let program = [0x5858, 0x0000, 0x4047, 0x0000, 0xB20D, 0x0000, 0x5868, 0x0000, 0x47F9, 0x0000];
    for engine in ENGINES {
        for format in FORMATS {
            let mut space = Space::new(engine, format, &program);
            // The page table itself is reached through the last page of the segment.
            space.map(0xF000, Some(TABLES));
            let storage = space.machine.processor.storage.clone();
            let state = &mut space.machine.processor.state;
            state.gr[7] = 0xF100 + 0x3000 / space.page * 2;
            for frame in [0x5000, 0x6000, 0x5000, 0x1_8000] {
                storage.store_u32(frame, frame);
            }
            for frame in [0x5000, 0x6000, 0x1_8000, 0x6000] {
                let state = &mut space.machine.processor.state;
                let last = state.gr[6];
                state.gr[4] = frame >> 8;
                assert_eq!(space.run(5), (5, Stop::Count));
                let state = &space.machine.processor.state;
                assert_eq!((state.gr[5], state.gr[6]), (last, frame), "{format:X?} {engine:?}");
            }
        }
    }
}

#[test]
fn an_entry_that_becomes_valid_counts_at_once() {
    for engine in ENGINES {
        for format in FORMATS {
            let mut space = Space::new(engine, format, &[0x5858, 0x0004, 0x47F9, 0x0000]);
            space.map(0x3000, None);
            for n in 1..4 {
                assert_eq!(space.run(10), (1, Stop::Wait));
                assert_eq!(space.exception(), (0x11, 0x3004, 0x1000), "{format:X?}");
                // The pager makes the page valid, and invalid again with a purge.
                space.map(0x3000, Some(0x8000));
                space.machine.processor.storage.store_u32(0x8004, n);
                space.machine.processor.state.psw = Psw::parse(PSW);
                assert_eq!(space.run(10), (10, Stop::Count));
                assert_eq!(space.machine.processor.state.gr[5], n);
                space.map(0x3000, None);
                space.machine.processor.purge_tlb();
            }
        }
    }
}

#[test]
fn exceptions_name_address_and_cause() {
    // The address; the code; whether the address is stored and the instruction nullified.
    let format_64k = FORMATS[1];
    let format_1m = FORMATS[3];
    for engine in ENGINES {
        for (format, at, code, nullified) in [
            (format_64k, 0x01_0123, 0x10, true),
            (format_64k, 0xFF_FFFF, 0x10, true),
            (format_64k, 0x00_3FFE, 0x11, true),
            (format_64k, 0x02_0000, 0x12, false),
            (format_64k, 0x03_0000, 0x05, false),
            (format_64k, 0x00_5000, 0x12, false),
            (format_64k, 0x00_6000, 0x05, false),
            (format_64k, 0x04_1000, 0x11, true),
            (format_64k, 0x05_0000, 0x10, true),
            (format_1m, 0x10_0000, 0x10, true),
            (format_1m, 0x01_0000, 0x11, true),
        ] {
            // L 5,0(8) and ST 5,0(8)
            for operation in [0x5858, 0x5058] {
                let mut space = Space::new(engine, format, &[operation, 0x0000]);
                let storage = space.machine.processor.storage.clone();
                if format == format_64k {
                    // A reserved bit; tables outside of storage; a short table; a reserved bit in an invalid entry.
                    for (n, entry) in
                        [(2, 0xF800_0000 | (TABLES + 0x100)), (3, 0xF0FF_0000), (4, TABLES + 0x100), (5, 0x0800_0001)]
                    {
                        storage.store_u32(TABLES + 4 * n, entry);
                    }
                }
                space.map(0x4000, None);
                storage.store_u16(TABLES + 0x100 + 5 * 2, 0x0082);
                storage.store_u16(TABLES + 0x100 + 6 * 2, 0xFFF0);
                storage.store_u32(144, 0xFFFF_FFFF);
                space.machine.processor.state.gr[8] = at;
                assert_eq!(space.run(10), (1, Stop::Wait));
                // An operand that crosses into a page names the page's own first byte.
                let named = if at == 0x3FFE { 0x4000 } else { at };
                let expected = if nullified { (code, named, 0x1000) } else { (code, u32::MAX, 0x1004) };
                assert_eq!(space.exception(), expected, "{at:X} {engine:?}");
            }
        }
    }
}

#[test]
fn the_format_in_control_register_0_is_tested_with_each_reference() {
    for engine in ENGINES {
        for bits in [0x0000_0000, 0x00C0_0000, 0x0088_0000, 0x0098_0000, 0x00A0_0000] {
            let mut space = Space::new(engine, FORMATS[1], &[0xB700, 0x8000, 0x1812]);
            space.machine.processor.storage.store_u32(0x3000, bits);
            // Control register 0 is loaded; the next instruction cannot be fetched.
            assert_eq!(space.run(10), (2, Stop::Wait));
            assert_eq!(space.exception().0, 0x12, "{bits:X}");
        }
    }
}

#[test]
fn switching_the_space_by_control_register_1() {
    // LCTL 1,1,0(8); L 5,8(8); LCTL 1,1,4(8); L 6,8(8); BC 15,0(9).
    let program = [0xB711, 0x8000, 0x5858, 0x0008, 0xB711, 0x8004, 0x5868, 0x0008, 0x47F9, 0x0000];
    for engine in ENGINES {
        let mut space = Space::new(engine, FORMATS[1], &program);
        let storage = space.machine.processor.storage.clone();
        // The second space: the page at 3000 is at 5000.
        storage.store_u32(TABLES + 0x1000, 0xF000_0000 | (TABLES + 0x1100));
        for page in 0..16_u16 {
            storage.store_u16(TABLES + 0x1100 + 2 * u32::from(page), (if page == 3 { 5 } else { page }) << 4);
        }
        for frame in [0x3000, 0x5000] {
            storage.store_u32(frame, TABLES + 0x1000);
            storage.store_u32(frame + 4, TABLES);
            storage.store_u32(frame + 8, frame);
        }
        assert_eq!(space.run(500), (500, Stop::Count));
        assert_eq!((space.machine.processor.state.gr[5], space.machine.processor.state.gr[6]), (0x5000, 0x3000));
    }
}

#[test]
fn references_and_changes_are_recorded_as_they_are_made() {
    // L 5,0(8); ST 5,4(8); RRB 0(7); BC 15,0(9). Virtual 3000 is real 5000, which register 7 addresses.
    let program = [0x5858, 0x0000, 0x5058, 0x0004, 0xB213, 0x7000, 0x47F9, 0x0000];
    for engine in ENGINES {
        for format in FORMATS {
            let mut space = Space::new(engine, format, &program);
            space.map(0x3000, Some(0x5000));
            space.machine.processor.state.gr[7] = 0x5000;
            let storage = space.machine.processor.storage.clone();
            let mut seen = Vec::new();
            for _ in 0..40 {
                assert_eq!(space.run(1), (1, Stop::Count));
                seen.push((storage.key(0x5000), space.machine.processor.state.psw.cc));
            }
            let round = [(0x06, 3), (0x06, 3), (0x02, 3), (0x02, 3)];
            assert_eq!(seen[..4], [(0x04, 0), (0x06, 0), (0x02, 3), (0x02, 3)], "{engine:?}");
            assert!(seen[4..].chunks(4).all(|chunk| chunk == round), "{engine:?} {seen:X?}");
            // Nobody has referred to the real block of the virtual address.
            assert_eq!(storage.key(0x3000), 0);
        }
    }
}

#[test]
fn a_protected_segment_takes_no_stores_whatever_the_key() {
    for engine in ENGINES {
        let mut space = Space::new(engine, FORMATS[1], &[0x5858, 0x0000, 0x5058, 0x0000]);
        let storage = space.machine.processor.storage.clone();
        storage.store_u32(TABLES + 4, 0xF000_0004 | (TABLES + 0x100));
        space.machine.processor.state.gr[8] = 0x1_3000;
        assert_eq!(space.run(10), (2, Stop::Wait));
        assert_eq!(space.exception().0, 4);
        assert_eq!(storage.key(0x3000), 0x04);
    }
}

#[test]
fn extended_real_addresses_have_26_bits() {
    for engine in ENGINES {
        let mut space = Space::new(engine, FORMATS[1], &[0x5058, 0x0000, 0xB168, 0x0000, 0x1812]);
        space.machine.processor.state.model.extended_real_addressing = true;
        // Frame 000020 of 26 bits, by bits 13 and 14 zero; and one that is not in storage.
        space.map(0x3000, Some(0x2_0000 + 0x8000));
        assert_eq!(space.run(2), (2, Stop::Count));
        assert_eq!(space.machine.processor.state.gr[6], 0x2_8000);
        let storage = space.machine.processor.storage.clone();
        storage.store_u16(TABLES + 0x100 + 6, 0x0016);
        space.machine.processor.purge_tlb();
        let state = &mut space.machine.processor.state;
        state.psw.address = 0x1004;
        assert_eq!(space.run(1), (1, Stop::Count));
        assert_eq!(space.machine.processor.state.gr[6], 0x0300_1000);
        space.machine.processor.state.psw.address = 0x1000;
        assert_eq!(space.run(10), (1, Stop::Wait));
        assert_eq!(space.exception().0, 5);
    }
}

#[test]
fn tables_are_at_real_addresses_and_results_too() {
    for engine in ENGINES {
        // With prefix 20000 the tables at real 20000 are at absolute 0, where nothing is: so they are put there.
        let mut space = Space::new(engine, FORMATS[1], &[0xB158, 0x0000, 0x5868, 0x0000]);
        let storage = space.machine.processor.storage.clone();
        space.map(0x3000, Some(0));
        for at in (0..0x200).step_by(4) {
            let word = storage.u32(TABLES + at);
            storage.store_u32(at, word);
            storage.store_u32(TABLES + at, 0x1111_1111);
        }
        storage.store_u64(TABLES + 104, END);
        space.machine.processor.state.prefix = TABLES;
        assert_eq!(space.run(2), (2, Stop::Count));
        // LRA gives the real address 0; what is there is the absolute page at the prefix.
        assert_eq!((space.machine.processor.state.gr[5], space.machine.processor.state.gr[6]), (0, 0x1111_1111));
    }
}

#[test]
fn two_spaces_that_call_each_other_stay_apart() {
    // A problem program, translated: SVC 1; L 6,0(11); ALR 4,6; BC 15,0(9). Its supervisor, which is not:
    // L 7,0(11); ALR 3,7; LA 11,512(11); LPSW 32. Register 11 visits one block after another, each four times.
    let program = [0x0A01, 0x586B, 0x0000, 0x1E46, 0x47F9, 0x0000];
    let supervisor = [0x587B, 0x0000, 0x1E37, 0x41BB, 0x0200, 0x8200, 0x0020];
    let ends = [(Engine::Slow, 1), (Engine::Fast, 1), (Engine::Fast, 0)].map(|(engine, capacity)| {
        let mut space = Space::new(engine, FORMATS[1], &program);
        let machine = &mut space.machine;
        machine.log.capacity = capacity;
        let storage = machine.processor.storage.clone();
        load(&storage, 0x2000, &supervisor);
        storage.store_u64(96, 0x0008_0000_0000_2000);
        // Virtual 10000 to 1FFFF is real 30000 to 3FFFF.
        storage.store_u32(TABLES + 4, 0xF000_0000 | (TABLES + 0x200));
        for page in 0..16_u16 {
            storage.store_u16(TABLES + 0x200 + 2 * u32::from(page), (0x30 + page) << 4);
        }
        for at in (0x1_0000..0x2_0000).step_by(0x200) {
            storage.store_u32(at, 1);
            storage.store_u32(at + 0x2_0000, 0x1_0000);
            // All have been referred to, so that the fast engine need not ask the slow one.
            storage.set_key(at, 0x06);
            storage.set_key(at + 0x2_0000, 0x06);
        }
        machine.processor.state.psw.problem = true;
        machine.processor.state.gr[11] = 0x1_0000;
        assert_eq!(space.run(8 * 100), (8 * 100, Stop::Count));
        space.machine.processor.state
    });
    assert_eq!((ends[0].gr[3], ends[0].gr[4]), (100, 100 * 0x1_0000));
    assert_eq!(ends[0], ends[1]);
    assert_eq!(ends[0], ends[2]);
}
