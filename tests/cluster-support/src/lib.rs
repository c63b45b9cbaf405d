//! A real Kubernetes control plane for tests, and a proxy that makes it fail.
//!
//! It does not depend on kusion, so that it compiles in seconds and tests nothing by accident. The scripts that build,
//! start and stop the programs are in `tests/cluster`, where developers use them by hand too.
//!
//! Most tests take [`Cluster::shared`] and a [`Cluster::namespace`] of their own. A test that disturbs the control
//! plane itself starts a [`Cluster::start`] of its own; what disturbs takes `&mut self`, so the compiler keeps shared
//! clusters whole. Requests are made to fail, slowed down and counted by a [`Proxy`].

mod cluster;
mod inventory;
mod kubectl;
mod part;
mod pods;
mod proxy;
mod scripts;
mod shared;
mod webhook;

pub use cluster::{Cluster, User};
pub use kubectl::Outcome;
pub use part::Part;
pub use pods::{AFTER, POD, PodFate};
pub use proxy::{Fault, Proxy, Request, Rule};
pub use webhook::Webhook;
