//! Sessions of any kind, by asking the app (`SESSION_KIND=forward`): what is passed on, that
//! signing out counts at once, and what is resumed for whom. What the app's answers mean is in
//! `session_forward_answers`.

use serde_json::{Value, json};
use voicemint_tests::{
    Event, FaultyService, ORIGIN, Reply, Request, SESSION_COOKIE, Server, World,
};

use crate::resume::{COOKIE, assert_minted_anew, minted, with_cookie};
use crate::support::{Tally, said};

const MISSING: &str = "401 session_missing";
const INVALID: &str = "401 session_invalid";

/// An app that knows the users of these credentials, each by its one header.
async fn app(users: &'static [(&'static str, &'static str)]) -> Server {
    Server::start(move |request| {
        let shown = request
            .header("authorization")
            .or(request.header("cookie"))
            .unwrap_or_default();
        match users.iter().find(|(credential, _)| *credential == shown) {
            Some((_, user)) => Reply::json(200, &json!({ "sub": user })),
            None => Reply::json(401, &json!({ "error": "unauthorized" })),
        }
    })
    .await
}

/// The one credential that was passed on, and whether nothing but it and our own headers was.
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
    for of_the_caller in [
        ORIGIN,
        "mozilla",
        "192.0.2.10",
        "of-the-caller",
        "sealed",
        "other=one",
        "grants",
    ] {
        assert!(
            !everything.contains(&of_the_caller.to_lowercase()),
            "{of_the_caller} in {request:?}"
        );
    }
    (name, request.header(name).unwrap_or_default().to_owned())
}

#[tokio::test]
async fn one_credential_is_passed_on_and_nothing_else_of_the_request() {
    let world = World::start().await;
    let app = FaultyService::start([Reply::json(200, &json!({ "sub": "ada" }))]).await;
    let function = world
        .forward("cartesia", &format!("{}/api/me?from=voice", app.url()))
        .start()
        .await;
    let post = Event::post("cartesia").json_body(&json!({ "grants": { "tts": true } }));
    let get = Event::get("cartesia").query("grants=tts");
    let mut tally = Tally::default();
    for event in [post, get] {
        let dressed = event
            .header("x-custom", "of-the-caller")
            .header("x-user-id", "of-the-caller")
            .header("proxy-authorization", "Basic of-the-caller")
            .cookie("other", "one")
            .cookie(COOKIE, "sealed");
        let cookie = dressed
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
                dressed.clone().bearer("a.b-c_d~e+f/g="),
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
            tally.is(case, said(&function.invoke(&event).await), "200");
            let requests = app.requests();
            assert_eq!(requests.len(), before + 1, "{case}");
            tally.is(case, passed_on(&requests[before]), want);
        }
        // Of two cookies of the name each is asked about by itself, as either may be planted.
        let before = app.requests().len();
        tally.is(
            "two",
            said(
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
        tally.is("two", each, wanted.to_vec());
    }
    tally.done();
}

#[tokio::test]
async fn a_bearer_never_falls_back_to_the_cookie() {
    let world = World::start().await;
    let app = app(&[("Bearer good", "ada"), ("app_session=good", "bob")]).await;
    let function = world.forward("elevenlabs", &app.url()).start().await;
    let event = Event::post("elevenlabs").cookie(SESSION_COOKIE, "good");
    let mut tally = Tally::default();
    for (case, event, want, asked) in [
        ("a good cookie", event.clone(), "200", 1),
        ("both good", event.clone().bearer("good"), "200", 1),
        ("a bad bearer", event.clone().bearer("bad"), INVALID, 1),
        ("an empty bearer", event.clone().bearer(""), INVALID, 0),
        (
            "a bearer of two words",
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
        tally.is(case, said(&function.invoke(&event).await), want);
        tally.is(
            &format!("{case}, questions"),
            app.requests().len() - before,
            asked,
        );
    }
    tally.is("tokens minted", world.mints("elevenlabs"), 2);
    tally.done();
}

#[tokio::test]
async fn who_may_not_ask_or_shows_nothing_is_refused_before_the_app_is_asked() {
    let world = World::start().await;
    let app = app(&[("app_session=good", "ada")]).await;
    let function = world.forward("elevenlabs", &app.url()).start().await;
    let event = Event::post("elevenlabs");
    let cookie = event.clone().cookie(SESSION_COOKIE, "good");
    let no_page = "403 origin_not_allowed";
    let mut tally = Tally::default();
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
        ("nothing", event.clone(), MISSING),
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
            "a cookie of two words",
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
        tally.is(case, said(&function.invoke(&event).await), want);
    }
    let function = world
        .forward("elevenlabs", &app.url())
        .without("SESSION_COOKIE")
        .start()
        .await;
    tally.is(
        "no cookie is set to count",
        said(&function.invoke(&cookie).await),
        MISSING,
    );
    tally.is("questions", app.requests().len(), 0);
    tally.is("tokens minted", world.mints("elevenlabs"), 0);
    tally.done();
}

#[tokio::test]
async fn signing_out_counts_at_the_next_request() {
    let world = World::start().await;
    let app = FaultyService::start([Reply::json(200, &json!({ "sub": "ada" }))]).await;
    let function = world.forward("cartesia", &app.url()).start().await;
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
        "asked each time, also where a token is resumed"
    );
    app.set([Reply::json(401, &json!({}))]);
    assert_eq!(said(&function.invoke(&again).await), INVALID);
    assert_eq!(said(&function.invoke(&event).await), INVALID);
    // And signing in again too.
    app.set([Reply::json(200, &json!({ "sub": "ada" }))]);
    assert_eq!(said(&function.invoke(&event).await), "200");
    assert_eq!(app.requests().len(), 7);
    // Trouble is not signing out, and no reason to hand anything out either.
    app.set([Reply::json(500, &json!({}))]);
    assert_eq!(
        said(&function.invoke(&again).await),
        "503 session_unavailable"
    );
}

#[tokio::test]
async fn a_token_is_resumed_for_the_same_user_alone() {
    let world = World::start().await;
    let app = app(&[
        ("Bearer of-ada", "ada"),
        ("Bearer of-ada-too", "ada"),
        ("Bearer of-bob", "bob"),
    ])
    .await;
    let function = world.forward("cartesia", &app.url()).start().await;
    let (first, cookie) = minted(&function, "of-ada", &json!({})).await;
    for session in ["of-ada", "of-ada-too"] {
        let answer = function
            .invoke(&with_cookie(session, &json!({}), &cookie))
            .await;
        assert_eq!(
            (answer.header("voicemint-source"), answer.token()),
            ("resumed", first.token())
        );
    }
    assert_minted_anew(
        &function
            .invoke(&with_cookie("of-bob", &json!({}), &cookie))
            .await,
        &first,
    );
    assert_eq!(
        said(
            &function
                .invoke(&with_cookie("of-nobody", &json!({}), &cookie))
                .await
        ),
        INVALID
    );
    // The same name in another app is another user.
    let function = world
        .forward("cartesia", &app.url())
        .env("SESSION_ISSUER", "another-app")
        .start()
        .await;
    assert_minted_anew(
        &function
            .invoke(&with_cookie("of-ada", &json!({}), &cookie))
            .await,
        &first,
    );
}

#[tokio::test]
async fn the_app_says_what_its_users_may_ask_for() {
    let world = World::start().await;
    let app = FaultyService::start([]).await;
    let mut tally = Tally::default();
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
        let function = world
            .forward("elevenlabs", &app.url())
            .env("GRANTS_CLAIM", claim)
            .start()
            .await;
        for (answer, want) in cases {
            app.set([Reply::json(200, &answer)]);
            let event = Event::post("elevenlabs").bearer("a-session");
            tally.is(
                &format!("{claim} in {answer}"),
                said(&function.invoke(&event).await),
                want,
            );
        }
    }
    tally.done();
}
