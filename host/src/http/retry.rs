//! Trying again what may go better the next time.

use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

/// How often something is tried, and how long is waited in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retries {
    /// How often it is tried at most.
    pub attempts: u32,
    /// The wait after the first attempt, which doubles with each.
    pub pause: Duration,
    /// The longest that a server can make somebody wait. What asks for more is told to the user.
    pub longest: Duration,
}

impl Default for Retries {
    fn default() -> Self {
        Self { attempts: 5, pause: Duration::from_millis(200), longest: Duration::from_secs(60) }
    }
}

/// An error that may pass by itself.
pub(crate) trait Passing {
    /// Returns whether another attempt may go better.
    fn may_pass(&self) -> bool;

    /// Returns how long the server wants to be left alone.
    fn asked_wait(&self) -> Option<Duration>;
}

impl Retries {
    /// Returns how long to wait after so many attempts; `None` to give up.
    pub(crate) fn wait(&self, made: u32, error: &impl Passing) -> Option<Duration> {
        if made >= self.attempts || !error.may_pass() {
            return None;
        }
        match error.asked_wait() {
            Some(asked) => (asked <= self.longest).then_some(asked.max(self.pause)),
            None => Some(self.scattered(made).min(self.longest)),
        }
    }

    /// Returns the wait, up to half of it more, so that those who failed together do not come back together.
    fn scattered(&self, made: u32) -> Duration {
        let base = self.pause.saturating_mul(1 << (made - 1).min(16));
        let chance = RandomState::new().hash_one(made) % 512;
        base + base.mul_f64(chance as f64 / 1024.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Says whether it passes, and how long to wait.
    struct Failed(bool, Option<u64>);

    impl Passing for Failed {
        fn may_pass(&self) -> bool {
            self.0
        }

        fn asked_wait(&self) -> Option<Duration> {
            self.1.map(Duration::from_secs)
        }
    }

    #[test]
    fn what_passes_is_tried_again_and_what_stays_is_not() {
        let retries =
            Retries { attempts: 4, pause: Duration::from_millis(100), ..Retries::default() };
        assert_eq!(retries.wait(1, &Failed(false, None)), None);
        for (made, least) in [(1, 100), (2, 200), (3, 400)] {
            let wait = retries.wait(made, &Failed(true, None)).unwrap();
            let least = Duration::from_millis(least);
            assert!(wait >= least && wait <= least.mul_f64(1.5), "{wait:?}");
        }
        assert_eq!(retries.wait(4, &Failed(true, None)), None);
    }

    #[test]
    fn a_server_says_how_long_to_wait_within_reason() {
        let few = Retries { attempts: 3, pause: Duration::from_millis(1), ..Retries::default() };
        let wait = |asked| few.wait(1, &Failed(true, Some(asked)));
        assert_eq!(wait(7), Some(Duration::from_secs(7)));
        assert_eq!(wait(0), Some(few.pause));
        assert_eq!(wait(3600), None);
    }
}
