//! What the manifest of a package says about its module.

use std::collections::BTreeMap;

use fs_err as fs;
use serde_json::Value;

use crate::module::build::{BuildRequest, Language};
use crate::module::{BuildError, notes};

/// What packages may prefix to their module's name.
const PREFIX: &str = "kusion-module-";

/// What a manifest says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Package {
    /// The module's name.
    pub(super) name: String,
    /// The version, where the manifest has one.
    pub(super) version: Option<String>,
    /// What goes into the component for whoever publishes it.
    pub(super) notes: BTreeMap<&'static str, String>,
}

/// Returns the module's name in a package's: without the scope of npm, the path of Go, and the prefix.
pub(super) fn module_name(package: &str) -> &str {
    let name = package.rsplit('/').next().unwrap_or(package);
    name.strip_prefix(PREFIX).unwrap_or(name)
}

/// Reads the manifest of a package that no tool reads for us.
pub(super) fn read(request: &BuildRequest, language: Language) -> Result<Package, BuildError> {
    let path = request.folder.join(language.manifest());
    let text = fs::read_to_string(&path).map_err(|source| BuildError::Write { source })?;
    let package = match language {
        Language::JavaScript => of_json(&text),
        Language::Go => {
            Package { name: go_module(&text).unwrap_or_default(), ..Package::default() }
        }
        _ => of_pyproject(&text),
    };
    let name = module_name(&package.name).to_owned();
    if name.is_empty() {
        return Err(BuildError::Unnamed { manifest: path });
    }
    Ok(Package { name, ..package })
}

fn of_json(text: &str) -> Package {
    let manifest: Value = serde_json::from_str(text).unwrap_or_default();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    // npm takes a text or an object for some members.
    let either =
        |key: &str, member: &str| text(&manifest[key]).or_else(|| text(&manifest[key][member]));
    let repository =
        either("repository", "url").map(|url| url.strip_prefix("git+").unwrap_or(&url).to_owned());
    let homepage = text(&manifest["homepage"]);
    let notes = notes::of_texts([
        text(&manifest["license"]),
        repository,
        homepage,
        either("author", "name"),
    ]);
    let name = text(&manifest["name"]).unwrap_or_default();
    Package { name, version: text(&manifest["version"]), notes }
}

fn of_pyproject(text: &str) -> Package {
    let [name, version, license] =
        ["name", "version", "license"].map(|key| of_table(text, "[project]", key));
    let [source, homepage] = ["Repository", "Homepage"].map(|key| {
        let key_of = |key: &str| of_table(text, "[project.urls]", key);
        key_of(key).or_else(|| key_of(&key.to_lowercase()))
    });
    let notes = notes::of_texts([license, source, homepage, None]);
    Package { name: name.unwrap_or_default(), version, notes }
}

fn go_module(text: &str) -> Option<String> {
    let path = text.lines().find_map(|line| line.trim().strip_prefix("module "))?;
    let path = path.split("//").next().unwrap_or_default().trim().trim_matches('"');
    // The last part of a path may be its major version.
    let is_version =
        |part: &str| part.strip_prefix('v').is_some_and(|rest| rest.parse::<u32>().is_ok());
    let last = path.rsplit('/').find(|part| !is_version(part))?;
    Some(last.to_owned())
}

/// Reads a text of a table of a pyproject.toml.
fn of_table(text: &str, table: &str, key: &str) -> Option<String> {
    let lines = text.lines().map(str::trim).skip_while(|line| *line != table).skip(1);
    for line in lines.take_while(|line| !line.starts_with('[')) {
        let Some((found, value)) = line.split_once('=') else { continue };
        if found.trim() == key {
            let value = value.trim();
            let quote = value.chars().next().filter(|first| matches!(first, '"' | '\''))?;
            return value.get(1..)?.split(quote).next().map(str::to_owned);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_modules_name_is_the_last_part_of_its_packages() {
        for package in ["cache", "kusion-module-cache", "@acme/kusion-module-cache"] {
            assert_eq!(module_name(package), "cache");
        }
        let text =
            "// A module.\nmodule example.com/acme/kusion-module-cache/v2 // ours\n\ngo 1.24\n";
        assert_eq!(go_module(text).as_deref().map(module_name), Some("cache"));
        assert_eq!(go_module("go 1.24\n"), None);
    }

    #[test]
    fn manifests_are_read() {
        let text = r#"{"name": "a", "version": "1.2.3", "license": "MIT", "author": {"name": "ada"},
            "repository": {"url": "git+https://example.com/a.git"}}"#;
        let package = of_json(text);
        assert_eq!((package.name.as_str(), package.version.as_deref()), ("a", Some("1.2.3")));
        let said = package.notes.iter().map(|(name, text)| format!("{name}={text}"));
        let expected = ["authors=ada", "licenses=MIT", "source=https://example.com/a.git"];
        assert_eq!(said.collect::<Vec<_>>(), expected);
        assert_eq!(of_json("[]"), Package::default());
        let text = "[build-system]\nname = 'x'\n[project]\nname = \"a\" # ours\nversion='1.2.3'\n\
                    license = \"MIT\"\n[project.urls]\nrepository = \"https://example.com/a\"\n[tool]\nkey = 1\n";
        let package = of_pyproject(text);
        assert_eq!((package.name.as_str(), package.version.as_deref()), ("a", Some("1.2.3")));
        assert_eq!(package.notes["licenses"], "MIT");
        assert_eq!(package.notes["source"], "https://example.com/a");
        assert_eq!(of_table(text, "[project]", "key"), None);
    }
}
