//! What a virtual machine asks about itself and the system: codes 00, 04, 0C, 10, 60.

use s370_arch::ebcdic;

use super::{Answer, Call, Outcome, SPECIFICATION};
use crate::{clock::Moment, real::PAGE, vm::Access};

/// Bytes of the extended-identification code of one level of control programs.
const IDENTIFICATION: usize = 40;

/// The system's name.
const SYSTEM: [u8; 8] = *b"\xE5\xD4\x61\xF3\xF7\xF0\x40\x40";

/// Release 6, level 0, program level change 17.
const VERSION: [u8; 3] = [6, 0, 17];

/// Real addresses that code 04 looks at, at most: those of a page.
const MOST_WORDS: u32 = PAGE / 4;

/// Code 00: who the control program is, as far as there is room.
///
/// The manual gives the lengths 8, 3, 1, 2, 2, 8 and 8 of fields, which are 32 bytes; what follows them is later systems'.
pub(super) fn identify(call: &mut Call<'_, '_>) -> Answer {
    const FIELDS: usize = 32;
    let at = call.aligned(call.x, 8)?;
    let wanted = call.register(call.y) as usize;
    let mut bytes = [0; IDENTIFICATION];
    let model = call.machine().state.model;
    bytes[0..8].copy_from_slice(&SYSTEM);
    bytes[8..11].copy_from_slice(&VERSION);
    bytes[11] = (model.cpu_id >> 56) as u8;
    bytes[12..14].copy_from_slice(&(model.cpu_id as u16).to_be_bytes());
    bytes[14..16].copy_from_slice(&call.cp.processor.state.cpu_address.to_be_bytes());
    bytes[16..24].copy_from_slice(&call.cp.user.name());
    let length = wanted.min(FIELDS);
    call.machine().store(at, &bytes[..length])?;
    let left = wanted - length;
    let y = call.y;
    call.set(y, left as u32);
    Ok(Outcome::Done)
}

/// Code 04: words of real storage.
pub(super) fn examine(call: &mut Call<'_, '_>) -> Answer {
    let result = call.after_y()?;
    let count = call.register(call.y);
    if count > MOST_WORDS {
        return Err(SPECIFICATION);
    }
    let (list, result) = (call.aligned(call.x, 4)?, call.aligned(result, 4)?);
    let addresses = call.machine().fetch(list, count as usize * 4)?;
    call.machine().check(result, count as usize * 4, Access::Store, 0)?;
    let real = call.cp.system.real.storage();
    let mut words = Vec::with_capacity(addresses.len());
    for address in addresses.as_chunks::<4>().0 {
        let address = u32::from_be_bytes(*address);
        let inside = address <= real.size() - 4;
        words.extend(if inside { real.u32(address) } else { 0 }.to_be_bytes());
    }
    call.machine().store(result, &words)?;
    Ok(Outcome::Done)
}

/// Code 0C: date, time, virtual and total processor time.
pub(super) fn pseudo_timer(call: &mut Call<'_, '_>) -> Answer {
    let at = call.aligned(call.x, 8)?;
    let moment = Moment::of(call.machine().state.tod(), &call.cp.system.zone);
    let (own, total) = call.cp.user.processor_time();
    let mut bytes = ebcdic::from_text(&(moment.date() + &moment.time()));
    bytes.extend(own.to_be_bytes());
    bytes.extend(total.to_be_bytes());
    call.machine().store(at, &bytes)?;
    Ok(Outcome::Done)
}

/// Code 10: pages become zero.
pub(super) fn release_pages(call: &mut Call<'_, '_>) -> Answer {
    let (first, last) = (call.aligned(call.x, PAGE)?, call.aligned(call.y, PAGE)?);
    if last < first {
        return Err(SPECIFICATION);
    }
    /// Pages that are released while an instruction is simulated.
    const PAGES: u32 = 8;
    call.machine().release_pages(first, last)?;
    call.machine().counts.extra += u64::from((last - first) / PAGE / PAGES);
    Ok(Outcome::Done)
}

/// Code 60: the size of storage.
pub(super) fn storage_size(call: &mut Call<'_, '_>) -> Answer {
    let size = call.machine().pages() * PAGE;
    let x = call.x;
    call.set(x, size);
    Ok(Outcome::Done)
}
