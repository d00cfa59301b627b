//! How the machine runs and waits.

use devices::{
    channel::{QUICK_STEP, Timing},
    machine::{BareMachine, End},
};
use s370_cpu::state::MICROSECOND;

use crate::support::{READER, TYPEWRITER, Typewriter, machine, reading_program};

const NEVER: End = End::Waiting { until: None };

fn loaded(device: u16) -> BareMachine {
    let mut cards = reading_program(device);
    cards.push(vec![0x5C; 80]);
    let mut bare = machine(cards);
    bare.ipl(READER, true).unwrap();
    bare
}

fn is_done(bare: &BareMachine) -> bool {
    let state = bare.state();
    (state.psw.address, state.gr[2], bare.storage().u16(58)) == (0xBAD, 1, READER)
}

#[test]
fn a_wait_leads_to_the_next_event() {
    for (timing, microseconds) in [(Timing::Quick, QUICK_STEP), (Timing::Real, 60_000)] {
        let mut bare = loaded(READER);
        bare.channels.set_timing(timing);
        let start = bare.state().time;
        assert_eq!(bare.run(1000), (8, NEVER));
        assert!(is_done(&bare));
        assert_eq!(bare.storage().u32(0x600), 0x5C5C_5C5C);
        // Four instructions, the fourth of which starts the read; the clock is stored by the seventh.
        let elapsed = (bare.storage().u64(0x700) - start) / MICROSECOND;
        assert!((microseconds + 3..microseconds + 8).contains(&elapsed), "{elapsed}");
    }
}

#[test]
fn slices_make_no_difference() {
    let whole = {
        let mut bare = loaded(READER);
        bare.run(u64::MAX);
        bare.state().clone()
    };
    for budget in 1..6 {
        let mut bare = loaded(READER);
        let mut total = 0;
        loop {
            let (count, end) = bare.run(budget);
            total += count;
            if end != End::Budget {
                assert_eq!(end, NEVER);
                break;
            }
        }
        assert_eq!((bare.state(), total), (&whole, 8));
    }
}

#[test]
fn a_machine_that_waits_for_the_outside_comes_back() {
    let mut bare = loaded(TYPEWRITER);
    assert_eq!(bare.run(1000), (5, NEVER));
    assert_eq!(bare.run(1000), (0, NEVER));
    let typewriter = bare.channels.device::<Typewriter>(TYPEWRITER).unwrap();
    typewriter.line = Some(vec![0xC1, 0xC2]);
    bare.touched(TYPEWRITER);
    assert_eq!(bare.run(1000), (3, NEVER));
    assert_eq!((bare.state().gr[2], bare.storage().u32(0x600)), (1, 0xC1C2_0000));
    assert_eq!((bare.storage().u16(58), bare.storage().u16(70)), (TYPEWRITER, 78));
}

#[test]
fn an_interruption_that_is_masked_is_no_event() {
    // The wait is enabled for channel 1 only.
    let mut bare = loaded(READER);
    bare.storage().store_u8(0x508, 0x40);
    assert_eq!(bare.run(1000), (5, NEVER));
    assert_eq!(bare.run(1000), (0, NEVER));
    assert_eq!(bare.state().gr[2], 0);
}

#[test]
fn with_the_hosts_clock_quick_devices_do_not_wait_and_timers_do() {
    let mut bare = loaded(READER);
    bare.use_host_clock();
    bare.set_time(1_000_000_000);
    assert_eq!(bare.run(1000), (8, NEVER));
    assert!(is_done(&bare));
    assert_eq!(bare.state().time, 1_000_000_000);

    // Devices that take their time do wait, and so does the clock comparator.
    let mut bare = loaded(READER);
    bare.use_host_clock();
    bare.channels.set_timing(Timing::Real);
    bare.set_time(1_000_000_000);
    let due = 1_000_000_000 + 60_000 * MICROSECOND;
    assert_eq!(bare.run(1000), (5, End::Waiting { until: Some(due) }));
    bare.set_time(due - 1);
    assert_eq!(bare.run(1000), (0, End::Waiting { until: Some(due) }));
    bare.set_time(due);
    assert_eq!(bare.run(1000), (3, NEVER));
    assert!(is_done(&bare));
}

#[test]
fn with_the_hosts_clock_a_program_that_polls_gets_its_answer() {
    // From START I/O on: TIO; BC 7,*-4; LPSW.
    let mut bare = loaded(READER);
    for (at, word) in (0x412..).step_by(4).zip([0x9D00_000C_u32, 0x4770_0412, 0x8200_0510]) {
        bare.storage().store_u32(at, word);
    }
    bare.use_host_clock();
    let (executed, end) = bare.run(1_000_000);
    assert_eq!(end, NEVER);
    assert!(executed < 50_000, "{executed}");
    assert_eq!((bare.state().psw.address, bare.storage().u32(0x600)), (0xBAD, 0x5C5C_5C5C));
}

#[test]
fn a_channel_program_without_end_does_not_keep_the_caller() {
    // The CCW reads with command chaining; the next leads back; the reader has enough cards.
    let mut cards = reading_program(READER);
    cards.extend(std::iter::repeat_n(vec![1; 80], 100_000));
    let mut bare = machine(cards);
    bare.ipl(READER, true).unwrap();
    bare.storage().store_u64(0x800, 0x0200_0600_7000_0050);
    bare.storage().store_u64(0x808, 0x0800_0800_0000_0001);
    bare.storage().store_u16(0x408, 0x0800);
    for host in [false, true] {
        if host {
            bare.use_host_clock();
        }
        let (executed, end) = bare.run(1000);
        assert!(executed < 10 && end == End::Budget, "{executed} {end:?}");
    }
}
