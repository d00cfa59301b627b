//! What a machine is made of: [`Configuration`], read from `machine.toml` or from a Hercules configuration file.

pub mod device;
mod hercules;
pub mod kinds;
mod machine_toml;
pub mod problem;
pub mod variables;

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::Path,
};

use s370_arch::channel::ChannelKind;
use s370_cpu::{processor::Engine, storage::Storage};

use self::{
    device::{Address, DeviceSpec},
    kinds::Class,
    problem::{Place, Problem, Problems},
    variables::Variables,
};

/// The port that listens for terminals if a configuration says nothing but that it should listen.
pub const DEFAULT_PORT: u16 = 3270;

/// What STORE CPU ID tells, and what executes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProcessorSpec {
    /// Version code.
    pub version: u8,
    /// Serial number, six digits of four bits.
    pub serial: u32,
    /// Model number, four digits of four bits.
    pub model: u16,
    /// Execution engine.
    pub engine: Engine,
}

impl ProcessorSpec {
    /// The CPU identification, as [`Model::cpu_id`](s370_cpu::state::Model::cpu_id) has it.
    #[must_use]
    pub fn cpu_id(&self) -> u64 {
        u64::from(self.version) << 56 | u64::from(self.serial & 0xFF_FFFF) << 32 | u64::from(self.model) << 16
    }
}

/// Where the time comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// The host's clock, Universal Time.
    Host {
        /// The year with whose beginning the TOD clock's zero is identified; 1900 is the manual's.
        epoch: u16,
        /// Years to be added.
        years: i32,
        /// Minutes to be added, for software that wants local time in the clock.
        zone: i32,
    },
    /// A microsecond an instruction; a wait takes no time at all. The TOD clock begins with this value.
    Deterministic {
        /// TOD clock at power-on.
        start: u64,
    },
}

impl Default for Clock {
    fn default() -> Clock {
        Clock::Host { epoch: 1900, years: 0, zone: 0 }
    }
}

/// How long devices take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Timing {
    /// As short as possible.
    #[default]
    Quick,
    /// As the real devices.
    Real,
}

/// A machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Configuration {
    /// Main storage in bytes.
    pub storage: u64,
    /// The processor.
    pub processor: ProcessorSpec,
    /// Time.
    pub clock: Clock,
    /// The time that devices take.
    pub timing: Timing,
    /// Whether the interval-timer switch is on.
    pub interval_timer: bool,
    /// Where terminals are listened for.
    pub listen: Option<SocketAddr>,
    /// The console that the operator's terminal (or standard input, or a script) is.
    pub console: Option<Address>,
    /// What channels are, where it is said.
    pub channels: Vec<(u8, ChannelKind)>,
    /// The devices, by address.
    pub devices: Vec<DeviceSpec>,
    /// What the reader of the configuration should tell the user.
    pub warnings: Vec<Problem>,
}

impl Default for Configuration {
    /// A 3033 with four megabytes and no devices.
    fn default() -> Configuration {
        Configuration {
            storage: 4 << 20,
            processor: ProcessorSpec { version: 0, serial: 0x370, model: 0x3033, engine: Engine::default() },
            clock: Clock::default(),
            timing: Timing::default(),
            interval_timer: true,
            listen: None,
            console: None,
            channels: Vec::new(),
            devices: Vec::new(),
            warnings: Vec::new(),
        }
    }
}

impl Configuration {
    /// Reads a configuration file: one whose name ends with `.toml` as such, any other as one of Hercules.
    ///
    /// # Errors
    /// All that is wrong with it, with line and column.
    pub fn load(path: &Path, variables: &Variables) -> Result<Configuration, Problems> {
        let name = path.display().to_string();
        let text = read_text(path).map_err(|what| Problem::new(&file_place(&name), what))?;
        let base = path.parent().unwrap_or(Path::new(""));
        if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("toml")) {
            machine_toml::parse(&name, &text, base, variables)
        } else {
            hercules::parse(&name, &text, base, variables)
        }
    }

    /// The device at an address.
    #[must_use]
    pub fn device(&self, address: Address) -> Option<&DeviceSpec> {
        self.devices.iter().find(|device| device.address == address)
    }

    /// What remains to be checked and settled when everything has been read: no address twice, the console a typewriter;
    /// if nothing was said, the first typewriter is the operator's.
    fn finish(mut self, console: Option<(ConsoleChoice, Place)>, mut problems: Vec<Problem>) -> Result<Self, Problems> {
        self.devices.sort_by_key(|device| device.address);
        for pair in self.devices.windows(2) {
            if pair[0].address == pair[1].address {
                let (first, second) = (pair[0].place.line.min(pair[1].place.line), &pair[1].place);
                problems.push(Problem::new(
                    second,
                    format!("device {} is there already, in line {first}", pair[1].address),
                ));
            }
        }
        for device in &self.devices {
            let Some(other) = device.options.address("other") else { continue };
            let answer = self.device(other).filter(|there| there.kind.class == Class::Adapter);
            if answer.and_then(|there| there.options.address("other")) != Some(device.address) {
                let what =
                    format!("the other side, {other}, is to be an adapter whose other side is {}", device.address);
                problems.push(Problem::new(&device.place, what));
            }
        }
        match console {
            None => {
                let first = self.devices.iter().find(|device| device.kind.class == Class::Typewriter);
                self.console = first.map(|device| device.address);
            }
            Some((ConsoleChoice::None, _)) => {}
            Some((ConsoleChoice::Device(address), place)) => {
                if self.device(address).is_some_and(|device| device.kind.class == Class::Typewriter) {
                    self.console = Some(address);
                } else {
                    problems.push(Problem::new(&place, format!("there is no console typewriter at {address}")));
                }
            }
        }
        Problems::unless(problems, self)
    }
}

/// Which console is the operator's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ConsoleChoice {
    /// None of the machine's.
    None,
    /// This one.
    Device(Address),
}

fn file_place(name: &str) -> Place {
    Place { file: name.to_owned(), line: 0, column: 0 }
}

/// A text file's contents, if it is no longer than anybody would write.
pub(crate) fn read_text(path: &Path) -> Result<String, String> {
    /// Nobody writes as much by hand.
    const LONGEST: u64 = 16 << 20;
    let length = std::fs::metadata(path).map_err(|error| error.to_string())?.len();
    if length > LONGEST {
        return Err(format!("{length} bytes are too many for a text file"));
    }
    std::fs::read_to_string(path).map_err(|error| error.to_string())
}

/// Reads a size of main storage: a number with K or M, or of bytes.
///
/// # Errors
/// It is none that a machine can have.
pub fn parse_storage_size(text: &str) -> Result<u64, String> {
    let (digits, unit) = match text.char_indices().next_back() {
        Some((end, 'k' | 'K')) => (&text[..end], 1 << 10),
        Some((end, 'm' | 'M')) => (&text[..end], 1 << 20),
        _ => (text, 1),
    };
    let size = digits.parse::<u64>().ok().and_then(|number| number.checked_mul(unit));
    let valid = |size: &u64| *size != 0 && *size <= Storage::MAXIMUM && size.is_multiple_of(2048);
    size.filter(valid).ok_or_else(|| format!("{text:?} is not a multiple of 2K up to 64M, such as 512K"))
}

/// Reads where to listen: a port on the loopback interface, or an address and a port.
fn parse_listen(text: &str) -> Result<SocketAddr, String> {
    let port = text.parse().ok().map(|port: u16| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    port.or_else(|| text.parse().ok()).ok_or_else(|| {
        format!(
            "{text:?} is not a port, such as {DEFAULT_PORT}, nor an address and a port, such as \
                                127.0.0.1:{DEFAULT_PORT}"
        )
    })
}

/// Reads a number of exactly so many hexadecimal digits at most.
fn parse_digits(text: &str, digits: usize) -> Result<u32, String> {
    let valid = (1..=digits).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let number = if valid { u32::from_str_radix(text, 16).ok() } else { None };
    number.ok_or_else(|| format!("{text:?} is not a number of up to {digits} hexadecimal digits"))
}

/// Reads a time zone: `+0100`, `-05:30`. The result is in minutes.
fn parse_zone(text: &str) -> Result<i32, String> {
    let read = || {
        let (sign, digits) = match text.split_at_checked(1)? {
            ("+", digits) => (1, digits),
            ("-", digits) => (-1, digits),
            _ => return None,
        };
        let digits: String = digits.chars().filter(|c| *c != ':').collect();
        let number: i32 =
            (digits.len() == 4 && digits.bytes().all(|c| c.is_ascii_digit())).then(|| digits.parse().ok())??;
        (number / 100 < 24 && number % 100 < 60).then_some(sign * (number / 100 * 60 + number % 100))
    };
    read().ok_or_else(|| format!("{text:?} is not a time zone, such as +0100"))
}

/// Whether years to be added to the date are sensible.
fn check_years(years: i64) -> Result<i32, String> {
    i32::try_from(years)
        .ok()
        .filter(|years| years.abs() <= 142)
        .ok_or_else(|| format!("{years} years lead out of the TOD clock, which goes from 1900 to 2042"))
}

/// Whether this is a year that the clock's zero can stand for.
fn check_epoch(year: i64) -> Result<u16, String> {
    u16::try_from(year)
        .ok()
        .filter(|year| (1900..=2042).contains(year))
        .ok_or_else(|| format!("{year} is not a year from 1900 to 2042"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cpu_identification() {
        let processor = ProcessorSpec { version: 0xFF, serial: 0x06_0305, model: 0x3032, engine: Engine::default() };
        assert_eq!(processor.cpu_id(), 0xFF06_0305_3032_0000);
    }

    #[test]
    fn zones_and_listeners() {
        assert_eq!(parse_zone("+0130"), Ok(90));
        assert_eq!(parse_zone("-05:00"), Ok(-300));
        for wrong in ["", "0100", "+1", "+2400", "+0060", "+\u{e9}"] {
            assert!(parse_zone(wrong).is_err(), "{wrong}");
        }
        assert_eq!(parse_listen("3271").expect("a port").to_string(), "127.0.0.1:3271");
        assert_eq!(parse_listen("[::1]:23").expect("an address").to_string(), "[::1]:23");
        assert!(parse_listen("localhost").is_err());
    }
}
