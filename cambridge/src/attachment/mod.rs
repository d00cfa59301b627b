//! Devices and what is in them: from a configuration's or an operator's options to devices with open files.

mod disks;
mod tapes;
mod typewriters;

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
