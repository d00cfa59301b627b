//! What a channel and a device say to each other: the I/O interface, one command at a time.
//!
//! A channel [starts](Device::start) a command and learns the initial status at once. If the device accepts, the channel
//! calls [`Device::transfer`] when the delay that the device asked for is over; the device then moves all the data
//! through [`Data`] and gives the ending status. Channel end and device end may come apart. Devices know nothing of
//! CCWs, counts, chaining, keys and storage.
//!
//! Whoever owns a device outside (an operator, a terminal, the other side of an adapter) calls the device type's own
//! methods; afterwards the channel asks [`Device::is_ready`] and [`Device::take_unsolicited`].

use std::any::Any;

use s370_arch::channel::UnitStatus;

/// A command, as a device sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Command {
    /// The command code; its low four bits are never 0000 or 1000.
    pub code: u8,
    /// Whether command chaining led here: the previous command of the same chain has ended at this device, and the
    /// channel has not let go of it. The first command of a chain finds `false`.
    pub chained: bool,
    /// The time, in units of the TOD clock (bit 51 is a microsecond).
    pub now: u64,
}

/// How long something takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delay {
    /// As long as the real device would take, in microseconds. The channel may be told to hurry.
    Microseconds(u32),
    /// Until something happens outside: [`Device::is_ready`] tells.
    Outside,
}

/// The answer to [`Device::start`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Initial {
    /// Zero status: the command is accepted. [`Device::transfer`] is to be called after this delay.
    Accepted(Delay),
    /// The command ended with its initial status, without data: immediate commands (channel end), refusals (unit check,
    /// busy). The channel stores a CSW if the command is the first, and indicates no incorrect length.
    Ended(Ending),
}

/// A status, and another that may follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ending {
    /// The status now.
    pub status: UnitStatus,
    /// The status that follows, with device end in it, and when; none if `status` already has device end or has no
    /// channel end.
    pub later: Option<(Delay, UnitStatus)>,
}

impl Ending {
    /// This status and nothing after it.
    #[must_use]
    pub const fn now(status: UnitStatus) -> Ending {
        Ending { status, later: None }
    }

    /// Channel end now, device end after this many microseconds.
    #[must_use]
    pub const fn channel_end(microseconds: u32) -> Ending {
        Ending {
            status: UnitStatus::CHANNEL_END,
            later: Some((Delay::Microseconds(microseconds), UnitStatus::DEVICE_END)),
        }
    }
}

/// The answer to [`Device::transfer`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The command has ended so.
    Ended(Ending),
    /// Call again after this delay.
    Wait(Delay),
}

/// The channel's side of a data transfer. Count, data chaining, indirect addresses, skipping, keys and checks are behind
/// it; after a channel check, or when the count is used up, nothing moves any more.
pub trait Data {
    /// How many bytes can still move before the channel says stop: those of the current CCW or, if it is used up and
    /// chains data, of the next. 0 is the end.
    fn room(&mut self) -> usize;

    /// Moves bytes from storage to the device; says how many. Less than asked for is the end of the count, and an
    /// incorrect length ("long block").
    fn fetch(&mut self, into: &mut [u8]) -> usize;

    /// As [`Data::fetch`] for a device that takes what it is given: the end of the count is no incorrect length.
    fn fetch_some(&mut self, into: &mut [u8]) -> usize;

    /// Moves bytes from the device to storage; says how many. Less than given is the end of the count, and an incorrect
    /// length. What remains of the count when the command ends is one too ("short block"): the channel sees to that.
    fn store(&mut self, from: &[u8]) -> usize;

    /// As [`Data::store`] for reading backward: `from` is in the medium's forward order, and goes to storage from its
    /// last byte, at descending addresses.
    fn store_backward(&mut self, from: &[u8]) -> usize;
}

/// A device, with the part of the control unit that is its own.
pub trait Device: Any + Send {
    /// The device type as operators write it: `3330-11`, `1403`.
    fn kind(&self) -> &'static str;

    /// Initial selection with a command. Never called while a command or its device end is outstanding.
    fn start(&mut self, command: Command) -> Initial;

    /// Moves the data of the command that was accepted.
    fn transfer(&mut self, data: &mut dyn Data, now: u64) -> Progress;

    /// Whether a [`Delay::Outside`] is over.
    fn is_ready(&self) -> bool {
        true
    }

    /// Status that the device presents by itself: attention, device end when it becomes ready. Empty if there is none;
    /// taking it clears it. The channel asks only between chains.
    fn take_unsolicited(&mut self) -> UnitStatus {
        UnitStatus::empty()
    }

    /// Whether what happens at another device of the same channels can make this one ready or have it present status, as
    /// with the two sides of an adapter. The channels then ask it [`Device::is_ready`] and [`Device::take_unsolicited`]
    /// after each event at another coupled device.
    fn is_coupled(&self) -> bool {
        false
    }

    /// The chain is over: the channel will not command-chain from the last command. File masks and the like go, and what
    /// the chain has written is on the medium on return. Gives what is to be added to the last status: unit check, with
    /// sense data, if the medium refused a write.
    fn end_of_chain(&mut self) -> UnitStatus {
        UnitStatus::empty()
    }

    /// The program is about to learn, before the chain ends, how far it has come (program-controlled interruption): what
    /// the chain has written must be on the medium on return. If the medium refuses, [`Device::end_of_chain`] tells.
    fn keep_writes(&mut self) {}

    /// HALT I/O or HALT DEVICE ended the command that was accepted. The status that the device presents for it; channel
    /// end and device end for most.
    fn halt(&mut self) -> Ending {
        Ending::now(UnitStatus::ENDED)
    }

    /// System reset or selective reset: the command that was accepted is forgotten, status and sense are cleared.
    fn reset(&mut self);

    /// What the operator should know of: trouble with the medium, with file and offset. Taking it clears it.
    fn take_messages(&mut self) -> Vec<String> {
        Vec::new()
    }
}
