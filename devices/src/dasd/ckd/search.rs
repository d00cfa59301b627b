//! Searches: each compares a field of the next record with its argument, and ends with status modifier if that satisfies
//! it. `search, TIC *-8` is a loop that the record leaves at the CCW after.

use std::cmp::Ordering;

use s370_arch::channel::UnitStatus;

use super::{CkdDrive, Data, ENDED, Ending, Located, Outcome, Position, operation::Relation, track::HOME_ADDRESS};

/// The search is satisfied.
const FOUND: Ending = Ending::now(UnitStatus::ENDED.union(UnitStatus::STATUS_MODIFIER));

/// Bytes of a record's identifier: cylinder, head, record.
const ID: usize = 5;

/// Identifiers compare as numbers do, and numbers quickly.
fn as_number([c0, c1, h0, h1, number]: [u8; ID]) -> u64 {
    u64::from_be_bytes([0, 0, 0, c0, c1, h0, h1, number])
}

impl Relation {
    fn holds(self, field: Ordering) -> bool {
        match self {
            Relation::Equal => field.is_eq(),
            Relation::High => field.is_gt(),
            Relation::EqualOrHigh => field.is_ge(),
        }
    }
}

impl CkdDrive {
    /// Search home address equal: cylinder and head.
    pub(super) fn search_home_address(&mut self, multitrack: bool, data: &mut dyn Data) -> Outcome {
        self.await_index(multitrack)?;
        let slot = self.own_track()?;
        self.chain.position = Position::HomeAddress;
        let mut argument = [0; HOME_ADDRESS - 1];
        let given = data.fetch(&mut argument);
        let image = &self.tracks()?.at(slot).image;
        if given == 0 || image[1..=given] != argument[..given] {
            return Ok(ENDED);
        }
        if given == argument.len() {
            self.chain.located = Located::HomeAddress;
        }
        Ok(FOUND)
    }

    /// Search identifier. A shorter argument is compared as far as it goes, and permits no write.
    pub(super) fn search_id(&mut self, relation: Relation, multitrack: bool, data: &mut dyn Data) -> Outcome {
        let (slot, n) = self.next_record(multitrack, true)?;
        let mut argument = [0; ID];
        let given = data.fetch(&mut argument);
        let track = self.tracks()?.at(slot);
        let id = track.count(&track.records[n]);
        let [c0, c1, h0, h1, number, ..] = id;
        let unused = 8 * (ID - given);
        let order = (as_number([c0, c1, h0, h1, number]) >> unused).cmp(&(as_number(argument) >> unused));
        if given == 0 || !relation.holds(order) {
            return Ok(ENDED);
        }
        if relation == Relation::Equal && given == ID {
            self.chain.located = Located::Id(n);
        }
        Ok(FOUND)
    }

    /// Search key. The record is the one whose count area has just passed, or the next; records without a key are passed
    /// over.
    pub(super) fn search_key(&mut self, relation: Relation, multitrack: bool, data: &mut dyn Data) -> Outcome {
        let (slot, n, key) = loop {
            let (slot, n) = self.this_or_next_record(multitrack)?;
            let record = self.record(slot, n)?;
            self.chain.position = Position::Key(n);
            if record.key > 0 {
                break (slot, n, record.key_area());
            }
        };
        let mut argument = [0; u8::MAX as usize];
        let argument = &mut argument[..key.len()];
        let given = data.fetch(argument);
        let key = &self.tracks()?.at(slot).image[key];
        if given == 0 || !relation.holds(key[..given].cmp(&argument[..given])) {
            return Ok(ENDED);
        }
        if relation == Relation::Equal && given == key.len() {
            self.chain.located = Located::Key(n);
        }
        Ok(FOUND)
    }
}
