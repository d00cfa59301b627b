//! What CP says of a virtual machine's parts: QUERY VIRTUAL and its like.

use std::any::Any;

use devices::{
    console::{display::Display, typewriter::Typewriter},
    ctca::ChannelToChannel,
    dasd::{ckd::CkdDrive, fba::FixedBlockDrive},
    device::Device,
    tape::TapeUnit,
    unit_record::{printer::Printer, punch::Punch, reader::Reader},
};
use s370_arch::channel::ChannelKind;

use crate::{system::Cp, user::User, vm::VirtualMachine};

/// `STORAGE = 02048K`.
pub(super) fn storage(machine: &VirtualMachine) -> String {
    format!("STORAGE = {:05}K", machine.pages() * 4)
}

/// `CHANNELS = SEL`, as DEFINE says it.
pub(super) fn channels(machine: &VirtualMachine) -> String {
    format!("CHANNELS = {}", if is_selector(machine) { "SEL" } else { "BMX" })
}

/// Channels 1 to 15 are selector channels; those with an adapter are it anyway.
pub(super) fn is_selector(machine: &VirtualMachine) -> bool {
    let mut others = machine.channels.kinds().filter(|(channel, _)| *channel > 0 && !has_adapter(machine, *channel));
    others.any(|(_, kind)| kind == ChannelKind::Selector)
}

fn has_adapter(machine: &VirtualMachine, channel: u8) -> bool {
    machine.channels.addresses().any(|(address, kind)| address >> 8 == u16::from(channel) && kind == "CTCA")
}

/// Makes all channels but channel 0 of this kind. One with a channel-to-channel adapter is always a selector channel.
pub(super) fn set_channels(machine: &mut VirtualMachine, kind: ChannelKind) {
    let operational: Vec<u8> =
        machine.channels.kinds().map(|(channel, _)| channel).filter(|&channel| channel > 0).collect();
    for channel in operational {
        let kind = if has_adapter(machine, channel) { ChannelKind::Selector } else { kind };
        machine.channels.set_kind(channel, kind);
    }
}

/// The parts of QUERY VIRTUAL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Console,
    UnitRecord,
    Disk,
    Tape,
    Display,
    Adapter,
    Other,
}

/// What a device is, and the word for it.
fn sort(device: &dyn Device, is_console: bool) -> (Part, &'static str) {
    let any: &dyn Any = device;
    if is_console || any.is::<Typewriter>() {
        (Part::Console, "CONS")
    } else if any.is::<Reader>() {
        (Part::UnitRecord, "RDR ")
    } else if any.is::<Printer>() {
        (Part::UnitRecord, "PRT ")
    } else if any.is::<Punch>() {
        (Part::UnitRecord, "PUN ")
    } else if any.is::<CkdDrive>() || any.is::<FixedBlockDrive>() {
        (Part::Disk, "DASD")
    } else if any.is::<TapeUnit>() {
        (Part::Tape, "TAPE")
    } else if any.is::<Display>() {
        (Part::Display, "GRAF")
    } else if any.is::<ChannelToChannel>() {
        (Part::Adapter, "CTCA")
    } else {
        (Part::Other, "DEV ")
    }
}

/// The word for a device: `DASD`, `RDR`.
pub(super) fn type_word(machine: &mut VirtualMachine, address: u16) -> &'static str {
    machine.channels.any_device(address).map_or("DEV", |device| sort(device, false).1.trim_end())
}

/// The part that a device belongs to.
pub(super) fn part(user: &mut User, address: u16) -> Part {
    let is_console = address == user.console;
    user.machine.channels.any_device(address).map_or(Part::Other, |device| sort(device, is_console).0)
}

/// The lines about one device.
pub(super) fn device(cp: &mut Cp<'_>, address: u16) -> Vec<String> {
    let terminal = cp.system.terminal(cp.user.machine.owner);
    let user = &mut *cp.user;
    let is_console = address == user.console;
    let Some(device) = user.machine.channels.any_device(address) else { return Vec::new() };
    let (part, word) = sort(device, is_console);
    match part {
        Part::Console => console(user, terminal, address),
        Part::UnitRecord => unit_record(user, address, word),
        Part::Disk => vec![disk(user, address)],
        Part::Adapter => vec![adapter(user, address)],
        Part::Tape => vec![format!("TAPE {address:03X} ON DEV {address:03X}")],
        Part::Display => vec![display(user, address)],
        Part::Other => vec![format!("DEV  {address:03X}")],
    }
}

fn console(user: &User, terminal: Option<String>, address: u16) -> Vec<String> {
    let place = terminal.map_or_else(|| "DISCONNECTED".to_owned(), |terminal| format!("ON {terminal}"));
    vec![
        format!("CONS {address:03X} {place}   TERM STOP"),
        format!("     {address:03X} CL T  NOCONT NOHOLD COPY 01    READY"),
        format!("     {address:03X} FOR {:8} DIST {}", user.userid, user.distribution),
    ]
}

/// Spooling attributes are those that everybody has until they can be changed.
fn unit_record(user: &User, address: u16, word: &str) -> Vec<String> {
    if word.starts_with("RDR") {
        return vec![format!("RDR  {address:03X} CL *  NOCONT NOHOLD   EOF      READY")];
    }
    vec![
        format!("{word} {address:03X} CL A  NOCONT NOHOLD COPY 01    READY"),
        format!("     {address:03X} FOR {:8} DIST {}", user.userid, user.distribution),
    ]
}

fn disk(user: &mut User, address: u16) -> String {
    let volume = user.volumes.get(&address).cloned().unwrap_or_default();
    let Some(device) = user.machine.channels.any_device(address) else { return String::new() };
    let kind = device.kind();
    let name = kind.split('-').next().unwrap_or(kind);
    let any: &dyn Any = device;
    match any.downcast_ref::<CkdDrive>().and_then(CkdDrive::pack) {
        Some(pack) => {
            let access = if pack.is_read_only() { "R/O" } else { "R/W" };
            format!("DASD {address:03X} {name} {volume:6} {access} {:03} CYL", pack.cylinders())
        }
        None => format!("DASD {address:03X} {name} {volume:6}"),
    }
}

fn adapter(user: &mut User, address: u16) -> String {
    let side = user.machine.channels.device::<ChannelToChannel>(address);
    let is_coupled = side.is_some_and(|side| side.plug().is_coupled());
    format!("CTCA {address:03X} {}", if is_coupled { "COUPLED" } else { "NOT READY" })
}

fn display(user: &mut User, address: u16) -> String {
    let display = user.machine.channels.device::<Display>(address);
    match display.is_some_and(|display| display.is_connected()) {
        true => format!("GRAF {address:03X} ON DEV {address:03X}"),
        false => format!("GRAF {address:03X} NOT READY"),
    }
}
