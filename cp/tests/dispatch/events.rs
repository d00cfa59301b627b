//! Any calls in any order: nobody runs twice, nobody is lost, the figures add up.

use std::collections::BTreeMap;

use cp::{
    dispatch::{Activity, Favored, MICROSECOND, MILLISECOND, Place, Rouse, Scheduler, Tuning, TurnEnd, Wake},
    real::Owner,
};
use proptest::prelude::*;

use crate::simulation::START;

const PROCESSORS: u16 = 3;
const MACHINES: u32 = 12;

#[derive(Clone, Debug)]
enum Call {
    Enter(u32, u8),
    Leave(u32),
    Priority(u32, u8),
    Favored(u32, Favored),
    Affinity(u32, Option<u16>),
    WorkingSet(u32, u32),
    Frames(u32),
    Ready(u32, Wake),
    Pick(u16),
    Ran(u16, u64, TurnEnd),
    Tick,
    Wait(u64),
}

fn machine() -> impl Strategy<Value = u32> {
    0..MACHINES
}

fn call() -> impl Strategy<Value = Call> {
    let wake =
        prop_oneof![Just(Wake::Terminal), Just(Wake::Io), Just(Wake::Timer), Just(Wake::Page), Just(Wake::Other)];
    let end = prop_oneof![
        4 => Just(TurnEnd::SliceUsed),
        1 => Just(TurnEnd::Preempted),
        1 => Just(TurnEnd::PageWait),
        1 => Just(TurnEnd::IoWait),
        1 => Just(TurnEnd::Wait),
        1 => Just(TurnEnd::Stopped)
    ];
    let favored = prop_oneof![Just(Favored::Off), Just(Favored::InQueue), (1..=99_u8).prop_map(Favored::Percent)];
    prop_oneof![
        2 => (machine(), any::<u8>()).prop_map(|(n, priority)| Call::Enter(n, priority)),
        1 => machine().prop_map(Call::Leave),
        1 => (machine(), any::<u8>()).prop_map(|(n, priority)| Call::Priority(n, priority)),
        1 => (machine(), favored).prop_map(|(n, favored)| Call::Favored(n, favored)),
        1 => (machine(), proptest::option::of(0..PROCESSORS)).prop_map(|(n, p)| Call::Affinity(n, p)),
        2 => (machine(), 0..600_u32).prop_map(|(n, pages)| Call::WorkingSet(n, pages)),
        1 => (0..2000_u32).prop_map(Call::Frames),
        8 => (machine(), wake).prop_map(|(n, why)| Call::Ready(n, why)),
        8 => (0..PROCESSORS).prop_map(Call::Pick),
        8 => (0..PROCESSORS, 0..20 * MILLISECOND, end).prop_map(|(p, used, end)| Call::Ran(p, used, end)),
        1 => Just(Call::Tick),
        4 => (0..200 * MILLISECOND).prop_map(Call::Wait),
    ]
}

/// What the calls themselves say.
struct Model {
    scheduler: Scheduler,
    now: u64,
    running: [Option<Owner>; PROCESSORS as usize],
    /// The machines that are logged on: whether they have something to do, and their processor time.
    on: BTreeMap<Owner, (bool, u64)>,
    affinity: BTreeMap<Owner, Option<u16>>,
    /// Woken during their turns.
    woken: Vec<Owner>,
    frames: u32,
    used: u64,
    turns: u64,
}

impl Model {
    fn new() -> Model {
        Model {
            scheduler: Scheduler::new(Tuning::new(PROCESSORS)),
            now: START,
            running: [None; PROCESSORS as usize],
            on: BTreeMap::new(),
            affinity: BTreeMap::new(),
            woken: Vec::new(),
            frames: u32::MAX,
            used: 0,
            turns: 0,
        }
    }

    fn is_running(&self, owner: Owner) -> bool {
        self.running.contains(&Some(owner))
    }

    fn call(&mut self, call: &Call) {
        match *call {
            // The number of a machine that has not left yet is not given to another.
            Call::Enter(n, priority) if !self.is_running(Owner(n)) => {
                self.scheduler.enter(Owner(n), priority);
                self.on.entry(Owner(n)).or_insert((false, 0));
                self.affinity.entry(Owner(n)).or_insert(None);
            }
            Call::Enter(..) => {}
            Call::Leave(n) => {
                self.scheduler.leave(Owner(n));
                self.on.remove(&Owner(n));
                self.affinity.remove(&Owner(n));
            }
            Call::Priority(n, priority) => self.scheduler.set_priority(Owner(n), priority),
            Call::Favored(n, favored) => self.scheduler.set_favored(Owner(n), favored),
            Call::Affinity(n, processor) => {
                self.scheduler.set_affinity(Owner(n), processor).unwrap();
                self.affinity.entry(Owner(n)).and_modify(|affinity| *affinity = processor);
            }
            Call::WorkingSet(n, pages) => self.scheduler.working_set(Owner(n), pages),
            Call::Frames(frames) => {
                self.frames = frames;
                self.scheduler.frames(frames);
            }
            Call::Ready(n, why) => {
                self.scheduler.ready(Owner(n), why, self.now);
                let is_running = self.is_running(Owner(n));
                if let Some((busy, _)) = self.on.get_mut(&Owner(n)) {
                    *busy = true;
                    if is_running {
                        self.woken.push(Owner(n));
                    }
                }
            }
            Call::Pick(processor) => self.pick(processor),
            Call::Ran(processor, used, end) => self.ran(processor, used, end),
            Call::Tick => self.scheduler.tick(self.now),
            Call::Wait(time) => self.now += time,
        }
    }

    fn pick(&mut self, processor: u16) {
        let turn = self.scheduler.pick(processor, self.now);
        let place = usize::from(processor);
        if self.running[place].is_some() {
            assert_eq!(turn, None, "a processor has two turns");
            return;
        }
        let Some(turn) = turn else { return };
        assert!(!self.is_running(turn.owner), "{:?} runs twice", turn.owner);
        assert!(self.on[&turn.owner].0, "{:?} has nothing to do", turn.owner);
        assert!(self.affinity[&turn.owner].is_none_or(|only| only == processor), "against its affinity");
        assert!(turn.slice > 0);
        self.running[place] = Some(turn.owner);
        self.turns += 1;
    }

    fn ran(&mut self, processor: u16, used: u64, end: TurnEnd) {
        if self.running[usize::from(processor)].is_some() {
            self.now += used;
        }
        self.report(processor, used, end);
    }

    fn report(&mut self, processor: u16, used: u64, end: TurnEnd) {
        let Some(owner) = self.running[usize::from(processor)].take() else {
            // A report that nobody waits for changes nothing.
            self.scheduler.ran(Owner(MACHINES), used, end, self.now);
            return;
        };
        self.scheduler.ran(owner, used, end, self.now);
        self.used += used;
        let was_woken = self.woken.contains(&owner);
        self.woken.retain(|&woken| woken != owner);
        if let Some((busy, time)) = self.on.get_mut(&owner) {
            *time += used;
            *busy = was_woken || matches!(end, TurnEnd::SliceUsed | TurnEnd::Preempted);
        }
    }

    fn check(&mut self) {
        // Asking for the load is also telling the time: things may move by that.
        let load = self.scheduler.load(self.now);
        let mut counts = (0, 0, 0, 0, 0);
        let mut others = 0;
        for (&owner, &(busy, time)) in &self.on {
            let status = self.scheduler.status(owner).expect("it has not left");
            assert_eq!(status.usage.processor, time);
            let is_waiting = matches!(
                status.place,
                Place::Idle | Place::Queued(_, Activity::PageWait) | Place::Queued(_, Activity::IoWait)
            );
            assert_eq!(busy || self.is_running(owner), !is_waiting, "{owner:?} {status:?}");
            match status.place {
                Place::Idle => {}
                Place::Eligible(cp::dispatch::Queue::One) => counts.2 += 1,
                Place::Eligible(_) => counts.3 += 1,
                Place::Queued(queue, activity) => {
                    let count = if queue == cp::dispatch::Queue::One { &mut counts.0 } else { &mut counts.1 };
                    *count += 1;
                    let runs = matches!(activity, Activity::Running(_));
                    counts.4 += u32::from(runs);
                    others += usize::from(status.favored == Favored::Off && !runs);
                }
            }
        }
        let leaving = self.running.iter().flatten().filter(|owner| !self.on.contains_key(owner)).count();
        if leaving == 0 {
            assert_eq!((load.q1, load.q2, load.e1, load.e2, load.running), counts);
            let (committed, unfavored) = self.scheduler.committed();
            let is_within = committed <= u64::from(self.frames) || unfavored <= 1 || others == 0;
            assert!(is_within, "{committed} of {} for {unfavored}, {others} of which do not run", self.frames);
        }
        assert_eq!((load.processor_time, load.turns), (self.used, self.turns));
        assert_eq!(load.running as usize, self.running.iter().flatten().count());
    }

    /// Lets everything that is ready compute, and counts who gets turns.
    fn drain(&mut self) {
        let mut had: BTreeMap<Owner, u32> = BTreeMap::new();
        // A machine of priority 99 that has had a long turn lets those of priority 1 have hundreds of turns each.
        for _ in 0..40_000 {
            if self.on.iter().all(|(owner, &(busy, _))| busy == had.contains_key(owner)) {
                break;
            }
            for processor in 0..PROCESSORS {
                self.pick(processor);
                if let Some(owner) = self.running[usize::from(processor)] {
                    *had.entry(owner).or_default() += 1;
                }
            }
            // They run at the same time. Those that wait for what never comes give up their frames in time.
            self.now += 2 * MILLISECOND;
            for processor in 0..PROCESSORS {
                self.report(processor, 2 * MILLISECOND, TurnEnd::SliceUsed);
            }
        }
        for (owner, &(busy, _)) in &self.on {
            assert_eq!(busy, had.contains_key(owner), "{owner:?}: {:?}", self.scheduler.status(*owner));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, rng_seed: proptest::test_runner::RngSeed::Fixed(370), ..ProptestConfig::default() })]

    #[test]
    fn any_calls(calls in proptest::collection::vec(call(), 1..250)) {
        let mut model = Model::new();
        for call in &calls {
            model.call(call);
            model.check();
        }
        model.drain();
        model.check();
    }
}

#[test]
fn a_wake_during_a_turn_is_not_lost() {
    for end in [TurnEnd::Wait, TurnEnd::IoWait, TurnEnd::PageWait, TurnEnd::Stopped] {
        let mut scheduler = Scheduler::new(Tuning::new(1));
        scheduler.enter(Owner(0), 64);
        scheduler.ready(Owner(0), Wake::Io, START);
        assert!(scheduler.pick(0, START).is_some());
        scheduler.ready(Owner(0), Wake::Io, START + MICROSECOND);
        scheduler.ran(Owner(0), MICROSECOND, end, START + MICROSECOND);
        assert!(scheduler.pick(0, START + MICROSECOND).is_some(), "{end:?}");
        scheduler.ran(Owner(0), MICROSECOND, end, START + 2 * MICROSECOND);
        assert!(scheduler.pick(0, START + 2 * MICROSECOND).is_none(), "{end:?}: woken once");
    }
}

#[test]
fn processors_are_roused_once_each_and_only_for_work() {
    let mut scheduler = Scheduler::new(Tuning::new(3));
    assert_eq!(scheduler.rouse(), None);
    for processor in 0..3 {
        assert_eq!(scheduler.pick(processor, START), None);
    }
    assert_eq!((scheduler.rouse(), scheduler.next_event()), (None, None), "an idle system sleeps");
    for owner in (0..5).map(Owner) {
        scheduler.enter(owner, 64);
    }
    scheduler.set_affinity(Owner(1), Some(2)).unwrap();
    scheduler.ready(Owner(0), Wake::Timer, START);
    assert_eq!(scheduler.rouse(), Some(Rouse::Idle(0)));
    assert_eq!(scheduler.rouse(), None, "one machine, one processor");
    scheduler.ready(Owner(1), Wake::Timer, START);
    assert_eq!(scheduler.rouse(), Some(Rouse::Idle(2)), "the only one that may run it");
    assert_eq!(scheduler.rouse(), None);
    for processor in 0..3 {
        let owner = scheduler.pick(processor, START).map(|turn| turn.owner);
        assert_eq!(owner, [Some(Owner(0)), None, Some(Owner(1))][usize::from(processor)]);
    }
    scheduler.ready(Owner(2), Wake::Timer, START);
    assert_eq!(scheduler.rouse(), Some(Rouse::Idle(1)));
    assert_eq!(scheduler.pick(1, START).unwrap().owner, Owner(2));
    scheduler.ready(Owner(3), Wake::Io, START);
    assert_eq!(scheduler.rouse(), None, "queue 2 interrupts nobody");
    scheduler.ready(Owner(4), Wake::Terminal, START);
    assert_eq!(scheduler.rouse(), Some(Rouse::Preempt(0)));
    assert_eq!(scheduler.rouse(), None);
    scheduler.ran(Owner(0), MICROSECOND, TurnEnd::Preempted, START + MICROSECOND);
    assert_eq!(scheduler.pick(0, START + MICROSECOND).unwrap().owner, Owner(4), "interactive first");
    assert_eq!(scheduler.rouse(), None);
}
