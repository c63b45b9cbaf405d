//! The long run: random cases from a new seed until the time is over. What fails is made small and kept.

use std::time::{Duration, Instant, SystemTime};

use fs_err as fs;

use crate::case::{Case, corpus, corpus_folder};
use crate::options::Options;
use crate::run;
use crate::short::command;
use crate::shrink::shrink;
use crate::targets::Target;

/// How many cases run in one process.
const BATCH: u64 = 500;

/// Runs the targets by turns for so many seconds; returns whether nothing failed.
fn run_for(options: &Options, seed: u64, seconds: u64) -> bool {
    let end = Instant::now() + Duration::from_secs(seconds);
    // A target that failed is left alone: it would find the same again and again.
    let mut targets = options.targets();
    let mut failed = false;
    let mut number = 0;
    while Instant::now() < end && !targets.is_empty() {
        targets.retain(|target| {
            if Instant::now() >= end {
                return true;
            }
            let cases: Vec<Case> =
                (number..number + BATCH).map(|number| Case::Random { seed, number }).collect();
            let Err(failure) = run::run(target, &cases) else { return true };
            failed = true;
            keep(target, &failure.case, &failure.message);
            false
        });
        number += BATCH;
    }
    println!("{number} cases of each target, seed {seed}");
    !failed
}

fn keep(target: &Target, case: &Case, message: &str) {
    println!("\n---- fuzz::{} ----\n{message}", target.name);
    println!("run it again with:\n  {}", command(target, case));
    let scratch = tempfile::tempdir().unwrap();
    let input = shrink(target, case.input(target, &corpus(target)), message, scratch.path());
    let name = format!(
        "found-{:08x}",
        input.iter().fold(5381_u32, |sum, byte| { sum.wrapping_mul(33) ^ u32::from(*byte) })
    );
    let path = corpus_folder(target.name).join(name);
    fs::write(&path, input).unwrap();
    println!("kept, made small, in {}\n", path.display());
}

/// Chooses a seed, unless one is given, and says which.
pub fn run(options: &Options, seconds: u64) -> bool {
    let seed = options.seed.unwrap_or_else(|| {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        u64::from(now.subsec_nanos()) ^ now.as_secs()
    });
    println!("fuzzing for {seconds} s with seed {seed}");
    run_for(options, seed, seconds)
}
