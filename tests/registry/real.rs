//! Debian's docker-registry on a port of this machine, with what it keeps in a temporary folder.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use fs_err as fs;
use kusion_tests::repository;
use tempfile::TempDir;

/// The only user of a registry that knows users, and the password.
pub(crate) const USER: (&str, &str) = ("ada", "geheim");
/// The file that says so. The hash is bcrypt's with its lowest cost.
const HTPASSWD: &str = "ada:$2b$04$abcdefghijklmnopqrstuuPWRtT5yx7FBi4dcf6ROhboeNunUrLQ.\n";
/// How long a registry may take to start on a machine that does much else.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a registry asks of those who talk to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Wants {
    pub(crate) password: bool,
    pub(crate) tls: bool,
}

/// A registry. It ends when it is dropped.
pub(crate) struct Registry {
    folder: Option<TempDir>,
    port: u16,
    process: Child,
}

impl Registry {
    /// Starts one.
    pub(crate) fn start(wants: Wants) -> Self {
        let mut folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("htpasswd"), HTPASSWD).unwrap();
        if wants.tls {
            make_certificates(folder.path());
        }
        for _ in 0..10 {
            // Somebody else may take the port in between; then another one is tried.
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let config = folder.path().join("config.yml");
            fs::write(&config, configuration(folder.path(), port, wants)).unwrap();
            let process = Command::new(program())
                .arg("serve")
                .arg(&config)
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(fs::File::create(folder.path().join("log")).unwrap().into_file())
                .spawn()
                .unwrap();
            let mut registry = Self { folder: Some(folder), port, process };
            if registry.answers() {
                return registry;
            }
            folder = registry.end();
        }
        unreachable!("ten ports were taken")
    }

    /// Returns its host and port.
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Returns the certificate of the authority that its own is from.
    pub(crate) fn authority(&self) -> PathBuf {
        self.folder.as_ref().unwrap().path().join("ca.crt")
    }

    /// Returns the folder in which it keeps what it has.
    pub(super) fn storage(&self) -> PathBuf {
        self.folder.as_ref().unwrap().path().join("storage")
    }

    /// Waits until it answers; `false` if it ended.
    fn answers(&mut self) -> bool {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if self.process.try_wait().unwrap().is_some() {
                return false;
            }
            if TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return true;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("the registry does not answer");
    }

    /// Ends it, and returns its folder.
    fn end(mut self) -> TempDir {
        self.folder.take().unwrap()
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        // Of a process that has ended and was waited for, both do nothing.
        let _killed = self.process.kill();
        let _ended = self.process.wait();
    }
}

/// Returns the program, which the script unpacks if need be.
fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let script = repository().join("tests/registry/build.sh");
        let output = Command::new(script).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "there is no registry: {said}");
        PathBuf::from(String::from_utf8(output.stdout).unwrap().trim_end())
    })
}

fn configuration(folder: &Path, port: u16, wants: Wants) -> String {
    let folder = folder.display();
    let mut text = format!(
        "version: 0.1
log: {{level: error}}
storage: {{filesystem: {{rootdirectory: {folder}/storage}}}}
"
    );
    let tls = format!(", tls: {{certificate: {folder}/server.crt, key: {folder}/server.key}}");
    let tls = if wants.tls { tls } else { String::new() };
    text.push_str(&format!("http: {{addr: \"127.0.0.1:{port}\"{tls}}}\n"));
    if wants.password {
        text.push_str(&format!("auth: {{htpasswd: {{realm: test, path: {folder}/htpasswd}}}}\n"));
    }
    text
}

/// Makes an authority, and a certificate for this machine.
fn make_certificates(folder: &Path) {
    let openssl = |arguments: &str| {
        let run = Command::new("openssl").args(arguments.split(' ')).current_dir(folder).output();
        let run = run.unwrap();
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    };
    fs::write(folder.join("names"), "subjectAltName=IP:127.0.0.1,DNS:localhost\n").unwrap();
    for name in ["ca", "server"] {
        openssl(&format!("ecparam -name prime256v1 -genkey -noout -out {name}.key"));
    }
    openssl("req -x509 -new -key ca.key -subj /CN=test-authority -days 30 -out ca.crt");
    openssl("req -new -key server.key -subj /CN=test-registry -out server.csr");
    openssl(
        "x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 30 -extfile names -out server.crt",
    );
}
