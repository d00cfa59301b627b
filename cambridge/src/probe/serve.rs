//! The probe's command: lines from files or standard input, answers to standard output.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Args;
use s370_cpu::processor::Engine;

use super::Probe;
use crate::engine::parse_engine;

/// What `cambridge probe` does, in a line.
pub const ABOUT: &str = "Run cases: one machine state in, one machine state out, as lines of JSON";

/// What `cambridge probe --help` begins with.
pub const LONG_ABOUT: &str = "\
Run cases: one machine state in, one machine state out, as lines of JSON.

Each line of input is an object that describes a System/370 after a clear reset: storage, keys, registers, PSW, and \
how long to run. Each line of output is the object that describes the machine afterwards. Output is flushed whenever \
the next line has to be waited for, so a driver can hold a conversation. An object that cannot be run is answered with \
{\"id\": ..., \"error\": \"what and where\"}.

Integers are JSON numbers or hexadecimal strings (\"0x1F0\"); byte strings are hexadecimal without spaces.

  id            any string; required
  psw           the current PSW, 16 hexadecimal digits; required
  storage_size  bytes, a multiple of 2048 up to 16 MiB; default 1 MiB
  storage       [{\"at\": ADDRESS, \"hex\": BYTES}, ...], absolute; the rest is zero
  keys          [{\"at\": ADDRESS, \"key\": BYTE}, ...], storage keys as INSERT STORAGE KEY shows them
  gr            a list of 16 fullwords, or {\"3\": WORD, ...}
  fpr           {\"0\": \"16 digits\", ...}
  cr            {\"0\": WORD, ...}; the others have their reset values
  tod           the TOD clock, 16 hexadecimal digits; default: the beginning of 1980
  run           {\"instructions\": N} or {\"until\": \"wait\", \"limit\": N}; default: one instruction
  dump          [{\"at\": ADDRESS, \"length\": N}, ...], storage to return
  engine        \"translator\", \"interpreter\" (or \"fast\") or \"slow\"

A result has id, stop (count, wait, limit, checkstop, stopped), instructions, psw, cc, gr, fpr, cr, interruptions, \
storage (what dump asked for) and keys (those of the blocks that keys named).

Exit status: 0 when every case ran, 1 when any was answered with an error, 2 when a file cannot be read.";

/// An example for `cambridge probe --help`.
pub const EXAMPLE: &str = r#"Example: AR 1,2 at location X'1000'
  echo '{"id":"AR","psw":"0000000000001000","gr":{"1":5,"2":"0x10"},"storage":[{"at":"0x1000","hex":"1A12"}]}' |
    cambridge probe"#;

/// The options of `cambridge probe`.
#[derive(Debug, Args)]
pub struct Options {
    /// Execution engine for cases that do not name one: translator, interpreter (or fast) or slow
    #[arg(long, value_name = "NAME", value_parser = parse_engine, default_value = "fast", hide_default_value = true)]
    engine: Engine,
    /// Files of cases, one JSON object a line; `-`, or no file, is standard input
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
}

/// Bytes that are read at once.
const READ_AHEAD: usize = 1 << 16;
/// Answers are written once this many bytes have gathered, even while more lines wait.
const WRITE_AFTER: usize = 1 << 16;

impl Options {
    /// Answers all cases. Success: every case ran.
    #[must_use]
    pub fn execute(&self) -> ExitCode {
        let mut probe = Probe::new(self.engine);
        let mut all_ran = true;
        let standard_input = [PathBuf::from("-")];
        for file in if self.files.is_empty() { &standard_input[..] } else { &self.files } {
            match serve_file(&mut probe, file) {
                Ok(ran) => all_ran &= ran,
                // Whoever reads the answers has had enough of them.
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return ExitCode::FAILURE,
                Err(error) => {
                    eprintln!("cambridge probe: {}: {error}", file.display());
                    return ExitCode::from(2);
                }
            }
        }
        if all_ran { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

fn serve_file(probe: &mut Probe, file: &Path) -> io::Result<bool> {
    let mut output = io::stdout().lock();
    if file.as_os_str() == "-" {
        serve(probe, io::stdin().lock(), &mut output)
    } else {
        serve(probe, File::open(file)?, &mut output)
    }
}

/// Answers the case on every line of `input` that is not empty. Tells whether all cases ran.
///
/// Answers are written and flushed before the input is waited for, so that a driver may hold a conversation; while more
/// lines have already been read, they gather.
///
/// # Errors
/// The input cannot be read or the output not written.
pub fn serve(probe: &mut Probe, input: impl Read, output: &mut impl Write) -> io::Result<bool> {
    let mut input = BufReader::with_capacity(READ_AHEAD, input);
    let mut line = Vec::new();
    let mut answers = Vec::new();
    let mut all_ran = true;
    loop {
        if !input.buffer().contains(&b'\n') || answers.len() > WRITE_AFTER {
            output.write_all(&answers)?;
            output.flush()?;
            answers.clear();
        }
        line.clear();
        if input.read_until(b'\n', &mut line)? == 0 {
            return Ok(all_ran);
        }
        if !line.trim_ascii().is_empty() {
            all_ran &= probe.answer(&line, &mut answers);
        }
    }
}
