//! `GRANTS_CLAIM`: the grants that the caller's session permits, in addition to what the deployment
//! allows.

use serde_json::{Value, json};
use voicemint_tests::{Event, TestEnv, without_claim};

use crate::support::{CaseReport, status_and_code};

const DENIED: &str = "403 grant_not_allowed";

#[tokio::test]
async fn a_caller_may_request_only_grants_that_the_claim_lists() {
    let env = TestEnv::start().await;
    let function = env
        .function("cartesia")
        .env("GRANTS_CLAIM", "voice")
        .start()
        .await;
    let tts = json!({ "grants": { "tts": true } });
    let both = json!({ "grants": { "tts": true, "stt": true } });
    let agent = json!({ "grants": { "agent": true } });
    let mut report = CaseReport::default();
    for (claim, body, want) in [
        (json!(["tts"]), &tts, "200"),
        (json!("tts"), &tts, "200"),
        (json!("stt tts"), &both, "200"),
        (json!(["stt", "tts"]), &both, "200"),
        (json!(["tts", "billing"]), &tts, "200"),
        (json!(["tts"]), &both, DENIED),
        (json!("stt"), &tts, DENIED),
        (json!([]), &tts, DENIED),
        (json!(""), &tts, DENIED),
        (json!("ttsstt"), &tts, DENIED),
        (json!("TTS"), &tts, DENIED),
        (json!(true), &tts, DENIED),
        (json!({ "tts": true }), &tts, DENIED),
        (Value::Null, &tts, DENIED),
        // The claim cannot grant what the deployment does not allow.
        (json!(["tts", "agent"]), &agent, DENIED),
    ] {
        let mut claims = env.issuer.claims("ada");
        claims["voice"] = claim.clone();
        let event = Event::post("cartesia")
            .bearer(&env.issuer.sign(&claims))
            .json_body(body);
        report.check_eq(
            &format!("{claim} for {body}"),
            status_and_code(&function.invoke(&event).await),
            want,
        );
    }
    let event = Event::post("cartesia").bearer(
        &env.issuer
            .sign(&without_claim(&env.issuer.claims("ada"), "voice")),
    );
    report.check_eq(
        "no claim",
        status_and_code(&function.invoke(&event.json_body(&tts)).await),
        DENIED,
    );
    report.finish();
}

#[tokio::test]
async fn the_claim_lists_token_types_too_and_assemblyai_requires_it() {
    let env = TestEnv::start().await;
    let mut claims = env.issuer.claims("ada");
    claims["voice"] = json!(["batch_scribe"]);
    let session = env.issuer.sign(&claims);
    let function = env
        .function("elevenlabs")
        .env("GRANTS_CLAIM", "voice")
        .start()
        .await;
    let mut report = CaseReport::default();
    for (kind, want) in [("batch_scribe", "200"), ("tts_websocket", DENIED)] {
        let event = Event::post("elevenlabs")
            .bearer(&session)
            .json_body(&json!({ "token_type": kind }));
        report.check_eq(kind, status_and_code(&function.invoke(&event).await), want);
    }
    let function = env
        .function("assemblyai")
        .env("GRANTS_CLAIM", "voice")
        .start()
        .await;
    let event = Event::post("assemblyai").bearer(&env.issuer.token("ada"));
    report.check_eq(
        "assemblyai without the claim",
        status_and_code(&function.invoke(&event).await),
        DENIED,
    );
    report.finish();
}

#[tokio::test]
async fn the_claim_applies_to_resumed_tokens_too() {
    let env = TestEnv::start().await;
    let function = env
        .function("cartesia")
        .env("GRANTS_CLAIM", "voice")
        .start()
        .await;
    let mut claims = env.issuer.claims("ada");
    claims["voice"] = json!("tts stt");
    let event =
        Event::post("cartesia").json_body(&json!({ "grants": { "tts": true, "stt": true } }));
    let minted = function
        .invoke(&event.clone().bearer(&env.issuer.sign(&claims)))
        .await;
    let (name, value, _) = minted
        .cookie()
        .unwrap_or_else(|| panic!("one cookie: {minted:?}"));
    claims["voice"] = json!("tts");
    let event = event
        .bearer(&env.issuer.sign(&claims))
        .cookie(&name, &value);
    assert_eq!(status_and_code(&function.invoke(&event).await), DENIED);
}
