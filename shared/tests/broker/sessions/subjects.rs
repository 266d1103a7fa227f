//! The subject of a session for every kind: `SESSION_SUBJECT_POINTER`, numeric user ids, and
//! secrets without an issuer.

use axum::response::{IntoResponse, Response};
use http::HeaderMap;
use serde_json::{Value, json};

use crate::sessions::env::{A, Deployment, as_json, settings_error};
use crate::support::signers::{compact, mac};

const REFUSED: &str = "session_invalid";
const SECRET: &str = "a-shared-secret-that-is-obviously-fake-0123456789";

fn hmac(secret: &str, claims: &Value) -> String {
    compact(r#"{"alg":"HS256"}"#, claims.to_string(), |message| {
        mac("HS256", secret.as_bytes(), message)
    })
}

#[tokio::test]
async fn a_subject_is_text_or_a_whole_number_at_the_pointer() {
    let env = Deployment::with_jwk_set(&A.jwk_set(), &[]).await;
    for (sub, want) in [
        (json!("ada"), Ok("ada")),
        (json!(42), Ok("42")),
        (json!(-1), Ok("-1")),
        (json!(u64::MAX), Ok("18446744073709551615")),
        (json!(1.5), Err(REFUSED)),
        (json!(true), Err(REFUSED)),
        (json!(""), Err(REFUSED)),
        (json!({"id": 1}), Err(REFUSED)),
    ] {
        let token = A.token("ES256", "p256", &env.claims(json!({"sub": sub})));
        assert_eq!(
            env.verify(&token)
                .await
                .as_deref()
                .map_err(|(code, _)| *code),
            want,
            "{sub}"
        );
    }
    for settings in [
        &[("SESSION_KIND", "jwt")][..],
        &[
            ("SESSION_KIND", "auth0"),
            ("SESSION_JWKS_URL", "{url}/keys"),
        ],
        &[
            ("SESSION_KIND", "better-auth"),
            ("SESSION_JWKS_URL", "{url}/keys"),
        ],
    ] {
        let settings = [
            settings,
            &[("SESSION_SUBJECT_POINTER", "/app_metadata/user~1id")],
        ]
        .concat();
        let env = Deployment::with_jwk_set(&A.jwk_set(), &settings).await;
        let iss = if settings[0].1 == "auth0" {
            format!("{}/", env.url)
        } else {
            env.url.clone()
        };
        let token = |user: Value| {
            A.token(
                "RS256",
                "rsa",
                &env.claims(json!({"iss": iss, "sub": "not-this", "app_metadata": user})),
            )
        };
        assert_eq!(
            env.verify(&token(json!({"user/id": 7}))).await,
            Ok("7".to_owned()),
            "{settings:?}"
        );
        assert_eq!(
            env.verify(&token(json!({"user/id": "ada"}))).await,
            Ok("ada".to_owned()),
            "{settings:?}"
        );
        assert_eq!(
            env.code(&token(json!({"id": "ada"}))).await,
            REFUSED,
            "{settings:?}"
        );
    }
    let error = settings_error(&[
        ("SESSION_ISSUER", "https://a.test"),
        ("SESSION_AUDIENCE", "a"),
        ("SESSION_SUBJECT_POINTER", "id"),
    ]);
    assert!(error.unwrap().contains("SESSION_SUBJECT_POINTER must"));
}

#[tokio::test]
async fn one_shared_secret_needs_no_issuer() {
    let settings = [
        ("SESSION_KIND", "secret"),
        ("SESSION_ISSUER", ""),
        ("SESSION_SECRET_ID", "s"),
    ];
    let env = Deployment::new(&Value::Null, as_json, &settings, &[("s", SECRET)]).await;
    for iss in [
        Value::Null,
        json!("https://app.test"),
        json!(7),
        json!(["a"]),
    ] {
        let claims = env.claims(json!({ "iss": iss }));
        assert_eq!(
            env.verify(&hmac(SECRET, &claims)).await,
            Ok("ada".to_owned()),
            "{iss}"
        );
        assert_eq!(env.code(&hmac(&A.secret, &claims)).await, REFUSED, "{iss}");
    }
    for change in [
        json!({"aud": "other"}),
        json!({"exp": null}),
        json!({"sub": null}),
    ] {
        assert_eq!(
            env.code(&hmac(SECRET, &env.claims(change.clone()))).await,
            REFUSED,
            "{change}"
        );
    }
    let named = [
        ("SESSION_KIND", "secret"),
        ("SESSION_ISSUER", "app"),
        ("SESSION_SECRET_ID", "s"),
    ];
    let env = Deployment::new(&Value::Null, as_json, &named, &[("s", SECRET)]).await;
    for (iss, want) in [
        (json!("app"), "200"),
        (Value::Null, REFUSED),
        (json!("other"), REFUSED),
    ] {
        assert_eq!(
            env.code(&hmac(SECRET, &env.claims(json!({ "iss": iss }))))
                .await,
            want,
            "{iss}"
        );
    }
}

fn numeric_ids(_: &Value, _: &HeaderMap) -> Response {
    json!({"sub": 7, "user": {"id": 8}})
        .to_string()
        .into_response()
}

#[tokio::test]
async fn an_apps_response_may_contain_numeric_user_ids() {
    for (pointer, want) in [("", "7"), ("/user/id", "8")] {
        let settings = [
            ("SESSION_KIND", "forward"),
            ("SESSION_FORWARD_URL", "{url}/me"),
            ("SESSION_ISSUER", "app"),
            ("SESSION_AUDIENCE", ""),
            ("SESSION_SUBJECT_POINTER", pointer),
        ];
        let env = Deployment::new(&Value::Null, numeric_ids, &settings, &[]).await;
        assert_eq!(env.verify("any").await, Ok(want.to_owned()), "{pointer}");
    }
}
