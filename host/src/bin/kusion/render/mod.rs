//! How things look: colours, tables, plans, events.

mod paint;
mod table;

pub(crate) use paint::{Paint, Style};
pub(crate) use table::Table;
