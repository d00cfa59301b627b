//! Runs benchmark programs and says how fast they were, a line of JSON for each; or writes their core images.

use std::{
    error::Error,
    path::PathBuf,
    process::ExitCode,
    time::{Duration, Instant},
};

use cambridge::{
    engine::parse_engine,
    programs::{Outcome, PROGRAMS, Program, ROUNDS_AT, Run, STORAGE_SIZE, find},
};
use clap::Parser;
use s370_cpu::processor::Engine;
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

fn time(program: &Program, rounds: u32, engine: Engine) -> Result<(Outcome, Taken), Box<dyn Error>> {
    let mut run = Run::new(&program.core_image(rounds)?, engine)?;
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
    if !outcome.is_success() {
        let (psw, stop, gr, fpr) = (outcome.psw.emit(0, 0), outcome.stop, outcome.gr, outcome.fpr);
        let what =
            format!("{} stopped wrongly: {stop:?}, PSW {psw:016X}, registers {gr:08X?} {fpr:016X?}", program.name);
        return Err(what.into());
    }
    Ok((outcome, Taken { elapsed, processor }))
}

/// How many rounds take about so many seconds.
fn rounds_for(program: &Program, seconds: f64, engine: Engine) -> Result<u32, Box<dyn Error>> {
    let mut rounds = 1;
    loop {
        let taken = time(program, rounds, engine)?.1.processor.as_secs_f64();
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
        None => rounds_for(program, options.seconds, options.engine)?,
    };
    let (outcome, mut best) = time(program, rounds, options.engine)?;
    for _ in 1..options.best_of {
        let (_, taken) = time(program, rounds, options.engine)?;
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
