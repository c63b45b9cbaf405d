//! Calls to an API server: one place that counts, times and repeats them.
//!
//! Bodies are read here and not by the client library, which logs what it cannot read, and a body can be
//! a Secret.

use std::error::Error;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::stream::Stream;
use http::{HeaderMap, HeaderValue, Method, Request, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::Pod;
use kube::client::Body;
use kube::{Api, Client};
use serde_json::Value;

use super::events::events;
use super::failure::{Failure, Refusal};
use super::retry::{self, Tries};
use crate::runtime::connection::Connection;

/// How long a server may take for an answer. Webhooks may take 30 seconds each.
const PATIENCE: Duration = Duration::from_secs(60);

/// The longest answer that is read, in bytes. An object has some megabytes at most, and many of them are read as
/// a list only as long as that takes less than reading them one by one.
const MAX_ANSWER: usize = 32 << 20;

/// The form of objects without anything but their metadata.
pub(crate) const METADATA_ONLY: &str =
    "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json";

/// The form of a list of such.
pub(crate) const METADATA_LIST: &str =
    "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";

/// One call.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    method: Method,
    /// The path with its query.
    path: String,
    accept: &'static str,
    content_type: Option<&'static str>,
    body: Vec<u8>,
    /// Whether a conflict is the answer, and no reason to ask again.
    exclusive: bool,
}

impl Call {
    pub(crate) fn get(path: impl Into<String>) -> Self {
        let (path, body) = (path.into(), Vec::new());
        Self {
            method: Method::GET,
            path,
            accept: "application/json",
            content_type: None,
            body,
            exclusive: false,
        }
    }

    /// Makes an object, which must not exist.
    pub(crate) fn create(path: impl Into<String>, object: &Value) -> Self {
        Self { method: Method::POST, ..Self::with_json(path, object) }
    }

    /// Puts an object in the place of the version that it names.
    pub(crate) fn replace(path: impl Into<String>, object: &Value) -> Self {
        Self { method: Method::PUT, ..Self::with_json(path, object) }
    }

    /// Makes a server-side apply of an object.
    pub(crate) fn apply(path: impl Into<String>, object: &Value) -> Self {
        Self {
            method: Method::PATCH,
            content_type: Some("application/apply-patch+yaml"),
            body: object.to_string().into_bytes(),
            ..Self::get(path)
        }
    }

    /// Merges a patch (RFC 7396) into an object.
    pub(crate) fn merge(path: impl Into<String>, patch: &Value) -> Self {
        Self {
            method: Method::PATCH,
            content_type: Some("application/merge-patch+json"),
            ..Self::with_json(path, patch)
        }
    }

    pub(crate) fn delete(path: impl Into<String>, options: &Value) -> Self {
        Self { method: Method::DELETE, ..Self::with_json(path, options) }
    }

    fn with_json(path: impl Into<String>, body: &Value) -> Self {
        Self {
            content_type: Some("application/json"),
            body: body.to_string().into_bytes(),
            ..Self::get(path)
        }
    }

    /// Takes a conflict with what is there as the answer: of several who try, one shall win.
    pub(crate) fn exclusive(mut self) -> Self {
        self.exclusive = true;
        self
    }

    pub(crate) fn accept(mut self, accept: &'static str) -> Self {
        self.accept = accept;
        self
    }

    fn request(&self) -> Result<Request<Vec<u8>>, Failure> {
        let mut request = Request::builder()
            .method(self.method.clone())
            .uri(&self.path)
            .header(header::ACCEPT, self.accept);
        if let Some(content_type) = self.content_type {
            request = request.header(header::CONTENT_TYPE, content_type);
        }
        request.body(self.body.clone()).map_err(|source| hopeless(source.into()))
    }
}

/// Something that happened to an object that is watched.
#[derive(Debug)]
pub(crate) enum Seen {
    /// It is like this.
    There(Value),
    /// It is gone, and was last like this.
    Gone(Value),
    /// All that happened up to this version was told.
    Passed(String),
}

/// A connection to an API server.
pub(crate) struct Transport {
    client: Client,
    patience: Duration,
    reached: AtomicBool,
    calls: AtomicU32,
    /// How far the server's clock is ahead of ours.
    ahead: OnceLock<SignedDuration>,
}

impl Transport {
    pub(crate) fn new(client: Client) -> Self {
        let (reached, calls) = (AtomicBool::new(false), AtomicU32::new(0));
        Self { client, patience: PATIENCE, reached, calls, ahead: OnceLock::new() }
    }

    /// Returns the time by the server's clock, which is the same for all who speak to it.
    pub(crate) fn now(&self) -> Timestamp {
        let now = Timestamp::now();
        self.ahead.get().and_then(|ahead| now.checked_add(*ahead).ok()).unwrap_or(now)
    }

    /// Compares the clocks, once. A server tells whole seconds, so that less than two say nothing.
    fn compare_clocks(&self, headers: &HeaderMap) {
        self.ahead.get_or_init(|| {
            let date = headers.get(header::DATE).and_then(|date| date.to_str().ok());
            let date = date.and_then(|date| jiff::fmt::rfc2822::parse(date).ok());
            let ahead = date.map(|date| date.timestamp().duration_since(Timestamp::now()));
            ahead.filter(|ahead| ahead.abs() >= SignedDuration::from_secs(2)).unwrap_or_default()
        });
    }

    /// Returns how many requests were sent.
    pub(crate) fn calls(&self) -> u32 {
        self.calls.load(Ordering::Relaxed)
    }

    /// Makes a call until it is answered or there is no use in it.
    pub(crate) async fn call(&self, call: &Call) -> Result<Value, Failure> {
        self.call_within(call, &|| Some(Duration::MAX)).await
    }

    /// Makes a call like [`Transport::call`], as long as it may be made: `left` says before each attempt how
    /// long that is, `None` if it is over.
    pub(crate) async fn call_within(
        &self,
        call: &Call,
        left: &(dyn Fn() -> Option<Duration> + Sync),
    ) -> Result<Value, Failure> {
        let answer = self.fetch(call, left).await?;
        serde_json::from_slice(&answer).map_err(|source| Failure::Garbled { source })
    }

    /// Makes a call like [`Transport::call`], for somebody who knows what of the answer to keep.
    pub(super) async fn read(&self, call: &Call) -> Result<Bytes, Failure> {
        self.fetch(call, &|| Some(Duration::MAX)).await
    }

    async fn fetch(
        &self,
        call: &Call,
        left: &(dyn Fn() -> Option<Duration> + Sync),
    ) -> Result<Bytes, Failure> {
        let (mut attempt, start, mut last) = (1, Instant::now(), None);
        loop {
            let Some(left) = left() else {
                return Err(last.unwrap_or_else(|| hopeless("it may not be sent any more".into())));
            };
            let failure = match self.call_once(call, self.patience.min(left)).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            if call.exclusive
                && matches!(&failure, Failure::Refused(refusal) if refusal.code == 409)
            {
                return Err(failure);
            }
            let reached = self.reached.load(Ordering::Relaxed);
            let (elapsed, spread) = (start.elapsed(), self.calls());
            let tries = Tries { attempt, elapsed, reached, spread };
            let Some(pause) = retry::pause(&failure, tries) else { return Err(failure) };
            tracing::debug!(path = call.path.as_str(), attempt, "call again");
            tokio::time::sleep(pause).await;
            attempt += 1;
            last = Some(failure);
        }
    }

    /// Reads an object, `None` if it does not exist.
    pub(crate) async fn find(&self, path: &str) -> Result<Option<Value>, Failure> {
        match self.call(&Call::get(path)).await {
            Ok(object) => Ok(Some(object)),
            Err(Failure::Refused(refusal)) if refusal.is_not_found() => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// Watches objects from a version on. The stream ends when the server closes it.
    pub(crate) async fn watch(
        &self,
        path: &str,
        accept: &'static str,
    ) -> Result<impl Stream<Item = Result<Seen, Failure>> + Send + use<>, Failure> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let mut request = Call::get(path).accept(accept).request()?.map(Body::from);
        // A server may compress each event for itself, of which only the first would be read.
        let plain = HeaderValue::from_static("identity");
        request.headers_mut().insert(header::ACCEPT_ENCODING, plain);
        let response = self.client.send(request).await.map_err(failure)?;
        let status = response.status();
        if status.is_success() {
            return Ok(events(response.into_body()));
        }
        let body = Limited::new(response.into_body(), MAX_ANSWER).collect().await;
        let body = body.map_err(unread)?.to_bytes();
        Err(Box::new(Refusal::read(status.as_u16(), &body, None)).into())
    }

    /// Connects to a port of a pod.
    pub(crate) async fn forward(
        &self,
        namespace: &str,
        pod: &str,
        port: u16,
    ) -> Result<Connection, Failure> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let pods: Api<Pod> = Api::namespaced(self.client.clone(), namespace);
        let ports = [port];
        let connecting = pods.portforward(pod, &ports);
        let mut forwarder = match tokio::time::timeout(PATIENCE, connecting).await {
            Ok(forwarder) => forwarder.map_err(failure)?,
            Err(late) => return Err(unanswered(late.into())),
        };
        let (stream, fault) = (forwarder.take_stream(port), forwarder.take_error(port));
        match stream.zip(fault) {
            Some((stream, fault)) => Ok(Connection::new(stream, fault)),
            None => Err(hopeless("the connection has no such port".into())),
        }
    }

    async fn call_once(&self, call: &Call, patience: Duration) -> Result<Bytes, Failure> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let request = call.request()?.map(Body::from);
        let answer = async {
            let response = self.client.send(request).await.map_err(failure)?;
            let status = response.status();
            self.compare_clocks(response.headers());
            let retry_after = response
                .headers()
                .get(header::RETRY_AFTER)
                .and_then(|value| value.to_str().ok()?.trim().parse().ok());
            let body = Limited::new(response.into_body(), MAX_ANSWER).collect().await;
            Ok::<_, Failure>((status, retry_after, body.map_err(unread)?.to_bytes()))
        };
        let (status, retry_after, body) = match tokio::time::timeout(patience, answer).await {
            Ok(answer) => answer?,
            Err(late) => return Err(unanswered(late.into())),
        };
        self.reached.store(true, Ordering::Relaxed);
        if status.is_success() {
            return Ok(body);
        }
        Err(Box::new(Refusal::read(status.as_u16(), &body, retry_after)).into())
    }
}

fn hopeless(source: Box<dyn Error + Send + Sync>) -> Failure {
    Failure::Unanswered { source, hopeless: true, taken: false }
}

/// Says that a connection was made and has broken, or stayed silent.
fn unanswered(source: Box<dyn Error + Send + Sync>) -> Failure {
    Failure::Unanswered { source, hopeless: false, taken: true }
}

/// Takes the cause out of an error of the client library, whose messages repeat their causes.
pub(super) fn failure(error: kube::Error) -> Failure {
    match error {
        kube::Error::Api(status) => refused(&status),
        kube::Error::Service(source) => {
            let hopeless = speaks_of(source.as_ref(), "certificate");
            // So the client says that it had no connection to begin with.
            let taken = !speaks_of(source.as_ref(), "(Connect)");
            Failure::Unanswered { source, hopeless, taken }
        }
        kube::Error::HyperError(source) => unanswered(source.into()),
        kube::Error::ReadEvents(source) => unanswered(source.into()),
        kube::Error::SerdeError(source) => Failure::Garbled { source },
        error => hopeless(error.into()),
    }
}

/// Says why an answer was not read to its end.
fn unread(error: Box<dyn Error + Send + Sync>) -> Failure {
    if error.is::<LengthLimitError>() {
        return Failure::TooLong;
    }
    match error.downcast::<kube::Error>() {
        Ok(error) => failure(*error),
        Err(error) => unanswered(error),
    }
}

pub(super) fn refused(status: &kube::core::Status) -> Failure {
    let body = serde_json::to_vec(status).unwrap_or_default();
    Box::new(Refusal::read(status.code, &body, None)).into()
}

fn speaks_of(error: &(dyn Error + 'static), word: &str) -> bool {
    let mut next = Some(error);
    while let Some(cause) = next {
        if cause.to_string().contains(word) {
            return true;
        }
        next = cause.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    use kube::Config;
    use serde_json::json;

    use super::*;
    use crate::runtime::kubernetes::cluster::wire::scripted::scripted;

    const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n{\"it\":true}";

    /// Answers each connection after the first, to which it says `first` or, if that is empty, nothing at all.
    fn server(first: &'static [u8]) -> Transport {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            let mut silent = Vec::new();
            for (number, stream) in listener.incoming().enumerate() {
                let mut stream = stream.unwrap();
                let _read = stream.read(&mut [0; 4096]);
                if number > 0 {
                    let _written = stream.write_all(ANSWER);
                } else if first.is_empty() {
                    silent.push(stream);
                } else {
                    let _written = stream.write_all(first);
                }
            }
        });
        let mut config = Config::new(address.parse().unwrap());
        config.default_retry = false;
        let client = Client::try_from(config).unwrap();
        Transport { patience: Duration::from_secs(1), ..Transport::new(client) }
    }

    #[tokio::test]
    async fn a_call_is_made_again_that_is_not_answered_or_not_to_its_end() {
        let (half, _) = ANSWER.split_at(ANSWER.len() - 5);
        for first in [&b""[..], b"HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n", half] {
            let link = server(first);
            assert_eq!(link.call(&Call::get("/it")).await.unwrap(), json!({"it": true}));
            assert!(link.calls() >= 2, "{}", link.calls());
        }
    }

    #[tokio::test]
    async fn an_answer_that_is_too_long_is_not_read_to_its_end() {
        let link = scripted(|_| (200, "x".repeat(MAX_ANSWER).into()));
        let failure = link.call(&Call::get("/it")).await.unwrap_err();
        assert!(matches!(failure, Failure::TooLong), "{failure}");
        assert_eq!(link.calls(), 1);
    }

    #[tokio::test]
    async fn a_call_is_not_made_when_its_time_is_over() {
        let link = server(b"HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n");
        let once = AtomicU32::new(0);
        let left = || (once.fetch_add(1, Ordering::Relaxed) == 0).then_some(Duration::from_secs(9));
        let failure = link.call_within(&Call::get("/it"), &left).await.unwrap_err();
        assert!(matches!(failure, Failure::Refused(refusal) if refusal.code == 503));
        assert_eq!(link.calls(), 1);
        let failure = link.call_within(&Call::get("/it"), &|| None).await.unwrap_err();
        assert!(matches!(failure, Failure::Unanswered { hopeless: true, .. }));
        assert_eq!(link.calls(), 1);
    }

    #[tokio::test]
    async fn no_answer_is_waited_for_longer_than_a_call_may_take() {
        let link = Transport { patience: Duration::from_secs(3_600), ..server(b"") };
        let once = AtomicU32::new(0);
        let left =
            || (once.fetch_add(1, Ordering::Relaxed) == 0).then_some(Duration::from_millis(50));
        let failure = link.call_within(&Call::get("/it"), &left).await.unwrap_err();
        assert!(matches!(failure, Failure::Unanswered { taken: true, .. }));
    }
}
