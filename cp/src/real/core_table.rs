//! The core table: what every frame is used for, which of them to take when there are none left, and how a page gets from
//! its frame to the page area and back (VM/370 System Logic and Problem Determination Guide, CP, SY20-0886, DMKPTR;
//! the table is VM/370's CORTABLE).
//!
//! All of it is behind one lock ([`super::RealStorage`]). The tables in real storage that it changes belong to virtual
//! machines that are not running, or to the one on whose behalf it works; see [`Space::running`].

use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering, fence},
};

use s370_arch::storage_key::{BLOCK, CHANGE, REFERENCE};
use s370_cpu::storage::Storage;

use super::{
    NoFrame, PAGE,
    area::{Page, PageArea},
    pieces::Pieces,
    shadows::Shadows,
    spaces::Spaces,
    systems::Systems,
    tables::{self, PAGE_INVALID, Place},
};

/// Frames below 16 MiB, which control blocks need.
const LOW: usize = (16 << 20) / PAGE as usize;
/// Frames that one who runs gives up for those that found none.
const GRANT: u32 = 32;
/// Frames with which one can make progress.
const ENOUGH: u32 = 16;
/// How often one may run before what was freed for it is anybody's.
const CHANCES: u32 = 4;
/// No frame.
const NONE: u32 = u32::MAX;

/// What a frame is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// The processors' assigned locations.
    Nucleus,
    /// The V=R area, while no virtual machine has it.
    Reserved,
    /// Nothing.
    Free,
    /// Control blocks.
    Control,
    /// A page of a virtual machine or a shared segment.
    Page,
}

/// An entry of the core table.
#[derive(Clone, Debug)]
pub struct Frame {
    pub used_for: Use,
    /// How often the page is locked.
    pub locks: u32,
    /// The page has come since the clock's hand last passed.
    recent: bool,
    /// Whose page it is.
    pub space: u32,
    /// The page's table entries.
    pub place: Place,
    /// The pages of the same space that came next and before.
    pub next: u32,
    previous: u32,
}

/// One who found no frame.
#[derive(Debug)]
struct Starving {
    space: u32,
    /// Frames were freed since.
    granted: bool,
    /// How often it ran since.
    runs: u32,
}

/// The core table and all that is under the same lock.
#[derive(Debug)]
pub struct Core {
    pub storage: Arc<Storage>,
    pub area: PageArea,
    pub spaces: Spaces,
    pub systems: Systems,
    pub frames: Vec<Frame>,
    pub shadows: Vec<Shadows>,
    /// Free frames below 16 MiB and above, the next to be given last.
    pub low: Vec<u32>,
    pub high: Vec<u32>,
    pub pieces: Pieces,
    /// Where the clock stands: over all frames, and over the low ones.
    hands: [u32; 2],
    /// Low frames that are kept for control blocks.
    reserve: usize,
    /// The end of the V=R area.
    reserved: u32,
    /// Who found no frame because those that run have them all.
    starving: Vec<Starving>,
    /// Of each frame, not zero if its page was changed by others than the instructions of its virtual machine, whose
    /// changes the key records. The virtual machine sets it without the lock.
    pub changed: Arc<[AtomicU8]>,
}

impl Core {
    /// All frames free but the first, and those after it that make up the V=R area.
    pub fn new(storage: Arc<Storage>, reserved: u32) -> Core {
        let count = storage.size() / PAGE;
        let used_for = |frame| match frame {
            0 => Use::Nucleus,
            _ if frame < reserved => Use::Reserved,
            _ => Use::Free,
        };
        let frame = |number| Frame {
            used_for: used_for(number),
            locks: 0,
            recent: false,
            space: 0,
            place: Place::default(),
            next: NONE,
            previous: NONE,
        };
        let free = |from: u32, to: u32| (from..to).rev().filter(|&n| used_for(n) == Use::Free).collect::<Vec<_>>();
        let low = free(0, count.min(LOW as u32));
        Core {
            area: PageArea::default(),
            spaces: Spaces::default(),
            systems: Systems::default(),
            frames: (0..count).map(frame).collect(),
            shadows: vec![Shadows::default(); count as usize],
            reserve: (low.len() / 64).clamp(1, 16),
            high: free(LOW as u32, count),
            low,
            pieces: Pieces::default(),
            hands: [0; 2],
            reserved,
            starving: Vec::new(),
            changed: (0..count).map(|_| AtomicU8::new(0)).collect(),
            storage,
        }
    }

    fn is_stealable(&self, frame: u32, requester: Option<u32>) -> bool {
        let frame = &self.frames[frame as usize];
        frame.used_for == Use::Page && frame.locks == 0 && self.spaces.is_stealable(frame.space, requester)
    }

    /// Whether the page was referred to since it was asked the last time. What the hardware recorded is saved for the
    /// virtual machine.
    pub fn take_reference(&mut self, frame: u32) -> bool {
        let entry = &mut self.frames[frame as usize];
        let mut referenced = std::mem::take(&mut entry.recent);
        for half in 0..2 {
            let at = frame * PAGE + half * BLOCK;
            let key = self.storage.key(at);
            if key & REFERENCE != 0 {
                referenced = true;
                entry.place.save(&self.storage, half, REFERENCE);
                self.storage.set_key(at, key & !REFERENCE);
            }
        }
        referenced
    }

    /// Frees a frame by moving a page out: the first one from the clock's hand on that was not referred to since the hand
    /// passed the last time. The frame is in no list then.
    fn steal(&mut self, requester: Option<u32>, low: bool) -> Option<u32> {
        let count = if low { self.frames.len().min(LOW) } else { self.frames.len() } as u32;
        for _ in 0..2 * count {
            let hand = &mut self.hands[usize::from(low)];
            *hand = if *hand + 1 < count { *hand + 1 } else { 0 };
            let frame = *hand;
            if !self.is_stealable(frame, requester) || self.take_reference(frame) {
                continue;
            }
            let space = self.frames[frame as usize].space;
            if self.move_out(frame) {
                self.spaces.count_steal(space, requester);
                return Some(frame);
            }
        }
        None
    }

    /// Keeps some low frames free for control blocks.
    fn restock(&mut self, requester: u32) {
        while self.low.len() < self.reserve {
            let Some(frame) = self.steal(Some(requester), true) else { return };
            self.low.push(frame);
        }
    }

    /// A frame for a page; it is in no list, and may hold anything.
    pub fn take_for_page(&mut self, requester: u32, low: bool) -> Result<u32, NoFrame> {
        let frame = self.find_for_page(requester, low);
        let place = self.starving.iter().position(|starving| starving.space == requester);
        match (place, &frame) {
            (None, Err(NoFrame)) if self.spaces.is_running(requester) => {
                self.starving.push(Starving { space: requester, granted: false, runs: 0 });
            }
            (Some(n), Ok(_)) if self.spaces.space(requester).counts.resident >= ENOUGH => {
                self.starving.swap_remove(n);
            }
            _ => {}
        }
        frame
    }

    fn find_for_page(&mut self, requester: u32, low: bool) -> Result<u32, NoFrame> {
        // What was freed for others is not for those who had it.
        let is_for_others =
            !self.starving.is_empty() && self.starving.iter().all(|starving| starving.space != requester);
        if is_for_others && let Some(frame) = self.steal(Some(requester), low) {
            return Ok(frame);
        }
        if !low && let Some(frame) = self.high.pop() {
            return Ok(frame);
        }
        if self.low.len() > self.reserve
            && let Some(frame) = self.low.pop()
        {
            return Ok(frame);
        }
        self.restock(requester);
        self.steal(Some(requester), low).ok_or(NoFrame)
    }

    /// It ends running, and may lose frames to those that found none while it ran.
    pub fn end_running(&mut self, space: u32) {
        self.spaces.end(space);
        if self.starving.is_empty() || self.spaces.is_running(space) {
            return;
        }
        self.starving.retain_mut(|starving| {
            starving.runs += u32::from(starving.space == space && starving.granted);
            starving.runs < CHANCES
        });
        if self.starving.iter().any(|starving| starving.space != space && !starving.granted) {
            let resident = self.spaces.space(space).counts.resident;
            let left = self.trim(space, resident - (resident / 2).min(GRANT + self.reserve as u32));
            if left < resident {
                self.starving.iter_mut().for_each(|starving| starving.granted |= starving.space != space);
            }
        }
    }

    /// A storage is gone that had no page any more.
    pub fn close_space(&mut self, space: u32) {
        self.spaces.close(space);
        self.starving.retain(|starving| starving.space != space);
    }

    /// Makes a frame free that no list has.
    pub fn give_frame(&mut self, frame: u32) {
        if frame < self.reserved {
            self.frames[frame as usize].used_for = Use::Reserved;
            return;
        }
        self.frames[frame as usize].used_for = Use::Free;
        if (frame as usize) < LOW { self.low.push(frame) } else { self.high.push(frame) }
    }

    /// A frame below 16 MiB for control blocks: zeros with a key of zero.
    fn take_for_control(&mut self, requester: Option<u32>) -> Result<u32, NoFrame> {
        let frame = match self.low.pop() {
            Some(frame) => frame,
            None => self.steal(requester, true).ok_or(NoFrame)?,
        };
        self.make_control(frame);
        Ok(frame)
    }

    fn make_control(&mut self, frame: u32) {
        self.frames[frame as usize].used_for = Use::Control;
        self.clear_frame(frame, [0; 2]);
    }

    /// Makes a frame zeros with these keys.
    pub fn clear_frame(&self, frame: u32, keys: [u8; 2]) {
        self.storage.store(frame * PAGE, &[0; PAGE as usize]);
        self.set_keys(frame, keys);
    }

    fn set_keys(&self, frame: u32, keys: [u8; 2]) {
        for (half, key) in keys.into_iter().enumerate() {
            self.storage.set_key(frame * PAGE + half as u32 * BLOCK, key);
        }
    }

    /// Free storage of so many bytes, a multiple of [`super::pieces::UNIT`]: its real address.
    pub fn allocate(&mut self, bytes: u32, requester: Option<u32>) -> Result<u32, NoFrame> {
        if bytes > PAGE {
            return self.allocate_frames(bytes);
        }
        if let Some(at) = self.pieces.take(bytes) {
            return Ok(at);
        }
        let at = self.take_for_control(requester)? * PAGE;
        if bytes < PAGE {
            self.pieces.give(at + bytes, PAGE - bytes);
        }
        Ok(at)
    }

    /// Adjacent frames.
    fn allocate_frames(&mut self, bytes: u32) -> Result<u32, NoFrame> {
        let count = bytes.div_ceil(PAGE) as usize;
        let candidates = &self.frames[..self.frames.len().min(LOW)];
        let first = candidates
            .windows(count)
            .rposition(|run| run.iter().all(|frame| frame.used_for == Use::Free))
            .ok_or(NoFrame)? as u32;
        let taken = first..first + count as u32;
        self.low.retain(|frame| !taken.contains(frame));
        taken.for_each(|frame| self.make_control(frame));
        let at = first * PAGE;
        let unused = count as u32 * PAGE - bytes;
        if unused > 0 {
            self.pieces.give(at + bytes, unused);
        }
        Ok(at)
    }

    /// Gives free storage back.
    pub fn release(&mut self, at: u32, bytes: u32) {
        self.storage.store(at, &vec![0; bytes as usize]);
        let mut at = at;
        let end = at + bytes;
        while at < end {
            let next = end.min((at & !(PAGE - 1)) + PAGE);
            if let Some(frame) = self.pieces.give(at, next - at) {
                self.give_frame(frame / PAGE);
            }
            at = next;
        }
    }

    /// Brings a page that is not resident into a frame, below 16 MiB if asked.
    pub fn bring_in(&mut self, space: u32, requester: u32, place: Place, low: bool) -> Result<u32, NoFrame> {
        let frame = self.take_for_page(requester, low)?;
        let keys = [place.key(&self.storage, 0), place.key(&self.storage, 1)];
        match place.slot(&self.storage) {
            None => self.clear_frame(frame, keys),
            Some(slot) => {
                self.storage.store(frame * PAGE, self.area.contents(slot));
                self.set_keys(frame, keys);
                self.spaces.counts(space).reads += 1;
            }
        }
        self.changed[frame as usize].store(0, Ordering::Relaxed);
        self.put_page(frame, space, place);
        Ok(frame)
    }

    /// A frame that holds a page from now on, with its contents and keys.
    pub fn put_page(&mut self, frame: u32, space: u32, place: Place) {
        let of_space = self.spaces.counts_and_list(space);
        let previous = std::mem::replace(&mut of_space.newest, frame);
        of_space.counts.resident += 1;
        if previous == NONE {
            of_space.oldest = frame;
        } else {
            self.frames[previous as usize].next = frame;
        }
        self.frames[frame as usize] =
            Frame { used_for: Use::Page, locks: 0, recent: true, space, place, next: NONE, previous };
        // Another processor may see the entry at once, if the page is shared.
        fence(Ordering::Release);
        self.storage.store_u16(place.page, tables::entry(frame * PAGE));
    }

    /// Invalidates everything that leads to a page, keeps its keys in the swap table, and takes the frame out of its
    /// space's list. The contents are still there.
    pub fn take_page(&mut self, frame: u32) -> Place {
        let Frame { place, space, next, previous, .. } = self.frames[frame as usize];
        self.storage.store_u16(place.page, PAGE_INVALID);
        self.shadows[frame as usize].invalidate(&self.storage, frame * PAGE);
        for half in 0..2 {
            let at = frame * PAGE + half * BLOCK;
            self.storage.displace(at);
            let key = self.storage.key(at);
            place.set_key(&self.storage, half, key);
            if key & (REFERENCE | CHANGE) != 0 {
                place.save(&self.storage, half, key);
            }
        }
        let of_space = self.spaces.counts_and_list(space);
        of_space.counts.resident -= 1;
        match previous {
            NONE => of_space.oldest = next,
            _ => self.frames[previous as usize].next = next,
        }
        match next {
            NONE => of_space.newest = previous,
            _ => self.frames[next as usize].previous = previous,
        }
        let entry = &mut self.frames[frame as usize];
        (entry.used_for, entry.next, entry.previous, entry.locks) = (Use::Free, NONE, NONE, 0);
        place
    }

    /// Moves a page out. The frame is free then and in no list. False if the page area is full.
    fn move_out(&mut self, frame: u32) -> bool {
        if self.is_changed(frame) && !self.write_out(frame) {
            return false;
        }
        self.take_page(frame);
        true
    }

    fn is_changed(&self, frame: u32) -> bool {
        let keys = self.storage.key(frame * PAGE) | self.storage.key(frame * PAGE + BLOCK);
        keys & CHANGE != 0 || self.changed[frame as usize].load(Ordering::Relaxed) != 0
    }

    /// Makes the slot of a page what the page is. False if there is no slot to be had.
    fn write_out(&mut self, frame: u32) -> bool {
        let Frame { place, space, .. } = self.frames[frame as usize];
        let old = place.slot(&self.storage);
        let at = frame * PAGE;
        let slot = match old {
            _ if self.is_zero(at) => None,
            Some(slot) if self.area.users(slot) == 1 => old,
            _ => {
                let Some(slot) = self.area.take() else { return false };
                Some(slot)
            }
        };
        if slot != old {
            old.into_iter().for_each(|slot| self.area.drop_user(slot));
            place.set_slot(&self.storage, slot);
        }
        if let Some(slot) = slot {
            self.storage.read(at, self.area.contents_mut(slot));
            self.spaces.counts(space).writes += 1;
        }
        true
    }

    /// Gives a page that is not resident other contents. False if there is no slot to be had.
    pub fn replace_contents(&mut self, place: Place, page: &Page) -> bool {
        let old = place.slot(&self.storage);
        let slot = match old {
            Some(slot) if self.area.users(slot) == 1 => slot,
            _ => {
                let Some(slot) = self.area.take() else { return false };
                old.into_iter().for_each(|slot| self.area.drop_user(slot));
                slot
            }
        };
        *self.area.contents_mut(slot) = *page;
        place.set_slot(&self.storage, Some(slot));
        true
    }

    fn is_zero(&self, at: u32) -> bool {
        (at..at + PAGE).step_by(16).all(|at| self.storage.u128(at) == 0)
    }

    /// Makes a page what it is at first, zeros, but keeps its keys. A locked one stays where it is.
    pub fn discard(&mut self, place: Place) {
        match place.frame(&self.storage).map(|frame| frame / PAGE) {
            Some(frame) if self.frames[frame as usize].locks > 0 => {
                self.storage.store(frame * PAGE, &[0; PAGE as usize]);
                self.changed[frame as usize].store(1, Ordering::Relaxed);
            }
            Some(frame) => {
                self.take_page(frame);
                self.give_frame(frame);
            }
            None => {}
        }
        if let Some(slot) = place.slot(&self.storage) {
            self.area.drop_user(slot);
            place.set_slot(&self.storage, None);
        }
    }

    /// Moves a resident page to a frame below 16 MiB: the frame.
    pub fn move_low(&mut self, frame: u32, requester: u32) -> Result<u32, NoFrame> {
        if (frame as usize) < LOW {
            return Ok(frame);
        }
        if self.frames[frame as usize].locks > 0 {
            return Err(NoFrame);
        }
        // Who makes room must not choose the page that is to be moved.
        self.frames[frame as usize].locks = 1;
        let to = self.take_for_page(requester, true);
        self.frames[frame as usize].locks = 0;
        let to = to?;
        let mut page = [0; PAGE as usize];
        self.storage.read(frame * PAGE, &mut page);
        self.storage.store(to * PAGE, &page);
        self.set_keys(to, [0, BLOCK].map(|half| self.storage.key(frame * PAGE + half)));
        let changed = self.changed[frame as usize].load(Ordering::Relaxed);
        self.changed[to as usize].store(changed, Ordering::Relaxed);
        let space = self.frames[frame as usize].space;
        let place = self.frames[frame as usize].place;
        self.take_page(frame);
        self.give_frame(frame);
        self.put_page(to, space, place);
        Ok(to)
    }

    /// Moves out the pages of a virtual machine that does not run, till it has no more than so many: those first that
    /// were not referred to lately, then those that came first. How many it has.
    pub fn trim(&mut self, space: u32, target: u32) -> u32 {
        for only_unused in [true, false] {
            let mut frame = self.spaces.space(space).oldest;
            while frame != NONE && self.spaces.space(space).counts.resident > target {
                let next = self.frames[frame as usize].next;
                if self.is_stealable(frame, None)
                    && !(only_unused && self.take_reference(frame))
                    && self.move_out(frame)
                {
                    self.give_frame(frame);
                }
                frame = next;
            }
        }
        self.spaces.space(space).counts.resident
    }

    /// The frames of a space, the oldest page first.
    pub fn pages_of(&self, space: u32) -> impl Iterator<Item = u32> {
        let first = self.spaces.space(space).oldest;
        let listed = |frame| (frame != NONE).then_some(frame);
        std::iter::successors(listed(first), move |&frame| listed(self.frames[frame as usize].next))
    }

    /// The pages of a space that were referred to since this was asked the last time, or since the clock's hand passed.
    pub fn count_references(&mut self, space: u32) -> u32 {
        let mut count = 0;
        let mut frame = self.spaces.space(space).oldest;
        while frame != NONE {
            count += u32::from(self.take_reference(frame));
            frame = self.frames[frame as usize].next;
        }
        count
    }
}
