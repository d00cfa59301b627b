//! Conversations, as both sides have them.

use ebcdic::from_text;
use proptest::{prelude::*, test_runner::RngSeed};

use super::*;
use crate::tn3270::terminal::Model;

/// A session and what came of it.
struct Conversation {
    session: Session,
    events: Vec<Event>,
}

impl Conversation {
    fn begin(settings: Settings) -> Conversation {
        Conversation { session: Session::new(settings), events: Vec::new() }
    }

    fn enhanced() -> Conversation {
        Conversation::begin(Settings::default())
    }

    fn plain() -> Conversation {
        Conversation::begin(Settings { is_enhanced: false, ..Settings::default() })
    }

    /// The client sends these bytes.
    fn client(&mut self, bytes: &[u8]) -> &mut Conversation {
        self.session.receive(bytes, &mut self.events);
        self
    }

    fn accept(&mut self, name: &str) -> &mut Conversation {
        self.session.accept(name, &mut self.events);
        self
    }

    /// The server has sent exactly these bytes since last asked.
    #[track_caller]
    fn server(&mut self, bytes: &[u8]) -> &mut Conversation {
        let output = self.session.take_output();
        assert_eq!(output, bytes, "{output:02X?}");
        self
    }

    /// These events came since last asked.
    #[track_caller]
    fn comes(&mut self, events: &[Event]) -> &mut Conversation {
        assert_eq!(std::mem::take(&mut self.events), events);
        self
    }

    /// A TN3270 client, open.
    fn display() -> Conversation {
        let mut conversation = Conversation::plain();
        conversation
            .client(b"\xFF\xFB\x18\xFF\xFA\x18\0IBM-3278-2-E\xFF\xF0\xFF\xFB\x19\xFF\xFD\x19\xFF\xFB\0\xFF\xFD\0")
            .accept("0C0");
        conversation.events.clear();
        conversation.session.take_output();
        conversation
    }

    /// A TN3270E client with these functions, open.
    fn enhanced_display(functions: &[u8]) -> Conversation {
        let mut conversation = Conversation::enhanced();
        conversation.client(b"\xFF\xFB\x28\xFF\xFA\x28\x02\x07IBM-3278-2-E\xFF\xF0").accept("0C0");
        conversation.client(&[b"\xFF\xFA\x28\x03\x07", functions, b"\xFF\xF0"].concat());
        conversation.events.clear();
        conversation.session.take_output();
        conversation
    }
}

const MODEL_2: TerminalType = TerminalType { model: Model::Two, has_colour: false, is_extended: true };

fn asks(kind: Kind, device: Option<&str>) -> Event {
    Event::Asks { kind, device: device.map(str::to_owned) }
}

#[test]
fn a_tn3270_client() {
    Conversation::plain()
        .server(b"\xFF\xFD\x18")
        .client(b"\xFF\xFB\x18")
        .server(b"\xFF\xFA\x18\x01\xFF\xF0")
        .client(b"\xFF\xFA\x18\0IBM-3278-2-E\xFF\xF0")
        .server(b"\xFF\xFD\x19\xFF\xFB\x19\xFF\xFD\0\xFF\xFB\0")
        .client(b"\xFF\xFB\x19\xFF\xFD\x19\xFF\xFB\0")
        .comes(&[])
        .client(b"\xFF\xFD\0")
        .comes(&[asks(Kind::Display(MODEL_2), None)])
        .accept("0C0")
        .comes(&[Event::Open])
        .server(b"")
        .client(b"\x7D\x40\x40\x11\x5D\x6B\xC8\xFF\xFF\xFF\xEF")
        .comes(&[Event::Record(b"\x7D\x40\x40\x11\x5D\x6B\xC8\xFF".to_vec())]);
}

#[test]
fn a_tn3270_client_may_want_a_device() {
    let mut conversation = Conversation::plain();
    conversation
        .client(b"\xFF\xFB\x18\xFF\xFA\x18\0IBM-3279-5@0C1\xFF\xF0")
        .client(b"\xFF\xFB\x19\xFF\xFD\x19\xFF\xFB\0\xFF\xFD\0");
    let terminal = TerminalType { model: Model::Five, has_colour: true, is_extended: false };
    conversation.comes(&[asks(Kind::Display(terminal), Some("0C1"))]);
}

#[test]
fn a_tn3270e_client() {
    let mut conversation = Conversation::enhanced();
    conversation
        .server(b"\xFF\xFD\x28")
        .client(b"\xFF\xFB\x28")
        .server(b"\xFF\xFA\x28\x08\x02\xFF\xF0")
        .client(b"\xFF\xFA\x28\x02\x07IBM-3278-2-E\x010C0\xFF\xF0")
        .comes(&[asks(Kind::Display(MODEL_2), Some("0C0"))])
        .server(b"")
        .accept("0C0")
        .server(b"\xFF\xFA\x28\x02\x04IBM-3278-2-E\x010C0\xFF\xF0")
        .comes(&[])
        .client(b"\xFF\xFA\x28\x03\x07\x00\x02\x04\xFF\xF0")
        .server(b"\xFF\xFA\x28\x03\x07\x02\x04\xFF\xF0")
        .client(b"\xFF\xFA\x28\x03\x04\x02\x04\xFF\xF0")
        .comes(&[Event::Open]);
    assert_eq!(conversation.session.send_record(Wanted::Always, b"\xF5\xC3\xFF"), Some(1));
    conversation
        .server(b"\0\0\x02\0\x01\xF5\xC3\xFF\xFF\xFF\xEF")
        .client(b"\x02\0\0\0\x01\0\xFF\xEF")
        .comes(&[Event::Response { sequence: 1, outcome: Outcome::DeviceEnd }])
        .client(b"\x02\0\x01\0\x01\x02\xFF\xEF")
        .comes(&[Event::Response { sequence: 1, outcome: Outcome::OperationCheck }])
        .client(b"\0\0\0\0\x05\x7D\x40\x40\xFF\xEF")
        .comes(&[Event::Record(b"\x7D\x40\x40".to_vec())])
        .client(b"\xFF\xF4\xFF\xF3\xFF\xF5")
        .comes(&[Event::Attention, Event::Attention, Event::SystemRequest]);
}

#[test]
fn functions_that_are_served_are_agreed_to_at_once() {
    let mut conversation = Conversation::enhanced();
    conversation.client(b"\xFF\xFB\x28\xFF\xFA\x28\x02\x07IBM-3278-2-E\xFF\xF0").accept("0C0");
    conversation.session.take_output();
    conversation
        .client(b"\xFF\xFA\x28\x03\x07\xFF\xF0")
        .server(b"\xFF\xFA\x28\x03\x04\xFF\xF0")
        .comes(&[asks(Kind::Display(MODEL_2), None), Event::Open]);
    assert_eq!(conversation.session.send_record(Wanted::Always, b"\xF1"), None, "no responses were agreed to");
    conversation.server(b"\0\0\0\0\0\xF1\xFF\xEF");
}

#[test]
fn a_client_that_refuses_tn3270e_falls_back() {
    Conversation::enhanced()
        .server(b"\xFF\xFD\x28")
        .client(b"\xFF\xFC\x28")
        .server(b"\xFF\xFD\x18")
        .client(b"\xFF\xFB\x18")
        .server(b"\xFF\xFA\x18\x01\xFF\xF0");
}

#[test]
fn a_client_that_is_rejected_may_fall_back() {
    Conversation::enhanced()
        .client(b"\xFF\xFB\x28\xFF\xFA\x28\x02\x07IBM-3287-1\xFF\xF0")
        .server(b"\xFF\xFD\x28\xFF\xFA\x28\x08\x02\xFF\xF0\xFF\xFA\x28\x02\x06\x05\x04\xFF\xF0")
        .client(b"\xFF\xFA\x28\x02\x07IBM-3278-2-E\x000C0\xFF\xF0")
        .server(b"\xFF\xFA\x28\x02\x06\x05\x02\xFF\xF0")
        .client(b"\xFF\xFC\x28")
        .server(b"\xFF\xFE\x28\xFF\xFD\x18");
}

#[test]
fn a_telnet_client_is_a_typewriter() {
    let mut conversation = Conversation::enhanced();
    conversation
        .client(b"\xFF\xFC\x28\xFF\xFB\x18")
        .client(b"\xFF\xFA\x18\0XTERM\xFF\xF0")
        .comes(&[])
        .client(b"\xFF\xFA\x18\0XTERM\xFF\xF0")
        .comes(&[asks(Kind::Line, None)])
        .client(b"early\r\n")
        .accept("01F")
        .comes(&[Event::Open, Event::Typed(line::Event::Line(from_text("early")))])
        .client(b"r 00,'u'\r\n\xFF\xF4")
        .comes(&[Event::Typed(line::Event::Line(from_text("r 00,'u'"))), Event::Typed(line::Event::Request)]);
    conversation.session.take_output();
    let line_mode = conversation.session.line_mode().expect("line mode");
    line_mode.print(&from_text("IEE041I\u{85}"));
    conversation.server(b"IEE041I\r\n");
    conversation.session.set_echo(Echo::Nobody);
    conversation.server(b"\xFF\xFB\x01\xFF\xFB\x03").client(b"\xFF\xFD\x01\xFF\xFD\x03pass\r\n");
    conversation.comes(&[Event::Typed(line::Event::Line(from_text("pass")))]).server(b"\r\n");
}

#[test]
fn a_client_that_is_silent_gets_lines() {
    let mut conversation = Conversation::enhanced();
    conversation.client(b"hello\n");
    assert!(conversation.session.is_negotiating());
    conversation.session.time_out(&mut conversation.events);
    conversation
        .comes(&[asks(Kind::Line, None)])
        .accept("009")
        .comes(&[Event::Open, Event::Typed(line::Event::Line(from_text("hello")))]);
    assert!(!conversation.session.is_negotiating());
}

#[test]
fn a_display_without_eor_gets_lines() {
    Conversation::plain()
        .client(b"\xFF\xFB\x18\xFF\xFA\x18\0IBM-3278-2\xFF\xF0")
        .client(b"\xFF\xFC\x19\xFF\xFE\x19\xFF\xFB\0\xFF\xFD\0")
        .comes(&[asks(Kind::Line, None)]);
}

#[test]
fn who_gets_no_device_is_told() {
    let mut conversation = Conversation::enhanced();
    conversation.client(b"\xFF\xFB\x28\xFF\xFA\x28\x02\x07IBM-3278-2-E\x010C0\xFF\xF0");
    conversation.session.take_output();
    conversation.session.refuse(Reason::DeviceInUse, "0C0 is in use");
    conversation.server(b"\xFF\xFA\x28\x02\x06\x05\x01\xFF\xF0\xFF\xFE\x280C0 is in use\r\n");

    let mut conversation = Conversation::enhanced();
    conversation.session.time_out(&mut conversation.events);
    conversation.session.take_output();
    conversation.session.refuse(Reason::UnknownError, "No typewriter is free");
    conversation.server(b"No typewriter is free\r\n");

    let mut conversation = Conversation::display();
    conversation.session.refuse(Reason::UnknownError, "No");
    conversation.server(b"\xF5\xC2\xD5\x96\xFF\xEF");
}

#[test]
fn a_record_has_a_limit() {
    for mut conversation in [Conversation::display(), Conversation::enhanced_display(&[2])] {
        conversation.client(&vec![0x40; RECORD_LIMIT]).comes(&[]);
        conversation.client(b"\x40").comes(&[Event::Hopeless("the client sent a record that is too long")]);
        assert!(conversation.session.record.is_empty());
    }
}

#[test]
fn negotiating_has_a_limit() {
    let mut conversation = Conversation::plain();
    conversation.client(b"\xFF\xFB\x18");
    for n in 0..=ATTEMPTS {
        let reply = [b"\xFF\xFA\x18\0TYPE-", n.to_string().as_bytes(), b"\xFF\xF0"].concat();
        conversation.client(&reply);
    }
    conversation.comes(&[Event::Hopeless("the client does not stop negotiating")]);
}

#[test]
fn a_display_that_ends_3270_mode_is_let_go() {
    Conversation::display()
        .client(b"\xFF\xFC\x19")
        .comes(&[Event::Hopeless("the client left 3270 mode")])
        .client(b"\x7D\x40\x40\xFF\xEF")
        .comes(&[]);
}

/// Pieces of conversations, so that random ones get somewhere.
fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let known: Vec<&[u8]> = vec![
        b"\xFF\xFB\x28",
        b"\xFF\xFC\x28",
        b"\xFF\xFA\x28\x02\x07IBM-3278-2-E\xFF\xF0",
        b"\xFF\xFA\x28\x02\x07IBM-3278-2-E\x01NAME\xFF\xF0",
        b"\xFF\xFA\x28\x03\x07\x00\x02\xFF\xF0",
        b"\xFF\xFA\x28\x03\x04\x02\xFF\xF0",
        b"\xFF\xFB\x18",
        b"\xFF\xFC\x18",
        b"\xFF\xFA\x18\0IBM-3278-2\xFF\xF0",
        b"\xFF\xFA\x18\0VT100\xFF\xF0",
        b"\xFF\xFB\x19\xFF\xFD\x19",
        b"\xFF\xFB\0\xFF\xFD\0",
        b"\x7D\x40\x40\xFF\xEF",
        b"line\r\n",
    ];
    prop_oneof![
        4 => prop::sample::select(known).prop_map(<[u8]>::to_vec),
        1 => prop::collection::vec(prop_oneof![Just(0xFF), any::<u8>()], 0..20),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig {
        rng_seed: RngSeed::Fixed(0x3278), failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn any_conversation_is_survived(
        pieces in prop::collection::vec(pieces(), 0..60),
        answers: [u8; 8],
        is_enhanced: bool,
    ) {
        let mut conversation = Conversation::begin(Settings { is_enhanced, ..Settings::default() });
        let mut answers = answers.into_iter().cycle();
        for piece in pieces {
            conversation.client(&piece);
            let asked = conversation.events.drain(..).any(|event| matches!(event, Event::Asks { .. }));
            match answers.next() {
                Some(0..200) if asked => drop(conversation.accept("0C0")),
                Some(_) if asked => conversation.session.refuse(Reason::UnknownError, "no"),
                Some(0..10) => conversation.session.time_out(&mut conversation.events),
                Some(10..60) => drop(conversation.session.send_record(Wanted::Always, b"\xF5\xC3")),
                _ => {}
            }
            prop_assert!(conversation.session.record.len() <= RECORD_LIMIT);
            prop_assert!(conversation.session.early.len() <= EARLY_LIMIT);
            conversation.session.take_output();
        }
    }
}
