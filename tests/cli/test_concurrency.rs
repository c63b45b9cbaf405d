//! Two runs on one stack: one works, the others are told.

use std::process::Stdio;

use kusion_tests::{Output, Sandbox};

#[test]
fn of_ten_applies_exactly_one_works_at_a_time() {
    let sandbox = Sandbox::new().with_shop();
    sandbox.run("dev", &["generate"]).success();
    let start = || {
        let mut command = sandbox.command("dev", &["apply", "--yes"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let children: Vec<_> = (0..10).map(|_| start()).collect();
    let runs: Vec<Output> = children
        .into_iter()
        .map(|child| Output::of(&child.wait_with_output().unwrap(), &sandbox))
        .collect();
    let applied = runs.iter().filter(|run| run.stdout.contains("Apply complete")).count();
    assert_eq!(applied, 1, "{runs:#?}");
    for run in &runs {
        match run.code {
            Some(0) => {}
            Some(3) => {
                assert!(
                    run.stderr.contains("is in use by") && run.stderr.contains("tester@[host]"),
                    "{run}"
                );
            }
            _ => panic!("{run}"),
        }
    }
    let list = sandbox.run("dev", &["release", "list", "-o", "json"]).success().json();
    assert_eq!(list["releases"].as_array().map(Vec::len), Some(1));
    assert_eq!(sandbox.run("dev", &["preview", "--detailed-exitcode"]).code, Some(0));
}

#[test]
fn two_stacks_are_applied_at_once() {
    let sandbox = Sandbox::new().with_shop();
    sandbox.write("prod/stack.yaml", "name: prod\n");
    let start = |stack: &str| {
        let mut command = sandbox.command(stack, &["apply", "--yes"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let children = ["dev", "prod"].map(start);
    for child in children {
        Output::of(&child.wait_with_output().unwrap(), &sandbox).success();
    }
}
