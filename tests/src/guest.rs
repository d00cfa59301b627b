//! Virtual machines without anybody before them: a configuration's devices, a dialogue with the console typewriter.

use std::{
    collections::VecDeque,
    fs,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use cambridge::{
    attachment::{self, Adapters},
    configuration::{Configuration, variables::Variables},
    workshop::Thread,
};
use cp::{
    dispatch::Wake,
    dispatcher::{InstructionTime, Meter, Work},
    real::{Owner, RealStorage},
    system::{RealProcessor, System},
    user::{Mode, Said, User},
    vm::{Definition, TablePool, Timer, VirtualMachine},
};
use devices::{
    console::typewriter::Typewriter,
    media::deck::{Deck, Reading},
    unit_record::reader::Reader,
};
use regex::Regex;
use s370_cpu::{
    processor::{Engine, Processor},
    state::{CpuState, Model},
};

/// The TOD clock when a guest begins: some day in 1986.
const TOD: u64 = ((86 * 365 + 100) * 86_400 * 1_000_000) << 12;

/// A real machine: storage, and one processor.
pub struct Real {
    /// Its storage.
    pub storage: Arc<RealStorage>,
    /// Its shadow tables that nobody has.
    pub pool: Arc<TablePool>,
    /// Its processor.
    pub processor: Processor,
    machines: u32,
}

impl Real {
    /// A machine with so many bytes of storage.
    #[must_use]
    pub fn new(size: u64, engine: Engine) -> Real {
        let storage = Arc::new(RealStorage::new(size).expect("storage"));
        let mut model = Model::default();
        model.interval_timer = false;
        model.extended_real_addressing = true;
        let mut processor = Processor::new(CpuState::new(model), Arc::clone(storage.storage()));
        if engine == Engine::Translator {
            processor.translator_mut().employ(Box::new(Thread::default()));
        }
        Real { pool: Arc::new(TablePool::new(Arc::clone(&storage))), storage, processor, machines: 0 }
    }

    /// A virtual machine on it.
    pub fn machine(&mut self, size: u32, model: Model, timer: Timer) -> VirtualMachine {
        self.machines += 1;
        let mut user = [0x40; 8];
        user[0] = 0xE4;
        let definition = Definition { user, storage: size, model, timer };
        VirtualMachine::new(Owner(self.machines), &definition, &self.storage, &self.pool).expect("a virtual machine")
    }
}

/// What is typed when the machine has typed something.
pub struct Answer {
    /// What it must have typed since the last answer.
    pub when: Regex,
    /// The line, if one is to be typed; `$1` is the pattern's first group.
    pub line: Option<String>,
    /// A deck that is loaded into the reader at 00C before that.
    pub deck: Option<Vec<u8>>,
}

impl Answer {
    /// Waits for something, and types a line.
    #[must_use]
    pub fn new(when: &str, line: Option<&str>) -> Answer {
        Answer { when: Regex::new(when).expect("a pattern"), line: line.map(str::to_owned), deck: None }
    }
}

/// A system with one real processor, in deterministic time.
pub struct Site {
    /// The system.
    pub system: System,
    /// Its processor.
    pub here: RealProcessor,
    meter: InstructionTime,
}

impl Site {
    /// A system with so many bytes of real storage.
    #[must_use]
    pub fn new(storage: u64) -> Site {
        let system = System::new(storage, 1).expect("a system");
        let here = system.processor(0);
        Site { system, here, meter: InstructionTime::default() }
    }

    /// A guest's machine has something to do.
    pub fn ready(&self, guest: &Guest) {
        self.system.ready(guest.owner, Wake::Other, self.meter.now());
    }

    /// Runs everyone until all dialogues are over, nobody has anything to do, or so many instructions were executed.
    pub fn run(&mut self, guests: &mut [Guest], limit: u64) -> Ended {
        loop {
            let work = self.system.work(&mut self.here, &self.meter);
            for guest in guests.iter_mut() {
                if guest.attend() {
                    self.system.ready(guest.owner, Wake::Terminal, self.meter.now());
                }
            }
            if guests.iter().all(|guest| guest.dialogue.is_empty() && guest.is_patient) {
                return Ended::Dialogue;
            }
            if work == (Work::Idle { until: None }) && !guests.iter().any(|guest| guest.has_answered) {
                return Ended::Idle;
            }
            if self.meter.now() >> 12 > limit {
                return Ended::Limit;
            }
        }
    }
}

/// A user with a console typewriter, and somebody who has learned by heart what to type.
pub struct Guest {
    /// The user.
    pub user: Arc<Mutex<User>>,
    /// Whose machine it is.
    pub owner: Owner,
    /// What the machine and CP typed, and what was typed.
    pub typed: String,
    /// How much of it was answered.
    answered: usize,
    /// What is still to come, in order.
    pub dialogue: VecDeque<Answer>,
    /// What is answered whenever it comes.
    pub always: Vec<Answer>,
    seen: usize,
    /// When its dialogue is over it does not hold the others up.
    pub is_patient: bool,
    has_answered: bool,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The dialogues are over.
    Dialogue,
    /// Nothing more will happen.
    Idle,
    /// It took too long.
    Limit,
}

impl Guest {
    /// A user with the machine of this configuration; it is not started.
    ///
    /// # Panics
    /// There is something wrong with it.
    #[must_use]
    pub fn new(site: &Site, userid: &str, configuration: &Path, variables: &Variables) -> Guest {
        Guest::of(&site.system, userid, configuration, variables)
    }

    /// As [`Guest::new`], of any system.
    ///
    /// # Panics
    /// There is something wrong with it.
    #[must_use]
    pub fn of(system: &System, userid: &str, configuration: &Path, variables: &Variables) -> Guest {
        let configuration = Configuration::load(configuration, variables).unwrap_or_else(|problem| panic!("{problem}"));
        let mut model = Model::default();
        model.cpu_id = configuration.processor.cpu_id();
        let definition =
            Definition { user: [0x40; 8], storage: configuration.storage as u32, model, timer: Timer::Real };
        let console = configuration.console.map_or(0x01F, |address| address.0);
        let user = system.log_on(userid, "G", &definition, console).expect("a user");
        let mut adapters = Adapters::default();
        let owner = {
            let mut user = lock(&user);
            user.mode = Mode::Running;
            user.machine.engine = Engine::Fast;
            user.machine.state.set_tod(TOD);
            for spec in &configuration.devices {
                let built = attachment::build(spec, &mut adapters).unwrap_or_else(|problem| panic!("{problem}"));
                user.machine.channels.attach(spec.address.0, built.device).expect("a free address");
            }
            user.machine.owner
        };
        Guest::with(user, owner)
    }

    /// A user who is there already.
    #[must_use]
    pub fn with(user: Arc<Mutex<User>>, owner: Owner) -> Guest {
        let console = lock(&user).console;
        if let Some(typewriter) = lock(&user).machine.channels.device::<Typewriter>(console) {
            typewriter.connect();
        }
        Guest {
            user,
            owner,
            typed: String::new(),
            answered: 0,
            dialogue: VecDeque::new(),
            always: Vec::new(),
            seen: 0,
            is_patient: true,
            has_answered: false,
        }
    }

    /// The user.
    pub fn lock(&self) -> MutexGuard<'_, User> {
        lock(&self.user)
    }

    /// Loads from a device, and starts.
    ///
    /// # Panics
    /// It does not load.
    pub fn ipl(&mut self, site: &mut Site, address: u16) {
        self.load(&mut site.here.processor, address);
        site.system.ready(self.owner, Wake::Other, site.meter.now());
    }

    /// Loads from a device.
    ///
    /// # Panics
    /// It does not load.
    pub fn load(&mut self, processor: &mut Processor, address: u16) {
        self.lock().machine.ipl(processor, address, false).unwrap_or_else(|error| panic!("{error}"));
    }

    /// Takes what was typed, and answers; says whether there is something new for the machine.
    fn attend(&mut self) -> bool {
        let user = Arc::clone(&self.user);
        let mut user = lock(&user);
        self.attend_to(&mut user)
    }

    /// Takes what was typed, and answers; says whether there is something new for the machine. The user is this guest's.
    pub fn attend_to(&mut self, user: &mut User) -> bool {
        let said = user.take_said();
        let new = !said.is_empty();
        for said in said {
            match said {
                Said::Machine(text) => self.typed.push_str(&text),
                Said::Read(line) => {
                    self.typed.push_str(&line);
                    self.typed.push('\n');
                }
                Said::Cp(line) => {
                    self.typed.push_str(&line);
                    self.typed.push('\n');
                }
            }
        }
        self.has_answered = self.answer(user);
        new || self.has_answered
    }

    /// Answers what there is to answer; says whether there was.
    fn answer(&mut self, user: &mut User) -> bool {
        let mut any = false;
        for index in 0..self.always.len() {
            let text = self.typed[self.seen..].to_owned();
            if let Some(found) = self.always[index].when.captures(&text) {
                let mut line = String::new();
                found.expand(self.always[index].line.as_deref().unwrap_or(""), &mut line);
                self.seen += found.get(0).map_or(0, |whole| whole.end());
                user.enter(&line);
                any = true;
            }
        }
        while let Some(next) = self.dialogue.front() {
            let Some(found) = next.when.find(&self.typed[self.answered..]) else { break };
            self.answered += found.end();
            let Some(next) = self.dialogue.pop_front() else { break };
            if let Some(deck) = next.deck {
                let deck = Deck::read("job", &deck, &Reading::default()).expect("a deck");
                let reader = user.machine.channels.device::<Reader>(0x00C).expect("a reader");
                reader.end_of_file(true);
                reader.load(deck);
                user.machine.touched(0x00C);
            }
            if let Some(line) = next.line {
                user.enter(&line);
            }
            any = true;
        }
        any
    }
}

/// OS/VS1 on a copy of its pack in a folder, not loaded yet, with the dialogue up to the end of its job. The pack is at
/// 150.
///
/// # Panics
/// Its files cannot be read, or copied.
#[must_use]
pub fn os_vs1(system: &System, userid: &str, images: &Path, folder: &Path) -> Guest {
    let pack = folder.join("dliba1.cckd");
    fs::write(&pack, fs::read(images.join("osvs1/dliba1.150.cckd")).expect("the pack")).expect("a copy");
    let text = |path: &Path| path.display().to_string();
    let variables = Variables::of([("PACK", &text(&pack)), ("OUT", &text(folder))]);
    let configuration = Path::new(env!("CARGO_MANIFEST_DIR")).join("history/osvs1.toml");
    let mut guest = Guest::of(system, userid, &configuration, &variables);
    guest.always.push(Answer::new(r"(?m)^\*(\d\d) IEC107D", Some("r $1,u")));
    let answers = [
        ("IEA760A", Some("")),
        ("IEA101A", Some("r 00,'auto=starter,page=(v=dliba1,blk=4096),q=(,f)'")),
        ("IEA135A", Some("")),
        ("REQUIRES FORMATTING", Some("r 00,'formatv'")),
        ("INITIALIZATION COMPLETED", None),
        ("PARTITION WAITING FOR WORK", Some("startf ,00e")),
        ("00E WTR WAITING FOR WORK", Some("startf ,00c")),
        (r"IEF404I ASMT +ENDED", None),
        (r"(?s)WTR WAITING FOR WORK.*PARTITION WAITING|PARTITION WAITING.*WTR WAITING FOR WORK", None),
    ];
    guest.dialogue = answers.into_iter().map(|(when, line)| Answer::new(when, line)).collect();
    guest.dialogue[6].deck = Some(fs::read(images.join("osvs1/assemble-link-go.jcl")).expect("a job"));
    guest
}

fn lock(user: &Arc<Mutex<User>>) -> MutexGuard<'_, User> {
    user.lock().unwrap_or_else(PoisonError::into_inner)
}
