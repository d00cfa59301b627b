//! Looking at every track and group of an image, and putting in order what can be.

use super::{
    Pack,
    compressed::{CompressedBlocks, CompressedTracks},
    header::OPENED,
    mend::Mended,
    open_unchecked,
    plain::PlainTracks,
    space::Space,
    store::{Layer, Shape, Store},
    tables::{Fault, Owner, Problem},
    track,
};
use crate::{
    dasd::{BlockPack, CkdPack},
    media::{MediaError, Medium},
};

/// What [`check`] found.
#[derive(Debug)]
pub struct Checked {
    /// Tracks or groups of blocks that were looked at.
    pub units: u64,
    /// What is wrong, a sentence each, with file and offset.
    pub findings: Vec<String>,
    /// What was done about it, if that was asked for and the format has tables that can be put in order.
    pub mended: Option<Mended>,
}

/// Looks at everything in an image, whose files are as [`super::open`] takes them. With `repair`, puts the last
/// file's tables in order if anything is wrong with them; plain images have nothing that could be. `progress` is told
/// how much is done of how much.
///
/// # Errors
///
/// The image cannot even be opened, or the host refuses.
pub fn check(
    media: Vec<Box<dyn Medium>>,
    repair: bool,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Checked, MediaError> {
    match open_unchecked(media)? {
        Pack::PlainTracks(mut pack) => {
            let units = pack.cylinders() * pack.model().heads;
            let findings = check_plain(&mut pack, progress)?;
            Ok(Checked { units: units.into(), findings, mended: None })
        }
        Pack::PlainBlocks(pack) => Ok(Checked { units: pack.blocks().into(), findings: Vec::new(), mended: None }),
        Pack::Tracks(CompressedTracks { mut store, cylinders, model, .. }) => {
            check_store(&mut store, cylinders * model.heads, repair, progress)
        }
        Pack::Blocks(CompressedBlocks { mut store, blocks, .. }) => {
            check_store(&mut store, blocks.div_ceil(super::store::GROUP_BLOCKS), repair, progress)
        }
    }
}

fn check_plain(pack: &mut PlainTracks, progress: &mut dyn FnMut(u64, u64)) -> Result<Vec<String>, MediaError> {
    let heads = pack.model().heads;
    let tracks = pack.cylinders() * heads;
    let shape = Shape::Tracks { heads, longest: 0 };
    let mut image = Vec::new();
    let mut findings = Vec::new();
    for number in 0..tracks {
        progress(number.into(), tracks.into());
        pack.read_track(number, &mut image)?;
        let what = if image.get(1..5) != Some(&shape.unit_header(number)[1..]) {
            "its home address is another track's"
        } else if track::used(&image).is_none() {
            "its last record has no end"
        } else {
            continue;
        };
        let (file, offset) = pack.locate(number)?;
        findings.push(file.damaged(offset, format!("{}: {what}", shape.describe(number))).to_string());
    }
    Ok(findings)
}

fn check_store(
    store: &mut Store,
    units: u32,
    repair: bool,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Checked, MediaError> {
    let shape = store.shape;
    let layer = store.last();
    if repair && layer.file.is_read_only() {
        return Err(MediaError::ReadOnly { file: layer.file.name().to_owned() });
    }
    let mut findings = Vec::new();
    let problems = layer.problems(shape);
    if layer.header.options & OPENED != 0 {
        findings.push(format!("{}: was not closed by who wrote to it last", layer.file.name()));
    } else if problems.is_empty() {
        // What is free can be told only of tables that are right.
        findings.extend(wrong_free_space(layer));
    }
    findings.extend(problems.iter().map(|problem| {
        let what = describe(problem, shape);
        layer.file.damaged(problem.offset, what).to_string()
    }));
    for unit in 0..units {
        progress(unit.into(), units.into());
        if let Some(fault) = store.fault(unit) {
            findings.push(fault.to_string());
        }
    }
    let mended = if repair && !findings.is_empty() {
        let mended = store.mend(true, progress)?;
        store.settle()?;
        Some(mended)
    } else {
        None
    };
    Ok(Checked { units: units.into(), findings, mended })
}

/// What is wrong with what the header of an image that was closed says of its free space.
fn wrong_free_space(layer: &Layer) -> Option<String> {
    let space = Space::around(&layer.tables.extents(layer.header.level1));
    let rest = u64::from(layer.header.size).checked_sub(space.end());
    let free = space.total() + layer.tables.slack();
    let matches = rest.is_some_and(|rest| rest + free == u64::from(layer.header.free_total));
    (!matches).then(|| {
        let header = &layer.header;
        let what = format!(
            "the header tells of {} free bytes in {} pieces and a size of {}, but there are {free} in {} and a size of {}",
            header.free_total,
            header.free_number,
            header.size,
            space.pieces().len(),
            space.end()
        );
        layer.file.damaged(super::HEADER as u64 + 12, what).to_string()
    })
}

/// A problem in words.
pub(super) fn describe(problem: &Problem, shape: Shape) -> String {
    let fault = match problem.fault {
        Fault::Outside => "points beyond the end of the file",
        Fault::Overlaps => "points to bytes that have another owner",
        Fault::Impossible => "has lengths or a format that cannot be",
    };
    match problem.owner {
        Owner::Header => format!("the header {fault}"),
        Owner::Table(index) => format!("entry {index} of the level-1 table {fault}"),
        Owner::Unit(unit) => format!("the entry of {} {fault}", shape.describe(unit)),
    }
}
