//! What the tests share: the built program, modules and guests, and a place to run in.

mod authored;
mod build;
mod compare;
mod page;
mod running;
mod sandbox;
mod shop;
mod terminal;
mod tracing;

pub use authored::{AUTHORED, Authored};
pub use build::{CATALOG, cargo, catalog, guest, kusion, repository};
pub use compare::{blessing, difference};
pub use page::{Reader, in_one_order, retell, tells};
pub use running::Running;
pub use sandbox::{Output, Sandbox, Traced};
pub use tracing::can_trace;
