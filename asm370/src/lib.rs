//! A System/370 assembler and linker as a library: a source provider in, objects and listings out; no file system of
//! its own.
//!
//! The language is that of the OS/VS assembler (*OS/VS - DOS/VS - VM/370 Assembler Language*, GC33-4010).
//!
//! ```
//! use asm370::{NoLibrary, Options, Source, assemble, link};
//!
//! let text = [
//!     "HELLO    START 0",
//!     "         BALR  12,0",
//!     "         USING *,12",
//!     "         LA    1,=C'HI'",
//!     "         BR    14",
//!     "         END   HELLO",
//! ];
//! let text = text.join("\n");
//! let assembly = assemble(&Source::new("hello", text), &Options::default(), &NoLibrary);
//! assert_eq!(assembly.severity.0, 0, "{:?}", assembly.diagnostics);
//! let image = link(&[assembly.object.unwrap()], 0x1000).unwrap();
//! assert_eq!(image.bytes, [0x05, 0xC0, 0x41, 0x10, 0xC0, 0x06, 0x07, 0xFE, 0xC8, 0xC9]);
//! ```

mod assembler;
mod conditional;
mod constant;
mod control;
mod deck;
mod definition;
mod diagnostic;
mod expression;
mod generator;
mod link;
mod listing;
mod literal;
mod lookahead;
mod machine;
mod maclib;
mod macros;
mod number;
mod object;
mod operation;
mod options;
mod pass1;
mod pass2;
mod set;
mod source;
mod statement;
mod structured;
mod symbol;
mod using;
mod value;
mod variable;

pub use constant::AddressKind;
pub use deck::{Card, DeckError};
pub use diagnostic::{Call, Diagnostic, Severity};
pub use link::{CoreImage, Duplicate, LinkError, LinkProblem, MapEntry, link};
pub use maclib::{Maclib, MaclibError};
pub use object::{Entry, EsdItem, EsdKind, Identification, Object, Rld, Text};
pub use options::Options;
pub use source::{Concatenation, Members, NoLibrary, Provider, Source};
pub use structured::StructuredMacros;

/// What an assembly leaves behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assembly {
    /// The object; `None` when the severity is 8 or more.
    pub object: Option<Object>,
    /// What the first named TITLE statement calls the deck; see [`Object::to_cards`].
    pub identification: String,
    /// The listing, pages separated by form feeds; empty when it was not asked for.
    pub listing: String,
    /// The messages, in the order of the statements they are about.
    pub diagnostics: Vec<Diagnostic>,
    /// The highest severity of the diagnostics, 0 when there are none.
    pub severity: Severity,
    /// Statements in the listing, generated ones included.
    pub statements: u32,
}

/// Assembles a source. Members of `library` serve COPY and macro calls.
#[must_use]
pub fn assemble(source: &Source, options: &Options, library: &dyn Provider) -> Assembly {
    let mut assembler = assembler::Assembler::new(options, library);
    assembler.run(source);
    let severity = assembler.severity();
    let object = assembler.object();
    let listing = if options.listing { listing::listing(&assembler, &object) } else { String::new() };
    let mut diagnostics = std::mem::take(&mut assembler.diagnostics);
    diagnostics.sort_by_key(|diagnostic| diagnostic.statement);
    let statements = assembler.lines.len() as u32;
    Assembly {
        object: (severity < Severity::ERROR).then_some(object),
        identification: assembler.identification,
        listing,
        diagnostics,
        severity,
        statements,
    }
}
