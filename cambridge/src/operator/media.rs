//! Commands about devices and what is in them.

use std::path::Path;

use super::{
    control::address,
    words::{CommandError, Words},
};
use crate::{
    attachment,
    bare::system::System,
    configuration::{
        device::{Address, DeviceSpec, Options, Setting, Value},
        kinds::{Class, Form, Kind, options_of},
        problem::Place,
    },
};

type Answer = Result<String, CommandError>;

/// Reads options: `name=value` or a flag's `name`; a word that is neither is a file of the option that has files and
/// comes first.
fn options(class: Class, words: &mut Words<'_>, of_medium: bool) -> Result<Options, CommandError> {
    let known = || options_of(class).filter(|option| option.of_medium || !of_medium);
    let file_option = known().find(|option| matches!(option.form, Form::File | Form::Files));
    let mut settings = Vec::new();
    while let Some(word) = words.word()? {
        let is_flag = known().any(|option| option.form == Form::Flag && option.name == word);
        // A file's name may have an = in it, but not after an option's name.
        let named = word.split_once('=').filter(|(name, _)| known().any(|option| option.name == *name));
        let (name, value) = match (named, file_option) {
            (Some((name, value)), _) => (name.to_owned(), Value::Text(value.to_owned())),
            (None, _) if is_flag => (word, Value::Flag(true)),
            (None, Some(option)) if !word.contains('=') || Path::new(&word).exists() => {
                (option.name.to_owned(), Value::Text(word))
            }
            _ => (word.split('=').next().unwrap_or_default().to_owned(), Value::Flag(true)),
        };
        settings.push(Setting { name, value, place: Place::default() });
    }
    Options::check(class, &settings, Path::new(""), of_medium).map_err(|problems| {
        let all: Vec<String> = problems.iter().map(ToString::to_string).collect();
        CommandError::new(all.join("; "))
    })
}

pub(super) fn attach(system: &mut System, words: &mut Words<'_>) -> Answer {
    let address = address(words)?;
    let kind = Kind::named(&words.expect("a device type")?)?;
    let options = options(kind.class, words, false)?;
    system.pass_time();
    system.attach(DeviceSpec { address, kind, options, place: Place::default() })?;
    system.bare.touched(address.0);
    Ok(describe(system, address))
}

pub(super) fn detach(system: &mut System, words: &mut Words<'_>) -> Answer {
    let address = address(words)?;
    let forced = words.take("FORCE", 2);
    words.end()?;
    system.detach(address, forced)?;
    Ok(format!("{address} detached\n"))
}

pub(super) fn mount(system: &mut System, words: &mut Words<'_>) -> Answer {
    let address = address(words)?;
    let class = system.spec(address)?.kind.class;
    if !options_of(class).any(|option| option.of_medium && matches!(option.form, Form::File | Form::Files)) {
        return Err(CommandError::new(format!("nothing can be mounted on the {} {address}", class.name())));
    }
    if words.rest().is_empty() {
        return Err(CommandError::new("a file is missing"));
    }
    let options = options(class, words, true)?;
    system.pass_time();
    let notes = attachment::mount(&mut system.bare, address, class, &options)?;
    system.bare.touched(address.0);
    Ok(noted(address, notes) + &describe(system, address))
}

fn noted(address: Address, notes: Vec<String>) -> String {
    notes.into_iter().map(|note| format!("{address}: {note}\n")).collect()
}

pub(super) fn unmount(system: &mut System, words: &mut Words<'_>) -> Answer {
    let address = address(words)?;
    words.end()?;
    let class = system.spec(address)?.kind.class;
    system.pass_time();
    let notes = attachment::unmount(&mut system.bare, address, class)?;
    system.bare.touched(address.0);
    Ok(noted(address, notes) + &describe(system, address))
}

pub(super) fn ready(system: &mut System, words: &mut Words<'_>) -> Answer {
    set_ready(system, words, true)
}

pub(super) fn not_ready(system: &mut System, words: &mut Words<'_>) -> Answer {
    if !words.take("READY", 1) {
        return Err(CommandError::new("the form is NOT READY and a device address"));
    }
    set_ready(system, words, false)
}

fn set_ready(system: &mut System, words: &mut Words<'_>, ready: bool) -> Answer {
    let address = address(words)?;
    words.end()?;
    let class = system.spec(address)?.kind.class;
    system.pass_time();
    attachment::set_ready(&mut system.bare, address, class, ready)?;
    system.bare.touched(address.0);
    Ok(describe(system, address))
}

/// A device in a line.
pub(super) fn describe(system: &mut System, address: Address) -> String {
    match system.spec(address).map(|spec| spec.kind) {
        Ok(kind) => {
            let what = attachment::describe(&mut system.bare, address, kind.class);
            let who = match system.visitor(address) {
                _ if system.console == Some(address) => ", the operator's".to_owned(),
                Some(peer) => format!(", {peer}"),
                None => String::new(),
            };
            format!("{address} {:7} {}{who}{what}\n", kind.name, kind.class.name())
        }
        Err(what) => format!("{what}\n"),
    }
}
