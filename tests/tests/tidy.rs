//! What a compiler does not check: the directions of dependencies, the places where unsafe code, sockets, threads and
//! clocks may be, the sizes of files and functions, unfinished business, and links in documents.

use std::{collections::BTreeMap, process::Command};

use tests::source::{self, Source, functions};

/// The crates that each crate may depend on (DESIGN: "The rooms"). The tests may depend on all.
const DIRECTIONS: &[(&str, &[&str])] = &[
    ("s370-arch", &[]),
    ("s370-cpu", &["s370-arch"]),
    ("asm370", &["s370-arch"]),
    ("console", &["s370-arch"]),
    ("devices", &["s370-arch", "s370-cpu"]),
    ("assists", &["s370-arch", "s370-cpu"]),
    ("cms", &["s370-arch", "asm370", "devices"]),
    ("cp", &["s370-arch", "s370-cpu", "devices", "assists", "console"]),
    ("cambridge", &["s370-arch", "s370-cpu", "asm370", "console", "devices", "assists", "cms", "cp"]),
];

/// The files of the three modules that may be `unsafe` (storage, the decode cache, the translator's entry); each states the
/// invariant it relies on.
const UNSAFE: &[&str] = &[
    "s370-cpu/src/storage/mod.rs",
    "s370-cpu/src/storage/window.rs",
    "s370-cpu/src/fast/cache.rs",
    "s370-cpu/src/translate/entry.rs",
];

/// Files that may be longer than 800 lines, and why.
const LONG_FILES: &[(&str, &str)] =
    &[("s370-cpu/src/fast/run.rs", "one arm an instruction: the processor's dispatch table")];

/// Functions that may be longer than 70 lines, and why.
const LONG_FUNCTIONS: &[(&str, &str, &str)] =
    &[("s370-cpu/src/fast/run.rs", "run", "one arm an instruction: the processor's dispatch table")];

const FILE_LINES: usize = 800;
const FUNCTION_LINES: usize = 70;
/// A test may be a list of cases.
const TEST_FUNCTION_LINES: usize = 100;

fn assert_none(what: &str, complaints: &[String]) {
    assert!(complaints.is_empty(), "{what}:\n{}", complaints.join("\n"));
}

/// Complaints about the lines of code that contain one of these words.
fn lines_with(sources: &[Source], words: &[&str], excepted: impl Fn(&Source) -> bool) -> Vec<String> {
    let mut complaints = Vec::new();
    for source in sources.iter().filter(|source| !excepted(source)) {
        for (n, line) in source.code.lines().enumerate() {
            if let Some(word) = words.iter().find(|word| contains_word(line, word)) {
                complaints.push(format!("  {}:{}: {word}", source.path, n + 1));
            }
        }
    }
    complaints
}

fn contains_word(line: &str, word: &str) -> bool {
    let is_part = |character: char| character.is_alphanumeric() || character == '_';
    line.match_indices(word).any(|(at, _)| {
        !line[..at].chars().next_back().is_some_and(is_part)
            && !line[at + word.len()..].chars().next().is_some_and(is_part)
    })
}

#[test]
fn dependencies_point_one_way() {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().expect("packages");
    let names: Vec<&str> = packages.iter().filter_map(|package| package["name"].as_str()).collect();
    let directions: BTreeMap<_, _> = DIRECTIONS.iter().copied().collect();
    let mut complaints = Vec::new();
    for package in packages {
        let name = package["name"].as_str().unwrap_or_default();
        if name == "tests" {
            continue;
        }
        let Some(allowed) = directions.get(name) else {
            complaints.push(format!("  {name} is not in the list of crates"));
            continue;
        };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let to = dependency["name"].as_str().unwrap_or_default();
            // Tests of a crate may use what its code may not, but not what stands above everything.
            let is_test_only = dependency["kind"].as_str() == Some("dev") && !["cambridge", "tests"].contains(&to);
            if names.contains(&to) && !is_test_only && !allowed.contains(&to) {
                complaints.push(format!("  {name} depends on {to}"));
            }
        }
    }
    assert_none("dependencies against DESIGN's directions", &complaints);
}

fn metadata() -> serde_json::Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .current_dir(source::root())
        .output()
        .expect("cargo metadata");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("cargo's JSON")
}

#[test]
fn unsafe_code_is_where_it_may_be() {
    let sources = source::rust();
    let complaints = lines_with(&sources, &["unsafe"], |source| UNSAFE.contains(&source.path.as_str()));
    assert_none("unsafe code outside the modules for it", &complaints);
    let exists = |path: &str| sources.iter().any(|source| source.path == path && contains_word(&source.code, "unsafe"));
    let stale: Vec<_> = UNSAFE.iter().filter(|path| !exists(path)).map(|path| format!("  {path}")).collect();
    assert_none("allowed to be unsafe, but not there or not unsafe", &stale);
}

#[test]
fn only_cambridge_has_sockets_threads_and_clocks() {
    let words = ["std::net", "thread::spawn", "Instant::now", "SystemTime", "UdpSocket", "TcpListener", "TcpStream"];
    let excepted = |source: &Source| source.path.starts_with("cambridge/") || source.path.starts_with("tests/");
    assert_none("below `cambridge`", &lines_with(&source::rust(), &words, excepted));
}

#[test]
fn nothing_is_global_and_nothing_is_left_unfinished() {
    let words = ["static mut", "todo!", "unimplemented!", "dbg!"];
    assert_none("in code", &lines_with(&source::rust(), &words, |_| false));
    let marks = [concat!("FIX", "ME"), concat!("TO", "DO"), concat!("XX", "X")];
    let mut complaints = Vec::new();
    for source in source::rust() {
        for (n, line) in source.text.lines().enumerate() {
            if let Some(mark) = marks.iter().find(|mark| contains_word(line, mark)) {
                complaints.push(format!("  {}:{}: {mark}", source.path, n + 1));
            }
        }
    }
    assert_none("in comments", &complaints);
}

#[test]
fn exceptions_from_the_rules_have_reasons() {
    let mut complaints = Vec::new();
    for source in source::rust() {
        for (n, line) in source.code.lines().enumerate() {
            let line = line.trim();
            // An attribute that goes on on the next lines has its reason there; clippy sees to that.
            let is_bare =
                line == "#[ignore]" || line.starts_with("#[allow(") && line.ends_with(")]") && !line.contains("reason");
            if is_bare {
                complaints.push(format!("  {}:{}: {line}", source.path, n + 1));
            }
        }
    }
    assert_none("without a reason", &complaints);
}

#[test]
fn files_and_functions_have_a_readable_size() {
    let sources = source::rust();
    let mut complaints = Vec::new();
    for source in &sources {
        let lines = source.text.lines().count();
        if lines > FILE_LINES && !LONG_FILES.iter().any(|(path, _)| *path == source.path) {
            complaints.push(format!("  {}: {lines} lines", source.path));
        }
        let most = if source.path.contains("/tests/") { TEST_FUNCTION_LINES } else { FUNCTION_LINES };
        for function in functions(&source.code) {
            let listed = |(path, name, _): &(&str, &str, &str)| *path == source.path && *name == function.name;
            if function.length > most && !LONG_FUNCTIONS.iter().any(listed) {
                complaints.push(format!(
                    "  {}:{}: {} has {} lines",
                    source.path, function.line, function.name, function.length
                ));
            }
        }
    }
    assert_none(&format!("more than {FILE_LINES} lines in a file, or {FUNCTION_LINES} in a function"), &complaints);
    let paths = LONG_FILES.iter().map(|(path, _)| path).chain(LONG_FUNCTIONS.iter().map(|(path, ..)| path));
    let stale: Vec<_> = paths.filter(|path| !sources.iter().any(|source| source.path == **path)).collect();
    assert!(stale.is_empty(), "exceptions for files that do not exist: {stale:?}");
}

#[test]
fn links_in_documents_lead_somewhere() {
    let mut complaints = Vec::new();
    for path in source::files("md") {
        let text = std::fs::read_to_string(&path).expect("a document");
        for (at, _) in text.match_indices("](") {
            let target = text[at + 2..].split(')').next().unwrap_or_default();
            let file = target.split('#').next().unwrap_or_default();
            if file.is_empty() || file.contains("://") || file.starts_with("mailto:") {
                continue;
            }
            if !path.parent().is_some_and(|directory| directory.join(file).exists()) {
                complaints.push(format!("  {}: {target}", path.display()));
            }
        }
    }
    assert_none("links to nothing", &complaints);
}
