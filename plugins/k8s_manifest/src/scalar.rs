//! What a plain scalar means to `kubectl`.
//!
//! It reads YAML as it was before version 1.2: `yes` and `on` are truth values, and `0644` is octal, which is how most
//! manifests write the mode of a file. Numbers of base 60 and dates are text, as there.

use serde_json::{Number, Value};

/// Says that JSON has no such number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoSuchNumber;

/// Reads a plain scalar without a tag.
pub(crate) fn plain(text: &str) -> Result<Value, NoSuchNumber> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Ok(Value::Null),
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            return Ok(true.into());
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            return Ok(false.into());
        }
        ".nan" | ".NaN" | ".NAN" => return Err(NoSuchNumber),
        _ => {}
    }
    if matches!(text.trim_start_matches(['+', '-']), ".inf" | ".Inf" | ".INF") {
        return Err(NoSuchNumber);
    }
    let number = match text.bytes().next() {
        Some(b'0'..=b'9' | b'+' | b'-') => number(&text.replace('_', ""))?,
        Some(b'.') => float(text)?,
        _ => None,
    };
    Ok(number.map_or_else(|| text.into(), Value::Number))
}

/// Reads a number without underscores; `None` if the text is none.
fn number(text: &str) -> Result<Option<Number>, NoSuchNumber> {
    let (is_negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &digits[2..]),
        [b'0', b'o' | b'O', ..] => (8, &digits[2..]),
        [b'0', b'b' | b'B', ..] => (2, &digits[2..]),
        [b'0', _, ..] => (8, &digits[1..]),
        _ => (10, digits),
    };
    let are_digits = !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix));
    if !are_digits {
        return float(text);
    }
    let value = i128::from_str_radix(digits, radix).map_err(|_| NoSuchNumber)?;
    let value = if is_negative { -value } else { value };
    let signed = i64::try_from(value).map(Number::from);
    let number = signed.or_else(|_| u64::try_from(value).map(Number::from));
    number.map(Some).map_err(|_| NoSuchNumber)
}

/// Reads a number with a fraction or an exponent; an integral one becomes an integer.
fn float(text: &str) -> Result<Option<Number>, NoSuchNumber> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !is_float(unsigned) {
        return Ok(None);
    }
    let Ok(value) = text.parse::<f64>() else { return Ok(None) };
    /// The largest number up to which all integers have a float of their own.
    const MAX_EXACT: f64 = 9_007_199_254_740_992.0;
    if value.fract() == 0.0 && value.abs() <= MAX_EXACT {
        #[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
        return Ok(Some((value as i64).into()));
    }
    Number::from_f64(value).map(Some).ok_or(NoSuchNumber)
}

/// Matches `(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`.
fn is_float(unsigned: &str) -> bool {
    let are_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let has_exponent = exponent.is_none_or(|exponent| {
        let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        !exponent.is_empty() && are_digits(exponent)
    });
    let has_mantissa = match mantissa.split_once('.') {
        Some((whole, fraction)) => {
            are_digits(whole) && are_digits(fraction) && !(whole.is_empty() && fraction.is_empty())
        }
        None => !mantissa.is_empty() && are_digits(mantissa),
    };
    has_mantissa && has_exponent
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn plain_scalars_are_read_as_kubectl_reads_them() {
        for (text, expected) in [
            ("", json!(null)),
            ("~", json!(null)),
            ("Null", json!(null)),
            ("nUll", json!("nUll")),
            ("yes", json!(true)),
            ("On", json!(true)),
            ("n", json!(false)),
            ("oFF", json!("oFF")),
            ("0", json!(0)),
            ("12", json!(12)),
            ("+12", json!(12)),
            ("-12", json!(-12)),
            ("0644", json!(420)),
            ("-010", json!(-8)),
            ("08", json!(8)),
            ("0o17", json!(15)),
            ("0xFf", json!(255)),
            ("0b101", json!(5)),
            ("1_000", json!(1000)),
            ("_1", json!("_1")),
            ("12:30", json!("12:30")),
            ("2026-11-23", json!("2026-11-23")),
            ("1.5", json!(1.5)),
            ("1.", json!(1)),
            (".5", json!(0.5)),
            ("1e3", json!(1000)),
            ("-1.0", json!(-1)),
            ("1e", json!("1e")),
            (".", json!(".")),
            ("-", json!("-")),
            ("--", json!("--")),
            ("1.2.3", json!("1.2.3")),
            ("250m", json!("250m")),
            ("0x", json!("0x")),
            ("10.0.0.0/8", json!("10.0.0.0/8")),
            ("18446744073709551615", json!(u64::MAX)),
            ("-9223372036854775808", json!(i64::MIN)),
            ("1e300", json!(1e300)),
            ("inf", json!("inf")),
        ] {
            assert_eq!(plain(text), Ok(expected), "{text:?}");
        }
    }

    #[test]
    fn numbers_that_json_cannot_hold_are_told() {
        for text in [
            ".inf",
            "-.Inf",
            "+.INF",
            ".nan",
            "18446744073709551616",
            "-9223372036854775809",
            "1e999",
        ] {
            assert_eq!(plain(text), Err(NoSuchNumber), "{text}");
        }
        assert_eq!(plain(&"9".repeat(60)), Err(NoSuchNumber));
    }
}
