//! Where source text comes from: the caller's sources and libraries. The assembler opens no files.

use std::collections::HashMap;
use std::rc::Rc;

/// A named piece of source text; its records are its lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// What diagnostics call it: a file name, or a member's.
    pub name: String,
    /// The records, separated by line ends.
    pub text: String,
}

impl Source {
    /// A source of this name.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Source {
        Source { name: name.into(), text: text.into() }
    }
}

/// A library of members for COPY and for macro definitions that the source does not contain (the SYSLIB of old).
pub trait Provider {
    /// The member of this name (upper case, one to eight characters), if the library has it.
    fn member(&self, name: &str) -> Option<Source>;
}

/// A library without members.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoLibrary;

impl Provider for NoLibrary {
    fn member(&self, _name: &str) -> Option<Source> {
        None
    }
}

/// A library held in storage.
#[derive(Clone, Debug, Default)]
pub struct Members(HashMap<String, Source>);

impl Members {
    /// A library with no members yet.
    #[must_use]
    pub fn new() -> Members {
        Members::default()
    }

    /// Adds a member, or replaces it.
    pub fn insert(&mut self, name: impl Into<String>, text: impl Into<String>) {
        let name = name.into();
        self.0.insert(name.clone(), Source::new(name, text));
    }
}

impl Provider for Members {
    fn member(&self, name: &str) -> Option<Source> {
        self.0.get(name).cloned()
    }
}

/// Libraries searched in order.
#[derive(Default)]
pub struct Concatenation<'a>(pub Vec<&'a dyn Provider>);

impl Provider for Concatenation<'_> {
    fn member(&self, name: &str) -> Option<Source> {
        self.0.iter().find_map(|library| library.member(name))
    }
}

/// Number of a source in [`Files`].
pub(crate) type FileId = u32;

/// A source cut into records.
#[derive(Debug)]
pub(crate) struct File {
    pub name: Rc<str>,
    pub records: Vec<Box<str>>,
}

/// All sources read in an assembly.
#[derive(Debug, Default)]
pub(crate) struct Files(Vec<File>);

impl Files {
    pub fn add(&mut self, source: &Source) -> FileId {
        let records = source.text.lines().map(Box::from).collect();
        self.0.push(File { name: Rc::from(source.name.as_str()), records });
        (self.0.len() - 1) as FileId
    }

    pub fn get(&self, id: FileId) -> &File {
        &self.0[id as usize]
    }

    /// The record at a line number that counts from 1.
    pub fn record(&self, id: FileId, line: u32) -> Option<&str> {
        self.get(id).records.get((line as usize).checked_sub(1)?).map(|record| &**record)
    }
}
