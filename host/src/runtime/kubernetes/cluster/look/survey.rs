//! What a run knows of a cluster and of its own plan before it looks at single objects.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use serde_json::Value;
use tokio::sync::OnceCell;

use super::discovery::{discover, kinds_in_doubt, one_version};
use crate::runtime::Subject;
use crate::runtime::kubernetes::cluster::objects::{Place, Record};
use crate::runtime::kubernetes::cluster::wire::{Failure, Kind, Kinds, Pages, Transport, group_of};

use crate::spec::{Resource, ResourceId};

/// From how many objects of one kind in one namespace on they are listed rather than read one by one.
pub(crate) const WORTH_LISTING: usize = 3;
/// For how long nobody is expected to have made an object that did not exist.
const FRESH: Duration = Duration::from_secs(10);
/// How many lists are read at once.
const LISTS: usize = 8;

/// An object as it is; `None` if it does not exist.
type Live = Option<Arc<Value>>;

/// An object in a namespace: its group, kind, namespace and name.
type Named = (String, String, String, String);

/// What is known.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    kinds: RwLock<Arc<Kinds>>,
    /// Where every desired or recorded resource is.
    pub(crate) places: BTreeMap<ResourceId, Place>,
    /// The resources, as they shall be or are recorded.
    pub(crate) sources: BTreeMap<ResourceId, Resource>,
    /// Namespaces that the plan makes or keeps.
    namespaces: BTreeSet<String>,
    /// Kinds that the plan defines, by group and name.
    definitions: BTreeSet<(String, String)>,
    /// Objects as last read, by path. Whoever wants one that is being read waits for that reading.
    seen: Mutex<BTreeMap<String, Arc<OnceCell<Live>>>>,
    /// The recorded resources that we made, with the uids that they have on record.
    own: BTreeMap<Named, String>,
    /// The names of objects that lie together, by kind and namespace.
    beside: BTreeMap<(String, String, String), Arc<BTreeSet<String>>>,
    /// Kinds of recorded resources, by group and name, that the server defines and does not serve.
    doubtful: BTreeSet<(String, String)>,
    /// The paths of objects that were made ahead of their steps.
    made: Mutex<BTreeSet<String>>,
    /// The paths of objects that we deleted.
    deleted: Mutex<BTreeSet<String>>,
    /// When the objects were read.
    taken: Option<Instant>,
}

impl Survey {
    /// Asks what the server serves, and reads objects together where that takes fewer requests.
    pub(crate) async fn make(link: &Transport, subjects: &[Subject<'_>]) -> Result<Self, Failure> {
        let mut survey = Self { taken: Some(Instant::now()), ..Self::default() };
        for subject in subjects {
            let resource = subject.desired.or(subject.prior.map(|prior| &prior.resource));
            let Some((resource, place)) =
                resource.and_then(|resource| Some((resource, Place::of(&resource.attributes)?)))
            else {
                continue;
            };
            if subject.desired.is_some() {
                survey.note_desired(&place, &resource.attributes);
            }
            let (kind, namespace) = (place.kind.clone(), place.namespace().to_owned());
            // What stays is no less in the way of a namespace's end than what is somebody else's.
            if subject.desired.is_none()
                && let Some(prior) = subject.prior.filter(|prior| !prior.adopted)
            {
                let named =
                    (place.group().to_owned(), kind.clone(), namespace.clone(), place.name.clone());
                survey.own.insert(named, Record::of(prior).unwrap_or_default().uid);
            }
            let together = (place.api_version.clone(), kind, namespace);
            Arc::make_mut(survey.beside.entry(together).or_default()).insert(place.name.clone());
            survey.places.insert(resource.id.clone(), place);
            survey.sources.insert(resource.id.clone(), resource.clone());
        }
        let mut kinds = discover(link, survey.places.values()).await?;
        survey.doubtful = kinds_in_doubt(link, &mut kinds, subjects).await?;
        survey.kinds = RwLock::new(Arc::new(kinds));
        survey.read_together(link).await?;
        Ok(survey)
    }

    fn note_desired(&mut self, place: &Place, manifest: &Value) {
        if place.is_namespace() {
            self.namespaces.insert(place.name.clone());
        }
        if place.kind == "CustomResourceDefinition" {
            let text = |pointer| manifest.pointer(pointer).and_then(Value::as_str);
            let names = text("/spec/group").zip(text("/spec/names/kind"));
            self.definitions.extend(names.map(|(group, kind)| (group.into(), kind.into())));
        }
    }

    /// Returns the kinds that the server serves.
    pub(crate) fn kinds(&self) -> Arc<Kinds> {
        Arc::clone(&self.kinds.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns the kind of an object, if the server serves it.
    pub(crate) fn kind(&self, place: &Place) -> Option<Kind> {
        self.kinds().get(&place.api_version, &place.kind).cloned()
    }

    /// Asks again for an `apiVersion`, of which kinds were defined since.
    pub(crate) async fn ask_again(
        &self,
        link: &Transport,
        place: &Place,
    ) -> Result<Option<Kind>, Failure> {
        let kinds = one_version(link, &place.api_version).await?;
        let found = kinds.get(&place.api_version, &place.kind).cloned();
        let mut known = self.kinds.write().unwrap_or_else(PoisonError::into_inner);
        *known = Arc::new(known.with(kinds));
        Ok(found)
    }

    /// Returns whether the plan itself defines the kind of an object.
    pub(crate) fn defines(&self, place: &Place) -> bool {
        self.definitions.contains(&(place.group().to_owned(), place.kind.clone()))
    }

    /// Returns whether objects of a recorded kind may be there though the server does not serve the kind now.
    pub(crate) fn is_doubtful(&self, place: &Place) -> bool {
        self.doubtful.contains(&(place.group().to_owned(), place.kind.clone()))
    }

    /// Returns the uid of an object in a namespace that is on record as one that we made, and goes; empty if none is on
    /// record.
    pub(super) fn own_uid(
        &self,
        api_version: &str,
        kind: &str,
        namespace: &str,
        name: &str,
    ) -> Option<&str> {
        let texts = [group_of(api_version), kind, namespace, name].map(str::to_owned);
        self.own.get(&texts.into()).map(String::as_str)
    }

    /// Returns whether the plan itself makes an object, or keeps or deletes it.
    pub(super) fn wants(&self, place: &Place) -> bool {
        self.names_beside(place).contains(&place.name)
    }

    /// Returns whether the plan itself makes a namespace, or keeps it.
    pub(super) fn wants_namespace(&self, namespace: &str) -> bool {
        self.namespaces.contains(namespace)
    }

    /// Returns the namespace of this name that the plan makes or keeps.
    pub(crate) fn desired_namespace(&self, namespace: &str) -> Option<&Resource> {
        let is_meant = |place: &Place| place.is_namespace() && place.name == namespace;
        let (id, _) = self.places.iter().find(|(_, place)| is_meant(place))?;
        self.sources.get(id).filter(|_| self.wants_namespace(namespace))
    }

    /// Returns the names of the plan's objects that lie together with one: of its kind, in its namespace.
    pub(crate) fn names_beside(&self, place: &Place) -> Arc<BTreeSet<String>> {
        let together =
            [place.api_version.as_str(), place.kind.as_str(), place.namespace()].map(str::to_owned);
        self.beside.get(&together.into()).cloned().unwrap_or_default()
    }

    /// Reads an object, unless it was read in this run already.
    pub(crate) async fn live(
        &self,
        link: &Transport,
        path: &str,
    ) -> Result<Option<Arc<Value>>, Failure> {
        let cell = Arc::clone(self.seen().entry(path.to_owned()).or_default());
        let read = async || Ok::<_, Failure>(link.find(path).await?.map(Arc::new));
        cell.get_or_try_init(read).await.cloned()
    }

    /// Returns what was read of an object in this run, `None` if nothing was.
    pub(crate) fn seen_before(&self, path: &str) -> Option<Live> {
        self.seen().get(path)?.get().cloned()
    }

    /// Takes note of an object as it is now.
    pub(crate) fn see(&self, path: &str, live: Option<Arc<Value>>) {
        self.seen().insert(path.to_owned(), Arc::new(OnceCell::new_with(Some(live))));
    }

    /// Takes note of an object that was made as it shall be, ahead of its step.
    pub(crate) fn see_made(&self, path: &str, live: Value) {
        self.see(path, Some(Arc::new(live)));
        self.made.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned());
    }

    /// Returns whether an object was made ahead of its step.
    pub(crate) fn was_made(&self, path: &str) -> bool {
        self.made.lock().unwrap_or_else(PoisonError::into_inner).contains(path)
    }

    /// Returns whether others may have made an object since it was found missing: because so much time has passed, as
    /// when somebody is asked, or because we deleted one.
    pub(crate) fn is_old(&self, path: &str) -> bool {
        let deleted = self.deleted.lock().unwrap_or_else(PoisonError::into_inner).contains(path);
        deleted || self.taken.is_none_or(|taken| taken.elapsed() > FRESH)
    }

    /// Takes note of an object that we deleted.
    pub(crate) fn see_gone(&self, path: &str) {
        self.see(path, None);
        self.deleted.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned());
    }

    /// Takes note of an object that we may not read and take to be there.
    pub(super) fn hide(&self, path: &str) -> Arc<Value> {
        let hidden = Arc::new(Value::Null);
        self.see(path, Some(Arc::clone(&hidden)));
        hidden
    }

    fn seen(&self) -> MutexGuard<'_, BTreeMap<String, Arc<OnceCell<Live>>>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn read_together(&self, link: &Transport) -> Result<(), Failure> {
        let kinds = self.kinds();
        let mut groups: BTreeMap<String, Vec<(&Place, &Kind)>> = BTreeMap::new();
        for place in self.places.values() {
            let Some(kind) = kinds.get(&place.api_version, &place.kind) else { continue };
            // Secrets of others are none of our business.
            if kind.lists && !(place.api_version == "v1" && place.kind == "Secret") {
                let collection = kind.collection(Some(place.namespace()));
                groups.entry(collection).or_default().push((place, kind));
            }
        }
        groups.retain(|_, members| members.len() >= WORTH_LISTING);
        let reading: Vec<_> = groups
            .into_iter()
            .map(|(collection, members)| self.read_group(link, collection, members))
            .collect();
        let lists = stream::iter(reading).buffer_unordered(LISTS).try_collect();
        futures_util::try_join!(lists, self.read_namespaces(link).map(Ok)).map(|((), ())| ())
    }

    /// Reads the namespaces that the plan makes or keeps: everything in them waits to know whether they exist.
    async fn read_namespaces(&self, link: &Transport) {
        let reading =
            self.places.values().filter(|place| place.is_namespace()).filter_map(|place| {
                let path = self.kind(place)?.object(None, &place.name);
                Some(async move {
                    // If it cannot be read for another reason, whoever needs to know says so.
                    if let Err(Failure::Refused(refusal)) = self.live(link, &path).await
                        && refusal.code == 403
                    {
                        self.hide(&path);
                    }
                })
            });
        let reading: Vec<_> = reading.collect();
        stream::iter(reading).buffer_unordered(LISTS).collect::<()>().await;
    }

    async fn read_group(
        &self,
        link: &Transport,
        collection: String,
        members: Vec<(&Place, &Kind)>,
    ) -> Result<(), Failure> {
        let members: BTreeMap<&str, _> =
            members.into_iter().map(|member| (member.0.name.as_str(), member)).collect();
        let wanted = members.keys().copied().collect();
        let Some(mut objects) = list(link, &collection, &wanted).await? else { return Ok(()) };
        for (name, (place, kind)) in members {
            let path = kind.object(Some(place.namespace()), name);
            let live = objects.remove(name).map(|mut object| {
                // Objects in a list do not say what they are.
                if let Some(members) = object.as_object_mut() {
                    members.insert("apiVersion".to_owned(), place.api_version.clone().into());
                    members.insert("kind".to_owned(), place.kind.clone().into());
                }
                Arc::new(object)
            });
            self.see(&path, live);
        }
        Ok(())
    }
}

/// Reads the wanted objects of a collection by name. `None` if that would take more requests than reading them
/// one by one, or if we may not.
async fn list(
    link: &Transport,
    collection: &str,
    wanted: &BTreeSet<&str>,
) -> Result<Option<BTreeMap<String, Value>>, Failure> {
    let mut objects = BTreeMap::new();
    let mut pages = Pages::of(link, collection, "");
    for _ in wanted {
        let page = match pages.next(&|name| wanted.contains(name)).await {
            Ok(page) => page,
            Err(Failure::Refused(refusal)) if matches!(refusal.code, 403..=405 | 410) => break,
            Err(Failure::TooLong) => break,
            Err(failure) => return Err(failure),
        };
        objects.extend(page.items);
        if page.is_last {
            return Ok(Some(objects));
        }
        if page.more >= wanted.len() {
            break;
        }
    }
    Ok(None)
}
