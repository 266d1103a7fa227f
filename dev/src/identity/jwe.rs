//! Encrypted sessions: JWE in compact form (RFC 7516) with a shared key (`dir`), as Auth.js and
//! nextjs-auth0 write them.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{AES_256, EncryptionContext, PaddedBlockEncryptingKey, UnboundCipherKey};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::{hmac, rand};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::claims::Claims;

/// A content encryption algorithm (RFC 7518 section 5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// AES-256 in GCM.
    A256Gcm,
    /// AES-256 in CBC, then HMAC with SHA-512.
    A256CbcHs512,
}

/// Ciphertext and authentication tag.
type Sealed = (Vec<u8>, Vec<u8>);

impl Encryption {
    /// Its name in a header.
    pub fn name(self) -> &'static str {
        match self {
            Self::A256Gcm => "A256GCM",
            Self::A256CbcHs512 => "A256CBC-HS512",
        }
    }

    /// The length of its key in bytes.
    pub fn key_bytes(self) -> usize {
        match self {
            Self::A256Gcm => 32,
            Self::A256CbcHs512 => 64,
        }
    }

    fn iv_bytes(self) -> usize {
        match self {
            Self::A256Gcm => 12,
            Self::A256CbcHs512 => 16,
        }
    }

    fn seal(
        self,
        iv: &[u8],
        key: &[u8],
        aad: &[u8],
        content: Vec<u8>,
    ) -> Result<Sealed, Unspecified> {
        match self {
            Self::A256Gcm => gcm(iv, key, aad, content),
            Self::A256CbcHs512 => cbc_hs512(iv, key, aad, content),
        }
    }
}

fn gcm(iv: &[u8], key: &[u8], aad: &[u8], mut content: Vec<u8>) -> Result<Sealed, Unspecified> {
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key)?);
    let nonce = Nonce::try_assume_unique_for_key(iv)?;
    let tag = key.seal_in_place_separate_tag(nonce, Aad::from(aad), &mut content)?;
    Ok((content, tag.as_ref().to_vec()))
}

/// The first half of the key authenticates, the second half encrypts (RFC 7518 section 5.2.2.1).
fn cbc_hs512(
    iv: &[u8],
    key: &[u8],
    aad: &[u8],
    mut content: Vec<u8>,
) -> Result<Sealed, Unspecified> {
    let (mac_key, cipher_key) = key.split_at_checked(32).ok_or(Unspecified)?;
    let cipher = PaddedBlockEncryptingKey::cbc_pkcs7(UnboundCipherKey::new(&AES_256, cipher_key)?)?;
    let block: [u8; 16] = iv.try_into().map_err(|_| Unspecified)?;
    cipher.less_safe_encrypt(
        &mut content,
        EncryptionContext::Iv128(FixedLength::from(block)),
    )?;
    let mut mac = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA512, mac_key));
    for part in [aad, iv, &content, &(aad.len() as u64 * 8).to_be_bytes()] {
        mac.update(part);
    }
    let tag = mac.sign().as_ref().get(..32).ok_or(Unspecified)?.to_vec();
    Ok((content, tag))
}

/// A key that encrypts sessions.
pub struct ContentKey {
    encryption: Encryption,
    bytes: Vec<u8>,
}

impl ContentKey {
    /// Derives a key from a secret by HKDF with SHA-256 (RFC 5869).
    ///
    /// # Errors
    /// If the library cannot derive that many bytes; it can for both algorithms.
    pub fn derive(
        encryption: Encryption,
        secret: &str,
        salt: &str,
        info: &str,
    ) -> Result<Self, Unspecified> {
        let mut bytes = vec![0; encryption.key_bytes()];
        let prk = Salt::new(HKDF_SHA256, salt.as_bytes()).extract(secret.as_bytes());
        prk.expand(&[info.as_bytes()], Bytes(bytes.len()))?
            .fill(&mut bytes)?;
        Ok(Self { encryption, bytes })
    }

    /// The key itself.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Encrypts claims. `header` holds the members in addition to `alg` and `enc`.
    ///
    /// # Errors
    /// If the system has no random numbers.
    pub fn encrypt(&self, header: &Claims, claims: &Claims) -> Result<String, Unspecified> {
        let mut iv = vec![0; self.encryption.iv_bytes()];
        rand::fill(&mut iv)?;
        self.encrypt_with(&iv, header, claims)
    }

    /// Encrypts with this initialization vector instead of a random one, for known-answer tests.
    pub(super) fn encrypt_with(
        &self,
        iv: &[u8],
        header: &Claims,
        claims: &Claims,
    ) -> Result<String, Unspecified> {
        let own = [("alg", "dir"), ("enc", self.encryption.name())];
        let mut full = Claims::from_iter(own.map(|(name, value)| (name.to_owned(), value.into())));
        full.extend(header.clone());
        let header = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&full).map_err(|_| Unspecified)?);
        let content = serde_json::to_vec(claims).map_err(|_| Unspecified)?;
        let (sealed, tag) = self
            .encryption
            .seal(iv, &self.bytes, header.as_bytes(), content)?;
        let [iv, sealed, tag] = [iv, &sealed, &tag].map(|part| URL_SAFE_NO_PAD.encode(part));
        // With `dir` there is no encrypted key: its part is empty.
        Ok(format!("{header}..{iv}.{sealed}.{tag}"))
    }
}

struct Bytes(usize);

impl KeyType for Bytes {
    fn len(&self) -> usize {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(text: &str) -> Vec<u8> {
        URL_SAFE_NO_PAD.decode(text).unwrap()
    }

    #[test]
    fn gcm_matches_the_known_answer() {
        // RFC 7516 appendix A.1.
        let key = [
            177, 161, 244, 128, 84, 143, 225, 115, 63, 180, 3, 255, 107, 154, 212, 246, 138, 7,
            110, 91, 112, 46, 34, 105, 47, 130, 203, 46, 122, 234, 64, 252,
        ];
        let iv = [227, 197, 117, 252, 2, 219, 233, 68, 180, 225, 77, 219];
        let content = b"The true sign of intelligence is not knowledge but imagination.".to_vec();
        let aad = b"eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ";
        let (sealed, tag) = Encryption::A256Gcm.seal(&iv, &key, aad, content).unwrap();
        let expected =
            "5eym8TW_c8SuK0ltJ3rpYIzOeDQz7TALvtu6UG9oMo4vpzs9tX_EFShS8iB7j6jiSdiwkIr3ajwQzaBtQD_A";
        assert_eq!(
            (sealed, tag),
            (decoded(expected), decoded("XFBoMYUZodetZdvTiFvSkQ"))
        );
    }

    #[test]
    fn cbc_with_hmac_matches_the_known_answer() {
        // RFC 7518 appendix B.3. The tag is over the ciphertext.
        let key: Vec<u8> = (0..64).collect();
        let iv = [
            0x1a, 0xf3, 0x8c, 0x2d, 0xc2, 0xb9, 0x6f, 0xfd, 0xd8, 0x66, 0x94, 0x09, 0x23, 0x41,
            0xbc, 0x04,
        ];
        let content = "A cipher system must not be required to be secret, and it must be able to fall into the hands of the \
                       enemy without inconvenience";
        let aad = b"The second principle of Auguste Kerckhoffs";
        let (sealed, tag) = Encryption::A256CbcHs512
            .seal(&iv, &key, aad, content.into())
            .unwrap();
        assert_eq!(
            (sealed.len(), &sealed[..8]),
            (144, &[0x4a, 0xff, 0xaa, 0xad, 0xb7, 0x8c, 0x31, 0xc5][..])
        );
        let expected = [
            0x4d, 0xd3, 0xb4, 0xc0, 0x88, 0xa7, 0xf4, 0x5c, 0x21, 0x68, 0x39, 0x64, 0x5b, 0x20,
            0x12, 0xbf, 0x2e, 0x62, 0x69, 0xa8, 0xc5, 0x6a, 0x81, 0x6d, 0xbc, 0x1b, 0x26, 0x77,
            0x61, 0x95, 0x5b, 0xc5,
        ];
        assert_eq!(tag, expected);
    }
}
