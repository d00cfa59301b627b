//! `cambridge bare`: a program on the bare machine, from the command line.

mod clock;
pub(crate) mod display;
mod options;
mod paper;
pub mod run_loop;
pub mod session;
mod signals;
pub mod system;
pub(crate) mod trace;

use std::{
    io::{self, BufWriter, Write},
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use s370_arch::psw::Psw;
use s370_cpu::{
    bus::NoDevices,
    machine::{Machine, Stop},
    processor::Engine,
    state::{CpuState, Model},
    storage::Storage,
};
use thiserror::Error;

pub use self::options::{ABOUT, EXAMPLES, Key, LONG_ABOUT, Load, Options, Range, Register, Switch, Until};
use self::{
    display::{Dump, Registers},
    trace::Trace,
};
use crate::{
    probe::DEFAULT_TOD,
    report::{Ending, LISTED_INTERRUPTIONS, Report, push_counters},
    workshop::Thread,
};

/// Interruptions that one instruction can lead to: its own, and early program interruptions.
const INTERRUPTIONS_A_STEP: usize = 8;

/// Why the machine could not be set up.
#[derive(Debug, Error)]
enum SetUpError {
    #[error("{load}: {source}")]
    File { load: Load, source: io::Error },
    #[error("{option}: {length} bytes at {at:06X} are not all in the {size:X} bytes of main storage (--storage)")]
    Outside { option: String, at: u32, length: u64, size: u32 },
    #[error("--storage: {0}")]
    Storage(#[from] s370_cpu::storage::BadSize),
}

impl Options {
    /// Sets the machine up, runs it and shows its state. The exit status is as [`EXAMPLES`] says.
    #[must_use]
    pub fn execute(&self) -> ExitCode {
        if self.machine.are_given() {
            return self.machine.execute();
        }
        let mut machine = match self.set_up() {
            Ok(machine) => machine,
            Err(error) => {
                eprintln!("cambridge bare: {error}");
                return ExitCode::from(2);
            }
        };
        let begin = Instant::now();
        let (instructions, stop) = self.run(&mut machine);
        let elapsed = begin.elapsed();
        let translator = machine.processor.translator();
        for listing in &translator.listings {
            eprintln!("{listing}");
        }
        if let Some(trouble) = &translator.trouble {
            eprintln!("cambridge bare: the interpreter went on alone, for {trouble}");
        }
        let ending = Ending::of(stop, self.until_wait());
        match self.print(&machine, ending, instructions, elapsed) {
            Ok(()) if matches!(ending, Ending::Count | Ending::Wait) => ExitCode::SUCCESS,
            Ok(()) => ExitCode::FAILURE,
            Err(error) => {
                if error.kind() != io::ErrorKind::BrokenPipe {
                    eprintln!("cambridge bare: standard output: {error}");
                }
                ExitCode::FAILURE
            }
        }
    }

    /// Whether the run should end with a wait.
    fn until_wait(&self) -> bool {
        self.until.is_some() || self.limit.is_none()
    }

    fn set_up(&self) -> Result<Machine, SetUpError> {
        let storage = Arc::new(self.fill_storage()?);
        let mut model = Model::default();
        model.interval_timer = self.interval_timer == Switch::On;
        let mut state = CpuState::new(model);
        self.gr.iter().for_each(|register| state.gr[register.number] = register.value);
        self.fpr.iter().for_each(|register| state.fpr[register.number / 2] = register.value);
        self.cr.iter().for_each(|register| state.cr[register.number] = register.value);
        state.set_tod(self.tod.unwrap_or(DEFAULT_TOD));
        let psw = Psw::parse(self.psw.unwrap_or_else(|| storage.u64(0)));
        let mut machine = Machine::new(state, storage);
        machine.processor.engine = self.engine.unwrap_or(if self.trace { Engine::Slow } else { Engine::default() });
        machine.log.capacity = LISTED_INTERRUPTIONS;
        if machine.processor.engine == Engine::Translator {
            let translator = machine.processor.translator_mut();
            translator.keeps_listings = self.trace_regions;
            translator.employ(Box::new(Thread::default()));
        }
        if let Err(early) = machine.processor.load_psw(psw) {
            machine.take(early);
        }
        Ok(machine)
    }

    fn fill_storage(&self) -> Result<Storage, SetUpError> {
        let storage = Storage::new(self.storage)?;
        let check = |option: String, at: u32, length: u64| {
            let size = storage.size();
            let inside = at < size && length <= u64::from(size - at);
            inside.then_some(()).ok_or(SetUpError::Outside { option, at, length, size })
        };
        for load in &self.load {
            let contents =
                std::fs::read(&load.file).map_err(|source| SetUpError::File { load: load.clone(), source })?;
            check(load.to_string(), load.at, contents.len() as u64)?;
            storage.store(load.at, &contents);
        }
        for key in &self.key {
            check(key.to_string(), key.at, 1)?;
            storage.set_key(key.at, key.key);
        }
        for range in &self.dump {
            check(range.to_string(), range.at, u64::from(range.length))?;
        }
        Ok(storage)
    }

    fn run(&self, machine: &mut Machine) -> (u64, Stop) {
        let limit = self.limit.unwrap_or(u64::MAX);
        if !self.trace {
            return machine.run(&mut NoDevices, limit);
        }
        let mut trace = Trace::new(machine, BufWriter::new(io::stderr().lock()));
        // An early program interruption comes before any instruction.
        trace.show(machine, 0, 0);
        let mut seen = machine.log.taken.len();
        let ran = machine.run_watched(&mut NoDevices, limit, &mut |machine, count| {
            trace.show(machine, count, seen);
            machine.log.taken.truncate(LISTED_INTERRUPTIONS);
            seen = machine.log.taken.len();
            machine.log.capacity = seen + INTERRUPTIONS_A_STEP;
        });
        if let Err(error) = trace.finish() {
            eprintln!("cambridge bare: --trace: standard error: {error}");
        }
        ran
    }

    fn print(&self, machine: &Machine, ending: Ending, instructions: u64, elapsed: Duration) -> io::Result<()> {
        let dump: Vec<(u32, u32)> = self.dump.iter().map(|range| (range.at, range.length)).collect();
        let keys: Vec<u32> = self.key.iter().map(|key| key.at).collect();
        let report = Report::of(machine, ending, instructions, &dump, &keys);
        let mut output = BufWriter::new(io::stdout().lock());
        if self.json {
            let mut line = Vec::new();
            report.write_json("bare", &mut line);
            push_counters(&mut line, &machine.processor.translator().counters());
            line.push(b'\n');
            output.write_all(&line)?;
            return output.flush();
        }
        write!(output, "{}", Registers { report: &report, log: &machine.log })?;
        for (at, key) in &report.keys {
            writeln!(output, "Key of {at:06X}: {key:02X}")?;
        }
        writeln!(output, "{}", Speed { instructions, elapsed })?;
        for (at, bytes) in &report.storage {
            write!(output, "\n{}", Dump { at: *at, bytes })?;
        }
        output.flush()
    }
}

/// How many instructions were executed in which time.
struct Speed {
    instructions: u64,
    elapsed: Duration,
}

impl std::fmt::Display for Speed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let seconds = self.elapsed.as_secs_f64();
        write!(f, "{} instructions in {seconds:.6} s", self.instructions)?;
        if seconds > 0.0 && self.instructions > 0 {
            write!(f, ", {:.1} MIPS", self.instructions as f64 / seconds / 1e6)?;
        }
        Ok(())
    }
}
