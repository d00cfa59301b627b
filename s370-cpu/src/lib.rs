//! The System/370 processor: storage and keys, dynamic address translation, the execution engines, interruptions,
//! timers and program-event recording. It knows no device, no control program, no host clock and no thread.

pub mod between;
pub mod bus;
pub mod dat;
pub mod decimal;
mod exec;
mod fast;
pub mod hfp;
pub mod interruption;
pub mod machine;
pub mod machine_check;
pub mod processor;
pub mod reset;
pub mod state;
pub mod storage;
pub mod translate;
