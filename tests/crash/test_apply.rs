//! Applies and destroys that are killed, and the runs that follow.

use kusion_faults::Fault;
use kusion_tests::{Traced, can_trace};

use super::check::{after_crash, converged, holds};
use super::seeds::{AT_ONCE, Random, each_seed};
use super::story::{Goal, Policy, Step, ask_for, reach, stories};

/// The most runs of one trial that die.
const MAX_DEATHS: usize = 4;
/// How many trials there are, and in how many at least a run must die.
const TRIALS: u64 = 220;
const DEADLY: usize = 200;
/// At how many points, evenly spread, a rollback is killed.
const SPREAD: u64 = 80;

fn kill(random: &mut Random, points: usize) -> Fault {
    let at = 1 + random.below(points);
    random.one_of(&[Fault::KillBefore(at), Fault::KillAfter(at), Fault::Tear(at)])
}

/// Kills a step at a point and, for a part of the seeds, what follows it; then one run must mend it.
fn trial(seed: u64) -> Result<bool, String> {
    let mut random = Random::new(seed);
    let story = &stories()[random.one_of(&[0, 0, 0, 1, 2])];
    let step = &story.steps[random.below(story.steps.len())];
    let sandbox = step.before.copy();
    let deaths = random.one_of(&[1, 1, 1, 2, 3, MAX_DEATHS]);
    let mut goal = step.goal;
    let mut hit = false;
    let mut was_destroyed = false;
    let one_by_one = seed.is_multiple_of(2);
    let note = if one_by_one { "" } else { AT_ONCE };
    let mut history = format!("{:?}: {note}", step.policy);
    for death in 0..deaths {
        let fault = kill(&mut random, step.points);
        let mut arguments = goal.command().to_vec();
        if one_by_one {
            // One change at a time: such a seed meets the same point whenever it is run.
            arguments.extend(["--parallelism", "1"]);
        }
        let Traced { output, points, hit: dead, .. } =
            sandbox.run_with(Some(fault), "dev", &arguments);
        hit |= dead;
        let point = points.last().map_or_else(String::new, ToString::to_string);
        history.push_str(&format!("\n  {:?} to {goal:?} {fault} ({point})", step.from));
        let context = |failure| format!("{history}\n{failure}");
        let ended = dead || output.code == Some(0);
        holds(format_args!("not killed, and no success: {output}"), ended).map_err(context)?;
        after_crash(&sandbox).map_err(context)?;
        if death + 1 < deaths {
            was_destroyed |= goal == Goal::Gone;
            goal = next_goal(&mut random, step, was_destroyed);
            ask_for(&sandbox, step.policy, goal);
        }
    }
    let context = |failure| format!("{history}\n  then to {goal:?}\n{failure}");
    let wreck = after_crash(&sandbox).map_err(context)?;
    was_destroyed |= goal == Goal::Gone;
    goal = next_goal(&mut random, step, was_destroyed);
    let output = reach(&sandbox, step.policy, goal);
    let context = |failure| format!("{history}\n  then to {goal:?}\n{failure}");
    holds(format_args!("the next run: {output}"), output.code == Some(0)).map_err(context)?;
    converged(&sandbox, story, goal, &wreck).map_err(context)?;
    Ok(hit)
}

/// Chooses what is wanted after a crash: mostly the same, else what was before, else nothing. Secrets go with a
/// destroy, so what used them cannot be brought back then, only made anew.
fn next_goal(random: &mut Random, step: &Step, was_destroyed: bool) -> Goal {
    match random.one_of(&[step.goal, step.goal, step.goal, step.from, Goal::Gone]) {
        Goal::Back if was_destroyed && step.policy != Policy::NoSecrets => Goal::First,
        goal => goal,
    }
}

#[test]
fn a_killed_run_loses_nothing_and_the_next_one_goes_on() {
    if !can_trace() {
        return;
    }
    let test = "crash::test_apply::a_killed_run_loses_nothing_and_the_next_one_goes_on";
    if let Some(hits) = each_seed(test, TRIALS, trial) {
        assert!(hits >= DEADLY, "{hits} of {TRIALS} runs died");
    }
}

#[test]
fn a_killed_rollback_keeps_its_secrets_until_the_old_releases_are_gone() {
    if !can_trace() {
        return;
    }
    let story = &stories()[3];
    let step = &story.steps[2];
    assert_eq!((step.policy, step.goal), (Policy::Kept, Goal::Back));
    // The vault is written before the first change, and after old releases went; so every point counts.
    let trial = |seed: u64| {
        let part = usize::try_from(seed % SPREAD).unwrap();
        let point = 1 + part * step.points / usize::try_from(SPREAD).unwrap();
        let fault =
            if seed.is_multiple_of(2) { Fault::Tear(point) } else { Fault::KillBefore(point) };
        let sandbox = step.before.copy();
        let rollback = |revision| ["release", "rollback", revision, "--yes", "--parallelism", "1"];
        let Traced { output, points, hit, .. } =
            sandbox.run_with(Some(fault), "dev", &rollback("1"));
        let context = |failure| format!("{fault} ({:?})\n{output}\n{failure}", points.last());
        let wreck = after_crash(&sandbox).map_err(context)?;
        // The first release goes only when the third has the same resources.
        let is_there = sandbox.home("releases/shop/default/dev/1.yaml").exists();
        let next = sandbox.run("dev", &rollback(if is_there { "1" } else { "3" }));
        holds(format_args!("the next run: {next}"), next.code == Some(0)).map_err(context)?;
        converged(&sandbox, story, step.goal, &wreck).map_err(context)?;
        Ok(hit)
    };
    let test =
        "crash::test_apply::a_killed_rollback_keeps_its_secrets_until_the_old_releases_are_gone";
    each_seed(test, SPREAD, trial);
}

#[test]
fn the_smallest_apply_can_be_killed_at_every_point() {
    if !can_trace() {
        return;
    }
    let story = &stories()[2];
    let step = &story.steps[0];
    let trial = |seed: u64| {
        let point = 1 + usize::try_from(seed).unwrap() % step.points;
        let fault = Fault::Tear(point);
        let sandbox = step.before.copy();
        let arguments = ["apply", "--yes", "--parallelism", "1"];
        let Traced { output, points, hit, .. } = sandbox.run_with(Some(fault), "dev", &arguments);
        let context = |failure| format!("{fault} ({:?})\n{output}\n{failure}", points.last());
        let wreck = after_crash(&sandbox).map_err(context)?;
        let next = reach(&sandbox, step.policy, step.goal);
        holds(format_args!("the next run: {next}"), next.code == Some(0)).map_err(context)?;
        converged(&sandbox, story, step.goal, &wreck).map_err(context)?;
        Ok(hit)
    };
    let test = "crash::test_apply::the_smallest_apply_can_be_killed_at_every_point";
    each_seed(test, u64::try_from(step.points).unwrap(), trial);
}
