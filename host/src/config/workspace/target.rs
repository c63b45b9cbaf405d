//! Where resources go.

use crate::config::written::KubernetesBlock;
use crate::diagnostic::{Problem, name_hints};
use crate::source::Node;

/// The place of Kubernetes resources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A cluster.
    Cluster {
        /// The path of the kubeconfig as written; the usual one if absent.
        kubeconfig: Option<String>,
        /// The context in it; the current one if absent.
        context: Option<String>,
    },
    /// A directory of manifests.
    Directory {
        /// The path as written; a relative one starts at the project's folder.
        path: String,
        /// What the manifests say of secrets.
        secrets: SecretsMode,
    },
}

/// How a Secret is written into a directory of manifests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretsMode {
    /// Without its data.
    Omit,
    /// As it is.
    Plain,
    /// Encrypted to an age recipient.
    Age {
        /// The recipient, beginning with `age1`.
        recipient: String,
    },
}

impl SecretsMode {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "omit" => Some(Self::Omit),
            "plain" => Some(Self::Plain),
            _ => {
                let key = text.strip_prefix("age1")?;
                let sound = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric());
                sound.then(|| Self::Age { recipient: text.to_owned() })
            }
        }
    }
}

impl Target {
    /// Checks `targets.kubernetes`; `root` is the workspace's node.
    pub(super) fn read(
        root: &Node,
        written: KubernetesBlock,
        problems: &mut Vec<Problem>,
    ) -> Option<Self> {
        const POINTER: &str = "/targets/kubernetes";
        let KubernetesBlock { kubeconfig, context, directory, secrets } = written;
        let key = |name: &str| root.locate_key(&format!("{POINTER}/{name}")).clone();
        let value = |name: &str| root.locate(&format!("{POINTER}/{name}")).clone();
        for (name, text) in
            [("kubeconfig", &kubeconfig), ("context", &context), ("directory", &directory)]
        {
            if text.as_ref().is_some_and(|text| text.trim().is_empty()) {
                problems.push(Problem::at(
                    value(name),
                    format!("`targets.kubernetes.{name}` is empty"),
                ));
                return None;
            }
        }
        let Some(path) = directory else {
            if kubeconfig.is_none() && context.is_none() {
                problems.push(
                    Problem::at(
                        root.locate_key(POINTER).clone(),
                        "`targets.kubernetes` names no target",
                    )
                    .hint("give `directory`, or `kubeconfig` and `context` of a cluster"),
                );
                return None;
            }
            if secrets.is_some() {
                let message =
                    "`secrets` goes with `directory`; a cluster always gets the data of secrets";
                problems.push(Problem::at(key("secrets"), message));
            }
            return Some(Self::Cluster { kubeconfig, context });
        };
        for name in ["kubeconfig", "context"] {
            let given = if name == "context" { &context } else { &kubeconfig };
            if given.is_some() {
                let message = format!("`{name}` cannot stand beside `directory`");
                problems.push(
                    Problem::at(key(name), message)
                        .hint("a target is either a directory of manifests or a cluster"),
                );
            }
        }
        let secrets = match secrets {
            None => SecretsMode::Omit,
            Some(text) => match SecretsMode::parse(&text) {
                Some(mode) => mode,
                None => {
                    let message =
                        format!("unknown value \"{text}\" for `targets.kubernetes.secrets`");
                    let mut problem = Problem::at(value("secrets"), message);
                    problem.hints = name_hints(&text, ["omit", "plain", "age1…"]);
                    problems.push(problem);
                    return None;
                }
            },
        };
        Some(Self::Directory { path, secrets })
    }
}
