//! YAML text -> nodes, within bounds.
//!
//! The events of the parser are folded with an explicit stack, so no text can exhaust the machine's. Aliases
//! are copies; a budget over the whole file, charged for each copy as well, stops the text that explodes.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use granit_parser::{Event, Parser, ScalarStyle, Span, Tag};
use serde_json::Value;

use super::{YamlError, scalar, syntax};
use crate::diagnostic::Problem;
use crate::source::{Content, Entry, Key, Location, Map, Node, SourceFile};

mod block;
mod plain;

/// The largest text of a user that is read, in bytes: far above any real file, small enough to hold in memory.
pub const MAX_BYTES: usize = 32 << 20;
/// The deepest nesting of maps and lists, the same as serde_json's.
pub const MAX_DEPTH: usize = 128;
/// What one text may cost.
struct Bounds {
    bytes: usize,
    /// The budget for values, copies by aliases included; a value of more than 64 bytes counts as several.
    weight: usize,
}

/// What a person writes.
const WRITTEN: Bounds = Bounds { bytes: MAX_BYTES, weight: 1_000_000 };
/// What we write ourselves: the record of a release of 10,000 resources has 30 MB.
const RECORDED: Bounds = Bounds { bytes: 1 << 30, weight: 100_000_000 };
/// The most problems that are collected before reading stops.
const MAX_PROBLEMS: usize = 100;
/// The budget for copies by aliases, in the unit of [`Bounds::weight`]: text grows memory by what it weighs,
/// copies by their square and more.
const MAX_COPIES: usize = 1_000_000;

/// Reads all documents of a file; documents without content are left out.
///
/// # Errors
///
/// Names every problem that can be found in one pass; a syntax error ends the pass.
pub fn read(file: &Arc<SourceFile>) -> Result<Vec<Node>, YamlError> {
    Reader::new(file, &WRITTEN).read()
}

/// Reads a text that a machine wrote, as a plain value; no document at all is null.
///
/// # Errors
///
/// As for [`read`]; a second document is an error too.
pub fn parse_value(text: &str) -> Result<Value, YamlError> {
    let short = block::read(text, &RECORDED).or_else(|| plain::read(text, &RECORDED));
    if let Some(value) = short {
        return Ok(value);
    }
    let documents = Reader::new(&SourceFile::new("", text), &RECORDED).read()?;
    match documents.get(1) {
        Some(second) => {
            Err(Problem::at(second.location().clone(), "there is more than one document").into())
        }
        None => Ok(documents.first().map_or(Value::Null, Node::to_json)),
    }
}

/// A finished value with the cost of copying it.
#[derive(Clone)]
struct Weighed {
    node: Node,
    weight: usize,
    depth: usize,
}

/// A list or map that is still open.
struct Frame {
    kind: FrameKind,
    anchor: usize,
    location: Location,
    weight: usize,
    depth: usize,
}

enum FrameKind {
    List(Vec<Node>),
    Map(MapFrame),
}

#[derive(Default)]
struct MapFrame {
    entries: Vec<Entry>,
    index: HashMap<String, usize>,
    /// The key that waits for its value; `None` inside if the key was refused.
    key: Option<Option<(Key, bool)>>,
    merged: Option<Node>,
}

struct Reader<'a> {
    file: &'a Arc<SourceFile>,
    bounds: &'static Bounds,
    stack: Vec<Frame>,
    anchors: BTreeMap<usize, Weighed>,
    documents: Vec<Node>,
    problems: Vec<Problem>,
    weight: usize,
    copies: usize,
}

impl<'a> Reader<'a> {
    fn new(file: &'a Arc<SourceFile>, bounds: &'static Bounds) -> Self {
        Self {
            file,
            bounds,
            stack: Vec::new(),
            anchors: BTreeMap::new(),
            documents: Vec::new(),
            problems: Vec::new(),
            weight: 0,
            copies: 0,
        }
    }

    fn read(mut self) -> Result<Vec<Node>, YamlError> {
        if self.file.text().len() > self.bounds.bytes {
            let start = Location::new(Arc::clone(self.file), 1, 1, 1);
            let limit = self.bounds.bytes >> 20;
            return Err(Problem::at(start, format!("the text is larger than {limit} MiB")).into());
        }
        if let Some(problem) = self.lone_return() {
            return Err(problem.into());
        }
        for event in Parser::new_from_str(self.file.text()) {
            let step = match event {
                Ok((event, span)) => self.event(event, span),
                Err(error) => {
                    let mark = error.marker();
                    let place =
                        Location::new(Arc::clone(self.file), mark.line(), mark.col() + 1, 1);
                    Err(syntax::problem(&error, place))
                }
            };
            if let Err(problem) = step {
                self.problems.push(problem);
                break;
            }
            if self.problems.len() >= MAX_PROBLEMS {
                break;
            }
        }
        match YamlError::of(self.problems) {
            Some(error) => Err(error),
            None => Ok(self.documents),
        }
    }

    /// Looks for a carriage return without a line feed: to YAML it ends a line, to most other programs it does
    /// not, so that places would mean different lines.
    fn lone_return(&self) -> Option<Problem> {
        let text = self.file.text();
        let lone = |at: &usize| text.get(*at..).is_some_and(|rest| !rest.starts_with("\r\n"));
        let at = text.match_indices('\r').map(|(at, _)| at).find(lone)?;
        let before = text.get(..at).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        let place = Location::new(Arc::clone(self.file), line, column, 1);
        let problem = Problem::at(place, "a carriage return stands alone");
        Some(
            problem
                .hint("end lines with a line feed, and write `\\r` in double quotes within a text"),
        )
    }

    /// Takes in one event; an error ends reading.
    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), Problem> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let location = self.location(span);
                let blank = style == ScalarStyle::Plain && span.is_empty();
                let content = if blank && tag.is_none() {
                    Content::Blank
                } else {
                    self.scalar(&text, style, tag.as_deref(), blank, &location)
                };
                let key_text = (style != ScalarStyle::Plain || !blank).then_some(text);
                let merge = style == ScalarStyle::Plain && key_text.as_deref() == Some("<<");
                let weight = 1 + key_text.as_deref().map_or(0, str::len) / 64;
                let node = Node::new(content, location);
                self.charge(weight, node.location())?;
                let value = Weighed { node, weight, depth: 0 };
                if anchor != 0 {
                    self.anchors.insert(anchor, value.clone());
                }
                self.value(value, key_text, merge)
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.open(FrameKind::List(Vec::new()), anchor, tag.as_deref(), span)
            }
            Event::MappingStart(_, anchor, tag) => {
                self.open(FrameKind::Map(MapFrame::default()), anchor, tag.as_deref(), span)
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(),
            Event::Alias(anchor) => {
                let place = self.location(span);
                let Some(value) = self.anchors.get(&anchor).cloned() else {
                    return Err(Problem::at(place, "the alias stands inside its own anchor"));
                };
                self.charge(value.weight, &place)?;
                self.copies = self.copies.saturating_add(value.weight);
                if self.copies > MAX_COPIES {
                    return Err(too_many(place));
                }
                if self.stack.len() + value.depth > MAX_DEPTH {
                    return Err(too_deep(place));
                }
                let text = value.node.as_str().map(|text| Cow::Owned(text.to_owned()));
                self.value(value, text, false)
            }
            Event::DocumentStart(..) => {
                self.anchors.clear();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn location(&self, span: Span) -> Location {
        let (start, end) = (span.start, span.end);
        let file = Arc::clone(self.file);
        if end.line() <= start.line() {
            let width = end.col().saturating_sub(start.col());
            return Location::new(file, start.line(), start.col() + 1, width);
        }
        // By byte offsets, because finding a line by its number walks the whole text.
        let text = self.file.text();
        let rest = start.byte_offset().and_then(|offset| text.get(offset..)).unwrap_or_default();
        let first = rest.lines().next().unwrap_or_default();
        let before = end.byte_offset().and_then(|offset| text.get(..offset)).unwrap_or_default();
        // A block scalar ends where the next token begins.
        let ended_above = before.rsplit('\n').next().is_none_or(|line| line.trim().is_empty());
        let last = if ended_above { end.line() - 1 } else { end.line() };
        Location::new(file, start.line(), start.col() + 1, first.trim_end().chars().count())
            .through_line(last)
    }

    fn charge(&mut self, weight: usize, place: &Location) -> Result<(), Problem> {
        self.weight = self.weight.saturating_add(weight);
        if self.weight > self.bounds.weight {
            return Err(too_many(place.clone()));
        }
        Ok(())
    }

    /// Says what a scalar means; a problem is noted and stands as null.
    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        tag: Option<&Tag>,
        blank: bool,
        location: &Location,
    ) -> Content {
        let text = if blank { "" } else { text };
        let name = match tag {
            None if style == ScalarStyle::Plain => None,
            None => Some("str"),
            Some(tag) if tag.handle() == "!" && tag.suffix().is_empty() => Some("str"),
            Some(tag) if tag.handle().is_empty() && tag.suffix() == "!" => Some("str"),
            Some(tag) => match tag.core_suffix() {
                Some(name @ ("str" | "int" | "float" | "bool" | "null")) => Some(name),
                _ => return self.refuse_tag(tag, location),
            },
        };
        let read = match name {
            Some("str") => return Content::String(text.to_owned()),
            Some("null") if text.is_empty() => Ok(Content::Null),
            _ => scalar::plain(text),
        };
        match (read, name) {
            (Ok(content), None) => content,
            (Ok(content @ Content::Null), Some("null"))
            | (Ok(content @ Content::Bool(_)), Some("bool"))
            | (Ok(content @ Content::Number(_)), Some("int" | "float")) => content,
            (Ok(_), Some(name)) => {
                self.note(location, format!("the value does not fit its tag `!!{name}`"));
                Content::Null
            }
            (Err(scalar::ScalarError::NotFinite), _) => {
                self.note(location, "infinite and undefined numbers cannot be used");
                Content::Null
            }
            (Err(scalar::ScalarError::OutOfRange), _) => {
                let message = "the number does not fit into 64 bits";
                let problem = Problem::at(location.clone(), message);
                self.problems.push(problem.hint("quote it if it is meant as text"));
                Content::Null
            }
        }
    }

    fn refuse_tag(&mut self, tag: &Tag, location: &Location) -> Content {
        let name = match tag.core_suffix() {
            Some(name) => format!("!!{name}"),
            None => format!("{}{}", tag.original_handle(), tag.suffix()),
        };
        let problem =
            Problem::at(location.clone(), format!("the tag `{name}` cannot be used here"));
        self.problems.push(problem.hint("only the tags of the YAML core schema are known"));
        Content::Null
    }

    fn note(&mut self, location: &Location, message: impl Into<String>) {
        self.problems.push(Problem::at(location.clone(), message));
    }

    fn open(
        &mut self,
        kind: FrameKind,
        anchor: usize,
        tag: Option<&Tag>,
        span: Span,
    ) -> Result<(), Problem> {
        let location = self.location(span);
        if self.stack.len() >= MAX_DEPTH {
            return Err(too_deep(location));
        }
        self.charge(1, &location)?;
        if let Some(tag) = tag {
            let expected = if matches!(kind, FrameKind::List(_)) { "seq" } else { "map" };
            if !tag.is_yaml_core_schema_tag(expected) {
                self.refuse_tag(tag, &location);
            }
        }
        self.stack.push(Frame { kind, anchor, location, weight: 1, depth: 0 });
        Ok(())
    }

    fn close(&mut self) -> Result<(), Problem> {
        let Some(frame) = self.stack.pop() else { return Ok(()) };
        let content = match frame.kind {
            FrameKind::List(items) => Content::List(items),
            FrameKind::Map(map) => Content::Map(self.merge(map)),
        };
        let node = Node::new(content, frame.location);
        let value = Weighed { node, weight: frame.weight, depth: frame.depth + 1 };
        if frame.anchor != 0 {
            self.anchors.insert(frame.anchor, value.clone());
        }
        self.value(value, None, false)
    }

    /// Hands a finished value to whatever is open.
    fn value(
        &mut self,
        value: Weighed,
        key_text: Option<Cow<'_, str>>,
        merge: bool,
    ) -> Result<(), Problem> {
        let Some(frame) = self.stack.last_mut() else {
            if *value.node.content() != Content::Blank {
                self.documents.push(value.node);
            }
            return Ok(());
        };
        frame.weight = frame.weight.saturating_add(value.weight);
        frame.depth = frame.depth.max(value.depth);
        let map = match &mut frame.kind {
            FrameKind::List(items) => {
                items.push(value.node);
                return Ok(());
            }
            FrameKind::Map(map) => map,
        };
        let Some(key) = map.key.take() else {
            let scalar = !matches!(value.node.content(), Content::List(_) | Content::Map(_));
            let location = value.node.location().clone();
            if map.entries.is_empty() && map.index.is_empty() && frame.location.width() == 1 {
                // A block map begins where its first key does and is as wide.
                let (start, first) = (&frame.location, &location);
                if (start.line(), start.column()) == (first.line(), first.column()) {
                    frame.location = location.clone();
                }
            }
            map.key = Some(match key_text {
                Some(text) if scalar => Some((Key { text: text.into_owned(), location }, merge)),
                _ => {
                    let message = if scalar {
                        "a key cannot be blank"
                    } else {
                        "a key must be a text, not a list or a map"
                    };
                    self.problems.push(Problem::at(location, message));
                    None
                }
            });
            return Ok(());
        };
        let Some((key, merge)) = key else { return Ok(()) };
        if merge {
            let first = map.merged.is_none();
            map.merged.get_or_insert(value.node);
            if !first {
                self.note(&key.location, "duplicate key `<<`");
            }
            return Ok(());
        }
        match map.index.get(&key.text) {
            Some(first) => {
                let line = map.entries.get(*first).map_or(0, |entry| entry.key.location.line());
                let message = format!("duplicate key `{}`, first given on line {line}", key.text);
                self.note(&key.location, message);
            }
            None => {
                map.index.insert(key.text.clone(), map.entries.len());
                map.entries.push(Entry { key, value: value.node });
            }
        }
        Ok(())
    }

    /// Adds what `<<` brings in: a key that the map has itself, or that came earlier, wins.
    fn merge(&mut self, map: MapFrame) -> Map {
        let MapFrame { mut entries, mut index, merged, .. } = map;
        let Some(merged) = merged else { return Map::from_distinct(entries) };
        let place = merged.location().clone();
        let sources = match merged.content() {
            Content::List(items) => items.clone(),
            _ => vec![merged],
        };
        for source in &sources {
            if source.as_map().is_none() {
                self.note(&place, "`<<` takes a map or a list of maps");
            }
            for entry in source.entries() {
                if !index.contains_key(&entry.key.text) {
                    index.insert(entry.key.text.clone(), entries.len());
                    entries.push(entry.clone());
                }
            }
        }
        Map::from_distinct(entries)
    }
}

fn too_many(place: Location) -> Problem {
    Problem::at(place, "the text holds too many values, counting the copies that aliases make")
}

fn too_deep(place: Location) -> Problem {
    Problem::at(place, format!("the text is nested more than {MAX_DEPTH} levels deep"))
}

#[cfg(test)]
mod tests;
