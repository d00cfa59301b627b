//! Who is in queue when frames are short.

use cp::dispatch::{
    Activity, Favored, MICROSECOND, MILLISECOND, Place, Queue, SECOND, Scheduler, Tuning, TurnEnd, Wake,
};
use cp::real::Owner;

use crate::simulation::{Behaviour, START, Simulation, seconds};

const FRAMES: u32 = 1000;

/// Nothing but one unfavored machine beside the favored may be in queue when more is committed than there is.
fn is_within_frames(scheduler: &Scheduler) {
    let (committed, unfavored) = scheduler.committed();
    assert!(committed <= u64::from(FRAMES) || unfavored <= 1, "{committed} frames for {unfavored} machines");
}

fn crowded(processors: u16, sets: &[u32], behaviour: Behaviour) -> (Simulation, Vec<Owner>) {
    let mut simulation = Simulation::new(processors);
    simulation.scheduler.frames(FRAMES);
    simulation.check = is_within_frames;
    let add = |&pages: &u32| {
        let owner = simulation.add(64, behaviour);
        simulation.scheduler.working_set(owner, pages);
        owner
    };
    let owners = sets.iter().map(add).collect();
    (simulation, owners)
}

#[test]
fn working_sets_in_queue_fit_into_the_frames_and_shares_stay_equal() {
    for processors in [1, 2] {
        let (mut simulation, owners) = crowded(processors, &[300; 8], Behaviour::COMPUTE);
        simulation.run(seconds(40));
        let load = simulation.scheduler.load(simulation.now);
        assert_eq!((load.q2, load.e2), (3, 5), "three of 300 frames fit into 1000");
        assert_eq!(load.ratio, 27, "8 / 3");
        for owner in owners {
            let part = simulation.share(owner, seconds(40)) * 8.0 / f64::from(processors);
            assert!((0.95..1.05).contains(&part), "{part} of a fair share on {processors}");
        }
    }
}

#[test]
fn one_that_does_not_fit_runs_alone_and_is_not_overtaken_for_ever() {
    let (mut simulation, owners) = crowded(1, &[5000, 200, 200, 200, 200, 200, 200, 200], Behaviour::COMPUTE);
    simulation.run(seconds(60));
    for owner in owners {
        let part = simulation.share(owner, seconds(60)) * 8.0;
        assert!((0.6..1.5).contains(&part), "{part} of a fair share for {owner:?}");
    }
}

#[test]
fn interactive_machines_do_not_wait_for_in_queue_slices() {
    let (mut simulation, _) = crowded(1, &[300; 20], Behaviour::COMPUTE);
    let user = simulation.add(64, Behaviour::interactive(2 * MILLISECOND, 100 * MILLISECOND));
    simulation.scheduler.working_set(user, 250);
    simulation.run(seconds(20));
    let machine = &simulation.machines[&user];
    assert!(machine.longest_wait < 400 * MILLISECOND, "{} ms", machine.longest_wait / MILLISECOND);
    assert!(machine.bursts > 110, "{} bursts", machine.bursts);
}

#[test]
fn a_favored_machine_stays_in_queue() {
    let (mut simulation, owners) = crowded(1, &[400; 6], Behaviour::COMPUTE);
    simulation.scheduler.set_favored(owners[5], Favored::InQueue);
    simulation.run(SECOND);
    simulation.check = |scheduler| {
        let status = scheduler.status(Owner(5)).unwrap();
        assert!(matches!(status.place, Place::Queued(..)), "{:?}", status.place);
        is_within_frames(scheduler);
    };
    simulation.run(seconds(10));
}

#[test]
fn a_machine_that_waits_too_long_leaves_its_frames_to_others() {
    let mut scheduler = Scheduler::new(Tuning::new(1));
    scheduler.frames(FRAMES);
    let (first, second) = (Owner(1), Owner(2));
    for owner in [first, second] {
        scheduler.enter(owner, 64);
        scheduler.working_set(owner, 800);
        scheduler.ready(owner, Wake::Other, START);
    }
    assert_eq!(scheduler.pick(0, START).unwrap().owner, first);
    scheduler.ran(first, MILLISECOND, TurnEnd::IoWait, START + MILLISECOND);
    assert_eq!(scheduler.pick(0, START + MILLISECOND), None, "the one that waits holds the frames");
    assert_eq!(scheduler.status(second).unwrap().place, Place::Eligible(Queue::Two));
    let at = scheduler.next_event().expect("a time at which they are taken");
    assert_eq!(at, START + MILLISECOND + Tuning::new(1).wait_limit);
    scheduler.tick(at);
    assert_eq!(scheduler.status(first).unwrap().place, Place::Idle);
    assert_eq!(scheduler.rouse().map(|rouse| rouse.processor()), Some(0));
    assert_eq!(scheduler.pick(0, at).unwrap().owner, second);
    scheduler.ready(first, Wake::Io, at + MICROSECOND);
    assert_eq!(scheduler.status(first).unwrap().place, Place::Eligible(Queue::Two));
    scheduler.ran(second, MILLISECOND, TurnEnd::Wait, at + MILLISECOND);
    assert_eq!(scheduler.pick(0, at + MILLISECOND).unwrap().owner, first);
}

#[test]
fn fewer_frames_drop_machines_at_once() {
    let (mut simulation, _) = crowded(2, &[100; 10], Behaviour::COMPUTE);
    simulation.run(SECOND);
    assert_eq!(simulation.scheduler.committed(), (1000, 10));
    simulation.check = |_| {};
    simulation.scheduler.frames(350);
    assert_eq!(simulation.scheduler.committed(), (300, 3));
    simulation.scheduler.frames(50);
    assert_eq!(simulation.scheduler.committed(), (200, 2), "two run");
    simulation.run(20 * MILLISECOND);
    assert_eq!(simulation.scheduler.committed(), (100, 1));
}

/// Machines that each claim to need a quarter of the frames, but need a third: with four in queue, every turn soon ends for
/// want of a page. Gives the processor time in 10 seconds, and how many were in queue at the end.
fn work_while_paging(controlled: bool) -> (u64, u32) {
    let mut tuning = Tuning::new(1);
    if !controlled {
        tuning.thrash_period = u64::MAX;
    }
    let mut scheduler = Scheduler::new(tuning);
    scheduler.frames(FRAMES);
    for owner in (0..4).map(Owner) {
        scheduler.enter(owner, 64);
        scheduler.working_set(owner, 250);
        scheduler.ready(owner, Wake::Other, START);
    }
    let (mut now, mut used) = (START, 0);
    let mut coming: Vec<(u64, Owner)> = Vec::new();
    while now < START + seconds(10) {
        coming.sort_unstable();
        while coming.first().is_some_and(|&(at, _)| at <= now) {
            let (_, owner) = coming.remove(0);
            scheduler.ready(owner, Wake::Page, now);
        }
        let Some(turn) = scheduler.pick(0, now) else {
            now = coming.first().map_or(now + MILLISECOND, |&(at, _)| at.max(now + 1));
            continue;
        };
        let load = scheduler.load(now);
        if load.q1 + load.q2 > 3 {
            now += MILLISECOND / 5;
            used += MILLISECOND / 5;
            scheduler.ran(turn.owner, MILLISECOND / 5, TurnEnd::PageWait, now);
            coming.push((now + 20 * MILLISECOND, turn.owner));
        } else {
            now += turn.slice;
            used += turn.slice;
            scheduler.ran(turn.owner, turn.slice, TurnEnd::SliceUsed, now);
        }
    }
    (used, scheduler.load(now).q2)
}

#[test]
fn a_thrashing_system_runs_fewer_machines() {
    let (without, _) = work_while_paging(false);
    let (with, _) = work_while_paging(true);
    assert!(without < seconds(1), "{} ms of 10 s: it was to thrash", without / MILLISECOND);
    assert!(with > seconds(7), "{} ms of 10 s", with / MILLISECOND);
}

#[test]
fn status_tells_where_a_machine_is() {
    let mut scheduler = Scheduler::new(Tuning::new(1));
    let owner = Owner(7);
    assert_eq!(scheduler.status(owner), None);
    scheduler.enter(owner, 0);
    let place = |scheduler: &Scheduler| scheduler.status(owner).unwrap().place;
    assert_eq!(scheduler.status(owner).unwrap().priority, 1);
    assert_eq!(place(&scheduler), Place::Idle);
    scheduler.ready(owner, Wake::Terminal, START);
    assert_eq!(place(&scheduler), Place::Queued(Queue::One, Activity::Ready));
    assert!(scheduler.status(owner).unwrap().deadline > START);
    let turn = scheduler.pick(0, START).unwrap();
    assert_eq!((turn.owner, turn.slice), (owner, Tuning::new(1).dispatch_slice_1));
    assert_eq!(place(&scheduler), Place::Queued(Queue::One, Activity::Running(0)));
    assert_eq!(scheduler.pick(0, START), None, "its turn has not been reported");
    assert_eq!(scheduler.pick(9, START), None, "there is no such processor");
    scheduler.ran(owner, MILLISECOND, TurnEnd::PageWait, START + MILLISECOND);
    assert_eq!(place(&scheduler), Place::Queued(Queue::One, Activity::PageWait));
    let load = scheduler.load(START + 2 * MILLISECOND);
    assert_eq!((load.q1, load.q2, load.page_wait, load.processor_percent), (1, 0, 1, 50));
    scheduler.ready(owner, Wake::Page, START + 2 * MILLISECOND);
    assert_eq!(scheduler.in_order(), [(owner, Place::Queued(Queue::One, Activity::Ready))]);
    scheduler.leave(owner);
    assert_eq!((scheduler.status(owner), scheduler.pick(0, START + 3 * MILLISECOND)), (None, None));
}
