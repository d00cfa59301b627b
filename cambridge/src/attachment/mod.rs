//! Devices and what is in them: from a configuration's or an operator's options to devices with open files.

mod adapters;
mod cards;
mod consoles;
mod disks;
mod paper;
mod pdf;
mod tapes;

use std::{io, path::Path};

use devices::{device::Device, machine::BareMachine, media::Medium};

use crate::{
    configuration::{
        device::{Address, DeviceSpec, Options},
        kinds::Class,
    },
    files::{HostFile, OpenError, Purpose},
};

/// A device that was made.
pub struct Built {
    /// The device.
    pub device: Box<dyn Device>,
    /// What the operator should be told.
    pub notes: Vec<String>,
}

impl Built {
    /// A device that nothing is to be said of.
    fn quiet(device: impl Device) -> Built {
        Built { device: Box::new(device), notes: Vec::new() }
    }
}

pub use self::adapters::Adapters;

/// Makes a device with what is in it.
///
/// # Errors
/// A file cannot be opened or is not what it should be.
pub fn build(spec: &DeviceSpec, adapters: &mut Adapters) -> Result<Built, String> {
    let (name, options) = (spec.kind.name, &spec.options);
    match spec.kind.class {
        Class::Typewriter => Ok(consoles::build(name)),
        Class::Reader => cards::build_reader(name, options),
        Class::Punch => cards::build_punch(name, options),
        Class::Printer => paper::build(name, options),
        Class::Tape => tapes::build(name, options),
        Class::Disk => disks::build(spec.address, name, options),
        Class::Display => Ok(consoles::build_display(name)),
        Class::BlockDisk => disks::build_of_blocks(name, options),
        Class::Adapter => adapters.side(spec.address, options).map(Built::quiet),
    }
}

/// Puts something into a device, in place of what is there; decks go behind those that are there. Gives what the operator
/// should be told.
///
/// # Errors
/// A file cannot be opened or is not what it should be; then nothing has changed.
pub fn mount(bare: &mut BareMachine, address: Address, class: Class, options: &Options) -> Result<Vec<String>, String> {
    match class {
        Class::Reader => cards::load(found(bare, address)?, options),
        Class::Punch => cards::empty_stackers(found(bare, address)?, Some(options)),
        Class::Printer => paper::change(found(bare, address)?, Some(options)),
        Class::Tape => tapes::mount(found(bare, address)?, options),
        Class::Disk => disks::mount(found(bare, address)?, options),
        Class::BlockDisk => disks::mount_blocks(found(bare, address)?, options),
        _ => Err(nothing_in(class)),
    }
}

/// Takes out what is in a device. Gives what the operator should be told.
///
/// # Errors
/// Nothing can be in it.
pub fn unmount(bare: &mut BareMachine, address: Address, class: Class) -> Result<Vec<String>, String> {
    match class {
        Class::Reader => cards::empty_hopper(found(bare, address)?),
        Class::Punch => drop(cards::empty_stackers(found(bare, address)?, None)?),
        Class::Printer => return paper::change(found(bare, address)?, None),
        Class::Tape => tapes::unmount(found(bare, address)?),
        Class::Disk => disks::unmount(found(bare, address)?),
        Class::BlockDisk => disks::unmount_blocks(found(bare, address)?),
        _ => return Err(nothing_in(class)),
    }
    Ok(Vec::new())
}

/// Finishes what a device has in a host file, before it is detached or switched off. Gives what the operator should be
/// told.
pub fn finish(bare: &mut BareMachine, address: Address, class: Class) -> Vec<String> {
    match class {
        Class::Printer => bare.channels.device(address.0).map(paper::finish).unwrap_or_default(),
        _ => Vec::new(),
    }
}

fn nothing_in(class: Class) -> String {
    format!("there is nothing in a {}", class.name())
}

/// Presses the device's START or STOP key.
///
/// # Errors
/// It has none.
pub fn set_ready(bare: &mut BareMachine, address: Address, class: Class, ready: bool) -> Result<(), String> {
    match class {
        Class::Reader => cards::set_reader_ready(found(bare, address)?, ready),
        Class::Punch => cards::set_punch_ready(found(bare, address)?, ready),
        Class::Printer => return paper::set_ready(found(bare, address)?, ready),
        Class::Tape => return tapes::set_ready(found(bare, address)?, ready),
        _ => return Err(format!("a {} has no such keys", class.name())),
    }
    Ok(())
}

/// What is in a device, to follow its name: empty, or begun with a comma or a colon.
pub fn describe(bare: &mut BareMachine, address: Address, class: Class) -> String {
    let channels = &mut bare.channels;
    let at = address.0;
    let text = match class {
        Class::Typewriter => channels.device(at).map(|device| consoles::describe(device)),
        Class::Reader => channels.device(at).map(|device| cards::describe_reader(device)),
        Class::Punch => channels.device(at).map(|device| cards::describe_punch(device)),
        Class::Printer => channels.device(at).map(|device| paper::describe(device)),
        Class::Tape => channels.device(at).map(|device| tapes::describe(device)),
        Class::Disk => channels.device(at).map(|device| disks::describe(device)),
        Class::Display => channels.device(at).map(|device| consoles::describe_display(device)),
        Class::BlockDisk => channels.device(at).map(|device| disks::describe_blocks(device)),
        Class::Adapter => None,
    };
    text.unwrap_or_default()
}

fn found<D: Device>(bare: &mut BareMachine, address: Address) -> Result<&mut D, String> {
    bare.channels.device(address.0).ok_or_else(|| format!("there is no such device at {address}"))
}

/// Opens a file for writing, or, if the host permits only that, for reading.
fn open_for_writing(path: &Path, notes: &mut Vec<String>) -> Result<HostFile, String> {
    match HostFile::open(path, Purpose::Write) {
        Err(OpenError::Host { source, .. })
            if matches!(source.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem) =>
        {
            let file = open_for_reading(path)?;
            notes.push(format!("{}: the host permits reading only: it cannot be written", path.display()));
            Ok(file)
        }
        opened => opened.map_err(|error| error.to_string()),
    }
}

fn open_for_reading(path: &Path) -> Result<HostFile, String> {
    HostFile::open(path, Purpose::Read).map_err(|error| error.to_string())
}

/// Opens a file that something is to be added to; it is created if it does not exist.
fn open_for_adding(path: &Path) -> Result<Box<dyn Medium>, String> {
    let purpose = if path.exists() { Purpose::Write } else { Purpose::Create };
    let file = HostFile::open(path, purpose).map_err(|error| error.to_string())?;
    Ok(Box::new(file))
}
