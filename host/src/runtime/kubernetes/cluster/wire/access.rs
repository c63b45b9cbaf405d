//! Which cluster is meant, and how it is reached.

use std::fmt;
use std::path::{Path, PathBuf};

use kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError};
use kube::{Client, Config};

use super::transport::Transport;
use crate::runtime::kubernetes::cluster::ClusterError;

/// Where the way to a cluster is written down.
#[derive(Clone, PartialEq, Eq)]
pub enum Access {
    /// In kubeconfig files, of which the first that says something wins.
    Files {
        /// The files.
        paths: Vec<PathBuf>,
        /// The context; the current one if absent.
        context: Option<String>,
    },
    /// In a kubeconfig that is not a file. It may hold credentials.
    Content {
        /// The kubeconfig.
        text: String,
        /// The context; the current one if absent.
        context: Option<String>,
    },
    /// Around us: we run in the cluster.
    InCluster,
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Files { paths, context } => {
                f.debug_struct("Files").field("paths", paths).field("context", context).finish()
            }
            Self::Content { context, .. } => {
                f.debug_struct("Content").field("context", context).finish_non_exhaustive()
            }
            Self::InCluster => f.write_str("InCluster"),
        }
    }
}

/// A way to a cluster that was found.
pub(crate) struct Opened {
    pub(crate) transport: Transport,
    /// The address of the server.
    pub(crate) server: String,
    /// What the user calls the way to it.
    pub(crate) context: String,
}

impl Access {
    /// Reads the kubeconfig and prepares the connection; nothing is sent yet.
    pub(crate) async fn open(&self) -> Result<Opened, ClusterError> {
        let (mut config, context) = match self {
            Self::Files { paths, context } => {
                let path = paths.first().cloned().unwrap_or_default();
                from_kubeconfig(read_files(paths)?, context.as_deref(), &path).await?
            }
            Self::Content { text, context } => {
                let path = PathBuf::from("KUBECONFIG_CONTENT");
                let parsed = Kubeconfig::from_yaml(text).map_err(|error| unusable(&path, error))?;
                from_kubeconfig(parsed, context.as_deref(), &path).await?
            }
            Self::InCluster => {
                let config = Config::incluster().map_err(|error| ClusterError::Kubeconfig {
                    path: PathBuf::from("of this pod"),
                    source: Box::new(error),
                })?;
                (config, "in-cluster".to_owned())
            }
        };
        // Calls are repeated by us, who know what they are.
        config.default_retry = false;
        let server = config.cluster_url.to_string().trim_end_matches('/').to_owned();
        let client = Client::try_from(config).map_err(|error| ClusterError::Unreachable {
            cluster: format!("cluster `{server}`"),
            source: Box::new(error),
        })?;
        Ok(Opened { transport: Transport::new(client), server, context })
    }
}

fn read_files(paths: &[PathBuf]) -> Result<Kubeconfig, ClusterError> {
    let mut merged: Option<Kubeconfig> = None;
    for path in paths {
        let next = Kubeconfig::read_from(path).map_err(|error| unusable(path, error))?;
        merged = Some(match merged {
            None => next,
            Some(merged) => merged.merge(next).map_err(|error| unusable(path, error))?,
        });
    }
    Ok(merged.unwrap_or_default())
}

async fn from_kubeconfig(
    kubeconfig: Kubeconfig,
    context: Option<&str>,
    path: &Path,
) -> Result<(Config, String), ClusterError> {
    let known = || kubeconfig.contexts.iter().map(|context| context.name.clone()).collect();
    let chosen = context.map(str::to_owned).or_else(|| kubeconfig.current_context.clone());
    let Some(chosen) = chosen.filter(|chosen| !chosen.is_empty()) else {
        return Err(ClusterError::NoCurrentContext { path: path.to_owned(), known: known() });
    };
    if !kubeconfig.contexts.iter().any(|context| context.name == chosen) {
        let (path, known) = (path.to_owned(), known());
        return Err(ClusterError::NoContext { path, context: chosen, known });
    }
    let options = KubeConfigOptions { context: Some(chosen.clone()), ..Default::default() };
    let config = Config::from_custom_kubeconfig(kubeconfig, &options).await;
    Ok((config.map_err(|error| unusable(path, error))?, chosen))
}

fn unusable(path: &Path, error: KubeconfigError) -> ClusterError {
    let path = path.to_owned();
    match error {
        KubeconfigError::ReadConfig(source, path) => {
            ClusterError::Kubeconfig { path, source: Box::new(source) }
        }
        // The reader quotes the lines, and they may hold the way in.
        KubeconfigError::Parse(error) => {
            let place = error.location();
            let place = place.map_or(String::new(), |place| {
                format!(" (line {}, column {})", place.line(), place.column())
            });
            ClusterError::Kubeconfig { path, source: format!("it is no kubeconfig{place}").into() }
        }
        error => ClusterError::Kubeconfig { path, source: Box::new(error) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KUBECONFIG: &str = "\
apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: \"https://127.0.0.1:1\"}}]
contexts: [{name: dev, context: {cluster: c, user: u}}, {name: prod, context: {cluster: c, user: u}}]
users: [{name: u, user: {token: planted}}]
";

    #[tokio::test]
    async fn a_kubeconfig_that_cannot_be_read_is_not_quoted() {
        for text in [
            "users:\n- name: u\n  user: {token: planted\n",
            "users:\n- name: u\n  user: planted\n",
            "planted",
        ] {
            let access = Access::Content { text: text.to_owned(), context: None };
            let error = access.open().await.err().unwrap();
            let said = crate::diagnostic::Problem::of(&error).message;
            assert!(said.contains("it is no kubeconfig"), "{said}");
            assert!(!said.contains("planted"), "{said}");
        }
    }

    async fn open(current: &str, context: Option<&str>) -> Result<(String, String), ClusterError> {
        let text = format!("{KUBECONFIG}{current}");
        let access = Access::Content { text, context: context.map(str::to_owned) };
        assert!(!format!("{access:?}").contains("planted"));
        access.open().await.map(|opened| (opened.server, opened.context))
    }

    #[tokio::test]
    async fn the_context_that_is_named_wins_over_the_current_one() {
        let server = "https://127.0.0.1:1".to_owned();
        let current = "current-context: dev\n";
        assert_eq!(open(current, None).await.unwrap(), (server.clone(), "dev".to_owned()));
        assert_eq!(open(current, Some("prod")).await.unwrap(), (server, "prod".to_owned()));
    }

    #[tokio::test]
    async fn a_context_that_is_not_there_is_told_with_those_that_are() {
        use crate::diagnostic::Diagnose as _;
        let error = open("current-context: dev\n", Some("prdo")).await.unwrap_err();
        assert_eq!(error.to_string(), "kubeconfig `KUBECONFIG_CONTENT` has no context `prdo`");
        assert_eq!(error.hints(), ["did you mean `prod`?", "valid names: dev, prod"]);
        let error = open("", None).await.unwrap_err();
        assert_eq!(error.hints(), ["name one with `--context`: dev, prod"]);
    }

    #[tokio::test]
    async fn of_several_files_the_first_wins_and_a_missing_one_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs_err::write(&path, text).unwrap();
            path
        };
        let one = file("one", &format!("{KUBECONFIG}current-context: prod\n"));
        let two = file("two", &format!("{KUBECONFIG}current-context: dev\n"));
        let access = Access::Files { paths: vec![one, two], context: None };
        assert_eq!(access.open().await.map(|opened| opened.context).unwrap(), "prod");
        let gone = folder.path().join("gone");
        let access = Access::Files { paths: vec![gone.clone()], context: None };
        let error = access.open().await.map(|_| ()).unwrap_err();
        assert_eq!(error.to_string(), format!("cannot use kubeconfig `{}`", gone.display()));
    }
}
