//! Sessions that the app verifies (`SESSION_KIND=forward`): what is passed on, that signing out
//! takes effect immediately, and for which users tokens are resumed. The cases for the app's
//! responses are in `session_forward_responses`.

use serde_json::{Value, json};
use voicemint_tests::{
    Event, ORIGIN, Reply, Request, SESSION_COOKIE, ScriptedServer, Server, TestEnv,
};

use crate::resume::{COOKIE, assert_new_token, minted, with_cookie};
use crate::support::{CaseReport, status_and_code};

const MISSING: &str = "401 session_missing";
const INVALID: &str = "401 session_invalid";

/// An app that recognizes these credentials and knows their users.
async fn app(users: &'static [(&'static str, &'static str)]) -> Server {
    Server::start(move |request| {
        let credential_header = request
            .header("authorization")
            .or(request.header("cookie"))
            .unwrap_or_default();
        match users
            .iter()
            .find(|(credential, _)| *credential == credential_header)
        {
            Some((_, user)) => Reply::json(200, &json!({ "sub": user })),
            None => Reply::json(401, &json!({ "error": "unauthorized" })),
        }
    })
    .await
}

/// Returns the credential that was passed on. Asserts that the request contains nothing else of the
/// caller.
fn passed_on(request: &Request) -> (&'static str, String) {
    let name = if request.header("authorization").is_some() {
        "authorization"
    } else {
        "cookie"
    };
    let mut names = ["accept", "cache-control", "host", "user-agent", name];
    names.sort_unstable();
    assert_eq!(request.header_names(), names, "{request:?}");
    assert_eq!(
        (request.method.as_str(), request.target.as_str()),
        ("GET", "/api/me?from=voice")
    );
    assert_eq!(
        (request.header("accept"), request.body.len()),
        (Some("application/json"), 0)
    );
    let everything = format!("{request:?}").to_lowercase();
    for caller_text in [
        ORIGIN,
        "mozilla",
        "192.0.2.10",
        "of-the-caller",
        "sealed",
        "other=one",
        "grants",
    ] {
        assert!(
            !everything.contains(&caller_text.to_lowercase()),
            "{caller_text} in {request:?}"
        );
    }
    (name, request.header(name).unwrap_or_default().to_owned())
}

#[tokio::test]
async fn only_one_credential_of_the_request_is_passed_on() {
    let env = TestEnv::start().await;
    let app = ScriptedServer::start([Reply::json(200, &json!({ "sub": "ada" }))]).await;
    let function = env
        .forward("cartesia", &format!("{}/api/me?from=voice", app.url()))
        .start()
        .await;
    let post = Event::post("cartesia").json_body(&json!({ "grants": { "tts": true } }));
    let get = Event::get("cartesia").query("grants=tts");
    let mut report = CaseReport::default();
    for event in [post, get] {
        let with_extras = event
            .header("x-custom", "of-the-caller")
            .header("x-user-id", "of-the-caller")
            .header("proxy-authorization", "Basic of-the-caller")
            .cookie("other", "one")
            .cookie(COOKIE, "sealed");
        let cookie = with_extras
            .clone()
            .cookie(SESSION_COOKIE, "s%3Aid.sig/+=\"")
            .cookie("last", "of-the-caller");
        let bearer = |value: &str| cookie.clone().header("authorization", value);
        for (case, event, want) in [
            (
                "a cookie",
                cookie.clone(),
                ("cookie", format!("{SESSION_COOKIE}=s%3Aid.sig/+=\"")),
            ),
            (
                "a bearer",
                with_extras.clone().bearer("a.b-c_d~e+f/g="),
                ("authorization", "Bearer a.b-c_d~e+f/g=".to_owned()),
            ),
            (
                "both",
                bearer("Bearer abc"),
                ("authorization", "Bearer abc".to_owned()),
            ),
            (
                "bearer in another case",
                bearer("bEARER  abc"),
                ("authorization", "Bearer abc".to_owned()),
            ),
            (
                "another scheme",
                bearer("Basic eDp5"),
                ("cookie", format!("{SESSION_COOKIE}=s%3Aid.sig/+=\"")),
            ),
        ] {
            let before = app.requests().len();
            report.check_eq(case, status_and_code(&function.invoke(&event).await), "200");
            let requests = app.requests();
            assert_eq!(requests.len(), before + 1, "{case}");
            report.check_eq(case, passed_on(&requests[before]), want);
        }
        // Two cookies with the same name are verified separately, because either may be planted.
        let before = app.requests().len();
        report.check_eq(
            "two cookies",
            status_and_code(
                &function
                    .invoke(&cookie.clone().cookie(SESSION_COOKIE, "2nd"))
                    .await,
            ),
            "200",
        );
        let mut each: Vec<_> = app.requests()[before..].iter().map(passed_on).collect();
        each.sort();
        let wanted =
            ["2nd", "s%3Aid.sig/+=\""].map(|value| ("cookie", format!("{SESSION_COOKIE}={value}")));
        report.check_eq("two cookies", each, wanted.to_vec());
    }
    report.finish();
}

#[tokio::test]
async fn a_bearer_never_falls_back_to_the_cookie() {
    let env = TestEnv::start().await;
    let app = app(&[("Bearer good", "ada"), ("app_session=good", "bob")]).await;
    let function = env.forward("elevenlabs", &app.url()).start().await;
    let event = Event::post("elevenlabs").cookie(SESSION_COOKIE, "good");
    let mut report = CaseReport::default();
    for (case, event, want, calls) in [
        ("a good cookie", event.clone(), "200", 1),
        ("both good", event.clone().bearer("good"), "200", 1),
        ("a bad bearer", event.clone().bearer("bad"), INVALID, 1),
        ("an empty bearer", event.clone().bearer(""), INVALID, 0),
        (
            "a bearer with a space",
            event.clone().bearer("good app_session=good"),
            INVALID,
            0,
        ),
        (
            "a bearer that is not ASCII",
            event.clone().bearer("göod"),
            INVALID,
            0,
        ),
        (
            "a bearer with another header in it",
            event.bearer("bad\r\ncookie: app_session=good"),
            "400 request_malformed",
            0,
        ),
    ] {
        let before = app.requests().len();
        report.check_eq(case, status_and_code(&function.invoke(&event).await), want);
        report.check_eq(
            &format!("{case}, calls"),
            app.requests().len() - before,
            calls,
        );
    }
    report.check_eq("tokens minted", env.mints("elevenlabs"), 2);
    report.finish();
}

#[tokio::test]
async fn requests_without_an_allowed_page_or_a_credential_never_reach_the_app() {
    let env = TestEnv::start().await;
    let app = app(&[("app_session=good", "ada")]).await;
    let function = env.forward("elevenlabs", &app.url()).start().await;
    let event = Event::post("elevenlabs");
    let cookie = event.clone().cookie(SESSION_COOKIE, "good");
    let no_page = "403 origin_not_allowed";
    let mut report = CaseReport::default();
    for (case, event, want) in [
        ("a cookie and no page", cookie.clone().no_origin(), no_page),
        (
            "another page",
            cookie.clone().origin("https://evil.example"),
            no_page,
        ),
        (
            "another site",
            cookie
                .clone()
                .no_origin()
                .header("sec-fetch-site", "same-site"),
            no_page,
        ),
        (
            "a navigation",
            cookie.clone().header("sec-fetch-mode", "navigate"),
            no_page,
        ),
        ("no credential", event.clone(), MISSING),
        (
            "an empty cookie",
            event.clone().cookie(SESSION_COOKIE, ""),
            MISSING,
        ),
        (
            "a cookie of another name",
            event.clone().cookie("session", "good"),
            MISSING,
        ),
        (
            "our own cookie",
            event.clone().cookie(COOKIE, "good"),
            MISSING,
        ),
        (
            "a cookie with a space",
            event.clone().cookie(SESSION_COOKIE, "good other"),
            INVALID,
        ),
        (
            "a cookie that is not ASCII",
            event.clone().cookie(SESSION_COOKIE, "göod"),
            INVALID,
        ),
        (
            "a preflight",
            Event::preflight("elevenlabs").cookie(SESSION_COOKIE, "good"),
            "204",
        ),
        (
            "signing out of the token",
            Event::delete("elevenlabs").cookie(SESSION_COOKIE, "good"),
            "204",
        ),
    ] {
        report.check_eq(case, status_and_code(&function.invoke(&event).await), want);
    }
    let function = env
        .forward("elevenlabs", &app.url())
        .without("SESSION_COOKIE")
        .start()
        .await;
    report.check_eq(
        "no cookie name is configured",
        status_and_code(&function.invoke(&cookie).await),
        MISSING,
    );
    report.check_eq("calls", app.requests().len(), 0);
    report.check_eq("tokens minted", env.mints("elevenlabs"), 0);
    report.finish();
}

#[tokio::test]
async fn signing_out_takes_effect_at_the_next_request() {
    let env = TestEnv::start().await;
    let app = ScriptedServer::start([Reply::json(200, &json!({ "sub": "ada" }))]).await;
    let function = env.forward("cartesia", &app.url()).start().await;
    let event = Event::post("cartesia").cookie(SESSION_COOKIE, "the-session-of-ada");
    let first = function.invoke(&event).await;
    let (_, sealed, _) = first
        .cookie()
        .unwrap_or_else(|| panic!("one cookie: {first:?}"));
    let again = event.clone().cookie(COOKIE, &sealed);
    for _ in 0..3 {
        assert_eq!(
            function.invoke(&again).await.header("voicemint-source"),
            "resumed"
        );
    }
    assert_eq!(
        app.requests().len(),
        4,
        "the app is called each time, also if a token is resumed"
    );
    app.set_script([Reply::json(401, &json!({}))]);
    assert_eq!(status_and_code(&function.invoke(&again).await), INVALID);
    assert_eq!(status_and_code(&function.invoke(&event).await), INVALID);
    // Signing in again also takes effect at the next request.
    app.set_script([Reply::json(200, &json!({ "sub": "ada" }))]);
    assert_eq!(status_and_code(&function.invoke(&event).await), "200");
    assert_eq!(app.requests().len(), 7);
    // A failure of the app is neither a sign-out nor a reason to resume a token.
    app.set_script([Reply::json(500, &json!({}))]);
    assert_eq!(
        status_and_code(&function.invoke(&again).await),
        "503 session_unavailable"
    );
}

#[tokio::test]
async fn a_token_is_resumed_only_for_the_same_user() {
    let env = TestEnv::start().await;
    let app = app(&[
        ("Bearer of-ada", "ada"),
        ("Bearer of-ada-too", "ada"),
        ("Bearer of-bob", "bob"),
    ])
    .await;
    let function = env.forward("cartesia", &app.url()).start().await;
    let (first, cookie) = minted(&function, "of-ada", &json!({})).await;
    for session in ["of-ada", "of-ada-too"] {
        let response = function
            .invoke(&with_cookie(session, &json!({}), &cookie))
            .await;
        assert_eq!(
            (response.header("voicemint-source"), response.token()),
            ("resumed", first.token())
        );
    }
    assert_new_token(
        &function
            .invoke(&with_cookie("of-bob", &json!({}), &cookie))
            .await,
        &first,
    );
    assert_eq!(
        status_and_code(
            &function
                .invoke(&with_cookie("of-nobody", &json!({}), &cookie))
                .await
        ),
        INVALID
    );
    // The same name in another app is a different user.
    let function = env
        .forward("cartesia", &app.url())
        .env("SESSION_ISSUER", "another-app")
        .start()
        .await;
    assert_new_token(
        &function
            .invoke(&with_cookie("of-ada", &json!({}), &cookie))
            .await,
        &first,
    );
}

#[tokio::test]
async fn the_app_decides_which_grants_its_users_have() {
    let env = TestEnv::start().await;
    let app = ScriptedServer::start([]).await;
    let mut report = CaseReport::default();
    for (claim, cases) in [
        (
            "voice",
            vec![
                (json!({ "sub": "ada", "voice": ["realtime_scribe"] }), "200"),
                (
                    json!({ "sub": "ada", "voice": "tts_websocket realtime_scribe" }),
                    "200",
                ),
                (
                    json!({ "sub": "ada", "voice": "tts_websocket" }),
                    "403 grant_not_allowed",
                ),
                (
                    json!({ "sub": "ada", "user": { "voice": "realtime_scribe" } }),
                    "403 grant_not_allowed",
                ),
                (json!({ "sub": "ada" }), "403 grant_not_allowed"),
                (json!({ "voice": ["realtime_scribe"] }), INVALID),
            ],
        ),
        (
            "/user/grants",
            vec![
                (
                    json!({ "sub": "ada", "user": { "grants": ["realtime_scribe"] } }),
                    "200",
                ),
                (
                    json!({ "sub": "ada", "user": { "grants": "realtime_scribe" } }),
                    "200",
                ),
                (
                    json!({ "sub": "ada", "user": { "grants": { "realtime_scribe": true } } }),
                    "403 grant_not_allowed",
                ),
                (
                    json!({ "sub": "ada", "user": Value::Null }),
                    "403 grant_not_allowed",
                ),
                (
                    json!({ "sub": "ada", "/user/grants": "realtime_scribe" }),
                    "403 grant_not_allowed",
                ),
            ],
        ),
    ] {
        let function = env
            .forward("elevenlabs", &app.url())
            .env("GRANTS_CLAIM", claim)
            .start()
            .await;
        for (response, want) in cases {
            app.set_script([Reply::json(200, &response)]);
            let event = Event::post("elevenlabs").bearer("a-session");
            report.check_eq(
                &format!("{claim} in {response}"),
                status_and_code(&function.invoke(&event).await),
                want,
            );
        }
    }
    report.finish();
}
