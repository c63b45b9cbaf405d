//! The directory target against real folders.

use std::collections::BTreeMap;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::*;
use crate::name::{ProjectName, StackName, WorkspaceName};
use crate::plan::{Action, Plan, Reason};
use crate::secret::{Recipient, SecretError, StoreError};
use crate::spec::{SecretRef, Spec, State};

/// The values that there are; others do not exist yet, or lie where nobody can read them now.
#[derive(Default)]
struct Values {
    known: BTreeMap<String, String>,
    unread: bool,
}

impl Values {
    fn of(password: &str) -> Self {
        Self { known: [("password".to_owned(), password.to_owned())].into(), unread: false }
    }

    fn unread() -> Self {
        Self { unread: true, ..Self::default() }
    }
}

impl Resolve for Values {
    fn resolve(&self, secret: &SecretRef) -> Result<SecretText, SecretError> {
        let value = self.known.get(&secret.name).map(SecretText::new);
        value.ok_or_else(|| match self.unread {
            true => StoreError::NoProvider {
                reference: "ref://db/password".to_owned(),
                provider: "aws".to_owned(),
            }
            .into(),
            false => SecretError::NotMade { secret: secret.clone() },
        })
    }

    fn fingerprint(&self, value: &SecretText) -> Option<String> {
        Some(blake3::keyed_hash(&[7; 32], value.expose().as_bytes()).to_string())
    }
}

/// A target and the state that a user of it keeps.
struct World {
    root: tempfile::TempDir,
    policy: SecretPolicy,
    values: Values,
    state: State,
    tokio: tokio::runtime::Runtime,
}

impl World {
    fn new(policy: SecretPolicy) -> Self {
        Self {
            root: tempfile::tempdir().unwrap(),
            policy,
            values: Values::of("hunter2"),
            state: State::default(),
            tokio: tokio::runtime::Builder::new_current_thread().build().unwrap(),
        }
    }

    fn folder(&self) -> PathBuf {
        self.root.path().join("manifests/test/dev")
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }

    fn read(&self, name: &str) -> String {
        fs_err::read_to_string(self.file(name)).unwrap()
    }

    fn put(&self, name: &str, text: &str) {
        fs_err::create_dir_all(self.folder()).unwrap();
        fs_err::write(self.file(name), text).unwrap();
    }

    fn files(&self) -> Vec<String> {
        list(&self.folder())
    }

    fn runtime(&self) -> DirectoryRuntime {
        DirectoryRuntime::new(self.folder(), owner("dev"), self.policy.clone())
    }

    fn plan(&self, desired: &[Resource]) -> Result<Plan, RuntimeError> {
        let spec = spec(desired);
        let runtime = self.runtime();
        let mut observed = BTreeMap::new();
        for id in spec.resources.keys().chain(self.state.resources.keys()) {
            let subject =
                Subject { desired: spec.resources.get(id), prior: self.state.resources.get(id) };
            let seen = self.tokio.block_on(runtime.observe(subject, &self.values))?;
            observed.insert(id.clone(), seen);
        }
        Ok(Plan::between(&spec, &self.state, &observed, &BTreeMap::new()))
    }

    /// Plans and applies; returns what each step did.
    fn apply(
        &mut self,
        desired: &[Resource],
    ) -> Result<Vec<(Action, Option<Reason>)>, RuntimeError> {
        let spec = spec(desired);
        let plan = self.plan(desired)?;
        let runtime = self.runtime();
        for step in &plan.steps {
            let prior = self.state.resources.get(&step.id).cloned();
            match step.action {
                Action::Unchanged => {}
                Action::Delete => {
                    self.tokio.block_on(runtime.delete(&prior.unwrap()))?;
                    self.state.resources.remove(&step.id);
                }
                _ => {
                    let resource = spec.resources[&step.id].clone();
                    let applying = runtime.apply(&resource, prior.as_ref(), &self.values);
                    let private = self.tokio.block_on(applying)?.private;
                    self.state.resources.insert(step.id.clone(), entry(resource, private));
                }
            }
        }
        plan.forgotten.iter().for_each(|id| {
            self.state.resources.remove(id);
        });
        Ok(plan.steps.iter().map(|step| (step.action, step.reason)).collect())
    }

    fn lines(&self, desired: &[Resource]) -> Vec<String> {
        let shown =
            |value: &Option<Value>| value.as_ref().map_or("none".to_owned(), Value::to_string);
        let plan = self.plan(desired).unwrap();
        plan.steps
            .iter()
            .flat_map(|step| &step.changes)
            .map(|change| {
                format!("{}: {} -> {}", change.path, shown(&change.old), shown(&change.new))
            })
            .collect()
    }
}

fn owner(stack: &str) -> Owner {
    Owner {
        project: ProjectName::parse("shop").unwrap(),
        stack: StackName::parse(stack).unwrap(),
        workspace: WorkspaceName::parse("test").unwrap(),
    }
}

fn entry(resource: Resource, private: Value) -> StateEntry {
    StateEntry { resource, origin: None, adopted: false, uncertain: false, private }
}

fn spec(resources: &[Resource]) -> Spec {
    Spec { resources: resources.iter().map(|r| (r.id.clone(), r.clone())).collect() }
}

fn list(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs_err::read_dir(folder) else { return Vec::new() };
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn resource(id: &str, attributes: Value) -> Resource {
    Resource {
        id: ResourceId::parse(id).unwrap(),
        kind: KUBERNETES.to_owned(),
        attributes,
        depends_on: Default::default(),
        extensions: Map::new(),
    }
}

fn config(value: &str) -> Resource {
    let metadata = json!({"name": "c", "namespace": "shop"});
    let manifest = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"mode": value}});
    resource("v1:ConfigMap:shop:c", manifest)
}

fn secret() -> Resource {
    resource(
        "v1:Secret:shop:db",
        json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "db", "namespace": "shop"},
            "stringData": {"password": "$kusion_secret.shop.db.password", "url": "u:$kusion_secret.shop.db.password@h"},
        }),
    )
}

const CONFIG: &str = "v1_ConfigMap_shop_c.yaml";
const SECRET: &str = "v1_Secret_shop_db.yaml";
const CONFIG_MARKER: &str =
    "# Managed by kusion: project=shop stack=dev workspace=test id=v1:ConfigMap:shop:c\n";
const CREATED: (Action, Option<Reason>) = (Action::Create, Some(Reason::Configuration));
const UNCHANGED: (Action, Option<Reason>) = (Action::Unchanged, None);

fn updated(reason: Reason) -> (Action, Option<Reason>) {
    (Action::Update, Some(reason))
}

#[test]
fn a_resource_is_created_changed_and_deleted_with_the_folders_we_made() {
    let mut world = World::new(SecretPolicy::Omit);
    assert_eq!(world.apply(&[config("on")]).unwrap(), [CREATED]);
    let expected = format!(
        "{CONFIG_MARKER}apiVersion: v1\ndata:\n  mode: \"on\"\nkind: ConfigMap\nmetadata:\n  name: c\n  namespace: shop\n"
    );
    assert_eq!(world.read(CONFIG), expected);
    assert_eq!(world.apply(&[config("on")]).unwrap(), [UNCHANGED]);
    assert_eq!(world.lines(&[config("off")]), [r#"data.mode: "on" -> "off""#]);
    assert_eq!(world.apply(&[config("off")]).unwrap(), [updated(Reason::Configuration)]);
    assert_eq!(world.apply(&[]).unwrap(), [(Action::Delete, Some(Reason::Configuration))]);
    assert_eq!(list(&world.root.path().join("manifests")), [""; 0]);
    assert_eq!(world.state, State::default());
}

#[test]
fn what_was_done_by_hand_is_drift() {
    let cases = [
        ("mode changed", r#"data.mode: "off" -> "on""#),
        ("not yaml", r#".: "text that is not YAML""#),
        ("no marker", r#"["(first line)"]: "no marker of kusion" -> none"#),
        ("link", r#".: "a symbolic link""#),
    ];
    for (case, line) in cases {
        let mut world = World::new(SecretPolicy::Omit);
        world.apply(&[config("on")]).unwrap();
        let text = world.read(CONFIG);
        match case {
            "mode changed" => world.put(CONFIG, &text.replace("\"on\"", "\"off\"")),
            "not yaml" => world.put(CONFIG, &format!("{CONFIG_MARKER}a: [b")),
            "no marker" => world.put(CONFIG, text.strip_prefix(CONFIG_MARKER).unwrap()),
            _ => {
                fs_err::write(world.root.path().join("elsewhere"), "a: b").unwrap();
                fs_err::remove_file(world.file(CONFIG)).unwrap();
                symlink(world.root.path().join("elsewhere"), world.file(CONFIG)).unwrap();
            }
        }
        let lines = world.lines(&[config("on")]);
        assert!(lines.len() == 1 && lines[0].starts_with(line), "{case}: {lines:?}");
        assert_eq!(world.apply(&[config("on")]).unwrap(), [updated(Reason::Drift)], "{case}");
        assert_eq!(world.read(CONFIG), text, "{case}");
        if case == "link" {
            let target = fs_err::read_to_string(world.root.path().join("elsewhere")).unwrap();
            assert_eq!(target, "a: b", "the link was not followed");
        }
    }
}

#[test]
fn a_deleted_file_is_made_again_and_a_reformatted_one_is_left_alone() {
    let mut world = World::new(SecretPolicy::Omit);
    world.apply(&[config("on")]).unwrap();
    let reformatted =
        world.read(CONFIG).replace("data:\n  mode: \"on\"", "# why\ndata: {mode: 'on'}");
    world.put(CONFIG, &reformatted);
    assert_eq!(world.apply(&[config("on")]).unwrap(), [UNCHANGED]);
    fs_err::remove_file(world.file(CONFIG)).unwrap();
    assert_eq!(
        world.apply(&[config("on")]).unwrap(),
        [(Action::Create, Some(Reason::DeletedOutside))]
    );
}

#[test]
fn files_of_others_are_never_touched() {
    let marked = |from: &str, to: &str| format!("{}kind: x\n", CONFIG_MARKER.replace(from, to));
    let cases = [
        (
            "kind: x\n".to_owned(),
            "is in the way of resource `v1:ConfigMap:shop:c` and not managed by kusion",
        ),
        (
            marked("shop:c", "shop:d"),
            "is in the way of resource `v1:ConfigMap:shop:c` and not managed by kusion",
        ),
        (
            marked("stack=dev", "stack=prod"),
            "where resource `v1:ConfigMap:shop:c` shall be, belongs to stack `prod` of project `shop` in workspace `test`",
        ),
    ];
    for (text, message) in cases {
        let mut world = World::new(SecretPolicy::Omit);
        world.put(CONFIG, &text);
        world.put("README.md", "mine");
        let error = world.plan(&[config("on")]).unwrap_err();
        assert!(error.to_string().ends_with(message), "{error}");
        let runtime = world.runtime();
        assert!(world.tokio.block_on(runtime.apply(&config("on"), None, &world.values)).is_err());
        assert_eq!(world.read(CONFIG), text);

        fs_err::remove_file(world.file(CONFIG)).unwrap();
        world.apply(&[config("on")]).unwrap();
        world.apply(&[]).unwrap();
        assert_eq!(world.files(), ["README.md"]);
    }
}

#[test]
fn a_file_with_our_marker_is_ours_without_a_record() {
    let mut world = World::new(SecretPolicy::Omit);
    world.apply(&[config("on")]).unwrap();
    world.state = State::default();
    assert_eq!(world.apply(&[config("on")]).unwrap(), [updated(Reason::Unrecorded)]);
    assert_eq!(world.apply(&[config("on")]).unwrap(), [UNCHANGED]);
    assert_eq!(world.apply(&[config("off")]).unwrap(), [updated(Reason::Configuration)]);
}

#[test]
fn a_folder_that_leads_elsewhere_is_refused() {
    let world = World::new(SecretPolicy::Omit);
    let elsewhere = world.root.path().join("elsewhere");
    fs_err::create_dir_all(&elsewhere).unwrap();
    fs_err::create_dir_all(world.root.path().join("manifests")).unwrap();
    symlink(&elsewhere, world.root.path().join("manifests/test")).unwrap();
    let runtime = world.runtime();
    let applied = world.tokio.block_on(runtime.apply(&config("on"), None, &world.values));
    assert!(matches!(applied, Err(RuntimeError::NoFolder { .. })), "{applied:?}");
    assert_eq!(list(&elsewhere), [""; 0]);
}

#[test]
fn secrets_are_left_out_and_named() {
    let mut world = World::new(SecretPolicy::Omit);
    world.apply(&[secret()]).unwrap();
    let (_, document) =
        world.read(SECRET).split_once('\n').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    assert_eq!(
        yaml::parse_value(&document).unwrap(),
        json!({
            "apiVersion": "v1", "kind": "Secret",
            "metadata": {
                "name": "db", "namespace": "shop",
                "annotations": {"kusion.io/omitted-data": "password,url"},
            },
        })
    );
    world.values = Values::default();
    assert_eq!(world.apply(&[secret()]).unwrap(), [UNCHANGED]);
}

#[test]
fn plain_secrets_are_written_for_their_owner_only_and_never_shown() {
    let mut world = World::new(SecretPolicy::Plain);
    world.values = Values::default();
    assert_eq!(world.plan(&[secret()]).unwrap().steps[0].action, Action::Create);
    let error = world.apply(&[secret()]).unwrap_err();
    assert_eq!(error.to_string(), "cannot fill in the secrets of resource `v1:Secret:shop:db`");

    world.values = Values::of("hunter2");
    world.apply(&[secret(), config("on")]).unwrap();
    assert!(world.read(SECRET).contains("url: u:hunter2@h"), "{}", world.read(SECRET));
    let mode =
        |name: &str| fs_err::metadata(world.file(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(SECRET), mode(CONFIG)), (0o600, 0o644));
    assert_eq!(world.apply(&[secret(), config("on")]).unwrap(), [UNCHANGED, UNCHANGED]);

    world.values = Values::of("hunter3");
    assert_eq!(
        world.lines(&[secret(), config("on")]),
        [
            r#"stringData.password: "(sensitive)" -> "(sensitive)""#,
            r#"stringData.url: "(sensitive)" -> "(sensitive)""#,
        ]
    );
    let did = world.apply(&[secret(), config("on")]).unwrap();
    assert_eq!(did, [UNCHANGED, updated(Reason::Secret)]);
}

#[test]
fn encrypted_secrets_change_only_when_something_changed() {
    let key = age::x25519::Identity::generate();
    let recipient = Recipient::parse(&key.to_public().to_string()).unwrap();
    let mut world = World::new(SecretPolicy::Age(recipient));
    let file = format!("{SECRET}.age");
    world.apply(&[secret(), config("on")]).unwrap();
    assert_eq!(world.files(), [CONFIG, &file]);
    let first = world.read(&file);
    let opened = age::decrypt(&key, first.as_bytes()).unwrap();
    assert!(String::from_utf8(opened).unwrap().contains("password: hunter2\n"));

    let both = [secret(), config("on")];
    assert_eq!(world.apply(&both).unwrap(), [UNCHANGED, UNCHANGED]);
    assert_eq!(world.read(&file), first);
    world.values = Values::of("hunter3");
    assert_eq!(world.apply(&both).unwrap(), [UNCHANGED, updated(Reason::Secret)]);
    assert_ne!(world.read(&file), first);

    world.put(&file, "garbage");
    assert_eq!(world.lines(&both).len(), 1);
    assert_eq!(world.apply(&both).unwrap()[1].0, Action::Update);
    assert_eq!(world.apply(&both).unwrap(), [UNCHANGED, UNCHANGED]);

    world.policy = SecretPolicy::Omit;
    let did = world.apply(&both).unwrap();
    assert_eq!(
        (did[1].0, world.files()),
        (Action::Update, vec![CONFIG.to_owned(), SECRET.to_owned()])
    );
    assert_eq!(world.apply(&both).unwrap(), [UNCHANGED, UNCHANGED]);

    world.put(&file, "foreign");
    world.apply(&[]).unwrap();
    assert_eq!(world.files(), [file]);
}

#[test]
fn a_value_that_cannot_be_read_now_is_unknown_and_nothing_is_written_without_it() {
    let key = age::x25519::Identity::generate();
    let recipient = Recipient::parse(&key.to_public().to_string()).unwrap();
    for policy in [SecretPolicy::Plain, SecretPolicy::Age(recipient)] {
        let mut world = World::new(policy.clone());
        world.values = Values::unread();
        assert_eq!(world.plan(&[secret()]).unwrap().steps[0].action, Action::Create);
        assert!(world.apply(&[secret()]).is_err() && world.files().is_empty());

        world.values = Values::of("hunter2");
        world.apply(&[secret()]).unwrap();
        let before: Vec<String> = world.files().iter().map(|file| world.read(file)).collect();
        world.values = Values::unread();
        let plan = world.plan(&[secret()]).unwrap();
        let step = &plan.steps[0];
        assert_eq!((step.action, step.reason), updated(Reason::SecretUnknown), "{policy:?}");
        let paths: Vec<(&str, bool)> =
            step.changes.iter().map(|change| (change.path.as_str(), change.unknown)).collect();
        assert_eq!(paths, [("stringData.password", true), ("stringData.url", true)]);
        assert!(!step.is_drifted());
        assert!(world.apply(&[secret()]).is_err());
        let after: Vec<String> = world.files().iter().map(|file| world.read(file)).collect();
        assert_eq!(after, before);
    }
    let mut world = World::new(SecretPolicy::Omit);
    world.values = Values::unread();
    world.apply(&[secret()]).unwrap();
    assert_eq!(world.apply(&[secret()]).unwrap(), [UNCHANGED]);
}

#[test]
fn an_encrypted_file_of_an_interrupted_run_is_ours() {
    let key = age::x25519::Identity::generate();
    let recipient = Recipient::parse(&key.to_public().to_string()).unwrap();
    let mut world = World::new(SecretPolicy::Age(recipient));
    world.apply(&[secret()]).unwrap();
    let mut begun = entry(secret(), Value::Null);
    world.state = State::default();
    assert!(matches!(world.plan(&[secret()]), Err(RuntimeError::Foreign { .. })));
    begun.uncertain = true;
    world.state.resources.insert(begun.resource.id.clone(), begun);
    assert_eq!(world.apply(&[secret()]).unwrap(), [updated(Reason::Recovered)]);
    assert_eq!(world.apply(&[secret()]).unwrap(), [UNCHANGED]);
}

#[test]
fn what_has_no_value_here_is_never_written() {
    let mut world = World::new(SecretPolicy::Omit);
    let mut reader = config("x");
    reader.attributes["data"]["ip"] = json!("$kusion_path.v1:Service:shop:s.spec.clusterIP");
    let error = world.apply(&[reader]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "resource `v1:ConfigMap:shop:c` needs `$kusion_path.v1:Service:shop:s.spec.clusterIP`, which has no value in this target"
    );
    let mut cloud = config("x");
    cloud.kind = "Terraform".to_owned();
    let error = world.apply(&[cloud]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "resource `v1:ConfigMap:shop:c` has type `Terraform`, for which there is no runtime"
    );
    assert!(world.files().is_empty());
}
