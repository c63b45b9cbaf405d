//! Changes of values: the input stays well-formed, and says what nobody expects.

use serde_json::{Map, Value, json};

use super::dictionary::TOKENS;
use crate::archive;
use crate::random::Random;

/// Changes one document of an input; an input that holds none stays as it is.
pub fn change(input: &mut Vec<u8>, other: &[u8], random: &mut Random) {
    let parts = archive::files(input);
    let part = if parts.is_empty() { &input[..] } else { random.choose(&parts).1 };
    let start = part.as_ptr() as usize - input.as_ptr() as usize;
    let end = start + part.len();
    let Some(mut value) = parse(part) else { return };
    let lent = archive::files(other).first().map_or(other, |(_, content)| content);
    let mut lent = parse(lent).unwrap_or_default();
    let foreign = std::mem::take(choose(&mut lent, random));
    edit(&mut value, foreign, random);
    let is_json = matches!(part.trim_ascii_start().first(), Some(b'{' | b'['));
    let text = if is_json || random.one_in(4) {
        serde_json::to_string_pretty(&value).unwrap()
    } else {
        kusion::yaml::to_string(&value).unwrap()
    };
    let text = if text.ends_with('\n') { text } else { text + "\n" };
    input.splice(start..end, text.into_bytes());
}

fn parse(text: &[u8]) -> Option<Value> {
    kusion::yaml::parse_value(std::str::from_utf8(text).ok()?).ok()
}

fn edit(value: &mut Value, foreign: Value, random: &mut Random) {
    let place = choose(value, random);
    match random.below(8) {
        0 => *place = nasty(random),
        1 => *place = foreign,
        2 => *place = json!([place.take()]),
        3 => *place = json!({ key(random): place.take() }),
        4 => {
            let depth = *random.choose(&[2, 30, 126, 127, 128, 200]);
            for _ in 0..depth {
                *place = if random.one_in(2) {
                    json!([place.take()])
                } else {
                    json!({"a": place.take()})
                };
            }
        }
        5 => match place {
            Value::Array(items) if !items.is_empty() => {
                let item = items[random.below(items.len())].clone();
                let most = super::MAX_BYTES / (1 + item.to_string().len());
                let times = if random.one_in(10) { most.min(2_000) } else { 1 };
                items.extend(std::iter::repeat_n(item, times));
            }
            Value::Object(members) => {
                members.insert(key(random), foreign);
            }
            _ => *place = foreign,
        },
        6 => match place {
            Value::Array(items) if !items.is_empty() => {
                drop(items.remove(random.below(items.len())));
            }
            Value::Object(members) => {
                if let Some(key) = any_key(members, random) {
                    members.remove(&key);
                }
            }
            _ => *place = Value::Null,
        },
        _ => match place {
            Value::Array(items) => items.reverse(),
            Value::Object(members) => {
                if let Some(old) = any_key(members, random) {
                    let value = members.remove(&old).unwrap_or_default();
                    members.insert(if random.one_in(2) { key(random) } else { old + "x" }, value);
                }
            }
            _ => *place = nasty(random),
        },
    }
}

fn any_key(members: &Map<String, Value>, random: &mut Random) -> Option<String> {
    members.keys().nth(random.below(members.len())).cloned()
}

/// Walks down at random, so that outer and inner values are chosen alike.
fn choose<'v>(value: &'v mut Value, random: &mut Random) -> &'v mut Value {
    if random.one_in(4) {
        return value;
    }
    let parts = match value {
        Value::Array(items) => items.len(),
        Value::Object(members) => members.len(),
        _ => 0,
    };
    if parts == 0 {
        return value;
    }
    let at = random.below(parts);
    match value {
        Value::Array(items) => choose(&mut items[at], random),
        Value::Object(members) => choose(members.values_mut().nth(at).unwrap(), random),
        _ => unreachable!("it has parts"),
    }
}

fn nasty(random: &mut Random) -> Value {
    match random.below(10) {
        0 => Value::Null,
        1 => json!(true),
        2 => json!([0, -1, 1, i64::MIN, i64::MAX, 1 << 32][random.below(6)]),
        3 => json!(u64::MAX),
        4 => json!([0.5, -0.0, 1e300, f64::MIN_POSITIVE, 9_007_199_254_740_993.0][random.below(5)]),
        5 => json!([]),
        6 => json!({}),
        7 => json!("x".repeat([0, 1, 64, 300, 70_000][random.below(5)])),
        _ => json!(key(random)),
    }
}

fn key(random: &mut Random) -> String {
    String::from_utf8_lossy(random.choose::<&[u8]>(TOKENS)).into_owned()
}
