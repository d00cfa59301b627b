//! QUERY and HELP.

use std::fmt::Write as _;

use s370_arch::{channel::ChannelKind, tod};

use super::{
    media::describe,
    table::{self, COMMANDS},
    words::{CommandError, Words},
};
use crate::{
    bare::{display::PswText, system::System},
    configuration::{
        device::Address,
        kinds::{Class, OptionKind, kinds, options_of},
    },
};

type Answer = Result<String, CommandError>;

pub(super) fn query(system: &mut System, words: &mut Words<'_>) -> Answer {
    system.pass_time();
    let answer = if words.rest().is_empty() || words.take("DEVICES", 1) {
        devices(system)
    } else if words.take("CHANNELS", 2) {
        channels(system)
    } else if words.take("STATUS", 1) {
        status(system)
    } else if words.take("VERSION", 1) {
        version(system)
    } else {
        let address: Address = words.expect("what is asked for")?.parse().map_err(CommandError::new)?;
        system.spec(address)?;
        describe(system, address)
    };
    Ok(answer)
}

fn devices(system: &mut System) -> String {
    let addresses: Vec<Address> = system.devices.keys().copied().collect();
    if addresses.is_empty() {
        return "There are no devices.\n".to_owned();
    }
    addresses.into_iter().map(|address| describe(system, address)).collect()
}

fn channels(system: &mut System) -> String {
    let working = system.bare.channels.working();
    let mut text = String::new();
    for (channel, activity) in system.bare.channels.activity() {
        let is_working = working & 1 << channel != 0;
        let devices = system.devices.keys().filter(|address| address.0 >> 8 == u16::from(channel)).count();
        let _ = writeln!(
            text,
            "Channel {channel:X}: {}, {devices} devices, {} commands, {} bytes, {} interruptions{}",
            system.bare.channels.kind(channel).map_or("not operational", kind_name),
            activity.commands,
            activity.bytes,
            activity.interruptions,
            if is_working { ", working" } else { "" }
        );
    }
    if text.is_empty() { "There are no channels.\n".to_owned() } else { text }
}

const fn kind_name(kind: ChannelKind) -> &'static str {
    match kind {
        ChannelKind::Selector => "selector",
        ChannelKind::ByteMultiplexer => "byte multiplexer",
        ChannelKind::BlockMultiplexer => "block multiplexer",
    }
}

fn status(system: &mut System) -> String {
    let state = system.bare.state();
    let date = tod::to_date_time(state.tod());
    let mut text = format!("{}: PSW {}\n", system.activity().name(), PswText(state.psw));
    let _ = writeln!(
        text,
        "TOD clock {:016X}: {:04}-{:02}-{:02} {:02}:{:02}:{:02}, switch {}",
        state.tod(),
        date.year,
        date.month,
        date.day,
        date.hour,
        date.minute,
        date.second,
        if state.model.tod_switch_enabled { "enabled" } else { "secure" }
    );
    let _ = writeln!(
        text,
        "{} instructions; {}K storage; interval timer {}",
        system.instructions,
        system.bare.storage().size() >> 10,
        if state.model.interval_timer { "on" } else { "off" }
    );
    if let Some(address) = system.address_stop {
        let _ = writeln!(text, "Address stop at {address:06X}.");
    }
    if system.trace.is_some() {
        text.push_str("Every instruction goes to a file.\n");
    }
    text
}

fn version(system: &mut System) -> String {
    format!("Cambridge {}, CPU ID {:016X}\n", env!("CARGO_PKG_VERSION"), system.bare.state().model.cpu_id)
}

pub(super) fn help(_: &mut System, words: &mut Words<'_>) -> Answer {
    let Some(word) = words.word()? else { return Ok(list()) };
    words.end()?;
    let command = table::named(&word)?;
    let (abbreviation, rest) = command.name.split_at(command.least);
    let mut text = format!("{abbreviation}{} {}\n  {}.\n", rest.to_ascii_lowercase(), command.operands, command.help);
    match command.name {
        "ATTACH" => {
            let names: Vec<&str> = kinds().map(|kind| kind.name).collect();
            let _ = writeln!(text, "  Types: {}", names.join(" "));
            push_options(&mut text, |_| true);
        }
        "MOUNT" => push_options(&mut text, |option| option.of_medium),
        _ => {}
    }
    Ok(text)
}

/// All commands, the letters that suffice in capitals.
fn list() -> String {
    let forms: Vec<String> = COMMANDS
        .iter()
        .map(|command| {
            let (abbreviation, rest) = command.name.split_at(command.least);
            format!("{abbreviation}{} {}", rest.to_ascii_lowercase(), command.operands)
        })
        .collect();
    let short = |form: &String| form.chars().count() <= 34;
    let mut text = String::new();
    for (command, form) in COMMANDS.iter().zip(&forms) {
        if short(form) {
            let _ = writeln!(text, "{form:34} {}", command.help);
        } else {
            let _ = writeln!(text, "{form}\n{:34} {}", "", command.help);
        }
    }
    text
}

/// The options of each class.
fn push_options(text: &mut String, is_wanted: impl Fn(&OptionKind) -> bool) {
    let mut classes: Vec<Class> = kinds().map(|kind| kind.class).collect();
    classes.sort();
    classes.dedup();
    for class in classes {
        let options: Vec<_> = options_of(class).filter(|option| is_wanted(option)).collect();
        if !options.is_empty() {
            let _ = writeln!(text, "  Options of a {}:", class.name());
        }
        for option in options {
            let _ = writeln!(text, "    {:11} {}: {}", option.name, option.form.description(), option.help);
        }
    }
}
