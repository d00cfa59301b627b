use std::path::PathBuf;

use super::*;
use crate::configuration::{
    Clock, Configuration,
    device::{Address, DeviceSpec, Options},
    kinds::Kind,
    variables::Variables,
};

/// A machine with a console, whose processor waits for an interruption: it types what the test says.
struct Machine {
    system: System,
    runner: Runner,
    now: Instant,
}

impl Machine {
    fn new(script: &str) -> Machine {
        let console = DeviceSpec {
            address: Address(0x1F),
            kind: Kind::named("3215").expect("a kind"),
            options: Options::default(),
            place: Place::default(),
        };
        let configuration = Configuration {
            storage: 4096,
            clock: Clock::Deterministic { start: 0 },
            console: Some(Address(0x1F)),
            devices: vec![console],
            ..Configuration::default()
        };
        let mut system = System::new(&configuration).expect("a machine");
        operator::obey(&mut system, "alter psw 020A000000000000").expect("a PSW");
        operator::obey(&mut system, "start").expect("started");
        let script = Script::parse("s", script, Path::new(""), &Variables::default()).expect("a right script");
        Machine { system, runner: Runner::new(script), now: Instant::now() }
    }

    /// Goes on until the script waits or ends.
    fn proceed(&mut self) -> Next {
        for _ in 0..100 {
            match self.runner.proceed(&mut self.system, self.now) {
                Next::Done => {}
                next => return next,
            }
        }
        panic!("it goes on and on");
    }

    fn typed(&mut self, text: &str) -> Next {
        self.runner.typed(&mut self.system, Voice::Console, text);
        self.proceed()
    }

    fn later(&mut self, seconds: u64) -> Next {
        self.now += Duration::from_secs(seconds);
        self.proceed()
    }

    fn messages(&mut self) -> Vec<String> {
        self.runner.take_messages()
    }

    fn waits(&mut self, next: &Next) {
        assert!(matches!(next, Next::Wait(Some(_))), "{next:?}: {:?}", self.messages());
    }
}

/// A file in the host's temporary directory that goes away.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        drop(std::fs::remove_file(&self.0));
    }
}

#[test]
fn waits_pass_what_was_typed() {
    let mut machine = Machine::new("wait /READY/\nsay one\nwait /READY/ within 5s\nsay two\n");
    let next = machine.proceed();
    machine.waits(&next);
    let next = machine.typed("NOT YET\nREA");
    machine.waits(&next);
    let next = machine.typed("DY\n");
    machine.waits(&next);
    assert_eq!(machine.messages(), ["one"]);
    assert_eq!(machine.typed("READY"), Next::Exit(0));
    assert_eq!(machine.messages(), ["two"]);
}

#[test]
fn patterns_do_not_see_what_the_operator_types() {
    let mut machine = Machine::new("wait /ENTER: /\nwait /HELLO/ within 1s\n");
    machine.proceed();
    let next = machine.typed("ENTER: ");
    machine.waits(&next);
    machine.runner.typed(&mut machine.system, Voice::Typed, "HELLO\n");
    let next = machine.proceed();
    machine.waits(&next);
    assert_eq!(machine.typed("HELLO\n"), Next::Exit(0));
}

#[test]
fn a_time_out_has_its_own_status() {
    let mut machine = Machine::new("timeout 10s\nwait /A/\nwait /B/");
    machine.proceed();
    let next = machine.later(9);
    machine.waits(&next);
    let next = machine.typed("A\nsomething else\n");
    machine.waits(&next);
    let next = machine.later(9);
    machine.waits(&next);
    assert_eq!(machine.later(1), Next::Exit(EXIT_TIMEOUT));
    assert_eq!(
        machine.messages(),
        ["s:3: time-out: /B/ was not typed within 10 s", "the last that the console typed: something else"]
    );
}

#[test]
fn on_timeout_decides_what_then() {
    let mut machine = Machine::new("on timeout exit 7\nwait /A/ within 1s");
    machine.proceed();
    assert_eq!(machine.later(2), Next::Exit(7));
}

#[test]
fn whenever_answers_each_line_once() {
    let mut machine = Machine::new(
        "whenever /\\*(\\d\\d) (\\w)/ say $1 $2 $$ $9.\nwait /END/\nforget /\\*(\\d\\d) (\\w)/\nwait /END/",
    );
    machine.proceed();
    machine.typed("*01 A");
    assert_eq!(machine.messages(), Vec::<String>::new(), "the line is not complete");
    machine.typed("BC\n*02 D\n 03 E\n");
    assert_eq!(machine.messages(), ["01 A $ .", "02 D $ ."]);
    machine.typed("END\n*04 F\n");
    assert_eq!(machine.messages(), ["04 F $ ."]);
    assert_eq!(machine.typed("*05 G\nEND\n"), Next::Exit(0));
    assert_eq!(machine.messages(), Vec::<String>::new());
}

#[test]
fn a_dead_machine_will_not_type() {
    let mut machine = Machine::new("wait /A/\n");
    machine.proceed();
    operator::obey(&mut machine.system, "alter psw 000A000000000000").expect("a PSW");
    assert_eq!(machine.proceed(), Next::Exit(EXIT_DEAD));
    assert_eq!(
        machine.messages(),
        ["s:1: /A/ was not typed, and the processor is in the state \"disabled wait\", PSW 000A000000000000"]
    );
    let mut machine = Machine::new("wait disabled within 5s\nwait stopped\n");
    let next = machine.proceed();
    machine.waits(&next);
    operator::obey(&mut machine.system, "alter psw 000A000000000000").expect("a PSW");
    let next = machine.proceed();
    machine.waits(&next);
    operator::obey(&mut machine.system, "stop").expect("stopped");
    assert_eq!(machine.proceed(), Next::Exit(0));
}

#[test]
fn commands_that_are_not_obeyed_end_the_run() {
    let mut machine = Machine::new("display g0\nipl 00c\nsay not reached");
    assert_eq!(machine.proceed(), Next::Exit(EXIT_FAILURE));
    assert_eq!(machine.messages(), ["GR  0  00000000", "s:2: IPL: there is no device 00C"]);
    let mut machine = Machine::new("forget /x/");
    assert_eq!(machine.proceed(), Next::Exit(EXIT_FAILURE));
}

#[test]
fn lines_are_typed_on_the_console() {
    let mut machine = Machine::new("send \"\"\nsend hello there\nreply never\n");
    let next = machine.proceed();
    machine.waits(&next);
    let typewriter = machine.system.bare.channels.device::<devices::console::typewriter::Typewriter>(0x1F);
    let typewriter = typewriter.expect("a console");
    assert!(!typewriter.is_proceed());
    assert_eq!(machine.later(61), Next::Exit(EXIT_TIMEOUT));
    assert_eq!(machine.messages(), ["s:3: time-out: the console did not wait for a line within 60 s"]);
}

#[test]
fn transcripts_have_what_was_typed() {
    let file = Temporary(std::env::temp_dir().join(format!("cambridge-script-{}", std::process::id())));
    let mut machine = Machine::new(&format!("transcript {}\nwait /B/\n", file.0.display()));
    machine.proceed();
    machine.typed("A\n");
    assert_eq!(machine.typed("B\nC"), Next::Exit(0));
    assert_eq!(std::fs::read_to_string(&file.0).expect("a transcript"), "A\nB\nC");
    let mut machine = Machine::new("transcript /nonexistent/t\n");
    assert_eq!(machine.proceed(), Next::Exit(EXIT_FAILURE));
}

#[test]
fn pauses_pass_and_stay_hands_over() {
    let mut machine = Machine::new("pause 2s\nstay\nexit 5");
    let next = machine.proceed();
    machine.waits(&next);
    assert_eq!(machine.later(2), Next::Stay);
}
