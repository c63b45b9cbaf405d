//! A Sigstore of our own for tests: an authority, a log of certificates, a transparency log, and signers.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::super::{Signature, statement};
use super::der::{bits, extension, name, octets, oid, sequence, time, tlv};
use crate::digest::Digest;

/// When things are signed, in seconds since 1970.
pub(super) const NOW: i64 = 1_760_000_000;
/// How long before and after that a certificate is good.
const SPAN: i64 = 300;
pub(super) const ISSUER: &str = "https://token.actions.example.com";
pub(super) const SUBJECT: &str =
    "https://github.com/acme/modules/.github/workflows/release.yaml@refs/heads/main";

/// A pair of keys.
pub(super) struct Pair(EcdsaKeyPair);

impl Pair {
    pub(super) fn new() -> Self {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_ASN1_SIGNING;
        let der = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        Self(EcdsaKeyPair::from_pkcs8(algorithm, der.as_ref(), &random).unwrap())
    }

    pub(super) fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.0.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec()
    }

    /// Returns the public half in DER form.
    pub(super) fn public(&self) -> Vec<u8> {
        let algorithm =
            sequence(&[oid(&[1, 2, 840, 10045, 2, 1]), oid(&[1, 2, 840, 10045, 3, 1, 7])]);
        sequence(&[algorithm, bits(self.0.public_key().as_ref())])
    }

    fn id(&self) -> [u8; 32] {
        Sha256::digest(self.public()).into()
    }
}

/// What may be wrong with a bundle, all of it right by default.
#[derive(Clone)]
pub(super) struct Wishes {
    pub(super) subject: &'static str,
    pub(super) predicate: &'static str,
    /// How much later than the certificate's time the log has seen it, in seconds.
    pub(super) late: i64,
    pub(super) with_promise: bool,
    pub(super) with_proof: bool,
    pub(super) with_certificate_log: bool,
    pub(super) for_code: bool,
}

impl Default for Wishes {
    fn default() -> Self {
        Self {
            subject: SUBJECT,
            predicate: statement::SIGNED,
            late: 0,
            with_promise: true,
            with_proof: true,
            with_certificate_log: true,
            for_code: true,
        }
    }
}

/// A Sigstore.
pub(super) struct Forge {
    authority: Pair,
    certificates: Pair,
    log: Pair,
}

impl Forge {
    pub(super) fn new() -> Self {
        Self { authority: Pair::new(), certificates: Pair::new(), log: Pair::new() }
    }

    /// Returns its trust root, as `trusted_root.json` has it.
    pub(super) fn root(&self) -> Value {
        let valid = json!({ "start": "2020-01-01T00:00:00Z" });
        let log = |pair: &Pair| {
            json!({
                "baseUrl": "https://log.example.com",
                "hashAlgorithm": "SHA2_256",
                "publicKey": {
                    "rawBytes": BASE64_STANDARD.encode(pair.public()),
                    "keyDetails": "PKIX_ECDSA_P256_SHA_256",
                    "validFor": valid,
                },
                "logId": { "keyId": BASE64_STANDARD.encode(pair.id()) },
            })
        };
        json!({
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [log(&self.log)],
            "ctlogs": [log(&self.certificates)],
            "certificateAuthorities": [{
                "subject": { "organization": "example", "commonName": "authority" },
                "uri": "https://fulcio.example.com",
                "certChain": { "certificates": [{ "rawBytes": BASE64_STANDARD.encode(self.authority_certificate()) }] },
                "validFor": valid,
            }],
            "timestampAuthorities": [],
        })
    }

    /// Makes a bundle in which somebody stands for a manifest.
    pub(super) fn bundle(&self, manifest: &Digest, wishes: &Wishes) -> Value {
        let signer = Pair::new();
        let certificate = self.certificate(&signer, wishes);
        let payload = json!({
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{ "digest": { "sha256": manifest.hex() } }],
            "predicateType": wishes.predicate,
            "predicate": {},
        })
        .to_string();
        let signature = signer.sign(&pae(payload.as_bytes()));
        let mut bundle = envelope(payload.as_bytes(), &signature);
        bundle["verificationMaterial"] = json!({
            "certificate": { "rawBytes": BASE64_STANDARD.encode(&certificate) },
            "tlogEntries": [self.entry(payload.as_bytes(), &signature, &certificate, wishes)],
        });
        bundle
    }

    fn entry(
        &self,
        payload: &[u8],
        signature: &[u8],
        certificate: &[u8],
        wishes: &Wishes,
    ) -> Value {
        let lines = pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF);
        let verifier = pem::encode_config(&pem::Pem::new("CERTIFICATE", certificate), lines);
        let hash =
            |bytes: &[u8]| json!({ "algorithm": "sha256", "value": Digest::of(bytes).hex() });
        let body = json!({
            "apiVersion": "0.0.1", "kind": "dsse",
            "spec": {
                "envelopeHash": hash(b"envelope"),
                "payloadHash": hash(payload),
                "signatures": [{
                    "signature": BASE64_STANDARD.encode(signature),
                    "verifier": BASE64_STANDARD.encode(verifier),
                }],
            },
        })
        .to_string();
        let moment = NOW + wishes.late;
        let body64 = BASE64_STANDARD.encode(&body);
        let hex: String = self.log.id().iter().map(|byte| format!("{byte:02x}")).collect();
        let promised =
            json!({ "body": body64, "integratedTime": moment, "logID": hex, "logIndex": 0 });
        // With one entry, the hash of the entry is the root of the tree.
        let root = Sha256::digest([&[0], body.as_bytes()].concat());
        let note = format!("log.example.com\n1\n{}\n", BASE64_STANDARD.encode(root));
        let signed = [&self.log.id()[..4], &self.log.sign(note.as_bytes())].concat();
        let checkpoint =
            format!("{note}\n\u{2014} log.example.com {}\n", BASE64_STANDARD.encode(signed));
        let mut entry = json!({
            "logIndex": "0",
            "logId": { "keyId": BASE64_STANDARD.encode(self.log.id()) },
            "kindVersion": { "kind": "dsse", "version": "0.0.1" },
            "integratedTime": moment.to_string(),
            "canonicalizedBody": body64,
        });
        if wishes.with_promise {
            let promise = BASE64_STANDARD.encode(self.log.sign(promised.to_string().as_bytes()));
            entry["inclusionPromise"] = json!({ "signedEntryTimestamp": promise });
        }
        if wishes.with_proof {
            entry["inclusionProof"] = json!({
                "logIndex": "0", "treeSize": "1", "hashes": [],
                "rootHash": BASE64_STANDARD.encode(root),
                "checkpoint": { "envelope": checkpoint },
            });
        }
        entry
    }

    fn authority_certificate(&self) -> Vec<u8> {
        let extensions = [
            extension(&[2, 5, 29, 19], true, &sequence(&[tlv(0x01, &[0xff])])),
            extension(&[2, 5, 29, 15], true, &tlv(0x03, &[1, 0x06])),
        ];
        let names = (name("authority"), name("authority"));
        let validity = (NOW - 86_400, NOW + 86_400);
        signed(&self.authority, &unsigned(names, validity, &self.authority.public(), &extensions))
    }

    fn certificate(&self, signer: &Pair, wishes: &Wishes) -> Vec<u8> {
        let purpose: &[u32] = if wishes.for_code {
            &[1, 3, 6, 1, 5, 5, 7, 3, 3]
        } else {
            &[1, 3, 6, 1, 5, 5, 7, 3, 1]
        };
        let tag = if wishes.subject.contains("://") { 0x86 } else { 0x81 };
        let mut extensions = vec![
            extension(&[2, 5, 29, 15], true, &tlv(0x03, &[7, 0x80])),
            extension(&[2, 5, 29, 37], false, &sequence(&[oid(purpose)])),
            extension(&[2, 5, 29, 17], true, &sequence(&[tlv(tag, wishes.subject.as_bytes())])),
            extension(&[1, 3, 6, 1, 4, 1, 57264, 1, 8], false, &tlv(0x0c, ISSUER.as_bytes())),
        ];
        let build = |extensions: &[Vec<u8>]| {
            let names = (name("authority"), sequence(&[]));
            unsigned(names, (NOW - SPAN, NOW + SPAN), &signer.public(), extensions)
        };
        if wishes.with_certificate_log {
            let seen = self.seen(&build(&extensions));
            extensions.push(extension(&[1, 3, 6, 1, 4, 1, 11129, 2, 4, 2], false, &octets(&seen)));
        }
        signed(&self.authority, &build(&extensions))
    }

    /// Says that the log of certificates has seen one.
    fn seen(&self, certificate: &[u8]) -> Vec<u8> {
        let moment = (NOW as u64 * 1000).to_be_bytes();
        let length = (certificate.len() as u32).to_be_bytes();
        let issuer = self.authority.id();
        let message =
            [&[0, 0], &moment[..], &[0, 1], &issuer, &length[1..], certificate, &[0, 0]].concat();
        let signature = self.certificates.sign(&message);
        let size = (signature.len() as u16).to_be_bytes();
        let id = self.certificates.id();
        let one = [&[0], &id[..], &moment, &[0, 0], &[4, 3], &size, &signature].concat();
        let one_size = (one.len() as u16).to_be_bytes();
        let all_size = (one.len() as u16 + 2).to_be_bytes();
        [&all_size[..], &one_size, &one].concat()
    }
}

/// Makes a bundle in which the holder of a key stands for a manifest.
pub(super) fn key_bundle(pair: &Pair, manifest: &Digest) -> Value {
    let payload = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{ "digest": { "sha256": manifest.hex() } }],
        "predicateType": statement::SIGNED,
    })
    .to_string();
    let mut bundle = envelope(payload.as_bytes(), &pair.sign(&pae(payload.as_bytes())));
    bundle["verificationMaterial"] = json!({ "publicKey": { "hint": "x" }, "tlogEntries": [] });
    bundle
}

/// Makes a signature of an artifact of it.
pub(super) fn found(bundle: &Value) -> Signature {
    Signature::Bundle(bundle.to_string().into_bytes())
}

fn envelope(payload: &[u8], signature: &[u8]) -> Value {
    json!({
        "mediaType": super::super::BUNDLE,
        "dsseEnvelope": {
            "payload": BASE64_STANDARD.encode(payload),
            "payloadType": "application/vnd.in-toto+json",
            "signatures": [{ "sig": BASE64_STANDARD.encode(signature) }],
        },
    })
}

fn pae(payload: &[u8]) -> Vec<u8> {
    let kind = "application/vnd.in-toto+json";
    let head = format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len());
    [head.as_bytes(), payload].concat()
}

fn unsigned(
    (issuer, subject): (Vec<u8>, Vec<u8>),
    (from, to): (i64, i64),
    key: &[u8],
    extensions: &[Vec<u8>],
) -> Vec<u8> {
    sequence(&[
        tlv(0xa0, &tlv(0x02, &[2])),
        tlv(0x02, &[7]),
        ecdsa(),
        issuer,
        sequence(&[time(from), time(to)]),
        subject,
        key.to_vec(),
        tlv(0xa3, &sequence(extensions)),
    ])
}

fn signed(authority: &Pair, certificate: &[u8]) -> Vec<u8> {
    sequence(&[certificate.to_vec(), ecdsa(), bits(&authority.sign(certificate))])
}

/// ECDSA with SHA-256.
fn ecdsa() -> Vec<u8> {
    sequence(&[oid(&[1, 2, 840, 10045, 4, 3, 2])])
}
