//! A value that remembers where each part of it was written.

use std::sync::Arc;

use serde_json::{Number, Value};

use super::pointer::{index, tokens};
use super::{Location, SourceFile};

/// A JSON-like value in which every value and every map key has a [`Location`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    content: Content,
    location: Location,
}

/// What a [`Node`] holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Nothing was written where a value belongs, as in `key:`.
    Blank,
    /// A null that was written out.
    Null,
    /// A truth value.
    Bool(bool),
    /// A number in its canonical form.
    Number(Number),
    /// A text.
    String(String),
    /// A list.
    List(Vec<Node>),
    /// A map with text keys.
    Map(Map),
}

/// The entries of a map in the order in which they were written; no key occurs twice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Map {
    entries: Vec<Entry>,
}

/// A key of a map with its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The key.
    pub key: Key,
    /// The value.
    pub value: Node,
}

/// A key of a map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The key as text.
    pub text: String,
    /// Where the key was written.
    pub location: Location,
}

impl Node {
    /// Puts a value at a place.
    pub fn new(content: Content, location: Location) -> Self {
        Self { content, location }
    }

    /// Makes a map without entries at a place.
    pub fn empty_map(location: Location) -> Self {
        Self::new(Content::Map(Map::default()), location)
    }

    /// Gives a plain value one place for all its parts.
    pub fn from_json(value: &Value, location: &Location) -> Self {
        let content = match value {
            Value::Null => Content::Null,
            Value::Bool(value) => Content::Bool(*value),
            Value::Number(value) => Content::Number(value.clone()),
            Value::String(value) => Content::String(value.clone()),
            Value::Array(items) => {
                Content::List(items.iter().map(|item| Self::from_json(item, location)).collect())
            }
            Value::Object(object) => {
                let entries = object.iter().map(|(key, value)| Entry {
                    key: Key { text: key.clone(), location: location.clone() },
                    value: Self::from_json(value, location),
                });
                Content::Map(Map::from_distinct(entries.collect()))
            }
        };
        Self::new(content, location.clone())
    }

    /// Returns what the node holds.
    pub fn content(&self) -> &Content {
        &self.content
    }

    /// Returns what the node holds, to change it.
    pub fn content_mut(&mut self) -> &mut Content {
        &mut self.content
    }

    /// Returns where the value was written.
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// Moves the value itself, not its parts, to another place.
    #[must_use]
    pub fn with_location(mut self, location: Location) -> Self {
        self.location = location;
        self
    }

    /// Returns the map, if the node is one.
    pub fn as_map(&self) -> Option<&Map> {
        match &self.content {
            Content::Map(map) => Some(map),
            _ => None,
        }
    }

    /// Returns the map to change it, if the node is one.
    pub fn as_map_mut(&mut self) -> Option<&mut Map> {
        match &mut self.content {
            Content::Map(map) => Some(map),
            _ => None,
        }
    }

    /// Returns the text, if the node is one.
    pub fn as_str(&self) -> Option<&str> {
        match &self.content {
            Content::String(text) => Some(text),
            _ => None,
        }
    }

    /// Says whether the node is a blank or a written null.
    pub fn is_nothing(&self) -> bool {
        matches!(self.content, Content::Blank | Content::Null)
    }

    /// Returns the value below a key, if the node is a map that has it.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.as_map()?.get(key)
    }

    /// Iterates over the entries of a map; over nothing if the node is no map.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.as_map().map(Map::iter).into_iter().flatten()
    }

    /// Iterates over the items of a list; over nothing if the node is no list.
    pub fn items(&self) -> impl Iterator<Item = &Self> {
        match &self.content {
            Content::List(items) => items.as_slice(),
            _ => &[],
        }
        .iter()
    }

    /// Returns the value that a JSON Pointer names.
    pub fn pointer(&self, pointer: &str) -> Option<&Self> {
        tokens(pointer).try_fold(self, |node, token| node.child(&token).map(|(child, _)| child))
    }

    /// Returns the place of the value that a JSON Pointer names, or of the deepest part that exists.
    pub fn locate(&self, pointer: &str) -> &Location {
        let mut node = self;
        for token in tokens(pointer) {
            let Some((child, _)) = node.child(&token) else { break };
            node = child;
        }
        &node.location
    }

    /// Returns the place of the key whose value a JSON Pointer names, or of the deepest key on the way.
    ///
    /// An item of a list has no key and stands for itself, and so does the whole value.
    pub fn locate_key(&self, pointer: &str) -> &Location {
        let mut node = self;
        let mut place = &self.location;
        for token in tokens(pointer) {
            let Some((child, key)) = node.child(&token) else { break };
            node = child;
            place = key.map_or(&child.location, |key| &key.location);
        }
        place
    }

    /// Returns the place that a module names: that of the key, if `#` follows the pointer, otherwise that of the value.
    pub fn locate_named(&self, pointer: &str) -> &Location {
        // A key can end like that, too.
        match pointer.strip_suffix('#').filter(|_| self.pointer(pointer).is_none()) {
            Some(key) => self.locate_key(key),
            None => self.locate(pointer),
        }
    }

    fn child(&self, token: &str) -> Option<(&Self, Option<&Key>)> {
        match &self.content {
            Content::Map(map) => map.entry(token).map(|entry| (&entry.value, Some(&entry.key))),
            Content::List(items) => items.get(index(token)?).map(|item| (item, None)),
            _ => None,
        }
    }

    /// Returns the value without its places; map keys are sorted.
    pub fn to_json(&self) -> Value {
        match &self.content {
            Content::Blank | Content::Null => Value::Null,
            Content::Bool(value) => Value::Bool(*value),
            Content::Number(value) => Value::Number(value.clone()),
            Content::String(value) => Value::String(value.clone()),
            Content::List(items) => items.iter().map(Self::to_json).collect(),
            Content::Map(map) => Value::Object(
                map.iter().map(|entry| (entry.key.text.clone(), entry.value.to_json())).collect(),
            ),
        }
    }

    /// Moves the value and all its parts that lie in one edition of a file to another edition.
    pub fn move_to(&mut self, old: &Arc<SourceFile>, new: &Arc<SourceFile>) {
        move_location(&mut self.location, old, new);
        match &mut self.content {
            Content::List(items) => items.iter_mut().for_each(|item| item.move_to(old, new)),
            Content::Map(map) => {
                for entry in &mut map.entries {
                    move_location(&mut entry.key.location, old, new);
                    entry.value.move_to(old, new);
                }
            }
            _ => {}
        }
    }
}

fn move_location(location: &mut Location, old: &Arc<SourceFile>, new: &Arc<SourceFile>) {
    if Arc::ptr_eq(location.file(), old) {
        *location = location.clone().in_file(Arc::clone(new));
    }
}

impl Map {
    /// Returns the number of entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Says whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Iterates over the entries in the order in which they were written.
    pub fn iter(&self) -> std::slice::Iter<'_, Entry> {
        self.entries.iter()
    }

    /// Iterates over the values, to change them.
    pub fn values_mut(&mut self) -> impl Iterator<Item = (&Key, &mut Node)> {
        self.entries.iter_mut().map(|entry| (&entry.key, &mut entry.value))
    }

    /// Returns an entry by its key.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key.text == key)
    }

    /// Returns a value by its key.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// Returns a value by its key, to change it.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        self.entries.iter_mut().find(|entry| entry.key.text == key).map(|entry| &mut entry.value)
    }

    /// Sets an entry: an entry with the same key is replaced in its position.
    pub fn insert(&mut self, key: Key, value: Node) {
        match self.entries.iter_mut().find(|entry| entry.key.text == key.text) {
            Some(entry) => *entry = Entry { key, value },
            None => self.entries.push(Entry { key, value }),
        }
    }

    /// Removes an entry.
    pub fn remove(&mut self, key: &str) -> Option<Entry> {
        let position = self.entries.iter().position(|entry| entry.key.text == key)?;
        Some(self.entries.remove(position))
    }

    /// Keeps the entries for which a condition holds.
    pub fn retain(&mut self, keep: impl FnMut(&Entry) -> bool) {
        self.entries.retain(keep);
    }

    /// Makes a map of entries whose keys the caller knows to differ.
    pub(crate) fn from_distinct(entries: Vec<Entry>) -> Self {
        Self { entries }
    }
}

impl IntoIterator for Map {
    type Item = Entry;
    type IntoIter = std::vec::IntoIter<Entry>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter()
    }
}

impl<'a> IntoIterator for &'a Map {
    type Item = &'a Entry;
    type IntoIter = std::slice::Iter<'a, Entry>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn at(line: usize) -> Location {
        Location::new(SourceFile::new("app.yaml", ""), line, 1, 1)
    }

    /// `{"a/b": [true, {"c": 1}]}`, each part on a line of its own.
    fn sample() -> Node {
        let mut inner = Map::default();
        inner.insert(
            Key { text: "c".into(), location: at(5) },
            Node::new(Content::Number(1.into()), at(6)),
        );
        let list =
            vec![Node::new(Content::Bool(true), at(3)), Node::new(Content::Map(inner), at(4))];
        let mut map = Map::default();
        map.insert(
            Key { text: "a/b".into(), location: at(1) },
            Node::new(Content::List(list), at(2)),
        );
        Node::new(Content::Map(map), at(0))
    }

    #[test]
    fn a_pointer_finds_values_keys_and_the_deepest_ancestor() {
        for (pointer, value, key) in [
            ("", 0, 0),
            ("/a~1b", 2, 1),
            ("/a~1b/0", 3, 3),
            ("/a~1b/1/c", 6, 5),
            ("/a~1b/1/missing/deeper", 4, 4),
            ("/a~1b/7", 2, 1),
            ("/a~1b/1/c/d", 6, 5),
            ("/none", 0, 0),
        ] {
            let node = sample();
            assert_eq!(node.locate(pointer).line(), value, "value of {pointer:?}");
            assert_eq!(node.locate_key(pointer).line(), key, "key of {pointer:?}");
        }
    }

    #[test]
    fn json_round_trips_through_nodes() {
        let value = json!({"z": [1, null, "x"], "a": {"b": true}});
        assert_eq!(Node::from_json(&value, &at(1)).to_json(), value);
        assert_eq!(sample().pointer("/a~1b/1/c").map(Node::to_json), Some(json!(1)));
        assert_eq!(sample().pointer("/a~1b/2"), None);
    }

    #[test]
    fn an_inserted_key_replaces_its_namesake_in_place() {
        let mut node = sample();
        let map = node.as_map_mut().unwrap();
        map.insert(Key { text: "z".into(), location: at(8) }, Node::empty_map(at(8)));
        map.insert(Key { text: "a/b".into(), location: at(9) }, Node::empty_map(at(9)));
        let keys: Vec<_> = map.iter().map(|entry| entry.key.text.as_str()).collect();
        assert_eq!(keys, ["a/b", "z"]);
        assert_eq!(node.locate_key("/a~1b").line(), 9);
    }

    #[test]
    fn a_module_can_mean_a_key() {
        let mut node = Node::empty_map(at(1));
        let map = node.as_map_mut().unwrap();
        map.insert(Key { text: "a".into(), location: at(2) }, Node::empty_map(at(3)));
        map.insert(Key { text: "b#".into(), location: at(4) }, Node::empty_map(at(5)));
        for (pointer, line) in [("/a", 3), ("/a#", 2), ("/b#", 5), ("/b##", 4), ("/a/b#", 2)] {
            assert_eq!(node.locate_named(pointer).line(), line, "{pointer}");
        }
    }
}
