//! Watches on collections, each shared by all who wait for one of its objects.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use futures_util::stream::StreamExt as _;
use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::runtime::kubernetes::cluster::objects::Place;
use crate::runtime::kubernetes::cluster::wire::{
    Failure, Kind, METADATA_LIST, METADATA_ONLY, Pages, Seen, Transport, segment,
};

/// How long a server keeps a watch open, in seconds. A connection that died unnoticed costs as much.
const WATCH: u64 = 30;
/// How much later than the server we give a watch up, and how long it may take to open one.
const GRACE: Duration = Duration::from_secs(10);
/// How long to wait after a watch that ended, so that a server that ends each at once is left alone.
const PAUSE: Duration = Duration::from_millis(100);
/// How long to wait after something went wrong.
const LONG_PAUSE: Duration = Duration::from_secs(1);
/// How many pages are read of a collection. In a larger one objects are watched one by one.
const PAGES: usize = 10;

/// What is watched: some objects of one kind that lie together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Source {
    /// The path of the collection.
    collection: String,
    api_version: String,
    kind: String,
    /// The only object, if it is not the whole collection.
    only: Option<String>,
    /// The objects that somebody may wait for.
    names: Arc<BTreeSet<String>>,
}

/// An object as it was last seen.
#[derive(Debug, Clone, Default)]
enum Sight {
    /// Nobody has looked yet.
    #[default]
    None,
    /// It is like this, or does not exist, as of a version.
    At(Option<u64>, Option<Arc<Value>>),
    /// It cannot be watched like this.
    Lost,
}

/// All objects of a source as they were last seen.
#[derive(Debug)]
struct Sights {
    objects: BTreeMap<String, watch::Sender<Sight>>,
    /// Whether the server does not answer.
    silent: AtomicBool,
}

/// A watch that runs as long as somebody looks at it.
#[derive(Debug)]
struct Running {
    sights: Arc<Sights>,
    task: JoinHandle<()>,
}

/// All watches that run.
pub(crate) struct Watches {
    link: Arc<Transport>,
    running: Mutex<BTreeMap<String, Weak<Running>>>,
}

/// One object that is watched.
pub(super) struct Watched {
    sight: watch::Receiver<Sight>,
    /// What was known before; what is older is no news.
    known: Option<u64>,
    looked: bool,
    running: Arc<Running>,
}

impl Source {
    /// Watches one object alone.
    pub(crate) fn one(place: &Place, kind: &Kind) -> Self {
        let names = Arc::new(BTreeSet::from([place.name.clone()]));
        Self { only: Some(place.name.clone()), ..Self::all(place, kind, names) }
    }

    /// Watches a collection because of several of its objects.
    pub(crate) fn all(place: &Place, kind: &Kind, names: Arc<BTreeSet<String>>) -> Self {
        Self {
            collection: kind.collection(Some(place.namespace())),
            api_version: place.api_version.clone(),
            kind: place.kind.clone(),
            only: None,
            names,
        }
    }

    /// Returns what tells it from others.
    fn key(&self) -> String {
        format!("{} {}", self.collection, self.only.as_deref().unwrap_or_default())
    }

    fn holds_secrets(&self) -> bool {
        self.api_version == "v1" && self.kind == "Secret"
    }

    fn query(&self) -> String {
        let name = |name: &String| format!("&fieldSelector=metadata.name%3D{}", segment(name));
        self.only.as_ref().map(name).unwrap_or_default()
    }

    fn pages<'a>(&self, link: &'a Transport) -> Pages<'a> {
        let pages = Pages::of(link, &self.collection, &self.query());
        if self.holds_secrets() { pages.accept(METADATA_LIST) } else { pages }
    }

    fn watch(&self, version: &str) -> String {
        format!(
            "{}?watch=true&allowWatchBookmarks=true&timeoutSeconds={WATCH}&resourceVersion={}{}",
            self.collection,
            segment(version),
            self.query(),
        )
    }

    fn accept(&self) -> &'static str {
        if self.holds_secrets() { METADATA_ONLY } else { "application/json" }
    }
}

impl Watches {
    pub(crate) fn new(link: Arc<Transport>) -> Self {
        Self { link, running: Mutex::default() }
    }

    /// Watches an object of a source, together with all who watch the same one. `known` is the object as it
    /// is known already.
    pub(super) fn look_at(&self, source: Source, name: &str, known: Option<&Value>) -> Watched {
        let mut all = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, running| running.strong_count() > 0);
        let key = source.key();
        let found = all.get(&key).and_then(Weak::upgrade);
        let found = found.filter(|running| running.sights.objects.contains_key(name));
        let running = found.unwrap_or_else(|| {
            let running = Arc::new(Running::start(Arc::clone(&self.link), source));
            all.insert(key, Arc::downgrade(&running));
            running
        });
        let sight = match running.sights.objects.get(name) {
            Some(object) => object.subscribe(),
            // Nobody asks for a name that is not in its source.
            None => watch::channel(Sight::Lost).1,
        };
        let known = known.and_then(version).and_then(number);
        Watched { sight, known, looked: false, running }
    }
}

impl Running {
    fn start(link: Arc<Transport>, source: Source) -> Self {
        let objects = source.names.iter().map(|name| (name.clone(), watch::Sender::default()));
        let sights =
            Arc::new(Sights { objects: objects.collect(), silent: AtomicBool::new(false) });
        let task = tokio::spawn(follow(link, source, Arc::clone(&sights)));
        Self { sights, task }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Watched {
    /// Returns the object once there is something new about it; `None` inside if it does not exist. `None`
    /// if it cannot be watched like this.
    pub(crate) async fn next(&mut self) -> Option<Option<Arc<Value>>> {
        loop {
            if std::mem::replace(&mut self.looked, true) && self.sight.changed().await.is_err() {
                return None;
            }
            match self.sight.borrow_and_update().clone() {
                Sight::At(at, object) if is_news(self.known, at) => return Some(object),
                Sight::At(..) | Sight::None => {}
                Sight::Lost => return None,
            }
        }
    }

    /// Returns whether the server has stopped answering.
    pub(super) fn is_silent(&self) -> bool {
        self.running.sights.silent.load(Ordering::Relaxed)
    }
}

impl Sights {
    /// Takes note of all objects of a list.
    fn list(&self, objects: &BTreeMap<String, Arc<Value>>, listed: &str) {
        for (name, sight) in &self.objects {
            let object = objects.get(name).cloned();
            let at = object.as_deref().and_then(version).unwrap_or(listed);
            sight.send_replace(Sight::At(number(at), object));
        }
    }

    /// Takes note of one object, and returns as of which version.
    fn note(&self, object: Value, exists: bool) -> Option<String> {
        let at = version(&object)?.to_owned();
        let name = object.pointer("/metadata/name").and_then(Value::as_str);
        if let Some(sight) = name.and_then(|name| self.objects.get(name)) {
            sight.send_replace(Sight::At(number(&at), exists.then(|| Arc::new(object))));
        }
        Some(at)
    }

    fn lose(&self) {
        for sight in self.objects.values() {
            sight.send_replace(Sight::Lost);
        }
    }

    fn answered(&self, yes: bool) {
        self.silent.store(!yes, Ordering::Relaxed);
    }
}

/// Lists and watches until nobody looks any more, or until that is of no use.
async fn follow(link: Arc<Transport>, source: Source, sights: Arc<Sights>) {
    let mut from = None;
    loop {
        let version = match from.take() {
            Some(version) => version,
            None => match list(&link, &source).await {
                Ok(Some((objects, version))) => {
                    sights.answered(true);
                    sights.list(&objects, &version);
                    version
                }
                Err(failure) if may_pass(&failure) => {
                    sights.answered(false);
                    sleep(LONG_PAUSE).await;
                    continue;
                }
                Ok(None) | Err(_) => return sights.lose(),
            },
        };
        from = watch(&link, &source, &sights, version).await;
    }
}

/// Watches from a version on until the watch ends, and returns from where to go on; `None` if the collection
/// must be listed again.
async fn watch(
    link: &Transport,
    source: &Source,
    sights: &Sights,
    mut from: String,
) -> Option<String> {
    let path = source.watch(&from);
    let events = match timeout(GRACE, link.watch(&path, source.accept())).await {
        Ok(Ok(events)) => events,
        // It can be listed but not watched, the version is too old, or the server does not answer.
        failed => {
            sights.answered(failed.is_ok_and(|failed| failed.is_err_and(|it| !may_pass(&it))));
            sleep(LONG_PAUSE).await;
            return None;
        }
    };
    sights.answered(true);
    let mut events = pin!(events);
    let patience = Duration::from_secs(WATCH) + GRACE;
    loop {
        match timeout(patience, events.next()).await {
            Ok(Some(Ok(Seen::There(object)))) => from = sights.note(object, true)?,
            Ok(Some(Ok(Seen::Gone(object)))) => from = sights.note(object, false)?,
            Ok(Some(Ok(Seen::Passed(version)))) => from = version,
            // The server says why it does not go on, most often that the version is too old, or tells of an object of
            // a size that none has, which a list need not hold.
            Ok(Some(Err(Failure::Refused(_) | Failure::TooLong))) => {
                sleep(PAUSE).await;
                return None;
            }
            Ok(None | Some(Err(_))) | Err(_) => {
                sleep(PAUSE).await;
                return Some(from);
            }
        }
    }
}

/// Reads the objects of a source that somebody may wait for, and as of which version. `None` if there are too
/// many others.
async fn list(
    link: &Transport,
    source: &Source,
) -> Result<Option<(BTreeMap<String, Arc<Value>>, String)>, Failure> {
    let mut objects = BTreeMap::new();
    let mut pages = source.pages(link);
    for _ in 0..PAGES {
        let page = pages.next(&|name| source.names.contains(name)).await?;
        let complete = |(name, object)| (name, complete(object, source));
        objects.extend(page.items.into_iter().map(complete));
        match page.version {
            Some(version) if page.is_last => return Ok(Some((objects, version))),
            Some(_) => {}
            None => return Ok(None),
        }
    }
    Ok(None)
}

/// Adds what objects in a list leave out.
fn complete(mut object: Value, source: &Source) -> Arc<Value> {
    if let Some(members) = object.as_object_mut() {
        members.insert("apiVersion".to_owned(), source.api_version.clone().into());
        members.insert("kind".to_owned(), source.kind.clone().into());
    }
    Arc::new(object)
}

fn may_pass(failure: &Failure) -> bool {
    match failure {
        Failure::Refused(refusal) => refusal.is_passing(),
        Failure::Unanswered { hopeless, .. } => !hopeless,
        Failure::Garbled { .. } | Failure::TooLong => false,
    }
}

fn version(object: &Value) -> Option<&str> {
    object.get("metadata")?.get("resourceVersion")?.as_str().filter(|version| !version.is_empty())
}

/// Reads a version as the number that it is on all servers that we know.
fn number(version: &str) -> Option<u64> {
    version.parse().ok()
}

/// Returns whether something seen at a version is not older than what was known.
fn is_news(known: Option<u64>, at: Option<u64>) -> bool {
    known.zip(at).is_none_or(|(known, at)| at >= known)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(name: &str, version: &str) -> Value {
        json!({"metadata": {"name": name, "resourceVersion": version}})
    }

    fn sights(names: &[&str]) -> Sights {
        let objects = names.iter().map(|name| ((*name).to_owned(), watch::Sender::default()));
        Sights { objects: objects.collect(), silent: AtomicBool::new(false) }
    }

    fn at(sights: &Sights, name: &str) -> (Option<u64>, bool) {
        match &*sights.objects.get(name).unwrap().borrow() {
            Sight::At(at, object) => (*at, object.is_some()),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_a_list_does_not_hold_does_not_exist_as_of_the_list() {
        let sights = sights(&["a", "b"]);
        let objects = BTreeMap::from([("a".to_owned(), Arc::new(object("a", "7")))]);
        sights.list(&objects, "9");
        assert_eq!((at(&sights, "a"), at(&sights, "b")), ((Some(7), true), (Some(9), false)));
    }

    #[test]
    fn events_move_the_version_on_whomever_they_are_about() {
        let sights = sights(&["a"]);
        assert_eq!(sights.note(object("a", "3"), true).as_deref(), Some("3"));
        assert_eq!(sights.note(object("other", "4"), true).as_deref(), Some("4"));
        assert_eq!(at(&sights, "a"), (Some(3), true));
        assert_eq!(sights.note(object("a", "5"), false).as_deref(), Some("5"));
        assert_eq!(at(&sights, "a"), (Some(5), false));
        assert_eq!(sights.note(json!({}), true), None);
    }

    #[test]
    fn what_is_older_than_what_was_known_is_no_news() {
        assert!(!is_news(Some(5), Some(4)));
        assert!(is_news(Some(5), Some(5)) && is_news(Some(5), Some(6)));
        // A version that is no number cannot be compared.
        assert!(is_news(Some(5), None) && is_news(None, Some(1)));
    }

    #[test]
    fn the_paths_name_the_collection_and_the_one_object() {
        let place = Place {
            api_version: "apps/v1".to_owned(),
            kind: "Deployment".to_owned(),
            namespace: Some("n".to_owned()),
            name: "x".to_owned(),
        };
        let kind = Kind::new("/apis/apps/v1", "deployments", true);
        let one = Source::one(&place, &kind);
        assert_eq!(
            one.watch("7"),
            "/apis/apps/v1/namespaces/n/deployments?watch=true&allowWatchBookmarks=true\
             &timeoutSeconds=30&resourceVersion=7&fieldSelector=metadata.name%3Dx"
        );
        let names = Arc::new(BTreeSet::from(["x".to_owned(), "y".to_owned()]));
        let all = Source::all(&place, &kind, names);
        assert!(all.watch("7").ends_with("resourceVersion=7"));
        assert_ne!(one.key(), all.key());
    }
}
