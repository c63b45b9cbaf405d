//! How many requests a run sends. It is counted, not timed: on a cluster far away it is what a run costs.

use std::collections::BTreeMap;

use kusion_cluster::{Proxy, Request, User};

use super::stage::{Stage, target};

/// Apps of the stack. Each has a Deployment, a Service and two ConfigMaps.
const APPS: usize = 4;
/// All resources with the namespace.
const RESOURCES: usize = 4 * APPS + 1;
/// Kinds of which there are several, so that they are listed.
const LISTED: [&str; 3] = ["configmaps", "deployments", "services"];

/// What was asked about one object, or about all objects of a kind in the namespace.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Asked {
    reads: usize,
    watches: usize,
    dry_runs: usize,
    patches: usize,
    others: usize,
}

/// A stack of several apps behind a proxy that counts.
struct Counted {
    stage: Stage,
    proxy: Proxy,
}

impl Counted {
    fn new() -> Self {
        let stage = Stage::new();
        let proxy = stage.cluster.proxy();
        let kubeconfig = stage.cluster.kubeconfig_through(&proxy, User::AdminByToken);
        stage.sandbox.make_workspace("far", &target(&kubeconfig));
        stage.sandbox.write("dev/stack.yaml", "name: dev\nworkspace: far\n");
        stage.sandbox.write("app.yaml", &(0..APPS).fold("apps:\n".to_owned(), app));
        Self { stage, proxy }
    }

    /// Runs the program, which must succeed, and returns what the server was asked.
    fn run(&self, arguments: &[&str]) -> Vec<Request> {
        self.proxy.forget();
        self.stage.run(arguments).success();
        self.proxy.requests()
    }

    /// Groups requests by object: the plural of the kind and, for one object, the name behind a slash.
    fn by_object(&self, requests: &[Request]) -> BTreeMap<String, Asked> {
        let mut asked: BTreeMap<String, Asked> = BTreeMap::new();
        let namespace = format!("/namespaces/{}", self.stage.project);
        for Request { verb, target, .. } in requests {
            let (path, query) = target.split_once('?').unwrap_or((target, ""));
            let Some((_, object)) = path.split_once(&namespace) else { continue };
            let object = object.strip_prefix('/').unwrap_or("namespace").to_owned();
            let entry = asked.entry(object).or_default();
            let count = match verb.as_str() {
                "GET" if query.contains("watch=true") => &mut entry.watches,
                "GET" => &mut entry.reads,
                "PATCH" if query.contains("dryRun=All") => &mut entry.dry_runs,
                "PATCH" => &mut entry.patches,
                _ => &mut entry.others,
            };
            *count += 1;
        }
        asked
    }

    /// Returns what was asked about the resources of the stack only: 17 objects and 3 kinds.
    fn about_the_stack(&self, requests: &[Request]) -> BTreeMap<String, Asked> {
        let mut asked = self.by_object(requests);
        asked.retain(|object, _| {
            let (kind, name) = object.split_once('/').unwrap_or((object, ""));
            let ours = name.is_empty() || name.contains("-dev-");
            kind == "namespace" || LISTED.contains(&kind) && ours
        });
        asked
    }
}

fn app(text: String, number: usize) -> String {
    format!(
        "{text}  app-{number}:
    workload:
      module: service
      replicas: 0
      containers:
        main:
          image: shop:1
          files: {{/etc/a: {{content: a}}, /etc/b: {{content: b}}}}
    accessories:
      network: {{ports: [{{port: 80}}]}}
"
    )
}

/// Counts what asks which kinds the server serves.
fn discoveries(requests: &[Request]) -> usize {
    let is_discovery = |path: &str| {
        let depth = path.trim_matches('/').split('/').count();
        path == "/api"
            || path == "/apis"
            || path.starts_with("/api/") && depth == 2
            || path.starts_with("/apis/") && depth <= 3
    };
    let path = |request: &Request| {
        request.target.split('?').next().unwrap_or_default().trim_end_matches('/').to_owned()
    };
    requests.iter().filter(|request| request.verb == "GET" && is_discovery(&path(request))).count()
}

/// What is asked about the objects if nothing changes: one read or a share in a list, and one dry run.
fn assert_only_looked_at(asked: &BTreeMap<String, Asked>) {
    for (object, asked) in asked {
        let expected = match object.as_str() {
            "namespace" => Asked { reads: 1, dry_runs: 1, ..Asked::default() },
            kind if LISTED.contains(&kind) => Asked { reads: 1, ..Asked::default() },
            _ => Asked { dry_runs: 1, ..Asked::default() },
        };
        assert_eq!(*asked, expected, "{object}");
    }
    assert_eq!(asked.len(), RESOURCES + LISTED.len(), "{asked:#?}");
}

#[test]
fn an_object_costs_a_share_in_a_list_and_a_dry_run_in_a_preview_and_one_patch_in_an_apply() {
    let counted = Counted::new();
    let first = counted.run(&["apply", "--yes"]);
    assert_eq!(discoveries(&first), 2);
    for (object, asked) in counted.about_the_stack(&first) {
        let listed = LISTED.contains(&object.as_str());
        let is_parent = object.starts_with("configmaps/kusion-");
        assert_eq!(asked.patches, usize::from(!listed), "{object}: {asked:?}");
        // Deployments are waited for, and of what is in a namespace that does not exist yet the dry run says no more
        // than whether it fits the schema. Whether the namespace is there is looked at once more before the lease is
        // taken in it.
        let waited_for = object.starts_with("deployments");
        let reads = 1 + usize::from(object == "namespace");
        assert!(asked.reads <= reads || waited_for, "{object}: {asked:?}");
        assert!(asked.watches == 0 || waited_for, "{object}: {asked:?}");
        assert_eq!(
            (asked.dry_runs, asked.others),
            (usize::from(!listed && !is_parent), 0),
            "{object}"
        );
    }

    let preview = counted.run(&["preview"]);
    assert_eq!(discoveries(&preview), 2);
    assert_only_looked_at(&counted.about_the_stack(&preview));

    // What was there already is known to work from the lists.
    let again = counted.run(&["apply", "--yes"]);
    assert_eq!(discoveries(&again), 2);
    assert_only_looked_at(&counted.about_the_stack(&again));

    counted.stage.sandbox.edit("app.yaml", "app-0:\n    workload:\n      module: service\n      replicas: 0\n      containers:\n        main:\n          image: shop:1", "app-0:\n    workload:\n      module: service\n      replicas: 0\n      containers:\n        main:\n          image: shop:2");
    let change = counted.run(&["apply", "--yes"]);
    let asked = counted.about_the_stack(&change);
    let patched: Vec<_> = asked.iter().filter(|(_, asked)| asked.patches > 0).collect();
    let [(object, patches)] = patched.as_slice() else { panic!("{patched:?}") };
    assert!(object.starts_with("deployments/") && object.ends_with("-dev-app-0"), "{object}");
    assert_eq!(patches.patches, 1);
    assert_eq!(asked.values().map(|asked| asked.dry_runs).sum::<usize>(), RESOURCES);
}
