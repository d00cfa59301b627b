//! Commands for one virtual device: ATTN and REQUEST, READY, NOTREADY, RESET, DETACH, COUPLE.

use devices::{
    console::{display::Display, typewriter::Typewriter},
    ctca::{ChannelToChannel, Plug},
    unit_record::{printer::Printer, punch::Punch, reader::Reader},
};
use s370_arch::channel::UnitStatus;

use super::{
    Answer, Failure, Reply,
    operand::{Operands, device, is},
    virtuals,
};
use crate::{message, real::Owner, system::Cp, system::System};

/// The one device that a command names, which must be there.
fn named(cp: &mut Cp<'_>, operands: &mut Operands<'_>) -> Result<u16, Failure> {
    let address = device(operands.required(&message::VADDR)?)?;
    operands.end()?;
    exists(cp, address)?;
    Ok(address)
}

fn exists(cp: &mut Cp<'_>, address: u16) -> Result<(), Failure> {
    match cp.user.machine.channels.any_device(address) {
        Some(_) => Ok(()),
        None => Err(Failure::with(&message::NO_DEVICE, &[&format!("{address:03X}")])),
    }
}

/// ATTN and REQUEST: the key of the console.
pub(super) fn attention(cp: &mut Cp<'_>, operands: &mut Operands<'_>) -> Answer {
    operands.end()?;
    let console = cp.user.console;
    let machine = &mut cp.user.machine;
    if let Some(typewriter) = machine.channels.device::<Typewriter>(console) {
        typewriter.request();
        machine.touched(console);
    } else if machine.channels.device::<Display>(console).is_some() {
        machine.channels.present(console, UnitStatus::ATTENTION);
    }
    Ok(Reply::default())
}

/// READY: the start key, and device end.
pub(super) fn ready(cp: &mut Cp<'_>, operands: &mut Operands<'_>) -> Answer {
    let address = named(cp, operands)?;
    press(cp, address, true);
    cp.user.machine.channels.present(address, UnitStatus::DEVICE_END);
    Ok(Reply::default())
}

/// NOTREADY: the stop key.
pub(super) fn not_ready(cp: &mut Cp<'_>, operands: &mut Operands<'_>) -> Answer {
    let address = named(cp, operands)?;
    if press(cp, address, false) {
        cp.user.machine.touched(address);
        return Ok(Reply::default());
    }
    Err(Failure::with(&message::INVALID_DEVICE_TYPE, &[&format!("{address:03X}")]))
}

/// The start or the stop key of a unit-record device. False if it is none.
fn press(cp: &mut Cp<'_>, address: u16, start: bool) -> bool {
    let channels = &mut cp.user.machine.channels;
    if let Some(reader) = channels.device::<Reader>(address) {
        if start { reader.press_start() } else { reader.press_stop() }
    } else if let Some(punch) = channels.device::<Punch>(address) {
        if start { punch.press_start() } else { punch.press_stop() }
    } else if let Some(printer) = channels.device::<Printer>(address) {
        if start { printer.press_start() } else { printer.press_stop() }
    } else {
        return false;
    }
    true
}

/// RESET: what a device does is forgotten.
pub(super) fn reset(cp: &mut Cp<'_>, operands: &mut Operands<'_>) -> Answer {
    let address = named(cp, operands)?;
    cp.user.machine.channels.reset_device(address);
    Ok(Reply::line("DEVICE RESET"))
}

/// DETACH of devices, or of a channel's.
pub(super) fn detach(cp: &mut Cp<'_>, operands: &mut Operands<'_>) -> Answer {
    let word = operands.required(&message::VADDR)?;
    if is(word, "CHANNEL", 4) {
        let channel = operands.next().and_then(|word| super::operand::hexadecimal(word, 1)).ok_or(&message::OPERAND)?;
        operands.end()?;
        return detach_channel(cp, channel as u16);
    }
    let mut addresses = vec![device(word)?];
    while let Some(word) = operands.next() {
        addresses.push(device(word)?);
    }
    let mut lines = Vec::new();
    for address in addresses {
        match detach_one(cp, address) {
            Ok(line) => lines.push(line),
            Err(failure) => return Err(Failure { before: shown(cp, lines), ..failure }),
        }
    }
    Ok(Reply::lines(shown(cp, lines)))
}

/// What SET IMSG leaves.
fn shown(cp: &Cp<'_>, lines: Vec<String>) -> Vec<String> {
    if cp.user.settings.imsg { lines } else { Vec::new() }
}

fn detach_channel(cp: &mut Cp<'_>, channel: u16) -> Answer {
    let addresses = cp.user.machine.channels.addresses().map(|(address, _)| address);
    let addresses: Vec<u16> =
        addresses.filter(|address| address >> 8 == channel && *address != cp.user.console).collect();
    if addresses.is_empty() {
        return Err((&message::OPERAND).into());
    }
    for address in addresses {
        detach_one(cp, address)?;
    }
    let lines = vec![format!("CHANNEL {channel:X} DETACHED")];
    Ok(Reply::lines(shown(cp, lines)))
}

fn detach_one(cp: &mut Cp<'_>, address: u16) -> Result<String, Failure> {
    exists(cp, address)?;
    if address == cp.user.console {
        return Err(Failure::with(&message::IS_CONSOLE, &[&format!("{address:03X}")]));
    }
    let word = virtuals::type_word(&mut cp.user.machine, address);
    let owner = cp.user.machine.owner;
    if cp.user.machine.channels.device::<ChannelToChannel>(address).is_some() {
        drop_adapter(cp.system, owner, address);
        cp.system.adapters().remove(&(owner, address));
    }
    // Whatever it was doing is not done.
    let detached = cp.user.machine.channels.detach_forced(address);
    cp.user.volumes.remove(&address);
    match detached {
        Ok(_) => Ok(format!("{word} {address:03X} DETACHED")),
        Err(_) => Err(Failure::with(&message::NO_DEVICE, &[&format!("{address:03X}")])),
    }
}

/// The side that an adapter is coupled to.
fn partner(system: &System, plug: &Plug) -> Option<(Owner, u16)> {
    let adapters = system.adapters();
    adapters.iter().find(|(_, other)| other.is_partner(plug)).map(|(key, _)| *key)
}

/// Uncouples an adapter. The line for whoever has it.
fn drop_adapter(system: &System, owner: Owner, address: u16) -> Option<String> {
    let plug = system.adapters().get(&(owner, address)).cloned()?;
    let (other, theirs) = partner(system, &plug)?;
    plug.uncouple();
    let line = |address: u16, userid: &str, theirs: u16| format!("CTCA {address:03X} DROP FROM {userid} {theirs:03X}");
    let own = system.userid(owner).unwrap_or_default();
    system.post.tell(other, line(theirs, &own, address));
    Some(line(address, &system.userid(other).unwrap_or_default(), theirs))
}

/// COUPLE: two channel-to-channel adapters.
pub(super) fn couple(cp: &mut Cp<'_>, operands: &mut Operands<'_>) -> Answer {
    let address = device(operands.required(&message::VADDR)?)?;
    let mut userid = operands.required(&message::USERID)?;
    if is(userid, "TO", 1) {
        userid = operands.required(&message::USERID)?;
    }
    let theirs = device(operands.required(&message::VADDR)?)?;
    operands.end()?;
    exists(cp, address)?;
    let owner = cp.user.machine.owner;
    let other = match userid {
        "*" => owner,
        _ => cp.system.find(userid).ok_or_else(|| Failure::with(&message::NOT_LOGGED_ON, &[&super::shown(userid)]))?,
    };
    let name = cp.system.userid(other).unwrap_or_default();
    let (own_plug, other_plug) = {
        let adapters = cp.system.adapters();
        (adapters.get(&(owner, address)).cloned(), adapters.get(&(other, theirs)).cloned())
    };
    let own_plug =
        own_plug.ok_or_else(|| Failure::with(&message::INVALID_DEVICE_TYPE, &[&format!("{address:03X}")]))?;
    let missing = || Failure::with(&message::NO_OTHER_DEVICE, &[&name, &format!("{theirs:03X}")]);
    let other_plug = other_plug.filter(|plug| !plug.is_same(&own_plug)).ok_or_else(missing)?;
    let mut lines = Vec::new();
    lines.extend(drop_adapter(cp.system, owner, address));
    if let Some(line) = drop_adapter(cp.system, other, theirs) {
        cp.system.post.tell(other, line);
    }
    {
        // Nobody else couples these meanwhile.
        let _adapters = cp.system.adapters();
        own_plug.couple(&other_plug);
    }
    lines.push(format!("CTCA {address:03X} COUPLE TO {name} {theirs:03X}"));
    let own = cp.user.userid.clone();
    cp.system.post.tell(other, format!("CTCA {theirs:03X} COUPLE BY {own} {address:03X}"));
    Ok(Reply::lines(lines))
}
