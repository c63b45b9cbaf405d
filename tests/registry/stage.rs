//! A client for tests, and a project the modules of which come from a registry.

use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;
use kusion::module::registry::{
    Artifact, ClientOptions, ContentStore, Contents, PullEvent, PullObserver, RegistryClient,
    Repository, Retries,
};
use kusion_tests::{Output, Sandbox, catalog};

use super::real::Registry;

/// What was tried again, in order.
#[derive(Debug, Default)]
pub(super) struct Repeats(Mutex<Vec<String>>);

impl Repeats {
    pub(super) fn reasons(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

impl PullObserver for Repeats {
    fn notice(&self, event: PullEvent<'_>) {
        if let PullEvent::Repeats { reason, .. } = event {
            self.0.lock().unwrap().push(reason.to_owned());
        }
    }
}

/// Returns options for tests: few attempts, short waits.
pub(super) fn options() -> ClientOptions {
    let retries = Retries { attempts: 3, pause: Duration::from_millis(1), ..Retries::default() };
    ClientOptions { retries, ..ClientOptions::default() }
}

/// Returns a client that is in no hurry to give up, and what it tells.
pub(super) fn client() -> (RegistryClient, Arc<Repeats>) {
    let repeats = Arc::new(Repeats::default());
    (RegistryClient::new(ClientOptions { observer: repeats.clone(), ..options() }), repeats)
}

/// Runs a future to its end.
pub(super) fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// Returns an empty store.
pub(super) fn store() -> (tempfile::TempDir, ContentStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = ContentStore::new(folder.path().join("content"));
    (folder, store)
}

/// Returns the repository of this name in a registry.
pub(super) fn repository(address: &str, name: &str) -> Repository {
    format!("oci://{address}/{name}").parse().unwrap()
}

/// Publishes a component as any version, with what is said about it.
pub(super) fn publish(
    registry: &Registry,
    name: &str,
    version: &str,
    component: &[u8],
    note: &str,
) {
    let annotations = [("note".to_owned(), note.to_owned())].into();
    let artifact =
        Artifact::of(component, &Contents { annotations, ..Contents::default() }).unwrap();
    let client = RegistryClient::new(options());
    let repository = repository(&registry.address(), name);
    let version = version.parse().unwrap();
    let pushed = client.push(&repository, &version, &artifact, Bytes::copy_from_slice(component));
    wait(pushed).unwrap();
}

/// Returns the component of a first-party module.
pub(super) fn component(name: &str) -> Vec<u8> {
    fs_err::read(catalog().join(format!("{name}.wasm"))).unwrap()
}

/// Returns a component that says that it has another version, of as many characters.
pub(super) fn as_version(component: &[u8], version: &str) -> Vec<u8> {
    let mut changed = component.to_vec();
    let place = |window: &[u8]| window.ends_with(b"0.1.0") && window[0] != b'@';
    let at = component.windows(6).position(place).unwrap() + 1;
    changed[at..at + 5].copy_from_slice(version.as_bytes());
    changed
}

const APP: &str = "\
workload:
  module: service
  containers: {main: {image: \"shop:1\"}}
accessories:
  network: {ports: [{port: 80}]}
";

/// A project with the stack `dev`, the module `network` of which comes from a registry.
pub(super) struct Stage {
    pub(super) sandbox: Sandbox,
    pub(super) address: String,
}

impl Stage {
    /// Makes a project; `version` is what the workspace asks for.
    pub(super) fn new(address: &str, version: &str) -> Self {
        let sandbox = Sandbox::new();
        sandbox.write("project.yaml", "name: shop\n");
        sandbox.write("app.yaml", APP);
        sandbox.write("dev/stack.yaml", "name: dev\nworkspace: dev\n");
        let stage = Self { sandbox, address: address.to_owned() };
        stage.sandbox.write("dev.yaml", &stage.workspace(version));
        stage.sandbox.run("", &["workspace", "create", "dev", "-f", "dev.yaml"]).success();
        stage
    }

    fn workspace(&self, version: &str) -> String {
        format!(
            "modules:
  network: {{path: \"oci://{}/team/network\", version: \"{version}\"}}
  service: {{}}
targets:
  kubernetes: {{directory: manifests}}
",
            self.address
        )
    }

    /// Lets the workspace ask for something else.
    pub(super) fn ask_for(&self, version: &str) {
        self.sandbox.write("dev.yaml", &self.workspace(version));
        self.sandbox.run("", &["workspace", "update", "dev", "-f", "dev.yaml"]).success();
    }

    /// Runs the program in the stack.
    pub(super) fn run(&self, arguments: &[&str]) -> Output {
        self.cleaned(self.sandbox.run("dev", arguments))
    }

    /// Replaces what differs from run to run.
    pub(super) fn cleaned(&self, mut output: Output) -> Output {
        for text in [&mut output.stdout, &mut output.stderr] {
            *text = text.replace(&self.address, "[registry]");
        }
        output
    }

    /// Returns the lock, without what differs from run to run.
    pub(super) fn lock(&self) -> String {
        let path = self.sandbox.path("kusion.lock");
        if !Path::exists(&path) {
            return String::new();
        }
        self.sandbox.read("kusion.lock").replace(&self.address, "[registry]")
    }

    /// Returns the files of the content store.
    pub(super) fn content(&self) -> Vec<std::path::PathBuf> {
        let folder = self.sandbox.home("content/sha256");
        let entries = fs_err::read_dir(folder).into_iter().flatten();
        let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        files.sort();
        files
    }
}
