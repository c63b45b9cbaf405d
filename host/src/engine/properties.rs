//! What holds for whatever a module answers: it is decoded to something sound, or refused with a reason.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use serde_json::Value;

use crate::engine::bindings::{self, wit};
use crate::spec::Patch;
use crate::yaml;

/// Words and documents that are nearly right, and anything at all.
fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-z]{1,3}",
        1 => Just("v1:ConfigMap:shop:a".to_owned()),
        1 => Just(String::new()),
        1 => any::<String>(),
    ]
}

fn document() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (-20..20_i32).prop_map(|power| Value::from(10_f64.powi(power))),
        word().prop_map(Value::from),
    ];
    let value = leaf.prop_recursive(6, 64, 5, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::from),
            vec((word(), inner), 0..5)
                .prop_map(|members| members.into_iter().collect::<serde_json::Map<_, _>>().into()),
        ]
    });
    let object = value.clone().prop_map(|value| serde_json::json!({ "a": value }));
    prop_oneof![
        8 => object.prop_map(|value| value.to_string()),
        4 => value.prop_map(|value| value.to_string()),
        1 => (0..400_usize).prop_map(|depth| "[".repeat(depth) + &"]".repeat(depth)),
        1 => any::<String>(),
    ]
}

fn pairs() -> impl Strategy<Value = Vec<(String, String)>> {
    vec((word(), word()), 0..3)
}

fn resource() -> impl Strategy<Value = wit::Resource> {
    let parts = (word(), word(), document(), vec(word(), 0..3), document());
    parts.prop_map(|(id, type_, attributes, depends_on, extensions)| wit::Resource {
        id,
        type_,
        attributes,
        depends_on,
        extensions,
    })
}

fn patch() -> impl Strategy<Value = wit::Patch> {
    let target =
        || (word(), document()).prop_map(|(id, document)| wit::ResourcePatch { id, document });
    prop_oneof![
        document().prop_map(wit::Patch::Env),
        pairs().prop_map(wit::Patch::Labels),
        pairs().prop_map(wit::Patch::Annotations),
        pairs().prop_map(wit::Patch::PodLabels),
        pairs().prop_map(wit::Patch::PodAnnotations),
        target().prop_map(wit::Patch::JsonPatch),
        target().prop_map(wit::Patch::MergePatch),
        (word(), document())
            .prop_map(|(kind, document)| wit::Patch::Other(wit::OtherPatch { kind, document })),
    ]
}

fn secret() -> impl Strategy<Value = wit::Secret> {
    let source = prop_oneof![
        (any::<u32>(), word()).prop_map(|(length, alphabet)| wit::SecretSource::Generated(
            wit::GeneratedSecret { length, alphabet }
        )),
        word().prop_map(wit::SecretSource::External),
        (word(), document()).prop_map(|(kind, document)| wit::SecretSource::Other(
            wit::OtherSecret { kind, document }
        )),
    ];
    (word(), source).prop_map(|(name, source)| wit::Secret { name, source })
}

fn output() -> impl Strategy<Value = wit::Output> {
    let need = (word(), document()).prop_map(|(kind, document)| wit::Need { kind, document });
    let parts = (
        vec(resource(), 0..3),
        vec(patch(), 0..3),
        vec(secret(), 0..3),
        vec(need, 0..3),
        document(),
    );
    parts.prop_map(|(resources, patches, secrets, needs, extensions)| wit::Output {
        resources,
        patches,
        secrets,
        needs,
        extensions,
    })
}

fn description() -> impl Strategy<Value = wit::Description> {
    let texts = [word(), word(), word(), word()];
    let parts = (texts, vec(word(), 0..3), document(), document(), vec(word(), 0..3), document());
    parts.prop_map(|(texts, context_keys, developer, platform, resource_types, extensions)| {
        let [name, version, kind, summary] = texts;
        wit::Description {
            name,
            version,
            kind,
            summary,
            context_keys,
            developer_schema: developer,
            platform_schema: platform,
            resource_types,
            extensions,
        }
    })
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
    fn an_answer_is_decoded_to_canonical_values_or_refused(raw in output()) {
        let again = bindings::output(raw.clone());
        let decoded = bindings::output(raw);
        prop_assert_eq!(&decoded, &again);
        let Ok(decoded) = decoded else { return Ok(()) };
        for resource in &decoded.resources {
            prop_assert!(resource.attributes.is_object());
            prop_assert_eq!(&yaml::canonical(resource.attributes.clone()), &resource.attributes);
        }
        for patch in &decoded.patches {
            if let Patch::Json { document, .. } | Patch::Merge { document, .. } = patch {
                prop_assert_eq!(&yaml::canonical(document.clone()), document);
            }
        }
    }

    #[test]
    fn a_description_is_decoded_or_refused(raw in description()) {
        if let Ok(description) = bindings::description(raw) {
            prop_assert!(!description.name.is_empty() && !description.kind.is_empty());
        }
    }

    #[test]
    fn a_rejection_is_never_empty(places in vec((word(), word()), 0..4), text in any::<String>()) {
        let places = places.into_iter().map(|(pointer, message)| wit::Problem { pointer, message });
        let places: Vec<_> = places.collect();
        prop_assert_eq!(bindings::rejection(wit::Rejection::Invalid(places.clone())).is_ok(), !places.is_empty());
        prop_assert!(bindings::rejection(wit::Rejection::Failed(text)).is_ok());
    }
}
