//! One running control plane, as a test sees it.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

use fs_err as fs;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::{Outcome, Part, Proxy, Webhook, kubectl, scripts, shared};

/// How long anything in a cluster may take before a test gives up on it; a machine that builds at the same time is slow.
const PATIENCE: Duration = Duration::from_secs(300);

/// Who speaks to the API server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum User {
    /// May do everything; proves itself by a certificate.
    Admin,
    /// May do everything; proves itself by a token, as one must behind a [`Proxy`].
    AdminByToken,
    /// May do what a test grants to the user `developer`, which is nothing at first.
    Developer,
    /// May do nothing; stays so.
    Nobody,
    /// Is somebody whom the server does not know, as with an expired token.
    Stranger,
}

/// A Kubernetes control plane on loopback. It stops when the last value for it is gone, also if the process is killed.
#[derive(Debug)]
pub struct Cluster {
    run: PathBuf,
    lock: Option<fs::File>,
    owned: bool,
}

impl Cluster {
    /// Returns the cluster that all tests share, of this process and of others that run at the same time.
    ///
    /// # Panics
    ///
    /// If it cannot be started.
    #[must_use]
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Cluster> = OnceLock::new();
        SHARED.get_or_init(|| {
            let runs = runs();
            let _turn = shared::alone(&runs.join("shared.turn"));
            let (run, lock) = (runs.join("shared"), runs.join("shared.lock"));
            let held = shared::hold(&lock);
            if !(run.join("ready").exists() && scripts::is_running(&run)) {
                scripts::up(&run, &lock);
            }
            Self { run, lock: Some(held), owned: false }
        })
    }

    /// Starts a cluster for one test alone, which takes some seconds and some 500 MB of memory.
    ///
    /// # Panics
    ///
    /// If it cannot be started.
    #[must_use]
    pub fn start() -> Self {
        static STARTED: AtomicU32 = AtomicU32::new(0);
        let name = format!("{}-{}", std::process::id(), STARTED.fetch_add(1, Ordering::Relaxed));
        let (run, lock) = (runs().join(&name), runs().join(format!("{name}.lock")));
        let held = shared::hold(&lock);
        scripts::up(&run, &lock);
        Self { run, lock: Some(held), owned: true }
    }

    /// Returns the folder with all files of the cluster: logs, keys, process numbers.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.run
    }

    /// Returns the name that the kubeconfig files give to the cluster and to its context.
    #[must_use]
    pub fn context(&self) -> String {
        self.run.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }

    /// Returns the port of the API server on 127.0.0.1.
    ///
    /// # Panics
    ///
    /// If the cluster is gone.
    #[must_use]
    pub fn port(&self) -> u16 {
        let text = read(&self.run.join("port"));
        text.trim().parse().unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// Returns the address of the API server.
    ///
    /// # Panics
    ///
    /// If the cluster is gone.
    #[must_use]
    pub fn server(&self) -> String {
        format!("https://127.0.0.1:{}", self.port())
    }

    /// Returns the path of the administrator's kubeconfig file.
    #[must_use]
    pub fn kubeconfig(&self) -> PathBuf {
        self.kubeconfig_of(User::Admin)
    }

    /// Returns the path of a user's kubeconfig file.
    ///
    /// # Panics
    ///
    /// If the cluster is gone.
    #[must_use]
    pub fn kubeconfig_of(&self, user: User) -> PathBuf {
        let name = match user {
            User::Admin => "kubeconfig",
            User::AdminByToken => "kubeconfig.token",
            User::Developer => "kubeconfig.developer",
            User::Nobody => "kubeconfig.nobody",
            User::Stranger => return self.kubeconfig_with_token("no-such-token"),
        };
        self.run.join(name)
    }

    /// Writes a kubeconfig file for whoever has `token`, such as one of a service account, and returns its path.
    ///
    /// # Panics
    ///
    /// If the cluster is gone.
    #[must_use]
    pub fn kubeconfig_with_token(&self, token: &str) -> PathBuf {
        self.write_kubeconfig(User::AdminByToken, |config| {
            config["users"][0]["user"]["token"] = Value::from(token);
        })
    }

    /// Writes a kubeconfig file for `user` that leads through `proxy`, and returns its path.
    ///
    /// # Panics
    ///
    /// If the cluster is gone, or for [`User::Admin`]: a certificate proves nothing behind a proxy.
    #[must_use]
    pub fn kubeconfig_through(&self, proxy: &Proxy, user: User) -> PathBuf {
        assert_ne!(user, User::Admin, "use User::AdminByToken behind a proxy");
        let server = format!("https://127.0.0.1:{}", proxy.port());
        self.write_kubeconfig(user, |config| {
            config["clusters"][0]["cluster"]["server"] = Value::from(server.as_str());
        })
    }

    /// Starts a proxy in front of the API server; at first it only counts.
    ///
    /// # Panics
    ///
    /// If the cluster is gone.
    #[must_use]
    pub fn proxy(&self) -> Proxy {
        Proxy::start(self.port(), &self.run.join("pki"))
    }

    /// Starts an admission webhook for which `judge` decides: it says why an object is rejected, or nothing.
    ///
    /// # Panics
    ///
    /// If the cluster is gone.
    #[must_use]
    pub fn webhook(
        &self,
        judge: impl Fn(&Value) -> Option<String> + Send + Sync + 'static,
    ) -> Webhook {
        let config: Value = serde_json::from_str(&read(&self.kubeconfig_of(User::AdminByToken)))
            .unwrap_or_else(|error| panic!("{error}"));
        let authority = config["clusters"][0]["cluster"]["certificate-authority-data"].clone();
        Webhook::start(&self.run.join("pki"), authority, Arc::new(judge))
    }

    /// Returns the name of a namespace that does not exist and that no other test will be given.
    #[must_use]
    pub fn namespace(&self) -> String {
        static GIVEN: AtomicU32 = AtomicU32::new(0);
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let given = GIVEN.fetch_add(1, Ordering::Relaxed);
        format!("test-{:x}-{:x}-{given}", std::process::id(), since.as_micros() & 0xfff_ffff)
    }

    /// Makes a namespace as [`Cluster::namespace`] names it, and returns once pods can be made in it.
    ///
    /// # Panics
    ///
    /// If the server refuses.
    #[must_use]
    pub fn make_namespace(&self) -> String {
        let name = self.namespace();
        let _ = self.kubectl(&["create", "namespace", &name]).expect_ok();
        self.until("the default service account", || {
            self.kubectl(&["get", "serviceaccount", "default", "--namespace", &name]).ok
        });
        name
    }

    /// Runs `kubectl` as administrator.
    #[must_use]
    pub fn kubectl(&self, args: &[&str]) -> Outcome {
        self.kubectl_with(&self.kubeconfig(), args, "")
    }

    /// Runs `kubectl` with any kubeconfig file and standard input.
    #[must_use]
    pub fn kubectl_with(&self, kubeconfig: &Path, args: &[&str], stdin: &str) -> Outcome {
        kubectl::kubectl(&self.run, kubeconfig, args, stdin)
    }

    /// Returns an object as JSON, or nothing if it does not exist.
    ///
    /// # Panics
    ///
    /// If the server cannot be asked.
    #[must_use]
    #[track_caller]
    pub fn object(&self, kind: &str, namespace: &str, name: &str) -> Option<Value> {
        let args = [
            "get",
            kind,
            name,
            "--namespace",
            namespace,
            "--output=json",
            "--ignore-not-found",
            "--show-managed-fields",
        ];
        let outcome = self.kubectl(&args).expect_ok();
        (!outcome.stdout.is_empty()).then(|| outcome.json())
    }

    /// Returns as soon as `done` holds.
    ///
    /// # Panics
    ///
    /// If it does not for five minutes.
    #[track_caller]
    pub fn until(&self, what: &str, mut done: impl FnMut() -> bool) {
        let start = Instant::now();
        while !done() {
            assert!(
                start.elapsed() < PATIENCE,
                "{what}: not within {PATIENCE:?}; logs: {}",
                self.run.display()
            );
            sleep(Duration::from_millis(200));
        }
    }

    /// Ends a program at once, as a crash would, and keeps it from coming back.
    ///
    /// # Panics
    ///
    /// If it cannot be ended.
    pub fn stop(&mut self, part: Part) {
        let stopped = self.run.join(format!("{}.stop", part.program()));
        fs::write(&stopped, "").unwrap_or_else(|error| panic!("{error}"));
        let file = self.pid_file(part);
        self.until("the end of a program", || {
            if let Some(pid) = self.pid(part) {
                let _ = kill_process(pid, Signal::KILL);
            }
            !file.exists()
        });
    }

    /// Starts a program that was stopped; of the API server it waits until that is ready.
    ///
    /// # Panics
    ///
    /// If it does not start.
    pub fn restart(&mut self, part: Part) {
        let stopped = self.run.join(format!("{}.stop", part.program()));
        fs::remove_file(stopped).unwrap_or_else(|error| panic!("{error}"));
        self.until("the start of a program", || self.pid(part).is_some());
        if part == Part::ApiServer {
            self.until("the API server", || self.kubectl(&["get", "--raw", "/readyz"]).ok);
        }
    }

    /// Freezes a program: connections to it stay open and nothing answers.
    ///
    /// # Panics
    ///
    /// If it does not run.
    pub fn freeze(&mut self, part: Part) {
        self.signal(part, Signal::STOP);
    }

    /// Lets a frozen program go on.
    ///
    /// # Panics
    ///
    /// If it does not run.
    pub fn thaw(&mut self, part: Part) {
        self.signal(part, Signal::CONT);
    }

    fn signal(&self, part: Part, signal: Signal) {
        let pid = self.pid(part).unwrap_or_else(|| panic!("{part:?} does not run"));
        kill_process(pid, signal).unwrap_or_else(|error| panic!("cannot signal {part:?}: {error}"));
    }

    fn pid_file(&self, part: Part) -> PathBuf {
        self.run.join(format!("{}.pid", part.program()))
    }

    fn pid(&self, part: Part) -> Option<Pid> {
        pid_in(&self.pid_file(part))
    }

    fn write_kubeconfig(&self, user: User, change: impl FnOnce(&mut Value)) -> PathBuf {
        static WRITTEN: AtomicU32 = AtomicU32::new(0);
        let mut config = serde_json::from_str(&read(&self.kubeconfig_of(user)))
            .unwrap_or_else(|error| panic!("{error}"));
        change(&mut config);
        let number = WRITTEN.fetch_add(1, Ordering::Relaxed);
        let path = self.run.join(format!("kubeconfig.{}-{number}", std::process::id()));
        fs::write(&path, config.to_string()).unwrap_or_else(|error| panic!("{error}"));
        path
    }
}

impl Drop for Cluster {
    /// Stops a cluster of one's own and waits until no process of it is left.
    fn drop(&mut self) {
        let keeper = pid_in(&self.run.join("keeper.pid"));
        drop(self.lock.take());
        if let (true, Some(pid)) = (self.owned, keeper) {
            let start = Instant::now();
            while Path::new(&format!("/proc/{}", pid.as_raw_nonzero())).exists()
                && start.elapsed() < PATIENCE
            {
                sleep(Duration::from_millis(10));
            }
        }
    }
}

fn runs() -> PathBuf {
    let runs = scripts::runs();
    fs::create_dir_all(&runs).unwrap_or_else(|error| panic!("{error}"));
    fs::canonicalize(&runs).unwrap_or_else(|error| panic!("{error}"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{error}"))
}

fn pid_in(path: &Path) -> Option<Pid> {
    Pid::from_raw(fs::read_to_string(path).ok()?.trim().parse().ok()?)
}
