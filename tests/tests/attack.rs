//! A guest that attacks loses only itself.
//!
//! `ATTACK_CASES` is how many cases (random systems with attackers, see `tests/src/attack`) are tried, `ATTACK_SEED` the
//! first case's seed: `ATTACK_SEED=17 ATTACK_CASES=1 cargo test --release -p tests --test attack -- --nocapture` tries
//! one. A failure prints the seed, the turn, and what was changed. Most cases run in deterministic time, so that they
//! fail again; those on the host's clock (a quarter) may not.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    process::abort,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use cp::{command, real::PAGE, system::Cp, user::MOST_SAID};
use devices::{
    media::deck::{Deck, Reading},
    unit_record::reader::Reader,
};
use s370_cpu::{
    bus::NoDevices,
    machine::Machine,
    state::{CpuState, Model},
    storage::{AbsoluteStorage, Storage},
};
use tests::attack::{
    Case, Figures,
    alone::{Alone, CODE},
    of_thousand,
    witness::lock,
};

/// Cases in the suite.
const CASES: u64 = 40;
/// No turn may take longer than this before the test itself is given up.
const PATIENCE: Duration = Duration::from_secs(20);

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// Gives the test up, with a word of why, if a turn does not end.
fn watch(at: &AtomicU64, over: &AtomicBool) {
    let mut last = (u64::MAX, 0);
    while !over.load(Ordering::Relaxed) {
        thread::sleep(PATIENCE / 20);
        let now = at.load(Ordering::Relaxed);
        last = if last.0 == now { (now, last.1 + 1) } else { (now, 0) };
        if last.1 == 20 {
            eprintln!("seed {}, turn {}: CP does not regain control", now >> 16, now & 0xFFFF);
            abort();
        }
    }
}

#[test]
fn a_guest_that_attacks_loses_only_itself() {
    let (first, cases) = (number("ATTACK_SEED", 1), number("ATTACK_CASES", CASES));
    let (at, over) = (AtomicU64::new(0), AtomicBool::new(false));
    let mut figures = Figures::default();
    let mut failures = Vec::new();
    thread::scope(|scope| {
        scope.spawn(|| watch(&at, &over));
        for seed in first..first + cases {
            let turn = |turn: u32| at.store(seed << 16 | u64::from(turn), Ordering::Relaxed);
            let outcome = catch_unwind(AssertUnwindSafe(|| Case::new(seed).run(turn)));
            let turn = at.load(Ordering::Relaxed) & 0xFFFF;
            match outcome {
                Ok(Ok(mut more)) => {
                    more.slowest.1.insert_str(0, &format!("seed {seed}, "));
                    figures.add(more);
                }
                Ok(Err(what)) => failures.push(format!("seed {seed}: {what}")),
                Err(_) => failures.push(format!("seed {seed}, turn {turn}: a panic")),
            }
            if let Some(failure) = failures.last().filter(|_| failures.len() > 20) {
                println!("{failure}");
                break;
            }
        }
        over.store(true, Ordering::Relaxed);
    });
    let (turns, commands) = (&mut figures.turns, &mut figures.commands);
    println!(
        "{cases} cases, {} programs, {} instructions; turns: {}, half {:?}, 99.9 % {:?}, all {:?}; commands: {}, 99.9 % {:?}, all {:?}",
        figures.programs,
        figures.instructions,
        turns.len(),
        of_thousand(turns, 500),
        of_thousand(turns, 999),
        of_thousand(turns, 1000),
        commands.len(),
        of_thousand(commands, 999),
        of_thousand(commands, 1000)
    );
    println!("{:?}; the longest turn: {:?}", figures.deeds, figures.slowest);
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    if cases >= CASES {
        let deeds = figures.deeds;
        let all = [deeds.interruptions, deeds.faults, deeds.commands, deeds.translated, deeds.prefixed, deeds.paged_in];
        assert!(all.into_iter().all(|number| number > 10 * cases), "they hardly attack: {deeds:?}");
    }
}

/// The longest turn, in microseconds of the dispatcher's count, and what one instruction or event may take beyond.
const LONGEST: u64 = 5_000 + 3_000;

/// Clock comparator and CPU timer interrupt by turns, because the new PSW lets them: no instruction is executed.
#[test]
fn interruptions_without_instructions_use_the_slice_up() {
    let mut alone = Alone::new(2 << 20, 64 << 10, &["BC 15,0(1)"]);
    {
        let machine = &mut lock(&alone.user).machine;
        machine.storage.store_u64(88, 0x0100_0000_0000_1000);
        machine.set_control_register(0, 0x0000_0CE0);
        machine.state.set_cpu_timer(u64::MAX);
        machine.state.clock_comparator = 0;
        machine.state.set_tod(1 << 50);
        machine.state.gr[1] = CODE;
        machine.state.psw.system_mask = 0x01;
        machine.external_interruption(0x40);
    }
    let turns = alone.turns(10);
    assert!(!turns.is_empty() && turns.iter().all(|turn| *turn <= LONGEST), "{turns:?}");
}

/// A channel program without end while the machine waits: no instruction is executed either.
#[test]
fn a_wait_for_a_channel_program_without_end_uses_the_slice_up() {
    let mut alone = Alone::new(2 << 20, 64 << 10, &["SIO 9(0)", "LPSW 512(0)"]);
    {
        let machine = &mut lock(&alone.user).machine;
        machine.storage.store_u32(72, 0x300);
        machine.storage.store_u64(0x300, 0x0300_0000_6000_0001);
        machine.storage.store_u64(0x308, 0x0300_0000_6000_0001);
        machine.storage.store_u64(0x310, 0x0800_0300_0000_0001);
        machine.storage.store_u64(512, 0x0102_0000_0000_0000);
    }
    let turns = alone.turns(10);
    assert!(turns.len() == 10 && turns.iter().all(|turn| *turn <= LONGEST), "{turns:?}");
    let commands: u64 = lock(&alone.user).machine.channels.activity().map(|(_, channel)| channel.commands).sum();
    assert!(commands > 100, "{commands} commands");
}

const LONG: [&str; 3] = ["LM 2,5,768(0)", "MVCL 2,4", "BC 15,0(1)"];

/// MOVE LONG of nearly 16 MiB again and again, with real storage for all of it and without.
#[test]
fn long_moves_use_the_slice_up() {
    for real in [2 << 20, 40 << 20] {
        let mut alone = Alone::new(real, 16 << 20, &LONG);
        {
            let machine = &mut lock(&alone.user).machine;
            for (at, word) in (768..).step_by(4).zip([0x10_0000, 0xE0_0000, 0, 0xFF00_0000]) {
                machine.storage.store_u32(at, word);
            }
            machine.state.gr[1] = CODE;
        }
        let turns = alone.turns(100);
        assert!(turns.len() == 100 && turns.iter().all(|turn| *turn <= LONGEST), "{turns:?}");
        let counts = lock(&alone.user).machine.counts;
        let moves = (counts.native + counts.simulated) / 3;
        assert!((10..1000).contains(&moves), "{moves} moves: {counts:?}");
    }
}

/// CP ends MOVE LONG early, and goes on with it: storage, registers and the count of instructions are as on the bare machine.
#[test]
fn long_moves_that_are_cut_come_out_as_on_the_bare_machine() {
    let program = ["LM 2,5,768(0)", "MVCL 2,4", "CLCL 6,8", "LPSW 512(0)"];
    let words = [0x80_0003, 0x70_0000, 0x10_0001, 0xC160_0000];
    let mut alone = Alone::new(2 << 20, 16 << 20, &program);
    let pattern: Vec<u8> = (0..0x60_0000_u32).map(|n| (n / 251) as u8 ^ n as u8).collect();
    let bare = Arc::new(Storage::new(16 << 20).expect("storage"));
    {
        let machine = &mut lock(&alone.user).machine;
        for (at, word) in (768..).step_by(4).zip(words) {
            machine.storage.store_u32(at, word);
        }
        machine.storage.store_u64(512, 0x0002_0000_0000_0BAD);
        machine.storage.store(0x10_0001, &pattern);
        machine.state.gr[6..10].copy_from_slice(&[0x80_0003, 0x5F_FFFF, 0x10_0001, 0x5F_0000]);
        let mut bytes = vec![0; 16 << 20];
        machine.storage.read(0, &mut bytes);
        bare.store(0, &bytes);
    }
    let mut machine = Machine::new(CpuState::new(Model::default()), Arc::clone(&bare));
    machine.processor.state.gr = lock(&alone.user).machine.state.gr;
    machine.processor.state.psw = lock(&alone.user).machine.state.psw;
    let (executed, _) = machine.run(&mut NoDevices, 100);
    alone.turns(1000);
    let machine_state = &machine.processor.state;
    let user = lock(&alone.user);
    let state = &user.machine.state;
    assert_eq!((state.psw, state.gr), (machine_state.psw, machine_state.gr));
    assert_eq!(user.machine.instructions(), executed);
    assert!(user.machine.counts.exits > 4, "it was never cut: {:?}", user.machine.counts);
    let (mut ours, mut theirs) = (vec![0; 16 << 20], vec![0; 16 << 20]);
    user.machine.storage.read(0, &mut ours);
    bare.read(0, &mut theirs);
    assert!(ours == theirs, "storage differs");
}

/// IPL of a loading program that goes on and on is given up soon.
#[test]
fn loading_without_end_is_given_up() {
    let mut alone = Alone::new(2 << 20, 64 << 10, &[]);
    let mut user = lock(&alone.user);
    // A PSW; no-operation, which chains commands; transfer in channel, back to it.
    let mut card = vec![0; 240];
    card[8..24].copy_from_slice(&[3, 0, 0, 0, 0x60, 0, 0, 1, 8, 0, 0, 8, 0, 0, 0, 1]);
    let reader = user.machine.channels.device::<Reader>(0x00C).expect("a reader");
    reader.empty_hopper();
    reader.end_of_file(true);
    reader.load(Deck::read("loader", &card, &Reading::default()).expect("a deck"));
    user.machine.touched(0x00C);
    let mut cp = Cp { system: &alone.system, user: &mut user, processor: &mut alone.here.processor };
    let response = command::execute(&mut cp, "IPL 00C");
    assert_ne!(response.code, 0, "{response:?}");
    let commands: u64 = user.machine.channels.activity().map(|(_, channel)| channel.commands).sum();
    assert!((1_000..=50_000).contains(&commands), "{commands} commands: {response:?}");
}

/// What CP says to somebody who does not listen is not kept without end.
#[test]
fn what_nobody_fetches_is_bounded() {
    let mut alone = Alone::new(2 << 20, 64 << 10, &["LM 2,4,768(0)", "DC X'83240008'", "BC 15,0(1)"]);
    {
        let machine = &mut lock(&alone.user).machine;
        let line = s370_arch::ebcdic::from_text("QUERY SET");
        machine.storage.store(0x400, &line);
        machine.storage.store_u32(768, 0x400);
        machine.storage.store_u32(776, line.len() as u32);
        machine.state.gr[1] = CODE;
    }
    let turns = alone.turns(100);
    assert!(turns.iter().all(|turn| *turn <= LONGEST), "{turns:?}");
    let said = lock(&alone.user).take_said().len();
    assert_eq!(said, MOST_SAID);
}

/// Storage that is cleared is not brought in first, nor written to the page area.
#[test]
fn clearing_storage_pages_nothing() {
    let mut alone = Alone::new(2 << 20, 16 << 20, &[]);
    let mut user = lock(&alone.user);
    let owner = user.machine.owner;
    for page in 0..4096 {
        user.machine.storage.store_u32(page * PAGE, 0x1234_5678);
        user.machine.storage.set_key(page * PAGE, 0xF0);
    }
    let before = alone.system.real.paging(owner);
    let mut cp = Cp { system: &alone.system, user: &mut user, processor: &mut alone.here.processor };
    assert_eq!(command::execute(&mut cp, "SYSTEM CLEAR").code, 0);
    let after = alone.system.real.paging(owner);
    assert_eq!((after.reads, after.writes), (before.reads, before.writes));
    let mut bytes = vec![0; 16 << 20];
    user.machine.storage.read(0, &mut bytes);
    assert!(bytes.iter().all(|byte| *byte == 0));
    assert!((0..8192).all(|block| user.machine.storage.key(block * 2048) == 0));
}
