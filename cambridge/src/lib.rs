//! The program `cambridge`, as a library for its tests: command line, files, the host's clock. It only wires together
//! what the other crates do.

pub mod asm;
pub mod bare;
pub mod engine;
pub mod hex;
pub mod link;
pub mod outputs;
pub mod probe;
pub mod programs;
pub mod report;
pub mod workshop;
