//! Key sets as identity providers publish them: several entries with one id, keys for other
//! purposes, duplicate keys.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::sessions::env::{A, B, Deployment};
use crate::support::signers::{Signers, encode};

const REFUSED: &str = "session_invalid";

/// A key of a set, with changed members.
fn with_members(key: &Value, change: Value) -> Value {
    let mut key = key.clone();
    key.as_object_mut()
        .unwrap()
        .extend(change.as_object().unwrap().clone());
    key
}

fn rsa() -> Value {
    with_members(&A.jwk_set()["keys"][0], json!({"kid": "k"}))
}

fn p256() -> Value {
    with_members(&A.jwk_set()["keys"][1], json!({"kid": "k"}))
}

async fn codes(keys: Value, algorithms: &[&str]) -> Vec<&'static str> {
    let env = Deployment::with_jwk_set(&json!({"keys": keys}), &[]).await;
    let claims = env.claims(json!({}));
    let mut codes = Vec::new();
    for alg in algorithms {
        codes.push(env.code(&A.token(alg, "k", &claims)).await);
    }
    codes
}

#[tokio::test]
async fn every_entry_of_a_key_id_is_tried_if_type_and_algorithm_match() {
    let untrusted = with_members(&B.jwk_set()["keys"][0], json!({"kid": "k"}));
    let bound = |alg: &str| with_members(&rsa(), json!({"alg": alg}));
    let encrypting = with_members(&untrusted, json!({"use": "enc", "alg": "RSA-OAEP"}));
    for (case, keys, algorithms, want) in [
        (
            "an encryption key first",
            json!([encrypting, bound("RS256")]),
            vec!["RS256"],
            vec!["200"],
        ),
        (
            "an encryption key last",
            json!([bound("RS256"), encrypting]),
            vec!["RS256"],
            vec!["200"],
        ),
        (
            "the same key for encryption",
            json!([with_members(&rsa(), json!({"use": "enc"})), rsa()]),
            vec!["RS256"],
            vec!["200"],
        ),
        (
            "key_ops for another purpose",
            json!([with_members(&rsa(), json!({"key_ops": ["wrapKey"]})), rsa()]),
            vec!["RS256"],
            vec!["200"],
        ),
        (
            "a duplicate key",
            json!([rsa(), rsa()]),
            vec!["RS256", "PS512"],
            vec!["200"; 2],
        ),
        (
            "RS256 and PS256",
            json!([bound("RS256"), bound("PS256")]),
            vec!["RS256", "PS256", "RS512"],
            vec!["200", "200", REFUSED],
        ),
        (
            "RSA and EC",
            json!([rsa(), p256()]),
            vec!["RS256", "ES256", "ES384"],
            vec!["200", "200", REFUSED],
        ),
        (
            "two RSA keys",
            json!([untrusted, rsa()]),
            vec!["RS256"],
            vec!["200"],
        ),
        (
            "a key of an unknown type",
            json!([{"kty": "AKP", "kid": "k", "alg": "ML-DSA-44"}, rsa()]),
            vec!["RS256"],
            vec!["200"],
        ),
        (
            "a symmetric key",
            json!([{"kty": "oct", "kid": "k", "k": "c2VjcmV0"}, rsa()]),
            vec!["RS256"],
            vec!["200"],
        ),
        (
            "a weak key",
            json!([with_members(&rsa(), json!({"n": "AQAB"})), rsa()]),
            vec!["RS256"],
            vec!["200"],
        ),
        (
            "only an untrusted key",
            json!([untrusted, p256()]),
            vec!["RS256"],
            vec![REFUSED],
        ),
    ] {
        assert_eq!(codes(keys, &algorithms).await, want, "{case}");
    }
}

#[tokio::test]
async fn no_key_verifies_tokens_of_another_id_type_or_issuer() {
    let keys = json!({"keys": [rsa(), p256(), with_members(&rsa(), json!({"use": "enc"}))]});
    let env = Deployment::with_jwk_set(&keys, &[]).await;
    let claims = env.claims(json!({}));
    for (case, token) in [
        ("another id", A.token("RS256", "rsa", &claims)),
        (
            "an untrusted key with the id",
            B.token("RS256", "k", &claims),
        ),
        (
            "an untrusted key with the id",
            B.token("ES256", "k", &claims),
        ),
        (
            "signed with one key, header of another",
            A.signed("ES256", r#"{"alg":"RS256","kid":"k"}"#, claims.to_string()),
        ),
        (
            "signed with one key, header of another",
            A.signed("RS256", r#"{"alg":"ES256","kid":"k"}"#, claims.to_string()),
        ),
    ] {
        assert_eq!(env.code(&token).await, REFUSED, "{case}");
    }
}

#[tokio::test]
async fn if_no_key_matches_the_reason_describes_the_key_set() {
    for (keys, alg, parts) in [
        (json!([]), "RS256", &["key set is empty"][..]),
        (
            json!([{"kty": "oct", "kid": "k", "k": "x"}, with_members(&rsa(), json!({"use": "enc"}))]),
            "RS256",
            &["2 keys, none of which can verify"],
        ),
        (
            json!([
                with_members(&rsa(), json!({"use": "enc"})),
                with_members(&p256(), json!({"kid": "x"}))
            ]),
            "RS256",
            &["key id", "cannot verify signatures"],
        ),
        (
            json!([with_members(&rsa(), json!({"alg": "PS256"}))]),
            "RS256",
            &["signed with RS256", "RSA for PS256"],
        ),
        (
            json!([p256(), rsa()]),
            "EdDSA",
            &["signed with EdDSA", "P-256, RSA"],
        ),
        (
            json!([with_members(&rsa(), json!({"kid": "x"}))]),
            "RS256",
            &["no key with the token's key id", "other ids (RSA)"],
        ),
        (
            json!([with_members(&rsa(), json!({"kid": 7}))]),
            "RS256",
            &["no key with the token's key id", "keys without ids (RSA)"],
        ),
    ] {
        let env = Deployment::with_jwk_set(&json!({ "keys": keys }), &[]).await;
        let (code, reason) = env
            .verify(&A.token(alg, "k", &env.claims(json!({}))))
            .await
            .unwrap_err();
        assert_eq!(code, REFUSED, "{keys}");
        assert!(
            parts.iter().all(|part| reason.contains(part)),
            "{parts:?} in {reason:?} of {keys}"
        );
    }
    for (keys, part) in [
        (json!([]), "key set is empty"),
        (
            json!([rsa(), p256()]),
            "has no key id, and the issuer's keys are for RSA, P-256",
        ),
    ] {
        let env = Deployment::with_jwk_set(&json!({ "keys": keys }), &[]).await;
        let token = A.signed(
            "EdDSA",
            r#"{"alg":"EdDSA"}"#,
            env.claims(json!({})).to_string(),
        );
        let (code, reason) = env.verify(&token).await.unwrap_err();
        assert!(
            code == REFUSED && reason.contains(part),
            "{part} in {reason}"
        );
    }
}

#[tokio::test]
async fn the_numbers_of_an_rsa_key_may_have_leading_zeros() {
    let padded = |name: &str| {
        let number = URL_SAFE_NO_PAD
            .decode(rsa()[name].as_str().unwrap())
            .unwrap();
        encode([&[0; 3], &*number].concat())
    };
    let (n, e) = (padded("n"), padded("e"));
    for key in [json!({"n": n}), json!({"e": e}), json!({"n": n, "e": e})] {
        let keys = json!([with_members(&rsa(), key.clone())]);
        assert_eq!(
            codes(keys, &["RS256", "PS512", "ES256"]).await,
            ["200", "200", REFUSED],
            "{key}"
        );
    }
}

#[tokio::test]
async fn no_token_is_tried_with_more_than_ten_keys() {
    let untrusted: Vec<_> = (0..9).map(|_| Signers::new()).collect();
    let mut keys: Vec<_> = untrusted
        .iter()
        .map(|signers| with_members(&signers.jwk_set()["keys"][1], json!({"kid": "k"})))
        .collect();
    keys.push(p256());
    assert_eq!(
        codes(json!(keys), &["ES256"]).await,
        ["200"],
        "the tenth key"
    );
    keys.insert(
        0,
        with_members(&B.jwk_set()["keys"][1], json!({"kid": "k"})),
    );
    assert_eq!(
        codes(json!(keys), &["ES256"]).await,
        [REFUSED],
        "the eleventh key"
    );
    for key in &mut keys {
        key.as_object_mut().unwrap().remove("kid");
    }
    let env = Deployment::with_jwk_set(&json!({ "keys": keys }), &[]).await;
    let token = A.signed(
        "ES256",
        r#"{"alg":"ES256"}"#,
        env.claims(json!({})).to_string(),
    );
    assert_eq!(
        env.code(&token).await,
        REFUSED,
        "the eleventh key, without ids"
    );
}
