//! A guest that attacks loses only itself.
//!
//! `ATTACK_CASES` is how many cases (random systems with attackers, see `tests/src/attack`) are tried, `ATTACK_SEED` the
//! first case's seed: `ATTACK_SEED=17 ATTACK_CASES=1 cargo test --release -p tests --test attack -- --nocapture` tries
//! one. A failure prints the seed, the turn, and what was changed. Most cases run in deterministic time, so that they
//! fail again; those on the host's clock (a quarter) may not.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    process::abort,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::Duration,
};

use tests::attack::{Case, Figures, of_thousand};

/// Cases in the suite.
const CASES: u64 = 100;
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
                Ok(Ok(more)) => figures.add(more),
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
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    // Generous where a busy host could be to blame.
    for times in [turns, commands] {
        assert!(of_thousand(times, 999) < Duration::from_millis(10));
        assert!(of_thousand(times, 1000) < Duration::from_millis(200));
    }
}
