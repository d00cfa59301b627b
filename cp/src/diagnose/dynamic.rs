//! Code 28: a channel program that is being executed was modified.
//!
//! CP's interpreter fetches each CCW of a virtual machine when it takes control, and never earlier, so that it finds the
//! modification by itself. What remains is to tell the virtual machine whether it was in time and right.

use super::{Answer, Call};
use crate::vm::Access;

const NO_OPERATION: u8 = 0x03;
const TRANSFER: u8 = 0x08;

/// Completion codes in register 15, with condition code 1.
mod code {
    pub const SAME_REGISTER: u32 = 1;
    pub const NO_DEVICE: u32 = 2;
    pub const OUTSIDE: u32 = 3;
    pub const BOUNDARY: u32 = 4;
    pub const NEITHER: u32 = 6;
    pub const TARGET_OUTSIDE: u32 = 7;
    pub const TARGET_BOUNDARY: u32 = 8;
}

pub(super) fn modify(call: &mut Call<'_, '_>) -> Answer {
    if call.x == call.y {
        return call.complete(1, code::SAME_REGISTER);
    }
    let (at, device) = (call.address(call.x), call.register(call.y) as u16);
    let machine = call.machine();
    let wrong = if machine.channels.any_device(device).is_none() {
        Some(code::NO_DEVICE)
    } else if machine.check(at, 8, Access::Fetch, 0).is_err() {
        Some(code::OUTSIDE)
    } else if !at.is_multiple_of(8) {
        Some(code::BOUNDARY)
    } else {
        let ccw: [u8; 8] = machine.fetch_array(at)?;
        let target = u32::from_be_bytes([0, ccw[1], ccw[2], ccw[3]]);
        match ccw[0] {
            NO_OPERATION => None,
            command if command & 0x0F != TRANSFER => Some(code::NEITHER),
            _ if machine.check(target, 8, Access::Fetch, 0).is_err() => Some(code::TARGET_OUTSIDE),
            _ if !target.is_multiple_of(8) => Some(code::TARGET_BOUNDARY),
            _ => None,
        }
    };
    match wrong {
        Some(code) => call.complete(1, code),
        // Channel end or device end has come already.
        None if !call.machine().channels.is_working(device) => call.complete(2, 0),
        None => call.complete(0, 0),
    }
}
