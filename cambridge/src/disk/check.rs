//! `cambridge disk check`: whether an image is in order.

use clap::Args;
use devices::media::disk::check;

use super::{DiskError, ImageFiles, Outcome, files::media, show};
use crate::{files::Purpose, outputs::say, progress::Progress};

pub const ABOUT: &str = "Look whether an image is in order, and repair it";

pub const LONG_ABOUT: &str = "\
Look at every track or group of blocks of an image: whether it can be expanded, is the one that it should be, and has \
an end. Of a compressed image with shadow files the last file is checked.

With --repair the tables of a compressed image are put in order: free space is found again, entries that point beyond the \
end of the file or to another's bytes, and those of tracks that cannot be expanded, are dropped. A dropped track is \
empty, or looks as in the file beneath a shadow file. Keep a copy of a damaged image that matters. Plain images have no \
tables: nothing in them can be repaired.

An image whose program was killed is put in order when it is next opened for writing; it needs no check.";

pub const EXAMPLES: &str = "\
Examples:
  cambridge disk check dliba1.cckd
  cambridge disk check dliba1.cckd --repair

Exit status: 0 when the image is in order; 4 when it was not and is repaired; 8 when it is not; 16 when it cannot be \
read at all, 2 when an option is wrong.";

/// Findings that are shown unless all are asked for.
const SHOWN: usize = 20;

/// The options of `cambridge disk check`.
#[derive(Debug, Args)]
pub(super) struct Options {
    #[command(flatten)]
    image: ImageFiles,
    /// Put the tables of a compressed image in order
    #[arg(long)]
    repair: bool,
    /// Show all that is wrong, not only the first twenty
    #[arg(long)]
    all: bool,
}

impl Options {
    pub fn run(&self) -> Result<Outcome, DiskError> {
        let purpose = if self.repair { Purpose::Write } else { Purpose::Read };
        let mut progress = Progress::new("checking");
        let checked = check(media(&self.image.files, purpose)?, self.repair, &mut |done, total| {
            progress.at(done, total);
        })?;
        drop(progress);
        let shown = if self.all { checked.findings.len() } else { SHOWN.min(checked.findings.len()) };
        for finding in &checked.findings[..shown] {
            say(&format!("{finding}\n"));
        }
        if shown < checked.findings.len() {
            say(&format!("and {} more (--all shows them)\n", checked.findings.len() - shown));
        }
        let name = self.image.files.last().map(|file| file.display().to_string()).unwrap_or_default();
        let (message, outcome) = match (&checked.mended, checked.findings.len()) {
            (_, 0) => (format!("in order, {} tracks or groups", checked.units), Outcome::Good),
            (Some(mended), _) => (format!("repaired: {mended}"), Outcome::Warning),
            (None, findings) => (format!("not in order: {findings} findings"), Outcome::Damaged),
        };
        show(&format!("{name}: {message}\n"));
        Ok(outcome)
    }
}
