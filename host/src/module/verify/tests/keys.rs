//! Signatures of keys, in both forms.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;

use super::super::Payload;
use super::forge::{Pair, found, key_bundle};
use super::*;

fn public(pair: &Pair) -> PublicKey {
    PublicKey::from_der(&pair.public()).unwrap()
}

fn simple(pair: &Pair, payload: &[u8]) -> Signature {
    Signature::Simple {
        payload: payload.to_vec(),
        signature: BASE64_STANDARD.encode(pair.sign(payload)),
        has_certificate: false,
    }
}

fn payload(manifest: Digest) -> Vec<u8> {
    Payload { manifest, reference: "registry.example.com/team/mysql".to_owned() }
        .to_bytes()
        .unwrap()
}

#[test]
fn an_empty_set_of_signatures_passes_no_policy() {
    let rule = rule(vec![public(&Pair::new())]);
    assert!(matches!(rule.verify(&manifest(), &[]), Err(SignatureError::Unsigned)));
    let nobody = super::rule(Vec::new());
    assert!(matches!(nobody.verify(&manifest(), &[]), Err(SignatureError::Unsigned)));
}

#[test]
fn a_signature_of_a_key_of_the_policy_counts_in_both_forms() {
    let (ours, other) = (Pair::new(), Pair::new());
    let rule = rule(vec![public(&other), public(&ours)]);
    let signer = Signer::Key { fingerprint: public(&ours).fingerprint() };
    for signature in [simple(&ours, &payload(manifest())), found(&key_bundle(&ours, &manifest()))] {
        assert_eq!(rule.verify(&manifest(), &[signature]).unwrap(), std::slice::from_ref(&signer));
    }
    // Among those that do not count, and in the order of the policy.
    let stranger = simple(&Pair::new(), &payload(manifest()));
    let both =
        [stranger, simple(&ours, &payload(manifest())), simple(&other, &payload(manifest()))];
    let found = rule.verify(&manifest(), &both).unwrap();
    assert_eq!(found, [Signer::Key { fingerprint: public(&other).fingerprint() }, signer]);
}

#[test]
fn each_refusal_says_what_is_wrong() {
    let (ours, other) = (Pair::new(), Pair::new());
    let rule = rule(vec![public(&ours)]);
    let elsewhere = Digest::of(b"other");
    let right = payload(manifest());
    let Signature::Simple { signature, .. } = simple(&ours, &right) else { unreachable!() };
    let with = |signature: &str, has_certificate| Signature::Simple {
        payload: right.clone(),
        signature: signature.to_owned(),
        has_certificate,
    };
    for (case, signature, expected) in [
        ("another key", simple(&other, &right), Refusal::OtherKey),
        (
            "other bytes",
            simple(&ours, &payload(elsewhere)),
            Refusal::OtherDigest { signed: elsewhere },
        ),
        ("no signature", with("", false), Refusal::OtherKey),
        (
            "a certificate beside it",
            with(&signature, true),
            Refusal::Unsupported {
                form: "a certificate in the form of cosign before version 3".to_owned(),
            },
        ),
        ("another key in a bundle", found(&key_bundle(&other, &manifest())), Refusal::OtherKey),
        (
            "other bytes in a bundle",
            found(&key_bundle(&ours, &elsewhere)),
            Refusal::OtherDigest { signed: elsewhere },
        ),
    ] {
        assert_eq!(refusal(&rule, &signature), expected, "{case}");
    }
    for malformed in [
        with("!", false),
        simple(&ours, b"{}"),
        Signature::Bundle(b"{}".to_vec()),
        Signature::Bundle(vec![0xff]),
        Signature::Unreadable { reason: "x".to_owned() },
    ] {
        assert!(matches!(refusal(&rule, &malformed), Refusal::Malformed { .. }), "{malformed:?}");
    }
    let nobody = super::rule(Vec::new());
    assert_eq!(refusal(&nobody, &with(&signature, false)), Refusal::NoKeys);
    assert_eq!(refusal(&nobody, &found(&key_bundle(&ours, &manifest()))), Refusal::NoKeys);
    let two = [simple(&other, &right), simple(&other, &right)];
    let refused = rule.verify(&manifest(), &two).unwrap_err();
    assert!(matches!(refused, SignatureError::AllRefused { ref refusals } if refusals.len() == 2));
}

#[test]
fn older_and_newer_forms_of_bundles_are_refused_by_name() {
    let ours = Pair::new();
    let rule = rule(vec![public(&ours)]);
    let mut bundle = key_bundle(&ours, &manifest());
    bundle["mediaType"] = json!("application/vnd.dev.sigstore.bundle+json;version=0.2");
    assert!(matches!(refusal(&rule, &found(&bundle)), Refusal::Unsupported { .. }));
    bundle["mediaType"] = json!("application/vnd.dev.sigstore.bundle.v0.4+json");
    assert!(matches!(refusal(&rule, &found(&bundle)), Refusal::Malformed { .. }));
}

#[test]
fn a_changed_byte_anywhere_in_what_was_signed_or_in_a_signature_is_refused() {
    let ours = Pair::new();
    let rule = rule(vec![public(&ours)]);
    let right = payload(manifest());
    let signed = ours.sign(&right);
    let judge = |payload: &[u8], signature: &[u8]| {
        let signature = BASE64_STANDARD.encode(signature);
        let signature =
            Signature::Simple { payload: payload.to_vec(), signature, has_certificate: false };
        rule.judge(&manifest(), &signature)
    };
    assert!(judge(&right, &signed).is_ok());
    for place in 0..right.len() {
        let mut changed = right.clone();
        changed[place] ^= 1;
        assert_eq!(judge(&changed, &signed), Err(Refusal::OtherKey), "text, byte {place}");
    }
    for place in 0..signed.len() {
        let mut changed = signed.clone();
        changed[place] ^= 1;
        assert_eq!(judge(&right, &changed), Err(Refusal::OtherKey), "signature, byte {place}");
    }
    let der = ours.public();
    for place in 0..der.len() {
        let mut changed = der.clone();
        changed[place] ^= 1;
        let Ok(key) = PublicKey::from_der(&changed) else { continue };
        assert!(!key.has_signed(&right, &signed), "key, byte {place}");
    }
}

#[test]
fn a_changed_byte_of_a_bundle_is_refused_or_changes_nothing_that_is_believed() {
    let ours = Pair::new();
    let rule = rule(vec![public(&ours)]);
    let text = key_bundle(&ours, &manifest()).to_string().into_bytes();
    let signer = Signer::Key { fingerprint: public(&ours).fingerprint() };
    let (mut refused, mut same) = (0, 0);
    for place in 0..text.len() {
        let mut changed = text.clone();
        changed[place] ^= 1;
        match rule.verify(&manifest(), &[Signature::Bundle(changed)]) {
            Err(_) => refused += 1,
            Ok(signers) => {
                // Such as the hint at a key, and the name of a member that nobody reads.
                assert_eq!(signers, std::slice::from_ref(&signer));
                same += 1;
            }
        }
    }
    assert!(refused > 20 * same, "{refused} refused, {same} not");
}
