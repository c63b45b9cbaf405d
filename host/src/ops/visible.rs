//! What of a workspace's context a module may see.
//!
//! The context holds settings and credentials side by side, as upstream has it. Which is which shows in the
//! name of the key, so the rule is about names, and it errs on the side of hiding.

use serde_json::{Map, Value};

use crate::source::Node;

/// Parts of the names of credentials. `key` hides `monkey` too; a platform team can choose another name.
const CREDENTIAL: [&str; 9] = [
    "KEY",
    "SECRET",
    "TOKEN",
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "CREDENTIAL",
    "KUBECONFIG",
    "AUTHORIZATION",
];

/// Picks the keys that a module named. Credentials are left out at any depth: what has a key that speaks of one.
///
/// A text that refers to the workspace's secret store stays that text: a module can ask for the secret by it, and
/// nobody reads the value for a module.
pub(super) fn context(context: &Node, keys: &[String]) -> Value {
    let picked = keys.iter().filter(|key| !is_credential(key));
    let picked = picked.filter_map(|key| Some((key.clone(), visible(context.get(key)?.to_json()))));
    Value::Object(picked.collect())
}

fn is_credential(key: &str) -> bool {
    // `pass-word` and `pass_word` are the same word.
    let word: String =
        key.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_uppercase();
    CREDENTIAL.iter().any(|part| word.contains(part))
}

/// Returns what is left of a value.
fn visible(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(visible).collect(),
        Value::Object(members) => {
            let shown = members.into_iter().filter(|(key, _)| !is_credential(key));
            Value::Object(Map::from_iter(shown.map(|(key, value)| (key, visible(value)))))
        }
        value => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Workspace;
    use crate::name::WorkspaceName;
    use crate::source::SourceFile;
    use serde_json::json;

    const CONTEXT: &str = "\
context:
  REGION: eu
  AWS_SECRET_ACCESS_KEY: planted
  KUBECONFIG_CONTENT: planted
  pass-word: ref://planted
  db: ref://shop/db/entry
  cloud:
    name: acme
    accessKey: planted
    nested: {deeper: {api_token: planted, zone: z}}
    list:
      - {id: 1, clientSecret: planted}
      - ref://shop/again
      - [{Password: planted, ok: true}]
";

    fn see(keys: &[&str]) -> Value {
        let name = WorkspaceName::parse("dev").unwrap();
        let file = SourceFile::new("dev.yaml", CONTEXT);
        let workspace = Workspace::parse(name, &file, None).unwrap();
        let keys: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
        context(workspace.context(), &keys)
    }

    #[test]
    fn only_what_is_named_is_seen() {
        assert_eq!(see(&["REGION", "absent"]), json!({"REGION": "eu"}));
        assert_eq!(see(&[]), json!({}));
    }

    #[test]
    fn credentials_are_hidden_at_any_depth_even_from_whoever_names_them() {
        let all =
            ["REGION", "AWS_SECRET_ACCESS_KEY", "KUBECONFIG_CONTENT", "pass-word", "db", "cloud"];
        let cloud = json!({
            "name": "acme",
            "nested": {"deeper": {"zone": "z"}},
            "list": [{"id": 1}, "ref://shop/again", [{"ok": true}]],
        });
        let seen = json!({"REGION": "eu", "db": "ref://shop/db/entry", "cloud": cloud});
        assert_eq!(see(&all), seen);
        assert!(!see(&all).to_string().contains("planted"));
    }
}
