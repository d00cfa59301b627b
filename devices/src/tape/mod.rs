//! Magnetic tape units: 2400 (with a 2803 control unit), 3410 and 3420 (3803).

pub mod kind;
mod order;
mod sense;
#[cfg(test)]
mod tests;
mod unit;

pub use kind::Kind;
pub use unit::TapeUnit;
