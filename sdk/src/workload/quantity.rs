//! Amounts of CPU, memory and other resources, as Kubernetes writes them.

/// What a container asks for and what it may use at most.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Range<'a> {
    pub(super) request: Option<&'a str>,
    pub(super) limit: &'a str,
}

/// Reads `500m` (a limit) or `250m-500m` (a request and a limit); `None` if it is neither.
pub(super) fn range(text: &str) -> Option<Range<'_>> {
    if is_quantity(text) {
        return Some(Range { request: None, limit: text });
    }
    let (request, limit) = text.split_once('-')?;
    let (request, limit) = (request.trim(), limit.trim());
    (is_quantity(request) && is_quantity(limit)).then_some(Range { request: Some(request), limit })
}

/// Whether `text` is a number with an optional unit (`m`, `k`, `M`, `Ki`, `Mi`, …) or exponent.
fn is_quantity(text: &str) -> bool {
    let unit = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(unit);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let has_digits = !whole.is_empty() || !fraction.is_empty();
    has_digits && !fraction.contains('.') && (is_unit(unit) || is_exponent(unit))
}

fn is_unit(text: &str) -> bool {
    matches!(
        text,
        "" | "n"
            | "u"
            | "m"
            | "k"
            | "M"
            | "G"
            | "T"
            | "P"
            | "E"
            | "Ki"
            | "Mi"
            | "Gi"
            | "Ti"
            | "Pi"
            | "Ei"
    )
}

fn is_exponent(text: &str) -> bool {
    let Some(digits) = text.strip_prefix(['e', 'E']) else {
        return false;
    };
    let digits = digits.strip_prefix(['+', '-']).unwrap_or(digits);
    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_quantity_is_a_limit_and_two_are_a_request_and_a_limit() {
        let cases = [
            ("250m", None, "250m"),
            ("0.5", None, "0.5"),
            ("1e-3", None, "1e-3"),
            ("250m-500m", Some("250m"), "500m"),
            ("1Gi - 2Gi", Some("1Gi"), "2Gi"),
        ];
        for (text, request, limit) in cases {
            assert_eq!(range(text), Some(Range { request, limit }), "{text}");
        }
    }

    #[test]
    fn what_kubernetes_would_refuse_is_refused() {
        for text in ["", "-", "1-", "-1", "1-2-3", "1.2.3", "Mi", "1MB", "1 Gi", "1e", "many"] {
            assert_eq!(range(text), None, "{text}");
        }
    }
}
