//! Random machines: states, storage, tables and programs, made from a seed, so that a failure can be had again.

mod bus;
mod program;
mod rng;
mod scenario;

pub use self::{
    bus::RandomBus,
    rng::Rng,
    scenario::{Kind, Scenario},
};
