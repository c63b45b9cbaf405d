//! Where external secrets are read from.

use std::collections::BTreeSet;

use crate::config::SecretValue;
use crate::config::written::{
    ClusterStoreBlock, EnvBlock, FakeBlock, KvVersion, ProviderBlock, SecretStoreBlock, VaultBlock,
};
use crate::diagnostic::Problem;
use crate::source::{Location, Node};

/// The pointer of the block that names the provider.
const PROVIDER: &str = "/secretStore/provider";

/// The store that external secrets are read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretStore {
    provider: String,
    settings: StoreSettings,
    location: Location,
}

/// What the workspace says about its store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreSettings {
    /// A server that speaks as Vault does.
    Vault {
        /// Its address; that of the user's environment if absent.
        server: Option<String>,
        /// Where the secrets engine is mounted; each reference begins with it if absent.
        path: Option<String>,
        /// Whether the secrets engine is of version 1, and not of version 2.
        first_version: bool,
        /// The namespace, where the server has such.
        namespace: Option<String>,
        /// Whether `http://` may lead to another machine.
        plain_http: bool,
    },
    /// Secrets of a namespace in a cluster.
    Kubernetes {
        /// The namespace; that of the stack if absent.
        namespace: Option<String>,
        /// The path of a kubeconfig as written; the usual one if absent.
        kubeconfig: Option<String>,
        /// The context in it; without one, the target's cluster is meant.
        context: Option<String>,
    },
    /// Variables of the environment.
    Env {
        /// Those that may be read.
        names: BTreeSet<String>,
        /// What the names of others that may be read begin with.
        prefix: Option<String>,
    },
    /// Values in the workspace itself.
    Fake {
        /// The values.
        data: Vec<FakeSecret>,
    },
    /// A provider that this version does not know how to read from.
    Other,
}

/// A value in the workspace itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FakeSecret {
    /// The name of a secret, or a name and a key.
    pub key: String,
    /// The value.
    pub value: SecretValue,
    /// The version; empty if there is one only.
    pub version: String,
}

impl SecretStore {
    /// Checks `secretStore`; `root` is the workspace's node.
    pub(super) fn read(
        root: &Node,
        written: Option<SecretStoreBlock>,
        problems: &mut Vec<Problem>,
    ) -> Option<Self> {
        let store = root.as_map()?.entry("secretStore")?;
        let providers = store.value.get("provider")?.as_map()?;
        let mut entries = providers.iter().filter(|entry| !entry.value.is_nothing());
        let Some(first) = entries.next() else {
            let problem =
                Problem::at(store.key.location.clone(), "`secretStore` names no provider");
            // What is left blank is nothing, as everywhere in these files.
            let blank = providers.iter().next().map(|entry| {
                format!("write `{}: {{}}` if nothing else is to be said of it", entry.key.text)
            });
            problems.push(blank.into_iter().fold(problem, Problem::hint));
            return None;
        };
        for other in entries {
            let message = format!("a second provider, `{}` is the first", first.key.text);
            problems.push(
                Problem::at(other.key.location.clone(), message)
                    .hint("a workspace reads its secrets from one store"),
            );
        }
        let provider = first.key.text.clone();
        // What does not have the form is told already.
        let blocks = written?.provider;
        let checked = Checked { root, provider: &provider, problems };
        let settings = checked.settings(blocks)?;
        Some(Self { provider, settings, location: first.key.location.clone() })
    }

    /// Returns the name of the provider.
    pub fn provider(&self) -> &str {
        &self.provider
    }

    /// Returns what is said about the store.
    pub fn settings(&self) -> &StoreSettings {
        &self.settings
    }

    /// Returns the key of the provider.
    pub fn location(&self) -> &Location {
        &self.location
    }
}

/// Checks what a schema cannot say.
struct Checked<'a> {
    root: &'a Node,
    provider: &'a str,
    problems: &'a mut Vec<Problem>,
}

impl Checked<'_> {
    fn settings(mut self, blocks: ProviderBlock) -> Option<StoreSettings> {
        let ProviderBlock { vault, kubernetes, env, fake, .. } = blocks;
        match (self.provider, vault, kubernetes, env, fake) {
            ("vault", Some(block), ..) => Some(self.vault(block)),
            ("kubernetes", _, Some(block), ..) => Some(self.kubernetes(block)),
            ("env", _, _, Some(block), _) => Some(self.env(block)),
            ("fake", .., Some(block)) => Some(self.fake(block)),
            _ => Some(StoreSettings::Other),
        }
    }

    fn vault(&mut self, block: VaultBlock) -> StoreSettings {
        let VaultBlock { server, path, version, namespace, plain_http } = block;
        if let Some(server) = &server
            && !is_address(server)
        {
            self.wrong(
                "server",
                "is no address of a server",
                "write it as in `https://vault.example.com:8200`",
            );
        }
        if let Some(path) = &path
            && path.trim_matches('/').split('/').any(|part| matches!(part, "" | "." | ".."))
        {
            self.wrong(
                "path",
                "is not where a secrets engine is mounted",
                "write it as in `secret`",
            );
        }
        if namespace.as_ref().is_some_and(|name| name.trim_matches('/').is_empty()) {
            self.wrong("namespace", "is empty", "leave it out, or name a namespace");
        }
        let first_version = matches!(version, Some(KvVersion::V1));
        if first_version && path.is_none() {
            self.wrong(
                "version",
                "needs a `path`",
                "name where the secrets engine is mounted; a reference could read anything of the server otherwise",
            );
        }
        StoreSettings::Vault { server, path, first_version, namespace, plain_http }
    }

    fn kubernetes(&mut self, block: ClusterStoreBlock) -> StoreSettings {
        let ClusterStoreBlock { namespace, kubeconfig, context } = block;
        for (key, value) in
            [("namespace", &namespace), ("kubeconfig", &kubeconfig), ("context", &context)]
        {
            if value.as_ref().is_some_and(|value| value.trim().is_empty()) {
                self.wrong(key, "is empty", "leave it out, or give it a value");
            }
        }
        // Whichever context is the current one in a file, any other program can change.
        if kubeconfig.is_some() && context.is_none() {
            self.wrong(
                "kubeconfig",
                "needs a `context`",
                "name the context of the kubeconfig that has the secrets",
            );
        }
        StoreSettings::Kubernetes { namespace, kubeconfig, context }
    }

    fn env(&mut self, block: EnvBlock) -> StoreSettings {
        let EnvBlock { names, prefix } = block;
        if prefix.as_ref().is_some_and(|prefix| prefix.trim().is_empty()) {
            self.wrong("prefix", "is empty", "every variable begins with it");
        } else if names.is_empty() && prefix.is_none() {
            let message = "`secretStore.provider.env` offers no variable";
            let at = self.root.locate_key(&format!("{PROVIDER}/env")).clone();
            let hint = "list variables under `names`, or give the `prefix` of their names";
            self.problems.push(Problem::at(at, message).hint(hint));
        }
        StoreSettings::Env { names: names.into_iter().collect(), prefix }
    }

    fn fake(&mut self, block: FakeBlock) -> StoreSettings {
        let location = self.root.locate(&format!("{PROVIDER}/fake"));
        let data = block.data.into_iter().map(|entry| FakeSecret {
            key: entry.key,
            value: SecretValue::new(entry.value, location.clone()),
            version: entry.version,
        });
        StoreSettings::Fake { data: data.collect() }
    }

    fn wrong(&mut self, key: &str, what: &str, hint: &str) {
        let at = self.root.locate(&format!("{PROVIDER}/{}/{key}", self.provider)).clone();
        let message = format!("`secretStore.provider.{}.{key}` {what}", self.provider);
        self.problems.push(Problem::at(at, message).hint(hint));
    }
}

/// Says whether a text is the address of a server, with nothing secret in it.
fn is_address(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '@' | '?' | '#');
    rest.is_some_and(|rest| {
        !rest.is_empty() && !rest.starts_with(['/', ':']) && !rest.contains(odd)
    })
}
