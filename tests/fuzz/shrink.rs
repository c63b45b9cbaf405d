//! The smallest input that still fails in the same way, as far as a simple search finds it.

use std::path::Path;

use crate::run::run_input;
use crate::targets::Target;

/// The most inputs that are tried; each costs a process.
const MAX_TRIES: usize = 400;

/// Takes away halves, quarters and so on as long as the failure stays the same.
pub fn shrink(target: &Target, input: Vec<u8>, message: &str, scratch: &Path) -> Vec<u8> {
    let kind = kind(message);
    let mut best = input;
    let mut tries = 0;
    let mut size = best.len() / 2;
    while size > 0 && tries < MAX_TRIES {
        let mut start = 0;
        let mut shrunk = false;
        while start < best.len() && tries < MAX_TRIES {
            let end = best.len().min(start + size);
            let candidate = [&best[..start], &best[end..]].concat();
            tries += 1;
            let still = run_input(target, &candidate, scratch)
                .err()
                .is_some_and(|failure| self::kind(&failure.message) == kind);
            if still {
                best = candidate;
                shrunk = true;
            } else {
                start = end;
            }
        }
        if !shrunk || size > best.len() {
            size = size.min(best.len()) / 2;
        }
    }
    best
}

/// What stays the same while an input shrinks: where it panicked, or how it died.
fn kind(message: &str) -> &str {
    message.lines().next().unwrap_or_default()
}
