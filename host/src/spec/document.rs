//! How a Spec and a State are written: as `resources: [...]`, sorted by id.

use std::collections::BTreeMap;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::spec::{Resource, ResourceId, Spec, State, StateEntry};

#[derive(Serialize)]
struct Written<'a, T> {
    resources: Vec<&'a T>,
}

#[derive(Deserialize)]
struct Read<T> {
    resources: Vec<T>,
}

fn index<T, E: Error>(
    read: Read<T>,
    id: fn(&T) -> &ResourceId,
) -> Result<BTreeMap<ResourceId, T>, E> {
    let mut resources = BTreeMap::new();
    for resource in read.resources {
        let id = id(&resource).clone();
        if resources.contains_key(&id) {
            return Err(E::custom(format_args!("resource `{id}` occurs twice")));
        }
        resources.insert(id, resource);
    }
    Ok(resources)
}

impl Serialize for Spec {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Written { resources: self.resources.values().collect() }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Spec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = Read::<Resource>::deserialize(deserializer)?;
        Ok(Self { resources: index(read, |resource| &resource.id)? })
    }
}

impl Serialize for State {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Written { resources: self.resources.values().collect() }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for State {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = Read::<StateEntry>::deserialize(deserializer)?;
        Ok(Self { resources: index(read, |entry| &entry.resource.id)? })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn documents() -> Value {
        json!({"resources": [
            {"id": "a", "type": "Kubernetes", "attributes": {"x": 1}},
            {
                "id": "b", "type": "Terraform", "attributes": {}, "dependsOn": ["a"],
                "extensions": {"provider": "p"},
            },
        ]})
    }

    #[test]
    fn a_spec_is_a_list_of_resources_sorted_by_id() {
        let mut shuffled = documents();
        shuffled["resources"].as_array_mut().unwrap().reverse();
        let spec: Spec = serde_json::from_value(shuffled).unwrap();
        assert_eq!(serde_json::to_value(&spec).unwrap(), documents());
    }

    #[test]
    fn a_state_keeps_what_a_spec_has_and_more() {
        let mut document = documents();
        document["resources"][0]["private"] = json!({"file": "f"});
        document["resources"][1]["adopted"] = json!(true);
        document["resources"][1]["origin"] =
            json!({"app": "shop", "accessory": "db", "module": "mysql"});
        let state: State = serde_json::from_value(document.clone()).unwrap();
        assert_eq!(serde_json::to_value(&state).unwrap(), document);
    }

    #[test]
    fn an_id_cannot_occur_twice() {
        let mut document = documents();
        document["resources"][1]["id"] = json!("a");
        let error = serde_json::from_value::<Spec>(document).unwrap_err();
        assert_eq!(error.to_string(), "resource `a` occurs twice");
    }
}
