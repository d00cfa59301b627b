//! Operation codes: machine instructions, extended mnemonics, assembler instructions.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::LazyLock;

use s370_arch::isa::{Row, TABLE};

use crate::machine::extended_mnemonics;
use crate::macros::Macro;
use crate::variable::SetKind;

/// Assembler instructions, each by its name (GC33-4010).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Directive {
    Ccw,
    Cnop,
    Com,
    Copy,
    Csect,
    Dc,
    Drop,
    Ds,
    Dsect,
    Eject,
    End,
    Entry,
    Equ,
    Extrn,
    Ictl,
    Iseq,
    Ltorg,
    Opsyn,
    Org,
    Pop,
    Print,
    Punch,
    Push,
    Repro,
    Space,
    Start,
    Title,
    Using,
    Wxtrn,
}

const DIRECTIVES: &[(&str, Directive)] = &[
    ("CCW", Directive::Ccw),
    ("CNOP", Directive::Cnop),
    ("COM", Directive::Com),
    ("COPY", Directive::Copy),
    ("CSECT", Directive::Csect),
    ("DC", Directive::Dc),
    ("DROP", Directive::Drop),
    ("DS", Directive::Ds),
    ("DSECT", Directive::Dsect),
    ("EJECT", Directive::Eject),
    ("END", Directive::End),
    ("ENTRY", Directive::Entry),
    ("EQU", Directive::Equ),
    ("EXTRN", Directive::Extrn),
    ("ICTL", Directive::Ictl),
    ("ISEQ", Directive::Iseq),
    ("LTORG", Directive::Ltorg),
    ("OPSYN", Directive::Opsyn),
    ("ORG", Directive::Org),
    ("POP", Directive::Pop),
    ("PRINT", Directive::Print),
    ("PUNCH", Directive::Punch),
    ("PUSH", Directive::Push),
    ("REPRO", Directive::Repro),
    ("SPACE", Directive::Space),
    ("START", Directive::Start),
    ("TITLE", Directive::Title),
    ("USING", Directive::Using),
    ("WXTRN", Directive::Wxtrn),
];

/// Instructions of conditional assembly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Conditional {
    Actr,
    Ago,
    Aif,
    Anop,
    /// GBLA, GBLB, GBLC.
    Global(SetKind),
    /// LCLA, LCLB, LCLC.
    Local(SetKind),
    Macro,
    Mend,
    Mexit,
    Mnote,
    /// SETA, SETB, SETC.
    Set(SetKind),
}

const CONDITIONALS: &[(&str, Conditional)] = &[
    ("ACTR", Conditional::Actr),
    ("AGO", Conditional::Ago),
    ("AIF", Conditional::Aif),
    ("ANOP", Conditional::Anop),
    ("GBLA", Conditional::Global(SetKind::Arithmetic)),
    ("GBLB", Conditional::Global(SetKind::Binary)),
    ("GBLC", Conditional::Global(SetKind::Character)),
    ("LCLA", Conditional::Local(SetKind::Arithmetic)),
    ("LCLB", Conditional::Local(SetKind::Binary)),
    ("LCLC", Conditional::Local(SetKind::Character)),
    ("MACRO", Conditional::Macro),
    ("MEND", Conditional::Mend),
    ("MEXIT", Conditional::Mexit),
    ("MNOTE", Conditional::Mnote),
    ("SETA", Conditional::Set(SetKind::Arithmetic)),
    ("SETB", Conditional::Set(SetKind::Binary)),
    ("SETC", Conditional::Set(SetKind::Character)),
];

/// What an operation code stands for.
#[derive(Clone, Debug)]
pub(crate) enum Operation {
    /// A machine instruction; the mask is that of an extended mnemonic.
    Machine {
        row: &'static Row,
        mask: Option<u8>,
    },
    Directive(Directive),
    Conditional(Conditional),
    Macro(Rc<Macro>),
}

/// The operation codes every assembly begins with.
static BUILT_IN: LazyLock<HashMap<String, BuiltIn>> = LazyLock::new(|| {
    let machine = TABLE.iter().map(|row| (row.mnemonic.to_string(), BuiltIn::Machine(row, None)));
    let extended = extended_mnemonics().map(|(name, op, mask)| (name, BuiltIn::Machine(op.row(), Some(mask))));
    let directives = DIRECTIVES.iter().map(|&(name, d)| (name.to_string(), BuiltIn::Directive(d)));
    let conditionals = CONDITIONALS.iter().map(|&(name, c)| (name.to_string(), BuiltIn::Conditional(c)));
    machine.chain(extended).chain(directives).chain(conditionals).collect()
});

/// An operation that is no macro.
#[derive(Clone, Copy, Debug)]
enum BuiltIn {
    Machine(&'static Row, Option<u8>),
    Directive(Directive),
    Conditional(Conditional),
}

impl From<BuiltIn> for Operation {
    fn from(operation: BuiltIn) -> Operation {
        match operation {
            BuiltIn::Machine(row, mask) => Operation::Machine { row, mask },
            BuiltIn::Directive(directive) => Operation::Directive(directive),
            BuiltIn::Conditional(conditional) => Operation::Conditional(conditional),
        }
    }
}

/// The operation codes that are in effect.
#[derive(Debug, Default)]
pub(crate) struct Operations {
    /// Macros, and what OPSYN changed: `None` for a code that it took away.
    changed: HashMap<String, Option<Operation>>,
}

impl Operations {
    pub fn get(&self, name: &str) -> Option<Operation> {
        match self.changed.get(name) {
            Some(changed) => changed.clone(),
            None => BUILT_IN.get(name).map(|&operation| operation.into()),
        }
    }

    pub fn set(&mut self, name: &str, operation: Operation) {
        self.changed.insert(name.to_string(), Some(operation));
    }

    pub fn remove(&mut self, name: &str) {
        self.changed.insert(name.to_string(), None);
    }
}
