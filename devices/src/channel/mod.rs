//! Channels (GA22-7000-10, chapter 13).
//!
//! [`ChannelProgram`] is the one interpreter of CCWs; it needs a [`Device`](crate::device::Device) and a
//! [`ChannelStorage`], and nothing else. [`Channels`] is the set of channels of a bare machine: it keeps devices, their
//! operations and interruption conditions, and one queue of what will happen when, and is the
//! [`Bus`](s370_cpu::bus::Bus) of a processor.
//!
//! Choices where the manual leaves some:
//! - Each device has a subchannel of its own, but on a selector channel all have the same.
//! - A block-multiplexer channel multiplexes if control register 0 says so when the operation is started; otherwise it is
//!   a selector channel for that operation.
//! - A multiplexing channel is never working: data moves at one instant of virtual time.
//! - START I/O FAST RELEASE performs the SIO function, as the manual leaves to each channel; there are no deferred condition
//!   codes.
//! - Lower channels interrupt first; in a channel, the condition that came first.

mod channels;
mod instructions;
mod loading;
pub mod program;
mod queue;
pub mod storage;
mod subchannel;
mod synchronous;
mod transfer;

pub use self::{
    channels::{AttachError, Channels, DetachError, QUICK_STEP, Timing},
    loading::LoadError,
    program::{Advance, ChannelProgram, Conclusion},
    storage::{AccessCheck, ChannelStorage, Moved},
    subchannel::Activity,
    synchronous::NotExecuted,
};

#[cfg(test)]
mod tests;
