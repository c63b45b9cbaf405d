//! The user's settings: which backends exist, which workspace is the current one, how many releases stay.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use crate::files;
use crate::home::HomeError;
use crate::name::WorkspaceName;
use crate::yaml;

/// The backend and the workspace that need no setting.
pub(super) const DEFAULT: &str = "default";
const LOCAL: &str = "local";
/// The version of the file that this library writes, and the newest it reads.
const FORMAT_VERSION: u64 = 1;
/// The member that holds it; it is no setting.
const FORMAT: &str = "formatVersion";
/// The file that orders those who change the settings.
const LOCK: &str = ".config.yaml.lock";

/// The settings, as the file has them.
#[derive(Debug, Clone)]
pub struct Settings {
    values: Map<String, Value>,
}

/// Why a value does not say how many releases stay.
const NO_COUNT: &str = "expected a number of at least 1";

/// A key that can be got and set.
#[derive(Debug, PartialEq, Eq)]
enum Setting<'a> {
    Workspace,
    KeepReleases,
    CurrentBackend,
    Backend(&'a str),
    BackendType(&'a str),
    BackendConfigs(&'a str),
    BackendPath(&'a str),
}

impl<'a> Setting<'a> {
    fn parse(key: &'a str) -> Option<Self> {
        let parts: Vec<&str> = key.split('.').collect();
        match parts.as_slice() {
            ["workspace"] => Some(Self::Workspace),
            ["releases", "keep"] => Some(Self::KeepReleases),
            ["backends", "current"] => Some(Self::CurrentBackend),
            ["backends", name] if is_name(name) => Some(Self::Backend(name)),
            ["backends", name, "type"] if is_name(name) => Some(Self::BackendType(name)),
            ["backends", name, "configs"] if is_name(name) => Some(Self::BackendConfigs(name)),
            ["backends", name, "configs", "path"] if is_name(name) => Some(Self::BackendPath(name)),
            _ => None,
        }
    }

    /// Returns the members on the way to the value.
    fn path(&self) -> Vec<&'a str> {
        match self {
            Self::Workspace => vec!["workspace"],
            Self::KeepReleases => vec!["releases", "keep"],
            Self::CurrentBackend => vec!["backends", "current"],
            Self::Backend(name) => vec!["backends", name],
            Self::BackendType(name) => vec!["backends", name, "type"],
            Self::BackendConfigs(name) => vec!["backends", name, "configs"],
            Self::BackendPath(name) => vec!["backends", name, "configs", "path"],
        }
    }
}

fn is_name(name: &str) -> bool {
    name != "current" && WorkspaceName::parse(name).is_ok()
}

impl Settings {
    pub(super) fn load(path: PathBuf) -> Result<Self, HomeError> {
        let text = match fs_err::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(source) => return Err(HomeError::Read { path, source }),
        };
        let value = match yaml::parse_value(&text) {
            Ok(value) => value,
            Err(source) => return Err(HomeError::Syntax { path, source: Box::new(source) }),
        };
        if value.get(FORMAT).and_then(Value::as_u64).is_some_and(|found| found > FORMAT_VERSION) {
            return Err(HomeError::Newer { path });
        }
        let mut values = match value {
            Value::Object(values) => values,
            Value::Null => Map::new(),
            _ => return Err(HomeError::NoMap { path }),
        };
        values.remove(FORMAT);
        Ok(Self { values })
    }

    /// Reads the settings, changes them and writes them back, while no other process does the same.
    pub(super) fn change(
        path: &Path,
        change: impl FnOnce(&mut Self) -> Result<(), HomeError>,
    ) -> Result<(), HomeError> {
        let write = |source| HomeError::Write { path: path.to_owned(), source };
        let _alone = files::lock(&path.with_file_name(LOCK)).map_err(write)?;
        let mut settings = Self::load(path.to_owned())?;
        change(&mut settings)?;
        settings.values.insert(FORMAT.to_owned(), FORMAT_VERSION.into());
        let text = yaml::to_string(&settings.values);
        let text = text.map_err(|source| HomeError::Encode { source })?;
        path.parent()
            .map_or(Ok(()), files::sweep)
            .and_then(|()| files::write_atomic(path, text.as_bytes(), files::PRIVATE))
            .map_err(write)
    }

    /// Returns all settings.
    pub fn all(&self) -> Value {
        Value::Object(self.values.clone())
    }

    /// Returns the value of a setting.
    ///
    /// # Errors
    ///
    /// The key is unknown or has no value.
    pub fn get(&self, key: &str) -> Result<&Value, HomeError> {
        let setting = parse(key)?;
        let mut path = setting.path().into_iter();
        let first = path.next().and_then(|name| self.values.get(name));
        path.fold(first, |value, name| value?.get(name))
            .ok_or_else(|| HomeError::NotSet { key: key.to_owned() })
    }

    /// Changes a setting. A text that is JSON is taken as JSON.
    ///
    /// # Errors
    ///
    /// The key is unknown or the value does not fit it.
    pub fn set(&mut self, key: &str, text: &str) -> Result<(), HomeError> {
        let setting = parse(key)?;
        let value = match &setting {
            Setting::Backend(_) | Setting::BackendConfigs(_) => {
                serde_json::from_str(text).map_err(|error| bad(key, text, error.to_string()))?
            }
            Setting::KeepReleases => serde_json::from_str(text).unwrap_or_default(),
            _ => Value::String(text.to_owned()),
        };
        self.check(&setting, key, text, &value)?;
        let mut path = setting.path();
        let Some(last) = path.pop() else { return Ok(()) };
        let mut place = &mut self.values;
        for name in path {
            let inner = place.entry(name).or_insert_with(|| json!({}));
            if !inner.is_object() {
                *inner = json!({});
            }
            let Value::Object(inner) = inner else { return Ok(()) };
            place = inner;
        }
        place.insert(last.to_owned(), value);
        Ok(())
    }

    fn check(
        &self,
        setting: &Setting<'_>,
        key: &str,
        text: &str,
        value: &Value,
    ) -> Result<(), HomeError> {
        match setting {
            Setting::Workspace => WorkspaceName::parse(text)
                .map(|_| ())
                .map_err(|error| bad(key, text, error.to_string())),
            Setting::KeepReleases => match value.as_u64() {
                Some(1..) => Ok(()),
                _ => Err(bad(key, text, NO_COUNT.to_owned())),
            },
            Setting::CurrentBackend => self.known_backend(text),
            Setting::Backend(DEFAULT)
            | Setting::BackendType(DEFAULT)
            | Setting::BackendConfigs(DEFAULT)
            | Setting::BackendPath(DEFAULT) => {
                Err(bad(key, text, "backend `default` is the folder of kusion itself".to_owned()))
            }
            Setting::BackendType(_) => known_type(key, text, text),
            Setting::BackendPath(_) => absolute(key, text, text),
            Setting::BackendConfigs(_) => configs(key, text, value),
            Setting::Backend(_) => {
                let kind = value.get("type").and_then(Value::as_str).unwrap_or_default();
                known_type(key, text, kind)?;
                match value.get("configs") {
                    None => Ok(()),
                    Some(value) => configs(key, text, value),
                }
            }
        }
    }

    /// Removes a setting.
    ///
    /// # Errors
    ///
    /// The key is unknown or has no value.
    pub fn unset(&mut self, key: &str) -> Result<(), HomeError> {
        self.get(key)?;
        let setting = parse(key)?;
        let mut path = setting.path();
        let Some(last) = path.pop() else { return Ok(()) };
        let mut place = Some(&mut self.values);
        for name in path {
            place = place.and_then(|place| place.get_mut(name)?.as_object_mut());
        }
        if let Some(place) = place {
            place.remove(last);
        }
        Ok(())
    }

    /// Returns the current workspace, if one was chosen.
    pub fn current_workspace(&self) -> Option<&str> {
        self.values.get("workspace")?.as_str()
    }

    /// Returns how many releases of a stack are kept; `None` keeps all.
    ///
    /// # Errors
    ///
    /// What stands in the file is no such number: to keep none, or all, is not for us to guess.
    pub fn keep_releases(&self) -> Result<Option<NonZeroUsize>, HomeError> {
        const KEY: &str = "releases.keep";
        let no_count = |value: &Value| bad(KEY, &value.to_string(), NO_COUNT.to_owned());
        let keep = match self.values.get("releases") {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::Object(releases)) => releases.get("keep"),
            Some(other) => return Err(no_count(other)),
        };
        let Some(keep) = keep.filter(|keep| !keep.is_null()) else { return Ok(None) };
        let number = keep.as_u64().and_then(|keep| usize::try_from(keep).ok());
        number.and_then(NonZeroUsize::new).map(Some).ok_or_else(|| no_count(keep))
    }

    /// Returns the current backend, if one was chosen.
    pub fn current_backend(&self) -> Option<&str> {
        self.values.get("backends")?.get("current")?.as_str()
    }

    pub(super) fn backend_root(&self, name: &str, home: &Path) -> Result<PathBuf, HomeError> {
        if name == DEFAULT {
            return Ok(home.to_owned());
        }
        self.known_backend(name)?;
        let backend = self.values.get("backends").and_then(|backends| backends.get(name));
        let kind = backend.and_then(|backend| backend.get("type")).and_then(Value::as_str);
        if kind != Some(LOCAL) {
            let kind = kind.unwrap_or("unknown").to_owned();
            return Err(HomeError::BackendType { name: name.to_owned(), kind });
        }
        let path = backend.and_then(|backend| backend.get("configs")?.get("path")?.as_str());
        Ok(path.map_or_else(|| home.to_owned(), PathBuf::from))
    }

    fn known_backend(&self, name: &str) -> Result<(), HomeError> {
        let backends = self.values.get("backends").and_then(Value::as_object);
        let mut known: Vec<String> = backends
            .into_iter()
            .flat_map(|backends| backends.keys().filter(|name| *name != "current").cloned())
            .collect();
        known.push(DEFAULT.to_owned());
        if known.iter().any(|known| known == name) {
            return Ok(());
        }
        Err(HomeError::NoBackend { name: name.to_owned(), known })
    }
}

fn parse(key: &str) -> Result<Setting<'_>, HomeError> {
    Setting::parse(key).ok_or_else(|| HomeError::UnknownKey { key: key.to_owned() })
}

fn bad(key: &str, value: &str, reason: String) -> HomeError {
    HomeError::BadValue { key: key.to_owned(), value: value.to_owned(), reason }
}

fn known_type(key: &str, text: &str, kind: &str) -> Result<(), HomeError> {
    match kind {
        LOCAL => Ok(()),
        "s3" | "oss" | "google" => {
            Err(bad(key, text, format!("this version does not serve backends of type `{kind}`")))
        }
        _ => Err(bad(key, text, "the type must be `local`".to_owned())),
    }
}

fn configs(key: &str, text: &str, value: &Value) -> Result<(), HomeError> {
    let path = value.as_object().filter(|map| map.keys().all(|name| name == "path"));
    let path = path.and_then(|map| map.get("path")).and_then(Value::as_str);
    match path {
        Some(path) => absolute(key, text, path),
        None => Err(bad(key, text, "expected `{\"path\": \"/some/folder\"}`".to_owned())),
    }
}

fn absolute(key: &str, text: &str, path: &str) -> Result<(), HomeError> {
    if Path::new(path).is_absolute() {
        return Ok(());
    }
    Err(bad(key, text, "the path must be absolute".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Diagnose as _;

    fn file() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.yaml");
        (folder, path)
    }

    fn settings() -> Settings {
        Settings::load(file().1).unwrap()
    }

    #[test]
    fn a_bad_number_of_releases_that_was_written_by_hand_is_not_ignored() {
        let (_folder, path) = file();
        for (text, found) in [
            ("", Ok(None)),
            ("releases: {}", Ok(None)),
            ("releases: {keep: 7}", Ok(NonZeroUsize::new(7))),
            ("releases: {keep: 0}", Err("0")),
            ("releases: {keep: -1}", Err("-1")),
            ("releases: {keep: twenty}", Err("\"twenty\"")),
            ("releases: 20", Err("20")),
        ] {
            fs_err::write(&path, text).unwrap();
            let keep = Settings::load(path.clone()).unwrap().keep_releases();
            let expected = found.map_err(|value| {
                format!(
                    "`{value}` is no value for `releases.keep`: expected a number of at least 1"
                )
            });
            assert_eq!(keep.map_err(|error| error.to_string()), expected, "{text}");
        }
    }

    #[test]
    fn settings_survive_being_written() {
        let (_folder, path) = file();
        Settings::change(&path, |settings| {
            settings.set("workspace", "dev")?;
            let team = r#"{"type": "local", "configs": {"path": "/srv/k"}}"#;
            settings.set("backends.team", team)?;
            settings.set("backends.current", "team")?;
            settings.set("releases.keep", "20")
        })
        .unwrap();
        let read = Settings::load(path).unwrap();
        assert_eq!(read.all().as_object().map(Map::len), Some(3));
        assert_eq!(read.keep_releases().unwrap(), NonZeroUsize::new(20));
        assert_eq!(read.current_workspace(), Some("dev"));
        assert_eq!(read.get("backends.team.configs.path").unwrap(), "/srv/k");
        assert_eq!(read.backend_root("team", Path::new("/h")).unwrap(), Path::new("/srv/k"));
        assert_eq!(read.backend_root("default", Path::new("/h")).unwrap(), Path::new("/h"));
    }

    #[test]
    fn changes_at_the_same_time_are_all_kept() {
        let (_folder, path) = file();
        let names: Vec<String> = (0..8).map(|number| format!("team{number}")).collect();
        std::thread::scope(|scope| {
            for name in &names {
                let path = &path;
                scope.spawn(move || {
                    let key = format!("backends.{name}.type");
                    Settings::change(path, |settings| settings.set(&key, "local")).unwrap();
                });
            }
        });
        let read = Settings::load(path).unwrap();
        for name in names {
            assert_eq!(read.get(&format!("backends.{name}.type")).unwrap(), "local");
        }
    }

    #[test]
    fn unset_removes_and_then_says_that_nothing_is_there() {
        let mut settings = settings();
        settings.set("workspace", "dev").unwrap();
        settings.unset("workspace").unwrap();
        assert!(matches!(settings.unset("workspace"), Err(HomeError::NotSet { .. })));
    }

    #[test]
    fn settings_of_a_newer_kusion_are_refused() {
        let (_folder, path) = file();
        Settings::change(&path, |_| Ok(())).unwrap();
        let text = fs_err::read_to_string(&path).unwrap();
        assert_eq!(text, "formatVersion: 1\n");
        fs_err::write(&path, "formatVersion: 2\nworkspace: {name: dev}\n").unwrap();
        let error = Settings::load(path).unwrap_err();
        assert!(error.to_string().ends_with("was written by a newer kusion"), "{error}");
        assert_eq!(error.hints(), ["upgrade kusion"]);
    }

    #[test]
    fn keys_and_values_are_checked() {
        let mut settings = settings();
        for (key, value) in [
            ("worksapce", "dev"),
            ("backends", "x"),
            ("releases.keep", "0"),
            ("releases.keep", "ten"),
            ("releases.keep", "1.5"),
            ("formatVersion", "2"),
            ("workspace", "../x"),
            ("backends.current", "nowhere"),
            ("backends.default.type", "local"),
            ("backends.team.type", "ftp"),
            ("backends.team", "nonsense"),
            ("backends.team.configs.path", "relative"),
        ] {
            assert!(settings.set(key, value).is_err(), "`{key}` took `{value}`");
        }
        assert_eq!(settings.all(), json!({}));
    }
}
