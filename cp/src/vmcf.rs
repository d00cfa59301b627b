//! The virtual machine communication facility: messages between virtual machines (VM/370 System Programmer's Guide,
//! GC20-1807, "Virtual Machine Communication Facility"). DIAGNOSE X'68' speaks to it.
//!
//! This is the book of who may have messages, and of messages on their way. It moves no data: a virtual machine's storage
//! is its processor's, which moves them when a message is received or answered.
//!
//! A message is *sent*, *announced* when the sink has had the interruption, *received* when its data are with the sink and
//! an answer is expected, and *ended* when only the source's interruption is left.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::real::Owner;

/// Messages that a virtual machine may have on their way.
pub const MOST_MESSAGES: usize = 50;

/// Bytes of SENDX data that may wait for one sink.
///
/// Deviation: VM/370 fetches the data when the sink is interrupted. Here they are kept meanwhile, and so are limited.
pub const MOST_WAITING: usize = 1 << 20;

/// Bytes of a parameter list, and of the header that an interruption brings.
pub const HEADER: usize = 40;

/// Return codes of DIAGNOSE X'68', and data-transfer error codes (Figure 20).
pub mod code {
    /// Done, or begun.
    pub const DONE: u32 = 0;
    /// A buffer is not in storage, not on a doubleword, or too short.
    pub const ADDRESS: u32 = 1;
    /// No such subfunction.
    pub const SUBFUNCTION: u32 = 2;
    /// Not in this state of the message.
    pub const PROTOCOL: u32 = 3;
    /// The caller is not authorized.
    pub const NOT_AUTHORIZED: u32 = 4;
    /// The other is not there, or does not take messages from the caller.
    pub const NOT_AVAILABLE: u32 = 5;
    /// A storage key does not match.
    pub const PROTECTION: u32 = 6;
    /// More SENDX data than the other has room for.
    pub const TOO_LARGE: u32 = 7;
    /// The caller has a message with this identifier on its way to the other.
    pub const DUPLICATE: u32 = 8;
    /// The other does not take new messages now.
    pub const QUIESCED: u32 = 9;
    /// Too many messages.
    pub const LIMIT: u32 = 10;
    /// The message was received, and the answer is not wanted any more.
    pub const REPLY_CANCELED: u32 = 11;
    /// There is no such message.
    pub const NOT_FOUND: u32 = 12;
    /// The interruption for the message has not come yet.
    pub const NOT_ANNOUNCED: u32 = 13;
    /// It is too late to cancel.
    pub const TOO_LATE: u32 = 14;
    /// The lengths do not fit.
    pub const LENGTH: u32 = 16;
    /// A virtual machine sends to itself, and the areas overlap.
    pub const OVERLAP: u32 = 17;
    /// The other does not take priority messages.
    pub const NO_PRIORITY: u32 = 18;
    /// The other side's data could not be moved.
    pub const TRANSFER: u32 = 19;
}

/// Subfunctions that lead to a message.
pub mod function {
    /// Data for RECEIVE.
    pub const SEND: u16 = 2;
    /// Data for RECEIVE, and an answer.
    pub const SEND_RECEIVE: u16 = 3;
    /// Data that come with the interruption.
    pub const SENDX: u16 = 4;
    /// The parameter list alone.
    pub const IDENTIFY: u16 = 10;
}

/// In the first byte of a parameter list: AUTHORIZE SPECIFIC.
pub const SPECIFIC: u8 = 0x80;
/// In the first byte of a parameter list: priority.
pub const PRIORITY: u8 = 0x40;
/// In the first byte of a parameter list: AUTHORIZE for special messages of CP's SMSG.
pub const SPECIAL: u8 = 0x20;

/// In the first byte of a header: response.
const RESPONSE: u8 = 0x80;
/// In the first byte of a header: rejected.
const REJECTED: u8 = 0x40;
/// In the first byte of a header: priority.
const PRIORITY_MESSAGE: u8 = 0x20;

/// VMCPARM, and VMCMHDR, which has the same form.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parameters {
    /// Options; in a header, status.
    pub flags: u8,
    /// In a header, the data-transfer error code.
    pub error: u8,
    /// Subfunction.
    pub function: u16,
    /// Message identifier.
    pub identifier: u32,
    /// The other's user identification.
    pub user: [u8; 8],
    /// Data address.
    pub address: u32,
    /// Data length; in a response, what did not move.
    pub length: u32,
    /// Address of the reply buffer.
    pub reply_address: u32,
    /// Its length; in a response, what was not filled.
    pub reply_length: u32,
    /// The user doubleword.
    pub doubleword: [u8; 8],
}

impl Parameters {
    /// Takes the bytes of a list apart.
    #[must_use]
    pub fn parse(bytes: &[u8; HEADER]) -> Parameters {
        let word = |at: usize| u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        let eight = |at: usize| {
            let mut field = [0; 8];
            field.copy_from_slice(&bytes[at..at + 8]);
            field
        };
        Parameters {
            flags: bytes[0],
            error: bytes[1],
            function: u16::from_be_bytes([bytes[2], bytes[3]]),
            identifier: word(4),
            user: eight(8),
            address: word(16),
            length: word(20),
            reply_address: word(24),
            reply_length: word(28),
            doubleword: eight(32),
        }
    }

    /// The bytes.
    #[must_use]
    pub fn emit(&self) -> [u8; HEADER] {
        let mut bytes = [0; HEADER];
        bytes[0] = self.flags;
        bytes[1] = self.error;
        bytes[2..4].copy_from_slice(&self.function.to_be_bytes());
        bytes[4..8].copy_from_slice(&self.identifier.to_be_bytes());
        bytes[8..16].copy_from_slice(&self.user);
        let words = [self.address, self.length, self.reply_address, self.reply_length];
        for (at, word) in (16..).step_by(4).zip(words) {
            bytes[at..at + 4].copy_from_slice(&word.to_be_bytes());
        }
        bytes[32..].copy_from_slice(&self.doubleword);
        bytes
    }
}

/// What AUTHORIZE says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Authorization {
    /// Who authorizes.
    pub name: [u8; 8],
    /// Only this user's messages are taken.
    pub specific: Option<[u8; 8]>,
    /// Priority messages are taken.
    pub priority: bool,
    /// Special messages are taken.
    pub special: bool,
    /// Where an interruption finds room for its header and SENDX data: a real address of the virtual machine.
    pub buffer: u32,
    /// Bytes of that.
    pub length: u32,
}

/// Someone who is authorized.
#[derive(Debug)]
struct Station {
    authorization: Authorization,
    is_quiesced: bool,
    notices: VecDeque<Notice>,
}

/// An interruption that is to come.
#[derive(Debug)]
struct Notice {
    header: Parameters,
    data: Vec<u8>,
    /// The message that it belongs to; IDENTIFY has none.
    message: Option<u64>,
    is_response: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Sent,
    Announced,
    Received,
    Ended,
}

#[derive(Debug)]
struct Message {
    source: Owner,
    sink: Owner,
    source_name: [u8; 8],
    sink_name: [u8; 8],
    /// What the source asked for.
    parameters: Parameters,
    /// The source's access key then.
    key: u8,
    stage: Stage,
}

/// What an interruption brings, and where to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Real address of the virtual machine.
    pub buffer: u32,
    /// Header and data.
    pub bytes: Vec<u8>,
    /// There is another to come.
    pub more: bool,
    /// Others that have an interruption to come by that.
    pub others: BTreeSet<Owner>,
}

/// Data that are to be moved, and the message they belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// Whose storage is at the other end.
    pub source: Owner,
    /// There: the real address.
    pub address: u32,
    /// There: how many bytes.
    pub length: u32,
    /// There: the access key.
    pub key: u8,
    message: u64,
}

#[derive(Debug, Default)]
struct Book {
    stations: BTreeMap<Owner, Station>,
    /// In the order of sending.
    messages: BTreeMap<u64, Message>,
    next: u64,
}

/// The facility.
#[derive(Debug, Default)]
pub struct Vmcf {
    book: Mutex<Book>,
}

/// The owners that have an interruption to come, or the return code that says why not.
pub type Announced = Result<BTreeSet<Owner>, u32>;

impl Vmcf {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// AUTHORIZE. Whoever has been authorized before keeps their messages, but for those that are not taken any more.
    pub fn authorize(&self, owner: Owner, authorization: Authorization) -> BTreeSet<Owner> {
        let mut book = self.book();
        if let Some(station) = book.stations.get_mut(&owner) {
            station.authorization = authorization;
        } else {
            let station = Station { authorization, is_quiesced: false, notices: VecDeque::new() };
            book.stations.insert(owner, station);
        }
        match authorization.specific {
            Some(name) => book.end_all(|message| message.sink == owner && message.source_name != name),
            None => BTreeSet::new(),
        }
    }

    /// UNAUTHORIZE: messages to this user end with an error, the user's own are gone. Who has an interruption to come.
    pub fn unauthorize(&self, owner: Owner) -> BTreeSet<Owner> {
        let mut book = self.book();
        if book.stations.remove(&owner).is_none() {
            return BTreeSet::new();
        }
        let gone: Vec<u64> =
            book.messages.iter().filter(|(_, message)| message.source == owner).map(|(number, _)| *number).collect();
        gone.into_iter().for_each(|number| book.forget(number));
        book.end_all(|message| message.sink == owner)
    }

    /// Whether a user is authorized.
    #[must_use]
    pub fn is_authorized(&self, owner: Owner) -> bool {
        self.book().stations.contains_key(&owner)
    }

    /// QUIESCE or RESUME.
    pub fn quiesce(&self, owner: Owner, is_quiesced: bool) -> u32 {
        self.book().stations.get_mut(&owner).map_or(code::NOT_AUTHORIZED, |station| {
            station.is_quiesced = is_quiesced;
            code::DONE
        })
    }

    /// SEND, SEND/RECV, SENDX, with its data, and IDENTIFY.
    ///
    /// # Errors
    /// A return code.
    pub fn send(&self, from: Owner, to: Option<Owner>, parameters: Parameters, key: u8, data: Vec<u8>) -> Announced {
        let mut book = self.book();
        let source = book.stations.get(&from).ok_or(code::NOT_AUTHORIZED)?.authorization;
        let (to, sink) = to.and_then(|to| Some((to, book.stations.get(&to)?))).ok_or(code::NOT_AVAILABLE)?;
        let taken = sink.authorization;
        if taken.specific.is_some_and(|name| name != source.name) {
            return Err(code::NOT_AVAILABLE);
        }
        if sink.is_quiesced {
            return Err(code::QUIESCED);
        }
        let is_priority = parameters.flags & PRIORITY != 0;
        if is_priority && !taken.priority {
            return Err(code::NO_PRIORITY);
        }
        let waiting: usize = sink.notices.iter().map(|notice| notice.data.len()).sum();
        if parameters.function == function::SENDX {
            if data.len() > (taken.length as usize).saturating_sub(HEADER) {
                return Err(code::TOO_LARGE);
            }
            if waiting + data.len() > MOST_WAITING {
                return Err(code::LIMIT);
            }
        }
        let is_message = parameters.function != function::IDENTIFY;
        let own = book.messages.values().filter(|message| message.source == from);
        // IDENTIFY leaves nothing behind that could be counted but its interruption.
        if own.count() >= MOST_MESSAGES || sink.notices.len() >= 4 * MOST_MESSAGES {
            return Err(code::LIMIT);
        }
        let is_same = |message: &Message| {
            (message.source, message.sink) == (from, to) && message.parameters.identifier == parameters.identifier
        };
        if is_message && book.messages.values().any(is_same) {
            return Err(code::DUPLICATE);
        }
        let message = is_message.then(|| {
            let (source_name, sink_name, stage) = (source.name, taken.name, Stage::Sent);
            book.open(Message { source: from, sink: to, source_name, sink_name, parameters, key, stage })
        });
        let flags = if is_priority { PRIORITY_MESSAGE } else { 0 };
        let header = Parameters { flags, error: 0, user: source.name, ..parameters };
        book.notify(to, Notice { header, data, message, is_response: false }, is_priority);
        Ok(BTreeSet::from([to]))
    }

    /// RECEIVE: what is to be moved into the sink's buffer of this length, at this address.
    ///
    /// # Errors
    /// A return code. If the lengths do not fit, or areas overlap, the message has ended; then also who has an
    /// interruption to come.
    pub fn receive(&self, sink: Owner, parameters: &Parameters) -> Result<Transfer, (u32, BTreeSet<Owner>)> {
        let mut book = self.book();
        let number = book.incoming(sink, parameters).map_err(|code| (code, BTreeSet::new()))?;
        let message = &book.messages[&number];
        if message.stage != Stage::Announced || message.parameters.function == function::SENDX {
            return Err((code::PROTOCOL, BTreeSet::new()));
        }
        let sent = message.parameters;
        let transfer = Transfer {
            source: message.source,
            address: sent.address,
            length: sent.length,
            key: message.key,
            message: number,
        };
        let fits = sent.length <= parameters.length;
        let wrong = book.mismatch(number, fits, (parameters.address, sent.length), (sent.address, sent.length));
        match wrong {
            None => Ok(transfer),
            Some(code) => Err((code, book.end(number, code, &Moved::default()))),
        }
    }

    /// REPLY: what is to be moved out of the sink's buffer.
    ///
    /// # Errors
    /// As [`Vmcf::receive`].
    pub fn reply(&self, sink: Owner, parameters: &Parameters) -> Result<Transfer, (u32, BTreeSet<Owner>)> {
        let mut book = self.book();
        let number = book.incoming(sink, parameters).map_err(|code| (code, BTreeSet::new()))?;
        let message = &book.messages[&number];
        if message.parameters.function != function::SEND_RECEIVE {
            return Err((code::PROTOCOL, BTreeSet::new()));
        }
        let sent = message.parameters;
        let length = parameters.length;
        let transfer =
            Transfer { source: message.source, address: sent.reply_address, length, key: message.key, message: number };
        let fits = length <= sent.reply_length;
        let wrong = book.mismatch(number, fits, (parameters.address, length), (sent.reply_address, length));
        match wrong {
            None => Ok(transfer),
            Some(code) => Err((code, book.end(number, code, &Moved::default()))),
        }
    }

    /// The data of RECEIVE have been moved, or not (a data-transfer error code). Who has an interruption to come.
    pub fn received(&self, transfer: &Transfer, error: u32, doubleword: [u8; 8]) -> BTreeSet<Owner> {
        let mut book = self.book();
        let Some(message) = book.messages.get_mut(&transfer.message) else { return BTreeSet::new() };
        if error == code::DONE && message.parameters.function == function::SEND_RECEIVE {
            message.stage = Stage::Received;
            return BTreeSet::new();
        }
        let data = if error == code::DONE { transfer.length } else { 0 };
        book.end(transfer.message, error, &Moved { data, reply: 0, doubleword: Some(doubleword) })
    }

    /// The data of REPLY have been moved, or not.
    pub fn replied(&self, transfer: &Transfer, error: u32, doubleword: [u8; 8]) -> BTreeSet<Owner> {
        let mut book = self.book();
        let Some(message) = book.messages.get(&transfer.message) else { return BTreeSet::new() };
        let data = if message.stage == Stage::Received { message.parameters.length } else { 0 };
        let reply = if error == code::DONE { transfer.length } else { 0 };
        book.end(transfer.message, error, &Moved { data, reply, doubleword: Some(doubleword) })
    }

    /// REJECT.
    ///
    /// # Errors
    /// A return code.
    pub fn reject(&self, sink: Owner, parameters: &Parameters) -> Announced {
        let mut book = self.book();
        let number = book.incoming(sink, parameters)?;
        let data = match book.messages[&number].stage {
            Stage::Received => book.messages[&number].parameters.length,
            _ => 0,
        };
        let moved = Moved { data, reply: 0, doubleword: Some(parameters.doubleword) };
        Ok(book.end_with(number, REJECTED, code::DONE, &moved))
    }

    /// CANCEL.
    pub fn cancel(&self, source: Owner, parameters: &Parameters) -> u32 {
        let mut book = self.book();
        let Some(station) = book.stations.get(&source) else { return code::NOT_AUTHORIZED };
        let own = station.authorization.name;
        let found = book.messages.iter().find(|(_, message)| {
            message.source == source
                && message.sink_name == parameters.user
                && message.parameters.identifier == parameters.identifier
        });
        let Some((&number, message)) = found else {
            let is_others = book.messages.values().any(|message| {
                (message.source_name, message.sink_name) == (parameters.user, own)
                    && message.parameters.identifier == parameters.identifier
            });
            return if is_others { code::PROTOCOL } else { code::NOT_FOUND };
        };
        let result = match message.stage {
            Stage::Sent => code::DONE,
            Stage::Announced if message.parameters.function != function::SENDX => code::DONE,
            Stage::Received => code::REPLY_CANCELED,
            Stage::Announced | Stage::Ended => return code::TOO_LATE,
        };
        book.forget(number);
        result
    }

    /// Whether an interruption is to come for a user.
    #[must_use]
    pub fn has_message(&self, owner: Owner) -> bool {
        self.book().stations.get(&owner).is_some_and(|station| !station.notices.is_empty())
    }

    /// Takes what the next interruption of a user brings.
    pub fn deliver(&self, owner: Owner) -> Option<Delivery> {
        let mut book = self.book();
        let station = book.stations.get_mut(&owner)?;
        let mut notice = station.notices.pop_front()?;
        let Authorization { buffer, length, .. } = station.authorization;
        let room = (length as usize).saturating_sub(HEADER);
        let has_room = notice.data.len() <= room;
        if !has_room {
            // The buffer became smaller after SENDX.
            notice.data.clear();
        }
        let mut others = BTreeSet::new();
        if let Some(number) = notice.message {
            if notice.is_response {
                book.messages.remove(&number);
            } else {
                others = book.announced(number, if has_room { code::DONE } else { code::TOO_LARGE });
            }
        }
        let more = book.stations.get(&owner).is_some_and(|station| !station.notices.is_empty());
        let mut bytes = notice.header.emit().to_vec();
        bytes.append(&mut notice.data);
        Some(Delivery { buffer, bytes, more, others })
    }
}

/// How much of a message has moved.
#[derive(Clone, Copy, Debug, Default)]
struct Moved {
    data: u32,
    reply: u32,
    doubleword: Option<[u8; 8]>,
}

impl Book {
    fn open(&mut self, message: Message) -> u64 {
        self.next += 1;
        self.messages.insert(self.next, message);
        self.next
    }

    /// A message that the sink speaks of by its source and its identifier.
    fn incoming(&self, sink: Owner, parameters: &Parameters) -> Result<u64, u32> {
        if !self.stations.contains_key(&sink) {
            return Err(code::NOT_AUTHORIZED);
        }
        let found = self.messages.iter().find(|(_, message)| {
            message.sink == sink
                && message.source_name == parameters.user
                && message.parameters.identifier == parameters.identifier
                && message.stage != Stage::Ended
        });
        match found {
            None => Err(code::NOT_FOUND),
            Some((_, message)) if message.stage == Stage::Sent => Err(code::NOT_ANNOUNCED),
            Some((number, _)) => Ok(*number),
        }
    }

    /// What is wrong with the areas of a transfer.
    fn mismatch(&self, number: u64, fits: bool, here: (u32, u32), there: (u32, u32)) -> Option<u32> {
        let message = &self.messages[&number];
        let end = |(at, length): (u32, u32)| u64::from(at) + u64::from(length);
        let overlaps = u64::from(here.0) < end(there) && u64::from(there.0) < end(here) && here.1 > 0;
        match (fits, message.source == message.sink && overlaps) {
            (false, _) => Some(code::LENGTH),
            (true, true) => Some(code::OVERLAP),
            (true, false) => None,
        }
    }

    fn notify(&mut self, owner: Owner, notice: Notice, is_priority: bool) {
        let Some(station) = self.stations.get_mut(&owner) else { return };
        if is_priority {
            // Before the others, but after those that came with priority before it.
            let is_ordinary = |notice: &Notice| notice.header.flags & PRIORITY_MESSAGE == 0;
            let at = station.notices.iter().position(is_ordinary).unwrap_or(station.notices.len());
            station.notices.insert(at, notice);
        } else {
            station.notices.push_back(notice);
        }
    }

    /// The sink has its interruption. SENDX is over then. Who has an interruption to come.
    fn announced(&mut self, number: u64, error: u32) -> BTreeSet<Owner> {
        let Some(message) = self.messages.get_mut(&number) else { return BTreeSet::new() };
        message.stage = Stage::Announced;
        if message.parameters.function != function::SENDX {
            return BTreeSet::new();
        }
        let data = if error == code::DONE { message.parameters.length } else { 0 };
        self.end(number, error, &Moved { data, ..Moved::default() })
    }

    /// Ends messages with "not available".
    fn end_all(&mut self, is_meant: impl Fn(&Message) -> bool) -> BTreeSet<Owner> {
        let meant = |message: &Message| message.stage != Stage::Ended && is_meant(message);
        let numbers: Vec<u64> =
            self.messages.iter().filter(|(_, message)| meant(message)).map(|(number, _)| *number).collect();
        let moved = Moved::default();
        numbers.into_iter().flat_map(|number| self.end(number, code::NOT_AVAILABLE, &moved)).collect()
    }

    fn end(&mut self, number: u64, error: u32, moved: &Moved) -> BTreeSet<Owner> {
        self.end_with(number, 0, error, moved)
    }

    /// A message has ended: the source gets a response.
    fn end_with(&mut self, number: u64, status: u8, error: u32, moved: &Moved) -> BTreeSet<Owner> {
        let Some(message) = self.messages.get_mut(&number) else { return BTreeSet::new() };
        message.stage = Stage::Ended;
        let (source, sink, parameters) = (message.source, message.sink, message.parameters);
        let is_priority = parameters.flags & PRIORITY != 0;
        let header = Parameters {
            flags: RESPONSE | status | if is_priority { PRIORITY_MESSAGE } else { 0 },
            error: error as u8,
            user: message.sink_name,
            length: parameters.length.saturating_sub(moved.data),
            reply_length: parameters.reply_length.saturating_sub(moved.reply),
            doubleword: moved.doubleword.unwrap_or(parameters.doubleword),
            ..parameters
        };
        self.withdraw(sink, number);
        let notice = Notice { header, data: Vec::new(), message: Some(number), is_response: true };
        self.notify(source, notice, is_priority);
        BTreeSet::from([source])
    }

    /// An interruption of a message does not come any more.
    fn withdraw(&mut self, owner: Owner, number: u64) {
        if let Some(station) = self.stations.get_mut(&owner) {
            station.notices.retain(|notice| notice.message != Some(number));
        }
    }

    /// Nothing remains of a message.
    fn forget(&mut self, number: u64) {
        if let Some(message) = self.messages.remove(&number) {
            self.withdraw(message.sink, number);
            self.withdraw(message.source, number);
        }
    }
}
