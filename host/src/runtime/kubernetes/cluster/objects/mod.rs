//! What is to know of single objects, live ones and those that we send.
//!
//! All of it is pure: nothing in here asks a server.

mod displaced;
mod handover;
mod managed;
mod normalise;
mod object;
mod overlay;
mod ownership;
mod parent;
mod place;
mod record;
mod strangers;

pub(super) use displaced::{Displaced, displaced, lists, put_right, reclaim, stand_in, with_lists};
pub(super) use handover::{HEIR, bequest, replicas_kept, replicas_left, with_replicas};
pub(super) use managed::{editors, set_by_others};
pub(super) use normalise::normalise;
pub(super) use object::{Making, Missing, Object, references};
pub(super) use overlay::overlay;
#[cfg(test)]
pub(super) use ownership::tests::owner;
pub(super) use ownership::{
    Holder, MANAGED_BY, MANAGER, adoption, holder, is_adopted, is_made, is_made_by, mark,
    member_of, reserved, unmark, why_kept,
};
pub(super) use parent::{Members, Parent};
pub(super) use place::Place;
pub(super) use record::{Record, is_terminating, uid};
pub(super) use strangers::{replaced, strangers};
