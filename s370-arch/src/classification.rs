//! Popek and Goldberg's table: of each sensitive instruction, what keeps a virtual machine from it.
//!
//! A control program can run its virtual machines in the real problem state and be sure to see every sensitive instruction if
//! each of them traps there ("Formal Requirements for Virtualizable Third Generation Architectures", 1974, theorem 1).
//! System/370 comes close: nearly all sensitive instructions are privileged; those of the dual-address-space facility and of
//! PSW-key handling are semiprivileged and trap when the control registers grant nothing; a few exceptions remain. They
//! are named here, with what is done about each. That the processor behaves so is tested in
//! `s370-cpu/tests/classification.rs`.

use std::fmt::Write;

use crate::isa::{Exception, Op, Privilege, Row, Sensitivity, TABLE};

/// What happens to an instruction of a virtual machine, which is executed in the real problem state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handling {
    /// Innocuous: the processor executes it.
    Direct,
    /// It is privileged and traps.
    Privileged,
    /// It is semiprivileged and traps because the real control registers withhold authority.
    Withheld(Withheld),
    /// It is sensitive and does not trap.
    Untrapped(Untrapped),
}

/// A semiprivileged instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Withheld {
    /// Which instruction.
    pub op: Op,
    /// Why it is sensitive.
    pub why: &'static str,
    /// What in the control registers is zero while a virtual machine runs.
    pub by: &'static str,
    /// The exception that it is then.
    pub exception: Exception,
}

/// An exception to the theorem's condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Untrapped {
    /// Which instruction; none: something else than an instruction.
    pub op: Option<Op>,
    /// What it is called.
    pub name: &'static str,
    /// Why it is sensitive.
    pub why: &'static str,
    /// What the control program does about it.
    pub done: &'static str,
}

const EXTRACTION: &str = "extraction authority (control register 0 bit 4)";
const KEY_MASK: &str = "the PSW-key mask (control register 3 bits 0-15)";
const SECONDARY: &str = "the secondary-space control (control register 0 bit 5)";
const ASN_TRANSLATION: &str = "the ASN-translation control (control register 14 bit 12)";
const LINKAGE: &str = "the subsystem-linkage control (control register 5 bit 0)";

/// The semiprivileged instructions (GA22-7000-10, chapter 5, "Dual-Address-Space Control", and each instruction).
pub const WITHHELD: &[Withheld] = &[
    withheld(Op::SPKA, "changes the PSW key; the PSW-key mask limits only the problem state", KEY_MASK),
    withheld(Op::IPK, "shows the PSW key", EXTRACTION),
    withheld(Op::PC, "changes the state and the address spaces, and shows both", LINKAGE),
    withheld(Op::SAC, "changes the address-space control", SECONDARY),
    withheld(Op::IVSK, "shows a storage key", EXTRACTION),
    withheld(Op::IAC, "shows the address-space control", EXTRACTION),
    withheld(Op::SSAR, "changes the secondary space; depends on the authorization index", ASN_TRANSLATION),
    withheld(Op::EPAR, "shows control register 4", EXTRACTION),
    withheld(Op::ESAR, "shows control register 3", EXTRACTION),
    withheld(Op::PT, "changes the state and the address spaces", ASN_TRANSLATION),
    withheld(Op::MVCK, "the PSW-key mask limits only the problem state", KEY_MASK),
    withheld(Op::MVCP, "fetches through control register 7; the PSW-key mask limits only the problem state", SECONDARY),
    withheld(Op::MVCS, "stores through control register 7; the PSW-key mask limits only the problem state", SECONDARY),
];

/// What is sensitive and does not trap: two instructions, and a place in storage that any instruction can name.
pub const UNTRAPPED: &[Untrapped] = &[
    Untrapped {
        op: Some(Op::MC),
        name: "MONITOR CALL",
        why: "whether it is an interruption depends on the monitor masks of control register 8",
        done: "while a virtual machine runs, the real control register 8 has its monitor masks; the monitor event traps \
               and is reflected",
    },
    Untrapped {
        op: Some(Op::STCK),
        name: "STORE CLOCK",
        why: "shows the real TOD clock",
        done: "each virtual machine has a clock epoch, applied while it runs; SET CLOCK traps and answers as with the \
               TOD-clock switch in the secure position, so there is no other time to show",
    },
    Untrapped {
        op: None,
        name: "interval timer",
        why: "location 80 of a machine changes by itself, and any instruction may fetch or store it",
        done: "the page with a virtual machine's location 80 is not real page 0; the control program, or its assist, \
               updates the word there at defined points",
    },
];

const fn withheld(op: Op, why: &'static str, by: &'static str) -> Withheld {
    let exception = match op {
        Op::PC | Op::SAC | Op::SSAR | Op::PT | Op::MVCP | Op::MVCS => Exception::SpecialOperation,
        _ => Exception::Privileged,
    };
    Withheld { op, why, by, exception }
}

impl Row {
    /// What happens to the instruction in a virtual machine. A sensitive one that is in none of the lists counts as one that
    /// does not trap without anything being done about it; the tests see to it that there is none.
    #[must_use]
    pub fn handling(&self) -> Handling {
        if let Some(untrapped) = UNTRAPPED.iter().find(|untrapped| untrapped.op == Some(self.op)) {
            return Handling::Untrapped(*untrapped);
        }
        if let Some(withheld) = WITHHELD.iter().find(|withheld| withheld.op == self.op) {
            return Handling::Withheld(*withheld);
        }
        match self.privilege {
            Privilege::Privileged => Handling::Privileged,
            _ if self.sensitivity == Sensitivity::Innocuous => Handling::Direct,
            _ => Handling::Untrapped(Untrapped { op: Some(self.op), name: self.name, why: "", done: "" }),
        }
    }

    /// Whether it is control-sensitive or behavior-sensitive.
    #[must_use]
    pub fn is_sensitive(&self) -> bool {
        self.sensitivity != Sensitivity::Innocuous
    }

    /// The operation code in hexadecimal: two digits, or four.
    #[must_use]
    pub fn code_text(&self) -> String {
        if self.is_two_level() { format!("{:04X}", self.code) } else { format!("{:02X}", self.code) }
    }
}

impl Sensitivity {
    /// Popek and Goldberg's word for the class.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Sensitivity::Innocuous => "innocuous",
            Sensitivity::Control => "control",
            Sensitivity::Behavior => "behavior",
            Sensitivity::Both => "control, behavior",
        }
    }
}

impl Privilege {
    /// What the manual calls it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Privilege::Problem => "problem",
            Privilege::Semiprivileged => "semiprivileged",
            Privilege::Privileged => "privileged",
        }
    }
}

impl Handling {
    /// The exception by which it traps in the problem state of a virtual machine; none if it does not.
    #[must_use]
    pub const fn trap(&self) -> Option<Exception> {
        match self {
            Handling::Privileged => Some(Exception::Privileged),
            Handling::Withheld(withheld) => Some(withheld.exception),
            Handling::Direct | Handling::Untrapped(_) => None,
        }
    }

    /// The same in words.
    #[must_use]
    pub const fn trap_name(&self) -> &'static str {
        match self.trap() {
            Some(Exception::SpecialOperation) => "special operation",
            Some(_) => "privileged operation",
            None => "",
        }
    }

    /// What else there is to say.
    #[must_use]
    pub fn remark(&self) -> String {
        match self {
            Handling::Direct | Handling::Privileged => String::new(),
            Handling::Withheld(withheld) => format!("{}; {} is zero", withheld.why, withheld.by),
            Handling::Untrapped(untrapped) => format!("{}; {}", untrapped.why, untrapped.done),
        }
    }
}

/// How many instructions there are of a kind.
fn count(rows: impl Fn(&Row) -> bool) -> usize {
    TABLE.iter().filter(|row| rows(row)).count()
}

/// The numbers, in a paragraph.
#[must_use]
pub fn summary() -> String {
    let handled = |handling: fn(&Handling) -> bool| count(|row| handling(&row.handling()));
    format!(
        "{} instructions: {} innocuous, {} sensitive ({} control, {} behavior, {} both). Of the sensitive ones {} are \
         privileged, {} semiprivileged and withheld, and {} do not trap.",
        TABLE.len(),
        count(|row| !row.is_sensitive()),
        count(Row::is_sensitive),
        count(|row| row.sensitivity == Sensitivity::Control),
        count(|row| row.sensitivity == Sensitivity::Behavior),
        count(|row| row.sensitivity == Sensitivity::Both),
        count(|row| row.is_sensitive() && row.handling() == Handling::Privileged),
        handled(|handling| matches!(handling, Handling::Withheld(_))),
        handled(|handling| matches!(handling, Handling::Untrapped(_))),
    )
}

const HEAD: &str = "\
# Popek and Goldberg's table

Made by `cambridge classify --markdown`; do not edit. After a change of the instruction table or of
`s370-arch/src/classification.rs`, `UPDATE_DOCS=1 cargo test -p s370-arch` writes it anew.

A control program that runs virtual machines in the real problem state sees everything that matters if every *sensitive*
instruction traps there. An instruction is *control-sensitive* if it can change the processor's mode or what a program has
(system mask, key, state; control registers, storage keys, timers, the clock, channels), *behavior-sensitive* if what it does
depends on them or on where storage really is, and *innocuous* if neither. The classes are filled in by hand from these
definitions, not from the privilege; `s370-cpu/tests/classification.rs` executes every sensitive instruction in the problem
state, with translation on and with the control registers that grant nothing, on every engine, and finds that all trap
but those named here.

";

/// The text of `docs/classify.md`.
#[must_use]
pub fn classification_markdown() -> String {
    let mut text = String::from(HEAD);
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{}\n\n## What does not trap\n", summary());
    text.push_str("| | Sensitive, because it | What is done |\n|---|---|---|\n");
    for untrapped in UNTRAPPED {
        let _ = writeln!(text, "| {} | {} | {} |", untrapped.name, untrapped.why, untrapped.done);
    }
    text.push_str("\n## What is withheld\n\n");
    text.push_str(
        "While a virtual machine runs, what the fourth column names is zero in the real control registers.\n\n",
    );
    text.push_str("| Op | Mnemonic | Sensitive, because it | Withheld | Exception |\n|---|---|---|---|---|\n");
    for withheld in WITHHELD {
        if let Some(row) = TABLE.iter().find(|row| row.op == withheld.op) {
            let (code, trap) = (row.code_text(), row.handling().trap_name());
            let _ = writeln!(text, "| {code} | {} | {} | {} | {trap} |", row.mnemonic, withheld.why, withheld.by);
        }
    }
    text.push_str("\n## All sensitive instructions\n\n");
    text.push_str("| Op | Mnemonic | Name | Class | Privilege | Exception |\n|---|---|---|---|---|---|\n");
    for row in TABLE.iter().filter(|row| row.is_sensitive()) {
        let handling = row.handling();
        let trap = if handling.trap().is_some() { handling.trap_name() } else { "none" };
        let (class, privilege) = (row.sensitivity.name(), row.privilege.name());
        let _ = writeln!(
            text,
            "| {} | {} | {} | {class} | {privilege} | {trap} |",
            row.code_text(),
            row.mnemonic,
            row.name
        );
    }
    text
}
