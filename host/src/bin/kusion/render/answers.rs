//! What a module answers otherwise than before, for its author.

use std::collections::{BTreeMap, BTreeSet};

use kusion::plan::{Change, diff};
use serde_json::Value;

use crate::render::{Paint, Style, harmless_line};

/// Shows what is different between two answers to a case, which are texts as `expected.yaml` has them: resources that
/// come and go by their ids, and of those that stay the fields. Returns nothing if nothing is different.
pub(crate) fn answer_changes(old: &str, new: &str, paint: Paint) -> String {
    let (Ok(old_answers), Ok(new_answers)) =
        (kusion::yaml::parse_value(old), kusion::yaml::parse_value(new))
    else {
        return super::difference(old, new);
    };
    let (before, after) = (parts(&old_answers), parts(&new_answers));
    let mut text = String::new();
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for name in names {
        match (before.get(name), after.get(name)) {
            (None, _) => line(&mut text, paint, Style::Create, &format!("+ {name}")),
            (_, None) => line(&mut text, paint, Style::Delete, &format!("- {name}")),
            (Some(old), Some(new)) if old == new => {}
            (Some(old), Some(new)) => {
                line(&mut text, paint, Style::Update, &format!("~ {name}"));
                for change in diff(Some(old), Some(new), &[]) {
                    text.push_str(&format!("      {}\n", harmless_line(&told(&change))));
                }
            }
        }
    }
    text
}

fn line(text: &mut String, paint: Paint, style: Style, words: &str) {
    text.push_str(&format!("  {}\n", paint.text(style, &harmless_line(words))));
}

/// The parts of answers that come and go as a whole: resources by their ids, and what else there is by its use.
fn parts(answers: &Value) -> BTreeMap<String, &Value> {
    let mut parts = BTreeMap::new();
    for answer in answers.as_array().into_iter().flatten() {
        let word = |key: &str| answer[key].as_str().unwrap_or_default();
        let used = match word("accessory") {
            "" => word("app").to_owned(),
            accessory => format!("{}.{accessory}", word("app")),
        };
        for resource in answer["resources"].as_array().into_iter().flatten() {
            parts.insert(resource["id"].as_str().unwrap_or_default().to_owned(), resource);
        }
        for key in ["patches", "secrets"] {
            if let Some(value) = answer.get(key) {
                parts.insert(format!("{key} of {used}"), value);
            }
        }
    }
    parts
}

fn told(change: &Change) -> String {
    let value = |value: &Option<Value>| match value {
        None => "(none)".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
    };
    format!("{}: {} -> {}", change.path, value(&change.old), value(&change.new))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_goes_and_changes_is_shown_by_its_id() {
        let old = "\
- app: shop
  accessory: a
  resources:
  - {id: v1:Service:shop:a, attributes: {spec: {port: 1, name: x}}}
  - {id: v1:Secret:shop:a, attributes: {}}
";
        let new = "\
- app: shop
  accessory: a
  patches: [{env: []}]
  resources:
  - {id: v1:Service:shop:a, attributes: {spec: {port: 2, name: y}}}
  - {id: v1:ConfigMap:shop:a, attributes: {}}
";
        insta::assert_snapshot!(answer_changes(old, new, Paint(false)), @r"
        + patches of shop.a
        + v1:ConfigMap:shop:a
        - v1:Secret:shop:a
        ~ v1:Service:shop:a
            attributes.spec.name: x -> y
            attributes.spec.port: 1 -> 2
        ");
        assert_eq!(answer_changes(new, new, Paint(false)), "");
        assert!(answer_changes("", new, Paint(false)).contains("  + v1:Service:shop:a\n"));
    }
}
