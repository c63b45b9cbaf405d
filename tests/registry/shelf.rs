//! What a double has to give: modules in the form in which registries have them.

use std::collections::BTreeMap;
use std::path::Path;

use kusion::digest::Digest;
use kusion::module::registry::{Artifact, Contents, Descriptor};
use serde_json::{Value, json};

use super::double::{Asked, Reply};

/// Manifests by their tags and digests, and blobs by their digests.
#[derive(Debug, Clone, Default)]
pub(super) struct Shelf {
    manifests: BTreeMap<String, Vec<u8>>,
    blobs: BTreeMap<String, Vec<u8>>,
}

impl Shelf {
    /// Returns what a folder has: `tags`, with a tag and a digest in each line, and files by their digests.
    pub(super) fn of_folder(folder: &Path) -> Self {
        let mut shelf = Self::default();
        let tags = fs_err::read_to_string(folder.join("tags")).unwrap();
        let tags = tags.lines().map(|line| line.split_once(' ').unwrap());
        let tags: Vec<(&str, &str)> = tags.collect();
        for entry in fs_err::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.ends_with("tags") {
                continue;
            }
            let bytes = fs_err::read(path).unwrap();
            let digest = shelf.put_blob(&bytes);
            // A folder does not say what is a manifest; who asks does.
            shelf.manifests.insert(digest.clone(), bytes.clone());
            for (tag, _) in tags.iter().filter(|(_, tagged)| *tagged == digest) {
                shelf.manifests.insert((*tag).to_owned(), bytes.clone());
            }
        }
        shelf
    }

    /// Puts a blob, and returns its digest.
    pub(super) fn put_blob(&mut self, bytes: &[u8]) -> String {
        let digest = Digest::of(bytes).to_string();
        self.blobs.insert(digest.clone(), bytes.to_owned());
        digest
    }

    /// Puts a component under a tag, and returns what its manifest says of it.
    pub(super) fn put(&mut self, tag: &str, component: &[u8]) -> Descriptor {
        let artifact = Artifact::of(component, &Contents::default()).unwrap();
        self.put_manifest(tag, &artifact.manifest);
        self.put_blob(component);
        Descriptor { digest: artifact.layer, size: component.len() as u64 }
    }

    /// Puts a manifest under a tag and its digest.
    pub(super) fn put_manifest(&mut self, tag: &str, manifest: &[u8]) {
        for name in [tag.to_owned(), Digest::of(manifest).to_string()] {
            self.manifests.insert(name, manifest.to_owned());
        }
    }

    /// Puts something under a tag that differs from a module at one place.
    pub(super) fn put_changed(&mut self, tag: &str, change: impl Fn(&mut Value)) {
        let artifact = Artifact::of(b"component", &Contents::default()).unwrap();
        let mut manifest: Value = serde_json::from_slice(&artifact.manifest).unwrap();
        change(&mut manifest);
        self.put_manifest(tag, manifest.to_string().as_bytes());
    }

    /// Answers as a registry does that lets everybody read.
    pub(super) fn answer(&self, asked: &Asked) -> Reply {
        let path = asked.path.split('?').next().unwrap_or_default();
        let last = path.rsplit('/').next().unwrap_or_default();
        if path.contains("/manifests/") {
            return match self.manifests.get(last) {
                Some(manifest) => Reply::new(200, manifest.clone())
                    .header("Docker-Content-Digest", &Digest::of(manifest).to_string()),
                None => missing("MANIFEST_UNKNOWN"),
            };
        }
        if path.contains("/blobs/") {
            let Some(blob) = self.blobs.get(last) else { return missing("BLOB_UNKNOWN") };
            let from = asked.headers.get("range").and_then(|range| {
                range.strip_prefix("bytes=")?.strip_suffix('-')?.parse::<usize>().ok()
            });
            return match from {
                None => Reply::new(200, blob.clone()),
                Some(from) if from >= blob.len() => Reply::new(416, ""),
                Some(from) => {
                    let range = format!("bytes {from}-{}/{}", blob.len() - 1, blob.len());
                    Reply::new(206, &blob[from..]).header("Content-Range", &range)
                }
            };
        }
        if path.ends_with("/tags/list") {
            let is_tag = |name: &&String| !name.starts_with("sha256:");
            let tags: Vec<&String> = self.manifests.keys().filter(is_tag).collect();
            return Reply::new(200, json!({ "name": "a", "tags": tags }).to_string());
        }
        Reply::new(if path == "/v2/" { 200 } else { 404 }, "{}")
    }
}

fn missing(code: &str) -> Reply {
    Reply::new(404, json!({ "errors": [{ "code": code, "message": "unknown" }] }).to_string())
}
