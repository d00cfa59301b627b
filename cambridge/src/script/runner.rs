//! Obeys a script while the machine runs.

use std::{
    collections::VecDeque,
    fs::File,
    io::Write,
    path::Path,
    time::{Duration, Instant},
};

use regex::{Captures, Regex};

use super::{
    EXIT_DEAD, EXIT_FAILURE, EXIT_SUCCESS, EXIT_TIMEOUT,
    parse::{Action, Awaited, DEFAULT_TIMEOUT, Script, Statement},
};
use crate::{
    bare::system::System,
    configuration::problem::{Place, Problem},
    operator,
    panel::model::{Activity, Voice},
};

/// How much of what the console typed is kept for a `wait` that comes later.
const MOST_UNSEEN: usize = 256 << 10;

/// What a script does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// It waits for something, or for this time.
    Wait(Option<Instant>),
    /// It has done something: the machine should run.
    Done,
    /// It is over; the operator takes over.
    Stay,
    /// It is over: the run ends with this status.
    Exit(u8),
}

/// A `whenever`.
struct Rule {
    pattern: Regex,
    action: Action,
    place: Place,
}

/// What a statement waits for, since it was reached.
struct Waiting {
    deadline: Option<Instant>,
}

/// A script that is being obeyed.
pub struct Runner {
    statements: VecDeque<Statement>,
    rules: Vec<Rule>,
    timeout: Duration,
    on_timeout: Option<(Place, Action)>,
    /// What the console typed and no `wait` has passed.
    unseen: String,
    /// The line that the console is typing, for the rules.
    line: String,
    /// Whether the rules have looked at this line while the console waited for input in it.
    is_line_seen: bool,
    waiting: Option<Waiting>,
    transcript: Option<(String, File)>,
    messages: Vec<String>,
    exit: Option<u8>,
}

impl Runner {
    /// A script at its beginning.
    #[must_use]
    pub fn new(script: Script) -> Runner {
        Runner {
            statements: script.statements.into(),
            rules: Vec::new(),
            timeout: DEFAULT_TIMEOUT,
            on_timeout: None,
            unseen: String::new(),
            line: String::new(),
            is_line_seen: false,
            waiting: None,
            transcript: None,
            messages: Vec::new(),
            exit: None,
        }
    }

    /// What the user should be told since this was last asked: errors with their place, answers to commands, `say`.
    pub fn take_messages(&mut self) -> Vec<String> {
        std::mem::take(&mut self.messages)
    }

    /// Opens the transcript.
    fn begin_transcript(&mut self, file: &Path) -> Result<(), String> {
        let name = file.display().to_string();
        let created = File::create(file).map_err(|error| format!("{name}: {error}"))?;
        self.transcript = Some((name, created));
        Ok(())
    }

    /// This was typed on the console. Patterns see what the machine typed; a line of the operator only ends its line.
    pub fn typed(&mut self, system: &mut System, voice: Voice, text: &str) {
        if let Some((name, file)) = &mut self.transcript
            && let Err(error) = file.write_all(text.as_bytes())
        {
            self.messages.push(format!("{name}: {error}"));
            self.transcript = None;
        }
        let text = if voice == Voice::Typed { "\n" } else { text };
        self.unseen.push_str(text);
        if self.unseen.len() > MOST_UNSEEN {
            let least = self.unseen.len() - MOST_UNSEEN;
            let cut = self.unseen[least..].find('\n').map_or(self.unseen.len(), |end| least + end + 1);
            self.unseen.drain(..cut);
        }
        for piece in text.split_inclusive('\n') {
            self.line.push_str(piece);
            if self.line.ends_with('\n') {
                let line = std::mem::take(&mut self.line);
                if !std::mem::take(&mut self.is_line_seen) {
                    self.apply_rules(system, line.trim_end_matches('\n'));
                }
            }
        }
    }

    fn apply_rules(&mut self, system: &mut System, line: &str) {
        for n in 0..self.rules.len() {
            let rule = &self.rules[n];
            let Some(captures) = rule.pattern.captures(line) else { continue };
            let action = with_captures(&rule.action, &captures);
            let place = rule.place.clone();
            self.simple(system, &place, &action);
        }
    }

    /// Goes on, as far as it can.
    pub fn proceed(&mut self, system: &mut System, now: Instant) -> Next {
        // A prompt is a line although it has no end.
        if !self.line.is_empty() && !self.is_line_seen && system.is_proceed() {
            self.is_line_seen = true;
            let line = self.line.clone();
            self.apply_rules(system, &line);
        }
        if let Some(status) = self.exit {
            return Next::Exit(status);
        }
        let Some(statement) = self.statements.front().cloned() else { return Next::Exit(EXIT_SUCCESS) };
        match self.obey(system, &statement, now) {
            // What waits stays in front.
            Next::Wait(deadline) => Next::Wait(deadline),
            next => {
                self.waiting = None;
                self.statements.pop_front();
                self.exit.map_or(next, Next::Exit)
            }
        }
    }

    fn obey(&mut self, system: &mut System, statement: &Statement, now: Instant) -> Next {
        let Statement { place, action } = statement;
        match action {
            Action::Wait(awaited, within) => return self.wait(system, place, awaited, *within, now),
            Action::Reply(line) => {
                if system.is_proceed() {
                    self.simple(system, place, &Action::Send(line.clone()));
                    return Next::Done;
                }
                return self.until(place, "the console did not wait for a line", None, (system, now));
            }
            Action::Pause(time) => {
                let waiting = self.waiting.get_or_insert_with(|| Waiting { deadline: now.checked_add(*time) });
                let is_over = waiting.deadline.is_none_or(|deadline| deadline <= now);
                return if is_over { Next::Done } else { Next::Wait(waiting.deadline) };
            }
            Action::Whenever(pattern, action) => {
                let (pattern, action) = (pattern.clone(), (**action).clone());
                self.rules.push(Rule { pattern, action, place: place.clone() });
            }
            Action::Forget(pattern) => {
                let before = self.rules.len();
                self.rules.retain(|rule| rule.pattern.as_str() != pattern);
                if self.rules.len() == before {
                    self.fail(place, &format!("there is no whenever with the pattern /{pattern}/"));
                }
            }
            Action::Timeout(time) => self.timeout = *time,
            Action::OnTimeout(action) => self.on_timeout = Some((place.clone(), (**action).clone())),
            Action::Transcript(file) => {
                if let Err(what) = self.begin_transcript(file) {
                    self.fail(place, &what);
                }
            }
            Action::Stay => return Next::Stay,
            Action::Command(_) | Action::Send(_) | Action::Say(_) | Action::Exit(_) => {
                self.simple(system, place, action);
            }
        }
        Next::Done
    }

    /// Does what `whenever` and `on timeout` may do.
    fn simple(&mut self, system: &mut System, place: &Place, action: &Action) {
        match action {
            Action::Command(line) => match operator::obey(system, line) {
                Ok(answer) => self.messages.extend(answer.lines().map(str::to_owned)),
                Err(error) => self.fail(place, &error.what),
            },
            Action::Send(line) => {
                if let Err(what) = system.type_line(line) {
                    self.fail(place, &what);
                }
            }
            Action::Say(text) => self.messages.push(text.clone()),
            Action::Exit(status) => self.exit = self.exit.or(Some(*status)),
            _ => {}
        }
    }

    fn fail(&mut self, place: &Place, what: &str) {
        self.messages.push(Problem::new(place, what).to_string());
        self.exit = self.exit.or(Some(EXIT_FAILURE));
    }

    fn wait(
        &mut self,
        system: &mut System,
        place: &Place,
        awaited: &Awaited,
        within: Option<Duration>,
        now: Instant,
    ) -> Next {
        match awaited {
            Awaited::State(state) => {
                // Waiting for a device is not meant: it is over soon.
                let is_busy = *state == Activity::Waiting && !system.bare.channels.is_idle();
                if system.activity() == *state && !is_busy {
                    return Next::Done;
                }
                let what = format!("the processor did not come to the state {:?}", state.name());
                self.until(place, &what, within, (system, now))
            }
            Awaited::Text(pattern) => {
                if let Some(found) = pattern.find(&self.unseen) {
                    let end = found.end();
                    self.unseen.drain(..end);
                    return Next::Done;
                }
                // Nothing will be typed any more.
                let activity = system.activity();
                if matches!(activity, Activity::DisabledWait | Activity::CheckStop | Activity::Stopped) {
                    let psw = system.bare.state().psw.emit(0, 0);
                    let name = activity.name();
                    let what = format!(
                        "/{pattern}/ was not typed, and the processor is in the state {name:?}, PSW {psw:016X}"
                    );
                    self.messages.push(Problem::new(place, what).to_string());
                    return Next::Exit(EXIT_DEAD);
                }
                let what = format!("/{pattern}/ was not typed");
                self.until(place, &what, within, (system, now))
            }
        }
    }

    /// Waits on, unless it has taken too long.
    fn until(
        &mut self,
        place: &Place,
        what: &str,
        within: Option<Duration>,
        (system, now): (&mut System, Instant),
    ) -> Next {
        let time = within.unwrap_or(self.timeout);
        let waiting = self.waiting.get_or_insert_with(|| Waiting { deadline: now.checked_add(time) });
        if waiting.deadline.is_none_or(|deadline| now < deadline) {
            return Next::Wait(waiting.deadline);
        }
        let text = format!("time-out: {what} within {} s", time.as_secs_f64());
        self.messages.push(Problem::new(place, text).to_string());
        let last = self.unseen.lines().rev().find(|line| !line.trim().is_empty()).map(str::to_owned);
        self.messages.extend(last.map(|last| format!("the last that the console typed: {last}")));
        if let Some((place, action)) = self.on_timeout.take() {
            self.simple(system, &place, &action);
        }
        Next::Exit(self.exit.unwrap_or(EXIT_TIMEOUT))
    }
}

/// An action with `$0` to `$9` in its text replaced by what the pattern's groups matched.
fn with_captures(action: &Action, captures: &Captures<'_>) -> Action {
    let filled = |text: &str| {
        let mut result = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            result.push_str(&rest[..at]);
            let digit = rest[at + 1..].chars().next().and_then(|digit| digit.to_digit(10));
            match digit {
                Some(group) => {
                    result.push_str(captures.get(group as usize).map_or("", |group| group.as_str()));
                    rest = &rest[at + 2..];
                }
                None => {
                    result.push('$');
                    rest = &rest[at + 1..];
                }
            }
        }
        result + rest
    };
    match action {
        Action::Command(text) => Action::Command(filled(text)),
        Action::Send(text) => Action::Send(filled(text)),
        Action::Say(text) => Action::Say(filled(text)),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests;
