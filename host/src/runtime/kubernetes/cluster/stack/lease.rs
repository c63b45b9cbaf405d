//! The Lease that says who changes a stack: its form, and what it means to somebody who comes along.
//!
//! Times in it are those of the API server, so that a holder and a taker whose clocks differ agree on its end.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use crate::runtime::kubernetes::cluster::objects::{Parent, mark};
use crate::runtime::{Claimant, Owner};

/// How long a holder that says nothing more is taken to be alive, in seconds.
pub(super) const SECONDS: i64 = 60;

/// The annotation that tells the runs of one place of records from those of others.
const RECORDS: &str = "kusion.io/records";
/// The annotation that counts those runs.
const GENERATION: &str = "kusion.io/generation";
/// The annotation that names the last holder when nobody holds the Lease.
const LAST: &str = "kusion.io/last-holder";

/// A Lease as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lease {
    /// The user, machine and operation; empty if nobody holds it.
    pub(crate) holder: String,
    /// Who held it last, if nobody does.
    pub(crate) last: String,
    pub(crate) since: Option<Timestamp>,
    renewed: Option<Timestamp>,
    seconds: i64,
    transitions: i64,
    records: String,
    generation: String,
    /// What the server tells versions of the object apart by.
    pub(crate) version: String,
}

/// What a Lease means to somebody who wants to change the stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// Nobody holds it, or its holder is known to be dead.
    Free,
    /// This very run holds it.
    Ours,
    /// Somebody else holds it, until then unless it is renewed.
    Held { until: Timestamp },
}

impl Lease {
    /// Reads a Lease. What somebody else left out or wrote in another way is taken as not said.
    pub(crate) fn read(object: &Value) -> Self {
        let text = |pointer: &str| {
            object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let annotation = |key: &str| {
            let annotations = object.pointer("/metadata/annotations");
            let value = annotations.and_then(|annotations| annotations.get(key)?.as_str());
            value.unwrap_or_default().to_owned()
        };
        let number = |pointer| object.pointer(pointer).and_then(Value::as_i64);
        Self {
            holder: text("/spec/holderIdentity"),
            last: annotation(LAST),
            since: text("/spec/acquireTime").parse().ok(),
            renewed: text("/spec/renewTime").parse().ok(),
            seconds: number("/spec/leaseDurationSeconds").unwrap_or(SECONDS),
            transitions: number("/spec/leaseTransitions").unwrap_or(0),
            records: annotation(RECORDS),
            generation: annotation(GENERATION),
            version: text("/metadata/resourceVersion"),
        }
    }

    /// Says what the Lease means to a run, at a time of the server.
    pub(super) fn standing(&self, run: &Claimant, now: Timestamp) -> Standing {
        if self.holder.is_empty() {
            return Standing::Free;
        }
        let same_place = self.records == run.records && self.user() == run.who;
        if same_place && self.generation == run.generation.to_string() {
            return Standing::Ours;
        }
        // One that was never renewed ends with what is counted from its taking.
        let Some(renewed) = self.renewed.or(self.since) else { return Standing::Free };
        let until = renewed.saturating_add(SignedDuration::from_secs(self.seconds));
        match until {
            // The lease of the records is ours, so the run that held both has ended.
            _ if same_place => Standing::Free,
            Ok(until) if until > now => Standing::Held { until },
            _ => Standing::Free,
        }
    }

    /// Returns the user and machine of the holder.
    fn user(&self) -> &str {
        self.holder.rsplit_once(" (").map_or(self.holder.as_str(), |(user, _)| user)
    }

    /// Returns how often the Lease went from one holder to another.
    pub(super) fn transitions(&self) -> i64 {
        self.transitions
    }
}

/// Names a holder in the way of `holderIdentity`, for whoever lists Leases.
pub(crate) fn identity(run: &Claimant) -> String {
    format!("{} ({})", run.who, run.operation)
}

/// A Lease as it is written.
#[derive(Clone, Copy)]
pub(super) struct Writing<'a> {
    pub(crate) parent: &'a Parent,
    pub(crate) owner: &'a Owner,
    /// The version that it replaces; `None` makes it.
    pub(crate) version: Option<&'a str>,
    pub(super) transitions: i64,
}

impl Writing<'_> {
    /// Makes the object of a Lease that a run holds.
    pub(crate) fn held(self, run: &Claimant, since: Timestamp, now: Timestamp) -> Value {
        let annotations =
            [(RECORDS, run.records.clone()), (GENERATION, run.generation.to_string())];
        let spec = json!({
            "holderIdentity": identity(run),
            "leaseDurationSeconds": SECONDS,
            "leaseTransitions": self.transitions,
            "acquireTime": format!("{since:.6}"),
            "renewTime": format!("{now:.6}"),
        });
        self.object(&annotations, spec)
    }

    /// Makes the object of a Lease that nobody holds; `last` held it.
    pub(super) fn free(self, last: &Claimant) -> Value {
        let spec = json!({"leaseTransitions": self.transitions});
        self.object(&[(LAST, identity(last))], spec)
    }

    fn object(self, annotations: &[(&str, String)], spec: Value) -> Value {
        let Self { parent, owner, version, .. } = self;
        let mut metadata = Map::new();
        metadata.insert("name".to_owned(), parent.name.as_str().into());
        metadata.insert("namespace".to_owned(), parent.namespace.as_str().into());
        if let Some(version) = version {
            metadata.insert("resourceVersion".to_owned(), version.into());
        }
        let said =
            annotations.iter().map(|(key, value)| ((*key).to_owned(), value.as_str().into()));
        metadata.insert("annotations".to_owned(), Value::Object(said.collect()));
        mark(&mut metadata, owner);
        json!({
            "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
            "metadata": metadata, "spec": spec,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::kubernetes::cluster::objects::owner;

    fn run(who: &str, records: &str, generation: u64) -> Claimant {
        let (who, records) = (who.to_owned(), records.to_owned());
        Claimant { who, operation: "apply".to_owned(), records, generation }
    }

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn held(by: &Claimant) -> Lease {
        let (since, now) = (time("2026-01-01T12:00:00Z"), time("2026-01-01T12:05:00.25Z"));
        let owner = owner("dev");
        let parent = Parent::of(&owner, "shop");
        let writing = Writing { parent: &parent, owner: &owner, version: None, transitions: 3 };
        let object = writing.held(by, since, now);
        assert_eq!(object["spec"]["holderIdentity"], "ada@laptop (apply)");
        assert_eq!(object["spec"]["renewTime"], "2026-01-01T12:05:00.250000Z");
        Lease::read(&object)
    }

    #[test]
    fn what_was_written_is_read_again() {
        let lease = held(&run("ada@laptop", "place", 7));
        assert_eq!(lease.holder, "ada@laptop (apply)");
        assert_eq!(lease.since, Some(time("2026-01-01T12:00:00Z")));
        assert_eq!((lease.transitions(), lease.seconds), (3, 60));
    }

    #[test]
    fn who_may_go_on_depends_on_who_holds_it_and_since_when() {
        let lease = held(&run("ada@laptop", "place", 7));
        let (early, late) = (time("2026-01-01T12:05:59Z"), time("2026-01-01T12:06:01Z"));
        let until = Standing::Held { until: time("2026-01-01T12:06:00.25Z") };
        let cases = [
            (run("ada@laptop", "place", 7), early, Standing::Ours),
            // A run of the same user on the same records holds them, so the one before has ended.
            (run("ada@laptop", "place", 8), early, Standing::Free),
            // The records were copied to another machine, where their lease proves nothing.
            (run("ada@server", "place", 8), early, until),
            (run("ada@laptop", "elsewhere", 8), early, until),
            (run("ada@laptop", "elsewhere", 7), early, until),
            (run("bob@laptop", "place", 8), early, until),
            (run("bob@desk", "elsewhere", 1), late, Standing::Free),
        ];
        for (run, now, expected) in cases {
            assert_eq!(lease.standing(&run, now), expected, "{run:?}");
        }
    }

    #[test]
    fn a_lease_that_was_given_back_names_its_last_holder() {
        let (owner, ada) = (owner("dev"), run("ada@laptop", "place", 7));
        let parent = Parent::of(&owner, "shop");
        let writing =
            Writing { parent: &parent, owner: &owner, version: Some("12"), transitions: 3 };
        let object = writing.free(&ada);
        assert_eq!(object["metadata"]["resourceVersion"], "12");
        let lease = Lease::read(&object);
        assert_eq!((lease.holder.as_str(), lease.last.as_str()), ("", "ada@laptop (apply)"));
        let now = time("2026-01-01T12:00:00Z");
        assert_eq!(lease.standing(&run("bob@desk", "x", 1), now), Standing::Free);
    }

    #[test]
    fn a_lease_of_another_tool_counts_as_long_as_it_says() {
        let lease = Lease::read(&json!({"spec": {
            "holderIdentity": "robot", "leaseDurationSeconds": 15,
            "renewTime": "2026-01-01T12:00:00.000000Z",
        }}));
        let ada = run("ada@laptop", "", 1);
        let until = time("2026-01-01T12:00:15Z");
        let at = |text| lease.standing(&ada, time(text));
        assert_eq!(at("2026-01-01T12:00:14Z"), Standing::Held { until });
        assert_eq!(at("2026-01-01T12:00:15Z"), Standing::Free);
        assert_eq!(Lease::read(&json!({})).standing(&ada, until), Standing::Free);
    }
}
