//! The project's own vectors, on every engine; and whether they show every fact of the instruction table.

use std::{collections::BTreeMap, path::Path};

use s370_cpu::processor::Engine;
use tests::{
    check::check,
    coverage,
    vector::{Case, read_directory},
};

fn cases() -> Vec<Case> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors");
    read_directory(&directory).unwrap_or_else(|why| panic!("{why}"))
}

fn every_case_ends_as_it_says(engine: Engine) {
    let cases = cases();
    let failures: Vec<String> = cases.iter().filter_map(|case| check(case, engine).err()).collect();
    let shown = failures.iter().take(20).cloned().collect::<Vec<_>>().join("\n");
    assert!(failures.is_empty(), "{} failures of {} cases\n{shown}", failures.len(), cases.len());
}

#[test]
fn every_case_ends_as_it_says_on_the_slow_engine() {
    every_case_ends_as_it_says(Engine::Slow);
}

#[test]
fn every_case_ends_as_it_says_on_the_fast_engine() {
    every_case_ends_as_it_says(Engine::Fast);
}

/// As many of the instructions as can be are translated; what stands around each of them is executed twice before that.
#[test]
fn every_case_ends_as_it_says_as_translated_code() {
    every_case_ends_as_it_says(Engine::Translator);
}

#[test]
fn every_fact_of_the_instruction_table_is_shown() {
    let missing = coverage::missing(&cases()).unwrap_or_else(|why| panic!("{why}"));
    let mut rows: BTreeMap<_, Vec<String>> = BTreeMap::new();
    for (op, fact) in &missing {
        rows.entry(*op).or_default().push(format!("{fact:?}"));
    }
    let list = rows.iter().map(|(op, facts)| format!("{op:?}: {}", facts.join(", "))).collect::<Vec<_>>().join("\n");
    assert!(missing.is_empty(), "no vector shows these {} facts of {} rows:\n{list}", missing.len(), rows.len());
}
