//! `docs/diagnose.md`, made from the table.

use std::fmt::Write;

use super::TABLE;

const HEAD: &str = "\
# DIAGNOSE codes

Made from the table in `cp/src/diagnose/mod.rs`; do not edit. After a change of the table,
`UPDATE_DOCS=1 cargo test -p cp` writes it anew.

DIAGNOSE in a virtual machine asks something of CP. The instruction is `83 xy dddd` with the function code as second-operand
address; *Rx* and *Ry* are its register fields. Addresses in registers are real addresses of the virtual machine.

- *Class* is a list of privilege classes of which the user needs one; with none of them there is a privileged-operation
  exception. A dash means that everybody may use the code.
- *Section* is that of VM/370 System Programmer's Guide, GC20-1807-7. What code 58 does with whole screens is in VM/SP System
  Programmer's Guide, SC19-6203, under the same title.
- A code that is not in the table leads to a specification exception, as do operands on wrong boundaries and counts and register
  numbers that cannot be; storage that is not there leads to an addressing exception.

";

/// The text of `docs/diagnose.md`.
#[must_use]
pub fn markdown() -> String {
    let mut text = String::from(HEAD);
    text.push_str("| Code | Function | Class | Results | Section |\n|---|---|---|---|---|\n");
    for row in TABLE {
        let classes = if row.classes.is_empty() { "–" } else { row.classes };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "| {:02X} | {} | {classes} | {} | {} |", row.code, row.name, row.results, row.section());
    }
    text
}
