//! Images of disk packs: against a model, against crashes, against mutations, and as other programs made them.

mod crash;
mod fuzz;
mod images;
mod medium;
mod model;
mod volume;
