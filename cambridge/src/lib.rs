//! The program `cambridge`, as a library for its tests: command line, files, the host's clock. It only wires together
//! what the other crates do.

pub mod asm;
pub mod attachment;
pub mod bare;
pub mod classify;
pub mod complex;
pub mod configuration;
pub mod deck;
pub mod disk;
pub mod engine;
pub mod files;
pub mod hex;
pub mod ipl_deck;
pub mod link;
pub mod listener;
pub mod listing;
pub mod operator;
pub mod outputs;
pub mod panel;
pub mod probe;
pub mod programs;
mod progress;
pub mod report;
pub mod script;
pub mod tape;
pub mod terminals;
pub mod workshop;
