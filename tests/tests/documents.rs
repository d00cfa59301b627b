//! Documents speak only of files that exist, and of tests that are there by the names given: a piece of code in a
//! document that looks like a path, or like `path.rs::function`.

use std::{fs, path::Path};

use tests::source;

/// Where paths may begin: the repository, a crate, its sources.
const CRATES: &[&str] =
    &["", "s370-arch", "s370-cpu", "asm370", "cambridge", "tests", "s370-cpu/src", "asm370/src", "cambridge/src"];

/// What is wrong with a piece of code that names a file, or a function in one.
fn complaint(code: &str) -> Option<String> {
    let (file, function) = code.split_once("::").map_or((code, None), |(file, name)| (file, Some(name)));
    let extension = Path::new(file).extension()?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '-' | '_');
    if !file.contains('/') || !file.chars().all(plain) || file.starts_with(['/', '.']) {
        return None;
    }
    let Some(text) = CRATES.iter().find_map(|part| fs::read_to_string(source::root().join(part).join(file)).ok())
    else {
        return Some(format!("there is no {file}"));
    };
    let name = function.filter(|_| extension == "rs")?;
    (!text.contains(&format!("fn {name}("))).then(|| format!("{file} has no function {name}"))
}

#[test]
fn documents_name_what_exists() {
    let (mut complaints, mut files) = (Vec::new(), 0);
    for path in source::files("md") {
        let text = fs::read_to_string(&path).expect("a document");
        for (number, line) in (1..).zip(text.lines()) {
            for code in line.split('`').skip(1).step_by(2) {
                files += usize::from(code.contains(".rs"));
                complaints.extend(complaint(code).map(|what| format!("  {}:{number}: {what}", path.display())));
            }
        }
    }
    assert!(files > 50, "only {files} sources are named in all documents: is this test still looking at them?");
    assert!(complaints.is_empty(), "in documents:\n{}", complaints.join("\n"));
}

#[test]
fn complaints_are_made() {
    assert_eq!(complaint("tests/tests/documents.rs::documents_name_what_exists"), None);
    assert!(complaint("tests/tests/documents.rs::wumpus").is_some());
    assert!(complaint("tests/tests/wumpus.rs").is_some());
    assert_eq!(complaint("cargo test --workspace"), None);
}
