//! Runs benchmark programs and says how fast they were, a line of JSON for each; or writes their core images.

use std::{
    error::Error,
    path::PathBuf,
    process::ExitCode,
    time::{Duration, Instant},
};

use cambridge::{
    complex::HostTime,
    engine::parse_engine,
    programs::{Outcome, PROGRAMS, Program, ROUNDS_AT, Run, STORAGE_SIZE, find},
    workshop::Thread,
};
use clap::Parser;
use cp::{
    dispatch::Wake,
    dispatcher::{Meter, Work},
    system::System,
    user::{Mode, padded},
    vm::{Definition, Timer},
};
use s370_cpu::{machine::Stop, processor::Engine, state::Model, storage::AbsoluteStorage};
use serde_json::json;

/// Run benchmark programs; speeds are by the processor time of the thread that runs them
#[derive(Debug, Parser)]
struct Options {
    /// Programs to run; all of them if none is named
    programs: Vec<String>,
    /// Rounds to run, instead of as many as take about --seconds
    #[arg(long)]
    rounds: Option<u32>,
    /// How long a run is to take
    #[arg(long, default_value_t = 1.0)]
    seconds: f64,
    /// Take the best of so many runs
    #[arg(long, default_value_t = 1)]
    best_of: u32,
    /// The execution engine
    #[arg(long, default_value = "translator", value_parser = parse_engine)]
    engine: Engine,
    /// Run in a virtual machine, dispatched as ever, with the host's clock as time
    #[arg(long)]
    under_cp: bool,
    /// Only write the core image of the one program named to this file
    #[arg(long)]
    core: Option<PathBuf>,
    /// Only list the programs
    #[arg(long)]
    list: bool,
    /// Print a table instead of JSON
    #[arg(long)]
    table: bool,
}

/// What a run took.
#[derive(Clone, Copy)]
struct Taken {
    elapsed: Duration,
    processor: Duration,
}

/// Processor time of this thread so far.
fn processor_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

fn time(program: &Program, rounds: u32, options: &Options) -> Result<(Outcome, Taken), Box<dyn Error>> {
    let image = program.core_image(rounds)?;
    let (outcome, taken) =
        if options.under_cp { under_cp(&image, options.engine) } else { bare(&image, options.engine) }?;
    if !outcome.is_success() {
        let (psw, stop, gr, fpr) = (outcome.psw.emit(0, 0), outcome.stop, outcome.gr, outcome.fpr);
        let what =
            format!("{} stopped wrongly: {stop:?}, PSW {psw:016X}, registers {gr:08X?} {fpr:016X?}", program.name);
        return Err(what.into());
    }
    Ok((outcome, taken))
}

/// The program in the only virtual machine of a system with one processor.
fn under_cp(image: &[u8], engine: Engine) -> Result<(Outcome, Taken), Box<dyn Error>> {
    let mut system = System::new(2 * STORAGE_SIZE, 1)?;
    system.engine = engine;
    let mut here = system.processor(0);
    if engine == Engine::Translator {
        here.processor.translator_mut().employ(Box::new(Thread::default()));
    }
    let (model, storage) = (Model::default(), u32::try_from(STORAGE_SIZE)?);
    let definition = Definition { user: padded("PROGRAM"), storage, model, timer: Timer::On };
    let user = system.log_on("PROGRAM", "G", &definition, 0x009)?;
    let owner = {
        let mut user = user.lock().map_err(|_| "the user is lost")?;
        user.machine.storage.store(0, image);
        user.machine.restart();
        user.mode = Mode::Running;
        user.machine.owner
    };
    let time = HostTime::start();
    system.ready(owner, Wake::Other, time.now());
    let (start, processor_start) = (Instant::now(), processor_time());
    while !matches!(system.work(&mut here, &time), Work::Idle { until: None }) {}
    let (elapsed, processor) = (start.elapsed(), processor_time().saturating_sub(processor_start));
    let user = user.lock().map_err(|_| "the user is lost")?;
    if std::env::var("COUNTS").is_ok() {
        eprintln!("{:?}", user.machine.counts);
    }
    let state = &user.machine.state;
    let stop = if user.last_stop == Some(cp::vm::Stop::DisabledWait) { Stop::Wait } else { Stop::CheckStop };
    let instructions = user.machine.instructions();
    let outcome = Outcome { instructions, stop, psw: state.psw, gr: state.gr, fpr: state.fpr };
    Ok((outcome, Taken { elapsed, processor }))
}

/// The program on the bare machine.
fn bare(image: &[u8], engine: Engine) -> Result<(Outcome, Taken), Box<dyn Error>> {
    let mut run = Run::new(image, engine)?;
    if std::env::var("LISTINGS").is_ok() {
        run.machine().processor.translator_mut().keeps_listings = true;
    }
    let (start, processor_start) = (Instant::now(), processor_time());
    let outcome = run.finish(u64::MAX);
    for listing in &run.machine().processor.translator().listings {
        eprintln!("{listing}");
    }
    if std::env::var("REGIONS").is_ok() {
        eprintln!("{:#?}", run.machine().processor.translator().counters());
    }
    let (elapsed, processor) = (start.elapsed(), processor_time().saturating_sub(processor_start));
    Ok((outcome, Taken { elapsed, processor }))
}

/// How many rounds take about so many seconds.
fn rounds_for(program: &Program, options: &Options) -> Result<u32, Box<dyn Error>> {
    let (mut rounds, seconds) = (1, options.seconds);
    loop {
        let taken = time(program, rounds, options)?.1.processor.as_secs_f64();
        let wanted = f64::from(rounds) * seconds / taken.max(1e-6);
        // Before it is translated, a program is slower.
        if taken > seconds / 3.0 || f64::from(rounds) > 1e9 {
            return Ok(wanted.clamp(1.0, 4e9) as u32);
        }
        rounds = wanted.min(f64::from(rounds) * 10.0).ceil() as u32;
    }
}

fn run(program: &Program, options: &Options) -> Result<(), Box<dyn Error>> {
    let rounds = match options.rounds {
        Some(rounds) => rounds,
        None => rounds_for(program, options)?,
    };
    let (outcome, mut best) = time(program, rounds, options)?;
    for _ in 1..options.best_of {
        let (_, taken) = time(program, rounds, options)?;
        if taken.processor < best.processor {
            best = taken;
        }
    }
    let (seconds, cpu_seconds) = (best.elapsed.as_secs_f64(), best.processor.as_secs_f64());
    let mips = outcome.instructions as f64 / cpu_seconds / 1e6;
    if options.table {
        println!("{:<10}{mips:>9.1} MIPS{:>13} instructions{:>8.3} s", program.name, outcome.instructions, cpu_seconds);
    } else {
        let line = json!({
            "program": program.name,
            "rounds": rounds,
            "instructions": outcome.instructions,
            "seconds": seconds,
            "cpu_seconds": cpu_seconds,
            "mips": mips,
            "psw": format!("{:016X}", outcome.psw.emit(0, 0)),
        });
        println!("{line}");
    }
    Ok(())
}

fn execute(options: &Options) -> Result<(), Box<dyn Error>> {
    let programs: Vec<&Program> = match options.programs.as_slice() {
        [] => PROGRAMS.iter().collect(),
        names => names.iter().map(|name| find(name)).collect::<Result<_, _>>()?,
    };
    if options.list {
        for program in programs {
            let line = json!({"program": program.name, "about": program.about, "rounds": program.rounds,
                "rounds_at": ROUNDS_AT, "storage": STORAGE_SIZE});
            println!("{line}");
        }
        return Ok(());
    }
    if let Some(file) = &options.core {
        let [program] = programs.as_slice() else { return Err("--core wants one program".into()) };
        let image = program.core_image(options.rounds.unwrap_or(program.rounds))?;
        return std::fs::write(file, image).map_err(|error| format!("{}: {error}", file.display()).into());
    }
    programs.into_iter().try_for_each(|program| run(program, options))
}

fn main() -> ExitCode {
    match execute(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("run_program: {error}");
            ExitCode::FAILURE
        }
    }
}
