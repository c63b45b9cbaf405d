//! What a Sigstore bundle of cosign says: an in-toto statement about digests.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Refusal;
use crate::digest::Digest;

/// The type of the payload of an envelope that holds a statement.
const PAYLOAD: &str = "application/vnd.in-toto+json";
const STATEMENT: &str = "https://in-toto.io/Statement/v1";
/// The statement that somebody stands for an artifact. Others, such as the result of a scan, say other things about it.
pub(super) const SIGNED: &str = "https://sigstore.dev/cosign/sign/v1";
/// The most characters of a text of unknown origin that are shown.
const MAX_SHOWN: usize = 200;

#[derive(Deserialize)]
struct Statement {
    #[serde(rename = "_type")]
    kind: String,
    #[serde(rename = "predicateType")]
    predicate_type: String,
    subject: Vec<Subject>,
}

#[derive(Deserialize)]
struct Subject {
    digest: BTreeMap<String, String>,
}

/// Checks that a payload says that somebody stands for a manifest.
///
/// # Errors
///
/// It says something else, or says it of something else.
pub(super) fn check(payload_type: &str, payload: &[u8], manifest: &Digest) -> Result<(), Refusal> {
    let malformed = |reason: String| Refusal::Malformed { what: "statement", reason };
    if payload_type != PAYLOAD {
        return Err(Refusal::OtherStatement { predicate: shown(payload_type) });
    }
    let statement: Statement =
        serde_json::from_slice(payload).map_err(|error| malformed(error.to_string()))?;
    if statement.kind != STATEMENT {
        return Err(malformed(format!("its `_type` is not `{STATEMENT}`")));
    }
    if statement.predicate_type != SIGNED {
        return Err(Refusal::OtherStatement { predicate: shown(&statement.predicate_type) });
    }
    let digests: Vec<&String> =
        statement.subject.iter().filter_map(|subject| subject.digest.get("sha256")).collect();
    let hex = manifest.hex();
    if digests.iter().any(|digest| **digest == hex) {
        return Ok(());
    }
    let signed = digests.first().and_then(|digest| format!("sha256:{digest}").parse().ok());
    Err(match signed {
        Some(signed) => Refusal::OtherDigest { signed },
        None => malformed("it names no digest".to_owned()),
    })
}

fn shown(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).take(MAX_SHOWN).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn statement() -> Value {
        let digest = Digest::of(b"manifest").hex();
        json!({ "_type": STATEMENT, "predicateType": SIGNED, "subject": [{ "digest": { "sha256": digest } }] })
    }

    fn checked(statement: &Value) -> Result<(), Refusal> {
        check(PAYLOAD, statement.to_string().as_bytes(), &Digest::of(b"manifest"))
    }

    #[test]
    fn a_statement_is_about_the_manifest_and_says_that_somebody_stands_for_it() {
        assert_eq!(checked(&statement()), Ok(()));
        let other = Digest::of(b"other");
        let mut elsewhere = statement();
        elsewhere["subject"][0]["digest"]["sha256"] = json!(other.hex());
        assert_eq!(checked(&elsewhere), Err(Refusal::OtherDigest { signed: other }));
        let mut scan = statement();
        scan["predicateType"] = json!("https://cosign.sigstore.dev/attestation/vuln/v1");
        let predicate = "https://cosign.sigstore.dev/attestation/vuln/v1".to_owned();
        assert_eq!(checked(&scan), Err(Refusal::OtherStatement { predicate }));
        let text = statement().to_string();
        let refused = check("text/plain", text.as_bytes(), &Digest::of(b"manifest"));
        assert_eq!(refused, Err(Refusal::OtherStatement { predicate: "text/plain".to_owned() }));
        for (pointer, value) in [
            ("/subject", json!([])),
            ("/subject/0/digest", json!({ "sha512": "00" })),
            ("/subject/0/digest/sha256", json!("zz")),
            ("/_type", json!("https://in-toto.io/Statement/v0")),
        ] {
            let mut wrong = statement();
            *wrong.pointer_mut(pointer).unwrap() = value;
            let refused = checked(&wrong);
            assert!(matches!(refused, Err(Refusal::Malformed { .. })), "{pointer} {refused:?}");
        }
    }
}
