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

/// One step of a release.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "camelCase")]
pub(super) enum Event {
    /// The plan, before anything is changed.
    Begun {
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
///
/// # Errors
///
/// The number of the first damaged line, counted from 1.
pub(super) fn decode(bytes: &[u8]) -> Result<Vec<Event>, usize> {
    let mut events = Vec::new();
    for (number, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let (content, complete) =
            line.strip_suffix(b"\n").map_or((line, false), |line| (line, true));
        match decode_line(number, content) {
            Some(event) => events.push(event),
            None if complete => return Err(number + 1),
            None => break,
        }
    }
    Ok(events)
}

fn decode_line(number: usize, line: &[u8]) -> Option<Event> {
    let (sum, content) = line.split_at_checked(CHECKSUM)?;
    let content = content.strip_prefix(b" ")?;
    if checksum(content).as_bytes() != sum {
        return None;
    }
    let json = content.strip_prefix(number.to_string().as_bytes())?.strip_prefix(b" ")?;
    serde_json::from_slice(json).ok()
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
}
