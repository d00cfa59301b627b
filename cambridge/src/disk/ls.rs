//! `cambridge disk ls`: what is on a pack.

use std::fmt::Write as _;

use clap::Args;
use devices::{
    dasd::CkdPack,
    media::disk::{
        Image, open,
        volume::{
            self,
            cms::{self, Directory},
            vtoc::{self, Vtoc},
        },
    },
};

use super::{DiskError, ImageFiles, Outcome, files::media, show};
use crate::{files::Purpose, outputs::say};

pub const ABOUT: &str = "List the data sets or files on a pack";

pub const LONG_ABOUT: &str = "\
List what is on a pack: the data sets in the volume table of contents of OS or DOS, or the files of a CMS disk with blocks \
of 800 bytes. Nothing is written.

Of data sets: organization, record format, block and record length, tracks and extents, and how many of the tracks are \
used, where the system keeps account of it. --extents adds where they are: cylinder-head to cylinder-head. Of CMS files: \
name, type and mode, record format and length, records, blocks of 800 bytes, date and time.";

pub const EXAMPLES: &str = "\
Examples:
  cambridge disk ls dliba1.cckd
  cambridge disk ls dliba1.cckd --extents
  cambridge disk ls cmsuser_191.ckd";

/// The options of `cambridge disk ls`.
#[derive(Debug, Args)]
pub(super) struct Options {
    #[command(flatten)]
    image: ImageFiles,
    /// Show where data sets are
    #[arg(short = 'x', long)]
    extents: bool,
}

impl Options {
    pub fn run(&self) -> Result<Outcome, DiskError> {
        let opened = open(media(&self.image.files, Purpose::Read)?)?;
        for note in &opened.notes {
            say(&format!("cambridge disk ls: {note}\n"));
        }
        let Image::Ckd(mut pack) = opened.image else {
            return Err(DiskError::Image("a pack of blocks has no directory that can be listed".to_owned()));
        };
        let (text, complaints) = list(&mut *pack, self.extents)?;
        show(&text);
        for complaint in &complaints {
            say(&format!("cambridge disk ls: {}: {complaint}\n", pack.name()));
        }
        Ok(if complaints.is_empty() { Outcome::Good } else { Outcome::Warning })
    }
}

fn list(pack: &mut dyn CkdPack, extents: bool) -> Result<(String, Vec<String>), DiskError> {
    match cms::read(pack)? {
        cms::Disk::Blocks800(directory) => return Ok((files(&directory), directory.complaints)),
        cms::Disk::Later(label, block) => {
            let what = format!("{}: CMS disk {label} has blocks of {block} bytes, not of 800", pack.name());
            return Err(DiskError::Image(what));
        }
        cms::Disk::None => {}
    }
    let Some(label) = volume::label(pack)? else {
        return Err(DiskError::Image(format!("{}: the pack has no label", pack.name())));
    };
    let Some(address) = label.vtoc else {
        return Err(DiskError::Image(format!("{}: volume {} has no table of contents", pack.name(), label.serial)));
    };
    let table = vtoc::read(pack, address)?;
    Ok((data_sets(&label.serial, &table, extents), table.complaints))
}

fn data_sets(serial: &str, table: &Vtoc, extents: bool) -> String {
    let mut text = format!("volume {serial}: {} data sets, {} tracks free\n", table.data_sets.len(), table.free_tracks);
    let _ = writeln!(
        text,
        "{:<44} {:<5} {:<5} {:>5} {:>5} {:>6} {:>6} {:>4}  CREATED",
        "DATA SET", "DSORG", "RECFM", "BLOCK", "LRECL", "TRACKS", "USED", "EXTS"
    );
    for set in &table.data_sets {
        let used = set.used.map_or_else(|| "-".to_owned(), |used| used.to_string());
        let created = set.created.map_or_else(|| "-".to_owned(), |(year, day)| format!("{year}.{day:03}"));
        let _ = writeln!(
            text,
            "{:<44} {:<5} {:<5} {:>5} {:>5} {:>6} {:>6} {:>4}  {created}",
            set.name,
            set.organization,
            set.format,
            set.block,
            set.record,
            set.tracks,
            used,
            set.extents.len()
        );
        for extent in set.extents.iter().filter(|_| extents) {
            let ((low, low_head), (high, high_head)) = (extent.low, extent.high);
            let _ = writeln!(text, "    {low:04}-{low_head:02} to {high:04}-{high_head:02}");
        }
    }
    text
}

fn files(directory: &Directory) -> String {
    let Directory { label, cylinders, total, used, files, .. } = directory;
    let left = total.saturating_sub(*used);
    let mut text = format!(
        "CMS disk {label}: {cylinders} cylinders, {total} blocks, {used} used, {left} left, {} files\n",
        files.len()
    );
    text += "FILENAME FILETYPE FM F  LRECL   RECS  BLKS  DATE     TIME\n";
    for file in files {
        let (year, [month, day, hour, minute]) = &file.written;
        let _ = writeln!(
            text,
            "{:<8} {:<8} {:<2} {} {:>6} {:>6} {:>5}  {year:>2}/{month:02}/{day:02} {hour:02}:{minute:02}",
            file.name, file.kind, file.mode, file.format, file.record, file.records, file.blocks
        );
    }
    text
}
