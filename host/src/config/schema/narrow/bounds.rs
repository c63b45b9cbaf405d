//! Types, numbers and counts: what can be told in one sentence.

use super::cut;
use super::facets::{COUNTS, Facets, TYPES};
use super::number::{Bound, divides};

/// Formats that any number has, or any text.
const FREE_FORMATS: [&str; 3] = ["double", "float", "password"];

/// Tells which types are not accepted any more.
pub(super) fn lost_types(old: &Facets<'_>, new: &Facets<'_>, lost: &[&str]) -> String {
    if lost == ["fraction"] && new.types.contains("integer") {
        return "accepts only whole numbers now".to_owned();
    }
    // Of a number it is enough to say one half.
    let names = |names: &mut dyn Iterator<Item = &str>| {
        let names: Vec<&str> = names.collect();
        let name = |name: &&str| match *name {
            "fraction" => Some("`number`".to_owned()),
            "integer" if names.contains(&"fraction") => None,
            other => Some(format!("`{other}`")),
        };
        names.iter().filter_map(name).collect::<Vec<_>>().join(", ")
    };
    if old.types.len() == TYPES.len() {
        return format!("accepts only {} now", names(&mut new.types.iter().copied()));
    }
    format!("does not accept {} any more", names(&mut lost.iter().copied()))
}

/// Tells which bounds of numbers are tighter.
pub(super) fn numbers(old: &Facets<'_>, new: &Facets<'_>, tell: &mut impl FnMut(String)) {
    let bound = |bound: Bound<'_>| {
        format!("{}{}", if bound.exclusive { "beyond " } else { "" }, bound.value)
    };
    if let Some(least) = new.least
        && !old.least.is_some_and(|before| least.is_below(before))
    {
        let was = old.least.map(|least| format!(" instead of {}", bound(least)));
        tell(format!("has the minimum {}{} now", bound(least), was.unwrap_or_default()));
    }
    if let Some(most) = new.most
        && !old.most.is_some_and(|before| most.is_above(before))
    {
        let was = old.most.map(|most| format!(" instead of {}", bound(most)));
        tell(format!("has the maximum {}{} now", bound(most), was.unwrap_or_default()));
    }
    for multiple in &new.multiples {
        if !old.multiples.iter().any(|old| divides(multiple, old)) {
            tell(format!("must be a multiple of {multiple} now"));
        }
    }
}

/// Tells which formats are new. The host checks none, but a module that reads a value as what the format says does.
pub(super) fn formats(old: &Facets<'_>, new: &Facets<'_>, tell: &mut impl FnMut(String)) {
    for format in new.formats.difference(&old.formats) {
        let is_wider = |old: &&str| match (width(old), width(format)) {
            (Some((false, old)), Some((true, new))) => old < new,
            (Some((old_signed, old)), Some((signed, new))) => old_signed == signed && old <= new,
            _ => false,
        };
        if !FREE_FORMATS.contains(format) && !old.formats.iter().any(is_wider) {
            tell(format!("has the format `{}` now", cut(format)));
        }
    }
}

/// Returns whether a format of whole numbers has a sign, and its bits.
fn width(format: &str) -> Option<(bool, u32)> {
    let (is_signed, bits) = match format.strip_prefix("uint") {
        Some(bits) => (false, bits),
        None => (true, format.strip_prefix("int")?),
    };
    // Without a number it is the width of a machine's address.
    let bits = if bits.is_empty() { 64 } else { bits.parse().ok()? };
    Some((is_signed, bits))
}

/// Tells which counts are tighter.
pub(super) fn counts(old: &Facets<'_>, new: &Facets<'_>, tell: &mut impl FnMut(String)) {
    for (keyword, of, unit) in COUNTS {
        let Some(count) = new.counts.get(keyword) else { continue };
        let is_least = keyword.starts_with("min");
        let before = old.counts.get(keyword);
        let is_tighter = match before {
            Some(before) if is_least => count > before,
            Some(before) => count < before,
            None => !is_least || *count > 0,
        };
        if is_tighter && old.types.contains(of) && new.types.contains(of) {
            let was = before.map(|before| format!(" instead of {before}")).unwrap_or_default();
            let bound = if is_least { "least" } else { "most" };
            tell(format!("has at {bound} {count}{was} {unit} now"));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::tests::{found, nothing};

    #[test]
    fn a_format_is_a_demand_of_the_module() {
        let number = |format: &str| json!({"type": "integer", "format": format});
        for (old, new) in [
            ("int32", "int64"),
            ("uint32", "int64"),
            ("uint16", "uint"),
            ("int64", "int"),
            ("uint8", "double"),
        ] {
            assert_eq!(found(&number(old), &number(new)), nothing(), "{old} -> {new}");
        }
        for (old, new) in
            [("uint64", "uint32"), ("int8", "uint16"), ("uint32", "int32"), ("double", "int64")]
        {
            assert_eq!(
                found(&number(old), &number(new)),
                [format!(": has the format `{new}` now")]
            );
        }
        let text = |more: Value| json!({"properties": {"at": more}});
        let (date, any) = (json!({"type": "string", "format": "date"}), json!({"type": "string"}));
        assert_eq!(
            found(&text(any.clone()), &text(date.clone())),
            ["at: has the format `date` now"]
        );
        assert_eq!(found(&text(date), &text(any)), nothing());
    }
}
