//! DEFINE: storage, channels, and channel-to-channel adapters.

use s370_arch::channel::ChannelKind;

use super::{
    Answer, Failure, Reply,
    machine::reset_surroundings,
    operand::{Operands, device, invalid, is, size},
    virtuals,
};
use crate::{message, real::StorageError, system::Cp};

/// The least storage.
const LEAST: u32 = 8 << 10;

pub(super) fn define(cp: &mut Cp<'_>, operands: &mut Operands<'_>) -> Answer {
    let word = operands.required(&message::OPERAND)?;
    let mut reply = if is(word, "STORAGE", 4) {
        storage(cp, operands)?
    } else if is(word, "CHANNELS", 4) {
        channels(cp, operands)?
    } else if word == "CTCA" {
        adapter(cp, operands)?
    } else {
        return Err(invalid(word));
    };
    if !cp.user.settings.imsg {
        reply.lines.clear();
    }
    Ok(reply)
}

fn storage(cp: &mut Cp<'_>, operands: &mut Operands<'_>) -> Answer {
    let mut word = operands.required(&message::STORAGE)?;
    if word == "AS" {
        word = operands.required(&message::STORAGE)?;
    }
    let bytes = size(word).ok_or(&message::STORAGE)?;
    operands.end()?;
    if bytes > cp.user.maximum_storage {
        return Err((&message::STORAGE_EXCEEDED).into());
    }
    if bytes < LEAST {
        return Err((&message::STORAGE).into());
    }
    let bytes = bytes.next_multiple_of(crate::real::PAGE);
    let name = cp.user.name();
    let (real, pool) = (&cp.system.real, &cp.system.pool);
    cp.user.machine.redefine(cp.processor, name, bytes, real, pool).map_err(|error| match error {
        StorageError::Size(_) | StorageError::VEqualsR => Failure::from(&message::STORAGE),
        StorageError::NoFrame(_) => (&message::NO_STORAGE).into(),
    })?;
    reset_surroundings(cp);
    Ok(Reply::reset(vec![virtuals::storage(&cp.user.machine)]))
}

fn channels(cp: &mut Cp<'_>, operands: &mut Operands<'_>) -> Answer {
    let mut word = operands.required(&message::OPERAND)?;
    if word == "AS" {
        word = operands.required(&message::OPERAND)?;
    }
    let kind = match word {
        "SEL" => ChannelKind::Selector,
        "BMX" => ChannelKind::BlockMultiplexer,
        _ => return Err(invalid(word)),
    };
    operands.end()?;
    reset_surroundings(cp);
    cp.user.machine.reset_to_wait(cp.processor, false);
    virtuals::set_channels(&mut cp.user.machine, kind);
    Ok(Reply::reset(vec![virtuals::channels(&cp.user.machine)]))
}

fn adapter(cp: &mut Cp<'_>, operands: &mut Operands<'_>) -> Answer {
    let mut word = operands.required(&message::VADDR)?;
    if word == "AS" {
        word = operands.required(&message::VADDR)?;
    }
    let address = device(word)?;
    operands.end()?;
    let taken = |_| Failure::with(&message::ALREADY_DEFINED, &[&format!("{address:03X}")]);
    cp.system.define_adapter(cp.user, address).map_err(taken)?;
    Ok(Reply::line(format!("CTCA {address:03X} DEFINED")))
}
