//! An object: what an assembly leaves for a linker, in a form that object decks can carry.

use crate::constant::AddressKind;
use crate::deck::Card;

/// Kind of an entry of the external symbol dictionary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EsdKind {
    /// SD: control section.
    Section,
    /// LD: entry in a control section, whose dictionary number is `section`.
    Entry {
        /// Dictionary number of the section that the entry is in.
        section: u16,
    },
    /// ER: symbol of another object.
    External,
    /// WX: symbol of another object that need not be found.
    Weak,
    /// PC: unnamed control section.
    Private,
    /// CM: common control section.
    Common,
}

/// An entry of the external symbol dictionary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EsdItem {
    /// Number of the entry; 0 for [`EsdKind::Entry`], which has none.
    pub id: u16,
    /// The symbol, up to eight characters; empty when there is none.
    pub name: String,
    /// What the symbol is.
    pub kind: EsdKind,
    /// Address in the object, 24 bits.
    pub address: u32,
    /// Length in bytes of a control section.
    pub length: u32,
}

/// Bytes of a control section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// Dictionary number of the section.
    pub section: u16,
    /// Address of the first byte in the object.
    pub address: u32,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// An address field that the linker completes: an entry of the relocation dictionary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rld {
    /// Dictionary number of the section or symbol whose address is added.
    pub relocation: u16,
    /// Dictionary number of the section that contains the field.
    pub position: u16,
    /// What the field is for.
    pub kind: AddressKind,
    /// Length of the field in bytes, 1 to 4.
    pub length: u8,
    /// The address is subtracted instead.
    pub negative: bool,
    /// Address of the field in the object.
    pub address: u32,
}

/// Where execution begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// An address in a section of this object.
    Address {
        /// Dictionary number of the section.
        section: u16,
        /// Address in the object.
        address: u32,
    },
    /// A symbol of another object.
    Symbol(String),
}

/// Identification of a translator on the END card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identification {
    /// The translator, up to ten characters.
    pub translator: String,
    /// Version (two digits) and modification level (two digits).
    pub level: String,
    /// Date, `yyddd`.
    pub date: String,
}

/// An assembled program.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Object {
    /// Cards in front of the deck, from PUNCH and REPRO.
    pub control: Vec<Card>,
    /// External symbol dictionary, in order of appearance.
    pub esd: Vec<EsdItem>,
    /// Text, in order of assembly; later text lies over earlier text.
    pub text: Vec<Text>,
    /// Relocation dictionary.
    pub rld: Vec<Rld>,
    /// Operand of END.
    pub entry: Option<Entry>,
    /// Who made the object.
    pub identification: Vec<Identification>,
}

impl Object {
    /// The dictionary's entry with this number.
    #[must_use]
    pub fn item(&self, id: u16) -> Option<&EsdItem> {
        self.esd.iter().find(|item| item.id == id && !matches!(item.kind, EsdKind::Entry { .. }))
    }
}
