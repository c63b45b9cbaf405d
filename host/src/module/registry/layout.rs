//! The form in which a module lies in a registry: the CNCF "Wasm OCI Artifact" layout.
//!
//! Pure: what is read comes from a registry that may mean harm, and what is written has the same bytes, and so the
//! same digest, for the same module.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;

/// The media type of manifests.
pub const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// The media type of the configuration that tells that an artifact is WebAssembly.
pub const CONFIG: &str = "application/vnd.wasm.config.v0+json";
/// The media type of a component's bytes.
pub const LAYER: &str = "application/wasm";

/// The media types that are asked for: lists too, so that a registry says what it has and does not choose from it.
pub(super) const ACCEPTED: &str = "application/vnd.oci.image.manifest.v1+json, \
application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.index.v1+json, \
application/vnd.docker.distribution.manifest.list.v2+json";

/// The media types of lists of manifests, one for each platform.
const INDEXES: [&str; 2] = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
];
/// The media types of a component's bytes: ours, and those of older tools.
const LAYERS: [&str; 3] = [
    LAYER,
    "application/vnd.wasm.content.layer.v1+wasm",
    "application/vnd.module.wasm.content.layer.v1+wasm",
];
/// The time that is written as the time of making: one that says nothing, so that it is the same each time.
const CREATED: &str = "1970-01-01T00:00:00Z";
/// The platform of components.
const SYSTEM: &str = "wasip2";
const ARCHITECTURE: &str = "wasm";
/// The most bytes of a configuration, which lists names.
const MAX_CONFIG: u64 = 1 << 20;
/// The most bytes of a text of unknown origin that are shown.
const MAX_SHOWN: usize = 200;

/// A piece of content: its digest and its size.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Descriptor {
    /// The digest of the bytes.
    pub digest: Digest,
    /// The number of bytes.
    pub size: u64,
}

/// What a manifest says about a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// The component.
    pub layer: Descriptor,
    /// The configuration, which tells what the component imports and exports.
    pub config: Descriptor,
    /// Texts about it, by their keys.
    pub annotations: BTreeMap<String, String>,
}

/// Why an artifact is no module.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LayoutError {
    /// The manifest is not JSON, or not of this form.
    #[error("its manifest cannot be read: {reason}")]
    Unreadable {
        /// Where reading stopped.
        reason: String,
    },
    /// It is a list of artifacts.
    #[error("it is an index of several artifacts, not a module")]
    Index,
    /// It is something else, such as an image of a container.
    #[error("it is not WebAssembly: its layer has the media type `{media_type}`")]
    MediaType {
        /// The media type.
        media_type: String,
    },
    /// A module has one layer.
    #[error("it has {count} layers, and a module has one")]
    Layers {
        /// How many it has.
        count: usize,
    },
    /// The component is larger than any that would be loaded.
    #[error("its component has {size} bytes, and at most {limit} are allowed")]
    TooLarge {
        /// The number of bytes, as the manifest says.
        size: u64,
        /// The most bytes.
        limit: u64,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawManifest {
    schema_version: u64,
    #[serde(default)]
    media_type: String,
    config: Option<RawDescriptor>,
    #[serde(default)]
    layers: Vec<RawDescriptor>,
    #[serde(default)]
    manifests: Option<serde::de::IgnoredAny>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawDescriptor {
    media_type: String,
    digest: Digest,
    size: u64,
}

impl Manifest {
    /// Reads a manifest; the component may have so many bytes.
    ///
    /// # Errors
    ///
    /// It is not that of a module.
    pub fn read(bytes: &[u8], limit: u64) -> Result<Self, LayoutError> {
        let raw: RawManifest = serde_json::from_slice(bytes)
            .map_err(|error| LayoutError::Unreadable { reason: shown(&error.to_string()) })?;
        if INDEXES.contains(&raw.media_type.as_str()) || raw.manifests.is_some() {
            return Err(LayoutError::Index);
        }
        if raw.schema_version != 2 {
            let reason = format!("`schemaVersion` is {}, not 2", raw.schema_version);
            return Err(LayoutError::Unreadable { reason });
        }
        let count = raw.layers.len();
        let [layer] = raw.layers.as_slice() else { return Err(LayoutError::Layers { count }) };
        if !LAYERS.contains(&layer.media_type.as_str()) {
            return Err(LayoutError::MediaType { media_type: shown(&layer.media_type) });
        }
        if layer.size > limit {
            return Err(LayoutError::TooLarge { size: layer.size, limit });
        }
        let config = raw
            .config
            .ok_or_else(|| LayoutError::Unreadable { reason: "no `config`".to_owned() })?;
        if config.size > MAX_CONFIG {
            let reason = format!("its `config` has {} bytes", config.size);
            return Err(LayoutError::Unreadable { reason });
        }
        let descriptor = |raw: &RawDescriptor| Descriptor { digest: raw.digest, size: raw.size };
        Ok(Self {
            layer: descriptor(layer),
            config: descriptor(&config),
            annotations: raw.annotations,
        })
    }
}

/// Cuts a text of unknown origin to what is worth showing, on one line.
fn shown(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).take(MAX_SHOWN).collect()
}

/// What is said about a component in a registry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contents {
    /// The interfaces that it exports, with their versions.
    pub exports: Vec<String>,
    /// The interfaces that it imports.
    pub imports: Vec<String>,
    /// The world that it is made for.
    pub target: String,
    /// Texts about it, by their keys.
    pub annotations: BTreeMap<String, String>,
    /// The name of the file that tools save it under.
    pub title: String,
}

/// An artifact as it is uploaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact {
    /// The configuration.
    pub config: Vec<u8>,
    /// The manifest.
    pub manifest: Vec<u8>,
    /// The digest of the manifest, which names the whole.
    pub digest: Digest,
    /// The digest of the component.
    pub layer: Digest,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WrittenConfig<'a> {
    created: &'a str,
    architecture: &'a str,
    os: &'a str,
    layer_digests: [Digest; 1],
    component: WrittenComponent<'a>,
}

#[derive(Serialize)]
struct WrittenComponent<'a> {
    exports: &'a [String],
    imports: &'a [String],
    target: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WrittenManifest<'a> {
    schema_version: u64,
    media_type: &'a str,
    config: WrittenDescriptor<'a>,
    layers: [WrittenDescriptor<'a>; 1],
    annotations: &'a BTreeMap<String, String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WrittenDescriptor<'a> {
    media_type: &'a str,
    digest: Digest,
    size: usize,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    annotations: BTreeMap<&'a str, &'a str>,
}

impl Artifact {
    /// Makes the artifact of a component.
    ///
    /// # Errors
    ///
    /// It cannot be written as JSON, which no text can bring about.
    pub fn of(component: &[u8], contents: &Contents) -> Result<Self, serde_json::Error> {
        let layer = Digest::of(component);
        let config = serde_json::to_vec(&WrittenConfig {
            created: CREATED,
            architecture: ARCHITECTURE,
            os: SYSTEM,
            layer_digests: [layer],
            component: WrittenComponent {
                exports: &contents.exports,
                imports: &contents.imports,
                target: &contents.target,
            },
        })?;
        let title = ("org.opencontainers.image.title", contents.title.as_str());
        let manifest = serde_json::to_vec(&WrittenManifest {
            schema_version: 2,
            media_type: MANIFEST,
            config: WrittenDescriptor {
                media_type: CONFIG,
                digest: Digest::of(&config),
                size: config.len(),
                annotations: BTreeMap::new(),
            },
            layers: [WrittenDescriptor {
                media_type: LAYER,
                digest: layer,
                size: component.len(),
                annotations: [title].into(),
            }],
            annotations: &contents.annotations,
        })?;
        let digest = Digest::of(&manifest);
        Ok(Self { config, manifest, digest, layer })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const LIMIT: u64 = 1 << 20;

    fn contents() -> Contents {
        let annotations = [("org.opencontainers.image.version", "1.2.3")];
        Contents {
            exports: vec!["kusion:module/generator@0.1.0".to_owned()],
            imports: vec!["kusion:module/log@0.1.0".to_owned()],
            target: "kusion:module/module@0.1.0".to_owned(),
            annotations: annotations.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
            title: "mysql.wasm".to_owned(),
        }
    }

    fn manifest() -> Value {
        let artifact = Artifact::of(b"component", &contents()).unwrap();
        serde_json::from_slice(&artifact.manifest).unwrap()
    }

    fn read(manifest: &Value) -> Result<Manifest, String> {
        let bytes = manifest.to_string();
        Manifest::read(bytes.as_bytes(), LIMIT).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_written_has_the_form_that_others_read() {
        let artifact = Artifact::of(b"component", &contents()).unwrap();
        let layer = Digest::of(b"component");
        let config: Value = serde_json::from_slice(&artifact.config).unwrap();
        assert_eq!(
            config,
            json!({
                "created": "1970-01-01T00:00:00Z", "architecture": "wasm", "os": "wasip2",
                "layerDigests": [layer],
                "component": {
                    "exports": ["kusion:module/generator@0.1.0"],
                    "imports": ["kusion:module/log@0.1.0"],
                    "target": "kusion:module/module@0.1.0",
                },
            })
        );
        assert_eq!(
            manifest(),
            json!({
                "schemaVersion": 2,
                "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "config": {
                    "mediaType": "application/vnd.wasm.config.v0+json",
                    "digest": Digest::of(&artifact.config), "size": artifact.config.len(),
                },
                "layers": [{
                    "mediaType": "application/wasm", "digest": layer, "size": 9,
                    "annotations": {"org.opencontainers.image.title": "mysql.wasm"},
                }],
                "annotations": {"org.opencontainers.image.version": "1.2.3"},
            })
        );
    }

    #[test]
    fn the_same_module_is_the_same_artifact_and_is_read_again() {
        let artifact = Artifact::of(b"component", &contents()).unwrap();
        assert_eq!(artifact, Artifact::of(b"component", &contents()).unwrap());
        assert_ne!(artifact.digest, Artifact::of(b"another", &contents()).unwrap().digest);
        let manifest = Manifest::read(&artifact.manifest, LIMIT).unwrap();
        assert_eq!(manifest.layer, Descriptor { digest: artifact.layer, size: 9 });
        assert_eq!(manifest.config.digest, Digest::of(&artifact.config));
        assert_eq!(manifest.annotations, contents().annotations);
    }

    #[test]
    fn layouts_of_older_tools_are_read() {
        for media_type in LAYERS {
            let mut manifest = manifest();
            manifest["layers"][0]["mediaType"] = json!(media_type);
            manifest["config"]["mediaType"] = json!("application/vnd.wasm.config.v1+json");
            assert!(read(&manifest).is_ok(), "{media_type}");
        }
        let mut short = manifest();
        for member in ["mediaType", "annotations"] {
            short.as_object_mut().unwrap().remove(member);
        }
        assert!(read(&short).is_ok());
    }

    #[test]
    fn what_is_no_module_is_told_why() {
        let with = |pointer: &str, value: Value| {
            let mut manifest = manifest();
            *manifest.pointer_mut(pointer).unwrap() = value;
            read(&manifest).unwrap_err()
        };
        let layer = manifest()["layers"][0].clone();
        for (pointer, value, error) in [
            ("/layers", json!([layer, layer]), "it has 2 layers, and a module has one"),
            ("/layers", json!([]), "it has 0 layers, and a module has one"),
            (
                "/layers/0/mediaType",
                json!("application/vnd.oci.image.layer.v1.tar+gzip"),
                "it is not WebAssembly: its layer has the media type `application/vnd.oci.image.layer.v1.tar+gzip`",
            ),
            (
                "/layers/0/size",
                json!(2_147_483_648_u64),
                "its component has 2147483648 bytes, and at most 1048576 are allowed",
            ),
            ("/mediaType", json!(INDEXES[0]), "it is an index of several artifacts, not a module"),
            (
                "/schemaVersion",
                json!(1),
                "its manifest cannot be read: `schemaVersion` is 1, not 2",
            ),
            ("/config", json!(null), "its manifest cannot be read: no `config`"),
            (
                "/config/size",
                json!(1_048_577),
                "its manifest cannot be read: its `config` has 1048577 bytes",
            ),
        ] {
            assert_eq!(with(pointer, value), error);
        }
        let index = json!({"schemaVersion": 2, "manifests": []});
        assert_eq!(read(&index).unwrap_err(), "it is an index of several artifacts, not a module");
        let digest = with("/layers/0/digest", json!("sha256:../../etc/passwd"));
        assert!(digest.contains("is not a digest"), "{digest}");
        let page = Manifest::read(b"<html>\x1b[31m</html>", LIMIT).unwrap_err().to_string();
        assert!(page.starts_with("its manifest cannot be read: "), "{page}");
    }
}
