//! From the documents of a call to typed values, with a pointer to whatever does not fit.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::located;
use crate::module::Module;
use crate::output::Output;
use crate::pointer::Pointer;
use crate::rejection::{Problems, Rejection};
use crate::request::{Input, Request, Scope};
use crate::texts::texts;

/// A call as it crosses the border: documents are still text.
#[derive(Debug, Clone)]
pub(crate) struct RawRequest {
    pub(crate) scope: Scope,
    pub(crate) accessory: String,
    pub(crate) labels: Vec<(String, String)>,
    pub(crate) annotations: Vec<(String, String)>,
    pub(crate) config: String,
    pub(crate) platform: String,
    pub(crate) workload: String,
    pub(crate) context: String,
    pub(crate) inputs: Vec<RawInput>,
    pub(crate) extensions: String,
}

/// An answer to a need as it crosses the border.
#[derive(Debug, Clone)]
pub(crate) struct RawInput {
    pub(crate) kind: String,
    pub(crate) need: String,
    pub(crate) answer: String,
}

/// Decodes a call, lets the module answer it, and says what was wrong if it cannot be decoded.
pub(crate) fn serve<M: Module>(raw: RawRequest) -> Result<Output, Rejection> {
    let config = parse("config", &raw.config)?;
    let platform = parse("platform", &raw.platform)?;
    let mut problems = Problems::default();
    let config = typed::<M::Config>(&Pointer::config(), config, &mut problems);
    let platform = typed::<M::Platform>(&Pointer::platform(), platform, &mut problems);
    problems.finish()?;
    let (Some(config), Some(platform)) = (config, platform) else {
        return Err(Rejection::failed("the request cannot be decoded"));
    };
    let mut inputs = Vec::with_capacity(raw.inputs.len());
    for input in raw.inputs {
        inputs.push(Input {
            need: parse("need", &input.need)?,
            answer: parse("answer", &input.answer)?,
            kind: input.kind,
        });
    }
    M::generate(Request {
        scope: raw.scope,
        accessory: raw.accessory,
        labels: texts(raw.labels),
        annotations: texts(raw.annotations),
        config,
        platform,
        workload: parse("workload", &raw.workload)?,
        context: parse("context", &raw.context)?,
        inputs,
        extensions: parse("extensions", &raw.extensions)?,
    })
}

fn parse(document: &str, text: &str) -> Result<Value, Rejection> {
    serde_json::from_str(text).map_err(|error| {
        Rejection::failed(format!("the document `{document}` of the host is not JSON: {error}"))
    })
}

fn typed<T: DeserializeOwned>(root: &Pointer, value: Value, problems: &mut Problems) -> Option<T> {
    let value = match value {
        Value::Null => Value::Object(Map::new()),
        other => other,
    };
    match located::deserialize(&value) {
        Ok(value) => Some(value),
        Err(error) => {
            problems.add(error.pointer(root), error.to_string());
            None
        }
    }
}
