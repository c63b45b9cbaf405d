//! What a proxy is told to do, and what it has seen.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{Fault, Rule};

/// A request as a proxy has seen it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The method of HTTP.
    pub verb: String,
    /// Path and query.
    pub target: String,
    /// The status code that the server answered, if it was asked and answered.
    pub status: Option<u16>,
    /// What went wrong on purpose.
    pub fault: Option<Fault>,
}

#[derive(Debug, Default)]
pub(super) struct Record(Mutex<State>);

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) latency: Duration,
    pub(super) rules: Vec<Rule>,
    pub(super) requests: Vec<Request>,
    /// How often each request was sent, by verb and target.
    sent: BTreeMap<(String, String), usize>,
    /// How many requests were forgotten; their answers may still come.
    forgotten: usize,
}

impl Record {
    pub(super) fn locked(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Writes a request down and decides about it. Returns its number, its fault and its latency.
    pub(super) fn arrived(&mut self, verb: &str, target: &str) -> (usize, Option<Fault>, Duration) {
        let sent = self.sent.entry((verb.to_owned(), target.to_owned())).or_default();
        let before = std::mem::replace(sent, *sent + 1);
        let fault = self.rules.iter_mut().find_map(|rule| rule.decide(verb, target, before));
        self.requests.push(Request {
            verb: verb.to_owned(),
            target: target.to_owned(),
            status: None,
            fault,
        });
        (self.forgotten + self.requests.len() - 1, fault, self.latency)
    }

    /// Writes down what the server answered to request `number`.
    pub(super) fn answered(&mut self, number: usize, status: u16) {
        let request =
            number.checked_sub(self.forgotten).and_then(|index| self.requests.get_mut(index));
        if let Some(request) = request {
            request.status = Some(status);
        }
    }

    /// Forgets all requests.
    pub(super) fn forget(&mut self) {
        self.forgotten += self.requests.len();
        self.requests.clear();
    }
}
