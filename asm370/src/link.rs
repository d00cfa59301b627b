//! Links objects to a flat core image.

use std::collections::HashMap;
use std::fmt;

use thiserror::Error;

use crate::object::{Entry, EsdItem, EsdKind, Object, Rld};

/// A program ready to be put into storage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoreImage {
    /// Address of the first byte.
    pub origin: u32,
    /// The bytes; places that no text fills are zero.
    pub bytes: Vec<u8>,
    /// Address where execution begins: the first END operand, or else the first control section.
    pub entry: u32,
    /// Sections and entries with their addresses.
    pub map: Vec<MapEntry>,
    /// Definitions that were left out because an earlier object has one of that name.
    pub duplicates: Vec<Duplicate>,
}

impl CoreImage {
    /// The address of a control section or entry.
    #[must_use]
    pub fn address(&self, name: &str) -> Option<u32> {
        self.map.iter().find(|entry| entry.name == name).map(|entry| entry.address)
    }

    /// The map as text, a line for each section followed by its entries. `objects` says what each object is called.
    #[must_use]
    pub fn map_text(&self, objects: &[impl AsRef<str>]) -> String {
        let mut text = String::from("NAME      ADDRESS  LENGTH  OBJECT\n");
        for entry in &self.map {
            let object = objects.get(entry.object).map_or("", AsRef::as_ref);
            let line = match entry.length {
                Some(length) => format!("{:<8}  {:06X}   {length:06X}  {object}", entry.name, entry.address),
                None => format!("  {:<8}{:06X}", entry.name, entry.address),
            };
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

/// A line of the map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapEntry {
    /// Section or entry name; empty for private code.
    pub name: String,
    /// Its address.
    pub address: u32,
    /// Length in bytes of a section; `None` for an entry within one.
    pub length: Option<u32>,
    /// Number of the object it came from, from 0.
    pub object: usize,
}

/// Why objects could not be linked: one of possibly many reasons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkError {
    /// Number of the object that is wrong, from 0; `None` when all of them together are.
    pub object: Option<usize>,
    /// What is wrong.
    pub problem: LinkProblem,
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.object {
            Some(object) => write!(f, "object {}: {}", object + 1, self.problem),
            None => self.problem.fmt(f),
        }
    }
}

impl std::error::Error for LinkError {}

/// What can be wrong with objects that are to be linked.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LinkProblem {
    /// A name that no object defines.
    #[error("the external symbol {0} is not defined in any object")]
    Unresolved(String),
    /// A number that the external symbol dictionary does not have.
    #[error("there is no number {0} in the external symbol dictionary, but text, a relocation or END refers to it")]
    Dictionary(u16),
    /// Text or an address constant outside its section.
    #[error("{what} at {address:06X} in the object lies outside of its control section")]
    Outside {
        /// What it is.
        what: &'static str,
        /// Address in the object.
        address: u32,
    },
    /// An address does not fit in its field.
    #[error("the address {value:08X} does not fit in the {length}-byte field at {address:06X}")]
    Field {
        /// The address.
        value: u32,
        /// Length of the field.
        length: u8,
        /// Address of the field in the image.
        address: u32,
    },
    /// The image does not fit in 24-bit addresses.
    #[error("the program ends beyond address FFFFFF")]
    TooLong,
    /// There is nothing to link.
    #[error("there is no control section")]
    Empty,
}

impl LinkProblem {
    fn of(self, object: usize) -> LinkError {
        LinkError { object: Some(object), problem: self }
    }
}

/// A name that more than one object defines. The first definition is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duplicate {
    /// The control section or entry.
    pub name: String,
    /// Number of the object whose definition is left out, from 0.
    pub object: usize,
    /// Number of the object whose definition is taken.
    pub first: usize,
    /// It is a control section, all of which is left out; otherwise an entry, whose section stays.
    pub section: bool,
}

/// Where each dictionary number of an object went: its address now, and its address in the object.
type Places = HashMap<u16, (u32, u32)>;

struct Linker<'a> {
    objects: &'a [Object],
    /// Addresses of sections and entries by name, and the objects that define them.
    names: HashMap<&'a str, (u32, usize)>,
    map: Vec<MapEntry>,
    places: Vec<Places>,
    /// Sections left out because an earlier object has one of that name, as (object, number).
    omitted: Vec<(usize, u16)>,
    duplicates: Vec<Duplicate>,
    next: u32,
}

/// Lays the control sections of the objects one after another from `origin`, each on a doubleword, and completes their
/// addresses. Of two control sections with one name the first is taken; common sections of one name share storage.
///
/// # Errors
///
/// All that is wrong with the objects, as far as it can be told.
pub fn link(objects: &[Object], origin: u32) -> Result<CoreImage, Vec<LinkError>> {
    let places = vec![Places::new(); objects.len()];
    let mut linker = Linker {
        objects,
        names: HashMap::new(),
        map: Vec::new(),
        places,
        omitted: Vec::new(),
        duplicates: Vec::new(),
        next: origin,
    };
    linker.place_sections();
    linker.place_commons();
    linker.place_entries();
    let mut errors = linker.resolve();
    if linker.map.is_empty() {
        errors.push(LinkError { object: None, problem: LinkProblem::Empty });
    }
    if linker.next > 1 << 24 {
        errors.push(LinkError { object: None, problem: LinkProblem::TooLong });
        return Err(errors);
    }
    let mut image = CoreImage {
        origin,
        bytes: vec![0; (linker.next - origin) as usize],
        entry: origin,
        map: std::mem::take(&mut linker.map),
        duplicates: std::mem::take(&mut linker.duplicates),
    };
    for (number, object) in objects.iter().enumerate() {
        linker.load(number, object, &mut image, &mut errors);
    }
    for (number, object) in objects.iter().enumerate() {
        for rld in &object.rld {
            if let Err(error) = linker.relocate(number, *rld, &mut image) {
                errors.push(error);
            }
        }
    }
    match linker.entry() {
        Ok(entry) => image.entry = entry.unwrap_or(image.map.first().map_or(origin, |first| first.address)),
        Err(error) => errors.push(error),
    }
    if errors.is_empty() { Ok(image) } else { Err(errors) }
}

impl<'a> Linker<'a> {
    fn place_sections(&mut self) {
        for (number, object) in self.objects.iter().enumerate() {
            for item in &object.esd {
                match item.kind {
                    EsdKind::Section => match self.names.get(&*item.name) {
                        Some(&(address, first)) => {
                            self.places[number].insert(item.id, (address, item.address));
                            self.omitted.push((number, item.id));
                            let name = item.name.clone();
                            self.duplicates.push(Duplicate { name, object: number, first, section: true });
                        }
                        None => self.place(number, item),
                    },
                    EsdKind::Private => self.place(number, item),
                    _ => {}
                }
            }
        }
    }

    fn place(&mut self, number: usize, item: &'a EsdItem) {
        self.next = self.next.saturating_add(7) & !7;
        if item.kind != EsdKind::Private {
            self.names.insert(&item.name, (self.next, number));
        }
        self.places[number].insert(item.id, (self.next, item.address));
        let (name, address) = (item.name.clone(), self.next);
        self.map.push(MapEntry { name, address, length: Some(item.length), object: number });
        self.next = self.next.saturating_add(item.length);
    }

    /// Common sections: the longest of a name counts, unless a control section has that name.
    fn place_commons(&mut self) {
        let objects = self.objects;
        let commons = || objects.iter().flat_map(|o| &o.esd).filter(|item| item.kind == EsdKind::Common);
        for (number, object) in objects.iter().enumerate() {
            for item in object.esd.iter().filter(|item| item.kind == EsdKind::Common) {
                if let Some(&(address, _)) = self.names.get(&*item.name) {
                    self.places[number].insert(item.id, (address, item.address));
                    continue;
                }
                let longest = commons().filter(|other| other.name == item.name).map(|other| other.length).max();
                self.next = self.next.saturating_add(7) & !7;
                self.names.insert(&item.name, (self.next, number));
                self.places[number].insert(item.id, (self.next, item.address));
                let (name, address) = (item.name.clone(), self.next);
                self.map.push(MapEntry { name, address, length: longest, object: number });
                self.next = self.next.saturating_add(longest.unwrap_or(0));
            }
        }
    }

    fn place_entries(&mut self) {
        for (number, object) in self.objects.iter().enumerate() {
            for item in &object.esd {
                let EsdKind::Entry { section } = item.kind else { continue };
                let Some(&(now, then)) = self.places[number].get(&section) else { continue };
                if self.omitted.contains(&(number, section)) {
                    continue;
                }
                let address = item.address.wrapping_sub(then).wrapping_add(now);
                let name = item.name.clone();
                if let Some(&(_, first)) = self.names.get(&*item.name) {
                    self.duplicates.push(Duplicate { name, object: number, first, section: false });
                    continue;
                }
                self.names.insert(&item.name, (address, number));
                let after = |entry: &MapEntry| entry.length.is_some() && entry.address > now;
                let at = self.map.iter().position(after).unwrap_or(self.map.len());
                self.map.insert(at, MapEntry { name, address, length: None, object: number });
            }
        }
    }

    fn resolve(&mut self) -> Vec<LinkError> {
        let mut errors = Vec::new();
        for (object, content) in self.objects.iter().enumerate() {
            for item in &content.esd {
                let address = match (item.kind, self.names.get(&*item.name)) {
                    (EsdKind::External | EsdKind::Weak, Some(&(address, _))) => address,
                    (EsdKind::Weak, None) => 0,
                    (EsdKind::External, None) => {
                        errors.push(LinkProblem::Unresolved(item.name.clone()).of(object));
                        0
                    }
                    _ => continue,
                };
                self.places[object].insert(item.id, (address, 0));
            }
        }
        errors
    }

    fn load(&self, number: usize, object: &Object, image: &mut CoreImage, errors: &mut Vec<LinkError>) {
        for text in &object.text {
            let Some(&(now, then)) = self.places[number].get(&text.section) else {
                errors.push(LinkProblem::Dictionary(text.section).of(number));
                continue;
            };
            if self.omitted.contains(&(number, text.section)) {
                continue;
            }
            let start = text.address.wrapping_sub(then).wrapping_add(now).wrapping_sub(image.origin) as usize;
            match start.checked_add(text.bytes.len()).and_then(|end| image.bytes.get_mut(start..end)) {
                Some(place) => place.copy_from_slice(&text.bytes),
                None => errors.push(LinkProblem::Outside { what: "text", address: text.address }.of(number)),
            }
        }
    }

    fn relocate(&self, number: usize, rld: Rld, image: &mut CoreImage) -> Result<(), LinkError> {
        let places = &self.places[number];
        let dictionary = |id| LinkProblem::Dictionary(id).of(number);
        let &(now, then) = places.get(&rld.position).ok_or(dictionary(rld.position))?;
        let &(target, assembled) = places.get(&rld.relocation).ok_or(dictionary(rld.relocation))?;
        if self.omitted.contains(&(number, rld.position)) {
            return Ok(());
        }
        let address = rld.address.wrapping_sub(then).wrapping_add(now);
        let start = address.wrapping_sub(image.origin) as usize;
        let outside = LinkProblem::Outside { what: "an address constant", address: rld.address }.of(number);
        let end = start.checked_add(usize::from(rld.length)).ok_or(outside.clone())?;
        let field = image.bytes.get_mut(start..end).ok_or(outside)?;
        let old = field.iter().fold(0u32, |n, &byte| n << 8 | u32::from(byte));
        let change = target.wrapping_sub(assembled);
        let value = if rld.negative { old.wrapping_sub(change) } else { old.wrapping_add(change) };
        let bits = 8 * u32::from(rld.length);
        if rld.length == 2 && value & 0xFF_FFFF > 0xFFFF && !rld.negative {
            return Err(LinkProblem::Field { value, length: rld.length, address }.of(number));
        }
        for (n, byte) in field.iter_mut().enumerate() {
            *byte = (value >> (bits - 8 * (n as u32 + 1))) as u8;
        }
        Ok(())
    }

    fn entry(&self) -> Result<Option<u32>, LinkError> {
        for (object, content) in self.objects.iter().enumerate() {
            match &content.entry {
                None => {}
                Some(Entry::Address { section, address }) => {
                    let place = self.places[object].get(section);
                    let &(now, then) = place.ok_or_else(|| LinkProblem::Dictionary(*section).of(object))?;
                    return Ok(Some(address.wrapping_sub(then).wrapping_add(now)));
                }
                Some(Entry::Symbol(name)) => {
                    let found = self.names.get(name.as_str()).map(|&(at, _)| Some(at));
                    return found.ok_or_else(|| LinkProblem::Unresolved(name.clone()).of(object));
                }
            }
        }
        Ok(None)
    }
}
