//! The one way from a wanted Spec to a plan, whoever wants it: an apply, a preview or a rollback.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use crate::ops::blame::{Court, blame};
use crate::ops::compare::{compare, known_secrets, resolve};
use crate::ops::session::Secrets;
use crate::ops::{Comparison, OpsError, Session, app_secrets};
use crate::release::LatestState;
use crate::runtime::Subject;
use crate::secret::{Resolve, Resolver, SecretError, Vault};
use crate::spec::{Origin, ResourceId, SecretRef, SecretSource, SecretText, Spec, State};

/// What shall exist.
pub(super) struct Wanted<'a> {
    pub(super) spec: &'a Spec,
    pub(super) makers: &'a BTreeMap<ResourceId, Origin>,
    pub(super) sources: BTreeMap<SecretRef, SecretSource>,
    /// Generated secrets that must be in the vault, beside those that the last release uses.
    pub(super) kept: BTreeSet<SecretRef>,
    /// Secrets whose value nobody has. They do no harm as long as no value is asked for.
    pub(super) lost: BTreeSet<SecretRef>,
    /// Whether the files of the project say so, and not a record.
    pub(super) written: bool,
}

/// What it takes to get there.
pub(super) struct Weighed {
    pub(super) latest: LatestState,
    pub(super) moved_from: Option<String>,
    pub(super) resolved: Spec,
    pub(super) comparison: Comparison,
    pub(super) secrets: Secrets,
    /// The lost secrets whose values the target needs.
    pub(super) missed: BTreeSet<SecretRef>,
}

/// Compares what is wanted with what is on record and what the target holds.
pub(super) async fn weigh(
    session: &Session<'_>,
    mut vault: Vault,
    wanted: Wanted<'_>,
) -> Result<Weighed, OpsError> {
    let mut latest = session.releases().latest_state().await?;
    let mut known = known_secrets(&latest.state);
    known.extend(wanted.kept);
    let moved_from = leave_behind(session, &mut latest).await?;
    known.extend(known_secrets(&latest.state));
    let resolved = resolve(wanted.spec);
    take_over_placed(session, &mut vault, (&resolved, &latest.state), &wanted.sources).await?;
    let secrets = session.secrets(vault, wanted.sources, known).await?;
    if wanted.written {
        app_secrets::check_read(session.project.stack.apps(), &secrets.external)?;
    }
    let resolver = Watched {
        resolver: secrets.resolver(),
        lost: wanted.lost,
        missed: Mutex::new(BTreeSet::new()),
    };
    let comparison = compare(
        &resolved,
        &latest.state,
        wanted.makers,
        session.runtime,
        &resolver,
        session.project.parallelism,
    )
    .await
    .map_err(|unequal| {
        let project = wanted.written.then_some(&session.project);
        let court = Court { spec: wanted.spec, makers: wanted.makers, project };
        unequal.into_error(|errors| blame(court, errors))
    })?;
    secrets.check_recorded(&resolved, &latest.state, &comparison.observed)?;
    let missed = resolver.missed.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(Weighed { latest, moved_from, resolved, comparison, secrets, missed })
}

/// Lets the vault know the values that generated secrets have in the target, which count more than its own.
async fn take_over_placed(
    session: &Session<'_>,
    vault: &mut Vault,
    (spec, state): (&Spec, &State),
    sources: &BTreeMap<SecretRef, SecretSource>,
) -> Result<(), OpsError> {
    let drawn =
        sources.iter().filter(|(_, source)| matches!(source, SecretSource::Generated { .. }));
    let wanted: BTreeSet<SecretRef> = drawn.map(|(secret, _)| secret.clone()).collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let ids: BTreeSet<&ResourceId> = spec.resources.keys().chain(state.resources.keys()).collect();
    let subjects: Vec<Subject<'_>> = ids
        .into_iter()
        .map(|id| Subject { desired: spec.resources.get(id), prior: state.resources.get(id) })
        .collect();
    for (secret, value) in session.runtime.read_secrets(&subjects, &wanted).await? {
        vault.take_over(secret, value);
    }
    Ok(())
}

/// Takes what is on record about the target in which the resources live now. If the last release went to
/// another one and left resources there, returns that target's name.
///
/// A record says nothing about another place than its own: what it calls ours may be somebody else's there.
pub(super) async fn leave_behind(
    session: &Session<'_>,
    latest: &mut LatestState,
) -> Result<Option<String>, OpsError> {
    let target = session.target().await?;
    let Some(last) = latest.target.clone().filter(|last| !last.is(&target)) else {
        return Ok(None);
    };
    // What failed there can neither be mended here nor stay so.
    latest.failed = None;
    let here = session.releases().left_in(&target).await?;
    let behind = std::mem::replace(&mut latest.state, here);
    Ok(Some(last.name_beside(&target)).filter(|_| !behind.resources.is_empty()))
}

/// Notes which lost secrets are asked for; they are unknown, so that all of them are found.
struct Watched {
    resolver: Resolver,
    lost: BTreeSet<SecretRef>,
    missed: Mutex<BTreeSet<SecretRef>>,
}

impl Resolve for Watched {
    fn resolve(&self, secret: &SecretRef) -> Result<SecretText, SecretError> {
        if !self.lost.contains(secret) {
            return self.resolver.resolve(secret);
        }
        let mut missed = self.missed.lock().unwrap_or_else(PoisonError::into_inner);
        missed.insert(secret.clone());
        Err(SecretError::NotMade { secret: secret.clone() })
    }

    fn fingerprint(&self, value: &SecretText) -> Option<String> {
        self.resolver.fingerprint(value)
    }
}
