//! Tokens that are not sessions, and services that refuse with statuses other than 401.

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use crate::sessions::env::{A, Deployment, settings_error};

const REFUSED: &str = "session_invalid";
const UNAVAILABLE: &str = "session_unavailable";

#[tokio::test]
async fn a_token_with_an_events_claim_is_not_a_session() {
    let env = Deployment::with_jwk_set(&A.jwk_set(), &[]).await;
    let logout = json!({"http://schemas.openid.net/event/backchannel-logout": {}});
    for events in [logout, json!({}), json!([]), json!("x"), json!(false)] {
        let token = A.token(
            "RS256",
            "rsa",
            &env.claims(json!({"events": events, "sid": "s"})),
        );
        assert_eq!(env.code(&token).await, REFUSED, "{events}");
    }
    let null = env
        .claims(json!({}))
        .to_string()
        .replacen('{', r#"{"events":null,"#, 1);
    let (code, reason) = env
        .verify(&A.signed("RS256", r#"{"alg":"RS256","kid":"rsa"}"#, null))
        .await
        .unwrap_err();
    assert!(code == REFUSED && reason.contains("events"), "{reason}");
}

/// Responds with the status that the credential names.
fn by_status(document: &Value, headers: &HeaderMap) -> Response {
    let sent = headers
        .get("authorization")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let status = sent
        .strip_prefix("Bearer ")
        .and_then(|status| status.parse().ok())
        .and_then(|s| StatusCode::from_u16(s).ok());
    (status.unwrap_or(StatusCode::OK), document.to_string()).into_response()
}

#[tokio::test]
async fn the_apps_status_separates_invalid_sessions_from_outages() {
    let settings = [
        ("SESSION_KIND", "forward"),
        ("SESSION_FORWARD_URL", "{url}/me"),
        ("SESSION_ISSUER", "app"),
        ("SESSION_AUDIENCE", ""),
    ];
    let env = Deployment::new(&json!({"sub": "ada"}), by_status, &settings, &[]).await;
    for (status, want) in [
        ("200", "200"),
        ("201", "200"),
        ("400", REFUSED),
        ("401", REFUSED),
        ("403", REFUSED),
        ("404", REFUSED),
        ("422", REFUSED),
        ("302", REFUSED),
        ("303", REFUSED),
        ("307", REFUSED),
        ("301", UNAVAILABLE),
        ("402", UNAVAILABLE),
        ("405", UNAVAILABLE),
        ("409", UNAVAILABLE),
        ("410", UNAVAILABLE),
        ("500", UNAVAILABLE),
    ] {
        assert_eq!(env.code(status).await, want, "{status}");
    }
    let requests = env.requests();
    assert!(
        requests
            .iter()
            .all(|headers| headers["cache-control"] == "no-cache"),
        "no shared cache responds instead of the app"
    );
}

/// A server that accepts no header of more than 8 KiB.
fn up_to_8_kib(_: &Value, headers: &HeaderMap) -> Response {
    let longest = headers
        .values()
        .map(|value| value.len())
        .max()
        .unwrap_or_default();
    let status = if longest > 9000 { 431 } else { 401 };
    StatusCode::from_u16(status).unwrap().into_response()
}

#[tokio::test]
async fn credentials_of_more_than_8_kib_are_not_forwarded() {
    let settings = [
        ("SESSION_KIND", "forward"),
        ("SESSION_FORWARD_URL", "{url}/me"),
        ("SESSION_ISSUER", "app"),
        ("SESSION_COOKIE", "sid"),
    ];
    let env = Deployment::new(&Value::Null, up_to_8_kib, &settings, &[]).await;
    for (bytes, requests) in [(8 * 1024, 2), (8 * 1024 + 1, 2), (12_000, 2)] {
        let long = "x".repeat(bytes);
        assert_eq!(env.code(&long).await, REFUSED, "{bytes}");
        assert_eq!(
            env.code_of_cookies(&format!("sid={long}")).await,
            REFUSED,
            "{bytes}"
        );
        assert_eq!(env.requests().len(), requests, "{bytes}");
    }
    let (_, reason) = env.verify(&"x".repeat(9000)).await.unwrap_err();
    assert!(reason.contains("8 KiB"), "{reason}");
}

fn introspection_settings<'a>() -> [(&'a str, &'a str); 5] {
    [
        ("SESSION_KIND", "introspection"),
        ("SESSION_INTROSPECTION_URL", "{url}/introspect"),
        ("SESSION_INTROSPECTION_SECRET_ID", "client"),
        ("SESSION_ISSUER", ""),
        ("SESSION_AUDIENCE", "*"),
    ]
}

#[tokio::test]
async fn an_authorization_server_refuses_with_400_or_422_and_is_unavailable_otherwise() {
    for (status, want) in [
        ("200", "200"),
        ("400", REFUSED),
        ("422", REFUSED),
        ("401", UNAVAILABLE),
        ("403", UNAVAILABLE),
        ("404", UNAVAILABLE),
        ("201", UNAVAILABLE),
        ("302", UNAVAILABLE),
        ("500", UNAVAILABLE),
    ] {
        // The token of the client, which `by_status` reads as the status.
        let document = json!({"active": true, "sub": "ada"});
        let env = Deployment::new(
            &document,
            by_status,
            &introspection_settings(),
            &[("client", status)],
        )
        .await;
        assert_eq!(env.code("opaque").await, want, "{status}");
    }
}

#[tokio::test]
async fn refresh_and_id_tokens_are_refused_under_every_name() {
    for (name, value, want) in [
        ("token_use", json!("refresh_token"), REFUSED),
        ("token_use", json!("refresh"), REFUSED),
        ("token_use", json!("ID"), REFUSED),
        ("token_type", json!("Refresh_Token"), REFUSED),
        ("token_type", json!("id_token"), REFUSED),
        ("typ", json!("Refresh"), REFUSED),
        ("typ", json!("ID"), REFUSED),
        ("events", Value::Null, REFUSED),
        ("token_use", json!("access_token"), "200"),
        ("token_type", json!("Bearer"), "200"),
        ("token_type", json!("access"), "200"),
        ("typ", json!("at+jwt"), "200"),
    ] {
        let mut document = json!({"active": true, "sub": "ada"});
        document[name] = value.clone();
        let env = Deployment::new(
            &document,
            by_status,
            &introspection_settings(),
            &[("client", "200")],
        )
        .await;
        assert_eq!(env.code("opaque").await, want, "{name} {value}");
    }
}

#[test]
fn introspection_needs_an_audience_or_required_claims() {
    let bare = [
        ("SESSION_KIND", "introspection"),
        ("SESSION_INTROSPECTION_URL", "https://as.test/introspect"),
        ("SESSION_INTROSPECTION_SECRET_ID", "s"),
    ];
    assert!(
        settings_error(&bare)
            .unwrap()
            .contains("SESSION_AUDIENCE is not set, and neither is SESSION_REQUIRED_CLAIMS")
    );
    for more in [
        ("SESSION_AUDIENCE", "*"),
        ("SESSION_AUDIENCE", "a"),
        ("SESSION_REQUIRED_CLAIMS", "client_id=web"),
    ] {
        assert_eq!(
            settings_error(&[&bare[..], &[more]].concat()),
            None,
            "{more:?}"
        );
    }
}
