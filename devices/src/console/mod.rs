//! Consoles: typewriters (1052, 3210, 3215) and local displays (3277, 3278).
//!
//! What a person sees and does is given and taken by the types' own methods. Nothing here knows of terminals or protocols.

pub mod display;
pub mod typewriter;

/// Bits of sense byte 0 that consoles and displays share.
pub(crate) mod sense {
    /// The command is not one of the device's.
    pub(crate) const COMMAND_REJECT: u8 = 0x80;
    /// Not ready.
    pub(crate) const INTERVENTION_REQUIRED: u8 = 0x40;
    /// Displays: an invalid order, buffer address or structured field.
    pub(crate) const OPERATION_CHECK: u8 = 0x01;
}
