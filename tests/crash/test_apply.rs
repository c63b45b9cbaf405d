//! Applies and destroys that are killed, and the runs that follow.

use kusion_faults::Fault;
use kusion_tests::Traced;

use super::can_trace;
use super::check::{after_crash, converged, holds};
use super::seeds::{Random, each_seed};
use super::story::{Goal, Step, ask_for, reach, stories};

/// The most runs of one trial that die.
const MAX_DEATHS: usize = 4;

fn kill(random: &mut Random, points: usize) -> Fault {
    let at = 1 + random.below(points);
    random.one_of(&[Fault::KillBefore(at), Fault::KillAfter(at), Fault::Tear(at)])
}

/// Kills a step at a point and, for a part of the seeds, what follows it; then one run must mend it.
fn trial(seed: u64) -> Result<bool, String> {
    let mut random = Random::new(seed);
    let story = &stories()[random.one_of(&[0, 0, 1, 2])];
    let step = &story.steps[random.below(story.steps.len())];
    let sandbox = step.before.copy();
    let deaths = random.one_of(&[1, 1, 1, 2, 3, MAX_DEATHS]);
    let mut goal = step.goal;
    let mut hit = false;
    let mut history = format!("{:?}: ", step.policy);
    for death in 0..deaths {
        let fault = kill(&mut random, step.points);
        let mut arguments = goal.command().to_vec();
        if seed.is_multiple_of(2) {
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
            goal = next_goal(&mut random, step);
            ask_for(&sandbox, step.policy, goal);
        }
    }
    let context = |failure| format!("{history}\n  then to {goal:?}\n{failure}");
    let wreck = after_crash(&sandbox).map_err(context)?;
    goal = next_goal(&mut random, step);
    let output = reach(&sandbox, step.policy, goal);
    let context = |failure| format!("{history}\n  then to {goal:?}\n{failure}");
    holds(format_args!("the next run: {output}"), output.code == Some(0)).map_err(context)?;
    converged(&sandbox, story, goal, &wreck).map_err(context)?;
    Ok(hit)
}

/// Chooses what is wanted after a crash: mostly the same, else what was before, else nothing.
fn next_goal(random: &mut Random, step: &Step) -> Goal {
    random.one_of(&[step.goal, step.goal, step.goal, step.from, Goal::Gone])
}

#[test]
fn a_killed_run_loses_nothing_and_the_next_one_goes_on() {
    if !can_trace() {
        return;
    }
    each_seed("crash::test_apply::a_killed_run_loses_nothing_and_the_next_one_goes_on", 220, trial);
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
