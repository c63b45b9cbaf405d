//! Saying who one is: a password with each request, or a token from another server.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, StatusCode, Uri};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::challenge::Challenge;
use super::client::{Call, RegistryClient, Scope, Target, message, read};
use super::{Credential, CredentialError, RegistryError, Repository};
use crate::files;
use crate::http::texts;

/// The most bytes of an answer with a token.
const MAX_TOKEN: usize = 1 << 20;

/// What a registry is shown.
#[derive(Clone)]
pub(super) enum Known {
    /// The same for all that it has.
    Password(HeaderValue),
    /// For one repository and purpose.
    Token(HeaderValue),
}

impl Known {
    pub(super) fn header(&self) -> HeaderValue {
        match self {
            Self::Password(header) | Self::Token(header) => header.clone(),
        }
    }
}

/// Who one is for a registry, or why that cannot be told.
type Found = Result<Option<Arc<Credential>>, Arc<CredentialError>>;

/// What is known of who one is.
#[derive(Default)]
pub(super) struct Auth {
    passwords: Mutex<BTreeMap<String, HeaderValue>>,
    tokens: Mutex<BTreeMap<(Repository, Scope), HeaderValue>>,
    /// Held while somebody looks, because a program may be run that asks its own questions.
    found: tokio::sync::Mutex<BTreeMap<String, Found>>,
}

impl Auth {
    /// Returns what the registry was shown before.
    pub(super) fn known(&self, repository: &Repository, scope: Scope) -> Option<Known> {
        let passwords = self.passwords.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(header) = passwords.get(repository.registry()) {
            return Some(Known::Password(header.clone()));
        }
        let tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.get(&(repository.clone(), scope)).cloned().map(Known::Token)
    }

    /// Remembers what the registry was content with.
    pub(super) fn remember(&self, repository: &Repository, scope: Scope, known: Known) {
        match known {
            Known::Password(header) => {
                let mut passwords = self.passwords.lock().unwrap_or_else(PoisonError::into_inner);
                passwords.insert(repository.registry().to_owned(), header);
            }
            Known::Token(header) => {
                let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
                tokens.insert((repository.clone(), scope), header);
            }
        }
    }
}

/// Some servers use the one name, some the other, and some both.
#[derive(Deserialize)]
struct Token {
    token: Option<String>,
    access_token: Option<String>,
}

impl Token {
    fn get(self) -> Option<Zeroizing<String>> {
        self.token.or(self.access_token).filter(|token| !token.is_empty()).map(Zeroizing::new)
    }
}

impl RegistryClient {
    /// Looks up who one is for a registry, once.
    pub(super) async fn credentials(&self, registry: &str) -> Found {
        let mut known = self.auth.found.lock().await;
        if let Some(found) = known.get(registry) {
            return found.clone();
        }
        let (credentials, name) = (self.options.credentials.clone(), registry.to_owned());
        let found = files::blocking(move || credentials.find(&name)).await;
        let found = found.map(|credential| credential.map(Arc::new)).map_err(Arc::new);
        known.insert(registry.to_owned(), found.clone());
        found
    }

    /// Answers the question of a registry who asks; `None` if there is no answer that it could want.
    pub(super) async fn authenticate(
        &self,
        repository: &Repository,
        scope: Scope,
        offered: &[String],
        credential: Option<&Credential>,
    ) -> Result<Option<Known>, RegistryError> {
        match Challenge::choose(offered.iter().map(String::as_str)) {
            None => Ok(None),
            Some(Challenge::Basic) => match credential {
                Some(Credential::Password { user, password }) => {
                    Ok(Some(Known::Password(basic(repository, user, password)?)))
                }
                _ => Ok(None),
            },
            Some(Challenge::Bearer { realm, service }) => {
                let purpose = match scope {
                    Scope::Pull => "pull",
                    Scope::Push => "pull,push",
                };
                let scope = format!("repository:{}:{purpose}", repository.path());
                let wanted = Wanted { realm: &realm, service: service.as_deref(), scope: &scope };
                let token = self.token(repository, &wanted, credential).await?;
                let token = match (token, credential) {
                    // Who is not known any more may read what everybody may read.
                    (None, Some(_)) => self.token(repository, &wanted, None).await?,
                    (token, _) => token,
                };
                Ok(token.map(Known::Token))
            }
        }
    }

    /// Checks a name and a password with a registry. `false` if it asks nobody who he is.
    ///
    /// # Errors
    ///
    /// The registry cannot be reached, or does not know them.
    pub async fn check_login(
        &self,
        registry: &str,
        user: &str,
        password: &str,
    ) -> Result<bool, RegistryError> {
        let what = format!("the login of `{user}`");
        let repository: Repository =
            format!("{registry}/login").parse().map_err(|_| RegistryError::Answer {
                what: what.clone(),
                reason: format!("`{registry}` is no registry"),
            })?;
        let credential =
            Credential::Password { user: user.to_owned(), password: password.to_owned().into() };
        self.persist(&what, async || self.try_login(&repository, &credential, &what).await).await
    }

    async fn try_login(
        &self,
        repository: &Repository,
        credential: &Credential,
        what: &str,
    ) -> Result<bool, RegistryError> {
        let denied = || RegistryError::UnknownUser { registry: repository.registry().to_owned() };
        let call = Call {
            target: Target::Path("/".to_owned()),
            ..Call::get(repository, String::new(), what)
        };
        let answer = self.follow(&call, None).await?;
        if answer.status() != StatusCode::UNAUTHORIZED {
            self.expect(answer, what, &[StatusCode::OK]).await?;
            return Ok(false);
        }
        let offered = texts(answer.headers(), &http::header::WWW_AUTHENTICATE);
        let known = match Challenge::choose(offered.iter().map(String::as_str)) {
            Some(Challenge::Bearer { realm, service }) => {
                let wanted = Wanted { realm: &realm, service: service.as_deref(), scope: "" };
                self.token(repository, &wanted, Some(credential)).await?.map(Known::Token)
            }
            _ => self.authenticate(repository, Scope::Pull, &offered, Some(credential)).await?,
        };
        let answer = self.follow(&call, Some(&known.ok_or_else(denied)?)).await?;
        match self.expect(answer, what, &[StatusCode::OK]).await {
            Ok(_) => Ok(true),
            Err(RegistryError::Denied { .. }) => Err(denied()),
            Err(error) => Err(error),
        }
    }

    /// Gets a token; `None` if whoever asks gets none.
    async fn token(
        &self,
        repository: &Repository,
        wanted: &Wanted<'_>,
        credential: Option<&Credential>,
    ) -> Result<Option<HeaderValue>, RegistryError> {
        let what = format!("a token for {repository}");
        let answer =
            |reason: &str| RegistryError::Answer { what: what.clone(), reason: reason.to_owned() };
        let request = wanted.request(repository, credential)?;
        let request =
            request.ok_or_else(|| answer("the place where tokens are given is no address"))?;
        self.check_scheme(&what, request.uri())?;
        let response =
            self.transport.send(request).await.map_err(|error| RegistryError::of(error, &what))?;
        let denied = [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN, StatusCode::BAD_REQUEST];
        if denied.contains(&response.status()) {
            let body = read(response, MAX_TOKEN, &what).await.unwrap_or_default();
            tracing::debug!(reason = message(&body), "no token");
            return Ok(None);
        }
        let response = self.expect(response, &what, &[StatusCode::OK]).await?;
        let body = Zeroizing::new(Vec::from(read(response, MAX_TOKEN, &what).await?));
        // What is wrong with it could be a part of the token.
        let token = serde_json::from_slice(&body).ok().and_then(Token::get);
        let token = token.ok_or_else(|| answer("it holds no token"))?;
        sensitive(&format!("Bearer {}", *token)).map(Some).ok_or_else(|| answer("it is no token"))
    }
}

/// What a token is wanted for.
struct Wanted<'a> {
    realm: &'a str,
    service: Option<&'a str>,
    scope: &'a str,
}

impl Wanted<'_> {
    fn request(
        &self,
        repository: &Repository,
        credential: Option<&Credential>,
    ) -> Result<Option<Request<Bytes>>, RegistryError> {
        let mut parameters: Vec<(&str, &str)> = Vec::new();
        parameters.extend(self.service.map(|service| ("service", service)));
        if !self.scope.is_empty() {
            parameters.push(("scope", self.scope));
        }
        let mut request = Request::new(Bytes::new());
        if let Some(Credential::Identity { token }) = credential {
            parameters.push(("grant_type", "refresh_token"));
            parameters.push(("client_id", "kusion"));
            parameters.push(("refresh_token", token));
            *request.method_mut() = Method::POST;
            *request.body_mut() = Bytes::from(query(&parameters));
            let form = HeaderValue::from_static("application/x-www-form-urlencoded");
            request.headers_mut().insert(CONTENT_TYPE, form);
            parameters.clear();
        }
        let separator = if self.realm.contains('?') { '&' } else { '?' };
        let address = match parameters.is_empty() {
            true => self.realm.to_owned(),
            false => format!("{}{separator}{}", self.realm, query(&parameters)),
        };
        let Ok(address) = address.parse::<Uri>() else { return Ok(None) };
        if address.authority().is_none() {
            return Ok(None);
        }
        *request.uri_mut() = address;
        request.headers_mut().insert(ACCEPT, HeaderValue::from_static("application/json"));
        if let Some(Credential::Password { user, password }) = credential {
            request.headers_mut().insert(AUTHORIZATION, basic(repository, user, password)?);
        }
        Ok(Some(request))
    }
}

/// Writes the parameters of an address or a form.
fn query(parameters: &[(&str, &str)]) -> String {
    let escape = |text: &str| -> String {
        let one = |byte: u8| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        };
        text.bytes().map(one).collect()
    };
    let pairs = parameters.iter().map(|(name, value)| format!("{name}={}", escape(value)));
    pairs.collect::<Vec<_>>().join("&")
}

fn basic(
    repository: &Repository,
    user: &str,
    password: &str,
) -> Result<HeaderValue, RegistryError> {
    let secret = Zeroizing::new(format!("{user}:{password}"));
    let header = Zeroizing::new(format!("Basic {}", STANDARD.encode(secret.as_bytes())));
    sensitive(&header).ok_or_else(|| RegistryError::Answer {
        what: repository.to_string(),
        reason: "the name cannot be sent".to_owned(),
    })
}

/// Makes a header that is shown nowhere.
fn sensitive(text: &str) -> Option<HeaderValue> {
    let mut header = HeaderValue::from_str(text).ok()?;
    header.set_sensitive(true);
    Some(header)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(realm: &str, credential: Option<&Credential>) -> Option<Request<Bytes>> {
        let repository = "r.example.com/a".parse().unwrap();
        let wanted =
            Wanted { realm, service: Some("the registry"), scope: "repository:a:pull,push" };
        wanted.request(&repository, credential).unwrap()
    }

    #[test]
    fn a_token_is_asked_for_by_name_or_by_another_token() {
        let password =
            Credential::Password { user: "ada".to_owned(), password: "p".to_owned().into() };
        let asked = request("https://auth.example.com/token?x=1", Some(&password)).unwrap();
        assert_eq!(
            asked.uri(),
            "https://auth.example.com/token?x=1&service=the%20registry&scope=repository%3Aa%3Apull%2Cpush"
        );
        assert_eq!(asked.headers()[AUTHORIZATION], "Basic YWRhOnA=");
        assert!(asked.headers()[AUTHORIZATION].is_sensitive());
        let identity = Credential::Identity { token: "t/".to_owned().into() };
        let asked = request("https://auth.example.com/token", Some(&identity)).unwrap();
        assert_eq!(
            (asked.method(), asked.uri().to_string().as_str()),
            (&Method::POST, "https://auth.example.com/token")
        );
        assert!(!asked.headers().contains_key(AUTHORIZATION));
        assert!(request("nowhere", None).is_none());
        assert!(request("http://[", None).is_none());
    }

    #[test]
    fn a_token_has_two_names_and_no_line_break() {
        for text in [
            r#"{"token": "a"}"#,
            r#"{"access_token": "a", "expires_in": 5}"#,
            r#"{"token": "a", "access_token": "a"}"#,
        ] {
            assert_eq!(*serde_json::from_str::<Token>(text).unwrap().get().unwrap(), "a");
        }
        assert!(serde_json::from_str::<Token>(r#"{"token": ""}"#).unwrap().get().is_none());
        assert!(sensitive("Bearer a\nb").is_none());
    }
}
