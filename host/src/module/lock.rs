//! kusion.lock: which bytes stand behind the modules of a project.
//!
//! One file beside project.yaml, committed by its authors, so that all who deploy run the same modules. It says, for
//! each workspace and module, the version that was chosen and the digests of what was fetched.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use semver::Version;
use serde::Serialize;

use crate::diagnostic::{Diagnose, Kind, Problem, name_hints};
use crate::digest::Digest;
use crate::name::{ModuleName, WorkspaceName};
use crate::source::{Content, Entry, Node, SourceFile};
use crate::yaml::{self, YamlWriteError};

/// The name of the file.
pub const LOCK_FILE: &str = "kusion.lock";
/// The version of the format that is written, and the newest that is read.
const FORMAT: i64 = 1;
const HEADER: &str = "# Written by kusion; commit it. `kusion mod update` moves what it pins.\n";
/// The keys of the file, and those of a module.
const KEYS: [&str; 2] = ["lockVersion", "workspaces"];
const MODULE_KEYS: [&str; 5] = ["source", "version", "manifest", "layer", "signer"];

/// What a project's modules are pinned to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Lock {
    workspaces: BTreeMap<WorkspaceName, BTreeMap<ModuleName, Pin>>,
}

/// What one module is pinned to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pin {
    /// Where it was fetched from: `oci://…`, or `catalog` for one that came with the program.
    pub source: String,
    /// Its version.
    pub version: Version,
    /// The digest of the manifest; a module of the catalog has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manifest: Option<Digest>,
    /// The digest of the component.
    pub layer: Digest,
    /// Who signed it, if signatures are checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signer: Option<String>,
}

/// Why a lock cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LockError {
    /// It is not what it should be.
    #[error("`{path}` cannot be read")]
    Invalid {
        /// The file.
        path: PathBuf,
        /// Everything that is wrong, in its place.
        problems: Vec<Problem>,
    },
    /// The file cannot be read.
    #[error("cannot read `{path}`")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// The file cannot be written.
    #[error("cannot write `{path}`")]
    Write {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
}

impl Diagnose for LockError {
    fn kind(&self) -> Kind {
        match self {
            Self::Invalid { .. } => Kind::User,
            Self::Read { .. } | Self::Write { .. } => Kind::Environment,
        }
    }

    fn problems(&self) -> &[Problem] {
        match self {
            Self::Invalid { problems, .. } => problems,
            Self::Read { .. } | Self::Write { .. } => &[],
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Written<'a> {
    lock_version: i64,
    workspaces: &'a Lock,
}

impl Lock {
    /// Reads a lock. An empty file pins nothing.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it, in its place; a newer kusion wrote it.
    pub fn read(file: &Arc<SourceFile>) -> Result<Self, LockError> {
        let refuse = |problems| LockError::Invalid { path: file.path().to_owned(), problems };
        let documents = yaml::read(file).map_err(|error| refuse(error.into_problems()))?;
        let Some(root) = documents.first() else { return Ok(Self::default()) };
        let mut reader = Reader { problems: Vec::new() };
        let lock = reader.lock(root);
        if let Some(second) = documents.get(1) {
            reader.problem(second, "a lock is one document", None);
        }
        if reader.problems.is_empty() { Ok(lock) } else { Err(refuse(reader.problems)) }
    }

    /// Returns the text of the file, the same for the same pins.
    ///
    /// # Errors
    ///
    /// It has no YAML form, which no pin can bring about.
    pub fn to_text(&self) -> Result<String, YamlWriteError> {
        let text = yaml::to_string(&Written { lock_version: FORMAT, workspaces: self })?;
        Ok(format!("{HEADER}{text}"))
    }

    /// Returns what a module is pinned to.
    pub fn pin(&self, workspace: &WorkspaceName, module: &ModuleName) -> Option<&Pin> {
        self.workspaces.get(workspace)?.get(module)
    }

    /// Lists the modules that are pinned in a workspace, sorted.
    pub fn modules(&self, workspace: &WorkspaceName) -> impl Iterator<Item = &ModuleName> {
        self.workspaces.get(workspace).into_iter().flat_map(BTreeMap::keys)
    }

    /// Iterates over all pins, sorted by workspace and module.
    pub fn pins(&self) -> impl Iterator<Item = (&WorkspaceName, &ModuleName, &Pin)> {
        let workspaces = self.workspaces.iter();
        workspaces.flat_map(|(workspace, modules)| {
            modules.iter().map(move |(module, pin)| (workspace, module, pin))
        })
    }

    /// Returns the part of the lock that is about one workspace.
    #[must_use]
    pub fn of_workspace(&self, workspace: &WorkspaceName) -> Self {
        let part = self.workspaces.get_key_value(workspace);
        Self {
            workspaces: part.map(|(name, pins)| (name.clone(), pins.clone())).into_iter().collect(),
        }
    }

    /// Pins a module, and returns what it was pinned to before.
    pub fn set(&mut self, workspace: &WorkspaceName, module: &ModuleName, pin: Pin) -> Option<Pin> {
        self.workspaces.entry(workspace.clone()).or_default().insert(module.clone(), pin)
    }

    /// Forgets the pins of a workspace's modules but those that are kept.
    pub fn retain(&mut self, workspace: &WorkspaceName, keep: impl Fn(&ModuleName) -> bool) {
        if let Some(modules) = self.workspaces.get_mut(workspace) {
            modules.retain(|module, _| keep(module));
        }
        self.workspaces.retain(|_, modules| !modules.is_empty());
    }
}

struct Reader {
    problems: Vec<Problem>,
}

impl Reader {
    fn problem(&mut self, node: &Node, message: impl Into<String>, hint: Option<&str>) {
        let problem = Problem::at(node.location().clone(), message);
        self.problems.push(match hint {
            Some(hint) => problem.hint(hint),
            None => problem,
        });
    }

    fn lock(&mut self, root: &Node) -> Lock {
        let mut lock = Lock::default();
        let Some(version) = root.get("lockVersion") else {
            self.problem(root, "missing field `lockVersion`", Some("delete the file to pin anew"));
            return lock;
        };
        match version.to_json().as_i64() {
            Some(FORMAT) => {}
            Some(newer) if newer > FORMAT => {
                let message = format!("a newer kusion wrote it, in version {newer} of the format");
                self.problem(version, message, Some("update kusion"));
                return lock;
            }
            _ => {
                self.problem(version, format!("`lockVersion` is {FORMAT}"), None);
                return lock;
            }
        }
        self.check_keys(root, &KEYS);
        for (workspace, modules) in root.get("workspaces").into_iter().flat_map(Self::named) {
            let Some(workspace) = self.name(workspace, |name| WorkspaceName::parse(name)) else {
                continue;
            };
            let pins = lock.workspaces.entry(workspace).or_default();
            for (module, node) in Self::named(modules) {
                let name = self.name(module, |name| ModuleName::parse(name));
                if let Some((name, pin)) = name.zip(self.pin(node)) {
                    pins.insert(name, pin);
                }
            }
        }
        lock
    }

    fn named(node: &Node) -> impl Iterator<Item = (&Entry, &Node)> {
        node.entries().map(|entry| (entry, &entry.value))
    }

    fn name<T, E: std::fmt::Display>(
        &mut self,
        entry: &Entry,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Option<T> {
        match parse(&entry.key.text) {
            Ok(name) => Some(name),
            Err(error) => {
                let problem = Problem::at(entry.key.location.clone(), error.to_string());
                self.problems.push(problem);
                None
            }
        }
    }

    fn check_keys(&mut self, node: &Node, known: &[&str]) {
        for entry in node.entries().filter(|entry| !known.contains(&entry.key.text.as_str())) {
            let message = format!("unknown field `{}`", entry.key.text);
            let mut problem = Problem::at(entry.key.location.clone(), message);
            problem.hints = name_hints(&entry.key.text, known.iter().copied());
            self.problems.push(problem);
        }
    }

    fn pin(&mut self, node: &Node) -> Option<Pin> {
        if !matches!(node.content(), Content::Map(_)) {
            self.problem(node, "a module's pin is a map", None);
            return None;
        }
        self.check_keys(node, &MODULE_KEYS);
        let source = self.text(node, "source", |text| Ok::<_, String>(text.to_owned()));
        let version = self.text(node, "version", Version::parse);
        let manifest = node.get("manifest").map(|_| self.text(node, "manifest", str::parse));
        let layer = self.text(node, "layer", str::parse);
        let signer = node
            .get("signer")
            .map(|_| self.text(node, "signer", |text| Ok::<_, String>(text.to_owned())));
        Some(Pin {
            source: source?,
            version: version?,
            manifest: manifest.map_or(Some(None), |manifest| manifest.map(Some))?,
            layer: layer?,
            signer: signer.map_or(Some(None), |signer| signer.map(Some))?,
        })
    }

    fn text<T, E: std::fmt::Display>(
        &mut self,
        node: &Node,
        field: &str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Option<T> {
        let Some(value) = node.get(field) else {
            self.problem(node, format!("missing field `{field}`"), None);
            return None;
        };
        let Some(text) = value.as_str() else {
            self.problem(value, format!("`{field}` is a text"), None);
            return None;
        };
        match parse(text) {
            Ok(parsed) => Some(parsed),
            Err(error) => {
                self.problem(value, error.to_string(), None);
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(workspace: &str, module: &str) -> (WorkspaceName, ModuleName) {
        (WorkspaceName::parse(workspace).unwrap(), ModuleName::parse(module).unwrap())
    }

    fn pin(version: &str) -> Pin {
        Pin {
            source: "oci://example.com/team/mysql".to_owned(),
            version: Version::parse(version).unwrap(),
            manifest: Some(Digest::of(b"manifest")),
            layer: Digest::of(b"layer"),
            signer: None,
        }
    }

    fn read(text: &str) -> Result<Lock, Vec<String>> {
        Lock::read(&SourceFile::new("kusion.lock", text)).map_err(|error| {
            let line = |problem: &Problem| {
                let place = problem.location.as_ref().map_or(0, |location| location.line());
                format!("{place}: {}", problem.message)
            };
            error.problems().iter().map(line).collect()
        })
    }

    #[test]
    fn what_is_written_is_read_again_and_looks_the_same_each_time() {
        let (dev, mysql) = names("dev", "mysql");
        let mut lock = Lock::default();
        assert_eq!(lock.set(&dev, &mysql, pin("1.2.3")), None);
        let bundled = Pin {
            source: "catalog".to_owned(),
            manifest: None,
            signer: Some("ada@example.com (https://login.example.com)".to_owned()),
            ..pin("0.1.0")
        };
        lock.set(&dev, &names("dev", "network").1, bundled);
        let text = lock.to_text().unwrap();
        insta::assert_snapshot!(text, @r#"
        # Written by kusion; commit it. `kusion mod update` moves what it pins.
        lockVersion: 1
        workspaces:
          dev:
            mysql:
              source: oci://example.com/team/mysql
              version: "1.2.3"
              manifest: sha256:05b3abf2579a5eb66403cd78be557fd860633a1fe2103c7642030defe32c657f
              layer: sha256:dac1d7cfa95021764849fd102524e141488c5e3a90f861dbb5a12d9ac8584f85
            network:
              source: catalog
              version: "0.1.0"
              layer: sha256:dac1d7cfa95021764849fd102524e141488c5e3a90f861dbb5a12d9ac8584f85
              signer: ada@example.com (https://login.example.com)
        "#);
        assert_eq!(read(&text), Ok(lock.clone()));
        assert_eq!(lock.pin(&dev, &mysql), Some(&pin("1.2.3")));
        lock.retain(&dev, |_| false);
        assert_eq!(lock, Lock::default());
        assert_eq!(read(""), Ok(Lock::default()));
    }

    #[test]
    fn everything_that_is_wrong_is_told_in_its_place() {
        let text = "lockVersion: 1
workspaces:
  dev:
    mysql: {source: oci://x/y, version: one, layer: sha256:00, signr: me}
    Bad Name: {}
    network: 7
more: 1
";
        let problems = read(text).unwrap_err();
        for expected in [
            "4: unknown field `signr`",
            "4: `sha256:00` is not a digest: expected `sha256:` and 64 hexadecimal digits",
            "6: a module's pin is a map",
            "7: unknown field `more`",
        ] {
            assert!(problems.iter().any(|problem| problem == expected), "{problems:#?}");
        }
        assert!(
            problems.iter().any(|problem| problem.starts_with("4: unexpected")),
            "{problems:#?}"
        );
        assert!(problems.iter().any(|problem| problem.starts_with("5: ")), "{problems:#?}");
    }

    #[test]
    fn a_lock_of_a_newer_kusion_is_refused() {
        let newer = "lockVersion: 2\nworkspaces: [it, is, different]\n";
        assert_eq!(
            read(newer),
            Err(vec!["1: a newer kusion wrote it, in version 2 of the format".to_owned()])
        );
        assert_eq!(
            read("workspaces: {}\n"),
            Err(vec!["1: missing field `lockVersion`".to_owned()])
        );
        assert_eq!(read("lockVersion: x\n"), Err(vec!["1: `lockVersion` is 1".to_owned()]));
    }
}
