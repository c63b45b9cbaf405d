//! Texts that should be equal, and how they differ.

use similar::TextDiff;

/// Returns a unified difference between two texts; `None` if they are equal.
pub fn difference(expected: &str, found: &str) -> Option<String> {
    if expected == found {
        return None;
    }
    let difference = TextDiff::from_lines(expected, found);
    Some(difference.unified_diff().context_radius(3).header("expected", "found").to_string())
}
