//! The options of `cambridge bare`, and how their values are written.

use std::{fmt, path::PathBuf};

use clap::{Args, ValueEnum};
use s370_cpu::processor::Engine;

use super::session::MachineOptions;
use crate::{configuration::parse_storage_size, engine::parse_engine, hex};

/// What `cambridge bare` does, in a line.
pub const ABOUT: &str = "Operate a bare machine with its devices, or run a program on one without any";

/// What `cambridge bare --help` begins with.
pub const LONG_ABOUT: &str = "\
Operate a bare machine with its devices, or run a program on one without any.

With --config, --ipl or --script it is a System/370 with channels and devices, and you are its operator, or a script \
is: docs/bare.md. A line that you type goes to the console; one that begins with / is a command, such as /help.

Otherwise a program runs with nothing around it. The machine starts after a clear reset with what the options put into it, takes its own interruptions, and runs until \
a wait-state PSW is loaded. Its time is virtual: one microsecond an instruction. Then the registers are shown as on an \
operator's display, with the interruptions that were taken and the storage that --dump asks for.

Addresses, lengths, keys, register contents and PSWs are hexadecimal, with or without 0x before them; register \
numbers, --storage and --limit are decimal.";

/// Examples and exit status, for the end of `cambridge bare --help`.
pub const EXAMPLES: &str = "\
Examples:
  IPL what a deck, a reel or a pack holds:
    cambridge bare --ipl hello.deck
  Switch on a machine of your own, and IPL it from a disk:
    cambridge bare --config machine.toml --ipl 150
  Load a program at X'1000', start it there in supervisor state, and look at its results:
    cambridge bare --load program.bin@1000 --psw 0000000000001000 --dump 2000:40
  Begin with the PSW that the program has at location 0, as after an initial program load:
    cambridge bare --load program.bin@0
  See the first twenty instructions, with the registers that each changes:
    cambridge bare --load program.bin@1000 --psw 0000000000001000 --gr 1=FF --limit 20 --trace

Exit status of a machine with devices: 0 when the script ended, the operator switched off, or, without either, the \
processor came to a wait; 1 when a command of the script was not obeyed; 2 when an option, the configuration or the script \
is wrong; 3 at a time-out; 4 when the machine stopped for good while the script waited; or what the script says.

Exit status of a program: 0 when the machine waits or has executed as many instructions as --limit alone asked for; 1 when it ended \
otherwise: --until wait was not met within --limit, or the processor is stopped or in the check-stop state; 2 when an \
option is wrong.";

/// The options of `cambridge bare`.
#[derive(Debug, Args)]
pub struct Options {
    /// A machine with devices.
    #[command(flatten)]
    pub machine: MachineOptions,
    /// Put a file's bytes at this absolute address (repeatable)
    #[arg(long, value_name = "FILE@ADDR", value_parser = parse_load)]
    pub load: Vec<Load>,
    /// The PSW to begin with, 16 digits; otherwise the doubleword at location 0
    #[arg(long, value_name = "HEX", value_parser = hex::parse_doubleword)]
    pub psw: Option<u64>,
    /// Contents of a general register (repeatable)
    #[arg(long, value_name = "N=VAL", value_parser = parse_fullword_register)]
    pub gr: Vec<Register<u32>>,
    /// Contents of floating-point register 0, 2, 4 or 6, 16 digits (repeatable)
    #[arg(long, value_name = "N=VAL", value_parser = parse_floating_point_register)]
    pub fpr: Vec<Register<u64>>,
    /// Contents of a control register (repeatable)
    #[arg(long, value_name = "N=VAL", value_parser = parse_fullword_register)]
    pub cr: Vec<Register<u32>>,
    /// Storage key of the block that holds an absolute address (repeatable)
    #[arg(long, value_name = "ADDR=KEY", value_parser = parse_key)]
    pub key: Vec<Key>,
    /// Size of main storage: bytes, or with K or M, a multiple of 2K up to 64M
    #[arg(long, value_name = "SIZE", value_parser = parse_storage_size, default_value = "1M")]
    pub storage: u64,
    /// TOD clock, 16 digits; otherwise it begins with 1980
    #[arg(long, value_name = "HEX", value_parser = hex::parse_doubleword)]
    pub tod: Option<u64>,
    /// What the program should come to; the default, unless --limit alone is given
    #[arg(long, value_name = "WHAT")]
    pub until: Option<Until>,
    /// Instructions to execute at most
    #[arg(long, value_name = "N")]
    pub limit: Option<u64>,
    /// Absolute storage to show (or, with --json, to return) after the run (repeatable)
    #[arg(long, value_name = "ADDR:LEN", value_parser = parse_range)]
    pub dump: Vec<Range>,
    /// Write each instruction to standard error, with the registers it changed and interruptions
    #[arg(long)]
    pub trace: bool,
    /// Write each region that is translated to standard error: guest instructions, the compiler's form, host instructions
    #[arg(long)]
    pub trace_regions: bool,
    /// Print the result as `cambridge probe` does, with what the translator has done if it has done anything
    #[arg(long)]
    pub json: bool,
    /// Execution engine: translator, interpreter (or fast) or slow; the default is slow for --trace, otherwise translator
    #[arg(long, value_name = "NAME", value_parser = parse_engine)]
    pub engine: Option<Engine>,
    /// Whether the interval timer at location X'50' runs
    #[arg(long, value_name = "SWITCH", default_value = "on")]
    pub interval_timer: Switch,
}

/// What a run should come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Until {
    /// A wait-state PSW is loaded
    Wait,
}

/// On or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    /// It is on
    On,
    /// It is off
    Off,
}

/// A file to be put into storage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Load {
    /// Which.
    pub file: PathBuf,
    /// Absolute address.
    pub at: u32,
}

/// The contents of a register.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Register<T> {
    /// Which, 0-15.
    pub number: usize,
    /// What it holds.
    pub value: T,
}

/// The storage key of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// An absolute address in the block.
    pub at: u32,
    /// The key.
    pub key: u8,
}

/// A range of absolute storage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// Where it begins.
    pub at: u32,
    /// Bytes.
    pub length: u32,
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "--load {}@{:X}", self.file.display(), self.at)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "--key {:X}={:02X}", self.at, self.key)
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "--dump {:X}:{:X}", self.at, self.length)
    }
}

/// A hexadecimal number that fits a `T`.
fn parse_hex<T: TryFrom<u64>>(what: &str, text: &str) -> Result<T, String> {
    let number = hex::parse_number(text).map_err(|reason| format!("{what}: {reason}"))?;
    T::try_from(number).map_err(|_| format!("{what}: {text:?} has more than {} bits", 8 * size_of::<T>()))
}

fn split<'a>(text: &'a str, separator: char, form: &str) -> Result<(&'a str, &'a str), String> {
    text.split_once(separator).ok_or_else(|| format!("it has no {separator:?}: the form is {form}"))
}

fn parse_load(text: &str) -> Result<Load, String> {
    // A file's name may have an @ in it, an address has none.
    let Some((file, at)) = text.rsplit_once('@') else { return Err("it has no '@': the form is FILE@ADDR".to_owned()) };
    if file.is_empty() {
        return Err("there is no file's name before '@'".to_owned());
    }
    Ok(Load { file: file.into(), at: parse_hex("the address", at)? })
}

fn parse_register(text: &str, existing: &[usize]) -> Result<(usize, String), String> {
    let (number, value) = split(text, '=', "N=VAL")?;
    match number.parse() {
        Ok(number) if existing.contains(&number) => Ok((number, value.to_owned())),
        _ => Err(format!("{number:?} is not the number of a register: they are {}", numbers(existing))),
    }
}

fn numbers(existing: &[usize]) -> &'static str {
    if existing.len() == 16 { "0 to 15" } else { "0, 2, 4 and 6" }
}

fn parse_fullword_register(text: &str) -> Result<Register<u32>, String> {
    let (number, value) = parse_register(text, &std::array::from_fn::<usize, 16, _>(|number| number))?;
    Ok(Register { number, value: parse_hex("the value", &value)? })
}

fn parse_floating_point_register(text: &str) -> Result<Register<u64>, String> {
    let (number, value) = parse_register(text, &[0, 2, 4, 6])?;
    Ok(Register { number, value: hex::parse_doubleword(&value)? })
}

fn parse_key(text: &str) -> Result<Key, String> {
    let (at, key) = split(text, '=', "ADDR=KEY")?;
    Ok(Key { at: parse_hex("the address", at)?, key: parse_hex("the key", key)? })
}

fn parse_range(text: &str) -> Result<Range, String> {
    let (at, length) = split(text, ':', "ADDR:LEN")?;
    Ok(Range { at: parse_hex("the address", at)?, length: parse_hex("the length", length)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_that_are_right() {
        assert_eq!(parse_load("a@b@1F0"), Ok(Load { file: "a@b".into(), at: 0x1F0 }));
        assert_eq!(parse_fullword_register("15=0xFF"), Ok(Register { number: 15, value: 255 }));
        assert_eq!(
            parse_floating_point_register("6=4110000000000000"),
            Ok(Register { number: 6, value: 0x4110_0000_0000_0000 })
        );
        assert_eq!(parse_key("800=F8"), Ok(Key { at: 0x800, key: 0xF8 }));
        assert_eq!(parse_range("1000:20"), Ok(Range { at: 0x1000, length: 0x20 }));
        assert_eq!(
            (parse_storage_size("4096"), parse_storage_size("512k"), parse_storage_size("64M")),
            (Ok(4096), Ok(512 << 10), Ok(64 << 20))
        );
    }

    #[test]
    fn forms_that_are_wrong() {
        for text in ["file", "file@", "@10", "file@xyz", "file@123456789"] {
            assert!(parse_load(text).is_err(), "{text}");
        }
        for text in ["1", "16=0", "x=0", "-1=0", "1=", "1=100000000", "1=0=0"] {
            assert!(parse_fullword_register(text).is_err(), "{text}");
        }
        for text in ["1=0000000000000000", "2=0", "8=0000000000000000"] {
            assert!(parse_floating_point_register(text).is_err(), "{text}");
        }
        for text in ["0", "0=100", "=1", "0="] {
            assert!(parse_key(text).is_err(), "{text}");
        }
        for text in ["0", ":", "0:", ":1", "0-1"] {
            assert!(parse_range(text).is_err(), "{text}");
        }
        for text in ["", "K", "0", "1000", "1K", "65M", "1G", "-2K", "99999999999999999999M", "18014398509481985K", "é"]
        {
            assert!(parse_storage_size(text).is_err(), "{text}");
        }
    }
}
