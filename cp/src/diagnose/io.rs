//! Codes 18 and 20: input and output that is over when the instruction is, without an interruption.

use devices::channel::NotExecuted;
use s370_arch::{
    assigned_storage,
    channel::{Caw, Ccw, CcwFlags, ChannelStatus, Csw, UnitStatus},
};
use s370_cpu::storage::AbsoluteStorage;

use super::{
    Answer, Call,
    features::{Family, family},
};
use crate::vm::{Access, VirtualMachine};

/// CCWs that the program of code 18 can have: more than 15 blocks need.
const MOST_CCWS: u32 = 200;
/// Blocks that it can move.
const MOST_BLOCKS: u32 = 15;
/// Bytes of a block.
const LONGEST_BLOCK: u16 = 2048;

/// Commands of a program of code 18.
mod command {
    pub const WRITE: u8 = 0x05;
    pub const READ: u8 = 0x06;
    pub const SEEK: u8 = 0x07;
    pub const TRANSFER: u8 = 0x08;
    pub const SEEK_HEAD: u8 = 0x1B;
    pub const SET_SECTOR: u8 = 0x23;
    pub const SEARCH_ID: u8 = 0x31;
    pub const NO_OPERATION: u8 = 0x03;
}

/// Why a program of code 18 is not executed: condition code, and completion code in register 15.
type Wrong = (u8, u32);

/// Looks through a program of code 18.
struct Check<'a> {
    machine: &'a VirtualMachine,
    read_only: bool,
    cylinders: u32,
    /// The cylinder of the first seek.
    cylinder: Option<u32>,
    blocks: u32,
}

impl Check<'_> {
    fn program(&mut self, at: u32, blocks: u32) -> Result<(), Wrong> {
        let mut at = at;
        for _ in 0..MOST_CCWS {
            let ccw = self.machine.fetch_array(at).map(Ccw::parse).map_err(|_| (2, 10))?;
            self.ccw(&ccw)?;
            at = at.wrapping_add(8);
            let goes_on = ccw.flags.contains(CcwFlags::CHAIN_COMMAND) || ccw.command == command::TRANSFER;
            if !goes_on {
                return if self.blocks == blocks { Ok(()) } else { Err((2, 11)) };
            }
            if self.blocks > blocks {
                break;
            }
        }
        Err((2, 11))
    }

    fn ccw(&mut self, ccw: &Ccw) -> Result<(), Wrong> {
        match ccw.command {
            command::SEEK | command::SEEK_HEAD => self.seek(ccw),
            command::SEARCH_ID => self.inside(ccw, 5, 6),
            command::SET_SECTOR => self.inside(ccw, 1, 6),
            // A search is tried again; the interpreter sees to whatever else it leads to.
            command::TRANSFER | command::NO_OPERATION => Ok(()),
            command::READ | command::WRITE => self.block(ccw),
            _ => Err((2, 7)),
        }
    }

    fn inside(&self, ccw: &Ccw, length: usize, code: u32) -> Result<(), Wrong> {
        self.machine.check(ccw.address, length, Access::Fetch, 0).map_err(|_| (2, code))
    }

    fn seek(&mut self, ccw: &Ccw) -> Result<(), Wrong> {
        self.inside(ccw, 6, 6)?;
        let argument: [u8; 6] = self.machine.fetch_array(ccw.address).map_err(|_| (2, 6))?;
        let cylinder = u32::from(u16::from_be_bytes([argument[2], argument[3]]));
        match self.cylinder {
            Some(first) if ccw.command == command::SEEK_HEAD && first != cylinder => return Err((2, 12)),
            Some(_) if ccw.command == command::SEEK_HEAD => {}
            _ => self.cylinder = Some(cylinder),
        }
        if cylinder < self.cylinders { Ok(()) } else { Err((1, 4)) }
    }

    fn block(&mut self, ccw: &Ccw) -> Result<(), Wrong> {
        self.blocks += 1;
        if ccw.command == command::WRITE && self.read_only {
            return Err((1, 3));
        }
        match ccw.count {
            0 => return Err((2, 8)),
            count if count > LONGEST_BLOCK => return Err((2, 9)),
            _ => {}
        }
        if ccw.flags.contains(CcwFlags::INDIRECT) {
            // The interpreter looks at each address of the list.
            return Ok(());
        }
        let access = if ccw.command == command::READ { Access::Store } else { Access::Fetch };
        self.machine.check(ccw.address, usize::from(ccw.count), access, 0).map_err(|_| (2, 10))
    }
}

/// Code 18: blocks of a disk, by a program of a form that CMS uses.
pub(super) fn standard(call: &mut Call<'_, '_>) -> Answer {
    let (device, at) = (call.register(call.x) as u16, call.address(call.y));
    let blocks = call.register(15);
    let (read_only, cylinders) = match family(call.machine(), device) {
        None => return call.complete(1, 1),
        Some(Family::Disk { read_only, cylinders }) => (read_only, cylinders),
        Some(_) => return call.complete(1, 2),
    };
    if !at.is_multiple_of(8) {
        return call.complete(2, 5);
    }
    if !(1..=MOST_BLOCKS).contains(&blocks) {
        return call.complete(2, 11);
    }
    let mut check = Check { machine: &call.cp.user.machine, read_only, cylinders, cylinder: None, blocks: 0 };
    if let Err((cc, code)) = check.program(at, blocks) {
        return call.complete(cc, code);
    }
    match execute(call.machine(), device, 0, at) {
        Err(NotExecuted::NotOperational) => call.complete(1, 1),
        Err(NotExecuted::Busy) => call.complete(1, 5),
        Err(NotExecuted::Refused(_)) => call.complete(2, 10),
        Err(NotExecuted::Endless) => fail(call, Csw::default()),
        Ok(csw) if is_good(csw) => call.complete(0, 0),
        Ok(csw) => fail(call, csw),
    }
}

/// An I/O error of code 18: the CSW is where a CSW is, and sense data are in the device.
fn fail(call: &mut Call<'_, '_>, csw: Csw) -> Answer {
    let machine = call.machine();
    let at = machine.state.absolute(assigned_storage::CSW);
    machine.storage.store_u64(at, csw.emit());
    call.complete(3, 13)
}

/// Code 20: any program for a disk or a tape.
pub(super) fn general(call: &mut Call<'_, '_>) -> Answer {
    let device = call.register(call.x) as u16;
    // The high-order byte is a storage key in later systems, and zero in programs for this one.
    let (key, at) = ((call.register(call.y) >> 28) as u8, call.address(call.y));
    match family(call.machine(), device) {
        None => return call.complete(1, 1),
        Some(Family::Disk { .. } | Family::FixedBlocks | Family::Tape) => {}
        Some(_) => return permanent(call, &[]),
    }
    match execute(call.machine(), device, key, at) {
        Err(NotExecuted::NotOperational) => call.complete(1, 1),
        Err(NotExecuted::Busy) => call.complete(1, 5),
        Err(NotExecuted::Refused(_) | NotExecuted::Endless) => permanent(call, &[]),
        Ok(csw) if csw.unit.contains(UnitStatus::UNIT_CHECK) => {
            let now = call.machine().state.time;
            let sense = call.machine().channels.sense(device, now).unwrap_or_default();
            permanent(call, &sense)
        }
        Ok(csw) if csw.channel.difference(IGNORED) == ChannelStatus::INCORRECT_LENGTH => call.complete(2, 3),
        Ok(csw) if !csw.channel.difference(IGNORED).is_empty() => permanent(call, &[]),
        Ok(csw) if csw.unit.contains(UnitStatus::UNIT_EXCEPTION) => call.complete(2, 2),
        Ok(_) => call.complete(0, 0),
    }
}

/// A permanent error of code 20, with the first two sense bytes.
fn permanent(call: &mut Call<'_, '_>, sense: &[u8]) -> Answer {
    let y = call.y;
    let byte = |at: usize| u32::from(sense.get(at).copied().unwrap_or_default());
    let value = call.register(y) & 0xFFFF_0000 | byte(0) << 8 | byte(1);
    call.set(y, value);
    call.complete(3, 13)
}

/// There is nobody to tell of a program-controlled interruption.
const IGNORED: ChannelStatus = ChannelStatus::PROGRAM_CONTROLLED;

fn is_good(csw: Csw) -> bool {
    csw.channel.difference(IGNORED).is_empty() && UnitStatus::ENDED.contains(csw.unit)
}

fn execute(machine: &mut VirtualMachine, device: u16, key: u8, at: u32) -> Result<Csw, NotExecuted> {
    let caw = Caw { key, reserved: 0, address: at };
    machine.channels.execute(device, caw, machine.state.time, &machine.storage)
}
