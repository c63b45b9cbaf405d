//! How things look: colours, tables, plans, progress.

mod outcome;
mod paint;
mod plan;
mod progress;
mod table;

pub(crate) use outcome::{outcome, outcome_document};
pub(crate) use paint::{Paint, Style};
pub(crate) use plan::{full_details, plan};
pub(crate) use progress::Progress;
pub(crate) use table::Table;
