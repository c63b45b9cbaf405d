//! Who one is for a registry, as the files of docker and podman say.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use docker_credential::{CredentialRetrievalError, DockerCredential};
use fs_err as fs;
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use crate::diagnostic::{Diagnose, Kind};
use crate::files;

/// Docker's own registry has had three names.
const HUB: [&str; 3] = ["docker.io", "index.docker.io", "registry-1.docker.io"];
/// The name under which its credentials are kept.
const HUB_KEY: &str = "https://index.docker.io/v1/";

/// Says who one is.
#[derive(Clone)]
pub enum Credential {
    /// A name and a password.
    Password {
        /// The name.
        user: String,
        /// The password.
        password: Zeroizing<String>,
    },
    /// A token for which a registry gives other tokens.
    Identity {
        /// The token.
        token: Zeroizing<String>,
    },
}

/// Shows nothing of what is secret.
impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Password { user, .. } => {
                f.debug_tuple("Password").field(user).finish_non_exhaustive()
            }
            Self::Identity { .. } => f.debug_tuple("Identity").finish_non_exhaustive(),
        }
    }
}

/// Where credentials are kept.
#[derive(Debug, Clone, Default)]
pub struct Credentials {
    files: Vec<PathBuf>,
}

/// Where credentials were put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    /// In a file, readable to its owner.
    File(PathBuf),
    /// With a program, which has its own ways.
    Helper(String),
}

/// Why credentials cannot be had or kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialError {
    /// No file is known.
    #[error("there is no place for credentials")]
    NoFile,
    /// The file cannot be read or written.
    #[error("cannot use the credentials in `{path}`")]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// The file is not what it should be.
    #[error("the credentials in `{path}` cannot be read: {reason}")]
    Form {
        /// The file.
        path: PathBuf,
        /// What is wrong; never what the file says.
        reason: &'static str,
    },
    /// The program that keeps them does not give, take or forget them.
    #[error("`docker-credential-{helper}`, which `{path}` names, does not work")]
    Helper {
        /// The program, without the part of its name that all such programs have.
        helper: String,
        /// The file.
        path: PathBuf,
        /// What the operating system says, if it could not be run.
        source: Option<io::Error>,
    },
}

impl Diagnose for CredentialError {
    fn kind(&self) -> Kind {
        match self {
            Self::NoFile | Self::Form { .. } => Kind::User,
            Self::File { .. } | Self::Helper { .. } => Kind::Environment,
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::NoFile => vec!["set DOCKER_CONFIG, or HOME, to a folder".to_owned()],
            _ => Vec::new(),
        }
    }
}

impl Credentials {
    /// Uses these files, in the form of docker's `config.json`: the first that knows a registry is believed, and new
    /// credentials go to the first.
    pub fn new(files: Vec<PathBuf>) -> Self {
        Self { files }
    }

    /// Looks for the credentials for a registry.
    ///
    /// # Errors
    ///
    /// A file cannot be read, or the program that it names does not work.
    pub fn find(&self, registry: &str) -> Result<Option<Credential>, CredentialError> {
        for path in &self.files {
            let Some(text) = read(path)? else { continue };
            if let Some(credential) = find_in(path, &text, registry)? {
                return Ok(Some(credential));
            }
        }
        Ok(None)
    }

    /// Returns the file because of which somebody is known to a registry.
    ///
    /// # Errors
    ///
    /// A file cannot be read, or the program that it names does not work.
    pub fn place(&self, registry: &str) -> Result<Option<&Path>, CredentialError> {
        for path in &self.files {
            let Some(text) = read(path)? else { continue };
            if find_in(path, &text, registry)?.is_some() {
                return Ok(Some(path));
            }
        }
        Ok(None)
    }

    /// Keeps a name and a password: with the program that the file names, otherwise in the file.
    ///
    /// # Errors
    ///
    /// They cannot be kept.
    pub fn keep(
        &self,
        registry: &str,
        user: &str,
        password: &str,
    ) -> Result<Kept, CredentialError> {
        let path = self.files.first().ok_or(CredentialError::NoFile)?;
        let (target, mut config) = open(path)?;
        let key = key_of(registry);
        if let Some(helper) = helper(&config, key) {
            let input = json!({ "ServerURL": key, "Username": user, "Secret": password });
            run_helper(path, &helper, "store", &Zeroizing::new(input.to_string()))?;
            return Ok(Kept::Helper(helper));
        }
        let auths = config.entry("auths").or_insert_with(|| Value::Object(Map::new()));
        let Some(auths) = auths.as_object_mut() else {
            return Err(CredentialError::Form {
                path: path.clone(),
                reason: "`auths` is no object",
            });
        };
        let secret = Zeroizing::new(format!("{user}:{password}"));
        auths.insert(key.to_owned(), json!({ "auth": STANDARD.encode(secret.as_bytes()) }));
        write(&target, &config)?;
        Ok(Kept::File(path.clone()))
    }

    /// Forgets the credentials for a registry in the first file; returns whether there were any.
    ///
    /// # Errors
    ///
    /// They cannot be removed.
    pub fn forget(&self, registry: &str) -> Result<bool, CredentialError> {
        let path = self.files.first().ok_or(CredentialError::NoFile)?;
        let (target, mut config) = open(path)?;
        let key = key_of(registry);
        let helper = helper(&config, key);
        if let Some(helper) = &helper {
            let known = find_in(path, &Value::Object(config.clone()).to_string(), registry);
            if matches!(known, Ok(None)) {
                return Ok(false);
            }
            run_helper(path, helper, "erase", key)?;
        }
        let auths = config.get_mut("auths").and_then(Value::as_object_mut);
        let removed = auths.and_then(|auths| auths.remove(key)).is_some();
        if removed {
            write(&target, &config)?;
        }
        Ok(removed || helper.is_some())
    }
}

/// Returns the name under which a registry's credentials are kept.
fn key_of(registry: &str) -> &str {
    if HUB.contains(&registry) { HUB_KEY } else { registry }
}

fn read(path: &Path) -> Result<Option<Zeroizing<String>>, CredentialError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(Zeroizing::new(text))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(CredentialError::File { path: path.to_owned(), source }),
    }
}

fn find_in(path: &Path, text: &str, registry: &str) -> Result<Option<Credential>, CredentialError> {
    use CredentialRetrievalError as Why;
    let form = |reason| CredentialError::Form { path: path.to_owned(), reason };
    let helper_broke = |helper: String| {
        let helper = helper.trim_start_matches("docker-credential-").to_owned();
        CredentialError::Helper { helper, path: path.to_owned(), source: None }
    };
    match docker_credential::get_credential_from_reader(text.as_bytes(), key_of(registry)) {
        Ok(DockerCredential::UsernamePassword(user, password))
            if user.is_empty() && password.is_empty() =>
        {
            Ok(None)
        }
        Ok(DockerCredential::UsernamePassword(user, password)) => {
            Ok(Some(Credential::Password { user, password: Zeroizing::new(password) }))
        }
        Ok(DockerCredential::IdentityToken(token)) => {
            Ok(Some(Credential::Identity { token: Zeroizing::new(token) }))
        }
        Err(Why::NoCredentialConfigured) => Ok(None),
        // All such programs say this of a registry that they do not know.
        Err(Why::HelperFailure { stdout, stderr, .. })
            if stdout.contains("credentials not found")
                || stderr.contains("credentials not found") =>
        {
            Ok(None)
        }
        Err(Why::HelperFailure { helper, .. }) => Err(helper_broke(helper)),
        Err(Why::HelperCommunicationError | Why::MalformedHelperResponse) => {
            let config: BTreeMap<String, Value> = serde_json::from_str(text).unwrap_or_default();
            let config = config.into_iter().collect();
            Err(helper_broke(helper(&config, key_of(registry)).unwrap_or_default()))
        }
        Err(Why::CredentialDecodingError) => {
            Err(form("an `auth` is not base64 of `user:password`"))
        }
        Err(Why::CredentialMismatchError) => {
            Err(form("an `auth` contradicts what stands beside it"))
        }
        Err(Why::ConfigNotFound | Why::ConfigReadError) => Err(form("it is not of docker's form")),
    }
}

/// Returns the file behind a link, so that the link stays, and what it says.
fn open(path: &Path) -> Result<(PathBuf, Map<String, Value>), CredentialError> {
    let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let Some(text) = read(path)? else { return Ok((target, Map::new())) };
    let config = serde_json::from_str(&text).map_err(|_| CredentialError::Form {
        path: path.to_owned(),
        reason: "it is no JSON object",
    })?;
    Ok((target, config))
}

fn write(path: &Path, config: &Map<String, Value>) -> Result<(), CredentialError> {
    let text = Zeroizing::new(format!("{:#}\n", Value::Object(config.clone())));
    files::write_atomic(path, text.as_bytes(), files::PRIVATE)
        .map_err(|source| CredentialError::File { path: path.to_owned(), source })
}

/// Returns the program that keeps the credentials of a registry.
fn helper(config: &Map<String, Value>, key: &str) -> Option<String> {
    let own = config.get("credHelpers").and_then(|helpers| helpers.get(key));
    let helper = own.or_else(|| config.get("credsStore"))?.as_str()?;
    (!helper.is_empty()).then(|| helper.to_owned())
}

fn run_helper(path: &Path, helper: &str, verb: &str, input: &str) -> Result<(), CredentialError> {
    let broken = |source| CredentialError::Helper {
        helper: helper.to_owned(),
        path: path.to_owned(),
        source,
    };
    let run = || -> io::Result<bool> {
        let mut child = Command::new(format!("docker-credential-{helper}"))
            .arg(verb)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(input.as_bytes())?;
        }
        Ok(child.wait()?.success())
    };
    match run() {
        Ok(true) => Ok(()),
        Ok(false) => Err(broken(None)),
        Err(error) => Err(broken(Some(error))),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn place(text: &str) -> (tempfile::TempDir, Credentials, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("docker/config.json");
        if !text.is_empty() {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, text).unwrap();
        }
        (folder, Credentials::new(vec![path.clone()]), path)
    }

    fn shown(credential: Option<Credential>) -> String {
        match credential {
            None => "none".to_owned(),
            Some(Credential::Password { user, password }) => format!("{user}:{}", *password),
            Some(Credential::Identity { token }) => format!("token {}", *token),
        }
    }

    #[test]
    fn what_is_kept_is_found_until_it_is_forgotten_and_the_rest_of_the_file_stays() {
        let (_folder, credentials, path) =
            place(r#"{"psFormat": "x", "auths": {"b": {"auth": "dTpw"}}}"#);
        assert_eq!(shown(credentials.find("a:5000").unwrap()), "none");
        assert_eq!(credentials.keep("a:5000", "ada", "a:b c").unwrap(), Kept::File(path.clone()));
        assert_eq!(shown(credentials.find("a:5000").unwrap()), "ada:a:b c");
        assert_eq!(shown(credentials.find("b").unwrap()), "u:p");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(credentials.forget("a:5000").unwrap());
        assert!(!credentials.forget("a:5000").unwrap());
        let left: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        assert_eq!(left, json!({ "psFormat": "x", "auths": { "b": { "auth": "dTpw" } } }));
    }

    #[test]
    fn a_missing_file_is_made_and_a_link_stays_one() {
        let (folder, credentials, path) = place("");
        assert_eq!(shown(credentials.find("docker.io").unwrap()), "none");
        credentials.keep("docker.io", "u", "p").unwrap();
        assert!(fs::read_to_string(&path).unwrap().contains(HUB_KEY));
        assert_eq!(shown(credentials.find("registry-1.docker.io").unwrap()), "u:p");
        let link = folder.path().join("link.json");
        fs_err::os::unix::fs::symlink(&path, &link).unwrap();
        Credentials::new(vec![link.clone()]).keep("c", "u", "p").unwrap();
        assert!(link.is_symlink());
        assert_eq!(shown(credentials.find("c").unwrap()), "u:p");
    }

    #[test]
    fn the_first_file_that_knows_a_registry_is_believed() {
        let (folder, _, path) = place(r#"{"auths": {"a": {"auth": "dTpw"}}}"#);
        let second = folder.path().join("auth.json");
        fs::write(&second, r#"{"auths": {"a": {"auth": "eDp5"}, "b": {"identitytoken": "t"}}}"#)
            .unwrap();
        let credentials = Credentials::new(vec![folder.path().join("none.json"), path, second]);
        assert_eq!(shown(credentials.find("a").unwrap()), "u:p");
        assert_eq!(shown(credentials.find("b").unwrap()), "token t");
        assert_eq!(shown(credentials.find("c").unwrap()), "none");
    }

    #[test]
    fn what_cannot_be_read_is_told_without_what_it_says() {
        for (text, reason) in [
            ("secret", "it is not of docker's form"),
            (
                r#"{"auths": {"a": {"auth": "%%secret"}}}"#,
                "an `auth` is not base64 of `user:password`",
            ),
            (
                r#"{"auths": {"a": {"auth": "dTpw", "username": "secret", "password": "p"}}}"#,
                "an `auth` contradicts what stands beside it",
            ),
        ] {
            let (_folder, credentials, path) = place(text);
            let error = credentials.find("a").unwrap_err().to_string();
            assert_eq!(
                error,
                format!("the credentials in `{}` cannot be read: {reason}", path.display())
            );
        }
        let (_folder, credentials, path) = place(r#"{"credsStore": "is-not-there"}"#);
        let error = format!(
            "`docker-credential-is-not-there`, which `{}` names, does not work",
            path.display()
        );
        assert_eq!(credentials.find("a").unwrap_err().to_string(), error);
        assert_eq!(credentials.keep("a", "u", "p").unwrap_err().to_string(), error);
        let secret =
            Credential::Password { user: "u".to_owned(), password: "geheim".to_owned().into() };
        assert_eq!(format!("{secret:?}"), r#"Password("u", ..)"#);
    }
}
