//! The short run: the corpus, large inputs, and a fixed number of random cases with a fixed seed.

use std::path::Path;
use std::sync::Mutex;
use std::thread;

use fs_err as fs;

use crate::case::{Case, corpus, corpus_files};
use crate::options::Options;
use crate::run::{self, Failure};
use crate::targets::Target;

/// The seed of the short run, so that it is the same everywhere.
const SEED: u64 = 1;
/// How many targets run at once.
const THREADS: usize = 2;

/// Returns the first failure of each target that has one.
pub fn run_all(options: &Options, targets: &[&'static Target]) -> Vec<(&'static Target, Failure)> {
    let queue = Mutex::new(targets.iter());
    let failures = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..THREADS.min(targets.len()) {
            scope.spawn(|| {
                while let Some(target) = next(&queue) {
                    let result = run::run(target, &cases(options, target));
                    let word = if result.is_ok() { "ok" } else { "FAILED" };
                    println!("test fuzz::{} ... {word}", target.name);
                    failures.lock().unwrap().extend(result.err().map(|failure| (target, failure)));
                }
            });
        }
    });
    failures.into_inner().unwrap()
}

fn next(queue: &Mutex<std::slice::Iter<'_, &'static Target>>) -> Option<&'static Target> {
    queue.lock().unwrap().next().copied()
}

fn cases(options: &Options, target: &Target) -> Vec<Case> {
    if let Some(case) = &options.case {
        return vec![case.clone()];
    }
    let seed = options.seed.unwrap_or(SEED);
    let files = corpus_files(target).into_iter().map(Case::File);
    let large = (0..(target.large)().len()).map(Case::Large);
    let random = (0..target.cases).map(|number| Case::Random { seed, number });
    files.chain(large).chain(random).collect()
}

/// Runs the targets and shows the result as `cargo test` does; returns whether all went well.
pub fn run(options: &Options) -> bool {
    let targets = options.targets();
    if options.list {
        targets.iter().for_each(|target| println!("fuzz::{}: test", target.name));
        return true;
    }
    if let (Some(case), [target]) = (&options.case, targets.as_slice()) {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("fuzz-{}", target.name));
        fs::write(&path, case.input(target, &corpus(target))).unwrap();
        println!("the input is in {}", path.display());
    }
    println!("\nrunning {} tests", targets.len());
    let failures = run_all(options, &targets);
    for (target, failure) in &failures {
        println!("\n---- fuzz::{} ----\n{}", target.name, failure.message);
        println!("run it again with:\n  {}", command(target, &failure.case));
    }
    let verdict = if failures.is_empty() { "ok" } else { "FAILED" };
    let passed = targets.len() - failures.len();
    println!("\ntest result: {verdict}. {passed} passed; {} failed\n", failures.len());
    failures.is_empty()
}

/// Returns the command that runs one case.
pub fn command(target: &Target, case: &Case) -> String {
    let case = match case {
        Case::File(path) => format!("--input {}", path.display()),
        other => format!("--case {other}"),
    };
    format!("cargo test --package kusion-tests --test fuzz -- --target {} {case}", target.name)
}
