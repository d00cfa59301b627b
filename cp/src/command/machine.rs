//! Keys and switches of the virtual machine: BEGIN, SYSTEM, IPL, EXTERNAL, SLEEP.

use devices::machine::IplError;
use s370_arch::ebcdic;
use s370_cpu::state::{MICROSECOND, RunState};

use super::{
    Answer, Failure, Reply,
    operand::{Operands, decimal, device, hexadecimal, invalid, is},
};
use crate::{
    message,
    system::Cp,
    systems::{self, NamedSystems, SystemError},
    user::{Mode, Sleep, User, padded},
    vm::Stop,
};

/// BEGIN: the virtual machine goes on, perhaps at another address.
pub(super) fn begin(cp: &mut Cp<'_>, operands: &mut Operands<'_>) -> Answer {
    if let Some(word) = operands.next() {
        let address = hexadecimal(word, 6).ok_or(&message::HEXLOC)?;
        operands.end()?;
        cp.user.machine.state.psw.address = address;
    }
    if cp.user.machine.state.run_state == RunState::CheckStop {
        // It was in a loop of interruptions, and shall try again.
        cp.user.machine.state.run_state = RunState::Operating;
    }
    cp.user.machine.start();
    cp.user.mode = Mode::Running;
    cp.user.sleep = None;
    Ok(Reply::default())
}

/// The virtual machine cannot go on, and CP waits for a command: says why, if that is so.
pub fn enter(user: &mut User, stop: Stop) -> bool {
    let psw = user.machine.state.psw.emit(0, 0);
    let psw = format!("{:08X} {:08X}", psw >> 32, psw & 0xFFFF_FFFF);
    let (message, module) = match stop {
        Stop::DisabledWait => (&message::DISABLED_WAIT, "DSP"),
        Stop::ProgramLoop => (&message::PROGRAM_LOOP, "PRG"),
        _ => return false,
    };
    user.mode = Mode::CpRead;
    if let Some(line) = message.edited(user.settings.emsg, module, &[&psw]) {
        user.say(&line);
    }
    true
}

/// Whatever a reset of the virtual machine ends, besides what the machine itself does.
pub(super) fn reset_surroundings(cp: &mut Cp<'_>) {
    cp.system.silence(cp.user.machine.owner);
    cp.user.screen = None;
    cp.user.pa2_interrupts = false;
}

/// SYSTEM: the reset and restart keys.
pub(super) fn system(cp: &mut Cp<'_>, operands: &mut Operands<'_>) -> Answer {
    let word = operands.required(&message::OPERAND)?;
    let what = if is(word, "CLEAR", 5) {
        Some(true)
    } else if is(word, "RESET", 5) {
        Some(false)
    } else if is(word, "RESTART", 7) {
        None
    } else {
        return Err(invalid(word));
    };
    operands.end()?;
    let Some(clear) = what else {
        cp.user.machine.restart();
        cp.user.mode = Mode::Running;
        return Ok(Reply::reset(Vec::new()));
    };
    reset_surroundings(cp);
    cp.user.machine.reset_to_wait(cp.processor, clear);
    let line = if clear { "STORAGE CLEARED - SYSTEM RESET" } else { "SYSTEM RESET" };
    Ok(Reply::reset(vec![line.to_owned()]))
}

/// EXTERNAL: an external interruption.
pub(super) fn external(cp: &mut Cp<'_>, operands: &mut Operands<'_>) -> Answer {
    /// The interrupt key.
    const KEY: u32 = 0x40;
    let code = match operands.next() {
        None => KEY,
        Some(word) => hexadecimal(word, 2).filter(|code| *code != 0).ok_or(&message::OPERAND)?,
    };
    operands.end()?;
    cp.user.machine.external_interruption(code as u8);
    Ok(Reply::default())
}

/// SLEEP: the virtual machine does not run for a while.
pub(super) fn sleep(cp: &mut Cp<'_>, operands: &mut Operands<'_>) -> Answer {
    let Some(word) = operands.next() else {
        cp.user.sleep = Some(Sleep::Attention);
        return Ok(Reply::default());
    };
    let number = decimal(word, 2).ok_or(&message::OPERAND)?;
    let seconds = match operands.next() {
        None => 60,
        Some("MIN") => 60,
        Some("SEC") => 1,
        Some(word) if is(word, "HRS", 2) => 3600,
        Some(word) => return Err(invalid(word)),
    };
    operands.end()?;
    let wait = u64::from(number * seconds) * 1_000_000 * MICROSECOND;
    cp.user.sleep = Some(Sleep::Until(cp.user.machine.state.time.saturating_add(wait)));
    Ok(Reply::default())
}

/// What IPL says besides the device or the system.
#[derive(Default)]
struct Options {
    clear: bool,
    stop: bool,
    /// For the general registers.
    parameters: Vec<u8>,
}

/// Bytes that PARM can give: those of 16 registers.
const PARAMETERS: usize = 64;

fn options(operands: &mut Operands<'_>, is_device: bool) -> Result<Options, Failure> {
    let mut options = Options::default();
    while let Some(word) = operands.next() {
        match word {
            "PARM" => {
                options.parameters = ebcdic::from_text(operands.rest());
                if options.parameters.len() > PARAMETERS {
                    return Err((&message::OPERAND).into());
                }
            }
            // These are for devices only.
            _ if is_device && is(word, "CLEAR", 2) => options.clear = true,
            "NOCLEAR" if is_device => options.clear = false,
            "STOP" if is_device => options.stop = true,
            _ => return Err(invalid(word)),
        }
    }
    Ok(options)
}

/// IPL of a device or of a saved system.
pub(super) fn ipl(cp: &mut Cp<'_>, operands: &mut Operands<'_>) -> Answer {
    let word = operands.required(&message::VADDR)?;
    let address = hexadecimal(word, 4).and_then(|_| device(word).ok());
    // A name may look like a number: a device that is there comes first.
    let there = address.filter(|address| cp.user.machine.channels.any_device(*address).is_some());
    let options = options(operands, address.is_some())?;
    match (there, address) {
        (Some(address), _) => ipl_device(cp, address, &options)?,
        (None, Some(address)) => return Err(Failure::with(&message::NO_DEVICE, &[&format!("{address:03X}")])),
        (None, None) => ipl_system(cp, word)?,
    }
    let state = &mut cp.user.machine.state;
    for (register, bytes) in state.gr.iter_mut().zip(options.parameters.chunks(4)) {
        // Bytes that are not given stay as they are.
        let mut value = register.to_be_bytes();
        value[..bytes.len()].copy_from_slice(bytes);
        *register = u32::from_be_bytes(value);
    }
    cp.user.sleep = None;
    // SET PAGEX is OFF after each IPL.
    cp.user.settings.pagex = false;
    cp.user.mode = if options.stop { Mode::CpRead } else { Mode::Running };
    Ok(Reply::reset(Vec::new()))
}

fn ipl_device(cp: &mut Cp<'_>, address: u16, options: &Options) -> Result<(), Failure> {
    reset_surroundings(cp);
    let loaded = cp.user.machine.ipl(cp.processor, address, options.clear);
    loaded.map_err(|error| {
        let was_reset = true;
        match error {
            IplError::Psw(_) => Failure { was_reset, ..Failure::from(&message::INVALID_PSW) },
            IplError::Load(error) => {
                let text = error.to_string().to_uppercase();
                Failure { was_reset, ..Failure::with(&message::IPL_FAILED, &[&text]) }
            }
        }
    })
}

fn ipl_system(cp: &mut Cp<'_>, word: &str) -> Result<(), Failure> {
    let mut systems = systems::of(cp.system);
    let name = padded(word);
    let failure = |error| match error {
        SystemError::DoesNotExist => Failure::with(&message::NO_SYSTEM, &[&super::shown(word)]),
        SystemError::Paging => (&message::PAGING).into(),
    };
    if word.len() > 8 {
        return Err(failure(SystemError::DoesNotExist));
    }
    // Nothing is reset for a system that is not there.
    systems.find(&cp.user.machine, &name).map_err(failure)?;
    reset_surroundings(cp);
    cp.user.machine.system_reset(cp.processor);
    let start = systems.ipl(&mut cp.user.machine, &name).map_err(failure)?;
    cp.user.machine.state.gr = start.registers;
    cp.user.machine.set_psw(start.psw);
    cp.user.machine.start();
    Ok(())
}
