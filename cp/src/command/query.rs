//! QUERY: settings, time, users, the virtual machine.

use s370_cpu::state::MICROSECOND;

use super::{
    Answer, Failure, Reply,
    operand::{Operands, device, hexadecimal, is},
    set::key_number,
    virtuals::{self, Part},
};
use crate::{
    clock::{self, Moment},
    message::{self, Message},
    system::Cp,
    user::Emsg,
    vm::Timer,
};

/// The module that QUERY's messages name: another one looks for users.
pub(super) fn module(message: &Message) -> &'static str {
    if message.number == message::NOT_LOGGED_ON.number { "CQG" } else { "CQP" }
}

/// Operands, with their shortest abbreviations and privilege classes, in the order of searching. Those without a handler are
/// not there yet.
type Handler = fn(&mut Cp<'_>, &mut Operands<'_>) -> Answer;
pub(super) const OPERANDS: &[(&str, usize, &str, Option<Handler>)] = &[
    ("SYSTEM", 3, "B", None),
    ("DASD", 2, "BG", Some(dasd)),
    ("TAPES", 4, "BG", Some(tapes)),
    ("LINES", 5, "BG", None),
    ("UR", 2, "BDG", Some(unit_record)),
    ("STORAGE", 4, "BG", Some(storage)),
    ("ALL", 3, "BG", Some(virtual_all)),
    ("GRAF", 2, "BG", Some(displays)),
    ("LINKS", 1, "G", None),
    ("TDSK", 2, "B", None),
    ("PROCESSR", 4, "ABCEG", None),
    ("VIRTUAL", 1, "G", Some(virtual_machine)),
    ("CONSOLE", 3, "G", Some(console)),
    ("CHANNELS", 4, "G", Some(channels)),
    ("FILES", 1, "DG", None),
    ("SET", 1, "G", Some(settings)),
    ("DUMP", 4, "B", None),
    ("PAGING", 3, "AE", None),
    ("HOLD", 1, "D", None),
    ("PRIORITY", 5, "ACE", None),
    ("TERMINAL", 4, "G", None),
    ("AFFINITY", 3, "AG", None),
    ("TIME", 1, "G", Some(time)),
    ("LOGMSG", 3, "", None),
    ("NAMES", 1, "", None),
    ("USERS", 1, "", Some(users)),
    ("SASSIST", 3, "AE", None),
    ("CPASSIST", 3, "AE", None),
    ("CPUID", 3, "G", Some(cpuid)),
    ("JOURNAL", 2, "A", None),
    ("READER", 1, "DG", None),
    ("RDR", 1, "DG", None),
    ("PRINTER", 1, "DG", None),
    ("PRT", 3, "DG", None),
    ("PUNCH", 2, "DG", None),
    ("PCH", 3, "DG", None),
    ("USERID", 6, "", Some(own_userid)),
];

pub(super) fn query(cp: &mut Cp<'_>, operands: &mut Operands<'_>) -> Answer {
    let word = operands.required(&message::OPERAND)?;
    if word.starts_with("PF") && word[2..].bytes().all(|byte| byte.is_ascii_digit()) {
        return function_keys(cp, word, operands);
    }
    let found = OPERANDS.iter().find(|(name, shortest, ..)| is(word, name, *shortest));
    match found {
        Some((_, _, classes, Some(handler))) if cp.user.has_class(classes) => handler(cp, operands),
        // What is no operand may be a user, and so may what is not for this user.
        _ => userid(cp, word, operands),
    }
}

fn userid(cp: &mut Cp<'_>, word: &str, operands: &mut Operands<'_>) -> Answer {
    let unknown = || Failure::with(&message::NOT_LOGGED_ON, &[&super::shown(word)]);
    let name = if word == "*" { cp.user.userid.clone() } else { word.to_owned() };
    let owner = cp.system.find(&name).filter(|_| word.len() <= 8).ok_or_else(unknown)?;
    operands.end()?;
    Ok(Reply::line(located(&name, cp.system.terminal(owner))))
}

/// `USER     - 0C0` or `USER     - DSC`.
fn located(userid: &str, terminal: Option<String>) -> String {
    let place = terminal.as_deref().and_then(|terminal| terminal.split_whitespace().last()).unwrap_or("DSC").to_owned();
    format!("{userid:8} - {place}")
}

fn own_userid(cp: &mut Cp<'_>, operands: &mut Operands<'_>) -> Answer {
    operands.end()?;
    Ok(Reply::line(located(&cp.user.userid, cp.system.terminal(cp.user.machine.owner))))
}

fn users(cp: &mut Cp<'_>, operands: &mut Operands<'_>) -> Answer {
    match operands.next() {
        Some(word) => userid(cp, word, operands),
        // Nobody can DIAL yet.
        None => Ok(Reply::line(format!("{:03} USERS, 000 DIALED", cp.system.user_count()))),
    }
}

fn time(cp: &mut Cp<'_>, operands: &mut Operands<'_>) -> Answer {
    operands.end()?;
    let state = &cp.user.machine.state;
    let moment = Moment::of(state.tod(), &cp.system.zone);
    let (own, total) = cp.user.processor_time();
    let connected = state.time.saturating_sub(cp.user.since) / MICROSECOND / 1_000_000;
    let zone = &cp.system.zone.name;
    Ok(Reply::lines(vec![
        format!("TIME IS {} {zone} {} {}", moment.time(), moment.weekday(), moment.date()),
        format!(
            "CONNECT= {} VIRTCPU= {} TOTCPU= {}",
            clock::hours(connected),
            clock::minutes(own),
            clock::minutes(total)
        ),
    ]))
}

fn on(value: bool) -> &'static str {
    if value { "ON " } else { "OFF" }
}

fn settings(cp: &mut Cp<'_>, operands: &mut Operands<'_>) -> Answer {
    operands.end()?;
    let set = &cp.user.settings;
    let emsg = match set.emsg {
        Emsg::On => "ON ",
        Emsg::Off => "OFF",
        Emsg::Code => "CODE",
        Emsg::Text => "TEXT",
    };
    let timer = match cp.user.machine.timer() {
        Timer::Off => "OFF",
        Timer::On => "ON ",
        Timer::Real => "REAL",
    };
    let (msg, wng, acnt, run) = (on(set.msg), on(set.wng), on(set.acnt), on(set.run));
    let ecmode = on(cp.user.machine.has_extended_control());
    Ok(Reply::lines(vec![
        format!("MSG {msg}, WNG {wng}, EMSG {emsg}, ACNT {acnt}, RUN {run}"),
        format!("LINEDIT {}, TIMER {timer}, ISAM OFF, ECMODE {ecmode}", on(set.linedit)),
        // No assist works for a virtual machine, and channel programs of devices are never polled by themselves.
        format!("ASSIST OFF, PAGEX {}, AUTOPOLL OFF", on(set.pagex)),
        format!("IMSG {}", on(set.imsg)),
    ]))
}

fn cpuid(cp: &mut Cp<'_>, operands: &mut Operands<'_>) -> Answer {
    operands.end()?;
    Ok(Reply::line(format!("CPUID = {:016X}", cp.user.machine.state.model.cpu_id)))
}

fn function_keys(cp: &mut Cp<'_>, word: &str, operands: &mut Operands<'_>) -> Answer {
    let show = |number: u8| match cp.user.function_keys.get(&number) {
        None => format!("PF{number:02} UNDEFINED"),
        Some(key) => format!("PF{number:02} {} {}", if key.is_immediate { "IMMED" } else { "DELAY" }, key.text),
    };
    operands.end()?;
    if word == "PF" {
        return Ok(Reply::lines((1..=24).map(show).collect()));
    }
    let number = key_number(word).ok_or(&message::OPERAND)?;
    Ok(Reply::line(show(number)))
}

fn storage(cp: &mut Cp<'_>, operands: &mut Operands<'_>) -> Answer {
    operands.end()?;
    Ok(Reply::line(virtuals::storage(&cp.user.machine)))
}

fn channels(cp: &mut Cp<'_>, operands: &mut Operands<'_>) -> Answer {
    operands.end()?;
    Ok(Reply::line(channels_line(cp)))
}

fn channels_line(cp: &Cp<'_>) -> String {
    format!("CHANNELS= {}", if virtuals::is_selector(&cp.user.machine) { "SEL" } else { "BMX" })
}

/// The lines about all devices of some parts, by address.
fn devices(cp: &mut Cp<'_>, parts: &[Part]) -> Vec<String> {
    let addresses: Vec<u16> = cp.user.machine.channels.addresses().map(|(address, _)| address).collect();
    let wanted = addresses.into_iter().filter(|&address| parts.contains(&virtuals::part(cp.user, address)));
    let wanted: Vec<u16> = wanted.collect();
    wanted.into_iter().flat_map(|address| virtuals::device(cp, address)).collect()
}

/// A part of which there may be nothing.
fn one_part(cp: &mut Cp<'_>, operands: &mut Operands<'_>, part: Part, word: &str) -> Answer {
    operands.end()?;
    match devices(cp, &[part]) {
        lines if lines.is_empty() => Err(Failure::with(&message::NO_DEVICE, &[word])),
        lines => Ok(Reply::lines(lines)),
    }
}

fn console(cp: &mut Cp<'_>, operands: &mut Operands<'_>) -> Answer {
    one_part(cp, operands, Part::Console, "CONS")
}

fn unit_record(cp: &mut Cp<'_>, operands: &mut Operands<'_>) -> Answer {
    one_part(cp, operands, Part::UnitRecord, "UR")
}

fn dasd(cp: &mut Cp<'_>, operands: &mut Operands<'_>) -> Answer {
    one_part(cp, operands, Part::Disk, "DASD")
}

fn tapes(cp: &mut Cp<'_>, operands: &mut Operands<'_>) -> Answer {
    one_part(cp, operands, Part::Tape, "TAPE")
}

fn displays(cp: &mut Cp<'_>, operands: &mut Operands<'_>) -> Answer {
    one_part(cp, operands, Part::Display, "GRAF")
}

fn virtual_all(cp: &mut Cp<'_>, operands: &mut Operands<'_>) -> Answer {
    operands.end()?;
    let mut lines = vec![virtuals::storage(&cp.user.machine), channels_line(cp)];
    for parts in [
        &[Part::Console][..],
        &[Part::UnitRecord],
        &[Part::Display],
        &[Part::Tape],
        &[Part::Disk],
        &[Part::Adapter, Part::Other],
    ] {
        lines.extend(devices(cp, parts));
    }
    Ok(Reply::lines(lines))
}

/// QUERY VIRTUAL, of all, of a part, or of one device.
fn virtual_machine(cp: &mut Cp<'_>, operands: &mut Operands<'_>) -> Answer {
    let Some(word) = operands.next() else { return virtual_all(cp, operands) };
    const PARTS: [&str; 8] = ["STORAGE", "ALL", "CONSOLE", "CHANNELS", "UR", "DASD", "TAPES", "GRAF"];
    let found = OPERANDS.iter().find(|(name, shortest, ..)| PARTS.contains(name) && is(word, name, *shortest));
    if let Some((.., Some(handler))) = found {
        // DASD could be an address, and so could its abbreviation.
        let is_device = hexadecimal(word, 3).is_some()
            && device(word).is_ok_and(|address| cp.user.machine.channels.any_device(address).is_some());
        if !is_device {
            return handler(cp, operands);
        }
    }
    let address = device(word)?;
    operands.end()?;
    match virtuals::device(cp, address) {
        lines if lines.is_empty() => Err(Failure::with(&message::NO_DEVICE, &[&format!("{address:03X}")])),
        lines => Ok(Reply::lines(lines)),
    }
}
