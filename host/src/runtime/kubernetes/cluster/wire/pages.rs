//! Reading a collection page by page, and of each page only what somebody wants.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::failure::Failure;
use super::kinds::segment;
use super::transport::{Call, Transport};

/// How many objects a page has at most.
const PAGE: usize = 500;

/// A collection that is read.
pub(crate) struct Pages<'a> {
    link: &'a Transport,
    /// The path with its query.
    path: String,
    accept: Option<&'static str>,
    /// Where the next page begins.
    token: Option<String>,
}

/// One page of it.
#[derive(Debug, Default)]
pub(crate) struct Page {
    /// The objects that are wanted, by name.
    pub(crate) items: Vec<(String, Value)>,
    /// As of which version, if the server says it.
    pub(crate) version: Option<String>,
    /// Whether none follows.
    pub(crate) is_last: bool,
    /// How many follow, as far as the server knows.
    pub(crate) more: usize,
}

impl<'a> Pages<'a> {
    /// Begins with the first page. `query` is what else is said about the objects, such as `&fieldSelector=`.
    pub(crate) fn of(link: &'a Transport, collection: &str, query: &str) -> Self {
        let path = format!("{collection}?limit={PAGE}{query}");
        Self { link, path, accept: None, token: None }
    }

    /// Asks for the objects in another form.
    pub(crate) fn accept(mut self, accept: &'static str) -> Self {
        self.accept = Some(accept);
        self
    }

    /// Reads the next page. Objects whose names nobody wants are never held.
    pub(crate) async fn next(
        &mut self,
        wanted: &(dyn Fn(&str) -> bool + Sync),
    ) -> Result<Page, Failure> {
        let from = self.token.take().map(|token| format!("&continue={}", segment(&token)));
        let call = Call::get(format!("{}{}", self.path, from.unwrap_or_default()));
        let call = match self.accept {
            Some(accept) => call.accept(accept),
            None => call,
        };
        let answer = self.link.read(&call).await?;
        let mut text = serde_json::Deserializer::from_slice(&answer);
        let list = Wanted(wanted).deserialize(&mut text);
        let (metadata, items) = list.map_err(|source| Failure::Garbled { source })?;
        let ListMeta { resource_version, token, remaining } = metadata;
        let is_text = |text: &String| !text.is_empty();
        self.token = token.filter(is_text);
        let is_last = self.token.is_none();
        let more = match remaining {
            _ if is_last => 0,
            Some(items) => usize::try_from(items).unwrap_or(usize::MAX).div_ceil(PAGE),
            None => 1,
        };
        Ok(Page { items, version: resource_version.filter(is_text), is_last, more })
    }
}

/// What a list says about itself.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ListMeta {
    resource_version: Option<String>,
    #[serde(rename = "continue")]
    token: Option<String>,
    #[serde(rename = "remainingItemCount")]
    remaining: Option<u64>,
}

/// Reads a list, and of its objects those that are wanted.
#[derive(Clone, Copy)]
struct Wanted<'w>(&'w (dyn Fn(&str) -> bool + Sync));

/// Reads the objects of a list.
struct Items<'w>(Wanted<'w>);

impl<'de> DeserializeSeed<'de> for Wanted<'_> {
    type Value = (ListMeta, Vec<(String, Value)>);

    fn deserialize<D: Deserializer<'de>>(self, list: D) -> Result<Self::Value, D::Error> {
        list.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Wanted<'_> {
    type Value = (ListMeta, Vec<(String, Value)>);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of objects")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let (mut metadata, mut items) = (ListMeta::default(), Vec::new());
        while let Some(member) = list.next_key::<String>()? {
            match member.as_str() {
                "metadata" => metadata = list.next_value()?,
                "items" => items = list.next_value_seed(Items(self))?,
                _ => {
                    list.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok((metadata, items))
    }
}

impl<'de> DeserializeSeed<'de> for Items<'_> {
    type Value = Vec<(String, Value)>;

    fn deserialize<D: Deserializer<'de>>(self, items: D) -> Result<Self::Value, D::Error> {
        items.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Items<'_> {
    type Value = Vec<(String, Value)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("objects")
    }

    /// A list without objects can say so with `null`.
    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let Self(Wanted(wanted)) = self;
        let mut kept = Vec::new();
        while let Some(item) = items.next_element::<Value>()? {
            let name = item.pointer("/metadata/name").and_then(Value::as_str);
            if let Some(name) = name.filter(|name| wanted(name)).map(str::to_owned) {
                kept.push((name, item));
            }
        }
        Ok(kept)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::runtime::kubernetes::cluster::wire::scripted::scripted;

    #[tokio::test]
    async fn only_what_is_wanted_is_kept_of_every_page() {
        let link = scripted(|asked| {
            let object = |name: &str| json!({"metadata": {"name": name}});
            match asked.path.as_str() {
                "/things?limit=500&of=us" => (
                    200,
                    json!({
                        "kind": "ThingList", "items": [object("a"), object("b")],
                        "metadata": {"resourceVersion": "7", "continue": "x&y", "remainingItemCount": 501},
                    }),
                ),
                "/things?limit=500&of=us&continue=x%26y" => {
                    (200, json!({"metadata": {"resourceVersion": "7"}, "items": [object("c"), {}]}))
                }
                _ => (404, json!({})),
            }
        });
        let mut pages = Pages::of(&link, "/things", "&of=us");
        let names = |page: &Page| -> Vec<String> {
            page.items.iter().map(|(name, _)| name.clone()).collect()
        };
        let first = pages.next(&|name| name != "a").await.unwrap();
        assert_eq!(names(&first), ["b"]);
        assert_eq!((first.version.as_deref(), first.is_last, first.more), (Some("7"), false, 2));
        let last = pages.next(&|_| true).await.unwrap();
        assert_eq!((names(&last), last.is_last, last.more), (vec!["c".to_owned()], true, 0));
    }

    #[tokio::test]
    async fn a_list_without_objects_is_empty_and_what_is_no_list_is_garbled() {
        let answers = [
            (json!({"metadata": {"resourceVersion": "1"}, "items": null}), Some(0)),
            (json!({"items": []}), Some(0)),
            (json!([]), None),
            (json!({"items": "x"}), None),
        ];
        for (answer, expected) in answers {
            let shown = answer.to_string();
            let link = scripted(move |_| (200, answer.clone()));
            let page = Pages::of(&link, "/things", "").next(&|_| true).await;
            assert_eq!(page.ok().map(|page| page.items.len()), expected, "{shown}");
        }
    }
}
