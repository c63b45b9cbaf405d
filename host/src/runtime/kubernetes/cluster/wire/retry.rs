//! When a call is tried again.

use std::time::Duration;

use super::failure::Failure;

/// The first pause; each further one is twice as long.
const FIRST: Duration = Duration::from_millis(200);
/// The longest pause. A server that restarts is back in seconds.
const LONGEST: Duration = Duration::from_secs(5);
/// The longest time that a server may ask us to wait.
const LONGEST_ASKED: Duration = Duration::from_secs(60);
/// How often a call is made, at most; the pauses add up to about half a minute.
const ATTEMPTS: u32 = 10;
/// How often, if the server never answered in this run: an address that is wrong shows at once.
const FIRST_ATTEMPTS: u32 = 2;
/// How long a call that is not answered is made again, if the server takes long for that; once more at least.
const SILENCE: Duration = Duration::from_secs(90);

/// What was tried until now.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tries {
    /// How often the call was made.
    pub(crate) attempt: u32,
    /// How long that took.
    pub(crate) elapsed: Duration,
    /// Whether the server has answered any call of this run.
    pub(crate) reached: bool,
    /// Any number that differs between calls: those that fail together do not all come back together.
    pub(super) spread: u32,
}

/// Returns how long to wait before a call is made again, `None` if it is of no use.
pub(crate) fn pause(failure: &Failure, tries: Tries) -> Option<Duration> {
    let Tries { attempt, elapsed, reached, spread } = tries;
    let (attempts, asked) = match failure {
        Failure::Refused(refusal) if refusal.is_passing() => (ATTEMPTS, refusal.retry_after),
        Failure::Unanswered { hopeless: true, .. } => return None,
        Failure::Unanswered { .. } if attempt > 1 && elapsed > SILENCE => return None,
        Failure::Unanswered { taken, .. } if *taken || reached => (ATTEMPTS, None),
        Failure::Unanswered { .. } => (FIRST_ATTEMPTS, None),
        Failure::Garbled { .. } | Failure::TooLong | Failure::Refused(_) => return None,
    };
    if attempt >= attempts {
        return None;
    }
    let doubled = FIRST.saturating_mul(1 << (attempt - 1).min(16)).min(LONGEST);
    let pause = doubled.mul_f64(0.75 + f64::from(spread % 64) / 128.0);
    Some(asked.map_or(pause, |asked| asked.min(LONGEST_ASKED).max(pause)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::kubernetes::cluster::wire::Refusal;

    fn refused(code: u16, retry_after: Option<u64>) -> Failure {
        Failure::Refused(Box::new(Refusal::read(code, b"{}", retry_after)))
    }

    fn unanswered(hopeless: bool, taken: bool) -> Failure {
        Failure::Unanswered { source: "no answer".into(), hopeless, taken }
    }

    fn tries(attempt: u32) -> Tries {
        Tries { attempt, elapsed: Duration::from_secs(1), reached: true, spread: 32 }
    }

    #[test]
    fn pauses_grow_to_a_limit_and_end() {
        let pauses: Vec<_> = (1..=10).map(|n| pause(&refused(503, None), tries(n))).collect();
        let millis: Vec<_> = pauses.iter().flatten().map(Duration::as_millis).collect();
        assert_eq!(millis, [200, 400, 800, 1600, 3200, 5000, 5000, 5000, 5000]);
        assert_eq!(pauses.last(), Some(&None));
    }

    #[test]
    fn calls_that_fail_together_come_back_apart() {
        let at =
            |spread| pause(&refused(503, None), Tries { spread, ..tries(1) }).unwrap().as_millis();
        assert_eq!((at(0), at(63), at(64)), (150, 248, 150));
    }

    #[test]
    fn the_server_says_how_long_but_not_forever() {
        let at = |after| pause(&refused(429, Some(after)), tries(1)).unwrap().as_secs();
        assert_eq!((at(3), at(3_600)), (3, 60));
    }

    #[test]
    fn an_address_that_never_answered_is_not_tried_for_long() {
        let at = |attempt, taken| {
            let never = Tries { reached: false, ..tries(attempt) };
            pause(&unanswered(false, taken), never).is_some()
        };
        assert!(at(1, false) && !at(2, false));
        // A connection that was taken and broke is another matter.
        assert!(at(2, true) && at(9, true) && !at(10, true));
        assert!(pause(&unanswered(false, false), tries(9)).is_some());
    }

    #[test]
    fn a_server_that_stays_silent_is_given_up() {
        let after = |attempt, seconds| {
            let elapsed = Duration::from_secs(seconds);
            pause(&unanswered(false, true), Tries { elapsed, ..tries(attempt) }).is_some()
        };
        assert!(after(1, 60) && after(1, 120) && !after(2, 120) && after(2, 60));
    }

    #[test]
    fn what_cannot_pass_is_not_tried_again() {
        assert_eq!(pause(&unanswered(true, false), tries(1)), None);
        assert_eq!(pause(&refused(403, None), tries(1)), None);
    }
}
