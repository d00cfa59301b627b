//! Command codes of printers (GX20-1703; GA24-3312 for the 1403, GA24-3543 for the 3211, GA33-1529 for the 3203).

use super::{
    super::{NO_OPERATION, SENSE},
    PrinterKind,
    form::CHANNELS,
};

/// What the carriage does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Space this many lines: 0 to 3.
    Space(u8),
    /// Skip to this channel: 1 to 12.
    Skip(u8),
}

impl Action {
    /// Bits 0-4 of a command code: bit 0 is one for skip, the others are lines or channel.
    fn of(code: u8) -> Option<Action> {
        let number = code >> 3 & 0x0F;
        match code & 0x80 {
            0 => (number <= 3).then_some(Action::Space(number)),
            _ => (1..=CHANNELS).contains(&number).then_some(Action::Skip(number)),
        }
    }
}

/// What a command code asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Print a line, then move.
    Write(Action),
    /// Move at once.
    Move(Action),
    /// As `Write`, but the line is not printed.
    DiagnosticWrite(Action),
    /// No-operation.
    Nothing,
    Sense,
    /// Diagnostic read: the print line buffer.
    ReadLine,
    /// Diagnostic gate: permits the next three for the rest of the chain.
    Gate,
    /// Diagnostic check read.
    CheckRead,
    ReadCharacterSet,
    ReadForm,
    LoadForm,
    Fold(bool),
    RaiseCover,
    BlockDataCheck(bool),
    /// UCS gate load: permits the load that follows it.
    GateLoad,
    LoadCharacterSet {
        fold: bool,
    },
}

impl Operation {
    /// What a code asks of this printer; `None` if nothing.
    pub fn of(kind: PrinterKind, code: u8) -> Option<Operation> {
        let is_1403 = kind == PrinterKind::P1403;
        let (operation, exists) = match code {
            SENSE => (Operation::Sense, true),
            NO_OPERATION => (Operation::Nothing, true),
            0x83 => (Operation::Nothing, kind == PrinterKind::P3211),
            0x02 => (Operation::ReadLine, true),
            0x05 => (Operation::DiagnosticWrite(Action::Space(0)), kind != PrinterKind::P3203),
            0x06 => (Operation::CheckRead, !is_1403),
            0x07 => (Operation::Gate, !is_1403),
            0x0A => (Operation::ReadCharacterSet, !is_1403),
            0x12 => (Operation::ReadForm, !is_1403),
            0x23 => (Operation::Fold(false), !is_1403),
            0x43 => (Operation::Fold(true), !is_1403),
            0x63 => (Operation::LoadForm, !is_1403),
            0x6B => (Operation::RaiseCover, !is_1403),
            0x73 => (Operation::BlockDataCheck(true), true),
            0x7B => (Operation::BlockDataCheck(false), true),
            0xEB => (Operation::GateLoad, is_1403),
            0xF3 => (Operation::LoadCharacterSet { fold: true }, is_1403),
            0xFB => (Operation::LoadCharacterSet { fold: false }, true),
            _ => {
                let action = Action::of(code)?;
                match code & 7 {
                    1 => (Operation::Write(action), true),
                    3 => (Operation::Move(action), true),
                    5 => (Operation::DiagnosticWrite(action), is_1403),
                    _ => return None,
                }
            }
        };
        exists.then_some(operation)
    }

    /// Whether it is a control command without data.
    pub fn is_control(self) -> bool {
        match self {
            Operation::Move(_)
            | Operation::Nothing
            | Operation::Gate
            | Operation::Fold(_)
            | Operation::RaiseCover
            | Operation::BlockDataCheck(_)
            | Operation::GateLoad => true,
            Operation::Write(_)
            | Operation::DiagnosticWrite(_)
            | Operation::Sense
            | Operation::ReadLine
            | Operation::CheckRead
            | Operation::ReadCharacterSet
            | Operation::ReadForm
            | Operation::LoadForm
            | Operation::LoadCharacterSet { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn carriage_codes_of_the_reference_card() {
        let of = |code| Operation::of(PrinterKind::P1403, code);
        for (lines, write, immediate) in
            [(0, 0x01, None), (1, 0x09, Some(0x0B)), (2, 0x11, Some(0x13)), (3, 0x19, Some(0x1B))]
        {
            assert_eq!(of(write), Some(Operation::Write(Action::Space(lines))));
            if let Some(immediate) = immediate {
                assert_eq!(of(immediate), Some(Operation::Move(Action::Space(lines))));
            }
        }
        let writes = [0x89, 0x91, 0x99, 0xA1, 0xA9, 0xB1, 0xB9, 0xC1, 0xC9, 0xD1, 0xD9, 0xE1];
        for (channel, write) in (1..).zip(writes) {
            assert_eq!(of(write), Some(Operation::Write(Action::Skip(channel))));
            assert_eq!(of(write + 2), Some(Operation::Move(Action::Skip(channel))));
            assert_eq!(of(write + 4), Some(Operation::DiagnosticWrite(Action::Skip(channel))));
        }
        for invalid in [0x21, 0x2B, 0x81, 0x83, 0xE9, 0xF9, 0x0C, 0x14, 0x0E, 0x0F, 0xFF] {
            assert_eq!(of(invalid), None, "{invalid:02X}");
        }
    }

    #[test]
    fn each_printer_has_its_own_commands() {
        let has = |code| {
            [PrinterKind::P1403, PrinterKind::P3203, PrinterKind::P3211].map(|kind| Operation::of(kind, code).is_some())
        };
        let cases: [(u8, [bool; 3]); 20] = [
            (0x02, [true, true, true]),
            (0x03, [true, true, true]),
            (0x04, [true, true, true]),
            (0x05, [true, false, true]),
            (0x0D, [true, false, false]),
            (0x06, [false, true, true]),
            (0x07, [false, true, true]),
            (0x0A, [false, true, true]),
            (0x12, [false, true, true]),
            (0x23, [false, true, true]),
            (0x43, [false, true, true]),
            (0x63, [false, true, true]),
            (0x6B, [false, true, true]),
            (0x73, [true, true, true]),
            (0x7B, [true, true, true]),
            (0x83, [false, false, true]),
            (0xEB, [true, false, false]),
            (0xF3, [true, false, false]),
            (0xFB, [true, true, true]),
            (0xE4, [false, false, false]),
        ];
        for (code, printers) in cases {
            assert_eq!(has(code), printers, "{code:02X}");
        }
    }
}
