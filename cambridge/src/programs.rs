//! The stand-alone benchmark programs of `cambridge/programs/`: System/370 programs that need nothing but a processor and
//! storage, run as many rounds as a fullword at a fixed place says, and end in a wait whose PSW says whether the result
//! was right.

use std::sync::Arc;

use asm370::{NoLibrary, Options, Source, assemble, link};
use s370_arch::psw::Psw;
use s370_cpu::{
    bus::NoDevices,
    machine::{Machine, Stop},
    processor::Engine,
    state::{CpuState, Model},
    storage::{BadSize, Storage},
};
use thiserror::Error;

use crate::workshop::Thread;

/// Where a program finds the number of rounds it is to run, a fullword.
pub const ROUNDS_AT: usize = 0x200;
/// Instruction address of the final wait if the program's check of its own results succeeded.
pub const SUCCESS: u32 = 0x00C0DE;
/// Bytes of main storage the programs are written for.
pub const STORAGE_SIZE: u64 = 16 << 20;

/// A benchmark program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Program {
    /// Its name, which is also that of its source file.
    pub name: &'static str,
    /// What it measures, in a few words.
    pub about: &'static str,
    /// Its source, in assembler language.
    pub source: &'static str,
    /// Rounds that make a short run: about a million instructions.
    pub rounds: u32,
}

/// Lists programs whose sources are in files of their names.
macro_rules! programs {
    ($($name:literal, $rounds:literal, $about:literal;)*) => {
        /// Every benchmark program.
        pub const PROGRAMS: &[Program] = &[$(Program {
            name: $name,
            about: $about,
            source: include_str!(concat!("../programs/", $name, ".asm")),
            rounds: $rounds,
        }),*];
    };
}

programs! {
    "intloop", 9, "integer loop in registers";
    "mix", 400, "call-heavy integer mix, its data on the pages of its code";
    "sieve", 12, "sieve of Eratosthenes";
    "sievedat", 12, "the sieve with DAT on";
    "pagewalk", 50, "a walk over more pages than a TLB holds";
    "decimal", 900, "decimal arithmetic";
    "fpshort", 40, "short floating point";
    "fplong", 40, "long floating point";
    "moves", 400, "storage moves";
    "svc", 15, "supervisor calls";
    "privtrap", 15, "privileged-operation traps";
    "privmix", 60, "privileged instructions in supervisor state";
    "selfmod", 18, "code that modifies itself";
}

/// Why there is no result.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ProgramError {
    /// There is no program of this name.
    #[error("there is no benchmark program {0:?}")]
    Unknown(String),
    /// The source has errors.
    #[error("{program} does not assemble: {messages}")]
    Assembly {
        /// The program.
        program: &'static str,
        /// The assembler's messages.
        messages: String,
    },
    /// The object cannot be linked.
    #[error("{program} cannot be linked: {messages}")]
    Link {
        /// The program.
        program: &'static str,
        /// What is wrong.
        messages: String,
    },
    /// The core image has no place for the number of rounds, or does not begin at 0.
    #[error("the core image of {0} does not hold locations 0 to 203")]
    Layout(&'static str),
    /// The machine cannot be had.
    #[error(transparent)]
    Storage(#[from] BadSize),
}

/// The program of this name.
///
/// # Errors
/// There is none.
pub fn find(name: &str) -> Result<&'static Program, ProgramError> {
    PROGRAMS.iter().find(|program| program.name == name).ok_or_else(|| ProgramError::Unknown(name.to_string()))
}

impl Program {
    /// The program as it stands in storage from location 0, set to run so many rounds.
    ///
    /// # Errors
    /// The source is wrong.
    pub fn core_image(&self, rounds: u32) -> Result<Vec<u8>, ProgramError> {
        let assembly = assemble(&Source::new(self.name, self.source), &Options::default(), &NoLibrary);
        let program = self.name;
        let Some(object) = assembly.object.filter(|_| assembly.diagnostics.is_empty()) else {
            return Err(ProgramError::Assembly { program, messages: lines(&assembly.diagnostics) });
        };
        let image = link(&[object], 0).map_err(|errors| ProgramError::Link { program, messages: lines(&errors) })?;
        let mut bytes = image.bytes;
        let place = bytes.get_mut(ROUNDS_AT..ROUNDS_AT + 4).filter(|_| image.origin == 0);
        place.ok_or(ProgramError::Layout(self.name))?.copy_from_slice(&rounds.to_be_bytes());
        Ok(bytes)
    }
}

fn lines(messages: &[impl ToString]) -> String {
    messages.iter().map(|message| format!("\n{}", message.to_string())).collect()
}

/// A machine with a program in its storage, about to run it.
pub struct Run {
    machine: Machine,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Instructions executed; those that were suppressed count.
    pub instructions: u64,
    /// Why it ended.
    pub stop: Stop,
    /// The PSW then.
    pub psw: Psw,
    /// The general registers then: the sum a program found is in one of them.
    pub gr: [u32; 16],
    /// The floating-point registers then.
    pub fpr: [u64; 4],
}

impl Outcome {
    /// Whether the program found its own results right.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.stop == Stop::Wait && self.psw.address == SUCCESS
    }
}

impl Run {
    /// A machine after power-on reset, with a core image in storage and the restart PSW made current.
    ///
    /// # Errors
    /// There is no storage to be had.
    pub fn new(image: &[u8], engine: Engine) -> Result<Run, ProgramError> {
        let storage = Storage::new(STORAGE_SIZE)?;
        storage.store(0, image);
        let mut machine = Machine::new(CpuState::new(Model::default()), Arc::new(storage));
        machine.processor.engine = engine;
        if engine == Engine::Translator {
            machine.processor.translator_mut().employ(Box::new(Thread::default()));
        }
        machine.processor.state.restart = true;
        Ok(Run { machine })
    }

    /// The machine.
    pub fn machine(&mut self) -> &mut Machine {
        &mut self.machine
    }

    /// Runs to the final wait, or until `limit` instructions have been executed.
    pub fn finish(&mut self, limit: u64) -> Outcome {
        let (instructions, stop) = self.machine.run(&mut NoDevices, limit);
        let state = &self.machine.processor.state;
        Outcome { instructions, stop, psw: state.psw, gr: state.gr, fpr: state.fpr }
    }
}

#[cfg(test)]
mod tests {
    use s370_cpu::translate::Tuning;

    use super::*;

    /// All engines find the same results, and each round costs the same number of instructions: the peers' script
    /// reckons with that.
    #[test]
    fn every_program_succeeds_on_every_engine() {
        for program in PROGRAMS {
            let count = |rounds, engine| {
                let image = program.core_image(rounds).unwrap_or_else(|error| panic!("{error}"));
                let outcome = Run::new(&image, engine).unwrap().finish(100_000_000);
                assert!(outcome.is_success(), "{} in {rounds} rounds, {engine:?}: {outcome:X?}", program.name);
                outcome.instructions
            };
            let [one, two, three] = [1, 2, 3].map(|rounds| count(rounds, Engine::Fast));
            assert_eq!(two - one, three - two, "{}", program.name);
            assert_eq!(count(2, Engine::Slow), two, "{}", program.name);
        }
    }

    /// The translator comes to the same end after as many instructions, with everything translated that is found once, and
    /// compiled at once.
    #[test]
    fn every_program_succeeds_when_translated_early() {
        for program in PROGRAMS {
            let image = program.core_image(20).unwrap_or_else(|error| panic!("{error}"));
            let wanted = Run::new(&image, Engine::Fast).unwrap().finish(100_000_000);
            let mut run = Run::new(&image, Engine::Fast).unwrap();
            run.machine().processor.engine = Engine::Translator;
            run.machine().processor.tune(Tuning { threshold: 1, recording: 500, worth: 5, patience: 10 });
            let outcome = run.finish(100_000_000);
            let counters = run.machine().processor.translator().counters();
            assert_eq!((outcome.instructions, outcome.psw), (wanted.instructions, wanted.psw), "{}", program.name);
            assert_eq!((outcome.gr, outcome.fpr), (wanted.gr, wanted.fpr), "{}", program.name);
            assert!(counters.regions != 0 && counters.executed != 0, "{}: {counters:?}", program.name);
            assert_eq!(run.machine().processor.translator().trouble, None, "{}", program.name);
        }
    }

    #[test]
    fn a_wrong_result_is_noticed() {
        let mut image = find("sieve").unwrap().core_image(1).unwrap();
        image[ROUNDS_AT + 7] ^= 1;
        let outcome = Run::new(&image, Engine::Fast).unwrap().finish(10_000_000);
        assert_eq!((outcome.stop, outcome.psw.address, outcome.is_success()), (Stop::Wait, 0xBAD, false));
    }

    #[test]
    fn unknown_programs_are_named() {
        assert_eq!(find("wumpus").unwrap_err().to_string(), "there is no benchmark program \"wumpus\"");
    }
}
