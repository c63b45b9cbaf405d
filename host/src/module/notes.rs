//! What the author of a package says about it, carried in the component: whoever publishes it later has nothing else.
//!
//! The sections are those of `wasm-tools metadata`, so that other tools show and publish them too.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use serde::Deserialize;

use crate::module::BuildRequest;

/// The most bytes of one text.
const MAX_LENGTH: usize = 4 << 10;

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    manifest_path: std::path::PathBuf,
    license: Option<String>,
    repository: Option<String>,
    homepage: Option<String>,
    #[serde(default)]
    authors: Vec<String>,
}

/// Reads what a package's Cargo.toml says. A package that cargo cannot read has other problems, which building tells.
pub(super) fn of_package(
    request: &BuildRequest,
    manifest: &Path,
) -> BTreeMap<&'static str, String> {
    let mut command = Command::new(&request.tools.cargo);
    command.args(["metadata", "--no-deps", "--format-version", "1", "--manifest-path"]);
    command.arg(manifest).current_dir(&request.folder);
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output();
    let text = output.map(|output| output.stdout).unwrap_or_default();
    let Ok(Metadata { packages }) = serde_json::from_slice(&text) else { return BTreeMap::new() };
    let manifest = request.folder.join(manifest);
    let manifest = fs_err::canonicalize(&manifest).unwrap_or(manifest);
    let package = packages.into_iter().find(|package| {
        fs_err::canonicalize(&package.manifest_path).is_ok_and(|path| path == manifest)
    });
    let Some(Package { license, repository, homepage, authors, .. }) = package else {
        return BTreeMap::new();
    };
    let authors = (!authors.is_empty()).then(|| authors.join(", "));
    of_texts([license, repository, homepage, authors])
}

/// Makes notes of licence, source, homepage and authors, as far as they are said and not too long.
pub(super) fn of_texts(texts: [Option<String>; 4]) -> BTreeMap<&'static str, String> {
    ["licenses", "source", "homepage", "authors"]
        .into_iter()
        .zip(texts)
        .filter_map(|(name, text)| Some((name, text?)))
        .filter(|(_, text)| !text.is_empty() && text.len() <= MAX_LENGTH)
        .collect()
}

/// Appends notes to a component.
pub(super) fn append(component: &mut Vec<u8>, notes: &BTreeMap<&'static str, String>) {
    for (name, text) in notes {
        let mut content = Vec::new();
        push_number(&mut content, name.len());
        content.extend(name.as_bytes());
        content.extend(text.as_bytes());
        // The section of an author's own.
        component.push(0);
        push_number(component, content.len());
        component.extend(content);
    }
}

/// Writes a number as WebAssembly does, seven bits a byte.
fn push_number(out: &mut Vec<u8>, mut number: usize) {
    loop {
        let low = u8::try_from(number & 0x7f).unwrap_or_default();
        number >>= 7;
        if number == 0 {
            return out.push(low);
        }
        out.push(low | 0x80);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Surface;
    use crate::module::Tools;

    #[test]
    fn what_is_appended_is_read_again() {
        let mut component = wasm_encoder::Component::new().finish();
        let notes: BTreeMap<&str, String> =
            [("licenses", "Apache-2.0".to_owned()), ("source", "x".repeat(300))].into();
        append(&mut component, &notes);
        let read = Surface::of(&component).notes;
        let read: BTreeMap<&str, String> =
            read.iter().map(|(name, text)| (name.as_str(), text.clone())).collect();
        assert_eq!(read, notes);
    }

    #[test]
    fn a_package_says_what_its_manifest_says() {
        let folder = tempfile::tempdir().unwrap();
        let manifest = folder.path().join("Cargo.toml");
        let text = "[package]\nname = \"x\"\nedition = \"2024\"\nlicense = \"MIT\"\nrepository = \"https://example.com/x\"\n[workspace]\n";
        fs_err::write(&manifest, text).unwrap();
        fs_err::create_dir(folder.path().join("src")).unwrap();
        fs_err::write(folder.path().join("src/lib.rs"), "").unwrap();
        let request = BuildRequest {
            folder: folder.path().to_owned(),
            output_dir: None,
            tools: Tools {
                cargo: option_env!("CARGO").unwrap_or("cargo").into(),
                node: "node".into(),
                python: "python3".into(),
                go: "go".into(),
            },
            hidden_folders: Vec::new(),
            show_progress: false,
        };
        let expected = [("licenses", "MIT"), ("source", "https://example.com/x")];
        let expected = expected.map(|(name, text)| (name, text.to_owned())).into();
        assert_eq!(of_package(&request, &manifest), expected);
        fs_err::write(&manifest, "no manifest").unwrap();
        assert!(of_package(&request, &manifest).is_empty());
    }
}
