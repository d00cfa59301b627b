//! One terminal's connection: a socket on one side, a [`Session`] in the middle, events and outputs on the other.

use std::{
    collections::VecDeque,
    future::pending,
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use console::tn3270::{
    enhanced::{Outcome, Wanted},
    session::{Event, Session},
};
use socket2::{SockRef, TcpKeepalive};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::{Semaphore, mpsc, watch},
    time::{Instant, sleep_until, timeout},
};

use super::{BACKLOG_LIMIT, Events, Happened, Settings, Terminal, TerminalId, TerminalOutput, UNHEEDED};

/// Bytes that are read at a time.
const READ: usize = 4096;

/// A record whose answer is awaited.
struct Unanswered {
    sequence: u16,
    number: u32,
    deadline: Instant,
}

struct Connection {
    terminal: Terminal,
    settings: Settings,
    events: Events,
    session: Session,
    /// What the session still has to say before the connection is closed; after it, why.
    ending: Option<String>,
    unanswered: VecDeque<Unanswered>,
    /// Numbers of records that will have been written when the socket has taken them.
    unwritten: Vec<u32>,
    /// Bytes of outputs that will have been sent when the socket has taken them.
    unsent: usize,
    negotiation_deadline: Instant,
}

/// Serves a connection to its end.
pub(super) async fn serve(
    mut stream: TcpStream,
    peer: SocketAddr,
    id: TerminalId,
    settings: Settings,
    events: Events,
    stopped: watch::Receiver<bool>,
) {
    let (output, outputs) = mpsc::unbounded_channel();
    let terminal = Terminal { id, peer, output, backlog: Arc::new(AtomicUsize::new(0)) };
    let mut connection = Connection {
        terminal,
        settings,
        events,
        session: Session::new(settings.session),
        ending: None,
        unanswered: VecDeque::new(),
        unwritten: Vec::new(),
        unsent: 0,
        negotiation_deadline: Instant::now() + settings.negotiation,
    };
    let reason = match connection.run(&mut stream, outputs, stopped).await {
        Ok(reason) => {
            say_goodbye(&mut stream).await;
            reason
        }
        Err(error) => error.to_string(),
    };
    connection.events.send(id, vec![Happened::Disconnected(reason)], None);
}

/// Closes a connection so that the client gets what was sent last: unread input would make the system reset it.
async fn say_goodbye(stream: &mut TcpStream) {
    const PATIENCE: Duration = Duration::from_millis(300);
    let _ = timeout(PATIENCE, async {
        stream.shutdown().await?;
        while stream.read(&mut [0; READ]).await? > 0 {}
        io::Result::Ok(())
    })
    .await;
}

/// Small writes go out at once, and a client's host that vanished is noticed.
fn set_options(stream: &TcpStream) -> io::Result<()> {
    const IDLE: Duration = Duration::from_secs(60);
    const INTERVAL: Duration = Duration::from_secs(10);
    stream.set_nodelay(true)?;
    SockRef::from(stream).set_tcp_keepalive(&TcpKeepalive::new().with_time(IDLE).with_interval(INTERVAL))
}

impl Connection {
    /// Goes on until the connection is to be closed, and says why.
    async fn run(
        &mut self,
        stream: &mut TcpStream,
        mut outputs: mpsc::UnboundedReceiver<TerminalOutput>,
        mut stopped: watch::Receiver<bool>,
    ) -> io::Result<String> {
        set_options(stream)?;
        let heeded = Arc::new(Semaphore::new(UNHEEDED));
        let mut input = [0; READ];
        loop {
            self.flush(stream).await?;
            if let Some(reason) = self.ending.take() {
                return Ok(reason);
            }
            let deadline = self.deadline();
            tokio::select! {
                // Outputs first: a terminal that asks much must not keep its answers waiting.
                biased;
                Some(output) = outputs.recv() => {
                    self.put(output);
                    while let Ok(output) = outputs.try_recv() {
                        self.put(output);
                    }
                }
                _ = stopped.wait_for(|&stopped| stopped) => self.end("the system is going down"),
                () = at(deadline) => self.time_out(),
                read = async {
                    let permit = heeded.clone().acquire_owned().await.map_err(io::Error::other)?;
                    io::Result::Ok((permit, stream.read(&mut input).await?))
                } => {
                    let (permit, count) = read?;
                    if count == 0 {
                        return Ok("it closed the connection".to_owned());
                    }
                    let mut events = Vec::new();
                    self.session.receive(&input[..count], &mut events);
                    let happened = self.happened(events);
                    self.events.send(self.terminal.id, happened, Some(permit));
                }
            }
        }
    }

    /// Has the socket take everything that is to be sent, and tells of it.
    async fn flush(&mut self, stream: &mut TcpStream) -> io::Result<()> {
        if self.terminal.backlog() > BACKLOG_LIMIT {
            return Err(io::Error::other("it does not read what it is sent"));
        }
        let bytes = self.session.take_output();
        if !bytes.is_empty() {
            timeout(self.settings.patience, stream.write_all(&bytes))
                .await
                .map_err(|_| io::Error::other("it does not read what it is sent"))??;
        }
        let mut happened: Vec<_> =
            self.unwritten.drain(..).map(|number| Happened::Written { number, outcome: Outcome::DeviceEnd }).collect();
        if self.unsent > 0 {
            let sent = std::mem::take(&mut self.unsent);
            if self.terminal.backlog.fetch_sub(sent, Ordering::Relaxed) == sent {
                happened.push(Happened::Drained);
            }
        }
        self.events.send(self.terminal.id, happened, None);
        Ok(())
    }

    fn deadline(&self) -> Option<Instant> {
        if self.session.is_negotiating() {
            return Some(self.negotiation_deadline);
        }
        self.unanswered.front().map(|record| record.deadline)
    }

    fn time_out(&mut self) {
        if !self.session.is_negotiating() {
            return self.end("it does not answer");
        }
        let mut events = Vec::new();
        self.session.time_out(&mut events);
        let happened = self.happened(events);
        self.events.send(self.terminal.id, happened, None);
    }

    fn end(&mut self, reason: &str) {
        self.ending.get_or_insert_with(|| reason.to_owned());
    }

    /// Something for the terminal.
    fn put(&mut self, output: TerminalOutput) {
        self.unsent += output.size();
        match output {
            TerminalOutput::Accept(name) => {
                let mut events = Vec::new();
                self.session.accept(&name, &mut events);
                // The client now has to agree on functions.
                self.negotiation_deadline = Instant::now() + self.settings.negotiation;
                let happened = self.happened(events);
                self.events.send(self.terminal.id, happened, None);
            }
            TerminalOutput::Refuse(reason, text) => {
                self.session.refuse(reason, &text);
                self.end(&text);
            }
            TerminalOutput::Print(text) => self.session.line_mode().into_iter().for_each(|line| line.print(&text)),
            TerminalOutput::CarrierReturn => {
                self.session.line_mode().into_iter().for_each(|line| line.carrier_return())
            }
            TerminalOutput::Alarm => self.session.line_mode().into_iter().for_each(|line| line.alarm()),
            TerminalOutput::Echo(echo) => self.session.set_echo(echo),
            TerminalOutput::Record(number, record) => match self.session.send_record(Wanted::Always, &record) {
                Some(sequence) => {
                    let deadline = Instant::now() + self.settings.patience;
                    self.unanswered.push_back(Unanswered { sequence, number, deadline });
                }
                None => self.unwritten.push(number),
            },
            TerminalOutput::Close => self.end("the connection was closed"),
        }
    }

    /// What a session's events are to those outside.
    fn happened(&mut self, events: Vec<Event>) -> Vec<Happened> {
        let mut happened = Vec::new();
        for event in events {
            match event {
                Event::Asks { kind, device } => {
                    happened.push(Happened::Asks { terminal: self.terminal.clone(), kind, device });
                }
                Event::Open => happened.push(Happened::Opened),
                Event::Typed(event) => happened.push(Happened::Typed(event)),
                Event::Record(record) => happened.push(Happened::Record(record)),
                Event::Attention => happened.push(Happened::Attention),
                Event::SystemRequest => happened.push(Happened::SystemRequest),
                Event::Response { sequence, outcome } => self.answered(sequence, outcome, &mut happened),
                Event::Hopeless(reason) => self.end(reason),
            }
        }
        happened
    }

    /// A record was answered. Answers come in order: records before it will not be answered any more.
    fn answered(&mut self, sequence: u16, outcome: Outcome, happened: &mut Vec<Happened>) {
        let Some(at) = self.unanswered.iter().position(|record| record.sequence == sequence) else { return };
        let written = |number, outcome| Happened::Written { number, outcome };
        happened.extend(self.unanswered.drain(..at).map(|record| written(record.number, Outcome::DeviceEnd)));
        happened.extend(self.unanswered.pop_front().map(|record| written(record.number, outcome)));
    }
}

/// Waits until then, or for ever.
async fn at(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => pending().await,
    }
}
