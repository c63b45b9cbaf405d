//! References to attributes that are known only once another resource exists.

use serde_json::Value;

use crate::spec::walk::replace_strings;

/// What every reference begins with: `$kusion_path.<id>.<attribute>`.
pub const PATH_PREFIX: &str = "$kusion_path.";

/// Splits a reference into the longest id that is known and the attribute.
///
/// Ids may hold dots, so only the known ids tell where an id ends. Returns `None` if the text is no
/// reference as a whole, or if it names no known id.
pub fn path_reference(text: &str, known: impl Fn(&str) -> bool) -> Option<(&str, &str)> {
    let rest = text.strip_prefix(PATH_PREFIX)?;
    let splits = rest.rmatch_indices('.').filter_map(|(dot, _)| rest.split_at_checked(dot));
    let mut candidates = splits.filter_map(|(id, rest)| Some((id, rest.strip_prefix('.')?)));
    candidates.find(|(id, attribute)| !attribute.is_empty() && known(id))
}

/// Puts known attributes in the place of references; a reference without an answer stays.
///
/// `lookup` gets the id and returns the resource as it is. The attribute is a list of object keys and
/// list indices, joined by dots.
pub fn resolve_paths<'v>(value: &mut Value, lookup: &dyn Fn(&str) -> Option<&'v Value>) {
    replace_strings(value, &mut |text| {
        let (id, attribute) = path_reference(text, |id| lookup(id).is_some())?;
        let mut found = lookup(id)?;
        for segment in attribute.split('.') {
            found = match found {
                Value::Array(items) => items.get(segment.parse::<usize>().ok()?)?,
                other => other.get(segment)?,
            };
        }
        Some(found.clone())
    });
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_longest_known_id_wins() {
        let ids = ["a", "a.b", "apps.kusionstack.io/v1:X:n"];
        let known = |id: &str| ids.contains(&id);
        let cases = [
            ("$kusion_path.a.b.c", Some(("a.b", "c"))),
            ("$kusion_path.a.b", Some(("a", "b"))),
            (
                "$kusion_path.apps.kusionstack.io/v1:X:n.status.ip",
                Some(("apps.kusionstack.io/v1:X:n", "status.ip")),
            ),
            ("$kusion_path.a.", None),
            ("$kusion_path.z.b", None),
            ("x $kusion_path.a.b", None),
        ];
        for (text, expected) in cases {
            assert_eq!(path_reference(text, known), expected, "{text}");
        }
    }

    #[test]
    fn known_attributes_take_the_place_of_references() {
        let service = json!({"spec": {"ips": ["10.0.0.1"], "port": 80}});
        let mut value = json!({
            "ip": "$kusion_path.s.spec.ips.0",
            "port": ["$kusion_path.s.spec.port"],
            "later": "$kusion_path.s.spec.host",
            "other": "$kusion_path.t.spec.host",
        });
        resolve_paths(&mut value, &|id| (id == "s").then_some(&service));
        assert_eq!(
            value,
            json!({
                "ip": "10.0.0.1",
                "port": [80],
                "later": "$kusion_path.s.spec.host",
                "other": "$kusion_path.t.spec.host",
            })
        );
    }
}
