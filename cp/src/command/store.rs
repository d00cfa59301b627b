//! STORE: into storage, registers and PSW, and the status at its assigned locations.

use s370_arch::psw::Psw;

use super::{
    Answer, Failure, Reply,
    operand::{Operands, decimal, hexadecimal, invalid, is},
};
use crate::{message, system::Cp, vm::VirtualMachine};

/// Words, or digits of bytes, that one command stores.
const MOST: usize = 256;

pub(super) fn store(cp: &mut Cp<'_>, operands: &mut Operands<'_>) -> Answer {
    let word = operands.required(&message::OPERAND)?;
    let machine = &mut cp.user.machine;
    if is(word, "STATUS", 6) {
        operands.end()?;
        status(machine)?;
    } else if is(word, "PSW", 1) {
        psw(machine, operands)?;
    } else {
        let (letter, rest) = word.split_at_checked(1).unwrap_or(("", word));
        match letter {
            "G" | "X" | "Y" => registers(machine, letter, rest, operands)?,
            "S" => bytes(machine, rest, operands)?,
            "L" => words(machine, rest, operands)?,
            _ => words(machine, word, operands)?,
        }
    }
    Ok(Reply::line("STORE COMPLETE"))
}

/// Deviation: a machine in basic-control mode can store its status too; VM/370 wants extended control for it.
fn status(machine: &VirtualMachine) -> Result<(), Failure> {
    machine.state.store_status(&machine.storage);
    Ok(())
}

fn hexdata(word: &str) -> Result<u32, Failure> {
    hexadecimal(word, 8).ok_or_else(|| (&message::HEXDATA).into())
}

/// The words that follow; there must be one.
fn values(operands: &mut Operands<'_>) -> Result<Vec<u32>, Failure> {
    let mut values = vec![hexdata(operands.required(&message::HEXDATA)?)?];
    while let Some(word) = operands.next() {
        values.push(hexdata(word)?);
        if values.len() > MOST {
            return Err(invalid(word));
        }
    }
    Ok(values)
}

fn psw(machine: &mut VirtualMachine, operands: &mut Operands<'_>) -> Result<(), Failure> {
    let old = machine.state.psw.emit(0, 0);
    let word = match values(operands)?[..] {
        [second] => old & 0xFFFF_FFFF_0000_0000 | u64::from(second),
        [first, second] => u64::from(first) << 32 | u64::from(second),
        _ => return Err((&message::HEXDATA).into()),
    };
    machine.set_psw(Psw::parse(word));
    Ok(())
}

/// Storage from a word boundary on.
fn words(machine: &VirtualMachine, location: &str, operands: &mut Operands<'_>) -> Result<(), Failure> {
    let at = hexadecimal(location, 6).ok_or(&message::HEXLOC)? & !3;
    let bytes: Vec<u8> = values(operands)?.into_iter().flat_map(u32::to_be_bytes).collect();
    machine.store(at, &bytes).map_err(|_| (&message::HEXLOC).into())
}

/// Storage from any byte on.
fn bytes(machine: &VirtualMachine, location: &str, operands: &mut Operands<'_>) -> Result<(), Failure> {
    let at = hexadecimal(location, 6).ok_or(&message::HEXLOC)?;
    let mut digits = String::from(operands.required(&message::HEXDATA)?);
    while let Some(word) = operands.next() {
        digits.push_str(word);
    }
    let is_even = digits.len().is_multiple_of(2) && digits.len() <= 2 * MOST;
    let byte = |pair: &[u8]| std::str::from_utf8(pair).ok().and_then(|pair| hexadecimal(pair, 2));
    let bytes: Option<Vec<u8>> = digits.as_bytes().chunks(2).map(|pair| byte(pair).map(|byte| byte as u8)).collect();
    let bytes = bytes.filter(|_| is_even).ok_or(&message::HEXDATA)?;
    machine.store(at, &bytes).map_err(|_| (&message::HEXLOC).into())
}

fn registers(
    machine: &mut VirtualMachine,
    letter: &str,
    number: &str,
    operands: &mut Operands<'_>,
) -> Result<(), Failure> {
    let invalid_register = || Failure::with(&message::INVALID_REGISTER, &[&super::shown(number)]);
    let first = decimal(number, 2).filter(|number| *number < 16).ok_or_else(invalid_register)? as usize;
    if letter == "Y" {
        return floating_point(machine, first, operands);
    }
    let values = values(operands)?;
    let most = if letter == "X" && !machine.has_extended_control() { 1 } else { 16 };
    if first + values.len() > most {
        return Err(invalid_register());
    }
    for (number, value) in (first..).zip(values) {
        if letter == "X" {
            machine.set_control_register(number, value);
        } else {
            machine.state.gr[number] = value;
        }
    }
    Ok(())
}

/// Doublewords, of which missing digits at the right are zeros.
fn floating_point(machine: &mut VirtualMachine, first: usize, operands: &mut Operands<'_>) -> Result<(), Failure> {
    let invalid_register = || Failure::with(&message::INVALID_REGISTER, &[&first.to_string()]);
    let mut values = Vec::new();
    let mut next = Some(operands.required(&message::HEXDATA)?);
    while let Some(word) = next {
        let is_number = (1..=16).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_hexdigit());
        let value = u64::from_str_radix(&format!("{word:0<16}"), 16).ok().filter(|_| is_number);
        values.push(value.ok_or(&message::HEXDATA)?);
        next = operands.next();
        if values.len() > 4 {
            return Err(invalid_register());
        }
    }
    if !first.is_multiple_of(2) || first / 2 + values.len() > 4 {
        return Err(invalid_register());
    }
    machine.state.fpr[first / 2..first / 2 + values.len()].copy_from_slice(&values);
    Ok(())
}
