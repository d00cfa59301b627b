//! Consoles: typewriters (1052, 3210, 3215) and local displays (3277, 3278).
//!
//! What a person sees and does is given and taken by the types' own methods. Nothing here knows of terminals or protocols.

pub mod display;
pub mod typewriter;

/// Bits of sense byte 0 that consoles and displays share.
pub(crate) mod sense {
    /// The command is not one of the device's.
    pub(crate) const COMMAND_REJECT: u8 = 0x80;
    /// Not ready.
    pub(crate) const INTERVENTION_REQUIRED: u8 = 0x40;
    /// Displays: an invalid order, buffer address or structured field.
    pub(crate) const OPERATION_CHECK: u8 = 0x01;
}

/// A channel for tests: it moves bytes by the rules of [`crate::device::Data`].
#[cfg(test)]
pub(crate) mod testing {
    use s370_arch::channel::UnitStatus;

    use crate::device::{Data, Delay, Device, Progress};

    /// A chain of data, outbound or inbound.
    pub(crate) struct Channel {
        /// What goes out, or has come in.
        bytes: Vec<u8>,
        /// What remains of each CCW's count.
        counts: Vec<usize>,
        fetched: usize,
        is_long: bool,
    }

    impl Channel {
        pub(crate) fn writing(bytes: &[u8]) -> Channel {
            Channel::writing_chained(&[bytes])
        }

        pub(crate) fn writing_chained(pieces: &[&[u8]]) -> Channel {
            let counts = pieces.iter().map(|piece| piece.len()).collect();
            Channel { bytes: pieces.concat(), counts, fetched: 0, is_long: false }
        }

        pub(crate) fn reading(counts: &[usize]) -> Channel {
            Channel { bytes: Vec::new(), counts: counts.to_vec(), fetched: 0, is_long: false }
        }

        pub(crate) fn stored(&self) -> &[u8] {
            &self.bytes
        }

        /// Whether the device had more than the count.
        pub(crate) fn is_incorrect_length(&self) -> bool {
            self.is_long
        }

        /// Calls the device as long as it does not wait for something outside; its status, if it has ended.
        pub(crate) fn run(&mut self, device: &mut dyn Device) -> Option<UnitStatus> {
            loop {
                match device.transfer(self, 0) {
                    Progress::Ended(ending) => return Some(ending.status),
                    Progress::Wait(Delay::Microseconds(_)) => {}
                    Progress::Wait(Delay::Outside) if device.is_ready() => {}
                    Progress::Wait(Delay::Outside) => return None,
                }
            }
        }

        /// Uses up to so many bytes of the counts.
        fn take(&mut self, wanted: usize) -> usize {
            let mut moved = 0;
            while moved < wanted && self.room() > 0 {
                let count = self.counts[0].min(wanted - moved);
                self.counts[0] -= count;
                moved += count;
            }
            moved
        }
    }

    impl Data for Channel {
        fn room(&mut self) -> usize {
            while self.counts.len() > 1 && self.counts[0] == 0 {
                self.counts.remove(0);
            }
            self.counts.first().copied().unwrap_or(0)
        }

        fn fetch(&mut self, into: &mut [u8]) -> usize {
            let count = self.fetch_some(into);
            self.is_long |= count < into.len();
            count
        }

        fn fetch_some(&mut self, into: &mut [u8]) -> usize {
            let count = self.take(into.len());
            into[..count].copy_from_slice(&self.bytes[self.fetched..self.fetched + count]);
            self.fetched += count;
            count
        }

        fn store(&mut self, from: &[u8]) -> usize {
            let count = self.take(from.len());
            self.is_long |= count < from.len();
            self.bytes.extend(&from[..count]);
            count
        }

        fn store_backward(&mut self, from: &[u8]) -> usize {
            self.store(from)
        }
    }
}
