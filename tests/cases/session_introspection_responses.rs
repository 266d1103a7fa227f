//! Which introspection responses make a token a session (`SESSION_KIND=introspection`).

use serde_json::{Value, json};
use voicemint_tests::{Reply, TestEnv, now, with_claim, without_claim};

use crate::session_introspection::{active, event, start};
use crate::support::{CaseReport, status_and_code};

const INVALID: &str = "401 session_invalid";
const EXPIRED: &str = "401 session_expired";
const UNAVAILABLE: &str = "503 session_unavailable";
const DENIED: &str = "403 grant_not_allowed";

#[tokio::test]
async fn the_response_decides_who_is_signed_in() {
    let env = TestEnv::start().await;
    let (function, server) = start(&env, &[]).await;
    let good = active("ada");
    let mut report = CaseReport::default();
    let mut minted = 0;
    for (number, (case, response, want)) in [
        ("active", good.clone(), "200"),
        (
            "active with only a subject",
            json!({ "active": true, "sub": "ada" }),
            "200",
        ),
        ("inactive", json!({ "active": false }), INVALID),
        (
            "inactive with all other members",
            with_claim(&good, "active", false),
            INVALID,
        ),
        (
            "active as a string",
            with_claim(&good, "active", "true"),
            UNAVAILABLE,
        ),
        (
            "inactive as a string",
            with_claim(&good, "active", "false"),
            UNAVAILABLE,
        ),
        (
            "active as a number",
            with_claim(&good, "active", 1),
            UNAVAILABLE,
        ),
        (
            "inactive as a number",
            with_claim(&good, "active", 0),
            UNAVAILABLE,
        ),
        (
            "active as null",
            with_claim(&good, "active", Value::Null),
            UNAVAILABLE,
        ),
        (
            "active as an array",
            with_claim(&good, "active", json!([true])),
            UNAVAILABLE,
        ),
        ("no active", without_claim(&good, "active"), UNAVAILABLE),
        (
            "active in another case",
            with_claim(&without_claim(&good, "active"), "Active", true),
            UNAVAILABLE,
        ),
        ("an array", json!([good]), UNAVAILABLE),
        ("true", json!(true), UNAVAILABLE),
        ("null", Value::Null, UNAVAILABLE),
        (
            "expired just now",
            with_claim(&good, "exp", now() - 2),
            "200",
        ),
        ("expired", with_claim(&good, "exp", now() - 60), EXPIRED),
        ("expired long ago", with_claim(&good, "exp", 1), EXPIRED),
        (
            "expired and inactive",
            with_claim(&with_claim(&good, "exp", 1), "active", false),
            INVALID,
        ),
        (
            "exp as a string",
            with_claim(&good, "exp", (now() + 300).to_string()),
            INVALID,
        ),
        (
            "nbf in the future",
            with_claim(&good, "nbf", now() + 60),
            INVALID,
        ),
        ("nbf as a string", with_claim(&good, "nbf", "0"), INVALID),
        (
            "nbf in the past",
            with_claim(&good, "nbf", now() - 60),
            "200",
        ),
        (
            "iat in the future",
            with_claim(&good, "iat", now() + 60),
            INVALID,
        ),
        ("no subject", without_claim(&good, "sub"), INVALID),
        ("an empty subject", with_claim(&good, "sub", ""), INVALID),
        (
            "a subject of null",
            with_claim(&good, "sub", Value::Null),
            INVALID,
        ),
        ("a subject of true", with_claim(&good, "sub", true), INVALID),
        (
            "a user name is not a subject",
            with_claim(&without_claim(&good, "sub"), "username", "ada"),
            INVALID,
        ),
        (
            "a subject that is a number",
            with_claim(&good, "sub", 4711),
            "200",
        ),
        (
            "a subject that is a fraction",
            with_claim(&good, "sub", 4711.5),
            INVALID,
        ),
        (
            "a refresh token",
            with_claim(&good, "token_use", "refresh_token"),
            INVALID,
        ),
        (
            "a refresh token by type",
            with_claim(&good, "token_type", "Refresh"),
            INVALID,
        ),
        ("an ID token", with_claim(&good, "typ", "ID"), INVALID),
        (
            "an access token",
            with_claim(&good, "token_type", "Bearer"),
            "200",
        ),
        (
            "a logout token",
            with_claim(&good, "events", json!({})),
            INVALID,
        ),
        (
            "events of null",
            with_claim(&good, "events", Value::Null),
            INVALID,
        ),
        (
            "any issuer if none is configured",
            with_claim(&good, "iss", "https://issuer.example"),
            "200",
        ),
        (
            "any audience if any is accepted",
            with_claim(&good, "aud", "other"),
            "200",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        server.set_script([Reply::json(200, &response)]);
        let response = function.invoke(&event(&format!("token-{number}"))).await;
        report.check_eq(case, status_and_code(&response), want);
        report.check_eq(
            &format!("{case}: challenge"),
            response.has_header("www-authenticate"),
            want.starts_with("401"),
        );
        report.check_eq(
            &format!("{case}: retry-after"),
            response.has_header("retry-after"),
            want.starts_with("503"),
        );
        minted += usize::from(want == "200");
        // A refused caller causes no call of the provider.
        report.check_eq(
            &format!("{case}: tokens minted"),
            env.mints("elevenlabs"),
            minted,
        );
    }
    report.finish();
}

#[tokio::test]
async fn settings_restrict_what_is_accepted() {
    let env = TestEnv::start().await;
    let good = active("ada");
    let nested = json!({ "active": true, "user": { "id": 7 }, "a/b": "ada" });
    let mut report = CaseReport::default();
    for (settings, cases) in [
        (
            vec![("SESSION_ISSUER", "https://issuer.example")],
            vec![
                (with_claim(&good, "iss", "https://issuer.example"), "200"),
                (good.clone(), "200"),
                (with_claim(&good, "iss", "https://issuer.example/"), INVALID),
                (with_claim(&good, "iss", "https://other.example"), INVALID),
                (
                    with_claim(&good, "iss", json!(["https://issuer.example"])),
                    INVALID,
                ),
                (with_claim(&good, "iss", Value::Null), INVALID),
            ],
        ),
        (
            vec![("SESSION_AUDIENCE", "voice,other")],
            vec![
                (with_claim(&good, "aud", "voice"), "200"),
                (
                    with_claim(&good, "aud", json!(["somewhere", "other"])),
                    "200",
                ),
                (with_claim(&good, "aud", "voic"), INVALID),
                (with_claim(&good, "aud", "voice,other"), INVALID),
                (with_claim(&good, "aud", json!([])), INVALID),
                (good.clone(), INVALID),
            ],
        ),
        (
            vec![("SESSION_AUDIENCE", "*")],
            vec![
                (good.clone(), "200"),
                (with_claim(&good, "aud", "other"), "200"),
            ],
        ),
        (
            vec![
                ("SESSION_REQUIRED_CLAIMS", "token_type=access,tier=gold"),
                ("SESSION_AUTHORIZED_PARTIES", "web"),
            ],
            vec![
                (
                    with_claim(
                        &with_claim(&with_claim(&good, "token_type", "access"), "tier", "gold"),
                        "client_id",
                        "web",
                    ),
                    "200",
                ),
                (
                    with_claim(
                        &with_claim(&with_claim(&good, "token_type", "access"), "tier", "gold"),
                        "client_id",
                        "tv",
                    ),
                    INVALID,
                ),
                (
                    with_claim(&with_claim(&good, "token_type", "access"), "tier", "gold"),
                    INVALID,
                ),
                (
                    with_claim(
                        &with_claim(&good, "token_type", "access"),
                        "client_id",
                        "web",
                    ),
                    INVALID,
                ),
                (
                    with_claim(
                        &with_claim(&with_claim(&good, "token_type", "id"), "tier", "gold"),
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
                (with_claim(&nested, "user", json!({ "id": "" })), INVALID),
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
                (with_claim(&good, "scope", "openid realtime_scribe"), "200"),
                (
                    with_claim(&good, "scope", json!(["realtime_scribe", "openid"])),
                    "200",
                ),
                (with_claim(&good, "scope", "openid"), DENIED),
                (
                    with_claim(&good, "scope", "openid realtime_scribes"),
                    DENIED,
                ),
                (good.clone(), DENIED),
                (
                    with_claim(
                        &with_claim(&good, "scope", "realtime_scribe"),
                        "active",
                        false,
                    ),
                    INVALID,
                ),
            ],
        ),
        (
            vec![("GRANTS_CLAIM", "/ext/voice")],
            vec![
                (
                    with_claim(&good, "ext", json!({ "voice": ["realtime_scribe"] })),
                    "200",
                ),
                (with_claim(&good, "voice", "realtime_scribe"), DENIED),
            ],
        ),
    ] {
        let (function, server) = start(&env, &settings).await;
        for (number, (response, want)) in cases.into_iter().enumerate() {
            server.set_script([Reply::json(200, &response)]);
            let got = status_and_code(&function.invoke(&event(&format!("token-{number}"))).await);
            report.check_eq(&format!("{settings:?} {response}"), got, want);
        }
    }
    report.finish();
}
