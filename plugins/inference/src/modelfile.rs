//! What Ollama is told about a model: its Modelfile.

use kusion_sdk::{Pointer, Problems};

use crate::config::Config;

/// What a text of the Modelfile stands between; there is no way to write it inside.
const QUOTES: &str = "\"\"\"";

/// The longest text in bytes: it goes through a variable of the environment, of which Linux takes 128 KiB.
const MAX_TEXT: usize = 48 * 1024;

/// The most parts of a model's name, and the most characters of one.
const MAX_PARTS: usize = 3;
const MAX_PART: usize = 80;

/// Writes the Modelfile, and notes what cannot stand in one.
pub(crate) fn modelfile(config: &Config, problems: &mut Problems) -> String {
    let at = Pointer::config();
    if !is_model(&config.model) {
        problems.add(
            at.key("model"),
            "must be the name of a model, as in `llama3`, `qwen3:8b` or `hf.co/acme/model:Q4_K_M`",
        );
    }
    for (key, number, most) in
        [("top_p", config.top_p, 1.0), ("temperature", config.temperature, 100.0)]
    {
        if !(0.0..=most).contains(&number) {
            problems.add(at.key(key), format!("must be between 0 and {most}"));
        }
    }
    if config.num_predict < -2 {
        problems.add(at.key("num_predict"), "must be at least -2");
    }
    if config.num_ctx == 0 {
        problems.add(at.key("num_ctx"), "must be at least 1");
    }
    let mut lines = vec![
        format!("FROM {}", config.model),
        format!("PARAMETER num_ctx {}", config.num_ctx),
        format!("PARAMETER num_predict {}", config.num_predict),
        format!("PARAMETER temperature {}", config.temperature),
        format!("PARAMETER top_k {}", config.top_k),
        format!("PARAMETER top_p {}", config.top_p),
    ];
    for (key, instruction, text) in
        [("system", "SYSTEM", &config.system), ("template", "TEMPLATE", &config.template)]
    {
        if text.contains(QUOTES) {
            problems.add(at.key(key), format!("must not contain `{QUOTES}`"));
        } else if text.contains('\0') {
            problems.add(at.key(key), "must not contain a character of the code 0");
        } else if text.len() > MAX_TEXT {
            problems.add(at.key(key), "is longer than 48 KiB");
        }
        if !text.is_empty() {
            lines.push(format!("{instruction} {QUOTES}{text}{QUOTES}"));
        }
    }
    lines.push(String::new());
    lines.join("\n")
}

/// Whether a text is `[registry/][owner/]model[:tag]`.
fn is_model(text: &str) -> bool {
    let (name, tag) = match text.rsplit_once('/') {
        Some((_, last)) => match last.split_once(':') {
            Some((_, tag)) => {
                (text.strip_suffix(tag).and_then(|it| it.strip_suffix(':')), Some(tag))
            }
            None => (Some(text), None),
        },
        None => match text.split_once(':') {
            Some((name, tag)) => (Some(name), Some(tag)),
            None => (Some(text), None),
        },
    };
    let parts: Vec<&str> = name.unwrap_or_default().split('/').collect();
    let (registry, owned) = match parts.as_slice() {
        [registry, owned @ ..] if parts.len() == MAX_PARTS => (Some(*registry), owned),
        all => (None, all),
    };
    registry.is_none_or(is_registry)
        && owned.len() < MAX_PARTS
        && owned.iter().copied().chain(tag).all(is_part)
}

fn is_registry(text: &str) -> bool {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (text, None),
    };
    is_part(host) && port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0))
}

fn is_part(text: &str) -> bool {
    text.len() <= MAX_PART
        && text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_ollama_reads_are_taken() {
        for text in [
            "llama3",
            "qwen3:8b",
            "acme/model:latest",
            "hf.co/bartowski/Llama-3.2-1B-Instruct-GGUF:Q4_K_M",
            "localhost:5000/acme/model",
        ] {
            assert!(is_model(text), "{text}");
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            " ",
            "llama 3",
            "a\nSYSTEM b",
            "llama3:",
            ":8b",
            "/llama3",
            "a/b/c/d",
            "a//b",
            "./model.gguf",
            "https://hf.co/acme/model",
            "host:0/acme/model",
            "a:b:c",
        ] {
            assert!(!is_model(text), "{text}");
        }
    }
}
