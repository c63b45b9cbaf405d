//! What all clouds are told in the same way.

use kusion_sdk::{Pointer, Problems, names};

use crate::database::Database;
use crate::network::Network;
use crate::platform::Platform;

/// The storage of a managed database, unless the platform says otherwise, in GiB: less is not sold.
const SIZE: u32 = 20;

/// A managed database that is wanted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Order<'a> {
    pub(crate) database: &'a Database,
    pub(crate) port: u16,
    /// What the cloud calls the kind of server.
    pub(crate) engine: &'static str,
    pub(crate) platform: &'a Platform,
    pub(crate) version: &'a str,
    pub(crate) username: &'a str,
}

impl Order<'_> {
    pub(crate) fn size(&self) -> u32 {
        self.platform.size.unwrap_or(SIZE)
    }

    pub(crate) fn instance_type(&self, problems: &mut Problems) -> &str {
        let written = self.platform.instance_type.as_deref().unwrap_or_default();
        let at = Pointer::platform().key("instanceType");
        if written.is_empty() {
            problems.add(at, "the platform must set `instanceType` for databases of type `cloud`");
        } else if !is_identifier(written) {
            problems.add(at, "must consist of letters, digits, `.`, `_` and `-`");
        }
        written
    }

    /// The subnet; an empty text is none.
    pub(crate) fn subnet(&self, problems: &mut Problems) -> Option<&str> {
        let subnet = self.platform.subnet_id.as_deref().filter(|subnet| !subnet.is_empty())?;
        if !is_identifier(subnet) {
            let at = Pointer::platform().key("subnetID");
            problems.add(at, "must consist of letters, digits, `.`, `_` and `-`");
        }
        Some(subnet)
    }

    /// The networks that may connect, each once.
    pub(crate) fn networks(&self, problems: &mut Problems) -> Vec<Network> {
        let at = Pointer::platform().key("securityIPs");
        if self.platform.security_ips.is_empty() {
            problems.add(at.clone(), "needs at least one address or network");
        }
        let mut networks = Vec::with_capacity(self.platform.security_ips.len());
        for (index, text) in self.platform.security_ips.iter().enumerate() {
            match Network::parse(text) {
                Some(network) if networks.contains(&network) => {}
                Some(network) => networks.push(network),
                None => problems.add(
                    at.index(index),
                    "must be an address (`10.1.2.3`) or a network (`10.0.0.0/8`)",
                ),
            }
        }
        networks
    }

    /// The name of the database at the cloud: it begins with a letter.
    pub(crate) fn identifier(&self) -> String {
        names::service_name(self.database.name())
    }
}

/// Whether what a cloud calls something has no characters that nothing is called with.
fn is_identifier(text: &str) -> bool {
    text.len() <= 255
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}
