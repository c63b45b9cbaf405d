//! From a value that shows a fault to a small one that shows it too.

use serde_json::{Number, Value};

/// Returns a smaller value of which `shows` still says yes.
///
/// `shows` is asked at most `budget` times, and only about values that differ from those it was asked about.
pub fn shrink(value: Value, budget: usize, mut shows: impl FnMut(&Value) -> bool) -> Value {
    let mut smallest = value;
    let mut left = budget;
    'smaller: loop {
        for candidate in smaller(&smallest) {
            if left == 0 {
                return smallest;
            }
            left -= 1;
            if shows(&candidate) {
                smallest = candidate;
                continue 'smaller;
            }
        }
        return smallest;
    }
}

/// Returns values that are smaller by one step, the greatest steps first.
fn smaller(value: &Value) -> Vec<Value> {
    match value {
        Value::Null => Vec::new(),
        Value::Bool(false) => Vec::new(),
        Value::Bool(true) => vec![Value::Bool(false)],
        Value::Number(number) => numbers(number),
        Value::String(text) => texts(text),
        Value::Array(items) => {
            let halves = [items.len() / 2, items.len().saturating_sub(1)];
            let mut found: Vec<Value> = std::iter::once(0)
                .chain(halves)
                .filter(|length| *length < items.len())
                .map(|length| items.iter().take(length).cloned().collect())
                .collect();
            found.extend((0..items.len()).map(|gone| {
                items
                    .iter()
                    .enumerate()
                    .filter(|(index, _)| *index != gone)
                    .map(|(_, item)| item.clone())
                    .collect()
            }));
            for (index, item) in items.iter().enumerate() {
                for item in smaller(item) {
                    let mut items = items.clone();
                    if let Some(place) = items.get_mut(index) {
                        *place = item;
                    }
                    found.push(Value::Array(items));
                }
            }
            found
        }
        Value::Object(members) => {
            let mut found = Vec::new();
            if members.len() > 1 {
                found.push(Value::Object(serde_json::Map::new()));
            }
            for name in members.keys() {
                let mut members = members.clone();
                members.remove(name);
                found.push(Value::Object(members));
            }
            for (name, member) in members {
                for member in smaller(member) {
                    let mut members = members.clone();
                    members.insert(name.clone(), member);
                    found.push(Value::Object(members));
                }
            }
            found
        }
    }
}

fn numbers(number: &Number) -> Vec<Value> {
    if let Some(number) = number.as_i64() {
        // Half, three quarters, seven eighths: as fast down to a bound as looking it up.
        let shares = (1..64).map(|share| number - number / (1_i64 << share.min(62)));
        let next = std::iter::once(0).chain(shares).chain([number - number.signum()]);
        let mut found: Vec<i64> = next.filter(|next| *next != number).collect();
        found.dedup();
        return found.into_iter().map(Value::from).collect();
    }
    match number.as_f64() {
        Some(float) if float != 0.0 => vec![Value::from(0)],
        _ => Vec::new(),
    }
}

fn texts(text: &str) -> Vec<Value> {
    let length = text.chars().count();
    let mut found: Vec<Value> = [0, length / 2, length.saturating_sub(1)]
        .into_iter()
        .filter(|shorter| *shorter < length)
        .map(|shorter| text.chars().take(shorter).collect::<String>().into())
        .collect();
    if length > 1 {
        found.push(text.chars().skip(1).collect::<String>().into());
    }
    // A text that is plain already would be asked about again and again.
    if text.chars().any(|character| character != 'a') {
        found.push("a".repeat(length).into());
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_does_not_matter_goes() {
        let value = json!({"a": [1, 2, {"port": 7000, "name": "web"}], "b": "x", "c": {"d": true}});
        let found = shrink(value, 1000, |value| {
            value.pointer("/a").and_then(Value::as_array).is_some_and(|items| {
                items.iter().any(|item| item["port"].as_i64().is_some_and(|port| port > 1024))
            })
        });
        assert_eq!(found, json!({"a": [{"port": 1025}]}));
    }

    #[test]
    fn texts_get_short_and_plain() {
        let found = shrink(json!("Grüße an alle"), 1000, |value| {
            value.as_str().is_some_and(|text| text.chars().count() >= 3)
        });
        assert_eq!(found, json!("aaa"));
        let found = shrink(json!("say $(HOME) twice"), 1000, |value| {
            value.as_str().is_some_and(|text| text.contains("$("))
        });
        assert_eq!(found, json!("$("));
    }

    #[test]
    fn it_ends() {
        let mut asked = 0;
        let value = json!({"a": [1, 2, 3]});
        let found = shrink(value.clone(), 5, |_| {
            asked += 1;
            false
        });
        assert_eq!((found, asked), (value, 5));
        assert_eq!(shrink(json!(1e300), 1000, |_| true), json!(0));
    }
}
