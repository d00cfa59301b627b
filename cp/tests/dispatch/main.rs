//! The scheduler's promises, by simulation: shares, response, priorities, favored machines, admission.

mod admission;
mod events;
mod shares;
mod simulation;
