//! Virtual machines without anybody before them: a configuration's devices, a dialogue with the console typewriter.

use std::{collections::VecDeque, path::Path, sync::Arc};

use cambridge::{
    attachment::{self, Adapters},
    configuration::{Configuration, variables::Variables},
    workshop::Thread,
};
use cp::{
    real::{Owner, RealStorage},
    vm::{Definition, Stop, TablePool, Timer, VirtualMachine},
};
use devices::{
    console::typewriter::{Output, Typewriter},
    media::deck::{Deck, Reading},
    unit_record::reader::Reader,
};
use regex::Regex;
use s370_arch::ebcdic;
use s370_cpu::{
    processor::{Engine, Processor},
    state::{CpuState, Model},
};

/// The TOD clock when a guest begins: some day in 1986.
const TOD: u64 = (86 * 365 + 100) * 86_400 * 1_000_000 << 12;

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

/// A virtual machine with a console typewriter, and somebody who has learned by heart what to type.
pub struct Guest {
    /// The machine.
    pub machine: VirtualMachine,
    console: u16,
    /// What it typed, and what was typed on it.
    pub typed: String,
    /// How much of it was answered.
    answered: usize,
    /// What is still to come, in order.
    pub dialogue: VecDeque<Answer>,
    /// What is answered whenever it comes.
    pub always: Vec<Answer>,
    seen: usize,
}

/// How a guest's run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The dialogue is over.
    Dialogue,
    /// The machine came back with something that is not for the harness.
    Stop(Stop),
    /// It took too long.
    Limit,
}

impl Guest {
    /// A machine of this configuration.
    ///
    /// # Panics
    /// There is something wrong with it.
    #[must_use]
    pub fn new(real: &mut Real, configuration: &Path, variables: &Variables, engine: Engine) -> Guest {
        let configuration = Configuration::load(configuration, variables).unwrap_or_else(|problem| panic!("{problem}"));
        let mut model = Model::default();
        model.cpu_id = configuration.processor.cpu_id();
        let mut machine = real.machine(configuration.storage as u32, model, Timer::Real);
        machine.engine = engine;
        machine.state.set_tod(TOD);
        let mut adapters = Adapters::default();
        for spec in &configuration.devices {
            let built = attachment::build(spec, &mut adapters).unwrap_or_else(|problem| panic!("{problem}"));
            machine.channels.attach(spec.address.0, built.device).expect("a free address");
        }
        let console = configuration.console.map_or(0x01F, |address| address.0);
        if let Some(typewriter) = machine.channels.device::<Typewriter>(console) {
            typewriter.connect();
        }
        Guest {
            machine,
            console,
            typed: String::new(),
            answered: 0,
            dialogue: VecDeque::new(),
            always: Vec::new(),
            seen: 0,
        }
    }

    /// Runs it for a turn of about so many instructions. None if it can go on.
    pub fn turn(&mut self, processor: &mut Processor, budget: u64) -> Option<Ended> {
        let stop = self.machine.run(processor, budget);
        self.listen();
        if self.answer() && self.dialogue.is_empty() {
            return Some(Ended::Dialogue);
        }
        match stop {
            Stop::Slice | Stop::Diagnose(_) => None,
            Stop::Wait { until: u64::MAX } => {
                let waits_for_us = self.dialogue.is_empty() || self.quiet_for_ever();
                waits_for_us.then_some(Ended::Stop(stop))
            }
            Stop::Wait { until } => {
                self.machine.sleep_until(until);
                None
            }
            other => Some(Ended::Stop(other)),
        }
    }

    /// Nothing that was typed just now can end the wait.
    fn quiet_for_ever(&mut self) -> bool {
        matches!(self.machine.wakes_at(), u64::MAX)
    }

    /// Runs it to the end of the dialogue, or for so many instructions.
    pub fn run(&mut self, processor: &mut Processor, limit: u64) -> Ended {
        while self.machine.instructions() < limit {
            if let Some(ended) = self.turn(processor, 50_000) {
                return ended;
            }
        }
        Ended::Limit
    }

    /// Takes what was typed.
    fn listen(&mut self) {
        let Some(typewriter) = self.machine.channels.device::<Typewriter>(self.console) else { return };
        let output = typewriter.take_output();
        if output.is_empty() {
            return;
        }
        for output in output {
            match output {
                Output::Typed(codes) | Output::Read(codes) => {
                    self.typed.extend(codes.iter().map(|&code| match code {
                        0x15 | 0x0D => '\n',
                        code => ebcdic::to_char(code),
                    }));
                }
                Output::CarrierReturn => self.typed.push('\n'),
                Output::Alarm | Output::Proceed | Output::Lock => {}
            }
        }
        self.machine.touched(self.console);
    }

    /// Answers what there is to answer; says whether there was.
    fn answer(&mut self) -> bool {
        let mut any = false;
        for index in 0..self.always.len() {
            let text = self.typed[self.seen..].to_owned();
            if let Some(found) = self.always[index].when.captures(&text) {
                let mut line = String::new();
                found.expand(self.always[index].line.as_deref().unwrap_or(""), &mut line);
                self.seen += found.get(0).map_or(0, |whole| whole.end());
                self.enter(&line);
                any = true;
            }
        }
        while let Some(next) = self.dialogue.front() {
            let Some(found) = next.when.find(&self.typed[self.answered..]) else { break };
            self.answered += found.end();
            let Some(next) = self.dialogue.pop_front() else { break };
            if let Some(deck) = next.deck {
                let deck = Deck::read("job", &deck, &Reading::default()).expect("a deck");
                let reader = self.machine.channels.device::<Reader>(0x00C).expect("a reader");
                reader.end_of_file(true);
                reader.load(deck);
                self.machine.touched(0x00C);
            }
            if let Some(line) = next.line {
                self.enter(&line);
            }
            any = true;
        }
        any
    }

    fn enter(&mut self, line: &str) {
        let codes = ebcdic::from_text(line);
        if let Some(typewriter) = self.machine.channels.device::<Typewriter>(self.console) {
            typewriter.enter_line(&codes);
        }
        self.machine.touched(self.console);
    }
}
