//! What holds for every error about a file: it points into the file.

use kusion::diagnostic::{Diagnose, Problem};

/// Checks an error as whoever shows it would use it.
pub fn check_error(error: &dyn Diagnose) {
    assert!(!error.to_string().is_empty());
    let _hints = error.hints();
    // All are alike, and a target must not be slower than what it tests.
    error.problems().iter().take(100).for_each(check_problem);
}

fn check_problem(problem: &Problem) {
    assert!(!problem.message.is_empty());
    let Some(place) = &problem.location else { return };
    let lines = place.file().text().lines().count();
    // The end of a text that ends with a line break is a line of its own.
    assert!(
        place.line() >= 1 && place.line() <= lines + 1,
        "line of {place} of {lines}: {problem:?}"
    );
    assert!(
        place.last_line() >= place.line() && place.last_line() <= lines + 1,
        "{place} through {}",
        place.last_line()
    );
    let width = place.text().map_or(0, |line| line.chars().count());
    assert!(
        place.column() >= 1 && place.column() <= width + 1,
        "column of {place} of {width}: {problem:?}"
    );
    assert!(
        place.column() + place.width() <= width.max(1) + 2,
        "width {} at {place}",
        place.width()
    );
}
