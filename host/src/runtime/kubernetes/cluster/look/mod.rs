//! Looking at a cluster before anything is changed: at all of it once, then at each object.

mod absent;
mod discovery;
mod displaced;
mod homes;
mod leftover;
mod observe;
mod relation;
mod residents;
mod survey;

pub(super) use displaced::displaced_in;
pub(super) use relation::Relation;
pub(super) use residents::Residents;
pub(super) use survey::{Survey, WORTH_LISTING};
