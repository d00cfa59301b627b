//! The harness of the tests that cross crates: vectors of the instructions in text, a runner that tries them on every
//! engine, machines in lockstep, and models to compare with.

pub mod assemble;
pub mod attack;
pub mod bus;
pub mod check;
pub mod coverage;
pub mod crew;
pub mod guest;
pub mod kill;
pub mod lockstep;
pub mod random;
pub mod reel;
pub mod rehearsal;
pub mod shared;
pub mod single;
pub mod source;
pub mod vector;
