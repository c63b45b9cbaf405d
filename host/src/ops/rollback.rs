//! Makes a target what an earlier release recorded. The modules are not asked again: what was approved
//! then is what comes back.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::{ConfigError, Stack};
use crate::ops::basis::Basis;
use crate::ops::compare::secrets_in;
use crate::ops::weigh::{Wanted, Weighed, weigh};
use crate::ops::{OpsError, Proposal, Session, app_secrets};
use crate::release::{Operation, Phase, RecordedSource, Release};
use crate::secret::Vault;
use crate::spec::{SecretRef, SecretSource};

/// Which release is replayed, and what that means for its secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rollback {
    /// The release.
    pub revision: u64,
    /// How it ended.
    pub phase: Phase,
    /// Where its resources went, if this is another place than today's.
    pub made_for: Option<String>,
    generated: bool,
    external: bool,
    /// Whether written secrets have the values that the release used.
    kept: bool,
    /// Whether written secrets that were not kept are taken from app.yaml.
    written: bool,
}

impl Rollback {
    /// Says what happens to secrets, a sentence each; nothing of those that the release does not have.
    pub(super) fn secret_notes(&self) -> Vec<&'static str> {
        let notes = [
            (self.generated, "Generated secrets keep today's values."),
            (self.external, "External secrets are read now."),
            (self.kept, "Written secrets have the values that the release used."),
            (
                self.written,
                "Written secrets that were not kept have the values of today's app.yaml.",
            ),
        ];
        notes.into_iter().filter_map(|(applies, note)| applies.then_some(note)).collect()
    }
}

/// Plans that the target becomes what a release recorded. Writes nothing and needs no lease.
///
/// Runs and looks for no module. Generated secrets keep the values they have, external ones are read from
/// today's store, and written ones have the values that the release used; what was not kept of those is taken
/// from today's app.yaml.
///
/// # Errors
///
/// There is no such release, it is a destroy, a secret that it uses cannot be had any more, or the target or
/// the records cannot be read.
pub async fn propose_rollback(
    session: Session<'_>,
    revision: u64,
) -> Result<Proposal<'_>, OpsError> {
    let release = session.releases().get(revision).await?;
    if release.operation == Operation::Destroy {
        return Err(OpsError::RollbackToDestroy { revision });
    }
    tracing::debug!(revision, phase = %release.phase, "replay release");
    let recorded = sources(&release)?;
    let vault = session.open_vault().await?;
    let is_kept = |secret: &SecretRef| vault.written(secret, revision).is_some();
    let mut literals = recorded.iter().filter(|(_, source)| **source == RecordedSource::Literal);
    let mut written = Written::default();
    if literals.any(|(secret, _)| !is_kept(secret)) {
        written = Written::read(&session);
    }
    let found =
        sources_of(&recorded, &vault, revision, |secret| written.secrets.get(secret).cloned());
    let lost: BTreeSet<SecretRef> =
        recorded.keys().filter(|secret| !found.contains_key(*secret)).cloned().collect();
    let has = |kind: fn(&RecordedSource) -> bool| recorded.values().any(kind);
    let (then, target) = (release.went_to(), session.target().await?);
    let rollback = Rollback {
        revision,
        phase: release.phase,
        made_for: (!then.is(&target)).then(|| then.name_beside(&target)),
        generated: has(|source| matches!(source, RecordedSource::Generated { .. })),
        external: has(|source| matches!(source, RecordedSource::External { .. })),
        kept: found.keys().any(is_kept),
        written: found
            .iter()
            .any(|(secret, source)| matches!(source, SecretSource::Literal(_)) && !is_kept(secret)),
    };
    let basis = Basis::recorded(release);
    let is_drawn = |source: &SecretSource| matches!(source, SecretSource::Generated { .. });
    let kept = found.iter().filter(|(_, source)| is_drawn(source));
    let wanted = Wanted {
        spec: &basis.spec,
        makers: &basis.makers(),
        kept: kept.map(|(secret, _)| secret.clone()).collect(),
        sources: found,
        lost,
        written: false,
    };
    let Weighed { latest, moved_from, resolved, comparison, secrets, missed } =
        weigh(&session, vault, wanted).await?;
    if !missed.is_empty() {
        return Err(OpsError::LiteralsGone {
            revision,
            secrets: missed.into_iter().collect(),
            source: written.error,
        });
    }
    Ok(Proposal {
        session,
        operation: Operation::Rollback,
        generation: None,
        rollback: Some(rollback),
        basis,
        comparison,
        latest,
        moved_from,
        resolved,
        secrets: Some(secrets),
        has_vault: false,
        elsewhere: false,
        unrecorded: None,
    })
}

/// Returns where the secrets of a release come from now; `written` knows those whose values were not kept. One whose
/// value is nowhere any more is left out.
pub(super) fn sources_of(
    recorded: &BTreeMap<SecretRef, RecordedSource>,
    vault: &Vault,
    revision: u64,
    written: impl Fn(&SecretRef) -> Option<SecretSource>,
) -> BTreeMap<SecretRef, SecretSource> {
    let found = recorded.iter().filter_map(|(secret, source)| {
        let source = match source {
            RecordedSource::Generated { length, alphabet } => {
                SecretSource::Generated { length: *length, alphabet: alphabet.clone() }
            }
            RecordedSource::External { reference } => {
                SecretSource::External { reference: reference.clone() }
            }
            RecordedSource::Literal => match vault.written(secret, revision) {
                Some(text) => SecretSource::Literal(text.clone()),
                None => written(secret)?,
            },
        };
        Some((secret.clone(), source))
    });
    found.collect()
}

/// Returns where each secret of a release comes from.
fn sources(release: &Release) -> Result<BTreeMap<SecretRef, RecordedSource>, OpsError> {
    let recorded = release.secrets.clone().unwrap_or_default();
    let resources = release.spec.resources.values();
    let known = resources
        .flat_map(|resource| secrets_in(&resource.attributes))
        .all(|secret| recorded.contains_key(&secret));
    if known { Ok(recorded) } else { Err(OpsError::NoSources { revision: release.revision }) }
}

/// The secrets that stand in today's app.yaml.
#[derive(Default)]
struct Written {
    secrets: BTreeMap<SecretRef, SecretSource>,
    /// Why app.yaml cannot be read. It matters only if a secret is missed.
    error: Option<Box<ConfigError>>,
}

impl Written {
    fn read(session: &Session<'_>) -> Self {
        // A rollback begins with the header of the stack, so that a broken app.yaml is no hindrance.
        let stack = match Stack::load(session.project.stack.stack_dir()) {
            Ok(stack) => stack,
            Err(error) => return Self { error: Some(Box::new(error)), ..Self::default() },
        };
        let mut secrets = BTreeMap::new();
        for app in stack.apps() {
            // What is wrong with a secret of today is for the next apply to say.
            let contribution = app_secrets::contribution(app, stack.namespace()).ok().flatten();
            secrets.extend(contribution.into_iter().flat_map(|contribution| {
                contribution.secrets.into_iter().map(|(name, source)| {
                    let (app, accessory) =
                        (app.name().to_string(), app_secrets::WORKLOAD.to_owned());
                    (SecretRef { app, accessory, name }, source)
                })
            }));
        }
        secrets.retain(|_, source| matches!(source, SecretSource::Literal(_)));
        Self { secrets, error: None }
    }
}
