//! Where the resources of a stack may lie: each target it ever went to has a newest release, and that one
//! is the only record of what is left there.

use std::collections::BTreeMap;

use crate::release::{Operation, Phase, Release, ReleaseError, ReleaseStore, TargetRecord};
use crate::spec::State;

/// What a release says about its place, without its resources.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) phase: Phase,
    pub(super) operation: Operation,
    target: TargetRecord,
    /// Whether resources exist after it, or may exist.
    holds: bool,
}

impl From<Release> for Place {
    fn from(release: Release) -> Self {
        let holds = !release.state.resources.is_empty() || !release.phase.is_finished();
        let target = release.went_to();
        Self { phase: release.phase, operation: release.operation, target, holds }
    }
}

/// The places of releases, each read once.
#[derive(Debug)]
pub(super) struct Places<'a> {
    store: &'a ReleaseStore,
    /// `None` for a record that cannot be understood.
    read: BTreeMap<u64, Option<Place>>,
}

impl<'a> Places<'a> {
    pub(super) fn new(store: &'a ReleaseStore) -> Self {
        Self { store, read: BTreeMap::new() }
    }

    /// Returns the place of a release; `None` if its record is gone or cannot be understood.
    pub(super) async fn of(&mut self, revision: u64) -> Result<Option<&Place>, ReleaseError> {
        if !self.read.contains_key(&revision) {
            let place = understood(self.store.get(revision).await)?.map(Place::from);
            self.read.insert(revision, place);
        }
        Ok(self.read.get(&revision).and_then(Option::as_ref))
    }

    /// Says whether no later one of the releases tells what a release left in its target. A record that cannot be
    /// understood may be such a one.
    pub(super) async fn is_only_record(
        &mut self,
        revision: u64,
        revisions: &[u64],
    ) -> Result<bool, ReleaseError> {
        let target = match self.of(revision).await? {
            None => return Ok(true),
            Some(Place { holds: false, .. }) => return Ok(false),
            Some(place) => place.target.clone(),
        };
        for later in revisions.iter().rev().take_while(|later| **later > revision) {
            if self.of(*later).await?.is_some_and(|place| place.target.replaces(&target)) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

impl ReleaseStore {
    /// Returns what the newest release that went to a target left there; nothing if none did.
    ///
    /// # Errors
    ///
    /// The backend cannot be read, or a record that may be the one cannot be understood.
    pub async fn left_in(&self, target: &TargetRecord) -> Result<State, ReleaseError> {
        for revision in self.revisions().await?.into_iter().rev() {
            let release = self.get(revision).await?;
            if release.went_to().is(target) {
                return Ok(release.state);
            }
        }
        Ok(State::default())
    }

    /// Says whether resources are, or may be, on record in another target than this one.
    ///
    /// # Errors
    ///
    /// The backend cannot be read. A record that cannot be understood may speak of resources.
    pub async fn lies_elsewhere(&self, target: &TargetRecord) -> Result<bool, ReleaseError> {
        let mut seen: Vec<TargetRecord> = Vec::new();
        let mut places = Places::new(self);
        for revision in self.revisions().await?.into_iter().rev() {
            match places.of(revision).await? {
                None => return Ok(true),
                Some(place)
                    if target.is(&place.target)
                        || seen.iter().any(|seen| seen.replaces(&place.target)) => {}
                Some(place) if place.holds => return Ok(true),
                Some(place) => seen.push(place.target.clone()),
            }
        }
        Ok(false)
    }
}

/// Passes on that the backend cannot be read; what is wrong with one record is not the reader's business.
fn understood(release: Result<Release, ReleaseError>) -> Result<Option<Release>, ReleaseError> {
    match release {
        Err(ReleaseError::Backend(error)) => Err(error.into()),
        release => Ok(release.ok()),
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use super::*;
    use crate::backend::MemoryBackend;
    use crate::release::tests::{draft, entry, holder, stack, state, store};
    use crate::release::{Draft, Journal};
    use crate::spec::Spec;

    /// Reads `name` or `name=id`.
    fn target_of(text: &str) -> TargetRecord {
        let (name, id) = text.split_once('=').map_or((text, None), |(name, id)| (name, Some(id)));
        TargetRecord { name: name.to_owned(), id: id.map(str::to_owned) }
    }

    /// Makes a release that goes to a target and leaves these resources there.
    async fn release(store: &ReleaseStore, target: &str, left: &[&str], phase: Phase) {
        let lease = store.lease(&holder()).await.unwrap();
        let draft = Draft {
            target: target_of(target),
            spec: Spec::default(),
            prior: state(left.iter().map(|name| entry(name, "here"))),
            intents: Vec::new(),
            ..draft()
        };
        let journal = Journal::begin(store.clone(), lease, draft).await.unwrap();
        journal.finish(phase).await.unwrap();
    }

    async fn told(releases: &[(&str, &[&str])]) -> (MemoryBackend, ReleaseStore) {
        let backend = MemoryBackend::default();
        let store = store(&backend);
        for (target, left) in releases {
            release(&store, target, left, Phase::Succeeded).await;
        }
        (backend, store)
    }

    #[tokio::test]
    async fn the_only_record_of_what_lies_somewhere_is_not_pruned() {
        for (releases, left) in [
            (&[("a", &["x"][..]), ("a", &["x"]), ("b", &["x"]), ("b", &["x"])][..], &[2, 4][..]),
            (&[("a", &["x"]), ("a", &[]), ("b", &["x"]), ("b", &["x"])], &[4]),
            (&[("a", &["x"]), ("b", &["x"]), ("a", &["y"]), ("c", &["x"])], &[2, 3, 4]),
            (&[("a", &["x"]), ("b", &["x"]), ("a", &["y"])], &[2, 3]),
            // Two names of one target; and one name of two, of which one was not told apart at first.
            (&[("a=1", &["x"]), ("b=1", &["x"]), ("c=2", &["x"])], &[2, 3]),
            (&[("a", &["x"]), ("a=1", &["x"]), ("a=2", &["x"])], &[2, 3]),
            (&[("a=1", &["x"]), ("a", &["x"])], &[1, 2]),
        ] {
            let (_, store) = told(releases).await;
            let lease = store.lease(&holder()).await.unwrap();
            store.prune(lease.as_ref(), NonZeroUsize::MIN).await.unwrap();
            assert_eq!(store.revisions().await.unwrap(), left, "{releases:?}");
        }
    }

    #[tokio::test]
    async fn a_record_that_cannot_be_understood_is_not_pruned() {
        let (backend, store) = told(&[("a", &["x"]), ("a", &["x"]), ("a", &["x"])]).await;
        backend.overwrite(&stack("dev").record(2), Some(b"{".to_vec()));
        let lease = store.lease(&holder()).await.unwrap();
        assert_eq!(store.prune(lease.as_ref(), NonZeroUsize::MIN).await.unwrap(), [1]);
        assert_eq!(store.revisions().await.unwrap(), [2, 3]);
    }

    #[tokio::test]
    async fn each_target_has_what_its_own_last_release_left() {
        let (_, store) =
            told(&[("a", &["x"]), ("a", &["x", "y"]), ("b", &["z"]), ("c", &[])]).await;
        for (target, left, elsewhere) in
            [("a", &["x", "y"][..], true), ("b", &["z"], true), ("c", &[], true), ("d", &[], true)]
        {
            let expected = state(left.iter().map(|name| entry(name, "here")));
            assert_eq!(store.left_in(&target_of(target)).await.unwrap(), expected, "{target}");
            assert_eq!(
                store.lies_elsewhere(&target_of(target)).await.unwrap(),
                elsewhere,
                "{target}"
            );
        }
        release(&store, "a", &[], Phase::Succeeded).await;
        assert!(!store.lies_elsewhere(&target_of("b")).await.unwrap());
        assert!(store.lies_elsewhere(&target_of("a")).await.unwrap());
    }

    #[tokio::test]
    async fn a_target_is_known_again_under_another_name_and_another_one_under_its_name_is_not() {
        let (_, store) = told(&[("a", &["old"]), ("a=1", &["x"]), ("b=2", &["y"])]).await;
        for (target, left) in [
            ("a=1", &["x"][..]),
            ("moved=1", &["x"]),
            ("b=1", &["x"]),
            // Who may not ask what it is goes by the name.
            ("a", &["x"]),
            // Nobody knows whether the first release went to this one; it was called so.
            ("a=3", &["old"]),
            ("c=3", &[]),
        ] {
            let expected = state(left.iter().map(|name| entry(name, "here")));
            assert_eq!(store.left_in(&target_of(target)).await.unwrap(), expected, "{target}");
        }
    }
}
