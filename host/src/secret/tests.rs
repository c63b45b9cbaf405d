use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::json;

use super::*;
use crate::backend::{
    Backend, BackendError, Expected, Holder, Key, Lease, LocalBackend, MemoryBackend,
};
use crate::diagnostic::Diagnose;
use crate::spec::SecretSource;

struct House {
    folder: tempfile::TempDir,
    backend: Arc<dyn Backend>,
}

impl House {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let backend = Arc::new(LocalBackend::new(folder.path().join("backend")));
        Self { folder, backend }
    }

    fn key_file(&self) -> KeyFile {
        KeyFile::new(self.folder.path().join("home/key.txt"))
    }

    async fn open(&self) -> Result<Vault, SecretError> {
        Vault::open(self.backend.as_ref(), key(), self.key_file()).await
    }

    async fn lease(&self) -> Box<dyn Lease> {
        lease(self.backend.as_ref()).await
    }
}

async fn lease(backend: &dyn Backend) -> Box<dyn Lease> {
    let holder = Holder {
        who: "alice@a".to_owned(),
        pid: 1,
        since: "2025-11-22T12:03:00Z".parse().unwrap(),
        operation: "apply".to_owned(),
    };
    backend.lease(&Key::parse("releases/shop/dev/dev").unwrap(), &holder).await.unwrap()
}

fn key() -> Key {
    Key::parse("secrets/shop/dev/dev.age").unwrap()
}

fn secret(name: &str) -> SecretRef {
    SecretRef { app: "shop".into(), accessory: "orders".into(), name: name.into() }
}

#[tokio::test]
async fn a_secret_is_drawn_once_and_encrypted_at_rest() {
    let house = House::new();
    let mut values = BTreeSet::new();
    for run in 0..10 {
        let mut vault = house.open().await.unwrap();
        let value = vault.ensure(&secret("password"), 16 + run, "", run > 0).unwrap();
        values.insert(value.expose().to_owned());
        vault.save(house.lease().await.as_ref()).await.unwrap();
    }
    assert_eq!(values.len(), 1);
    let value = values.into_iter().next().unwrap();
    assert_eq!(value.len(), 16);
    let (bytes, _) = house.backend.get(&key()).await.unwrap().unwrap();
    let found = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(!found(&value) && !found("password"));
    let vault = house.open().await.unwrap();
    assert!(!format!("{vault:?}").contains(&value));
}

#[tokio::test]
async fn a_known_secret_that_is_gone_is_never_drawn_again() {
    let house = House::new();
    let mut vault = house.open().await.unwrap();
    let error = vault.ensure(&secret("password"), 16, "", true).unwrap_err();
    assert!(matches!(error, SecretError::Gone { .. }));
    assert!(!error.is_unknown() && !error.hints().is_empty());
    vault.save(house.lease().await.as_ref()).await.unwrap();
    assert!(house.backend.get(&key()).await.unwrap().is_none());
}

#[tokio::test]
async fn a_lost_or_foreign_key_is_said_and_nothing_is_overwritten() {
    let house = House::new();
    let mut vault = house.open().await.unwrap();
    vault.ensure(&secret("password"), 16, "", false).unwrap();
    vault.save(house.lease().await.as_ref()).await.unwrap();
    let before = house.backend.get(&key()).await.unwrap();
    fs_err::remove_file(house.key_file().path()).unwrap();
    assert!(matches!(house.open().await, Err(SecretError::KeyGone { .. })));
    house.key_file().load_or_create().unwrap();
    let error = house.open().await.unwrap_err();
    assert!(matches!(error, SecretError::Decrypt { .. }));
    assert_eq!(error.hints(), ["use the key file of whoever applied the stack first"]);
    assert_eq!(house.backend.get(&key()).await.unwrap(), before);
}

#[tokio::test]
async fn a_record_of_another_shape_is_refused_without_quoting_it() {
    let house = House::new();
    let identity = house.key_file().load_or_create().unwrap();
    let cases = [
        (
            json!({"formatVersion": 3, "vault": "hunter2"}),
            "`secrets/shop/dev/dev.age` was written by a newer kusion",
        ),
        (
            json!({"secrets": {}}),
            "`secrets/shop/dev/dev.age` is damaged: it has no `formatVersion`",
        ),
        (
            json!({"formatVersion": 1, "secrets": ["hunter2"]}),
            "`secrets/shop/dev/dev.age` is damaged: it is not a list of secrets",
        ),
        (
            json!({"formatVersion": 2, "secrets": {}, "written": {"hunter2": []}}),
            "`secrets/shop/dev/dev.age` is damaged: a secret is not named `<app>.<accessory>.<name>`",
        ),
        (
            json!({"formatVersion": 1, "secrets": {"hunter2": "x"}}),
            "`secrets/shop/dev/dev.age` is damaged: a secret is not named `<app>.<accessory>.<name>`",
        ),
    ];
    for (content, message) in cases {
        house.lease().await.delete(&key()).await.unwrap();
        let bytes = identity.encrypt(content.to_string().as_bytes()).unwrap();
        house.lease().await.put_if(&key(), Expected::Absent, &bytes).await.unwrap();
        let error = house.open().await.unwrap_err();
        assert_eq!(error.to_string(), message);
        assert!(std::error::Error::source(&error).is_none());
    }
}

#[tokio::test]
async fn of_two_writers_one_is_told() {
    let house = House::new();
    let [mut first, mut second] = [house.open().await.unwrap(), house.open().await.unwrap()];
    for vault in [&mut first, &mut second] {
        vault.ensure(&secret("password"), 16, "", false).unwrap();
    }
    first.save(house.lease().await.as_ref()).await.unwrap();
    let error = second.save(house.lease().await.as_ref()).await.unwrap_err();
    assert!(matches!(error, SecretError::Backend(BackendError::Conflict { .. })));
}

#[tokio::test]
async fn a_vault_that_cannot_be_saved_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let backend = MemoryBackend::default();
    backend.fail_after(0);
    let key_file = KeyFile::new(folder.path().join("key.txt"));
    let mut vault = Vault::open(&backend, key(), key_file).await.unwrap();
    vault.ensure(&secret("password"), 16, "", false).unwrap();
    assert!(vault.save(lease(&backend).await.as_ref()).await.is_err());
    backend.mend();
    vault.save(lease(&backend).await.as_ref()).await.unwrap();
    assert!(backend.peek(&key()).is_some());
}

#[tokio::test]
async fn written_secrets_are_kept_as_each_release_used_them_and_go_with_it() {
    let house = House::new();
    let literal = |value: &str| {
        BTreeMap::from([(secret("user"), SecretSource::Literal(SecretText::new(value)))])
    };
    let mut values = Vec::new();
    for (revision, value) in [(1, "hunter2-old"), (2, "hunter2-new")] {
        let mut vault = house.open().await.unwrap();
        vault.keep_written(revision, &literal(value));
        vault.save(house.lease().await.as_ref()).await.unwrap();
        values.push(value);
    }
    let (bytes, tag) = house.backend.get(&key()).await.unwrap().unwrap();
    assert!(!bytes.windows(7).any(|window| window == b"hunter2" || window == b"written"));
    let mut vault = house.open().await.unwrap();
    assert!(!format!("{vault:?}").contains("hunter2"));
    let kept = |vault: &Vault| {
        [1, 2, 3].map(|revision| {
            vault.written(&secret("user"), revision).map(|text| text.expose().to_owned())
        })
    };
    let [old, new] = values.try_into().unwrap();
    assert_eq!(
        kept(&vault),
        [Some(old), Some(new), None].map(|value: Option<&str>| value.map(str::to_owned))
    );

    // What is kept already is not written again.
    vault.keep_written(2, &literal(new));
    vault.save(house.lease().await.as_ref()).await.unwrap();
    assert_eq!(house.backend.get(&key()).await.unwrap().unwrap().1, tag);
    vault.retain_written(&BTreeSet::from([2, 3]));
    vault.save(house.lease().await.as_ref()).await.unwrap();
    let mut vault = house.open().await.unwrap();
    assert_eq!(kept(&vault), [None, Some(new.to_owned()), None]);
    vault.retain_written(&BTreeSet::new());
    vault.save(house.lease().await.as_ref()).await.unwrap();
    assert!(house.backend.get(&key()).await.unwrap().is_none());
}

#[tokio::test]
async fn a_vault_without_written_secrets_is_read_by_an_older_kusion() {
    let house = House::new();
    let identity = house.key_file().load_or_create().unwrap();
    let version = async || {
        let (bytes, _) = house.backend.get(&key()).await.unwrap().unwrap();
        let text: serde_json::Value =
            serde_json::from_slice(&identity.decrypt(&bytes).unwrap()).unwrap();
        text["formatVersion"].clone()
    };
    let mut vault = house.open().await.unwrap();
    vault.ensure(&secret("password"), 16, "", false).unwrap();
    vault.save(house.lease().await.as_ref()).await.unwrap();
    assert_eq!(version().await, 1);
    let literal = SecretSource::Literal(SecretText::new("root"));
    vault.keep_written(1, &BTreeMap::from([(secret("user"), literal)]));
    vault.save(house.lease().await.as_ref()).await.unwrap();
    assert_eq!(version().await, 2);
}

#[tokio::test]
async fn a_preview_knows_what_is_made_and_makes_nothing() {
    let house = House::new();
    let sources = BTreeMap::from([
        (secret("made"), SecretSource::Generated { length: 16, alphabet: String::new() }),
        (secret("new"), SecretSource::Generated { length: 16, alphabet: String::new() }),
        (secret("literal"), SecretSource::Literal(SecretText::new("l"))),
        (secret("external"), SecretSource::External { reference: "ref://token".into() }),
        (secret("bad"), SecretSource::External { reference: "token".into() }),
    ]);
    let entry =
        FakeEntry { key: "token".to_owned(), value: SecretText::new("t"), version: String::new() };
    let store = FakeStore::new(vec![entry]);
    let external = External::read(&store, ["ref://token", "token"], Reading::default()).await;
    let resolver = |vault: &Vault, known: &[&str]| {
        Resolver::new(
            &sources,
            &known.iter().map(|name| secret(name)).collect(),
            vault,
            external.clone(),
        )
    };
    let vault = house.open().await.unwrap();
    let preview = resolver(&vault, &["made"]);
    assert!(preview.fingerprint(&SecretText::new("x")).is_none());
    assert!(matches!(preview.resolve(&secret("made")), Err(SecretError::Gone { .. })));
    assert!(preview.resolve(&secret("new")).unwrap_err().is_unknown());
    assert_eq!(preview.resolve(&secret("literal")).unwrap().expose(), "l");
    assert_eq!(preview.resolve(&secret("external")).unwrap().expose(), "t");
    assert!(matches!(
        preview.resolve(&secret("bad")),
        Err(SecretError::Store(StoreError::Reference { .. }))
    ));
    assert!(matches!(preview.resolve(&secret("other")), Err(SecretError::Undeclared { .. })));
    assert!(house.key_file().load().unwrap().is_none(), "a preview made a key");

    let mut vault = house.open().await.unwrap();
    vault.ensure_all(&sources, &BTreeSet::new()).unwrap();
    vault.save(house.lease().await.as_ref()).await.unwrap();
    let apply = resolver(&vault, &[]);
    let value = apply.resolve(&secret("made")).unwrap();
    assert_eq!(value.expose().len(), 16);
    let reopened = house.open().await.unwrap();
    assert_eq!(
        resolver(&reopened, &["made", "new"]).fingerprint(&value),
        apply.fingerprint(&value)
    );
    assert!(!format!("{apply:?}").contains(value.expose()));
}
