//! Arbitrary bytes as a JWK Set: nothing panics, and a published token is accepted only if its key is
//! in the set.

#![no_main]

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use voicemint::internals::{JwkSet, UnverifiedToken, verify};
use voicemint_fuzz::{Published, algorithms, published};

static PUBLISHED: LazyLock<Vec<Published>> = LazyLock::new(published);

fuzz_target!(|data: &[u8]| {
    // With the outer structure in place, the fuzzer only has to find the members of a key.
    let wrapped = [b"{\"keys\":[{", data, b"}]}"].concat();
    for text in [data, &wrapped] {
        let public = JwkSet::parse(text).ok();
        let shared = JwkSet::parse_shared(text);
        assert!(
            public.is_some() || shared.is_none(),
            "accepted as symmetric keys, but not as a JWK Set"
        );
        for published in PUBLISHED.iter() {
            let Ok(token) = UnverifiedToken::parse(&published.token) else {
                panic!("a published token does not parse")
            };
            for (set, symmetric) in [(&public, false), (&shared, true)] {
                let Some(set) = set else { continue };
                if set.verifies(&token) == Ok(true) {
                    assert_eq!(
                        published.key["kty"] == "oct",
                        symmetric,
                        "a key of the wrong kind verifies"
                    );
                    assert!(contains(text, &published.key), "another key verifies");
                }
            }
            if verify::verify(&published.token, text, &algorithms()).is_ok() {
                assert!(contains(text, &published.key), "another key verifies");
            }
        }
    }
});

/// Whether a JWK Set contains a key, by a simple comparison of the members.
fn contains(text: &[u8], key: &Value) -> bool {
    let Ok(set) = serde_json::from_slice::<Value>(text) else {
        return false;
    };
    let Some(keys) = set["keys"].as_array() else {
        return false;
    };
    // Leading zeros of a number and trailing zeros of an HMAC key do not change the key.
    let number = |key: &Value, name: &str| {
        let bytes = URL_SAFE_NO_PAD
            .decode(key[name].as_str().unwrap_or_default())
            .unwrap_or_default();
        let significant = bytes
            .iter()
            .position(|byte| *byte != 0)
            .unwrap_or(bytes.len());
        let end = bytes
            .iter()
            .rposition(|byte| *byte != 0)
            .map_or(0, |last| last + 1);
        if name == "k" {
            bytes[..end].to_vec()
        } else {
            bytes[significant..].to_vec()
        }
    };
    let same = |other: &Value| {
        ["n", "e", "x", "y", "k"]
            .iter()
            .all(|name| number(other, name) == number(key, name))
    };
    keys.iter()
        .any(|other| other["kty"] == key["kty"] && same(other))
}
