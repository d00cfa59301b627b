//! The rules of the house that a compiler does not know: who may depend on whom, who may touch the host, how long
//! things are, and that the documents speak of files and tests that exist.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

/// Crates, and the crates of ours each may depend on.
const DEPENDENCIES: &[(&str, &[&str])] = &[
    ("s370-arch", &[]),
    ("s370-cpu", &["s370-arch"]),
    ("asm370", &["s370-arch"]),
    ("cambridge", &["s370-arch", "s370-cpu", "asm370"]),
    ("tests", &["s370-arch", "s370-cpu", "asm370", "cambridge"]),
];
/// Crates that may use the host's files, clock, threads and terminal.
const OUTSIDE: &[&str] = &["cambridge", "tests"];
/// The only modules with `unsafe` in them.
const UNSAFE: &[&str] =
    &["s370-cpu/src/storage/mod.rs", "s370-cpu/src/storage/window.rs", "s370-cpu/src/fast/cache.rs"];
/// Tables, and the dispatch loop, which is one: neither the limit of files nor that of functions is for them.
const TABLES: &[&str] = &["s370-arch/src/isa.rs", "s370-cpu/src/fast/run.rs"];
/// Lines of a file, and of a function in a library or program.
const LONGEST: (usize, usize) = (900, 70);

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The files below a directory with one of these extensions, by their paths from the repository.
fn files(directory: &str, extensions: &[&str]) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut directories = vec![repository().join(directory)];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(&directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display())) {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
            } else if path.extension().is_some_and(|one| extensions.iter().any(|&wanted| one == wanted)) {
                let name = path.strip_prefix(repository()).unwrap().to_string_lossy().into_owned();
                found.insert(name, fs::read_to_string(&path).unwrap());
            }
        }
    }
    found
}

/// All Rust sources.
fn sources() -> BTreeMap<String, String> {
    DEPENDENCIES.iter().flat_map(|(name, _)| files(name, &["rs"])).collect()
}

/// The lines of a file in which one of these stands, comments aside.
fn lines_with<'a>(text: &'a str, what: &'a [&str]) -> impl Iterator<Item = (usize, &'a str)> {
    let code = |line: &'a str| line.split("//").next().unwrap_or(line);
    (1..).zip(text.lines()).filter(move |(_, line)| what.iter().any(|what| code(line).contains(what)))
}

fn assert_none(failures: &[String]) {
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

#[test]
fn dependencies_point_one_way() {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(repository())
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let ours: Vec<&str> = packages.iter().map(|package| package["name"].as_str().unwrap()).collect();
    let mut failures = Vec::new();
    for package in packages {
        let name = package["name"].as_str().unwrap();
        let Some((_, allowed)) = DEPENDENCIES.iter().find(|(known, _)| *known == name) else {
            failures.push(format!("{name}: say in DEPENDENCIES on what it may depend"));
            continue;
        };
        for dependency in package["dependencies"].as_array().unwrap() {
            let on = dependency["name"].as_str().unwrap();
            if dependency["kind"] != "dev" && ours.contains(&on) && !allowed.contains(&on) {
                failures.push(format!("{name} depends on {on}"));
            }
        }
    }
    assert_eq!(ours.len(), DEPENDENCIES.len(), "{ours:?}");
    assert_none(&failures);
}

#[test]
fn only_the_program_touches_the_host() {
    let host = ["std::fs", "std::net", "std::process", "std::thread", "std::time", "std::env", "println!", "print!("];
    let mut failures = Vec::new();
    for (name, _) in DEPENDENCIES.iter().filter(|(name, _)| !OUTSIDE.contains(name)) {
        for (file, text) in files(&format!("{name}/src"), &["rs"]) {
            failures.extend(lines_with(&text, &host).map(|(line, text)| format!("{file}:{line}: {text}")));
        }
    }
    assert_none(&failures);
}

#[test]
fn nothing_is_global_unfinished_or_skipped() {
    let banned = [
        concat!("static", " mut"),
        concat!("thread_", "local!"),
        concat!("to", "do!"),
        concat!("unimplemented", "!"),
        concat!("dbg", "!"),
        concat!("#[", "ignore"),
    ];
    let marks = [concat!("TO", "DO"), concat!("FIX", "ME")];
    let mut failures = Vec::new();
    for (file, text) in sources() {
        let found = (1..).zip(text.lines()).filter(|(_, line)| marks.iter().any(|mark| line.contains(mark)));
        failures.extend(found.chain(lines_with(&text, &banned)).map(|(line, text)| format!("{file}:{line}: {text}")));
    }
    assert_none(&failures);
}

#[test]
fn unsafe_code_is_confined() {
    let (word, mut with_it) = (concat!("un", "safe "), Vec::new());
    for (file, text) in sources() {
        if lines_with(&text, &[word]).next().is_some() {
            with_it.push(file);
        }
    }
    with_it.sort_unstable();
    let mut allowed = UNSAFE.to_vec();
    allowed.sort_unstable();
    assert_eq!(with_it, allowed);
}

#[test]
fn files_and_functions_are_short() {
    let mut failures = Vec::new();
    for (file, text) in sources() {
        if TABLES.contains(&file.as_str()) {
            continue;
        }
        let lines: Vec<&str> = text.lines().collect();
        if lines.len() > LONGEST.0 {
            failures.push(format!("{file}: {} lines", lines.len()));
        }
        for (first, head) in lines.iter().enumerate().filter(|(_, line)| file.contains("/src/") && is_function(line)) {
            let end = format!("{}}}", &head[..head.len() - head.trim_start().len()]);
            let length = lines[first..].iter().position(|line| **line == end).unwrap_or(0) + 1;
            if length > LONGEST.1 {
                failures.push(format!("{file}:{}: {length} lines: {}", first + 1, head.trim()));
            }
        }
    }
    assert_none(&failures);
}

/// Whether a function begins on this line, in the form that rustfmt gives it.
fn is_function(line: &str) -> bool {
    let mut words =
        line.split_whitespace().skip_while(|word| matches!(*word, "pub" | "pub(crate)" | "pub(super)" | "const"));
    words.next() == Some("fn") && !line.ends_with(['}', ';'])
}

/// Every document.
fn documents() -> BTreeMap<String, String> {
    let mut documents = files("docs", &["md"]);
    for entry in fs::read_dir(repository()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "md") {
            documents
                .insert(path.file_name().unwrap().to_string_lossy().into_owned(), fs::read_to_string(path).unwrap());
        }
    }
    documents
}

/// What is wrong with a piece of code in a document that names a file, or a function in one (`file.rs::name`).
fn complaint(code: &str) -> Option<String> {
    let (file, function) = code.split_once("::").map_or((code, None), |(file, name)| (file, Some(name)));
    let extension = Path::new(file).extension()?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '-' | '_');
    if !file.contains('/') || !file.chars().all(plain) || file.starts_with(['/', '.']) {
        return None;
    }
    let Ok(text) = fs::read_to_string(repository().join(file)) else {
        return Some(format!("there is no {file}"));
    };
    let name = function.filter(|_| extension == "rs")?;
    (!text.contains(&format!("fn {name}("))).then(|| format!("{file} has no function {name}"))
}

#[test]
fn documents_name_what_exists() {
    let mut failures = Vec::new();
    let mut seen = 0;
    for (document, text) in documents() {
        let directory = repository().join(Path::new(&document).parent().unwrap());
        for (number, line) in (1..).zip(text.lines()) {
            for code in line.split('`').skip(1).step_by(2) {
                seen += 1;
                failures.extend(complaint(code).map(|what| format!("{document}:{number}: {what}")));
            }
            for target in line.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next()) {
                if !target.is_empty() && !target.contains("://") && !directory.join(target).exists() {
                    failures.push(format!("{document}:{number}: there is no {target}"));
                }
            }
        }
    }
    assert!(seen > 100, "only {seen} pieces of code in all documents");
    assert_none(&failures);
}
