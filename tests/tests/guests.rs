//! Programs in virtual machines end as they do on the bare machine.

use cambridge::programs::{PROGRAMS, Run, STORAGE_SIZE};
use cp::vm::{Stop, Timer};
use s370_cpu::{processor::Engine, state::Model, storage::AbsoluteStorage};
use tests::guest::Real;

/// Instructions that are enough for every program.
const LIMIT: u64 = 100_000_000;

#[test]
fn benchmark_programs_end_as_on_the_bare_machine() {
    for program in PROGRAMS {
        let image = program.core_image(3).unwrap_or_else(|error| panic!("{error}"));
        let bare = Run::new(&image, Engine::Fast).expect("a machine").finish(LIMIT);
        assert!(bare.is_success(), "{}", program.name);
        for engine in [Engine::Slow, Engine::Fast] {
            let mut real = Real::new(32 << 20, engine);
            let mut machine = real.machine(STORAGE_SIZE as u32, Model::default(), Timer::Real);
            machine.engine = engine;
            machine.storage.store(0, &image);
            machine.state.restart = true;
            let mut stop = Stop::Slice;
            while stop == Stop::Slice && machine.instructions() < LIMIT {
                stop = machine.run(&mut real.processor, LIMIT);
            }
            let state = &machine.state;
            assert_eq!(stop, Stop::DisabledWait, "{} {engine:?} {:?}", program.name, machine.counts);
            assert_eq!(state.psw, bare.psw, "{} {engine:?}", program.name);
            assert_eq!((state.gr, state.fpr), (bare.gr, bare.fpr), "{} {engine:?}", program.name);
            assert_eq!(machine.instructions(), bare.instructions, "{} {engine:?} {:?}", program.name, machine.counts);
        }
    }
}
