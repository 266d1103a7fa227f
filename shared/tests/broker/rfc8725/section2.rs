//! Section 2, threats: signatures and keys.

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::signature::KeyPair;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use voicemint::problem::Code;

use crate::rfc8725::env::{A, B, TwoIssuers};
use crate::support::signers::{ASYMMETRIC, compact, encode, mac};

#[tokio::test]
async fn section_2_1_no_signature() {
    let env = TwoIssuers::new().await;
    let good = A.token("RS256", "rsa", &env.valid_claims());
    env.assert_accepted("signed", &good).await;
    let payload = good.split('.').nth(1).unwrap();
    let signature = good.rsplit('.').next().unwrap();
    for name in [
        "none",
        "None",
        "NONE",
        "nOnE",
        "",
        " none",
        "none\\u0000",
        "null",
    ] {
        for kid in ["", r#","kid":"rsa""#] {
            let header = encode(format!(r#"{{"alg":"{name}"{kid}}}"#));
            for signature in ["", "AA", signature] {
                env.assert_refused(name, &format!("{header}.{payload}.{signature}"))
                    .await;
            }
            env.assert_refused(name, &format!("{header}.{payload}"))
                .await;
        }
    }
    env.assert_refused("signature cut off", good.strip_suffix(signature).unwrap())
        .await;
    for header in [
        r#"{"alg":null,"kid":"rsa"}"#,
        r#"{"alg":["RS256"],"kid":"rsa"}"#,
        r#"{"kid":"rsa"}"#,
    ] {
        env.assert_refused(
            header,
            &A.signed("RS256", header, env.valid_claims().to_string()),
        )
        .await;
    }
}

#[tokio::test]
async fn section_2_1_a_public_key_used_as_a_shared_secret() {
    let env = TwoIssuers::new().await;
    let spki: PublicKeyX509Der = A.rsa.public_key().as_der().unwrap();
    let (spki, pkcs1) = (spki.as_ref(), A.rsa.public_key().as_ref());
    let pem = |label: &str, der: &[u8]| {
        let lines: Vec<String> = STANDARD
            .encode(der)
            .as_bytes()
            .chunks(64)
            .map(|line| String::from_utf8_lossy(line).into_owned())
            .collect();
        format!(
            "-----BEGIN {label}-----\n{}\n-----END {label}-----",
            lines.join("\n")
        )
    };
    let set = A.jwk_set();
    let key = &set["keys"][0];
    let modulus = key["n"].as_str().unwrap();
    let point = [
        key_bytes(&set["keys"][1], "x"),
        key_bytes(&set["keys"][1], "y"),
    ]
    .concat();
    for secret in [
        spki.to_vec(),
        pkcs1.to_vec(),
        pem("PUBLIC KEY", spki).into_bytes(),
        format!("{}\n", pem("PUBLIC KEY", spki)).into_bytes(),
        pem("RSA PUBLIC KEY", pkcs1).into_bytes(),
        key.to_string().into_bytes(),
        set.to_string().into_bytes(),
        modulus.as_bytes().to_vec(),
        key_bytes(key, "n"),
        [&[4][..], &point].concat(),
        point,
        key_bytes(&set["keys"][4], "x"),
        Vec::new(),
    ] {
        for alg in ["HS256", "HS384", "HS512"] {
            for header in [
                json!({"alg": alg, "kid": "rsa"}),
                json!({"alg": alg, "kid": "p256"}),
                json!({"alg": alg}),
            ] {
                let forged = compact(header.to_string(), env.valid_claims().to_string(), |text| {
                    mac(alg, &secret, text)
                });
                env.assert_refused(alg, &forged).await;
            }
        }
    }
}

fn key_bytes(key: &Value, name: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(key[name].as_str().unwrap()).unwrap()
}

#[tokio::test]
async fn section_2_1_an_algorithm_other_than_that_of_the_signature() {
    let env = TwoIssuers::new().await;
    for (signed_with, kid) in ASYMMETRIC {
        env.assert_accepted(signed_with, &A.token(signed_with, kid, &env.valid_claims()))
            .await;
        for (named, kid_of_named) in ASYMMETRIC
            .into_iter()
            .filter(|(named, _)| *named != signed_with)
        {
            for kid in [kid, kid_of_named] {
                let header = json!({"alg": named, "kid": kid}).to_string();
                let case = format!("{signed_with} as {named} with {kid}");
                env.assert_refused(
                    &case,
                    &A.signed(signed_with, header, env.valid_claims().to_string()),
                )
                .await;
            }
        }
    }
}

#[tokio::test]
async fn section_2_1_a_key_bound_to_one_algorithm() {
    let env = TwoIssuers::new().await;
    env.assert_accepted(
        "RS256",
        &A.token("RS256", "rsa-for-rs256", &env.valid_claims()),
    )
    .await;
    for alg in ["RS384", "RS512", "PS256", "PS384", "PS512"] {
        env.assert_refused(alg, &A.token(alg, "rsa-for-rs256", &env.valid_claims()))
            .await;
    }
}

#[tokio::test]
async fn section_2_2_weak_secrets() {
    let env = TwoIssuers::with_shared_secret(&A.secret).await;
    for alg in ["HS256", "HS384", "HS512"] {
        env.assert_accepted(alg, &A.token(alg, "any", &env.valid_claims()))
            .await;
        env.assert_refused(alg, &B.token(alg, "any", &env.valid_claims()))
            .await;
        for guess in [
            "",
            "secret",
            "password",
            "your-256-bit-secret",
            "changeme",
            "\0",
        ] {
            let header = json!({"alg": alg}).to_string();
            let forged = compact(header, env.valid_claims().to_string(), |text| {
                mac(alg, guess.as_bytes(), text)
            });
            env.assert_refused(guess, &forged).await;
        }
    }
    for alg in ["RS256", "ES256", "EdDSA"] {
        env.assert_refused(alg, &A.token(alg, "rsa", &env.valid_claims()))
            .await;
    }
    // 32 bytes are enough with every hash.
    let env = TwoIssuers::with_shared_secret(&A.secret[..32]).await;
    let token = |alg: &str| {
        compact(
            json!({"alg": alg}).to_string(),
            env.valid_claims().to_string(),
            |text| mac(alg, &A.secret.as_bytes()[..32], text),
        )
    };
    for alg in ["HS256", "HS384", "HS512"] {
        env.assert_accepted(alg, &token(alg)).await;
    }
    // If the operator sets a weak secret, the caller is not at fault, and no session is accepted.
    let env = TwoIssuers::with_shared_secret("secret").await;
    let forged = compact(
        r#"{"alg":"HS256"}"#,
        env.valid_claims().to_string(),
        |text| mac("HS256", b"secret", text),
    );
    assert_eq!(
        env.verify(&forged).await.err().map(|problem| problem.code),
        Some(Code::SessionUnavailable)
    );
}

#[tokio::test]
async fn section_2_7_a_token_of_one_issuer_signed_by_another() {
    let env = TwoIssuers::new().await;
    let b_claims = env.claims(json!({"iss": env.issuer("b")}));
    env.assert_accepted("signed by b for b", &B.token("ES256", "p256", &b_claims))
        .await;
    assert_eq!(
        env.requested_paths(),
        ["/b/.well-known/openid-configuration", "/b/keys"]
    );
    for (alg, kid) in ASYMMETRIC {
        env.assert_refused("signed by a for b", &A.token(alg, kid, &b_claims))
            .await;
    }
    assert_eq!(
        env.requested_paths(),
        Vec::<String>::new(),
        "the keys of a are not used for b"
    );
    env.assert_refused(
        "signed by b for a",
        &B.token("ES256", "p256", &env.valid_claims()),
    )
    .await;
}

#[tokio::test]
async fn section_2_9_an_untrusted_issuer_is_not_contacted() {
    let env = TwoIssuers::new().await;
    for issuer in [
        env.issuer("c"),
        env.issuer("a/"),
        env.issuer("a/../a"),
        "https://evil.test".to_owned(),
    ] {
        let claims = env.claims(json!({"iss": issuer}));
        env.assert_refused(&issuer, &A.token("RS256", "rsa", &claims))
            .await;
    }
    env.assert_refused(
        "no issuer",
        &A.token("RS256", "rsa", &env.claims(json!({"iss": null}))),
    )
    .await;
    assert_eq!(env.requested_paths(), Vec::<String>::new());
}
