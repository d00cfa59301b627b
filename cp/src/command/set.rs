//! SET: what a user can switch.

use super::{
    Answer, Reply,
    machine::reset_surroundings,
    operand::{Operands, decimal, invalid, is, switch},
};
use crate::{
    message,
    system::Cp,
    user::{Emsg, FunctionKey, Settings},
    vm::Timer,
};

/// Where a switch is.
type Setting = fn(&mut Settings) -> &mut bool;

/// Operands that only switch something, with their shortest abbreviations.
const SWITCHES: &[(&str, usize, Setting)] = &[
    ("RUN", 3, |set| &mut set.run),
    ("MSG", 3, |set| &mut set.msg),
    ("WNG", 3, |set| &mut set.wng),
    ("IMSG", 4, |set| &mut set.imsg),
    ("SMSG", 2, |set| &mut set.smsg),
    ("LINEDIT", 5, |set| &mut set.linedit),
    ("PAGEX", 5, |set| &mut set.pagex),
    ("NOTRANS", 4, |set| &mut set.notrans),
    ("ACNT", 4, |set| &mut set.acnt),
];

/// Characters that a program function key sends.
const LONGEST_KEY: usize = 131;

pub(super) fn set(cp: &mut Cp<'_>, operands: &mut Operands<'_>) -> Answer {
    let word = operands.required(&message::OPERAND)?;
    if let Some((_, _, setting)) = SWITCHES.iter().find(|(name, shortest, _)| is(word, name, *shortest)) {
        let value = switch(operands.next())?;
        operands.end()?;
        *setting(&mut cp.user.settings) = value;
        return Ok(Reply::default());
    }
    if is(word, "EMSG", 4) {
        emsg(cp, operands)
    } else if is(word, "ECMODE", 2) {
        ecmode(cp, operands)
    } else if is(word, "TIMER", 5) {
        timer(cp, operands)
    } else if is(word, "ASSIST", 2) {
        assist(operands)
    } else if let Some(number) = key_number(word) {
        Ok(function_key(cp, number, operands))
    } else {
        Err(invalid(word))
    }
}

fn emsg(cp: &mut Cp<'_>, operands: &mut Operands<'_>) -> Answer {
    let value = match operands.required(&message::OPERAND)? {
        "ON" => Emsg::On,
        "OFF" => Emsg::Off,
        "CODE" => Emsg::Code,
        "TEXT" => Emsg::Text,
        word => return Err(invalid(word)),
    };
    operands.end()?;
    cp.user.settings.emsg = value;
    Ok(Reply::default())
}

/// Extended control, which resets the machine.
fn ecmode(cp: &mut Cp<'_>, operands: &mut Operands<'_>) -> Answer {
    let value = switch(operands.next())?;
    operands.end()?;
    reset_surroundings(cp);
    cp.user.machine.set_extended_control(value);
    cp.user.machine.reset_to_wait(cp.processor, false);
    cp.user.settings.ecmode = value;
    Ok(Reply::reset(Vec::new()))
}

fn timer(cp: &mut Cp<'_>, operands: &mut Operands<'_>) -> Answer {
    let value = match operands.required(&message::OPERAND)? {
        "ON" => Timer::On,
        "OFF" => Timer::Off,
        "REAL" => Timer::Real,
        word => return Err(invalid(word)),
    };
    operands.end()?;
    cp.user.machine.set_timer(value);
    Ok(Reply::default())
}

/// There is no assist that could be switched: OFF is what there is, and ON is not to be had.
fn assist(operands: &mut Operands<'_>) -> Answer {
    match operands.required(&message::OPERAND)? {
        "OFF" => {
            operands.end()?;
            Ok(Reply::default())
        }
        word => Err(invalid(word)),
    }
}

/// The number of a program function key: PF1 to PF24.
pub(super) fn key_number(word: &str) -> Option<u8> {
    let number = decimal(word.strip_prefix("PF")?, 2)?;
    (1..=24).contains(&number).then_some(number as u8)
}

/// A program function key, which is stored for the user's display.
///
/// Deviation: TAB and COPY, which are functions of the display, are stored as text.
fn function_key(cp: &mut Cp<'_>, number: u8, operands: &mut Operands<'_>) -> Reply {
    let mut text = operands.rest();
    let mut is_immediate = false;
    let trimmed = text.trim_start();
    let word = trimmed.split_whitespace().next().unwrap_or_default();
    if is(word, "IMMED", 3) || is(word, "DELAYED", 3) {
        is_immediate = word.starts_with('I');
        text = trimmed[word.len()..].strip_prefix(' ').unwrap_or_default();
    }
    if text.trim().is_empty() {
        cp.user.function_keys.remove(&number);
    } else {
        let text = text.chars().take(LONGEST_KEY).collect();
        cp.user.function_keys.insert(number, FunctionKey { is_immediate, text });
    }
    Reply::default()
}
