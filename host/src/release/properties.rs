//! What holds for any journal: its events come back as they were, damage is told, and folding goes on.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use serde_json::{Value, json};

use crate::release::fold::Fold;
use crate::release::log::{self, Event};
use crate::release::{Change, Intent, Release, StackKey};
use crate::spec::{Resource, ResourceId, StateEntry};

fn id() -> impl Strategy<Value = ResourceId> {
    "[a-e]".prop_map(|id| ResourceId::parse(id).unwrap())
}

fn entry() -> impl Strategy<Value = Box<StateEntry>> {
    (id(), any::<i64>(), any::<bool>(), any::<bool>()).prop_map(
        |(id, number, adopted, uncertain)| {
            Box::new(StateEntry {
                resource: Resource {
                    id,
                    kind: "x".to_owned(),
                    attributes: json!({ "n": number }),
                    depends_on: std::collections::BTreeSet::new(),
                    extensions: serde_json::Map::new(),
                },
                origin: None,
                adopted,
                uncertain,
                private: Value::Null,
            })
        },
    )
}

fn event() -> impl Strategy<Value = Event> {
    let change = prop_oneof![
        Just(Change::Create),
        Just(Change::Update),
        Just(Change::Replace),
        Just(Change::Delete)
    ];
    let intent = (id(), change, any::<bool>()).prop_map(|(id, change, adopted)| Intent {
        id,
        change,
        adopted,
    });
    prop_oneof![
        (any::<u64>(), any::<u64>(), vec(intent, 0..5)).prop_map(
            |(revision, generation, intents)| Event::begun(revision, generation, intents)
        ),
        id().prop_map(|id| Event::Started { id }),
        entry().prop_map(|entry| Event::Applied { entry }),
        id().prop_map(|id| Event::Deleted { id }),
        (id(), any::<String>()).prop_map(|(id, message)| Event::Failed { id, message }),
    ]
}

fn journal(events: &[Event]) -> Vec<Vec<u8>> {
    let line = |(number, event)| [log::encode(number, event).unwrap(), b"\n".to_vec()].concat();
    events.iter().enumerate().map(line).collect()
}

fn release() -> Release {
    let stack: StackKey =
        serde_json::from_value(json!({"project": "shop", "workspace": "dev", "stack": "dev"}))
            .unwrap();
    let text = "formatVersion: 1\nproject: shop\nworkspace: dev\nstack: dev\nrevision: 1\noperation: apply\nphase: applying\ncreateTime: 2026-01-02T03:04:05Z\nmodifiedTime: 2026-01-02T03:04:05Z\nactor: ada@here\nkusionVersion: 0.1.0\ntarget: x\nspec: {resources: [{id: a, type: x, attributes: {}}]}\nstate: {resources: [{id: b, type: x, attributes: {}}]}\n";
    Release::decode(&stack, 1, text.as_bytes()).unwrap()
}

/// The same cases every time; `PROPTEST_CASES` asks for more.
fn config() -> ProptestConfig {
    ProptestConfig {
        rng_seed: RngSeed::Fixed(1),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn events_come_back_as_they_were_written(events in vec(event(), 0..20)) {
        prop_assert_eq!(log::decode(&journal(&events).concat()).ok(), Some(events));
    }

    #[test]
    fn a_damaged_journal_gives_a_beginning_of_what_was_written_or_an_error(
        events in vec(event(), 1..8),
        cut in any::<prop::sample::Index>(),
        flips in vec((any::<prop::sample::Index>(), 1..=255_u8), 0..3),
    ) {
        let mut bytes = journal(&events).concat();
        for (place, bits) in flips {
            let place = place.index(bytes.len());
            bytes[place] ^= bits;
        }
        bytes.truncate(cut.index(bytes.len() + 1));
        if let Ok(read) = log::decode(&bytes) {
            prop_assert_eq!(&events[..read.len()], &read[..]);
        }
    }

    #[test]
    fn moved_lines_are_never_taken_for_a_journal(
        events in vec(event(), 2..8),
        from in any::<prop::sample::Index>(),
        to in any::<prop::sample::Index>(),
    ) {
        let lines = journal(&events);
        let (from, to) = (from.index(lines.len()), to.index(lines.len()));
        prop_assume!(from != to);
        let mut moved = lines.clone();
        let line = moved.remove(from);
        moved.insert(to, line);
        prop_assert!(log::decode(&moved.concat()).is_err());
    }

    #[test]
    fn any_events_fold_and_the_state_does_not_depend_on_asking_twice(
        events in vec(event(), 0..20),
    ) {
        let release = release();
        let mut fold = Fold::new(&release);
        let mut last: BTreeMap<ResourceId, bool> = BTreeMap::new();
        for event in events {
            match &event {
                Event::Applied { entry } => drop(last.insert(entry.resource.id.clone(), true)),
                Event::Deleted { id } => drop(last.insert(id.clone(), false)),
                Event::Started { id } | Event::Failed { id, .. } => drop(last.remove(id)),
                Event::Begun { .. } => {}
            }
            fold.add(event);
        }
        let state = fold.state(&release);
        prop_assert_eq!(&state, &fold.state(&release));
        for (id, exists) in last {
            prop_assert_eq!(state.resources.contains_key(&id), exists, "{}", id);
        }
        prop_assert_eq!(state.resources.iter().all(|(id, entry)| *id == entry.resource.id), true);
    }

    #[test]
    fn a_damaged_record_is_read_or_refused(
        flips in vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        cut in any::<prop::sample::Index>(),
    ) {
        let release = release();
        let (stack, key) = (release.stack_key(), release.stack_key().record(1));
        let mut bytes = release.encode(&key).unwrap();
        prop_assert_eq!(&Release::decode(&stack, 1, &bytes).unwrap(), &release);
        for (place, byte) in flips {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        bytes.truncate(bytes.len() - cut.index(bytes.len()) / 8);
        if let Ok(read) = Release::decode(&stack, 1, &bytes) {
            prop_assert_eq!(read.revision, 1);
            let again = Release::decode(&stack, 1, &read.encode(&key).unwrap()).unwrap();
            prop_assert_eq!(again, read);
        }
    }
}
