//! The instruction table's columns agree with each other.

use s370_arch::classification::{UNTRAPPED, WITHHELD};
use s370_arch::isa::{CodeRule, Exception, Facility, Op, Privilege, Row, Sensitivity, TABLE};

/// Privileged instructions that are not sensitive: System/370 has none, each touches what the control program owns.
const PRIVILEGED_BUT_INNOCUOUS: &[Op] = &[];

fn operations(rows: impl Fn(&Row) -> bool) -> Vec<Op> {
    TABLE.iter().filter(|row| rows(row)).map(|row| row.op).collect()
}

#[test]
fn sensitive_instructions_that_do_not_trap_are_all_known() {
    let sensitive =
        operations(|row| row.sensitivity != Sensitivity::Innocuous && row.privilege != Privilege::Privileged);
    let mut listed: Vec<Op> = WITHHELD.iter().map(|withheld| withheld.op).collect();
    listed.extend(UNTRAPPED.iter().filter_map(|untrapped| untrapped.op));
    listed.sort_unstable();
    assert_eq!(sensitive, listed);
}

#[test]
fn privileged_instructions_that_need_not_be_are_all_known() {
    let innocuous =
        operations(|row| row.sensitivity == Sensitivity::Innocuous && row.privilege == Privilege::Privileged);
    assert_eq!(innocuous, PRIVILEGED_BUT_INNOCUOUS);
}

#[test]
fn every_semiprivileged_instruction_is_sensitive() {
    let innocuous =
        operations(|row| row.sensitivity == Sensitivity::Innocuous && row.privilege == Privilege::Semiprivileged);
    assert_eq!(innocuous, []);
}

#[test]
fn privileged_operation_exception_goes_with_the_privilege() {
    // SET ADDRESS SPACE CONTROL and SET SECONDARY ASN are limited by a control register in both states alike.
    let alike = [Op::SAC, Op::SSAR];
    for row in TABLE {
        let expected = row.privilege != Privilege::Problem && !alike.contains(&row.op);
        assert_eq!(row.exceptions.contains(&Exception::Privileged), expected, "{}", row.mnemonic);
    }
}

#[test]
fn condition_codes_are_those_of_their_rule() {
    for row in TABLE {
        let values = row.condition_code.values;
        assert!(values.is_sorted_by(|a, b| a < b) && values.iter().all(|&value| value <= 3), "{}", row.mnemonic);
        let possible = match row.condition_code.rule {
            CodeRule::Unchanged => values.is_empty(),
            CodeRule::Arithmetic | CodeRule::Defined => values.len() >= 2,
            CodeRule::Logical => values == [0, 1],
            CodeRule::Compare => values == [0, 1, 2],
            CodeRule::AddLogical | CodeRule::Loaded => values == [0, 1, 2, 3],
            CodeRule::SubtractLogical => values == [1, 2, 3],
        };
        assert!(possible, "{} {values:?}", row.mnemonic);
    }
}

#[test]
fn overflow_exceptions_go_with_condition_code_3() {
    for row in TABLE {
        let overflow = [Exception::FixedOverflow, Exception::DecimalOverflow];
        let can_overflow = row.exceptions.iter().any(|exception| overflow.contains(exception));
        let arithmetic_3 = row.condition_code.rule == CodeRule::Arithmetic && row.condition_code.values.contains(&3);
        assert_eq!(can_overflow, arithmetic_3, "{}", row.mnemonic);
    }
}

#[test]
fn floating_point_instructions_can_name_a_register_that_does_not_exist() {
    for row in TABLE {
        if matches!(row.facility, Facility::FloatingPoint | Facility::ExtendedFloatingPoint) {
            assert!(row.exceptions.contains(&Exception::Specification), "{}", row.mnemonic);
            assert_eq!(row.chapter, "9", "{}", row.mnemonic);
        }
    }
}

#[test]
fn no_exception_is_listed_twice() {
    for row in TABLE {
        let mut exceptions = row.exceptions.to_vec();
        exceptions.sort_unstable();
        exceptions.dedup();
        assert_eq!(exceptions.len(), row.exceptions.len(), "{}", row.mnemonic);
    }
}
