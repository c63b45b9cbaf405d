//! Deserializes a JSON value into a type, with a pointer to the first thing that does not fit.
//!
//! Generic wrappers that follow the path of any deserializer exist, but they double the generated
//! code, and a module is meant to be small. Here the pointer is built only when an error unwinds.

use std::fmt;

use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Error as _, Expected,
    IntoDeserializer, MapAccess, SeqAccess, Unexpected, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::{Map, Value, map};

use crate::pointer::Pointer;

/// Something that does not fit, and the way to it; boxed, because it travels through every result.
#[derive(Debug)]
pub(crate) struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    /// From the inside out.
    path: Vec<Step>,
    message: String,
}

#[derive(Debug)]
enum Step {
    Key(String),
    Index(usize),
}

impl Error {
    /// Where the value lies, seen from `root`.
    pub(crate) fn pointer(&self, root: &Pointer) -> Pointer {
        self.0.path.iter().rev().fold(root.clone(), |pointer, step| match step {
            Step::Key(key) => pointer.key(key),
            Step::Index(index) => pointer.index(*index),
        })
    }

    fn below(mut self, step: Step) -> Self {
        self.0.path.push(step);
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.message)
    }
}

impl std::error::Error for Error {}

impl de::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(Box::new(Inner { path: Vec::new(), message: message.to_string() }))
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::custom(format_args!("expected {}, found {}", wanted(expected), name(found)))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::custom(format_args!("expected {}, found {}", wanted(expected), name(found)))
    }
}

/// Deserializes `value`.
pub(crate) fn deserialize<T: DeserializeOwned>(value: &Value) -> Result<T, Error> {
    T::deserialize(Located(value))
}

/// What a type asks for, in words that do not come from Rust.
fn wanted(expected: &dyn Expected) -> String {
    let text = expected.to_string();
    match text.as_str() {
        "u8" => "a whole number from 0 to 255".to_owned(),
        "u16" => "a whole number from 0 to 65535".to_owned(),
        "u32" | "u64" | "usize" => "a whole number, not negative".to_owned(),
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number".to_owned(),
        "f32" | "f64" => "a number".to_owned(),
        "a string" => "a text".to_owned(),
        _ => text,
    }
}

/// Floats go by a name only: printing one takes as much code as a small module.
fn name(value: Unexpected<'_>) -> String {
    match value {
        Unexpected::Bool(value) => format!("`{value}`"),
        Unexpected::Unsigned(value) => format!("the number {value}"),
        Unexpected::Signed(value) => format!("the number {value}"),
        Unexpected::Float(_) => "a number with a fraction".to_owned(),
        Unexpected::Str(value) => format!("the text `{value}`"),
        Unexpected::Unit | Unexpected::Option => "nothing".to_owned(),
        Unexpected::Seq => "a list".to_owned(),
        Unexpected::Map => "an object".to_owned(),
        _ => "something else".to_owned(),
    }
}

fn kind(value: &Value) -> Unexpected<'_> {
    match value {
        Value::Null => Unexpected::Unit,
        Value::Bool(value) => Unexpected::Bool(*value),
        Value::Number(value) => match (value.as_u64(), value.as_i64()) {
            (Some(value), _) => Unexpected::Unsigned(value),
            (None, Some(value)) => Unexpected::Signed(value),
            (None, None) => Unexpected::Float(value.as_f64().unwrap_or_default()),
        },
        Value::String(value) => Unexpected::Str(value),
        Value::Array(_) => Unexpected::Seq,
        Value::Object(_) => Unexpected::Map,
    }
}

/// A value where only the shape that a type asks for is offered to it, so that the compiler need not
/// generate code for all the others.
#[derive(Clone, Copy)]
struct Located<'de>(&'de Value);

impl<'de> Located<'de> {
    fn mismatch<T>(self, expected: &dyn Expected) -> Result<T, Error> {
        Err(Error::invalid_type(kind(self.0), expected))
    }

    fn number<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let Value::Number(number) = self.0 else {
            return self.mismatch(&visitor);
        };
        match (number.as_u64(), number.as_i64()) {
            (Some(value), _) => visitor.visit_u64(value),
            (None, Some(value)) => visitor.visit_i64(value),
            (None, None) => visitor.visit_f64(number.as_f64().unwrap_or_default()),
        }
    }

    fn text<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::String(value) => visitor.visit_borrowed_str(value),
            _ => self.mismatch(&visitor),
        }
    }

    fn list<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Array(list) => visitor.visit_seq(Elements { list, next: 0 }),
            _ => self.mismatch(&"a list"),
        }
    }

    fn object<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Object(map) => visitor.visit_map(Members::new(map)),
            _ => self.mismatch(&"an object"),
        }
    }
}

macro_rules! offer {
    ($($shape:ident: $($method:ident)*;)*) => {
        $($(
            fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
                self.$shape(visitor)
            }
        )*)*
    };
}

impl<'de> Deserializer<'de> for Located<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Number(_) => self.number(visitor),
            Value::String(value) => visitor.visit_borrowed_str(value),
            Value::Array(list) => visitor.visit_seq(Elements { list, next: 0 }),
            Value::Object(map) => visitor.visit_map(Members::new(map)),
        }
    }

    offer! {
        number: deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_u8
            deserialize_u16 deserialize_u32 deserialize_u64 deserialize_f32 deserialize_f64;
        text: deserialize_char deserialize_str deserialize_string deserialize_identifier;
        list: deserialize_seq;
        object: deserialize_map;
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Bool(value) => visitor.visit_bool(*value),
            _ => self.mismatch(&visitor),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.object(visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.list(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.0 {
            Value::String(name) => visitor.visit_enum(Variant { name, value: None }),
            Value::Object(map) => match map.iter().next() {
                Some((name, value)) if map.len() == 1 => {
                    visitor.visit_enum(Variant { name, value: Some(value) })
                }
                _ => Err(Error::custom("expected an object with exactly one key")),
            },
            other => Err(Error::invalid_type(kind(other), &"a text or an object")),
        }
    }

    forward_to_deserialize_any! {
        i128 u128 bytes byte_buf unit unit_struct tuple_struct ignored_any
    }
}

struct Elements<'de> {
    list: &'de [Value],
    next: usize,
}

impl<'de> SeqAccess<'de> for Elements<'de> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Error> {
        let index = self.next;
        let Some(value) = self.list.get(index) else {
            return Ok(None);
        };
        self.next += 1;
        match seed.deserialize(Located(value)) {
            Ok(value) => Ok(Some(value)),
            Err(error) => Err(error.below(Step::Index(index))),
        }
    }

    fn size_hint(&self) -> Option<usize> {
        self.list.len().checked_sub(self.next)
    }
}

struct Members<'de> {
    members: map::Iter<'de>,
    current: Option<(&'de String, &'de Value)>,
}

impl<'de> Members<'de> {
    fn new(map: &'de Map<String, Value>) -> Self {
        Self { members: map.iter(), current: None }
    }
}

impl<'de> MapAccess<'de> for Members<'de> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        self.current = self.members.next();
        let Some((key, _)) = self.current else {
            return Ok(None);
        };
        match seed.deserialize(key.as_str().into_deserializer()) {
            Ok(key) => Ok(Some(key)),
            Err(error) => Err(Error::below(error, Step::Key(key.clone()))),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let Some((key, value)) = self.current.take() else {
            return Err(Error::custom("a value was asked for before its key"));
        };
        seed.deserialize(Located(value)).map_err(|error| error.below(Step::Key(key.clone())))
    }
}

struct Variant<'de> {
    name: &'de str,
    value: Option<&'de Value>,
}

impl Variant<'_> {
    fn below<T>(&self, result: Result<T, Error>) -> Result<T, Error> {
        result.map_err(|error| error.below(Step::Key(self.name.to_owned())))
    }
}

impl<'de> EnumAccess<'de> for Variant<'de> {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Error> {
        let variant = seed.deserialize(self.name.into_deserializer())?;
        Ok((variant, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'de> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        match self.value {
            None | Some(Value::Null) => Ok(()),
            Some(other) => {
                self.below(Err(Error::invalid_type(kind(other), &"nothing after this word")))
            }
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Error> {
        let value = seed.deserialize(Located(self.value.unwrap_or(&Value::Null)));
        self.below(value)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _len: usize, visitor: V) -> Result<V::Value, Error> {
        let value = Located(self.value.unwrap_or(&Value::Null)).list(visitor);
        self.below(value)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let value = Located(self.value.unwrap_or(&Value::Null)).object(visitor);
        self.below(value)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "camelCase")]
    enum Handler {
        None,
        Http { url: String },
        Exec(Vec<String>),
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    struct Config {
        port: Option<u16>,
        #[serde(default)]
        ratio: f64,
        #[serde(default)]
        handlers: Vec<Handler>,
        #[serde(default)]
        labels: BTreeMap<String, String>,
        #[serde(default)]
        open: Value,
    }

    fn failure(value: &Value) -> (String, String) {
        match deserialize::<Config>(value) {
            Ok(config) => panic!("{value} was read as {config:?}"),
            Err(error) => (error.pointer(&Pointer::config()).to_string(), error.to_string()),
        }
    }

    #[test]
    fn every_shape_is_read_as_serde_would() {
        let value = json!({
            "port": 80,
            "ratio": 1,
            "handlers": ["none", {"http": {"url": "u"}}, {"exec": ["a", "b"]}],
            "labels": {"a": "b"},
            "open": {"deep": [1, -2, 0.5, null]},
        });
        let ours: Config = deserialize(&value).expect("it fits");
        let theirs: Config = serde_json::from_value(value).expect("it fits");
        assert_eq!(ours, theirs);
    }

    #[test]
    fn an_error_points_at_the_value() {
        let cases = [
            (
                json!({"port": "80"}),
                "/config/port",
                "expected a whole number from 0 to 65535, found the text `80`",
            ),
            (
                json!({"port": 65536}),
                "/config/port",
                "expected a whole number from 0 to 65535, found the number 65536",
            ),
            (
                json!({"port": 1.5}),
                "/config/port",
                "expected a whole number from 0 to 65535, found a number with a fraction",
            ),
            (json!({"handlers": {}}), "/config/handlers", "expected a list, found an object"),
            (
                json!({"labels": {"a/b": 1}}),
                "/config/labels/a~1b",
                "expected a text, found the number 1",
            ),
            (
                json!({"handlers": ["none", {"http": {"url": []}}]}),
                "/config/handlers/1/http/url",
                "expected a text, found a list",
            ),
            (json!({"handlers": [{"http": {}}]}), "/config/handlers/0/http", "missing field `url`"),
            (
                json!({"handlers": ["ftp"]}),
                "/config/handlers/0",
                "unknown variant `ftp`, expected one of `none`, `http`, `exec`",
            ),
            (
                json!({"handlers": [{"none": 1}]}),
                "/config/handlers/0/none",
                "expected nothing after this word, found the number 1",
            ),
            (
                json!({"handlers": [{"http": {}, "exec": []}]}),
                "/config/handlers/0",
                "expected an object with exactly one key",
            ),
            (
                json!({"prot": 1}),
                "/config/prot",
                "unknown field `prot`, expected one of `port`, `ratio`, `handlers`, `labels`, `open`",
            ),
        ];
        for (value, pointer, message) in cases {
            assert_eq!(failure(&value), (pointer.to_owned(), message.to_owned()), "{value}");
        }
    }
}
