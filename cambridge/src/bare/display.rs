//! The machine's state as an operator's display shows it.

use std::fmt::{self, Display, Formatter};

use s370_arch::{ebcdic, interruption::ProgramCode, psw::Psw};
use s370_cpu::{
    interruption::Interruption,
    machine::{InterruptionLog, TakenInterruption},
};

use crate::report::{Ending, Report, class_name};

/// Registers, PSW and interruptions after a run.
pub(super) struct Registers<'a> {
    pub report: &'a Report,
    pub log: &'a InterruptionLog,
}

impl Display for Registers<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Registers { report, log } = self;
        let psw = Psw::parse(report.psw);
        writeln!(f, "{}", EndingText(report.ending, psw))?;
        writeln!(f, "PSW    {}", PswText(psw))?;
        for (name, registers) in [("GR", &report.gr), ("CR", &report.cr)] {
            for (i, four) in registers.chunks(4).enumerate() {
                write!(f, "{name} {:2} ", 4 * i)?;
                four.iter().try_for_each(|word| write!(f, " {word:08X}"))?;
                writeln!(f)?;
            }
        }
        write!(f, "FPR   ")?;
        report.fpr.iter().try_for_each(|doubleword| write!(f, " {doubleword:016X}"))?;
        writeln!(f)?;
        match log.total {
            0 => writeln!(f, "No interruptions"),
            total if total > report.interruptions.len() as u64 => {
                writeln!(f, "{total} interruptions, the first {} of them:", report.interruptions.len())
            }
            total => writeln!(f, "{total} interruption{}:", if total == 1 { "" } else { "s" }),
        }?;
        report.interruptions.iter().try_for_each(|taken| writeln!(f, "  {}", InterruptionText(taken)))
    }
}

/// Why a run ended, as a sentence.
struct EndingText(Ending, Psw);

impl Display for EndingText {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let EndingText(ending, psw) = self;
        match ending {
            Ending::Count => f.write_str("All instructions asked for have been executed."),
            Ending::Limit => f.write_str("The limit was reached before a wait."),
            Ending::CheckStop => f.write_str("The processor is in the check-stop state."),
            Ending::Stopped => f.write_str("The processor is in the stopped state."),
            Ending::Wait if psw.external() || psw.io_channels(u32::MAX) != 0 => {
                f.write_str("The processor waits for an interruption.")
            }
            Ending::Wait => write!(f, "The processor waits, disabled, with code {:06X}.", psw.address),
        }
    }
}

/// A PSW in digits and in words.
pub(crate) struct PswText(pub Psw);

impl Display for PswText {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let psw = self.0;
        let word = psw.emit(0, 0);
        write!(f, "{:08X} {:08X}  {} mode", word >> 32, word as u32, if psw.ec { "EC" } else { "BC" })?;
        write!(f, ", {} state", if psw.problem { "problem" } else { "supervisor" })?;
        let conditions = [
            (psw.wait, ", wait"),
            (psw.translation(), ", translation"),
            (psw.secondary, ", secondary space"),
            (psw.per(), ", PER"),
            (psw.external(), ", external"),
            (psw.io_channels(u32::MAX) != 0, ", I/O"),
            (psw.machine_check, ", machine check"),
        ];
        conditions.iter().filter(|(on, _)| *on).try_for_each(|(_, name)| f.write_str(name))?;
        write!(f, ", key {:X}, cc {}, program mask {:X}", psw.key, psw.cc, psw.program_mask)
    }
}

/// An interruption in a line.
pub(super) struct InterruptionText<'a>(pub &'a TakenInterruption);

impl Display for InterruptionText<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let InterruptionText(taken) = self;
        let (code, ilc) = taken.interruption.code_and_ilc();
        write!(f, "{} interruption {code:04X}", class_name(taken).replace('_', "-"))?;
        if let Interruption::Program(program) = taken.interruption {
            let name = program.code.and_then(ProgramCode::name);
            match (name, program.per.is_some()) {
                (Some(name), true) => write!(f, " ({name}, PER)")?,
                (Some(name), false) => write!(f, " ({name})")?,
                (None, true) => write!(f, " (PER)")?,
                (None, false) => {}
            }
        }
        write!(f, ", {} bytes, old PSW {:08X} {:08X}", ilc * 2, taken.old_psw >> 32, taken.old_psw as u32)
    }
}

/// Storage in hexadecimal and in characters, sixteen bytes a line.
pub(crate) struct Dump<'a> {
    pub at: u32,
    pub bytes: &'a [u8],
}

impl Display for Dump<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let lines: Vec<&[u8]> = self.bytes.chunks(16).collect();
        let repeats = |n: usize| n > 0 && lines[n] == lines[n - 1];
        for (n, line) in lines.iter().enumerate() {
            let at = self.at + 16 * n as u32;
            if !repeats(n) {
                dump_line(f, at, line)?;
            } else if !repeats(n - 1) {
                let same = (n..lines.len()).take_while(|&n| repeats(n)).count() as u32;
                writeln!(f, "{at:06X}  to {:06X} as above", at + 16 * same - 1)?;
            }
        }
        Ok(())
    }
}

fn dump_line(f: &mut Formatter<'_>, at: u32, line: &[u8]) -> fmt::Result {
    /// Two digits a byte, and spaces between fullwords.
    const WIDTH: usize = 35;
    let fullwords: Vec<String> =
        line.chunks(4).map(|word| word.iter().map(|byte| format!("{byte:02X}")).collect()).collect();
    let text: String = line.iter().map(|&byte| ebcdic::printable(byte)).collect();
    writeln!(f, "{at:06X}  {:WIDTH$}  *{text:16}*", fullwords.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dumps_leave_repeated_lines_out() {
        let mut bytes = vec![0; 84];
        bytes[..5].copy_from_slice(&[0xC3, 0xD4, 0xE2, 0x40, 0x0D]);
        bytes[80..].copy_from_slice(&[0xF1; 4]);
        let text = Dump { at: 0x1008, bytes: &bytes }.to_string();
        assert_eq!(
            text,
            "001008  C3D4E240 0D000000 00000000 00000000  *CMS ............*\n\
             001018  00000000 00000000 00000000 00000000  *................*\n\
             001028  to 001057 as above\n\
             001058  F1F1F1F1                             *1111            *\n"
        );
    }

    #[test]
    fn a_psw_in_words() {
        assert_eq!(
            PswText(Psw::parse(0x070A_2500_0000_1000)).to_string(),
            "070A2500 00001000  EC mode, supervisor state, wait, translation, external, I/O, key 0, cc 2, program mask 5"
        );
        assert_eq!(
            PswText(Psw::parse(0x0015_0000_1F00_1000)).to_string(),
            "00150000 1F001000  BC mode, problem state, machine check, key 1, cc 1, program mask F"
        );
    }
}
