//! Virtual machines that compute, wait and are woken, on processors that obey the scheduler; time is simulated.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap},
};

use cp::{
    dispatch::{MICROSECOND, Rouse, SECOND, Scheduler, Tuning, TurnEnd, Wake},
    real::Owner,
};

/// When a simulation begins: in 1979.
pub const START: u64 = 0x8F00_0000_0000_0000;

/// What a machine does.
#[derive(Clone, Copy, Debug)]
pub struct Behaviour {
    /// Processor time until it waits; `u64::MAX`: it never does.
    pub burst: u64,
    /// The wait: as long as this, and at random up to as long again.
    pub wait: u64,
    /// How its turn ends then.
    pub end: TurnEnd,
    /// What wakes it.
    pub wake: Wake,
}

impl Behaviour {
    pub const COMPUTE: Behaviour = Behaviour { burst: u64::MAX, wait: 0, end: TurnEnd::Wait, wake: Wake::Other };

    /// Short work at a terminal.
    pub fn interactive(burst: u64, wait: u64) -> Behaviour {
        Behaviour { burst, wait, end: TurnEnd::Wait, wake: Wake::Terminal }
    }

    /// Work with a disk.
    pub fn disk(burst: u64, wait: u64) -> Behaviour {
        Behaviour { burst, wait, end: TurnEnd::IoWait, wake: Wake::Io }
    }
}

/// A machine and what was seen of it.
#[derive(Clone, Debug)]
pub struct Machine {
    pub behaviour: Behaviour,
    pub used: u64,
    /// Longest time between being woken and running.
    pub longest_wait: u64,
    /// Longest time between turns, while it could run.
    pub longest_gap: u64,
    pub bursts: u64,
    left: u64,
    woken: Option<u64>,
    ready_since: Option<u64>,
    random: u64,
}

#[derive(Clone, Copy, Debug)]
struct Running {
    owner: Owner,
    began: u64,
    generation: u64,
    used: u64,
    end: TurnEnd,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    TurnEnds(u16, u64),
    Wakes(Owner),
    Tick,
}

/// Everything together.
pub struct Simulation {
    pub scheduler: Scheduler,
    pub machines: BTreeMap<Owner, Machine>,
    pub now: u64,
    /// Whether processors obey [`Rouse::Preempt`].
    pub preempts: bool,
    /// What it costs to begin a turn.
    pub switch: u64,
    pub turns: u64,
    /// Every pick, folded into one number.
    pub trace: u64,
    /// Called after every event.
    pub check: fn(&Scheduler),
    running: Vec<Option<Running>>,
    events: BinaryHeap<Reverse<(u64, u64, Event)>>,
    sequence: u64,
    ticks: BTreeSet<u64>,
}

impl Simulation {
    pub fn new(processors: u16) -> Simulation {
        Simulation::with(Tuning::new(processors))
    }

    pub fn with(tuning: Tuning) -> Simulation {
        let mut simulation = Simulation {
            scheduler: Scheduler::new(tuning),
            machines: BTreeMap::new(),
            now: START,
            preempts: true,
            switch: MICROSECOND,
            turns: 0,
            trace: 0,
            check: |_| {},
            running: vec![None; usize::from(tuning.processors)],
            events: BinaryHeap::new(),
            sequence: 0,
            ticks: BTreeSet::new(),
        };
        for processor in 0..tuning.processors {
            simulation.pick(processor);
        }
        simulation
    }

    /// Logs a machine on, which then begins with a burst.
    pub fn add(&mut self, priority: u8, behaviour: Behaviour) -> Owner {
        let owner = Owner(self.machines.len() as u32);
        self.scheduler.enter(owner, priority);
        let machine = Machine {
            behaviour,
            used: 0,
            longest_wait: 0,
            longest_gap: 0,
            bursts: 0,
            left: behaviour.burst,
            woken: None,
            ready_since: None,
            random: 0x9E37_79B9_7F4A_7C15 ^ u64::from(owner.0),
        };
        self.machines.insert(owner, machine);
        self.post(self.now, Event::Wakes(owner));
        owner
    }

    /// Logs a number of machines on that do the same.
    pub fn add_many(&mut self, count: usize, priority: u8, behaviour: Behaviour) -> Vec<Owner> {
        (0..count).map(|_| self.add(priority, behaviour)).collect()
    }

    /// Runs for a time.
    pub fn run(&mut self, time: u64) {
        let end = self.now + time;
        while let Some(&Reverse((at, _, event))) = self.events.peek()
            && at <= end
        {
            self.events.pop();
            self.now = at;
            self.happen(event);
            self.serve();
            (self.check)(&self.scheduler);
        }
        self.now = end;
    }

    /// The processor time of a machine since the last [`Simulation::forget`], as a part of `time`.
    pub fn share(&self, owner: Owner, time: u64) -> f64 {
        self.machines[&owner].used as f64 / time as f64
    }

    /// Begins to measure anew.
    pub fn forget(&mut self) {
        self.turns = 0;
        for machine in self.machines.values_mut() {
            (machine.used, machine.longest_wait, machine.longest_gap, machine.bursts) = (0, 0, 0, 0);
        }
    }

    fn post(&mut self, at: u64, event: Event) {
        self.sequence += 1;
        self.events.push(Reverse((at, self.sequence, event)));
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::TurnEnds(processor, generation) => {
                if let Some(running) = self.running[usize::from(processor)]
                    && running.generation == generation
                {
                    self.end(processor, running.used, running.end);
                }
            }
            Event::Wakes(owner) => {
                let machine = self.machines.get_mut(&owner).unwrap();
                machine.woken = Some(self.now);
                machine.ready_since = Some(self.now);
                let why = machine.behaviour.wake;
                self.scheduler.ready(owner, why, self.now);
            }
            Event::Tick => {
                self.ticks.remove(&self.now);
                self.scheduler.tick(self.now);
            }
        }
    }

    fn serve(&mut self) {
        while let Some(rouse) = self.scheduler.rouse() {
            match rouse {
                Rouse::Idle(processor) => {
                    assert!(self.running[usize::from(processor)].is_none(), "roused while it runs");
                    assert!(self.pick(processor), "roused for nothing");
                }
                Rouse::Preempt(processor) if self.preempts => {
                    let running = self.running[usize::from(processor)].expect("nothing to preempt");
                    let used = self.now.saturating_sub(running.began).min(running.used);
                    self.end(processor, used, TurnEnd::Preempted);
                }
                Rouse::Preempt(_) => {}
            }
        }
        if let Some(at) = self.scheduler.next_event()
            && !self.ticks.contains(&at)
        {
            assert!(at > self.now, "an event that fell due is still there");
            self.ticks.insert(at);
            self.post(at, Event::Tick);
        }
    }

    fn pick(&mut self, processor: u16) -> bool {
        let Some(turn) = self.scheduler.pick(processor, self.now) else { return false };
        self.trace = (self.trace.rotate_left(5) ^ self.now ^ u64::from(turn.owner.0)).wrapping_mul(0x0100_0000_01B3);
        self.turns += 1;
        self.sequence += 1;
        let is_twice = self.running.iter().flatten().any(|running| running.owner == turn.owner);
        assert!(!is_twice, "{:?} runs twice", turn.owner);
        let machine = self.machines.get_mut(&turn.owner).unwrap();
        if let Some(woken) = machine.woken.take() {
            machine.longest_wait = machine.longest_wait.max(self.now - woken);
        }
        if let Some(since) = machine.ready_since.take() {
            machine.longest_gap = machine.longest_gap.max(self.now - since);
        }
        let used = machine.left.min(turn.slice);
        let end = if machine.left <= turn.slice { machine.behaviour.end } else { TurnEnd::SliceUsed };
        let began = self.now + self.switch;
        let running = Running { owner: turn.owner, began, generation: self.sequence, used, end };
        self.running[usize::from(processor)] = Some(running);
        self.post(began + used, Event::TurnEnds(processor, self.sequence));
        true
    }

    fn end(&mut self, processor: u16, used: u64, end: TurnEnd) {
        let running = self.running[usize::from(processor)].take().expect("a turn");
        let machine = self.machines.get_mut(&running.owner).unwrap();
        machine.used += used;
        machine.left = if machine.left == u64::MAX { u64::MAX } else { machine.left - used };
        let mut end = end;
        if machine.left == 0 {
            end = machine.behaviour.end;
            machine.left = machine.behaviour.burst;
            machine.bursts += 1;
            machine.random =
                machine.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let wait = machine.behaviour.wait;
            let at = self.now + wait + (machine.random >> 33) % (wait + 1);
            self.post(at, Event::Wakes(running.owner));
        } else {
            machine.ready_since = Some(self.now);
        }
        self.scheduler.ran(running.owner, used, end, self.now);
        self.pick(processor);
    }
}

/// So many seconds.
pub fn seconds(count: u64) -> u64 {
    count * SECOND
}
