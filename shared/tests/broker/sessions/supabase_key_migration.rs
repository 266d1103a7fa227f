//! Supabase during the migration of a project from its JWT secret to signing keys: both are valid,
//! and neither is accepted in place of the other. The attacks are those of algorithm confusion (RFC
//! 8725 section 2.1), with key sets that contain several types with one id.

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::signature::KeyPair;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::sessions::env::{A, B, Deployment, as_json};
use crate::support::signers::{compact, encode, mac};

const REFUSED: &str = "session_invalid";
const SECRET: &str = "a-legacy-jwt-secret-that-is-obviously-fake-0123456789";

async fn supabase(jwk_set: &Value) -> Deployment {
    let settings = [
        ("SESSION_KIND", "supabase"),
        ("SESSION_ISSUER", "{url}"),
        ("SESSION_AUDIENCE", "authenticated"),
        ("SESSION_SECRET_ID", "legacy"),
    ];
    Deployment::new(jwk_set, as_json, &settings, &[("legacy", SECRET)]).await
}

fn claims(env: &Deployment) -> Value {
    let iss = format!("{}/auth/v1", env.url);
    env.claims(json!({"iss": iss, "aud": "authenticated", "role": "authenticated"}))
}

fn hmac(alg: &str, kid: Option<&str>, secret: &[u8], claims: &Value) -> String {
    let mut header = json!({"alg": alg, "typ": "JWT"});
    if let Some(kid) = kid {
        header["kid"] = kid.into();
    }
    compact(header.to_string(), claims.to_string(), |message| {
        mac(alg, secret, message)
    })
}

/// The published keys, all with the same id.
fn jwk_set_under_one_id() -> Value {
    let mut set = A.jwk_set();
    for key in set["keys"].as_array_mut().unwrap() {
        key["kid"] = json!("k");
    }
    set
}

#[tokio::test]
async fn tokens_signed_by_the_secret_or_a_published_key_are_valid() {
    let env = supabase(&A.jwk_set()).await;
    let claims = claims(&env);
    for (case, token, want) in [
        (
            "the secret",
            hmac("HS256", None, SECRET.as_bytes(), &claims),
            "200",
        ),
        (
            "the secret, with a key id",
            hmac("HS256", Some("legacy"), SECRET.as_bytes(), &claims),
            "200",
        ),
        ("a published key", A.token("ES256", "p256", &claims), "200"),
        (
            "another published key",
            A.token("RS256", "rsa", &claims),
            "200",
        ),
        (
            "another secret",
            hmac("HS256", None, A.secret.as_bytes(), &claims),
            REFUSED,
        ),
        (
            "a longer hash",
            hmac("HS512", None, SECRET.as_bytes(), &claims),
            REFUSED,
        ),
        (
            "an algorithm that Supabase does not use",
            A.token("PS256", "rsa", &claims),
            REFUSED,
        ),
        (
            "an untrusted key",
            B.token("ES256", "p256", &claims),
            REFUSED,
        ),
    ] {
        assert_eq!(env.code(&token).await, want, "{case}");
    }
    // The key set of a project without signing keys is empty, and a self-hosted project may have
    // none.
    for jwk_set in [json!({"keys": []}), json!("not found")] {
        let env = supabase(&jwk_set).await;
        assert_eq!(
            env.code(&hmac("HS256", None, SECRET.as_bytes(), &self::claims(&env)))
                .await,
            "200",
            "{jwk_set}"
        );
    }
}

#[tokio::test]
async fn no_published_key_is_accepted_as_the_secret() {
    let spki: PublicKeyX509Der = A.rsa.public_key().as_der().unwrap();
    let pem = |label: &str, der: &[u8]| {
        let lines: Vec<_> = STANDARD
            .encode(der)
            .into_bytes()
            .chunks(64)
            .map(<[u8]>::to_vec)
            .collect();
        format!(
            "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
            String::from_utf8(lines.join(&b'\n')).unwrap()
        )
    };
    let (mut set, untrusted) = (
        jwk_set_under_one_id(),
        json!({"kty": "oct", "kid": "k", "k": encode(&B.secret)}),
    );
    set["keys"].as_array_mut().unwrap().push(untrusted);
    let env = supabase(&set).await;
    let claims = claims(&env);
    let secrets = [
        spki.as_ref().to_vec(),
        A.rsa.public_key().as_ref().to_vec(),
        pem("PUBLIC KEY", spki.as_ref()).into_bytes(),
        pem("RSA PUBLIC KEY", A.rsa.public_key().as_ref()).into_bytes(),
        set.to_string().into_bytes(),
        set["keys"][0].to_string().into_bytes(),
        set["keys"][0]["n"].as_str().unwrap().as_bytes().to_vec(),
        set["keys"][1]["x"].as_str().unwrap().as_bytes().to_vec(),
        // Published symmetric keys are not secrets.
        B.secret.as_bytes().to_vec(),
        encode(&B.secret).into_bytes(),
        Vec::new(),
    ];
    for secret in secrets {
        for alg in ["HS256", "HS384", "HS512"] {
            for kid in [Some("k"), Some("legacy"), None] {
                assert_eq!(
                    env.code(&hmac(alg, kid, &secret, &claims)).await,
                    REFUSED,
                    "{alg} {kid:?}"
                );
            }
        }
    }
}

#[tokio::test]
async fn the_secret_verifies_only_hmacs_and_each_key_only_its_own_type() {
    let env = supabase(&jwk_set_under_one_id()).await;
    let claims = claims(&env);
    for named in ["RS256", "ES256", "EdDSA", "PS256"] {
        let header = json!({"alg": named, "kid": "k"}).to_string();
        let forged = compact(&header, claims.to_string(), |message| {
            mac("HS256", SECRET.as_bytes(), message)
        });
        assert_eq!(
            env.code(&forged).await,
            REFUSED,
            "an HMAC with the header of {named}"
        );
        for signed_with in ["RS256", "ES256", "EdDSA", "PS256"]
            .into_iter()
            .filter(|other| *other != named)
        {
            let token = A.signed(signed_with, &header, claims.to_string());
            assert_eq!(
                env.code(&token).await,
                REFUSED,
                "{signed_with} with the header of {named}"
            );
        }
    }
    for alg in ["ES256", "RS256"] {
        assert_eq!(env.code(&A.token(alg, "k", &claims)).await, "200", "{alg}");
        let header = json!({"alg": "HS256", "kid": "k"}).to_string();
        let token = A.signed(alg, header, claims.to_string());
        assert_eq!(
            env.code(&token).await,
            REFUSED,
            "{alg} with the header of HS256"
        );
    }
    // The public anon key is a token that is signed with the secret, without a user.
    let anon = json!({"iss": "supabase", "ref": "abc", "role": "anon", "iat": 1, "exp": 4_000_000_000_u64});
    assert_eq!(
        env.code(&hmac("HS256", None, SECRET.as_bytes(), &anon))
            .await,
        REFUSED
    );
}

#[tokio::test]
async fn the_reason_for_a_token_of_the_wrong_kind_of_key_names_a_setting_that_works() {
    let env = Deployment::with_jwk_set(&A.jwk_set(), &[]).await;
    let token = hmac("HS256", None, SECRET.as_bytes(), &env.claims(json!({})));
    let (code, reason) = env.verify(&token).await.unwrap_err();
    assert_eq!(code, REFUSED);
    assert!(
        reason.contains("HS256") && reason.contains("SESSION_KIND=secret"),
        "{reason}"
    );
    let (_, reason) = env.verify("a.b.c.d.e").await.unwrap_err();
    assert!(reason.contains("encrypted"), "{reason}");
    let settings = [("SESSION_KIND", "secret"), ("SESSION_SECRET_ID", "s")];
    let env = Deployment::new(&Value::Null, as_json, &settings, &[("s", SECRET)]).await;
    assert_eq!(
        env.code(&hmac(
            "HS256",
            None,
            SECRET.as_bytes(),
            &env.claims(json!({}))
        ))
        .await,
        "200",
        "with the setting from the reason"
    );
    let (_, reason) = env
        .verify(&A.token("RS256", "rsa", &env.claims(json!({}))))
        .await
        .unwrap_err();
    assert!(
        reason.contains("RS256") && reason.contains("SESSION_KIND=jwt"),
        "{reason}"
    );
    let env = Deployment::with_jwk_set(&A.jwk_set(), &[("SESSION_ALGORITHMS", "ES256")]).await;
    let (_, reason) = env
        .verify(&A.token("RS256", "rsa", &env.claims(json!({}))))
        .await
        .unwrap_err();
    assert!(
        reason.contains("SESSION_ALGORITHMS") && reason.contains("RS256"),
        "{reason}"
    );
}
