//! Amounts of CPU, memory and other resources, as Kubernetes writes them.

/// What a container asks for and what it may use at most; one of them at least.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Range<'a> {
    pub(super) request: Option<&'a str>,
    pub(super) limit: Option<&'a str>,
}

/// Reads `500m` (a limit), `250m-500m` (a request and a limit) or `250m-` (a request); `None` if it is none of them.
pub(super) fn range(text: &str) -> Option<Range<'_>> {
    if is_quantity(text) {
        return Some(Range { request: None, limit: Some(text) });
    }
    let (request, limit) = split(text)?;
    let request = is_quantity(request).then_some(request)?;
    if limit.is_empty() {
        return Some(Range { request: Some(request), limit: None });
    }
    is_quantity(limit).then_some(Range { request: Some(request), limit: Some(limit) })
}

/// Cuts at the dash between two quantities, which is not one of an exponent (`1e-3-2`).
fn split(text: &str) -> Option<(&str, &str)> {
    text.match_indices('-').find_map(|(at, _)| {
        let (request, rest) = text.split_at(at);
        let (request, limit) = (request.trim(), rest.strip_prefix('-')?.trim());
        is_quantity(request).then_some((request, limit))
    })
}

/// Whether `text` is a number with an optional unit (`m`, `k`, `M`, `Ki`, `Mi`, …) or exponent.
fn is_quantity(text: &str) -> bool {
    parts(text).is_some()
}

/// Whether `text` is a quantity of more than nothing.
pub(super) fn is_some(text: &str) -> bool {
    billionths(text).is_some_and(|number| number > 0)
}

/// The number of billionths that a quantity stands for, which is as fine as Kubernetes counts; what is finer is rounded
/// up, and what is too large is the largest number.
pub(crate) fn billionths(text: &str) -> Option<u128> {
    let (whole, fraction, unit) = parts(text)?;
    let (factor, exponent) = match unit {
        Unit::Decimal(exponent) => (1_u128, exponent),
        Unit::Binary(power) => (1024_u128.pow(power), 0),
    };
    let digits = format!("{whole}{fraction}");
    let digits = digits.trim_start_matches('0');
    if digits.is_empty() {
        return Some(0);
    }
    let scale = i64::from(exponent) + 9 - i64::try_from(fraction.len()).ok()?;
    // More digits than this are more than Kubernetes can count, whatever the unit.
    const MOST_DIGITS: i64 = 36;
    let length = i64::try_from(digits.len()).ok()? + scale;
    if length > MOST_DIGITS {
        return Some(u128::MAX);
    }
    if length < -MOST_DIGITS {
        return Some(1);
    }
    if scale >= 0 {
        let number: u128 = digits.parse().ok()?;
        let ten = 10_u128.checked_pow(u32::try_from(scale).ok()?)?;
        return Some(number.saturating_mul(ten).saturating_mul(factor));
    }
    // The factor comes before the rounding: `0.0000000005Gi` is half a byte and not a billionth of one.
    let cut = usize::try_from(-scale).ok()?;
    let kept = digits.len().saturating_sub(cut);
    let (head, tail) = digits.split_at(kept);
    let head: u128 = if head.is_empty() { 0 } else { head.parse().ok()? };
    let tail: String = format!("{tail:0>cut$}").chars().take(18).collect();
    let below = tail.parse::<u128>().ok()?.saturating_mul(factor);
    let one = 10_u128.checked_pow(u32::try_from(tail.len()).ok()?)?;
    Some(head.saturating_mul(factor).saturating_add(below.div_ceil(one)).max(1))
}

/// Whether a quantity is a whole number of its unit: `2` and `2k` are, `1.5` and `500m` are not.
pub(super) fn is_whole(text: &str) -> bool {
    billionths(text).is_some_and(|number| number % 1_000_000_000 == 0)
}

enum Unit {
    /// A power of ten.
    Decimal(i32),
    /// A power of 1024.
    Binary(u32),
}

fn parts(text: &str) -> Option<(&str, &str, Unit)> {
    let unit = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(unit);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
        return None;
    }
    Some((whole, fraction, unit_of(unit)?))
}

fn unit_of(text: &str) -> Option<Unit> {
    let unit = match text {
        "n" => Unit::Decimal(-9),
        "u" => Unit::Decimal(-6),
        "m" => Unit::Decimal(-3),
        "" => Unit::Decimal(0),
        "k" => Unit::Decimal(3),
        "M" => Unit::Decimal(6),
        "G" => Unit::Decimal(9),
        "T" => Unit::Decimal(12),
        "P" => Unit::Decimal(15),
        "E" => Unit::Decimal(18),
        "Ki" => Unit::Binary(1),
        "Mi" => Unit::Binary(2),
        "Gi" => Unit::Binary(3),
        "Ti" => Unit::Binary(4),
        "Pi" => Unit::Binary(5),
        "Ei" => Unit::Binary(6),
        _ => Unit::Decimal(exponent(text)?),
    };
    Some(unit)
}

fn exponent(text: &str) -> Option<i32> {
    let digits = text.strip_prefix(['e', 'E'])?;
    let number = digits.strip_prefix(['+', '-']).unwrap_or(digits);
    let is_number = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
    // Kubernetes reads the exponent as a number of 32 bits.
    is_number.then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dash_tells_a_request_from_a_limit() {
        let cases = [
            ("250m", None, Some("250m")),
            ("0.5", None, Some("0.5")),
            ("1e-3", None, Some("1e-3")),
            ("250m-500m", Some("250m"), Some("500m")),
            ("1Gi - 2Gi", Some("1Gi"), Some("2Gi")),
            ("1e-3-2", Some("1e-3"), Some("2")),
            ("100m-", Some("100m"), None),
            ("100m -", Some("100m"), None),
        ];
        for (text, request, limit) in cases {
            assert_eq!(range(text), Some(Range { request, limit }), "{text}");
        }
    }

    #[test]
    fn what_kubernetes_would_refuse_is_refused() {
        for text in ["", "-", "-1", "1-2-3", "1--2", "1.2.3", "Mi", "1MB", "1 Gi", "1e", "many"] {
            assert_eq!(range(text), None, "{text}");
        }
    }

    #[test]
    fn quantities_of_different_units_can_be_compared() {
        let one = 1_000_000_000;
        let cases = [
            ("0", 0),
            ("000", 0),
            ("1", one),
            ("1.", one),
            (".5", one / 2),
            ("500m", one / 2),
            ("0.5", one / 2),
            ("1e3", 1000 * one),
            ("1k", 1000 * one),
            ("1Ki", 1024 * one),
            ("0.5Ki", 512 * one),
            ("1n", 1),
            ("0.1n", 1),
            ("1e-400", 1),
            ("1e400", u128::MAX),
            ("0e400", 0),
            ("8Ei", 8 * (1 << 60) * one),
        ];
        for (text, expected) in cases {
            assert_eq!(billionths(text), Some(expected), "{text}");
        }
        assert_eq!(billionths("0.0000000005Gi"), Some(536_870_912));
        assert_eq!(billionths(&"9".repeat(400)), Some(u128::MAX));
    }

    #[test]
    fn a_whole_number_has_no_fraction() {
        for (text, expected) in
            [("2", true), ("2k", true), ("1.0", true), ("1500m", false), ("0.5Ki", true)]
        {
            assert_eq!(is_whole(text), expected, "{text}");
        }
    }
}
