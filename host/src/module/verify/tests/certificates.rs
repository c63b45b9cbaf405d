//! Signatures of certificates: each proof that is missing or wrong has its own refusal.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::forge::{Forge, ISSUER, SUBJECT, Wishes, found};
use super::*;

fn keyless(forge: &Forge, subject: &str) -> Rule {
    let subject = Subject::Exact(subject.to_owned());
    let identities = vec![Identity { issuer: ISSUER.to_owned(), subject }];
    let root = TrustRoot::from_json(&forge.root().to_string()).unwrap();
    Rule { identities, trust_root: Some(root), ..rule(Vec::new()) }
}

#[test]
fn a_certificate_of_somebody_whom_the_policy_names_counts() {
    let forge = Forge::new();
    for subject in [SUBJECT, "ada@example.com"] {
        let bundle = forge.bundle(&manifest(), &Wishes { subject, ..Wishes::default() });
        let signers = keyless(&forge, subject).verify(&manifest(), &[found(&bundle)]).unwrap();
        let (issuer, subject) = (ISSUER.to_owned(), subject.to_owned());
        assert_eq!(signers, [Signer::Identity { issuer, subject }]);
    }
    let mut rule = keyless(&forge, "https://github.com/acme-evil");
    let bundle = found(&forge.bundle(&manifest(), &Wishes::default()));
    let (issuer, subject) = (ISSUER.to_owned(), SUBJECT.to_owned());
    assert_eq!(refusal(&rule, &bundle), Refusal::OtherIdentity { issuer, subject });
    rule.identities[0].subject = Subject::Prefix("https://github.com/acme".to_owned());
    assert!(rule.verify(&manifest(), std::slice::from_ref(&bundle)).is_ok());
    rule.identities[0].issuer = "https://another.example.com".to_owned();
    assert!(matches!(refusal(&rule, &bundle), Refusal::OtherIdentity { .. }));
    rule.identities.clear();
    assert_eq!(refusal(&rule, &bundle), Refusal::NoIdentities);
}

#[test]
fn each_missing_proof_has_its_own_refusal() {
    let forge = Forge::new();
    let rule = keyless(&forge, SUBJECT);
    let refused = |wishes: Wishes| refusal(&rule, &found(&forge.bundle(&manifest(), &wishes)));
    let good = Wishes::default();
    let no_proof = refused(Wishes { with_proof: false, ..good.clone() });
    assert!(matches!(no_proof, Refusal::Log { .. }), "{no_proof:?}");
    let no_time = refused(Wishes { with_promise: false, ..good.clone() });
    assert!(matches!(no_time, Refusal::Time { .. }), "{no_time:?}");
    for late in [-301, 301] {
        let expired = refused(Wishes { late, ..good.clone() });
        assert!(matches!(expired, Refusal::Expired { .. }), "{expired:?}");
    }
    let unseen = refused(Wishes { with_certificate_log: false, ..good.clone() });
    assert!(matches!(unseen, Refusal::CertificateLog { .. }), "{unseen:?}");
    let server = refused(Wishes { for_code: false, ..good.clone() });
    assert!(matches!(server, Refusal::Certificate { .. }), "{server:?}");
    let predicate = "https://slsa.dev/provenance/v1";
    let statement = refused(Wishes { predicate, ..good });
    assert_eq!(statement, Refusal::OtherStatement { predicate: predicate.to_owned() });
    let other = Digest::of(b"other");
    let elsewhere = found(&forge.bundle(&other, &Wishes::default()));
    assert_eq!(refusal(&rule, &elsewhere), Refusal::OtherDigest { signed: other });
}

#[test]
fn what_another_sigstore_vouches_for_counts_for_nothing() {
    let (ours, other) = (Forge::new(), Forge::new());
    let bundle = found(&other.bundle(&manifest(), &Wishes::default()));
    assert!(matches!(
        refusal(&keyless(&ours, SUBJECT), &bundle),
        Refusal::Time { .. } | Refusal::Log { .. } | Refusal::Certificate { .. }
    ));
    // One part of another one is enough.
    for part in ["tlogs", "ctlogs", "certificateAuthorities"] {
        let mut root = ours.root();
        root[part] = other.root()[part].clone();
        let root = TrustRoot::from_json(&root.to_string()).unwrap();
        let rule = Rule { trust_root: Some(root), ..keyless(&ours, SUBJECT) };
        let bundle = found(&ours.bundle(&manifest(), &Wishes::default()));
        assert!(rule.verify(&manifest(), &[bundle]).is_err(), "{part}");
    }
}

#[test]
fn a_trust_root_without_which_nothing_can_be_believed_is_refused() {
    let forge = Forge::new();
    for part in ["tlogs", "ctlogs", "certificateAuthorities"] {
        let mut root = forge.root();
        root[part] = json!([]);
        assert!(TrustRoot::from_json(&root.to_string()).is_err(), "{part}");
    }
    for text in ["", "{}", "[]", "{\"mediaType\": 1}"] {
        assert!(TrustRoot::from_json(text).is_err(), "{text}");
    }
}

/// The parts of a bundle that are encoded, each of which is trusted.
const PARTS: [&str; 7] = [
    "/dsseEnvelope/payload",
    "/dsseEnvelope/signatures/0/sig",
    "/verificationMaterial/certificate/rawBytes",
    "/verificationMaterial/tlogEntries/0/canonicalizedBody",
    "/verificationMaterial/tlogEntries/0/inclusionPromise/signedEntryTimestamp",
    "/verificationMaterial/tlogEntries/0/inclusionProof/rootHash",
    "/verificationMaterial/tlogEntries/0/logId/keyId",
];

#[test]
fn a_changed_byte_of_any_part_is_refused() {
    let forge = Forge::new();
    let rule = keyless(&forge, SUBJECT);
    let bundle = forge.bundle(&manifest(), &Wishes::default());
    assert!(rule.verify(&manifest(), &[found(&bundle)]).is_ok());
    for part in PARTS {
        let text = bundle.pointer(part).and_then(Value::as_str).unwrap();
        let bytes = BASE64_STANDARD.decode(text).unwrap();
        for place in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[place] ^= 1;
            let mut bundle = bundle.clone();
            *bundle.pointer_mut(part).unwrap() = json!(BASE64_STANDARD.encode(changed));
            let verified = rule.verify(&manifest(), &[found(&bundle)]);
            assert!(verified.is_err(), "{part}, byte {place}");
        }
    }
    let checkpoint = "/verificationMaterial/tlogEntries/0/inclusionProof/checkpoint/envelope";
    let text = bundle.pointer(checkpoint).and_then(Value::as_str).unwrap().to_owned();
    // The name behind the dash is for people; what counts is the hint at the key behind it.
    let name = text.find('\u{2014}').unwrap()..text.rfind(' ').unwrap();
    for (place, _) in text.char_indices().filter(|(place, _)| !name.contains(place)) {
        let mut changed = text.clone().into_bytes();
        changed[place] ^= 1;
        let Ok(changed) = String::from_utf8(changed) else { continue };
        if changed.trim_end() == text.trim_end() {
            continue;
        }
        let mut bundle = bundle.clone();
        *bundle.pointer_mut(checkpoint).unwrap() = json!(changed);
        let verified = rule.verify(&manifest(), &[found(&bundle)]);
        assert!(verified.is_err(), "checkpoint, byte {place}");
    }
    for (part, value) in [
        ("/verificationMaterial/tlogEntries/0/integratedTime", json!("1760000001")),
        ("/verificationMaterial/tlogEntries/0/logIndex", json!("1")),
        ("/verificationMaterial/tlogEntries/0/inclusionProof/logIndex", json!("1")),
        ("/verificationMaterial/tlogEntries/0/inclusionProof/treeSize", json!("2")),
        ("/dsseEnvelope/payloadType", json!("text/plain")),
        ("/verificationMaterial/tlogEntries", json!([])),
    ] {
        let mut bundle = bundle.clone();
        *bundle.pointer_mut(part).unwrap() = value;
        assert!(rule.verify(&manifest(), &[found(&bundle)]).is_err(), "{part}");
    }
}
