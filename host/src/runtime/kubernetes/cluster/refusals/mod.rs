//! What a refusal means: whose field it is about, what is wrong with an object, who denied it.

mod conflict;
mod invalid;
mod verdict;

pub use conflict::FieldConflict;
pub(super) use conflict::is_by_hand;
pub use invalid::FieldProblem;
pub(super) use invalid::{immutable_fields, is_immutable, problems};
pub(super) use verdict::{Attempt, verdict};
