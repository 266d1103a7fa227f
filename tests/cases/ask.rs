//! What may be asked of each provider, field by field, by body and by query.

use serde_json::{Value, json};
use voicemint_tests::{Event, Function, World};

use crate::support::{Tally, assert_problem, fields, said};

/// Asks by JSON bodies: each gets the answer beside it and, where it is a 422, names exactly that
/// field.
pub async fn asks(function: &Function, provider: &str, session: &str, cases: &[(Value, &str)]) {
    let mut tally = Tally::default();
    for (ask, want) in cases {
        let answer = function
            .invoke(&Event::post(provider).bearer(session).json_body(ask))
            .await;
        compare(&mut tally, &ask.to_string(), &answer, want);
    }
    tally.done();
}

/// The same by query strings.
async fn queries(function: &Function, provider: &str, session: &str, cases: &[(&str, &str)]) {
    let mut tally = Tally::default();
    for (query, want) in cases {
        let answer = function
            .invoke(&Event::get(provider).bearer(session).query(query))
            .await;
        compare(&mut tally, query, &answer, want);
    }
    tally.done();
}

/// `want` is a status and a code, or `422` and the field's name. A field within a field may be
/// named by its path.
fn compare(tally: &mut Tally, case: &str, answer: &voicemint_tests::Answer, want: &str) {
    match want.strip_prefix("422 ") {
        None => tally.is(case, said(answer), want),
        Some(field) => {
            tally.is(case, said(answer), "422 request_invalid");
            let named = fields(answer);
            let fits = |name: &String| {
                name.split(['.', '[', '/']).find(|part| !part.is_empty()) == Some(field)
            };
            tally.holds(
                &format!("{case}: names {named:?}"),
                named.len() == 1 && named.iter().all(fits),
            );
        }
    }
}

#[tokio::test]
async fn cartesia_takes_grants_and_a_lifetime_and_nothing_else() {
    let world = World::start().await;
    let function = world.function("cartesia").start().await;
    asks(
        &function,
        "cartesia",
        &world.issuer.token("ada"),
        &[
            (json!({}), "200"),
            (json!({ "grants": { "tts": true } }), "200"),
            (
                json!({ "grants": { "tts": true, "stt": null, "agent": false } }),
                "200",
            ),
            (json!({ "expires_in": 1 }), "200"),
            (json!({ "expires_in": 3600 }), "200"),
            (json!({ "expires_in": 60.0 }), "200"),
            (json!({ "grants": {} }), "422 grants"),
            (json!({ "grants": { "tts": false } }), "422 grants"),
            (
                json!({ "grants": { "tts": null, "stt": null } }),
                "422 grants",
            ),
            (json!({ "grants": { "tts": "true" } }), "422 grants"),
            (json!({ "grants": { "tts": 1 } }), "422 grants"),
            (
                json!({ "grants": { "tts": true, "sing": true } }),
                "422 grants",
            ),
            (json!({ "grants": ["tts"] }), "422 grants"),
            (json!({ "grants": "tts" }), "422 grants"),
            (json!({ "expires_in": 0 }), "422 expires_in"),
            (json!({ "expires_in": -1 }), "422 expires_in"),
            (json!({ "expires_in": 3601 }), "422 expires_in"),
            (
                json!({ "expires_in": 18_446_744_073_709_551_615_u64 }),
                "422 expires_in",
            ),
            (json!({ "expires_in": 1e300 }), "422 expires_in"),
            (json!({ "expires_in": 60.5 }), "422 expires_in"),
            (json!({ "expires_in": "60" }), "422 expires_in"),
            (json!({ "expires_in": [60] }), "422 expires_in"),
            (json!({ "voice": "nova" }), "422 voice"),
            (json!({ "token_type": "realtime_scribe" }), "422 token_type"),
            (
                json!({ "expires_in_seconds": 60 }),
                "422 expires_in_seconds",
            ),
            (json!({ "Grants": { "tts": true } }), "422 Grants"),
            // Not among the grants that the deployment allows by default.
            (
                json!({ "grants": { "agent": true } }),
                "403 grant_not_allowed",
            ),
            (
                json!({ "grants": { "tts": true, "agent": true } }),
                "403 grant_not_allowed",
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn cartesia_takes_the_same_ask_as_a_query() {
    let world = World::start().await;
    let function = world.function("cartesia").start().await;
    queries(
        &function,
        "cartesia",
        &world.issuer.token("ada"),
        &[
            ("", "200"),
            ("grants=tts", "200"),
            ("grants=tts,stt", "200"),
            ("grants=tts%2Cstt", "200"),
            ("grants=stt&expires_in=30", "200"),
            ("grants=", "422 grants"),
            ("grants=sing", "422 grants"),
            ("grants=tts,sing", "422 grants"),
            ("grants=agent", "403 grant_not_allowed"),
            ("expires_in=0", "422 expires_in"),
            ("expires_in=3601", "422 expires_in"),
            ("expires_in=60.5", "422 expires_in"),
            ("expires_in=soon", "422 expires_in"),
            ("expires_in=", "422 expires_in"),
            ("expires_in=%FF", "422 expires_in"),
            ("voice=nova", "422 voice"),
        ],
    )
    .await;
    // Twice the same name is refused, as in JSON; the document leaves open under which of the two
    // codes.
    let twice = Event::get("cartesia")
        .bearer(&world.issuer.token("ada"))
        .query("expires_in=30&expires_in=40");
    let status = function.invoke(&twice).await.status;
    assert!(status == 400 || status == 422, "{status}");
}

#[tokio::test]
async fn elevenlabs_takes_a_token_type_and_its_fixed_lifetime() {
    let world = World::start().await;
    let function = world.function("elevenlabs").start().await;
    let session = world.issuer.token("ada");
    asks(
        &function,
        "elevenlabs",
        &session,
        &[
            (json!({ "token_type": "realtime_scribe" }), "200"),
            (json!({ "token_type": "tts_websocket" }), "200"),
            (json!({ "token_type": "batch_scribe" }), "200"),
            (
                json!({ "token_type": "batch_scribe", "expires_in": 900 }),
                "200",
            ),
            (json!({}), "422 token_type"),
            (json!({ "token_type": "magic" }), "422 token_type"),
            (json!({ "token_type": "" }), "422 token_type"),
            (json!({ "token_type": "../user" }), "422 token_type"),
            (json!({ "token_type": "Realtime_Scribe" }), "422 token_type"),
            (
                json!({ "token_type": ["realtime_scribe"] }),
                "422 token_type",
            ),
            (
                json!({ "token_type": "batch_scribe", "expires_in": 60 }),
                "422 expires_in",
            ),
            (
                json!({ "token_type": "batch_scribe", "expires_in": "900" }),
                "422 expires_in",
            ),
            (
                json!({ "token_type": "batch_scribe", "grants": { "tts": true } }),
                "422 grants",
            ),
        ],
    )
    .await;
    queries(
        &function,
        "elevenlabs",
        &session,
        &[
            ("token_type=tts_websocket", "200"),
            ("token_type=tts_websocket&expires_in=900", "200"),
            ("", "422 token_type"),
            ("token_type=magic", "422 token_type"),
            ("token_type=tts_websocket&expires_in=60", "422 expires_in"),
        ],
    )
    .await;
}

#[tokio::test]
async fn assemblyai_takes_a_lifetime_and_a_session_duration() {
    let world = World::start().await;
    let function = world.function("assemblyai").start().await;
    let session = world.issuer.token("ada");
    asks(
        &function,
        "assemblyai",
        &session,
        &[
            (json!({}), "200"),
            (json!({ "expires_in_seconds": 1 }), "200"),
            (json!({ "expires_in_seconds": 600 }), "200"),
            (json!({ "expires_in": 600 }), "200"),
            (json!({ "max_session_duration_seconds": 60 }), "200"),
            (json!({ "max_session_duration_seconds": 10800 }), "200"),
            (json!({ "expires_in_seconds": 0 }), "422 expires_in_seconds"),
            (
                json!({ "expires_in_seconds": 601 }),
                "422 expires_in_seconds",
            ),
            (
                json!({ "expires_in_seconds": "60" }),
                "422 expires_in_seconds",
            ),
            (
                json!({ "max_session_duration_seconds": 59 }),
                "422 max_session_duration_seconds",
            ),
            (
                json!({ "max_session_duration_seconds": 10801 }),
                "422 max_session_duration_seconds",
            ),
            (
                json!({ "max_session_duration_seconds": true }),
                "422 max_session_duration_seconds",
            ),
            (json!({ "grants": { "stt": true } }), "422 grants"),
        ],
    )
    .await;
    queries(
        &function,
        "assemblyai",
        &session,
        &[
            (
                "expires_in_seconds=600&max_session_duration_seconds=10800",
                "200",
            ),
            ("expires_in=600", "200"),
            ("expires_in_seconds=601", "422 expires_in_seconds"),
            (
                "max_session_duration_seconds=59",
                "422 max_session_duration_seconds",
            ),
            ("sample_rate=16000", "422 sample_rate"),
        ],
    )
    .await;
    // The alias may be named as it was written, or as what it stands for.
    let answer = function
        .invoke(
            &Event::post("assemblyai")
                .bearer(&session)
                .body(r#"{"expires_in":601}"#),
        )
        .await;
    assert!(
        fields(&answer)
            .iter()
            .all(|field| field.starts_with("expires_in")),
        "{answer:?}"
    );
    assert_problem(&answer, 422, "request_invalid");
}

#[tokio::test]
async fn a_refused_field_is_told_with_what_is_permitted() {
    let world = World::start().await;
    let session = world.issuer.token("ada");
    for (provider, ask, wanted) in [
        ("cartesia", json!({ "expires_in": 3601 }), ["1", "3600"]),
        (
            "cartesia",
            json!({ "grants": { "sing": true } }),
            ["tts", "stt"],
        ),
        (
            "elevenlabs",
            json!({ "token_type": "magic" }),
            ["realtime_scribe", "tts_websocket"],
        ),
        (
            "assemblyai",
            json!({ "max_session_duration_seconds": 59 }),
            ["60", "10800"],
        ),
    ] {
        let function = world.function(provider).start().await;
        let answer = function
            .invoke(&Event::post(provider).bearer(&session).json_body(&ask))
            .await;
        assert_problem(&answer, 422, "request_invalid");
        let message = answer.json()["errors"][0]["message"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        assert!(
            wanted.iter().all(|value| message.contains(value)),
            "{wanted:?} in {message:?}"
        );
        assert_eq!(world.mints(provider), 0);
    }
}
