//! What every backend promises, as one suite that each runs.

use jiff::Timestamp;

use crate::backend::{Backend, BackendError, Expected, Holder, Key, Lease, SharedKey};

/// A backend under test.
pub(super) struct Subject<'a> {
    pub(super) backend: &'a dyn Backend,
    /// Ends a lease behind its holder's back, as the loss of a lock file or of a network does.
    pub(super) lose: &'a dyn Fn(&Key),
}

/// Runs the whole suite.
pub(super) async fn conforms(subject: Subject<'_>) {
    let Subject { backend, lose } = subject;
    a_record_is_written_only_over_the_version_that_was_read(backend).await;
    a_shared_record_needs_no_lease(backend).await;
    a_log_grows_line_by_line(backend).await;
    a_list_is_sorted_and_ends_at_the_prefix(backend).await;
    one_at_a_time_holds_a_lease(backend).await;
    whoever_lost_the_lease_changes_nothing(backend, lose).await;
    a_lease_covers_its_own_stack_only(backend).await;
}

pub(super) fn key(key: &str) -> Key {
    Key::parse(key).unwrap()
}

pub(super) fn shared(key: &str) -> SharedKey {
    SharedKey::parse(key).unwrap()
}

pub(super) fn holder(who: &str) -> Holder {
    Holder {
        who: who.to_owned(),
        pid: std::process::id(),
        since: "2025-11-22T12:03:00Z".parse::<Timestamp>().unwrap(),
        operation: "apply".to_owned(),
    }
}

async fn lease(backend: &dyn Backend, name: &str, who: &str) -> Box<dyn Lease> {
    backend.lease(&key(name), &holder(who)).await.unwrap()
}

fn is_conflict<T>(result: Result<T, BackendError>) -> bool {
    matches!(result, Err(BackendError::Conflict { .. }))
}

async fn a_record_is_written_only_over_the_version_that_was_read(backend: &dyn Backend) {
    let record = key("releases/cas/1.yaml");
    let lease = lease(backend, "releases/cas", "alice").await;
    assert!(backend.get(&record).await.unwrap().is_none());
    let first = lease.put_if(&record, Expected::Absent, b"1").await.unwrap();
    assert!(is_conflict(lease.put_if(&record, Expected::Absent, b"2").await));
    let second = lease.put_if(&record, Expected::Tag(first.clone()), b"2").await.unwrap();
    assert!(is_conflict(lease.put_if(&record, Expected::Tag(first), b"3").await));
    assert_eq!(backend.get(&record).await.unwrap(), Some((b"2".to_vec(), second.clone())));
    lease.delete(&record).await.unwrap();
    lease.delete(&record).await.unwrap();
    lease.delete(&key("releases/cas/deeper/none")).await.unwrap();
    assert!(is_conflict(lease.put_if(&record, Expected::Tag(second), b"3").await));
    assert!(backend.get(&record).await.unwrap().is_none());
}

async fn a_shared_record_needs_no_lease(backend: &dyn Backend) {
    let record = shared("workspaces/dev.yaml");
    let first = backend.put_if(&record, Expected::Absent, b"1").await.unwrap();
    assert!(is_conflict(backend.put_if(&record, Expected::Absent, b"2").await));
    let second = backend.put_if(&record, Expected::Tag(first.clone()), b"2").await.unwrap();
    assert!(is_conflict(backend.delete(&record, &first).await));
    assert_eq!(backend.get(record.key()).await.unwrap().unwrap().0, b"2");
    backend.delete(&record, &second).await.unwrap();
    backend.delete(&record, &second).await.unwrap();
    backend.delete(&shared("nowhere/dev.yaml"), &second).await.unwrap();
    assert!(backend.get(record.key()).await.unwrap().is_none());
}

async fn a_log_grows_line_by_line(backend: &dyn Backend) {
    let log = key("releases/log/1.journal");
    let lease = lease(backend, "releases/log", "alice").await;
    lease.append(&log, &[]).await.unwrap();
    assert!(backend.get(&log).await.unwrap().is_none());
    lease.append(&log, &[b"one".to_vec()]).await.unwrap();
    lease.append(&log, &[b"".to_vec()]).await.unwrap();
    lease.append(&log, &[b"three".to_vec(), b"four".to_vec()]).await.unwrap();
    assert!(lease.append(&log, &[b"five".to_vec(), b"six\nlines".to_vec()]).await.is_err());
    assert_eq!(backend.get(&log).await.unwrap().unwrap().0, b"one\n\nthree\nfour\n");
}

async fn a_list_is_sorted_and_ends_at_the_prefix(backend: &dyn Backend) {
    assert!(backend.list(&key("list")).await.unwrap().is_empty());
    for name in ["list/b/2", "list/c", "list/b/10", "list-b/x"] {
        backend.put_if(&shared(name), Expected::Absent, b"").await.unwrap();
    }
    let _lease = lease(backend, "list/b", "alice").await;
    let names: Vec<String> =
        backend.list(&key("list")).await.unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(names, ["list/b/10", "list/b/2", "list/c"]);
}

async fn one_at_a_time_holds_a_lease(backend: &dyn Backend) {
    let first = lease(backend, "releases/one", "alice").await;
    assert_eq!(first.generation(), 1);
    let refused = backend.lease(&key("releases/one"), &holder("bob")).await.unwrap_err();
    assert!(
        matches!(&refused, BackendError::Held { holder: Some(present), .. } if **present == holder("alice")),
        "{refused}"
    );
    let beside = lease(backend, "releases/other", "bob").await;
    let identity = first.identity().to_owned();
    assert_ne!(identity, beside.identity());
    drop(first);
    let second = lease(backend, "releases/one", "bob").await;
    assert_eq!((second.generation(), second.identity()), (2, identity.as_str()));
    beside.append(&key("releases/other/1.journal"), &[b"line".to_vec()]).await.unwrap();
}

/// The holder slept, and wakes up before and after somebody else took over.
async fn whoever_lost_the_lease_changes_nothing(backend: &dyn Backend, lose: &dyn Fn(&Key)) {
    let stack = key("releases/lost");
    let names = ["releases/lost/1.yaml", "releases/lost/1.journal", "secrets/lost.age"].map(key);
    let [record, log, vault] = &names;
    let sleeper = lease(backend, "releases/lost", "alice").await;
    let tag = sleeper.put_if(record, Expected::Absent, b"alice").await.unwrap();
    sleeper.append(log, &[b"alice".to_vec()]).await.unwrap();
    let vault_tag = sleeper.put_if(vault, Expected::Absent, b"alice").await.unwrap();
    lose(&stack);
    assert_refused(backend, sleeper.as_ref(), &names, None).await;

    let taker = lease(backend, "releases/lost", "bob").await;
    assert!(taker.generation() > sleeper.generation());
    assert_refused(backend, sleeper.as_ref(), &names, Some("bob")).await;
    taker.put_if(record, Expected::Tag(tag), b"bob").await.unwrap();
    taker.append(log, &[b"bob".to_vec()]).await.unwrap();
    taker.put_if(vault, Expected::Tag(vault_tag), b"bob").await.unwrap();
    assert_refused(backend, sleeper.as_ref(), &names, Some("bob")).await;
    drop(sleeper);
    taker.delete(record).await.unwrap();
    assert_eq!(backend.get(log).await.unwrap().unwrap().0, b"alice\nbob\n");
}

async fn assert_refused(
    backend: &dyn Backend,
    sleeper: &dyn Lease,
    names: &[Key],
    taken_by: Option<&str>,
) {
    let mut before = Vec::new();
    for name in names {
        before.push(backend.get(name).await.unwrap());
    }
    let new = key("releases/lost/2.yaml");
    let mut results = vec![sleeper.put_if(&new, Expected::Absent, b"late").await.map(drop)];
    for (name, present) in names.iter().zip(&before) {
        let (_, tag) = present.clone().unwrap();
        results.push(sleeper.put_if(name, Expected::Tag(tag), b"late").await.map(drop));
        results.push(sleeper.append(name, &[b"late".to_vec()]).await);
        results.push(sleeper.append(name, &[]).await);
        results.push(sleeper.delete(name).await);
    }
    for result in results {
        match result {
            Err(BackendError::Lost { holder, .. }) => {
                assert_eq!(holder.as_ref().map(|holder| holder.who.as_str()), taken_by);
            }
            other => panic!("{other:?}"),
        }
    }
    for (name, present) in names.iter().zip(before) {
        assert_eq!(backend.get(name).await.unwrap(), present, "{name} was changed");
    }
    assert!(backend.get(&new).await.unwrap().is_none());
}

async fn a_lease_covers_its_own_stack_only(backend: &dyn Backend) {
    let names = ["releases/covered-not/1.yaml", "secrets/covered-not.age", "releases/covered.yaml"];
    let lease = lease(backend, "releases/covered", "alice").await;
    lease.append(&key("releases/covered/1.journal"), &[b"own".to_vec()]).await.unwrap();
    lease.put_if(&key("secrets/covered.age"), Expected::Absent, b"own").await.unwrap();
    for name in names.map(key) {
        for result in [
            lease.put_if(&name, Expected::Absent, b"other").await.map(drop),
            lease.append(&name, &[b"other".to_vec()]).await,
            lease.delete(&name).await,
        ] {
            assert!(matches!(result, Err(BackendError::NotCovered { .. })), "{name}: {result:?}");
        }
        assert!(backend.get(&name).await.unwrap().is_none(), "{name}");
    }
}
