//! `cambridge disk info`: what an image is.

use std::fmt::Write as _;

use clap::Args;
use devices::{
    dasd::CkdPack,
    media::disk::{
        Description, Form, Image, Part, inspect, open,
        volume::{self, cms},
    },
};

use super::{DiskError, ImageFiles, Outcome, files::media, show};
use crate::{files::Purpose, outputs::say};

pub const ABOUT: &str = "Tell what an image is: model, size, label, use";

pub const LONG_ABOUT: &str = "\
Tell what an image is: the model of its device, cylinders or blocks, the files that it is in and how full they are, and \
the label of the volume. Nothing is written.

Of a compressed image, tracks that were never written take no room: they are counted as empty. Those of a shadow file that \
it does not have are beneath it.";

pub const EXAMPLES: &str = "\
Examples:
  cambridge disk info dliba1.cckd
  cambridge disk info dliba1.cckd today.shadow";

/// The options of `cambridge disk info`.
#[derive(Debug, Args)]
pub(super) struct Options {
    #[command(flatten)]
    image: ImageFiles,
}

impl Options {
    pub fn run(&self) -> Result<Outcome, DiskError> {
        let description = inspect(media(&self.image.files, Purpose::Read)?)?;
        let mut text = describe(&description);
        let opened = open(media(&self.image.files, Purpose::Read)?)?;
        for note in &opened.notes {
            say(&format!("cambridge disk info: {note}\n"));
        }
        if let Image::Ckd(mut pack) = opened.image {
            text += &volume_line(&mut *pack)?;
        }
        show(&text);
        Ok(Outcome::Good)
    }
}

fn describe(description: &Description) -> String {
    let mut text = String::new();
    let extent = description.extent;
    match description.model {
        Some(model) => {
            let beyond = extent.saturating_sub(model.primary);
            let alternate = if beyond > 0 && beyond <= model.alternate {
                format!(", {beyond} of them alternates")
            } else {
                String::new()
            };
            let heads = model.heads;
            let _ = writeln!(text, "device   {}", model.name);
            let _ = writeln!(text, "size     {extent} cylinders{alternate}, {heads} heads, {} tracks", extent * heads);
        }
        None => {
            let _ = writeln!(text, "device   fixed blocks");
            let _ = writeln!(text, "size     {extent} blocks of 512 bytes");
        }
    }
    for part in &description.parts {
        let _ = writeln!(
            text,
            "file     {}: {}, {} bytes",
            part.name,
            kind(part, description.model.is_some()),
            part.length
        );
        if let Some(contents) = &part.contents {
            let units = if description.model.is_some() { "tracks" } else { "groups of 120 blocks" };
            let _ = write!(text, "use      {} {units} ({} compressed)", contents.stored, contents.compressed);
            let _ = write!(text, ", {} empty", contents.null);
            if part.form == Form::Shadow {
                let _ = write!(text, ", {} beneath", contents.beneath);
            }
            let _ = writeln!(text, "; {} bytes free", contents.free);
            if contents.unfinished {
                let _ = writeln!(
                    text,
                    "         not closed by who wrote to it last: it is put in order when it is written to"
                );
            }
        }
    }
    text
}

fn kind(part: &Part, tracks: bool) -> String {
    let form = match (part.form, tracks) {
        (Form::Plain, true) => "plain CKD",
        (Form::Plain, false) => "plain FBA",
        (Form::Compressed, true) => "CCKD",
        (Form::Compressed, false) => "compressed FBA",
        (Form::Shadow, _) => "shadow file",
        (Form::Wide, _) => "64-bit image",
    };
    match (&part.contents, &part.cylinders) {
        (Some(contents), _) => format!("{form}, {}", contents.compression),
        (None, Some(cylinders)) => {
            format!("{form}, cylinders {} to {}", cylinders.start, cylinders.end.saturating_sub(1))
        }
        (None, None) => form.to_owned(),
    }
}

fn volume_line(pack: &mut dyn CkdPack) -> Result<String, DiskError> {
    let mut text = String::new();
    if let Some(label) = volume::label(pack)? {
        let _ = write!(text, "volume   {}", label.serial);
        match label.vtoc {
            Some((cylinder, head, record)) => {
                let _ = write!(text, ", table of contents at {cylinder}-{head}-{record}");
            }
            None => text += ", no table of contents",
        }
        if !label.owner.is_empty() {
            let _ = write!(text, ", owner {}", label.owner);
        }
        text.push('\n');
    }
    match cms::read(pack)? {
        cms::Disk::None if text.is_empty() => text += "volume   no label\n",
        cms::Disk::None => {}
        cms::Disk::Blocks800(directory) => {
            let cms::Directory { label, used, total, files, .. } = directory;
            let _ = writeln!(text, "volume   CMS {label}, {used} of {total} blocks used, {} files", files.len());
        }
        cms::Disk::Later(label, block) => {
            let _ = writeln!(text, "volume   CMS {label}, blocks of {block} bytes");
        }
    }
    Ok(text)
}
