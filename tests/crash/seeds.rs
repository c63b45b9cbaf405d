//! Random choices that can be made again.

use std::fmt::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many seeds run at once; each is a process or two.
const THREADS: usize = 2;
/// How many failures are shown.
const SHOWN: usize = 10;

/// Runs one seed again.
const SEED: &str = "KUSION_CRASH_SEED";
/// Runs this many random seeds in place of the usual ones.
const RUNS: &str = "KUSION_CRASH_RUNS";

/// What a failure says of a run that makes its changes at once.
pub(crate) const AT_ONCE: &str =
    "\n  (changes were made at once, so this seed may meet other points when it is run again)";

/// A generator of random numbers (splitmix64): the same seed gives the same numbers everywhere.
#[derive(Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number below a bound; 0 if the bound is 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).unwrap_or(1).max(1);
        usize::try_from(self.next() % bound).unwrap_or(0)
    }

    /// Returns one of some values.
    pub(crate) fn one_of<T: Copy>(&mut self, values: &[T]) -> T {
        values[self.below(values.len())]
    }
}

#[expect(clippy::disallowed_methods, reason = "a person chooses seeds by the environment")]
fn variable(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    let number = text.parse();
    Some(number.unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

/// Returns the seeds to run: the one that is asked for, as many random ones as are asked for, or `usual`.
fn seeds(usual: u64) -> Vec<u64> {
    if let Some(seed) = variable(SEED) {
        return vec![seed];
    }
    let Some(runs) = variable(RUNS) else { return (0..usual).collect() };
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let mut random = Random::new(u64::try_from(now.as_micros()).unwrap_or(0));
    // Short enough to be typed again.
    (0..runs).map(|_| random.next() >> 32).collect()
}

/// Runs a trial for each seed, some at once, and fails with all that failed and how to run each again.
///
/// A trial returns whether its fault came to pass; most must, or the trials would show nothing. Returns how many
/// did; nothing if somebody chose other seeds than the usual ones.
pub(crate) fn each_seed(
    test: &str,
    usual: u64,
    trial: impl Fn(u64) -> Result<bool, String> + Sync,
) -> Option<usize> {
    let seeds = seeds(usual);
    let are_usual = variable(SEED).or(variable(RUNS)).is_none();
    let (first, last) = (seeds.first().copied().unwrap_or(0), seeds.last().copied().unwrap_or(0));
    println!("{test}: {} seeds, {first} to {last}", seeds.len());
    let (next, hits) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let failures = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Some(seed) = seeds.get(next.fetch_add(1, Ordering::Relaxed)) {
                    match trial(*seed) {
                        Ok(true) => drop(hits.fetch_add(1, Ordering::Relaxed)),
                        Ok(false) => {}
                        Err(failure) => failures.lock().unwrap().push((*seed, failure)),
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    let mut text = String::new();
    for (seed, failure) in failures.iter().take(SHOWN) {
        let _infallible = write!(
            text,
            "\nseed {seed}: {failure}\nrun it again: {SEED}={seed} cargo test -p kusion-tests --test runner {test}\n"
        );
    }
    assert!(failures.is_empty(), "{} of {} seeds failed\n{text}", failures.len(), seeds.len());
    let hits = hits.into_inner();
    println!("{test}: {hits} of {} faults came to pass", seeds.len());
    assert!(seeds.len() == 1 || hits * 10 >= seeds.len() * 9, "{hits} of {}", seeds.len());
    are_usual.then_some(hits)
}
