//! An area in host storage in place of a channel's: for whoever runs a command of a device without channel and storage, as
//! the loading of a program does to ask for sense data, and tests do.

use s370_arch::channel::UnitStatus;

use crate::device::{Data, Delay, Device, Progress};

/// The area that a CCW designates, or several CCWs that chain data. It moves bytes by the rules of [`Data`], from its
/// beginning; backward, from its end.
///
/// ```
/// use devices::{area::Area, device::Data};
///
/// let mut area = Area::empty(4);
/// assert_eq!(area.store(b"CHANNEL"), 4);
/// assert_eq!((area.read(), area.is_long), (&b"CHAN"[..], true));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Area {
    /// Its contents: what a device reads from it, or has stored.
    pub bytes: Vec<u8>,
    /// Bytes that have moved.
    pub moved: usize,
    /// Whether the device had more, or wanted more, than the area holds: incorrect length.
    pub is_long: bool,
    /// Where each CCW's part ends, if there are several.
    ends: Vec<usize>,
}

impl Area {
    /// What an empty area is filled with, so that one sees what was not stored.
    pub const FILLER: u8 = 0xEE;

    /// An area for so many bytes from the device.
    #[must_use]
    pub fn empty(count: usize) -> Area {
        Area { bytes: vec![Area::FILLER; count], ..Area::default() }
    }

    /// An area with these bytes for the device.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Area {
        Area { bytes: bytes.to_vec(), ..Area::default() }
    }

    /// The same as CCWs with these counts that chain data. What they leave of the area belongs to no CCW.
    #[must_use]
    pub fn in_pieces(mut self, counts: &[usize]) -> Area {
        let mut end = 0;
        self.ends.clear();
        for count in counts {
            end = self.bytes.len().min(end + count);
            self.ends.push(end);
        }
        self.bytes.truncate(end);
        self
    }

    /// What has moved, forward.
    #[must_use]
    pub fn read(&self) -> &[u8] {
        &self.bytes[..self.moved]
    }

    /// Calls a device that has accepted a command as long as it does not wait for something outside. Its ending status, if
    /// it has ended; what comes later is left out.
    pub fn run(&mut self, device: &mut dyn Device) -> Option<UnitStatus> {
        loop {
            match device.transfer(self, 0) {
                Progress::Ended(ending) => return Some(ending.status),
                Progress::Wait(Delay::Microseconds(_)) => {}
                Progress::Wait(Delay::Outside) if device.is_ready() => {}
                Progress::Wait(Delay::Outside) => return None,
            }
        }
    }

    /// Moves up to so many bytes; says how many.
    fn next(&mut self, wanted: usize) -> usize {
        let length = wanted.min(self.bytes.len() - self.moved);
        self.is_long |= length < wanted;
        self.moved += length;
        length
    }
}

impl Data for Area {
    fn room(&mut self) -> usize {
        let end = self.ends.iter().copied().find(|&end| end > self.moved);
        end.unwrap_or(self.bytes.len()) - self.moved
    }

    fn fetch(&mut self, into: &mut [u8]) -> usize {
        let from = self.moved;
        let length = self.next(into.len());
        into[..length].copy_from_slice(&self.bytes[from..from + length]);
        length
    }

    fn fetch_some(&mut self, into: &mut [u8]) -> usize {
        let is_long = self.is_long;
        let length = self.fetch(into);
        self.is_long = is_long;
        length
    }

    fn store(&mut self, from: &[u8]) -> usize {
        let to = self.moved;
        let length = self.next(from.len());
        self.bytes[to..to + length].copy_from_slice(&from[..length]);
        length
    }

    fn store_backward(&mut self, from: &[u8]) -> usize {
        let end = self.bytes.len() - self.moved;
        let length = self.next(from.len());
        self.bytes[end - length..end].copy_from_slice(&from[from.len() - length..]);
        length
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_move_as_far_as_the_area_goes() {
        let mut area = Area::of(b"ABCDE");
        let mut bytes = [0; 4];
        assert_eq!((area.fetch(&mut bytes), bytes, area.room(), area.is_long), (4, *b"ABCD", 1, false));
        assert_eq!((area.fetch_some(&mut bytes), area.is_long), (1, false));
        assert_eq!((area.fetch(&mut bytes), area.is_long, area.moved), (0, true, 5));
        let mut area = Area::empty(3);
        assert_eq!((area.store(b"x"), area.read()), (1, &b"x"[..]));
        assert_eq!((area.store(b"yz!"), &area.bytes[..], area.is_long), (2, &b"xyz"[..], true));
    }

    #[test]
    fn backward_bytes_come_to_the_end_first() {
        let mut area = Area::empty(5);
        assert_eq!((area.store_backward(b"DE"), area.store_backward(b"C")), (2, 1));
        assert_eq!(area.bytes, b"\xEE\xEECDE");
        assert_eq!((area.store_backward(b"ABC"), area.is_long), (2, true));
        assert_eq!(area.bytes, b"BCCDE");
    }

    #[test]
    fn a_piece_ends_before_the_area_does() {
        let mut area = Area::of(b"ABCDEF").in_pieces(&[2, 0, 3]);
        let mut bytes = [0; 9];
        assert_eq!((area.bytes.len(), area.room()), (5, 2));
        assert_eq!((area.fetch_some(&mut bytes[..2]), area.room()), (2, 3));
        assert_eq!((area.fetch_some(&mut bytes), area.room()), (3, 0));
    }
}
