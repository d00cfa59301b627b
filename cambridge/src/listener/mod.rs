//! The socket that terminals connect to: telnet, TN3270 and TN3270E on one port.
//!
//! One thread serves all connections and sleeps when nothing happens. What terminals do comes out of a channel of
//! [`TerminalEvent`]s, and the waker is called for it; what they are to show goes in by [`Terminal::send`], which never
//! waits.
//!
//! **Invariants.** A client costs bounded storage: it is not read while [`UNHEEDED`] of its messages are not heeded, and it
//! is dropped when more than [`BACKLOG_LIMIT`] bytes for it wait, when it takes nothing for [`Settings::patience`], or when
//! it does not answer for so long.

mod connection;

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread::JoinHandle,
    time::Duration,
};

use console::{
    line::{self, Echo},
    tn3270::{
        enhanced::{Outcome, Reason},
        session::{self, Kind},
    },
};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, mpsc as asynchronous, watch},
    task::JoinSet,
};

/// Messages of a client (each of one read from its socket) that may wait to be heeded.
pub const UNHEEDED: usize = 8;

/// Bytes for a client that may wait to be sent.
pub const BACKLOG_LIMIT: usize = 1024 * 1024;

/// What a listener is told at its start.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Which protocols are offered, and how.
    pub session: session::Settings,
    /// Connections that are served at a time; another one is told so and closed.
    pub connections: usize,
    /// How long a client may take to say what it is, before it is taken for one that knows no telnet.
    pub negotiation: Duration,
    /// How long a client may take to read, or to answer a record.
    pub patience: Duration,
    /// Whether an address beyond this host's own may be listened on.
    pub is_public: bool,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            session: session::Settings::default(),
            connections: 1024,
            negotiation: Duration::from_secs(3),
            patience: Duration::from_secs(60),
            is_public: false,
        }
    }
}

/// Why a listener does not start.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The address is not this host's own.
    #[error("{0}: listening beyond this host (127.0.0.1 or ::1) must be asked for")]
    Public(SocketAddr),
    /// The operating system says no.
    #[error("cannot listen on {0}: {1}")]
    Io(SocketAddr, #[source] io::Error),
}

/// A connection's number; no two of a listener are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TerminalId(pub u64);

/// Something that happened to a terminal. It counts as heeded when it is dropped.
#[derive(Debug)]
pub struct TerminalEvent {
    /// Which terminal.
    pub terminal: TerminalId,
    /// What happened.
    pub happened: Happened,
    /// Lets the connection read on, when all events of a read are dropped.
    _permit: Option<Arc<OwnedSemaphorePermit>>,
}

/// What happened to a terminal.
#[derive(Debug)]
pub enum Happened {
    /// It connected and wants a device: [`TerminalOutput::Accept`] or [`TerminalOutput::Refuse`] is the answer.
    Asks {
        /// To answer it.
        terminal: Terminal,
        /// What it is.
        kind: Kind,
        /// The name of the device that it wants.
        device: Option<String>,
    },
    /// It was accepted, and can be sent things.
    Opened,
    /// A person at a line-mode terminal did something.
    Typed(line::Event),
    /// A display sent a record.
    Record(Vec<u8>),
    /// The ATTN key of a display.
    Attention,
    /// The SYS REQ key of a display.
    SystemRequest,
    /// A display has the record with this number; if it cannot answer, the operating system has it.
    Written {
        /// The number in [`TerminalOutput::Record`].
        number: u32,
        /// How it did.
        outcome: Outcome,
    },
    /// Everything that was to be sent is sent.
    Drained,
    /// It is gone, for this reason. Nothing comes after this.
    Disconnected(String),
}

/// Something for a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TerminalOutput {
    /// It gets the device of this name.
    Accept(String),
    /// It gets none, for this reason; it is told, and the connection is closed.
    Refuse(Reason, String),
    /// EBCDIC characters for a line-mode terminal.
    Print(Vec<u8>),
    /// A carrier return for a line-mode terminal.
    CarrierReturn,
    /// The alarm of a line-mode terminal.
    Alarm,
    /// Who echoes what is typed at a line-mode terminal.
    Echo(Echo),
    /// An outbound 3270 data stream; [`Happened::Written`] tells when it is done, by this number.
    Record(u32, Vec<u8>),
    /// The connection is closed when everything before this is sent.
    Close,
}

impl TerminalEvent {
    /// An event of a read that nothing waits for.
    #[must_use]
    pub fn new(terminal: TerminalId, happened: Happened) -> TerminalEvent {
        TerminalEvent { terminal, happened, _permit: None }
    }
}

impl TerminalOutput {
    /// Bytes that it costs while it waits.
    fn size(&self) -> usize {
        const OVERHEAD: usize = 16;
        OVERHEAD
            + match self {
                TerminalOutput::Print(bytes) | TerminalOutput::Record(_, bytes) => bytes.len(),
                TerminalOutput::Accept(text) | TerminalOutput::Refuse(_, text) => text.len(),
                _ => 0,
            }
    }
}

/// The way to a terminal.
#[derive(Clone, Debug)]
pub struct Terminal {
    id: TerminalId,
    peer: SocketAddr,
    output: asynchronous::UnboundedSender<TerminalOutput>,
    /// Bytes that wait.
    backlog: Arc<AtomicUsize>,
}

impl Terminal {
    /// A terminal without a connection, and where what is sent to it arrives.
    #[cfg(test)]
    pub(crate) fn unconnected(number: u64) -> (Terminal, asynchronous::UnboundedReceiver<TerminalOutput>) {
        let (output, outputs) = asynchronous::unbounded_channel();
        let peer = SocketAddr::from(([127, 0, 0, 1], 1));
        (Terminal { id: TerminalId(number), peer, output, backlog: Arc::default() }, outputs)
    }

    /// Its number.
    #[must_use]
    pub fn id(&self) -> TerminalId {
        self.id
    }

    /// Where it comes from.
    #[must_use]
    pub fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// Bytes that wait to be sent.
    #[must_use]
    pub fn backlog(&self) -> usize {
        self.backlog.load(Ordering::Relaxed)
    }

    /// Sends something, without waiting. If too much waits already, or the terminal is gone, it is lost; in the first case
    /// the terminal is dropped.
    pub fn send(&self, output: TerminalOutput) {
        let size = output.size();
        // Relaxed: only the number itself matters. Above the limit the connection sees it and drops the terminal.
        if self.backlog.fetch_add(size, Ordering::Relaxed) <= BACKLOG_LIMIT {
            // An error means that the connection is gone, of which an event tells.
            let _ = self.output.send(output);
        }
    }
}

/// Called when there is an event.
type Waker = Arc<dyn Fn() + Send + Sync>;

/// A socket that is listened on, until this is dropped.
pub struct Listener {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

impl Listener {
    /// Listens on an address of this host with the usual settings. A port of zero is one that is free.
    pub fn start(
        address: SocketAddr,
        waker: impl Fn() + Send + Sync + 'static,
    ) -> Result<(Listener, mpsc::Receiver<TerminalEvent>), ListenError> {
        Listener::start_with(address, Settings::default(), waker)
    }

    /// Listens on an address. `waker` is called after events were sent, on the listener's thread: it must be quick.
    pub fn start_with(
        address: SocketAddr,
        settings: Settings,
        waker: impl Fn() + Send + Sync + 'static,
    ) -> Result<(Listener, mpsc::Receiver<TerminalEvent>), ListenError> {
        if !settings.is_public && !address.ip().is_loopback() {
            return Err(ListenError::Public(address));
        }
        let failed = |error| ListenError::Io(address, error);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let socket = runtime.block_on(TcpListener::bind(address)).map_err(failed)?;
        let bound = socket.local_addr().map_err(failed)?;
        let (events, receiver) = mpsc::channel();
        let (stop, stopped) = watch::channel(false);
        let waker: Waker = Arc::new(waker);
        let thread = std::thread::Builder::new()
            .name("terminals".to_owned())
            .spawn(move || runtime.block_on(serve(socket, settings, Events { events, waker }, stopped)))
            .map_err(failed)?;
        Ok((Listener { address: bound, stop, thread: Some(thread) }, receiver))
    }

    /// The address that is listened on, with its port.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // An error means that the thread has ended already.
        let _ = self.stop.send(true);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Where events go.
#[derive(Clone)]
struct Events {
    events: mpsc::Sender<TerminalEvent>,
    waker: Waker,
}

impl Events {
    /// Sends the events of one read; the connection reads on when they are dropped.
    fn send(&self, terminal: TerminalId, happened: Vec<Happened>, permit: Option<OwnedSemaphorePermit>) {
        if happened.is_empty() {
            return;
        }
        let permit = permit.map(Arc::new);
        for happened in happened {
            // An error means that nobody wants events any more.
            let _ = self.events.send(TerminalEvent { terminal, happened, _permit: permit.clone() });
        }
        (self.waker)();
    }
}

/// Accepts connections until told to stop; then gives those that there are a moment to send what waits.
async fn serve(socket: TcpListener, settings: Settings, events: Events, mut stopped: watch::Receiver<bool>) {
    const FAREWELL: Duration = Duration::from_millis(500);
    const BREATH: Duration = Duration::from_millis(100);
    let mut connections = JoinSet::new();
    let told = stopped.clone();
    let mut next = 0;
    loop {
        tokio::select! {
            _ = stopped.wait_for(|&stopped| stopped) => break,
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            accepted = socket.accept() => match accepted {
                Ok((stream, _)) if connections.len() >= settings.connections => turn_away(stream),
                Ok((stream, peer)) => {
                    let id = TerminalId(next);
                    next += 1;
                    connections.spawn(connection::serve(stream, peer, id, settings, events.clone(), told.clone()));
                }
                // Out of files, most likely: others will close theirs.
                Err(_) => tokio::time::sleep(BREATH).await,
            },
        }
    }
    let _ = tokio::time::timeout(FAREWELL, async { while connections.join_next().await.is_some() {} }).await;
}

/// Says that there are too many connections, as far as that goes without waiting.
fn turn_away(mut stream: TcpStream) {
    tokio::spawn(async move {
        const PATIENCE: Duration = Duration::from_secs(1);
        let text = b"Too many terminals are connected.\r\n";
        let _ = tokio::time::timeout(PATIENCE, stream.write_all(text)).await;
    });
}
