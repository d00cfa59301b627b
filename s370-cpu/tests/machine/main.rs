//! The machine between its instructions: interruptions, PER, timers, translation, several processors, and the caches that
//! nobody may notice.

mod caches;
mod interruptions;
mod multiprocessing;
mod per;
mod support;
mod timers;
mod translation;
