//! The instruction list of the documentation, made from the instruction table.

use std::fmt::Write;

use crate::isa::{Exception, Facility, Privilege, Row, Sensitivity, TABLE};

const HEAD: &str = "\
# Instructions

Made from the instruction table in `s370-arch/src/isa.rs`; do not edit. After a change of the table,
`UPDATE_DOCS=1 cargo test -p s370-arch` writes it anew.

- *Class* is Popek and Goldberg's: an instruction is control-sensitive if it can change what a program may do or has,
  behavior-sensitive if its result depends on that; a dash means neither.
- *Code* lists the condition codes that can result; a dash means that the code is unchanged.
- *Program interruptions* are those besides operation and the access exceptions of the instruction itself. *Fetch* and
  *store* stand for the access exceptions of an operand: protection, addressing, segment and page translation,
  translation specification.
- *Chapter* is that of GA22-7000-10, or another manual.

";

/// The text of `docs/instructions.md`.
#[must_use]
pub fn instruction_list_markdown() -> String {
    let mut text = String::from(HEAD);
    let with = |privilege| TABLE.iter().filter(|row| row.privilege == privilege).count();
    let _ = writeln!(
        text,
        "{} instructions: {} of the problem state, {} semiprivileged, {} privileged.\n",
        TABLE.len(),
        with(Privilege::Problem),
        with(Privilege::Semiprivileged),
        with(Privilege::Privileged),
    );
    text.push_str(
        "| Op | Mnemonic | Name | Format | Operands | Privilege | Facility | Class | Code | Program interruptions | Chapter |\n\
         |---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for row in TABLE {
        write_row(&mut text, row);
    }
    text
}

fn write_row(text: &mut String, row: &Row) {
    let width = if row.is_two_level() { 4 } else { 2 };
    let codes: Vec<String> = row.condition_code.values.iter().map(u8::to_string).collect();
    let exceptions: Vec<&str> = row.exceptions.iter().map(|&exception| exception_name(exception)).collect();
    // Writing to a String cannot fail.
    let _ = writeln!(
        text,
        "| {:0width$X} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
        row.code,
        row.mnemonic,
        row.name,
        row.format.name(),
        row.format.syntax(),
        privilege_name(row.privilege),
        facility_name(row.facility),
        sensitivity_name(row.sensitivity),
        or_dash(codes.join(" ")),
        or_dash(exceptions.join(", ")),
        row.chapter,
    );
}

fn or_dash(text: String) -> String {
    if text.is_empty() { "–".to_owned() } else { text }
}

const fn privilege_name(privilege: Privilege) -> &'static str {
    match privilege {
        Privilege::Problem => "–",
        Privilege::Privileged => "privileged",
        Privilege::Semiprivileged => "semiprivileged",
    }
}

const fn sensitivity_name(sensitivity: Sensitivity) -> &'static str {
    match sensitivity {
        Sensitivity::Innocuous => "–",
        Sensitivity::Control => "control",
        Sensitivity::Behavior => "behavior",
        Sensitivity::Both => "control, behavior",
    }
}

const fn facility_name(facility: Facility) -> &'static str {
    match facility {
        Facility::Base => "basic",
        Facility::BranchAndSave => "branch and save",
        Facility::S370 => "System/370",
        Facility::Decimal => "decimal",
        Facility::FloatingPoint => "floating point",
        Facility::ExtendedFloatingPoint => "extended-precision floating point",
        Facility::Diagnose => "diagnose",
        Facility::DirectControl => "direct control",
        Facility::Translation => "translation",
        Facility::Multiprocessing => "multiprocessing",
        Facility::ChannelIo => "channel I/O",
        Facility::ChannelSetSwitching => "channel-set switching",
        Facility::CpuTimer => "CPU timer and clock comparator",
        Facility::PswKeyHandling => "PSW-key handling",
        Facility::DualAddressSpace => "dual address space",
        Facility::Extended => "extended",
        Facility::StorageKey4k => "storage-key 4K-byte block",
        Facility::TestBlock => "test block",
        Facility::ConditionalSwapping => "conditional swapping",
        Facility::EcpsVm => "ECPS:VM",
        Facility::MoveInverse => "move inverse",
    }
}

const fn exception_name(exception: Exception) -> &'static str {
    match exception {
        Exception::Privileged => "privileged operation",
        Exception::Execute => "execute",
        Exception::Fetch => "fetch",
        Exception::Store => "store",
        Exception::Addressing => "addressing",
        Exception::TranslationSpecification => "translation specification",
        Exception::Specification => "specification",
        Exception::Data => "data",
        Exception::FixedOverflow => "fixed-point overflow",
        Exception::FixedDivide => "fixed-point divide",
        Exception::DecimalOverflow => "decimal overflow",
        Exception::DecimalDivide => "decimal divide",
        Exception::ExponentOverflow => "exponent overflow",
        Exception::ExponentUnderflow => "exponent underflow",
        Exception::Significance => "significance",
        Exception::FloatingPointDivide => "floating-point divide",
        Exception::SpecialOperation => "special operation",
        Exception::MonitorEvent => "monitor event",
        Exception::AsnTranslationSpecification => "ASN-translation specification",
        Exception::PcTranslationSpecification => "PC-translation specification",
        Exception::AfxTranslation => "AFX translation",
        Exception::AsxTranslation => "ASX translation",
        Exception::LxTranslation => "LX translation",
        Exception::ExTranslation => "EX translation",
        Exception::PrimaryAuthority => "primary authority",
        Exception::SecondaryAuthority => "secondary authority",
        Exception::SpaceSwitch => "space-switch event",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_look_as_intended() {
        let list = instruction_list_markdown();
        assert!(
            list.contains("\n| 1A | AR | ADD | RR | R1,R2 | – | basic | – | 0 1 2 3 | fixed-point overflow | 7 |\n")
        );
        assert!(list.contains(
            "\n| B20D | PTLB | PURGE TLB | S |  | privileged | translation | control | – | privileged operation | 10 |\n"
        ));
    }

    #[test]
    fn every_row_has_all_columns() {
        let list = instruction_list_markdown();
        let rows: Vec<&str> = list.lines().filter(|line| line.starts_with('|')).collect();
        assert_eq!(rows.len(), TABLE.len() + 2);
        assert!(rows.iter().all(|row| row.matches('|').count() == 12));
    }
}
