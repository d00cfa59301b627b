//! INDICATE: what the user's virtual machine has used.

use devices::unit_record::{printer::Printer, punch::Punch, reader::Reader};

use super::{
    Answer, Reply,
    operand::{Operands, invalid, is},
};
use crate::{message, system::Cp};

/// INDICATE USER. LOAD, QUEUES, I/O, PAGING and FAVORED belong to the dispatcher, and are not there yet.
pub(super) fn indicate(cp: &mut Cp<'_>, operands: &mut Operands<'_>) -> Answer {
    let word = operands.required(&message::OPERAND)?;
    if !is(word, "USER", 4) {
        return Err(invalid(word));
    }
    match operands.next() {
        None | Some("*") => operands.end()?,
        Some(word) => return Err(invalid(word)),
    }
    let resident = cp.user.machine.resident_pages(&cp.system.real);
    let (own, total) = cp.user.processor_time();
    let channels = &mut cp.user.machine.channels;
    let started: u64 = channels.activity().map(|(_, activity)| activity.operations).sum();
    let addresses: Vec<u16> = channels.addresses().map(|(address, _)| address).collect();
    let (mut read, mut punched, mut printed) = (0, 0, 0);
    for address in addresses {
        read += channels.device::<Reader>(address).map_or(0, |reader| reader.stacked().iter().sum::<u64>());
        punched += channels.device::<Punch>(address).map_or(0, |punch| punch.punched());
        printed += channels.device::<Printer>(address).map_or(0, |printer| printer.printed());
    }
    // Nothing is paged yet: what is resident is the working set, and nothing was read or written.
    Ok(Reply::lines(vec![
        format!("PAGES: RES-{resident:04} WS-{resident:04} READS={:06} WRITES={:06} DISK-{:04} DRUM-{:04}", 0, 0, 0, 0),
        format!(
            "VTIME={} TTIME={} SIO={started:06} RDR-{read:06} PRT-{printed:06} PCH-{punched:06}",
            time(own),
            time(total)
        ),
    ]))
}

/// `mmm:ss`.
fn time(microseconds: u64) -> String {
    let seconds = microseconds / 1_000_000;
    format!("{:03}:{:02}", seconds / 60, seconds % 60)
}
