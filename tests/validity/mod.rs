//! What the catalog's modules make is valid, in two versions of Kubernetes and by the definitions of others.

mod definitions;
mod drawn;
mod expected;
mod rules;
mod schema;
mod test_cases;
mod test_drawn;
mod test_server;

use definitions::Definitions;
