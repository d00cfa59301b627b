//! Code 58: a display as a whole, by CCWs that no real device knows.
//!
//! Deviation: the console must be a display of the virtual machine's own. A virtual console typewriter that CP shows on a
//! display is no display here; what CP does with the screen of such a user is the session's.

use devices::{
    console::display::Display,
    device::{Command, Data, Delay, Device, Initial, Progress},
};
use s370_arch::{
    channel::{Ccw, CcwFlags, UnitStatus},
    display::{Wcc, order, six_bit},
};

use super::{
    Answer, Call, Exception, Outcome, SPECIFICATION,
    features::{Family, family},
};
use crate::vm::{Access, VirtualMachine};

/// Commands in the CCWs.
mod command {
    /// Lines of the output area.
    pub const DISPLAY: u8 = 0x19;
    /// Write, or erase and write, of a full screen.
    pub const WRITE: u8 = 0x29;
    /// Read modified, or read buffer.
    pub const READ: u8 = 0x2A;
}

/// Command codes of the display itself.
mod device_command {
    pub const WRITE: u8 = 0x01;
    pub const ERASE_WRITE: u8 = 0x05;
    pub const READ_BUFFER: u8 = 0x02;
    pub const READ_MODIFIED: u8 = 0x06;
}

/// In the control byte: erase first; read the buffer.
const WHOLE: u8 = 0x80;
/// Control byte that only clears the screen.
const CLEAR: u8 = 0xFF;
/// Characters of the output area.
const OUTPUT_AREA: usize = 1760;
const LINE: usize = 80;
/// CCWs of a program.
const MOST_CCWS: u32 = 64;
/// Bytes of a full-screen operation.
const MOST_BYTES: usize = 64 << 10;

/// An operation that a display has begun.
#[derive(Debug)]
pub(crate) struct Screen {
    device: u16,
    /// The CCW.
    at: u32,
}

/// Bytes that a display takes, or gives.
struct Bytes {
    bytes: Vec<u8>,
    at: usize,
}

impl Data for Bytes {
    fn room(&mut self) -> usize {
        self.bytes.len() - self.at
    }

    fn fetch(&mut self, into: &mut [u8]) -> usize {
        let length = into.len().min(self.room());
        into[..length].copy_from_slice(&self.bytes[self.at..self.at + length]);
        self.at += length;
        length
    }

    fn fetch_some(&mut self, into: &mut [u8]) -> usize {
        self.fetch(into)
    }

    fn store(&mut self, from: &[u8]) -> usize {
        let length = from.len().min(self.room());
        self.bytes[self.at..self.at + length].copy_from_slice(&from[..length]);
        self.at += length;
        length
    }

    fn store_backward(&mut self, _: &[u8]) -> usize {
        0
    }
}

/// One operation: a CCW with those that it chains data to.
struct Operation {
    command: u8,
    control: u8,
    /// Areas of storage.
    areas: Vec<(u32, usize)>,
    /// Where the next CCW is, if a command is chained.
    next: Option<u32>,
}

impl Operation {
    fn of(machine: &VirtualMachine, at: u32) -> Result<Operation, Exception> {
        let (mut at, mut first, mut areas) = (at, None, Vec::new());
        for _ in 0..MOST_CCWS {
            let bytes: [u8; 8] = machine.fetch_array(at)?;
            let ccw = Ccw::parse(bytes);
            let (command, control) = *first.get_or_insert((bytes[0], bytes[5]));
            let access = if command == command::READ { Access::Store } else { Access::Fetch };
            machine.check(ccw.address, usize::from(ccw.count), access, 0)?;
            areas.push((ccw.address, usize::from(ccw.count)));
            at = at.wrapping_add(8);
            if !ccw.flags.contains(CcwFlags::CHAIN_DATA) {
                let next = ccw.flags.contains(CcwFlags::CHAIN_COMMAND).then_some(at);
                return Ok(Operation { command, control, areas, next });
            }
        }
        Err(SPECIFICATION)
    }

    fn length(&self) -> usize {
        self.areas.iter().map(|(_, length)| length).sum()
    }

    /// What goes out: the display's command code, and the data. None if it does not fit on the screen.
    fn outbound(&self, machine: &VirtualMachine) -> Result<Option<(u8, Vec<u8>)>, Exception> {
        if self.length() > MOST_BYTES {
            return Ok(None);
        }
        let whole = self.control & WHOLE != 0;
        let write = if whole { device_command::ERASE_WRITE } else { device_command::WRITE };
        if self.command == command::READ {
            let read = if whole { device_command::READ_BUFFER } else { device_command::READ_MODIFIED };
            return Ok(Some((read, Vec::new())));
        }
        let mut data = Vec::new();
        for &(at, length) in &self.areas {
            data.extend(machine.fetch(at, length)?);
        }
        if self.command == command::WRITE {
            return Ok(Some((write, data)));
        }
        let mut stream = vec![six_bit(Wcc::RESTORE_KEYBOARD.bits())];
        if self.control == CLEAR {
            return Ok(Some((write, stream)));
        }
        let position = usize::from(self.control & !WHOLE) * LINE;
        if position + data.len() > OUTPUT_AREA {
            return Ok(None);
        }
        stream.extend([order::SBA, six_bit((position >> 6) as u8), six_bit((position & 0x3F) as u8)]);
        stream.append(&mut data);
        Ok(Some((write, stream)))
    }
}

/// How a display's operation stands.
enum Progressed {
    Waits,
    Ended(UnitStatus, Vec<u8>),
}

pub(super) fn interface(call: &mut Call<'_, '_>) -> Answer {
    let device = call.register(call.y) as u16;
    let begun = call.cp.user.screen.take().filter(|screen| screen.device == device);
    if begun.is_none() && family(call.machine(), device) != Some(Family::Display) {
        return call.done(3);
    }
    let mut is_begun = begun.is_some();
    let mut at = match begun {
        Some(screen) => screen.at,
        None => call.aligned(call.x, 8)?,
    };
    if !is_begun && !call.machine().channels.is_free(device) {
        return call.done(2);
    }
    for _ in 0..MOST_CCWS {
        let operation = Operation::of(call.machine(), at)?;
        if !matches!(operation.command, command::DISPLAY | command::WRITE | command::READ) {
            return Err(SPECIFICATION);
        }
        let Some((code, data)) = operation.outbound(call.machine())? else { return call.done(1) };
        let room = if operation.command == command::READ { operation.length() } else { 0 };
        match operate(call.machine(), device, if is_begun { None } else { Some(code) }, data, room) {
            None => return call.done(3),
            Some(Progressed::Waits) => {
                call.cp.user.screen = Some(Screen { device, at });
                return Ok(Outcome::Again);
            }
            Some(Progressed::Ended(status, _)) if status != UnitStatus::ENDED => return call.done(1),
            Some(Progressed::Ended(_, read)) => scatter(call.machine(), &operation.areas, &read)?,
        }
        is_begun = false;
        let Some(next) = operation.next else { return call.done(0) };
        at = next;
    }
    Err(SPECIFICATION)
}

/// Has the display begin a command, or go on with the one that it has.
fn operate(
    machine: &mut VirtualMachine,
    device: u16,
    code: Option<u8>,
    data: Vec<u8>,
    room: usize,
) -> Option<Progressed> {
    let now = machine.state.time;
    let display = machine.channels.device::<Display>(device)?;
    let begins = code.is_some();
    if let Some(code) = code
        && let Initial::Ended(ending) = display.start(Command { code, chained: false, now })
    {
        return Some(Progressed::Ended(ending.status, Vec::new()));
    }
    let bytes = if room > 0 {
        vec![0; room]
    } else if begins {
        data
    } else {
        Vec::new()
    };
    let mut bytes = Bytes { bytes, at: 0 };
    loop {
        if !display.is_ready() {
            return Some(Progressed::Waits);
        }
        match display.transfer(&mut bytes, now) {
            Progress::Ended(ending) => {
                display.end_of_chain();
                let read = if room > 0 { bytes.bytes[..bytes.at].to_vec() } else { Vec::new() };
                return Some(Progressed::Ended(ending.status, read));
            }
            Progress::Wait(Delay::Outside) if !display.is_ready() => return Some(Progressed::Waits),
            Progress::Wait(_) => {}
        }
    }
}

/// Stores what was read.
fn scatter(machine: &VirtualMachine, areas: &[(u32, usize)], read: &[u8]) -> Result<(), Exception> {
    let mut left = read;
    for &(at, length) in areas {
        let (now, later) = left.split_at(length.min(left.len()));
        machine.store(at, now)?;
        left = later;
    }
    Ok(())
}
