//! The operator's terminal.

pub mod editor;
pub mod model;
pub mod render;
