//! The named values of a span or an event.

use std::fmt;

use serde_json::{Map, Value, json};
use tracing::field::{Field, Visit};

/// The field that carries an event's text.
const MESSAGE: &str = "message";
/// The field that carries how long something took, in milliseconds, where no span measures it.
const DURATION: &str = "duration_ms";

/// The named values of a span or an event, in the order in which they were declared.
#[derive(Debug, Default, Clone)]
pub(crate) struct Fields(Vec<(&'static str, Value)>);

impl Fields {
    /// Adds a value; an earlier one of the same name is replaced.
    pub(crate) fn set(&mut self, name: &'static str, value: Value) {
        match self.0.iter_mut().find(|(present, _)| *present == name) {
            Some((_, present)) => *present = value,
            None => self.0.push((name, value)),
        }
    }

    /// Adds the names that stand in `around` and are not there yet; what it counts is not ours.
    pub(crate) fn add_names(&mut self, around: &Self) {
        for (name, value) in around.0.iter().filter(|(_, value)| value.is_string()) {
            if !self.0.iter().any(|(present, _)| present == name) {
                self.0.push((name, value.clone()));
            }
        }
    }

    /// Takes the text out.
    pub(crate) fn take_message(&mut self) -> Option<String> {
        match self.take(MESSAGE)? {
            Value::String(text) => Some(text),
            value => Some(value.to_string()),
        }
    }

    /// Takes the duration out, in milliseconds.
    pub(crate) fn take_duration(&mut self) -> Option<f64> {
        self.take(DURATION)?.as_f64()
    }

    fn take(&mut self, name: &str) -> Option<Value> {
        let index = self.0.iter().position(|(present, _)| *present == name)?;
        Some(self.0.remove(index).1)
    }

    /// Returns the values as programs read them.
    pub(crate) fn json(&self) -> Map<String, Value> {
        self.0.iter().map(|(name, value)| (camel_case(name), value.clone())).collect()
    }

    /// Returns the values as people read them, without what says nothing.
    pub(crate) fn texts(&self) -> Vec<String> {
        self.0.iter().filter_map(|(name, value)| text(name, value)).collect()
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.set(field.name(), json!(format!("{value:?}")));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.set(field.name(), json!(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field.name(), json!(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field.name(), json!(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field.name(), json!(value));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.set(field.name(), json!(value));
    }
}

/// Returns `peakMemoryBytes` for `peak_memory_bytes`, as all our documents name their members.
fn camel_case(name: &str) -> String {
    let mut parts = name.split('_');
    let mut result = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let mut characters = part.chars();
        result.extend(characters.next().map(|first| first.to_ascii_uppercase()));
        result.push_str(characters.as_str());
    }
    result
}

/// Returns `1,234 fuel`, `peak memory 1.1 MiB`, `module mysql`, `compiled`.
fn text(name: &str, value: &Value) -> Option<String> {
    let words = |name: &str| name.replace('_', " ");
    match value {
        Value::String(text) if text.is_empty() => None,
        Value::String(text) => Some(format!("{} {text}", words(name))),
        Value::Bool(false) => None,
        Value::Bool(true) => Some(words(name)),
        Value::Number(number) => {
            let Some(number) = number.as_u64() else {
                return Some(format!("{} {number}", words(name)));
            };
            Some(match name.strip_suffix("bytes") {
                Some("") => size(number),
                Some(what) => format!("{} {}", words(what.trim_end_matches('_')), size(number)),
                None if is_ordinal(name) => format!("{} {number}", words(name)),
                None => format!("{} {}", grouped(number), counted(&words(name), number)),
            })
        }
        value => Some(format!("{} {value}", words(name))),
    }
}

/// Whether a number names something instead of counting it.
fn is_ordinal(name: &str) -> bool {
    ["generation", "revision"].contains(&name)
}

/// Returns the noun of a count: `1 call`, `2 calls`.
fn counted(noun: &str, number: u64) -> String {
    if number == 1 { noun.strip_suffix('s').unwrap_or(noun) } else { noun }.to_owned()
}

fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn size(bytes: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    for (unit, name) in UNITS {
        if bytes >= unit {
            let tenths = u128::from(bytes) * 10 / u128::from(unit);
            return format!("{}.{} {name}", tenths / 10, tenths % 10);
        }
    }
    format!("{bytes} B")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_read_well() {
        let mut fields = Fields::default();
        for (name, value) in [
            ("app", json!("shop")),
            ("accessory", json!("")),
            ("fuel", json!(1_234_567)),
            ("calls", json!(1)),
            ("bytes", json!(84_301)),
            ("peak_memory_bytes", json!(1_114_112)),
            ("revision", json!(1_000)),
            ("compiled", json!(false)),
        ] {
            fields.set(name, value);
        }
        let expected = [
            "app shop",
            "1,234,567 fuel",
            "1 call",
            "82.3 KiB",
            "peak memory 1.0 MiB",
            "revision 1000",
        ];
        assert_eq!(fields.texts(), expected);
        assert_eq!(fields.json()["peakMemoryBytes"], json!(1_114_112));
    }

    #[test]
    fn what_a_span_gets_later_replaces_what_it_had() {
        let mut fields = Fields::default();
        fields.set("fuel", json!(1));
        fields.set("fuel", json!(2));
        let mut outer = Fields::default();
        outer.set("fuel", json!(3));
        outer.set("app", json!("shop"));
        outer.set("calls", json!(5));
        fields.add_names(&outer);
        assert_eq!(fields.texts(), ["2 fuel", "app shop"]);
    }
}
