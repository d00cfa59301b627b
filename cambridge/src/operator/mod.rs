//! The operator: commands, and what they do to the machine.

mod examine;
mod operands;
pub mod words;
