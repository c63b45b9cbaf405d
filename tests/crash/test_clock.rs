//! A clock that jumps, between runs and in the middle of one: records stay readable, and their order is
//! that of their numbers.

use kusion_faults::Fault;
use kusion_tests::{Traced, can_trace};

use super::check::{after_crash, converged};
use super::story::{Goal, Policy, ask_for, stories};

const YEAR: i64 = 365 * 24 * 60 * 60;

#[test]
fn releases_follow_their_numbers_whatever_the_clock_says() {
    if !can_trace() {
        return;
    }
    let story = &stories()[0];
    let sandbox = story.steps[0].before.copy();
    // The clock goes far ahead, then back before the first release, then before 1970.
    let goals = [(Goal::First, 50), (Goal::Second, -20), (Goal::Third, -90), (Goal::Gone, 900)];
    for (revision, (goal, years)) in (1..).zip(goals) {
        ask_for(&sandbox, Policy::Plain, goal);
        let clock = Some(Fault::Clock(1, years * YEAR));
        let Traced { output, hit, .. } = sandbox.run_with(clock, "dev", goal.command());
        output.success();
        assert!(hit);
        let wreck = after_crash(&sandbox).unwrap();
        converged(&sandbox, story, goal, &wreck).unwrap();
        let list = sandbox.run("dev", &["release", "list", "-o", "json"]).success().json();
        let latest = list["releases"].as_array().unwrap().last().unwrap().clone();
        assert_eq!(latest["revision"], revision);
        sandbox.run("dev", &["release", "show"]).success();
    }
}

#[test]
fn a_jump_in_the_middle_of_a_run_changes_nothing() {
    if !can_trace() {
        return;
    }
    let story = &stories()[0];
    let step = &story.steps[1];
    let looks = {
        let sandbox = step.before.copy();
        let never = Some(Fault::Clock(usize::MAX, 0));
        sandbox.run_with(never, "dev", step.goal.command()).looks
    };
    assert!(looks > 1, "{looks}");
    for look in 1..=looks {
        for years in [-30, 30] {
            let sandbox = step.before.copy();
            let clock = Some(Fault::Clock(look, years * YEAR));
            sandbox.run_with(clock, "dev", step.goal.command()).output.success();
            let wreck = after_crash(&sandbox).unwrap();
            converged(&sandbox, story, step.goal, &wreck).unwrap();
        }
    }
}
