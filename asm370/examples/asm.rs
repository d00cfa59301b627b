//! Assembles a file: `cargo run -p asm370 --example asm -- SOURCE [LIBRARY-DIRECTORY]...`
//!
//! Prints the diagnostics to standard error and the listing to standard output. Macros and COPY members are sought in the
//! directories (files named like the members), then among the structured-programming macros.

use std::path::PathBuf;
use std::process::ExitCode;

use asm370::{Concatenation, Options, Provider, Source, StructuredMacros, assemble};

/// A directory of members.
struct Directory(PathBuf);

impl Provider for Directory {
    fn member(&self, name: &str) -> Option<Source> {
        let valid = name.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'$' | b'#' | b'@'));
        let text = std::fs::read_to_string(self.0.join(name)).ok().filter(|_| valid)?;
        Some(Source::new(name, text))
    }
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(file) = arguments.next() else {
        eprintln!("usage: asm SOURCE [LIBRARY-DIRECTORY]...");
        return ExitCode::from(16);
    };
    let text = match std::fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) => {
            eprintln!("{file}: {error}");
            return ExitCode::from(16);
        }
    };
    let directories: Vec<Directory> = arguments.map(|path| Directory(path.into())).collect();
    let mut libraries: Vec<&dyn Provider> = directories.iter().map(|directory| directory as &dyn Provider).collect();
    libraries.push(&StructuredMacros);
    let assembly = assemble(&Source::new(file, text), &Options::default(), &Concatenation(libraries));
    print!("{}", assembly.listing);
    for diagnostic in &assembly.diagnostics {
        eprintln!("{diagnostic}");
    }
    ExitCode::from(assembly.severity.0)
}
