//! Modules from a registry: a cold pull against a bare client that fetches the same, and what a registry path costs
//! once everything is here.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use fs_err as fs;
use kusion::module::registry::{
    Artifact, ClientOptions, ContentStore, Contents, RegistryClient, Repository, Requirement,
};
use kusion::module::{Fetcher, Pinning, WantedModule};
use kusion::name::ModuleName;
use kusion_benches::Failure;
use semver::Version;

use super::{Fixture, Report, Times};

/// How many modules a catalog has.
const MODULES: usize = 10;
/// How long a registry may take to start.
const PATIENCE: Duration = Duration::from_secs(30);
/// The most bytes of a component.
const LIMIT: u64 = 64 << 20;

/// Debian's registry. It ends when it is dropped.
struct Registry {
    _folder: tempfile::TempDir,
    port: u16,
    process: Child,
}

impl Registry {
    fn start() -> Result<Self, Failure> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/registry/build.sh");
        let built = Command::new(script).stderr(Stdio::inherit()).output()?;
        let program = PathBuf::from(String::from_utf8(built.stdout)?.trim_end());
        let folder = tempfile::tempdir()?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let config = folder.path().join("config.yml");
        let text = format!(
            "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {}}}}}\nhttp: {{addr: \"127.0.0.1:{port}\"}}\n",
            folder.path().display()
        );
        fs::write(&config, text)?;
        let mut command = Command::new(program);
        command.arg("serve").arg(config).stdin(Stdio::null());
        let process = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let registry = Self { _folder: folder, port, process };
        let deadline = Instant::now() + PATIENCE;
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if Instant::now() > deadline {
                return Err("the registry does not answer".into());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(registry)
    }

    fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _killed = self.process.kill();
        let _ended = self.process.wait();
    }
}

/// What a client fetches: modules, and the paths of their manifests and components.
struct Catalog {
    wanted: Vec<WantedModule>,
    paths: Vec<[String; 2]>,
    size: usize,
}

/// Publishes modules of this size, or of their own if it is 0.
async fn publish(fixture: &Fixture, registry: &Registry, size: usize) -> Result<Catalog, Failure> {
    let client = RegistryClient::new(ClientOptions::default());
    let mut names = fixture.resolver().catalog();
    names.sort();
    let mut catalog = Catalog { wanted: Vec::new(), paths: Vec::new(), size: 0 };
    for (number, name) in names.iter().cycle().take(MODULES).enumerate() {
        let mut component = fs::read(fixture.catalog.join(format!("{name}.wasm")))?;
        pad(&mut component, number, size);
        let path = format!("bench{size}/m{number}");
        let repository: Repository = format!("oci://{}/{path}", registry.address()).parse()?;
        let version = Version::new(1, 0, 0);
        let artifact = Artifact::of(&component, &Contents::default())?;
        catalog.size += component.len();
        client.push(&repository, &version, &artifact, component.into()).await?;
        catalog.paths.push([
            format!("/v2/{path}/manifests/{version}"),
            format!("/v2/{path}/blobs/{}", artifact.layer),
        ]);
        let module = ModuleName::parse(format!("m{number}"))?;
        let requirement = Requirement::only(&version);
        catalog.wanted.push(WantedModule { module, repository, requirement });
    }
    Ok(catalog)
}

/// Appends a custom section, so that each module has bytes of its own.
fn pad(component: &mut Vec<u8>, number: usize, size: usize) {
    let length = size.saturating_sub(component.len()).max(16);
    let mut content = b"\x03pad".to_vec();
    content.extend(number.to_le_bytes());
    content.resize(length.max(content.len()), 0);
    component.push(0);
    let mut rest = content.len();
    while rest >= 0x80 {
        component.push((rest & 0x7f) as u8 | 0x80);
        rest >>= 7;
    }
    component.push(rest as u8);
    component.extend(content);
}

/// Fetches manifests and components, a thread and a connection for each module, and keeps nothing.
fn floor(registry: &Registry, catalog: &Catalog) -> Result<(), Failure> {
    let fetch = |paths: &[String; 2]| -> Result<(), std::io::Error> {
        let mut stream = BufReader::new(TcpStream::connect(("127.0.0.1", registry.port))?);
        for path in paths {
            let accept = "application/vnd.oci.image.manifest.v1+json";
            let head = format!("GET {path} HTTP/1.1\r\nHost: r\r\nAccept: {accept}\r\n\r\n");
            stream.get_mut().write_all(head.as_bytes())?;
            let mut length = 0;
            loop {
                let mut line = String::new();
                stream.read_line(&mut line)?;
                let Some((name, value)) = line.trim_end().split_once(':') else {
                    if line.starts_with("HTTP/1.1 200") {
                        continue;
                    }
                    break;
                };
                if name.eq_ignore_ascii_case("content-length") {
                    length = value.trim().parse().unwrap_or_default();
                }
            }
            let mut body = Vec::with_capacity(length);
            stream.by_ref().take(length as u64).read_to_end(&mut body)?;
            if body.is_empty() {
                return Err(std::io::Error::other("the registry has it not"));
            }
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> =
            catalog.paths.iter().map(|paths| scope.spawn(move || fetch(paths))).collect();
        for thread in threads {
            thread.join().map_err(|_| "a thread of the floor died")??;
        }
        Ok(())
    })
}

/// Fetches the catalog into an empty store, as a command does.
async fn pull(catalog: &Catalog) -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let client = RegistryClient::new(ClientOptions::default());
    let fetcher = Fetcher::new(ContentStore::new(folder.path()), Some(client), LIMIT);
    let wanted: Vec<_> = catalog.wanted.iter().map(|wanted| (wanted.clone(), None)).collect();
    for fetched in fetcher.fetch_all(&wanted, Pinning::Keep).await {
        fetched?;
    }
    Ok(())
}

/// Measures pulls of catalogs, and `generate` with paths to a registry in turns with paths to files.
pub(crate) fn registry(
    fixture: &Fixture,
    rounds: usize,
    report: &mut Report,
) -> Result<(), Failure> {
    let registry = Registry::start()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    report.section("Registry: a catalog of ten modules over loopback");
    for size in [0, 1 << 20] {
        let catalog = runtime.block_on(publish(fixture, &registry, size))?;
        let [mut floors, mut pulls] = <[Times; 2]>::default();
        floor(&registry, &catalog)?;
        for _ in 0..rounds {
            floors.take(|| floor(&registry, &catalog))?;
            pulls.take(|| runtime.block_on(pull(&catalog)))?;
        }
        let name = format!("{} KiB", catalog.size >> 10);
        for (what, times) in [("a bare client", &floors), ("a pull", &pulls)] {
            report.tell(
                format!("{name}, {what}: min / median"),
                format!("{:.2} / {:.2} ms", times.min(), times.median()),
            );
        }
        report.at_most(format!("{name}, pull to bare client"), pulls.ratio(&floors), 1.3, "×");
    }
    generate(fixture, &registry, &runtime, rounds, report)
}

/// Measures what a registry path costs if nothing has to be fetched.
fn generate(
    fixture: &Fixture,
    registry: &Registry,
    runtime: &tokio::runtime::Runtime,
    rounds: usize,
    report: &mut Report,
) -> Result<(), Failure> {
    let client = RegistryClient::new(ClientOptions::default());
    let text = fs::read_to_string(fixture.path("workspace.yaml"))?;
    let mut entries = [String::new(), String::new()];
    for name in fixture.resolver().catalog() {
        let file = fixture.catalog.join(format!("{name}.wasm"));
        let component = fs::read(&file)?;
        let repository: Repository =
            format!("oci://{}/first/{name}", registry.address()).parse()?;
        let artifact = Artifact::of(&component, &Contents::default())?;
        let version = Version::new(0, 1, 0);
        let pushed = client.push(&repository, &version, &artifact, component.into());
        runtime.block_on(pushed)?;
        let [files, far] = &mut entries;
        files.push_str(&format!("  {name}: {{path: {}}}\n", file.display()));
        far.push_str(&format!("  {name}: {{path: \"{repository}\", version: ^0.1}}\n"));
    }
    let names = ["files", "far"];
    for (name, entries) in names.iter().zip(&entries) {
        let path = fixture.path(&format!("{name}.yaml"));
        fs::write(&path, with_modules(&text, entries))?;
        let file = format!("../{name}.yaml");
        fixture.succeed(&["workspace", "create", name, "-f", &file])?;
        fixture.succeed(&["mod", "pull", "--workspace", name])?;
        fixture.succeed(&["generate", "--workspace", name])?;
    }
    let mut times = <[Times; 2]>::default();
    for _ in 0..rounds {
        for (name, times) in names.iter().zip(&mut times) {
            let mut command = fixture.command(&fixture.kusion);
            command.args(["generate", "--workspace", name]);
            let status = times.take(|| command.status())?;
            if !status.success() {
                return Err(format!("{command:?}: {status}").into());
            }
        }
    }
    report.section("Registry: `kusion generate` with everything here");
    let [files, far] = &times;
    for (what, times) in [("paths to files", files), ("paths to a registry", far)] {
        report.tell(
            format!("{what}: min / median"),
            format!("{:.2} / {:.2} ms", times.min(), times.median()),
        );
    }
    report.at_most("more for the registry, minima", far.min() - files.min(), 1.0, " ms");
    report.at_most("more for the registry, medians", far.median() - files.median(), 1.0, " ms");
    Ok(())
}

/// Puts other modules into the text of a workspace, with no settings.
fn with_modules(text: &str, entries: &str) -> String {
    let mut out = String::new();
    let mut skips = false;
    for line in text.lines() {
        if line.starts_with("modules:") {
            out.push_str(&format!("modules:\n{entries}"));
            skips = true;
        } else if !skips || !line.starts_with([' ', '#']) {
            skips = false;
            out.push_str(&format!("{line}\n"));
        }
    }
    out
}
