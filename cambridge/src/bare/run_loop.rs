//! The loop that runs the machine and listens to the world: operator, script, terminals. It sleeps when the machine waits.

use std::{
    sync::mpsc::{Receiver, RecvTimeoutError},
    time::{Duration, Instant},
};

use devices::{channel, machine::End};

use super::{signals, system::System};
use crate::{
    listener::TerminalEvent,
    operator,
    panel::model::{Activity, ChannelLights, Status, Voice},
    script::{Runner, runner::Next},
};

/// What happens outside the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The operator typed a line.
    Line(String),
    /// The operator pressed the console's REQUEST key.
    Request,
    /// The operator pressed the console's CANCEL key.
    Cancel,
    /// The operator will type no more.
    EndOfInput,
    /// The operator wants the end.
    Quit,
    /// The host asks for it, by the signal with this number.
    Signal(i32),
    /// Something happened at a terminal: [`RunLoop::terminals`] has it.
    Terminal,
}

/// Where the operator sees what happens.
pub trait Display {
    /// Text on the console's paper, as it comes, or whole lines of another voice.
    fn text(&mut self, voice: Voice, text: &str);

    /// The machine's status, several times a second while it changes.
    fn status(&mut self, status: &Status);
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The operator ended it.
    Quit,
    /// A signal of the host's ended it.
    Signal(i32),
    /// The script ended it with this status.
    Script(u8),
    /// Nobody is left who could do anything, and the machine has come to this.
    Nobody(Activity),
}

/// Instructions between two looks at the world in deterministic time: always the same number.
const DETERMINISTIC_BUDGET: u64 = 50_000;
/// With the host's clock their number follows the host's speed, within these bounds.
const BUDGETS: std::ops::RangeInclusive<u64> = 2_000..=20_000_000;
/// How long the machine may run without a look at the world.
const SLICE: Duration = Duration::from_millis(1);
/// How often the status is shown.
const STATUS_INTERVAL: Duration = Duration::from_millis(250);

/// Figures of the last while.
struct Meter {
    since: Instant,
    instructions: u64,
    /// Of each channel.
    channels: Vec<(u8, channel::Activity)>,
    mips: f64,
    io: f64,
    lights: ChannelLights,
}

impl Meter {
    fn new(system: &System, now: Instant) -> Meter {
        let channels: Vec<_> = system.bare.channels.activity().collect();
        let lights = lights(&channels, &channels, system.bare.channels.working());
        Meter { since: now, instructions: system.instructions, channels, mips: 0.0, io: 0.0, lights }
    }

    /// Works the figures out again if it is time; tells whether it was.
    fn look(&mut self, system: &System, now: Instant) -> bool {
        let elapsed = now.saturating_duration_since(self.since);
        if elapsed < STATUS_INTERVAL {
            return false;
        }
        let channels: Vec<_> = system.bare.channels.activity().collect();
        let seconds = elapsed.as_secs_f64();
        self.mips = (system.instructions - self.instructions) as f64 / seconds / 1e6;
        self.io = commands(&channels).saturating_sub(commands(&self.channels)) as f64 / seconds;
        self.lights = lights(&self.channels, &channels, system.bare.channels.working());
        (self.since, self.instructions, self.channels) = (now, system.instructions, channels);
        true
    }

    fn is_quiet(&self) -> bool {
        self.mips == 0.0 && self.io == 0.0 && self.lights.busy == 0
    }
}

/// Commands of all channels.
fn commands(channels: &[(u8, channel::Activity)]) -> u64 {
    channels.iter().map(|(_, activity)| activity.commands).sum()
}

/// The lights of channels with these counts before and now, of which some are working.
fn lights(before: &[(u8, channel::Activity)], now: &[(u8, channel::Activity)], working: u16) -> ChannelLights {
    let mut lights = ChannelLights { operational: 0, busy: working };
    for (number, activity) in now {
        let bit = 1 << number;
        lights.operational |= bit;
        let was = before.iter().find(|(other, _)| other == number).map(|(_, activity)| *activity);
        if was.unwrap_or_default() != *activity {
            lights.busy |= bit;
        }
    }
    lights
}

/// The loop.
pub struct RunLoop<'a> {
    /// The machine.
    pub system: System,
    /// What happens outside.
    pub events: Receiver<Event>,
    /// Where the operator sees what happens.
    pub display: &'a mut dyn Display,
    /// What an unattended run obeys.
    pub script: Option<Runner>,
    /// There is an operator who can type.
    pub has_operator: bool,
    /// What happens at terminals, if there can be any.
    pub terminals: Option<Receiver<TerminalEvent>>,
}

impl RunLoop<'_> {
    /// Runs until somebody ends it, or nobody is left who could do anything with the machine.
    pub fn run(mut self) -> Ended {
        let ended = self.run_until_ended();
        self.system.finish_all();
        self.pump();
        ended
    }

    fn run_until_ended(&mut self) -> Ended {
        let mut budget = DETERMINISTIC_BUDGET;
        let mut meter = Meter::new(&self.system, Instant::now());
        let mut shown: Option<(Activity, bool)> = None;
        loop {
            while let Ok(event) = self.events.try_recv() {
                if let Some(ended) = self.happen(event) {
                    return ended;
                }
            }
            let begin = Instant::now();
            let end = self.system.run(budget);
            let now = Instant::now();
            if end == End::Budget && self.system.has_host_clock() {
                budget = next_budget(budget, now - begin);
            }
            self.pump();
            let next = self.script.as_mut().map(|script| script.proceed(&mut self.system, now));
            self.pump_script();
            if self.system.is_ended {
                return Ended::Quit;
            }
            match next {
                Some(Next::Exit(status)) => {
                    // What the console typed until the end is to be seen.
                    self.pump();
                    return Ended::Script(status);
                }
                Some(Next::Stay) => self.script = None,
                _ => {}
            }
            let state = (self.system.activity(), self.system.is_proceed());
            if meter.look(&self.system, now) || shown != Some(state) {
                self.show(&meter, shown.map(|(activity, _)| activity));
                shown = Some(state);
            }
            if end == End::Budget || matches!(next, Some(Next::Done | Next::Stay)) {
                continue;
            }
            let script_time = match next {
                Some(Next::Wait(deadline)) => deadline,
                _ => None,
            };
            let machine_time = self.machine_time(now);
            if machine_time.is_none() && script_time.is_none() && !self.is_attended() {
                return Ended::Nobody(state.0);
            }
            // The figures are shown once more when they have become zero.
            let meter_time = (!meter.is_quiet()).then(|| now + STATUS_INTERVAL);
            let until = [script_time, machine_time, meter_time].into_iter().flatten().min();
            if let Some(ended) = self.sleep(until).and_then(|event| self.happen(event)) {
                return ended;
            }
        }
    }

    /// Whether somebody may still do something.
    fn is_attended(&self) -> bool {
        self.has_operator || self.terminals.is_some() || self.script.is_some()
    }

    /// When the machine will go on by itself. What it came back with may be out of date: a rule of the script may have typed
    /// something since.
    fn machine_time(&self, now: Instant) -> Option<Instant> {
        let time = self.system.next_event()?;
        if self.system.has_host_clock() {
            return now.checked_add(self.system.until(time));
        }
        (time <= self.system.bare.state().time).then_some(now)
    }

    fn sleep(&mut self, until: Option<Instant>) -> Option<Event> {
        let Some(until) = until else {
            return match self.events.recv() {
                Ok(event) => Some(event),
                // Whoever could have sent something is gone.
                Err(_) => {
                    self.has_operator = false;
                    None
                }
            };
        };
        let time = until.saturating_duration_since(Instant::now());
        match self.events.recv_timeout(time) {
            Ok(event) => Some(event),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => {
                std::thread::sleep(until.saturating_duration_since(Instant::now()));
                None
            }
        }
    }

    /// Something happens; says whether it ends the run.
    fn happen(&mut self, event: Event) -> Option<Ended> {
        self.system.pass_time();
        let obeyed = match event {
            Event::Line(line) => self.line(&line),
            Event::Request => self.system.request_key(),
            Event::Cancel => self.system.cancel_key(),
            Event::EndOfInput => {
                self.has_operator = false;
                Ok(())
            }
            Event::Quit => {
                self.system.is_ended = true;
                Ok(())
            }
            Event::Signal(signal) => {
                let what = format!("{}: the machine is switched off.\n", signals::name(signal));
                self.display.text(Voice::Message, &what);
                return Some(Ended::Signal(signal));
            }
            Event::Terminal => {
                while let Some(event) = self.terminals.as_ref().and_then(|terminals| terminals.try_recv().ok()) {
                    self.system.heed(event);
                }
                Ok(())
            }
        };
        if let Err(what) = obeyed {
            self.display.text(Voice::Message, &format!("{what}\n"));
        }
        None
    }

    /// A line that the operator typed: a command, or for the console.
    fn line(&mut self, line: &str) -> Result<(), String> {
        match operator::Line::of(line, self.system.console.is_some()) {
            operator::Line::Command(command) => {
                self.display.text(Voice::Command, &format!("{line}\n"));
                let answer = operator::obey(&mut self.system, command).map_err(|error| error.what)?;
                self.pump();
                self.display.text(Voice::Answer, &answer);
                Ok(())
            }
            operator::Line::Console(text) => {
                self.system.type_line(text)?;
                if let Some(hint) = operator::hint(&self.system, text) {
                    self.display.text(Voice::Message, &hint);
                }
                Ok(())
            }
        }
    }

    /// Brings what the machine has to say to whom it may concern.
    fn pump(&mut self) {
        for (voice, text) in self.system.take_typed() {
            self.display.text(voice, &text);
            if let Some(script) = &mut self.script {
                script.typed(&mut self.system, voice, &text);
            }
        }
        if self.terminals.is_some() {
            self.system.flush_terminals();
        }
        for notice in self.system.take_notices() {
            self.display.text(Voice::Message, &format!("{notice}\n"));
        }
    }

    fn pump_script(&mut self) {
        for message in self.script.iter_mut().flat_map(Runner::take_messages) {
            self.display.text(Voice::Answer, &format!("{message}\n"));
        }
        self.pump();
    }

    fn show(&mut self, meter: &Meter, before: Option<Activity>) {
        let activity = self.system.activity();
        let psw = self.system.bare.state().psw;
        let status = Status {
            psw: psw.emit(0, 0),
            activity,
            mips: meter.mips,
            io: meter.io,
            channels: meter.lights,
            proceed: self.system.is_proceed(),
        };
        self.display.status(&status);
        let is_new = before != Some(activity);
        let text = match activity {
            Activity::DisabledWait if is_new => {
                format!("The processor waits, disabled, with code {:06X}.\n", psw.address)
            }
            Activity::CheckStop if is_new => "The processor is in the check-stop state.\n".to_owned(),
            _ => return,
        };
        self.display.text(Voice::Message, &text);
    }
}

fn next_budget(budget: u64, elapsed: Duration) -> u64 {
    let next = if elapsed < SLICE / 2 {
        budget * 2
    } else if elapsed > SLICE * 3 / 2 {
        budget / 2
    } else {
        budget
    };
    next.clamp(*BUDGETS.start(), *BUDGETS.end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_that_did_something_is_lit() {
        let counts =
            |commands, bytes, interruptions| channel::Activity { commands, bytes, interruptions, operations: 0 };
        let before = [(0, counts(1, 80, 1)), (1, counts(9, 0, 3)), (2, counts(4, 4, 4))];
        let now = [(0, counts(1, 80, 1)), (1, counts(9, 0, 4)), (2, counts(4, 4, 4)), (15, counts(1, 0, 0))];
        let expected = ChannelLights { operational: 0x8007, busy: 0x8002 };
        assert_eq!(lights(&before, &now, 0), expected);
        assert_eq!(lights(&now, &now, 0b100).busy, 0b100, "one that is working has done nothing to be counted yet");
        assert_eq!(lights(&now, &now, 0).busy, 0);
    }
}
