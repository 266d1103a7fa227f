//! Encrypted sessions in JWE compact serialization, with a shared key (RFC 7516; `dir` of RFC 7518
//! section 4.5).
//!
//! The app's library encrypts with a key that it derives from the app's secret. Only those who have
//! the key can make sessions, so a session that decrypts is as trustworthy as a signed one.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{self, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::{hkdf, hmac};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::json::{self, Members};
use crate::session::jose::REFUSED_MEMBERS;
use crate::session::reason::Reason;

/// The maximum length of an encrypted session in bytes: more than API Gateway permits in headers.
const MAX_BYTES: usize = 16 * 1024;

/// A content encryption key for one algorithm. It has no `Debug`, as it is secret.
pub enum ContentKey {
    /// `A256GCM` (RFC 7518 section 5.3).
    A256Gcm([u8; 32]),
    /// `A256CBC-HS512` (RFC 7518 section 5.2.5): the first half authenticates, the second encrypts.
    A256CbcHs512([u8; 64]),
}

impl ContentKey {
    /// Derives a key from a secret (HKDF with SHA-256, RFC 5869).
    pub fn derive(algorithm: Encryption, secret: &[u8], salt: &[u8], info: &[u8]) -> Option<Self> {
        let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(secret);
        Some(match algorithm {
            Encryption::A256Gcm => Self::A256Gcm(expand(&prk, info)?),
            Encryption::A256CbcHs512 => Self::A256CbcHs512(expand(&prk, info)?),
        })
    }

    fn algorithm(&self) -> &'static str {
        match self {
            Self::A256Gcm(_) => "A256GCM",
            Self::A256CbcHs512(_) => "A256CBC-HS512",
        }
    }

    fn open(&self, parts: &Parts) -> Option<Vec<u8>> {
        match self {
            Self::A256Gcm(key) => {
                let nonce = Nonce::try_assume_unique_for_key(&parts.iv).ok()?;
                let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).ok()?);
                // A shorter tag would be easier to guess (RFC 7518 section 5.3).
                if parts.tag.len() != 16 {
                    return None;
                }
                let mut text = [&*parts.ciphertext, &*parts.tag].concat();
                key.open_in_place(nonce, Aad::from(parts.header), &mut text)
                    .ok()
                    .map(|text| text.to_vec())
            }
            Self::A256CbcHs512(key) => {
                let (authenticating, encrypting) = key.split_at_checked(32)?;
                let bits = (parts.header.len() as u64 * 8).to_be_bytes();
                let mut context =
                    hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA512, authenticating));
                for part in [parts.header.as_bytes(), &parts.iv, &parts.ciphertext, &bits] {
                    context.update(part);
                }
                // Authentication precedes decryption, so that errors do not reveal the padding.
                verify_slices_are_equal(context.sign().as_ref().get(..32)?, &parts.tag).ok()?;
                let iv: [u8; 16] = parts.iv.as_slice().try_into().ok()?;
                let whole_blocks =
                    !parts.ciphertext.is_empty() && parts.ciphertext.len().is_multiple_of(16);
                let key = UnboundCipherKey::new(&cipher::AES_256, encrypting)
                    .ok()
                    .filter(|_| whole_blocks)?;
                let mut text = parts.ciphertext.clone();
                let opened = PaddedBlockDecryptingKey::cbc_pkcs7(key).ok()?;
                opened
                    .decrypt(&mut text, DecryptionContext::Iv128(iv.into()))
                    .ok()
                    .map(|text| text.to_vec())
            }
        }
    }
}

/// The content encryption algorithms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of RFC 7518 section 5.1")]
pub enum Encryption {
    A256Gcm,
    A256CbcHs512,
}

/// A decrypted token.
pub struct Opened {
    /// The members of the header, which is authenticated.
    pub header: Members,
    /// The plaintext.
    pub text: Vec<u8>,
}

/// Decrypts a token with the first key that fits. The header's algorithm only decides which keys
/// are tried.
///
/// # Errors
/// A [`Reason`] that says what is wrong with the token, or that no key decrypts it.
pub fn open(token: &str, keys: &[ContentKey]) -> Result<Opened, Reason> {
    let parts = Parts::parse(token)?;
    let algorithm = parts.members.get("enc").and_then(Value::as_str);
    let mut fitting = keys.iter().filter(|key| algorithm == Some(key.algorithm()));
    let text = fitting
        .find_map(|key| key.open(&parts))
        .ok_or(Reason::NoDecryptionKey)?;
    Ok(Opened {
        header: parts.members,
        text,
    })
}

struct Parts<'a> {
    header: &'a str,
    members: Members,
    iv: Vec<u8>,
    ciphertext: Vec<u8>,
    tag: Vec<u8>,
}

impl<'a> Parts<'a> {
    fn parse(token: &'a str) -> Result<Self, Reason> {
        if token.len() > MAX_BYTES {
            return Err(Reason::EncryptedTooLong);
        }
        let mut parts = token.split('.');
        let mut next = || parts.next().ok_or(Reason::EncryptedParts);
        let (header, key, iv, ciphertext, tag) = (next()?, next()?, next()?, next()?, next()?);
        if parts.next().is_some() {
            return Err(Reason::EncryptedParts);
        }
        // With `dir` there is no encrypted key (RFC 7518 section 4.5).
        if !key.is_empty() {
            return Err(Reason::EncryptedKeyPresent);
        }
        let decode = |part| {
            URL_SAFE_NO_PAD
                .decode(part)
                .map_err(|_| Reason::EncryptedEncoding)
        };
        let members = json::strict_object(&decode(header)?);
        let members = members.map_err(|_| Reason::EncryptedHeader)?;
        // The length of compressed text reveals its content, and it can decompress to any size (RFC
        // 8725 section 3.6).
        if members.contains_key("zip")
            || REFUSED_MEMBERS
                .iter()
                .any(|name| members.contains_key(*name))
        {
            return Err(Reason::EncryptedExtension);
        }
        if members.get("alg").and_then(Value::as_str) != Some("dir") {
            return Err(Reason::EncryptedAlgorithm);
        }
        Ok(Self {
            header,
            members,
            iv: decode(iv)?,
            ciphertext: decode(ciphertext)?,
            tag: decode(tag)?,
        })
    }
}

fn expand<const LENGTH: usize>(prk: &hkdf::Prk, info: &[u8]) -> Option<[u8; LENGTH]> {
    struct Length(usize);
    impl hkdf::KeyType for Length {
        fn len(&self) -> usize {
            self.0
        }
    }
    let mut key = [0; LENGTH];
    prk.expand(&[info], Length(LENGTH))
        .ok()?
        .fill(&mut key)
        .ok()?;
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7518 appendix B.3. It authenticates a text instead of a header, so it is not a whole
    /// token.
    #[test]
    fn a256cbc_hs512_matches_its_known_answer() {
        let bytes = |hex: &str| -> Vec<u8> {
            hex.as_bytes()
                .chunks(2)
                .map(|two| u8::from_str_radix(str::from_utf8(two).unwrap(), 16).unwrap())
                .collect()
        };
        let parts = || Parts {
            header: "The second principle of Auguste Kerckhoffs",
            members: Members::new(),
            iv: bytes("1af38c2dc2b96ffdd86694092341bc04"),
            ciphertext: bytes(concat!(
                "4affaaadb78c31c5da4b1b590d10ffbd3dd8d5d302423526912da037ecbcc7bd822c301dd67c373bccb584ad3e9279c2",
                "e6d12a1374b77f077553df829410446b36ebd97066296ae6427ea75c2e0846a11a09ccf5370dc80bfecbad28c73f09b3",
                "a3b75e662a2594410ae496b2e2e6609e31e6e02cc837f053d21f37ff4f51950bbe2638d09dd7a4930930806d0703b1f6",
            )),
            tag: bytes("4dd3b4c088a7f45c216839645b2012bf2e6269a8c56a816dbc1b267761955bc5"),
        };
        let key = ContentKey::A256CbcHs512(std::array::from_fn(|byte| byte as u8));
        let text = "A cipher system must not be required to be secret, and it must be able to fall into the hands of \
                    the enemy without inconvenience";
        assert_eq!(key.open(&parts()).as_deref(), Some(text.as_bytes()));
        let changes: [fn(&mut Parts); 6] = [
            |parts| parts.header = "the second principle of Auguste Kerckhoffs",
            |parts| parts.iv[0] ^= 1,
            |parts| parts.ciphertext[0] ^= 1,
            |parts| parts.ciphertext.truncate(128),
            |parts| parts.tag[31] ^= 1,
            |parts| parts.tag.truncate(16),
        ];
        for (number, change) in changes.iter().enumerate() {
            let mut parts = parts();
            change(&mut parts);
            assert_eq!(key.open(&parts), None, "change {number}");
        }
    }
}
