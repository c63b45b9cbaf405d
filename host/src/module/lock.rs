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
/// The source of a module that came with the program.
const CATALOG: &str = "catalog";
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

impl Pin {
    /// Pins a module that comes with the program.
    pub fn of_catalog(version: Version, layer: Digest) -> Self {
        Self { source: CATALOG.to_owned(), version, manifest: None, layer, signer: None }
    }

    /// Refuses another pin of the same version that stands for other bytes, or for another signer.
    fn check_same(&self, other: &Self) -> Result<(), LockError> {
        let differs = |pinned: String, found: String| LockError::Differs {
            module: self.source.clone(),
            version: self.version.clone(),
            pinned,
            found,
        };
        let digest = |pin: &Self| pin.manifest.unwrap_or(pin.layer);
        if digest(self) != digest(other) || self.layer != other.layer {
            return Err(differs(digest(self).to_string(), digest(other).to_string()));
        }
        match (&self.signer, &other.signer) {
            (Some(pinned), Some(found)) if pinned != found => {
                Err(differs(format!("signed by {pinned}"), format!("signed by {found}")))
            }
            _ => Ok(()),
        }
    }

    /// Returns whether the module came with the program. All others have a manifest, in a registry.
    pub fn is_of_catalog(&self) -> bool {
        self.source == CATALOG
    }
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
    /// Another lock says something else about a version.
    #[error(
        "{module} {version} is another one there than in kusion.lock: {found} instead of {pinned}"
    )]
    Differs {
        /// The source of the module.
        module: String,
        /// Its version.
        version: Version,
        /// What is pinned here: a digest, or a signer.
        pinned: String,
        /// What the other lock says.
        found: String,
    },
    /// Another run has moved a pin since this one looked.
    #[error("another run has pinned module `{module}` anew in kusion.lock meanwhile")]
    Moved {
        /// The module.
        module: ModuleName,
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
            Self::Invalid { .. } | Self::Differs { .. } => Kind::User,
            Self::Read { .. } | Self::Write { .. } | Self::Moved { .. } => Kind::Environment,
        }
    }

    fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::Differs { .. } => {
                "a published version never changes: ask its publisher which one is meant; to take the other one, \
                 remove the module from kusion.lock"
            }
            Self::Moved { .. } => "run the command again",
            Self::Invalid { .. } | Self::Read { .. } | Self::Write { .. } => return Vec::new(),
        };
        vec![hint.to_owned()]
    }

    fn problems(&self) -> &[Problem] {
        match self {
            Self::Invalid { problems, .. } => problems,
            _ => &[],
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

    /// Takes over what another lock pins.
    ///
    /// # Errors
    ///
    /// It says something else about a version that is pinned here, in whatever workspace, or names another signer.
    pub fn adopt(&mut self, other: &Self) -> Result<(), LockError> {
        for (_, _, found) in other.pins() {
            let same = |pin: &&Pin| pin.source == found.source && pin.version == found.version;
            let known: Vec<&Pin> = self.pins().map(|(_, _, pin)| pin).filter(same).collect();
            for pinned in known {
                pinned.check_same(found)?;
            }
        }
        for (workspace, module, found) in other.pins() {
            let known = self.pin(workspace, module).filter(|pin| pin.manifest == found.manifest);
            let signer = found.signer.clone().or_else(|| known.and_then(|pin| pin.signer.clone()));
            self.set(workspace, module, Pin { signer, ..found.clone() });
        }
        Ok(())
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
        let pin = Pin {
            source: source?,
            version: version?,
            manifest: manifest.map_or(Some(None), |manifest| manifest.map(Some))?,
            layer: layer?,
            signer: signer.map_or(Some(None), |signer| signer.map(Some))?,
        };
        match (pin.is_of_catalog(), &pin.manifest) {
            (false, None) => {
                self.problem(node, "a module of a registry is pinned with its `manifest`", None);
                None
            }
            (true, Some(_)) => {
                self.problem(node, "a module of the catalog has no `manifest`", None);
                None
            }
            _ => Some(pin),
        }
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
        let bundled = Pin { source: "catalog".to_owned(), manifest: None, ..pin("0.1.0") };
        let signed = Pin {
            signer: Some("ada@example.com (https://login.example.com)".to_owned()),
            ..pin("0.2.0")
        };
        lock.set(&dev, &names("dev", "redis").1, signed);
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
            redis:
              source: oci://example.com/team/mysql
              version: "0.2.0"
              manifest: sha256:05b3abf2579a5eb66403cd78be557fd860633a1fe2103c7642030defe32c657f
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
    fn another_lock_is_taken_over_unless_it_contradicts() {
        let ((dev, mysql), (prod, redis)) = (names("dev", "mysql"), names("prod", "redis"));
        let lock = |pins: &[(&WorkspaceName, &ModuleName, Pin)]| {
            let mut lock = Lock::default();
            for (workspace, module, pin) in pins {
                lock.set(workspace, module, pin.clone());
            }
            lock
        };
        let signed = |by: &str| Pin { signer: Some(by.to_owned()), ..pin("1.2.3") };
        let mut ours = lock(&[(&dev, &mysql, signed("ada"))]);
        ours.adopt(&lock(&[(&prod, &redis, pin("2.0.0")), (&dev, &mysql, pin("1.2.3"))])).unwrap();
        assert_eq!(
            ours,
            lock(&[(&dev, &mysql, signed("ada")), (&prod, &redis, pin("2.0.0"))]),
            "who signed is not forgotten"
        );
        let before = ours.clone();
        let other = Pin { manifest: Some(Digest::of(b"other")), ..pin("1.2.3") };
        for (pin, expected) in [
            (other, " instead of sha256:05b3"),
            (signed("eve"), "signed by eve instead of signed by ada"),
        ] {
            let refused = ours.adopt(&lock(&[(&prod, &mysql, pin)])).unwrap_err();
            assert!(refused.to_string().contains(expected), "{refused}");
            assert_eq!(ours, before);
        }
    }

    #[test]
    fn what_is_in_a_registry_has_a_manifest_and_what_is_in_the_catalog_has_none() {
        let digest = Digest::of(b"x");
        let pin = |text: &str| {
            let module = format!("{{version: 1.0.0, layer: {digest}, {text}}}");
            read(&format!("lockVersion: 1\nworkspaces: {{dev: {{mysql: {module}}}}}\n"))
        };
        assert!(pin("source: catalog").is_ok());
        assert!(pin(&format!("source: oci://x/y, manifest: {digest}")).is_ok());
        assert_eq!(
            pin("source: oci://x/y"),
            Err(vec!["2: a module of a registry is pinned with its `manifest`".to_owned()])
        );
        assert_eq!(
            pin(&format!("source: catalog, manifest: {digest}")),
            Err(vec!["2: a module of the catalog has no `manifest`".to_owned()])
        );
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
