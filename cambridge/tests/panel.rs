//! The demonstration program `programs/demo/panel.asm` by hand: a 3270 terminal (s3270, where it is installed) at a local
//! display over TN3270, and an operator who turns the interval-timer switch.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::mpsc::{self, Receiver},
    thread::sleep,
    time::{Duration, Instant},
};

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A process that ends with the test.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Assembles the program into a deck that loads itself.
fn deck() -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("programs/demo/panel.asm");
    let deck = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("panel.ipl");
    let _ = fs::remove_file(&deck);
    let output = Command::new(env!("CARGO_BIN_EXE_cambridge"))
        .args(["asm".as_ref(), source.as_os_str(), "--ipl".as_ref(), "--core".as_ref(), deck.as_os_str()])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    deck
}

/// The machine, with an operator who types commands.
struct Machine {
    process: Process,
    commands: ChildStdin,
    messages: Receiver<String>,
}

impl Machine {
    fn start(deck: &Path) -> Machine {
        let configuration = Path::new(env!("CARGO_MANIFEST_DIR")).join("programs/demo/panel.toml");
        let mut child = Command::new(env!("CARGO_BIN_EXE_cambridge"))
            .args(["bare", "--plain", "--ipl", "00c", "--set", "PORT=0", "--set", &format!("DECK={}", deck.display())])
            .arg("--config")
            .arg(configuration)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (commands, output) = (child.stdin.take().unwrap(), BufReader::new(child.stderr.take().unwrap()));
        let (sender, messages) = mpsc::channel();
        std::thread::spawn(move || {
            output.lines().map_while(Result::ok).take_while(|line| sender.send(line.clone()).is_ok()).for_each(drop);
        });
        Machine { process: Process(child), commands, messages }
    }

    fn command(&mut self, command: &str) {
        writeln!(self.commands, "{command}").unwrap();
    }

    /// Waits for a message, and gives what stands in it behind `begin`.
    #[track_caller]
    fn message(&mut self, begin: &str) -> String {
        loop {
            let message = self.messages.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("no message {begin:?}"));
            if let Some((_, rest)) = message.split_once(begin) {
                return rest.to_owned();
            }
        }
    }
}

/// s3270 and what its screen shows.
struct Terminal {
    _process: Process,
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Terminal {
    /// Connects; none if s3270 is not installed.
    fn connect(address: &str) -> Option<Terminal> {
        let started = Command::new("s3270")
            .args(["-model", "3278-2", "-utf8", address])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let mut child = started.ok()?;
        let (commands, answers) = (child.stdin.take()?, BufReader::new(child.stdout.take()?));
        Some(Terminal { _process: Process(child), commands, answers })
    }

    /// Does something, and gives its data.
    #[track_caller]
    fn act(&mut self, action: &str) -> Vec<String> {
        writeln!(self.commands, "{action}").unwrap();
        let mut data = Vec::new();
        loop {
            let mut line = String::new();
            assert_ne!(self.answers.read_line(&mut line).unwrap(), 0, "s3270 ended at {action}");
            match line.trim_end_matches('\n') {
                "ok" => return data,
                "error" => panic!("{action}: {data:?}"),
                line => {
                    let row = line.strip_prefix("data: ");
                    data.extend(row.map(|row| row.replace('\0', " ").trim_end().to_owned()));
                }
            }
        }
    }

    /// Looks at the screen until it is as it should be.
    #[track_caller]
    fn until(&mut self, what: &str, is_so: impl Fn(&[String]) -> bool) -> Vec<String> {
        let begin = Instant::now();
        loop {
            let screen = self.act("Ascii()");
            if is_so(&screen) {
                return screen;
            }
            assert!(begin.elapsed() < PATIENCE, "waited in vain for {what}: {screen:#?}");
            sleep(Duration::from_millis(20));
        }
    }

    /// Types a name over the one that is there; the timer's contents and the interruptions when it is answered.
    #[track_caller]
    fn greet(&mut self, name: &str) -> (u32, u32) {
        for action in ["Home()", "EraseEOF()", &format!("String(\"{name}\")"), "Enter()"] {
            self.act(action);
        }
        self.until("an answer", |screen| screen[6] == format!(" HELLO, {name}"));
        // The figures of the moment of the answer come after it, before anything else can be entered.
        self.act("Wait(0.2,Seconds)");
        figures(&self.act("Ascii()"))
    }
}

/// The timer's contents and the interruptions that a screen shows.
fn figures(screen: &[String]) -> (u32, u32) {
    let words: Vec<&str> = screen[2].split_whitespace().collect();
    assert_eq!((words[0], words[1], words[3]), ("INTERVAL", "TIMER", "INTERRUPTIONS"), "{screen:#?}");
    (u32::from_str_radix(words[2], 16).unwrap(), words[4].parse().unwrap())
}

#[test]
fn a_conversation_at_a_display_with_the_interval_timer_on_and_off() {
    let mut machine = Machine::start(&deck());
    let address = machine.message("Terminals can connect to ");
    let Some(mut terminal) = Terminal::connect(address.trim_end_matches('.')) else {
        println!("SKIPPED: s3270 is not installed");
        return;
    };
    terminal.act("Wait(InputField)");
    let screen = terminal.until("the formatted screen", |screen| screen[22].starts_with(" ENTER ANSWERS"));
    assert_eq!(screen[0], " PANEL - A CONVERSATION AT A DISPLAY");
    assert_eq!((screen[4].as_str(), screen[6].as_str()), (" YOUR NAME", ""));
    terminal.until("the timer to interrupt", |screen| figures(screen).1 >= 2);
    terminal.greet("operator");

    machine.command("timer off");
    // The command is obeyed while this is being typed; what came before is shown by then.
    terminal.greet("switch");
    let (before, after) = (terminal.greet("switch off"), terminal.greet("still off"));
    assert_eq!(before, after, "the timer runs although its switch is off");
    assert!(after.0 > 0 && after.0 <= 19_200, "{after:?}");

    machine.command("timer on");
    terminal.until("the timer to interrupt again", |screen| figures(screen).1 > after.1 + 1);
    terminal.act("Clear()");
    terminal.until("a screen without an answer", |screen| screen[6].is_empty() && screen[4] == " YOUR NAME");
    terminal.act("PF(3)");
    machine.message("The processor waits, disabled, with code 00C0DE.");
    terminal.until("the end", |screen| screen[0] == " GOODBYE.");
    machine.command("quit");
    assert!(machine.process.0.wait().unwrap().success());
}

#[test]
fn a_terminal_may_go_and_come_again() {
    let mut machine = Machine::start(&deck());
    let address = machine.message("Terminals can connect to ");
    for _ in 0..2 {
        let Some(mut terminal) = Terminal::connect(address.trim_end_matches('.')) else {
            println!("SKIPPED: s3270 is not installed");
            return;
        };
        terminal.act("Wait(InputField)");
        terminal.greet("guest");
        drop(terminal);
        machine.message("0C0: nobody is there now");
    }
    machine.command("quit");
    assert!(machine.process.0.wait().unwrap().success());
}
