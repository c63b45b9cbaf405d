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

/// Returns whether what is compared is to be written anew instead: `BLESS=1`.
#[expect(clippy::disallowed_methods, reason = "whoever runs the tests says whether they bless")]
pub fn blessing() -> bool {
    std::env::var_os("BLESS").is_some_and(|value| !value.is_empty() && value != "0")
}
