//! Published test vectors, run against the signature layer alone.
//!
//! `vectors/rfc.json` contains the compact tokens of RFC 7515, 7520 and 8037, each with the public
//! or symmetric key that verifies it. The token of RFC 7519 section 3.1 is that of RFC 7515
//! appendix A.1. The known answer of RFC 7518 appendix B.3 (A256CBC-HS512) is not a token, because
//! it authenticates a text instead of a header. Its test is in `session/jwe/compact.rs`.

use serde_json::{Value, json};
use voicemint::internals::{Algorithm, ContentKey, compact, verify};

/// The alphabet of base64url (RFC 4648 section 5).
const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

struct Vector {
    source: String,
    algorithm: Algorithm,
    jwk_set: Vec<u8>,
    token: String,
    payload: String,
}

fn vectors() -> Vec<Vector> {
    let vectors: Vec<Value> = serde_json::from_str(include_str!("../vectors/rfc.json")).unwrap();
    let text = |vector: &Value, name: &str| vector[name].as_str().unwrap().to_owned();
    let vectors = vectors.iter().map(|vector| Vector {
        source: text(vector, "source"),
        algorithm: vector["algorithm"].as_str().unwrap().parse().unwrap(),
        jwk_set: json!({"keys": [vector["key"]]}).to_string().into_bytes(),
        token: text(vector, "token"),
        payload: text(vector, "payload"),
    });
    vectors.collect()
}

fn all_algorithms() -> Vec<Algorithm> {
    let names = Algorithm::ASYMMETRIC.iter().chain(&Algorithm::SYMMETRIC);
    names.map(|name| name.parse().unwrap()).collect()
}

#[test]
fn each_vector_verifies_and_has_the_payload_of_the_rfc() {
    assert_eq!(vectors().len(), 9);
    for Vector {
        source,
        algorithm,
        jwk_set,
        token,
        payload,
    } in vectors()
    {
        assert_eq!(
            verify::verify(&token, &jwk_set, &[algorithm]),
            Ok(payload.into_bytes()),
            "{source}"
        );
    }
}

#[test]
fn no_vector_verifies_with_a_changed_character() {
    for Vector {
        source,
        jwk_set,
        token,
        ..
    } in vectors()
    {
        for (place, character) in token.char_indices() {
            // Another letter, another case, characters that no token contains, and the character
            // that differs only in its last bit. At the end of a part, that bit may be unused.
            let other_case = if character.is_lowercase() {
                character.to_ascii_uppercase()
            } else {
                'a'
            };
            let last_bit = ALPHABET
                .find(character)
                .map_or('A', |at| char::from(ALPHABET.as_bytes()[at ^ 1]));
            for other in ['A', '_', '.', '=', ' ', other_case, last_bit] {
                let changed = format!("{}{other}{}", &token[..place], &token[place + 1..]);
                if other != character {
                    let verified = verify::verify(&changed, &jwk_set, &all_algorithms());
                    assert!(verified.is_err(), "{source}: {other} at {place}");
                }
            }
        }
    }
}

#[test]
fn no_vector_verifies_with_another_vectors_key_or_without_its_algorithm() {
    let vectors = vectors();
    for Vector {
        source,
        algorithm,
        jwk_set,
        token,
        ..
    } in &vectors
    {
        let others: Vec<_> = all_algorithms()
            .into_iter()
            .filter(|other| other != algorithm)
            .collect();
        assert!(verify::verify(token, jwk_set, &others).is_err(), "{source}");
        assert!(verify::verify(token, jwk_set, &[]).is_err(), "{source}");
        // RFC 7520 sections 4.1 and 4.2 share a key.
        for other in vectors.iter().filter(|other| other.jwk_set != *jwk_set) {
            assert!(
                verify::verify(token, &other.jwk_set, &all_algorithms()).is_err(),
                "{source} by {}",
                other.source
            );
        }
    }
}

#[test]
fn unsigned_tokens_are_refused() {
    // RFC 7515 appendix A.5, the same as RFC 7519 section 6.1.
    let token = "eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290\
                 Ijp0cnVlfQ.";
    for Vector {
        source,
        jwk_set,
        token: signed,
        ..
    } in vectors()
    {
        let payload = signed.split('.').nth(1).unwrap();
        let signature = signed.rsplit('.').next().unwrap();
        for unsigned in [
            token.to_owned(),
            format!("{token}{signature}"),
            format!("eyJhbGciOiJub25lIn0.{payload}.{signature}"),
        ] {
            assert!(
                verify::verify(&unsigned, &jwk_set, &all_algorithms()).is_err(),
                "{source}"
            );
        }
    }
}

#[test]
fn tokens_that_are_not_compact_or_not_complete_are_refused() {
    for Vector {
        source,
        jwk_set,
        token,
        ..
    } in vectors()
    {
        let parts: Vec<&str> = token.split('.').collect();
        let [header, payload, signature] = [parts[0], parts[1], parts[2]];
        let signed = json!({"protected": header, "signature": signature});
        for other in [
            // RFC 7515 appendix F and RFC 7520 section 4.5: detached.
            format!("{header}..{signature}"),
            // RFC 7515 appendix A.6 and RFC 7520 section 4.8: JSON, general.
            json!({"payload": payload, "signatures": [signed]}).to_string(),
            // RFC 7515 appendix A.7 and RFC 7520 sections 4.6 and 4.7: JSON, flattened.
            json!({"payload": payload, "protected": header, "signature": signature}).to_string(),
        ] {
            assert!(
                verify::verify(&other, &jwk_set, &all_algorithms()).is_err(),
                "{source}: {other}"
            );
        }
    }
}

#[test]
fn critical_extensions_are_refused() {
    let vectors = vectors();
    let jwk_set = &vectors
        .iter()
        .find(|vector| vector.source.contains("A.1"))
        .unwrap()
        .jwk_set;
    for token in [
        // RFC 7797 section 4.2. The signature is valid for implementations that support `b64`. The
        // payload is "$.02", detached and attached.
        "eyJhbGciOiJIUzI1NiIsImI2NCI6ZmFsc2UsImNyaXQiOlsiYjY0Il19..A5dxf2s96_n5FLueVuW1Z_vh161FwXZC4YLPff6dmDY",
        "eyJhbGciOiJIUzI1NiIsImI2NCI6ZmFsc2UsImNyaXQiOlsiYjY0Il19.$.02.A5dxf2s96_n5FLueVuW1Z_vh161FwXZC4YLPff6dmDY",
        // RFC 7515 appendix E.
        "eyJhbGciOiJub25lIiwNCiAiY3JpdCI6WyJodHRwOi8vZXhhbXBsZS5jb20vVU5ERUZJTkVEIl0sDQogImh0dHA6Ly9leGFtcGxlLmNvbS9VTkRF\
         RklORUQiOnRydWUNCn0.RkFJTA.",
    ] {
        assert!(
            verify::verify(token, jwk_set, &all_algorithms()).is_err(),
            "{token}"
        );
    }
}

#[test]
fn encryption_with_another_algorithm_is_refused() {
    // RFC 7520 section 5.6: `dir`, but with A128GCM. Its key has half the length of the keys here.
    let token = "eyJhbGciOiJkaXIiLCJraWQiOiI3N2M3ZTJiOC02ZTEzLTQ1Y2YtODY3Mi02MTdiNWI0NTI0M2EiLCJlbmMiOiJBMTI4R0NNIn0..\
                 refa467QzzKx6QAB.JW_i_f52hww_ELQPGaYyeAB6HYGcR559l9TYnSovc23XJoBcW29rHP8yZOZG7YhLpT1bjFuvZPjQS-m0IFtVcXk\
                 ZXdH_lr_FrdYt9HRUYkshtrMmIUAyGmUnd9zMDB2n0cRDIHAzFVeJUDxkUwVAE7_YGRPdcqMyiBoCO-FBdE-Nceb4h3-FtBP-c_BIwCP\
                 Tjb9o0SbdcdREEMJMyZBH8ySWMVi1gPD9yxi-aQpGbSv_F9N4IZAxscj5g-NJsUPbjk29-s7LJAGb15wEBtXphVCgyy53CoIKLHHeJHX\
                 ex45Uz9aKZSRSInZI-wjsY0yu3cT4_aQ3i1o-tiE-F8Ios61EKgyIQ4CWao8PFMj8TTnp.vbb32Xvllea2OtmHAdccRQ";
    let opened = compact::open(
        token,
        &[
            ContentKey::A256Gcm([7; 32]),
            ContentKey::A256CbcHs512([7; 64]),
        ],
    );
    assert!(opened.is_err());
    for Vector {
        source, jwk_set, ..
    } in vectors()
    {
        assert!(
            verify::verify(token, &jwk_set, &all_algorithms()).is_err(),
            "{source}"
        );
    }
}
