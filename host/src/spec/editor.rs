//! Who set a value in a target.

use std::fmt;

use serde::Serialize;

/// Somebody who set a value in a target, as the target knows him.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Editor {
    /// The name under which he works, such as `kubectl-edit`.
    pub manager: String,
    /// How: `Update` for once, `Apply` for whoever goes on wanting it.
    pub operation: String,
    /// By way of which subresource, such as `scale`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subresource: Option<String>,
    /// When, RFC 3339, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
}

impl fmt::Display for Editor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { manager, operation, subresource, time } = self;
        let verb = if operation == "Apply" { "applied" } else { "set" };
        write!(f, "{verb} by `{manager}`")?;
        if let Some(subresource) = subresource {
            write!(f, " through `{subresource}`")?;
        }
        match time {
            Some(time) => write!(f, " at {time}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_editor_is_named_with_way_and_time() {
        let editor = Editor {
            manager: "kubectl".to_owned(),
            operation: "Update".to_owned(),
            subresource: Some("scale".to_owned()),
            time: Some("2026-11-23T01:02:03Z".to_owned()),
        };
        assert_eq!(editor.to_string(), "set by `kubectl` through `scale` at 2026-11-23T01:02:03Z");
        let editor =
            Editor { operation: "Apply".to_owned(), subresource: None, time: None, ..editor };
        assert_eq!(editor.to_string(), "applied by `kubectl`");
    }
}
