//! Who gets how much of the processors, and how soon.

use cp::dispatch::{Favored, MICROSECOND, MILLISECOND, SECOND, Tuning};

use crate::simulation::{Behaviour, Simulation, seconds};

/// Fails unless `measured` is within `tolerance` of `expected`, both as parts of a whole.
fn assert_near(measured: f64, expected: f64, tolerance: f64, what: &str) {
    assert!((measured - expected).abs() <= tolerance, "{what}: {measured:.4}, not {expected:.4} ± {tolerance}");
}

#[test]
fn two_equal_machines_get_equal_shares_in_a_second() {
    let mut simulation = Simulation::new(1);
    let owners = simulation.add_many(2, 64, Behaviour::COMPUTE);
    for second in 0..5 {
        simulation.forget();
        simulation.run(SECOND);
        for &owner in &owners {
            assert_near(simulation.share(owner, SECOND), 0.5, 0.01, &format!("second {second}"));
        }
    }
}

#[test]
fn three_equal_machines_get_two_thirds_of_a_processor_each_of_two() {
    let mut simulation = Simulation::new(2);
    let owners = simulation.add_many(3, 64, Behaviour::COMPUTE);
    simulation.run(seconds(10));
    for owner in owners {
        assert_near(simulation.share(owner, seconds(10)), 2.0 / 3.0, 0.02 * 2.0 / 3.0, "of two processors");
    }
}

#[test]
fn a_hundred_machines_share_a_processor_and_lose_nothing_by_switching() {
    let mut simulation = Simulation::new(1);
    let owners = simulation.add_many(100, 64, Behaviour::COMPUTE);
    simulation.run(seconds(20));
    let mut sum = 0.0;
    for owner in owners {
        let share = simulation.share(owner, seconds(20));
        assert_near(share, 0.01, 0.0003, "one of a hundred");
        sum += share;
    }
    assert!(sum > 0.999, "{sum}: a switch is a microsecond, a turn should be thousands");
    assert!(simulation.turns < 20 * 260, "{} turns in 20 seconds", simulation.turns);
}

#[test]
fn interactive_machines_run_first_however_many_others_there_are() {
    for others in [0, 1, 10, 100, 500] {
        for preempts in [false, true] {
            let mut simulation = Simulation::new(1);
            simulation.preempts = preempts;
            simulation.add_many(others, 64, Behaviour::COMPUTE);
            simulation.run(seconds(2));
            let user = simulation.add(64, Behaviour::interactive(2 * MILLISECOND, 40 * MILLISECOND));
            simulation.run(seconds(5));
            let machine = &simulation.machines[&user];
            // Without preemption, the turn that is under way goes on to its end.
            let most = if preempts { 2 * MICROSECOND } else { 5 * MILLISECOND + 2 * MICROSECOND };
            assert!(machine.longest_wait <= most, "{others} others: {} µs", machine.longest_wait / MICROSECOND);
            assert!(machine.bursts > 70, "{} bursts in 5 seconds beside {others}", machine.bursts);
        }
    }
}

#[test]
fn many_interactive_machines_leave_queue_2_its_part() {
    let mut simulation = Simulation::new(1);
    // Each would use half a processor, and there are forty.
    simulation.add_many(40, 64, Behaviour::interactive(MILLISECOND, MILLISECOND / 2));
    let batch = simulation.add_many(3, 64, Behaviour::COMPUTE);
    simulation.run(seconds(2));
    simulation.forget();
    simulation.run(seconds(10));
    let share: f64 = batch.iter().map(|&owner| simulation.share(owner, seconds(10))).sum();
    assert!((0.09..0.5).contains(&share), "{share}");
    for owner in batch {
        assert!(simulation.machines[&owner].longest_gap < seconds(1), "one of queue 2 starves");
    }
}

#[test]
fn who_is_sent_terminal_input_all_the_time_does_not_take_the_processor() {
    let mut simulation = Simulation::new(1);
    let user = simulation.add(64, Behaviour::interactive(10 * MILLISECOND, 0));
    let others = simulation.add_many(9, 64, Behaviour::COMPUTE);
    simulation.run(seconds(2));
    simulation.forget();
    simulation.run(seconds(20));
    let share = simulation.share(user, seconds(20));
    assert!(share < 0.40, "{share}: more than a quarter and its part of the rest");
    for owner in others {
        assert!(simulation.share(owner, seconds(20)) > 0.06);
    }
}

#[test]
fn shares_follow_priorities_and_the_lowest_does_not_starve() {
    let mut simulation = Simulation::new(1);
    let owners = [32, 64, 96].map(|priority| simulation.add(priority, Behaviour::COMPUTE));
    simulation.run(seconds(20));
    // In proportion to 1/32, 1/64 and 1/96: 6, 3 and 2 elevenths.
    for (owner, part) in owners.into_iter().zip([6.0, 3.0, 2.0]) {
        assert_near(simulation.share(owner, seconds(20)), part / 11.0, 0.02 * part / 11.0, "by priority");
    }

    let mut simulation = Simulation::new(2);
    simulation.add_many(20, 1, Behaviour::COMPUTE);
    let last = simulation.add(99, Behaviour::COMPUTE);
    simulation.run(seconds(60));
    let machine = &simulation.machines[&last];
    assert!(machine.used > 0 && machine.longest_gap < seconds(12), "{} ms", machine.longest_gap / MILLISECOND);
}

#[test]
fn a_priority_can_be_changed() {
    let mut simulation = Simulation::new(1);
    let owners = simulation.add_many(2, 64, Behaviour::COMPUTE);
    simulation.run(SECOND);
    simulation.scheduler.set_priority(owners[0], 16);
    simulation.forget();
    simulation.run(seconds(10));
    assert_near(simulation.share(owners[0], seconds(10)), 0.8, 0.01, "four times the share");
}

#[test]
fn a_machine_that_waits_is_served_before_those_that_compute() {
    let mut simulation = Simulation::new(1);
    let reader = simulation.add(64, Behaviour::disk(MILLISECOND, 9 * MILLISECOND));
    simulation.add_many(5, 64, Behaviour::COMPUTE);
    simulation.run(SECOND);
    simulation.forget();
    simulation.run(seconds(10));
    let machine = &simulation.machines[&reader];
    // It asks for less than a fair share and gets all of it, except that it does not preempt others of queue 2.
    assert!(machine.longest_wait <= 6 * MILLISECOND, "{} µs", machine.longest_wait / MICROSECOND);
    assert!(machine.bursts > 500, "{} reads in 10 seconds", machine.bursts);
}

#[test]
fn one_that_had_a_processor_to_itself_is_not_punished_for_it() {
    // A machine of the highest priority fills one processor for a minute, one of the lowest the other.
    let mut simulation = Simulation::new(2);
    simulation.add(1, Behaviour::COMPUTE);
    let low = simulation.add(64, Behaviour::COMPUTE);
    simulation.run(seconds(60));
    let late = simulation.add(64, Behaviour::COMPUTE);
    simulation.forget();
    simulation.run(SECOND);
    assert_near(simulation.share(low, SECOND), 0.5, 0.03, "the old one");
    assert_near(simulation.share(late, SECOND), 0.5, 0.03, "the new one");
}

#[test]
fn a_favored_percentage_is_met() {
    for processors in [1, 2] {
        for percent in [5_u8, 10, 30, 60, 90, 99] {
            let mut simulation = Simulation::new(processors);
            let favored = simulation.add(64, Behaviour::COMPUTE);
            simulation.scheduler.set_favored(favored, Favored::Percent(percent));
            let others = simulation.add_many(20, 64, Behaviour::COMPUTE);
            simulation.run(SECOND);
            simulation.forget();
            simulation.run(seconds(10));
            let fair = f64::from(processors) / 21.0;
            let expected = (f64::from(percent) / 100.0).max(fair);
            let what = format!("{percent} % on {processors}");
            let share = simulation.share(favored, seconds(10));
            assert!(share > f64::from(percent) / 100.0 - 0.01, "{what}: {share}");
            assert_near(share, expected, 0.02, &what);
            for owner in others {
                assert!(simulation.machines[&owner].used > 0, "{what}: another starves");
            }
        }
    }
}

#[test]
fn favored_percentages_beyond_the_whole_are_met_pro_rata() {
    let mut simulation = Simulation::new(1);
    let owners = [80, 40].map(|percent| {
        let owner = simulation.add(64, Behaviour::COMPUTE);
        simulation.scheduler.set_favored(owner, Favored::Percent(percent));
        owner
    });
    let other = simulation.add(64, Behaviour::COMPUTE);
    simulation.run(seconds(10));
    assert_near(simulation.share(owners[0], seconds(10)), 0.66, 0.02, "80 of 120");
    assert_near(simulation.share(owners[1], seconds(10)), 0.33, 0.02, "40 of 120");
    assert!(simulation.share(other, seconds(10)) > 0.005);
}

#[test]
fn what_a_favored_machine_does_not_use_is_the_others() {
    let mut simulation = Simulation::new(1);
    let favored = simulation.add(64, Behaviour::disk(MILLISECOND, 9 * MILLISECOND));
    simulation.scheduler.set_favored(favored, Favored::Percent(70));
    let other = simulation.add(64, Behaviour::COMPUTE);
    simulation.run(seconds(10));
    assert!(simulation.share(other, seconds(10)) > 0.9);
    let machine = &simulation.machines[&favored];
    assert!(machine.longest_wait <= 2 * MICROSECOND, "below its percentage it preempts");
    simulation.scheduler.set_favored(favored, Favored::Off);
    simulation.forget();
    simulation.run(seconds(10));
    assert!(simulation.machines[&favored].longest_wait > 2 * MILLISECOND, "no longer favored");
}

#[test]
fn affinity_binds_a_machine_to_its_processor() {
    let mut simulation = Simulation::new(2);
    let owners = simulation.add_many(3, 64, Behaviour::COMPUTE);
    for &owner in &owners[..2] {
        simulation.scheduler.set_affinity(owner, Some(1)).unwrap();
    }
    simulation.run(seconds(10));
    assert_near(simulation.share(owners[0], seconds(10)), 0.5, 0.01, "half of processor 1");
    assert_near(simulation.share(owners[1], seconds(10)), 0.5, 0.01, "the other half");
    assert_near(simulation.share(owners[2], seconds(10)), 1.0, 0.01, "processor 0 to itself");
    simulation.scheduler.set_affinity(owners[1], None).unwrap();
    simulation.forget();
    simulation.run(seconds(10));
    for owner in owners {
        assert_near(simulation.share(owner, seconds(10)), 2.0 / 3.0, 0.1, "two may go anywhere again");
    }
}

#[test]
fn favored_machines_do_not_keep_a_processor_from_those_bound_to_it() {
    let mut simulation = Simulation::new(2);
    let bound = simulation.add(64, Behaviour::COMPUTE);
    simulation.scheduler.set_affinity(bound, Some(0)).unwrap();
    // Each fills processor 0 for its part of the period, the one after the other.
    for percent in [90, 20] {
        let favored = simulation.add(64, Behaviour::COMPUTE);
        simulation.scheduler.set_affinity(favored, Some(0)).unwrap();
        simulation.scheduler.set_favored(favored, Favored::Percent(percent));
    }
    simulation.run(seconds(10));
    let share = simulation.share(bound, seconds(10));
    assert!((0.01..0.1).contains(&share), "{share}");
}

#[test]
fn the_same_calls_give_the_same_picks() {
    let run = || {
        let mut simulation = Simulation::with(Tuning::new(2));
        simulation.add_many(7, 64, Behaviour::COMPUTE);
        simulation.add_many(9, 32, Behaviour::interactive(MILLISECOND, 20 * MILLISECOND));
        let disk = simulation.add_many(5, 80, Behaviour::disk(3 * MILLISECOND, 10 * MILLISECOND));
        simulation.scheduler.set_favored(disk[0], Favored::Percent(40));
        simulation.run(seconds(5));
        (simulation.trace, simulation.turns)
    };
    assert_eq!(run(), run());
    assert!(run().1 > 1000);
}
