//! Trying again what may go better the next time.

use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

use super::{PullEvent, PullObserver, RegistryError};

/// The longest that a registry can make somebody wait. What asks for more is told to the user.
const LONGEST: Duration = Duration::from_secs(60);

/// How often something is tried, and how long is waited in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retries {
    /// How often it is tried at most.
    pub attempts: u32,
    /// The wait after the first attempt, which doubles with each.
    pub pause: Duration,
}

impl Default for Retries {
    fn default() -> Self {
        Self { attempts: 5, pause: Duration::from_millis(200) }
    }
}

impl Retries {
    /// Runs something until it succeeds, fails for good, or has failed often enough.
    pub(super) async fn run<T>(
        &self,
        what: &str,
        observer: &dyn PullObserver,
        mut attempt: impl AsyncFnMut() -> Result<T, RegistryError>,
    ) -> Result<T, RegistryError> {
        let mut made = 1;
        loop {
            let error = match attempt().await {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            let Some(wait) = self.wait(made, &error) else { return Err(error) };
            observer.notice(PullEvent::Repeats { what, reason: &error.brief(), wait });
            tokio::time::sleep(wait).await;
            made += 1;
        }
    }

    /// Returns how long to wait after so many attempts; `None` to give up.
    fn wait(&self, made: u32, error: &RegistryError) -> Option<Duration> {
        if made >= self.attempts || !error.may_pass() {
            return None;
        }
        match error.asked_wait() {
            Some(asked) => (asked <= LONGEST).then_some(asked.max(self.pause)),
            None => Some(self.scattered(made).min(LONGEST)),
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

    const FEW: Retries = Retries { attempts: 3, pause: Duration::from_millis(1) };

    fn unavailable(wait: Option<u64>) -> RegistryError {
        RegistryError::Unavailable {
            what: "`x`".to_owned(),
            status: 429,
            message: String::new(),
            wait: wait.map(Duration::from_secs),
        }
    }

    #[test]
    fn what_passes_is_tried_again_and_what_stays_is_not() {
        let retries = Retries { attempts: 4, pause: Duration::from_millis(100) };
        let gone = RegistryError::NotFound { what: "`x`".to_owned() };
        assert_eq!(retries.wait(1, &gone), None);
        for (made, least) in [(1, 100), (2, 200), (3, 400)] {
            let wait = retries.wait(made, &unavailable(None)).unwrap();
            let least = Duration::from_millis(least);
            assert!(wait >= least && wait <= least.mul_f64(1.5), "{wait:?}");
        }
        assert_eq!(retries.wait(4, &unavailable(None)), None);
    }

    #[test]
    fn a_registry_says_how_long_to_wait_within_reason() {
        assert_eq!(FEW.wait(1, &unavailable(Some(7))), Some(Duration::from_secs(7)));
        assert_eq!(FEW.wait(1, &unavailable(Some(0))), Some(FEW.pause));
        assert_eq!(FEW.wait(1, &unavailable(Some(3600))), None);
    }

    #[tokio::test]
    async fn the_last_error_is_told() {
        let mut made = 0;
        let failed = FEW.run("x", &(), async || -> Result<(), _> {
            made += 1;
            Err(unavailable(None))
        });
        assert!(matches!(failed.await, Err(RegistryError::Unavailable { .. })));
        assert_eq!(made, 3);
        let mut made = 0;
        let done = FEW.run("x", &(), async || {
            made += 1;
            if made < 2 { Err(unavailable(None)) } else { Ok(made) }
        });
        assert_eq!(done.await.unwrap(), 2);
    }
}
