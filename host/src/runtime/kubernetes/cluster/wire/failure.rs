//! What comes back from a server, or from the way to it, instead of a result.

use std::error::Error;
use std::time::Duration;

use serde::Deserialize;

/// What a call ended with.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The server says no.
    #[error(transparent)]
    Refused(#[from] Box<Refusal>),
    /// There is no answer, or half of one.
    #[error("no answer")]
    Unanswered {
        /// Why.
        source: Box<dyn Error + Send + Sync>,
        /// Whether trying again is of no use, as with a certificate that is not trusted.
        hopeless: bool,
        /// Whether somebody took the call, so that only the answer is missing.
        taken: bool,
    },
    /// The answer is longer than any that we read.
    #[error("the answer is too long")]
    TooLong,
    /// The answer is not what a Kubernetes API server says.
    #[error("the answer is not that of a Kubernetes API server")]
    Garbled {
        /// Where reading stopped.
        source: serde_json::Error,
    },
}

/// A refusal, as the server words it.
#[derive(Debug, Clone, Default, PartialEq, Eq, thiserror::Error)]
#[error("{}", shortened(message))]
pub(crate) struct Refusal {
    /// The HTTP status.
    pub(crate) code: u16,
    /// A word for programs, such as `Invalid`.
    pub(crate) reason: String,
    /// For people, as long as it came: what must not be shown is found in the whole only.
    pub(crate) message: String,
    /// Field by field.
    pub(crate) causes: Vec<Cause>,
    /// What kind of thing `name` is, in the plural: `namespaces`.
    pub(crate) kind: String,
    /// What it is about.
    pub(crate) name: String,
    /// When the server wants to be asked again.
    pub(super) retry_after: Option<Duration>,
}

/// One part of a refusal.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Cause {
    pub(crate) reason: String,
    pub(crate) message: String,
    pub(crate) field: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Status {
    reason: String,
    message: String,
    details: Option<Details>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Details {
    kind: String,
    name: String,
    causes: Option<Vec<Cause>>,
    retry_after_seconds: u64,
}

/// The most of a text of unknown origin that is shown, in characters.
const MAX_MESSAGE: usize = 2_000;

/// Returns as much of what a server says as is shown.
pub(crate) fn shortened(message: &str) -> String {
    message.chars().take(MAX_MESSAGE).collect()
}

impl Refusal {
    /// Reads a refusal; `retry_after` is the header of that name, in seconds. A body that is no Status, such
    /// as the page of a proxy, is shown as it begins.
    pub(crate) fn read(code: u16, body: &[u8], retry_after: Option<u64>) -> Self {
        let status: Status = serde_json::from_slice(body).unwrap_or_else(|_| {
            let text = String::from_utf8_lossy(body);
            Status { message: text.trim().to_owned(), ..Status::default() }
        });
        let details = status.details.unwrap_or_default();
        let seconds = retry_after.or(Some(details.retry_after_seconds)).filter(|after| *after > 0);
        let mut message = status.message;
        if message.is_empty() {
            message = format!("HTTP status {code} without an explanation");
        }
        Self {
            code,
            reason: status.reason,
            message,
            causes: details.causes.unwrap_or_default(),
            kind: details.kind,
            name: details.name,
            retry_after: seconds.map(Duration::from_secs),
        }
    }

    /// Returns whether the object asked for does not exist. A page of a proxy that is not found is another
    /// matter.
    pub(crate) fn is_not_found(&self) -> bool {
        self.code == 404 && self.reason == "NotFound"
    }

    /// Returns whether the object that was meant does not exist any more; one of its name may.
    pub(crate) fn is_gone(&self) -> bool {
        self.is_not_found()
            || (self.code == 409 && self.message.contains("Precondition failed: UID"))
    }

    /// Returns whether the object was changed since it was looked at.
    pub(crate) fn is_stale(&self) -> bool {
        self.code == 409 && self.message.contains("Precondition failed: ResourceVersion")
    }

    /// Returns whether something on the way, such as a webhook, cannot say what would happen.
    pub(crate) fn refuses_dry_runs(&self) -> bool {
        self.message.contains("does not support dry run")
    }

    /// Returns the namespace in which nothing is made any more, because it is being deleted.
    pub(crate) fn terminating_namespace(&self) -> Option<&str> {
        let (_, rest) = self.message.split_once("unable to create new content in namespace ")?;
        rest.split_once(" because it is being terminated").map(|(namespace, _)| namespace)
    }

    /// Returns whether the manifest does not fit the schema, which the server reports as an error of its own.
    pub(crate) fn is_schema_error(&self) -> bool {
        self.message.contains("failed to create typed patch object")
            || self.message.contains("field not declared in schema")
    }

    /// Returns whether the same call can succeed later without anybody's doing.
    pub(crate) fn is_passing(&self) -> bool {
        match self.code {
            429 | 502 | 503 | 504 => true,
            500 => !self.is_schema_error(),
            409 => self.message.contains("the object has been modified"),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refusal(code: u16, body: serde_json::Value) -> Refusal {
        Refusal::read(code, body.to_string().as_bytes(), None)
    }

    #[test]
    fn a_status_is_read_with_its_causes() {
        let invalid = refusal(
            422,
            json!({
                "kind": "Status", "status": "Failure", "reason": "Invalid", "code": 422,
                "message": "Deployment.apps \"x\" is invalid: spec.replicas: Invalid value: -1",
                "details": {"kind": "Deployment", "name": "x", "causes": [
                    {"reason": "FieldValueInvalid", "message": "Invalid value: -1", "field": "spec.replicas"},
                ]},
            }),
        );
        assert_eq!((invalid.code, invalid.reason.as_str()), (422, "Invalid"));
        assert_eq!((invalid.kind.as_str(), invalid.name.as_str()), ("Deployment", "x"));
        assert_eq!(invalid.causes.len(), 1);
        assert_eq!(invalid.causes[0].field, "spec.replicas");
        assert!(invalid.conflicts().is_empty() && !invalid.is_passing());
    }

    #[test]
    fn what_is_no_status_is_shown_as_it_begins() {
        let page = Refusal::read(502, b" <html>Bad Gateway</html>\n", None);
        assert_eq!(page.message, "<html>Bad Gateway</html>");
        assert!(page.is_passing());
        assert_eq!(Refusal::read(404, b"", None).message, "HTTP status 404 without an explanation");
        assert!(!Refusal::read(404, b"404 page not found", None).is_not_found());
        let long = Refusal::read(500, "x".repeat(1 << 20).as_bytes(), None);
        assert_eq!((long.message.len(), long.to_string().len()), (1 << 20, MAX_MESSAGE));
    }

    #[test]
    fn the_time_to_wait_is_the_header_or_in_the_details() {
        let details = json!({"details": {"retryAfterSeconds": 7}}).to_string();
        let seconds = |header| Refusal::read(429, details.as_bytes(), header).retry_after;
        assert_eq!(seconds(None), Some(Duration::from_secs(7)));
        assert_eq!(seconds(Some(3)), Some(Duration::from_secs(3)));
        assert_eq!(Refusal::read(429, b"{}", None).retry_after, None);
    }

    #[test]
    fn only_what_can_pass_by_itself_is_tried_again() {
        let schema = "failed to create typed patch object (n/x; apps/v1, Kind=Deployment): .spec.foo: field not declared in schema";
        let cases = [
            (429, "too many requests", true),
            (500, "etcdserver: leader changed", true),
            (500, schema, false),
            (501, "not implemented", false),
            (503, "apiserver is shutting down", true),
            (504, "timeout", true),
            (
                409,
                "Operation cannot be fulfilled on deployments.apps \"x\": the object has been modified; please apply your changes to the latest version and try again",
                true,
            ),
            (409, "Apply failed with 1 conflict", false),
            (400, "bad", false),
            (401, "Unauthorized", false),
            (403, "forbidden", false),
            (404, "not found", false),
            (422, "invalid", false),
        ];
        for (code, message, expected) in cases {
            assert_eq!(
                refusal(code, json!({"message": message})).is_passing(),
                expected,
                "{code} {message}"
            );
        }
    }
}
