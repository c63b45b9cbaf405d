//! One request and its answer: connections, TLS, time limits and bounds, and nothing of what is said.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{HOST, LOCATION};
use http::{HeaderValue, Request, Response, Uri};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body as _, Incoming};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls_platform_verifier::Verifier;

use super::Cause;

/// What servers are told about who asks.
pub(crate) const AGENT: &str = concat!("kusion/", env!("CARGO_PKG_VERSION"));
/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(10);
/// How long an answer may take to begin: a server checks a large upload before it answers.
const ANSWER: Duration = Duration::from_secs(60);
/// How many bytes a second an upload has at least.
const SLOWEST: u64 = 64 << 10;
/// How long a body may stand still.
const STILL: Duration = Duration::from_secs(30);
/// How long a connection is kept for the next request.
const IDLE: Duration = Duration::from_secs(20);

pub(crate) type Answer = Response<Incoming>;

/// Why there is no answer, or only a part of one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HttpError {
    /// Nobody answers, or not in this language.
    #[error("cannot reach `{server}`")]
    Unreachable {
        /// The host and port.
        server: String,
        /// Whether another attempt may go better.
        may_pass: bool,
        /// What happened.
        source: Cause,
    },
    /// The connection ended before the answer did.
    #[error("the connection broke off")]
    BrokenOff {
        /// What happened.
        source: Cause,
    },
    /// The answer is longer than is read.
    #[error("it is longer than {limit} bytes")]
    TooLong {
        /// The most bytes that are read.
        limit: usize,
    },
    /// Certificates that shall be trusted cannot be used.
    #[error("the certificates to trust cannot be used")]
    Certificates {
        /// Why.
        source: Cause,
    },
}

/// Speaks HTTP. Connections are kept and used again.
#[derive(Debug)]
pub(crate) struct Transport {
    plain: Client<HttpConnector, Full<Bytes>>,
    /// Made when it is first needed: the certificates of the system take a while to read.
    secure: Mutex<Option<Client<HttpsConnector<HttpConnector>, Full<Bytes>>>>,
    roots: Vec<Vec<u8>>,
}

impl Transport {
    /// Sets up what needs no certificates; `roots` are PEM texts of authorities to trust beside those of the system.
    pub(crate) fn new(roots: Vec<Vec<u8>>) -> Self {
        let plain = builder().build(connector());
        Self { plain, secure: Mutex::new(None), roots }
    }

    /// Sends a request and waits for the beginning of the answer.
    pub(crate) async fn send(&self, request: Request<Bytes>) -> Result<Answer, HttpError> {
        let mut request = request.map(Full::new);
        let server = authority(request.uri());
        let length = request.body().size_hint().exact().unwrap_or_default();
        let patience = ANSWER + Duration::from_secs(length / SLOWEST);
        if let Ok(host) = HeaderValue::from_str(&server) {
            request.headers_mut().insert(HOST, host);
        }
        let answer = if request.uri().scheme_str() == Some("https") {
            self.secure()?.request(request)
        } else {
            self.plain.request(request)
        };
        match tokio::time::timeout(patience, answer).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => {
                let source = Cause::of(&error);
                let may_pass = !is_of_tls(&error);
                Err(HttpError::Unreachable { server, may_pass, source })
            }
            Err(_) => {
                let source = Cause(format!("no answer within {} seconds", patience.as_secs()));
                Err(HttpError::Unreachable { server, may_pass: true, source })
            }
        }
    }

    fn secure(&self) -> Result<Client<HttpsConnector<HttpConnector>, Full<Bytes>>, HttpError> {
        let mut secure = self.secure.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = secure.as_ref() {
            return Ok(client.clone());
        }
        let mut http = connector();
        http.enforce_http(false);
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls(&self.roots)?)
            .https_only()
            .enable_http1()
            .wrap_connector(http);
        let client = builder().build(connector);
        *secure = Some(client.clone());
        Ok(client)
    }
}

fn builder() -> hyper_util::client::legacy::Builder {
    let mut builder = Client::builder(TokioExecutor::new());
    builder.pool_idle_timeout(IDLE).pool_timer(TokioTimer::new()).timer(TokioTimer::new());
    // The pool looks at the names of hosts only, and we set the header ourselves.
    builder.set_host(false);
    builder
}

fn connector() -> HttpConnector {
    let mut connector = HttpConnector::new();
    connector.set_connect_timeout(Some(CONNECT));
    connector.set_nodelay(true);
    connector
}

/// Trusts what the system trusts, and more.
fn tls(roots: &[Vec<u8>]) -> Result<rustls::ClientConfig, HttpError> {
    let refuse = |source| HttpError::Certificates { source };
    let mut more = Vec::new();
    for text in roots {
        let before = more.len();
        for certificate in CertificateDer::pem_slice_iter(text) {
            more.push(certificate.map_err(|error| refuse(Cause(error.to_string())))?);
        }
        if more.len() == before {
            return Err(refuse(Cause("there is no certificate in the file".to_owned())));
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = Verifier::new_with_extra_roots(more, Arc::clone(&provider))
        .map_err(|error| refuse(Cause::of(&error)))?;
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| refuse(Cause::of(&error)))?;
    Ok(config
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth())
}

/// Returns whether a connection did not come about because of TLS, which does not get better by waiting.
fn is_of_tls(error: &(dyn std::error::Error + 'static)) -> bool {
    // The cause of an error of input and output is not among its sources, but in it, and may be another one.
    let inner = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
    error.is::<rustls::Error>()
        || match inner {
            Some(inner) => is_of_tls(inner),
            None => error.source().is_some_and(is_of_tls),
        }
}

/// Returns the host and port of an address.
pub(crate) fn authority(uri: &Uri) -> String {
    uri.authority().map_or_else(String::new, |authority| {
        let host = authority.host();
        authority.port_u16().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    })
}

/// Returns the next piece of a body; `None` at its end.
pub(crate) async fn next_piece(body: &mut Incoming) -> Result<Option<Bytes>, HttpError> {
    let broken = |source| HttpError::BrokenOff { source };
    loop {
        match tokio::time::timeout(STILL, body.frame()).await {
            Ok(None) => return Ok(None),
            Ok(Some(Ok(frame))) => {
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
            Ok(Some(Err(error))) => return Err(broken(Cause::of(&error))),
            Err(_) => {
                return Err(broken(Cause(format!("nothing came for {} seconds", STILL.as_secs()))));
            }
        }
    }
}

/// Reads a body to its end, which must come before so many bytes.
pub(crate) async fn read_body(answer: Answer, limit: usize) -> Result<Bytes, HttpError> {
    let mut body = answer.into_body();
    let mut bytes = BytesMut::new();
    while let Some(piece) = next_piece(&mut body).await? {
        if bytes.len().saturating_add(piece.len()) > limit {
            return Err(HttpError::TooLong { limit });
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes.freeze())
}

/// Returns where an answer points to.
pub(crate) fn location(answer: &Answer, base: &Uri) -> Option<Uri> {
    resolve(base, answer.headers().get(LOCATION)?.to_str().ok()?)
}

/// Returns the address that a text means in an answer from another address.
pub(crate) fn resolve(base: &Uri, text: &str) -> Option<Uri> {
    let text = text.split('#').next().unwrap_or_default();
    if text.starts_with("http://") || text.starts_with("https://") {
        return text.parse().ok();
    }
    let (scheme, authority) = (base.scheme_str()?, base.authority()?);
    if let Some(rest) = text.strip_prefix("//") {
        return format!("{scheme}://{rest}").parse().ok();
    }
    if text.starts_with('/') {
        return format!("{scheme}://{authority}{text}").parse().ok();
    }
    let folder = base.path().rsplit_once('/').map_or("", |(folder, _)| folder);
    format!("{scheme}://{authority}{folder}/{text}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_points_somewhere_from_where_it_came() {
        let base: Uri = "https://r.example.com:5000/v2/a/blobs/x?y=1".parse().unwrap();
        for (text, expected) in [
            ("https://cdn.example.com/x?sig=1", "https://cdn.example.com/x?sig=1"),
            ("/v2/upload/1?state=2#top", "https://r.example.com:5000/v2/upload/1?state=2"),
            ("//cdn.example.com/x", "https://cdn.example.com/x"),
            ("next", "https://r.example.com:5000/v2/a/blobs/next"),
        ] {
            assert_eq!(resolve(&base, text).unwrap().to_string(), expected);
        }
        assert_eq!(resolve(&base, "http://"), None);
        assert_eq!(authority(&base), "r.example.com:5000");
        assert_eq!(authority(&"http://user:secret@x/".parse().unwrap()), "x");
    }

    #[test]
    fn an_error_of_tls_is_found_behind_others() {
        let tls = || rustls::Error::HandshakeNotComplete;
        let behind = |error: std::io::Error| std::io::Error::other(error);
        let broken = || std::io::Error::other("broken pipe");
        assert!(is_of_tls(&behind(std::io::Error::other(tls()))));
        assert!(is_of_tls(&tls()));
        assert!(!is_of_tls(&broken()));
        assert!(!is_of_tls(&behind(broken())));
    }

    #[test]
    fn certificates_that_are_none_are_refused() {
        let error = tls(&[b"no certificate".to_vec()]).unwrap_err();
        assert!(matches!(error, HttpError::Certificates { .. }), "{error}");
    }
}
