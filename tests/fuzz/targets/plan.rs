//! What is to be done about any desired, recorded and live resources, against the simplest model of a target.

use std::collections::BTreeMap;
use std::path::Path;

use kusion::plan::{Action, Plan, diff};
use kusion::spec::{Observed, ResourceId, Spec, State, StateEntry};
use serde::Deserialize;
use serde_json::Value;

use super::Target;

pub const TARGET: Target = Target { name: "plan", run, large, cases: 1_000 };

/// A target: what it holds, by id.
type Live = BTreeMap<ResourceId, Value>;

#[derive(Deserialize)]
struct Input {
    #[serde(default)]
    spec: Option<Spec>,
    #[serde(default)]
    state: Option<State>,
    #[serde(default)]
    live: Live,
    /// Resources that cannot change in place.
    #[serde(default)]
    replace: Vec<String>,
    #[serde(default)]
    sensitive: Vec<String>,
}

fn run(input: &[u8], _folder: &Path) {
    let Ok(input) = serde_json::from_slice::<Input>(input) else { return };
    let (spec, state) =
        (input.spec.clone().unwrap_or_default(), input.state.clone().unwrap_or_default());
    let plan = plan(&spec, &state, &input, &input.live);
    assert_eq!(plan, self::plan(&spec, &state, &input, &input.live));
    check_order(&plan, &spec, &state);
    drop(serde_json::to_string(&plan).unwrap());

    let (live, state) = carry_out(&plan, &spec, &state, input.live.clone());
    for (id, resource) in &spec.resources {
        assert_eq!(live.get(id), Some(&resource.attributes), "{id}");
    }
    let second = self::plan(&spec, &state, &input, &live);
    assert!(second.is_empty(), "{second:?}");

    let destroy = Plan::destroy(&state, &observed(&Spec::default(), &state, &input, &live));
    let (live, state) = carry_out(&destroy, &Spec::default(), &state, live);
    assert!(state.resources.is_empty());
    assert!(live.keys().all(|id| !spec.resources.contains_key(id) || is_adopted(&input, id)));
}

/// Resources that were there and nobody's are adopted, and never deleted.
fn is_adopted(input: &Input, id: &ResourceId) -> bool {
    let recorded = input.state.as_ref().and_then(|state| state.resources.get(id));
    recorded.map_or(input.live.contains_key(id), |entry| entry.adopted)
}

fn plan(spec: &Spec, state: &State, input: &Input, live: &Live) -> Plan {
    Plan::between(spec, state, &observed(spec, state, input, live), &BTreeMap::new())
}

fn observed(
    spec: &Spec,
    state: &State,
    input: &Input,
    live: &Live,
) -> BTreeMap<ResourceId, Observed> {
    let ids = spec.resources.keys().chain(state.resources.keys());
    ids.map(|id| {
        let planned = spec.resources.get(id).map(|resource| resource.attributes.clone());
        let live = live.get(id).cloned();
        let observed = Observed {
            replace: live != planned && input.replace.iter().any(|replace| replace == id.as_str()),
            foreign: live.is_some() && !state.resources.contains_key(id),
            sensitive: input.sensitive.clone(),
            live,
            planned,
            ..Observed::default()
        };
        (id.clone(), observed)
    })
    .collect()
}

fn check_order(plan: &Plan, spec: &Spec, state: &State) {
    let mut seen = std::collections::BTreeSet::new();
    for (place, step) in plan.steps.iter().enumerate() {
        assert!(seen.insert(&step.id), "{} twice", step.id);
        assert!(step.after.iter().all(|after| *after < place), "{step:?} at {place}");
        assert!(step.after.windows(2).all(|pair| pair[0] < pair[1]));
        assert_eq!(step.action == Action::Delete, !spec.resources.contains_key(&step.id));
        assert_eq!(step.reason.is_none(), step.action == Action::Unchanged);
    }
    let known = seen.len() + plan.forgotten.len();
    let all: std::collections::BTreeSet<_> =
        spec.resources.keys().chain(state.resources.keys()).collect();
    assert_eq!(known, all.len());
}

fn carry_out(plan: &Plan, spec: &Spec, state: &State, mut live: Live) -> (Live, State) {
    let mut after = state.clone();
    for id in &plan.forgotten {
        after.resources.remove(id);
    }
    for step in &plan.steps {
        let old = live.get(&step.id).cloned();
        if step.action == Action::Delete {
            live.remove(&step.id);
            after.resources.remove(&step.id);
            continue;
        }
        let resource = spec.resources[&step.id].clone();
        if step.action == Action::Unchanged {
            assert_eq!(old.as_ref(), Some(&resource.attributes), "{}", step.id);
        }
        if !step.changes.is_empty() {
            assert_ne!(old.as_ref(), Some(&resource.attributes), "{}", step.id);
        }
        assert_eq!(
            diff(old.as_ref(), Some(&resource.attributes), &[]).is_empty(),
            old.as_ref() == Some(&resource.attributes)
        );
        let prior = state.resources.get(&step.id);
        let adopted = prior.map_or(old.is_some(), |prior| prior.adopted);
        live.insert(step.id.clone(), resource.attributes.clone());
        let entry =
            StateEntry { resource, origin: None, adopted, uncertain: false, private: Value::Null };
        after.resources.insert(step.id.clone(), entry);
    }
    (live, after)
}

fn large() -> Vec<(&'static str, Vec<u8>)> {
    let spec = |needs: &dyn Fn(usize) -> Vec<String>| -> Value {
        (0..2_000)
            .map(|n| {
                serde_json::json!({
                    "id": format!("r{n}"), "type": "x", "attributes": {"a": n}, "dependsOn": needs(n),
                })
            })
            .collect()
    };
    let chain = spec(&|n| vec![format!("r{}", n + 1)]);
    let ring = spec(&|n| vec![format!("r{}", (n + 1) % 2_000)]);
    let dense = spec(&|n| (n + 1..(n + 50).min(2_000)).map(|m| format!("r{m}")).collect());
    let input = |spec: &Value| {
        serde_json::json!({"spec": {"resources": spec}, "state": {"resources": spec}})
            .to_string()
            .into_bytes()
    };
    vec![("chain", input(&chain)), ("ring", input(&ring)), ("dense", input(&dense))]
}
