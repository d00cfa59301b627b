//! The shared single-instruction vectors, every case on every engine. Where we keep another opinion than their results,
//! `docs/vector-disagreements.md` lists the case and argues it.

use std::{collections::BTreeSet, path::Path};

use tests::{check::ENGINES, shared};

/// The cases that the document lists: lines that begin with a name in backquotes after a dash.
fn disagreements() -> BTreeSet<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/vector-disagreements.md");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let names =
        text.lines().filter_map(|line| line.strip_prefix("- `")?.split_once('`').map(|(name, _)| name.to_owned()));
    names.collect()
}

#[test]
fn every_shared_vector_ends_as_expected_on_every_engine() {
    let Some(directory) = shared::directory() else {
        println!("SKIPPED: no shared vectors; set CAMBRIDGE_SHARED to the directory that holds `vectors/`");
        return;
    };
    let cases = shared::load(&directory).unwrap_or_else(|why| panic!("{why}"));
    assert_eq!(cases.len(), 4267, "not the shared vectors that this test was written for");
    let listed = disagreements();
    let unknown: Vec<_> = listed.iter().filter(|id| !cases.iter().any(|(case, _)| case.id == **id)).collect();
    assert!(unknown.is_empty(), "docs/vector-disagreements.md names cases that do not exist: {unknown:?}");
    let mut failures = Vec::new();
    for engine in ENGINES {
        for (case, expected) in &cases {
            let differences = shared::differences(case, expected, engine).unwrap_or_else(|why| panic!("{why}"));
            match (differences.is_empty(), listed.contains(&case.id)) {
                (true, false) | (false, true) => {}
                (true, true) => {
                    failures.push(format!("{} on {engine:?}: listed as a disagreement, but agrees", case.id))
                }
                (false, false) => failures.push(format!("{} ({}) on {engine:?}\n{differences}", case.id, expected.mn)),
            }
        }
    }
    let shown = failures.iter().take(40).cloned().collect::<Vec<_>>().join("\n");
    assert!(failures.is_empty(), "{} failures\n{shown}", failures.len());
}
