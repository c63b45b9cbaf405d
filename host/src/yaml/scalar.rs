//! What a plain scalar means: the core schema of YAML 1.2.
//!
//! The YAML 1.1 readings (`yes`, `on`, `1_000`, `12:30`, `0777` in octal) do not exist here; these stay
//! text, or decimal digits.

use serde_json::Number;

use crate::source::Content;

/// Says why a plain scalar has no meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ScalarError {
    /// JSON has no such number.
    NotFinite,
    /// The number does not fit into 64 bits.
    OutOfRange,
}

/// Reads an untagged plain scalar.
pub(super) fn plain(text: &str) -> Result<Content, ScalarError> {
    match text {
        "~" | "null" | "Null" | "NULL" => return Ok(Content::Null),
        "true" | "True" | "TRUE" => return Ok(Content::Bool(true)),
        "false" | "False" | "FALSE" => return Ok(Content::Bool(false)),
        _ => {}
    }
    Ok(number(text)?.map_or_else(|| Content::String(text.to_owned()), Content::Number))
}

/// Reads a number in the notation of the core schema; `None` if the text is no number.
pub(super) fn number(text: &str) -> Result<Option<Number>, ScalarError> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return Err(ScalarError::NotFinite);
    }
    for (prefix, radix) in [("0o", 8), ("0x", 16)] {
        if let Some(digits) = text.strip_prefix(prefix)
            && !digits.is_empty()
            && digits.chars().all(|digit| digit.is_digit(radix))
        {
            let value = u64::from_str_radix(digits, radix).map_err(|_| ScalarError::OutOfRange)?;
            return Ok(Some(value.into()));
        }
    }
    if !unsigned.is_empty() && unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
        let text = text.strip_prefix('+').unwrap_or(text);
        let signed = text.parse::<i64>().map(Number::from);
        let value = signed.or_else(|_| text.parse::<u64>().map(Number::from));
        return value.map(Some).map_err(|_| ScalarError::OutOfRange);
    }
    if !is_float(unsigned) {
        return Ok(None);
    }
    let value: f64 = text.parse().map_err(|_| ScalarError::OutOfRange)?;
    float(value).map(Some).ok_or(ScalarError::OutOfRange)
}

/// Returns the one spelling of a number: an integral float is an integer.
///
/// `None` if the number is not finite.
pub(super) fn float(value: f64) -> Option<Number> {
    /// The first float above all `u64`: 2 to the power of 64.
    const U64_END: f64 = 18_446_744_073_709_551_616.0;
    /// The first float above all `i64`: 2 to the power of 63.
    const I64_END: f64 = 9_223_372_036_854_775_808.0;
    if value.fract() == 0.0 {
        if (-I64_END..I64_END).contains(&value) {
            return Some((value as i64).into());
        }
        if (I64_END..U64_END).contains(&value) {
            return Some((value as u64).into());
        }
    }
    Number::from_f64(value)
}

/// Matches `(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`, the float of the core schema without its sign.
fn is_float(unsigned: &str) -> bool {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let exponent_is_sound = exponent.is_none_or(|exponent| {
        let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        !exponent.is_empty() && digits(exponent)
    });
    let mantissa_is_sound = match mantissa.split_once('.') {
        Some((whole, fraction)) => {
            digits(whole) && digits(fraction) && !(whole.is_empty() && fraction.is_empty())
        }
        None => !mantissa.is_empty() && digits(mantissa),
    };
    mantissa_is_sound && exponent_is_sound
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn value(text: &str) -> Result<Value, ScalarError> {
        plain(text).map(|content| match content {
            Content::Null => Value::Null,
            Content::Bool(value) => value.into(),
            Content::Number(value) => value.into(),
            Content::String(value) => value.into(),
            other => panic!("{other:?}"),
        })
    }

    #[test]
    fn plain_scalars_follow_the_core_schema() {
        for (text, expected) in [
            ("~", json!(null)),
            ("null", json!(null)),
            ("nUll", json!("nUll")),
            ("true", json!(true)),
            ("yes", json!("yes")),
            ("N", json!("N")),
            ("on", json!("on")),
            ("12", json!(12)),
            ("-12", json!(-12)),
            ("+12", json!(12)),
            ("0777", json!(777)),
            ("0o17", json!(15)),
            ("0xFf", json!(255)),
            ("0b11", json!("0b11")),
            ("1_000", json!("1_000")),
            ("12:30", json!("12:30")),
            ("1.5", json!(1.5)),
            ("1.", json!(1)),
            (".5", json!(0.5)),
            ("1e3", json!(1000)),
            ("1.0", json!(1)),
            ("-0.0", json!(0)),
            ("1e300", json!(1e300)),
            ("1e", json!("1e")),
            (".", json!(".")),
            ("-", json!("-")),
            ("1.2.3", json!("1.2.3")),
            ("18446744073709551615", json!(u64::MAX)),
            ("-9223372036854775808", json!(i64::MIN)),
            ("1e19", json!(10_000_000_000_000_000_000_u64)),
            ("250m", json!("250m")),
            ("inf", json!("inf")),
        ] {
            assert_eq!(value(text), Ok(expected), "{text:?}");
        }
    }

    #[test]
    fn numbers_that_json_cannot_hold_are_errors() {
        for text in [".inf", "-.Inf", "+.INF", ".nan", ".NaN"] {
            assert_eq!(value(text), Err(ScalarError::NotFinite), "{text:?}");
        }
        for text in ["18446744073709551616", "-9223372036854775809", "1e999", "0xfffffffffffffffff"]
        {
            assert_eq!(value(text), Err(ScalarError::OutOfRange), "{text:?}");
        }
    }
}
