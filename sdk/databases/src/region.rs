//! Where a managed database runs: the platform's `region`, or else a key of the workspace's context.

use kusion_sdk::{Pointer, Problems};
use serde_json::Value;

/// The key of the context with the region of Amazon Web Services.
pub const AWS_REGION: &str = "AWS_REGION";

/// The key of the context with the region of Alibaba Cloud.
pub const ALICLOUD_REGION: &str = "ALICLOUD_REGION";

/// Finds the region and notes a problem if there is none that can be one; `key` is a key of the context that the
/// module must name in its `CONTEXT_KEYS`.
pub fn region(
    platform: Option<&str>,
    context: &Value,
    key: &str,
    problems: &mut Problems,
) -> String {
    let at = Pointer::platform().key("region");
    if let Some(region) = platform.filter(|region| !region.is_empty()) {
        if !is_region(region) {
            problems.add(at, "is not the name of a region, which looks like `eu-central-1`");
        }
        return region.to_owned();
    }
    match context.get(key).and_then(Value::as_str) {
        Some(region) if is_region(region) => region.to_owned(),
        Some(_) => {
            problems.add(
                at,
                format!(
                    "the platform must set `region`: `{key}` in the context is not the name of one"
                ),
            );
            String::new()
        }
        None => {
            problems.add(
                at,
                format!(
                    "the platform must set `region`, or `{key}` in the context of the workspace"
                ),
            );
            String::new()
        }
    }
}

fn is_region(text: &str) -> bool {
    let is_edge = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    text.len() <= 63
        && text.bytes().next().is_some_and(|b| b.is_ascii_lowercase())
        && text.bytes().next_back().is_some_and(is_edge)
        && text.bytes().all(|b| is_edge(b) || b == b'-')
}

#[cfg(test)]
mod tests {
    use kusion_sdk::Rejection;
    use serde_json::json;

    use super::*;

    fn found(platform: Option<&str>, context: Value) -> Result<String, String> {
        let mut problems = Problems::default();
        let region = region(platform, &context, AWS_REGION, &mut problems);
        match problems.finish() {
            Ok(()) => Ok(region),
            Err(Rejection::Invalid(problems)) => Err(problems[0].message.clone()),
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_platforms_region_wins_over_that_of_the_context() {
        let context = json!({"AWS_REGION": "us-east-1"});
        assert_eq!(found(Some("eu-central-1"), context.clone()).as_deref(), Ok("eu-central-1"));
        assert_eq!(found(Some(""), context.clone()).as_deref(), Ok("us-east-1"));
        assert_eq!(found(None, context).as_deref(), Ok("us-east-1"));
    }

    #[test]
    fn what_is_no_region_is_refused() {
        for context in
            [json!({}), json!({"AWS_REGION": "ref://region/key"}), json!({"AWS_REGION": 1})]
        {
            assert!(found(None, context).is_err());
        }
        for text in ["eu central", "EU", "-a", "a-", "1a", &"a".repeat(64)] {
            assert!(found(Some(text), json!({})).is_err(), "{text}");
        }
    }
}
