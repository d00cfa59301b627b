//! The data of one command: where the bytes of the current CCW go or come from, block by block, over indirect addresses
//! and data chaining (GA22-7000-10, chapter 13, "Designation of Storage Area", "Data Chaining", "Skipping", "Channel
//! Indirect Data Addressing").

use s370_arch::channel::{CcwFlags, ChannelStatus, CommandKind, INDIRECT_BLOCK};

use super::{
    program::{ChannelProgram, Fetch},
    storage::ChannelStorage,
};
use crate::device::Data;

/// CCWs and IDAWs have addresses of 24 bits: there is no location from here on.
pub(super) const LIMIT: u32 = 1 << 24;

/// The most that one command moves, in bytes.
///
/// Deviation: a data chain that leads back to itself moves bytes as long as the device wants them. Here it ends as if the
/// count were used up, so that no device can be made to work without end. No medium has blocks that long.
const LONGEST: u32 = 1 << 24;

/// What remains of the storage area of the current CCW.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Area {
    /// Where the next byte is. It has no meaning while an IDAW is due.
    pub address: u32,
    /// Bytes that remain.
    pub count: u16,
    /// The list that says where the next blocks are.
    pub list: Option<List>,
}

/// Indirect data addresses.
#[derive(Clone, Copy, Debug)]
pub(super) struct List {
    /// Address of the IDAW that comes next.
    next: u32,
    /// Whether it is to be used before the next byte moves.
    due: bool,
    /// Whether it is the list's first, which may designate any byte.
    first: bool,
}

impl List {
    /// The list at this address, nothing of it used.
    pub fn new(address: u32) -> List {
        List { next: address, due: true, first: true }
    }
}

/// The two sides of a transfer: a channel program's current command, and storage.
pub(super) struct Mover<'a, S> {
    pub program: &'a mut ChannelProgram,
    pub storage: &'a mut S,
}

impl<S: ChannelStorage> Mover<'_, S> {
    /// How many bytes can move in one piece, from or to where the area's address says; 0 if nothing more can.
    fn piece(&mut self, backward: bool) -> usize {
        if self.room() == 0 || self.skips() {
            return self.room();
        }
        if self.program.area.list.is_some_and(|list| list.due) && self.take_indirect_address(backward).is_err() {
            return 0;
        }
        let Area { address, count, list } = self.program.area;
        if address >= LIMIT {
            self.program.check |= ChannelStatus::PROGRAM_CHECK;
            return 0;
        }
        let within = if list.is_some() { INDIRECT_BLOCK } else { LIMIT };
        let offset = address % within;
        let longest = if backward { offset + 1 } else { within - offset };
        longest.min(u32::from(count)) as usize
    }

    /// Fetches the IDAW that is due.
    fn take_indirect_address(&mut self, backward: bool) -> Result<(), ()> {
        let program = &mut *self.program;
        let Some(list) = &mut program.area.list else { return Ok(()) };
        let mut word = [0; 4];
        let fetched = if list.next >= LIMIT {
            Err(ChannelStatus::PROGRAM_CHECK)
        } else {
            self.storage.fetch_run(list.next, program.key, &mut word).check.map_or(Ok(()), |check| Err(check.status()))
        };
        let address = u32::from_be_bytes(word);
        let edge = if backward { INDIRECT_BLOCK - 1 } else { 0 };
        let checked = fetched.and(if address >= LIMIT || !list.first && address % INDIRECT_BLOCK != edge {
            Err(ChannelStatus::PROGRAM_CHECK)
        } else {
            Ok(())
        });
        if let Err(status) = checked {
            program.check |= status;
            return Err(());
        }
        *list = List { next: list.next + 4, due: false, first: false };
        program.area.address = address;
        Ok(())
    }

    /// Whether the data of an input operation is not to be stored.
    fn skips(&self) -> bool {
        let program = &*self.program;
        program.flags.contains(CcwFlags::SKIP) && CommandKind::of(program.command).is_some_and(CommandKind::is_input)
    }

    /// Counts what has moved, and goes on to the next CCW when a data chain needs it.
    fn moved(&mut self, length: usize, backward: bool) {
        let program = &mut *self.program;
        let area = &mut program.area;
        // A piece is no longer than the count.
        area.count -= length as u16;
        area.address =
            if backward { area.address.wrapping_sub(length as u32) } else { area.address.wrapping_add(length as u32) };
        if let Some(list) = &mut area.list
            && !list.due
        {
            let edge = if backward { INDIRECT_BLOCK - 1 } else { 0 };
            list.due = area.address % INDIRECT_BLOCK == edge;
        }
        program.moved += length as u32;
        program.counts.bytes += length as u64;
        // The new CCW is fetched as soon as the old one has no data left; only then are its errors errors.
        if area.count == 0 && program.flags.contains(CcwFlags::CHAIN_DATA) {
            match program.fetch_ccw(self.storage, Fetch::DataChaining) {
                Ok(ccw) => program.use_ccw(ccw),
                Err(status) => program.check |= status,
            }
        }
    }

    /// Looks at the first IDAW of a command before the device sees the command.
    pub fn check_indirect_address(&mut self) {
        let kind = CommandKind::of(self.program.command);
        // Whether a control command moves data, only the device knows.
        if self.program.area.list.is_some() && !self.skips() && kind != Some(CommandKind::Control) {
            // What went wrong is in the program's channel status.
            let _ = self.take_indirect_address(kind == Some(CommandKind::ReadBackward));
        }
    }

    fn fetch_pieces(&mut self, into: &mut [u8]) -> usize {
        let mut done = 0;
        while done < into.len() {
            let length = self.piece(false).min(into.len() - done);
            if length == 0 {
                break;
            }
            let program = &mut *self.program;
            let result = self.storage.fetch_run(program.area.address, program.key, &mut into[done..done + length]);
            program.check |= result.check.map_or(ChannelStatus::empty(), |check| check.status());
            self.moved(result.count.min(length), false);
            done += result.count.min(length);
        }
        done
    }

    fn store_pieces(&mut self, from: &[u8], backward: bool) -> usize {
        let mut done = 0;
        while done < from.len() {
            let length = self.piece(backward).min(from.len() - done);
            if length == 0 {
                break;
            }
            let mut count = length;
            if !self.skips() {
                let Area { address, .. } = self.program.area;
                let key = self.program.key;
                let left = from.len() - done;
                let result = if backward {
                    self.storage.store_run_backward(address, key, &from[left - length..left])
                } else {
                    self.storage.store_run(address, key, &from[done..done + length])
                };
                self.program.check |= result.check.map_or(ChannelStatus::empty(), |check| check.status());
                count = result.count.min(length);
            }
            self.moved(count, backward);
            done += count;
        }
        done
    }

    /// The device wanted to move more than there was room for: the "long block" of an incorrect length.
    fn note_end_of_count(&mut self, asked: usize, done: usize) {
        if done < asked && self.program.check.is_empty() {
            self.program.long_block = true;
        }
    }
}

impl<S: ChannelStorage> Data for Mover<'_, S> {
    fn room(&mut self) -> usize {
        let program = &*self.program;
        if !program.check.is_empty() || program.moved >= LONGEST { 0 } else { usize::from(program.area.count) }
    }

    fn fetch(&mut self, into: &mut [u8]) -> usize {
        let done = self.fetch_pieces(into);
        self.note_end_of_count(into.len(), done);
        done
    }

    fn fetch_some(&mut self, into: &mut [u8]) -> usize {
        self.fetch_pieces(into)
    }

    fn store(&mut self, from: &[u8]) -> usize {
        let done = self.store_pieces(from, false);
        self.note_end_of_count(from.len(), done);
        done
    }

    fn store_backward(&mut self, from: &[u8]) -> usize {
        let done = self.store_pieces(from, true);
        self.note_end_of_count(from.len(), done);
        done
    }
}
