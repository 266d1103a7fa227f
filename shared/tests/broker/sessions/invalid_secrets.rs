//! Session secrets that are overwritten with invalid values: the previous value is used for one
//! more minute, as with API keys.

use axum::response::{IntoResponse, Response};
use http::HeaderMap;
use serde_json::{Value, json};

use crate::sessions::env::{A, Deployment, NOW, as_json};
use crate::support::signers::{compact, mac};

const SECRET: &str = "a-shared-secret-that-is-obviously-fake-0123456789";
const UNAVAILABLE: &str = "session_unavailable";

/// Overwrites the secret with each invalid text, and asserts that sessions are accepted with the
/// good one for one more minute.
async fn assert_used_for_one_more_minute(
    settings: &[(&str, &str)],
    good: &str,
    invalid: &[&str],
    token: impl Fn(&Deployment) -> String,
) {
    for text in invalid {
        let env = Deployment::new(&Value::Null, active_token, settings, &[("s", good)]).await;
        let code = async || env.code(&token(&env)).await;
        assert_eq!(code().await, "200", "{text:?}");
        env.store("s", text);
        env.advance(300);
        assert_eq!(code().await, "200", "{text:?}");
        env.advance(59);
        assert_eq!(code().await, "200", "{text:?}: within a minute");
        env.advance(1);
        let (final_code, reason) = env.verify(&token(&env)).await.unwrap_err();
        assert_eq!(
            final_code, UNAVAILABLE,
            "{text:?}: one minute after its first load"
        );
        assert!(
            reason.contains("secret") && !reason.contains(SECRET),
            "{reason}"
        );
        env.store("s", good);
        assert_eq!(code().await, "200", "{text:?}: stored again");
    }
}

fn active_token(_: &Value, _: &HeaderMap) -> Response {
    json!({"active": true, "sub": "ada"})
        .to_string()
        .into_response()
}

#[tokio::test]
async fn a_signing_secret_is_used_for_one_more_minute() {
    let settings = [("SESSION_KIND", "secret"), ("SESSION_SECRET_ID", "s")];
    let token = |env: &Deployment| {
        let claims = env.claims(json!({"exp": NOW + 10_000})).to_string();
        compact(r#"{"alg":"HS256"}"#, claims, |message| {
            mac("HS256", SECRET.as_bytes(), message)
        })
    };
    assert_used_for_one_more_minute(
        &settings,
        SECRET,
        &["", "short", "{}", r#"{"a":"short"}"#, &SECRET[..31]],
        token,
    )
    .await;
}

#[tokio::test]
async fn an_encryption_secret_is_used_for_one_more_minute() {
    let settings = [("SESSION_KIND", "authjs"), ("SESSION_SECRET_ID", "s")];
    let token = |_: &Deployment| crate::sessions::cookies::sealed_with(SECRET, NOW + 10_000);
    let list = json!(["short", SECRET]).to_string();
    for good in [SECRET, &list] {
        assert_used_for_one_more_minute(
            &settings,
            good,
            &[
                "",
                "short",
                "[]",
                r#"["short"]"#,
                &json!([SECRET, 7]).to_string(),
            ],
            token,
        )
        .await;
    }
}

#[tokio::test]
async fn client_credentials_are_used_for_one_more_minute() {
    let settings = [
        ("SESSION_KIND", "introspection"),
        ("SESSION_INTROSPECTION_URL", "{url}/introspect"),
        ("SESSION_INTROSPECTION_SECRET_ID", "s"),
        ("SESSION_ISSUER", ""),
        ("SESSION_AUDIENCE", "*"),
    ];
    let number = std::cell::Cell::new(0);
    // Responses about a token are cached, so each token must be different.
    let token = |_: &Deployment| {
        number.set(number.get() + 1);
        format!("opaque-{}", number.get())
    };
    let good = r#"{"client_id":"voicemint","client_secret":"a-client-secret-that-is-fake"}"#;
    let broken = r#"{"client_id":"voicemint","client_secret":"#;
    for good in [
        good,
        "voicemint:a-client-secret-that-is-fake",
        "a-bearer-token",
    ] {
        assert_used_for_one_more_minute(
            &settings,
            good,
            &[
                "",
                " ",
                "{}",
                broken,
                r#"{"client_id":"a","client_secret":""}"#,
                "a\nb",
            ],
            &token,
        )
        .await;
    }
}

#[tokio::test]
async fn published_keys_verify_without_the_legacy_secret() {
    let settings = [
        ("SESSION_KIND", "supabase"),
        ("SESSION_ISSUER", "{url}"),
        ("SESSION_SECRET_ID", "s"),
    ];
    let env = Deployment::new(&A.jwk_set(), as_json, &settings, &[("s", "short")]).await;
    let claims = env.claims(json!({
        "iss": format!("{}/auth/v1", env.url), "role": "authenticated", "exp": NOW + 10_000,
    }));
    assert_eq!(env.code(&A.token("ES256", "p256", &claims)).await, "200");
    let hmac = compact(r#"{"alg":"HS256"}"#, claims.to_string(), |message| {
        mac("HS256", b"short", message)
    });
    assert_eq!(env.code(&hmac).await, UNAVAILABLE);
}
