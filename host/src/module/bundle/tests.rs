use std::io::Cursor;

use semver::Version;

use super::index::{self, Role};
use super::{BundleError, Bundled, load, save, tar};
use crate::digest::Digest;
use crate::module::registry::{Artifact, ContentStore, Contents, Descriptor};
use crate::module::verify::{WrittenLayer, WrittenManifest};
use crate::module::{Lock, Pin};
use crate::name::{ModuleName, WorkspaceName};

const LIMIT: u64 = 1 << 20;

/// A machine that has everything.
struct Source {
    _folder: tempfile::TempDir,
    store: ContentStore,
    lock: Lock,
    /// The manifest of the first module, and that of what is attached to it.
    manifest: Digest,
    attached: Digest,
    component: Digest,
}

fn store() -> (tempfile::TempDir, ContentStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = ContentStore::new(folder.path().join("content"));
    (folder, store)
}

fn source() -> Source {
    let (folder, store) = store();
    let mut lock = Lock::default();
    let mut manifest = None;
    for (workspace, name, bytes) in
        [("dev", "mysql", "first"), ("prod", "mysql", "first"), ("dev", "network", "second")]
    {
        let artifact = Artifact::of(bytes.as_bytes(), &Contents::default()).unwrap();
        for part in [&artifact.config[..], &artifact.manifest, bytes.as_bytes()] {
            store.put(part).unwrap();
        }
        let pin = Pin {
            source: format!("oci://r.example.com/team/{name}"),
            version: Version::new(1, 2, 3),
            manifest: Some(artifact.digest),
            layer: artifact.layer,
            signer: None,
        };
        let names = (WorkspaceName::parse(workspace).unwrap(), ModuleName::parse(name).unwrap());
        lock.set(&names.0, &names.1, pin);
        manifest.get_or_insert((artifact.digest, artifact.layer));
    }
    let (manifest, component) = manifest.unwrap();
    let payload = WrittenLayer::simple(b"signed", "signature".to_owned());
    let signature = WrittenManifest {
        schema_version: 2,
        media_type: String::new(),
        config: WrittenLayer::simple(b"config", String::new()),
        layers: vec![payload],
    };
    store.put(b"signed").unwrap();
    store.put(b"config").unwrap();
    let attached = store.put(&serde_json::to_vec(&signature).unwrap()).unwrap();
    store.attach(&manifest, &attached).unwrap();
    Source { _folder: folder, store, lock, manifest, attached, component }
}

fn saved(source: &Source) -> Vec<u8> {
    let mut bytes = Vec::new();
    save(&source.store, &source.lock, &mut bytes).unwrap();
    bytes
}

fn loaded(store: &ContentStore, bytes: &[u8]) -> Result<Bundled, BundleError> {
    load(store, &mut Cursor::new(bytes), LIMIT)
}

/// Writes the files of a bundle again, after a change.
fn changed(bytes: &[u8], change: impl Fn(&mut Vec<(String, Vec<u8>)>)) -> Vec<u8> {
    let files = tar::scan(&mut Cursor::new(bytes)).unwrap();
    let content =
        |place: tar::Place| bytes[place.offset as usize..][..place.size as usize].to_vec();
    let mut files = files.into_iter().map(|(name, place)| (name, content(place))).collect();
    change(&mut files);
    let mut out = Vec::new();
    for (name, content) in files {
        tar::write_file(&mut out, &name, &content).unwrap();
    }
    tar::write_end(&mut out).unwrap();
    out
}

#[test]
fn what_is_saved_is_loaded_on_a_machine_that_has_nothing() {
    let source = source();
    let bytes = saved(&source);
    assert_eq!(bytes, saved(&source), "the same bytes each time");
    let (_folder, store) = store();
    let bundled = loaded(&store, &bytes).unwrap();
    assert_eq!(bundled.lock, source.lock);
    // Three artifacts of three blobs with one configuration each, and the lock's three.
    assert_eq!(bundled.blobs, 12);
    for digest in [source.manifest, source.attached, source.component] {
        assert_eq!(store.get(&digest).unwrap(), source.store.get(&digest).unwrap());
        assert!(store.get(&digest).unwrap().is_some());
    }
    assert_eq!(store.attached(&source.manifest).unwrap(), [source.attached].into());
    // And what was loaded is saved again, with the same bytes.
    let mut again = Vec::new();
    save(&store, &bundled.lock, &mut again).unwrap();
    assert_eq!(again, bytes);
}

#[test]
fn what_belongs_to_a_module_and_is_no_whole_signature_stays() {
    let mut source = source();
    let with_signature = saved(&source);
    let bill = Artifact::of(&vec![b'x'; 2 << 20], &Contents::default()).unwrap();
    let bill = source.store.put(&bill.manifest).unwrap();
    for attached in [bill, Digest::of(b"gone")] {
        source.store.attach(&source.manifest, &attached).unwrap();
    }
    assert_eq!(saved(&source), with_signature);
    // Without the payload nobody can verify the signature; then a lock that names a signer misses it.
    fs_err::remove_file(source.store.path(&Digest::of(b"signed"))).unwrap();
    assert!(saved(&source).len() < with_signature.len());
    let (dev, mysql) = (WorkspaceName::parse("dev").unwrap(), ModuleName::parse("mysql").unwrap());
    let signer = Some("ada".to_owned());
    let pin = Pin { signer, ..source.lock.pin(&dev, &mysql).unwrap().clone() };
    source.lock.set(&dev, &mysql, pin);
    let refused = save(&source.store, &source.lock, &mut Vec::new()).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the signatures of module `mysql` 1.2.3, which ada signed, are not on this machine"
    );
}

#[test]
fn every_changed_byte_is_refused_and_nothing_is_kept() {
    let bytes = saved(&source());
    let (folder, store) = store();
    // Of the zeros that fill blocks, some will do.
    for at in (0..bytes.len()).filter(|at| bytes[*at] != 0 || at % 16 == 0) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1;
        assert!(loaded(&store, &damaged).is_err(), "byte {at}");
    }
    for length in (0..bytes.len()).step_by(97) {
        assert!(loaded(&store, &bytes[..length]).is_err(), "{length} bytes");
    }
    assert!(!folder.path().join("content").exists());
}

#[test]
fn what_does_not_go_together_is_told() {
    let source = source();
    let bytes = saved(&source);
    let blob = index::blob(&source.component);
    let get = |files: &Vec<(String, Vec<u8>)>, name: &str| {
        files.iter().position(|(file, _)| file == name).unwrap()
    };
    let roles = |change: &dyn Fn(&mut index::Roles)| {
        changed(&bytes, |files| {
            let at = get(files, "index.json");
            let mut roles = index::read(&files[at].1).unwrap();
            change(&mut roles);
            roles.sort();
            files[at].1 = index::write(&roles).unwrap();
        })
    };
    let manifest = source.manifest;
    for (bytes, expected) in [
        (
            changed(&bytes, |files| drop(files.remove(get(files, &blob)))),
            format!("the bundle lacks `{}`, which is named in it", source.component),
        ),
        (
            changed(&bytes, |files| { let at = get(files, &blob); files[at].1 = b"thirst".to_vec(); }),
            format!("`{}` in the bundle has 6 bytes, and its manifest says 5", source.component),
        ),
        (
            changed(&bytes, |files| { let at = get(files, &blob); files[at].1 = b"fires".to_vec(); }),
            format!(
                "`{}` in the bundle is not what its digest says: {}",
                source.component,
                Digest::of(b"fires")
            ),
        ),
        (
            changed(&bytes, |files| files.push(("../../etc/passwd".to_owned(), vec![]))),
            "the bundle holds `../../etc/passwd`, which nothing in it names".to_owned(),
        ),
        (
            changed(&bytes, |files| files.push((index::blob(&Digest::of(b"x")), b"x".to_vec()))),
            format!("the bundle holds `{}`, which nothing in it names", index::blob(&Digest::of(b"x"))),
        ),
        (
            changed(&bytes, |files| drop(files.remove(get(files, "index.json")))),
            "the file is no bundle of modules: it has no `index.json`".to_owned(),
        ),
        (
            changed(&bytes, |files| { let at = get(files, "oci-layout"); files[at].1 = b"{}".to_vec(); }),
            "the file is no bundle of modules: `oci-layout` does not say that it is one".to_owned(),
        ),
        (
            roles(&|roles| roles.retain(|(role, _)| *role != Role::Lock)),
            "the file is no bundle of modules: it has no kusion.lock".to_owned(),
        ),
        (
            roles(&|roles| roles.retain(|(role, _)| !matches!(role, Role::Module(name) if name.contains("network")))),
            "the index of the bundle was changed: it lacks `r.example.com/team/network:1.2.3`, which its lock pins".to_owned(),
        ),
        (
            roles(&|roles| {
                let content = roles[0].1.clone();
                roles.push((Role::Module("r.example.com/team/other:1.0.0".to_owned()), content));
            }),
            "the index of the bundle was changed: it has `r.example.com/team/other:1.0.0`, which its lock does not pin".to_owned(),
        ),
        (
            roles(&|roles| {
                // Two modules change places.
                let (first, second) = (roles[0].1.clone(), roles[1].1.clone());
                (roles[0].1, roles[1].1) = (second, first);
            }),
            "the lock in the bundle says something else about module `mysql` than its manifest".to_owned(),
        ),
        (
            roles(&|roles| {
                let other = Digest::of(b"x");
                let attached = roles.iter_mut().find(|(role, _)| matches!(role, Role::Attached(_)));
                attached.unwrap().0 = Role::Attached(other);
            }),
            format!("the index of the bundle was changed: something belongs to `{}`, which is no module", Digest::of(b"x")),
        ),
        (
            roles(&|roles| roles[0].1 = Descriptor { digest: manifest, size: 7 }),
            String::new(),
        ),
        (b"no archive".to_vec(), "the bundle is damaged at byte 0: it ends too early".to_owned()),
        (vec![b'x'; 2048], "the bundle is damaged at byte 0: the sum of a header is wrong".to_owned()),
    ] {
        let (folder, store) = store();
        let error = loaded(&store, &bytes).unwrap_err();
        if expected.is_empty() {
            assert!(matches!(error, BundleError::Size { digest, .. } if digest == manifest));
        } else {
            assert_eq!(error.to_string(), expected);
        }
        assert!(!folder.path().join("content").exists(), "{expected}");
    }
}

#[test]
fn a_component_that_is_too_large_is_refused() {
    let bytes = saved(&source());
    let (_folder, store) = store();
    let error = load(&store, &mut Cursor::new(bytes), 4).unwrap_err();
    assert!(matches!(error, BundleError::Layout { .. }), "{error}");
}

#[test]
fn what_is_not_here_as_a_whole_is_not_saved() {
    let source = source();
    for missing in [source.manifest, source.component] {
        let (_folder, store) = store();
        let (mut archive, mut out) = (Cursor::new(saved(&source)), Vec::new());
        let bundled = load(&store, &mut archive, LIMIT).unwrap();
        fs_err::write(store.path(&missing), "broken").unwrap();
        let error = save(&store, &bundled.lock, &mut out).unwrap_err();
        assert!(matches!(error, BundleError::Incomplete { .. }), "{error}");
    }
    let error = save(&source.store, &Lock::default(), &mut Vec::new()).unwrap_err();
    assert!(matches!(error, BundleError::Nothing));
}

#[test]
fn a_file_is_written_whole_or_not_at_all() {
    let source = source();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/bundle.tar");
    super::save_file(&source.store, &source.lock, &path).unwrap();
    assert_eq!(fs_err::read(&path).unwrap(), saved(&source));
    fs_err::write(source.store.path(&source.component), "broken").unwrap();
    assert!(super::save_file(&source.store, &source.lock, &path).is_err());
    let left: Vec<_> = fs_err::read_dir(path.parent().unwrap()).unwrap().collect();
    assert_eq!(left.len(), 1);
}
