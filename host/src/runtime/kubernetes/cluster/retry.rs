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

/// Returns how long to wait before a call is made again, `None` if it is of no use.
///
/// `attempt` is 1 after the first call. `reached` says whether the server has answered in this run. `spread`
/// is any number that differs between calls: those that fail together do not all come back together.
pub(super) fn pause(
    failure: &Failure,
    attempt: u32,
    reached: bool,
    spread: u32,
) -> Option<Duration> {
    let (attempts, asked) = match failure {
        Failure::Refused(refusal) if refusal.is_passing() => (ATTEMPTS, refusal.retry_after),
        Failure::Unanswered { hopeless: false, .. } if reached => (ATTEMPTS, None),
        Failure::Unanswered { hopeless: false, .. } => (FIRST_ATTEMPTS, None),
        Failure::Garbled { .. } | Failure::Refused(_) | Failure::Unanswered { .. } => return None,
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
    use crate::runtime::kubernetes::cluster::failure::Refusal;

    fn refused(code: u16, retry_after: Option<u64>) -> Failure {
        Failure::Refused(Box::new(Refusal::read(code, b"{}", retry_after)))
    }

    fn unanswered(hopeless: bool) -> Failure {
        Failure::Unanswered { source: "connection refused".into(), hopeless }
    }

    #[test]
    fn pauses_grow_to_a_limit_and_end() {
        let pauses: Vec<_> = (1..=10).map(|n| pause(&refused(503, None), n, true, 32)).collect();
        let millis: Vec<_> = pauses.iter().flatten().map(Duration::as_millis).collect();
        assert_eq!(millis, [200, 400, 800, 1600, 3200, 5000, 5000, 5000, 5000]);
        assert_eq!(pauses.last(), Some(&None));
    }

    #[test]
    fn calls_that_fail_together_come_back_apart() {
        let at = |spread| pause(&refused(503, None), 1, true, spread).unwrap().as_millis();
        assert_eq!((at(0), at(63), at(64)), (150, 248, 150));
    }

    #[test]
    fn the_server_says_how_long_but_not_forever() {
        let at = |after| pause(&refused(429, Some(after)), 1, true, 32).unwrap().as_secs();
        assert_eq!((at(3), at(3_600)), (3, 60));
    }

    #[test]
    fn an_address_that_never_answered_is_not_tried_for_long() {
        assert!(pause(&unanswered(false), 1, false, 0).is_some());
        assert_eq!(pause(&unanswered(false), 2, false, 0), None);
        assert!(pause(&unanswered(false), 9, true, 0).is_some());
        assert_eq!(pause(&unanswered(true), 1, true, 0), None);
        assert_eq!(pause(&refused(403, None), 1, true, 0), None);
    }
}
