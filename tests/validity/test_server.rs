//! A real API server takes what modules make, to the last field and with everything that it demands beyond schemas.

use std::cell::RefCell;

use kusion::ops::DrawnInputs;
use kusion_cluster::Cluster;
use serde_json::{Value, json};

use super::{Definitions, drawn, expected};

/// How many requests are drawn for each module: the server takes a hundred times longer than the schemas.
const COUNT: u64 = 60;
/// A group whose definitions are in no registry that tests can reach.
const UNDEFINED: &str = "apps.kusionstack.io/";

/// What cases are called whose platform asks for the strictest of Kubernetes' standards for pods.
const RESTRICTED: &str = "restricted";

/// A server that knows what others define, with a namespace for objects that lie in one.
struct Server {
    cluster: Cluster,
    namespace: String,
}

impl Server {
    /// Objects are held against no standard for pods.
    fn start() -> Self {
        let cluster = Cluster::start();
        for file in Definitions::of_others() {
            let file = format!("--filename={}", file.display());
            let _ = cluster.kubectl(&["create", &file]).expect_ok();
        }
        let _ = cluster
            .kubectl(&["wait", "--for=condition=Established", "crd", "--all", "--timeout=60s"])
            .expect_ok();
        let namespace = cluster.make_namespace();
        Self { cluster, namespace }
    }

    /// Goes to another namespace, in which the server warns of pods that violate a standard.
    fn warn_of(&mut self, standard: &str) {
        self.namespace = self.cluster.make_namespace();
        let label = format!("pod-security.kubernetes.io/warn={standard}");
        let _ = self.cluster.kubectl(&["label", "namespace", &self.namespace, &label]).expect_ok();
    }

    /// Says what the server refuses or warns of; it makes nothing.
    fn check(&self, objects: &[Value]) -> Result<(), String> {
        let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
        let arguments = [
            "apply",
            "--server-side",
            "--force-conflicts",
            "--dry-run=server",
            "--validate=strict",
            "--filename=-",
        ];
        let kubeconfig = self.cluster.kubeconfig();
        let outcome = self.cluster.kubectl_with(&kubeconfig, &arguments, &list.to_string());
        let is_insecure = outcome.stderr.contains("would violate PodSecurity");
        if outcome.ok && !is_insecure { Ok(()) } else { Err(outcome.stderr) }
    }

    /// Returns an object as it can be sent to this server; `None` if that knows it not.
    fn fit(&self, object: &Value) -> Option<Value> {
        let version = object["apiVersion"].as_str().unwrap_or_default();
        if version.starts_with(UNDEFINED) || object["kind"] == "Namespace" {
            return None;
        }
        let mut object = object.clone();
        if object["metadata"]["namespace"].is_string() {
            object["metadata"]["namespace"] = json!(self.namespace);
        }
        Some(object)
    }
}

#[test]
fn the_pods_of_cases_pass_the_standards_that_they_promise() {
    let mut server = Server::start();
    let mut wrong = Vec::new();
    for standard in ["baseline", RESTRICTED] {
        server.warn_of(standard);
        let mut count = 0;
        // What somebody wrote into manifests of their own is theirs.
        let promised = expected::all().into_iter().filter(|(case, _)| {
            !case.contains("k8s_manifest") && (standard == "baseline" || case.contains(RESTRICTED))
        });
        for (case, expected) in promised {
            let objects: Vec<Value> = expected::objects(&expected)
                .filter_map(|resource| server.fit(&resource["attributes"]))
                .collect();
            count += objects.len();
            let error = server.check(&objects).err().filter(|_| !objects.is_empty());
            wrong.extend(error.map(|error| format!("{standard}: {case}: {error}")));
        }
        assert!(count > 10, "only {count} objects for {standard}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_server_takes_what_cases_expect_and_what_drawn_requests_make() {
    let server = Server::start();
    let mut wrong = Vec::new();
    let mut count = 0;
    for (case, expected) in expected::all() {
        let objects: Vec<Value> = expected::objects(&expected)
            .filter_map(|resource| server.fit(&resource["attributes"]))
            .collect();
        if !objects.is_empty() {
            wrong.extend(server.check(&objects).err().map(|error| format!("{case}: {error}")));
        }
    }
    for component in drawn::components() {
        let made = RefCell::new(Vec::new());
        let keep = |spec: &kusion::spec::Spec| {
            let objects = spec.resources.values().filter(|it| it.kind == "Kubernetes");
            let objects = objects.filter_map(|it| server.fit(&it.attributes)).collect::<Vec<_>>();
            made.borrow_mut().push(objects);
            Ok(())
        };
        let inputs = DrawnInputs { count: COUNT, seed: 2 };
        let report = drawn::load(&component).answer_drawn(inputs, &keep);
        assert!(report.finding.is_none(), "{}: {report:#?}", component.display());
        let made = made.into_inner();
        let name = component.file_stem().unwrap().to_string_lossy();
        let all = made.concat();
        count += all.len();
        let Some(error) = server.check(&all).err().filter(|_| !all.is_empty()) else { continue };
        // One by one, to show what was sent beside what was said of it.
        let alone = made.iter().find_map(|objects| Some((objects, server.check(objects).err()?)));
        let refused = Some(alone.unwrap_or((&all, error)));
        wrong.extend(
            refused.map(|(objects, error)| format!("{name}: {error}\n{:#}", json!(objects))),
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 600, "only {count} objects of drawn requests were looked at");
}
