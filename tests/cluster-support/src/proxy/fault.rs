//! The ways in which a request goes wrong.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Response;
use hyper::body::{Frame, Incoming};
use serde_json::{Value, json};

use super::connection::Body;

/// What happens to a request instead of the usual.
///
/// *Before* and *after* tell whether the server has done what was asked: before means that the request never reached
/// it, after that it did and that only the client does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Answered with this status code, before; 401 is what an expired token leads to.
    Answer(u16),
    /// Answered with 429 and `Retry-After` in seconds, before.
    TooMany {
        /// How many seconds the client is asked to wait.
        retry_after: u32,
    },
    /// Done by the server, and answered with this status code nevertheless, as with a time-out of the store.
    AnswerAfter(u16),
    /// The connection is reset, before.
    ResetBefore,
    /// The connection is reset, after.
    ResetAfter,
    /// The first half of the answer arrives, then the connection ends; of a watch, half of what comes first.
    Half,
    /// No answer, before.
    SilentBefore,
    /// No answer, after.
    SilentAfter,
}

impl Fault {
    /// All kinds that a client survives without a time-out of its own.
    pub const QUICK: [Self; 7] = [
        Self::TooMany { retry_after: 1 },
        Self::Answer(500),
        Self::Answer(503),
        Self::AnswerAfter(504),
        Self::ResetBefore,
        Self::ResetAfter,
        Self::Half,
    ];
}

/// Returns an answer in the form in which the API server words its refusals.
pub(super) fn refusal(code: u16, retry_after: Option<u32>) -> Response<Body> {
    let reason = match code {
        401 => "Unauthorized",
        403 => "Forbidden",
        429 => "TooManyRequests",
        500 => "InternalError",
        503 => "ServiceUnavailable",
        504 => "Timeout",
        _ => "",
    };
    let details = retry_after.map_or(Value::Null, |seconds| json!({"retryAfterSeconds": seconds}));
    let status = json!({
        "apiVersion": "v1", "kind": "Status", "metadata": {}, "status": "Failure",
        "message": "refused by the proxy of a test", "reason": reason, "code": code, "details": details,
    });
    let mut response = Response::builder().status(code).header("content-type", "application/json");
    if let Some(seconds) = retry_after {
        response = response.header("retry-after", seconds);
    }
    let body = Full::new(Bytes::from(status.to_string())).map_err(|never| match never {}).boxed();
    response.body(body).unwrap_or_else(|error| panic!("not a status code: {code}: {error}"))
}

/// Returns `response` with a body that breaks off in the middle.
pub(super) async fn halved(response: Response<Incoming>) -> Response<Body> {
    let (mut parts, mut body) = response.into_parts();
    let mut whole = Vec::new();
    let watch = !parts.headers.contains_key("content-length")
        && parts.headers.contains_key("transfer-encoding");
    while let Some(Ok(frame)) = body.frame().await {
        whole.extend_from_slice(&frame.into_data().unwrap_or_default());
        if watch {
            break;
        }
    }
    parts.headers.remove("transfer-encoding");
    parts.headers.insert("content-length", whole.len().max(1).into());
    whole.truncate(whole.len() / 2);
    Response::from_parts(parts, Broken { data: Some(Bytes::from(whole)), pauses: 4 }.boxed())
}

/// A body that ends with an error after what it holds.
struct Broken {
    data: Option<Bytes>,
    /// How often it still asks for patience before it breaks, so that what came before is written.
    pauses: u32,
}

impl hyper::body::Body for Broken {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Some(data) = self.data.take() {
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
        if self.pauses > 0 {
            self.pauses -= 1;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Some(Err(io::ErrorKind::BrokenPipe.into())))
    }
}
