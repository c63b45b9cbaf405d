//! The resource that runs an app's containers, as an accessory gets to know it.

use serde_json::Value;

/// What a description asks for to learn of it, and the extension of a request that tells it.
pub(crate) const WORKLOAD_RESOURCE: &str = "workloadResource";

/// The Kubernetes object that runs the app's containers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkloadResource<'a> {
    /// The id of the resource, for patches.
    pub id: &'a str,
    /// The API version, for example `apps/v1`.
    pub api_version: &'a str,
    /// The kind, for example `Deployment`.
    pub kind: &'a str,
    /// The object's name.
    pub name: &'a str,
}

impl<'a> WorkloadResource<'a> {
    /// Reads it from the extensions of a request.
    pub(crate) fn of(extensions: &'a Value) -> Option<Self> {
        let resource = extensions.get(WORKLOAD_RESOURCE)?;
        let text = |key: &str| resource.get(key).and_then(Value::as_str);
        Some(Self {
            id: text("id")?,
            api_version: text("apiVersion")?,
            kind: text("kind")?,
            name: text("name")?,
        })
    }

    /// The API group, empty for the core group.
    pub fn group(&self) -> &'a str {
        self.api_version.split_once('/').map_or("", |(group, _)| group)
    }

    /// The group and the kind, which together say what the object is in any version.
    pub fn group_kind(&self) -> (&'a str, &'a str) {
        (self.group(), self.kind)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::Call;
    use crate::{Description, Module, Nothing, Output, Rejection, Request};

    struct Curious;

    impl Module for Curious {
        const NAME: &'static str = "curious";
        const VERSION: &'static str = "0.1.0";
        const SUMMARY: &'static str = "Asks what runs the app.";
        const NEEDS_WORKLOAD_RESOURCE: bool = true;
        type Config = Nothing;
        type Platform = Nothing;

        fn generate(request: Request<Nothing, Nothing>) -> Result<Output, Rejection> {
            match request.workload_resource() {
                Some(found) => Err(Rejection::unsupported(format!("{} {}", found.kind, found.id))),
                None => Ok(Output::new()),
            }
        }
    }

    #[test]
    fn who_needs_it_asks_for_it() {
        let description = json!(Description::of::<Curious>());
        assert_eq!(description["extensions"], json!({"requests": ["workloadResource"]}));
    }

    #[test]
    fn it_is_told_where_there_is_a_workload() {
        assert_eq!(Call::<Curious>::new(json!({})).generate(), Ok(Output::new()));
        let call = Call::<Curious>::new(json!({})).workload(json!({}));
        let expected = "Deployment apps/v1:Deployment:shop:shop-dev-web";
        assert_eq!(call.clone().generate(), Err(Rejection::unsupported(expected)));
        let expected = "Job batch/v1:Job:shop:shop-dev-web";
        let call = call.workload_kind("batch/v1", "Job");
        assert_eq!(call.generate(), Err(Rejection::unsupported(expected)));
    }

    #[test]
    fn an_object_is_known_by_group_and_kind() {
        let whole = json!({WORKLOAD_RESOURCE: {"id": "i", "apiVersion": "apps/v1", "kind": "Deployment", "name": "n"}});
        let found = WorkloadResource::of(&whole).map(|found| found.group_kind());
        assert_eq!(found, Some(("apps", "Deployment")));
        let core =
            json!({WORKLOAD_RESOURCE: {"id": "i", "apiVersion": "v1", "kind": "Pod", "name": "n"}});
        let found = WorkloadResource::of(&core).map(|found| found.group_kind());
        assert_eq!(found, Some(("", "Pod")));
        assert_eq!(WorkloadResource::of(&json!({WORKLOAD_RESOURCE: {"id": "i"}})), None);
    }
}
