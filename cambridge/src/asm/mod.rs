//! `cambridge asm`: the assembler, with the host's files around it.

mod library;
mod options;
mod stamp;
mod text;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use asm370::{Assembly, Concatenation, Provider, Severity, Source, StructuredMacros, assemble};

use self::library::{Beside, Library};
pub use self::options::{ABOUT, EXAMPLES, LONG_ABOUT, Options};
use crate::{
    link::{self, Deck},
    outputs::{Outputs, check_distinct, is_standard, read, remove_outputs, say},
};

/// Exit status when a file cannot be read or written.
const FILE_TROUBLE: u8 = 16;
/// Exit status when options contradict each other.
const WRONG_OPTION: u8 = 2;

/// What the assemblies of a run have left so far.
#[derive(Default)]
struct Results {
    severity: Severity,
    listing: String,
    cards: Vec<u8>,
    decks: Vec<Deck>,
}

impl Options {
    /// Assembles all files and writes what is asked for. The exit status is as [`EXAMPLES`] says.
    #[must_use]
    pub fn execute(&self) -> ExitCode {
        let image: Vec<&Path> =
            [&self.deck, &self.core, &self.image.map].into_iter().flatten().map(PathBuf::as_path).collect();
        let mut outputs = image.clone();
        outputs.extend(self.listing.as_deref());
        if let Err(clash) = check_distinct(&self.files, &outputs) {
            say(&format!("cambridge asm: {clash}\n"));
            return ExitCode::from(WRONG_OPTION);
        }
        let severity = self.run();
        if let Err(why) = &severity {
            say(&format!("cambridge asm: {why}\n"));
        }
        if !matches!(severity, Ok(severity) if severity < Severity::ERROR) {
            remove_outputs("asm", &image, self.quiet);
        }
        ExitCode::from(severity.map_or(FILE_TROUBLE, |severity| severity.0))
    }

    /// Assembles, links and writes; the severity of it all.
    fn run(&self) -> Result<Severity, String> {
        let libraries = self.maclib.iter().map(|path| Library::open(path)).collect::<Result<Vec<_>, _>>()?;
        let results = self.assemble(&libraries)?;
        let mut severity = results.severity;
        let mut image = None;
        if let Some(core) = self.core.as_ref().filter(|_| severity < Severity::ERROR) {
            let linked = link::build(&results.decks, &self.image);
            say(&linked.messages);
            severity = severity.max(linked.severity);
            image = linked.image.map(|image| (core, image));
        }
        let mut outputs = Outputs::default();
        let mut stage = |path: &Path, bytes| outputs.stage(path, bytes).map_err(|error| error.to_string());
        if let Some(path) = &self.listing {
            stage(path, results.listing.into_bytes())?;
        }
        if let Some(path) = self.deck.as_ref().filter(|_| severity < Severity::ERROR) {
            stage(path, results.cards)?;
        }
        let mut summary = String::new();
        if let Some((core, image)) = image {
            summary = image.summary(core, &self.image);
            image.stage(core, &self.image, &mut outputs).map_err(|error| error.to_string())?;
        }
        outputs.commit().map_err(|error| error.to_string())?;
        if !self.quiet {
            say(&summary);
        }
        Ok(severity)
    }

    /// Assembles every file, and says what there is to say.
    fn assemble(&self, libraries: &[Library]) -> Result<Results, String> {
        let options = self.assembler();
        let mut results = Results::default();
        for path in &self.files {
            let source = read_source(path)?;
            let beside = Beside::of(path);
            let mut providers: Vec<&dyn Provider> = libraries.iter().map(|library| library as &dyn Provider).collect();
            if !is_standard(path) {
                providers.push(&beside);
            }
            if !self.no_structured {
                providers.push(&StructuredMacros);
            }
            let assembly = assemble(&source, &options, &Concatenation(providers));
            if let Some(trouble) = libraries.iter().find_map(Library::trouble).or_else(|| beside.trouble()) {
                return Err(trouble);
            }
            let messages: String = assembly.diagnostics.iter().map(|diagnostic| format!("{diagnostic}\n")).collect();
            say(&messages);
            if !self.quiet {
                say(&summary(&source.name, &assembly));
            }
            results.take(source.name, assembly);
        }
        Ok(results)
    }
}

impl Results {
    fn take(&mut self, name: String, assembly: Assembly) {
        self.severity = self.severity.max(assembly.severity);
        if !self.listing.is_empty() {
            self.listing.push('\u{c}');
        }
        self.listing.push_str(&assembly.listing);
        if let Some(object) = assembly.object {
            self.cards.extend(object.to_deck(&assembly.identification));
            self.decks.push(Deck { name, object });
        }
    }
}

fn read_source(path: &Path) -> Result<Source, String> {
    let name = if is_standard(path) { "<stdin>".to_owned() } else { path.display().to_string() };
    let bytes = read(path).map_err(|error| error.to_string())?;
    let text = text::decode(bytes).map_err(|why| format!("{name}: {why}"))?;
    Ok(Source::new(name, text))
}

/// A line about an assembly.
fn summary(name: &str, assembly: &Assembly) -> String {
    let count = |range: std::ops::RangeInclusive<u8>| {
        assembly.diagnostics.iter().filter(|diagnostic| range.contains(&diagnostic.severity.0)).count()
    };
    let mut text = format!("{name}: {} statements", assembly.statements);
    let (errors, warnings) = (count(8..=u8::MAX), count(1..=7));
    for (number, one) in [(errors, "error"), (warnings, "warning")] {
        if number != 0 {
            text.push_str(&format!(", {number} {one}{}", if number == 1 { "" } else { "s" }));
        }
    }
    if errors + warnings == 0 {
        text.push_str(", nothing to complain about");
    }
    text.push_str(&format!("; highest severity {}\n", assembly.severity.0));
    text
}
