//! The page area: where pages are that have no frame. It is host memory; a pack would stand behind the same few functions.

use super::PAGE;

/// The contents of a page.
pub type Page = [u8; PAGE as usize];

/// Slots that are made at a time.
const CHUNK: usize = 64;
/// A slot's number has 24 bits in a swap-table entry.
const MOST: usize = 1 << 24;

/// Slots for pages. A slot may be used in several places, which all only read it.
#[derive(Debug)]
pub struct PageArea {
    chunks: Vec<Box<[Page]>>,
    /// How many swap-table entries and saved systems name each slot.
    users: Vec<u32>,
    free: Vec<u32>,
    limit: usize,
}

impl Default for PageArea {
    fn default() -> PageArea {
        PageArea { chunks: Vec::new(), users: Vec::new(), free: Vec::new(), limit: MOST }
    }
}

impl PageArea {
    /// At most so many slots from now on; those that exist stay.
    pub fn set_limit(&mut self, slots: usize) {
        self.limit = slots.min(MOST);
    }

    /// A slot with one user and any contents, or none if the area is full.
    pub fn take(&mut self) -> Option<u32> {
        if self.in_use() >= self.limit {
            return None;
        }
        if self.free.is_empty() {
            let first = self.users.len() as u32;
            self.chunks.push(vec![[0; PAGE as usize]; CHUNK].into_boxed_slice());
            self.users.resize(self.users.len() + CHUNK, 0);
            self.free.extend((first..first + CHUNK as u32).rev());
        }
        let slot = self.free.pop()?;
        self.users[slot as usize] = 1;
        Some(slot)
    }

    /// One user more.
    pub fn add_user(&mut self, slot: u32) {
        self.users[slot as usize] += 1;
    }

    /// One user less; the last one frees the slot.
    pub fn drop_user(&mut self, slot: u32) {
        let users = &mut self.users[slot as usize];
        *users -= 1;
        if *users == 0 {
            self.free.push(slot);
        }
    }

    /// How many use the slot.
    pub fn users(&self, slot: u32) -> u32 {
        self.users[slot as usize]
    }

    /// What is in a slot.
    pub fn contents(&self, slot: u32) -> &Page {
        &self.chunks[slot as usize / CHUNK][slot as usize % CHUNK]
    }

    /// What is in a slot, to be replaced.
    pub fn contents_mut(&mut self, slot: u32) -> &mut Page {
        &mut self.chunks[slot as usize / CHUNK][slot as usize % CHUNK]
    }

    /// Slots in use.
    pub fn in_use(&self) -> usize {
        self.users.len() - self.free.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_used_again_when_the_last_user_is_gone() {
        let mut area = PageArea::default();
        let (one, two) = (area.take().unwrap(), area.take().unwrap());
        assert_ne!(one, two);
        area.contents_mut(one)[4095] = 7;
        area.add_user(one);
        area.drop_user(one);
        assert_eq!((area.users(one), area.contents(one)[4095], area.in_use()), (1, 7, 2));
        area.drop_user(one);
        assert_eq!(area.take(), Some(one));
        area.set_limit(2);
        assert_eq!(area.take(), None);
        area.set_limit(1000);
        let many: std::collections::HashSet<u32> = (0..998).map(|_| area.take().unwrap()).collect();
        assert_eq!((many.len(), area.take(), many.contains(&two)), (998, None, false));
    }
}
