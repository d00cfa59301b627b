//! Channels, control units and devices, and the media in them.
//!
//! A [`device::Device`] is a pure state machine: it takes commands, data and the time, and gives status. The
//! channel module runs channel programs against devices; [`media`] reads and writes what the community keeps packs,
//! reels and decks in. No file is opened, no socket is touched and no clock is read here.

pub mod area;
pub mod channel;
pub mod console;
pub mod ctca;
pub mod dasd;
pub mod device;
pub mod machine;
pub mod media;
pub mod tape;
#[cfg(test)]
mod testing;
pub mod unit_record;
