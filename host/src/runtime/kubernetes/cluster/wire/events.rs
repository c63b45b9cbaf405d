//! Reading what a watch tells, event by event: each is a line, and none may be longer than any object is.

use bytes::{Bytes, BytesMut};
use futures_util::stream::{self, Stream, StreamExt as _};
use http_body_util::BodyExt as _;
use kube::client::Body;
use kube::core::{Status, WatchEvent};
use serde_json::Value;

use super::failure::Failure;
use super::transport::{Seen, failure, refused};

/// The longest event that is read, in bytes. A server stores objects of one or two megabytes, which are somewhat
/// longer as JSON.
const MAX_EVENT: usize = 8 << 20;

/// Reads the events of a watch until the server ends it or something goes wrong.
pub(super) fn events(body: Body) -> impl Stream<Item = Result<Seen, Failure>> + Send + use<> {
    let lines = lines(Box::pin(body.into_data_stream()), MAX_EVENT);
    lines.map(|line| read(&line?))
}

fn read(line: &[u8]) -> Result<Seen, Failure> {
    match serde_json::from_slice(line) {
        Ok(WatchEvent::<Value>::Added(object) | WatchEvent::Modified(object)) => {
            Ok(Seen::There(object))
        }
        Ok(WatchEvent::Deleted(object)) => Ok(Seen::Gone(object)),
        Ok(WatchEvent::Bookmark(mark)) => Ok(Seen::Passed(mark.metadata.resource_version)),
        Ok(WatchEvent::Error(status)) => Err(refused(&status)),
        Err(source) => Err(match serde_json::from_slice::<Status>(line) {
            Ok(status) => refused(&status),
            Err(_) => Failure::Garbled { source },
        }),
    }
}

/// Splits a body into lines. Half a line at its end is left out.
fn lines(
    body: impl Stream<Item = Result<Bytes, kube::Error>> + Send + Unpin,
    limit: usize,
) -> impl Stream<Item = Result<Bytes, Failure>> + Send {
    let reading = Reading { body, held: BytesMut::new(), searched: 0, limit };
    stream::unfold(Some(reading), async |reading| {
        let mut reading = reading?;
        match reading.line().await {
            Ok(line) => Some((Ok(line?), Some(reading))),
            Err(failure) => Some((Err(failure), None)),
        }
    })
}

struct Reading<B> {
    body: B,
    held: BytesMut,
    /// How much of it holds no end of a line.
    searched: usize,
    limit: usize,
}

impl<B: Stream<Item = Result<Bytes, kube::Error>> + Send + Unpin> Reading<B> {
    async fn line(&mut self) -> Result<Option<Bytes>, Failure> {
        loop {
            let new = self.held.get(self.searched..).unwrap_or_default();
            if let Some(at) = new.iter().position(|byte| *byte == b'\n') {
                let end = self.searched + at;
                let mut line = self.held.split_to(end + 1);
                line.truncate(end);
                self.searched = 0;
                return Ok(Some(line.freeze()));
            }
            self.searched = self.held.len();
            if self.searched > self.limit {
                return Err(Failure::TooLong);
            }
            match self.body.next().await {
                Some(Ok(bytes)) => self.held.extend_from_slice(&bytes),
                Some(Err(error)) => return Err(failure(error)),
                None => return Ok(None),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use serde_json::json;

    use super::*;

    /// Reads the lines of a body that comes in pieces; the failure that ends it stands last.
    async fn split(pieces: &[&'static str], limit: usize) -> Vec<String> {
        let pieces: Vec<_> =
            pieces.iter().map(|piece| Ok(Bytes::from_static(piece.as_bytes()))).collect();
        let show = |line: Result<Bytes, Failure>| match line {
            Ok(line) => String::from_utf8_lossy(&line).into_owned(),
            Err(failure) => failure.to_string(),
        };
        lines(stream::iter(pieces), limit).map(show).collect().await
    }

    #[tokio::test]
    async fn a_body_is_split_into_lines_wherever_its_pieces_end() {
        assert_eq!(split(&["a", "b\n", "\nc", "\nd\ne"], 9).await, ["ab", "", "c", "d"]);
        assert!(split(&[], 9).await.is_empty());
    }

    #[tokio::test]
    async fn a_line_that_does_not_end_is_not_read_for_ever() {
        let too_long = "the answer is too long";
        assert_eq!(split(&["ab\nabcd", "efgh", "i\n"], 6).await, ["ab", too_long]);
        let endless = stream::repeat_with(|| Ok(Bytes::from_static(b"x")));
        let read: Vec<_> = pin!(lines(endless, 100)).take(2).collect().await;
        assert!(matches!(read.as_slice(), [Err(Failure::TooLong)]));
    }

    #[test]
    fn an_event_is_an_object_a_version_or_an_error() {
        let event = |kind: &str, object: Value| {
            read(json!({"type": kind, "object": object}).to_string().as_bytes())
        };
        let object = json!({"metadata": {"name": "a"}});
        assert!(matches!(event("ADDED", object.clone()), Ok(Seen::There(seen)) if seen == object));
        assert!(matches!(event("MODIFIED", object.clone()), Ok(Seen::There(_))));
        assert!(matches!(event("DELETED", object), Ok(Seen::Gone(_))));
        let mark = json!({"kind": "Pod", "apiVersion": "v1", "metadata": {"resourceVersion": "7"}});
        assert!(matches!(event("BOOKMARK", mark), Ok(Seen::Passed(at)) if at == "7"));
        let status = json!({"kind": "Status", "code": 410, "message": "old", "reason": "Expired"});
        let is_old = |failure| matches!(failure, Err(Failure::Refused(it)) if it.code == 410);
        assert!(is_old(event("ERROR", status.clone())));
        assert!(is_old(read(status.to_string().as_bytes())));
        assert!(matches!(read(b"<html>"), Err(Failure::Garbled { .. })));
    }
}
