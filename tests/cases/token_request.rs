//! The fields of token requests for each provider, in the body and in the query.

use serde_json::{Value, json};
use voicemint_tests::{Event, Function, TestEnv};

use crate::support::{CaseReport, assert_problem, fields, status_and_code};

/// Sends each JSON body and asserts its response. `want` is a status and a code, or `422` and the
/// name of the only invalid field.
pub async fn assert_bodies(
    function: &Function,
    provider: &str,
    session: &str,
    cases: &[(Value, &str)],
) {
    let mut report = CaseReport::default();
    for (body, want) in cases {
        let response = function
            .invoke(&Event::post(provider).bearer(session).json_body(body))
            .await;
        check_response(&mut report, &body.to_string(), &response, want);
    }
    report.finish();
}

/// The same for query strings.
pub async fn assert_queries(
    function: &Function,
    provider: &str,
    session: &str,
    cases: &[(&str, &str)],
) {
    let mut report = CaseReport::default();
    for (query, want) in cases {
        let response = function
            .invoke(&Event::get(provider).bearer(session).query(query))
            .await;
        check_response(&mut report, query, &response, want);
    }
    report.finish();
}

/// Compares a response with `want`. A nested field may be reported by its path.
fn check_response(
    report: &mut CaseReport,
    case: &str,
    response: &voicemint_tests::Response,
    want: &str,
) {
    match want.strip_prefix("422 ") {
        None => report.check_eq(case, status_and_code(response), want),
        Some(field) => {
            report.check_eq(case, status_and_code(response), "422 request_invalid");
            let named = fields(response);
            let matches_field = |name: &String| {
                name.split(['.', '[', '/']).find(|part| !part.is_empty()) == Some(field)
            };
            report.check(
                &format!("{case}: names {named:?}"),
                named.len() == 1 && named.iter().all(matches_field),
            );
        }
    }
}

#[tokio::test]
async fn cartesia_accepts_only_grants_and_a_lifetime() {
    let env = TestEnv::start().await;
    let function = env.function("cartesia").start().await;
    assert_bodies(
        &function,
        "cartesia",
        &env.issuer.token("ada"),
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
async fn cartesia_accepts_the_same_fields_in_the_query() {
    let env = TestEnv::start().await;
    let function = env.function("cartesia").start().await;
    assert_queries(
        &function,
        "cartesia",
        &env.issuer.token("ada"),
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
    // A repeated name is refused, as in JSON. The documentation does not specify which of the two
    // codes is used.
    let twice = Event::get("cartesia")
        .bearer(&env.issuer.token("ada"))
        .query("expires_in=30&expires_in=40");
    let status = function.invoke(&twice).await.status;
    assert!(status == 400 || status == 422, "{status}");
}

#[tokio::test]
async fn elevenlabs_accepts_a_token_type_and_its_fixed_lifetime() {
    let env = TestEnv::start().await;
    let function = env.function("elevenlabs").start().await;
    let session = env.issuer.token("ada");
    assert_bodies(
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
    assert_queries(
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
async fn assemblyai_accepts_a_lifetime_and_a_session_duration() {
    let env = TestEnv::start().await;
    let function = env.function("assemblyai").start().await;
    let session = env.issuer.token("ada");
    assert_bodies(
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
            (json!({ "product": "streaming" }), "200"),
            (
                json!({ "product": "agent", "expires_in": 600, "max_session_duration_seconds": 60 }),
                "200",
            ),
            (json!({ "product": "tts" }), "422 product"),
            (json!({ "product": "" }), "422 product"),
            (json!({ "product": null }), "422 product"),
            (json!({ "product": ["agent"] }), "422 product"),
            (
                json!({ "product": "agent", "expires_in_seconds": 601 }),
                "422 expires_in_seconds",
            ),
            (
                json!({ "product": "agent", "max_session_duration_seconds": 59 }),
                "422 max_session_duration_seconds",
            ),
        ],
    )
    .await;
    assert_queries(
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
            ("product=agent&expires_in=1", "200"),
            ("product=streaming,agent", "422 product"),
        ],
    )
    .await;
    // The error may name the alias or the field that it stands for.
    let response = function
        .invoke(
            &Event::post("assemblyai")
                .bearer(&session)
                .body(r#"{"expires_in":601}"#),
        )
        .await;
    assert!(
        fields(&response)
            .iter()
            .all(|field| field.starts_with("expires_in")),
        "{response:?}"
    );
    assert_problem(&response, 422, "request_invalid");
}

#[tokio::test]
async fn an_invalid_field_is_reported_with_the_permitted_values() {
    let env = TestEnv::start().await;
    let session = env.issuer.token("ada");
    for (provider, body, wanted) in [
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
        let function = env.function(provider).start().await;
        let response = function
            .invoke(&Event::post(provider).bearer(&session).json_body(&body))
            .await;
        assert_problem(&response, 422, "request_invalid");
        let message = response.json()["errors"][0]["message"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        assert!(
            wanted.iter().all(|value| message.contains(value)),
            "{wanted:?} in {message:?}"
        );
        assert_eq!(env.mints(provider), 0);
    }
}
