//! Ordinary symbols and control sections.

use std::collections::HashMap;
use std::rc::Rc;

use crate::value::Value;

/// Number of a symbol in [`Symbols`].
pub(crate) type SymbolId = u32;
/// Number of a section in [`Sections`].
pub(crate) type SectionId = u32;

/// What is known of a symbol's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// It was used, or looked for, but no name field has it yet.
    Undefined,
    /// An offset in a section, or an absolute value.
    Defined { value: i32, section: Option<SectionId> },
    /// An EQU whose operand names symbols defined further on.
    Deferred,
}

/// A symbol with its attributes.
#[derive(Clone, Debug)]
pub(crate) struct Symbol {
    pub name: Rc<str>,
    pub state: State,
    /// Length attribute.
    pub length: u32,
    /// Type attribute.
    pub kind: u8,
    /// Scale attribute.
    pub scale: i16,
    /// Integer attribute.
    pub integer: i16,
    /// Statement that defines it; 0 when there is none.
    pub statement: u32,
    /// Statements that refer to it.
    pub references: Vec<u32>,
}

/// Attributes a definition gives to a symbol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Attributes {
    pub length: u32,
    pub kind: u8,
    pub scale: i16,
    pub integer: i16,
}

impl Attributes {
    pub const fn new(kind: u8, length: u32) -> Attributes {
        Attributes { length, kind, scale: 0, integer: 0 }
    }
}

/// The symbol table.
#[derive(Debug, Default)]
pub(crate) struct Symbols {
    index: HashMap<Rc<str>, SymbolId>,
    pub table: Vec<Symbol>,
}

impl Symbols {
    /// The number of this name, which becomes known by it.
    pub fn intern(&mut self, name: &str) -> SymbolId {
        if let Some(&id) = self.index.get(name) {
            return id;
        }
        let name: Rc<str> = Rc::from(name);
        let id = self.table.len() as SymbolId;
        self.index.insert(name.clone(), id);
        self.table.push(Symbol {
            name,
            state: State::Undefined,
            length: 1,
            kind: b'U',
            scale: 0,
            integer: 0,
            statement: 0,
            references: Vec::new(),
        });
        id
    }

    pub fn find(&self, name: &str) -> Option<SymbolId> {
        self.index.get(name).copied()
    }

    pub fn get(&self, id: SymbolId) -> &Symbol {
        &self.table[id as usize]
    }

    pub fn get_mut(&mut self, id: SymbolId) -> &mut Symbol {
        &mut self.table[id as usize]
    }

    /// The symbol of this name once it is defined (or deferred).
    pub fn defined(&self, name: &str) -> Option<&Symbol> {
        self.find(name).map(|id| self.get(id)).filter(|symbol| symbol.state != State::Undefined)
    }
}

/// What a section is, by the type it has in the external symbol dictionary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// Named control section.
    Control,
    /// Unnamed control section.
    Private,
    /// Dummy section: no part of the object.
    Dummy,
    /// Common control section.
    Common,
    /// Defined in another assembly.
    External,
    /// The same, without asking the linker to find it.
    Weak,
}

impl Kind {
    /// Whether assembled bytes go to the object.
    pub fn has_text(self) -> bool {
        matches!(self, Kind::Control | Kind::Private)
    }
}

/// A control section, dummy section or external symbol: whatever relocates on its own.
#[derive(Clone, Debug)]
pub(crate) struct Section {
    pub name: Rc<str>,
    pub kind: Kind,
    /// Number in the external symbol dictionary; 0 for a dummy section.
    pub esdid: u16,
    /// Location counter, relative to the section.
    pub location: u32,
    /// Highest value the location counter had: the length.
    pub highest: u32,
    /// Address of its first byte in the object.
    pub origin: u32,
    /// Named by a V-type constant only.
    pub implied: bool,
}

/// The sections of an assembly, in order of appearance.
#[derive(Debug, Default)]
pub(crate) struct Sections {
    pub list: Vec<Section>,
    /// Sections by name; one name can be, say, a control section and an external symbol.
    index: HashMap<Rc<str>, Vec<SectionId>>,
    next_esdid: u16,
    /// There were more sections than numbers for them.
    pub full: bool,
}

impl Sections {
    pub fn add(&mut self, name: &str, kind: Kind) -> SectionId {
        let esdid = if kind == Kind::Dummy {
            0
        } else {
            self.full |= self.next_esdid == u16::MAX;
            self.next_esdid = self.next_esdid.saturating_add(1);
            self.next_esdid
        };
        let name: Rc<str> = Rc::from(name);
        let id = self.list.len() as SectionId;
        self.index.entry(name.clone()).or_default().push(id);
        self.list.push(Section { name, kind, esdid, location: 0, highest: 0, origin: 0, implied: false });
        id
    }

    /// The section of this name whose kind is right.
    pub fn find(&self, name: &str, kind: impl Fn(Kind) -> bool) -> Option<SectionId> {
        self.index.get(name)?.iter().copied().find(|&id| kind(self.get(id).kind))
    }

    pub fn get(&self, id: SectionId) -> &Section {
        &self.list[id as usize]
    }

    pub fn get_mut(&mut self, id: SectionId) -> &mut Section {
        &mut self.list[id as usize]
    }

    /// Lays the control sections one after another from `start`, each on a doubleword. Returns whether there is room.
    pub fn place(&mut self, start: u32) -> bool {
        let mut next = start;
        for section in self.list.iter_mut().filter(|s| s.kind.has_text()) {
            section.origin = next;
            next = next.saturating_add(section.highest).saturating_add(7) & !7;
        }
        next <= 1 << 24
    }

    /// The value of an offset in a section once the sections are placed.
    pub fn value(&self, offset: i32, section: Option<SectionId>) -> Value {
        match section {
            None => Value::absolute(offset),
            Some(id) => Value::relocatable(offset, id),
        }
    }
}
