//! Calls a module in a native test exactly as the host would, from JSON literals.
//!
//! ```
//! # use kusion_sdk::{Module, Nothing, Output, Rejection, Request};
//! # struct Silent;
//! # impl Module for Silent {
//! #     const NAME: &'static str = "silent";
//! #     const VERSION: &'static str = "0.1.0";
//! #     const SUMMARY: &'static str = "Makes nothing.";
//! #     type Config = Nothing;
//! #     type Platform = Nothing;
//! #     fn generate(_: Request<Nothing, Nothing>) -> Result<Output, Rejection> {
//! #         Ok(Output::new())
//! #     }
//! # }
//! use kusion_sdk::testing::Call;
//! use serde_json::json;
//!
//! let output = Call::<Silent>::new(json!({})).accessory("quiet").generate();
//! assert_eq!(output, Ok(Output::new()));
//! ```

use std::marker::PhantomData;

use serde_json::{Map, Value, json};

use crate::decode::{self, RawInput, RawRequest};
use crate::kubernetes;
use crate::module::Module;
use crate::names;
use crate::output::Output;
use crate::rejection::Rejection;
use crate::request::Scope;
use crate::workload_resource::WORKLOAD_RESOURCE;

/// A call to the module `M` in preparation.
///
/// The scope is project `shop`, stack `dev`, workspace `dev`, app `web`, namespace `shop`; the
/// accessory has the module's name; everything else is empty until set. A module that needs to know which resource
/// runs the workload is told of a Deployment, if there is a workload.
#[derive(Debug)]
pub struct Call<M> {
    raw: RawRequest,
    workload_kind: (String, String),
    module: PhantomData<M>,
}

// Not derived, because a module need not be cloned for that.
impl<M> Clone for Call<M> {
    fn clone(&self) -> Self {
        Self {
            raw: self.raw.clone(),
            workload_kind: self.workload_kind.clone(),
            module: PhantomData,
        }
    }
}

impl<M: Module> Call<M> {
    /// Prepares a call with what a developer would write for the module.
    pub fn new(config: Value) -> Self {
        let empty = Value::Object(Map::new()).to_string();
        Self {
            raw: RawRequest {
                scope: Scope {
                    project: "shop".to_owned(),
                    stack: "dev".to_owned(),
                    workspace: "dev".to_owned(),
                    app: "web".to_owned(),
                    namespace: "shop".to_owned(),
                },
                accessory: match M::KIND {
                    crate::Kind::Workload => String::new(),
                    crate::Kind::Accessory => M::NAME.to_owned(),
                },
                labels: Vec::new(),
                annotations: Vec::new(),
                config: config.to_string(),
                platform: empty.clone(),
                workload: Value::Null.to_string(),
                context: empty.clone(),
                inputs: Vec::new(),
                extensions: empty,
            },
            workload_kind: ("apps/v1".to_owned(), "Deployment".to_owned()),
            module: PhantomData,
        }
    }

    /// Sets where the call belongs.
    #[must_use]
    pub fn scope(mut self, scope: Scope) -> Self {
        self.raw.scope = scope;
        self
    }

    /// Sets the accessory's name in `app.yaml`.
    #[must_use]
    pub fn accessory(mut self, name: &str) -> Self {
        name.clone_into(&mut self.raw.accessory);
        self
    }

    /// Adds a label of the app.
    #[must_use]
    pub fn label(mut self, key: &str, value: &str) -> Self {
        self.raw.labels.push((key.to_owned(), value.to_owned()));
        self
    }

    /// Adds an annotation of the app.
    #[must_use]
    pub fn annotation(mut self, key: &str, value: &str) -> Self {
        self.raw.annotations.push((key.to_owned(), value.to_owned()));
        self
    }

    /// Sets what the platform team would write for the module.
    #[must_use]
    pub fn platform(mut self, platform: Value) -> Self {
        self.raw.platform = platform.to_string();
        self
    }

    /// Sets the app's workload.
    #[must_use]
    pub fn workload(mut self, workload: Value) -> Self {
        self.raw.workload = workload.to_string();
        self
    }

    /// Sets the kind of the resource that runs the workload.
    #[must_use]
    pub fn workload_kind(mut self, api_version: &str, kind: &str) -> Self {
        self.workload_kind = (api_version.to_owned(), kind.to_owned());
        self
    }

    /// Sets the part of the workspace's context that the module asked for.
    #[must_use]
    pub fn context(mut self, context: Value) -> Self {
        self.raw.context = context.to_string();
        self
    }

    /// Adds the answer to a need.
    #[must_use]
    pub fn input(mut self, kind: &str, need: Value, answer: Value) -> Self {
        self.raw.inputs.push(RawInput {
            kind: kind.to_owned(),
            need: need.to_string(),
            answer: answer.to_string(),
        });
        self
    }

    /// Makes the call.
    ///
    /// # Errors
    /// What the module rejects, and what does not fit its types.
    pub fn generate(mut self) -> Result<Output, Rejection> {
        if M::NEEDS_WORKLOAD_RESOURCE && self.raw.workload != "null" {
            self.raw.extensions = json!({WORKLOAD_RESOURCE: self.workload_resource()}).to_string();
        }
        decode::serve::<M>(self.raw)
    }

    fn workload_resource(&self) -> Value {
        let (api_version, kind) = &self.workload_kind;
        let name = names::unique_app_name(&self.raw.scope);
        let id = kubernetes::id(api_version, kind, Some(&self.raw.scope.namespace), &name);
        json!({"id": id, "apiVersion": api_version, "kind": kind, "name": name})
    }
}
