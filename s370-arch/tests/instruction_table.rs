//! The instruction table's columns agree with each other.

use s370_arch::isa::{CodeRule, Exception, Facility, Op, Privilege, Row, Sensitivity, TABLE};

/// Sensitive instructions that the problem state can issue, and what a virtual machine sees of it. By Popek and
/// Goldberg's theorem these are what keeps System/370 from being virtualized by trapping alone.
const SENSITIVE_BUT_NOT_PRIVILEGED: &[(Op, &str)] = &[
    (Op::STCK, "reads the real clock: a virtual machine cannot be given another time"),
    (Op::MC, "obeys the monitor masks of control register 8, which must be the virtual machine's"),
    // The semiprivileged instructions: the problem state may issue them as far as control registers 0, 3 and 4 allow.
    // In a virtual machine its supervisor state is a real problem state, so the real registers must forbid them all.
    (Op::SPKA, "changes the PSW key; the PSW-key mask limits only the problem state"),
    (Op::IPK, "shows the PSW key"),
    (Op::PC, "changes the state and the address spaces, and shows both"),
    (Op::PT, "changes the state and the address spaces"),
    (Op::SAC, "changes the address-space control"),
    (Op::SSAR, "changes the secondary space; depends on the authorization index"),
    (Op::IAC, "shows the address-space control"),
    (Op::IVSK, "shows a storage key"),
    (Op::EPAR, "shows control register 4"),
    (Op::ESAR, "shows control register 3"),
    (Op::MVCK, "the PSW-key mask limits only the problem state"),
    (Op::MVCP, "reads through control register 7; the PSW-key mask limits only the problem state"),
    (Op::MVCS, "writes through control register 7; the PSW-key mask limits only the problem state"),
];

/// Privileged instructions that are not sensitive: System/370 has none, each touches what the control program owns.
const PRIVILEGED_BUT_INNOCUOUS: &[(Op, &str)] = &[];

fn operations(rows: impl Fn(&Row) -> bool) -> Vec<Op> {
    TABLE.iter().filter(|row| rows(row)).map(|row| row.op).collect()
}

fn listed(list: &[(Op, &str)]) -> Vec<Op> {
    let mut operations: Vec<Op> = list.iter().map(|(op, _)| *op).collect();
    operations.sort_unstable();
    operations
}

#[test]
fn sensitive_instructions_that_do_not_trap_are_all_known() {
    let sensitive =
        operations(|row| row.sensitivity != Sensitivity::Innocuous && row.privilege != Privilege::Privileged);
    assert_eq!(sensitive, listed(SENSITIVE_BUT_NOT_PRIVILEGED));
}

#[test]
fn privileged_instructions_that_need_not_be_are_all_known() {
    let innocuous =
        operations(|row| row.sensitivity == Sensitivity::Innocuous && row.privilege == Privilege::Privileged);
    assert_eq!(innocuous, listed(PRIVILEGED_BUT_INNOCUOUS));
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
