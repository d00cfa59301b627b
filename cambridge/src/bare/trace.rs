//! A trace: each instruction, what it changed, and the interruptions.

use std::io::{self, Write};

use s370_arch::{disassemble::disassemble, format::Instruction, isa::instruction_length, psw::Psw};
use s370_cpu::{dat, machine::Machine, processor::Processor, state::CpuState};

use super::display::InterruptionText;

/// Writes a trace while a machine runs. The machine's interruption log should hold a few interruptions; the trace
/// empties it and keeps the first for whoever wants them afterwards.
pub struct Trace<W> {
    output: W,
    /// The state before the next instruction, and that instruction.
    before: CpuState,
    next: Option<Instruction>,
    /// The first write that failed.
    error: Option<io::Error>,
}

impl<W: Write> Trace<W> {
    /// A trace that begins now.
    pub fn new(machine: &Machine, output: W) -> Self {
        let processor = &machine.processor;
        Trace { output, before: processor.state.clone(), next: next_instruction(processor), error: None }
    }

    /// Writes what has happened since the last time: at most one instruction, and the interruptions from the log's
    /// entry `first` on.
    pub fn show(&mut self, machine: &Machine, instructions: u64, first: usize) {
        if self.error.is_none() {
            self.error = self.write(machine, instructions, first).err();
        }
        self.before.clone_from(&machine.processor.state);
        self.next = next_instruction(&machine.processor);
    }

    /// Writes what may still be in a buffer.
    ///
    /// # Errors
    /// The first write that failed.
    pub fn finish(mut self) -> io::Result<()> {
        self.error.take().map_or_else(|| self.output.flush(), Err)
    }

    fn write(&mut self, machine: &Machine, instructions: u64, first: usize) -> io::Result<()> {
        let taken = &machine.log.taken[first..];
        if instructions != 0 {
            // After an interruption the current PSW is no longer the one that the instruction left.
            let cc = taken.first().map_or(machine.processor.state.psw, |taken| Psw::parse(taken.old_psw)).cc;
            self.write_instruction(&machine.processor.state, cc)?;
        }
        for taken in taken {
            writeln!(self.output, "        {}", InterruptionText(taken))?;
        }
        Ok(())
    }

    fn write_instruction(&mut self, after: &CpuState, cc: u8) -> io::Result<()> {
        let address = self.before.psw.address;
        match self.next {
            Some(instruction) => {
                let digits: String = instruction.bytes().iter().map(|byte| format!("{byte:02X}")).collect();
                write!(self.output, "{address:06X}  {digits:12}  {:24}", disassemble(instruction))?;
            }
            None => write!(self.output, "{address:06X}  {:12}  {:24}", "", "(cannot be fetched)")?,
        }
        write!(self.output, " cc {cc}")?;
        for (name, before, after) in [("GR", &self.before.gr, &after.gr), ("CR", &self.before.cr, &after.cr)] {
            for (number, (before, after)) in before.iter().zip(after).enumerate() {
                if before != after {
                    write!(self.output, " {name}{number}={after:08X}")?;
                }
            }
        }
        for (i, (before, after)) in self.before.fpr.iter().zip(&after.fpr).enumerate() {
            if before != after {
                write!(self.output, " FPR{}={after:016X}", 2 * i)?;
            }
        }
        writeln!(self.output)
    }
}

/// The instruction that the PSW's address designates, if it can be fetched.
fn next_instruction(processor: &Processor) -> Option<Instruction> {
    let first = fetch(processor, 0)?;
    let mut bytes = [first, 0, 0, 0, 0, 0];
    for offset in 1..instruction_length(first) {
        bytes[usize::from(offset)] = fetch(processor, u32::from(offset))?;
    }
    Some(Instruction(bytes))
}

/// The byte at this offset from the PSW's address.
fn fetch(processor: &Processor, offset: u32) -> Option<u8> {
    let Processor { state, storage, .. } = processor;
    let address = state.psw.address.wrapping_add(offset) & 0x00FF_FFFF;
    let real = if state.psw.translation() {
        dat::translate(state, &**storage, state.cr[1], address).ok()?.real
    } else {
        address
    };
    let absolute = state.absolute(real);
    (absolute < storage.size()).then(|| storage.u8(absolute))
}
