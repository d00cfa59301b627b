//! The macro library for structured programming that comes with the assembler; `docs/asm370.md` describes it.

use crate::source::{Provider, Source};

/// Member names and texts.
const MEMBERS: &[(&str, &str)] = &[
    ("#COND", include_str!("../maclib/hash-cond.mac")),
    ("#LOAD", include_str!("../maclib/hash-load.mac")),
    ("#PUSH", include_str!("../maclib/hash-push.mac")),
    ("#TEST", include_str!("../maclib/hash-test.mac")),
    ("CALL", include_str!("../maclib/call.mac")),
    ("DO", include_str!("../maclib/do.mac")),
    ("ELSE", include_str!("../maclib/else.mac")),
    ("ELSEIF", include_str!("../maclib/elseif.mac")),
    ("ENDDO", include_str!("../maclib/enddo.mac")),
    ("ENDIF", include_str!("../maclib/endif.mac")),
    ("ENDSEL", include_str!("../maclib/endsel.mac")),
    ("ENTER", include_str!("../maclib/enter.mac")),
    ("EXIT", include_str!("../maclib/exit.mac")),
    ("IF", include_str!("../maclib/if.mac")),
    ("ITERATE", include_str!("../maclib/iterate.mac")),
    ("LEAVE", include_str!("../maclib/leave.mac")),
    ("OTHRWISE", include_str!("../maclib/othrwise.mac")),
    ("REGS", include_str!("../maclib/regs.mac")),
    ("SELECT", include_str!("../maclib/select.mac")),
    ("WHEN", include_str!("../maclib/when.mac")),
];

/// IF, DO, SELECT, ENTER, EXIT and what belongs to them, as a library.
#[derive(Clone, Copy, Debug, Default)]
pub struct StructuredMacros;

impl StructuredMacros {
    /// The members' names.
    pub fn names() -> impl Iterator<Item = &'static str> {
        MEMBERS.iter().map(|member| member.0)
    }
}

impl Provider for StructuredMacros {
    fn member(&self, name: &str) -> Option<Source> {
        MEMBERS.iter().find(|member| member.0 == name).map(|&(name, text)| Source::new(name, text))
    }
}
