//! The control program: gives every user a System/370 of their own.
//!
//! [`real`] is the real machine's storage: frames, free storage, paging. [`vm`] is a virtual machine: its storage, its shadow
//! tables, the loop that runs it. [`dispatch`] decides who runs next. [`diagnose`] is what a virtual machine can ask of CP,
//! [`command`] what its user can.
//!
//! Nothing here opens a file, reads the host's clock or starts a thread: time and processors come from outside.

pub mod clock;
pub mod command;
pub mod diagnose;
pub mod dispatch;
pub mod dispatcher;
mod estimates;
pub mod message;
pub mod post;
pub mod real;
mod sleepers;
pub mod system;
pub mod systems;
pub mod user;
pub mod vm;
pub mod vmcf;
pub mod waking;
