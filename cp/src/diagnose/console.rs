//! What a virtual machine asks of the user's console: codes 08, 54, 5C.

use s370_arch::ebcdic;

use super::{Answer, Call, Outcome, SPECIFICATION};
use crate::{
    command,
    user::{Emsg, Mode},
    vm::Access,
};

/// Characters of a command line.
const LONGEST_LINE: u32 = 132;
/// Bytes of a response buffer.
const LONGEST_RESPONSE: u32 = 8192;
/// What a command takes besides its lines, in instructions.
const COMMAND_TAKES: u64 = 5;
/// In Ry: the response goes to a buffer.
const TO_BUFFER: u32 = 0x4000_0000;
/// Between commands, and after each line of a response.
const NEW_LINE: u8 = 0x15;

/// Code 08: CP commands.
pub(super) fn command(call: &mut Call<'_, '_>) -> Answer {
    let parameters = call.register(call.y);
    if parameters == 0 {
        call.cp.user.mode = Mode::CpRead;
        return Ok(Outcome::Done);
    }
    let length = parameters & 0x00FF_FFFF;
    if length > LONGEST_LINE {
        return Err(SPECIFICATION);
    }
    let buffer = if parameters & TO_BUFFER == 0 { None } else { Some(Buffer::of(call)?) };
    let at = call.address(call.x);
    let text = call.machine().fetch(at, length as usize)?;
    let (mut lines, mut code, mut was_reset) = (Vec::new(), 0, false);
    for line in text.split(|&byte| byte == NEW_LINE) {
        let emsg = if buffer.is_some() { Emsg::On } else { call.cp.user.settings.emsg };
        let performed = command::perform(call.cp, &ebcdic::to_text(line), emsg);
        call.machine().counts.extra += COMMAND_TAKES + performed.response.lines.len() as u64;
        lines.extend(performed.response.lines);
        code = performed.response.code;
        was_reset |= performed.was_reset;
    }
    let Some(buffer) = buffer else {
        lines.iter().for_each(|line| call.cp.user.say(line));
        if !was_reset {
            let y = call.y;
            call.set(y, code);
        }
        return Ok(Outcome::Done);
    };
    if was_reset {
        // The program that asked is not there any more.
        lines.iter().for_each(|line| call.cp.user.say(line));
        return Ok(Outcome::Done);
    }
    let y = call.y;
    call.set(y, code);
    buffer.respond(call, &lines)
}

/// Where a response goes.
struct Buffer {
    at: u32,
    length: u32,
    /// The register that gets the length.
    register: usize,
}

impl Buffer {
    fn of(call: &mut Call<'_, '_>) -> Result<Buffer, super::Exception> {
        let (x, y) = (call.x, call.y);
        if x == 15 || y == 15 || x.abs_diff(y) <= 1 {
            return Err(SPECIFICATION);
        }
        let (at, length) = (call.address(x + 1), call.register(y + 1));
        if length > LONGEST_RESPONSE {
            return Err(SPECIFICATION);
        }
        call.machine().check(at, length as usize, Access::Store, 0)?;
        Ok(Buffer { at, length, register: y + 1 })
    }

    /// Stores the lines that fit.
    fn respond(&self, call: &mut Call<'_, '_>, lines: &[String]) -> Answer {
        let (mut bytes, mut lost) = (Vec::new(), 0);
        for line in lines {
            let mut line = ebcdic::from_text(line);
            line.push(NEW_LINE);
            if lost > 0 || bytes.len() + line.len() > self.length as usize {
                lost += line.len();
            } else {
                bytes.append(&mut line);
            }
        }
        call.machine().store(self.at, &bytes)?;
        call.set(self.register, if lost > 0 { lost } else { bytes.len() } as u32);
        call.done(u8::from(lost > 0))
    }
}

/// Code 54: what the PA2 key does.
pub(super) fn pa2(call: &mut Call<'_, '_>) -> Answer {
    call.cp.user.pa2_interrupts = call.register(call.x) != 0;
    Ok(Outcome::Done)
}

/// Code 5C: the part of a message that the user wants to see.
pub(super) fn edit(call: &mut Call<'_, '_>) -> Answer {
    /// `DMSxxxnnnE`.
    const CODE: u32 = 10;
    let (x, y) = (call.x, call.y);
    let (at, length) = (call.register(x), call.register(y));
    match call.cp.user.settings.emsg {
        Emsg::On => {}
        Emsg::Off => call.set(y, 0),
        Emsg::Code => call.set(y, length.min(CODE)),
        Emsg::Text => {
            let skipped = length.min(CODE + 1);
            call.set(x, at.wrapping_add(skipped));
            call.set(y, length - skipped);
        }
    }
    Ok(Outcome::Done)
}
