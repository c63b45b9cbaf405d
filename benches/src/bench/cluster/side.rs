//! A way to the cluster: direct, or through a proxy that makes it far away.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use kusion_benches::Failure;
use kusion_cluster::{Cluster, Proxy, User};

use super::run::timed;
use super::stack::{PER_APP, Stack};
use crate::bench::{Fixture, Times};

/// A way to the cluster, for kusion, for `kubectl` and for the floor.
pub(super) struct Side<'c> {
    fixture: &'c Fixture,
    cluster: &'c Cluster,
    kubeconfig: PathBuf,
    /// The namespaces that were made.
    namespaces: RefCell<Vec<String>>,
    /// What is between; a direct way has none.
    pub(super) proxy: Option<Proxy>,
}

/// A stack that is applied, and the same objects applied by `kubectl` into a namespace of their own.
pub(super) struct Twins<'c> {
    pub(super) ours: Stack<'c>,
    manifests: PathBuf,
}

/// How long everything took that is done with objects that do not change.
#[derive(Default)]
pub(super) struct Unchanged {
    /// The floor, 10 and 32 at a time.
    pub(super) floors: [Times; 2],
    pub(super) preview: Times,
    pub(super) apply: Times,
    pub(super) kubectl_diff: Times,
    pub(super) kubectl_apply: Times,
}

/// How long the first apply of objects takes.
#[derive(Default)]
pub(super) struct First {
    pub(super) apply: Times,
    pub(super) kubectl_apply: Times,
}

impl<'c> Side<'c> {
    pub(super) fn direct(fixture: &'c Fixture, cluster: &'c Cluster) -> Self {
        let kubeconfig = cluster.kubeconfig_of(User::AdminByToken);
        Self { fixture, cluster, kubeconfig, namespaces: RefCell::default(), proxy: None }
    }

    pub(super) fn through_a_proxy(fixture: &'c Fixture, cluster: &'c Cluster) -> Self {
        let proxy = cluster.proxy();
        let kubeconfig = cluster.kubeconfig_through(&proxy, User::AdminByToken);
        Self { fixture, cluster, kubeconfig, namespaces: RefCell::default(), proxy: Some(proxy) }
    }

    /// Adds time to every request.
    pub(super) fn slow_down(&self, latency: Duration) {
        if let Some(proxy) = &self.proxy {
            proxy.slow_down(latency);
        }
    }

    /// Makes a stack of so many objects that nobody has applied.
    pub(super) fn stack(&self, objects: usize) -> Result<Stack<'c>, Failure> {
        let (name, apps) = (self.cluster.namespace(), objects.div_ceil(PER_APP));
        self.namespaces.borrow_mut().push(name.clone());
        Stack::new(self.fixture, name, &self.kubeconfig, apps)
    }

    /// Deletes everything that was applied, without waiting; a cluster that others use goes on.
    pub(super) fn clean(&self) {
        let mut arguments = vec!["delete", "namespace", "--ignore-not-found", "--wait=false"];
        let namespaces = self.namespaces.take();
        arguments.extend(namespaces.iter().map(String::as_str));
        let _ = self.cluster.kubectl(&arguments).expect_ok();
    }

    /// Applies a stack, and the same objects with `kubectl`.
    pub(super) fn twins(&self, objects: usize) -> Result<Twins<'c>, Failure> {
        let (ours, theirs) = (self.stack(objects)?, self.stack(objects)?);
        ours.write_floor()?;
        let twins = Twins { ours, manifests: theirs.write_manifests()? };
        let mut first = First::default();
        self.apply_both(&mut first, &twins)?;
        self.settle(&[&twins.ours, &theirs]);
        Ok(twins)
    }

    /// Does everything once that changes nothing, in turns.
    pub(super) fn look(&self, twins: &Twins<'_>, times: &mut Unchanged) -> Result<(), Failure> {
        let Twins { ours, manifests } = twins;
        for (at_once, floor) in [10, 32].into_iter().zip(&mut times.floors) {
            timed(floor, ours.floor(at_once)?)?;
        }
        timed(&mut times.preview, ours.kusion(&["preview"]))?;
        timed(&mut times.kubectl_diff, self.kubectl("diff", manifests))?;
        timed(&mut times.apply, ours.kusion(&["apply", "--yes"]))?;
        timed(&mut times.kubectl_apply, self.kubectl("apply", manifests))
    }

    /// Applies a stack that does not exist, its preview included, and the same objects with `kubectl`.
    pub(super) fn first(&self, objects: usize, times: &mut First) -> Result<(), Failure> {
        let (ours, theirs) = (self.stack(objects)?, self.stack(objects)?);
        let twins = Twins { ours, manifests: theirs.write_manifests()? };
        self.apply_both(times, &twins)?;
        self.settle(&[&twins.ours, &theirs]);
        Ok(())
    }

    /// Counts the requests of a run. A direct way cannot tell.
    pub(super) fn requests(&self, mut command: Command) -> Result<usize, Failure> {
        let proxy = self.proxy.as_ref().ok_or("nobody counts")?;
        proxy.forget();
        let mut times = Times::default();
        command.stdout(Stdio::null());
        timed(&mut times, command)?;
        Ok(proxy.requests().len())
    }

    pub(super) fn kubectl(&self, verb: &str, manifests: &Path) -> Command {
        let folder = self.cluster.folder();
        let mut command = Command::new(folder.join("bin/kubectl"));
        command
            .args([verb, "--server-side", "--filename"])
            .arg(manifests)
            .env_clear()
            // What it keeps there spares it from asking what the server serves.
            .env("HOME", folder)
            .env("PATH", "/usr/bin:/bin")
            .env("KUBECONFIG", &self.kubeconfig)
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        command
    }

    /// Neither waits until anything works.
    fn apply_both(&self, times: &mut First, twins: &Twins<'_>) -> Result<(), Failure> {
        let apply = twins.ours.kusion(&["apply", "--yes", "--no-wait"]);
        timed(&mut times.apply, apply)?;
        timed(&mut times.kubectl_apply, self.kubectl("apply", &twins.manifests))
    }

    /// Waits until controllers have done what follows from new objects.
    fn settle(&self, stacks: &[&Stack<'_>]) {
        for stack in stacks {
            let count = |kind: &str| {
                let arguments = ["get", kind, "--output=name", "--namespace", stack.namespace()];
                self.cluster.kubectl(&arguments).expect_ok().stdout.lines().count()
            };
            for (made, from) in [("replicasets", "deployments"), ("endpointslices", "services")] {
                let expected = count(from);
                self.cluster.until(made, || count(made) >= expected);
            }
        }
    }
}

impl Twins<'_> {
    pub(super) fn manifests(&self) -> &Path {
        &self.manifests
    }
}
