//! Sets apart what somebody changed in the target from what the configuration changed.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::plan::diff::{located, one_sided};
use crate::plan::{Change, Drift, Reason};
use crate::spec::{Editor, Observed, Resource, StateEntry, at_or_below};

/// Lists what differs between a resource as it is and as it will be, and says of each value whether it drifted.
///
/// Who set a value last is what counts where the target knows it, because a target writes values in its own way.
pub(super) fn changes(
    desired: &Resource,
    prior: Option<&StateEntry>,
    observed: &Observed,
) -> (Vec<Change>, Option<Reason>) {
    let planned = observed.planned.as_ref().unwrap_or(&desired.attributes);
    let found = located(observed.live.as_ref(), Some(planned), &observed.sensitive);
    let compared = observed.live.is_some() && !found.is_empty();
    let Some(prior) = prior.filter(|_| compared) else {
        let reason = (!found.is_empty()).then_some(Reason::Configuration);
        return (found.into_iter().map(|(change, _)| change).collect(), reason);
    };
    let judge = Judge::new(desired, prior, observed.editors.as_ref());
    let (mut changes, mut tally) = (Vec::with_capacity(found.len()), Tally::default());
    for (mut change, pointer) in found {
        let configured = judge.is_configured(&change.path);
        change.drift = judge.drift(&change, &pointer, configured);
        tally.configured += usize::from(configured);
        tally.drifted += usize::from(change.drift.is_some());
        tally.secret += usize::from(change.sensitive);
        changes.push(change);
    }
    let reason = tally.reason(changes.len());
    (changes, Some(reason))
}

#[derive(Default)]
struct Tally {
    configured: usize,
    drifted: usize,
    secret: usize,
}

impl Tally {
    fn reason(&self, all: usize) -> Reason {
        match (self.configured, self.drifted) {
            (0, 0) if self.secret == all => Reason::Secret,
            (0, _) => Reason::Drift,
            (configured, 0) if configured == all => Reason::Configuration,
            (_, 0) if self.configured + self.secret >= all => Reason::Configuration,
            _ => Reason::ConfigurationAndDrift,
        }
    }
}

struct Judge<'a> {
    /// The paths that the configuration changed, with their recorded values.
    configured: BTreeMap<String, Option<Value>>,
    /// The paths of objects that the configuration added or removed whole: what a target adds to such, as defaults,
    /// comes and goes with them.
    whole: BTreeSet<String>,
    editors: Option<&'a BTreeMap<String, Editor>>,
}

impl<'a> Judge<'a> {
    fn new(
        desired: &Resource,
        prior: &StateEntry,
        editors: Option<&'a BTreeMap<String, Editor>>,
    ) -> Self {
        let before = &prior.resource.attributes;
        let configured = located(Some(before), Some(&desired.attributes), &[]);
        let configured =
            configured.into_iter().map(|(change, _)| (change.path, change.old)).collect();
        let whole = one_sided(before, &desired.attributes).into_iter().collect();
        Self { configured, whole, editors }
    }

    fn is_configured(&self, path: &str) -> bool {
        let configured = &self.configured;
        configured.contains_key(path)
            || ancestors(path)
                .any(|path| configured.contains_key(path) || self.whole.contains(path))
            || has_descendant(configured, path)
    }

    fn drift(&self, change: &Change, pointer: &str, configured: bool) -> Option<Drift> {
        let by = self.editor(pointer).cloned();
        if change.sensitive {
            // Without an editor, the value may have changed on our side.
            return by.map(|by| Drift { recorded: None, configured, by: Some(by) });
        }
        if !configured {
            return Some(Drift { recorded: change.new.clone(), configured, by });
        }
        let recorded = self.configured.get(&change.path)?;
        let drifted = match (self.editors, recorded, &change.old) {
            (_, Some(_), None) => true,
            (Some(_), Some(_), Some(_)) => by.is_some(),
            (Some(_), None, _) => false,
            (None, recorded, old) => recorded != old,
        };
        drifted.then(|| Drift { recorded: recorded.clone(), configured, by })
    }

    /// Returns who set a value, the whole that it is a part of, or a part of it.
    fn editor(&self, pointer: &str) -> Option<&'a Editor> {
        let editors = self.editors?;
        let above = editors.iter().rev().find(|(place, _)| at_or_below(pointer, place));
        let below = || editors.iter().find(|(place, _)| at_or_below(place, pointer));
        above.or_else(below).map(|(_, editor)| editor)
    }
}

fn ancestors(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices(['.', '[']).filter_map(|(end, _)| path.get(..end)).chain(["."])
}

fn has_descendant<T>(paths: &BTreeMap<String, T>, path: &str) -> bool {
    if path == "." {
        return !paths.is_empty();
    }
    ['.', '['].into_iter().any(|separator| {
        let prefix = format!("{path}{separator}");
        let next = paths.range(prefix.clone()..).next();
        next.is_some_and(|(found, _)| found.starts_with(&prefix))
    })
}
