//! A private key under a password, as cosign writes it: scrypt for the password, NaCl's secretbox for the key.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use crypto_secretbox::aead::{Aead as _, KeyInit as _};
use crypto_secretbox::{Nonce, XSalsa20Poly1305};
use ring::rand::{SecureRandom as _, SystemRandom};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::SigningKeyError;

/// What the file names as its algorithms.
const KDF: &str = "scrypt";
const CIPHER: &str = "nacl/secretbox";
/// The costs that cosign has used, as powers of two: a file may not choose others, which could take hours or gigabytes.
const COSTS: [u8; 3] = [15, 16, 17];
/// The cost of keys that are made here: cosign's of today.
const COST: u8 = 16;
/// The other parameters of scrypt, which never changed.
const BLOCK: u32 = 8;
const LANES: u32 = 1;
/// Sizes in bytes.
const SALT: usize = 32;
const NONCE: usize = 24;
const KEY: usize = 32;

#[derive(Serialize, Deserialize)]
struct Boxed {
    kdf: Kdf,
    cipher: Cipher,
    ciphertext: String,
}

#[derive(Serialize, Deserialize)]
struct Kdf {
    name: String,
    params: Params,
    salt: String,
}

#[derive(Serialize, Deserialize)]
struct Params {
    #[serde(rename = "N")]
    n: u64,
    r: u32,
    p: u32,
}

#[derive(Serialize, Deserialize)]
struct Cipher {
    name: String,
    nonce: String,
}

/// Opens what is in the file.
pub(super) fn open(bytes: &[u8], password: &[u8]) -> Result<Zeroizing<Vec<u8>>, SigningKeyError> {
    const MALFORMED: SigningKeyError =
        SigningKeyError::Form { reason: "what is encrypted has another form" };
    let Boxed { kdf, cipher, ciphertext } = serde_json::from_slice(bytes).map_err(|_| MALFORMED)?;
    let decode = |text: &str| BASE64_STANDARD.decode(text).map_err(|_| MALFORMED);
    let cost = COSTS.into_iter().find(|cost| 1 << cost == kdf.params.n);
    let is_known =
        kdf.name == KDF && cipher.name == CIPHER && (kdf.params.r, kdf.params.p) == (BLOCK, LANES);
    let cost = cost.filter(|_| is_known).ok_or(SigningKeyError::Form {
        reason: "it is encrypted in a way that cosign does not use",
    })?;
    let nonce: [u8; NONCE] = decode(&cipher.nonce)?.try_into().map_err(|_| MALFORMED)?;
    let key = derive(password, &decode(&kdf.salt)?, cost)?;
    let opened = XSalsa20Poly1305::new((&*key).into())
        .decrypt(Nonce::from_slice(&nonce), decode(&ciphertext)?.as_slice());
    opened.map(Zeroizing::new).map_err(|_| SigningKeyError::PasswordWrong)
}

/// Returns what is to be written into the file.
pub(super) fn seal(bytes: &[u8], password: &[u8]) -> Result<Vec<u8>, SigningKeyError> {
    let random = SystemRandom::new();
    let (mut salt, mut nonce) = ([0; SALT], [0; NONCE]);
    for target in [&mut salt[..], &mut nonce[..]] {
        random.fill(target).map_err(|_| SigningKeyError::Make)?;
    }
    let key = derive(password, &salt, COST)?;
    let sealed = XSalsa20Poly1305::new((&*key).into())
        .encrypt(Nonce::from_slice(&nonce), bytes)
        .map_err(|_| SigningKeyError::Make)?;
    serde_json::to_vec(&Boxed {
        kdf: Kdf {
            name: KDF.to_owned(),
            params: Params { n: 1 << COST, r: BLOCK, p: LANES },
            salt: BASE64_STANDARD.encode(salt),
        },
        cipher: Cipher { name: CIPHER.to_owned(), nonce: BASE64_STANDARD.encode(nonce) },
        ciphertext: BASE64_STANDARD.encode(sealed),
    })
    .map_err(|_| SigningKeyError::Make)
}

fn derive(password: &[u8], salt: &[u8], cost: u8) -> Result<Zeroizing<[u8; KEY]>, SigningKeyError> {
    let params = scrypt::Params::new(cost, BLOCK, LANES, KEY).map_err(|_| SigningKeyError::Make)?;
    let mut key = Zeroizing::new([0; KEY]);
    scrypt::scrypt(password, salt, &params, &mut *key).map_err(|_| SigningKeyError::Make)?;
    Ok(key)
}
