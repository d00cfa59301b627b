//! The channel-to-channel adapter (GA22-6983): two channels, each of which finds a device that speaks for the other.
//!
//! An adapter has two sides; [`pair`] makes them. A command on one side waits for the command on the other that fits it:
//! a read for a write, a control for the other side's having sensed what was asked. While a side waits it is up to its
//! channel to ask [`Device::is_ready`] again whenever the other side has done something.
//!
//! A side begins in basic mode, as the System/360 adapter is. Set extended mode adds prepare and write end-of-file.

mod plug;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use self::plug::{Bell, Plug};
use self::plug::{Link, lock};

use s370_arch::channel::UnitStatus;

use crate::device::{Command, Data, Delay, Device, Ending, Initial, Progress};

/// Microseconds of what waits for nothing.
const SHORT: u32 = 10;
const BUSY_ATTENTION: UnitStatus = UnitStatus::BUSY.union(UnitStatus::ATTENTION);
const END_OF_FILE: UnitStatus = UnitStatus::ENDED.union(UnitStatus::UNIT_EXCEPTION);
/// Sense byte: the adapter does not know the command.
const COMMAND_REJECT: u8 = 0x80;
/// Sense byte: the other side is not there, or was reset.
const INTERVENTION_REQUIRED: u8 = 0x40;

/// What a command code asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Control,
    Read,
    ReadBackward,
    Write,
    WriteEndOfFile,
    Prepare,
    Sense,
    SenseCommand,
    NoOperation,
    SetExtended,
    SetBasic,
    Invalid,
}

impl Order {
    fn of(code: u8, is_extended: bool) -> Order {
        match code {
            0x43 if is_extended => Order::SetBasic,
            0xC3 => Order::SetExtended,
            0xE3 if is_extended => Order::Prepare,
            _ if code & 0x47 == 0x03 => Order::NoOperation,
            _ if code & 0x07 == 0x07 => Order::Control,
            _ if code & 0x0F == 0x0C => Order::ReadBackward,
            _ if code & 0x1F == 0x14 => Order::SenseCommand,
            _ if code & 0x1F == 0x04 => Order::Sense,
            _ if code & 0x83 == 0x81 && is_extended => Order::WriteEndOfFile,
            _ if code & 0x03 == 0x01 => Order::Write,
            _ if code & 0x03 == 0x02 => Order::Read,
            _ => Order::Invalid,
        }
    }
}

/// How far a side's command is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Step {
    /// There is none.
    #[default]
    Idle,
    /// It has had channel end, and waits for the other side before device end.
    Prepared,
    Controlling,
    /// It has had channel end, and device end may follow.
    DeviceEnd,
    /// It waits for the other side to write or to read.
    Reading,
    Writing,
    /// Data is moving, and it is this side's turn or the other's.
    Turn,
    OtherTurn,
    /// It ends so.
    Ended(UnitStatus),
    /// It transfers sense data, which concerns nobody else.
    Sense,
    SenseCommand,
}

#[derive(Debug, Default)]
struct Side {
    is_away: bool,
    is_extended: bool,
    /// Status for the channel: the other side asks for attention.
    attention: bool,
    /// The other side has written an end of file that nobody has read.
    end_of_file: bool,
    fault: u8,
    step: Step,
    /// The command that is outstanding.
    code: u8,
    is_backward: bool,
    /// What rings when the other side has done something that concerns this one.
    bell: Option<Bell>,
}

impl Side {
    /// Whether the side's channel can go on.
    fn is_ready(&self) -> bool {
        !matches!(self.step, Step::Prepared | Step::Controlling | Step::Reading | Step::Writing | Step::OtherTurn)
    }

    /// Whether the other side finds a command outstanding that moves data or waits.
    fn is_occupied(&self) -> bool {
        !matches!(self.step, Step::Idle | Step::DeviceEnd | Step::Ended(_) | Step::Sense | Step::SenseCommand)
    }
}

#[derive(Debug, Default)]
struct State {
    sides: [Side; 2],
    /// Bytes that the reading side can take.
    wanted: usize,
    /// Bytes on their way.
    bytes: Vec<u8>,
}

/// One side of an adapter.
#[derive(Debug)]
pub struct ChannelToChannel {
    link: Arc<Mutex<Link>>,
}

/// The two sides of an adapter, both operational.
#[must_use]
pub fn pair() -> (ChannelToChannel, ChannelToChannel) {
    let state = Arc::new(Mutex::new(State::default()));
    let side = |side| ChannelToChannel { link: Arc::new(Mutex::new(Link { state: Arc::clone(&state), side })) };
    (side(0), side(1))
}

impl ChannelToChannel {
    /// A side without another: not ready, until a [`Plug`] couples it.
    #[must_use]
    pub fn uncoupled() -> ChannelToChannel {
        let (mut other, side) = pair();
        other.set_operational(false);
        side
    }

    /// The plug by which this side can be coupled to another, whoever has the device.
    #[must_use]
    pub fn plug(&self) -> Plug {
        Plug::new(Arc::clone(&self.link))
    }

    /// Says whether this side's channel and system are operational. Taking a side away ends the other's command with unit
    /// check, and further ones, until it is back.
    pub fn set_operational(&mut self, is_operational: bool) {
        self.with(|state, side| state.set_operational(side, is_operational));
    }

    /// Does something to the state, and rings the other side's bell if that concerns it.
    fn with<R>(&self, act: impl FnOnce(&mut State, usize) -> R) -> R {
        let (state, side) = lock(&self.link).parts();
        let mut state = lock_state(&state);
        let news = |state: &State| (state.sides[1 - side].is_ready(), state.sides[1 - side].attention);
        let before = news(&state);
        let result = act(&mut state, side);
        let bell = if news(&state) == before { None } else { state.sides[1 - side].bell.clone() };
        drop(state);
        if let Some(bell) = bell {
            bell.ring();
        }
        result
    }
}

fn lock_state(state: &Mutex<State>) -> MutexGuard<'_, State> {
    // A panic in the other side's thread leaves nothing half done that matters.
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    fn set_operational(&mut self, side: usize, is_operational: bool) {
        if !is_operational {
            self.abandon(side);
        }
        self.sides[side].is_away = !is_operational;
    }

    /// Ends the other side's command, and forgets this one's.
    fn abandon(&mut self, side: usize) {
        let other = &mut self.sides[1 - side];
        match other.step {
            Step::Reading | Step::Writing | Step::Turn | Step::OtherTurn => {
                other.step = Step::Ended(UnitStatus::FAILED);
                other.fault = INTERVENTION_REQUIRED;
            }
            // Deviation: device end was promised without unit check; the sense byte says it, and so does the next command.
            Step::Prepared | Step::Controlling => {
                other.step = Step::DeviceEnd;
                other.fault = INTERVENTION_REQUIRED;
            }
            Step::Idle | Step::DeviceEnd | Step::Ended(_) | Step::Sense | Step::SenseCommand => {}
        }
        self.sides[side].step = Step::Idle;
        self.bytes.clear();
    }

    /// Lets a prepare on the other side end.
    fn wake_prepared(&mut self, other: usize) {
        if self.sides[other].step == Step::Prepared {
            self.sides[other].step = Step::DeviceEnd;
        }
    }

    /// Begins a read or a write: it fits what the other side waits for, or waits.
    fn begin_transfer(&mut self, side: usize, is_read: bool) -> Initial {
        let other = 1 - side;
        let (own, fitting) = if is_read { (Step::Reading, Step::Writing) } else { (Step::Writing, Step::Reading) };
        if is_read && self.sides[side].end_of_file {
            self.sides[side].end_of_file = false;
            self.sides[side].step = Step::Ended(END_OF_FILE);
            return Initial::Accepted(Delay::Microseconds(SHORT));
        }
        if self.sides[other].step == fitting {
            // What asked for attention has it.
            self.sides[side].attention = false;
            self.bytes.clear();
            // The reading side begins, by saying how much it can take.
            let (reader, writer) = if is_read { (side, other) } else { (other, side) };
            self.sides[reader].step = Step::Turn;
            self.sides[writer].step = Step::OtherTurn;
            return Initial::Accepted(if is_read { Delay::Microseconds(SHORT) } else { Delay::Outside });
        }
        if !self.invite(other) {
            return self.refuse(side);
        }
        self.sides[side].step = own;
        Initial::Accepted(Delay::Outside)
    }

    /// Tells the other side that something waits for it; not if it waits itself.
    fn invite(&mut self, other: usize) -> bool {
        if self.sides[other].step == Step::Prepared {
            self.wake_prepared(other);
            return true;
        }
        let is_free = !self.sides[other].is_occupied();
        self.sides[other].attention |= is_free;
        is_free
    }

    /// The other side waits for something else, and says so again.
    fn refuse(&mut self, side: usize) -> Initial {
        self.sides[side].attention = false;
        Initial::Ended(Ending::now(BUSY_ATTENTION))
    }

    fn fail(&mut self, side: usize, fault: u8) -> Initial {
        self.sides[side].fault = fault;
        Initial::Ended(Ending::now(UnitStatus::UNIT_CHECK))
    }

    /// Channel end, and device end when the other side has acted.
    fn wait_for_device_end(&mut self, side: usize, step: Step) -> Initial {
        self.sides[side].step = step;
        let later = Some((Delay::Outside, UnitStatus::DEVICE_END));
        Initial::Ended(Ending { status: UnitStatus::CHANNEL_END, later })
    }

    fn accept(&mut self, side: usize, step: Step) -> Initial {
        self.sides[side].step = step;
        Initial::Accepted(Delay::Microseconds(SHORT))
    }

    fn start(&mut self, side: usize, code: u8) -> Initial {
        let other = 1 - side;
        let order = Order::of(code, self.sides[side].is_extended);
        if order == Order::Sense {
            return self.accept(side, Step::Sense);
        }
        self.sides[side].fault = 0;
        if order == Order::Invalid {
            return self.fail(side, COMMAND_REJECT);
        }
        if self.sides[other].is_away {
            return self.fail(side, INTERVENTION_REQUIRED);
        }
        self.sides[side].code = code;
        self.sides[side].is_backward = order == Order::ReadBackward;
        let ended = Initial::Ended(Ending::now(UnitStatus::ENDED));
        // Whether the other side waits for something that is not a prepare.
        let is_occupied = self.sides[other].is_occupied() && self.sides[other].step != Step::Prepared;
        match order {
            Order::Read | Order::ReadBackward => self.begin_transfer(side, true),
            Order::Write => self.begin_transfer(side, false),
            Order::Control if self.invite(other) => self.wait_for_device_end(side, Step::Controlling),
            Order::WriteEndOfFile if self.sides[other].step == Step::Reading => {
                self.sides[other].step = Step::Ended(END_OF_FILE);
                ended
            }
            Order::WriteEndOfFile if !is_occupied => {
                self.wake_prepared(other);
                self.sides[other].end_of_file = true;
                ended
            }
            Order::Prepare if self.sides[other].is_occupied() => {
                self.wake_prepared(other);
                ended
            }
            Order::Prepare => self.wait_for_device_end(side, Step::Prepared),
            Order::SenseCommand => self.accept(side, Step::SenseCommand),
            Order::NoOperation if !is_occupied => ended,
            Order::Control | Order::WriteEndOfFile | Order::NoOperation => self.refuse(side),
            Order::SetExtended | Order::SetBasic => {
                self.sides[side].is_extended = order == Order::SetExtended;
                ended
            }
            Order::Sense | Order::Invalid => self.fail(side, COMMAND_REJECT),
        }
    }

    /// Both sides' commands end.
    fn finish(&mut self, side: usize) -> Progress {
        self.sides[1 - side].step = Step::Ended(UnitStatus::ENDED);
        self.end(side, UnitStatus::ENDED)
    }

    fn end(&mut self, side: usize, status: UnitStatus) -> Progress {
        self.sides[side].step = Step::Idle;
        Progress::Ended(Ending::now(status))
    }

    fn pass_turn(&mut self, side: usize) -> Progress {
        self.sides[side].step = Step::OtherTurn;
        self.sides[1 - side].step = Step::Turn;
        Progress::Wait(Delay::Outside)
    }

    /// The reading side takes what has come, and says how much more it can take.
    fn take(&mut self, side: usize, data: &mut dyn Data) -> Progress {
        if self.sides[side].is_backward {
            // The first byte goes to the highest address.
            self.bytes.reverse();
            data.store_backward(&self.bytes);
        } else {
            data.store(&self.bytes);
        }
        self.bytes.clear();
        self.wanted = data.room();
        if self.wanted == 0 { self.finish(side) } else { self.pass_turn(side) }
    }

    /// The writing side gives as much as the other can take.
    fn give(&mut self, side: usize, data: &mut dyn Data) -> Progress {
        self.bytes.resize(data.room().min(self.wanted), 0);
        let fetched = data.fetch_some(&mut self.bytes);
        self.bytes.truncate(fetched);
        if fetched == 0 { self.finish(side) } else { self.pass_turn(side) }
    }

    /// Tells what the other side has outstanding; a control there is answered by that.
    fn sense_command(&mut self, side: usize, data: &mut dyn Data) -> Progress {
        let other = &mut self.sides[1 - side];
        data.store(&[if other.is_occupied() { other.code } else { 0 }]);
        if other.step == Step::Controlling {
            other.step = Step::DeviceEnd;
        }
        self.end(side, UnitStatus::ENDED)
    }

    fn sense(&mut self, side: usize, data: &mut dyn Data) -> Progress {
        let is_away = self.sides[1 - side].is_away;
        let fault = std::mem::take(&mut self.sides[side].fault);
        data.store(&[fault | if is_away { INTERVENTION_REQUIRED } else { 0 }]);
        self.end(side, UnitStatus::ENDED)
    }
}

impl Device for ChannelToChannel {
    fn kind(&self) -> &'static str {
        "CTCA"
    }

    fn start(&mut self, command: Command) -> Initial {
        self.with(|state, side| state.start(side, command.code))
    }

    fn transfer(&mut self, data: &mut dyn Data, _: u64) -> Progress {
        self.with(|state, side| {
            let is_reader = matches!(Order::of(state.sides[side].code, false), Order::Read | Order::ReadBackward);
            match state.sides[side].step {
                Step::Turn if is_reader => state.take(side, data),
                Step::Turn => state.give(side, data),
                Step::Sense => state.sense(side, data),
                Step::SenseCommand => state.sense_command(side, data),
                Step::Ended(status) => state.end(side, status),
                Step::Reading | Step::Writing | Step::OtherTurn => Progress::Wait(Delay::Outside),
                Step::Idle | Step::Prepared | Step::Controlling | Step::DeviceEnd => state.end(side, UnitStatus::ENDED),
            }
        })
    }

    fn is_ready(&self) -> bool {
        self.with(|state, side| state.sides[side].is_ready())
    }

    fn take_unsolicited(&mut self) -> UnitStatus {
        if self.with(|state, side| std::mem::take(&mut state.sides[side].attention)) {
            UnitStatus::ATTENTION
        } else {
            UnitStatus::empty()
        }
    }

    fn is_coupled(&self) -> bool {
        true
    }

    fn halt(&mut self) -> Ending {
        self.with(|state, side| state.abandon(side));
        Ending::now(UnitStatus::ENDED)
    }

    fn reset(&mut self) {
        self.with(|state, side| {
            state.abandon(side);
            let side = &mut state.sides[side];
            *side = Side { is_away: side.is_away, bell: side.bell.take(), ..Side::default() };
        });
    }
}
