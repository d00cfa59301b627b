//! The operator's terminal.

pub mod editor;
pub mod model;
pub mod plain;
pub mod render;
pub mod screen;
