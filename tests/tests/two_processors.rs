//! Two processors that share storage, code and tables, interleaved: whichever engines they have, the same comes of it.
//! `LOCKSTEP_CASES=n` runs n pairs of each kind instead of a few; `LOCKSTEP_SEED=n` begins there.

use std::sync::Arc;

use s370_arch::storage_key::BLOCK;
use s370_cpu::{
    machine::{Machine, Stop},
    processor::Engine,
    state::CpuState,
    storage::Storage,
};
use tests::random::{Kind, RandomBus, Rng, Scenario};

/// Two processors at work.
struct Pair {
    cpus: [(Machine, RandomBus); 2],
    storage: Arc<Storage>,
}

/// All that can be compared.
#[derive(PartialEq)]
struct Contents {
    states: [CpuState; 2],
    storage: Vec<u8>,
    keys: Vec<u8>,
}

/// Whose turn, how many instructions, and whether the caches are dropped before.
type Turn = (usize, u64, bool);

impl Pair {
    /// The second processor begins elsewhere in the same code, with its registers in another order.
    fn new(scenario: &Scenario, engines: [Engine; 2], native: bool) -> Pair {
        let picture = &scenario.picture;
        let storage = Storage::new(picture.storage.len() as u64).expect("the generator's storage size");
        storage.store(0, &picture.storage);
        for (block, key) in picture.keys.iter().enumerate() {
            storage.set_key(block as u32 * BLOCK, *key);
        }
        let storage = Arc::new(storage);
        let mut second = picture.state.clone();
        second.cpu_address = 1;
        second.gr[..8].rotate_left(3);
        second.psw.address = second.psw.address & !0xFFF | (second.psw.address + 0x74) & 0xFFE;
        let cpus = [(picture.state.clone(), engines[0]), (second, engines[1])].map(|(state, engine)| {
            let mut machine = Machine::new(state, Arc::clone(&storage));
            (machine.processor.engine, machine.log.capacity) = (engine, usize::from(!native));
            (machine, scenario.bus.clone())
        });
        Pair { cpus, storage }
    }

    fn take(&mut self, (who, count, drop): Turn) {
        let (machine, bus) = &mut self.cpus[who];
        if drop {
            machine.processor.drop_caches();
        }
        let mut executed = 0;
        while executed < count {
            let (done, stop) = machine.run(bus, count - executed);
            executed += done;
            if stop != Stop::Count {
                break;
            }
        }
    }

    fn contents(&self) -> Contents {
        let mut bytes = vec![0; self.storage.size() as usize];
        self.storage.read(0, &mut bytes);
        let keys = (0..self.storage.size()).step_by(BLOCK as usize).map(|at| self.storage.key(at)).collect();
        let states = self.cpus.each_ref().map(|(machine, _)| machine.processor.state.clone());
        Contents { states, storage: bytes, keys }
    }
}

fn turns(rng: &mut Rng) -> Vec<Turn> {
    let longest = rng.pick(&[2, 10, 60]);
    let drops = rng.pick(&[0, 0, 20]);
    (0..40).map(|n| (n % 2, u64::from(1 + rng.below(longest)), rng.chance(drops))).collect()
}

/// The turns up to the first that makes what a translation-lookaside buffer holds matter, and what comes of them.
fn oracle(scenario: &Scenario, turns: &[Turn]) -> Vec<Contents> {
    let mut pair = Pair::new(scenario, [Engine::Slow; 2], false);
    let mut all = Vec::new();
    for turn in turns {
        pair.take(*turn);
        let contents = pair.contents();
        if !contents.states.iter().all(|state| scenario.tables_stand(&contents.storage, &state.cr)) {
            break;
        }
        all.push(contents);
    }
    all
}

fn difference(wanted: &Contents, got: &Contents) -> String {
    let place = wanted.storage.iter().zip(&got.storage).position(|(a, b)| a != b);
    let key = wanted.keys.iter().zip(&got.keys).position(|(a, b)| a != b);
    let states = (0..2).filter(|&n| wanted.states[n] != got.states[n]);
    let states: String = states.map(|n| format!("\n  {:X?}\nnot {:X?}", wanted.states[n], got.states[n])).collect();
    format!("storage at {place:X?}, key of block {key:X?}{states}")
}

fn pairs_agree(kind: Kind, salt: u64) {
    let variable = |name: &str, default| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default);
    let (first, cases) = (variable("LOCKSTEP_SEED", 0), variable("LOCKSTEP_CASES", 250));
    let mut compared = 0;
    for seed in first..first + cases {
        let scenario = Scenario::new(kind, seed << 8 | salt);
        let mut rng = Rng::new(seed ^ 0x2CC2);
        let turns = turns(&mut rng);
        let engines = rng.pick(&[
            [Engine::Fast; 2],
            [Engine::Fast; 2],
            [Engine::Slow, Engine::Fast],
            [Engine::Fast, Engine::Slow],
        ]);
        let native = rng.chance(50);
        let wanted = oracle(&scenario, &turns);
        let mut pair = Pair::new(&scenario, engines, native);
        for (n, (turn, wanted)) in turns.iter().zip(&wanted).enumerate() {
            pair.take(*turn);
            let got = pair.contents();
            assert!(*wanted == got, "{kind:?} {seed}, {engines:?}, turn {n} {turn:?}: {}", difference(wanted, &got));
        }
        compared += wanted.len() as u64;
    }
    assert!(compared > 10 * cases, "{kind:?}: only {compared} turns");
}

#[test]
fn pairs_agree_on_problem_programs() {
    pairs_agree(Kind::Plain, 4);
}

#[test]
fn pairs_agree_with_translation() {
    pairs_agree(Kind::Translated, 5);
}

#[test]
fn pairs_agree_on_privileged_programs() {
    pairs_agree(Kind::Everything, 6);
}

/// A machine at an address of shared storage, in the supervisor state of EC mode; general register 9 has the address.
fn at(storage: &Arc<Storage>, address: u32) -> Machine {
    let mut state = CpuState::new(s370_cpu::state::Model::default());
    state.cr[0] = 0;
    (state.psw.ec, state.psw.address, state.gr[9]) = (true, address, address);
    Machine::new(state, Arc::clone(storage))
}

fn load(storage: &Storage, at: u32, halfwords: &[u16]) {
    for (at, halfword) in (at..).step_by(2).zip(halfwords) {
        storage.store_u16(at, *halfword);
    }
}

/// Each on a thread of the host. Which is first each time is up to the host; the sum is not.
#[test]
fn two_threads_count_by_compare_and_swap() {
    const ROUNDS: u32 = 30_000;
    let storage = Arc::new(Storage::new(0x1_0000).expect("a size that can be had"));
    // L 5,800; again: LA 6,1(5); CS 5,6,800; BC 7,again; BCT 3,begin; and a wait.
    let count = [0x5850, 0x0800, 0x4165, 0x0001, 0xBA56, 0x0800, 0x4779, 0x0004, 0x4639, 0x0000, 0x8200, 0x0900];
    load(&storage, 0x1000, &count);
    storage.store_u64(0x900, 0x000A_0000_0000_0000);
    std::thread::scope(|threads| {
        for _ in 0..2 {
            let mut machine = at(&storage, 0x1000);
            machine.processor.state.gr[3] = ROUNDS;
            threads.spawn(move || {
                assert_eq!(machine.run(&mut s370_cpu::bus::NoDevices, u64::MAX).1, Stop::Wait);
            });
        }
    });
    assert_eq!(storage.u32(0x800), 2 * ROUNDS);
}

#[test]
fn a_thread_sees_at_last_what_another_has_made_of_its_code() {
    let storage = Arc::new(Storage::new(0x1_0000).expect("a size that can be had"));
    storage.store_u64(0x900, 0x000A_0000_0000_0000);
    for round in 0..20 {
        // BCT 3,begin; LPSW. The other makes the branch a no-operation, then waits for the end itself.
        let begin = 0x1000 + 0x800 * round;
        load(&storage, begin, &[0x4639, 0x0000, 0x8200, 0x0900]);
        load(&storage, 0xC000, &[0x9247, 0x9000, 0x9200, 0x9001, 0x8200, 0x0900]);
        let (mut looping, mut changing) = (at(&storage, begin), at(&storage, 0xC000));
        changing.processor.state.gr[9] = begin;
        std::thread::scope(|threads| {
            let end = threads.spawn(move || looping.run(&mut s370_cpu::bus::NoDevices, u64::MAX).1);
            std::thread::sleep(std::time::Duration::from_millis(2));
            assert_eq!(changing.run(&mut s370_cpu::bus::NoDevices, 10).1, Stop::Wait);
            assert_eq!(end.join().ok(), Some(Stop::Wait));
        });
    }
}
