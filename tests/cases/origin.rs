//! Which pages may call: origins, Fetch Metadata, preflights, and which requests need no origin.

use serde_json::json;
use voicemint_tests::{Event, ORIGIN, PROVIDERS, SESSION_COOKIE, TestEnv};

use crate::support::{
    CaseReport, assert_common_headers, assert_problem, assert_readable, status_and_code,
};

const DENIED: &str = "403 origin_not_allowed";

#[tokio::test]
async fn an_origin_must_equal_an_entry_byte_for_byte() {
    let env = TestEnv::start().await;
    let function = env
        .function("cartesia")
        .env("ALLOWED_ORIGINS", format!("{ORIGIN},http://localhost:8787"));
    let function = function.start().await;
    let event = Event::post("cartesia").bearer(&env.issuer.token("ada"));
    let mut report = CaseReport::default();
    for (origin, want) in [
        (ORIGIN, "200"),
        ("http://localhost:8787", "200"),
        ("null", DENIED),
        ("", DENIED),
        ("https://evil.example", DENIED),
        ("http://app.example.com", DENIED),
        ("https://app.example.com/", DENIED),
        ("https://app.example.com:443", DENIED),
        ("https://APP.example.com", DENIED),
        ("https://app.example.com.evil.example", DENIED),
        ("https://evil.example/https://app.example.com", DENIED),
        ("https://sub.app.example.com", DENIED),
        ("app.example.com", DENIED),
        ("*", DENIED),
        ("http://localhost", DENIED),
        ("http://localhost:8788", DENIED),
        // The gateway joins a repeated header with a comma.
        (
            "https://app.example.com,https://app.example.com",
            "400 request_malformed",
        ),
        (
            "https://app.example.com, https://evil.example",
            "400 request_malformed",
        ),
    ] {
        let response = function.invoke(&event.clone().origin(origin)).await;
        report.check_eq(origin, status_and_code(&response), want);
        let allowed = if want == "200" { origin } else { "" };
        report.check_eq(
            &format!("{origin}: CORS"),
            response.header("access-control-allow-origin"),
            allowed,
        );
        let policy = if want == "200" {
            "cross-origin"
        } else {
            "same-origin"
        };
        report.check_eq(
            &format!("{origin}: policy"),
            response.header("cross-origin-resource-policy"),
            policy,
        );
    }
    report.finish();
}

#[tokio::test]
async fn a_wildcard_entry_allows_the_previews_below_a_domain() {
    let env = TestEnv::start().await;
    let origins = format!("{ORIGIN},https://*.preview.example.com");
    let function = env
        .function("cartesia")
        .env("ALLOWED_ORIGINS", origins)
        .start()
        .await;
    let mut report = CaseReport::default();
    for (origin, want) in [
        (ORIGIN, "200"),
        ("https://pr-17.preview.example.com", "200"),
        ("https://preview.example.com", DENIED),
        ("https://a.b.preview.example.com", DENIED),
        ("https://*.preview.example.com", DENIED),
        ("https://pr-17.preview.example.com.evil.example", DENIED),
    ] {
        let event = Event::post("cartesia")
            .cookie(SESSION_COOKIE, &env.issuer.token("ada"))
            .origin(origin);
        let response = function.invoke(&event).await;
        report.check_eq(origin, status_and_code(&response), want);
        let allowed = if want == "200" { origin } else { "" };
        report.check_eq(
            &format!("{origin}: CORS"),
            response.header("access-control-allow-origin"),
            allowed,
        );
    }
    report.finish();
}

#[tokio::test]
async fn a_prefetch_mints_nothing() {
    let env = TestEnv::start().await;
    let function = env.function("cartesia").start().await;
    let event = Event::post("cartesia").bearer(&env.issuer.token("ada"));
    let mut report = CaseReport::default();
    for (name, value, want) in [
        ("sec-purpose", "prefetch", DENIED),
        ("sec-purpose", "prefetch;prerender", DENIED),
        ("purpose", "prefetch", DENIED),
        ("purpose", "", "200"),
    ] {
        report.check_eq(
            value,
            status_and_code(&function.invoke(&event.clone().header(name, value)).await),
            want,
        );
    }
    assert_eq!(env.mints("cartesia"), 1);
    report.finish();
}

#[tokio::test]
async fn fetch_metadata_admits_only_fetches_from_the_page() {
    let env = TestEnv::start().await;
    let function = env.function("cartesia").start().await;
    let session = env.issuer.token("ada");
    let bearer = Event::post("cartesia").bearer(&session);
    let cookie = Event::post("cartesia").cookie(SESSION_COOKIE, &session);
    let mut report = CaseReport::default();
    let malformed = "400 request_malformed";
    // Origin, Sec-Fetch-Site, -Mode and -Dest, then the expected response to a Bearer session and
    // to a session cookie.
    for (case, [origin, site, mode, dest], with_bearer, with_cookie) in [
        (
            "a fetch from the page",
            [ORIGIN, "cross-site", "cors", "empty"],
            "200",
            "200",
        ),
        (
            "a fetch from a sibling host",
            [ORIGIN, "same-site", "cors", "empty"],
            "200",
            "200",
        ),
        (
            "a same-origin fetch",
            [ORIGIN, "same-origin", "same-origin", "empty"],
            "200",
            "200",
        ),
        (
            "a same-origin GET has no Origin",
            ["", "same-origin", "cors", "empty"],
            "200",
            "200",
        ),
        ("an old browser", [ORIGIN, "", "", ""], "200", "200"),
        ("not a browser", ["", "", "", ""], "200", DENIED),
        (
            "another site without Origin",
            ["", "cross-site", "cors", "empty"],
            DENIED,
            DENIED,
        ),
        (
            "a sibling without Origin",
            ["", "same-site", "cors", "empty"],
            DENIED,
            DENIED,
        ),
        (
            "typed by the user",
            ["", "none", "navigate", "document"],
            DENIED,
            DENIED,
        ),
        (
            "an unknown site",
            ["", "elsewhere", "cors", "empty"],
            DENIED,
            DENIED,
        ),
        (
            "a navigation",
            [ORIGIN, "same-origin", "navigate", "document"],
            DENIED,
            DENIED,
        ),
        (
            "a no-cors fetch",
            [ORIGIN, "same-origin", "no-cors", "empty"],
            DENIED,
            DENIED,
        ),
        (
            "a socket",
            [ORIGIN, "same-origin", "websocket", "empty"],
            DENIED,
            DENIED,
        ),
        (
            "an unknown mode",
            [ORIGIN, "same-origin", "nested-navigate", "empty"],
            DENIED,
            DENIED,
        ),
        (
            "a script element",
            [ORIGIN, "same-origin", "cors", "script"],
            DENIED,
            DENIED,
        ),
        (
            "a frame",
            [ORIGIN, "same-origin", "cors", "iframe"],
            DENIED,
            DENIED,
        ),
        ("only a mode", ["", "", "navigate", ""], DENIED, DENIED),
        (
            "only a destination",
            ["", "", "", "document"],
            DENIED,
            DENIED,
        ),
        (
            "another page by fetch",
            ["https://evil.example", "cross-site", "cors", "empty"],
            DENIED,
            DENIED,
        ),
        (
            "another page with a same-origin claim",
            ["https://evil.example", "same-origin", "cors", "empty"],
            DENIED,
            DENIED,
        ),
        (
            "a repeated site",
            ["", "same-origin,same-origin", "cors", "empty"],
            malformed,
            malformed,
        ),
        (
            "a repeated mode",
            [ORIGIN, "same-origin", "cors, cors", "empty"],
            malformed,
            malformed,
        ),
        (
            "a repeated destination",
            [ORIGIN, "same-origin", "cors", "empty,empty"],
            malformed,
            malformed,
        ),
    ] {
        for (kind, event, want) in [
            ("Bearer", &bearer, with_bearer),
            ("cookie", &cookie, with_cookie),
        ] {
            let mut event = event.clone().no_origin();
            let names = [
                "origin",
                "sec-fetch-site",
                "sec-fetch-mode",
                "sec-fetch-dest",
            ];
            for (name, value) in names.into_iter().zip([origin, site, mode, dest]) {
                if !value.is_empty() {
                    event = event.header(name, value);
                }
            }
            report.check_eq(
                &format!("{case}, {kind}"),
                status_and_code(&function.invoke(&event).await),
                want,
            );
        }
    }
    report.finish();
}

#[tokio::test]
async fn a_preflight_from_the_allowed_page_succeeds() {
    let env = TestEnv::start().await;
    for provider in PROVIDERS {
        let function = env.function(provider).start().await;
        let (response, line) = function.invoke_logged(&Event::preflight(provider)).await;
        assert_eq!(
            (response.status, response.body.as_str()),
            (204, ""),
            "{response:?}"
        );
        assert_common_headers(&response);
        assert_eq!(response.header("access-control-allow-origin"), ORIGIN);
        assert_eq!(response.header("access-control-allow-credentials"), "true");
        assert_eq!(
            response.header("access-control-allow-methods"),
            "GET, POST, DELETE"
        );
        assert_eq!(
            response.header("access-control-allow-headers"),
            "authorization, content-type, baggage, sentry-trace, traceparent, tracestate"
        );
        assert_eq!(response.header("access-control-max-age"), "600");
        assert!(response.cookies.is_empty());
        assert_eq!(
            (&line["outcome"], &line["status"]),
            (&json!("preflight"), &json!(204)),
            "{line}"
        );
    }
}

#[tokio::test]
async fn a_preflight_from_any_other_page_is_refused_without_cors_headers() {
    let env = TestEnv::start().await;
    let function = env.function("cartesia").start().await;
    let preflight = Event::preflight("cartesia");
    for event in [
        preflight.clone().origin("https://evil.example"),
        preflight.clone().origin("null"),
        preflight.clone().no_origin(),
    ] {
        let response = function.invoke(&event).await;
        assert_problem(&response, 403, "origin_not_allowed");
        assert!(
            response
                .headers
                .keys()
                .all(|name| !name.starts_with("access-control-")),
            "{response:?}"
        );
    }
}

#[tokio::test]
async fn only_allowed_pages_can_sign_a_browser_out() {
    let env = TestEnv::start().await;
    let function = env.function("cartesia").start().await;
    let response = function.invoke(&Event::delete("cartesia")).await;
    assert_readable(&response);
    assert_eq!(response.status, 204);
    let same_origin = Event::delete("cartesia")
        .no_origin()
        .header("sec-fetch-site", "same-origin");
    assert_eq!(function.invoke(&same_origin).await.status, 204);
    let evil = Event::delete("cartesia").origin("https://evil.example");
    assert_problem(&function.invoke(&evil).await, 403, "origin_not_allowed");
    let navigation = Event::delete("cartesia").header("sec-fetch-mode", "navigate");
    assert_problem(
        &function.invoke(&navigation).await,
        403,
        "origin_not_allowed",
    );
}

#[tokio::test]
async fn the_path_does_not_matter() {
    let env = TestEnv::start().await;
    let function = env.function("cartesia").start().await;
    for path in [
        "/",
        "/api/voice-token",
        "/cartesia/token/",
        "/prod/cartesia/token",
        "/%2e%2e/x",
        "/elevenlabs/token",
    ] {
        let mut event = Event::post("cartesia")
            .bearer(&env.issuer.token("ada"))
            .into_json();
        event["rawPath"] = path.into();
        event["requestContext"]["http"]["path"] = path.into();
        let response = function.invoke(&event.into()).await;
        assert_eq!(
            (response.status, &response.json()["provider"]),
            (200, &json!("cartesia")),
            "{path}: {response:?}"
        );
    }
}
