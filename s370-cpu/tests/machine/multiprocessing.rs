//! Several processors with one storage (GA22-7000-10, chapter 4, "Multiprocessing"), interleaved in one thread.

use std::sync::Arc;

use s370_arch::psw::Psw;
use s370_cpu::{
    bus::{Bus, IoRequest, NoDevices, Signal, SignalAnswer},
    machine::{Machine, Stop},
    processor::Engine,
    state::{CpuState, RunState},
    storage::Storage,
};

use super::support::{END, ENGINES, SIZE, load, quiet_state};

/// The way from one CPU to another.
struct Line<'a> {
    other: &'a mut Machine,
}

impl Bus for Line<'_> {
    fn io(&mut self, _: &IoRequest, _: &Storage) -> u8 {
        3
    }

    fn accept_io(&mut self, _: u32, _: u32, _: &Storage) -> Option<u16> {
        None
    }

    fn attention(&self) -> bool {
        false
    }

    fn next_event(&self) -> u64 {
        u64::MAX
    }

    fn advance(&mut self, _: u64, _: &Storage) {}

    fn signal(&mut self, signal: Signal) -> SignalAnswer {
        let processor = &mut self.other.processor;
        if signal.to == processor.state.cpu_address {
            processor.receive_order(signal.order, signal.from)
        } else {
            SignalAnswer::NotOperational
        }
    }
}

/// Two CPUs, addresses 0 and 1, prefixes 8000 and A000, that begin at 1000 and 2000.
struct Pair {
    cpu: [Machine; 2],
    storage: Arc<Storage>,
}

impl Pair {
    fn new(engines: [Engine; 2], first: &[u16], second: &[u16]) -> Pair {
        let storage = Arc::new(Storage::new(SIZE.into()).unwrap());
        load(&storage, 0x1000, first);
        load(&storage, 0x2000, second);
        for prefix in [0x8000, 0xA000] {
            for new in [88, 96, 104, 120] {
                storage.store_u64(prefix + new, END + u64::from(new));
            }
        }
        let cpu = [0, 1].map(|n| {
            let mut state = CpuState { psw: Psw::parse(0x0008_0000_0000_1000), ..quiet_state() };
            state.psw.address = 0x1000 * (1 + u32::from(n));
            (state.cpu_address, state.prefix) = (n, 0x8000 + 0x2000 * u32::from(n));
            (state.gr[9], state.gr[8], state.gr[7]) = (state.psw.address, 0x3000, 0x2000);
            let mut machine = Machine::new(state, Arc::clone(&storage));
            machine.processor.engine = engines[usize::from(n)];
            machine
        });
        Pair { cpu, storage }
    }

    /// Lets one CPU execute so many instructions.
    fn run(&mut self, n: usize, count: u64) -> (u64, Stop) {
        let [first, second] = &mut self.cpu;
        let (machine, other) = if n == 0 { (first, second) } else { (second, first) };
        machine.run(&mut Line { other }, count)
    }

    fn gr(&self, n: usize, r: usize) -> u32 {
        self.cpu[n].processor.state.gr[r]
    }
}

fn all_engines() -> impl Iterator<Item = [Engine; 2]> {
    ENGINES.into_iter().flat_map(|first| ENGINES.map(|second| [first, second]))
}

#[test]
fn a_store_into_code_that_the_other_has_decoded() {
    for engines in all_engines() {
        // First: STH 3,2(7), into the other's loop. Second: LA 5,1; AR 6,5; BC 15,0(9). It changes the 1 into a 2.
        let mut pair = Pair::new(engines, &[0x4030, 0x7002, 0x47F9, 0x0000], &[0x4150, 0x0001, 0x1A65, 0x47F9, 0x0000]);
        pair.run(1, 30);
        assert_eq!(pair.gr(1, 6), 10);
        pair.cpu[0].processor.state.gr[3] = 2;
        pair.run(0, 1);
        pair.run(1, 30);
        assert_eq!(pair.gr(1, 6), 30, "{engines:?}");
        // Once more, now that the first has a fast way to the block, too.
        for amount in [3, 4, 5, 6, 7] {
            let before = pair.gr(1, 6);
            pair.cpu[0].processor.state.gr[3] = amount;
            pair.run(0, 20);
            pair.run(1, 30);
            assert_eq!(pair.gr(1, 6) - before, 10 * amount, "{engines:?}");
        }
    }
}

#[test]
fn a_block_that_was_data_when_the_other_last_stored_there() {
    for engines in all_engines() {
        // The first stores into 2002 before the second decodes anything there, and again thereafter.
        let mut pair = Pair::new(engines, &[0x4030, 0x7002, 0x47F9, 0x0000], &[0x4150, 0x0001, 0x1A65, 0x47F9, 0x0000]);
        let mut expected = 0;
        for amount in 1..20 {
            pair.cpu[0].processor.state.gr[3] = amount;
            pair.run(0, 2 * u64::from(amount % 4) + 1);
            pair.run(1, 6);
            // With an odd count the store is done; it always is, as each run begins or ends with it.
            expected += 2 * amount;
            assert_eq!(pair.gr(1, 6), expected, "{engines:?} {amount}");
            // Back to the store.
            pair.run(0, 1);
        }
    }
}

#[test]
fn both_execute_the_same_code_and_one_changes_it() {
    for engines in all_engines() {
        // Both: LA 5,1; AR 6,5; BC 15,0(9) at 2000. What one makes of its marks must not concern the other.
        let code: &[u16] = &[0x4150, 0x0001, 0x1A65, 0x47F9, 0x0000];
        let mut pair = Pair::new(engines, &[], code);
        (pair.cpu[0].processor.state.gr[9], pair.cpu[0].processor.state.psw.address) = (0x2000, 0x2000);
        pair.run(0, 30);
        pair.run(1, 30);
        // What the first drops, the second still has.
        pair.cpu[0].processor.drop_caches();
        pair.storage.store_u16(0x2002, 5);
        pair.run(1, 3);
        assert_eq!(pair.gr(1, 6), 15, "{engines:?}");
        for amount in 2..9 {
            pair.storage.store_u16(0x2002, amount);
            // The first hears at once and decodes anew, the second later.
            pair.run(0, 3);
            let before = (pair.gr(0, 6), pair.gr(1, 6));
            pair.storage.store_u16(0x2002, amount + 100);
            pair.run(1, 3);
            pair.run(0, 3);
            let added = u32::from(amount) + 100;
            assert_eq!((pair.gr(0, 6), pair.gr(1, 6)), (before.0 + added, before.1 + added), "{engines:?}");
        }
    }
}

#[test]
fn one_decodes_in_the_middle_of_what_the_other_decodes() {
    for engines in all_engines() {
        // First: MVC 2661(256,1),2041; BC 15,0(9). Second, from its second halfword: AR 6,5; BCR 15,9.
        let mut pair = Pair::new(engines, &[], &[0xD200, 0x1A65, 0x07F9, 0x47F9, 0x0000]);
        let [first, second] = &mut pair.cpu;
        (first.processor.state.gr[9], first.processor.state.psw.address) = (0x2000, 0x2000);
        (first.processor.state.gr[1], second.processor.state.gr[5]) = (0x1_0000, 1);
        (second.processor.state.gr[9], second.processor.state.psw.address) = (0x2002, 0x2002);
        pair.run(0, 10);
        pair.run(1, 20);
        assert_eq!(pair.gr(1, 6), 10);
        // The first gives up the whole instruction for its first halfword: XC now.
        pair.storage.store_u16(0x2000, 0xD700);
        pair.run(0, 10);
        pair.storage.store_u16(0x2000, 0x1812);
        pair.run(0, 1);
        // The second's AR becomes SR.
        pair.storage.store_u16(0x2002, 0x1B65);
        pair.run(1, 20);
        assert_eq!(pair.gr(1, 6), 0, "{engines:?}");
    }
}

#[test]
fn a_key_that_the_other_changes() {
    for engines in all_engines() {
        // First: SSK 3,8. Second, with key 1: ST 5,0(8); L 5,4(8); BC 15,0(9).
        let mut pair = Pair::new(engines, &[0x0838, 0x47F9, 0x0000], &[0x5058, 0x0000, 0x5858, 0x0004, 0x47F9, 0x0000]);
        (0x2000..0x4000).step_by(2048).for_each(|at| pair.storage.set_key(at, 0x10));
        let second = &mut pair.cpu[1].processor.state;
        (second.psw.key, second.psw.system_mask) = (1, 0);
        (second.gr[5], pair.cpu[0].processor.state.gr[3]) = (7, 0x10);
        pair.run(1, 30);
        assert_eq!(pair.storage.key(0x3000), 0x16);
        // Reference and change are reset; the load records a reference only, as it would without a table.
        pair.run(0, 2);
        assert_eq!(pair.storage.key(0x3000), 0x10);
        pair.cpu[1].processor.state.psw.address = 0x2004;
        pair.run(1, 1);
        assert_eq!(pair.storage.key(0x3000), 0x14, "{engines:?}");
        pair.run(1, 5);
        assert_eq!(pair.storage.key(0x3000), 0x16);
        pair.cpu[0].processor.state.gr[3] = 0x20;
        pair.run(0, 2);
        let (_, stop) = pair.run(1, 30);
        assert_eq!(stop, Stop::Wait);
        assert_eq!(pair.storage.u16(0xA000 + 142), 4);
    }
}

#[test]
fn a_page_that_the_other_invalidates() {
    for engines in all_engines() {
        // First: IPTE 3,4. Second: L 5,0(8); BC 15,0(9), translated.
        let mut pair = Pair::new(engines, &[0xB221, 0x0034, 0x47F9, 0x0000], &[0x5858, 0x0000, 0x47F9, 0x0000]);
        pair.storage.store_u32(0xC000, 0xF000_C040);
        (0..16).for_each(|page| pair.storage.store_u16(0xC040 + 2 * page, (page as u16) << 4));
        for machine in &mut pair.cpu {
            let state = &mut machine.processor.state;
            (state.cr[0], state.cr[1]) = (0x0080_0000, 0xC000);
        }
        pair.cpu[1].processor.state.psw.system_mask = 4;
        (pair.cpu[0].processor.state.gr[3], pair.cpu[0].processor.state.gr[4]) = (0xC040, 0x3000);
        assert_eq!(pair.run(1, 31), (31, Stop::Count));
        pair.run(0, 1);
        assert_eq!(pair.run(1, 30), (2, Stop::Wait), "{engines:?}");
        assert_eq!((pair.storage.u16(0xA000 + 142), pair.storage.u32(0xA000 + 144)), (0x11, 0x3000));
    }
}

/// The condition code that CPU 0 gets for an order to CPU 1, and what it gets in general register 3.
fn signal(pair: &mut Pair, order: u8) -> (u8, u32) {
    // SIGP 3,4,0(5)
    load(&pair.storage, 0x1000, &[0xAE34, 0x5000]);
    let state = &mut pair.cpu[0].processor.state;
    state.psw.address = 0x1000;
    (state.gr[3], state.gr[4], state.gr[5]) = (0, 1, order.into());
    assert_eq!(pair.run(0, 1), (1, Stop::Count));
    (pair.cpu[0].processor.state.psw.cc, pair.gr(0, 3))
}

#[test]
fn calls_between_processors() {
    for engines in all_engines() {
        let mut pair = Pair::new(engines, &[], &[0x47F9, 0x0000]);
        let state = &mut pair.cpu[1].processor.state;
        (state.psw.system_mask, state.cr[0]) = (1, 0x6000);
        pair.storage.store_u64(0xA000 + 88, 0x0108_0000_0000_2000);
        pair.run(1, 10);
        assert_eq!(signal(&mut pair, 2), (0, 0));
        assert_eq!(signal(&mut pair, 2), (1, 0x80));
        assert_eq!(signal(&mut pair, 1), (1, 0x80));
        assert_eq!(signal(&mut pair, 3), (0, 0));
        pair.run(1, 0);
        assert_eq!(pair.storage.u32(0xA000 + 132), 0x1202);
        assert_eq!(signal(&mut pair, 1), (0, 0));
        assert_eq!(pair.cpu[1].log.total, 2);
    }
}

#[test]
fn stop_store_status_and_start() {
    for engines in all_engines() {
        let mut pair = Pair::new(engines, &[], &[0x4133, 0x0001, 0x47F9, 0x0000]);
        pair.run(1, 101);
        assert_eq!(signal(&mut pair, 9), (0, 0));
        // Until it has stopped, it is busy.
        assert_eq!(signal(&mut pair, 1).0, 2);
        assert_eq!(pair.run(1, 100), (0, Stop::Stopped));
        assert_eq!(signal(&mut pair, 1), (1, 0x40));
        assert_eq!((pair.storage.u64(256), pair.storage.u32(264)), (0x0008_0000_0000_2004, 0xA000));
        assert_eq!((pair.storage.u32(384 + 12), pair.storage.u32(384 + 36)), (51, 0x2000));
        assert_eq!(signal(&mut pair, 4), (0, 0));
        assert_eq!(pair.run(1, 3), (3, Stop::Count));
        assert_eq!(pair.gr(1, 3), 52);
    }
}

#[test]
fn restart_and_resets() {
    for engines in all_engines() {
        let mut pair = Pair::new(engines, &[], &[0x4133, 0x0001, 0x47F9, 0x0000]);
        pair.storage.store_u64(0xA000, 0x0008_0000_0000_2000);
        pair.run(1, 10);
        assert_eq!(signal(&mut pair, 6), (0, 0));
        pair.run(1, 0);
        assert_eq!(pair.storage.u64(0xA008), 0x0008_0000_0000_2000);
        for (order, prefix) in [(0x0C, 0xA000), (0x0B, 0)] {
            assert_eq!(signal(&mut pair, order), (0, 0));
            assert_eq!(pair.run(1, 10), (0, Stop::Stopped));
            let state = &pair.cpu[1].processor.state;
            assert_eq!((state.prefix, state.run_state), (prefix, RunState::Stopped));
        }
        assert_eq!(signal(&mut pair, 0x0D), (1, 2));
        // The restart new PSW is now taken from real, that is absolute, 0.
        pair.storage.store_u64(0, END);
        assert_eq!(signal(&mut pair, 6), (0, 0));
        assert_eq!(pair.run(1, 10), (0, Stop::Wait));
    }
}

#[test]
fn each_prefix_area_is_its_processors_own() {
    for engines in all_engines() {
        // Both: L 5,92 (4(8), gr 8 = 88) where the external new PSW's address is; MVI 100,n; SVC 7.
        let mut pair = Pair::new(engines, &[0x9211, 0x0F00, 0x0A07], &[0x9222, 0x0F00, 0x0A09]);
        assert_eq!(pair.run(0, 10), (2, Stop::Wait));
        assert_eq!(pair.run(1, 10), (2, Stop::Wait));
        assert_eq!((pair.storage.u8(0x8F00), pair.storage.u8(0xAF00), pair.storage.u8(0xF00)), (0x11, 0x22, 0));
        assert_eq!((pair.storage.u16(0x8000 + 138), pair.storage.u16(0xA000 + 138)), (7, 9));
        // Real 8000 is absolute 0 to the one, and absolute 8000 to the other.
        load(&pair.storage, 0x4000, &[0x9233, 0x7800]);
        for machine in &mut pair.cpu {
            let state = &mut machine.processor.state;
            (state.psw.wait, state.psw.address, state.gr[7]) = (false, 0x4000, 0x8000 - 0x800 + 0x400);
        }
        pair.run(0, 1);
        assert_eq!((pair.storage.u8(0x400), pair.storage.u8(0x8400)), (0x33, 0));
        pair.run(1, 1);
        assert_eq!(pair.storage.u8(0x8400), 0x33);
    }
}

#[test]
fn set_prefix_changes_what_low_addresses_mean_at_once() {
    for engine in ENGINES {
        // IC 5,F00; SPX 0(8); IC 6,F00; STPX 8(8); and a branch into the new low storage: BC 15,F10.
        let program = [0x4350, 0x0F00, 0xB210, 0x8000, 0x4360, 0x0F00, 0xB211, 0x8008, 0x47F0, 0x0F10];
        let mut pair = Pair::new([engine; 2], &program, &[]);
        pair.storage.store_u32(0x3000, 0xFF00_CFFF);
        pair.storage.store_u8(0x8F00, 8);
        pair.storage.store_u8(0xCF00, 12);
        load(&pair.storage, 0x8F10, &[0x0A01]);
        load(&pair.storage, 0xCF10, &[0x0A02]);
        pair.storage.store_u64(0xC000 + 96, END);
        let machine = &mut pair.cpu[0];
        assert_eq!(machine.run(&mut NoDevices, 10), (6, Stop::Wait));
        assert_eq!((machine.processor.state.gr[5], machine.processor.state.gr[6]), (8, 12));
        assert_eq!((pair.storage.u32(0x3008), pair.storage.u16(0xC000 + 138)), (0xC000, 2));
    }
}

#[test]
fn one_processor_may_lead_the_other_out_of_a_string_of_interruptions() {
    for engines in all_engines() {
        // The second's program new PSW leads to what is no instruction, until the first makes it SVC 3: MVI 0(4),10.
        let mut pair = Pair::new(engines, &[0x920A, 0x4000, 0x9203, 0x4001], &[0x0000]);
        pair.storage.store_u64(0xA000 + 104, 0x0008_0000_0000_5000);
        pair.cpu[0].processor.state.gr[4] = 0x5000;
        assert_eq!(pair.run(1, 50), (50, Stop::Count));
        pair.run(0, 2);
        assert_eq!(pair.run(1, 50), (1, Stop::Wait), "{engines:?}");
        assert_eq!(pair.storage.u16(0xA000 + 138), 3);
    }
}
