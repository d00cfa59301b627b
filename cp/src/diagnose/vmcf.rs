//! Code 68: the virtual machine communication facility.

use std::sync::{Arc, TryLockError};

use super::{Answer, Call, Outcome};
use crate::{
    real::Owner,
    vm::{Access, Fault, VirtualMachine},
    vmcf::{Authorization, HEADER, PRIORITY, Parameters, SPECIAL, SPECIFIC, Transfer, code, function},
};

/// Bytes that are moved at a time.
const PIECE: u32 = 4096;

/// Subfunctions.
mod subfunction {
    pub const AUTHORIZE: u16 = 0;
    pub const UNAUTHORIZE: u16 = 1;
    pub const SEND: u16 = super::function::SEND;
    pub const SEND_RECEIVE: u16 = super::function::SEND_RECEIVE;
    pub const SENDX: u16 = super::function::SENDX;
    pub const RECEIVE: u16 = 5;
    pub const CANCEL: u16 = 6;
    pub const REPLY: u16 = 7;
    pub const QUIESCE: u16 = 8;
    pub const RESUME: u16 = 9;
    pub const IDENTIFY: u16 = super::function::IDENTIFY;
    pub const REJECT: u16 = 11;
}

/// The other user is running; the caller is to ask again.
struct Busy;

type Code = Result<u32, Busy>;

pub(super) fn communicate(call: &mut Call<'_, '_>) -> Answer {
    let at = call.aligned(call.x, 8)?;
    let parameters = Parameters::parse(&call.machine().fetch_array::<HEADER>(at)?);
    let owner = call.machine().owner;
    let vmcf = Arc::clone(&call.cp.system.vmcf);
    let knows = vmcf.is_authorized(owner) || parameters.function == subfunction::AUTHORIZE;
    let answer = match parameters.function {
        subfunction if subfunction > subfunction::REJECT => Ok(code::SUBFUNCTION),
        _ if !knows => Ok(code::NOT_AUTHORIZED),
        subfunction::AUTHORIZE => Ok(authorize(call, &parameters)),
        subfunction::UNAUTHORIZE => {
            call.cp.system.silence(owner);
            Ok(code::DONE)
        }
        subfunction::SEND | subfunction::SEND_RECEIVE | subfunction::SENDX | subfunction::IDENTIFY => {
            Ok(send(call, parameters))
        }
        subfunction::RECEIVE => receive(call, &parameters),
        subfunction::CANCEL => Ok(vmcf.cancel(owner, &parameters)),
        subfunction::REPLY => reply(call, &parameters),
        subfunction::QUIESCE => Ok(vmcf.quiesce(owner, true)),
        subfunction::RESUME => Ok(vmcf.quiesce(owner, false)),
        _ => Ok(match vmcf.reject(owner, &parameters) {
            Ok(others) => announce(call, others),
            Err(code) => code,
        }),
    };
    let Ok(code) = answer else { return Ok(Outcome::Again) };
    let y = call.y;
    call.set(y, code);
    let pending = vmcf.has_message(owner);
    call.machine().state.external.message = pending;
    Ok(Outcome::Done)
}

/// Tells those who have an interruption to come.
fn announce(call: &Call<'_, '_>, owners: impl IntoIterator<Item = Owner>) -> u32 {
    owners.into_iter().for_each(|owner| call.cp.system.post.announce(owner));
    code::DONE
}

fn fault(fault: Fault) -> u32 {
    match fault {
        Fault::Addressing => code::ADDRESS,
        Fault::Protection => code::PROTECTION,
    }
}

/// Whether the caller can have an area.
fn check(call: &mut Call<'_, '_>, address: u32, length: u32, access: Access) -> Result<(), u32> {
    let machine = call.machine();
    machine.check(address, length as usize, access, machine.state.psw.key).map_err(fault)
}

fn authorize(call: &mut Call<'_, '_>, parameters: &Parameters) -> u32 {
    let &Parameters { flags, address, length, user, .. } = parameters;
    if !address.is_multiple_of(8) || (length as usize) < HEADER {
        return code::ADDRESS;
    }
    if let Err(code) = check(call, address, length, Access::Store) {
        return code;
    }
    let authorization = Authorization {
        name: call.cp.user.name(),
        specific: (flags & SPECIFIC != 0).then_some(user),
        priority: flags & PRIORITY != 0,
        special: flags & SPECIAL != 0,
        buffer: address,
        length,
    };
    let owner = call.machine().owner;
    let others = call.cp.system.vmcf.authorize(owner, authorization);
    announce(call, others)
}

fn send(call: &mut Call<'_, '_>, parameters: Parameters) -> u32 {
    let mut data = Vec::new();
    if parameters.function != subfunction::IDENTIFY {
        if let Err(code) = check(call, parameters.address, parameters.length, Access::Fetch) {
            return code;
        }
        let (reply, room) = (parameters.reply_address, parameters.reply_length);
        if parameters.function == subfunction::SEND_RECEIVE
            && let Err(code) = check(call, reply, room, Access::Store)
        {
            return code;
        }
    }
    if parameters.function == subfunction::SENDX {
        charge(call, parameters.length);
        match call.machine().fetch(parameters.address, parameters.length as usize) {
            Ok(bytes) => data = bytes,
            Err(wrong) => return fault(wrong),
        }
    }
    let name = s370_arch::ebcdic::to_text(&parameters.user);
    let to = call.cp.system.find(name.trim_end());
    let (owner, key) = (call.machine().owner, call.machine().state.psw.key);
    match call.cp.system.vmcf.send(owner, to, parameters, key, data) {
        Ok(others) => announce(call, others),
        Err(code) => code,
    }
}

fn receive(call: &mut Call<'_, '_>, parameters: &Parameters) -> Code {
    if let Err(code) = check(call, parameters.address, parameters.length, Access::Store) {
        return Ok(code);
    }
    let owner = call.machine().owner;
    let transfer = match call.cp.system.vmcf.receive(owner, parameters) {
        Ok(transfer) => transfer,
        Err((code, others)) => {
            announce(call, others);
            return Ok(code);
        }
    };
    let error = with_source(call, &transfer, |source, sink| {
        source.check(transfer.address, transfer.length as usize, Access::Fetch, transfer.key)?;
        copy((source, transfer.address), (sink, parameters.address), transfer.length)
    })?;
    charge(call, transfer.length);
    let others = call.cp.system.vmcf.received(&transfer, error, parameters.doubleword);
    announce(call, others);
    Ok(if error == code::DONE { error } else { code::TRANSFER })
}

fn reply(call: &mut Call<'_, '_>, parameters: &Parameters) -> Code {
    if let Err(code) = check(call, parameters.address, parameters.length, Access::Fetch) {
        return Ok(code);
    }
    let owner = call.machine().owner;
    let transfer = match call.cp.system.vmcf.reply(owner, parameters) {
        Ok(transfer) => transfer,
        Err((code, others)) => {
            announce(call, others);
            return Ok(code);
        }
    };
    let error = with_source(call, &transfer, |source, sink| {
        source.check(transfer.address, transfer.length as usize, Access::Store, transfer.key)?;
        copy((sink, parameters.address), (source, transfer.address), transfer.length)
    })?;
    charge(call, transfer.length);
    let others = call.cp.system.vmcf.replied(&transfer, error, parameters.doubleword);
    announce(call, others);
    Ok(if error == code::DONE { error } else { code::TRANSFER })
}

/// Does something with the source's storage and the caller's, which may be the same. A data-transfer error code.
///
/// Two users are never waited for at once: if the other is running, the caller tries again later.
fn with_source(
    call: &mut Call<'_, '_>,
    transfer: &Transfer,
    act: impl FnOnce(&VirtualMachine, &VirtualMachine) -> Result<(), Fault>,
) -> Code {
    let sink = &call.cp.user.machine;
    let done = if transfer.source == sink.owner {
        act(sink, sink)
    } else {
        let Some(user) = call.cp.system.user(transfer.source) else { return Ok(code::NOT_AVAILABLE) };
        let user = match user.try_lock() {
            Ok(user) => user,
            Err(TryLockError::Poisoned(user)) => user.into_inner(),
            Err(TryLockError::WouldBlock) => return Err(Busy),
        };
        act(&user.machine, sink)
    };
    Ok(done.map_or_else(fault, |()| code::DONE))
}

/// Moving costs time.
fn charge(call: &mut Call<'_, '_>, length: u32) {
    call.machine().counts.extra += u64::from(length / PIECE);
}

fn copy(from: (&VirtualMachine, u32), to: (&VirtualMachine, u32), length: u32) -> Result<(), Fault> {
    for offset in (0..length).step_by(PIECE as usize) {
        let piece = (length - offset).min(PIECE) as usize;
        let bytes = from.0.fetch(from.1 + offset, piece)?;
        to.0.store(to.1 + offset, &bytes)?;
    }
    Ok(())
}
