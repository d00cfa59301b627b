//! For tests of devices: commands as a channel gives them.

use s370_arch::channel::UnitStatus;

use crate::{
    area::Area,
    device::{Command, Delay, Device, Ending, Initial, Progress},
};

pub(crate) fn command(code: u8) -> Command {
    Command { code, chained: false, now: 0 }
}

pub(crate) fn chained(code: u8) -> Command {
    Command { code, chained: true, now: 0 }
}

/// How a command went that does not wait for anything outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// Whether it ended with its initial status.
    pub(crate) at_once: bool,
    /// The ending status, and what followed.
    pub(crate) status: UnitStatus,
    pub(crate) later: Option<UnitStatus>,
    /// Microseconds until the last status.
    pub(crate) time: u64,
}

impl Outcome {
    fn new(at_once: bool, time: u64, ending: Ending) -> Outcome {
        let later = ending.later.map(|(delay, status)| (microseconds(delay), status));
        Outcome {
            at_once,
            status: ending.status,
            later: later.map(|(_, status)| status),
            time: time + later.map_or(0, |(time, _)| time),
        }
    }
}

fn microseconds(delay: Delay) -> u64 {
    match delay {
        Delay::Microseconds(time) => time.into(),
        Delay::Outside => panic!("the device waits for something outside"),
    }
}

/// Runs a command to its end.
pub(crate) fn run(device: &mut dyn Device, command: Command, area: &mut Area) -> Outcome {
    let mut time = match device.start(command) {
        Initial::Ended(ending) => return Outcome::new(true, 0, ending),
        Initial::Accepted(delay) => microseconds(delay),
    };
    loop {
        match device.transfer(area, command.now + time) {
            Progress::Ended(ending) => return Outcome::new(false, time, ending),
            Progress::Wait(delay) => time += microseconds(delay),
        }
    }
}
