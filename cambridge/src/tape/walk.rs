//! Reading a tape from its load point to its end.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use devices::media::reel::{Direction, Passed, Reel};
use indicatif::{ProgressBar, ProgressStyle};

use super::TapeError;
use crate::outputs::say;

/// Progress is not shown before this time.
const PATIENCE: Duration = Duration::from_secs(1);

/// What stands on a tape.
#[derive(Clone, Copy, Debug)]
pub(super) enum Item<'a> {
    Block(&'a [u8]),
    TapeMark,
}

/// Calls `visit` for each block and tape mark. What the reel has to say of itself is said at the end.
pub(super) fn walk(
    path: &Path,
    reel: &mut dyn Reel,
    mut visit: impl FnMut(Item) -> Result<(), TapeError>,
) -> Result<(), TapeError> {
    let mut progress = Progress::new(path);
    let mut block = Vec::new();
    loop {
        match reel.read(Direction::Forward, &mut block)? {
            Passed::Block => visit(Item::Block(&block))?,
            Passed::TapeMark => visit(Item::TapeMark)?,
            Passed::Unrecorded | Passed::LoadPoint => break,
        }
        progress.show(reel.offset());
    }
    drop(progress);
    for message in reel.take_messages() {
        say(&format!("cambridge tape: {message}\n"));
    }
    Ok(())
}

/// A bar on the terminal, for what takes long.
struct Progress {
    length: u64,
    started: Instant,
    bar: Option<ProgressBar>,
}

impl Progress {
    fn new(path: &Path) -> Progress {
        // Without a length there is no bar, and nothing else is lost.
        let length = std::fs::metadata(path).map_or(0, |data| data.len());
        Progress { length, started: Instant::now(), bar: None }
    }

    fn show(&mut self, offset: u64) {
        if self.bar.is_none() && self.length > 0 && self.started.elapsed() > PATIENCE {
            let bar = ProgressBar::new(self.length);
            if let Ok(style) = ProgressStyle::with_template("{bar:40} {bytes} of {total_bytes}, {eta} to go") {
                bar.set_style(style);
            }
            self.bar = Some(bar);
        }
        if let Some(bar) = &self.bar {
            bar.set_position(offset);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
