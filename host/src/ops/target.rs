//! Opens the place where a workspace says that resources live.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::config::{SecretsMode, Stack, Target, Workspace};
use crate::diagnostic::{Diagnose, Kind};
use crate::ops::store::{StoreOptions, StorePlace};
use crate::runtime::{
    Access, DirectoryRuntime, KubernetesRuntime, Owner, Runtime, RuntimeError, SecretPolicy, Terms,
};
use crate::secret::{ExternalRef, Recipient, SecretError, StoreError};
use crate::source::Node;

/// How much is done at once in a directory.
const IN_A_DIRECTORY: NonZeroUsize = NonZeroUsize::new(10).unwrap();
/// How many requests a cluster gets at once. `docs/benchmarks.md` says why.
const ON_A_CLUSTER: NonZeroUsize = NonZeroUsize::new(32).unwrap();

/// Returns how much is done at once in the target of a workspace, unless somebody says otherwise.
///
/// Modules run on as many threads as there are processors at most, so it does not matter to them.
pub fn default_parallelism(workspace: &Workspace) -> NonZeroUsize {
    match workspace.target() {
        Some(Target::Directory { .. }) => IN_A_DIRECTORY,
        Some(Target::Cluster { .. }) | None => ON_A_CLUSTER,
    }
}

/// Why a workspace's target cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TargetError {
    /// Nothing names a target.
    #[error("workspace `{workspace}` has no target")]
    Missing {
        /// The workspace.
        workspace: String,
    },
    /// Nobody would see which cluster is changed, and nothing that is written down names it.
    #[error("workspace `{workspace}` names no context, and nobody is asked")]
    ContextNeeded {
        /// The workspace.
        workspace: String,
    },
    /// The workspace names a context, and there is no file that could hold it.
    #[error("workspace `{workspace}` is for a cluster, and you have no kubeconfig")]
    NoKubeconfig {
        /// The workspace.
        workspace: String,
    },
    /// The workspace decides which context is used.
    #[error("workspace `{workspace}` is for context `{pinned}`, and `--context` says `{given}`")]
    ContextPinned {
        /// The workspace.
        workspace: String,
        /// The context of the workspace.
        pinned: String,
        /// The other one.
        given: String,
    },
    /// A directory has no contexts.
    #[error(
        "workspace `{workspace}` has a directory as its target, and `--context` names a cluster"
    )]
    ContextOfDirectory {
        /// The workspace.
        workspace: String,
    },
    /// The recipient that Secrets are encrypted to is none.
    #[error("`targets.kubernetes.secrets` of workspace `{workspace}` cannot be used")]
    Recipient {
        /// The workspace.
        workspace: String,
        /// What is wrong with it.
        source: Box<SecretError>,
    },
    /// The way to the cluster is a secret that cannot be read.
    #[error("cannot read `context.{key}` of workspace `{workspace}`")]
    Context {
        /// The key.
        key: &'static str,
        /// The workspace.
        workspace: String,
        /// Why.
        source: Box<StoreError>,
    },
    /// The way to the cluster cannot be used.
    #[error(transparent)]
    Runtime(Box<RuntimeError>),
}

impl Diagnose for TargetError {
    fn kind(&self) -> Kind {
        match self {
            Self::Runtime(error) => error.kind(),
            Self::Context { source, .. } => source.kind(),
            _ => Kind::User,
        }
    }

    fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::Missing { workspace } => format!(
                "add `targets: {{kubernetes: {{directory: manifests}}}}` with `kusion workspace update {workspace} -f FILE`"
            ),
            Self::ContextNeeded { .. } => {
                "name the context of the kubeconfig with `--context`, or in `targets.kubernetes.context` of the workspace"
                    .to_owned()
            }
            Self::NoKubeconfig { .. } => {
                "make `~/.kube/config`, set `KUBECONFIG`, or name a file in `targets.kubernetes.kubeconfig`"
                    .to_owned()
            }
            Self::ContextPinned { .. } => {
                "leave `--context` out, or use another workspace".to_owned()
            }
            Self::ContextOfDirectory { .. } => "leave `--context` out".to_owned(),
            Self::Recipient { .. } => {
                "give `plain`, `omit`, or a public key of age that begins with `age1`".to_owned()
            }
            Self::Context { source, .. } => return source.hints(),
            Self::Runtime(error) => return error.hints(),
        };
        vec![hint]
    }
}

/// Returns the folders below which the target keeps manifests: the stack's own, and those of all stacks
/// unless the stack is described among them.
pub(super) fn manifests(stack: &Stack, workspace: &Workspace) -> Vec<PathBuf> {
    let Some(Target::Directory { path, .. }) = workspace.target() else { return Vec::new() };
    let own = stack.project_dir().join(below_project(path, stack, workspace));
    let all = stack.project_dir().join(path);
    let real = |path: &Path| fs_err::canonicalize(path).ok();
    let is_among =
        real(&all).zip(real(stack.stack_dir())).is_some_and(|(all, stack)| stack.starts_with(&all));
    if is_among { vec![own] } else { vec![own, all] }
}

/// Returns the folder of a stack's manifests, from the project's folder on.
fn below_project(path: &str, stack: &Stack, workspace: &Workspace) -> PathBuf {
    Path::new(path).join(workspace.name().as_str()).join(stack.stack().as_str())
}

/// What the workspace does not say about its target: the user's surroundings, and what was agreed to.
#[derive(Debug, Clone, Default)]
pub struct TargetOptions {
    /// The kubeconfig files of the user, of which the first that says something wins.
    pub kubeconfigs: Vec<PathBuf>,
    /// The folder that `~` stands for.
    pub user_home: Option<PathBuf>,
    /// Whether we run in a pod of a cluster.
    pub in_cluster: bool,
    /// The context that the user names.
    pub context: Option<String>,
    /// Whether the change is approved before anybody saw it.
    pub approved_unseen: bool,
    /// What was agreed to beforehand.
    pub terms: Terms,
    /// What the workspace does not say about its secret store, in which the way to the cluster may be.
    pub stores: StoreOptions,
}

/// Opens the target of a workspace for one stack. Nothing is sent to a cluster yet.
///
/// # Errors
///
/// Nothing names a target, or the way to it cannot be used.
pub async fn open_target(
    stack: &Stack,
    workspace: &Workspace,
    options: &TargetOptions,
) -> Result<Box<dyn Runtime>, TargetError> {
    let owner = Owner {
        project: stack.project().clone(),
        stack: stack.stack().clone(),
        workspace: workspace.name().clone(),
    };
    if let Some(Target::Directory { path, secrets }) = workspace.target() {
        if options.context.is_some() {
            return Err(TargetError::ContextOfDirectory {
                workspace: workspace.name().to_string(),
            });
        }
        let below_project = below_project(path, stack, workspace);
        let folder = stack.project_dir().join(&below_project);
        let runtime = DirectoryRuntime::new(folder, owner, policy(workspace, secrets)?);
        return Ok(Box::new(runtime.titled(below_project.display().to_string())));
    }
    let written = Written::read(workspace, stack.namespace(), &options.stores).await?;
    let access = access(workspace, written, options)?;
    let runtime = KubernetesRuntime::open(&access, owner, stack.namespace(), options.terms).await;
    Ok(Box::new(runtime.map_err(|error| TargetError::Runtime(Box::new(error)))?))
}

fn policy(workspace: &Workspace, secrets: &SecretsMode) -> Result<SecretPolicy, TargetError> {
    Ok(match secrets {
        SecretsMode::Omit => SecretPolicy::Omit,
        SecretsMode::Plain => SecretPolicy::Plain,
        SecretsMode::Age { recipient } => {
            let recipient = Recipient::parse(recipient).map_err(|source| {
                let workspace = workspace.name().to_string();
                TargetError::Recipient { workspace, source: Box::new(source) }
            });
            SecretPolicy::Age(recipient?)
        }
    })
}

/// Finds the way to a cluster: what the workspace says, then what its context holds as upstream has it, then
/// the user's kubeconfig, then the cluster around us.
fn access(
    workspace: &Workspace,
    written: Written,
    options: &TargetOptions,
) -> Result<Access, TargetError> {
    let name = || workspace.name().to_string();
    let given = options.context.clone();
    let expand = |path: &str| expand(path, options.user_home.as_deref());
    // Whichever context is the current one in a file, any other program can change.
    let in_files = |paths, context: Option<String>| match context {
        None if options.approved_unseen => Err(TargetError::ContextNeeded { workspace: name() }),
        context => Ok(Access::Files { paths, context }),
    };
    if let Some(Target::Cluster { kubeconfig, context }) = workspace.target() {
        if let (Some(pinned), Some(given)) = (context, &given)
            && pinned != given
        {
            let (pinned, given) = (pinned.clone(), given.clone());
            return Err(TargetError::ContextPinned { workspace: name(), pinned, given });
        }
        let paths = match kubeconfig {
            Some(path) => vec![expand(path)],
            None if options.kubeconfigs.is_empty() => {
                return Err(TargetError::NoKubeconfig { workspace: name() });
            }
            None => options.kubeconfigs.clone(),
        };
        return in_files(paths, given.or_else(|| context.clone()));
    }
    match written {
        Written::Content(text) => return Ok(Access::Content { text, context: given }),
        Written::Path(path) => return in_files(vec![expand(&path)], given),
        Written::Nowhere => {}
    }
    if !options.kubeconfigs.is_empty() {
        return in_files(options.kubeconfigs.clone(), given);
    }
    if options.in_cluster && given.is_none() {
        return Ok(Access::InCluster);
    }
    Err(TargetError::Missing { workspace: name() })
}

/// A kubeconfig as the workspace's context has it.
enum Written {
    Nowhere,
    /// The kubeconfig itself. It may hold credentials.
    Content(String),
    /// The path of the file.
    Path(String),
}

impl Written {
    /// Looks for a kubeconfig where upstream has it. What refers to the workspace's secret store is read there; this is
    /// the only part of the context that the host itself uses.
    async fn read(
        workspace: &Workspace,
        namespace: &str,
        stores: &StoreOptions,
    ) -> Result<Self, TargetError> {
        if workspace.target().is_some() {
            return Ok(Self::Nowhere);
        }
        for key in ["KUBECONFIG_CONTENT", "KUBECONFIG_PATH"] {
            let value = workspace.context().get(key).map(Node::to_json);
            let text = value.as_ref().and_then(Value::as_str).unwrap_or_default();
            if text.trim().is_empty() {
                continue;
            }
            let mut text = text.to_owned();
            let is_meant = ExternalRef::is_meant(&text);
            if is_meant {
                let place = StorePlace { workspace, namespace, runtime: None };
                let value = place.read_one(text.trim(), stores).await.map_err(|source| {
                    let (workspace, source) = (workspace.name().to_string(), Box::new(source));
                    TargetError::Context { key, workspace, source }
                })?;
                text = value.expose().to_owned();
            }
            let is_path = key == "KUBECONFIG_PATH";
            // Whoever mistakes one reference for another has a secret here, which no message may show.
            if is_path && is_meant && !expand(text.trim(), stores.user_home.as_deref()).is_file() {
                let workspace = workspace.name().to_string();
                let source = Box::new(StoreError::NoText {
                    reference: key.to_owned(),
                    what: "not the path of a file that is here; what a file holds belongs into KUBECONFIG_CONTENT",
                });
                return Err(TargetError::Context { key, workspace, source });
            }
            return Ok(if is_path {
                Self::Path(text.trim().to_owned())
            } else {
                Self::Content(text)
            });
        }
        Ok(Self::Nowhere)
    }
}

/// Returns the path that a user means.
pub(super) fn expand(path: &str, user_home: Option<&Path>) -> PathBuf {
    match (path.strip_prefix("~/"), user_home) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::WorkspaceName;
    use crate::source::SourceFile;

    fn workspace(text: &str) -> Workspace {
        let name = WorkspaceName::parse("dev").unwrap();
        Workspace::parse(name, &SourceFile::new("dev.yaml", text), None).unwrap()
    }

    /// Finds the way as a run does.
    async fn find(workspace: &Workspace, options: &TargetOptions) -> Result<Access, TargetError> {
        let written = Written::read(workspace, "shop", &options.stores).await?;
        access(workspace, written, options)
    }

    fn options(context: Option<&str>) -> TargetOptions {
        TargetOptions {
            kubeconfigs: vec!["/env/config".into()],
            user_home: Some("/home/ada".into()),
            in_cluster: true,
            context: context.map(str::to_owned),
            ..TargetOptions::default()
        }
    }

    fn files(path: &str, context: Option<&str>) -> Access {
        Access::Files { paths: vec![path.into()], context: context.map(str::to_owned) }
    }

    #[tokio::test]
    async fn what_is_written_down_wins_over_the_surroundings() {
        let target = "targets: {kubernetes: {kubeconfig: ~/k, context: prod}}\n";
        let content = "context: {KUBECONFIG_PATH: /p, KUBECONFIG_CONTENT: \"kind: Config\"}\n";
        let both = Access::Content { text: "kind: Config".to_owned(), context: None };
        let cases = [
            (target, None, files("/home/ada/k", Some("prod"))),
            (target, Some("prod"), files("/home/ada/k", Some("prod"))),
            ("targets: {kubernetes: {context: prod}}\n", None, files("/env/config", Some("prod"))),
            (content, None, both),
            ("context: {KUBECONFIG_PATH: /p}\n", Some("c"), files("/p", Some("c"))),
            ("modules: {}\n", None, files("/env/config", None)),
        ];
        for (text, context, expected) in cases {
            assert_eq!(
                find(&workspace(text), &options(context)).await.unwrap(),
                expected,
                "{text}"
            );
        }
    }

    #[tokio::test]
    async fn without_anything_else_the_cluster_around_us_is_meant() {
        let bare = TargetOptions { kubeconfigs: Vec::new(), ..options(None) };
        let workspace = workspace("modules: {}\n");
        assert_eq!(find(&workspace, &bare).await.unwrap(), Access::InCluster);
        let nothing = find(&workspace, &TargetOptions::default()).await.unwrap_err();
        assert_eq!(nothing.to_string(), "workspace `dev` has no target");
        let pinned = self::workspace("targets: {kubernetes: {context: prod}}\n");
        let nothing = find(&pinned, &TargetOptions::default()).await.unwrap_err();
        assert_eq!(
            nothing.to_string(),
            "workspace `dev` is for a cluster, and you have no kubeconfig"
        );
    }

    #[tokio::test]
    async fn a_context_that_nobody_sees_must_be_named_and_a_pinned_one_stays() {
        let unseen = |context| TargetOptions { approved_unseen: true, ..options(context) };
        let bare = workspace("modules: {}\n");
        let needed = find(&bare, &unseen(None)).await.unwrap_err();
        assert_eq!(needed.to_string(), "workspace `dev` names no context, and nobody is asked");
        // A file that the workspace names has a current context, too, and whoever changes it is not asked either.
        for text in
            ["targets: {kubernetes: {kubeconfig: /k}}\n", "context: {KUBECONFIG_PATH: /k}\n"]
        {
            assert!(find(&workspace(text), &unseen(None)).await.is_err(), "{text}");
            assert_eq!(
                find(&workspace(text), &unseen(Some("c"))).await.unwrap(),
                files("/k", Some("c"))
            );
            assert_eq!(find(&workspace(text), &options(None)).await.unwrap(), files("/k", None));
        }
        let text = "context: {KUBECONFIG_CONTENT: \"kind: Config\"}\n";
        assert!(find(&workspace(text), &unseen(None)).await.is_ok());
        assert_eq!(find(&bare, &unseen(Some("c"))).await.unwrap(), files("/env/config", Some("c")));
        let pinned = workspace("targets: {kubernetes: {context: prod}}\n");
        assert!(find(&pinned, &unseen(None)).await.is_ok());
        let other = find(&pinned, &options(Some("dev"))).await.unwrap_err();
        assert_eq!(
            other.to_string(),
            "workspace `dev` is for context `prod`, and `--context` says `dev`"
        );
    }

    #[tokio::test]
    async fn a_kubeconfig_can_be_in_the_secret_store() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let file = file.path().to_str().unwrap();
        let store = format!(
            "secretStore: {{provider: {{fake: {{data: [{{key: cluster/kubeconfig, value: \"kind: Config\"}}, {{key: cluster/path, value: \"{file}\\n\"}}]}}}}}}\n"
        );
        let context = |key: &str, reference: &str| {
            workspace(&format!("{store}context: {{{key}: \"{reference}\"}}\n"))
        };
        let content = context("KUBECONFIG_CONTENT", "ref://cluster/kubeconfig");
        let expected = Access::Content { text: "kind: Config".to_owned(), context: None };
        assert_eq!(find(&content, &options(None)).await.unwrap(), expected);
        let path = context("KUBECONFIG_PATH", "ref://cluster/path");
        assert_eq!(find(&path, &options(Some("c"))).await.unwrap(), files(file, Some("c")));
        let missing = context("KUBECONFIG_CONTENT", "ref://cluster/kubecnfig");
        let error = find(&missing, &options(None)).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "cannot read `context.KUBECONFIG_CONTENT` of workspace `dev`"
        );
        assert_eq!(error.hints()[0], "did you mean `kubeconfig`?");
        let text = "secretStore: {provider: {fake: {data: [{key: a/b, value: hunter2}]}}}\ncontext: {KUBECONFIG_PATH: \"ref://a/b\"}\n";
        let error = find(&workspace(text), &options(None)).await.unwrap_err();
        let said = crate::diagnostic::Problem::of(&error).message;
        assert!(said.contains("what a file holds belongs into KUBECONFIG_CONTENT"), "{said}");
        assert!(!said.contains("hunter2"), "{said}");
        let text = "secretStore: {provider: {kubernetes: {}}}\ncontext: {KUBECONFIG_CONTENT: \"ref://a/b\"}\n";
        let inside = TargetOptions { in_cluster: false, ..options(None) };
        let error = find(&workspace(text), &inside).await.unwrap_err();
        assert!(error.hints()[0].starts_with("give `context`"), "{error}");
    }
}
