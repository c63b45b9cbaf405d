//! Numbers as a validator compares them: exactly, and 1 is 1.0.

use std::cmp::Ordering;

use serde_json::Value;

/// Below it a double that is whole is a whole number of 128 bits too.
const MAX_WHOLE: f64 = 1e38;

/// The least or the most that a number may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bound<'a> {
    pub(super) value: &'a Value,
    /// Whether the number itself is out of bounds.
    pub(super) exclusive: bool,
}

impl Bound<'_> {
    /// Returns the bound that admits less, of two lower ones.
    pub(super) fn higher(self, other: Self) -> Self {
        self.tighter(other, Ordering::Greater)
    }

    /// Returns the bound that admits less, of two upper ones.
    pub(super) fn lower(self, other: Self) -> Self {
        self.tighter(other, Ordering::Less)
    }

    fn tighter(self, other: Self, order: Ordering) -> Self {
        let found = compare(other.value, self.value);
        let is_tighter = found == order || (found == Ordering::Equal && other.exclusive);
        if is_tighter { other } else { self }
    }

    /// Returns whether a lower bound admits whatever another lower bound does.
    pub(super) fn is_below(self, other: Self) -> bool {
        self.is_wider(other, Ordering::Less)
    }

    /// Returns whether an upper bound admits whatever another upper bound does.
    pub(super) fn is_above(self, other: Self) -> bool {
        self.is_wider(other, Ordering::Greater)
    }

    fn is_wider(self, other: Self, order: Ordering) -> bool {
        let found = compare(self.value, other.value);
        found == order || (found == Ordering::Equal && (other.exclusive || !self.exclusive))
    }
}

/// Returns what a keyword counts.
pub(super) fn count(value: &Value) -> Option<u64> {
    let float = value.as_f64().filter(|number| *number >= MAX_WHOLE).map(|_| u64::MAX);
    let whole = || whole(value).filter(|number| *number >= 0);
    float.or_else(|| whole().map(|number| u64::try_from(number).unwrap_or(u64::MAX)))
}

/// Returns whether a multiple of the one number is a multiple of the other. What is not certain is not said.
pub(super) fn divides(divisor: &Value, number: &Value) -> bool {
    match (whole(divisor), whole(number)) {
        (Some(divisor), Some(number)) => divisor != 0 && number % divisor == 0,
        _ => divisor == number,
    }
}

/// Returns whether two values are one to a validator.
pub(super) fn equal(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(_), Value::Number(_)) => compare(one, other) == Ordering::Equal,
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| equal(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            let has = |(name, one): (&String, &Value)| {
                other.get(name).is_some_and(|other| equal(one, other))
            };
            one.len() == other.len() && one.iter().all(has)
        }
        _ => one == other,
    }
}

fn compare(one: &Value, other: &Value) -> Ordering {
    match (whole(one), whole(other)) {
        (Some(one), Some(other)) => one.cmp(&other),
        _ => one.as_f64().partial_cmp(&other.as_f64()).unwrap_or(Ordering::Equal),
    }
}

fn whole(value: &Value) -> Option<i128> {
    let float =
        || value.as_f64().filter(|number| number.fract() == 0.0 && number.abs() < MAX_WHOLE);
    #[expect(
        clippy::cast_possible_truncation,
        reason = "whole and small enough, as was just checked"
    )]
    value
        .as_i64()
        .map(i128::from)
        .or(value.as_u64().map(i128::from))
        .or_else(|| float().map(|number| number as i128))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_are_compared_exactly() {
        let (large, larger) = (json!(9_007_199_254_740_992_u64), json!(9_007_199_254_740_993_u64));
        assert_eq!(compare(&large, &larger), Ordering::Less);
        assert_eq!(compare(&json!(9_007_199_254_740_992.0), &larger), Ordering::Less);
        assert_eq!(compare(&json!(0.5), &json!(1)), Ordering::Less);
        assert!(equal(&json!({"a": [1]}), &json!({"a": [1.0]})));
        assert!(!equal(&json!([1]), &json!([1, 1])));
        assert_eq!((count(&json!(2.0)), count(&json!(-1))), (Some(2), None));
    }

    #[test]
    fn what_divides_is_certain() {
        assert!(divides(&json!(3), &json!(6.0)));
        assert!(!divides(&json!(3), &json!(1e17)));
        assert!(divides(&json!(0.1), &json!(0.1)));
        assert!(!divides(&json!(0), &json!(0)));
    }
}
