//! Opens the store that a workspace reads external secrets from. This is the one place that does.

use std::path::{Path, PathBuf};
use std::time::Duration;

use fs_err as fs;

use crate::config::{StoreSettings, Workspace};
use crate::http::{Cause, Retries};
use crate::ops::target::expand;
use crate::runtime::{Access, KubernetesStore, Runtime};
use crate::secret::{
    EnvStore, External, ExternalRef, FakeEntry, FakeStore, NoStore, Reading, Store, StoreError,
    UnknownStore, Variables, VaultSettings, VaultStore, VaultVersion,
};
use crate::spec::SecretText;

/// What the workspace does not say about its secret store: credentials, and the user's surroundings.
#[derive(Debug, Clone, Default)]
pub struct StoreOptions {
    /// What the user's environment says about Vault.
    pub vault: VaultSurroundings,
    /// The environment, of which the workspace says what may be read.
    pub variables: Variables,
    /// The kubeconfig files of the user, of which the first that says something wins.
    pub kubeconfigs: Vec<PathBuf>,
    /// The folder that `~` stands for.
    pub user_home: Option<PathBuf>,
    /// Whether we run in a pod of a cluster.
    pub in_cluster: bool,
    /// How many secrets are read at once, and how long all may take.
    pub reading: Reading,
    /// How often something is tried; the default tries four times.
    pub retries: Option<Retries>,
}

/// What the user's environment says about Vault.
#[derive(Debug, Clone, Default)]
pub struct VaultSurroundings {
    /// The address of the server, if the workspace names none.
    pub server: Option<String>,
    /// What the server is shown.
    pub token: Option<SecretText>,
    /// The namespace, if the workspace names none.
    pub namespace: Option<String>,
    /// A file with certificates of authorities to trust beside those of the system, in PEM form.
    pub authorities: Option<PathBuf>,
}

/// How often a store is asked: somebody waits, and what comes back in time does so soon.
const RETRIES: Retries =
    Retries { attempts: 4, pause: Duration::from_millis(200), longest: Duration::from_secs(5) };

/// What a store is opened for.
pub(super) struct StorePlace<'a> {
    pub(super) workspace: &'a Workspace,
    /// The namespace of the stack.
    pub(super) namespace: &'a str,
    /// The target; `None` if its way is what a secret is needed for.
    pub(super) runtime: Option<&'a dyn Runtime>,
}

impl StorePlace<'_> {
    /// Reads the one value that a reference means.
    pub(super) async fn read_one(
        &self,
        reference: &str,
        options: &StoreOptions,
    ) -> Result<SecretText, StoreError> {
        ExternalRef::parse(reference)?;
        let store = self.open(options).await?;
        External::read(store.as_ref(), [reference], options.reading).await.get(reference)
    }

    /// Opens the store. Nothing is sent yet.
    pub(super) async fn open(&self, options: &StoreOptions) -> Result<Box<dyn Store>, StoreError> {
        let Some(described) = self.workspace.secret_store() else { return Ok(Box::new(NoStore)) };
        Ok(match described.settings() {
            StoreSettings::Vault { server, path, first_version, namespace, plain_http } => {
                let VaultSurroundings { server: usual, token, namespace: around, authorities } =
                    options.vault.clone();
                check_pair(server.as_deref(), usual.as_deref(), token.is_some())?;
                let authorities = authorities.iter().map(|path| certificates(path));
                let settings = VaultSettings {
                    server: server.clone().or(usual).ok_or_else(no_server)?,
                    mount: path.clone(),
                    version: if *first_version { VaultVersion::V1 } else { VaultVersion::V2 },
                    namespace: namespace.clone().or(around),
                    token,
                    plain_http: *plain_http,
                    authorities: authorities.collect::<Result<_, _>>()?,
                    retries: options.retries.unwrap_or(RETRIES),
                };
                Box::new(VaultStore::new(settings)?)
            }
            StoreSettings::Kubernetes { namespace, kubeconfig, context } => {
                let namespace = namespace.as_deref().unwrap_or(self.namespace);
                let way = (kubeconfig.as_deref(), context.as_deref());
                self.in_cluster(namespace, way, options).await?
            }
            StoreSettings::Env { names, prefix } => Box::new(EnvStore {
                names: names.clone(),
                prefix: prefix.clone(),
                variables: options.variables.clone(),
            }),
            StoreSettings::Fake { data } => {
                let entries = data.iter().map(|entry| FakeEntry {
                    key: entry.key.clone(),
                    value: SecretText::new(entry.value.expose()),
                    version: entry.version.clone(),
                });
                Box::new(FakeStore::new(entries.collect()))
            }
            StoreSettings::Other => Box::new(UnknownStore::new(described.provider())),
        })
    }

    /// Finds the cluster: the context that the workspace names for its store, or else the target, or else the cluster
    /// around us.
    async fn in_cluster(
        &self,
        namespace: &str,
        (kubeconfig, context): (Option<&str>, Option<&str>),
        options: &StoreOptions,
    ) -> Result<Box<dyn Store>, StoreError> {
        let access = match context {
            Some(context) => {
                let path = kubeconfig.map(|path| expand(path, options.user_home.as_deref()));
                let paths = path.map_or_else(|| options.kubeconfigs.clone(), |path| vec![path]);
                Access::Files { paths, context: Some(context.to_owned()) }
            }
            None => match self.runtime.and_then(|runtime| runtime.store(namespace)) {
                Some(store) => return Ok(store),
                None if options.in_cluster => Access::InCluster,
                None => return Err(no_cluster()),
            },
        };
        let store = KubernetesStore::open(&access, namespace).await;
        Ok(Box::new(store.map_err(|error| StoreError::unusable("kubernetes", &error))?))
    }
}

/// Refuses to show a token to another server than the one that the user's environment names beside it.
fn check_pair(named: Option<&str>, usual: Option<&str>, token: bool) -> Result<(), StoreError> {
    let host = |server: &str| {
        let server = server.to_ascii_lowercase();
        let (scheme, rest) = server.split_once("://").unwrap_or_default();
        let host = rest.split('/').next().unwrap_or_default();
        let usual = if scheme == "https" { ":443" } else { ":80" };
        format!("{scheme}://{}", host.strip_suffix(usual).unwrap_or(host))
    };
    match (named, usual) {
        (Some(named), Some(usual)) if token && host(named) != host(usual) => Err(lacking(
            "vault",
            "VAULT_TOKEN is for the server in VAULT_ADDR, and the workspace names another one",
            "set VAULT_ADDR to the server of the workspace if the token is for it, or unset it",
        )),
        _ => Ok(()),
    }
}

fn certificates(path: &Path) -> Result<Vec<u8>, StoreError> {
    fs::read(path).map_err(|source| {
        let reason = format!("cannot read the certificates in VAULT_CACERT: {source}");
        lacking("vault", &reason, "name a file with certificates in PEM form, or unset it")
    })
}

fn no_server() -> StoreError {
    let hint = "give `server` in the workspace, or set VAULT_ADDR";
    lacking("vault", "nothing names its server", hint)
}

fn no_cluster() -> StoreError {
    let hint = "give `context` in `secretStore.provider.kubernetes`, and `kubeconfig` unless it is the usual one";
    lacking("kubernetes", "nothing names its cluster", hint)
}

/// Says what is missing here, and may be there for somebody else.
fn lacking(provider: &str, reason: &str, hint: &str) -> StoreError {
    StoreError::Lacking {
        provider: provider.to_owned(),
        source: Cause(reason.to_owned()),
        hints: vec![hint.to_owned()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Diagnose as _;
    use crate::name::WorkspaceName;
    use crate::source::SourceFile;

    fn workspace(provider: &str) -> Workspace {
        let text = format!("secretStore: {{provider: {provider}}}\n");
        let name = WorkspaceName::parse("dev").unwrap();
        Workspace::parse(name, &SourceFile::new("dev.yaml", text), None).unwrap()
    }

    async fn open(provider: &str, options: &StoreOptions) -> Result<String, StoreError> {
        let workspace = workspace(provider);
        let place = StorePlace { workspace: &workspace, namespace: "shop", runtime: None };
        place.open(options).await.map(|store| store.title())
    }

    #[tokio::test]
    async fn what_the_workspace_says_wins_over_the_surroundings() {
        let bare = StoreOptions::default();
        let vault =
            VaultSurroundings { server: Some("https://env".to_owned()), ..Default::default() };
        let options = StoreOptions { vault, ..StoreOptions::default() };
        let named = "{vault: {server: \"https://named/\"}}";
        assert_eq!(open(named, &options).await.unwrap(), "secret store `https://named`");
        assert_eq!(
            open("{vault: {path: kv}}", &options).await.unwrap(),
            "secret store `https://env`"
        );
        let error = open("{vault: {path: kv}}", &bare).await.unwrap_err();
        assert_eq!(error.to_string(), "secret store provider `vault` cannot be used here");
        assert_eq!(error.hints(), ["give `server` in the workspace, or set VAULT_ADDR"]);
        let error = open("{kubernetes: {namespace: a}}", &bare).await.unwrap_err();
        assert!(error.hints()[0].starts_with("give `context`"), "{error}");
        assert_eq!(open("{aws: {region: x}}", &bare).await.unwrap(), "secret store `aws`");
    }

    #[tokio::test]
    async fn a_token_is_shown_to_the_server_that_it_is_for() {
        let vault = |server: &str| VaultSurroundings {
            server: Some(server.to_owned()),
            token: Some(SecretText::new("hvs.hunter2")),
            ..Default::default()
        };
        let options = |server| StoreOptions { vault: vault(server), ..StoreOptions::default() };
        let named = "{vault: {server: \"https://Named:8200/\"}}";
        open(named, &options("https://named:8200")).await.unwrap();
        open("{vault: {server: \"https://v\"}}", &options("https://v:443")).await.unwrap();
        let error = open(named, &options("https://other:8200")).await.unwrap_err();
        assert!(error.is_unread(), "{error}");
        assert!(error.hints()[0].starts_with("set VAULT_ADDR to the server"), "{error:?}");
    }

    #[tokio::test]
    async fn certificates_are_looked_for_where_the_store_is_needed() {
        let authorities = Some(PathBuf::from("/nowhere/ca.pem"));
        let vault = VaultSurroundings { authorities, ..Default::default() };
        let options = StoreOptions { vault, ..StoreOptions::default() };
        let error = open("{vault: {server: \"https://v\"}}", &options).await.unwrap_err();
        let said = crate::diagnostic::Problem::of(&error).message;
        assert!(said.contains("VAULT_CACERT") && said.contains("/nowhere/ca.pem"), "{said}");
    }

    #[tokio::test]
    async fn a_cluster_of_its_own_is_found_by_its_context() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config");
        let text = "{apiVersion: v1, kind: Config, clusters: [{name: c, cluster: {server: \"https://127.0.0.1:1\"}}], \
                    users: [{name: u, user: {token: t}}], contexts: [{name: prod, context: {cluster: c, user: u}}]}";
        fs_err::write(&path, text).unwrap();
        let options = StoreOptions { kubeconfigs: vec![path], ..StoreOptions::default() };
        let title = |namespace| format!("namespace `{namespace}` of cluster `https://127.0.0.1:1`");
        let found = open("{kubernetes: {context: prod}}", &options).await.unwrap();
        assert_eq!(found, title("shop"));
        let found = open("{kubernetes: {context: prod, namespace: vault}}", &options).await;
        assert_eq!(found.unwrap(), title("vault"));
        let error = open("{kubernetes: {context: prdo}}", &options).await.unwrap_err();
        assert_eq!(error.hints()[0], "did you mean `prod`?");
    }
}
