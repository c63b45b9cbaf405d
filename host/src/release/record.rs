//! The record of a release, as it is stored.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::backend::Key;
use crate::digest::Digest;
use crate::name::{AppName, ModuleName, ProjectName, StackName, WorkspaceName};
use crate::release::{Operation, Phase, RecordedSource, ReleaseError, StackKey, TargetRecord};
use crate::spec::{Origin, ResourceId, SecretRef, Spec, State};
use crate::yaml;

/// The version of the format that this library writes, and the newest it reads.
pub(super) const FORMAT_VERSION: u64 = 1;

/// What was applied to a stack, by whom, from what.
///
/// It holds references in place of secrets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Release {
    /// The version of the record's format.
    pub format_version: u64,
    /// The project.
    pub project: ProjectName,
    /// The workspace.
    pub workspace: WorkspaceName,
    /// The stack.
    pub stack: StackName,
    /// The number of the release within the stack, counted from 1.
    pub revision: u64,
    /// What it does.
    pub operation: Operation,
    /// How far it has come.
    pub phase: Phase,
    /// When its first change was about to begin.
    pub create_time: Timestamp,
    /// When the record was last written.
    pub modified_time: Timestamp,
    /// Who approved it: `alice@build-7`.
    pub actor: String,
    /// The version of kusion that made it.
    pub kusion_version: String,
    /// Where its resources live, in words.
    pub target: String,
    /// What that target is, whatever it is called, if it could be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_id: Option<String>,
    /// The modules that took part.
    #[serde(default)]
    pub modules: Vec<ModuleRecord>,
    /// What each module was asked.
    #[serde(default)]
    pub calls: Vec<CallRecord>,
    /// Who made each resource of the Spec and, after the maker, who patched it.
    #[serde(default)]
    pub origins: BTreeMap<ResourceId, Vec<Origin>>,
    /// The release whose Spec a rollback replays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rolled_back_to: Option<u64>,
    /// Whether a destroy leaves the stack's vault, because what it leaves behind uses it. `None` for what is no destroy,
    /// and in records of versions that did not keep it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keeps_secrets: Option<bool>,
    /// Where each secret of the Spec comes from. `None` in records of versions that did not keep it.
    #[serde(default, with = "secrets", skip_serializing_if = "Option::is_none")]
    pub secrets: Option<BTreeMap<SecretRef, RecordedSource>>,
    /// What was to exist.
    #[serde(with = "list::spec")]
    pub spec: Spec,
    /// What exists: before the release while it runs, after it when it is finished.
    #[serde(with = "list::state")]
    pub state: State,
}

impl Release {
    /// Returns where its resources live.
    pub fn went_to(&self) -> TargetRecord {
        TargetRecord { name: self.target.clone(), id: self.target_id.clone() }
    }
}

/// A module that took part in a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModuleRecord {
    /// The name under which the workspace lists it.
    pub name: ModuleName,
    /// Its version.
    pub version: String,
    /// The digest of its bytes: `sha256:…`.
    pub digest: String,
}

/// What a module was asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CallRecord {
    /// The app.
    pub app: AppName,
    /// The accessory's name in `app.yaml`; empty for the workload.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub accessory: String,
    /// The module.
    pub module: ModuleName,
    /// The digest of its bytes.
    pub digest: String,
    /// The request, without the text of files; the host strips secrets before a call.
    pub request: Value,
    /// The files it asked for, by path below the stack folder.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub files: BTreeMap<String, Digest>,
}

impl Release {
    /// Returns whose release this is.
    pub fn stack_key(&self) -> StackKey {
        StackKey {
            project: self.project.clone(),
            workspace: self.workspace.clone(),
            stack: self.stack.clone(),
        }
    }

    pub(super) fn encode(&self, key: &Key) -> Result<Vec<u8>, ReleaseError> {
        match yaml::to_string(self) {
            Ok(text) => Ok(text.into_bytes()),
            Err(error) => Err(ReleaseError::Encode { key: key.clone(), source: error.into() }),
        }
    }

    /// Reads a record and makes sure that it is the one the key promises.
    pub(super) fn decode(
        stack: &StackKey,
        revision: u64,
        bytes: &[u8],
    ) -> Result<Self, ReleaseError> {
        let key = || stack.record(revision);
        let damaged = |source| ReleaseError::Damaged { key: key(), source };
        let text = str::from_utf8(bytes).map_err(|error| damaged(error.into()))?;
        let value = yaml::parse_value(text).map_err(|error| damaged(error.into()))?;
        let version = value.get("formatVersion").and_then(Value::as_u64);
        let Some(version) = version else {
            return Err(ReleaseError::NoFormat { key: key() });
        };
        if version > FORMAT_VERSION {
            return Err(ReleaseError::Newer { revision, version });
        }
        let release: Self = serde_json::from_value(value).map_err(|error| damaged(error.into()))?;
        if release.stack_key() != *stack || release.revision != revision {
            return Err(ReleaseError::Misplaced {
                key: key(),
                revision: release.revision,
                stack: release.stack_key(),
            });
        }
        Ok(release)
    }
}

/// A map by reference: `$kusion_secret.shop.orders.password: {generated: {length: 24}}`.
mod secrets {
    use std::collections::BTreeMap;

    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::release::RecordedSource;
    use crate::spec::SecretRef;

    pub(super) fn serialize<S: Serializer>(
        secrets: &Option<BTreeMap<SecretRef, RecordedSource>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let text = |secrets: &BTreeMap<SecretRef, RecordedSource>| {
            let pair = |(secret, source): (&SecretRef, &RecordedSource)| {
                (secret.to_string(), source.clone())
            };
            secrets.iter().map(pair).collect::<BTreeMap<_, _>>()
        };
        secrets.as_ref().map(text).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<BTreeMap<SecretRef, RecordedSource>>, D::Error> {
        let Some(read) = Option::<BTreeMap<String, RecordedSource>>::deserialize(deserializer)?
        else {
            return Ok(None);
        };
        let pair = |(text, source): (String, RecordedSource)| {
            let secret = SecretRef::parse(&text)
                .ok_or_else(|| D::Error::custom(format_args!("`{text}` names no secret")))?;
            Ok((secret, source))
        };
        read.into_iter().map(pair).collect::<Result<_, _>>().map(Some)
    }
}

/// `{resources: […]}`, sorted by id.
mod list {
    use std::collections::BTreeMap;

    use serde::de::{DeserializeOwned, Error};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::spec::ResourceId;

    #[derive(Serialize, Deserialize)]
    struct List<T> {
        #[serde(default = "Vec::new")]
        resources: Vec<T>,
    }

    fn write<'a, T, S>(items: impl Iterator<Item = &'a T>, serializer: S) -> Result<S::Ok, S::Error>
    where
        T: Serialize + 'a,
        S: Serializer,
    {
        List { resources: items.collect() }.serialize(serializer)
    }

    fn read<'de, T, D>(
        id: fn(&T) -> &ResourceId,
        deserializer: D,
    ) -> Result<BTreeMap<ResourceId, T>, D::Error>
    where
        T: DeserializeOwned,
        D: Deserializer<'de>,
    {
        let mut items = BTreeMap::new();
        for item in List::<T>::deserialize(deserializer)?.resources {
            let id = id(&item).clone();
            if items.contains_key(&id) {
                return Err(D::Error::custom(format_args!("resource `{id}` occurs twice")));
            }
            items.insert(id, item);
        }
        Ok(items)
    }

    macro_rules! list {
        ($name:ident, $list:ident, $id:expr) => {
            pub(super) mod $name {
                use super::{Deserializer, Serializer};
                use crate::spec::$list;

                pub(in crate::release::record) fn serialize<S: Serializer>(
                    list: &$list,
                    serializer: S,
                ) -> Result<S::Ok, S::Error> {
                    super::write(list.resources.values(), serializer)
                }

                pub(in crate::release::record) fn deserialize<'de, D: Deserializer<'de>>(
                    deserializer: D,
                ) -> Result<$list, D::Error> {
                    super::read($id, deserializer).map(|resources| $list { resources })
                }
            }
        };
    }
    list!(spec, Spec, |resource: &crate::spec::Resource| &resource.id);
    list!(state, State, |entry: &crate::spec::StateEntry| &entry.resource.id);
}
