//! How things look: colours, tables, plans, progress.

mod outcome;
mod paint;
mod plan;
mod progress;
mod release_diff;
mod table;

/// Makes a text that somebody else wrote harmless to a terminal: control characters but line breaks and tabs
/// are shown, not obeyed.
pub(crate) fn harmless(text: &str) -> String {
    let obeyed = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    if !text.contains(obeyed) {
        return text.to_owned();
    }
    text.chars()
        .map(|c| if obeyed(c) { c.escape_default().to_string() } else { c.to_string() })
        .collect()
}

pub(crate) use outcome::{cut_short, outcome, outcome_document};
pub(crate) use paint::{Paint, Style};
pub(crate) use plan::{changes, full_details, plan};
pub(crate) use progress::Progress;
pub(crate) use release_diff::release_diff;
pub(crate) use table::Table;
