//! Values -> YAML text that every reader reads back the same.

use serde::Serialize;
use serde_json::Value;
use serde_saphyr::SerializerOptions;

use super::scalar;

/// A value that has no YAML form: a map whose keys are no texts, or a type that refuses to be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write a value as YAML")]
pub struct YamlWriteError {
    source: serde_saphyr::ser::Error,
}

/// Writes a value in block style, fields in the order of the type.
///
/// Texts that any YAML version would read as something else are quoted; no line is folded.
///
/// # Errors
///
/// The type refuses to be written.
pub fn to_string(value: &impl Serialize) -> Result<String, YamlWriteError> {
    serde_saphyr::to_string_with_options(value, options())
        .map_err(|source| YamlWriteError { source })
}

fn options() -> SerializerOptions {
    serde_saphyr::ser_options! {
        // Folding would turn a long line into several; readers differ in putting them together again.
        folded_wrap_chars: usize::MAX,
    }
}

/// Gives every number of a value its one spelling: an integral float becomes an integer.
///
/// Values that are read are canonical already.
#[must_use]
pub fn canonical(value: Value) -> Value {
    match value {
        Value::Number(number) => match number.as_f64().filter(|_| number.is_f64()) {
            Some(float) => Value::Number(scalar::float(float).unwrap_or(number)),
            None => Value::Number(number),
        },
        Value::Array(items) => items.into_iter().map(canonical).collect(),
        Value::Object(object) => {
            object.into_iter().map(|(key, value)| (key, canonical(value))).collect()
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse_value;
    use super::*;
    use serde_json::json;

    /// Texts that YAML readers and writers are known to get wrong.
    const NASTY: &[&str] = &[
        "",
        " ",
        "  ",
        "\n",
        "\n\n",
        "a\n",
        "a\n\n",
        "a\n\n\n",
        "\na",
        "\n\na\n",
        " a",
        "a ",
        " a\nb",
        "a\n b",
        "  a\n b\nc",
        "a \nb",
        "a\n\nb",
        "\ta",
        "a\t",
        "a\tb\nc",
        "\t\n",
        "a\r\nb",
        "\r",
        "a\rb",
        "N",
        "n",
        "y",
        "Y",
        "yes",
        "No",
        "on",
        "OFF",
        "true",
        "~",
        "null",
        "Null",
        "0777",
        "0o7",
        "0x1F",
        "0b1",
        "1e3",
        "1_000",
        "12:30",
        "1:2:3",
        "1.5",
        ".5",
        "-.5",
        "+1",
        "-",
        "--",
        "---",
        "...",
        "- a",
        "-a",
        "? a",
        ": a",
        "a: b",
        "a:",
        "a #b",
        "#a",
        "a#b",
        "%a",
        "@a",
        "`a",
        "!a",
        "&a",
        "*a",
        "|",
        ">",
        "|-",
        "{a}",
        "[a]",
        "{",
        "}",
        "[",
        "]",
        ",",
        "a,b",
        "'",
        "''",
        "\"",
        "it's",
        "\"q\"",
        "\\",
        "a\\nb",
        "<<",
        "=",
        "2001-01-01",
        "2001-01-01T00:00:00Z",
        ".inf",
        ".nan",
        "-.INF",
        "\u{feff}",
        "\u{feff}a",
        "a\u{feff}b",
        "\u{85}",
        "a\u{2028}b",
        "\u{2029}",
        "\u{a0}a",
        "\u{0}",
        "\u{7f}",
        "\u{1b}[0m",
        "\u{e000}",
        "😀",
        "é",
        "日本語\n中文",
        "\u{200d}",
        "$(A)",
        "${A}",
        "key: |\n  text\n",
        "#!/bin/sh\nset -e\n",
        "a\n#b",
        "a\n---\nb",
        "...\na",
        "--- a\n",
        "- a\n- b\n",
        "\n  leading\nthen",
        "\n\t tab",
        "x\n\t\ny",
        "0",
        "-0",
        "00",
        "1.0",
        "1.",
        "1e+3",
        "0.0",
        "0_1",
        "+.5",
        "NaN",
        "infinity",
        "0888",
        "08",
    ];

    fn long_texts() -> Vec<String> {
        let words = "word ".repeat(60);
        vec![
            words.trim_end().to_owned(),
            words.clone(),
            format!("{words}\n{words}"),
            format!("  {words}\nshort\n"),
            "x".repeat(500),
            format!("a {} b", "y".repeat(300)),
        ]
    }

    #[test]
    fn what_is_written_is_read_back_the_same() {
        let long = long_texts();
        for text in NASTY.iter().copied().chain(long.iter().map(String::as_str)) {
            for value in [
                json!(text),
                json!([text, text]),
                json!({"key": text, "next": 1}),
                json!({ text: "value" }),
                json!({"deep": [{"list": [[text], {"x": {"y": text}}]}, text]}),
            ] {
                let written = to_string(&value).unwrap();
                let read = parse_value(&written);
                assert_eq!(read.as_ref(), Ok(&value), "written as:\n{written}");
            }
        }
    }

    #[test]
    fn texts_put_together_at_random_are_read_back_the_same() {
        let parts = "\n| |\t|a|:|-|#|'|\"|\\|\r|é|\u{85}|\u{2028}|\u{feff}|>|0|%|&|*|!|{|}|[|]|,|?|~|\0|=|<|.|word ";
        let parts: Vec<&str> = parts.split('|').chain(["|"]).collect();
        // Xorshift with a fixed seed: the texts are the same in every run.
        let mut state: u64 = 42;
        let mut random = |below: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            usize::try_from(state % below as u64).unwrap()
        };
        for _ in 0..4000 {
            let text: String = (0..=random(7)).map(|_| parts[random(parts.len())]).collect();
            let value = json!({"list": [{ text.as_str(): text, "deep": { "k": [text] } }]});
            let written = to_string(&value).unwrap();
            assert_eq!(parse_value(&written).as_ref(), Ok(&value), "written as:\n{written}");
        }
    }

    #[test]
    fn texts_that_yaml_1_1_misreads_are_quoted() {
        for text in ["N", "on", "0777", "1e3", "1_000", "12:30", "~", "2001-01-01", "=", "<<"] {
            let written = to_string(&json!({ "k": text })).unwrap();
            assert!(
                written == format!("k: \"{text}\"\n") || written == format!("k: '{text}'\n"),
                "{written}"
            );
        }
    }

    #[test]
    fn long_lines_are_never_folded() {
        for text in long_texts() {
            let written = to_string(&json!({ "k": text })).unwrap();
            assert!(!written.contains(": >"), "{written}");
        }
    }

    #[test]
    fn numbers_keep_their_value_and_have_one_spelling() {
        for value in
            [json!(0), json!(-1), json!(u64::MAX), json!(i64::MIN), json!(0.1), json!(1e300)]
        {
            let written = to_string(&value).unwrap();
            assert_eq!(parse_value(&written).as_ref(), Ok(&value), "{written}");
        }
        assert_eq!(canonical(json!({"a": [1.0, 1.5, -0.0]})).to_string(), r#"{"a":[1,1.5,0]}"#);
    }
}
