//! CP's commands (VM/370 CP Command Reference for General Users, GC20-1820; Operator's Guide, GC20-1806).
//!
//! [`TABLE`] is the one list of the commands that CP knows. A command without a handler is not there yet: it is answered as
//! one that CP does not know. The same goes for commands for which a user has no privilege class.

mod define;
mod device;
mod display;
mod indicate;
mod machine;
mod operand;
mod query;
mod set;
mod store;
#[cfg(test)]
pub(crate) mod tests;
mod virtuals;

pub use self::machine::enter;
use self::operand::Operands;
use crate::{message::Message, system::Cp, user::Emsg};

/// What CP says to a command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    /// Lines for the user.
    pub lines: Vec<String>,
    /// Return code: 0, the number of the message, or 1 for an unknown command.
    pub code: u32,
}

/// What has become of a command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Performed {
    pub response: Response,
    /// The virtual machine was reset or loaded: its registers are not those of the program that may have asked.
    pub was_reset: bool,
}

/// What a command has to say when it went well.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reply {
    lines: Vec<String>,
    was_reset: bool,
}

impl Reply {
    fn line(text: impl Into<String>) -> Reply {
        Reply { lines: vec![text.into()], was_reset: false }
    }

    fn lines(lines: Vec<String>) -> Reply {
        Reply { lines, was_reset: false }
    }

    fn reset(lines: Vec<String>) -> Reply {
        Reply { lines, was_reset: true }
    }
}

/// A message in place of a reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    message: &'static Message,
    values: Vec<String>,
    /// What was said before the operand that is wrong.
    before: Vec<String>,
    was_reset: bool,
}

impl Failure {
    fn with(message: &'static Message, values: &[&str]) -> Failure {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        Failure { message, values, before: Vec::new(), was_reset: false }
    }
}

impl From<&'static Message> for Failure {
    fn from(message: &'static Message) -> Failure {
        Failure::with(message, &[])
    }
}

pub(crate) type Answer = Result<Reply, Failure>;

type Handler = fn(&mut Cp<'_>, &mut Operands<'_>) -> Answer;

/// Who can use a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// Whoever has not logged on yet.
    BeforeLogon,
    /// Whoever is logged on, with one of the privilege classes.
    LoggedOn,
}

/// A row of the table.
pub struct Command {
    /// The name.
    pub name: &'static str,
    /// Characters of its shortest abbreviation.
    pub shortest: usize,
    /// Privilege classes of which one is needed; none is needed if there are none.
    pub classes: &'static str,
    /// Who can use it.
    pub usage: Use,
    /// Module that its messages name.
    pub module: &'static str,
    handler: Option<Handler>,
}

impl Command {
    /// Whether a word means this command.
    #[must_use]
    pub fn is_called(&self, word: &str) -> bool {
        word.len() >= self.shortest && self.name.starts_with(word)
    }

    /// Whether the command is there.
    #[must_use]
    pub fn is_present(&self) -> bool {
        self.handler.is_some()
    }
}

macro_rules! commands {
    ($($name:literal $shortest:literal $classes:literal $usage:ident $module:literal $($handler:path)?;)*) => {
        /// The commands, in the order in which they are searched.
        pub static TABLE: &[Command] = &[$(Command {
            name: $name,
            shortest: $shortest,
            classes: $classes,
            usage: Use::$usage,
            module: $module,
            handler: commands!(@handler $($handler)?),
        }),*];
    };
    (@handler) => { None };
    (@handler $handler:path) => { Some($handler) };
}

commands! {
    "LOGON" 1 "" BeforeLogon "LOG";
    "LOGIN" 4 "" BeforeLogon "LOG";
    "DIAL" 1 "" BeforeLogon "DIA";
    "ATTACH" 3 "B" LoggedOn "VDB";
    "ATTN" 4 "G" LoggedOn "CPB" device::attention;
    "ADSTOP" 6 "G" LoggedOn "CFD";
    "ACNT" 4 "A" LoggedOn "CPV";
    "AUTOLOG" 6 "AB" LoggedOn "LOG";
    "BEGIN" 1 "G" LoggedOn "CFM" machine::begin;
    "BACKSPAC" 2 "D" LoggedOn "CSB";
    "CHANGE" 2 "DG" LoggedOn "CSU";
    "CLOSE" 1 "G" LoggedOn "CSP";
    "COUPLE" 6 "G" LoggedOn "DIA" device::couple;
    "DISPLAY" 1 "G" LoggedOn "CDB" display::display;
    "DCP" 3 "CE" LoggedOn "CDB";
    "DEFINE" 3 "G" LoggedOn "DEF" define::define;
    "DETACH" 3 "BG" LoggedOn "VDD" device::detach;
    "DISCONN" 4 "" LoggedOn "USO";
    "LOCK" 4 "A" LoggedOn "CPS";
    "MONITOR" 3 "AE" LoggedOn "MCC";
    "MSGNOH" 6 "AB" LoggedOn "MSG";
    "NOTREADY" 4 "G" LoggedOn "CPB" device::not_ready;
    "TERMINAL" 4 "G" LoggedOn "CFT";
    "UNLOCK" 6 "A" LoggedOn "CPS";
    "WNG" 1 "AB" LoggedOn "MSG";
    "WARNING" 1 "AB" LoggedOn "MSG";
    "DISABLE" 4 "AB" LoggedOn "CPS";
    "DMCP" 4 "CE" LoggedOn "CDM";
    "DRAIN" 2 "D" LoggedOn "CSO";
    "DUMP" 2 "G" LoggedOn "CDM";
    "ECHO" 2 "G" LoggedOn "MSG";
    "EXTERNAL" 3 "G" LoggedOn "CPB" machine::external;
    "ENABLE" 2 "AB" LoggedOn "CPS";
    "FLUSH" 1 "D" LoggedOn "CSO";
    "FORCE" 5 "A" LoggedOn "USO";
    "HALT" 4 "A" LoggedOn "CPS";
    "HOLD" 2 "D" LoggedOn "CSU";
    "IPL" 1 "G" LoggedOn "CFG" machine::ipl;
    "LINK" 4 "G" LoggedOn "LNK";
    "LOADBUF" 7 "D" LoggedOn "CSO";
    "LOADVFCB" 8 "G" LoggedOn "CSO";
    "LOCATE" 3 "CE" LoggedOn "CFC";
    "LOGOFF" 3 "" LoggedOn "USO";
    "LOGOUT" 3 "" LoggedOn "USO";
    "MSG" 1 "" LoggedOn "MSG";
    "MESSAGE" 2 "" LoggedOn "MSG";
    "NETWORK" 3 "ABF" LoggedOn "NET";
    "STCP" 4 "C" LoggedOn "CDS";
    "TRACE" 2 "G" LoggedOn "TRA";
    "VARY" 4 "B" LoggedOn "CPS";
    "ORDER" 3 "DG" LoggedOn "CSU";
    "PURGE" 3 "DG" LoggedOn "CSU";
    "QUERY" 1 "ABCDEFG" LoggedOn "CFQ" query::query;
    "READY" 5 "G" LoggedOn "CPB" device::ready;
    "FREE" 2 "D" LoggedOn "CSU";
    "REPEAT" 3 "D" LoggedOn "CSB";
    "REQUEST" 3 "G" LoggedOn "CPB" device::attention;
    "RESET" 5 "G" LoggedOn "CPB" device::reset;
    "REWIND" 3 "G" LoggedOn "CPB";
    "SYSTEM" 3 "G" LoggedOn "CFP" machine::system;
    "SAVESYS" 7 "E" LoggedOn "CFG";
    "INDICATE" 3 "EG" LoggedOn "THI" indicate::indicate;
    "TRANSFER" 4 "DG" LoggedOn "CST";
    "SET" 3 "ABFG" LoggedOn "CFS" set::set;
    "SHUTDOWN" 8 "A" LoggedOn "CPS";
    "SLEEP" 2 "" LoggedOn "CFM" machine::sleep;
    "SPACE" 3 "D" LoggedOn "CSB";
    "SPOOL" 2 "G" LoggedOn "CSP";
    "STORE" 2 "G" LoggedOn "CDS" store::store;
    "START" 3 "D" LoggedOn "CSO";
    "TAG" 2 "G" LoggedOn "CST";
    "VMDUMP" 3 "G" LoggedOn "VMD";
    "SMSG" 2 "G" LoggedOn "MSG";
}

/// The command that a word means to someone who is logged on.
#[must_use]
pub fn find(word: &str) -> Option<&'static Command> {
    TABLE.iter().find(|command| command.usage == Use::LoggedOn && command.is_called(word))
}

/// Executes a command of a user who is logged on.
pub fn execute(cp: &mut Cp<'_>, line: &str) -> Response {
    let emsg = cp.user.settings.emsg;
    perform(cp, line, emsg).response
}

/// Executes a command, and shows messages as this setting says.
pub(crate) fn perform(cp: &mut Cp<'_>, line: &str, emsg: Emsg) -> Performed {
    let folded = line.to_uppercase();
    let mut operands = Operands::new(&folded);
    // CP before a command only says whose it is.
    let word = loop {
        match operands.next() {
            None => return Performed::default(),
            Some("CP") => {}
            Some(word) => break word,
        }
    };
    if word.starts_with('*') {
        return Performed::default();
    }
    let found = find(word).filter(|command| cp.user.has_class(command.classes));
    let Some((command, handler)) = found.and_then(|command| Some((command, command.handler?))) else {
        return unknown(word);
    };
    let answer = handler(cp, &mut operands);
    conclude(command, answer, emsg)
}

fn unknown(word: &str) -> Performed {
    let response = Response { lines: vec![format!("?CP: {}", shown(word))], code: 1 };
    Performed { response, was_reset: false }
}

/// What is shown of an operand: as much as CP keeps of it.
fn shown(word: &str) -> String {
    word.chars().take(operand::LONGEST).collect()
}

fn conclude(command: &Command, answer: Answer, emsg: Emsg) -> Performed {
    match answer {
        Ok(reply) => Performed { response: Response { lines: reply.lines, code: 0 }, was_reset: reply.was_reset },
        Err(failure) => {
            let module = if command.name == "QUERY" { query::module(failure.message) } else { command.module };
            let values: Vec<&str> = failure.values.iter().map(String::as_str).collect();
            let mut lines = failure.before;
            lines.extend(failure.message.edited(emsg, module, &values));
            let response = Response { lines, code: u32::from(failure.message.number) };
            Performed { response, was_reset: failure.was_reset }
        }
    }
}
