//! Each code with good and with bad operands, and any code with any registers.

use devices::{
    channel::Channels,
    console::{
        display::{Display, Model as DisplayModel, Outcome as Displayed, Terminal},
        typewriter::{Model as TypewriterModel, Typewriter, Unattended},
    },
    media::deck::{Deck, Reading},
    unit_record::reader::{Reader, ReaderKind},
};
use proptest::{prelude::*, test_runner::RngSeed};
use s370_arch::{ebcdic, interruption::ProgramCode};
use s370_cpu::storage::AbsoluteStorage;

use super::*;
use crate::{
    command::tests::Bench,
    user::{Emsg, Mode, Said},
};

const SIZE: u32 = 64 << 10;
/// Where the PSW is after DIAGNOSE.
const AFTER: u32 = 0x2004;
/// Where a program interruption leads.
const NEW: u32 = 0x4000;

fn bench() -> Bench {
    let mut bench = Bench::new(SIZE);
    bench.with(|cp| {
        let machine = &mut cp.user.machine;
        let console = Typewriter::new(TypewriterModel::M3215, Unattended::Ready);
        machine.channels.attach(0x009, Box::new(console)).expect("a free address");
        machine.channels.attach(0x00C, Box::new(Reader::new(ReaderKind::R2540))).expect("a free address");
        machine.storage.store_u64(0x68, NEW.into());
    });
    bench
}

/// Registers before DIAGNOSE.
type Registers<'a> = &'a [(usize, u32)];

/// Executes DIAGNOSE: the program-interruption code, or none.
fn diagnose(bench: &mut Bench, (r1, r3): (usize, usize), code: u32, registers: Registers<'_>) -> Option<u16> {
    bench.with(|cp| {
        let state = &mut cp.user.machine.state;
        state.psw.address = AFTER;
        state.psw.cc = 3;
        registers.iter().for_each(|(number, value)| state.gr[*number] = *value);
        let outcome = execute(cp, Diagnose { r1, r3, code, ilc: 2 });
        assert_eq!(outcome, Outcome::Done);
        let machine = &cp.user.machine;
        match machine.state.psw.address {
            AFTER => None,
            // Basic control: the code is in the old PSW, and so is the instruction length.
            NEW => {
                let old = machine.storage.u64(0x28);
                assert_eq!((old & 0x00FF_FFFF, old >> 30 & 3), (AFTER.into(), 2));
                Some((old >> 32) as u16)
            }
            other => panic!("the PSW is at {other:X}"),
        }
    })
}

fn specification(bench: &mut Bench, fields: (usize, usize), code: u32, registers: Registers<'_>) {
    let interruption = diagnose(bench, fields, code, registers);
    assert_eq!(interruption, Some(ProgramCode::SPECIFICATION.0), "{code:X} {registers:X?}");
}

fn addressing(bench: &mut Bench, fields: (usize, usize), code: u32, registers: Registers<'_>) {
    let interruption = diagnose(bench, fields, code, registers);
    assert_eq!(interruption, Some(ProgramCode::ADDRESSING.0), "{code:X} {registers:X?}");
}

/// It is done: the condition code.
fn done(bench: &mut Bench, fields: (usize, usize), code: u32, registers: Registers<'_>) -> u8 {
    assert_eq!(diagnose(bench, fields, code, registers), None, "{code:X} {registers:X?}");
    bench.with(|cp| cp.user.machine.state.psw.cc)
}

fn register(bench: &mut Bench, number: usize) -> u32 {
    bench.with(|cp| cp.user.machine.state.gr[number])
}

fn bytes(bench: &mut Bench, at: u32, length: usize) -> Vec<u8> {
    bench.with(|cp| cp.user.machine.fetch(at, length).expect("storage"))
}

#[test]
fn a_code_that_is_not_there() {
    let mut bench = bench();
    for code in [0x01, 0x02, 0x14, 0x34, 0x3C, 0x4C, 0x6C, 0x84, 0xFC, 0x0100, 0x00FF_FFFC] {
        specification(&mut bench, (2, 4), code, &[]);
    }
}

#[test]
fn code_00_identifies_the_system() {
    let mut bench = bench();
    assert_eq!(done(&mut bench, (2, 4), 0, &[(2, 0x1000), (4, 40)]), 3, "the condition code stays");
    let stored = bytes(&mut bench, 0x1000, 40);
    assert_eq!(ebcdic::to_text(&stored[..8]), "VM/370  ");
    assert_eq!(stored[8], 6);
    assert_eq!(ebcdic::to_text(&stored[16..24]), "CMSUSER ");
    assert_eq!((register(&mut bench, 4), &stored[32..]), (8, &[0; 8][..]));
    bench.store(0x1000, &[0xEE; 8]);
    done(&mut bench, (2, 4), 0, &[(2, 0x1000), (4, 3)]);
    assert_eq!(bytes(&mut bench, 0x1000, 4), [0xE5, 0xD4, 0x61, 0xEE]);
    specification(&mut bench, (2, 4), 0, &[(2, 0x1001), (4, 8)]);
    addressing(&mut bench, (2, 4), 0, &[(2, SIZE - 8), (4, 9)]);
    addressing(&mut bench, (2, 4), 0, &[(2, 0x00FF_FFF8), (4, u32::MAX)]);
}

#[test]
fn code_04_is_for_classes_c_and_e() {
    let mut bench = bench();
    let privileged = diagnose(&mut bench, (2, 4), 4, &[]);
    assert_eq!(privileged, Some(ProgramCode::PRIVILEGED.0));
    bench.with(|cp| cp.user.classes = "E".to_owned());
    let vmblok = bench.with(|cp| cp.user.machine.blocks().vmblok);
    let list: Vec<u8> = [vmblok + 0x110, u32::MAX].into_iter().flat_map(u32::to_be_bytes).collect();
    bench.store(0x1000, &list);
    done(&mut bench, (2, 4), 4, &[(2, 0x1000), (4, 2), (5, 0x1100)]);
    assert_eq!(bytes(&mut bench, 0x1100, 8)[4..], [0; 4]);
    assert_eq!(ebcdic::to_text(&bytes(&mut bench, 0x1100, 4)), "CMSU");
    specification(&mut bench, (2, 15), 4, &[]);
    specification(&mut bench, (2, 4), 4, &[(4, 1025)]);
    addressing(&mut bench, (2, 4), 4, &[(4, 2), (5, SIZE - 4)]);
    addressing(&mut bench, (2, 4), 4, &[(2, SIZE), (5, 0x1000)]);
}

#[test]
fn code_08_executes_commands() {
    let mut bench = bench();
    bench.store(0x1000, &ebcdic::from_text("QUERY VIRTUAL STORAGE"));
    done(&mut bench, (2, 4), 8, &[(2, 0x1000), (4, 21)]);
    assert_eq!(register(&mut bench, 4), 0);
    let said = bench.with(|cp| cp.user.take_said());
    assert_eq!(said, [Said::Cp("STORAGE = 00064K".to_owned())]);
    bench.store(0x1000, &ebcdic::from_text("WUMPUS"));
    done(&mut bench, (2, 4), 8, &[(2, 0x1000), (4, 6)]);
    assert_eq!(register(&mut bench, 4), 1);
    specification(&mut bench, (2, 4), 8, &[(4, 133)]);
    addressing(&mut bench, (2, 4), 8, &[(2, SIZE - 8), (4, 9)]);
    done(&mut bench, (2, 4), 8, &[(4, 0)]);
    bench.with(|cp| assert_eq!(cp.user.mode, Mode::CpRead));
}

#[test]
fn code_08_responds_in_a_buffer() {
    const TO_BUFFER: u32 = 0x4000_0000;
    let mut bench = bench();
    let commands = ["SET EMSG OFF", "Q V STOR", "QUERY WUMPUS"];
    let text = commands.map(ebcdic::from_text).join(&0x15);
    bench.store(0x1000, &text);
    let length = TO_BUFFER | text.len() as u32;
    let expected = "STORAGE = 00064K\nDMKCQG045E WUMPUS NOT LOGGED ON\n";
    let cc = done(&mut bench, (2, 4), 8, &[(2, 0x1000), (3, 0x1100), (4, length), (5, 0x100)]);
    assert_eq!((cc, register(&mut bench, 4), register(&mut bench, 5)), (0, 45, expected.len() as u32));
    let stored = bytes(&mut bench, 0x1100, expected.len());
    let lines: Vec<String> = stored.split(|&code| code == 0x15).map(ebcdic::to_text).collect();
    assert_eq!(lines.join("\n"), expected);
    assert_eq!(bench.with(|cp| cp.user.take_said()), []);
    let cc = done(&mut bench, (2, 4), 8, &[(2, 0x1000), (3, 0x1100), (4, length), (5, 20)]);
    assert_eq!((cc, register(&mut bench, 5)), (1, expected.len() as u32 - 17));
    for fields in [(2, 3), (3, 2), (2, 2), (15, 4), (4, 15)] {
        specification(&mut bench, fields, 8, &[(2, length), (3, length), (4, length), (15, length)]);
    }
    specification(&mut bench, (2, 4), 8, &[(4, length), (5, 8193)]);
    addressing(&mut bench, (2, 4), 8, &[(2, 0x1000), (3, SIZE - 8), (4, length), (5, 9)]);
}

#[test]
fn code_08_that_resets_leaves_the_registers_of_the_new_program() {
    let mut bench = bench();
    bench.store(0x1000, &ebcdic::from_text("SYSTEM CLEAR"));
    bench.with(|cp| {
        cp.user.machine.state.gr[2] = 0x1000;
        cp.user.machine.state.gr[4] = 12;
        assert_eq!(execute(cp, Diagnose { r1: 2, r3: 4, code: 8, ilc: 2 }), Outcome::Done);
        assert_eq!(cp.user.machine.state.gr, [0; 16]);
        assert!(cp.user.machine.state.psw.wait);
    });
}

#[test]
fn code_0c_gives_date_and_times() {
    let mut bench = bench();
    bench.with(|cp| {
        cp.user.machine.state.set_tod((2_208_988_800 * 1_000_000) << 12);
        cp.user.machine.counts.native = 1_234;
        cp.user.metered = (0, 1_000 << 12);
    });
    done(&mut bench, (2, 4), 0x0C, &[(2, 0x1000)]);
    let stored = bytes(&mut bench, 0x1000, 32);
    assert_eq!(ebcdic::to_text(&stored[..16]), "01/01/7000:00:00");
    assert_eq!(stored[16..], [1_234_u64.to_be_bytes(), 2_234_u64.to_be_bytes()].concat());
    specification(&mut bench, (2, 4), 0x0C, &[(2, 0x1004)]);
    addressing(&mut bench, (2, 4), 0x0C, &[(2, SIZE - 24)]);
}

#[test]
fn code_10_releases_pages() {
    let mut bench = bench();
    for page in [0x1000, 0x3000, 0x6000] {
        bench.store(page, b"FULL");
    }
    done(&mut bench, (2, 4), 0x10, &[(2, 0x1000), (4, 0x5000)]);
    for (page, there) in [(0x1000, 0), (0x3000, 0), (0x6000, b'F')] {
        assert_eq!(bytes(&mut bench, page, 1), [there]);
    }
    specification(&mut bench, (2, 4), 0x10, &[(2, 0x1001)]);
    specification(&mut bench, (2, 4), 0x10, &[(2, 0x1000), (4, 0x1FFF)]);
    specification(&mut bench, (2, 4), 0x10, &[(2, 0x5000), (4, 0x1000)]);
    addressing(&mut bench, (2, 4), 0x10, &[(2, 0x1000), (4, SIZE)]);
}

#[test]
fn code_24_tells_of_devices() {
    let mut bench = bench();
    assert_eq!(done(&mut bench, (2, 4), 0x24, &[(2, u32::MAX)]), 0);
    let answer = [2, 4, 5].map(|number| register(&mut bench, number));
    assert_eq!(answer, [0x009, 0x8000_0000, 0x8000_0082]);
    assert_eq!(done(&mut bench, (2, 15), 0x24, &[(2, 9), (0, 7)]), 0);
    assert_eq!((register(&mut bench, 15), register(&mut bench, 0)), (0x8000_0000, 7));
    assert_eq!(done(&mut bench, (2, 4), 0x24, &[(2, 0x00C), (5, 7)]), 2);
    assert_eq!((register(&mut bench, 4), register(&mut bench, 5)), (0x2082_0000, 7));
    for address in [0x190, 0x1_0009, 0xFFFF_FFFE] {
        assert_eq!(done(&mut bench, (2, 4), 0x24, &[(2, address)]), 3);
    }
}

#[test]
fn code_28_says_what_is_wrong() {
    let mut bench = bench();
    let mut modify = |fields, registers: Registers<'_>| {
        let cc = done(&mut bench, fields, 0x28, registers);
        (cc, register(&mut bench, 15))
    };
    assert_eq!(modify((2, 2), &[]), (1, 1));
    assert_eq!(modify((2, 4), &[(2, 0x1000), (4, 0x190)]), (1, 2));
    assert_eq!(modify((2, 4), &[(2, SIZE), (4, 0x00C)]), (1, 3));
    assert_eq!(modify((2, 4), &[(2, 0x1004), (4, 0x00C)]), (1, 4));
    assert_eq!(modify((2, 4), &[(2, 0x1000), (4, 0x00C)]), (1, 6));
    for (target, code) in [(SIZE, 7), (0x1004, 8)] {
        bench.store(0x1000, &(0x0800_0000 | target).to_be_bytes());
        assert_eq!(done(&mut bench, (2, 4), 0x28, &[(2, 0x1000), (4, 0x00C)]), 1);
        assert_eq!(register(&mut bench, 15), code);
    }
    bench.store(0x1000, &0x0300_0000_u32.to_be_bytes());
    assert_eq!(done(&mut bench, (2, 4), 0x28, &[(2, 0x1000), (4, 0x00C)]), 2, "nothing is going on");
}

#[test]
fn codes_54_and_5c_and_60() {
    let mut bench = bench();
    done(&mut bench, (2, 4), 0x54, &[(2, 1)]);
    bench.with(|cp| assert!(cp.user.pa2_interrupts));
    done(&mut bench, (2, 4), 0x54, &[(2, 0)]);
    bench.with(|cp| assert!(!cp.user.pa2_interrupts));
    let edited =
        [(Emsg::On, (0x1000, 30)), (Emsg::Off, (0x1000, 0)), (Emsg::Code, (0x1000, 10)), (Emsg::Text, (0x100B, 19))];
    for (emsg, expected) in edited {
        bench.with(|cp| cp.user.settings.emsg = emsg);
        done(&mut bench, (2, 4), 0x5C, &[(2, 0x1000), (4, 30)]);
        assert_eq!((register(&mut bench, 2), register(&mut bench, 4)), expected);
    }
    done(&mut bench, (2, 4), 0x5C, &[(2, u32::MAX), (4, 3)]);
    assert_eq!((register(&mut bench, 2), register(&mut bench, 4)), (2, 0));
    done(&mut bench, (2, 4), 0x60, &[]);
    assert_eq!(register(&mut bench, 2), SIZE);
}

#[test]
fn code_64_without_named_systems() {
    let mut bench = bench();
    bench.store(0x1000, &ebcdic::from_text("CMSSEG  "));
    for subcode in [0, 4, 8, 12] {
        assert_eq!(done(&mut bench, (2, 4), 0x64, &[(2, 0x1000), (4, subcode)]), 2);
        assert_eq!(register(&mut bench, 4), 44);
    }
    specification(&mut bench, (2, 4), 0x64, &[(2, 0x1004)]);
    specification(&mut bench, (2, 4), 0x64, &[(2, 0x1000), (4, 16)]);
    addressing(&mut bench, (2, 4), 0x64, &[(2, SIZE)]);
}

/// A display at 010 with a terminal.
fn with_display() -> Bench {
    let mut bench = bench();
    bench.with(|cp| {
        let mut display = Display::new(DisplayModel::M3277);
        display.connect(Terminal { alternate: None, is_extended: false });
        let channels: &mut Channels = &mut cp.user.machine.channels;
        channels.attach(0x010, Box::new(display)).expect("a free address");
        // It says that it is ready, once.
        let _ = channels.is_free(0x010);
    });
    bench
}

/// What goes to the terminal when code 58 is executed twice, with the terminal's answer between.
fn on_screen(bench: &mut Bench, ccw: [u8; 8], answer: impl FnOnce(&mut Display, Option<u32>)) -> (Vec<u8>, u8) {
    bench.store(0x1000, &ccw);
    bench.with(|cp| {
        cp.user.machine.state.gr[2] = 0x1000;
        cp.user.machine.state.gr[4] = 0x010;
        cp.user.machine.state.psw.address = AFTER;
        let request = Diagnose { r1: 2, r3: 4, code: 0x58, ilc: 2 };
        assert_eq!(execute(cp, request), Outcome::Again);
        assert_eq!(cp.user.machine.state.psw.address, AFTER - 4, "it is executed again");
        assert_eq!(execute(cp, request), Outcome::Again, "the terminal has not answered yet");
        let display = cp.user.machine.channels.device::<Display>(0x010).expect("a display");
        let outbound = display.take_outbound().expect("a record");
        answer(display, outbound.number);
        cp.user.machine.state.psw.address = AFTER;
        assert_eq!(execute(cp, request), Outcome::Done);
        (outbound.record, cp.user.machine.state.psw.cc)
    })
}

fn written(outcome: Displayed) -> impl FnOnce(&mut Display, Option<u32>) {
    move |display, number| display.written(number.expect("a write"), outcome)
}

#[test]
fn code_58_writes_lines_and_full_screens() {
    let mut bench = with_display();
    bench.store(0x1100, b"\xC8\xC5\xD3\xD3\xD6");
    let lines = on_screen(&mut bench, [0x19, 0, 0x11, 0, 0x20, 0x81, 0, 5], written(Displayed::Done));
    assert_eq!(lines, (b"\xF5\xC2\x11\xC1\x50\xC8\xC5\xD3\xD3\xD6".to_vec(), 0));
    let clear = on_screen(&mut bench, [0x19, 0, 0x11, 0, 0x20, 0xFF, 0, 5], written(Displayed::Done));
    assert_eq!(clear, (b"\xF5\xC2".to_vec(), 0));
    let full = on_screen(&mut bench, [0x29, 0, 0x11, 0, 0x20, 0x00, 0, 2], written(Displayed::OperationCheck));
    assert_eq!(full, (b"\xF1\xC8\xC5".to_vec(), 1));
    let read = on_screen(&mut bench, [0x2A, 0, 0x12, 0, 0x20, 0x80, 0, 4], |display, number| {
        assert_eq!(number, None);
        display.inbound(&[0x60, 0x40, 0x40, 0xC1, 0xC2]);
    });
    assert_eq!((read, bytes(&mut bench, 0x1200, 5)), ((b"\xF2".to_vec(), 0), vec![0x60, 0x40, 0x40, 0xC1, 0]));
}

#[test]
fn code_58_with_wrong_operands() {
    let mut bench = with_display();
    assert_eq!(done(&mut bench, (2, 4), 0x58, &[(2, 0x1000), (4, 0x009)]), 3);
    assert_eq!(done(&mut bench, (2, 4), 0x58, &[(2, 0x1000), (4, 0x190)]), 3);
    specification(&mut bench, (2, 4), 0x58, &[(2, 0x1001), (4, 0x010)]);
    specification(&mut bench, (2, 4), 0x58, &[(2, 0x1000), (4, 0x010)]);
    addressing(&mut bench, (2, 4), 0x58, &[(2, SIZE), (4, 0x010)]);
    bench.store(0x1000, &[0x19, 0, 0x11, 0, 0x20, 22, 0, 1]);
    assert_eq!(done(&mut bench, (2, 4), 0x58, &[(2, 0x1000), (4, 0x010)]), 1, "below the output area");
    bench.store(0x1000, &[0x19, 0xFF, 0, 0, 0x20, 0, 0, 1]);
    addressing(&mut bench, (2, 4), 0x58, &[(2, 0x1000), (4, 0x010)]);
}

#[test]
fn codes_18_and_20_without_a_disk() {
    let mut bench = bench();
    let mut start = |code, device| {
        let cc = done(&mut bench, (2, 4), code, &[(2, device), (4, 0x1000), (15, 1)]);
        (cc, register(&mut bench, 15))
    };
    assert_eq!(start(0x18, 0x190), (1, 1));
    assert_eq!(start(0x18, 0x00C), (1, 2));
    assert_eq!(start(0x20, 0x190), (1, 1));
    assert_eq!(start(0x20, 0x00C), (3, 13));
}

/// A reader with cards, so that there is something to read.
fn load(bench: &mut Bench) {
    bench.with(|cp| {
        let deck = Deck::read("deck", &[0x40; 800], &Reading::default()).expect("a deck");
        if let Some(reader) = cp.user.machine.channels.device::<Reader>(0x00C) {
            reader.load(deck);
        }
    });
}

/// Values that are often at an edge of something.
fn word() -> impl Strategy<Value = u32> {
    prop_oneof![
        any::<u32>(),
        0..SIZE,
        (0..SIZE / 8).prop_map(|number| number * 8),
        prop::sample::select(vec![0, 1, 9, 0x0C, 0x10, 0x190, SIZE - 8, SIZE, 0x00FF_FFF8, u32::MAX, 0x4000_0010]),
        0_u32..16,
    ]
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 200, rng_seed: RngSeed::Fixed(0x83), failure_persistence: None, ..ProptestConfig::default()
    })]

    /// Whatever is asked for, CP answers, with a condition code or a program interruption, and stays within the machine.
    #[test]
    fn any_request_is_answered(
        requests in prop::collection::vec(
            (0_usize..16, 0_usize..16, prop_oneof![(0_u32..0x21).prop_map(|code| code * 4), any::<u32>()]), 1..8),
        registers in prop::collection::vec(word(), 16),
        contents in prop::collection::vec(any::<u8>(), 4096),
        at in (0..SIZE / 4096 - 1).prop_map(|page| page * 4096),
        classes in "[A-G]{1,3}",
    ) {
        let mut bench = with_display();
        load(&mut bench);
        bench.with(|cp| cp.user.classes = classes);
        for offset in [0, 4096] {
            bench.store(at + offset, &contents);
        }
        bench.store(0x68, &u64::from(NEW).to_be_bytes());
        let neighbour = crate::command::tests::log_on(&bench.system, "MAINT", "G", 8192);
        neighbour.lock().expect("a user").machine.store(0x1000, b"MINE").expect("storage");
        for (r1, r3, code) in requests {
            bench.with(|cp| {
                cp.user.machine.state.gr.copy_from_slice(&registers);
                cp.user.machine.state.psw.address = AFTER;
                let _ = execute(cp, Diagnose { r1, r3, code: code & 0x00FF_FFFF, ilc: 2 });
                prop_assert!(cp.user.machine.state.psw.cc < 4);
                Ok(())
            })?;
        }
        let kept = neighbour.lock().expect("a user").machine.fetch(0x1000, 4).expect("storage");
        prop_assert_eq!(kept, b"MINE");
    }
}
