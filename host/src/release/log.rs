//! The lines of a journal.
//!
//! A line is `<checksum> <number> <JSON>`. A crash leaves at most a part of the last line, without its
//! line break, and that part is ignored: the step it stands for had not been promised to anybody.
//! Anything else that is not as it was written is damage, and damage is never guessed over.

use serde::{Deserialize, Serialize};

use crate::release::Intent;
use crate::spec::{ResourceId, StateEntry};

/// The characters of a checksum: 64 bits tell damage from a line.
const CHECKSUM: usize = 16;
/// The version of the events that this library writes, and the newest it reads. The first line says it;
/// the shape of a line itself is the same in every version.
const FORMAT_VERSION: u64 = 1;

/// Says why a journal cannot be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// A line is not as it was written; lines are counted from 1.
    Damaged { line: usize },
    /// A newer kusion wrote it.
    Newer { version: u64 },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Version {
    #[serde(default = "first_version")]
    format_version: u64,
}

/// The version of journals that do not say any.
fn first_version() -> u64 {
    1
}

impl Event {
    /// Returns the first event of a journal.
    pub(super) fn begun(revision: u64, generation: u64, intents: Vec<Intent>) -> Self {
        Self::Begun { format_version: FORMAT_VERSION, revision, generation, intents }
    }
}

/// One step of a release.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "camelCase")]
pub(super) enum Event {
    /// The plan, before anything is changed.
    Begun {
        /// The version of the events.
        #[serde(rename = "formatVersion", default = "first_version")]
        format_version: u64,
        /// The release.
        revision: u64,
        /// The lease under which it runs.
        generation: u64,
        /// All changes.
        intents: Vec<Intent>,
    },
    /// A change is about to be made.
    Started {
        /// The resource.
        id: ResourceId,
    },
    /// The resource is as it shall be.
    Applied {
        /// The resource as applied.
        entry: Box<StateEntry>,
    },
    /// The resource is gone.
    Deleted {
        /// The resource.
        id: ResourceId,
    },
    /// The change was not made, or not to its end.
    Failed {
        /// The resource.
        id: ResourceId,
        /// Why.
        message: String,
    },
}

/// Returns the line of an event, without a line break.
pub(super) fn encode(number: usize, event: &Event) -> Result<Vec<u8>, serde_json::Error> {
    let content = format!("{number} {}", serde_json::to_string(event)?);
    Ok(format!("{} {content}", checksum(content.as_bytes())).into_bytes())
}

/// Reads a journal.
pub(super) fn decode(bytes: &[u8]) -> Result<Vec<Event>, Unreadable> {
    let mut events = Vec::new();
    for (number, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let (content, complete) =
            line.strip_suffix(b"\n").map_or((line, false), |line| (line, true));
        let json = checked(number, content);
        if number == 0
            && let Some(Version { format_version: version }) =
                json.and_then(|json| serde_json::from_slice(json).ok())
            && version > FORMAT_VERSION
        {
            return Err(Unreadable::Newer { version });
        }
        match json.and_then(|json| serde_json::from_slice(json).ok()) {
            Some(event) => events.push(event),
            None if complete => return Err(Unreadable::Damaged { line: number + 1 }),
            None => break,
        }
    }
    Ok(events)
}

/// Returns the JSON of a line that is as it was written.
fn checked(number: usize, line: &[u8]) -> Option<&[u8]> {
    let (sum, content) = line.split_at_checked(CHECKSUM)?;
    let content = content.strip_prefix(b" ")?;
    if checksum(content).as_bytes() != sum {
        return None;
    }
    content.strip_prefix(number.to_string().as_bytes())?.strip_prefix(b" ")
}

fn checksum(content: &[u8]) -> String {
    let mut hex = blake3::hash(content).to_hex().to_string();
    hex.truncate(CHECKSUM);
    hex
}

#[cfg(test)]
mod tests {
    use super::*;

    fn journal(count: usize) -> Vec<Vec<u8>> {
        (0..count)
            .map(|number| {
                let id = ResourceId::parse(format!("v1:ConfigMap:shop:c{number}")).unwrap();
                let mut line = encode(number, &Event::Started { id }).unwrap();
                line.push(b'\n');
                line
            })
            .collect()
    }

    #[test]
    fn a_journal_cut_anywhere_gives_the_lines_before_the_cut() {
        let lines = journal(3);
        let bytes = lines.concat();
        for cut in 0..=bytes.len() {
            let whole = lines.iter().scan(0, |end, line| {
                *end += line.len();
                // A line that lacks nothing but its line break is whole.
                Some(*end - 1 <= cut)
            });
            let expected = whole.filter(|whole| *whole).count();
            assert_eq!(
                decode(&bytes[..cut]).map(|events| events.len()),
                Ok(expected),
                "cut at {cut}"
            );
        }
    }

    #[test]
    fn a_changed_byte_is_damage_wherever_it_is() {
        let bytes = journal(3).concat();
        for place in 0..bytes.len() {
            let mut bytes = bytes.clone();
            bytes[place] ^= 1;
            let result = decode(&bytes).map(|events| events.len());
            // The last line break is the only byte that a line can do without.
            let expected =
                if place + 1 == bytes.len() { matches!(result, Ok(2)) } else { result.is_err() };
            assert!(expected, "{result:?} at {place}");
        }
    }

    #[test]
    fn a_missing_a_repeated_or_a_swapped_line_is_damage() {
        let lines = journal(4);
        for order in [vec![0, 2, 3], vec![0, 1, 1, 2, 3], vec![0, 2, 1, 3], vec![1, 2, 3]] {
            let bytes: Vec<u8> = order.iter().flat_map(|line| lines[*line].clone()).collect();
            assert!(decode(&bytes).is_err(), "{order:?}");
        }
    }

    #[test]
    fn a_journal_of_a_newer_kusion_is_told_from_damage() {
        let begun = encode(0, &Event::begun(1, 1, Vec::new())).unwrap();
        let content = String::from_utf8(begun[CHECKSUM + 1..].to_vec()).unwrap();
        let line = |content: &str| format!("{} {content}\n", checksum(content.as_bytes()));
        let newer = content.replace("\"formatVersion\":1", "\"formatVersion\":2,\"new\":0");
        assert_ne!(newer, content);
        assert_eq!(decode(line(&newer).as_bytes()), Err(Unreadable::Newer { version: 2 }));
        let unknown = line("0 {\"event\":\"prelude\",\"formatVersion\":7}");
        assert_eq!(decode(unknown.as_bytes()), Err(Unreadable::Newer { version: 7 }));
        let old = line(&content.replace("\"formatVersion\":1,", ""));
        assert_eq!(decode(old.as_bytes()), Ok(vec![Event::begun(1, 1, Vec::new())]));
    }
}
