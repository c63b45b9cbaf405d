//! Asks registries: who one is, where an answer really is, and what an answer means.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::header::{AUTHORIZATION, USER_AGENT, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, Method, Request, StatusCode, Uri};

use super::auth::{Auth, Known};
use super::{Credentials, PullEvent, PullObserver, RegistryError, Repository, Retries};
use crate::http::{
    AGENT, Answer, Transport, asked_wait, authority, line, location, read_body, texts,
};

/// How often an answer may point elsewhere.
const MAX_REDIRECTS: usize = 5;
/// The most bytes of an answer that only says why not.
const MAX_MESSAGE: usize = 64 << 10;
/// Docker's own registry answers under another name than people call it.
const HUB: (&str, &str) = ("docker.io", "registry-1.docker.io");

const PLAIN: &str = "http";
const SECURE: &str = "https";

/// Returns the host of a registry, and its port.
fn host(repository: &Repository) -> &str {
    let registry = repository.registry();
    if registry == HUB.0 { HUB.1 } else { registry }
}

/// How registries are asked.
#[derive(Clone)]
pub struct ClientOptions {
    /// Who one is.
    pub credentials: Credentials,
    /// Speak HTTP without TLS with every registry, and not only with those on this machine.
    pub plain_http: bool,
    /// Certificates of authorities to trust beside those of the system, each a text in PEM form.
    pub authorities: Vec<Vec<u8>>,
    /// How often something is tried.
    pub retries: Retries,
    /// Who is told how it goes on.
    pub observer: Arc<dyn PullObserver>,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            credentials: Credentials::default(),
            plain_http: false,
            authorities: Vec::new(),
            retries: Retries::default(),
            observer: Arc::new(()),
        }
    }
}

/// Asks registries. No connection is made before something is asked for.
pub struct RegistryClient {
    pub(super) transport: Transport,
    pub(super) options: ClientOptions,
    pub(super) auth: Auth,
    /// How registries on this machine are spoken to.
    decided: Mutex<BTreeMap<String, &'static str>>,
}

impl std::fmt::Debug for RegistryClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RegistryClient").finish_non_exhaustive()
    }
}

/// What somebody wants to do, which decides about the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Scope {
    Pull,
    Push,
}

/// One question.
pub(super) struct Call<'a> {
    pub(super) repository: &'a Repository,
    pub(super) scope: Scope,
    pub(super) method: Method,
    pub(super) target: Target,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) body: Bytes,
    /// What is asked for, as people call it.
    pub(super) what: &'a str,
}

/// Where a question goes.
pub(super) enum Target {
    /// A path below the repository, which begins with a slash.
    Path(String),
    /// Where an earlier answer pointed to.
    Address(Uri),
}

impl<'a> Call<'a> {
    /// Asks for something to read.
    pub(super) fn get(repository: &'a Repository, path: String, what: &'a str) -> Self {
        Self {
            repository,
            scope: Scope::Pull,
            method: Method::GET,
            target: Target::Path(path),
            headers: Vec::new(),
            body: Bytes::new(),
            what,
        }
    }
}

impl RegistryClient {
    /// Sets a client up.
    pub fn new(options: ClientOptions) -> Self {
        Self {
            transport: Transport::new(options.authorities.clone()),
            options,
            auth: Auth::default(),
            decided: Mutex::default(),
        }
    }

    /// Sends a question once, says who asks if that is wanted, and follows the answer to where it is.
    pub(super) async fn send(&self, call: &Call<'_>) -> Result<Answer, RegistryError> {
        let registry = call.repository.registry();
        let known = self.auth.known(call.repository, call.scope);
        let answer = self.follow(call, known.as_ref()).await?;
        if answer.status() != StatusCode::UNAUTHORIZED {
            return Ok(answer);
        }
        let offered: Vec<String> = texts(answer.headers(), &WWW_AUTHENTICATE);
        let found = self.credentials(registry).await;
        let (credential, unread) = match found {
            Ok(credential) => (credential, None),
            Err(error) => (None, Some(error)),
        };
        let denied = |known, source| RegistryError::Denied {
            what: call.what.to_owned(),
            registry: registry.to_owned(),
            known,
            source,
        };
        let header =
            self.authenticate(call.repository, call.scope, &offered, credential.as_deref()).await?;
        let Some(header) = header else { return Err(denied(credential.is_some(), unread)) };
        let answer = self.follow(call, Some(&header)).await?;
        if answer.status() == StatusCode::UNAUTHORIZED {
            return Err(denied(credential.is_some(), unread));
        }
        self.auth.remember(call.repository, call.scope, header);
        Ok(answer)
    }

    /// Sends a question to where it belongs, and to where the answer points.
    ///
    /// A registry on this machine is spoken to in plain, and if it does not understand that, with TLS.
    pub(super) async fn follow(
        &self,
        call: &Call<'_>,
        known: Option<&Known>,
    ) -> Result<Answer, RegistryError> {
        let repository = call.repository;
        if let Some(scheme) = self.scheme(repository) {
            return self.walk(call, scheme, known).await;
        }
        let plain = self.walk(call, PLAIN, known).await;
        let is_understood = match &plain {
            Ok(answer) => answer.status() != StatusCode::BAD_REQUEST,
            Err(RegistryError::Unreachable { source, .. }) => source.0.contains("refused"),
            Err(_) => true,
        };
        if is_understood {
            if plain.is_ok() {
                self.decide(repository, PLAIN);
            }
            return plain;
        }
        match self.walk(call, SECURE, known).await {
            Err(RegistryError::Unreachable { source, .. }) if !source.0.contains("certificate") => {
                plain
            }
            secure => {
                self.decide(repository, SECURE);
                secure
            }
        }
    }

    async fn walk(
        &self,
        call: &Call<'_>,
        scheme: &'static str,
        known: Option<&Known>,
    ) -> Result<Answer, RegistryError> {
        let host = host(call.repository);
        let mut address = match &call.target {
            Target::Address(address) => address.clone(),
            Target::Path(path) => Self::address_with(scheme, call.repository, path)?,
        };
        for _ in 0..=MAX_REDIRECTS {
            self.check_scheme(call.what, &address)?;
            // Nobody but the registry itself is told who asks.
            let is_home = address.scheme_str() == Some(scheme) && authority(&address) == host;
            let answer = self.send_once(call, &address, known.filter(|_| is_home)).await?;
            let points = answer.status().is_redirection()
                && call.method != Method::POST
                && call.method != Method::PUT;
            if !points {
                return Ok(answer);
            }
            address = location(&answer, &address).ok_or_else(|| RegistryError::Answer {
                what: call.what.to_owned(),
                reason: format!("{} leads nowhere", answer.status().as_u16()),
            })?;
        }
        Err(RegistryError::Answer {
            what: call.what.to_owned(),
            reason: format!("it leads elsewhere more than {MAX_REDIRECTS} times"),
        })
    }

    async fn send_once(
        &self,
        call: &Call<'_>,
        address: &Uri,
        known: Option<&Known>,
    ) -> Result<Answer, RegistryError> {
        let mut request = Request::new(call.body.clone());
        *request.method_mut() = call.method.clone();
        *request.uri_mut() = address.clone();
        let headers = request.headers_mut();
        headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        for (name, value) in &call.headers {
            headers.insert(name.clone(), value.clone());
        }
        if let Some(known) = known {
            headers.insert(AUTHORIZATION, known.header());
        }
        let sent = self.transport.send(request).await;
        sent.map_err(|error| RegistryError::of(error, call.what))
    }

    /// Returns how a registry is spoken to; `None` while that is open for one on this machine.
    fn scheme(&self, repository: &Repository) -> Option<&'static str> {
        if self.options.plain_http {
            return Some(PLAIN);
        }
        if !repository.is_loopback() {
            return Some(SECURE);
        }
        let decided = self.decided.lock().unwrap_or_else(PoisonError::into_inner);
        decided.get(repository.registry()).copied()
    }

    fn decide(&self, repository: &Repository, scheme: &'static str) {
        let mut decided = self.decided.lock().unwrap_or_else(PoisonError::into_inner);
        decided.insert(repository.registry().to_owned(), scheme);
    }

    /// Returns the address of a path below a repository.
    pub(super) fn address(
        &self,
        repository: &Repository,
        path: &str,
    ) -> Result<Uri, RegistryError> {
        Self::address_with(self.scheme(repository).unwrap_or(PLAIN), repository, path)
    }

    fn address_with(
        scheme: &str,
        repository: &Repository,
        path: &str,
    ) -> Result<Uri, RegistryError> {
        let host = host(repository);
        let text = if path == "/" {
            format!("{scheme}://{host}/v2/")
        } else {
            format!("{scheme}://{host}/v2/{}{path}", repository.path())
        };
        text.parse().map_err(|_| RegistryError::Answer {
            what: repository.to_string(),
            reason: "it has no address".to_owned(),
        })
    }

    /// Refuses to go on without TLS where it is needed.
    pub(super) fn check_scheme(&self, what: &str, address: &Uri) -> Result<(), RegistryError> {
        let near = format!("{}/x", authority(address)).parse::<Repository>();
        let near = near.is_ok_and(|repository| repository.is_loopback());
        match address.scheme_str() {
            Some("https") => Ok(()),
            Some("http") if self.options.plain_http || near => Ok(()),
            _ => Err(RegistryError::Answer {
                what: what.to_owned(),
                reason: "it leads to where nothing is encrypted".to_owned(),
            }),
        }
    }

    /// Passes on an answer of one of these statuses; every other is an error.
    pub(super) async fn expect(
        &self,
        answer: Answer,
        what: &str,
        wanted: &[StatusCode],
    ) -> Result<Answer, RegistryError> {
        let status = answer.status();
        if wanted.contains(&status) {
            return Ok(answer);
        }
        let wait = asked_wait(answer.headers());
        let registry = String::new();
        let body = read(answer, MAX_MESSAGE, what).await.unwrap_or_default();
        let (what, message) = (what.to_owned(), message(&body));
        let code = status.as_u16();
        Err(match status {
            StatusCode::NOT_FOUND => RegistryError::NotFound { what },
            StatusCode::UNAUTHORIZED => {
                RegistryError::Denied { what, registry, known: true, source: None }
            }
            StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => {
                RegistryError::Unavailable { what, status: code, message, wait }
            }
            _ if status.is_server_error() => {
                RegistryError::Unavailable { what, status: code, message, wait }
            }
            _ if status.is_success() || status.is_informational() || status.is_redirection() => {
                RegistryError::Answer { what, reason: format!("its status is {code}") }
            }
            _ => RegistryError::Refused { what, status: code, message },
        })
    }

    /// Tries something as often as is allowed.
    pub(super) async fn persist<T>(
        &self,
        what: &str,
        mut attempt: impl AsyncFnMut() -> Result<T, RegistryError>,
    ) -> Result<T, RegistryError> {
        let mut made = 1;
        loop {
            let error = match attempt().await {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            let Some(wait) = self.options.retries.wait(made, &error) else { return Err(error) };
            let reason = error.brief();
            self.options.observer.notice(PullEvent::Repeats { what, reason: &reason, wait });
            tokio::time::sleep(wait).await;
            made += 1;
        }
    }
}

/// Reads a body to its end, which must come before so many bytes.
pub(super) async fn read(answer: Answer, limit: usize, what: &str) -> Result<Bytes, RegistryError> {
    read_body(answer, limit).await.map_err(|error| RegistryError::of(error, what))
}

/// Says on one line what a registry says about an error.
pub(super) fn message(body: &[u8]) -> String {
    #[derive(serde::Deserialize)]
    struct Errors {
        errors: Vec<Said>,
    }
    #[derive(serde::Deserialize)]
    struct Said {
        #[serde(default)]
        code: String,
        #[serde(default)]
        message: String,
    }
    let text = match serde_json::from_slice::<Errors>(body) {
        Ok(Errors { errors }) => {
            let said = |said: &Said| match (said.code.as_str(), said.message.as_str()) {
                (code, "") => code.to_owned(),
                ("", message) => message.to_owned(),
                (code, message) => format!("{code}: {message}"),
            };
            errors.iter().map(said).collect::<Vec<_>>().join("; ")
        }
        // A page for people says nothing worth a line.
        Err(_) if body.trim_ascii_start().starts_with(b"<") => String::new(),
        Err(_) => String::from_utf8_lossy(body).trim().to_owned(),
    };
    line(&text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Passing as _;

    #[test]
    fn what_a_registry_says_fits_a_line() {
        let errors = br#"{"errors": [{"code": "DENIED", "message": "no\nway"}, {"code": "X"}, {"message": "y"}]}"#;
        assert_eq!(message(errors), "DENIED: no way; X; y");
        assert_eq!(message(b" too many\x1b[31m \n"), "too many [31m");
        assert_eq!(message(b"<html>"), "");
        assert!(message(&[b'x'; 1000]).len() < 1000);
    }

    #[tokio::test]
    async fn the_last_error_is_told() {
        let retries = Retries {
            attempts: 3,
            pause: std::time::Duration::from_millis(1),
            ..Retries::default()
        };
        let client = RegistryClient::new(ClientOptions { retries, ..ClientOptions::default() });
        let unavailable = || RegistryError::Unavailable {
            what: "`x`".to_owned(),
            status: 429,
            message: String::new(),
            wait: None,
        };
        assert!(unavailable().may_pass());
        let mut made = 0;
        let failed = client.persist("x", async || -> Result<(), _> {
            made += 1;
            Err(unavailable())
        });
        assert!(matches!(failed.await, Err(RegistryError::Unavailable { .. })));
        assert_eq!(made, 3);
        let mut made = 0;
        let done = client.persist("x", async || {
            made += 1;
            if made < 2 { Err(unavailable()) } else { Ok(made) }
        });
        assert_eq!(done.await.unwrap(), 2);
    }

    #[tokio::test]
    async fn an_address_that_an_answer_gives_is_no_way_around_tls() {
        let client = RegistryClient::new(ClientOptions::default());
        let repository = "r.example.com/a/b".parse().unwrap();
        let target = Target::Address("http://r.example.com/v2/a/b/tags/list".parse().unwrap());
        let call = Call { target, ..Call::get(&repository, String::new(), "x") };
        let refused = client.follow(&call, None).await.err().unwrap();
        assert!(matches!(refused, RegistryError::Answer { .. }), "{refused}");
    }

    #[test]
    fn only_this_machine_is_spoken_to_in_plain_unless_told_so() {
        let address = |registry: &str, plain_http| {
            let client =
                RegistryClient::new(ClientOptions { plain_http, ..ClientOptions::default() });
            client.address(&registry.parse().unwrap(), "/tags/list").unwrap().to_string()
        };
        assert_eq!(address("r.example.com/a/b", false), "https://r.example.com/v2/a/b/tags/list");
        assert_eq!(address("r.example.com/a/b", true), "http://r.example.com/v2/a/b/tags/list");
        assert_eq!(address("localhost:5000/a", false), "http://localhost:5000/v2/a/tags/list");
        assert_eq!(
            address("docker.io/a/b", false),
            "https://registry-1.docker.io/v2/a/b/tags/list"
        );
        let client = RegistryClient::new(ClientOptions::default());
        for (address, allowed) in [
            ("https://x.example.com/", true),
            ("http://x.example.com/", false),
            ("http://127.0.0.1:1/", true),
            ("ftp://127.0.0.1/", false),
        ] {
            assert_eq!(
                client.check_scheme("x", &address.parse().unwrap()).is_ok(),
                allowed,
                "{address}"
            );
        }
    }
}
