//! Tape units.

use devices::{
    media::reel,
    tape::{Kind, TapeUnit},
};

use super::{Built, open_for_reading, open_for_writing};
use crate::configuration::device::Options;

pub(super) fn build(name: &str, options: &Options) -> Result<Built, String> {
    let kind = Kind::named(name).ok_or_else(|| format!("{name} is not a tape unit"))?;
    let mut unit = TapeUnit::new(kind);
    let notes = if options.files("file").is_empty() { Vec::new() } else { mount(&mut unit, options)? };
    Ok(Built { device: Box::new(unit), notes })
}

/// Mounts a reel in place of what is there.
pub(super) fn mount(unit: &mut TapeUnit, options: &Options) -> Result<Vec<String>, String> {
    let [file] = options.files("file") else { return Err("one reel fits on a tape unit".to_owned()) };
    let mut notes = Vec::new();
    let write = options.flag("write") == Some(true);
    // The old file is closed first: the new one may be the same.
    drop(unit.unmount());
    let medium = if write { open_for_writing(file, &mut notes)? } else { open_for_reading(file)? };
    let how = reel::Options { protect: !write, ..reel::Options::default() };
    let reel = reel::open(Box::new(medium), how).map_err(|error| error.to_string())?;
    drop(unit.mount(reel));
    Ok(notes)
}

pub(super) fn unmount(unit: &mut TapeUnit) {
    drop(unit.unmount());
}

/// Loads the reel that an unloading left on the hub.
pub(super) fn set_ready(unit: &mut TapeUnit, ready: bool) -> Result<(), String> {
    if !ready {
        return Err("UNMOUNT makes a tape unit not ready".to_owned());
    }
    if unit.reel().is_none() {
        return Err("there is no reel on the unit".to_owned());
    }
    unit.load();
    Ok(())
}

pub(super) fn describe(unit: &TapeUnit) -> String {
    match unit.reel() {
        None => ": no reel".to_owned(),
        Some(reel) => {
            let state = if unit.is_ready() { "" } else { ", unloaded" };
            let ring = if reel.is_protected() { "no write ring" } else { "with write ring" };
            format!(": {}, {ring}{state}", reel.name())
        }
    }
}
