//! From text to statements.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use regex::Regex;

use crate::{
    configuration::{
        problem::{Place, Problem, Problems, suggestion},
        variables::Variables,
    },
    operator::{table, words::Words},
    panel::model::Activity,
};

/// How long a `wait` waits if nothing else is said.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);

/// What a `wait` is for.
#[derive(Clone, Debug)]
pub enum Awaited {
    /// Text that the console types.
    Text(Regex),
    /// A state of the processor.
    State(Activity),
}

/// What a statement does.
#[derive(Clone, Debug)]
pub enum Action {
    /// An operator's command.
    Command(String),
    /// Types a line on the console, after REQUEST unless it waits for one.
    Send(String),
    /// Waits until the console waits for a line, and types it.
    Reply(String),
    /// Waits.
    Wait(Awaited, Option<Duration>),
    /// Does this whenever the console types a line that matches.
    Whenever(Regex, Box<Action>),
    /// Ends the `whenever` with this pattern.
    Forget(String),
    /// How long to wait if nothing else is said.
    Timeout(Duration),
    /// What to do when a wait has come to its time-out.
    OnTimeout(Box<Action>),
    /// Writes what the console types to this file from now on.
    Transcript(PathBuf),
    /// Lets time pass.
    Pause(Duration),
    /// Tells the user something.
    Say(String),
    /// Ends the run with this status.
    Exit(u8),
    /// Ends the script; the operator takes over.
    Stay,
}

/// A statement and where it is written.
#[derive(Clone, Debug)]
pub struct Statement {
    /// Where.
    pub place: Place,
    /// What.
    pub action: Action,
}

/// A whole script.
#[derive(Clone, Debug, Default)]
pub struct Script {
    /// Its name.
    pub file: String,
    /// Its statements, in order.
    pub statements: Vec<Statement>,
}

type Parser = fn(&mut Words<'_>, &Path) -> Result<Action, String>;

/// The statements that are not operator's commands.
const STATEMENTS: &[(&str, Parser)] = &[
    ("send", |words, _| text(words).map(Action::Send)),
    ("reply", |words, _| text(words).map(Action::Reply)),
    ("wait", |words, _| parse_wait(words)),
    ("whenever", |words, base| {
        let pattern = pattern(words)?;
        let action = simple_action(words, base)?;
        Ok(Action::Whenever(pattern, Box::new(action)))
    }),
    ("forget", |words, _| Ok(Action::Forget(pattern(words)?.as_str().to_owned()))),
    ("timeout", |words, _| duration(words).map(Action::Timeout)),
    ("on", |words, base| {
        if !words.take("timeout", "timeout".len()) {
            return Err("the form is: on timeout, and what to do then".to_owned());
        }
        simple_action(words, base).map(|action| Action::OnTimeout(Box::new(action)))
    }),
    ("transcript", |words, base| Ok(Action::Transcript(base.join(word(words, "the name of a file")?)))),
    ("pause", |words, _| duration(words).map(Action::Pause)),
    ("say", |words, _| text(words).map(Action::Say)),
    ("exit", |words, _| {
        let status = word(words, "the exit status")?;
        status.parse().map(Action::Exit).map_err(|_| format!("{status:?} is not an exit status from 0 to 255"))
    }),
    ("stay", |_, _| Ok(Action::Stay)),
];

impl Script {
    /// Reads a script. Names of files in it are relative to `base`, but those in commands are the operator's.
    ///
    /// # Errors
    /// All that is wrong, with the line.
    pub fn parse(file: &str, text: &str, base: &Path, variables: &Variables) -> Result<Script, Problems> {
        let mut script = Script { file: file.to_owned(), statements: Vec::new() };
        let mut problems = Vec::new();
        for (n, line) in text.lines().enumerate() {
            let place = Place::line(file, n + 1);
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            match variables.expand(line).and_then(|line| parse_statement(&line, base)) {
                Ok(action) => script.statements.push(Statement { place, action }),
                Err(what) => problems.push(Problem::new(&place, what)),
            }
        }
        Problems::unless(problems, script)
    }
}

fn parse_statement(line: &str, base: &Path) -> Result<Action, String> {
    let mut words = Words::new(line);
    let first = line.split_whitespace().next().unwrap_or_default();
    if let Some((_, parse)) = STATEMENTS.iter().find(|(name, _)| *name == first) {
        words.word().map_err(|error| error.what)?;
        let action = parse(&mut words, base)?;
        words.end().map_err(|error| error.what)?;
        return Ok(action);
    }
    if table::named(first).is_ok() {
        return Ok(Action::Command(line.to_owned()));
    }
    let known = STATEMENTS.iter().map(|(name, _)| *name).chain(table::COMMANDS.iter().map(|command| command.name));
    Err(format!("{first:?} is neither a statement nor a command{}", suggestion(first, known)))
}

/// What may be done by `whenever` and `on timeout`: something that does not wait.
fn simple_action(words: &mut Words<'_>, base: &Path) -> Result<Action, String> {
    let rest = words.rest();
    if rest.is_empty() {
        return Err("what is to be done is missing".to_owned());
    }
    let action = parse_statement(rest, base)?;
    *words = Words::new("");
    match action {
        Action::Command(_) | Action::Send(_) | Action::Say(_) | Action::Exit(_) => Ok(action),
        _ => Err(format!("{rest:?}: only a command, send, say or exit can be done there")),
    }
}

fn word(words: &mut Words<'_>, what: &str) -> Result<String, String> {
    words.expect(what).map_err(|error| error.what)
}

/// The rest of the line, without the quotation marks around all of it, if there are any.
fn text(words: &mut Words<'_>) -> Result<String, String> {
    let rest = words.rest();
    *words = Words::new("");
    let inner = rest.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    Ok(inner.unwrap_or(rest).to_owned())
}

/// A pattern between slashes; `\/` is a slash in it, an `i` behind it makes small and capital letters alike.
fn pattern(words: &mut Words<'_>) -> Result<Regex, String> {
    let rest = words.rest();
    let Some(inner) = rest.strip_prefix('/') else { return Err("a pattern between slashes is missing".to_owned()) };
    let mut source = String::new();
    let mut is_escaped = false;
    for (at, character) in inner.char_indices() {
        match character {
            '/' if !is_escaped => {
                let mut after = &inner[at + 1..];
                let ignore_case = after.starts_with('i') && !after[1..].starts_with(|c: char| !c.is_whitespace());
                after = if ignore_case { &after[1..] } else { after };
                *words = Words::new(after);
                let built = regex::RegexBuilder::new(&source).multi_line(true).case_insensitive(ignore_case).build();
                return built.map_err(|error| format!("the pattern /{source}/ is wrong: {}", in_a_line(&error)));
            }
            '/' => {
                source.pop();
                source.push('/');
            }
            _ => source.push(character),
        }
        is_escaped = character == '\\' && !is_escaped;
    }
    Err(format!("the pattern {rest:?} has no closing slash"))
}

/// The last line of what the library says, which is the reason.
fn in_a_line(error: &regex::Error) -> String {
    let text = error.to_string();
    let last = text.lines().last().unwrap_or_default();
    last.strip_prefix("error: ").unwrap_or(last).to_owned()
}

fn parse_wait(words: &mut Words<'_>) -> Result<Action, String> {
    let awaited = if words.rest().starts_with('/') {
        Awaited::Text(pattern(words)?)
    } else {
        let states = [
            ("disabled", Activity::DisabledWait),
            ("waiting", Activity::Waiting),
            ("stopped", Activity::Stopped),
            ("check-stop", Activity::CheckStop),
        ];
        let word = word(words, "a pattern or a state")?;
        let found = states.iter().find(|(name, _)| *name == word);
        let (_, state) = found.ok_or_else(|| {
            let names: Vec<&str> = states.iter().map(|(name, _)| *name).collect();
            format!("{word:?} is neither a pattern between slashes nor a state: {}", names.join(", "))
        })?;
        Awaited::State(*state)
    };
    let within = if words.take("within", "within".len()) { Some(duration(words)?) } else { None };
    Ok(Action::Wait(awaited, within))
}

/// A time: a number and `ms`, `s`, `m` or `h`.
fn duration(words: &mut Words<'_>) -> Result<Duration, String> {
    let text = word(words, "a time, such as 30s,")?;
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: Option<u64> = text[..digits].parse().ok();
    let milliseconds = match &text[digits..] {
        "ms" => Some(1),
        "s" => Some(1000),
        "m" => Some(60_000),
        "h" => Some(3_600_000),
        _ => None,
    };
    number
        .zip(milliseconds)
        .and_then(|(number, unit)| number.checked_mul(unit))
        .map(Duration::from_millis)
        .ok_or_else(|| format!("{text:?} is not a time, such as 500ms, 30s, 5m or 1h"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Script, Problems> {
        Script::parse("s", text, Path::new("/base"), &Variables::of([("DIR", "/tmp")]))
    }

    fn complaints(text: &str) -> String {
        parse(text).expect_err("complaints").to_string()
    }

    #[test]
    fn every_statement() {
        let script = parse(
            "# OS/VS1\n\
             \n\
             transcript out.txt\n\
             timeout 2m\n\
             on timeout exit 9\n\
             console 01F\n\
             whenever /\\*(\\d\\d) IEC107D/ send r $1,u\n\
             ipl 150\n\
             wait /IEA760A/ within 90s\n\
             reply \"\"\n\
             wait /a\\/b/i\n\
             send r 00,'auto=starter'\n\
             mount 00C \"${DIR}/a b.deck\" eof\n\
             wait disabled\n\
             forget /\\*(\\d\\d) IEC107D/\n\
             pause 500ms\n\
             say done $\n\
             stay\n\
             exit 0\n",
        )
        .expect("a right script");
        let shown: Vec<String> = script.statements.iter().map(|statement| format!("{:?}", statement.action)).collect();
        assert_eq!(
            shown,
            [
                "Transcript(\"/base/out.txt\")",
                "Timeout(120s)",
                "OnTimeout(Exit(9))",
                "Command(\"console 01F\")",
                "Whenever(Regex(\"\\\\*(\\\\d\\\\d) IEC107D\"), Send(\"r $1,u\"))",
                "Command(\"ipl 150\")",
                "Wait(Text(Regex(\"IEA760A\")), Some(90s))",
                "Reply(\"\")",
                "Wait(Text(Regex(\"a/b\")), None)",
                "Send(\"r 00,'auto=starter'\")",
                "Command(\"mount 00C \\\"/tmp/a b.deck\\\" eof\")",
                "Wait(State(DisabledWait), None)",
                "Forget(\"\\\\*(\\\\d\\\\d) IEC107D\")",
                "Pause(500ms)",
                "Say(\"done $\")",
                "Stay",
                "Exit(0)",
            ]
        );
        assert_eq!(script.statements[0].place.to_string(), "s:3");
    }

    #[test]
    fn wrong_statements_are_named_with_their_lines() {
        assert_eq!(
            complaints("sendd x\n\nwait\nwait /a\nwait /(/\nwait soon\nwait /a/ within 5\nexit 256\non error exit 1\n"),
            "s:1: \"sendd\" is neither a statement nor a command; did you mean \"send\"?\n\
             s:3: a pattern or a state is missing\n\
             s:4: the pattern \"/a\" has no closing slash\n\
             s:5: the pattern /(/ is wrong: unclosed group\n\
             s:6: \"soon\" is neither a pattern between slashes nor a state: disabled, waiting, stopped, check-stop\n\
             s:7: \"5\" is not a time, such as 500ms, 30s, 5m or 1h\n\
             s:8: \"256\" is not an exit status from 0 to 255\n\
             s:9: the form is: on timeout, and what to do then"
        );
        assert_eq!(
            complaints("whenever /a/\nwhenever /a/ wait /b/\nwhenever x send y\nstay here\nsend ${NO}"),
            "s:1: what is to be done is missing\n\
             s:2: \"wait /b/\": only a command, send, say or exit can be done there\n\
             s:3: a pattern between slashes is missing\n\
             s:4: \"here\" is too much\n\
             s:5: the variable \"NO\" has no value: give it with --set NO=VALUE"
        );
    }
}
