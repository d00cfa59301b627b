//! Guests that attack: machines made by chance to harm CP and their neighbours, and what must stay as it is meanwhile
//! (DESIGN.md, section 1: "A guest can cause an interruption or an exit, never a panic … or an access outside its own
//! storage").
//!
//! A [`Case`] is a system with little real storage, three attackers (EVE0 to EVE2), a [victim](witness::Victim) that
//! knows all its contents, a machine that computes (SIEVE), one that logs off half-way (GHOST), and an operator who
//! issues commands between turns. Every some turns an attacker gets another [program].

pub mod alone;
pub mod devices;
pub mod program;
pub mod witness;

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use ::devices::dasd::shared::SharedPack;
use cp::{
    command,
    dispatch::Wake,
    dispatcher::{InstructionTime, Meter, Work},
    real::{GuestStorage, NamedSystem, Owner, SavedPage},
    system::{Cp, RealProcessor, System},
    user::{Mode, User, padded},
    vm::{Counts, Definition, Stop, Timer},
};
use s370_arch::psw::Psw;
use s370_cpu::{
    processor::Engine,
    state::{MICROSECOND, Model, RunState},
    storage::AbsoluteStorage,
};

use self::{
    devices::Pack,
    program::{Maker, SHARED, SPAN},
    witness::{Victim, lock},
};
use crate::random::Rng;

/// Attackers in a case.
const ATTACKERS: u32 = 3;
/// Turns in a case.
const TURNS: u32 = 400;

/// How long things took: the host's processor time.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// Turns of the dispatcher.
    pub turns: Vec<Duration>,
    /// Commands of the operator.
    pub commands: Vec<Duration>,
    /// Instructions that attackers executed.
    pub instructions: u64,
    /// Programs that they were given.
    pub programs: u64,
    /// What they did besides.
    pub deeds: Deeds,
    /// The longest turn, and what attackers had done before and after it.
    pub slowest: (Duration, String),
}

/// What attackers did: whoever does nothing harms nobody.
#[derive(Clone, Copy, Debug, Default)]
pub struct Deeds {
    /// Interruptions taken.
    pub interruptions: u64,
    /// Missing translations.
    pub faults: u64,
    /// Channel programs started, and commands in them.
    pub operations: u64,
    /// Commands in channel programs.
    pub commands: u64,
    /// Turns at whose end translation was on.
    pub translated: u64,
    /// Turns at whose end a prefix was set.
    pub prefixed: u64,
    /// Pages brought in from the page area.
    pub paged_in: u64,
}

impl Figures {
    /// Takes another case's in.
    pub fn add(&mut self, other: Figures) {
        self.turns.extend(other.turns);
        self.commands.extend(other.commands);
        self.instructions += other.instructions;
        self.programs += other.programs;
        if other.slowest.0 > self.slowest.0 {
            self.slowest = other.slowest;
        }
        let (deeds, more) = (&mut self.deeds, other.deeds);
        deeds.interruptions += more.interruptions;
        deeds.faults += more.faults;
        deeds.operations += more.operations;
        deeds.commands += more.commands;
        deeds.translated += more.translated;
        deeds.prefixed += more.prefixed;
        deeds.paged_in += more.paged_in;
    }
}

/// The time that so many of 1000 do not exceed.
#[must_use]
pub fn of_thousand(times: &mut [Duration], part: usize) -> Duration {
    times.sort_unstable();
    times.get((times.len() * part / 1000).min(times.len().saturating_sub(1))).copied().unwrap_or_default()
}

/// Processor time that this thread has used: the host's other work is not to blame.
fn processor_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.cast_unsigned(), time.tv_nsec as u32)
}

/// The host's clock.
#[derive(Clone, Copy)]
struct HostTime(Instant);

impl Meter for HostTime {
    fn now(&self) -> u64 {
        (self.0.elapsed().as_nanos() as u64).saturating_mul(MICROSECOND) / 1000
    }

    fn executed(&self, _: u64) {}

    fn is_deterministic(&self) -> bool {
        false
    }
}

/// Says that it is over when it goes.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// One system with its attackers.
pub struct Case {
    rng: Rng,
    system: Arc<System>,
    here: RealProcessor,
    /// A second processor, on a thread of its own, and its clock; only with the host's clock.
    second: Option<(RealProcessor, HostTime)>,
    meter: Box<dyn Meter>,
    attackers: Vec<Arc<Mutex<User>>>,
    victim: Victim,
    ghost: Option<Owner>,
    sieve: Arc<Mutex<User>>,
    operator: Arc<Mutex<User>>,
    pack: Pack,
    /// What the tracks of nobody were.
    tracks: Vec<Vec<u8>>,
    /// What must not be found anywhere.
    secrets: [u64; 2],
    figures: Figures,
    /// How many turns lie between two looks at the victim's storage.
    looks: u32,
    /// Whether attackers' lines are fetched.
    listens: bool,
}

impl Case {
    /// The case of a seed.
    ///
    /// # Panics
    /// The system cannot be had: an error of the generator.
    #[must_use]
    pub fn new(seed: u64) -> Case {
        let mut rng = Rng::new(seed);
        let real = u64::from(rng.pick(&[2_u32, 2, 3, 8])) << 20;
        let clock = rng.chance(25).then(|| HostTime(Instant::now()));
        let processors = if clock.is_some() && seed.is_multiple_of(2) { 2 } else { 1 };
        let system = Arc::new(System::new(real, processors).expect("a system"));
        let here = system.processor(0);
        let second = clock.filter(|_| processors == 2).map(|clock| (system.processor(1), clock));
        let meter: Box<dyn Meter> = match clock {
            Some(clock) => Box::new(clock),
            None => Box::new(InstructionTime::default()),
        };
        let secrets = [rng.u64() | 1, rng.u64() | 1];
        let shared: Vec<u8> = (0..0x1_0000).map(|_| rng.u32() as u8).collect();
        system.real.define_system(named_system(&mut rng, &shared)).expect("a system");
        let pack = Pack::new(ATTACKERS, &witness::full_of(secrets[0], 512));
        let tracks = pack.others(ATTACKERS);
        let drives = SharedPack::new(Box::new(pack.clone()));
        let attackers = (0..ATTACKERS).map(|number| attacker(&mut rng, &system, &drives, number)).collect();
        let victim = log_on(&system, "VICTIM", "G", witness::SIZE, Timer::Off);
        let victim = Victim::new(victim, &mut rng, secrets[0], Some(&shared));
        let ghost = log_on(&system, "GHOST", "G", witness::SIZE, Timer::Off);
        let ghost = Victim::new(ghost, &mut rng, secrets[1], None);
        let sieve = log_on(&system, "SIEVE", "G", 16 << 20, Timer::Real);
        {
            let mut user = lock(&sieve);
            user.machine.storage.store(0, &witness::sieve().0);
            user.machine.state.restart = true;
            user.mode = Mode::Running;
        }
        let operator = log_on(&system, "OPERATOR", "ABCDEFG", 1 << 20, Timer::On);
        for owner in [victim.owner, ghost.owner, lock(&sieve).machine.owner] {
            system.ready(owner, Wake::Other, 0);
        }
        let looks = rng.pick(&[1, 5, 100]);
        let listens = rng.chance(70);
        Case {
            rng,
            system,
            here,
            second,
            meter,
            attackers,
            victim,
            ghost: Some(ghost.owner),
            sieve,
            operator,
            pack,
            tracks,
            secrets,
            figures: Figures::default(),
            looks,
            listens,
        }
    }

    /// Lets them attack. `turn` is told the number of each turn before it is given.
    ///
    /// # Errors
    /// What has changed that must not.
    pub fn run(mut self, turn: impl Fn(u32)) -> Result<Figures, String> {
        let (second, system, over) = (self.second.take(), Arc::clone(&self.system), AtomicBool::new(false));
        let is_alone = second.is_none();
        thread::scope(|scope| {
            if let Some((mut there, meter)) = second {
                let (system, over) = (&system, &over);
                scope.spawn(move || {
                    while !over.load(Ordering::Relaxed) {
                        if system.work(&mut there, &meter) != Work::Done {
                            thread::yield_now();
                        }
                    }
                });
            }
            // Also when there is a panic: the other thread must not go on without end.
            let _over = Over(&over);
            self.attack(&turn, is_alone)
        })?;
        turn(TURNS);
        self.look()
    }

    fn attack(&mut self, turn: &impl Fn(u32), is_alone: bool) -> Result<(), String> {
        for number in 0..TURNS {
            turn(number);
            self.arm();
            let before = self.counts();
            let begin = processor_time();
            let work = self.system.work(&mut self.here, &*self.meter);
            let took = processor_time() - begin;
            self.figures.turns.push(took);
            if took > self.figures.slowest.0 {
                self.figures.slowest = (took, format!("turn {number}: {before:?}, then {:?}", self.counts()));
            }
            self.victim.check(number % self.looks == 0).map_err(|what| format!("turn {number}: {what}"))?;
            if number % 8 == 0 {
                self.command();
            }
            if number == TURNS / 2
                && let Some(owner) = self.ghost.take()
            {
                self.system.log_off(owner);
            }
            for user in &self.attackers {
                let mut user = lock(user);
                let state = &user.machine.state;
                self.figures.deeds.translated += u64::from(state.psw.translation());
                self.figures.deeds.prefixed += u64::from(state.prefix != 0);
                if self.listens {
                    user.take_said();
                }
            }
            if let (Work::Idle { .. }, true) = (work, is_alone) {
                return Err(format!("turn {number}: nobody runs, not even the victim"));
            }
        }
        Ok(())
    }

    fn counts(&self) -> Vec<Counts> {
        self.attackers.iter().map(|user| lock(user).machine.counts).collect()
    }

    /// Gives attackers who have stopped, or have had long enough, another program.
    fn arm(&mut self) {
        for user in &self.attackers {
            let mut user = lock(user);
            let is_over = user.mode == Mode::CpRead || user.machine.state.run_state != RunState::Operating;
            let waits = user.machine.state.psw.wait;
            if self.rng.chance(if is_over {
                50
            } else if waits {
                10
            } else {
                3
            }) {
                self.figures.programs += 1;
                give_program(&mut self.rng, &mut user, &mut self.here);
            }
            self.system.ready(user.machine.owner, Wake::Other, self.meter.now());
        }
    }

    /// The operator asks for something.
    fn command(&mut self) {
        const LINES: [&str; 8] = [
            "QUERY TIME",
            "QUERY USERS",
            "QUERY VIRTUAL ALL",
            "INDICATE LOAD",
            "INDICATE USER",
            "DISPLAY G",
            "QUERY SET",
            "DISPLAY 0-100",
        ];
        let line = self.rng.pick(&LINES);
        let mut user = lock(&self.operator);
        let begin = processor_time();
        let mut cp = Cp { system: &self.system, user: &mut user, processor: &mut self.here.processor };
        let _ = command::execute(&mut cp, line);
        self.figures.commands.push(processor_time() - begin);
    }

    /// Looks at everything that is left.
    fn look(mut self) -> Result<Figures, String> {
        self.victim.check(true)?;
        if self.pack.others(ATTACKERS) != self.tracks {
            return Err("tracks outside the minidisks have changed".to_owned());
        }
        for (number, user) in self.attackers.clone().iter().enumerate() {
            let user = lock(user);
            self.count(&user);
            search(&user.machine.storage, &self.secrets).map_err(|what| format!("EVE{number} has {what}"))?;
        }
        self.check_real()?;
        let owners: Vec<Owner> = self.attackers.iter().map(|user| lock(user).machine.owner).collect();
        self.attackers.clear();
        for owner in owners {
            self.system.log_off(owner);
        }
        self.check_real()?;
        self.finish_sieve()?;
        Ok(self.figures)
    }

    fn count(&mut self, user: &User) {
        let (machine, deeds) = (&user.machine, &mut self.figures.deeds);
        self.figures.instructions += machine.instructions();
        deeds.interruptions += machine.counts.interruptions;
        deeds.faults += machine.counts.faults;
        for (_, channel) in machine.channels.activity() {
            deeds.operations += channel.operations;
            deeds.commands += channel.commands;
        }
        deeds.paged_in += self.system.real.paging(machine.owner).reads;
    }

    /// Whether CP's tables of real storage agree with each other.
    fn check_real(&self) -> Result<(), String> {
        let users = self.system.everyone();
        let users: Vec<_> = users.iter().map(lock).collect();
        let storages: Vec<&GuestStorage> = users.iter().map(|user| &user.machine.storage).collect();
        self.system.real.check(&storages)
    }

    /// What was being computed all the time must come out as on the bare machine.
    fn finish_sieve(&mut self) -> Result<(), String> {
        let wanted = &witness::sieve().1;
        for _ in 0..10_000 {
            if lock(&self.sieve).mode == Mode::CpRead {
                break;
            }
            self.system.work(&mut self.here, &*self.meter);
        }
        let user = lock(&self.sieve);
        let state = &user.machine.state;
        let is_same = (state.psw, state.gr, state.fpr) == (wanted.psw, wanted.gr, wanted.fpr);
        if is_same && user.last_stop == Some(Stop::DisabledWait) && user.machine.instructions() == wanted.instructions {
            return Ok(());
        }
        let instructions = user.machine.instructions();
        Err(format!("the sieve ended with {state:X?} after {instructions} instructions, not as {wanted:X?}"))
    }
}

/// A system of which a segment is shared, with two more pages.
fn named_system(rng: &mut Rng, shared: &[u8]) -> NamedSystem {
    let mut pages: Vec<SavedPage> = [0xEF2, 0xEF5]
        .map(|number| SavedPage { number, keys: [0, 0x10], contents: Box::new([number as u8; 4096]) })
        .into_iter()
        .collect();
    for (number, contents) in (SHARED / 4096..).zip(shared.as_chunks::<4096>().0) {
        pages.push(SavedPage { number, keys: [rng.u32() as u8 & 0xF0; 2], contents: Box::new(*contents) });
    }
    let status = cp::systems::Status { psw: SHARED.into(), gr: [7; 16], fpr: [7; 4], cr: [0; 16] };
    NamedSystem { name: "SHARED".to_owned(), shared: vec![SHARED >> 16], pages, status: status.emit() }
}

fn log_on(system: &System, userid: &str, classes: &str, storage: u32, timer: Timer) -> Arc<Mutex<User>> {
    let definition = Definition { user: padded(userid), storage, model: Model::default(), timer };
    let user = system.log_on(userid, classes, &definition, 0x009).expect("a user");
    lock(&user).machine.engine = Engine::Fast;
    user
}

fn attacker(rng: &mut Rng, system: &System, pack: &SharedPack, number: u32) -> Arc<Mutex<User>> {
    let size = rng.pick(&[SPAN, SPAN, 2 * SPAN, 4 * SPAN, 16 * SPAN, 256 * SPAN, 256 * SPAN]);
    let timer = rng.pick(&[Timer::Off, Timer::On, Timer::Real]);
    let user = log_on(system, &format!("EVE{number}"), "G", size, timer);
    devices::attach(&mut lock(&user).machine, pack, number);
    lock(&user).machine.engine = rng.pick(&[Engine::Fast, Engine::Fast, Engine::Slow, Engine::Translator]);
    user
}

/// Puts a program into a machine in whatever state that is, and starts it.
fn give_program(rng: &mut Rng, user: &mut User, here: &mut RealProcessor) {
    let machine = &mut user.machine;
    let size = machine.pages() * 4096;
    let program = Maker::new(rng, size.max(SPAN)).program();
    if machine.is_check_stopped() || rng.chance(50) {
        machine.reset_to_wait(&mut here.processor, false);
    }
    machine.storage.store(0, &program.storage[..program.storage.len().min(size as usize)]);
    if rng.chance(50) {
        for (number, value) in program.cr.into_iter().enumerate() {
            machine.set_control_register(number, value);
        }
    }
    machine.set_psw(Psw::parse(program.psw));
    machine.start();
    user.mode = Mode::Running;
}

/// Looks for secrets in a machine's storage.
fn search(storage: &GuestStorage, secrets: &[u64]) -> Result<(), String> {
    let mut bytes = vec![0; storage.size() as usize];
    storage.read(0, &mut bytes);
    for secret in secrets {
        let pattern = secret.to_be_bytes();
        let found = bytes.iter().enumerate().filter(|(_, byte)| **byte == pattern[0]);
        if let Some((at, _)) = found.into_iter().find(|(at, _)| bytes[*at..].starts_with(&pattern)) {
            return Err(format!("a secret at {at:X}"));
        }
    }
    Ok(())
}
