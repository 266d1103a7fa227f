//! Tests of each kind of session: its claims and its cookies.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::{Request, StatusCode};
use tower::ServiceExt;
use voicemint::internals::Clock;

use std::time::Duration;

use serde_json::{Value, json};

use super::claims::members;
use super::*;

const BASE_URL: &str = "http://localhost:8787";
const NOW: Duration = Duration::from_secs(1_800_000_000);

fn provider(kind: Kind) -> IdentityProvider {
    IdentityProvider::new(kind, BASE_URL).unwrap()
}

fn login<'a>() -> Login<'a> {
    Login {
        user: "ada@example.com",
        grants: Some("tts stt"),
        now: NOW,
        seconds: 3600,
    }
}

fn part(token: &str, number: usize) -> Value {
    serde_json::from_slice(
        &URL_SAFE_NO_PAD
            .decode(token.split('.').nth(number).unwrap())
            .unwrap(),
    )
    .unwrap()
}

fn setting(provider: &IdentityProvider, name: &str) -> Option<String> {
    provider
        .settings()
        .into_iter()
        .find(|(known, _)| *known == name)
        .map(|(_, value)| value)
}

#[test]
fn kinds_are_found_by_their_names() {
    for kind in Kind::ALL {
        assert_eq!(kind.name().parse(), Ok(kind));
    }
    assert!("magic".parse::<Kind>().is_err());
}

#[test]
fn signed_tokens_have_the_claims_of_their_products() {
    use Kind::*;
    for (kind, algorithm, typ, issuer, audience) in [
        (
            Jwt,
            "ES256",
            json!("JWT"),
            "http://localhost:8787",
            json!("voicemint-dev"),
        ),
        (
            Secret,
            "HS256",
            json!("JWT"),
            "http://localhost:8787",
            json!("voicemint-dev"),
        ),
        (
            Clerk,
            "RS256",
            json!("JWT"),
            "https://clerk.voicemint.test",
            Value::Null,
        ),
        (
            Supabase,
            "ES256",
            json!("JWT"),
            "http://localhost:8787/auth/v1",
            json!("authenticated"),
        ),
        (
            Firebase,
            "RS256",
            json!("JWT"),
            "https://securetoken.google.com/voicemint-dev",
            json!("voicemint-dev"),
        ),
        (
            Cognito,
            "RS256",
            Value::Null,
            "http://localhost:8787/local_dev",
            Value::Null,
        ),
        (
            Auth0,
            "RS256",
            json!("JWT"),
            "http://localhost:8787/",
            json!(["voicemint-dev", "http://localhost:8787/userinfo"]),
        ),
        (
            WorkOs,
            "RS256",
            json!("JWT"),
            "https://api.workos.com/user_management/client_01VOICEMINTDEV0000000000",
            Value::Null,
        ),
        (
            BetterAuth,
            "EdDSA",
            Value::Null,
            "http://localhost:8787",
            json!("http://localhost:8787"),
        ),
    ] {
        let bearer = provider(kind).sign_in(&login()).unwrap().bearer;
        let (header, claims) = (part(&bearer, 0), part(&bearer, 1));
        assert_eq!(
            (&header["alg"], &header["typ"]),
            (&json!(algorithm), &typ),
            "{kind:?}"
        );
        assert_eq!(
            (&claims["iss"], &claims["aud"]),
            (&json!(issuer), &audience),
            "{kind:?}"
        );
        assert_eq!(
            (claims["iat"].as_u64(), claims["exp"].as_u64()),
            (Some(1_800_000_000), Some(1_800_003_600)),
            "{kind:?}"
        );
        let grants = if kind == Supabase {
            &claims["app_metadata"]["grants"]
        } else {
            &claims["grants"]
        };
        assert_eq!(*grants, json!(["tts", "stt"]), "{kind:?}");
        assert!(claims["sub"].is_string(), "{kind:?}");
    }
}

#[test]
fn cookies_have_the_names_of_their_products_and_are_recognized() {
    use Kind::*;
    let suffixed = format!(
        "__session_{}",
        kinds::clerk_cookie_suffix(&kinds::clerk_publishable_key("clerk.voicemint.test"))
    );
    let amplify = "CognitoIdentityServiceProvider.voicemintdev00000000000000";
    let access_token = format!("{amplify}.ada%40example.com.accessToken");
    let clock_drift = format!("{amplify}.ada%40example.com.clockDrift");
    for (kind, names) in [
        (Jwt, vec!["dev_session"]),
        (Clerk, vec![&suffixed, "__session"]),
        (Supabase, vec!["sb-localhost-auth-token"]),
        (Firebase, vec!["__session"]),
        (
            Cognito,
            vec![
                &format!("{amplify}.LastAuthUser"),
                &access_token,
                &clock_drift,
            ],
        ),
        (Auth0, vec!["__session"]),
        (WorkOs, vec!["dev_session"]),
        (BetterAuth, vec!["dev_session"]),
        (AuthJs, vec!["authjs.session-token"]),
        (Introspection, vec!["dev_session"]),
        (Forward, vec!["dev_session"]),
    ] {
        let provider = provider(kind);
        let cookies = provider.sign_in(&login()).unwrap().cookies;
        assert_eq!(
            cookies
                .iter()
                .map(|cookie| cookie.name.as_str())
                .collect::<Vec<_>>(),
            names,
            "{kind:?}"
        );
        assert!(
            names.iter().all(|name| provider.owns_cookie(name)),
            "{kind:?}"
        );
        assert!(
            !provider.owns_cookie("__Host-cartesia-token") && !provider.owns_cookie("other"),
            "{kind:?}"
        );
        // Without its prefix, the cookie of Auth.js is accepted only if SESSION_COOKIE names it.
        let named = ["dev_session", "authjs.session-token"]
            .into_iter()
            .find(|name| names.contains(name));
        let expected = named.map(str::to_owned);
        assert_eq!(setting(&provider, "SESSION_COOKIE"), expected, "{kind:?}");
        assert!(
            cookies
                .iter()
                .all(|cookie| cookie.name.len() + cookie.value.len() < 4096),
            "{kind:?}"
        );
    }
}

#[test]
fn the_cookie_name_can_be_replaced() {
    for kind in Kind::ALL {
        let provider = provider(kind).with_cookie("mine");
        let cookies = provider.sign_in(&login()).unwrap().cookies;
        assert_eq!(
            cookies
                .iter()
                .map(|cookie| cookie.name.as_str())
                .collect::<Vec<_>>(),
            ["mine"],
            "{kind:?}"
        );
        assert_eq!(
            setting(&provider, "SESSION_COOKIE").as_deref(),
            Some("mine")
        );
        assert!(
            provider.owns_cookie("mine.0")
                && provider.owns_cookie("mine__0")
                && !provider.owns_cookie("mine2")
        );
    }
}

#[test]
fn firebase_makes_session_cookies_from_id_tokens() {
    let credentials = provider(Kind::Firebase).sign_in(&login()).unwrap();
    let (token, cookie) = (
        part(&credentials.bearer, 1),
        part(&credentials.cookies[0].value, 1),
    );
    assert_eq!(
        cookie["iss"],
        "https://session.firebase.google.com/voicemint-dev"
    );
    assert_eq!(cookie["sub"], token["sub"]);
}

#[test]
fn supabase_stores_the_whole_session() {
    let credentials = provider(Kind::Supabase).sign_in(&login()).unwrap();
    let value = credentials.cookies[0]
        .value
        .strip_prefix("base64-")
        .unwrap();
    let session: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(value).unwrap()).unwrap();
    assert_eq!(
        (&session["access_token"], &session["expires_in"]),
        (&json!(credentials.bearer), &json!(3600))
    );
    assert_eq!(session["user"]["email"], "ada@example.com");
}

#[test]
fn claims_can_be_forged() {
    let provider = provider(Kind::Clerk);
    let mut claims = provider.claims(&login());
    claims.insert("sts".to_owned(), "pending".into());
    assert_eq!(
        part(&provider.issue(&claims).unwrap().bearer, 1)["sts"],
        "pending"
    );
    let header = members(json!({"typ": "at+jwt"}));
    assert_eq!(
        part(&provider.issuer().sign(&header, &claims).unwrap(), 0)["typ"],
        "at+jwt"
    );
}

async fn send(
    provider: &Arc<IdentityProvider>,
    now: Duration,
    request: Request<String>,
) -> (StatusCode, Value) {
    let clock = Clock::new(move || std::time::UNIX_EPOCH + now);
    let response = router(Arc::clone(provider), clock)
        .oneshot(request.map(Body::from))
        .await
        .unwrap();
    let status = response.status();
    let body = to_bytes(response.into_body(), 1 << 20).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap_or_default())
}

fn get(path: &str, header: (&str, &str)) -> Request<String> {
    Request::get(path)
        .header(header.0, header.1)
        .body(String::new())
        .unwrap()
}

#[tokio::test]
async fn jwk_sets_are_served_where_the_settings_point() {
    for kind in Kind::ALL {
        let provider = Arc::new(provider(kind));
        let keys = usize::from(!matches!(
            kind,
            Kind::Secret | Kind::AuthJs | Kind::Introspection | Kind::Forward
        ));
        let issuer = setting(&provider, "SESSION_ISSUER").unwrap_or_default();
        let path = match (kind, setting(&provider, "SESSION_JWKS_URL")) {
            (_, Some(url)) => url.strip_prefix(BASE_URL).unwrap().to_owned(),
            (Kind::BetterAuth, None) => "/api/auth/jwks".to_owned(),
            (_, None) => format!(
                "{}/.well-known/jwks.json",
                issuer.strip_prefix(BASE_URL).unwrap_or_default()
            ),
        };
        let (status, set) = send(&provider, NOW, get(&path, ("accept", "*/*"))).await;
        assert_eq!(
            (status, set["keys"].as_array().unwrap().len()),
            (StatusCode::OK, keys),
            "{kind:?} {path}"
        );
        let (_, document) = send(
            &provider,
            NOW,
            get("/.well-known/openid-configuration", ("accept", "*/*")),
        )
        .await;
        assert_eq!(document["issuer"], BASE_URL);
    }
}

#[tokio::test]
async fn only_the_broker_may_introspect() {
    let provider = Arc::new(provider(Kind::Introspection));
    let token = provider.sign_in(&login()).unwrap().bearer;
    let secrets = provider.secrets();
    let client: Value = serde_json::from_str(&secrets[1].1).unwrap();
    let valid = format!("voicemint:{}", client["client_secret"].as_str().unwrap());
    let introspection = |credentials: &str, token: &str| {
        let authorization = format!("Basic {}", STANDARD.encode(credentials));
        let request = Request::post("/introspect").header("authorization", authorization);
        request
            .body(format!("token={token}&token_type_hint=access_token"))
            .unwrap()
    };
    let (status, found) = send(&provider, NOW, introspection(&valid, &token)).await;
    assert_eq!(
        (status, &found["active"], &found["sub"]),
        (StatusCode::OK, &json!(true), &json!("ada@example.com"))
    );
    assert_eq!(
        (&found["aud"], &found["grants"]),
        (&json!("voicemint-dev"), &json!(["tts", "stt"]))
    );
    let late = NOW + Duration::from_secs(3600);
    for (now, token) in [(NOW, "unknown"), (late, token.as_str())] {
        assert_eq!(
            send(&provider, now, introspection(&valid, token)).await,
            (StatusCode::OK, json!({"active": false}))
        );
    }
    assert_eq!(
        send(&provider, NOW, introspection("voicemint:wrong", &token))
            .await
            .0,
        StatusCode::UNAUTHORIZED
    );
    let request = Request::post("/introspect")
        .body(format!("token={token}"))
        .unwrap();
    assert_eq!(
        send(&provider, NOW, request).await.0,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn the_app_finds_its_sessions_by_token_and_by_cookie() {
    let provider = Arc::new(provider(Kind::Forward));
    let token = provider.sign_in(&login()).unwrap().bearer;
    let (bearer, cookie) = (
        format!("Bearer {token}"),
        format!("a=b; dev_session={token}"),
    );
    let session = json!({"sub": "ada@example.com", "grants": ["tts", "stt"]});
    for header in [
        ("authorization", bearer.as_str()),
        ("cookie", cookie.as_str()),
    ] {
        assert_eq!(
            send(&provider, NOW, get("/session", header)).await,
            (StatusCode::OK, session.clone())
        );
    }
    for header in [
        ("authorization", "Bearer x"),
        ("cookie", "other=x"),
        ("accept", "*/*"),
    ] {
        assert_eq!(
            send(&provider, NOW, get("/session", header)).await.0,
            StatusCode::UNAUTHORIZED,
            "{header:?}"
        );
    }
    provider.revoke(&token);
    assert_eq!(
        send(&provider, NOW, get("/session", ("cookie", &cookie)))
            .await
            .0,
        StatusCode::UNAUTHORIZED
    );
}
