//! The commands of a tape control unit.

use super::kind::{Density, Kind};
use crate::media::reel::Direction;

/// What a command code asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Read(Direction),
    Write,
    /// Takes data as a write does, and moves no tape.
    LoopWriteToRead,
    Sense,
    /// Takes a byte that tells how to correct what is read next.
    RequestTrackInError,
    Move(Motion),
    /// Sets the density; none for the codes of 7-track units.
    SetMode(Option<Density>),
    /// Asks for the data converter of a 7-track unit.
    SetConverter,
    /// No-operation, diagnostic mode set, set diagnose: nothing to be done.
    Nothing,
    Invalid,
}

/// What moves the tape without data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Motion {
    Rewind,
    Unload,
    EraseGap,
    /// To the end of the reel; follows an erase gap in the same chain.
    SecurityErase,
    WriteTapeMark,
    Block(Direction),
    File(Direction),
}

impl Motion {
    pub(super) fn writes(self) -> bool {
        matches!(self, Motion::EraseGap | Motion::SecurityErase | Motion::WriteTapeMark)
    }
}

impl Order {
    /// The order of a command code at this kind of unit.
    pub(super) fn of(code: u8, kind: &Kind) -> Order {
        use Direction::{Backward, Forward};
        match code {
            0x01 => Order::Write,
            0x02 => Order::Read(Forward),
            0x03 | 0x0B => Order::Nothing,
            0x04 => Order::Sense,
            0x07 => Order::Move(Motion::Rewind),
            0x0C => Order::Read(Backward),
            0x0F => Order::Move(Motion::Unload),
            0x13 | 0x53 | 0x93 => Order::SetConverter,
            0x17 => Order::Move(Motion::EraseGap),
            0x1B => Order::RequestTrackInError,
            0x1F => Order::Move(Motion::WriteTapeMark),
            0x23 | 0x2B | 0x33 | 0x3B | 0x63 | 0x6B | 0x73 | 0x7B | 0xA3 | 0xAB | 0xB3 | 0xBB => Order::SetMode(None),
            0x27 => Order::Move(Motion::Block(Backward)),
            0x2F => Order::Move(Motion::File(Backward)),
            0x37 => Order::Move(Motion::Block(Forward)),
            0x3F => Order::Move(Motion::File(Forward)),
            0x4B if kind.is_new => Order::Nothing,
            0x8B if kind.is_new => Order::LoopWriteToRead,
            0x97 if kind.is_new => Order::Move(Motion::SecurityErase),
            0xC3 => Order::SetMode(Some(Density::Pe1600)),
            0xCB => Order::SetMode(Some(Density::Nrzi800)),
            0xD3 if kind.is_new => Order::SetMode(Some(Density::Gcr6250)),
            _ => Order::Invalid,
        }
    }
}
