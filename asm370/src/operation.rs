//! Operation codes: machine instructions, extended mnemonics, assembler instructions.

use std::collections::HashMap;

use s370_arch::isa::{Row, TABLE};

use crate::machine::extended_mnemonics;

/// Assembler instructions, each by its name (GC33-4010).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Directive {
    Ccw,
    Cnop,
    Com,
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
    Ltorg,
    Org,
    Print,
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
    ("LTORG", Directive::Ltorg),
    ("ORG", Directive::Org),
    ("PRINT", Directive::Print),
    ("SPACE", Directive::Space),
    ("START", Directive::Start),
    ("TITLE", Directive::Title),
    ("USING", Directive::Using),
    ("WXTRN", Directive::Wxtrn),
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
}

/// The operation codes that are in effect.
#[derive(Debug)]
pub(crate) struct Operations(HashMap<String, Operation>);

impl Operations {
    pub fn new() -> Operations {
        let machine = TABLE.iter().map(|row| (row.mnemonic.to_string(), Operation::Machine { row, mask: None }));
        let extended =
            extended_mnemonics().map(|(name, op, mask)| (name, Operation::Machine { row: op.row(), mask: Some(mask) }));
        let directives =
            DIRECTIVES.iter().map(|&(name, directive)| (name.to_string(), Operation::Directive(directive)));
        Operations(machine.chain(extended).chain(directives).collect())
    }

    pub fn get(&self, name: &str) -> Option<&Operation> {
        self.0.get(name)
    }
}
