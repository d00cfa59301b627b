//! Whether the core table, the tables in real storage and the page area agree: for tests and for whoever looks for damage.

use std::collections::{HashMap, HashSet};

use super::{
    GuestStorage, PAGE, RealStorage,
    core_table::{Core, Use},
    guest::SEGMENTS,
    tables::{self, PAGE_INVALID, Place},
};

impl RealStorage {
    /// Looks through the core table: every frame is used once, free ones are in the free lists, and each page's table entry
    /// names its frame. The page area is checked too if these are the only storages.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn check(&self, guests: &[&GuestStorage]) -> Result<(), String> {
        let core = self.core();
        check_free(&core)?;
        check_pages(&core)?;
        let mut slots = HashMap::new();
        for guest in guests {
            guest.check(&core, &mut slots)?;
        }
        core.add_slots_of_systems(&mut slots);
        let users = slots.iter().find(|&(&slot, &users)| core.area.users(slot) != users);
        if let Some((slot, users)) = users {
            return Err(format!("slot {slot} has {} users, found {users}", core.area.users(*slot)));
        }
        match core.area.in_use() {
            count if count == slots.len() => Ok(()),
            count => Err(format!("{count} slots in use, {} named", slots.len())),
        }
    }
}

fn check_free(core: &Core) -> Result<(), String> {
    let listed: HashSet<u32> = core.low.iter().chain(&core.high).copied().collect();
    if listed.len() != core.low.len() + core.high.len() {
        return Err("a frame is in the free lists twice".into());
    }
    for (number, frame) in core.frames.iter().enumerate() {
        if (frame.used_for == Use::Free) != listed.contains(&(number as u32)) {
            return Err(format!("frame {number:X} is {:?}, in the free lists or not", frame.used_for));
        }
        if frame.used_for != Use::Page && frame.locks != 0 {
            return Err(format!("frame {number:X} is {:?} and locked", frame.used_for));
        }
    }
    Ok(())
}

fn check_pages(core: &Core) -> Result<(), String> {
    let mut places = HashSet::new();
    let mut resident = HashMap::new();
    for (number, frame) in core.frames.iter().enumerate().filter(|(_, frame)| frame.used_for == Use::Page) {
        if !places.insert(frame.place.page) {
            return Err(format!("two frames have the page with the table entry {:X}", frame.place.page));
        }
        let entry = core.storage.u16(frame.place.page);
        if entry & PAGE_INVALID != 0 || tables::frame(entry) != number as u32 * PAGE {
            return Err(format!("frame {number:X}: its table entry is {entry:04X}"));
        }
        *resident.entry(frame.space).or_insert(0) += 1;
    }
    for (space, count) in resident {
        let listed = core.pages_of(space).count() as u32;
        let counted = core.spaces.space(space).counts.resident;
        if listed != count || counted != count {
            return Err(format!("space {space} has {count} frames, {listed} in its list, {counted} counted"));
        }
    }
    Ok(())
}

impl GuestStorage {
    fn check(&self, core: &Core, slots: &mut HashMap<u32, u32>) -> Result<(), String> {
        for segment in 0..SEGMENTS {
            let Some((table, shared)) = self.table(segment) else { continue };
            for page in 0..16 {
                let place = Place::new(table, page);
                let frame = place.frame(&self.storage).map(|frame| &core.frames[(frame / PAGE) as usize]);
                if frame.is_some_and(|frame| frame.used_for != Use::Page || frame.place != place) {
                    return Err(format!("segment {segment:X} page {page}: {frame:?}"));
                }
                if !shared && let Some(slot) = place.slot(&self.storage) {
                    *slots.entry(slot).or_insert(0) += 1;
                }
            }
        }
        Ok(())
    }
}
