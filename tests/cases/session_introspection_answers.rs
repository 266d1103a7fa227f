//! What an authorization server must say of a token to make it a session
//! (`SESSION_KIND=introspection`).

use serde_json::{Value, json};
use voicemint_tests::{Reply, World, now, with, without};

use crate::session_introspection::{active, event, start};
use crate::support::{Tally, said};

const INVALID: &str = "401 session_invalid";
const EXPIRED: &str = "401 session_expired";
const UNAVAILABLE: &str = "503 session_unavailable";
const DENIED: &str = "403 grant_not_allowed";

#[tokio::test]
async fn the_answer_decides_who_is_signed_in() {
    let world = World::start().await;
    let (function, server) = start(&world, &[]).await;
    let good = active("ada");
    let mut tally = Tally::default();
    let mut minted = 0;
    for (number, (case, answer, want)) in [
        ("active", good.clone(), "200"),
        (
            "active and no more than a subject",
            json!({ "active": true, "sub": "ada" }),
            "200",
        ),
        ("inactive", json!({ "active": false }), INVALID),
        (
            "inactive with all the rest",
            with(&good, "active", false),
            INVALID,
        ),
        (
            "active as a text",
            with(&good, "active", "true"),
            UNAVAILABLE,
        ),
        (
            "inactive as a text",
            with(&good, "active", "false"),
            UNAVAILABLE,
        ),
        ("active as a number", with(&good, "active", 1), UNAVAILABLE),
        (
            "inactive as a number",
            with(&good, "active", 0),
            UNAVAILABLE,
        ),
        (
            "active as null",
            with(&good, "active", Value::Null),
            UNAVAILABLE,
        ),
        (
            "active as an array",
            with(&good, "active", json!([true])),
            UNAVAILABLE,
        ),
        ("no active", without(&good, "active"), UNAVAILABLE),
        (
            "active in another case",
            with(&without(&good, "active"), "Active", true),
            UNAVAILABLE,
        ),
        ("an array", json!([good]), UNAVAILABLE),
        ("true", json!(true), UNAVAILABLE),
        ("null", Value::Null, UNAVAILABLE),
        ("expired just now", with(&good, "exp", now() - 2), "200"),
        ("expired", with(&good, "exp", now() - 60), EXPIRED),
        ("expired long ago", with(&good, "exp", 1), EXPIRED),
        (
            "expired and inactive",
            with(&with(&good, "exp", 1), "active", false),
            INVALID,
        ),
        (
            "exp as a text",
            with(&good, "exp", (now() + 300).to_string()),
            INVALID,
        ),
        ("nbf ahead", with(&good, "nbf", now() + 60), INVALID),
        ("nbf as a text", with(&good, "nbf", "0"), INVALID),
        ("nbf past", with(&good, "nbf", now() - 60), "200"),
        ("iat ahead", with(&good, "iat", now() + 60), INVALID),
        ("no subject", without(&good, "sub"), INVALID),
        ("an empty subject", with(&good, "sub", ""), INVALID),
        (
            "a subject of null",
            with(&good, "sub", Value::Null),
            INVALID,
        ),
        ("a subject of true", with(&good, "sub", true), INVALID),
        (
            "a user name is no subject",
            with(&without(&good, "sub"), "username", "ada"),
            INVALID,
        ),
        (
            "a subject that is a number",
            with(&good, "sub", 4711),
            "200",
        ),
        (
            "a subject that is a part of a number",
            with(&good, "sub", 4711.5),
            INVALID,
        ),
        (
            "a refresh token",
            with(&good, "token_use", "refresh_token"),
            INVALID,
        ),
        (
            "a refresh token by type",
            with(&good, "token_type", "Refresh"),
            INVALID,
        ),
        ("an ID token", with(&good, "typ", "ID"), INVALID),
        (
            "an access token",
            with(&good, "token_type", "Bearer"),
            "200",
        ),
        ("a logout token", with(&good, "events", json!({})), INVALID),
        (
            "events of null",
            with(&good, "events", Value::Null),
            INVALID,
        ),
        (
            "any issuer, where none is set",
            with(&good, "iss", "https://issuer.example"),
            "200",
        ),
        (
            "any audience, where any is accepted",
            with(&good, "aud", "other"),
            "200",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        server.set([Reply::json(200, &answer)]);
        let answer = function.invoke(&event(&format!("token-{number}"))).await;
        tally.is(case, said(&answer), want);
        tally.is(
            &format!("{case}: challenge"),
            answer.has_header("www-authenticate"),
            want.starts_with("401"),
        );
        tally.is(
            &format!("{case}: another try"),
            answer.has_header("retry-after"),
            want.starts_with("503"),
        );
        minted += usize::from(want == "200");
        // Who is refused costs nothing at the provider.
        tally.is(
            &format!("{case}: tokens minted"),
            world.mints("elevenlabs"),
            minted,
        );
    }
    tally.done();
}

#[tokio::test]
async fn settings_narrow_what_is_accepted() {
    let world = World::start().await;
    let good = active("ada");
    let nested = json!({ "active": true, "user": { "id": 7 }, "a/b": "ada" });
    let mut tally = Tally::default();
    for (settings, cases) in [
        (
            vec![("SESSION_ISSUER", "https://issuer.example")],
            vec![
                (with(&good, "iss", "https://issuer.example"), "200"),
                (good.clone(), "200"),
                (with(&good, "iss", "https://issuer.example/"), INVALID),
                (with(&good, "iss", "https://other.example"), INVALID),
                (
                    with(&good, "iss", json!(["https://issuer.example"])),
                    INVALID,
                ),
                (with(&good, "iss", Value::Null), INVALID),
            ],
        ),
        (
            vec![("SESSION_AUDIENCE", "voice,other")],
            vec![
                (with(&good, "aud", "voice"), "200"),
                (with(&good, "aud", json!(["somewhere", "other"])), "200"),
                (with(&good, "aud", "voic"), INVALID),
                (with(&good, "aud", "voice,other"), INVALID),
                (with(&good, "aud", json!([])), INVALID),
                (good.clone(), INVALID),
            ],
        ),
        (
            vec![("SESSION_AUDIENCE", "*")],
            vec![(good.clone(), "200"), (with(&good, "aud", "other"), "200")],
        ),
        (
            vec![
                ("SESSION_REQUIRED_CLAIMS", "token_type=access,tier=gold"),
                ("SESSION_AUTHORIZED_PARTIES", "web"),
            ],
            vec![
                (
                    with(
                        &with(&with(&good, "token_type", "access"), "tier", "gold"),
                        "client_id",
                        "web",
                    ),
                    "200",
                ),
                (
                    with(
                        &with(&with(&good, "token_type", "access"), "tier", "gold"),
                        "client_id",
                        "tv",
                    ),
                    INVALID,
                ),
                (
                    with(&with(&good, "token_type", "access"), "tier", "gold"),
                    INVALID,
                ),
                (
                    with(&with(&good, "token_type", "access"), "client_id", "web"),
                    INVALID,
                ),
                (
                    with(
                        &with(&with(&good, "token_type", "id"), "tier", "gold"),
                        "client_id",
                        "web",
                    ),
                    INVALID,
                ),
            ],
        ),
        (
            vec![("SESSION_SUBJECT_POINTER", "/user/id")],
            vec![
                (nested.clone(), "200"),
                (with(&nested, "user", json!({ "id": "" })), INVALID),
                (good.clone(), INVALID),
            ],
        ),
        (
            vec![("SESSION_SUBJECT_POINTER", "/a~1b")],
            vec![(nested.clone(), "200"), (good.clone(), INVALID)],
        ),
        (
            vec![("GRANTS_CLAIM", "scope")],
            vec![
                (with(&good, "scope", "openid realtime_scribe"), "200"),
                (
                    with(&good, "scope", json!(["realtime_scribe", "openid"])),
                    "200",
                ),
                (with(&good, "scope", "openid"), DENIED),
                (with(&good, "scope", "openid realtime_scribes"), DENIED),
                (good.clone(), DENIED),
                (
                    with(&with(&good, "scope", "realtime_scribe"), "active", false),
                    INVALID,
                ),
            ],
        ),
        (
            vec![("GRANTS_CLAIM", "/ext/voice")],
            vec![
                (
                    with(&good, "ext", json!({ "voice": ["realtime_scribe"] })),
                    "200",
                ),
                (with(&good, "voice", "realtime_scribe"), DENIED),
            ],
        ),
    ] {
        let (function, server) = start(&world, &settings).await;
        for (number, (answer, want)) in cases.into_iter().enumerate() {
            server.set([Reply::json(200, &answer)]);
            let got = said(&function.invoke(&event(&format!("token-{number}"))).await);
            tally.is(&format!("{settings:?} {answer}"), got, want);
        }
    }
    tally.done();
}
