//! `GRANTS_CLAIM`: what the caller's own session permits, beside what the deployment allows.

use serde_json::{Value, json};
use voicemint_tests::{Event, World, without};

use crate::support::{Tally, said};

const DENIED: &str = "403 grant_not_allowed";

#[tokio::test]
async fn a_caller_may_ask_for_what_the_claim_lists_and_no_more() {
    let world = World::start().await;
    let function = world
        .function("cartesia")
        .env("GRANTS_CLAIM", "voice")
        .start()
        .await;
    let tts = json!({ "grants": { "tts": true } });
    let both = json!({ "grants": { "tts": true, "stt": true } });
    let agent = json!({ "grants": { "agent": true } });
    let mut tally = Tally::default();
    for (claim, ask, want) in [
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
        // The claim cannot give what the deployment does not.
        (json!(["tts", "agent"]), &agent, DENIED),
    ] {
        let mut claims = world.issuer.claims("ada");
        claims["voice"] = claim.clone();
        let event = Event::post("cartesia")
            .bearer(&world.issuer.sign(&claims))
            .json_body(ask);
        tally.is(
            &format!("{claim} for {ask}"),
            said(&function.invoke(&event).await),
            want,
        );
    }
    let event = Event::post("cartesia").bearer(
        &world
            .issuer
            .sign(&without(&world.issuer.claims("ada"), "voice")),
    );
    tally.is(
        "no claim",
        said(&function.invoke(&event.json_body(&tts)).await),
        DENIED,
    );
    tally.done();
}

#[tokio::test]
async fn token_types_are_claimed_likewise_and_assemblyai_needs_some_claim() {
    let world = World::start().await;
    let mut claims = world.issuer.claims("ada");
    claims["voice"] = json!(["batch_scribe"]);
    let session = world.issuer.sign(&claims);
    let function = world
        .function("elevenlabs")
        .env("GRANTS_CLAIM", "voice")
        .start()
        .await;
    let mut tally = Tally::default();
    for (kind, want) in [("batch_scribe", "200"), ("tts_websocket", DENIED)] {
        let event = Event::post("elevenlabs")
            .bearer(&session)
            .json_body(&json!({ "token_type": kind }));
        tally.is(kind, said(&function.invoke(&event).await), want);
    }
    let function = world
        .function("assemblyai")
        .env("GRANTS_CLAIM", "voice")
        .start()
        .await;
    let event = Event::post("assemblyai").bearer(&world.issuer.token("ada"));
    tally.is(
        "assemblyai without the claim",
        said(&function.invoke(&event).await),
        DENIED,
    );
    tally.done();
}

#[tokio::test]
async fn the_claim_counts_for_resuming_too() {
    let world = World::start().await;
    let function = world
        .function("cartesia")
        .env("GRANTS_CLAIM", "voice")
        .start()
        .await;
    let mut claims = world.issuer.claims("ada");
    claims["voice"] = json!("tts stt");
    let ask = Event::post("cartesia").json_body(&json!({ "grants": { "tts": true, "stt": true } }));
    let minted = function
        .invoke(&ask.clone().bearer(&world.issuer.sign(&claims)))
        .await;
    let (name, value, _) = minted
        .cookie()
        .unwrap_or_else(|| panic!("one cookie: {minted:?}"));
    claims["voice"] = json!("tts");
    let event = ask
        .bearer(&world.issuer.sign(&claims))
        .cookie(&name, &value);
    assert_eq!(said(&function.invoke(&event).await), DENIED);
}
