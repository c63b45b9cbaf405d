//! The world the command line runs in, read once.

use std::ffi::OsString;
use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use kusion::config::Workspace;
use kusion::engine::{Compiler, Engine, Limits, Options};
use kusion::home::Home;
use kusion::module::registry::{ClientOptions, ContentStore, Credentials, RegistryClient};
use kusion::module::{Fetcher, Resolver, Tools};
use kusion::ops::{StoreOptions, TargetOptions, VaultSurroundings};
use kusion::runtime::Terms;
use kusion::secret::Variables;
use kusion::spec::SecretText;

use tracing::Level;
use zeroize::Zeroizing;

use crate::cli::{Cluster, Registries};
use crate::commands::COMPILE;
use crate::commands::keys::PASSWORD;
use crate::error::CliError;
use crate::log::{self, Line, LogFormat};
use crate::render::{Paint, Pulling};
use crate::stderr::Stderr;

/// Arguments, environment and terminal. Nothing else in the program reads them.
#[derive(Debug, Clone)]
pub(crate) struct World {
    home: Option<PathBuf>,
    catalog: Option<PathBuf>,
    executable: Option<PathBuf>,
    folder: PathBuf,
    log_filter: Option<String>,
    no_color: bool,
    terminal: Terminal,
    stderr: Stderr,
    user: String,
    host: String,
    tools: Tools,
    cargo_folders: Vec<PathBuf>,
    user_home: Option<PathBuf>,
    kubeconfigs: Vec<PathBuf>,
    credentials: Vec<PathBuf>,
    in_cluster: bool,
    vault: VaultVariables,
    variables: Variables,
    silent: bool,
    /// Whether texts have no colour, wherever they go.
    plain: bool,
    key_password: Option<Password>,
}

/// What the environment says about Vault, by the names that its own tools read.
#[derive(Debug, Clone)]
struct VaultVariables {
    server: Option<String>,
    token: Option<SecretText>,
    namespace: Option<String>,
    authority: Option<PathBuf>,
}

/// A password that no log shows.
#[derive(Clone)]
struct Password(Zeroizing<Vec<u8>>);

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password")
    }
}

/// Which standard streams are terminals.
#[derive(Debug, Clone, Copy)]
struct Terminal {
    stdin: bool,
    stdout: bool,
    stderr: bool,
}

impl World {
    /// Reads the world.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub(crate) fn read(no_style: bool, log_format: LogFormat) -> Self {
        let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let home = variable("KUSION_HOME")
            .map(PathBuf::from)
            .or_else(|| variable("HOME").map(|home| PathBuf::from(home).join(".kusion")));
        let text = |name: &str| variable(name).map(|value| value.to_string_lossy().into_owned());
        let uname = rustix::system::uname();
        let no_color = no_style
            || variable("NO_COLOR").is_some()
            || variable("TERM").is_some_and(|term| term == "dumb");
        let terminal = Terminal {
            stdin: std::io::stdin().is_terminal(),
            stdout: std::io::stdout().is_terminal(),
            stderr: std::io::stderr().is_terminal(),
        };
        let coloured = terminal.stderr && !no_color && log_format == LogFormat::Text;
        Self {
            home,
            catalog: variable("KUSION_CATALOG").map(PathBuf::from),
            executable: std::env::current_exe().ok(),
            folder: std::env::current_dir().unwrap_or_else(|_| PathBuf::from(".")),
            log_filter: text(log::VARIABLE),
            no_color,
            terminal,
            stderr: Stderr::new(log_format, Paint(coloured)),
            user: text("USER").or_else(|| text("LOGNAME")).unwrap_or_else(account),
            host: uname.nodename().to_string_lossy().into_owned(),
            tools: Tools {
                cargo: variable("CARGO").unwrap_or_else(|| "cargo".into()),
                node: "node".into(),
                python: "python3".into(),
                go: "go".into(),
            },
            cargo_folders: [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")]
                .into_iter()
                .filter_map(|(name, folder)| {
                    let set = variable(name).map(PathBuf::from);
                    set.or_else(|| Some(PathBuf::from(variable("HOME")?).join(folder)))
                })
                .collect(),
            user_home: variable("HOME").map(PathBuf::from),
            kubeconfigs: kubeconfigs(variable("KUBECONFIG"), variable("HOME").map(PathBuf::from)),
            credentials: credentials(variable),
            in_cluster: variable("KUBERNETES_SERVICE_HOST").is_some(),
            vault: VaultVariables {
                server: text("VAULT_ADDR"),
                // The second name is upstream's.
                token: text("VAULT_TOKEN")
                    .or_else(|| text("VAULT_SERVER_TOKEN"))
                    .map(SecretText::new),
                namespace: text("VAULT_NAMESPACE"),
                authority: variable("VAULT_CACERT").map(PathBuf::from),
            },
            variables: std::env::vars_os()
                .filter_map(|(name, value)| {
                    Some((name.into_string().ok()?, value.into_string().ok()?))
                })
                .collect(),
            silent: false,
            plain: false,
            // Unlike other variables, this one may be empty: a key may be under an empty password.
            key_password: std::env::var_os(PASSWORD)
                .map(|password| Password(Zeroizing::new(password.into_encoded_bytes()))),
        }
    }

    /// Returns the folder in which the command was started.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns a path as the user meant it.
    pub(crate) fn path(&self, path: &Path) -> PathBuf {
        // Collecting the parts drops `.` and doubled slashes.
        self.folder.join(path).components().collect()
    }

    /// Returns KUSION_HOME.
    pub(crate) fn home(&self) -> Result<Home, CliError> {
        self.home.as_deref().map(Home::new).ok_or_else(|| {
            CliError::user("cannot tell where kusion keeps its files")
                .hint("set KUSION_HOME, or HOME, to a folder")
        })
    }

    /// Returns the password of the key to sign with, if the environment has it.
    pub(crate) fn key_password(&self) -> Option<Zeroizing<Vec<u8>>> {
        self.key_password.as_ref().map(|Password(password)| password.clone())
    }

    /// Returns who acts, for records and leases.
    pub(crate) fn actor(&self) -> String {
        format!("{}@{}", self.user, self.host)
    }

    /// Returns the programs that build modules.
    pub(crate) fn tools(&self) -> Tools {
        self.tools.clone()
    }

    /// Returns the folders in which Rust keeps its sources.
    pub(crate) fn cargo_folders(&self) -> Vec<PathBuf> {
        self.cargo_folders.clone()
    }

    /// Returns whether standard output is coloured.
    pub(crate) fn stdout_paint(&self) -> Paint {
        Paint(self.terminal.stdout && !self.no_color)
    }

    /// Returns whether standard error is coloured.
    pub(crate) fn stderr_paint(&self) -> Paint {
        if self.plain { Paint(false) } else { self.stderr.paint() }
    }

    /// Returns standard error itself, which the log writes to.
    pub(crate) fn stderr(&self) -> &Stderr {
        &self.stderr
    }

    /// Returns what the environment says about the log.
    pub(crate) fn log_filter(&self) -> Option<String> {
        self.log_filter.clone()
    }

    /// Returns whether the user can be asked: somebody must see the question and be able to answer.
    pub(crate) fn can_ask(&self) -> bool {
        self.terminal.stdin && self.shows_live()
    }

    /// Returns whether somebody looks at standard error, so that what changes can be shown in place.
    pub(crate) fn shows_live(&self) -> bool {
        self.terminal.stderr && self.stderr.format() == LogFormat::Text
    }

    /// Writes data to standard output.
    ///
    /// A reader that has seen enough (`kusion … | head`) is no error.
    pub(crate) fn print(&self, text: &str) -> Result<(), CliError> {
        match std::io::stdout().lock().write_all(text.as_bytes()) {
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
            result => result
                .map_err(|error| CliError::environment("cannot write to standard output", &error)),
        }
    }

    /// Writes one document to standard output.
    pub(crate) fn print_json(&self, document: &serde_json::Value) -> Result<(), CliError> {
        self.print(&self.json(document))
    }

    /// Returns a document as JSON text.
    pub(crate) fn json(&self, document: &serde_json::Value) -> String {
        format!("{document:#}\n")
    }

    /// Returns a document as YAML text.
    pub(crate) fn yaml(&self, document: &impl serde::Serialize) -> Result<String, CliError> {
        kusion::yaml::to_string(document)
            .map_err(|error| CliError::environment("cannot write the document", &error))
    }

    /// Writes a file that the user named, atomically.
    pub(crate) fn write_file(&self, path: &Path, text: &str) -> Result<(), CliError> {
        let path = self.path(path);
        kusion::write_file(&path, text.as_bytes()).map_err(|error| {
            CliError::environment(format!("cannot write `{}`", path.display()), &error)
        })
    }

    /// Reads a text file that the user named.
    pub(crate) fn read_file(&self, path: &Path) -> Result<String, CliError> {
        std::fs::read_to_string(self.path(path)).map_err(|error| self.unread(path, &error))
    }

    /// Reads a file that the user named, whatever it holds.
    pub(crate) fn read_bytes(&self, path: &Path) -> Result<Vec<u8>, CliError> {
        std::fs::read(self.path(path)).map_err(|error| self.unread(path, &error))
    }

    fn unread(&self, path: &Path, error: &std::io::Error) -> CliError {
        let shown = self.display(&self.path(path));
        if error.kind() == std::io::ErrorKind::NotFound {
            return CliError::user(format!("cannot find `{shown}`"));
        }
        CliError::environment(format!("cannot read `{shown}`"), error)
    }

    /// Returns a path as it looks from where the user stands.
    pub(crate) fn display(&self, path: &Path) -> String {
        relative(&self.folder, path).display().to_string()
    }

    /// Returns a world whose texts have no colour.
    pub(crate) fn plain(&self) -> Self {
        Self { plain: true, ..self.clone() }
    }

    /// Returns a world whose texts have no colour and name paths as seen from a folder.
    pub(crate) fn plainly_in(&self, folder: &Path) -> Self {
        Self { folder: folder.to_owned(), ..self.plain() }
    }

    /// Returns a world that writes no messages.
    pub(crate) fn silenced(&self) -> Self {
        Self { silent: true, ..self.clone() }
    }

    /// Writes a warning to standard error.
    pub(crate) fn warn(&self, text: &str) {
        let label = self.stderr_paint().text(crate::render::Style::Warning, "warning:");
        let shown = format!("{label} {}\n", crate::error::indent(text));
        self.tell(&shown, || vec![Line::message(Level::WARN, text)]);
    }

    /// Writes advice that belongs to no error to standard error.
    pub(crate) fn advise(&self, text: &str) {
        let label = self.stderr_paint().text(crate::render::Style::Hint, "hint:");
        let shown = format!("{label} {}\n", crate::error::indent(text));
        self.tell(&shown, || vec![Line::message(Level::INFO, text)]);
    }

    /// Writes a message to standard error.
    pub(crate) fn eprint(&self, text: &str) {
        self.tell(text, || vec![Line::message(Level::INFO, text.trim())]);
    }

    /// Writes a text for people, or lines that say the same to programs.
    pub(crate) fn tell(&self, text: &str, lines: impl FnOnce() -> Vec<Line>) {
        if self.silent {
            return;
        }
        match self.stderr.format() {
            LogFormat::Text => self.stderr.write(text),
            LogFormat::Json => lines().iter().for_each(|line| self.stderr.log(line)),
        }
    }

    /// Returns what the user and the surroundings say about clusters and secret stores.
    pub(crate) fn target_options(
        &self,
        cluster: &Cluster,
        workspace: &Workspace,
    ) -> Result<TargetOptions, CliError> {
        Ok(TargetOptions {
            kubeconfigs: self.kubeconfigs.clone(),
            user_home: self.user_home.clone(),
            in_cluster: self.in_cluster,
            context: cluster.context.clone(),
            approved_unseen: false,
            terms: Terms {
                force_conflicts: cluster.force_conflicts,
                adopt: cluster.adopt,
                replace: cluster.replace,
                allow_data_loss: cluster.allow_data_loss,
                ..Terms::default()
            },
            stores: self.store_options(workspace)?,
        })
    }

    fn store_options(&self, workspace: &Workspace) -> Result<StoreOptions, CliError> {
        let VaultVariables { server, token, namespace, authority } = self.vault.clone();
        let is_vault = workspace.secret_store().is_some_and(|store| store.provider() == "vault");
        let authorities = authority.filter(|_| is_vault).map(|path| self.path(&path));
        Ok(StoreOptions {
            vault: VaultSurroundings { server, token, namespace, authorities },
            variables: self.variables.clone(),
            kubeconfigs: self.kubeconfigs.clone(),
            user_home: self.user_home.clone(),
            in_cluster: self.in_cluster,
            ..StoreOptions::default()
        })
    }

    /// Returns how modules are found.
    pub(crate) fn resolver(&self) -> Resolver {
        let beside = self.executable.as_ref().and_then(|path| Some(path.parent()?.join("catalog")));
        Resolver::new(self.catalog.clone().or_else(|| beside.filter(|folder| folder.is_dir())))
    }

    /// Returns where credentials for registries are kept.
    pub(crate) fn credentials(&self) -> Credentials {
        Credentials::new(self.credentials.clone())
    }

    /// Sets up what speaks with registries; it makes no connection yet.
    pub(crate) fn registry_client(
        &self,
        registries: &Registries,
        pulling: &Pulling,
    ) -> Result<RegistryClient, CliError> {
        let read = |path: &PathBuf| self.read_file(path).map(String::into_bytes);
        Ok(RegistryClient::new(ClientOptions {
            credentials: self.credentials(),
            plain_http: registries.plain_http,
            authorities: registries.registry_ca.iter().map(read).collect::<Result<_, _>>()?,
            observer: pulling.observer(),
            ..ClientOptions::default()
        }))
    }

    /// Returns where content of registries is kept.
    pub(crate) fn content(&self) -> Result<ContentStore, CliError> {
        Ok(ContentStore::new(self.home()?.content()))
    }

    /// Sets up what fetches modules into KUSION_HOME; without a client it makes no connection.
    pub(crate) fn fetcher(
        &self,
        client: Option<RegistryClient>,
        limits: &Limits,
    ) -> Result<Fetcher, CliError> {
        let store = self.content()?;
        let limit = u64::try_from(limits.component_size).unwrap_or(u64::MAX);
        Ok(Fetcher::new(store, client, limit))
    }

    /// Sets up the engine, with compiled code kept in KUSION_HOME.
    pub(crate) fn engine(&self, limits: Limits) -> Result<Engine, CliError> {
        let program = self.executable.clone().ok_or_else(|| {
            CliError::user(
                "cannot tell which program this is, and modules are compiled by starting it again",
            )
        })?;
        let compiler = Compiler::Child { program, arguments: vec![COMPILE.into()] };
        let cache = Some(self.home()?.code_cache());
        Ok(Engine::new(Options { cache, compiler, limits })?)
    }
}

/// Names the account that runs the program, by its number if it has no name here.
fn account() -> String {
    let uid = rustix::process::getuid().as_raw().to_string();
    let known = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    name_of(&uid, &known).map_or_else(|| format!("uid-{uid}"), str::to_owned)
}

fn name_of<'p>(uid: &str, passwd: &'p str) -> Option<&'p str> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next().filter(|name| !name.is_empty())?;
        (fields.nth(1) == Some(uid)).then_some(name)
    })
}

/// Lists the kubeconfig files of the user: those that the variable names, otherwise the usual one if it is
/// there.
fn kubeconfigs(variable: Option<OsString>, home: Option<PathBuf>) -> Vec<PathBuf> {
    match variable {
        Some(paths) => {
            std::env::split_paths(&paths).filter(|path| !path.as_os_str().is_empty()).collect()
        }
        None => home
            .map(|home| home.join(".kube/config"))
            .filter(|path| path.is_file())
            .into_iter()
            .collect(),
    }
}

/// Lists the files in which docker and podman keep credentials.
fn credentials(variable: impl Fn(&str) -> Option<OsString>) -> Vec<PathBuf> {
    let docker = variable("DOCKER_CONFIG").map(PathBuf::from);
    let docker = docker.or_else(|| Some(PathBuf::from(variable("HOME")?).join(".docker")));
    let podman = variable("REGISTRY_AUTH_FILE")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(variable("XDG_RUNTIME_DIR")?).join("containers/auth.json")));
    docker.map(|folder| folder.join("config.json")).into_iter().chain(podman).collect()
}

/// Returns a path relative to a folder, by way of its parents if need be. Both must be absolute;
/// a path that shares nothing with the folder stays as it is.
pub(crate) fn relative(folder: &Path, path: &Path) -> PathBuf {
    let shared = folder.components().zip(path.components()).take_while(|(a, b)| a == b).count();
    if !path.is_absolute() || shared <= 1 {
        return path.to_owned();
    }
    let up = folder.components().skip(shared).map(|_| "..");
    up.map(PathBuf::from)
        .chain(path.components().skip(shared).map(|part| PathBuf::from(part.as_os_str())))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_without_a_variable_has_the_name_of_its_number() {
        let passwd = "root:x:0:0:root:/root:/bin/sh\nada:x:1000:1000::/home/ada:/bin/sh\n";
        assert_eq!(name_of("1000", passwd), Some("ada"));
        assert_eq!(name_of("100", passwd), None);
        assert_eq!(name_of("0", "nonsense\n:x:0\n"), None);
    }

    #[test]
    fn paths_are_shown_as_seen_from_where_the_user_stands() {
        let from = |path: &str| {
            relative(Path::new("/home/me/shop/dev"), Path::new(path)).display().to_string()
        };
        assert_eq!(from("/home/me/shop/dev/app.yaml"), "app.yaml");
        assert_eq!(from("/home/me/shop/app.yaml"), "../app.yaml");
        assert_eq!(from("/srv/x.yaml"), "/srv/x.yaml");
    }
}
