//! Commands that are keys and switches of the machine (GA22-7000-10, chapter 12, "Manual Operation").

use std::{fmt::Write as _, fs::File, io::BufWriter, path::Path};

use devices::machine::End;
use s370_cpu::state::RunState;

use super::words::{CommandError, Words};
use crate::{
    bare::{display::PswText, system::System, trace::Trace},
    configuration::{device::Address, kinds::Class},
    hex,
    panel::model::Activity,
};

type Answer = Result<String, CommandError>;

/// A device address.
pub(super) fn address(words: &mut Words<'_>) -> Result<Address, CommandError> {
    words.expect("a device address")?.parse().map_err(CommandError::new)
}

/// PSW and activity in a line.
fn state(system: &System) -> String {
    format!("{}: PSW {}\n", system.activity().name(), PswText(system.bare.state().psw))
}

pub(super) fn ipl(system: &mut System, words: &mut Words<'_>) -> Answer {
    let address = address(words)?;
    let clear = words.take("CLEAR", 2);
    words.end()?;
    system.spec(address)?;
    system.pass_time();
    // The command's name comes before every complaint.
    system
        .bare
        .ipl(address.0, clear)
        .map_err(|error| CommandError::new(error.to_string().trim_start_matches("IPL: ")))?;
    Ok(String::new())
}

pub(super) fn start(system: &mut System, _: &mut Words<'_>) -> Answer {
    if system.activity() == Activity::CheckStop {
        return Err(CommandError::new("the processor is in the check-stop state: RESET or IPL ends it"));
    }
    system.pass_time();
    system.bare.start();
    Ok(String::new())
}

pub(super) fn stop(system: &mut System, _: &mut Words<'_>) -> Answer {
    system.pass_time();
    system.stop();
    Ok(state(system))
}

pub(super) fn restart(system: &mut System, _: &mut Words<'_>) -> Answer {
    system.pass_time();
    system.bare.restart();
    Ok(String::new())
}

pub(super) fn external(system: &mut System, _: &mut Words<'_>) -> Answer {
    system.bare.external_key();
    Ok(String::new())
}

pub(super) fn step(system: &mut System, words: &mut Words<'_>) -> Answer {
    /// More is a trace's business.
    const MOST: u64 = 1000;
    let count =
        match words.word()? {
            None => 1,
            Some(text) => text.parse().ok().filter(|count| (1..=MOST).contains(count)).ok_or_else(|| {
                CommandError::new(format!("{text:?} is not a number of instructions from 1 to {MOST}"))
            })?,
        };
    words.end()?;
    let mut answer = String::new();
    for _ in 0..count {
        let (end, written) = system.step();
        answer.push_str(&written);
        if !matches!(end, End::Budget | End::Stopped) {
            break;
        }
    }
    answer.push_str(&state(system));
    Ok(answer)
}

pub(super) fn address_stop(system: &mut System, words: &mut Words<'_>) -> Answer {
    if !words.take("STOP", 1) {
        return Err(CommandError::new("the form is ADDRESS STOP and an address, or OFF"));
    }
    let word = words.expect("an address, or OFF,")?;
    words.end()?;
    if word.eq_ignore_ascii_case("OFF") {
        system.address_stop = None;
        return Ok("No address stop.\n".to_owned());
    }
    let address = hex::parse_number(&word)?;
    let address = u32::try_from(address).ok().filter(|address| *address < 1 << 24);
    let address = address.ok_or_else(|| CommandError::new(format!("{word} has more than 24 bits")))?;
    system.address_stop = Some(address);
    Ok(format!("Address stop at {address:06X}.\n"))
}

pub(super) fn attention(system: &mut System, _: &mut Words<'_>) -> Answer {
    system.pass_time();
    system.request_key()?;
    Ok(String::new())
}

pub(super) fn cancel(system: &mut System, _: &mut Words<'_>) -> Answer {
    system.pass_time();
    system.cancel_key()?;
    Ok(String::new())
}

pub(super) fn console(system: &mut System, words: &mut Words<'_>) -> Answer {
    let address = address(words)?;
    words.end()?;
    let class = system.spec(address)?.kind.class;
    if class != Class::Typewriter {
        return Err(CommandError::new(format!("{address} is a {}: the operator sits at a typewriter", class.name())));
    }
    system.pass_time();
    system.sit_down_at(address);
    Ok(String::new())
}

pub(super) fn clock_switch(system: &mut System, words: &mut Words<'_>) -> Answer {
    let enabled = if words.take("ENABLED", 1) {
        true
    } else if words.take("SECURE", 1) {
        false
    } else {
        return Err(CommandError::new("the switch is set to ENABLED or SECURE"));
    };
    words.end()?;
    system.bare.machine.processor.state.model.tod_switch_enabled = enabled;
    Ok(String::new())
}

pub(super) fn timer_switch(system: &mut System, words: &mut Words<'_>) -> Answer {
    let on = if words.take("ON", 2) {
        true
    } else if words.take("OFF", 2) {
        false
    } else {
        return Err(CommandError::new("the switch is set to ON or OFF"));
    };
    words.end()?;
    system.switch_interval_timer(on);
    Ok(String::new())
}

pub(super) fn reset(system: &mut System, words: &mut Words<'_>) -> Answer {
    let clear = words.take("CLEAR", 2);
    words.end()?;
    system.pass_time();
    system.bare.system_reset(clear);
    Ok(state(system))
}

pub(super) fn store_status(system: &mut System, words: &mut Words<'_>) -> Answer {
    if !words.take("STATUS", 1) {
        return Err(CommandError::new("the form is STORE STATUS"));
    }
    words.end()?;
    if system.bare.state().run_state != RunState::Stopped {
        return Err(CommandError::new("the processor is not stopped: STOP first"));
    }
    system.pass_time();
    system.bare.store_status();
    Ok(String::new())
}

pub(super) fn trace(system: &mut System, words: &mut Words<'_>) -> Answer {
    let file = words.expect("a file, or OFF,")?;
    words.end()?;
    let mut answer = String::new();
    if let Some(trace) = system.trace.take() {
        match trace.finish() {
            Ok(()) => answer.push_str("The trace is closed.\n"),
            Err(error) => {
                let _ = writeln!(answer, "The trace is not complete: {error}");
            }
        }
    }
    if !file.eq_ignore_ascii_case("OFF") {
        let output = File::create(Path::new(&file)).map_err(|error| CommandError::new(format!("{file}: {error}")))?;
        system.trace = Some(Trace::new(&system.bare.machine, BufWriter::new(output)));
        let _ = writeln!(answer, "Every instruction goes to {file}.");
    }
    Ok(answer)
}

pub(super) fn quit(system: &mut System, _: &mut Words<'_>) -> Answer {
    system.is_ended = true;
    Ok(String::new())
}
