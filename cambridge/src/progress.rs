//! How far something is that takes longer than a second.

use std::{
    io::{IsTerminal, stderr},
    time::{Duration, Instant},
};

use crossterm::terminal::is_raw_mode_enabled;
use indicatif::{ProgressBar, ProgressStyle};

/// Nothing is shown before.
const PATIENCE: Duration = Duration::from_secs(1);
/// The host's clock is looked at when so much was done.
const STRIDE: u64 = 64;

/// A line on the terminal that standard error is, if it is one and the operator's screen does not have it.
#[derive(Debug)]
pub(crate) struct Progress {
    what: &'static str,
    since: Instant,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Something begins.
    pub fn new(what: &'static str) -> Progress {
        Progress { what, since: Instant::now(), bar: None }
    }

    /// So much of it is done.
    pub fn at(&mut self, done: u64, total: u64) {
        if let Some(bar) = &self.bar {
            bar.set_length(total);
            bar.set_position(done);
        } else if done.is_multiple_of(STRIDE) && self.since.elapsed() >= PATIENCE && is_free() {
            let style = ProgressStyle::with_template("{msg} {wide_bar} {percent}% {eta}");
            let bar = ProgressBar::new(total).with_message(self.what);
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.set_position(done);
            self.bar = Some(bar);
        }
    }
}

/// Whether a line can be shown.
fn is_free() -> bool {
    stderr().is_terminal() && !is_raw_mode_enabled().unwrap_or(false)
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
