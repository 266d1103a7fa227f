//! Key sets and responses that are not plain JSON, and how the log describes them.

use axum::response::{IntoResponse, Response};
use http::HeaderMap;
use serde_json::{Value, json};

use crate::sessions::env::{A, Deployment, Responder};

/// The start of a gzip file. It only matters that it is not JSON.
const GZIP: [u8; 12] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xab, 0x56];

fn gzip(_: &Value, _: &HeaderMap) -> Response {
    ([("content-encoding", "gzip")], GZIP).into_response()
}

fn gzip_without_header(_: &Value, _: &HeaderMap) -> Response {
    GZIP.into_response()
}

fn brotli(document: &Value, _: &HeaderMap) -> Response {
    ([("content-encoding", "br")], document.to_string()).into_response()
}

fn html(_: &Value, _: &HeaderMap) -> Response {
    "<!doctype html><title>Sign in to the network</title>".into_response()
}

fn array(_: &Value, _: &HeaderMap) -> Response {
    "[]".into_response()
}

fn identity(document: &Value, headers: &HeaderMap) -> Response {
    assert_eq!(headers["accept-encoding"], "identity");
    ([("content-encoding", "identity")], document.to_string()).into_response()
}

#[tokio::test]
async fn the_reason_names_the_format_of_a_key_set_that_is_not_plain_json() {
    for (responder, part) in [
        (gzip as Responder, "compressed (gzip)"),
        (gzip_without_header, "gzip-compressed"),
        (brotli, "compressed (br)"),
        (html, "HTML"),
        (array, "not an object"),
    ] {
        for settings in [&[("SESSION_JWKS_URL", "{url}/keys")][..], &[]] {
            let env = Deployment::new(&A.jwk_set(), responder, settings, &[]).await;
            let (code, reason) = env
                .verify(&A.token("RS256", "rsa", &env.claims(json!({}))))
                .await
                .unwrap_err();
            assert_eq!(code, "session_unavailable", "{part}");
            assert!(
                reason.contains("key set") && reason.contains(part),
                "{part} in {reason}"
            );
        }
    }
    let env = Deployment::new(&A.jwk_set(), identity, &[], &[]).await;
    assert_eq!(
        env.code(&A.token("RS256", "rsa", &env.claims(json!({}))))
            .await,
        "200"
    );
}

#[tokio::test]
async fn the_reason_names_the_format_of_a_service_response_that_is_not_plain_json() {
    let forward = [
        ("SESSION_KIND", "forward"),
        ("SESSION_FORWARD_URL", "{url}/me"),
        ("SESSION_ISSUER", "app"),
        ("SESSION_AUDIENCE", ""),
    ];
    let introspection = [
        ("SESSION_KIND", "introspection"),
        ("SESSION_INTROSPECTION_URL", "{url}/introspect"),
        ("SESSION_INTROSPECTION_SECRET_ID", "client"),
        ("SESSION_ISSUER", ""),
    ];
    for (responder, part) in [
        (gzip as Responder, "gzip-compressed"),
        (html, "HTML"),
        (array, "not an object"),
    ] {
        for (settings, want) in [
            (forward, "session_invalid"),
            (introspection, "session_unavailable"),
        ] {
            let env =
                Deployment::new(&Value::Null, responder, &settings, &[("client", "token")]).await;
            let (code, reason) = env.verify("opaque").await.unwrap_err();
            assert!(code == want && reason.contains(part), "{part} in {reason}");
        }
    }
}
