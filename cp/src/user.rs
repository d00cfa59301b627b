//! A logged-on user: a virtual machine, and what CP knows of whoever sits before it.

use std::collections::{BTreeMap, VecDeque};

use devices::console::typewriter::{Output, Typewriter};
use s370_arch::ebcdic;
use s370_cpu::state::MICROSECOND;

use crate::{
    diagnose::Screen,
    vm::{Stop, VirtualMachine},
};

/// What is kept of what a user is told and does not fetch: several displays of all that CP displays at once.
pub const MOST_SAID: usize = 10_000;
/// Instructions before the first look at the clock.
const FIRST_STRIDE: u64 = 20_000;

/// What the user is told, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// The virtual machine typed this on its console; new lines are among it.
    Machine(String),
    /// CP says this line.
    Cp(String),
    /// A read of the virtual machine took this line.
    Read(String),
}

/// Who has the console.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Mode {
    /// The virtual machine runs.
    Running,
    /// CP waits for a command; the virtual machine does not run.
    #[default]
    CpRead,
}

/// How much of CP's messages DIAGNOSE 5C and error messages show: SET EMSG.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Emsg {
    /// Code and text.
    On,
    /// Nothing.
    Off,
    /// The code alone.
    Code,
    /// The text alone.
    #[default]
    Text,
}

/// What SET switches for a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// SET EMSG.
    pub emsg: Emsg,
    /// SET RUN: the virtual machine goes on running while its user is in CP READ.
    pub run: bool,
    /// SET MSG: messages of other users are taken.
    pub msg: bool,
    /// SET WNG: warnings are taken.
    pub wng: bool,
    /// SET IMSG: informational messages are shown.
    pub imsg: bool,
    /// SET SMSG: special messages are taken.
    pub smsg: bool,
    /// SET ECMODE: extended control.
    pub ecmode: bool,
    /// SET LINEDIT: line-editing characters are heeded.
    pub linedit: bool,
    /// SET PAGEX: pseudo page faults.
    pub pagex: bool,
    /// SET NOTRANS: channel programs of a V=R machine are not translated.
    pub notrans: bool,
    /// SET ACNT: accounting messages.
    pub acnt: bool,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            emsg: Emsg::default(),
            run: false,
            msg: true,
            wng: true,
            imsg: true,
            smsg: false,
            ecmode: false,
            linedit: true,
            pagex: false,
            notrans: false,
            acnt: true,
        }
    }
}

/// What a program function key does: SET PFnn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionKey {
    /// The lines are sent at once; otherwise they are shown in the input area.
    pub is_immediate: bool,
    /// What is sent.
    pub text: String,
}

/// What SLEEP waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sleep {
    /// Attention.
    Attention,
    /// Attention, or this time, as in [`s370_cpu::state::CpuState::time`].
    Until(u64),
}

/// A user.
pub struct User {
    /// The user's identification, as it is written: one to eight characters.
    pub userid: String,
    /// Privilege classes, as letters.
    pub classes: String,
    /// The virtual machine.
    pub machine: VirtualMachine,
    /// Address of the virtual console.
    pub console: u16,
    /// Who has the console.
    pub mode: Mode,
    /// Switches.
    pub settings: Settings,
    /// Distribution code of printed and punched output.
    pub distribution: String,
    /// Program function keys by number, 1-24.
    pub function_keys: BTreeMap<u8, FunctionKey>,
    /// Volume serials of the packs that virtual disks are on, by address.
    pub volumes: BTreeMap<u16, String>,
    /// The most storage that DEFINE gives, in bytes.
    pub maximum_storage: u32,
    /// The virtual machine does not run until then.
    pub sleep: Option<Sleep>,
    /// The PA2 key is an external interruption for the virtual machine (DIAGNOSE X'54').
    pub pa2_interrupts: bool,
    /// [`s370_cpu::state::CpuState::time`] at logon.
    pub since: u64,
    /// Processor time in units of the TOD clock, when time is the host's: the virtual machine's own, and CP's for it.
    pub metered: (u64, u64),
    /// Instructions after which the clock is looked at, when time is the host's: they are to take about
    /// [`LOOK`](crate::dispatcher::LOOK).
    pub(crate) stride: u64,
    /// Processor time since the working set was estimated, in units of the TOD clock.
    pub(crate) since_estimate: u64,
    /// The display operation that DIAGNOSE X'58' waits for.
    pub(crate) screen: Option<Screen>,
    said: VecDeque<Said>,
    /// Why the virtual machine last came back, when that was not the end of its slice.
    pub last_stop: Option<Stop>,
}

impl User {
    /// A user whose machine does not run yet.
    #[must_use]
    pub fn new(userid: &str, classes: &str, machine: VirtualMachine, console: u16) -> User {
        User {
            userid: userid.to_owned(),
            classes: classes.to_owned(),
            machine,
            console,
            mode: Mode::default(),
            settings: Settings::default(),
            distribution: userid.to_owned(),
            function_keys: BTreeMap::new(),
            volumes: BTreeMap::new(),
            maximum_storage: 16 << 20,
            sleep: None,
            pa2_interrupts: false,
            since: 0,
            metered: (0, 0),
            stride: FIRST_STRIDE,
            since_estimate: 0,
            screen: None,
            said: VecDeque::new(),
            last_stop: None,
        }
    }

    /// The identification in EBCDIC, padded with blanks to eight characters.
    #[must_use]
    pub fn name(&self) -> [u8; 8] {
        padded(&self.userid)
    }

    /// Microseconds of processor time: the virtual machine's, and that and CP's for it together. In deterministic time
    /// they are what its instructions took.
    #[must_use]
    pub fn processor_time(&self) -> (u64, u64) {
        let machine = &self.machine;
        let counted = u128::from(machine.instructions()) * u128::from(machine.instruction_time);
        let counted = (counted / u128::from(MICROSECOND)) as u64;
        let (own, overhead) = (self.metered.0 / MICROSECOND, self.metered.1 / MICROSECOND);
        let own = own.saturating_add(counted);
        (own, own.saturating_add(overhead))
    }

    /// Whether the user has one of these privilege classes; an empty list is for everybody.
    #[must_use]
    pub fn has_class(&self, classes: &str) -> bool {
        classes.is_empty() || classes.chars().any(|class| self.classes.contains(class))
    }

    /// CP says something: lines.
    pub fn say(&mut self, text: &str) {
        self.listen();
        self.said.extend(text.lines().map(|line| Said::Cp(line.to_owned())));
        self.forget_old();
    }

    /// Takes what the console typewriter has typed.
    pub fn listen(&mut self) {
        let Some(typewriter) = self.machine.channels.device::<Typewriter>(self.console) else { return };
        let output = typewriter.take_output();
        if output.is_empty() {
            return;
        }
        for output in output {
            match output {
                Output::Typed(codes) => self.said.push_back(Said::Machine(text(&codes))),
                Output::Read(codes) => self.said.push_back(Said::Read(text(&codes))),
                Output::CarrierReturn => self.said.push_back(Said::Machine("\n".to_owned())),
                Output::Alarm | Output::Proceed | Output::Lock => {}
            }
        }
        self.forget_old();
        // A write may have waited for that.
        self.machine.touched(self.console);
    }

    /// Of more than is kept, the oldest is lost.
    fn forget_old(&mut self) {
        let excess = self.said.len().saturating_sub(MOST_SAID);
        self.said.drain(..excess);
    }

    /// What was said since this was last asked.
    pub fn take_said(&mut self) -> Vec<Said> {
        self.listen();
        self.said.drain(..).collect()
    }

    /// Types a line for the virtual machine.
    pub fn enter(&mut self, line: &str) {
        let codes = ebcdic::from_text(line);
        if let Some(typewriter) = self.machine.channels.device::<Typewriter>(self.console) {
            typewriter.enter_line(&codes);
        }
        self.machine.touched(self.console);
    }
}

/// A name of up to eight characters in EBCDIC, padded with blanks.
#[must_use]
pub fn padded(name: &str) -> [u8; 8] {
    let mut field = [0x40; 8];
    field.iter_mut().zip(ebcdic::from_text(name)).for_each(|(to, code)| *to = code);
    field
}

fn text(codes: &[u8]) -> String {
    codes.iter().map(|&code| if matches!(code, 0x15 | 0x0D) { '\n' } else { ebcdic::to_char(code) }).collect()
}
