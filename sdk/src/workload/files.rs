//! Files and folders in a container: their content becomes a ConfigMap or comes from a Secret.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::pods::Pods;
use super::secret_ref::{self, SecretRef};
use super::volumes;
use crate::pointer::Pointer;
use crate::rejection::Problems;
use crate::syntax;

/// The permissions of a file whose `mode` is absent, and of files in folders.
const DEFAULT_MODE: u32 = 0o644;
/// The most permissions that Kubernetes gives a file.
const MAX_MODE: u32 = 0o777;
/// The longest text: a ConfigMap holds no more.
const MAX_TEXT: usize = 1024 * 1024;

/// A file: `content` or `contentFrom`, and its permissions.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("examples" = [
    {"content": "colour = 'blue'"},
    {"contentFrom": "secret://web-tls/tls.key", "mode": "0400"},
]))]
pub struct FileSpec {
    /// The file's text.
    pub content: Option<String>,
    /// Where the text comes from: `secret://name/key`.
    pub content_from: Option<String>,
    /// The permissions, in octal digits as `chmod` takes them, at most `0777`; `0644` if absent.
    #[schemars(regex(pattern = r"^[0-7]{3,4}$"))]
    pub mode: Option<String>,
}

/// Mounts one file; `config_map` is the name of the ConfigMap to make if it has a text.
pub(super) fn file(
    pods: &mut Pods,
    path: &str,
    spec: &FileSpec,
    config_map: &str,
    at: &Pointer,
    problems: &mut Problems,
) -> Option<Value> {
    let mode = match spec.mode.as_deref().map(octal) {
        None => Some(DEFAULT_MODE),
        Some(mode) => mode,
    };
    if mode.is_none() {
        problems.add(at.key("mode"), "must be octal digits, as in `0644`, at most `0777`");
    }
    let mount_path = absolute(path);
    let name = path.rsplit('/').next().unwrap_or_default();
    if mount_path.is_none() || !syntax::is_data_key(name) {
        problems.add(
            at.clone(),
            "the path must end in a file name of letters, digits, `-`, `_` and `.`, without `..` or `:`",
        );
    }
    let source = match (&spec.content, &spec.content_from) {
        (Some(content), None) if content.len() > MAX_TEXT => {
            problems.add(
                at.key("content"),
                "is longer than 1 MiB, which is the most that Kubernetes keeps",
            );
            None
        }
        (Some(content), None) => Some(Source::Text(content)),
        (None, Some(reference)) => match key_of_secret(reference) {
            Ok((secret, key)) => Some(Source::Secret(secret, key)),
            Err(message) => {
                problems.add(at.key("contentFrom"), message);
                None
            }
        },
        _ => {
            problems.add(at.clone(), "needs exactly one of `content` and `contentFrom`");
            None
        }
    };
    let (mount_path, mode) = (mount_path?, mode?);
    let (volume, sub_path) = match source? {
        Source::Text(content) => {
            pods.config_map(config_map, name, content);
            let volume = json!({"configMap": {"name": config_map, "defaultMode": mode}});
            (volumes::add(&mut pods.volumes, config_map, volume), name)
        }
        Source::Secret(secret, key) => {
            (volumes::add(&mut pods.volumes, secret, secret_volume(secret, mode)), key)
        }
    };
    Some(json!({"name": volume, "mountPath": mount_path, "subPath": sub_path}))
}

/// Mounts a whole Secret as a folder.
pub(super) fn folder(
    pods: &mut Pods,
    path: &str,
    reference: &str,
    at: &Pointer,
    problems: &mut Problems,
) -> Option<Value> {
    let mount_path = absolute(path);
    if mount_path.is_none() {
        problems.add(at.clone(), "the path of a folder must not contain `..` or `:`");
    }
    let secret = match secret_ref::parse(reference) {
        Some(Ok(SecretRef { name, key: None })) => Some(name),
        Some(Err(message)) => {
            problems.add(at.clone(), message);
            None
        }
        _ => {
            problems.add(at.clone(), "must be a whole Secret: `secret://name`");
            None
        }
    };
    let (mount_path, secret) = (mount_path?, secret?);
    let volume = volumes::add(&mut pods.volumes, secret, secret_volume(secret, DEFAULT_MODE));
    Some(json!({"name": volume, "mountPath": mount_path}))
}

enum Source<'a> {
    Text(&'a str),
    Secret(&'a str, &'a str),
}

fn secret_volume(secret: &str, mode: u32) -> Value {
    json!({"secret": {"secretName": secret, "defaultMode": mode}})
}

fn key_of_secret(reference: &str) -> Result<(&str, &str), &'static str> {
    match secret_ref::parse(reference) {
        Some(Ok(SecretRef { name, key: Some(key) })) => Ok((name, key)),
        Some(Err(message)) => Err(message),
        _ => Err("must be one key of a Secret: `secret://name/key`"),
    }
}

fn octal(mode: &str) -> Option<u32> {
    let is_mode = matches!(mode.len(), 3 | 4) && mode.bytes().all(|b| matches!(b, b'0'..=b'7'));
    is_mode.then(|| u32::from_str_radix(mode, 8).ok()).flatten().filter(|mode| *mode <= MAX_MODE)
}

/// The path from the root, without empty parts; `None` for the root itself and for what Kubernetes
/// refuses.
fn absolute(path: &str) -> Option<String> {
    let parts: Vec<&str> =
        path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    if parts.is_empty() || parts.contains(&"..") || path.contains(':') {
        return None;
    }
    Some(format!("/{}", parts.join("/")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mode_is_octal() {
        assert_eq!(octal("0644"), Some(420));
        assert_eq!(octal("644"), Some(420));
        assert_eq!(octal("0400"), Some(256));
        assert_eq!(octal("0777"), Some(511));
        for mode in ["", "64", "0888", "00644", "1777", "u+x", "+644"] {
            assert_eq!(octal(mode), None, "{mode}");
        }
    }

    #[test]
    fn paths_start_at_the_root() {
        assert_eq!(absolute("etc//app/./x.conf"), Some("/etc/app/x.conf".to_owned()));
        for path in ["", "/", "/a/../b", "/a:b"] {
            assert_eq!(absolute(path), None, "{path}");
        }
    }
}
