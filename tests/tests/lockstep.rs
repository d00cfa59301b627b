//! The fast engine against the slow one: random machines, random programs, the same state after every number of
//! instructions. `LOCKSTEP_CASES=n` runs n machines of each kind instead of a few; `LOCKSTEP_SEED=n` begins there.

use s370_cpu::processor::Engine;
use tests::{
    assemble::assemble,
    lockstep::{How, compare, run, run_counted},
    random::{Kind, RandomBus, Rng, Scenario},
    single,
    vector::Layout,
};

fn variable(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn engines_agree(kind: Kind, salt: u64, engine: Engine, cases: u64) {
    let (first, cases) = (variable("LOCKSTEP_SEED", 0), variable("LOCKSTEP_CASES", cases));
    let mut failures = Vec::new();
    for seed in first..first + cases {
        let scenario = Scenario::new(kind, seed << 8 | salt);
        let mut rng = Rng::new(seed ^ 0xABCD);
        let count = match rng.below(4) {
            0 => 1 + rng.below(8),
            1 => 10 + rng.below(50),
            _ => 60 + rng.below(300),
        };
        let (native, slice) = (rng.chance(40), rng.pick(&[u64::MAX, u64::MAX, 1, 7, 50]));
        let recording = if engine == Engine::Translator { 1 + rng.below(count) as usize } else { 0 };
        let how = How { engine, native, slice, recording, virtually: false };
        if let Err(why) = compare(&scenario, how, u64::from(count)) {
            failures.push(why);
            if failures.len() >= 5 {
                break;
            }
        }
    }
    assert!(failures.is_empty(), "{} machines differ\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn engines_agree_on_problem_programs() {
    engines_agree(Kind::Plain, 1, Engine::Fast, 700);
}

#[test]
fn engines_agree_with_translation() {
    engines_agree(Kind::Translated, 2, Engine::Fast, 700);
}

#[test]
fn engines_agree_on_privileged_programs_with_interruptions() {
    engines_agree(Kind::Everything, 3, Engine::Fast, 700);
}

#[test]
fn translated_code_agrees_on_problem_programs() {
    engines_agree(Kind::Plain, 4, Engine::Translator, 150);
}

#[test]
fn translated_code_agrees_with_translation() {
    engines_agree(Kind::Translated, 5, Engine::Translator, 150);
}

#[test]
fn translated_code_agrees_on_privileged_programs_with_interruptions() {
    engines_agree(Kind::Everything, 6, Engine::Translator, 150);
}

/// A program cannot tell a virtual machine from the bare one.
fn virtual_machines_agree(kind: Kind, salt: u64, cases: u64) {
    let (first, cases) = (variable("LOCKSTEP_SEED", 0), variable("LOCKSTEP_CASES", cases));
    let mut failures = Vec::new();
    for seed in first..first + cases {
        let scenario = Scenario::new(kind, seed << 8 | salt);
        let mut rng = Rng::new(seed ^ 0x0C9);
        let count = 1 + rng.below(300);
        let engine = rng.pick(&[Engine::Fast, Engine::Fast, Engine::Slow]);
        let slice = rng.pick(&[u64::MAX, u64::MAX, 1, 7, 50]);
        let how = How { engine, native: true, slice, recording: 0, virtually: true };
        if let Err(why) = compare(&scenario, how, u64::from(count)) {
            failures.push(why);
            if failures.len() >= 5 {
                break;
            }
        }
    }
    assert!(failures.is_empty(), "{} machines differ\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn virtual_machines_agree_on_problem_programs() {
    virtual_machines_agree(Kind::Plain, 7, 200);
}

#[test]
fn virtual_machines_agree_with_translation() {
    virtual_machines_agree(Kind::Translated, 8, 200);
}

#[test]
fn virtual_machines_agree_on_privileged_programs_with_interruptions() {
    virtual_machines_agree(Kind::Everything, 9, 200);
}

/// The comparison proves nothing if hardly anything is executed as translated code.
#[test]
fn random_programs_execute_translated_code() {
    for kind in [Kind::Plain, Kind::Translated, Kind::Everything] {
        let (mut executed, mut translated) = (0, 0);
        for seed in 0..40 {
            let how = How { engine: Engine::Translator, recording: 100, ..How::ORACLE };
            let (end, counters) = run_counted(&Scenario::new(kind, seed), how, 200);
            (executed, translated) = (executed + end.executed, translated + counters.executed);
        }
        println!("{kind:?}: {translated} instructions of {executed} as translated code");
        assert!(translated * 8 > executed, "{kind:?}: only {translated} instructions of {executed}");
    }
}

/// The old PSW is stored over an instruction that has been executed, and is executed again.
#[test]
fn an_interruption_may_store_into_code() {
    let mut picture = single::machine();
    picture.resize(0x2_0000);
    let mut put = |at: usize, text: &str| {
        let instruction = assemble(text).expect("an instruction");
        picture.put(at, instruction.bytes()).expect("storage");
    };
    put(0x1008, "BAL 1,44");
    put(44, "BCR 15,1");
    put(0x100C, "DC X'0000'");
    put(0x2000, "BC 15,44");
    picture.put(104, &0x2000_u64.to_be_bytes()).expect("storage");
    // No reference or change is new, so that nothing sends the fast engine to the slow one.
    picture.keys.fill(0x06);
    let scenario = Scenario { seed: 0, picture, bus: RandomBus::default(), layout: Layout::ALL[0] };
    for native in [false, true] {
        let how = How { engine: Engine::Fast, native, slice: u64::MAX, recording: 0, virtually: false };
        compare(&scenario, how, 6).unwrap_or_else(|why| panic!("{why}"));
    }
}

/// A comparison proves nothing if the programs stop at once or only take interruptions.
#[test]
fn random_programs_execute_what_they_should() {
    for kind in [Kind::Plain, Kind::Translated, Kind::Everything] {
        let (mut executed, mut interruptions) = (0, 0);
        for seed in 0..200 {
            let end = run(&Scenario::new(kind, seed), How::ORACLE, 200);
            executed += end.executed;
            interruptions += end.taken.map_or(0, |taken| taken.len());
        }

        println!("{kind:?}: {executed} instructions, {interruptions} interruptions");
        assert!(executed > 200 * 150, "{kind:?}: only {executed} instructions in 200 programs");
        assert!(interruptions * 5 < executed as usize, "{kind:?}: {interruptions} in {executed} instructions");
    }
}
