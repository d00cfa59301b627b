//! A telnet client played by hand.

use std::{
    io::{Read, Write},
    net::TcpStream,
    sync::mpsc,
    time::Duration,
};

use cambridge::listener::{Happened, Listener, Settings, TerminalOutput};
use s370_arch::{channel::UnitStatus, ebcdic::from_text};

use crate::host::{Host, PATIENCE, TYPEWRITER};

const WRITE_CARRIER_RETURN: u8 = 0x09;
const READ_INQUIRY: u8 = 0x0A;

/// A connection, and what came from the other side.
struct Client {
    stream: TcpStream,
    received: Vec<u8>,
}

impl Client {
    fn connect(host: &Host) -> Client {
        let stream = TcpStream::connect(host.address()).expect("a connection");
        stream.set_nonblocking(true).expect("a socket");
        Client { stream, received: Vec::new() }
    }

    fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("the other side listens");
    }

    /// Reads what there is. Whether the connection is still open.
    fn look(&mut self) -> bool {
        let mut buffer = [0; 4096];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => return false,
                Ok(count) => self.received.extend(&buffer[..count]),
                Err(error) => return error.kind() == std::io::ErrorKind::WouldBlock,
            }
        }
    }

    /// Waits for these bytes; what came up to their end is taken.
    #[track_caller]
    fn expect(&mut self, host: &mut Host, bytes: &[u8]) -> Vec<u8> {
        let find = |received: &[u8]| received.windows(bytes.len()).position(|window| window == bytes);
        let what = format!("{:?}", String::from_utf8_lossy(bytes));
        host.until(&what, |_| {
            self.look();
            find(&self.received).is_some()
        });
        let end = find(&self.received).expect("it was found") + bytes.len();
        self.received.drain(..end).collect()
    }

    /// Negotiates as a client does that knows terminal types only.
    #[track_caller]
    fn negotiate(&mut self, host: &mut Host) {
        self.expect(host, b"\xFF\xFD\x28");
        self.send(b"\xFF\xFC\x28");
        self.expect(host, b"\xFF\xFD\x18");
        self.send(b"\xFF\xFB\x18");
        for _ in 0..2 {
            self.expect(host, b"\xFF\xFA\x18\x01\xFF\xF0");
            self.send(b"\xFF\xFA\x18\0XTERM-256COLOR\xFF\xF0");
        }
        self.expect(host, b"3215 at 01F\r\n");
    }

    #[track_caller]
    fn expect_end(&mut self, host: &mut Host) {
        host.until("the end of the connection", |_| !self.look());
    }
}

#[test]
fn an_operator_at_a_3215() {
    let mut host = Host::new(Settings::default());
    assert_eq!(host.write(TYPEWRITER, WRITE_CARRIER_RETURN, b""), UnitStatus::UNIT_CHECK, "not ready");
    let mut client = Client::connect(&host);
    client.negotiate(&mut host);
    assert_eq!(host.unsolicited(TYPEWRITER), UnitStatus::DEVICE_END);
    assert_eq!(host.write(TYPEWRITER, WRITE_CARRIER_RETURN, &from_text("IEA101A SPECIFY ¬¢")), UnitStatus::ENDED);
    client.expect(&mut host, "IEA101A SPECIFY ¬¢\r\n".as_bytes());
    client.send(b"\xFF\xF4");
    assert_eq!(host.unsolicited(TYPEWRITER), UnitStatus::ATTENTION);
    client.send("r 00,'¬u'\r\n".as_bytes());
    assert_eq!(host.read(TYPEWRITER, READ_INQUIRY), (UnitStatus::ENDED, from_text("r 00,'¬u'")));
    client.send(b"typed ahead\r\n");
    assert_eq!(host.unsolicited(TYPEWRITER), UnitStatus::ATTENTION);
    assert_eq!(host.read(TYPEWRITER, READ_INQUIRY), (UnitStatus::ENDED, from_text("typed ahead")));
    assert!(*host.wakes.lock().expect("a count") > 3);

    drop(client);
    host.until("the client to be gone", |host| host.messages.iter().any(|message| message.contains("nobody")));
    assert_eq!(host.write(TYPEWRITER, WRITE_CARRIER_RETURN, b""), UnitStatus::UNIT_CHECK);
    let mut client = Client::connect(&host);
    client.negotiate(&mut host);
    assert_eq!(host.unsolicited(TYPEWRITER), UnitStatus::DEVICE_END);
}

#[test]
fn a_client_that_knows_no_telnet() {
    let settings = Settings { negotiation: Duration::from_millis(100), ..Settings::default() };
    let mut host = Host::new(settings);
    let mut client = Client::connect(&host);
    client.send(b"hello\n");
    client.expect(&mut host, b"3215 at 01F\r\n");
    assert_eq!(host.unsolicited(TYPEWRITER), UnitStatus::DEVICE_END);
    assert_eq!(host.read(TYPEWRITER, READ_INQUIRY), (UnitStatus::ENDED, from_text("hello")));
}

#[test]
fn who_finds_no_seat_is_told() {
    let settings = Settings { connections: 2, ..Settings::default() };
    let mut host = Host::new(settings);
    let mut first = Client::connect(&host);
    first.negotiate(&mut host);
    let mut second = Client::connect(&host);
    second.expect(&mut host, b"\xFF\xFD\x28");
    second.send(b"\xFF\xFC\x28");
    second.expect(&mut host, b"\xFF\xFD\x18");
    let mut third = Client::connect(&host);
    third.expect(&mut host, b"Too many terminals are connected.\r\n");
    third.expect_end(&mut host);
    second.send(b"\xFF\xFC\x18");
    second.expect(&mut host, b"No typewriter is free.\r\n");
    second.expect_end(&mut host);
    assert!(host.messages.iter().any(|message| message.ends_with("was turned away: No typewriter is free.")));
    host.write(TYPEWRITER, WRITE_CARRIER_RETURN, &from_text("STILL HERE"));
    first.expect(&mut host, b"STILL HERE\r\n");
    host.stop();
    first.expect_end(&mut host);
}

#[test]
fn a_client_that_does_not_read_is_dropped_and_holds_nobody_up() {
    let settings = Settings { negotiation: Duration::from_millis(10), ..Settings::default() };
    let (listener, events) = Listener::start_with(([127, 0, 0, 1], 0).into(), settings, || {}).expect("a socket");
    let stream = TcpStream::connect(listener.address()).expect("a connection");
    let next = || events.recv_timeout(PATIENCE).expect("an event").happened;
    let Happened::Asks { terminal, .. } = next() else { panic!("it asks first") };
    terminal.send(TerminalOutput::Accept("01F".to_owned()));
    // Whatever the system's buffers take is nothing to a hundred megabytes.
    let piece = vec![0x40; 64 * 1024];
    let mut sent = 0;
    let reason = loop {
        terminal.send(TerminalOutput::Print(piece.clone()));
        sent += 1;
        match events.try_recv().map(|event| event.happened) {
            Ok(Happened::Disconnected(reason)) => break reason,
            Err(mpsc::TryRecvError::Disconnected) => panic!("the listener is gone"),
            _ if sent > 1600 => match next() {
                Happened::Disconnected(reason) => break reason,
                _ => continue,
            },
            _ => {}
        }
        assert!(sent < 20_000, "it took everything");
    };
    assert_eq!(reason, "it does not read what it is sent");
    drop(stream);
}

#[test]
fn listening_beyond_this_host_must_be_asked_for() {
    let error = Listener::start(([0, 0, 0, 0], 0).into(), || {}).err().expect("refused");
    assert_eq!(error.to_string(), "0.0.0.0:0: listening beyond this host (127.0.0.1 or ::1) must be asked for");
}
