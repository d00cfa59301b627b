//! Code 68 between two users: CMSUSER, whose machine is the bench's, and MAINT.

use std::sync::{Arc, Mutex};

use proptest::{prelude::*, test_runner::RngSeed};
use s370_arch::psw::Psw;
use s370_cpu::{processor::Processor, state::RunState, storage::AbsoluteStorage};

use super::*;
use crate::{
    command::tests::{Bench, log_on},
    system::System,
    user::{User, padded},
    vm::Stop,
    vmcf::{HEADER, PRIORITY, Parameters, SPECIFIC, code},
};

const SIZE: u32 = 64 << 10;
/// Where each machine has its parameter list, its external buffer, and its data.
const LIST: u32 = 0x1000;
const BUFFER: u32 = 0x1100;
const ROOM: u32 = 0x100;
const DATA: u32 = 0x2000;
/// Where an external interruption leads.
const NEW: u32 = 0x4000;

const AUTHORIZE: u16 = 0;
const UNAUTHORIZE: u16 = 1;
const SEND: u16 = 2;
const SEND_RECEIVE: u16 = 3;
const SENDX: u16 = 4;
const RECEIVE: u16 = 5;
const CANCEL: u16 = 6;
const REPLY: u16 = 7;
const QUIESCE: u16 = 8;
const RESUME: u16 = 9;
const IDENTIFY: u16 = 10;
const REJECT: u16 = 11;

/// Two users.
struct Pair {
    bench: Bench,
    maint: Arc<Mutex<User>>,
    processor: Processor,
}

/// Which of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    Cmsuser,
    Maint,
}
use Who::{Cmsuser, Maint};

impl Who {
    fn name(self) -> [u8; 8] {
        padded(if self == Cmsuser { "CMSUSER" } else { "MAINT" })
    }
}

impl Pair {
    fn new() -> Pair {
        let bench = Bench::new(SIZE);
        let maint = log_on(&bench.system, "MAINT", "G", SIZE);
        let processor = bench.system.processor(1).processor;
        let mut pair = Pair { bench, maint, processor };
        for who in [Cmsuser, Maint] {
            pair.with(who, |cp| {
                cp.user.machine.storage.store_u64(0x58, NEW.into());
                // A loop for each to be in.
                cp.user.machine.storage.store_u32(NEW, 0x47F0_4000 & 0xFFFF_0FFF);
            });
        }
        pair
    }

    /// Both authorized.
    fn ready() -> Pair {
        let mut pair = Pair::new();
        for who in [Cmsuser, Maint] {
            assert_eq!(pair.authorize(who, PRIORITY), code::DONE);
        }
        pair
    }

    fn with<R>(&mut self, who: Who, act: impl FnOnce(&mut Cp<'_>) -> R) -> R {
        match who {
            Cmsuser => self.bench.with(act),
            Maint => {
                let mut user = self.maint.lock().expect("a user");
                let system: &System = &self.bench.system;
                act(&mut Cp { system, user: &mut user, processor: &mut self.processor })
            }
        }
    }

    /// The return code.
    fn ask(&mut self, who: Who, parameters: &Parameters) -> u32 {
        let bytes = parameters.emit();
        self.with(who, |cp| {
            cp.user.machine.store(LIST, &bytes).expect("storage");
            cp.user.machine.state.gr[2] = LIST;
            let outcome = execute(cp, Diagnose { r1: 2, r3: 2, code: 0x68, ilc: 2 });
            assert_eq!(outcome, Outcome::Done);
            cp.user.machine.state.gr[2]
        })
    }

    fn authorize(&mut self, who: Who, flags: u8) -> u32 {
        let user = padded("MAINT");
        self.ask(who, &Parameters { flags, address: BUFFER, length: ROOM, user, ..Parameters::default() })
    }

    fn store(&mut self, who: Who, at: u32, bytes: &[u8]) {
        self.with(who, |cp| cp.user.machine.store(at, bytes).expect("storage"));
    }

    fn fetch(&mut self, who: Who, at: u32, length: usize) -> Vec<u8> {
        self.with(who, |cp| cp.user.machine.fetch(at, length).expect("storage"))
    }

    /// Lets a machine run, enabled for messages, until it is interrupted: the header. None if it is not.
    fn interrupted(&mut self, who: Who) -> Option<Parameters> {
        self.with(who, |cp| {
            cp.system.attend(cp.user);
            let machine = &mut cp.user.machine;
            machine.state.run_state = RunState::Operating;
            machine.set_control_register(0, 1);
            machine.state.psw = Psw { system_mask: 0x01, wait: true, address: 0x3000, ..Psw::default() };
            machine.store(BUFFER, &[0xEE; ROOM as usize]).expect("storage");
            match machine.run(cp.processor, 3) {
                Stop::Slice => {
                    assert_eq!(machine.storage.u32(0x18) & 0xFFFF, 0x4001, "the interruption code");
                    let bytes = machine.fetch_array::<HEADER>(BUFFER).expect("storage");
                    Some(Parameters::parse(&bytes))
                }
                Stop::Wait { .. } => None,
                stop => panic!("{stop:?}"),
            }
        })
    }
}

fn send(function: u16, to: Who, length: u32) -> Parameters {
    Parameters {
        function,
        identifier: 7,
        user: to.name(),
        address: DATA,
        length,
        reply_address: DATA + 0x100,
        reply_length: if function == SEND_RECEIVE { 8 } else { 0 },
        doubleword: *b"SECURITY",
        ..Parameters::default()
    }
}

/// What a sink says to a message of CMSUSER's.
fn answer(function: u16, length: u32) -> Parameters {
    Parameters { doubleword: *b"ANSWERED", ..send(function, Cmsuser, length) }
}

#[test]
fn a_message_is_sent_received_and_answered_for() {
    let mut pair = Pair::ready();
    pair.store(Cmsuser, DATA, b"HELLO");
    assert_eq!(pair.ask(Cmsuser, &send(SEND, Maint, 5)), code::DONE);
    assert_eq!(pair.ask(Maint, &answer(RECEIVE, 8)), code::NOT_ANNOUNCED);
    let header = pair.interrupted(Maint).expect("an interruption");
    assert_eq!(header, Parameters { user: Cmsuser.name(), ..send(SEND, Maint, 5) });
    assert_eq!(pair.interrupted(Maint), None);
    assert_eq!(pair.ask(Maint, &answer(RECEIVE, 8)), code::DONE);
    assert_eq!(pair.fetch(Maint, DATA, 6), b"HELLO\0");
    let header = pair.interrupted(Cmsuser).expect("an interruption");
    assert_eq!((header.flags, header.error, header.length), (0x80, 0, 0));
    assert_eq!((header.user, header.doubleword), (Maint.name(), *b"ANSWERED"));
    assert_eq!(pair.ask(Maint, &answer(RECEIVE, 8)), code::NOT_FOUND);
    assert_eq!(pair.ask(Cmsuser, &send(SEND, Maint, 5)), code::DONE, "the identifier is free again");
}

#[test]
fn a_message_with_a_reply() {
    let mut pair = Pair::ready();
    pair.store(Cmsuser, DATA, b"HELLO");
    assert_eq!(pair.ask(Cmsuser, &send(SEND_RECEIVE, Maint, 5)), code::DONE);
    assert!(pair.interrupted(Maint).is_some());
    assert_eq!(pair.ask(Maint, &answer(RECEIVE, 5)), code::DONE);
    assert_eq!(pair.interrupted(Cmsuser), None, "the reply is still to come");
    assert_eq!(pair.ask(Maint, &answer(RECEIVE, 5)), code::PROTOCOL);
    pair.store(Maint, DATA, b"WELCOME");
    assert_eq!(pair.ask(Maint, &answer(REPLY, 7)), code::DONE);
    let header = pair.interrupted(Cmsuser).expect("an interruption");
    assert_eq!((header.length, header.reply_length, header.error), (0, 1, 0));
    assert_eq!(pair.fetch(Cmsuser, DATA + 0x100, 8), b"WELCOME\0");
    // A reply that is too long ends the message.
    assert_eq!(pair.ask(Cmsuser, &send(SEND_RECEIVE, Maint, 5)), code::DONE);
    assert!(pair.interrupted(Maint).is_some());
    assert_eq!(pair.ask(Maint, &answer(REPLY, 9)), code::LENGTH);
    let header = pair.interrupted(Cmsuser).expect("an interruption");
    assert_eq!((header.error, header.length, header.reply_length), (16, 5, 8));
}

#[test]
fn data_that_come_with_the_interruption_and_none_at_all() {
    let mut pair = Pair::ready();
    pair.store(Cmsuser, DATA, b"HELLO");
    assert_eq!(pair.ask(Cmsuser, &send(SENDX, Maint, 5)), code::DONE);
    assert!(pair.interrupted(Maint).is_some());
    assert_eq!(pair.fetch(Maint, BUFFER + HEADER as u32, 6), b"HELLO\xEE");
    assert_eq!(pair.ask(Maint, &answer(RECEIVE, 5)), code::NOT_FOUND);
    assert_eq!(pair.interrupted(Cmsuser).map(|header| (header.flags, header.length)), Some((0x80, 0)));
    assert_eq!(pair.ask(Cmsuser, &send(SENDX, Maint, ROOM - 39)), code::TOO_LARGE);
    assert_eq!(pair.ask(Cmsuser, &send(IDENTIFY, Maint, 5)), code::DONE);
    assert_eq!(pair.interrupted(Maint).map(|header| header.function), Some(IDENTIFY));
    assert_eq!(pair.interrupted(Cmsuser), None);
}

#[test]
fn messages_are_cancelled_and_rejected() {
    let mut pair = Pair::ready();
    let cancel = send(CANCEL, Maint, 0);
    assert_eq!(pair.ask(Cmsuser, &cancel), code::NOT_FOUND);
    assert_eq!(pair.ask(Cmsuser, &send(SEND, Maint, 5)), code::DONE);
    assert_eq!(pair.ask(Maint, &answer(CANCEL, 0)), code::PROTOCOL, "it is not MAINT's");
    assert_eq!(pair.ask(Cmsuser, &cancel), code::DONE);
    assert_eq!(pair.interrupted(Maint), None, "it was withdrawn");
    assert_eq!(pair.ask(Cmsuser, &send(SEND_RECEIVE, Maint, 5)), code::DONE);
    assert!(pair.interrupted(Maint).is_some());
    assert_eq!(pair.ask(Maint, &answer(RECEIVE, 5)), code::DONE);
    assert_eq!(pair.ask(Cmsuser, &cancel), code::REPLY_CANCELED);
    assert_eq!(pair.ask(Maint, &answer(REPLY, 5)), code::NOT_FOUND);
    assert_eq!(pair.ask(Cmsuser, &send(SEND, Maint, 5)), code::DONE);
    assert_eq!(pair.ask(Maint, &answer(REJECT, 0)), code::NOT_ANNOUNCED);
    assert!(pair.interrupted(Maint).is_some());
    assert_eq!(pair.ask(Maint, &answer(REPLY, 5)), code::PROTOCOL);
    assert_eq!(pair.ask(Maint, &answer(REJECT, 0)), code::DONE);
    assert_eq!(pair.ask(Cmsuser, &cancel), code::TOO_LATE);
    let header = pair.interrupted(Cmsuser).expect("an interruption");
    assert_eq!((header.flags, header.length), (0xC0, 5));
}

#[test]
fn who_may_send_to_whom() {
    let mut pair = Pair::new();
    assert_eq!(pair.ask(Cmsuser, &send(SEND, Maint, 5)), code::NOT_AUTHORIZED);
    assert_eq!(pair.ask(Cmsuser, &send(12, Maint, 5)), code::SUBFUNCTION);
    assert_eq!(pair.authorize(Cmsuser, SPECIFIC), code::DONE);
    assert_eq!(pair.ask(Cmsuser, &send(SEND, Maint, 5)), code::NOT_AVAILABLE);
    assert_eq!(pair.authorize(Maint, SPECIFIC), code::DONE, "for itself alone");
    assert_eq!(pair.ask(Cmsuser, &send(SEND, Maint, 5)), code::NOT_AVAILABLE);
    assert_eq!(pair.ask(Maint, &send(SEND, Cmsuser, 5)), code::DONE);
    assert_eq!(pair.ask(Maint, &Parameters { flags: PRIORITY, ..send(SEND, Cmsuser, 5) }), code::NO_PRIORITY);
    assert_eq!(pair.ask(Maint, &send(SEND, Cmsuser, 5)), code::DUPLICATE);
    assert_eq!(pair.ask(Cmsuser, &send(QUIESCE, Maint, 0)), code::DONE);
    assert_eq!(pair.ask(Maint, &Parameters { identifier: 8, ..send(SEND, Cmsuser, 5) }), code::QUIESCED);
    assert_eq!(pair.ask(Cmsuser, &send(RESUME, Maint, 0)), code::DONE);
    for identifier in 8..57 {
        assert_eq!(pair.ask(Maint, &Parameters { identifier, ..send(SEND, Cmsuser, 5) }), code::DONE);
    }
    assert_eq!(pair.ask(Maint, &Parameters { identifier: 99, ..send(SEND, Cmsuser, 5) }), code::LIMIT);
    let nobody = Parameters { user: padded("NOBODY"), ..send(SEND, Maint, 5) };
    assert_eq!(pair.ask(Cmsuser, &nobody), code::NOT_AVAILABLE);
    // All of MAINT's messages end when CMSUSER has enough of them.
    assert_eq!(pair.ask(Cmsuser, &send(UNAUTHORIZE, Maint, 0)), code::DONE);
    let header = pair.interrupted(Maint).expect("an interruption");
    assert_eq!((header.flags, header.error), (0x80, 5));
    assert_eq!(pair.ask(Cmsuser, &send(UNAUTHORIZE, Maint, 0)), code::NOT_AUTHORIZED);
}

#[test]
fn priority_comes_first() {
    let mut pair = Pair::ready();
    let with = |identifier, flags| Parameters { identifier, flags, ..send(SEND, Maint, 5) };
    for parameters in [with(1, 0), with(2, PRIORITY), with(3, 0), with(4, PRIORITY)] {
        assert_eq!(pair.ask(Cmsuser, &parameters), code::DONE);
    }
    let order: Vec<u32> = (0..4).filter_map(|_| pair.interrupted(Maint)).map(|header| header.identifier).collect();
    assert_eq!(order, [2, 4, 1, 3]);
}

#[test]
fn areas_that_cannot_be() {
    let mut pair = Pair::new();
    let authorize = |address, length| Parameters { function: AUTHORIZE, address, length, ..Parameters::default() };
    for (address, length) in [(BUFFER + 4, 40), (BUFFER, 39), (SIZE - 32, 40), (!7, 40), (0, u32::MAX)] {
        assert_eq!(pair.ask(Cmsuser, &authorize(address, length)), code::ADDRESS, "{address:X} {length:X}");
    }
    let mut pair = Pair::ready();
    for parameters in [
        send(SEND, Maint, SIZE),
        Parameters { address: u32::MAX, ..send(SEND, Maint, 1) },
        Parameters { reply_length: SIZE, ..send(SEND_RECEIVE, Maint, 1) },
    ] {
        assert_eq!(pair.ask(Cmsuser, &parameters), code::ADDRESS);
    }
    assert_eq!(pair.ask(Cmsuser, &send(SEND, Maint, 5)), code::DONE);
    assert!(pair.interrupted(Maint).is_some());
    assert_eq!(pair.ask(Maint, &answer(RECEIVE, SIZE)), code::ADDRESS);
    assert_eq!(pair.ask(Maint, &answer(RECEIVE, 4)), code::LENGTH);
    assert_eq!(pair.interrupted(Cmsuser).map(|header| header.error), Some(16));
    // A key that does not match.
    pair.with(Cmsuser, |cp| {
        cp.user.machine.state.psw.key = 5;
        cp.user.machine.storage.set_key(DATA, 0xF8);
    });
    assert_eq!(pair.ask(Cmsuser, &send(SEND, Maint, 5)), code::PROTECTION);
}

#[test]
fn a_machine_speaks_to_itself() {
    let mut pair = Pair::ready();
    pair.store(Cmsuser, DATA, b"HELLO");
    assert_eq!(pair.ask(Cmsuser, &send(SEND, Cmsuser, 5)), code::DONE);
    assert!(pair.interrupted(Cmsuser).is_some());
    assert_eq!(pair.ask(Cmsuser, &answer(RECEIVE, 5)), code::OVERLAP);
    assert_eq!(pair.interrupted(Cmsuser).map(|header| header.error), Some(17));
    assert_eq!(pair.ask(Cmsuser, &send(SEND, Cmsuser, 5)), code::DONE);
    assert!(pair.interrupted(Cmsuser).is_some());
    assert_eq!(pair.ask(Cmsuser, &Parameters { address: DATA + 5, ..answer(RECEIVE, 5) }), code::DONE);
    assert_eq!(pair.fetch(Cmsuser, DATA, 10), b"HELLOHELLO");
}

#[test]
fn a_source_that_is_running_is_not_waited_for() {
    let mut pair = Pair::ready();
    assert_eq!(pair.ask(Cmsuser, &send(SEND, Maint, 5)), code::DONE);
    assert!(pair.interrupted(Maint).is_some());
    let running = Arc::clone(&pair.bench.user);
    let guard = running.lock().expect("a user");
    let bytes = answer(RECEIVE, 5).emit();
    let mut receive = || {
        pair.with(Maint, |cp| {
            cp.user.machine.store(LIST, &bytes).expect("storage");
            cp.user.machine.state.gr[2] = LIST;
            cp.user.machine.state.psw.address = 0x3004;
            let outcome = execute(cp, Diagnose { r1: 2, r3: 4, code: 0x68, ilc: 2 });
            (outcome, cp.user.machine.state.psw.address)
        })
    };
    assert_eq!(receive(), (Outcome::Again, 0x3000));
    drop(guard);
    assert_eq!(receive(), (Outcome::Done, 0x3004));
    assert!(pair.interrupted(Cmsuser).is_some());
}

#[test]
fn a_reset_ends_everything() {
    let mut pair = Pair::ready();
    assert_eq!(pair.ask(Cmsuser, &send(SEND, Maint, 5)), code::DONE);
    pair.with(Maint, |cp| assert_eq!(crate::command::execute(cp, "SYSTEM RESET").code, 0));
    assert_eq!(pair.interrupted(Cmsuser).map(|header| header.error), Some(5));
    assert_eq!(pair.ask(Cmsuser, &send(SEND, Maint, 5)), code::NOT_AVAILABLE);
    let owner = pair.with(Maint, |cp| cp.user.machine.owner);
    assert_eq!(pair.authorize(Maint, 0), code::DONE);
    assert_eq!(pair.ask(Cmsuser, &send(SEND, Maint, 5)), code::DONE);
    pair.bench.system.log_off(owner);
    assert_eq!(pair.interrupted(Cmsuser).map(|header| header.error), Some(5));
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 100, rng_seed: RngSeed::Fixed(0x68), failure_persistence: None, ..ProptestConfig::default()
    })]

    /// Whatever two machines ask for, they get return codes that the manual has, and as many responses as messages at most.
    #[test]
    fn any_conversation_goes_on(steps in prop::collection::vec(
        (any::<bool>(), 0_u16..14, 0_u32..3, any::<bool>(), prop::sample::select(vec![0_u32, 5, 8, 300, SIZE]), any::<bool>()),
        1..60,
    )) {
        let mut pair = Pair::ready();
        for (first, function, identifier, to_first, length, runs) in steps {
            let who = if first { Cmsuser } else { Maint };
            let to = if to_first { Cmsuser } else { Maint };
            let parameters = Parameters { identifier, reply_length: 8, ..send(function, to, length) };
            let parameters = match function {
                AUTHORIZE => Parameters { address: BUFFER, length: ROOM, ..parameters },
                _ => parameters,
            };
            prop_assert!(pair.ask(who, &parameters) <= 20);
            if runs {
                let _ = pair.interrupted(who);
            }
        }
        // Everybody can have the rest of their interruptions, and then there are no more.
        for who in [Cmsuser, Maint, Cmsuser, Maint] {
            for _ in 0..200 {
                if pair.interrupted(who).is_none() {
                    break;
                }
            }
            prop_assert_eq!(pair.interrupted(who), None);
        }
    }
}
