//! Project Wycheproof's vectors for JSON Web Signatures, Keys and Encryption:
//! <https://github.com/C2SP/wycheproof>.
//!
//! The vectors are not part of this repository. Run these tests by hand, with a clone of Wycheproof:
//! `WYCHEPROOF=…/wycheproof/testvectors_v1 cargo test -p voicemint --test broker wycheproof -- --ignored`
//! Comments on single vectors describe commit dac1dd4729fd.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use voicemint::internals::verify::VerifyError;
use voicemint::internals::{Algorithm, ContentKey, compact, verify};

/// Signatures that Wycheproof calls valid and that are refused intentionally.
const INTENTIONALLY_REFUSED: [(u64, &str); 6] = [
    (346, "the key is for PS256, the token names PS384"),
    (350, "the key is for PS256, the token names PS384"),
    (347, "the key is for ES521, which is not an algorithm"),
    (351, "the key is for ES521, which is not an algorithm"),
    (
        372,
        "the header contains a character outside base64url: a token has one encoding",
    ),
    (
        373,
        "the payload contains a character outside base64url: a token has one encoding",
    ),
];

/// Signatures that Wycheproof calls invalid, but which are identical to its valid number 357: the
/// padding that their comments describe is missing.
const SAME_AS_A_VALID_ONE: [u64; 2] = [367, 370];

struct Test {
    number: u64,
    name: String,
    key: Value,
    /// The token: a text, or JSON if the vector is JSON.
    token: String,
    valid: bool,
}

/// The tests of a file, with the public part of each key if there is one.
#[expect(
    clippy::disallowed_methods,
    reason = "only the person who runs this test knows where the clone is"
)]
fn tests(file: &str) -> Vec<Test> {
    let folder = std::env::var("WYCHEPROOF").unwrap();
    let text = std::fs::read(std::path::Path::new(&folder).join(file)).unwrap();
    let file: Value = serde_json::from_slice(&text).unwrap();
    let groups = file["testGroups"].as_array().unwrap().iter();
    let tests = groups.flat_map(|group| {
        let key = if group["public"].is_null() {
            &group["private"]
        } else {
            &group["public"]
        };
        group["tests"].as_array().unwrap().iter().map(move |test| {
            let token = if test["jws"].is_null() {
                &test["jwe"]
            } else {
                &test["jws"]
            };
            Test {
                number: test["tcId"].as_u64().unwrap(),
                name: format!("{} {} {}", test["tcId"], group["comment"], test["comment"]),
                key: key.clone(),
                token: token
                    .as_str()
                    .map_or_else(|| token.to_string(), str::to_owned),
                valid: test["result"] == "valid",
            }
        })
    });
    tests.collect()
}

fn verify(test: &Test) -> Result<Vec<u8>, VerifyError> {
    let names = Algorithm::ASYMMETRIC.iter().chain(&Algorithm::SYMMETRIC);
    let algorithms: Vec<_> = names.map(|name| name.parse().unwrap()).collect();
    let jwk_set = if test.key["keys"].is_null() {
        json!({"keys": [test.key]})
    } else {
        test.key.clone()
    };
    verify::verify(&test.token, jwk_set.to_string().as_bytes(), &algorithms)
}

#[test]
#[ignore = "needs a clone of Wycheproof: set WYCHEPROOF to its testvectors_v1"]
fn signatures() {
    let tests = tests("json_web_signature_test.json");
    assert_eq!(tests.len(), 401);
    let good = tests.iter().find(|test| test.number == 357).unwrap();
    for test in &tests {
        let intentional = INTENTIONALLY_REFUSED
            .iter()
            .find(|(number, _)| *number == test.number);
        let valid = if SAME_AS_A_VALID_ONE.contains(&test.number) {
            assert_eq!(
                (&test.token, &test.key),
                (&good.token, &good.key),
                "{}",
                test.name
            );
            true
        } else {
            test.valid
        };
        assert!(intentional.is_none() || valid, "{}", test.name);
        assert_eq!(
            verify(test).is_ok(),
            valid && intentional.is_none(),
            "{}",
            test.name
        );
    }
}

#[test]
#[ignore = "needs a clone of Wycheproof: set WYCHEPROOF to its testvectors_v1"]
fn keys() {
    let tests = tests("json_web_key_test.json");
    assert_eq!(tests.len(), 26);
    for test in &tests {
        assert_eq!(verify(test).is_ok(), test.valid, "{}", test.name);
    }
}

/// No vector is encrypted with `dir` and a supported algorithm, so all are refused. Most contain a
/// key that is encrypted for, or agreed with, the recipient. RFC 7520 figure 136 (`dir`, A128GCM)
/// is one of them.
#[test]
#[ignore = "needs a clone of Wycheproof: set WYCHEPROOF to its testvectors_v1"]
fn encryption() {
    let tests = tests("json_web_encryption_test.json");
    assert_eq!(tests.len(), 139);
    for test in &tests {
        let secret = URL_SAFE_NO_PAD
            .decode(test.key["k"].as_str().unwrap_or_default())
            .unwrap();
        let mut keys = vec![
            ContentKey::A256Gcm([7; 32]),
            ContentKey::A256CbcHs512([7; 64]),
        ];
        keys.extend(secret.try_into().map(ContentKey::A256Gcm));
        assert!(compact::open(&test.token, &keys).is_err(), "{}", test.name);
        assert!(verify(test).is_err(), "{}", test.name);
    }
}
