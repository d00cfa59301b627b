//! The host's signals that ask a program to end: the machine is switched off in order, so that media are settled and
//! listings made.

use std::{io, sync::mpsc::Sender};

use signal_hook::{
    consts::{SIGINT, SIGTERM},
    iterator::Signals,
    low_level,
};

use super::run_loop::Event;

/// What shells add to a signal's number in the exit status of whoever it ended.
const ENDED_BY_SIGNAL: i32 = 128;

/// The exit status of a run that this signal ended.
pub(super) fn status(signal: i32) -> u8 {
    (ENDED_BY_SIGNAL + signal) as u8
}

/// What the signal is called.
pub(super) fn name(signal: i32) -> &'static str {
    low_level::signal_name(signal).unwrap_or("a signal")
}

/// Has the first of these signals become an event, from a thread of its own. The second ends the process at once.
///
/// # Errors
/// The host refuses.
pub(super) fn listen(events: Sender<Event>) -> io::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    std::thread::spawn(move || {
        let mut signals = signals.forever();
        if let Some(first) = signals.next() {
            // An error means that the machine is off.
            drop(events.send(Event::Signal(first)));
        }
        if let Some(second) = signals.next() {
            low_level::exit(status(second).into());
        }
    });
    Ok(())
}
