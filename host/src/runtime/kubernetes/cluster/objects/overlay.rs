//! What an object would become, where the server could not be asked.

use serde_json::Value;

/// Lays an object over a live one: members merge, lists whose items have names merge by name, everything
/// else takes the new value. It knows neither defaults nor removals, so it is for display only.
pub(crate) fn overlay(live: &Value, object: &Value) -> Value {
    match (live, object) {
        (Value::Object(live), Value::Object(object)) => {
            let mut merged = live.clone();
            for (key, value) in object {
                let value = match live.get(key) {
                    Some(live) => overlay(live, value),
                    None => value.clone(),
                };
                merged.insert(key.clone(), value);
            }
            Value::Object(merged)
        }
        (Value::Array(live), Value::Array(object)) => {
            let named = |item: &Value| item.get("name").is_some_and(Value::is_string);
            if !live.iter().chain(object).all(named) {
                return Value::Array(object.clone());
            }
            let counterpart = |item: &Value| live.iter().find(|live| live["name"] == item["name"]);
            let merge =
                |item: &Value| counterpart(item).map_or(item.clone(), |live| overlay(live, item));
            Value::Array(object.iter().map(merge).collect())
        }
        (_, object) => object.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn defaults_of_the_server_stay_and_what_is_given_wins() {
        let live = json!({
            "spec": {
                "replicas": 1, "strategy": {"type": "RollingUpdate"}, "finalizers": ["a", "b"],
                "containers": [{"name": "gone"}, {"name": "main", "image": "a:1", "imagePullPolicy": "Always"}],
            },
        });
        let object = json!({
            "spec": {"replicas": 2, "finalizers": ["b"], "containers": [{"name": "main", "image": "a:2"}]},
        });
        assert_eq!(
            overlay(&live, &object),
            json!({
                "spec": {
                    "replicas": 2, "strategy": {"type": "RollingUpdate"}, "finalizers": ["b"],
                    "containers": [{"name": "main", "image": "a:2", "imagePullPolicy": "Always"}],
                },
            })
        );
    }
}
