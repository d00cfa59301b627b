//! Which facts of the instruction table the vectors show.

use std::collections::BTreeSet;

use s370_arch::{
    interruption::{Class, ProgramCode},
    isa::{Exception, Op, Row, TABLE},
};

use crate::vector::Case;

/// A fact of a row that a vector must show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fact {
    /// The row has a vector.
    Vector,
    /// Its encoding is confirmed by a vector that gives it in hexadecimal too.
    Encoding,
    /// A vector ends with this condition code.
    ConditionCode(u8),
    /// A vector ends with this exception.
    Exception(Exception),
}

/// Facts that this machine cannot be brought to show, and why. One that a vector shows after all must not stand here.
pub const OUT_OF_REACH: &[(Op, Fact, &str)] = &[
    (Op::DIAG, Fact::ConditionCode(0), NO_DIAGNOSE),
    (Op::DIAG, Fact::ConditionCode(1), NO_DIAGNOSE),
    (Op::DIAG, Fact::ConditionCode(2), NO_DIAGNOSE),
    (Op::DIAG, Fact::ConditionCode(3), NO_DIAGNOSE),
    (Op::DIAG, Fact::Exception(Exception::Specification), NO_DIAGNOSE),
    (Op::SCK, Fact::ConditionCode(3), CLOCK_WORKS),
    (Op::STCK, Fact::ConditionCode(2), CLOCK_WORKS),
    (Op::STCK, Fact::ConditionCode(3), CLOCK_WORKS),
    (Op::TB, Fact::ConditionCode(1), "no block of our storage is unusable"),
    (Op::SCNRU, Fact::ConditionCode(0), ASSIST),
    (Op::SCNRU, Fact::ConditionCode(1), ASSIST),
    (Op::SCNRU, Fact::ConditionCode(2), ASSIST),
    (Op::SCNRU, Fact::ConditionCode(3), ASSIST),
];
const NO_DIAGNOSE: &str = "DIAGNOSE does nothing on the bare processor; CP gives it a meaning, and has its own tests";
const CLOCK_WORKS: &str = "our TOD clock is always operational";
const ASSIST: &str = "the assist is not in the processor; its own tests show what it does";

/// All facts of a row.
pub fn facts(row: &Row) -> impl Iterator<Item = Fact> {
    let codes = row.condition_code.values.iter().copied().map(Fact::ConditionCode);
    let exceptions = row.exceptions.iter().copied().map(Fact::Exception);
    [Fact::Vector, Fact::Encoding].into_iter().chain(codes).chain(exceptions)
}

/// The facts that a case shows.
///
/// # Errors
/// An item of its result is not understood.
pub fn shown(case: &Case) -> Result<Vec<(Op, Fact)>, String> {
    let Some(op) = case.op() else { return Ok(Vec::new()) };
    let mut facts = vec![Fact::Vector];
    if case.has_hex {
        facts.push(Fact::Encoding);
    }
    facts.extend(case.result.iter().filter_map(|item| final_code(item)).map(Fact::ConditionCode));
    for interruption in case.interruptions(u32::from(case.instruction.length()))? {
        if interruption.class == Class::Program {
            facts.extend(exception(op, interruption.code, interruption.access).map(Fact::Exception));
        }
    }
    Ok(facts.into_iter().map(|fact| (op, fact)).collect())
}

/// The condition code that an item of a result names: `cc=2`, or the one in `psw=...`.
fn final_code(item: &str) -> Option<u8> {
    if let Some(psw) = item.strip_prefix("psw=") {
        return Some(s370_arch::psw::Psw::parse(u64::from_str_radix(psw, 16).ok()?).cc);
    }
    item.strip_prefix("cc=")?.parse().ok()
}

/// The column of the table in which a program interruption of this row stands.
fn exception(op: Op, code: u16, access: Option<Exception>) -> Option<Exception> {
    let columns = op.row().exceptions;
    if let Some(exception) = ProgramCode(code).exception()
        && columns.contains(&exception)
        && access.is_none()
    {
        return Some(exception);
    }
    if !matches!(code, 0x04 | 0x05 | 0x10 | 0x11 | 0x12) {
        return None;
    }
    let kinds = [Exception::Fetch, Exception::Store].into_iter().filter(|kind| columns.contains(kind));
    let kinds: Vec<_> = kinds.collect();
    match (access, kinds.as_slice()) {
        (Some(kind), _) => Some(kind),
        (None, [only]) => Some(*only),
        _ => None,
    }
}

/// The facts of all rows that no case shows, those out of reach aside; and of those out of reach, the ones that a case
/// shows.
///
/// # Errors
/// An item of a result is not understood.
pub fn missing(cases: &[Case]) -> Result<Vec<(Op, Fact)>, String> {
    let mut seen = BTreeSet::new();
    for case in cases {
        seen.extend(shown(case).map_err(|why| format!("{case}: {why}"))?);
    }
    let out_of_reach: BTreeSet<_> = OUT_OF_REACH.iter().map(|(op, fact, _)| (*op, *fact)).collect();
    let all = TABLE.iter().flat_map(|row| facts(row).map(move |fact| (row.op, fact)));
    Ok(all.filter(|fact| seen.contains(fact) == out_of_reach.contains(fact)).collect())
}
