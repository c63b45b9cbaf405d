//! Vault, and whatever speaks as it does: the secrets engine KV, versions 1 and 2.

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use http::header::{ACCEPT, LOCATION, USER_AGENT};
use http::{HeaderName, HeaderValue, Request, Uri};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::Store;
use crate::http::{
    AGENT, Answer, Cause, Retries, Transport, asked_wait, authority, is_loopback, line, read_body,
    resolve, texts,
};
use crate::secret::{Contents, StoreError, StoredSecret};
use crate::spec::SecretText;

const PROVIDER: &str = "vault";
/// The most bytes of an answer. A secret has a megabyte at most unless somebody has changed that.
const MAX_ANSWER: usize = 4 << 20;

/// The versions of the secrets engine, which have different paths and answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum VaultVersion {
    /// Without versions of secrets.
    V1,
    /// With versions of secrets.
    #[default]
    V2,
}

/// Which server is asked, and how.
#[derive(Clone, Default)]
pub struct VaultSettings {
    /// The address of the server, with `https://` or `http://`.
    pub server: String,
    /// Where the secrets engine is mounted. Without it, the first segment of each reference says that.
    pub mount: Option<String>,
    /// The version of the secrets engine.
    pub version: VaultVersion,
    /// The namespace, where the server has such.
    pub namespace: Option<String>,
    /// What the server is shown; `None` for an agent that adds its own.
    pub token: Option<SecretText>,
    /// Whether `http://` may lead to another machine.
    pub plain_http: bool,
    /// Certificates of authorities to trust beside those of the system, each a text in PEM form.
    pub authorities: Vec<Vec<u8>>,
    /// How often something is tried.
    pub retries: Retries,
}

impl fmt::Debug for VaultSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { server, mount, version, namespace, .. } = self;
        f.debug_struct("VaultSettings")
            .field("server", server)
            .field("mount", mount)
            .field("version", version)
            .field("namespace", namespace)
            .finish_non_exhaustive()
    }
}

/// Reads secrets from a server. No connection is made before something is asked for.
#[derive(Debug)]
pub struct VaultStore {
    settings: VaultSettings,
    /// What every path comes after.
    base: String,
    headers: Vec<(HeaderName, HeaderValue)>,
    transport: Transport,
}

/// What a server says beside the secret.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Said {
    data: Option<Value>,
    errors: Option<Vec<String>>,
    warnings: Option<Vec<String>>,
}

impl VaultStore {
    /// Checks the settings.
    ///
    /// # Errors
    ///
    /// The address is none, or a value cannot be sent in a header.
    pub fn new(settings: VaultSettings) -> Result<Self, StoreError> {
        let server = settings.server.trim_end_matches('/');
        let address: Option<Uri> = server.parse().ok();
        let is_server = address.as_ref().is_some_and(|address| {
            let is_web = matches!(address.scheme_str(), Some("http" | "https"));
            let host = address.authority().map(|authority| !authority.as_str().contains('@'));
            is_web && host == Some(true) && address.query().is_none()
        });
        if !is_server || server.contains('#') {
            let hints = vec!["write it as in `https://vault.example.com:8200`".to_owned()];
            // What is no address may hold a password.
            return Err(unusable("its server is no address", hints));
        }
        let is_open = address.is_some_and(|address| {
            address.scheme_str() == Some("http") && !address.host().is_some_and(is_loopback)
        });
        if is_open && !settings.plain_http {
            let hints = vec![
                "write `https://`, or `plainHttp: true` in the workspace if nobody else is on the way".to_owned(),
            ];
            return Err(unusable("the way to its server is not encrypted", hints));
        }
        let mut headers = vec![
            (HeaderName::from_static("x-vault-request"), HeaderValue::from_static("true")),
            (ACCEPT, HeaderValue::from_static("application/json")),
            (USER_AGENT, HeaderValue::from_static(AGENT)),
        ];
        if let Some(namespace) = &settings.namespace {
            let value = HeaderValue::from_str(namespace.trim_matches('/'));
            let value = value.map_err(|_| unusable("its namespace is no name", Vec::new()))?;
            headers.push((HeaderName::from_static("x-vault-namespace"), value));
        }
        if let Some(token) = &settings.token {
            let mut value = HeaderValue::from_str(token.expose().trim())
                .map_err(|_| unusable("its token is none", Vec::new()))?;
            value.set_sensitive(true);
            headers.push((HeaderName::from_static("x-vault-token"), value));
        }
        let transport = Transport::new(settings.authorities.clone());
        Ok(Self { base: format!("{server}/v1"), headers, transport, settings })
    }

    /// Returns the address of a secret.
    fn address(&self, secret: &StoredSecret) -> Result<Uri, StoreError> {
        let refuse = |reason| StoreError::Reference { reference: secret.to_string(), reason };
        let (mount, name) = match &self.settings.mount {
            Some(mount) => (mount.trim_matches('/'), secret.name.as_str()),
            // With the path of any part of the server's own, a reference could read anything, the token itself too.
            None if self.settings.version == VaultVersion::V1 => {
                return Err(refuse("version 1 of the secrets engine needs a `path` in the workspace"));
            }
            None => secret.name.split_once('/').ok_or_else(|| {
                refuse("the workspace names no `path`, so that it begins with one: `ref://<mount>/<name>/<key>`")
            })?,
        };
        let mut address = format!("{}/{}", self.base, encoded(mount));
        match (self.settings.version, &secret.version) {
            (VaultVersion::V1, None) => address.push_str(&format!("/{}", encoded(name))),
            (VaultVersion::V1, Some(_)) => {
                return Err(refuse("version 1 of the secrets engine keeps no versions"));
            }
            (VaultVersion::V2, version) => {
                address.push_str(&format!("/data/{}", encoded(name)));
                if let Some(version) = version {
                    let number: Option<u64> = version.parse().ok();
                    let number = number.filter(|number| *number > 0);
                    let number = number.ok_or_else(|| refuse("its version is no number"))?;
                    address.push_str(&format!("?version={number}"));
                }
            }
        }
        address.parse().map_err(|_| refuse("it is no part of an address"))
    }

    async fn ask(&self, address: &Uri, secret: &StoredSecret) -> Result<Contents, StoreError> {
        let mut request = Request::new(Bytes::new());
        *request.uri_mut() = address.clone();
        request.headers_mut().extend(self.headers.iter().cloned());
        let failed = |error| StoreError::of(error, secret, &self.title());
        let answer = self.transport.send(request).await.map_err(failed)?;
        if answer.status().is_redirection() {
            // The token is for this server only.
            return Err(self.elsewhere(&answer, address, secret));
        }
        let (status, wait) = (answer.status().as_u16(), asked_wait(answer.headers()));
        let body = read_body(answer, MAX_ANSWER).await.map_err(failed)?;
        let (reference, store) = (secret.to_string(), self.title());
        if status == 200 {
            return self.contents(&body).and_then(|contents| self.checked(contents)).map_err(
                |reason| {
                    let reason = reason.to_owned();
                    StoreError::Answer { reference, store, reason }
                },
            );
        }
        let said = self.said(&body);
        Err(match status {
            404 => StoreError::NotInStore { reference, store, said },
            // Some versions call a request without a token a bad one.
            400 if self.settings.token.is_none() => {
                StoreError::Denied { reference, store, said, hints: self.hints() }
            }
            401 | 403 => StoreError::Denied { reference, store, said, hints: self.hints() },
            // 412: what was written has not come to this server yet. 472 and 473: it stands by.
            408 | 412 | 429 | 472 | 473 | 500..=599 => {
                StoreError::Unavailable { reference, store, status, said, wait }
            }
            _ => StoreError::Refused { reference, store, status, said },
        })
    }

    /// Refuses to hand out what the server is shown.
    fn checked(&self, contents: Contents) -> Result<Contents, &'static str> {
        let token = self.settings.token.as_ref().map(|token| token.expose().trim());
        match token.filter(|token| !token.is_empty()) {
            Some(token) if contents.has(token) => {
                Err("it is the token that the store is read with")
            }
            _ => Ok(contents),
        }
    }

    fn contents(&self, body: &[u8]) -> Result<Contents, &'static str> {
        // What is wrong with it could be a part of a value.
        let Ok(Said { data: Some(Value::Object(mut data)), .. }) = serde_json::from_slice(body)
        else {
            return Err("it is no secret");
        };
        match self.settings.version {
            VaultVersion::V1 => Ok(Contents::of_json(data)),
            VaultVersion::V2 => match data.remove("data") {
                Some(Value::Object(values)) if data.contains_key("metadata") => {
                    Ok(Contents::of_json(values))
                }
                _ => Err(
                    "it is no secret of version 2 of the secrets engine; the workspace may mean `version: v1`",
                ),
            },
        }
    }

    /// Says on one line what the server says about an error. What shows the token is left out.
    fn said(&self, body: &[u8]) -> String {
        let Ok(Said { data, errors, warnings }) = serde_json::from_slice::<Said>(body) else {
            return String::new();
        };
        let gone = data.as_ref().and_then(|data| data.get("metadata")).and_then(Value::as_object);
        let mut said: Vec<String> = gone.and_then(why_gone).into_iter().collect();
        said.extend(errors.unwrap_or_default());
        said.extend(warnings.unwrap_or_default());
        let mut text = said.join("; ");
        let token = self.settings.token.as_ref().map(|token| token.expose().trim());
        if let Some(token) = token.filter(|token| !token.is_empty()) {
            text = text.replace(token, "(sensitive)");
        }
        line(&text).split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn hints(&self) -> Vec<String> {
        let hint = match &self.settings.token {
            None => "set VAULT_TOKEN",
            Some(_) => "see whether the token has expired and which paths its policies let it read",
        };
        vec![hint.to_owned()]
    }

    fn elsewhere(&self, answer: &Answer, address: &Uri, secret: &StoredSecret) -> StoreError {
        let place = texts(answer.headers(), &LOCATION);
        let place = place.first().and_then(|place| resolve(address, place));
        let place = place.map_or("nowhere".to_owned(), |place| {
            format!("`{}://{}`", place.scheme_str().unwrap_or_default(), authority(&place))
        });
        StoreError::Elsewhere { reference: secret.to_string(), store: self.title(), place }
    }
}

/// Says since when a version is gone.
fn why_gone(metadata: &Map<String, Value>) -> Option<String> {
    if metadata.get("destroyed").and_then(Value::as_bool) == Some(true) {
        return Some("this version was destroyed".to_owned());
    }
    let time = metadata.get("deletion_time").and_then(Value::as_str)?;
    (!time.is_empty()).then(|| "this version was deleted".to_owned())
}

fn unusable(reason: &str, hints: Vec<String>) -> StoreError {
    StoreError::Unusable { provider: PROVIDER.to_owned(), source: Cause(reason.to_owned()), hints }
}

/// Writes a path for an address, segment by segment.
fn encoded(path: &str) -> String {
    let mut encoded = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                encoded.push(char::from(byte));
            }
            byte => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[async_trait]
impl Store for VaultStore {
    fn title(&self) -> String {
        format!("secret store `{}`", self.settings.server.trim_end_matches('/'))
    }

    async fn read(&self, secret: &StoredSecret) -> Result<Contents, StoreError> {
        let address = self.address(secret)?;
        let mut made = 1;
        loop {
            let error = match self.ask(&address, secret).await {
                Ok(contents) => return Ok(contents),
                Err(error) => error,
            };
            let Some(wait) = self.settings.retries.wait(made, &error) else { return Err(error) };
            tracing::debug!(attempt = made, "ask the secret store again");
            tokio::time::sleep(wait).await;
            made += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::ExternalRef;

    fn store(mount: Option<&str>, version: VaultVersion) -> VaultStore {
        VaultStore::new(VaultSettings {
            server: "https://vault.example.com:8200/".to_owned(),
            mount: mount.map(str::to_owned),
            version,
            token: Some(SecretText::new("hvs.hunter2\n")),
            ..VaultSettings::default()
        })
        .unwrap()
    }

    #[test]
    fn a_reference_has_an_address() {
        use VaultVersion::{V1, V2};
        let cases = [
            (Some("secret"), V2, "ref://shop/db/password", "secret/data/shop/db"),
            (Some("/teams/kv/"), V2, "ref://db/p?version=3", "teams/kv/data/db?version=3"),
            (Some("secret"), V1, "ref://shop/db/password", "secret/shop/db"),
            (None, V2, "ref://secret/shop/db/password", "secret/data/shop/db"),
            (Some("secret"), V2, "ref://a b/ü#/p", "secret/data/a%20b/%C3%BC%23"),
        ];
        for (mount, version, reference, path) in cases {
            let secret = ExternalRef::parse(reference).unwrap().secret().clone();
            let address = store(mount, version).address(&secret).unwrap();
            assert_eq!(address.to_string(), format!("https://vault.example.com:8200/v1/{path}"));
        }
        for (server, plain_http, is_taken) in [
            ("http://127.0.0.1:8200", false, true),
            ("http://[::1]:8200", false, true),
            ("http://localhost", false, true),
            ("http://vault.example.com", false, false),
            ("http://localhost.example.com", false, false),
            ("http://vault.example.com", true, true),
        ] {
            let server = server.to_owned();
            let settings = VaultSettings { server, plain_http, ..VaultSettings::default() };
            let store = VaultStore::new(settings.clone());
            assert_eq!(store.is_ok(), is_taken, "{settings:?}: {store:?}");
        }
        for (mount, version, reference, reason) in [
            (None, V1, "ref://auth/token/lookup-self/id", "needs a `path` in the workspace"),
            (None, V2, "ref://db/p", "so that it begins with one"),
            (Some("kv"), V1, "ref://db/p?version=1", "keeps no versions"),
            (Some("kv"), V2, "ref://db/p?version=latest", "its version is no number"),
            (Some("kv"), V2, "ref://db/p?version=0", "its version is no number"),
        ] {
            let secret = ExternalRef::parse(reference).unwrap().secret().clone();
            let error = store(mount, version).address(&secret).unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
    }

    #[test]
    fn what_is_no_server_is_refused_and_not_shown() {
        for server in
            ["", "vault", "vault:8200", "ftp://vault", "https://u:hunter2@vault", "https://v?x=1"]
        {
            let settings = VaultSettings { server: server.to_owned(), ..VaultSettings::default() };
            let error = VaultStore::new(settings).map(drop).unwrap_err();
            let cause = std::error::Error::source(&error).unwrap().to_string();
            assert_eq!(cause, "its server is no address", "{server}");
            assert!(!format!("{error:?}").contains("hunter2"));
        }
        let settings = VaultSettings {
            server: "https://v".to_owned(),
            token: Some(SecretText::new("a\nb")),
            ..VaultSettings::default()
        };
        assert!(VaultStore::new(settings).is_err());
    }

    #[test]
    fn the_token_is_in_no_debug_text_and_in_nothing_that_is_quoted() {
        let store = store(Some("secret"), VaultVersion::V2);
        assert!(!format!("{store:?}").contains("hunter2"), "{store:?}");
        let said = store
            .said(br#"{"errors": ["1 error:\n\t* bad token hvs.hunter2"], "warnings": ["w"]}"#);
        assert_eq!(said, "1 error: * bad token (sensitive); w");
        assert_eq!(store.said(b"<html>hvs.hunter2"), "");
    }

    #[test]
    fn an_answer_is_read_as_the_version_has_it() {
        let get = |version, body: &str| {
            let contents = store(Some("s"), version).contents(body.as_bytes())?;
            let value = contents.get(&ExternalRef::parse("ref://db/data").unwrap());
            Ok::<_, &str>(value.map(|text| text.expose().to_owned()).unwrap_or("-".to_owned()))
        };
        let v2 =
            r#"{"data": {"data": {"data": "x"}, "metadata": {"version": 2}}, "warnings": null}"#;
        assert_eq!(get(VaultVersion::V2, v2), Ok("x".to_owned()));
        let v1 = r#"{"data": {"data": "x"}}"#;
        assert_eq!(get(VaultVersion::V1, v1), Ok("x".to_owned()));
        assert!(get(VaultVersion::V2, v1).unwrap_err().contains("`version: v1`"));
        for bad in ["", "[]", "{}", r#"{"data": null}"#, r#"{"data": ["hunter2"]}"#] {
            assert_eq!(get(VaultVersion::V2, bad), Err("it is no secret"), "{bad}");
        }
        let gone = br#"{"data": {"data": null, "metadata": {"deletion_time": "2026-01-01T00:00:00Z", "destroyed": false}}}"#;
        assert_eq!(store(None, VaultVersion::V2).said(gone), "this version was deleted");
    }
}
