//! The files as users write them: the only types whose shape is a file format.
//!
//! Their JSON Schemas are derived, closed, and checked before a value is read into them.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::workspace::ModuleLimits;
use super::{Schema, surely_accepts};
use crate::diagnostic::Problem;
use crate::source::Node;

/// project.yaml.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(super) struct ProjectFile {
    /// The name of the project.
    #[serde(rename = "name")]
    _name: String,
    /// What the project is.
    #[serde(default, rename = "description")]
    _description: Option<String>,
    /// Labels of the project.
    #[serde(default)]
    pub(super) labels: BTreeMap<String, String>,
    /// Settings for particular runtimes.
    #[serde(default)]
    pub(super) extensions: Vec<Extension>,
    /// Left over from old projects, and ignored.
    #[serde(default, rename = "generator")]
    _generator: Option<Value>,
}

/// stack.yaml.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(super) struct StackFile {
    /// The name of the stack.
    #[serde(rename = "name")]
    _name: String,
    /// What the stack is.
    #[serde(default, rename = "description")]
    _description: Option<String>,
    /// Labels of the stack, over those of the project.
    #[serde(default)]
    pub(super) labels: BTreeMap<String, String>,
    /// Settings for particular runtimes, over those of the project.
    #[serde(default)]
    pub(super) extensions: Vec<Extension>,
    /// The only workspace that the stack may be applied to.
    #[serde(default, rename = "workspace")]
    _workspace: Option<String>,
    /// Known to upstream, and ignored there as well.
    #[serde(default, rename = "backend")]
    _backend: Option<Value>,
    /// Left over from old projects, and ignored.
    #[serde(default, rename = "generator")]
    _generator: Option<Value>,
}

/// A setting for a particular runtime.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Extension {
    /// Which setting it is.
    pub(super) kind: ExtensionKind,
    /// The namespace of the apps.
    pub(super) kubernetes_namespace: Option<KubernetesNamespace>,
    /// Declared by upstream without effect.
    #[serde(rename = "kubernetesMetadata")]
    _kubernetes_metadata: Option<Value>,
}

/// The settings there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) enum ExtensionKind {
    /// `kubernetesNamespace` counts.
    KubernetesNamespace,
    /// `kubernetesMetadata` counts, and has no effect.
    KubernetesMetadata,
}

/// The namespace of the apps.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct KubernetesNamespace {
    /// Its name.
    #[serde(rename = "namespace")]
    _namespace: String,
}

/// An app: what runs, and what it needs beside that.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(super) struct AppFile {
    /// The name of the app; the project's name if absent.
    #[serde(default, rename = "name")]
    _name: Option<String>,
    /// Labels of all resources of the app.
    #[serde(default)]
    pub(super) labels: BTreeMap<String, String>,
    /// Annotations of all resources of the app.
    #[serde(default)]
    pub(super) annotations: BTreeMap<String, String>,
    /// What runs.
    #[serde(default, rename = "workload")]
    _workload: Option<ComponentBlock>,
    /// What the app needs beside its workload, by name.
    #[serde(default, rename = "accessories")]
    _accessories: BTreeMap<String, ComponentBlock>,
}

/// A workload or accessory.
#[derive(Debug, Default, Deserialize, JsonSchema)]
struct ComponentBlock {
    /// The module that makes it.
    #[serde(default, rename = "module")]
    _module: Option<String>,
    /// What the module accepts.
    #[serde(flatten)]
    _config: BTreeMap<String, Value>,
}

/// `workload.secrets`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(transparent)]
pub(super) struct SecretsBlock(pub(super) BTreeMap<String, SecretBlock>);

/// A secret of the workload.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct SecretBlock {
    /// The sort of the secret.
    pub(super) r#type: SecretType,
    /// Parameters of the sort.
    #[serde(default)]
    pub(super) params: BTreeMap<String, String>,
    /// The values by key.
    #[serde(default)]
    pub(super) data: BTreeMap<String, String>,
    /// Whether the secret may never change.
    #[serde(default)]
    pub(super) immutable: bool,
}

/// The sorts of secrets.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) enum SecretType {
    Basic,
    Token,
    Opaque,
    Certificate,
    External,
}

/// A workspace.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct WorkspaceFile {
    /// The modules that apps may use.
    #[serde(default)]
    pub(super) modules: BTreeMap<String, ModuleBlock>,
    /// Where external secrets are read from.
    #[serde(default)]
    pub(super) secret_store: Option<SecretStoreBlock>,
    /// Settings and credentials of providers.
    #[serde(default, rename = "context")]
    _context: BTreeMap<String, Value>,
    /// Where resources go.
    #[serde(default)]
    pub(super) targets: TargetsBlock,
    /// What modules may use; what is absent stays as it is.
    #[serde(default)]
    pub(super) limits: ModuleLimits,
    /// Whose signatures modules need.
    #[serde(default)]
    pub(super) verify: Vec<VerifyBlock>,
}

/// Whose signatures certain modules need.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct VerifyBlock {
    /// The modules: `oci://registry/*`, `oci://registry/namespace/*` or one module.
    #[serde(rename = "match")]
    pub(super) scope: String,
    /// Public keys in PEM form, or the paths of files with one.
    #[serde(default)]
    pub(super) keys: Vec<String>,
    /// Those who may sign with a certificate.
    #[serde(default)]
    pub(super) identities: Vec<IdentityBlock>,
    /// Whose certificates and logs are believed: the path of Sigstore's `trusted_root.json`, or its text.
    #[serde(default)]
    pub(super) trust_root: Option<String>,
}

/// Somebody whom an identity provider knows.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct IdentityBlock {
    /// The address of the provider.
    pub(super) issuer: String,
    /// The name that it gives.
    #[serde(default)]
    pub(super) subject: Option<String>,
    /// The beginning of such names.
    #[serde(default)]
    pub(super) subject_prefix: Option<String>,
}

/// A module that apps may use.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(super) struct ModuleBlock {
    /// Where it comes from: `oci://…`, a file, a folder; the bundled catalog if absent.
    #[serde(default)]
    pub(super) path: Option<String>,
    /// Its version or a requirement.
    #[serde(default)]
    pub(super) version: Option<String>,
    /// What the platform tells it: `default`, and blocks for chosen projects.
    #[serde(default, rename = "configs")]
    _configs: BTreeMap<String, BTreeMap<String, Value>>,
}

/// Where external secrets are read from.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(super) struct SecretStoreBlock {
    /// Exactly one provider.
    pub(super) provider: ProviderBlock,
}

/// The providers of secrets.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(super) struct ProviderBlock {
    #[serde(default, rename = "alicloud")]
    _alicloud: Option<BTreeMap<String, Value>>,
    #[serde(default, rename = "aws")]
    _aws: Option<BTreeMap<String, Value>>,
    #[serde(default, rename = "azure")]
    _azure: Option<BTreeMap<String, Value>>,
    /// Variables of the environment.
    #[serde(default)]
    pub(super) env: Option<EnvBlock>,
    /// Values in the workspace itself, for trying things out.
    #[serde(default)]
    pub(super) fake: Option<FakeBlock>,
    /// Secrets of a namespace in a cluster.
    #[serde(default)]
    pub(super) kubernetes: Option<ClusterStoreBlock>,
    /// A server that speaks as Vault does.
    #[serde(default)]
    pub(super) vault: Option<VaultBlock>,
    #[serde(default, rename = "viettelcloud")]
    _viettelcloud: Option<BTreeMap<String, Value>>,
}

/// A server that speaks as Vault does. Who one is, is not said here.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct VaultBlock {
    /// The address of the server; VAULT_ADDR if absent.
    #[serde(default)]
    pub(super) server: Option<String>,
    /// Where the secrets engine is mounted.
    #[serde(default)]
    pub(super) path: Option<String>,
    /// The version of the secrets engine; `v2` if absent.
    #[serde(default)]
    pub(super) version: Option<KvVersion>,
    /// The namespace; VAULT_NAMESPACE if absent.
    #[serde(default)]
    pub(super) namespace: Option<String>,
    /// Whether the token and the secrets may go over a network without encryption.
    #[serde(default)]
    pub(super) plain_http: bool,
}

/// The versions of Vault's secrets engine KV.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) enum KvVersion {
    V1,
    V2,
}

/// Secrets of a namespace in a cluster.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(super) struct ClusterStoreBlock {
    /// The namespace; that of the stack if absent.
    #[serde(default)]
    pub(super) namespace: Option<String>,
    /// The path of the kubeconfig.
    #[serde(default)]
    pub(super) kubeconfig: Option<String>,
    /// The context in it; without one, the target's cluster is meant.
    #[serde(default)]
    pub(super) context: Option<String>,
}

/// Variables of the environment that may be read.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(super) struct EnvBlock {
    /// Their names.
    #[serde(default)]
    pub(super) names: Vec<String>,
    /// What the names of others begin with.
    #[serde(default)]
    pub(super) prefix: Option<String>,
}

/// Values in the workspace itself.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(super) struct FakeBlock {
    /// The values.
    pub(super) data: Vec<FakeValue>,
}

/// A value in the workspace itself.
#[derive(Deserialize, JsonSchema)]
pub(super) struct FakeValue {
    /// The name of a secret, or a name and a key, as a reference has them.
    pub(super) key: String,
    /// The value; the members of a JSON object have keys.
    pub(super) value: String,
    /// The version, if there are several.
    #[serde(default)]
    pub(super) version: String,
}

impl std::fmt::Debug for FakeValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FakeValue").field("key", &self.key).finish_non_exhaustive()
    }
}

/// Where resources go.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(super) struct TargetsBlock {
    /// Resources of Kubernetes.
    #[serde(default)]
    pub(super) kubernetes: Option<KubernetesBlock>,
}

/// A cluster or a directory of manifests.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(super) struct KubernetesBlock {
    /// The path of the kubeconfig.
    #[serde(default)]
    pub(super) kubeconfig: Option<String>,
    /// The context in it.
    #[serde(default)]
    pub(super) context: Option<String>,
    /// The directory of manifests.
    #[serde(default)]
    pub(super) directory: Option<String>,
    /// What manifests say of secrets: `omit`, `plain` or an age recipient.
    #[serde(default)]
    pub(super) secrets: Option<String>,
}

/// A type whose shape is a file format, or a part of one.
pub(super) trait Written: DeserializeOwned + Default {
    /// Returns the schema as it is derived from the type.
    fn derived() -> &'static Value;

    /// Returns the closed schema of the type; `None` would be a defect of the type, which a test excludes.
    fn schema() -> Option<&'static Schema>;

    /// Checks a node and reads it; what cannot be read is noted and stands as the default.
    fn take(node: &Node, prefix: &str, problems: &mut Vec<Problem>) -> Self {
        let value = node.to_json();
        let found = if surely_accepts(Self::derived(), &value) {
            Vec::new()
        } else {
            Self::schema().map(|schema| schema.check(node, prefix)).unwrap_or_default()
        };
        let sound = found.is_empty();
        problems.extend(found);
        match serde_json::from_value(value) {
            Ok(value) => value,
            Err(error) => {
                if sound {
                    problems.push(Problem::at(node.location().clone(), error.to_string()));
                }
                Self::default()
            }
        }
    }
}

/// Returns the JSON Schema of an app, which the schemas of modules complete.
pub(super) fn app_file_schema() -> Value {
    schemars::schema_for!(AppFile).to_value()
}

/// Derives a schema with every part in its place, so that a quick look understands it.
fn derive<T: JsonSchema>() -> Value {
    let settings =
        SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    settings.into_generator().into_root_schema_for::<T>().to_value()
}

macro_rules! written {
    ($($name:ident),+) => {$(
        impl Written for $name {
            fn derived() -> &'static Value {
                static DERIVED: LazyLock<Value> = LazyLock::new(derive::<$name>);
                &DERIVED
            }

            fn schema() -> Option<&'static Schema> {
                static SCHEMA: LazyLock<Option<Schema>> =
                    LazyLock::new(|| Schema::compile($name::derived()).ok());
                SCHEMA.as_ref()
            }
        }
    )+};
}

written!(ProjectFile, StackFile, AppFile, SecretsBlock, WorkspaceFile);

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::source::SourceFile;
    use crate::yaml;

    fn problems<T: Written>(text: &str) -> Vec<String> {
        let nodes = yaml::read(&SourceFile::new("x.yaml", text)).unwrap();
        let mut problems = Vec::new();
        T::take(&nodes[0], "x", &mut problems);
        problems.into_iter().map(|problem| problem.message).collect()
    }

    #[test]
    fn a_quick_look_is_enough_for_usual_files() {
        for (schema, value) in [
            (ProjectFile::derived(), json!({"name": "shop", "labels": {"team": "a"}})),
            (StackFile::derived(), json!({"name": "dev", "workspace": "dev"})),
            (
                AppFile::derived(),
                json!({"name": "shop", "workload": {"module": "service", "containers": {}}, "accessories": {"db": {"type": "local"}}}),
            ),
            (
                WorkspaceFile::derived(),
                json!({
                    "modules": {"service": {"configs": {"default": {"a": 1}}}},
                    "targets": {"kubernetes": {"directory": "manifests"}},
                    "limits": {"fuel": 5},
                    "verify": [{"match": "oci://r/*", "keys": ["k"], "identities": [{"issuer": "i", "subject": "s"}]}],
                }),
            ),
        ] {
            assert!(surely_accepts(schema, &value), "{value} by {schema}");
        }
    }

    #[test]
    fn what_could_be_read_by_position_or_left_out_is_refused() {
        for text in [
            "limits: {fule: 1000}",
            "limits: [5]",
            "targets: []",
            "targets: {kubernetes: {dircetory: x}}",
            "modules: {service: []}",
            "modules: {service: {paht: x}}",
            "secretStore: {provider: []}",
            "secretStore: {provider: {vault: []}}",
            "secretStore: {provider: {vault: {token: x}}}",
            "secretStore: {provider: {fake: {data: [[a, b]]}}}",
            "secretStore: {provider: {env: {name: X}}}",
            "verify: {match: x}",
            "verify: [{keys: []}]",
            "verify: [{match: x, key: y}]",
            "verify: [[x]]",
        ] {
            assert_ne!(problems::<WorkspaceFile>(text), [""; 0], "{text}");
        }
        for text in [
            "db: [opaque, {}, {password: hunter2}]",
            "db: {type: {opaque: null}}",
            "db: {type: opaque, dat: {}}",
        ] {
            assert_ne!(problems::<SecretsBlock>(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn every_written_type_has_a_schema() {
        assert!(ProjectFile::schema().is_some());
        assert!(StackFile::schema().is_some());
        assert!(AppFile::schema().is_some());
        assert!(SecretsBlock::schema().is_some());
        assert!(WorkspaceFile::schema().is_some());
    }
}
