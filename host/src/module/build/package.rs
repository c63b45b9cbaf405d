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
    let text = fs::read_to_string(&path).map_err(|source| BuildError::Read { source })?;
    let refuse = |reason: String| BuildError::Manifest { manifest: path.clone(), reason };
    let package = match language {
        Language::JavaScript => {
            of_json(&serde_json::from_str(&text).map_err(|error| refuse(error.to_string()))?)
        }
        Language::Go => {
            Package { name: go_module(&text).unwrap_or_default(), ..Package::default() }
        }
        _ => of_pyproject(&toml::from_str(&text).map_err(|error| refuse(in_toml(&text, &error)))?),
    };
    let name = module_name(&package.name).to_owned();
    if name.is_empty() {
        return Err(BuildError::Unnamed { manifest: path });
    }
    Ok(Package { name, ..package })
}

/// Says on one line where a TOML document is wrong.
fn in_toml(text: &str, error: &toml::de::Error) -> String {
    let start = error.span().map_or(0, |span| span.start);
    let line = text.get(..start).unwrap_or_default().matches('\n').count() + 1;
    format!("{} at line {line}", error.message().replace('\n', " "))
}

fn of_json(manifest: &Value) -> Package {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    // npm takes a text or an object for some members.
    let either =
        |key: &str, member: &str| text(&manifest[key]).or_else(|| text(&manifest[key][member]));
    let repository = either("repository", "url").map(|url| web_address(&url));
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

/// Returns the address of a repository that npm lets one write in short, such as `github:acme/cache` or `acme/cache`.
fn web_address(repository: &str) -> String {
    let url = repository.strip_prefix("git+").unwrap_or(repository);
    if url.contains("://") {
        return url.to_owned();
    }
    let (host, path) = match url.split_once(':') {
        Some(("gitlab", path)) => ("gitlab.com", path),
        Some(("bitbucket", path)) => ("bitbucket.org", path),
        Some(("github", path)) => ("github.com", path),
        Some(_) => return url.to_owned(),
        None => ("github.com", url),
    };
    format!("https://{host}/{path}")
}

/// Reads what PEP 621 says; labels of addresses are compared as the index of packages does.
fn of_pyproject(manifest: &toml::Table) -> Package {
    let Some(project) = manifest.get("project") else { return Package::default() };
    let text = |value: Option<&toml::Value>| value.and_then(toml::Value::as_str).map(str::to_owned);
    let license = project.get("license");
    let license = text(license).or_else(|| text(license?.get("text")));
    let urls = || project.get("urls").and_then(toml::Value::as_table).into_iter().flatten();
    let url = |labels: &[&str]| {
        let labelled = |label: &str| {
            let label: String = label.chars().filter(char::is_ascii_alphanumeric).collect();
            labels.contains(&label.to_ascii_lowercase().as_str())
        };
        urls().find(|(label, _)| labelled(label)).and_then(|(_, url)| text(Some(url)))
    };
    let authors = project.get("authors").and_then(toml::Value::as_array);
    let author =
        |author: &toml::Value| text(author.get("name")).or_else(|| text(author.get("email")));
    let authors: Vec<String> = authors.into_iter().flatten().filter_map(author).collect();
    let notes = notes::of_texts([
        license,
        url(&["source", "repository", "sourcecode", "github"]),
        url(&["homepage"]),
        (!authors.is_empty()).then(|| authors.join(", ")),
    ]);
    let name = text(project.get("name")).unwrap_or_default();
    Package { name, version: text(project.get("version")), notes }
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

#[cfg(test)]
mod tests {
    use serde_json::json;

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
        let package = of_json(&json!({
            "name": "a", "version": "1.2.3", "license": "MIT", "author": {"name": "ada"},
            "repository": {"url": "git+https://example.com/a.git"},
        }));
        assert_eq!((package.name.as_str(), package.version.as_deref()), ("a", Some("1.2.3")));
        let said = package.notes.iter().map(|(name, text)| format!("{name}={text}"));
        let expected = ["authors=ada", "licenses=MIT", "source=https://example.com/a.git"];
        assert_eq!(said.collect::<Vec<_>>(), expected);
        assert_eq!(of_json(&json!([])), Package::default());
        let text = "[build-system]\nname = 'x'\n[project] # it\nname = \"a\" # ours\nversion='1.2.3'\n\
                    license = \"MIT\"\n[project.urls]\nrepository = \"https://example.com/a\"\n[tool]\nkey = 1\n";
        let package = of_pyproject(&toml::from_str(text).unwrap());
        assert_eq!((package.name.as_str(), package.version.as_deref()), ("a", Some("1.2.3")));
        assert_eq!(package.notes["licenses"], "MIT");
        assert_eq!(package.notes["source"], "https://example.com/a");
        let text = "[project]\nname = 'a'\nlicense = {text = 'MIT'}\n\
                    authors = [{name = 'ada'}, {email = 'bob@example.com'}]\n\
                    urls = {'Source Code' = 'https://example.com/a'}\n";
        let package = of_pyproject(&toml::from_str(text).unwrap());
        let said = package.notes.iter().map(|(name, text)| format!("{name}={text}"));
        let expected =
            ["authors=ada, bob@example.com", "licenses=MIT", "source=https://example.com/a"];
        assert_eq!(said.collect::<Vec<_>>(), expected);
        assert_eq!(of_pyproject(&toml::Table::new()), Package::default());
    }

    #[test]
    fn a_repository_in_short_is_an_address() {
        for (short, address) in [
            ("acme/cache", "https://github.com/acme/cache"),
            ("github:acme/cache", "https://github.com/acme/cache"),
            ("gitlab:acme/cache", "https://gitlab.com/acme/cache"),
            ("git+https://example.com/a.git", "https://example.com/a.git"),
            ("gist:1", "gist:1"),
        ] {
            assert_eq!(web_address(short), address);
        }
    }

    #[test]
    fn a_manifest_that_cannot_be_read_is_told_with_its_line() {
        let text = "[project]\nname = a\n";
        let error = toml::from_str::<toml::Table>(text).unwrap_err();
        assert!(in_toml(text, &error).ends_with(" at line 2"), "{}", in_toml(text, &error));
    }
}
