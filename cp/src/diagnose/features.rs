//! Code 24: types and features of devices, in the codes of VDEVBLOK and RDEVBLOK (VM/370 Data Areas and Control Block
//! Logic, SY20-0884).

use std::any::Any;

use devices::{
    console::{display::Display, typewriter::Typewriter},
    dasd::ckd::CkdDrive,
    dasd::fba::FixedBlockDrive,
};

use super::{Answer, Call, Outcome};
use crate::vm::VirtualMachine;

/// Type classes.
mod class {
    pub const TERMINAL: u8 = 0x80;
    pub const DISPLAY: u8 = 0x40;
    pub const INPUT: u8 = 0x20;
    pub const OUTPUT: u8 = 0x10;
    pub const TAPE: u8 = 0x08;
    pub const DASD: u8 = 0x04;
    pub const SPECIAL: u8 = 0x02;
    pub const FIXED_BLOCK: u8 = 0x01;
}

/// In the status byte: a channel program is being executed, and an interruption is pending.
const BUSY: u8 = 0x20;
/// In the flag byte of a disk: it may not be written.
const READ_ONLY: u8 = 0x80;

/// Kinds of devices, with class, type, and whether a real device stands behind a virtual one.
const KINDS: &[(&str, u8, u8, bool)] = &[
    ("1052", class::TERMINAL, 0x00, true),
    ("3210", class::TERMINAL, 0x00, true),
    ("3215", class::TERMINAL, 0x00, true),
    ("3277", class::DISPLAY, 0x04, true),
    ("3278", class::DISPLAY, 0x01, true),
    ("2540R", class::INPUT, 0x82, false),
    ("3505", class::INPUT, 0x84, false),
    ("2540P", class::OUTPUT, 0x82, false),
    ("3525", class::OUTPUT, 0x84, false),
    ("1403", class::OUTPUT, 0x41, false),
    ("3203", class::OUTPUT, 0x49, false),
    ("3211", class::OUTPUT, 0x42, false),
    ("2400", class::TAPE, 0x80, true),
    ("3410", class::TAPE, 0x08, true),
    ("3420", class::TAPE, 0x10, true),
    ("2311", class::DASD, 0x80, true),
    ("2314", class::DASD, 0x40, true),
    ("3380", class::DASD, 0x20, true),
    ("3330", class::DASD, 0x10, true),
    ("3350", class::DASD, 0x08, true),
    ("3375", class::DASD, 0x04, true),
    ("2305", class::DASD, 0x02, true),
    ("3340", class::DASD, 0x01, true),
    ("CTCA", class::SPECIAL, 0x80, false),
    ("3310", class::FIXED_BLOCK, 0x01, true),
    ("3370", class::FIXED_BLOCK, 0x02, true),
];

/// Characters of a line, which is in place of features for a console.
const LINE_LENGTH: u8 = 130;
/// The same for a display.
const DISPLAY_LINE: u8 = 80;

fn is_read_only(device: &dyn Any) -> bool {
    device.downcast_ref::<CkdDrive>().and_then(CkdDrive::pack).is_some_and(|pack| pack.is_read_only())
}

/// What is to be said of a device: the words for the virtual and the real one.
fn words(machine: &mut VirtualMachine, address: u16) -> Option<(u32, Option<u32>)> {
    let is_working = machine.channels.is_working(address);
    let device = machine.channels.any_device(address)?;
    let kind = device.kind();
    let name = kind.split('-').next().unwrap_or(kind);
    let &(_, class, code, is_real) = KINDS.iter().find(|(known, ..)| *known == name)?;
    let status = if is_working { BUSY } else { 0 };
    let any: &dyn Any = device;
    let flags = if is_read_only(any) { READ_ONLY } else { 0 };
    let features = match class {
        class::TERMINAL => LINE_LENGTH,
        class::DISPLAY => DISPLAY_LINE,
        _ => 0,
    };
    // The model number that ends some names, as far as CP writes it into RDEVMDL.
    let model = kind.split_once('-').and_then(|(_, model)| model.parse().ok()).unwrap_or(0);
    let virtual_word = u32::from_be_bytes([class, code, status, flags]);
    let real_word = u32::from_be_bytes([class, code, model, features]);
    Some((virtual_word, is_real.then_some(real_word)))
}

pub(super) fn features(call: &mut Call<'_, '_>) -> Answer {
    /// The console, wherever it is.
    const CONSOLE: u32 = u32::MAX;
    let (x, y) = (call.x, call.y);
    let address = match call.register(x) {
        CONSOLE => call.cp.user.console,
        address => address as u16,
    };
    let asks_for_console = call.register(x) == CONSOLE;
    if !asks_for_console && call.register(x) > u32::from(u16::MAX) {
        return call.done(3);
    }
    let Some((virtual_word, real_word)) = words(call.machine(), address) else { return call.done(3) };
    if asks_for_console {
        call.set(x, u32::from(address));
    }
    call.set(y, virtual_word);
    match real_word {
        Some(word) => {
            // Register 15 has none after it: then only the virtual device is told of.
            if y != 15 {
                call.set(y + 1, word);
            }
            call.set_cc(0);
        }
        None => call.set_cc(2),
    }
    Ok(Outcome::Done)
}

/// What a virtual device is to the codes for input and output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    /// Count, key and data.
    Disk {
        /// It may not be written.
        read_only: bool,
        /// Cylinders that it has.
        cylinders: u32,
    },
    /// Fixed blocks.
    FixedBlocks,
    /// A tape.
    Tape,
    /// A console typewriter.
    Typewriter,
    /// A display.
    Display,
    /// Anything else.
    Other,
}

/// The family of a device; none if there is no device.
pub(super) fn family(machine: &mut VirtualMachine, address: u16) -> Option<Family> {
    let device = machine.channels.any_device(address)?;
    let any: &dyn Any = device;
    Some(if let Some(drive) = any.downcast_ref::<CkdDrive>() {
        let pack = drive.pack();
        Family::Disk {
            read_only: pack.is_some_and(|pack| pack.is_read_only()),
            cylinders: pack.map_or(0, |pack| pack.cylinders()),
        }
    } else if any.is::<FixedBlockDrive>() {
        Family::FixedBlocks
    } else if any.is::<devices::tape::TapeUnit>() {
        Family::Tape
    } else if any.is::<Typewriter>() {
        Family::Typewriter
    } else if any.is::<Display>() {
        Family::Display
    } else {
        Family::Other
    })
}
